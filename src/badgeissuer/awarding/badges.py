"""The events of our own badges: that one was issued, or revoked. They are written and read here, and never come from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.awarding import condition, event, members
from badgeissuer.vc import instant
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from datetime import datetime

    from badgeissuer.awarding import incoming
    from badgeissuer.vc.document import JsonObject

ISSUED, REVOKED = "badge.issued", "badge.revoked"
"""The types of the two events; the item of both is the achievement's slug."""
_EQF = "http://data.europa.eu/snb/eqf/"


def issued(uuid: str, *, learner: str, achievement: JsonObject, slug: str, url: str, earned: float | None, at: datetime) -> JsonObject:
    """Return the event that a badge was issued.

    Args:
        uuid: The credential's.
        learner: What the learner is called here.
        achievement: The published Achievement.
        slug: Its name.
        url: The badge's address, which is evidence for a larger one.
        earned: Credits that this learner earned; else those that the achievement gives.
        at: When it was earned.
    """
    available = achievement.get("creditsAvailable")
    return {
        "type": ISSUED,
        "id": uuid,
        "learner": learner,
        "achievement": slug,
        "name": achievement["name"],
        "url": url,
        "credits": available if earned is None else earned,
        "level": level(achievement),
        "awarded_at": instant.write(at),
    }


def revoked(uuid: str, *, learner: str, slug: str, at: datetime) -> JsonObject:
    """Return the event that a badge was revoked: it takes back that it was issued."""
    return {"type": REVOKED, "id": uuid, "learner": learner, "achievement": slug, "awarded_at": instant.write(at)}


def level(achievement: JsonObject) -> float | None:
    """Return the level of an achievement in the European Qualifications Framework, as its alignment says; None where none does."""
    for item in as_list(achievement.get("alignment")):
        is_eqf = str(item.get("targetUrl", "")).startswith(_EQF) or item.get("targetFramework") == "European Qualifications Framework"
        found = condition.number(item.get("targetCode")) if is_eqf else None
        if found is not None:
            return float(found)
    return None


def read(given: incoming.Incoming, _reading: incoming.Reading) -> tuple[event.LearningEvent, ...]:
    """Return the event.

    Raises:
        problem.Malformed: It is none that was written here.
    """
    said = given.object
    kind, uuid, slug = (members.text(said, name) for name in ("type", "id", "achievement"))
    if kind not in {ISSUED, REVOKED} or uuid is None:
        raise problem.Malformed("This is no event of a badge that was issued here.")
    is_issued = kind == ISSUED
    evidence = (event.EvidenceClaim(members.text(said, "url"), members.text(said, "name")),) if is_issued else ()
    return (
        event.LearningEvent(
            key=uuid if is_issued else f"revoked:{uuid}",
            type=kind,
            occurred_at=members.moment(said, "awarded_at"),
            course=None,
            courses=(),
            run=None,
            learner=event.LearnerClaim(members.text(said, "learner"), None, None, None),
            result=event.ResultClaim(None, None, None, None, None),
            credits=members.number(said, "credits"),
            evidence=evidence,
            item=slug,
            voids=None if is_issued else uuid,
            level=members.number(said, "level"),
        ),
    )
