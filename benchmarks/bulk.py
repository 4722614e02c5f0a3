"""`bulk_sqlite` and `bulk_postgresql`: badges that workers make in a second of awards that wait in the queue."""

from __future__ import annotations

import itertools
import statistics
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from badgeissuer import authoring, issuing, recognising
from badgeissuer.awarding import event
from badgeissuer.settings import clock
from badgeissuer.store import engine, tables
from benchmarks import http, measuring, sample, service
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_CHUNK = 100
"""Awards that are written in one transaction."""
_FEW = 40
_MOST = 20_000
_HELD_BACK = timedelta(days=1)
_SECONDS = 300
_SAMPLES = 5


def bulk_sqlite(scale: measuring.Scale) -> Figures:
    """Return the badges a second of one worker process on SQLite."""
    return {"bulk_sqlite": _bulk(service.sqlite(), scale, workers=1)}


def bulk_postgresql(scale: measuring.Scale) -> Figures:
    """Return the badges a second of two worker processes on PostgreSQL."""
    return {"bulk_postgresql": _bulk(service.postgresql(), scale, workers=2)}


def _bulk(place: AbstractContextManager[service.Service], scale: measuring.Scale, *, workers: int) -> Figure:
    learners = sample.Learners(clock())
    with place as made, made.running(*["worker"] * workers):
        _await_workers(made, workers)
        few = _run(made, learners.take(_FEW))  # warms up
        number = max(_FEW, min(_MOST, int(_FEW / (few[-1] - few[0]).total_seconds() * scale.bulk_seconds)))
        moments = _run(made, learners.take(number))
        _require_valid(made, number + _FEW, workers=workers)
    return Figure(_rate(moments, scale.rounds), "badges/s", "higher")


def _rate(moments: list[datetime], slices: int) -> float:
    """Return the median rate over slices of a run; `moments` are the start and then the end of each job, in order."""
    jobs = len(moments) - 1
    marks = [round(jobs * place / slices) for place in range(slices + 1)]
    return statistics.median((end - begin) / (moments[end] - moments[begin]).total_seconds() for begin, end in itertools.pairwise(marks))


def _run(made: service.Service, learners: list[sample.Learner]) -> list[datetime]:
    """Queue an award for each learner, let the workers at them all at once, and return when that was and when each job ended."""
    for begin in range(0, len(learners), _CHUNK):
        _queue(made, learners[begin : begin + _CHUNK])
    waiting = tables.Job.kind == issuing.ISSUE, tables.Job.state == "queued"
    with engine.writing(made.database) as session:
        began = clock()
        session.execute(update(tables.Job).where(*waiting).values(run_at=began))
    return [began, *_await_jobs(made, began, len(learners))]


def _queue(made: service.Service, learners: list[sample.Learner]) -> None:
    """Award the achievement to learners, as an action does, and keep the jobs back for now."""
    now = clock()
    with engine.writing(made.database) as session:
        achievement = authoring.achievement(session, service.SLUG)
        for item in learners:
            claim = event.LearnerClaim(None, None, item.email, item.name, item.did)
            learner = recognising.recognise(session, claim, issuer_id=achievement.issuer_id, authority="", now=now)
            decision = issuing.Decision(
                awarded_at=item.awarded,
                results=sample.results(item),
                evidence=sample.evidence(item),
                credits_earned=sample.BADGE["credentialSubject"]["creditsEarned"],
                valid_until=item.valid_until,
            )
            issuing.award(session, achievement, learner=learner, decision=decision, randomness=issuing.SYSTEM, now=now)
        new = tables.Job.kind == issuing.ISSUE, tables.Job.state == "queued", tables.Job.run_at == now
        session.execute(update(tables.Job).where(*new).values(run_at=now + _HELD_BACK))


def _await_workers(made: service.Service, number: int) -> None:
    ends = time.monotonic() + service.START_SECONDS
    while time.monotonic() < ends:
        with engine.reading(made.database) as session:
            if session.scalar(select(func.count()).select_from(tables.Worker)) == number:
                return
        time.sleep(0.1)
    raise measuring.Failed("The workers did not start.")


def _await_jobs(made: service.Service, began: datetime, number: int) -> list[datetime]:
    jobs, ends = tables.Job, time.monotonic() + _SECONDS
    mine = jobs.kind == issuing.ISSUE, jobs.run_at >= began
    while time.monotonic() < ends:
        with engine.reading(made.database) as session:
            counts = dict(session.execute(select(jobs.state, func.count()).where(*mine).group_by(jobs.state)).tuples().all())
            if counts.get("done") == number:
                return [moment for moment in session.scalars(select(jobs.finished_at).where(*mine).order_by(jobs.finished_at)) if moment]
        if counts.get("dead"):
            break
        time.sleep(0.2)
    raise measuring.Failed(f"The workers did not issue all badges: {counts}.")


def _require_valid(made: service.Service, number: int, *, workers: int) -> None:
    """Raise unless so many different badges are stored, by so many workers, and some of them can be had and are good."""
    badges, job = tables.Credential, tables.Job
    with engine.reading(made.database) as session:
        stored = session.scalar(select(func.count(badges.sha256.distinct())))
        hands = session.scalar(select(func.count(job.worker.distinct())).where(job.kind == issuing.ISSUE))
        some = session.scalars(select(badges.uuid).order_by(badges.uuid).limit(_SAMPLES)).all()
    if stored != number or hands != workers:
        raise measuring.Failed(f"{hands} of {workers} workers stored {stored} of {number} badges.")
    for uuid in some:
        http.require_valid(made, made.settings.site.credential(uuid))
