"""What was drawn lately, so that what is asked for again is not drawn again."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import cachetools

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 32 * 1024 * 1024
"""Of all that is kept in a process."""
_ENTRY_BYTES = 1024
"""What keeping anything costs, be it empty."""
_LOCK = threading.Lock()
_KEPT: cachetools.LRUCache[str, bytes] = cachetools.LRUCache(MAX_BYTES, getsizeof=lambda made: len(made) + _ENTRY_BYTES)


def kept(make: Callable[..., bytes], *given: object) -> bytes:
    """Return what `make` makes of what is given; what it made of the same before, where that is still kept.

    What is given is told apart by its `repr`, so it must be made of plain values.

    The lock is not held while something is made, so two who ask at once may both make it.
    """
    parts = [make.__module__, make.__qualname__, *map(repr, given)]
    key = hashlib.sha256("\0".join(f"{len(part)} {part}" for part in parts).encode("utf-8", "surrogatepass")).hexdigest()
    with _LOCK:
        found = _KEPT.get(key)
    if found is None:
        found = make(*given)
        if len(found) + _ENTRY_BYTES <= MAX_BYTES:
            with _LOCK:
                _KEPT[key] = found
    return found
