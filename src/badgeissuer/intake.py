"""From an LMS delivery to awards: store at once, decide later, and keep the reason of every decision.

receive   in the request: check the signature over the raw bytes, store, answer; nothing is issued here
process   in a worker: read the events, ask every rule, award
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import connecting, issuing, problem, recognising
from badgeissuer.awarding import adapter, event, rule, signature
from badgeissuer.store import engine, jobs, tables
from badgeissuer.vc import document, jsonld

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

PROCESS = "process_delivery"
_KEPT_HEADERS = frozenset({"content-type", "user-agent", "webhook-id", "webhook-timestamp"})
"""Headers that are stored with a delivery; signatures and credentials are not."""
_UNKNOWN = "There is no source here, or the delivery is not signed as the source signs. Check the address and the secret or key."
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Examined:
    """A delivery that was found to be good and is not stored yet.

    Attributes:
        source_id: The source that it is from.
        success_status: The HTTP status that the sender takes for success.
        verified: What the signature proved.
        headers: Those that are kept.
    """

    source_id: int
    success_status: int
    verified: signature.Verified
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery.

    Attributes:
        delivery: The stored row, the first one where it came before.
        is_new: Whether it came for the first time.
        success_status: The HTTP status that the sender takes for success.
    """

    delivery: tables.Delivery
    is_new: bool
    success_status: int


def examine(session: Session, hook_key: str, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Examined:
    """Return a delivery that may be kept: from a source that we know, signed as it signs, and readable.

    Args:
        session: A reading session: nothing that anybody sends takes the place of a writer before it is found to be good.
        hook_key: The last part of the address that it was sent to.
        headers: Its headers, names in lower case.
        body: Its raw body.
        now: The moment.

    Raises:
        problem.Unauthenticated: There is no such source, or the signature does not hold; which of both is not said.
        signature.UnknownKey: The signature names a key that is not known; it may be among those at `connecting.keys_url`.
        problem.Malformed: The signature holds, but the body is none that the source's adapter can read.
    """
    found = session.scalar(select(tables.Source).where(tables.Source.hook_key == hook_key, tables.Source.state == "active"))
    if found is None:
        raise problem.Unauthenticated(_UNKNOWN)
    try:
        verified = signature.verify(connecting.signature_of(found), headers, body=body, now=now)
    except signature.UnknownKey:
        raise signature.UnknownKey(_UNKNOWN) from None
    except problem.Unauthenticated:
        raise problem.Unauthenticated(_UNKNOWN) from None
    adapter.read(found.adapter, document.parse(verified.payload))
    kept = {name: value for name, value in headers.items() if name in _KEPT_HEADERS}
    return Examined(found.id, found.success_status, verified, kept)


def keep(session: Session, examined: Examined, *, now: datetime) -> Receipt:
    """Store a delivery, with the job to process it, and return the receipt; the sender may be answered once this has committed.

    Raises:
        problem.Conflict: Another delivery came under the same id before.
    """
    digest = hashlib.sha256(examined.verified.payload).hexdigest()
    key = examined.verified.key or f"sha256:{digest}"
    new = tables.Delivery(
        source_id=examined.source_id,
        key=key,
        payload=examined.verified.payload,
        payload_sha256=digest,
        headers=examined.headers,
        received_at=now,
    )
    row = engine.add_if_new(session, new)
    if row is not None:
        jobs.enqueue(session, PROCESS, {"delivery": row.id}, now=now)
        return Receipt(row, is_new=True, success_status=examined.success_status)
    table = tables.Delivery
    first = session.scalars(select(table).where(table.source_id == examined.source_id, table.key == key).with_for_update()).one()
    if first.payload_sha256 != digest:
        raise problem.Conflict(f"Another delivery came before under the same id {key[:80]!r}; it was kept, this one was not.")
    first.repeats += 1
    return Receipt(first, is_new=False, success_status=examined.success_status)


def process(session: Session, delivery_id: int, *, randomness: issuing.Randomness, now: datetime) -> None:
    """Read the events of a delivery, put them before the rules of its source, and store every decision with its reason.

    All of it happens in the caller's transaction, so that a delivery is processed whole or not at all. An event that came in another
    delivery before is not decided on again.
    """
    row = session.get_one(tables.Delivery, delivery_id, with_for_update=True)
    if row.state == "processed":
        return
    found = session.get_one(tables.Source, row.source_id)
    for happened in adapter.read(found.adapter, document.parse(row.payload)):
        stored = engine.add_if_new(session, _event_row(happened, row, now=now))
        if stored is not None:
            _decide(session, found, happened, stored, randomness=randomness, now=now)
    row.state, row.reason = "processed", None


def _event_row(happened: event.LearningEvent, delivery: tables.Delivery, *, now: datetime) -> tables.LearningEvent:
    return tables.LearningEvent(
        delivery_id=delivery.id,
        source_id=delivery.source_id,
        key=happened.key,
        type=happened.type,
        document=happened.to_json(),
        created_at=now,
        course=happened.course,
        occurred_at=happened.occurred_at,
    )


def _decide(
    session: Session,
    found: tables.Source,
    happened: event.LearningEvent,
    stored: tables.LearningEvent,
    *,
    randomness: issuing.Randomness,
    now: datetime,
) -> None:
    active = select(tables.Rule).where(tables.Rule.source_id == found.id, tables.Rule.state == "active")
    for row in session.scalars(active.order_by(tables.Rule.id)):
        verdict = rule.evaluate(rule.parse(row.when), happened)
        decision = tables.Decision(
            learning_event_id=stored.id, rule_id=row.id, outcome="not_awarded", reason=verdict.reason, decided_at=now
        )
        if isinstance(verdict, rule.Awarded):
            awarded, is_new = _award(session, found, happened, row=row, stored=stored, randomness=randomness, now=now)
            waiting = awarded.state == "needs_identity"
            decision.outcome = "already_awarded" if not is_new else "needs_identity" if waiting else "awarded"
            decision.award_id = awarded.id
        session.add(decision)
    session.flush()


def _award(
    session: Session,
    found: tables.Source,
    happened: event.LearningEvent,
    *,
    row: tables.Rule,
    stored: tables.LearningEvent,
    randomness: issuing.Randomness,
    now: datetime,
) -> tuple[tables.Award, bool]:
    achievement = session.get_one(tables.Achievement, row.achievement_id)
    learner = recognising.recognise(session, happened.learner, issuer_id=found.issuer_id, authority=found.slug, now=now)
    decision = issuing.Decision(
        awarded_at=min(happened.occurred_at or now, now),  # a sender's clock may run ahead of ours; nothing is earned in the future
        email=happened.learner.email,
        did=happened.learner.did,
        evidence=_evidence(happened.evidence),
        credits_earned=happened.credits,
        source_id=found.id,
        rule_id=row.id,
        learning_event_id=stored.id,
    )
    return issuing.award(session, achievement, learner=learner, decision=decision, randomness=randomness, now=now)


def _is_web_address(url: str) -> bool:
    return bool(_WEB_ADDRESS.match(url) and jsonld.ABSOLUTE_IRI.fullmatch(url))


def _evidence(items: Sequence[event.EvidenceClaim]) -> list[document.JsonObject]:
    """Return the evidence that can stand in a badge: what has a web address, each once, named without control characters."""
    found: dict[str, document.JsonObject] = {}
    for item in items:
        if item.url and _is_web_address(item.url):
            name = _CONTROL.sub(" ", item.name or "").strip()
            found.setdefault(item.url, {"id": item.url, "type": ["Evidence"]} | ({"name": name} if name else {}))
    return list(found.values())


def give_up(session: Session, delivery_id: int, reason: str) -> None:
    """Note that a delivery could not be processed, and why; `retry` puts it back."""
    row = session.get(tables.Delivery, delivery_id, with_for_update=True, populate_existing=True)
    if row is not None and row.state == "received":
        row.state, row.reason = "failed", reason


def retry(session: Session, delivery_id: int, *, now: datetime) -> tables.Delivery:
    """Put a delivery whose processing failed back into the queue.

    Raises:
        problem.NotFound: There is no such delivery.
        problem.Conflict: It did not fail.
    """
    row = session.get(tables.Delivery, delivery_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    if row.state != "failed":
        raise problem.Conflict(f"Only a delivery that failed can be tried again; this one is {row.state}.")
    row.state, row.reason = "received", None
    jobs.enqueue(session, PROCESS, {"delivery": row.id}, now=now)
    return row
