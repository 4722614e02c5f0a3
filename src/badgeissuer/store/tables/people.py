"""Learners, the names that systems have for them, and what was changed about who is who."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import Base, Id, Ref, one_of


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
        CheckConstraint(one_of("kind", "source_id", "sis_id", "orcid", "email", "did"), name="kind"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    learner_id: Mapped[int] = mapped_column(Ref, ForeignKey("learner.id"), index=True)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    kind: Mapped[str]
    authority: Mapped[str]
    value: Mapped[str]
    created_at: Mapped[datetime]


class IdentityChange(Base):
    """That somebody said who is who: names added to a learner, two learners made one, or one made two. Never changed.

    `details` says which names moved, which awards stand beside each other since, and which were cancelled.
    """

    __tablename__ = "identity_change"
    __table_args__ = (
        CheckConstraint(one_of("kind", "named", "merged", "split"), name="kind"),
        Index("ix_identity_change_issuer_id_id", "issuer_id", "id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    kind: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str]
    to_learner_id: Mapped[int] = mapped_column(Ref, ForeignKey("learner.id"), index=True)
    created_at: Mapped[datetime]
    details: Mapped[dict[str, Any]]
    from_learner_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("learner.id"), index=True, default=None)


class IdentityQuestion(Base):
    """That two learners may be one person, by something that named both; somebody says whether they are. The lower row stands first."""

    __tablename__ = "identity_question"
    __table_args__ = (
        UniqueConstraint("learner_id", "other_learner_id"),
        CheckConstraint(one_of("state", "open", "merged", "apart"), name="state"),
        CheckConstraint("learner_id < other_learner_id", name="pair"),
        Index("ix_identity_question_issuer_id_state", "issuer_id", "state"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    learner_id: Mapped[int] = mapped_column(Ref, ForeignKey("learner.id"))
    other_learner_id: Mapped[int] = mapped_column(Ref, ForeignKey("learner.id"), index=True)
    reason: Mapped[str]
    created_at: Mapped[datetime]
    learning_event_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("learning_event.id"), default=None)
    state: Mapped[str] = mapped_column(default="open")
    note: Mapped[str | None] = mapped_column(default=None)
    closed_by: Mapped[str | None] = mapped_column(default=None)
    closed_at: Mapped[datetime | None] = mapped_column(default=None)
