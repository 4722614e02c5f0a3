from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer.awarding import loose

MOMENT = datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC)
KINDS: list[Any] = [[], {}, [1], {"a": 1}]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (" a ", "a"),
        ("", None),
        ("  ", None),
        (None, None),
        (7, "7"),
        (0, "0"),
        (-7, "-7"),
        (7.0, "7"),
        (2**53 - 1, str(2**53 - 1)),
        ("Null", "Null"),
    ],
    ids=repr,
)
def test_a_text_is_a_text_or_a_whole_number(value: Any, text: str | None) -> None:  # noqa: ANN401 - any JSON
    assert loose.text(value) == text


@pytest.mark.parametrize("value", [*KINDS, True, False, 7.5, 2**53, -(2**53), float("inf"), float("nan"), 1e300], ids=repr)
def test_what_is_no_text_is_refused(value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(ValueError, match="a text, or a whole number"):
        loose.text(value)


def test_an_orcid_is_read_with_and_without_its_address() -> None:
    for value in ("0000-0002-1825-0097", "https://orcid.org/0000-0002-1825-0097", "http://orcid.org/0000-0002-1825-0097"):
        assert loose.orcid(value) == "0000-0002-1825-0097"
    assert loose.orcid("see https://orcid.org/0") == "see https://orcid.org/0"
    assert loose.orcid(None) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5.0),
        (0.87, 0.87),
        ("0.87", 0.87),
        (" 35 ", 35.0),
        ("-1", -1.0),
        ("+1.", 1.0),
        (".5", 0.5),
        ("1e2", 100.0),
        ("", None),
        ("none", None),
        ("NULL", None),
        (None, None),
    ],
    ids=repr,
)
def test_a_number_may_be_written_as_a_text(value: Any, number: float | None) -> None:  # noqa: ANN401 - any JSON
    assert loose.number(value) == number


@pytest.mark.parametrize(
    "value",
    [
        *KINDS,
        True,
        False,
        "87,5",
        "1,000",
        "1_000",
        "87%",
        "0x1F",
        "٣",
        "nan",
        "inf",
        "1e999",
        float("inf"),
        float("nan"),
        ".",
        "-",
        "five",
        "9" * 41,
    ],
    ids=repr,
)
def test_what_is_no_number_is_refused(value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(ValueError, match="a number, or a text such as"):
        loose.number(value)


@pytest.mark.parametrize(
    ("value", "share"), [("87%", 0.87), ("87.5 %", 0.875), (50, 0.5), ("50", 0.5), (None, None), ("%", None)], ids=repr
)
def test_a_percentage_becomes_a_share(value: Any, share: float | None) -> None:  # noqa: ANN401 - any JSON
    assert loose.percentage(value) == share


@pytest.mark.parametrize("value", [*KINDS, True, "87,5%", "87%%", "%87"], ids=repr)
def test_what_is_no_percentage_is_refused(value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(ValueError, match="87%"):
        loose.percentage(value)


@pytest.mark.parametrize(
    ("value", "truth"),
    [
        (True, True),
        (False, False),
        ("True", True),
        ("false", False),
        (" TRUE ", True),
        ("1", True),
        ("0", False),
        (1, True),
        (0, False),
        (None, None),
        ("", None),
        ("none", None),
    ],
    ids=repr,
)
def test_a_truth_may_be_written_as_a_text_or_a_digit(value: Any, truth: bool | None) -> None:  # noqa: ANN401, FBT001 - any JSON
    assert loose.truth(value) is truth


@pytest.mark.parametrize("value", [*KINDS, "yes", "passed", 2, -1, 1.0, 10**400], ids=repr)
def test_what_is_no_truth_is_refused(value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(ValueError, match="true or false"):
        loose.truth(value)


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-20T14:01:31Z",
        " 2026-05-20 14:01:31+00:00 ",
        "2026-05-20T16:01:31+02:00",
        1779285691,
        1779285691.0,
        "1779285691",
        "1779285691.000",
        1779285691000,
        "1779285691000",
    ],
    ids=repr,
)
def test_a_time_may_be_a_text_or_seconds_or_milliseconds(value: Any) -> None:  # noqa: ANN401 - any JSON
    assert loose.moment(value) == MOMENT


def test_a_fraction_of_a_second_is_kept() -> None:
    for value in (1779285691.25, "1779285691.25", 1779285691250, "1779285691250"):
        assert loose.moment(value) == MOMENT.replace(microsecond=250_000)


def test_a_text_without_a_zone_is_in_that_of_the_source() -> None:
    assert loose.moment("2026-05-20 16:01:31", zone=ZoneInfo("Europe/Berlin")) == MOMENT
    assert loose.moment(1779285691, zone=ZoneInfo("Europe/Berlin")) == MOMENT
    with pytest.raises(ValueError, match="a time"):
        loose.moment("2026-05-20 16:01:31")


@pytest.mark.parametrize("value", [None, "", " ", "none", "null", 0, 0.0, "0", "00"], ids=repr)
def test_a_time_that_has_not_come_is_nothing(value: Any) -> None:  # noqa: ANN401 - any JSON
    assert loose.moment(value) is None


@pytest.mark.parametrize(
    "value",
    [
        *KINDS,
        True,
        False,
        5,
        -1779285691,
        "-5",
        20260520,
        "20260520",
        20260520140131,
        "20260520140131",
        5 * 10**10,
        10**13,
        10**400,
        float("inf"),
        float("nan"),
        "2026-05-20",
        "soon",
    ],
    ids=repr,
)
def test_what_is_no_time_is_refused(value: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(ValueError, match="a time"):
        loose.moment(value)


@given(st.sampled_from([loose.text, loose.orcid, loose.number, loose.percentage, loose.truth, loose.moment]), st.text())
def test_a_refusal_does_not_repeat_the_value(read: Any, value: str) -> None:  # noqa: ANN401 - any of the readers
    with pytest.raises(ValueError, match=r"^(a |true)") as caught:
        read([f"personal {value}"]) if read in {loose.text, loose.orcid} else read(f"personal {value}")
    assert "personal" not in str(caught.value)
    assert caught.value.__cause__ is None
