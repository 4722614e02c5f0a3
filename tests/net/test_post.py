"""Posts to addresses that somebody else named: pinned, once, without following."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
from tests.net import posthouse

from badgeissuer.net import fetch, post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.net.conftest import Authority, Site, World

HOST = "badges.example.com"
PUBLIC = "93.184.215.14"
URL = f"https://{HOST}/hook"


@pytest.fixture
def poster(world: World, authority: Authority) -> Iterator[post.Poster]:
    made = post.Poster(post.Reach(), resolve=world.resolve, tls=authority.client())
    yield made
    made.close()


@pytest.fixture
def near() -> Iterator[post.Poster]:
    made = post.Poster(post.Reach(allow_private=True))
    yield made
    made.close()


def reason(poster: post.Poster, url: str) -> str:
    with pytest.raises(post.NotReachedError) as caught:
        poster.post(url, b"{}", headers={})
    return caught.value.reason


def test_a_post_goes_over_tls_to_the_checked_address(poster: post.Poster, site: Site, world: World) -> None:
    site.says("/hook", status="204 No Content")
    assert poster.post(URL, b"", headers={"webhook-id": "msg_1"}) == 204
    assert world.connected == [(PUBLIC, 443)]
    assert site.names == [HOST]
    first, *headers = [line for line in site.heads[0].split("\r\n") if line]
    assert first == "POST /hook HTTP/1.1"
    assert {line.lower() for line in headers} == {
        "content-type: application/json", "connection: close", "user-agent: badgeissuer", f"host: {HOST}", "content-length: 0",
        "webhook-id: msg_1",
    }  # fmt: skip


def test_the_body_arrives_whole(near: post.Poster) -> None:
    body = b'"' + b"x" * 500_000 + b'"'
    with posthouse.listener() as there:
        assert near.post(there.url, body, headers={"webhook-id": "msg_1"}) == 200
    ((path, headers, came),) = there.came
    assert (path, headers["webhook-id"], came) == ("/badges", "msg_1", body)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 410, 500])
def test_every_status_is_told_and_no_redirect_is_followed(near: post.Poster, status: int) -> None:
    with posthouse.listener() as there:
        there.says = [status]
        assert near.post(there.url, b"{}", headers={}) == status
    assert [path for path, _, _ in there.came] == ["/badges"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "192.168.1.1"])
def test_a_name_that_leads_to_a_private_address_is_not_posted_to(poster: post.Poster, world: World, address: str) -> None:
    world.names[HOST] = [[PUBLIC, address]]
    assert reason(poster, URL) == fetch.NOT_FETCHED
    assert world.connected == []


def test_a_name_is_resolved_once(poster: post.Poster, site: Site, world: World) -> None:
    site.says("/hook")
    world.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    assert poster.post(URL, b"", headers={}) == 200
    assert world.asked == [HOST]


@pytest.mark.parametrize(
    "url", [f"http://{HOST}/", f"https://{HOST}:8443/", "https://localhost/", "https://127.0.0.1/", "https://a:b@c.example/", "file:///etc"]
)
def test_addresses_of_other_kinds_are_not_posted_to(poster: post.Poster, world: World, url: str) -> None:
    assert not post.Reach().allows(url)
    assert reason(poster, url) == fetch.NOT_FETCHED
    assert world.connected == []


def test_link_local_addresses_are_refused_even_where_private_ones_are_allowed(world: World) -> None:
    world.names["meta.example.com"] = [["169.254.169.254"]]
    made = post.Poster(post.Reach(allow_private=True), resolve=world.resolve)
    assert reason(made, "http://meta.example.com/") == fetch.NOT_FETCHED
    made.close()


def test_nobody_there_and_no_such_name_are_told_apart_from_nothing_else(poster: post.Poster, world: World) -> None:
    assert reason(poster, URL) == fetch.NO_CONNECTION
    assert reason(poster, "https://nowhere.example.com/") == fetch.NO_HOST
    world.names["empty.example.com"] = [[]]
    assert reason(poster, "https://empty.example.com/") == fetch.NO_HOST


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def test_resets_and_nonsense_are_no_answer(near: post.Poster) -> None:
    with posthouse.listener() as there:
        for fault in (_reset, lambda connection: connection.sendall(b"nonsense\r\n\r\n")):
            there.says = [fault]
            assert reason(near, there.url) == fetch.NO_CONNECTION


def test_headers_without_end_are_cut_off(near: post.Poster) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            connection.sendall(f"X-{number}: {'x' * 1000}\r\n".encode())

    with posthouse.listener() as there:
        there.says = [endless]
        assert reason(near, there.url) in {fetch.TOO_MUCH, fetch.NO_CONNECTION}


def test_of_a_huge_body_nothing_is_read(near: post.Poster) -> None:
    def huge(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(100_000):
            connection.sendall(b"x" * 10_000)

    with posthouse.listener() as there:
        there.says = [huge]
        assert near.post(there.url, b"{}", headers={}) == 200


def test_a_server_that_dribbles_is_left_in_time() -> None:
    def dribble(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for letter in b"X-Slow: " + b"x" * 1000:
            time.sleep(0.05)
            connection.sendall(bytes([letter]))

    with posthouse.listener() as there:
        there.says = [dribble]
        made, began = post.Poster(post.Reach(allow_private=True, seconds=0.5)), time.monotonic()
        assert reason(made, there.url) == fetch.NO_ANSWER
        assert time.monotonic() - began < 10, "the server would go on for 50 seconds"
        made.close()


def test_a_resolver_that_hangs_is_left_in_time() -> None:
    def hang(_host: str, _port: int) -> list[str]:
        time.sleep(0.5)
        return [PUBLIC]

    made = post.Poster(post.Reach(seconds=0.1), resolve=hang)
    assert reason(made, URL) == fetch.NO_ANSWER
    made.close()
