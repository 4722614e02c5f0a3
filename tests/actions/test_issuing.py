from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from badgeissuer import authoring, issuing, problem, recognising, signing, status
from badgeissuer.awarding import event
from badgeissuer.openbadges import identity
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.vc import document, statuslist

if TYPE_CHECKING:
    from tests.actions.conftest import Campus, Found

CONTROL = "\x07"


@pytest.fixture(params=["http://localhost:8000", "https://badges.example.edu"])
def either(request: pytest.FixtureRequest, found: Found) -> Campus:
    """A campus whose issuer is a did:key, then one whose issuer is a did:web."""
    return found(Site(request.param))


def issue(campus: Campus, award_id: int, *, keep: bool = True) -> tables.Credential | None:
    """Issue a badge, and keep it or not."""
    with campus.writing() as session:
        issuing.issue(session, award_id, keyring=campus.keyring, site=campus.site, now=campus.now)
        badge = session.scalar(select(tables.Credential).where(tables.Credential.award_id == award_id))
        if not keep:
            session.expunge_all()
            session.rollback()
        return badge


def change_issuer(campus: Campus, **values: object) -> None:
    with campus.writing() as session:
        session.execute(update(tables.Issuer).values(**values))


def test_an_award_becomes_a_badge_that_verifies(either: Campus) -> None:
    row, is_new = either.award(
        results=[{"resultDescription": "#score", "value": "87.5"}, {"resultDescription": "#joint", "achievedLevel": "#good"}],
        evidence=[{"id": "https://portfolio.example/1", "name": "A weld"}],
        credits_earned=2.0,
        narrative="Very steady hands.",
    )
    assert (is_new, row.state) == (True, "pending")
    assert either.work() == 1
    badge = either.only(tables.Credential)
    assert (badge.uuid, badge.sha256) == (row.credential_uuid, hashlib.sha256(badge.document).hexdigest())
    found = either.verify(badge.document)
    assert (found.outcome, found.issuer.identity) == ("VALID", "known")
    source = document.parse(badge.document)
    assert source["id"] == either.site.credential(badge.uuid)
    assert source["issuer"]["id"].startswith("did:web:" if either.site.is_secure else "did:key:")
    subject = source["credentialSubject"]
    assert (subject["creditsEarned"], subject["narrative"]) == (2, "Very steady hands.")
    assert identity.matches(subject["identifier"][0], "asha.rao@example.org")
    assert subject["result"][1]["achievedLevel"] == f"{either.site.achievement('welding', 1)}#good"
    assert "asha.rao" not in badge.document.decode()
    assert either.only(tables.Award).state == "issued"
    assert either.only(tables.Job).state == "done"


def test_a_badge_without_an_address_is_issued_to_a_did(campus: Campus) -> None:
    badge = document.parse(campus.issued(None, did="did:example:asha").document)
    assert badge["credentialSubject"]["id"] == "did:example:asha"
    assert "identifier" not in badge["credentialSubject"]


def test_a_second_try_after_a_rollback_makes_the_same_bytes(either: Campus) -> None:
    row, _ = either.award()
    first = issue(either, row.id, keep=False)
    assert either.all(tables.Credential) == []
    either.pass_time(minutes=40)
    second = issue(either, row.id)
    assert first is not None
    assert second is not None
    assert first.document == second.document
    assert document.parse(second.document)["proof"]["created"] == "2026-05-20T14:05:00Z"


def test_issuing_again_does_nothing(campus: Campus) -> None:
    row, _ = campus.award()
    first, second = issue(campus, row.id), issue(campus, row.id)
    assert first is not None
    assert second is not None
    assert (second.id, second.document) == (first.id, first.document)


def test_a_cancelled_award_is_not_issued(campus: Campus) -> None:
    row, _ = campus.award()
    with campus.writing() as session:
        session.get_one(tables.Award, row.id).state = "cancelled"
    assert campus.work() == 1
    assert campus.all(tables.Credential) == []


def test_a_badge_that_lint_refuses_is_not_signed_and_can_be_tried_again(campus: Campus) -> None:
    campus.award()
    change_issuer(campus, description=f"Rings a bell{CONTROL}")
    campus.work()
    failed = campus.only(tables.Award)
    assert failed.state == "failed"
    assert "control character" in failed.reason
    assert (campus.all(tables.Credential), campus.only(tables.Job).state) == ([], "dead")
    change_issuer(campus, description=None)
    with campus.writing() as session:
        again = issuing.retry(session, session.get_one(tables.Award, failed.id), randomness=campus.randomness, now=campus.now)
        assert (again.state, again.reason) == ("pending", None)
    campus.work()
    assert campus.only(tables.Award).state == "issued"
    assert campus.verify(campus.only(tables.Credential).document).outcome == "VALID"
    assert len(campus.all(tables.StatusEntry)) == 1


def test_what_does_not_verify_is_not_stored(campus: Campus) -> None:
    """A position beyond the end of the list can only come from tampering with the database."""
    row, _ = campus.award()
    with campus.writing() as session:
        session.execute(update(tables.StatusEntry).values(position=statuslist.MIN_LENGTH + 5))
    with pytest.raises(problem.Fault, match="does not verify"):
        issue(campus, row.id)
    assert campus.work() == 1
    job = campus.only(tables.Job)
    assert (job.state, job.attempts, campus.all(tables.Credential)) == ("queued", 1, [])
    assert "does not verify" in job.error
    assert campus.only(tables.Award).state == "pending"
    with campus.writing() as session:
        session.execute(update(tables.StatusEntry).values(position=5))
    campus.pass_time(minutes=1)
    campus.work()
    assert campus.only(tables.Award).state == "issued"


@pytest.mark.parametrize("published", [b"not a list", b"{}"])
def test_a_list_that_nobody_could_read_keeps_badges_back(campus: Campus, published: bytes) -> None:
    campus.issued()
    row, _ = campus.award("lee@example.org")
    with campus.writing() as session:
        session.execute(update(tables.StatusList).values(published=published))
    with pytest.raises(problem.Fault, match="does not verify"):
        issue(campus, row.id)
    assert len(campus.all(tables.Credential)) == 1


def test_a_badge_that_expired_in_the_queue_is_issued_but_not_with_an_open_status(campus: Campus) -> None:
    row, _ = campus.award(valid_until=campus.now + timedelta(hours=1))
    campus.pass_time(hours=2)
    badge = issue(campus, row.id, keep=False)
    assert badge is not None
    assert campus.verify(badge.document).step("validity").outcome == "INVALID"
    with campus.writing() as session:
        session.execute(update(tables.StatusList).values(published=b"not a list", published_at=campus.now))
    with pytest.raises(problem.Fault, match="does not verify"):
        issue(campus, row.id)


def test_a_badge_that_would_be_over_before_it_begins_is_refused(campus: Campus) -> None:
    with pytest.raises(problem.Invalid) as caught:
        campus.award(valid_until=campus.now)
    assert [finding.pointer for finding in caught.value.findings] == ["/valid_until"]
    assert campus.all(tables.Award) == []


def test_an_unpublished_achievement_cannot_be_awarded(campus: Campus) -> None:
    with campus.writing() as session:
        session.add(tables.Achievement(issuer_id=1, slug="draft", draft={}, created_at=campus.now, updated_at=campus.now))
    with pytest.raises(problem.Conflict, match="not published yet"):
        campus.award(achievement="draft")


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"results": [{"resultDescription": "#score", "value": "101"}]}, ["/results/0/value"]),
        ({"results": [{"resultDescription": "#score", "value": "50"}, {"resultDescription": "#none"}]}, ["/results/1/resultDescription"]),
        ({"results": [{"resultDescription": "#joint", "achievedLevel": "#score"}]}, ["/results/0/achievedLevel"]),
        ({"results": [{"status": "Nearly"}]}, ["/results/0/status"]),
        ({"evidence": [{"id": "not a url"}]}, ["/evidence/0/id"]),
        ({"evidence": [{"name": f"a{CONTROL}"}]}, ["/evidence/0/name"]),
        ({"narrative": f"a{CONTROL}"}, ["/narrative"]),
        ({"evidence": [{"id": "https://x.example", "name": "a"}, {"id": "https://x.example", "name": "b"}]}, ["/evidence/1", ""]),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(campus: Campus, members: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises(problem.Invalid) as caught:
        campus.award(**members)
    assert [finding.pointer for finding in caught.value.findings] == pointers
    assert (campus.all(tables.Award), campus.all(tables.Job), campus.all(tables.StatusEntry)) == ([], [], [])


def test_the_same_learner_gets_one_badge_for_each_scope(campus: Campus) -> None:
    first, is_new = campus.award()
    again, is_new_again = campus.award("ASHA.RAO@example.org ", narrative="Twice.")
    assert (is_new, is_new_again, again.id) == (True, False, first.id)
    term, is_new_term = campus.award(scope="2026T2")
    assert is_new_term
    campus.work()
    assert {badge.uuid for badge in campus.all(tables.Credential)} == {first.credential_uuid, term.credential_uuid}
    assert len(campus.all(tables.StatusEntry)) == 2


def test_a_badge_without_identity_waits_until_there_is_one(campus: Campus) -> None:
    row, _ = campus.award(None, source_id="4211")
    assert (row.state, campus.work(), campus.all(tables.StatusEntry)) == ("needs_identity", 0, [])
    assert "neither an e-mail address nor a DID" in (row.reason or "")

    def retry() -> None:
        with campus.writing() as session:
            issuing.retry(session, issuing.find(session, row.uuid), randomness=campus.randomness, now=campus.now)

    with pytest.raises(problem.Conflict, match="still has neither"):
        retry()
    with campus.writing() as session:
        claim = event.LearnerClaim("4211", None, "asha@example.org", None)
        recognising.recognise(session, claim, issuer_id=row.issuer_id, authority="", now=campus.now)
    retry()
    with pytest.raises(problem.Conflict, match="this one is pending"):
        retry()
    campus.work()
    badge = document.parse(campus.only(tables.Credential).document)
    assert identity.matches(badge["credentialSubject"]["identifier"][0], "asha@example.org")


def test_an_award_that_waited_for_an_identity_goes_on_when_the_learner_comes_with_one(campus: Campus) -> None:
    waiting, _ = campus.award(None, source_id="4211")
    still, _ = campus.award(None, source_id="4211")
    assert (still.id, still.state) == (waiting.id, "needs_identity")
    again, is_new = campus.award("asha@example.org", source_id="4211")
    assert (again.id, is_new, again.state, again.reason) == (waiting.id, False, "pending", None)
    campus.work()
    assert campus.only(tables.Award).state == "issued"


def test_only_what_failed_or_waits_can_be_tried_again(campus: Campus) -> None:
    badge = campus.issued()
    with pytest.raises(problem.Conflict, match="this one is issued"), campus.writing() as session:
        issuing.retry(session, session.get_one(tables.Award, badge.award_id), randomness=campus.randomness, now=campus.now)


def test_a_retry_looks_at_the_award_as_it_is_now(campus: Campus) -> None:
    """Who read the award before a worker issued it must not put it back."""
    row, _ = campus.award()
    with campus.writing() as session:
        issuing.give_up(session, row.id, "no key", now=campus.now)
    with campus.reading() as session:
        stale = session.get_one(tables.Award, row.id)
    with campus.writing() as session:
        session.execute(update(tables.Award).values(state="issued"))
    with campus.writing() as session:
        session.add(stale)
        with pytest.raises(problem.Conflict, match="this one is issued"):
            issuing.retry(session, stale, randomness=campus.randomness, now=campus.now)


def test_giving_up_changes_only_what_is_pending(campus: Campus) -> None:
    badge = campus.issued()
    with campus.writing() as session:
        issuing.give_up(session, badge.award_id, "too late", now=campus.now)
        issuing.give_up(session, 10**6, "nobody knows it", now=campus.now)
    assert (campus.only(tables.Award).state, campus.only(tables.Award).reason) == ("issued", None)


def test_a_signed_badge_cannot_be_changed_in_the_database(campus: Campus) -> None:
    campus.issued()
    with pytest.raises(IntegrityError, match="never changes"), campus.writing() as session:
        session.execute(text("UPDATE credential SET sha256 = 'x'"))


def test_an_issuer_without_an_active_key_fails_the_award_and_says_what_to_do(campus: Campus) -> None:
    campus.award()
    with campus.writing() as session:
        signing.retire(session, campus.only(tables.SigningKey).public_key_multibase, now=campus.now, compromised=True)
    campus.work()
    row = campus.only(tables.Award)
    assert (row.state, campus.all(tables.Credential)) == ("failed", [])
    assert "badgeissuer keys generate --issuer workshop" in row.reason


def test_what_is_not_there_is_not_found(campus: Campus) -> None:
    with campus.reading() as session:
        with pytest.raises(problem.NotFound):
            issuing.find(session, uuid4())
        with pytest.raises(problem.NotFound):
            issuing.issued(session, uuid4())
        with pytest.raises(problem.NotFound):
            status.entry(session, uuid4())


def test_a_badge_stays_valid_in_its_own_words_when_the_definition_goes_on(campus: Campus) -> None:
    campus.award()
    with campus.writing() as session:
        session.execute(update(tables.Achievement).values(draft={"name": "Something else"}))
    campus.work()
    assert document.parse(campus.only(tables.Credential).document)["name"] == "Welding Safety"


def test_two_issuers_have_keys_and_lists_of_their_own(found: Found) -> None:
    campus = found()
    campus.new_issuer("kitchen", image="https://kitchen.example.edu/logo.png", email="k@example.edu")
    campus.new_achievement("baking", issuer="kitchen")
    one, other = campus.issued(), campus.issued(achievement="baking")
    assert (one.issuer_id != other.issuer_id, one.signing_key_id != other.signing_key_id) == (True, True)
    assert len(campus.all(tables.StatusList)) == 2
    assert [campus.verify(badge.document).outcome for badge in (one, other)] == ["VALID", "VALID"]
    swapped = json.loads(one.document) | {"issuer": json.loads(other.document)["issuer"]}
    assert campus.verify(json.dumps(swapped).encode()).outcome == "INVALID"


def test_the_badge_goes_to_the_address_that_the_award_names(campus: Campus) -> None:
    campus.award("first@example.org", source_id="4211", scope="one")
    campus.award("second@example.org", source_id="4211", scope="two")
    campus.work()
    assert [row.claims["email"] for row in campus.all(tables.Award)] == ["first@example.org", "second@example.org"]


def test_an_issuer_that_changes_its_name_goes_on_issuing(campus: Campus) -> None:
    campus.issued()
    with campus.writing() as session:
        authoring.issuer(session, "workshop").name = "Another Name"
    badge = document.parse(campus.issued("lee@example.org").document)
    assert badge["issuer"]["name"] == "Another Name"
    assert badge["credentialSubject"]["achievement"]["creator"]["id"] == badge["issuer"]["id"]
