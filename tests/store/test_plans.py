"""What is asked often is found by an index: the plans of both databases, for the statements as the program sends them.

On PostgreSQL `enable_seqscan` is off, so that an empty table is not read whole because it is empty: where no index serves, the plan
shows a sequential scan all the same.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import NoResultFound

from badgeissuer import delivering, issuing, notifying, problem, status
from badgeissuer.issuing import awards
from badgeissuer.net import mail
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import engine as engines
from badgeissuer.store import jobs, status_entries, tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session

ONE = UUID(int=1)
SCAN = re.compile(r"Seq Scan on \w+|^SCAN (?!signing_key USING (?:COVERING )?INDEX uq_signing_key_one_active)\w+.*", re.MULTILINE)
"""A whole table is read; of the keys only those that are in use, for which there is an index of these alone."""


def stored_award(session: Session) -> None:
    """Ask for the award of a learner, achievement and scope."""
    given = {"issuer_id": 1, "created_at": None}
    achievement = tables.Achievement(**given, slug="a", draft={}, updated_at=None)  # type: ignore[arg-type]
    learner = tables.Learner(created_at=None)  # type: ignore[arg-type]
    achievement.id = learner.id = 1
    awards._existing(session, achievement, learner=learner, scope="once")


CASES: dict[str, tuple[Callable[[Session, datetime], object], tuple[str, str]]] = {
    "a credential by its name": (lambda session, _: issuing.issued(session, ONE), ("uq_credential_uuid", "credential (uuid=?)")),
    "the credential of an award": (
        lambda session, _: session.scalar(select(tables.Credential.sha256).where(tables.Credential.award_id == 1)),
        ("uq_credential_award_id", "credential (award_id=?)"),
    ),
    "an award by its name": (lambda session, _: issuing.find(session, ONE), ("uq_award_uuid", "award (uuid=?)")),
    "an award by achievement, learner and scope": (
        lambda session, _: stored_award(session),
        ("ix_award_learner_id", "award (achievement_id=? AND learner_id=? AND scope=?)"),
    ),
    "the next job": (
        lambda session, now: jobs.claim(session, "w", now=now, lease=timedelta(minutes=1), kinds=["issue", "sign"]),
        ("ix_job_state_turn_run_at_id", "job (state=?)"),
    ),
    "the place of a credential": (
        lambda session, _: status.entry(session, ONE),
        ("uq_status_entry_credential_uuid_purpose", "status_entry (credential_uuid=? AND purpose=?)"),
    ),
    "the places of a list whose bit is set": (
        lambda session, _: status_entries.positions_set(session, 1),
        ("ix_status_entry_set", "status_entry (status_list_id=? AND is_set=?)"),
    ),
    "the places of a list that changed": (
        lambda session, _: status_entries.changes_since(session, 1, 5),
        ("ix_status_entry_change", "status_entry (status_list_id=? AND change>?)"),
    ),
    "what is to be revoked": (
        lambda session, now: status.revoke_all(session, [ONE, UUID(int=2)], reason="r", actor="a", now=now),
        ("uq_status_entry_credential_uuid_purpose", "status_entry (credential_uuid=? AND purpose=?)"),
    ),
    "who subscribed to an issuer": (
        lambda session, _: notifying.subscribed(session, [1], notifying.ISSUED),
        ("ix_subscriber_issuer_id", "subscriber (issuer_id=?)"),
    ),
    "what a subscriber is told of an award": (
        lambda session, now: notifying.prepare(session, 1, site=Site("https://badges.example"), now=now),
        ("pk_notice", "notice (rowid=?)"),
    ),
    "what a learner is told": (
        lambda session, now: delivering.prepare(
            session, 1, copy=0, sender=mail.Mailbox("b@example.edu"), site=Site("https://badges.example"), now=now
        ),
        ("pk_message", "message (rowid=?)"),
    ),
    "messages that came back": (
        lambda session, _: session.scalars(select(tables.Message.id).where(tables.Message.state.in_(("bounced", "failed")))).all(),
        ("ix_message_state_issuer_id", "message (state=?)"),
    ),
    "the lists that are due": (
        lambda session, now: status.stale(session, now=now),
        ("ix_status_list_changed  ix_status_list_published_at", "status_list (issuer_id=?)  status_list (published_at<?)"),
    ),
}
"""What is asked, and what answers it: the name of the index on PostgreSQL, table and columns on SQLite; several stand two spaces apart."""


@contextlib.contextmanager
def collected(engine: Engine) -> Iterator[list[str]]:
    """Collect the plan of each statement that is sent meanwhile."""
    found: list[str] = []
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "

    def ask(_connection: Connection, cursor: Any, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401 - of the driver
        if statement.startswith(("SELECT", "UPDATE", "INSERT")):
            other = cursor.connection.cursor()
            other.execute(explain + statement, parameters)
            found.append("\n".join(str(row[-1]) for row in other.fetchall()))
            other.close()

    event.listen(engine, "before_cursor_execute", ask)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", ask)


@pytest.mark.parametrize("case", CASES)
def test_no_table_is_read_whole(engine: Engine, now: datetime, case: str) -> None:
    work, expected = CASES[case]
    with engines.writing(engine) as session:
        if engine.dialect.name == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
        session.connection()
        with collected(engine) as found, contextlib.suppress(problem.NotFound, NoResultFound):
            work(session, now)
    plans = "\n".join(found)
    assert SCAN.findall(plans) == []
    used = re.findall(r"\b(?:ix|uq|pk)_\w+", plans) + [" ".join(hit) for hit in re.findall(r"SEARCH (\w+) USING .*(\(.*\))", plans)]
    assert any(all(one in used for one in index.split("  ")) for index in expected), plans


def test_a_plan_without_an_index_is_noticed(engine: Engine) -> None:
    with engines.writing(engine) as session:
        if engine.dialect.name == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
        with collected(engine) as found:
            session.scalars(select(tables.Award).where(tables.Award.reason == "x")).all()
    assert len(SCAN.findall("\n".join(found))) == 1
