"""VC-API: issue a credential that somebody composed elsewhere, and change its status.

The suites never say how a credential is to be secured, so there is an address for each way. The web process has no keys: a worker signs,
and the answer waits for it.

Source: VC-API#issue-credential, VC-API#update-status.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from badgeissuer import access, attesting, issuing, problem, status
from badgeissuer.vc import credential, document
from badgeissuer.vc.report import Undecided
from badgeissuer.web import problems
from badgeissuer.web.api.shapes import PROBLEMS, Document
from badgeissuer.web.service import RawBody, Service, Using, actor
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(tags=["VC-API"], route_class=StrictRoute)
_HEADERS = {"Cache-Control": "private, no-store"}
_REFUSALS = (problem.Invalid, problem.Malformed, problem.TooLarge, Undecided)
Way = Literal["eddsa-rdfc-2022", "eddsa-jcs-2022", "Ed25519Signature2020", "vc-jwt", "status-list"]

_CREDENTIAL = {"type": "object", "description": "Without proof. `issuer` is the DID of an issuer of this service."}
_OPTIONS = {
    "type": "object",
    "description": "Members that are not named here are not looked at.",
    "properties": {"credentialId": {"type": "string", "description": "By which its status will be changed, instead of its own id."}},
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["credential"], "properties": {"credential": _CREDENTIAL, "options": _OPTIONS}}
            }
        },
    }
}
_SIGNED = {"type": "object", "required": ["verifiableCredential"], "properties": {"verifiableCredential": {"type": "object"}}}
_ISSUED: dict[int | str, dict[str, Any]] = {
    201: {"description": "The credential, signed.", "content": {"application/json": {"schema": _SIGNED}}},
    **{status: PROBLEMS[status] for status in (400, 401, 403, 404, 408, 413, 503)},
}

_bearer = HTTPBearer(auto_error=False, description="A token made with `badgeissuer token create`; none where VC-API is open.")


def asker(using: Using, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> access.Actor | None:
    """Return whose token came with the request; None where VC-API is open to all."""
    return None if using.settings.vc_api_open else actor(using, credentials)


Asking = Annotated[access.Actor | None, Depends(asker)]


@ROUTER.post("/credentials/issue", status_code=201, responses=_ISSUED, openapi_extra=_BODY, summary="Sign a credential")
def issue(request: Request, body: RawBody, using: Using, asking: Asking) -> Response:
    """Sign a credential with eddsa-rdfc-2022. A worker signs, and the answer waits for it up to five seconds (then 503)."""
    return _issue(request, using, asking, body=body, way="eddsa-rdfc-2022")


@ROUTER.post(
    "/vc-api/{way}/credentials/issue",
    status_code=201,
    responses=_ISSUED,
    openapi_extra=_BODY,
    summary="Sign a credential in a certain way",
)
def issue_in_a_way(way: Way, request: Request, body: RawBody, using: Using, asking: Asking) -> Response:
    """Sign a credential with a certain cryptosuite, as a token, or with a place in a status list; otherwise as `/credentials/issue`."""
    return _issue(request, using, asking, body=body, way=way)


def _issue(request: Request, using: Service, asking: access.Actor | None, *, body: bytes, way: Way) -> Response:
    if asking is not None:
        access.require(asking, access.ISSUE)
    try:
        uuid = _ask(using, asking, document.parse(body), way=way)
    except _REFUSALS as error:
        return problems.response(request, error.to_json(), 400)
    answer = using.wait_for(lambda session: attesting.answer(session, uuid))
    if answer.state == "refused":
        return problems.response(request, json.loads(answer.content), 400)
    return Response(b'{"verifiableCredential":' + answer.content + b"}", 201, headers=_HEADERS, media_type="application/json")


def _ask(using: Service, asking: access.Actor | None, body: Document, *, way: Way) -> UUID:
    """Put a credential into the queue to be signed, and return the name of the request."""
    mechanism, source = attesting.MECHANISMS[way], body.get("credential")
    name = _name(body, source)
    if not isinstance(source, dict):
        raise problem.Malformed("credential must be there, and be a JSON object.")
    with using.reading() as session:
        owner = attesting.issuer(session, credential.issuer_id(source))
    if asking is not None:
        access.require(asking, access.ISSUE, issuer_id=owner.id)
    composed = attesting.prepare(source, mechanism, site=using.site, known=using.contexts)
    with using.writing() as session:
        return attesting.request(
            session,
            owner,
            composed=composed,
            mechanism=mechanism,
            name=name,
            site=using.site,
            randomness=issuing.SYSTEM,
            now=using.now(),
        )


def _name(body: Document, source: object) -> str | None:
    """Return the id by which a change of the credential's status will name it: the asker's own, else that of the credential."""
    options = body.get("options", {})
    if not isinstance(options, dict):
        raise problem.Malformed("options must be a JSON object.")
    given = options.get("credentialId")
    if given is not None and not isinstance(given, str):
        raise problem.Malformed("options.credentialId must be a text.")
    own = source.get("id") if isinstance(source, dict) else None
    return given or (own if isinstance(own, str) else None)


class StatusEntry(BaseModel):
    """Which status of a credential is meant."""

    type: Literal["BitstringStatusListEntry"]
    statusPurpose: Literal["revocation"]  # noqa: N815 - the name is VC-API's


class StatusChange(BaseModel):
    """A change of a credential's status."""

    model_config = ConfigDict(extra="ignore")

    credentialId: str  # noqa: N815 - as above
    credentialStatus: StatusEntry  # noqa: N815 - as above
    status: bool = True


@ROUTER.post("/credentials/status", responses=PROBLEMS, summary="Change the status of a credential")
def change_status(body: StatusChange, using: Using, asking: Asking) -> Document:
    """Revoke a credential. The answer waits until the status list that says so is published. A revocation cannot be taken back."""
    if asking is not None:
        access.require(asking, access.REVOKE)
    with using.writing() as session:
        meant = [uuid for uuid, owner in _meant(session, using, body.credentialId) if asking is None or asking.issuer_id in {None, owner}]
        if not meant:
            raise problem.NotFound(problem.NOTHING)
        for uuid in meant:
            _change(session, using, uuid, revoke=body.status, by=asking.name if asking else "VC-API")
    using.wait_for(lambda session: True if all(status.is_published(session, uuid) for uuid in meant) else None)
    return {"credentialId": body.credentialId, "status": body.status}


def _change(session: Session, using: Service, uuid: UUID, *, revoke: bool, by: str) -> None:
    if revoke:
        status.revoke(session, uuid, reason="Revoked through VC-API.", actor=by, now=using.now())
    elif status.entry(session, uuid)[1].is_set:
        raise problem.Conflict("A revocation cannot be taken back.")


def _meant(session: Session, using: Service, name: str) -> list[tuple[UUID, int]]:
    """Return the credentials of a name, each with its issuer: a badge by its address, what was signed on request by the id it was given."""
    path = using.site.path_of(name) or ""
    try:
        badge = issuing.issued(session, UUID(path.removeprefix("/c/")))
    except (ValueError, problem.NotFound):
        return [(row.credential_uuid, row.issuer_id) for row in attesting.attested(session, name)]
    return [(badge.uuid, badge.issuer_id)]
