"""Awards that are asked for one by one, and decided together where several are asked for at the same moment.

What comes of a wish is what comes of it by `recognising.recognise` and `issuing.award` in a transaction of its own, one wish after the
other; with few statements for all of them, and one commit. Where the keys are at hand the badges are signed at once, else by a worker.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select

from badgeissuer import access, announcing, issuing, pressing, problem, recognising, retiring, signing, status
from badgeissuer.openbadges import credential, identity
from badgeissuer.store import bulk, jobs, tables
from badgeissuer.vc import statuslist

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.awarding import event
    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.vc.document import JsonObject

TRIES = 5
"""How often it is begun again because other transactions brought the same learners at the same moment."""
ALREADY = problem.OURS + "already-awarded"
_AWARD = (
    "id", "issuer_id", "achievement_id", "achievement_version_id", "learner_id", "scope", "state", "claims", "awarded_at", "created_at",
    "valid_from", "uuid", "credential_uuid", "reason", "valid_until",
)  # fmt: skip
_DRAFT = statuslist.Entry("https://example.org/status", 1, status.PURPOSE)


@dataclass(frozen=True, slots=True)
class Wish:
    """That a learner be awarded an achievement.

    Attributes:
        actor: Who asks for it.
        achievement: Its slug.
        claim: Who the learner is.
        decision: How it was earned.
    """

    actor: access.Actor
    achievement: str
    claim: event.LearnerClaim
    decision: issuing.Decision


_Found = dict[int, UUID | problem.Problem]
"""The number of a wish → its award, or why there is none."""


@dataclass(frozen=True, slots=True)
class _Good:
    """A wish that can be granted, as far as it says: its number, and what of it is kept."""

    number: int
    wish: Wish
    achievement: tables.Achievement
    version: tables.AchievementVersion
    issuer: tables.Issuer
    claims: JsonObject


@dataclass(frozen=True, slots=True)
class Means:
    """What it takes to grant.

    Attributes:
        site: Where this service stands.
        randomness: Where unpredictable values come from.
        keyring: Where the signing keys are; None where only workers have them.
    """

    site: Site
    randomness: issuing.Randomness
    keyring: signing.Keyring | None = None


class _Refused(Exception):  # noqa: N818 - it is what happened
    """Wishes that cannot be granted, by their number: everything begins again without them."""

    def __init__(self, errors: dict[int, problem.Problem]) -> None:
        super().__init__()
        self.errors = errors


def grant(session: Session, wish: Wish, *, means: Means, now: datetime) -> UUID:
    """Return the public id of the award that one wish becomes, as `grant_all` does, or raise why it becomes none."""
    (found,) = grant_all(session, [wish], means=means, now=now)
    if isinstance(found, problem.Problem):
        raise found
    return found


def grant_all(session: Session, wishes: Sequence[Wish], *, means: Means, now: datetime) -> list[UUID | problem.Problem]:
    """Store awards, with their badges or the jobs that will issue them.

    Args:
        session: A writing session.
        wishes: What is asked for.
        means: What it takes.
        now: The moment.

    Returns:
        For each wish, in order, the public id of its award; or why it becomes none, and then nothing is stored of it.

    Raises:
        problem.Unavailable: Others are awarding the same learners at this moment.
    """
    found: _Found = {}
    good: list[_Good] = []
    achievements = _achievements(session, {wish.achievement for wish in wishes})
    check = functools.partial(pressing.check, session, presses={}, now=now)
    for number, wish in enumerate(wishes):
        try:
            good.append(_checked(number, wish, achievements.get(wish.achievement), check=check, site=means.site, now=now))
        except problem.Problem as error:
            found[number] = error
    for _ in range(TRIES):
        if len(found) == len(wishes):
            break
        try:
            with session.begin_nested():
                found |= _granted(session, [item for item in good if item.number not in found], means=means, now=now)
        except bulk.Taken:
            continue
        except _Refused as refused:
            found |= refused.errors
    if len(found) < len(wishes):
        raise problem.Unavailable("Others are awarding the same learners at this moment.")
    return [found[number] for number in range(len(wishes))]


_VERSION = tables.AchievementVersion
_NEWEST = select(func.max(_VERSION.version)).where(_VERSION.achievement_id == tables.Achievement.id).correlate(tables.Achievement)
_PUBLISHED = (
    select(tables.Achievement, _VERSION, tables.Issuer)
    .join(tables.Issuer, tables.Issuer.id == tables.Achievement.issuer_id)
    .outerjoin(_VERSION, and_(_VERSION.achievement_id == tables.Achievement.id, _VERSION.version == _NEWEST.scalar_subquery()))
    .where(tables.Achievement.slug.in_(bindparam("slugs", expanding=True)))
)
_Published = tuple[tables.Achievement, tables.AchievementVersion | None, tables.Issuer]


def _achievements(session: Session, slugs: set[str]) -> dict[str, _Published]:
    """Return achievements with their newest versions and their issuers, by slug."""
    rows = session.execute(_PUBLISHED, {"slugs": sorted(slugs)})
    return {achievement.slug: (achievement, version, issuer) for achievement, version, issuer in rows}


def _checked(number: int, wish: Wish, found: _Published | None, *, check: Callable[..., None], site: Site, now: datetime) -> _Good:
    """Return a wish that can be granted, or raise why it cannot."""
    if found is None:
        raise problem.NotFound(problem.NOTHING)
    achievement, version, issuer = found
    access.require(wish.actor, access.ISSUE, issuer_id=achievement.issuer_id)
    if version is None:
        raise issuing.unpublished(achievement)
    issuing.check_end(wish.decision, now=now)
    claims = issuing.claims(wish.decision, version)
    if claims["results"] or claims["evidence"]:  # while there is somebody to mend them
        draft = _draft(wish, claims, site=site, now=now)
        check(version, draft, issuer=issuer)
    return _Good(number, wish, achievement, version, issuer, claims)


def _draft(wish: Wish, claims: JsonObject, *, site: Site, now: datetime) -> credential.Particulars:
    decision = wish.decision
    return credential.Particulars(
        site.credential(UUID(int=0)),
        credential.Recipient(email="learner@example.org", salt="-"),
        issuing.said_in(claims),
        credential.Dates(decision.awarded_at, now, decision.valid_until),
        _DRAFT,
    )


def _granted(session: Session, good: Sequence[_Good], *, means: Means, now: datetime) -> _Found:
    """Store what can be granted; return the ids of the awards by the numbers of the wishes, of each learner's first only.

    Raises:
        bulk.Taken: Another transaction wrote one of the learners or awards first.
        _Refused: A learner has the award already.
    """
    of_issuer: dict[int, list[_Good]] = {}
    for item in good:
        of_issuer.setdefault(item.issuer.id, []).append(item)
    found: _Found = {}
    for issuer_id in sorted(of_issuer):  # always in one order, so that two transactions cannot wait for each other
        some = of_issuer[issuer_id]
        found |= _granted_by(session, some[0].issuer, some, means=means, now=now)
    return found


def _granted_by(session: Session, issuer: tables.Issuer, good: Sequence[_Good], *, means: Means, now: datetime) -> _Found:
    """Do the same for the wishes of one issuer."""
    learners = recognising.recognise_all(session, [item.wish.claim for item in good], issuer_id=issuer.id, authority="", now=now)
    existing = _existing(session, good, {learner.learner_id for learner in learners if not learner.is_new})
    found: _Found = {}
    errors: dict[int, problem.Problem] = {}
    awards: dict[_Key, _New] = {}
    for item, learner in zip(good, learners, strict=True):
        key = (item.achievement.id, learner.learner_id, item.wish.decision.scope)
        decision = item.wish.decision
        email = identity.normal_email(decision.email) if decision.email else learner.email
        did = decision.did or learner.did
        before = existing.get(key)
        if key in awards:
            continue  # asked for twice at the same moment: in the next round it is there already
        if before is not None and not _goes_on(session, before, email=email, did=did, means=means, now=now):
            detail = f"This learner already has this achievement (award {before.uuid}). Give another scope to award it again."
            errors[item.number] = problem.Conflict(detail, kind=ALREADY, award=str(before.uuid))
            continue
        closed = retiring.closed(item.achievement, item.version, issuer=issuer, now=now) if before is None else None
        if closed is not None:
            errors[item.number] = problem.Conflict(closed)
            continue
        if before is None:
            fixed = {"email": email, "did": did, "salt": means.randomness.token(identity.SALT_BYTES)}
            before = issuing.decided(
                item.achievement, item.version, learner_id=learner.learner_id, decision=decision, claims=item.claims | fixed, now=now
            )
            awards[key] = before, item.version
        found[item.number] = before.uuid
    if errors:
        raise _Refused(errors)
    _store(session, issuer, list(awards.values()), means=means, now=now)
    return found


_Key = tuple[int, int, str]
"""Achievement, learner, scope."""
_New = tuple[tables.Award, tables.AchievementVersion]
"""An award that is not stored yet, and the version of what is awarded."""


def _existing(session: Session, good: Sequence[_Good], learners: set[int]) -> dict[_Key, tables.Award]:
    """Return the awards that the learners have."""
    if not learners:
        return {}
    table = tables.Award
    query = select(table).where(table.achievement_id.in_({item.achievement.id for item in good}), table.learner_id.in_(learners))
    return {(row.achievement_id, row.learner_id, row.scope): row for row in session.scalars(query)}


def _goes_on(session: Session, row: tables.Award, *, email: str | None, did: str | None, means: Means, now: datetime) -> bool:
    """Return whether an award that waited for an address goes on with this one."""
    if row.state != "needs_identity":
        return False
    issuing.supply(session, row, email=email, did=did, randomness=means.randomness, now=now)
    return row.state != "needs_identity"


def _store(session: Session, issuer: tables.Issuer, new: Sequence[_New], *, means: Means, now: datetime) -> None:
    """Store awards; and of those that can be issued, their places in the status list, and their badges or the jobs that will issue them."""
    awards = [award for award, _ in new]
    for award, number in zip(awards, bulk.new_ids(session, tables.Award, len(awards)), strict=True):
        award.id = number
    pending = [(award, version) for award, version in new if award.state == "pending"]
    badges = _badges(session, issuer, pending, means=means, now=now) if pending else []
    for award, _ in pending if badges else ():
        award.state = "issued"
    bulk.add(session, tables.Award, _AWARD, [tuple(getattr(award, name) for name in _AWARD) for award in awards])
    bulk.add(session, tables.Credential, issuing.CREDENTIAL, badges)
    issued = [(award.id, award.claims["email"]) for award, _ in pending] if badges else []
    announcing.issued(session, issuer, issued, site=means.site, now=now)
    announcing.rests(session, issuer.id, [announcing.fact(award) for award in awards], now=now)
    if not badges:
        jobs.enqueue_all(session, issuing.ISSUE, [{"award": award.id} for award, _ in pending], now=now)


def _badges(session: Session, issuer: tables.Issuer, pending: Sequence[_New], *, means: Means, now: datetime) -> list[tuple[Any, ...]]:
    """Give awards their places, and return the rows of their signed badges; none where a worker has to sign, or to say why it cannot."""
    uuids = [award.credential_uuid for award, _ in pending]
    places = status.reserve(session, issuer.id, uuids, randomness=means.randomness, now=now)
    if means.keyring is None or not signing.is_ready(session, issuer, keyring=means.keyring):
        return []
    alike: dict[int, list[tuple[UUID, int, credential.Particulars]]] = {}
    for (award, version), (status_list, position) in zip(pending, places, strict=True):
        entry = statuslist.Entry(means.site.status_list(status_list.uuid), position, status_list.purpose)
        item = (award.credential_uuid, award.id, issuing.particulars(award, entry, means.site))
        alike.setdefault(version.id, []).append(item)
    versions = {version.id: version for _, version in pending}
    sign = functools.partial(issuing.seal, session, issuer=issuer, keyring=means.keyring, site=means.site, now=now)
    badges = []
    try:
        for version_id, some in alike.items():
            badges += sign(some, version=versions[version_id])
    except problem.Problem:
        return []
    return badges
