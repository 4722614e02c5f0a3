"""Deliveries come in any order and any number of times, and workers die whenever they like: the badges are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from badgeissuer.store import jobs, tables
from badgeissuer.worker import LEASE

if TYPE_CHECKING:
    from tests.actions.conftest import Anew, Campus

ASHA, LEE = "asha.rao@example.org", "lee.ortega@example.net"
DELIVERIES: dict[str, dict[str, Any]] = {
    "asha": {},
    "asha again": {"metadata__event_time": "2026-05-21T10:00:00Z"},
    "asha without an address": {"body__user": {"id": "123", "name": "Asha Rao", "email": ""}},
    "asha's other request": {"metadata__request_id": "22222222-0000-4000-8000-000000000002"},
    "lee": {"body__user": {"id": "124", "name": "Asha Rao", "email": LEE}},
    "another course": {"body__course": {"id": "566"}, "metadata__context_id": "566"},
}
STEPS = [*DELIVERIES, "work", "abandon"]


@given(st.lists(st.sampled_from(STEPS), max_size=14).filter(lambda steps: steps.count("abandon") < jobs.MAX_ATTEMPTS))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["asha without an address", "work", "work", "asha", "abandon", "asha", "work"])
def test_the_badges_are_the_same_whatever_happens_on_the_way(anew: Anew, steps: list[str]) -> None:
    with anew() as campus:
        source = campus.connect_canvas()
        campus.rule(source)
        hand = campus.worker()
        for step in [*steps, *DELIVERIES]:
            if step == "work":
                hand.do_one()
            elif step == "abandon":
                _abandon(campus)
            else:
                campus.deliver_canvas(source, **DELIVERIES[step])
        campus.pass_time(minutes=3)
        campus.work()
        _check(campus)


def _abandon(campus: Campus) -> None:
    """Have a worker take a job and vanish."""
    with campus.writing() as session:
        jobs.claim(session, "gone", now=campus.now, lease=LEASE)
    campus.now += LEASE


def _check(campus: Campus) -> None:
    awards = campus.all(tables.Award)
    assert sorted(row.claims["email"] for row in awards) == [ASHA, LEE]
    assert {row.state for row in awards} == {"issued"}
    badges = campus.all(tables.Credential)
    assert {badge.uuid for badge in badges} == {row.credential_uuid for row in awards}
    assert len({row.position for row in campus.all(tables.StatusEntry)}) == len(badges) == 2
    assert {row.state for row in campus.all(tables.Delivery)} == {"processed"}
    assert {row.state for row in campus.all(tables.Job)} == {"done"}
    assert len(campus.all(tables.Learner)) == 2
