"""Achievements for staff: what is published, what a draft still lacks, what it would change, and its end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from badgeissuer import access, appraising, authoring, branding, pressing, problem, reminding, retiring, revising
from badgeissuer.store import tables
from badgeissuer.web import pages, problems
from badgeissuer.web.service import Service, Using
from badgeissuer.web.staff.door import Acting, Fields, Known, Staff, drawing, lead_to, staff_page

ROUTER = APIRouter(include_in_schema=False)
ACHIEVEMENTS = "/staff/achievements"
Slug = Annotated[str, Path(max_length=64)]
MOST = 200
"""Achievements on the list; of more, the newest."""


@ROUTER.get(ACHIEVEMENTS, response_class=HTMLResponse)
def listed(using: Using, known: Known) -> HTMLResponse:
    """Show the achievements of the units that somebody may see, those to be reviewed soon first."""
    access.require(known.actor, access.READ)
    table, now = tables.Achievement, using.now()
    with using.reading() as session:
        query = access.visible(select(table), known.actor, column=table.issuer_id).order_by(table.id.desc()).limit(MOST)
        rows = session.scalars(query).all()
        newest = authoring.newest_versions(session, rows)
        reviews = {row.id: retiring.review(newest.get(row.id), now=now) for row in rows}
        due = reminding.coming(session, access.is_visible(known.actor, table.issuer_id), now=now)[:MOST]
        units = {row.id: row for row in session.scalars(select(tables.Issuer).where(tables.Issuer.id.in_({row.issuer_id for row in rows})))}
        text = pages.staff_page(
            "achievements",
            known,
            rows=rows,
            newest=newest,
            reviews=reviews,
            due=due,
            units=units,
            most=MOST,
            may_define=access.may(known.actor, access.DEFINE),
        )
    return staff_page(text)


@ROUTER.get(f"{ACHIEVEMENTS}/{{slug}}", response_class=HTMLResponse)
def show(slug: Slug, using: Using, known: Known) -> HTMLResponse:
    """Show an achievement: its standing, how complete its draft is, what it would change, and whom that touches."""
    return _shown(using, known, slug)


def _shown(using: Service, known: Staff, slug: str, *, fault: problem.Problem | None = None) -> HTMLResponse:
    now = using.now()
    with using.reading() as session:
        row = authoring.own_achievement(session, slug, known.actor, access.READ)
        line = branding.lineage(session, session.get_one(tables.Issuer, row.issuer_id))
        newest = authoring.newest_version(session, row)
        values = {
            "row": row,
            "unit": line[0],
            "newest": newest,
            "versions": revising.versions(session, row),
            "is_published": newest is not None and authoring.is_published(row, newest),
            "review": retiring.review(newest, now=now),
            "closed": retiring.closed(row, newest, issuer=line[0], now=now) if newest else None,
            "appraisals": authoring.completeness(session, row, authoring.completed(session, row, version=1, site=using.site)),
            "gate": appraising.gate(line),
            "difference": revising.difference(session, row, site=using.site) if newest else None,
            "impact": revising.impact(session, row, known.actor),
            "seen": authoring.tag(session, row),
            "may_define": access.may(known.actor, access.DEFINE),
            "fault": fault,
        }
        text = pages.staff_page("achievement", known, **values)
    return staff_page(text, status=problems.status_of(fault) if fault else 200)


@ROUTER.get(f"{ACHIEVEMENTS}/{{slug}}/artwork.svg")
def artwork(slug: Slug, using: Using, known: Known) -> Response:
    """Show the picture that would be drawn of the draft, were it published now."""
    with using.reading() as session:
        row = authoring.own_achievement(session, slug, known.actor, access.READ)
        found = authoring.drawing(session, row, authoring.completed(session, row, version=1, site=using.site))
    if found is None:
        raise problem.NotFound("No picture is drawn: the draft has one of its own, or its unit has no template for pictures.")
    return drawing(found)


@ROUTER.post(f"{ACHIEVEMENTS}/{{slug}}/publish")
def publish(slug: Slug, using: Using, acting: Acting, sent: Fields) -> Response:
    """Publish the draft that somebody has seen."""
    try:
        with using.writing() as session:
            row = authoring.own_achievement(session, slug, acting.actor, access.DEFINE)
            authoring.require_seen(session, row, lambda tag: tag == sent.get("seen"))
            now = using.now()
            version = authoring.publish(session, row, site=using.site, now=now)
            pressing.prepare(session, version, site=using.site, now=now)
    except (problem.Conflict, problem.Invalid, problem.Outdated) as fault:
        return _shown(using, acting, slug, fault=fault)
    return lead_to(f"{ACHIEVEMENTS}/{slug}")


@ROUTER.post(f"{ACHIEVEMENTS}/{{slug}}/retire")
def retire(slug: Slug, using: Using, acting: Acting, sent: Fields) -> Response:
    """Award an achievement no more."""
    reason = sent.get("reason", "").strip()[:500]
    if not reason:
        return _shown(using, acting, slug, fault=problem.Invalid("Say why: whoever asks for it later is told."))
    try:
        with using.writing() as session:
            retiring.retire(session, authoring.own_achievement(session, slug, acting.actor, access.DEFINE), reason=reason, now=using.now())
    except problem.Conflict as fault:
        return _shown(using, acting, slug, fault=fault)
    return lead_to(f"{ACHIEVEMENTS}/{slug}")


@ROUTER.post(f"{ACHIEVEMENTS}/{{slug}}/reopen")
def reopen(slug: Slug, using: Using, acting: Acting) -> Response:
    """Award a retired achievement again."""
    try:
        with using.writing() as session:
            retiring.reopen(session, authoring.own_achievement(session, slug, acting.actor, access.DEFINE))
    except problem.Conflict as fault:
        return _shown(using, acting, slug, fault=fault)
    return lead_to(f"{ACHIEVEMENTS}/{slug}")
