"""How long an answer may be used before it is asked for again.

Read as by a cache that many share, and more strictly where the standard leaves a choice: what cannot be read is never fresh, nothing is
used once it is stale, and nothing is fresh for longer than an hour.

Source: RFC 9111, sections 3, 4.2, 4.3 and 5.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 3600
"""Seconds that an answer is fresh at most, whatever its server says."""
NEVER = -math.inf
UNSAID = 300
"""Seconds that an answer is fresh where its server says nothing."""

_KEPT = ("cache-control", "expires", "etag", "last-modified")
_WITHOUT_A_WORD = frozenset({200, 301, 308})
"""Statuses that may be kept where nothing is said of how long (RFC 9110 section 15.1), of those that reach here."""
_SAME_FOR_ALL = frozenset({"accept-encoding"})
"""Request headers that an answer may vary by and still be kept: every request of ours has the same."""
_DIRECTIVE = re.compile(r"""[\s,]*+([\w!#$%&'*+.^`|~-]++)(?:=(?:"((?:[^"\\]|\\.)*+)"|([^\s",]*+)))?\s*+(?:,|\Z)""", re.ASCII)
_ETAG = re.compile(r'(?:W/)?"[!#-~]{0,256}"')
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
_LONGEST_DATE = 40
_LONGEST_CONTROL = 4096


def seconds(headers: Mapping[str, str], *, status: int, now: datetime) -> float:
    """Return for how many seconds after it was asked for an answer is fresh; `NEVER` for one that must not be kept at all.

    Args:
        headers: Of the answer; names in lower case.
        status: Of the answer; 200 where a 304 confirmed it.
        now: When it came.
    """
    directives = _directives(headers.get("cache-control", ""))
    if directives is None or directives.keys() & {"no-store", "private"} or not _varies_little(headers.get("vary", "")):
        return NEVER
    left = _lifetime(directives, headers, status=status, now=now) - _age(headers, now)
    return max(0, min(left, LONGEST))


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those headers that are still needed when the answer is asked for again."""
    return {name: headers[name] for name in _KEPT if name in headers}


def conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the request headers that ask whether an answer has changed; none where it has nothing to tell it by."""
    found = {}
    if _ETAG.fullmatch(headers.get("etag", "")):
        found["If-None-Match"] = headers["etag"]
    if _moment(headers.get("last-modified", "")):
        found["If-Modified-Since"] = headers["last-modified"]
    return found


def confirms(headers: Mapping[str, str], known: Mapping[str, str]) -> bool:
    """Return whether a 304 speaks of the answer that is known, and not of another.

    Source: RFC 9111 section 4.3.4.
    """
    return "etag" not in headers or headers["etag"].removeprefix("W/") == known.get("etag", "").removeprefix("W/")


def _directives(text: str) -> dict[str, int] | None:
    """Return directive → seconds, the least where it stands twice and 0 where they are no number; None if it cannot be read."""
    found: dict[str, int] = {}
    text, at = text.strip(), 0
    if len(text) > _LONGEST_CONTROL:
        return None
    while at < len(text):
        match = _DIRECTIVE.match(text, at)
        if match is None:
            return None
        name, value = match[1].lower(), _number(match[2] or match[3] or "") or 0
        found[name] = min(value, found.get(name, value))
        at = match.end()
    return found


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text.lstrip("0")[:10] or "0")  # ten digits are centuries already


def _varies_little(vary: str) -> bool:
    return {name.strip().lower() for name in vary.split(",")} - {""} <= _SAME_FOR_ALL


def _lifetime(directives: Mapping[str, int], headers: Mapping[str, str], *, status: int, now: datetime) -> float:
    if "no-cache" in directives:
        return 0
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return directives[name]
    if "expires" in headers:
        ends = _moment(headers["expires"])
        return (ends - (_moment(headers.get("date", "")) or now)).total_seconds() if ends else 0
    return UNSAID if status in _WITHOUT_A_WORD else 0


def _age(headers: Mapping[str, str], now: datetime) -> float:
    """Return how old an answer was when it came; the way it took is counted by whoever counts from the moment of asking."""
    made = _moment(headers.get("date", ""))
    apparent = (now - made).total_seconds() if made else 0
    return max(0, apparent, _number(headers.get("age", "").partition(",")[0].strip()) or 0)


def _moment(text: str) -> datetime | None:
    """Return the moment of an HTTP date in any of its three forms (RFC 9110 section 5.6.7)."""
    if len(text) > _LONGEST_DATE or not text.isascii():
        return None
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
