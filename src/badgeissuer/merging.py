"""Two learners made one, and one made two, with their history; always because somebody said so (ADR 21).

    merge   the names, events and awards of one go to the other. Where both hold an award of one achievement and scope, badges that were
            issued stay as they are, the younger award stands beside the older one under a scope of its own, and what waits is cancelled.
    split   chosen names go to a new learner, with the events that go by them and what these earned.

What was signed is never rewritten.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from badgeissuer import identifying, issuing, problem, recognising, standing, status
from badgeissuer.awarding import event
from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.orm import Session


MARK = "#merged-"
"""What parts the scope of an award that stands beside another since a merge from the number of the award."""
BESIDE = "The same was awarded twice, before two learners were found to be one person; the other award is "
_ISSUED = ("issued", "pending")
_ORDER = {"issued": 0, "pending": 0, "cancelled": 2}
_CHUNK = 500


def merge(session: Session, gone_id: int, *, into: int, by: identifying.By, randomness: issuing.Randomness) -> tables.IdentityChange:
    """Make two learners of one unit one; return the record of it.

    Args:
        session: A writing session.
        gone_id: The learner who goes.
        into: The learner who stays.
        by: Who says so.
        randomness: Where unpredictable values come from: what waited for an address may be issued now.

    Raises:
        problem.NotFound: There is no such learner.
        problem.Conflict: They belong to different units, or are the same.
    """
    unit = identifying.unit_of(session, into)
    if gone_id == into or identifying.unit_of(session, gone_id) != unit:
        raise problem.Conflict("Only two different learners of one issuing unit can be one person.")
    gone, kept = _locked(session, gone_id, into)
    moved = [identifying.as_json(item) for item in identifying.names(session, gone_id)]
    if not moved:
        raise problem.Conflict("This learner was merged before, and has nothing left.")
    details = {"names": moved} | _bring_together(session, gone_id, into)
    for table in (tables.LearnerIdentity, tables.LearningEvent, tables.Award):
        session.execute(update(table).where(table.learner_id == gone_id).values(learner_id=into))
    kept.name = kept.name or gone.name
    row = _record(session, "merged", unit, details=details, by=by, gone=gone_id, to=into)
    _answer(session, gone_id, into, by=by)
    jobs.enqueue(session, standing.REWEIGH, {"learner": into}, now=by.now)  # two halves of a stack may be a whole
    identifying.supply(session, into, randomness=randomness, now=by.now)
    return row


def follow(session: Session, stored: Sequence[tables.LearningEvent]) -> None:
    """Bring events, and what they earned, to who their learners became, where they were merged while it was being decided on."""
    change = tables.IdentityChange
    learners = {row.learner_id for row in stored if row.learner_id is not None}
    merged = select(change.from_learner_id, change.to_learner_id).where(change.from_learner_id.in_(learners), change.kind == "merged")
    changes = [(gone, into) for gone, into in session.execute(merged.order_by(change.id)) if gone is not None]
    became = {gone: into for gone, into in changes if not identifying.names(session, gone)}
    for gone, into in sorted(became.items()):
        _locked(session, gone, into)
        _bring_together(session, gone, into)
        for table in (tables.LearningEvent, tables.Award):
            session.execute(update(table).where(table.learner_id == gone).values(learner_id=into))
    if became:
        for row in stored:
            session.refresh(row)
        follow(session, stored)  # who they became may have become somebody else


def _locked(session: Session, one: int, other: int) -> tuple[tables.Learner, tables.Learner]:
    """Return two learners in the order given, locked always in the same order."""
    found = {
        number: session.get_one(tables.Learner, number, with_for_update=True, populate_existing=True) for number in sorted((one, other))
    }
    return found[one], found[other]


def _bring_together(session: Session, gone_id: int, into: int) -> dict[str, Any]:
    """Let the awards of two learners stand beside each other; return what was done to them."""
    table = tables.Award
    held: dict[tuple[int, str], list[tables.Award]] = defaultdict(list)
    for row in session.scalars(select(table).where(table.learner_id.in_((gone_id, into))).order_by(table.id).with_for_update()):
        held[row.achievement_id, row.scope].append(row)
    beside, cancelled = {}, {}
    for rows in held.values():
        first, *others = sorted(rows, key=lambda row: (_ORDER.get(row.state, 1), row.created_at, row.id))
        has_one = first.state not in {"cancelled", "failed"} and status.revocation(session, first.credential_uuid) is None
        for row in others:
            row.scope, beside[str(row.uuid)] = f"{row.scope}{MARK}{row.id}", str(first.uuid)
            if row.state not in {*_ISSUED, "cancelled"} and has_one:
                cancelled[str(row.uuid)], row.state = row.state, "cancelled"
            row.reason = f"{BESIDE}{first.uuid}."
    session.flush()
    return {"beside": beside, "cancelled": cancelled}


def _record(
    session: Session, kind: str, issuer_id: int, *, details: dict[str, Any], by: identifying.By, gone: int, to: int
) -> tables.IdentityChange:
    row = tables.IdentityChange(
        issuer_id=issuer_id,
        kind=kind,
        actor=by.actor,
        reason=by.reason,
        from_learner_id=gone,
        to_learner_id=to,
        created_at=by.now,
        details=details,
    )
    session.add(row)
    session.flush()
    return row


def _answer(session: Session, gone_id: int, into: int, *, by: identifying.By) -> None:
    """Close the questions that the merge answers, and ask the others about the learner who stays."""
    table = tables.IdentityQuestion
    about = (table.learner_id == gone_id) | (table.other_learner_id == gone_id)
    for row in session.scalars(select(table).where(about, table.state == "open")).all():
        identifying.close(row, "merged", by=by)
        other = ({row.learner_id, row.other_learner_id} - {gone_id}).pop()
        if other != into:
            unit, event_id = row.issuer_id, row.learning_event_id
            identifying.ask(session, into, other, issuer_id=unit, reason=row.reason, event_id=event_id, now=row.created_at)
    session.flush()


def answer(
    session: Session,
    row: tables.IdentityQuestion,
    *,
    are_one: bool,
    into: int | None = None,
    by: identifying.By,
    randomness: issuing.Randomness,
) -> None:
    """Answer whether two learners are one person, of whom `into` stays, else the older one.

    Raises:
        problem.Conflict: It was answered before, or `into` is neither of them.
    """
    if not are_one or row.state != "open":
        identifying.keep_apart(session, row, by=by)
        return
    pair, kept = {row.learner_id, row.other_learner_id}, into or row.learner_id
    if kept not in pair:
        raise problem.Conflict("The learner who stays must be one of the two.")
    merge(session, (pair - {kept}).pop(), into=kept, by=by, randomness=randomness)
    session.refresh(row)


def split(
    session: Session,
    learner_id: int,
    chosen: Collection[recognising.Identity],
    *,
    by: identifying.By,
    randomness: issuing.Randomness,
) -> tables.IdentityChange:
    """Give chosen names of a learner to a new one, with the events that go by them and what these earned; return the record of it.

    Args:
        session: A writing session.
        learner_id: The learner.
        chosen: The names.
        by: Who says so.
        randomness: Where unpredictable values come from: an award that was cancelled for another may be issued now.

    Raises:
        problem.NotFound: There is no such learner.
        problem.Conflict: A name is none of theirs, or none would be left.
    """
    unit = identifying.unit_of(session, learner_id)
    session.get_one(tables.Learner, learner_id, with_for_update=True)
    held = {recognising.Identity(row.kind, row.authority, row.value): row for row in identifying.names(session, learner_id)}
    if not chosen or not set(chosen) < held.keys():
        raise problem.Conflict("Choose some of the learner's names, and leave at least one.")
    new = tables.Learner(created_at=by.now)
    session.add(new)
    session.flush()
    events = _going(session, learner_id, chosen, held.keys())
    for item in chosen:
        held[item].learner_id = new.id
    _move(session, tables.LearningEvent, events, to=new.id)
    _move(session, tables.Award, _earned(session, learner_id, set(events), chosen), to=new.id)
    restored = [row for number in (learner_id, new.id) for row in _restore(session, number, merged_into=learner_id)]
    for row in restored:
        issuing.resume(session, row, randomness=randomness, now=by.now)
    given = [identifying.as_json(item) for item in sorted(chosen, key=lambda one: one.value)]
    details = {"names": given, "restored": [str(row.uuid) for row in restored]}
    return _record(session, "split", unit, details=details, by=by, gone=learner_id, to=new.id)


def _going(
    session: Session, learner_id: int, chosen: Collection[recognising.Identity], held: Collection[recognising.Identity]
) -> list[int]:
    """Return the events of a learner that go by a chosen name: it is the surest of theirs that the event gives."""
    table, source, found, after = tables.LearningEvent, tables.Source, [], 0
    query = select(table.id, table.document, source.slug).join(source, source.id == table.source_id).where(table.learner_id == learner_id)
    while rows := session.execute(query.where(table.id > after).order_by(table.id).limit(_CHUNK)).all():
        for number, document, slug in rows:
            said = recognising.identities(event.LearningEvent.from_json(document).learner, authority=slug)
            if next((item for item in said if item in held), None) in chosen:
                found.append(number)
        after = rows[-1].id
    return found


def _earned(session: Session, learner_id: int, events: set[int], chosen: Collection[recognising.Identity]) -> list[int]:
    """Return the awards that go too: those that such an event earned, and of those without an event the ones to a chosen address."""
    addresses, found = {item.value for item in chosen if item.kind in {"email", "did"}}, []
    for row in session.scalars(select(tables.Award).where(tables.Award.learner_id == learner_id).with_for_update()):
        goes = row.learning_event_id in events
        if row.learning_event_id is None:
            goes = bool(addresses & {row.claims["email"], row.claims["did"]})
        found += [row.id] if goes else []
    return found


def _move(session: Session, table: type[tables.LearningEvent | tables.Award], ids: Sequence[int], *, to: int) -> None:
    for start in range(0, len(ids), _CHUNK):
        session.execute(update(table).where(table.id.in_(ids[start : start + _CHUNK])).values(learner_id=to))


def _restore(session: Session, learner_id: int, *, merged_into: int) -> list[tables.Award]:
    """Give awards that stand beside none any more their scope back, and what was cancelled for that the state that it had."""
    table, change = tables.Award, tables.IdentityChange
    merges = session.scalars(select(change.details).where(change.to_learner_id == merged_into, change.kind == "merged"))
    was = {uuid: state for details in merges for uuid, state in details["cancelled"].items()}
    rows = session.scalars(select(table).where(table.learner_id == learner_id).order_by(table.id).execution_options(populate_existing=True))
    held = {(row.achievement_id, row.scope): row for row in rows}
    restored = []
    for (achievement_id, scope), row in list(held.items()):
        before, mark, _ = scope.partition(MARK)
        if mark and (achievement_id, before) not in held:
            held[achievement_id, before] = row
            row.scope, row.reason = before, None
            row.state = was.get(str(row.uuid), row.state) if row.state == "cancelled" else row.state
            restored.append(row)
    session.flush()
    return restored


def history(session: Session, learner_id: int) -> Sequence[tables.IdentityChange]:
    """Return what was said of who a learner is, oldest first."""
    table = tables.IdentityChange
    either = (table.to_learner_id == learner_id) | (table.from_learner_id == learner_id)
    return session.scalars(select(table).where(either).order_by(table.id)).all()
