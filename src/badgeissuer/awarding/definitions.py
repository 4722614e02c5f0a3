"""Definitions of achievements as a sheet: a row for each, its short name and the members of its draft in columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.awarding import cells, sheet, shorthand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from badgeissuer.vc.document import JsonObject

MAX_ROW = 4 << 20
"""Characters of a row: a draft of the largest size, with its quotation marks doubled."""
_NOTHING = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Row:
    """What a row of a sheet defines.

    Attributes:
        number: Which row it is, as spreadsheet programs count.
        item: `{"slug": …, "draft": …}`.
        columns: Member of the draft, or `slug` → title of the column that says it.
    """

    number: int
    item: JsonObject
    columns: Mapping[str, str]

    def placed(self, finding: problem.Finding) -> problem.Finding:
        """Return a finding on the draft as one on this row of the sheet."""
        member = problem.steps(finding.pointer)[0] if finding.pointer else ""
        column = self.columns.get(member, "")
        detail = f"{sheet.place(self.number, column)}: {finding.detail}"
        return problem.Finding(detail, sheet.pointer(self.number, column), finding.type)


_NAMES = {_NOTHING.sub("", name).casefold(): name for name in ("slug", "issuer", *shorthand.COLUMNS)}
_SPLIT = ("criteria.narrative", "criteria.id")


def written(drafts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a sheet that `read` gives back as it was; every cell is guarded against being taken for a formula.

    Args:
        drafts: `{"slug": …, "issuer": …, "draft": …}` each.
    """
    rows = [{"slug": item["slug"], "issuer": item["issuer"], **_parted(item["draft"])} for item in drafts]
    used = {*shorthand.ALWAYS, *(name for row in rows for name in row)}
    header = ["slug", "issuer", *(name for name in shorthand.COLUMNS if name in used)]
    yield cells.BYTE_ORDER_MARK + cells.line(header)
    for row in rows:
        yield cells.line([row.get(name, "") for name in header])


def _parted(draft: JsonObject) -> dict[str, str]:
    """Return the columns that say a draft."""
    found: dict[str, Any] = {name: value for name, value in draft.items() if name in shorthand.MEMBERS}
    rest = {name: value for name, value in draft.items() if name not in shorthand.MEMBERS}
    criteria = found.get("criteria")
    split = {f"criteria.{part}": value for part, value in criteria.items()} if isinstance(criteria, dict) else {}
    if split and set(split) <= set(_SPLIT):
        del found["criteria"]
        found |= split
    return {name: shorthand.cell(name, value) for name, value in (found | ({shorthand.MORE: rest} if rest else {})).items()}


def read(pieces: Iterable[bytes]) -> list[Row]:
    """Return what a sheet defines; whether the definitions hold is checked where they are stored.

    Args:
        pieces: Its bytes, in pieces of any length.

    Raises:
        problem.Malformed: It is no sheet that can be read.
        problem.TooLarge: A row is too long, or there are too many.
        problem.Invalid: Columns or cells cannot be what they should be; every finding says row and column.
    """
    found = sheet.Sheet(pieces, longest=MAX_ROW)
    names = _columns(found.header)
    faults: list[problem.Finding] = []
    rows: list[Row] = []
    slugs: dict[str, int] = {}
    for number, texts in found.rows():
        row = _read(number, names, found.header, texts, faults)
        slug = row.item.get("slug")
        if slug in slugs:
            faults.append(_fault(number, "slug", f"{slug!r} stands in row {slugs[slug]} too. Keep one of them."))
        elif slug:
            slugs[slug] = number
        rows.append(row)
        if len(faults) >= sheet.MAX_FAULTS:
            break
    if not rows:
        raise problem.Invalid("The sheet defines nothing: there is no row below its first one.")
    if faults:
        raise problem.Invalid.of(tuple(faults))
    return rows


def _fault(row: int, column: str, detail: str) -> problem.Finding:
    return problem.Finding(f"{sheet.place(row, column)}: {detail[:1].upper() + detail[1:]}", sheet.pointer(row, column))


def _columns(header: Sequence[str]) -> list[str]:
    """Return what the columns are for; small and large letters, spaces and dots do not count."""
    names, faults = [], []
    for place, title in enumerate(header, start=1):
        name = _NAMES.get(_NOTHING.sub("", title).casefold(), "")
        column = title[: problem.MAX_POINTER] or f"number {place}"
        if not name:
            faults.append(_fault(1, column, f"There is no such column. There are {', '.join(_NAMES.values())}. Rename it, or delete it."))
        elif name in names:
            faults.append(_fault(1, column, f"There is another column {name}. Keep one of them."))
        names.append(name)
    if faults:
        raise problem.Invalid.of(tuple(faults[: sheet.MAX_FAULTS]))
    return names


def _read(number: int, names: Sequence[str], header: Sequence[str], texts: Sequence[str], faults: list[problem.Finding]) -> Row:
    """Return what a row says, and add to `faults` what is wrong with it."""
    said: JsonObject = {}
    if len(texts) != len(names):
        detail = f"It has {len(texts)} cells, and there are {len(names)} columns. A cell with the delimiter in it needs quotation marks."
        faults.append(_fault(number, "", detail))
    for name, title, guarded in zip(names, header, texts, strict=False):
        text = cells.bare(guarded)
        if text:
            try:
                said[name] = text if name in {"slug", "issuer"} else shorthand.value(name, text)
            except ValueError as error:
                faults.append(_fault(number, title, str(error)))
    titles = dict(zip(names, header, strict=True))
    item: JsonObject = {name: said.pop(name) for name in ("slug", "issuer") if name in said}
    fault = _joined(said)
    if fault:
        faults.append(_fault(number, titles[fault[0]], fault[1]))
    parts = {name.partition(".")[0]: title for name, title in titles.items() if name in _SPLIT and title} | titles
    return Row(number, item | {"draft": said}, parts)


def _joined(said: JsonObject) -> tuple[str, str] | None:
    """Put members together that stand in several columns; return the column that is at fault, and why."""
    split = [name for name in _SPLIT if name in said]
    if split and "criteria" in said:
        return "criteria", f"The column {split[0]} says the same. Leave one of them empty."
    if split:
        said["criteria"] = {name.partition(".")[2]: said.pop(name) for name in split}
    more = said.pop(shorthand.MORE, {})
    if not isinstance(more, dict):
        return shorthand.MORE, "This must be a JSON object of further members."
    twice = next((name for name in more if name in said or name in shorthand.MEMBERS), None)
    if twice is not None:
        return shorthand.MORE, f"{twice[:80]!r} has a column of its own."
    said |= more
    return None
