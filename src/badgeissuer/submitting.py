"""The commands that work in bulk, on the database itself: hand in a roster and follow it, revoke many credentials."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from dataclasses import asdict, dataclass
from time import sleep as pause
from typing import TYPE_CHECKING, Any, BinaryIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from badgeissuer import attending, authoring, batching, issuing, problem, rehearsing, revoking, rostering, tabulating, worker
from badgeissuer.settings import clock
from badgeissuer.store import engine, spool, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

GOOD, SOME_FAILED, INTERRUPTED = 0, 1, 130
_PIECE = 1024 * 1024
_POLL_SECONDS = 0.25
_TOLD = 20
"""Failed rows that are told on the terminal; all of them go into the file that is asked for."""
_ACTOR = "command line"


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for.

    Attributes:
        achievement: The slug.
        key: The key of the batch; the roster's own digest where None, so that the same command again goes on with the same batch.
        is_awaited: Whether to stay until it is done.
        as_json: Whether to print the batch as JSON.
        failed: The file for the rows that failed.
        asked: How the roster is to be read, where it is a sheet; None for JSON Lines.
        results: The file for what became of every row.
        is_dry: Whether only to say what would come of it.
        checked: The token of a dry run.
    """

    achievement: str
    key: str | None
    is_awaited: bool
    as_json: bool
    failed: Path | None
    asked: rostering.Asked | None = None
    results: Path | None = None
    is_dry: bool = False
    checked: str | None = None


def issue(database: Engine, source: BinaryIO, order: Order, *, ports: worker.Ports) -> int:
    """Hand in a roster, wait until it is issued, tell what failed, and return the exit code.

    Where no worker lives, this process does the work. An interrupt ends the waiting; the batch goes on, or waits to be gone on with.

    Raises:
        problem.Problem: It cannot be handed in.
    """
    if order.is_dry:
        return _look(database, source, order)
    batch = _hand_in(database, source, order)
    try:
        if order.is_awaited:
            _follow(database, batch, ports)
    except KeyboardInterrupt:
        _say(f"Batch {batch.uuid} is not finished. The same command again goes on with it; workers may do so before.")
        return INTERRUPTED
    return _tell(database, batch, order, site=ports.site)


def _hand_in(database: Engine, source: BinaryIO, order: Order) -> tables.Batch:
    with spool.Spool() as rows:
        _, version, taken = _read(database, source, order, rows)
        with engine.writing(database) as session:
            achievement = authoring.achievement(session, order.achievement)
            rostering.require_unchanged(order.checked, taken, authoring.newest_version(session, achievement) or version)
            key = order.key or f"sha256:{rows.sha256}:{achievement.slug}"
            batch = batching.create(session, achievement, rows=rows, key=key, actor=_ACTOR, now=clock(), layout=taken.layout)
            batching.resume(session, batch, now=clock())
            return batch


def _read(
    database: Engine, source: BinaryIO, order: Order, rows: spool.Spool
) -> tuple[tables.Achievement, tables.AchievementVersion, rostering.Taken]:
    """Put the rows of a roster into a spool, and say what of it is not read."""
    with engine.reading(database) as session:
        achievement = authoring.achievement(session, order.achievement)
        version = issuing.version_of(session, achievement)
    pieces = iter(lambda: source.read(_PIECE), b"")
    if order.asked is None:
        for piece in pieces:
            rows.feed(piece)
        rows.end()
        return achievement, version, rostering.Taken(rows.sha256)
    try:
        taken = rostering.take(rows, pieces, order.asked, version=version)
    except problem.Problem as error:
        for finding in error.findings[:_TOLD]:
            _say(finding.detail)
        raise
    if taken.layout and taken.layout.unread:
        _say(f"Columns that are not read: {', '.join(taken.layout.unread)}.")
    return achievement, version, taken


def _look(database: Engine, source: BinaryIO, order: Order) -> int:
    """Say what would come of a roster; return the exit code."""
    with spool.Spool() as rows:
        achievement, version, taken = _read(database, source, order, rows)
        with engine.reading(database) as session:
            found = rehearsing.rehearse(session, achievement, version, rows=rows, layout=taken.layout, now=clock())
    for fault in found.faults:
        place = tabulating.at(fault.finding.to_json(), is_sheet=taken.layout is not None)
        _say(f"Row {fault.row}{place and f', {place}'}: {fault.finding.detail}")
    if found.unsaid:
        _say(f"… and {found.unsaid} more.")
    _say(
        f"{found.total} rows: {found.issue} would be issued, {found.repeat} have it already, {found.wait} would wait for an address, "
        f"{found.fail} need mending. Nothing was stored."
    )
    token = rostering.token(taken, version)
    counts = {"total": found.total, "issue": found.issue, "repeat": found.repeat, "wait": found.wait, "fail": found.fail}
    sys.stdout.write((json.dumps(counts | {"token": token}) if order.as_json else token) + "\n")
    return SOME_FAILED if found.fail else GOOD


def _follow(database: Engine, batch: tables.Batch, ports: worker.Ports) -> None:
    """Show how the batch comes along until it ends or is held; do the work here while no worker lives."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar, contextlib.ExitStack() as hands:
        task, helps = bar.add_task("issuing", total=batch.total), False
        while True:
            with engine.reading(database) as session:
                (now,) = batching.progress(session, [session.get_one(tables.Batch, batch.id)])
                is_alone = not attending.is_anybody_there(session, now=clock())
            bar.update(task, completed=now.done + now.failed, description=f"{now.state}, {now.failed} failed" if now.failed else now.state)
            if now.state != "running":
                return
            if is_alone and not helps:
                hands.enter_context(_working(database, ports))
                helps = True
            pause(_POLL_SECONDS)


@contextlib.contextmanager
def _working(database: Engine, ports: worker.Ports) -> Iterator[None]:
    hand = worker.Worker(database, ports)
    thread = threading.Thread(target=hand.run, name="worker")
    thread.start()
    try:
        yield
    finally:
        hand.stop()
        thread.join()


def _tell(database: Engine, batch: tables.Batch, order: Order, *, site: Site) -> int:
    with engine.reading(database) as session:
        batch = session.get_one(tables.Batch, batch.id)
        (now,) = batching.progress(session, [batch])
        shown: dict[str, Any] = {"id": str(batch.uuid), "total": batch.total, **asdict(now)}
        for place, note in enumerate(batching.rows(session, batch, state="failed")):
            if place == _TOLD:
                _say(f"… and {now.failed - _TOLD} more.")
                break
            for error in note["errors"]:
                where = tabulating.at(error, is_sheet=batch.sheet is not None)
                _say(f"Row {note['row']}{where and (', ' if batch.sheet else ' at ') + where}: {error['detail']}")
        _write(session, batch, order, site)
    _say(f"Batch {shown['id']}: {now.state}; {now.done} of {batch.total} rows done, {now.failed} failed, {now.repeated} done before.")
    if order.as_json:
        sys.stdout.write(json.dumps(shown) + "\n")
    return SOME_FAILED if now.failed else GOOD


def _write(session: Session, batch: tables.Batch, order: Order, site: Site) -> None:
    """Write the files that were asked for: of a sheet the rows that failed are one, too."""
    if order.failed and batch.sheet is None:
        with order.failed.open("w", encoding="utf-8") as file:
            file.writelines(note["content"] + "\n" for note in batching.rows(session, batch, state="failed"))
    elif order.failed:
        with order.failed.open("w", encoding="utf-8", newline="") as file:
            file.writelines(tabulating.failed(session, batch))
    if order.results:
        with order.results.open("w", encoding="utf-8", newline="") as file:
            file.writelines(tabulating.results(session, batch, site=site))


def revoke(database: Engine, selection: revoking.Selection, *, reason: str | None, ports: worker.Ports) -> int:
    """Say what a selection comes to and, with a reason, revoke it; return the exit code.

    Raises:
        problem.Problem: Nothing is selected, or there is no such thing.
    """
    with engine.reading(database) as session:
        total, _ = revoking.preview(session, revoking.choose(session, selection, issuer_id=None), sample=0)
    if reason is None:
        _say(f"{total} credentials would be revoked. Give --reason to do it.")
        return GOOD
    with engine.writing(database) as session:
        row = revoking.begin(session, selection, issuer_id=None, reason=reason, actor=_ACTOR, now=clock())
    with contextlib.ExitStack() as hands:
        state = _await(database, row, lambda: hands.enter_context(_working(database, ports)))
    _say(f"Revocation {row.uuid}: {state.state}; {state.done} of {total} credentials revoked. {state.fault or ''}".rstrip())
    return GOOD if state.state == "done" else SOME_FAILED


def _await(database: Engine, row: tables.Revocation, help_out: Callable[[], object]) -> tables.Revocation:
    helps = False
    while True:
        with engine.reading(database) as session:
            found = session.get_one(tables.Revocation, row.id)
            is_alone = not attending.is_anybody_there(session, now=clock())
        if found.state != "running":
            return found
        if is_alone and not helps:
            help_out()
            helps = True
        pause(_POLL_SECONDS)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
