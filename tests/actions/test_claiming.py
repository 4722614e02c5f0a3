"""Badges that learners make their own: links in letters that a real mail server took, each used once, on both databases."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from badgeissuer import claiming, courier, delivering, problem
from badgeissuer.claiming import addresses, consents, holders
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus, Carry, Found
    from tests.net import posthouse

LIN = "lin@example.org"
SITE = Site("http://localhost:8000", tells_learners=True)


@pytest.fixture
def campus(found: Found, monkeypatch: pytest.MonkeyPatch) -> Campus:
    made = found(SITE)
    monkeypatch.setattr(courier, "clock", lambda: made.now)
    return made


def secrets(house: posthouse.PostHouse) -> list[str]:
    """Return the secrets of the links in all letters, each of which has one."""
    bodies = [message.get_body(("plain",)) for message in house.messages()]
    found = [re.findall(re.escape(f"{SITE.base}/claim/") + r"([A-Za-z0-9]{43})\r?\n", body.get_content()) for body in bodies if body]
    assert all(len(some) == 1 for some in found)
    return [str(some[0]) for some in found]


def use(campus: Campus, secret: str) -> str:
    """Use a link; return whose address it proves, or why none."""
    with campus.writing() as session:
        try:
            found = claiming.use(session, secret, now=campus.now)
        except problem.Forbidden as fault:
            return fault.detail
        holders.prove(session, found.email, now=campus.now)
        return found.email


def asked(campus: Campus, email: str = LIN) -> bool:
    with campus.writing() as session:
        return claiming.is_known(session, email) and claiming.ask(session, email, now=campus.now)


def invited(campus: Campus, badge: tables.Credential) -> str:
    with campus.writing() as session:
        found = claiming.invite(session, session.get_one(tables.Award, badge.award_id), site=SITE, now=campus.now)
        assert found.link is not None
        return found.link.rpartition("/")[2]


def listed(campus: Campus, email: str = LIN) -> list[str]:
    with campus.reading() as session:
        holder = holders.find(session, email)
        return [f"{one.name} {one.state}" for one in holders.badges(session, holder, now=campus.now)] if holder else []


def test_the_letter_of_a_badge_has_a_link_that_claims_it_once(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    badge = campus.issued("Lin@Example.org")
    carry()
    (secret,) = secrets(house)
    assert secret not in repr([vars(row) for row in campus.all(tables.ClaimLink)])
    with campus.reading() as session:
        seen = claiming.look(session, secret, now=campus.now)
    assert (seen.email, seen.award_id, seen.name, seen.unit) == (LIN, badge.award_id, "Welding Safety", "Northvalley Workshop")
    assert not campus.all(tables.Claim)
    assert use(campus, secret) == LIN
    assert (campus.only(tables.Claim).award_id, campus.only(tables.HolderAddress).email) == (badge.award_id, LIN)
    assert listed(campus) == ["Welding Safety in force"]
    assert use(campus, secret) == claiming.OVER
    with campus.reading() as session, pytest.raises(problem.Forbidden):
        claiming.look(session, secret, now=campus.now)


def test_of_many_who_use_a_link_at_once_one_wins(campus: Campus) -> None:
    secret = invited(campus, campus.issued(LIN))
    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(lambda _: use(campus, secret), range(6)))
    assert answers == sorted([LIN, *[claiming.OVER] * 5])
    assert campus.only(tables.Holder)


def test_who_prove_one_address_at_once_are_one_holder(campus: Campus) -> None:
    campus.new_achievement("brazing")
    found = [invited(campus, campus.issued(LIN, achievement=slug)) for slug in ("welding", "brazing")]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda secret: use(campus, secret), found)) == [LIN, LIN]
    assert campus.only(tables.HolderAddress).holder_id == campus.only(tables.Holder).id
    assert len(campus.all(tables.Claim)) == 2


def test_a_link_ends_at_its_time_and_when_another_copy_is_sent(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    campus.issued(LIN)
    carry()
    with campus.writing() as session:
        delivering.resend(session, session.scalars(select(tables.Message)).one(), now=campus.now)
    carry()
    older, newer = secrets(house)
    assert use(campus, older) == claiming.OVER
    began = campus.now
    campus.now = began + claiming.CLAIM_LASTS
    assert use(campus, newer) == claiming.OVER
    campus.pass_time(microseconds=-1)
    assert use(campus, newer) == LIN


def test_a_link_of_a_revoked_badge_says_so_and_of_a_cancelled_award_counts_no_more(campus: Campus) -> None:
    badge = campus.issued(LIN)
    secret = invited(campus, badge)
    campus.revoke(badge.uuid)
    with campus.reading() as session:
        assert claiming.look(session, secret, now=campus.now).is_revoked
    with campus.writing() as session:
        session.get_one(tables.Award, badge.award_id).state = "cancelled"
    assert use(campus, secret) == claiming.OVER
    with campus.writing() as session:
        session.get_one(tables.Award, badge.award_id).state = "issued"
    assert use(campus, secret) == LIN
    assert listed(campus) == ["Welding Safety revoked"]


@pytest.mark.parametrize("guess", ["", "x" * 43, "ä\0" * 20, "0" * 64])
def test_what_is_guessed_opens_nothing(campus: Campus, guess: str) -> None:
    invited(campus, campus.issued(LIN))
    assert use(campus, guess) == claiming.OVER


def test_a_link_to_sign_in_goes_to_whom_badges_were_issued(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    badge = campus.issued(LIN)
    carry()
    house.letters.clear()
    assert not asked(campus, "nobody@example.org")
    assert [asked(campus) for _ in range(claiming.MOST + 1)] == [True] * claiming.MOST + [False]
    carry()
    (secret,) = secrets(house)  # of those that wait together only the newest is sent
    assert house.letters[0][1] == [LIN]
    assert use(campus, secret) == LIN
    assert campus.only(tables.Claim).award_id == badge.award_id
    campus.pass_time(minutes=31)
    assert asked(campus)
    carry()
    campus.now += claiming.SIGN_IN_LASTS
    assert use(campus, secrets(house)[-1]) == claiming.OVER
    campus.pass_time(days=31)
    assert asked(campus)
    assert len(campus.all(tables.ClaimLink)) < 4, "old ones go"


def test_there_is_an_end_to_what_strangers_can_have_sent(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "MOST_OF_ALL", 2)
    campus.award_all([f"a{number}@example.org" for number in range(3)])
    assert [asked(campus, f"a{number}@example.org") for number in range(3)] == [True, True, False]


def test_a_holder_has_the_badges_of_their_address_of_every_unit_and_no_others(campus: Campus) -> None:
    campus.new_issuer("college")
    campus.new_achievement("carving", issuer="college")
    first, other = campus.issued(LIN), campus.issued("bo@example.org")
    second = campus.issued("LIN@example.org", achievement="carving", valid_until=campus.now + timedelta(days=1))
    with campus.writing() as session:
        lin, bo = (holders.prove(session, email, now=campus.now) for email in (LIN, "bo@example.org"))
        assert holders.prove(session, LIN, now=campus.now) == lin
        assert [one.award.id for one in holders.badges(session, lin, now=campus.now)] == [second.award_id, first.award_id]
        assert [one.award.id for one in holders.badges(session, bo, now=campus.now)] == [other.award_id]
        assert holders.owned(session, lin, second.uuid).id == second.award_id
        for wrong in (other.uuid, campus.all(tables.Award)[0].uuid):
            with pytest.raises(problem.NotFound):
                holders.owned(session, lin, wrong)
    campus.pass_time(days=1)
    assert [name.rpartition(" ")[2] for name in listed(campus)] == ["expired", "force"]
    with campus.writing() as session:  # somebody says that the college's learner is another person
        owner = session.get_one(tables.Award, second.award_id).learner_id
        for row in session.scalars(select(tables.LearnerIdentity).where(tables.LearnerIdentity.learner_id == owner)):
            row.learner_id = session.get_one(tables.Award, other.award_id).learner_id
    assert len(listed(campus)) == 2, "what was claimed stays"
    assert len(listed(campus, "bo@example.org")) == 1, "and reaches nobody else"


def test_an_address_that_is_compared_in_another_form_than_it_is_written_to_proves_nothing(campus: Campus) -> None:
    kelvin = "\u212aim@example.org"
    assert kelvin.lower() == "kim@example.org"
    assert [claiming.provable(one) for one in (kelvin, "Kim@Example.ORG", "jörg@example.org", "Jörg@example.org")] == [
        None, "kim@example.org", "jörg@example.org", None,
    ]  # fmt: skip
    badge = campus.issued("lin@example.org")
    with campus.writing() as session:
        award = session.get_one(tables.Award, badge.award_id)
        award.claims = award.claims | {"email": kelvin}
        assert claiming.invite(session, award, site=SITE, now=campus.now) == delivering.Invitation(kelvin)


def test_a_session_ends_after_a_while_without_use_and_after_a_week(campus: Campus) -> None:
    def holds(secret: str) -> bool:
        with campus.writing() as session:
            row = holders.signed_in(session, secret, now=campus.now)
            if row and holders.is_stale(row, now=campus.now):
                holders.touch(session, row.id, now=campus.now)
            return row is not None

    with campus.writing() as session:
        holder = holders.prove(session, LIN, now=campus.now)
        idle, used = (holders.sign_in(session, holder, now=campus.now) for _ in range(2))
    began = campus.now
    campus.pass_time(hours=11)
    assert holds(used)
    campus.now = began + holders.IDLE
    assert (holds(idle), holds(used), holds(""), holds("x" * 43)) == (False, True, False, False)
    while campus.now < began + holders.SESSION - timedelta(hours=11):
        campus.pass_time(hours=11)
        assert holds(used)
    campus.now = began + holders.SESSION
    assert not holds(used)
    with campus.writing() as session:
        again = holders.sign_in(session, holder, now=campus.now)
    assert len(campus.all(tables.HolderSession)) == 1, "what is over goes"
    with campus.writing() as session:
        holders.sign_out(session, again)
    assert not holds(again)


def test_what_was_agreed_to_is_kept_with_its_words_and_never_changed(campus: Campus) -> None:
    badge = campus.issued(LIN)
    public, private = (consents.Choice(name, shows_results=name == "public", may_be_listed=False) for name in ("public", "private"))
    with campus.writing() as session:
        holder = holders.prove(session, LIN, now=campus.now)
        consents.accept(session, holder, badge.award_id, now=campus.now)
        assert consents.choose(session, holder, badge.award_id, public, now=campus.now).visibility == "unlisted"
        consents.choose(session, holder, badge.award_id, public, now=campus.now)
        assert consents.choose(session, holder, badge.award_id, private, now=campus.now) == public
        with pytest.raises(problem.Invalid):
            consents.choose(session, holder, badge.award_id, consents.Choice("secret", True, True), now=campus.now)
        rows = consents.history(session, [badge.award_id])[badge.award_id]
    assert [(row.kind, row.given) for row in reversed(rows)] == [
        ("issue", True), ("results", True), ("publish", True), ("results", False), ("publish", False),
    ]  # fmt: skip
    assert {consents.words(row) for row in rows} == {consents.TEXTS[kind].words for kind in ("issue", "results", "publish")}


def test_who_does_not_claim_a_badge_within_a_week_is_reminded_once(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    def reminded() -> int:
        with campus.writing() as session:
            return delivering.remind(session, site=SITE, now=campus.now)

    campus.issued(LIN)
    other = campus.issued("bo@example.org")
    revoked = campus.issued("al@example.org")
    carry()
    first = secrets(house)
    assert use(campus, first[1]) == "bo@example.org"
    campus.revoke(revoked.uuid)
    began = campus.now
    campus.now = began + delivering.REMIND_AFTER - timedelta(microseconds=1)
    assert reminded() == 0
    campus.pass_time(microseconds=1)
    with campus.writing() as session:
        assert delivering.remind(session, site=Site(SITE.base), now=campus.now) == 0, "nobody is written to"
    assert (reminded(), reminded()) == (1, 0)
    carry()
    letter = house.messages()[-1]
    assert (letter["Subject"], house.letters[-1][1]) == ("Your badge still waits: Welding Safety", [LIN])
    assert len(house.letters) == 4
    assert use(campus, first[0]) == claiming.OVER
    assert use(campus, secrets(house)[-1]) == LIN
    campus.pass_time(days=8)
    assert reminded() == 0
    assert {row.state for row in campus.all(tables.Message)} == {"sent"}
    assert other.award_id in {row.award_id for row in campus.all(tables.Claim)}


def test_nobody_is_reminded_of_what_was_claimed_or_is_long_ago(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    campus.issued(LIN)
    carry()
    campus.pass_time(days=7)
    with campus.writing() as session:
        assert delivering.remind(session, site=SITE, now=campus.now) == 1
    assert use(campus, secrets(house)[0]) == LIN  # while the reminder waits
    carry()
    row = campus.only(tables.Message)
    assert (len(house.letters), row.state, row.reason) == (1, "sent", "The badge was claimed before its learner was reminded.")
    campus.issued("bo@example.org")
    carry()
    campus.pass_time(days=31)
    with campus.writing() as session:
        assert delivering.remind(session, site=SITE, now=campus.now) == 0


def adding(campus: Campus, holder: int, email: str, house: posthouse.PostHouse, carry: Carry) -> str:
    """Have an address added; return the secret in its letter."""
    with campus.writing() as session:
        assert claiming.ask(session, email, holder_id=holder, now=campus.now)
    carry()
    body = house.messages()[-1].get_body(("plain",))
    assert body is not None
    assert house.letters[-1][1] == [email]
    return str(re.findall(r"/me/addresses/new/(\w{43})", body.get_content())[0])


def test_another_address_is_added_by_its_letters_and_gets_them_from_then_on(
    campus: Campus, house: posthouse.PostHouse, carry: Carry
) -> None:
    campus.issued(LIN)
    with campus.writing() as session:
        lin = holders.prove(session, LIN, now=campus.now)
        stranger = holders.prove(session, "bo@example.org", now=campus.now)
    carry()
    secret = adding(campus, lin, "lin@home.example", house, carry)
    assert use(campus, secret) == claiming.OVER, "it signs nobody in"
    with campus.writing() as session:
        with pytest.raises(problem.Forbidden):
            claiming.use(session, secret, holder_id=stranger, now=campus.now)
        found = claiming.use(session, secret, holder_id=lin, now=campus.now)
        addresses.add(session, lin, found.email, now=campus.now)
        addresses.prefer(session, lin, "lin@home.example", now=campus.now)
        addresses.prefer(session, lin, "lin@home.example", now=campus.now)
    campus.new_achievement("brazing")
    badge = campus.issued(LIN, achievement="brazing")
    before = len(house.letters)
    carry()
    sent = {letter["Subject"]: to for letter, (_, to, _) in list(zip(house.messages(), house.letters, strict=True))[before:]}
    assert sent == {"Your addresses at localhost were changed": [LIN], "Your badge: Welding Safety": ["lin@home.example"]}
    assert b"lin@example.org" not in badge.document
    assert use(campus, invited(campus, badge)) == "lin@home.example"
    assert len(listed(campus)) == 2
    with campus.reading() as session:
        assert [(row.kind, row.email) for row in reversed(addresses.history(session, lin))] == [
            ("proven", LIN), ("proven", "lin@home.example"), ("preferred", "lin@home.example"),
        ]  # fmt: skip


def test_an_address_that_is_taken_away_takes_its_badges_with_it_and_the_last_one_stays(campus: Campus) -> None:
    campus.issued(LIN)
    with campus.writing() as session:
        lin = holders.prove(session, LIN, now=campus.now)
        with pytest.raises(problem.Conflict, match="only address"):
            addresses.remove(session, lin, LIN, now=campus.now)
        addresses.add(session, lin, "lin@home.example", now=campus.now)
        for wrong in (addresses.remove, addresses.prefer):
            with pytest.raises(problem.NotFound):
                wrong(session, lin, "bo@example.org", now=campus.now)
        addresses.remove(session, lin, LIN, now=campus.now)
        assert addresses.preferred(session, lin) == "lin@home.example"
        assert holders.badges(session, lin, now=campus.now) == []
    assert [row.payload for row in campus.all(tables.Job) if row.kind == addresses.TELL] == [{"to": LIN}]
    assert [row.kind for row in campus.all(tables.HolderEvent)] == ["proven", "proven", "removed", "preferred"]


def test_who_proves_an_address_of_somebody_else_has_it_and_they_are_told(campus: Campus) -> None:
    campus.issued(LIN)
    with campus.writing() as session:
        lin, bo = (holders.prove(session, email, now=campus.now) for email in (LIN, "bo@example.org"))
        secret = holders.sign_in(session, lin, now=campus.now)
        addresses.add(session, bo, LIN, now=campus.now)
        assert (holders.find(session, LIN), addresses.preferred(session, bo)) == (bo, "bo@example.org")
        assert holders.signed_in(session, secret, now=campus.now) is None
        assert holders.badges(session, lin, now=campus.now) == []
        assert len(holders.badges(session, bo, now=campus.now)) == 1
        for number in range(addresses.MOST - 2):
            addresses.add(session, bo, f"bo{number}@example.org", now=campus.now)
        with pytest.raises(problem.Conflict, match="At most"):
            addresses.add(session, bo, "more@example.org", now=campus.now)
    assert [row.payload for row in campus.all(tables.Job) if row.kind == addresses.TELL] == [{"to": LIN}]


def test_nobody_has_letters_sent_to_addresses_at_will(campus: Campus) -> None:
    with campus.writing() as session:
        lin = holders.prove(session, LIN, now=campus.now)
        asked = [claiming.ask(session, f"a{number}@example.org", holder_id=lin, now=campus.now) for number in range(claiming.MOST + 1)]
    assert asked == [True] * claiming.MOST + [False]
