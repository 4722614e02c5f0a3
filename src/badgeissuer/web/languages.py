"""The languages of the pages that anybody may see: which one a reader wants, and what our words are in it.

Catalogues are gettext's (`locales/*/LC_MESSAGES/badgeissuer.po`), read as they stand when first wanted. What strangers wrote, and what
stands in reports, is in no catalogue: it is shown as it is, and marked as English where it is ours.
"""

from __future__ import annotations

import contextlib
import functools
import gettext as gnu
import io
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Literal

import babel
import babel.dates
from babel.messages import mofile, pofile

from badgeissuer.web import negotiation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the pages: its tag, what it calls itself, and where its lines begin."""

    code: str
    name: str
    direction: Literal["ltr", "rtl"] = "ltr"


ENGLISH = Language("en", "English")
ALL = {one.code: one for one in (ENGLISH, Language("de", "Deutsch"), Language("es", "Español"), Language("ar", "العربية", direction="rtl"))}
_CURRENT: ContextVar[Language] = ContextVar("language", default=ENGLISH)


def wanted(asked: str | None, accept: str) -> Language:
    """Return the language to answer in.

    Args:
        asked: What the address names; one that is not spoken here counts for nothing.
        accept: The header Accept-Language (RFC 9110 section 12.5.4).
    """
    if asked in ALL:
        return ALL[asked]
    spoken = (ALL.get(tag.partition("-")[0]) for tag in negotiation.accepted(accept))
    return next(filter(None, spoken), ENGLISH)


@contextlib.contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Have everything in this context said in a language."""
    token = _CURRENT.set(language)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Language:
    """Return the language that is spoken now."""
    return _CURRENT.get()


def gettext(message: str) -> str:
    """Return a message of ours in the language that is spoken now; itself where it stands in no catalogue."""
    return _translations(current().code).gettext(message) if message else ""  # gettext keeps its own head there


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form of a message that fits a number."""
    return _translations(current().code).ngettext(one, many, count)


def noted(message: str) -> str:
    """Return a message as it stands, so that it can be found for the catalogues; it is said in a language later."""
    return message


def day(value: date) -> str:
    """Return a day as it is written out."""
    return babel.dates.format_date(value, "d MMMM y" if current() is ENGLISH else "long", locale=current().code)


def minute(value: datetime) -> str:
    """Return a moment as it is written out, in UTC."""
    return f"{day(value)}, {value:%H:%M} UTC"


def called(tag: str) -> str:
    """Return what a language is called; empty where it has no name.

    Raises:
        ValueError: It is no tag.
    """
    return babel.Locale.parse(tag, sep="-").get_display_name(current().code) or ""


@functools.cache
def _translations(code: str) -> gnu.NullTranslations:
    if code == ENGLISH.code:
        return gnu.NullTranslations()
    held = io.BytesIO()
    with _catalogue(code).open("rb") as file:
        mofile.write_mo(held, pofile.read_po(file, locale=code))
    held.seek(0)
    return gnu.GNUTranslations(held)


def _catalogue(code: str) -> resources.abc.Traversable:
    return resources.files("badgeissuer.web").joinpath("locales", code, "LC_MESSAGES", "badgeissuer.po")
