"""What in an instance breaks a JSON Schema that was read before.

Every keyword is a function of its value and of what it is judged on; each pays for what it does before it does it. One breach is told for a
choice between several schemas: that of the one which went deepest before it failed, since that is the one which was meant.

Source: JSON-SCHEMA-CORE-2020-12 sections 10 and 11, JSON-SCHEMA-VALIDATION-2020-12 section 6.
"""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from badgeissuer.vc import dialect, schemabook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from badgeissuer.vc.document import JsonObject


class Place(NamedTuple):
    """Where in the instance: a member or item of what stands at `above`."""

    above: Place | None
    key: str | int
    depth: int


class Breach(NamedTuple):
    """A keyword that does not hold, and what it asks for."""

    keyword: str
    value: object
    place: Place | None


class At(NamedTuple):
    """What a keyword is judged on."""

    schema: JsonObject
    instance: Any
    place: Place | None

    def below(self, key: str | int) -> Place:
        """Return the place of a member or item."""
        return Place(self.place, key, _depth(self.place) + 1)


class Judge:
    """Tells what in an instance breaks a schema; lazily, so that one breach costs no more than one."""

    def __init__(self, book: schemabook.Book, meter: schemabook.Meter) -> None:
        self.book, self.spend = book, meter.spend

    def breaches(self, schema: Any, instance: Any, place: Place | None) -> Iterator[Breach]:  # noqa: ANN401 - any JSON value
        """Yield what breaks a schema."""
        self.spend(5)
        if isinstance(schema, bool):
            if not schema:
                yield Breach("false", None, place)
            return
        kind, at = _kind(instance), At(self.book.members[id(schema)], instance, place)
        self.spend(2 * len(at.schema))
        for keyword, value in at.schema.items():
            asked, holds = _ASSERTIONS.get(keyword, ("", None))
            if holds and asked in {kind, ""} and not holds(value, instance):
                yield Breach(keyword, value, place)
            asked, judge = _APPLICATORS.get(keyword, ("", None))
            if judge and asked in {kind, ""}:
                yield from judge(self, value, at)

    def holds(self, schema: Any, instance: Any) -> bool:  # noqa: ANN401 - any JSON value
        """Return whether an instance conforms."""
        return next(self.breaches(schema, instance, None), None) is None

    def equal(self, one: Any, two: Any) -> bool:  # noqa: ANN401 - any JSON value
        """Return whether two values are equal: 1 is 1.0 but not true, and members have no order."""
        self.spend(1 + schemabook.length(one))
        if isinstance(one, bool) or isinstance(two, bool):
            return one is two
        if isinstance(one, dict) and isinstance(two, dict):
            return len(one) == len(two) and all(name in two and self.equal(item, two[name]) for name, item in one.items())
        if isinstance(one, list) and isinstance(two, list):
            return len(one) == len(two) and all(map(self.equal, one, two))
        return bool(one == two)

    def key(self, value: Any) -> str:  # noqa: ANN401 - any JSON value
        """Return a text that two values share if they are equal."""
        self.spend(5 + schemabook.length(value))
        if isinstance(value, dict):
            return "{" + ",".join(f"{json.dumps(name)}:{self.key(value[name])}" for name in sorted(value)) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(self.key, value)) + "]"
        return str(int(value)) if dialect.is_integer(value) else json.dumps(value)

    def found(self, expression: str, text: str) -> bool:
        """Return whether a regular expression matches somewhere in a text."""
        compiled = self.book.patterns[expression]
        self.spend(5 + compiled.cost(text))
        return compiled.found_in(text)

    def first_of_each(self, schemas: Iterable[Any], at: At) -> Iterator[Breach | None]:
        """Yield the first breach of each of several schemas, None for one that holds."""
        for schema in schemas:
            yield next(self.breaches(schema, at.instance, at.place), None)

    def others(self, at: At) -> Iterator[str]:
        """Yield the members that neither `properties` nor `patternProperties` beside a keyword speak of."""
        named, expressions = at.schema.get("properties", ()), at.schema.get("patternProperties", ())
        for name in at.instance:
            self.spend(1)
            if name not in named and not any(self.found(expression, name) for expression in expressions):
                yield name

    def evaluated(self, schema: JsonObject, instance: Any) -> set[str | int]:  # noqa: ANN401 - any JSON value
        """Return the members or indices that a schema which holds has spoken of; `schema` has known keywords only.

        Source: JSON-SCHEMA-CORE-2020-12 section 11.
        """
        self.spend(5 + len(schema) + len(instance))
        own = self.evaluated_items(schema, instance) if isinstance(instance, list) else self.evaluated_members(schema, instance)
        for part in self.in_place(schema, instance):
            if not isinstance(part, bool) and self.holds(part, instance):
                own |= self.evaluated(self.book.members[id(part)], instance)
        return own

    def evaluated_members(self, schema: JsonObject, instance: JsonObject) -> set[str | int]:
        """Return the members that the keywords of a schema have spoken of themselves."""
        if "additionalProperties" in schema or "unevaluatedProperties" in schema:
            return set(instance)
        others = set(self.others(At(schema, instance, None)))
        return {name for name in instance if name not in others}

    def evaluated_items(self, schema: JsonObject, instance: list[Any]) -> set[str | int]:
        """Return the indices that the keywords of a schema have spoken of themselves."""
        items = schema.get("items")
        if "unevaluatedItems" in schema or isinstance(items, dict | bool) or (items is not None and "additionalItems" in schema):
            return set(range(len(instance)))
        own: set[str | int] = set(range(len(items or schema.get("prefixItems", ()))))
        if self.book.dialect.contains_evaluates and "contains" in schema:
            own |= {index for index, item in enumerate(instance) if self.holds(schema["contains"], item)}
        return own

    def in_place(self, schema: JsonObject, instance: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON value
        """Yield the schemas that a schema applies to the same instance."""
        yield from (self.book.targets[schema[word]] for word in dialect.REFERENCES if word in schema)
        yield from itertools.chain.from_iterable(schema.get(word, ()) for word in ("allOf", "anyOf", "oneOf"))
        yield from (part for name, part in schema.get("dependentSchemas", {}).items() if isinstance(instance, dict) and name in instance)
        if "if" in schema:
            held = self.holds(schema["if"], instance)
            yield schema["if"]
            yield schema.get("then" if held else "else", True)


def _depth(place: Place | None) -> int:
    return place.depth if place else 0


def _kind(instance: object) -> str:
    return _KINDS.get(type(instance), "")


_KINDS: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    NoneType: "null",
}


def _is_of(types: Any, instance: Any) -> bool:  # noqa: ANN401 - any JSON value
    names = types if isinstance(types, list) else [types]
    return _kind(instance) in names or ("integer" in names and dialect.is_integer(instance))


_ASSERTIONS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "type": ("", _is_of),
    "maximum": ("number", lambda limit, instance: instance <= limit),
    "exclusiveMaximum": ("number", lambda limit, instance: instance < limit),
    "minimum": ("number", lambda limit, instance: instance >= limit),
    "exclusiveMinimum": ("number", lambda limit, instance: instance > limit),
    "maxLength": ("string", lambda limit, instance: len(instance) <= limit),
    "minLength": ("string", lambda limit, instance: len(instance) >= limit),
    "maxItems": ("array", lambda limit, instance: len(instance) <= limit),
    "minItems": ("array", lambda limit, instance: len(instance) >= limit),
    "maxProperties": ("object", lambda limit, instance: len(instance) <= limit),
    "minProperties": ("object", lambda limit, instance: len(instance) >= limit),
}
"""Keyword → the kind of instance that it asks something of, and whether that holds."""


def _const(judge: Judge, value: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401 - any JSON value, as below
    if not judge.equal(value, at.instance):
        yield Breach("const", value, at.place)


def _enum(judge: Judge, values: list[Any], at: At) -> Iterator[Breach]:
    if not any(judge.equal(value, at.instance) for value in values):
        yield Breach("enum", values, at.place)


def _multiple_of(judge: Judge, divisor: float, at: At) -> Iterator[Breach]:
    judge.spend(50)
    if (Fraction(repr(at.instance)) / Fraction(repr(divisor))).denominator != 1:  # of the numbers as written: 0.3 is a multiple of 0.1
        yield Breach("multipleOf", divisor, at.place)


def _pattern(judge: Judge, expression: str, at: At) -> Iterator[Breach]:
    if not judge.found(expression, at.instance):
        yield Breach("pattern", expression, at.place)


def _unique_items(judge: Judge, wanted: bool, at: At) -> Iterator[Breach]:  # noqa: FBT001 - the value of the keyword
    if wanted and len({judge.key(item) for item in at.instance}) < len(at.instance):
        yield Breach("uniqueItems", wanted, at.place)


def _required(judge: Judge, names: list[str], at: At) -> Iterator[Breach]:
    judge.spend(len(names))
    yield from (Breach("required", name, at.place) for name in names if name not in at.instance)


def _dependencies(judge: Judge, dependencies: Mapping[str, Any], at: At) -> Iterator[Breach]:
    judge.spend(len(dependencies))
    for name, asked in dependencies.items():
        if name in at.instance:
            yield from _required(judge, asked, at) if isinstance(asked, list) else judge.breaches(asked, at.instance, at.place)


def _reference(judge: Judge, reference: str, at: At) -> Iterator[Breach]:
    judge.spend(schemabook.length(reference))
    yield from judge.breaches(judge.book.targets[reference], at.instance, at.place)


def _all_of(judge: Judge, schemas: list[Any], at: At) -> Iterator[Breach]:
    for schema in schemas:
        yield from judge.breaches(schema, at.instance, at.place)


def _any_of(judge: Judge, schemas: list[Any], at: At) -> Iterator[Breach]:
    nearest = Breach("anyOf", None, at.place)
    for breach in judge.first_of_each(schemas, at):
        if breach is None:
            return
        nearest = max(nearest, breach, key=lambda breach: _depth(breach.place))
    yield nearest


def _one_of(judge: Judge, schemas: list[Any], at: At) -> Iterator[Breach]:
    nearest, held = Breach("oneOf", None, at.place), 0
    for breach in judge.first_of_each(schemas, at):
        if breach is None:
            held += 1
        else:
            nearest = max(nearest, breach, key=lambda breach: _depth(breach.place))
        if held > 1:
            yield Breach("oneOf", None, at.place)
            return
    if not held:
        yield nearest


def _not(judge: Judge, schema: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401
    if judge.holds(schema, at.instance):
        yield Breach("not", None, at.place)


def _if(judge: Judge, schema: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401
    then = at.schema.get("then" if judge.holds(schema, at.instance) else "else", True)
    yield from judge.breaches(then, at.instance, at.place)


def _properties(judge: Judge, schemas: Mapping[str, Any], at: At) -> Iterator[Breach]:
    judge.spend(len(schemas))
    for name, schema in schemas.items():
        if name in at.instance:
            yield from judge.breaches(schema, at.instance[name], at.below(name))


def _pattern_properties(judge: Judge, schemas: Mapping[str, Any], at: At) -> Iterator[Breach]:
    for (expression, schema), (name, item) in itertools.product(schemas.items(), at.instance.items()):
        if judge.found(expression, name):
            yield from judge.breaches(schema, item, at.below(name))


def _additional_properties(judge: Judge, schema: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401
    for name in judge.others(at):
        yield from judge.breaches(schema, at.instance[name], at.below(name))


def _property_names(judge: Judge, schema: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401
    for name in at.instance:
        yield from judge.breaches(schema, name, at.below(name))


def _items(judge: Judge, schema: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401
    if isinstance(schema, list):
        yield from _prefix_items(judge, schema, at)
    else:
        yield from _items_from(judge, schema, at, len(at.schema.get("prefixItems", ())))


def _prefix_items(judge: Judge, schemas: list[Any], at: At) -> Iterator[Breach]:
    for index, (schema, item) in enumerate(zip(schemas, at.instance, strict=False)):
        yield from judge.breaches(schema, item, at.below(index))


def _additional_items(judge: Judge, schema: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401
    if isinstance(at.schema.get("items"), list):
        yield from _items_from(judge, schema, at, len(at.schema["items"]))


def _items_from(judge: Judge, schema: Any, at: At, first: int) -> Iterator[Breach]:  # noqa: ANN401
    for index in range(first, len(at.instance)):
        yield from judge.breaches(schema, at.instance[index], at.below(index))


def _contains(judge: Judge, schema: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401
    counts = "minContains" in judge.book.dialect.forms
    least, most = (at.schema.get("minContains", 1), at.schema.get("maxContains", len(at.instance))) if counts else (1, len(at.instance))
    if not least <= sum(judge.holds(schema, item) for item in at.instance) <= most:
        yield Breach("contains", None, at.place)


def _unevaluated(judge: Judge, schema: Any, at: At, keyword: str) -> Iterator[Breach]:  # noqa: ANN401
    others = {name: value for name, value in at.schema.items() if name != keyword}
    evaluated = judge.evaluated(others, at.instance)
    for key in at.instance if isinstance(at.instance, dict) else range(len(at.instance)):
        if key not in evaluated:
            yield from judge.breaches(schema, at.instance[key], at.below(key))


def _unevaluated_items(judge: Judge, schema: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401
    yield from _unevaluated(judge, schema, at, "unevaluatedItems")


def _unevaluated_properties(judge: Judge, schema: Any, at: At) -> Iterator[Breach]:  # noqa: ANN401
    yield from _unevaluated(judge, schema, at, "unevaluatedProperties")


_APPLICATORS: Mapping[str, tuple[str, Callable[[Judge, Any, At], Iterator[Breach]]]] = {
    "const": ("", _const),
    "enum": ("", _enum),
    "multipleOf": ("number", _multiple_of),
    "pattern": ("string", _pattern),
    "uniqueItems": ("array", _unique_items),
    "required": ("object", _required),
    "dependencies": ("object", _dependencies),
    "dependentRequired": ("object", _dependencies),
    "dependentSchemas": ("object", _dependencies),
    **dict.fromkeys(dialect.REFERENCES, ("", _reference)),
    "allOf": ("", _all_of),
    "anyOf": ("", _any_of),
    "oneOf": ("", _one_of),
    "not": ("", _not),
    "if": ("", _if),
    "properties": ("object", _properties),
    "patternProperties": ("object", _pattern_properties),
    "additionalProperties": ("object", _additional_properties),
    "propertyNames": ("object", _property_names),
    "items": ("array", _items),
    "prefixItems": ("array", _prefix_items),
    "additionalItems": ("array", _additional_items),
    "contains": ("array", _contains),
    "unevaluatedItems": ("array", _unevaluated_items),
    "unevaluatedProperties": ("object", _unevaluated_properties),
}
"""Keyword → the kind of instance that it asks something of, and what breaks it."""
