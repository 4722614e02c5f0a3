"""A roster of a million rows, once: `python -m benchmarks.million [--rows 1000000] [--folder FOLDER] [--minutes 60]`.

The roster is handed in to a service on PostgreSQL, two workers issue it while their memory is looked at, and a server hands out the
badges. Afterwards some of them are downloaded over HTTP and put before `openbadgeslib`, and what is stored is counted in SQL. With a
folder, a run that was ended goes on where it was: the same command again. Prints one JSON object; the exit code is 0 only if all of it is
as it should be.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from http import client
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import UUID

from openbadgeslib import ob3
from sqlalchemy import func, select, text

from badgeissuer.settings import PREFIX, clock
from badgeissuer.store import engine, tables
from benchmarks import bulk, measuring, processes, sample, service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from badgeissuer import batching

_TOGETHER = 5000
_KEY = "million"
_MIB = 1024 * 1024


@dataclass(slots=True)
class Sampled:
    """What was seen of the workers while they worked: seconds, rows done, MiB of memory of each."""

    seen: list[tuple[float, int, list[float]]] = field(default_factory=list)

    def memory(self) -> dict[str, float]:
        """Return the most that a worker had in the second tenth of the work, in the last, and ever; flat: the first two are alike."""
        most = [max(memory) for _, done, memory in self.seen if done > self.seen[0][1]] or [0.0]
        tenth = max(1, len(most) // 10)
        early, late = most[tenth : 2 * tenth] or most, most[-tenth:]
        ever = max(max(memory) for _, _, memory in self.seen)
        return {"worker_mib_early": round(max(early), 1), "worker_mib_late": round(max(late), 1), "worker_mib_at_most": round(ever, 1)}


def main() -> int:
    """Run, and print what came of it."""
    arguments = _arguments()
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    with contextlib.ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(TemporaryDirectory(prefix="badgeissuer-million-")))
        made = stack.enter_context(service.kept(folder))
        found = run(made, folder, arguments)
    print(json.dumps(found, indent=1))
    return 0 if found["good"] else 1


def run(made: service.Service, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what came of it."""
    roster = _roster(folder / "roster.jsonl", arguments.rows)
    before = _size(made, folder)
    commands = [*["worker"] * arguments.workers, f"serve --no-worker --port {made.port}"]
    with made.running(*commands) as running:
        bulk.await_workers(made, arguments.workers)
        began = time.monotonic()
        with roster.open("rb") as source:
            batch = bulk.hand_in(made, source, key=_KEY)
        handed_in, already = time.monotonic() - began, bulk.progress(made, batch).done
        sampled = Sampled()
        progress = _watch(made, batch, sampled, running[:-1], arguments)
        taken = time.monotonic() - began
        found: dict[str, Any] = {
            "rows": arguments.rows,
            "workers": arguments.workers,
            "state": progress.state,
            "done_before": already,
            "done": progress.done,
            "failed": progress.failed,
            "seconds_to_hand_in": round(handed_in, 1),
            "seconds": round(taken, 1),
            "badges_per_second": round((progress.done - already) / taken, 1),
            **sampled.memory(),
            "disk_mib_before": before,
            "disk_mib": _size(made, folder),
            **_counts(made),
        }
        if progress.state == "done":
            found |= _downloads(made, arguments.samples)
    expected = {"credentials": arguments.rows, "different_awards": arguments.rows, "accepted_by_openbadgeslib": arguments.samples}
    found["good"] = all(found.get(name) == number for name, number in expected.items()) and found["places_used_twice"] == 0
    return found


def _roster(path: Path, rows: int) -> Path:
    """Write the roster; the same rows for the same path, so that a run can go on."""
    if not path.is_file():
        learners, part = sample.Learners(clock()), path.with_suffix(".part")
        with part.open("wb") as file:
            for begin in range(0, rows, _TOGETHER):
                file.write(sample.roster(learners.take(min(_TOGETHER, rows - begin))))
        part.rename(path)
    return path


def _watch(
    made: service.Service, batch: tables.Batch, sampled: Sampled, workers: list[int], arguments: argparse.Namespace
) -> batching.Progress:
    """Look at the workers until they are done or the time is over."""
    began, told = time.monotonic(), 0.0
    while True:
        progress, taken = bulk.progress(made, batch), time.monotonic() - began
        sampled.seen.append((round(taken, 1), progress.done, [processes.memory(worker) for worker in workers]))
        if taken - told > arguments.tell:
            told = taken
            print(f"{taken:8.0f} s {progress.done:10,} rows, workers {sampled.seen[-1][2]} MiB", file=sys.stderr, flush=True)
        if progress.state != "running" or taken > arguments.minutes * 60:
            return progress
        time.sleep(min(1.0, arguments.tell))


def _counts(made: service.Service) -> dict[str, int]:
    """Return what is stored; a place in a status list that two badges have would be the worst of all."""
    badges, places = tables.Credential, tables.StatusEntry
    with engine.reading(made.database) as session:
        distinct = select(places.status_list_id, places.position).distinct().subquery()
        entries = session.scalar(select(func.count()).select_from(places)) or 0
        return {
            "credentials": session.scalar(select(func.count()).select_from(badges)) or 0,
            "different_credentials": session.scalar(select(func.count(badges.sha256.distinct()))) or 0,
            "different_awards": session.scalar(select(func.count(badges.award_id.distinct()))) or 0,
            "places": entries,
            "places_used_twice": entries - (session.scalar(select(func.count()).select_from(distinct)) or 0),
            "badges_without_a_place": session.scalar(
                select(func.count()).select_from(badges).where(~select(places.id).where(places.credential_uuid == badges.uuid).exists())
            )
            or 0,
        }


def _size(made: service.Service, folder: Path) -> dict[str, float]:
    with engine.reading(made.database) as session:
        database = session.scalar(text("SELECT pg_database_size(current_database())"))
    files = sum(path.stat().st_size for path in (folder / "pg").rglob("*") if path.is_file() and not path.is_symlink())
    return {"database": round((database or 0) / _MIB, 1), "folder_with_log": round(files / _MIB, 1)}


def _downloads(made: service.Service, number: int) -> dict[str, Any]:
    """Download badges over HTTP and have openbadgeslib verify them whole, with their status."""
    with engine.reading(made.database) as session:
        highest = session.scalar(select(func.max(tables.Credential.id))) or 0
        draw = random.SystemRandom()
        ids = draw.sample(range(1, highest + 1), min(highest, number * 2))
        table = tables.Credential
        chosen = session.scalars(select(table.uuid).where(table.id.in_(ids))).all()[:number]
        issuer = session.scalars(select(tables.Issuer)).one().did or ""
    verifier, lists = ob3.OB3LdpVerifier.for_issuer_did(issuer), dict[str, bytes]()
    accepted, refusals, seconds = 0, [], 0.0

    def download(url: str) -> bytes:
        path = "/" + url.partition("//")[2].partition("/")[2]
        return lists[url] if url in lists else lists.setdefault(url, _get(made, path))

    for uuid in chosen:
        began = time.monotonic()
        body = _get(made, f"/c/{UUID(str(uuid))}.json")
        seconds += time.monotonic() - began
        try:
            verifier.verify(body, check_status=True, download=download, verify_status_list=False)
            accepted += 1
        except ob3.OB3VerificationError as refusal:
            refusals.append(str(refusal)[:300])
    return {
        "downloaded": len(chosen),
        "accepted_by_openbadgeslib": accepted,
        "refusals": refusals[:5],
        "ms_of_a_download": round(seconds / max(1, len(chosen)) * 1000, 1),
    }


def _get(made: service.Service, path: str) -> bytes:
    for _ in _tries():
        with contextlib.suppress(OSError):
            connection = client.HTTPConnection("127.0.0.1", made.port, timeout=30)
            try:
                connection.request("GET", path, headers={"Accept": "application/json"})
                answer = connection.getresponse()
                body = answer.read()
            finally:
                connection.close()
            if answer.status == client.OK:
                return body
            raise measuring.Failed(f"GET {path} answered {answer.status}: {body[:300]!r}")
    raise measuring.Failed("The server does not answer.")


def _tries() -> Iterator[None]:
    """Wait for a server that only begins."""
    for _ in range(service.START_SECONDS * 2):
        yield
        time.sleep(0.5)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.million", description="Issue a very long roster, once.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--samples", type=int, default=1000, help="badges that are downloaded and verified")
    parser.add_argument("--minutes", type=float, default=60, help="after so long it ends, done or not")
    parser.add_argument("--tell", type=float, default=10, metavar="SECONDS", help="how often it says how far it is")
    parser.add_argument("--folder", type=Path, help="where everything is kept, so that the same command goes on")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
