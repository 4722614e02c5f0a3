from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from badgeissuer import problem
from badgeissuer.store import engine as engines
from badgeissuer.store import status_places, tables
from badgeissuer.vc import permutation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

FULL = 104_857


@dataclass(frozen=True, slots=True)
class Seeded:
    """Randomness that is the same in each run."""

    randrange: Callable[[int], int]


def seeded(seed: int = 1) -> Seeded:
    return Seeded(random.Random(seed).randrange)  # noqa: S311 - repeatable on purpose


def reserve(
    session: Session,
    issuer_id: int,
    uuids: Sequence[UUID] | int,
    *,
    now: datetime,
    purpose: str = "revocation",
    randomness: Seeded | None = None,
) -> list[tuple[int, int]]:
    """Reserve places; return list and position of each."""
    wanted = [uuid4() for _ in range(uuids)] if isinstance(uuids, int) else uuids
    given = status_places.reserve(session, issuer_id, wanted, purpose=purpose, randomness=randomness or seeded(), now=now)
    return [(status_list.id, position) for status_list, position in given]


def stored(session: Session) -> dict[UUID, tuple[int, int]]:
    entry = tables.StatusEntry
    return {row[0]: (row[1], row[2]) for row in session.execute(select(entry.credential_uuid, entry.status_list_id, entry.position))}


def lists(session: Session) -> list[tables.StatusList]:
    return list(session.scalars(select(tables.StatusList).order_by(tables.StatusList.id)))


def test_the_first_reservation_opens_two_lists_with_keys_of_their_own(session: Session, issuer_id: int, now: datetime) -> None:
    (first,) = reserve(session, issuer_id, [uuid4()], now=now)
    opened = lists(session)
    assert [(row.issuer_id, row.purpose, row.length, row.state) for row in opened] == [(issuer_id, "revocation", 131_072, "open")] * 2
    counters = session.scalars(select(tables.StatusCounter).order_by(tables.StatusCounter.status_list_id)).all()
    assert sorted(row.counted for row in counters) == [0, 1]
    assert len({row.key for row in counters} - {bytes(32)}) == 2
    assert {len(row.key) for row in counters} == {32}
    assert counters[0].key.hex() not in repr(counters[0])
    assert first[0] in {row.id for row in opened}


def test_places_come_in_the_order_of_the_credentials(session: Session, issuer_id: int, now: datetime) -> None:
    uuids = [uuid4() for _ in range(300)]
    given = reserve(session, issuer_id, uuids, now=now)
    assert stored(session) == dict(zip(uuids, given, strict=True))
    assert len(set(given)) == 300
    assert len({list_id for list_id, _ in given}) == 1


def test_places_are_those_of_the_secret_permutation(session: Session, issuer_id: int, now: datetime) -> None:
    given = [*reserve(session, issuer_id, 5, now=now), *reserve(session, issuer_id, 5, now=now)]
    counters = session.scalars(select(tables.StatusCounter)).all()
    expected = [
        (row.status_list_id, place) for row in counters for place in permutation.places(range(row.counted), key=row.key, length=131_072)
    ]
    assert sorted(given) == sorted(expected)


def test_nothing_is_reserved_for_nobody(session: Session, issuer_id: int, now: datetime) -> None:
    assert reserve(session, issuer_id, [], now=now) == []


def test_a_credential_keeps_its_place(session: Session, issuer_id: int, now: datetime) -> None:
    uuids = [uuid4() for _ in range(4)]
    first = reserve(session, issuer_id, uuids[:2], now=now)
    again = reserve(session, issuer_id, [uuids[3], uuids[1], uuids[2], uuids[0], uuids[1]], now=now, randomness=seeded(2))
    assert (again[3], again[1], again[4]) == (first[0], first[1], first[1])
    assert len(set(again)) == 4
    assert len(stored(session)) == 4


def test_each_purpose_has_lists_and_places_of_its_own(session: Session, issuer_id: int, now: datetime) -> None:
    uuid = uuid4()
    (revocation,) = reserve(session, issuer_id, [uuid], now=now)
    (suspension,) = reserve(session, issuer_id, [uuid], now=now, purpose="suspension")
    purposes = {row.id: row.purpose for row in lists(session)}
    assert (purposes[revocation[0]], purposes[suspension[0]]) == ("revocation", "suspension")


def test_issuers_do_not_share_lists(session: Session, issuer_id: int, now: datetime) -> None:
    other = tables.Issuer(slug="physics", name="Department of Physics", did_method="key", created_at=now)
    session.add(other)
    session.flush()
    ours, theirs = reserve(session, issuer_id, 20, now=now), reserve(session, other.id, 20, now=now)
    assert {row.id: row.issuer_id for row in lists(session) if row.id in {ours[0][0], theirs[0][0]}} == {
        ours[0][0]: issuer_id,
        theirs[0][0]: other.id,
    }


def test_the_list_is_chosen_at_random(session: Session, issuer_id: int, now: datetime) -> None:
    randomness = seeded()
    chosen = Counter(reserve(session, issuer_id, 1, now=now, randomness=randomness)[0][0] for _ in range(40))
    assert len(chosen) == 2
    assert min(chosen.values()) > 8


def count_off(session: Session, *, to: int) -> None:
    session.execute(update(tables.StatusCounter).values(counted=to))


def test_a_list_is_closed_at_80_per_cent_and_the_rest_goes_into_others(session: Session, issuer_id: int, now: datetime) -> None:
    reserve(session, issuer_id, 1, now=now)
    before = {row.id for row in lists(session)}
    count_off(session, to=FULL - 3)
    given = reserve(session, issuer_id, 10, now=now)
    taken = Counter(list_id for list_id, _ in given)
    closed = {row.id for row in lists(session) if row.state == "full"}
    assert sum(taken.values()) == len(set(given)) == 10
    assert closed
    assert closed == {list_id for list_id in before if taken[list_id]}
    assert {taken[list_id] for list_id in closed} == {3}
    assert sum(row.state == "open" for row in lists(session)) == 2


def test_the_last_place_below_80_per_cent_closes_the_list(session: Session, issuer_id: int, now: datetime) -> None:
    reserve(session, issuer_id, 1, now=now)
    count_off(session, to=FULL - 1)
    ((list_id, _),) = reserve(session, issuer_id, 1, now=now)
    assert session.get_one(tables.StatusList, list_id).state == "full"


def test_a_list_that_was_filled_meanwhile_gives_no_place(session: Session, issuer_id: int, now: datetime) -> None:
    reserve(session, issuer_id, 1, now=now)
    before = {row.id for row in lists(session)}
    count_off(session, to=FULL + 500)
    ((list_id, _),) = reserve(session, issuer_id, 1, now=now)
    assert list_id not in before


def test_a_counter_that_was_set_back_gives_no_place_twice(session: Session, issuer_id: int, now: datetime) -> None:
    before = {place for _ in range(4) for place in reserve(session, issuer_id, 5, now=now, randomness=seeded(_))}
    count_off(session, to=0)
    after = {place for _ in range(4) for place in reserve(session, issuer_id, 5, now=now, randomness=seeded(_))}
    assert len(before | after) == 40


def test_a_counter_that_leads_nowhere_is_noticed(session: Session, issuer_id: int, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    reserve(session, issuer_id, 1, now=now)
    monkeypatch.setattr(status_places, "MAX_FRUITLESS", 0)
    for row in lists(session):
        for number in range(3):
            key = session.get_one(tables.StatusCounter, row.id).key
            (position,) = permutation.places([number], key=key, length=row.length)
            entry = tables.StatusEntry(status_list_id=row.id, position=position, credential_uuid=uuid4(), purpose="revocation")
            engines.add_if_new(session, entry)
    count_off(session, to=0)
    with pytest.raises(problem.Fault, match="only places that are taken"):
        reserve(session, issuer_id, 1, now=now)


def test_a_list_without_a_counter_gets_no_new_places(session: Session, issuer_id: int, now: datetime) -> None:
    """Such are the lists whose places were drawn at random, before there were counters."""
    old = tables.StatusList(issuer_id=issuer_id, purpose="revocation", length=131_072, created_at=now)
    session.add(old)
    session.flush()
    assert old.id not in {list_id for list_id, _ in reserve(session, issuer_id, 3, now=now)}


def test_a_reservation_that_is_rolled_back_leaves_nothing_behind(engine: Engine, issuer_id: int, now: datetime) -> None:
    def reserve_and_fail() -> None:
        with engines.writing(engine) as session:
            reserve(session, issuer_id, 5, now=now)
            raise LookupError

    with pytest.raises(LookupError):
        reserve_and_fail()
    with engines.writing(engine) as session:
        assert (stored(session), lists(session)) == ({}, [])
        assert len(set(reserve(session, issuer_id, 5, now=now))) == 5


THREADS = 16


def at_once(work: Callable[[int], object], threads: int = THREADS) -> list[object]:
    start = threading.Barrier(threads)

    def begin(number: int) -> object:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


def test_many_at_once_never_get_the_same_place(engine: Engine, issuer_id: int, now: datetime) -> None:
    """Some of them fail after they have their places, and the lists fill up on the way."""

    def work(number: int) -> None:
        randomness = seeded(number)
        for turn in range(3):
            with engines.writing(engine) as session:
                reserve(session, issuer_id, 1 if turn else 40, now=now, randomness=randomness)
                if (number + turn) % 5 == 0:
                    session.rollback()
                elif number == 1 and turn == 1:
                    session.execute(update(tables.StatusCounter).values(counted=FULL - 20))

    at_once(work)
    with engines.reading(engine) as session:
        entry = tables.StatusEntry
        places = session.execute(select(entry.status_list_id, entry.position)).all()
        kept = [(number, turn) for number in range(THREADS) for turn in range(3) if (number + turn) % 5]
        assert len(places) == len(set(places)) == sum(1 if turn else 40 for _, turn in kept)
        assert session.scalars(select(func.max(entry.position))).one() < 131_072


def test_many_at_once_for_the_same_credentials_agree(engine: Engine, issuer_id: int, now: datetime) -> None:
    uuids = [uuid4() for _ in range(20)]

    def work(number: int) -> frozenset[tuple[UUID, tuple[int, int]]]:
        mine = random.Random(number).sample(uuids, 20)  # noqa: S311 - repeatable on purpose
        with engines.writing(engine) as session:
            return frozenset(zip(mine, reserve(session, issuer_id, mine, now=now, randomness=seeded(number)), strict=True))

    assert len(set(at_once(work))) == 1


def test_those_who_find_no_list_open_no_more_than_they_need_on_postgresql(postgresql_engine: Engine, now: datetime) -> None:
    with engines.writing(postgresql_engine) as session:
        issuer = tables.Issuer(slug="i", name="I", did_method="key", created_at=now)
        session.add(issuer)

    def work(number: int) -> None:
        with engines.writing(postgresql_engine) as session:
            reserve(session, issuer.id, 1, now=now, randomness=seeded(number))

    at_once(work)
    with engines.reading(postgresql_engine) as session:
        assert 2 <= len(lists(session)) <= THREADS


def test_nobody_waits_for_another_until_there_are_many_lists_on_postgresql(postgresql_engine: Engine, now: datetime) -> None:
    with engines.writing(postgresql_engine) as session:
        issuer = tables.Issuer(slug="i", name="I", did_method="key", created_at=now)
        session.add(issuer)
        session.flush()
        reserve(session, issuer.id, 1, now=now)

    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(engines.writing(postgresql_engine)) for _ in range(status_places.MAX_OPEN)]
        assert len({reserve(one, issuer.id, 10, now=now)[0][0] for one in held}) == status_places.MAX_OPEN

    def wait() -> int:
        with engines.writing(postgresql_engine) as session:
            return len(reserve(session, issuer.id, 1, now=now))

    with ThreadPoolExecutor(1) as pool:
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(engines.writing(postgresql_engine)) for _ in range(status_places.MAX_OPEN)]
            assert len({reserve(one, issuer.id, 10, now=now)[0][0] for one in held}) == status_places.MAX_OPEN
            waiting = pool.submit(wait)
            time.sleep(0.2)
            assert not waiting.done()
        assert waiting.result(timeout=30) == 1


def test_giving_out_places_does_not_wait_for_a_publication_on_postgresql(postgresql_engine: Engine, now: datetime) -> None:
    with engines.writing(postgresql_engine) as session:
        issuer = tables.Issuer(slug="i", name="I", did_method="key", created_at=now)
        session.add(issuer)
        session.flush()
        reserve(session, issuer.id, 1, now=now)
    with engines.writing(postgresql_engine) as publishing, ThreadPoolExecutor(1) as pool:
        publishing.execute(select(tables.StatusList).with_for_update(key_share=True))

        def other() -> int:
            with engines.writing(postgresql_engine) as session:
                return len(reserve(session, issuer.id, 3, now=now))

        assert pool.submit(other).result(timeout=30) == 3
