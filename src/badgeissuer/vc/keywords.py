"""The keywords of `jsonschema`, every step of which is paid for.

The library judges; what it does without a bound is kept from it. Each schema and each keyword spends from the budget of the check that is
running, and regular expressions are searched for by RE2. A few keywords are our own: those that would use `re`; `uniqueItems`, which would
compare each item with each and loses sight of `[true]` beside `[1]`; and `multipleOf`, which would say that 0.3 is no multiple of 0.1.

Source: JSON-SCHEMA-CORE-2020-12, JSON-SCHEMA-VALIDATION-2020-12, their drafts 2019-09 and 07.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from fractions import Fraction
from typing import Any, TypeAlias

import jsonschema
import rfc8785
from jsonschema.exceptions import ValidationError

from badgeissuer import problem
from badgeissuer.vc import pattern, report

Keyword: TypeAlias = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]
"""What judges an instance by a keyword: (validator, value of the keyword, instance, schema) → errors."""

UNDECIDED = problem.OURS + "schema-undecided"
REFUSED = ("unevaluatedItems", "unevaluatedProperties")
"""Keywords that the library judges with `re` and without passing what can be counted."""
REFERENCES = ("$ref", "$dynamicRef")
WHOLE = ("const", "enum", "required", "dependentRequired", "dependencies")
"""Keywords that look at all of their value, not only at one schema in it after the other."""
SCHEMA_COST, KEYWORD_COST, SEARCH_COST, REFERENCE_COST, ERROR_COST, PATTERN_COST = 6, 4, 3, 20, 25, 100
"""Microseconds, about: to enter a schema, to judge by a keyword, to search, to look a reference up, to write an error, to compile."""
TEXT = 20
"""Characters that cost as much as one value."""


def undecided(reason: str) -> report.Undecided:
    """Return the problem that a schema cannot be answered for."""
    return report.Undecided(f"The JSON Schema that the document names cannot be answered for. {reason}", kind=UNDECIDED)


def length(value: object) -> int:
    """Return how many values an array or an object holds itself."""
    return len(value) if isinstance(value, list | dict) else 0


class Work:
    """What one check may still do, and what it need not do twice."""

    def __init__(self, budget: int) -> None:
        self.left = budget
        self._sizes: dict[int, int] = {}
        self._patterns: dict[str, pattern.Pattern] = {}

    def spend(self, amount: int) -> None:
        """Take from the budget, before the work is done."""
        self.left -= amount
        if self.left < 0:
            raise undecided("It takes more work than is done for a stranger's schema.")

    def size(self, value: Any) -> int:  # noqa: ANN401 - any JSON value
        """Return what it costs to go through a value with all that it holds; it must outlive the check."""
        if not isinstance(value, list | dict):
            return 1 + (len(value) // TEXT if isinstance(value, str) else 0)
        known = self._sizes.get(id(value))
        if known is None:
            self.spend(1 + len(value))
            held = itertools.chain(value, value.values()) if isinstance(value, dict) else value
            known = self._sizes[id(value)] = 1 + sum(map(self.size, held))
        return known

    def price(self, keyword: str, value: Any) -> int:  # noqa: ANN401 - any JSON value
        """Return what it costs to look at the value of a keyword; a reference is gone through anew with each of its steps."""
        if keyword in REFERENCES:
            return REFERENCE_COST + int(value.count("/")) ** 2
        return self.size(value) if keyword in WHOLE else length(value)

    def compiled(self, expression: str) -> pattern.Pattern:
        """Return a regular expression, ready to be searched for.

        Raises:
            pattern.Unreadable: It cannot be searched for here.
        """
        if expression not in self._patterns:
            self.spend(PATTERN_COST + len(expression))
            self._patterns[expression] = pattern.compile(expression)
            self.spend(2 * self._patterns[expression].size)
        return self._patterns[expression]

    def found(self, expression: str, text: str) -> bool:
        """Return whether an expression matches somewhere in a text."""
        compiled = self.compiled(expression)
        self.spend(SEARCH_COST + compiled.cost(text))
        return compiled.found_in(text)


WORK: ContextVar[Work] = ContextVar("WORK")
"""The work of the check that is running; the library passes nothing on in which it could be carried."""


def _paid(keyword: str, judge: Keyword) -> Keyword:
    """Return a keyword that is paid for. An error is, too: it holds the instance and the value as a text."""

    def paid(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401 - any JSON values
        work = WORK.get()
        refusals = sum(item is False for item in (value if isinstance(value, list) else [value]))  # each writes its error unasked
        work.spend(KEYWORD_COST + length(instance) + work.price(keyword, value) + refusals * work.size(instance))
        for error in judge(validator, value, instance, schema):
            is_new = not error.schema_path or error.validator is None
            work.spend(ERROR_COST + (work.size(instance) + work.size(value) if is_new else 0))
            yield error

    return paid


def _pattern(_validator: Any, expression: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401 - as below
    if isinstance(instance, str) and not WORK.get().found(expression, instance):
        yield ValidationError("")


def _pattern_properties(validator: Any, schemas: Mapping[str, Any], instance: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    for (expression, part), name in itertools.product(schemas.items(), instance if isinstance(instance, dict) else ()):
        if WORK.get().found(expression, name):
            yield from validator.descend(instance[name], part, path=name, schema_path=expression)


def _additional_properties(validator: Any, part: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    named, expressions = schema.get("properties", ()), schema.get("patternProperties", ())
    for name in instance if isinstance(instance, dict) else ():
        if name not in named and not any(WORK.get().found(expression, name) for expression in expressions):
            yield from [ValidationError("", path=[name])] if part is False else validator.descend(instance[name], part, path=name)


def _property_names(validator: Any, part: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    for name in instance if isinstance(instance, dict) else ():
        yield from validator.descend(name, part, path=name)


def _unique_items(_validator: Any, wanted: bool, instance: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401, FBT001
    if wanted and isinstance(instance, list):
        WORK.get().spend(3 * WORK.get().size(instance))
        if len({rfc8785.dumps(item) for item in instance}) < len(instance):
            yield ValidationError("")


def _multiple_of(validator: Any, divisor: float, instance: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: ANN401
    WORK.get().spend(50)
    if validator.is_type(instance, "number") and (Fraction(repr(instance)) / Fraction(repr(divisor))).denominator != 1:  # as written
        yield ValidationError("")


_OWN: Mapping[str, Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "uniqueItems": _unique_items,
    "multipleOf": _multiple_of,
}


def _bounded(base: Any, *, lone_reference: bool = False) -> Any:  # noqa: ANN401 - the classes are made at run time, and so untyped
    """Return a validator class of the library with keywords that are paid for.

    Args:
        base: The class of the dialect.
        lone_reference: A `$ref` hides what stands beside it.
    """

    def applicable(schema: Any) -> Iterable[tuple[str, Any]]:  # noqa: ANN401 - any JSON value
        WORK.get().spend(SCHEMA_COST + len(schema))
        return (("$ref", schema["$ref"]),) if lone_reference and "$ref" in schema else schema.items()

    keywords = {name: judge for name, judge in {**base.VALIDATORS, **_OWN}.items() if name not in {"format", *REFUSED}}
    return jsonschema.validators.create(
        meta_schema=base.META_SCHEMA,
        validators={name: _paid(name, judge) for name, judge in keywords.items()},
        type_checker=base.TYPE_CHECKER,
        id_of=base.ID_OF,
        applicable_validators=applicable,
    )


DRAFT_07 = _bounded(jsonschema.Draft7Validator, lone_reference=True)
KNOWN: Mapping[str, Any] = {
    "json-schema.org/draft-07/schema": DRAFT_07,
    "json-schema.org/draft/2019-09/schema": _bounded(jsonschema.Draft201909Validator),
    "json-schema.org/draft/2020-12/schema": _bounded(jsonschema.Draft202012Validator),
}
"""The URL of a dialect's meta-schema, without its scheme, of which both are in use, and without an empty fragment → its validators."""
