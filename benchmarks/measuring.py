"""How long something takes: repeat it, look at every outcome, take the median."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MICROSECONDS = 1_000_000
MOST_CALLS = 2000
_WARMING, _TRIED = 10, 5
MOST_REQUESTS = 5000

T = TypeVar("T")


class Failed(Exception):  # noqa: N818 - a measurement that would be worthless, not a fault of the program
    """Something did not do what it was measured for, so that there is no figure."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Attributes:
        rounds: Timings, of which the median counts.
        cpu_seconds: How long one timing of a function takes, roughly.
        http_seconds: How long one timing of a server takes, roughly.
        bulk_seconds: How long the workers are kept busy, roughly.
        clients: Requests that are under way at once.
    """

    rounds: int
    cpu_seconds: float
    http_seconds: float
    bulk_seconds: float
    clients: int


FULL = Scale(rounds=9, cpu_seconds=0.4, http_seconds=2, bulk_seconds=15, clients=8)
QUICK = Scale(rounds=2, cpu_seconds=0.05, http_seconds=0.2, bulk_seconds=0.5, clients=2)


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to be timed.

    Attributes:
        fresh: Makes so many inputs that were never used before; not timed.
        work: What is timed, on one input.
        check: Raises where the outcome of an input is not what it should be; not timed.
    """

    fresh: Callable[[int], Sequence[Any]]
    work: Callable[[Any], Any]
    check: Callable[[Any, Any], None]


def median_cpu(contenders: Mapping[str, Contender], scale: Scale) -> dict[str, float]:
    """Return the CPU time of this process, in µs, that one call of each contender takes.

    They take turns, so that whatever else the machine does meets all of them alike and their ratios hold.
    """
    calls = {name: _calls(contender, scale) for name, contender in contenders.items()}
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(scale.rounds):
        for name, contender in contenders.items():
            taken[name].append(_timed(contender, calls[name]))
    return {name: statistics.median(times) * MICROSECONDS for name, times in taken.items()}


def _calls(contender: Contender, scale: Scale) -> int:
    """Warm up, and return how many calls fill the time of one round."""
    _timed(contender, _WARMING)
    return max(2, min(MOST_CALLS, int(scale.cpu_seconds / _timed(contender, _TRIED))))


def _timed(contender: Contender, calls: int) -> float:
    inputs = contender.fresh(calls)
    gc.collect()
    began = time.process_time()
    outcomes = [contender.work(item) for item in inputs]
    taken = time.process_time() - began
    for item, outcome in zip(inputs, outcomes, strict=True):
        contender.check(item, outcome)
    return taken / calls


def median_rate(send: Callable[[int], float], scale: Scale) -> float:
    """Return how many requests a second are answered.

    Args:
        send: Sends so many fresh requests, looks at the answers, and returns the seconds from the first request to the last answer.
        scale: How much is measured.
    """
    few = 2 * scale.clients
    send(few)  # warms up
    number = max(few, min(MOST_REQUESTS, int(few / send(few) * scale.http_seconds)))
    return statistics.median(number / send(number) for _ in range(scale.rounds))
