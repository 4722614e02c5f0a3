"""The short form of `make faults`: one roster, one kill."""

from __future__ import annotations

import multiprocessing
import random
import warnings
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.faults import killing

from badgeissuer import worker
from badgeissuer.store import engine as engines
from badgeissuer.store import keyring, spool

if TYPE_CHECKING:
    from sqlalchemy import Engine

ROWS = 400


@dataclass(frozen=True, slots=True)
class Forked:
    """A worker in a copy of this process, which has begun at once."""

    process: BaseProcess

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid or 0

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()

    def wait(self) -> None:
        """Wait until it is gone."""
        self.process.join()


def work(url: str, folder: Path) -> None:
    ring = keyring.Keyring(folder / "keys", killing.PASSPHRASE.encode(), operations=1, memory_bytes=8192)
    worker.Worker(engines.connect(url), worker.Ports(ring, killing.SITE)).run()


def fork(url: str, folder: Path) -> Forked:
    process = multiprocessing.get_context("fork").Process(target=work, args=(url, folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the threads of pytest hold nothing that a worker wants
        process.start()
    return Forked(process)


def test_nothing_is_lost_or_doubled_when_a_worker_is_killed(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "CHUNK_ROWS", 20)
    url = engine.url.render_as_string(hide_password=False)
    ordeal = killing.Ordeal(url, tmp_path, random.Random(1), start=fork)  # noqa: S311 - repeatable on purpose
    ordeal.prepare(engine)
    try:
        found = killing.run(ordeal, engine, ROWS, name="graduation", kills=1, seconds=100)
    finally:
        ordeal.stop()
    assert (found.done, found.failed, found.repeated, ordeal.kills) == (ROWS, 0, 0, 1)
    assert killing.check(engine, ROWS) == []


def test_the_check_finds_what_is_missing(engine: Engine) -> None:
    assert "badges: 0 instead of 1" in killing.check(engine, 1)
