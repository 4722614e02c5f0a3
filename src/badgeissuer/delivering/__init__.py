"""Learners are told of their badges by e-mail: one message for each award, through an outbox.

    waiting ──▶ sent ──▶ bounced        sent, bounced, failed ──resend──▶ waiting      sent, not claimed in a week ──once──▶ waiting
       ├──────▶ bounced (refused for good)
       ├──────▶ failed (tried for three days, or cannot be written)
       └──────▶ cancelled (the badge does not count any more, or the unit writes to nobody)

A message and the job to send it are written in the transaction that issues the badge (`announcing`). The courier reads what is to be said,
hands it to the mail server outside any transaction, and records what came of it. A letter whose record was lost in a crash is handed over
again under the same Message-ID; one that was recorded never is, unless somebody orders another copy.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from badgeissuer import branding, problem
from badgeissuer.delivering import letter
from badgeissuer.net import mail
from badgeissuer.store import bulk, engine, jobs, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Exists

    from badgeissuer.openbadges.addresses import Site

SEND = "send_messages"
GIVEN_UP = "It was tried again and again, and then given up."
REMIND_AFTER, NOT_AFTER = timedelta(days=7), timedelta(days=30)
"""When a learner who did not claim a badge is reminded, and from when on not any more."""
CHUNK = 500
"""Reminders that are ordered in one transaction."""
_COLUMNS = ("issuer_id", "award_id", "created_at", "uuid", "state", "copy", "attempts")


@dataclass(frozen=True, slots=True)
class NotSent:
    """That a message is not to be sent: the state that it comes to, and why."""

    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where the letter of a badge goes, and the link in it by which its learner makes it their own; None where there is none."""

    address: str
    link: str | None = None


def _plain(_session: Session, award: tables.Award) -> Invitation:
    return Invitation(award.claims["email"])


Invite: TypeAlias = Callable[[Session, tables.Award], Invitation]


def queue(session: Session, issuer_id: int, award_ids: Sequence[int], *, now: datetime) -> None:
    """Order a message for each of these awards, none of which has one, and the job to send them all."""
    ids = bulk.new_ids(session, tables.Message, len(award_ids))
    rows = [(number, issuer_id, award, now, uuid4(), "waiting", 0, 0) for number, award in zip(ids, award_ids, strict=True)]
    bulk.add(session, tables.Message, ("id", *_COLUMNS), rows)
    _order(session, ids, copy=0, now=now)


def add(session: Session, award: tables.Award, *, now: datetime) -> tables.Message:
    """Order the message of an award that has none, because nobody was written to when it was issued.

    Raises:
        problem.Conflict: It has one, or there is no badge, or no address.
    """
    if award.state != "issued" or not award.claims["email"]:
        raise problem.Conflict("Only a badge that is issued to an e-mail address can be written of.")
    row = engine.add_if_new(session, tables.Message(issuer_id=award.issuer_id, award_id=award.id, created_at=now))
    if row is None:
        raise problem.Conflict("There is a message of this award already; have that one sent again.")
    _order(session, [row.id], copy=0, now=now)
    return row


def find(session: Session, uuid: UUID) -> tables.Message:
    """Return a message by its public id, or raise `problem.NotFound`."""
    row = session.scalar(select(tables.Message).where(tables.Message.uuid == uuid))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def resend(session: Session, row: tables.Message, *, now: datetime) -> tables.Message:
    """Have another copy of a message sent.

    Raises:
        problem.Conflict: It waits already.
    """
    session.refresh(row, with_for_update=True)
    if row.state == "waiting":
        raise problem.Conflict("This message waits to be sent already.")
    row.state, row.copy, row.attempts = "waiting", row.copy + 1, 0
    row.status = row.reason = row.sent_at = None
    _order(session, [row.id], copy=row.copy, now=now)
    return row


def remind(session: Session, *, site: Site, now: datetime) -> int:
    """Order one more copy of each message whose badge was not claimed within a week, once; return how many, the oldest first.

    Args:
        session: A writing session.
        site: Says whether there is a mail server.
        now: The moment.
    """
    if not site.tells_learners:
        return 0
    message, award, entry = tables.Message, tables.Award, tables.StatusEntry
    is_over = exists().where(entry.credential_uuid == award.credential_uuid, entry.is_set)
    query = (
        select(message)
        .join(award, award.id == message.award_id)
        .join(tables.Issuer, tables.Issuer.id == message.issuer_id)
        .where(message.state == "sent", message.reminder_copy.is_(None))
        .where(message.sent_at <= now - REMIND_AFTER, message.sent_at > now - NOT_AFTER)
        .where(award.state == "issued", tables.Issuer.notify, ~is_over, ~_is_claimed())
        .order_by(message.sent_at)
        .limit(CHUNK)
        .with_for_update(skip_locked=True, of=message)
    )
    rows = session.scalars(query).all()
    for row in rows:
        row.state, row.copy, row.attempts, row.reminder_copy = "waiting", row.copy + 1, 0, row.copy + 1
    session.flush()
    for copy, some in itertools.groupby(sorted(rows, key=lambda row: row.copy), key=lambda row: row.copy):
        _order(session, [row.id for row in some], copy=copy, now=now)
    return len(rows)


def _is_claimed() -> Exists:
    return exists().where(tables.Claim.award_id == tables.Award.id)


def bounced(session: Session, row: tables.Message, *, reason: str) -> tables.Message:
    """Note that a message came back after the mail server had taken it.

    Raises:
        problem.Conflict: It was not sent.
    """
    session.refresh(row, with_for_update=True)
    if row.state not in {"sent", "bounced"}:
        raise problem.Conflict(f"Only a message that was sent can come back; this one is {row.state}.")
    row.state, row.reason = "bounced", mail.said(reason)
    return row


def in_order(session: Session, message_ids: Sequence[int]) -> list[int]:
    """Return those of the messages that still wait, the least tried first."""
    table = tables.Message
    return list(
        session.scalars(select(table.id).where(table.id.in_(message_ids), table.state == "waiting").order_by(table.attempts, table.id))
    )


def prepare(
    session: Session, message_id: int, *, copy: int, sender: mail.Mailbox, site: Site, now: datetime, invite: Invite = _plain
) -> mail.Letter | NotSent | None:
    """Return what is to be sent now, or why it is not to be; None where that copy does not wait any more.

    Args:
        session: A session; a writing one, to be committed before the letter is sent, where `invite` writes.
        message_id: Which message.
        copy: Which copy of it.
        sender: Who letters are from.
        site: The service as the world sees it.
        now: The moment.
        invite: Says where the letter goes, and makes the link in it.
    """
    message, award, achievement = tables.Message, tables.Award, tables.AchievementVersion
    entry = tables.StatusEntry
    is_revoked = exists().where(entry.credential_uuid == award.credential_uuid, entry.is_set)
    query = (
        select(message, award, tables.Issuer, tables.Learner.name, achievement.document, is_revoked, _is_claimed())
        .join(award, award.id == message.award_id)
        .join(tables.Issuer, tables.Issuer.id == message.issuer_id)
        .join(tables.Learner, tables.Learner.id == award.learner_id)
        .join(achievement, achievement.id == award.achievement_version_id)
        .where(message.id == message_id, message.copy == copy, message.state == "waiting")
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    row, about, issuer, name, document, revoked, claimed = found
    is_reminder = row.copy == row.reminder_copy
    if is_reminder and claimed:
        return NotSent("sent", "The badge was claimed before its learner was reminded.")
    if about.state != "issued" or revoked:
        return NotSent("cancelled", "The badge does not count any more.")
    if not issuer.notify:
        return NotSent("cancelled", "The issuing unit writes to nobody.")
    invited = invite(session, about)
    learner = mail.Mailbox(invited.address, name or "")
    copy_of = f"{row.uuid}.{row.copy}"
    url = site.credential(about.credential_uuid)
    colour = branding.brand(branding.lineage(session, issuer)).colour
    news = letter.News(issuer.name, str(document["name"]), url, learner, colour, issuer.email, copy_of, invited.link, is_reminder)
    try:
        return letter.write(news, sender=sender, now=now)
    except problem.Invalid as error:
        return NotSent("failed", error.detail)


def record(session: Session, message_id: int, found: mail.Answer | NotSent | mail.NotReachedError, *, copy: int, now: datetime) -> None:
    """Keep what came of a copy of a message; one that is recorded already stays as it is."""
    table = tables.Message
    values: dict[str, object] = {"reason": found.reason} if not isinstance(found, mail.Answer) else {"reason": found.words}
    if isinstance(found, NotSent):
        values |= {"state": found.state}
    elif isinstance(found, mail.NotReachedError):
        values |= {"attempts": table.attempts + 1, "status": None}
    else:
        state = {"taken": "sent", "refused": "bounced" if found.status else "failed", "later": "waiting"}[found.outcome]
        values |= {"state": state, "status": found.status, "attempts": table.attempts + 1}
        values |= {"sent_at": now} if state == "sent" else {}
    waits = (table.id == message_id, table.copy == copy, table.state == "waiting")
    session.execute(update(table).where(*waits).values(values).execution_options(synchronize_session=False))


def again(session: Session, message_ids: Sequence[int], *, copy: int, now: datetime) -> None:
    """Order anew what there was no time for."""
    _order(session, message_ids, copy=copy, now=now)


def give_up(session: Session, message_ids: Sequence[int], *, copy: int) -> None:
    """Note of those that still wait that they are not tried any more; the reason is that of the last try."""
    table = tables.Message
    waits = (table.id.in_(message_ids), table.copy == copy, table.state == "waiting")
    change = update(table).where(*waits).values(state="failed", reason=func.coalesce(table.reason, GIVEN_UP))
    session.execute(change.execution_options(synchronize_session=False))


def _order(session: Session, message_ids: Sequence[int], *, copy: int, now: datetime) -> None:
    jobs.enqueue(session, SEND, {"messages": list(message_ids), "copy": copy}, now=now, turn=jobs.LAST)
