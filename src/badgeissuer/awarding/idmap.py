"""A table of who is who: the ids that a platform has for its learners, and by what else they are known. CSV, as spreadsheets write it.

    source,source_id,email,sis_id,did,orcid
    canvas,4211,asha@example.org,,,

Commas, semicolons or tabs part the columns; which, the first line says. Every error names its row and its column, and all are told at once.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

from badgeissuer import problem
from badgeissuer.awarding import adapter, event

COLUMNS = ("source", "source_id", "email", "sis_id", "did", "orcid")
NEEDED = ("source", "source_id")
MAX_ROWS = 10_000
MAX_CELL = 512
"""Characters of a cell."""
MAX_FINDINGS = 100
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")
_ORCID = re.compile(r"(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Row:
    """One line.

    Attributes:
        line: Its number, as editors count them.
        source: The slug of the source whose id it is.
        claim: Who it is.
    """

    line: int
    source: str
    claim: event.LearnerClaim


def read(body: bytes) -> tuple[Row, ...]:
    """Return the rows of a table.

    Args:
        body: The table in UTF-8, with or without a byte order mark.

    Raises:
        problem.Malformed: It is not UTF-8 or no CSV.
        problem.Invalid: With a finding for each cell that is wrong; its pointer is `/rows/{line}/{column}`.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise problem.Malformed("The table is not in UTF-8. Save it as “CSV UTF-8” and send it again.") from None
    head, _, _ = text.partition("\n")
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    rows: list[Row] = []
    findings = list(_unknown(lines.fieldnames or ()))
    try:
        for cells in lines if not findings else ():
            row, wrong = _row(cells, lines.line_num)
            rows += [row] if row else []
            findings += wrong
            if len(rows) > MAX_ROWS:
                raise problem.TooLarge(f"The table has more than {MAX_ROWS:,} rows. Send it in parts.")
    except csv.Error:
        raise problem.Malformed(f"Line {lines.line_num} of the table is no CSV: look at its quotation marks.") from None
    if not rows and not findings:
        findings = [problem.Finding("The table has no rows.", "/rows")]
    if findings:
        raise problem.Invalid.of(tuple(findings[:MAX_FINDINGS]))
    return tuple(rows)


def _unknown(columns: object) -> list[problem.Finding]:
    named = [str(name).strip() for name in columns] if isinstance(columns, list) else []
    missing = [f"The column {name} is missing." for name in NEEDED if name not in named]
    strange = [f"There is no column {name[:40]!r}; there are {', '.join(COLUMNS)}." for name in named if name not in COLUMNS]
    twice = [f"The column {name} stands twice." for name in COLUMNS if named.count(name) > 1]
    return [problem.Finding(detail, "/rows/1") for detail in (*missing, *strange, *twice)]


def _row(cells: dict[str, str | list[str] | None], line: int) -> tuple[Row | None, list[problem.Finding]]:
    """Return what a line says, and what is wrong with it."""
    if None in cells or None in cells.values():
        return None, [problem.Finding(f"Row {line}: it has not as many cells as the first line.", f"/rows/{line}")]
    given = {str(name).strip(): str(value).strip() for name, value in cells.items()}
    wrong = {name: fault for name, value in given.items() if (fault := _fault(name, value))}
    if not wrong and not any(given.get(name) for name in COLUMNS[2:]):
        wrong = {"email": "one of email, sis_id, did and orcid is needed"}
    if wrong:
        found = [problem.Finding(f"Row {line}, column {name}: {fault}.", f"/rows/{line}/{name}") for name, fault in wrong.items()]
        return None, found
    orcid = _ORCID.fullmatch(given.get("orcid", ""))
    claim = event.LearnerClaim(
        given["source_id"],
        given.get("sis_id") or None,
        given.get("email") or None,
        None,
        given.get("did") or None,
        orcid[1] if orcid else None,
    )
    return Row(line, given["source"], claim), []


def _fault(name: str, value: str) -> str | None:
    if not value:
        return "it is empty" if name in NEEDED else None
    if len(value) > MAX_CELL or _CONTROL.search(value):
        return f"it has at most {MAX_CELL} characters, and no control characters"
    match name:
        case "email":
            return None if adapter.email_address(value) else "this is no e-mail address"
        case "did":
            return None if _DID.fullmatch(value) else "this is no DID"
        case "orcid":
            return None if _ORCID.fullmatch(value) else "this is no ORCID iD"
    return None
