"""Bringing a database to the tables of this program, and finding out whether it is there.

The migrations travel with the program: in an installed wheel as `badgeissuer/migrations`, in a checkout as `migrations` beside `src`.
Neither the current directory nor pyproject.toml matters. Any number of processes may call `migrate` at once: on PostgreSQL an advisory
lock lets them in one by one, on SQLite the write lock does.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import autogenerate, command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect

from badgeissuer import problem
from badgeissuer.store import engine as engines
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

METADATA = tables.Issuer.metadata
COMPARISON: dict[str, Any] = {
    "target_metadata": METADATA,
    "compare_type": True,
    "compare_server_default": True,
    "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
}
"""How alembic compares tables and database, here and in migrations/env.py."""
GUARDS = frozenset(
    {"achievement_version_refuses_update", "achievement_version_refuses_delete", "credential_refuses_update", "decision_refuses_update"}
)
"""The triggers on what never changes. Neither the tables nor alembic know of them, so `check` looks for them by name."""
ADVISORY_LOCK = 0x62616467_65697373
"""Of our own choosing ("badgeiss"); every program on the same PostgreSQL database must use the same."""
LOCK_TRIES = 1200
LOCK_PAUSE = 0.5

_one_at_a_time = threading.Lock()


def location() -> Path:
    """Return the folder of the migrations, in the installed package or in the checkout.

    Raises:
        problem.Fault: When neither is there, which means that the installation is broken.
    """
    package = Path(str(resources.files("badgeissuer")))
    for folder in (package / "migrations", package.parents[1] / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise problem.Fault("The migrations are missing from this installation; install badgeissuer again.")


def head() -> str:
    """Return the revision that this program works with."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def revision(engine: Engine) -> str | None:
    """Return the revision that the database is at; None where it was never migrated."""
    with engines.reading(engine) as session:
        return _revision(session.connection())


def is_at_head(engine: Engine) -> bool:
    """Say whether the database is at the revision of this program."""
    return revision(engine) == head()


def migrate(engine: Engine, *, to: str = "head") -> None:
    """Bring the database up to `to`; where it is there already, nothing happens.

    Otherwise waits while another process migrates, up to ten minutes.

    Raises:
        problem.Fault: When the database is newer than this program; nothing was changed then.
        problem.Unavailable: When another process did not end its migration in that time.
    """
    if to == "head" and is_at_head(engine):
        return
    with _connection(engine) as connection:
        command.upgrade(_config(connection), to)


def downgrade(engine: Engine, *, to: str) -> None:
    """Bring the database back to `to`, or with `base` to nothing. What does not fit into the older tables is lost.

    Raises:
        problem.Fault: When the database is newer than this program; nothing was changed then.
        problem.Unavailable: When another process is migrating.
    """
    with _connection(engine) as connection:
        command.downgrade(_config(connection), to)


def check(engine: Engine) -> None:
    """Compare the database with the tables of this program.

    Columns, types, defaults, keys, indexes and constraints are compared; CHECK constraints by name, on SQLite by their text too; and
    the triggers on what never changes must be there.

    Raises:
        problem.Fault: When the database is not at the revision of this program, or differs; the detail names each difference.
    """
    with engines.reading(engine) as session:
        connection = session.connection()
        found = _revision(connection)
        _refuse_newer(found)
        if found != head():
            raise problem.Fault(f"The database is at revision {found}, this program needs {head()}; run `badgeissuer migrate`.")
        context = MigrationContext.configure(connection, opts=COMPARISON)
        differences = [str(difference) for difference in autogenerate.compare_metadata(context, METADATA)]
        differences += _other_checks(connection) + _other_triggers(connection)
    if differences:
        raise problem.Fault("The database differs from the tables of this program: " + "; ".join(differences))


def draft(message: str) -> Path:
    """Write a new migration from what differs between the tables and the migrations so far, for a person to tidy; return its file."""
    engine = engines.connect("sqlite://")
    migrate(engine)
    with _connection(engine) as connection:
        script = command.revision(_config(connection), message, autogenerate=True, rev_id=f"{int(head()) + 1:04}")
    engine.dispose()
    if script is None or isinstance(script, list):
        raise problem.Fault("Alembic did not write exactly one migration.")
    return Path(script.path)


def _config(connection: Connection | None = None) -> Config:
    """Return what alembic needs to know; migrations/env.py takes the connection from its attributes."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(location()).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _revision(connection: Connection) -> str | None:
    """Return the revision that stands in the database."""
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(found: str | None) -> None:
    """Refuse a revision that this program has never heard of."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise problem.Fault(
            f"The database is at revision {found}, which this program does not know (it knows up to {head()}): "
            "a newer version has migrated it. Install that version, or restore a backup from before."
        )


@contextmanager
def _connection(engine: Engine) -> Iterator[Connection]:
    """Give the one connection that may migrate a database which this program knows.

    Alembic itself is not made for threads, so there is only one in each process, too.
    """
    exclusive = _alone_on_postgresql if engine.dialect.name == "postgresql" else _alone_on_sqlite
    with _one_at_a_time, exclusive(engine) as connection:
        yield connection


@contextmanager
def _alone_on_sqlite(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction that holds the write lock, so that all of it happens or nothing.

    A table is changed by making it anew, in which foreign keys must not be enforced; they are checked at the end instead.
    """
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF").close()
        try:
            with connection.begin():
                _refuse_newer(_revision(connection))
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise problem.Fault("After the migration some rows refer to rows that are gone; nothing was changed.")
        finally:
            driver.execute("PRAGMA foreign_keys=ON").close()


@contextmanager
def _alone_on_postgresql(engine: Engine) -> Iterator[Connection]:
    """Give a connection while another holds the advisory lock, so that a migration may commit as it needs.

    The lock is asked for again and again rather than waited for, since a waiting statement would hold up CREATE INDEX CONCURRENTLY.
    Both connections are closed at the end, and with them the lock and the settings go.
    """
    with engine.connect() as guard, engine.connect() as connection:
        guard.execution_options(isolation_level="AUTOCOMMIT")
        for one in (guard, connection):
            one.detach()
        _wait_for_lock(guard)
        _refuse_newer(_revision(guard))
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("SET lock_timeout = '5s'")
        connection.commit()
        yield connection


def _wait_for_lock(guard: Connection) -> None:
    """Get the advisory lock, which belongs to the connection until it is closed."""
    for _ in range(LOCK_TRIES):
        if guard.exec_driver_sql(f"SELECT pg_try_advisory_lock({ADVISORY_LOCK})").scalar_one():
            return
        time.sleep(LOCK_PAUSE)
    raise problem.Unavailable("Another process has been migrating this database for ten minutes; look at what it is doing.")


def _other_checks(connection: Connection) -> list[str]:
    """Return the CHECK constraints whose text differs. PostgreSQL rewrites the text, so only SQLite can tell."""
    if connection.dialect.name != "sqlite":
        return []
    checks = [(table, check) for table in METADATA.sorted_tables for check in table.constraints if isinstance(check, CheckConstraint)]
    expected = {(table.name, str(check.name)): str(check.sqltext) for table, check in checks}
    reflected = inspect(connection).get_multi_check_constraints()
    found = {(table, str(check["name"])): check["sqltext"] for (_, table), of_table in reflected.items() for check in of_table}
    changed = [key for key in sorted(expected.keys() & found.keys()) if found[key] != expected[key]]
    return [f"the CHECK {name} of {table} is {found[table, name]}" for table, name in changed]


def _other_triggers(connection: Connection) -> list[str]:
    """Return the guarding triggers that are missing; on SQLite a table that was made anew has lost its own."""
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
    }
    found = set(connection.exec_driver_sql(names[connection.dialect.name]).scalars())
    return [f"the trigger {name} is missing" for name in sorted(GUARDS - found)]
