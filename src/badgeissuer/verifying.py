"""Verify whatever somebody hands us: fetch what the verification asks for, within limits, and report.

What stands under our own base URL is read from the store and never fetched.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from sqlalchemy import select

from badgeissuer import authoring, problem, sharing, signing
from badgeissuer.openbadges import baking, pdf
from badgeissuer.openbadges import verification as badges
from badgeissuer.store import tables
from badgeissuer.vc import document, imprint, report, secured, verification

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

MAX_ROUNDS = 3
MAX_URLS = 8
MAX_BYTES = document.MAX_BYTES
MAX_IMAGE_BYTES = 2 * document.MAX_BYTES
"""Bytes of an image, or of a certificate, with a badge in it."""
SECONDS = 10
"""How long all fetches of one verification may take together."""

_CREDENTIAL = re.compile(r"/c/([0-9a-fA-F-]{32,36})(?:\.(?:json|pdf|png|svg))?")
"""A badge, and the forms that it is downloaded in, which hold it too."""
_STATUS_LIST = re.compile(r"/status-lists/([0-9a-fA-F-]{32,36})")
_CONTROLLER = re.compile(r"/i/([a-z0-9-]{1,64})/did\.json")

Look: TypeAlias = Callable[[str], verification.Resource | verification.Unreachable]
"""What stands at a URL, from the store or from the web."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the operator trusts.

    Attributes:
        issuers: DID → name.
        compromised: Verification method → compromised since.
        list_issuers: DID → who else signs its status lists.
        listed: DID → the registry that names it; those that the operator named themselves are not in it.
    """

    issuers: Mapping[str, str] = field(default_factory=dict)
    compromised: Mapping[str, datetime] = field(default_factory=dict)
    list_issuers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    listed: Mapping[str, str] = field(default_factory=dict)

    def policy(self, profile: verification.Profile) -> verification.Policy:
        """Return the policy of an operator who has no issuers."""
        return verification.Policy(
            profile, trusted=self.issuers, compromised=self.compromised, list_issuers=self.list_issuers, listed=self.listed
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """A report, and the document it is about where one could be read."""

    report: report.Report
    document: document.JsonObject | None


_ISSUERS = select(tables.Issuer.did, tables.Issuer.name)


def policy(session: Session, profile: verification.Profile, *, trust: Trust) -> verification.Policy:
    """Return the policy of this service: the operator's trust, our own issuers, and our own compromised keys."""
    ours = {did: name for did, name in session.execute(_ISSUERS) if did}
    compromised = signing.compromised(session) | dict(trust.compromised)
    return replace(trust.policy(profile), trusted=ours | dict(trust.issuers), compromised=compromised)


def own(session: Session, url: str, *, site: Site, now: datetime) -> verification.Resource | verification.Unreachable | None:
    """Return what stands at a URL of this service, out of the store; None for a URL of anywhere else.

    A badge that its learner keeps private is found only by a URL with a link's secret in it.
    """
    path = site.path_of(url)
    if path is None:
        return None
    try:
        body = _credential(session, path, url, now=now) or _published(session, path)
    except sharing.Private as fault:
        return verification.Unreachable(url, fault.detail[0].lower() + fault.detail[1:].rstrip("."))
    except (problem.NotFound, ValueError):
        body = None
    return verification.Resource(url, body, now) if body else verification.Unreachable(url, "there is no such document here")


def _credential(session: Session, path: str, url: str, *, now: datetime) -> bytes | None:
    found = _badge(session, path)
    if found and sharing.of(found.Sharing).visibility == sharing.PRIVATE:
        sharing.require_link(session, found.award_id, shared_by(url), now=now)
    return found.document if found else None


def shared_by(url: str) -> str:
    """Return the secret of a link that stands in a URL; nothing where none does."""
    return parse_qs(urlsplit(url).query).get("share", [""])[0]


def shows_results(session: Session, url: object, *, site: Site) -> bool:
    """Return whether a page may show the results of the badge of that id: not of one of this service whose learner did not agree."""
    path = site.path_of(url) if isinstance(url, str) else None
    found = _badge(session, path) if path else None
    return found is None or sharing.of(found.Sharing).shows_results


_BADGE = select(tables.Credential.award_id, tables.Credential.document, tables.Sharing).outerjoin(
    tables.Sharing, tables.Sharing.award_id == tables.Credential.award_id
)


def _badge(session: Session, path: str) -> Row[int, bytes, tables.Sharing] | None:
    """Return the badge that stands at a path of ours, with what its learner decided of it."""
    match = _CREDENTIAL.fullmatch(path)
    try:
        return session.execute(_BADGE.where(tables.Credential.uuid == UUID(match[1]))).one_or_none() if match else None
    except ValueError:
        return None


def _published(session: Session, path: str) -> bytes | None:
    if match := _STATUS_LIST.fullmatch(path):
        return session.scalar(select(tables.StatusList.published).where(tables.StatusList.uuid == UUID(match[1])))
    if match := _CONTROLLER.fullmatch(path):
        return json.dumps(signing.controller_document(session, authoring.issuer(session, match[1]))).encode()
    return None


def read(body: bytes) -> secured.Secured:
    """Return the credential that some bytes hold: JSON, a token, an image that a badge was baked into, or a certificate made here.

    Raises:
        problem.Problem: They hold none, or one that cannot be read.
    """
    known = imprint.IMPRINTS.read(body)
    if known is not None:
        return secured.Secured(known.source, imprint=known)
    unbake = pdf.unbake if pdf.begins(body) else baking.unbake if baking.kind(body) is not None else None
    if unbake is not None:
        if len(body) > MAX_IMAGE_BYTES:
            raise problem.TooLarge(f"The file has {len(body):,} bytes; at most {MAX_IMAGE_BYTES:,} are read.")
        body = unbake(body).encode()
    elif body.lstrip()[:1] == b"<":
        raise problem.Malformed("This is a web page and not a badge. Look on it for the badge's own link or file, and hand in that.")
    return secured.read(body)


def verify(body: bytes, *, look: Look, now: datetime, policy: verification.Policy) -> Verified:
    """Return the report on a document.

    Args:
        body: The bytes that somebody handed in: JSON, a token, PNG, SVG, or a PDF made here.
        look: What stands at a URL, from the store or from the web.
        now: The moment to judge at.
        policy: How strictly, whom the verifier trusts, and what the reader asks.

    Raises:
        problem.Unavailable: Too many fetches are under way.
    """
    try:
        given = read(body)
    except problem.Problem as error:
        return unreadable(body, error, now=now, policy=policy)
    sha256 = hashlib.sha256(body).hexdigest()
    found = _verify(given, look=look, now=now, policy=policy, sha256=sha256)
    if found.document is given.content:
        learn(body, given, found.report, policy=policy)
    return found


def learn(body: bytes, given: secured.Secured, found: report.Report, *, policy: verification.Policy) -> None:
    """Keep how a badge is written whose issuer signed it, so that the next ones like it are read at a glance."""
    if given.imprint is None and given.token is None and found.is_signed:
        kind = policy.profile.kind(given.content)
        imprint.IMPRINTS.learn(body, given.content, kind, kind.neutral, policy.known)


def verify_value(value: object, *, look: Look, now: datetime, policy: verification.Policy) -> Verified:
    """Return the report on a credential that came as part of a JSON document; see `verify`."""
    try:
        given = secured.read_value(value)
    except problem.Problem as error:
        return Verified(verification.unreadable(error, now=now, policy=policy), None)
    return _verify(given, look=look, now=now, policy=policy, sha256=hashlib.sha256(document.write(given.content)).hexdigest())


def verify_url(url: str, *, look: Look, now: datetime, policy: verification.Policy) -> Verified:
    """Return the report on the document that stands at a URL; INDETERMINATE where nothing could be had from there."""
    found = look(url.strip())
    if isinstance(found, verification.Unreachable):
        return Verified(verification.unreachable(found, now=now, policy=policy), None)
    return verify(found.body, look=look, now=now, policy=policy)


def unreadable(body: bytes, error: problem.Problem, *, now: datetime, policy: verification.Policy) -> Verified:
    """Return the report on something out of which no credential could be read, and why."""
    return Verified(verification.unreadable(error, now=now, policy=policy, sha256=hashlib.sha256(body).hexdigest()), None)


def _verify(given: secured.Secured, *, look: Look, now: datetime, policy: verification.Policy, sha256: str) -> Verified:
    hurried, effort = _Hurried(look), verification.Effort()
    found = _report(given, look=hurried, now=now, policy=policy, sha256=sha256, effort=effort)
    url = verification.refresh_url(given.content, found, policy=policy)
    if url is None:
        return Verified(found, given.content)
    newer = _newer(url, given, look=hurried, now=now, policy=policy, effort=effort)
    return newer or Verified(found.with_step(_not_refreshed(url)), given.content)


def _report(
    given: secured.Secured, *, look: Look, now: datetime, policy: verification.Policy, sha256: str, effort: verification.Effort
) -> report.Report:
    def examined(gathered: verification.Gathered) -> report.Report:
        return verification.verify(
            given.content, gathered, now=now, policy=policy, sha256=sha256, token=given.token, imprint=given.imprint, effort=effort
        )

    if given.imprint is None:
        return examined(_gather(given, look=look, policy=policy))
    # What it names itself is mostly all that there is to look at, and to try costs less than to ask.
    gathered, left = _gather(given, look=look, policy=policy, rounds=1), effort.left
    found = examined(gathered)
    if not found.missing:
        return found
    effort.left = left
    return examined(_gather(given, look=look, policy=policy, known=gathered, rounds=MAX_ROUNDS - 1))


def _gather(
    given: secured.Secured, *, look: Look, policy: verification.Policy, known: verification.Gathered | None = None, rounds: int = MAX_ROUNDS
) -> verification.Gathered:
    gathered = dict(known or {})
    for _ in range(rounds):
        missing = verification.needs(given.content, gathered, policy=policy, token=given.token, imprint=given.imprint)
        for url in sorted(missing)[: MAX_URLS - len(gathered)]:
            gathered[url] = look(url)
        if not missing:
            break
    return gathered


def _newer(
    url: str, given: secured.Secured, *, look: Look, now: datetime, policy: verification.Policy, effort: verification.Effort
) -> Verified | None:
    """Return what was found of the newer version at `url`; None where there is none that counts. It is not refreshed in its turn."""
    answer = look(url)
    try:
        newer = read(answer.body) if isinstance(answer, verification.Resource) else None
    except problem.Problem:
        newer = None
    if newer is None or not isinstance(answer, verification.Resource):
        return None
    sha256 = hashlib.sha256(answer.body).hexdigest()
    newer_report = _report(newer, look=look, now=now, policy=policy, sha256=sha256, effort=effort)
    report_on_it = verification.refreshed(given.content, newer_report, newer.content)
    return Verified(report_on_it, newer.content) if report_on_it else None


def _not_refreshed(url: str) -> report.Step:
    detail = f"No newer version of it was found at {url[:200]}; the report is about the one that was handed in."
    return report.Step("refresh", report.Outcome.NOT_APPLICABLE, (problem.Finding(detail, type=problem.OURS + "refresh"),))


class _Hurried:
    """A look that gives up once one verification has taken too long in all."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._ends = time.monotonic() + SECONDS

    def __call__(self, url: str) -> verification.Resource | verification.Unreachable:
        if time.monotonic() > self._ends:
            return verification.Unreachable(url, "there was no time left to ask")
        return self._look(url)


BADGE = badges.BADGE
GENERIC = badges.GENERIC
