"""Clients that send requests at once, each over a connection that it keeps.

They are threads of the benchmark's own process and share the machine with the server: what they cost is in the figure. Python's own HTTP
client costs less than any other that is at hand.
"""

from __future__ import annotations

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks import measuring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ANSWER_SECONDS = 30
ROUND_SECONDS = 180
"""After so long a round is given up."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request: POST where it has a body, else GET."""

    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """How it is sent."""
        return "GET" if self.body is None else "POST"


def send(port: int, requests: Sequence[Request], *, clients: int, expect: int) -> measuring.Round:
    """Send all requests, each client its share one after the other.

    Raises:
        measuring.Failed: An answer had another status, or the round took too long.
    """
    start = threading.Barrier(clients + 1, timeout=ANSWER_SECONDS)
    ends = time.monotonic() + ROUND_SECONDS

    def client(number: int) -> list[tuple[bytes, float]]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        try:
            connection.connect()
            start.wait()
            return [_answer(connection, request, expect=expect, ends=ends) for request in requests[number::clients]]
        finally:
            connection.close()

    with ThreadPoolExecutor(clients) as pool:
        shares = [pool.submit(client, number) for number in range(clients)]
        start.wait()
        began = time.monotonic()
        answered = [share.result() for share in shares]
        taken = time.monotonic() - began
    both = [answered[place % clients][place // clients] for place in range(len(requests))]
    return measuring.Round(taken, [answer for answer, _ in both], [wait for _, wait in both])


def _answer(connection: http.client.HTTPConnection, request: Request, *, expect: int, ends: float) -> tuple[bytes, float]:
    if time.monotonic() > ends:
        raise measuring.Failed(f"The requests were not all answered within {ROUND_SECONDS} seconds.")
    began = time.monotonic()
    connection.request(request.method, request.path, request.body, dict(request.headers))
    answer = connection.getresponse()
    body = answer.read()
    wait = time.monotonic() - began
    if answer.status != expect:
        asked, told = f"{request.method} {request.path}", body[:1000].decode(errors="replace")
        raise measuring.Failed(f"{asked} answered {answer.status} instead of {expect}: {told}")
    return body, wait
