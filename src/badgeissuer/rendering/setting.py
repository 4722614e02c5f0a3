"""Pages set by Typst: a template of ours, and what is to stand in it as values. What strangers wrote is never read as markup."""

from __future__ import annotations

import functools
import json
import threading
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typst

from badgeissuer.rendering import fonts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_LOCK = threading.Lock()
"""One page is set at a time: a compiler is for one thread, and so a process gives at most one of its cores to pages."""
_ARCHIVAL: list[Any] = ["a-3a", "ua-1"]


def png(template: str, said: Mapping[str, Any]) -> bytes:
    """Return a page as a PNG, one pixel for each point.

    Args:
        template: The name of a template beside this module.
        said: What stands on it, as JSON.

    Raises:
        Unset: A picture in it cannot be read.
    """
    return _set(template, said, "png", 0)


def pdf(template: str, said: Mapping[str, Any], *, at: datetime) -> bytes:
    """Return a page as a tagged PDF for keeping (PDF/A-3a, PDF/UA-1), or as a plain tagged one where a letter is in none of our fonts.

    Args:
        template: The name of a template beside this module.
        said: What stands on it, as JSON.
        at: When the file says that it was made.

    Raises:
        Unset: A picture in it cannot be read.
    """
    return _set(template, said, "pdf", int(at.timestamp()))


class Unset(Exception):  # noqa: N818 - what it says of the page
    """That a page could not be set."""


def _set(template: str, said: Mapping[str, Any], kind: Literal["pdf", "png"], at: int) -> bytes:
    values = json.dumps(said)
    with _LOCK:
        if kind == "png":
            return _compiled(template, values, "png", at, [])
        try:
            return _compiled(template, values, "pdf", at, _ARCHIVAL)
        except Unset:
            return _compiled(template, values, "pdf", at, ["1.7"])


def _compiled(template: str, said: str, kind: Literal["pdf", "png"], at: int, standards: list[Any]) -> bytes:
    source = resources.files(__package__).joinpath(template).read_bytes()
    try:
        found = _compiler().compile(
            source, format=kind, ppi=72, sys_inputs={"said": said}, pdf_standards=standards, timestamp=at, pdf_tags=True
        )
    except (typst.TypstError, RuntimeError) as refused:
        raise Unset(getattr(refused, "diagnostic", str(refused))) from refused
    return found if isinstance(found, bytes) else b"".join(found or ())


@functools.cache
def _compiler() -> typst.Compiler:
    """Return the compiler; it sees this folder and our fonts, nothing else of the machine."""
    folders = sorted({str(Path(fonts.path(family)).parent) for family in fonts.FAMILIES})
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    return typst.Compiler(root=str(resources.files(__package__)), font_paths=found, ignore_system_fonts=True)
