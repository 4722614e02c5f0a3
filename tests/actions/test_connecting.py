from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from badgeissuer import connecting, problem, ruling
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus

NEW = "whsec_bmV3LXNlY3JldC1vZi10aGUtd29ya3Nob3AtMDE="
EVENT = {"type": "learner.course.completed", "data": {"learner": {"id": "1", "email": "asha@example.org"}, "course": {"id": "7"}}}


def test_a_source_changes_how_it_signs(campus: Campus) -> None:
    source = campus.connect_native()
    assert campus.receive(source, *campus.webhook(EVENT)).is_new
    with campus.writing() as session:
        found = connecting.source(session, source.slug)
        connecting.change_source(session, found, {"signature": {"scheme": "standard_webhooks", "secrets": [NEW]}, "name": "Renamed"})
    with pytest.raises(problem.Unauthenticated):
        campus.receive(source, *campus.webhook(EVENT, name="msg_2"))
    assert campus.only(tables.Source).name == "Renamed"


def test_a_signature_that_is_not_possible_changes_nothing(campus: Campus) -> None:
    source = campus.connect_native()
    with pytest.raises(problem.Invalid), campus.writing() as session:
        connecting.change_source(session, connecting.source(session, source.slug), {"name": "x", "signature": {"scheme": "nonsense"}})
    assert campus.receive(source, *campus.webhook(EVENT)).is_new


def test_a_disabled_source_is_as_if_it_were_not_there(campus: Campus) -> None:
    source = campus.connect_native()
    with campus.writing() as session:
        connecting.change_source(session, connecting.source(session, source.slug), {"state": "disabled"})
    with pytest.raises(problem.Unauthenticated):
        campus.receive(source, *campus.webhook(EVENT))


def test_a_rule_rests_and_holds_again(campus: Campus) -> None:
    source = campus.connect_native()
    row = campus.rule(source, value="7")
    for state, name, decided in (("disabled", "msg_1", 0), ("active", "msg_2", 1)):
        with campus.writing() as session:
            assert ruling.change(session, ruling.find(session, row.id), state=state, said=None, now=campus.now).state == state
        data = EVENT["data"] | {"event_id": name}  # type: ignore[operator]
        campus.receive(source, *campus.webhook(EVENT | {"data": data}, name=name))
        campus.work()
        assert len(campus.all(tables.Decision)) == decided


def test_a_rule_that_is_not_there_cannot_change(campus: Campus) -> None:
    with pytest.raises(problem.NotFound), campus.writing() as session:
        ruling.find(session, 999)
