"""What changed from version to version of an achievement, whom a change touches, and its end."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, retiring, revising
from badgeissuer.store import tables
from badgeissuer.vc import instant
from badgeissuer.web.api.shapes import PROBLEMS, Name, Page, Shape
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/achievements", tags=["achievements"], route_class=StrictRoute, responses=PROBLEMS)
Number = Annotated[int | None, Query(ge=1, lt=2**31)]


class Version(Shape):
    """A published version. `review_date` is until when the definition is to be looked at again."""

    version: int
    id: str
    published_at: str
    review_date: str | None


class Change(Shape):
    """A member that is different. In the pointer, items of arrays stand under their id or URL where they have one."""

    pointer: str
    kind: Literal["added", "removed", "changed"]
    before: JsonValue
    after: JsonValue
    is_major: bool


class Difference(Shape):
    """What is different between two versions; major where the award means something else by it. `to` is null for the draft."""

    since: int
    to: int | None
    is_major: bool
    changes: list[Change]


class Retirement(Shape):
    """Why an achievement is awarded no more, for those who ask."""

    reason: Annotated[Name, Field(max_length=500)]


class Standing(Shape):
    """Whether an achievement is awarded, and when it is to be looked at again; `days_left` is negative once that is past."""

    slug: str
    retired_at: str | None
    retired_reason: str | None
    review_date: str | None
    days_left: int | None
    review: Literal["none", "ahead", "due_180", "due_90", "due_30", "overdue"]
    awarded: bool


@ROUTER.get("/{slug}/versions", summary="List the published versions of an achievement")
def listed(slug: str, using: Using, acting: Acting) -> Page[Version]:
    """List the versions, the newest first."""
    with using.reading() as session:
        rows = revising.versions(session, authoring.own_achievement(session, slug, acting, access.READ))
        return Page(items=[_version(row) for row in rows], next=None)


@ROUTER.get("/{slug}/changes", summary="Compare two versions of an achievement, or one with the draft")
def changes(slug: str, using: Using, acting: Acting, since: Number = None, to: Number = None) -> Difference:
    """Compare member by member: by default the newest version with the draft. What follows from publishing alone is left out."""
    with using.reading() as session:
        row = authoring.own_achievement(session, slug, acting, access.READ)
        found = revising.difference(session, row, site=using.site, since=since, to=to)
    said = [
        Change(pointer=item.pointer, kind=item.kind, before=item.before, after=item.after, is_major=item.is_major) for item in found.changes
    ]
    return Difference(since=found.before, to=found.after, is_major=found.is_major, changes=said)


@ROUTER.get("/{slug}/impact", summary="See whom a change of an achievement touches")
def impact(slug: str, using: Using, acting: Acting) -> revising.Impact:
    """Count what hangs on an achievement: rules, awards, rosters under way, and what it leads to."""
    with using.reading() as session:
        return revising.impact(session, authoring.own_achievement(session, slug, acting, access.READ), acting)


@ROUTER.get("/{slug}/standing", summary="See whether an achievement is awarded, and when it is to be reviewed")
def standing(slug: str, using: Using, acting: Acting) -> Standing:
    """Say whether it is retired, and how near its review date is."""
    with using.reading() as session:
        return _standing(session, authoring.own_achievement(session, slug, acting, access.READ), using)


@ROUTER.post("/{slug}/retire", summary="Award an achievement no more")
def retire(slug: str, body: Retirement, using: Using, acting: Acting) -> Standing:
    """Award it to nobody new. What was earned before is still issued, and every badge stays valid."""
    with using.writing() as session:
        row = authoring.own_achievement(session, slug, acting, access.DEFINE)
        retiring.retire(session, row, reason=body.reason, now=using.now())
        return _standing(session, row, using)


@ROUTER.post("/{slug}/reopen", summary="Award a retired achievement again")
def reopen(slug: str, using: Using, acting: Acting) -> Standing:
    """Award it again from now on. Events that came meanwhile can be brought before its rules by a back-fill."""
    with using.writing() as session:
        row = authoring.own_achievement(session, slug, acting, access.DEFINE)
        retiring.reopen(session, row)
        return _standing(session, row, using)


def _version(row: tables.AchievementVersion) -> Version:
    said = row.document.get("reviewDate")
    return Version(version=row.version, id=row.document["id"], published_at=instant.write(row.published_at), review_date=said)


def _standing(session: Session, row: tables.Achievement, using: Using) -> Standing:
    version, now = authoring.newest_version(session, row), using.now()
    found = retiring.review(version, now=now)
    issuer = session.get_one(tables.Issuer, row.issuer_id)
    return Standing(
        slug=row.slug,
        retired_at=instant.write(row.retired_at) if row.retired_at else None,
        retired_reason=row.retired_reason,
        review_date=found.due.isoformat() if found else None,
        days_left=found.days if found else None,
        review=found.state if found else "none",
        awarded=version is not None and retiring.closed(row, version, issuer=issuer, now=now) is None,
    )
