"""What counts now of all that sources have said: of each learner and item the newest of its kind, unless it was taken back.

An event is overtaken by a newer one of the same source, learner, item and series (its type, where the adapter names no series). One that
is voided counts no more, nor does what was said before a withdrawal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

MOST_SAID = 100
"""Events of a type about one learner and item that are looked at, the newest ones: what is older was overtaken long ago."""
REWEIGH = "reweigh_learner"
"""The job that asks of a learner, who was another before, whether what they have reached is enough now."""
_FEW = 4
"""So many items are asked about one by one."""
_MOST_NAMES = 500
"""Names in one statement."""


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
        newest = (func.coalesce(table.occurred_at, table.created_at).desc(), table.key.desc())
        place = func.row_number().over(partition_by=table.type, order_by=newest).label("place")
        last = select(table.id, place).where(*same).subquery()
        said = list(session.scalars(select(table).join(last, last.c.id == table.id).where(last.c.place <= MOST_SAID)))
        said += [] if any(item.id == one.id for item in said) else [one]
    return _counting(said, taken_back(session, one.source_id, [item.key for item in said]))


def _counting(said: Iterable[tables.LearningEvent], voided: set[str]) -> list[tables.LearningEvent]:
    """Return what counts of all that was said of one item, the newest first."""
    found: dict[str, tables.LearningEvent] = {}
    counting = (item for item in said if item.key not in voided and item.voids is None)
    for item in sorted(counting, key=when, reverse=True):
        if item.document.get("withdraws"):
            break
        found.setdefault(item.document.get("series") or item.type, item)
    return list(found.values())


def among(session: Session, events: Sequence[tables.LearningEvent]) -> set[int]:
    """Return the ids of those events of one learner that stand; with few statements, however many items they are about."""
    found: set[int] = set()
    places: dict[int, dict[str, list[tables.LearningEvent]]] = {}
    for event in events:
        if event.item is None or event.learner_id is None:
            found.update(item.id for item in of(session, event))
        else:
            places.setdefault(event.source_id, {}).setdefault(event.item, []).append(event)
    for source_id, items in places.items():
        for some in _portions(sorted(items)):
            own = {name: items[name] for name in some}
            found |= (
                _among_items(session, source_id, own)
                if len(own) > _FEW
                else {row.id for one in own.values() for row in of(session, one[0])}
            )
    return found


def _among_items(session: Session, source_id: int, items: Mapping[str, Sequence[tables.LearningEvent]]) -> set[int]:
    """Return the ids of what stands of items of one learner."""
    table, learner_id = tables.LearningEvent, next(iter(items.values()))[0].learner_id
    said: dict[str, list[tables.LearningEvent]] = {}
    same = (table.source_id == source_id, table.learner_id == learner_id, table.item.in_(list(items)))
    for row in session.scalars(select(table).where(*same)):
        said.setdefault(row.item or "", []).append(row)
    voided = {
        key for some in _portions([row.key for rows in said.values() for row in rows]) for key in taken_back(session, source_id, some)
    }
    return {row.id for rows in said.values() for row in _counting(rows, voided)}


def _portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[at : at + _MOST_NAMES] for at in range(0, len(names), _MOST_NAMES))


def taken_back(session: Session, source_id: int, keys: Iterable[str]) -> set[str]:
    """Return those keys of a source's events that the source has taken back, before they came or since."""
    table = tables.LearningEvent
    return {key for key in session.scalars(select(table.voids).where(table.source_id == source_id, table.voids.in_(list(keys)))) if key}
