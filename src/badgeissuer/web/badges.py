"""Badges, each under the address that is its id: the page for people, and the exact bytes that were signed for everybody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from sqlalchemy import select

from badgeissuer import cataloguing, problem, verifying
from badgeissuer.store import tables
from badgeissuer.vc import document
from badgeissuer.web import headers, negotiation, pages, public
from badgeissuer.web.api.shapes import PROBLEMS
from badgeissuer.web.service import Using

ROUTER = APIRouter(tags=["public"], responses={status: PROBLEMS[status] for status in (400, 404, 503)})

Accept = Annotated[str, Header()]
_BODY_OR_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The signed document, or a page.", "content": public.JSON_BODY[200]["content"] | public.PAGE}
}


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
    body = badge.credential.document
    found = verifying.verify(body, look=using.look, now=using.now(), policy=using.policy(verifying.BADGE))
    downloads = [("Download the badge (JSON)", f"{using.site.credential(badge.uuid)}.json")]
    with using.reading() as session:
        after = cataloguing.following(session, badge.achievement, badge.version, site=using.site)
    text = pages.badge_page(document.parse(body), found.report.to_json(), downloads=downloads, following=after, site=using.site)
    return public.page(text, private=True)


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
