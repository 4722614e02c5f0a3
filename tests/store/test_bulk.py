from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from badgeissuer.store import bulk, tables
from badgeissuer.store import engine as engines

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

NAMES = ("kind", "payload", "created_at", "run_at", "state", "attempts", "turn")


def test_rows_of_every_kind_come_back_as_they_were(session: Session, now: datetime) -> None:
    awkward = {"text": 'tab\t, line\n, \\N, \\ and "quotes", é, 😀', "number": 1.5, "nothing": None}
    bulk.add(session, tables.Job, NAMES, [("a\\N\tb", awkward, now, now, "queued", 0, turn) for turn in range(3)])
    found = session.scalars(select(tables.Job).order_by(tables.Job.turn)).all()
    assert [(row.kind, row.payload, row.run_at, row.turn) for row in found] == [("a\\N\tb", awkward, now, turn) for turn in range(3)]
    session.add(tables.Learner(created_at=now))
    bulk.add(session, tables.BatchChunk, ("batch_id",), [])
    assert session.new, "where there is nothing to insert, nothing is sent"


def test_keys_that_were_given_are_not_given_again(session: Session, now: datetime) -> None:
    first = bulk.new_ids(session, tables.Learner, 3)
    bulk.add(session, tables.Learner, ("id", "name", "created_at"), [(number, None, now) for number in first])
    row = tables.Learner(created_at=now)
    session.add(row)
    session.flush()
    second = bulk.new_ids(session, tables.Learner, 2)
    assert len({*first, row.id, *second}) == 6


def test_a_key_that_is_taken_leaves_everything_to_the_savepoint(engine: Engine, now: datetime) -> None:
    names = ("public_id", "name", "role", "secret_sha256", "created_at")
    with engines.writing(engine) as session:
        bulk.add(session, tables.ApiToken, names, [("one", "x", "admin", "0", now)])
        with pytest.raises(bulk.Taken, match="api_token"), session.begin_nested():
            bulk.add(session, tables.ApiToken, names, [("two", "x", "admin", "0", now), ("one", "x", "admin", "0", now)])
        assert session.scalars(select(tables.ApiToken.public_id)).all() == ["one"]
