"""Bytes to a JSON document, strictly: what two readers could read differently is refused.

The order is size, depth, UTF-8, JSON: each step protects the next one. Python's own reader accepts duplicate members, NaN, integers of any
length and lone surrogates, and needs stack in proportion to the depth; none of these is let through here.

Two readers do the work. The strict one looks at each member and number as it is read, and it alone refuses. The quick one, orjson, is
believed where it is certain that the strict one would return the same; wherever it is not, the strict one is asked from the beginning.

Source: RFC 7493 (I-JSON), RFC 8259.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeAlias

import orjson

from badgeissuer import problem

JsonObject: TypeAlias = dict[str, Any]
"""A JSON object as Python reads it."""

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 50_000
"""Values that a document may hold, about: each takes a hundred times the memory of its three bytes, and every rule looks at it."""
MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 7493 section 2.2)."""

_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # possessive: else a long text takes a hundred times its size of memory
_BRACKETS = re.compile(rb"[\[\]{}]")
_UNPRINTABLE = re.compile("[\x00\ud800-\udfff]")
_LOOSE_COLONS = (b" :", b"\n:", b"\r:", b"\t:")
"""How a colon may stand apart from the name of its member."""
_NESTING = (dict, list)
_UNSURE = object()


def parse(body: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> JsonObject:
    """Return the JSON object that `body` is.

    Args:
        body: UTF-8 text, without a byte order mark.
        max_bytes: The size that is still read.
        max_depth: How deep arrays and objects may nest.

    Raises:
        problem.TooLarge: The body is longer than `max_bytes`.
        problem.Malformed: It is no JSON object, or one that two readers could read differently.
    """
    value = parse_any(body, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise problem.Malformed(f"The document must be a JSON object, not {_named(value)}.")
    return value


def parse_any(body: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value that `body` is; see `parse`."""
    if len(body) > max_bytes:
        raise problem.TooLarge(f"The document has {len(body):,} bytes; at most {max_bytes:,} are read.")
    value = _read_quickly(body, max_depth)
    return _read_strictly(body, max_depth) if value is _UNSURE else value


def _read_quickly(body: bytes, max_depth: int) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value that `body` is, or `_UNSURE`: where the strict reader might refuse it, or read it in another way.

    Only a longer body can hold more values than are read. Of what no text may hold, orjson lets a NUL through, but no half of a pair.
    """
    if len(body) > MAX_VALUES or b"\\u0000" in body:
        return _UNSURE
    try:
        value = orjson.loads(body)
        # No member stands twice in what gives its own text again, and every number is the one that is written; a large integer is refused.
        is_its_text = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER) == body
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _UNSURE
    members = _members(value, max_depth, floats=is_its_text) if type(value) in _NESTING else None
    return value if members is not None and (is_its_text or _are_all(members, body)) else _UNSURE


def _members(value: Any, max_depth: int, *, floats: bool) -> int | None:  # noqa: ANN401 - a JSON object or array
    """Return how many members the objects in a value have together; None where it nests too deep, or a float may be something else.

    Args:
        value: What orjson read; it makes floats of integers of more than 64 bits.
        max_depth: How deep arrays and objects may nest.
        floats: Whether every float is one in the text too.
    """
    level, members = [value], 0
    for _ in range(max_depth):
        items: list[Any] = []
        for node in level:
            if type(node) is dict:
                members += len(node)
                items += node.values()
            else:
                items += node
        others = [item for item in items if type(item) is not str]
        if not floats and any(type(item) is float and abs(item) > MAX_INTEGER for item in others):
            return None
        level = [item for item in others if type(item) in _NESTING]
        if not level:
            return members
    return None


def _are_all(members: int, body: bytes) -> bool:
    """Return whether a body has that many members and no more, so that none of them stands twice in one object.

    Where no colon stands apart from the name of its member, each has a `":`; texts can only bring more of these.
    """
    return body.count(b'":') == members and not any(colon in body for colon in _LOOSE_COLONS)


def _read_strictly(body: bytes, max_depth: int) -> Any:  # noqa: ANN401 - any JSON value
    _refuse_structure(body, max_depth)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise problem.Malformed(f"The document is not UTF-8: byte {error.start} cannot be read.") from None
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer, cls=_StrictDecoder
        )
    except json.JSONDecodeError as error:
        raise problem.Malformed(f"The document is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None


def write(content: JsonObject) -> bytes:
    """Return a document as the bytes that are kept and served: UTF-8, compact, members in their order."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


class _StrictDecoder(json.JSONDecoder):
    """A decoder that looks at every string it is about to hand over."""

    def decode(self, s: str, *arguments: Any) -> Any:  # noqa: ANN401 - the signature is json's
        value = super().decode(s, *arguments)
        if "\\u" in s:  # only an escape can bring a NUL or a lone surrogate through strict UTF-8
            _refuse_text(value)
        return value


def _refuse_structure(body: bytes, max_depth: int) -> None:
    structure = _STRINGS.sub(b'""', body)
    depth = 0
    for bracket in _BRACKETS.finditer(structure):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > max_depth:
            raise problem.Malformed(f"The document nests deeper than {max_depth} levels.")
    if sum(structure.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise problem.TooLarge(f"The document holds more than {MAX_VALUES:,} values.")


def _refuse_text(value: object) -> None:
    if isinstance(value, str):
        if _UNPRINTABLE.search(value):
            raise problem.Malformed("A text in the document holds a NUL character or half of a surrogate pair, which is no Unicode text.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_text(key)
            _refuse_text(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_text(item)


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise problem.Malformed(f"The member {twice[:80]!r} stands twice in one object.")
    return result


def _constant(name: str) -> float:
    raise problem.Malformed(f"{name} is no JSON number.")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise problem.Malformed(f"The number {text[:40]} is too large.")
    return value


def _integer(text: str) -> int:
    if len(text) > len(str(MAX_INTEGER)) + 1 or abs(int(text)) > MAX_INTEGER:
        raise problem.Malformed(f"The integer {text[:40]} cannot be kept exactly by every reader; at most {MAX_INTEGER} in size.")
    return int(text)


def _named(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
