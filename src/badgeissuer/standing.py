"""What counts now of all that sources have said: of each learner and item the newest of its kind, unless it was taken back.

An event is overtaken by a newer one of the same source, learner, item and series (its type, where the adapter names no series). One that
is voided counts no more, nor does what was said before a withdrawal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select
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


@dataclass(frozen=True, slots=True)
class Said:
    """What a source has said of a learner and an item.

    Attributes:
        counting: What of it counts now, the newest first.
        is_first: Whether nothing else was said.
    """

    counting: Sequence[tables.LearningEvent]
    is_first: bool


def of(session: Session, one: tables.LearningEvent) -> Sequence[tables.LearningEvent]:
    """Return what counts now of all that the source has said of the learner and the item of an event, the newest first."""
    return of_each(session, [one])[one.id].counting


def of_each(session: Session, ones: Sequence[tables.LearningEvent]) -> dict[int, Said]:
    """Return by the id of each event of one source what was said of its learner and its item."""
    same: dict[tuple[int, str], list[tables.LearningEvent]] = {
        (one.learner_id, one.item): [] for one in ones if one.learner_id is not None and one.item is not None
    }
    if same:
        learners, items = {learner for learner, _ in same}, {item for _, item in same}
        for row in session.scalars(_NEWEST, {"source": ones[0].source_id, "learners": list(learners), "items": list(items)}):
            same.get((row.learner_id or 0, row.item or ""), []).append(row)
    found = {one.id: same.get((one.learner_id, one.item), []) for one in ones}  # type: ignore[arg-type]
    found = {one.id: found[one.id] if any(row.id == one.id for row in found[one.id]) else [*found[one.id], one] for one in ones}
    keys = sorted({row.key for rows in found.values() for row in rows})
    voided = {key for some in _portions(keys) for key in taken_back(session, ones[0].source_id, some)} if keys else set()
    return {event_id: Said(_counting(rows, voided), len(rows) == 1) for event_id, rows in found.items()}


def _newest() -> Select[tables.LearningEvent]:
    """Return the query of what a source has said of learners and items, of each type the newest."""
    table = tables.LearningEvent
    same = (
        table.source_id == bindparam("source"),
        table.learner_id.in_(bindparam("learners", expanding=True)),
        table.item.in_(bindparam("items", expanding=True)),
    )
    newest = (func.coalesce(table.occurred_at, table.created_at).desc(), table.key.desc())
    place = func.row_number().over(partition_by=(table.learner_id, table.item, table.type), order_by=newest).label("place")
    last = select(table.id, place).where(*same).subquery()
    return select(table).join(last, last.c.id == table.id).where(last.c.place <= MOST_SAID)


_NEWEST = _newest()


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
    return {key for key in session.scalars(_TAKEN_BACK, {"source": source_id, "keys": list(keys)}) if key}


_TAKEN_BACK = select(tables.LearningEvent.voids).where(
    tables.LearningEvent.source_id == bindparam("source"), tables.LearningEvent.voids.in_(bindparam("keys", expanding=True))
)
