"""Definitions out of the service, and into it."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from badgeissuer import authoring, problem
from badgeissuer.cli.telling import APP, fail, say, writing
from badgeissuer.settings import Settings, clock, opened
from badgeissuer.store import engine
from badgeissuer.vc import document

ACHIEVEMENTS = typer.Typer(help="Definitions, out of the service and into it.", no_args_is_help=True)
APP.add_typer(ACHIEVEMENTS, name="achievements")


MAX_BYTES = 16 << 20
"""The size of a file that is still read."""


class Form(StrEnum):
    """What is written."""

    DRAFTS = "drafts"
    OB = "ob"


@ACHIEVEMENTS.command("export")
def export(
    issuer: Annotated[str | None, typer.Option(help="Only those of this issuer.")] = None,
    form: Annotated[Form, typer.Option("--format", help="drafts: as written here; ob: published ones as Open Badges 3.0.")] = Form.DRAFTS,
) -> None:
    """Write the drafts, or the published achievements, as JSON."""
    from badgeissuer import exchanging  # noqa: PLC0415 - as the package says

    with opened(Settings()) as database, engine.reading(database) as session:
        owner = authoring.issuer(session, issuer) if issuer else None
        found = exchanging.exported(session, issuer=owner) if form is Form.DRAFTS else exchanging.exported_documents(session, issuer=owner)
    sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")


@ACHIEVEMENTS.command("import")
def bring(
    file: Annotated[Path, typer.Argument(help="What export wrote, Open Badges 3.0 Achievements, or BadgeClasses of Badgr and Canvas.")],
    issuer: Annotated[str, typer.Option(help="The issuer whose drafts they become.")],
    *,
    change: Annotated[bool, typer.Option("--change", help="Replace drafts that are there and say something else.")] = False,
) -> None:
    """Store definitions as drafts: all of the file, or none."""
    from badgeissuer import exchanging  # noqa: PLC0415 - as the package says

    try:
        found = document.parse_any(file.read_bytes(), max_bytes=MAX_BYTES)
        with writing() as (settings, session):
            owner = authoring.issuer(session, issuer)
            done = exchanging.bring(session, owner, found, may_change=change, site=settings.site, now=clock())
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    except problem.Problem as fault:
        for finding in fault.findings:
            say(f"{finding.pointer}  {finding.detail}")
        fail(f"Nothing was stored of {file.name}: {len(fault.findings)} faults." if fault.findings else fault.detail)
    for item in done:
        say(f"{item.what:<8}{item.slug}")
