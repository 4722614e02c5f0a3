"""Who may do what, what was asked before, and which workers are alive."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import WHOSE, Base, Id, Ref, one_of

ROLES = ("admin", "issuer", "reviewer", "auditor")


class ApiToken(Base):
    """A bearer token: its public id, the SHA-256 of the secret, and what it may do."""

    __tablename__ = "api_token"
    __table_args__ = (CheckConstraint(one_of("role", *ROLES), name="role"),)

    id: Mapped[Id] = mapped_column(init=False)
    public_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    secret_sha256: Mapped[str]
    created_at: Mapped[datetime]
    issuer_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("issuer.id"), default=None)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    last_used_on: Mapped[date | None] = mapped_column(default=None)


class StaffSession(Base):
    """That somebody signed in to the pages, with a token or to an account: the SHA-256 of the secret in their cookie.

    It counts only while the token or the account does.
    """

    __tablename__ = "staff_session"
    __table_args__ = (CheckConstraint(WHOSE, name="whose"),)

    id: Mapped[Id] = mapped_column(init=False)
    secret_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    api_token_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("api_token.id"), index=True, default=None)
    account_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("account.id"), index=True, default=None)


class IdempotencyKey(Base):
    """A request that was carried out under an Idempotency-Key, and what it made."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("api_token_id", "key"),)

    id: Mapped[Id] = mapped_column(init=False)
    api_token_id: Mapped[int] = mapped_column(Ref, ForeignKey("api_token.id"))
    key: Mapped[str]
    request_sha256: Mapped[str]
    created_at: Mapped[datetime]
    resource: Mapped[str | None] = mapped_column(default=None)


class Worker(Base):
    """A worker that is, or was, alive: when it was last seen and last signed a credential for itself to check."""

    __tablename__ = "worker"

    id: Mapped[Id] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    self_tested_at: Mapped[datetime | None] = mapped_column(default=None)
    self_test: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
