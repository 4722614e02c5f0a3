from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from badgeissuer import authoring, explaining, intake, problem, reviewing
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus

ASHA = "asha.rao@example.org"


def explained(campus: Campus, learner: str = ASHA, **more: Any) -> explaining.Explained:  # noqa: ANN401 - as `explain` takes it
    with campus.reading() as session:
        return explaining.explain(session, learner, **more)


def test_nobody_knows_a_stranger(campus: Campus) -> None:
    with pytest.raises(problem.NotFound, match="no event about them has come"):
        explained(campus, "stranger@example.org")


@pytest.mark.parametrize("name", [ASHA, " Asha.Rao@EXAMPLE.org ", "123"])
def test_who_has_a_badge_has_it_whatever_they_are_called(campus: Campus, name: str) -> None:
    source = campus.connect_canvas()
    campus.rule(source)
    campus.deliver_canvas(source)
    campus.work()
    found = explained(campus, name)
    assert found.summary == "They have the badge."
    ((event, (decision,)),) = found.events
    assert (event.type, decision.outcome) == ("course_completed", "awarded")
    ((award, reviews),) = found.awards
    assert (award.state, list(reviews)) == ("issued", [])


def test_of_what_was_not_earned_the_reason_is_told(campus: Campus) -> None:
    source = campus.connect_canvas()
    campus.rule(source, value="7")
    campus.deliver_canvas(source)
    campus.work()
    found = explained(campus)
    assert found.summary.startswith("They have not earned it. The newest decision: Not awarded because course is")
    assert found.awards == ()


def test_of_what_waits_it_is_told_what_for(campus: Campus) -> None:
    source = campus.connect_canvas()
    campus.rule(source)
    campus.deliver_canvas(source, body__user={"id": "123", "name": "Asha Rao", "email": ""})
    campus.work()
    assert explained(campus, "123").summary.startswith("They earned it, but the badge waits for an address to issue to. The learner has")
    with campus.writing() as session:
        award = session.get_one(tables.Award, campus.only(tables.Award).id)
        award.state, award.reason = "cancelled", None
    assert explained(campus, "123").summary == "They earned it, but the award was cancelled."


def test_a_badge_in_doubt_is_said_to_be(campus: Campus) -> None:
    source = campus.connect_canvas()
    campus.rule(source)
    campus.deliver_canvas(source)
    campus.work()
    award, event = campus.only(tables.Award), campus.only(tables.LearningEvent)
    with campus.writing() as session:
        kind: dict[str, Any] = {"kind": "changed", "reason": "Lowered.", "created_at": campus.now}
        session.add(tables.Review(issuer_id=award.issuer_id, award_id=award.id, learning_event_id=event.id, **kind))
    assert explained(campus).summary == "They have the badge, but what earned it does not hold any more: a review is open."
    with campus.writing() as session:
        row = reviewing.find(session, campus.only(tables.Review).id)
        reviewing.resolve(session, row, resolution="kept", note="Fine.", actor="x", randomness=campus.randomness, now=campus.now)
    assert explained(campus).summary == "They have the badge."


def test_a_revoked_badge_is_said_to_be(campus: Campus) -> None:
    badge = campus.issued()
    campus.revoke(badge.uuid)
    assert explained(campus).summary == "They had the badge, and it was revoked: It was a mistake."


def test_only_one_achievement_and_one_issuer_may_be_asked_about(campus: Campus) -> None:
    source = campus.connect_canvas()
    campus.new_achievement("brazing")
    campus.rule(source)
    campus.rule(source, achievement="brazing", value="7")
    campus.deliver_canvas(source)
    campus.work()
    with campus.reading() as session:
        brazing = authoring.achievement(session, "brazing")
    found = explained(campus, achievement=brazing, issuer_id=brazing.issuer_id)
    assert [decision.outcome for _, decisions in found.events for decision in decisions] == ["not_awarded"]
    assert found.awards == ()
    with pytest.raises(problem.NotFound):
        explained(campus, issuer_id=brazing.issuer_id + 1)


def test_who_was_awarded_directly_needs_no_event(campus: Campus) -> None:
    campus.issued()
    found = explained(campus)
    assert (found.summary, found.events) == ("They have the badge.", ())


def test_events_that_no_rule_looked_at_and_learners_without_any(campus: Campus) -> None:
    row, _ = campus.award()
    source = campus.connect_canvas()
    with campus.writing() as session:
        session.delete(session.get_one(tables.StatusEntry, campus.only(tables.StatusEntry).id))
        session.delete(session.get_one(tables.Award, row.id))
    assert explained(campus).summary == "No event about them has come."
    campus.deliver_canvas(source)
    campus.work()
    with campus.writing() as session:
        event = session.get_one(tables.LearningEvent, campus.only(tables.LearningEvent).id)
        event.learner_id = row.learner_id
    assert explained(campus).summary == "Events about them have come, but no rule looked at them."


def test_a_replay_asks_the_rules_that_have_come_since_and_them_only(campus: Campus) -> None:
    source = campus.connect_canvas()
    first = campus.rule(source, value="7")
    delivery = campus.deliver_canvas(source).delivery
    campus.work()
    assert [decision.rule_id for decision in campus.all(tables.Decision)] == [first.id]
    second = campus.rule(source)
    for _ in range(2):
        with campus.writing() as session:
            intake.replay(session, delivery.id, now=campus.now)
        campus.work()
    assert [decision.rule_id for decision in campus.all(tables.Decision)] == [first.id, second.id]
    assert campus.only(tables.Award).state == "issued"
    assert len(campus.all(tables.LearningEvent)) == 1


def test_what_failed_may_be_replayed_and_what_is_not_there_not(campus: Campus) -> None:
    source = campus.connect_canvas()
    delivery = campus.deliver_canvas(source).delivery
    with campus.writing() as session:
        intake.give_up(session, delivery.id, "Broken.")
    with campus.writing() as session:
        intake.replay(session, delivery.id, now=campus.now)
    campus.work()
    assert (campus.only(tables.Delivery).state, campus.only(tables.Delivery).reason) == ("processed", None)
    with campus.writing() as session, pytest.raises(problem.NotFound):
        intake.replay(session, delivery.id + 1, now=campus.now)


def test_people_who_have_the_same_id_at_different_sources_are_never_mixed(campus: Campus) -> None:
    canvas, sis = campus.connect_canvas(), campus.connect_native()
    campus.deliver_canvas(canvas)
    campus.rule(canvas)
    campus.rule(sis)
    learner = {"id": "123", "email": "ben@example.org"}
    campus.receive(sis, *campus.webhook({"type": "done", "data": {"learner": learner, "course": {"id": "9"}}}))
    campus.work()
    with pytest.raises(problem.Conflict, match="2 people are known here") as caught:
        explained(campus, "123")
    assert sorted(finding.detail.partition("known by")[2].partition(":")[0] for finding in caught.value.findings) == [
        " this source_id to source canvas",
        " this source_id to source sis",
    ]
    assert explained(campus, "123", source=canvas).summary == "They have the badge."
    assert explained(campus, "123", source=sis).summary.startswith("They have not earned it.")
    with campus.reading() as session:
        first, second = explaining.people(session, "123")
    found = {one.source: explained(campus, "123", person=one.id).summary[:12] for one in (first, second)}
    assert found == {"canvas": "They have th", "sis": "They have no"}
    with pytest.raises(problem.NotFound):
        explained(campus, "123", person=first.id + second.id)


def test_an_address_that_two_units_know_means_two_people(campus: Campus) -> None:
    campus.new_issuer("lab")
    campus.new_achievement("brazing", issuer="lab")
    campus.issued()
    campus.issued(achievement="brazing")
    with pytest.raises(problem.Conflict) as caught:
        explained(campus)
    assert {finding.detail.partition("issuing unit ")[2].partition(":")[0] for finding in caught.value.findings} == {"lab", "workshop"}
    assert explained(campus, issuer_id=campus.issuer("lab").id).summary == "They have the badge."
    assert explained(campus, source=campus.connect_canvas()).awards[0][0].achievement_id == 1
