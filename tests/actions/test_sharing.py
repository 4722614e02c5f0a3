"""To whom badges are shown, and the links that open private ones, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from badgeissuer import problem, sharing, verifying
from badgeissuer.store import tables
from badgeissuer.vc import verification

if TYPE_CHECKING:
    from tests.actions.conftest import Campus


@pytest.fixture
def badge(campus: Campus) -> tables.Credential:
    """A badge that its learner keeps private."""
    made = campus.issued("lin@example.org")
    with campus.writing() as session:
        sharing.decide(session, made.award_id, visibility="private", now=campus.now)
    return made


def link(campus: Campus, badge: tables.Credential, *, days: int = 7, note: str = "for the bakery") -> tuple[tables.ShareLink, str]:
    with campus.writing() as session:
        return sharing.make_link(session, badge.award_id, days=days, note=note, now=campus.now)


def opened(campus: Campus, badge: tables.Credential, secret: str) -> str:
    """Return whether a secret opens a badge, or what is said to who tries."""
    with campus.reading() as session:
        try:
            sharing.require_link(session, badge.award_id, secret, now=campus.now)
        except sharing.Private as fault:
            return fault.detail
    return "open"


def test_what_was_not_decided_stays_as_it_is(campus: Campus) -> None:
    badge = campus.issued("lin@example.org")
    assert sharing.of(None) == sharing.How("unlisted", shows_results=False)
    with campus.writing() as session:
        assert sharing.decide(session, badge.award_id, shows_results=True, now=campus.now) == (sharing.How(), sharing.How("unlisted", True))
        assert sharing.decide(session, badge.award_id, visibility="public", now=campus.now)[1] == sharing.How("public", True)
        assert sharing.decide(session, badge.award_id, now=campus.now)[1] == sharing.How("public", True)
        with pytest.raises(problem.Invalid, match="private, unlisted or public"):
            sharing.decide(session, badge.award_id, visibility="secret", now=campus.now)
    assert campus.only(tables.Sharing).visibility == "public"


def test_a_link_opens_its_badge_until_the_moment_at_which_it_expires(campus: Campus, badge: tables.Credential) -> None:
    row, secret = link(campus, badge)
    assert row.secret_sha256 not in secret
    assert len(secret) == 43
    assert opened(campus, badge, secret) == "open"
    campus.now = row.expires_at
    assert "expired" in opened(campus, badge, secret)
    campus.pass_time(microseconds=-1)
    assert opened(campus, badge, secret) == "open"


def test_a_link_that_was_taken_back_or_guessed_or_is_of_another_badge_opens_nothing(campus: Campus, badge: tables.Credential) -> None:
    row, secret = link(campus, badge)
    other = campus.issued("bo@example.org")
    assert opened(campus, badge, "") == sharing.ASK
    assert {"does not open" in opened(campus, *given) for given in ((badge, "x" * 43), (badge, "ä\0"), (other, secret))} == {True}
    with campus.writing() as session:
        with pytest.raises(problem.NotFound):
            sharing.take_back(session, other.award_id, row.id, now=campus.now)
        first = sharing.take_back(session, badge.award_id, row.id, now=campus.now).revoked_at
        campus.pass_time(hours=1)
        assert sharing.take_back(session, badge.award_id, row.id, now=campus.now).revoked_at == first
    assert "taken this link back" in opened(campus, badge, secret)
    with campus.reading() as session:
        assert sharing.links(session, [badge.award_id, other.award_id], now=campus.now) == {}


def test_links_are_few_short_and_of_some_days(campus: Campus, badge: tables.Credential) -> None:
    for wrong in ({"days": 8}, {"days": 0}, {"note": "n" * 101}):
        with pytest.raises(problem.Invalid):
            link(campus, badge, **wrong)
    made = [link(campus, badge)[0].id for _ in range(sharing.MOST)]
    with pytest.raises(problem.Conflict, match="Take one back"):
        link(campus, badge)
    with campus.writing() as session:
        sharing.take_back(session, badge.award_id, made[0], now=campus.now)
    newest = link(campus, badge, days=90)[0].id
    with campus.reading() as session:
        assert [row.id for row in sharing.links(session, [badge.award_id], now=campus.now)[badge.award_id]] == [newest, *reversed(made[1:])]
    with campus.writing() as session, pytest.raises(problem.Conflict, match="Take one back"):
        sharing.give_again(session, badge.award_id, made[0], now=campus.now)


def test_a_private_badge_is_not_found_by_its_address_and_counts_all_the_same(campus: Campus, badge: tables.Credential) -> None:
    row, secret = link(campus, badge)
    url = campus.site.credential(badge.uuid)
    with campus.reading() as session:
        found = {name: verifying.own(session, url + end, site=campus.site, now=campus.now) for name, end in ENDS(secret).items()}
        assert not verifying.shows_results(session, url, site=campus.site)
        elsewhere = (None, "https://elsewhere.example/c/1", url + "0")
        assert {verifying.shows_results(session, one, site=campus.site) for one in elsewhere} == {True}
    opens = {name for name, answer in found.items() if isinstance(answer, verification.Resource)}
    assert opens == {"link", "link to the file", "link and more"}
    assert isinstance(found["plain"], verification.Unreachable)
    assert found["plain"].reason == "its owner keeps this badge private. Ask them for a link to it"
    with campus.writing() as session:
        sharing.take_back(session, badge.award_id, row.id, now=campus.now)
        gone = verifying.own(session, f"{url}?share={secret}", site=campus.site, now=campus.now)
    assert isinstance(gone, verification.Unreachable)
    assert campus.verify(badge.document).outcome.value == "VALID"


def ENDS(secret: str) -> dict[str, str]:  # noqa: N802 - a table
    return {
        "plain": "",
        "file": ".json",
        "fragment": f"#share={secret}",
        "wrong": "?share=" + "x" * 43,
        "empty": "?share=",
        "link": f"?share={secret}",
        "link to the file": f".json?share={secret}",
        "link and more": f"?a=b&share={secret}#top",
    }
