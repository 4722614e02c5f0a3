from __future__ import annotations

from typing import TYPE_CHECKING

from badgeissuer.settings import Settings, clock, opened
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from tests.cli.conftest import Command


def stored(command: Command, text: str) -> None:
    """Store a learner with an event whose type is `text`."""
    assert command("migrate").code == 0
    with opened(Settings()) as database, engine.writing(database) as session:
        now = clock()
        issuer = tables.Issuer(slug="college", name="College", did_method="key", created_at=now)
        learner = tables.Learner(created_at=now)
        session.add_all([issuer, learner])
        session.flush()
        source = tables.Source(
            issuer_id=issuer.id, slug="lms", name="LMS", adapter="native", hook_key="k", signature={"scheme": "none"}, created_at=now
        )
        identity = tables.LearnerIdentity(
            learner_id=learner.id, issuer_id=issuer.id, kind="email", authority="", value="asha@example.org", created_at=now
        )
        session.add_all([source, identity])
        session.flush()
        delivery = tables.Delivery(
            source_id=source.id,
            key="k",
            payload=b'{"type":"x","data":{"learner":{"id":"1"}}}',
            payload_sha256="0",
            headers={},
            received_at=now,
        )
        session.add(delivery)
        session.flush()
        event = tables.LearningEvent(delivery_id=delivery.id, source_id=source.id, key="k", type=text, document={}, created_at=now)
        event.learner_id = learner.id
        session.add(event)


def test_explain_answers_in_a_sentence_and_shows_why(command: Command) -> None:
    stored(command, "done\x1b[2J")
    told = command("explain", "asha@example.org")
    assert told.code == 0
    first, second = told.out.splitlines()
    assert first == "Events about them have come, but no rule looked at them."
    assert second.endswith("lms  done\N{REPLACEMENT CHARACTER}[2J  (delivery 1)")
    assert "Nobody is known here" in command("explain", "nobody@example.org").refusal()
    assert "There is nothing here by that name" in command("explain", "asha@example.org", "--achievement", "none").refusal()


def test_replay_queues_a_delivery(command: Command) -> None:
    stored(command, "done")
    told = command("replay", "1")
    assert (told.code, told.err) == (0, "Delivery 1 is queued.\n")
    with opened(Settings()) as database, engine.reading(database) as session:
        assert session.query(tables.Job).one().payload == {"delivery": 1, "again": True}
    assert "There is nothing here by that name" in command("replay", "2").refusal()
