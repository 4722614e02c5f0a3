"""The worker: takes jobs out of the database and does them. The only process, in production, that opens signing keys.

Each job runs in one transaction that also marks it as done: either both happen, or neither does and the job is tried again.
"""

from __future__ import annotations

import functools
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from badgeissuer import attending, intake, issuing, problem, signing, status
from badgeissuer.settings import clock
from badgeissuer.store import engine, jobs, tables

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.store.keyring import Keyring

LOG = logging.getLogger("badgeissuer.worker")
LEASE = timedelta(minutes=2)
IDLE_SECONDS = 0.1
"""How long a worker that found nothing waits before it looks again, unless it is woken."""
PULSE = timedelta(seconds=20)

Handler = Callable[["Session", dict[str, Any], datetime], None]


@dataclass(frozen=True, slots=True)
class Ports:
    """What the jobs need besides the database."""

    keyring: Keyring
    site: Site


class Worker:
    """One thread that does jobs until it is told to stop.

    Args:
        database: Where the jobs are.
        ports: What they need.
    """

    def __init__(self, database: Engine, ports: Ports) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._database = database
        self._ports = ports
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._handlers = _handlers(ports)
        self._next_pulse = datetime.min.replace(tzinfo=UTC)

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
        while not self._stopping.is_set():
            try:
                self._pulse()
                busy = self.do_one()
            except DBAPIError as error:
                LOG.error("the database does not answer: %s", type(error.orig).__name__)  # noqa: TRY400 - its text may hold rows
                busy = False
                self._stopping.wait(1)
            if not busy:
                self._wake.wait(IDLE_SECONDS)
                self._wake.clear()
        self._leave()

    def do_one(self) -> bool:
        """Do the next job that is due; return whether there was one."""
        with engine.writing(self._database) as session:
            job = jobs.claim(session, self.name, now=clock(), lease=LEASE, kinds=list(self._handlers))
        if job is None:
            return False
        try:
            with engine.writing(self._database) as session:
                self._handlers[job.kind](session, job.payload, clock())
                if not jobs.finish(session, job, now=clock()):
                    session.rollback()  # the lease ran out and another worker has it
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a job does, the worker goes on and the job keeps the reason
            self._failed(job, error)
        return True

    def _failed(self, job: tables.Job, error: Exception) -> None:
        hopeless = isinstance(error, problem.Invalid | problem.Malformed | problem.Conflict | problem.TooLarge)
        reason = error.detail if isinstance(error, problem.Problem) else f"{type(error).__name__}. The log of worker {self.name} says more."
        LOG.error("job %s (%s) failed: %s", job.id, job.kind, reason, exc_info=None if isinstance(error, problem.Problem) else error)
        with engine.writing(self._database) as session:
            jobs.fail(session, job, reason, now=clock(), jitter=secrets.randbelow(1000) / 1000, final=hopeless)
            final = session.get_one(tables.Job, job.id).state == "dead"
            if final and job.kind == issuing.ISSUE:
                issuing.give_up(session, job.payload["award"], reason)
            elif final and job.kind == intake.PROCESS:
                intake.give_up(session, job.payload["delivery"], reason)

    def _pulse(self) -> None:
        """Say that this worker lives, that it can sign, and which lists are due."""
        now = clock()
        if now < self._next_pulse:
            return
        self._next_pulse = now + PULSE
        with engine.writing(self._database) as session:
            attending.report(session, self.name, keyring=self._ports.keyring, now=now)

    def _leave(self) -> None:
        with engine.writing(self._database) as session:
            attending.leave(session, self.name, now=clock())
        LOG.info("worker %s ends", self.name)


def _handlers(ports: Ports) -> Mapping[str, Handler]:
    return {
        intake.PROCESS: _process,
        issuing.ISSUE: functools.partial(_issue, ports),
        status.PUBLISH: functools.partial(_publish, ports),
        signing.GENERATE: functools.partial(_generate_key, ports),
    }


def _process(session: Session, payload: dict[str, Any], now: datetime) -> None:
    intake.process(session, payload["delivery"], randomness=issuing.SYSTEM, now=now)


def _issue(ports: Ports, session: Session, payload: dict[str, Any], now: datetime) -> None:
    issuing.issue(session, payload["award"], keyring=ports.keyring, site=ports.site, now=now)


def _publish(ports: Ports, session: Session, payload: dict[str, Any], now: datetime) -> None:
    status.publish(session, payload["status_list"], keyring=ports.keyring, site=ports.site, now=now)


def _generate_key(ports: Ports, session: Session, payload: dict[str, Any], now: datetime) -> None:
    issuer = session.get_one(tables.Issuer, payload["issuer"], with_for_update=True)
    signing.generate(session, issuer, keyring=ports.keyring, site=ports.site, now=now)
