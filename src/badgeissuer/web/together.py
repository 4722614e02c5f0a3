"""What many requests want at the same moment, done for all of them at once: one transaction, few statements, one commit.

The first request that comes is served at once, by itself. What comes while it is served waits, and is served together by one of those who
wait: the busier the server is, the more they share, and nobody waits for others to come. Databases do the same with their commits.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST = 32
"""So many are served together at most."""

Asked = TypeVar("Asked")
Found = TypeVar("Found")


class _Place(Generic[Asked, Found]):
    """The place of one request in the queue; `turn` is set when it is served, or when it has to serve."""

    __slots__ = ("asked", "error", "found", "is_served", "turn")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.turn = threading.Event()
        self.is_served = False
        self.found: Found | None = None
        self.error: Exception | None = None

    def serve(self, found: Found | Exception) -> None:
        if isinstance(found, Exception):
            self.error = found
        else:
            self.found = found
        self.is_served = True

    def result(self) -> Found:
        if self.error is not None:
            raise self.error
        return self.found  # type: ignore[return-value]  # None only where that is what was found


class Together(Generic[Asked, Found]):
    """A desk at which requests are served together.

    Args:
        serve: What is done with what some of them asked: it returns for each what was found, or an error of its own. Where it raises,
            each is served alone, and only what then raises is anybody's error.
    """

    def __init__(self, serve: Callable[[Sequence[Asked]], Sequence[Found | Exception]]) -> None:
        self._serve = serve
        self._lock = threading.Lock()
        self._waiting: deque[_Place[Asked, Found]] = deque()
        self._is_open = False

    def ask(self, asked: Asked) -> Found:
        """Return what was found for this, or raise its error; called by any number of threads."""
        mine: _Place[Asked, Found] = _Place(asked)
        with self._lock:
            self._waiting.append(mine)
            is_first = not self._is_open
            self._is_open = True
        if not is_first:
            mine.turn.wait()
        if not mine.is_served:
            self._serve_some()
        return mine.result()

    def _serve_some(self) -> None:
        """Serve those who wait, oneself first among them, and have the next of those who came meanwhile go on."""
        with self._lock:
            places = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        try:
            for place, found in zip(places, self._results([place.asked for place in places]), strict=True):
                place.serve(found)
        finally:
            with self._lock:
                self._is_open = bool(self._waiting)
                following = [self._waiting[0]] if self._waiting else []
            for place in places:
                if not place.is_served:
                    place.serve(RuntimeError("Who was to serve this was ended."))
            for place in (*places, *following):
                place.turn.set()

    def _results(self, asked: Sequence[Asked]) -> Sequence[Found | Exception]:
        try:
            return self._serve(asked)
        except Exception as error:  # noqa: BLE001 - whoever asked is told, whatever it is
            if len(asked) == 1:
                return [error]
        return [result for item in asked for result in self._results([item])]
