"""The public catalogue: the newest published version of each achievement, ordered by name, and searched. Drafts are never told of."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select

from badgeissuer import authoring, branding, frameworks, indexing, problem
from badgeissuer.openbadges import drafting
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

_APPRAISED = 200
"""So many are held against a framework at a time, until a page is full."""


MOST_SKILLS = 10
"""Skills of an achievement by which others are looked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is None is not asked for.

    Attributes:
        q: Words; each of them must stand somewhere in the text.
        unit: The slug of a unit; what units below it offer counts too.
        level: Framework and code, `EQF:5`.
        language: A BCP 47 tag, of the definition or of the teaching.
        skill: The URL of a skill.
        framework: The key of a framework; all must be there that it asks for.
        retired: Whether those are listed too that are awarded no more.
    """

    q: str | None = None
    unit: str | None = None
    level: str | None = None
    language: str | None = None
    skill: str | None = None
    framework: str | None = None
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A published achievement of the catalogue."""

    achievement: tables.Achievement
    version: tables.AchievementVersion
    issuer: tables.Issuer


def listed(session: Session, wanted: Wanted, *, after: int, limit: int) -> tuple[list[Entry], int | None]:
    """Return a page of the catalogue by name, and the achievement after which the next page begins; None at the end.

    Args:
        session: A session.
        wanted: What is looked for.
        after: The row of the achievement after which the page begins; 0 for the first page.
        limit: How many stand on a page.

    Raises:
        problem.Invalid: There is no such framework, or no achievement after which the page should begin.
        problem.NotFound: There is no such unit.
    """
    query = _query(session, wanted)
    if after:
        last = session.get(tables.CatalogueEntry, after)
        if last is None:
            raise problem.Invalid("The cursor is none that this service gave.")
        query = query.where(tables.CatalogueEntry.place > last.place)
    if wanted.framework is None:
        found = [Entry(*row) for row in session.execute(query.limit(limit + 1)).all()]
    else:
        found = list(_meeting(session, query, frameworks.find(wanted.framework), most=limit + 1))
    shown = found[:limit]
    return shown, shown[-1].achievement.id if len(found) > limit else None


def _query(session: Session, wanted: Wanted) -> Select[tables.Achievement, tables.AchievementVersion, tables.Issuer]:
    entry, achievement, version = tables.CatalogueEntry, tables.Achievement, tables.AchievementVersion
    query = (
        select(achievement, version, tables.Issuer)
        .join(entry, entry.achievement_id == achievement.id)
        .join(version, version.id == entry.achievement_version_id)
        .join(tables.Issuer, tables.Issuer.id == achievement.issuer_id)
        .order_by(entry.place)
    )
    for word in (wanted.q or "").casefold().split():
        query = query.where(entry.words.contains(word, autoescape=True))
    for name in ("level", "language", "skill"):
        value: str | None = getattr(wanted, name)
        if value is not None:
            query = query.where(entry.marks.contains(f"\n{name}:{value.casefold()}\n", autoescape=True))
    if wanted.unit is not None:
        query = query.where(achievement.issuer_id.in_(_family(session, authoring.issuer(session, wanted.unit).id)))
    return query if wanted.retired else query.where(achievement.retired_at.is_(None))


def _family(session: Session, top: int) -> list[int]:
    """Return the rows of a unit and of all below it."""
    found = [top]
    pairs = session.execute(select(tables.Issuer.id, tables.Issuer.parent_id)).all()
    for parent in found:
        found += [child for child, above in pairs if above == parent]
    return found


def _meeting(
    session: Session,
    query: Select[tables.Achievement, tables.AchievementVersion, tables.Issuer],
    framework: frameworks.Framework,
    *,
    most: int,
) -> Iterator[Entry]:
    """Yield those that have all that a framework asks for."""
    profiles: dict[int, dict[str, object]] = {}
    left, start = most, 0
    while left and (rows := session.execute(query.offset(start).limit(_APPRAISED)).all()):
        start += len(rows)
        for row in (Entry(*row) for row in rows):
            if row.issuer.id not in profiles:
                profiles[row.issuer.id] = branding.profile(branding.lineage(session, row.issuer))
            facts = frameworks.gather(row.version.document, profiles[row.issuer.id])
            if left and frameworks.appraise(framework, facts).is_met:
                left -= 1
                yield row


@dataclass(frozen=True, slots=True)
class Step:
    """What can be earned next.

    Attributes:
        entry: The achievement.
        why: What it has to do with the one before: that counts towards it, is asked for by it, or has a skill in common with it.
        skill: The name of that skill; empty where it is not that.
    """

    entry: Entry
    why: Literal["counts", "asks", "skill"]
    skill: str = ""


def following(session: Session, row: tables.Achievement, version: tables.AchievementVersion, *, site: Site, most: int = 6) -> list[Step]:
    """Return what can be earned after an achievement and is awarded: where it leads, then what has a skill in common with it.

    Args:
        session: A session.
        row: The achievement, which is not among them.
        version: The version that somebody looks at or has earned.
        site: The service.
        most: How many are looked for.
    """
    found: dict[int, Step] = {}
    for step in itertools.chain(_whole(session, version, site), _asking(session, row, site), _alike(session, version, most + 1)):
        if step.entry.achievement.id != row.id:
            found.setdefault(step.entry.achievement.id, step)
        if len(found) == most:
            break
    return list(found.values())


def _whole(session: Session, version: tables.AchievementVersion, site: Site) -> Iterator[Step]:
    """Yield what a version stacks into."""
    urls = indexing.targets(version.document, drafting.STACKS_INTO)
    slugs = [path.removeprefix("/a/") for url in urls if (path := site.path_of(url)) is not None]
    query = _query(session, Wanted()).where(tables.Achievement.slug.in_(slugs))
    yield from (Step(Entry(*found), "counts") for found in session.execute(query).all())


def _asking(session: Session, row: tables.Achievement, site: Site) -> Iterator[Step]:
    """Yield what names an achievement as a prerequisite."""
    marked = tables.CatalogueEntry.marks.contains(f"\nafter:{site.newest_achievement(row.slug).casefold()}\n", autoescape=True)
    yield from (Step(Entry(*found), "asks") for found in session.execute(_query(session, Wanted()).where(marked)).all())


def _alike(session: Session, version: tables.AchievementVersion, most: int) -> Iterator[Step]:
    for url, name in indexing.skills(version.document)[:MOST_SKILLS]:
        for entry in listed(session, Wanted(skill=url), after=0, limit=most)[0]:
            yield Step(entry, "skill", name)
