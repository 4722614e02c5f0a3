"""One condition of a rule: a field of the event, or a place in what the sender sent, compared with a value.

What a comparison means:

- Two texts compare exactly, case included. A text that is a plain decimal number compares with a number: "0.87" is 0.87.
- `lt le gt ge between` compare numbers, and times for `occurred_at` and `started_at`; `before` and `after` compare times; `result.passed`
  is true or false. `matches` takes a regular expression of RE2, which cannot be made to run long, for the whole text.
- What cannot be compared is not satisfied, whatever the operator, `ne` too; the reason says so. A missing value satisfies only `exists`
  false.
- `course` has several forms, and a path may find several values: all but `ne` hold when one of them satisfies them, `ne` when all do.

A new operator is a line in `OPERATORS`, a new field one in `event.FIELDS`.
"""

from __future__ import annotations

import functools
import json
import operator
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import pydantic
import re2
from pydantic import JsonValue

from badgeissuer import problem
from badgeissuer.awarding import event as events
from badgeissuer.awarding import faults, path, time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_CHOICES = 256
MAX_TEXT = 500
MAX_WORK = 20_000
"""What all paths of a rule may cost for one event, in steps of about a microsecond."""
MAX_PATTERN = 200
"""Characters of a regular expression."""
PATTERN_MEMORY = 1_000_000
"""Bytes that a regular expression may take, compiled; RE2 refuses a larger one."""

_DECIMAL = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_SHOWN = 80
_PERSONAL = re.compile("name|mail|user|login|phone|address|birth|actor|learner|student", re.IGNORECASE)
_LARGEST = 1e30
_MOST_VALUES = 100
"""Values that a path may find; the others are not looked at."""
_NUMERIC = frozenset({"result.scaled", "result.raw", "result.max", "credits", "level"})
_TIMES = frozenset({"occurred_at", "started_at"})
_NO_PATTERN = "a regular expression of RE2 with at most 200 characters is needed"


@dataclass(frozen=True, slots=True)
class Operator:
    """How one value of the event is compared with the one of the rule.

    Attributes:
        words: What the value should do, after "should".
        test: The comparison, of two values of one type.
        ordering: Whether it needs numbers or times.
        temporal: Whether it needs times.
    """

    words: str
    test: Callable[[Any, Any], bool]
    ordering: bool = False
    temporal: bool = False


OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "eq": Operator("equal", operator.eq),
        "ne": Operator("differ from", operator.ne),
        "lt": Operator("be below", operator.lt, ordering=True),
        "le": Operator("be at most", operator.le, ordering=True),
        "gt": Operator("be above", operator.gt, ordering=True),
        "ge": Operator("be at least", operator.ge, ordering=True),
        "between": Operator("lie between", operator.ge, ordering=True),
        "before": Operator("lie before", operator.lt, ordering=True, temporal=True),
        "after": Operator("lie after", operator.gt, ordering=True, temporal=True),
        "in": Operator("be one of", operator.eq),
        "matches": Operator("match", operator.eq),
        "exists": Operator("exist", operator.is_),
    },
)
"""The operators by name. `in` tests each choice with its comparison; `between` both ends; `exists` compares presence."""


class Condition(pydantic.BaseModel):
    """One comparison of a field of the event, or of what a path finds in it, with a value; `exists` takes true, its default, or false."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    field: str | None = pydantic.Field(default=None, exclude_if=lambda value: value is None)
    path: str | None = pydantic.Field(default=None, exclude_if=lambda value: value is None)
    op: str
    value: JsonValue = True

    @pydantic.field_validator("field")
    @classmethod
    def _is_field(cls, name: str | None) -> str | None:
        if name is not None and name not in events.FIELDS:
            raise ValueError(f"there is no such field; use one of {', '.join(events.FIELDS)}, or a path")
        return name

    @pydantic.field_validator("path")
    @classmethod
    def _is_path(cls, text: str | None) -> str | None:
        if text is not None:
            path.parse(text)
        return text

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
            _check_value(info.data["field"] or "", info.data["op"], value=value)
        return value

    @pydantic.model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.field is None) == (self.path is None):
            raise ValueError("give either field or path")
        if self.op != "exists" and "value" not in self.model_fields_set:
            raise ValueError("value is missing")
        return self

    @property
    def name(self) -> str:
        """What is compared, as it is called in a reason."""
        return self.field or f"“{self.path}”"


@dataclass(slots=True)
class Seen:
    """What a rule looks at.

    Attributes:
        event: The normalised event.
        raw: The event as it was sent; None where that is not kept any more.
        search: What finds things in it, with a budget for the whole rule.
    """

    event: events.LearningEvent
    raw: JsonValue = None
    search: path.Search | None = None

    def values(self, condition: Condition) -> tuple[object, ...]:
        """Return the values that a condition is about."""
        return self.event.forms(condition.field) if condition.field is not None else tuple(self._found(condition.path or ""))

    def _found(self, text: str) -> list[object]:
        found = self.find(text)
        several = found if isinstance(found, list) else [found]
        return [value for value in several[:_MOST_VALUES] if isinstance(value, str | bool | int | float)]

    def find(self, text: str) -> JsonValue:
        """Return what a path finds in the event as it was sent; None where that is nothing, or cannot be worked out."""
        self.search = self.search or path.Search(MAX_WORK)
        try:
            return self.search.find(path.parse(text), self.raw)
        except (path.Unreadable, problem.TooLarge):
            return None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds, and the part of a sentence that says why."""

    holds: bool
    phrase: str


def judge(condition: Condition, seen: Seen) -> Verdict:
    """Return whether a condition holds. The values of `learner.…` fields, and texts that look like an address, are not shown."""
    actual, name = seen.values(condition), condition.name
    if condition.op == "exists":
        holds = OPERATORS["exists"].test(bool(actual), condition.value)
        return Verdict(holds, f"{name} is {'present' if actual else 'missing'}" + ("" if holds else ", against what the rule asks"))
    wish = f"it should {OPERATORS[condition.op].words} {'(hidden)' if name.startswith('learner.') else _wish(condition)}"
    if not actual:
        return Verdict(holds=False, phrase=f"{name} is missing; {wish}")
    outcomes = [_satisfies(condition, value) for value in actual]
    holds = all(outcomes) if condition.op == "ne" else any(outcomes)
    phrase = f"{name} is {_told(name, actual[outcomes.index(holds) if holds else 0])}"
    if not holds and outcomes[0] is None:
        return Verdict(holds, f"{phrase}, which cannot be compared; {wish}")
    return Verdict(holds, f"{phrase}; {wish}" if not holds else f"{phrase} ({wish})")


def _wish(condition: Condition) -> str:
    if condition.op == "between" and isinstance(condition.value, list):
        return " and ".join(map(shown, condition.value))
    return shown(condition.value)


def _told(name: str, value: object) -> str:
    is_personal = name.startswith("learner.") or (isinstance(value, str) and name.startswith("“") and _may_name(name, value))
    return "(hidden)" if is_personal else shown(value)


def _may_name(path_: str, value: str) -> bool:
    """Return whether what a path finds may say who somebody is."""
    return "@" in value or _PERSONAL.search(path_) is not None


def _satisfies(condition: Condition, actual: object) -> bool | None:
    """Return whether one value satisfies the condition, None when it cannot be compared with any that the rule gives."""
    kind = OPERATORS[condition.op]
    if condition.op == "matches":
        return _matches(condition.value, actual)
    choices = condition.value if isinstance(condition.value, list) else [condition.value]
    pairs = [_comparable(actual, choice, kind=kind) for choice in choices]
    if condition.op == "between":
        low, high = (*pairs, None, None)[:2]
        return None if low is None or high is None else low[0] >= low[1] and high[0] <= high[1]
    comparable = [pair for pair in pairs if pair]
    return any(kind.test(*pair) for pair in comparable) if comparable else None


def _matches(pattern: object, actual: object) -> bool | None:
    compiled = _pattern(pattern)
    return compiled.fullmatch(actual) is not None if compiled is not None and isinstance(actual, str) else None


def _comparable(actual: Any, expected: object, *, kind: Operator) -> tuple[Any, Any] | None:  # noqa: ANN401 - any JSON, or a time
    """Return the two values in a common type, or None when they have none."""
    if isinstance(actual, datetime) or kind.temporal:
        left, right = actual if isinstance(actual, datetime) else _moment(actual), _moment(expected)
        return None if left is None or right is None else (left, right)
    if isinstance(actual, str | bool) and type(actual) is type(expected) and not kind.ordering:
        return actual, expected
    one, other = number(actual), number(expected)
    return None if one is None or other is None else (one, other)


def number(value: object) -> Decimal | None:
    """Return a number, or a text that is a plain decimal number, as a number; None for anything else."""
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


def _pattern(text: object) -> Any:  # noqa: ANN401 - RE2 has no types
    """Return a regular expression, compiled; None where it is none, or too large."""
    is_possible = isinstance(text, str) and 1 <= len(text) <= MAX_PATTERN and not faults.UNSTORABLE.search(text)
    return _compiled(text) if is_possible else None


@functools.lru_cache(maxsize=256)
def _compiled(text: str) -> Any:  # noqa: ANN401 - RE2 has no types
    options = re2.Options()
    options.log_errors, options.max_mem = False, PATTERN_MEMORY
    try:
        return re2.compile(text, options=options)
    except re2.error:
        return None


def shown(value: object) -> str:
    """Return a value as it stands in a reason, cut where it is long."""
    text = value.isoformat() if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _check_value(field: str, op: str, *, value: JsonValue) -> None:
    """Refuse on save what could never be satisfied; `field` is empty for a path.

    Raises:
        ValueError: which pydantic turns into a finding with its place.
    """
    kind = OPERATORS[op]
    if op == "exists" and not isinstance(value, bool):
        raise ValueError("exists takes true or false")
    if op == "exists":
        return
    if op == "matches":
        if _pattern(value) is None or field in _TIMES or field in _NUMERIC or field == "result.passed":
            raise ValueError(_NO_PATTERN + ", for a field that holds text")
        return
    if kind.temporal and field and field not in _TIMES:
        raise ValueError(f"{op} is for the times occurred_at and started_at, and for a path")
    for choice in _choices(op, value):
        if not _suits(field, choice, kind=kind):
            raise ValueError(_wanted(field, kind=kind))


def _choices(op: str, value: JsonValue) -> list[JsonValue]:
    if op == "between":
        if not (isinstance(value, list) and len(value) == 2):  # noqa: PLR2004 - the two ends
            raise ValueError("between takes a list of two values, the lower one first")
        return value
    if op != "in":
        return [value]
    if not (isinstance(value, list) and 1 <= len(value) <= MAX_CHOICES):
        raise ValueError(f"in takes a list of 1 to {MAX_CHOICES} values")
    return value


def _suits(field: str, value: JsonValue, *, kind: Operator) -> bool:
    if field in _TIMES or kind.temporal:
        return _moment(value) is not None
    if field == "result.passed":
        return isinstance(value, bool) and not kind.ordering
    if kind.ordering or field in _NUMERIC:
        return number(value) is not None
    is_text = isinstance(value, str) and len(value) <= MAX_TEXT and not faults.UNSTORABLE.search(value)
    return is_text or number(value) is not None or (not field and isinstance(value, bool))


def _wanted(field: str, *, kind: Operator) -> str:
    if field == "result.passed":
        return "true or false is needed"
    if field in _TIMES or kind.temporal:
        return "a time with a zone is needed, such as 2026-05-20T14:01:31Z"
    if kind.ordering or field in _NUMERIC:
        return "a number is needed"
    return f"a text of at most {MAX_TEXT} characters without NUL and half surrogate pairs, or a number, is needed"
