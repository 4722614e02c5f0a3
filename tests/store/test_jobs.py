from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from badgeissuer import problem
from badgeissuer.store import engine as engines
from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

LEASE = timedelta(minutes=2)
SECOND = timedelta(seconds=1)


def put(engine: Engine, *, kind: str = "issue", now: datetime, run_at: datetime | None = None) -> int:
    with engines.writing(engine) as session:
        return jobs.enqueue(session, kind, {"award": 7}, now=now, run_at=run_at).id


def take(engine: Engine, *, worker: str = "w1", now: datetime, kinds: Collection[str] | None = None) -> tables.Job | None:
    with engines.writing(engine) as session:
        return jobs.claim(session, worker, now=now, lease=LEASE, kinds=kinds)


def held(engine: Engine, *, worker: str = "w1", now: datetime) -> tables.Job:
    job = take(engine, worker=worker, now=now)
    assert job is not None
    return job


def stored(engine: Engine, job_id: int) -> tables.Job:
    with engines.reading(engine) as session:
        return session.get_one(tables.Job, job_id)


def test_a_job_that_is_claimed_is_held_for_the_lease(engine: Engine, now: datetime) -> None:
    job_id = put(engine, now=now)
    job = held(engine, now=now)
    assert (job.id, job.kind, job.payload, job.created_at) == (job_id, "issue", {"award": 7}, now)
    assert (job.state, job.worker, job.attempts, job.lease_until) == ("running", "w1", 1, now + LEASE)
    assert take(engine, worker="w2", now=now) is None


def test_a_job_of_a_transaction_that_fails_never_existed(engine: Engine, now: datetime) -> None:
    def enqueue_and_fail() -> None:
        with engines.writing(engine) as session:
            jobs.enqueue(session, "issue", {}, now=now)
            raise LookupError

    with pytest.raises(LookupError):
        enqueue_and_fail()
    assert take(engine, now=now) is None


def test_jobs_are_claimed_in_the_order_in_which_they_are_due(engine: Engine, now: datetime) -> None:
    later = put(engine, now=now, run_at=now + 2 * SECOND)
    first, second = put(engine, now=now), put(engine, now=now)
    earlier = put(engine, now=now, run_at=now - SECOND)
    order = [held(engine, now=now + 3 * SECOND).id for _ in range(4)]
    assert order == [earlier, first, second, later]


def test_a_job_is_not_claimed_before_it_is_due(engine: Engine, now: datetime) -> None:
    put(engine, now=now, run_at=now + SECOND)
    assert take(engine, now=now) is None
    assert take(engine, now=now + SECOND) is not None


def test_a_worker_gets_only_the_kinds_that_it_asks_for(engine: Engine, now: datetime) -> None:
    put(engine, kind="issue", now=now)
    mail = put(engine, kind="deliver", now=now)
    assert take(engine, now=now, kinds={"publish"}) is None
    assert take(engine, now=now, kinds=()) is None
    claimed = take(engine, now=now, kinds=["deliver", "publish"])
    assert claimed is not None
    assert claimed.id == mail


def test_a_job_taken_by_another_connection_is_skipped(engine: Engine, now: datetime) -> None:
    """PostgreSQL skips it at once; on SQLite the second waits for the first to commit, since it has one writer."""
    put(engine, now=now)
    put(engine, now=now)
    with ThreadPoolExecutor(1) as pool:
        with engines.writing(engine) as session:
            first = jobs.claim(session, "w1", now=now, lease=LEASE)
            other = pool.submit(take, engine, worker="w2", now=now)
            if engine.dialect.name == "postgresql":
                assert other.result(timeout=30) is not None
            else:
                time.sleep(0.2)
                assert not other.done()
        second = other.result(timeout=30)
    assert first is not None
    assert second is not None
    assert first.id != second.id


def test_many_workers_share_the_jobs_without_doing_one_twice(engine: Engine, now: datetime) -> None:
    expected = sorted(put(engine, now=now) for _ in range(40))
    start = threading.Barrier(8)

    def work(number: int) -> list[int]:
        start.wait()
        done = []
        while job := take(engine, worker=f"w{number}", now=now):
            with engines.writing(engine) as session:
                assert jobs.finish(session, job, now=now)
            done.append(job.id)
        return done

    with ThreadPoolExecutor(8) as pool:
        done = [job_id for ids in pool.map(work, range(8)) for job_id in ids]
    assert sorted(done) == expected


def test_a_finished_job_is_done(engine: Engine, now: datetime) -> None:
    put(engine, now=now)
    job = held(engine, now=now)
    with engines.writing(engine) as session:
        assert jobs.finish(session, job, now=now + SECOND)
    after = stored(engine, job.id)
    assert (after.state, after.finished_at, after.lease_until) == ("done", now + SECOND, None)
    assert take(engine, now=now + 2 * LEASE) is None


def test_a_job_whose_lease_is_over_goes_to_another_before_new_ones(engine: Engine, now: datetime) -> None:
    put(engine, now=now)
    lost = held(engine, now=now)
    put(engine, now=now - SECOND)
    again = held(engine, worker="w2", now=now + LEASE)
    assert (again.id, again.attempts, again.worker) == (lost.id, 2, "w2")


@pytest.mark.parametrize("worker", ["w1", "w2"])
def test_who_lost_the_lease_can_neither_finish_nor_fail_the_job(engine: Engine, now: datetime, worker: str) -> None:
    put(engine, now=now)
    lost = held(engine, now=now)
    again = held(engine, worker=worker, now=now + LEASE)
    with engines.writing(engine) as session:
        assert not jobs.finish(session, lost, now=now + LEASE)
        assert not jobs.fail(session, lost, "too late", now=now + LEASE, jitter=0)
    assert stored(engine, lost.id).state == "running"
    with engines.writing(engine) as session:
        assert jobs.finish(session, again, now=now + LEASE)


def test_who_is_late_but_not_replaced_may_still_finish(engine: Engine, now: datetime) -> None:
    put(engine, now=now)
    job = held(engine, now=now)
    with engines.writing(engine) as session:
        assert jobs.finish(session, job, now=now + 2 * LEASE)


def test_a_job_is_finished_once(engine: Engine, now: datetime) -> None:
    put(engine, now=now)
    job = held(engine, now=now)
    with engines.writing(engine) as session:
        assert jobs.finish(session, job, now=now)
        assert not jobs.finish(session, job, now=now)


def test_a_failed_job_waits_longer_each_time_and_is_dead_after_the_last(engine: Engine, now: datetime) -> None:
    job_id = put(engine, now=now)
    waits = []
    for attempt in range(1, jobs.MAX_ATTEMPTS + 1):
        job = held(engine, now=now)
        assert job.attempts == attempt
        with engines.writing(engine) as session:
            assert jobs.fail(session, job, f"failure {attempt}", now=now, jitter=1)
        after = stored(engine, job_id)
        assert after.error == f"failure {attempt}"
        if after.state == "queued":
            assert after.worker is None
            assert take(engine, now=after.run_at - SECOND) is None
            waits.append((after.run_at - now).total_seconds())
            now = after.run_at
    assert waits == [10, 30, 90, 270, 810, 2430, 3600]
    assert (after.state, after.finished_at) == ("dead", now)
    assert take(engine, now=now + timedelta(days=1)) is None


def test_jitter_spreads_the_wait_over_its_second_half() -> None:
    assert [jobs.wait(2, jitter=jitter).total_seconds() for jitter in (0, 0.5, 1)] == [15, 22.5, 30]


def test_a_final_failure_buries_at_once(engine: Engine, now: datetime) -> None:
    put(engine, now=now)
    job = held(engine, now=now)
    with engines.writing(engine) as session:
        assert jobs.fail(session, job, "no such award", now=now, jitter=0, final=True)
    after = stored(engine, job.id)
    assert (after.state, after.error, after.attempts) == ("dead", "no such award", 1)


def test_an_error_that_no_database_could_keep_is_made_storable(engine: Engine, now: datetime) -> None:
    put(engine, now=now)
    job = held(engine, now=now)
    with engines.writing(engine) as session:
        assert jobs.fail(session, job, "nul \x00, surrogate \ud800, " + "long" * 1000, now=now, jitter=0)
    error = stored(engine, job.id).error
    assert error is not None
    assert error.startswith("nul \ufffd, surrogate ?, long")
    assert len(error) == jobs.LONGEST_ERROR


def test_a_job_that_loses_every_worker_is_buried(engine: Engine, now: datetime) -> None:
    job_id = put(engine, now=now)
    for _ in range(jobs.MAX_ATTEMPTS):
        assert held(engine, now=now).id == job_id
        now += LEASE
    assert stored(engine, job_id).state == "running"
    assert take(engine, now=now) is None
    after = stored(engine, job_id)
    assert (after.state, after.error, after.attempts) == ("dead", jobs.LOST, jobs.MAX_ATTEMPTS)


def test_a_worker_that_ends_gives_its_jobs_back(engine: Engine, now: datetime) -> None:
    for _ in range(3):
        put(engine, now=now)
    mine = [held(engine, now=now), held(engine, now=now)]
    other = held(engine, worker="w2", now=now)
    with engines.writing(engine) as session:
        assert jobs.release(session, "w1", now=now + SECOND) == 2
        assert jobs.release(session, "w1", now=now + SECOND) == 0
        assert not jobs.finish(session, mine[0], now=now + SECOND)
    assert stored(engine, other.id).state == "running"
    again = [held(engine, worker="w3", now=now + SECOND) for _ in mine]
    assert [job.id for job in again] == [job.id for job in mine]


def test_a_job_given_back_in_its_last_attempt_is_tried_once_more(engine: Engine, now: datetime) -> None:
    job_id = put(engine, now=now)
    for _ in range(jobs.MAX_ATTEMPTS):
        held(engine, now=now)
        with engines.writing(engine) as session:
            jobs.release(session, "w1", now=now)
    job = held(engine, now=now)
    with engines.writing(engine) as session:
        assert jobs.fail(session, job, "still no", now=now, jitter=0)
    assert stored(engine, job_id).state == "dead"


def test_a_dead_job_can_be_tried_again_from_the_beginning(engine: Engine, now: datetime) -> None:
    put(engine, now=now)
    job = held(engine, now=now)
    with engines.writing(engine) as session:
        jobs.fail(session, job, "no", now=now, jitter=0, final=True)
    with engines.writing(engine) as session:
        assert jobs.retry(session, job.id, now=now + SECOND).state == "queued"
    again = held(engine, worker="w2", now=now + SECOND)
    assert (again.id, again.attempts, again.finished_at) == (job.id, 1, None)


def test_only_a_dead_job_can_be_tried_again(session: Session, now: datetime) -> None:
    job = jobs.enqueue(session, "issue", {}, now=now)
    with pytest.raises(problem.Conflict, match="is queued"):
        jobs.retry(session, job.id, now=now)
    with pytest.raises(problem.NotFound):
        jobs.retry(session, job.id + 1, now=now)


def test_pending_counts_what_waits_and_what_runs(engine: Engine, now: datetime) -> None:
    for kind in ("issue", "issue", "deliver", "publish"):
        put(engine, kind=kind, now=now)
    take(engine, now=now, kinds=["issue"])
    published = take(engine, now=now, kinds=["publish"])
    assert published is not None
    with engines.writing(engine) as session:
        jobs.finish(session, published, now=now)
        assert jobs.pending(session) == {"deliver": 1, "issue": 2}
        assert len(session.scalars(select(tables.Job)).all()) == 4
