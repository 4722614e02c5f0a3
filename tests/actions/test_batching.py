from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from badgeissuer import authoring, batching, chunking, pressing, problem
from badgeissuer.openbadges import credential
from badgeissuer.store import bulk, spool, tables
from badgeissuer.store.base import Base

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from tests.actions.conftest import Anew, Campus

DRAFT: dict[str, Any] = {
    "name": "Welding Safety",
    "description": "Prepares, welds and inspects a joint.",
    "achievementType": "Certificate",
    "criteria": {"narrative": "Weld three joints that pass inspection."},
    "creditsAvailable": 2,
    "resultDescription": [{"id": "#score", "name": "Final score", "resultType": "Percent", "valueMin": "0", "valueMax": "100"}],
}


def learner(number: int, **more: object) -> dict[str, Any]:
    return {"learner": {"email": f"learner{number}@example.org", "name": f"Learner {number}"}} | more


def progress(campus: Campus, batch: tables.Batch) -> batching.Progress:
    with campus.reading() as session:
        return batching.progress(session, [session.get_one(tables.Batch, batch.id)])[0]


def rows(campus: Campus, batch: tables.Batch, state: str) -> list[batching.Note]:
    with campus.reading() as session:
        return list(batching.rows(session, batch, state=state))


def test_everybody_on_a_roster_gets_a_badge_that_verifies(campus: Campus) -> None:
    batch = campus.submit(*(learner(number) for number in range(5)))
    assert progress(campus, batch) == batching.Progress("running", 0, 0, 0, 0)
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 5, 0, 0, 0)
    badges = campus.all(tables.Credential)
    assert len(badges) == len({badge.uuid for badge in badges}) == 5
    assert campus.verify(badges[0].document).outcome == "VALID"


# --- rows


BAD = {
    b'{"learner": {"email": "half@example.org"': ("", "The row is not JSON: Expecting"),
    b'["learner"]': ("", "The row must be a JSON object, not an array. Write one whole JSON object a line."),
    b'{"learner": {"email": "\xff@example.org"}}': ("", "The row is not UTF-8: byte 23 cannot be read."),
    b'{"learner": {"email": "a@example.org", "emial": "b"}}': ("/learner/emial", "There is no member learner.emial in a row"),
    b'{"learner": {"email": "nowhere"}}': ("/learner/email", "learner.email: must be an e-mail address."),
    b'{"learner": {"name": "Nobody"}}': ("/learner", "The learner needs an e-mail address, a DID or a source_id."),
    b'{"awarded_at": "2026-05-20T14:00:00Z"}': ("/learner", "learner is missing; add it."),
    b'{"learner": {"email": "a@example.org"}, "awarded_at": "2027-05-20T14:00:00Z"}': ("/awarded_at", "awarded_at lies in the future."),
    b'{"learner": {"email": "a@example.org"}, "valid_until": "2026-05-20T14:00:00Z"}': ("/valid_until", "The badge would end before"),
    b'{"learner": {"email": "a@example.org"}, "results": [{"value": "1", "resultDescription": "#none"}]}': (
        "/results/0/resultDescription",
        "The result refers to",
    ),
    b'{"learner": {"email": "a@example.org"}, "evidence": [{"id": "no URL"}]}': ("/evidence/0/id", "must be an absolute URL"),
    b'{"learner": {"email": "' + b"a" * 70_000 + b'"}}': ("", "The row is longer than 65,536 bytes."),
}


def test_a_bad_row_says_what_and_where_and_stops_none_of_the_others(campus: Campus) -> None:
    batch = campus.submit(learner(1), *BAD, learner(2))
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 2, len(BAD), 0, 0)
    found = rows(campus, batch, "failed")
    assert [note["row"] for note in found] == [*range(2, len(BAD) + 2)]
    for note, (line, (pointer, detail)) in zip(found, BAD.items(), strict=True):
        (error,) = note["errors"]
        assert error["pointer"] == pointer
        assert detail in error["detail"]
        assert note["content"] == line[:65_537].decode(errors="replace")
    assert len(campus.all(tables.Credential)) == 2


def test_a_row_that_cannot_be_signed_fails_alone(campus: Campus) -> None:
    unsignable = learner(2, evidence=[{"id": "https://example.org/work", "description": "x", "inLanguage": "none"}])
    batch = campus.submit(learner(1), unsignable, learner(3))
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 2, 1, 0, 0)
    assert len(campus.all(tables.Award)) == len(campus.all(tables.Credential)) == len(campus.all(tables.Learner)) == 2


def test_a_learner_twice_in_a_roster_is_told_with_both_rows(campus: Campus) -> None:
    again, other = learner(1), learner(1, narrative="In another workshop.")
    batch = campus.submit(learner(1), again, other, learner(1, narrative="Next term.", scope="autumn"))
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 3, 1, 1, 0)
    assert rows(campus, batch, "repeated")[0]["detail"] == "Row 2 says of the same learner what row 1 says."
    assert rows(campus, batch, "failed")[0]["errors"][0]["detail"].startswith("Rows 1 and 3 are about the same learner")


def test_a_learner_twice_is_found_across_chunks_too(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "CHUNK_ROWS", 1)
    batch = campus.submit(learner(1), learner(1), learner(1, narrative="Otherwise."))
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 2, 1, 1, 0)
    assert rows(campus, batch, "repeated")[0]["detail"] == "Row 2 says of the same learner what row 1 says."


def test_a_learner_without_an_address_waits_for_one(campus: Campus) -> None:
    batch = campus.submit({"learner": {"source_id": "17"}})
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 1, 0, 0, 1)
    assert campus.only(tables.Award).state == "needs_identity"
    later = campus.submit({"learner": {"source_id": "17", "email": "late@example.org"}})
    campus.work()
    assert progress(campus, later) == batching.Progress("done", 1, 0, 1, 0)
    assert campus.only(tables.Award).state == "issued"
    assert campus.only(tables.Credential)


# --- once


def test_the_same_roster_under_the_same_key_is_the_same_batch(campus: Campus) -> None:
    first = campus.submit(learner(1), key="graduation")
    campus.work()
    second = campus.submit(b"", learner(1), b"  ", key="graduation")
    assert first.uuid == second.uuid
    with pytest.raises(problem.Conflict, match="another roster"):
        campus.submit(learner(2), key="graduation")
    assert campus.work() == 0
    assert len(campus.all(tables.Credential)) == 1


def test_a_row_whose_award_is_there_is_repeated(campus: Campus) -> None:
    before, _ = campus.award("learner1@example.org")
    batch = campus.submit(learner(1), learner(2))
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 2, 0, 1, 0)
    assert rows(campus, batch, "repeated")[0]["award"] == str(before.uuid)
    again = campus.submit(learner(1), learner(2), key="again")
    campus.work()
    assert progress(campus, again) == batching.Progress("done", 2, 0, 2, 0)
    assert len(campus.all(tables.Credential)) == 2


def test_an_empty_roster_and_an_unpublished_achievement_are_refused(campus: Campus) -> None:
    with pytest.raises(problem.Invalid, match="no rows"):
        campus.submit(b"", b" ")
    with campus.writing() as session:
        authoring.create_achievement(
            session, authoring.issuer(session, "workshop"), slug="draft", draft=DRAFT, site=campus.site, now=campus.now
        )
    with pytest.raises(problem.Conflict, match="not published"):
        campus.submit(learner(1), achievement="draft")


@pytest.mark.parametrize("seed", range(3))
def test_a_roster_gives_what_single_awards_give(anew: Anew, seed: int) -> None:
    """The same rows, once row by row and once as a batch: the same learners with the same identities and awards."""
    draw = random.Random(seed)  # noqa: S311 - repeatable on purpose
    some = [_somebody(draw) for _ in range(25)]
    assert _by_one(anew, some) == _in_bulk(anew, some)


def _somebody(draw: random.Random) -> dict[str, str]:
    """Return a learner with one to three of few identities, so that they meet in every way."""
    kinds = {"email": "e{}@example.org", "did": "did:example:{}", "source_id": "s{}"}
    return {kind: kinds[kind].format(draw.randrange(5)) for kind in draw.sample(list(kinds), draw.randrange(1, 4))}


def _by_one(anew: Anew, some: list[dict[str, str]]) -> object:
    with anew() as campus:
        for one in some:
            campus.award(one.get("email"), did=one.get("did"), source_id=one.get("source_id"))
        campus.work()
        return _outcome(campus)


def _in_bulk(anew: Anew, some: list[dict[str, str]]) -> object:
    with anew() as campus:
        campus.submit(*({"learner": one} for one in some))
        campus.work()
        return _outcome(campus)


def _outcome(campus: Campus) -> object:
    identities = [(row.learner_id, row.kind, row.value) for row in campus.all(tables.LearnerIdentity)]
    awards = [(row.learner_id, row.state, row.claims["email"], row.claims["did"]) for row in campus.all(tables.Award)]
    return sorted(identities), sorted(awards, key=repr), len(campus.all(tables.Credential)), len(campus.all(tables.Learner))


# --- held, given up, tried again


def test_a_batch_is_paused_and_gone_on_with(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "CHUNK_ROWS", 2)
    batch = campus.submit(*(learner(number) for number in range(6)))
    hand = campus.worker()
    assert hand.do_one()
    change(campus, batch, batching.pause)
    assert campus.work() == 0
    assert progress(campus, batch) == batching.Progress("paused", 2, 0, 0, 0)
    for _ in range(2):
        change(campus, batch, batching.resume, now=campus.now)
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 6, 0, 0, 0)


def test_a_job_of_a_batch_that_rests_does_nothing(campus: Campus) -> None:
    batch = campus.submit(learner(1))
    with campus.writing() as session:
        session.get_one(tables.Batch, batch.id).state = "paused"  # as if the job had been claimed just before
    assert campus.work() == 1
    assert progress(campus, batch) == batching.Progress("paused", 0, 0, 0, 0)


def test_a_batch_is_cancelled_and_keeps_what_is_issued(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "CHUNK_ROWS", 2)
    batch = campus.submit(*(learner(number) for number in range(6)))
    assert campus.worker().do_one()
    change(campus, batch, batching.cancel)
    campus.work()
    assert progress(campus, batch) == batching.Progress("cancelled", 2, 0, 0, 0)
    assert len(campus.all(tables.Credential)) == 2
    for what in (batching.pause, batching.resume, batching.retry):
        with pytest.raises(problem.Conflict, match="cancelled"):
            change(campus, batch, what, **({} if what is batching.pause else {"now": campus.now}))


def test_failed_rows_are_tried_again_with_the_newest_version(campus: Campus) -> None:
    batch = campus.submit(learner(1), learner(2, results=[{"resultDescription": "#later", "value": "1"}]), b"{")
    campus.work()
    assert progress(campus, batch).failed == 2
    with campus.writing() as session:
        row = authoring.achievement(session, "welding")
        later = [*DRAFT["resultDescription"], {"id": "#later", "name": "Later", "resultType": "RawScore"}]
        authoring.change_achievement(session, row, draft=DRAFT | {"resultDescription": later}, site=campus.site, now=campus.now)
    with campus.writing() as session:
        authoring.publish(session, authoring.achievement(session, "welding"), site=campus.site, now=campus.now)
    change(campus, batch, batching.retry, now=campus.now)
    assert progress(campus, batch).state == "running"
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 2, 1, 0, 0)
    assert [note["row"] for note in rows(campus, batch, "failed")] == [3]
    fine = campus.submit(learner(9))
    campus.work()
    with pytest.raises(problem.Conflict, match="No row"):
        change(campus, fine, batching.retry, now=campus.now)


def test_a_chunk_that_is_given_up_says_so_of_each_row(campus: Campus) -> None:
    with campus.writing() as session:
        key = session.scalars(select(tables.SigningKey)).one()
        key.state = "verify_only"
    batch = campus.submit(learner(1), learner(2), b"{")
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 0, 3, 0, 0)
    assert "no active signing key" in rows(campus, batch, "failed")[0]["errors"][0]["detail"]
    with campus.writing() as session:
        session.get_one(tables.SigningKey, key.id).state = "active"
    change(campus, batch, batching.retry, now=campus.now)
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 2, 1, 0, 0)


def change(campus: Campus, batch: tables.Batch, what: Callable[..., None], **more: object) -> None:
    with campus.writing() as session:
        what(session, session.get_one(tables.Batch, batch.id), **more)


# --- turns


def test_orders_of_two_issuers_take_turns_and_single_awards_go_first(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "CHUNK_ROWS", 1)
    campus.new_issuer("dock")
    campus.new_achievement("mooring", issuer="dock")
    first = campus.submit(*(learner(number) for number in range(4)))
    second = campus.submit(learner(7), learner(8))
    hand = campus.worker()
    assert hand.do_one()
    third = campus.submit(learner(5), learner(6), achievement="mooring")
    campus.award()
    campus.work()
    with campus.reading() as session:
        done = session.scalars(select(tables.Award).join(tables.Credential).order_by(tables.Credential.id)).all()
    names = {first.id: "a", second.id: "b", third.id: "c", None: "-"}
    assert "".join(names[row.batch_id] for row in done) in {"a-acacabb", "a-caacabb", "a-cacaabb"}


def test_many_rows_take_little_memory(campus: Campus) -> None:
    """Forty thousand rows, 8 MB: the spool keeps no more than a chunk of them."""
    line = json.dumps(learner(1, narrative="x" * 100)).encode() + b"\n"
    tracemalloc.start()
    with spool.Spool() as roster:
        for _ in range(400):
            roster.feed(line * 100)
        roster.end()
        with campus.writing() as session:
            found = authoring.achievement(session, "welding")
            batch = batching.create(session, found, rows=roster, key=None, actor="test", now=campus.now)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert batch.total == 40_000
    assert peak < 4_000_000, peak


# --- what goes wrong in between


def test_a_badge_that_does_not_verify_fails_alone(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_all = pressing.sign_all

    def faulty(
        session: Session,
        version: tables.AchievementVersion,
        particulars: Sequence[credential.Particulars],
        **ports: Any,  # noqa: ANN401 - handed on
    ) -> list[bytes]:
        if any(item.recipient.email == "learner2@example.org" for item in particulars):
            raise problem.Fault("The badge that was just signed does not verify.")
        return sign_all(session, version, particulars, **ports)

    monkeypatch.setattr(pressing, "sign_all", faulty)
    batch = campus.submit(learner(1), learner(2), learner(3))
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 2, 1, 0, 0)
    assert rows(campus, batch, "failed")[0]["errors"][0]["detail"] == "The badge that was just signed does not verify."
    assert len(campus.all(tables.Award)) == len(campus.all(tables.StatusEntry)) == len(campus.all(tables.Learner)) == 2


@pytest.mark.parametrize(("times", "done"), [(chunking.TRIES - 1, 1), (chunking.TRIES, 0)])
def test_a_chunk_begins_again_when_others_write_the_same_learners(
    campus: Campus, monkeypatch: pytest.MonkeyPatch, times: int, done: int
) -> None:
    batch, add, taken = campus.submit(learner(1)), bulk.add, iter(range(times))

    def contested(session: Session, table: type[Base], *rest: Any) -> None:  # noqa: ANN401 - handed on
        if table is tables.LearnerIdentity and next(taken, None) is not None:
            raise bulk.Taken("learner_identity")
        add(session, table, *rest)

    monkeypatch.setattr(bulk, "add", contested)
    campus.work()
    assert progress(campus, batch).done == done
    assert len(campus.all(tables.Learner)) == done
    campus.pass_time(minutes=1)
    campus.work()
    assert progress(campus, batch) == batching.Progress("done", 1, 0, 0, 0)
