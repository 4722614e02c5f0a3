"""A rule: what has to happen for an achievement to be awarded, when that counts, what is said in the badge, and who has to agree.

One event may be enough (`when`), or several parts are needed (`parts`): of one course or of many, at one source or at several, or badges
that were issued here before. All of it is data, checked when it is saved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

import pydantic
from pydantic import JsonValue

from badgeissuer import problem
from badgeissuer.awarding import badges, condition, faults, path, roster, trigger
from badgeissuer.awarding import event as events

MAX_PARTS = 20
MAX_APPROVALS = 5
MAX_DAYS = 36_525
"""A hundred years."""
_MAX_PATH = path.MAX_LENGTH
_SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"

Slug = Annotated[str, pydantic.Field(pattern=_SLUG)]
Days = Annotated[float, pydantic.Field(gt=0, le=MAX_DAYS, allow_inf_nan=False)]
Moment = roster.Moment


class _Form(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)


class Part(_Form):
    """One of several things that are needed: an event, of this source or of another of the same issuer, or a badge of that issuer."""

    name: Annotated[str, pydantic.Field(min_length=1, max_length=100)] | None = None
    source: Slug | None = None
    when: trigger.When | None = None
    badge: Slug | None = None

    @pydantic.model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.when is None) == (self.badge is None):
            raise ValueError("give either when or badge")
        if self.badge is not None and self.source is not None:
            raise ValueError("a badge comes from here and has no source")
        return self

    @property
    def tree(self) -> trigger.When:
        """What an event must satisfy to be this part."""
        if self.when is not None:
            return self.when
        is_badge = {"field": "type", "op": "eq", "value": badges.ISSUED}
        return trigger.When.model_validate({"all": [is_badge, {"field": "item", "op": "eq", "value": self.badge}]})

    @property
    def is_badge(self) -> bool:
        """Whether it is a badge that was issued here: one that is named, or any that satisfies the tree."""
        return self.badge is not None or any(
            isinstance(found, condition.Condition) and (found.field, found.op, found.value) == ("type", "eq", badges.ISSUED)
            for found in self.tree.all_of or ()
        )

    def label(self, number: int) -> str:
        """Return what the part is called in a reason."""
        return self.name or self.badge or f"part {number + 1}"


def _is_filled(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    if not parts:
        raise ValueError("it is empty, and a rule with no parts never fires; name at least one")
    return parts


class Parts(_Form):
    """Several things that are needed: all of them, or `at_least` so many; with `credits` in sum, and none older than `max_age_days`."""

    of: Annotated[tuple[Part, ...], pydantic.Field(max_length=MAX_PARTS), pydantic.AfterValidator(_is_filled)]
    at_least: Annotated[int, pydantic.Field(ge=1, le=MAX_PARTS, strict=True)] | None = None
    credits: Annotated[float, pydantic.Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = None
    max_age_days: Days | None = None

    @pydantic.model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.at_least is not None and self.at_least > len(self.of):
            raise ValueError(f"at_least asks for {self.at_least} of {len(self.of)}, which can never be")
        return self

    @property
    def needed(self) -> int:
        """How many parts are needed."""
        return self.at_least or len(self.of)


class Window(_Form):
    """When an event must have happened to count: from (inclusive) until (exclusive)."""

    start: Moment | None = pydantic.Field(default=None, alias="from")
    until: Moment | None = None

    @pydantic.model_validator(mode="after")
    def _is_ahead(self) -> Self:
        if self.start is not None and self.until is not None and self.until <= self.start:
            raise ValueError("it ends before it begins")
        return self


class Policy(_Form):
    """What becomes of what was earned.

    `scope` says how often one learner may have the badge: once, once in each course run or term (as the mapping takes it), or again
    after `renew_after_days`. `on_loss` says what follows when the grounds fall away: a review, or revocation at once.
    """

    scope: Literal["once", "run", "term", "renewable"] = "once"
    renew_after_days: Days | None = None
    approvals: Annotated[int, pydantic.Field(ge=0, le=MAX_APPROVALS, strict=True)] = 0
    hold_days: Days | None = None
    hold_until: Moment | None = None
    valid_days: Days | None = None
    on_loss: Literal["review", "revoke"] = "review"

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.scope == "renewable") != (self.renew_after_days is not None):
            raise ValueError("renew_after_days belongs to the scope renewable")
        if self.hold_days is not None and self.valid_days is not None and self.valid_days <= self.hold_days:
            raise ValueError("the badge would be over before it is issued: valid_days must be more than hold_days")
        return self


class Origin(_Form):
    """Where something in the badge comes from: a field of the event, what a path finds in it as it was sent, or one value for all."""

    field: str | None = None
    path: Annotated[str, pydantic.Field(max_length=_MAX_PATH)] | None = None
    value: Annotated[str, pydantic.Field(min_length=1, max_length=condition.MAX_TEXT)] | Annotated[float, pydantic.Field()] | None = None

    @pydantic.model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(item is not None for item in (self.field, self.path, self.value)) != 1:
            raise ValueError("give exactly one of field, path and value")
        if self.field is not None and (self.field not in events.FIELDS or self.field == "learner.email"):
            raise ValueError(f"there is no such field; use one of {', '.join(name for name in events.FIELDS if name != 'learner.email')}")
        if self.path is not None:
            path.parse(self.path)
        return self


class ResultFrom(_Form):
    """How a result of the achievement is had from the event.

    `result` names one of its result descriptions: by id, fragment (`#score`) or name. Without `take`, what fits its type is taken:
    the share times a hundred for a Percent, the raw score, the letter, the status. `levels` says which rubric level, or status, stands
    for which value.
    """

    result: Annotated[str, pydantic.Field(min_length=1, max_length=2048)]
    take: Origin | None = None
    levels: Annotated[dict[str, str], pydantic.Field(max_length=100)] | None = None


class Mapping(_Form):
    """What the badge says of the learner besides the achievement."""

    results: Annotated[tuple[ResultFrom, ...], pydantic.Field(max_length=20)] = ()
    credits: Origin | None = None
    evidence: bool = True
    term: Origin | None = None
    license_number: Origin | None = None
    license_prefix: Annotated[roster.Text, pydantic.Field(min_length=1, max_length=40)] | None = None
    activity_dates: bool = False

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        if self.license_number is not None and self.license_prefix is not None:
            raise ValueError("give either license_number or license_prefix")
        return self


class Rule(_Form):
    """A rule."""

    when: trigger.When | None = None
    parts: Parts | None = None
    window: Window = Window()
    policy: Policy = Policy()
    mapping: Mapping = Mapping()

    @pydantic.model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.when is None) == (self.parts is None):
            raise ValueError("give either when or parts")
        if self.policy.scope == "term" and self.mapping.term is None:
            raise ValueError("the scope term needs mapping.term")
        if self.parts is not None and self.policy.scope == "renewable":
            raise ValueError("a rule with parts cannot be renewable: each part would begin a period of its own")
        return self

    @property
    def pieces(self) -> tuple[Part, ...]:
        """The parts; of a rule that needs one event, that one."""
        return self.parts.of if self.parts is not None else (Part(when=self.when),)

    @property
    def reads_raw(self) -> bool:
        """Whether a condition, or something in the badge, is taken from the event as it was sent."""
        said = self.mapping
        origins = (said.credits, said.term, said.license_number, *(item.take for item in said.results))
        trees = (found.path for part in self.pieces for found in trigger.conditions(part.tree))
        return any(trees) or any(origin is not None and origin.path is not None for origin in origins)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the rule as it is stored and shown: as it was written, without what was left out."""
        return self.model_dump(mode="json", exclude_none=True, exclude_unset=True)


def parse(value: JsonValue, *, pointer: str = "") -> Rule:
    """Return a rule.

    Args:
        value: The JSON object: `when` or `parts`, `window`, `policy`, `mapping`.
        pointer: Where it stands in the request, for the findings.

    Raises:
        problem.Invalid: with a finding, and its place, for everything that cannot be.
    """
    try:
        return Rule.model_validate(value)
    except pydantic.ValidationError as error:
        raise problem.Invalid.of(faults.findings(error, pointer=pointer, whole="The rule", tags=trigger.TAGS)) from None


def judge(part: Part, seen: condition.Seen, *, window: Window, came: datetime) -> trigger.Awarded | trigger.NotAwarded:
    """Decide whether an event is a part of what a rule needs.

    Args:
        part: The part.
        seen: The event.
        window: When it must have happened.
        came: When it came, which counts where the sender does not say when it happened.
    """
    moment = min(seen.event.occurred_at or came, came)  # nothing happens before it is told
    happened = f"Not awarded because it happened on {moment:%Y-%m-%d}"
    if window.start is not None and moment < window.start:
        return trigger.NotAwarded(f"{happened}, before the rule's time from {window.start:%Y-%m-%d}.")
    if window.until is not None and moment >= window.until:
        return trigger.NotAwarded(f"{happened}, after the rule's time until {window.until:%Y-%m-%d}.")
    return trigger.evaluate(part.tree, seen)


@dataclass(frozen=True, slots=True)
class Proven:
    """An event that is a part of what a rule needs.

    Attributes:
        part: Which one, from 0.
        event: Which event; one that is two parts counts its credits once.
        credits: What it brings.
        moment: When it happened.
    """

    part: int
    event: int
    credits: float
    moment: datetime


def progress(parts: Parts, proven: list[Proven], *, now: datetime | None) -> trigger.Awarded | trigger.NotAwarded:
    """Decide whether what was reached is enough; the reason says what is missing.

    Args:
        parts: What is needed.
        proven: What was reached.
        now: The moment, for what must not be too old; None where age does not count: what was earned once does not age away.
    """
    oldest = now - timedelta(days=parts.max_age_days) if now is not None and parts.max_age_days is not None else None
    counting = [item for item in proven if oldest is None or item.moment >= oldest]
    reached = {item.part for item in counting}
    missing = [part.label(number) for number, part in enumerate(parts.of) if number not in reached]
    sum_of_credits = sum({item.event: item.credits for item in counting}.values())
    if len(reached) < parts.needed:
        aged = " (what is too old does not count)" if len(counting) < len(proven) else ""
        return trigger.NotAwarded(
            f"Not awarded yet because {len(reached)} of {parts.needed} parts are there{aged}; missing: {', '.join(missing)}."
        )
    if parts.credits is not None and sum_of_credits < parts.credits:
        return trigger.NotAwarded(f"Not awarded yet because {sum_of_credits:g} of {parts.credits:g} credits are there.")
    credits_said = "" if parts.credits is None else f" with {sum_of_credits:g} credits"
    there = f"{len(reached)} of {len(parts.of)} parts are there{credits_said}"
    return trigger.Awarded(f"Awarded because {there}, and {parts.needed} are needed.")
