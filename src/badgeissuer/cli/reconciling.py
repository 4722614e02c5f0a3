"""Reconciling from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from sqlalchemy.orm import Session

from badgeissuer.cli.telling import APP, fail, say
from badgeissuer.settings import Settings, clock, opened
from badgeissuer.store import engine

if TYPE_CHECKING:
    from badgeissuer.reconciling import Difference

_TOLD = 100
_PIECE = 1024 * 1024


@APP.command("reconcile")
def reconcile(  # noqa: PLR0913, PLR0917 - one argument an option
    source: Annotated[str, typer.Option(help="The slug of the source that should have told of it.")],
    course: Annotated[str, typer.Option(help="The id of the course, in the words of the source.")],
    achievement: Annotated[str, typer.Option(help="The slug of the achievement that it earns.")],
    listed: Annotated[Path | None, typer.Argument(metavar="[LIST]", help="Who completed it, as CSV; - for standard input.")] = None,
    canvas: Annotated[str | None, typer.Option(metavar="URL", help="Ask this Canvas for the list.")] = None,
    moodle: Annotated[str | None, typer.Option(metavar="URL", help="Ask this Moodle for the list.")] = None,
    course_id: Annotated[str | None, typer.Option(help="The platform's own id of the course, where it is another one.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="A file with the token for it; it is kept nowhere else.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="The event's name; as the rules ask for it if none.")] = None,
    issue: Annotated[
        str | None, typer.Option(metavar="WAY", help="Hand in the missing: events (before the rules) or awards (past them).")
    ] = None,
    told: Annotated[list[str] | None, typer.Option("--map", metavar="COLUMN=MEANING", help="What a column means.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of the list: a comma, a semicolon or tab; found out if none.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the list: utf-8, windows-1252 or utf-16.")] = None,
    dates: Annotated[str | None, typer.Option(help="How 03/04/2026 is read: dmy or mdy; not at all if none.")] = None,
    zone: Annotated[str | None, typer.Option(help="The zone of times that name none; UTC if none.")] = None,
) -> None:
    """Say who completed a course and has no badge; with --issue, hand them in. Exit code 0: nobody is missing, or all are handed in; 1."""
    from badgeissuer import problem, reconciling, rostering  # noqa: PLC0415 - as the package says
    from badgeissuer.net import listing  # noqa: PLC0415 - as the package says

    url = canvas or moodle
    if (listed is None) == (url is None) or (canvas and moodle) or issue not in {None, "events", "awards"}:
        fail("Give either a LIST, or --canvas or --moodle; and --issue is events or awards.")
    settings = Settings()
    if url is None and listed is not None:
        asked = rostering.ask(told or (), encoding=encoding, delimiter=delimiter, dates=dates, zone=zone)
        with sys.stdin.buffer if str(listed) == "-" else listed.open("rb") as file:
            try:
                found = reconciling.read(iter(lambda: file.read(_PIECE), b""), asked)
            except problem.Problem as error:
                for finding in error.findings[:_TOLD]:
                    say(f"{finding.pointer.removeprefix('/')}: {finding.detail}")
                raise
    else:
        token = token_file.read_text(encoding="utf-8").strip() if token_file else ""
        lister = listing.Lister(settings.reach)
        try:
            found = lister.completions(listing.Place("canvas" if canvas else "moodle", url or "", course_id or course, token))
        finally:
            lister.close()

    def do(session: Session) -> int:
        what = reconciling.course(session, source, achievement, name=course, kind=kind)
        difference = reconciling.compare(session, what, found)
        _tell(difference)
        if issue == "events":
            new = reconciling.feed(session, what, difference.missing, actor="command line", now=clock())
            say(f"{new} deliveries of events of the type {what.kind} are kept; a worker puts them before the rules.")
        elif issue == "awards":
            batch = reconciling.award(session, what, difference.missing, actor="command line", now=clock())
            say(f"Batch {batch.uuid} awards {batch.total} of them; a worker does it.")
        return 1 if difference.missing and issue is None else 0

    sys.exit(_within(settings, do, writes=issue is not None))


def _within(settings: Settings, do: Callable[[Session], int], *, writes: bool) -> int:
    with opened(settings) as database, engine.writing(database) if writes else engine.reading(database) as session:
        return do(session)


def _tell(found: Difference) -> None:
    for item in found.missing[:_TOLD]:
        say(_plain(f"missing     row {item.completion.row}  {item.completion.label}  {item.reason}"))
    for one in found.unfinished[:_TOLD]:
        say(_plain(f"unfinished  row {one.completion.row}  {one.completion.label}  {one.reason}"))
    counts = {
        "listed": found.listed,
        "has": found.has,
        "missing": len(found.missing),
        "unfinished": len(found.unfinished),
        "extra": len(found.extra),
    }
    sys.stdout.write(json.dumps(counts) + "\n")


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
