"""What LMSs tell us, and what rules made of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import Base, Id, Ref, one_of

OUTCOMES = ("awarded", "already_awarded", "needs_identity", "not_awarded", "needs_approval", "on_hold")
REVIEW_KINDS = ("changed", "voided", "withdrawn", "result", "earned")
REVIEW_STATES = ("open", "kept", "revoked", "reissued")


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
    mapping: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    zone: Mapped[str | None] = mapped_column(default=None)
    fetched_keys: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    success_status: Mapped[int] = mapped_column(default=200)
    state: Mapped[str] = mapped_column(default="active")


_WHOLE, _FAILED = "redacted_at IS NULL", "state = 'failed'"


class Delivery(Base):
    """One HTTP delivery whose signature held, kept as it came. The same delivery again only counts up.

    `redacted_at` is when its payload and headers were deleted; what was read out of it stays in its events.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("source_id", "key"),
        CheckConstraint(one_of("state", "received", "processed", "failed"), name="state"),
        Index("ix_delivery_whole", "received_at", sqlite_where=text(_WHOLE), postgresql_where=text(_WHOLE)),
        Index("ix_delivery_failed", "id", sqlite_where=text(_FAILED), postgresql_where=text(_FAILED)),
    )

    id: Mapped[Id] = mapped_column(init=False)
    source_id: Mapped[int] = mapped_column(Ref, ForeignKey("source.id"))
    key: Mapped[str]
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    payload_sha256: Mapped[str]
    headers: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="received")
    reason: Mapped[str | None] = mapped_column(default=None)
    repeats: Mapped[int] = mapped_column(default=0)
    redacted_at: Mapped[datetime | None] = mapped_column(default=None)


class Rejection(Base):
    """A delivery that was not taken: why, and how it began. Only the last ones of each source are kept."""

    __tablename__ = "rejection"

    id: Mapped[Id] = mapped_column(init=False)
    source_id: Mapped[int] = mapped_column(Ref, ForeignKey("source.id"), index=True)
    received_at: Mapped[datetime]
    status: Mapped[int]
    reason: Mapped[str]
    headers: Mapped[dict[str, Any]]
    size: Mapped[int]
    sha256: Mapped[str]
    beginning: Mapped[bytes] = mapped_column(LargeBinary)


_VOIDS, _COURSE = "voids IS NOT NULL", "course IS NOT NULL"


class LearningEvent(Base):
    """One thing that an LMS says happened, normalised; a delivery may carry several. The learner is known where a rule looked at it."""

    __tablename__ = "learning_event"
    __table_args__ = (
        UniqueConstraint("source_id", "key"),
        Index("ix_learning_event_learner_id_item", "learner_id", "item"),
        Index("ix_learning_event_source_id_id", "source_id", "id"),
        Index("ix_learning_event_course", "course", "id", sqlite_where=text(_COURSE), postgresql_where=text(_COURSE)),
        Index("ix_learning_event_created_at", "created_at"),
        Index("ix_learning_event_voids", "source_id", "voids", sqlite_where=text(_VOIDS), postgresql_where=text(_VOIDS)),
    )

    id: Mapped[Id] = mapped_column(init=False)
    delivery_id: Mapped[int] = mapped_column(Ref, ForeignKey("delivery.id"), index=True)
    source_id: Mapped[int] = mapped_column(Ref, ForeignKey("source.id"))
    key: Mapped[str]
    type: Mapped[str]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    course: Mapped[str | None] = mapped_column(default=None)
    occurred_at: Mapped[datetime | None] = mapped_column(default=None)
    learner_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("learner.id"), default=None)
    item: Mapped[str | None] = mapped_column(default=None)
    voids: Mapped[str | None] = mapped_column(default=None)


class EventSubject(Base):
    """One name under which an event speaks of its learner, so that it is found by any of them, whether a rule looked at it or not."""

    __tablename__ = "event_subject"
    __table_args__ = (Index("ix_event_subject_value", "value", "learning_event_id"),)

    id: Mapped[Id] = mapped_column(init=False)
    learning_event_id: Mapped[int] = mapped_column(Ref, ForeignKey("learning_event.id"), index=True)
    value: Mapped[str]


class Rule(Base):
    """Which events of a source earn which achievement, as `awarding.rule` reads it. `changed_at` is when it was last made or edited."""

    __tablename__ = "rule"
    __table_args__ = (CheckConstraint(one_of("state", "active", "disabled"), name="state"),)

    id: Mapped[Id] = mapped_column(init=False)
    achievement_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement.id"), index=True)
    source_id: Mapped[int] = mapped_column(Ref, ForeignKey("source.id"), index=True)
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(default="active")


class RuleSource(Base):
    """A source that a rule listens to: its own, and those that its parts name."""

    __tablename__ = "rule_source"

    rule_id: Mapped[int] = mapped_column(Ref, ForeignKey("rule.id"), primary_key=True)
    source_id: Mapped[int] = mapped_column(Ref, ForeignKey("source.id"), primary_key=True, index=True)


class Ground(Base):
    """That an event is a part of what a rule needs: what awards rest upon. Whether the event still stands is asked anew each time."""

    __tablename__ = "ground"
    __table_args__ = (UniqueConstraint("learning_event_id", "rule_id", "part"),)

    id: Mapped[Id] = mapped_column(init=False)
    rule_id: Mapped[int] = mapped_column(Ref, ForeignKey("rule.id"), index=True)
    part: Mapped[int]
    learning_event_id: Mapped[int] = mapped_column(Ref, ForeignKey("learning_event.id"))
    scope: Mapped[str]


class Decision(Base):
    """What a rule said of an event, and why; one for each pair and each edition of the rule, never changed."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("learning_event_id", "rule_id", "revision"),
        CheckConstraint(one_of("outcome", *OUTCOMES), name="outcome"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    learning_event_id: Mapped[int] = mapped_column(Ref, ForeignKey("learning_event.id"))
    rule_id: Mapped[int] = mapped_column(Ref, ForeignKey("rule.id"), index=True)
    outcome: Mapped[str]
    reason: Mapped[str]
    decided_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)
    award_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("award.id"), default=None)


class Review(Base):
    """That an award does not say any more what its grounds say, by a later event; somebody decides what becomes of the badge.

    `changed`, `voided` and `withdrawn`: what earned it does not hold any more. `result`: it is earned, with another result than the badge
    says. `earned`: it was revoked, and is earned again.
    """

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("award_id", "learning_event_id"),
        CheckConstraint(one_of("kind", *REVIEW_KINDS), name="kind"),
        CheckConstraint(one_of("state", *REVIEW_STATES), name="state"),
        Index("ix_review_issuer_id_state", "issuer_id", "state"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    award_id: Mapped[int] = mapped_column(Ref, ForeignKey("award.id"))
    learning_event_id: Mapped[int] = mapped_column(Ref, ForeignKey("learning_event.id"))
    kind: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    offer: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(default="open")
    note: Mapped[str | None] = mapped_column(default=None)
    closed_by: Mapped[str | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
