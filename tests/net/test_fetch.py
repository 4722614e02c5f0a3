"""What is had from servers that behave, and what is said of those that do not."""

from __future__ import annotations

import socket
from concurrent import futures
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from badgeissuer.net import fetch
from badgeissuer.vc import verification

if TYPE_CHECKING:
    from tests.net.conftest import Fetching, Serving, Site, World

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


def test_each_address_gets_its_share_of_the_time_to_connect(fetcher: Fetching, world: World) -> None:
    world.names[HOST] = [["93.184.215.97", "93.184.215.98", "93.184.215.99"]]
    assert reason(fetcher(connect_seconds=1.2).fetch(URL)) == "the connection failed"
    first, second, third = world.patience
    assert first <= 0.4
    assert second <= 0.6
    assert third <= 1.2


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
