"""Points in time as learning platforms write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from badgeissuer import problem

if TYPE_CHECKING:
    from datetime import tzinfo

ZONE = r"(?: ?(?:(?P<utc>[Zz]|UTC)|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-5][0-9])))?"
"""The part of a regular expression for the zone of a time, where it names one; `named_zone` reads it."""
_FORM = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?" + ZONE,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(value: str | float, *, zone: tzinfo | None = None) -> datetime:
    """Return the point in time that a platform wrote, aware and in UTC.

    Read are ISO 8601 with or without a fraction and with `Z` or an offset, the form of Ruby (`2018-11-05 05:38:00 -0800`,
    `… UTC`) and of Python's `str`, and a number of seconds since 1970. A fraction is cut to microseconds.

    Args:
        value: The text, or the number of seconds.
        zone: The zone of a text that names none.

    Raises:
        problem.Malformed: for anything else, also for a time whose zone would have to be guessed.
    """
    try:
        return _of_text(value, zone) if isinstance(value, str) else _EPOCH + timedelta(seconds=value)
    except (ValueError, OverflowError) as error:
        shown = repr(value)[:64]
        detail = f"{shown} is not a point in time. Send ISO 8601 with a zone, as in 2026-05-20T14:01:31Z."
        raise problem.Malformed(detail) from error


def _of_text(text: str, zone: tzinfo | None) -> datetime:
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(text)
    fraction = (match["fraction"] or "0")[:6].ljust(6, "0")
    local = datetime.strptime(f"{match['date']} {match['clock']}.{fraction} +0000", "%Y-%m-%d %H:%M:%S.%f %z")
    known = named_zone(match) or zone
    if known is None:
        raise ValueError(text)
    return local.replace(tzinfo=known).astimezone(UTC)


def named_zone(match: re.Match[str]) -> timezone | None:
    """Return the zone that a time names, found by `ZONE`; None where it names none."""
    if match["utc"]:
        return UTC
    if not match["sign"]:
        return None
    offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
    return timezone(-offset if match["sign"] == "-" else offset)
