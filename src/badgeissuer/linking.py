"""Which achievements lead to which: what a draft names as its prerequisites, and what it stacks into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import problem
from badgeissuer.openbadges import drafting
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.vc.document import JsonObject


def targets(session: Session, draft: JsonObject, *, slug: str, site: Site) -> Mapping[str, tuple[str, str]]:
    """Return the achievements that a checked draft names: slug → name and URL, under which always the newest version is found.

    Args:
        session: A session.
        draft: The draft.
        slug: Its own achievement, which may not be stored yet.
        site: The service.

    Raises:
        problem.Invalid: One does not exist, or the achievement would come before itself.
    """
    named = drafting.linked(draft)
    found = _drafts(session, {name for names in named.values() for name in names})
    findings = [
        problem.Finding(f"There is no achievement by the name {name!r}.", f"/{member}")
        for member, names in named.items()
        for name in names
        if name not in found and name != slug
    ]
    findings += [finding for member, names in named.items() for finding in _circle(session, member, names, slug)]
    if findings:
        raise problem.Invalid.of(tuple(findings))
    return {name: (row["name"], site.newest_achievement(name)) for name, row in found.items()}


def _circle(session: Session, member: str, names: list[str], slug: str) -> Iterator[problem.Finding]:
    """Yield a finding where the achievements named lead back to the one that names them."""
    came_from: dict[str, str] = {}
    fresh = dict.fromkeys(names, slug)
    while fresh:
        came_from |= fresh
        if slug in fresh:
            yield problem.Finding(f"It would lead to itself: {' → '.join(_way(came_from, slug))}.", f"/{member}")
            return
        drafts = _drafts(session, set(fresh))
        steps = ((after, name) for name in drafts for after in drafting.linked(drafts[name])[member])
        fresh = {after: name for after, name in steps if after not in came_from}


def _way(came_from: dict[str, str], slug: str) -> list[str]:
    way = [slug, came_from[slug]]
    while way[-1] != slug:
        way.append(came_from[way[-1]])
    return way[::-1]


def _drafts(session: Session, slugs: set[str]) -> dict[str, JsonObject]:
    table = tables.Achievement
    rows = session.execute(select(table.slug, table.draft).where(table.slug.in_(sorted(slugs)))) if slugs else ()
    return {row.slug: row.draft for row in rows}
