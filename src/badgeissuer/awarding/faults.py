"""Faults in what people configure, told with their places, and text that no database can hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from badgeissuer import problem

if TYPE_CHECKING:
    from collections.abc import Collection

    import pydantic

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, and halves of surrogate pairs."""
_MOST = 20


def findings(
    error: pydantic.ValidationError, *, pointer: str, whole: str, tags: Collection[str] = frozenset()
) -> tuple[problem.Finding, ...]:
    """Return what is wrong with a configuration, the first 20 faults, each with its place (RFC 6901).

    Args:
        error: What pydantic says.
        pointer: Where the configuration stands in the request.
        whole: What it is called, such as "The rule".
        tags: What pydantic adds to places for the kind of a node, which is no place in the document: it follows a number.
    """
    found = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[:_MOST]:
        path = [
            part for before, part in zip((None, *item["loc"]), item["loc"], strict=False) if not (isinstance(before, int) and part in tags)
        ]
        where = pointer + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        said = "an object is needed" if item["type"] == "model_type" else item["msg"].removeprefix("Value error, ")
        found.append(problem.Finding(f"{where or whole}: {said}.", where))
    return tuple(found)
