"""A stranger's JSON Schema, read whole before anything is judged with it.

Every part is looked at, whether an instance will need it or not: the form of its keywords, where its references lead, and whether its
regular expressions can be searched for. It must be one document with one `$id`, in which all kinds of reference mean the same.

Source: JSON-SCHEMA-CORE-2020-12 sections 8 and 9, VC-JSON-SCHEMA#jsonschema.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urljoin

from badgeissuer import problem
from badgeissuer.vc import dialect, pattern, report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from badgeissuer.vc.document import JsonObject

UNDECIDED = problem.OURS + "schema-undecided"
MAX_SHOWN = 60
"""Characters of a schema that a sentence repeats."""
DEFAULT = "https://json-schema.org/draft/2020-12/schema"
PATTERN_COST = 100
"""What compiling an expression costs, beside what its length and its program cost."""
REFERENCE_COST = 50
"""What following a reference for the first time costs."""


def undecided(reason: str) -> report.Undecided:
    """Return the problem that a schema cannot be answered for."""
    return report.Undecided(f"The JSON Schema that the document names cannot be answered for. {reason}", kind=UNDECIDED)


def shown(value: object) -> str:
    """Return what a stranger wrote so that a sentence can repeat it: short, in quotes, and without signs that do something."""
    return json.dumps(value[:MAX_SHOWN] + "…" * (len(value) > MAX_SHOWN) if isinstance(value, str) else value)


def length(value: object) -> int:
    """Return what it costs to go through a value once, its parts not counted."""
    return len(value) if isinstance(value, list | dict) else len(value) // 100 if isinstance(value, str) else 0


class Meter:
    """What may still be spent."""

    __slots__ = ("left",)

    def __init__(self, budget: int) -> None:
        self.left = budget

    def spend(self, amount: int) -> None:
        """Take from the budget, before the work is done."""
        self.left -= amount
        if self.left < 0:
            raise undecided("It takes more work than is done for a stranger's schema.")


class Book:
    """A schema as it was read: every part of the right form, every reference resolved, every expression compiled.

    Attributes:
        dialect: How the schema is read.
        members: `id` of a part → those of its members that are keywords of the dialect.
        targets: Reference → the schema that it stands for.
        patterns: Regular expression → the same, compiled.
    """

    def __init__(self, root: JsonObject, meter: Meter) -> None:
        self.dialect = _dialect(root)
        self.members: dict[int, JsonObject] = {}
        self.targets: dict[str, Any] = {}
        self.patterns: dict[str, pattern.Pattern] = {}
        self._root, self._meter = root, meter
        self._anchors: dict[str, Any] = {}
        self._open: list[str] = []
        self._read(root)
        while self._open:
            reference = self._open.pop()
            if reference not in self.targets:
                self.targets[reference] = target = self._resolve(reference)
                self._read(target)

    def _read(self, part: object) -> None:
        """Check a schema and all that it holds."""
        parts = [part]
        while parts:
            part = parts.pop()
            if isinstance(part, bool) or id(part) in self.members:
                continue
            if not isinstance(part, dict):
                raise undecided("A part of it is neither an object nor true nor false.")
            self._meter.spend(5 + len(part))
            alone = self.dialect.lone_reference and "$ref" in part
            self.members[id(part)] = members = {
                keyword: part[keyword] for keyword in (("$ref",) if alone else part) if keyword in self.dialect.forms
            }
            for keyword, value in members.items():
                parts += self._held(keyword, value)
            self._note(part, members)

    def _held(self, keyword: str, value: Any) -> Iterable[Any]:  # noqa: ANN401 - any JSON value
        """Return the schemas in the value of a keyword."""
        self._meter.spend(length(value))
        held = self.dialect.forms[keyword](value)
        if held is None:
            raise undecided(f"The value of its keyword {keyword} is wrong.")
        return held

    def _note(self, part: JsonObject, members: JsonObject) -> None:
        """Remember what a schema is called, what it refers to, and what it searches for."""
        plain = self.dialect.lone_reference and members.get("$id", "").startswith("#")  # how draft-07 writes an anchor
        if part is not self._root and not plain and not members.keys().isdisjoint(("$id", "$schema")):
            raise undecided("It holds a schema that has a $schema or $id of its own.")
        for word in ("$id", "$anchor", "$dynamicAnchor"):
            if word in members:
                self._anchors[members[word].removeprefix("#")] = part
        self._open += (members[word] for word in dialect.REFERENCES if word in members)
        for expression in (*((members["pattern"],) if "pattern" in members else ()), *members.get("patternProperties", ())):
            if expression not in self.patterns:
                self.patterns[expression] = self._compiled(expression)

    def _compiled(self, expression: str) -> pattern.Pattern:
        self._meter.spend(PATTERN_COST + len(expression))
        try:
            compiled = pattern.compile(expression)
        except pattern.Unreadable as error:
            raise undecided(f"Its regular expression {shown(expression)} is not searched for. {error}") from None
        self._meter.spend(2 * compiled.size)
        return compiled

    def _resolve(self, reference: str) -> object:
        """Return what a reference stands for, which must lie in this document (JSON-SCHEMA-CORE-2020-12 section 8.2.3)."""
        self._meter.spend(REFERENCE_COST)
        base = self.members[id(self._root)].get("$id", "")
        try:
            home = urldefrag(base).url
            url, fragment = (home, reference[1:]) if reference.startswith("#") else urldefrag(urljoin(base, reference))
        except ValueError:
            raise undecided(f"It refers to {shown(reference)}, which is no URL.") from None
        if url != home:
            raise undecided(f"It refers to another document, {shown(reference)}, and only the named one is fetched.")
        try:
            return self._at(unquote(fragment))
        except (KeyError, IndexError, TypeError, ValueError):
            raise undecided(f"It refers to {shown(reference)}, where nothing stands.") from None

    def _at(self, fragment: str) -> object:
        """Return what an anchor or a JSON Pointer (RFC 6901) stands for."""
        if fragment and not fragment.startswith("/"):
            return self._anchors[fragment]
        found: Any = self._root
        for step in fragment.split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) and key.isdecimal() else found[key]
        return found


def _dialect(root: JsonObject) -> dialect.Dialect:
    name = str(root.get("$schema", DEFAULT))
    known = dialect.KNOWN.get(name.removesuffix("#").removeprefix("https://").removeprefix("http://"))
    if known is None:
        raise undecided(f"Its dialect {shown(name)} is none of 2020-12, 2019-09 and draft-07.")
    return known
