"""Rules: made, tried on what came before, changed, and put before it when somebody wants that.

A rule holds for events that come from then on. What it would have made of those before is shown first (`preview`), and done only where it
is asked for (`backfill`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from badgeissuer import authoring, deciding, echoing, problem, standing, status
from badgeissuer.awarding import event, grade, rule, trigger
from badgeissuer.store import engine, jobs, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer import issuing

BACKFILL = "backfill_rule"
CHUNK = 100
"""Events that are put before a rule in one transaction."""
MOST_TRIED = 5000
"""Events that a rule is tried on, the newest ones."""
MOST_READ = 500
"""The same, for a rule that looks at what was sent."""
MOST_REASONS = 10
_MAX_SLUG = 64
DAYS = 30
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would have made of the events that came.

    Attributes:
        days: Of how many days.
        events: How many events it was tried on.
        fired: How many of them would have earned the achievement, or a part of it.
        learners: How many learners would have it.
        reasons: Why others did not, and how many of each, the most frequent first.
        is_all: Whether all events of those days were looked at.
    """

    days: int
    events: int
    fired: int
    learners: int
    reasons: tuple[tuple[str, int], ...]
    is_all: bool


def add(
    session: Session,
    achievement: tables.Achievement,
    *,
    said: rule.Rule,
    source: tables.Source | None,
    token: Callable[[int], str],
    now: datetime,
) -> tables.Rule:
    """Store a rule.

    Args:
        session: A writing session.
        achievement: What it awards.
        said: What it says.
        source: The source that it listens to; None for a rule whose parts are badges, or name their sources.
        token: Where unguessable names come from.
        now: The moment.

    Raises:
        problem.Conflict: Source and achievement belong to different issuers, or nothing is published yet.
        problem.Invalid: A part names no source, or one that there is not; or a result that the achievement does not have.
    """
    version = authoring.newest_version(session, achievement)
    if version is None:
        raise problem.Conflict(f"The achievement {achievement.slug} is not published yet; publish it first.")
    own = source or _badges(session, achievement, said, token=token, now=now)
    sources = _sources(session, achievement, said, own, token=token, now=now)
    findings = tuple(_unknown_results(said, version.document))
    if findings:
        raise problem.Invalid.of(findings)
    row = tables.Rule(achievement_id=achievement.id, source_id=own.id, document=said.to_json(), created_at=now, changed_at=now)
    session.add(row)
    session.flush()
    session.add_all(tables.RuleSource(rule_id=row.id, source_id=number) for number in sorted(sources))
    session.flush()
    return row


def _badges(
    session: Session, achievement: tables.Achievement, said: rule.Rule, *, token: Callable[[int], str], now: datetime
) -> tables.Source:
    """Return the source of the issuer's own badges, for a rule that names no other."""
    if not any(part.is_badge or part.source is not None for part in said.pieces):
        raise problem.Invalid.of((problem.Finding("Name the source whose events the rule is for.", "/source"),))
    return badge_source(session, achievement.issuer_id, token=token, now=now)


def badge_source(session: Session, issuer_id: int, *, token: Callable[[int], str], now: datetime) -> tables.Source:
    """Return the source that stands for the badges of an issuer; a new one where there is none yet."""
    found = echoing.source(session, issuer_id)
    if found is not None:
        return found
    issuer = session.get_one(tables.Issuer, issuer_id)
    row = tables.Source(
        issuer_id=issuer_id,
        slug=f"badges-{issuer.slug}"[:_MAX_SLUG],
        name=f"Badges of {issuer.name}",
        adapter=echoing.ADAPTER,
        hook_key=f"badges-{token(16)}",
        signature={"scheme": "internal"},
        created_at=now,
    )
    made = engine.add_if_new(session, row)
    if made is None:
        raise problem.Conflict(f"There is another source by the name {row.slug!r}, which the badges of this issuer need.")
    return made


def _sources(
    session: Session,
    achievement: tables.Achievement,
    said: rule.Rule,
    own: tables.Source,
    *,
    token: Callable[[int], str],
    now: datetime,
) -> set[int]:
    """Return the ids of the sources that a rule listens to."""
    found, faults = {own.id}, []
    for number, part in enumerate(said.pieces):
        if part.is_badge:
            found.add(badge_source(session, achievement.issuer_id, token=token, now=now).id)
        elif part.source is not None:
            row = session.scalar(select(tables.Source).where(tables.Source.slug == part.source))
            if row is None or row.issuer_id != achievement.issuer_id:
                faults.append(problem.Finding(f"The issuer has no source {part.source!r}.", f"/parts/of/{number}/source"))
            else:
                found.add(row.id)
        if part.badge is not None and not _is_badge(session, part.badge, achievement):
            detail = f"The issuer has no other published achievement {part.badge!r}."
            faults.append(problem.Finding(detail, f"/parts/of/{number}/badge"))
    if own.issuer_id != achievement.issuer_id:
        raise problem.Conflict("The source and the achievement belong to different issuers.")
    if faults:
        raise problem.Invalid.of(tuple(faults))
    return found


def _is_badge(session: Session, slug: str, achievement: tables.Achievement) -> bool:
    table = tables.Achievement
    row = session.scalar(select(table).where(table.slug == slug, table.issuer_id == achievement.issuer_id, table.id != achievement.id))
    return row is not None and authoring.newest_version(session, row) is not None


def _unknown_results(said: rule.Rule, achievement: dict[str, Any]) -> list[problem.Finding]:
    return [
        problem.Finding(f"The achievement has no result description “{item.result}”.", f"/mapping/results/{place}/result")
        for place, item in enumerate(said.mapping.results)
        if grade.describe(item.result, achievement) is None
    ]


def change(session: Session, row: tables.Rule, *, state: str | None, said: rule.Rule | None, now: datetime) -> tables.Rule:
    """Let a rule rest (`disabled`) or hold again (`active`), or say something else, for events that come from now on.

    Raises:
        problem.Conflict: Its parts would change, on which awards rest that are there.
        problem.Invalid: It names a result that the achievement does not have.
    """
    session.refresh(row, with_for_update=True)
    if state is not None:
        row.state = state
    if said is not None and said.to_json() != row.document:
        version = authoring.newest_version(session, session.get_one(tables.Achievement, row.achievement_id))
        findings = tuple(_unknown_results(said, version.document if version else {}))
        if findings:
            raise problem.Invalid.of(findings)
        before = rule.parse(row.document)
        if (said.parts or before.parts) and said.parts != before.parts:
            raise problem.Conflict("The parts of a rule do not change, for awards rest on them. Let this rule rest, and make another.")
        if (said.policy.scope, said.mapping.term) != (before.policy.scope, before.mapping.term):
            raise problem.Conflict("How often a rule awards does not change, for awards rest on it. Let this rule rest, and make another.")
        row.document, row.revision, row.changed_at = said.to_json(), row.revision + 1, now
    session.flush()
    return row


def find(session: Session, rule_id: int) -> tables.Rule:
    """Return a rule, or raise `problem.NotFound`."""
    row = session.get(tables.Rule, rule_id)
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def preview(session: Session, said: rule.Rule, *, source: tables.Source | None, issuer_id: int, now: datetime, days: int = DAYS) -> Preview:
    """Try a rule on the events that came lately; nothing is stored, and nothing awarded.

    Args:
        session: A reading session.
        said: The rule.
        source: The source that it listens to.
        issuer_id: Whose sources its parts may name.
        now: The moment.
        days: How far to look back.
    """
    sources = _named(session, said, source, issuer_id)
    table = tables.LearningEvent
    query = select(table).where(table.source_id.in_(sources), table.created_at >= now - timedelta(days=min(days, MOST_DAYS)))
    raws = deciding.Raws(session) if said.reads_raw else None
    most = MOST_TRIED if raws is None else MOST_READ
    rows = session.scalars(query.order_by(table.id.desc()).limit(most + 1)).all()
    reasons: Counter[str] = Counter()
    proven: dict[object, list[rule.Proven]] = defaultdict(list)
    fired = 0
    for row in rows[:most]:
        found = _tried(said, row, sources[row.source_id], raws)
        if isinstance(found, str):
            reasons[found] += 1
            continue
        fired += 1
        proven[_who(row)] += found
    enough = [_is_enough(said, some, now) for some in proven.values()]
    reasons.update(reason for reason in enough if reason)
    return Preview(
        days=days,
        events=min(len(rows), most),
        fired=fired,
        learners=sum(1 for reason in enough if not reason),
        reasons=tuple(reasons.most_common(MOST_REASONS)),
        is_all=len(rows) <= most,
    )


def _who(row: tables.LearningEvent) -> object:
    """Return what tells learners apart: the learner, or what the sender calls one whom no rule has asked about yet."""
    claim = row.document["learner"]
    return row.learner_id or next((claim[name] for name in ("source_id", "email", "did", "sis_id") if claim.get(name)), row.id)


def _tried(said: rule.Rule, row: tables.LearningEvent, parts: Sequence[int], raws: deciding.Raws | None) -> list[rule.Proven] | str:
    """Return the parts of a rule that an event is, or why it is none."""
    try:
        happened = event.LearningEvent.from_json(row.document)
    except problem.Malformed as error:
        return error.detail
    raw = None if raws is None else raws.of(row)
    reason, found = "Not awarded because no part of the rule looks at this source.", []
    for number in parts:
        verdict = deciding.judge(said, number, deciding.Heard(happened, row, raw))
        if isinstance(verdict, trigger.Awarded):
            found.append(rule.Proven(number, row.id, happened.credits or 0, standing.when(row)[0]))
        else:
            reason = verdict.reason
    return found or reason


def _is_enough(said: rule.Rule, proven: list[rule.Proven], now: datetime) -> str:
    """Return why what a learner has reached is not enough; empty where it is."""
    if said.parts is None:
        return ""
    verdict = rule.progress(said.parts, proven, now=now)
    return verdict.reason if isinstance(verdict, trigger.NotAwarded) else ""


def _named(session: Session, said: rule.Rule, source: tables.Source | None, issuer_id: int) -> dict[int, list[int]]:
    """Return for each source that a rule listens to the numbers of the parts that look at it."""
    known = {row.slug: row for row in session.scalars(select(tables.Source).where(tables.Source.issuer_id == issuer_id))}
    badges = echoing.source(session, issuer_id)
    found: dict[int, list[int]] = {}
    for number, part in enumerate(said.pieces):
        row = badges if part.is_badge else known.get(part.source) if part.source is not None else source
        if row is not None:
            found.setdefault(row.id, []).append(number)
    return found


def begin_backfill(session: Session, row: tables.Rule, *, since: datetime | None, now: datetime) -> int:
    """Put the events that came before a rule, in the background, and return how many there are.

    Badges that were issued before any rule asked for badges become events first.

    Raises:
        problem.Conflict: The rule rests.
    """
    if row.state != "active":
        raise problem.Conflict("The rule rests. Make it active first.")
    link, table = tables.RuleSource, tables.LearningEvent
    sources = session.scalars(select(link.source_id).where(link.rule_id == row.id)).all()
    _tell_badges(session, row, sources, now=now)
    query = select(func.count(), func.max(table.id), func.min(table.created_at)).where(table.source_id.in_(sources))
    count, last, first = session.execute(query if since is None else query.where(table.created_at >= since)).one()
    if count:
        row.changed_at = min(row.changed_at, first)
        payload = {"rule": row.id, "after": 0, "last": last, "since": since and since.isoformat()}
        jobs.enqueue(session, BACKFILL, payload, now=now)
    return int(count)


def _tell_badges(session: Session, row: tables.Rule, sources: Sequence[int], *, now: datetime) -> None:
    """Have the badges of the issuer told that a rule may ask for and that were issued before."""
    achievement = session.get_one(tables.Achievement, row.achievement_id)
    source = echoing.source(session, achievement.issuer_id)
    if source is None or source.id not in sources:
        return
    parts = [part for part in rule.parse(row.document).pieces if part.is_badge]
    award, table = tables.Award, tables.Achievement
    entry = tables.StatusEntry
    revoked = select(entry.credential_uuid).where(entry.is_set, entry.purpose == status.PURPOSE)
    others = (award.issuer_id == achievement.issuer_id, award.achievement_id != achievement.id, award.credential_uuid.not_in(revoked))
    query = select(award.id).where(*others, award.state == "issued")
    if all(part.badge is not None for part in parts):
        query = query.join(table, table.id == award.achievement_id).where(table.slug.in_([part.badge for part in parts]))
    echoing.tell(session, list(session.scalars(query.order_by(award.id))), now=now)


def backfill(session: Session, payload: Mapping[str, Any], *, randomness: issuing.Randomness, now: datetime) -> None:
    """Put the next events before a rule, and queue those behind them."""
    row = session.get_one(tables.Rule, payload["rule"])
    link, table = tables.RuleSource, tables.LearningEvent
    sources = select(link.source_id).where(link.rule_id == row.id)
    query = select(table).where(table.source_id.in_(sources), table.id > payload["after"], table.id <= payload["last"])
    if payload["since"]:
        query = query.where(table.created_at >= type(now).fromisoformat(payload["since"]))
    some = session.scalars(query.order_by(table.id).limit(CHUNK)).all()
    if row.state != "active" or not some:
        return
    by_source: dict[int, list[deciding.Heard]] = {}
    raws = deciding.Raws(session)
    for stored in some:
        try:
            happened = event.LearningEvent.from_json(stored.document)
        except problem.Malformed:
            continue
        by_source.setdefault(stored.source_id, []).append(deciding.Heard(happened, stored, raws.of(stored)))
    for number in sorted(by_source):
        found = session.get_one(tables.Source, number, with_for_update={"read": True})  # as whoever processes a delivery does
        deciding.decide(session, found, by_source[number], randomness=randomness, now=now, only=row.id)
    jobs.enqueue(session, BACKFILL, dict(payload) | {"after": some[-1].id}, now=now)
