"""How long something takes: repeat it, look at every outcome, take the median."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MICROSECONDS = 1_000_000
MOST_CALLS = 2000
MOST_REQUESTS = 5000


class Failed(Exception):  # noqa: N818 - a measurement that would be worthless, not a fault of the program
    """Something did not do what it was measured for, so that there is no figure."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Attributes:
        rounds: Timings, of which the median counts.
        warming: Calls that are made before any is timed.
        tried: Calls that show how many fill a timing.
        samples: Documents that are compared with what others make of them, and that a floor is measured with.
        cpu_seconds: How long one timing of a function takes, roughly.
        http_seconds: How long one timing of a server takes, roughly.
        bulk_seconds: How long the workers are kept busy, roughly.
        bulk_rows: Rows of the first, short runs of the workers, and of a request in bulk.
        clients: Requests that are under way at once.
    """

    rounds: int
    warming: int
    tried: int
    samples: int
    cpu_seconds: float
    http_seconds: float
    bulk_seconds: float
    bulk_rows: int
    clients: int


FULL = Scale(rounds=9, warming=40, tried=5, samples=20, cpu_seconds=0.4, http_seconds=2, bulk_seconds=10, bulk_rows=500, clients=32)
QUICK = Scale(rounds=2, warming=2, tried=1, samples=3, cpu_seconds=0.05, http_seconds=0.2, bulk_seconds=0.2, bulk_rows=20, clients=2)


class Timed(Protocol):
    """Something whose CPU time can be taken."""

    @property
    def most(self) -> int:
        """How many calls one timing has at most."""
        ...

    @property
    def warmings(self) -> int:
        """How many times `Scale.warming` it is called before any call is timed."""
        ...

    def timed(self, calls: int) -> float:
        """Return the seconds of CPU of one call, over so many calls on inputs that were never used before.

        Raises:
            Failed: An outcome is not what it should be.
        """
        ...


@dataclass(frozen=True, slots=True)
class Contender:
    """A function of this process that is to be timed.

    Attributes:
        fresh: Makes so many inputs that were never used before; not timed.
        work: What is timed, on one input.
        check: Raises where the outcome of an input is not what it should be; not timed.
        most: See `Timed`; fewer where inputs are dear.
        warmings: See `Timed`; more where it learns from what it meets.
    """

    fresh: Callable[[int], Sequence[Any]]
    work: Callable[[Any], Any]
    check: Callable[[Any, Any], None]
    most: int = MOST_CALLS
    warmings: int = 1

    def timed(self, calls: int) -> float:
        """See `Timed`."""
        inputs = self.fresh(calls)
        gc.collect()
        began = time.process_time()
        outcomes = [self.work(item) for item in inputs]
        taken = time.process_time() - began
        for item, outcome in zip(inputs, outcomes, strict=True):
            self.check(item, outcome)
        return taken / calls


def median_cpu(contenders: Mapping[str, Timed], scale: Scale) -> dict[str, float]:
    """Return the CPU time, in µs, that one call of each contender takes.

    They take turns, so that whatever else the machine does meets all of them alike and their ratios hold.
    """
    calls = {name: _calls(contender, scale) for name, contender in contenders.items()}
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(scale.rounds):
        for name, contender in contenders.items():
            taken[name].append(contender.timed(calls[name]))
    return {name: statistics.median(times) * MICROSECONDS for name, times in taken.items()}


def _calls(contender: Timed, scale: Scale) -> int:
    """Warm up, and return how many calls fill the time of one round."""
    contender.timed(scale.warming * contender.warmings)
    return max(2, min(contender.most, int(scale.cpu_seconds / contender.timed(scale.tried))))


@dataclass(frozen=True, slots=True)
class Round:
    """Requests that were answered.

    Attributes:
        seconds: From the first request to the last answer.
        answers: In the order of the requests.
        waits: Seconds from each request to its answer.
    """

    seconds: float
    answers: Sequence[bytes]
    waits: Sequence[float]


@dataclass(frozen=True, slots=True)
class Served:
    """What a server did, over all rounds.

    Attributes:
        rate: Requests a second, the median of the rounds.
        p50: Seconds that half of the requests waited for their answer at most.
        p99: Seconds that 99 of 100 waited at most.
        number: Requests that were answered, those before the first round too.
    """

    rate: float
    p50: float
    p99: float
    number: int


def served(send: Callable[[int], Round], scale: Scale) -> Served:
    """Return how many requests a second are answered, and how long they wait.

    Args:
        send: Sends so many fresh requests and looks at the answers.
        scale: How much is measured.
    """
    few = 2 * scale.clients
    send(few)  # warms up
    number = max(few, min(MOST_REQUESTS, int(few / send(few).seconds * scale.http_seconds)))
    rounds = [send(number) for _ in range(scale.rounds)]
    waits = sorted(wait for each in rounds for wait in each.waits)
    rate = statistics.median(number / each.seconds for each in rounds)
    return Served(rate, waits[len(waits) // 2], waits[len(waits) * 99 // 100], 2 * few + number * scale.rounds)
