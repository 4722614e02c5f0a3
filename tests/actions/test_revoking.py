from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from badgeissuer import problem, revoking
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus


def begin(campus: Campus, **selection: Any) -> tables.Revocation:  # noqa: ANN401 - members of a selection
    with campus.writing() as session:
        chosen = revoking.Selection(**selection)
        return revoking.begin(session, chosen, issuer_id=None, reason="It was a mistake.", actor="test", now=campus.now)


def revoked(campus: Campus) -> list[str]:
    """Return the addresses of the learners whose badges are revoked."""
    emails = {row.credential_uuid: row.claims["email"] for row in campus.all(tables.Award)}
    return sorted(emails[row.credential_uuid] for row in campus.all(tables.StatusEntry) if row.is_set)


def prepared(campus: Campus) -> None:
    campus.new_achievement("riveting")
    kinds: list[dict[str, Any]] = [{}, {"scope": "autumn"}, {"awarded_at": campus.now - timedelta(days=9)}, {"achievement": "riveting"}]
    for number, more in enumerate(kinds):
        campus.award(f"{number}@example.org", **more)
    campus.work()


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"achievement": "welding"}, "012"),
        ({"achievement": "welding", "scope": "autumn"}, "1"),
        ({"learner": " 3@Example.org"}, "3"),
        ({"issuer": "workshop", "awarded_until": timedelta(days=-1)}, "2"),
        ({"awarded_from": timedelta(days=-1)}, "013"),
        ({"learner": "nobody"}, ""),
    ],
)
def test_what_is_selected_is_revoked_and_nothing_else(campus: Campus, selection: dict[str, Any], expected: str) -> None:
    prepared(campus)
    given: dict[str, Any] = {name: campus.now + value if isinstance(value, timedelta) else value for name, value in selection.items()}
    row = begin(campus, **given)
    assert row.total == len(expected)
    campus.award("later@example.org")
    campus.work()
    assert revoked(campus) == [f"{number}@example.org" for number in expected]
    done = campus.only(tables.Revocation)
    assert (done.state, done.done) == ("done", len(expected))


def test_a_large_revocation_is_done_in_steps_and_each_list_signed_once(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revoking, "TOGETHER", 2)
    prepared(campus)
    signed = {row.id: row.published for row in campus.all(tables.StatusList)}
    begin(campus, issuer="workshop")
    assert campus.work() >= 3
    campus.pass_time(minutes=2)
    campus.work()
    assert len(revoked(campus)) == 4
    assert all(row.published_changes == row.changes for row in campus.all(tables.StatusList) if signed[row.id])
    assert campus.verify(campus.all(tables.Credential)[0].document).outcome == "INVALID"
    assert campus.only(tables.Revocation).done == 4
    begin(campus, issuer="workshop")
    campus.work()
    assert [row.total for row in campus.all(tables.Revocation)] == [4, 0]


def test_a_selection_is_kept_as_it_was_given(campus: Campus) -> None:
    chosen = revoking.Selection(UUID(int=1), "welding", "x", "workshop", "once", campus.now, campus.now)
    assert revoking.Selection.of_json(chosen.to_json()) == chosen


def test_nothing_and_what_belongs_to_two_issuers_cannot_be_selected(campus: Campus) -> None:
    campus.new_issuer("dock")
    with pytest.raises(problem.Invalid, match="Say which"):
        begin(campus)
    with pytest.raises(problem.NotFound):
        begin(campus, achievement="welding", issuer="dock")
    with campus.reading() as session, pytest.raises(problem.NotFound):
        revoking.choose(session, revoking.Selection(achievement="welding"), issuer_id=campus.issuer("dock").id)


def test_a_revocation_that_is_given_up_says_why(campus: Campus) -> None:
    row = begin(campus, achievement="welding")
    for reason in ("The disk is full.", "Later."):
        with campus.writing() as session:
            revoking.give_up(session, row.id, reason)
            revoking.work(session, row.id, now=campus.now)
    assert (campus.only(tables.Revocation).state, campus.only(tables.Revocation).fault) == ("failed", "The disk is full.")
