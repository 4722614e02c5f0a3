from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.awarding import statements
from tests.awarding.statements import ADL, HOME

from badgeissuer import problem
from badgeissuer.awarding import adapter, cmi5, event, incoming

CMI5 = "https://w3id.org/xapi/adl/verbs/"
UNIT = f"{HOME}/cmi5/au/weld101-final"
COURSE = f"{HOME}/cmi5/course/weld101-b1f2"
STATEMENT = "5a9b8f0e-2d6c-4a1f-8b53-9f1e6f2c7a0"

PASSED = statements.passed(f"{STATEMENT}1", item=UNIT, run="ec531277-b57b-4c15-8d91-d292c5b2b8f7")
EXPECTED = {
    "passed": PASSED,
    "satisfied_course": dataclasses.replace(
        PASSED,
        key=f"{STATEMENT}2",
        type=f"{CMI5}satisfied",
        series=None,
        occurred_at=datetime(2026, 5, 20, 14, 1, 32, tzinfo=UTC),
        course=COURSE,
        courses=(COURSE,),
        result=event.ResultClaim(None, None, None, None, "satisfied"),
        item=COURSE,
    ),
    "waived": dataclasses.replace(
        PASSED,
        key=f"{STATEMENT}3",
        type=f"{CMI5}waived",
        series=None,
        result=event.ResultClaim(None, None, None, None, "waived", passed=True),
    ),
}


def statement(verb: str, *, category: str = cmi5.CATEGORY, **given: object) -> dict[str, Any]:
    return {
        "actor": {"account": {"homePage": HOME, "name": "u-4211"}},
        "verb": {"id": verb},
        "object": {"id": UNIT},
        "context": {"contextActivities": {"category": [{"id": category}]}},
    } | given


def read(payload: object) -> event.LearningEvent:
    (found,) = adapter.read("cmi5", incoming.Incoming(payload))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_is_read(read_sample: Callable[..., Any], name: str) -> None:
    assert read_sample("cmi5", f"cmi5/{name}.json") == (EXPECTED[name],)


def test_natural_rules_fire_on_the_samples(read_sample: Callable[..., Any], fires: Callable[..., bool]) -> None:
    passed = [("result.status", "eq", "passed"), ("item", "eq", UNIT), ("result.scaled", "ge", 0.8)]
    done = [("type", "eq", f"{CMI5}satisfied"), ("course", "eq", COURSE)]
    verdicts = {name: [fires(*read_sample("cmi5", f"cmi5/{name}.json"), rule) for rule in (passed, done)] for name in EXPECTED}
    assert verdicts == {"passed": [True, False], "satisfied_course": [False, True], "waived": [False, False]}


@pytest.mark.parametrize(("verb", "status", "passed"), [(f"{ADL}failed", "failed", False), (f"{ADL}completed", "completed", None)])
def test_failed_and_completed_are_read(verb: str, status: str, *, passed: bool | None) -> None:
    found = read(statement(verb))
    assert (found.result.status, found.result.passed) == (status, passed)


def test_a_block_that_is_satisfied_is_no_course_done() -> None:
    block = {"id": f"{HOME}/block/1", "definition": {"type": "https://w3id.org/xapi/cmi5/activitytype/block"}}
    context = {"contextActivities": {"category": [{"id": cmi5.CATEGORY}], "grouping": [{"id": COURSE}]}}
    found = read(statement(f"{CMI5}satisfied", object=block, context=context))
    assert (found.course, found.courses, found.item) == (None, (), block["id"])


def test_a_course_has_the_id_of_its_author_as_a_second_form() -> None:
    course = {"id": COURSE, "definition": {"type": "https://w3id.org/xapi/cmi5/activitytype/course"}}
    grouping = [{"id": "https://author.example/weld101"}, {"id": None}, "text"]
    context = {"contextActivities": {"category": {"id": cmi5.CATEGORY}, "grouping": grouping}}
    found = read(statement(f"{CMI5}satisfied", object=course, context=context))
    assert (found.course, found.courses) == (COURSE, (COURSE, "https://author.example/weld101"))


def test_what_a_unit_says_for_itself_has_no_status() -> None:
    found = read(statement(f"{ADL}passed", category="https://unit.example/own", result={"score": {"scaled": -0.5}}))
    assert (found.type, found.result.status, found.result.passed) == (f"{ADL}passed", None, True)
    assert read(statement(f"{ADL}passed", context=None)).result.status is None


def test_a_score_below_zero_is_malformed() -> None:
    with pytest.raises(problem.Malformed, match="from 0 to 1"):
        read(statement(f"{ADL}passed", result={"score": {"scaled": -0.1}}))
    assert read(statement(f"{ADL}passed", result={"score": {"scaled": 0}})).result.scaled == 0


def test_several_statements_are_several_events() -> None:
    one, two = statement(f"{ADL}completed"), statement(f"{ADL}passed")
    found = adapter.read("cmi5", incoming.Incoming([one, two]))
    assert [(happened.pointer, happened.result.status) for happened in found] == [("/0", "completed"), ("/1", "passed")]


def test_a_voided_statement_names_the_one_that_it_takes_back() -> None:
    voiding = statement(f"{ADL}voided", object={"objectType": "StatementRef", "id": PASSED.key}, context=None)
    assert (read(voiding).voids, read(voiding).learner.source_id) == (PASSED.key, None)


def test_the_same_statement_has_the_same_key_as_in_xapi() -> None:
    given = incoming.Incoming(copy.deepcopy(statement(f"{ADL}passed")))
    assert adapter.read("cmi5", given)[0].key == adapter.read("xapi", given)[0].key


@pytest.mark.parametrize("context", ["text", {"contextActivities": "text"}, {"contextActivities": {"category": "text"}}])
def test_wrong_types_are_malformed(context: object) -> None:
    with pytest.raises(problem.Malformed):
        read(statement(f"{ADL}passed", context=context))
