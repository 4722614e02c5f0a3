from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming

SITE = "https://learn.northvalley.example"
ASHA = f"{SITE}/users/4211"
NOBODY = event.LearnerClaim(None, None, None, None)

GRADED = event.LearningEvent(
    key="urn:uuid:3f0a5a0c-9d5b-4a5c-9a5e-5b0d8d7c1a01",
    type="GradeEvent",
    occurred_at=datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC),
    course=f"{SITE}/courses/7/sections/1",
    courses=(f"{SITE}/courses/7/sections/1", "WELD101-01"),
    run="2026T1",
    learner=event.LearnerClaim(ASHA, None, None, None),
    result=event.ResultClaim(35, 40, 0.875, None, "Graded"),
    credits=None,
    evidence=(),
    item=f"{SITE}/assess/310",
    started_at=datetime(2026, 5, 20, 13, 19, 21, tzinfo=UTC),
    pointer="/data/0",
)


def entry(kind: str = "AssessmentEvent", **given: object) -> dict[str, Any]:
    return {"type": kind, "action": "Submitted", "actor": {"id": ASHA, "type": "Person"}} | given


def read(*entries: object) -> event.LearningEvent:
    (found,) = adapter.read("caliper", incoming.Incoming({"sensor": SITE, "data": list(entries)}))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("version", ["v1p1", "v1p2"])
def test_a_grade_is_read_in_both_versions(read_sample: Callable[..., Any], version: str) -> None:
    assert read_sample("caliper", f"caliper/grade_event_{version}.json") == (GRADED,)


def test_a_natural_rule_fires_on_a_grade(read_sample: Callable[..., Any], fires: Callable[..., bool]) -> None:
    (found,) = read_sample("caliper", "caliper/grade_event_v1p2.json")
    assert fires(found, [("type", "eq", "GradeEvent"), ("item", "eq", f"{SITE}/assess/310"), ("result.scaled", "ge", 0.8)])
    assert not fires(found, [("type", "eq", "GradeEvent"), ("result.scaled", "ge", 0.9)])


@pytest.mark.parametrize("kind", ["GradeEvent", "OutcomeEvent", "ResultEvent", "http://purl.imsglobal.org/caliper/v1/GradeEvent"])
def test_who_grades_is_never_the_learner(kind: str) -> None:
    assert read(entry(kind)).learner == NOBODY


@pytest.mark.parametrize("action", ["Graded", "http://purl.imsglobal.org/vocab/caliper/v1/action#Graded"])
def test_who_does_the_grading_in_another_event_is_not_the_learner_either(action: str) -> None:
    assert read(entry(action=action)).learner == NOBODY


def test_the_assignee_goes_before_the_actor() -> None:
    assert read(entry(object={"assignee": {"id": "u:2", "name": "Ben"}})).learner == event.LearnerClaim("u:2", None, None, "Ben")
    assert read(entry(generated={"assignee": "u:3"})).learner.source_id == "u:3"
    assert read(entry("GradeEvent", object="a:1", generated={"attempt": {"assignee": "u:4"}})).learner.source_id == "u:4"


def test_the_actor_of_what_is_no_grade_is_the_learner_if_it_is_a_person() -> None:
    assert read(entry()).learner.source_id == ASHA
    assert read(entry(actor=ASHA)).learner.source_id == ASHA
    assert read(entry(actor={"id": ASHA, "type": "http://purl.imsglobal.org/caliper/Person"})).learner.source_id == ASHA
    assert read(entry(actor={"id": "a:1", "type": "SoftwareApplication"})).learner == NOBODY
    assert read(entry(actor=None)).learner == NOBODY


@pytest.mark.parametrize(
    ("roles", "is_learner"),
    [
        (["Learner"], True),
        (["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"], True),
        (["Instructor"], False),
        ("Instructor", False),
        (["TeachingAssistant", "Learner"], True),
        ([], True),
        (None, True),
        ([5], True),
    ],
)
def test_the_actor_in_another_role_than_learner_is_not_the_learner(roles: object, *, is_learner: bool) -> None:
    found = read(entry(membership={"roles": roles}))
    assert found.learner.source_id == (ASHA if is_learner else None)


def test_an_anonymous_person_is_nobody() -> None:
    person = {"id": "http://purl.imsglobal.org/caliper/Person", "type": "Person"}
    assert read(entry(actor=person)).learner == NOBODY
    assert read(entry("GradeEvent", object={"assignee": person})).learner == NOBODY


def test_the_identifiers_of_version_1_2_give_the_address_and_the_register_id() -> None:
    identifiers = [
        {"type": "SystemIdentifier", "identifierType": "EmailAddress", "identifier": "asha.rao@example.org"},
        {"type": "SystemIdentifier", "identifierType": "SisSourcedId", "identifier": "S-9"},
        {"type": "SystemIdentifier", "identifierType": "Other", "identifier": "x"},
        "text",
    ]
    found = read(entry(actor={"id": ASHA, "type": "Person", "otherIdentifiers": identifiers}))
    assert found.learner == event.LearnerClaim(ASHA, "S-9", "asha.rao@example.org", None)


def test_an_event_without_an_id_has_the_hash_of_its_content_as_key() -> None:
    assert read(entry()).key == read(entry()).key
    assert read(entry()).key != read(entry(eventTime="2026-05-20T14:01:31Z")).key
    assert len(read(entry()).key) == 64


def test_an_event_that_we_do_not_know_gives_its_type_and_ids() -> None:
    found = read(entry("WeldingEvent", object="o:1", group="g:1"))
    assert (found.type, found.item, found.course, found.result.status) == ("WeldingEvent", "o:1", "g:1", "Submitted")


def test_the_offering_of_a_section_is_a_form_of_the_course_and_a_group_of_learners_is_none() -> None:
    offering = {"id": "c:1", "type": "CourseOffering", "courseNumber": "WELD101"}
    found = read(entry(group={"id": "s:1", "type": "CourseSection", "subOrganizationOf": offering}))
    assert found.courses == ("s:1", "c:1", "WELD101")
    found = read(entry(group={"id": "g:1", "type": "Group", "subOrganizationOf": offering}))
    assert (found.course, found.courses) == ("c:1", ("c:1", "WELD101"))


def test_a_result_of_version_1_1_is_a_score() -> None:
    found = read(entry("OutcomeEvent", generated={"type": "Result", "resultScore": 3, "maxResultScore": 4}))
    assert found.result == event.ResultClaim(3, 4, 0.75, None, "Submitted")


def test_descriptions_of_entities_are_no_events() -> None:
    person: dict[str, Any] = {"@context": "http://purl.imsglobal.org/ctx/caliper/v1p2", "id": ASHA, "type": "Person"}
    assert adapter.read("caliper", incoming.Incoming({"data": [person]})) == ()
    assert read(person, entry()).pointer == "/data/1"


@pytest.mark.parametrize("payload", [{}, {"data": None}, {"data": {}}, {"data": "text"}, []])
def test_what_is_no_envelope_is_malformed(payload: Any) -> None:  # noqa: ANN401 - any JSON value
    with pytest.raises(problem.Malformed):
        adapter.read("caliper", incoming.Incoming(payload))


@pytest.mark.parametrize(
    "given",
    [
        entry(type=None),
        entry(actor=5),
        entry(object=[]),
        entry(eventTime="soon"),
        entry(generated={"scoreGiven": "35"}),
        entry(membership="m:1", group={"academicSession": {}}),
        entry(actor={"id": ASHA, "otherIdentifiers": "text"}),
    ],
)
def test_wrong_types_are_malformed_and_named(given: dict[str, Any]) -> None:
    with pytest.raises(problem.Malformed, match="At /data/0: "):
        read(given)
