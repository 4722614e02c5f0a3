"""What is to be done: the tables of jobs, of rosters to be issued, and of credentials to be revoked. They belong to `store.tables`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import WHOSE, Base, Id, Ref, one_of

JOB_STATES = ("queued", "running", "done", "dead")
BATCH_STATES = ("running", "paused", "cancelled")
CHUNK_STATES = ("open", "done", "cancelled")
REVOCATION_STATES = ("running", "done", "failed")


class Batch(Base):
    """A roster that was handed in: one achievement for many learners. What became of its rows stands in the chunks.

    `turn` is the last turn that its jobs were given in the queue; see `Job`. `sheet` says what the columns mean where the roster is a sheet
    (`awarding.columns.Layout`); its rows are then cells (`awarding.record.pack`), else JSON objects.
    """

    __tablename__ = "batch"
    __table_args__ = (UniqueConstraint("issuer_id", "key"), CheckConstraint(one_of("state", *BATCH_STATES), name="state"))

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"))
    achievement_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement.id"))
    achievement_version_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement_version.id"))
    content_sha256: Mapped[str]
    total: Mapped[int]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    uuid: Mapped[UUID] = mapped_column(unique=True, default_factory=uuid4)
    key: Mapped[str | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(default="running")
    turn: Mapped[int] = mapped_column(Ref, default=0)
    sheet: Mapped[dict[str, Any] | None] = mapped_column(default=None)


class BatchChunk(Base):
    """Some hundred rows of a roster, which are worked on in one transaction.

    `content` holds the rows that are still to be done, or that failed (`awarding.roster.pack`), `notes` what there is to say of rows, as
    compressed JSON. Of a row that is done nothing is kept here.
    """

    __tablename__ = "batch_chunk"
    __table_args__ = (UniqueConstraint("batch_id", "first_row"), CheckConstraint(one_of("state", *CHUNK_STATES), name="state"))

    id: Mapped[Id] = mapped_column(init=False)
    batch_id: Mapped[int] = mapped_column(Ref, ForeignKey("batch.id"))
    first_row: Mapped[int]
    last_row: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(default="open")
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    repeated: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    notes: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)


class Upload(Base):
    """A file that staff brought through a page, for as long as they work with it; `choices` is how they want it read."""

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint(one_of("purpose", "roster", "reconciliation"), name="purpose"),
        CheckConstraint(WHOSE, name="whose"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    purpose: Mapped[str]
    name: Mapped[str]
    size: Mapped[int]
    choices: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
    uuid: Mapped[UUID] = mapped_column(unique=True, default_factory=uuid4)
    api_token_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("api_token.id"), index=True, default=None)
    account_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("account.id"), index=True, default=None)


class UploadPiece(Base):
    """A piece of an upload, compressed."""

    __tablename__ = "upload_piece"
    __table_args__ = (UniqueConstraint("upload_id", "number"),)

    id: Mapped[Id] = mapped_column(init=False)
    upload_id: Mapped[int] = mapped_column(Ref, ForeignKey("upload.id"))
    number: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Revocation(Base):
    """That many credentials are to be revoked: which, why, and how far it has come (`after`, up to `up_to`: ids of awards).

    `issuer_id` is None where it is not for one issuer alone.
    """

    __tablename__ = "revocation"
    __table_args__ = (CheckConstraint(one_of("state", *REVOCATION_STATES), name="state"),)

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("issuer.id"), index=True)
    selection: Mapped[dict[str, Any]]
    reason: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    total: Mapped[int]
    up_to: Mapped[int] = mapped_column(Ref)
    uuid: Mapped[UUID] = mapped_column(unique=True, default_factory=uuid4)
    state: Mapped[str] = mapped_column(default="running")
    done: Mapped[int] = mapped_column(default=0)
    after: Mapped[int] = mapped_column(Ref, default=0)
    fault: Mapped[str | None] = mapped_column(default=None)


class Job(Base):
    """Work for a worker, written in the transaction that makes it necessary.

    What is due is done in the order of `turn`: 0 is what somebody waits for, and the jobs of large orders are numbered from 1, so that
    those of several orders take turns.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(one_of("state", *JOB_STATES), name="state"),
        Index("ix_job_state_turn_run_at_id", "state", "turn", "run_at", "id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    run_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    worker: Mapped[str | None] = mapped_column(default=None)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(default=None)
    turn: Mapped[int] = mapped_column(Ref, default=0, server_default="0")
