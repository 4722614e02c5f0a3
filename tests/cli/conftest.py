"""The command line, called in this process or started as one of its own, each test with a folder and an environment of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests import serving

from badgeissuer import authoring, cli, signing
from badgeissuer.settings import Settings, clock, opened
from badgeissuer.store import engine as engines
from badgeissuer.store import keyring

if TYPE_CHECKING:
    import ssl

START_SECONDS = 90
STOP_SECONDS = 30
DRAFT = {"name": "Knots", "description": "Ties knots.", "achievementType": "Badge", "criteria": {"narrative": "Tie ten knots."}}
COMMAND = (sys.executable, "-m", "badgeissuer.cli")


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def refusal(self) -> str:
        """Return why the command did nothing, after checking that it says so in one line and exits with 2."""
        assert (self.code, self.out) == (2, ""), self
        assert re.fullmatch(r"badgeissuer: [^\n]+\n", self.err), self.err
        return self.err


Command = Callable[..., Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the commands keep everything; none of the settings of whoever runs the tests are seen."""
    for name in [name for name in os.environ if name.startswith("BADGEISSUER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BADGEISSUER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("BADGEISSUER_KEYS_DIR", str(tmp_path / "keys"))
    monkeypatch.setenv("BADGEISSUER_KEY_PASSPHRASE", "correct horse battery staple")
    return tmp_path


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Carry out a command in this process."""

    def run(*arguments: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["badgeissuer", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        code = caught.value.code
        assert isinstance(code, int)
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def achievement(folder: Path) -> str:
    """A published achievement of an issuer with a key; its slug."""
    settings, now = Settings(), clock()
    ring = keyring.Keyring(folder / "keys", b"correct horse battery staple", operations=1, memory_bytes=8192)
    with opened(settings) as database, engines.writing(database) as session:
        unit = authoring.create_issuer(session, {"slug": "unit", "name": "Unit"}, site=settings.site, now=now)
        signing.generate(session, unit, keyring=ring, site=settings.site, now=now)
        row = authoring.create_achievement(session, unit, slug="knots", draft=DRAFT, site=settings.site, now=now)
        authoring.publish(session, row, site=settings.site, now=now)
    return "knots"


@dataclass(frozen=True, slots=True)
class Process:
    """A service that was started, and how to reach it."""

    base: str
    popen: subprocess.Popen[bytes]
    log: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; return its exit code, after checking that it left no process behind."""
        self.popen.send_signal(number)
        code, ends = self.popen.wait(STOP_SECONDS), time.monotonic() + STOP_SECONDS
        while _group(self.popen.pid):
            assert time.monotonic() < ends, "it left a process behind"
            time.sleep(0.05)
        return code


def _group(number: int) -> list[str]:
    """Return the processes of a group that still run; one that only waits to be counted as ended is none."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, group = file.read_text().rpartition(")")[2].split()[:3]
            found += [file.parent.name] if int(group) == number and state != "Z" else []
    return found


Start = Callable[..., AbstractContextManager[Process]]


@pytest.fixture
def free_port() -> int:
    return serving.free_port()


def _wait_until(holds: Callable[[], bool], started: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while not holds():
        assert started.poll() is None, log.read_text()
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.1)


@pytest.fixture
def start(folder: Path, free_port: int) -> Start:
    """Start a command that stays, in a process group of its own, and wait until it works."""

    @contextlib.contextmanager
    def run(*arguments: str | Path, verify: ssl.SSLContext | bool = True, says: str = "") -> Iterator[Process]:
        log = folder / "log.txt"
        base = f"{'http' if verify is True else 'https'}://localhost:{free_port}"
        given = [*COMMAND, *map(str, arguments), *(() if says else ("--port", str(free_port)))]
        with log.open("wb") as file, subprocess.Popen(given, stderr=file, start_new_session=True) as popen:
            try:
                if says:
                    _wait_until(lambda: says in log.read_text(), popen, log)
                else:
                    _wait_until(lambda: _answers(base, verify), popen, log)
                yield Process(base, popen, log)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(popen.pid, signal.SIGKILL)

    return run


def _answers(base: str, verify: ssl.SSLContext | bool) -> bool:  # noqa: FBT001 - httpx's own type
    try:
        return httpx.get(f"{base}/healthz", verify=verify, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
