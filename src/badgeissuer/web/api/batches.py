"""Batches: a roster in, a badge for everybody on it, and what became of every row."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, batching, problem, rostering, tabulating
from badgeissuer.store import spool, tables
from badgeissuer.vc import document
from badgeissuer.web.api import rosters
from badgeissuer.web.api.shapes import PROBLEMS, Cursor, Moment, Page, Paging, Shape, Slug
from badgeissuer.web.service import Acting, Service, Using

ROUTER = APIRouter(prefix="/api/batches", tags=["batches"], responses=PROBLEMS)
RowState = Literal["failed", "repeated", "waiting"]


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
    """What became of a row, where there is something to say. Rows are counted from 1, as the lines of a file or the rows of a sheet."""

    row: int
    state: RowState
    errors: Annotated[list[dict[str, str]], Field(default_factory=list)]
    detail: str | None = None
    award: UUID | None = None
    content: Any = None


@ROUTER.post(
    "",
    status_code=202,
    summary="Issue an achievement to everybody on a roster",
    openapi_extra={"requestBody": rosters.BODY},
    response_model=Batch,
    responses={200: {"model": rosters.DryRun, "description": "What would come of it, where a dry run was asked for."}},
)
async def create(
    request: Request,
    using: Using,
    acting: Acting,
    asked: rosters.Asked,
    achievement: Annotated[Slug | None, Query(description="Which one, where the body is no JSON document.")] = None,
    key: Annotated[rosters.Key | None, Query(description="Of the batch, where the body is no JSON document.")] = None,
    checked: Annotated[
        str | None, Query(max_length=64, description="The token of a dry run; another roster than that one is refused.")
    ] = None,
    *,
    dry_run: Annotated[bool, Query(description="Only say what would come of it.")] = False,
) -> Batch | Response:
    """Take a roster. Workers issue it; the same roster under the same key again is answered with the same batch.

    The body is JSON; or JSON Lines or a sheet (CSV), with `achievement` and `key` in the address. A row is what `POST /api/awards` takes,
    without `achievement`; whatever is wrong with one, the others are issued. A sheet that cannot be read as a whole is refused.
    """
    access.require(acting, access.ISSUE)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    with spool.Spool() as rows, TemporaryFile() as file:
        if kind == "application/json":
            body = await run_in_threadpool(rosters.whole, await request.body())
            achievement, key = body.achievement, body.key
            await run_in_threadpool(rosters.feed, rows, body.rows)
        elif kind in rosters.LINES:
            await rosters.receive(request, rows.feed)
            await run_in_threadpool(rows.end)
        elif kind in rosters.SHEETS:
            await rosters.receive(request, file.write)
        else:
            raise HTTPException(415, f"Send the body as application/json, {rosters.LINES[0]} or {rosters.SHEETS[0]}.")
        if achievement is None:
            raise problem.Invalid("Say which achievement in the address: /api/batches?achievement=…")
        found = await run_in_threadpool(
            rosters.taken, using, acting, rows, file if kind in rosters.SHEETS else None, achievement=achievement, asked=asked
        )
        if dry_run:
            return JSONResponse((await run_in_threadpool(rosters.looked_at, using, found)).model_dump(mode="json"))
        return await run_in_threadpool(_create, using, acting, found, key=key, checked=checked)


def _create(using: Service, acting: access.Actor, roster: rosters.Roster, *, key: str | None, checked: str | None) -> Batch:
    with using.writing() as session:
        found = session.get_one(tables.Achievement, roster.achievement.id)
        rostering.require_unchanged(checked, roster.taken, authoring.newest_version(session, found) or roster.version)
        layout = roster.taken.layout
        row = batching.create(session, found, rows=roster.rows, key=key, actor=acting.name, now=using.now(), layout=layout)
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
        return _shown(session, allowed(session, acting, uuid, access.READ))


@ROUTER.get("/{uuid}/rows", summary="List rows of which there is something to say")
def rows(uuid: UUID, using: Using, acting: Acting, paging: Paging, state: RowState = "failed") -> Page[RowNote]:
    """List the rows that failed, were done before, or wait for an address. What failed comes with what is wrong and what was sent."""
    with using.reading() as session:
        batch = allowed(session, acting, uuid, access.READ)
        found = batching.rows(session, batch, state=state, after=paging.after)
        shown = [RowNote.model_validate(_told(batch, note)) for _, note in zip(range(paging.limit + 1), found, strict=False)]
    page = shown[: paging.limit]
    return Page(items=page, next=Cursor.at(page[-1].row) if len(shown) > paging.limit else None)


@ROUTER.get("/{uuid}/rows.jsonl", summary="Download rows of which there is something to say", response_class=StreamingResponse)
def download(uuid: UUID, using: Using, acting: Acting, state: RowState = "failed") -> StreamingResponse:
    """Give what `…/rows` gives, all of it, as JSON Lines."""
    with using.reading() as session:
        allowed(session, acting, uuid, access.READ)

    def lines() -> Iterator[bytes]:
        with using.reading() as session:
            batch = batching.find(session, uuid)
            for note in batching.rows(session, batch, state=state):
                yield json.dumps(_told(batch, note), ensure_ascii=False).encode() + b"\n"

    name = f'attachment; filename="{uuid}-{state}.jsonl"'
    return StreamingResponse(lines(), media_type=rosters.LINES[0], headers={"Content-Disposition": name})


def _told(batch: tables.Batch, note: batching.Note) -> batching.Note:
    """Return a note with what was sent: of a sheet the cells by the names of their columns; else JSON where it is JSON, or text."""
    if "content" not in note:
        return note
    try:
        content = document.parse_any(note["content"].encode())
    except problem.Problem:
        return note
    if batch.sheet is None:
        return note | {"content": content}
    errors = [error | {"column": tabulating.at(error, is_sheet=True)} for error in note["errors"]]
    return note | {"errors": errors, "content": dict(zip(batch.sheet["header"], content, strict=False))}


@ROUTER.get("/{uuid}/failed.csv", summary="Download the rows that failed as a sheet", response_class=StreamingResponse)
def failed_sheet(uuid: UUID, using: Using, acting: Acting) -> StreamingResponse:
    """Give the rows that failed as they were handed in, with what is wrong with each: mend them, and hand the sheet in again."""
    with using.reading() as session:
        allowed(session, acting, uuid, access.READ)
    return sheet_of(using, uuid, tabulating.failed, name="failed")


@ROUTER.get("/{uuid}/results.csv", summary="Download what became of every row as a sheet", response_class=StreamingResponse)
def results_sheet(uuid: UUID, using: Using, acting: Acting) -> StreamingResponse:
    """Give row, learner, state, badge and error of every row. No cell begins as a formula does."""
    with using.reading() as session:
        allowed(session, acting, uuid, access.READ)
    return sheet_of(using, uuid, functools.partial(tabulating.results, site=using.site), name="results")


def sheet_of(using: Service, uuid: UUID, lines: Callable[[Session, tables.Batch], Iterator[str]], *, name: str) -> StreamingResponse:
    """Answer with a sheet about a batch, line by line."""

    def content() -> Iterator[bytes]:
        with using.reading() as session:
            for line in lines(session, batching.find(session, uuid)):
                yield line.encode()

    headers = {"Content-Disposition": f'attachment; filename="{uuid}-{name}.csv"'}
    return StreamingResponse(content(), media_type=tabulating.MEDIA_TYPE, headers=headers)


@ROUTER.post("/{uuid}/{change}", summary="Pause, resume or cancel a batch, or try its failed rows again")
def change(uuid: UUID, change: Annotated[batching.Change, Path()], using: Using, acting: Acting) -> Batch:
    """Pause a batch, go on with it, give up what is not done of it, or try the rows again that failed.

    What a worker has in hand it finishes. Badges that are issued stay; `POST /api/revocations` revokes those of a batch.
    """
    with using.writing() as session:
        batch = allowed(session, acting, uuid, access.ISSUE)
        batching.change(session, batch, change, now=using.now())
        shown = _shown(session, batch)
    using.wake()
    return shown


def allowed(session: Session, acting: access.Actor, uuid: UUID, action: str) -> tables.Batch:
    """Return a batch to which the actor may do `action`.

    Raises:
        problem.Forbidden: The role does not allow it.
        problem.NotFound: There is no such batch, or it is another issuer's.
    """
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
