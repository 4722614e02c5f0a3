"""Revoke many credentials: by batch, achievement, learner or query; first looked at, then done by workers, some hundred at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select

from badgeissuer import authoring, batching, problem, status
from badgeissuer.openbadges import identity
from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

REVOKE = "revoke_some"
TOGETHER = 500
"""Credentials that are revoked in one transaction."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which credentials: those to which all that is given applies.

    Attributes:
        batch: They came of this batch.
        achievement: They are for this achievement.
        learner: They are for the learner who has this e-mail address, DID or id.
        issuer: They are of this issuer.
        scope: Their awards have this scope.
        awarded_from: They were awarded at this moment or later.
        awarded_until: They were awarded before this moment.
    """

    batch: UUID | None = None
    achievement: str | None = None
    learner: str | None = None
    issuer: str | None = None
    scope: str | None = None
    awarded_from: datetime | None = None
    awarded_until: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what is given, for the record."""
        given = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in given.items() if value is not None
        }

    @classmethod
    def of_json(cls, given: Mapping[str, str]) -> Selection:
        """Return the selection that `to_json` wrote."""
        readers: dict[str, Callable[[str], Any]] = {
            "batch": UUID,
            "awarded_from": datetime.fromisoformat,
            "awarded_until": datetime.fromisoformat,
        }
        return cls(**{name: readers.get(name, str)(value) for name, value in given.items()})


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a selection comes to: the query of awards whose credentials are not revoked yet, and their one issuer or None."""

    query: Select[tables.Award]
    issuer_id: int | None


def choose(session: Session, selection: Selection, *, issuer_id: int | None) -> Chosen:
    """Return what a selection comes to, within one issuer where `issuer_id` is given.

    Raises:
        problem.Invalid: Nothing is selected.
        problem.NotFound: There is no such batch, achievement or issuer, or it belongs to another issuer.
    """
    if not selection.to_json():
        raise problem.Invalid("Say which credentials: by batch, achievement, learner, or a query.")
    table, owners = tables.Award, {issuer_id} - {None}
    query = _standing()
    if selection.batch:
        batch = batching.find(session, selection.batch)
        query, owners = query.where(table.batch_id == batch.id), owners | {batch.issuer_id}
    if selection.achievement:
        achievement = authoring.achievement(session, selection.achievement)
        query, owners = query.where(table.achievement_id == achievement.id), owners | {achievement.issuer_id}
    if selection.issuer:
        owners.add(authoring.issuer(session, selection.issuer).id)
    if selection.learner:
        known = tables.LearnerIdentity
        values = {selection.learner, identity.normal_email(selection.learner)}
        query = query.where(table.learner_id.in_(select(known.learner_id).where(known.value.in_(values))))
    if selection.scope:
        query = query.where(table.scope == selection.scope)
    if selection.awarded_from:
        query = query.where(table.awarded_at >= selection.awarded_from)
    if selection.awarded_until:
        query = query.where(table.awarded_at < selection.awarded_until)
    if len(owners) > 1:
        raise problem.NotFound(problem.NOTHING)
    return Chosen(query.where(table.issuer_id.in_(owners)) if owners else query, next(iter(owners), None))


def _standing() -> Select[tables.Award]:
    """Return the query of issued awards whose credential is not revoked."""
    place = tables.StatusEntry
    is_its = (place.credential_uuid == tables.Award.credential_uuid) & (place.purpose == status.PURPOSE)
    return select(tables.Award).join(place, is_its).where(tables.Award.state == "issued", ~place.is_set)


def preview(session: Session, chosen: Chosen, *, sample: int) -> tuple[int, Sequence[tables.Award]]:
    """Return how many credentials would be revoked, and the awards of the first of them."""
    some = session.scalars(chosen.query.order_by(tables.Award.id).limit(sample)).all()
    return _count(session, chosen), some


def _count(session: Session, chosen: Chosen) -> int:
    return session.scalar(select(func.count()).select_from(chosen.query.with_only_columns(tables.Award.id).subquery())) or 0


def begin(session: Session, selection: Selection, *, issuer_id: int | None, reason: str, actor: str, now: datetime) -> tables.Revocation:
    """Store that what is selected now is to be revoked, and queue it; what is issued later is not touched.

    Raises:
        problem.Invalid: Nothing is selected.
        problem.NotFound: See `choose`.
    """
    chosen = choose(session, selection, issuer_id=issuer_id)
    row = tables.Revocation(
        issuer_id=chosen.issuer_id,
        selection=selection.to_json(),
        reason=reason,
        created_by=actor,
        created_at=now,
        total=_count(session, chosen),
        up_to=session.scalar(select(func.max(tables.Award.id))) or 0,
    )
    session.add(row)
    session.flush()
    jobs.enqueue(session, REVOKE, {"revocation": row.id}, now=now)
    return row


def find(session: Session, uuid: UUID) -> tables.Revocation:
    """Return a revocation by its public id, or raise `problem.NotFound`."""
    row = session.scalar(select(tables.Revocation).where(tables.Revocation.uuid == uuid))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def work(session: Session, revocation_id: int, *, now: datetime) -> None:
    """Revoke the next credentials and queue what comes after; their lists are signed now and then meanwhile, and at the end."""
    row = session.get_one(tables.Revocation, revocation_id, with_for_update=True, populate_existing=True)
    if row.state != "running":
        return
    table = tables.Award
    query = choose(session, Selection.of_json(row.selection), issuer_id=row.issuer_id).query.with_only_columns(
        table.id, table.credential_uuid
    )
    some = session.execute(query.where(table.id > row.after, table.id <= row.up_to).order_by(table.id).limit(TOGETHER)).all()
    row.done += status.revoke_all(session, [uuid for _, uuid in some], reason=row.reason, actor=row.created_by, now=now)
    if len(some) == TOGETHER:
        row.after = some[-1][0]
        jobs.enqueue(session, REVOKE, {"revocation": row.id}, now=now)
        return
    row.state = "done"


def give_up(session: Session, revocation_id: int, reason: str) -> None:
    """Note that the rest will not be revoked, and why."""
    row = session.get(tables.Revocation, revocation_id, with_for_update=True, populate_existing=True)
    if row is not None and row.state == "running":
        row.state, row.fault = "failed", reason
