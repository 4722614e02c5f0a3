from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import func, select

from badgeissuer.store import engine as engines
from badgeissuer.store import status_entries, tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session


def place(session: Session, issuer_id: int, *positions: int, now: datetime) -> tuple[tables.StatusList, list[tables.StatusEntry]]:
    """Store a list with credentials at these positions."""
    status_list = tables.StatusList(issuer_id=issuer_id, purpose="revocation", length=131_072, created_at=now)
    session.add(status_list)
    session.flush()
    entries = [
        tables.StatusEntry(status_list_id=status_list.id, position=position, credential_uuid=uuid4(), purpose="revocation")
        for position in positions
    ]
    session.add_all(entries)
    session.flush()
    return status_list, entries


def change(session: Session, *entries: tables.StatusEntry, value: bool = True, now: datetime, reason: str | None = None) -> list[UUID]:
    """Set or clear bits; return the credentials of those that changed."""
    uuids = [entry.credential_uuid for entry in entries]
    lists, changed = status_entries.set_values(session, uuids, value, purpose="revocation", reason=reason, actor="token:t1", now=now)
    assert bool(lists) == bool(changed)
    return changed


def test_a_closed_list_still_takes_revocations(engine: Engine, issuer_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        status_list, (entry,) = place(session, issuer_id, 7, now=now)
        status_list.state = "full"
    with engines.writing(engine) as session:
        assert change(session, entry, now=now) == [entry.credential_uuid]
        assert status_entries.positions_set(session, status_list.id) == [7]


def test_a_bit_is_set_and_cleared_and_the_list_counts_the_changes(engine: Engine, issuer_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        status_list, (entry, _) = place(session, issuer_id, 9, 3, now=now)
    for value, reason, has_changed in ((True, "error", True), (True, "twice", False)):
        with engines.writing(engine) as session:
            assert bool(change(session, entry, value=value, reason=reason, now=now)) == has_changed
    with engines.reading(engine) as session:
        stored = session.get_one(tables.StatusEntry, entry.id)
        assert (stored.is_set, stored.reason, stored.changed_by, stored.changed_at) == (True, "error", "token:t1", now)
        assert status_entries.positions_set(session, status_list.id) == [9]
        assert session.get_one(tables.StatusList, status_list.id).changes == 1
    with engines.writing(engine) as session:
        assert change(session, entry, value=False, reason="it was right", now=now)
    with engines.reading(engine) as session:
        assert status_entries.positions_set(session, status_list.id) == []
        assert session.get_one(tables.StatusList, status_list.id).changes == 2


def test_bits_of_several_lists_are_set_at_once(session: Session, issuer_id: int, now: datetime) -> None:
    one, first = place(session, issuer_id, 500, 3, 131_071, 0, 77, now=now)
    other, second = place(session, issuer_id, 8, now=now)
    change(session, first[0], now=now)
    changed = change(
        session, *first[:4], *second, tables.StatusEntry(status_list_id=0, position=0, credential_uuid=uuid4(), purpose=""), now=now
    )
    assert set(changed) == {entry.credential_uuid for entry in (*first[1:4], *second)}
    assert sorted(status_entries.positions_set(session, one.id)) == [0, 3, 500, 131_071]
    assert (one.changes, other.changes, first[1].is_set) == (4, 1, True)


def test_what_changed_since_is_told_from_what_did_not(session: Session, issuer_id: int, now: datetime) -> None:
    status_list, (one, two, three, _) = place(session, issuer_id, 1, 2, 3, 4, now=now)
    change(session, one, now=now)
    change(session, two, three, now=now)
    change(session, two, value=False, now=now)
    since = [sorted(status_entries.changes_since(session, status_list.id, number)) for number in (0, 1, 3, 4)]
    assert since == [[(1, True), (2, False), (3, True)], [(2, False), (3, True)], [(2, False)], []]


def test_changes_made_at_once_are_all_counted(engine: Engine, issuer_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        _, entries = place(session, issuer_id, *range(16), now=now)
    start = threading.Barrier(32)

    def revoke(entry: tables.StatusEntry) -> bool:
        start.wait()
        with engines.writing(engine) as session:
            return bool(change(session, entry, now=now))

    with ThreadPoolExecutor(32) as pool:
        changed = Counter(pool.map(revoke, entries + entries))
    assert changed == {True: 16, False: 16}
    with engines.reading(engine) as session:
        assert session.scalars(select(tables.StatusList.changes)).one() == 16
        assert session.scalars(select(func.count()).where(tables.StatusEntry.is_set)).one() == 16
