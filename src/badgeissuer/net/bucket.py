"""Token buckets: how often one and the same place may be asked, so that nobody can aim this service at it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cachetools import LRUCache

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PLACES = 4096
"""Places remembered; those that were not asked for longest are forgotten first, and have long been full again by then."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a place may be asked.

    Attributes:
        burst: Times in a row.
        per_second: Times a second from then on.
    """

    burst: int
    per_second: float


HOST = Rate(burst=30, per_second=5)
"""Of one host name."""
ADDRESS = Rate(burst=120, per_second=20)
"""Of one address, at which many sites may live."""


class Buckets:
    """A bucket for each place; many threads may share them.

    Args:
        rate: How often a place may be asked; without limit where none is given.
        monotonic: Seconds that never go back.
    """

    def __init__(self, rate: Rate | None, *, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._levels: LRUCache[str, tuple[float, float]] = LRUCache(_MAX_PLACES)

    def take(self, place: str) -> bool:
        """Return whether a place may be asked now, and if so count it."""
        rate = self._rate
        if rate is None:
            return True
        with self._lock:
            now = self._monotonic()
            level, before = self._levels.get(place, (float(rate.burst), now))
            level = min(rate.burst, level + (now - before) * rate.per_second)
            may = level >= 1
            self._levels[place] = (level - may, now)
        return may
