from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tests.awarding import statements
from tests.awarding.statements import ADL, HOME

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming

MOODLE = "https://moodle.northvalley.example"
FINAL = f"{HOME}/activities/weld101/final"
NOBODY = event.LearnerClaim(None, None, None, None)
STATEMENT = "7c2d1f6e-4f3b-4d65-9d11-0f6f4a6b0c0"

PASSED = statements.passed(f"{STATEMENT}1", item=FINAL)
COMPLETED = dataclasses.replace(
    PASSED,
    key="2033a35f-7956-5ab0-8161-8cc5e72d2cf5",
    type=f"{ADL}completed",
    series=None,
    occurred_at=datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC),
    course=f"{MOODLE}/course/view.php?id=7",
    courses=(f"{MOODLE}/course/view.php?id=7",),
    learner=event.LearnerClaim(f"{MOODLE}|4211", None, None, "Asha Rao"),
    result=event.ResultClaim(None, None, None, None, "completed"),
    item=f"{MOODLE}/course/view.php?id=7",
    pointer="/0",
)
EXPECTED = {
    "xapi/passed.json": PASSED,
    "xapi/failed.json": dataclasses.replace(
        PASSED,
        key=f"{STATEMENT}2",
        type=f"{ADL}failed",
        occurred_at=datetime(2026, 5, 19, 9, 0, tzinfo=UTC),
        result=event.ResultClaim(16, 40, 0.4, None, "failed", passed=False),
    ),
    "xapi/mastered.json": dataclasses.replace(
        PASSED,
        key=f"{STATEMENT}3",
        type=f"{ADL}mastered",
        series=None,
        result=event.ResultClaim(None, None, None, None, "mastered", passed=True),
    ),
    "xapi/voided.json": dataclasses.replace(
        PASSED,
        key=f"{STATEMENT}4",
        type=f"{ADL}voided",
        series=None,
        occurred_at=datetime(2026, 5, 22, 8, 0, tzinfo=UTC),
        learner=NOBODY,
        result=event.ResultClaim(None, None, None, None, "voided"),
        item=None,
        voids=f"{STATEMENT}1",
    ),
    "xapi_moodle_logstore/course_completed.json": COMPLETED,
    "xapi_moodle_logstore/course_completed_mbox.json": dataclasses.replace(
        COMPLETED,
        key="b9a9276a-fac8-570d-9d7d-65bb0d941e27",
        learner=event.LearnerClaim(None, None, "asha.rao@example.org", "Asha Rao"),
    ),
    "xapi_moodle_logstore/module_completed_passed.json": dataclasses.replace(
        COMPLETED,
        key="f9802733-cc17-5011-8bf3-2d4af68c736c",
        course=None,
        courses=(),
        result=event.ResultClaim(None, None, None, None, "completed", passed=True),
        item=f"{MOODLE}/mod/quiz/view.php?id=88",
    ),
}


def statement(verb: str = "passed", **given: object) -> dict[str, Any]:
    return {"actor": {"account": {"homePage": HOME, "name": "u-4211"}}, "verb": {"id": ADL + verb}, "object": {"id": FINAL}} | given


def read(payload: object) -> event.LearningEvent:
    (found,) = adapter.read("xapi", incoming.Incoming(payload))  # type: ignore[arg-type]
    return found


def learner(**actor: object) -> event.LearnerClaim:
    return read(statement(actor=actor)).learner


@pytest.mark.parametrize("path", EXPECTED)
def test_a_sample_is_read(read_sample: Callable[..., Any], path: str) -> None:
    assert read_sample("xapi", path) == (EXPECTED[path],)


def test_natural_rules_fire_on_the_samples(read_sample: Callable[..., Any], fires: Callable[..., bool]) -> None:
    passed = [("type", "eq", f"{ADL}passed"), ("item", "eq", FINAL), ("result.scaled", "ge", 0.8)]
    completed = [("type", "eq", f"{ADL}completed"), ("course", "eq", f"{MOODLE}/course/view.php?id=7")]
    verdicts = {path: (fires(*read_sample("xapi", path), passed), fires(*read_sample("xapi", path), completed)) for path in EXPECTED}
    assert [path for path, (holds, _) in verdicts.items() if holds] == ["xapi/passed.json"]
    assert [path for path, (_, holds) in verdicts.items() if holds] == [
        "xapi_moodle_logstore/course_completed.json",
        "xapi_moodle_logstore/course_completed_mbox.json",
    ]


def test_a_voided_statement_names_the_key_of_the_one_that_it_takes_back() -> None:
    upper = f"{STATEMENT}1".upper()
    voiding = statement("voided", object={"objectType": "StatementRef", "id": upper})
    assert read(voiding).voids == read(statement(id=upper)).key == PASSED.key


def test_who_voids_is_not_whom_it_was_about() -> None:
    assert read(statement("voided")).learner == NOBODY
    assert read(statement("voided")).voids is None, "an activity is no statement"
    assert read(statement(object={"objectType": "StatementRef", "id": "s"})).voids is None, "only the verb voids"


def test_the_id_of_a_voided_statement_is_of_a_length_that_can_be_stored() -> None:
    with pytest.raises(problem.Malformed, match="voids is longer"):
        read(statement("voided", object={"objectType": "StatementRef", "id": "x" * 256}))


def test_the_learner_is_the_actor_and_neither_the_instructor_nor_the_authority() -> None:
    teacher = {"account": {"homePage": HOME, "name": "t-1"}, "name": "Teacher"}
    found = read(statement(context={"instructor": teacher, "registration": "r-1"}, authority=teacher))
    assert found.learner == event.LearnerClaim(f"{HOME}|u-4211", None, None, None)
    assert found.run == "r-1"


def test_the_same_name_at_another_home_page_is_somebody_else() -> None:
    here, there = (learner(account={"homePage": home, "name": 4211}).source_id for home in (HOME, MOODLE))
    assert here == f"{HOME}|4211"
    assert here != there
    assert learner(account={"name": "4211"}).source_id == "4211"
    assert learner(account={"homePage": HOME}) == NOBODY


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        ({"mbox": "mailto:asha.rao@example.org", "name": "Asha"}, event.LearnerClaim(None, None, "asha.rao@example.org", "Asha")),
        ({"mbox": "MAILTO:asha.rao@example.org"}, event.LearnerClaim(None, None, "asha.rao@example.org", None)),
        ({"mbox": "mailto:"}, NOBODY),
        ({"mbox": ""}, NOBODY),
        ({"mbox": "asha.rao@example.org"}, NOBODY),
        ({"mbox": "mailto:asha.rao@example.org?subject=x"}, NOBODY),
        ({"mbox_sha1sum": "EBD31E95054C018B10727CCFFD2EF2EC3A016EE9"}, "mbox_sha1sum|ebd31e95054c018b10727ccffd2ef2ec3a016ee9"),
        ({"openid": "https://asha.example/"}, "https://asha.example/"),
        ({}, NOBODY),
        ({"objectType": "Group", "account": {"homePage": HOME, "name": "team"}, "name": "Team"}, NOBODY),
    ],
)
def test_every_form_of_an_actor_is_read(actor: dict[str, Any], expected: event.LearnerClaim | str) -> None:
    wanted = event.LearnerClaim(expected, None, None, None) if isinstance(expected, str) else expected
    assert learner(**actor) == wanted


def test_a_statement_without_an_id_has_one_that_is_made_of_its_content() -> None:
    one = read(statement(timestamp="2026-05-20T14:01:31Z"))
    assert str(UUID(one.key)) == one.key
    assert read(statement(timestamp="2026-05-20T14:01:31Z", stored="2026-05-21T00:00:00Z")).key == one.key
    assert read(statement(timestamp="2026-05-20T14:01:32Z")).key != one.key


@pytest.mark.parametrize(
    ("verb", "success", "passed"),
    [
        ("passed", None, True),
        ("failed", None, False),
        ("completed", None, None),
        ("completed", True, True),
        ("completed", False, False),
        ("passed", False, False),
        ("failed", True, False),
    ],
)
def test_what_contradicts_itself_is_not_passed(verb: str, *, success: bool | None, passed: bool | None) -> None:
    assert read(statement(verb, result={"success": success})).result.passed is passed


def test_a_share_is_computed_only_from_zero() -> None:
    assert read(statement(result={"score": {"raw": 3, "min": 0, "max": 4}})).result.scaled == 0.75
    assert read(statement(result={"score": {"raw": 3, "max": 4}})).result.scaled == 0.75
    assert read(statement(result={"score": {"raw": 3, "min": 2, "max": 4}})).result.scaled is None
    assert read(statement(result={"score": {"raw": 3, "max": 4, "scaled": 0.5}})).result.scaled == 0.5
    assert read(statement(result={"score": {"scaled": -1}})).result.scaled == -1


@pytest.mark.parametrize("scaled", [87.5, 1.01, -1.5])
def test_a_percentage_in_the_place_of_a_share_is_malformed(scaled: float) -> None:
    with pytest.raises(problem.Malformed, match="from -1 to 1"):
        read(statement(result={"score": {"scaled": scaled}}))


def test_an_activity_in_a_course_is_not_the_course() -> None:
    course = {"id": "https://learn.example/course/7", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}
    found = read(statement("completed", context={"contextActivities": {"parent": [course]}}))
    assert (found.course, found.courses, found.item) == (None, (), FINAL)
    found = read(statement("completed", object=course))
    assert (found.course, found.item) == (course["id"], course["id"])


@pytest.mark.parametrize("thing", [{"objectType": "Agent", "id": "x"}, {"objectType": "SubStatement"}, {}, None])
def test_what_is_no_activity_is_no_item(thing: object) -> None:
    assert read(statement(object=thing)).item is None


def test_a_verb_that_we_do_not_know_gives_its_iri_and_whatever_ids_there_are() -> None:
    found = read({"verb": {"id": "https://welding.example/verbs/welded/"}})
    assert (found.type, found.result.status) == ("https://welding.example/verbs/welded/", "welded")
    assert (found.learner, found.item, found.occurred_at) == (NOBODY, None, None)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"verb": "passed"},
        {"verb": {"id": ""}},
        statement(actor="Asha"),
        statement(actor={"account": {"name": True}}),
        statement(object=FINAL),
        statement(object={"id": 5}),
        statement(result={"success": "yes"}),
        statement(result={"score": 35}),
        statement(result={"score": {"raw": "35"}}),
        statement(context=[]),
        statement(id=5),
        statement(timestamp="2026-05-20"),
    ],
)
def test_wrong_types_are_malformed(payload: dict[str, Any]) -> None:
    with pytest.raises(problem.Malformed):
        read(payload)
    with pytest.raises(problem.Malformed, match="At /0: "):
        read([payload])
