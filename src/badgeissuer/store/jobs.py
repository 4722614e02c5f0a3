"""The queue of jobs: rows, written in the transaction that makes the work necessary.

    queued ──claim──▶ running ──finish──▶ done
      ▲                 │ lease over: claimed again
      ├──fail, release──┤
      └──retry── dead ◀─┘ fail for good, or lost too often

A worker holds a job for the length of a lease. When the lease is over another may claim it, and then the first holder can neither finish
nor fail it: the attempt that it holds is no longer the attempt that is running. Work is therefore done at least once, and what a job
does must bear being done twice; the unique constraints of the other tables see to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, bindparam, func, select, update

from badgeissuer import problem
from badgeissuer.store import bulk, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Update
    from sqlalchemy.orm import Session

MAX_ATTEMPTS = 8
"""After so many attempts a job is dead; with the waits below that is about two hours after the first."""
FIRST_WAIT = timedelta(seconds=10)
WAIT_FACTOR = 3.0
LONGEST_WAIT = timedelta(hours=1)
LONGEST_ERROR = 2000
LAST = 2**40
"""The turn of what nobody waits for: letters and notices."""
LOST = "The worker was lost during the last attempt that was allowed."

Job = tables.Job


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a job is tried, and at which intervals.

    Attributes:
        attempts: After so many it is dead.
        first: The wait after the first.
        factor: By which each wait is longer than the one before.
        longest: No wait is longer.
    """

    attempts: int
    first: timedelta
    factor: float
    longest: timedelta


USUAL = Patience(MAX_ATTEMPTS, FIRST_WAIT, WAIT_FACTOR, LONGEST_WAIT)
LONG = Patience(16, FIRST_WAIT, WAIT_FACTOR, timedelta(hours=12))
"""For what depends on servers of others, which may be away over a weekend: about three days."""


def enqueue(
    session: Session, kind: str, payload: Mapping[str, Any], *, now: datetime, run_at: datetime | None = None, turn: int = 0
) -> Job:
    """Write a job that is due at `run_at`, or at once; it exists when the transaction commits.

    Args:
        session: The writing session of the work that makes the job necessary.
        kind: What is to be done.
        payload: What it needs to know, as JSON; ids rather than copies of what is stored.
        now: The moment, aware.
        run_at: Not before this moment.
        turn: Where among the due jobs; 0 is before all that have a number.
    """
    job = Job(kind=kind, payload=dict(payload), created_at=now, run_at=run_at or now, turn=turn)
    session.add(job)
    session.flush()
    return job


def enqueue_all(session: Session, kind: str, payloads: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Write many jobs of a kind, due at once, as `enqueue` writes one."""
    rows = [(kind, dict(payload), now, now, "queued", 0, 0) for payload in payloads]
    bulk.add(session, Job, ("kind", "payload", "created_at", "run_at", "state", "attempts", "turn"), rows)


def claim(
    session: Session,
    worker: str,
    *,
    now: datetime,
    lease: timedelta,
    kinds: Collection[str] | None = None,
    bury: Callable[[Job], None] | None = None,
    patience: Patience = USUAL,
) -> Job | None:
    """Take the next job for `worker`: one whose holder was lost, else of those due the one with the lowest turn, oldest first.

    Two workers never get the same job, and neither waits for the other. Commit before starting on the job: until then nobody else can
    see that it is taken, and on SQLite nobody else can write.

    Args:
        session: A writing session.
        worker: A name that no other process has, now or later.
        now: The moment, aware.
        lease: How long the job is the worker's own; longer than any job may take.
        kinds: Only jobs of these kinds.
        bury: Told of each job that is given up here because its last attempt lost its worker.
        patience: How often jobs of these kinds are tried.

    Returns:
        The job, or None where nothing is due. Its `worker` and `attempts` are what `finish` and `fail` go by.
    """
    given: dict[str, Any] = {"at": now, "until": now + lease, "holder": worker, "most_attempts": patience.attempts}
    given |= {} if kinds is None else {"kinds": list(kinds)}
    job = session.scalars(_CLAIM if kinds is None else _CLAIM_SOME, given).one_or_none()
    if job is None:
        for given_up in _bury(session, kinds, attempts=patience.attempts, now=now):
            if bury:
                bury(given_up)
    return job


def claim_more(session: Session, job: Job, *, limit: int, now: datetime, lease: timedelta) -> Sequence[Job]:
    """Take further jobs like the one that was just claimed, for work that costs less when done together; oldest first.

    Args:
        session: The session that claimed `job`.
        job: Whose holder takes them too; of its kind they are, and due.
        limit: So many at most.
        now: As for `claim`.
        lease: As for `claim`.
    """
    given = {"at": now, "until": now + lease, "holder": job.worker, "like": job.kind, "most": limit}
    return sorted(session.scalars(_CLAIM_MORE, given), key=lambda more: more.id)


def finish(session: Session, job: Job, *, now: datetime) -> bool:
    """Mark the job as done; call it last in the transaction that did the work.

    Returns:
        False when the job is no longer the caller's, who must then roll back what was done.
    """
    return finish_all(session, [job], now=now)


def finish_all(session: Session, held: Sequence[Job], *, now: datetime) -> bool:
    """Mark jobs of one holder as done, as `finish` does; return False unless all of them are still the caller's."""
    of_attempt: dict[int, list[int]] = {}
    for job in held:
        of_attempt.setdefault(job.attempts, []).append(job.id)
    given = [{"ids": ids, "holder": held[0].worker, "attempt": attempt, "at": now} for attempt, ids in of_attempt.items()]
    return sum(len(session.scalars(_FINISH, some).all()) for some in given) == len(held)


def fail(session: Session, job: Job, error: str, *, now: datetime, jitter: float, final: bool = False, patience: Patience = USUAL) -> bool:
    """Put the job back with a wait that grows with its attempts, or bury it.

    Args:
        session: A writing session; not the one in which the work failed.
        job: The job as it was claimed.
        error: Why, for a person; no secrets.
        now: The moment, aware.
        jitter: From 0 to 1, drawn anew each time, so that jobs that failed together do not come back together.
        final: Trying again is of no use.
        patience: How often it is tried, and at which intervals.

    Returns:
        False when the job is no longer the caller's; nothing was changed then.
    """
    if final or job.attempts >= patience.attempts:
        change = _held(job).values(state="dead", finished_at=now, lease_until=None, error=_storable(error))
    else:
        due = now + wait(job.attempts, jitter=jitter, patience=patience)
        change = _held(job).values(state="queued", run_at=due, worker=None, lease_until=None, error=_storable(error))
    return _leave(session, change)


def release(session: Session, worker: str, *, now: datetime) -> int:
    """Give back every job that `worker` holds, due at once, and return how many; for the end of a worker.

    The attempts count on: were they taken back, a late `finish` of this attempt could pass for one of the next.
    """
    change = update(Job).where(Job.state == "running", Job.worker == worker)
    given_back = change.values(state="queued", run_at=now, worker=None, lease_until=None).returning(Job.id)
    return len(session.scalars(given_back).all())


def retry(session: Session, job_id: int, *, now: datetime) -> Job:
    """Put a dead job back into the queue with all its attempts.

    Raises:
        problem.NotFound: When there is no such job.
        problem.Conflict: When it is not dead.
    """
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        raise problem.NotFound(f"There is no job {job_id}.")
    if job.state != "dead":
        raise problem.Conflict(f"Job {job_id} is {job.state}; only a dead job can be put back into the queue.")
    job.state, job.attempts, job.run_at = "queued", 0, now
    job.worker = job.finished_at = None
    session.flush()
    return job


def pending(session: Session) -> dict[str, int]:
    """Return how many jobs of each kind are waiting or running."""
    counts = select(Job.kind, func.count()).where(Job.state.in_(("queued", "running"))).group_by(Job.kind).order_by(Job.kind)
    return {kind: count for kind, count in session.execute(counts)}  # noqa: C416 - a row is no pair for the type checker


def wait(attempts: int, *, jitter: float, patience: Patience = USUAL) -> timedelta:
    """Return the wait after a failed attempt, the first being 1: from half of the full wait (`jitter` 0) to all of it (1)."""
    full = min(patience.first * patience.factor ** (attempts - 1), patience.longest)
    return full * (0.5 + jitter / 2)


def first_turn(session: Session, kind: str) -> int | None:
    """Return the lowest turn of the jobs of a kind that wait or run, None where there is none.

    A newcomer whose turns begin there takes turns with those who were first.
    """
    waiting = select(func.min(Job.turn)).where(Job.kind == kind, Job.state.in_(("queued", "running")))
    return session.scalar(waiting)


_AT = bindparam("at", type_=Job.run_at.type)
_KINDS = Job.kind.in_(bindparam("kinds", expanding=True))


def _claiming(*conditions: ColumnElement[bool]) -> Update:
    """Return the statement of `claim`, which leaves out what others are taking at this moment.

    SQLite, with its single writer, has no such clause.
    """
    job = select(Job.id).where(*conditions).limit(1).with_for_update(skip_locked=True).correlate(None)
    is_allowed = Job.attempts < bindparam("most_attempts", type_=Integer)
    lost = job.where(Job.state == "running", Job.lease_until <= _AT, is_allowed).order_by(Job.lease_until, Job.id)
    due = job.where(Job.state == "queued", Job.run_at <= _AT).order_by(*_IN_TURN)
    return _taking(Job.id == func.coalesce(lost.scalar_subquery(), due.scalar_subquery()))


def _taking(condition: ColumnElement[bool]) -> Update:
    """Return the statement by which a worker takes jobs."""
    lease_until = bindparam("until", type_=Job.run_at.type)
    taken = (
        update(Job).where(condition).values(state="running", worker=bindparam("holder"), lease_until=lease_until, attempts=Job.attempts + 1)
    )
    return taken.returning(Job).execution_options(synchronize_session=False, populate_existing=True)


def _claiming_more() -> Update:
    """Return the statement of `claim_more`."""
    due = select(Job.id).where(Job.kind == bindparam("like"), Job.state == "queued", Job.run_at <= _AT).order_by(*_IN_TURN)
    chosen = (
        due.limit(bindparam("most", type_=Integer)).with_for_update(skip_locked=True).cte()
    )  # carried out once, whatever PostgreSQL plans
    return _taking(Job.id.in_(select(chosen.c.id)))


_IN_TURN = (Job.turn, Job.run_at, Job.id)
_CLAIM, _CLAIM_SOME, _CLAIM_MORE = _claiming(), _claiming(_KINDS), _claiming_more()
_FINISH = (
    update(Job)
    .where(
        Job.state == "running",
        Job.worker == bindparam("holder"),
        Job.attempts == bindparam("attempt"),
        Job.id.in_(bindparam("ids", expanding=True)),
    )
    .values(state="done", finished_at=_AT, lease_until=None, error=None)
    .returning(Job.id)
    .execution_options(synchronize_session=False)
)


def _bury(session: Session, kinds: Collection[str] | None, *, attempts: int, now: datetime) -> Sequence[Job]:
    """Give up the jobs whose last attempt lost its worker: they may be what kills the workers. Done when there is nothing else to do."""
    lost = select(Job.id).where(Job.state == "running", Job.lease_until <= now, Job.attempts >= attempts)
    lost = lost if kinds is None else lost.where(Job.kind.in_(kinds))
    change = update(Job).where(Job.id.in_(lost.with_for_update(skip_locked=True).correlate(None)))
    buried = change.values(state="dead", finished_at=now, lease_until=None, error=LOST).returning(Job)
    return session.scalars(buried.execution_options(synchronize_session=False, populate_existing=True)).all()


def payloads(session: Session, kind: str) -> list[dict[str, Any]]:
    """Return what the jobs of a kind that are waiting or running are about."""
    return list(session.scalars(select(Job.payload).where(Job.kind == kind, Job.state.in_(("queued", "running")))))


def _held(job: Job) -> Update:
    """Return an update of the job that holds only while this attempt of this worker is the one that runs."""
    is_held: tuple[ColumnElement[bool], ...] = (Job.state == "running", Job.worker == job.worker, Job.attempts == job.attempts)
    return update(Job).where(Job.id == job.id, *is_held)


def _leave(session: Session, change: Update) -> bool:
    """Carry out a change of a held job and return whether it was still held."""
    return session.scalars(change.returning(Job.id)).one_or_none() is not None


def _storable(error: str) -> str:
    """Return `error` in a form that both databases can keep: without NUL and lone surrogates, and not too long."""
    return error[:LONGEST_ERROR].encode(errors="replace").decode().replace("\x00", "\ufffd")
