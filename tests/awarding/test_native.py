from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming

if TYPE_CHECKING:
    from pathlib import Path

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(payload: dict[str, Any]) -> event.LearningEvent:
    (found,) = adapter.read("native", incoming.Incoming(payload))
    return found


def load(shared_data: Path, name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((shared_data / "lms" / "standard_webhooks" / f"{name}.json").read_bytes())
    return payload


def minimal(**data: object) -> dict[str, Any]:
    return {"type": "done", "data": {"learner": {"id": "1"}, **data}}


def test_a_whole_event_is_read(shared_data: Path) -> None:
    found = read(load(shared_data, "course_completed"))
    assert found == event.LearningEvent(
        key="b7c0a6f8-544b-11f1-afe6-0242ac140007",
        type="learner.course.completed",
        occurred_at=datetime(2026, 5, 20, 14, 1, 31, 250000, tzinfo=UTC),
        course="7",
        courses=("7", "WELD101"),
        run="2026T1",
        learner=event.LearnerClaim("4211", None, "asha.rao@example.org", "Asha Rao"),
        result=event.ResultClaim(35, 40, 0.875, "A", "passed"),
        credits=2,
        evidence=(event.EvidenceClaim("https://learn.northvalley.example/portfolio/4211/weld101", "Practical weld, video"),),
    )


def test_a_learner_without_a_campus_id_is_known_by_email(shared_data: Path) -> None:
    found = read(load(shared_data, "course_completed_no_campus_id"))
    assert found.learner == event.LearnerClaim("guest-88", None, "lee.ortega@example.net", "Lee Ortega")


def test_a_type_and_one_id_are_enough() -> None:
    found = read(minimal())
    assert found.learner == event.LearnerClaim("1", None, None, None)
    assert (found.occurred_at, found.course, found.courses, found.run, found.credits, found.evidence) == (None, None, (), None, None, ())
    assert found.result == event.ResultClaim(None, None, None, None, None)


def test_a_learner_may_be_known_by_did_alone() -> None:
    found = read({"type": "done", "data": {"learner": {"did": "did:web:asha.example"}}})
    assert found.learner == event.LearnerClaim(None, None, None, None, "did:web:asha.example")


def test_without_an_event_id_the_content_is_the_key() -> None:
    assert read(minimal()).key == read(minimal()).key
    assert read(minimal()).key != read(minimal(completed_at="2026-05-20T14:01:31Z")).key
    assert read(minimal(event_id="")).key != ""


def test_the_share_is_computed_only_where_it_is_missing() -> None:
    assert read(minimal(result={"score": 3, "max": 4})).result.scaled == 0.75
    assert read(minimal(result={"score": 3, "max": 4, "scaled": 0.7})).result.scaled == 0.7
    assert read(minimal(result={"score": 3})).result.scaled is None


def test_the_time_of_completion_goes_before_the_time_of_the_message() -> None:
    payload = minimal() | {"timestamp": 1779285700}
    assert read(payload).occurred_at == datetime(2026, 5, 20, 14, 1, 40, tzinfo=UTC)
    payload["data"]["completed_at"] = "2026-05-19T00:00:00Z"
    assert read(payload).occurred_at == datetime(2026, 5, 19, tzinfo=UTC)


def test_a_course_known_by_its_code_only_is_that_code() -> None:
    assert read(minimal(course={"code": "WELD101"})).course == "WELD101"


def test_members_that_we_do_not_know_are_no_error() -> None:
    assert read(minimal(colour="red", learner={"id": "1", "shoe": 43})).learner.source_id == "1"


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        ({}, "/type"),
        ({"type": "", "data": {"learner": {"id": "1"}}}, "/type"),
        ({"type": 5, "data": {"learner": {"id": "1"}}}, "/type"),
        ({"type": "x"}, "/data"),
        ({"type": "x", "data": {}}, "/data/learner"),
        ({"type": "x", "data": {"learner": {}}}, "/data/learner"),
        ({"type": "x", "data": {"learner": {"id": ""}}}, "/data/learner"),
        (minimal(learner={"id": 1}), "/data/learner/id"),
        (minimal(result={"score": "35"}), "/data/result/score"),
        (minimal(result={"score": True}), "/data/result/score"),
        (minimal(result={"score": float("nan")}), "/data/result/score"),
        (minimal(course=None), "/data/course"),
        (minimal(evidence={}), "/data/evidence"),
    ],
)
def test_a_wrong_member_is_malformed_and_named(payload: dict[str, Any], pointer: str) -> None:
    with pytest.raises(problem.Malformed) as caught:
        read(payload)
    assert pointer in [finding.pointer for finding in caught.value.findings]


def test_a_time_that_cannot_be_read_is_malformed() -> None:
    with pytest.raises(problem.Malformed, match="not a point in time"):
        read(minimal(completed_at="2026-05-20"))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@unhurried
@given(st.dictionaries(st.sampled_from(["course", "result", "evidence", "credits", "completed_at", "event_id", "other"]), _json))
def test_a_hostile_body_is_read_or_malformed(data: dict[str, Any]) -> None:
    try:
        found = read(minimal(**data))
    except problem.Malformed:
        return
    json.dumps(found.to_json(), allow_nan=False).encode()
