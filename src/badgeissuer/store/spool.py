"""A roster on its way in: cut into chunks and laid down in a temporary file, so that a million rows take no more memory than a few."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from badgeissuer.awarding import roster

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

CHUNK_ROWS = 250
"""Rows that are worked on in one transaction."""
CHUNK_BYTES = 2 * 1024 * 1024
"""With rows so long a chunk has fewer of them."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows as they are stored: the number of the first and of the last, and `roster.pack` of them."""

    first_row: int
    last_row: int
    content: bytes


class Spool:
    """What came of a roster so far.

    Attributes:
        total: Its rows.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._sizes: list[tuple[int, int, int]] = []
        self._lines = roster.Lines()
        self._waiting: list[roster.Line] = []
        self._waiting_bytes = 0
        self._digest = hashlib.sha256()
        self.total = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Let go of the file."""
        self._file.close()

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._take(self._lines.feed(piece))

    def end(self) -> None:
        """Take what stands after the last line break."""
        self._take(self._lines.end())
        self._lay_down()

    def add(self, number: int, line: bytes) -> None:
        """Take a row that was cut elsewhere, with its number."""
        self._take([(number, line)])

    def describe(self, content: bytes) -> None:
        """Let what the rows mean count in the digest as they do themselves."""
        self._digest.update(content + b"\n")

    @property
    def sha256(self) -> str:
        """The SHA-256 of the rows, in hex; blank lines, line ends and space around the rows do not count."""
        return self._digest.hexdigest()

    def chunks(self) -> Iterator[Chunk]:
        """Yield the chunks, in order, after `end`."""
        self._file.seek(0)
        for first, last, size in self._sizes:
            yield Chunk(first, last, self._file.read(size))

    def _take(self, lines: Iterable[roster.Line]) -> None:
        for number, line in lines:
            self.total += 1
            self._digest.update(line + b"\n")
            self._waiting.append((number, line))
            self._waiting_bytes += len(line)
            if len(self._waiting) == CHUNK_ROWS or self._waiting_bytes >= CHUNK_BYTES:
                self._lay_down()

    def _lay_down(self) -> None:
        if self._waiting:
            content = roster.pack(self._waiting)
            self._file.write(content)
            self._sizes.append((self._waiting[0][0], self._waiting[-1][0], len(content)))
            self._waiting, self._waiting_bytes = [], 0
