from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import recognising
from badgeissuer.awarding.event import LearnerClaim
from badgeissuer.store import engine as engines
from badgeissuer.store import tables

if TYPE_CHECKING:
    from datetime import datetime

    import pytest
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

THREADS = 8
DID = "did:key:z6MkAsha"


def claim(source_id: str | None = None, **more: str) -> LearnerClaim:
    return LearnerClaim(source_id, more.get("sis_id"), more.get("email"), more.get("name"), more.get("did"))


def recognise(session: Session, said: LearnerClaim, *, now: datetime, source: str = "canvas", issuer: str = "history") -> tables.Learner:
    engines.add_if_new(session, tables.Issuer(slug=issuer, name=issuer, did_method="key", created_at=now))
    issuer_id = session.scalars(select(tables.Issuer.id).where(tables.Issuer.slug == issuer)).one()
    return recognising.recognise(session, said, issuer_id=issuer_id, authority=source, now=now)


def identities(session: Session, learner: tables.Learner) -> set[tuple[str, str, str]]:
    table = tables.LearnerIdentity
    return {(row.kind, row.authority, row.value) for row in session.scalars(select(table).where(table.learner_id == learner.id))}


def test_identities_come_surest_first_and_say_where_they_count() -> None:
    said = claim("7", sis_id="S7", email=" Asha@Example.ORG ", did=DID, name="Asha")
    assert recognising.identities(said, authority="canvas") == (
        recognising.Identity("source_id", "canvas", "7"),
        recognising.Identity("sis_id", "", "S7"),
        recognising.Identity("did", "", DID),
        recognising.Identity("email", "", "asha@example.org"),
    )
    assert recognising.identities(claim(name="Asha"), authority="canvas") == ()


def test_a_learner_is_known_again_by_each_identity(session: Session, now: datetime) -> None:
    learner = recognise(session, claim("7", sis_id="S7", email="asha@example.org", did=DID, name="Asha Rao"), now=now)
    assert learner.name == "Asha Rao"
    for said in (claim("7"), claim(sis_id="S7"), claim(email="ASHA@example.org"), claim(did=DID)):
        assert recognise(session, said, now=now).id == learner.id
    assert len(session.scalars(select(tables.Learner)).all()) == 1


def test_a_name_identifies_nobody(session: Session, now: datetime) -> None:
    first = recognise(session, claim("7", name="Asha Rao"), now=now)
    assert recognise(session, claim("8", name="Asha Rao"), now=now).id != first.id
    assert recognise(session, claim(name="Asha Rao"), now=now).id != recognise(session, claim(name="Asha Rao"), now=now).id


def test_an_id_counts_only_where_it_was_given(session: Session, now: datetime) -> None:
    learner = recognise(session, claim("7", sis_id="S7"), now=now)
    assert recognise(session, claim("7"), now=now, source="moodle").id != learner.id
    assert recognise(session, claim(sis_id="S7"), now=now, issuer="chemistry").id != learner.id
    assert recognise(session, claim(sis_id="S7"), now=now, source="moodle").id == learner.id


def test_the_surest_identity_decides_and_nobody_loses_one(session: Session, now: datetime) -> None:
    asha = recognise(session, claim("7", email="asha@example.org"), now=now)
    lee = recognise(session, claim("8", email="lee@example.org"), now=now)
    assert recognise(session, claim("7", email="lee@example.org"), now=now).id == asha.id
    assert recognise(session, claim("9", email="lee@example.org"), now=now).id == lee.id
    assert identities(session, asha) == {("source_id", "canvas", "7"), ("email", "", "asha@example.org")}
    assert identities(session, lee) == {("source_id", "canvas", "8"), ("source_id", "canvas", "9"), ("email", "", "lee@example.org")}


def test_a_learner_gathers_identities_and_badges_go_to_the_oldest_address(session: Session, now: datetime) -> None:
    learner = recognise(session, claim("7"), now=now)
    assert recognising.address(session, learner) == (None, None)
    for said in (claim("7", email="first@example.org"), claim("7", email="second@example.org"), claim("7", did=DID)):
        assert recognise(session, said, now=now).id == learner.id
    assert recognising.address(session, learner) == ("first@example.org", DID)
    assert recognising.source_id(session, learner) == "7"
    assert recognising.source_id(session, recognise(session, claim(email="lee@example.org"), now=now)) is None


def test_what_one_issuer_is_told_of_a_person_never_reaches_another(session: Session, now: datetime) -> None:
    """Else a source of one issuer could put a DID of its own into the badges of all others."""
    ours = recognise(session, claim(email="asha@example.org"), now=now)
    theirs = recognise(session, claim(email="asha@example.org", did="did:key:z6MkAttacker"), now=now, issuer="chemistry")
    assert theirs.id != ours.id
    assert recognising.address(session, recognise(session, claim(email="asha@example.org"), now=now)) == ("asha@example.org", None)


def at_once(engine: Engine, said: list[LearnerClaim], *, now: datetime) -> None:
    start = threading.Barrier(len(said))

    def one(what: LearnerClaim) -> None:
        start.wait()
        with engines.writing(engine) as session:
            recognise(session, what, now=now)

    with ThreadPoolExecutor(len(said)) as pool:
        list(pool.map(one, said))


def test_a_learner_who_comes_many_times_at_once_is_one_learner(engine: Engine, now: datetime) -> None:
    at_once(engine, [claim("7", email="asha@example.org", name="Asha")] * THREADS, now=now)
    with engines.reading(engine) as session:
        (learner,) = session.scalars(select(tables.Learner)).all()
        assert identities(session, learner) == {("source_id", "canvas", "7"), ("email", "", "asha@example.org")}


def test_one_address_under_many_ids_at_once_is_one_learner(engine: Engine, now: datetime) -> None:
    at_once(engine, [claim(str(number), email="asha@example.org") for number in range(THREADS)], now=now)
    with engines.reading(engine) as session:
        (learner,) = session.scalars(select(tables.Learner)).all()
        assert len(identities(session, learner)) == THREADS + 1


def test_a_new_learner_gives_way_to_the_one_that_another_transaction_made(
    engine: Engine, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment between looking and writing, made as long as another transaction needs."""
    look, others = recognising._known, [claim("1", email="asha@example.org")]

    def look_late(session: Session, issuer_id: int, item: recognising.Identity) -> tables.Learner | None:
        seen = look(session, issuer_id, item)
        if item.kind == "email" and others:
            recognise(session, others.pop(), now=now)
        return seen

    monkeypatch.setattr(recognising, "_known", look_late)
    with engines.writing(engine) as session:
        learner = recognise(session, claim("2", email="asha@example.org", did=DID), now=now)
        assert identities(session, learner) == {
            ("source_id", "canvas", "1"),
            ("source_id", "canvas", "2"),
            ("did", "", DID),
            ("email", "", "asha@example.org"),
        }
        assert len(session.scalars(select(tables.Learner)).all()) == 1
