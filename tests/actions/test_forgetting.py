from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from badgeissuer import access, forgetting, intake, problem, worker
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus

MONTH = timedelta(days=30)


def redact(campus: Campus) -> int:
    with campus.writing() as session:
        return forgetting.redact(session, before=campus.now - MONTH, now=campus.now)


def test_what_came_long_ago_is_deleted_and_what_was_made_of_it_stays(campus: Campus) -> None:
    source = campus.connect_canvas()
    campus.rule(source)
    campus.deliver_canvas(source)
    campus.work()
    campus.pass_time(days=29)
    assert redact(campus) == 0
    assert campus.only(tables.Delivery).payload
    campus.pass_time(days=2)
    assert redact(campus) == 1
    delivery = campus.only(tables.Delivery)
    assert (delivery.payload, delivery.headers, delivery.redacted_at) == (b"", {}, campus.now)
    assert redact(campus) == 0
    assert campus.only(tables.LearningEvent).document["learner"]["email"] == "asha.rao@example.org"
    assert campus.only(tables.Decision).outcome == "awarded"
    assert campus.only(tables.Award).state == "issued"
    again = campus.deliver_canvas(source)
    assert (again.is_new, again.delivery.repeats) == (False, 1)


def test_what_was_deleted_cannot_be_read_again_and_says_so(campus: Campus) -> None:
    source = campus.connect_canvas()
    number = campus.deliver_canvas(source).delivery.id
    campus.work()
    with campus.writing() as session:
        intake.replay(session, number, now=campus.now)
    campus.pass_time(days=31)
    assert redact(campus) == 1
    with campus.writing() as session, pytest.raises(problem.Conflict, match="was deleted on 20 June 2026"):
        intake.replay(session, number, now=campus.now)
    campus.work()
    dead = next(job for job in campus.all(tables.Job) if job.payload.get("again"))
    assert dead.state == "dead"
    assert campus.only(tables.Delivery).state == "processed"
    with campus.writing() as session:
        session.get_one(tables.Delivery, number).state = "failed"
    with campus.writing() as session, pytest.raises(problem.Conflict, match="Have the sender send it again"):
        intake.retry(session, number, now=campus.now)


def test_what_waits_to_be_processed_is_left_alone(campus: Campus) -> None:
    campus.deliver_canvas(campus.connect_canvas())
    campus.pass_time(days=31)
    assert redact(campus) == 0
    assert campus.only(tables.Delivery).redacted_at is None


def test_how_rejected_deliveries_began_is_deleted_too(campus: Campus) -> None:
    source, fault = campus.connect_canvas(), problem.Malformed("x")
    for body in (b"<old>", b"<new>"):
        with campus.writing() as session:
            refused = intake.Rejected({"user-agent": "x"}, body)
            intake.note_rejected(session, source.hook_key, fault, status=400, delivery=refused, now=campus.now)
        campus.pass_time(days=31)
    campus.pass_time(days=-31)
    redact(campus)
    old, new = campus.all(tables.Rejection)
    assert (old.beginning, old.headers, old.size) == (b"", {}, 5)
    assert (new.beginning, new.headers) == (b"<new>", {"user-agent": "x"})


def test_a_worker_deletes_in_small_chunks_at_each_pulse(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "CHUNK", 2)
    monkeypatch.setattr(worker, "MOST_FORGOTTEN", 2)
    source = campus.connect_canvas()
    for number in range(5):
        campus.deliver_canvas(source, metadata__request_id=str(number))
    campus.work()
    campus.pass_time(days=31)
    left = []
    for _ in range(2):
        hand = worker.Worker(campus.engine, worker.Ports(campus.keyring, campus.site, retention=MONTH))
        hand._pulse()
        left.append(sum(row.redacted_at is None for row in campus.all(tables.Delivery)))
        hand.stop()
    assert left == [1, 0]
    campus.worker()._pulse()


def test_secrets_do_not_get_into_what_is_kept_of_rejected_deliveries(campus: Campus) -> None:
    signature = {"scheme": "hmac", "header": "X-S", "algorithm": "sha256", "encoding": "hex", "secrets": ["the-secret-of-the-lms"]}
    source = campus.connect("lms", adapter="native", signature=signature)
    bodies = (b'{"x": "the-secret-of-the-lms"}', b'{"password": "hunter2"}', b'{"x": "y"}')
    for body in bodies:
        with campus.writing() as session:
            refused = intake.Rejected({"user-agent": "a the-secret-of-the-lms", "content-type": "x"}, body)
            intake.note_rejected(session, source.hook_key, problem.Malformed("x"), status=400, delivery=refused, now=campus.now)
    kept = campus.all(tables.Rejection)
    assert [row.beginning for row in kept] == [b"", b"", b'{"x": "y"}']
    assert {(row.headers["user-agent"], row.headers["content-type"]) for row in kept} == {("…", "x")}


def test_a_worker_deletes_files_that_staff_brought_a_day_ago(campus: Campus) -> None:
    with campus.writing() as session:
        token, _ = access.create(session, "test", role="issuer", now=campus.now)
        for moment in (campus.now - timedelta(hours=25), campus.now):
            session.add(tables.Upload(api_token_id=token.id, purpose="roster", name="x", size=2, choices={}, created_at=moment))
        session.flush()
        for row in session.query(tables.Upload):
            session.add(tables.UploadPiece(upload_id=row.id, number=0, content=b"x"))
    campus.worker()._pulse()
    assert len(campus.all(tables.Upload)) == len(campus.all(tables.UploadPiece)) == 1
