"""The service as its users start it: a process of its own in an empty folder, set up with nothing but a port."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 60
PORTS = range(10_240, 32_000)
COMMAND = (sys.executable, "-m", "badgeissuer.cli")


def free_port() -> int:
    """Return a port that nobody uses, for a program that takes it a while later.

    It is none of those that the system itself gives away: until the program has started one of them may belong to somebody's connection.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", PORTS[secrets.randbelow(len(PORTS))]))
            return int(probe.getsockname()[1])


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the address of a service that is ready, and the environment it runs in."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BADGEISSUER_")}
    log = folder.joinpath("log").open("wb")
    server = subprocess.Popen([*COMMAND, "serve", "--port", str(port)], cwd=folder, env=environment, stderr=log)
    try:
        base = f"http://localhost:{port}"
        _await(f"{base}/readyz")
        yield base, environment
    finally:
        server.terminate()
        ended = server.wait(timeout=30)
        log.close()
    assert ended == 0


def _await(url: str) -> None:
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
