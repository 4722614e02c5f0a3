"""What the tests of the house share: the project's folder, fresh environments, and a started service."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import tests.serving

START_SECONDS = 120  # the first start of an environment may compile everything
STOP_SECONDS = 20


Run = Callable[..., str]
Serving = Callable[..., AbstractContextManager[str]]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _wait_until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture
def free_port() -> int:
    return tests.serving.free_port()


@pytest.fixture(scope="session")
def run() -> Run:
    """Run a program to its end and return what it printed; a failure shows both streams."""

    def run(command: Sequence[str | Path], *, cwd: Path, env: dict[str, str] | None = None) -> str:
        done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, check=False, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


@pytest.fixture(scope="session")
def bare_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """No setting of this machine, no coverage and no PYTHONPATH reaches what is started with it."""
    return {"PATH": os.defpath, "HOME": str(tmp_path_factory.mktemp("home")), "LANG": "C.UTF-8"}


@pytest.fixture
def serving(tmp_path: Path, bare_environment: dict[str, str], free_port: int) -> Serving:
    """Start a `serve` command on a free port in an empty folder, with no setting but those given; ask it to stop and mind its exit code."""
    elsewhere, log = tmp_path / "elsewhere", tmp_path / "log"
    elsewhere.mkdir()
    url = f"http://127.0.0.1:{free_port}"

    @contextlib.contextmanager
    def serving(command: Sequence[str | Path], *, settings: dict[str, str]) -> Iterator[str]:
        words = [*map(str, command), "--port", str(free_port)]
        env = bare_environment | settings
        with log.open("wb") as stream, subprocess.Popen(words, cwd=elsewhere, env=env, stdout=stream, stderr=subprocess.STDOUT) as process:
            try:
                _wait_until_it_answers(url, process, log)
                yield url
                process.send_signal(signal.SIGTERM)
                assert process.wait(STOP_SECONDS) == 0, log.read_text()
            finally:
                process.kill()

    return serving
