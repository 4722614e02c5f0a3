"""Several events in one body: each is read by itself and knows its place."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from badgeissuer import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import JsonValue

    from badgeissuer.awarding import event
    from badgeissuer.awarding.members import Members

MAX_STATEMENTS = 10_000
"""Events in one body. A sender that has more to say says it in several deliveries."""


def read(
    items: Sequence[JsonValue], read_one: Callable[[Members], event.LearningEvent | None], *, below: str = ""
) -> tuple[event.LearningEvent, ...]:
    """Return the events of an array, each with its place; one that cannot be read refuses all, for a delivery is kept whole or not at all.

    Args:
        items: What the array holds.
        read_one: Reads one object; None where it is no event.
        below: Where the array stands in the delivery's value (RFC 6901).

    Raises:
        problem.TooLarge: The array has more than `MAX_STATEMENTS` items.
        problem.Malformed: An item is no object, or cannot be read; the detail says which.
    """
    if len(items) > MAX_STATEMENTS:
        raise problem.TooLarge(
            f"The body holds {len(items):,} events; at most {MAX_STATEMENTS:,} are read. Send them in several deliveries."
        )
    found = (_one(item, read_one, pointer=f"{below}/{index}") for index, item in enumerate(items))
    return tuple(happened for happened in found if happened is not None)


def _one(item: JsonValue, read_one: Callable[[Members], event.LearningEvent | None], *, pointer: str) -> event.LearningEvent | None:
    if not isinstance(item, dict):
        raise problem.Malformed(f"At {pointer}: this is no JSON object. Send every event as an object.")
    try:
        happened = read_one(item)
    except problem.Malformed as error:
        raise problem.Malformed(f"At {pointer}: {error.detail}") from None
    return None if happened is None else dataclasses.replace(happened, pointer=pointer)
