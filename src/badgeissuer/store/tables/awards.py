"""Who earned what, and what was signed of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import WHOSE, Base, Id, Ref, one_of

AWARD_STATES = ("pending", "needs_identity", "needs_approval", "on_hold", "issued", "failed", "cancelled")
REQUEST_STATES = ("waiting", "signed", "refused")


_NAMELESS = "state = 'needs_identity'"


class Award(Base):
    """The decision that a learner has earned an achievement. What must not differ between two tries at signing is fixed here.

    `approvals` is how many people have to agree before the badge is issued, `held_until` the moment before which it is not.
    """

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("achievement_id", "learner_id", "scope"),
        CheckConstraint(one_of("state", *AWARD_STATES), name="state"),
        Index("ix_award_source_id_id", "source_id", "id"),
        Index("ix_award_batch_id_row", "batch_id", "row"),
        Index("ix_award_needs_identity", "learner_id", sqlite_where=text(_NAMELESS), postgresql_where=text(_NAMELESS)),
    )

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"), index=True)
    achievement_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement.id"))
    achievement_version_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement_version.id"), index=True)
    learner_id: Mapped[int] = mapped_column(Ref, ForeignKey("learner.id"), index=True)
    scope: Mapped[str]
    state: Mapped[str]
    claims: Mapped[dict[str, Any]]
    awarded_at: Mapped[datetime]
    created_at: Mapped[datetime]
    valid_from: Mapped[datetime]
    uuid: Mapped[UUID] = mapped_column(unique=True, default_factory=uuid4)
    credential_uuid: Mapped[UUID] = mapped_column(unique=True, default_factory=uuid4)
    reason: Mapped[str | None] = mapped_column(default=None)
    source_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("source.id"), default=None)
    rule_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("rule.id"), default=None)
    learning_event_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("learning_event.id"), default=None)
    valid_until: Mapped[datetime | None] = mapped_column(default=None)
    approvals: Mapped[int | None] = mapped_column(default=None)
    held_until: Mapped[datetime | None] = mapped_column(default=None)
    batch_id: Mapped[int | None] = mapped_column(Ref, default=None)  # no foreign key: to check it costs each badge, and no batch is deleted
    row: Mapped[int | None] = mapped_column(default=None)


class Approval(Base):
    """That somebody agreed to an award; each token, and each person with an account, agrees once."""

    __tablename__ = "approval"
    __table_args__ = (
        UniqueConstraint("award_id", "api_token_id"),
        UniqueConstraint("award_id", "account_id"),
        CheckConstraint(WHOSE, name="whose"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    award_id: Mapped[int] = mapped_column(Ref, ForeignKey("award.id"))
    actor: Mapped[str]
    note: Mapped[str]
    created_at: Mapped[datetime]
    api_token_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("api_token.id"), default=None)
    account_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("account.id"), default=None)


class Credential(Base):
    """A signed credential: the bytes that were signed, and their SHA-256. Never changed; its status lives elsewhere."""

    __tablename__ = "credential"

    id: Mapped[Id] = mapped_column(init=False)
    uuid: Mapped[UUID] = mapped_column(unique=True)
    award_id: Mapped[int] = mapped_column(Ref, ForeignKey("award.id"), unique=True)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"), index=True)
    signing_key_id: Mapped[int] = mapped_column(Ref, ForeignKey("signing_key.id"), index=True)
    document: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]
    created_at: Mapped[datetime]


class SigningRequest(Base):
    """A document that somebody composed elsewhere, on its way through a worker, which has the keys. Kept for an hour after the answer.

    `answer` is what is handed out: the signed credential, or in the state `refused` a problem document.
    """

    __tablename__ = "signing_request"
    __table_args__ = (CheckConstraint(one_of("state", *REQUEST_STATES), name="state"),)

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    mechanism: Mapped[str]
    document: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    uuid: Mapped[UUID] = mapped_column(unique=True, default_factory=uuid4)
    state: Mapped[str] = mapped_column(default="waiting")
    answer: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    answered_at: Mapped[datetime | None] = mapped_column(index=True, default=None)


class Attestation(Base):
    """A credential that was signed on request and has a status: which one, by the SHA-256 of its id, and its name in the status list."""

    __tablename__ = "attestation"

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    credential_sha256: Mapped[str] = mapped_column(index=True)
    credential_uuid: Mapped[UUID] = mapped_column(unique=True)
    created_at: Mapped[datetime]
