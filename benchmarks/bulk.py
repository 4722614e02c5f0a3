"""`bulk_sqlite` and `bulk_postgresql`: from a roster to badges that are stored and can be downloaded."""

from __future__ import annotations

import io
import statistics
import time
from typing import TYPE_CHECKING, BinaryIO

from sqlalchemy import func, select

from badgeissuer import authoring, batching
from badgeissuer.settings import clock
from badgeissuer.store import engine, spool, tables
from benchmarks import http, measuring, sample, service
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_MOST = 100_000
_RUNS = 3
_SECONDS = 600
_POLL_SECONDS = 0.1
_SAMPLES = 5
_PIECE = 1024 * 1024
_CHUNKS = 10
"""With so many chunks in a run every worker must have got some."""


def bulk_sqlite(scale: measuring.Scale) -> Figures:
    """Return the badges a second of one worker process on SQLite, and beside it of two."""
    return {"bulk_sqlite": _bulk(service.sqlite(), scale, workers=1), "bulk_sqlite_2": _bulk(service.sqlite(), scale, workers=2)}


def bulk_postgresql(scale: measuring.Scale) -> Figures:
    """Return the badges a second of two worker processes on PostgreSQL, and beside it of one."""
    two, one = _bulk(service.postgresql(), scale, workers=2), _bulk(service.postgresql(), scale, workers=1)
    return {"bulk_postgresql": two, "bulk_postgresql_1": one}


def _bulk(place: AbstractContextManager[service.Service], scale: measuring.Scale, *, workers: int) -> Figure:
    learners = sample.Learners(clock())
    with place as made, made.running(*["worker"] * workers):
        await_workers(made, workers)
        few = scale.bulk_rows
        _run(made, learners.take(few))  # warms up
        number = max(few, min(_MOST, int(few / _run(made, learners.take(few)) * scale.bulk_seconds)))
        taken = [_run(made, learners.take(number)) for _ in range(min(_RUNS, scale.rounds))]
        _require_valid(made, 2 * few + len(taken) * number, workers=workers if number > _CHUNKS * spool.CHUNK_ROWS else 1)
    return Figure(number / statistics.median(taken), "badges/s", "higher")


def _run(made: service.Service, learners: list[sample.Learner]) -> float:
    """Hand in a roster; return the seconds from then until the last of its badges is stored."""
    body = sample.roster(learners)
    began = time.monotonic()
    batch = hand_in(made, io.BytesIO(body))
    ends = began + _SECONDS
    while time.monotonic() < ends:
        found = progress(made, batch)
        if found.failed or found.repeated or found.waiting:
            raise measuring.Failed(f"Not every row of a roster was issued: {found}")
        if found.state == "done":
            return time.monotonic() - began
        time.sleep(_POLL_SECONDS)
    raise measuring.Failed(f"The workers did not issue all badges: {progress(made, batch)}")


def hand_in(made: service.Service, source: BinaryIO, *, key: str | None = None) -> tables.Batch:
    """Queue a roster as `badgeissuer issue` does; one that was handed in under this key before is given back."""
    with spool.Spool() as rows:
        while piece := source.read(_PIECE):
            rows.feed(piece)
        rows.end()
        with engine.writing(made.database) as session:
            achievement = authoring.achievement(session, service.SLUG)
            return batching.create(session, achievement, rows=rows, key=key, actor="benchmark", now=clock())


def progress(made: service.Service, batch: tables.Batch) -> batching.Progress:
    """Return how far a batch has come."""
    with engine.reading(made.database) as session:
        return batching.progress(session, [session.get_one(tables.Batch, batch.id)])[0]


def await_workers(made: service.Service, number: int) -> None:
    """Wait until so many workers have said that they live."""
    ends = time.monotonic() + service.START_SECONDS
    while time.monotonic() < ends:
        with engine.reading(made.database) as session:
            if (session.scalar(select(func.count()).select_from(tables.Worker)) or 0) >= number:
                return
        time.sleep(0.1)
    raise measuring.Failed("The workers did not start.")


def _require_valid(made: service.Service, number: int, *, workers: int) -> None:
    """Raise unless so many different badges are stored, by so many workers, and some of them can be had and are good."""
    badges, job = tables.Credential, tables.Job
    with engine.reading(made.database) as session:
        stored = session.scalar(select(func.count(badges.sha256.distinct())))
        hands = session.scalar(select(func.count(job.worker.distinct())).where(job.kind == batching.ISSUE))
        some = session.scalars(select(badges.uuid).order_by(badges.uuid).limit(_SAMPLES)).all()
    if stored != number or hands is None or hands < workers:
        raise measuring.Failed(f"{hands} of {workers} workers stored {stored} of {number} badges.")
    for uuid in some:
        http.require_valid(made, made.settings.site.credential(uuid))
