"""How much, and for how long, a client may send: the server itself sets no limit."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from fastapi import HTTPException

from badgeissuer import problem
from badgeissuer.web import problems

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 2 * 1024 * 1024
HOOK_BYTES = 256 * 1024
SECONDS = 10
"""How long the body of a request may take to arrive."""


class BodyLimit:
    """Middleware through which a body that is too long, or takes too long, raises in whoever reads it: 413 or 408."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            receive = _Body(receive, HOOK_BYTES if scope["path"].startswith("/hooks/") else MAX_BYTES).receive
        await self.app(scope, receive, send)


class _Body:
    """The body of one request, counted and timed while it arrives."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._read = 0
        self._ends = time.monotonic() + SECONDS
        self._is_complete = False

    async def receive(self) -> Message:
        if self._is_complete:
            return await self._receive()  # from here on only the news that the client went away
        try:
            message = await asyncio.wait_for(self._receive(), max(0.001, self._ends - time.monotonic()))
        except TimeoutError:
            raise HTTPException(408, f"The body did not arrive within {SECONDS} seconds.", {"Connection": "close"}) from None
        self._read += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._read > self._most:
            raise problems.HttpProblem(problem.TooLarge(f"At most {self._most:,} bytes are taken here."), {"Connection": "close"})
        return message
