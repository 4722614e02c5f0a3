"""Batches: a roster in, a badge for everybody on it, and what became of every row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, batching, problem
from badgeissuer.store import spool, tables
from badgeissuer.vc import document
from badgeissuer.web import limits
from badgeissuer.web.api.shapes import PROBLEMS, Cursor, Document, Moment, Page, Paging, Shape, Slug
from badgeissuer.web.service import Acting, Service, Using

ROUTER = APIRouter(prefix="/api/batches", tags=["batches"], responses=PROBLEMS)
LINES = ("application/x-ndjson", "application/jsonl")
_PIECE = 256 * 1024
Key = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]
RowState = Literal["failed", "repeated", "waiting"]


class NewBatch(Shape):
    """A roster as one JSON document; larger ones are sent as JSON Lines."""

    achievement: Slug
    rows: Annotated[list[Document], Field(min_length=1)]
    key: Key | None = None


class Batch(Shape):
    """A batch and how far it has come; `done` counts those that are `repeated` or `waiting` too."""

    id: UUID
    state: Annotated[str, Field(description="running, paused, cancelled or done")]
    total: int
    done: int
    failed: int
    repeated: int
    waiting: int
    achievement: str
    key: str | None
    created_at: Moment
    created_by: str


class RowNote(Shape):
    """What became of a row, where there is something to say. Rows are counted from 1, as the lines of a file."""

    row: int
    state: RowState
    errors: Annotated[list[dict[str, str]], Field(default_factory=list)]
    detail: str | None = None
    award: UUID | None = None
    content: Any = None


_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": NewBatch.model_json_schema(ref_template="#/components/schemas/{model}")},
        **{name: {"schema": {"type": "string", "description": "One row a line."}} for name in LINES},
    },
}


@ROUTER.post("", status_code=202, summary="Issue an achievement to everybody on a roster", openapi_extra={"requestBody": _BODY})
async def create(
    request: Request,
    using: Using,
    acting: Acting,
    achievement: Annotated[Slug | None, Query(description="Which one, where the body is JSON Lines.")] = None,
    key: Annotated[Key | None, Query(description="Of the batch, where the body is JSON Lines.")] = None,
) -> Batch:
    """Take a roster. Workers issue it; the same roster under the same key again is answered with the same batch.

    The body is JSON, or JSON Lines with `achievement` and `key` in the address. A row is what `POST /api/awards` takes, without
    `achievement`; whatever is wrong with one, the others are issued.
    """
    access.require(acting, access.ISSUE)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    with spool.Spool() as rows:
        if kind == "application/json":
            body = await run_in_threadpool(_whole, await request.body())
            achievement, key = body.achievement, body.key
            await run_in_threadpool(_feed, rows, body.rows)
        elif kind in LINES:
            await _receive(request, rows)
        else:
            raise HTTPException(415, f"Send the body as application/json or as {LINES[0]}.")
        if achievement is None:
            raise problem.Invalid("Say which achievement in the address: /api/batches?achievement=…")
        return await run_in_threadpool(_create, using, acting, rows, achievement=achievement, key=key)


async def _receive(request: Request, rows: spool.Spool) -> None:
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) >= _PIECE:
            await run_in_threadpool(rows.feed, bytes(pieces))
            pieces.clear()
    await run_in_threadpool(rows.feed, bytes(pieces))
    await run_in_threadpool(rows.end)


def _whole(body: bytes) -> NewBatch:
    source = document.parse_any(body, max_bytes=limits.MAX_BYTES)
    try:
        return NewBatch.model_validate(source)
    except ValidationError as error:
        raise RequestValidationError([item | {"loc": ("body", *item["loc"])} for item in error.errors()]) from None


def _feed(rows: spool.Spool, given: list[Document]) -> None:
    for row in given:
        rows.feed(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    rows.end()


def _create(using: Service, acting: access.Actor, rows: spool.Spool, *, achievement: str, key: str | None) -> Batch:
    with using.writing() as session:
        found = authoring.achievement(session, achievement)
        access.require(acting, access.ISSUE, issuer_id=found.issuer_id)
        row = batching.create(session, found, rows=rows, key=key, actor=acting.name, now=using.now())
        shown = _shown(session, row)
    using.wake()
    return shown


@ROUTER.get("", summary="List batches")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[Batch]:
    """List the batches of the issuers that the token may see, oldest first."""
    query = access.visible(select(tables.Batch), acting, column=tables.Batch.issuer_id)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Batch.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.get("/{uuid}", summary="Show a batch")
def show(uuid: UUID, using: Using, acting: Acting) -> Batch:
    """Show how far a batch has come."""
    with using.reading() as session:
        return _shown(session, _found(session, acting, uuid, access.READ))


@ROUTER.get("/{uuid}/rows", summary="List rows of which there is something to say")
def rows(uuid: UUID, using: Using, acting: Acting, paging: Paging, state: RowState = "failed") -> Page[RowNote]:
    """List the rows that failed, were done before, or wait for an address. What failed comes with what is wrong and what was sent."""
    with using.reading() as session:
        batch = _found(session, acting, uuid, access.READ)
        found = batching.rows(session, batch, state=state, after=paging.after)
        shown = [RowNote.model_validate(_told(note)) for _, note in zip(range(paging.limit + 1), found, strict=False)]
    page = shown[: paging.limit]
    return Page(items=page, next=Cursor.at(page[-1].row) if len(shown) > paging.limit else None)


@ROUTER.get("/{uuid}/rows.jsonl", summary="Download rows of which there is something to say", response_class=StreamingResponse)
def download(uuid: UUID, using: Using, acting: Acting, state: RowState = "failed") -> StreamingResponse:
    """Give what `…/rows` gives, all of it, as JSON Lines."""
    with using.reading() as session:
        _found(session, acting, uuid, access.READ)

    def lines() -> Iterator[bytes]:
        with using.reading() as session:
            for note in batching.rows(session, batching.find(session, uuid), state=state):
                yield json.dumps(_told(note), ensure_ascii=False).encode() + b"\n"

    name = f'attachment; filename="{uuid}-{state}.jsonl"'
    return StreamingResponse(lines(), media_type=LINES[0], headers={"Content-Disposition": name})


def _told(note: batching.Note) -> batching.Note:
    """Return a note with what was sent as JSON where it is JSON, else as text."""
    if "content" not in note:
        return note
    try:
        return note | {"content": document.parse_any(note["content"].encode())}
    except problem.Problem:
        return note


Change = Literal["pause", "resume", "cancel", "retry"]


@ROUTER.post("/{uuid}/{change}", summary="Pause, resume or cancel a batch, or try its failed rows again")
def change(uuid: UUID, change: Annotated[Change, Path()], using: Using, acting: Acting) -> Batch:
    """Pause a batch, go on with it, give up what is not done of it, or try the rows again that failed.

    What a worker has in hand it finishes. Badges that are issued stay; `POST /api/revocations` revokes those of a batch.
    """
    with using.writing() as session:
        batch = _found(session, acting, uuid, access.ISSUE)
        match change:
            case "pause":
                batching.pause(session, batch)
            case "resume":
                batching.resume(session, batch, now=using.now())
            case "cancel":
                batching.cancel(session, batch)
            case "retry":
                batching.retry(session, batch, now=using.now())
        shown = _shown(session, batch)
    using.wake()
    return shown


def _found(session: Session, acting: access.Actor, uuid: UUID, action: str) -> tables.Batch:
    access.require(acting, action)
    row = batching.find(session, uuid)
    access.require(acting, action, issuer_id=row.issuer_id)
    return row


def _shown(session: Session, row: tables.Batch) -> Batch:
    (now,) = batching.progress(session, [row])
    return Batch(
        id=row.uuid,
        state=now.state,
        total=row.total,
        done=now.done,
        failed=now.failed,
        repeated=now.repeated,
        waiting=now.waiting,
        achievement=session.get_one(tables.Achievement, row.achievement_id).slug,
        key=row.key,
        created_at=row.created_at,
        created_by=row.created_by,
    )
