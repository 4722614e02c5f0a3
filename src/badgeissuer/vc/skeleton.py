"""What of a JSON-LD document decides its RDF, apart from the texts and numbers in it.

Two documents of one skeleton have the same members in the same order, arrays of the same lengths, values of the same kinds, and the same
contexts, types and other keywords. What is left are the leaves: texts and numbers, in the order in which they stand.

Source: JSON-LD11-API#expansion-algorithm, which looks at names, keywords and kinds of values; at texts only where they are names themselves
(`template` finds those).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from badgeissuer.vc.document import JsonObject

Leaf: TypeAlias = str | int | float
"""A text or number of a document; never a boolean, which belongs to the skeleton."""

MAX_LEAVES = 2000
"""Leaves of a document of which anything is remembered."""
_FIXED = frozenset({"type", "@type", "@language", "@direction", "@index", "@none", "@nest", "@version", "@container"})
"""Members whose values are names for the processor, not data; so is everything under a keyword but @id and @value."""
_TEXTS = ("texts",)
_KINDS = {str: "s", int: "i", float: "f", type(None): "n"}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A document taken apart.

    Attributes:
        key: All of it but the leaves; equal for documents of one skeleton and only for them.
        contexts: The URLs of the contexts that it names, in order.
        leaves: Its texts and numbers, in order.
    """

    key: Hashable
    contexts: tuple[str, ...]
    leaves: list[Leaf]

    def weight(self) -> int:
        """Return how many characters the key has, about."""
        return len(repr(self.key))


class _Inline(Exception):  # noqa: N818 - it never leaves this module
    """The document has a context of its own."""


def of(source: JsonObject) -> Skeleton | None:
    """Return the skeleton of a document; None for one with a context of its own, whose words mean what it wants them to mean."""
    tokens: list[Hashable] = []
    urls: list[str] = []
    leaves: list[Leaf] = []
    try:
        _object(source, tokens, urls, leaves)
    except _Inline:
        return None
    return Skeleton(tuple(tokens), tuple(urls), leaves)


# One token for each value, so that a key can be read back in one way only: an object is its names, an array its length, a text or number a
# letter, and what stands under a keyword itself.
def _object(node: dict[str, Any], tokens: list[Hashable], urls: list[str], leaves: list[Leaf]) -> None:
    tokens.append(tuple(node))
    for name, value in node.items():
        kind = value.__class__
        if name == "type":
            tokens.append(value if kind is str else _frozen(value))
        elif name[:1] == "@" or name in _FIXED:
            _keyword(name, value, tokens, urls, leaves)
        elif kind is str:
            tokens.append("s")
            leaves.append(value)
        elif kind is dict:
            _object(value, tokens, urls, leaves)
        else:
            _value(value, tokens, urls, leaves)


def _value(value: Any, tokens: list[Hashable], urls: list[str], leaves: list[Leaf]) -> None:  # noqa: ANN401 - any JSON value
    kind = value.__class__
    if kind is dict:
        _object(value, tokens, urls, leaves)
    elif kind is list:
        tokens.append(len(value))
        for item in value:
            _value(item, tokens, urls, leaves)
    elif kind is bool:
        tokens.append("t" if value else "F")
    else:
        # Python takes 0.0 and -0.0 for one number, and they are not written alike.
        tokens.append(_KINDS[kind] if value or kind is not float else str(value))
        if value is not None:
            leaves.append(value)


def _keyword(name: str, value: Any, tokens: list[Hashable], urls: list[str], leaves: list[Leaf]) -> None:  # noqa: ANN401 - any JSON value
    if name in {"@id", "@value"}:
        _value(value, tokens, urls, leaves)
        return
    if name == "@context":
        named = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in named):
            raise _Inline
        urls += named
    tokens.append(_frozen(value))


def _frozen(value: Any) -> Hashable:  # noqa: ANN401 - any JSON value
    """Return a value as part of a key; kinds stay apart, as True and 1 are equal."""
    if value.__class__ is list:
        if [item for item in value if item.__class__ is not str]:
            return ("a", *map(_frozen, value))
        return (_TEXTS, *value)
    if value.__class__ is str:
        return value
    if isinstance(value, dict):
        return ("o", *((name, _frozen(item)) for name, item in value.items()))
    return (value.__class__.__name__, value)


def filled(source: JsonObject, leaves: Iterable[Leaf]) -> JsonObject:
    """Return a copy of a document with other leaves, as many as it has and in the same order."""
    return _filled_object(source, iter(leaves))


def _filled_object(node: dict[str, Any], leaves: Iterator[Leaf]) -> dict[str, Any]:
    return {name: value if _is_keyword(name) else _filled(value, leaves) for name, value in node.items()}


def _filled(value: Any, leaves: Iterator[Leaf]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return _filled_object(value, leaves)
    if isinstance(value, list):
        return [_filled(item, leaves) for item in value]
    return value if value is None or isinstance(value, bool) else next(leaves)


def _is_keyword(name: str) -> bool:
    return (name in _FIXED or name[:1] == "@") and name not in {"@id", "@value"}


def paths(source: JsonObject) -> list[tuple[str, ...]]:
    """Return where each leaf of a document stands: the names of members and the numbers of items, from the top."""
    return list(_paths(source, ()))


def _paths(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        for name, item in value.items():
            if not _is_keyword(name):
                yield from _paths(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _paths(item, (*path, str(number)))
    elif value is not None and not isinstance(value, bool):
        yield path
