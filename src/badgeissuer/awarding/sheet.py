"""Sheets: lists as spreadsheet programs export them (CSV, RFC 4180), from bytes to rows of text.

    bytes → characters → lines, within limits → cells → text

Delimiters, quotation marks and line breaks are the same bytes in every encoding that is read here but UTF-16. So cells are cut before they
are decoded, each by itself: of a byte that cannot be read it is known in which row and column it stands, and a sheet that is written in two
encodings cannot pass for one of them. Never is more than one row held.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.awarding import roster

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ENCODINGS = ("utf-8", "windows-1252", "utf-16")
DELIMITERS = (",", ";", "\t")
MAX_ROWS = 1_048_576
"""Rows with the header, as many as a spreadsheet program has."""
MAX_COLUMNS = 1000
MAX_FAULTS = 100
"""Things that are wrong with a sheet that are told; after so many it is not read on."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_OTHERS = (
    (b"PK\x03\x04", "This is a workbook, not a sheet as text. Save it as CSV UTF-8 (comma delimited), and send that."),
    (b"\xd0\xcf\x11\xe0", "This is an old workbook, not a sheet as text. Save it as CSV, and send that."),
    (codecs.BOM_UTF32_LE, "This is UTF-32, which is not read here. Save it as CSV UTF-8."),
)
_ENOUGH = 4
_LEADS, _SHARP_S = 0xC2, 0xDF
"""The first of the bytes that begin a character in UTF-8; the small letter among those that Windows-1252 has there."""
_SEPARATOR = re.compile(r"sep=(.)\n?")
_QUOTED = re.compile(r'"[^"]*"?')

Row = tuple[int, tuple[str, ...]]
"""The cells of a row, without space around them, and its number, counted as spreadsheet programs do: the first row is 1."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a sheet is written; what is None is found out where there is no doubt.

    Attributes:
        encoding: One of `ENCODINGS`. Windows-1252 is never guessed: any bytes could be it.
        delimiter: One of `DELIMITERS`.
    """

    encoding: str | None = None
    delimiter: str | None = None


def pointer(row: int, column: str = "") -> str:
    """Return where something stands in a sheet, as a JSON Pointer: `/7/Score`."""
    return problem.below(f"/{row}", column) if column else f"/{row}"


def place(row: int, column: str = "") -> str:
    """Return where something stands in a sheet, in words."""
    return f"Row {row}, column “{column}”" if column else f"Row {row}"


class Sheet:
    """A sheet that is being read.

    Args:
        pieces: Its bytes, in pieces of any length.
        form: How it is written.
        longest: Characters of a row that are still read.

    Attributes:
        header: The names of the columns, without space around them; empty where a column has none.
        encoding: The one it is read in.
        delimiter: The one that it is cut at.

    Raises:
        problem.Malformed: It has no header, or none that can be read.
        problem.TooLarge: A row is too long.
    """

    def __init__(self, pieces: Iterable[bytes], form: Form = Form(), *, longest: int = roster.MAX_ROW) -> None:
        start, rest = _beginning(pieces)
        self._longest = longest
        if longest > csv.field_size_limit():
            csv.field_size_limit(longest)  # one for the whole process; what bounds a cell here is the row
        self.encoding, mark = _encoding(start, form)
        self.header: tuple[str, ...] = ()
        self._lines = self._cut(self._characters(start[mark:], rest))
        self._pending, self._number = 0, 0
        self._faults: list[problem.Finding] = []
        first = next(self._lines, "")
        separator = _SEPARATOR.fullmatch(first)  # a line that spreadsheet programs obey and do not show
        if separator:
            first = next(self._lines, "")
        self.delimiter = form.delimiter or (separator[1] if separator else _delimiter(first))
        if self.delimiter not in DELIMITERS:
            raise problem.Malformed("A sheet is cut at commas, semicolons or tabs.")
        self._reader = csv.reader(self._with(first), delimiter=self.delimiter, strict=True)
        self.header = self._names()

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header; those without any text are counted and left out.

        Raises:
            problem.Malformed: Rows cannot be read; the findings say which, and in which column. It is raised at the end, or after
                `MAX_FAULTS` findings; nothing that was yielded before should be kept.
            problem.TooLarge: A row is too long, or there are too many.
        """
        while (cells := self._next()) is not None:
            if any(cells):
                yield self._number, cells
        if self._faults:
            raise self._broken()

    def _names(self) -> tuple[str, ...]:
        header = self._next()
        while header is not None and not any(header):
            header = self._next()
        if self._faults:
            raise self._broken()
        if header is None:
            raise problem.Malformed("The sheet is empty. Its first row names the columns.")
        if len(header) > MAX_COLUMNS:
            raise problem.TooLarge(f"The sheet has more than {MAX_COLUMNS:,} columns.")
        return header

    def _next(self) -> tuple[str, ...] | None:
        """Return the cells of the next row that can be cut; None at the end."""
        while True:
            self._number += 1
            self._pending = 0
            try:
                cells = next(self._reader)
            except StopIteration:
                return None
            except csv.Error as error:
                self._fault(_said(error, self.delimiter))
                continue
            if self._number > MAX_ROWS:
                raise problem.TooLarge(f"A sheet has {MAX_ROWS:,} rows at most. Split it.")
            decoded = self._decoded(cells)
            if decoded is not None:
                return decoded

    def _decoded(self, cells: Sequence[str]) -> tuple[str, ...] | None:
        """Return cells as text; None where one cannot be read."""
        if self.encoding == "utf-16" or "".join(cells).isascii():
            return tuple(cell.strip() for cell in cells)
        texts = []
        before = len(self._faults)
        for index, cell in enumerate(cells):
            try:
                texts.append((cell if cell.isascii() else _text(cell.encode("latin-1"), self.encoding)).strip())
            except ValueError as error:
                named = self.header[index : index + 1]
                self._fault(str(error), named[0] if named else f"number {index + 1}")
        return tuple(texts) if len(self._faults) == before else None

    def _fault(self, detail: str, column: str = "") -> None:
        self._faults.append(problem.Finding(f"{place(self._number, column)}: {detail}", pointer(self._number, column)))
        if len(self._faults) >= MAX_FAULTS:
            raise self._broken()

    def _broken(self) -> problem.Malformed:
        more = f" There are {len(self._faults)} such faults, or more." if len(self._faults) > 1 else ""
        return problem.Malformed(f"The sheet cannot be read. {self._faults[0].detail}{more}", findings=tuple(self._faults))

    def _characters(self, start: bytes, rest: Iterator[bytes]) -> Iterator[str]:
        """Yield characters with one kind of line break: of UTF-16 the text, of other encodings one for each byte."""
        codec = "utf-16" if self.encoding == "utf-16" else "latin-1"
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(codec)(), translate=True)
        try:
            yield decoder.decode(start)
            for piece in rest:
                yield decoder.decode(piece)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            self._fault("Half a character of UTF-16 stands here. Save the sheet as CSV UTF-8.")
            raise self._broken() from None

    def _cut(self, texts: Iterable[str]) -> Iterator[str]:
        rest = ""
        for text in texts:
            *complete, rest = (rest + text).split("\n")
            for line in complete:
                self._count(line)
                yield line + "\n"
            self._count(rest, is_whole=False)
        if rest:
            yield rest

    def _count(self, line: str, *, is_whole: bool = True) -> None:
        if self._pending + len(line) > self._longest:
            raise problem.TooLarge(
                f"Row {self._number or 1} is longer than {self._longest:,} characters. "
                "Perhaps a quotation mark opens a cell in it and is never closed."
            )
        self._pending += len(line) + 1 if is_whole else 0  # a break inside a cell is a character too

    def _with(self, first: str) -> Iterator[str]:
        if first:
            yield first
        yield from self._lines


def _beginning(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes of a sheet, enough to tell its encoding, and the pieces after them."""
    rest = iter(pieces)
    start = b""
    while len(start) < _ENOUGH and (piece := next(rest, None)) is not None:
        start += piece
    return start, rest


def _encoding(start: bytes, form: Form) -> tuple[str, int]:
    """Return the encoding of a sheet, and how long a mark of it there is to be left out."""
    if form.encoding not in {None, *ENCODINGS}:
        raise problem.Malformed(f"There is no encoding {form.encoding!r} here; there are {', '.join(ENCODINGS)}.")
    for beginning, detail in _OTHERS:
        if start.startswith(beginning):
            raise problem.Malformed(detail)
    marked = next(((mark, encoding) for mark, encoding in _MARKS if start.startswith(mark)), None)
    if marked is None:
        if form.encoding == "utf-16" or b"\0" in start[:_ENOUGH]:
            raise problem.Malformed("UTF-16 is read only with a byte order mark at its beginning, and this has none. Save it as CSV UTF-8.")
        return form.encoding or "utf-8", 0
    mark, encoding = marked
    if form.encoding not in {None, encoding}:
        raise problem.Malformed(f"The sheet begins as {encoding} does, but is said to be {form.encoding}. Leave the encoding out.")
    return encoding, len(mark) if encoding == "utf-8" else 0


def _delimiter(line: str) -> str:
    """Return at what a header is cut: the one delimiter of which it has most outside of quotation marks."""
    bare = _QUOTED.sub("", line)
    most = max(bare.count(delimiter) for delimiter in DELIMITERS)
    found = [delimiter for delimiter in DELIMITERS if bare.count(delimiter) == most]
    if most and len(found) > 1:
        raise problem.Malformed("Whether the sheet is cut at commas, semicolons or tabs cannot be told from its first row. Say which.")
    return found[0]


def _text(cell: bytes, encoding: str) -> str:
    """Return a cell as text.

    Raises:
        ValueError: It is not in that encoding; the message says so, and what to do.
    """
    if encoding == "utf-8":
        try:
            return cell.decode()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"byte {cell[error.start]:#04x} is no UTF-8. Save the sheet as CSV UTF-8; or, if all of it is in the encoding of Windows "
                "in Western Europe, say that it is windows-1252."
            ) from None
    if _is_utf_8(cell):
        raise ValueError(
            "this cell is in UTF-8, and the sheet is said to be windows-1252. Mend the cell, or save the whole sheet as CSV UTF-8."
        )
    try:
        return cell.decode("windows-1252")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {cell[error.start]:#04x} is no windows-1252. Save the sheet as CSV UTF-8.") from None


def _is_utf_8(cell: bytes) -> bool:
    """Return whether a cell with bytes beyond ASCII is UTF-8, which no text in Windows-1252 is by chance but one that ends with “ß…”."""
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return any(byte >= _LEADS and byte != _SHARP_S for byte in cell)


def _said(error: csv.Error, delimiter: str) -> str:
    """Return what is wrong with the quotation marks of a row."""
    if "unexpected end" in str(error):
        return "A quotation mark opens a cell and is never closed."
    name = {",": "comma", ";": "semicolon"}.get(delimiter, "tab")
    return f"After the quotation mark that closes a cell, only a {name} or the end of the row can follow. Write a mark inside a cell twice."
