from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from badgeissuer import problem
from badgeissuer.store import engine as engines
from badgeissuer.store import idempotency, tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

ONE, OTHER = "1" * 64, "2" * 64


def test_the_first_request_has_its_work_to_do(session: Session, token_id: int, now: datetime) -> None:
    row = idempotency.begin(session, token_id, key="k", request_sha256=ONE, now=now)
    assert (row.resource, row.created_at) == (None, now)


def test_a_repetition_learns_what_was_made(engine: Engine, token_id: int, now: datetime) -> None:
    with engines.writing(engine) as session:
        row = idempotency.begin(session, token_id, key="k", request_sha256=ONE, now=now)
        idempotency.finish(row, "/api/awards/7")
    with engines.writing(engine) as session:
        assert idempotency.begin(session, token_id, key="k", request_sha256=ONE, now=now).resource == "/api/awards/7"


def test_the_key_of_another_request_is_refused(session: Session, token_id: int, now: datetime) -> None:
    idempotency.begin(session, token_id, key="k", request_sha256=ONE, now=now)
    with pytest.raises(problem.Conflict) as caught:
        idempotency.begin(session, token_id, key="k", request_sha256=OTHER, now=now)
    assert caught.value.kind == problem.OURS + "idempotency-key-reused"


def test_the_same_key_of_another_token_is_another_key(session: Session, token_id: int, now: datetime) -> None:
    other = tables.ApiToken(public_id="t2", name="other", role="admin", secret_sha256="0" * 64, created_at=now)
    session.add(other)
    session.flush()
    idempotency.finish(idempotency.begin(session, token_id, key="k", request_sha256=ONE, now=now), "/api/awards/7")
    assert idempotency.begin(session, other.id, key="k", request_sha256=OTHER, now=now).resource is None


def test_a_request_that_fails_leaves_its_key_free(engine: Engine, token_id: int, now: datetime) -> None:
    def begin_and_fail() -> None:
        with engines.writing(engine) as session:
            idempotency.begin(session, token_id, key="k", request_sha256=ONE, now=now)
            raise LookupError

    with pytest.raises(LookupError):
        begin_and_fail()
    with engines.writing(engine) as session:
        assert idempotency.begin(session, token_id, key="k", request_sha256=OTHER, now=now).resource is None


def test_requests_that_come_at_once_do_the_work_once(engine: Engine, token_id: int, now: datetime) -> None:
    start = threading.Barrier(8)

    def request(number: int) -> tuple[bool, str | None]:
        start.wait()
        with engines.writing(engine) as session:
            row = idempotency.begin(session, token_id, key="k", request_sha256=ONE, now=now)
            is_first = row.resource is None
            if is_first:
                session.add(tables.Learner(created_at=now, name=str(number)))
                idempotency.finish(row, f"/api/learners/{number}")
            return is_first, row.resource

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(request, range(8)))
    assert sum(is_first for is_first, _ in answers) == 1
    assert len({resource for _, resource in answers}) == 1
    with engines.reading(engine) as session:
        assert session.scalars(select(func.count()).select_from(tables.Learner)).one() == 1


def test_a_second_request_waits_for_the_end_of_the_first(engine: Engine, token_id: int, now: datetime) -> None:
    begun = threading.Event()

    def second() -> str | None:
        with engines.writing(engine) as session:
            begun.set()
            return idempotency.begin(session, token_id, key="k", request_sha256=ONE, now=now).resource

    with ThreadPoolExecutor(1) as pool:
        with engines.writing(engine) as session:
            row = idempotency.begin(session, token_id, key="k", request_sha256=ONE, now=now)
            answer = pool.submit(second)
            begun.wait()
            with pytest.raises(TimeoutError):
                answer.result(timeout=0.3)
            idempotency.finish(row, "/api/awards/7")
        assert answer.result(timeout=30) == "/api/awards/7"
