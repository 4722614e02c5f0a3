"""Where LMSs deliver."""

from __future__ import annotations

import logging
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from badgeissuer import connecting, intake, problem
from badgeissuer.awarding import signature
from badgeissuer.vc import verification
from badgeissuer.web.api.shapes import PROBLEMS
from badgeissuer.web.service import RawBody, Service, Using

LOG = logging.getLogger("badgeissuer.web")
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
    try:
        receipt = _receive(using, source, headers, body)
    except signature.UnknownKey:
        _fetch_keys(using, source)
        receipt = _receive(using, source, headers, body)
    using.wake()
    response.status_code = receipt.success_status
    return Receipt(status="accepted" if receipt.is_new else "repeated", delivery=receipt.delivery.id)


def _receive(using: Service, source: str, headers: dict[str, str], body: bytes) -> intake.Receipt:
    now = using.now()
    with using.reading() as session:
        examined = intake.examine(session, source, headers=headers, body=body, now=now)
    with using.writing() as session:
        return intake.keep(session, examined, now=now)


def _fetch_keys(using: Service, source: str) -> None:
    """Fetch the keys of a source, if it names a place for them and was not asked within the last minute: senders rotate theirs."""
    with using.reading() as session:
        url = connecting.keys_url(session, source)
    if url is None or not using.may_fetch_keys(source):
        return
    found = using.fetcher.fetch(url, fresh=True)
    if isinstance(found, verification.Unreachable):
        LOG.warning("the keys of source %s could not be fetched: %s", source.rpartition("-")[0], found.reason)
        return
    try:
        with using.writing() as session:
            connecting.add_keys(session, source, found.body)
    except problem.Problem as error:
        LOG.warning("what stands at the keys' address of source %s is no key set: %s", source.rpartition("-")[0], error.detail)
