"""Definitions out of this service, and into it: as drafts, all of a file or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import select

from badgeissuer import authoring, problem
from badgeissuer.awarding import definitions
from badgeissuer.openbadges import credential, exchange
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.vc.document import JsonObject


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition in a file.

    Attributes:
        item: The definition, in one of the forms that `exchange.draft` knows.
        placed: Makes of a finding on its draft one that says where in the file that is.
    """

    item: JsonObject
    placed: Callable[[problem.Finding], problem.Finding]


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a definition in a file."""

    slug: str
    what: Literal["made", "changed", "same"]


def exported(session: Session, *, issuer: tables.Issuer | None = None) -> JsonObject:
    """Return the drafts as their authors wrote them, oldest first, of one unit or of all; `bring` makes the same of it again."""
    table, unit = tables.Achievement, tables.Issuer
    query = select(table.slug, unit.slug.label("issuer"), table.draft).join(unit, unit.id == table.issuer_id).order_by(table.id)
    rows = session.execute(query if issuer is None else query.where(table.issuer_id == issuer.id))
    return {"achievements": [{"slug": row.slug, "issuer": row.issuer, "draft": row.draft} for row in rows]}


def exported_documents(session: Session, *, issuer: tables.Issuer | None = None) -> list[JsonObject]:
    """Return the newest published versions as Open Badges 3.0 Achievements in JSON-LD, oldest achievement first."""
    table = tables.Achievement
    query = select(table).order_by(table.id)
    rows = session.scalars(query if issuer is None else query.where(table.issuer_id == issuer.id)).all()
    newest = authoring.newest_versions(session, rows)
    documents = [newest[row.id].document for row in rows if row.id in newest]
    return [{"@context": credential.context(document)} | document for document in documents]


def of_json(document: object) -> list[Definition]:
    """Return the definitions of a JSON document, or raise `problem.Invalid` where there is none."""
    return [Definition(item, _under(pointer, exchange.slug(item))) for pointer, item in exchange.items(document)]


def _under(pointer: str, slug: str) -> Callable[[problem.Finding], problem.Finding]:
    return lambda finding: problem.Finding(f"{slug or 'nameless'}: {finding.detail}", pointer + finding.pointer, finding.type)


def of_sheet(pieces: Iterable[bytes]) -> list[Definition]:
    """Return the definitions of a sheet, of which `pieces` are the bytes; see `definitions.read`."""
    return [Definition(row.item, row.placed) for row in definitions.read(pieces)]


def bring(
    session: Session, owner: tables.Issuer, found: Sequence[Definition], *, may_change: bool, site: Site, now: datetime
) -> list[Brought]:
    """Store the definitions of a file as drafts of a unit.

    Args:
        session: A writing session; where one definition cannot be stored, it must be rolled back.
        owner: The unit.
        found: The definitions.
        may_change: Whether drafts that are there are replaced; published versions stay as they are.
        site: The service.
        now: The moment.

    Raises:
        problem.Invalid: Something is wrong; every finding says where in the file.
    """
    findings: list[problem.Finding] = []
    done = []
    for one in found:
        try:
            done.append(_bring(session, owner, one.item, may_change=may_change, site=site, now=now))
        except (problem.Invalid, problem.Conflict) as fault:
            findings += [one.placed(finding) for finding in fault.each]
    if findings:
        raise problem.Invalid.of(tuple(findings))
    return done


def _bring(session: Session, owner: tables.Issuer, item: JsonObject, *, may_change: bool, site: Site, now: datetime) -> Brought:
    slug, draft = exchange.slug(item), exchange.draft(item)
    row = session.scalar(select(tables.Achievement).where(tables.Achievement.slug == slug))
    if row is None:
        authoring.create_achievement(session, owner, slug=slug, draft=draft, site=site, now=now)
        return Brought(slug, "made")
    if row.issuer_id != owner.id:
        raise problem.Conflict(f"The name {slug!r} is taken by another unit.")
    if row.draft == draft:
        return Brought(slug, "same")
    if not may_change:
        raise problem.Conflict(f"There is already an achievement by the name {slug!r}, whose draft says something else.")
    authoring.change_achievement(session, row, draft=draft, site=site, now=now)
    return Brought(slug, "changed")
