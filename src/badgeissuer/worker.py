"""The worker: takes jobs out of the database and does them. The only process, in production, that opens signing keys.

Each job runs in one transaction that also marks it as done: either both happen, or neither does and the job is tried again.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from badgeissuer import (
    attending,
    attesting,
    batching,
    chunking,
    deciding,
    delivering,
    echoing,
    forgetting,
    intake,
    issuing,
    problem,
    reminding,
    revoking,
    ruling,
    signing,
    stacking,
    standing,
    status,
)
from badgeissuer.settings import clock
from badgeissuer.store import engine, jobs, tables, uploads
from badgeissuer.vc import alarm, contexts

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.store.keyring import Keyring

LOG = logging.getLogger("badgeissuer.worker")
LEASE = timedelta(minutes=2)
IDLE_SECONDS = 0.1
"""How long a worker that found nothing waits before it looks again, unless it is woken."""
GIVING_WAY_SECONDS = 3 * engine.BUSY_PAUSE
PULSE = timedelta(seconds=20)
MOST_TOGETHER = 32
"""So many jobs of a kind are done in one transaction at most, where that costs less: statements, and above all the commit, are shared."""
MOST_FORGOTTEN = 20
"""Chunks of deliveries whose content is deleted at each pulse."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Handler = Callable[["Session", dict[str, Any], datetime], None]
SharedHandler = Callable[["Session", "Sequence[dict[str, Any]]", datetime], None]


@dataclass(frozen=True, slots=True)
class Ports:
    """What the jobs need besides the database.

    Attributes:
        keyring: Where the signing keys are.
        site: The service as the world sees it.
        contexts: The JSON-LD contexts that documents may name.
        retention: How long what came in deliveries is kept; None for good.
    """

    keyring: Keyring
    site: Site
    contexts: Mapping[str, contexts.Context] = field(default_factory=lambda: contexts.PINNED)
    retention: timedelta | None = None


def crew(database: Engine, ports: Ports, count: int) -> list[Worker]:
    """Return workers for a process that does nothing else; what it has loaded is for good, and the garbage collector need not look at it.

    Measured while issuing a roster: 60 µs of CPU a badge.
    """
    gc.collect()
    gc.freeze()
    return [Worker(database, ports) for _ in range(count)]


class Worker:
    """One thread that does jobs until it is told to stop.

    Args:
        database: Where the jobs are.
        ports: What they need.
        tell: Called whenever something was done.
    """

    def __init__(self, database: Engine, ports: Ports, *, tell: Callable[[], None] = lambda: None) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._database = database
        self._ports = ports
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._handlers = _handlers(ports)
        self._shared: Mapping[str, SharedHandler] = {issuing.ISSUE: functools.partial(_issue_all, ports), intake.PROCESS: _process_all}
        self._tell = tell
        self._next_pulse = self._next_look = _LONG_AGO

    def wake(self) -> None:
        """Have the worker look for jobs now."""
        self._wake.set()

    def stop(self) -> None:
        """Have the worker finish the job in hand and end."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Do jobs until `stop`; an unreachable database is waited for."""
        LOG.info("worker %s starts", self.name)
        if alarm.ALARM.tell is None:
            alarm.ALARM.tell = functools.partial(LOG.error, "templates for badges are used no more: %s")
        while not self._stopping.is_set():
            try:
                self._pulse()
                busy = self.do_one()
            except Exception as error:  # noqa: BLE001 - a worker that ended would be missed by nobody until much later
                _log("the worker cannot go on for now", error)
                busy = False
                self._stopping.wait(1)
            if not busy:
                self._wake.wait(IDLE_SECONDS)
                self._wake.clear()
        self._leave()

    def do_one(self) -> bool:
        """Do the next job that is due, and with it those that are better done together; return whether there was one."""
        with engine.writing(self._database) as session:
            bury = functools.partial(_give_up, session, reason=jobs.LOST)
            job = jobs.claim(session, self.name, now=clock(), lease=LEASE, kinds=list(self._handlers), bury=bury)
            is_shared = job is not None and job.kind in self._shared
            more = jobs.claim_more(session, job, limit=MOST_TOGETHER - 1, now=clock(), lease=LEASE) if job and is_shared else ()
        if job is None:
            return False
        if not more or not self._together([job, *more]):
            for one in (job, *more):
                self._alone(one)
        self._tell()
        if job.kind == batching.ISSUE and self._database.dialect.name == "sqlite":
            time.sleep(GIVING_WAY_SECONDS)  # so that who waits for the write lock gets it before the next chunk does
        if job.kind == signing.GENERATE:
            self._next_pulse = _LONG_AGO  # there is a key to sign with now: say so at once
        return True

    def _together(self, held: Sequence[tables.Job]) -> bool:
        """Do jobs of one kind in one transaction; return False where one of them cannot be done and each has to be done alone."""
        try:
            with engine.writing(self._database) as session:
                self._shared[held[0].kind](session, [job.payload for job in held], clock())
                if not jobs.finish_all(session, held, now=clock()):
                    session.rollback()  # a lease ran out: what is still ours is done alone
                    return False
        except Exception as error:  # noqa: BLE001 - whichever of them it was shows when they are done alone
            LOG.info("%d jobs (%s) are done one by one: %s", len(held), held[0].kind, engine.name_of(error))
            return False
        return True

    def _alone(self, job: tables.Job) -> None:
        """Do one job, or note why it could not be done."""
        try:
            with engine.writing(self._database) as session:
                self._handlers[job.kind](session, job.payload, clock())
                if not jobs.finish(session, job, now=clock()):
                    session.rollback()  # the lease ran out and another worker has it
        except Exception as error:  # noqa: BLE001 - whatever a job does, the worker goes on and the job keeps the reason
            self._failed(job, error)

    def _failed(self, job: tables.Job, error: Exception) -> None:
        hopeless = isinstance(error, problem.Invalid | problem.Malformed | problem.Conflict | problem.TooLarge)
        kind = engine.name_of(error)
        reason = error.detail if isinstance(error, problem.Problem) else f"{kind}. The log of worker {self.name} says more."
        _log(f"job {job.id} ({job.kind}) failed", error)
        with engine.writing(self._database) as session:
            held = jobs.fail(session, job, reason, now=clock(), jitter=secrets.randbelow(1000) / 1000, final=hopeless)
            if held and session.get_one(tables.Job, job.id).state == "dead":
                _give_up(session, job, reason=reason)

    def _pulse(self) -> None:
        """Say that this worker lives, that it can sign, and which lists are due."""
        now = clock()
        if now < self._next_pulse:
            return
        self._next_pulse = now + PULSE
        with engine.reading(self._database) as session:
            signing.unlock(session, keyring=self._ports.keyring)
        with engine.writing(self._database) as session:
            fault = attending.report(session, self.name, keyring=self._ports.keyring, now=now)
            uploads.forget(session, now=now)
        self._forget(now)
        if now >= self._next_look:
            with engine.writing(self._database) as session:
                reminding.order(session, site=self._ports.site, now=now)
                delivering.remind(session, site=self._ports.site, now=now)
            self._next_look = now + reminding.EVERY
        if fault:
            LOG.error("worker %s cannot sign: %s", self.name, fault)
        if alarm.ALARM.reason:
            LOG.error("worker %s issues the slow way: %s", self.name, alarm.ALARM.reason)

    def _forget(self, now: datetime) -> None:
        """Delete what came in deliveries longer ago than it is kept: some of it each time, so that nobody waits."""
        if self._ports.retention is None:
            return
        for _ in range(MOST_FORGOTTEN):
            with engine.writing(self._database) as session:
                count = forgetting.redact(session, before=now - self._ports.retention, now=now)
            if count < forgetting.CHUNK or self._stopping.is_set():
                return
            self._stopping.wait(GIVING_WAY_SECONDS)

    def _leave(self) -> None:
        try:
            with engine.writing(self._database) as session:
                attending.leave(session, self.name, now=clock())
        except SQLAlchemyError as error:
            _log("what this worker had in hand stays with it until its lease ends", error)
        LOG.info("worker %s ends", self.name)


def _give_up(session: Session, job: tables.Job, *, reason: str) -> None:
    """Tell whatever the job was about that it will not be done, and why."""
    subject, give_up = _GIVING_UP.get(job.kind, ("", None))
    if give_up and subject in job.payload:
        give_up(session, job.payload[subject], reason)


def _award_failed(session: Session, award_id: int, reason: str) -> None:
    issuing.give_up(session, award_id, reason, now=clock())


_GIVING_UP: Mapping[str, tuple[str, Callable[[Session, int, str], None]]] = {
    issuing.ISSUE: ("award", _award_failed),
    attesting.SIGN: ("request", attesting.give_up),
    intake.PROCESS: ("delivery", intake.give_up),
    batching.ISSUE: ("chunk", chunking.give_up),
    revoking.REVOKE: ("revocation", revoking.give_up),
}


def _log(what: str, error: Exception) -> None:
    """Log an error: a problem says all there is, and the text of a database's error may hold what is in its rows."""
    told = isinstance(error, problem.Problem | SQLAlchemyError)
    detail = error.detail if isinstance(error, problem.Problem) else engine.name_of(error)
    LOG.error("%s: %s", what, detail, exc_info=None if told else error)


def _handlers(ports: Ports) -> Mapping[str, Handler]:
    return {
        intake.PROCESS: _process,
        issuing.ISSUE: functools.partial(_issue, ports),
        attesting.SIGN: functools.partial(_sign, ports),
        status.PUBLISH: functools.partial(_publish, ports),
        signing.GENERATE: functools.partial(_generate_key, ports),
        batching.ISSUE: functools.partial(_issue_chunk, ports),
        revoking.REVOKE: _revoke,
        issuing.RELEASE: _release,
        echoing.TELL: functools.partial(_tell, ports),
        ruling.BACKFILL: _backfill,
        standing.REWEIGH: _reweigh,
    }


def _process(session: Session, payload: dict[str, Any], now: datetime) -> None:
    _process_all(session, [payload], now)


def _process_all(session: Session, payloads: Sequence[dict[str, Any]], now: datetime) -> None:
    intake.process_all(session, [intake.Order.of(payload) for payload in payloads], randomness=issuing.SYSTEM, now=now)


def _release(session: Session, payload: dict[str, Any], now: datetime) -> None:
    issuing.advance(session, session.get_one(tables.Award, payload["award"]), randomness=issuing.SYSTEM, now=now)


def _tell(ports: Ports, session: Session, payload: dict[str, Any], now: datetime) -> None:
    stacking.tell(session, payload, site=ports.site, now=now)


def _reweigh(session: Session, payload: dict[str, Any], now: datetime) -> None:
    deciding.reweigh(session, payload["learner"], randomness=issuing.SYSTEM, now=now)


def _backfill(session: Session, payload: dict[str, Any], now: datetime) -> None:
    ruling.backfill(session, payload, randomness=issuing.SYSTEM, now=now)


def _issue(ports: Ports, session: Session, payload: dict[str, Any], now: datetime) -> None:
    issuing.issue_all(session, [payload["award"]], keyring=ports.keyring, site=ports.site, now=now)


def _issue_all(ports: Ports, session: Session, payloads: Sequence[dict[str, Any]], now: datetime) -> None:
    issuing.issue_all(session, [payload["award"] for payload in payloads], keyring=ports.keyring, site=ports.site, now=now)


def _issue_chunk(ports: Ports, session: Session, payload: dict[str, Any], now: datetime) -> None:
    means = chunking.Ports(ports.keyring, ports.site, issuing.SYSTEM)
    chunking.work(session, payload["chunk"], ports=means, now=now)


def _revoke(session: Session, payload: dict[str, Any], now: datetime) -> None:
    revoking.work(session, payload["revocation"], now=now)


def _sign(ports: Ports, session: Session, payload: dict[str, Any], now: datetime) -> None:
    attesting.sign(
        session,
        payload["request"],
        name_sha256=payload["name_sha256"],
        keyring=ports.keyring,
        site=ports.site,
        known=ports.contexts,
        now=now,
    )


def _publish(ports: Ports, session: Session, payload: dict[str, Any], now: datetime) -> None:
    status.publish(session, payload["status_list"], keyring=ports.keyring, site=ports.site, now=now)


def _generate_key(ports: Ports, session: Session, payload: dict[str, Any], now: datetime) -> None:
    issuer = session.get_one(tables.Issuer, payload["issuer"], with_for_update=True)
    signing.generate(session, issuer, keyring=ports.keyring, site=ports.site, now=now)
