"""When does an event count for a rule? A tree of typed conditions, evaluated to a decision that gives its reason.

A tree is `{"all": […]}`, `{"any": […]}`, `{"none": […]}` or `{"at_least": n, "of": […]}` over further trees and conditions (`condition`).
It is data, not code. Under `none` a condition that is not satisfied excludes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

import pydantic
from pydantic import JsonValue

from badgeissuer import problem
from badgeissuer.awarding import faults
from badgeissuer.awarding.condition import Condition, Seen, Verdict, judge

MAX_DEPTH = 8
MAX_CONDITIONS = 64
TAGS = frozenset({"condition", "tree"})
"""What pydantic adds to a place for the kind of a node."""


def _kind(node: object) -> str:
    if isinstance(node, Mapping):
        return "condition" if {"field", "path", "op", "value"} & node.keys() else "tree"
    return "condition" if isinstance(node, Condition) else "tree"


_Node = Annotated[
    Annotated[Condition, pydantic.Tag("condition")] | Annotated["When", pydantic.Tag("tree")],
    pydantic.Discriminator(_kind),
]


def _is_filled(nodes: tuple[Condition | When, ...]) -> tuple[Condition | When, ...]:
    if not nodes:
        raise ValueError("it is empty and would never decide anything; name at least one condition")
    return nodes


_Nodes = Annotated[tuple[_Node, ...], pydantic.Field(max_length=MAX_CONDITIONS), pydantic.AfterValidator(_is_filled)]


def _is_none(value: object) -> bool:
    return value is None


class When(pydantic.BaseModel):
    """A tree with exactly one of `all`, `any`, `none` and `of`, at most 8 deep and with at most 64 conditions; never empty."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    all_of: _Nodes | None = pydantic.Field(default=None, alias="all", exclude_if=_is_none)
    any_of: _Nodes | None = pydantic.Field(default=None, alias="any", exclude_if=_is_none)
    none_of: _Nodes | None = pydantic.Field(default=None, alias="none", exclude_if=_is_none)
    at_least: Annotated[int, pydantic.Field(ge=1, le=MAX_CONDITIONS, strict=True)] | None = pydantic.Field(
        default=None, exclude_if=_is_none
    )
    of: _Nodes | None = pydantic.Field(default=None, exclude_if=_is_none)

    def children(self) -> tuple[Condition | When, ...]:
        """Return the conditions and trees directly below."""
        return self.all_of or self.any_of or self.none_of or self.of or ()

    @pydantic.model_validator(mode="after")
    def _is_one_tree(self) -> Self:
        if sum(nodes is not None for nodes in (self.all_of, self.any_of, self.none_of, self.of)) != 1:
            raise ValueError("give exactly one of all, any, none and of")
        if (self.of is None) != (self.at_least is None):
            raise ValueError("at_least and of belong together")
        if self.of is not None and self.at_least is not None and self.at_least > len(self.of):
            raise ValueError(f"at_least asks for {self.at_least} of {len(self.of)}, which can never be")
        if _depth(self) > MAX_DEPTH:
            raise ValueError(f"the tree is more than {MAX_DEPTH} levels deep")
        if sum(1 for _ in conditions(self)) > MAX_CONDITIONS:
            raise ValueError(f"the tree has more than {MAX_CONDITIONS} conditions")
        return self


@dataclass(frozen=True, slots=True)
class Awarded:
    """The event earns the achievement; `reason` is a plain sentence that says what matched."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotAwarded:
    """The event does not earn it; `reason` is a plain sentence that names the first condition that failed."""

    reason: str


def parse(value: JsonValue, *, pointer: str = "") -> When:
    """Return a tree.

    Args:
        value: The JSON object.
        pointer: Where it stands in the request, for the findings.

    Raises:
        problem.Invalid: with a finding for each unknown field or operator, each unsuitable value, and for an empty or too large tree.
    """
    try:
        return When.model_validate(value)
    except pydantic.ValidationError as error:
        raise problem.Invalid.of(faults.findings(error, pointer=pointer, whole="The rule", tags=TAGS)) from None


def evaluate(when: When, seen: Seen) -> Awarded | NotAwarded:
    """Decide whether an event earns what the rule gives. The values of `learner.…` fields are hidden in the reason."""
    verdict = _judge(when, seen)
    return Awarded(f"Awarded because {verdict.phrase}.") if verdict.holds else NotAwarded(f"Not awarded because {verdict.phrase}.")


def conditions(node: Condition | When) -> list[Condition]:
    """Return all conditions of a tree."""
    return [node] if isinstance(node, Condition) else [found for child in node.children() for found in conditions(child)]


def _judge(node: Condition | When, seen: Seen) -> Verdict:
    if isinstance(node, Condition):
        return judge(node, seen)
    verdicts = [_judge(child, seen) for child in node.children()]
    if not verdicts:
        return Verdict(holds=False, phrase="the rule has no conditions")
    held = [verdict for verdict in verdicts if verdict.holds]
    failed = [verdict for verdict in verdicts if not verdict.holds]
    return _combined(node, held, failed)


def _combined(node: When, held: list[Verdict], failed: list[Verdict]) -> Verdict:
    if node.all_of:
        return failed[0] if failed else _all(held)
    if node.any_of:
        return held[0] if held else Verdict(holds=False, phrase=f"no alternative holds, of which the first: {failed[0].phrase}")
    if node.at_least:
        return _enough(node.at_least, held, failed)
    if held:
        return Verdict(holds=False, phrase=f"this excludes it: {held[0].phrase}")
    return Verdict(holds=True, phrase=f"nothing excludes it ({failed[0].phrase})")


def _all(held: list[Verdict]) -> Verdict:
    return Verdict(holds=True, phrase=", and ".join(verdict.phrase for verdict in held))


def _enough(wanted: int, held: list[Verdict], failed: list[Verdict]) -> Verdict:
    if len(held) >= wanted:
        return _all(held)
    few = f"only {len(held)} of {len(held) + len(failed)} hold, and {wanted} are needed"
    return Verdict(holds=False, phrase=f"{few}; the first that does not: {failed[0].phrase}")


def _depth(node: Condition | When) -> int:
    return 0 if isinstance(node, Condition) else 1 + max(map(_depth, node.children()))
