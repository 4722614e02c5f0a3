"""Holders of badges: people without account or password who proved that letters to an address reach them, and what they agreed to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import Base, Id, Ref, one_of

LINK_KINDS = ("claim", "sign_in", "address")
EVENT_KINDS = ("proven", "preferred", "removed")
CONSENT_KINDS = ("issue", "results", "publish", "list")


class Holder(Base):
    """A person, known by the addresses that they proved."""

    __tablename__ = "holder"

    id: Mapped[Id] = mapped_column(init=False)
    created_at: Mapped[datetime]


class HolderAddress(Base):
    """An address, in the form in which addresses are compared, that one holder proved. Their letters go to the preferred one."""

    __tablename__ = "holder_address"

    id: Mapped[Id] = mapped_column(init=False)
    holder_id: Mapped[int] = mapped_column(Ref, ForeignKey("holder.id"), index=True)
    email: Mapped[str] = mapped_column(unique=True)
    confirmed_at: Mapped[datetime]
    is_preferred: Mapped[bool] = mapped_column(default=True)


class HolderEvent(Base):
    """What became of the addresses of a holder. Never changed."""

    __tablename__ = "holder_event"
    __table_args__ = (CheckConstraint(one_of("kind", *EVENT_KINDS), name="kind"),)

    id: Mapped[Id] = mapped_column(init=False)
    holder_id: Mapped[int] = mapped_column(Ref, ForeignKey("holder.id"), index=True)
    kind: Mapped[str]
    email: Mapped[str]
    at: Mapped[datetime]


class HolderSession(Base):
    """That a browser is a holder's: the SHA-256 of the secret in its cookie. It ends at `expires_at`, or a while after `used_at`."""

    __tablename__ = "holder_session"

    id: Mapped[Id] = mapped_column(init=False)
    holder_id: Mapped[int] = mapped_column(Ref, ForeignKey("holder.id"), index=True)
    secret_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ClaimLink(Base):
    """A link that was, or is to be, sent to an address, and proves once that its letters are read.

    `secret_sha256` is None before it is sent, and when a newer one was; `award_id` is the award of whose badge the letter tells,
    `holder_id` the holder who says that the address is theirs too.
    """

    __tablename__ = "claim_link"
    __table_args__ = (
        CheckConstraint(one_of("kind", *LINK_KINDS), name="kind"),
        Index("ix_claim_link_kind_created_at", "kind", "created_at"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    kind: Mapped[str]
    email: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    secret_sha256: Mapped[str | None] = mapped_column(unique=True, default=None)
    award_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("award.id"), index=True, default=None)
    holder_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("holder.id"), default=None)
    used_at: Mapped[datetime | None] = mapped_column(default=None)


class Claim(Base):
    """That a badge reached its learner: when, and by which address."""

    __tablename__ = "claim"

    id: Mapped[Id] = mapped_column(init=False)
    award_id: Mapped[int] = mapped_column(Ref, ForeignKey("award.id"), unique=True)
    email: Mapped[str] = mapped_column(index=True)
    claimed_at: Mapped[datetime]


class Consent(Base):
    """What a holder agreed to, or no longer does, and which version of the text they read. Never changed: what is newest counts."""

    __tablename__ = "consent"
    __table_args__ = (CheckConstraint(one_of("kind", *CONSENT_KINDS), name="kind"),)

    id: Mapped[Id] = mapped_column(init=False)
    holder_id: Mapped[int] = mapped_column(Ref, ForeignKey("holder.id"))
    award_id: Mapped[int] = mapped_column(Ref, ForeignKey("award.id"), index=True)
    kind: Mapped[str]
    given: Mapped[bool]
    text_version: Mapped[int]
    at: Mapped[datetime]
