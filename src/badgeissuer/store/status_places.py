"""Giving out places in status lists, many at once: numbers are counted off a list and mapped to places by the list's secret permutation.

The row of the counter is what those wait for who take places of the same list at the same moment, until the first of them commits. So
an issuer has at least two open lists, one is chosen at random, and on PostgreSQL one whose counter is free is preferred; where none is, a
further list is opened, up to a limit. What was counted off and not used is lost, which costs nothing: a list is closed at 80 %, so that
the last free places do not show in which order badges were issued. The unique constraint on (list, position) stays as the safety net.

Source: VC-BITSTRING-STATUS-LIST#privacy-considerations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Integer, String, Uuid, bindparam, column, false, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import defer

from badgeissuer import problem
from badgeissuer.store import base, tables
from badgeissuer.vc import permutation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Update
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.dml import ReturningInsert

Place = tuple[tables.StatusList, int]

LENGTH = 131_072
"""The places of a new list: the least that VC-BITSTRING-STATUS-LIST#bitstringstatuslist allows (16 KiB)."""
FULL_AT = 0.8
MIN_OPEN = 2
MAX_OPEN = 8
"""So many lists of an issuer are open at most because others were busy; who comes then waits."""
MAX_FRUITLESS = 20
"""So many blocks in a row without one free place: then something else is wrong."""

_LIST, _COUNTER, _ENTRY = tables.StatusList, tables.StatusCounter, tables.StatusEntry
_ENTRY_TABLE = base.Base.metadata.tables[_ENTRY.__tablename__]


class Randomness(Protocol):
    """Where unpredictable values come from: `randrange(n)` gives a number from 0 to n - 1."""

    @property
    def randrange(self) -> Callable[[int], int]:
        """Return the function that draws."""
        ...


def reserve(
    session: Session, issuer_id: int, credential_uuids: Sequence[UUID], *, purpose: str, randomness: Randomness, now: datetime
) -> list[Place]:
    """Give each credential its place, a new one or the one that it has already; in the order given.

    Args:
        session: A writing session.
        issuer_id: The issuer, whose lists hold no other issuer's credentials.
        credential_uuids: The credentials; they need not exist yet.
        purpose: The status purpose, such as `revocation`; a credential has one place for each.
        randomness: Chooses the list, and makes the keys of new lists.
        now: The moment, aware.

    Returns:
        The list and the position in it, of each. What was published last of the list is not loaded.

    Raises:
        problem.Fault: One block after the other had only places that are taken, which happens only where a counter or a key was changed.
    """
    found: dict[UUID, Place] = {}
    missing = sorted(set(credential_uuids))  # everybody in one order, so that two who want the same do not wait for each other
    fruitless = 0
    while missing:
        status_list, positions = _count_off(session, issuer_id, len(missing), purpose=purpose, randomness=randomness, now=now)
        wanted = missing[: len(positions)]
        if _insert(session, status_list, dict(zip(wanted, positions, strict=True))) == len(wanted):
            got = {uuid: (status_list, position) for uuid, position in zip(wanted, positions, strict=True)}
        else:
            got = _stored(session, wanted, purpose=purpose)
        fruitless = 0 if got else fruitless + 1
        if fruitless > MAX_FRUITLESS:
            raise problem.Fault(f"Status list {status_list.uuid} gives only places that are taken; close it (state 'full') and try again.")
        found |= got
        missing = [uuid for uuid in missing if uuid not in found]
    return [found[uuid] for uuid in credential_uuids]


def _count_off(
    session: Session, issuer_id: int, count: int, *, purpose: str, randomness: Randomness, now: datetime
) -> tuple[tables.StatusList, list[int]]:
    """Take up to `count` positions of one open list; none where another took the last ones meanwhile."""
    lists = _open_lists(session, issuer_id, purpose=purpose, randomness=randomness, now=now)
    preferred = lists[randomness.randrange(len(lists))]
    taken = _advance(session, [row.id for row in lists], preferred.id, count=count)
    if taken is None and len(lists) < MAX_OPEN:
        lists.append(preferred := _open(session, issuer_id, purpose=purpose, randomness=randomness, now=now))
    if taken is None:
        taken = _advance(session, [preferred.id], preferred.id, count=count, is_patient=True)
    if taken is None:
        raise problem.Fault(f"The counter of status list {preferred.uuid} is gone.")
    list_id, key, end = taken
    status_list = next(row for row in lists if row.id == list_id)
    usable = int(status_list.length * FULL_AT)
    if end >= usable:
        status_list.state = "full"
        session.flush()
    return status_list, permutation.places(range(min(end - count, usable), min(end, usable)), key=key, length=status_list.length)


def _advancing(*, is_patient: bool) -> Update:
    """Return the statement of `_advance`."""
    own = _COUNTER.status_list_id
    choice = select(own).where(own.in_(bindparam("list_ids", expanding=True))).order_by(own != bindparam("preferred", type_=base.Ref), own)
    moved = update(_COUNTER).where(own == choice.limit(1).with_for_update(skip_locked=not is_patient).scalar_subquery())
    counted = moved.values(counted=_COUNTER.counted + bindparam("number", type_=Integer))
    return counted.returning(own, _COUNTER.key, _COUNTER.counted).execution_options(synchronize_session=False)


_ADVANCE, _ADVANCE_PATIENTLY = _advancing(is_patient=False), _advancing(is_patient=True)


def _advance(
    session: Session, list_ids: Sequence[int], preferred_id: int, *, count: int, is_patient: bool = False
) -> tuple[int, bytes, int] | None:
    """Move the counter of one of the lists, of the preferred one if it can be; return list, key and the new count.

    None where every counter is held by another transaction; one who is patient waits instead. SQLite has one writer and nobody waits.
    """
    statement = _ADVANCE_PATIENTLY if is_patient else _ADVANCE
    row = session.execute(statement, {"list_ids": list(list_ids), "preferred": preferred_id, "number": count}).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


_OPEN = (
    select(_LIST)
    .join(_COUNTER)
    .where(_LIST.issuer_id == bindparam("owner"), _LIST.purpose == bindparam("meant"), _LIST.state == "open")
    .order_by(_LIST.id)
    .options(defer(_LIST.published))
)


def _open_lists(session: Session, issuer_id: int, *, purpose: str, randomness: Randomness, now: datetime) -> list[tables.StatusList]:
    """Return the open lists of an issuer, oldest first; two who find too few do not both open some."""
    meant = {"owner": issuer_id, "meant": purpose}
    lists = list(session.scalars(_OPEN, meant))
    if len(lists) < MIN_OPEN:
        session.execute(select(tables.Issuer.id).where(tables.Issuer.id == issuer_id).with_for_update(key_share=True))
        lists = list(session.scalars(_OPEN, meant))
    while len(lists) < MIN_OPEN:
        lists.append(_open(session, issuer_id, purpose=purpose, randomness=randomness, now=now))
    return lists


def _open(session: Session, issuer_id: int, *, purpose: str, randomness: Randomness, now: datetime) -> tables.StatusList:
    """Open a list with a key of its own."""
    status_list = _LIST(issuer_id=issuer_id, purpose=purpose, length=LENGTH, created_at=now)
    session.add(status_list)
    session.flush()
    key = randomness.randrange(1 << 8 * permutation.KEY_BYTES).to_bytes(permutation.KEY_BYTES, "big")
    session.add(_COUNTER(status_list_id=status_list.id, key=key))
    session.flush()
    return status_list


def _insert(session: Session, status_list: tables.StatusList, positions: Mapping[UUID, int]) -> int:
    """Store the places that are free, of credentials that have none; return how many were stored.

    PostgreSQL is handed two arrays in one statement, SQLite the rows one by one.
    """
    shared = {"status_list_id": status_list.id, "purpose": status_list.purpose}
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        given = {"credential_uuids": list(positions), "positions": list(positions.values())}
        return len(connection.execute(_INSERT_ARRAYS, shared | given).all())
    rows = [shared | {"credential_uuid": uuid, "position": position, "is_set": False} for uuid, position in positions.items()]
    return connection.execute(_INSERT_ROWS, rows).rowcount if rows else 0


def _stored(session: Session, credential_uuids: Sequence[UUID], *, purpose: str) -> dict[UUID, Place]:
    """Return the places that credentials have."""
    query = select(_LIST, _ENTRY.credential_uuid, _ENTRY.position).join(_ENTRY, _ENTRY.status_list_id == _LIST.id)
    rows = query.where(_ENTRY.credential_uuid.in_(credential_uuids), _ENTRY.purpose == purpose).options(defer(_LIST.published))
    return {uuid: (status_list, position) for status_list, uuid, position in session.execute(rows)}


def _arrays() -> ReturningInsert[tuple[int]]:
    """Return the statement that stores two arrays, of credentials and their positions, as rows of one list."""
    uuids = bindparam("credential_uuids", type_=postgresql.ARRAY(Uuid))
    rows = func.unnest(uuids, bindparam("positions", type_=postgresql.ARRAY(Integer)))
    columns = rows.table_valued(column("credential_uuid", Uuid), column("position", Integer)).render_derived().c
    values = {
        "status_list_id": bindparam("status_list_id", type_=base.Ref),
        "position": columns.position,
        "credential_uuid": columns.credential_uuid,
        "purpose": bindparam("purpose", type_=String),
        "is_set": false(),
    }
    return (
        postgresql.insert(_ENTRY_TABLE)
        .from_select(list(values), select(*values.values()))
        .on_conflict_do_nothing()
        .returning(_ENTRY_TABLE.c.id)
    )


_INSERT_ARRAYS = _arrays()
_INSERT_ROWS = sqlite.insert(_ENTRY_TABLE).on_conflict_do_nothing()
