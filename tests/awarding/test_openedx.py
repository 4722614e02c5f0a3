from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming

ORG = "org.openedx.learning."
RUN = "course-v1:NorthValley+WELD101+2026T1"
DATA = "openedx_events.learning.data."
NOBODY = event.LearnerClaim(None, None, None, None)

CREATED = event.LearningEvent(
    key="b7c0a6f8-544b-11f1-afe6-0242ac140007",
    type=f"{ORG}certificate.created.v1",
    occurred_at=datetime(2026, 5, 20, 14, 2, 32, 598387, tzinfo=UTC),
    course=RUN,
    courses=(RUN, "NorthValley+WELD101"),
    run="2026T1",
    learner=event.LearnerClaim("4211", None, "asha.rao@example.org", "Asha Rao"),
    result=event.ResultClaim(None, None, 0.87, None, "downloadable", passed=True),
    credits=None,
    evidence=(),
    item=RUN,
)
GRADED = dataclasses.replace(
    CREATED,
    key="c1f5e6c4-544b-11f1-afe6-0242ac140007",
    type=f"{ORG}course.persistent_grade_summary.changed.v1",
    occurred_at=datetime(2026, 5, 20, 14, 1, 32, 598387, tzinfo=UTC),
    learner=event.LearnerClaim("4211", None, None, None),
    result=event.ResultClaim(None, None, 0.87, "Pass", None),
)
PASSING = dataclasses.replace(
    CREATED,
    key="457f0c26-544b-11f1-afe6-0242ac140007",
    type=f"{ORG}course.passing.status.updated.v1",
    occurred_at=datetime(2026, 5, 20, 14, 1, 32, 598387, tzinfo=UTC),
    result=event.ResultClaim(None, None, None, None, None, passed=True),
)
EXPECTED = {
    "certificate_created.json": CREATED,
    "certificate_created.form.txt": CREATED,
    "certificate_revoked.json": dataclasses.replace(
        CREATED,
        key="f0d2c3aa-544b-11f1-afe6-0242ac140007",
        type=f"{ORG}certificate.revoked.v1",
        occurred_at=datetime(2026, 5, 20, 14, 10, 32, 598387, tzinfo=UTC),
        result=event.ResultClaim(None, None, 0.41, None, "notpassing", passed=False),
        withdraws=True,
    ),
    "course_passing_status_updated_true.json": PASSING,
    "course_passing_status_updated_false.json": dataclasses.replace(
        PASSING,
        key="9a1e7d02-544b-11f1-afe6-0242ac140007",
        occurred_at=datetime(2026, 5, 20, 14, 9, 32, 598387, tzinfo=UTC),
        result=event.ResultClaim(None, None, None, None, None, passed=False),
    ),
    "persistent_grade_summary_changed.json": GRADED,
    "zapier_persistent_grade_summary_changed.form.txt": GRADED,
    "idv_attempt_approved.json": dataclasses.replace(
        CREATED,
        key="e70b3c1c-544b-11f1-afe6-0242ac140007",
        type=f"{ORG}idv_attempt.approved.v1",
        occurred_at=datetime(2026, 5, 20, 14, 0, 32, 598387, tzinfo=UTC),
        course=None,
        courses=(),
        run=None,
        result=event.ResultClaim(None, None, None, None, "approved"),
        item="attempt:91",
    ),
    "course_unenrollment_completed.json": dataclasses.replace(
        CREATED,
        key="d5aa11be-544b-11f1-afe6-0242ac140007",
        type=f"{ORG}course.unenrollment.completed.v1",
        occurred_at=datetime(2026, 5, 20, 14, 4, 32, 598387, tzinfo=UTC),
        result=event.ResultClaim(None, None, None, None, None),
    ),
}


def read(payload: object, reading: incoming.Reading | None = None) -> event.LearningEvent:
    (found,) = adapter.read("openedx", incoming.Incoming(payload), reading or incoming.Reading())  # type: ignore[arg-type]
    return found


def sent(name: str = "CertificateData", *, kind: str = "certificate.created.v1", **data: object) -> dict[str, Any]:
    return {DATA + name: data, "event_metadata": {"event_type": ORG + kind, "id": "e-1", "time": "2026-05-20 14:02:32+00:00"}}


def form(kind: str = "certificate.created.v1", **fields: str) -> dict[str, Any]:
    return fields | {"event_metadata_event_type": ORG + kind, "event_metadata_id": "e-1"}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_is_read(read_sample: Callable[..., Any], name: str) -> None:
    assert read_sample("openedx", f"openedx/{name}") == (EXPECTED[name],)


def test_natural_rules_fire_on_the_samples(read_sample: Callable[..., Any], fires: Callable[..., bool]) -> None:
    certified = [("type", "eq", f"{ORG}certificate.created.v1"), ("course", "eq", "NorthValley+WELD101"), ("result.scaled", "ge", 0.8)]
    passing = [("type", "eq", f"{ORG}course.passing.status.updated.v1"), ("course", "eq", RUN), ("result.passed", "eq", True)]
    for name, rule in (("certificate_created.form.txt", certified), ("course_passing_status_updated_true.json", passing)):
        (found,) = read_sample("openedx", f"openedx/{name}")
        assert fires(found, rule)
    for name, rule in (("certificate_revoked.json", certified), ("course_passing_status_updated_false.json", passing)):
        (found,) = read_sample("openedx", f"openedx/{name}")
        assert not fires(found, rule)


def test_only_a_revoked_certificate_withdraws_and_what_was_reached_in_the_same_item() -> None:
    assert [name for name, found in EXPECTED.items() if found.withdraws] == ["certificate_revoked.json"]
    assert EXPECTED["certificate_revoked.json"].item == CREATED.item


def test_a_changed_certificate_says_whether_it_is_passed_and_withdraws_nothing() -> None:
    changed = sent(kind="certificate.changed.v1", course={"course_key": RUN}, grade="0.41", current_status="notpassing")
    found = read(changed)
    assert (found.result.passed, found.withdraws, found.item) == (False, False, RUN)
    assert read(sent(current_status="unverified")).result.passed is None


def test_a_grade_may_be_a_number_a_letter_or_nothing() -> None:
    assert read(sent(grade=0.87)).result.scaled == 0.87
    assert read(sent(grade="Distinction")).result == event.ResultClaim(None, None, None, "Distinction", None)
    assert read(sent(grade="")).result == event.ResultClaim(None, None, None, None, None)
    assert read(sent(grade="B", letter_grade="A")).result.letter == "A"


@pytest.mark.parametrize(("word", "passed"), [("True", True), ("False", False), ("None", None), ("perhaps", None)])
def test_the_words_of_python_in_a_form_are_what_they_mean(word: str, *, passed: bool | None) -> None:
    fields = {
        "course_passing_status_is_passing": word,
        "course_passing_status_user_id": "4211",
        "course_passing_status_user_pii_name": "None",
    }
    found = read(form("course.passing.status.updated.v1", **fields))
    assert (found.result.passed, found.learner) == (passed, event.LearnerClaim("4211", None, None, None))


def test_a_learner_may_have_a_name_that_is_a_word_of_python() -> None:
    assert read(form(certificate_user_id="1", certificate_user_pii_name="True")).learner.name == "True"


def test_the_data_of_an_account_are_the_learner() -> None:
    user = {"id": 4211, "is_active": True, "pii": {"username": "asha.rao", "email": "asha.rao@example.org", "name": "Asha Rao"}}
    expected = CREATED.learner
    assert read(sent("UserData", kind="student.registration.completed.v1", **user)).learner == expected
    flat = {"user_id": "4211", "user_pii_username": "asha.rao", "user_pii_email": "asha.rao@example.org", "user_pii_name": "Asha Rao"}
    assert read(form("student.registration.completed.v1", **flat)).learner == expected


def test_who_asked_for_an_attempt_is_not_the_learner() -> None:
    data = {"student_user": {"id": 4211}, "requesting_user": {"id": 2, "pii": {"email": "staff@example.org"}}, "course_key": RUN}
    found = read(sent("ExamAttemptData", kind="exam.attempt.verified.v1", **data))
    assert (found.learner, found.course) == (event.LearnerClaim("4211", None, None, None), RUN)
    del data["student_user"]
    assert read(sent("ExamAttemptData", kind="exam.attempt.verified.v1", **data)).learner == NOBODY


def test_a_user_name_is_no_id_for_it_may_be_another_s_number() -> None:
    assert read(sent(user={"id": 4211, "pii": {"username": "17"}})).learner == event.LearnerClaim("4211", None, None, None)


def test_an_event_that_we_do_not_know_gives_its_type_and_ids() -> None:
    found = read({"custom": {"user_id": 7, "course_key": "NorthValley/WELD101/2026"}, "event_metadata": {"event_type": "org.example.done"}})
    assert (found.type, found.learner.source_id, found.run) == ("org.example.done", "7", "2026")
    assert found.courses == ("NorthValley/WELD101/2026", "NorthValley/WELD101")


def test_a_course_key_of_another_form_is_the_only_form() -> None:
    found = read(sent(course={"course_key": "library-v1:NorthValley"}))
    assert (found.courses, found.run) == (("library-v1:NorthValley",), None)


def test_an_event_may_have_no_data_at_all() -> None:
    found = read({"event_metadata": {"event_type": "org.example.ping"}})
    assert (found.learner, found.course, found.item, found.occurred_at) == (NOBODY, None, None, None)
    assert len(found.key) == 64


def test_without_an_id_the_content_is_the_key() -> None:
    one, two = (sent(grade=grade) for grade in ("0.8", "0.9"))
    for payload in (one, two):
        del payload["event_metadata"]["id"]
    assert read(one).key == read(copy.deepcopy(one)).key
    assert read(one).key != read(two).key


def test_a_time_of_an_older_release_is_read_in_the_source_s_zone() -> None:
    payload = sent()
    payload["event_metadata"]["time"] = "2026-05-20 14:02:32.598387"
    assert read(payload, incoming.Reading(UTC)).occurred_at == CREATED.occurred_at
    with pytest.raises(problem.Malformed):
        read(payload)


def test_names_that_add_up_to_a_long_one_are_left_out() -> None:
    long: dict[str, Any] = {"user": {"id": 7}, "x" * 200: {"y" * 200: {"z": 1}}}
    assert read(sent(**long)).learner.source_id == "7"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        {"event_metadata": "text"},
        {"event_metadata": {"event_type": 5}},
        sent(user={"id": 1.5}),
        sent(user={"id": 1, "pii": {"email": 5}}),
        sent(course={"course_key": 5}),
        sent(is_passing=1),
        sent(grade=True),
        sent(percent_grade="much"),
        sent(kind="x") | {"event_metadata": {"event_type": "x", "time": "soon"}},
    ],
)
def test_wrong_types_are_malformed(payload: object) -> None:
    with pytest.raises(problem.Malformed):
        read(payload)
