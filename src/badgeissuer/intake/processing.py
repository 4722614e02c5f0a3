"""Deliveries become decisions: their events are read, stored and put before the rules; those that wait together in one transaction."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from badgeissuer import connecting, deciding, identifying, merging, recognising
from badgeissuer.awarding import adapter, completion, incoming, members
from badgeissuer.intake.deliveries import PROCESS, require_whole
from badgeissuer.store import bulk, engine, jobs, tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer import issuing
    from badgeissuer.awarding import event

CHUNK = 250
"""Events that are decided on in one transaction."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done of a delivery.

    Attributes:
        delivery: The number of its row.
        start: The number of the event to begin with.
        again: Whether to put events that were decided on before rules that have come since.
    """

    delivery: int
    start: int = 0
    again: bool = False

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Order:
        """Return the order that a job has."""
        return cls(payload["delivery"], payload.get("start", 0), payload.get("again", False))


@dataclass(frozen=True, slots=True)
class _Read:
    """An event of a delivery, with itself as it was sent."""

    order: Order
    happened: event.LearningEvent
    raw: Any


def process(
    session: Session, delivery_id: int, *, randomness: issuing.Randomness, now: datetime, again: bool = False, start: int = 0
) -> None:
    """Process one delivery, or a chunk of it, as `process_all` does."""
    process_all(session, [Order(delivery_id, start, again)], randomness=randomness, now=now)


def process_all(session: Session, orders: Sequence[Order], *, randomness: issuing.Randomness, now: datetime) -> None:
    """Read the events of deliveries, put them before the rules that listen to their sources, and store every decision with its reason.

    What is more than a chunk is left to a transaction of its own, which this one queues. An event that came in another delivery before is
    not decided on again.

    Args:
        session: A writing session.
        orders: The deliveries.
        randomness: Where unpredictable values come from.
        now: The moment.

    Raises:
        problem.Problem: One of them cannot be read; nothing is done of any.
    """
    table = tables.Delivery
    query = select(table).where(table.id.in_({order.delivery for order in orders})).order_by(table.id).with_for_update()
    rows = {row.id: row for row in session.scalars(query.execution_options(populate_existing=True))}
    sources = tables.Source
    owners = select(sources).where(sources.id.in_({row.source_id for row in rows.values()})).order_by(sources.id)
    found = {row.id: row for row in session.scalars(owners)}
    read: list[tuple[int, list[_Read]]] = []
    room = CHUNK
    for order in orders:
        row = rows[order.delivery]
        if row.state == "processed" and not order.again:
            continue
        chunk, is_last = _read(row, found[row.source_id], order, room=room) if room else ([], False)
        room -= len(chunk)
        read.append((row.source_id, chunk))
        if is_last:
            row.state, row.reason = "processed", None
        else:
            jobs.enqueue(session, PROCESS, {"delivery": row.id, "again": order.again, "start": order.start + len(chunk)}, now=now)
    for source_id, some in itertools.groupby(read, key=lambda item: item[0]):  # in the order in which they came
        events = [one for _, chunk in some for one in chunk]
        _process(session, found[source_id], events, randomness=randomness, now=now)


def _read(row: tables.Delivery, found: tables.Source, order: Order, *, room: int) -> tuple[list[_Read], bool]:
    """Return the events of a delivery for which there is room, and whether they are its last."""
    require_whole(row)
    given = None if completion.RECONCILED in row.headers else incoming.read(row.payload, row.headers)
    events = completion.unpack(row.payload) if given is None else adapter.read(found.adapter, given, connecting.reading_of(found))
    end = order.start + room
    chunk = [
        # a list that was made here (`reconciling`) is in our own words, and no rule looks into those
        _Read(order, happened, None if given is None else members.at(given.value, happened.pointer))
        for happened in events[order.start : end]
    ]
    return chunk, end >= len(events)


def _process(session: Session, found: tables.Source, read: Sequence[_Read], *, randomness: issuing.Randomness, now: datetime) -> None:
    """Store the events of one source and decide on them."""
    _take_turns(session, found, read)
    heard = _stored(session, found, read, now=now)
    deciding.decide(session, found, heard, randomness=randomness, now=now)
    merging.follow(session, [one.stored for one in heard])
    identifying.doubt(session, [(one.happened.learner, one.stored) for one in heard], source=found, now=now)


def _take_turns(session: Session, found: tables.Source, read: Sequence[_Read]) -> None:
    """Wait for whoever takes back events of the source at this moment; who takes some back waits for all others.

    Else two transactions could store an event and its voiding without either seeing the other.
    """
    if session.get_bind().dialect.name == "postgresql":  # the other database has one writer
        alone: Any = {"key_share": True} if any(one.happened.voids for one in read) else {"read": True}
        session.get_one(tables.Source, found.id, with_for_update=alone)


_SAME = select(tables.LearningEvent).where(
    tables.LearningEvent.source_id == bindparam("source"), tables.LearningEvent.key.in_(bindparam("keys", expanding=True))
)


def _stored(session: Session, found: tables.Source, read: Sequence[_Read], *, now: datetime) -> list[deciding.Heard]:
    """Return the events that are to be decided on, with their rows, in the order given; not those that came before."""
    first: dict[str, _Read] = {}
    for one in read:
        first.setdefault(one.happened.key, one)
    rows = engine.add_all_new(session, [_event_row(one, found, now=now) for one in first.values()])
    new = {row.key: row for row in rows}
    names = [
        (row.id, value)
        for key, row in new.items()
        for value in sorted({item.value for item in recognising.identities(first[key].happened.learner, authority=found.slug)})
    ]
    bulk.add(session, tables.EventSubject, ("learning_event_id", "value"), names)
    heard = [deciding.Heard(one.happened, new[key], one.raw, is_new=True) for key, one in first.items() if key in new]
    again = {one.happened.key: one for one in read if one.order.again and one.happened.key not in new}
    if again:
        before = {row.key: row for row in session.scalars(_SAME, {"source": found.id, "keys": list(again)})}
        heard += [deciding.Heard(one.happened, before[key], one.raw) for key, one in again.items()]
    return heard


def _event_row(one: _Read, found: tables.Source, *, now: datetime) -> tables.LearningEvent:
    happened = one.happened
    return tables.LearningEvent(
        delivery_id=one.order.delivery,
        source_id=found.id,
        key=happened.key,
        type=happened.type,
        document=happened.to_json(),
        created_at=now,
        course=happened.course,
        occurred_at=happened.occurred_at,
        item=happened.item,
        voids=happened.voids,
    )
