"""Which achievements lead to which: what a draft names as its prerequisites, and what it stacks into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from badgeissuer import problem
from badgeissuer.openbadges import drafting
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.vc.document import JsonObject

LONGEST = 100
"""Steps from achievement to achievement that are followed."""


def targets(session: Session, draft: JsonObject, owner: tables.Issuer, *, slug: str, site: Site) -> Mapping[str, tuple[str, str]]:
    """Return the achievements that a checked draft names: slug → name and URL, under which always the newest version is found.

    A draft may name those of its own unit, and of other units what is published, by the name under which it is published.

    Args:
        session: A session.
        draft: The draft.
        owner: Its unit.
        slug: Its own achievement, which may not be stored yet.
        site: The service.

    Raises:
        problem.Invalid: One is not there.
    """
    named = drafting.linked(draft)
    found = _named(session, {name for names in named.values() for name in names}, owner)
    findings = [
        problem.Finding(f"There is no achievement by the name {name[:64]!r} in your unit, and none is published.", f"/{member}")
        for member, names in named.items()
        for name in names
        if name not in found and name != slug
    ]
    if findings:
        raise problem.Invalid.of(tuple(findings))
    return {name: (title, site.newest_achievement(name)) for name, title in found.items()}


def _named(session: Session, slugs: set[str], owner: tables.Issuer) -> dict[str, str]:
    """Return the names of achievements: those of published versions, and of the unit's own drafts."""
    if not slugs:
        return {}
    table, version = tables.Achievement, tables.AchievementVersion
    newest = select(func.max(version.version)).where(version.achievement_id == table.id).correlate(table).scalar_subquery()
    query = select(table.slug, table.issuer_id, table.draft, version.document).outerjoin(
        version, (version.achievement_id == table.id) & (version.version == newest)
    )
    rows = session.execute(query.where(table.slug.in_(sorted(slugs)))).all()
    said = {row.slug: row.document or (row.draft if row.issuer_id == owner.id else None) for row in rows}
    return {slug: str(found["name"]) for slug, found in said.items() if found is not None}


def take_turns(session: Session, draft: JsonObject) -> None:
    """Let who stores a draft that names others wait for who is just storing one: two that name each other would both find no circle.

    Args:
        session: A writing session.
        draft: The draft, checked or not; of one that names nothing, nobody waits.
    """
    if any(name in draft for name in drafting.MEMBERS):
        # Any one row will do. What refers to it is not kept waiting by this kind of lock; SQLite has one writer as it is.
        session.execute(select(tables.Issuer.id).order_by(tables.Issuer.id).limit(1).with_for_update(key_share=True))


def require_no_circle(session: Session, draft: JsonObject, *, slug: str) -> None:
    """Raise `problem.Invalid` where an achievement would come before itself, or where that cannot be told."""
    findings = [finding for member, names in drafting.linked(draft).items() for finding in _circle(session, member, names, slug)]
    if findings:
        raise problem.Invalid.of(tuple(findings))


def _circle(session: Session, member: str, names: list[str], slug: str) -> Iterator[problem.Finding]:
    """Yield a finding where the achievements named lead back to the one that names them; of the way only its first step is told."""
    first = {name: name for name in names}
    fresh = dict(first)
    for _ in range(LONGEST):
        if slug in fresh:
            yield problem.Finding(f"It would lead to itself, by way of {fresh[slug]}.", f"/{member}")
            return
        if not fresh:
            return
        drafts = _drafts(session, set(fresh))
        steps = {after: fresh[name] for name in drafts for after in drafting.linked(drafts[name])[member]}
        fresh = {after: way for after, way in steps.items() if after not in first}
        first |= fresh
    yield problem.Finding(f"Achievements lead from one to the next over more than {LONGEST} steps. Name nearer ones.", f"/{member}")


def _drafts(session: Session, slugs: set[str]) -> dict[str, JsonObject]:
    table = tables.Achievement
    return {row.slug: row.draft for row in session.execute(select(table.slug, table.draft).where(table.slug.in_(sorted(slugs))))}
