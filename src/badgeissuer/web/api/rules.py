"""Rules: which events, or which badges, earn which achievement."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, connecting, ruling
from badgeissuer.awarding import rule
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Document, Moment, Page, Paging, Repeatable, RowId, Shape, Slug
from badgeissuer.web.service import Acting, Service, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/rules", tags=["sources and rules"], route_class=StrictRoute, responses=PROBLEMS)
_EXAMPLE: dict[str, JsonValue] = {"all": [{"field": "type", "op": "eq", "value": "course_completed"}]}
_When = Annotated[dict[str, JsonValue] | None, Field(examples=[_EXAMPLE])]
_Part = dict[str, JsonValue] | None
_PARTS = ("when", "parts", "window", "policy", "mapping")


class _Said(Shape):
    """What a rule says; see the documentation for the members of each part."""

    when: _When = None
    parts: _Part = None
    window: _Part = None
    policy: _Part = None
    mapping: _Part = None

    def document(self) -> dict[str, JsonValue]:
        """Return what was said."""
        given = {name: getattr(self, name) for name in _PARTS}
        return {name: value for name, value in given.items() if value is not None}


class NewRule(_Said):
    """Which events earn which achievement.

    Either `when`, a tree of `all`, `any`, `none` and `at_least … of` over conditions of one event, `{"field", "op", "value"}` or
    `{"path", "op", "value"}`; or `parts`, several events or badges that are all needed, or `at_least` so many. `window` says when they
    must have happened, `policy` who has to agree and how long it is held, `mapping` what stands in the badge. A rule of badges alone has no
    `source`.
    """

    achievement: Slug
    source: Slug | None = None


class RuleChange(_Said):
    """What is to change: whether the rule holds, or what it says, for events that come from now on."""

    state: Literal["active", "disabled"] | None = None


class Rule(Shape):
    """A rule. `revision` counts how often it has been edited."""

    id: int
    achievement: str
    source: str
    when: Document | None
    parts: Document | None
    window: Document | None
    policy: Document | None
    mapping: Document | None
    state: str
    revision: int


class Reason(Shape):
    """Why events did not earn it, and how many."""

    reason: str
    count: int


class Tried(Shape):
    """What a rule would have made of the events that came: `fired` of them count for it, and so many learners would have the badge."""

    days: int
    events: int
    fired: int
    learners: int
    reasons: list[Reason]
    is_all: bool


class SavedRule(Rule):
    """A rule that was saved, tried on the events of the last 30 days; None where what it says was not changed."""

    tried: Tried | None


class Backfill(Shape):
    """That the events that came before be put before a rule: those since a moment, or all. A dry run only says what would come of it."""

    dry_run: bool = True
    since: Moment | None = None


class Backfilled(Shape):
    """How many events are put before the rule; of a dry run, what would come of it."""

    events: int
    tried: Tried | None


@ROUTER.post("", status_code=201, summary="Make a rule")
def add(body: NewRule, using: Using, acting: Acting, once: Repeatable) -> SavedRule:
    """Make a rule. It holds for events that come from now on; the answer says what it would have made of those of the last 30 days.

    `preview` says the same before anything is saved.
    """
    access.require(acting, access.CONNECT)
    said = rule.parse(body.document())
    now = using.now()

    def work() -> str:
        achievement, source = _subjects(session, body, acting)
        return str(ruling.add(session, achievement, said=said, source=source, token=secrets.token_urlsafe, now=now).id)

    with using.writing() as session:
        rule_id = int(once.do(session, acting, body=body, now=now, work=work))
    return _saved(using, rule_id, is_tried=True)


@ROUTER.post("/preview", summary="Try a rule")
def preview(body: NewRule, using: Using, acting: Acting) -> Tried:
    """Try a rule on the events of the last 30 days, without storing it or awarding anything."""
    access.require(acting, access.CONNECT)
    said = rule.parse(body.document())
    with using.reading() as session:
        achievement, source = _subjects(session, body, acting)
        return _tried(ruling.preview(session, said, source=source, issuer_id=achievement.issuer_id, now=using.now()))


@ROUTER.get("", summary="List rules")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[Rule]:
    """List the rules of the issuers that the token may see, oldest first."""
    query = select(tables.Rule).join(tables.Source, tables.Source.id == tables.Rule.source_id)
    query = access.visible(query, acting, column=tables.Source.issuer_id)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Rule.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.get("/{rule_id}", summary="Show a rule")
def show(rule_id: RowId, using: Using, acting: Acting) -> Rule:
    """Show one rule."""
    access.require(acting, access.READ)
    with using.reading() as session:
        return _shown(session, _found(session, rule_id, acting, access.READ))


@ROUTER.patch("/{rule_id}", summary="Change a rule")
def change(rule_id: RowId, body: RuleChange, using: Using, acting: Acting) -> SavedRule:
    """Disable a rule, make it active again, or have it say something else. What it earned stays earned; see `backfill`."""
    access.require(acting, access.CONNECT)
    with using.writing() as session:
        row = _found(session, rule_id, acting, access.CONNECT)
        session.refresh(row, with_for_update=True)  # of two who change it, the second changes what the first left
        document: dict[str, Any] = row.document | body.document()
        if body.when is not None and body.parts is None:
            document.pop("parts", None)
        elif body.parts is not None and body.when is None:
            document.pop("when", None)
        ruling.change(session, row, state=body.state, said=rule.parse(document), now=using.now())
    return _saved(using, rule_id, is_tried=bool(body.document()))


@ROUTER.post("/{rule_id}/backfill", summary="Put earlier events before a rule")
def backfill(rule_id: RowId, body: Backfill, using: Using, acting: Acting) -> Backfilled:
    """Put events that came before the rule, or before it was changed, before it; first as a dry run, which awards nothing."""
    access.require(acting, access.CONNECT)
    if body.dry_run:
        with using.reading() as session:
            row = _found(session, rule_id, acting, access.CONNECT)
            source, achievement = session.get_one(tables.Source, row.source_id), session.get_one(tables.Achievement, row.achievement_id)
            days = 36_500 if body.since is None else min(max((using.now() - body.since).days + 1, 1), ruling.MOST_DAYS)
            found = ruling.preview(
                session, rule.parse(row.document), source=source, issuer_id=achievement.issuer_id, now=using.now(), days=days
            )
            return Backfilled(events=found.events, tried=_tried(found))
    with using.writing() as session:
        row = _found(session, rule_id, acting, access.CONNECT)
        count = ruling.begin_backfill(session, row, since=body.since, now=using.now())
    using.wake()
    return Backfilled(events=count, tried=None)


def _subjects(session: Session, body: NewRule, acting: access.Actor) -> tuple[tables.Achievement, tables.Source | None]:
    """Return the achievement and the source of a rule, both of an issuer that the token may connect."""
    achievement = authoring.achievement(session, body.achievement)
    source = connecting.source(session, body.source) if body.source is not None else None
    for row in (achievement, source):
        if row is not None:
            access.require(acting, access.CONNECT, issuer_id=row.issuer_id)
    return achievement, source


def _found(session: Session, rule_id: int, acting: access.Actor, action: str) -> tables.Rule:
    row = ruling.find(session, rule_id)
    access.require(acting, action, issuer_id=session.get_one(tables.Achievement, row.achievement_id).issuer_id)
    return row


def _saved(using: Service, rule_id: int, *, is_tried: bool) -> SavedRule:
    """Return a rule as it is now, after trying it; no writer waits for that."""
    with using.reading() as session:
        row = session.get_one(tables.Rule, rule_id)
        source, shown = session.get_one(tables.Source, row.source_id), _shown(session, row)
        owner, said = session.get_one(tables.Achievement, row.achievement_id).issuer_id, rule.parse(row.document)
        found = ruling.preview(session, said, source=source, issuer_id=owner, now=using.now()) if is_tried else None
        return SavedRule(**shown.model_dump(), tried=None if found is None else _tried(found))


def _tried(found: ruling.Preview) -> Tried:
    return Tried(
        days=found.days,
        events=found.events,
        fired=found.fired,
        learners=found.learners,
        reasons=[Reason(reason=reason, count=count) for reason, count in found.reasons],
        is_all=found.is_all,
    )


def _shown(session: Session, row: tables.Rule) -> Rule:
    achievement, source = session.get_one(tables.Achievement, row.achievement_id), session.get_one(tables.Source, row.source_id)
    said = {name: row.document.get(name) for name in _PARTS}
    return Rule(id=row.id, achievement=achievement.slug, source=source.slug, state=row.state, revision=row.revision, **said)
