from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badgeissuer.awarding import cells

DAY = datetime(2026, 5, 20, tzinfo=UTC)
SECOND_OF_APRIL = datetime(2026, 4, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-20", "2026/05/20", "2026/5/20", "20.05.2026", "20.5.2026", "20. 5. 2026", "20 May 2026", "20-May-2026", "20. may 2026",
        "May 20, 2026", "May. 20 2026", "20/05/2026", "05/20/2026", "20-05-2026", "2026-05-20T00:00:00Z", "2026-05-20 00:00",
        "20.05.2026, 00:00 UTC", "20/05/2026 12:00 AM", "2026-05-20T02:00:00+02:00", "2026-05-19T20:00:00.250-0400", "20 May 2026 00:00:00",
    ],
)  # fmt: skip
def test_a_day_is_read_in_every_form_that_means_one_day(text: str) -> None:
    assert cells.moment(text) == DAY


def test_a_month_has_a_name_and_a_short_one() -> None:
    for text in ("2 sep 2026", "2 Sept. 2026", "2 September 2026", "September 2, 2026"):
        assert cells.moment(text) == datetime(2026, 9, 2, tzinfo=UTC)


def test_a_time_without_a_zone_is_of_the_zone_that_is_said() -> None:
    zone = ZoneInfo("America/New_York")
    assert cells.moment("2026-05-20 2:05 pm", zone=zone) == datetime(2026, 5, 20, 18, 5, tzinfo=UTC)
    assert cells.moment("2026-05-20T14:05:31Z", zone=zone) == datetime(2026, 5, 20, 14, 5, 31, tzinfo=UTC)
    assert cells.moment("2026-05-20", zone=zone) == datetime(2026, 5, 20, 4, tzinfo=UTC)


def test_until_a_day_is_until_its_end() -> None:
    assert cells.moment("2026-05-20", is_end=True) == datetime(2026, 5, 20, 23, 59, 59, tzinfo=UTC)
    assert cells.moment("2026-05-20 14:00", is_end=True) == datetime(2026, 5, 20, 14, tzinfo=UTC)


def test_a_date_that_can_mean_two_days_needs_an_order() -> None:
    with pytest.raises(ValueError, match="can mean two days") as caught:
        cells.moment("02/04/2026")
    assert "dmy (day first) or mdy (month first)" in str(caught.value)
    assert cells.moment("02/04/2026", order="dmy") == SECOND_OF_APRIL
    assert cells.moment("04/02/2026", order="mdy") == SECOND_OF_APRIL
    assert cells.moment("04/04/2026") == datetime(2026, 4, 4, tzinfo=UTC)
    assert cells.moment("2026-04-02", order="mdy") == SECOND_OF_APRIL


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("46162", "is how a spreadsheet program counts days"),
        ("46162.25", "is how a spreadsheet program counts days"),
        ("3/4/26", "has a year of two figures"),
        ("3-Apr-26 12:00", "has a year of two figures"),
        ("yesterday", "is no date that is read here"),
        ("2026-05-20T25:00:00Z", "names no real moment"),
        ("2026-05-20 13:00 pm", "names no real moment"),
        ("2026-02-30", "names no real moment"),
        ("0000-01-01", "names no real moment"),
        ("0001-01-01T00:00:00+14:00", "names no real moment"),
        ("13/13/2026", "names no real moment"),
        ("20/05/2026 ", "is no date that is read here"),
        ("20 Mai 2026", "'Mai' is no month that is read here"),
        ("2026-05/20", "is no date that is read here"),
        ("\u0662026-05-20", "is no date that is read here"),
    ],
)
def test_what_is_no_date_says_what_to_write(text: str, detail: str) -> None:
    with pytest.raises(ValueError, match=detail):
        cells.moment(text, order="dmy" if text == "13/13/2026" else None)


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_as_iso_is_read_back(moment: datetime) -> None:
    assert cells.moment(moment.isoformat(timespec="seconds")) == moment.replace(microsecond=0)


def test_a_decimal_comma_is_a_point_and_thousands_are_not_guessed() -> None:
    read = {text: cells.number(text) for text in ("87", "87,5", "-0,25", "3,1415", "87.5", "a,5", "")}
    assert read == {"87": "87", "87,5": "87.5", "-0,25": "-0.25", "3,1415": "3.1415", "87.5": "87.5", "a,5": "a,5", "": ""}
    for text in ("1,234", "1,234,567"):
        with pytest.raises(ValueError, match="can mean two numbers"):
            cells.number(text)


@given(st.text(max_size=8))
@example("'=x")
@example("''@x")
@example("\t")
def test_a_guarded_text_is_given_back_and_begins_no_formula(text: str) -> None:
    guarded = cells.guarded(text)
    assert cells.bare(guarded) == text
    assert not guarded.startswith(("=", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    if guarded.startswith(("+", "-")):
        assert float(guarded) is not None


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "-", "+49 170 1"])
def test_what_begins_like_a_formula_gets_a_guard(text: str) -> None:
    assert cells.guarded(text) == "'" + text


def test_a_number_is_no_formula() -> None:
    assert [cells.guarded(text) for text in ("-5", "+2.5", "7")] == ["-5", "+2.5", "7"]


@given(st.lists(st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=5), min_size=2, max_size=4))
def test_a_line_is_read_back(texts: list[str]) -> None:
    (found,) = csv.reader(io.StringIO(cells.line(texts), newline=""), strict=True)
    assert [cells.bare(text) for text in found] == texts
