from __future__ import annotations

import copy

import pytest
from tests.microcredentials import CHARTS

from badgeissuer.openbadges import drafting
from badgeissuer.vc.document import JsonObject

LINKS = {"knots": ("Knots", "https://badges.example/a/knots"), "skipper": ("Skipper", "https://badges.example/a/skipper")}
ECTS = "http://data.europa.eu/snb/education-credit/6fcec5c5af"


def alignments(draft: JsonObject) -> list[JsonObject]:
    found: list[JsonObject] = drafting.expand(draft, LINKS).get("alignment", [])
    return found


def pointers(draft: JsonObject) -> list[str]:
    return [finding.pointer for finding in drafting.check(draft)]


def test_a_level_of_the_eqf_is_aligned_with_its_concept() -> None:
    assert alignments({"level": {"framework": "EQF", "code": "6"}}) == [
        {
            "targetName": "EQF level 6",
            "targetUrl": "http://data.europa.eu/snb/eqf/6",
            "targetFramework": "European Qualifications Framework",
            "targetCode": "6",
            "targetType": "ext:EQFAlignment",
        }
    ]


def test_a_level_of_another_framework_has_the_url_that_it_was_given() -> None:
    (found,) = alignments({"level": [{"framework": "NZQCF", "code": "5", "url": "https://levels.example/5"}]})
    assert (found["targetUrl"], found["targetType"]) == ("https://levels.example/5", "ext:NZQCFAlignment")
    (found,) = alignments({"level": [{"framework": "EQF", "code": "5", "url": "https://levels.example/5"}]})
    assert found["targetUrl"] == "https://levels.example/5"


def test_what_leads_where_is_aligned() -> None:
    found = alignments({"prerequisites": ["knots"], "stacksInto": "skipper"})
    assert found == [
        {"targetName": "Knots", "targetUrl": "https://badges.example/a/knots", "targetType": "ext:Prerequisite"},
        {"targetName": "Skipper", "targetUrl": "https://badges.example/a/skipper", "targetType": "ext:StacksInto"},
    ]


def test_credits_of_the_ects_are_aligned_and_others_have_no_concept() -> None:
    assert [item["targetUrl"] for item in alignments({"creditUnit": "ECTS"})] == [ECTS]
    assert alignments({"creditUnit": "UK"}) == []


def test_the_alignment_of_an_outcome_moves_to_the_achievement() -> None:
    skill = {"targetName": "Plan", "targetUrl": "https://skills.example/plan"}
    outcome = {"statement": "Plans.", "relatedSkill": "https://skills.example/other", "alignment": skill}
    found = drafting.expand({"learningOutcome": [outcome, "x"]}, {})
    assert found["alignment"] == [skill]
    skills = ["https://skills.example/other", "https://skills.example/plan"]
    assert found["learningOutcome"] == [{"statement": "Plans.", "relatedSkill": skills}, "x"]


@pytest.mark.parametrize("value", ["x", [7], {"targetName": "none"}, [{"targetUrl": 7}]])
def test_what_is_no_alignment_is_not_lost_but_refused(value: object) -> None:
    (pointer,) = pointers({"learningOutcome": [{"statement": "Plans.", "alignment": value}, "x"]})
    assert pointer.startswith("/learningOutcome/0/alignment")


def test_what_is_aligned_already_is_not_aligned_again() -> None:
    own = {"targetName": "Mine", "targetUrl": "http://data.europa.eu/snb/eqf/6", "targetType": "ext:EQFAlignment", "targetCode": "6"}
    assert alignments({"alignment": own, "level": {"framework": "EQF", "code": "6"}}) == [own]
    assert alignments({"alignment": ["x", None, own, own], "creditUnit": "ECTS"})[:3] == ["x", None, own]


def test_a_draft_without_such_words_stays_as_it_is() -> None:
    draft = {"name": "Knots", "alignment": "x"}
    assert drafting.expand(draft, {}) == draft


def test_the_draft_itself_is_not_changed() -> None:
    before = copy.deepcopy(CHARTS)
    drafting.expand(CHARTS, {})
    assert before == CHARTS


def test_the_slugs_are_told() -> None:
    assert drafting.linked({"prerequisites": "knots"}) == {"prerequisites": ["knots"], "stacksInto": []}


def test_a_whole_draft_has_no_fault() -> None:
    assert pointers(CHARTS | {"prerequisites": ["knots"], "stacksInto": ["skipper"]}) == []


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"level": {"framework": "EQF", "code": "9"}}, "/level/code"),
        ({"level": [{"framework": "EQF", "code": "6"}, {"framework": "NZQCF", "code": "5"}]}, "/level/1"),
        ({"level": [{"framework": "<b>", "code": "6"}]}, "/level/0/framework"),
        ({"level": [{"framework": "EQF"}]}, "/level/0/code"),
        ({"prerequisites": [7]}, "/prerequisites/0"),
        ({"stacksInto": {}}, "/stacksInto/0"),
    ],
)
def test_each_fault_is_named_where_it_is(members: JsonObject, pointer: str) -> None:
    assert pointers(members) == [pointer]
