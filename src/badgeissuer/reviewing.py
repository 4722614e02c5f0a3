"""Reviews: an award does not say any more what its grounds say, and somebody decides what becomes of the badge.

    open ──▶ kept (the badge stays)      open ──▶ revoked      open ──▶ reissued (another badge takes its place)

Nothing is revoked by itself unless the rule says so: gradebooks have errors too, and a learner must be told why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from badgeissuer import issuing, problem, standing, status
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.vc.document import JsonObject

LOST = ("changed", "voided", "withdrawn")
"""Kinds of reviews that say: what earned it does not hold any more."""
OFFERS = ("result", "earned")
"""Kinds of reviews that offer another badge."""
_US = "badgeissuer"


def open_case(
    session: Session,
    award: tables.Award,
    stored: tables.LearningEvent,
    *,
    kind: str,
    reason: str,
    now: datetime,
    offer: JsonObject | None = None,
) -> None:
    """Open a review of an award, unless one of its family is open: then what that offers is brought up to date.

    Args:
        session: A writing session, which holds the learner.
        award: The award.
        stored: The event that came now.
        kind: One of `tables.REVIEW_KINDS`.
        reason: Why, as a sentence.
        now: The moment.
        offer: What a new badge would say (`issuing.offer`); without it none can take its place.
    """
    table, family = tables.Review, LOST if kind in LOST else OFFERS
    same = select(table).where(table.award_id == award.id, table.state == "open", table.kind.in_(family)).limit(1)
    before = session.scalar(same.with_for_update())
    if before is not None:  # one question at a time: gradebooks say the same thing often
        if offer is not None:
            before.kind, before.reason, before.offer = kind, reason, offer
        return
    row = tables.Review(
        issuer_id=award.issuer_id,
        award_id=award.id,
        learning_event_id=stored.id,
        kind=kind,
        reason=reason,
        created_at=now,
        offer=offer,
    )
    engine.add_if_new(session, row)


def settle(session: Session, award: tables.Award, *, now: datetime) -> None:
    """Close the reviews of an award whose grounds hold after all, by what stands now; but not what a person closed."""
    table = tables.Review
    again = (table.award_id == award.id, table.state == "open", table.kind.in_(LOST))
    note = "What the sender has said since earns it again."
    session.execute(update(table).where(*again).values(state="kept", closed_at=now, closed_by=_US, note=note))


def withdraw_offers(session: Session, award: tables.Award, *, now: datetime) -> None:
    """Close the open reviews of an award that offer a badge for what does not stand any more."""
    table = tables.Review
    offers = (table.award_id == award.id, table.state == "open", table.kind.in_(OFFERS))
    for row in session.scalars(select(table).where(*offers)).all():
        if not _stands(session, row):
            _close(session, row, "kept", note="The sender has said something else since.", actor=_US, now=now)


def _stands(session: Session, row: tables.Review) -> bool:
    """Return whether what a review offers is still what the sender says."""
    event = session.get(tables.LearningEvent, (row.offer or {}).get("learning_event_id") or 0)
    return event is not None and event.id in standing.among(session, [event])


def take_away(session: Session, award: tables.Award, stored: tables.LearningEvent, *, kind: str, reason: str, now: datetime) -> None:
    """Revoke the badge of an award whose rule says so, or cancel what waits, and keep the case."""
    open_case(session, award, stored, kind=kind, reason=reason, now=now)
    table = tables.Review
    rows = session.scalars(select(table).where(table.award_id == award.id, table.state == "open")).all()
    if rows:
        _revoke(session, award, reason=reason, actor=_US, now=now)
    for row in rows:
        _close(session, row, "revoked", note="The rule says so.", actor=_US, now=now)


def find(session: Session, review_id: int) -> tables.Review:
    """Return a review, or raise `problem.NotFound`."""
    row = session.get(tables.Review, review_id)
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def resolve(
    session: Session, row: tables.Review, *, resolution: str, note: str, actor: str, randomness: issuing.Randomness, now: datetime
) -> tables.Review:
    """Close a review: the badge is kept; or revoked with the note as its reason; or another takes its place.

    A badge that is gone needs no other review, so those that are open are closed with it. One that is kept may go on to be issued.

    Raises:
        problem.Conflict: Somebody has closed it, or there is no badge that could be replaced.
        problem.Invalid: What a new badge would say does not fit the achievement any more.
    """
    session.refresh(row, with_for_update=True)
    if row.state != "open":
        raise problem.Conflict(f"This review was closed before: {row.state}, by {row.closed_by}.")
    award = session.get_one(tables.Award, row.award_id)
    if resolution == "revoked":
        _revoke(session, award, reason=note, actor=actor, now=now)
    elif resolution == "reissued":
        if row.offer is None:
            raise problem.Conflict("Nothing is offered that could take the place of the badge. Keep it or revoke it.")
        if not _stands(session, row):
            raise problem.Conflict("The sender has said something else since, so that what is offered does not hold. Keep it or revoke it.")
        issuing.reissue(session, award, row.offer, actor=actor, randomness=randomness, now=now)
    _close(session, row, resolution, note=note, actor=actor, now=now)
    if resolution == "kept":
        issuing.advance(session, award, randomness=randomness, now=now)
    else:
        for other in session.scalars(select(tables.Review).where(tables.Review.award_id == award.id, tables.Review.state == "open")):
            _close(session, other, resolution, note=note, actor=actor, now=now)
    session.flush()
    return row


def is_taken_away(session: Session, award: tables.Award) -> bool:
    """Return whether an award was cancelled or its badge revoked because its rule says so, and nobody has done so since."""
    table = tables.Review
    newest = select(table).where(table.award_id == award.id, table.state == "revoked").order_by(table.closed_at.desc()).limit(1)
    row = session.scalar(newest)
    return row is not None and row.closed_by == _US and (award.state != "cancelled" or award.reason == row.reason)


def of_award(session: Session, award: tables.Award) -> Sequence[tables.Review]:
    """Return the reviews of an award, oldest first."""
    return session.scalars(select(tables.Review).where(tables.Review.award_id == award.id).order_by(tables.Review.id)).all()


def _revoke(session: Session, award: tables.Award, *, reason: str, actor: str, now: datetime) -> None:
    session.refresh(award, with_for_update=True)
    if award.state == "issued":
        status.revoke(session, award.credential_uuid, reason=reason, actor=actor, now=now)
    elif award.state != "cancelled":  # one that was refused, or cancelled with a merge, keeps the reason of that
        award.state, award.reason = "cancelled", reason


def _close(session: Session, row: tables.Review, state: str, *, note: str, actor: str, now: datetime) -> None:
    row.state, row.note, row.closed_by, row.closed_at = state, note, actor, now
    session.flush()
