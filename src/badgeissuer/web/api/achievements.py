"""Achievements: drafts, and the versions that were published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response
from pydantic import ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, issuing, pressing, retiring, tabulating
from badgeissuer.openbadges import microcredential
from badgeissuer.store import tables
from badgeissuer.web import headers
from badgeissuer.web.api.shapes import PROBLEMS, Document, Name, Page, Paging, Repeatable, Shape, Slug
from badgeissuer.web.service import Acting, Service, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/achievements", tags=["achievements"], route_class=StrictRoute, responses=PROBLEMS)


class Definition(Shape):
    """An achievement in Open Badges 3.0 spelling.

    All members of the standard are taken, `alignment`, `resultDescription`, `creditsAvailable`, `inLanguage`, `tag` and `fieldOfStudy`
    among them, and those of the microcredential extension (docs/authoring.md); `type` and the ids of result descriptions, levels and
    outcomes may be left out. `id` and `version` are set when it is published.
    """

    model_config = ConfigDict(extra="allow")

    name: Name
    description: str
    criteria: Document

    def draft(self) -> Document:
        """Return the members as the author wrote them."""
        return self.model_dump(exclude={"issuer", "slug"}, exclude_unset=True)


class NewAchievement(Definition):
    """An achievement to be defined, as a draft."""

    issuer: Slug
    slug: Slug


def _allows(
    request: Request,
    _if_match: Annotated[
        str | None, Header(alias="If-Match", max_length=2000, description="The `ETag` of the achievement that was seen.")
    ] = None,
) -> Callable[[str], bool]:
    return lambda tag: headers.allows(request, f'"{tag}"')


Allows = Annotated[Callable[[str], bool], Depends(_allows)]
OUTDATED = PROBLEMS[409] | {"description": "Somebody else has changed the draft since."}


class Nothing(Shape):
    """An empty object."""


class Doubt(Shape):
    """What contradicts itself in a definition, or is past, though it may be published."""

    pointer: str
    detail: str


class Achievement(Shape):
    """An achievement: its draft, the versions under which it was published, and what of the draft contradicts itself."""

    slug: str
    issuer: str
    state: Literal["draft", "published", "changed"]
    version: int | None
    id: str | None
    draft: Document
    warnings: list[Doubt]


class Published(Shape):
    """A version, as it stands in badges from now on."""

    slug: str
    version: int
    state: Literal["published"] = "published"
    id: str
    achievement: Document
    warnings: list[Doubt]


@ROUTER.post("", status_code=201, summary="Define an achievement")
def create(body: NewAchievement, using: Using, acting: Acting, once: Repeatable, response: Response) -> Achievement:
    """Store a definition as a draft, after checking it as if it were published: references, ranges, and that all of it would be signed."""
    access.require(acting, access.DEFINE)
    now = using.now()

    def work() -> str:
        owner = authoring.issuer(session, body.issuer)
        access.require(acting, access.DEFINE, issuer_id=owner.id)
        return authoring.create_achievement(session, owner, slug=body.slug, draft=body.draft(), site=using.site, now=now).slug

    with using.writing() as session:
        slug = once.do(session, acting, body=body, now=now, work=work)
        return _tagged(response, session, authoring.achievement(session, slug), using=using)


@ROUTER.get("", summary="List achievements")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[Achievement]:
    """List the achievements of the issuers that the token may see, oldest first."""
    query = access.visible(select(tables.Achievement), acting, column=tables.Achievement.issuer_id)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Achievement.id)
        return Page(items=[_shown(session, row, using=using) for row in rows], next=after)


@ROUTER.get("/{slug}", summary="Show an achievement", response_model=Achievement)
def show(slug: str, request: Request, using: Using, acting: Acting, response: Response) -> Achievement | Response:
    """Show the draft and the newest version of an achievement. Its `ETag` changes with each of them."""
    with using.reading() as session:
        found = _tagged(response, session, authoring.own_achievement(session, slug, acting, access.READ), using=using)
    if headers.is_held(request.headers, response.headers["ETag"]):
        return Response(status_code=304, headers=dict(response.headers))
    return found


@ROUTER.get("/{slug}/roster.csv", summary="Download an empty roster for an achievement", response_class=Response)
def roster(slug: str, using: Using, acting: Acting) -> Response:
    """Give a sheet without rows, with a column for each result that the newest version describes. None but one that says who is needed."""
    with using.reading() as session:
        row = authoring.own_achievement(session, slug, acting, access.READ)
        version = issuing.version_of(session, row)
        kept = {"Content-Disposition": f'attachment; filename="{slug}-roster.csv"'}
        return Response(tabulating.template(version), media_type=tabulating.MEDIA_TYPE, headers=kept)


@ROUTER.put("/{slug}", summary="Change the draft of an achievement", responses={412: OUTDATED})
def change(slug: str, body: Definition, using: Using, acting: Acting, allows: Allows, response: Response) -> Achievement:
    """Replace the draft. Versions that were published, and the badges that assert them, stay as they are.

    With `If-Match`, only where the achievement still is the one with that `ETag`, or the draft already says what is sent.
    """
    with using.writing() as session:
        row = authoring.own_achievement(session, slug, acting, access.DEFINE)
        authoring.require_seen(session, row, allows, draft=body.draft())
        authoring.change_achievement(session, row, draft=body.draft(), site=using.site, now=using.now())
        return _tagged(response, session, row, using=using)


@ROUTER.post("/{slug}/publish", summary="Publish the draft as a version that never changes", responses={412: OUTDATED})
def publish(slug: str, using: Using, acting: Acting, allows: Allows, _body: Nothing | None = None) -> Published:
    """Freeze the draft as the next version. A draft that is published already gives the version that it is.

    With `If-Match`, only where the achievement still is the one with that `ETag`, or was before just this was published.
    """
    with using.writing() as session:
        row = authoring.own_achievement(session, slug, acting, access.DEFINE)
        authoring.require_seen(session, row, allows)
        now = using.now()
        version = authoring.publish(session, row, site=using.site, now=now)
        pressing.prepare(session, version, site=using.site, now=now)
        found = version.document
        return Published(slug=slug, version=version.version, id=found["id"], achievement=found, warnings=_warnings(found, using))


def _tagged(response: Response, session: Session, row: tables.Achievement, *, using: Service) -> Achievement:
    response.headers["ETag"] = f'"{authoring.tag(session, row)}"'
    response.headers["Content-Location"] = f"/api/achievements/{row.slug}"  # what the tag stands for is the answer, not what was sent
    return _shown(session, row, using=using)


def _shown(session: Session, row: tables.Achievement, *, using: Service) -> Achievement:
    newest = authoring.newest_version(session, row)
    state: Literal["draft", "published", "changed"] = "draft"
    if newest is not None:
        state = "published" if authoring.is_published(row, newest) else "changed"
    return Achievement(
        slug=row.slug,
        issuer=session.get_one(tables.Issuer, row.issuer_id).slug,
        state=state,
        version=newest.version if newest else None,
        id=using.site.achievement(row.slug, newest.version) if newest else None,
        draft=row.draft,
        warnings=_warnings(row.draft, using),
    )


def _warnings(definition: Document, using: Service) -> list[Doubt]:
    found = (*microcredential.doubts(definition), *retiring.doubts(definition, now=using.now()))
    return [Doubt(pointer=finding.pointer, detail=finding.detail) for finding in found]
