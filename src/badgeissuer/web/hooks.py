"""Where LMSs deliver."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from badgeissuer import intake
from badgeissuer.web.api.shapes import PROBLEMS
from badgeissuer.web.service import RawBody, Using

ROUTER = APIRouter(tags=["LMS deliveries"], responses={status: PROBLEMS[status] for status in (400, 401, 408, 409, 413, 503)})


_BODY = {"application/json": {"schema": {"type": "object"}}, "text/plain": {"schema": {"type": "string"}}}


class Receipt(BaseModel):
    """That a delivery is stored."""

    status: Literal["accepted", "repeated"]
    delivery: int


@ROUTER.post(
    "/hooks/{source}",
    summary="Deliver an event",
    openapi_extra={"requestBody": {"content": _BODY}},
)
def deliver(source: Annotated[str, Path(max_length=200)], request: Request, response: Response, body: RawBody, using: Using) -> Receipt:
    """Store a delivery and answer; what it earns is decided by a worker. The status is the one that the source takes for success."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    with using.writing() as session:
        receipt = intake.receive(session, source, headers=headers, body=body, now=using.now())
    using.wake()
    response.status_code = receipt.success_status
    return Receipt(status="accepted" if receipt.is_new else "repeated", delivery=receipt.delivery.id)
