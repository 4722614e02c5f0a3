"""The courier: carries letters to the mail server and notices to their subscribers, outside any transaction.

A job holds some messages, some notices of one subscriber, the reminders that stand in one letter, or one link. For each of them in turn:

    read    what is to be said now, in a reading transaction: what was sent or cancelled meanwhile is left out
    carry   with no transaction open, because others may let one wait
    record  what came of it, at once: what was recorded is not carried again

When something of the job could not be carried the job fails, is due again after a while, and then is about what still waits. Nobody who
signs badges waits for a courier: it is a thread of its own.
"""

from __future__ import annotations

import functools
import logging
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from badgeissuer import claiming, delivering, notifying, reminding
from badgeissuer.claiming import addresses
from badgeissuer.entering import mailing
from badgeissuer.net import mail, post
from badgeissuer.settings import Settings, clock
from badgeissuer.store import engine, jobs, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

LOG = logging.getLogger("badgeissuer.courier")
LEASE = timedelta(minutes=10)
"""Longer than a round and the slowest server after it."""
ROUND_SECONDS = 30
"""After so long the rest of a job goes to the end of the queue, so that others get their turn."""
MOST_SILENT = 3
"""After so many attempts in a row without an answer nobody is there: the rest waits."""
IDLE_SECONDS = 1.0
_LETTERS = [delivering.SEND, reminding.SEND, mailing.SEND, claiming.SEND, addresses.TELL]
"""Kinds of jobs for which there must be a mail server."""


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to carry.

    Attributes:
        site: The service as the world sees it.
        poster: Posts notices.
        server: Takes letters; None where nobody is written to.
        sender: Who letters are from.
    """

    site: Site
    poster: post.Poster
    server: mail.Server | None = None
    sender: mail.Mailbox = field(default_factory=lambda: mail.Mailbox(""))


@dataclass(slots=True)
class _Round:
    """How far the courier got with a job: what still waits, what there was no time for, and what the first trouble was."""

    left: list[int]
    late: list[int]
    trouble: str = ""


def means(settings: Settings) -> Means:
    """Return what the settings give a courier to work with."""
    return Means(settings.site, post.Poster(settings.reach), settings.mail_server, settings.sender)


def crew(database: Engine, given: Means) -> list[Courier]:
    """Return the couriers of a process: one for notices, and one for letters where there is a mail server."""
    kinds = [[notifying.NOTIFY], *([_LETTERS] if given.server else [])]
    return [Courier(database, given, kinds=some) for some in kinds]


class Courier:
    """One thread that carries until it is told to stop.

    Args:
        database: Where the jobs are.
        given: What it takes.
        kinds: The kinds of jobs that it does.
    """

    def __init__(self, database: Engine, given: Means, *, kinds: Collection[str] = (*_LETTERS, notifying.NOTIFY)) -> None:
        self.name = f"courier:{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._database = database
        self._means = given
        self._kinds = list(kinds)
        self._stopping = threading.Event()
        self._rounds: Mapping[str, Callable[[dict[str, Any]], _Round]] = {
            delivering.SEND: self._send,
            notifying.NOTIFY: self._notify,
            reminding.SEND: self._remind,
            mailing.SEND: functools.partial(self._send_one_letter, mailing.prepare, "link"),
            claiming.SEND: functools.partial(self._send_one_letter, claiming.prepare, "link"),
            addresses.TELL: functools.partial(self._send_one_letter, claiming.tell, "to"),
        }

    def stop(self) -> None:
        """Have the courier end after what it has in hand."""
        self._stopping.set()

    def run(self) -> None:
        """Carry until `stop`; an unreachable database is waited for."""
        while not self._stopping.is_set():
            try:
                busy = self.do_one()
            except Exception as error:  # noqa: BLE001 - a courier that ended would be missed by nobody until much later
                _log("the courier cannot go on for now", error)
                busy = False
            if not busy:
                self._stopping.wait(IDLE_SECONDS)
        try:
            with engine.writing(self._database) as session:
                jobs.release(session, self.name, now=clock())
        except SQLAlchemyError as error:
            _log("what the courier had in hand stays with it until its lease ends", error)

    def do_one(self) -> bool:
        """Do the next job that is due; return whether there was one."""
        with engine.writing(self._database) as session:
            bury = functools.partial(_give_up, session)
            job = jobs.claim(session, self.name, now=clock(), lease=LEASE, kinds=self._kinds, bury=bury, patience=jobs.LONG)
        if job is None:
            return False
        try:
            found = self._rounds[job.kind](job.payload)
        except Exception as error:  # noqa: BLE001 - whatever it was, the job keeps the reason and is tried again
            _log(f"job {job.id} ({job.kind}) failed", error)
            found = _Round([0], [], f"{engine.name_of(error)}. The log of {self.name} says more.")
        self._close(job, found)
        return True

    def _close(self, job: tables.Job, found: _Round) -> None:
        """Finish a job, or put it back for what still waits; what there was no time for gets a job of its own."""
        now = clock()
        with engine.writing(self._database) as session:
            if found.left:
                LOG.info("job %d (%s) is not done yet: %s", job.id, job.kind, found.trouble)
                jitter = secrets.randbelow(1000) / 1000
                held = jobs.fail(session, job, found.trouble, now=now, jitter=jitter, patience=jobs.LONG)
            else:
                held = jobs.finish(session, job, now=now)
            if not held:
                return
            row = session.get_one(tables.Job, job.id)
            if found.late:
                row.payload = job.payload | {_SUBJECTS[job.kind]: found.left}
                _AGAIN[job.kind](session, job.payload, found.late, now)
            if row.state == "dead":
                _give_up(session, row)

    def _send(self, payload: dict[str, Any]) -> _Round:
        """Hand over the letters of a job, over one connection."""
        if self._means.server is None:
            return _Round([0], [], "There is no mail server.")
        outlet = mail.Outlet(self._means.server)
        try:
            with engine.reading(self._database) as session:
                waiting = delivering.in_order(session, payload["messages"])
            return self._go_round(waiting, functools.partial(self._send_one, outlet, payload["copy"]))
        finally:
            outlet.close()

    def _send_one(self, outlet: mail.Outlet, copy: int, message_id: int) -> str | None:
        given, now = self._means, clock()
        invite = functools.partial(claiming.invite, site=given.site, now=now)
        with engine.writing(self._database) as session:
            letter = delivering.prepare(session, message_id, copy=copy, sender=given.sender, site=given.site, now=now, invite=invite)
        if letter is None:
            return None
        found: mail.Answer | mail.NotReachedError | delivering.NotSent
        try:
            found = outlet.send(letter) if isinstance(letter, mail.Letter) else letter
        except mail.NotReachedError as error:
            found = error
        with engine.writing(self._database) as session:
            delivering.record(session, message_id, found, copy=copy, now=clock())
        if isinstance(found, mail.NotReachedError):
            raise _SilentError(found.reason, is_final=found.is_ours)
        if isinstance(found, mail.Answer) and found.outcome == "later":
            return f"The mail server does not take it now ({found.status})."
        return None

    def _remind(self, payload: dict[str, Any]) -> _Round:
        """Hand over the one letter of a job, which tells a unit of all that it is about."""
        ids = payload["reminders"]
        if self._means.server is None:
            return _Round(ids, [], "There is no mail server.")
        with engine.reading(self._database) as session:
            prepared = reminding.prepare(session, ids, sender=self._means.sender, site=self._means.site, now=clock())
        if prepared is None:
            return _Round([], [])
        found = _hand_over(prepared.what, self._means.server) if isinstance(prepared.what, mail.Letter) else None
        with engine.writing(self._database) as session:
            reminding.record(session, ids, prepared, found, now=clock())
        return _after(ids, found)

    def _send_one_letter(self, prepare: Callable[..., mail.Letter | None], subject: str, payload: dict[str, Any]) -> _Round:
        """Hand over the one letter of a job; the secret of a link in it is made now, and stands nowhere else."""
        wanted = [0]
        if self._means.server is None:
            return _Round(wanted, [], "There is no mail server.")
        with engine.writing(self._database) as session:
            letter = prepare(session, payload[subject], sender=self._means.sender, site=self._means.site, now=clock())
        if letter is None:
            return _Round([], [])
        return _after(wanted, _hand_over(letter, self._means.server))

    def _notify(self, payload: dict[str, Any]) -> _Round:
        """Post the notices of a job, all of which are for one subscriber."""
        with engine.reading(self._database) as session:
            waiting = notifying.in_order(session, payload["notices"])
            if waiting and notifying.rests(session, waiting[0], now=clock()):
                return _Round(waiting, [], "The subscriber was not reached a moment ago.")
        return self._go_round(waiting, self._notify_one)

    def _notify_one(self, notice_id: int) -> str | None:
        with engine.reading(self._database) as session:
            outgoing = notifying.prepare(session, notice_id, site=self._means.site, now=clock())
        if outgoing is None:
            return None
        found = self._posted(outgoing) if isinstance(outgoing, notifying.Outgoing) else outgoing
        if isinstance(found, notifying.Dropped):
            with engine.writing(self._database) as session:
                notifying.give_up(session, [notice_id], reason=found.reason)
            return None
        with engine.writing(self._database) as session:
            notifying.record(session, notice_id, found, now=clock())
        if found.status is None:
            raise _SilentError(found.reason or "")
        return None if found.is_good or found.status == notifying.GONE else f"The subscriber answered {found.status}."

    def _posted(self, outgoing: notifying.Outgoing) -> notifying.Outcome:
        try:
            status = self._means.poster.post(outgoing.url, outgoing.body, headers=outgoing.headers)
        except post.NotReachedError as error:
            return notifying.Outcome(None, error.reason)
        return notifying.Outcome(status, None if status in range(200, 300) else f"it answered {status}")

    def _go_round(self, waiting: Sequence[int], carry: Callable[[int], str | None]) -> _Round:
        """Carry one after the other, until the time is over or nobody answers."""
        found, silent, ends = _Round([], []), 0, time.monotonic() + ROUND_SECONDS
        for place, one in enumerate(waiting):
            if time.monotonic() > ends or self._stopping.is_set():
                found.late = list(waiting[place:])
                break
            try:
                trouble = carry(one)
                silent = 0
            except _SilentError as error:
                trouble = error.reason
                silent = MOST_SILENT if error.is_final else silent + 1
            if trouble is not None:
                found.left.append(one)
                found.trouble = found.trouble or trouble
            if silent == MOST_SILENT:
                found.left += waiting[place + 1 :]
                break
        return found


class _SilentError(Exception):
    """There was nobody to carry to; `is_final` where the next would fare no better."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


def _hand_over(letter: mail.Letter, server: mail.Server) -> mail.Answer | mail.NotReachedError:
    """Send the one letter of a job; return what the server says of it, or that it was not reached."""
    outlet = mail.Outlet(server)
    try:
        return outlet.send(letter)
    except mail.NotReachedError as error:
        return error
    finally:
        outlet.close()


def _after(wanted: list[int], found: mail.Answer | mail.NotReachedError | None) -> _Round:
    """Return how far the courier got with a job of one letter, and with all that stands in it; None for one that could not be written."""
    if isinstance(found, mail.NotReachedError):
        return _Round(wanted, [], found.reason)
    is_late = found is not None and found.outcome == "later"
    return _Round(wanted, [], "The mail server does not take it now.") if is_late else _Round([], [])


def _give_up(session: Session, job: tables.Job) -> None:
    """Note of what a job was about that it is not tried any more."""
    if job.kind == delivering.SEND:
        delivering.give_up(session, job.payload["messages"], copy=job.payload["copy"])
    elif job.kind == reminding.SEND:
        reminding.give_up(session, job.payload["reminders"])
    elif job.kind == notifying.NOTIFY:
        notifying.give_up(session, job.payload["notices"])


def _messages_again(session: Session, payload: dict[str, Any], left: Sequence[int], now: datetime) -> None:
    delivering.again(session, left, copy=payload["copy"], now=now)


def _notices_again(session: Session, _payload: dict[str, Any], left: Sequence[int], now: datetime) -> None:
    notifying.again(session, left, now=now)


_SUBJECTS: Mapping[str, str] = {delivering.SEND: "messages", notifying.NOTIFY: "notices"}
_AGAIN: Mapping[str, Callable[..., None]] = {delivering.SEND: _messages_again, notifying.NOTIFY: _notices_again}


def _log(what: str, error: Exception) -> None:
    """Log an error; the text of a database's may hold what is in its rows."""
    LOG.error("%s: %s", what, engine.name_of(error), exc_info=None if isinstance(error, SQLAlchemyError) else error)
