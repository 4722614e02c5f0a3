"""What was fetched lately, within bounds, and what is being fetched at this moment.

It is one cache for all who ask: what may be kept in it is only what a server serves to anybody. The documents are kept apart from the
failures, so that a row of names that lead nowhere drives no document out.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cachetools import LRUCache

from badgeissuer.net import freshness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

FAILED = 30
"""Seconds for which a failure stands before the place is asked again."""
_MAX_FAILURES = 1024


@dataclass(frozen=True, slots=True)
class Document:
    """What stood at a URL.

    Attributes:
        body: Its bytes.
        fetched_at: When they were fetched, or last confirmed by the server.
        fresh_until: Until when they may be used unasked; `freshness.NEVER` where they must not be kept.
        headers: What is needed to ask whether it has changed.
    """

    body: bytes
    fetched_at: datetime
    fresh_until: float
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """That nothing could be had, why, and until when that is taken as said."""

    reason: str
    until: float


class Cache:
    """The documents and failures of URLs, those used last; many threads may share it.

    Args:
        max_documents: That are kept; each counts for its share of `max_bytes` at least.
        max_bytes: Of all documents together, with their URLs and headers.
    """

    def __init__(self, *, max_documents: int, max_bytes: int) -> None:
        self._lock = threading.Lock()
        share = -(-max_bytes // max_documents)
        self._documents: LRUCache[str, tuple[str, Document]] = LRUCache(max_bytes, lambda item: max(share, _size(*item)))
        self._failures: LRUCache[str, Failure] = LRUCache(_MAX_FAILURES)

    def look(self, url: str, now: float) -> Document | Failure | None:
        """Return what may be answered without asking: a fresh document, else a failure of a moment ago."""
        document = self.known(url)
        if document and now < document.fresh_until:
            return document
        with self._lock:
            failure = self._failures.get(url)
        return failure if failure and now < failure.until else None

    def known(self, url: str) -> Document | None:
        """Return the document that is kept for a URL, even one that must be asked for again before it is used."""
        with self._lock:
            found = self._documents.get(url)
        return found[1] if found else None

    def keep(self, url: str, document: Document, *, now: float) -> None:
        """Keep a document in the place of what was known, where it may be kept and can be of use."""
        is_allowed = document.fresh_until > freshness.NEVER
        is_of_use = is_allowed and (now < document.fresh_until or bool(freshness.conditions(document.headers)))
        with self._lock:
            self._failures.pop(url, None)
            self._documents.pop(url, None)
            item = (url, document)
            if is_of_use and self._documents.getsizeof(item) <= self._documents.maxsize:
                self._documents[url] = item

    def fail(self, url: str, failure: Failure) -> None:
        """Keep a failure; a document that is still fresh goes before it."""
        with self._lock:
            self._failures[url] = failure


def _size(url: str, document: Document) -> int:
    return len(url) + len(document.body) + sum(len(name) + len(value) for name, value in document.headers.items())


class Flights:
    """Which URLs are being fetched, so that those who ask for the same at once need not all ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Event] = {}

    @contextmanager
    def joined(self, url: str, seconds: float) -> Iterator[bool]:
        """Give True to whoever is the first to ask; to others False, when the first has ended or the seconds are over.

        Nobody waits twice, so a first one that comes to nothing holds the others up once.
        """
        with self._lock:
            first = self._under_way.get(url)
            mine = threading.Event()
            if first is None:
                self._under_way[url] = mine
        if first is not None:
            first.wait(seconds)
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                del self._under_way[url]
            mine.set()
