"""Units for staff: who belongs to whom, what each says itself and what it has of those above it, and forms to change that.

What a form may change, and what is refused of it, is what the API has of the same (`web.api.issuers`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import pydantic
from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, appraising, authoring, branding, frameworks, problem, signing
from badgeissuer.openbadges import artwork, colour
from badgeissuer.store import tables
from badgeissuer.web import pages, problems
from badgeissuer.web.api import issuers
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import Acting, Fields, Known, Staff, drawing, lead_to, staff_page

ROUTER = APIRouter(include_in_schema=False)
UNITS = "/staff/units"
Slug = Annotated[str, Path(max_length=64)]
Model = TypeVar("Model", bound=pydantic.BaseModel)
SAMPLE = "Name of the achievement"
_WORDS = {
    "slug": "A short name has 1 to 64 small letters, digits and hyphens, no hyphen first or last.",
    "name": "A unit needs a name, of at most 300 characters on one line.",
    "country": "A country is written as two letters, such as NZ.",
    "region": "A region has at most 300 characters.",
    "email": "This is no e-mail address.",
    "linkedin_id": "The number of a page on LinkedIn has digits only, at most 20.",
    "colour": "A colour is written as #rrggbb, such as #14578c.",
    "accent": "A colour is written as #rrggbb, such as #14578c.",
    "artwork": "Choose one of those that are offered.",
    "names": "Each line has a language, such as mi or pt-BR, a colon, and a name of at most 300 characters.",
    "description": "The description holds a character that cannot be shown.",
    "notify": "Choose one of those that are offered.",
    "pauses_overdue": "Choose one of those that are offered.",
    "gate": "Choose one of those that are offered.",
    "did_method": "Choose one of those that are offered.",
}
"""What is said of a field that does not fit its description."""
_YES_OR_NO = frozenset({"notify", "pauses_overdue"})


@ROUTER.get(UNITS, response_class=HTMLResponse)
def listed(using: Using, known: Known, below: Annotated[str, Query(max_length=64)] = "") -> HTMLResponse:
    """Show the units as trees, and a form to make another; `below` is whom that is to belong to."""
    return _listed(using, known, {"parent": below} if below else {})


def _listed(using: Service, known: Staff, given: Mapping[str, str], *, fault: problem.Problem | None = None) -> HTMLResponse:
    access.require(known.actor, access.READ)
    with using.reading() as session:
        rows = _visible(session, known.actor)
        values = {
            "trees": branding.forest(session, rows),
            "states": signing.states(session, rows),
            "units": rows,
            "brand": branding.brand,
            "may_make": _may_everywhere(known.actor),
            "given": given,
            "is_secure": using.site.is_secure,
        }
        return _shown("units", known, values, fault=fault)


def _visible(session: Session, actor: access.Actor) -> list[tables.Issuer]:
    table = tables.Issuer
    return list(session.scalars(access.visible(select(table), actor, column=table.id).order_by(table.name, table.id)))


def _may_everywhere(actor: access.Actor) -> bool:
    return access.may(actor, access.MANAGE) and actor.issuer_id is None


def _shown(name: str, known: Staff, values: Mapping[str, object], *, fault: problem.Problem | None) -> HTMLResponse:
    faults: dict[str, str] = {}
    for finding in fault.each if fault else ():
        faults.setdefault(finding.pointer.removeprefix("/").partition("/")[0], finding.detail)
    status = problems.status_of(fault) if fault else 200
    return staff_page(pages.staff_page(name, known, faults=faults, faint=colour.faint, on=colour.on, **values), status=status)


@ROUTER.post(UNITS)
def make(using: Using, acting: Acting, sent: Fields) -> Response:
    """Make a unit, and have a worker make its first key."""
    access.require_everywhere(acting.actor, access.MANAGE)
    given = {name: sent.get(name, "").strip() for name in ("slug", "name", "parent", "did_method")}
    now = using.now()
    try:
        body = _read(issuers.NewIssuer, {name: value or None for name, value in given.items()})
        with using.writing() as session:
            _require_unit(session, given["parent"])
            row = authoring.create_issuer(session, body.model_dump(), site=using.site, now=now)
            signing.order(session, row, now=now)
    except problem.Invalid as fault:
        return _listed(using, acting, given, fault=fault)
    except problem.Conflict as fault:
        taken = problem.Conflict(fault.detail, findings=(problem.Finding(fault.detail, "/slug"),))
        return _listed(using, acting, given, fault=taken)
    using.wake()
    return lead_to(f"{UNITS}/{body.slug}")


@ROUTER.get(f"{UNITS}/{{slug}}", response_class=HTMLResponse)
def show(slug: Slug, using: Using, known: Known, *, saved: bool = False) -> HTMLResponse:
    """Show a unit: what it says itself, what it has of those above it, its keys, and a form for those who may change it."""
    return _one(using, known, slug, saved=saved)


def _one(
    using: Service,
    known: Staff,
    slug: str,
    *,
    given: Mapping[str, str] | None = None,
    fault: problem.Problem | None = None,
    saved: bool = False,
) -> HTMLResponse:
    actor = known.actor
    with using.reading() as session:
        row = _mine(session, slug, actor, access.READ)
        line = branding.lineage(session, row)
        units = _visible(session, actor)
        values = {
            "row": row,
            "line": line,
            "brand": branding.brand(line),
            "origins": branding.origins(line),
            "templates": artwork.TEMPLATES,
            "gate": appraising.gate(line),
            "gate_of": next((one for one in line if one.gate is not None), None),
            "gates": [(one.key, one.name) for one in frameworks.ALL if one.gates],
            "keys": signing.keys(session, row),
            "below": [one for one in units if one.parent_id == row.id],
            "visible": {one.id for one in units},
            "parents": [one for one in units if row not in branding.lineage(session, one)],
            "may_look": access.may(actor, access.DEFINE),
            "may_manage": access.may(actor, access.MANAGE),
            "may_place": _may_everywhere(actor),
            "given": _fields(session, row) if given is None else given,
            "seen": _tag(session, row),
            "saved": saved,
        }
        return _shown("unit", known, values, fault=fault)


@ROUTER.get(f"{UNITS}/{{slug}}/artwork/{{template}}.svg")
def sample(slug: Slug, template: Annotated[str, Path(max_length=40)], using: Using, known: Known) -> Response:
    """Show what a template draws in the colours of a unit."""
    with using.reading() as session:
        line = branding.lineage(session, _mine(session, slug, known.actor, access.READ))
        if template not in artwork.TEMPLATES:
            raise problem.NotFound(problem.NOTHING)
        return drawing(branding.draw(line, {"name": SAMPLE}, template=template))


def _mine(session: Session, slug: str, actor: access.Actor, action: str) -> tables.Issuer:
    row = authoring.issuer(session, slug)
    access.require(actor, action, issuer_id=row.id)
    return row


@ROUTER.post(f"{UNITS}/{{slug}}")
def change(slug: Slug, using: Using, acting: Acting, sent: Fields) -> Response:
    """Change what is not as it was of a unit; nothing, where somebody else has changed it since the form was loaded."""
    try:
        with using.writing() as session:
            row = _mine(session, slug, acting.actor, access.DEFINE)
            session.refresh(row, with_for_update=True)
            changed = _changed(session, row, sent)
            authoring.require_may_change(acting.actor, changed, row=row)
            _require_seen(session, row, sent)
            _require_unit(session, changed.get("parent"))
            body = _read(issuers.IssuerChange, changed)
            authoring.change_issuer(session, row, body.model_dump(exclude_unset=True))
    except (problem.Invalid, problem.Outdated) as fault:
        with using.reading() as session:
            given = _fields(session, _mine(session, slug, acting.actor, access.READ)) | sent
        return _one(using, acting, slug, given=given, fault=fault)
    return lead_to(f"{UNITS}/{slug}?saved=true")


def _require_seen(session: Session, row: tables.Issuer, sent: Mapping[str, str]) -> None:
    """Raise `problem.Outdated` where a unit is not as it was when its form was loaded."""
    if sent.get("seen") != _tag(session, row):
        raise problem.Outdated(
            "Somebody else has changed this unit since you opened the page. What holds now stands first, what you typed below it."
            " Look at both, and save it again."
        )


def _fields(session: Session, row: tables.Issuer) -> dict[str, str]:
    """Return what a unit says itself as the fields of its form."""
    said = {name: getattr(row, name) or "" for name in issuers.Own.model_fields}
    names = "\n".join(f"{language}: {name}" for language, name in (row.names or {}).items())
    parent = session.get_one(tables.Issuer, row.parent_id).slug if row.parent_id else ""
    answers = {name: "yes" if getattr(row, name) else "no" for name in _YES_OR_NO}
    return said | answers | {"name": row.name, "names": names, "parent": parent}


def _tag(session: Session, row: tables.Issuer) -> str:
    """Return what tells one state of a unit from every other."""
    return hashlib.sha256(json.dumps(_fields(session, row), sort_keys=True).encode()).hexdigest()


def _changed(session: Session, row: tables.Issuer, sent: Mapping[str, str]) -> dict[str, Any]:
    """Return what a form says otherwise than the unit, as the API would be sent it; nothing said is None, which takes it back.

    Raises:
        problem.Invalid: The names are not one a line.
    """
    before = {name: _lines(value) for name, value in _fields(session, row).items()}
    given = {name: _lines(value) for name, value in sent.items() if name in before}
    found: dict[str, Any] = {name: value or None for name, value in given.items() if value != before[name]}
    if found.get("country"):
        found["country"] = found["country"].upper()
    if found.get("names"):
        found["names"] = _names(found["names"])
    for name in _YES_OR_NO & set(found):
        found[name] = {"yes": True, "no": False}.get(found[name])
    return found


def _lines(text: str) -> str:
    """Return a text as it is kept: browsers end lines with two characters, and nobody sees spaces at the end of one."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def _names(text: str) -> dict[str, str]:
    pairs = [line.partition(":") for line in text.splitlines() if line]
    names = {language.strip(): name.strip() for language, _, name in pairs}  # faulty ones are found with what else is wrong
    if len(names) < len(pairs):
        raise problem.Invalid.of((problem.Finding("A language stands twice.", "/names"),))
    return names


def _require_unit(session: Session, slug: str | None) -> None:
    """Raise `problem.Invalid` where a unit is to belong to one that there is not."""
    if slug and session.scalar(select(tables.Issuer.id).where(tables.Issuer.slug == slug)) is None:
        raise problem.Invalid.of((problem.Finding("There is no such unit. Choose one of those that are offered.", "/parent"),))


def _read(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Return what a form says as the API would take it.

    Raises:
        problem.Invalid: Fields do not fit their description.
    """
    try:
        return model.model_validate(dict(values))
    except pydantic.ValidationError as error:
        names = dict.fromkeys(str(item["loc"][0]) for item in error.errors(include_input=False))
        findings = tuple(problem.Finding(_WORDS.get(name, "This cannot be stored."), f"/{name}") for name in names)
        raise problem.Invalid.of(findings) from None
