"""The bits of status lists, each in the row of its place. How places are given out stands in `status_places`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import Boolean, String, bindparam, cast, func, select, update
from sqlalchemy.orm import defer

from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

_LIST, _ENTRY = tables.StatusList, tables.StatusEntry
_MEANT = (_ENTRY.credential_uuid.in_(bindparam("credential_uuids", expanding=True)), _ENTRY.purpose == bindparam("meant_purpose"))
_LISTS_OF = (
    select(_LIST)
    .where(_LIST.id.in_(select(_ENTRY.status_list_id).where(*_MEANT)))
    .order_by(_LIST.id)
    .options(defer(_LIST.published))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
_SET = (
    update(_ENTRY)
    .where(*_MEANT, _ENTRY.is_set != bindparam("value", type_=Boolean))
    .values(
        is_set=bindparam("value", type_=Boolean),
        reason=bindparam("given_reason", type_=String),
        changed_by=bindparam("actor", type_=String),
        changed_at=bindparam("at", type_=_ENTRY.changed_at.type),
        change=select(_LIST.changes + 1).where(_LIST.id == _ENTRY.status_list_id).scalar_subquery(),
    )
    .returning(_ENTRY)
    .execution_options(synchronize_session=False, populate_existing=True)
)
_SINCE = select(_ENTRY.position, _ENTRY.is_set).where(_ENTRY.status_list_id == bindparam("list_id"), _ENTRY.change > bindparam("known"))


def set_values(
    session: Session,
    credential_uuids: Collection[UUID],
    value: bool,  # noqa: FBT001 - the bit is what this is about
    *,
    purpose: str,
    reason: str | None,
    actor: str,
    now: datetime,
) -> tuple[list[tables.StatusList], list[UUID]]:
    """Set or clear the bits of credentials, and count the changes in their lists, which says that these must be signed again.

    The lists are locked first, oldest first, so that two who change the same ones do not wait for each other.

    Args:
        session: A writing session.
        credential_uuids: The credentials; of one that has no place nothing is changed.
        value: The bit.
        purpose: The status purpose.
        reason: Why, for the record.
        actor: Who, for the record.
        now: The moment.

    Returns:
        The lists that changed, locked, to be flushed, and without what was published of them last; and the credentials whose bits changed.
    """
    meant = {"credential_uuids": list(credential_uuids), "meant_purpose": purpose}
    lists = session.scalars(_LISTS_OF, meant).all()
    values = {"value": value, "given_reason": reason, "actor": actor, "at": now}
    entries = session.scalars(_SET, meant | values).all()
    counts = Counter(entry.status_list_id for entry in entries)
    for row in lists:
        row.changes += counts[row.id]
    return [row for row in lists if counts[row.id]], [entry.credential_uuid for entry in entries]


def positions_set(session: Session, list_id: int) -> list[int]:
    """Return the positions in the list whose bit is set, in no particular order.

    The database hands them over as one text, so that not each of them becomes a row here.
    """
    joined = func.group_concat(_ENTRY.position) if _is_sqlite(session) else func.string_agg(cast(_ENTRY.position, String), ",")
    text = session.scalars(select(joined).where(_ENTRY.status_list_id == list_id, _ENTRY.is_set)).one()
    positions: list[int] = orjson.loads(f"[{text or ''}]")
    return positions


def changes_since(session: Session, list_id: int, change: int) -> Sequence[tuple[int, bool]]:
    """Return position and bit of what changed in the list after the change of that number."""
    rows = session.execute(_SINCE, {"list_id": list_id, "known": change})
    return [(position, is_set) for position, is_set in rows]


def locked(session: Session, list_id: int) -> tables.StatusList:
    """Return the list as it is now, locked until the transaction ends against changes of its bits and its publication.

    On PostgreSQL the lock is FOR NO KEY UPDATE, the strongest one that does not keep allocations waiting: an entry refers to its list.
    """
    return session.get_one(_LIST, list_id, with_for_update={"key_share": True}, populate_existing=True)


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
