"""What frameworks for microcredentials ask for, and how far an achievement has it."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from badgeissuer import access, appraising, authoring, branding, frameworks
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Page, Shape
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api", tags=["frameworks"], route_class=StrictRoute, responses=PROBLEMS)


class Source(Shape):
    """Where a framework is written down, and how sure we are of it: read by us, described by others, or remembered."""

    title: str
    url: str | None
    certainty: Literal["read", "second-hand", "memory"]
    note: str


class Element(Shape):
    """What a framework asks for. `fields` fill it: JSON Pointers into a draft, or members of the unit (`unit/country`)."""

    key: str
    label: str
    need: Literal["required", "optional", "rule"]
    fields: list[str]
    why: str
    given: str
    clause: str
    certainty: Literal["read", "second-hand", "memory"]


class Framework(Shape):
    """A framework as we read it; its owner has not looked at this. One that only describes cannot be a gate."""

    key: str
    name: str
    gates: bool
    source: Source
    elements: list[Element]


class State(Element):
    """An element, and what became of it; `given` is what the service sees to by itself."""

    state: Literal["met", "missing", "given", "not_applicable"]


class Gap(Shape):
    """Something that is missing or wrong: what, in which field (the first of those that fill it), and why somebody wants to know it."""

    element: str
    need: Literal["required", "optional", "rule"]
    detail: str
    field: str
    fields: list[str]
    why: str


class Appraisal(Shape):
    """How far a draft has what a framework asks for.

    `score` is the share of what applies that is met, 0.0 to 1.0; `is_met` says whether all is there that must be. Nobody conforms to
    anything by it.
    """

    profile: str
    name: str
    is_gate: bool
    score: float
    is_met: bool
    gaps: list[Gap]
    elements: list[State]


class Completeness(Shape):
    """How far a draft has what each framework asks for."""

    profiles: list[Appraisal]


@ROUTER.get("/frameworks", summary="List what frameworks for microcredentials ask for")
def listed(_acting: Acting) -> Page[Framework]:
    """List the frameworks that are known here, with their elements and rules, and with the source of each."""
    known_here = [
        Framework(
            key=known.key,
            name=known.name,
            gates=known.gates,
            source=Source.model_validate(known.source.model_dump()),
            elements=[Element.model_validate(_said(element)) for element in (*known.elements, *known.rules)],
        )
        for known in frameworks.ALL
    ]
    return Page(items=known_here, next=None)


@ROUTER.get("/achievements/{slug}/completeness", summary="See what an achievement still lacks")
def completeness(slug: str, using: Using, acting: Acting) -> Completeness:
    """Hold the draft against each framework: a score, every gap, the field that fills it, and why somebody wants to know it."""
    with using.reading() as session:
        row = authoring.own_achievement(session, slug, acting, access.READ)
        gate = appraising.gate(branding.lineage(session, session.get_one(tables.Issuer, row.issuer_id)))
        found = authoring.completeness(session, row, authoring.completed(session, row, version=1, site=using.site))
    return Completeness(profiles=[_shown(item, is_gate=item.framework is gate) for item in found])


def _shown(found: frameworks.Appraisal, *, is_gate: bool) -> Appraisal:
    gaps = [
        Gap(
            element=gap.element.key,
            need=gap.element.need,
            detail=gap.said,
            field=gap.element.fields[0],
            fields=gap.element.fields,
            why=gap.element.why,
        )
        for gap in found.gaps
    ]
    return Appraisal(
        profile=found.framework.key,
        name=found.framework.name,
        is_gate=is_gate,
        score=found.score,
        is_met=found.is_met,
        gaps=gaps,
        elements=[State.model_validate(_said(element) | {"state": state}) for element, state in found.states],
    )


def _said(element: frameworks.Element) -> dict[str, object]:
    return element.model_dump(exclude={"path", "when"})
