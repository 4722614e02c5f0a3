"""`bulk_steps`: where the time of a bulk run goes, step by step, on PostgreSQL and in one process.

The steps are the functions that the engine calls by their module; each is wrapped in a stopwatch while some chunks are worked on.
"""

from __future__ import annotations

import contextlib
import functools
import io
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from badgeissuer import chunking, issuing, recognising, rostering, status
from badgeissuer.settings import clock
from badgeissuer.store import bulk as store
from badgeissuer.store import engine, tables
from benchmarks import bulk, measuring, sample, service
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from sqlalchemy.orm import Session

_TIMES = 10
"""The short runs that make a measured one."""
_MICROSECONDS = 1_000_000
STEPS: dict[str, tuple[ModuleType | type, str]] = {
    "read": (rostering.Reader, "read"),
    "recognise": (recognising, "recognise_all"),
    "reserve": (status, "reserve"),
    "publish": (status, "publish"),
    "sign": (issuing, "seal"),
    "store": (store, "add"),
}
"""Step → what is called. `store` is learners, awards and credentials; learners only where no other step calls it."""


def bulk_steps(scale: measuring.Scale) -> Figures:
    """Return the µs for each badge of each step, of handing in, of the commit, of what is left, and altogether; waiting included."""
    learners = sample.Learners(clock())
    with service.postgresql() as made:
        ports = chunking.Ports(made.settings.keyring(), made.settings.site, issuing.SYSTEM)
        _work(made, learners.take(scale.bulk_rows), ports, {})  # warms up
        some = learners.take(_TIMES * scale.bulk_rows)
        with _watched() as taken:
            began = time.perf_counter()
            _work(made, some, ports, taken)
            total = time.perf_counter() - began
    taken["rest"] = total - sum(taken.values())
    values = {"bulk_steps": total} | {f"bulk_steps_{name}": taken[name] for name in ("hand_in", *STEPS, "commit", "rest")}
    return {name: Figure(seconds / len(some) * _MICROSECONDS, "µs a badge", "lower") for name, seconds in values.items()}


def _work(made: service.Service, learners: list[sample.Learner], ports: chunking.Ports, taken: dict[str, float]) -> None:
    """Hand in a roster and do its chunks, one after the other; add the seconds of handing in and of committing."""
    body = sample.roster(learners)
    began = time.perf_counter()
    batch = bulk.hand_in(made, io.BytesIO(body))
    taken["hand_in"] = time.perf_counter() - began
    with engine.reading(made.database) as session:
        chunks = session.scalars(select(tables.BatchChunk.id).where(tables.BatchChunk.batch_id == batch.id)).all()
    for chunk in chunks:
        with engine.writing(made.database) as session:
            chunking.work(session, chunk, ports=ports, now=clock())
            session.flush()
            _commit(session, taken)
    if bulk.progress(made, batch).done != len(learners):
        raise measuring.Failed("Not every row of a roster was issued.")


def _commit(session: Session, taken: dict[str, float]) -> None:
    began = time.perf_counter()
    session.commit()
    taken["commit"] = taken.get("commit", 0) + time.perf_counter() - began


@contextlib.contextmanager
def _watched() -> Iterator[dict[str, float]]:
    """Give step → seconds; a step that another one calls counts for that one alone."""
    taken: dict[str, float] = defaultdict(float)
    is_inside = [False]

    def watch(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the function takes and gives
            if is_inside[0]:
                return function(*arguments, **named)
            is_inside[0] = True
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                taken[step] += time.perf_counter() - began
                is_inside[0] = False

        return wrapper

    kept = {step: getattr(module, name) for step, (module, name) in STEPS.items()}
    for step, (module, name) in STEPS.items():
        setattr(module, name, watch(step, kept[step]))
    try:
        yield taken
    finally:
        for step, (module, name) in STEPS.items():
            setattr(module, name, kept[step])
