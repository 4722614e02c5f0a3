r"""Regular expressions of strangers, searched for in time in proportion to the text, however they are written.

JSON Schema writes them as ECMA-262 does; RE2 reads a dialect that is near to it and never backtracks. What the two mean differently is
rewritten here; what RE2 cannot do (a look at what follows, a reference to what was found before) or what ECMA-262 does not know is refused.

Source: JSON-SCHEMA-CORE-2020-12 section 6.4, ECMA-262 section 22.2.1 with the flag `u`, save that `\_` and the like pass as well.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

import re2

MAX_LENGTH = 2000
"""Characters of an expression."""
MAX_MEMORY = 256 * 1024
"""Bytes that the program of one expression and its automaton may take; the module of RE2 keeps 128 of them."""
STEPS = 50
"""Instructions that RE2 does in a microsecond where it is slowest; each may have to be done for every character."""

_ESCAPE = (
    r"\\u\{(?P<code>[0-9A-Fa-f]{1,6})\}|\\u(?P<unit>[0-9A-Fa-f]{4})|\\c(?P<control>[A-Za-z])"
    r"|\\(?P<same>[dDwWfnrtv]|x[0-9A-Fa-f]{2}|[pP]\{[^{}]*\})|\\(?P<escaped>.)"
)
_OUTSIDE = re.compile(_ESCAPE + r"|\[\^?(?P<set>(?:\\.|[^\]\\])*+)\]|(?P<group>\(\?(?![:<]))|(?P<other>.)", re.DOTALL)
_INSIDE = re.compile(_ESCAPE + r"|(?P<other>.)", re.DOTALL)
_SPACE = r"\t-\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}"
_NO_SPACE = (
    r"\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}"
    r"\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}"
)
_ESCAPED_OUTSIDE = {"s": f"[{_SPACE}]", "S": f"[{_NO_SPACE}]", "b": r"\b", "B": r"\B", "0": r"\x{0}"}
_ESCAPED_INSIDE = {"s": _SPACE, "S": _NO_SPACE, "b": r"\x{8}", "0": r"\x{0}"}
_SURROGATES = range(0xD800, 0xE000)


class Unreadable(ValueError):  # noqa: N818 - a thing that is so, not a fault of ours
    """An expression that cannot be searched for here."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled expression."""

    program: re2._Regexp

    @property
    def size(self) -> int:
        """Instructions of the program."""
        return int(self.program.programsize)

    def cost(self, text: str) -> int:
        """Return how many microseconds a search of `text` may take."""
        return len(text) * self.size // STEPS

    def found_in(self, text: str) -> bool:
        """Return whether the expression matches somewhere in a text."""
        return self.program.search(text.encode()) is not None


def compile(expression: str) -> Pattern:  # noqa: A001 - as `re` and RE2 call it
    """Return the expression, ready to be searched for.

    Raises:
        Unreadable: It is too long or too large, wrong, or needs what cannot be had without backtracking.
    """
    if len(expression) > MAX_LENGTH:
        raise Unreadable(f"It is longer than {MAX_LENGTH:,} characters.")
    options = re2.Options()
    options.log_errors, options.never_capture, options.max_mem = False, True, MAX_MEMORY
    try:
        return Pattern(re2.compile(translate(expression).encode(), options))
    except re2.error:
        raise Unreadable("It is no regular expression, too large a one, or one that needs backtracking.") from None


def translate(expression: str) -> str:
    """Return an expression of ECMA-262 as RE2 writes it.

    Raises:
        Unreadable: There is no such way.
    """
    return _OUTSIDE.sub(_outside, expression)


def _outside(token: re.Match[str]) -> str:
    """Return a token outside of a set of characters, or such a set."""
    if token["set"] is not None:
        if not token["set"]:
            raise Unreadable("It holds an empty set of characters.")
        return token[0][: -len(token["set"]) - 1] + _INSIDE.sub(_inside, token["set"]) + "]"
    if token["group"]:
        raise Unreadable("It looks ahead, or sets a flag.")
    if token["other"]:
        return {".": r"[^\n\r\x{2028}\x{2029}]", "]": r"\]"}.get(token["other"], token["other"])
    return _escape(token, _ESCAPED_OUTSIDE)


def _inside(token: re.Match[str]) -> str:
    """Return a token inside of a set of characters."""
    if token["other"]:
        return r"\[" if token["other"] == "[" else token["other"]
    return _escape(token, _ESCAPED_INSIDE)


def _escape(token: re.Match[str], known: dict[str, str]) -> str:
    if token["same"]:
        return token[0]
    if token["control"]:
        return _character(ord(token["control"]) % 32)
    escaped = token["escaped"]
    if escaped is None:
        return _character(int(token["code"] or token["unit"], 16))
    if escaped not in known and escaped.isalnum():
        raise Unreadable(f"It escapes {escaped!r}, which has no meaning.")
    return known.get(escaped) or _character(ord(escaped))


def _character(code: int) -> str:
    if code in _SURROGATES or code > sys.maxunicode:
        raise Unreadable(f"It escapes {code:x}, which is no character.")
    return f"\\x{{{code:x}}}"
