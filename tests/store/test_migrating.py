from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from tests.microcredentials import WHOLE

from badgeissuer import cataloguing, indexing, problem
from badgeissuer.openbadges import definition, drafting
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import engine as engines
from badgeissuer.store import migrating, status_entries, tables

if TYPE_CHECKING:
    from sqlalchemy import Engine

REPOSITORY = Path(__file__).resolve().parents[2]
MIGRATE = """
import sys
from badgeissuer.store import engine, migrating
print("ready", flush=True)
sys.stdin.readline()
database = engine.connect(sys.argv[1])
migrating.migrate(database)
assert migrating.is_at_head(database)
database.dispose()
"""
FROM_BEFORE = (
    "INSERT INTO issuer (id, slug, name, did_method, created_at) VALUES (1, 'i', 'I', 'key', '2026-05-20 14:05:00.000000')",
    (
        "INSERT INTO status_list (id, issuer_id, purpose, length, created_at, uuid, state, changes, published_changes) "
        "VALUES (1, 1, 'revocation', 131072, '2026-05-20 14:05:00.000000', '00000000000000000000000000000001', 'open', 1, 1)"
    ),
    (
        "INSERT INTO status_entry (status_list_id, position, credential_uuid, purpose, is_set, changed_at) VALUES "
        "(1, 7, '11111111111111111111111111111111', 'revocation', true, '2026-05-20 14:05:00.000000'), "
        "(1, 8, '22222222222222222222222222222222', 'revocation', false, NULL)"
    ),
)


def revisions() -> list[str]:
    """Every revision, the first first."""
    config = Config()
    config.set_main_option("script_location", str(migrating.location()))
    return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def plain(reflected: Any) -> str:  # noqa: ANN401 - what SQLAlchemy says of a constraint
    return json.dumps(reflected, sort_keys=True, default=str)


def schema(engine: Engine) -> dict[str, Any]:
    """All that a database says of its own structure, in a form that can be compared."""
    inspector = inspect(engine)
    listed: dict[str, dict[Any, Any]] = {
        "foreign keys": inspector.get_multi_foreign_keys(),  # of all tables at once: one by one takes PostgreSQL minutes
        "unique": inspector.get_multi_unique_constraints(),
        "checks": inspector.get_multi_check_constraints(),
        "indexes": inspector.get_multi_indexes(),
    }
    keys = inspector.get_multi_pk_constraint()
    found: dict[str, Any] = {
        table[1]: {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in columns],
            "primary key": keys[table],
            **{kind: sorted(map(plain, of_all[table])) for kind, of_all in listed.items()},
        }
        for table, columns in inspector.get_multi_columns().items()
    }
    return found | {"triggers": triggers(engine)}


def triggers(engine: Engine) -> set[str]:
    statements = {
        "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal "
        "UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    }
    with engines.reading(engine) as session:
        return set(session.scalars(text(statements[engine.dialect.name])))


def change(engine: Engine, *statements: str) -> None:
    with engines.writing(engine) as session:
        for statement in statements:
            session.execute(text(statement))


def test_every_revision_goes_up_and_down_and_up_to_the_same_tables(blank_engine: Engine) -> None:
    before, below = schema(blank_engine), "base"
    for revision in revisions():
        migrating.migrate(blank_engine, to=revision)
        above = schema(blank_engine)
        migrating.downgrade(blank_engine, to=below)
        assert {**schema(blank_engine), "alembic_version": None} == {**before, "alembic_version": None}
        migrating.migrate(blank_engine, to=revision)
        assert schema(blank_engine) == above
        before, below = above, revision
    assert migrating.is_at_head(blank_engine)


def test_the_migrated_tables_are_those_of_the_program(engine: Engine) -> None:
    assert set(inspect(engine).get_table_names()) == {*migrating.METADATA.tables, "alembic_version"}
    migrating.check(engine)


def test_status_lists_from_before_there_were_counters_are_closed_and_keep_their_bits(blank_engine: Engine, now: datetime) -> None:
    migrating.migrate(blank_engine, to="0002")
    change(blank_engine, *FROM_BEFORE)
    migrating.migrate(blank_engine)
    with engines.writing(blank_engine) as session:
        row = session.get_one(tables.StatusList, 1)
        assert (row.state, session.get(tables.StatusCounter, 1)) == ("full", None)
        uuids = [UUID(number * 32) for number in "12"]
        _, changed = status_entries.set_values(session, uuids, True, purpose="revocation", reason=None, actor="test", now=now)
        session.flush()
        assert (changed, status_entries.changes_since(session, 1, 1)) == ([uuids[1]], [(8, True)])
        assert sorted(status_entries.positions_set(session, 1)) == [7, 8]


def test_what_was_published_before_there_was_a_catalogue_is_found_in_it(blank_engine: Engine) -> None:
    site, creator = Site("https://badges.example"), {"id": "did:key:x", "type": ["Profile"]}
    first = site.newest_achievement("First")
    migrating.migrate(blank_engine, to="0015")
    change(blank_engine, FROM_BEFORE[0])
    documents = []
    for number, key in enumerate(("uk-qaa", "nzqcf"), start=1):
        draft = drafting.expand(WHOLE[key] | {"tag": "Außen", "prerequisites": ["first"]}, {"first": ("First", first)})
        found = definition.complete(draft, url=site.achievement("x", number), version=str(number), creator=creator)
        documents.append(found)
    moment = "2026-05-20 14:05:00.000000"
    with engines.writing(blank_engine) as session:
        for slug, number in (("x", 1), ("unpublished", 2)):
            row = {"id": number, "slug": slug, "at": moment}
            insert = "INSERT INTO achievement (id, issuer_id, slug, draft, created_at, updated_at) VALUES (:id, 1, :slug, '{}', :at, :at)"
            session.execute(text(insert), row)
        insert = (
            "INSERT INTO achievement_version (id, achievement_id, version, document, draft_sha256, published_at) "
            "VALUES (:id, 1, :id, :document, 'x', :at)"
        )
        for number, document in enumerate(documents, start=1):
            session.execute(text(insert), {"id": number, "document": json.dumps(document), "at": moment})
    migrating.migrate(blank_engine)
    with engines.writing(blank_engine) as session:
        (entry,) = session.scalars(select(tables.CatalogueEntry)).all()
        assert "\nafter:https://badges.example/a/first\n" in entry.marks
        before = (entry.achievement_version_id, entry.place, entry.words, entry.marks)
        indexing.enter(session, session.get_one(tables.Achievement, 1), session.get_one(tables.AchievementVersion, 2))
        assert before == (2, entry.place, entry.words, entry.marks)  # as if it had been published today
        for wanted in (cataloguing.Wanted(q="winter AUSSEN"), cataloguing.Wanted(level="NZQCF:4"), cataloguing.Wanted(language="mi")):
            assert [one.version.id for one in cataloguing.listed(session, wanted, after=0, limit=5)[0]] == [2]


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    before = schema(engine)
    migrating.migrate(engine)
    assert schema(engine) == before
    assert migrating.revision(engine) == migrating.head() == revisions()[-1]


def test_a_database_that_was_never_migrated_is_not_at_head(blank_engine: Engine) -> None:
    assert migrating.revision(blank_engine) is None
    assert not migrating.is_at_head(blank_engine)
    with pytest.raises(problem.Fault, match="badgeissuer migrate"):
        migrating.check(blank_engine)


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        ("ALTER TABLE job ADD COLUMN colour VARCHAR", "remove_column.*colour"),
        ("ALTER TABLE worker RENAME COLUMN seen_at TO met_at", "add_column.*seen_at"),
        ("DROP TABLE idempotency_key", "add_table.*idempotency_key"),
        ("CREATE TABLE stray (n INTEGER)", "remove_table.*stray"),
        ("DROP INDEX ix_job_state_turn_run_at_id", "add_index.*ix_job_state_turn_run_at_id"),
        ("DROP INDEX uq_signing_key_one_active", "add_index.*uq_signing_key_one_active"),
    ],
)
def test_a_difference_is_found(engine: Engine, statement: str, difference: str) -> None:
    change(engine, statement)
    with pytest.raises(problem.Fault, match=difference):
        migrating.check(engine)


def test_a_missing_trigger_is_found(engine: Engine) -> None:
    on_table = " ON credential" if engine.dialect.name == "postgresql" else ""
    change(engine, f"DROP TRIGGER credential_refuses_update{on_table}")
    with pytest.raises(problem.Fault, match="the trigger credential_refuses_update is missing"):
        migrating.check(engine)


def test_another_check_is_found(engine: Engine) -> None:
    """PostgreSQL can drop one by name; SQLite has to make the table anew, here with another text under the same name."""
    if engine.dialect.name == "postgresql":
        change(engine, "ALTER TABLE idempotency_key ADD CONSTRAINT ck_stray CHECK (id > 0)", "ALTER TABLE job DROP CONSTRAINT ck_job_state")
    else:
        with engines.reading(engine) as session:
            job, index = session.scalars(
                text("SELECT sql FROM sqlite_master WHERE tbl_name = 'job' AND sql IS NOT NULL ORDER BY type DESC")
            )
        change(engine, "DROP TABLE job", job.replace("'dead'", "'dead', 'undead'"), index)
    with pytest.raises(problem.Fault, match="ck_job_state"):
        migrating.check(engine)


@pytest.mark.parametrize("call", [migrating.migrate, migrating.check, lambda engine: migrating.downgrade(engine, to="base")])
def test_a_database_of_a_newer_program_is_left_alone(engine: Engine, call: Any) -> None:  # noqa: ANN401 - a function of an engine
    change(engine, "UPDATE alembic_version SET version_num = '9999'")
    before = schema(engine)
    with pytest.raises(problem.Fault, match="revision 9999, which this program does not know"):
        call(engine)
    assert not migrating.is_at_head(engine)
    assert schema(engine) == before


def test_a_migration_that_fails_leaves_nothing(blank_engine: Engine) -> None:
    change(blank_engine, "CREATE TABLE worker (name VARCHAR)")
    before = schema(blank_engine)
    with pytest.raises(Exception, match="worker"):
        migrating.migrate(blank_engine)
    assert {**schema(blank_engine), "alembic_version": None} == {**before, "alembic_version": None}
    assert migrating.revision(blank_engine) is None


def test_several_processes_may_migrate_at_once(blank_database_url: str, blank_engine: Engine) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, blank_database_url], stdin=-1, stdout=-1, stderr=-1, text=True) for _ in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    migrating.check(blank_engine)


def test_a_migration_waits_while_another_holds_the_lock_of_postgresql(postgresql_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "LOCK_TRIES", 2)
    monkeypatch.setattr(migrating, "LOCK_PAUSE", 0.01)
    with postgresql_engine.connect() as other:
        other.exec_driver_sql(f"SELECT pg_advisory_lock({migrating.ADVISORY_LOCK})")
        with pytest.raises(problem.Unavailable, match="migrating this database"):
            migrating.downgrade(postgresql_engine, to="base")
        other.exec_driver_sql(f"SELECT pg_advisory_unlock({migrating.ADVISORY_LOCK})")
    assert migrating.is_at_head(postgresql_engine)


def test_foreign_keys_are_enforced_again_after_a_migration(blank_engine: Engine) -> None:
    migrating.migrate(blank_engine)
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        change(blank_engine, "INSERT INTO rule_source VALUES (77, 77)")


def test_rows_that_refer_to_nothing_stop_a_migration_on_sqlite(tmp_path: Path) -> None:
    engine = engines.connect(f"sqlite:///{tmp_path / 'orphan.db'}")
    migrating.migrate(engine)
    with closing(sqlite3.connect(tmp_path / "orphan.db")) as connection:
        connection.execute("INSERT INTO rule_source VALUES (77, 77)")
        connection.commit()
    with pytest.raises(problem.Fault, match="nothing was changed"):
        migrating.downgrade(engine, to=migrating.head())
    engine.dispose()


def run_elsewhere(tmp_path: Path, path: Path) -> Path:
    """Ask a program in another folder, with the package at `path` and nothing of ours in its environment, where it finds the migrations."""
    code = (
        f"import sys; sys.path.insert(0, {str(path)!r})\n"
        "from badgeissuer.store import engine, migrating\n"
        "database = engine.connect('sqlite:///here.db')\n"
        "migrating.migrate(database)\n"
        "database.dispose()\n"
        "print(migrating.location())"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "here.db").is_file()
    return Path(run.stdout.strip())


def test_the_migrations_of_a_checkout_are_found_from_anywhere(tmp_path: Path) -> None:
    assert run_elsewhere(tmp_path, REPOSITORY / "src") == REPOSITORY / "migrations"


def test_the_migrations_of_an_installed_package_are_found_in_it(tmp_path: Path) -> None:
    site = tmp_path / "100% installed"
    shutil.copytree(REPOSITORY / "src" / "badgeissuer", site / "badgeissuer")
    shutil.copytree(REPOSITORY / "migrations", site / "badgeissuer" / "migrations")
    assert run_elsewhere(tmp_path, site) == site / "badgeissuer" / "migrations"


def test_an_installation_without_migrations_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.resources.files", lambda _package: tmp_path / "site" / "badgeissuer")
    with pytest.raises(problem.Fault, match="install badgeissuer again"):
        migrating.location()


def test_a_new_migration_is_drafted_from_what_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(migrating.location(), tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrating, "location", lambda: tmp_path / "migrations")
    path = migrating.draft("Nothing to do")
    assert path == tmp_path / "migrations" / "versions" / f"{int(revisions()[-2]) + 1 if len(revisions()) > 1 else 2:04}_nothing_to_do.py"
    compile(path.read_text(), path, "exec")
    assert migrating.head() == path.name[:4]
