"""Values of loose kinds, as senders write them: numbers in texts, ids as numbers, times as seconds.

Each reader takes a JSON value and returns what it means, or None for nothing: null, and a text that is blank. Where Python or JSON was
printed into a form, `None` and `null` are nothing too, but only where no text is wanted: people have such names.

A reader that cannot use a value raises a ValueError whose text says what it needs, and never repeats the value: it may be personal.
"""

from __future__ import annotations

import contextlib
import math
import re
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.awarding import time

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from pydantic import JsonValue

SECONDS = range(10**8, 10**10)
"""What counts as seconds since 1970: the times from March 1973 to November 2286."""
MILLISECONDS = range(10**11, 10**13)
"""What counts as milliseconds since 1970: the same times. Numbers outside both, such as 20260520, are no times."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_EPOCH = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,9})?")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_NOTHING = {"", "none", "null"}
_ORCID = re.compile(r"\Ahttps?://orcid\.org/")
_SAFE = 2**53

_A_TEXT = "a text, or a whole number that stands for one,"
_A_NUMBER = "a number, or a text such as 87.5 that is one,"
_A_PERCENTAGE = "a number, or a text such as 87.5 or 87%,"
_A_TRUTH = "true or false"
_A_TIME = "a time (ISO 8601 with a zone, or seconds or milliseconds since 1970; without a zone if the source has one)"


def text(value: JsonValue) -> str | None:
    """Return a text without blanks around it; an integer, as which many senders write their ids, becomes its digits."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None:
        return None
    # A number of 2^53 or more may have been rounded on the way.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _SAFE or value != int(value):
        raise ValueError(_A_TEXT)
    return str(int(value))


def orcid(value: JsonValue) -> str | None:
    """Return an ORCID iD without the address that may stand before it."""
    found = text(value)
    return None if found is None else _ORCID.sub("", found, count=1)


def digits(written: str) -> int | float | None:
    """Return the number that a text is, with a point where it has decimals; None where it is none."""
    if not _NUMBER.fullmatch(written):
        return None
    return int(written) if written.isdigit() else float(written)


def number(value: JsonValue) -> float | None:
    """Return a finite number."""
    if _is_nothing(value):
        return None
    found = digits(value.strip()) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise ValueError(_A_NUMBER)
    return float(found)


def percentage(value: JsonValue) -> float | None:
    """Return a percentage, 0 to 100, as a share, 0 to 1; the sign may be there or not."""
    bare = value.strip().removesuffix("%") if isinstance(value, str) else value
    try:
        found = number(bare)
    except ValueError:
        raise ValueError(_A_PERCENTAGE) from None
    return None if found is None else found / 100


def truth(value: JsonValue) -> bool | None:
    """Return true or false, which may be written as a text in any case, or as 1 and 0."""
    if _is_nothing(value):
        return None
    if isinstance(value, bool):
        return value
    known = _TRUTHS.get(value.strip().lower() if isinstance(value, str) else str(value) if isinstance(value, int) else "")
    if known is None:
        raise ValueError(_A_TRUTH)
    return known


def moment(value: JsonValue, *, zone: tzinfo | None = None) -> datetime | None:
    """Return a point in time, UTC: a text that `time.parse` reads, or seconds or milliseconds since 1970, as a number or its digits.

    Which of both it is tells the size: see `SECONDS` and `MILLISECONDS`. Zero is nothing; senders write it where a thing has not happened.

    Args:
        value: The JSON value.
        zone: The zone of a text that names none.
    """
    written = value.strip() if isinstance(value, str) else value
    count = float(written) if isinstance(written, str) and _EPOCH.fullmatch(written) else written
    if _is_nothing(count) or (count == 0 and count is not False):
        return None
    with contextlib.suppress(problem.Malformed):
        if isinstance(count, str):
            return time.parse(count, zone=zone)
        if isinstance(count, int | float):
            return _of_epoch(count)
    raise ValueError(_A_TIME)


def _of_epoch(count: float) -> datetime:
    if SECONDS.start <= count < SECONDS.stop:
        return time.parse(count)
    if MILLISECONDS.start <= count < MILLISECONDS.stop:
        return time.parse(count / 1000)
    raise ValueError(_A_TIME)


def _is_nothing(value: JsonValue) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING)
