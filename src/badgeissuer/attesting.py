"""Sign what somebody composed elsewhere: any W3C credential, as VC-API hands it in. Nothing of it becomes an award or a page.

    prepare   the document as it will be signed, looked at as strictly as it will be before it is signed; touches nothing
    request   a row and a job for a worker, with everything that must not differ between two tries: time, place in the status list
    sign      lint → sign → verify as a stranger would → the answer into the row; or into the row why not

Ed25519 is deterministic, so that a second try makes the same bytes as the first.

Source: VC-API#issue-credential.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from badgeissuer import problem, signing, status
from badgeissuer.openbadges import verification as badges
from badgeissuer.store import jobs, tables
from badgeissuer.vc import contexts, credential, cryptosuites, document, jose, proof, secured, shape, statuslist, verification
from badgeissuer.vc.report import Outcome, Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.store import status_places
    from badgeissuer.vc import multikey
    from badgeissuer.vc.document import JsonObject

SIGN = "sign"
KEPT = timedelta(hours=1)
"""How long an answer is kept; whoever asked for it waits for seconds."""
STALE = timedelta(minutes=5)
"""After so long nobody waits any more: what was asked for then is not signed, so that badges need not wait for it."""
_OURS = ("/a/", "/c/", "/i/", "/status-lists/")
"""Where this service publishes; a credential that is kept elsewhere must not have an address there as its id."""
_MUST_PASS = ("context", "data_model", "issuer", "proof")
"""The steps that make a signature good; whether the credential counts already, or still, is the issuer's affair."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A way to secure a credential.

    Attributes:
        name: As it stands in addresses.
        suite: What is signed; a token where None.
        defines: Version of the data model → the context that defines the terms of the proof, where the first one does not.
        has_status: Whether the credential gets a place in a status list.
    """

    name: str
    suite: cryptosuites.Cryptosuite | None
    defines: Mapping[str, str]
    has_status: bool = False


_DATA_INTEGRITY = {contexts.CREDENTIALS_V1: contexts.DATA_INTEGRITY_V2}
_SUITE_OF_2020 = dict.fromkeys((contexts.CREDENTIALS_V1, contexts.CREDENTIALS_V2), contexts.ED25519_2020)
MECHANISMS: Mapping[str, Mechanism] = {
    mechanism.name: mechanism
    for mechanism in (
        Mechanism("eddsa-rdfc-2022", cryptosuites.EDDSA_RDFC_2022, _DATA_INTEGRITY),
        Mechanism("eddsa-jcs-2022", cryptosuites.EDDSA_JCS_2022, _DATA_INTEGRITY),
        Mechanism("Ed25519Signature2020", cryptosuites.ED25519_SIGNATURE_2020, _SUITE_OF_2020),
        Mechanism("vc-jwt", None, {}),
        Mechanism("status-list", cryptosuites.EDDSA_RDFC_2022, _DATA_INTEGRITY, has_status=True),
    )
}


def prepare(source: JsonObject, mechanism: Mechanism, *, site: Site, known: Mapping[str, contexts.Context]) -> JsonObject:
    """Return the document as it will be signed, its status apart.

    Args:
        source: The credential as it was handed in; it is not changed.
        mechanism: How it is to be secured.
        site: This service.
        known: The contexts that it may name.

    Raises:
        problem.Invalid: It is no good credential, or a signature would not cover all of it.
        report.Undecided: It names a context of which no copy is held.
    """
    credential.check_context(source, known)
    further = mechanism.defines.get(source["@context"][0])
    named = source["@context"] if further is None or further in source["@context"] else [*source["@context"], further]
    composed = source | {"@context": named}
    if mechanism.has_status:
        composed |= {"credentialStatus": statuslist.Entry("https://example.org/status", 1, status.PURPOSE).to_json()}
        _require_room_for_status(source)
    _require_own_id(source, site)
    _lint(composed, known)
    return source | {"@context": named}


def _require_room_for_status(source: JsonObject) -> None:
    if "credentialStatus" in source:
        detail = "The credential says already where its status stands; the issuer says that."
        raise problem.Invalid.of((problem.Finding(detail, "/credentialStatus"),))
    if credential.is_of_version_1(source):
        detail = "Only credentials of version 2.0 are given a status: version 1.1 does not define its terms."
        raise problem.Invalid.of((problem.Finding(detail, "/@context/0"),))


def _require_own_id(source: JsonObject, site: Site) -> None:
    name = source.get("id")
    if isinstance(name, str) and (site.path_of(name) or "").startswith(_OURS):
        detail = "The id is an address of this service, where something else stands or will stand. Give another one, or none."
        raise problem.Invalid.of((problem.Finding(detail, "/id"),))


def _lint(source: JsonObject, known: Mapping[str, contexts.Context]) -> proof.Linted:
    return proof.lint(source, shape.generic_gate, credential.rules, known=known)


def issuer(session: Session, did: str) -> tables.Issuer:
    """Return the issuer that a DID is, or raise `problem.Invalid`."""
    row = session.scalar(select(tables.Issuer).where(tables.Issuer.did == did)) if did else None
    if row is None:
        raise problem.Invalid.of((problem.Finding("No issuer of this service has that id.", "/issuer"),))
    return row


def request(
    session: Session,
    owner: tables.Issuer,
    *,
    composed: JsonObject,
    mechanism: Mechanism,
    name: str | None,
    site: Site,
    randomness: status_places.Randomness,
    now: datetime,
) -> UUID:
    """Store a document to be signed, and the job that will; return the name under which the answer can be asked for.

    Args:
        session: A writing session.
        owner: Who signs.
        composed: What `prepare` returned.
        mechanism: How.
        name: The id by which its status will be changed, where it gets one.
        site: This service.
        randomness: Where unpredictable values come from.
        now: The moment that the signature will say it was made at.
    """
    row = tables.SigningRequest(issuer_id=owner.id, mechanism=mechanism.name, document=document.write(composed), created_at=now)
    session.add(row)
    if mechanism.has_status:
        status.allocate(session, owner.id, credential_uuid=row.uuid, randomness=randomness, now=now)
        status_list, place = status.entry(session, row.uuid)
        entry = statuslist.Entry(site.status_list(status_list.uuid), place.position, status_list.purpose)
        row.document = document.write(composed | {"credentialStatus": entry.to_json()})
    session.flush()
    jobs.enqueue(session, SIGN, {"request": row.id, "name_sha256": _digest(name) if name and mechanism.has_status else None}, now=now)
    return row.uuid


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request.

    Attributes:
        state: `signed` or `refused`.
        content: The signed credential, or a problem document.
    """

    state: str
    content: bytes


def answer(session: Session, uuid: UUID) -> Answer | None:
    """Return what became of a request; None while it waits."""
    row = session.scalar(select(tables.SigningRequest).where(tables.SigningRequest.uuid == uuid))
    return Answer(row.state, row.answer) if row is not None and row.answer is not None else None


def sign(
    session: Session,
    request_id: int,
    *,
    name_sha256: str | None,
    keyring: signing.Keyring,
    site: Site,
    known: Mapping[str, contexts.Context],
    now: datetime,
) -> None:
    """Sign a document that was asked for, or note why not; one that was answered already stays as it is.

    Args:
        session: A writing session.
        request_id: The row.
        name_sha256: Of the id by which its status will be changed, where it gets one.
        keyring: Where the keys are.
        site: This service.
        known: The contexts that the document may name.
        now: The moment.
    """
    row = session.get(tables.SigningRequest, request_id, with_for_update=True)
    if row is None or row.state != "waiting":
        return
    try:
        signed = _signed(session, row, keyring=keyring, site=site, known=known, now=now)
    except (problem.Invalid, problem.Malformed, problem.TooLarge, problem.Conflict, Undecided) as error:
        _answer(row, "refused", error.to_json(), now=now)
        return
    _answer(row, "signed", signed, now=now)
    if name_sha256:
        session.add(tables.Attestation(issuer_id=row.issuer_id, credential_sha256=name_sha256, credential_uuid=row.uuid, created_at=now))


def _answer(row: tables.SigningRequest, state: str, content: JsonObject, *, now: datetime) -> None:
    row.state, row.answer, row.answered_at = state, document.write(content), now


def _signed(
    session: Session,
    row: tables.SigningRequest,
    *,
    keyring: signing.Keyring,
    site: Site,
    known: Mapping[str, contexts.Context],
    now: datetime,
) -> JsonObject:
    if now - row.created_at > STALE:
        raise problem.Conflict("Nobody waited for it any more, so it was not signed.")
    owner = session.get_one(tables.Issuer, row.issuer_id)
    linted = _lint(document.parse(row.document, max_bytes=len(row.document)), known)
    gathered = status.controller_resource(session, owner, now=now)
    if MECHANISMS[row.mechanism].has_status:
        gathered |= _published_list(session, row.uuid, keyring=keyring, site=site, now=now)
    _, signer = signing.signer(session, owner, keyring=keyring)
    signed = _secured(linted, signer, MECHANISMS[row.mechanism], created=row.created_at)
    policy = verification.Policy(badges.GENERIC, known=known, compromised=signing.compromised(session))
    _require_good(signed, gathered, policy=policy, has_status=MECHANISMS[row.mechanism].has_status, now=now)
    return signed


def _secured(linted: proof.Linted, signer: multikey.Signer, mechanism: Mechanism, *, created: datetime) -> JsonObject:
    if mechanism.suite is None:
        return secured.envelope(jose.sign(linted.content, signer, kind="vc+jwt"))
    return proof.add_proof(linted, signer, created=created, suite=mechanism.suite)


def _published_list(
    session: Session, uuid: UUID, *, keyring: signing.Keyring, site: Site, now: datetime
) -> dict[str, verification.Resource]:
    """Return the status list of a credential as the world will find it, signed now if it was not yet."""
    row, _ = status.entry(session, uuid)
    if status.is_due(row, now=now):
        row = status.publish(session, row.id, keyring=keyring, site=site, now=now)
    url = site.status_list(row.uuid)
    return {url: verification.Resource(url, row.published or b"", row.published_at or now)}


def _require_good(
    signed: JsonObject, gathered: verification.Gathered, *, policy: verification.Policy, has_status: bool, now: datetime
) -> None:
    """Verify what was signed as a stranger would, and raise `problem.Invalid` unless its signature is good."""
    given = secured.read_value(signed)
    found = verification.verify(given.content, gathered, now=now, policy=policy, sha256="", token=given.token)
    must = (*_MUST_PASS, "status") if has_status else _MUST_PASS
    bad = [step for step in found.steps if step.name in must and step.outcome is not Outcome.VALID]
    if bad:
        details = " ".join(finding.detail for step in bad for finding in step.findings)
        raise problem.Invalid(f"It was not signed, since what would be handed out does not verify. {details}")


def give_up(session: Session, request_id: int, reason: str) -> None:
    """Note that a document could not be signed, and why."""
    row = session.get(tables.SigningRequest, request_id, with_for_update=True, populate_existing=True)
    if row is not None and row.state == "waiting":
        refusal = problem.Conflict(f"It could not be signed. {reason}")
        _answer(row, "refused", refusal.to_json(), now=row.created_at)  # whoever asked has long gone


def attested(session: Session, name: str) -> Sequence[tables.Attestation]:
    """Return the credentials with a status that were signed on request under an id; an id may have been used more than once."""
    table = tables.Attestation
    return session.scalars(select(table).where(table.credential_sha256 == _digest(name)).order_by(table.id)).all()


def forget(session: Session, *, now: datetime) -> None:
    """Delete the requests that were answered long enough ago."""
    session.execute(delete(tables.SigningRequest).where(tables.SigningRequest.answered_at < now - KEPT))


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
