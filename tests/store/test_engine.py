from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from badgeissuer import problem
from badgeissuer.store import engine as engines
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session


def learners(session: Session) -> int:
    return session.scalars(select(func.count()).select_from(tables.Learner)).one()


def test_what_is_written_is_there_afterwards(engine: Engine, now: datetime) -> None:
    with engines.writing(engine) as session:
        learner = tables.Learner(created_at=now, name="Ada")
        session.add(learner)
    assert learner.created_at == now
    with engines.reading(engine) as session:
        stored = session.get_one(tables.Learner, learner.id)
    assert (stored.name, stored.created_at) == ("Ada", now)


def test_an_error_rolls_everything_back(engine: Engine, now: datetime) -> None:
    def write_and_fail() -> None:
        with engines.writing(engine) as session:
            session.add(tables.Learner(created_at=now))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()
    with engines.reading(engine) as session:
        assert learners(session) == 0


def test_a_reader_cannot_write(engine: Engine, now: datetime) -> None:
    def write() -> None:
        with engines.reading(engine) as session:
            session.add(tables.Learner(created_at=now))

    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        write()


def test_a_connection_that_was_read_with_can_write_again(engine: Engine, now: datetime) -> None:
    for expected in range(3):
        with engines.reading(engine) as session:
            assert learners(session) == expected
        with engines.writing(engine) as session:
            session.add(tables.Learner(created_at=now))


def test_a_reader_does_not_wait_for_a_writer_and_sees_one_state(engine: Engine, now: datetime) -> None:
    with engines.reading(engine) as reader:
        assert learners(reader) == 0
        with engines.writing(engine) as writer:
            writer.add(tables.Learner(created_at=now))
            writer.flush()
            with engines.reading(engine) as other:
                assert learners(other) == 0
        assert learners(reader) == 0
    with engines.reading(engine) as reader:
        assert learners(reader) == 1


def test_writers_who_read_first_wait_for_each_other_on_sqlite(tmp_path: Path) -> None:
    """Threads of one engine wait in its queue; the two engines, as two processes would, wait at the file."""
    engine, other = (engines.connect(f"sqlite:///{tmp_path / 'counter.db'}") for _ in range(2))
    start = threading.Barrier(8)
    with engines.writing(engine) as session:
        session.execute(text("CREATE TABLE counter (n INTEGER)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))

    def count(number: int) -> None:
        start.wait()
        for _ in range(10):
            with engines.writing(engine if number % 2 else other) as session:
                n = session.scalars(text("SELECT n FROM counter")).one()
                session.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    with engines.reading(engine) as session:
        assert session.scalars(text("SELECT n FROM counter")).one() == 80
    engine.dispose()
    other.dispose()


def test_a_writer_who_cannot_begin_does_not_block_those_after_it(tmp_path: Path) -> None:
    engine, other = (engines.connect(f"sqlite:///{tmp_path / 'new.db'}", patience=0.05) for _ in range(2))
    with engines.writing(other) as holder:
        holder.execute(text("CREATE TABLE one (n INTEGER)"))
        for _ in range(2):
            with pytest.raises(OperationalError, match="locked"), engines.writing(engine) as session:
                session.execute(text("SELECT 1"))
    with engines.writing(engine) as session:
        session.execute(text("INSERT INTO one VALUES (1)"))
    engine.dispose()
    other.dispose()


def test_no_transaction_begins_before_its_first_statement(engine: Engine, now: datetime) -> None:
    with engines.writing(engine), engines.writing(engine) as other:
        other.add(tables.Learner(created_at=now))
    with engines.reading(engine) as session:
        assert learners(session) == 1


def test_savepoints_work(engine: Engine, now: datetime) -> None:
    with engines.writing(engine) as session:
        session.add(tables.Learner(created_at=now))
        session.flush()
        with session.begin_nested() as savepoint:
            session.add(tables.Learner(created_at=now))
            session.flush()
            savepoint.rollback()
    with engines.reading(engine) as session:
        assert learners(session) == 1


def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    engine = engines.connect(f"sqlite:///{tmp_path / 'new.db'}")
    with engines.reading(engine) as session:
        values = {
            name: session.scalars(text(f"PRAGMA {name}")).one() for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    engine.dispose()
    assert values == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000, "foreign_keys": 1}


def mode(engine: Engine) -> str:
    with engines.reading(engine) as session:
        return str(session.scalars(text("PRAGMA journal_mode")).one())


@pytest.fixture
def occupied_engine(tmp_path: Path) -> Iterator[tuple[Engine, sqlite3.Connection]]:
    """An engine without patience on a new file, and the connection that has the file for itself."""
    engine = engines.connect(f"sqlite:///{tmp_path / 'new.db'}", patience=0.01)
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield engine, holder
    engine.dispose()


def test_connecting_waits_until_the_file_can_be_brought_to_wal(occupied_engine: tuple[Engine, sqlite3.Connection]) -> None:
    engine, holder = occupied_engine
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(mode, engine)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.3)
        holder.execute("ROLLBACK")
        assert waiting.result(timeout=30) == "wal"


def test_connecting_does_not_wait_for_ever(occupied_engine: tuple[Engine, sqlite3.Connection], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "WAL_SECONDS", 0.1)
    with pytest.raises(OperationalError, match="locked"):
        mode(occupied_engine[0])


def test_a_database_in_memory_keeps_what_is_written() -> None:
    engine = engines.connect("sqlite://")
    with engines.writing(engine) as session:
        session.execute(text("CREATE TABLE one (n INTEGER)"))
    with engines.reading(engine) as session:
        assert session.scalars(text("SELECT count(*) FROM one")).one() == 0
    engine.dispose()


def test_postgresql_speaks_utc_and_gives_up_in_time(postgresql_url: str) -> None:
    engine = engines.connect(postgresql_url)
    with engines.reading(engine) as session:
        values = {name: session.scalars(text(f"SHOW {name}")).one() for name in engines.POSTGRESQL_OPTIONS}
    engine.dispose()
    assert values == {
        "timezone": "UTC",
        "lock_timeout": "10s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "1min",
    }


def test_options_in_the_url_win(postgresql_url: str) -> None:
    separator = "&" if "?" in postgresql_url else "?"
    engine = engines.connect(f"{postgresql_url}{separator}options=-c%20lock_timeout%3D3s")
    with engines.reading(engine) as session:
        assert session.scalars(text("SHOW lock_timeout")).one() == "3s"
        assert session.scalars(text("SHOW timezone")).one() == "UTC"
    engine.dispose()


def test_postgresql_is_reached_through_psycopg_whatever_the_url_says() -> None:
    assert engines.connect("postgresql://someone@nowhere/db").dialect.driver == "psycopg"


def test_another_kind_of_database_is_refused_without_telling_the_password() -> None:
    with pytest.raises(problem.Invalid, match="mysql") as caught:
        engines.connect("mysql://someone:hunter2@nowhere/db")
    assert "hunter2" not in caught.value.detail


def test_a_row_is_added_only_if_it_is_new(session: Session, now: datetime) -> None:
    def worker() -> tables.Worker:
        return tables.Worker(name="w1", started_at=now, seen_at=now)

    first = engines.add_if_new(session, worker())
    assert first is not None
    assert first in session
    assert engines.add_if_new(session, worker()) is None
    assert session.scalars(select(tables.Worker)).all() == [first]


def test_an_added_row_gets_the_values_of_the_object(session: Session, now: datetime) -> None:
    row = tables.Source(issuer_id=0, slug="s", name="Source", adapter="canvas", hook_key="k", signature={"scheme": "none"}, created_at=now)
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        engines.add_if_new(session, row)
    session.rollback()
    issuer = tables.Issuer(slug="i", name="Issuer", did_method="web", created_at=now)
    session.add(issuer)
    session.flush()
    row.issuer_id = issuer.id
    stored = engines.add_if_new(session, row)
    assert stored is not None
    assert (stored.signature, stored.success_status, stored.state, stored.created_at) == ({"scheme": "none"}, 200, "active", now)


def test_a_turn_is_given_in_the_order_in_which_it_was_asked_for() -> None:
    turn, order, threads = engines.Turn(), [], []
    assert turn.acquire(timeout=1)
    for name in range(3):

        def wait(name: int = name) -> None:
            assert turn.acquire(timeout=30)
            order.append(name)
            turn.release()

        threads.append(threading.Thread(target=wait))
        threads[-1].start()
        while len(turn._waiting) <= name:
            time.sleep(0.001)
    assert not turn.acquire(timeout=0.01), "who waits in vain is forgotten"
    turn.release()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2]
    assert turn.acquire(timeout=0)


def test_all_engines_of_a_process_on_one_file_share_its_turns(tmp_path: Path) -> None:
    """One of them writes without a pause; the other is not shut out."""
    busy, other = (engines.connect(f"sqlite:///{tmp_path / 'shared.db'}") for _ in range(2))
    stop = threading.Event()

    def write_on_and_on() -> None:
        while not stop.is_set():
            with engines.writing(busy) as session:
                session.execute(text("SELECT 1"))
                time.sleep(0.05)

    thread = threading.Thread(target=write_on_and_on)
    thread.start()
    try:
        for _ in range(3):
            with engines.writing(other) as session:
                assert session.scalar(text("SELECT 1")) == 1
    finally:
        stop.set()
        thread.join()
        busy.dispose()
        other.dispose()
