from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text

from badgeissuer import problem
from badgeissuer.store import engine as engines
from badgeissuer.store import status_entries, tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

THREADS = 64
FILL = {
    "sqlite": """
        INSERT INTO status_entry (status_list_id, position, credential_uuid, purpose, is_set)
        WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
        SELECT :list_id, i, printf('%032x', i), 'revocation', false FROM n
    """,
    "postgresql": """
        INSERT INTO status_entry (status_list_id, position, credential_uuid, purpose, is_set)
        SELECT :list_id, i, lpad(to_hex(i), 32, '0')::uuid, 'revocation', false FROM generate_series(0, :count - 1) AS n (i)
    """,
}


def drawing(*positions: int) -> Callable[[int], int]:
    """A source of randomness that draws these positions in this order."""
    remaining = list(positions)
    return lambda length: remaining.pop(0) % length


def allocate(
    session: Session,
    issuer_id: int,
    *,
    now: datetime,
    randrange: Callable[[int], int],
    credential_uuid: UUID | None = None,
    purpose: str = "revocation",
) -> tuple[tables.StatusList, tables.StatusEntry]:
    return status_entries.allocate(
        session, issuer_id, credential_uuid=credential_uuid or uuid4(), purpose=purpose, randrange=randrange, now=now
    )


def test_the_first_allocation_opens_a_list_of_131072_places(session: Session, issuer_id: int, now: datetime) -> None:
    credential_uuid = uuid4()
    status_list, entry = allocate(session, issuer_id, credential_uuid=credential_uuid, randrange=drawing(4711), now=now)
    assert (status_list.issuer_id, status_list.purpose, status_list.length, status_list.state) == (issuer_id, "revocation", 131_072, "open")
    assert (entry.status_list_id, entry.position, entry.credential_uuid, entry.is_set) == (status_list.id, 4711, credential_uuid, False)


def test_a_position_is_drawn_from_the_whole_list(session: Session, issuer_id: int, now: datetime) -> None:
    asked = []

    def randrange(length: int) -> int:
        asked.append(length)
        return length - 1

    _, entry = allocate(session, issuer_id, randrange=randrange, now=now)
    assert (asked, entry.position) == ([131_072], 131_071)


def test_a_taken_position_is_drawn_again(session: Session, issuer_id: int, now: datetime) -> None:
    first, _ = allocate(session, issuer_id, randrange=drawing(5), now=now)
    second, entry = allocate(session, issuer_id, randrange=drawing(5, 5, 6), now=now)
    assert (second, entry.position) == (first, 6)


def test_the_same_credential_keeps_its_place(session: Session, issuer_id: int, now: datetime) -> None:
    credential_uuid = uuid4()
    first = allocate(session, issuer_id, credential_uuid=credential_uuid, randrange=drawing(5), now=now)
    again = allocate(session, issuer_id, credential_uuid=credential_uuid, randrange=drawing(), now=now)
    assert again == first


def test_each_purpose_has_a_list_and_a_place_of_its_own(session: Session, issuer_id: int, now: datetime) -> None:
    credential_uuid = uuid4()
    revocation, _ = allocate(session, issuer_id, credential_uuid=credential_uuid, randrange=drawing(5), now=now)
    suspension, entry = allocate(session, issuer_id, credential_uuid=credential_uuid, purpose="suspension", randrange=drawing(5), now=now)
    assert revocation.id != suspension.id
    assert (suspension.purpose, entry.purpose, entry.position) == ("suspension", "suspension", 5)


def test_issuers_do_not_share_lists(session: Session, issuer_id: int, now: datetime) -> None:
    other = tables.Issuer(slug="physics", name="Department of Physics", did_method="key", created_at=now)
    session.add(other)
    session.flush()
    first, _ = allocate(session, issuer_id, randrange=drawing(5), now=now)
    second, _ = allocate(session, other.id, randrange=drawing(5), now=now)
    assert (first.issuer_id, second.issuer_id) == (issuer_id, other.id)


def test_a_broken_source_of_randomness_is_noticed(session: Session, issuer_id: int, now: datetime) -> None:
    allocate(session, issuer_id, randrange=lambda _: 0, now=now)
    with pytest.raises(problem.Fault, match="randomness"):
        allocate(session, issuer_id, randrange=lambda _: 0, now=now)


def fill(engine: Engine, issuer_id: int, *, count: int, now: datetime) -> int:
    """Store an open list whose first `count` places are taken, and return its id."""
    with engines.writing(engine) as session:
        status_list = tables.StatusList(issuer_id=issuer_id, purpose="revocation", length=131_072, created_at=now)
        session.add(status_list)
        session.flush()
        session.execute(text(FILL[engine.dialect.name]), {"list_id": status_list.id, "count": count})
        return status_list.id


def test_a_list_that_is_filling_up_is_closed_at_80_per_cent(engine: Engine, issuer_id: int, now: datetime) -> None:
    list_id = fill(engine, issuer_id, count=104_857, now=now)
    with engines.writing(engine) as session:
        below, entry = allocate(session, issuer_id, randrange=drawing(7, 120_000), now=now)
        assert (below.id, below.state, entry.position) == (list_id, "open", 120_000)
        lucky, _ = allocate(session, issuer_id, randrange=drawing(120_001), now=now)
        assert (lucky.id, lucky.state) == (list_id, "open")
        following, entry = allocate(session, issuer_id, randrange=drawing(7, 8), now=now)
        assert (following.id != list_id, following.state, entry.position) == (True, "open", 8)
        assert session.get_one(tables.StatusList, list_id).state == "full"
        again, _ = allocate(session, issuer_id, randrange=drawing(7), now=now)
        assert again.id == following.id


def test_a_closed_list_still_takes_revocations(engine: Engine, issuer_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        status_list, entry = allocate(session, issuer_id, randrange=drawing(7), now=now)
        status_list.state = "full"
    with engines.writing(engine) as session:
        assert status_entries.set_value(session, entry, True, reason=None, actor="test", now=now)
        assert status_entries.positions_set(session, status_list.id) == [7]


@pytest.mark.parametrize("places", [131_072, 100], ids=["a whole list", "100 places"])
def test_64_threads_get_64_places(engine: Engine, issuer_id: int, now: datetime, places: int) -> None:
    """The first allocations race to open a list, so there may be several; with 100 places nearly every draw collides with others."""
    start = threading.Barrier(THREADS)

    def one(seed: int) -> tuple[int, int]:
        rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
        start.wait()
        with engines.writing(engine) as session:
            status_list, entry = allocate(session, issuer_id, randrange=lambda _: rng.randrange(places), now=now)
            return status_list.id, entry.position

    with ThreadPoolExecutor(THREADS) as pool:
        places_given = list(pool.map(one, range(THREADS)))
    assert len(set(places_given)) == THREADS
    with engines.reading(engine) as session:
        entry = tables.StatusEntry
        stored = session.execute(select(entry.status_list_id, entry.position).order_by(entry.status_list_id, entry.position)).all()
    assert stored == sorted(places_given)


def test_64_threads_for_one_credential_get_one_place(engine: Engine, issuer_id: int, now: datetime) -> None:
    start = threading.Barrier(THREADS)
    credential_uuid = uuid4()

    def one(seed: int) -> int:
        rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
        start.wait()
        with engines.writing(engine) as session:
            return allocate(session, issuer_id, credential_uuid=credential_uuid, randrange=rng.randrange, now=now)[1].id

    with ThreadPoolExecutor(THREADS) as pool:
        assert len(set(pool.map(one, range(THREADS)))) == 1


def test_an_allocation_that_is_rolled_back_leaves_its_place_free(engine: Engine, issuer_id: int, now: datetime) -> None:
    def allocate_and_fail() -> None:
        with engines.writing(engine) as session:
            allocate(session, issuer_id, randrange=drawing(5), now=now)
            raise LookupError

    with pytest.raises(LookupError):
        allocate_and_fail()
    with engines.writing(engine) as session:
        assert allocate(session, issuer_id, randrange=drawing(5), now=now)[1].position == 5


def test_a_bit_is_set_and_cleared_and_the_list_counts_the_changes(engine: Engine, issuer_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        status_list, entry = allocate(session, issuer_id, randrange=drawing(9), now=now)
        allocate(session, issuer_id, randrange=drawing(3), now=now)

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
    for position in (500, 3, 131_071, 0, 77):
        status_list, entry = allocate(session, issuer_id, randrange=drawing(position), now=now)
        status_entries.set_value(session, entry, position != 77, reason=None, actor="test", now=now)
    assert status_entries.positions_set(session, status_list.id) == [0, 3, 500, 131_071]
    assert status_list.changes == 4


def test_changes_made_at_once_are_all_counted(engine: Engine, issuer_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        entries = [allocate(session, issuer_id, randrange=drawing(position), now=now)[1] for position in range(16)]
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


def test_a_locked_list_does_not_keep_allocations_waiting_on_postgresql(postgresql_engine: Engine, now: datetime) -> None:
    with engines.writing(postgresql_engine) as session:
        issuer = tables.Issuer(slug="i", name="I", did_method="key", created_at=now)
        session.add(issuer)
        session.flush()
        status_list, _ = allocate(session, issuer.id, randrange=drawing(1), now=now)
    with ThreadPoolExecutor(1) as pool, engines.writing(postgresql_engine) as revoking:
        status_entries.locked(revoking, status_list.id).changes += 1
        revoking.flush()

        def other() -> int:
            with engines.writing(postgresql_engine) as session:
                return allocate(session, issuer.id, randrange=drawing(2), now=now)[1].position

        assert pool.submit(other).result(timeout=5) == 2
