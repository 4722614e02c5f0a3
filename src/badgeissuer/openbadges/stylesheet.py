"""What styles in an SVG refer to; whatever would load something is refused.

No style is understood here beyond that. What a browser may read otherwise than we do, escapes above all, is refused as well.

Source: CSS Syntax 3, CSS Values 4 (`url()`, `src()`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from badgeissuer import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 8
"""Of style rules in one another."""

_URL = re.compile(r"url\(\s*['\"]?\s*(#)?([^)'\"]*)", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_BRACE = re.compile("([{}])")
_REFUSED = {
    "@import": "a style sheet from elsewhere (@import)",
    r"javascript\s*:": "an address that is a script (javascript:)",
    r"@font-face": "a font (@font-face); draw the letters as paths",
    r"\b(?:image-set|image|src|cross-fade|element|paint|expression|attr|var|env)\(": "a style that loads or computes something",
    r"-moz-binding|behaviou?r\s*:": "a style that runs something",
}
_UNFIT = {re.compile(pattern, re.IGNORECASE): said for pattern, said in _REFUSED.items()}


def references(text: str) -> list[str]:
    """Return the ids of its own document to which a text of CSS refers.

    A comment may hide something from us that a browser reads, or the other way round, so both readings are looked at.

    Raises:
        problem.Invalid: It refers to something elsewhere, or does more than describe.
    """
    if "\\" in text:
        refuse("an escape in its styles; write the characters themselves")
    found: list[str] = []
    for reading in dict.fromkeys((text, _COMMENT.sub("", text))):
        for pattern, said in _UNFIT.items():
            if pattern.search(reading):
                refuse(said)
        for is_own, name in _URL.findall(reading):
            if not is_own:
                refuse("an address elsewhere in its styles (url)")
            found.append(name.strip())
    return found


def rules(sheet: str) -> Iterator[tuple[str, list[str], str]]:
    """Yield what in a style sheet refers to something: the selectors around it, the ids, and the text; more rather than less of it.

    Raises:
        problem.Invalid: As `references`, wherever in the sheet it stands.
    """
    references(sheet)
    for reading in dict.fromkeys((sheet, _COMMENT.sub(" ", sheet))):
        around: list[str] = []
        last = ""
        for part in _BRACE.split(reading):
            if part == "{":
                around.append(last)
                if len(around) > MAX_DEPTH:
                    refuse(f"style rules that nest deeper than {MAX_DEPTH} levels")
            elif part == "}":
                del around[-1:]
            elif found := references(part):
                yield " ".join(around), found, part
            last = part


def refuse(what: str) -> NoReturn:
    """Raise that an SVG holds something that it must not."""
    raise problem.Invalid(f"The SVG holds {what}. A badge's picture only shows: save it without that.")
