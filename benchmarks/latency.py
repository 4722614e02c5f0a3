"""`intake_wait_sqlite` and `intake_wait_postgresql`: how long after an event is sent its badge can be downloaded, at a steady rate."""

from __future__ import annotations

import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import authoring, connecting, ruling
from badgeissuer.awarding import rule
from badgeissuer.settings import clock
from badgeissuer.store import engine, tables
from benchmarks import clients, http, intake, measuring, service
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from uuid import UUID

RATE = 50
"""Events a second."""
_POLL_SECONDS = 0.01
_TRAIL = 200
"""Badges that are looked at again each time."""
_PATIENCE_SECONDS = 60
_SECONDS = 20
"""How long events are sent, at full scale."""
_EVERY = {"when": {"all": [{"field": "type", "op": "eq", "value": "learner.course.completed"}]}}
_MILLISECONDS = 1000


def intake_wait_sqlite(scale: measuring.Scale) -> Figures:
    """Return the waiting on SQLite: one process, its worker inside."""
    return _waits("intake_wait_sqlite", service.sqlite(), scale, server="serve", workers=0)


def intake_wait_postgresql(scale: measuring.Scale) -> Figures:
    """Return the waiting on PostgreSQL: one process that takes events, and two workers."""
    return _waits("intake_wait_postgresql", service.postgresql(), scale, server="serve --no-worker", workers=2)


def _waits(name: str, place: AbstractContextManager[service.Service], scale: measuring.Scale, *, server: str, workers: int) -> Figures:
    numbers = itertools.count()
    with place as made:
        _add_rule(made)
        with made.running(*["worker"] * workers), made.serving(server):
            number = max(20, int(RATE * _SECONDS * scale.http_seconds / measuring.FULL.http_seconds))
            _steadily(made, list(itertools.islice(intake.deliveries(made, numbers), RATE)))  # warms up
            waits = _steadily(made, list(itertools.islice(intake.deliveries(made, numbers), number)))
    waits.sort()
    return {
        f"{name}_p50": Figure(waits[len(waits) // 2] * _MILLISECONDS, "ms", "lower"),
        f"{name}_p99": Figure(waits[int(len(waits) * 0.99)] * _MILLISECONDS, "ms", "lower"),
    }


def _add_rule(made: service.Service) -> None:
    with engine.writing(made.database) as session:
        achievement = authoring.achievement(session, service.SLUG)
        said, source = rule.parse(_EVERY), connecting.source(session, "sis")  # type: ignore[arg-type]
        ruling.add(session, achievement, said=said, source=source, token=lambda size: "b" * size, now=clock())


def _steadily(made: service.Service, requests: Sequence[clients.Request]) -> list[float]:
    """Send requests, one each fiftieth of a second whatever the answers take, and return how long each badge was waited for, in seconds."""
    sent: dict[str, float] = {}
    seen: dict[str, tuple[float, UUID]] = {}
    watching = threading.Thread(target=_watch, args=(made, seen, len(requests)))
    watching.start()
    began = time.monotonic()
    with ThreadPoolExecutor(RATE) as pool:
        answers = []
        for place, request in enumerate(requests):
            time.sleep(max(0.0, began + place / RATE - time.monotonic()))
            sent[json.loads(request.body or b"")["data"]["learner"]["email"]] = time.monotonic()
            answers.append(pool.submit(clients.send, made.port, [request], clients=1, expect=200))
        for answer in answers:
            answer.result()
    watching.join()
    _require_all(made, sent, seen)
    return [seen[email][0] - at for email, at in sent.items()]


def _watch(made: service.Service, seen: dict[str, tuple[float, UUID]], number: int) -> None:
    """Note when each badge is first there for whoever asks the database, which is when it can be downloaded."""
    table, award, ends = tables.Credential, tables.Award, time.monotonic() + _PATIENCE_SECONDS
    with engine.reading(made.database) as session:
        mark = session.scalar(select(table.id).order_by(table.id.desc()).limit(1)) or 0
    while len(seen) < number and time.monotonic() < ends:
        with engine.reading(made.database) as session:
            query = select(table.id, award.claims, award.credential_uuid).join(award, award.id == table.award_id).where(table.id > mark)
            rows = session.execute(query.order_by(table.id)).all()
        now = time.monotonic()
        for row in rows:
            seen.setdefault(row.claims["email"], (now, row.credential_uuid))
        if len(rows) > _TRAIL:
            mark = rows[-_TRAIL].id  # two workers commit in any order: lower numbers may come a little later
        time.sleep(_POLL_SECONDS)


def _require_all(made: service.Service, sent: Mapping[str, float], seen: Mapping[str, tuple[float, UUID]]) -> None:
    if sent.keys() - seen.keys():
        raise measuring.Failed(f"Of {len(sent)} events {len(sent.keys() - seen.keys())} have no badge.")
    _, some = next(iter(seen.values()))
    http.require_valid(made, made.settings.site.credential(some))
