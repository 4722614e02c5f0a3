from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import time

_zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2019-11-01T19:11:26.615Z", datetime(2019, 11, 1, 19, 11, 26, 615000, tzinfo=UTC)),
        ("2018-10-18T20:50:36Z", datetime(2018, 10, 18, 20, 50, 36, tzinfo=UTC)),
        ("2018-11-05 05:38:00 -0800", datetime(2018, 11, 5, 13, 38, tzinfo=UTC)),
        ("2018-11-05 13:38:00 UTC", datetime(2018, 11, 5, 13, 38, tzinfo=UTC)),
        ("2026-05-20T16:01:31+02:00", datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC)),
        ("2026-05-20 14:02:32.598387+00:00", datetime(2026, 5, 20, 14, 2, 32, 598387, tzinfo=UTC)),
        ("2026-05-20T14:02:32.123456789Z", datetime(2026, 5, 20, 14, 2, 32, 123456, tzinfo=UTC)),
        (1779285700, datetime(2026, 5, 20, 14, 1, 40, tzinfo=UTC)),
        (1779285700.5, datetime(2026, 5, 20, 14, 1, 40, 500000, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_every_form_that_platforms_send_is_read(written: str | float, meant: datetime) -> None:
    assert time.parse(written) == meant
    assert time.parse(written).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "2026-05-20",
        "2026-05-20T14:01:31",
        "2026-02-30T14:01:31Z",
        "2026-05-20T24:01:31Z",
        "2026-05-20T14:01:31+25:00",
        "2026-05-20T14:01:31Z\n",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "٢٠٢٦-05-20T14:01:31Z",
        1e300,
        float("nan"),
        float("inf"),
    ],
)
def test_what_is_no_point_in_time_is_malformed_and_says_so(written: str | float) -> None:
    with pytest.raises(problem.Malformed, match="is not a point in time"):
        time.parse(written)


@unhurried
@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=_zones))  # noqa: DTZ001 - hypothesis adds it
def test_what_python_writes_is_read_back(moment: datetime) -> None:
    for written in (moment.isoformat(), str(moment), moment.astimezone(UTC).isoformat().replace("+00:00", "Z")):
        assert time.parse(written) == moment


@unhurried
@given(st.text() | st.floats() | st.integers())
def test_nothing_raises_anything_but_malformed(written: str | float) -> None:
    try:
        moment = time.parse(written)
    except problem.Malformed:
        return
    assert moment.tzinfo is UTC
