from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import instant


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_reads_as_the_same_second(moment: datetime) -> None:
    assert instant.read(instant.write(moment)) == moment.replace(microsecond=0)


def test_a_zone_is_turned_into_utc_and_fine_fractions_are_cut() -> None:
    assert instant.read("2026-05-20T14:05:00.123456789+02:00") == datetime(2026, 5, 20, 12, 5, 0, 123456, tzinfo=UTC)
    assert instant.write(datetime(2026, 5, 20, 14, 5, tzinfo=timezone(timedelta(hours=2)))) == "2026-05-20T12:05:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-20",
        "2026-05-20T14:05:00",
        "2026-05-20 14:05:00Z",
        "2026-05-20T14:05:00Z\n",
        "2026-05-20T14:05:00+15:00",
        "2026-13-20T14:05:00Z",
        "2026-02-30T14:05:00Z",
        "2026-05-20T14:05:60Z",
        "٢٠٢٦-05-20T14:05:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "",
        5,
        None,
        ["2026-05-20T14:05:00Z"],
        {},
    ],
)
def test_anything_but_a_real_moment_with_a_zone_is_refused(text: object) -> None:
    with pytest.raises(problem.Invalid):
        instant.read(text)
