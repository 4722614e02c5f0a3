"""The processes that tell: a service with its worker inside, and a worker alone, each with a real mail server at the other end."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.net import posthouse

from badgeissuer.settings import PREFIX

if TYPE_CHECKING:
    from tests.cli.conftest import Command, Process, Start


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < ends, "this took too long"
        time.sleep(0.05)


def award(server: Process, command: Command) -> None:
    token = command("token", "create", "--name", "me", "--role", "admin").out.strip()
    with httpx.Client(base_url=server.base, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False) as client:

        def post(path: str, body: object) -> None:
            answer = client.post(f"/api/{path}", json=body, headers={"Idempotency-Key": path})
            if answer.status_code == 503:
                time.sleep(int(answer.headers["retry-after"]))
                post(path, body)
            else:
                answer.raise_for_status()

        post("issuers", {"slug": "harbour", "name": "Harbour School"})
        definition = {"name": "Rope Work", "description": "x", "achievementType": "Badge", "criteria": {"narrative": "x"}}
        post("achievements", {"issuer": "harbour", "slug": "rope-work"} | definition)
        post("achievements/rope-work/publish", {})
        post("awards", {"achievement": "rope-work", "learner": {"email": "asha@example.org"}})


@pytest.mark.parametrize("apart", [False, True], ids=["inside", "apart"])
def test_the_learner_is_written_to_by_whatever_runs_a_worker(
    start: Start,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    apart: bool,  # noqa: FBT001 - as its name says
) -> None:
    with posthouse.posthouse() as house:
        monkeypatch.setenv(f"{PREFIX}SMTP_URL", house.url)
        monkeypatch.setenv(f"{PREFIX}EMAIL_FROM", "Badges <badges@example.edu>")
        if apart:
            with start("worker", says="badgeissuer worker, process") as worker:
                log = worker.log
                with start("serve", "--no-worker") as server:
                    award(server, command)
                    until(lambda: bool(house.letters))
                    assert server.stop() == 0
                worker.stop()
        else:
            with start("serve") as server:
                log = server.log
                award(server, command)
                until(lambda: bool(house.letters))
                assert server.stop() == 0
        assert "Traceback" not in log.read_text()
    assert house.messages()[0]["From"] == "Badges <badges@example.edu>"
    assert "Rope Work" in house.messages()[0]["Subject"]


def test_a_worker_that_is_killed_when_the_server_has_the_letter_leaves_a_double_that_shows(
    start: Start, command: Command, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    with posthouse.posthouse() as house:
        monkeypatch.setenv(f"{PREFIX}SMTP_URL", house.url)
        monkeypatch.setenv(f"{PREFIX}EMAIL_FROM", "badges@example.edu")
        with start("serve") as server:
            answered = threading.Event()
            house.before_answering = lambda: server.popen.kill() if answered.wait(20) else None
            award(server, command)
            answered.set()
            until(lambda: server.popen.poll() is not None)
        house.before_answering = lambda: None
        assert _messages(folder) == [("waiting", None)]
        with closing(sqlite3.connect(folder / "data" / "badgeissuer.db")) as database, database:
            database.execute("UPDATE job SET lease_until = created_at WHERE state = 'running'")
        with start("serve") as server:
            until(lambda: _messages(folder) == [("sent", 250)])
            assert server.stop() == 0
    first, second = house.messages()
    assert first["Message-ID"] == second["Message-ID"]


def _messages(folder: Path) -> list[tuple[str, int | None]]:
    with closing(sqlite3.connect(folder / "data" / "badgeissuer.db")) as database:
        return database.execute("SELECT state, status FROM message").fetchall()
