"""What holds for every adapter, whatever it is given."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = sorted(set(adapter.ADAPTERS) - {"badges", "generic"})  # what is written here, and what reads nothing without a mapping
SAMPLES = {
    "caliper": ["caliper/grade_event_v1p1.json", "caliper/grade_event_v1p2.json"],
    "canvas": ["canvas/caliper_grade_change.json", "canvas/grade_change.json", "canvas/learning_outcome_result_created.json"],
    "cloudevents": ["cloudevents/batch.json", "cloudevents/course_completed.structured.json"],
    "cmi5": ["cmi5/passed.json", "cmi5/satisfied_course.json", "cmi5/waived.json"],
    "moodle": ["moodle_local_webhooks/user_graded.json", "moodle_tool_trigger/course_completed.json"],
    "native": ["standard_webhooks/course_completed.json"],
    "openedx": ["openedx/certificate_revoked.json", "openedx/persistent_grade_summary_changed.json"],
    "xapi": ["xapi/passed.json", "xapi/voided.json", "xapi_moodle_logstore/course_completed_mbox.json"],
}
PAIRS = [(name, path) for name, paths in SAMPLES.items() for path in paths]

_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.sampled_from(["None", "{user_id}", "0.87"])
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401 - any JSON value
    """Every place in a JSON value, the whole first."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for step, item in steps for place in places(item, (*path, step)))]


def replaced(value: Any, path: tuple[str | int, ...], by: Any) -> Any:  # noqa: ANN401 - any JSON value
    if not path:
        return by
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], by)
    return changed


def shuffled(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same content with the members of every object in another order."""
    if isinstance(value, dict):
        return {name: shuffled(item) for name, item in reversed(value.items())}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


def read_or_refuse(name: str, value: Any, headers: dict[str, str] | None = None) -> tuple[event.LearningEvent, ...] | None:  # noqa: ANN401
    try:
        found = adapter.read(name, incoming.Incoming(value, headers or {}))
    except problem.Problem:
        return None
    for happened in found:
        assert event.LearningEvent.from_json(json.loads(json.dumps(happened.to_json(), allow_nan=False))) == happened
        assert happened.key
        assert happened.type
    return found


def resolved(value: Any, pointer: str) -> Any:  # noqa: ANN401 - any JSON value
    for step in pointer.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def test_every_adapter_has_samples() -> None:
    assert sorted(SAMPLES) == NAMES


@unhurried
@given(
    st.sampled_from(NAMES), _json, st.dictionaries(st.sampled_from(["ce-id", "ce-type", "ce-time", "content-type"]), st.text(max_size=9))
)
def test_no_json_value_whatever_breaks_an_adapter(name: str, value: Any, headers: dict[str, str]) -> None:  # noqa: ANN401
    read_or_refuse(name, value, headers)


@pytest.mark.parametrize(("name", "path"), PAIRS)
def test_a_sample_with_anything_in_the_place_of_anything_is_read_or_refused(shared_data: Path, name: str, path: str) -> None:
    sample = json.loads((shared_data / "lms" / path).read_bytes())

    @settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(places(sample)), _json)
    def check(place: tuple[str | int, ...], by: Any) -> None:  # noqa: ANN401 - any JSON value
        read_or_refuse(name, replaced(sample, place, by))

    check()


@pytest.mark.parametrize(("name", "path"), PAIRS)
def test_a_sample_with_any_member_missing_is_read_or_refused(shared_data: Path, name: str, path: str) -> None:
    sample = json.loads((shared_data / "lms" / path).read_bytes())
    for place in places(sample)[1:]:
        holder = copy.deepcopy(sample)
        inner = holder
        for step in place[:-1]:
            inner = inner[step]
        del inner[place[-1]]
        read_or_refuse(name, holder)


@pytest.mark.parametrize(("name", "path"), PAIRS)
def test_the_same_content_always_has_the_same_key(shared_data: Path, name: str, path: str) -> None:
    sample = json.loads((shared_data / "lms" / path).read_bytes())
    assert read_or_refuse(name, shuffled(sample)) == read_or_refuse(name, sample)


@unhurried
@given(st.sampled_from(NAMES), _json)
def test_any_content_has_one_reading_whatever_the_order_of_its_members(name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
    assert read_or_refuse(name, shuffled(value)) == read_or_refuse(name, value)


@pytest.mark.parametrize(("name", "path"), [pair for pair in PAIRS if pair[0] in {"xapi", "cmi5", "cloudevents"}])
def test_the_order_of_an_array_does_not_change_keys(shared_data: Path, name: str, path: str) -> None:
    one = json.loads((shared_data / "lms" / path).read_bytes())
    statements = one if isinstance(one, list) else [one]
    without_id = [{member: value for member, value in item.items() if member != "id"} for item in statements]
    batch = [*statements, *without_id]

    @settings(deadline=None, max_examples=20)
    @given(st.permutations(range(len(batch))))
    def check(order: list[int]) -> None:
        usual, changed = (read_or_refuse(name, [batch[index] for index in indices]) for indices in (range(len(batch)), order))
        assert usual is not None
        assert changed is not None
        assert [happened.key for happened in changed] == [usual[index].key for index in order]

    check()


@pytest.mark.parametrize(("name", "path"), PAIRS)
def test_a_pointer_leads_to_the_event(shared_data: Path, name: str, path: str) -> None:
    sample = json.loads((shared_data / "lms" / path).read_bytes())
    found = read_or_refuse(name, sample)
    assert found
    entries = sample if isinstance(sample, list) else sample["data"] if isinstance(sample.get("data"), list) else [sample]
    assert [resolved(sample, happened.pointer) for happened in found] == entries


@pytest.mark.parametrize("name", NAMES)
def test_an_array_of_no_objects_is_refused_clearly(name: str) -> None:
    with pytest.raises(problem.Malformed, match="object"):
        adapter.read(name, incoming.Incoming(["text"]))
