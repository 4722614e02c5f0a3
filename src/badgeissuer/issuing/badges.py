"""Badges: compose → lint → sign → verify as a stranger would → store, in one transaction; nothing is stored that would not verify."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, bindparam, select, update

from badgeissuer import announcing, pressing, problem, signing, status
from badgeissuer.openbadges import credential
from badgeissuer.store import bulk, tables
from badgeissuer.vc import instant, statuslist

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.vc.document import JsonObject

CREDENTIAL = ("uuid", "award_id", "issuer_id", "signing_key_id", "document", "sha256", "created_at")
"""The columns of a credential that is stored with others (`store.bulk`)."""


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
        said_in(claims),
        credential.Dates(row.awarded_at, row.valid_from, row.valid_until),
        entry,
    )


def said_in(claims: JsonObject) -> credential.Claims:
    """Return what the claims of an award say in its badge."""
    started, ended = (claims.get(name) and instant.read(claims[name]) for name in ("activity_start", "activity_end"))
    plain = (claims["results"], claims["evidence"], claims["credits"], claims["narrative"])
    return credential.Claims(*plain, claims.get("license_number"), claims.get("term"), started, ended)


def give_up(session: Session, award_id: int, reason: str, *, now: datetime) -> None:
    """Note that an award could not be issued, and why; one that was issued or erased meanwhile stays as it is."""
    row = session.get(tables.Award, award_id, with_for_update=True, populate_existing=True)
    if row is not None and row.state == "pending":
        row.state, row.reason = "failed", reason
        announcing.rests(session, row.issuer_id, [announcing.fact(row)], now=now)
