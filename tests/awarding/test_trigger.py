from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.awarding.happenings import WELDING

from badgeissuer import problem
from badgeissuer.awarding import adapter, condition, event, incoming, trigger

if TYPE_CHECKING:
    from pathlib import Path

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

BARE = dataclasses.replace(
    WELDING,
    occurred_at=None,
    course=None,
    courses=(),
    run=None,
    learner=event.LearnerClaim("123", None, None, None),
    result=event.ResultClaim(None, None, None, None, None),
    credits=None,
)
TRUE: dict[str, Any] = {"field": "type", "op": "eq", "value": "course_completed"}
FALSE: dict[str, Any] = {"field": "type", "op": "eq", "value": "other"}


def clause(field: str, op: str, *value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"field": field, "op": op} | ({"value": value[0]} if value else {})


def decide(tree: dict[str, Any], found: event.LearningEvent = WELDING) -> trigger.Awarded | trigger.NotAwarded:
    return trigger.evaluate(trigger.parse(tree), condition.Seen(found))


def holds(*parts: Any, found: event.LearningEvent = WELDING) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(decide({"all": [clause(*parts)]}, found), trigger.Awarded)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("type", "eq", "course_completed"), True),
        (("type", "eq", "Course_Completed"), False),
        (("type", "ne", "other"), True),
        (("type", "ne", "course_completed"), False),
        (("type", "in", ["a", "course_completed"]), True),
        (("type", "in", ["a", "b"]), False),
        (("course", "eq", "565"), True),
        (("course", "eq", 565), True),
        (("course", "eq", "21070000000000565"), True),
        (("course", "eq", "WELD-1"), True),
        (("course", "eq", "weld-1"), False),
        (("course", "in", ["7", "WELD-1"]), True),
        (("course", "ne", "WELD-1"), False),
        (("course", "ne", "WELD-2"), True),
        (("run", "eq", "2026T1"), True),
        (("run", "ne", 5), False),
        (("learner.email", "eq", "asha@example.org"), True),
        (("result.scaled", "ge", 0.875), True),
        (("result.scaled", "ge", "0.87"), True),
        (("result.scaled", "gt", 0.875), False),
        (("result.scaled", "lt", 0.9), True),
        (("result.scaled", "le", 0.5), False),
        (("result.raw", "eq", "35.0"), True),
        (("result.raw", "in", [1, "35"]), True),
        (("result.letter", "ge", 80), True),
        (("result.letter", "eq", 87), True),
        (("result.letter", "ge", "9"), True),
        (("result.status", "ge", 80), False),
        (("result.status", "ge", "80"), False),
        (("credits", "ge", 2), True),
        (("occurred_at", "gt", "2026-05-20T14:01:30Z"), True),
        (("occurred_at", "eq", "2026-05-20T16:01:31+02:00"), True),
        (("occurred_at", "lt", "2026-05-20T14:01:31Z"), False),
        (("run", "exists"), True),
        (("run", "exists", True), True),
        (("run", "exists", False), False),
    ],
)
def test_each_operator_compares_as_it_says(parts: tuple[Any, ...], expected: bool) -> None:  # noqa: FBT001 - a parameter
    assert holds(*parts) is expected


@pytest.mark.parametrize("op", sorted(set(condition.OPERATORS) - {"exists"}))
@pytest.mark.parametrize("field", ["course", "run", "learner.email", "result.scaled", "credits", "occurred_at"])
def test_what_is_missing_satisfies_nothing(field: str, op: str) -> None:
    value: Any = "2026-05-20T14:01:31Z" if field == "occurred_at" or op in {"before", "after"} else "5"
    several = {"in": [value], "between": [value, value]}
    tree = {"all": [clause(field, op, several.get(op, value))]}
    if (op in {"before", "after"}) > (field == "occurred_at") or (op == "matches" and field not in {"course", "run", "learner.email"}):
        with pytest.raises(problem.Invalid):
            decide(tree, BARE)
        return
    decision = decide(tree, BARE)
    assert isinstance(decision, trigger.NotAwarded)
    assert f"{field} is missing" in decision.reason
    assert holds(field, "exists", False, found=BARE)


def test_the_reason_names_the_first_condition_that_failed_with_both_values() -> None:
    tree = {"all": [TRUE, clause("result.scaled", "ge", 0.9), clause("credits", "eq", 5)]}
    assert decide(tree) == trigger.NotAwarded("Not awarded because result.scaled is 0.875; it should be at least 0.9.")


def test_the_reason_of_an_award_says_what_matched() -> None:
    tree = {"all": [TRUE, clause("course", "eq", "WELD-1")]}
    expected = 'type is "course_completed" (it should equal "course_completed"), and course is "WELD-1" (it should equal "WELD-1")'
    assert decide(tree) == trigger.Awarded(f"Awarded because {expected}.")


def test_what_cannot_be_compared_is_said() -> None:
    decision = decide({"all": [clause("result.status", "ge", 80)]})
    assert decision == trigger.NotAwarded(
        'Not awarded because result.status is "passed", which cannot be compared; it should be at least 80.'
    )


def test_a_missing_presence_is_said() -> None:
    decision = decide({"all": [clause("run", "exists")]}, BARE)
    assert decision == trigger.NotAwarded("Not awarded because run is missing, against what the rule asks.")
    assert decide({"all": [clause("run", "exists", False)]}, BARE) == trigger.Awarded("Awarded because run is missing.")


def test_a_time_is_shown_as_a_time() -> None:
    decision = decide({"all": [clause("occurred_at", "lt", "2020-01-01T00:00:00Z")]})
    assert 'occurred_at is 2026-05-20T14:01:31+00:00; it should be below "2020-01-01T00:00:00Z"' in decision.reason


@pytest.mark.parametrize("op", ["eq", "ne", "in", "ge", "exists"])
@pytest.mark.parametrize("wanted", ["asha@example.org", "eve@example.org", "7"])
def test_no_address_stands_in_a_reason(op: str, wanted: str) -> None:
    value: Any = {"in": [wanted], "exists": False, "ge": 7}.get(op, wanted)
    for found in (WELDING, BARE):
        decision = decide({"all": [clause("learner.email", op, value)]}, found)
        assert "@" not in decision.reason
        assert "Asha" not in decision.reason


def test_a_long_value_is_shortened_in_a_reason() -> None:
    decision = decide({"all": [clause("run", "eq", "x" * 500)]})
    assert len(decision.reason) < 200


def test_trees_combine_as_they_say() -> None:
    trees: list[tuple[dict[str, Any], bool]] = [
        ({"all": [TRUE, TRUE]}, True),
        ({"all": [TRUE, FALSE]}, False),
        ({"any": [FALSE, TRUE]}, True),
        ({"any": [FALSE, FALSE]}, False),
        ({"none": [FALSE, FALSE]}, True),
        ({"none": [FALSE, TRUE]}, False),
        ({"all": [TRUE, {"any": [FALSE, {"none": [FALSE]}]}]}, True),
        ({"none": [{"all": [TRUE, {"any": [TRUE]}]}]}, False),
    ]
    for tree, expected in trees:
        assert isinstance(decide(tree), trigger.Awarded) is expected, tree


def test_at_least_so_many_of_several_conditions_hold() -> None:
    for held in range(4):
        decision = decide({"at_least": 2, "of": [TRUE] * held + [FALSE] * (3 - held)})
        assert isinstance(decision, trigger.Awarded) is (held >= 2)
    few = decide({"at_least": 2, "of": [FALSE, TRUE, FALSE]})
    assert few.reason == (
        "Not awarded because only 1 of 3 hold, and 2 are needed; the first that does not: "
        'type is "course_completed"; it should equal "other".'
    )


RAW: dict[str, Any] = {"a.b": {"score": "42", "when": "2026-05-20T14:01:31Z", "mail": "asha@example.org", "tags": ["x", "y"], "sub": {}}}


@pytest.mark.parametrize(
    ("path", "op", "value", "expected"),
    [
        ('"a.b".score', "ge", 42, True),
        ('"a.b".score', "between", [1, 41], False),
        ('"a.b".score', "between", [42, 42], True),
        ('"a.b".when', "before", "2026-05-21T00:00:00Z", True),
        ('"a.b".when', "after", "2026-05-21T00:00:00+02:00", False),
        ('"a.b".score', "before", "2026-05-21T00:00:00Z", False),
        ('"a.b".tags', "eq", "y", True),
        ('"a.b".tags', "ne", "y", False),
        ('"a.b".tags', "matches", "[xz]", True),
        ('"a.b".mail', "matches", ".*@example[.]org", True),
        ('"a.b".sub', "exists", True, False),
        ('"a.b".nothing', "eq", "y", False),
        ('length("a.b".score.more)', "eq", 1, False),
    ],
)
def test_a_path_finds_what_was_not_normalised(path: str, op: str, value: object, expected: bool) -> None:  # noqa: FBT001 - a parameter
    when = trigger.parse({"all": [{"path": path, "op": op, "value": value}]})  # type: ignore[dict-item]
    decision = trigger.evaluate(when, condition.Seen(WELDING, RAW))
    assert isinstance(decision, trigger.Awarded) is expected
    assert "asha@example.org" not in decision.reason
    assert trigger.parse(when.model_dump(mode="json")) == when
    nothing = trigger.evaluate(when, condition.Seen(WELDING))
    assert isinstance(nothing, trigger.NotAwarded), "what is not kept any more satisfies nothing"


@pytest.mark.parametrize(
    ("path", "value", "shown"), [("actor.display", "Asha Rao", False), ("mode", "verified", True), ("mode", "a@b.example", False)]
)
def test_what_may_say_who_somebody_is_does_not_stand_in_a_reason(path: str, value: str, shown: bool) -> None:  # noqa: FBT001 - a parameter
    sent: Any = {"actor": {"display": value}, "mode": value}
    decision = trigger.evaluate(trigger.parse({"all": [{"path": path, "op": "eq", "value": "x"}]}), condition.Seen(WELDING, sent))
    assert (value in decision.reason) is shown


def test_the_work_of_all_paths_of_a_rule_is_bounded() -> None:
    many: Any = [[0] * 300] * 300
    seen = condition.Seen(WELDING, many)
    when = trigger.parse({"any": [{"path": "[*][*]", "op": "eq", "value": 7}] * 64})
    assert isinstance(trigger.evaluate(when, seen), trigger.NotAwarded)
    assert seen.search is not None
    assert seen.search.left <= 0


def test_a_regular_expression_cannot_be_made_to_run_long() -> None:
    found = dataclasses.replace(WELDING, run="a" * 255)
    for pattern in ("(a+)+b", "(a|aa)+b", "(.*)*b", "a?" * 60 + "a" * 60 + "b"):
        assert not holds("run", "matches", pattern, found=found)
    assert holds("run", "matches", "a*", found=found)
    assert not holds("run", "matches", "a", found=found), "the whole text has to match"


@pytest.mark.parametrize("pattern", ["", "(", "a" * 201, "(?=a)", 5, None, "((a{1,100}){1,100}){1,9}", "\ud800"])
def test_what_is_no_regular_expression_of_re2_is_refused(pattern: object) -> None:
    with pytest.raises(problem.Invalid, match="RE2"):
        decide({"all": [clause("type", "matches", pattern)]})


def test_what_passed_and_failed_of_a_share_is_worked_out_from_score_and_maximum() -> None:
    found = dataclasses.replace(WELDING, result=event.ResultClaim(35, 40, None, None, None))
    assert holds("result.scaled", "eq", 0.875, found=found)
    assert not holds("result.scaled", "exists", found=dataclasses.replace(found, result=event.ResultClaim(35, 0, None, None, None)))


def test_the_reason_of_a_tree_goes_down_to_a_condition() -> None:
    assert decide({"any": [FALSE, FALSE]}).reason == (
        'Not awarded because no alternative holds, of which the first: type is "course_completed"; it should equal "other".'
    )
    assert decide({"none": [TRUE]}).reason == (
        'Not awarded because this excludes it: type is "course_completed" (it should equal "course_completed").'
    )
    assert decide({"none": [FALSE]}).reason == 'Awarded because nothing excludes it (type is "course_completed"; it should equal "other").'


@pytest.mark.parametrize(
    ("tree", "pointer"),
    [
        (None, "/when"),
        ([], "/when"),
        ({}, "/when"),
        ({"all": []}, "/when/all"),
        ({"any": []}, "/when/any"),
        ({"none": []}, "/when/none"),
        ({"all": None}, "/when"),
        ({"all": [TRUE], "any": [TRUE]}, "/when"),
        ({"at_least": [TRUE]}, "/when/at_least"),
        ({"all": [5]}, "/when/all/0"),
        ({"all": [{}]}, "/when/all/0"),
        ({"all": [TRUE, {"any": []}]}, "/when/all/1/any"),
        ({"all": [{"field": "type", "op": "eq"}]}, "/when/all/0"),
        ({"all": [{"op": "eq", "value": 1}]}, "/when/all/0"),
        ({"all": [TRUE | {"more": 1}]}, "/when/all/0/more"),
        ({"all": [clause("learner.shoe", "eq", 43)]}, "/when/all/0/field"),
        ({"all": [clause("type", "like", ".*")]}, "/when/all/0/op"),
        ({"all": [TRUE, {"any": [clause("type", "eq", True)]}]}, "/when/all/1/any/0/value"),
        ({"all": [clause("type", "eq", None)]}, "/when/all/0/value"),
        ({"all": [clause("type", "eq", ["a"])]}, "/when/all/0/value"),
        ({"all": [clause("type", "eq", {"a": 1})]}, "/when/all/0/value"),
        ({"all": [clause("type", "eq", "x" * 501)]}, "/when/all/0/value"),
        ({"all": [clause("type", "eq", "a\x00")]}, "/when/all/0/value"),
        ({"all": [clause("type", "eq", "a\ud800")]}, "/when/all/0/value"),
        ({"all": [clause("type", "ge", "a")]}, "/when/all/0/value"),
        ({"all": [clause("type", "in", "a")]}, "/when/all/0/value"),
        ({"all": [clause("type", "in", [])]}, "/when/all/0/value"),
        ({"all": [clause("type", "in", ["a"] * 257)]}, "/when/all/0/value"),
        ({"all": [clause("type", "in", [["a"]])]}, "/when/all/0/value"),
        ({"all": [clause("type", "exists", "yes")]}, "/when/all/0/value"),
        ({"all": [clause("credits", "between", [1])]}, "/when/all/0/value"),
        ({"all": [clause("credits", "between", [1, "x"])]}, "/when/all/0/value"),
        ({"all": [clause("credits", "before", "2026-05-20T14:01:31Z")]}, "/when/all/0/value"),
        ({"all": [clause("occurred_at", "before", 5)]}, "/when/all/0/value"),
        ({"all": [clause("result.passed", "matches", ".*")]}, "/when/all/0/value"),
        ({"all": [{"path": "a[", "op": "exists"}]}, "/when/all/0/path"),
        ({"all": [{"path": "a", "op": "after", "value": "soon"}]}, "/when/all/0/value"),
        ({"all": [{"path": "a", "field": "type", "op": "exists"}]}, "/when/all/0"),
        ({"all": [{"path": None, "op": "exists"}]}, "/when/all/0"),
        ({"at_least": 3, "of": [TRUE, TRUE]}, "/when"),
        ({"at_least": 1}, "/when"),
        ({"of": [TRUE]}, "/when"),
        ({"at_least": 0, "of": [TRUE]}, "/when/at_least"),
        ({"all": [clause("result.scaled", "eq", "good")]}, "/when/all/0/value"),
        ({"all": [clause("result.scaled", "ge", float("inf"))]}, "/when/all/0/value"),
        ({"all": [clause("result.scaled", "ge", float("nan"))]}, "/when/all/0/value"),
        ({"all": [clause("result.scaled", "ge", 10**5000)]}, "/when/all/0/value"),
        ({"all": [clause("occurred_at", "ge", "2026-05-20")]}, "/when/all/0/value"),
        ({"all": [clause("occurred_at", "ge", 5)]}, "/when/all/0/value"),
    ],
)
def test_a_rule_that_could_never_work_is_invalid_and_the_place_is_named(tree: Any, pointer: str) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(problem.Invalid) as caught:
        trigger.parse(tree, pointer="/when")
    assert [finding.pointer for finding in caught.value.findings] == [pointer]
    json.dumps(caught.value.to_json(), ensure_ascii=False).encode()


def test_every_fault_is_found_at_once_and_each_says_what_to_do() -> None:
    with pytest.raises(problem.Invalid) as caught:
        trigger.parse({"all": [clause("x", "eq", 1), clause("type", "x", 1)]})
    assert [finding.pointer for finding in caught.value.findings] == ["/all/0/field", "/all/1/op"]
    assert "result.scaled" in caught.value.detail
    assert "exists" in caught.value.detail


def test_a_tree_is_at_most_eight_deep() -> None:
    tree: dict[str, Any] = {"all": [TRUE]}
    for _ in range(7):
        tree = {"any": [tree]}
    assert isinstance(decide(tree), trigger.Awarded)
    with pytest.raises(problem.Invalid, match="more than 8 levels"):
        trigger.parse({"none": [tree]})


def test_a_tree_of_any_depth_is_refused_and_breaks_nothing() -> None:
    tree: dict[str, Any] = {"all": [TRUE]}
    for _ in range(2000):
        tree = {"any": [tree]}
    with pytest.raises(problem.Invalid):
        trigger.parse(tree)


def test_a_tree_has_at_most_64_conditions() -> None:
    assert isinstance(decide({"all": [TRUE] * 64}), trigger.Awarded)
    too_many: list[dict[str, Any]] = [{"all": [TRUE] * 65}, {"all": [{"any": [TRUE] * 33}, {"any": [TRUE] * 32}]}]
    for tree in too_many:
        with pytest.raises(problem.Invalid):
            trigger.parse(tree)


def test_the_number_of_findings_is_limited() -> None:
    with pytest.raises(problem.Invalid) as caught:
        trigger.parse({"all": [FALSE | {"op": "x"}] * 64})
    assert len(caught.value.findings) == 20


def test_an_empty_tree_that_slipped_past_validation_does_not_fire() -> None:
    for empty in (trigger.When.model_construct(), trigger.When.model_construct(all_of=()), trigger.When.model_construct(none_of=())):
        assert trigger.evaluate(empty, condition.Seen(WELDING)) == trigger.NotAwarded("Not awarded because the rule has no conditions.")


def test_a_rule_survives_storage_as_json() -> None:
    tree: dict[str, Any] = {
        "all": [TRUE, {"any": [clause("result.scaled", "ge", 0.8), clause("result.letter", "in", ["A", 1, 2.5])]}, {"none": [FALSE]}]
    }
    when = trigger.parse(tree)
    assert when.model_dump(mode="json") == tree
    assert trigger.When.model_validate_json(when.model_dump_json()) == when
    assert trigger.When.model_validate(when) == when
    assert trigger.parse({"all": [condition.Condition.model_validate(TRUE)]}) == trigger.parse({"all": [TRUE]})  # type: ignore[list-item]


def test_the_rule_of_the_scenarios_fires_on_the_real_event(shared_data: Path) -> None:
    payload = json.loads((shared_data / "lms" / "canvas" / "course_completed.json").read_bytes())
    (found,) = adapter.read("canvas", incoming.Incoming(payload))
    for form in ("565", "21070000000000565", "2017.100.101.101-1"):
        assert isinstance(decide({"all": [TRUE, clause("course", "eq", form)]}, found), trigger.Awarded)
    assert isinstance(decide({"all": [TRUE, clause("course", "eq", "566")]}, found), trigger.NotAwarded)


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["0.5", "2026-05-20T14:01:31Z"])
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8
)
_conditions = st.fixed_dictionaries(
    {
        "field": st.sampled_from(sorted(event.FIELDS)),
        "op": st.sampled_from(sorted(condition.OPERATORS)),
        "value": _scalars | st.lists(_scalars, max_size=3),
    },
)
_trees = st.recursive(
    _conditions,
    lambda inner: (
        st.dictionaries(st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=4), min_size=1, max_size=1)
        | st.fixed_dictionaries({"at_least": st.integers(1, 2), "of": st.lists(inner, min_size=2, max_size=4)})
    ),
)


@unhurried
@given(_json | _trees)
def test_any_json_is_a_rule_or_invalid_with_a_detail_that_can_be_sent(tree: Any) -> None:  # noqa: ANN401 - any JSON
    try:
        when = trigger.parse(tree)
    except problem.Invalid as caught:
        json.dumps(caught.to_json(), ensure_ascii=False).encode()
        return
    for found in (WELDING, BARE):
        trigger.evaluate(when, condition.Seen(found)).reason.encode()
    assert trigger.parse(when.model_dump(mode="json")) == when


@unhurried
@given(st.sampled_from(sorted(event.FIELDS)), st.sampled_from(sorted(condition.OPERATORS)), _json)
def test_evaluation_never_raises_even_for_conditions_that_were_never_validated(field: str, op: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    loose = trigger.When.model_construct(all_of=(condition.Condition.model_construct(field=field, op=op, value=value),))
    for found in (WELDING, BARE):
        assert isinstance(trigger.evaluate(loose, condition.Seen(found)), trigger.Awarded | trigger.NotAwarded)


@unhurried
@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9), st.floats(min_value=-1e9, max_value=1e9))
def test_thresholds_agree_with_arithmetic(scaled: float, threshold: float) -> None:
    found = dataclasses.replace(WELDING, result=event.ResultClaim(None, None, scaled, None, None))
    assert holds("result.scaled", "ge", threshold, found=found) is (scaled >= threshold)
    assert holds("result.scaled", "lt", threshold, found=found) is (scaled < threshold)
