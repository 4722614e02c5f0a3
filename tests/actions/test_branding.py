from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest

from badgeissuer import authoring, branding, problem
from badgeissuer.store import tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.actions.conftest import Campus

SCHEMA = "ob3/schemas/official-2026/ob_v3p0_achievementcredential_schema.json"
LOGO, OTHER = "https://college.example/logo.png", "https://college.example/arts.png"


def family(campus: Campus) -> None:
    """An institution, a faculty of it, and a unit of that."""
    institution = {"name": "Harbour College", "image": LOGO, "colour": "#14578c", "accent": "#ffdd00", "country": "NZ", "region": "Otago"}
    campus.new_issuer("college", **institution, linkedin_id="42", url="https://college.example")
    campus.new_issuer("arts", parent="college", image=OTHER)
    campus.new_issuer("drawing", parent="arts", accent="#000000")


def change(campus: Campus, slug: str, **values: object) -> None:
    with campus.writing() as session:
        authoring.change_issuer(session, authoring.issuer(session, slug), values)


def shown(campus: Campus, slug: str) -> branding.Brand:
    with campus.reading() as session:
        return branding.brand(branding.lineage(session, authoring.issuer(session, slug)))


def test_a_unit_has_what_the_nearest_above_it_has_unless_it_says_it_itself(campus: Campus) -> None:
    family(campus)
    assert shown(campus, "drawing") == branding.Brand(OTHER, "#14578c", "#000000", "42", "NZ", "Otago")
    assert shown(campus, "college") == branding.Brand(LOGO, "#14578c", "#ffdd00", "42", "NZ", "Otago")
    change(campus, "arts", image=None, country="AU", region=None)
    assert shown(campus, "drawing") == branding.Brand(LOGO, "#14578c", "#000000", "42", "AU", None), "Otago is no part of Australia"
    change(campus, "drawing", region="Tasmania")
    assert shown(campus, "drawing") == branding.Brand(LOGO, "#14578c", "#000000", "42", "AU", "Tasmania")
    change(campus, "drawing", parent=None)
    assert shown(campus, "drawing") == branding.Brand(None, None, "#000000", None, None, "Tasmania")


def test_a_template_for_pictures_is_that_of_the_nearest_above(campus: Campus) -> None:
    family(campus)
    assert shown(campus, "drawing").artwork is None
    change(campus, "college", artwork="ribbon")
    assert shown(campus, "drawing").artwork == "ribbon"
    change(campus, "arts", artwork="tile")
    assert shown(campus, "drawing").artwork == "tile"
    with pytest.raises(problem.Invalid) as caught:
        change(campus, "arts", artwork="triangle")
    assert [finding.pointer for finding in caught.value.findings] == ["/artwork"]


def test_who_says_what_of_a_unit_can_be_told(campus: Campus) -> None:
    family(campus)
    with campus.reading() as session:
        found = branding.origins(branding.lineage(session, authoring.issuer(session, "drawing")))
        assert {name: row.slug for name, row in found.items()} == {
            "image": "arts", "colour": "college", "accent": "drawing", "linkedin_id": "college", "country": "college", "region": "college"
        }  # fmt: skip
    change(campus, "college", colour=None)
    with campus.reading() as session:
        assert "colour" not in branding.origins(branding.lineage(session, authoring.issuer(session, "drawing")))


def test_units_are_trees_by_name_and_those_whose_parent_is_not_asked_for_stand_at_the_top(campus: Campus) -> None:
    family(campus)
    campus.new_issuer("boats", parent="college")

    def names(nodes: list[branding.Node]) -> list[object]:
        return [(node.row.slug, names(node.below)) if node.below else node.row.slug for node in nodes]

    with campus.reading() as session:
        rows = [authoring.issuer(session, slug) for slug in ("drawing", "boats", "college", "arts")]
        assert names(branding.forest(session, rows)) == [("college", [("arts", ["drawing"]), "boats"])]
        (top, other) = branding.forest(session, rows[:2])
        assert [(top.row.slug, len(top.line)), (other.row.slug, len(other.line))] == [("boats", 2), ("drawing", 3)]
        assert branding.forest(session, []) == []


def test_whom_a_unit_belongs_to_stands_in_its_badges_which_verify(campus: Campus) -> None:
    family(campus)
    campus.new_achievement("sketching", issuer="drawing")
    badge = campus.issued("mari@example.org", achievement="sketching")
    assert campus.verify(badge.document).outcome == "VALID"
    issuer = json.loads(badge.document)["issuer"]
    college, arts = campus.issuer("college"), campus.issuer("arts")
    address = {"type": ["Address"], "addressCountryCode": "NZ", "addressRegion": "Otago"}
    assert issuer == {
        "id": campus.issuer("drawing").did,
        "type": ["Profile"],
        "name": "Drawing",
        "image": {"id": OTHER, "type": "Image"},
        "address": address,
        "parentOrg": {
            "id": arts.did,
            "type": ["Profile"],
            "name": "Arts",
            "image": {"id": OTHER, "type": "Image"},
            "address": address,
            "parentOrg": {
                "id": college.did,
                "type": ["Profile"],
                "name": "Harbour College",
                "url": "https://college.example",
                "image": {"id": LOGO, "type": "Image"},
                "address": address,
            },
        },
    }


def test_1edtech_s_schema_takes_the_badge_of_a_unit_that_belongs_to_another(campus: Campus, shared_data: Path) -> None:
    family(campus)
    campus.new_achievement("sketching", issuer="drawing")
    badge = json.loads(campus.issued("mari@example.org", achievement="sketching").document)
    schema = json.loads((shared_data / SCHEMA).read_bytes())
    jsonschema_rs.Draft201909Validator(schema, validate_formats=True).validate(badge)


def test_what_stands_in_a_badge_stays_when_the_units_change(campus: Campus) -> None:
    family(campus)
    campus.new_achievement("sketching", issuer="drawing")
    before = campus.issued("mari@example.org", achievement="sketching")
    change(campus, "college", name="Harbour University")
    change(campus, "drawing", parent="college")
    after = campus.issued("asha@example.org", achievement="sketching")
    assert [json.loads(row.document)["issuer"]["parentOrg"]["name"] for row in campus.all(tables.Credential)] == [
        "Arts",
        "Harbour University",
    ]
    assert [campus.verify(row.document).outcome for row in (before, after)] == ["VALID", "VALID"]


def test_without_the_key_of_those_above_nothing_is_published(campus: Campus) -> None:
    with campus.writing() as session:
        authoring.create_issuer(session, {"slug": "college", "name": "College"}, site=campus.site, now=campus.now)
    campus.new_issuer("arts", parent="college")
    with pytest.raises(problem.Conflict, match="The issuer college has no key yet"):
        campus.new_achievement("sketching", issuer="arts")


def test_no_unit_belongs_to_itself_or_stands_too_deep(campus: Campus) -> None:
    family(campus)
    for slug, parent in (("college", "drawing"), ("arts", "arts"), ("college", "arts")):
        with pytest.raises(problem.Invalid) as caught:
            change(campus, slug, parent=parent)
        assert [finding.pointer for finding in caught.value.findings] == ["/parent"]
    for number in range(branding.DEEPEST - 2):
        campus.new_issuer(f"u{number}", parent="drawing" if number == 0 else f"u{number - 1}")
    deepest = f"u{branding.DEEPEST - 3}"
    with pytest.raises(problem.Invalid, match="at most 5 above it"):
        campus.new_issuer("deeper", parent=deepest)
    campus.new_issuer("world")
    with pytest.raises(problem.Invalid, match="at most 5 above it"):
        change(campus, "college", parent="world")
    change(campus, "arts", parent="world")
    with pytest.raises(problem.NotFound):
        change(campus, "arts", parent="nowhere")


@pytest.mark.parametrize("name", ["colour", "accent"])
def test_what_is_no_colour_is_refused(campus: Campus, name: str) -> None:
    with pytest.raises(problem.Invalid) as caught:
        change(campus, "workshop", **{name: "red"})
    assert [finding.pointer for finding in caught.value.findings] == [f"/{name}"]


@pytest.mark.parametrize(
    "logo", ["data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%3E%3Cscript/%3E%3C/svg%3E", "data:text/html,x"]
)
def test_a_logo_that_does_more_than_show_is_refused(campus: Campus, logo: str) -> None:
    with pytest.raises(problem.Invalid) as refused:
        change(campus, "workshop", image=logo)
    assert [finding.pointer for finding in refused.value.findings] == ["/image"]
