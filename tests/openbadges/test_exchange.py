from __future__ import annotations

import pytest
from tests.microcredentials import CHARTS, WHOLE

from badgeissuer import problem
from badgeissuer.openbadges import definition, drafting, exchange
from badgeissuer.vc.document import JsonObject

BADGR: JsonObject = {
    "entityType": "BadgeClass",
    "entityId": "abc",
    "name": "Knöts & Ropes",
    "description": "Ties ten knots.",
    "image": "https://badgr.example/knots.png",
    "criteriaUrl": "https://badgr.example/knots",
    "criteriaNarrative": "Tie ten knots.",
    "alignments": [{"targetName": "Knots", "targetUrl": "https://skills.example/knots", "targetCode": "", "extra": 1}, "x"],
    "tags": ["rope"],
}
CLASS: JsonObject = {
    "type": "BadgeClass",
    "id": "https://badges.example/class/7",
    "name": "Knots",
    "image": {"id": "https://badges.example/knots.png"},
    "criteria": {"narrative": "Tie them."},
    "alignment": {"targetName": "Knots", "targetUrl": "https://skills.example/knots"},
}


def completed(draft: JsonObject, *, version: int = 3) -> JsonObject:
    url = f"https://badges.example/a/charts/{version}"
    creator = {"id": "did:key:x", "type": ["Profile"]}
    return definition.complete(drafting.expand(draft, {}), url=url, version=str(version), creator=creator)


@pytest.mark.parametrize("key", WHOLE)
def test_a_published_achievement_comes_back_as_the_same(key: str) -> None:
    once = completed(WHOLE[key])
    found = exchange.draft({"@context": ["https://www.w3.org/ns/credentials/v2"]} | once)
    assert definition.check_draft(found) == ()
    assert completed(found) == once


def test_what_publishing_adds_is_left_out() -> None:
    once = completed(CHARTS) | {
        "related": [
            {"id": "https://badges.example/a/charts/2", "type": ["Related"], "version": "2"},
            {"id": "https://elsewhere.example/a/cartes/1", "type": ["Related"], "inLanguage": "fr"},
        ],
        "creator": {"id": "did:key:x", "type": ["Profile"], "name": "Another body"},
        "type": ["Achievement", "ext:Thing"],
    }
    found = exchange.draft(once)
    assert found["related"] == [{"id": "https://elsewhere.example/a/cartes/1", "type": ["Related"], "inLanguage": "fr"}]
    assert found["creator"]["name"] == "Another body"
    assert found["type"] == ["Achievement", "ext:Thing"]


def test_a_draft_is_taken_as_it_was_written() -> None:
    assert exchange.draft({"slug": "charts", "issuer": "x", "draft": CHARTS}) is CHARTS


def test_a_badge_class_of_badgr_is_read() -> None:
    assert exchange.draft(BADGR) == {
        "name": "Knöts & Ropes",
        "description": "Ties ten knots.",
        "criteria": {"narrative": "Tie ten knots.", "id": "https://badgr.example/knots"},
        "image": "https://badgr.example/knots.png",
        "tag": ["rope"],
        "alignment": [{"targetName": "Knots", "targetUrl": "https://skills.example/knots"}, "x"],
    }


def test_a_badge_class_of_open_badges_2_is_read() -> None:
    assert exchange.draft(CLASS) == {
        "name": "Knots",
        "criteria": {"narrative": "Tie them."},
        "image": "https://badges.example/knots.png",
        "alignment": [{"targetName": "Knots", "targetUrl": "https://skills.example/knots"}],
    }
    assert exchange.draft({"type": ["BadgeClass"], "criteria": "https://x.example"})["criteria"] == {"id": "https://x.example"}
    assert exchange.draft({"type": ["BadgeClass"], "criteria": 7}) == {"criteria": {}}


@pytest.mark.parametrize(
    ("item", "slug"),
    [
        ({"slug": "charts"}, "charts"),
        ({"id": "https://badges.example/a/coastal-charts/2"}, "coastal-charts"),
        (BADGR, "knots-ropes"),
        ({"name": "  …  "}, ""),
        ({"name": 7}, ""),
        ({"name": "x" * 80}, "x" * 64),
        ({"name": "a" * 63 + " b"}, "a" * 63),
    ],
)
def test_a_short_name_is_found_or_made(item: JsonObject, slug: str) -> None:
    assert exchange.slug(item) == slug


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        (CLASS, ["/0"]),
        ([CLASS, BADGR], ["/0", "/1"]),
        ({"result": [BADGR], "status": {}}, ["/result/0"]),
        ({"items": [CLASS]}, ["/items/0"]),
        ({"achievements": [{"draft": {}}]}, ["/achievements/0"]),
    ],
)
def test_definitions_are_found_in_what_systems_export(document: object, pointers: list[str]) -> None:
    assert [pointer for pointer, _ in exchange.items(document)] == pointers


@pytest.mark.parametrize("document", [[], "x", 7, None, {"result": []}])
def test_where_there_is_none_that_is_said(document: object) -> None:
    with pytest.raises(problem.Invalid, match="no definition"):
        exchange.items(document)


def test_what_is_no_definition_is_named_with_its_place() -> None:
    with pytest.raises(problem.Invalid) as raised:
        exchange.items({"result": [BADGR, 7]})
    assert [finding.pointer for finding in raised.value.findings] == ["/result/1"]


def test_a_picture_that_was_drawn_is_not_brought_along_and_is_no_change() -> None:
    own = "https://badges.example/a/knots/3"
    item = {"id": own, "type": ["Achievement"], "name": "Knots", "image": {"id": f"{own}/image.svg", "type": "Image"}}
    assert exchange.draft(item) == {"name": "Knots"}
    other = item | {"image": {"id": "https://badges.example/a/knots/2/image.svg", "type": "Image"}}
    assert exchange.draft(other)["image"] == other["image"], "a picture of another version is one at an address"
