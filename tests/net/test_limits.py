"""Size, time and number: what a fetch may cost, whoever is at the other end."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from concurrent import futures
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from badgeissuer import problem
from badgeissuer.net import fetch, pinned
from badgeissuer.vc import verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.net.conftest import Answer, Authority, Fetching, Site, World

PUBLIC = "93.184.215.14"
HOST = "badges.example.com"
URL = f"https://{HOST}/"
OK = b"HTTP/1.1 200 OK\r\n"


def body(found: verification.Resource | verification.Unreachable) -> bytes:
    assert isinstance(found, verification.Resource), found
    return found.body


def reason(found: verification.Resource | verification.Unreachable) -> str:
    assert isinstance(found, verification.Unreachable), found
    return found.reason


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def until_hung_up(connection: socket.socket) -> None:
    """Say nothing until the other side goes."""
    connection.recv(1)


def trickling(first: bytes, drop: bytes) -> Answer:
    """Return an answer that never ends, a little at a time, each well inside of any limit on a single read."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            time.sleep(0.05)
            connection.sendall(drop)

    return answer


# Size


def test_a_body_of_just_the_limit_is_had_and_one_byte_more_is_not(fetcher: Fetching, site: Site) -> None:
    site.says("/fits", b"x" * 4096)
    site.says("/over", b"x" * 4097)
    assert len(body(fetcher(max_bytes=4096).fetch(f"{URL}fits"))) == 4096
    assert reason(fetcher(max_bytes=4096).fetch(f"{URL}over")) == "it answered with too much"


@pytest.mark.parametrize("head", [b"Content-Length: 1073741824\r\n\r\n", b"\r\n"])
def test_of_a_gigabyte_little_more_than_the_limit_is_read(head: bytes, fetcher: Fetching, site: Site) -> None:
    sent = 0

    def answer(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(OK + head)
        while sent < 1 << 30:
            sent += connection.send(b" " * 65536)

    site.answers["/"] = answer
    with within(2):
        assert reason(fetcher().fetch(URL)) == "it answered with too much"
    assert sent < 16 << 20  # the limit, and what the buffers of the sockets hold


@pytest.mark.parametrize(
    "drop",
    [
        pytest.param(OK.replace(b"200 OK", b"103 Early Hints") + b"Link: " + b"x" * 1000 + b"\r\n\r\n", id="interim answers without end"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1;" + b"x" * 4000 + b"\r\n{\r\n") * 100, id="chunks with long extensions"
        ),
    ],
)
def test_what_is_no_body_is_counted_too(drop: bytes, fetcher: Fetching, site: Site) -> None:
    site.sends("/", drop * (1 if b"chunked" in drop else 400))
    assert reason(fetcher(max_bytes=65536).fetch(URL)) == "it answered with too much"


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_the_limit_holds_for_what_comes_and_for_what_it_unpacks_to(
    coding: str, pack: Callable[[bytes], bytes], fetcher: Fetching, site: Site
) -> None:
    headers = (f"Content-Encoding: {coding}",)
    site.says("/fits", pack(bytes(4096)), headers=headers)
    site.says("/swells", pack(bytes(4097)), headers=headers)
    site.says("/comes", pack(b"{}") + bytes(4096), headers=headers)
    fetching = fetcher(max_bytes=4096)
    assert body(fetching.fetch(f"{URL}fits")) == bytes(4096)
    assert reason(fetching.fetch(f"{URL}swells")) == "it answered with too much"
    assert reason(fetching.fetch(f"{URL}comes")) == "it answered with too much"


def swelling() -> bytes:
    """Return a megabyte of gzip that unpacks to a gigabyte of zeros."""
    packed = zlib.compressobj(9, wbits=-15)
    piece = packed.compress(bytes(1 << 20)) + packed.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + piece * ((1 << 20) // len(piece))


def test_a_bomb_of_the_greatest_size_that_is_read_does_no_harm(fetcher: Fetching, site: Site) -> None:
    site.says("/", swelling(), headers=("Content-Encoding: gzip",))
    fetching = fetcher()
    tracemalloc.start()
    began = time.monotonic()
    assert reason(fetching.fetch(URL)) == "it answered with too much"
    seconds, (_, most) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"a gzip bomb of 1 MiB: {seconds * 1000:.0f} ms, {most / 2**20:.1f} MiB")
    assert seconds < 1
    assert most < 16 << 20


# Time


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(until_hung_up, id="silence"),
        pytest.param(trickling(b"HTTP/1.1 200 OK\r\nX: ", b"x"), id="a header that never ends"),
        pytest.param(trickling(b"", b"HTTP/1.1 103 x\r\n\r\n"), id="interim answers"),
        pytest.param(trickling(OK + b"Content-Length: 1000\r\n\r\n", b" "), id="a body of a byte at a time"),
        pytest.param(trickling(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"), id="chunks of a byte"),
    ],
)
def test_the_time_for_a_url_is_over_even_while_bytes_trickle(answer: Answer, fetcher: Fetching, site: Site) -> None:
    site.answers["/"] = answer
    with within(2):
        assert reason(fetcher(url_seconds=0.4).fetch(URL)) == "no answer in time"


def test_a_handshake_that_trickles_ends_in_time(fetcher: Fetching, world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, futures.ThreadPoolExecutor() as together:
        world.routes[PUBLIC, 443] = ("127.0.0.1", listener.getsockname()[1])

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, pytest.raises(OSError, match=r"."):
                trickling(b"\x16\x03\x03\x10\x00", b"\x02")(connection)

        dripping = together.submit(drip)
        with within(2):
            assert reason(fetcher(url_seconds=0.4).fetch(URL)) == "the connection failed"
        dripping.result()


def test_redirects_share_the_time_for_all(fetcher: Fetching, site: Site) -> None:
    def slow(connection: socket.socket) -> None:
        time.sleep(0.3)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    site.answers["/"] = slow
    with within(2):
        assert reason(fetcher(url_seconds=0.6, fetch_seconds=0.6).fetch(URL)) == "no answer in time"


def test_the_time_for_all_ends_a_single_url_too(fetcher: Fetching, site: Site) -> None:
    site.answers["/"] = until_hung_up
    with within(2):
        assert reason(fetcher(fetch_seconds=0.3).fetch(URL)) == "no answer in time"


def test_no_url_is_asked_once_the_time_for_all_is_over(fetcher: Fetching, world: World) -> None:
    assert reason(fetcher(fetch_seconds=0).fetch(URL)) == "no answer in time"
    assert not world.asked


def test_nothing_is_begun_with_a_budget_of_time_that_is_used_up() -> None:
    assert 0 < pinned.Budget(time.monotonic() + 9, 0).seconds() <= 9
    with pytest.raises(TimeoutError):
        pinned.Budget(time.monotonic(), 0).seconds()


def test_a_slow_name_server_is_no_answer_and_a_second_fetch_waits_no_longer(world: World) -> None:
    go = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        go.wait(5)
        return world.resolve(host, port)

    limits = fetch.Limits(url_seconds=0.2, at_once=1)
    with fetch.Fetcher(limits, clock=lambda: world.now, resolve=resolve) as slow:
        with within(2):
            assert reason(slow.fetch(URL)) == "no answer in time"
        # The one thread for look-ups still hangs: the service is busy, which says nothing of the next URL.
        with within(2), pytest.raises(problem.Unavailable):
            slow.fetch(f"{URL}next")
        go.set()
    assert not world.connected


# What is left behind


def test_a_connection_is_closed_where_no_time_is_left_for_tls(authority: Authority) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.settimeout(2)
        with pytest.raises(ConnectionError):
            pinned.Stream(ours, authority.client(), pinned.Budget(0, 0)).start_tls(authority.client(), HOST)
        assert theirs.recv(1) == b""


def test_a_transport_closes_a_connection_whose_answer_was_left_unread(authority: Authority, site: Site) -> None:
    closed = threading.Event()

    def answer(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 9\r\n\r\n")
        if connection.recv(1) == b"":
            closed.set()

    site.answers["/"] = answer
    budget = pinned.Budget(time.monotonic() + 5, 9999)
    backend = pinned.Backend(("127.0.0.1",), authority.client(), budget=budget, connect_seconds=5)
    with pinned.Transport(backend) as transport:
        unread = transport.handle_request(httpx.Request("GET", f"https://{HOST}:{site.port}/"))
        assert unread.status_code == 200
        assert not closed.is_set()
    assert closed.wait(2)


# Many at once


def test_more_than_so_many_at_once_are_told_to_come_back(fetcher: Fetching, site: Site) -> None:
    go, begun = threading.Event(), threading.Semaphore(0)

    def held(connection: socket.socket) -> None:
        begun.release()
        go.wait(5)
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    site.answers |= {"/1": held, "/2": held}
    site.says("/")
    fetching = fetcher(at_once=2)
    with futures.ThreadPoolExecutor() as together:
        under_way = [together.submit(fetching.fetch, f"{URL}{number}") for number in (1, 2)]
        assert all(begun.acquire(timeout=30) for _ in range(2))
        began = time.monotonic()
        with pytest.raises(problem.Unavailable) as raised:
            fetching.fetch(URL)
        assert 0.5 <= time.monotonic() - began < 2
        assert raised.value.retry_after > 0
        go.set()
        assert [body(future.result()) for future in under_way] == [b"{}", b"{}"]
    assert body(fetching.fetch(URL)) == b"{}"


def test_a_place_is_free_again_after_every_kind_of_end(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/")
    site.says("/error", status="500 x")
    site.answers["/silent"] = until_hung_up
    world.names["inside.example.org"] = [["10.0.0.1"]]
    fetching = fetcher(at_once=1, url_seconds=0.2)
    for url in ("", "https://inside.example.org/", "https://unknown.example.org/", f"{URL}error", f"{URL}silent"):
        reason(fetching.fetch(url))
    assert body(fetching.fetch(URL)) == b"{}"


def test_each_of_many_threads_gets_its_own_document(fetcher: Fetching, site: Site) -> None:
    paths = [f"/{number}" for number in range(160)]
    for path in paths:
        site.says(path, path.encode() * 100)
    fetching = fetcher(per_host=None, per_address=None)
    with futures.ThreadPoolExecutor(16) as together:
        found = list(together.map(lambda path: body(fetching.fetch(f"https://{HOST}{path}")), paths))
    assert found == [path.encode() * 100 for path in paths]
