"""`show_http`: what one server process shows of badges to the public in a second, beside one that says hello."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from badgeissuer.settings import clock
from benchmarks import clients, measuring, sample, service
from benchmarks import http as rates
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BADGES = 500
HELLO = "a plain FastAPI hello"
_PAGE = {"Accept": "text/html"}
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


def show_http(scale: measuring.Scale) -> Figures:
    """Return how many badges a second are handed out, shown on their pages and verified, and how many hellos are said."""
    with _hello() as (port, process):
        found = dict(rates.figures("hello_http", _sender(port, [clients.Request("/")], scale, _is_hello), scale, process=process))
    with service.sqlite() as made, made.serving() as process:
        badges = issued(made, BADGES if scale is measuring.FULL else 8)
        for name, requests, check in _kinds(badges):
            found |= rates.figures(name, _sender(made.port, requests, scale, check), scale, process=process)
    return {name: _beside(name, figure, found) for name, figure in found.items()}


def _kinds(badges: dict[str, bytes]) -> Iterator[tuple[str, list[clients.Request], Callable[[bytes], None]]]:
    yield "show_http", [clients.Request(path) for path in badges], _is_badge
    yield "show_page_http", [clients.Request(path, headers=_PAGE) for path in badges], _is_page
    yield "show_verify_http", [clients.Request("/verify", body, _JSON) for body in badges.values()], _is_good


def _beside(name: str, figure: Figure, found: Figures) -> Figure:
    """Return a figure beside that of the server that says hello."""
    kind = name.partition("_http")[2]
    if name.startswith("hello") or kind not in {"", "_p50", "_p99"}:
        return figure
    return Figure(figure.value, figure.unit, figure.better, peers={HELLO: found[f"hello_http{kind}"].value})


def _sender(
    port: int, requests: Sequence[clients.Request], scale: measuring.Scale, check: Callable[[bytes], None]
) -> Callable[[int], measuring.Round]:
    """Return what sends so many requests, of these one after the other, over and over, and looks at every answer."""
    turns = itertools.cycle(requests)

    def send(number: int) -> measuring.Round:
        done = clients.send(port, list(itertools.islice(turns, number)), clients=scale.clients, expect=200)
        for answer in done.answers:
            check(answer)
        return done

    return send


def issued(made: service.Service, number: int) -> dict[str, bytes]:
    """Issue so many badges, and return their paths with the bytes that were signed."""
    headers = {"Authorization": f"Bearer {made.token}", "Content-Type": "application/json"}
    rows = [json.dumps({"achievement": service.SLUG} | sample.row(learner)).encode() for learner in sample.Learners(clock()).take(number)]
    done = clients.send(made.port, [clients.Request("/api/awards", row, headers) for row in rows], clients=4, expect=201)
    paths = [urlsplit(json.loads(answer)["credential"]["id"]).path for answer in done.answers]
    bodies = clients.send(made.port, [clients.Request(path) for path in paths], clients=4, expect=200)
    return dict(zip(paths, bodies.answers, strict=True))


def _is_hello(answer: bytes) -> None:
    if json.loads(answer) != {"message": "Hello World"}:
        raise measuring.Failed(f"That is no hello: {answer[:200]!r}")


def _is_badge(answer: bytes) -> None:
    if "OpenBadgeCredential" not in json.loads(answer)["type"]:
        raise measuring.Failed("What was handed out is no badge.")


def _is_page(answer: bytes) -> None:
    if b'data-outcome="VALID"' not in answer:
        raise measuring.Failed("A page does not say that its badge is valid.")


def _is_good(answer: bytes) -> None:
    if json.loads(answer)["outcome"] != "VALID":
        raise measuring.Failed(f"A badge did not verify as it should: {answer[:2000]!r}")


@contextmanager
def _hello() -> Iterator[tuple[int, int]]:
    """Run the server that says hello; give its port and the id of its process."""
    port = service.free_port()
    line = [sys.executable, "-m", "uvicorn", "benchmarks.hello:APP", "--port", str(port), "--no-access-log", "--log-level", "error"]
    process = subprocess.Popen(line)  # noqa: S603 - our own program
    try:
        _wait(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(service.STOP_SECONDS)


def _wait(port: int) -> None:
    ends = time.monotonic() + service.START_SECONDS
    while time.monotonic() < ends:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        time.sleep(0.1)
    raise measuring.Failed("The server that says hello did not start.")
