"""Learners, and the names that systems have for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
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
