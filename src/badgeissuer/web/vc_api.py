"""VC-API, as the conformance suites of the W3C call it: verify a credential, verify a presentation.

The answer is 200 for what is VALID and 400 for everything else, whatever stands in the request. Every check is always made: `checks` in
the options only says what the asker is interested in.

Source: VC-API#verify-credential, VC-API#verify-presentation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from badgeissuer import problem, verifying
from badgeissuer.vc import document, presentation, verification
from badgeissuer.vc.report import Outcome, Step
from badgeissuer.web import rates
from badgeissuer.web.api.shapes import PROBLEMS, TOO_MANY, Document
from badgeissuer.web.public import OPEN
from badgeissuer.web.service import RawBody, Service, Using

ROUTER = APIRouter(tags=["VC-API"])
MAX_BYTES = 2 * document.MAX_BYTES
"""Bytes of a request: a document, and what stands around it."""
CREDENTIAL, PRESENTATION = "verifiableCredential", "verifiablePresentation"
_HEADERS = {"Cache-Control": "private, no-store", **OPEN}
_CHECKS = {
    "proof": ("context", "data_model", "proof", "issuer"),
    "status": ("status",),
    "validity": ("validity",),
    "schema": ("schema",),
    "credentials": ("credentials", "endorsement"),
}
"""What VC-API calls a check → the steps of our reports."""
_PURPOSES = {CREDENTIAL: "assertionMethod", PRESENTATION: "authentication"}

_OPTIONS = {
    "type": "object",
    "description": "Members that are not named here are not looked at.",
    "properties": {
        "challenge": {"type": "string", "description": "The proof must have been made for it."},
        "domain": {"type": "string", "description": "The proof must have been made for it."},
        "expectedProofPurpose": {"type": "string", "description": "There is one purpose for each kind of document; any other is refused."},
        "checks": {"type": "array", "items": {"type": "string"}, "description": "Every check is made, whatever stands here."},
    },
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
_JSON = {"application/json": {"schema": _RESULT}}
_VERDICTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "It verifies.", "content": _JSON},
    400: {"description": "It does not, or the request cannot be read.", "content": _JSON},
    **{status: PROBLEMS[status] for status in (408, 413, 503)},
    **TOO_MANY,
}


def _body(member: str) -> dict[str, Any]:
    schema = {"type": "object", "required": [member], "properties": {member: {"type": "object"}, "options": _OPTIONS}}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@ROUTER.post(
    "/credentials/verify",
    response_class=JSONResponse,
    responses=_VERDICTS,
    openapi_extra=_body(CREDENTIAL),
    dependencies=[rates.COUNTED_UNLESS_OPEN],
    summary="Verify a credential",
)
def verify_credential(body: RawBody, using: Using) -> Response:
    """Report on a credential as a generic W3C credential: 200 where it verifies, 400 where it does not."""
    return _verify(using, body, member=CREDENTIAL)


@ROUTER.post(
    "/presentations/verify",
    response_class=JSONResponse,
    responses=_VERDICTS,
    openapi_extra=_body(PRESENTATION),
    dependencies=[rates.COUNTED_UNLESS_OPEN],
    summary="Verify a presentation",
)
def verify_presentation(body: RawBody, using: Using) -> Response:
    """Report on a presentation and on the credentials in it: 200 where all of them verify, 400 where one does not."""
    return _verify(using, body, member=PRESENTATION)


def _verify(using: Service, body: bytes, *, member: str) -> Response:
    try:
        given, policy = _asked(using, document.parse(body, max_bytes=MAX_BYTES), member=member)
    except problem.Problem as error:
        return JSONResponse(_refusal(error), 400, headers=_HEADERS)
    found = verifying.verify_value(given, look=using.look, now=using.now(), policy=policy)
    return JSONResponse(_result(found), 200 if found.report.outcome is Outcome.VALID else 400, headers=_HEADERS)


def _asked(using: Service, body: Document, *, member: str) -> tuple[object, verification.Policy]:
    """Return what is to be verified, and how.

    Raises:
        problem.Malformed: The request holds nothing of the kind, or asks for something in a form that is not read.
    """
    given, options = body.get(member), body.get("options", {})
    is_token = isinstance(given, str) and member == CREDENTIAL
    if not isinstance(given, dict) and not is_token:
        raise problem.Malformed(f"{member} must be there, and be a JSON object.")
    if isinstance(given, dict) and presentation.is_presentation(given) != (member == PRESENTATION):
        other = "This is a presentation: send it to /presentations/verify."
        raise problem.Malformed(other if member == CREDENTIAL else "This is no presentation: its type must be VerifiablePresentation.")
    if not isinstance(options, dict):
        raise problem.Malformed("options must be a JSON object.")
    challenge, domain, purpose = (_option(options, name) for name in ("challenge", "domain", "expectedProofPurpose"))
    if purpose not in {None, _PURPOSES[member]}:
        raise problem.Malformed(f"The proof of such a document is for {_PURPOSES[member]}, and expectedProofPurpose is another one.")
    return given, replace(using.policy(verifying.GENERIC), challenge=challenge, domain=domain)


def _option(options: Document, name: str) -> str | None:
    value = options.get(name)
    if value is not None and not isinstance(value, str):
        raise problem.Malformed(f"options.{name} must be a text.")
    return value


def _refusal(error: problem.Problem) -> Document:
    details = error.to_json()
    return {"verified": False, "checks": [], "warnings": [], "errors": [error.detail], "problemDetails": [details], "results": []}


def _result(found: verifying.Verified) -> Document:
    steps = found.report.steps
    problems = _problems(steps, {Outcome.INVALID, Outcome.INDETERMINATE})
    return {
        "verified": found.report.outcome is Outcome.VALID,
        "checks": [name for name, names in _CHECKS.items() if any(_was_made(step) for step in steps if step.name in names)],
        "warnings": [item["detail"] for item in _problems(steps, {Outcome.VALID})],
        "errors": [item["detail"] for item in problems],
        "problemDetails": problems,
        "results": [found.report.to_json()],
    }


def _problems(steps: tuple[Step, ...], outcomes: set[Outcome]) -> list[Document]:
    return [item for step in steps if step.outcome in outcomes for item in step.to_json()["problems"]]


def _was_made(step: Step) -> bool:
    return step.outcome is not Outcome.NOT_APPLICABLE
