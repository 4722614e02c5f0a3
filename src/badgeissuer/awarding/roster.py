"""Rosters: who is to be awarded an achievement, one JSON object a line (JSON Lines, as UTF-8).

A row that is wrong says what, where and what to do, and is nobody's affair but its own: every line is cut, kept and read by itself.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import pydantic
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from badgeissuer import problem
from badgeissuer.awarding import adapter, event
from badgeissuer.vc import document, instant

MAX_ROW = 64 * 1024
"""Bytes of a line; of a longer one no more is kept than shows that it is too long."""
ONCE = "once"
"""The scope of an award that a learner can have once."""
_BOM = b"\xef\xbb\xbf"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DID = r"^did:[a-z0-9]+:(?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})*(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2})$"

Line = tuple[int, bytes]
"""A line of a roster with its number, counted from 1, blank lines included, as editors count them."""


def _email(value: str) -> str:
    address = adapter.email_address(value)
    if address is None:
        raise ValueError("must be an e-mail address")
    return address


def _printable(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("holds a control character other than tab and line break")
    return value


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return instant.read(value)
    except problem.Invalid as error:
        raise ValueError(error.detail.removesuffix(".")) from None


Email = Annotated[str, AfterValidator(_email)]
Did = Annotated[str, Field(pattern=_DID, max_length=2048)]
Text = Annotated[str, AfterValidator(_printable)]
"""What may stand in a badge; what could not would be found only when it is signed."""
Name = Annotated[Text, Field(min_length=1, max_length=300)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
"""As credentials write it: a text with a zone, and a moment that UTC has."""


class Part(BaseModel):
    """A JSON object of ours; members that nobody knows are refused, so that a slip of the pen is not lost."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Learner(Part):
    """Who earned it; an e-mail address or a DID is what a badge can be issued to."""

    email: Email | None = None
    name: Name | None = None
    source_id: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    did: Did | None = None

    @property
    def is_somebody(self) -> bool:
        """Whether anything is said by which the learner can be known again; a name is not."""
        return bool(self.email or self.source_id or self.did)

    @property
    def claim(self) -> event.LearnerClaim:
        """What it says of who the learner is, as events say it."""
        return event.LearnerClaim(self.source_id, None, self.email, self.name, self.did)


class Row(Part):
    """What is said of one learner. `results` and `evidence` are in Open Badges form; fragments name result descriptions."""

    learner: Learner
    awarded_at: Moment | None = None
    valid_until: Moment | None = None
    results: Annotated[list[dict[str, Any]], Field(default_factory=list)]
    evidence: Annotated[list[dict[str, Any]], Field(default_factory=list)]
    credits_earned: Annotated[float, Field(ge=0, le=adapter.MAX_CREDITS, allow_inf_nan=False)] | None = None
    narrative: Annotated[Text, Field(min_length=1, max_length=10_000)] | None = None
    scope: Annotated[Text, Field(min_length=1, max_length=100)] = ONCE


class Lines:
    """Cuts bytes that come in pieces into lines. It never holds more than one line, and of that no more than `MAX_ROW` and a byte."""

    def __init__(self) -> None:
        self._number = 1
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Line]:
        """Yield the lines that a piece completes, without their line breaks; blank ones are counted and left out."""
        *complete, rest = (self._rest + piece).split(b"\n")
        for line in complete:
            yield from self._line(line)
            self._number += 1
        # The first bytes say that a line is too long; a byte order mark and a carriage return may stand beside what counts.
        self._rest = rest if len(rest) <= MAX_ROW + len(_BOM) + 1 else rest[: MAX_ROW + len(_BOM) + 2]

    def end(self) -> Iterator[Line]:
        """Yield the last line, where no line break ends it."""
        yield from self._line(self._rest)
        self._rest = b""

    def _line(self, line: bytes) -> Iterator[Line]:
        text = (line.removeprefix(_BOM) if self._number == 1 else line).strip(b" \t\r")
        if text:
            yield self._number, text[: MAX_ROW + 1]


def pack(lines: Sequence[Line]) -> bytes:
    """Return lines as they are stored, compressed; `unpack` gives them back."""
    return zlib.compress(b"\n".join(b"%d\t%s" % line for line in lines), 1)


def unpack(content: bytes) -> list[Line]:
    """Return what `pack` was given."""
    pairs = (line.split(b"\t", 1) for line in zlib.decompress(content).split(b"\n") if line)
    return [(int(number), line) for number, line in pairs]


def read(line: bytes) -> Row:
    """Return the row that a line is.

    Raises:
        problem.Malformed: It is no JSON object that all readers read alike.
        problem.TooLarge: It is longer than `MAX_ROW`.
        problem.Invalid: Members are missing, unknown, or have values that they cannot have.
    """
    if len(line) > MAX_ROW:
        raise problem.TooLarge(f"The row is longer than {MAX_ROW:,} bytes. Shorten it; results and evidence belong in it, files do not.")
    try:
        source = document.parse(line, max_bytes=MAX_ROW)
    except (problem.Malformed, problem.TooLarge) as error:
        said = error.detail.replace("The document", "The row").replace(" at line 1, column", " at column")
        raise type(error)(f"{said} Write one whole JSON object a line.") from None
    return check(source)


def check(source: Mapping[str, Any]) -> Row:
    """Return the row that an object is.

    Raises:
        problem.Invalid: Members are missing, unknown, or have values that they cannot have.
    """
    try:
        return Row.model_validate(source)
    except pydantic.ValidationError as error:
        raise problem.Invalid.of(tuple(_finding(item) for item in error.errors(include_url=False, include_input=False))) from None


def _finding(error: Any) -> problem.Finding:  # noqa: ANN401 - pydantic's own dictionary
    pointer = ""
    for step in error["loc"]:
        pointer = problem.below(pointer, step)
    name = ".".join(str(step) for step in error["loc"])[: problem.MAX_POINTER]
    match error["type"]:
        case "missing":
            return problem.Finding(f"{name} is missing; add it.", pointer)
        case "extra_forbidden":
            known = ", ".join(Learner.model_fields if error["loc"][0] == "learner" else Row.model_fields)
            return problem.Finding(f"There is no member {name} in a row; leave it out, or take one of {known}.", pointer)
        case _:
            reason = error["msg"].removeprefix("Value error, ")
            return problem.Finding(f"{name}: {reason[:1].lower()}{reason[1:]}.", pointer)
