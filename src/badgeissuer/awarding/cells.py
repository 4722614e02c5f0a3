"""What stands in the cells of a sheet: moments and numbers as people write them, and texts that must not become formulas.

What two people would read differently is refused with a hint, never guessed.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from badgeissuer.awarding import time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

ORDERS = ("dmy", "mdy")
"""What 03/04/2026 can mean: the third of April, or the fourth of March."""
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Stands before a sheet so that spreadsheet programs read it as UTF-8."""
_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTHS = {name[:length]: place for place, name in enumerate(_NAMES, 1) for length in (3, len(name))} | {"sept": 9}
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_CLOCK = (
    r"(?:(?:[Tt]|,? +)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d{1,9})?)?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
    rf"{time.ZONE})?"
)
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})(?P<mark>[-/])(?P<m>\d{1,2})(?P=mark)(?P<d>\d{1,2})" + _CLOCK, re.ASCII)
_DOTTED = re.compile(r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\. ?(?P<y>\d{4})" + _CLOCK, re.ASCII)
_EITHER = re.compile(r"(?P<a>\d{1,2})(?P<mark>[-/])(?P<b>\d{1,2})(?P=mark)(?P<y>\d{4})" + _CLOCK, re.ASCII)
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})\.?[ -]" + _MONTH + r",?[ -](?P<y>\d{4})" + _CLOCK, re.ASCII)
_MONTH_FIRST = re.compile(_MONTH + r" (?P<d>\d{1,2}),? (?P<y>\d{4})" + _CLOCK, re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}[-/. ]+(?:\d{1,2}|[A-Za-z]{3,9})[-/. ]+\d{2}\b.*", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"([+-]?\d+),(\d{1,2}|\d{4,})", re.ASCII)
_FORMULA = re.compile(
    r"'*[=+\-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}]"
)
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_NOON = 12
_LAST_MONTH = 12


def moment(text: str, *, order: str | None = None, zone: tzinfo = UTC, is_end: bool = False) -> datetime:
    """Return the moment that a cell names.

    Read are `2026-05-20`, `2026/05/20`, `20.05.2026`, `20 May 2026`, `20-May-2026`, `May 20, 2026`, and `20/05/2026` where only one order
    gives a date; each alone or with a time (`14:05`, `14:05:31`, `2:05 pm`), and that with `Z`, `UTC` or an offset.

    Args:
        text: The cell, without space around it.
        order: One of `ORDERS`, for dates in figures with the year at the end.
        zone: The zone of a time that names none.
        is_end: Whether a day means its last second; else its first.

    Raises:
        ValueError: It names none, or more than one; the message says so, and what to do.
    """
    match = next((found for form in (_YEAR_FIRST, _DOTTED, _DAY_FIRST, _MONTH_FIRST, _EITHER) if (found := form.fullmatch(text))), None)
    if match is None:
        raise ValueError(_unread(text))
    year, month, day = _date(match, order)
    try:
        return datetime(year, month, day, *_time(match, is_end=is_end), tzinfo=time.named_zone(match) or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} names no real moment.") from None


def _unread(text: str) -> str:
    if _SERIAL.fullmatch(text):
        return f"{text!r} is how a spreadsheet program counts days. Give the cells the form yyyy-mm-dd before saving the sheet."
    if _SHORT_YEAR.fullmatch(text):
        return f"{text[:40]!r} has a year of two figures. Write it as 2026-05-20."
    return f"{text[:40]!r} is no date that is read here. Write it as 2026-05-20, or with a time as 2026-05-20T14:05:00Z."


def _date(match: re.Match[str], order: str | None) -> tuple[int, int, int]:
    """Return year, month and day; whether there is such a day is not looked at."""
    found = match.groupdict()
    if "month" in found:
        month = _MONTHS.get(found["month"].lower())
        if month is None:
            raise ValueError(f"{found['month']!r} is no month that is read here. Write the date as 2026-05-20.")
        return int(found["y"]), month, int(found["d"])
    if "a" not in found:
        return int(found["y"]), int(found["m"]), int(found["d"])
    first, second = int(found["a"]), int(found["b"])
    if order is None and first != second and max(first, second) <= _LAST_MONTH:
        raise ValueError(
            f"{match[0]!r} can mean two days. Write it as 2026-05-20, or say which order the dates have: "
            "dmy (day first) or mdy (month first)."
        )
    is_month_first = order == "mdy" if order else second > _LAST_MONTH
    return (int(found["y"]), first, second) if is_month_first else (int(found["y"]), second, first)


def _time(match: re.Match[str], *, is_end: bool) -> tuple[int, int, int]:
    if match["hour"] is None:
        return (23, 59, 59) if is_end else (0, 0, 0)
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if half and not 1 <= hour <= _NOON:
        raise ValueError(f"{match[0]!r} names no real moment.")
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    return hour, int(match["minute"]), int(match["second"] or 0)


def number(text: str) -> str:
    """Return a number as badges write it: a decimal comma becomes a point; anything else stays as it is, and is checked elsewhere.

    Raises:
        ValueError: A comma stands where it may part thousands.
    """
    match = _DECIMAL_COMMA.fullmatch(text)
    if match:
        return f"{match[1]}.{match[2]}"
    if re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3})+", text, re.ASCII):
        raise ValueError(f"{text!r} can mean two numbers. Write it with a decimal point, and without anything between thousands.")
    return text


def guarded(text: str) -> str:
    """Return a text that no spreadsheet program takes for a formula: `'` stands before what begins like one. Numbers stay as they are.

    `bare` gives the text back.
    """
    return "'" + text if _FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text) else text


def bare(text: str) -> str:
    """Return what `guarded` was given, and any text that it would not have changed."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def line(texts: Iterable[str]) -> str:
    """Return cells as a line of a sheet, guarded, with its line break (RFC 4180)."""
    file = io.StringIO(newline="")
    csv.writer(file).writerow([guarded(text) for text in texts])
    return file.getvalue()
