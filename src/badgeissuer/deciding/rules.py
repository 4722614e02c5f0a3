"""The rules that listen to a source, and what they are put before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import echoing, problem
from badgeissuer.awarding import completion, condition, event, incoming, members, rule, trigger
from badgeissuer.store import tables

if TYPE_CHECKING:
    from pydantic import JsonValue
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that is stored.

    Attributes:
        happened: What it says.
        stored: Its row.
        raw: The event as it was sent.
        is_new: Whether it was stored just now, so that nothing was decided on it and nothing rests on it.
    """

    happened: event.LearningEvent
    stored: tables.LearningEvent
    raw: JsonValue = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Listening:
    """A rule, as it is put before events of one source.

    Attributes:
        row: Its row.
        said: What it says.
        pieces: The numbers of those of its parts that look at this source.
        slug: The achievement's name: a badge is no part of itself.
    """

    row: tables.Rule
    said: rule.Rule
    pieces: tuple[int, ...]
    slug: str

    def judge(self, number: int, heard: Heard) -> trigger.Awarded | trigger.NotAwarded:
        """Return whether an event is one of its parts; a badge is no part of itself."""
        if self.said.pieces[number].is_badge and heard.happened.item == self.slug:
            return trigger.NotAwarded("Not awarded because a badge is no part of itself.")
        return judge(self.said, number, heard)


def judge(said: rule.Rule, number: int, heard: Heard) -> trigger.Awarded | trigger.NotAwarded:
    """Return whether an event is a part of a rule; what looks at what was sent cannot be judged once that is deleted."""
    if heard.raw is None and any(found.path is not None for found in trigger.conditions(said.pieces[number].tree)):
        return trigger.NotAwarded("Not awarded because the rule looks at what was sent, and that is not kept any more.")
    seen = condition.Seen(heard.happened, heard.raw)
    return rule.judge(said.pieces[number], seen, window=said.window, came=heard.stored.created_at)


def listening(session: Session, found: tables.Source, *, only: int | None = None) -> list[Listening]:
    """Return the active rules that listen to a source, with those of their parts that look at it; or only one rule."""
    table, link = tables.Rule, tables.RuleSource
    query = select(table, tables.Achievement.slug).join(link, link.rule_id == table.id)
    query = query.join(tables.Achievement, tables.Achievement.id == table.achievement_id)
    query = query.where(link.source_id == found.id, table.state == "active").order_by(table.id)
    if only is not None:
        query = query.where(table.id == only)
    return [_listening(found, row, slug) for row, slug in session.execute(query)]


def was_heard(session: Session, found: tables.Source) -> bool:
    """Return whether any rule, active or resting, is for a source."""
    link = tables.RuleSource
    return session.scalar(select(link.rule_id).where(link.source_id == found.id).limit(1)) is not None


def _listening(found: tables.Source, row: tables.Rule, slug: str) -> Listening:
    said = rule.parse(row.document)
    looks = (number for number, part in enumerate(said.pieces) if _looks_at(part, row, found))
    return Listening(row, said, tuple(looks), slug)


def _looks_at(part: rule.Part, row: tables.Rule, found: tables.Source) -> bool:
    if part.source is not None:
        return part.source == found.slug
    return found.adapter == echoing.ADAPTER if part.is_badge else row.source_id == found.id


class Raws:
    """Events as they were sent; a delivery of many events is read once for those that are asked for one after the other.

    Args:
        session: A session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._last: tuple[int, JsonValue] | None = None

    def of(self, row: tables.LearningEvent) -> JsonValue:
        """Return an event as it was sent; None where that is not kept any more, or was made here (`reconciling`)."""
        if self._last is None or self._last[0] != row.delivery_id:
            self._last = (row.delivery_id, self._read(row.delivery_id))
        return members.at(self._last[1], str(row.document.get("pointer") or ""))

    def _read(self, delivery_id: int) -> JsonValue:
        delivery = self._session.get_one(tables.Delivery, delivery_id)
        if completion.RECONCILED in delivery.headers:
            return None
        try:
            return incoming.read(delivery.payload, delivery.headers).value
        except problem.Problem:
            return None
