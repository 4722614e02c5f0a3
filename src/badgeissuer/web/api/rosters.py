"""Rosters as they come in: JSON, JSON Lines or a sheet, with what its columns mean; read, and looked at before anything is issued."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import IO, Annotated

from fastapi import Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from badgeissuer import access, authoring, issuing, rehearsing, rostering, tabulating
from badgeissuer.awarding import cells, sheet
from badgeissuer.store import spool, tables
from badgeissuer.web import limits, strict
from badgeissuer.web.api.shapes import Document, Shape, Slug
from badgeissuer.web.service import Service

LINES = ("application/x-ndjson", "application/jsonl")
SHEETS = ("text/csv", "text/tab-separated-values")
PIECE = 256 * 1024
Key = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")]


class NewBatch(Shape):
    """A roster as one JSON document; larger ones are sent as JSON Lines."""

    achievement: Slug
    rows: Annotated[list[Document], Field(min_length=1)]
    key: Key | None = None


class RowFault(Shape):
    """One thing that is wrong with a row; `column` is there where the roster is a sheet and it is about one of its cells."""

    row: int
    column: str | None = None
    pointer: str
    detail: str


class Column(Shape):
    """A column of a sheet, and what it means; null where it is not read."""

    name: str
    means: str | None


class DryRun(Shape):
    """What would come of a roster; nothing is stored. With `token` as `checked`, only this very roster is taken afterwards."""

    achievement: str
    total: int
    issue: int
    repeat: int
    wait: int
    fail: int
    errors: list[RowFault]
    more_errors: int
    columns: list[Column]
    encoding: str
    delimiter: str
    token: str


BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": NewBatch.model_json_schema(ref_template="#/components/schemas/{model}")},
        **{name: {"schema": {"type": "string", "description": "One row a line."}} for name in LINES},
        **{name: {"schema": {"type": "string", "description": "A sheet; its first row names the columns."}} for name in SHEETS},
    },
}


def asked_of(
    request: Request,
    told: Annotated[
        list[str],
        Query(alias="map", max_length=sheet.MAX_COLUMNS, description="What columns of a sheet mean, such as `Student e-mail=email`."),
    ] = [],  # noqa: B006 - FastAPI copies it
    encoding: Annotated[
        str | None, Query(description=f"Of a sheet: {', '.join(sheet.ENCODINGS)}; otherwise the charset of its media type.")
    ] = None,
    delimiter: Annotated[str | None, Query(description="Of a sheet: a comma, a semicolon or `tab`; found out if none.")] = None,
    dates: Annotated[
        str | None, Query(description=f"How dates in figures are read that could mean two days: {' or '.join(cells.ORDERS)}.")
    ] = None,
    zone: Annotated[
        str | None, Query(max_length=64, description="The zone of times that name none, such as Europe/Berlin; UTC if none.")
    ] = None,
) -> rostering.Asked:
    """Return how a sheet is to be read."""
    return rostering.ask(told, encoding=encoding or _charset(request), delimiter=delimiter, dates=dates, zone=zone)


def _charset(request: Request) -> str | None:
    message = Message()
    message["Content-Type"] = request.headers.get("content-type", "")
    return message.get_content_charset()


Asked = Annotated[rostering.Asked, Depends(asked_of)]


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster that was read, and what everybody on it is to be awarded."""

    rows: spool.Spool
    achievement: tables.Achievement
    version: tables.AchievementVersion
    taken: rostering.Taken


def taken(
    using: Service, acting: access.Actor, rows: spool.Spool, file: IO[bytes] | None, *, achievement: str, asked: rostering.Asked
) -> Roster:
    """Return a roster that came as lines, or as a sheet in a file, with what it is for.

    Raises:
        problem.NotFound: There is no such achievement, or it belongs to another issuer.
        problem.Conflict: The achievement is not published.
        problem.Invalid: The sheet cannot be read as a whole.
    """
    with using.reading() as session:
        found = authoring.achievement(session, achievement)
        access.require(acting, access.ISSUE, issuer_id=found.issuer_id)
        version = issuing.version_of(session, found)
    if file is None:
        return Roster(rows, found, version, rostering.Taken(rows.sha256))
    file.seek(0)
    return Roster(rows, found, version, rostering.take(rows, iter(functools.partial(file.read, PIECE), b""), asked, version=version))


def looked_at(using: Service, roster: Roster) -> DryRun:
    """Return what would come of a roster."""
    taken, layout = roster.taken, roster.taken.layout
    with using.reading() as session:
        found = rehearsing.rehearse(session, roster.achievement, roster.version, rows=roster.rows, layout=layout, now=using.now())
    return DryRun(
        achievement=roster.achievement.slug,
        total=found.total,
        issue=found.issue,
        repeat=found.repeat,
        wait=found.wait,
        fail=found.fail,
        errors=[_fault(fault, is_sheet=layout is not None) for fault in found.faults],
        more_errors=found.unsaid,
        columns=[Column(name=name, means=means) for name, means in zip(layout.header, layout.meanings, strict=True)] if layout else [],
        encoding=taken.encoding,
        delimiter=taken.delimiter,
        token=rostering.token(taken, roster.version),
    )


def _fault(fault: rehearsing.Fault, *, is_sheet: bool) -> RowFault:
    finding = fault.finding
    column = tabulating.at(finding.to_json(), is_sheet=True) or None if is_sheet else None
    return RowFault(row=fault.row, column=column, pointer=finding.pointer, detail=finding.detail)


async def receive(request: Request, take: Callable[[bytes], object]) -> None:
    """Give the body of a request to `take`, piece by piece, in another thread."""
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) >= PIECE:
            await run_in_threadpool(take, bytes(pieces))
            pieces.clear()
    await run_in_threadpool(take, bytes(pieces))


def whole(body: bytes) -> NewBatch:
    """Return a roster that came as one JSON document."""
    return strict.read(NewBatch, body, max_bytes=limits.MAX_BYTES)


def feed(rows: spool.Spool, given: list[Document]) -> None:
    """Put the rows of such a roster into a spool."""
    for row in given:
        rows.feed(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    rows.end()
