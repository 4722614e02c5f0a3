from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import IntegrityError

from badgeissuer import attending, authoring, problem, signing
from badgeissuer.store import tables
from badgeissuer.vc import document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.actions.conftest import Campus

THREADS = 6


def generate(campus: Campus, slug: str = "workshop", *, seed: bytes | None = None) -> tables.SigningKey:
    with campus.writing() as session:
        issuer = authoring.issuer(session, slug)
        return signing.generate(session, issuer, keyring=campus.keyring, site=campus.site, now=campus.now, seed=seed)


def rotate(campus: Campus) -> tables.SigningKey:
    with campus.writing() as session:
        issuer = authoring.issuer(session, "workshop")
        return signing.rotate(session, issuer, keyring=campus.keyring, site=campus.site, now=campus.now)


def retire(campus: Campus, key: tables.SigningKey, *, compromised: bool = False) -> tables.SigningKey:
    with campus.writing() as session:
        return signing.retire(session, key.public_key_multibase, now=campus.now, compromised=compromised)


def published(campus: Campus) -> document.JsonObject:
    with campus.reading() as session:
        return signing.controller_document(session, authoring.issuer(session, "workshop"))


def sign_due_lists(campus: Campus) -> None:
    """Do what a worker does every few seconds."""
    with campus.writing() as session:
        attending.report(session, "w", keyring=campus.keyring, now=campus.now)
    campus.work()


def bare(campus: Campus, slug: str = "bare", **values: str) -> None:
    with campus.writing() as session:
        authoring.create_issuer(session, {"slug": slug, "name": "Bare", **values}, site=campus.site, now=campus.now)


def test_a_first_key_gives_the_issuer_its_did_and_a_second_call_nothing(campus: Campus, tmp_path: Path) -> None:
    bare(campus)
    key = generate(campus)
    again = generate(campus)
    assert (again.id, campus.only(tables.SigningKey).id) == (key.id, key.id)
    assert campus.issuer().did == f"did:key:{key.public_key_multibase}"
    assert key.verification_method == f"did:key:{key.public_key_multibase}#{key.public_key_multibase}"
    assert [path.name for path in (tmp_path / "keys").iterdir()] == [f"{key.public_key_multibase}.key.json"]
    assert generate(campus, "bare").issuer_id != key.issuer_id


def test_a_did_web_is_the_address_of_the_issuer(secure_campus: Campus) -> None:
    key = secure_campus.only(tables.SigningKey)
    assert secure_campus.issuer().did == "did:web:badges.example.edu:i:workshop"
    assert published(secure_campus)["assertionMethod"] == [key.verification_method]


def test_a_given_seed_becomes_the_key_unless_everybody_knows_it(campus: Campus) -> None:
    bare(campus)
    assert generate(campus, "bare", seed=b"\x07" * 32).public_key_multibase.startswith("z6Mk")
    bare(campus, "other")
    published_seed = bytes.fromhex("c96ef9ea10c5e414c471723aff9de72c35fa5b70fae97e8832ecac7d2e2b8ed6")
    with pytest.raises(problem.Invalid, match="test key"):
        generate(campus, "other", seed=published_seed)
    with campus.reading() as session:
        assert authoring.issuer(session, "other").did is None


def test_an_issuer_without_a_key_has_nothing_to_show_and_nothing_to_sign_with(campus: Campus) -> None:
    bare(campus)
    with campus.reading() as session:
        issuer = authoring.issuer(session, "bare")
        with pytest.raises(problem.NotFound, match="no key yet"):
            signing.controller_document(session, issuer)
        with pytest.raises(problem.Conflict, match="no active signing key"):
            signing.signer(session, issuer, keyring=campus.keyring)


def test_the_states_of_the_keys_of_many_are_told_at_once(secure_campus: Campus) -> None:
    campus = secure_campus
    college = campus.new_issuer("college")
    with campus.writing() as session:
        values = {"slug": "keyless", "name": "Keyless"}
        keyless = authoring.create_issuer(session, values, site=campus.site, now=campus.now)
        signing.rotate(session, session.merge(college), keyring=campus.keyring, site=campus.site, now=campus.now)
    with campus.reading() as session:
        assert signing.states(session, [college, keyless]) == {college.id: {"active", "verify_only"}, keyless.id: set()}
        assert signing.states(session, []) == {}


def test_a_key_that_was_replaced_still_counts(secure_campus: Campus) -> None:
    before = secure_campus.issued()
    old = secure_campus.only(tables.SigningKey)
    new = rotate(secure_campus)
    with secure_campus.reading() as session:
        states = [key.state for key in signing.keys(session, secure_campus.issuer())]
    assert states == ["verify_only", "active"]
    shown = published(secure_campus)
    assert shown["assertionMethod"] == [old.verification_method, new.verification_method]
    after = secure_campus.issued("lee@example.org")
    assert (before.signing_key_id, after.signing_key_id) == (old.id, new.id)
    assert [secure_campus.verify(badge.document).outcome for badge in (before, after)] == ["VALID", "VALID"]
    retire(secure_campus, old)
    assert secure_campus.verify(before.document).outcome == "VALID"


def test_a_did_key_cannot_be_replaced(campus: Campus) -> None:
    with pytest.raises(problem.Conflict, match="did:key"):
        rotate(campus)
    assert campus.only(tables.SigningKey).state == "active"


def test_a_did_key_that_is_out_of_use_gets_no_other_key(campus: Campus) -> None:
    retire(campus, campus.only(tables.SigningKey), compromised=True)
    with pytest.raises(problem.Conflict, match="Make a new issuer"):
        generate(campus)
    assert len(campus.all(tables.SigningKey)) == 1


def test_the_active_key_is_not_retired_and_an_unknown_one_not_found(campus: Campus) -> None:
    key = campus.only(tables.SigningKey)
    with pytest.raises(problem.Conflict, match="Rotate first"):
        retire(campus, key)
    with pytest.raises(problem.NotFound), campus.writing() as session:
        signing.retire(session, "z6MkNobody", now=campus.now)


def test_badges_of_a_compromised_did_key_are_invalid(campus: Campus) -> None:
    badge = campus.issued()
    key = campus.only(tables.SigningKey)
    retire(campus, key, compromised=True)
    report = campus.verify(badge.document)
    assert (report.outcome, report.step("trust").outcome) == ("INVALID", "INVALID")
    assert "wrong hands" in report.summary
    with campus.reading() as session:
        assert signing.compromised(session) == {key.verification_method: campus.now}


def test_a_compromised_did_web_key_is_disowned_before_the_world_and_the_rest_goes_on(secure_campus: Campus) -> None:
    """The lists of the issuer were signed by the bad key, too: they must be signed anew, or no badge could be checked."""
    kept = secure_campus.issued()
    bad = rotate(secure_campus)
    stolen = secure_campus.issued("lee@example.org")
    secure_campus.revoke(stolen.uuid)
    secure_campus.work()
    new = rotate(secure_campus)
    retire(secure_campus, bad, compromised=True)
    assert secure_campus.verify(kept.document).outcome == "INDETERMINATE"
    sign_due_lists(secure_campus)
    shown = published(secure_campus)
    assert bad.verification_method not in shown["assertionMethod"]
    assert [method.get("revoked") for method in shown["verificationMethod"]] == [None, "2026-05-20T14:05:00Z", None]
    report = secure_campus.verify(stolen.document)
    assert (report.outcome, report.step("proof").outcome) == ("INVALID", "INVALID")
    assert secure_campus.verify(kept.document).outcome == "VALID"
    fresh = secure_campus.issued("kim@example.org")
    assert (fresh.signing_key_id, secure_campus.verify(fresh.document).outcome) == (new.id, "VALID")


@pytest.mark.parametrize("again", [generate, rotate])
def test_an_active_key_that_was_stolen_can_be_replaced(secure_campus: Campus, again: Callable[[Campus], tables.SigningKey]) -> None:
    stolen = secure_campus.only(tables.SigningKey)
    retire(secure_campus, stolen, compromised=True)
    assert published(secure_campus)["assertionMethod"] == []
    assert again(secure_campus).state == "active"
    with secure_campus.reading() as session:
        assert [key.state for key in signing.keys(session, secure_campus.issuer())] == ["compromised", "active"]


def test_nothing_makes_a_compromised_key_good_again(secure_campus: Campus) -> None:
    badge = secure_campus.issued()
    key = secure_campus.only(tables.SigningKey)
    retire(secure_campus, key, compromised=True)
    since = secure_campus.now
    secure_campus.pass_time(days=1)
    for compromised in (False, True):
        again = retire(secure_campus, key, compromised=compromised)
        assert (again.state, again.compromised_since) == ("compromised", since)
    assert secure_campus.verify(badge.document).outcome == "INVALID"


def test_the_database_allows_one_active_key_for_each_issuer(campus: Campus) -> None:
    first = campus.only(tables.SigningKey)
    second = tables.SigningKey(
        issuer_id=first.issuer_id,
        public_key_multibase="z6Mk2",
        verification_method="did:key:z6Mk2#z6Mk2",
        state="active",
        created_at=campus.now,
    )
    with pytest.raises(IntegrityError), campus.writing() as session:
        session.add(second)


def at_once(work: object, *, times: int = THREADS) -> list[object]:
    start = threading.Barrier(times)

    def one(_: int) -> object:
        start.wait()
        return work()  # type: ignore[operator]

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_workers_that_make_the_first_key_at_once_make_one(campus: Campus) -> None:
    bare(campus)
    keys = at_once(lambda: generate(campus, "bare").id)
    assert len(set(keys)) == 1
    assert len(campus.all(tables.SigningKey)) == 2


def test_keys_that_are_replaced_at_once_leave_one_active(secure_campus: Campus) -> None:
    at_once(lambda: rotate(secure_campus).id)
    states = [key.state for key in secure_campus.all(tables.SigningKey)]
    assert (states.count("active"), states.count("verify_only")) == (1, THREADS)
