"""Awards: the decision with everything that must not differ between two tries at signing, and the way that it goes until it is issued."""

from __future__ import annotations

import base64
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from badgeissuer import announcing, authoring, problem, recognising, retiring, status
from badgeissuer.issuing.decisions import MOMENTS, Decision, check_end, claims
from badgeissuer.openbadges import identity
from badgeissuer.store import engine, jobs, tables
from badgeissuer.vc import instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from badgeissuer.issuing.decisions import Randomness
    from badgeissuer.vc.document import JsonObject

ISSUE = "issue"
RELEASE = "release"
WAITING = ("needs_identity", "needs_approval", "on_hold")
"""States of awards that wait for something before their badge is issued."""
NO_ADDRESS = "The learner has neither an e-mail address nor a DID to issue to."
"""Why an award waits in the first of them."""
_NUMBER = 10
"""Characters of a licence number behind its prefix: fifty bits of the award's UUID."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was looked up for many awards at once.

    Attributes:
        version: The published achievement.
        email: The oldest address of the learner.
        did: The oldest DID of the learner.
        due: Awards that can be issued at once are added to it; whoever gives it calls `queue_all` with them.
    """

    version: tables.AchievementVersion
    email: str | None
    did: str | None
    due: list[tables.Award]


def award(
    session: Session,
    achievement: tables.Achievement,
    *,
    learner: tables.Learner,
    decision: Decision,
    randomness: Randomness,
    now: datetime,
    known: Known | None = None,
    replaces: bool = False,
) -> tuple[tables.Award, bool]:
    """Store that a learner has earned an achievement, and the job that will issue the badge.

    Without an address to issue to, the award waits in the state `needs_identity`; one that waits so goes on when the learner is awarded
    again with an address. It waits in `needs_approval` until so many people agree as it needs, and in `on_hold` until its moment.

    Args:
        session: A writing session.
        achievement: What was earned.
        learner: By whom.
        decision: How.
        randomness: Where unpredictable values come from.
        now: The moment.
        known: What was looked up before.
        replaces: Whether it takes the place of one that the learner had, so that nobody new is awarded.

    Returns:
        The award, and whether it is new: one learner has one award of an achievement and scope.

    Raises:
        problem.Conflict: The achievement is not published, or is awarded to nobody new.
        problem.Invalid: A result or a piece of evidence does not fit, or the badge would be over before it begins.
    """
    version = (known.version if known else None) or version_of(session, achievement)
    check_end(decision, now=now)
    issuer = session.get_one(tables.Issuer, achievement.issuer_id)
    reason = retiring.closed(achievement, version, issuer=issuer, now=now)
    if reason is not None and not replaces and not _is_awarded(session, achievement, learner=learner, scope=decision.scope):
        raise problem.Conflict(reason)
    email, did = recognising.address(session, learner) if known is None else (known.email, known.did)
    email, did = identity.normal_email(decision.email) if decision.email else email, decision.did or did
    fixed = {"email": email, "did": did, "salt": randomness.token(identity.SALT_BYTES)}
    said = claims(decision, version) | fixed
    row = engine.add_if_new(session, decided(achievement, version, learner_id=learner.id, decision=decision, claims=said, now=now))
    if row is None:
        row = _existing(session, achievement, learner=learner, scope=decision.scope)
        supply(session, row, email=email, did=did, randomness=randomness, now=now)
        return row, False
    if known is not None and row.state == "pending":
        known.due.append(row)
    else:
        _send_on(session, row, randomness=randomness, now=now)
    return row, True


def queue_all(session: Session, rows: Sequence[tables.Award], *, randomness: Randomness, now: datetime) -> None:
    """Give awards that can be issued their places in status lists, and queue them."""
    of_issuer: dict[int, list[tables.Award]] = {}
    for row in rows:
        if row.state == "pending":  # not what was taken back since
            of_issuer.setdefault(row.issuer_id, []).append(row)
    for issuer_id, some in of_issuer.items():
        status.reserve(session, issuer_id, [row.credential_uuid for row in some], randomness=randomness, now=now)
        jobs.enqueue_all(session, ISSUE, [{"award": row.id} for row in some], now=now)


def version_of(session: Session, achievement: tables.Achievement) -> tables.AchievementVersion:
    """Return the version that new badges of an achievement assert.

    Raises:
        problem.Conflict: Nothing is published.
    """
    version = authoring.newest_version(session, achievement)
    if version is None:
        raise unpublished(achievement)
    return version


def unpublished(achievement: tables.Achievement) -> problem.Conflict:
    """Return the error that an achievement cannot be awarded yet."""
    return problem.Conflict(f"The achievement {achievement.slug} is not published yet.")


def supply(session: Session, row: tables.Award, *, email: str | None, did: str | None, randomness: Randomness, now: datetime) -> None:
    """Let an award that waits for an address go on, where there is one now; leave any other as it is."""
    if row.state == "needs_identity" and (email or did) and _locked(session, row).state == "needs_identity":
        row.claims = row.claims | {"email": email, "did": did}
        _go_on(session, row, randomness=randomness, now=now)


def advance(session: Session, row: tables.Award, *, randomness: Randomness, now: datetime) -> None:
    """Let an award that waits for something go on as far as it may; one that is in doubt stays where it is."""
    if row.state in WAITING and _locked(session, row).state in WAITING:
        _go_on(session, row, randomness=randomness, now=now)


def resume(session: Session, row: tables.Award, *, randomness: Randomness, now: datetime) -> None:
    """Send an award on that waits again, after it was cancelled by mistake; one that is in doubt stays where it is."""
    if row.state in WAITING and not _is_doubted(session, row):
        row.state, row.reason = _resting(session, row, now=now)
        row.valid_from = now
        _send_on(session, row, randomness=randomness, now=now)


def restate(session: Session, row: tables.Award, decision: Decision, *, randomness: Randomness, now: datetime) -> None:
    """Have an award that waits say what was decided since, and go on where it need not wait any more; what identifies it stays.

    Raises:
        problem.Invalid: A result or a piece of evidence does not fit.
    """
    if _locked(session, row).state in WAITING:
        _restate(session, row, decision)
        _go_on(session, row, randomness=randomness, now=now)


def revive(session: Session, row: tables.Award, decision: Decision, *, randomness: Randomness, now: datetime) -> None:
    """Let an award that was cancelled go on, with what was decided since.

    Raises:
        problem.Invalid: A result or a piece of evidence does not fit.
    """
    if _locked(session, row).state == "cancelled":
        _restate(session, row, decision)
        session.execute(delete(tables.Approval).where(tables.Approval.award_id == row.id))
        _go_on(session, row, randomness=randomness, now=now)


def _restate(session: Session, row: tables.Award, decision: Decision) -> None:
    said = claims(decision, session.get_one(tables.AchievementVersion, row.achievement_version_id))
    kept = {name: value for name, value in row.claims.items() if name in {"email", "did", "salt"}}
    if {name: value for name, value in row.claims.items() if name not in kept} != said | _numbered(decision, row):
        session.execute(delete(tables.Approval).where(tables.Approval.award_id == row.id))  # people agreed to something else
    row.claims = said | _numbered(decision, row) | kept
    row.valid_until = decision.valid_until
    row.awarded_at, row.learning_event_id, row.approvals = decision.awarded_at, decision.learning_event_id, _approvals(decision)


def reissue(session: Session, row: tables.Award, said: JsonObject, *, actor: str, randomness: Randomness, now: datetime) -> tables.Award:
    """Issue a new badge in the place of one that was issued, which is revoked.

    Args:
        session: A writing session.
        row: The award whose badge is replaced; it gives its scope up to the new one.
        said: What the new badge says, as `offer` returned it.
        actor: Who decided it.
        randomness: Where unpredictable values come from.
        now: The moment.

    Raises:
        problem.Conflict: There is no badge to replace, or the achievement is not published.
        problem.Invalid: What it would say does not fit the achievement any more.
    """
    if _locked(session, row).state != "issued":
        raise problem.Conflict(f"There is no badge to replace: the award is {row.state}.")
    table, scope = tables.Award, row.scope
    achievement = session.get_one(tables.Achievement, row.achievement_id)
    same = (table.achievement_id == row.achievement_id, table.learner_id == row.learner_id)
    taken = set(session.scalars(select(table.scope).where(*same)))
    row.scope = next(name for number in itertools.count(1) if (name := f"{scope}~{number}") not in taken)
    session.flush()
    values: dict[str, Any] = said | {name: said[name] and instant.read(said[name]) for name in MOMENTS}
    values |= {"scope": scope, "source_id": row.source_id, "rule_id": row.rule_id}
    decision = Decision(**values, email=row.claims["email"], did=row.claims["did"])
    learner = session.get_one(tables.Learner, row.learner_id)
    new, _ = award(session, achievement, learner=learner, decision=decision, randomness=randomness, now=now, replaces=True)
    status.revoke(session, row.credential_uuid, reason="A newer badge takes its place.", actor=actor, now=now)
    return new


def _go_on(session: Session, row: tables.Award, *, randomness: Randomness, now: datetime) -> None:
    """Put an award that waits into the state that it has now, and on its way; one that is in doubt stays where it is."""
    before = row.state
    if not _is_doubted(session, row):
        row.state, row.reason = _resting(session, row, now=now)
        row.valid_from = now
        if row.state != before:
            _send_on(session, row, randomness=randomness, now=now)


def _send_on(session: Session, row: tables.Award, *, randomness: Randomness, now: datetime) -> None:
    """Queue what is to be done of an award in a state that is new: issue it, or look again when its moment has come; and tell it."""
    if row.state == "pending":
        queue_all(session, [row], randomness=randomness, now=now)
    elif row.state == "on_hold":
        jobs.enqueue(session, RELEASE, {"award": row.id}, now=now, run_at=row.held_until)
    announcing.rests(session, row.issuer_id, [announcing.fact(row)], now=now)


def _is_doubted(session: Session, row: tables.Award) -> bool:
    table = tables.Review
    return session.scalar(select(table.id).where(table.award_id == row.id, table.state == "open").limit(1)) is not None


def _resting(session: Session, row: tables.Award, *, now: datetime) -> tuple[str, str | None]:
    """Return the state of an award that has no badge yet, and why it waits."""
    needed = row.approvals or 0
    agreed = session.scalars(select(func.count()).where(tables.Approval.award_id == row.id)).one() if needed else 0
    return _waits(row.claims, missing=needed - agreed, held_until=row.held_until, now=now)


def _waits(said: JsonObject, *, missing: int, held_until: datetime | None, now: datetime) -> tuple[str, str | None]:
    if not said["email"] and not said["did"]:
        return "needs_identity", NO_ADDRESS
    if missing > 0:
        people = "one person has" if missing == 1 else f"{missing} people have"
        return "needs_approval", " ".join((*said.get("doubts", ()), f"Before it is issued, {people} to agree."))
    if held_until is not None and held_until > now:
        return "on_hold", f"It is held until {instant.write(held_until)}."
    return "pending", None


def _approvals(decision: Decision) -> int | None:
    return max(decision.approvals, 1 if decision.doubts else 0) or None


def decided(
    achievement: tables.Achievement,
    version: tables.AchievementVersion,
    *,
    learner_id: int,
    decision: Decision,
    claims: JsonObject,
    now: datetime,
) -> tables.Award:
    """Return the row of a decision, which is not stored by that.

    Args:
        achievement: What was earned.
        version: Its version that the badge asserts.
        learner_id: By whom.
        decision: How.
        claims: What it says of the learner, as `claims` returns it, with recipient and salt: `email`, `did`, `salt`.
        now: The moment.
    """
    needed = _approvals(decision)
    state, reason = _waits(claims, missing=needed or 0, held_until=decision.held_until, now=now)
    row = tables.Award(
        issuer_id=achievement.issuer_id,
        achievement_id=achievement.id,
        achievement_version_id=version.id,
        learner_id=learner_id,
        scope=decision.scope,
        state=state,
        reason=reason,
        claims=claims,
        awarded_at=decision.awarded_at,
        created_at=now,
        valid_from=now,
        valid_until=decision.valid_until,
        source_id=decision.source_id,
        rule_id=decision.rule_id,
        learning_event_id=decision.learning_event_id,
        approvals=needed,
        held_until=decision.held_until,
    )
    row.claims = claims | _numbered(decision, row)
    return row


def _numbered(decision: Decision, row: tables.Award) -> JsonObject:
    """Return the licence number that is made here, which nobody else has; nothing where none is wanted."""
    if decision.license_prefix is None:
        return {}
    return {"license_number": decision.license_prefix + base64.b32encode(row.uuid.bytes)[:_NUMBER].decode()}


def _is_awarded(session: Session, achievement: tables.Achievement, *, learner: tables.Learner, scope: str) -> bool:
    table = tables.Award
    same = (table.achievement_id == achievement.id, table.learner_id == learner.id, table.scope == scope)
    return session.scalar(select(table.id).where(*same)) is not None


def _existing(session: Session, achievement: tables.Achievement, *, learner: tables.Learner, scope: str) -> tables.Award:
    table = tables.Award
    return session.scalars(
        select(table).where(table.achievement_id == achievement.id, table.learner_id == learner.id, table.scope == scope)
    ).one()


def retry(session: Session, row: tables.Award, *, randomness: Randomness, now: datetime) -> tables.Award:
    """Put an award that failed, or whose learner now has an address, back into the queue.

    Raises:
        problem.Conflict: It is in another state or in doubt, or there still is no address.
    """
    if _locked(session, row).state not in {"failed", "needs_identity"}:
        raise problem.Conflict(f"Only an award that failed or needs an identity can be tried again; this one is {row.state}.")
    if _is_doubted(session, row):
        raise problem.Conflict("What earned it is in doubt. Close its review first: keep it, and it goes on.")
    email, did = row.claims["email"], row.claims["did"]
    if not email and not did:
        email, did = recognising.address(session, session.get_one(tables.Learner, row.learner_id))
    if not email and not did:
        raise problem.Conflict("The learner still has neither an e-mail address nor a DID.")
    row.claims = row.claims | {"email": email, "did": did}
    if row.state == "failed":
        row.state, row.reason = "pending", None
        queue_all(session, [row], randomness=randomness, now=now)
    else:
        _go_on(session, row, randomness=randomness, now=now)
    return row


def _locked(session: Session, row: tables.Award) -> tables.Award:
    """Return the award as it is now, locked until the transaction ends: a worker may be issuing it."""
    return session.get_one(tables.Award, row.id, with_for_update=True, populate_existing=True)


def find(session: Session, uuid: UUID) -> tables.Award:
    """Return an award by its public id, or raise `problem.NotFound`."""
    row = session.scalar(select(tables.Award).where(tables.Award.uuid == uuid))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row
