"""Events are sent while the process that takes them and the workers are killed at random moments: none that was accepted is lost.

    python -m tests.faults.losing --kills 20 --database postgresql --seed 1

Senders keep what was answered with 200, as an LMS does, and send again what was not. Afterwards every accepted event has one badge.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from standardwebhooks import Webhook
from tests import serving
from tests.faults import killing

from badgeissuer import authoring, connecting, ruling, status
from badgeissuer.awarding import rule
from badgeissuer.settings import clock
from badgeissuer.store import engine as engines
from badgeissuer.store import migrating, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

SECRET = "whsec_" + "a2lsbC1taW51cy1uaW5lLWlzLW5vLXNlY3JldC0wMQ=="
EVERY: dict[str, object] = {"when": {"all": [{"field": "type", "op": "eq", "value": "learner.course.completed"}]}}
PATIENCE_SECONDS = 180.0
_OK = 200


def prepare(engine: Engine, ordeal: killing.Ordeal) -> str:
    """Make an issuer, an achievement, a source and a rule; return the path that the source delivers to."""
    ordeal.prepare(engine)
    with engines.writing(engine) as session:
        unit, now = authoring.issuer(session, "unit"), clock()
        values = {"slug": "sis", "name": "SIS", "adapter": "native", "signature": {"scheme": "standard_webhooks", "secrets": [SECRET]}}
        source = connecting.connect(session, unit, values, token=lambda size: "k" * size, now=now)
        found = authoring.achievement(session, "knots")
        ruling.add(session, found, said=rule.parse(EVERY), source=source, token=lambda size: "k" * size, now=now)  # type: ignore[arg-type]
        return f"/hooks/{source.hook_key}"


def serve(url: str, folder: Path, port: int) -> killing.Hand:
    """Start a process that takes events, as an operator does."""
    own = {"DATABASE_URL": url, "KEYS_DIR": str(folder / "keys"), "KEY_PASSPHRASE": killing.PASSPHRASE}
    own |= {"BASE_URL": killing.SITE.base, "DATA_DIR": str(folder), "LOG_LEVEL": "ERROR", "RATE_LIMITS": "off"}
    environment = os.environ | {f"BADGEISSUER_{name}": value for name, value in own.items()}
    command = [sys.executable, "-m", "badgeissuer.cli", "serve", "--no-worker", "--port", str(port)]
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


@dataclass(slots=True)
class Sender:
    """Sends events one after the other, each again until it is accepted.

    Attributes:
        port: Where to.
        path: The hook.
        name: What its events are called.
        accepted: The events that were answered with 200.
        stopping: Ends it.
    """

    port: int
    path: str
    name: str
    accepted: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send until told to stop; what is under way is brought to its end."""
        number = 0
        while not self.stopping.is_set():
            number += 1
            event = f"{self.name}-{number}"
            ends = time.monotonic() + PATIENCE_SECONDS
            while not self._send(event):
                if time.monotonic() > ends:
                    return
                time.sleep(0.05)
            self.accepted.append(event)

    def _send(self, event: str) -> bool:
        learner = {"id": event, "email": f"{event}@example.org", "name": "Learner"}
        data = {"event_id": event, "learner": learner, "course": {"id": "7"}}
        body = json.dumps({"type": "learner.course.completed", "timestamp": "2026-05-20T14:01:31Z", "data": data})
        now = clock()
        signed = {"webhook-id": event, "webhook-timestamp": str(int(now.timestamp()))}
        signed |= {"webhook-signature": Webhook(SECRET).sign(event, now, body), "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", self.path, body.encode(), signed)
            return connection.getresponse().status == _OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def run(ordeal: killing.Ordeal, engine: Engine, *, path: str, port: int, kills: int, senders: int = 4) -> list[str]:
    """Send events while processes are killed so often, and return the events that were accepted."""
    ordeal.workers += [serve(ordeal.url, ordeal.folder, port)]
    ordeal.hire()
    ordeal.hire()
    crew = [Sender(port, path, f"sender{number}") for number in range(senders)]
    threads = [threading.Thread(target=one.run) for one in crew]
    for thread in threads:
        thread.start()
    try:
        for _ in range(kills):
            before = sum(len(one.accepted) for one in crew)
            _until(lambda before=before: sum(len(one.accepted) for one in crew) > before)
            time.sleep(ordeal.draw.uniform(0.0, 1.5))
            _kill(ordeal, engine, port)
    finally:
        for one in crew:
            one.stopping.set()
        for thread in threads:
            thread.join()
    return [event for one in crew for event in one.accepted]


def _kill(ordeal: killing.Ordeal, engine: Engine, port: int) -> None:
    """Kill the server, a worker, or both; whoever is killed is started again."""
    ordeal.kills += 1
    chosen = ordeal.draw.choice(("server", "worker", "both"))
    victims = [0] if chosen == "server" else [ordeal.draw.randrange(1, 3)] if chosen == "worker" else [0, 1]
    for place in victims:
        hand = ordeal.workers[place]
        hand.kill()
        hand.wait()
        free = update(tables.Job).where(tables.Job.state == "running", tables.Job.worker.like(f"%:{hand.pid}:%"))
        with engines.writing(engine) as session:
            session.execute(free.values(lease_until=clock() - timedelta(seconds=1)).execution_options(synchronize_session=False))
        ordeal.workers[place] = serve(ordeal.url, ordeal.folder, port) if place == 0 else ordeal.start(ordeal.url, ordeal.folder)


def _until(holds: object) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():  # type: ignore[operator]
        if time.monotonic() > ends:
            raise TimeoutError("nothing is accepted")
        time.sleep(0.02)


def await_badges(engine: Engine, number: int) -> None:
    """Wait until so many badges are there and nothing is left to do.

    Raises:
        TimeoutError: They did not come.
    """
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        with engines.reading(engine) as session:
            badges = session.scalar(select(func.count()).select_from(tables.Credential)) or 0
            busy = (
                session.scalar(select(func.count()).where(tables.Job.state.in_(("queued", "running")), tables.Job.kind != status.PUBLISH))
                or 0
            )
        if badges >= number and not busy:
            return
        time.sleep(0.2)
    raise TimeoutError(f"{badges} badges of {number}, {busy} jobs left")


def check(engine: Engine, accepted: Sequence[str]) -> list[str]:
    """Return what is not as it should be: each accepted event is stored, and has one badge; so has what was stored and not answered."""
    with engines.reading(engine) as session:
        stored = set(session.scalars(select(tables.LearningEvent.key)))
        badges = [row["email"] for row in session.scalars(select(tables.Award.claims).where(tables.Award.state == "issued"))]
        count = session.scalar(select(func.count()).select_from(tables.Credential)) or 0
    owners = {email.partition("@")[0] for email in badges}
    faults = [f"{event} was accepted and has no badge" for event in accepted if event not in owners]
    faults += [f"{event} was accepted and is not stored" for event in accepted if event not in stored]
    if not len(badges) == len(owners) == count == len(stored):
        faults.append(f"{len(stored)} events, {len(badges)} awards of {len(owners)} learners, {count} badges")
    return faults


def main() -> int:
    """Kill as often as asked, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="badgeissuer-losing-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = f"sqlite:///{folder}/x.db"
        if asked.database == "postgresql":
            url, _ = stack.enter_context(killing.postgresql(folder))
        engine = engines.connect(url)
        stack.callback(engine.dispose)
        migrating.migrate(engine)
        ordeal = killing.Ordeal(url, folder, random.Random(asked.seed))  # noqa: S311 - repeatable on purpose
        stack.callback(ordeal.stop)
        path = prepare(engine, ordeal)
        accepted = run(ordeal, engine, path=path, port=serving.free_port(), kills=asked.kills)
        with suppress(TimeoutError):
            await_badges(engine, len(accepted))
        faults = check(engine, accepted)
        print(f"{len(accepted)} events accepted, {ordeal.kills} kills; {faults or 'none lost, none doubled'}")
        return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
