"""Subscribers hear what becomes of awards, over a real HTTP server that answers, hangs, refuses or goes away."""

from __future__ import annotations

import json
import socket
import threading
import types
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select, update
from standardwebhooks import Webhook
from tests.net import posthouse

from badgeissuer import (
    access,
    announcing,
    authoring,
    courier,
    granting,
    issuing,
    notifying,
    problem,
    recognising,
    revoking,
    signing,
)
from badgeissuer.awarding import event as events
from badgeissuer.net import fetch, post
from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus, Found

ASHA = "asha.rao@example.org"
ALL = notifying.EVENTS


@pytest.fixture
def campus(found: Found, monkeypatch: pytest.MonkeyPatch) -> Campus:
    made = found()
    monkeypatch.setattr(courier, "clock", lambda: made.now)
    return made


@pytest.fixture
def lms() -> Iterator[posthouse.Listener]:
    with posthouse.listener() as running:
        yield running


Carry = Callable[[], int]


def carrying(campus: Campus, reach: post.Reach) -> Iterator[Carry]:
    poster = post.Poster(reach)

    yield lambda: campus.carry(courier.Means(campus.site, poster))
    poster.close()


@pytest.fixture
def carry(campus: Campus) -> Iterator[Carry]:
    """Have a courier do every job that is due, and return how many there were."""
    yield from carrying(campus, post.Reach(allow_private=True))


def subscribe(campus: Campus, lms: posthouse.Listener, *wanted: str, slug: str = "lms", issuer: str = "workshop") -> str:
    """Subscribe the listener and return its secret."""
    numbers = iter(range(256))
    with campus.writing() as session:
        owner = authoring.issuer(session, issuer)
        token = lambda size: bytes([next(numbers)]) * size  # noqa: E731
        return notifying.subscribe(session, owner, slug=slug, url=lms.url, events=wanted or ALL, token=token, now=campus.now)[1]


def subscriber(campus: Campus) -> Any:  # noqa: ANN401 - the one row
    return campus.only(tables.Subscriber)


def notice(campus: Campus) -> Any:  # noqa: ANN401 - as above
    return campus.only(tables.Notice)


def told(lms: posthouse.Listener) -> list[Any]:
    return [json.loads(body) for _, _, body in lms.came]


def award_of(campus: Campus) -> tables.Award:
    found: tables.Award = campus.only(tables.Award)
    return found


# What is told


def test_a_subscriber_hears_that_a_badge_was_issued(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms)
    badge = campus.issued()
    assert notice(campus).state == "waiting"
    assert carry() == 1
    award = award_of(campus)
    assert told(lms) == [
        {
            "type": "credential.issued",
            "timestamp": "2026-05-20T14:05:00Z",
            "data": {
                "award": str(award.uuid),
                "state": "issued",
                "reason": None,
                "achievement": "welding",
                "version": 1,
                "scope": "once",
                "source": None,
                "awarded_at": "2026-05-20T14:05:00Z",
                "learner": {"source_id": None, "sis_id": None, "email": ASHA, "did": None},
                "credential": campus.site.credential(badge.uuid),
            },
        }
    ]
    row = notice(campus)
    assert (row.state, row.status, row.attempts, row.sent_at) == ("delivered", 200, 1, campus.now)
    assert (subscriber(campus).last_status, subscriber(campus).last_at) == (200, campus.now)
    assert carry() == 0


def test_what_is_sent_is_signed_as_the_standard_says(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    campus.now = datetime.now(UTC)  # the library looks at the clock
    secret = subscribe(campus, lms)
    campus.issued()
    carry()
    path, headers, body = lms.came[0]
    assert path == "/badges"
    assert headers["webhook-id"] == f"msg_{notice(campus).uuid.hex}"
    assert headers["webhook-timestamp"] == str(int(campus.now.timestamp()))
    assert Webhook(secret).verify(body.decode(), headers) == json.loads(body)


def test_a_revocation_is_told_with_its_reason(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms, notifying.REVOKED)
    badge = campus.issued()
    assert campus.all(tables.Notice) == []
    campus.revoke(badge.uuid)
    campus.revoke(badge.uuid)
    carry()
    ((one),) = told(lms)
    assert (one["type"], one["data"]["reason"], one["data"]["credential"]) == (
        "credential.revoked",
        "It was a mistake.",
        campus.site.credential(badge.uuid),
    )


def test_revoking_many_tells_each(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms, notifying.REVOKED)
    campus.award_all([f"l{number}@example.org" for number in range(12)])
    with campus.writing() as session:
        revoking.begin(session, revoking.Selection(achievement="welding"), issuer_id=None, reason="Void", actor="t", now=campus.now)
    campus.work()
    assert carry() == 1
    assert sorted(one["data"]["learner"]["email"] for one in told(lms)) == sorted(f"l{number}@example.org" for number in range(12))


def test_an_award_that_waits_for_an_address_is_told_and_so_is_that_it_went_on(
    campus: Campus, lms: posthouse.Listener, carry: Carry, native: tables.Source
) -> None:
    subscribe(campus, lms)
    campus.rule(native, value="7")
    payload = {"type": "learner.course.completed", "data": {"learner": {"id": "4211", "sis_id": "S1"}, "course": {"id": "7"}}}
    body, headers = campus.webhook(payload)
    campus.receive(native, body, headers)
    campus.work()
    carry()
    payload["data"]["learner"]["email"] = ASHA  # type: ignore[index]
    body, headers = campus.webhook(payload, name="msg_2")
    campus.receive(native, body, headers)
    campus.work()
    carry()
    one, two = (said["data"] for said in told(lms))
    assert [said["type"] for said in told(lms)] == ["award.pending", "credential.issued"]
    assert (one["state"], one["credential"], one["source"]) == ("needs_identity", None, "sis")
    assert "neither an e-mail address nor a DID" in one["reason"]
    assert one["learner"] == {"source_id": "4211", "sis_id": "S1", "email": None, "did": None}
    assert two["learner"] == {"source_id": "4211", "sis_id": "S1", "email": ASHA, "did": None}
    assert one["award"] == two["award"]


def test_an_award_that_failed_is_told(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms, notifying.PENDING)
    row, _ = campus.award()
    with campus.writing() as session:
        issuing.give_up(session, row.id, "There is no key.", now=campus.now)
    carry()
    assert [(one["data"]["state"], one["data"]["reason"]) for one in told(lms)] == [("failed", "There is no key.")]


@pytest.mark.parametrize("state", ["needs_approval", "on_hold"])
def test_an_award_that_comes_to_rest_is_told(campus: Campus, lms: posthouse.Listener, carry: Carry, state: str) -> None:
    subscribe(campus, lms, notifying.PENDING)
    row, _ = campus.award()
    with campus.writing() as session:
        found = session.get_one(tables.Award, row.id)
        announcing.rests(session, found.issuer_id, [announcing.fact(found)], now=campus.now)
        found.state, found.reason = state, "Until the appeal is over."
        announcing.rests(session, found.issuer_id, [announcing.fact(found)], now=campus.now)
    carry()
    assert [one["data"]["state"] for one in told(lms)] == [state]


def test_awards_of_a_roster_and_of_the_api_are_told(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms)
    campus.award_all([f"l{number}@example.org" for number in range(10)] + [""])
    assert len([job for job in campus.all(tables.Job) if job.kind == notifying.NOTIFY]) == 2
    carry()
    assert sorted(one["type"] for one in told(lms)) == ["award.pending"] + ["credential.issued"] * 10
    lms.came.clear()
    with campus.reading() as session:
        signing.unlock(session, keyring=campus.keyring)
    with campus.writing() as session:
        wishes = [
            granting.Wish(access.Actor(1, "t", "admin"), "welding", claim, issuing.Decision(awarded_at=campus.now, email=claim.email))
            for claim in (events.LearnerClaim(None, None, ASHA, None, None), events.LearnerClaim("s77", None, None, None, None))
        ]
        granting.grant_all(session, wishes, means=granting.Means(campus.site, campus.randomness, campus.keyring), now=campus.now)
    carry()
    found = {one["type"]: one["data"]["learner"] for one in told(lms)}
    assert found["credential.issued"]["email"] == ASHA
    assert found["award.pending"]["source_id"] == "s77"


def test_only_the_unit_of_the_award_is_told_and_only_what_it_wants(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    campus.new_issuer("college")
    subscribe(campus, lms, slug="other", issuer="college")
    subscribe(campus, lms, notifying.REVOKED, slug="revoked")
    subscribe(campus, lms, notifying.ISSUED, slug="disabled")
    with campus.writing() as session:
        notifying.change(notifying.find(session, "disabled"), state="disabled")
    campus.issued()
    assert campus.all(tables.Notice) == []
    assert carry() == 0


def test_where_nobody_subscribed_a_roster_costs_one_statement_a_chunk(campus: Campus) -> None:
    statements: list[str] = []
    event.listen(campus.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    campus.award_all([f"l{number}@example.org" for number in range(30)])
    assert len([one for one in statements if "subscriber" in one or "notice" in one]) == 1


def test_with_a_subscriber_the_statements_do_not_grow_with_the_rows(campus: Campus, lms: posthouse.Listener) -> None:
    subscribe(campus, lms)
    counts = []
    for size in (5, 50):
        statements: list[str] = []
        listen = lambda *given, into=statements: into.append(given[2])  # noqa: E731
        event.listen(campus.engine, "before_cursor_execute", listen)
        campus.award_all([f"l{number}.{size}@example.org" for number in range(size)])
        event.remove(campus.engine, "before_cursor_execute", listen)
        counts.append(sum("subscriber" in one or "notice" in one for one in statements))
    assert counts[0] == counts[1] <= 3


# What goes wrong


def test_what_fails_is_sent_again_under_the_same_id_and_a_new_time(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    lms.says = [500, 503, 302, 204]
    subscribe(campus, lms)
    campus.issued()
    for status in (500, 503, 302):
        carry()
        assert (notice(campus).state, notice(campus).status, notice(campus).reason) == ("waiting", status, f"it answered {status}")
        assert carry() == 0, "not before its time"
        campus.pass_time(hours=1)
    carry()
    assert (notice(campus).state, notice(campus).attempts) == ("delivered", 4)
    assert len({headers["webhook-id"] for _, headers, _ in lms.came}) == 1
    assert len({headers["webhook-timestamp"] for _, headers, _ in lms.came}) == 4
    assert len({body for _, _, body in lms.came}) == 1
    assert {path for path, _, _ in lms.came} == {"/badges"}, "no redirect is followed"


def test_after_three_days_it_is_dead_and_can_be_sent_again(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    lms.says = [500]
    subscribe(campus, lms)
    campus.issued()
    began = campus.now
    while notice(campus).state == "waiting":
        carry()
        campus.now = max(campus.now, *(job.run_at for job in campus.all(tables.Job)))
    assert timedelta(days=2) < campus.now - began < timedelta(days=5)
    assert (notice(campus).state, notice(campus).attempts, notice(campus).status) == ("dead", jobs.LONG.attempts, 500)
    lms.says = [200]
    with campus.writing() as session:
        row = session.get_one(tables.Notice, notice(campus).id)
        notifying.resend(session, row, now=campus.now)
        with pytest.raises(problem.Conflict, match="waits"):
            notifying.resend(session, row, now=campus.now)
    carry()
    assert notice(campus).state == "delivered"
    assert len({headers["webhook-id"] for _, headers, _ in lms.came}) == 1


def test_410_disables_and_what_else_waits_is_dead(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    lms.says = [410]
    subscribe(campus, lms, notifying.ISSUED)
    campus.award_all([f"l{number}@example.org" for number in range(5)])
    carry()
    assert len(lms.came) == 1
    assert {row.state for row in campus.all(tables.Notice)} == {"dead"}
    assert (subscriber(campus).state, subscriber(campus).last_status) == ("disabled", 410)
    assert "410" in subscriber(campus).reason
    campus.issued("later@example.org")
    assert len(campus.all(tables.Notice)) == 5
    with campus.writing() as session:
        row = notifying.find(session, "lms")
        with pytest.raises(problem.Conflict, match="disabled"):
            notifying.try_out(session, row, now=campus.now)
        notifying.change(row, state="active")
    assert subscriber(campus).reason is None


def _hang(connection: socket.socket) -> None:
    connection.recv(1)  # until the other side has lost patience


def test_who_does_not_answer_is_not_waited_for_again_and_again(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    lms.says = [_hang]
    subscribe(campus, lms, notifying.ISSUED)
    campus.award_all([f"l{number}@example.org" for number in range(8)])
    for in_haste in carrying(campus, post.Reach(allow_private=True, seconds=0.2)):
        in_haste()
    assert len(lms.came) == courier.MOST_SILENT
    row = subscriber(campus)
    assert (row.last_status, row.last_reason, row.rests_until) == (None, fetch.NO_ANSWER, campus.now + notifying.REST)
    campus.issued("later@example.org")
    carry()
    assert len(lms.came) == courier.MOST_SILENT, "it rests"
    lms.says = [200]
    campus.pass_time(minutes=10)
    carry()
    assert {row.state for row in campus.all(tables.Notice)} == {"delivered"}
    assert subscriber(campus).rests_until is None


def test_one_that_is_not_answered_holds_up_no_other(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    def reset(connection: socket.socket) -> None:
        connection.close()

    lms.says = [reset, 200]
    subscribe(campus, lms, notifying.ISSUED)
    campus.award_all([f"l{number}@example.org" for number in range(4)])
    carry()
    assert sorted(row.state for row in campus.all(tables.Notice)) == ["delivered"] * 3 + ["waiting"]
    campus.pass_time(minutes=2)
    carry()
    assert {row.state for row in campus.all(tables.Notice)} == {"delivered"}
    assert len(lms.came) == 5


def test_a_private_address_is_refused_however_it_got_there(campus: Campus, lms: posthouse.Listener) -> None:
    subscribe(campus, lms)
    campus.issued()
    for go in carrying(campus, post.Reach()):
        assert go() == 1
    assert lms.came == []
    assert (notice(campus).state, notice(campus).status, notice(campus).reason) == ("waiting", None, fetch.NOT_FETCHED)


def test_a_crash_before_the_record_sends_the_same_notice_again(
    campus: Campus, lms: posthouse.Listener, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(campus, lms)
    campus.issued()
    with monkeypatch.context() as patch:
        patch.setattr(notifying, "record", lambda *_args, **_more: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            carry()
    campus.pass_time(seconds=courier.LEASE.total_seconds())
    carry()
    first, second = lms.came
    assert (first[1]["webhook-id"], first[2]) == (second[1]["webhook-id"], second[2])
    assert notice(campus).state == "delivered"


def test_what_another_courier_has_done_meanwhile_is_not_done_again(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms)
    campus.issued()
    with campus.writing() as session:
        session.execute(update(tables.Notice).values(state="delivered"))
    assert carry() == 1
    assert lms.came == []


def test_a_round_that_takes_too_long_leaves_the_rest_to_a_job_at_the_end_of_the_queue(
    campus: Campus, lms: posthouse.Listener, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "ROUND_SECONDS", -1)
    subscribe(campus, lms, notifying.ISSUED)
    campus.award_all([f"l{number}@example.org" for number in range(3)])
    hand = courier.Courier(campus.engine, courier.Means(campus.site, post.Poster(post.Reach(allow_private=True))))
    assert hand.do_one()
    assert lms.came == []
    monkeypatch.setattr(courier, "ROUND_SECONDS", 30)
    assert carry() == 1
    assert len(lms.came) == 3


def test_what_there_was_no_time_for_does_not_wait_for_what_failed(
    campus: Campus, lms: posthouse.Listener, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.0, 100.0])  # the beginning, the first notice, the second
    lms.says = [500, 200]
    subscribe(campus, lms, notifying.ISSUED)
    campus.award_all([f"l{number}@example.org" for number in range(3)])
    poster = post.Poster(post.Reach(allow_private=True))
    hand = courier.Courier(campus.engine, courier.Means(campus.site, poster))
    with monkeypatch.context() as patch:
        patch.setattr("badgeissuer.courier.time", types.SimpleNamespace(monotonic=lambda: next(clock)))
        assert hand.do_one()
    assert len(lms.came) == 1
    assert hand.do_one(), "a job of its own, due at once"
    poster.close()
    assert sorted(row.state for row in campus.all(tables.Notice)) == ["delivered", "delivered", "waiting"]
    payloads = [job.payload["notices"] for job in campus.all(tables.Job) if job.kind == notifying.NOTIFY]
    assert sorted(len(payload) for payload in payloads) == [1, 2]
    campus.pass_time(minutes=1)
    carry()
    assert len(lms.came) == 4


def test_an_error_of_our_own_is_kept_with_the_job_and_tried_again(
    campus: Campus, lms: posthouse.Listener, carry: Carry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    subscribe(campus, lms)
    campus.issued()
    with monkeypatch.context() as patch:
        patch.setattr(notifying, "prepare", lambda *_args, **_more: 1 // 0)
        carry()
    assert "ZeroDivisionError" in caplog.text
    assert ASHA not in caplog.text
    (job,) = [job for job in campus.all(tables.Job) if job.kind == notifying.NOTIFY]
    assert (job.state, "ZeroDivisionError" in job.error) == ("queued", True)
    campus.pass_time(minutes=1)
    carry()
    assert notice(campus).state == "delivered"


def test_a_courier_that_dies_again_and_again_gives_up_what_it_had(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms)
    campus.issued()
    with campus.writing() as session:
        gone = {"state": "running", "worker": "gone", "attempts": jobs.LONG.attempts, "lease_until": campus.now}
        session.execute(update(tables.Job).where(tables.Job.kind == notifying.NOTIFY).values(gone))
    assert carry() == 0
    assert notice(campus).state == "dead"


def test_a_courier_carries_until_it_is_told_to_stop(campus: Campus, lms: posthouse.Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "IDLE_SECONDS", 0.02)
    subscribe(campus, lms)
    poster = post.Poster(post.Reach(allow_private=True))
    hands = courier.crew(campus.engine, courier.Means(campus.site, poster))
    assert len(hands) == 1, "without a mail server nobody is there for letters"
    thread = threading.Thread(target=hands[0].run)
    fails = iter([True, False])
    real = hands[0].do_one
    monkeypatch.setattr(hands[0], "do_one", lambda: real() if not next(fails, False) else 1 // 0)
    thread.start()
    campus.issued()
    for _ in range(500):
        if notice(campus).state == "delivered":
            break
        thread.join(0.02)
    hands[0].stop()
    thread.join()
    poster.close()
    assert notice(campus).state == "delivered"


def test_notices_are_kept_for_ninety_days_unless_they_wait(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms)
    campus.issued()
    carry()
    campus.issued("later@example.org")
    for days, left in ((89, 2), (2, 1)):
        campus.pass_time(days=days)
        with campus.writing() as session:
            notifying.forget(session, now=campus.now)
        assert len(campus.all(tables.Notice)) == left
    assert notice(campus).state == "waiting"


# Secrets and changes


def test_a_secret_is_replaced_without_a_gap(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    first = subscribe(campus, lms)
    with campus.writing() as session:
        row = notifying.find(session, "lms")
        with pytest.raises(problem.Conflict, match="only one"):
            notifying.drop_secret(row)
        second = notifying.add_secret(row, token=lambda size: b"2" * size)
        with pytest.raises(problem.Conflict, match="two secrets"):
            notifying.add_secret(row, token=lambda size: b"3" * size)
        notifying.try_out(session, row, now=campus.now)
    carry()
    with campus.writing() as session:
        notifying.drop_secret(notifying.find(session, "lms"))
        notifying.try_out(session, notifying.find(session, "lms"), now=campus.now)
    carry()
    both, later = lms.came
    for secret, came, fits in ((first, both, True), (second, both, True), (first, later, False), (second, later, True)):
        own = Webhook(secret).sign(came[1]["webhook-id"], campus.now, came[2].decode())
        assert (own in came[1]["webhook-signature"].split()) is fits


def test_a_test_notice_says_nothing_of_anybody(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms)
    with campus.writing() as session:
        notifying.try_out(session, notifying.find(session, "lms"), now=campus.now)
    carry()
    assert told(lms) == [{"type": "subscriber.test", "timestamp": "2026-05-20T14:05:00Z", "data": {"subscriber": "lms"}}]


def test_what_waits_goes_to_the_new_address(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    lms.says = [500, 200]
    subscribe(campus, lms)
    campus.issued()
    carry()
    with campus.writing() as session:
        notifying.change(notifying.find(session, "lms"), url=lms.url.replace("/badges", "/new"), events=[notifying.REVOKED])
    campus.pass_time(minutes=1)
    carry()
    assert [path for path, _, _ in lms.came] == ["/badges", "/new"]
    assert subscriber(campus).events == [notifying.REVOKED]


def test_a_learner_of_two_systems_is_named_by_the_source_of_the_award(campus: Campus, lms: posthouse.Listener, carry: Carry) -> None:
    subscribe(campus, lms, notifying.ISSUED)
    with campus.writing() as session:
        owner = authoring.issuer(session, "workshop")
        for authority, number in (("", "api-1"), ("canvas", "c-9")):
            claim = events.LearnerClaim(number, None, ASHA, None, None)
            recognising.recognise(session, claim, issuer_id=owner.id, authority=authority, now=campus.now)
    campus.issued()
    carry()
    assert told(lms)[0]["data"]["learner"]["source_id"] == "api-1"
    with campus.reading() as session:
        assert session.scalar(select(func.count()).select_from(tables.Learner)) == 1
