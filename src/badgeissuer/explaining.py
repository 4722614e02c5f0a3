"""Why did, or didn't, this learner get the badge? Out of what was kept of every event, decision and award."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import problem, reviewing
from badgeissuer.openbadges import identity
from badgeissuer.store import recorder, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

MOST = 200
"""Events and awards of one learner that are told, the newest ones."""
STATES = {
    "pending": "is about to be issued",
    "needs_identity": "waits for an address to issue to",
    "needs_approval": "waits for an approval",
    "on_hold": "is on hold",
    "issued": "is issued",
    "failed": "could not be issued",
    "cancelled": "was cancelled",
}
"""What is said of an award in each state, wherever one is shown to a person."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What is known of a learner.

    Attributes:
        summary: One sentence that answers the question.
        events: What sources said of them, oldest first, each with the decisions on it.
        awards: Their awards, oldest first, each with its reviews.
    """

    summary: str
    events: tuple[tuple[tables.LearningEvent, Sequence[tables.Decision]], ...]
    awards: tuple[tuple[tables.Award, Sequence[tables.Review]], ...]


def explain(session: Session, learner: str, *, issuer_id: int | None = None, achievement: tables.Achievement | None = None) -> Explained:
    """Return why a learner has a badge, or has none.

    Args:
        session: A reading session.
        learner: An e-mail address, a DID or an id that some source has for them.
        issuer_id: Within this issuer only, where one is given.
        achievement: Only awards of this one, and decisions of rules for it.

    Raises:
        problem.NotFound: Nobody is known by that name.
    """
    known = tables.LearnerIdentity
    people = select(known.learner_id).where(known.value.in_({learner, identity.normal_email(learner)}))
    ids = set(session.scalars(people if issuer_id is None else people.where(known.issuer_id == issuer_id)))
    if not ids:
        raise problem.NotFound("Nobody is known here by that address or id: no event about them has come, or it names them otherwise.")
    events = tuple((event, recorder.decisions(session, event, achievement=achievement)) for event in _events(session, ids))
    awards = tuple((award, reviewing.of_award(session, award)) for award in _awards(session, ids, achievement))
    return Explained(_summary(session, events, awards), events, awards)


def _events(session: Session, learners: set[int]) -> list[tables.LearningEvent]:
    table = tables.LearningEvent
    newest = select(table).where(table.learner_id.in_(learners)).order_by(table.id.desc()).limit(MOST)
    return list(reversed(session.scalars(newest).all()))


def _awards(session: Session, learners: set[int], achievement: tables.Achievement | None) -> list[tables.Award]:
    table = tables.Award
    newest = select(table).where(table.learner_id.in_(learners)).order_by(table.id.desc()).limit(MOST)
    if achievement is not None:
        newest = newest.where(table.achievement_id == achievement.id)
    return list(reversed(session.scalars(newest).all()))


def _summary(
    session: Session,
    events: Sequence[tuple[tables.LearningEvent, Sequence[tables.Decision]]],
    awards: Sequence[tuple[tables.Award, Sequence[tables.Review]]],
) -> str:
    """Return the sentence that answers the question: of the newest award, or of the newest decision."""
    if awards:
        award, reviews = awards[-1]
        if award.state == "issued":
            place = session.scalar(
                select(tables.StatusEntry).where(tables.StatusEntry.credential_uuid == award.credential_uuid, tables.StatusEntry.is_set)
            )
            if place is not None:
                return f"They had the badge, and it was revoked: {place.reason}"
            doubted = any(review.state == "open" for review in reviews)
            return "They have the badge" + (", but what earned it does not hold any more: a review is open." if doubted else ".")
        what = "award" if award.state == "cancelled" else "badge"
        return f"They earned it, but the {what} {STATES[award.state]}." + (f" {award.reason}" if award.reason else "")
    decisions = [decision for _, found in events for decision in found]
    if decisions:
        return f"They have not earned it. The newest decision: {decisions[-1].reason}"
    return "Events about them have come, but no rule looked at them." if events else "No event about them has come."
