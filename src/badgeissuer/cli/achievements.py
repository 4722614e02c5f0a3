"""Definitions out of the service, and into it."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from badgeissuer import authoring, problem
from badgeissuer.awarding import definitions
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
    CSV = "csv"
    OB = "ob"


@ACHIEVEMENTS.command("export")
def export(
    issuer: Annotated[str | None, typer.Option(help="Only those of this issuer.")] = None,
    form: Annotated[
        Form, typer.Option("--format", help="drafts: as written here; csv: these as a sheet; ob: published ones as Open Badges 3.0.")
    ] = Form.DRAFTS,
) -> None:
    """Write the drafts, or the published achievements, as JSON or as a sheet."""
    from badgeissuer import exchanging  # noqa: PLC0415 - as the package says

    with opened(Settings()) as database, engine.reading(database) as session:
        owner = authoring.issuer(session, issuer) if issuer else None
        if form is Form.CSV:
            sys.stdout.writelines(definitions.written(exchanging.exported(session, issuer=owner)["achievements"]))
        elif form is Form.OB:
            _write(exchanging.exported_documents(session, issuer=owner))
        else:
            _write(exchanging.exported(session, issuer=owner))


def _write(found: object) -> None:
    sys.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")


@ACHIEVEMENTS.command("import")
def bring(
    file: Annotated[
        Path, typer.Argument(help="What export wrote, a sheet (.csv), Open Badges 3.0 Achievements, or BadgeClasses of Badgr and Canvas.")
    ],
    issuer: Annotated[str, typer.Option(help="The issuer whose drafts they become.")],
    *,
    change: Annotated[bool, typer.Option("--change", help="Replace drafts that are there and say something else.")] = False,
) -> None:
    """Store definitions as drafts: all of the file, or none."""
    from badgeissuer import exchanging  # noqa: PLC0415 - as the package says

    try:
        body = _read(file)
        is_sheet = file.suffix.lower() == ".csv"
        found = exchanging.of_sheet([body]) if is_sheet else exchanging.of_json(document.parse_any(body, max_bytes=MAX_BYTES))
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


def _read(file: Path) -> bytes:
    """Return the bytes of a file, or raise `problem.TooLarge` before more than is read of any is in memory."""
    with file.open("rb") as stream:
        body = stream.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise problem.TooLarge(f"{file.name} is larger than {MAX_BYTES >> 20} MiB. Split it.")
    return body
