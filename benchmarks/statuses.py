"""`status_update` and `status_build`: a status list of 1,048,576 places, of which one in a hundred is set, is changed and signed."""

from __future__ import annotations

import random
import statistics
import time
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from sqlalchemy import insert, select

from badgeissuer import status
from badgeissuer.settings import clock
from badgeissuer.store import engine, tables
from badgeissuer.vc import document, statuslist
from benchmarks import measuring, service
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LENGTH = 1_048_576
SET = LENGTH // 100
_UPDATES = 20
"""Revocations of one timing."""
_MILLISECONDS = 1000

Item = TypeVar("Item")


def status_update(scale: measuring.Scale) -> Figures:
    """Return the ms of CPU from one revocation to the signed list, both stored; SQLite runs in this process, so that its work is in it."""
    number = _UPDATES * (scale.rounds + 1)
    with service.sqlite() as made:
        list_id, spare = _list(made, spare=number)
        keyring = made.settings.keyring()

        def revoke(badge: UUID) -> None:
            with engine.writing(made.database) as session:
                status.revoke(session, badge, reason="Benchmark", actor="benchmark", now=clock())
                status.publish(session, list_id, keyring=keyring, site=made.settings.site, now=clock())

        batches = [spare[begin : begin + _UPDATES] for begin in range(0, number, _UPDATES)]
        taken = [_cpu(revoke, some) for some in batches]
        _require(made, list_id, number + SET)
    return {"status_update": Figure(statistics.median(taken[1:]) * _MILLISECONDS, "ms of CPU", "lower")}


def status_build(scale: measuring.Scale) -> Figures:
    """Return the ms of CPU from the rows of a list that was never signed to the signed list, stored."""
    with service.sqlite() as made:
        keyring = made.settings.keyring()

        def publish(list_id: int) -> None:
            with engine.writing(made.database) as session:
                status.publish(session, list_id, keyring=keyring, site=made.settings.site, now=clock())

        lists = [_list(made, spare=0)[0] for _ in range(scale.rounds + 1)]
        taken = [_cpu(publish, [list_id]) for list_id in lists]
        _require(made, lists[-1], SET)
    return {"status_build": Figure(statistics.median(taken[1:]) * _MILLISECONDS, "ms of CPU", "lower")}


def _cpu(work: Callable[[Item], None], items: Sequence[Item]) -> float:
    """Return the seconds of CPU of this process for each item."""
    began = time.process_time()
    for item in items:
        work(item)
    return (time.process_time() - began) / len(items)


def _list(made: service.Service, *, spare: int) -> tuple[int, list[UUID]]:
    """Store a list with `SET` badges that are revoked and some that are not; return its id, and those."""
    draw = random.Random(20261123)  # noqa: S311 - the same places in each run
    positions = draw.sample(range(LENGTH), SET + spare)
    with engine.writing(made.database) as session:
        issuer = session.scalars(select(tables.Issuer)).one()
        row = tables.StatusList(issuer_id=issuer.id, purpose=status.PURPOSE, length=LENGTH, created_at=clock(), state="full", changes=SET)
        session.add(row)
        session.flush()
        shared = {"status_list_id": row.id, "purpose": status.PURPOSE}
        badges = [UUID(bytes=draw.randbytes(16), version=4) for _ in positions]
        badges = [UUID(int=badge.int ^ row.id, version=4) for badge in badges]  # others in each list
        entries = [
            shared | {"position": position, "credential_uuid": badge, "is_set": number < SET}
            for number, (position, badge) in enumerate(zip(positions, badges, strict=True))
        ]
        session.execute(insert(tables.StatusEntry), entries)
        return row.id, badges[SET:]


def _require(made: service.Service, list_id: int, number: int) -> None:
    """Raise unless the signed list says of so many badges that they are revoked."""
    with engine.reading(made.database) as session:
        published = session.get_one(tables.StatusList, list_id).published or b"{}"
    subject = document.parse(published, max_bytes=len(published)).get("credentialSubject", {})
    bits = statuslist.unpack(subject.get("encodedList"))
    if sum(byte.bit_count() for byte in bits) != number or len(bits) * 8 != LENGTH:
        raise measuring.Failed(f"The status list does not say of {number} badges that they are revoked.")
