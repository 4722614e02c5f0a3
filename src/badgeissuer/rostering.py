"""Rosters of both kinds, row by row: JSON objects, or the cells of a sheet; what each says, checked against the achievement.

Whoever only looks at a roster and whoever issues it read it here, so that both find the same.
"""

from __future__ import annotations

import hashlib
import json
import zoneinfo
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from badgeissuer import issuing, problem
from badgeissuer.awarding import cells, columns, record, roster, sheet
from badgeissuer.vc import verification

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime, tzinfo

    from badgeissuer.store import spool, tables
    from badgeissuer.vc.document import JsonObject


@dataclass(frozen=True, slots=True)
class Asked:
    """How somebody wants a sheet read.

    Attributes:
        form: How it is written.
        told: Columns and what they mean; the others are guessed (`columns.guess`).
        dates: One of `cells.ORDERS`, where dates have figures only.
        zone: The name of the zone of times that name none.
    """

    form: sheet.Form = field(default_factory=sheet.Form)
    told: Mapping[str, str] = field(default_factory=dict)
    dates: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A roster that was read.

    Attributes:
        sha256: Of what makes it another one: the bytes of a sheet, the rows of JSON Lines.
        layout: What its columns mean, where it is a sheet.
        encoding: How it is written.
        delimiter: Where it is cut.
    """

    sha256: str
    layout: columns.Layout | None = None
    encoding: str = "utf-8"
    delimiter: str = ""


_SPELLINGS = {"utf8": "utf-8", "utf-8-sig": "utf-8", "us-ascii": "utf-8", "cp1252": "windows-1252", "utf16": "utf-16"}
_TAB = {"tab": "\t", "\\t": "\t"}


def ask(
    told: Iterable[str] = (),
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    dates: str | None = None,
    zone: str | None = None,
) -> Asked:
    """Return how a sheet is to be read, from what people write.

    Args:
        told: Columns and what they mean, such as `Student e-mail=email`.
        encoding: One of `sheet.ENCODINGS`, in any spelling.
        delimiter: One of `sheet.DELIMITERS`, or `tab`.
        dates: See `Asked`.
        zone: See `Asked`.

    Raises:
        problem.Invalid: A column is not told what it means.
    """
    meanings = {}
    for text in told:
        name, sign, meaning = text.rpartition("=")
        if not sign or not name.strip():
            raise problem.Invalid(f"{text[:80]!r} does not say what a column means. Write it as Student e-mail=email.")
        meanings[name.strip()] = meaning.strip()
    spelled = encoding.strip().lower() if encoding else None
    form = sheet.Form(_SPELLINGS.get(spelled or "", spelled), _TAB.get(delimiter or "", delimiter) or None)
    return Asked(form, meanings, dates or None, zone or None)


def zone_of(name: str | None) -> tzinfo:
    """Return the zone of that name, UTC where there is none.

    Raises:
        problem.Invalid: There is no such zone.
    """
    if name is not None and name not in zoneinfo.available_timezones():
        raise problem.Invalid(f"There is no time zone {name[:64]!r}; name one such as Europe/Berlin.")
    return zoneinfo.ZoneInfo(name) if name else UTC


def take(rows: spool.Spool, pieces: Iterable[bytes], asked: Asked, *, version: tables.AchievementVersion) -> Taken:
    """Read a sheet, and put its rows into a spool.

    Raises:
        problem.Malformed: It cannot be read; the findings say which rows and columns.
        problem.TooLarge: A row is too long, or there are too many.
        problem.Invalid: What its columns mean is not clear, or there is no such zone.
    """
    digest = hashlib.sha256()
    found = sheet.Sheet(_digested(pieces, digest.update), asked.form)
    layout = lay_out(found.header, asked, version=version)
    rows.describe(json.dumps(layout.to_json(), sort_keys=True).encode())
    for number, row in found.rows():
        rows.add(number, record.pack(row))
    rows.end()
    return Taken(digest.hexdigest(), layout, found.encoding, found.delimiter)


def lay_out(header: Iterable[str], asked: Asked, *, version: tables.AchievementVersion) -> columns.Layout:
    """Return what the columns of a sheet mean, or raise `problem.Invalid` where that is not clear."""
    if asked.dates not in {None, *cells.ORDERS}:
        raise problem.Invalid(f"Dates are read as {' or '.join(cells.ORDERS)}, not as {str(asked.dates)[:20]!r}.")
    zone_of(asked.zone)
    return columns.lay_out(tuple(header), columns.scales(version.document), told=asked.told, dates=asked.dates, zone=asked.zone)


def _digested(pieces: Iterable[bytes], update: Any) -> Iterator[bytes]:  # noqa: ANN401 - of a hash
    for piece in pieces:
        update(piece)
        yield piece


def token(taken: Taken, version: tables.AchievementVersion) -> str:
    """Return what says that a roster is the same, is read in the same way, and is for the same version of the achievement."""
    layout = taken.layout.to_json() if taken.layout else None
    said = [taken.sha256, layout, taken.encoding, taken.delimiter, version.id]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def require_unchanged(given: str | None, taken: Taken, version: tables.AchievementVersion) -> None:
    """Return where a roster is what was looked at before, or where nobody says what was.

    Raises:
        problem.Conflict: It is another one, is read otherwise, or the achievement was published anew.
    """
    if given is not None and given != token(taken, version):
        raise problem.Conflict(
            "This is not what the dry run looked at: the file, the meaning of its columns or the achievement has changed since. "
            "Do the dry run again.",
            kind=problem.OURS + "batch-changed",
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be read: its number, what it says, what of it is kept in the award, and where it names the learner."""

    number: int
    said: roster.Row
    claims: dict[str, Any]
    who: str = "/learner"


class Reader:
    """Reads the rows of one roster.

    Args:
        version: What they are to be awarded.
        layout: What the columns mean, where the roster is a sheet.
        now: The moment.
    """

    def __init__(self, version: tables.AchievementVersion, layout: columns.Layout | None, *, now: datetime) -> None:
        self._version = version
        self._now = now
        self._known: dict[bytes, list[JsonObject]] = {}
        scales = columns.scales(version.document) if layout else ()
        self._cells = record.Reader(layout, scales, zone=zone_of(layout.zone)) if layout else None

    def read(self, number: int, line: bytes) -> Row:
        """Return a row.

        Raises:
            problem.Malformed: It is no JSON object.
            problem.TooLarge: It is too long.
            problem.Invalid: It breaks a rule. The findings point into the row; in a sheet at its columns.
        """
        if self._cells is None:
            return self._checked(number, roster.read(line))
        said = self._cells.read(record.unpack(line))
        try:
            who = said.at_its_column(problem.Finding("", "/learner")).pointer
            return replace(self._checked(number, said.row), who=who)
        except problem.Invalid as error:
            findings = error.findings or (problem.Finding(error.detail),)
            raise problem.Invalid.of(tuple(said.at_its_column(finding) for finding in findings)) from None

    def _checked(self, number: int, row: roster.Row) -> Row:
        if not row.learner.is_somebody:
            raise problem.Invalid.of((problem.Finding("The learner needs an e-mail address, a DID or a source_id.", "/learner"),))
        if row.awarded_at and row.awarded_at > self._now + verification.SKEW:
            raise problem.Invalid.of((problem.Finding("awarded_at lies in the future.", "/awarded_at"),))
        decision = issuing.Decision(
            awarded_at=row.awarded_at or self._now,
            results=row.results,
            evidence=row.evidence,
            credits_earned=row.credits_earned,
            narrative=row.narrative,
            valid_until=row.valid_until,
        )
        issuing.check_end(decision, now=self._now)
        return Row(number, row, issuing.claims(decision, self._version, known=self._known))


def reader(batch: tables.Batch, version: tables.AchievementVersion, *, now: datetime) -> Reader:
    """Return what reads the rows of a batch."""
    return Reader(version, columns.Layout.from_json(batch.sheet) if batch.sheet else None, now=now)


def differ(row: Row, other: int) -> problem.Invalid:
    """Return the error that a row says other things of a learner than one before."""
    detail = (
        f"Rows {other} and {row.number} are about the same learner and say different things; row {other} was taken. "
        "Leave one of them out, or give one another scope."
    )
    return problem.Invalid.of((problem.Finding(detail, row.who),))


def findings(error: problem.Problem) -> tuple[problem.Finding, ...]:
    """Return what is wrong with a row, one by one."""
    return error.findings or (problem.Finding(error.detail, "", error.kind),)
