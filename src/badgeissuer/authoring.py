"""Define issuers and achievements, and publish achievements as versions that never change."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from typing import TYPE_CHECKING, Any, TypeVar

import rfc8785
from sqlalchemy import and_, func, select

from badgeissuer import access, appraising, branding, indexing, linking, problem
from badgeissuer.openbadges import credential, definition, drafting, exchange
from badgeissuer.store import engine, tables
from badgeissuer.vc import controller, jsonld, multikey, statuslist
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer import frameworks
    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.vc.document import JsonObject

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
Row = TypeVar("Row")
_EXAMPLE = controller.key_did(multikey.PublicKey(b"\1" * 32))


def check_slug(slug: str) -> None:
    """Raise `problem.Invalid` where a slug cannot stand in a URL."""
    if not SLUG.fullmatch(slug):
        finding = problem.Finding("A slug has 1 to 64 small letters, digits and hyphens, no hyphen first or last.", "/slug")
        raise problem.Invalid.of((finding,))


def create_issuer(session: Session, values: Mapping[str, Any], *, site: Site, now: datetime) -> tables.Issuer:
    """Store an issuing unit; its first key, and with it its DID, come from `signing.generate`.

    Args:
        session: A writing session.
        values: Columns of `tables.Issuer`; `did_method` may be left out (did:web where the service is reached by https).
        site: The service.
        now: The moment.

    Raises:
        problem.Invalid: The slug or an address is malformed, or did:web is asked for without https.
        problem.Conflict: The slug is taken.
    """
    check_slug(values["slug"])
    method = values.get("did_method") or ("web" if site.is_secure else "key")
    if method == "web" and not site.is_secure:
        raise problem.Invalid.of((problem.Finding("did:web needs a service that is reached by https.", "/did_method"),))
    _check_issuer(values)
    given = {name: value for name, value in values.items() if name != "parent"}
    if values.get("parent") is not None:
        given["parent_id"] = branding.place(session, None, issuer(session, values["parent"]))
    row = engine.add_if_new(session, tables.Issuer(**given | {"did_method": method, "created_at": now}))
    return _new(row, "issuer", values["slug"])


def change_issuer(session: Session, row: tables.Issuer, values: Mapping[str, Any]) -> None:
    """Change what is given of an issuing unit; None takes back what it said itself. What stands in badges stays.

    Args:
        session: A writing session.
        row: The unit.
        values: Columns of `tables.Issuer`, and `parent`, the slug of the unit that it belongs to.

    Raises:
        problem.Invalid: A value could not be shown, or it would belong to itself.
        problem.NotFound: There is no such parent.
    """
    _check_issuer(values)
    for name, value in values.items():
        if name == "parent":
            row.parent_id = None if value is None else branding.place(session, row, issuer(session, value))
        else:
            setattr(row, name, value)
    session.flush()


def require_may_change(actor: access.Actor, names: Collection[str], *, row: tables.Issuer | None = None) -> None:
    """Return if somebody may change what is named of a unit: looks, or who it is, or whom it belongs to.

    Args:
        actor: Who asks.
        names: What is to change, as `change_issuer` calls it.
        row: The unit; None before it is looked for.

    Raises:
        problem.Forbidden: Their role, or its binding to one unit, does not allow it.
        problem.NotFound: They may not know of the unit.
    """
    needed = access.DEFINE if branding.LOOKS.issuperset(names) else access.MANAGE
    access.require(actor, needed, issuer_id=row.id if row else None)
    if "parent" in names:
        access.require_everywhere(actor, access.MANAGE)


def _check_issuer(values: Mapping[str, Any]) -> None:
    for name in ("url", "image"):
        if values.get(name) and not jsonld.ABSOLUTE_IRI.fullmatch(values[name]):
            raise problem.Invalid.of((problem.Finding(f"{name} must be an absolute URL.", f"/{name}"),))
    branding.check(values)


def issuer(session: Session, slug: str) -> tables.Issuer:
    """Return the issuer of that slug, or raise `problem.NotFound`."""
    return _found(session.scalar(select(tables.Issuer).where(tables.Issuer.slug == slug)))


def profile(session: Session, row: tables.Issuer) -> JsonObject:
    """Return the Profile that stands in badges as their issuer (OB-3.0 Profile).

    Raises:
        problem.Conflict: The issuer, or one that it belongs to, has no key yet.
    """
    return branding.profile(branding.lineage(session, row))


def create_achievement(
    session: Session, owner: tables.Issuer, *, slug: str, draft: JsonObject, site: Site, now: datetime
) -> tables.Achievement:
    """Store a definition as a draft, after checking it as if it were published.

    Raises:
        problem.Invalid: The draft breaks a rule; every finding is named.
        problem.Conflict: The slug is taken.
    """
    check_slug(slug)
    linking.take_turns(session, draft)
    check_draft(session, draft, owner, slug=slug, site=site)
    new = tables.Achievement(issuer_id=owner.id, slug=slug, draft=draft, created_at=now, updated_at=now)
    return _new(engine.add_if_new(session, new), "achievement", slug)


def tag(session: Session, row: tables.Achievement) -> str:
    """Return what tells one state of an achievement from every other: its draft, and whether and as what it is published."""
    newest = newest_version(session, row)
    return _tag(row, newest.version if newest else 0)


def _tag(row: tables.Achievement, version: int) -> str:
    return f"{_digest(row.draft)}.{version}"


def require_seen(session: Session, row: tables.Achievement, allows: Callable[[str], bool], *, draft: JsonObject | None = None) -> None:
    """Lock an achievement, and see that it still is what somebody wants to change.

    Who asks again because no answer came finds done what they asked for, and is let through (RFC 9110 13.1.1).

    Args:
        session: A writing session.
        row: The achievement.
        allows: Tells of the tag of a state whether it is one that was seen.
        draft: What is to take the place of the draft; None where the draft is to be published.

    Raises:
        problem.Outdated: It is not.
    """
    session.refresh(row, with_for_update=True)
    newest = newest_version(session, row)
    is_done = row.draft == draft
    if draft is None and newest is not None and is_published(row, newest):
        is_done = allows(_tag(row, newest.version - 1))
    if not (is_done or allows(_tag(row, newest.version if newest else 0))):
        raise problem.Outdated("Somebody else has changed the draft since you looked at it. Nothing was stored. Look at it again.")


def change_achievement(session: Session, row: tables.Achievement, *, draft: JsonObject, site: Site, now: datetime) -> tables.Achievement:
    """Replace the draft; published versions stay as they are."""
    linking.take_turns(session, draft)
    check_draft(session, draft, session.get_one(tables.Issuer, row.issuer_id), slug=row.slug, site=site)
    row.draft, row.updated_at = draft, now
    return row


def achievement(session: Session, slug: str) -> tables.Achievement:
    """Return the achievement of that slug, or raise `problem.NotFound`."""
    return _found(session.scalar(select(tables.Achievement).where(tables.Achievement.slug == slug)))


def own_achievement(session: Session, slug: str, actor: access.Actor, action: str) -> tables.Achievement:
    """Return the achievement of that slug, to do `action` to.

    Raises:
        problem.Forbidden: The actor's role does not allow it.
        problem.NotFound: There is none, or it belongs to another issuer.
    """
    row = achievement(session, slug)
    access.require(actor, action, issuer_id=row.issuer_id)
    return row


def check_draft(session: Session, draft: JsonObject, owner: tables.Issuer, *, slug: str, site: Site) -> None:
    """Raise `problem.Invalid` with everything that would keep a draft from standing in a badge.

    Besides the rules for definitions, a whole example badge is linted: what JSON-LD would leave unsigned is refused here already.
    """
    definition.require(definition.check_draft(draft))
    linking.require_no_circle(session, draft, slug=slug)
    completed = _complete(session, draft, owner, slug=slug, version=1, site=site)
    definition.require(definition.check(completed))
    try:
        credential.lint(_example(session, completed, owner))
    except problem.Invalid as error:
        raise problem.Invalid(error.detail, kind=error.kind, findings=tuple(_of_draft(finding) for finding in error.findings)) from None


def _of_draft(finding: problem.Finding) -> problem.Finding:
    """Return a finding on the example badge as one on the draft that its author wrote."""
    return dataclasses.replace(finding, pointer=finding.pointer.removeprefix("/credentialSubject/achievement"))


def _complete(session: Session, draft: JsonObject, owner: tables.Issuer, *, slug: str, version: int, site: Site) -> JsonObject:
    creator = {"id": owner.did or _EXAMPLE, "type": ["Profile"]}  # only what never changes: a version is for good, a name is not
    expanded = drafting.expand(draft, linking.targets(session, draft, owner, slug=slug, site=site))
    return definition.complete(expanded, url=site.achievement(slug, version), version=str(version), creator=creator)


def _example(session: Session, completed: JsonObject, owner: tables.Issuer) -> JsonObject:
    return credential.compose(
        "urn:uuid:00000000-0000-4000-8000-000000000000",
        completed,
        issuer=branding.profile(branding.lineage(session, owner), did=_EXAMPLE),
        recipient=credential.Recipient(email="learner@example.org", salt="salt"),
        claims=credential.Claims(),
        dates=credential.Dates(awarded=owner.created_at, valid_from=owner.created_at),
        status=statuslist.Entry("https://example.org/status", 1, "revocation"),
    )


def publish(session: Session, row: tables.Achievement, *, site: Site, now: datetime) -> tables.AchievementVersion:
    """Freeze the draft as the next version; a draft that is published already gives the version that it is.

    Raises:
        problem.Conflict: Something is missing; the findings say what.
    """
    session.refresh(row, with_for_update=True)  # who publishes at the same moment waits, and then finds it published
    owner = session.get_one(tables.Issuer, row.issuer_id)
    profile(session, owner)
    newest = newest_version(session, row)
    if newest is not None and is_published(row, newest):
        return newest
    try:
        check_draft(session, row.draft, owner, slug=row.slug, site=site)
    except problem.Invalid as error:
        raise problem.Conflict(f"The draft cannot be published. {error.detail}", findings=error.findings) from None
    number = newest.version + 1 if newest else 1
    document = completed(session, row, version=number, site=site)
    appraising.require(branding.lineage(session, owner), document)
    version = tables.AchievementVersion(
        achievement_id=row.id,
        version=number,
        document=document,
        draft_sha256=_digest(row.draft),
        published_at=now,
        drawing=drawing(session, row, document),
    )
    session.add(version)
    session.flush()
    indexing.enter(session, row, version)
    return version


def completeness(session: Session, row: tables.Achievement, document: JsonObject) -> tuple[frameworks.Appraisal, ...]:
    """Return how far an achievement has what each framework asks for.

    Args:
        session: A session.
        row: The achievement.
        document: What its draft would be as a version, as `completed` gives it.
    """
    owner = session.get_one(tables.Issuer, row.issuer_id)
    return appraising.appraise(branding.lineage(session, owner), document, did=_EXAMPLE)


def completed(session: Session, row: tables.Achievement, *, version: int, site: Site, draft: JsonObject | None = None) -> JsonObject:
    """Return the Achievement that a draft would be as a version; from the second on it names the one before (OB-3.0 Related).

    Args:
        session: A session.
        row: The achievement.
        version: The number of the version.
        site: The service.
        draft: A checked draft; the achievement's own where it is left out.
    """
    owner = session.get_one(tables.Issuer, row.issuer_id)
    written = row.draft if draft is None else draft
    found = _complete(session, written, owner, slug=row.slug, version=version, site=site)
    if not written.get("image") and branding.draws(branding.lineage(session, owner)):
        found["image"] = {"id": site.picture(row.slug, version), "type": "Image"}
    if version > 1:
        before = {"id": site.achievement(row.slug, version - 1), "type": ["Related"], "version": str(version - 1)}
        found["related"] = [*as_list(found.get("related")), before]
    return found


def drawing(session: Session, row: tables.Achievement, document: JsonObject) -> str | None:
    """Return the picture that is drawn of an achievement, as the text of an SVG; None where it has one, or its unit no template.

    Args:
        session: A session.
        row: The achievement.
        document: It as a version, as `completed` gives it.
    """
    line = branding.lineage(session, session.get_one(tables.Issuer, row.issuer_id))
    if not (exchange.is_drawn(document.get("image"), document["id"]) and branding.draws(line)):
        return None
    level = next(iter(indexing.levels(document)), "").replace(":", " ", 1)
    return branding.draw(line, document, level=level)


def is_published(row: tables.Achievement, version: tables.AchievementVersion) -> bool:
    """Return whether a version says what the draft says."""
    return version.draft_sha256 == _digest(row.draft)


def _digest(draft: JsonObject) -> str:
    return hashlib.sha256(rfc8785.dumps(draft)).hexdigest()


def newest_version(session: Session, row: tables.Achievement) -> tables.AchievementVersion | None:
    """Return the version that new badges assert; None where nothing is published."""
    table = tables.AchievementVersion
    return session.scalar(select(table).where(table.achievement_id == row.id).order_by(table.version.desc()).limit(1))


def newest_versions(session: Session, rows: Sequence[tables.Achievement]) -> dict[int, tables.AchievementVersion]:
    """Return the newest version of each achievement that has one, by the achievement's row."""
    table = tables.AchievementVersion
    newest = select(table.achievement_id, func.max(table.version).label("version")).group_by(table.achievement_id).subquery()
    same = and_(table.achievement_id == newest.c.achievement_id, table.version == newest.c.version)
    query = select(table).join(newest, same).where(table.achievement_id.in_([row.id for row in rows]))
    return {found.achievement_id: found for found in session.scalars(query)}


def published(session: Session, slug: str, *, version: int | None = None) -> tables.AchievementVersion:
    """Return a published version, the newest where none is named, or raise `problem.NotFound`."""
    table = tables.AchievementVersion
    query = select(table).join(tables.Achievement).where(tables.Achievement.slug == slug).order_by(table.version.desc()).limit(1)
    return _found(session.scalar(query if version is None else query.where(table.version == version)))


def _new(row: Row | None, what: str, name: str) -> Row:
    if row is None:
        raise problem.Conflict(f"There is already an {what} by the name {name!r}. Choose another.")
    return row


def _found(row: Row | None) -> Row:
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row
