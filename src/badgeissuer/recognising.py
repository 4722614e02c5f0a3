"""Who a learner is: matched by identities only, never by name, and within one issuer only.

An id of an LMS counts within that LMS; an id of the campus register, an e-mail address and a DID count within the issuer that was told of
them. What one issuer's source says about a person so never changes whom another issuer's badges are about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from badgeissuer.openbadges import identity
from badgeissuer.store import bulk, engine, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.awarding.event import LearnerClaim


@dataclass(frozen=True, slots=True)
class Identity:
    """One name that a system has for a person."""

    kind: str
    authority: str
    value: str


def identities(claim: LearnerClaim, *, authority: str) -> tuple[Identity, ...]:
    """Return what a claim says of who the learner is, the surest first.

    Args:
        claim: What the source says.
        authority: The slug of the source, for ids that only it gives; empty for what came by API.
    """
    return tuple(_identities(claim, authority))


def _identities(claim: LearnerClaim, authority: str) -> Iterator[Identity]:
    if claim.source_id:
        yield Identity("source_id", authority, claim.source_id)
        for alias in claim.aliases:
            yield Identity("source_id", authority, alias)
    if claim.sis_id:
        yield Identity("sis_id", "", claim.sis_id)
    if claim.orcid:
        yield Identity("orcid", "", claim.orcid)
    if claim.did:
        yield Identity("did", "", claim.did)
    if claim.email:
        yield Identity("email", "", identity.normal_email(claim.email))


def recognise(session: Session, claim: LearnerClaim, *, issuer_id: int, authority: str, now: datetime) -> tables.Learner:
    """Return the learner of an issuer that a claim is about, a new one where none of its identities is known.

    Identities that the claim brings and nobody has yet are added to the learner. One that already is another learner's stays theirs.
    For `authority` see `identities`.
    """
    named = identities(claim, authority=authority)
    learner = next((known for known in (_known(session, issuer_id, item) for item in named) if known), None)
    is_new = learner is None
    if learner is None:
        learner = tables.Learner(name=claim.name, created_at=now)
        session.add(learner)
        session.flush()
    for item in named:
        values = {"kind": item.kind, "authority": item.authority, "value": item.value}
        row = tables.LearnerIdentity(learner_id=learner.id, issuer_id=issuer_id, created_at=now, **values)
        owner = learner if engine.add_if_new(session, row) else _known(session, issuer_id, item)
        if is_new and owner is not None and owner is not learner:
            _merge(session, learner, owner)  # another transaction made the same person at the same moment
            learner, is_new = owner, False
    return learner


@dataclass(frozen=True, slots=True)
class Recognised:
    """A learner, and what may be issued to; the oldest address of each kind."""

    learner_id: int
    email: str | None
    did: str | None
    is_new: bool


def recognise_all(session: Session, claims: Sequence[LearnerClaim], *, issuer_id: int, authority: str, now: datetime) -> list[Recognised]:
    """Return the learners that claims are about, in order, as if each had been recognised after the one before.

    Raises:
        bulk.Taken: Another transaction has just brought one of the same identities; go back to a savepoint and call again.
    """
    named = [identities(claim, authority=authority) for claim in claims]
    owned = owners(session, issuer_id, {item for items in named for item in items})
    known = addresses(session, set(owned.values()))
    unknown = sum(not any(item in owned for item in items) for items in named)
    fresh = iter(bulk.new_ids(session, tables.Learner, unknown) if unknown else ())
    learners: list[tuple[Any, ...]] = []
    added: list[tuple[str, str, str, int]] = []
    found = []
    for claim, items in zip(claims, named, strict=True):
        owner = next((owned[item] for item in items if item in owned), None)
        learner_id = next(fresh) if owner is None else owner
        if owner is None:
            learners.append((learner_id, claim.name, now))
        own = known.setdefault(learner_id, {})
        for item in items:
            if item not in owned:
                owned[item] = learner_id
                added.append((item.kind, item.authority, item.value, learner_id))
                own.setdefault(item.kind, item.value)
        found.append(Recognised(learner_id, own.get("email"), own.get("did"), owner is None))
    bulk.add(session, tables.Learner, ("id", "name", "created_at"), learners)
    numbers = bulk.new_ids(session, tables.LearnerIdentity, len(added)) if added else []  # in the order in which they came
    rows = [(number, who, issuer_id, *name, now) for number, (*name, who) in zip(numbers, added, strict=True)]
    rows.sort(key=lambda row: row[3:6])  # always in one order, so that two transactions cannot wait for each other
    bulk.add(session, tables.LearnerIdentity, ("id", "learner_id", "issuer_id", "kind", "authority", "value", "created_at"), rows)
    return found


def recognise_together(
    session: Session, claims: Sequence[LearnerClaim], *, issuer_id: int, authority: str, now: datetime
) -> list[Recognised]:
    """Return the learners that claims are about, in order, as `recognise_all` does; one by one where others bring the same just now."""
    if not claims:
        return []
    try:
        with session.begin_nested():
            return recognise_all(session, claims, issuer_id=issuer_id, authority=authority, now=now)
    except bulk.Taken:
        learners = [recognise(session, claim, issuer_id=issuer_id, authority=authority, now=now) for claim in claims]
        return [Recognised(learner.id, *address(session, learner), is_new=False) for learner in learners]


def known_all(
    session: Session, claims: Sequence[LearnerClaim], *, issuer_id: int, authority: str
) -> tuple[dict[Identity, int], dict[int, dict[str, str]]]:
    """Return which learner has each identity that claims bring, of those that are known; and the addresses of these learners by kind."""
    owned = owners(session, issuer_id, {item for claim in claims for item in identities(claim, authority=authority)})
    return owned, addresses(session, set(owned.values()))


_OWN = tables.LearnerIdentity.__table__.c
_OWNERS = select(_OWN.value, _OWN.learner_id).where(
    _OWN.issuer_id == bindparam("issuer"),
    _OWN.kind == bindparam("kind_is"),
    _OWN.authority == bindparam("authority_is"),
    _OWN.value.in_(bindparam("values", expanding=True)),
)
_ADDRESSES = (
    select(_OWN.learner_id, _OWN.kind, _OWN.value)
    .where(_OWN.learner_id.in_(bindparam("learners", expanding=True)), _OWN.kind.in_(("email", "did")))
    .order_by(_OWN.id)
)


def owners(session: Session, issuer_id: int, items: set[Identity]) -> dict[Identity, int]:
    """Return whose the names are that somebody of the issuer has."""
    values: dict[tuple[str, str], list[str]] = {}
    for item in items:
        values.setdefault((item.kind, item.authority), []).append(item.value)
    found = {}
    for (kind, authority), some in values.items():
        named = {"issuer": issuer_id, "kind_is": kind, "authority_is": authority, "values": some}
        for value, learner_id in session.execute(_OWNERS, named):
            found[Identity(kind, authority, value)] = learner_id
    return found


def addresses(session: Session, learners: set[int]) -> dict[int, dict[str, str]]:
    """Return learner → kind → the oldest address of that kind."""
    found: dict[int, dict[str, str]] = {}
    if not learners:
        return found
    for learner_id, kind, value in session.execute(_ADDRESSES, {"learners": list(learners)}):
        found.setdefault(learner_id, {}).setdefault(kind, value)
    return found


def _merge(session: Session, new: tables.Learner, owner: tables.Learner) -> None:
    """Let go of a learner of whom nobody but this transaction knows; the identities go to `owner`."""
    table = tables.LearnerIdentity
    session.execute(update(table).where(table.learner_id == new.id).values(learner_id=owner.id))
    session.delete(new)
    session.flush()


def address(session: Session, learner: tables.Learner) -> tuple[str | None, str | None]:
    """Return the e-mail address and the DID to issue to; the oldest of each."""
    rows = session.scalars(
        select(tables.LearnerIdentity)
        .where(tables.LearnerIdentity.learner_id == learner.id, tables.LearnerIdentity.kind.in_(("email", "did")))
        .order_by(tables.LearnerIdentity.id.desc())
    )
    found = {row.kind: row.value for row in rows}
    return found.get("email"), found.get("did")


def source_id(session: Session, learner: tables.Learner) -> str | None:
    """Return an id that some source has for the learner, the oldest; None where none has."""
    table = tables.LearnerIdentity
    query = select(table.value).where(table.learner_id == learner.id, table.kind == "source_id")
    return session.scalar(query.order_by(table.id).limit(1))


def _known(session: Session, issuer_id: int, item: Identity) -> tables.Learner | None:
    table = tables.LearnerIdentity
    query = select(tables.Learner).join(table, table.learner_id == tables.Learner.id).where(table.issuer_id == issuer_id)
    return session.scalar(query.where(table.kind == item.kind, table.authority == item.authority, table.value == item.value))
