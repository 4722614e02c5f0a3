"""Rules that need several parts, badges that are parts of larger ones, approvals, holds, scopes, results, and what is offered later."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from badgeissuer import (
    access,
    announcing,
    approving,
    connecting,
    echoing,
    enrolling,
    identifying,
    intake,
    issuing,
    merging,
    problem,
    reviewing,
    ruling,
    standing,
)
from badgeissuer.awarding import rule
from badgeissuer.store import tables
from badgeissuer.vc import document

if TYPE_CHECKING:
    from tests.actions.conftest import Anew, Campus

ASHA = "asha.rao@example.org"
VERBS = "http://adlnet.gov/expapi/verbs/"
ANY: dict[str, Any] = {"all": [{"field": "result.passed", "op": "eq", "value": True}]}


def of(item: str) -> dict[str, Any]:
    return {"all": [{"field": "item", "op": "eq", "value": item}, {"field": "result.passed", "op": "eq", "value": True}]}


def lrs(campus: Campus, slug: str = "lrs") -> tables.Source:
    return campus.connect(slug, adapter="xapi", signature={"scheme": "none", "accept_unsigned": True})


def number(value: int) -> str:
    return f"5a9b8f0e-2d6c-4a1f-8b53-{value:012d}"


def statement(identifier: int, item: str = "urn:x:a", *, verb: str = "passed", day: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "id": number(identifier),
        "actor": {"mbox": f"mailto:{more.pop('email', ASHA)}"},
        "verb": {"id": VERBS + verb},
        "object": {"id": item},
        "timestamp": f"2026-05-{day:02d}T12:00:00Z",
    } | more


def voiding(identifier: int, target: int, *, day: int = 9) -> dict[str, Any]:
    thing = {"objectType": "StatementRef", "id": number(target)}
    return statement(identifier, verb="voided", day=day) | {"object": thing}


def tell(campus: Campus, source: tables.Source, *statements: dict[str, Any]) -> None:
    for one in statements:
        campus.receive(source, json.dumps(one).encode())
        campus.work()


def earned(campus: Campus, *names: str) -> tables.Source:
    """Publish achievements that a source's items earn."""
    source = lrs(campus)
    for name in names:
        campus.new_achievement(name)
        campus.add_rule({"when": of(f"urn:x:{name}")}, source, achievement=name)
    return source


def stack(campus: Campus, *names: str, **more: Any) -> tables.Source:  # noqa: ANN401 - any JSON
    """Publish achievements that a source's items earn, and one that needs them all."""
    source = earned(campus, *names)
    campus.new_achievement("diploma")
    campus.add_rule({"parts": {"of": [{"badge": name} for name in names]} | more}, achievement="diploma")
    return source


def back_fill(campus: Campus, row: tables.Rule, *, since: datetime | None = None) -> int:
    """Put what came before a rule, and return how many events that are."""
    with campus.writing() as session:
        count = ruling.begin_backfill(session, ruling.find(session, row.id), since=since, now=campus.now)
    campus.work()
    return count


def badges(campus: Campus, slug: str) -> list[tables.Award]:
    with campus.reading() as session:
        ids = {row.id: row.slug for row in session.query(tables.Achievement)}
    return [row for row in campus.all(tables.Award) if ids[row.achievement_id] == slug]


# --- several parts


def test_a_stack_of_three_completes_on_the_third_in_any_order_once(campus: Campus) -> None:
    source, identifiers = stack(campus, "a", "b", "c"), itertools.count()
    for turn, order in enumerate(itertools.permutations("abc")):
        email = f"learner{turn}@example.org"
        for day, name in enumerate(order):
            assert len(badges(campus, "diploma")) == turn
            one = statement(next(identifiers), f"urn:x:{name}", day=day + 1, email=email)
            tell(campus, source, one, one)
        tell(campus, source, statement(next(identifiers), "urn:x:a", day=8, email=email))
        award = badges(campus, "diploma")[-1]
        assert (len(badges(campus, "diploma")), award.state, award.claims["email"]) == (turn + 1, "issued", email)
        badge = next(row for row in campus.all(tables.Credential) if row.award_id == award.id)
        own = [row for name in "abc" for row in badges(campus, name) if row.claims["email"] == email]
        parts = {campus.site.credential(row.credential_uuid) for row in own}
        assert {item["id"] for item in document.parse(badge.document)["evidence"]} == parts
        assert len(parts) == 3
    assert campus.verify(badge.document).outcome.name == "VALID"


def test_revoking_a_part_opens_a_review_of_the_whole(campus: Campus) -> None:
    source = stack(campus, "a", "b")
    tell(campus, source, statement(1, "urn:x:a"), statement(2, "urn:x:b"))
    (award,), (part,) = badges(campus, "diploma"), badges(campus, "a")
    campus.revoke(part.credential_uuid)
    campus.work()
    review = campus.only(tables.Review)
    assert (review.award_id, review.kind, review.state) == (award.id, "voided", "open")


def test_two_of_three_are_enough_while_two_stand(campus: Campus) -> None:
    source = stack(campus, "a", "b", "c", at_least=2)
    tell(campus, source, *(statement(place, f"urn:x:{name}") for place, name in enumerate("abc")))
    assert len(badges(campus, "diploma")) == 1
    campus.revoke(badges(campus, "a")[0].credential_uuid)
    campus.work()
    assert campus.all(tables.Review) == []
    campus.revoke(badges(campus, "b")[0].credential_uuid)
    campus.work()
    assert len(campus.all(tables.Review)) == 1


def test_credits_at_a_level_add_up_and_a_badge_is_no_part_of_itself(campus: Campus) -> None:
    source = earned(campus, "a", "b")
    campus.new_achievement("diploma")
    any_badge = {"when": {"all": [{"field": "type", "op": "eq", "value": "badge.issued"}]}}
    campus.add_rule({"parts": {"of": [any_badge], "credits": 4}}, achievement="diploma")
    tell(campus, source, statement(1, "urn:x:a"))
    assert badges(campus, "diploma") == []
    tell(campus, source, statement(2, "urn:x:b"))
    (award,) = badges(campus, "diploma")
    grounds = {row.learning_event_id for row in campus.all(tables.Ground) if row.rule_id == award.rule_id}
    assert len(grounds) == 2, "the diploma itself, which has credits too, is none of them"


def test_parts_of_two_sources_and_what_is_too_old(campus: Campus) -> None:
    one, other = lrs(campus), lrs(campus, "moodle")
    parts = {"of": [{"when": of("urn:x:a"), "name": "Course"}, {"when": of("urn:x:b"), "source": "moodle"}], "max_age_days": 10}
    campus.add_rule({"parts": parts}, one)
    campus.now = datetime(2026, 5, 20, tzinfo=UTC)
    tell(campus, one, statement(1, "urn:x:a", day=5))
    tell(campus, other, statement(1, "urn:x:b", day=18))
    assert campus.all(tables.Award) == []
    assert campus.all(tables.Decision)[-1].reason == (
        "Not awarded yet because 1 of 2 parts are there (what is too old does not count); missing: Course."
    )
    tell(campus, one, statement(2, "urn:x:a", day=12))
    assert campus.only(tables.Award).awarded_at == datetime(2026, 5, 18, 12, tzinfo=UTC)


def test_a_rule_that_comes_later_gets_the_badges_before_it_by_its_back_fill(campus: Campus) -> None:
    source = earned(campus, "a", "b")
    tell(campus, source, statement(1, "urn:x:a"), statement(2, "urn:x:b"))
    assert [row.type for row in campus.all(tables.LearningEvent)] == [f"{VERBS}passed"] * 2, "nothing is written while no rule listens"
    campus.new_achievement("diploma")
    row = campus.add_rule({"parts": {"of": [{"badge": "a"}, {"badge": "b"}]}}, achievement="diploma")
    assert badges(campus, "diploma") == []
    for _ in range(2):
        back_fill(campus, row)
    assert [award.state for award in badges(campus, "diploma")] == ["issued"]


def test_nothing_is_told_where_no_rule_of_the_issuer_asks_for_badges(campus: Campus) -> None:
    campus.issued()
    with campus.reading() as session:
        assert not echoing.listens(session)
        assert echoing.source(session, campus.issuer().id) is None
    stack(campus, "a")
    with campus.writing() as session:
        announcing.issued(session, campus.issuer(), [], site=campus.site, now=campus.now)
    assert not [job for job in campus.all(tables.Job) if job.kind == echoing.TELL]


# --- what a rule cannot be


def test_a_part_that_there_is_not_is_refused_with_its_place(campus: Campus) -> None:
    campus.new_issuer("other")
    foreign = campus.connect("theirs", adapter="xapi", signature={"scheme": "none", "accept_unsigned": True}, issuer="other")
    of_parts = [{"badge": "nothing"}, {"badge": "welding"}, {"when": ANY, "source": "nothing"}, {"when": ANY, "source": foreign.slug}]
    with pytest.raises(problem.Invalid) as caught:
        campus.add_rule({"parts": {"of": of_parts}})
    places = [finding.pointer for finding in caught.value.findings]
    assert places == ["/parts/of/0/badge", "/parts/of/1/badge", "/parts/of/2/source", "/parts/of/3/source"]
    with pytest.raises(problem.Invalid, match="Name the source"):
        campus.add_rule({"when": ANY})
    with pytest.raises(problem.Invalid, match="no result description “#nothing”"):
        campus.add_rule({"when": ANY, "mapping": {"results": [{"result": "#nothing"}]}}, lrs(campus))
    assert campus.all(tables.Rule) == []


# --- changed, tried, put before what came earlier


def test_a_changed_rule_holds_from_then_on_and_for_earlier_events_by_its_back_fill(campus: Campus) -> None:
    source = lrs(campus)
    row = campus.add_rule({"when": of("urn:x:a")}, source)
    tell(campus, source, statement(1, "urn:x:b"), statement(2, "urn:x:b", day=2, email="lee@example.org"))
    said = rule.parse({"when": of("urn:x:b")})
    with campus.reading() as session:
        found = ruling.preview(session, said, source=source, issuer_id=source.issuer_id, now=campus.now)
        assert (found.events, found.fired, found.learners, found.is_all) == (2, 2, 2, True)
        none = ruling.preview(session, rule.parse({"when": of("urn:x:c")}), source=source, issuer_id=source.issuer_id, now=campus.now)
    assert (none.fired, none.reasons) == (
        0, (('Not awarded because item is "urn:x:b"; it should equal "urn:x:c".', 2),),
    )  # fmt: skip
    campus.pass_time(minutes=1)
    with campus.writing() as session:
        changed = ruling.change(session, ruling.find(session, row.id), state=None, said=said, now=campus.now)
        assert changed.revision == 2
    campus.work()
    assert campus.all(tables.Award) == []
    for _ in range(2):
        assert back_fill(campus, row) == 2
    assert [award.state for award in campus.all(tables.Award)] == ["issued", "issued"]
    decisions = [(decision.revision, decision.outcome) for decision in campus.all(tables.Decision)]
    assert decisions == [(1, "not_awarded")] * 2 + [(2, "awarded")] * 2


def test_a_back_fill_since_a_moment_leaves_what_came_before(campus: Campus) -> None:
    source = lrs(campus)
    tell(campus, source, statement(1, "urn:x:a"))
    campus.pass_time(hours=1)
    since = campus.now
    tell(campus, source, statement(2, "urn:x:a", email="lee@example.org"))
    row = campus.add_rule({"when": of("urn:x:a")}, source)
    assert back_fill(campus, row, since=since) == 1
    assert campus.only(tables.Award).claims["email"] == "lee@example.org"
    with campus.writing() as session:
        found = ruling.change(session, ruling.find(session, row.id), state="disabled", said=None, now=campus.now)
        with pytest.raises(problem.Conflict, match="rests"):
            ruling.begin_backfill(session, found, since=None, now=campus.now)


def test_the_parts_of_a_rule_do_not_change(campus: Campus) -> None:
    row = campus.add_rule({"parts": {"of": [{"when": of("urn:x:a")}]}}, lrs(campus))
    with campus.writing() as session, pytest.raises(problem.Conflict, match="make another"):
        ruling.change(session, ruling.find(session, row.id), state=None, said=rule.parse({"when": ANY}), now=campus.now)
    with campus.writing() as session:
        said = rule.parse(row.document | {"policy": {"approvals": 1}})
        assert ruling.change(session, ruling.find(session, row.id), state=None, said=said, now=campus.now).revision == 2


# --- approvals, holds, scopes


def actor(campus: Campus, name: str) -> access.Actor:
    with campus.writing() as session:
        row, _ = access.create(session, name, role="reviewer", now=campus.now)
        return access.Actor(row.id, name, "reviewer")


def test_two_people_have_to_agree_and_no_token_twice(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": {"approvals": 2}}, source)
    tell(campus, source, statement(1))
    award = campus.only(tables.Award)
    assert (award.state, campus.only(tables.Decision).outcome) == ("needs_approval", "needs_approval")
    assert award.reason == "Before it is issued, 2 people have to agree."
    one = actor(campus, "one")
    with campus.writing() as session:
        other = access.person(enrolling.create(session, "other@example.org", name="Other", role="reviewer", now=campus.now))
    for who in (one, one, other):
        with campus.writing() as session:
            row = issuing.find(session, award.uuid)
            agreed = [item.actor for item in approving.approvals(session, row)]
            if who.name in agreed:
                with pytest.raises(problem.Conflict, match="have agreed"):
                    approving.approve(session, row, actor=who, note="Seen.", randomness=campus.randomness, now=campus.now)
            else:
                approving.approve(session, row, actor=who, note="Seen.", randomness=campus.randomness, now=campus.now)
        campus.work()
    assert campus.only(tables.Award).state == "issued"
    with campus.writing() as session, pytest.raises(problem.Conflict, match="Nobody has to agree"):
        approving.refuse(session, issuing.find(session, award.uuid), actor=one, note="x")


def test_one_refusal_ends_it(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": {"approvals": 1}}, source)
    tell(campus, source, statement(1))
    who, award = actor(campus, "one"), campus.only(tables.Award)
    with campus.writing() as session:
        approving.refuse(session, issuing.find(session, award.uuid), actor=who, note="Copied.")
    campus.work()
    assert (campus.only(tables.Award).state, campus.only(tables.Award).reason) == ("cancelled", "Refused by one: Copied.")
    assert campus.all(tables.Credential) == []


def test_what_is_held_is_issued_when_its_moment_has_come(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": {"hold_days": 2}}, source)
    tell(campus, source, statement(1))
    award = campus.only(tables.Award)
    assert (award.state, award.held_until) == ("on_hold", campus.now + timedelta(days=2))
    campus.pass_time(days=1, hours=23)
    campus.work()
    assert campus.only(tables.Award).state == "on_hold"
    campus.pass_time(hours=1)
    campus.work()
    issued = campus.only(tables.Award)
    assert (issued.state, issued.valid_from) == ("issued", campus.now)


def held_in_doubt(campus: Campus) -> tables.Source:
    """Have an award's moment come while what earned it is in doubt."""
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": {"hold_days": 1}}, source)
    tell(campus, source, statement(1), statement(2, verb="failed", day=2))
    campus.pass_time(days=2)
    campus.work()
    return source


def test_what_is_in_doubt_is_not_issued_when_its_moment_comes_but_when_somebody_keeps_it(campus: Campus) -> None:
    held_in_doubt(campus)
    review = campus.only(tables.Review)
    assert (campus.only(tables.Award).state, review.state) == ("on_hold", "open")
    with campus.writing() as session:
        row = reviewing.find(session, review.id)
        reviewing.resolve(session, row, resolution="kept", note="Fine.", actor="x", randomness=campus.randomness, now=campus.now)
    campus.work()
    assert campus.only(tables.Award).state == "issued"


@pytest.mark.parametrize(
    ("policy", "mapping", "scopes"),
    [
        ({"scope": "run"}, {}, ["run:one", "run:two"]),
        ({"scope": "term"}, {"term": {"field": "run"}}, ["term:one", "term:two"]),
        ({"scope": "once"}, {}, ["once"]),
    ],
)
def test_the_scope_says_how_often_a_learner_may_have_it(
    campus: Campus, policy: dict[str, Any], mapping: dict[str, Any], scopes: list[str]
) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": policy, "mapping": mapping}, source)
    for place, run in enumerate(["one", "two", "one"]):
        tell(campus, source, statement(place, day=place + 1, context={"registration": run}))
    tell(campus, source, statement(7, day=7))
    assert sorted(award.scope for award in campus.all(tables.Award)) == scopes
    if policy["scope"] != "once":
        assert f"names no {policy['scope']}" in campus.all(tables.Decision)[-1].reason
    if policy["scope"] == "term":
        terms = {document.parse(row.document)["credentialSubject"]["term"] for row in campus.all(tables.Credential)}
        assert terms == {"one", "two"}


def test_what_can_be_renewed_is_awarded_again_after_its_time(campus: Campus) -> None:
    source = lrs(campus)
    campus.now = datetime(2026, 6, 1, tzinfo=UTC)
    campus.add_rule({"when": ANY, "policy": {"scope": "renewable", "renew_after_days": 7, "valid_days": 3650}}, source)
    for place, day in enumerate((1, 3, 8, 14, 15)):
        tell(campus, source, statement(place, day=day))
    awards = campus.all(tables.Award)
    assert [award.scope for award in awards] == ["since:2026-05-01", "since:2026-05-08", "since:2026-05-15"]
    assert awards[0].valid_until == datetime(2026, 5, 1, 12, tzinfo=UTC) + timedelta(days=3650)


def test_a_badge_that_would_be_over_is_not_awarded_and_says_so(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": {"valid_days": 1}}, source)
    tell(campus, source, statement(1, day=1))
    assert campus.all(tables.Award) == []
    assert "would end before it begins" in campus.only(tables.Decision).reason
    assert campus.only(tables.Delivery).state == "processed"


# --- results, and what is offered later

RAW: dict[str, Any] = {"result": "#score", "take": {"field": "result.raw"}}
SCORE: dict[str, Any] = {"results": [{"result": "#score"}]}


def scored(identifier: int, scaled: float, *, day: int = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return statement(identifier, day=day, result={"score": {"scaled": scaled}}, **more)


def result_of(campus: Campus, award: tables.Award) -> str:
    badge = next(row for row in campus.all(tables.Credential) if row.award_id == award.id)
    (result,) = document.parse(badge.document)["credentialSubject"]["result"]
    return str(result["value"])


def test_a_raised_grade_is_offered_as_another_badge_in_the_place_of_the_first(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "mapping": SCORE | {"license_prefix": "W-", "activity_dates": True}}, source)
    tell(campus, source, scored(1, 0.7), scored(2, 0.9, day=2))
    first = campus.only(tables.Award)
    assert result_of(campus, first) == "70"
    review = campus.only(tables.Review)
    assert (review.kind, review.reason) == ("result", "The result is another one now: 70 in the badge, 90 now.")
    with campus.writing() as session:
        row = reviewing.find(session, review.id)
        reviewing.resolve(session, row, resolution="reissued", note="Raised.", actor="x", randomness=campus.randomness, now=campus.now)
    campus.work()
    old, new = campus.all(tables.Award)
    assert (old.scope, new.scope, new.state, result_of(campus, new)) == ("once~1", "once", "issued", "90")
    assert {row.credential_uuid for row in campus.all(tables.StatusEntry) if row.is_set} == {old.credential_uuid}
    subject = document.parse(campus.all(tables.Credential)[-1].document)["credentialSubject"]
    assert subject["licenseNumber"].startswith("W-")
    assert subject["activityEndDate"] == "2026-05-02T12:00:00Z"
    assert campus.verify(campus.all(tables.Credential)[-1].document).outcome.name == "VALID"
    tell(campus, source, scored(3, 0.9, day=3), voiding(4, 3), voiding(5, 2), voiding(6, 1))
    reviews = [(row.award_id, row.kind, row.state) for row in campus.all(tables.Review)][1:]
    assert reviews == [(new.id, "result", "kept"), (new.id, "voided", "open")], "what is offered falls with what it rests upon"


def test_what_waits_says_the_newest_result_when_it_is_issued(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "mapping": SCORE, "policy": {"hold_days": 1}}, source)
    tell(campus, source, scored(1, 0.7), scored(2, 0.9, day=2), scored(3, 0.8, day=1))
    campus.pass_time(days=1)
    campus.work()
    assert result_of(campus, campus.only(tables.Award)) == "90"
    assert campus.all(tables.Review) == []


def test_a_result_that_does_not_fit_waits_for_a_person(campus: Campus) -> None:
    source = campus.connect_native()
    campus.add_rule({"when": {"all": [{"field": "type", "op": "exists"}]}, "mapping": SCORE}, source)
    payload = {
        "type": "learner.course.completed",
        "timestamp": "2026-05-20T14:01:31Z",
        "data": {"learner": {"id": "4211", "email": ASHA}, "result": {"score": 48, "max": 40}, "completed_at": "2026-05-20T14:01:31Z"},
    }
    campus.receive(source, *campus.webhook(payload))
    campus.work()
    award = campus.only(tables.Award)
    assert (award.state, award.approvals) == ("needs_approval", 1)
    assert "more than the most of 100" in str(award.reason)
    who = actor(campus, "one")
    with campus.writing() as session:
        row = issuing.find(session, award.uuid)
        approving.approve(session, row, actor=who, note="Without it.", randomness=campus.randomness, now=campus.now)
    campus.work()
    assert campus.only(tables.Award).state == "issued"
    assert "result" not in document.parse(campus.only(tables.Credential).document)["credentialSubject"]


def test_a_revoked_badge_that_is_earned_again_is_offered_anew(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY}, source)
    tell(campus, source, statement(1))
    campus.revoke(campus.only(tables.Award).credential_uuid)
    tell(campus, source, statement(2, day=2))
    assert campus.all(tables.Review) == [], "what happened before the revocation earns nothing anew"
    campus.pass_time(days=5)
    tell(campus, source, statement(3, day=25))
    review = campus.only(tables.Review)
    assert review.kind == "earned"
    with campus.writing() as session:
        row = reviewing.find(session, review.id)
        reviewing.resolve(session, row, resolution="reissued", note="Again.", actor="x", randomness=campus.randomness, now=campus.now)
    campus.work()
    assert [row.state for row in campus.all(tables.Award)] == ["issued", "issued"]
    assert len([row for row in campus.all(tables.StatusEntry) if row.is_set]) == 1


def test_a_rule_may_say_that_a_badge_is_revoked_at_once(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": {"on_loss": "revoke"}}, source)
    tell(campus, source, statement(1), voiding(2, 1))
    review = campus.only(tables.Review)
    assert (review.state, review.closed_by, review.note) == ("revoked", "badgeissuer", "The rule says so.")
    assert campus.only(tables.StatusEntry).is_set


def test_what_was_cancelled_by_its_rule_goes_on_when_it_is_earned_again(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": {"on_loss": "revoke", "hold_days": 1}}, source)
    tell(campus, source, statement(1), voiding(2, 1))
    assert campus.only(tables.Award).state == "cancelled"
    tell(campus, source, statement(3, day=3))
    campus.pass_time(days=2)
    campus.work()
    assert campus.only(tables.Award).state == "issued"


# --- grounds


def test_an_award_rests_on_every_item_and_source_that_earns_it(campus: Campus) -> None:
    one, other = lrs(campus), lrs(campus, "moodle")
    for source in (one, other):
        campus.add_rule({"when": ANY}, source)
    tell(campus, one, statement(1, "urn:x:a"), statement(2, "urn:x:b"))
    tell(campus, other, statement(3, "urn:x:c"))
    tell(campus, one, voiding(4, 1), statement(5, "urn:x:b", verb="failed", day=3))
    assert campus.all(tables.Review) == []
    tell(campus, other, voiding(6, 3))
    assert campus.only(tables.Review).kind == "voided"
    tell(campus, one, statement(7, "urn:x:b", day=5))
    assert campus.only(tables.Review).state == "kept"


_said = st.lists(st.tuples(st.sampled_from(["one", "two"]), st.sampled_from("ab"), st.booleans()), min_size=1, max_size=5)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_said, st.data())
def test_over_items_sources_and_rules_the_badges_without_a_review_depend_on_the_facts_alone(
    anew: Anew, said: list[tuple[str, str, bool]], data: st.DataObject
) -> None:
    """In any order, repeated, and with work done at any moment: a badge stands where the newest that was said of an item is good."""
    with anew() as campus:
        campus.now = datetime(2026, 6, 1, tzinfo=UTC)
        sources = {slug: lrs(campus, slug) for slug in ("one", "two")}
        for source in sources.values():
            campus.add_rule({"when": ANY}, source)
        events = [
            (slug, statement(place, f"urn:x:{item}", verb="passed" if passed else "failed", day=place + 1))
            for place, (slug, item, passed) in enumerate(said)
        ]
        voided = data.draw(st.sets(st.sampled_from(range(len(said)))))
        events += [(said[place][0], voiding(50 + place, place)) for place in voided]
        order = data.draw(st.permutations(events)) + data.draw(st.lists(st.sampled_from(events), max_size=3))
        for slug, one in order:
            campus.receive(sources[slug], json.dumps(one).encode())
            if data.draw(st.booleans()):
                campus.work()
        campus.work()
        newest = {(slug, item): passed for place, (slug, item, passed) in enumerate(said) if place not in voided}
        with campus.reading() as session:
            clean = [
                award for award in campus.all(tables.Award) if not any(row.state == "open" for row in reviewing.of_award(session, award))
            ]
        assert len(campus.all(tables.Award)) <= 1
        assert len(clean) == (1 if any(newest.values()) else 0)


def test_what_stands_of_many_items_is_what_stands_of_each(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY}, source)
    said = [statement(place, f"urn:x:{place % 7}", verb="failed" if place % 3 else "passed", day=place + 1) for place in range(14)]
    tell(campus, source, *said, *(voiding(50 + place, place, day=20) for place in (0, 8, 13)))
    with campus.reading() as session:
        events = [row for row in session.scalars(select(tables.LearningEvent)) if row.voids is None]
        each = {row.id for event in events for row in standing.of(session, event)}
        assert standing.among(session, events) == each
        assert standing.among(session, events[:2]) == {row.id for event in events[:2] for row in standing.of(session, event)}
        assert 0 < len(each) < len(events)


def test_what_waits_goes_on_when_its_result_fits_after_all(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": {"all": [{"field": "result.raw", "op": "ge", "value": 1}]}, "mapping": {"results": [RAW]}}, source)
    tell(campus, source, statement(1, result={"score": {"raw": 900}}))
    assert campus.only(tables.Award).state == "needs_approval"
    tell(campus, source, statement(2, day=2, result={"score": {"raw": 90}}))
    assert campus.only(tables.Award).state == "issued"
    assert result_of(campus, campus.only(tables.Award)) == "90"


def test_passed_and_failed_of_one_attempt_replace_each_other_but_not_those_of_another(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY}, source)
    first, second = {"registration": "one"}, {"registration": "two"}
    tell(campus, source, statement(1, context=first), statement(2, verb="failed", day=2, context=second))
    assert campus.all(tables.Review) == []
    tell(campus, source, statement(3, verb="failed", day=3, context=first))
    assert campus.only(tables.Review).kind == "changed"


def test_a_statement_without_an_id_is_voided_by_the_id_that_was_answered(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY}, source)
    nameless = statement(1)
    del nameless["id"]
    tell(campus, source, nameless)
    answered = campus.only(tables.LearningEvent).key
    tell(campus, source, voiding(2, 1) | {"object": {"objectType": "StatementRef", "id": answered}})
    assert campus.only(tables.Review).kind == "voided"


def test_a_large_delivery_is_decided_on_in_chunks_that_resume(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badgeissuer.intake.processing.CHUNK", 3)
    source = lrs(campus)
    campus.add_rule({"when": ANY}, source)
    many = [statement(place, email=f"learner{place}@example.org") for place in range(8)]
    campus.receive(source, json.dumps(many).encode())
    hand = campus.worker()
    hand.do_one()
    assert len(campus.all(tables.Award)) == 3
    assert campus.only(tables.Delivery).state == "received"
    campus.work()
    assert [award.state for award in campus.all(tables.Award)] == ["issued"] * 8
    assert campus.only(tables.Delivery).state == "processed"


def test_deliveries_that_wait_are_decided_on_together_and_no_more_than_a_chunk_of_them(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("badgeissuer.intake.processing.CHUNK", 4)
    one, other = lrs(campus), lrs(campus, "moodle")
    campus.new_achievement("splicing")
    for source, achievement in ((one, "welding"), (other, "splicing")):
        campus.add_rule({"when": ANY}, source, achievement=achievement)
    said = [statement(place, email=f"learner{place % 5}@example.org", day=place + 1) for place in range(9)]
    for source, some in ((one, said[:3]), (other, said[3:6]), (one, [said[2], *said[6:]]), (one, said[:1])):
        campus.receive(source, json.dumps(some).encode())
    hand = campus.worker()
    assert hand.do_one()
    assert [row.state for row in campus.all(tables.Delivery)] == ["processed", "received", "received", "received"]
    assert [row.source_id for row in campus.all(tables.LearningEvent)] == [one.id] * 3 + [other.id]
    campus.work()
    assert {row.state for row in campus.all(tables.Delivery)} == {"processed"}
    assert len(campus.all(tables.LearningEvent)) == 9
    events = {row.id: row for row in campus.all(tables.LearningEvent)}
    earned = {(events[row.learning_event_id].source_id, row.claims["email"]) for row in campus.all(tables.Award)}
    expected = {(one.id, f"learner{place % 5}@example.org") for place in (0, 1, 2, 6, 7, 8)}
    assert earned == expected | {(other.id, f"learner{place % 5}@example.org") for place in (3, 4, 5)}
    assert {row.state for row in campus.all(tables.Award)} == {"issued"}


def test_what_is_earned_and_taken_back_in_the_same_transaction_is_not_issued(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": {"on_loss": "revoke"}}, source)
    campus.receive(source, json.dumps(statement(1)).encode())
    campus.receive(source, json.dumps(voiding(2, 1)).encode())
    campus.work()
    assert (campus.all(tables.Award), campus.all(tables.Credential)) == ([], [])
    assert [row.outcome for row in campus.all(tables.Decision)] == ["not_awarded"] * 2


def test_the_source_of_our_own_badges_is_not_set_up_and_takes_nothing_from_outside(campus: Campus) -> None:
    stack(campus, "a")
    source = next(row for row in campus.all(tables.Source) if row.adapter == echoing.ADAPTER)
    with campus.writing() as session, pytest.raises(problem.Conflict, match="issued here"):
        connecting.change_source(session, session.get_one(tables.Source, source.id), {"state": "disabled"})
    with pytest.raises(problem.Unauthenticated):
        campus.receive(source, b'{"type": "badge.issued"}')
    with campus.writing() as session:
        fault, delivery = problem.Unauthenticated("x"), intake.Rejected({}, b"x")
        intake.note_rejected(session, source.hook_key, fault, status=401, delivery=delivery, now=campus.now)
    assert campus.all(tables.Rejection) == []
    values = {"slug": "mine", "name": "x", "adapter": "badges", "signature": {"scheme": "none", "accept_unsigned": True}}
    with campus.writing() as session, pytest.raises(problem.Invalid, match="no adapter 'badges'"):
        connecting.connect(session, campus.issuer(), values, token=campus.randomness.token, now=campus.now)


# --- what a reviewer found


def native_event(number: int, score: float, *, most: float = 40, day: int = 1) -> dict[str, Any]:
    at = f"2026-05-{day:02d}T12:00:00Z"
    data = {"event_id": f"e-{number}", "learner": {"id": "4211", "email": ASHA}, "course": {"id": "7"}, "completed_at": at}
    return {"type": "learner.course.completed", "timestamp": at, "data": data | {"result": {"score": score, "max": most}}}


def test_a_number_without_measure_stops_no_other_rule(campus: Campus) -> None:
    source = campus.connect_native()
    campus.new_achievement("brazing")
    every: dict[str, Any] = {"all": [{"field": "type", "op": "exists"}]}
    campus.add_rule({"when": every, "mapping": {"results": [RAW]}}, source)
    campus.add_rule({"when": every}, source, achievement="brazing")
    campus.receive(source, *campus.webhook(native_event(1, 1e26)))
    campus.work()
    assert campus.only(tables.Delivery).state == "processed"
    assert sorted(row.state for row in campus.all(tables.Award)) == ["issued", "needs_approval"]


def test_what_was_held_in_doubt_goes_on_when_the_doubt_falls_away(campus: Campus) -> None:
    source = held_in_doubt(campus)
    assert campus.only(tables.Award).state == "on_hold"
    tell(campus, source, voiding(3, 2))
    assert (campus.only(tables.Review).state, campus.only(tables.Award).state) == ("kept", "issued")


def test_a_revoked_badge_is_no_part_by_a_back_fill(campus: Campus) -> None:
    source = earned(campus, "a", "b")
    tell(campus, source, statement(1, "urn:x:a"), statement(2, "urn:x:b"))
    campus.revoke(badges(campus, "a")[0].credential_uuid)
    campus.new_achievement("diploma")
    row = campus.add_rule({"parts": {"of": [{"badge": "a"}, {"badge": "b"}]}}, achievement="diploma")
    back_fill(campus, row)
    assert badges(campus, "diploma") == []


@pytest.mark.parametrize("what", ["part", "grade"])
def test_what_is_taken_back_while_the_rule_rests_opens_a_review(campus: Campus, what: str) -> None:
    source = stack(campus, "a")
    tell(campus, source, statement(1, "urn:x:a"))
    (diploma,) = badges(campus, "diploma")
    with campus.writing() as session:
        for row in session.scalars(select(tables.Rule)).all():
            ruling.change(session, row, state="disabled", said=None, now=campus.now)
    if what == "part":
        campus.revoke(badges(campus, "a")[0].credential_uuid)
        campus.work()
        assert campus.only(tables.Review).award_id == diploma.id
    else:
        tell(campus, source, statement(2, "urn:x:a", verb="failed", day=2))
        assert campus.only(tables.Review).kind == "changed"


def test_a_part_that_is_issued_anew_costs_nobody_the_whole(campus: Campus) -> None:
    source = lrs(campus)
    campus.new_achievement("a")
    campus.add_rule({"when": ANY, "mapping": SCORE}, source, achievement="a")
    campus.new_achievement("diploma")
    campus.add_rule({"parts": {"of": [{"badge": "a"}]}, "policy": {"on_loss": "revoke"}}, achievement="diploma")
    tell(campus, source, scored(1, 0.7), scored(2, 0.9, day=2))
    with campus.writing() as session:
        (review,) = session.scalars(select(tables.Review)).all()
        reviewing.resolve(session, review, resolution="reissued", note="x", actor="x", randomness=campus.randomness, now=campus.now)
    campus.work()
    campus.pass_time(seconds=6)
    campus.work()
    (diploma,) = badges(campus, "diploma")
    revoked = {row.credential_uuid for row in campus.all(tables.StatusEntry) if row.is_set}
    assert len(revoked) == 1
    assert diploma.credential_uuid not in revoked


def test_what_a_rule_revoked_is_offered_again_when_it_is_earned_whenever_that_was(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "policy": {"on_loss": "revoke"}}, source)
    tell(campus, source, statement(1), statement(2, verb="failed", day=2), statement(3, day=3))
    assert [(row.kind, row.state) for row in campus.all(tables.Review)] == [("changed", "revoked"), ("earned", "open")]


def test_what_is_offered_is_not_issued_once_it_is_taken_back(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "mapping": SCORE}, source)
    tell(campus, source, scored(1, 0.7), scored(2, 0.9, day=2))
    offer = campus.only(tables.Review)
    tell(campus, source, voiding(3, 2))
    assert campus.only(tables.Review).state == "kept"
    with campus.writing() as session:
        row = reviewing.find(session, offer.id)
        row.state = "open"
    how = {"resolution": "reissued", "note": "x", "actor": "x", "randomness": campus.randomness, "now": campus.now}
    with campus.writing() as session, pytest.raises(problem.Conflict, match="something else since"):
        reviewing.resolve(session, reviewing.find(session, offer.id), **how)  # type: ignore[arg-type]


def test_a_result_that_is_taken_back_is_not_issued(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "mapping": SCORE, "policy": {"hold_days": 1}}, source)
    tell(campus, source, scored(1, 0.7), scored(2, 0.9, day=2), voiding(3, 2))
    campus.pass_time(days=2)
    campus.work()
    assert result_of(campus, campus.only(tables.Award)) == "70"


def test_what_was_deleted_excludes_nobody_and_earns_nothing(campus: Campus) -> None:
    source = lrs(campus)
    tell(campus, source, statement(1, context={"platform": "audit"}))
    with campus.writing() as session:
        session.scalars(select(tables.Delivery)).one().payload = b""
    row = campus.add_rule({"when": {"none": [{"path": "context.platform", "op": "eq", "value": "audit"}]}}, source)
    back_fill(campus, row)
    assert campus.all(tables.Award) == []
    assert "not kept any more" in campus.only(tables.Decision).reason


def test_activity_closes_no_review(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY}, source)
    tell(campus, source, statement(1), statement(2, verb="failed", day=2))
    many = [statement(100 + place, verb="experienced", day=3) for place in range(standing.MOST_SAID + 1)]
    tell(campus, source, *(many[at : at + 50] for at in range(0, len(many), 50)))  # type: ignore[arg-type]
    assert campus.only(tables.Review).state == "open"


def test_what_failed_and_is_in_doubt_is_not_tried_again(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY}, source)
    tell(campus, source, statement(1))
    with campus.writing() as session:
        session.scalars(select(tables.Award)).one().state = "failed"
    tell(campus, source, voiding(2, 1))
    with campus.writing() as session, pytest.raises(problem.Conflict, match="in doubt"):
        issuing.retry(session, session.scalars(select(tables.Award)).one(), randomness=campus.randomness, now=campus.now)


def test_one_question_is_open_at_a_time(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "mapping": SCORE}, source)
    tell(campus, source, *(scored(place, 0.5 + place / 10, day=place + 1) for place in range(4)))
    review = campus.only(tables.Review)
    assert review.reason == "The result is another one now: 50 in the badge, 80 now."


def test_what_people_agreed_to_is_what_is_issued(campus: Campus) -> None:
    source = lrs(campus)
    campus.add_rule({"when": ANY, "mapping": SCORE, "policy": {"approvals": 2}}, source)
    tell(campus, source, scored(1, 0.5))
    who, award = actor(campus, "one"), campus.only(tables.Award)
    with campus.writing() as session:
        row = issuing.find(session, award.uuid)
        approving.approve(session, row, actor=who, note="x", randomness=campus.randomness, now=campus.now)
    tell(campus, source, scored(2, 1.0, day=2))
    assert campus.all(tables.Approval) == []
    assert campus.only(tables.Award).state == "needs_approval"


@pytest.mark.parametrize("order", [(1, 3), (3, 1)])
def test_what_comes_late_is_no_other_renewal(campus: Campus, order: tuple[int, int]) -> None:
    source = lrs(campus)
    campus.now = datetime(2026, 6, 1, tzinfo=UTC)
    campus.add_rule({"when": ANY, "policy": {"scope": "renewable", "renew_after_days": 365}}, source)
    tell(campus, source, *(statement(day, f"urn:x:{day}", day=day) for day in order))
    assert len(campus.all(tables.Award)) == 1


def test_how_often_a_rule_awards_does_not_change(campus: Campus) -> None:
    row = campus.add_rule({"when": ANY}, lrs(campus))
    said = rule.parse({"when": ANY, "policy": {"scope": "run"}})
    with campus.writing() as session, pytest.raises(problem.Conflict, match="make another"):
        ruling.change(session, ruling.find(session, row.id), state=None, said=said, now=campus.now)


def test_two_halves_of_a_stack_are_a_whole_once_their_learners_are_one(campus: Campus) -> None:
    source = stack(campus, "a", "b")
    tell(campus, source, statement(1, "urn:x:a"), statement(2, "urn:x:b", email="asha@home.example"))
    one, other = (row.learner_id for name in "ab" for row in badges(campus, name))
    by = identifying.By("registrar", "One person.", campus.now)
    with campus.writing() as session:
        merging.merge(session, other, into=one, by=by, randomness=campus.randomness)
    campus.work()
    assert [row.state for row in badges(campus, "diploma")] == ["issued"]
