"""Signing keys of issuers: make one, replace one, retire one, and tell the world which ones count.

States: active (one of each issuer) → verify_only (its signatures still count) → retired. A compromised key counts no more.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import bindparam, select, update

from badgeissuer import problem
from badgeissuer.store import jobs, tables
from badgeissuer.vc import controller, multikey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.vc.document import JsonObject

GENERATE = "generate_key"
_COUNTING = ("active", "verify_only", "retired")
"""States whose signatures are still good: a badge outlives the key that signed it."""


class Keyring(Protocol):
    """Where private keys are kept."""

    def create(self, tenant: str) -> multikey.PublicKey:
        """Make a key for an issuer and return its public half."""

    def keep(self, tenant: str, seed: bytes) -> multikey.PublicKey:
        """Take over a given key and return its public half."""

    def signer(self, tenant: str, public: str, *, verification_method: str) -> multikey.Signer:
        """Return the signer of a key."""

    def is_open(self, tenant: str, public: str) -> bool:
        """Return whether signing with a key takes no time, since it was opened before."""


def order(session: Session, issuer: tables.Issuer, *, now: datetime) -> None:
    """Have a worker give an issuer its first key (`generate`)."""
    jobs.enqueue(session, GENERATE, {"issuer": issuer.id}, now=now)


def generate(
    session: Session, issuer: tables.Issuer, *, keyring: Keyring, site: Site, now: datetime, seed: bytes | None = None
) -> tables.SigningKey:
    """Give an issuer its first key, and with it its DID; return the key that is active afterwards.

    An issuer that has an active key keeps it, so that a repeated call does nothing.

    Raises:
        problem.Invalid: The seed is a published test key.
        problem.Conflict: The issuer is a did:key whose key is out of use; it cannot have another.
    """
    _lock(session, issuer)
    active = _active(session, issuer)
    if active:
        return active
    if issuer.did is not None and issuer.did_method == "key":
        raise problem.Conflict(
            f"{issuer.slug} is identified by did:key, which is the key itself, and that is out of use. Make a new issuer."
        )
    return _add(session, issuer, keyring=keyring, site=site, now=now, seed=seed)


def rotate(session: Session, issuer: tables.Issuer, *, keyring: Keyring, site: Site, now: datetime) -> tables.SigningKey:
    """Replace the active key; the old one is published further, so that what it signed still verifies.

    Raises:
        problem.Conflict: The issuer is a did:key, which is its key and cannot have another.
    """
    if issuer.did_method == "key":
        raise problem.Conflict(
            f"{issuer.slug} is identified by did:key, which is the key itself. Only an issuer with did:web can rotate: serve by https."
        )
    _lock(session, issuer)
    active = _active(session, issuer)
    if active:
        active.state, active.retired_at = "verify_only", now
        session.flush()
    return _add(session, issuer, keyring=keyring, site=site, now=now)


def retire(session: Session, public_key_multibase: str, *, now: datetime, compromised: bool = False) -> tables.SigningKey:
    """Take a key out of use; a compromised one stops counting for what it signed, too.

    The status lists of the issuer are then due again: the list that answers for a good badge must not hang on a bad key.

    Raises:
        problem.NotFound: There is no such key.
        problem.Conflict: It is the active key and is not compromised: rotate first.
    """
    key = session.scalar(select(tables.SigningKey).where(tables.SigningKey.public_key_multibase == public_key_multibase).with_for_update())
    if key is None:
        raise problem.NotFound("There is no such key.")
    if key.state == "compromised":
        return key  # nothing makes its signatures good again
    if key.state == "active" and not compromised:
        raise problem.Conflict("This key is in use. Rotate first, then retire it.")
    key.state, key.retired_at = ("compromised" if compromised else "retired"), now
    if compromised:
        key.compromised_since = now
        lists = tables.StatusList
        session.execute(update(lists).where(lists.issuer_id == key.issuer_id).values(changes=lists.changes + 1))
    return key


def unlock(session: Session, *, keyring: Keyring) -> None:
    """Open every active key, so that no transaction that writes waits for it; what cannot be opened is reported when it is used."""
    for issuer in session.scalars(select(tables.Issuer).join(tables.SigningKey).where(tables.SigningKey.state == "active")):
        with contextlib.suppress(problem.Problem):
            signer(session, issuer, keyring=keyring)


def signer(session: Session, issuer: tables.Issuer, *, keyring: Keyring) -> tuple[tables.SigningKey, multikey.Signer]:
    """Return the active key of an issuer, and what signs with it.

    Raises:
        problem.Conflict: The issuer has no active key.
    """
    key = _active(session, issuer)
    if key is None:
        raise problem.Conflict(
            f"The issuer {issuer.slug} has no active signing key. Make one: badgeissuer keys generate --issuer {issuer.slug}"
        )
    return key, keyring.signer(issuer.slug, key.public_key_multibase, verification_method=key.verification_method)


def is_ready(session: Session, issuer: tables.Issuer, *, keyring: Keyring) -> bool:
    """Return whether the issuer has an active key that was opened before."""
    key = _active(session, issuer)
    return key is not None and keyring.is_open(issuer.slug, key.public_key_multibase)


def keys(session: Session, issuer: tables.Issuer) -> Sequence[tables.SigningKey]:
    """Return the keys of an issuer, oldest first."""
    return session.scalars(select(tables.SigningKey).where(tables.SigningKey.issuer_id == issuer.id).order_by(tables.SigningKey.id)).all()


def states(session: Session, issuers: Sequence[tables.Issuer]) -> dict[int, set[str]]:
    """Return in which states the keys of each issuer are, by its row."""
    table = tables.SigningKey
    found: dict[int, set[str]] = {issuer.id: set() for issuer in issuers}
    for issuer_id, state in session.execute(select(table.issuer_id, table.state).where(table.issuer_id.in_(found)).distinct()):
        found[issuer_id].add(state)
    return found


def controller_document(session: Session, issuer: tables.Issuer) -> JsonObject:
    """Return the controlled identifier document of an issuer, retired keys included (CID-1.0#controlled-identifier-documents).

    Raises:
        problem.NotFound: The issuer has no key yet, and so no DID.
    """
    if issuer.did is None:
        raise problem.NotFound(f"The issuer {issuer.slug} has no key yet.")
    counting = [key for key in keys(session, issuer) if key.state in _COUNTING]
    methods = [_method(key, issuer.did) for key in keys(session, issuer)]
    return controller.compose(issuer.did, methods, asserting=[key.verification_method for key in counting])


def compromised(session: Session) -> dict[str, datetime]:
    """Return verification method → the moment since which it is compromised, for every such key of this service."""
    found = session.scalars(_COMPROMISED)
    return {key.verification_method: key.compromised_since or key.created_at for key in found}


def _lock(session: Session, issuer: tables.Issuer) -> None:
    """Have whoever else gives this issuer a key wait until the transaction ends; what only refers to the issuer need not."""
    session.get_one(tables.Issuer, issuer.id, with_for_update={"key_share": True}, populate_existing=True)


def _active(session: Session, issuer: tables.Issuer) -> tables.SigningKey | None:
    return session.scalar(_ACTIVE, {"owner": issuer.id})


_ACTIVE = select(tables.SigningKey).where(tables.SigningKey.issuer_id == bindparam("owner"), tables.SigningKey.state == "active")
_COMPROMISED = select(tables.SigningKey).where(tables.SigningKey.state == "compromised")


def _add(
    session: Session, issuer: tables.Issuer, *, keyring: Keyring, site: Site, now: datetime, seed: bytes | None = None
) -> tables.SigningKey:
    public = keyring.create(issuer.slug) if seed is None else keyring.keep(issuer.slug, seed)
    if issuer.did is None:
        issuer.did = controller.key_did(public) if issuer.did_method == "key" else controller.web_did(site.issuer(issuer.slug))
    key = tables.SigningKey(
        issuer_id=issuer.id,
        public_key_multibase=public.multikey,
        verification_method=f"{issuer.did}#{public.multikey}",
        state="active",
        created_at=now,
        activated_at=now,
    )
    session.add(key)
    session.flush()
    return key


def _method(key: tables.SigningKey, did: str) -> controller.VerificationMethod:
    public = multikey.PublicKey.read(key.public_key_multibase)
    return controller.VerificationMethod(key.verification_method, did, public, revoked=key.compromised_since)
