"""What the API takes and gives. Members of Open Badges stand in their own spelling; ours are in snake_case."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Header, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from badgeissuer import access, problem
from badgeissuer.awarding import roster
from badgeissuer.store import idempotency

MAX_PAGE = 200
MAX_CURSOR = 2**62

Document = dict[str, Any]
RowId = Annotated[int, Path(ge=1, lt=MAX_CURSOR)]
T = TypeVar("T")


Shape = roster.Part
Email = roster.Email
Text = roster.Text
Name = roster.Name
Moment = roster.Moment
Slug = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$", examples=["welding-safety"])]


class Page(Shape, Generic[T]):
    """A page of a list; `next` is the cursor of the page after it, null at the end."""

    items: list[T]
    next: str | None = None


class Cursor:
    """Where in a list to go on, and how much to give."""

    def __init__(self, cursor: str | None, limit: int) -> None:
        self.after = _decode(cursor) if cursor else 0
        self.limit = limit

    def page(self, session: Session, query: Select[T], *, key: InstrumentedAttribute[int]) -> tuple[Sequence[T], str | None]:
        """Return the rows of this page, oldest first, and the cursor of the next."""
        rows = session.scalars(query.where(key > self.after).order_by(key).limit(self.limit + 1)).all()
        shown = rows[: self.limit]
        return shown, _encode(getattr(shown[-1], key.key)) if len(rows) > self.limit else None

    @staticmethod
    def at(position: int) -> str:
        """Return the cursor of what comes after a position."""
        return _encode(position)


async def _paging(
    cursor: Annotated[str | None, Query(max_length=40, description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Cursor:  # as a coroutine it needs no thread
    return Cursor(cursor, limit)


Paging = Annotated[Cursor, Depends(_paging)]


def _encode(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def _decode(cursor: str) -> int:
    try:
        position = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        position = -1
    if not 0 <= position < MAX_CURSOR or _encode(position) != cursor:
        raise problem.Invalid("The cursor is none that this service gave.")
    return position


class Once:
    """A request that may carry an Idempotency-Key: it is carried out once, and every repetition is answered alike."""

    def __init__(self, request: Request, key: str | None) -> None:
        self._key = key
        self._request = request

    @property
    def has_key(self) -> bool:
        """Whether it carries one."""
        return self._key is not None

    def do(self, session: Session, actor: access.Actor, *, body: BaseModel, now: datetime, work: Callable[[], str]) -> str:
        """Return the name of what `work` makes, or made when the same request came before.

        Raises:
            problem.Conflict: The key was used for another request.
        """
        if self._key is None or actor.token_id is None:  # people with accounts come by pages, which send no keys
            return work()
        content = f"{self._request.method} {self._request.url.path}\n{body.model_dump_json()}"
        digest = hashlib.sha256(content.encode()).hexdigest()
        row = idempotency.begin(session, actor.token_id, key=self._key, request_sha256=digest, now=now)
        if row.resource is None:
            idempotency.finish(row, work())
        return row.resource or ""


async def _repeatable(
    request: Request,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255, pattern=r"^[!-~]+$")] = None,
) -> Once:  # as a coroutine it needs no thread
    return Once(request, idempotency_key)


Repeatable = Annotated[Once, Depends(_repeatable)]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, description in {
        400: "The request cannot be read.",
        401: "The token is missing or does not count.",
        403: "The token may not do this.",
        404: "There is nothing by that name.",
        408: "The body did not arrive in time.",
        409: "It does not fit what is stored.",
        413: "The body is too large.",
        415: "The body is not sent as JSON.",
        422: "The request breaks a rule; `errors` says which.",
        503: "Not now: see Retry-After.",
    }.items()
}
"""The answers that every route of the API may give besides its own."""
TOO_MANY: dict[int | str, dict[str, Any]] = {429: PROBLEMS[503] | {"description": "Asked too often: see Retry-After."}}
"""That of what anybody may ask only so often."""
