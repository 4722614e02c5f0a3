"""Is anybody there? Workers report that they live and that they can sign; readiness asks for it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from badgeissuer import attesting, notifying, problem, signing, status
from badgeissuer.openbadges import credential
from badgeissuer.store import jobs, tables
from badgeissuer.vc import document, instant, proof, verification
from badgeissuer.vc.report import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.signing import Keyring

FRESH = timedelta(minutes=1)
KEPT_JOBS = timedelta(days=30)
"""How long a job that was done is kept; one that failed for good stays."""
FORGOTTEN = timedelta(days=1)
"""How long a worker that ended without a word is kept on the list."""


def report(session: Session, name: str, *, keyring: Keyring, now: datetime) -> str | None:
    """Note that the worker `name` lives, with something that it just signed; queue the status lists that are due, forget what is over.

    Returns:
        Why it could not sign, for its log; None where it could, or where there is no key yet.
    """
    session.execute(delete(tables.Worker).where(tables.Worker.seen_at < now - FORGOTTEN))
    session.execute(delete(tables.Job).where(tables.Job.state == "done", tables.Job.run_at < now - KEPT_JOBS))
    attesting.forget(session, now=now)
    notifying.forget(session, now=now)
    row = session.scalar(select(tables.Worker).where(tables.Worker.name == name))
    if row is None:
        row = tables.Worker(name=name, started_at=now, seen_at=now)
        session.add(row)
    row.self_test, fault = _self_test(session, keyring=keyring, now=now)
    row.seen_at, row.self_tested_at = now, now if row.self_test else None
    queued = {payload["status_list"] for payload in jobs.payloads(session, status.PUBLISH)}
    for list_id in status.stale(session, now=now):
        if list_id not in queued:
            jobs.enqueue(session, status.PUBLISH, {"status_list": list_id}, now=now)
    return fault


def _self_test(session: Session, *, keyring: Keyring, now: datetime) -> tuple[bytes | None, str | None]:
    try:
        return _signed_sample(session, keyring=keyring, now=now), None
    except problem.Problem as error:
        return None, error.detail


def _signed_sample(session: Session, *, keyring: Keyring, now: datetime) -> bytes | None:
    """Return a small signed credential by one active key after the other, to show that signing works; None where there is no key."""
    query = select(tables.Issuer).join(tables.SigningKey).where(tables.SigningKey.state == "active").order_by(tables.Issuer.id)
    able = session.scalars(query).all()
    if not able:
        return None
    issuer = able[int(now.timestamp()) % len(able)]
    _, signer = signing.signer(session, issuer, keyring=keyring)
    sample = {
        "@context": [credential.CONTEXT[0]],
        "type": ["VerifiableCredential"],
        "issuer": issuer.did,
        "validFrom": instant.write(now),
        "credentialSubject": {"id": "urn:badgeissuer:self-test"},
    }
    return json.dumps(proof.add_proof(proof.lint(sample), signer, created=now)).encode()


def leave(session: Session, name: str, *, now: datetime) -> None:
    """Note that the worker `name` ends, and give back what it had in hand."""
    jobs.release(session, name, now=now)
    row = session.scalar(select(tables.Worker).where(tables.Worker.name == name))
    if row is not None:
        session.delete(row)


def is_anybody_there(session: Session, *, now: datetime) -> bool:
    """Return whether some worker was seen within the last minute."""
    return session.scalar(select(tables.Worker.id).where(tables.Worker.seen_at >= now - FRESH).limit(1)) is not None


def require(session: Session, *, now: datetime) -> None:
    """Return if some worker lives and, where there is a key to sign with, has just signed something that verifies.

    Raises:
        problem.Unavailable: None does, or none has.
    """
    alive = session.scalars(select(tables.Worker).where(tables.Worker.seen_at >= now - FRESH)).all()
    if not alive:
        raise problem.Unavailable("No worker was seen within the last minute. Start one: badgeissuer worker")
    has_keys = session.scalar(select(tables.SigningKey.id).where(tables.SigningKey.state == "active").limit(1)) is not None
    if has_keys and not any(_verifies(session, row, now=now) for row in alive):
        raise problem.Unavailable("No worker has signed anything that verifies within the last minute.")


def _verifies(session: Session, row: tables.Worker, *, now: datetime) -> bool:
    if row.self_test is None:
        return False
    source = document.parse(row.self_test)
    issuer = session.scalar(select(tables.Issuer).where(tables.Issuer.did == source["issuer"]))
    gathered = status.controller_resource(session, issuer, now=now) if issuer else {}
    found = verification.verify(source, gathered, now=now, policy=verification.Policy(verification.GENERIC), sha256="")
    return found.outcome is Outcome.VALID
