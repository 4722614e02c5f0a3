from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming

URN = "urn:instructure:canvas:"


@pytest.fixture
def grade_change(shared_data: Path) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((shared_data / "lms" / "canvas" / "caliper_grade_change.json").read_bytes())
    return payload


def read(payload: dict[str, Any]) -> event.LearningEvent:
    (found,) = adapter.read("canvas", incoming.Incoming(payload))
    return found


def test_a_grade_is_read_with_the_ids_of_the_raw_format(grade_change: dict[str, Any]) -> None:
    assert read(grade_change) == event.LearningEvent(
        key="urn:uuid:319f0132-0584-4efd-9489-4959b7101731",
        type="GradeEvent",
        occurred_at=datetime(2019, 11, 1, 19, 11, 5, 222000, tzinfo=UTC),
        course="565",
        courses=("565", "21070000000000565", f"{URN}course:21070000000000565"),
        run=None,
        learner=event.LearnerClaim("48", "ABC.123", None, None, aliases=("21070000000000048",)),
        result=event.ResultClaim(5, 1, 5.0, "5", "Graded"),
        credits=None,
        evidence=(),
        item="355",
        pointer="/data/0",
    )


def test_it_names_the_same_learner_course_and_assignment_as_the_raw_format(shared_data: Path, grade_change: dict[str, Any]) -> None:
    raw = read(json.loads((shared_data / "lms" / "canvas" / "grade_change.json").read_bytes()))
    found = read(grade_change)
    assert (found.learner, found.course, found.item, found.occurred_at) == (raw.learner, raw.course, raw.item, raw.occurred_at)
    assert dataclasses.replace(found.result, status=None) == raw.result


def test_the_teacher_who_graded_is_not_the_learner(grade_change: dict[str, Any]) -> None:
    (entry,) = grade_change["data"]
    del entry["object"]["assignee"], entry["generated"]["attempt"]["assignee"]
    assert read(grade_change).learner == event.LearnerClaim(None, None, None, None)


def test_without_a_course_no_shard_is_at_home_and_ids_stay_global(grade_change: dict[str, Any]) -> None:
    del grade_change["data"][0]["group"]
    found = read(grade_change)
    assert (found.learner.source_id, found.learner.aliases, found.item) == ("21070000000000048", (), "21070000000000355")
    assert (found.course, found.courses) == (None, ())


def test_a_learner_of_another_shard_keeps_the_global_id(grade_change: dict[str, Any]) -> None:
    entry = copy.deepcopy(grade_change["data"][0])
    entry["object"]["assignee"]["id"] = f"{URN}user:990000000000012"
    assert read(grade_change | {"data": [entry]}).learner.source_id == "990000000000012"


def test_what_is_no_event_is_passed_over(grade_change: dict[str, Any]) -> None:
    grade_change["data"].insert(0, {"id": f"{URN}course:1", "type": "CourseOffering"})
    assert read(grade_change).pointer == "/data/1"


def test_an_id_may_be_missing_or_not_of_canvas() -> None:
    actor = {"id": f"{URN}user:", "type": "Person"}
    entry = {"type": "NavigationEvent", "action": "NavigatedTo", "actor": actor, "object": "https://canvas.example/"}
    found = read({"dataVersion": "v", "data": [entry]})
    assert (found.learner.source_id, found.item) == (None, "https://canvas.example/")
    assert read({"dataVersion": "v", "data": [entry | {"object": None}]}).item is None


def test_an_extension_of_a_wrong_type_is_malformed(grade_change: dict[str, Any]) -> None:
    grade_change["data"][0]["generated"]["extensions"] = "text"
    with pytest.raises(problem.Malformed, match="At /data/0: The member `extensions`"):
        read(grade_change)


def test_a_natural_rule_fires_on_a_grade(grade_change: dict[str, Any], fires: Callable[..., bool]) -> None:
    assert fires(read(grade_change), [("type", "eq", "GradeEvent"), ("item", "eq", "355"), ("result.raw", "ge", 5)])
