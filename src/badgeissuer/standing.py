"""What counts now of all that sources have said: of each learner and item the newest of its kind, unless it was taken back.

An event is overtaken by a newer one of the same source, learner, item and series (its type, where the adapter names no series). One that
is voided counts no more, nor does what was said before a withdrawal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

MOST_SAID = 100
"""Events about one learner and item that are looked at, the newest ones: what is older was overtaken long ago."""


def when(happened: tables.LearningEvent) -> tuple[datetime, str]:
    """Return what orders events: when they happened, or came where the sender does not say; of the same moment, by their keys."""
    came = happened.created_at
    return min(happened.occurred_at or came, came), happened.key  # a sender's clock may run ahead: nothing happens before it is told


def of(session: Session, one: tables.LearningEvent) -> list[tables.LearningEvent]:
    """Return what counts now of all that the source has said of the learner and the item of an event, the newest first."""
    table = tables.LearningEvent
    said = [one]
    if one.learner_id is not None and one.item is not None:
        same = (table.source_id == one.source_id, table.learner_id == one.learner_id, table.item == one.item)
        newest = func.coalesce(table.occurred_at, table.created_at).desc()
        said = list(session.scalars(select(table).where(*same).order_by(newest, table.key.desc()).limit(MOST_SAID)))
        said += [] if any(item.id == one.id for item in said) else [one]
    voided = taken_back(session, one.source_id, [item.key for item in said])
    found: dict[str, tables.LearningEvent] = {}
    counting = (item for item in said if item.key not in voided and item.voids is None)
    for item in sorted(counting, key=when, reverse=True):
        if item.document.get("withdraws"):
            break
        found.setdefault(item.document.get("series") or item.type, item)
    return list(found.values())


def among(session: Session, events: Iterable[tables.LearningEvent]) -> set[int]:
    """Return the ids of those events that stand."""
    found: set[int] = set()
    asked = set()
    for event in events:
        place = (event.source_id, event.learner_id, event.item) if event.item is not None else event.id
        if place not in asked:
            asked.add(place)
            found.update(item.id for item in of(session, event))
    return found


def taken_back(session: Session, source_id: int, keys: Iterable[str]) -> set[str]:
    """Return those keys of a source's events that the source has taken back, before they came or since."""
    table = tables.LearningEvent
    return {key for key in session.scalars(select(table.voids).where(table.source_id == source_id, table.voids.in_(list(keys)))) if key}
