"""The verifier: a box for a URL, a file or a text, and the same as an API."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile

from badgeissuer import problem, scanning, verifying
from badgeissuer.vc import verification
from badgeissuer.web import negotiation, pages, rates
from badgeissuer.web.api.shapes import PROBLEMS, TOO_MANY, Document
from badgeissuer.web.public import OPEN, PAGE, page, spoken
from badgeissuer.web.service import RawBody, Service, Using

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The report, or a page.", "content": PAGE},
    **{status: PROBLEMS[status] for status in (400, 408, 413, 422, 503)},
    **TOO_MANY,
}
ROUTER = APIRouter(tags=["verify"], responses=_ANSWERS)
MAX_URL = 2048
MAX_RECIPIENT = 320
Recipient = Annotated[
    str | None, Query(max_length=MAX_RECIPIENT, description="Whom the badge should be about: an e-mail address, a DID, a name.")
]
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Accept, Content-Type",
    "Access-Control-Max-Age": "86400",
}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_NOTHING = "Nothing was handed in. Give a URL, a file or the text of a badge."
_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/vc+ld+json": {"schema": {"type": "object"}},
            "application/json": {"schema": {"type": "object"}},
            **{kind: {"schema": {"type": "string"}} for kind in ("application/vc+jwt", "text/plain", "image/svg+xml")},
            **{f"image/{kind}": _BINARY for kind in ("png", "jpeg", "webp")},
            "application/pdf": _BINARY,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        **{name: {"type": "string"} for name in ("url", "text", "recipient")},
                        **dict.fromkeys(("file", "photo"), _BINARY["schema"]),
                    },
                }
            },
        }
    }
}


class Code(pydantic.BaseModel):
    """What was made out in a picture."""

    text: str


async def _named(
    lang: Annotated[str | None, Query(description="The language of the page: en, de, es or ar; else as Accept-Language says.")] = None,
) -> str | None:  # so that the description has it
    return lang


@ROUTER.get("/verify", response_model=Document, dependencies=[Depends(_named)], summary="Verify what stands at a URL")
def verify_url(
    request: Request, using: Using, url: Annotated[str | None, Query(max_length=MAX_URL)] = None, recipient: Recipient = None
) -> Response:
    """Report on the document at `url`; without one, show the page with the box. Every verdict is answered with 200."""
    if not url:
        if _wants_page(request):
            return _show(request, private=False)
        raise problem.Invalid(_NOTHING)
    rates.count(request, using)
    return _verify_url(request, using, url, recipient=recipient)


@ROUTER.options("/verify", status_code=204, summary="Ask whether scripts of other sites may ask")
async def allow() -> Response:
    """Answer a browser that asks before a script of another site does (CORS preflight): it may, whatever type it names."""
    return Response(status_code=204, headers=_PREFLIGHT)


@ROUTER.post(
    "/verify", response_model=Document, openapi_extra=_BODY, dependencies=[rates.COUNTED, Depends(_named)], summary="Verify a document"
)
async def verify(request: Request, using: Using, recipient: Recipient = None) -> Response:
    """Report on the document that is the body, or on what the form fields `url`, `text` or `file` hold. Every verdict is a 200."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FORMS:
        return await run_in_threadpool(_verify_body, request, using, await request.body(), recipient=recipient)
    _require_utf8(request)
    async with request.form(max_files=2, max_fields=10, max_part_size=verifying.MAX_BYTES) as form:
        url, body = await _handed_in(form)
        recipient = _recipient(form) or recipient
    if url:
        return await run_in_threadpool(_verify_url, request, using, url, recipient=recipient)
    return await run_in_threadpool(_verify_body, request, using, body, recipient=recipient)


@ROUTER.post(
    "/verify/code",
    response_model=Code,
    openapi_extra={"requestBody": {"content": {f"image/{kind}": _BINARY for kind in ("jpeg", "png", "webp")}}},
    dependencies=[rates.CODES_COUNTED],
    summary="Read the QR code in a picture",
)
def read_code(body: RawBody) -> Response:
    """Give what the QR code in a frame of a camera says that leads to a badge, or an empty text; nothing is fetched and nothing is kept."""
    try:
        text = scanning.read(body)
    except (problem.Invalid, problem.Malformed, problem.TooLarge):
        text = ""
    return JSONResponse({"text": text}, headers={"Cache-Control": "private, no-store"})


def _require_utf8(request: Request) -> None:
    """Refuse a form in any other character set: the form reader would run whatever codec its name leads to."""
    _, options = parse_options_header(request.headers.get("content-type", "").encode("latin-1"))
    if options.get(b"charset", b"utf-8").strip().lower() not in {b"utf-8", b"utf8"}:
        raise problem.Malformed("A form is read as UTF-8 only.")


async def _handed_in(form: FormData) -> tuple[str, bytes]:
    url, text = form.get("url"), form.get("text")
    if isinstance(url, str) and url.strip():
        if len(url.strip()) > MAX_URL:
            raise problem.Invalid(f"A URL has at most {MAX_URL} characters here.")
        return url.strip(), b""
    if isinstance(text, str) and text.strip():
        return "", text.strip().encode("utf-8", "surrogatepass")
    for file in (form.get("file"), form.get("photo")):
        if isinstance(file, UploadFile) and (body := await file.read()):
            return "", body
    return "", b""


def _recipient(form: FormData) -> str | None:
    value = form.get("recipient")
    if not isinstance(value, str) or not value.strip():
        return None
    if len(value.strip()) > MAX_RECIPIENT:
        raise problem.Invalid(f"The name or address of a person has at most {MAX_RECIPIENT} characters here.")
    return value.strip()


def _policy(using: Service, recipient: str | None) -> verification.Policy:
    return replace(using.policy(verifying.BADGE), recipient=(recipient or "").strip() or None)


def _verify_url(request: Request, using: Service, url: str, *, recipient: str | None) -> Response:
    found = verifying.verify_url(url, look=using.look, now=using.now(), policy=_policy(using, recipient))
    results = True
    if found.document and _wants_page(request):
        with using.reading() as session:
            results = verifying.shows_results(session, found.document.get("id"), site=using.site)
    return _answer(request, found, asked=url, recipient=recipient, results=results)


def _verify_body(request: Request, using: Service, body: bytes, *, recipient: str | None) -> Response:
    if not body:
        fault = problem.Invalid(_NOTHING)
        if _wants_page(request):
            return _show(request, status=422, recipient=recipient or "", fault=fault.to_json())
        raise fault
    if scanning.is_picture(body):
        return _verify_picture(request, using, body, recipient=recipient)
    found = verifying.verify(body, look=using.look, now=using.now(), policy=_policy(using, recipient))
    return _answer(request, found, asked="", recipient=recipient)


def _verify_picture(request: Request, using: Service, picture: bytes, *, recipient: str | None) -> Response:
    try:
        text = scanning.read(picture)
    except problem.Unavailable:
        raise
    except problem.Problem as error:
        found = verifying.unreadable(picture, error, now=using.now(), policy=_policy(using, recipient))
        return _answer(request, found, asked="", recipient=recipient)
    if scanning.leads_to_an_address(text):
        return _verify_url(request, using, text, recipient=recipient)
    return _verify_body(request, using, text.encode(), recipient=recipient)


def _answer(request: Request, found: verifying.Verified, *, asked: str, recipient: str | None, results: bool = True) -> Response:
    content = found.report.to_json()
    if _wants_page(request):
        return _show(request, asked=asked, recipient=recipient or "", report=content, document=found.document, results=results)
    return JSONResponse(content, headers={"Cache-Control": "private, no-store", "Vary": "Accept", **OPEN})


def _show(request: Request, *, private: bool = True, status: int = 200, **told: Any) -> Response:  # noqa: ANN401 - as `pages` takes them
    """Answer with the page, in the language that the address names or the browser prefers."""
    language, chosen = spoken(request)
    text = pages.verify_page(language=language, chosen=chosen, **told)
    return page(text, private=private, status=status, scripted=True, language=language)


def _wants_page(request: Request) -> bool:
    return negotiation.wants_page(request.headers.get("accept", ""))
