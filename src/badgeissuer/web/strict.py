"""Routes whose JSON bodies are read strictly: duplicate members, NaN, lone surrogates and the like are refused, not guessed at."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from badgeissuer import problem
from badgeissuer.vc import document
from badgeissuer.web import problems


class StrictRequest(Request):
    """A request whose `json` is that of `document.parse_any`."""

    async def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return the body as JSON.

        Raises:
            problems.HttpProblem: It is none, or one that two readers could read differently.
        """
        try:
            return document.parse_any(await self.body(), max_bytes=document.MAX_BYTES)
        except problem.Problem as error:
            raise problems.HttpProblem(error) from None


class StrictRoute(APIRoute):
    """A route that reads its body through `StrictRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, given the strict request."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly
