from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from badgeissuer import attending, authoring, intake, issuing, problem, signing, status, worker
from badgeissuer.openbadges.addresses import Site
from badgeissuer.settings import clock
from badgeissuer.store import engine as engines
from badgeissuer.store import jobs, keyring, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session
    from tests.actions.conftest import Campus

SECONDS = 60


def put(campus: Campus, kind: str, **payload: int) -> int:
    with campus.writing() as session:
        return jobs.enqueue(session, kind, payload, now=campus.now).id


def job(campus: Campus, job_id: int) -> tables.Job:
    with campus.reading() as session:
        return session.get_one(tables.Job, job_id)


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, "this took too long"
        time.sleep(0.01)


class Running:
    """A worker in a thread, as the service runs it."""

    def __init__(self, hand: worker.Worker) -> None:
        self.hand = hand
        self.thread = threading.Thread(target=hand.run)
        self.thread.start()

    def end(self) -> None:
        """Stop it and wait."""
        self.hand.stop()
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()


@pytest.fixture
def running(campus: Campus) -> Iterator[Running]:
    """A worker of the campus, at work."""
    found = Running(campus.worker())
    yield found
    found.end()


def failing(campus: Campus, error: Exception) -> worker.Worker:
    """Return a worker whose only job, `issue`, always fails."""
    hand = campus.worker()

    def fail(*_: object) -> None:
        raise error

    hand._handlers = {issuing.ISSUE: fail}
    return hand


# --- one job


def test_nothing_to_do_is_said(campus: Campus) -> None:
    assert campus.worker().do_one() is False


def test_a_first_key_is_made_by_the_worker(campus: Campus) -> None:
    with campus.writing() as session:
        row = authoring.create_issuer(session, {"slug": "new", "name": "New"}, site=campus.site, now=campus.now)
    for _ in range(2):
        put(campus, signing.GENERATE, issuer=row.id)
    assert campus.work() == 2
    assert campus.issuer("new").did is not None
    assert len(campus.all(tables.SigningKey)) == 2


@pytest.mark.parametrize("kind", [problem.Invalid, problem.Malformed, problem.Conflict, problem.TooLarge])
def test_what_cannot_get_better_is_given_up_at_once(campus: Campus, kind: type[problem.Problem]) -> None:
    row, _ = campus.award()
    assert failing(campus, kind("It is not right.")).do_one()
    done = campus.only(tables.Job)
    assert (done.state, done.error, done.attempts) == ("dead", "It is not right.", 1)
    award = campus.only(tables.Award)
    assert (award.id, award.state, award.reason) == (row.id, "failed", "It is not right.")


@pytest.mark.parametrize("kind", [problem.Fault, problem.Unavailable, problem.NotFound])
def test_what_may_get_better_is_tried_again_and_at_last_given_up(campus: Campus, kind: type[problem.Problem]) -> None:
    campus.award()
    hand = failing(campus, kind("Not now."))
    tries = 0
    while hand.do_one():
        tries += 1
        last = campus.only(tables.Award).state
        assert last == ("pending" if tries < jobs.MAX_ATTEMPTS else "failed")
        campus.pass_time(hours=1)
    assert tries == jobs.MAX_ATTEMPTS
    assert (campus.only(tables.Job).state, campus.only(tables.Award).reason) == ("dead", "Not now.")


def test_a_job_that_failed_is_not_taken_up_before_its_time(campus: Campus) -> None:
    campus.award()
    assert failing(campus, problem.Fault("Not now.")).do_one()
    assert campus.work() == 0
    campus.pass_time(seconds=11)
    assert campus.work() == 1
    assert (campus.only(tables.Award).state, campus.only(tables.Job).error) == ("issued", None)


def test_an_unexpected_error_keeps_its_secrets_from_the_reason_and_its_trace_for_the_log(
    campus: Campus, caplog: pytest.LogCaptureFixture
) -> None:
    campus.award()
    hand = failing(campus, LookupError("asha.rao@example.org"))
    assert hand.do_one()
    error = campus.only(tables.Job).error
    assert error == f"LookupError. The log of worker {hand.name} says more."
    assert "Traceback" in caplog.text


def test_an_error_of_the_database_fails_the_job_and_tells_no_values(campus: Campus, caplog: pytest.LogCaptureFixture) -> None:
    """Such an error is the job's own as long as the database answers; it must neither hold up the job nor spill what is in the rows."""
    row, _ = campus.award()
    hand = campus.worker()

    def insert_twice(session: Session, *_: object) -> None:
        for _again in range(2):
            session.execute(
                text(
                    "INSERT INTO learner_identity (learner_id, issuer_id, kind, authority, value, created_at)"
                    " VALUES (1, 1, 'email', '', :v, :at)"
                ),
                {"v": "lee@example.org", "at": "2026-05-20 14:05:00"},
            )

    hand._handlers = {issuing.ISSUE: insert_twice}
    assert hand.do_one()
    done = campus.only(tables.Job)
    assert (done.state, done.attempts) == ("queued", 1)
    assert done.error in {
        f"IntegrityError. The log of worker {hand.name} says more.",
        f"UniqueViolation. The log of worker {hand.name} says more.",
    }
    assert "lee@example.org" not in caplog.text
    assert campus.only(tables.Award).id == row.id


def test_the_text_of_a_database_error_holds_no_values(campus: Campus) -> None:
    with pytest.raises(DBAPIError) as caught, campus.writing() as session:
        session.execute(text("INSERT INTO nowhere VALUES (:v)"), {"v": "lee@example.org"})
    assert "lee@example.org" not in str(caught.value)


def test_work_whose_lease_was_lost_is_undone(campus: Campus) -> None:
    campus.award()
    hand, other = campus.worker(), campus.worker()
    issue = hand._handlers[issuing.ISSUE]

    def slowly(session: Session, payload: dict[str, Any], now: Any) -> None:  # noqa: ANN401 - a time
        issue(session, payload, now)
        session.execute(update(tables.Job).values(worker=other.name, attempts=2))

    hand._handlers = {issuing.ISSUE: slowly}
    assert hand.do_one()
    assert (campus.all(tables.Credential), campus.only(tables.Award).state) == ([], "pending")
    campus.pass_time(minutes=3)
    assert other.do_one()
    assert (len(campus.all(tables.Credential)), campus.only(tables.Job).state) == (1, "done")


def test_who_lost_the_lease_gives_nothing_up(campus: Campus) -> None:
    campus.award()
    hand = campus.worker()

    def overtaken(*_: object) -> None:
        campus.pass_time(minutes=3)
        assert campus.worker().do_one()
        raise problem.Invalid("Too late to matter.")

    hand._handlers = {issuing.ISSUE: overtaken}
    assert hand.do_one()
    assert (campus.only(tables.Award).state, campus.only(tables.Job).state) == ("issued", "done")


def test_jobs_of_other_kinds_are_left_alone(campus: Campus) -> None:
    job_id = put(campus, "deliver", award=1)
    campus.award()
    assert campus.work() == 1
    assert (job(campus, job_id).state, job(campus, job_id).attempts) == ("queued", 0)


@pytest.mark.parametrize("payload", [{"award": 10**6}, {}])
def test_a_job_about_nothing_harms_nobody(campus: Campus, payload: dict[str, int]) -> None:
    job_id = put(campus, issuing.ISSUE, **payload)
    for _ in range(jobs.MAX_ATTEMPTS):
        assert campus.work() == 1
        campus.pass_time(hours=1)
    assert job(campus, job_id).state == "dead"


@pytest.mark.parametrize("kind", [issuing.ISSUE, intake.PROCESS])
def test_what_was_lost_with_its_last_worker_says_so_and_can_be_tried_again(campus: Campus, kind: str) -> None:
    """Without that the award would be pending, and the delivery received, for ever."""
    if kind == issuing.ISSUE:
        campus.award()
    else:
        campus.deliver_canvas(campus.connect_canvas())
    job_id = campus.only(tables.Job).id
    other = put(campus, "deliver", award=1)
    gone = {"state": "running", "worker": "gone", "attempts": jobs.MAX_ATTEMPTS, "lease_until": campus.now}
    with campus.writing() as session:
        session.execute(update(tables.Job).values(**gone))
    assert campus.work() == 0
    assert (job(campus, job_id).state, job(campus, other).state) == ("dead", "running")
    row = campus.only(tables.Award if kind == issuing.ISSUE else tables.Delivery)
    assert (row.state, row.reason) == ("failed", jobs.LOST)


# --- the loop


def test_a_worker_waits_works_when_it_is_woken_and_ends_when_it_is_told(campus: Campus, running: Running) -> None:
    until(lambda: len(campus.all(tables.Worker)) == 1)
    assert campus.only(tables.Worker).name == running.hand.name
    campus.award()
    running.hand.wake()
    until(lambda: campus.only(tables.Award).state == "issued")
    running.end()
    assert campus.all(tables.Worker) == []


def test_a_worker_finishes_the_job_in_hand_before_it_ends(campus: Campus) -> None:
    campus.award()
    campus.award("lee@example.org")
    hand = campus.worker()
    issue = hand._handlers[issuing.ISSUE]

    def told_to_stop(session: Session, payload: dict[str, Any], now: Any) -> None:  # noqa: ANN401 - a time
        hand.stop()
        issue(session, payload, now)

    hand._handlers, hand._shared = {issuing.ISSUE: told_to_stop}, {}
    hand.run()
    assert [row.state for row in campus.all(tables.Award)] == ["issued", "pending"]


def test_a_worker_outlives_whatever_goes_wrong(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = campus.worker()
    seen: list[str] = []

    def stumble() -> bool:
        seen.append("tried")
        if len(seen) > 1:
            hand.stop()
            return False
        raise LookupError

    monkeypatch.setattr(hand, "do_one", stumble)
    hand.run()
    assert len(seen) == 2


def test_a_database_that_is_gone_is_waited_for(campus: Campus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    writing, gone = engines.writing, threading.Event()

    def unreachable(database: Any) -> Any:  # noqa: ANN401 - as the function it stands for
        if gone.is_set():
            raise OperationalError("SELECT 1", None, ConnectionError("asha@example.org"))
        return writing(database)

    campus.award()
    monkeypatch.setattr(engines, "writing", unreachable)
    gone.set()
    running = Running(campus.worker())
    try:
        until(lambda: "cannot go on for now: ConnectionError" in caplog.text)
        gone.clear()
        until(lambda: campus.all(tables.Award)[0].state == "issued")
        gone.set()
    finally:
        running.end()
    assert "stays with it until its lease ends: ConnectionError" in caplog.text
    assert "asha@example.org" not in caplog.text


def test_a_connection_that_was_cut_is_made_anew_on_postgresql(
    postgresql_engine: Engine,
    postgresql_server: Engine,
    keys: keyring.Keyring,
) -> None:
    hand = worker.Worker(postgresql_engine, worker.Ports(keys, Site("http://localhost:8000")))
    running = Running(hand)

    def seen() -> Any:  # noqa: ANN401 - a time
        with engines.reading(postgresql_engine) as session:
            return list(session.scalars(select(tables.Worker.seen_at)))

    try:
        until(lambda: len(seen()) == 1)
        with postgresql_server.connect() as connection:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
            connection.exec_driver_sql(cut, (postgresql_engine.url.database,))
        with engines.writing(postgresql_engine) as session:
            queued = jobs.enqueue(session, issuing.ISSUE, {}, now=clock()).id
        hand.wake()

        def tried() -> bool:
            with engines.reading(postgresql_engine) as session:
                return session.get_one(tables.Job, queued).attempts == 1

        until(tried)
    finally:
        running.end()


# --- who is there


def ready(campus: Campus) -> None:
    with campus.reading() as session:
        attending.require(session, now=campus.now)


def test_a_service_is_ready_while_a_worker_lives_and_signs(campus: Campus) -> None:
    with pytest.raises(problem.Unavailable, match="No worker was seen"):
        ready(campus)
    hand = campus.worker()
    hand._pulse()
    ready(campus)
    row = campus.only(tables.Worker)
    assert (row.seen_at, row.self_tested_at) == (campus.now, campus.now)
    campus.pass_time(seconds=61)
    with pytest.raises(problem.Unavailable, match="No worker was seen"):
        ready(campus)
    hand._pulse()
    ready(campus)
    assert campus.only(tables.Worker).id == row.id


def test_a_worker_speaks_up_every_twenty_seconds(campus: Campus) -> None:
    hand = campus.worker()
    hand._pulse()
    first = campus.now
    campus.pass_time(seconds=19)
    hand._pulse()
    assert campus.only(tables.Worker).seen_at == first
    campus.pass_time(seconds=1)
    hand._pulse()
    assert campus.only(tables.Worker).seen_at == campus.now


def test_a_service_of_did_web_issuers_is_ready_too(secure_campus: Campus) -> None:
    secure_campus.worker()._pulse()
    ready(secure_campus)


def test_without_any_key_a_worker_that_lives_is_enough(campus: Campus) -> None:
    with campus.writing() as session:
        signing.retire(session, campus.only(tables.SigningKey).public_key_multibase, now=campus.now, compromised=True)
    campus.worker()._pulse()
    assert campus.only(tables.Worker).self_test is None
    ready(campus)


def test_a_worker_that_cannot_open_its_key_lives_on_and_says_why(campus: Campus, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wrong = keyring.Keyring(tmp_path / "keys", b"another passphrase", operations=1, memory_bytes=8 * 1024 * 1024)
    hand = worker.Worker(campus.engine, worker.Ports(wrong, campus.site))
    hand._pulse()
    assert "cannot sign" in caplog.text
    assert "wrong passphrase" in caplog.text
    row = campus.only(tables.Worker)
    assert (row.self_test, row.self_tested_at) == (None, None)
    with pytest.raises(problem.Unavailable, match="has signed anything that verifies"):
        ready(campus)
    campus.worker()._pulse()
    ready(campus)


@pytest.mark.parametrize("forged", ["another key", "another issuer"])
def test_a_worker_that_signs_with_something_else_does_not_make_the_service_ready(campus: Campus, forged: str) -> None:
    campus.worker()._pulse()
    row = campus.only(tables.Worker)
    assert row.self_test is not None
    did = (campus.issuer().did or "").encode()
    other = did[:-4] + b"AAAA" if forged == "another key" else b"did:web:nobody.example"
    with campus.writing() as session:
        session.execute(update(tables.Worker).values(self_test=row.self_test.replace(did, other)))
    with pytest.raises(problem.Unavailable, match="has signed anything that verifies"):
        ready(campus)


def test_a_worker_that_ends_gives_back_what_it_holds(campus: Campus) -> None:
    campus.award()
    with campus.writing() as session:
        attending.report(session, "w1", keyring=campus.keyring, now=campus.now)
        held = jobs.claim(session, "w1", now=campus.now, lease=timedelta(minutes=2), kinds=[issuing.ISSUE])
        assert held is not None
        attending.leave(session, "w1", now=campus.now)
        attending.leave(session, "nobody", now=campus.now)
    assert (campus.all(tables.Worker), job(campus, held.id).state) == ([], "queued")


def test_workers_that_vanished_are_forgotten_after_a_day(campus: Campus) -> None:
    campus.worker()._pulse()
    campus.pass_time(days=1, seconds=1)
    hand = campus.worker()
    hand._pulse()
    assert campus.only(tables.Worker).name == hand.name


def test_lists_that_are_due_are_queued_once_however_often_workers_look(campus: Campus) -> None:
    badge = campus.issued()
    campus.revoke(badge.uuid)
    for _ in range(3):
        campus.worker()._pulse()
    assert [row.kind for row in campus.all(tables.Job)].count(status.PUBLISH) == 1
    campus.work()
    campus.pass_time(days=2)
    for _ in range(3):
        campus.worker()._pulse()
    assert [row.kind for row in campus.all(tables.Job)].count(status.PUBLISH) == 2
    assert campus.work() == 1
    assert campus.verify(badge.document).step("status").outcome == "INVALID"


def test_what_a_worker_says_names_nobody(campus: Campus, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="badgeissuer")
    source = campus.connect_canvas()
    campus.rule(source)
    campus.deliver_canvas(source)
    campus.work()
    campus.deliver_canvas(source, metadata__event_time="2026-05-20T13:30:00Z")
    with campus.writing() as session:
        session.execute(update(tables.Source).values(adapter="native"))
    campus.work()
    assert campus.all(tables.Delivery)[1].state == "failed"
    assert "failed" in caplog.text
    for secret in ("asha", "Asha", "Rao", "123456"):
        assert secret not in caplog.text


def test_done_jobs_are_kept_for_a_month(campus: Campus) -> None:
    campus.issued()
    assert campus.all(tables.Job)
    with campus.writing() as session:
        attending.report(session, "w", keyring=campus.keyring, now=campus.now + timedelta(days=29))
    assert campus.all(tables.Job)
    with campus.writing() as session:
        attending.report(session, "w", keyring=campus.keyring, now=campus.now + timedelta(days=31))
    assert [row.state for row in campus.all(tables.Job)] == ["queued"]  # the status list is due again
