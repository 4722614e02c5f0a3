"""The expanded form of a JSON-LD document to an RDF dataset.

What `jsonld` refuses is not looked for here: relative identifiers, blank predicates, reversed and included nodes, indexes.

Source: JSON-LD11-API#deserialize-json-ld-to-rdf-algorithm, with `rdfDirection` i18n-datatype. Where PyLD differs it is followed, as with
numbers, or the document is refused: of two values that PyLD takes for one although they are not written alike (it does not compare
directions, nor `1` with `true` inside a JSON literal) one would be lost.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from pyld import jsonld

from badgeissuer import problem
from badgeissuer.vc import canonical

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_TYPE, _FIRST, _REST, _NIL = (f"<{_RDF}{name}>" for name in ("type", "first", "rest", "nil"))
_JSON = _RDF + "JSON"
_BOOLEAN, _INTEGER, _DOUBLE = (_XSD + name for name in ("boolean", "integer", "double"))
_DIRECTION = "https://www.w3.org/ns/i18n#"
_MANTISSA = re.compile(r"(\d)0*E\+?(-)?0*(\d)")
_MOST_INTEGER = 10**21
"""From here on an integer is written as a double."""

_Place: TypeAlias = tuple[str, str, str]
"""Subject, predicate and graph."""


def quads(expanded: list[Any]) -> list[canonical.Quad]:
    """Return the dataset of an expanded document, each quad once.

    Raises:
        problem.Invalid: It holds two values of which PyLD would lose one.
    """
    made = _Dataset()
    for node in expanded:
        made.node(node, "")
    return list(made.quads)


class _Dataset:
    """A dataset in the making."""

    def __init__(self) -> None:
        self.quads: dict[canonical.Quad, None] = {}
        self._labels: dict[str, str] = {}
        self._count = 0
        self._values: dict[tuple[_Place, object], str] = {}

    def _blank(self) -> str:
        self._count += 1
        return f"_:b{self._count}"

    def _add(self, subject: str, predicate: str, term: str, graph: str) -> None:
        self.quads[canonical.Quad(subject, predicate, term, graph)] = None

    def _name(self, name: str | None) -> str:
        """Return the term of a node; blank nodes get labels of our own, for a document may give them any."""
        if name is None:
            return self._blank()
        if not name.startswith("_:"):
            return f"<{name}>"
        if name not in self._labels:
            self._labels[name] = self._blank()
        return self._labels[name]

    def node(self, node: dict[str, Any], graph: str) -> str:
        """Add what a node says, and return its term."""
        subject = self._name(node.get("@id"))
        for key, values in node.items():
            if key == "@type":
                for name in values:
                    self._add(subject, _TYPE, f"<{name}>", graph)
            elif key == "@graph":
                for item in values:
                    self.node(item, subject)
            elif key != "@id":
                self._property((subject, f"<{key}>", graph), values)
        return subject

    def _property(self, place: _Place, values: list[Any]) -> None:
        subject, predicate, graph = place
        for item in values:
            if "@value" in item:
                term = literal(item)
                if self._values.setdefault((place, _compared(item)), term) != term:
                    raise problem.Invalid(
                        f"Two values of {predicate[:200]} differ only in what not every reader compares, so that one would not be signed."
                    )
            else:
                term = self._object(item, graph)
            self._add(subject, predicate, term, graph)

    def _object(self, item: dict[str, Any], graph: str) -> str:
        if "@value" in item:
            return literal(item)
        return self._list(item["@list"], graph) if "@list" in item else self.node(item, graph)

    def _list(self, items: list[Any], graph: str) -> str:
        """Add the cells of a list, and return the first (JSON-LD11-API#list-conversion)."""
        cells = [*(self._blank() for _ in items), _NIL]
        for index, item in enumerate(items):
            self._add(cells[index], _FIRST, self._object(item, graph), graph)
            self._add(cells[index], _REST, cells[index + 1], graph)
        return cells[0]


def literal(item: dict[str, Any]) -> str:
    """Return the term of a value object (JSON-LD11-API#object-to-rdf-conversion)."""
    value, datatype = item["@value"], item.get("@type", "")
    if datatype == "@json":
        return canonical.literal(jsonld.canonicalize(value).decode(), datatype=_JSON)
    if isinstance(value, bool):
        return canonical.literal("true" if value else "false", datatype=datatype or _BOOLEAN)
    if isinstance(value, int | float):
        return _number(value, datatype)
    if datatype == _DOUBLE:
        return canonical.literal(_double_text(value), datatype=_DOUBLE)
    if "@direction" in item:
        return canonical.literal(value, datatype=f"{_DIRECTION}{item.get('@language', '')}_{item['@direction']}")
    return canonical.literal(value, datatype=datatype, language=item.get("@language", ""))


def _number(value: float, datatype: str) -> str:
    is_integer = isinstance(value, int) or value.is_integer()
    if not is_integer or datatype == _DOUBLE or abs(value) >= _MOST_INTEGER:
        return canonical.literal(_double(value), datatype=datatype or _DOUBLE)
    return canonical.literal(str(int(value)), datatype=datatype or _INTEGER)


def _double(value: float) -> str:
    """Return the canonical form of an xsd:double with sixteen digits (JSON-LD11-API#data-round-tripping)."""
    return _MANTISSA.sub(r"\1E\2\3", f"{value:1.15E}")


def _double_text(text: str) -> str:
    try:
        return _double(float(text))
    except ValueError:
        return text


def _compared(item: dict[str, Any]) -> object:
    """Return what PyLD compares of a value object; equal where PyLD takes two for the same."""
    value = item["@value"]
    if isinstance(value, dict | list):
        return "@json", _comparable(value)
    return value, isinstance(value, bool), item.get("@type"), item.get("@language")


def _comparable(value: Any) -> object:  # noqa: ANN401 - any JSON value
    """Return what can be looked up and is equal where the JSON values are, as Python compares them."""
    if isinstance(value, dict):
        return frozenset((key, _comparable(item)) for key, item in value.items())
    return tuple(map(_comparable, value)) if isinstance(value, list) else value
