"""The frameworks, each with its elements, rules and sources, as the files in `profiles` have them."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Literal

import jmespath
from pydantic import BaseModel, ConfigDict

from badgeissuer import problem

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

Certainty = Literal["read", "second-hand", "memory"]
"""How sure we are of what a source says: read by us, described by others, or remembered."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(_Data):
    """Where a framework is written down."""

    title: str
    url: str | None = None
    certainty: Certainty
    note: str


class Element(_Data):
    """Something that a framework asks for.

    Attributes:
        key: Its name.
        label: What people call it.
        need: Whether it must be there, may be, or is a rule about what is there.
        path: A JMESPath expression over what `facts.gather` gives; it is met where that finds something.
        when: Another; where it finds nothing, the element does not apply.
        given: Why it is always met, for what the service sees to by itself; then there is no path.
        fields: Members of a draft that fill it, as JSON Pointers with `*` for each item; `unit/country` is the unit's member `country`.
        why: Why a receiving institution wants to know it.
        clause: Where in the source it stands.
        certainty: How sure we are of that.
    """

    key: str
    label: str
    need: Literal["required", "optional", "rule"]
    path: str = ""
    when: str = ""
    given: str = ""
    fields: list[str] = []
    why: str = ""
    clause: str
    certainty: Certainty


class Framework(_Data):
    """A framework. One that only describes cannot be made a gate for publishing (`gates`)."""

    key: str
    name: str
    gates: bool
    source: Source
    elements: list[Element]
    rules: list[Element]


@functools.cache
def compiled(expression: str) -> ParsedResult:
    """Return an expression of the files, which are ours, ready to be asked."""
    return jmespath.compile(expression)


def find(key: str) -> Framework:
    """Return the framework of that name, or raise `problem.Invalid`."""
    for known in ALL:
        if known.key == key:
            return known
    raise problem.Invalid(f"There is no framework by the name {key[:40]!r}. Choose one of {', '.join(known.key for known in ALL)}.")


def _load(key: str) -> Framework:
    text = resources.files("badgeissuer.frameworks").joinpath("profiles", f"{key}.json").read_text("utf-8")
    return Framework.model_validate(json.loads(text))


ALL = tuple(_load(key) for key in ("european-approach", "australian-framework", "nzqcf", "uk-qaa", "trusted"))
"""Every framework that is known here."""
