"""Taking everything from one database into another: the way from the embedded SQLite to PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select

from badgeissuer import problem
from badgeissuer.store import engine, migrating

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine, Table
    from sqlalchemy.orm import Session

TOGETHER = 500
"""Rows that are held in memory at a time."""
_LEFT_OUT = {"worker"}
"""Of workers that run elsewhere."""


def copy_from(url: str, target: Engine) -> int:
    """Copy every row of the database that a URL names; see `copy`."""
    source = engine.connect(url)
    try:
        return copy(source, target)
    finally:
        source.dispose()


def copy(source: Engine, target: Engine) -> int:
    """Copy every row in one transaction, and return how many there were. Nothing may write into `source` meanwhile.

    Args:
        source: A database at the revision of this program.
        target: Another one at that revision, which holds nothing yet.

    Raises:
        problem.Fault: One of the two is at another revision.
        problem.Conflict: The target holds something.
    """
    for database in (source, target):
        migrating.check(database)
    with engine.reading(source) as old, engine.writing(target) as new:
        tables = [table for table in migrating.METADATA.sorted_tables if table.name not in _LEFT_OUT]
        filled = [table.name for table in tables if new.execute(select(table).limit(1)).first()]
        if filled:
            raise problem.Conflict(f"The new database is not empty: there are rows in {', '.join(filled)}. Name an empty one.")
        return sum(_copy(old, new, table) for table in tables)


def _copy(old: Session, new: Session, table: Table) -> int:
    number = 0
    for rows in old.execute(select(table), execution_options={"yield_per": TOGETHER}).mappings().partitions():
        for alike in _by_columns(dict(row) for row in rows):
            new.execute(insert(table), alike)
        number += len(rows)
    if "id" in table.primary_key.columns and new.get_bind().dialect.name == "postgresql":
        highest = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
        new.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), highest, False)))
    return number


def _by_columns(rows: Iterable[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Put together the rows that fill the same columns; what is NULL is left out, since a column of JSON would store a null of its own."""
    groups = defaultdict(list)
    for row in rows:
        filled = {name: value for name, value in row.items() if value is not None}
        groups[tuple(filled)].append(filled)
    return groups.values()
