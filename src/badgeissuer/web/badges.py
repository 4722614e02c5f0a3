"""Badges, each under the address that is its id: the page for people, and the exact bytes that were signed for everybody else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, defer

from badgeissuer import access, authoring, branding, cataloguing, problem, sharing, verifying
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.vc import document
from badgeissuer.vc.document import JsonObject
from badgeissuer.web import faces, headers, languages, negotiation, pages, passing, previews, public, words
from badgeissuer.web.api.shapes import PROBLEMS
from badgeissuer.web.learner import door
from badgeissuer.web.problems import on_problem, status_of
from badgeissuer.web.service import Service, Using

FAULTS: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (400, 403, 404, 503)}
FAULTS[403] = FAULTS[403] | {"description": "Its learner keeps it private."}
ROUTER = APIRouter(tags=["public"], responses=FAULTS)

Accept = Annotated[str, Header()]
_BODY_OR_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The signed document, or a page.", "content": public.JSON_BODY[200]["content"] | public.PAGE}
}

FORMS = {
    "json": languages.noted("Download the badge (JSON)"),
    "pdf": languages.noted("PDF certificate"),
    "png": languages.noted("Image (PNG)"),
    "svg": languages.noted("Image (SVG)"),
}
"""Endings of the addresses of what a badge can be had as → what a button says; all but the first stand in `downloads`."""


_CARD: dict[int | str, dict[str, Any]] = {200: {"description": "The card.", "content": public.PAGE}}
_DESCRIPTION: dict[int | str, dict[str, Any]] = {
    200: {"description": "The description.", "content": {"application/json": {}, "text/xml": {"schema": {"type": "string"}}}},
    403: PROBLEMS[403],
}
_ADDRESS = re.compile(r"/c/([0-9a-fA-F-]{32,36})")


@dataclass(frozen=True, slots=True)
class Shown:
    """A badge that whoever asks may see, with what it is of.

    Attributes:
        how: What its learner decided.
        share: The secret of the link by which it was opened; empty for one that needs none. It belongs into the addresses of the other
            forms of the badge on its page (`address`), and into nothing that others read: no canonical link, no card, no log.
        is_holders: Whether who asks is its learner, signed in.
    """

    credential: tables.Credential
    award: tables.Award
    achievement: tables.Achievement
    version: tables.AchievementVersion
    how: sharing.How
    share: str = ""
    is_holders: bool = False

    @property
    def uuid(self) -> UUID:
        """The number in its id."""
        return self.credential.uuid

    @property
    def shows_results(self) -> bool:
        """Whether a page may show what its learner reached."""
        return self.how.shows_results or self.is_holders

    @property
    def is_indexed(self) -> bool:
        """Whether search engines may list it."""
        return self.how.visibility == sharing.PUBLIC

    @property
    def robots(self) -> dict[str, str]:
        """The header that says so, in whatever form the badge is given."""
        return {} if self.is_indexed else {"X-Robots-Tag": "noindex"}

    def address(self, site: Site, ending: str = "") -> str:
        """Return the address of a form of the badge for who looks at it now: with the secret of the link where it needs one."""
        return f"{site.credential(self.uuid)}{ending}{f'?share={quote(self.share)}' if self.share else ''}"

    def file_name(self, ending: str) -> str:
        """Return what a file of the badge is called, in ASCII."""
        return f"{self.achievement.slug}-{str(self.uuid)[:8]}.{ending}"


_SHOWN = (
    select(tables.Credential, tables.Award, tables.Achievement, tables.AchievementVersion, tables.Sharing)
    .join(tables.Award, tables.Award.id == tables.Credential.award_id)
    .join(tables.Achievement, tables.Achievement.id == tables.Award.achievement_id)
    .join(tables.AchievementVersion, tables.AchievementVersion.id == tables.Award.achievement_version_id)
    .outerjoin(tables.Sharing, tables.Sharing.award_id == tables.Award.id)
    .options(defer(tables.Achievement.draft))
    .where(tables.Credential.uuid == bindparam("uuid"))
)
"""Made once: to compose it costs as much as to ask it."""


def shown(
    uuid: Annotated[str, Path(max_length=64)],
    request: Request,
    using: Using,
    share: Annotated[str, Query(description="The secret of a link that its learner made; a private badge needs one.")] = "",
) -> Shown:
    """Return the badge of an address; every route below `/c/` asks here, and nowhere else.

    Who may see a private badge: its learner, who has a link that counts, and a token of its issuer that may read.

    Raises:
        problem.NotFound: There is none.
        sharing.Private: Its learner keeps it from who asks.
    """
    with using.reading() as session:
        found = session.execute(_SHOWN, {"uuid": public.number(uuid)}).one_or_none()
        if found is None:
            raise problem.NotFound(problem.NOTHING)
        how, is_holders = sharing.of(found.Sharing), door.owns(session, request, using, found.Award)
        is_hidden = how.visibility == sharing.PRIVATE and not is_holders
        if is_hidden and not _is_its_issuer(session, request, found.Award.issuer_id, now=using.now()):
            sharing.require_link(session, found.Award.id, share, now=using.now())
    return Shown(*found[:4], how, share=share if is_hidden else "", is_holders=is_holders)


def _is_its_issuer(session: Session, request: Request, issuer_id: int, *, now: datetime) -> bool:
    """Return whether a token came along that may read what is of an issuer."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        actor = access.authenticate(session, token.strip(), now=now) if scheme.lower() == "bearer" else None
    except problem.Unauthenticated:
        actor = None
    return actor is not None and access.may(actor, access.READ, issuer_id=issuer_id)


async def on_private(request: Request, fault: Exception) -> Response:
    """Say that a badge is private, kindly where a person asks."""
    if isinstance(fault, sharing.Private) and negotiation.wants_page(request.headers.get("accept", "")):
        return public.page(pages.private_page(fault.detail), private=True, status=status_of(fault))
    return await on_problem(request, fault)


Badge = Annotated[Shown, Depends(shown)]


@ROUTER.get("/c/{uuid}.json", responses=public.JSON_BODY, summary="Download a credential")
def download(badge: Badge, request: Request, accept: Accept = "") -> Response:
    """Give the exact bytes that were signed, as a file."""
    return _signed(request, badge, accept, disposition="attachment")


@ROUTER.get("/c/{uuid}", responses=_BODY_OR_PAGE, summary="Show a credential")
def credential(badge: Badge, request: Request, using: Using, accept: Accept = "") -> Response:
    """Give the exact bytes that were signed, or a page where a browser asks."""
    if not negotiation.wants_page(accept):
        return _signed(request, badge, accept, disposition="inline")
    downloads = [(label, badge.address(using.site, f".{ending}")) for ending, label in FORMS.items()]
    with using.reading() as session:
        after = cataloguing.following(session, badge.achievement, badge.version, site=using.site)
        around = _around(session, badge, using.site)
    told: dict[str, Any] = {"downloads": downloads, "following": after, "site": using.site, "around": around}
    language, chosen = public.spoken(request)
    text = pages.badge_page(*_judged(badge, using), language=language, chosen=chosen, **told)
    return public.page(text, private=True, indexed=badge.is_indexed, scripted=True, language=language)


@ROUTER.get("/c/{uuid}/embed", responses=_CARD, response_class=HTMLResponse, summary="Show a credential as a card in another page")
def card(badge: Badge, request: Request, using: Using) -> HTMLResponse:
    """Give the small page that pages of others show in a frame: the verdict of this moment, and where to read more."""
    with using.reading() as session:
        around = _around(session, badge, using.site)
    language, _ = public.spoken(request)
    text = pages.card_page(*_judged(badge, using), site=using.site, around=around, language=language)
    return public.page(text, private=True, framed=True, language=language)


@ROUTER.get("/oembed", summary="Describe the card of a credential", responses=_DESCRIPTION)
def oembed(
    request: Request,
    using: Using,
    url: Annotated[str, Query(max_length=2000)],
    form: Annotated[Literal["json", "xml"], Query(alias="format")] = "json",
    maxwidth: Annotated[int, Query(ge=1)] = passing.EMBED_WIDTH,
    maxheight: Annotated[int, Query(ge=1)] = passing.EMBED_HEIGHT,
) -> Response:
    """Tell a site that was given the link of a badge how to show it (oEmbed 1.0)."""
    match = _ADDRESS.fullmatch(using.site.path_of(url) or "")
    if match is None:
        raise problem.NotFound("Only badges of this service can be described, by the address that is their id.")
    badge = shown(match[1], request, using)
    with using.reading() as session:
        passed = _around(session, badge, using.site).passed
    told = previews.oembed(passed, base=using.site.base, width=maxwidth, height=maxheight)
    sent = {"Cache-Control": headers.BY_THE_READER_ALONE, "X-Robots-Tag": "noindex", **public.OPEN}
    return JSONResponse(told, headers=sent) if form == "json" else Response(previews.as_xml(told), headers=sent, media_type="text/xml")


def reported(badge: Shown, using: Service) -> dict[str, Any]:
    """Return the report of this moment on a badge."""
    body = badge.credential.document
    return verifying.verify(body, look=using.look, now=using.now(), policy=using.policy(verifying.BADGE)).report.to_json()


def _judged(badge: Shown, using: Service) -> tuple[JsonObject, dict[str, Any]]:
    """Return what a badge says, and the report of this moment on it."""
    return document.parse(badge.credential.document), reported(badge, using)


def _around(session: Session, badge: Shown, site: Site) -> faces.Around:
    line = branding.lineage(session, session.get_one(tables.Issuer, badge.award.issuer_id))
    brand, award, achievement = branding.brand(line), badge.award, badge.achievement
    newest = authoring.published(session, achievement.slug).version
    passed = passing.Passed(
        url=site.credential(badge.uuid),
        number=str(badge.uuid),
        name=words.plain(badge.version.document["name"]),
        unit=words.plain(line[0].name),
        since=award.awarded_at,
        until=award.valid_until,
        linkedin_id=brand.linkedin_id,
    )
    return faces.Around(
        face=faces.face(line, brand),
        passed=passed,
        newest=(newest, f"/a/{achievement.slug}/{newest}") if newest > badge.version.version else None,
        is_retired=achievement.retired_at is not None,
        is_public=badge.is_indexed,
        is_private=badge.how.visibility == sharing.PRIVATE,
        is_holders=badge.is_holders,
        shows_results=badge.shows_results,
        address=badge.address(site),
    )


def _signed(request: Request, badge: Shown, accept: str, *, disposition: str) -> Response:
    return headers.kept(
        request,
        badge.credential.document,
        media_type=negotiation.credential_type(accept),
        how_long=headers.BY_THE_READER_ALONE,
        sha256=badge.credential.sha256,
        Content_Disposition=f'{disposition}; filename="{badge.file_name("json")}"',
        Vary="Accept",
        **badge.robots,
        **public.OPEN,
    )
