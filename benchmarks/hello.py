"""The least that a service on FastAPI can do: the first example of its tutorial."""

from __future__ import annotations

from fastapi import FastAPI

APP = FastAPI()


@APP.get("/")
async def root() -> dict[str, str]:
    """Say hello."""
    return {"message": "Hello World"}
