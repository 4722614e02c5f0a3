"""What the flight recorder kept: the questions that several places ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from badgeissuer.openbadges import identity
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are wanted; what is None is no condition.

    Attributes:
        learner: An e-mail address, a DID or an id that the sender, or any other, has for the learner.
        course: The course's id as the event has it.
        type: The event's name in the sender's words.
        since: Came then or later.
        until: Came before then.
    """

    learner: str | None = None
    course: str | None = None
    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def narrowed(query: Select[tables.LearningEvent], wanted: Wanted) -> Select[tables.LearningEvent]:
    """Return a query of events, joined with their sources, for those that are wanted."""
    table, conditions = tables.LearningEvent, []
    if wanted.learner is not None:
        named, known = tables.EventSubject, tables.LearnerIdentity
        values = {wanted.learner, identity.normal_email(wanted.learner)}
        called = select(named.learning_event_id).where(named.value.in_(values))
        recognised = select(known.learner_id).where(known.value.in_(values), known.issuer_id == tables.Source.issuer_id)
        conditions.append(or_(table.id.in_(called), table.learner_id.in_(recognised)))
    if wanted.course is not None:
        conditions.append(table.course == wanted.course)
    if wanted.type is not None:
        conditions.append(table.type == wanted.type)
    if wanted.since is not None:
        conditions.append(table.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(table.created_at < wanted.until)
    return query.where(*conditions)


def decisions(session: Session, event: tables.LearningEvent, *, achievement: tables.Achievement | None = None) -> Sequence[tables.Decision]:
    """Return the decisions on an event, oldest first: of every rule, or of those for one achievement."""
    table = tables.Decision
    query = select(table).where(table.learning_event_id == event.id).order_by(table.id)
    if achievement is not None:
        query = query.join(tables.Rule, tables.Rule.id == table.rule_id).where(tables.Rule.achievement_id == achievement.id)
    return session.scalars(query).all()
