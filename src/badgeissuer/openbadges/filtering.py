"""Filters in an SVG, which are few and small: a browser computes each for every pixel of its region.

How often filters are used is counted by `vetting`, with what else is drawn.

Source: Filter Effects 1.
"""

from __future__ import annotations

import re

from badgeissuer import problem

MAX_PARTS = 30
"""Elements in a filter."""
MAX_PERCENT = 200
MAX_FRACTION = 4
"""Of the sides of what is filtered: what programs write for thin lines."""
MAX_LENGTH = 10_000
"""In the units of the drawing."""
_MOST = {"stdDeviation": 200, "radius": 50, "order": 9, "numOctaves": 10}
"""Attributes of the elements in a filter whose cost grows with their numbers."""
_SIDES = frozenset({"x", "y", "width", "height"})
_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]{1,9}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)(%|px)?\s*")
_MAX_CHARACTERS = 100


def check(name: str, attributes: dict[str, str]) -> None:
    """Refuse a filter, or an element in one, that costs too much; other elements are not looked at.

    Args:
        name: Its local name.
        attributes: By full names; those of no namespace count.

    Raises:
        problem.Invalid: It has a region or a number that is too large, or none that is understood.
    """
    if name != "filter" and not name.startswith("fe"):
        return
    if attributes.get("primitiveUnits", "userSpaceOnUse").strip() != "userSpaceOnUse":
        raise problem.Invalid("The SVG has a filter that counts in parts (primitiveUnits). Save it in the drawing's units.")
    is_fraction = name == "filter" and attributes.get("filterUnits", "").strip() != "userSpaceOnUse"
    for key in _SIDES & attributes.keys():
        _side(attributes[key], MAX_FRACTION if is_fraction else MAX_LENGTH)
    for key in _MOST.keys() & attributes.keys():
        for one in _numbers(attributes[key]):
            if abs(_number(one)[0]) > _MOST[key]:
                raise problem.Invalid(f"The SVG has a filter with a {key} over {_MOST[key]}. Make it smaller.")


def _side(text: str, most: int) -> None:
    number, unit = _number(text)
    if abs(number) > (MAX_PERCENT if unit == "%" else most):
        raise problem.Invalid(
            f"The SVG has a filter with a region that is too large: at most {MAX_PERCENT} %, {MAX_FRACTION} times what it filters, or "
            f"{MAX_LENGTH:,} of the drawing's units. Make it smaller."
        )


def _numbers(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _number(text: str) -> tuple[float, str | None]:
    found = _NUMBER.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
    if found is None:
        raise problem.Invalid(f"The SVG has a filter with {text[:40]!r} where a number or a percentage must be.")
    return float(found[1]), found[2]
