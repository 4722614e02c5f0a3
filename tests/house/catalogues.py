"""The messages of the pages, out of templates and modules; `python -m tests.house.catalogues` brings the catalogues up to them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages import catalog, extract, pofile

from badgeissuer.vc import advice
from badgeissuer.web import languages

if TYPE_CHECKING:
    from collections.abc import Iterator

WEB = Path(languages.__file__).parent
MODULES = ("learning.py", "badges.py")
TEMPLATES = ("page.html", "verify.html", "parts.html", "badge_parts.html", "inside.html", "badge.html", "embed.html")
KEYWORDS = {"_": None, "gettext": None, "noted": None, "N_": None, "ngettext": (1, 2)}
NOISE = ('"Project-Id-', '"Report-Msgid-', '"POT-Creation-', '"PO-Revision-', '"Last-', '"Language-', '"Generated-')
"""Lines of the head that say nothing, or something else each time."""
CODES = tuple(code for code in languages.ALL if code != languages.ENGLISH.code)


def messages() -> Iterator[str | tuple[str, ...]]:
    """Yield every message of ours, each of several forms as a tuple."""
    options = {"trimmed": "true", "extensions": "jinja2.ext.i18n"}
    for name in TEMPLATES:
        body = io.BytesIO((WEB / "templates" / name).read_bytes())
        yield from (found for _, found, _, _ in extract.extract("jinja2.ext:babel_extract", body, KEYWORDS, (), options))
    for name in MODULES:
        body = io.BytesIO((WEB / name).read_bytes())
        yield from (found for _, found, _, _ in extract.extract("python", body, KEYWORDS))
    yield from sorted({*advice._NEXT.values(), *advice._OTHERWISE.values(), advice._ASK_ISSUER})


def path(code: str) -> Path:
    return WEB / "locales" / code / "LC_MESSAGES" / "badgeissuer.po"


def read(code: str) -> catalog.Catalog:
    with path(code).open("rb") as file:
        return pofile.read_po(file, locale=code)


def update(code: str) -> None:
    """Write a catalogue anew: what is new stands in it without a translation, what is not said any more is gone."""
    before = read(code) if path(code).exists() else catalog.Catalog()
    after = catalog.Catalog(locale=code, project="badgeissuer", charset="utf-8", fuzzy=False)
    after.header_comment = before.header_comment
    for message in messages():
        known = before.get(message if isinstance(message, str) else message[0])
        after.add(message, known.string if known else None, flags=["python-format"] if "%(" in str(message) else [])
    path(code).parent.mkdir(parents=True, exist_ok=True)
    held = io.BytesIO()
    pofile.write_po(held, after, width=120, no_location=True)
    kept = [line for line in held.getvalue().decode().splitlines(keepends=True) if not line.startswith(NOISE)]
    path(code).write_text("".join(kept), encoding="utf-8")


if __name__ == "__main__":
    for one in CODES:
        update(one)
