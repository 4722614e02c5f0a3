"""When an achievement is awarded no more: because it was retired, or because nobody has reviewed it in time and its unit waits for that.

Verification never stops: what was issued stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from badgeissuer import problem

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.store import tables
    from badgeissuer.vc.document import JsonObject

WARNINGS = (30, 90, 180)
"""Days before the review date at which somebody should begin, the nearest first."""


@dataclass(frozen=True, slots=True)
class Review:
    """When a published definition is to be looked at again.

    Attributes:
        due: The date that the version names.
        days: How many are left; negative once it is past.
    """

    due: date
    days: int

    @property
    def state(self) -> Literal["ahead", "due_180", "due_90", "due_30", "overdue"]:
        """Say how near it is."""
        if self.days < 0:
            return "overdue"
        if self.days <= WARNINGS[0]:
            return "due_30"
        if self.days <= WARNINGS[1]:
            return "due_90"
        return "due_180" if self.days <= WARNINGS[2] else "ahead"


def review(version: tables.AchievementVersion | None, *, now: datetime) -> Review | None:
    """Return when a version is to be looked at again; None where it does not say."""
    said = version.document.get("reviewDate") if version else None
    return Review(date.fromisoformat(said), (date.fromisoformat(said) - now.date()).days) if said else None


def doubts(definition: JsonObject, *, now: datetime) -> tuple[problem.Finding, ...]:
    """Return what of a checked definition is past, though it may stand: its review date."""
    said = definition.get("reviewDate")
    if said is None or date.fromisoformat(said) >= now.date():
        return ()
    return (problem.Finding(f"The review date {said} is past. Say until when the definition is to be looked at again.", "/reviewDate"),)


def closed(row: tables.Achievement, version: tables.AchievementVersion, *, issuer: tables.Issuer, now: datetime) -> str | None:
    """Return why an achievement is awarded to nobody new, as a sentence; None where it is awarded.

    Args:
        row: The achievement.
        version: The version that would be awarded.
        issuer: Its unit.
        now: The moment.
    """
    if row.retired_at is not None:
        return f"The achievement {row.slug} was retired on {row.retired_at.date()}: {row.retired_reason}"
    found = review(version, now=now)
    if found is None or found.days >= 0 or not issuer.pauses_overdue:
        return None
    return f"The achievement {row.slug} was to be reviewed by {found.due}; its unit awards it again once a reviewed version is published."


def require_open(row: tables.Achievement, version: tables.AchievementVersion, *, issuer: tables.Issuer, now: datetime) -> None:
    """Raise `problem.Conflict` where an achievement is awarded to nobody new."""
    reason = closed(row, version, issuer=issuer, now=now)
    if reason is not None:
        raise problem.Conflict(reason)


def retire(session: Session, row: tables.Achievement, *, reason: str, now: datetime) -> None:
    """Award an achievement no more. What waits to be issued was earned before, and still is.

    Raises:
        problem.Conflict: It is retired already.
    """
    session.refresh(row, with_for_update=True)
    if row.retired_at is not None:
        raise problem.Conflict(f"The achievement {row.slug} is retired since {row.retired_at.date()}.")
    row.retired_at, row.retired_reason = now, reason


def reopen(session: Session, row: tables.Achievement) -> None:
    """Award a retired achievement again.

    Raises:
        problem.Conflict: It is not retired.
    """
    session.refresh(row, with_for_update=True)
    if row.retired_at is None:
        raise problem.Conflict(f"The achievement {row.slug} is not retired.")
    row.retired_at, row.retired_reason = None, None
