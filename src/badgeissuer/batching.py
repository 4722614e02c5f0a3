"""Batches: an achievement for everybody on a roster, in chunks that workers issue.

    running ──▶ done (no chunk is open any more)      running ◀──▶ paused      running, paused ──▶ cancelled

A batch has one job for each chunk that is open. The chunks of one issuer are done one batch after the other, and those of several issuers
in turns; what somebody waits for goes before them all (`tables.Job.turn`).
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, func, select, update
from sqlalchemy.sql.functions import coalesce

from badgeissuer import authoring, issuing, problem, retiring
from badgeissuer.awarding import roster
from badgeissuer.store import bulk, engine, jobs, spool, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from badgeissuer.awarding import columns

ISSUE = "issue_chunk"
_TOGETHER = 64
"""Chunks that are written at once: with the longest rows, 128 MiB before they were compressed."""

Change = Literal["pause", "resume", "cancel", "retry"]
Note = dict[str, Any]
"""What there is to say of a row: `row`, `state` (failed, repeated, waiting), `errors` or `detail`, and `award` where it has one."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch has come.

    Attributes:
        state: running, paused, cancelled, done.
        done: Rows whose learner has the award now, those of the next two among them.
        failed: Rows that need mending.
        repeated: Rows whose learner had it before.
        waiting: Rows whose learner has neither an e-mail address nor a DID to issue to.
    """

    state: str
    done: int
    failed: int
    repeated: int
    waiting: int


def create(
    session: Session,
    achievement: tables.Achievement,
    *,
    rows: spool.Spool,
    key: str | None,
    actor: str,
    now: datetime,
    layout: columns.Layout | None = None,
) -> tables.Batch:
    """Store a roster and queue its chunks; or return the batch that was made of the same roster under the same key before.

    Args:
        session: A writing session.
        achievement: What everybody on it is awarded.
        rows: The roster.
        key: What makes it the same roster when it comes again; None where that does not matter.
        actor: Who hands it in.
        now: The moment.
        layout: What the columns mean, where it is a sheet.

    Raises:
        problem.Conflict: The achievement is not published or awarded to nobody new, or the key was used for another roster.
        problem.Invalid: There is no row.
    """
    version = issuing.version_of(session, achievement)
    if not rows.total:
        form = "Below the names of the columns stands at least one." if layout else "Send one JSON object a line, at least one."
        raise problem.Invalid(f"The roster holds no rows. {form}")
    row = tables.Batch(
        issuer_id=achievement.issuer_id,
        achievement_id=achievement.id,
        achievement_version_id=version.id,
        content_sha256=rows.sha256,
        total=rows.total,
        created_by=actor,
        created_at=now,
        key=key,
        sheet=layout.to_json() if layout else None,
    )
    batch = engine.add_if_new(session, row)
    if batch is None:
        return _same(session, row)
    retiring.require_open(achievement, version, issuer=session.get_one(tables.Issuer, achievement.issuer_id), now=now)
    _store(session, batch, rows)
    _queue(session, batch, now=now)
    return batch


def _same(session: Session, row: tables.Batch) -> tables.Batch:
    table = tables.Batch
    batch = session.scalars(select(table).where(table.issuer_id == row.issuer_id, table.key == row.key)).one()
    if (batch.achievement_id, batch.content_sha256) != (row.achievement_id, row.content_sha256):
        raise problem.Conflict(
            f"The key {row.key} was already used for another roster or achievement (batch {batch.uuid}). Take another key.",
            kind=problem.OURS + "batch-key-reused",
            batch=str(batch.uuid),
        )
    return batch


def _store(session: Session, batch: tables.Batch, rows: spool.Spool) -> None:
    names = ("batch_id", "first_row", "last_row", "content", "state", "done", "failed", "repeated", "waiting")
    some: list[tuple[Any, ...]] = []
    for chunk in rows.chunks():
        some.append((batch.id, chunk.first_row, chunk.last_row, chunk.content, "open", 0, 0, 0, 0))
        if len(some) == _TOGETHER:
            bulk.add(session, tables.BatchChunk, names, some)
            some = []
    bulk.add(session, tables.BatchChunk, names, some)


def _queue(session: Session, batch: tables.Batch, *, now: datetime) -> None:
    """Queue the open chunks of a batch, behind those of the same issuer and in turns with those of others."""
    chunks, last = tables.BatchChunk, func.max(tables.Batch.turn)
    query = select(chunks.id).where(chunks.batch_id == batch.id, chunks.state == "open").order_by(chunks.first_row)
    own = session.scalar(select(last).where(tables.Batch.issuer_id == batch.issuer_id)) or 0
    turn = max(jobs.first_turn(session, ISSUE) or (session.scalar(select(last)) or 0) + 1, own + 1)
    rows = [
        (ISSUE, {"batch": batch.id, "chunk": chunk}, now, now, "queued", 0, turn + place)
        for place, chunk in enumerate(session.scalars(query))
    ]
    bulk.add(session, tables.Job, ("kind", "payload", "created_at", "run_at", "state", "attempts", "turn"), rows)
    batch.turn = turn + len(rows) - 1 if rows else 0


def _unqueue(session: Session, batch: tables.Batch) -> None:
    """Take what nobody has begun out of the queue."""
    table = tables.Job
    is_its = table.payload["batch"].as_integer() == batch.id
    session.execute(delete(table).where(table.kind == ISSUE, table.state == "queued", is_its).execution_options(synchronize_session=False))
    batch.turn = 0


def find(session: Session, uuid: UUID) -> tables.Batch:
    """Return a batch by its public id, or raise `problem.NotFound`."""
    row = session.scalar(select(tables.Batch).where(tables.Batch.uuid == uuid))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def progress(session: Session, batches: Sequence[tables.Batch]) -> list[Progress]:
    """Return how far batches have come, in their order."""
    table = tables.BatchChunk
    counts = [coalesce(func.sum(column), 0) for column in (table.done, table.failed, table.repeated, table.waiting)]
    is_open = func.count().filter(table.state == "open")
    query = select(table.batch_id, is_open, *counts).where(table.batch_id.in_([batch.id for batch in batches])).group_by(table.batch_id)
    found = {row[0]: row[1:] for row in session.execute(query)}
    return [_progress(batch, *found[batch.id]) for batch in batches]


def _progress(batch: tables.Batch, still_open: int, *counts: int) -> Progress:
    state = "done" if not still_open and batch.state != "cancelled" else batch.state
    return Progress(state, *(int(count) for count in counts))


def change(session: Session, batch: tables.Batch, what: Change, *, now: datetime) -> None:
    """Pause a batch, go on with it, give it up, or try what failed again.

    Raises:
        problem.Conflict: Its state does not allow that, or nothing failed.
    """
    match what:
        case "pause":
            pause(session, batch)
        case "resume":
            resume(session, batch, now=now)
        case "cancel":
            cancel(session, batch)
        case "retry":
            retry(session, batch, now=now)


def pause(session: Session, batch: tables.Batch) -> None:
    """Begin no more chunks; what a worker has in hand it finishes.

    Raises:
        problem.Conflict: It was cancelled.
    """
    _locked(session, batch, "running", "paused")
    batch.state = "paused"
    _unqueue(session, batch)


def resume(session: Session, batch: tables.Batch, *, now: datetime) -> None:
    """Go on with a batch that was paused.

    Raises:
        problem.Conflict: It was cancelled.
    """
    if _locked(session, batch, "running", "paused").state == "paused":
        batch.state = "running"
        _queue(session, batch, now=now)


def cancel(session: Session, batch: tables.Batch) -> None:
    """Give up the rows that are not done; badges that are issued stay, and can be revoked."""
    _locked(session, batch, "running", "paused", "cancelled")
    batch.state = "cancelled"
    _unqueue(session, batch)
    table = tables.BatchChunk
    session.execute(update(table).where(table.batch_id == batch.id, table.state == "open").values(state="cancelled"))


def retry(session: Session, batch: tables.Batch, *, now: datetime) -> None:
    """Try the rows that failed again, with the newest version of the achievement.

    Raises:
        problem.Conflict: It was cancelled, or no row failed.
    """
    _locked(session, batch, "running", "paused")
    table = tables.BatchChunk
    again = update(table).where(table.batch_id == batch.id, table.state == "done", table.failed > 0).values(state="open", failed=0)
    if not session.scalars(again.returning(table.id)).all():
        raise problem.Conflict("No row of this batch has failed.")
    version = authoring.newest_version(session, session.get_one(tables.Achievement, batch.achievement_id))
    batch.achievement_version_id = version.id if version else batch.achievement_version_id
    if batch.state == "running":
        _unqueue(session, batch)
        _queue(session, batch, now=now)


def _locked(session: Session, batch: tables.Batch, *states: str) -> tables.Batch:
    """Return the batch as it is now, locked against other changes of its state."""
    session.get_one(tables.Batch, batch.id, with_for_update={"key_share": True}, populate_existing=True)
    if batch.state not in states:
        raise problem.Conflict(f"The batch was {batch.state}. Hand in the roster under another key to begin again.")
    return batch


def rows(session: Session, batch: tables.Batch, *, state: str, after: int = 0) -> Iterator[Note]:
    """Yield what there is to say of the rows in a state (failed, repeated, waiting) behind the row `after`, in their order.

    What failed comes with `content`: the row, as it was handed in.
    """
    table = tables.BatchChunk
    counted = {"failed": table.failed, "repeated": table.repeated, "waiting": table.waiting}[state]
    query = select(table.content, table.notes).where(table.batch_id == batch.id, counted > 0, table.last_row > after)
    with session.execute(query.order_by(table.first_row).execution_options(yield_per=10)) as found:  # closed by who stops early, too
        for content, kept in found:
            lines = dict(roster.unpack(content)) if state == "failed" else {}
            for note in notes(kept):
                if note["state"] == state and note["row"] > after:
                    yield note | ({"content": lines[note["row"]].decode(errors="replace")} if state == "failed" else {})


def notes(kept: bytes | None) -> list[Note]:
    """Return what a chunk keeps of its rows, in their order."""
    return list(json.loads(zlib.decompress(kept))) if kept else []
