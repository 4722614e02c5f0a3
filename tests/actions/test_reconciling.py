"""What a list of completions and the awards differ in, and the missing handed in; on a campus whose Moodle delivers at most once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from badgeissuer import authoring, connecting, explaining, intake, problem, reconciling, rostering, ruling
from badgeissuer.awarding import completion
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus

COMPLETED = "\\core\\event\\course_completed"
LIST = b"""id,e-mail,name,completed
5,asha@example.org,Asha Rao,2026-05-19 10:00
6,bo@example.org,Bo,2026-05-19 11:00
7,,Cy,2026-05-19 12:00
8,dee@example.org,Dee,
"""


@pytest.fixture
def moodle(campus: Campus) -> tables.Source:
    """A Moodle with local_webhooks, and a rule for its course 77."""
    source = campus.connect("moodle", adapter="moodle", signature={"scheme": "body_token", "secrets": ["s" * 32]})
    tree = {"all": [{"field": "type", "op": "eq", "value": COMPLETED}, {"field": "course", "op": "eq", "value": "77"}]}
    campus.add_rule({"when": tree}, source)
    return source


def deliver(campus: Campus, source: tables.Source, learner: int, *, course: int = 77, **more: object) -> None:
    body = {"eventname": COMPLETED, "relateduserid": learner, "userid": 2, "courseid": course, "timecreated": 1779184800, "token": "s" * 32}
    campus.receive(source, json.dumps(body | more).encode(), {"content-type": "application/json"})
    campus.work()


def listed(content: bytes = LIST, **more: Any) -> list[completion.Completion]:  # noqa: ANN401 - members of what is asked
    return reconciling.read([content], rostering.Asked(**more))


def compared(campus: Campus, content: bytes = LIST, *, course: str = "77") -> reconciling.Difference:
    with campus.reading() as session:
        return reconciling.compare(session, reconciling.course(session, "moodle", "welding", name=course), listed(content))


def feed(campus: Campus, content: bytes = LIST) -> int:
    with campus.writing() as session:
        what = reconciling.course(session, "moodle", "welding", name="77")
        missing = reconciling.compare(session, what, listed(content)).missing
        new = reconciling.feed(session, what, missing, actor="Registrar", now=campus.now)
    campus.work()
    return new


def labels(items: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - missing or unfinished
    return [(item.completion.label, item.reason) for item in items]


def test_what_got_lost_on_the_way_is_found_and_goes_before_the_rules(campus: Campus, moodle: tables.Source) -> None:
    deliver(campus, moodle, 5)
    deliver(campus, moodle, 9)
    before = compared(campus)
    assert (before.listed, before.has, before.extra) == (3, 0, ())
    assert labels(before.missing) == [("bo@example.org", "No event about them has come."), ("7", "No event about them has come.")]
    assert [item.completion.label for item in before.unfinished] == ["asha@example.org"], "the sender gives no address"
    assert "waits for an address" in before.unfinished[0].reason
    assert feed(campus) == 1
    after = compared(campus)
    assert (after.has, after.missing) == (1, ())
    assert [item.completion.label for item in after.unfinished] == ["asha@example.org", "7"]
    (award,) = [row for row in campus.all(tables.Award) if row.state == "issued"]
    assert (award.claims["email"], award.source_id, award.awarded_at.hour) == ("bo@example.org", moodle.id, 11)
    marked = [row for row in campus.all(tables.Delivery) if completion.RECONCILED in row.headers]
    assert [(row.headers[completion.RECONCILED], row.state) for row in marked] == [("Registrar", "processed")]
    with campus.reading() as session:
        assert explaining.explain(session, "bo@example.org").summary == "They have the badge."


def test_the_same_list_again_does_nothing(campus: Campus, moodle: tables.Source) -> None:
    everybody = listed()
    for _ in range(3):
        with campus.writing() as session:
            what = reconciling.course(session, "moodle", "welding", name="77")
            missing = [reconciling.Missing(item, "", None) for item in everybody]
            reconciling.feed(session, what, missing, actor="Registrar", now=campus.now)
        campus.work()
    counts = [len(campus.all(table)) for table in (tables.Delivery, tables.LearningEvent, tables.Decision, tables.Award)]
    assert counts == [1, 3, 3, 3]
    delivery = campus.only(tables.Delivery)
    assert delivery.repeats == 2
    with campus.writing() as session:
        intake.replay(session, delivery.id, now=campus.now)
    campus.work()
    assert len(campus.all(tables.LearningEvent)) == 3, "it is read again as what it is"
    deliver(campus, moodle, 6, timecreated=1779188400)
    assert len(campus.all(tables.Award)) == 3, "the event that came after all earns nothing more"


def test_the_rules_decide_and_say_why(campus: Campus, moodle: tables.Source) -> None:
    with campus.writing() as session:
        ruling.change(session, session.scalars(select(tables.Rule)).one(), state="disabled", said=None, now=campus.now)
    tree = {"all": [{"field": "type", "op": "eq", "value": COMPLETED}, {"field": "result.scaled", "op": "ge", "value": 0.6}]}
    campus.add_rule({"when": tree}, moodle)
    content = b"id,e-mail,score,max\n5,a@example.org,35,40\n6,b@example.org,3,40\n"
    assert feed(campus, content) == 1
    after = compared(campus, content)
    assert (after.has, [item.completion.label for item in after.missing]) == (1, ["b@example.org"])
    assert "0.075" in after.missing[0].reason or "result.scaled" in after.missing[0].reason, after.missing[0].reason
    assert feed(campus, content) == 1, "another delivery, and no new event"
    assert len(campus.all(tables.LearningEvent)) == 2


def test_who_has_a_badge_and_is_not_on_the_list_is_told_and_kept(campus: Campus, moodle: tables.Source) -> None:
    feed(campus)
    found = compared(campus, b"id\n7\n")
    assert {row.claims["email"] for row in found.extra} == {"bo@example.org", "asha@example.org"}
    assert all(row.source_id == moodle.id for row in found.extra)
    assert compared(campus, b"id\n7\n", course="78").extra == ()


def test_a_badge_that_was_revoked_is_no_badge(campus: Campus, moodle: tables.Source) -> None:
    feed(campus, b"e-mail,completed\nbo@example.org,2026-05-19\n")
    award = campus.only(tables.Award)
    assert campus.revoke(award.credential_uuid)
    found = compared(campus, b"e-mail,completed\nbo@example.org,2026-05-19\n")
    assert (found.has, found.missing, labels(found.unfinished)) == (0, (), [("bo@example.org", "It was revoked.")])
    assert award.source_id == moodle.id


def test_the_missing_are_awarded_past_the_rules_where_somebody_says_so(campus: Campus, moodle: tables.Source) -> None:
    deliver(campus, moodle, 7, course=78)
    with campus.writing() as session:
        what = reconciling.course(session, "moodle", "welding", name="77")
        missing = reconciling.compare(session, what, listed()).missing
        assert (missing[2].completion.label, missing[2].reason[:11]) == ("7", "Not awarded")
        batch = reconciling.award(session, what, missing, actor="Registrar", now=campus.now)
        assert batch.total == 2, "of one of them no address is known"
        assert reconciling.award(session, what, missing, actor="Registrar", now=campus.now).id == batch.id
        with pytest.raises(problem.Conflict, match="Of none of the missing an e-mail address is known"):
            reconciling.award(session, what, missing[2:], actor="Registrar", now=campus.now)
    campus.work()
    assert {row.claims["email"] for row in campus.all(tables.Award)} == {"asha@example.org", "bo@example.org"}


def test_what_cannot_be_reconciled_says_why(campus: Campus, moodle: tables.Source) -> None:
    campus.new_issuer("other")
    campus.new_achievement("knots", issuer="other")
    with campus.writing() as session:
        unit = authoring.issuer(session, "workshop")
        draft = {"name": "X", "description": "X", "achievementType": "Badge", "criteria": {"narrative": "X"}}
        authoring.create_achievement(session, unit, slug="draft", draft=draft, site=campus.site, now=campus.now)
    campus.new_achievement("gluing")
    with campus.writing() as session:
        for achievement, name, kind in (
            ("knots", "77", problem.Conflict),
            ("draft", "77", problem.Conflict),
            ("welding", " ", problem.Invalid),
        ):
            with pytest.raises(kind):
                reconciling.course(session, "moodle", achievement, name=name)
        unruled = reconciling.course(session, "moodle", "gluing", name="77")
        assert (unruled.kind, unruled.has_rule) == (COMPLETED, False)
        with pytest.raises(problem.Conflict, match="No rule of the source moodle awards gluing"):
            reconciling.feed(session, unruled, (), actor="x", now=campus.now)
        assert reconciling.course(session, "moodle", "welding", name="77", kind="other").kind == "other"
        connecting.change_source(session, session.get_one(tables.Source, moodle.id), {"state": "disabled"})
        with pytest.raises(problem.Conflict, match="is disabled"):
            reconciling.feed(session, reconciling.course(session, "moodle", "welding", name="77"), (), actor="x", now=campus.now)


def test_all_that_is_wrong_with_a_list_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(problem.Invalid) as caught:
        listed(b"id,score,completed\n1,x,2026-05-20\n,5,03/04/2026\n3,y,soon\n")
    assert [item.pointer for item in caught.value.findings] == ["/2/score", "/3/completed", "/4/score", "/4/completed"]
    with pytest.raises(problem.Invalid, match="one must mean source_id, email or sis_id"):
        listed(b"name\nAsha\n")
    monkeypatch.setattr(reconciling, "MAX_FAULTS", 2)
    with pytest.raises(problem.Invalid) as caught:
        listed(b"id,score\n" + b"1,x\n" * 10)
    assert len(caught.value.findings) == 2
    monkeypatch.setattr(reconciling, "MAX_ROWS", 2)
    with pytest.raises(problem.TooLarge):
        listed(b"id\n1\n2\n3\n")
