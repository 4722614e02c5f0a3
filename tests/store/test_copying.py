from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, insert, null, select

from badgeissuer import problem
from badgeissuer.store import copying, migrating, tables
from badgeissuer.store import engine as engines

ENTRIES = 1200


@pytest.fixture
def source(sqlite_template: Path, tmp_path: Path, now: datetime) -> Iterator[Engine]:
    """A database on SQLite with values of every type, and a gap in its ids."""
    engine = engines.connect(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'source.db')}")
    with engines.writing(engine) as session:
        issuers = [tables.Issuer(slug=f"i{number}", name="Ĩ\U0001f393", did_method="key", created_at=now) for number in range(3)]
        session.add_all(issuers)
        session.flush()
        session.delete(issuers[1])
        given: dict[str, Any] = {"issuer_id": issuers[2].id, "name": "S", "adapter": "native", "signature": {"z": [1, None], "a": 2.5}}
        session.add(tables.Source(slug="s1", hook_key="h1", created_at=now, fetched_keys={"keys": []}, **given))
        session.add(tables.ApiToken(public_id="t", name="t", role="admin", secret_sha256="0", created_at=now, last_used_on=now.date()))
        session.add(tables.Worker(name="w", started_at=now, seen_at=now))
        status_list = tables.StatusList(
            issuer_id=issuers[0].id, purpose="revocation", length=131_072, created_at=now, published=b"\x00\xff"
        )
        session.add(status_list)
        session.flush()
        session.execute(
            insert(tables.Source).values(
                slug="s2", hook_key="h2", created_at=now, success_status=200, state="active", fetched_keys=null(), **given
            )
        )
        session.add(tables.StatusCounter(status_list_id=status_list.id, key=bytes(32), counted=7))
        shared = {"status_list_id": status_list.id, "purpose": "revocation"}
        rows = [shared | {"position": n, "credential_uuid": UUID(int=n), "is_set": n % 2 == 0} for n in range(ENTRIES)]
        session.execute(insert(tables.StatusEntry), rows)
    yield engine
    engine.dispose()


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with engines.reading(engine) as session:
        kept = [table for table in migrating.METADATA.sorted_tables if table.name != "worker"]
        return {table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr) for table in kept}


def test_everything_is_copied_and_new_rows_get_new_ids(source: Engine, engine: Engine, now: datetime) -> None:
    expected = everything(source)
    assert copying.copy(source, engine) == sum(map(len, expected.values())) == ENTRIES + 7
    assert everything(engine) == expected
    with engines.writing(engine) as session:
        assert session.scalars(select(tables.Source.slug).where(tables.Source.fetched_keys.is_(null()))).all() == ["s2"]
        assert session.scalars(select(tables.Worker)).all() == []
        issuer = tables.Issuer(slug="new", name="New", did_method="key", created_at=now)
        session.add(issuer)
        session.flush()
        assert issuer.id == 4


def test_nothing_is_copied_into_a_database_that_holds_something(source: Engine, engine: Engine, now: datetime) -> None:
    with engines.writing(engine) as session:
        session.add(tables.Learner(created_at=now))
    with pytest.raises(problem.Conflict, match="rows in learner"):
        copying.copy(source, engine)
    assert everything(engine)["issuer"] == []


def test_nothing_is_copied_from_a_database_of_another_version(source: Engine, engine: Engine) -> None:
    migrating.downgrade(source, to="0003")
    with pytest.raises(problem.Fault, match="run `badgeissuer migrate`"):
        copying.copy(source, engine)
