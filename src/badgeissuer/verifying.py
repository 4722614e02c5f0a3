"""Verify whatever somebody hands us: fetch what the verification asks for, within limits, and report.

What stands under our own base URL is read from the store and never fetched.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from sqlalchemy import select

from badgeissuer import authoring, problem, signing
from badgeissuer.openbadges import verification as badges
from badgeissuer.store import tables
from badgeissuer.vc import document, report, verification

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

MAX_ROUNDS = 3
MAX_URLS = 8
MAX_BYTES = document.MAX_BYTES
SECONDS = 10
"""How long all fetches of one verification may take together."""

_CREDENTIAL = re.compile(r"/c/([0-9a-fA-F-]{32,36})(?:\.json)?")
_STATUS_LIST = re.compile(r"/status-lists/([0-9a-fA-F-]{32,36})")
_CONTROLLER = re.compile(r"/i/([a-z0-9-]{1,64})/did\.json")

Look: TypeAlias = Callable[[str], verification.Resource | verification.Unreachable]
"""What stands at a URL, from the store or from the web."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the operator trusts: DID → name, and verification method → compromised since."""

    issuers: Mapping[str, str] = field(default_factory=dict)
    compromised: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verified:
    """A report, and the document it is about where one could be read."""

    report: report.Report
    document: document.JsonObject | None


def policy(session: Session, profile: verification.Profile, *, trust: Trust) -> verification.Policy:
    """Return the policy of this service: the operator's trust, our own issuers, and our own compromised keys."""
    ours = {row.did: row.name for row in session.scalars(select(tables.Issuer)) if row.did}
    compromised = signing.compromised(session) | dict(trust.compromised)
    return verification.Policy(profile, trusted=ours | dict(trust.issuers), compromised=compromised)


def own(session: Session, url: str, *, site: Site, now: datetime) -> verification.Resource | verification.Unreachable | None:
    """Return what stands at a URL of this service, out of the store; None for a URL of anywhere else."""
    path = site.path_of(url)
    if path is None:
        return None
    try:
        body = _published(session, path)
    except (problem.NotFound, ValueError):
        body = None
    return verification.Resource(url, body, now) if body else verification.Unreachable(url, "there is no such document here")


def _published(session: Session, path: str) -> bytes | None:
    if match := _CREDENTIAL.fullmatch(path):
        return session.scalar(select(tables.Credential.document).where(tables.Credential.uuid == UUID(match[1])))
    if match := _STATUS_LIST.fullmatch(path):
        return session.scalar(select(tables.StatusList.published).where(tables.StatusList.uuid == UUID(match[1])))
    if match := _CONTROLLER.fullmatch(path):
        return json.dumps(signing.controller_document(session, authoring.issuer(session, match[1]))).encode()
    return None


def verify(body: bytes, *, look: Look, now: datetime, policy: verification.Policy) -> Verified:
    """Return the report on a document.

    Args:
        body: The bytes that somebody handed in.
        look: What stands at a URL, from the store or from the web.
        now: The moment to judge at.
        policy: How strictly, and whom the verifier trusts.

    Raises:
        problem.Unavailable: Too many fetches are under way.
    """
    sha256 = hashlib.sha256(body).hexdigest()
    try:
        source = document.parse(body)
    except problem.Problem as error:
        return Verified(verification.unreadable(error, now=now, profile=policy.profile, sha256=sha256), None)
    gathered = _gather(source, look=look)
    return Verified(verification.verify(source, gathered, now=now, policy=policy, sha256=sha256), source)


def _gather(source: document.JsonObject, *, look: Look) -> verification.Gathered:
    gathered: dict[str, verification.Resource | verification.Unreachable] = {}
    ends = time.monotonic() + SECONDS
    for _ in range(MAX_ROUNDS):
        for url in sorted(verification.needs(source, gathered))[: MAX_URLS - len(gathered)]:
            late = time.monotonic() > ends
            gathered[url] = verification.Unreachable(url, "there was no time left to ask") if late else look(url)
    return gathered


def verify_url(url: str, *, look: Look, now: datetime, policy: verification.Policy) -> Verified:
    """Return the report on the document that stands at a URL; INDETERMINATE where nothing could be had from there."""
    found = look(url.strip())
    if isinstance(found, verification.Unreachable):
        return Verified(verification.unreachable(found, now=now, profile=policy.profile), None)
    return verify(found.body, look=look, now=now, policy=policy)


BADGE = badges.BADGE
GENERIC = verification.GENERIC
