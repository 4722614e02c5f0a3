"""Awards decided together are those that would have been decided one after the other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from badgeissuer import access, authoring, granting, issuing, pressing, problem, recognising, signing, worker
from badgeissuer.awarding import event
from badgeissuer.store import bulk, keyring, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tests.actions.conftest import Anew, Campus

ADMIN = access.Actor(1, "admin", "admin")


def wish(
    email: str | None = "asha.rao@example.org",
    *,
    achievement: str = "welding",
    did: str | None = None,
    source_id: str | None = None,
    actor: access.Actor = ADMIN,
    **decided: Any,  # noqa: ANN401 - members of a decision
) -> granting.Wish:
    claim = event.LearnerClaim(source_id, None, email, "Asha Rao", did)
    return granting.Wish(actor, achievement, claim, issuing.Decision(email=email, did=did, **decided))


def means(campus: Campus, *, has_keys: bool) -> granting.Means:
    if has_keys:
        with campus.reading() as session:
            signing.unlock(session, keyring=campus.keyring)
    return granting.Means(campus.site, campus.randomness, campus.keyring if has_keys else None)


def grant(campus: Campus, *wishes: granting.Wish, has_keys: bool = False) -> list[UUID | problem.Problem]:
    dated = [replace(one, decision=replace(one.decision, awarded_at=campus.now)) for one in wishes]
    with campus.writing() as session:
        return granting.grant_all(session, dated, means=means(campus, has_keys=has_keys), now=campus.now)


def dated(**decided: Any) -> dict[str, Any]:  # noqa: ANN401 - members of a decision
    return {"awarded_at": None} | decided


def kept(campus: Campus) -> list[tuple[Any, ...]]:
    """Return what is stored of awards, without what is drawn at random."""
    learners = {row.id: row.name for row in campus.all(tables.Learner)}
    identities: dict[int, list[tuple[str, str]]] = {}
    for row in campus.all(tables.LearnerIdentity):
        identities.setdefault(row.learner_id, []).append((row.kind, row.value))
    return sorted(
        (
            learners[row.learner_id],
            sorted(identities[row.learner_id]),
            row.achievement_id,
            row.scope,
            row.state,
            json.dumps({name: value for name, value in row.claims.items() if name != "salt"}),
        )
        for row in campus.all(tables.Award)
    )


def outcome(found: UUID | problem.Problem) -> str:
    return f"{type(found).__name__}: {found.detail.partition('(award')[0]}" if isinstance(found, problem.Problem) else "awarded"


@pytest.mark.parametrize("has_keys", [False, True])
def test_what_is_awarded_together_is_what_would_be_awarded_one_by_one(anew: Anew, *, has_keys: bool) -> None:
    def wishes(campus: Campus) -> list[granting.Wish]:
        campus.new_issuer("annex")
        campus.new_achievement("sewing", issuer="annex")
        campus.new_achievement("riveting")
        with campus.writing() as session:
            draft = campus.all(tables.Achievement)[0].draft
            authoring.create_achievement(
                session, authoring.issuer(session, "annex"), slug="planned", draft=draft, site=campus.site, now=campus.now
            )
            stranger = replace(ADMIN, role="issuer", issuer_id=authoring.issuer(session, "annex").id)
        return [
            wish("a@example.org", **dated()),
            wish("b@example.org", achievement="sewing", **dated()),
            wish("A@example.org", **dated(narrative="the same again")),
            wish("c@example.org", source_id="c", **dated()),
            wish("c2@example.org", source_id="c", achievement="riveting", **dated()),
            wish("nobody@example.org", achievement="nothing", **dated()),
            wish("d@example.org", achievement="planned", **dated()),
            wish("e@example.org", actor=stranger, **dated()),
            wish("e@example.org", achievement="sewing", actor=stranger, **dated()),
            wish("f@example.org", **dated(valid_until=campus.now)),
            wish("g@example.org", **dated(results=[{"value": "1", "no": "such member"}])),
            wish("h@example.org", **dated(evidence=[{"name": "Weld", "narrative": "A seam of a metre."}], narrative="Well done.")),
            wish("i@example.org", **dated(evidence=[{"id": "no address", "name": "Weld"}])),
            wish(None, source_id="waits", **dated()),
            wish("c@example.org", **dated(scope="autumn")),
            wish("c@example.org", **dated(scope="autumn")),
            wish(None, did="did:example:j", **dated(credits_earned=2.5)),
        ]

    with anew() as campus:
        together = [outcome(found) for found in grant(campus, *wishes(campus), has_keys=has_keys)]
        campus.work()
        first = kept(campus)
        assert {row.state for row in campus.all(tables.Award)} == {"issued", "needs_identity"}
        assert all(campus.verify(badge.document).outcome == "VALID" for badge in campus.all(tables.Credential))
    with anew() as campus:
        one_by_one = [outcome(grant(campus, one)[0]) for one in wishes(campus)]
        campus.work()
        assert kept(campus) == first
    assert together == one_by_one
    assert [place for place, found in enumerate(together) if found != "awarded"] == [2, 5, 6, 7, 9, 10, 12, 15]


def test_what_is_refused_leaves_nothing_behind(campus: Campus) -> None:
    (first,) = grant(campus, wish("a@example.org", source_id="a", **dated()))
    before = campus.all(tables.LearnerIdentity)
    again, other = grant(campus, wish("new@example.org", source_id="a", **dated()), wish("b@example.org", **dated()))
    assert isinstance(again, problem.Conflict)
    assert again.kind == granting.ALREADY
    assert str(first) in again.detail
    assert again.to_json()["award"] == str(first)
    assert not isinstance(other, problem.Problem)
    added = {(row.kind, row.value) for row in campus.all(tables.LearnerIdentity)} - {(row.kind, row.value) for row in before}
    assert added == {("email", "b@example.org")}


def test_the_same_learner_twice_at_the_same_moment_has_one_award(campus: Campus) -> None:
    first, second, third = grant(campus, *(wish(f"{name}@example.org", **dated()) for name in ("a", "A", "b")))
    assert isinstance(second, problem.Conflict)
    assert str(first) in second.detail, "it names the award that was stored"
    assert {row.uuid for row in campus.all(tables.Award)} == {first, third}


@pytest.mark.parametrize("has_keys", [False, True])
def test_an_award_that_waited_for_an_address_goes_on_with_one(campus: Campus, *, has_keys: bool) -> None:
    (first,) = grant(campus, wish(None, source_id="a", **dated()), has_keys=has_keys)
    (still,) = grant(campus, wish(None, source_id="a", **dated()), has_keys=has_keys)
    assert isinstance(still, problem.Conflict)
    assert campus.only(tables.Award).state == "needs_identity"
    assert campus.all(tables.Job) == []
    (again,) = grant(campus, wish("a@example.org", source_id="a", **dated()), has_keys=has_keys)
    assert again == first
    campus.work()
    assert campus.only(tables.Award).state == "issued"


def test_where_the_keys_are_at_hand_the_badge_is_there_at_once(campus: Campus) -> None:
    grant(campus, wish("a@example.org", **dated()), wish("b@example.org", **dated()), has_keys=True)
    assert campus.all(tables.Job) == []
    assert [row.state for row in campus.all(tables.Award)] == ["issued", "issued"]
    badges = campus.all(tables.Credential)
    assert [badge.award_id for badge in badges] == [row.id for row in campus.all(tables.Award)]
    assert all(campus.verify(badge.document).outcome == "VALID" for badge in badges)


def test_a_key_that_was_not_opened_yet_is_left_to_the_worker(campus: Campus) -> None:
    campus.keyring = keyring.Keyring(campus.keyring._folder, b"a passphrase", operations=1, memory_bytes=8 * 1024 * 1024)
    with campus.writing() as session:
        now, given = campus.now, wish("a@example.org", awarded_at=campus.now)
        granting.grant(session, given, means=granting.Means(campus.site, campus.randomness, campus.keyring), now=now)
    assert campus.only(tables.Award).state == "pending"
    assert campus.all(tables.Credential) == []
    campus.work()
    assert campus.only(tables.Award).state == "issued"


def test_what_cannot_be_signed_is_left_to_the_worker_who_says_why(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise problem.Invalid("It is too red.")

    monkeypatch.setattr(pressing, "sign_all", refuse)
    grant(campus, wish("a@example.org", **dated()), has_keys=True)
    row = campus.only(tables.Award)
    assert row.state == "pending"
    campus.work()
    row = campus.only(tables.Award)
    assert (row.state, row.reason) == ("failed", "It is too red.")
    assert len(campus.all(tables.StatusEntry)) == 1, "it keeps its place"


@pytest.mark.parametrize("times", [1, granting.TRIES - 1, granting.TRIES])
def test_it_begins_again_where_others_brought_the_same_learners(campus: Campus, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    left = [times]

    def taken(*given: Any, **more: Any) -> Sequence[recognising.Recognised]:  # noqa: ANN401 - whatever the real one takes
        if left[0]:
            left[0] -= 1
            raise bulk.Taken("learner_identity")
        return real(*given, **more)

    real = recognising.recognise_all
    monkeypatch.setattr(recognising, "recognise_all", taken)
    if times < granting.TRIES:
        (found,) = grant(campus, wish(**dated()))
        assert campus.only(tables.Award).uuid == found
    else:
        with pytest.raises(problem.Unavailable, match="same learners"):
            grant(campus, wish(**dated()))
        assert campus.all(tables.Award) == []


def test_one_wish_alone_is_granted_or_refused(campus: Campus) -> None:
    given = granting.Means(campus.site, campus.randomness)
    with campus.writing() as session:
        found = granting.grant(session, wish(awarded_at=campus.now), means=given, now=campus.now)
    assert campus.only(tables.Award).uuid == found
    with pytest.raises(problem.NotFound), campus.writing() as session:
        granting.grant(session, wish(achievement="nothing", awarded_at=campus.now), means=given, now=campus.now)


def test_nobody_is_awarded_by_an_issuer_without_a_key(campus: Campus) -> None:
    with campus.writing() as session:
        authoring.create_issuer(session, {"slug": "new", "name": "New"}, site=campus.site, now=campus.now)
    campus_of_new = campus.all(tables.Issuer)[-1]
    assert campus_of_new.did is None
    with campus.writing() as session:
        assert not signing.is_ready(session, campus_of_new, keyring=campus.keyring)


def test_jobs_of_awards_are_done_together_and_the_bad_one_spoils_nothing(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(campus, *(wish(f"{name}@example.org", **dated(narrative=name)) for name in "abcd"))
    hand, groups = campus.worker(), []
    real = issuing.issue_all

    def watched(session: Any, award_ids: Sequence[int], **more: Any) -> None:  # noqa: ANN401 - whatever the real one takes
        groups.append(len(award_ids))
        rows = [session.get_one(tables.Award, award_id) for award_id in award_ids]
        if any(row.claims["narrative"] == "c" for row in rows):
            raise problem.Invalid("C is no good.")
        real(session, award_ids, **more)

    monkeypatch.setattr(issuing, "issue_all", watched)
    assert hand.do_one()
    assert not hand.do_one()
    assert groups == [4, 1, 1, 1, 1]
    assert [row.state for row in campus.all(tables.Award)] == ["issued", "issued", "failed", "issued"]
    assert [row.state for row in campus.all(tables.Job)] == ["done", "done", "dead", "done"]


def test_when_one_of_them_is_no_longer_ours_the_others_are_done_alone(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(campus, *(wish(f"{name}@example.org", **dated()) for name in "abc"))
    hand = campus.worker()
    real = issuing.issue_all

    def robbed(session: Any, award_ids: Sequence[int], **more: Any) -> None:  # noqa: ANN401 - whatever the real one takes
        if len(award_ids) == 3:
            session.get_one(tables.Job, session.query(tables.Job.id).order_by(tables.Job.id).first()[0]).worker = "another"
            session.commit()
            session.begin()
        real(session, award_ids, **more)

    monkeypatch.setattr(issuing, "issue_all", robbed)
    assert hand.do_one()
    assert [row.state for row in campus.all(tables.Award)] == ["pending", "issued", "issued"]
    assert [row.state for row in campus.all(tables.Job)] == ["running", "done", "done"]
    campus.pass_time(seconds=worker.LEASE.total_seconds() + 1)
    campus.work()
    assert [row.state for row in campus.all(tables.Award)] == ["issued"] * 3


def test_a_worker_takes_no_more_than_so_many_at_once(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "MOST_TOGETHER", 2)
    grant(campus, *(wish(f"{name}@example.org", **dated()) for name in "abcde"))
    hand = campus.worker()
    counts = []
    while hand.do_one():
        counts.append(sum(row.state == "issued" for row in campus.all(tables.Award)))
    assert counts == [2, 4, 5]
    assert {row.attempts for row in campus.all(tables.Job)} == {1}
    assert campus.now - timedelta(days=1) < campus.all(tables.Job)[0].finished_at
