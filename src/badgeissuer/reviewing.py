"""Reviews: what earned a badge does not hold any more, and somebody decides what becomes of the badge.

    open ──▶ kept (the badge stays)      open ──▶ revoked

Nothing is revoked by itself: gradebooks have errors too, and a learner must be told why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from badgeissuer import problem, status
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.awarding import event

RESOLUTIONS = ("kept", "revoked")
WAITING = ("needs_identity", "needs_approval", "on_hold", "failed")
"""States of awards without a badge, which are cancelled where a badge would be revoked."""


def when(happened: tables.LearningEvent) -> tuple[datetime, str]:
    """Return what orders events: when they happened, or came where the sender does not say; of the same moment, by their keys."""
    came = happened.created_at
    return min(happened.occurred_at or came, came), happened.key  # a sender's clock may run ahead: nothing happens before it is told


def is_taken_back(session: Session, stored: tables.LearningEvent) -> bool:
    """Return whether the sender has taken an event back, before or since."""
    table = tables.LearningEvent
    return session.scalar(select(table.id).where(table.source_id == stored.source_id, table.voids == stored.key).limit(1)) is not None


def look_back(session: Session, stored: tables.LearningEvent, happened: event.LearningEvent, *, issuer_id: int, now: datetime) -> None:
    """Open a review of each award whose grounds an event takes back.

    Args:
        session: A writing session, which holds the learner.
        stored: The event's row.
        happened: The event.
        issuer_id: Whose source it is from.
        now: The moment.
    """
    table, award = tables.LearningEvent, tables.Award
    grounds = select(award, table).join(table, award.learning_event_id == table.id).where(table.source_id == stored.source_id)
    if happened.voids is not None:
        for found, _ in session.execute(grounds.where(table.key == happened.voids)):
            _open(session, found, stored, kind="voided", reason="The sender has taken back what earned it.", issuer_id=issuer_id, now=now)
    if happened.withdraws and not is_taken_back(session, stored) and stored.learner_id is not None and stored.item is not None:
        same = (award.learner_id == stored.learner_id, table.item == stored.item, table.id != stored.id)
        for found, before in session.execute(grounds.where(*same)):
            if when(before) <= when(stored):
                reason = "The sender says that what earned it counts no more."
                _open(session, found, stored, kind="withdrawn", reason=reason, issuer_id=issuer_id, now=now)


def changed(
    session: Session, stored: tables.LearningEvent, rule: tables.Rule, learner: tables.Learner, *, reason: str, now: datetime
) -> None:
    """Open a review of what a rule has awarded to a learner for the item of an event, now that nothing of it that stands earns it.

    Args:
        session: A writing session, which holds the learner.
        stored: The event that came now.
        rule: The rule.
        learner: The learner.
        reason: Why it does not hold.
        now: The moment.
    """
    table, award = tables.LearningEvent, tables.Award
    query = select(award).join(table, award.learning_event_id == table.id)
    same = (table.source_id == stored.source_id, table.type == stored.type, table.item == stored.item)
    for found in session.scalars(query.where(award.rule_id == rule.id, award.learner_id == learner.id, *same)):
        _open(session, found, stored, kind="changed", reason=reason, issuer_id=found.issuer_id, now=now)


def settle(session: Session, award: tables.Award, *, now: datetime) -> None:
    """Close the open reviews of an award that is earned after all, by what stands now."""
    table, note = tables.Review, "What the sender has said since earns it again."
    closed = {"state": "kept", "closed_at": now, "closed_by": "badgeissuer", "note": note}
    session.execute(update(table).where(table.award_id == award.id, table.state == "open").values(closed))  # but not what a person closed


def _open(
    session: Session, award: tables.Award, stored: tables.LearningEvent, *, kind: str, reason: str, issuer_id: int, now: datetime
) -> None:
    row = tables.Review(issuer_id=issuer_id, award_id=award.id, learning_event_id=stored.id, kind=kind, reason=reason, created_at=now)
    engine.add_if_new(session, row)


def find(session: Session, review_id: int) -> tables.Review:
    """Return a review, or raise `problem.NotFound`."""
    row = session.get(tables.Review, review_id)
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def resolve(session: Session, row: tables.Review, *, resolution: str, note: str, actor: str, now: datetime) -> tables.Review:
    """Close a review: the badge is kept, or revoked with the note as its reason.

    Raises:
        problem.Conflict: Somebody has closed it, or there is no badge that could be revoked.
    """
    session.refresh(row, with_for_update=True)
    if row.state != "open":
        raise problem.Conflict(f"This review was closed before: {row.state}, by {row.closed_by}.")
    award = session.get_one(tables.Award, row.award_id)
    if resolution == "revoked":
        if award.state == "issued":
            status.revoke(session, award.credential_uuid, reason=note, actor=actor, now=now)
        elif award.state in WAITING:
            award.state, award.reason = "cancelled", note
        else:
            raise problem.Conflict(f"There is no badge to revoke: the award is {award.state}.")
    row.state, row.note, row.closed_by, row.closed_at = resolution, note, actor, now
    session.flush()
    return row


def of_award(session: Session, award: tables.Award) -> Sequence[tables.Review]:
    """Return the reviews of an award, oldest first."""
    return session.scalars(select(tables.Review).where(tables.Review.award_id == award.id).order_by(tables.Review.id)).all()
