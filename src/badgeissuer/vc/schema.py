"""JSON Schemas that strangers name in `credentialSchema`, under limits.

A schema is a program: it can ask for the same thing 2^30 times, for itself, or for a regular expression that takes for ever. Here every
step is paid for out of a budget, regular expressions are searched for by RE2, and what cannot be answered for (an unknown dialect, a schema
that is wrong, lies in several documents or costs too much) is `report.Undecided`, never a guess. Nothing is fetched. `format` is a note for
people, as the standard has it; so is every keyword that the dialect does not know.

Source: JSON-SCHEMA-CORE-2020-12, JSON-SCHEMA-VALIDATION-2020-12, their drafts 2019-09 and 07; VC-JSON-SCHEMA#jsonschema.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.vc import schemabook, schemajudge

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

UNDECIDED = schemabook.UNDECIDED
"""The problem type of a schema that cannot be answered for."""
MAX_FINDINGS = 20
BUDGET = 200_000
"""Microseconds, about, that a schema may cost; that of Open Badges costs some 20,000 to read, and a full badge as much again."""
MAX_POINTER = 500
"""Characters of a pointer; a longer one ends at what holds the place."""
_MAX_CHOICES = 7
_SAID = {
    "false": "The JSON Schema allows nothing here.",
    "required": "The JSON Schema asks for the member {} here.",
    "anyOf": "What stands here fits none of the forms that the JSON Schema allows.",
    "oneOf": "What stands here does not fit exactly one of the forms that the JSON Schema allows.",
}


def check(instance: JsonObject, schema: JsonObject) -> tuple[problem.Finding, ...]:
    """Return what breaks a schema, the first 20 things; nothing where the instance conforms.

    Args:
        instance: A document as `document.parse` reads it.
        schema: A JSON Schema, read likewise; without `$schema` it counts as one of 2020-12.

    Raises:
        report.Undecided: The schema cannot be answered for.

    Source: VC-JSON-SCHEMA#jsonschema.
    """
    meter = schemabook.Meter(BUDGET)
    try:
        breaches = schemajudge.Judge(schemabook.Book(schema, meter), meter).breaches(schema, instance, None)
        findings = [_finding(breach) for breach in itertools.islice(breaches, MAX_FINDINGS)]
    except RecursionError:
        raise schemabook.undecided("It nests too deeply, or goes round in circles.") from None
    return tuple(dict.fromkeys(findings))


def _finding(breach: schemajudge.Breach) -> problem.Finding:
    asked = breach.value if isinstance(breach.value, list) else [breach.value]
    few = len(asked) <= _MAX_CHOICES and all(isinstance(item, str | int | float) for item in asked)
    words = " or ".join(schemabook.shown(item) for item in asked) if few else ""
    general = f"What stands here breaks “{breach.keyword}” of the JSON Schema" + (f", which is {words}." if words else ".")
    return problem.Finding(_SAID[breach.keyword].format(words) if breach.keyword in _SAID else general, _pointer(breach.place))


def _pointer(place: schemajudge.Place | None) -> str:
    """Return where that is, as an RFC 6901 JSON Pointer."""
    steps: list[str] = []
    while place:
        steps.insert(0, "/" + str(place.key).replace("~", "~0").replace("/", "~1"))
        place = place.above
    ends = itertools.accumulate(map(len, steps))
    return "".join(step for step, end in zip(steps, ends, strict=True) if end <= MAX_POINTER)
