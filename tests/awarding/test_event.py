from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.awarding import happenings

from badgeissuer import problem
from badgeissuer.awarding import event

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

_text = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
_number = st.none() | st.floats(allow_nan=False, allow_infinity=False)
_events = st.builds(
    event.LearningEvent,
    key=st.text(st.characters(exclude_categories=["Cs"])),
    type=st.text(st.characters(exclude_categories=["Cs"])),
    occurred_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    course=_text,
    courses=st.lists(st.text(st.characters(exclude_categories=["Cs"]))).map(tuple),
    run=_text,
    learner=st.builds(event.LearnerClaim, _text, _text, _text, _text, _text, _text, st.lists(st.just("1")).map(tuple)),
    result=st.builds(event.ResultClaim, _number, _number, _number, _text, _text, st.none() | st.booleans()),
    credits=_number,
    evidence=st.lists(st.builds(event.EvidenceClaim, _text, _text)).map(tuple),
    item=_text,
    withdraws=st.booleans(),
    voids=_text,
    started_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)

WELDING = dataclasses.replace(
    happenings.WELDING,
    learner=event.LearnerClaim("123", "S-9", "asha@example.org", "Asha"),
    result=event.ResultClaim(35, 40, 0.875, "A", "passed", passed=True),
    evidence=(event.EvidenceClaim("https://learn.example/1", "A weld"),),
    item="weld-1",
    started_at=datetime(2026, 2, 2, tzinfo=UTC),
    level=6,
)


@unhurried
@given(_events)
def test_an_event_survives_storage_as_json(found: event.LearningEvent) -> None:
    stored = json.loads(json.dumps(found.to_json()))
    assert event.LearningEvent.from_json(stored) == found


@pytest.mark.parametrize(
    "damage",
    [
        {"learner": None},
        {"learner": {"source_id": "1"}},
        {"result": {"raw": 1, "colour": "red"}},
        {"occurred_at": "soon"},
        {"occurred_at": []},
        {"courses": None},
        {"evidence": [3]},
        {"unknown": 1},
    ],
)
def test_a_stored_event_that_is_damaged_is_malformed(damage: dict[str, Any]) -> None:
    with pytest.raises(problem.Malformed):
        event.LearningEvent.from_json(WELDING.to_json() | damage)


def test_a_stored_event_with_a_member_missing_is_malformed() -> None:
    stored = WELDING.to_json()
    del stored["run"]
    with pytest.raises(problem.Malformed):
        event.LearningEvent.from_json(stored)


def test_a_member_that_an_older_version_did_not_store_gets_its_default() -> None:
    stored: dict[str, Any] = WELDING.to_json()
    del stored["learner"]["did"]
    assert event.LearningEvent.from_json(stored) == WELDING


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "course_completed"),
        ("course", "565"),
        ("run", "2026T1"),
        ("item", "weld-1"),
        ("learner.email", "asha@example.org"),
        ("result.scaled", 0.875),
        ("result.raw", 35),
        ("result.max", 40),
        ("result.passed", True),
        ("result.letter", "A"),
        ("result.status", "passed"),
        ("credits", 2),
        ("occurred_at", datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC)),
        ("started_at", datetime(2026, 2, 2, tzinfo=UTC)),
        ("level", 6),
    ],
)
def test_each_field_has_its_name(name: str, value: object) -> None:
    assert WELDING.field(name) == value


def test_every_field_is_in_the_test_above() -> None:
    assert len(event.FIELDS) == 15


def test_an_unknown_field_is_invalid_and_the_known_ones_are_named() -> None:
    with pytest.raises(problem.Invalid, match=r'No event has a field "learner\.shoe".*result\.scaled'):
        WELDING.field("learner.shoe")


def test_only_the_course_has_several_forms() -> None:
    assert WELDING.forms("course") == ("565", "21070000000000565", "WELD-1")
    assert WELDING.forms("run") == ("2026T1",)
    assert dataclasses.replace(WELDING, run=None).forms("run") == ()
    assert dataclasses.replace(WELDING, course=None, courses=()).forms("course") == ()


def test_the_hash_of_the_content_does_not_depend_on_the_order_of_members() -> None:
    assert event.content_key({"a": 1, "b": [2.0]}) == event.content_key({"b": [2], "a": 1})
    assert event.content_key({"a": 1}) != event.content_key({"a": "1"})


def test_content_without_a_canonical_form_is_malformed() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for content in ({"a": "\ud800"}, {"\ud800": 1}, {"a": 2**53}, {"a": float("nan")}, {"a": deep}):
        with pytest.raises(problem.Malformed, match="canonical form"):
            event.content_key(content)


@pytest.mark.parametrize(
    ("raw", "most", "share"),
    [(35, 40, 0.875), (5, 1, 5.0), (0, 10, 0.0), (None, 10, None), (3, None, None), (3, 0, None), (3, -1, None), (1e308, 1e-10, None)],
)
def test_a_share_is_known_only_where_both_numbers_make_sense(raw: float | None, most: float | None, share: float | None) -> None:
    assert event.share(raw, most) == share
