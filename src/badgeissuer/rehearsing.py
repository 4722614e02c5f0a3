"""A roster, looked at before anything is issued: what would come of each row; nothing is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import select

from badgeissuer import problem, recognising, rostering
from badgeissuer.awarding import roster
from badgeissuer.store import tables, tally

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.awarding import columns
    from badgeissuer.store import spool

MAX_FAULTS = 1000
"""Things that are wrong with rows that are told; they are counted all."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a row."""

    row: int
    finding: problem.Finding


@dataclass(slots=True)
class Rehearsal:
    """What would come of a roster.

    Attributes:
        total: Its rows.
        issue: Rows that would be issued.
        repeat: Rows whose learner has the award already.
        wait: Rows whose learner has neither an e-mail address nor a DID to issue to.
        fail: Rows that need mending.
        faults: What is wrong with these, at most `MAX_FAULTS`.
        unsaid: How many more there are.
    """

    total: int = 0
    issue: int = 0
    repeat: int = 0
    wait: int = 0
    fail: int = 0
    faults: list[Fault] = field(default_factory=list)
    unsaid: int = 0

    def note(self, number: int, error: problem.Problem) -> None:
        """Note that a row would fail, and why."""
        self.fail += 1
        findings = rostering.findings(error)
        told = findings[: MAX_FAULTS - len(self.faults)]
        self.faults += [Fault(number, finding) for finding in told]
        self.unsaid += len(findings) - len(told)


def rehearse(
    session: Session,
    achievement: tables.Achievement,
    version: tables.AchievementVersion,
    *,
    rows: spool.Spool,
    layout: columns.Layout | None,
    now: datetime,
) -> Rehearsal:
    """Return what would come of a roster, by the rules of `chunking`; its memory does not grow with the roster.

    Args:
        session: A reading session.
        achievement: What everybody would be awarded.
        version: Its version.
        rows: The roster.
        layout: What the columns mean, where it is a sheet.
        now: The moment.

    Raises:
        problem.Invalid: There is no row.
    """
    if not rows.total:
        raise problem.Invalid("The roster holds no rows, so there is nothing to issue.")
    found = Rehearsal(total=rows.total)
    reader = rostering.Reader(version, layout, now=now)
    with tally.Tally() as seen:
        for chunk in rows.chunks():
            read = []
            for number, line in roster.unpack(chunk.content):
                try:
                    read.append(reader.read(number, line))
                except (problem.Invalid, problem.Malformed, problem.TooLarge) as error:
                    found.note(number, error)
            _sort(session, achievement, read, seen, found)
    found.faults.sort(key=lambda fault: fault.row)
    return found


def _sort(session: Session, achievement: tables.Achievement, rows: Sequence[rostering.Row], seen: tally.Tally, found: Rehearsal) -> None:
    """Count rows that can be read, by whom they are about."""
    claims = [row.said.learner.claim for row in rows]
    owners, addresses = recognising.known_all(session, claims, issuer_id=achievement.issuer_id, authority="")
    has = _awards(session, achievement, set(owners.values()))
    for row, claim in zip(rows, claims, strict=True):
        items = recognising.identities(claim, authority="")
        names = [f"{item.kind}\n{item.value}" for item in items]
        known = next(
            (learner for item, name in zip(items, names, strict=True) if (learner := owners.get(item) or seen.learner([name]))), None
        )
        learner = known or seen.new_learner()
        strange = [name for item, name in zip(items, names, strict=True) if item not in owners]
        has_address = bool(claim.email or claim.did or addresses.get(learner))
        seen.add(learner, strange, has_address=has_address)
        if (learner, row.said.scope) in has:
            found.repeat += 1
        elif (before := seen.award(learner, row.said.scope, _seen(row))) is not None:
            _again(row, before, found)
        elif has_address or seen.has_address(learner):
            found.issue += 1
        else:
            found.wait += 1


def _again(row: rostering.Row, before: tally.Seen, found: Rehearsal) -> None:
    number, digest, earned = _seen(row)
    if digest == before[1] and earned in {"", before[2]}:
        found.repeat += 1
    else:
        found.note(number, rostering.differ(row, before[0]))


def _seen(row: rostering.Row) -> tally.Seen:
    said = row.said
    digest = hashlib.sha256(orjson.dumps([row.claims, said.valid_until], option=orjson.OPT_SORT_KEYS)).hexdigest()
    return row.number, digest, said.awarded_at.isoformat() if said.awarded_at else ""


def _awards(session: Session, achievement: tables.Achievement, learners: set[int]) -> set[tuple[int, str]]:
    table = tables.Award
    query = select(table.learner_id, table.scope).where(table.achievement_id == achievement.id, table.learner_id.in_(learners))
    return {(learner, scope) for learner, scope in session.execute(query)} if learners else set()
