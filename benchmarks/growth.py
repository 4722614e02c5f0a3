"""`growth`: what a badge costs on PostgreSQL where few or many badges are stored already.

For each size there is a database of its own, all on one server, and they take turns. Most badges in them are copies of one real badge with
ids, learner and place of their own: as many rows, as long, under the same indexes, made in a tenth of the time. What is measured is real.

    python -m benchmarks.growth [--sizes 1000 10000 100000 1000000]       other sizes; a million takes some 10 GB of disk and half an hour
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, text

from badgeissuer import authoring, issuing, recognising, status
from badgeissuer.awarding import event
from badgeissuer.settings import clock
from badgeissuer.store import bulk, engine, tables
from badgeissuer.vc import statuslist
from benchmarks import http, measuring, processes, results, sample, service
from benchmarks.results import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from badgeissuer import signing
    from badgeissuer.store import base

SIZES = (1_000, 10_000, 100_000)
QUICK_SIZES = (100, 400)
_TOGETHER = 2_000
_EACH = 20
"""Badges of one timing."""
_USED = statuslist.MIN_LENGTH * 4 // 5
_MICROSECONDS = 1_000_000


@dataclass(slots=True)
class Place:
    """A service with so many badges in it."""

    made: service.Service
    size: int
    keyring: signing.Keyring
    learners: sample.Learners
    draw: random.Random
    fresh: list[UUID] = field(default_factory=list)

    def timed(self, work: Callable[[Place], None]) -> float:
        """Return the seconds of CPU for each badge, of this process and of PostgreSQL's at the other end of its one connection."""
        with engine.reading(self.made.database) as session:
            other: int = session.scalars(text("SELECT pg_backend_pid()")).one()
        began, there = time.process_time(), processes.exact_cpu(other)
        work(self)
        return (time.process_time() - began + processes.exact_cpu(other) - there) / _EACH


def growth(scale: measuring.Scale) -> results.Figures:
    """Return the µs of CPU of each operation at each size, of this process and of PostgreSQL, and how many times it grew."""
    return measured(SIZES if scale is measuring.FULL else QUICK_SIZES, scale.rounds)


def measured(sizes: Sequence[int], rounds: int) -> results.Figures:
    """Return the figures of some sizes, smallest first."""
    taken: dict[tuple[str, int], list[float]] = {}
    with service.several(len(sizes)) as services:
        places = [_place(made, size) for made, size in zip(services, sizes, strict=True)]
        for turn in range(rounds + 1):
            for (name, work), place in itertools.product(OPERATIONS.items(), places):
                seconds = place.timed(work)
                if turn:  # the first warms up
                    taken.setdefault((name, place.size), []).append(seconds)
    medians = {key: statistics.median(times) * _MICROSECONDS for key, times in taken.items()}
    grown = {name: medians[name, sizes[-1]] / medians[name, sizes[0]] for name in OPERATIONS}
    return {
        "growth": Figure(max(grown.values()), "times", "lower"),
        **{f"growth_{name}": Figure(ratio, "times", "lower") for name, ratio in grown.items()},
        **{f"growth_{name}_{size}": Figure(value, "µs of CPU", "lower") for (name, size), value in medians.items()},
    }


def _issue(place: Place) -> None:
    """Award, sign, verify and store badges, each in a transaction of its own."""
    place.fresh += [_issued(place, learner) for learner in place.learners.take(_EACH)]


def _look_up(place: Place) -> None:
    """Read badges that are anywhere in the store by their public ids."""
    with engine.reading(place.made.database) as session:
        query = select(tables.Credential.uuid).where(tables.Credential.id.in_(place.draw.sample(range(1, place.size), _EACH)))
        chosen = session.scalars(query).all()
    for uuid in chosen:
        with engine.reading(place.made.database) as session:
            issuing.issued(session, uuid)


def _verify(place: Place) -> None:
    """Verify badges by their URL, with what the store holds."""
    for uuid in place.fresh[-_EACH:]:
        http.require_valid(place.made, place.made.settings.site.credential(uuid))


def _revoke(place: Place) -> None:
    """Revoke badges, each in a transaction of its own; the list is signed later."""
    for uuid in [place.fresh.pop(0) for _ in range(_EACH)]:
        with engine.writing(place.made.database) as session:
            status.revoke(session, uuid, reason="Benchmark", actor="benchmark", now=clock())


OPERATIONS: dict[str, Callable[[Place], None]] = {"issue": _issue, "look_up": _look_up, "verify": _verify, "revoke": _revoke}


def _issued(place: Place, item: sample.Learner) -> UUID:
    made, now = place.made, clock()
    with engine.writing(made.database) as session:
        achievement = authoring.achievement(session, service.SLUG)
        claim = event.LearnerClaim(None, None, item.email, item.name, item.did)
        learner = recognising.recognise(session, claim, issuer_id=achievement.issuer_id, authority="", now=now)
        decision = issuing.Decision(
            awarded_at=item.awarded,
            results=sample.results(item),
            evidence=sample.evidence(item),
            credits_earned=sample.BADGE["credentialSubject"]["creditsEarned"],
            valid_until=item.valid_until,
        )
        row, _ = issuing.award(session, achievement, learner=learner, decision=decision, randomness=issuing.SYSTEM, now=now)
        issuing.issue(session, row.id, keyring=place.keyring, site=made.settings.site, now=now)
        return issuing.issued(session, row.credential_uuid).uuid


def _place(made: service.Service, size: int) -> Place:
    """Fill a service with copies of a real badge, and some real ones to be revoked first."""
    place = Place(made, size, made.settings.keyring(), sample.Learners(clock()), random.Random(20261124))  # noqa: S311 - the same each time
    (first,) = (_issued(place, learner) for learner in place.learners.take(1))
    for begin in range(0, size, _TOGETHER):
        with engine.writing(made.database) as session:
            _copy(session, first, begin, min(_TOGETHER, size - begin))
    with made.database.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("RESET statement_timeout"))
    place.fresh += [_issued(place, learner) for learner in place.learners.take(_EACH)]
    with engine.reading(made.database) as session:
        if (session.scalar(select(func.count()).select_from(tables.Credential)) or 0) < size:
            raise measuring.Failed("There are too few badges.")
    return place


def _copy(session: Session, first: UUID, begin: int, number: int) -> None:
    """Store copies of a badge: its learner, their identities, the award, the credential and its place."""
    badge = session.scalars(select(tables.Credential).where(tables.Credential.uuid == first)).one()
    award = session.get_one(tables.Award, badge.award_id)
    learner = session.get_one(tables.Learner, award.learner_id)
    names = session.scalars(select(tables.LearnerIdentity).where(tables.LearnerIdentity.learner_id == learner.id)).all()
    learners, awards = (bulk.new_ids(session, table, number) for table in (tables.Learner, tables.Award))
    uuids = [uuid4() for _ in range(number)]
    _add(session, learner, [{"id": learner_id} for learner_id in learners])
    for name in names:
        _add(
            session,
            name,
            [{"id": None, "learner_id": owner, "value": f"{begin + place}-{name.value}"} for place, owner in enumerate(learners)],
        )
    _add(
        session,
        award,
        [
            {"id": award_id, "learner_id": owner, "uuid": uuid4(), "credential_uuid": uuid}
            for award_id, owner, uuid in zip(awards, learners, uuids, strict=True)
        ],
    )
    _add(session, badge, [{"id": None, "uuid": uuid, "award_id": award_id} for award_id, uuid in zip(awards, uuids, strict=True)])
    _, entry = status.entry(session, first)
    lists = {count // _USED: _list(session, entry, count // _USED) for count in (begin, begin + number - 1)}
    places = [divmod(begin + count, _USED) for count in range(number)]
    _add(
        session,
        entry,
        [
            {"id": None, "status_list_id": lists[which], "position": position, "credential_uuid": uuid}
            for (which, position), uuid in zip(places, uuids, strict=True)
        ],
    )


def _list(session: Session, entry: tables.StatusEntry, number: int) -> int:
    """Return the id of the closed list with this number, a copy of the one that a place is in."""
    closed = session.scalars(select(tables.StatusList.id).where(tables.StatusList.state == "full").order_by(tables.StatusList.id)).all()
    if number < len(closed):
        return closed[number]
    _add(session, session.get_one(tables.StatusList, entry.status_list_id), [{"id": None, "uuid": uuid4(), "state": "full"}])
    return _list(session, entry, number)


def _add(session: Session, row: base.Base, changes: Sequence[dict[str, Any]]) -> None:
    """Store copies of a row, each with other values in some columns; an id that is None is given by the database."""
    columns = [column.name for column in row.__table__.columns if not (column.name == "id" and changes[0].get("id", 0) is None)]
    own = {name: getattr(row, name) for name in columns}
    bulk.add(session, type(row), columns, [tuple((own | change)[name] for name in columns) for change in changes])


def main() -> None:
    """Measure other sizes, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description="What a badge costs where many are stored already.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=measuring.FULL.rounds)
    arguments = parser.parse_args()
    figures = measured(sorted(arguments.sizes), arguments.rounds)
    for name, figure in figures.items():
        print(results.line(name, figure))
    print(json.dumps({name: figure.to_json() for name, figure in figures.items()}))


if __name__ == "__main__":
    main()
