"""What the flight recorder kept: the questions that several places ask of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def decisions(session: Session, event: tables.LearningEvent, *, achievement: tables.Achievement | None = None) -> Sequence[tables.Decision]:
    """Return the decisions on an event, oldest first: of every rule, or of those for one achievement."""
    table = tables.Decision
    query = select(table).where(table.learning_event_id == event.id).order_by(table.id)
    if achievement is not None:
        query = query.join(tables.Rule, tables.Rule.id == table.rule_id).where(tables.Rule.achievement_id == achievement.id)
    return session.scalars(query).all()
