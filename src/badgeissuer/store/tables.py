"""What is stored: definitions, intake, awards, and what was signed. Tables only; the queries stand in the other modules.

Three rows never change once written: a published achievement version, a credential, and a decision. Triggers in the database guard
them (migration 0001), so that not even an error in this program can alter what was signed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store import orders
from badgeissuer.store.base import Base, Id, Ref, one_of

KEY_STATES = ("pending", "active", "verify_only", "retired", "compromised")
AWARD_STATES = ("pending", "needs_identity", "needs_approval", "on_hold", "issued", "failed", "cancelled")
REQUEST_STATES = ("waiting", "signed", "refused")
ROLES = ("admin", "issuer", "reviewer", "auditor")

Batch = orders.Batch
BatchChunk = orders.BatchChunk
Job = orders.Job
Revocation = orders.Revocation


class Issuer(Base):
    """An issuing unit: who stands in the badge as its issuer."""

    __tablename__ = "issuer"
    __table_args__ = (CheckConstraint(one_of("did_method", "key", "web"), name="did_method"),)

    id: Mapped[Id] = mapped_column(init=False)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    did_method: Mapped[str]
    created_at: Mapped[datetime]
    did: Mapped[str | None] = mapped_column(unique=True, default=None)
    url: Mapped[str | None] = mapped_column(default=None)
    description: Mapped[str | None] = mapped_column(default=None)
    image: Mapped[str | None] = mapped_column(default=None)
    email: Mapped[str | None] = mapped_column(default=None)


class SigningKey(Base):
    """The public half of a signing key and its state; the private half is wrapped in a file of the keys folder."""

    __tablename__ = "signing_key"
    __table_args__ = (
        CheckConstraint(one_of("state", *KEY_STATES), name="state"),
        Index(
            "uq_signing_key_one_active",
            "issuer_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"), index=True)
    public_key_multibase: Mapped[str] = mapped_column(unique=True)
    verification_method: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None] = mapped_column(default=None)
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    compromised_since: Mapped[datetime | None] = mapped_column(default=None)


class Achievement(Base):
    """A definition in the making: the draft, in Open Badges spelling, and the name under which it is published."""

    __tablename__ = "achievement"

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"), index=True)
    slug: Mapped[str] = mapped_column(unique=True)
    draft: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AchievementVersion(Base):
    """A published definition, exactly as it stands in the badges that assert it. Never changed, never deleted."""

    __tablename__ = "achievement_version"
    __table_args__ = (UniqueConstraint("achievement_id", "version"),)

    id: Mapped[Id] = mapped_column(init=False)
    achievement_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement.id"))
    version: Mapped[int]
    document: Mapped[dict[str, Any]]
    draft_sha256: Mapped[str]
    published_at: Mapped[datetime]


class Press(Base):
    """A template that badges of a version are printed with (`openbadges.press`). Never changed; a badge never depends on it being kept.

    `members` names the press: which members its badges have, and who issues them. `contexts` are those it was made under: URL → SHA-256.
    """

    __tablename__ = "press"
    __table_args__ = (UniqueConstraint("achievement_version_id", "members"),)

    id: Mapped[Id] = mapped_column(init=False)
    achievement_version_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement_version.id"))
    members: Mapped[str]
    contexts: Mapped[dict[str, Any]]
    plan: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]
    created_at: Mapped[datetime]


class Source(Base):
    """An LMS, or anything else that tells us of learning: how it signs and how its events are read."""

    __tablename__ = "source"
    __table_args__ = (CheckConstraint(one_of("state", "active", "disabled"), name="state"),)

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"), index=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    adapter: Mapped[str]
    hook_key: Mapped[str] = mapped_column(unique=True)
    signature: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    fetched_keys: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    success_status: Mapped[int] = mapped_column(default=200)
    state: Mapped[str] = mapped_column(default="active")


class Delivery(Base):
    """One HTTP delivery whose signature held, kept as it came. The same delivery again only counts up."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("source_id", "key"),
        CheckConstraint(one_of("state", "received", "processed", "failed"), name="state"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    source_id: Mapped[int] = mapped_column(Ref, ForeignKey("source.id"))
    key: Mapped[str]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    payload_sha256: Mapped[str]
    headers: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(default="received")
    reason: Mapped[str | None] = mapped_column(default=None)
    repeats: Mapped[int] = mapped_column(default=0)


class LearningEvent(Base):
    """One thing that an LMS says happened, normalised; a delivery may carry several."""

    __tablename__ = "learning_event"
    __table_args__ = (UniqueConstraint("source_id", "key"),)

    id: Mapped[Id] = mapped_column(init=False)
    delivery_id: Mapped[int] = mapped_column(Ref, ForeignKey("delivery.id"), index=True)
    source_id: Mapped[int] = mapped_column(Ref, ForeignKey("source.id"))
    key: Mapped[str]
    type: Mapped[str]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    course: Mapped[str | None] = mapped_column(default=None)
    occurred_at: Mapped[datetime | None] = mapped_column(default=None)


class Rule(Base):
    """Which events of a source earn which achievement."""

    __tablename__ = "rule"
    __table_args__ = (CheckConstraint(one_of("state", "active", "disabled"), name="state"),)

    id: Mapped[Id] = mapped_column(init=False)
    achievement_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement.id"), index=True)
    source_id: Mapped[int] = mapped_column(Ref, ForeignKey("source.id"), index=True)
    when: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="active")


class Decision(Base):
    """What a rule said of an event, and why; one for each pair, never changed."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("learning_event_id", "rule_id"),
        CheckConstraint(one_of("outcome", "awarded", "already_awarded", "needs_identity", "not_awarded"), name="outcome"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    learning_event_id: Mapped[int] = mapped_column(Ref, ForeignKey("learning_event.id"))
    rule_id: Mapped[int] = mapped_column(Ref, ForeignKey("rule.id"), index=True)
    outcome: Mapped[str]
    reason: Mapped[str]
    decided_at: Mapped[datetime]
    award_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("award.id"), default=None)


class Learner(Base):
    """A person, apart from the names that systems have for them."""

    __tablename__ = "learner"

    id: Mapped[Id] = mapped_column(init=False)
    created_at: Mapped[datetime]
    name: Mapped[str | None] = mapped_column(default=None)


class LearnerIdentity(Base):
    """One name that a system has for a learner, within the issuer that was told so.

    `authority` is the source's slug for ids that only it gives, else empty. What one issuer is told about a person never reaches the
    badges of another.
    """

    __tablename__ = "learner_identity"
    __table_args__ = (
        UniqueConstraint("issuer_id", "kind", "authority", "value"),
        CheckConstraint(one_of("kind", "source_id", "sis_id", "email", "did"), name="kind"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    learner_id: Mapped[int] = mapped_column(Ref, ForeignKey("learner.id"), index=True)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    kind: Mapped[str]
    authority: Mapped[str]
    value: Mapped[str]
    created_at: Mapped[datetime]


class Award(Base):
    """The decision that a learner has earned an achievement. What must not differ between two tries at signing is fixed here."""

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("achievement_id", "learner_id", "scope"),
        CheckConstraint(one_of("state", *AWARD_STATES), name="state"),
        Index("ix_award_source_id_id", "source_id", "id"),
        Index("ix_award_batch_id_row", "batch_id", "row"),
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
    batch_id: Mapped[int | None] = mapped_column(Ref, default=None)  # no foreign key: to check it costs each badge, and no batch is deleted
    row: Mapped[int | None] = mapped_column(default=None)


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
