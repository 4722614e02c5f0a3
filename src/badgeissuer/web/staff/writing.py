"""Writing achievements in a form: what is written is kept at every step, and becomes the draft when it is stored and breaks no rule.

The form works without scripts. Where they run, one of ours keeps what is written while it is written, and shows beside it what
frameworks then still ask for (`static/writing.js`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, appraising, authoring, branding, frameworks, keeping, problem, revising
from badgeissuer.openbadges import comparison
from badgeissuer.store import tables
from badgeissuer.vc.document import JsonObject
from badgeissuer.web import pages, problems
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff import draft_fields, draft_form, draft_meaning
from badgeissuer.web.staff.door import Acting, Fields, Known, Staff, lead_to, staff_page

ROUTER = APIRouter(include_in_schema=False)
WRITE = "/staff/write"
Slug = Annotated[str, Path(max_length=64)]
_FIRST = ("slug", "unit", "name", "description", "narrative")
_REARRANGED = frozenset({"add", "remove", "up"})
_FRAGMENT = re.compile(r"#[A-Za-z0-9._-]+")
_FEW = {
    "creditsAvailable": "Credits are a number, such as 5 or 2.5.",
    "workload": "Write the hours as a number, such as 60 or 7.5.",
    "reviewDate": "Write the day as 2029-12-31.",
}
"""What is said of a field that is written otherwise in the form than in a draft."""


@ROUTER.get(WRITE, response_class=HTMLResponse)
def ask(using: Using, known: Known) -> HTMLResponse:
    """Ask for the little that a new achievement begins with."""
    return _asked(using, known, {})


def _asked(using: Service, known: Staff, given: Mapping[str, str], *, fault: problem.Problem | None = None) -> HTMLResponse:
    access.require(known.actor, access.DEFINE)
    with using.reading() as session:
        query = access.visible(select(tables.Issuer), known.actor, column=tables.Issuer.id).order_by(tables.Issuer.name, tables.Issuer.id)
        values = {"units": session.scalars(query).all(), "given": given, "faults": _first_faults(fault)}
        text = pages.staff_page("write_new", known, **values)
    return staff_page(text, status=problems.status_of(fault) if fault else 200)


def _first_faults(fault: problem.Problem | None) -> dict[str, str]:
    return {_FIRST_OF.get(finding.pointer, ""): finding.detail for finding in (fault.each if fault else ())}


_FIRST_OF = {
    "/unit": "unit",
    "/slug": "slug",
    "/name": "name",
    "/description": "description",
    "/criteria": "narrative",
    "/criteria/narrative": "narrative",
}


@ROUTER.post(WRITE)
def begin(using: Using, acting: Acting, sent: Fields) -> Response:
    """Store a first draft, and lead on to the whole form."""
    access.require(acting.actor, access.DEFINE)
    given = {name: sent.get(name, "").strip() for name in _FIRST}
    draft = {"name": given["name"], "description": given["description"], "criteria": {"narrative": given["narrative"]}}
    try:
        with using.writing() as session:
            owner = authoring.issuer(session, given["unit"])
            access.require(acting.actor, access.DEFINE, issuer_id=owner.id)
            row = authoring.create_achievement(session, owner, slug=given["slug"], draft=draft, site=using.site, now=using.now())
            slug = row.slug
    except problem.Conflict as fault:
        taken = problem.Conflict(fault.detail, findings=(problem.Finding(fault.detail, "/slug"),))
        return _asked(using, acting, given, fault=taken)
    except problem.NotFound:
        return _asked(using, acting, given, fault=problem.Invalid.of((problem.Finding("There is no such unit any more.", "/unit"),)))
    except problem.Invalid as fault:
        return _asked(using, acting, given, fault=fault)
    return lead_to(f"{WRITE}/{slug}")


@ROUTER.get(f"{WRITE}/{{slug}}", response_class=HTMLResponse)
def show(slug: Slug, using: Using, known: Known, *, saved: bool = False) -> HTMLResponse:
    """Show the form, with what this person has written in it and not stored, or else with the draft."""
    return _shown(using, known, slug, saved=saved)


def _shown(using: Service, known: Staff, slug: str, *, fault: problem.Problem | None = None, saved: bool = False) -> HTMLResponse:
    with using.reading() as session:
        row = authoring.own_achievement(session, slug, known.actor, access.DEFINE)
        held = keeping.kept(session, row, known.actor)
        entry = draft_form.begun(_written(row, held))
        now_there = authoring.tag(session, row)
        values = _beside(session, using, row, held) | {
            "unit": session.get_one(tables.Issuer, row.issuer_id),
            "sections": draft_fields.SECTIONS,
            "entry": entry,
            "given": draft_form.flat(entry),
            "faults": _faults(fault),
            "seen": held.seen if held else now_there,
            "now_there": now_there,
            "others": _others(row, held) if held and held.seen != now_there else None,
            "saved": saved,
        }
        text = pages.staff_page("write", known, **values)
    return staff_page(text, status=problems.status_of(fault) if fault else 200, scripted=True)


def _others(row: tables.Achievement, held: tables.KeptForm) -> tuple[comparison.Change, ...]:
    """Return what would change in the draft that somebody else stored since."""
    return comparison.compare(row.draft, _draft(row, held))


def _written(row: tables.Achievement, held: tables.KeptForm | None) -> draft_form.Entry:
    """Return the form with what somebody has written in it, or else as the draft has it."""
    return draft_form.filled(held.draft, held.form) if held else draft_form.show(row.draft)


def _draft(row: tables.Achievement, held: tables.KeptForm | None) -> JsonObject:
    """Return the draft that somebody has written, or else the one that is stored."""
    return _applied(held.draft, held.form) if held else row.draft


def _applied(begun: JsonObject, entry: draft_form.Entry) -> JsonObject:
    """Return what becomes of a draft by what somebody has written in its form."""
    return draft_meaning.apply(begun, draft_form.pruned(begun, draft_form.filled(begun, entry)))


def _begun(row: tables.Achievement, held: tables.KeptForm | None, seen: str) -> JsonObject:
    """Return the draft that a form was made of, by the tag that the form has; where nobody knows any more, that which is there."""
    return held.draft if held and held.seen == seen else row.draft


def _beside(session: Session, using: Service, row: tables.Achievement, held: tables.KeptForm | None) -> dict[str, Any]:
    """Return what stands beside the form: what keeps it from being stored, or else what frameworks still ask for and its picture."""
    owner = session.get_one(tables.Issuer, row.issuer_id)
    draft = _draft(row, held)
    fault: problem.Invalid | None = None
    appraisals: tuple[frameworks.Appraisal, ...] = ()
    drawing: str | None = None
    try:
        authoring.check_draft(session, draft, owner, slug=row.slug, site=using.site)
        document = authoring.completed(session, row, version=1, site=using.site, draft=draft)
        appraisals = authoring.completeness(session, row, document)
        drawing = authoring.drawing(session, row, document)
    except problem.Invalid as error:
        fault = error
    gate = appraising.gate(branding.lineage(session, owner))
    picture = pages.embedded(drawing) if drawing else ""
    return {
        "row": row,
        "held": held,
        "picture": picture,
        "hindered": _faults(fault),
        "appraisals": appraisals,
        "gate": gate,
        "place_of": draft_form.place_of,
    }


def _faults(fault: problem.Problem | None) -> dict[str, str]:
    """Return what is wrong: the name of the field → what is said of it; of what no field fills, under an empty name."""
    found: dict[str, str] = {}
    for finding in fault.each if fault else ():
        member = finding.pointer.removeprefix("/")
        is_unread = finding.detail.startswith(f"{member}: ")
        found.setdefault(draft_form.place_of(finding.pointer), _FEW.get(member, finding.detail) if is_unread else finding.detail)
    return found


@ROUTER.post(f"{WRITE}/{{slug}}/keep", response_class=HTMLResponse)
def keep(slug: Slug, using: Using, acting: Acting, sent: Fields) -> HTMLResponse:
    """Keep what is written so far; give what then stands beside the form."""
    _keep(using, acting, slug, draft_form.read(sent), sent, is_late=True)
    with using.reading() as session:
        row = authoring.own_achievement(session, slug, acting.actor, access.DEFINE)
        values = _beside(session, using, row, keeping.kept(session, row, acting.actor))
        return staff_page(pages.staff_page("write_beside", acting, **values))


def _keep(using: Service, acting: Staff, slug: str, entry: draft_form.Entry, sent: Mapping[str, str], *, is_late: bool = False) -> None:
    """Keep what is written; but where it may be `late`, and says what the draft says, it was stored meanwhile."""
    with using.writing() as session:
        row = authoring.own_achievement(session, slug, acting.actor, access.DEFINE)
        seen, held = sent.get("seen", "")[:200], keeping.kept(session, row, acting.actor)
        begun = _begun(row, held, seen)
        if is_late and _applied(begun, entry) == row.draft:
            keeping.drop(session, row, acting.actor)
        else:
            keeping.keep(session, row, acting.actor, form=entry, begun=begun, seen=seen, now=using.now())


@ROUTER.post(f"{WRITE}/{{slug}}")
def write(slug: Slug, using: Using, acting: Acting, sent: Fields) -> Response:
    """Store what is written as the draft; or do what another button says, and keep it only.

    What cannot be stored is kept, and shown again with the reasons.
    """
    what, _, name = sent.get("do", "store").partition(":")
    if what == "discard":
        return _discard(using, acting, slug)
    entry = draft_form.read(sent)
    if what == "preview":
        _keep(using, acting, slug, entry, sent)
        return lead_to(f"{WRITE}/{slug}/preview")
    if what in _REARRANGED:
        return _rearrange(using, acting, slug, entry, sent, what, name)
    seen = name if what == "over" else sent.get("seen", "")
    try:
        _store(using, acting, slug, entry, seen=sent.get("seen", ""), over=seen)
    except (problem.Invalid, problem.Outdated) as fault:
        _keep(using, acting, slug, entry, sent)
        return _shown(using, acting, slug, fault=fault)
    return lead_to(f"{WRITE}/{slug}?saved=true")


def _store(using: Service, acting: Staff, slug: str, entry: draft_form.Entry, *, seen: str, over: str) -> None:
    """Store what is written as the draft, where that still is the one with the tag `over`."""
    with using.writing() as session:
        row = authoring.own_achievement(session, slug, acting.actor, access.DEFINE)
        session.refresh(row, with_for_update=True)  # what is written goes into the draft that is there, and no other
        draft = _applied(_begun(row, keeping.kept(session, row, acting.actor), seen), entry)
        authoring.require_seen(session, row, lambda tag: tag == over, draft=draft)
        authoring.change_achievement(session, row, draft=draft, site=using.site, now=using.now())
        keeping.drop(session, row, acting.actor)


def _discard(using: Service, acting: Staff, slug: str) -> Response:
    with using.writing() as session:
        row = authoring.own_achievement(session, slug, acting.actor, access.DEFINE)
        keeping.drop(session, row, acting.actor)
    return lead_to(f"{WRITE}/{slug}")


def _rearrange(
    using: Service, acting: Staff, slug: str, entry: draft_form.Entry, sent: Mapping[str, str], what: str, name: str
) -> Response:
    """Add, remove or raise one of a group, which `name` names, and keep what is written."""
    with using.reading() as session:
        row = authoring.own_achievement(session, slug, acting.actor, access.DEFINE)
        held = keeping.kept(session, row, acting.actor)
        entry = draft_form.filled(_begun(row, held, sent.get("seen", "")), entry)
        known = _known(session, row)
    try:
        if what == "add":
            place = draft_form.add(entry, name, known)
        else:
            place = draft_form.remove(entry, name) if what == "remove" else draft_form.raise_up(entry, name)
    except problem.Invalid as fault:
        _keep(using, acting, slug, entry, sent)
        return _shown(using, acting, slug, fault=fault)
    _keep(using, acting, slug, entry, sent)
    return lead_to(f"{WRITE}/{slug}#{place}")


def _known(session: Session, row: tables.Achievement) -> set[str]:
    """Return the fragments that name something in the draft or in a version: rules and badges may refer to them."""
    documents = [row.draft, *(version.document for version in revising.versions(session, row))]
    return set(_FRAGMENT.findall(json.dumps(documents))) | set(draft_form.ids(draft_form.show(row.draft)))


@ROUTER.get(f"{WRITE}/{{slug}}/preview", response_class=HTMLResponse)
def preview(slug: Slug, using: Using, known: Known) -> HTMLResponse:
    """Show the page that anybody would see, made of what is written."""
    with using.reading() as session:
        row = authoring.own_achievement(session, slug, known.actor, access.DEFINE)
        draft = _draft(row, keeping.kept(session, row, known.actor))
        owner = session.get_one(tables.Issuer, row.issuer_id)
        newest = authoring.newest_version(session, row)
        number = newest.version + 1 if newest else 1
        try:
            authoring.check_draft(session, draft, owner, slug=slug, site=using.site)
            document = authoring.completed(session, row, version=number, site=using.site, draft=draft)
        except problem.Invalid as fault:
            return _shown(using, known, slug, fault=fault)
        drawing = authoring.drawing(session, row, document)
        return staff_page(pages.preview_page(document, slug=slug, unit=owner, version=number, at=using.now(), drawing=drawing))
