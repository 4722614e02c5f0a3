"""What anybody may see of the service itself: status lists, issuers and achievements; badges stand in `badges`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from badgeissuer import attending, authoring, branding, cataloguing, problem, revising, signing, verifying
from badgeissuer.openbadges import microcredential
from badgeissuer.store import tables
from badgeissuer.vc import alarm, verification
from badgeissuer.web import faces, headers, languages, negotiation, pages
from badgeissuer.web.api.shapes import PROBLEMS
from badgeissuer.web.service import Using

ROUTER = APIRouter(tags=["public"], responses={status: PROBLEMS[status] for status in (400, 404, 503)})
OPEN = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
"""Of what scripts of other sites may read."""

Accept = Annotated[str, Header()]
Name = Annotated[str, Path(max_length=64)]
JSON_BODY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The signed document.",
        "content": {media: {"schema": {"type": "object"}} for media in negotiation.CREDENTIAL_TYPES},
    }
}
PAGE: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}


class LinkedData(JSONResponse):
    """An answer that is JSON-LD in the context of Open Badges."""

    media_type = "application/ld+json"


class JsonSchema(JSONResponse):
    """An answer that is a JSON Schema."""

    media_type = "application/schema+json"


_LINKED_DATA_OR_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The Achievement, or a page.", "content": {"application/ld+json": {"schema": {}}} | PAGE}
}


_SHEET: dict[int | str, dict[str, Any]] = {
    200: {"description": "The style sheet.", "content": {"text/css": {"schema": {"type": "string"}}}}
}
DRAWING_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
"""For a drawing: nothing in it is loaded, styled or run."""
_DRAWING: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": {"image/svg+xml": {"schema": {"type": "string"}}}}
}


class ControllerDocument(JSONResponse):
    """An answer that is a DID document."""

    media_type = "application/did+json"


@ROUTER.get("/", response_class=HTMLResponse, summary="The front page")
def home() -> HTMLResponse:
    """Tell each visitor where to go."""
    return page(pages.home_page())


@ROUTER.get("/docs", response_class=HTMLResponse, summary="The reference of the API, for people")
def reference(request: Request) -> HTMLResponse:
    """List every operation of the API."""
    return page(pages.reference_page(request.app.openapi()))


@ROUTER.get("/status-lists/{uuid}", responses=JSON_BODY, summary="Get a status list")
def status_list(uuid: Name, request: Request, using: Using, accept: Accept = "") -> Response:
    """Give the status list as it was last signed; always JSON, whatever a client says that it accepts."""
    with using.reading() as session:
        found = verifying.own(session, using.site.status_list(number(uuid)), site=using.site, now=using.now())
    if not isinstance(found, verification.Resource):
        raise problem.NotFound(problem.NOTHING)
    media_type = negotiation.credential_type(accept)
    return headers.kept(request, found.body, media_type=media_type, how_long=headers.FOR_A_MINUTE, Vary="Accept", **OPEN)


@ROUTER.get("/i/{issuer}", response_class=LinkedData, responses={409: PROBLEMS[409]}, summary="Get the profile of an issuer")
def profile(issuer: Annotated[str, Path(max_length=64)], request: Request, using: Using) -> Response:
    """Give the Profile that stands in the issuer's badges."""
    with using.reading() as session:
        found = authoring.profile(session, authoring.issuer(session, issuer))
    return _kept(request, LinkedData(found), how_long=headers.FOR_FIVE_MINUTES)


@ROUTER.get("/i/{issuer}/did.json", response_class=ControllerDocument, summary="Get the controller document of an issuer")
def did_document(issuer: Annotated[str, Path(max_length=64)], request: Request, using: Using) -> Response:
    """Give the keys whose signatures count as the issuer's."""
    with using.reading() as session:
        found = signing.controller_document(session, authoring.issuer(session, issuer))
    return _kept(request, ControllerDocument(found), how_long=headers.FOR_FIVE_MINUTES)


@ROUTER.get("/i/{issuer}/brand.css", responses=_SHEET, response_class=Response, summary="Get the colours of an issuer")
def brand(issuer: Name, request: Request, using: Using) -> Response:
    """Give the style sheet that colours the pages of an issuer's badges; names of colours alone."""
    with using.reading() as session:
        shown = branding.brand(branding.lineage(session, authoring.issuer(session, issuer)))
    sheet = faces.sheet(shown.colour, shown.accent).encode()
    return headers.kept(request, sheet, media_type="text/css", how_long=headers.FOR_FIVE_MINUTES, **OPEN)


@ROUTER.get("/a/{slug}/{version}", responses=_LINKED_DATA_OR_PAGE, response_class=LinkedData, summary="Get a published achievement")
def achievement(
    slug: Annotated[str, Path(max_length=64)],
    version: Annotated[int, Path(ge=1, lt=2**31)],
    request: Request,
    using: Using,
    accept: Accept = "",
) -> Response:
    """Give the Achievement as it stands in badges, or a page where a browser asks."""
    with using.reading() as session:
        found = authoring.published(session, slug, version=version)
        if negotiation.wants_page(accept):
            row = authoring.achievement(session, slug)
            unit = session.get_one(tables.Issuer, row.issuer_id)
            numbers = [one.version for one in revising.versions(session, row)]
            after = cataloguing.following(session, row, found, site=using.site)
            return page(pages.achievement_page(row, found, unit=unit, versions=numbers, following=after, site=using.site))
    return _kept(request, LinkedData(found.document), how_long=headers.FOR_A_DAY, Vary="Accept")


@ROUTER.get(
    "/a/{slug}/{version}/image.svg", responses=_DRAWING, response_class=Response, summary="Get the picture of a published achievement"
)
def drawing(
    slug: Annotated[str, Path(max_length=64)], version: Annotated[int, Path(ge=1, lt=2**31)], request: Request, using: Using
) -> Response:
    """Give the picture that was drawn when the achievement was published; it never changes."""
    with using.reading() as session:
        found = authoring.published(session, slug, version=version).drawing
    if found is None:
        raise problem.NotFound(problem.NOTHING)
    more = OPEN | {"Content-Security-Policy": DRAWING_POLICY}
    return headers.kept(request, found.encode(), media_type="image/svg+xml", how_long=headers.FOR_GOOD, **more)


@ROUTER.get("/a/{slug}", status_code=307, response_class=RedirectResponse, summary="Find the newest version of an achievement")
def newest_achievement(slug: Annotated[str, Path(max_length=64)], using: Using) -> RedirectResponse:
    """Redirect to the newest version."""
    with using.reading() as session:
        newest = using.site.achievement(slug, authoring.published(session, slug).version)
    return RedirectResponse(newest, 307, headers={"Cache-Control": headers.FOR_A_MINUTE, **OPEN})


@ROUTER.get(microcredential.PATH, response_class=LinkedData, summary="Get the JSON-LD context of the microcredential extension")
def extension_context(request: Request) -> Response:
    """Give the context that badges name third where they say what Open Badges has no member for. It never changes."""
    return _kept(request, LinkedData(microcredential.CONTENT), how_long=headers.FOR_A_DAY)


@ROUTER.get(microcredential.SCHEMA_PATH, response_class=JsonSchema, summary="Get the JSON Schema of the microcredential extension")
def extension_schema(request: Request) -> Response:
    """Give the schema that such badges name in `credentialSchema`. It never changes."""
    return _kept(request, JsonSchema(microcredential.SCHEMA), how_long=headers.FOR_A_DAY)


@ROUTER.get("/healthz", summary="Tell whether the process is alive")
async def healthz() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "ok"}


@ROUTER.get("/readyz", summary="Tell whether the service can do its work")
def readyz(using: Using) -> dict[str, str]:
    """Answer 200 where the database answers, and a worker has signed something that verifies within the last minute.

    A `warning` says that this process verifies the slow way only, and why.
    """
    with using.reading() as session:
        attending.require(session, now=using.now())
    return {"status": "ready"} | ({"warning": alarm.ALARM.reason} if alarm.ALARM.reason else {})


def page(
    text: str,
    *,
    private: bool = False,
    indexed: bool = False,
    status: int = 200,
    referrer: str = "no-referrer",
    scripted: bool = False,
    framed: bool = False,
    language: languages.Language | None = None,
) -> HTMLResponse:
    """Return a page with the headers that keep it from loading or leaking anything.

    Args:
        text: The page.
        private: Whether it is for its reader alone, and kept by nobody.
        indexed: Whether search engines may list it all the same.
        status: The HTTP status.
        referrer: The value of Referrer-Policy.
        scripted: Whether it has a script of ours, from a file of ours.
        framed: Whether pages of others may show it in a frame.
        language: What it is said in, where that depends on who asks.
    """
    policy = pages.FRAMED_POLICY if framed else pages.CONTENT_SECURITY_POLICY
    sent = {
        "Content-Security-Policy": policy + (pages.OWN_SCRIPT if scripted else ""),
        "Referrer-Policy": referrer,
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept",
    }
    if private:
        sent |= {"Cache-Control": "private, no-store"} | ({} if indexed else {"X-Robots-Tag": "noindex"})
    if language:
        sent |= {"Vary": "Accept, Accept-Language", "Content-Language": language.code}
    return HTMLResponse(text, status, headers=sent)


def spoken(request: Request) -> tuple[languages.Language, bool]:
    """Return the language of a page that is asked for, by `?lang=` or by what the browser prefers; and whether the address names it."""
    named = request.query_params.get("lang")
    language = languages.wanted(named, request.headers.get("accept-language", ""))
    return language, named == language.code


def number(name: str) -> UUID:
    """Return the number in an address; what is none names nothing that is here."""
    try:
        return UUID(name)
    except ValueError:
        raise problem.NotFound(problem.NOTHING) from None


def _kept(request: Request, answer: JSONResponse, *, how_long: str, **further: str) -> Response:
    return headers.kept(request, bytes(answer.body), media_type=str(answer.media_type), how_long=how_long, **further, **OPEN)
