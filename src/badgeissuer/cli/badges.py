"""Badges: verify, issue, revoke, bake, unbake."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from sqlalchemy import Engine

from badgeissuer import checking
from badgeissuer.cli.telling import APP, log, say
from badgeissuer.settings import Settings, clock, opened
from badgeissuer.vc import instant, report

if TYPE_CHECKING:
    from badgeissuer import worker


@APP.command("verify")
def verify(
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE…", help="Files (JSON, JWT, PNG, SVG, PDF made here), URLs, or - for standard input.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One report a line, as JSON.")] = False,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="The moment to judge at, RFC 3339; now if none.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing.")] = False,
    resources: Annotated[Path | None, typer.Option(help="A JSON object: URL → file that stands there, relative to it.")] = None,
    trust: Annotated[Path | None, typer.Option(help="A file of trusted issuers and compromised keys.")] = None,
    recipient: Annotated[str | None, typer.Option(help="Whom it should be about: an e-mail address, a DID, a name.")] = None,
) -> None:
    """Verify badges. Exit code 0: all are VALID; 1: one is INVALID; 3: one is INDETERMINATE; 2: a source cannot be read."""
    now = clock() if at is None else instant.read(at)
    asked = checking.Asked(now, is_offline=offline, resources=resources, trust=trust, recipient=recipient)

    def tell(source: str, found: report.Report) -> None:
        text = checking.as_line(found) if as_json else checking.as_text(source, found)
        sys.stdout.buffer.write(f"{text}\n".encode(sys.stdout.encoding, "replace"))  # a terminal may not know every letter
        sys.stdout.flush()

    sys.exit(checking.check(sources, asked, tell=tell))


@APP.command("issue")
def issue(  # noqa: PLR0913, PLR0917 - one argument an option
    roster: Annotated[
        Path, typer.Argument(metavar="ROSTER", help="A sheet (.csv, .tsv, .txt), or one JSON object a line; - for standard input.")
    ],
    achievement: Annotated[str, typer.Option(help="The slug of the achievement.")],
    key: Annotated[str | None, typer.Option(help="The key of the batch; made from the roster if none.")] = None,
    wait: Annotated[bool, typer.Option(help="Stay until it is done; do the work here where no worker lives.")] = True,
    failed: Annotated[
        Path | None, typer.Option(help="A file for the rows that failed, as they were; of a sheet with what is wrong.")
    ] = None,
    results: Annotated[Path | None, typer.Option(help="A file for what became of every row, as CSV.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the batch as JSON at the end.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it; prints a token for --checked.")] = False,
    checked: Annotated[str | None, typer.Option(metavar="TOKEN", help="Of a dry run: refuse another roster than that one.")] = None,
    csv: Annotated[bool | None, typer.Option("--csv/--jsonl", help="What ROSTER is; by its name if neither.")] = None,
    told: Annotated[list[str] | None, typer.Option("--map", metavar="COLUMN=MEANING", help="What a column means.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of a sheet: a comma, a semicolon or tab; found out if none.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a sheet: utf-8, windows-1252 or utf-16; never guessed but for UTF-8.")] = None,
    dates: Annotated[str | None, typer.Option(help="How 03/04/2026 is read: dmy or mdy; not at all if none.")] = None,
    zone: Annotated[str | None, typer.Option(help="The zone of times that name none; UTC if none.")] = None,
) -> None:
    """Issue an achievement to everybody on a roster. Exit code 0: all rows are done; 1: some failed; 130: interrupted."""
    from badgeissuer import rostering, submitting  # noqa: PLC0415 - as the package says

    is_sheet = roster.suffix.lower() in {".csv", ".tsv", ".txt"} if csv is None else csv
    asked = rostering.ask(told or (), encoding=encoding, delimiter=delimiter, dates=dates, zone=zone) if is_sheet else None
    order = submitting.Order(
        achievement, key, is_awaited=wait, as_json=as_json, failed=failed, asked=asked, results=results, is_dry=dry_run, checked=checked
    )
    with _ports() as (database, ports), sys.stdin.buffer if str(roster) == "-" else roster.open("rb") as source:
        sys.exit(submitting.issue(database, source, order, ports=ports))


@APP.command("revoke")
def revoke(
    batch: Annotated[UUID | None, typer.Option(help="Those of this batch.")] = None,
    achievement: Annotated[str | None, typer.Option(help="Those of this achievement.")] = None,
    learner: Annotated[str | None, typer.Option(help="Those of this learner: an e-mail address, a DID or an id.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why. Without it, it is only said how many there are.")] = None,
) -> None:
    """Revoke all credentials of a batch, an achievement or a learner, or of what is common to those that are given."""
    from badgeissuer import revoking, submitting  # noqa: PLC0415 - as the package says

    with _ports() as (database, ports):
        sys.exit(submitting.revoke(database, revoking.Selection(batch, achievement, learner), reason=reason, ports=ports))


@contextmanager
def _ports() -> Iterator[tuple[Engine, worker.Ports]]:
    """Give the database, and what a worker in this process would need."""
    from badgeissuer import worker  # noqa: PLC0415 - as the package says

    log(settings := Settings(), least=logging.WARNING)
    with opened(settings) as database:
        yield database, worker.Ports(settings.keyring(), settings.site, settings.contexts(), settings.retention)


@APP.command("bake")
def bake(
    image: Annotated[Path, typer.Argument(help="A PNG or SVG image.")],
    credential: Annotated[Path, typer.Argument(help="A badge, JSON or JWT.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The image to write.")],
) -> None:
    """Put a badge into an image."""
    checking.bake(image, credential, out)
    say(f"{out} holds the badge.")


@APP.command("unbake")
def unbake(image: Annotated[Path, typer.Argument(help="A PNG or SVG image with a badge in it, or a PDF made here.")]) -> None:
    """Print the badge that an image holds, exactly as it was put in."""
    sys.stdout.buffer.write(checking.unbake(image))
