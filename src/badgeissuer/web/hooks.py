"""Where LMSs deliver."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel

from badgeissuer import connecting, intake, problem
from badgeissuer.awarding import signature
from badgeissuer.store import tables
from badgeissuer.vc import verification
from badgeissuer.web import problems
from badgeissuer.web.api.shapes import PROBLEMS
from badgeissuer.web.service import RawBody, Service, Using

LOG = logging.getLogger("badgeissuer.web")
ROUTER = APIRouter(tags=["LMS deliveries"], responses={status: PROBLEMS[status] for status in (400, 401, 408, 409, 413, 503)})


_BODY = {"application/json": {"schema": {"type": "object"}}, "text/plain": {"schema": {"type": "string"}}}
_STATEMENTS = {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}}
_UNAWAITED = PROBLEMS[404] | {"description": "No such sender is awaited here."}
_XAPI_VERSION = "X-Experience-API-Version"
XAPI = "1.0.3"
"""The version of xAPI that is spoken here."""
Source = Annotated[str, Path(max_length=200)]


class Receipt(BaseModel):
    """That a delivery is stored."""

    status: Literal["accepted", "repeated"]
    delivery: int


@ROUTER.post(
    "/hooks/{source}",
    summary="Deliver an event",
    openapi_extra={"requestBody": {"content": _BODY}},
)
def deliver(source: Source, request: Request, response: Response, body: RawBody, using: Using) -> Receipt:
    """Store a delivery and answer; what it earns is decided by a worker. The status is the one that the source takes for success."""
    _, receipt = _taken(using, source, request, body)
    response.status_code = receipt.success_status
    return Receipt(status="accepted" if receipt.is_new else "repeated", delivery=receipt.delivery.id)


@ROUTER.options("/hooks/{source}", summary="Ask whether CloudEvents may be delivered here", responses={405: _UNAWAITED})
def shake_hands(
    source: Source, response: Response, using: Using, webhook_request_origin: Annotated[str | None, Header(max_length=300)] = None
) -> None:
    """Answer a sender that asks before it delivers (CloudEvents, "HTTP 1.1 Web Hooks" section 4): it may, at any rate."""
    with using.reading() as session:
        is_welcome = webhook_request_origin is not None and intake.takes_cloud_events(session, source)
    if not is_welcome:
        raise HTTPException(405)
    response.headers["WebHook-Allowed-Origin"] = str(webhook_request_origin)
    response.headers["WebHook-Allowed-Rate"] = "*"


@ROUTER.post("/hooks/{source}/statements", summary="Deliver xAPI statements", openapi_extra={"requestBody": {"content": _STATEMENTS}})
def store(source: Source, request: Request, response: Response, body: RawBody, using: Using) -> list[str]:
    """Store statements as a Learning Record Store does, and answer with their ids (XAPI "POST Statements")."""
    response.headers[_XAPI_VERSION] = XAPI
    examined, _ = _taken(using, source, request, body)
    return [intake.statement_id(happened) for happened in examined.events]


@ROUTER.put(
    "/hooks/{source}/statements",
    status_code=204,
    summary="Deliver an xAPI statement under its id",
    openapi_extra={"requestBody": {"content": _BODY}},
)
def store_one(
    source: Source,
    request: Request,
    response: Response,
    body: RawBody,
    using: Using,
    statement: Annotated[UUID, Query(alias="statementId")],
) -> None:
    """Store one statement under the id that the address gives (XAPI "PUT Statements")."""
    response.headers[_XAPI_VERSION] = XAPI
    _taken(using, source, request, body, statement_id=str(statement))


def _taken(
    using: Service, source: str, request: Request, body: bytes, *, statement_id: str | None = None
) -> tuple[intake.Examined, intake.Receipt]:
    """Return a delivery that is stored; the keys of its source are fetched first where it names one that is not known."""
    headers = _headers(request)
    try:
        try:
            found = _receive(using, source, headers, body, statement_id)
        except signature.UnknownKey:
            _fetch_keys(using, source)
            found = _receive(using, source, headers, body, statement_id)
    except problem.Problem as fault:
        _note(using, source, fault, intake.Rejected(headers, body))
        raise
    using.wake()
    return found


def _headers(request: Request) -> dict[str, str]:
    """Return the headers of a request, names in lower case; one that came several times as one value, joined by commas (RFC 9110 5.3)."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _note(using: Service, source: str, fault: problem.Problem, delivery: intake.Rejected) -> None:
    """Keep why a delivery was not taken; of many at once only some, for anybody can send what is not."""
    with using.reading() as session:
        is_known = intake.is_source(session, source)
    if not is_known or not using.may_note(source):
        return
    now = using.now()

    def write() -> None:
        with using.writing() as session:
            intake.note_rejected(session, source, fault, status=problems.status_of(fault), delivery=delivery, now=now)

    using.notes.add(write)  # the answer does not wait for it: nothing that anybody sends takes the place of a writer


def _receive(
    using: Service, source: str, headers: dict[str, str], body: bytes, statement_id: str | None
) -> tuple[intake.Examined, intake.Receipt]:
    examined = intake.judge(using.together(_senders, source), headers=headers, body=body, now=using.now(), statement_id=statement_id)
    if examined.is_lrs:
        with using.reading() as session:
            intake.require_same(session, examined)
    receipt = using.together(_keep, examined)
    if receipt is None:  # for the first of them a worker may be at work, and others need not wait for that
        with using.writing() as session:
            receipt = intake.repeat(session, examined, now=using.now())
    return examined, receipt


def _senders(using: Service, hook_keys: Sequence[str]) -> Sequence[tables.Source | None]:
    with using.reading() as session:
        return intake.senders(session, hook_keys)


def _keep(using: Service, examined: Sequence[intake.Examined]) -> Sequence[intake.Receipt | None]:
    """Store those of the deliveries that came at the same moment that are new."""
    with using.writing() as session:
        return intake.keep_all(session, examined, now=using.now())


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
