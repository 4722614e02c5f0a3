"""From the rows of a chunk to badges: read, recognise, award, give places, sign, store; in one transaction, with few statements.

What comes of a row is what comes of it by `recognising.recognise`, `issuing.award` and `issuing.issue`, one row after the other. A row
that cannot be issued is left out and said so; when that shows only while signing, the transaction goes back to a savepoint and the rows
are issued one by one.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import select

from badgeissuer import announcing, batching, issuing, notifying, problem, recognising, rostering, signing, status
from badgeissuer.awarding import roster
from badgeissuer.openbadges import credential, identity
from badgeissuer.store import bulk, tables
from badgeissuer.vc import statuslist

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.batching import Note
    from badgeissuer.openbadges.addresses import Site

TRIES = 5
"""How often a chunk begins again because another transaction brought the same learners at the same moment."""
_AWARD = (
    "id", "issuer_id", "achievement_id", "achievement_version_id", "learner_id", "scope", "state", "claims", "awarded_at", "created_at",
    "valid_from", "uuid", "credential_uuid", "reason", "valid_until", "batch_id", "row",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ports:
    """What it takes to issue.

    Attributes:
        keyring: Where the signing keys are.
        site: The service as the world sees it.
        randomness: Where unpredictable values come from.
    """

    keyring: signing.Keyring
    site: Site
    randomness: issuing.Randomness


@dataclass(frozen=True, slots=True)
class _Order:
    """What all rows of a batch have in common."""

    batch: tables.Batch
    issuer: tables.Issuer
    version: tables.AchievementVersion
    ports: Ports
    now: datetime


@dataclass(frozen=True, slots=True)
class _Award:
    """An award to be stored, and what is signed of it."""

    row: rostering.Row
    id: int
    learner_id: int
    email: str | None
    did: str | None
    salt: str
    uuid: UUID
    credential_uuid: UUID

    @property
    def is_known(self) -> bool:
        """Whether there is anybody to issue to."""
        return bool(self.email or self.did)


def work(session: Session, chunk_id: int, *, ports: Ports, now: datetime) -> None:
    """Issue the rows of a chunk that are to be done; where it was done before, or the batch rests, do nothing.

    Raises:
        problem.Conflict: The issuer has no key to sign with.
        problem.Unavailable: Others went on writing the same learners; try again later.
    """
    chunk = session.get(tables.BatchChunk, chunk_id, with_for_update=True, populate_existing=True)
    batch = session.get(tables.Batch, chunk.batch_id) if chunk else None
    if chunk is None or batch is None or chunk.state != "open" or batch.state != "running":
        return
    issuer, version = (
        session.get_one(tables.Issuer, batch.issuer_id),
        session.get_one(tables.AchievementVersion, batch.achievement_version_id),
    )
    order = _Order(batch, issuer, version, ports, now)
    lines = roster.unpack(chunk.content)
    notes: list[Note] = []
    rows: list[rostering.Row] = []
    reader = rostering.reader(batch, version, now=now)
    for number, line in lines:
        try:
            rows.append(reader.read(number, line))
        except (problem.Invalid, problem.Malformed, problem.TooLarge) as error:
            notes.append(_failed(number, error))
    _finish(chunk, lines, notes + _issue(session, order, rows))


def give_up(session: Session, chunk_id: int, reason: str) -> None:
    """Note of every row that is still to be done that it will not be, and why."""
    chunk = session.get(tables.BatchChunk, chunk_id, with_for_update=True, populate_existing=True)
    if chunk is not None and chunk.state == "open":
        lines = roster.unpack(chunk.content)
        _finish(chunk, lines, [_failed(number, problem.Fault(reason)) for number, _ in lines])


def _finish(chunk: tables.BatchChunk, lines: Sequence[roster.Line], found: Sequence[Note]) -> None:
    """Keep what is to be said of rows, and of the rows themselves only those that failed."""
    counts = Counter(note["state"] for note in found)
    failed = {note["row"] for note in found if note["state"] == "failed"}
    chunk.content = roster.pack([line for line in lines if line[0] in failed])
    kept = [note for note in batching.notes(chunk.notes) if note["state"] != "failed"]
    notes = sorted([*kept, *found], key=lambda note: int(note["row"]))
    chunk.notes = zlib.compress(json.dumps(notes, separators=(",", ":")).encode()) if notes else None
    chunk.done += len(lines) - len(failed)
    chunk.failed = len(failed)
    chunk.repeated += counts["repeated"]
    chunk.waiting += counts["waiting"]
    chunk.state = "done"


def _failed(number: int, error: problem.Problem) -> Note:
    return {"row": number, "state": "failed", "errors": [finding.to_json() for finding in rostering.findings(error)]}


def _issue(session: Session, order: _Order, rows: Sequence[rostering.Row]) -> list[Note]:
    """Issue rows, all of them or, where one of them cannot be signed, one by one."""
    try:
        return _all_or_none(session, order, rows)
    except (problem.Invalid, problem.Malformed, problem.TooLarge, problem.Fault) as error:
        if len(rows) == 1:
            return [_failed(rows[0].number, error)]
    return [note for row in rows for note in _issue(session, order, [row])]


def _all_or_none(session: Session, order: _Order, rows: Sequence[rostering.Row]) -> list[Note]:
    for _ in range(TRIES):
        try:
            with session.begin_nested():
                return _once(session, order, rows)
        except bulk.Taken:
            continue
    raise problem.Unavailable("Others are awarding the same learners at this moment.")


def _once(session: Session, order: _Order, rows: Sequence[rostering.Row]) -> list[Note]:
    """Issue rows.

    Raises:
        bulk.Taken: Another transaction wrote one of the learners or awards first.
    """
    claims = [row.said.learner.claim for row in rows]
    learners = recognising.recognise_all(session, claims, issuer_id=order.issuer.id, authority="", now=order.now)
    awards, notes = _awards(session, order, rows, learners)
    bulk.add(session, tables.Award, _AWARD, [_stored(order, award) for award in awards])
    _sign(session, order, [award for award in awards if award.is_known])
    resting = [notifying.Fact(award.id, "needs_identity", issuing.NO_ADDRESS) for award in awards if not award.is_known]
    announcing.rests(session, order.issuer.id, resting, now=order.now)
    waiting = (
        {"row": award.row.number, "state": "waiting", "detail": issuing.NO_ADDRESS, "award": str(award.uuid)}
        for award in awards
        if not award.is_known
    )
    return [*notes, *waiting]


def _awards(
    session: Session, order: _Order, rows: Sequence[rostering.Row], learners: Sequence[recognising.Recognised]
) -> tuple[list[_Award], list[Note]]:
    """Return the awards that are new, and what is to be said of those that are not: one learner has one of an achievement and scope."""
    existing = _existing(session, order, {learner.learner_id for learner in learners if not learner.is_new})
    ids = iter(bulk.new_ids(session, tables.Award, len(rows)))
    awards: dict[tuple[int, str], _Award] = {}
    notes: list[Note] = []
    for row, learner in zip(rows, learners, strict=True):
        key = (learner.learner_id, row.said.scope)
        email = identity.normal_email(row.said.learner.email) if row.said.learner.email else learner.email
        did = row.said.learner.did or learner.did
        if key in existing:
            notes.append(_again(session, order, row, existing[key], email=email, did=did))
        elif key in awards:
            first = awards[key]
            notes.append(_twice(row, first.row.number, award=first.uuid, is_same=_is_same(row, first.row.claims, first.row.said)))
            awards[key] = first if first.is_known else replace(first, email=email, did=did)
        else:
            salt = order.ports.randomness.token(identity.SALT_BYTES)
            awards[key] = _Award(row, next(ids), learner.learner_id, email, did, salt, uuid4(), uuid4())
    return list(awards.values()), notes


def _existing(session: Session, order: _Order, learners: set[int]) -> dict[tuple[int, str], tables.Award]:
    if not learners:
        return {}
    table = tables.Award
    query = select(table).where(table.achievement_id == order.batch.achievement_id, table.learner_id.in_(learners))
    return {(row.learner_id, row.scope): row for row in session.scalars(query)}


def _again(session: Session, order: _Order, row: rostering.Row, award: tables.Award, *, email: str | None, did: str | None) -> Note:
    """Say of a row that its learner has the award; one that waits for an address goes on where the row brings one."""
    issuing.supply(session, award, email=email, did=did, randomness=order.ports.randomness, now=order.now)
    if award.batch_id == order.batch.id and award.row is not None and award.row != row.number:
        return _twice(row, award.row, award=award.uuid, is_same=_is_same(row, award.claims, award))
    state = "" if award.state == "issued" else f" It is {award.state}." + (f" {award.reason}" if award.reason else "")
    return {"row": row.number, "state": "repeated", "detail": f"The learner has this award already.{state}", "award": str(award.uuid)}


def _is_same(row: rostering.Row, claims: dict[str, Any], other: roster.Row | tables.Award) -> bool:
    """Return whether a row says what another said of its learner; by which names it calls them does not count."""
    said = row.said
    same = all(claims[name] == value for name, value in row.claims.items())
    return same and said.valid_until == other.valid_until and said.awarded_at in {None, other.awarded_at}


def _twice(row: rostering.Row, other: int, *, award: UUID, is_same: bool) -> Note:
    if is_same:
        detail = f"Row {row.number} says of the same learner what row {other} says."
        return {"row": row.number, "state": "repeated", "detail": detail, "award": str(award)}
    return _failed(row.number, rostering.differ(row, other))


def _stored(order: _Order, award: _Award) -> tuple[Any, ...]:
    """Return the row of an award, in the order of `_AWARD`."""
    said = award.row.said
    return (
        award.id,
        order.issuer.id,
        order.batch.achievement_id,
        order.version.id,
        award.learner_id,
        said.scope,
        "issued" if award.is_known else "needs_identity",
        award.row.claims | {"email": award.email, "did": award.did, "salt": award.salt},
        said.awarded_at or order.now,
        order.now,
        order.now,
        award.uuid,
        award.credential_uuid,
        None if award.is_known else issuing.NO_ADDRESS,
        said.valid_until,
        order.batch.id,
        award.row.number,
    )


def _sign(session: Session, order: _Order, awards: Sequence[_Award]) -> None:
    """Give the awards their places, sign their badges and store them."""
    if not awards:
        return
    ports, now = order.ports, order.now
    uuids = [award.credential_uuid for award in awards]
    places = status.reserve(session, order.issuer.id, uuids, randomness=ports.randomness, now=now)
    for status_list in {row.id: row for row, _ in places}.values():
        if status.is_due(status_list, now=now):
            status.publish(session, status_list.id, keyring=ports.keyring, site=ports.site, now=now)
    items = [(award.credential_uuid, award.id, _particulars(order, award, *place)) for award, place in zip(awards, places, strict=True)]
    rows = issuing.seal(session, items, issuer=order.issuer, version=order.version, keyring=ports.keyring, site=ports.site, now=now)
    bulk.add(session, tables.Credential, issuing.CREDENTIAL, rows)
    announcing.issued(session, order.issuer, [(award.id, award.email) for award in awards], site=ports.site, now=now)


def _particulars(order: _Order, award: _Award, status_list: tables.StatusList, position: int) -> credential.Particulars:
    said, site = award.row.said, order.ports.site
    return credential.Particulars(
        url=site.credential(award.credential_uuid),
        recipient=credential.Recipient(award.email, award.did, award.salt),
        claims=issuing.said_in(award.row.claims),
        dates=credential.Dates(said.awarded_at or order.now, order.now, said.valid_until),
        status=statuslist.Entry(site.status_list(status_list.uuid), position, status_list.purpose),
    )
