"""How long the texts of a draft may be. What others have issued is read at any length, and shown as far as pages show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badgeissuer.problem import Finding, below

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = 10_000
"""Characters of a description or narrative, in Markdown or not: as many as the pages show."""
NAME = 2000
"""Characters of a name, a tag, a value: of what is shown on one line."""
LIMITS = {
    **dict.fromkeys(("description", "narrative", "targetDescription"), TEXT),
    **dict.fromkeys(("name", "caption", "tag", "fieldOfStudy", "specialization", "humanCode"), NAME),
    **dict.fromkeys(("targetName", "targetFramework", "targetCode", "allowedValue", "requiredValue", "valueMin", "valueMax"), NAME),
    **dict.fromkeys(("level", "points", "identifier"), NAME),
}
"""Member, wherever in a draft it stands → characters. Those of the extension have limits of their own (`microcredential`)."""


def check(draft: object) -> tuple[Finding, ...]:
    """Return which texts of a draft are too long, each with its place and by how much."""
    return tuple(_check(draft, "", ""))


def _check(value: Any, member: str, pointer: str) -> Iterator[Finding]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _check(part, name, below(pointer, name))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _check(part, member, below(pointer, place))
    elif isinstance(value, str) and len(value) > LIMITS.get(member, len(value)):
        detail = f"{member} has {len(value):,} characters, and at most {LIMITS[member]:,} are kept. Shorten it, or link to the whole text."
        yield Finding(detail, pointer)
