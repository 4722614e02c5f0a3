"""Badges, each under the address that is its id: the page for people, and the exact bytes that were signed for everybody else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import authoring, branding, cataloguing, problem, verifying
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.vc import document
from badgeissuer.vc.document import JsonObject
from badgeissuer.web import faces, headers, negotiation, pages, passing, previews, public, words
from badgeissuer.web.api.shapes import PROBLEMS
from badgeissuer.web.service import Service, Using

ROUTER = APIRouter(tags=["public"], responses={status: PROBLEMS[status] for status in (400, 404, 503)})

Accept = Annotated[str, Header()]
_BODY_OR_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The signed document, or a page.", "content": public.JSON_BODY[200]["content"] | public.PAGE}
}


_CARD: dict[int | str, dict[str, Any]] = {200: {"description": "The card.", "content": public.PAGE}}
_DESCRIPTION: dict[int | str, dict[str, Any]] = {
    200: {"description": "The description.", "content": {"application/json": {}, "text/xml": {"schema": {"type": "string"}}}},
    403: PROBLEMS[403],
}
_ADDRESS = re.compile(r"/c/([0-9a-fA-F-]{32,36})")


@dataclass(frozen=True, slots=True)
class Shown:
    """A badge that whoever asks may see, with what it is of."""

    credential: tables.Credential
    award: tables.Award
    achievement: tables.Achievement
    version: tables.AchievementVersion

    @property
    def uuid(self) -> UUID:
        """The number in its id."""
        return self.credential.uuid

    def file_name(self, ending: str) -> str:
        """Return what a file of the badge is called, in ASCII."""
        return f"{self.achievement.slug}-{str(self.uuid)[:8]}.{ending}"


def shown(uuid: Annotated[str, Path(max_length=64)], using: Using) -> Shown:
    """Return the badge of an address; every route below `/c/` asks here, and nowhere else.

    Raises:
        problem.NotFound: There is none.
    """
    award, achievement, version = tables.Award, tables.Achievement, tables.AchievementVersion
    query = (
        select(tables.Credential, award, achievement, version)
        .join(award, award.id == tables.Credential.award_id)
        .join(achievement, achievement.id == award.achievement_id)
        .join(version, version.id == award.achievement_version_id)
        .where(tables.Credential.uuid == public.number(uuid))
    )
    with using.reading() as session:
        found = session.execute(query).one_or_none()
    if found is None:
        raise problem.NotFound(problem.NOTHING)
    return Shown(*found)


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
    downloads = [("Download the badge (JSON)", f"{using.site.credential(badge.uuid)}.json")]
    with using.reading() as session:
        after = cataloguing.following(session, badge.achievement, badge.version, site=using.site)
        around = _around(session, badge, using.site)
    text = pages.badge_page(*_judged(badge, using), downloads=downloads, following=after, site=using.site, around=around)
    return public.page(text, private=True, scripted=True)


@ROUTER.get("/c/{uuid}/embed", responses=_CARD, response_class=HTMLResponse, summary="Show a credential as a card in another page")
def card(badge: Badge, using: Using) -> HTMLResponse:
    """Give the small page that pages of others show in a frame: the verdict of this moment, and where to read more."""
    with using.reading() as session:
        around = _around(session, badge, using.site)
    return public.page(pages.card_page(*_judged(badge, using), site=using.site, around=around), private=True, framed=True)


@ROUTER.get("/oembed", summary="Describe the card of a credential", responses=_DESCRIPTION)
def oembed(
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
    badge = shown(match[1], using)
    with using.reading() as session:
        passed = _around(session, badge, using.site).passed
    told = previews.oembed(passed, base=using.site.base, width=maxwidth, height=maxheight)
    sent = {"Cache-Control": headers.BY_THE_READER_ALONE, "X-Robots-Tag": "noindex", **public.OPEN}
    return JSONResponse(told, headers=sent) if form == "json" else Response(previews.as_xml(told), headers=sent, media_type="text/xml")


def _judged(badge: Shown, using: Service) -> tuple[JsonObject, dict[str, Any]]:
    """Return what a badge says, and the report of this moment on it."""
    body = badge.credential.document
    found = verifying.verify(body, look=using.look, now=using.now(), policy=using.policy(verifying.BADGE))
    return document.parse(body), found.report.to_json()


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
        X_Robots_Tag="noindex",
        **public.OPEN,
    )
