"""Two API processes and two workers on PostgreSQL, 64 clients, every delivery three times: each event earns one badge."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text
from standardwebhooks import Webhook
from tests import serving

EVENTS = 200
COPIES = 3
CLIENTS = 64
SECRET = "whsec_" + "bWFueS1hdC1vbmNlLXRlc3Qtc2VjcmV0LTAwMDE="
SECONDS = 120


@pytest.fixture
def environment(postgresql_engine: Engine, tmp_path: Path) -> dict[str, str]:
    own = {
        "DATABASE_URL": postgresql_engine.url.render_as_string(hide_password=False),
        "DATA_DIR": str(tmp_path / "data"),
        "KEYS_DIR": str(tmp_path / "keys"),
        "KEY_PASSPHRASE": "many at once",
        "LOG_LEVEL": "WARNING",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BADGEISSUER_")}
    return inherited | {f"BADGEISSUER_{name}": value for name, value in own.items()}


@contextlib.contextmanager
def _processes(environment: dict[str, str], log: Path, *commands: list[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    with log.open("wb") as output:
        started = [
            subprocess.Popen([sys.executable, "-m", "badgeissuer.cli", *command], env=environment, stderr=output, stdout=output)
            for command in commands
        ]
        try:
            yield started
        finally:
            for process in started:
                process.terminate()
            codes = [process.wait(timeout=30) for process in started]
    assert codes == [0] * len(codes), log.read_text()


def _token(environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "badgeissuer.cli", "token", "create", "--name", "load", "--role", "admin"]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def _wait_for(urls: list[str]) -> None:
    ends = time.monotonic() + SECONDS
    for url in urls:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/readyz", trust_env=False).is_success:
                    break
            assert time.monotonic() < ends, f"{url} did not start"
            time.sleep(0.2)


def _set_up(url: str, token: str) -> str:
    """Make a unit, an achievement, a source and a rule; return where the source delivers to, as a path."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False) as api:
        for path, body, expect in (
            ("issuers", {"slug": "unit", "name": "Unit"}, 201),
            (
                "achievements",
                {"issuer": "unit", "slug": "done", "name": "Done", "description": "It.", "criteria": {"narrative": "Do."}},
                201,
            ),
            ("achievements/done/publish", {}, 200),
        ):
            assert api.post(f"/api/{path}", json=body).status_code == expect
        signature = {"scheme": "standard_webhooks", "secrets": [SECRET]}
        source = {"slug": "lms", "name": "LMS", "adapter": "native", "issuer": "unit", "signature": signature}
        hook = api.post("/api/sources", json=source).raise_for_status().json()["hook_url"]
        when = {"all": [{"field": "course", "op": "eq", "value": "7"}, {"field": "result.scaled", "op": "ge", "value": 0.5}]}
        api.post("/api/rules", json={"achievement": "done", "source": "lms", "when": when}).raise_for_status()
    return str(httpx.URL(hook).path)


def _delivery(number: int) -> tuple[dict[str, str], bytes]:
    learner = {"id": f"u-{number}", "email": f"learner{number}@example.org", "name": f"Learner {number}"}
    data = {"event_id": f"event-{number}", "learner": learner, "course": {"id": "7"}, "result": {"score": 60 + number % 40, "max": 100}}
    body = json.dumps({"type": "learner.course.completed", "timestamp": "2026-05-20T14:01:31.250Z", "data": data}).encode()
    now, name = datetime.now(UTC), f"msg_{number}"
    signed = Webhook(SECRET).sign(name, now, body.decode())
    headers = {"webhook-id": name, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signed}
    return headers | {"Content-Type": "application/json"}, body


def _deliver_all(urls: list[str], path: str) -> Counter[tuple[int, str]]:
    """Send every delivery `COPIES` times in random order, from `CLIENTS` clients at once; return what was answered.

    Each thread has a client of its own: of one that threads share, httpx may close a connection that another thread has just taken.
    """
    chosen = [_delivery(number) for number in range(EVENTS)] * COPIES
    random.Random(20260520).shuffle(chosen)  # noqa: S311 - an order, no secret

    def send(number: int) -> Counter[tuple[int, str]]:
        answers: Counter[tuple[int, str]] = Counter()
        with httpx.Client(base_url=urls[number % len(urls)], timeout=60, trust_env=False) as client:
            for headers, body in chosen[number::CLIENTS]:
                answer = client.post(path, headers=headers, content=body)
                answers[answer.status_code, answer.json().get("status", answer.text)] += 1
        return answers

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(send, range(CLIENTS)), Counter())


def _one(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


@pytest.mark.slow
def test_every_event_earns_one_badge_however_often_and_wherever_it_is_delivered(
    environment: dict[str, str], postgresql_engine: Engine, tmp_path: Path
) -> None:
    ports = [serving.free_port(), serving.free_port()]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    environment = environment | {"BADGEISSUER_BASE_URL": f"http://localhost:{ports[0]}"}
    token = _token(environment)
    commands = [*(["serve", "--no-worker", "--port", str(port)] for port in ports), ["worker"], ["worker"]]
    with _processes(environment, tmp_path / "log", *commands) as processes:
        print("API processes", [process.pid for process in processes[:2]], "workers", [process.pid for process in processes[2:]])
        _wait_for(urls)
        path = _set_up(urls[0], token)
        began = time.monotonic()
        answers = _deliver_all(urls, path)
        delivered = time.monotonic()
        while _one(postgresql_engine, "SELECT count(*) FROM credential") < EVENTS and time.monotonic() < delivered + SECONDS:
            time.sleep(0.2)
        issued = time.monotonic()
    taken, done = delivered - began, issued - began
    print(f"{EVENTS * COPIES} deliveries in {taken:.1f} s; all badges {done:.1f} s after the first; answers {dict(answers)}")

    assert answers == {(200, "accepted"): EVENTS, (200, "repeated"): EVENTS * (COPIES - 1)}
    assert _one(postgresql_engine, "SELECT count(*) FROM credential") == EVENTS
    assert _one(postgresql_engine, "SELECT count(DISTINCT document) FROM credential") == EVENTS
    assert _one(postgresql_engine, "SELECT count(DISTINCT (status_list_id, position)) FROM status_entry") == EVENTS
    assert _one(postgresql_engine, "SELECT count(*) FROM award WHERE state = 'issued'") == EVENTS
    assert _one(postgresql_engine, "SELECT count(*) FROM learner") == EVENTS
    assert _one(postgresql_engine, "SELECT count(*) FROM job WHERE state <> 'done'") == 0
    assert _one(postgresql_engine, "SELECT count(*) FROM job WHERE attempts > 1") == 0
    assert _one(postgresql_engine, "SELECT count(DISTINCT worker) FROM job WHERE kind = 'issue'") == 2
    assert "ERROR" not in (tmp_path / "log").read_text()
