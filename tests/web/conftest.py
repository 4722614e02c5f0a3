"""The real server on loopback, with a worker inside: one on SQLite and one on PostgreSQL for the whole run.

Tests share them, so each makes the rows it needs under names of its own (`Running.fresh`). Signing keys are wrapped at the lowest cost,
because the cost is the keyring's affair and has its tests there.
"""

from __future__ import annotations

import functools
import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from sqlalchemy import func, select

from badgeissuer import access, authoring, settings, worker
from badgeissuer.store import engine as engines
from badgeissuer.store import keyring
from badgeissuer.store.base import Base
from badgeissuer.web import app as web
from badgeissuer.web import connections

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI
    from sqlalchemy import Engine

    from badgeissuer.web.service import Service

START_SECONDS = 90
RESTLESS = {"batch_chunk", "event_subject", "job", "learning_event", "rejection", "worker"}
"""Tables in which the worker, or the server after its answer, writes whenever it likes."""
PAGE = {"Accept": "text/html"}
"""What browsers ask for."""
WEBHOOK_SECRET = "whsec_c2VjcmV0LW9mLXRoZS1oYXJib3VyLXNjaG9vbC0x"


_COUNTS = select(
    *(
        select(func.count()).select_from(table).scalar_subquery().label(table.name)
        for table in Base.metadata.sorted_tables
        if table.name not in RESTLESS
    )
)


@dataclass(slots=True)
class Running:
    """A server that runs, and what is needed to talk with it as an administrator and as a stranger.

    Its clients are for one thread: of one that threads share, httpx may close a connection that another thread has just taken.
    """

    base: str
    app: FastAPI
    token: str
    api: httpx.Client
    stranger: httpx.Client
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _units: list[str] = field(default_factory=list)

    @property
    def service(self) -> Service:
        """The service as the routes see it."""
        found: Service = self.app.state.service
        return found

    def fresh(self, word: str) -> str:
        """Return a slug that nobody has yet."""
        return f"{word}-{next(self._numbers)}"

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has, apart from those in which the worker writes whenever it likes."""
        with self.service.reading() as session:
            return dict(session.execute(_COUNTS).one()._mapping)

    def make(self, path: str, body: object, *, expect: int = 201, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - any JSON value
        """Post to the API as administrator and return what it answers."""
        answer = self.api.post(f"/api/{path}", json=body, headers=headers)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def listed(self, path: str, **asked: str) -> list[dict[str, Any]]:
        """Return all that a list of the API holds, page by page: other tests have put things there too."""
        found: list[dict[str, Any]] = []
        given = {"limit": "200", **asked}
        while True:
            answer = self.api.get(f"/api/{path}", params=given)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            if page["next"] is None:
                return found
            given["cursor"] = page["next"]

    def unit(self) -> str:
        """Return the slug of an issuer that all tests may use."""
        if not self._units:
            self._units.append(self.make("issuers", {"slug": self.fresh("harbour"), "name": "Harbour School"})["slug"])
        return self._units[0]

    def draft(self, *, issuer: str = "", **members: object) -> dict[str, Any]:
        """Return an achievement as it is sent to be defined."""
        plain = {
            "issuer": issuer or self.unit(),
            "slug": self.fresh("rope-work"),
            "name": "Rope Work",
            "description": "Ties, splices and judges ropes.",
            "achievementType": "Badge",
            "criteria": {"narrative": "Tie ten knots."},
        }
        return plain | members

    def published(self, *, issuer: str = "", **members: object) -> str:
        """Return the slug of a new achievement that is published."""
        slug: str = self.make("achievements", self.draft(issuer=issuer, **members))["slug"]
        self.make(f"achievements/{slug}/publish", {}, expect=200)
        return slug

    def award(self, *, achievement: str = "", **members: object) -> dict[str, Any]:
        """Return an award that is issued."""
        body = {"achievement": achievement or self.published(), "learner": {"email": f"{self.fresh('learner')}@example.org"}}
        made: dict[str, Any] = self.make("awards", body | members)
        return made

    def source(self, *, issuer: str = "", **members: object) -> dict[str, Any]:
        """Return a source that signs as Standard Webhooks does."""
        body = {
            "slug": self.fresh("sis"),
            "name": "Student system",
            "adapter": "native",
            "issuer": issuer or self.unit(),
            "signature": {"scheme": "standard_webhooks", "secrets": [WEBHOOK_SECRET]},
        }
        made: dict[str, Any] = self.make("sources", body | members)
        return made

    def bearer(self, role: str, *, issuer: str | None = None, expires_at: datetime | None = None, revoked: bool = False) -> dict[str, str]:
        """Return the header of a new token."""
        now = self.service.now()
        with self.service.writing() as session:
            owner = authoring.issuer(session, issuer) if issuer else None
            row, token = access.create(session, "test", role=role, now=now, issuer=owner, expires_at=expires_at)
            if revoked:
                access.revoke(session, row.public_id, now=now)
        return {"Authorization": f"Bearer {token}"}


Serve = Callable[..., AbstractContextManager[Running]]
SignIn = Callable[..., httpx.Client]
Until = Callable[[Callable[[], bool]], None]


@contextmanager
def _worker_on(url: str, ports: worker.Ports, tell: web.Tell) -> Iterator[web.Beside]:
    database = engines.connect(url)
    inner = worker.Worker(database, ports, tell=tell)
    thread = threading.Thread(target=inner.run)
    thread.start()
    try:
        yield web.Beside(inner.wake, ports.keyring)
    finally:
        inner.stop()
        thread.join()
        database.dispose()


@contextmanager
def serve(url: str, folder: Path, *, has_worker: bool = True, port: int = 0, **options: Any) -> Iterator[Running]:  # noqa: ANN401 - settings of any kind
    """Run the service on a database that is migrated, at any port that is free where none is given."""
    with connections.listen("127.0.0.1", port) as listener:
        base = f"http://localhost:{listener.getsockname()[1]}"
        given: dict[str, Any] = {
            "rate_limits": "off",
            "base_url": base,
            "database_url": url,
            "keys_dir": folder / "keys",
            "data_dir": folder,
        } | options
        configured = settings.Settings(**given)
        ring = keyring.Keyring(folder / "keys", b"test", operations=1, memory_bytes=8192)
        ports = worker.Ports(ring, configured.site, configured.contexts())
        beside = functools.partial(_worker_on, url, ports) if has_worker else None
        app = web.create(configured, beside=beside)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, server_header=False, timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            _await(lambda: server.started)
            token = _first_token(app.state.service)
            bearer = {"Authorization": f"Bearer {token}"}
            with (
                httpx.Client(base_url=base, headers=bearer, timeout=30, trust_env=False) as api,
                httpx.Client(base_url=base, timeout=30, trust_env=False) as stranger,
            ):
                yield Running(base, app, token, api, stranger)
        finally:
            server.should_exit = True
            thread.join()


def _first_token(service: Service) -> str:
    with service.writing() as session:
        return access.create(session, "administrator", role="admin", now=service.now())[1]


def _await(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + START_SECONDS
    while not holds():
        assert time.monotonic() < ends, "this took too long"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def until() -> Until:
    """Wait until something holds."""
    return _await


@pytest.fixture(scope="session")
def sqlite_server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server on SQLite."""
    folder = tmp_path_factory.mktemp("server")
    copy = shutil.copy(sqlite_template, folder / "badgeissuer.db")
    with serve(f"sqlite:///{copy}", folder) as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_running(postgresql_server: Engine, postgresql_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server on PostgreSQL."""
    name = f"badgeissuer_web_{uuid4().hex}"
    with postgresql_server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {postgresql_template} STRATEGY FILE_COPY")
    url = postgresql_server.url.set(database=name).render_as_string(hide_password=False)
    with serve(url, tmp_path_factory.mktemp("server")) as running:
        yield running
    with postgresql_server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Running:
    """A server on each database in turn."""
    found: Running = request.getfixturevalue("sqlite_server" if request.param == "sqlite" else "postgresql_running")
    return found


@pytest.fixture
def serving(sqlite_template: Path, tmp_path: Path) -> Serve:
    """Run a server of this test's own, on SQLite; with `keep` on the database that the one before left."""

    def start(*, keep: bool = False, **options: Any) -> AbstractContextManager[Running]:  # noqa: ANN401 - settings of any kind
        path = tmp_path / "badgeissuer.db"
        if not keep:
            shutil.copy(sqlite_template, path)
        return serve(f"sqlite:///{path}", tmp_path, **options)

    return start


@pytest.fixture
def sign_in(sqlite_server: Running) -> Iterator[SignIn]:
    """Return what gives a browser that is signed in."""
    clients: list[httpx.Client] = []

    def give(role: str = "issuer", **more: object) -> httpx.Client:
        token = sqlite_server.bearer(role, **more)["Authorization"].removeprefix("Bearer ")  # type: ignore[arg-type]
        client = httpx.Client(base_url=sqlite_server.base, headers=PAGE)
        clients.append(client)
        answer = client.post("/staff/sign-in", data={"token": f" {token}\n"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/staff"), answer.text
        return client

    yield give
    for client in clients:
        client.close()


def _refused(answer: httpx.Response, *statuses: int) -> Mapping[str, Any]:
    """Return the problem document that an answer is, after checking that it is one and has one of these statuses."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    assert all(isinstance(found[member], str) and found[member] for member in ("type", "title", "detail")), found
    return found


Refused = Callable[..., Mapping[str, Any]]


@pytest.fixture(scope="session")
def refused() -> Refused:
    """Check that an answer is a problem document."""
    return _refused
