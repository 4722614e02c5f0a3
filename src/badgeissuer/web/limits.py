"""How much, and for how long, a client may send: the server itself sets no limit."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException

from badgeissuer import problem, scanning
from badgeissuer.web import problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 2 * 1024 * 1024
HOOK_BYTES = 256 * 1024
STATEMENTS_BYTES = 1024 * 1024
"""xAPI statements, which come by the hundred."""
ROSTER_BYTES = 256 * 1024 * 1024
"""A roster as JSON Lines, which is not kept in memory: a million rows of ordinary length."""
UPLOAD_BYTES = 32 * 1024 * 1024
"""A file that staff bring through a page: some hundred thousand rows. It is kept, so it is not as long as what is only read."""
UPLOADS = ("/staff/rosters", "/staff/reconciling")
DRAINED = 8
"""A body of up to this many times the limit is read to its end and dropped: who is still sending would not see the answer."""
SECONDS = 10
"""How long the body of a request may take to arrive."""
ROSTER_SECONDS = 600
PICTURE_BYTES = scanning.MAX_BYTES + 64 * 1024
"""A picture of a QR code, with the form around it."""
PICTURE_SECONDS = 30
"""How long such a picture may take, over a poor connection."""


class BodyLimit:
    """Middleware through which a body that is too long, or takes too long, raises in whoever reads it: 413 or 408."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            receive = _Body(receive, bounds(scope), declared=_declared(scope)).receive
        await self.app(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds for a body.

    Attributes:
        most: Bytes that are taken.
        drained: Bytes that are read to the end and dropped.
        seconds: How long they may take.
        advice: What to do with more.
    """

    most: int
    drained: int
    seconds: float
    advice: str = ""


def bounds(scope: Mapping[str, Any]) -> Bounds:
    """Return what holds for the body of a request."""
    if scope["path"].startswith("/hooks/"):
        most = STATEMENTS_BYTES if scope["path"].endswith("/statements") else HOOK_BYTES
        return Bounds(most, most * DRAINED, SECONDS)
    if scope["path"] == "/api/batches" and not _is_json(scope):
        advice = " Split the roster, or hand the file to badgeissuer issue."
        return Bounds(ROSTER_BYTES, ROSTER_BYTES + MAX_BYTES * DRAINED, ROSTER_SECONDS, advice)
    if scope["path"] in UPLOADS or (scope["path"] == "/api/reconciliations" and not _is_json(scope)):
        advice = " Split the file, or hand it to badgeissuer issue."
        return Bounds(UPLOAD_BYTES, UPLOAD_BYTES + MAX_BYTES * DRAINED, ROSTER_SECONDS, advice)
    if scope["path"] == "/verify" and _kind(scope).startswith((b"multipart/", b"image/")):
        advice = " Take a smaller picture, or one of the code alone."
        return Bounds(PICTURE_BYTES, MAX_BYTES * DRAINED * 2, PICTURE_SECONDS, advice)
    return Bounds(MAX_BYTES, MAX_BYTES * DRAINED, SECONDS)


def _kind(scope: Mapping[str, Any]) -> bytes:
    return bytes(dict(scope["headers"]).get(b"content-type", b""))


def _is_json(scope: Mapping[str, Any]) -> bool:
    return _kind(scope).startswith(b"application/json")


def _declared(scope: Scope) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


class _Body:
    """The body of one request, counted and timed while it arrives."""

    def __init__(self, receive: Receive, bounds: Bounds, *, declared: int) -> None:
        self._receive = receive
        self._bounds = bounds
        self._is_hopeless = declared > bounds.drained
        self._read = 0
        self._ends = time.monotonic() + bounds.seconds
        self._is_complete = False

    async def receive(self) -> Message:
        if self._is_complete:
            return await self._receive()  # from here on only the news that the client went away
        if self._is_hopeless:
            raise self._too_large()
        message = last = await self._next()
        while self._read > self._bounds.most:
            if not last.get("more_body") or self._read > self._bounds.drained:
                raise self._too_large()
            last = await self._next()
        return message

    def _too_large(self) -> problems.HttpProblem:
        return problems.HttpProblem(
            problem.TooLarge(f"At most {self._bounds.most:,} bytes are taken here.{self._bounds.advice}"), {"Connection": "close"}
        )

    async def _next(self) -> Message:
        try:
            message = await asyncio.wait_for(self._receive(), max(0.001, self._ends - time.monotonic()))
        except TimeoutError:
            raise HTTPException(
                408, f"The body did not arrive within {self._bounds.seconds:.0f} seconds.", {"Connection": "close"}
            ) from None
        self._read += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        return message
