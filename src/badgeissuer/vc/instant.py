"""Moments in time as credentials write them.

Source: VC-DATA-MODEL-2.0#validity-period (xsd:dateTimeStamp), RFC 3339.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from badgeissuer import problem

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)", re.ASCII)
PLAIN = re.compile(
    r"[12]\d{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ",
    re.ASCII,
)
"""A real moment, in UTC and to the second; the texts of such sort as the moments do."""


def read(text: object) -> datetime:
    """Return the moment that a date-time stamp names, in UTC; digits finer than microseconds are cut.

    Raises:
        problem.Invalid: It is no date-time stamp, has no zone, or names no real moment.
    """
    if isinstance(text, str) and PLAIN.fullmatch(text):
        return datetime.fromisoformat(text)
    match = _STAMP.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise problem.Invalid(f"{str(text)[:60]!r} is no date-time with zone, such as 2026-05-20T14:05:00Z.")
    stamp, fraction, zone = match.groups()
    offset = "+00:00" if zone == "Z" else zone
    try:
        return datetime.fromisoformat(f"{stamp}{(fraction or '.0')[:7].ljust(7, '0')}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise problem.Invalid(f"{text!r} names no real moment.") from None


def say(moment: datetime) -> str:
    """Return `20 May 2026, 14:05 UTC`, for a sentence."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment.hour:02}:{moment.minute:02} UTC"


def write(moment: datetime) -> str:
    """Return `2026-05-20T14:05:00Z`: UTC, to the second."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(timespec="seconds")[:19] + "Z"
