"""People who work with the service by its pages, and the ways by which they are known."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import Base, Id, Ref, one_of
from badgeissuer.store.tables.running import ROLES


class Account(Base):
    """A person: an address in ASCII and small letters, and what they may do; `issuer_id` is the one unit that they are bound to."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint(one_of("role", *ROLES), name="role"),)

    id: Mapped[Id] = mapped_column(init=False)
    public_id: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    created_at: Mapped[datetime]
    issuer_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("issuer.id"), default=None)
    disabled_at: Mapped[datetime | None] = mapped_column(default=None)
    last_used_on: Mapped[date | None] = mapped_column(default=None)


class AccountIdentity(Base):
    """By what an OpenID provider knows somebody with an account: `issuer` and `subject` together name one person for good."""

    __tablename__ = "account_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("account_id", "issuer"))

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("account.id"))
    issuer: Mapped[str]
    subject: Mapped[str]
    created_at: Mapped[datetime]


class SpentState(Base):
    """That somebody came in by an answer of the OpenID provider: the SHA-256 of its `state`, for as long as it could come again."""

    __tablename__ = "spent_state"

    id: Mapped[Id] = mapped_column(init=False)
    state_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(index=True)


class SignInLink(Base):
    """That somebody with an account asked for a link by e-mail; kept for as long as it is counted.

    `browser_sha256` is that of the secret in their browser's cookie, `secret_sha256` that of the link: None before it is sent, after it was
    used, and when a newer one was sent.
    """

    __tablename__ = "sign_in_link"

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(Ref, ForeignKey("account.id"), index=True)
    browser_sha256: Mapped[str]
    wanted: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    secret_sha256: Mapped[str | None] = mapped_column(unique=True, default=None)
