"""Routes whose JSON bodies are read strictly: duplicate members, NaN, lone surrogates and the like are refused, not guessed at."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from badgeissuer import problem
from badgeissuer.vc import document
from badgeissuer.web import problems

Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], body: bytes, *, max_bytes: int = document.MAX_BYTES) -> Model:
    """Return the body of a route that takes other media types too, and so reads it itself; faults are told as those of any other route.

    Raises:
        problem.Problem: It is no JSON, or some that two readers could read differently.
        RequestValidationError: It is no such model; what was sent is not repeated, for there may be secrets in it.
    """
    source = document.parse_any(body, max_bytes=max_bytes)
    try:
        return model.model_validate(source)
    except ValidationError as error:
        faults = error.errors(include_input=False)
        raise RequestValidationError([item | {"loc": ("body", *item["loc"])} for item in faults]) from None


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
