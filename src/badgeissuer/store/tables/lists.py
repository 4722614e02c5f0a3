"""Status lists: which credentials are revoked or suspended."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import Base, Id, Ref, one_of

_IS_CHANGED = "published_changes <> changes"


class StatusList(Base):
    """A Bitstring Status List: its entries are rows, `published` is the credential that was last signed from them.

    `publish_due` is the moment from which the job runs that was last ordered to publish a change; None once the list was published.
    """

    __tablename__ = "status_list"
    __table_args__ = (
        CheckConstraint(one_of("state", "open", "full"), name="state"),
        CheckConstraint("length >= 131072", name="length"),
        Index("ix_status_list_open", "issuer_id", "purpose", "state"),
        Index("ix_status_list_changed", "issuer_id", sqlite_where=text(_IS_CHANGED), postgresql_where=text(_IS_CHANGED)),
        Index("ix_status_list_published_at", "published_at"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    purpose: Mapped[str]
    length: Mapped[int]
    created_at: Mapped[datetime]
    uuid: Mapped[UUID] = mapped_column(unique=True, default_factory=uuid4)
    state: Mapped[str] = mapped_column(default="open")
    changes: Mapped[int] = mapped_column(default=0)
    published: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    published_changes: Mapped[int] = mapped_column(default=-1)
    published_at: Mapped[datetime | None] = mapped_column(default=None)
    publish_due: Mapped[datetime | None] = mapped_column(default=None)


class StatusCounter(Base):
    """How many places of a status list were counted off, and the secret key that maps a count to a place.

    Apart from the list, so that giving out places never waits for a publication, and the key is not read with the list.
    """

    __tablename__ = "status_counter"

    status_list_id: Mapped[int] = mapped_column(Ref, ForeignKey("status_list.id"), primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    counted: Mapped[int] = mapped_column(default=0)


_HAS_CHANGED = "change IS NOT NULL"


class StatusEntry(Base):
    """The place of one credential in a status list, and whether its bit is set.

    `change` is what the `changes` of the list came to when the bit was last changed; None where it never was.
    """

    __tablename__ = "status_entry"
    __table_args__ = (
        UniqueConstraint("status_list_id", "position"),
        UniqueConstraint("credential_uuid", "purpose"),
        Index(
            "ix_status_entry_set", "status_list_id", "is_set", "position", sqlite_where=text("is_set = 1"), postgresql_where=text("is_set")
        ),
        Index("ix_status_entry_change", "status_list_id", "change", sqlite_where=text(_HAS_CHANGED), postgresql_where=text(_HAS_CHANGED)),
    )

    id: Mapped[Id] = mapped_column(init=False)
    status_list_id: Mapped[int] = mapped_column(Ref, ForeignKey("status_list.id"))
    position: Mapped[int]
    credential_uuid: Mapped[UUID]
    purpose: Mapped[str]
    is_set: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(default=None)
    changed_at: Mapped[datetime | None] = mapped_column(default=None)
    changed_by: Mapped[str | None] = mapped_column(default=None)
    change: Mapped[int | None] = mapped_column(default=None)
