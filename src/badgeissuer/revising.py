"""What a new version of an achievement changes, and whom a revision or a retirement touches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from badgeissuer import access, authoring, problem
from badgeissuer.awarding import rule as rules
from badgeissuer.openbadges import comparison, drafting
from badgeissuer.store import tables

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

_WAITING = ("needs_identity", "needs_approval", "on_hold", "pending")


@dataclass(frozen=True, slots=True)
class Difference:
    """What is different between two versions.

    Attributes:
        before: The number of the older one.
        after: That of the newer one; None for the draft.
        changes: Member by member.
    """

    before: int
    after: int | None
    changes: tuple[comparison.Change, ...]

    @property
    def is_major(self) -> bool:
        """Whether the award means something else by it."""
        return any(change.is_major for change in self.changes)


def difference(session: Session, row: tables.Achievement, *, site: Site, since: int | None = None, to: int | None = None) -> Difference:
    """Return what is different between two versions.

    Args:
        session: A session.
        row: The achievement.
        site: The service.
        since: The number of the older one; the newest published one where it is left out.
        to: The number of the newer one; the draft where it is left out.

    Raises:
        problem.NotFound: There is no such version.
        problem.Conflict: Nothing is published yet.
    """
    newest = authoring.newest_version(session, row)
    if newest is None:
        raise problem.Conflict(f"The achievement {row.slug} is not published yet, so that there is nothing to compare with.")
    older = newest if since is None else authoring.published(session, row.slug, version=since)
    if to is None:
        after = authoring.completed(session, row, version=newest.version + 1, site=site)
    else:
        after = authoring.published(session, row.slug, version=to).document
    return Difference(older.version, to, comparison.compare(older.document, after))


def versions(session: Session, row: tables.Achievement) -> list[tables.AchievementVersion]:
    """Return the published versions, the newest first."""
    table = tables.AchievementVersion
    return list(session.scalars(select(table).where(table.achievement_id == row.id).order_by(table.version.desc())))


@dataclass(frozen=True, slots=True)
class Impact:
    """Whom a revision or a retirement of an achievement touches."""

    rules: list[int]
    """Active rules that award it."""
    listening: list[int]
    """Active rules of other achievements for which its badges count."""
    issued: int
    """Badges that were issued, and stay as they are."""
    waiting: int
    """Awards without a badge yet."""
    batches: int
    """Rosters that are under way."""
    requiring: list[str]
    """Slugs of achievements whose drafts name it as a prerequisite."""
    stacking: list[str]
    """Slugs of achievements whose drafts stack into it."""
    elsewhere: int
    """Achievements that name it and that the actor may not see."""


def impact(session: Session, row: tables.Achievement, actor: access.Actor) -> Impact:
    """Return whom a revision or a retirement touches, as far as an actor may know."""
    award, rule = tables.Award, tables.Rule
    counted = select(award.state, func.count()).where(award.achievement_id == row.id).group_by(award.state)
    states: dict[str, int] = {found[0]: found[1] for found in session.execute(counted)}
    of_unit = select(rule).join(tables.Achievement).where(tables.Achievement.issuer_id == row.issuer_id, rule.state == "active")
    active = session.scalars(of_unit.order_by(rule.id)).all()
    batch, chunk = tables.Batch, tables.BatchChunk
    under_way = select(func.count(batch.id.distinct())).join(chunk, chunk.batch_id == batch.id).where(batch.achievement_id == row.id)
    under_way = under_way.where(batch.state != "cancelled", chunk.state == "open")
    naming, elsewhere = _naming(session, row, actor)
    return Impact(
        rules=[item.id for item in active if item.achievement_id == row.id],
        listening=[item.id for item in active if item.achievement_id != row.id and _counts(item, row.slug)],
        issued=states.get("issued", 0),
        waiting=sum(states.get(state, 0) for state in _WAITING),
        batches=session.scalar(under_way) or 0,
        requiring=naming["prerequisites"],
        stacking=naming["stacksInto"],
        elsewhere=elsewhere,
    )


def _counts(item: tables.Rule, slug: str) -> bool:
    """Return whether a rule counts badges of an achievement as a part."""
    return any(part.is_badge and part.badge in {None, slug} for part in rules.parse(item.document).pieces)


def _naming(session: Session, row: tables.Achievement, actor: access.Actor) -> tuple[dict[str, list[str]], int]:
    """Return who names an achievement, by member, and how many of others do."""
    table = tables.Achievement
    found: dict[str, list[str]] = {"prerequisites": [], "stacksInto": []}
    elsewhere = 0
    seen = access.is_visible(actor, table.issuer_id)
    for slug, draft, is_seen in session.execute(select(table.slug, table.draft, seen).where(table.id != row.id).order_by(table.slug)):
        members = [member for member, names in drafting.linked(draft).items() if row.slug in names]
        elsewhere += bool(members) and not is_seen
        for member in members if is_seen else ():
            found[member].append(slug)
    return found, elsewhere
