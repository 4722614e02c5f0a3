from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.microcredentials import WHOLE

from badgeissuer import frameworks, problem
from badgeissuer.frameworks import Element
from badgeissuer.openbadges import definition, drafting
from badgeissuer.vc.document import JsonObject

PROFILE: JsonObject = {
    "id": "did:key:x",
    "type": ["Profile"],
    "name": "Harbour School",
    "address": {"type": ["Address"], "addressCountryCode": "NZ"},
}
UNIT_MEMBERS = {"name": ("name",), "country": ("address", "addressCountryCode")}
LINKS = {"skipper": ("Skipper", "https://badges.example/a/skipper")}


def appraise(key: str, draft: JsonObject, issuer: JsonObject = PROFILE) -> frameworks.Appraisal:
    completed = definition.complete(drafting.expand(draft, LINKS), url="https://b.example/a/x/1", version="1", creator={"id": "did:key:x"})
    return frameworks.appraise(frameworks.find(key), frameworks.gather(completed, issuer))


def missing(found: frameworks.Appraisal) -> list[str]:
    return [gap.element.key for gap in found.gaps]


def emptied(key: str, element: Element) -> tuple[JsonObject, JsonObject]:
    """Return a whole draft and its unit without any of the fields that fill an element."""
    draft, issuer = copy.deepcopy(WHOLE[key]), copy.deepcopy(PROFILE)
    for field in element.fields:
        if field.startswith("/"):
            _remove(draft, field.split("/")[1:])
        else:
            _remove(issuer, list(UNIT_MEMBERS[field.removeprefix("unit/")]))
    return draft, issuer


def _remove(node: Any, path: list[str]) -> None:  # noqa: ANN401 - any JSON value
    if path[0] == "*":
        for item in node:
            _remove(item, path[1:])
    elif path[1:]:
        _remove(node[path[0]], path[1:])
    else:
        node.pop(path[0], None)


def elements() -> Iterator[tuple[str, Element]]:
    for framework in frameworks.ALL:
        yield from ((framework.key, element) for element in framework.elements)


@pytest.mark.parametrize("key", WHOLE)
def test_a_whole_one_has_all_that_its_framework_asks_for(key: str) -> None:
    found = appraise(key, WHOLE[key])
    assert (missing(found), found.score, found.is_met) == ([], 1.0, True)
    assert {state for _, state in found.states} <= {"met", "given", "not_applicable"}


@pytest.mark.parametrize(("key", "element"), [pytest.param(key, element, id=f"{key}-{element.key}") for key, element in elements()])
def test_what_is_taken_away_is_the_one_gap_that_is_named(key: str, element: Element) -> None:
    found = appraise(key, *emptied(key, element))
    if element.given:
        assert (element.fields, missing(found)) == ([], [])
        return
    assert missing(found) == [element.key]
    assert found.score < 1
    assert found.is_met is (element.need == "optional")
    (gap,) = found.gaps
    assert gap.said.startswith(element.label)
    assert all(field.removeprefix("unit/") in gap.said for field in element.fields)
    assert element.why
    first = element.fields[0]
    assert gap.pointer == ("" if first.startswith("unit/") else first.partition("/*")[0])


BROKEN: dict[tuple[str, str], JsonObject] = {
    ("european-approach", "ects_hours"): {"workload": "PT20H"},
    ("european-approach", "eqf_levels"): {
        "level": [],
        "alignment": [{"targetName": "EQF", "targetUrl": "https://x.example", "targetType": "ext:EQFAlignment", "targetCode": "9"}],
    },
    ("nzqcf", "title_words"): {"name": "National Beekeeping"},
    ("nzqcf", "credits_limit"): {"creditsAvailable": 41, "workload": "PT410H"},
    ("nzqcf", "credit_hours"): {"workload": "PT51H"},
    ("nzqcf", "nzqcf_levels"): {"level": [{"framework": "NZQCF", "code": "11", "url": "https://x.example"}]},
    ("nzqcf", "nzsced_digits"): {
        "alignment": [{"targetName": "Bees", "targetUrl": "https://x.example", "targetType": "ext:NZSCEDAlignment", "targetCode": "0501"}]
    },
    ("uk-qaa", "credit_hours"): {"workload": "PT51H"},
}


def test_each_rule_has_a_case_that_breaks_it() -> None:
    assert {(framework.key, rule.key) for framework in frameworks.ALL for rule in framework.rules} == set(BROKEN)


@pytest.mark.parametrize(("key", "rule"), BROKEN)
def test_a_broken_rule_is_the_one_gap_that_is_named(key: str, rule: str) -> None:
    found = appraise(key, WHOLE[key] | BROKEN[key, rule])
    assert missing(found) == [rule]
    assert not found.is_met
    assert "it is not so" in found.gaps[0].said


@pytest.mark.parametrize("title", ["Diploma of Bees", "A Degree in Bees", "Bees of New Zealand", "National: Bees", "new  zealand bees"])
def test_a_title_must_not_mislead(title: str) -> None:
    assert missing(appraise("nzqcf", WHOLE["nzqcf"] | {"name": title})) == ["title_words"]


@pytest.mark.parametrize("title", ["International Bees", "Degrees of Wintering", "Nationality and Bees"])
def test_a_part_of_a_word_is_no_word(title: str) -> None:
    assert missing(appraise("nzqcf", WHOLE["nzqcf"] | {"name": title})) == []


def test_where_no_credit_is_offered_nothing_needs_to_recognise_it() -> None:
    draft = {
        name: value
        for name, value in WHOLE["australian-framework"].items()
        if name not in {"creditsAvailable", "creditUnit", "stackability"}
    }
    found = appraise("australian-framework", draft)
    assert missing(found) == []
    assert {element.key: state for element, state in found.states}["stackability"] == "not_applicable"


def test_what_it_stacks_into_is_enough_for_stackability() -> None:
    draft = {name: value for name, value in WHOLE["european-approach"].items() if name != "stackability"}
    assert missing(appraise("european-approach", draft)) == ["stackability"]
    assert missing(appraise("european-approach", draft | {"stacksInto": ["skipper"]})) == []


def test_an_hour_is_enough_in_australia_and_less_is_not() -> None:
    assert missing(appraise("australian-framework", WHOLE["australian-framework"] | {"workload": "PT1H"})) == []
    assert missing(appraise("australian-framework", WHOLE["australian-framework"] | {"workload": "PT59M"})) == ["workload"]


def test_one_part_without_its_method_is_a_gap() -> None:
    draft = copy.deepcopy(WHOLE["european-approach"])
    del draft["resultDescription"][1]["assessmentMethod"]
    assert missing(appraise("european-approach", draft)) == ["assessment_type"]


def test_of_next_to_nothing_next_to_everything_is_missing() -> None:
    found = appraise(
        "european-approach", {"name": "Knots", "description": "x", "criteria": {"narrative": "x"}, "resultDescription": ["x"]}, {}
    )
    assert found.score == 0.07
    assert not found.is_met


def test_guidance_can_be_no_gate() -> None:
    assert [framework.key for framework in frameworks.ALL if not framework.gates] == ["uk-qaa"]
    assert all(element.need != "required" for element in frameworks.find("uk-qaa").elements)


def test_a_framework_that_asks_for_nothing_is_met() -> None:
    empty = frameworks.find("uk-qaa").model_copy(update={"elements": [], "rules": []})
    assert frameworks.appraise(empty, {}).score == 1


def test_an_unknown_framework_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(problem.Invalid, match="european-approach, australian-framework, nzqcf, uk-qaa, trusted"):
        frameworks.find("african-approach")


def test_each_element_says_where_it_is_from_and_how_sure_that_is() -> None:
    for framework in frameworks.ALL:
        keys = [element.key for element in (*framework.elements, *framework.rules)]
        assert len(set(keys)) == len(keys)
        assert framework.source.title
        assert framework.source.note
        for element in (*framework.elements, *framework.rules):
            assert element.clause
            assert bool(element.given) is not bool(element.path and element.fields and element.why)


def test_nobody_is_said_to_conform() -> None:
    for framework in frameworks.ALL:
        assert not re.search(r"conform|complian|certif|accredited", framework.model_dump_json(), re.IGNORECASE)


@pytest.mark.parametrize(
    ("key", "members", "gaps"),
    [
        ("european-approach", {"creditsAvailable": 2.2, "workload": "PT55H"}, []),
        ("european-approach", {"creditsAvailable": 0.7, "workload": "PT21H"}, []),
        ("nzqcf", {"creditsAvailable": 0.07, "workload": "PT42M"}, []),
        ("nzqcf", {"creditsAvailable": 0, "workload": "PT42M"}, ["credits"]),
        ("nzqcf", {"description": " ", "stackability": "\n"}, ["purpose", "pathways"]),
        ("nzqcf", {"name": "\uff24egree of Bees"}, ["title_words"]),
        ("nzqcf", {"name": "De\u00adgree of Bees"}, ["title_words"]),
        ("nzqcf", {"level": [{"framework": "NZQCF", "code": code, "url": "https://x.example"} for code in ("11", "4")]}, ["nzqcf_levels"]),
    ],
)
def test_what_is_said_is_weighed_as_a_person_would(key: str, members: JsonObject, gaps: list[str]) -> None:
    assert missing(appraise(key, WHOLE[key] | members)) == gaps


def test_a_level_without_its_code_is_none() -> None:
    alignment = [{"targetName": "EQF", "targetUrl": "https://x.example", "targetType": "ext:EQFAlignment"}]
    assert missing(appraise("european-approach", WHOLE["european-approach"] | {"level": [], "alignment": alignment})) == ["level"]
