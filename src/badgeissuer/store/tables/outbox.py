"""What goes out: messages to learners, reminders to units, and notices to the systems that want to hear of badges."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import Base, Id, Ref, one_of

MESSAGE_STATES = ("waiting", "sent", "bounced", "failed", "cancelled")
NOTICE_STATES = ("waiting", "delivered", "dead")
REMINDER_STATES = ("waiting", "sent", "failed", "cancelled")
_NOT_REMINDED = "state = 'sent' AND reminder_copy IS NULL"


class Message(Base):
    """The e-mail that tells a learner of a badge; one for each award. To whom it goes and what it says is read when it is sent.

    `copy` counts how often it was sent again; `reminder_copy` is the one that reminds of a badge that was not claimed, None before there is
    one. `status` and `reason` are the last words of the mail server, or ours.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint(one_of("state", *MESSAGE_STATES), name="state"),
        Index("ix_message_state_issuer_id", "state", "issuer_id"),
        Index("ix_message_not_reminded", "sent_at", sqlite_where=text(_NOT_REMINDED), postgresql_where=text(_NOT_REMINDED)),
    )

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    award_id: Mapped[int] = mapped_column(Ref, ForeignKey("award.id"), unique=True)
    created_at: Mapped[datetime]
    uuid: Mapped[UUID] = mapped_column(unique=True, default_factory=uuid4)
    state: Mapped[str] = mapped_column(default="waiting")
    copy: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None] = mapped_column(default=None)
    reason: Mapped[str | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    reminder_copy: Mapped[int | None] = mapped_column(default=None)


class Reminder(Base):
    """That a unit is told by e-mail that one of its published definitions is to be reviewed: once for each state that its review comes to.

    `near` is that state (`retiring.Review`); `reason` holds the last words of the mail server, or ours.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        CheckConstraint(one_of("state", *REMINDER_STATES), name="state"),
        UniqueConstraint("achievement_version_id", "near"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    achievement_version_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement_version.id"))
    near: Mapped[str]
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="waiting")
    reason: Mapped[str | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)


class Subscriber(Base):
    """An LMS, or another system, that is told of what becomes of awards: where, of which events, and with which secrets it is signed.

    `reason` says why it is disabled; `last_…` what came of the last notice; `rests_until` when it is asked again after it was not reached.
    """

    __tablename__ = "subscriber"
    __table_args__ = (CheckConstraint(one_of("state", "active", "disabled"), name="state"),)

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"), index=True)
    slug: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    events: Mapped[list[Any]] = mapped_column(JSON)
    secrets: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="active")
    reason: Mapped[str | None] = mapped_column(default=None)
    last_at: Mapped[datetime | None] = mapped_column(default=None)
    last_status: Mapped[int | None] = mapped_column(default=None)
    last_reason: Mapped[str | None] = mapped_column(default=None)
    rests_until: Mapped[datetime | None] = mapped_column(default=None)


class Notice(Base):
    """One event for one subscriber. `uuid` names it over all its retries; `award_state` and `award_reason` are those of the event."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint(one_of("state", *NOTICE_STATES), name="state"),
        Index("ix_notice_state_subscriber_id", "state", "subscriber_id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    subscriber_id: Mapped[int] = mapped_column(Ref, ForeignKey("subscriber.id"))
    type: Mapped[str]
    created_at: Mapped[datetime]
    award_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("award.id"), index=True, default=None)
    uuid: Mapped[UUID] = mapped_column(unique=True, default_factory=uuid4)
    award_state: Mapped[str | None] = mapped_column(default=None)
    award_reason: Mapped[str | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    status: Mapped[int | None] = mapped_column(default=None)
    reason: Mapped[str | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
