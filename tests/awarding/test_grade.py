from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from tests.awarding.happenings import WELDING

from badgeissuer.awarding import condition, event, grade, rule

URL = "https://badges.example.edu/a/welding/1"
ACHIEVEMENT: dict[str, Any] = {
    "id": URL,
    "name": "Welding",
    "resultDescription": [
        {"id": f"{URL}#score", "name": "Final score", "resultType": "Percent", "valueMin": "0", "valueMax": "100"},
        {"id": f"{URL}#raw", "name": "Points", "resultType": "RawScore", "valueMax": "40"},
        {"id": f"{URL}#letter", "name": "Grade", "resultType": "LetterGrade", "allowedValue": ["C", "B", "A"]},
        {"id": f"{URL}#status", "name": "Status", "resultType": "Status"},
        {
            "id": f"{URL}#joint",
            "name": "Joint",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [{"id": f"{URL}#fair", "name": "Fair"}, {"id": f"{URL}#good", "name": "Good"}],
        },
    ],
}


def said(mapping: dict[str, Any], *, sent: Any = None, achievement: dict[str, Any] = ACHIEVEMENT, **result: Any) -> grade.Said:  # noqa: ANN401 - any JSON
    claim = dataclasses.replace(WELDING.result, **result)
    when: Any = {"all": [{"field": "type", "op": "exists"}]}
    found = rule.parse({"when": when, "mapping": mapping}).mapping
    return grade.read(found, condition.Seen(dataclasses.replace(WELDING, result=claim), sent), achievement)


def one(reference: str, **member: str) -> dict[str, Any]:
    return {"type": ["Result"], "resultDescription": f"{URL}#{reference}"} | member


@pytest.mark.parametrize(
    ("wanted", "result", "expected"),
    [
        ({"result": "#score"}, {}, one("score", value="87.5")),
        ({"result": f"{URL}#score"}, {"scaled": None}, one("score", value="87.5")),
        ({"result": "Final score"}, {"scaled": 1 / 3}, one("score", value="33.3333")),
        ({"result": "#score"}, {"scaled": 1.0}, one("score", value="100")),
        ({"result": "#raw"}, {}, one("raw", value="35")),
        ({"result": "#letter"}, {"letter": "A"}, one("letter", value="A")),
        ({"result": "#letter", "levels": {"passed": "B"}}, {"letter": None}, one("letter", value="B")),
        ({"result": "#status"}, {"passed": True}, one("status", status="Completed")),
        ({"result": "#status"}, {"passed": False}, one("status", status="Failed")),
        ({"result": "#status", "levels": {"87": "Completed"}}, {}, one("status", status="Completed")),
        ({"result": "#joint", "levels": {"87": "#good"}}, {}, one("joint", achievedLevel=f"{URL}#good")),
        ({"result": "#joint", "levels": {"87": "Fair"}}, {}, one("joint", achievedLevel=f"{URL}#fair")),
        ({"result": "#joint", "take": {"value": "Good"}}, {}, one("joint", achievedLevel=f"{URL}#good")),
        ({"result": "#raw", "take": {"path": "a.b"}}, {}, one("raw", value="12.5")),
        ({"result": "#raw", "take": {"field": "credits"}}, {}, one("raw", value="2")),
    ],
)
def test_a_result_is_what_its_description_says(wanted: dict[str, Any], result: dict[str, Any], expected: dict[str, Any]) -> None:
    found = said({"results": [wanted]}, sent={"a": {"b": "12.5"}}, **result)
    assert (found.results, found.faults) == ((expected,), ())


@pytest.mark.parametrize(
    ("wanted", "result", "fault"),
    [
        ({"result": "#gone"}, {}, "no result “#gone” any more"),
        ({"result": "#score"}, {"scaled": 1.2}, "more than the most of 100"),
        ({"result": "#score"}, {"scaled": None, "raw": None}, "does not say what is needed for “Final score”"),
        ({"result": "#letter"}, {"letter": "F"}, "none of the allowed values"),
        ({"result": "#raw"}, {"raw": 41}, "more than the most of 40"),
        ({"result": "#status"}, {"passed": None}, "does not say what is needed for “Status”"),
        ({"result": "#joint", "levels": {"x": "#good"}}, {}, "“Joint” has no level for"),
        ({"result": "#joint", "levels": {"87": "#best"}}, {}, "“Joint” has no level for"),
        ({"result": "#raw", "take": {"path": "a"}}, {}, "does not say what is needed for “Points”"),
    ],
)
def test_a_result_that_does_not_fit_is_a_fault_and_nothing_is_said(wanted: dict[str, Any], result: dict[str, Any], fault: str) -> None:
    found = said({"results": [wanted]}, sent={"a": {}}, **result)
    assert found.results == ()
    assert len(found.faults) == 1
    assert fault in found.faults[0]


def test_credits_term_licence_and_dates_come_from_where_the_rule_says() -> None:
    mapping = {"credits": {"path": "ects"}, "term": {"field": "run"}, "license_number": {"path": "number"}, "activity_dates": True}
    found = said(mapping, sent={"ects": "2.5", "number": 4711})
    assert (found.credits, found.term, found.license_number, found.faults) == (2.5, "2026T1", "4711", ())
    assert (found.activity_start, found.activity_end) == (WELDING.started_at, WELDING.occurred_at)
    plain = said({})
    assert (plain.credits, plain.term, plain.activity_end) == (2.0, None, None)


@pytest.mark.parametrize(
    ("mapping", "fault"),
    [
        ({"credits": {"value": 20_000}}, "20000 credits; at most 10,000"),
        ({"credits": {"value": -1}}, "-1 credits"),
        ({"term": {"path": "nothing"}}, "no term of at most"),
        ({"term": {"value": " "}}, "no term of at most"),
        ({"license_number": {"path": "long"}}, "no licence number of at most"),
        ({"license_number": {"path": "control"}}, "no licence number of at most"),
    ],
)
def test_what_cannot_be_said_is_a_fault(mapping: dict[str, Any], fault: str) -> None:
    found = said(mapping, sent={"long": "1" * 101, "control": "a\nb"})
    assert len(found.faults) == 1
    assert fault in found.faults[0]


def test_an_achievement_without_results_has_none() -> None:
    assert said({"results": [{"result": "#score"}]}, achievement={"id": URL, "name": "x"}).faults == (
        "The achievement has no result “#score” any more.",
    )


def test_evidence_is_what_has_a_web_address_once_and_at_most_a_hundred() -> None:
    many = [event.EvidenceClaim(f"https://example.org/{number}", None) for number in range(120)]
    assert len(grade.evidence(many)) == 100
    given = [("https://a.example/x", "A\nb"), ("https://a.example/x", "C"), ("file:///x", None), (None, "D")]
    claims = [event.EvidenceClaim(url, name) for url, name in given]
    assert grade.evidence(claims) == [{"id": "https://a.example/x", "type": ["Evidence"], "name": "A b"}]
