"""What a client owes us has to come in time: the protocol itself, under a little application that does one thing a path."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import uvicorn

from badgeissuer.web import connections, limits

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send
    from tests.web.conftest import Until

SHORT = 0.4
LONGER = 2.0
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Little:
    """A server that runs."""

    port: int
    server: uvicorn.Server

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def open(self) -> int:
        return len(self.server.server_state.connections)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `/` at once and `/read` when all of the body came; `/much` with 64 MiB; `/busy` when it has slept over the body."""
    if scope["type"] != "http":
        return
    if scope["path"] == "/busy":
        await asyncio.sleep(1.9 * LONGER)
    if scope["path"] in {"/read", "/busy"}:
        while (message := await receive()).get("more_body"):
            pass
        if message["type"] == "http.disconnect":
            return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    for _ in range(64 if scope["path"] == "/much" else 0):
        await send({"type": "http.response.body", "body": bytes(MEBIBYTE), "more_body": True})
    await send({"type": "http.response.body", "body": b"served", "more_body": False})


@pytest.fixture
def little(until: Until) -> Iterator[Little]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        configuration = uvicorn.Config(
            application,
            http=connections.Protocol,
            ws="none",
            log_config=None,
            lifespan="off",
            timeout_keep_alive=2,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(configuration)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            until(lambda: server.started)
            yield Little(listener.getsockname()[1], server)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that a test can wait for."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "READING_SECONDS"):
        monkeypatch.setattr(connections, name, SHORT)


def everything(link: socket.socket) -> bytes:
    """Return what comes until the other side closes, in whichever way."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := link.recv(65536):
            found += piece
    return found


def dripped(link: socket.socket, pieces: Iterator[bytes]) -> float:
    """Send pieces, twenty a second, until the other side closes; return how many seconds that took."""
    began = time.monotonic()
    with contextlib.suppress(OSError):
        for piece in pieces:
            link.sendall(piece)
            link.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                if not link.recv(65536):
                    break
            assert time.monotonic() - began < 10, "it is never closed"
    return time.monotonic() - began


def endless(first: bytes, then: bytes) -> Iterator[bytes]:
    yield first
    while True:
        yield then


def test_the_deadlines_are_those_that_are_documented() -> None:
    assert (connections.HEAD_SECONDS, connections.BODY_SECONDS, connections.READING_SECONDS) == (10, 15, 30)
    assert connections.BODY_SECONDS > limits.SECONDS, "whoever reads the body answers before the connection is closed"
    assert connections.MAX_WAITING < connections.MAX_CONNECTIONS


@pytest.mark.usefixtures("short")
def test_a_connection_on_which_nothing_comes_is_closed(little: Little) -> None:
    began = time.monotonic()
    with little.connect() as link:
        assert everything(link) == b""
    assert SHORT / 2 < time.monotonic() - began < 5


@pytest.mark.usefixtures("short")
def test_a_head_that_comes_in_drops_has_no_more_time(little: Little) -> None:
    with little.connect() as link:
        taken = dripped(link, endless(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"x"))
    assert SHORT / 2 < taken < 5


@pytest.mark.usefixtures("short")
def test_a_connection_that_rests_between_requests_is_kept_but_not_the_drops_of_a_next_head(little: Little) -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with little.connect() as link:
        for _ in range(2):
            link.sendall(request)
            answer = b""
            while not answer.endswith(b"served\r\n0\r\n\r\n"):
                answer += link.recv(65536)
            time.sleep(2 * SHORT)
        taken = dripped(link, endless(request[:20], b"x"))
    assert SHORT / 2 < taken < 5


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("path", ["/", "/read"])
@pytest.mark.parametrize(
    ("length", "drop"), [(b"Content-Length: 100000", b"x"), (b"Transfer-Encoding: chunked", b"1\r\nx\r\n")], ids=["length", "chunks"]
)
def test_a_body_that_comes_in_drops_ends_whether_anybody_reads_it_or_not(little: Little, path: str, length: bytes, drop: bytes) -> None:
    with little.connect() as link:
        taken = dripped(link, endless(b"POST %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n\r\n" % (path.encode(), length), drop))
    assert SHORT / 2 < taken < 5


def test_a_body_that_waits_for_us_is_not_the_client_s_fault(little: Little, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", LONGER)
    body = bytes(MEBIBYTE)
    with little.connect() as link:
        link.sendall(b"POST /busy HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body[:-1])
        time.sleep(2.3 * LONGER)  # its second turn of the clock is over; what it had left when we began to read is not
        link.sendall(body[-1:])
        assert everything(link).startswith(b"HTTP/1.1 200 ")


@pytest.mark.usefixtures("short")
def test_a_client_that_does_not_read_its_answer_is_let_go(little: Little, until: Until) -> None:
    with little.connect() as link:
        link.sendall(b"GET /much HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert link.recv(1)
        until(lambda: little.open() == 0)
        assert len(everything(link)) < 64 * MEBIBYTE


def test_a_client_that_takes_two_seconds_for_each_part_is_served(little: Little) -> None:
    with little.connect() as link:
        for piece in (b"POST /read HTTP/1.1\r\nHo", b"st: localhost\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab", b"cd"):
            link.sendall(piece)
            time.sleep(1)
        assert b"served" in everything(link)


def test_requests_that_come_all_at_once_are_all_served(little: Little) -> None:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with little.connect() as link:
        link.sendall(request * 3 + last)
        assert everything(link).count(b"served") == 4


def test_where_too_many_keep_us_waiting_the_first_of_them_are_let_go(little: Little, monkeypatch: pytest.MonkeyPatch, until: Until) -> None:
    monkeypatch.setattr(connections, "MAX_WAITING", 5)
    with contextlib.ExitStack() as stack:
        links = []
        for number in range(12):
            links.append(stack.enter_context(little.connect()))
            links[-1].sendall(b"GET / HTTP/1.1\r\n")
            until(lambda number=number: little.open() >= min(number + 1, 5))  # type: ignore[misc]  # mypy sees no default in a lambda
        until(lambda: little.open() == 5)
        assert all(everything(link) == b"" for link in links[:7])
        for link in links[7:]:
            link.sendall(b"Host: localhost\r\nConnection: close\r\n\r\n")
            assert b"served" in everything(link)


def test_what_a_listener_accepts_sends_at_once() -> None:
    """asyncio switches Nagle's algorithm off only where a socket names its protocol; else answers wait 40 ms on a kept connection."""
    with connections.listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
