"""VC-API, as the conformance suites of the W3C call it: verify a credential, change a status.

Source: VC-API#verify-credential, VC-API#update-status.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict

from badgeissuer import access, issuing, problem, status, verifying
from badgeissuer.vc import document
from badgeissuer.vc.report import Outcome, Step
from badgeissuer.web.api.shapes import PROBLEMS
from badgeissuer.web.public import OPEN
from badgeissuer.web.service import RawBody, Service, Using, actor
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(tags=["VC-API"], route_class=StrictRoute)
_HEADERS = {"Cache-Control": "private, no-store", **OPEN}
_CHECKS = {"proof": ("context", "data_model", "proof", "issuer"), "status": ("status",), "validity": ("validity",)}


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


_VERIFY_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["verifiableCredential"],
                    "properties": {"verifiableCredential": {"type": "object"}, "options": {"type": "object"}},
                }
            }
        },
    }
}


_RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["verified", "checks", "warnings", "errors", "problemDetails", "results"],
    "properties": {
        "verified": {"type": "boolean"},
        **{name: {"type": "array", "items": {"type": "string"}} for name in ("checks", "warnings", "errors")},
        **{name: {"type": "array", "items": {"type": "object"}} for name in ("problemDetails", "results")},
    },
}
_VERDICTS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {"application/json": {"schema": _RESULT}}}
    for status, description in {200: "It verifies.", 400: "It does not, or the request cannot be read."}.items()
}


@ROUTER.post(
    "/credentials/verify",
    response_class=JSONResponse,
    responses=_VERDICTS | {status: PROBLEMS[status] for status in (408, 413, 503)},
    openapi_extra=_VERIFY_BODY,
    summary="Verify a credential",
)
def verify(body: RawBody, using: Using) -> Response:
    """Report on a credential as a generic W3C credential: 200 where it verifies, 400 where it does not."""
    try:
        given = document.parse(body, max_bytes=2 * document.MAX_BYTES).get("verifiableCredential")
        if not isinstance(given, dict):
            raise problem.Malformed("verifiableCredential must be a credential, a JSON object.")
    except problem.Problem as error:
        return JSONResponse(_refusal(error), 400, headers=_HEADERS)
    found = verifying.verify(
        json.dumps(given, ensure_ascii=False).encode(), look=using.look, now=using.now(), policy=using.policy(verifying.GENERIC)
    )
    return JSONResponse(_result(found), 200 if found.report.outcome is Outcome.VALID else 400, headers=_HEADERS)


def _refusal(error: problem.Problem) -> dict[str, Any]:
    details = error.to_json()
    return {"verified": False, "checks": [], "warnings": [], "errors": [error.detail], "problemDetails": [details], "results": []}


def _result(found: verifying.Verified) -> dict[str, Any]:
    failed = [step for step in found.report.steps if step.outcome in {Outcome.INVALID, Outcome.INDETERMINATE}]
    problems = [item for step in failed for item in step.to_json()["problems"]]
    return {
        "verified": found.report.outcome is Outcome.VALID,
        "checks": [name for name, steps in _CHECKS.items() if any(_was_run(step) for step in found.report.steps if step.name in steps)],
        "warnings": [],
        "errors": [item["detail"] for item in problems],
        "problemDetails": problems,
        "results": [found.report.to_json()],
    }


def _was_run(step: Step) -> bool:
    return step.outcome is not Outcome.NOT_APPLICABLE


_bearer = HTTPBearer(auto_error=False)


def changer(using: Using, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> access.Actor | None:
    """Return who may change a status; None where VC-API is open to all."""
    return None if using.settings.vc_api_open else actor(using, credentials)


@ROUTER.post("/credentials/status", responses=PROBLEMS, summary="Change the status of a credential")
def change_status(body: StatusChange, using: Using, acting: Annotated[access.Actor | None, Depends(changer)]) -> dict[str, Any]:
    """Revoke a credential. The answer waits until the status list that says so is published. A revocation cannot be taken back."""
    uuid = _uuid(using, body.credentialId)
    with using.writing() as session:
        badge = issuing.issued(session, uuid)
        if acting is not None:
            access.require(acting, access.REVOKE, issuer_id=badge.issuer_id)
        if body.status:
            status.revoke(session, uuid, reason="Revoked through VC-API.", actor=acting.name if acting else "VC-API", now=using.now())
        elif status.entry(session, uuid)[1].is_set:
            raise problem.Conflict("A revocation cannot be taken back.")
    using.wait_for(lambda session: True if status.is_published(session, uuid) else None)
    return {"credentialId": body.credentialId, "status": body.status}


def _uuid(using: Service, name: str) -> UUID:
    path = using.site.path_of(name) or ""
    try:
        return UUID(path.removeprefix("/c/"))
    except ValueError:
        raise problem.NotFound(problem.NOTHING) from None
