"""How far an achievement has what a framework asks for: a score, and every gap with the field that fills it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from badgeissuer.frameworks import profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badgeissuer.frameworks.profile import Element, Framework
    from badgeissuer.vc.document import JsonObject

State = Literal["met", "missing", "given", "not_applicable"]
_FALSE: tuple[object, ...] = (None, False, "", [], {})
"""What finds nothing in JMESPath."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a framework asks for and an achievement has not."""

    element: Element

    @property
    def said(self) -> str:
        """Say what is missing, and in which field."""
        if self.element.need == "rule":
            return f"{self.element.label}: it is not so. Look at {self.fields}."
        return f"{self.element.label} is missing. Fill {self.fields}."

    @property
    def pointer(self) -> str:
        """Point to the member of the draft that is looked for; empty where it is the unit's."""
        first = self.element.fields[0]
        return first.partition("/*")[0] if first.startswith("/") else ""

    @property
    def fields(self) -> str:
        """Name the fields in a sentence."""
        return " or ".join(field if field.startswith("/") else f"{field.partition('/')[2]} of the unit" for field in self.element.fields)


@dataclass(frozen=True, slots=True)
class Appraisal:
    """How far an achievement has what a framework asks for.

    Attributes:
        framework: The framework.
        states: Each of its elements and rules, with what became of it.
    """

    framework: Framework
    states: tuple[tuple[Element, State], ...]

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What is missing or wrong, in the framework's order."""
        return tuple(Gap(element) for element, state in self.states if state == "missing")

    @property
    def score(self) -> float:
        """The share of what applies that is met, to two digits; 1.0 only where nothing is missing."""
        counted = [state for _, state in self.states if state in {"met", "missing"}]
        return 100 * counted.count("met") // len(counted) / 100 if counted else 1.0

    @property
    def is_met(self) -> bool:
        """Whether all is there that must be, and every rule kept."""
        return all(gap.element.need == "optional" for gap in self.gaps)


def appraise(framework: Framework, facts: JsonObject) -> Appraisal:
    """Return how far an achievement has what a framework asks for; `facts` is what `facts.gather` gives."""
    return Appraisal(framework, tuple(_states(framework, facts)))


def _states(framework: Framework, facts: JsonObject) -> Iterator[tuple[Element, State]]:
    for element in (*framework.elements, *framework.rules):
        if element.given:
            yield element, "given"
        elif element.when and not _finds(element.when, facts):
            yield element, "not_applicable"
        else:
            yield element, "met" if _finds(element.path, facts) else "missing"


def _finds(expression: str, facts: JsonObject) -> bool:
    return profile.compiled(expression).search(facts) not in _FALSE
