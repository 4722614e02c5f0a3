"""When does an event earn an achievement? A tree of typed conditions, evaluated to a decision that gives its reason.

A tree is `{"all": […]}`, `{"any": […]}` or `{"none": […]}` over further trees and conditions `{"field", "op", "value"}`. It is data, not
code. A new operator is a line in `OPERATORS`, a new field one in `event.FIELDS`.

What a comparison means:

- Two texts compare exactly, case included. A text that is a plain decimal number compares with a number: "0.87" is 0.87.
- `lt le gt ge` compare numbers, and times for `occurred_at` and `started_at`; `result.passed` is true or false.
- What cannot be compared is not satisfied, whatever the operator, `ne` too; the reason says so. A missing value satisfies only `exists`
  false. Under `none` a condition that is not satisfied excludes nothing.
- `course` has several forms: `eq`, `in` and the orderings hold when one of `event.courses` satisfies them, `ne` when all do.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Self

import pydantic
from pydantic import JsonValue

from badgeissuer import problem
from badgeissuer.awarding import event as events
from badgeissuer.awarding import time

MAX_DEPTH = 8
MAX_CONDITIONS = 64
MAX_CHOICES = 256
MAX_TEXT = 500

_DECIMAL = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SHOWN = 80
_MAX_FINDINGS = 20
_LARGEST = 1e30
_NUMERIC = frozenset({"result.scaled", "result.raw", "result.max", "credits"})
_TIMES = frozenset({"occurred_at", "started_at"})
_TAGS = frozenset({"condition", "tree"})


@dataclass(frozen=True, slots=True)
class Operator:
    """How one value of the event is compared with the one of the rule.

    Attributes:
        words: What the value should do, after "should".
        test: The comparison, of two values of one type.
        ordering: Whether it needs numbers or times.
    """

    words: str
    test: Callable[[Any, Any], bool]
    ordering: bool = False


OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "eq": Operator("equal", operator.eq),
        "ne": Operator("differ from", operator.ne),
        "lt": Operator("be below", operator.lt, ordering=True),
        "le": Operator("be at most", operator.le, ordering=True),
        "gt": Operator("be above", operator.gt, ordering=True),
        "ge": Operator("be at least", operator.ge, ordering=True),
        "in": Operator("be one of", operator.eq),
        "exists": Operator("exist", operator.is_),
    },
)
"""The operators by name. `in` tests each choice with its comparison; `exists` compares presence."""


class Condition(pydantic.BaseModel):
    """One comparison of a field of the event with a value; `exists` takes true, its default, or false."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    field: str
    op: str
    value: JsonValue = True

    @pydantic.field_validator("field")
    @classmethod
    def _is_field(cls, name: str) -> str:
        if name not in events.FIELDS:
            raise ValueError(f"there is no such field; use one of {', '.join(events.FIELDS)}")
        return name

    @pydantic.field_validator("op")
    @classmethod
    def _is_operator(cls, name: str) -> str:
        if name not in OPERATORS:
            raise ValueError(f"there is no such operator; use one of {', '.join(OPERATORS)}")
        return name

    @pydantic.field_validator("value")
    @classmethod
    def _suits(cls, value: JsonValue, info: pydantic.ValidationInfo) -> JsonValue:
        if {"field", "op"} <= info.data.keys():
            _check_value(info.data["field"], info.data["op"], value=value)
        return value

    @pydantic.model_validator(mode="after")
    def _has_value(self) -> Self:
        if self.op != "exists" and "value" not in self.model_fields_set:
            raise ValueError("value is missing")
        return self


def _kind(node: object) -> str:
    if isinstance(node, Mapping):
        return "condition" if {"field", "op", "value"} & node.keys() else "tree"
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
    """A tree with exactly one of `all`, `any` and `none`, at most 8 deep and with at most 64 conditions; never empty."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    all_of: _Nodes | None = pydantic.Field(default=None, alias="all", exclude_if=_is_none)
    any_of: _Nodes | None = pydantic.Field(default=None, alias="any", exclude_if=_is_none)
    none_of: _Nodes | None = pydantic.Field(default=None, alias="none", exclude_if=_is_none)

    def children(self) -> tuple[Condition | When, ...]:
        """Return the conditions and trees directly below."""
        return self.all_of or self.any_of or self.none_of or ()

    @pydantic.model_validator(mode="after")
    def _is_one_tree(self) -> Self:
        if sum(nodes is not None for nodes in (self.all_of, self.any_of, self.none_of)) != 1:
            raise ValueError("give exactly one of all, any and none")
        if _depth(self) > MAX_DEPTH:
            raise ValueError(f"the tree is more than {MAX_DEPTH} levels deep")
        if _count(self) > MAX_CONDITIONS:
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
    """Return the rule's tree.

    Args:
        value: The JSON object.
        pointer: Where it stands in the request, for the findings.

    Raises:
        problem.Invalid: with a finding for each unknown field or operator, each unsuitable value, and for an empty or too large tree.
    """
    try:
        return When.model_validate(value)
    except pydantic.ValidationError as error:
        raise problem.Invalid.of(_findings(error, pointer=pointer)) from None


def evaluate(when: When, event: events.LearningEvent) -> Awarded | NotAwarded:
    """Decide whether the event earns what the rule gives. The values of `learner.…` fields are hidden in the reason."""
    verdict = _judge(when, event)
    return Awarded(f"Awarded because {verdict.phrase}.") if verdict.holds else NotAwarded(f"Not awarded because {verdict.phrase}.")


@dataclass(frozen=True, slots=True)
class _Verdict:
    holds: bool
    phrase: str


def _judge(node: Condition | When, event: events.LearningEvent) -> _Verdict:
    if isinstance(node, Condition):
        return _judge_condition(node, event)
    verdicts = [_judge(child, event) for child in node.children()]
    if not verdicts:
        return _Verdict(holds=False, phrase="the rule has no conditions")
    held = [verdict for verdict in verdicts if verdict.holds]
    failed = [verdict for verdict in verdicts if not verdict.holds]
    if node.all_of:
        return failed[0] if failed else _Verdict(holds=True, phrase=", and ".join(verdict.phrase for verdict in held))
    if node.any_of:
        return held[0] if held else _Verdict(holds=False, phrase=f"no alternative holds, of which the first: {failed[0].phrase}")
    if held:
        return _Verdict(holds=False, phrase=f"this excludes it: {held[0].phrase}")
    return _Verdict(holds=True, phrase=f"nothing excludes it ({failed[0].phrase})")


def _judge_condition(condition: Condition, event: events.LearningEvent) -> _Verdict:
    actual = event.forms(condition.field)
    hidden = condition.field.startswith("learner.")
    if condition.op == "exists":
        holds = OPERATORS["exists"].test(bool(actual), condition.value)
        return _Verdict(
            holds, f"{condition.field} is {'present' if actual else 'missing'}" + ("" if holds else ", against what the rule asks")
        )
    expected = "(hidden)" if hidden else _shown(condition.value)
    wish = f"it should {OPERATORS[condition.op].words} {expected}"
    if not actual:
        return _Verdict(holds=False, phrase=f"{condition.field} is missing; {wish}")
    outcomes = [_satisfies(condition, value) for value in actual]
    holds = all(outcomes) if condition.op == "ne" else any(outcomes)
    phrase = f"{condition.field} is {'(hidden)' if hidden else _shown(actual[outcomes.index(holds) if holds else 0])}"
    if not holds and outcomes[0] is None:
        return _Verdict(holds, f"{phrase}, which cannot be compared; {wish}")
    return _Verdict(holds, f"{phrase}; {wish}" if not holds else f"{phrase} ({wish})")


def _satisfies(condition: Condition, actual: object) -> bool | None:
    """Return whether one value satisfies the condition, None when it cannot be compared with any that the rule gives."""
    choices = condition.value if isinstance(condition.value, list) else [condition.value]
    kind = OPERATORS[condition.op]
    pairs = [pair for choice in choices if (pair := _comparable(actual, choice, ordering=kind.ordering))]
    return any(kind.test(*pair) for pair in pairs) if pairs else None


def _comparable(actual: object, expected: object, *, ordering: bool) -> tuple[object, object] | None:
    """Return the two values in a common type, or None when they have none."""
    if isinstance(actual, datetime):
        moment = _moment(expected)
        return None if moment is None else (actual, moment)
    if isinstance(actual, str | bool) and type(actual) is type(expected) and not ordering:
        return actual, expected
    left, right = _number(actual), _number(expected)
    return None if left is None or right is None else (left, right)


def _number(value: object) -> Decimal | None:
    if isinstance(value, str):
        return Decimal(value) if _DECIMAL.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(str(value)) if abs(value) < _LARGEST else None


def _moment(value: object) -> datetime | None:
    try:
        return time.parse(value) if isinstance(value, str) else None
    except problem.Malformed:
        return None


def _shown(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _check_value(field: str, op: str, *, value: JsonValue) -> None:
    """Refuse on save what could never be satisfied.

    Raises:
        ValueError: which pydantic turns into a finding with its place.
    """
    if op == "exists":
        if not isinstance(value, bool):
            raise ValueError("exists takes true or false")
        return
    if op == "in" and not (isinstance(value, list) and 1 <= len(value) <= MAX_CHOICES):
        raise ValueError(f"in takes a list of 1 to {MAX_CHOICES} values")
    for choice in value if op == "in" and isinstance(value, list) else [value]:
        if not _suits(field, choice, ordering=OPERATORS[op].ordering):
            raise ValueError(_wanted(field, ordering=OPERATORS[op].ordering))


def _suits(field: str, value: JsonValue, *, ordering: bool) -> bool:
    if field in _TIMES:
        return _moment(value) is not None
    if field == "result.passed":
        return isinstance(value, bool) and not ordering
    if ordering or field in _NUMERIC:
        return _number(value) is not None
    return (isinstance(value, str) and len(value) <= MAX_TEXT and not _UNSTORABLE.search(value)) or _number(value) is not None


def _wanted(field: str, *, ordering: bool) -> str:
    if field == "result.passed":
        return "true or false is needed"
    if field in _TIMES:
        return "a time with a zone is needed, such as 2026-05-20T14:01:31Z"
    if ordering or field in _NUMERIC:
        return "a number is needed"
    return f"a text of at most {MAX_TEXT} characters without NUL and half surrogate pairs, or a number, is needed"


def _depth(node: Condition | When) -> int:
    return 0 if isinstance(node, Condition) else 1 + max(map(_depth, node.children()))


def _count(node: Condition | When) -> int:
    return 1 if isinstance(node, Condition) else sum(map(_count, node.children()))


def _findings(error: pydantic.ValidationError, *, pointer: str) -> tuple[problem.Finding, ...]:
    """Return the faults with their places; the tags that pydantic adds for the kind of a node are no place in the document."""
    found = []
    for item in error.errors(include_url=False, include_input=False, include_context=False)[:_MAX_FINDINGS]:
        path = [
            part for before, part in zip((None, *item["loc"]), item["loc"], strict=False) if not (isinstance(before, int) and part in _TAGS)
        ]
        where = pointer + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
        said = "an object is needed" if item["type"] == "model_type" else item["msg"].removeprefix("Value error, ")
        found.append(problem.Finding(f"{where or 'The rule'}: {said}.", where))
    return tuple(found)
