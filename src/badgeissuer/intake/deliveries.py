"""Deliveries: whether they are taken, how they are kept, and what becomes of those that failed."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select

from badgeissuer import connecting, echoing, problem
from badgeissuer.awarding import adapter, event, incoming, redaction, signature
from badgeissuer.store import engine, jobs, tables
from badgeissuer.vc import document, instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

PROCESS = "process_delivery"
_KEY = re.compile(r"[\w.~-]{1,200}", re.ASCII)
LRS = frozenset({"xapi", "cmi5"})
"""The adapters whose senders take us for a Learning Record Store."""
_UNKNOWN = "There is no source here, or the delivery is not signed as the source signs. Check the address and the secret or key."
MAX_REJECTED = 200
"""Rejected deliveries of one source that are kept, the newest ones."""
MAX_SHOWN = 4096
"""Bytes of a rejected body that are kept."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A delivery that was found to be good and is not stored yet.

    Attributes:
        source_id: The source that it is from.
        success_status: The HTTP status that the sender takes for success.
        verified: What the signature proved.
        headers: Those that are kept.
        events: What it says happened.
        is_lrs: Whether its sender takes us for a Learning Record Store.
    """

    source_id: int
    success_status: int
    verified: signature.Verified
    headers: dict[str, str]
    events: tuple[event.LearningEvent, ...]
    is_lrs: bool = False


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


@dataclass(frozen=True, slots=True)
class Rejected:
    """A delivery that was not taken, as it came.

    Attributes:
        headers: Its headers, names in lower case.
        body: Its raw body.
    """

    headers: Mapping[str, str]
    body: bytes


def senders(session: Session, hook_keys: Sequence[str]) -> list[tables.Source | None]:
    """Return the source that delivers to each address; None where none does."""
    possible = [name for name in hook_keys if _KEY.fullmatch(name)]  # no database is asked for what cannot be one
    found = {row.hook_key: row for row in session.scalars(_SENDERS, {"keys": possible})} if possible else {}
    return [found.get(name) for name in hook_keys]


_SENDERS = select(tables.Source).where(
    tables.Source.hook_key.in_(bindparam("keys", expanding=True)), tables.Source.state == "active", tables.Source.adapter != echoing.ADAPTER
)


def judge(
    found: tables.Source | None, *, headers: Mapping[str, str], body: bytes, now: datetime, statement_id: str | None = None
) -> Examined:
    """Return a delivery that is signed as its source signs, and readable; `require_same` looks at what came before.

    Args:
        found: The source that delivers to the address that it was sent to.
        headers: Its headers, names in lower case.
        body: Its raw body.
        now: The moment.
        statement_id: The id that the address gives to the one xAPI statement in the body.

    Raises:
        problem.Unauthenticated: There is no such source, or the signature does not hold; which of both is not said.
        signature.UnknownKey: The signature names a key that is not known; it may be among those at `connecting.keys_url`.
        problem.Malformed: The signature holds, but the body is none that the source's adapter can read.
    """
    if found is None:
        raise problem.Unauthenticated(_UNKNOWN)
    try:
        verified = signature.verify(connecting.signature_of(found), headers, body=body, now=now)
    except signature.UnknownKey:
        raise signature.UnknownKey(_UNKNOWN) from None
    except problem.Unauthenticated:
        raise problem.Unauthenticated(_UNKNOWN) from None
    given = incoming.read(verified.payload, headers)
    if statement_id is not None:
        given, verified = _with_id(given, verified, statement_id)
    if found.adapter == "cloudevents" and "ce-id" in headers:  # two events in the binary mode may have the same data
        name = "\n".join(headers.get(header, "") for header in ("ce-source", "ce-id"))
        verified = signature.Verified(verified.payload, f"ce:{hashlib.sha256(name.encode()).hexdigest()}")
    events = adapter.read(found.adapter, given, connecting.reading_of(found))
    return Examined(found.id, found.success_status, verified, dict(given.headers), events, is_lrs=found.adapter in LRS)


def _with_id(given: incoming.Incoming, verified: signature.Verified, statement_id: str) -> tuple[incoming.Incoming, signature.Verified]:
    """Return a delivery of one xAPI statement with the id that its address gives it (XAPI "PUT Statements")."""
    statement = dict(given.object)
    said = statement.setdefault("id", statement_id)
    if not isinstance(said, str) or said.lower() != statement_id.lower():
        raise problem.Malformed("The statement has another id than the address gives it. Leave one of them out, or make them the same.")
    return incoming.Incoming(statement, given.headers), signature.Verified(document.write(statement), verified.key)


def require_same(session: Session, examined: Examined) -> None:
    """Refuse statements that say something else than one that came under the same id (XAPI "POST Statements": 409).

    Raises:
        problem.Conflict: One does.
        problem.Malformed: Two in the delivery have the same id.
    """
    if not examined.is_lrs:
        return
    table, said = tables.LearningEvent, {happened.key: _saying(happened.to_json()) for happened in examined.events}
    if len(said) < len(examined.events):
        raise problem.Malformed("Two statements in the body have the same id, or are the same. Send each once.")
    known = select(table.key, table.document).where(table.source_id == examined.source_id, table.key.in_(list(said)))
    for key, kept in session.execute(known):
        if _saying(kept) != said[key]:
            raise problem.Conflict(f"Another statement came before under the id {key[:80]!r}; it was kept, this one was not.")


def _saying(happened: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an event says; where it stood in its delivery is no part of that."""
    return {name: value for name, value in happened.items() if name != "pointer"}


def is_source(session: Session, hook_key: str) -> bool:
    """Return whether a source delivers to that address, or did before it was disabled."""
    return session.scalar(select(tables.Source.id).where(tables.Source.hook_key == hook_key)) is not None


def takes_cloud_events(session: Session, hook_key: str) -> bool:
    """Return whether CloudEvents may be delivered to that address."""
    table = tables.Source
    query = select(table.id).where(table.hook_key == hook_key, table.state == "active", table.adapter == "cloudevents")
    return session.scalar(query) is not None


def statement_id(happened: event.LearningEvent) -> str:
    """Return the id under which an xAPI statement is kept: its own, or one made of its content where it has none."""
    try:
        return str(UUID(happened.key))
    except ValueError:
        return str(UUID(hex=hashlib.sha256(happened.key.encode()).hexdigest()[:32], version=5))


def keep(session: Session, examined: Examined, *, now: datetime) -> Receipt:
    """Store a delivery, with the job to process it, and return the receipt; the sender may be answered once this has committed.

    Raises:
        problem.Conflict: Another delivery came under the same id before.
    """
    return keep_all(session, [examined], now=now)[0] or repeat(session, examined, now=now)


def keep_all(session: Session, examined: Sequence[Examined], *, now: datetime) -> list[Receipt | None]:
    """Store those deliveries that are new, as `keep` stores one; None stands for one that came before, which is left to `repeat`."""
    came = [_delivery(one, now=now) for one in examined]
    first: dict[tuple[int, str], tables.Delivery] = {}
    for row in came:
        first.setdefault((row.source_id, row.key), row)
    in_order = [first[name] for name in sorted(first)]  # always in one order, so that nobody waits for who waits for them
    new = {(row.source_id, row.key): row for row in engine.add_all_new(session, in_order)}
    jobs.enqueue_all(session, PROCESS, [{"delivery": row.id} for row in sorted(new.values(), key=lambda row: row.id)], now=now)
    receipts: list[Receipt | None] = []
    for row, one in zip(came, examined, strict=True):
        stored = new.get((row.source_id, row.key)) if first[row.source_id, row.key] is row else None
        receipts.append(None if stored is None else Receipt(stored, is_new=True, success_status=one.success_status))
    return receipts


def _delivery(examined: Examined, *, now: datetime) -> tables.Delivery:
    """Return the row of a delivery, which is not stored by that."""
    digest = hashlib.sha256(examined.verified.payload).hexdigest()
    return tables.Delivery(
        source_id=examined.source_id,
        key=examined.verified.key or f"sha256:{digest}",
        payload=examined.verified.payload,
        payload_sha256=digest,
        headers=examined.headers,
        received_at=now,
    )


def repeat(session: Session, examined: Examined, *, now: datetime) -> Receipt:
    """Note that a delivery came again, and return the receipt of the first; it may have to wait for the worker that has that in hand.

    Raises:
        problem.Conflict: What came before under the same id was another delivery.
    """
    table, again = tables.Delivery, _delivery(examined, now=now)
    same = select(table).where(table.source_id == again.source_id, table.key == again.key)
    first = session.scalars(same.with_for_update()).one()
    if first.payload_sha256 != again.payload_sha256:
        raise problem.Conflict(f"Another delivery came before under the same id {again.key[:80]!r}; it was kept, this one was not.")
    first.repeats += 1
    return Receipt(first, is_new=False, success_status=examined.success_status)


def give_up(session: Session, delivery_id: int, reason: str) -> None:
    """Note that a delivery could not be processed, and why; `retry` puts it back."""
    row = session.get(tables.Delivery, delivery_id, with_for_update=True, populate_existing=True)
    if row is not None and row.state == "received":
        row.state, row.reason = "failed", reason


def retry(session: Session, delivery_id: int, *, now: datetime) -> tables.Delivery:
    """Put a delivery whose processing failed back into the queue.

    Raises:
        problem.NotFound: There is no such delivery.
        problem.Conflict: It did not fail, or what came in it was deleted.
    """
    row = _locked(session, delivery_id)
    if row.state != "failed":
        raise problem.Conflict(f"Only a delivery that failed can be tried again; this one is {row.state}.")
    require_whole(row)
    row.state, row.reason = "received", None
    jobs.enqueue(session, PROCESS, {"delivery": row.id}, now=now)
    return row


def replay(session: Session, delivery_id: int, *, now: datetime) -> tables.Delivery:
    """Queue a delivery to be processed again: its events are put before rules that have come since, and nothing is decided twice.

    Raises:
        problem.NotFound: There is no such delivery.
        problem.Conflict: What came in it was deleted.
    """
    row = _locked(session, delivery_id)
    require_whole(row)
    if row.state == "failed":
        row.state, row.reason = "received", None
    jobs.enqueue(session, PROCESS, {"delivery": row.id, "again": True}, now=now)
    return row


def require_whole(row: tables.Delivery) -> None:
    """Raise `problem.Conflict` where what came in a delivery is not kept any more."""
    if row.redacted_at is not None:
        raise problem.Conflict(
            f"What came in this delivery was deleted on {instant.say(row.redacted_at)}, as this service is set up to, so it cannot be read "
            "again. Its events and the decisions on them stay. Have the sender send it again, or award directly."
        )


def _locked(session: Session, delivery_id: int) -> tables.Delivery:
    """Return a delivery as it is now, locked until the transaction ends, or raise `problem.NotFound`."""
    row = session.get(tables.Delivery, delivery_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def note_rejected(session: Session, hook_key: str, fault: problem.Problem, *, status: int, delivery: Rejected, now: datetime) -> None:
    """Keep what can be told of a delivery that was not taken, so that whoever connects a sender sees what it did; of a source we know.

    Of headers that are not kept with deliveries only the names are, and of a body that may hold a secret only the digest.

    Args:
        session: A writing session.
        hook_key: The last part of the address that it was sent to.
        fault: Why it was not taken.
        status: The HTTP status that it was answered with.
        delivery: What came.
        now: The moment.
    """
    table = tables.Rejection
    found = session.scalar(select(tables.Source).where(tables.Source.hook_key == hook_key))
    if found is None or found.adapter == echoing.ADAPTER:
        return
    secrets = connecting.secrets_of(found)
    shown = incoming.kept(delivery.headers)
    shown = {name: value for name, value in shown.items() if not redaction.may_hold_secret(value.encode(), secrets)}
    is_secret = found.signature["scheme"] == "body_token" or redaction.may_hold_secret(delivery.body, secrets)
    row = table(
        source_id=found.id,
        received_at=now,
        status=status,
        reason=fault.detail,
        headers={name: shown.get(name, "…") for name in sorted(delivery.headers)},
        size=len(delivery.body),
        sha256=hashlib.sha256(delivery.body).hexdigest(),
        beginning=b"" if is_secret else delivery.body[:MAX_SHOWN],
    )
    session.add(row)
    newest = select(table.id).where(table.source_id == found.id).order_by(table.id.desc()).limit(MAX_REJECTED)
    session.flush()
    session.execute(delete(table).where(table.source_id == found.id, table.id.not_in(newest)))
