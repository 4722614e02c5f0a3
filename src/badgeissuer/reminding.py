"""Units are reminded by e-mail of published definitions that are to be reviewed: 180, 90 and 30 days before the date, and once it is past.

    waiting ──▶ sent
      ▲ ├─────▶ failed (refused, or cannot be written)
      │ └─────▶ cancelled (reviewed or retired meanwhile, no address any more, or not taken for three days)
      └─────────────┘ a worker finds it due again: reopened, an address given, or the mail server may be back

A worker looks now and then; each version is told of once for each of these, several of a unit in one letter. The courier carries letters.
Where no mail server is set up, or neither the unit nor one above it has an address, nothing is ordered.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select, tuple_, update

from badgeissuer import branding, problem, retiring
from badgeissuer.delivering import NotSent, letter
from badgeissuer.net import mail
from badgeissuer.store import engine, jobs, tables

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

SEND = "send_reminders"
EVERY = timedelta(hours=1)
"""How often a worker looks."""
LISTED = 50
"""Achievements that stand in one letter; of the others it says how many there are."""
GIVEN_UP = "It was tried again and again, and then given up."


@dataclass(frozen=True, slots=True)
class Coming:
    """A published achievement that is awarded, and is to be reviewed soon, or should have been."""

    achievement: tables.Achievement
    version: tables.AchievementVersion
    issuer: tables.Issuer
    review: retiring.Review


def coming(session: Session, *where: ColumnElement[bool], now: datetime) -> list[Coming]:
    """Return what is to be reviewed within 180 days or is overdue, the most urgent first.

    Args:
        session: A session.
        where: Conditions on `Achievement`, `AchievementVersion` and `Issuer`.
        now: The moment.
    """
    achievement, version, entry = tables.Achievement, tables.AchievementVersion, tables.CatalogueEntry
    due = version.document["reviewDate"].as_string()
    last = (now + timedelta(days=retiring.WARNINGS[-1])).date().isoformat()
    query = (
        select(achievement, version, tables.Issuer)
        .join(entry, entry.achievement_id == achievement.id)  # which knows the newest version
        .join(version, version.id == entry.achievement_version_id)
        .join(tables.Issuer, tables.Issuer.id == achievement.issuer_id)
        .where(achievement.retired_at.is_(None), due <= last, *where)
        .order_by(due, achievement.id)
    )
    found = ((*row, retiring.review(row[1], now=now)) for row in session.execute(query))
    return [Coming(row, newest, issuer, review) for row, newest, issuer, review in found if review is not None]


def order(session: Session, *, site: Site, now: datetime) -> int:
    """Order the letters that are due and were not ordered before, or were cancelled since; return how many.

    Args:
        session: A writing session.
        site: Says whether there is a mail server.
        now: The moment.
    """
    found = _not_ordered(session, coming(session, now=now)) if site.tells_learners else []
    count = 0
    for _, group in itertools.groupby(sorted(found, key=lambda one: one.issuer.id), key=lambda one: one.issuer.id):
        several = list(group)
        if _address(session, several[0].issuer) is None:
            continue
        rows = [tables.Reminder(achievement_version_id=one.version.id, near=one.review.state, created_at=now) for one in several]
        ordered = [*_revived(session, several), *(row.id for row in engine.add_all_new(session, rows))]
        if ordered:
            jobs.enqueue(session, SEND, {"reminders": sorted(ordered)}, now=now, turn=jobs.LAST)
            count += 1
    return count


def _revived(session: Session, found: Sequence[Coming]) -> Sequence[int]:
    """Have those that were cancelled wait again, and return which; of two workers that look, one gets them."""
    table = tables.Reminder
    names = [(one.version.id, one.review.state) for one in found]
    cancelled = update(table).where(tuple_(table.achievement_version_id, table.near).in_(names), table.state == "cancelled")
    change = cancelled.values(state="waiting", reason=None).returning(table.id)
    return session.scalars(change.execution_options(synchronize_session=False)).all()


def _not_ordered(session: Session, found: Sequence[Coming]) -> list[Coming]:
    table = tables.Reminder
    names = [(one.version.id, one.review.state) for one in found]
    stands = table.state != "cancelled"
    query = select(table.achievement_version_id, table.near).where(table.achievement_version_id.in_([name[0] for name in names]), stands)
    known = {(row[0], row[1]) for row in session.execute(query)}
    return [one for one, name in zip(found, names, strict=True) if name not in known]


def _address(session: Session, issuer: tables.Issuer) -> str | None:
    """Return who is written to: the unit, else the nearest above it that has an address."""
    return next((row.email for row in branding.lineage(session, issuer) if row.email), None)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be sent now, or why nothing is, and of which reminders that is."""

    what: mail.Letter | NotSent
    about: list[int]


def prepare(session: Session, reminder_ids: Collection[int], *, sender: mail.Mailbox, site: Site, now: datetime) -> Prepared | None:
    """Return the letter of those reminders that still wait; None where none does. `record` it with the same ids."""
    table = tables.Reminder
    waiting = session.scalars(select(table).where(table.id.in_(reminder_ids), table.state == "waiting").order_by(table.id)).all()
    if not waiting:
        return None
    versions = {row.achievement_version_id: row.id for row in waiting}
    found = coming(session, tables.AchievementVersion.id.in_(versions), now=now)
    about = [versions[one.version.id] for one in found]
    address = _address(session, found[0].issuer) if found else None
    if address is None:
        return Prepared(
            NotSent("cancelled", "There is nothing to be reviewed any more, or nobody to write to."), [row.id for row in waiting]
        )
    name = f"review.{about[0]}.{found[0].version.id}@{letter.host(site.base)}"
    try:
        return Prepared(_letter(session, found, address, name=name, sender=sender, site=site, now=now), about)
    except problem.Invalid as error:
        return Prepared(NotSent("failed", error.detail), about)


def _letter(
    session: Session, found: Sequence[Coming], address: str, *, name: str, sender: mail.Mailbox, site: Site, now: datetime
) -> mail.Letter:
    line = branding.lineage(session, found[0].issuer)
    unit, first = letter.one_line(line[0].name), letter.one_line(str(found[0].version.document["name"]))
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    said = {
        "unit": unit,
        "items": [
            {
                "name": letter.one_line(str(one.version.document["name"])),
                "version": one.version.version,
                "due": f"{one.review.due.day} {one.review.due:%B %Y}",
                "days": one.review.days,
                "url": f"{site.base}/staff/achievements/{one.achievement.slug}",
            }
            for one in found[:LISTED]
        ],
        "more": max(len(found) - LISTED, 0),
        "url": f"{site.base}/staff/achievements",
        "pauses": line[0].pauses_overdue,
        **letter.coloured(branding.brand(line).colour),
    }
    envelope = letter.Envelope(unit, mail.Mailbox(address, unit), f"To be reviewed: {first}{more}", None, name)
    return letter.compose(envelope, "review", said, sender=sender, now=now)


def record(
    session: Session, reminder_ids: Collection[int], prepared: Prepared, found: mail.Answer | mail.NotReachedError | None, *, now: datetime
) -> None:
    """Keep what came of a letter; once it is not tried again, what it was not about any more is cancelled.

    Args:
        session: A writing session.
        reminder_ids: Those that it was ordered for.
        prepared: What `prepare` returned.
        found: What the mail server said; None where nothing was sent.
        now: The moment.
    """
    if isinstance(prepared.what, NotSent):
        values: dict[str, object] = {"state": prepared.what.state, "reason": prepared.what.reason}
    elif isinstance(found, mail.Answer):
        state = {"taken": "sent", "refused": "failed", "later": "waiting"}[found.outcome]
        values = {"state": state, "reason": found.words} | ({"sent_at": now} if state == "sent" else {})
    else:
        values = {"reason": found.reason if found else None}
    _change(session, prepared.about, values)
    if values.get("state", "waiting") != "waiting":  # the job ends, and nothing else would ever come back to them
        rest = set(reminder_ids) - set(prepared.about)
        _change(session, rest, {"state": "cancelled", "reason": "It was reviewed or retired meanwhile."})


def give_up(session: Session, reminder_ids: Collection[int]) -> None:
    """Note of those that still wait that their job has ended.

    Where the mail server did not take the letter, or was not reached, the reason is that of the last try, and they may be ordered again.
    Where no try came so far, the letter may be what stops the courier: that has failed.
    """
    reason = tables.Reminder.reason
    state = case((reason.is_(None), "failed"), else_="cancelled")
    _change(session, reminder_ids, {"state": state, "reason": func.coalesce(reason, GIVEN_UP)})


def _change(session: Session, reminder_ids: Collection[int], values: dict[str, object]) -> None:
    table = tables.Reminder
    change = update(table).where(table.id.in_(reminder_ids), table.state == "waiting").values(values)
    session.execute(change.execution_options(synchronize_session=False))
