from __future__ import annotations

import gzip
import socket
import threading
import time
from concurrent import futures
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from badgeissuer import problem
from badgeissuer.net import fetch, pinned
from badgeissuer.vc import verification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.net.conftest import Answer, Fetching, Serving, Site, World

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


# What is had


def test_a_public_document_is_had_over_tls_from_the_checked_address(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/c/1.json?v=2", b'{"id": 1}', headers=("Content-Type: application/vc",))
    url = "https://Badges.Example.com/c/1.json?v=2#part"
    assert fetcher().fetch(url) == verification.Resource(url, b'{"id": 1}', world.now)
    assert world.connected == [(PUBLIC, 443)]
    assert site.names == [HOST]


def test_a_request_says_what_is_wanted_and_nothing_else(fetcher: Fetching, site: Site) -> None:
    site.says("/")
    fetcher().fetch(URL)
    first, *headers = site.heads[0].split("\r\n")
    assert first == "GET / HTTP/1.1"
    assert sorted(header for header in headers if header) == [
        "Accept-Encoding: identity",
        "Accept: application/vc, application/ld+json, application/json, */*;q=0.1",
        "Connection: close",
        f"Host: {HOST}",
        "User-Agent: badgeissuer",
    ]


def test_another_port_is_had_where_it_is_allowed(fetcher: Fetching, site: Site, world: World) -> None:
    world.routes[PUBLIC, 8443] = site.address
    site.says("/")
    assert body(fetcher(ports=frozenset({443, 8443})).fetch(f"https://{HOST}:8443/")) == b"{}"
    assert f"Host: {HOST}:8443\r\n" in site.heads[0]


def test_plain_http_on_loopback_is_had_where_private_networks_are_allowed(fetcher: Fetching, serve: Serving, world: World) -> None:
    plain = serve()
    plain.says("/x", b"[]")
    world.names["localhost"] = [["::1", "127.0.0.1"]]
    assert body(fetcher(allow_private=True).fetch(f"http://localhost:{plain.port}/x")) == b"[]"
    assert world.connected == [("::1", plain.port), ("127.0.0.1", plain.port)]


def test_the_next_address_is_tried_when_one_does_not_answer(fetcher: Fetching, site: Site, world: World) -> None:
    world.names[HOST] = [["2606:4700::1111", "93.184.215.99", PUBLIC]]
    site.says("/")
    assert body(fetcher().fetch(URL)) == b"{}"
    assert world.connected == [("2606:4700::1111", 443), ("93.184.215.99", 443), (PUBLIC, 443)]


def test_a_name_with_hundreds_of_addresses_makes_four_connections(fetcher: Fetching, world: World) -> None:
    world.names[HOST] = [[f"93.184.215.{number % 250}" for number in range(500)]]
    assert reason(fetcher().fetch(URL)) == "the connection failed"
    assert [address for address, _ in world.connected] == [f"93.184.215.{number}" for number in range(4)]


def test_the_system_resolver_answers_with_addresses() -> None:
    assert "127.0.0.1" in fetch.resolve("localhost", 443)
    with pytest.raises(OSError, match=r"."):
        fetch.resolve("127.0.0.1.", 443)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n1;x=y\r\n \r\n0\r\nTrailer: x\r\n\r\n", b"{} "),
        (b"\r\nuntil the connection ends", b"until the connection ends"),
        (b"Content-Length: 0\r\n\r\n", b""),
        (b"Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\nsmuggled", b"{}"),
    ],
)
def test_a_body_is_had_in_each_form_of_http(answer: bytes, expected: bytes, fetcher: Fetching, site: Site) -> None:
    site.sends("/", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", OK, answer)
    assert body(fetcher().fetch(URL)) == expected


# Redirects


@pytest.mark.parametrize("status", ["301 x", "302 x", "303 x", "307 x", "308 x"])
@pytest.mark.parametrize("location", ["/there", "there", "//other.example.org/there", "https://other.example.org:443/there#x"])
def test_a_redirect_is_followed(status: str, location: str, fetcher: Fetching, site: Site, world: World) -> None:
    world.names["other.example.org"] = [[PUBLIC]]
    site.moves("/", location, status=status)
    site.says("/there", b'"there"')
    assert fetcher().fetch(URL) == verification.Resource(URL, b'"there"', world.now)
    assert len(world.asked) == len(world.connected) == 2


def test_cookies_are_not_carried_along(fetcher: Fetching, site: Site) -> None:
    site.says("/", status="302 Found", headers=("Location: /next", "Set-Cookie: id=1; Path=/"))
    site.says("/next")
    with fetcher() as one:
        assert body(one.fetch(URL)) == body(one.fetch(f"{URL}next")) == b"{}"
    assert len(site.heads) == 3
    assert not any("cookie" in head.lower() for head in site.heads)


def test_three_redirects_are_followed_and_a_fourth_is_not(fetcher: Fetching, site: Site) -> None:
    for number in range(4):
        site.moves(f"/{number}", f"/{number + 1}")
    site.says("/4")
    assert body(fetcher().fetch(f"{URL}1")) == b"{}"
    assert reason(fetcher().fetch(f"{URL}0")) == "too many redirects"


def test_a_loop_of_redirects_ends(fetcher: Fetching, site: Site) -> None:
    site.moves("/", "/other")
    site.moves("/other", "/")
    assert reason(fetcher().fetch(URL)) == "too many redirects"
    assert len(site.connections) == 4


# Errors


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("201 Created", "2xx"), ("204 No Content", "2xx"), ("206 Partial Content", "2xx"),
        ("300 Multiple Choices", "3xx"), ("302 Found", "3xx"), ("304 Not Modified", "3xx"), ("401 Unauthorized", "4xx"),
        ("403 Forbidden", "4xx"),
        ("404 Not Found", "4xx"), ("410 Gone", "4xx"), ("429 Too Many Requests", "4xx"), ("500 x", "5xx"), ("503 x", "5xx"), ("999 x",
        "9xx"),
    ],
)  # fmt: skip
def test_of_an_error_only_its_class_is_told(status: str, kind: str, fetcher: Fetching, site: Site) -> None:
    site.says("/", b"" if status[:3] in {"204", "304"} else b"a secret of the intranet", status=status)
    assert reason(fetcher().fetch(URL)) == f"it answered with an error ({kind})"


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"nonsense", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200", b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 101 x\r\n\r\n",
        b"HTTP/1.1 099 x\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n",
        OK + b"Content-Length: 9\r\n\r\n{}", OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"Transfer-Encoding: gzip\r\n\r\n{}", OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{",
        OK + b"a b: c\r\n\r\n", OK + b"x: \x00\r\n\r\n", OK + b"x: " + b"x" * 200_000 + b"\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_whole_answer_is_a_failed_connection(answer: bytes, fetcher: Fetching, site: Site) -> None:
    site.sends("/", answer)
    assert reason(fetcher().fetch(URL)) == "the connection failed"


def test_refused_filtered_and_other_services_look_the_same(fetcher: Fetching, serve: Serving, world: World) -> None:
    plain = serve()  # speaks, but not TLS
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        socket.create_server(("127.0.0.1", 0), backlog=0) as filtered,
        socket.socket() as closed,
        socket.create_connection(filtered.getsockname()),  # a full queue drops what knocks, as a filter does
        futures.ThreadPoolExecutor() as together,
    ):
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(TimeoutError):
            socket.create_connection(filtered.getsockname(), 0.1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(closed.getsockname())
        ports = [plain.port, *(listener.getsockname()[1] for listener in (mute, filtered, closed))]
        world.routes = {(PUBLIC, port): ("127.0.0.1", port) for port in ports}
        fetching = fetcher(ports=frozenset(ports), connect_seconds=0.3, url_seconds=0.6)
        found = together.map(lambda port: reason(fetching.fetch(f"https://{HOST}:{port}/")), ports)
        assert list(found) == ["the connection failed"] * 4
    assert not plain.heads


# Certificates


def test_a_certificate_for_another_name_is_refused(fetcher: Fetching, serve: Serving, world: World) -> None:
    other = serve("other.example.org")
    world.routes[PUBLIC, 443] = other.address
    assert reason(fetcher().fetch(URL)) == "the connection failed"
    assert other.names == [HOST]
    assert not other.heads


def test_an_expired_certificate_is_refused(fetcher: Fetching, serve: Serving, world: World) -> None:
    old = serve(HOST, ends=datetime.now(UTC) - timedelta(days=1))
    world.routes[PUBLIC, 443] = old.address
    assert reason(fetcher().fetch(URL)) == "the connection failed"
    assert not old.heads


def test_a_certificate_by_an_unknown_authority_is_refused_by_default(site: Site, world: World) -> None:
    with fetch.Fetcher(fetch.Limits(), clock=lambda: world.now, resolve=world.resolve) as as_delivered:
        assert reason(as_delivered.fetch(URL)) == "the connection failed"
    assert len(site.connections) == 1
    assert not site.heads


def test_a_certificate_for_the_address_is_no_certificate_for_the_name(fetcher: Fetching, serve: Serving, world: World) -> None:
    by_number = serve(PUBLIC)
    world.routes[PUBLIC, 443] = by_number.address
    assert reason(fetcher().fetch(URL)) == "the connection failed"


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


def test_a_packed_body_is_not_unpacked(fetcher: Fetching, site: Site) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    assert len(bomb) < 100_000
    site.says("/", bomb, headers=("Content-Encoding: gzip",))
    assert body(fetcher().fetch(URL)) == bomb


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


def test_no_url_is_asked_once_the_time_for_all_is_over(fetcher: Fetching, world: World) -> None:
    assert reason(fetcher(fetch_seconds=0).fetch(URL)) == "no answer in time"
    assert not world.asked


def test_nothing_is_begun_with_a_budget_of_time_that_is_used_up() -> None:
    assert 0 < pinned.Budget(time.monotonic() + 9, 0).seconds() <= 9
    with pytest.raises(TimeoutError):
        pinned.Budget(time.monotonic(), 0).seconds()


def test_a_slow_name_server_is_no_answer_and_a_second_fetch_waits_no_longer(world: World, site: Site) -> None:
    go = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        go.wait(5)
        return world.resolve(host, port)

    site.says("/")
    limits = fetch.Limits(url_seconds=0.2, at_once=1)
    with fetch.Fetcher(limits, clock=lambda: world.now, resolve=resolve) as slow:
        with within(2):
            assert reason(slow.fetch(URL)) == "no answer in time"
        # The one thread for look-ups still hangs: the service is busy, which says nothing of this URL.
        with within(2), pytest.raises(problem.Unavailable):
            slow.fetch(URL)
        go.set()
    assert not world.connected


# Many at once


def test_more_than_so_many_at_once_are_told_to_come_back(fetcher: Fetching, site: Site) -> None:
    go, begun = threading.Event(), threading.Semaphore(0)

    def held(connection: socket.socket) -> None:
        begun.release()
        go.wait(5)
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    site.answers["/"] = held
    fetching = fetcher(at_once=2)
    with futures.ThreadPoolExecutor() as together:
        under_way = [together.submit(fetching.fetch, URL) for _ in range(2)]
        assert all(begun.acquire(timeout=5) for _ in range(2))
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
    fetching = fetcher()
    with futures.ThreadPoolExecutor(16) as together:
        found = list(together.map(lambda path: body(fetching.fetch(f"https://{HOST}{path}")), paths))
    assert found == [path.encode() * 100 for path in paths]
