"""Connections and transactions, on SQLite and PostgreSQL.

A transaction either writes (`writing`) or only reads (`reading`); whoever opens one says which. On SQLite a writing transaction takes
the write lock when it begins, because one that reads first and writes later is refused when another wrote in between, however long it
would be willing to wait. A reading transaction takes no lock, is never kept waiting by a writer, and sees one state of the database
from its first statement to its last, on both databases. No transaction begins before the first statement in it.
"""

from __future__ import annotations

import functools
import sqlite3
import threading
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from badgeissuer import problem
from badgeissuer.store import base

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import URL
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry
    from sqlalchemy.sql.dml import ReturningInsert

BUSY_SECONDS = 30
"""How long a writer waits for the write lock of SQLite before it gives up."""
BUSY_PAUSE = 0.004
"""How long a writer waits before it asks for the write lock of SQLite again."""
WAL_SECONDS = 30
WAL_PAUSE = 0.05
POOL = {"pool_size": 20, "max_overflow": 10, "pool_timeout": 30}
"""What goes beyond the size is closed after each use, and to connect costs more than a request: bursts should find room."""
POSTGRESQL_OPTIONS = {
    "timezone": "UTC",
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
"""What every session on PostgreSQL begins with; `options` in the URL come after these and win."""
IS_READING = "badgeissuer_is_reading"
HAS_TURN = "badgeissuer_has_turn"
_READER = "badgeissuer_reader"
_ONLY_READS = "badgeissuer_only_reads"

Row = TypeVar("Row", bound=base.Base)


def connect(url: str, *, patience: float = BUSY_SECONDS) -> Engine:
    """Return an engine for `url`; nothing is opened before the first use.

    Args:
        url: `sqlite:///path`, `sqlite://` (in memory: one connection, for one thread at a time) or `postgresql+psycopg://…`.
        patience: Seconds that a writer on SQLite waits for its turn, and then again for the file, before it gives up.

    Raises:
        problem.Invalid: When `url` names another kind of database. The URL is not repeated: it may hold a password.

    The text of a failure holds no values either: they may be a learner's, and logs keep it.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, patience)
        case "postgresql":
            return _postgresql(parsed)
        case other:
            raise problem.Invalid(f"The database URL names {other}; use sqlite:///path or postgresql+psycopg://host/name.")


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session whose transaction may write; commit at the end, roll back on any error.

    Loaded rows stay readable after the end. On SQLite only one such transaction runs at a time; the others wait for `BUSY_SECONDS`.
    """
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session that can only read and sees one state of the database; a write in it is refused by the database."""
    with Session(_for_reading(engine), expire_on_commit=False) as session, session.begin():
        yield session


def _for_reading(engine: Engine) -> Engine:
    """Return the same engine with what makes its transactions read only; to make that anew each time would cost as much as a statement."""
    found: Engine | None = vars(engine).get(_READER)
    if found is None:
        options: dict[str, Any] = {IS_READING: True}
        if engine.dialect.name == "postgresql":
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        found = vars(engine).setdefault(_READER, engine.execution_options(**options))
    return found


def add_if_new(session: Session, row: Row) -> Row | None:
    """Insert `row` unless a unique constraint of its table forbids it: INSERT … ON CONFLICT DO NOTHING RETURNING.

    Where another transaction has just inserted the same key, PostgreSQL waits for that one to end first.

    Args:
        session: A writing session.
        row: A new object that is not in a session; only its values are used.

    Returns:
        The stored row, attached to the session, or None where one with the same key was there before.
    """
    return session.scalars(_adding(session, type(row)), [_values(row)]).one_or_none()


def add_all_new(session: Session, rows: Sequence[Row]) -> Sequence[Row]:
    """Insert rows of one table, as `add_if_new` inserts one; return those that are stored now and were not before, in any order."""
    if not rows:
        return ()
    return session.scalars(_adding(session, type(rows[0])), [_values(row) for row in rows]).all()


def _values(row: base.Base) -> dict[str, Any]:
    """Return the values of a row by attribute, without its key."""
    mapper = inspect(type(row))
    keys = {column.key for column in mapper.primary_key}
    return {attribute.key: getattr(row, attribute.key) for attribute in mapper.column_attrs if attribute.key not in keys}


def _adding(session: Session, kind: type[Row]) -> ReturningInsert[Row]:
    return _inserting(kind, session.get_bind().dialect.name == "postgresql")


@functools.cache
def _inserting(kind: type[Row], is_postgresql: bool) -> ReturningInsert[Row]:  # noqa: FBT001 - half of a key
    """Return the statement that inserts what is new; made once for each table, because to make it costs more than to run it."""
    insert = postgresql.insert if is_postgresql else sqlite.insert
    return insert(kind).on_conflict_do_nothing().returning(kind).execution_options(render_nulls=True)


def name_of(error: Exception) -> str:
    """Return what kind of error it is; the text of a database's error is left out, for it may hold what is in its rows."""
    return type(error.orig if isinstance(error, DBAPIError) else error).__name__


def _postgresql(url: URL) -> Engine:
    """Return an engine on PostgreSQL through psycopg 3, whose connections are tried before use."""
    settings = " ".join(f"-c {name}={value}" for name, value in POSTGRESQL_OPTIONS.items())
    given = url.query.get("options", "")
    options = f"{settings} {given if isinstance(given, str) else ' '.join(given)}".strip()
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": options, "connect_timeout": 10},
        **POOL,
    )


def _sqlite(url: URL, patience: float) -> Engine:
    """Return an engine on SQLite that begins its transactions itself, since the driver would begin them too late."""
    settings: dict[str, Any] = dict(POOL)
    if url.database in {None, "", ":memory:"}:
        settings = {"poolclass": StaticPool}
    engine = create_engine(url, connect_args={"timeout": patience, "check_same_thread": False}, hide_parameters=True, **settings)
    event.listen(engine, "connect", _prepare_sqlite)
    if "poolclass" not in settings:
        _queue_writers(engine, patience)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Set what SQLite keeps per connection; the busy timeout is the driver's `timeout`."""
    connection.isolation_level = None
    _use_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _use_wal(connection: DBAPIConnection) -> None:
    """Bring the file to WAL. SQLite refuses at once, without its busy timeout, while others open the new file: so try again."""
    deadline = time.monotonic() + WAL_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(WAL_PAUSE)
        else:
            return


def _queue_writers(engine: Engine, patience: float) -> None:
    """Let the writers of this process wait for each other here and not at the file, for which they would have to poll.

    A turn ends when its connection goes back to the pool. Measured with 40 threads: twice the transactions a second.
    """
    with _one_at_a_time:
        turn = _TURNS.setdefault(str(engine.url.database), Turn())

    def wait(connection: Connection) -> None:
        if not _is_reading(connection) and not connection.info.get(HAS_TURN):
            connection.info[HAS_TURN] = turn.acquire(timeout=patience)

    def leave(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        if record.info.pop(HAS_TURN, False):
            turn.release()

    event.listen(engine, "begin", wait)
    event.listen(engine, "checkin", leave)


class Turn:
    """A lock that those who wait for it get in the order in which they came: who takes it again and again shuts nobody out."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._is_taken = False

    def acquire(self, *, timeout: float) -> bool:
        """Take the lock; return False where it could not be had in so many seconds."""
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(timeout):
            return True
        with self._guard:
            if not mine.is_set():
                self._waiting.remove(mine)
        return mine.is_set()

    def release(self) -> None:
        """Hand the lock to who has waited longest."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False


_one_at_a_time = threading.Lock()
_TURNS: WeakValueDictionary[str, Turn] = WeakValueDictionary()
"""The turns of the files that this process has open, shared by all engines on a file."""


def _is_reading(connection: Connection) -> bool:
    """Say whether the connection was taken for reading."""
    return bool(connection.get_execution_options().get(IS_READING))


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction of the kind that was asked for."""
    driver = _driver(connection)
    is_reading = _is_reading(connection)
    if connection.info.get(_ONLY_READS) != is_reading:
        driver.execute(f"PRAGMA query_only={int(is_reading)}")
        connection.info[_ONLY_READS] = is_reading
    if is_reading:
        driver.execute("BEGIN DEFERRED")
    else:
        _begin_writing(connection)


def _begin_writing(connection: Connection) -> None:
    """Take the write lock of the file. SQLite itself would ask for it less and less often, and never meet a busy writer in a pause."""
    driver = _driver(connection)
    patience = driver.execute("PRAGMA busy_timeout").fetchone()[0]
    ends = time.monotonic() + patience / 1000
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > ends:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises it as the rest of the program knows it
                    return
                time.sleep(BUSY_PAUSE)
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout={patience}")


def _driver(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection: above it, what is said at the beginning of every transaction would cost ten times as much."""
    found: sqlite3.Connection | None = connection.connection.driver_connection
    if found is None:
        raise RuntimeError("the connection is closed")
    return found


def _is_busy(error: sqlite3.OperationalError) -> bool:
    """Say whether another connection has the write lock."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
