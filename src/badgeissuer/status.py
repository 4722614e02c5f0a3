"""The status of credentials: give a place, revoke, and sign the list that tells the world."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, union

from badgeissuer import announcing, problem, signing
from badgeissuer.store import jobs, status_entries, status_places, tables
from badgeissuer.vc import controller, document, proof, statuslist, verification
from badgeissuer.vc.report import Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

PUBLISH = "publish_status_list"
PURPOSE = "revocation"
VALID_FOR = timedelta(days=14)
"""How long a signed list counts: after so long without a worker, verifiers can no longer say that a badge is not revoked."""
REFRESHED_AFTER = timedelta(days=1)
PUBLISH_EVERY = timedelta(seconds=2)
"""The changes of a list are published at most once in so long, however many there are."""
OVERDUE = timedelta(seconds=30)
"""A job that was to publish a list so long ago and did not is no longer counted on."""


def reserve(
    session: Session, issuer_id: int, credential_uuids: Sequence[UUID], *, randomness: status_places.Randomness, now: datetime
) -> list[tuple[tables.StatusList, int]]:
    """Give many credentials their places in lists of their issuer, in the caller's transaction; one that has a place keeps it.

    Returns:
        The list and the position in it of each credential, in the order given.
    """
    return status_places.reserve(session, issuer_id, credential_uuids, purpose=PURPOSE, randomness=randomness, now=now)


def allocate(session: Session, issuer_id: int, *, credential_uuid: UUID, randomness: status_places.Randomness, now: datetime) -> None:
    """Give a credential its place, as `reserve` does."""
    reserve(session, issuer_id, [credential_uuid], randomness=randomness, now=now)


def entry(session: Session, credential_uuid: UUID) -> tuple[tables.StatusList, tables.StatusEntry]:
    """Return the list and the place of a credential, or raise `problem.NotFound`."""
    places = tables.StatusEntry
    query = select(tables.StatusList, places).join(places).where(places.credential_uuid == credential_uuid, places.purpose == PURPOSE)
    found = session.execute(query).first()
    if found is None:
        raise problem.NotFound(problem.NOTHING)
    return found[0], found[1]


def revocation(session: Session, credential_uuid: UUID) -> tables.StatusEntry | None:
    """Return what is kept of the revocation of a credential; None where it counts, or was never issued."""
    table = tables.StatusEntry
    return session.scalar(select(table).where(table.credential_uuid == credential_uuid, table.purpose == PURPOSE, table.is_set))


def revoked(session: Session, credential_uuids: Collection[UUID]) -> set[UUID]:
    """Return those of many credentials that are revoked."""
    table = tables.StatusEntry
    query = select(table.credential_uuid).where(table.credential_uuid.in_(credential_uuids), table.purpose == PURPOSE, table.is_set)
    return set(session.scalars(query)) if credential_uuids else set()


_PLACE = tables.StatusEntry
_ENTRIES = (
    select(_PLACE.credential_uuid, _PLACE.position, tables.StatusList.uuid)
    .join(tables.StatusList, tables.StatusList.id == _PLACE.status_list_id)
    .where(_PLACE.credential_uuid.in_(bindparam("uuids", expanding=True)), _PLACE.purpose == PURPOSE)
)


def entries(session: Session, credential_uuids: Collection[UUID], *, site: Site) -> dict[UUID, statuslist.Entry]:
    """Return what stands in credentials of their places, of each that has one."""
    found = session.execute(_ENTRIES, {"uuids": list(credential_uuids)})
    return {uuid: statuslist.Entry(site.status_list(list_uuid), position, PURPOSE) for uuid, position, list_uuid in found}


def revoke(session: Session, credential_uuid: UUID, *, reason: str, actor: str, now: datetime) -> bool:
    """Set the bit of a credential and order its publication; return False where it was set already.

    Raises:
        problem.NotFound: There is no such credential.
    """
    if revoke_all(session, [credential_uuid], reason=reason, actor=actor, now=now):
        return True
    entry(session, credential_uuid)
    return False


def revoke_all(session: Session, credential_uuids: Collection[UUID], *, reason: str, actor: str, now: datetime) -> int:
    """Set the bits of many credentials, order the publication of their lists, and return how many were not set before."""
    lists, changed = status_entries.set_values(session, credential_uuids, True, purpose=PURPOSE, reason=reason, actor=actor, now=now)
    for row in lists:
        _order_publication(session, row, now=now)
    announcing.revoked(session, {row.issuer_id for row in lists}, changed, reason=reason, now=now)
    return len(changed)


def _order_publication(session: Session, row: tables.StatusList, *, now: datetime) -> None:
    """Write a job that publishes the list, unless one is on its way: at once, or a little after changes of it were last published."""
    if row.publish_due is not None and now < row.publish_due + OVERDUE:
        return
    row.publish_due = now
    if row.published_at is not None and row.published_changes > 0:
        row.publish_due = min(max(now, row.published_at + PUBLISH_EVERY), now + PUBLISH_EVERY)  # the clock of the worker may be ahead
    jobs.enqueue(session, PUBLISH, {"status_list": row.id}, now=now, run_at=row.publish_due)


def is_due(row: tables.StatusList, *, now: datetime) -> bool:
    """Return whether a list was never signed, or so long ago that it soon counts no more."""
    return row.published is None or row.published_at is None or now - row.published_at >= REFRESHED_AFTER


def is_published(session: Session, credential_uuid: UUID) -> bool:
    """Return whether the list of a credential was signed with everything that is known of it."""
    row, _ = entry(session, credential_uuid)
    return row.published_changes == row.changes


def publish(session: Session, list_id: int, *, keyring: signing.Keyring, site: Site, now: datetime) -> tables.StatusList:
    """Sign the list as its rows are now, verify what was signed, and keep it; a list that is up to date and fresh stays.

    Raises:
        problem.Fault: What was signed does not verify; the list that was published before stays.

    Source: VC-BITSTRING-STATUS-LIST#bitstring-generation-algorithm.
    """
    row = status_entries.locked(session, list_id)
    if row.published_changes == row.changes and not is_due(row, now=now):
        row.publish_due = None
        return row
    issuer = session.get_one(tables.Issuer, row.issuer_id)
    _, signer = signing.signer(session, issuer, keyring=keyring)
    encoded = statuslist.pack(_bits(session, row, now=now))
    url, did = site.status_list(row.uuid), issuer.did or ""
    unsigned = statuslist.compose(url, did, purpose=row.purpose, encoded=encoded, valid_from=now, valid_until=now + VALID_FOR)
    signed = document.write(proof.add_proof(proof.lint(unsigned), signer, created=now))
    _check(session, issuer, signed, now=now)
    row.published, row.published_changes, row.published_at, row.publish_due = signed, row.changes, now, None
    return row


def _bits(session: Session, row: tables.StatusList, *, now: datetime) -> bytes:
    """Return the list as its rows are: what was published with what changed since, and every day all of it anew."""
    if row.published is not None and not is_due(row, now=now):
        with contextlib.suppress(problem.Problem, KeyError):
            subject = document.parse(row.published, max_bytes=len(row.published))["credentialSubject"]
            before = statuslist.decode(subject["encodedList"])
            return statuslist.changed(before, status_entries.changes_since(session, row.id, row.published_changes))
    return statuslist.bitstring(row.length, status_entries.positions_set(session, row.id))


def _check(session: Session, issuer: tables.Issuer, signed: bytes, *, now: datetime) -> None:
    gathered = controller_resource(session, issuer, now=now)
    policy = verification.Policy(verification.GENERIC)
    found = verification.verify(document.parse(signed, max_bytes=len(signed)), gathered, now=now, policy=policy, sha256="")
    if found.outcome is not Outcome.VALID:
        raise problem.Fault(f"The status list that was just signed does not verify. {found.summary}")


def controller_resource(session: Session, issuer: tables.Issuer, *, now: datetime) -> dict[str, verification.Resource]:
    """Return the issuer's controller document as verifiers find it on the web; nothing for a did:key, which needs none."""
    url = controller.document_url(issuer.did or "")
    if not url:
        return {}
    return {url: verification.Resource(url, json.dumps(signing.controller_document(session, issuer)).encode(), now)}


def stale(session: Session, *, now: datetime) -> list[int]:
    """Return the lists that have to be signed again, changed since or soon too old, of the issuers that have a key to do it with."""
    table, keys = tables.StatusList, tables.SigningKey
    able = table.issuer_id.in_(select(keys.issuer_id).where(keys.state == "active"))
    conditions = (table.published_changes != table.changes, table.published_at.is_(None), table.published_at < now - REFRESHED_AFTER)
    return sorted(session.scalars(union(*(select(table.id).where(condition, able) for condition in conditions))))  # each by its own index
