"""Clients that send slowly, too much or nothing at all, against `badgeissuer serve` as it is, while others are served."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests import serving

HALF_OPEN = 500
USERS = 50
REQUESTS = 4
SECONDS = 60
MEBIBYTE = 1024 * 1024
HEAD = b"POST /verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service is served by a process of its own."""
    folder = tmp_path_factory.mktemp("slow")
    port = serving.free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BADGEISSUER_")}
    own = {"BADGEISSUER_DATA_DIR": str(folder / "data"), "BADGEISSUER_KEYS_DIR": str(folder / "keys"), "BADGEISSUER_KEY_PASSPHRASE": "slow"}
    own |= {"BADGEISSUER_RATE_LIMITS": "off"}  # they would be refused before they are slow
    command = [sys.executable, "-m", "badgeissuer.cli", "serve", "--port", str(port)]
    with (folder / "log.txt").open("wb") as log, subprocess.Popen(command, env=inherited | own, stderr=log, stdout=log) as process:
        try:
            _wait_for(f"http://localhost:{port}", folder / "log.txt")
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            assert process.wait(timeout=SECONDS) == 0, (folder / "log.txt").read_text()


def _wait_for(url: str, log: Path) -> None:
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/healthz", trust_env=False).is_success:
                return
        time.sleep(0.1)
    pytest.fail(log.read_text())


def connect(base: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])), timeout=30)


def everything(link: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := link.recv(65536):
            found += piece
    return found


def _use(base: str, number: int) -> list[float]:
    """Be somebody who looks at a few pages, and return how long each took, in seconds."""
    chance, taken = random.Random(number), []  # noqa: S311 - when they look does not matter
    link = http.client.HTTPConnection(base.removeprefix("http://"), timeout=30)  # a client that itself costs nothing
    with contextlib.closing(link):
        for _ in range(REQUESTS):
            time.sleep(chance.random())
            began = time.monotonic()
            link.request("GET", chance.choice(("/", "/verify", "/healthz")), headers={"Accept": "text/html"})
            answer = link.getresponse()
            answer.read()
            taken.append(time.monotonic() - began)
            assert answer.status == httpx.codes.OK
    return taken


def _use_all(base: str) -> list[float]:
    """Be all of them, and return how long each request took, the shortest first."""
    with ThreadPoolExecutor(USERS) as pool:
        return sorted(seconds for one in pool.map(lambda number: _use(base, number), range(USERS)) for seconds in one)


def _late(taken: list[float]) -> float:
    return taken[len(taken) * 99 // 100]


@pytest.mark.slow
def test_five_hundred_who_never_finish_their_request_keep_nobody_waiting_and_are_cut_off(base: str) -> None:
    _use(base, 0)
    alone = _use_all(base)
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(connect(base)) for _ in range(HALF_OPEN)]
        began = time.monotonic()
        for number, link in enumerate(links):
            link.sendall((b"", HEAD[:20], HEAD, HEAD + b"Content-Length: 100\r\n\r\n{")[number % 4])
        taken = _use_all(base)
        served = time.monotonic() - began
        answers = [everything(link) for link in links]
        cut = time.monotonic() - began
    print(f"{USERS} users alone: p99 {_late(alone):.3f} s; beside {HALF_OPEN} connections: p99 {_late(taken):.3f} s")
    assert _late(taken) < max(3, 3 * _late(alone)), "a machine that is busy with other things is slow without them too"
    assert served < cut < 25, "they were there while the others were served, and are gone soon after ten seconds"
    assert {answer.partition(b"\r\n")[0] for answer in answers} == {b"", b"HTTP/1.1 408 Request Timeout"}
    assert _use(base, 0)


@pytest.mark.slow
def test_a_head_and_a_body_that_come_in_drops_are_cut_off_after_ten_seconds(base: str) -> None:
    def drip(first: bytes, drop: bytes) -> float:
        began = time.monotonic()
        with connect(base) as link, contextlib.suppress(OSError):
            link.sendall(first)
            while time.monotonic() - began < 25:
                link.sendall(drop)
                link.settimeout(0.5)
                with contextlib.suppress(TimeoutError):
                    if not link.recv(65536):
                        break
        return time.monotonic() - began

    ways = [
        (HEAD + b"X: ", b"x"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n", b"x"),
    ]
    with ThreadPoolExecutor(len(ways)) as pool:
        taken = list(pool.map(lambda way: drip(*way), ways))
    assert all(9 < seconds < 20 for seconds in taken), taken


def test_three_mebibytes_are_refused_with_and_without_their_length(base: str) -> None:
    body = bytes(3 * MEBIBYTE)
    with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
        assert client.post("/verify", content=body).status_code == 413
        assert client.post("/verify", content=(body[start : start + 65536] for start in range(0, len(body), 65536))).status_code == 413


def test_whoever_takes_two_seconds_is_served(base: str) -> None:
    with connect(base) as link:
        for piece in (HEAD[:30], HEAD[30:] + b"Content-Length: 2\r\nConnection: close\r\n\r\n{", b"}"):
            link.sendall(piece)
            time.sleep(1)
        assert everything(link).startswith(b"HTTP/1.1 200 ")
