"""The public catalogue of what can be earned: a page for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from badgeissuer import cataloguing, indexing
from badgeissuer.openbadges import credential, ctdl
from badgeissuer.openbadges.addresses import Site
from badgeissuer.vc.document import JsonObject
from badgeissuer.web import headers, negotiation, pages, public
from badgeissuer.web.api.shapes import MAX_PAGE, PROBLEMS, Cursor, Page, Shape, Text
from badgeissuer.web.service import Using

ROUTER = APIRouter(tags=["public"], responses={status: PROBLEMS[status] for status in (400, 404, 503)})

Words = Annotated[Text, Field(max_length=200)]
Accept = Annotated[str, Header()]


class Asked(Shape):
    """What a reader of the catalogue looks for; anything else is refused."""

    q: Words | None = Field(None, description="Words of name, description, outcomes, tags or skills; all must be there.")
    unit: Words | None = Field(None, description="The slug of a unit; units below it count too.")
    level: Words | None = Field(None, description="Framework and code.", examples=["EQF:5"])
    language: Words | None = Field(None, description="A BCP 47 tag, of the definition or of the teaching.")
    framework: Words | None = Field(None, description="The key of a framework, all of whose required elements are there.")
    skill: Annotated[Text, Field(max_length=2000)] | None = Field(None, description="The URL of a skill.")
    retired: bool = Field(default=False, description="Whether those are listed too that are awarded no more.")
    format: Literal["json", "ob", "ctdl"] | None = Field(
        None, description="`ob`: Achievements of Open Badges 3.0, `ctdl`: resources of CTDL; both as JSON-LD in `@graph`."
    )
    cursor: Annotated[str, Field(max_length=40)] | None = Field(None, description="The `next` of the page before.")
    limit: int = Field(50, ge=1, le=MAX_PAGE)


class Unit(Shape):
    """Who offers it."""

    slug: str
    name: str


class Listed(Shape):
    """A published achievement; `url` is the version that is described, `newest` leads to the newest always.

    `image` is where its picture stands, unless that is embedded in the achievement itself.
    """

    slug: str
    version: int
    name: str
    description: str
    url: str
    newest: str
    image: str | None
    unit: Unit
    achievementType: str | None  # noqa: N815 - a member of Open Badges
    levels: list[str]
    languages: list[str]
    published_at: datetime
    retired_at: datetime | None


@ROUTER.get(
    "/catalogue",
    response_model=Page[Listed],
    responses={200: {"content": public.PAGE | {"application/ld+json": {"schema": {"type": "object"}}}}},
    summary="Search the published achievements",
)
def catalogue(request: Request, using: Using, asked: Annotated[Asked, Query()], accept: Accept = "") -> Response:
    """List the newest version of each achievement by name: as JSON, or as a page where a browser asks."""
    wanted = cataloguing.Wanted(**{name: getattr(asked, name) or None for name in WANTED}, retired=asked.retired)
    after = Cursor(asked.cursor, asked.limit).after
    is_page = asked.format is None and negotiation.wants_page(accept)
    with using.reading() as session:
        found, last = cataloguing.listed(session, wanted, after=after, limit=asked.limit)
        shown = [_listed(entry, using.site) for entry in found]
        feed = _feed(found, asked.format, using.site)
    following = None if last is None else Cursor.at(last)
    address = following and "/catalogue?" + urlencode({**_said(request), "cursor": following})
    if is_page:
        return public.page(pages.catalogue_page(shown, asked=asked, following=address))
    answer = public.LinkedData(feed) if feed else JSONResponse(Page[Listed](items=shown, next=following).model_dump(mode="json"))
    more = {"Link": f'<{using.site.base}{address}>; rel="next"'} if address else {}
    return headers.kept(
        request,
        bytes(answer.body),
        media_type=str(answer.media_type),
        how_long=headers.FOR_A_MINUTE,
        Vary="Accept",
        **more,
        **public.OPEN,
    )


def _feed(found: Sequence[cataloguing.Entry], form: str | None, site: Site) -> JsonObject | None:
    """Return a page of the catalogue as JSON-LD; None where that is not asked for."""
    if form == "ob":
        return {"@graph": [{"@context": credential.context(entry.version.document), **entry.version.document} for entry in found]}
    if form == "ctdl":
        return ctdl.feed([_resource(entry, site) for entry in found])
    return None


def _resource(entry: cataloguing.Entry, site: Site) -> JsonObject:
    row, issuer = entry.achievement, entry.issuer
    unit = (issuer.name, issuer.url or site.issuer(issuer.slug))
    return ctdl.describe(entry.version.document, url=site.newest_achievement(row.slug), unit=unit, is_retired=row.retired_at is not None)


WANTED = ("q", "unit", "level", "language", "skill", "framework")


def _said(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.query_params.items() if name != "cursor"}


def _listed(entry: cataloguing.Entry, site: Site) -> Listed:
    document, slug = entry.version.document, entry.achievement.slug
    image = str(document.get("image", {}).get("id", ""))
    return Listed(
        slug=slug,
        version=entry.version.version,
        name=document["name"],
        description=document["description"],
        url=site.achievement(slug, entry.version.version),
        newest=site.newest_achievement(slug),
        image=image if image.startswith("http") else None,
        unit=Unit(slug=entry.issuer.slug, name=entry.issuer.name),
        achievementType=document.get("achievementType"),
        levels=indexing.levels(document),
        languages=indexing.languages(document),
        published_at=entry.version.published_at,
        retired_at=entry.achievement.retired_at,
    )
