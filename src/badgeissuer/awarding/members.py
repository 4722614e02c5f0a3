"""The members of a sender's JSON object, each read as what it should be: missing, null and blank are None, a wrong type is an error."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from badgeissuer import problem
from badgeissuer.awarding import time

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from pydantic import JsonValue

Members: TypeAlias = Mapping[str, "JsonValue"]
"""A JSON object."""

_NONE: Members = MappingProxyType({})
_SAFE = 2**53
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_SECONDS = re.compile(r"[0-9]{1,12}")


def at(value: JsonValue, pointer: str) -> JsonValue:
    """Return what stands at a JSON Pointer in a value; None where nothing does.

    Source: RFC 6901 section 4.
    """
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def inner(members: Members, name: str) -> Members:
    """Return the object in a member; an empty one where there is none.

    Raises:
        problem.Malformed: It is something else.
    """
    value = members.get(name)
    if value is None:
        return _NONE
    if isinstance(value, dict):
        return value
    raise _wrong(name, "an object")


def each(members: Members, name: str) -> Sequence[JsonValue]:
    """Return the items of the array in a member; one object alone counts as an array of it.

    Raises:
        problem.Malformed: It is something else.
    """
    value = members.get(name)
    if value is None:
        return ()
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return (value,)
    raise _wrong(name, "an array")


def text(members: Members, name: str) -> str | None:
    """Return the text in a member, without space around it; senders write a blank one for "no e-mail address".

    Raises:
        problem.Malformed: It is something else.
    """
    value = members.get(name)
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise _wrong(name, "a text")


def identifier(members: Members, name: str) -> str | None:
    """Return the id in a member as text: some write 7, others "7".

    Raises:
        problem.Malformed: It is neither a text nor a whole number that every JSON reader keeps exactly.
    """
    value = members.get(name)
    whole = isinstance(value, int) and not isinstance(value, bool) and -_SAFE < value < _SAFE
    return str(value) if whole else text(members, name)


def number(members: Members, name: str) -> float | None:
    """Return the number in a member; a plain decimal number in a text is none.

    Raises:
        problem.Malformed: It is something else, or not finite.
    """
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise _wrong(name, "a number")
    return float(value)


def decimal(members: Members, name: str) -> float | None:
    """Return the number in a member, also one that is written as text: "0.87" is 0.87.

    Raises:
        problem.Malformed: It is something else, or not finite.
    """
    if not isinstance(members.get(name), str):
        return number(members, name)
    written = text(members, name)
    if written is None or _DECIMAL.fullmatch(written):
        return None if written is None else float(written)
    raise _wrong(name, "a number")


def flag(members: Members, name: str) -> bool | None:
    """Return the truth value in a member.

    Raises:
        problem.Malformed: It is something else.
    """
    value = members.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise _wrong(name, "true or false")


def moment(members: Members, name: str, *, zone: tzinfo | None = None) -> datetime | None:
    """Return the point in time in a member: a text that `time.parse` reads, or seconds since 1970 as a number or as text.

    Args:
        members: The object.
        name: The member.
        zone: The zone of a text that names none.

    Raises:
        problem.Malformed: It is something else.
    """
    if not isinstance(members.get(name), str):
        seconds = number(members, name)
        return None if seconds is None else time.parse(seconds)
    written = text(members, name)
    if written is None:
        return None
    return time.parse(float(written)) if _SECONDS.fullmatch(written) else time.parse(written, zone=zone)


def _wrong(name: str, wanted: str) -> problem.Malformed:
    return problem.Malformed(f"The member `{name}` of the event is not {wanted}. Send it as the platform documents it, or leave it out.")
