from __future__ import annotations

import contextlib
import csv
import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import roster, sheet


def read(content: bytes, *, size: int = 0, **form: Any) -> tuple[tuple[str, ...], list[sheet.Row]]:  # noqa: ANN401 - members of a form
    """Return the header and the rows of a sheet that comes in pieces of a size."""
    pieces = [content[place : place + size] for place in range(0, len(content), size)] if size else [content]
    found = sheet.Sheet(pieces, sheet.Form(**form))
    return found.header, list(found.rows())


def faults(content: bytes, **form: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - as above
    """Return where and what is wrong with a sheet that cannot be read."""
    with pytest.raises(problem.Malformed) as caught:
        read(content, **form)
    return [(finding.pointer, finding.detail) for finding in caught.value.findings]


TEXT = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=6).map(str.strip)


@given(
    st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=6),
    st.sampled_from(sheet.DELIMITERS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\r\n", "\n", "\r"]),
    st.integers(1, 7),
)
def test_what_a_program_writes_is_read_back_in_whatever_pieces_it_comes(
    rows: list[list[str]], delimiter: str, encoding: str, end: str, size: int
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["one", "two"], *rows])
    content = file.getvalue().encode(encoding)
    expected = [(number, tuple(row)) for number, row in enumerate(rows, 2) if any(row)]
    assert read(content, size=size) == (("one", "two"), expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2", [(2, ("1", "2"))]),
        (b'a;b\r\n 1 ;"x\r\ny"\r\n', [(2, ("1", "x\ny"))]),
        (b"a\tb\r1\t2\r", [(2, ("1", "2"))]),
        (b"\n\na,b\n\n,\n1,2\n", [(6, ("1", "2"))]),
        (b"sep=;\na;b\n1;2\n", [(2, ("1", "2"))]),
        (b'"a,1;x";b\n1;2\n', [(2, ("1", "2"))]),
        (b"a\n1\n", [(2, ("1",))]),
        (b"a,b\n1\n1,2,3\n", [(2, ("1",)), (3, ("1", "2", "3"))]),
        (b'a,b\n=1+1,"@x"\n-1,+2\n', [(2, ("=1+1", "@x")), (3, ("-1", "+2"))]),
        (b"a,b\nx\x00y,1\n", [(2, ("x\0y", "1"))]),
    ],
)
def test_rows_are_counted_as_a_spreadsheet_shows_them(content: bytes, expected: list[sheet.Row]) -> None:
    assert read(content)[1] == read(content, size=1)[1] == expected


def test_an_encoding_is_read_where_it_is_sure_or_said() -> None:
    text = "name;town\nÅsa;Łódź\n"
    assert read(text.encode())[1] == read(text.encode("utf-8-sig"))[1] == read(text.encode("utf-16"))[1] == [(2, ("Åsa", "Łódź"))]
    found = sheet.Sheet([text.encode("utf-16")])
    assert (found.encoding, found.delimiter) == ("utf-16", ";")
    assert read("name\nStraß…\n".encode("windows-1252"), encoding="windows-1252")[1] == [(2, ("Straß…",))]


def test_a_byte_that_is_no_utf_8_is_named_by_row_and_column() -> None:
    content = "name,town\nÅsa,Oslo\n".encode() + "Bo,Malmö\n".encode("windows-1252") + "Åke,x\n".encode()
    assert faults(content) == [
        (
            "/3/town",
            (
                "Row 3, column “town”: byte 0xf6 is no UTF-8. Save the sheet as CSV UTF-8; or, if all of it is in the encoding of Windows "
                "in Western Europe, say that it is windows-1252."
            ),
        )
    ]
    (found,) = faults(content, encoding="windows-1252")[:1]
    assert found[0] == "/2/name"
    assert "this cell is in UTF-8, and the sheet is said to be windows-1252" in found[1]
    assert faults(b"name\n\x81x\n", encoding="windows-1252") == [
        ("/2/name", "Row 2, column “name”: byte 0x81 is no windows-1252. Save the sheet as CSV UTF-8.")
    ]
    assert faults("größe,b\n".encode("latin-1"))[0][0] == "/1/number 1"
    assert faults(b"a\nx,\xff\n")[0][0] == "/2/number 2"


@pytest.mark.parametrize(
    ("content", "form", "detail"),
    [
        (b"", {}, "The sheet is empty. Its first row names the columns."),
        (b"\n \n,,\n", {}, "The sheet is empty."),
        (b"PK\x03\x04rest", {}, "This is a workbook"),
        (b"\xd0\xcf\x11\xe0rest", {}, "This is an old workbook"),
        ("a".encode("utf-32"), {}, "This is UTF-32"),
        ("a,b".encode("utf-16-le"), {}, "UTF-16 is read only with a byte order mark"),
        (b"a,b", {"encoding": "utf-16"}, "UTF-16 is read only with a byte order mark"),
        (b"\xef\xbb\xbfa,b", {"encoding": "windows-1252"}, "The sheet begins as utf-8 does, but is said to be windows-1252."),
        (b"a,b", {"encoding": "koi8-r"}, "There is no encoding 'koi8-r' here; there are utf-8, windows-1252, utf-16."),
        (b"a,b;c\n", {}, "Whether the sheet is cut at commas, semicolons or tabs cannot be told from its first row."),
        (b"sep=|\na|b\n", {}, "A sheet is cut at commas, semicolons or tabs."),
        (b"a,b", {"delimiter": "|"}, "A sheet is cut at commas, semicolons or tabs."),
        ("a\nxä".encode("utf-16")[:-1], {}, "Row 2: Half a character of UTF-16 stands here."),
        (b'"a"b,c\n1,2\n', {}, "Row 1: After the quotation mark that closes a cell, only a comma or the end of the row can follow."),
    ],
)
def test_what_is_no_sheet_says_so(content: bytes, form: dict[str, Any], detail: str) -> None:
    with pytest.raises(problem.Malformed) as caught:
        read(content, **form)
    assert detail in caught.value.detail


def test_all_rows_that_cannot_be_cut_are_told() -> None:
    found = faults(b'a;b\n"x"y;1\n2;3\n"x"z;1\n"never closed;3\n')
    assert [pointer for pointer, _ in found] == ["/2", "/4", "/5"]
    assert "only a semicolon or" in found[0][1]
    assert found[2][1] == "Row 5: A quotation mark opens a cell and is never closed."
    assert "only a tab or" in faults(b'a\tb\n"x"y\t1\n')[0][1]


def test_so_many_faults_are_told_and_no_more() -> None:
    assert len(faults(b"a\n" + b"\xff\n" * 1000)) == sheet.MAX_FAULTS


def endless(piece: bytes) -> Iterator[bytes]:
    yield b"a,b\n"
    while True:
        yield piece


@pytest.mark.parametrize("piece", [b"x" * 1000, b"," * 1000, b'"\n",' * 300, b'"' + b"\n" * 1000 + b'x",'])
def test_a_row_without_end_is_not_kept(piece: bytes) -> None:
    with pytest.raises(problem.TooLarge, match=f"Row 2 is longer than {roster.MAX_ROW:,} characters"):
        list(sheet.Sheet(endless(piece)).rows())
    with pytest.raises(problem.TooLarge, match="Row 1 is longer"):
        sheet.Sheet([b"x" * (roster.MAX_ROW + 1)])


def test_a_long_sheet_takes_no_more_memory_than_a_short_one() -> None:
    def many(count: int) -> Iterator[bytes]:
        yield b"E-mail;Name;Narrative\r\n"
        for start in range(0, count, 100):
            yield "".join(f'l{number}@example.org;"Åsa {number}";"of\r\ntwo lines"\r\n' for number in range(start, start + 100)).encode()

    peaks = []
    for count in (2_000, 40_000):
        tracemalloc.start()
        assert sum(1 for _ in sheet.Sheet(many(count)).rows()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000, peaks


def test_there_are_only_so_many_rows_and_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(problem.TooLarge, match="more than 1,000 columns"):
        read(b",".join(b"c%d" % number for number in range(sheet.MAX_COLUMNS + 1)))
    monkeypatch.setattr(sheet, "MAX_ROWS", 3)
    assert len(read(b"a\n1\n2\n")[1]) == 2
    with pytest.raises(problem.TooLarge, match="A sheet has 3 rows at most"):
        read(b"a\n1\n2\n3\n")


@given(st.binary(max_size=60))
@example(b'"\xff"\n')
@example(b"\xff\xfe\x00\xd8")
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    with contextlib.suppress(problem.Malformed, problem.TooLarge):
        header, rows = read(content)
        assert any(header)
        assert all(any(cells) for _, cells in rows)
