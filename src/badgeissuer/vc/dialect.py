"""The keywords of three dialects of JSON Schema, and the form that the value of each must have.

A form answers for one value: the schemas that it holds, or None where it is wrong. What a schema is itself is for the reader to see.

Source: JSON-SCHEMA-CORE-2020-12, JSON-SCHEMA-VALIDATION-2020-12, their drafts 2019-09 and 07.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Form: TypeAlias = Callable[[Any], Sequence[Any] | None]

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
"""Where a schema is one document with one `$id`, as it has to be here, the three mean the same."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a schema is read.

    Attributes:
        forms: Every keyword that asks for something or names something, and its form.
        lone_reference: A `$ref` hides what stands beside it.
        contains_evaluates: An item that `contains` found is none that `unevaluatedItems` asks about.
    """

    forms: Mapping[str, Form]
    lone_reference: bool = False
    contains_evaluates: bool = False


def is_number(value: object) -> bool:
    """Return whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether a JSON value is a whole number; 1.0 is one."""
    return is_number(value) and (isinstance(value, int) or value.is_integer())


def _if(holds: bool) -> Sequence[Any] | None:  # noqa: FBT001 - what it is about
    return () if holds else None


def _number(value: Any) -> Sequence[Any] | None:  # noqa: ANN401 - any JSON value, as below
    return _if(is_number(value))


def _divisor(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return _if(is_number(value) and value > 0)


def _count(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return _if(is_integer(value) and value >= 0)


def _boolean(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return _if(isinstance(value, bool))


def _text(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return _if(isinstance(value, str))


def _texts(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return _if(isinstance(value, list) and all(isinstance(item, str) for item in value))


def _text_lists(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return _if(isinstance(value, dict) and all(_texts(item) is not None for item in value.values()))


def _types(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    names = value if isinstance(value, list) else [value]
    return _if(0 < len(names) <= len(TYPES) and all(name in TYPES for name in names))


def _array(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return _if(isinstance(value, list))


def _anything(_value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return ()


def _schema(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return (value,)


def _schemas(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return value if isinstance(value, list) and value else None


def _schema_map(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return list(value.values()) if isinstance(value, dict) else None


def _schema_or_schemas(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    return value if isinstance(value, list) else (value,)


def _dependencies(value: Any) -> Sequence[Any] | None:  # noqa: ANN401
    if not isinstance(value, dict) or any(isinstance(item, list) and _texts(item) is None for item in value.values()):
        return None
    return [item for item in value.values() if not isinstance(item, list)]


def _keywords(form: Form, names: str) -> dict[str, Form]:
    return dict.fromkeys(names.split(), form)


_SHARED: dict[str, Form] = {
    **_keywords(_types, "type"),
    **_keywords(_array, "enum"),
    **_keywords(_anything, "const"),
    **_keywords(_divisor, "multipleOf"),
    **_keywords(_number, "maximum exclusiveMaximum minimum exclusiveMinimum"),
    **_keywords(_count, "maxLength minLength maxItems minItems maxProperties minProperties"),
    **_keywords(_text, "$id $schema $ref pattern"),
    **_keywords(_boolean, "uniqueItems"),
    **_keywords(_texts, "required"),
    **_keywords(_schema, "additionalProperties propertyNames contains not if then else"),
    **_keywords(_schemas, "allOf anyOf oneOf"),
    **_keywords(_schema_map, "properties patternProperties definitions"),
}
_SINCE_2019_09: dict[str, Form] = {
    **_SHARED,
    **_keywords(_text, "$anchor"),
    **_keywords(_count, "maxContains minContains"),
    **_keywords(_text_lists, "dependentRequired"),
    **_keywords(_schema_map, "$defs dependentSchemas"),
    **_keywords(_schema, "unevaluatedItems unevaluatedProperties"),
}
_UP_TO_2019_09 = {**_keywords(_schema_or_schemas, "items"), **_keywords(_schema, "additionalItems")}

DRAFT_07 = Dialect({**_SHARED, **_UP_TO_2019_09, **_keywords(_dependencies, "dependencies")}, lone_reference=True)
DRAFT_2019_09 = Dialect({**_SINCE_2019_09, **_UP_TO_2019_09, **_keywords(_text, "$recursiveRef")})
DRAFT_2020_12 = Dialect(
    {
        **_SINCE_2019_09,
        **_keywords(_schema, "items"),
        **_keywords(_schemas, "prefixItems"),
        **_keywords(_text, "$dynamicAnchor $dynamicRef"),
    },
    contains_evaluates=True,
)
KNOWN: Mapping[str, Dialect] = {
    "json-schema.org/draft-07/schema": DRAFT_07,
    "json-schema.org/draft/2019-09/schema": DRAFT_2019_09,
    "json-schema.org/draft/2020-12/schema": DRAFT_2020_12,
}
"""The URL of a dialect's meta-schema without its scheme, of which both are in use, and without an empty fragment."""
