"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite; within the caller's transaction.

No row is looked at when it conflicts with one that is there: all of an insert succeeds, or `Taken` is raised, and the caller goes back
to a savepoint, looks what is there now, and begins again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import JSON, func, insert, select, text
from sqlalchemy.exc import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from badgeissuer.store import base


class Taken(Exception):  # noqa: N818 - it is what happened
    """A row with one of these keys was there before."""


def new_ids(session: Session, table: type[base.Base], number: int) -> list[int]:
    """Return so many keys that no row of the table has or will be given; some may never be used.

    On SQLite they are free until this transaction ends, which is the only one that writes.
    """
    name = table.__tablename__
    if session.get_bind().dialect.name == "postgresql":
        sequence = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :number)")
        return list(session.scalars(sequence, {"name": name, "number": number}))
    last = session.scalar(select(func.max(table.__table__.c.id))) or 0
    return list(range(last + 1, last + number + 1))


def add(session: Session, table: type[base.Base], names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows.

    Args:
        session: A writing session; what it holds unwritten is written first.
        table: Where.
        names: The columns that are given; the others get what the database gives them.
        rows: Their values in this order: aware moments, UUIDs, bytes, JSON values and the like, as the columns have them.

    Raises:
        Taken: A unique constraint forbids one of them; the transaction must go back to a savepoint.
    """
    if not rows:
        return
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        _copy(session, table, names, rows)
        return
    try:
        session.execute(insert(table.metadata.tables[table.__tablename__]), [dict(zip(names, row, strict=True)) for row in rows])
    except IntegrityError as error:
        raise Taken(table.__tablename__) from error


def _copy(session: Session, table: type[base.Base], names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    columns = table.__table__.c
    as_json = [place for place, name in enumerate(names) if isinstance(columns[name].type, JSON)]
    connection = session.connection().connection.driver_connection
    if connection is None:
        raise RuntimeError("the connection is closed")
    quoted = ", ".join(f'"{name}"' for name in names)
    try:
        with connection.cursor() as cursor, cursor.copy(f'COPY "{table.__tablename__}" ({quoted}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(_encoded(row, as_json) if as_json else row)
    except psycopg.errors.UniqueViolation as error:
        raise Taken(table.__tablename__) from error


def _encoded(row: tuple[Any, ...], places: Sequence[int]) -> list[Any]:
    values = list(row)
    for place in places:
        values[place] = json.dumps(values[place])
    return values
