from __future__ import annotations

import gzip
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from badgeissuer.web import limits

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running

MEBIBYTE = 1024 * 1024


def pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // 65536):
        yield b"x" * 65536


@contextmanager
def connection(server: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", int(server.base.rpartition(":")[2])), timeout=15) as link:
        yield link


def everything(link: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    found = b""
    while piece := link.recv(65536):
        found += piece
    return found


def head(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *lines, "", ""]).encode()


@pytest.mark.parametrize("path", ["/verify", "/credentials/verify", "/api/issuers"])
def test_a_body_over_the_limit_is_refused_with_and_without_its_length(sqlite_server: Running, refused: Refused, path: str) -> None:
    before = sqlite_server.rows()
    refused(sqlite_server.api.post(path, content=b"x" * (2 * MEBIBYTE + 1), headers={"Content-Type": "application/json"}), 413)
    refused(sqlite_server.api.post(path, content=pieces(3 * MEBIBYTE), headers={"Content-Type": "application/json"}), 413)
    assert sqlite_server.rows() == before


def test_a_json_body_has_a_limit_of_its_own(sqlite_server: Running, refused: Refused) -> None:
    body = b'{"slug": "x", "name": "' + b"x" * MEBIBYTE + b'"}'
    refused(sqlite_server.api.post("/api/issuers", content=body, headers={"Content-Type": "application/json"}), 413)


def test_a_delivery_has_a_smaller_limit(sqlite_server: Running, refused: Refused) -> None:
    refused(sqlite_server.stranger.post("/hooks/x", content=b"x" * (256 * 1024 + 1)), 413)
    refused(sqlite_server.stranger.post("/hooks/x", content=b"x" * (256 * 1024)), 401)
    refused(sqlite_server.stranger.post("/hooks/x", content=pieces(MEBIBYTE)), 413)


def test_a_body_without_end_is_not_read_for_ever(sqlite_server: Running) -> None:
    sent = 0
    with connection(sqlite_server) as link:
        link.sendall(head("/verify", "Transfer-Encoding: chunked"))
        try:
            while sent < 64 * MEBIBYTE:
                link.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                sent += 65536
        except OSError:
            pass
    assert sent < 32 * MEBIBYTE
    assert sqlite_server.stranger.get("/healthz").status_code == 200


def test_a_body_is_not_unpacked(sqlite_server: Running, refused: Refused) -> None:
    packed = gzip.compress(b"x" * 100 * MEBIBYTE)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    refused(sqlite_server.api.post("/api/issuers", content=packed, headers=headers), 400)


def test_a_length_that_is_too_large_is_refused_before_all_of_it_came(sqlite_server: Running) -> None:
    with connection(sqlite_server) as link:
        link.sendall(head("/verify", f"Content-Length: {10**12}"))
        assert everything(link).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/verify", "/api/issuers", "/hooks/x", "/credentials/status"])
def test_a_body_that_never_ends_is_answered_with_408_and_the_connection_closed(
    sqlite_server: Running, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.3)
    with connection(sqlite_server) as link:
        begun = time.monotonic()
        link.sendall(head(path, "Content-Length: 100") + b'{"slug"')
        answer = everything(link)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer
    assert time.monotonic() - begun < 5


def test_a_body_that_comes_in_drops_has_no_more_time(sqlite_server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.5)
    with connection(sqlite_server) as link:
        link.sendall(head("/verify", "Transfer-Encoding: chunked"))
        link.settimeout(0.05)
        ends, answer = time.monotonic() + 10, b""
        while not answer and time.monotonic() < ends:
            link.sendall(b"1\r\nx\r\n")
            try:
                answer = link.recv(65536)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_the_time_for_a_body_is_ten_seconds() -> None:
    assert limits.SECONDS == 10


def test_a_client_that_leaves_is_no_fault_of_ours(sqlite_server: Running, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        for path in ("/verify", "/api/issuers", "/hooks/x", "/credentials/verify"):
            with connection(sqlite_server) as link:
                link.sendall(head(path, "Content-Length: 100") + b'{"slug"')
                time.sleep(0.1)
        time.sleep(0.3)
        assert sqlite_server.stranger.get("/healthz").status_code == 200
    assert caplog.records == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /healthz\r\n\r\n",
        b"GET /nowhere HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\nInjected: b\x00\r\n\r\n",
        b"POST /verify HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST /verify HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 1000,
    ],
)
def test_what_is_no_http_is_answered_with_a_refusal_or_not_at_all(
    sqlite_server: Running, monkeypatch: pytest.MonkeyPatch, request_bytes: bytes
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.3)
    with connection(sqlite_server) as link:
        try:
            link.sendall(request_bytes)
            link.shutdown(socket.SHUT_WR)
            answer = everything(link)
        except OSError:  # the server may hang up at any of these moments
            answer = b""
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501"))
    assert sqlite_server.stranger.get("/healthz").status_code == 200
