"""Files that staff bring through a page, kept in pieces for as long as they work with them: at most a day, and few of each person."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from badgeissuer import problem
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

KEPT = timedelta(days=1)
MOST = 4
"""Uploads of one person that are kept, the newest ones."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an upload is: that of a token, or of a person with an account."""

    token_id: int | None
    account_id: int | None

    def owns(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions that an upload is theirs."""
        return tables.Upload.api_token_id == self.token_id, tables.Upload.account_id == self.account_id


def keep(
    session: Session, owner: Owner, pieces: Iterable[bytes], *, purpose: str, name: str, choices: Mapping[str, Any], now: datetime
) -> tables.Upload:
    """Store a file; of this person's older ones all but a few go, and all that are too old.

    Args:
        session: A writing session.
        owner: Whose it is.
        pieces: Its bytes.
        purpose: What it is for: `roster` or `reconciliation`.
        name: What they call it.
        choices: How they want it read.
        now: The moment.
    """
    row = tables.Upload(purpose=purpose, name=name, size=0, choices=dict(choices), created_at=now)
    row.api_token_id, row.account_id = owner.token_id, owner.account_id
    session.add(row)
    session.flush()
    for number, piece in enumerate(pieces):
        row.size += len(piece)
        session.add(tables.UploadPiece(upload_id=row.id, number=number, content=zlib.compress(piece, 1)))
        session.flush()
    table = tables.Upload
    newest = select(table.id).where(*owner.owns()).order_by(table.id.desc()).limit(MOST)
    _drop(session, list(session.scalars(select(table.id).where(*owner.owns(), table.id.not_in(newest)))))
    forget(session, now=now)
    return row


def forget(session: Session, *, now: datetime) -> None:
    """Delete what has been kept long enough, whoever brought it."""
    table = tables.Upload
    old = list(session.scalars(select(table.id).where(table.created_at < now - KEPT)))
    if old:
        _drop(session, old)


def _drop(session: Session, ids: list[int]) -> None:
    session.execute(delete(tables.UploadPiece).where(tables.UploadPiece.upload_id.in_(ids)))
    session.execute(delete(tables.Upload).where(tables.Upload.id.in_(ids)))


def find(session: Session, uuid: UUID, *, owner: Owner, purpose: str) -> tables.Upload:
    """Return somebody's own upload, or raise `problem.NotFound`."""
    table = tables.Upload
    row = session.scalar(select(table).where(table.uuid == uuid, *owner.owns(), table.purpose == purpose))
    if row is None:
        raise problem.NotFound("There is no such file of yours here any more; it is kept for a day. Choose it again.")
    return row


def pieces(session: Session, row: tables.Upload) -> Iterator[bytes]:
    """Yield the bytes of an upload; each piece is asked for by itself, so that who stops early leaves no cursor open."""
    table = tables.UploadPiece
    for piece in session.scalars(select(table.id).where(table.upload_id == row.id).order_by(table.number)).all():
        yield zlib.decompress(session.scalars(select(table.content).where(table.id == piece)).one())
