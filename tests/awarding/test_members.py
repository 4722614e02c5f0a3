from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import members


@pytest.mark.parametrize("read", [members.text, members.identifier, members.number, members.decimal, members.flag, members.moment])
def test_what_is_missing_or_null_is_none(read: Callable[[members.Members, str], object]) -> None:
    assert read({}, "a") is None
    assert read({"a": None}, "a") is None


@pytest.mark.parametrize("read", [members.text, members.identifier, members.decimal, members.moment])
@pytest.mark.parametrize("blank", ["", " \t\n"])
def test_a_blank_text_is_none(read: Callable[[members.Members, str], object], blank: str) -> None:
    assert read({"a": blank}, "a") is None


def test_an_object_or_an_array_that_is_missing_is_empty() -> None:
    assert members.inner({"a": None}, "a") == {}
    assert members.each({"a": None}, "a") == ()


def test_objects_and_arrays_are_returned_and_one_object_counts_as_an_array() -> None:
    assert members.inner({"a": {"b": 1}}, "a") == {"b": 1}
    assert members.each({"a": [1, 2]}, "a") == [1, 2]
    assert members.each({"a": {"b": 1}}, "a") == ({"b": 1},)


def test_an_id_may_be_a_whole_number() -> None:
    assert members.identifier({"a": 7}, "a") == "7"
    assert members.identifier({"a": " 7 "}, "a") == "7"


def test_a_number_in_a_text_is_one_only_where_that_is_asked_for() -> None:
    assert members.decimal({"a": "0.87"}, "a") == 0.87
    assert members.decimal({"a": "-3"}, "a") == -3
    assert members.decimal({"a": 0.5}, "a") == 0.5
    with pytest.raises(problem.Malformed, match="`a` of the event is not a number"):
        members.number({"a": "0.87"}, "a")


def test_a_time_is_a_text_or_seconds_also_as_text() -> None:
    expected = datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC)
    for value in (1779285691, 1779285691.0, "1779285691", "2026-05-20T14:01:31Z"):
        assert members.moment({"a": value}, "a") == expected
    zone = timezone(timedelta(hours=2))
    assert members.moment({"a": "2026-05-20 16:01:31"}, "a", zone=zone) == expected


def test_truth_is_truth_only() -> None:
    assert members.flag({"a": False}, "a") is False


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (members.inner, []),
        (members.inner, "text"),
        (members.each, "text"),
        (members.each, 5),
        (members.text, 5),
        (members.text, {}),
        (members.identifier, True),
        (members.identifier, 1.5),
        (members.identifier, 2**53),
        (members.number, True),
        (members.number, "1"),
        (members.number, 10**400),
        (members.number, float("nan")),
        (members.number, float("inf")),
        (members.decimal, "many"),
        (members.decimal, "1e5"),
        (members.decimal, "٣"),
        (members.decimal, True),
        (members.flag, 1),
        (members.flag, "True"),
        (members.moment, True),
        (members.moment, "soon"),
        (members.moment, 1e300),
        (members.moment, "999999999999"),
        (members.moment, "2026-05-20 16:01:31"),
        (members.moment, []),
    ],
)
def test_a_wrong_type_is_malformed(read: Callable[[members.Members, str], object], value: Any) -> None:  # noqa: ANN401 - any JSON value
    with pytest.raises(problem.Malformed):
        read({"a": value}, "a")


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", {"a": [{"b/c": 1, "d~e": 2}], "f": None}),
        ("/a/0/b~1c", 1),
        ("/a/0/d~0e", 2),
        ("/a/1", None),
        ("/a/-1", None),
        ("/f/x", None),
        ("/x", None),
    ],
)
def test_a_pointer_leads_to_a_value_or_to_nothing(pointer: str, found: object) -> None:
    assert members.at({"a": [{"b/c": 1, "d~e": 2}], "f": None}, pointer) == found
