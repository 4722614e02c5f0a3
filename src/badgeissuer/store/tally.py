"""Whom the rows of a roster were about so far: in a temporary file, so that a million of them take no more memory than a few."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

Seen = tuple[int, str, str]
"""The row in which a learner was seen first, a digest of what it says, and when it says that it was earned."""


class Tally:
    """Learners and what was said of them; nothing of it outlives the `with` block."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a file without a name
        self._rows.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192; BEGIN")
        self._rows.execute("CREATE TABLE identity (name TEXT PRIMARY KEY, learner INTEGER) WITHOUT ROWID")
        self._rows.execute("CREATE TABLE address (learner INTEGER PRIMARY KEY)")
        self._rows.execute(
            "CREATE TABLE award (learner INTEGER, scope TEXT, row INTEGER, digest TEXT, earned TEXT, PRIMARY KEY (learner, scope)) "
            "WITHOUT ROWID"
        )
        self._next = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Let go of the file."""
        self._rows.close()

    def learner(self, names: Sequence[str]) -> int | None:
        """Return the learner who was seen under the first of these names that was; None where nobody was."""
        for name in names:
            found = self._rows.execute("SELECT learner FROM identity WHERE name = ?", (name,)).fetchone()
            if found:
                return int(found[0])
        return None

    def new_learner(self) -> int:
        """Return a number for a learner whom nobody knows; it is below zero."""
        self._next -= 1
        return self._next

    def add(self, learner: int, names: Sequence[str], *, has_address: bool) -> None:
        """Note under which names a learner was seen, of those that nobody has, and whether with an address."""
        self._rows.executemany("INSERT OR IGNORE INTO identity VALUES (?, ?)", [(name, learner) for name in names])
        if has_address:
            self._rows.execute("INSERT OR IGNORE INTO address VALUES (?)", (learner,))

    def has_address(self, learner: int) -> bool:
        """Return whether a learner was seen with an address."""
        return self._rows.execute("SELECT 1 FROM address WHERE learner = ?", (learner,)).fetchone() is not None

    def award(self, learner: int, scope: str, seen: Seen) -> Seen | None:
        """Note an award; return the one that a learner has already within that scope."""
        found = self._rows.execute("SELECT row, digest, earned FROM award WHERE learner = ? AND scope = ?", (learner, scope)).fetchone()
        if found:
            return int(found[0]), str(found[1]), str(found[2])
        self._rows.execute("INSERT INTO award VALUES (?, ?, ?, ?, ?)", (learner, scope, *seen))
        return None
