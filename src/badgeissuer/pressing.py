"""Presses of published achievements: made when first needed, kept with the digests of their contexts, and never changed.

Which members a badge has, and what stands in it of its issuer, decides which press it is printed with; there are a few for each version.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from typing import TYPE_CHECKING
from uuid import UUID

import orjson
from cachetools import LRUCache
from sqlalchemy import bindparam, select

from badgeissuer import authoring, problem, signing, status, verifying
from badgeissuer.openbadges import credential, microcredential, press, results
from badgeissuer.openbadges import verification as badges
from badgeissuer.store import engine, tables
from badgeissuer.vc import alarm, document, proof, statuslist, verification
from badgeissuer.vc.report import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.openbadges.credential import Particulars
    from badgeissuer.vc import contexts, multikey
    from badgeissuer.vc.document import JsonObject

_PRESSES: LRUCache[str, press.Press | None] = LRUCache(256)
_LOCK = threading.Lock()
_NOBODY = "nobody@example.org"


def sign_all(
    session: Session,
    version: tables.AchievementVersion,
    particulars: Sequence[Particulars],
    *,
    issuer: tables.Issuer,
    keyring: signing.Keyring,
    site: Site,
    now: datetime,
) -> list[bytes]:
    """Return signed badges of one achievement version, in the order given, each verified as a stranger would; nothing of them is stored.

    Args:
        session: A writing session.
        version: The published achievement.
        particulars: What is said in each badge besides; a status list of theirs that is due is signed first.
        issuer: The issuing unit.
        keyring: Where its key is.
        site: Where this service stands.
        now: The moment.

    Raises:
        problem.Invalid: A badge would break a rule of Open Badges; none is given back.
        problem.Fault: A signed badge does not verify.
    """
    _, signer = signing.signer(session, issuer, keyring=keyring)
    profile = authoring.profile(session, issuer)
    lists = _published_lists(session, {item.status.list_url for item in particulars}, keyring=keyring, site=site, now=now)
    verify = _verifier(session, issuer, lists, now=now, known=microcredential.known(version.document))
    presses: dict[Hashable, press.Press | None] = {}
    made = []
    for item in particulars:
        apart = press.take_apart(item)
        if apart.key not in presses:
            presses[apart.key] = find(session, version, item, issuer=profile, now=now)
        found = presses[apart.key]
        printed = found.print(apart.leaves) if found and alarm.ALARM.reason is None else None
        if printed is None:
            linted = credential.lint(item.badge(version.document, profile))
            signed = document.write(proof.add_proof(linted, signer, created=item.dates.valid_from))
            verify(signed)
        else:
            signed = _proven(printed, signer, item, version.document)
            with _explained(item, version.document, profile):
                verify(signed)
        made.append(signed)
    return made


def check(
    session: Session,
    version: tables.AchievementVersion,
    item: Particulars,
    *,
    issuer: tables.Issuer,
    presses: dict[Hashable, press.Press | None],
    now: datetime,
) -> None:
    """Return if a badge that says this could be signed; what is checked of values when they are handed in is not checked here.

    Args:
        session: A writing session.
        version: The published achievement.
        item: What is said in the badge besides.
        issuer: The issuing unit.
        presses: Presses that were found before; the one for this badge is added.
        now: The moment.

    Raises:
        problem.Invalid: It could not.
        problem.Conflict: The issuer has no key yet.
    """
    profile, apart = authoring.profile(session, issuer), press.take_apart(item)
    key = (version.id, apart.key)
    if key not in presses:
        presses[key] = find(session, version, item, issuer=profile, now=now)
    found = presses[key]
    if found is None or found.print(apart.leaves) is None:
        credential.lint(item.badge(version.document, profile))


def _proven(printed: press.Printed, signer: multikey.Signer, item: Particulars, achievement: JsonObject) -> bytes:
    context, known = credential.context(achievement), microcredential.known(achievement)
    return printed.secured(proof.prove(printed.canonical, signer, context=context, created=item.dates.valid_from, known=known))


@contextlib.contextmanager
def _explained(item: Particulars, achievement: JsonObject, issuer: JsonObject) -> Iterator[None]:
    """Refuse what the lint refuses and verifiers do not look at; where they refuse a printed badge, say which rule it breaks."""
    findings = results.check(item.claims.results, achievement, prefix="/credentialSubject/result")
    if findings:
        raise problem.Invalid.of(findings)
    try:
        yield
    except problem.Fault:
        credential.lint(item.badge(achievement, issuer))
        raise


def prepare(session: Session, version: tables.AchievementVersion, *, site: Site, now: datetime) -> None:
    """Make the press of the most usual badges of a version that was just published: for an e-mail address, without results.

    Args:
        session: The writing session that published it.
        version: The published achievement.
        site: Where this service stands.
        now: The moment.
    """
    owner = session.get_one(tables.Achievement, version.achievement_id).issuer_id
    issuer = authoring.profile(session, session.get_one(tables.Issuer, owner))
    usual = credential.Particulars(
        site.credential(UUID(int=0)),
        credential.Recipient(_NOBODY, salt="-"),
        credential.Claims(),
        credential.Dates(now, now),
        statuslist.Entry(site.status_list(UUID(int=0)), 0, status.PURPOSE),
    )
    find(session, version, usual, issuer=issuer, now=now)


_LISTS = select(tables.StatusList).where(tables.StatusList.uuid.in_(bindparam("uuids", expanding=True))).order_by(tables.StatusList.id)


def _published_lists(
    session: Session, urls: set[str], *, keyring: signing.Keyring, site: Site, now: datetime
) -> dict[str, verification.Resource | verification.Unreachable]:
    """Return status lists of ours as they stand on the web, after signing those that are due."""
    found: dict[str, verification.Resource | verification.Unreachable] = {}
    names = {UUID(url.rpartition("/")[2]): url for url in sorted(urls)}
    for row in session.scalars(_LISTS, {"uuids": list(names)}).all():
        url = names[row.uuid]
        fresh = status.publish(session, row.id, keyring=keyring, site=site, now=now) if status.is_due(row, now=now) else row
        found[url] = verification.Resource(url, fresh.published or b"", fresh.published_at or now)
    return found


def _verifier(
    session: Session,
    issuer: tables.Issuer,
    lists: dict[str, verification.Resource | verification.Unreachable],
    *,
    now: datetime,
    known: Mapping[str, contexts.Context],
) -> Callable[[bytes], None]:
    """Return what verifies as a stranger would; only the date is the badge's own, so that a slow queue does not fail what was fine."""
    gathered = lists | status.controller_resource(session, issuer, now=now)
    trusted = {issuer.did or "": issuer.name}
    policy = verification.Policy(badges.BADGE, known, trusted=trusted, compromised=signing.compromised(session))
    good = {Outcome.VALID, Outcome.NOT_APPLICABLE}

    def verify(signed: bytes) -> None:
        given = verifying.read(signed)
        found = verification.verify(given.content, gathered, now=now, policy=policy, sha256="", imprint=given.imprint)
        if any(step.outcome not in good for step in found.steps if step.name != "validity"):
            raise problem.Fault(f"The badge that was just signed does not verify. {found.summary}")
        verifying.learn(signed, given, found, policy=policy)

    return verify


def find(
    session: Session, version: tables.AchievementVersion, particulars: Particulars, *, issuer: JsonObject, now: datetime
) -> press.Press | None:
    """Return the press for a badge; a new one is made of it and kept, None where no press can be made for its like.

    Args:
        session: A writing session.
        version: The published achievement.
        particulars: What is said in the badge besides.
        issuer: The Profile of the issuing unit.
        now: The moment.

    Raises:
        problem.Invalid: The badge breaks a rule.
        problem.Fault: The press was kept under another context than there is now, or was damaged.
    """
    name = press.members(particulars, version.document, issuer)
    with _LOCK:
        if name in _PRESSES:
            return _PRESSES[name]
    row = session.scalar(select(tables.Press).where(tables.Press.achievement_version_id == version.id, tables.Press.members == name))
    known = microcredential.known(version.document)
    made = _read(row, known) if row else _make(session, version, particulars, name=name, issuer=issuer, now=now)
    with _LOCK:
        _PRESSES[name] = made
    return made


def _read(row: tables.Press, known: Mapping[str, contexts.Context]) -> press.Press:
    if hashlib.sha256(row.plan).hexdigest() != row.sha256:
        raise problem.Fault(f"The template {row.id} for badges is damaged; nothing is signed with it. Restore it from a backup.")
    return press.from_json(orjson.loads(row.plan), known=known)


def _make(
    session: Session, version: tables.AchievementVersion, particulars: Particulars, *, name: str, issuer: JsonObject, now: datetime
) -> press.Press | None:
    made = press.make(particulars, version.document, issuer=issuer)
    if made is not None:
        plan = orjson.dumps(press.to_json(made))
        row = tables.Press(
            achievement_version_id=version.id,
            members=name,
            contexts=dict(made.contexts),
            plan=plan,
            sha256=hashlib.sha256(plan).hexdigest(),
            created_at=now,
        )
        engine.add_if_new(session, row)  # another process may have been first, with the same
    return made
