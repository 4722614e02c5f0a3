from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from badgeissuer import access, identifying, intake, merging, problem, recognising
from badgeissuer.awarding import event, idmap
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus

ASHA = "asha.rao@example.org"
NOBODY = event.LearnerClaim(None, None, None, None)


def by(campus: Campus) -> identifying.By:
    return identifying.By("Registrar", "They showed their card.", campus.now)


def heard(campus: Campus, source: tables.Source, number: str = "123", email: str = "", **patch: object) -> None:
    """Deliver a completion by a learner of Canvas, and decide on it."""
    user = {"id": number, "name": "Asha Rao", "email": email}
    campus.deliver_canvas(source, body__user=user, metadata__request_id=f"{number}{email}{patch}", **patch)
    campus.work()


def tell(campus: Campus, source: tables.Source, number: str = "123", **said: Any) -> identifying.Told:  # noqa: ANN401 - members of a claim
    claim = event.LearnerClaim(number, said.get("sis_id"), said.get("email"), None, said.get("did"))
    with campus.writing() as session:
        row = session.get_one(tables.Source, source.id)
        return identifying.tell(session, row, claim, by=by(campus), randomness=campus.randomness)


def learner_of(campus: Campus, value: str, kind: str = "source_id") -> int:
    (found,) = [row.learner_id for row in campus.all(tables.LearnerIdentity) if (row.kind, row.value) == (kind, value)]
    return int(found)


def merge(campus: Campus, gone: int, into: int) -> tables.IdentityChange:
    with campus.writing() as session:
        return merging.merge(session, gone, into=into, by=by(campus), randomness=campus.randomness)


def split(campus: Campus, learner_id: int, *chosen: recognising.Identity) -> tables.IdentityChange:
    with campus.writing() as session:
        return merging.split(session, learner_id, chosen, by=by(campus), randomness=campus.randomness)


@pytest.fixture
def canvas(campus: Campus) -> tables.Source:
    """A Canvas with a rule."""
    source = campus.connect_canvas()
    campus.rule(source)
    return source


# --- what waits for an address


def test_who_waits_is_named_and_gets_the_badge(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    assert campus.only(tables.Award).state == "needs_identity"
    with campus.reading() as session:
        waiting = identifying.waiting(session, campus.only(tables.Learner))
    assert [(row.kind, row.authority, row.value) for row in waiting.names][:1] == [("source_id", "canvas", "123")]
    assert [slug for _, slug in waiting.awards] == ["welding"]
    told = tell(campus, canvas, email="Asha.Rao@example.org")
    assert (told.outcome, told.issuing) == ("named", 1)
    campus.work()
    award, change = campus.only(tables.Award), campus.only(tables.IdentityChange)
    assert (award.state, award.claims["email"]) == ("issued", ASHA)
    assert (change.kind, change.actor, change.reason, change.to_learner_id) == (
        "named",
        "Registrar",
        "They showed their card.",
        told.learner_id,
    )
    assert change.details == {"names": [{"kind": "email", "source": "", "value": ASHA}]}
    assert tell(campus, canvas, email=ASHA).outcome == "known"
    assert len(campus.all(tables.IdentityChange)) == 1


def test_what_needs_an_approval_besides_waits_for_that(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    with campus.writing() as session:
        session.get_one(tables.Award, campus.only(tables.Award).id).approvals = 1
    assert tell(campus, canvas, email=ASHA).issuing == 0
    assert campus.only(tables.Award).state == "needs_approval"


def test_an_id_of_the_register_alone_issues_nothing(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    told = tell(campus, canvas, sis_id="S-1")
    assert (told.outcome, told.issuing) == ("named", 0)
    assert campus.only(tables.Award).state == "needs_identity"


def test_who_is_named_before_any_event_gets_the_badge_at_once(campus: Campus, canvas: tables.Source) -> None:
    assert tell(campus, canvas, email=ASHA).outcome == "named"
    heard(campus, canvas)
    assert (campus.only(tables.Award).state, campus.only(tables.Award).claims["email"]) == ("issued", ASHA)


def test_what_is_in_doubt_is_not_issued_by_a_new_name(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    award, happened = campus.only(tables.Award), campus.only(tables.LearningEvent)
    with campus.writing() as session:
        kind: dict[str, Any] = {"kind": "changed", "reason": "x", "created_at": campus.now}
        session.add(tables.Review(issuer_id=award.issuer_id, award_id=award.id, learning_event_id=happened.id, **kind))
    assert tell(campus, canvas, email=ASHA).issuing == 0


def test_a_name_of_somebody_else_opens_a_question_and_merges_nobody(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    campus.issued(ASHA)
    told = tell(campus, canvas, email=ASHA)
    assert (told.outcome, told.issuing) == ("question", 0)
    question = campus.only(tables.IdentityQuestion)
    assert {question.learner_id, question.other_learner_id} == {learner_of(campus, "123"), learner_of(campus, ASHA, "email")}
    assert (question.state, question.reason, question.learning_event_id) == ("open", "Registrar named both at once.", None)
    assert tell(campus, canvas, email=ASHA).outcome == "question"
    assert len(campus.all(tables.IdentityQuestion)) == 1


def test_who_has_no_id_or_no_name_cannot_be_told_of(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    with campus.writing() as session:
        row, who = session.get_one(tables.Source, canvas.id), by(campus)
        with pytest.raises(problem.Invalid, match="the id that the source has"):
            identifying.tell(session, row, NOBODY, by=who, randomness=campus.randomness)
        given: dict[str, Any] = {"issuer_id": row.issuer_id, "authority": "", "by": who, "randomness": campus.randomness}
        with pytest.raises(problem.Invalid, match="Say an e-mail address"):
            identifying.name(session, learner_of(campus, "123"), NOBODY, **given)


def test_a_table_is_taken_whole_or_not_at_all(campus: Campus, canvas: tables.Source) -> None:
    for number in ("1", "2"):
        heard(campus, canvas, number)
    campus.issued(ASHA)
    rows = idmap.read(b"source,source_id,email\ncanvas,1,one@example.org\ncanvas,2,asha.rao@example.org\ncanvas,3,three@example.org\n")
    admin = access.Actor(1, "Registrar", "admin")
    with campus.writing() as session:
        taken = identifying.take(session, rows, admin, by=by(campus), randomness=campus.randomness)
    assert taken == identifying.Taken(named=2, known=0, question=1, issuing=1)
    other = idmap.read(b"source,source_id,email\ncanvas,4,four@example.org\nmoodle,5,five@example.org\n")
    stranger = access.Actor(1, "x", "issuer", issuer_id=999)
    for actor, pointers in ((admin, ["/rows/3/source"]), (stranger, ["/rows/2/source", "/rows/3/source"])):
        with campus.writing() as session, pytest.raises(problem.Invalid) as caught:
            identifying.take(session, other, actor, by=by(campus), randomness=campus.randomness)
        assert [finding.pointer for finding in caught.value.findings] == pointers
    assert "four@example.org" not in {row.value for row in campus.all(tables.LearnerIdentity)}


# --- two who may be one


def test_an_event_that_names_two_learners_opens_a_question(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    campus.issued(ASHA)
    heard(campus, canvas, email=ASHA)
    question = campus.only(tables.IdentityQuestion)
    assert question.learning_event_id == campus.all(tables.LearningEvent)[-1].id
    assert question.reason == "An event of the source canvas named both at once."
    assert len({row.learner_id for row in campus.all(tables.LearnerIdentity)}) == 2, "nobody was merged"
    with campus.writing() as session:
        row = identifying.question(session, question.id)
        merging.answer(session, row, are_one=False, by=by(campus), randomness=campus.randomness)
    assert campus.only(tables.IdentityQuestion).state == "apart"
    heard(campus, canvas, email=ASHA, body__course={"id": "9", "name": "x"})
    assert campus.only(tables.IdentityQuestion).state == "apart", "what was answered is not asked again"
    with campus.writing() as session:
        row = identifying.question(session, question.id)
        with pytest.raises(problem.Conflict, match="was answered before: apart, by Registrar"):
            merging.answer(session, row, are_one=True, by=by(campus), randomness=campus.randomness)
        with pytest.raises(problem.NotFound):
            identifying.question(session, question.id + 1)


def test_two_who_are_one_become_one(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas, body__course={"id": "9", "name": "x"})
    campus.issued(ASHA)
    heard(campus, canvas, email=ASHA)
    question, canvas_id = campus.only(tables.IdentityQuestion), learner_of(campus, "123")
    with campus.writing() as session:
        row = identifying.question(session, question.id)
        with pytest.raises(problem.Conflict, match="one of the two"):
            merging.answer(session, row, are_one=True, into=999, by=by(campus), randomness=campus.randomness)
        merging.answer(session, row, are_one=True, into=canvas_id, by=by(campus), randomness=campus.randomness)
    closed = campus.only(tables.IdentityQuestion)
    assert (closed.state, closed.closed_by, closed.note) == ("merged", "Registrar", "They showed their card.")
    assert {row.learner_id for row in campus.all(tables.LearnerIdentity)} == {canvas_id}
    assert {row.learner_id for row in campus.all(tables.Award)} == {canvas_id}
    assert {row.learner_id for row in campus.all(tables.LearningEvent)} == {canvas_id}
    heard(campus, canvas, email=ASHA, metadata__event_time="2026-05-20T13:30:00.000Z")
    assert campus.all(tables.LearningEvent)[-1].learner_id == canvas_id


def test_a_merge_issues_what_waited_for_an_address(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    campus.new_achievement("brazing")
    campus.issued(ASHA, achievement="brazing")
    merge(campus, learner_of(campus, "123"), learner_of(campus, ASHA, "email"))
    campus.work()
    assert {row.state for row in campus.all(tables.Award)} == {"issued"}


def test_badges_that_two_had_of_one_thing_stay_and_are_told_apart_in_the_history(campus: Campus, canvas: tables.Source) -> None:
    first = campus.issued(ASHA)
    heard(campus, canvas, email="asha@private.example.org")
    before = [(row.uuid, row.sha256, row.document) for row in campus.all(tables.Credential)]
    old, young = campus.all(tables.Award)
    change = merge(campus, learner_of(campus, ASHA, "email"), learner_of(campus, "123"))
    assert change.details["beside"] == {str(young.uuid): str(old.uuid)}
    assert change.details["cancelled"] == {}
    old, young = campus.all(tables.Award)
    assert (old.scope, young.scope) == ("once", f"once{merging.MARK}{young.id}")
    assert (old.state, young.state, young.reason) == ("issued", "issued", f"{merging.BESIDE}{old.uuid}.")
    assert [(row.uuid, row.sha256, row.document) for row in campus.all(tables.Credential)] == before
    assert campus.verify(campus.all(tables.Credential)[1].document).outcome.value == "VALID"
    assert campus.award(ASHA)[0].credential_uuid == first.uuid, "the older one is the one that they have"


def test_what_waits_for_the_same_badge_is_cancelled_unless_that_one_was_revoked(campus: Campus, canvas: tables.Source) -> None:
    badge = campus.issued(ASHA)
    heard(campus, canvas)
    waiting = campus.all(tables.Award)[1]
    change = merge(campus, learner_of(campus, "123"), learner_of(campus, ASHA, "email"))
    assert change.details["cancelled"] == {str(waiting.uuid): "needs_identity"}
    assert campus.all(tables.Award)[1].state == "cancelled"
    campus.revoke(badge.uuid)
    heard(campus, canvas, "456")
    merge(campus, learner_of(campus, "456"), learner_of(campus, ASHA, "email"))
    campus.work()
    assert [row.state for row in campus.all(tables.Award)] == ["issued", "cancelled", "issued"]


def test_a_hold_that_a_merge_cancelled_goes_on_after_a_split(campus: Campus) -> None:
    source = campus.connect_canvas()
    when = {"all": [{"field": "course", "op": "eq", "value": "565"}]}
    campus.add_rule({"when": when, "policy": {"hold_days": 2}}, source)
    campus.issued(ASHA)
    heard(campus, source, email="asha@elsewhere.example")
    assert campus.all(tables.Award)[1].state == "on_hold"
    one, other = learner_of(campus, ASHA, "email"), learner_of(campus, "123")
    merge(campus, other, one)
    assert campus.all(tables.Award)[1].state == "cancelled"
    campus.now += timedelta(days=1)
    source_id = recognising.Identity("source_id", "canvas", "123")
    split(campus, one, source_id, recognising.Identity("email", "", "asha@elsewhere.example"))
    campus.work()
    assert campus.all(tables.Award)[1].state == "on_hold"
    campus.now += timedelta(days=1)
    campus.work()
    assert [row.state for row in campus.all(tables.Award)] == ["issued", "issued"]


def test_a_split_undoes_a_merge(campus: Campus, canvas: tables.Source) -> None:
    campus.issued(ASHA)
    heard(campus, canvas)
    one, other = learner_of(campus, ASHA, "email"), learner_of(campus, "123")
    before = {row.value: row for row in campus.all(tables.LearnerIdentity)}
    merge(campus, other, one)
    with pytest.raises(problem.Conflict, match="was merged before"):
        merge(campus, other, one)
    moved = [recognising.Identity(row.kind, row.authority, row.value) for row in before.values() if row.learner_id == other]
    change = split(campus, one, *moved)
    assert (change.kind, change.from_learner_id) == ("split", one)
    new = change.to_learner_id
    mine, theirs = campus.all(tables.Award)
    assert (mine.learner_id, mine.scope, mine.state) == (one, "once", "issued")
    assert (theirs.learner_id, theirs.scope, theirs.state) == (new, "once", "needs_identity")
    assert theirs.reason == "The learner has neither an e-mail address nor a DID to issue to."
    assert change.details["restored"] == [str(theirs.uuid)]
    assert {row.learner_id for row in campus.all(tables.LearningEvent)} == {new}
    with campus.reading() as session:
        assert [row.kind for row in merging.history(session, one)] == ["merged", "split"]
        assert identifying.unit_of(session, other) == campus.issuer().id
        with pytest.raises(problem.NotFound):
            identifying.unit_of(session, 999)


def test_a_split_takes_what_goes_by_the_names_that_were_chosen(campus: Campus, canvas: tables.Source) -> None:
    sis = campus.connect_native()
    campus.new_achievement("brazing")
    campus.rule(sis, achievement="brazing", value="9")
    heard(campus, canvas, email=ASHA)
    learner = {"id": "77", "email": ASHA}
    campus.receive(sis, *campus.webhook({"type": "done", "data": {"learner": learner, "course": {"id": "9"}}}))
    campus.work()
    whole = learner_of(campus, "123")
    assert {row.learner_id for row in campus.all(tables.LearningEvent)} == {whole}
    with pytest.raises(problem.Conflict, match="leave at least one"):
        split(campus, whole, recognising.Identity("sis_id", "", "nothing of theirs"))
    with pytest.raises(problem.Conflict, match="leave at least one"):
        split(campus, whole)
    new = split(campus, whole, recognising.Identity("source_id", "sis", "77")).to_learner_id
    assert [row.learner_id for row in campus.all(tables.LearningEvent)] == [whole, new]
    assert [row.learner_id for row in campus.all(tables.Award)] == [whole, new]
    moved = split(campus, whole, recognising.Identity("email", "", ASHA)).to_learner_id
    assert [row.learner_id for row in campus.all(tables.LearningEvent)] == [whole, new], "they go by the id, which is surer"
    merge(campus, moved, whole)


def test_awards_without_an_event_go_by_their_address(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas, email=ASHA, body__course={"id": "9", "name": "x"})
    campus.award(ASHA)
    whole = learner_of(campus, "123")
    new = split(campus, whole, recognising.Identity("email", "", ASHA)).to_learner_id
    assert campus.only(tables.Award).learner_id == new


def test_only_two_of_one_unit_can_be_one(campus: Campus) -> None:
    campus.new_issuer("lab")
    campus.new_achievement("brazing", issuer="lab")
    campus.award(ASHA)
    campus.award(ASHA, achievement="brazing")
    one, other = (row.learner_id for row in campus.all(tables.LearnerIdentity))
    for pair in ((one, other), (one, one)):
        with pytest.raises(problem.Conflict, match="Only two different learners"):
            merge(campus, *pair)


def test_open_questions_follow_who_was_merged(campus: Campus) -> None:
    for number, email in enumerate(("a@example.org", "b@example.org", "c@example.org")):
        campus.award(email, scope=str(number))
    first, second, third = (row.learner_id for row in campus.all(tables.LearnerIdentity))
    with campus.writing() as session:
        for pair in ((first, second), (second, third)):
            row = tables.IdentityQuestion(
                issuer_id=campus.issuer().id, learner_id=pair[0], other_learner_id=pair[1], reason="x", created_at=campus.now
            )
            session.add(row)
    merge(campus, second, first)
    found = [(row.learner_id, row.other_learner_id, row.state) for row in campus.all(tables.IdentityQuestion)]
    assert found == [(first, second, "merged"), (second, third, "merged"), (first, third, "open")]


def test_what_was_being_decided_on_during_a_merge_follows(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    campus.issued(ASHA)
    gone, kept = learner_of(campus, "123"), learner_of(campus, ASHA, "email")
    merge(campus, gone, kept)
    with campus.writing() as session:  # as a worker leaves it that had recognised the learner before
        stored = session.get_one(tables.LearningEvent, campus.only(tables.LearningEvent).id)
        award = session.get_one(tables.Award, campus.all(tables.Award)[0].id)
        stored.learner_id, award.learner_id, award.scope, award.state = gone, gone, "once", "needs_identity"
    with campus.writing() as session:
        stored = session.get_one(tables.LearningEvent, campus.only(tables.LearningEvent).id)
        merging.follow(session, [stored])
        assert stored.learner_id == kept
        merging.follow(session, [stored])
    assert {row.learner_id for row in campus.all(tables.Award)} == {kept}
    assert sorted(row.state for row in campus.all(tables.Award)) == ["cancelled", "issued"]


def test_a_replay_asks_again_only_what_was_not_answered(campus: Campus, canvas: tables.Source) -> None:
    heard(campus, canvas)
    campus.issued(ASHA)
    heard(campus, canvas, email=ASHA)
    with campus.writing() as session:
        intake.replay(session, campus.all(tables.Delivery)[-1].id, now=campus.now)
    campus.work()
    assert campus.only(tables.IdentityQuestion).state == "open"
