"""What styles in an SVG refer to; whatever would load or move something is refused.

No style is understood here beyond that. What a browser may read otherwise than we do, escapes above all, is refused as well.

Source: CSS Syntax 3, CSS Values 4 (`url()`, `src()`), Selectors 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from badgeissuer import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 8
"""Of @media and @supports in one another; style rules do not nest at all."""

_URL = re.compile(r"url\(\s*['\"]?\s*(#)?([^)'\"]*)", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_REFUSED = {
    "@import": "a style sheet from elsewhere (@import)",
    r"javascript\s*:": "an address that is a script (javascript:)",
    r"@font-face": "a font (@font-face); draw the letters as paths",
    r"@[\w-]*keyframes": "an animation (@keyframes)",
    r"(?<![\w.#-])(?:-[a-z]+-)?(?:animation|transition|offset)[\w-]*\s*:": "a style that moves something (animation, transition, offset)",
    r"\b(?:image-set|image|src|cross-fade|element|paint|expression|attr|var|env)\(": "a style that loads or computes something",
    r"-moz-binding|behaviou?r\s*:": "a style that runs something",
    r"\b(?:blur|brightness|contrast|drop-shadow|grayscale|hue-rotate|invert|opacity|saturate|sepia)\(": (
        "a filter that is a function of a style, such as blur() or drop-shadow(); draw it as a filter element"
    ),
    r"(?<![\w-])(?:filter|mask|clip-path|all)[\w-]*\s*:\s*inherit": "a filter, mask or clip path that is inherited",
}
_UNFIT = {re.compile(pattern, re.IGNORECASE): said for pattern, said in _REFUSED.items()}
_TELLING = re.compile(r"[(:@\\]")
"""One of these is in everything that is refused, and in every reference."""
_PLAIN_VARIABLE = re.compile(
    r"var\(\s*--[\w-]+\s*,\s*(?:#[0-9a-f]{3,8}|(?!inherit)[a-z]+|(?:rgb|hsl)a?\([\d\s.,%/]*\))\s*\)", re.IGNORECASE
)
_VARIABLE = re.compile(r"(?<![\w-])--")
_OWN = re.compile(r"(?<![\w-])(?:filter|mask|clip-path)\s*:\s*url\(\s*(['\"]?)#[\w.:-]*\1\s*\)", re.IGNORECASE)
_HANDED_ON = re.compile("fill|stroke|marker", re.IGNORECASE)

_TOKEN = re.compile(r"/\*.*?(?:\*/|\Z)|\"[^\"\n\r\f]*\"|'[^'\n\r\f]*'|url\([^)]*\)?", re.IGNORECASE | re.DOTALL)
_PLAIN_URL = re.compile(r"url\(\s*(['\"]?)(#(?:[^'\"(){}/]|/(?!\*))*)\1\s*\)", re.IGNORECASE)
_BRACE = re.compile("([{}])")
_BRACKET = re.compile(r"[][()]")
_GROUP = re.compile(r"@(?:media|supports)\b", re.IGNORECASE)
_SELECTORS = re.compile(r"[\w.#,\s>+~-]*", re.ASCII)
_NAME = re.compile(r"[.#]?[\w-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class References:
    """Ids of its own document to which a text of CSS refers.

    Attributes:
        own: With which only the element itself is shown, as by a filter.
        handed_on: With which everything in it may be painted as well.
    """

    own: list[str]
    handed_on: list[str]


def references(text: str, attribute: str = "style") -> References:
    """Return what the value of an attribute refers to: declarations, where it is `style`, else the value of what it is called.

    Raises:
        problem.Invalid: It refers to something elsewhere, or does more than describe.
    """
    if not _TELLING.search(text):  # most have none; an inherited filter has
        if attribute in {"filter", "mask", "clip-path"}:
            _check(f"{attribute}:{text}")
        return References([], [])
    named = attribute in {"filter", "mask", "clip-path"}
    names = _check(f"{attribute}:{text}" if named else text)
    if attribute == "style":
        return _declared(text, names)
    return References([], names) if _HANDED_ON.search(attribute) else References(names, [])


def rules(sheet: str) -> Iterator[tuple[list[str], References]]:
    """Yield for each rule of a style sheet that refers to something the names of those it may be for, and to what it refers.

    Names are `name`, `.class`, `#id`; or `*` alone where the selectors say anything else. There may be more than it is for, not fewer.

    Raises:
        problem.Invalid: As `references`, wherever in the sheet it stands; or its structure could be read in two ways.
    """
    _check(sheet)
    around: list[str] = []
    last = ""
    for part in _BRACE.split(_tokens(sheet)):
        if part == "{":
            around.append(_heading(last, around))
        elif part == "}":
            if not around:
                refuse("styles whose braces do not match")
            around.pop()
        else:
            _balanced(part)
            if around and not around[-1].startswith("@") and (names := _urls(part)):
                yield _hit(around[-1]), _declared(part, names)
        last = part
    if around:
        refuse("styles whose braces do not match")


def refuse(what: str) -> NoReturn:
    """Raise that an SVG holds something that it must not."""
    raise problem.Invalid(f"The SVG holds {what}. A badge's picture only shows: save it without that.")


def _check(text: str) -> list[str]:
    """Return all ids that a text refers to.

    A comment may hide something from us that a browser reads, or the other way round, so both readings are looked at.
    """
    if "\\" in text:
        refuse("an escape in its styles; write the characters themselves")
    found: list[str] = []
    for reading in dict.fromkeys((text, _COMMENT.sub("", text))):
        without = _PLAIN_VARIABLE.sub("none", reading)
        for pattern, said in _UNFIT.items():
            if pattern.search(without):
                refuse(said)
        for is_own, name in _URL.findall(reading):
            if not is_own:
                refuse("an address elsewhere in its styles (url)")
            found.append(name.strip())
    return found


def _urls(text: str) -> list[str]:
    return [name.strip() for _, name in _URL.findall(text)]


def _declared(text: str, names: list[str]) -> References:
    """Return which of the names that a text of declarations refers to it hands on: where it paints, all but those that are surely not."""
    if names and _VARIABLE.search(text):
        refuse("a reference (url) besides a variable (--name); write it where it is used")
    if not _HANDED_ON.search(text):
        return References(names, [])
    rest = _OWN.sub(" ", text)
    return References(_urls(" ".join(own[0] for own in _OWN.finditer(text))), _urls(rest) + _urls(_COMMENT.sub("", rest)))


def _tokens(sheet: str) -> str:
    """Return a sheet without comments and texts in quotes, so that every brace that is left is one."""
    plain = _TOKEN.sub(_token, sheet)
    if '"' in plain or "'" in plain:
        refuse("quotes in its styles that do not end")
    return plain


def _token(found: re.Match[str]) -> str:
    if found[0][0] in "/\"'":
        return " "
    address = _PLAIN_URL.fullmatch(found[0])
    if address is None:
        refuse("an address in its styles (url) that could be read in two ways")
    return f"url({address[2]})"


def _balanced(part: str) -> None:
    """Refuse brackets that would have a brace in them: to a browser it would not be one."""
    opened: list[str] = []
    for bracket in _BRACKET.findall(part):
        if bracket in "([":
            opened.append(bracket)
        elif not opened or opened.pop() + bracket not in {"()", "[]"}:
            refuse("styles whose brackets do not match")
    if opened:
        refuse("styles whose brackets do not match")


def _heading(text: str, around: list[str]) -> str:
    """Return the selectors, or the condition, before a block; what ends with a semicolon before it is no part of it."""
    heading = text.rpartition(";")[2].strip()
    if around and not around[-1].startswith("@"):
        refuse("a style rule within another")
    if heading.startswith("@") and not _GROUP.match(heading):
        refuse(f"the rule {heading.split()[0][:40]} in its styles, of which only @media and @supports are let through")
    if len(around) == MAX_DEPTH:
        refuse(f"style rules that nest deeper than {MAX_DEPTH} levels")
    return heading


def _hit(selectors: str) -> list[str]:
    return list(dict.fromkeys(_NAME.findall(selectors))) if _SELECTORS.fullmatch(selectors) else ["*"]
