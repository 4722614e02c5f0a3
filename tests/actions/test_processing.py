"""Deliveries that are decided on in one transaction: what comes of them is what comes of each by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from tests.actions.test_ruling import ANY, lrs, statement

from badgeissuer import authoring, connecting, identifying, intake, merging, recognising
from badgeissuer.awarding import adapter, event
from badgeissuer.store import engine as engines
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.actions.conftest import Campus

ZOE = "zoe@example.org"
MAPPING = {
    "events": "@",
    "id": "id",
    "type": "type",
    "learner": {"email": "who"},
    "item": "item",
    "voids": "voids",
    "occurred_at": "at",
}


@pytest.fixture(params=["together", "one by one"])
def run(campus: Campus, request: pytest.FixtureRequest) -> Callable[..., None]:
    """Decide on deliveries in one transaction, or in one for each."""

    def work(*deliveries: int) -> None:
        groups = [deliveries] if request.param == "together" else [(number,) for number in deliveries]
        for group in groups:
            with campus.writing() as session:
                orders = [intake.Order(number) for number in group]
                intake.process_all(session, orders, randomness=campus.randomness, now=campus.now)
        campus.work()

    return work


def tell(campus: Campus, source: tables.Source, number: int, *, course: str = "565", **learner: str) -> int:
    data = {"event_id": f"e{number}", "learner": learner, "course": {"id": course}, "completed_at": f"2026-05-{number:02d}T10:00:00Z"}
    body, headers = campus.webhook({"type": "course.completed", "data": data}, name=f"m{number}")
    return int(campus.receive(source, body, headers).delivery.id)


def test_the_oldest_address_is_the_one_that_came_first(campus: Campus, run: Callable[..., None]) -> None:
    source = campus.connect_native()
    campus.rule(source, value="777")
    run(tell(campus, source, 1, id="7", email=ZOE), tell(campus, source, 2, id="7", email="old@example.org"))
    run(tell(campus, source, 3, id="7", course="777"))
    assert campus.only(tables.Award).claims["email"] == ZOE


def test_who_are_named_at_once_are_asked_about_and_not_made_one(campus: Campus, run: Callable[..., None]) -> None:
    source = campus.connect_native()
    campus.rule(source)
    run(tell(campus, source, 1, id="a"), tell(campus, source, 2, id="b", email=ZOE), tell(campus, source, 3, id="a", email=ZOE))
    assert len(campus.all(tables.Learner)) == 2
    assert campus.only(tables.IdentityQuestion).state == "open"


def test_who_takes_something_back_earns_nothing_by_it(campus: Campus, run: Callable[..., None]) -> None:
    values = {"slug": "gen", "name": "Gen", "adapter": "generic", "mapping": MAPPING}
    signature = {"signature": {"scheme": "none", "accept_unsigned": True}}
    with campus.writing() as session:
        source = connecting.connect(
            session, authoring.issuer(session, "workshop"), values | signature, token=lambda n: "k" * n, now=campus.now
        )
    campus.add_rule({"when": {"all": [{"field": "type", "op": "eq", "value": "done"}]}}, source)

    def give(**said: str) -> int:
        return int(campus.receive(source, json.dumps(said).encode()).delivery.id)

    run(give(id="1", type="done", who=ZOE, item="A", at="2026-05-01T10:00:00Z"))
    again = give(id="2", type="done", who=ZOE, item="A", at="2026-05-02T10:00:00Z")
    run(again, give(id="3", type="undo", who="teacher@example.org", voids="2", at="2026-05-03T10:00:00Z"))
    award = campus.only(tables.Award)
    assert (award.claims["email"], award.state, len(campus.all(tables.Credential))) == (ZOE, "issued", 1)
    assert {row.learner_id for row in campus.all(tables.LearningEvent)} == {award.learner_id}


def test_what_came_first_earns_the_badge_whatever_source_it_is_from(campus: Campus, run: Callable[..., None]) -> None:
    one, two = lrs(campus, "one"), lrs(campus, "two")
    for source in (one, two):
        campus.add_rule({"when": ANY}, source)
    first = campus.receive(two, json.dumps(statement(1, day=1)).encode()).delivery.id
    run(first, campus.receive(one, json.dumps(statement(2, day=2)).encode()).delivery.id)
    award = campus.only(tables.Award)
    assert (award.source_id, award.awarded_at) == (two.id, datetime(2026, 5, 1, 12, tzinfo=UTC))


def test_what_there_is_no_room_for_is_not_read(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badgeissuer.intake.processing.CHUNK", 5)
    source, real = lrs(campus), adapter.read
    campus.add_rule({"when": ANY}, source)
    for place in range(8):
        said = [statement(place * 100 + number, f"urn:x:{number}", email=f"l{number}@example.org") for number in range(6)]
        campus.receive(source, json.dumps(said).encode())
    calls: list[int] = []

    def read(*given: Any) -> object:  # noqa: ANN401 - as the real one
        calls.append(1)
        return real(*given)

    monkeypatch.setattr(adapter, "read", read)
    campus.work()
    assert len(campus.all(tables.LearningEvent)) == 48
    assert len(calls) <= 24


TWO_WRITERS = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""The other database has one writer."""


def meanwhile(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Do something between the recognising of learners and their being locked."""
    real = recognising.recognise_all

    def slow(*given: Any, **named: Any) -> object:  # noqa: ANN401 - as the real one
        found = real(*given, **named)
        work()
        return found

    monkeypatch.setattr(recognising, "recognise_all", slow)


def by(campus: Campus) -> identifying.By:
    return identifying.By("Registrar", "They showed their card.", campus.now)


@TWO_WRITERS
def test_an_address_that_is_told_meanwhile_is_not_missed(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    source = campus.connect_native()
    campus.rule(source, value="777")
    tell(campus, source, 1, id="7")
    campus.work()
    learner, claim = campus.only(tables.Learner).id, event.LearnerClaim(None, None, ZOE, None)

    def name() -> None:
        with campus.writing() as session:
            told = by(campus)
            identifying.name(session, learner, claim, issuer_id=source.issuer_id, authority="", by=told, randomness=campus.randomness)

    tell(campus, source, 2, id="7", course="777")
    meanwhile(monkeypatch, name)
    campus.work()
    assert (campus.only(tables.Award).state, campus.only(tables.Award).claims["email"]) == ("issued", ZOE)


@TWO_WRITERS
def test_an_address_that_is_taken_away_meanwhile_is_not_issued_to(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    source = campus.connect_native()
    campus.rule(source, value="777")
    tell(campus, source, 1, id="7", email=ZOE)
    campus.work()
    learner = campus.only(tables.Learner).id

    def split() -> None:
        with campus.writing() as session:
            merging.split(session, learner, [recognising.Identity("email", "", ZOE)], by=by(campus), randomness=campus.randomness)

    tell(campus, source, 2, id="7", course="777")
    meanwhile(monkeypatch, split)
    campus.work()
    award = campus.only(tables.Award)
    assert (award.learner_id, award.state, award.claims["email"]) == (learner, "needs_identity", None)


@TWO_WRITERS
def test_what_comes_again_while_a_worker_has_it_keeps_nobody_else_waiting(campus: Campus) -> None:
    source = lrs(campus)
    first = campus.receive(source, json.dumps(statement(1)).encode()).delivery.id
    with campus.reading() as session:
        keys = [source.hook_key, "x\0y", "nobody-knows-it"]
        assert [row and row.id for row in intake.senders(session, keys)] == [source.id, None, None]
        bodies = [json.dumps(statement(number)).encode() for number in (1, 2)]
        examined = [intake.judge(source, headers={}, body=body, now=campus.now) for body in bodies]
    with campus.writing() as working:
        working.scalars(select(tables.Delivery).where(tables.Delivery.id == first).with_for_update()).all()
        with engines.writing(campus.engine) as session:
            again, new = intake.keep_all(session, examined, now=campus.now)
    assert again is None
    assert new is not None
    with campus.writing() as session:
        assert intake.repeat(session, examined[0], now=campus.now).delivery.id == first
    assert [row.repeats for row in campus.all(tables.Delivery)] == [1, 0]
