from __future__ import annotations

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.openbadges import results
from badgeissuer.vc.document import JsonObject

URL = "https://badges.example/a/welding/3"

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def found(achievement: JsonObject, **result: object) -> list[tuple[str, str]]:
    completed = results.complete([result], achievement)
    return [(finding.pointer, finding.detail) for finding in results.check(completed, achievement, prefix="/r")]


def test_fragments_become_urls_of_the_achievement(frozen_achievement: JsonObject) -> None:
    given_results: list[JsonObject] = [
        {"resultDescription": "#result-3", "achievedLevel": "#even"},
        {"type": ["Result", "ext:Own"], "resultDescription": URL + "#grade"},
    ]
    before = copy.deepcopy(given_results)
    assert results.complete(given_results, frozen_achievement) == [
        {"type": ["Result"], "resultDescription": URL + "#result-3", "achievedLevel": URL + "#even"},
        {"type": ["Result", "ext:Own"], "resultDescription": URL + "#grade"},
    ]
    assert given_results == before


def test_results_that_fit_are_fine(frozen_achievement: JsonObject, learner_results: list[JsonObject]) -> None:
    assert len(learner_results) == 4
    assert results.check(learner_results, frozen_achievement) == ()


def test_a_result_of_nothing_described_is_only_checked_for_its_form(frozen_achievement: JsonObject) -> None:
    assert found(frozen_achievement, value="87") == []
    assert found(frozen_achievement, value=87) == [("/r/0/value", "value: input should be a valid string.")]


def test_the_achievement_may_describe_no_results() -> None:
    expected = ("/r/0/resultDescription", "The result refers to https://a.example#r, which the achievement does not describe.")
    assert found({"id": "https://a.example"}, resultDescription="#r", value="1") == [expected]


@pytest.mark.parametrize(
    ("reference", "members", "place", "detail"),
    [
        ("#x", {"value": "1"}, "/resultDescription", f"The result refers to {URL}#x, which the achievement does not describe."),
        ("#even", {"value": "1"}, "/resultDescription", f"The result refers to {URL}#even, which the achievement does not describe."),
        ("#grade", {"value": "101"}, "/value", "The value of “Grade” is 101, more than the most of 100."),
        ("#grade", {"value": "-0.01"}, "/value", "The value of “Grade” is -0.01, less than the least of 0."),
        ("#grade", {"value": "A"}, "/value", "The value of “Grade” is 'A', which is no number."),
        ("#letter", {"value": "D"}, "/value", "The value of “Letter” is 'D', which is none of the allowed values (C, B, A)."),
        ("#result-3", {"achievedLevel": "#good"}, "/achievedLevel", "The achieved level of “Seam” is none of its levels."),
        ("#grade", {"achievedLevel": "#even"}, "/achievedLevel", "The achieved level of “Grade” is none of its levels."),
        ("#done", {"value": "yes"}, "/status", "“Attendance” is a status, so the result needs one."),
        ("#done", {"status": None}, "/status", "“Attendance” is a status, so the result needs one."),
        ("#grade", {}, "", "The result for “Grade” says nothing: it needs a value, a level or a status."),
        ("#grade", {"value": None}, "", "The result for “Grade” says nothing: it needs a value, a level or a status."),
    ],
)
def test_a_result_that_does_not_fit_is_named(
    frozen_achievement: JsonObject, reference: str, members: JsonObject, place: str, detail: str
) -> None:
    assert found(frozen_achievement, resultDescription=reference, **members) == [(f"/r/0{place}", detail)]


def test_a_value_out_of_range_has_the_type_of_the_standard(frozen_achievement: JsonObject) -> None:
    (finding,) = results.check(results.complete([{"resultDescription": "#grade", "value": "101"}], frozen_achievement), frozen_achievement)
    assert finding.type == problem.RANGE_ERROR


@pytest.mark.parametrize("bound", ["0", "100", "0.0", "1e2"])
def test_the_bounds_themselves_are_within(frozen_achievement: JsonObject, bound: str) -> None:
    assert found(frozen_achievement, resultDescription="#grade", value=bound) == []


@pytest.mark.parametrize(
    ("result", "member"),
    [
        ({"resultDescription": {"id": "#grade"}, "value": "1"}, "resultDescription"),
        ({"resultDescription": ["#grade"], "value": "1"}, "resultDescription"),
        ({"resultDescription": "grade", "value": "1"}, "resultDescription"),
        ({"resultDescription": "#grade", "value": 87}, "value"),
        ({"resultDescription": "#result-3", "achievedLevel": ["#even"]}, "achievedLevel"),
        ({"resultDescription": "#done", "status": "Done"}, "status"),
        ({"type": "Score", "resultDescription": "#grade", "value": "1"}, "type"),
    ],
)
def test_a_member_of_the_wrong_form_is_named(frozen_achievement: JsonObject, result: JsonObject, member: str) -> None:
    assert [pointer for pointer, _ in found(frozen_achievement, **result)] == [f"/r/0/{member}"]


def test_each_result_is_named_by_its_place(frozen_achievement: JsonObject) -> None:
    completed = results.complete([{"resultDescription": "#grade", "value": "1"}, {"resultDescription": "#x"}], frozen_achievement)
    assert [finding.pointer for finding in results.check(completed, frozen_achievement)] == ["/1/resultDescription"]


_MEMBERS = ["type", "resultDescription", "achievedLevel", "value", "status", "alignment", "other"]
_values = any_json | st.sampled_from(["#grade", "#letter", "#result-3", "#even", "#done", "Completed", "50", ["Result"]])


@unhurried
@given(st.lists(st.dictionaries(st.sampled_from(_MEMBERS), _values), max_size=3))
def test_any_json_as_results_is_completed_or_refused(frozen_achievement: JsonObject, given_results: list[JsonObject]) -> None:
    completed = results.complete(given_results, frozen_achievement)
    assert len(completed) == len(given_results)
    assert all(finding.detail and finding.pointer for finding in results.check(completed, frozen_achievement))
