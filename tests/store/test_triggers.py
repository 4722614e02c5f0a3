from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from badgeissuer.store import tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


@pytest.fixture
def filled(session: Session, now: datetime) -> Session:
    """A session in which one row stands in each of the tables that a credential needs."""
    issuer = tables.Issuer(slug="i", name="Issuer", did_method="key", created_at=now)
    learner = tables.Learner(created_at=now)
    session.add_all([issuer, learner])
    session.flush()
    achievement = tables.Achievement(issuer_id=issuer.id, slug="a", draft={}, created_at=now, updated_at=now)
    source = tables.Source(issuer_id=issuer.id, slug="s", name="S", adapter="canvas", hook_key="h", signature={}, created_at=now)
    key = tables.SigningKey(
        issuer_id=issuer.id, public_key_multibase="z6Mk", verification_method="did:key:z6Mk", state="active", created_at=now
    )
    session.add_all([achievement, source, key])
    session.flush()
    version = tables.AchievementVersion(
        achievement_id=achievement.id, version=1, document={"name": "A"}, draft_sha256="0", published_at=now
    )
    delivery = tables.Delivery(source_id=source.id, key="d", payload=b"{}", payload_sha256="0", headers={}, received_at=now)
    rule = tables.Rule(achievement_id=achievement.id, source_id=source.id, document={}, created_at=now, changed_at=now)
    session.add_all([version, delivery, rule])
    session.flush()
    event = tables.LearningEvent(delivery_id=delivery.id, source_id=source.id, key="e", type="completed", document={}, created_at=now)
    award = tables.Award(
        issuer_id=issuer.id,
        achievement_id=achievement.id,
        achievement_version_id=version.id,
        learner_id=learner.id,
        scope="",
        state="issued",
        claims={},
        awarded_at=now,
        created_at=now,
        valid_from=now,
    )
    session.add_all([event, award])
    session.flush()
    decision = tables.Decision(
        learning_event_id=event.id, rule_id=rule.id, outcome="awarded", reason="passed", decided_at=now, award_id=award.id
    )
    credential = tables.Credential(
        uuid=uuid4(), award_id=award.id, issuer_id=issuer.id, signing_key_id=key.id, document=b"{}", sha256="0", created_at=now
    )
    session.add_all([decision, credential])
    session.commit()
    return session


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE achievement_version SET version = 2", "a row of achievement_version never changes: UPDATE refused"),
        ("DELETE FROM achievement_version", "a row of achievement_version never changes: DELETE refused"),
        ("UPDATE credential SET sha256 = '1'", "a row of credential never changes: UPDATE refused"),
        ("UPDATE decision SET reason = 'no reason'", "a row of decision never changes: UPDATE refused"),
    ],
)
def test_what_never_changes_is_kept_by_the_database(filled: Session, statement: str, message: str) -> None:
    with pytest.raises(IntegrityError, match=message):
        filled.execute(text(statement))


def test_what_may_be_erased_can_be(filled: Session) -> None:
    filled.execute(text("DELETE FROM credential"))
    filled.execute(text("DELETE FROM decision"))
    assert filled.scalars(text("SELECT count(*) FROM credential")).one() == 0


def test_what_may_change_can(filled: Session) -> None:
    filled.execute(text("UPDATE award SET state = 'on_hold'"))
    filled.execute(text("UPDATE achievement SET slug = 'b'"))
    assert filled.scalars(text("SELECT state FROM award")).all() == ["on_hold"]


def test_an_issuer_has_one_active_key(filled: Session, now: datetime) -> None:
    issuer_id = filled.scalars(text("SELECT id FROM issuer")).one()
    for state in ("retired", "retired"):
        name = uuid4().hex
        filled.add(tables.SigningKey(issuer_id=issuer_id, public_key_multibase=name, verification_method=name, state=state, created_at=now))
    filled.flush()
    filled.add(tables.SigningKey(issuer_id=issuer_id, public_key_multibase="z", verification_method="z", state="active", created_at=now))
    with pytest.raises(IntegrityError):
        filled.flush()
