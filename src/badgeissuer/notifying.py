"""Subscribers, and the notices that they get: an LMS or SIS hears what became of awards, as Standard Webhooks.

    waiting ──▶ delivered       waiting ──▶ dead (tried for three days, refused with 410, or disabled) ──resend──▶ waiting

A notice and its job are written in the transaction of the fact (`announcing`). The courier posts outside any transaction, and records what
came of it. Notices come at least once, under the same id each time, and in no particular order.

Source: Standard Webhooks 1.0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import delete, select, update

from badgeissuer import problem
from badgeissuer.awarding.signature import webhook
from badgeissuer.store import bulk, engine, jobs, tables
from badgeissuer.vc import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

NOTIFY = "send_notices"
ISSUED, REVOKED, PENDING = "credential.issued", "credential.revoked", "award.pending"
EVENTS = (ISSUED, REVOKED, PENDING)
TEST = "subscriber.test"
"""The type of a notice that somebody ordered to see whether it arrives."""
SECRET_BYTES = 32
MOST_SECRETS = 2
REST = timedelta(minutes=1)
"""For so long a subscriber that was not reached is not asked again: one that hangs must not hold up the others."""
KEPT = timedelta(days=90)
"""How long a notice is kept; the badge that it told of stays."""
GONE = 410
FORGOTTEN_TOGETHER = 500
_OK = range(200, 300)
_COLUMNS = ("subscriber_id", "type", "created_at", "award_id", "uuid", "award_state", "award_reason", "state", "attempts")


@dataclass(frozen=True, slots=True)
class Fact:
    """What became of an award: its row, the state that it came to, and why, where there is a reason."""

    award_id: int
    state: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice as it is posted now."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dropped:
    """That a notice is not to be posted, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: the status of the answer, or why there was none."""

    status: int | None
    reason: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether the subscriber has it."""
        return self.status in _OK


def subscribe(
    session: Session, issuer: tables.Issuer, *, slug: str, url: str, events: Collection[str], token: Callable[[int], bytes], now: datetime
) -> tuple[tables.Subscriber, str]:
    """Store a subscriber; return it and its secret, which cannot be had again.

    Raises:
        problem.Conflict: The slug is taken.
    """
    secret = webhook.new_secret(token(SECRET_BYTES))
    new = tables.Subscriber(issuer_id=issuer.id, slug=slug, url=url, events=sorted(set(events)), secrets=[secret], created_at=now)
    row = engine.add_if_new(session, new)
    if row is None:
        raise problem.Conflict(f"There is already a subscriber by the name {slug!r}. Choose another.")
    return row, secret


def find(session: Session, slug: str, *, for_update: bool = False) -> tables.Subscriber:
    """Return a subscriber, or raise `problem.NotFound`."""
    query = select(tables.Subscriber).where(tables.Subscriber.slug == slug)
    row = session.scalar(query.with_for_update() if for_update else query)
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def change(row: tables.Subscriber, *, url: str | None = None, events: Collection[str] | None = None, state: str | None = None) -> None:
    """Change what is given; who is made active again is asked at once."""
    row.url = url or row.url
    row.events = row.events if events is None else sorted(set(events))
    if state is not None:
        row.state, row.reason, row.rests_until = state, None, None


def add_secret(row: tables.Subscriber, *, token: Callable[[int], bytes]) -> str:
    """Make a second secret beside the first, and return it: from now on notices are signed with both.

    Raises:
        problem.Conflict: There are two already.
    """
    if len(row.secrets) >= MOST_SECRETS:
        raise problem.Conflict("There are two secrets already. Drop the older one first.")
    secret = webhook.new_secret(token(SECRET_BYTES))
    row.secrets = [*row.secrets, secret]
    return secret


def drop_secret(row: tables.Subscriber) -> None:
    """Sign with the older secret no more.

    Raises:
        problem.Conflict: It is the only one.
    """
    if len(row.secrets) < MOST_SECRETS:
        raise problem.Conflict("There is only one secret. Make another one first.")
    row.secrets = row.secrets[1:]


def subscribed(session: Session, issuer_ids: Collection[int], event: str) -> list[tables.Subscriber]:
    """Return who wants to hear of an event of these issuers; one statement, on a table of a few rows."""
    table = tables.Subscriber
    rows = session.scalars(select(table).where(table.issuer_id.in_(issuer_ids), table.state == "active").order_by(table.id))
    return [row for row in rows if event in row.events]


def notify(session: Session, row: tables.Subscriber, event: str, facts: Sequence[Fact], *, now: datetime) -> None:
    """Order a notice of each fact, and the job to send them all."""
    ids = bulk.new_ids(session, tables.Notice, len(facts))
    rows = [
        (number, row.id, event, now, fact.award_id, uuid4(), fact.state, fact.reason, "waiting", 0)
        for number, fact in zip(ids, facts, strict=True)
    ]
    bulk.add(session, tables.Notice, ("id", *_COLUMNS), rows)
    _order(session, ids, now=now)


def try_out(session: Session, row: tables.Subscriber, *, now: datetime) -> tables.Notice:
    """Order a notice of nothing, to see whether it arrives.

    Raises:
        problem.Conflict: The subscriber is disabled.
    """
    if row.state != "active":
        raise problem.Conflict("The subscriber is disabled. Make it active first.")
    row.rests_until = None
    notice = tables.Notice(subscriber_id=row.id, type=TEST, created_at=now)
    session.add(notice)
    session.flush()
    _order(session, [notice.id], now=now)
    return notice


def notice(session: Session, uuid: UUID) -> tuple[tables.Notice, tables.Subscriber]:
    """Return a notice and whom it is for, or raise `problem.NotFound`."""
    table = tables.Notice
    found = session.execute(select(table, tables.Subscriber).join(tables.Subscriber).where(table.uuid == uuid)).one_or_none()
    if found is None:
        raise problem.NotFound(problem.NOTHING)
    return found[0], found[1]


def resend(session: Session, row: tables.Notice, *, now: datetime) -> tables.Notice:
    """Have a notice that was given up, or delivered, sent again: under the same id, so that who has it already can tell.

    Raises:
        problem.Conflict: It waits already.
    """
    session.refresh(row, with_for_update=True)
    if row.state == "waiting":
        raise problem.Conflict("This notice waits to be sent already.")
    row.state, row.attempts, row.status, row.reason = "waiting", 0, None, None
    _order(session, [row.id], now=now)
    return row


def in_order(session: Session, notice_ids: Sequence[int]) -> list[int]:
    """Return those of the notices that still wait, the least tried first."""
    table = tables.Notice
    return list(
        session.scalars(select(table.id).where(table.id.in_(notice_ids), table.state == "waiting").order_by(table.attempts, table.id))
    )


def rests(session: Session, notice_id: int, *, now: datetime) -> bool:
    """Return whether the subscriber of a notice was not reached a moment ago."""
    query = select(tables.Subscriber.rests_until).join(tables.Notice).where(tables.Notice.id == notice_id)
    until = session.scalar(query)
    return until is not None and until > now


def prepare(session: Session, notice_id: int, *, site: Site, now: datetime) -> Outgoing | Dropped | None:
    """Return what is to be posted now, or why nothing is; None where the notice does not wait any more."""
    table = tables.Notice
    query = select(table, tables.Subscriber).join(tables.Subscriber).where(table.id == notice_id, table.state == "waiting")
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    row, subscriber = found
    if subscriber.state != "active":
        return Dropped(subscriber.reason or "The subscriber is disabled.")
    data = {"subscriber": subscriber.slug} if row.award_id is None else _told(session, row, site=site)
    content = {"type": row.type, "timestamp": instant.write(row.created_at), "data": data}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Outgoing(subscriber.url, body, webhook.sign(subscriber.secrets, body, delivery=f"msg_{row.uuid.hex}", now=now))


def record(session: Session, notice_id: int, found: Outcome, *, now: datetime) -> None:
    """Keep what came of an attempt; who answers 410 gets nothing more."""
    row = session.get_one(tables.Notice, notice_id, with_for_update=True, populate_existing=True)
    subscriber = session.get_one(tables.Subscriber, row.subscriber_id)
    if row.state != "waiting":
        return
    row.attempts, row.status, row.reason = row.attempts + 1, found.status, found.reason
    if found.is_good:
        row.state, row.sent_at = "delivered", now
    elif found.status == GONE:
        row.state = "dead"
        if subscriber.state == "active":
            subscriber.state, subscriber.reason = "disabled", "It answered 410: it wants to hear nothing more."
    subscriber.last_at, subscriber.last_status, subscriber.last_reason = now, found.status, found.reason
    subscriber.rests_until = now + REST if found.status is None else None


def again(session: Session, notice_ids: Sequence[int], *, now: datetime) -> None:
    """Order anew what there was no time for."""
    _order(session, notice_ids, now=now)


def give_up(session: Session, notice_ids: Sequence[int], *, reason: str | None = None) -> None:
    """Note of those that still wait that they are not tried any more; why, where it is not the reason of the last try."""
    table = tables.Notice
    values = {"state": "dead"} | ({"reason": reason} if reason else {})
    change = update(table).where(table.id.in_(notice_ids), table.state == "waiting").values(values)
    session.execute(change.execution_options(synchronize_session=False))


def forget(session: Session, *, now: datetime) -> None:
    """Delete the oldest notices, some hundred at a time, once they were kept long enough; not what still waits."""
    table = tables.Notice
    oldest = select(table.id).order_by(table.id).limit(FORGOTTEN_TOGETHER)
    over = (table.id.in_(oldest), table.created_at < now - KEPT, table.state != "waiting")
    session.execute(delete(table).where(*over).execution_options(synchronize_session=False))


def _order(session: Session, notice_ids: Sequence[int], *, now: datetime) -> None:
    jobs.enqueue(session, NOTIFY, {"notices": list(notice_ids)}, now=now, turn=jobs.LAST)


def _told(session: Session, row: tables.Notice, *, site: Site) -> dict[str, Any]:
    """Return what a subscriber is told of an award."""
    table = tables.Award
    query = (
        select(table, tables.Achievement.slug, tables.AchievementVersion.version, tables.Source.slug)
        .join(tables.Achievement, tables.Achievement.id == table.achievement_id)
        .join(tables.AchievementVersion, tables.AchievementVersion.id == table.achievement_version_id)
        .outerjoin(tables.Source, tables.Source.id == table.source_id)
        .where(table.id == row.award_id)
    )
    award, achievement, version, source = session.execute(query).one()
    return {
        "award": str(award.uuid),
        "state": row.award_state,
        "reason": row.award_reason,
        "achievement": achievement,
        "version": version,
        "scope": award.scope,
        "source": source,
        "awarded_at": instant.write(award.awarded_at),
        "learner": _learner(session, award, source or ""),
        "credential": None if row.type == PENDING else site.credential(award.credential_uuid),
    }


def _learner(session: Session, award: tables.Award, source: str) -> dict[str, str | None]:
    """Return by which names a subscriber may know the learner: those that their unit was told."""
    table = tables.LearnerIdentity
    rows = session.scalars(select(table).where(table.learner_id == award.learner_id, table.issuer_id == award.issuer_id).order_by(table.id))
    known = [row for row in rows if row.authority in {source, ""}]
    names = {row.kind: row.value for row in sorted(known, key=lambda row: row.authority == source)}
    return {
        "source_id": names.get("source_id"),
        "sis_id": names.get("sis_id"),
        "email": award.claims["email"] or names.get("email"),
        "did": award.claims["did"] or names.get("did"),
    }
