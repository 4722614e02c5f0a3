"""JSON Schemas that strangers name in `credentialSchema`, judged by `jsonschema` under limits.

A schema is a program: it can ask for the same thing 2^30 times, for itself, or for a regular expression that takes for ever. It is read
whole before anything is judged with it, and every step is paid for out of a budget (see `keywords`). What cannot be answered for is
`report.Undecided`, never a guess: an unknown dialect, a schema that is wrong (the library would pass over some of that), lies in several
documents, has a part with an `$id` of its own, asks for what is left over (`unevaluatedItems`, `unevaluatedProperties`), or costs too much.
Nothing is fetched. `format` is a note for people, as the standard has it; so is every keyword that is unknown.

Source: JSON-SCHEMA-CORE-2020-12, JSON-SCHEMA-VALIDATION-2020-12, their drafts 2019-09 and 07; VC-JSON-SCHEMA#jsonschema.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import referencing
import referencing.jsonschema
from jsonschema.exceptions import ValidationError, best_match

from badgeissuer import problem
from badgeissuer.vc import effort, keywords, pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from badgeissuer.vc.document import JsonObject

    Form: TypeAlias = Callable[[Any], Iterable[Any] | None]

UNDECIDED = keywords.UNDECIDED
"""The problem type of a schema that cannot be answered for."""
DEFAULT = "https://json-schema.org/draft/2020-12/schema"
EFFORT = 100
"""Of the budget's microseconds, as many as are one unit of `effort`: what is reckoned here is rather too much."""
MAX_FINDINGS = 20
BUDGET = 200_000
"""Microseconds, about, that a schema may cost."""
MAX_POINTER = 500
"""Characters of a pointer; a longer one ends at what holds the place."""
MAX_REFERENCE = 500
"""Characters of a reference or of the name that one leads to."""
MAX_SHOWN = 60
"""Characters of a schema that a sentence repeats."""
PART_COST = 20
"""What reading one part of a schema costs, microseconds."""
_MAX_CHOICES = 7
_SAID = {
    "": "Something stands here that the JSON Schema does not allow.",
    "additionalProperties": "The JSON Schema allows nothing here.",
    "required": "The JSON Schema asks for the member {} here.",
    "anyOf": "What stands here fits none of the forms that the JSON Schema allows.",
    "oneOf": "What stands here does not fit exactly one of the forms that the JSON Schema allows.",
}
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


def check(instance: JsonObject, schema: JsonObject, *, spend: effort.Spend = effort.free) -> tuple[problem.Finding, ...]:
    """Return what breaks a schema, the first 20 things; nothing where the instance conforms.

    Args:
        instance: A document as `document.parse` reads it.
        schema: A JSON Schema, read likewise; without `$schema` it counts as one of 2020-12.
        spend: Pays for the check out of what the whole verification may cost: a tenth of the budget before it, what it took after it.

    Raises:
        report.Undecided: The schema cannot be answered for.

    Source: VC-JSON-SCHEMA#jsonschema.
    """
    spend(BUDGET / EFFORT / 10)
    work = keywords.Work(BUDGET)
    token = keywords.WORK.set(work)
    try:
        return tuple(dict.fromkeys(_finding(error) for error in _errors(instance, schema)))
    except problem.Problem:
        raise
    except RecursionError:
        raise keywords.undecided("It nests too deeply, or goes round in circles.") from None
    except Exception:  # noqa: BLE001 - whatever the library stumbles over, a stranger wrote it
        raise keywords.undecided("It is no schema that can be judged with.") from None
    finally:
        keywords.WORK.reset(token)
        spend((BUDGET - work.left) / EFFORT)


def _errors(instance: JsonObject, schema: JsonObject) -> Iterable[ValidationError]:
    name = str(schema.get("$schema", DEFAULT))
    validator = keywords.KNOWN.get(name.removesuffix("#").removeprefix("https://").removeprefix("http://"))
    if validator is None:
        raise keywords.undecided(f"Its dialect {_shown(name)} is none of 2020-12, 2019-09 and draft-07.")
    root = {word: value for word, value in schema.items() if word != "$schema"}  # lest the library look for a class of its own
    registry = _read(root, validator)
    return itertools.islice(validator(root, registry=registry).iter_errors(instance), MAX_FINDINGS)


def _read(root: JsonObject, validator: Any) -> referencing.jsonschema.SchemaRegistry:  # noqa: ANN401 - made at run time
    """Return what references are looked up in, when every part of the schema was read and every reference leads to one."""
    seen: set[int] = set()
    references = _parts(root, validator, seen)
    specification = referencing.jsonschema.specification_with(validator.META_SCHEMA["$schema"])
    resource = specification.create_resource(root)
    name = resource.id() or ""
    empty: referencing.jsonschema.SchemaRegistry = referencing.Registry()  # which retrieves nothing
    registry: referencing.jsonschema.SchemaRegistry = empty.with_resource(name, resource).crawl()
    resolver, known = registry.resolver(name), set[str]()
    while references:
        reference = references.pop()
        if reference not in known:
            known.add(reference)
            references += _parts(_resolved(resolver, reference), validator, seen)
    return registry


def _resolved(resolver: Any, reference: str) -> object:  # noqa: ANN401 - its type has parameters that nobody needs
    work = keywords.WORK.get()
    work.spend(work.price("$ref", reference))
    try:
        return resolver.lookup(reference).contents
    except (referencing.exceptions.Unresolvable, ValueError, LookupError, TypeError):
        raise keywords.undecided(
            f"It refers to {_shown(reference)}, where nothing stands in it; another document is not fetched for it."
        ) from None


def _parts(part: object, validator: Any, seen: set[int]) -> list[str]:  # noqa: ANN401 - made at run time
    """Read a schema and all that it holds, and return what it refers to."""
    parts, references, work = [part], list[str](), keywords.WORK.get()
    while parts:
        part = parts.pop()
        work.spend(PART_COST)
        if isinstance(part, bool) or id(part) in seen:
            continue
        if not isinstance(part, dict):
            raise keywords.undecided("A part of it is neither an object nor true nor false.")
        work.spend(len(part))
        is_named = "$id" in part and not (validator is keywords.DRAFT_07 and str(part["$id"]).startswith("#"))  # which is an anchor there
        if seen and ("$schema" in part or is_named):
            raise keywords.undecided("It holds a schema that has a $schema or $id of its own.")
        seen.add(id(part))
        for keyword, value in part.items():
            parts += _held(keyword, value, validator)
        references += (part[word] for word in keywords.REFERENCES if word in validator.VALIDATORS and word in part)
    return references


def _held(keyword: str, value: Any, validator: Any) -> Iterable[Any]:  # noqa: ANN401 - any JSON value
    """Return the schemas in the value of a keyword, which has to be of the right form."""
    work = keywords.WORK.get()
    work.spend(keywords.length(value))
    if keyword in keywords.REFUSED and validator is not keywords.DRAFT_07:
        raise keywords.undecided(f"It asks for {keyword}, which is not judged here.")
    are_first_items = keyword == "items" and isinstance(value, list) and "additionalItems" in validator.VALIDATORS
    held = value if are_first_items else _FORMS[keyword](value) if keyword in _FORMS else ()
    if held is None:
        raise keywords.undecided(f"The value of its keyword {keyword} is wrong.")
    for expression in [value] if keyword == "pattern" else value if keyword == "patternProperties" else ():
        try:
            work.compiled(expression)
        except pattern.Unreadable as error:
            raise keywords.undecided(f"Its regular expression {_shown(expression)} is not searched for. {error}") from None
    return held


def _if(holds: bool) -> Iterable[Any] | None:  # noqa: FBT001 - what it is about
    return () if holds else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _types(value: Any) -> Iterable[Any] | None:  # noqa: ANN401 - any JSON value
    names = value if isinstance(value, list) else [value]
    return _if(0 < len(names) <= len(_TYPES) and all(name in _TYPES for name in names))


def _keywords(names: str, form: Form) -> dict[str, Form]:
    return dict.fromkeys(names.split(), form)


_FORMS: Mapping[str, Form] = {
    **_keywords("additionalItems additionalProperties contains contentSchema else if items not propertyNames then", lambda value: [value]),
    **_keywords("allOf anyOf oneOf prefixItems", lambda value: value if isinstance(value, list) and value else None),
    **_keywords(
        "$defs definitions dependentSchemas patternProperties properties", lambda value: value.values() if isinstance(value, dict) else None
    ),
    **_keywords(
        "$anchor $dynamicAnchor $dynamicRef $id $ref",
        lambda value: _if(isinstance(value, str) and len(value) <= MAX_REFERENCE),
    ),
    **_keywords(
        "maxContains maxItems maxLength maxProperties minContains minItems minLength minProperties",
        lambda value: _if(_is_number(value) and value >= 0 and value == int(value)),
    ),
    **_keywords("exclusiveMaximum exclusiveMinimum maximum minimum", lambda value: _if(_is_number(value))),
    "$recursiveRef": lambda value: _if(value == "#"),
    "dependencies": lambda value: [item for item in value.values() if not _is_texts(item)] if isinstance(value, dict) else None,
    "dependentRequired": lambda value: _if(isinstance(value, dict) and all(map(_is_texts, value.values()))),
    "enum": lambda value: _if(isinstance(value, list)),
    "multipleOf": lambda value: _if(_is_number(value) and value > 0),
    "pattern": lambda value: _if(isinstance(value, str)),
    "required": lambda value: _if(_is_texts(value)),
    "type": _types,
    "uniqueItems": lambda value: _if(isinstance(value, bool)),
}
"""Keyword → the schemas that its value holds, or None where the value is wrong."""


def _finding(error: ValidationError) -> problem.Finding:
    """Return what an error says in words of our own: those of the library repeat the instance."""
    nearest = best_match([error]) or error
    keyword, value, instance = str(nearest.validator or ""), nearest.validator_value, nearest.instance
    asked: Any = [name for name in value if name not in instance] if keyword == "required" else value  # type: ignore[union-attr,operator]
    asked = asked if isinstance(asked, list) else [asked]
    is_short = len(asked) <= _MAX_CHOICES and all(isinstance(item, str | int | float) for item in asked)
    words = " or ".join(map(_shown, asked)) if is_short else ""
    general = f"What stands here breaks “{keyword}” of the JSON Schema" + (f", which is {words}." if words else ".")
    return problem.Finding(_SAID[keyword].format(words) if keyword in _SAID else general, _pointer(nearest.absolute_path))


def _shown(value: object) -> str:
    """Return what a stranger wrote so that a sentence can repeat it: short, in quotes, and without signs that do something."""
    return json.dumps(value[:MAX_SHOWN] + "…" * (len(value) > MAX_SHOWN) if isinstance(value, str) else value)


def _pointer(path: Iterable[str | int]) -> str:
    """Return where that is, as an RFC 6901 JSON Pointer."""
    steps = ["/" + str(step).replace("~", "~0").replace("/", "~1") for step in path]
    return "".join(step for step, end in zip(steps, itertools.accumulate(map(len, steps)), strict=True) if end <= MAX_POINTER)
