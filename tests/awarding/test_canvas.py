from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def load(shared_data: Path, name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((shared_data / "lms" / "canvas" / f"{name}.json").read_bytes())
    return payload


def read(payload: dict[str, Any]) -> event.LearningEvent:
    (found,) = adapter.read("canvas", incoming.Incoming(payload))
    return found


def live_event(name: str, *, body: dict[str, Any], **metadata: object) -> dict[str, Any]:
    return {"metadata": {"event_name": name, "event_time": "2026-05-20T14:01:31Z", **metadata}, "body": body}


def test_course_completed_is_read_with_all_forms_of_its_course(shared_data: Path) -> None:
    found = read(load(shared_data, "course_completed"))
    assert found.type == "course_completed"
    assert found.course == "565"
    assert found.courses == ("565", "21070000000000565", "2017.100.101.101-1")
    assert found.learner == event.LearnerClaim("123", None, "inewton@example.com", "Isaac Newton", aliases=("21070000000000123",))
    assert found.item == "565"
    assert found.result == event.ResultClaim(None, None, None, None, "completed")
    assert found.occurred_at == datetime(2019, 11, 5, 13, 38, 0, 218000, tzinfo=UTC)
    assert (found.run, found.credits, found.evidence) == (None, None, ())
    assert len(found.key) == 64


def test_an_empty_email_address_is_none_so_that_nobody_is_guessed(shared_data: Path) -> None:
    found = read(load(shared_data, "course_completed_by_job"))
    assert found.learner == event.LearnerClaim("1234567", None, None, "Test User", aliases=("260000000001234567",))
    assert found.courses == ("123456", "260000000000123456")


def test_a_course_grade_is_the_final_score_of_a_hundred(shared_data: Path) -> None:
    found = read(load(shared_data, "course_grade_change"))
    assert found.result == event.ResultClaim(12.5, 100, 0.125, None, "active")
    assert found.learner == event.LearnerClaim("2", None, None, None, aliases=("10000000000002",))
    assert found.item == "2"
    assert found.courses == ("2", "10000000000002", "21070000000000002", "194387")
    assert found.occurred_at == datetime(2019, 12, 11, 16, 26, 34, 552000, tzinfo=UTC)


def test_an_outcome_result_names_its_learner_by_uuid(shared_data: Path) -> None:
    found = read(load(shared_data, "learning_outcome_result_created"))
    assert found.type == "learning_outcome_result_created"
    assert found.result == event.ResultClaim(5, 5, 1, None, "mastered", passed=True)
    assert found.item == "1"
    assert found.learner == event.LearnerClaim("elXwFPr6uKGaiVxchQSsqV6YZy5HBtlq8O2vqMXM", None, None, None)
    assert (found.course, found.courses) == (None, ())


@pytest.mark.parametrize(("mastery", "status"), [(False, "not_mastered"), (None, None)])
def test_an_outcome_without_mastery_says_so(mastery: object, status: str | None) -> None:
    found = read(live_event("learning_outcome_result_updated", body={"mastery": mastery, "user_uuid": "u"}))
    assert (found.result.status, found.result.passed) == (status, mastery)


def test_an_id_and_a_uuid_together_are_forms_of_one_learner() -> None:
    body = {"user_id": "21070000000000012", "user_uuid": "u"}
    found = read(live_event("submission_updated", body=body, root_account_id="21070000000000001"))
    assert found.learner == event.LearnerClaim("12", None, None, None, aliases=("21070000000000012", "u"))


def test_a_grade_change_has_global_ids_and_the_student_is_the_learner(shared_data: Path) -> None:
    found = read(load(shared_data, "grade_change"))
    assert found.learner == event.LearnerClaim("48", "ABC.123", None, None, aliases=("21070000000000048",))
    assert found.item == "355"
    assert found.result == event.ResultClaim(5, 1, 5.0, "5", None)
    assert found.course == "565"
    assert found.courses == ("565", "21070000000000565", "2017.100.101.101-1")


def test_a_grade_override_that_is_named_grade_change_is_told_apart(shared_data: Path) -> None:
    found = read(load(shared_data, "grade_override"))
    assert found.type == "grade_override"
    assert found.result == event.ResultClaim(90, 100, 0.9, None, None)
    assert (found.learner.source_id, found.item) == ("45", "46")
    assert found.courses == ("46", "21070000000000046"), "the context is course 123, which is not the course of the grade"


def test_course_progress_has_no_result_and_the_time_of_the_event(shared_data: Path) -> None:
    found = read(load(shared_data, "course_progress"))
    assert found.result == event.ResultClaim(None, None, None, None, None)
    assert found.occurred_at == datetime(2019, 11, 1, 19, 11, 13, 590000, tzinfo=UTC)
    assert found.courses == ("1234567", "21070000001234567", "2017.102.102.102-2")


def test_an_enrolment_has_its_state_and_may_name_nobody(shared_data: Path) -> None:
    found = read(load(shared_data, "enrollment_state_updated"))
    assert found.result.status == "pending_invited"
    assert found.learner == event.LearnerClaim(None, None, None, None)


def test_an_enrolment_that_names_its_learner_and_course_is_read() -> None:
    body = {"user_id": 12, "user_name": " Asha Rao ", "course_id": "565", "workflow_state": "completed"}
    found = read(live_event("enrollment_updated", body=body))
    assert found.learner == event.LearnerClaim("12", None, None, "Asha Rao")
    assert (found.courses, found.result.status) == (("565",), "completed")


def test_an_event_that_we_do_not_know_gives_its_type_and_ids() -> None:
    found = read(live_event("quiz_submitted", body={"user_id": "21070000000000012", "state": "x"}, root_account_id="21070000000000001"))
    assert (found.type, found.learner.source_id, found.result.status) == ("quiz_submitted", "12", None)


def test_an_event_may_have_no_body_and_no_time() -> None:
    found = read({"metadata": {"event_name": "ping"}, "body": None})
    assert (found.type, found.occurred_at, found.course) == ("ping", None, None)


def test_the_actor_is_never_the_learner(shared_data: Path) -> None:
    payload = load(shared_data, "grade_change")
    del payload["body"]["user_id"], payload["body"]["student_id"], payload["body"]["student_sis_id"]
    assert read(payload).learner == event.LearnerClaim(None, None, None, None)


def test_a_student_goes_before_a_user() -> None:
    assert read(live_event("grade_change", body={"user_id": "7", "student_id": "8"})).learner.source_id == "8"


def test_a_learner_of_another_shard_keeps_the_global_id() -> None:
    body = {"user_id": "990000000000012", "course_id": "990000000000007"}
    found = read(live_event("enrollment_created", body=body, root_account_id="21070000000000001"))
    assert found.learner.source_id == "990000000000012", "12 would be somebody else here"
    assert found.courses == ("990000000000007",)


def test_ids_that_are_no_numbers_stay_as_they_are() -> None:
    body = {"user_id": "sis_user_id:S9", "course_id": "sis_course_id:WELD"}
    context = {"context_type": "Course", "context_id": "sis_course_id:WELD", "root_account_id": "21070000000000001"}
    found = read(live_event("enrollment_created", body=body, **context))
    assert found.learner.source_id == "sis_user_id:S9"
    assert found.courses == ("sis_course_id:WELD",)


def test_a_context_that_is_no_course_gives_no_course() -> None:
    found = read(live_event("grade_change", body={"score": 1}, context_type="Account", context_id="21070000000000565"))
    assert found.courses == ()


def test_the_same_delivery_has_the_same_key_and_the_request_does_not_matter(shared_data: Path) -> None:
    payload = load(shared_data, "course_completed")
    again = dict(reversed(copy.deepcopy(payload).items()))
    again["metadata"]["request_id"] = "other"
    again["metadata"]["client_ip"] = "192.0.2.1"
    assert read(again).key == read(payload).key


def test_every_other_change_gives_another_key(shared_data: Path) -> None:
    payload = load(shared_data, "grade_change")
    keys = {read(payload).key}
    for part, member, value in [("metadata", "event_time", "2020-01-01T00:00:00Z"), ("metadata", "context_id", "7"), ("body", "score", 6)]:
        changed = copy.deepcopy(payload)
        changed[part][member] = value
        keys.add(read(changed).key)
    assert len(keys) == 4


@pytest.mark.parametrize("name", ["course_completed", "course_grade_change", "learning_outcome_result_created"])
def test_the_signed_form_holds_the_same_event_as_the_raw_form(shared_data: Path, name: str) -> None:
    # The payload is taken out without a check here; test_signature.py checks it.
    segment = (shared_data / "lms" / "canvas" / f"{name}.signed.jwt").read_text().split(".")[1]
    payload = json.loads(__import__("base64").urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    assert read(payload) == read(load(shared_data, name))


def test_a_natural_rule_fires_on_a_completed_course(shared_data: Path, fires: Callable[..., bool]) -> None:
    completed = [("type", "eq", "course_completed"), ("course", "eq", "565")]
    assert fires(read(load(shared_data, "course_completed")), completed)
    assert not fires(read(load(shared_data, "course_progress")), completed)
    assert fires(read(load(shared_data, "learning_outcome_result_created")), [("item", "eq", "1"), ("result.passed", "eq", True)])


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"metadata": {}},
        {"metadata": {"event_name": ""}},
        {"metadata": {"event_name": 5}},
        {"metadata": []},
        {"metadata": {"event_name": "x"}, "body": "text"},
        live_event("course_completed", body={"user": "123"}),
        live_event("course_completed", body={"user": {"id": True}}),
        live_event("course_completed", body={"user": {"id": 1.5}}),
        live_event("course_completed", body={"user": {"id": 2**60}}),
        live_event("course_completed", body={"user": {"email": 5}}),
        live_event("course_completed", body={"progress": {"completed_at": "soon"}}),
        live_event("course_grade_change", body={"final_score": "12.5"}),
        live_event("course_grade_change", body={"final_score": True}),
        live_event("course_grade_change", body={"final_score": 10**400}),
        live_event("learning_outcome_result_created", body={"mastery": "yes"}),
        live_event("course_completed", body={}, context_type="Course", context_id="1", context_sis_source_id=2**70),
    ],
)
def test_wrong_types_are_malformed(payload: dict[str, Any]) -> None:
    with pytest.raises(problem.Malformed):
        read(payload)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_members = (
    "user",
    "user_id",
    "student_id",
    "course",
    "course_id",
    "progress",
    "score",
    "points_possible",
    "grade",
    "mastery",
    "override_score",
)


@unhurried
@given(
    st.fixed_dictionaries(
        {}, optional={"event_name": st.sampled_from(["grade_change", "course_completed", "enrollment_x"]) | _json, "context_id": _json}
    ),
    st.dictionaries(st.sampled_from(_members), _json),
)
def test_a_hostile_event_is_read_or_malformed(metadata: dict[str, Any], body: dict[str, Any]) -> None:
    try:
        found = read({"metadata": metadata, "body": body})
    except problem.Malformed:
        return
    json.dumps(found.to_json(), allow_nan=False).encode()


class TestScenarios:
    """The part of scenarios.json that needs no database."""

    @staticmethod
    def deliveries(shared_data: Path, name: str) -> list[event.LearningEvent]:
        scenarios = json.loads((shared_data / "lms" / "scenarios.json").read_bytes())["scenarios"]
        (scenario,) = [item for item in scenarios if item["name"] == name]
        return [read(patched(shared_data, step)) for step in scenario["deliver"]]

    def test_a_duplicate_delivery_is_the_same_event(self, shared_data: Path) -> None:
        first, second = self.deliveries(shared_data, "duplicate delivery")
        assert first == second

    def test_a_completion_reported_again_is_another_event_of_the_same_learner_and_course(self, shared_data: Path) -> None:
        first, second = self.deliveries(shared_data, "re-trigger with new event_time")
        assert first.key != second.key
        assert first.occurred_at != second.occurred_at
        assert (first.learner, first.course, first.courses, first.run) == (second.learner, second.course, second.courses, second.run)

    def test_an_empty_email_leaves_only_the_source_id(self, shared_data: Path) -> None:
        (found,) = self.deliveries(shared_data, "empty e-mail")
        assert (found.course, found.learner.source_id, found.learner.email) == ("123456", "1234567", None)


def patched(shared_data: Path, step: str | dict[str, Any]) -> dict[str, Any]:
    name, patch = (step, {}) if isinstance(step, str) else (step["file"], step["patch"])
    payload: dict[str, Any] = json.loads((shared_data / "lms" / name).read_bytes())
    for path, value in patch.items():
        *parents, last = path.split(".")
        target = payload
        for parent in parents:
            target = target[parent]
        target[last] = value
    return payload
