"""From a decision to a signed badge.

    award   the decision, with everything that must not differ between two tries: id, place in the status list, dates, salt, recipient
    issue   compose → lint → sign → verify as a stranger would → store, in one transaction; nothing is stored that would not verify

Ed25519 is deterministic, so that a second try makes the same bytes as the first.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import BindParameter, bindparam, select, update

from badgeissuer import announcing, authoring, pressing, problem, recognising, signing, status
from badgeissuer.awarding import roster
from badgeissuer.openbadges import credential, identity, model, results
from badgeissuer.store import bulk, engine, jobs, tables
from badgeissuer.vc import shape, statuslist

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.vc.document import JsonObject

ISSUE = "issue"
ONCE = roster.ONCE
CREDENTIAL = ("uuid", "award_id", "issuer_id", "signing_key_id", "document", "sha256", "created_at")
"""The columns of a credential that is stored with others (`store.bulk`)."""


@dataclass(frozen=True, slots=True)
class Randomness:
    """Where unpredictable values come from.

    Attributes:
        randrange: `randrange(n)` gives a number from 0 to n - 1.
        token: `token(n)` gives a URL-safe text of n random bytes.
    """

    randrange: Callable[[int], int]
    token: Callable[[int], str]


SYSTEM = Randomness(secrets.randbelow, secrets.token_urlsafe)
"""The operating system's randomness."""


@dataclass(frozen=True, slots=True)
class Decision:
    """That a learner has earned an achievement.

    Attributes:
        awarded_at: When it was earned.
        email: The address to issue to; one that the issuer knows already where None.
        did: The DID to issue to, likewise.
        scope: A second award of the same achievement needs another scope (a term, a course run).
        results: Open Badges results; fragments are resolved.
        evidence: Open Badges evidence.
        credits_earned: As the achievement counts credits.
        narrative: What is said of this learner.
        valid_until: When the badge ends.
        source_id: The LMS it came from, with the rule and event that led to it.
        rule_id: See `source_id`.
        learning_event_id: See `source_id`.
    """

    awarded_at: datetime
    email: str | None = None
    did: str | None = None
    scope: str = ONCE
    results: Sequence[JsonObject] = ()
    evidence: Sequence[JsonObject] = ()
    credits_earned: float | None = None
    narrative: str | None = None
    valid_until: datetime | None = None
    source_id: int | None = None
    rule_id: int | None = None
    learning_event_id: int | None = None


def award(
    session: Session, achievement: tables.Achievement, *, learner: tables.Learner, decision: Decision, randomness: Randomness, now: datetime
) -> tuple[tables.Award, bool]:
    """Store that a learner has earned an achievement, and the job that will issue the badge.

    Without an address to issue to, the award waits in the state `needs_identity`; one that waits so goes on when the learner is awarded
    again with an address.

    Returns:
        The award, and whether it is new: one learner has one award of an achievement and scope.

    Raises:
        problem.Conflict: The achievement is not published.
        problem.Invalid: A result or a piece of evidence does not fit, or the badge would be over before it begins.
    """
    version = authoring.newest_version(session, achievement)
    if version is None:
        raise unpublished(achievement)
    check_end(decision, now=now)
    email, did = _recipient(session, learner, decision)
    fixed = {"email": email, "did": did, "salt": randomness.token(identity.SALT_BYTES)}
    said = claims(decision, version) | fixed
    row = engine.add_if_new(session, decided(achievement, version, learner_id=learner.id, decision=decision, claims=said, now=now))
    if row is None:
        row = _existing(session, achievement, learner=learner, scope=decision.scope)
        supply(session, row, email=email, did=did, randomness=randomness, now=now)
        return row, False
    if row.state == "pending":
        _queue(session, row, randomness=randomness, now=now)
    announcing.rests(session, row.issuer_id, [announcing.fact(row)], now=now)
    return row, True


def unpublished(achievement: tables.Achievement) -> problem.Conflict:
    """Return the error that an achievement cannot be awarded yet."""
    return problem.Conflict(f"The achievement {achievement.slug} is not published yet.")


def check_end(decision: Decision, *, now: datetime) -> None:
    """Raise `problem.Invalid` where the badge would be over before it begins."""
    if decision.valid_until is not None and decision.valid_until <= now:
        raise problem.Invalid.of((problem.Finding("The badge would end before it begins; valid_until must lie ahead.", "/valid_until"),))


def supply(session: Session, row: tables.Award, *, email: str | None, did: str | None, randomness: Randomness, now: datetime) -> None:
    """Queue an award that waits for an address, where there is one now; leave any other as it is."""
    if row.state == "needs_identity" and (email or did) and _locked(session, row).state == "needs_identity":
        _requeue(session, row, email=email, did=did, randomness=randomness, now=now)


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
    is_known = bool(claims["email"] or claims["did"])
    return tables.Award(
        issuer_id=achievement.issuer_id,
        achievement_id=achievement.id,
        achievement_version_id=version.id,
        learner_id=learner_id,
        scope=decision.scope,
        state="pending" if is_known else "needs_identity",
        reason=None if is_known else "The learner has neither an e-mail address nor a DID to issue to.",
        claims=claims,
        awarded_at=decision.awarded_at,
        created_at=now,
        valid_from=now,
        valid_until=decision.valid_until,
        source_id=decision.source_id,
        rule_id=decision.rule_id,
        learning_event_id=decision.learning_event_id,
    )


def _recipient(session: Session, learner: tables.Learner, decision: Decision) -> tuple[str | None, str | None]:
    email, did = recognising.address(session, learner)
    return identity.normal_email(decision.email) if decision.email else email, decision.did or did


def claims(decision: Decision, version: tables.AchievementVersion, *, known: dict[bytes, list[JsonObject]] | None = None) -> dict[str, Any]:
    """Return what a decision says of the learner, completed and checked, as it is kept in the award.

    Args:
        decision: What was decided.
        version: The achievement.
        known: Results for this version that were found good before, by their JSON; those of this decision are added.

    Raises:
        problem.Invalid: A result or a piece of evidence does not fit.
    """
    known = {} if known is None else known
    key = orjson.dumps(decision.results)
    completed = known.get(key)
    if completed is None:
        completed = known[key] = _results(decision.results, version)
    evidence = [{"type": ["Evidence"]} | dict(item) for item in decision.evidence]
    _require_members(model.Evidence, "evidence", evidence)
    texts = {"evidence": evidence, "narrative": decision.narrative}
    _require(shape.gate({name: value for name, value in texts.items() if value}))  # now, while there is somebody to mend it
    return {"results": completed, "evidence": evidence, "credits": decision.credits_earned, "narrative": decision.narrative}


def _results(given: Sequence[JsonObject], version: tables.AchievementVersion) -> list[JsonObject]:
    completed = results.complete(given, version.document)
    _require_members(model.Result, "results", completed)
    _require(shape.gate({"results": completed} if completed else {}))
    _require(results.check(completed, version.document, prefix="/results"))
    return completed


def _require_members(kind: type[model.View], name: str, items: Sequence[JsonObject]) -> None:
    for place, item in enumerate(items):
        pointer = f"/{name}/{place}"
        _require(model.findings_of(kind, item, prefix=pointer) + model.unknown_members(kind, item, prefix=pointer))


def _require(findings: tuple[problem.Finding, ...]) -> None:
    if findings:
        raise problem.Invalid.of(findings)


def _existing(session: Session, achievement: tables.Achievement, *, learner: tables.Learner, scope: str) -> tables.Award:
    table = tables.Award
    return session.scalars(
        select(table).where(table.achievement_id == achievement.id, table.learner_id == learner.id, table.scope == scope)
    ).one()


def _queue(session: Session, row: tables.Award, *, randomness: Randomness, now: datetime) -> None:
    status.allocate(session, row.issuer_id, credential_uuid=row.credential_uuid, randomness=randomness, now=now)
    jobs.enqueue(session, ISSUE, {"award": row.id}, now=now)


def retry(session: Session, row: tables.Award, *, randomness: Randomness, now: datetime) -> tables.Award:
    """Put an award that failed, or whose learner now has an address, back into the queue.

    Raises:
        problem.Conflict: It is in another state, or there still is no address.
    """
    if _locked(session, row).state not in {"failed", "needs_identity"}:
        raise problem.Conflict(f"Only an award that failed or needs an identity can be tried again; this one is {row.state}.")
    email, did = row.claims["email"], row.claims["did"]
    if not email and not did:
        email, did = recognising.address(session, session.get_one(tables.Learner, row.learner_id))
    if not email and not did:
        raise problem.Conflict("The learner still has neither an e-mail address nor a DID.")
    _requeue(session, row, email=email, did=did, randomness=randomness, now=now)
    return row


def _locked(session: Session, row: tables.Award) -> tables.Award:
    """Return the award as it is now, locked until the transaction ends: a worker may be issuing it."""
    return session.get_one(tables.Award, row.id, with_for_update=True, populate_existing=True)


def _requeue(session: Session, row: tables.Award, *, email: str | None, did: str | None, randomness: Randomness, now: datetime) -> None:
    row.claims = row.claims | {"email": email, "did": did}
    row.state, row.reason = "pending", None
    _queue(session, row, randomness=randomness, now=now)


def find(session: Session, uuid: UUID) -> tables.Award:
    """Return an award by its public id, or raise `problem.NotFound`."""
    row = session.scalar(select(tables.Award).where(tables.Award.uuid == uuid))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def issued(session: Session, uuid: UUID) -> tables.Credential:
    """Return a credential by the UUID in its id, or raise `problem.NotFound`."""
    row = session.scalar(select(tables.Credential).where(tables.Credential.uuid == uuid))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def issue(session: Session, award_id: int, *, keyring: signing.Keyring, site: Site, now: datetime) -> None:
    """Sign the badge of an award and store it, as `issue_all` does."""
    issue_all(session, [award_id], keyring=keyring, site=site, now=now)


_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_LOCKED = (
    select(tables.Award)
    .where(tables.Award.id.in_(_IDS))
    .order_by(tables.Award.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)
_ISSUED = select(tables.Credential.award_id).where(tables.Credential.award_id.in_(_IDS))
_NOTE_ISSUED = (
    update(tables.Award).where(tables.Award.id.in_(_IDS)).values(state="issued", reason=None).execution_options(synchronize_session=False)
)


def issue_all(session: Session, award_ids: Sequence[int], *, keyring: signing.Keyring, site: Site, now: datetime) -> None:
    """Sign the badges of awards and store them, all or none; one that is there already stays, and a cancelled award gets none.

    Raises:
        problem.Invalid: A badge would break a rule of Open Badges; it is not signed.
        problem.Fault: A signed badge does not verify; it is not stored.
        problem.NotFound: There is no such award.
    """
    rows = session.scalars(_LOCKED, {"ids": list(award_ids)}).all()
    if len(rows) < len(set(award_ids)):
        raise problem.NotFound("The award that was to be issued is gone.")
    there = set(session.scalars(_ISSUED, {"ids": list(award_ids)}))
    pending: dict[tuple[int, int], list[tables.Award]] = {}
    for row in rows:
        if row.state == "pending" and row.id not in there:
            pending.setdefault((row.issuer_id, row.achievement_version_id), []).append(row)
    for (issuer_id, version_id), some in pending.items():
        issuer, version = session.get_one(tables.Issuer, issuer_id), session.get_one(tables.AchievementVersion, version_id)
        _issue_like(session, some, issuer=issuer, version=version, keyring=keyring, site=site, now=now)


def _issue_like(
    session: Session,
    rows: Sequence[tables.Award],
    *,
    issuer: tables.Issuer,
    version: tables.AchievementVersion,
    keyring: signing.Keyring,
    site: Site,
    now: datetime,
) -> None:
    """Sign and store the badges of awards of one achievement."""
    entries = status.entries(session, [row.credential_uuid for row in rows], site=site)
    items = [(row.credential_uuid, row.id, particulars(row, entries[row.credential_uuid], site)) for row in rows]
    badges = seal(session, items, issuer=issuer, version=version, keyring=keyring, site=site, now=now)
    bulk.add(session, tables.Credential, CREDENTIAL, badges)
    session.execute(_NOTE_ISSUED, {"ids": [row.id for row in rows]})
    announcing.issued(session, issuer, [(row.id, row.claims["email"]) for row in rows], site=site, now=now)


def seal(
    session: Session,
    items: Sequence[tuple[UUID, int, credential.Particulars]],
    *,
    issuer: tables.Issuer,
    version: tables.AchievementVersion,
    keyring: signing.Keyring,
    site: Site,
    now: datetime,
) -> list[tuple[Any, ...]]:
    """Return signed badges of one achievement as rows of credentials (`CREDENTIAL`), which are not stored by that.

    Args:
        session: A writing session.
        items: For each badge its UUID, the row of its award, and what is said in it.
        issuer: The issuing unit.
        version: The published achievement.
        keyring: Where its key is.
        site: Where this service stands.
        now: The moment.

    Raises:
        problem.Invalid: A badge would break a rule of Open Badges; none is given back.
        problem.Conflict: The issuer has no key.
        problem.Fault: A signed badge does not verify.
    """
    key, _ = signing.signer(session, issuer, keyring=keyring)
    said = [item for _, _, item in items]
    badges = pressing.sign_all(session, version, said, issuer=issuer, keyring=keyring, site=site, now=now)
    return [
        (uuid, award_id, issuer.id, key.id, badge, hashlib.sha256(badge).hexdigest(), now)
        for (uuid, award_id, _), badge in zip(items, badges, strict=True)
    ]


def particulars(row: tables.Award, entry: statuslist.Entry, site: Site) -> credential.Particulars:
    """Return what is said in the badge of an award, which need not be stored yet; `entry` is its place in a status list."""
    claims = row.claims
    return credential.Particulars(
        site.credential(row.credential_uuid),
        credential.Recipient(claims["email"], claims["did"], claims["salt"]),
        credential.Claims(claims["results"], claims["evidence"], claims["credits"], claims["narrative"]),
        credential.Dates(row.awarded_at, row.valid_from, row.valid_until),
        entry,
    )


def give_up(session: Session, award_id: int, reason: str, *, now: datetime) -> None:
    """Note that an award could not be issued, and why; one that was issued or erased meanwhile stays as it is."""
    row = session.get(tables.Award, award_id, with_for_update=True, populate_existing=True)
    if row is not None and row.state == "pending":
        row.state, row.reason = "failed", reason
        announcing.rests(session, row.issuer_id, [announcing.fact(row)], now=now)
