from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

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


def test_a_closed_list_still_takes_revocations(engine: Engine, issuer_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        status_list, (entry,) = place(session, issuer_id, 7, now=now)
        status_list.state = "full"
    with engines.writing(engine) as session:
        assert status_entries.set_value(session, entry, True, reason=None, actor="test", now=now)
        assert status_entries.positions_set(session, status_list.id) == [7]


def test_a_bit_is_set_and_cleared_and_the_list_counts_the_changes(engine: Engine, issuer_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        status_list, (entry, _) = place(session, issuer_id, 9, 3, now=now)

    def change(value: bool, *, reason: str) -> bool:  # noqa: FBT001 - as the function under test
        with engines.writing(engine) as session:
            return status_entries.set_value(session, entry, value, reason=reason, actor="token:t1", now=now)

    assert [change(True, reason="error"), change(True, reason="twice")] == [True, False]
    with engines.reading(engine) as session:
        stored = session.get_one(tables.StatusEntry, entry.id)
        assert (stored.is_set, stored.reason, stored.changed_by, stored.changed_at) == (True, "error", "token:t1", now)
        assert status_entries.positions_set(session, status_list.id) == [9]
        assert session.get_one(tables.StatusList, status_list.id).changes == 1
    assert change(False, reason="it was right")
    with engines.reading(engine) as session:
        assert status_entries.positions_set(session, status_list.id) == []
        assert session.get_one(tables.StatusList, status_list.id).changes == 2


def test_positions_come_in_order(session: Session, issuer_id: int, now: datetime) -> None:
    status_list, entries = place(session, issuer_id, 500, 3, 131_071, 0, 77, now=now)
    for entry in entries:
        status_entries.set_value(session, entry, entry.position != 77, reason=None, actor="test", now=now)
    assert status_entries.positions_set(session, status_list.id) == [0, 3, 500, 131_071]
    assert status_list.changes == 4


def test_changes_made_at_once_are_all_counted(engine: Engine, issuer_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        _, entries = place(session, issuer_id, *range(16), now=now)
    start = threading.Barrier(32)

    def revoke(entry: tables.StatusEntry) -> bool:
        start.wait()
        with engines.writing(engine) as session:
            return status_entries.set_value(session, entry, True, reason=None, actor="test", now=now)

    with ThreadPoolExecutor(32) as pool:
        changed = Counter(pool.map(revoke, entries + entries))
    assert changed == {True: 16, False: 16}
    with engines.reading(engine) as session:
        assert session.scalars(select(tables.StatusList.changes)).one() == 16
        assert session.scalars(select(func.count()).where(tables.StatusEntry.is_set)).one() == 16
