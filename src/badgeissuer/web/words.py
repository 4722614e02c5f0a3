"""What strangers wrote, made safe to show: names lose what cannot be seen, links lead to http and https only, Markdown is an allow-list.

Templates escape everything else.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import babel
import markdown_it
import nh3
from markupsafe import Markup

from badgeissuer import problem
from badgeissuer.vc import instant
from badgeissuer.vc.credential import as_list
from badgeissuer.web import languages

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME_CHARACTERS = 300
URL_CHARACTERS = 2000
PROSE_CHARACTERS = 10_000
LISTED = 100
"""How many of a kind are shown; with `PROSE_CHARACTERS` this bounds the work that a hostile document can make."""
PICTURE_PIXELS = 2048
"""How wide and how high an embedded picture may say it is; a small file can unfold to gigabytes."""

_MARKS = 3
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_DIRECTIONS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/]+={0,2})")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)
_IN_URLS = "!$%&'()*+,/:;=?@[]~"
_TAGS = {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong", "ul"}


@dataclass(frozen=True, slots=True)
class Link:
    """An address that may be followed, and the host that it leads to."""

    href: str
    host: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that a document points to: a skill, a partner, or a piece of evidence."""

    name: str
    notes: tuple[str, ...]
    description: str
    link: Link | None
    narrative: Markup | None = None


def objects(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a member that may hold one or several, as many as are shown; what is none is left out."""
    return [item for item in as_list(value)[:LISTED] if isinstance(item, dict)]


def names(value: object) -> tuple[str, ...]:
    """Return the names of a member that may hold one or several, as many as are shown; what is none is left out."""
    return tuple(filter(None, map(plain, as_list(value)[:LISTED])))


def number(value: object) -> str:
    """Return a number as it is read; empty where the value is none."""
    return f"{value:,.10g}" if isinstance(value, int | float) and not isinstance(value, bool) else ""


def plain(value: object, limit: int = NAME_CHARACTERS) -> str:
    """Return a name on one line without what cannot be seen; empty where the value is no text.

    Format characters (directions, zero widths), private and unassigned ones go, and so do marks piled on one letter: they reach over
    other lines.
    """
    kept: list[str] = []
    marks = 0
    for character in value[: 4 * limit] if isinstance(value, str) else "":
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in {"Cf", "Cn", "Co", "Cs"} or character in _UNSEEN or marks > _MARKS:
            continue
        kept.append(" " if category[0] == "Z" or category == "Cc" else character)
    text = " ".join("".join(kept).split())
    return text if len(text) <= limit else text[:limit].rstrip() + "…"


def prose(value: object) -> str:
    """Return text of several lines without control and direction characters; joiners stay, since some scripts need them."""
    text = value[: 4 * PROSE_CHARACTERS] if isinstance(value, str) else ""
    lines = "\n".join(text.translate(_DIRECTIONS).splitlines())
    kept = "".join(character for character in lines if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs", "Co"})
    return (kept if len(kept) <= PROSE_CHARACTERS else kept[:PROSE_CHARACTERS].rstrip() + " …").strip()


def language(tag: object) -> str:
    """Return the name of a language, in the one that is spoken now, by its BCP 47 tag; the tag itself where it has none."""
    shown = plain(tag)
    try:
        return (languages.called(shown) if _TAG.fullmatch(shown) else "") or shown
    except (ValueError, babel.UnknownLocaleError):
        return shown


def markdown(value: object) -> Markup:
    """Return Markdown as HTML of few elements: no pictures, no headings, and links to http and https only."""
    cleaned = nh3.clean(
        _MARKDOWN.render(prose(value)),
        tags=_TAGS,
        attributes={"a": {"href"}},
        attribute_filter=lambda _tag, name, value: value if name == "rel" else (link(value) or Link("", "")).href or None,
        url_schemes={"http", "https"},
        url_relative="deny",
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(cleaned.strip())  # noqa: S704 - what nh3 let through


def link(value: object) -> Link | None:
    """Return an address that may be followed: absolute, http or https, without a user name, its host in ASCII."""
    if not isinstance(value, str) or re.search(r"[\x00-\x20\x7f-\x9f\\<>\"]", value):
        return None
    try:
        parts = urlsplit(value)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not re.fullmatch(r"[a-z0-9_.-]+", host):
        return None
    rest = (quote(part, safe=_IN_URLS) for part in parts[2:])
    return Link(urlunsplit((parts.scheme, host + port, *rest)), host + port)


def picture(value: object) -> str:
    """Return the data URI of an embedded PNG of moderate size; empty for anything else, above all for an address elsewhere."""
    uri = value.get("id") if isinstance(value, dict) else value
    match = _PNG.fullmatch(uri) if isinstance(uri, str) else None
    if not match:
        return ""
    try:
        start = base64.b64decode(match[1], validate=True)[:24]
    except ValueError:
        return ""
    sides = (int.from_bytes(start[16:20]), int.from_bytes(start[20:24]))
    return match[0] if start.startswith(b"\x89PNG\r\n\x1a\n") and all(0 < side <= PICTURE_PIXELS for side in sides) else ""


def spaced(value: object) -> str:
    """Return a term of the standard as words: MicroCredential → Micro credential."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain(value).removeprefix("ext:")).capitalize()


def moment(value: object) -> datetime | None:
    """Return the moment that a date-time stamp names; None where it names none."""
    try:
        return instant.read(value)
    except problem.Invalid:
        return None


def day(value: object) -> date | None:
    """Return the day that a date, or a date-time stamp, names; None where it names none."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    found = moment(value)
    return found.date() if found else None


def domain(identifier: str) -> str:
    """Return the host that a did:web or an address names; empty for an identifier that names none."""
    if identifier.startswith("did:web:"):
        found = link("https://" + identifier.split(":")[2].replace("%3A", ":").replace("%3a", ":"))
    else:
        found = link(identifier)
    return found.host if found else ""


_MARKDOWN = markdown_it.MarkdownIt("commonmark", {"html": False})
_MARKDOWN.add_render_rule("image", lambda _self, tokens, place, *_: html.escape(tokens[place].content))
_MARKDOWN.add_render_rule("heading_open", lambda *_: "<p><strong>")
_MARKDOWN.add_render_rule("heading_close", lambda *_: "</strong></p>\n")
