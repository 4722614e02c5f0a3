from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.awarding.happenings import WELDING

from badgeissuer import problem
from badgeissuer.awarding import badges, condition, event, rule, trigger

NOW = datetime(2026, 6, 1, tzinfo=UTC)
WHEN: dict[str, Any] = {"all": [{"field": "type", "op": "eq", "value": "course_completed"}]}


def parts(*of: dict[str, Any], **more: Any) -> rule.Parts:  # noqa: ANN401 - any JSON
    found = rule.parse({"parts": {"of": list(of)} | more}).parts
    assert found is not None
    return found


def proven(*items: tuple[int, int], credits: float = 0, days: float = 1) -> list[rule.Proven]:  # noqa: A002 - the field's name
    return [rule.Proven(part, number, credits, NOW - timedelta(days=days)) for part, number in items]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({}, "/r"),
        ({"when": WHEN, "parts": {"of": [{"badge": "a"}]}}, "/r"),
        ({"parts": {"of": []}}, "/r/parts/of"),
        ({"parts": {"of": [{"badge": "a"}], "at_least": 2}}, "/r/parts"),
        ({"parts": {"of": [{"badge": "a"}], "at_least": 0}}, "/r/parts/at_least"),
        ({"parts": {"of": [{"badge": "a"}], "credits": 0}}, "/r/parts/credits"),
        ({"parts": {"of": [{"badge": "a"}], "max_age_days": -1}}, "/r/parts/max_age_days"),
        ({"parts": {"of": [{"badge": "A b"}]}}, "/r/parts/of/0/badge"),
        ({"parts": {"of": [{"badge": "a", "when": WHEN}]}}, "/r/parts/of/0"),
        ({"parts": {"of": [{"badge": "a", "source": "lms"}]}}, "/r/parts/of/0"),
        ({"parts": {"of": [{"name": "x"}]}}, "/r/parts/of/0"),
        ({"parts": {"of": [{"when": {"all": [{"field": "shoe", "op": "exists"}]}}]}}, "/r/parts/of/0/when/all/0/field"),
        ({"when": WHEN, "window": {"from": "2026-05-20"}}, "/r/window/from"),
        ({"when": WHEN, "window": {"from": "2026-05-20T00:00:00Z", "until": "2026-05-20T00:00:00Z"}}, "/r/window"),
        ({"when": WHEN, "policy": {"scope": "weekly"}}, "/r/policy/scope"),
        ({"when": WHEN, "policy": {"scope": "renewable"}}, "/r/policy"),
        ({"when": WHEN, "policy": {"renew_after_days": 5}}, "/r/policy"),
        ({"when": WHEN, "policy": {"scope": "term"}}, "/r"),
        ({"when": WHEN, "policy": {"approvals": 6}}, "/r/policy/approvals"),
        ({"when": WHEN, "policy": {"hold_days": 0}}, "/r/policy/hold_days"),
        ({"when": WHEN, "mapping": {"term": {}}}, "/r/mapping/term"),
        ({"when": WHEN, "mapping": {"term": {"field": "run", "value": "x"}}}, "/r/mapping/term"),
        ({"when": WHEN, "mapping": {"term": {"field": "learner.email"}}}, "/r/mapping/term"),
        ({"when": WHEN, "mapping": {"term": {"path": "a["}}}, "/r/mapping/term"),
        ({"when": WHEN, "mapping": {"license_number": {"value": "1"}, "license_prefix": "W-"}}, "/r/mapping"),
        ({"when": WHEN, "policy": {"hold_days": 10, "valid_days": 10}}, "/r/policy"),
        ({"parts": {"of": [{"badge": "a"}]}, "policy": {"scope": "renewable", "renew_after_days": 5}}, "/r"),
        ({"when": WHEN, "mapping": {"license_prefix": "\n\u0007"}}, "/r/mapping/license_prefix"),
        ({"when": WHEN, "more": 1}, "/r/more"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_with_its_place(document: Any, pointer: str) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(problem.Invalid) as caught:
        rule.parse(document, pointer="/r")
    assert [finding.pointer for finding in caught.value.findings] == [pointer]


def test_a_rule_is_stored_as_it_was_written() -> None:
    document: dict[str, Any] = {
        "parts": {"of": [{"when": WHEN, "name": "Course"}, {"badge": "first-aid"}], "at_least": 1, "credits": 5.0},
        "window": {"from": "2026-05-20T00:00:00Z"},
        "policy": {"approvals": 2, "hold_days": 3.0},
        "mapping": {"results": [{"result": "#score", "levels": {"A": "#good"}}], "term": {"field": "run"}},
    }
    found = rule.parse(document)
    assert found.to_json() == document
    assert rule.parse(found.to_json()) == found


def test_which_rules_look_at_what_was_sent() -> None:
    assert not rule.parse({"when": WHEN}).reads_raw
    assert rule.parse({"when": {"all": [{"path": "a", "op": "exists"}]}}).reads_raw
    assert rule.parse({"when": WHEN, "mapping": {"term": {"path": "a"}}}).reads_raw
    assert rule.parse({"when": WHEN, "mapping": {"results": [{"result": "#x", "take": {"path": "a"}}]}}).reads_raw


def test_which_parts_are_badges() -> None:
    level = {"when": {"all": [{"field": "type", "op": "eq", "value": badges.ISSUED}, {"field": "level", "op": "ge", "value": 6}]}}
    one, other, third = parts({"badge": "first-aid"}, level, {"when": WHEN, "name": "Course", "source": "lms"}).of
    assert (one.is_badge, other.is_badge, third.is_badge) == (True, True, False)
    assert [part.label(number) for number, part in enumerate((one, other, third))] == ["first-aid", "part 2", "Course"]
    (issued,) = badge_event("first-aid")
    assert isinstance(trigger.evaluate(one.tree, condition.Seen(issued)), trigger.Awarded)
    (another,) = badge_event("welding")
    assert isinstance(trigger.evaluate(one.tree, condition.Seen(another)), trigger.NotAwarded)


def badge_event(slug: str) -> tuple[event.LearningEvent, ...]:
    return (dataclasses.replace(WELDING, type=badges.ISSUED, item=slug),)


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        ({}, "Awarded"),
        ({"from": "2026-05-20T14:01:31Z"}, "Awarded"),
        ({"from": "2026-05-20T14:01:32Z"}, "before the rule's time from 2026-05-20"),
        ({"until": "2026-05-20T14:01:31Z"}, "after the rule's time until 2026-05-20"),
        ({"until": "2026-05-20T16:01:32+02:00"}, "Awarded"),
    ],
)
def test_an_event_counts_within_the_window_only(window: dict[str, str], reason: str) -> None:
    document: dict[str, Any] = {"when": WHEN, "window": window}
    found = rule.parse(document)
    verdict = rule.judge(found.pieces[0], condition.Seen(WELDING), window=found.window, came=NOW)
    assert reason in verdict.reason


def test_what_has_no_time_happened_when_it_came_and_nothing_after_that() -> None:
    found = rule.parse({"when": WHEN, "window": {"from": "2026-06-02T00:00:00Z"}})
    for happened in (None, NOW + timedelta(days=9)):
        seen = condition.Seen(dataclasses.replace(WELDING, occurred_at=happened))
        assert isinstance(rule.judge(found.pieces[0], seen, window=found.window, came=NOW), trigger.NotAwarded)


def test_progress_says_what_is_missing() -> None:
    needed = parts({"badge": "a"}, {"badge": "b"}, {"when": WHEN, "name": "Project"})
    assert rule.progress(needed, [], now=NOW).reason == "Not awarded yet because 0 of 3 parts are there; missing: a, b, Project."
    few = rule.progress(needed, proven((0, 1), (0, 2), (2, 3)), now=NOW)
    assert few == trigger.NotAwarded("Not awarded yet because 2 of 3 parts are there; missing: b.")
    all_of_them = rule.progress(needed, proven((0, 1), (1, 2), (2, 3)), now=NOW)
    assert all_of_them == trigger.Awarded("Awarded because 3 of 3 parts are there, and 3 are needed.")
    two = parts({"badge": "a"}, {"badge": "b"}, {"badge": "c"}, at_least=2)
    assert isinstance(rule.progress(two, proven((0, 1), (2, 2)), now=NOW), trigger.Awarded)


def test_credits_add_up_and_an_event_counts_once() -> None:
    needed = parts({"badge": "a"}, {"badge": "b"}, at_least=1, credits=6)
    assert rule.progress(needed, proven((0, 1), (1, 1), credits=5), now=NOW).reason == "Not awarded yet because 5 of 6 credits are there."
    enough = rule.progress(needed, proven((0, 1), (0, 2), credits=3), now=NOW)
    assert enough == trigger.Awarded("Awarded because 1 of 2 parts are there with 6 credits, and 1 are needed.")


def test_what_is_too_old_does_not_count_unless_it_counted_before() -> None:
    needed = parts({"badge": "a"}, max_age_days=365)
    old = proven((0, 1), days=366)
    assert "what is too old does not count" in rule.progress(needed, old, now=NOW).reason
    assert isinstance(rule.progress(needed, old, now=None), trigger.Awarded)
    assert isinstance(rule.progress(needed, proven((0, 1), days=364), now=NOW), trigger.Awarded)
