"""Requests carried out under an Idempotency-Key: once, and the same answer to every repetition.

The row is written in the transaction that does the work, so that a failed request leaves its key free. A second request that comes
while the first is still at work waits for it: on PostgreSQL at the unique constraint, on SQLite at the write lock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import problem
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

REUSED = problem.OURS + "idempotency-key-reused"


def begin(session: Session, api_token_id: int, *, key: str, request_sha256: str, now: datetime) -> tables.IdempotencyKey:
    """Return the row of this request: a new one, or that of the same request before.

    Args:
        session: A writing session; the work and `finish` belong into the same transaction.
        api_token_id: Whose key it is; the same key of another token is another key.
        key: The Idempotency-Key header.
        request_sha256: The SHA-256 of what makes the request what it is (method, path, body), in hex.
        now: The moment, aware.

    Returns:
        A row whose `resource` is None where the work is still to be done, else names what was made then.

    Raises:
        problem.Conflict: When the key was used for another request.
    """
    new = tables.IdempotencyKey(api_token_id=api_token_id, key=key, request_sha256=request_sha256, created_at=now)
    row = engine.add_if_new(session, new) or _existing(session, api_token_id, key=key)
    if row.request_sha256 != request_sha256:
        raise problem.Conflict(
            "This Idempotency-Key was already used for another request. Use a new key, or repeat the first request unchanged.", kind=REUSED
        )
    return row


def finish(row: tables.IdempotencyKey, resource: str) -> None:
    """Note what the request made; a repetition will be answered with it."""
    row.resource = resource


def _existing(session: Session, api_token_id: int, *, key: str) -> tables.IdempotencyKey:
    """Return the row that stood in the way of a new one."""
    table = tables.IdempotencyKey
    return session.scalars(select(table).where(table.api_token_id == api_token_id, table.key == key)).one()
