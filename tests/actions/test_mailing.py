"""Links to sign in: sent by a courier to a real mail server, and used once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from tests.net import posthouse

from badgeissuer import courier, enrolling, problem
from badgeissuer.entering import mailing
from badgeissuer.net import mail, post
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from tests.actions.conftest import Campus

HERE, THERE = "h" * 43, "t" * 43
SENDER = mail.Mailbox("badges@example.edu")


@pytest.fixture
def campus(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> Campus:
    monkeypatch.setattr(courier, "clock", lambda: campus.now)
    with campus.writing() as session:
        enrolling.create(session, "ada@example.edu", name="Ada Lovelace", role="issuer", now=campus.now)
    return campus


@pytest.fixture
def house() -> Iterator[posthouse.PostHouse]:
    with posthouse.posthouse() as running:
        yield running


def ask(campus: Campus, *, email: str = "ada@example.edu") -> bool:
    with campus.writing() as session:
        row = enrolling.by_address(session, email)
        assert row is not None
        return mailing.ask(session, row, browser=HERE, wanted="/staff/units", now=campus.now)


def carry(campus: Campus, house: posthouse.PostHouse) -> int:
    poster = post.Poster(post.Reach())
    try:
        return campus.carry(courier.Means(campus.site, poster, mail.read_url(house.url), SENDER))
    finally:
        poster.close()


def sent(campus: Campus, house: posthouse.PostHouse) -> str:
    """Have a link carried, and return its secret as it stands in the letter."""
    carry(campus, house)
    body = house.messages()[-1].get_body(("plain",))
    assert body is not None
    (secret,) = re.findall(re.escape(f"{campus.site.base}{mailing.PATH}/") + r"([A-Za-z0-9]{43})\r?\n", body.get_content())
    return str(secret)


def use(campus: Campus, secret: str, browser: str = HERE) -> str:
    """Return whom a link lets in, or why it does not."""
    with campus.writing() as session:
        try:
            row, wanted = mailing.use(session, secret, browser=browser, now=campus.now)
        except problem.Forbidden as fault:
            return fault.detail
        return f"{row.email} {wanted}"


def test_a_link_is_sent_and_lets_in_once(campus: Campus, house: posthouse.PostHouse) -> None:
    assert ask(campus)
    secret = sent(campus, house)
    letter = house.messages()[-1]
    assert (letter["To"], letter["From"]) == (
        "Ada Lovelace <ada@example.edu>",
        f"{letter['Subject'].rpartition(' ')[2]} <badges@example.edu>",
    )
    for _ in range(2):  # to look uses nothing up
        with campus.writing() as session:
            assert mailing.look(session, secret, browser=HERE, now=campus.now).name == "Ada Lovelace"
    assert use(campus, secret) == "ada@example.edu /staff/units"
    assert use(campus, secret) == mailing.OVER
    with pytest.raises(problem.Forbidden), campus.writing() as session:
        mailing.look(session, secret, browser=HERE, now=campus.now)


def test_no_table_holds_a_link(campus: Campus, house: posthouse.PostHouse, engine: Engine) -> None:
    ask(campus)
    with campus.writing() as session:
        assert session.scalars(select(tables.SignInLink.secret_sha256)).all() == [None]
    secret = sent(campus, house)
    with engine.connect() as connection:
        for table in (tables.SignInLink, tables.Job):
            assert secret not in str(connection.execute(select(table.__table__)).all())


def test_a_link_counts_only_in_the_browser_that_asked(campus: Campus, house: posthouse.PostHouse) -> None:
    ask(campus)
    secret = sent(campus, house)
    for browser in (THERE, ""):
        assert use(campus, secret, browser) == mailing.ELSEWHERE
    assert use(campus, secret) == "ada@example.edu /staff/units"


def test_a_newer_link_makes_the_older_void(campus: Campus, house: posthouse.PostHouse) -> None:
    ask(campus)
    first = sent(campus, house)
    ask(campus)
    second = sent(campus, house)
    assert use(campus, first) == mailing.OVER
    assert use(campus, second).startswith("ada@example.edu")


def test_of_two_that_wait_only_the_newer_is_sent(campus: Campus, house: posthouse.PostHouse) -> None:
    ask(campus)
    ask(campus)
    assert carry(campus, house) == 2
    assert len(house.letters) == 1


def test_a_link_counts_for_a_quarter_of_an_hour(campus: Campus, house: posthouse.PostHouse) -> None:
    ask(campus)
    secret = sent(campus, house)
    campus.pass_time(seconds=mailing.LASTS.total_seconds())
    assert use(campus, secret) == mailing.OVER
    ask(campus)
    campus.pass_time(seconds=mailing.LASTS.total_seconds())
    carry(campus, house)
    assert len(house.letters) == 1, "one that is too old when its turn comes is not sent"


def test_links_are_sent_so_often_to_one_address_and_so_often_in_all(
    campus: Campus, house: posthouse.PostHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [ask(campus) for _ in range(mailing.MOST + 1)] == [True] * mailing.MOST + [False]
    with campus.writing() as session:
        enrolling.create(session, "grace@example.edu", name="Grace", role="issuer", now=campus.now)
    monkeypatch.setattr(mailing, "MOST_OF_ALL", mailing.MOST + 1)
    assert [ask(campus, email="grace@example.edu") for _ in range(2)] == [True, False]
    campus.pass_time(seconds=mailing.LASTS.total_seconds())
    assert ask(campus)
    with campus.writing() as session:
        assert session.scalar(select(func.count()).select_from(tables.SignInLink)) == 1, "those that are over are gone"
    assert carry(campus, house) > 0


def test_a_disabled_account_gets_no_letter_and_comes_in_by_none(campus: Campus, house: posthouse.PostHouse) -> None:
    ask(campus)
    secret = sent(campus, house)
    ask(campus)
    with campus.writing() as session:
        row = enrolling.by_address(session, "ada@example.edu")
        assert row is not None
        enrolling.disable(session, row, now=campus.now)
    assert use(campus, secret) == mailing.OVER
    carry(campus, house)
    assert len(house.letters) == 1


def test_a_mail_server_that_is_busy_is_asked_again_with_another_link(campus: Campus, house: posthouse.PostHouse) -> None:
    ask(campus)
    house.says["ada@example.edu"] = "451 not now"
    carry(campus, house)
    assert house.letters == []
    house.says.clear()
    campus.pass_time(seconds=60)
    assert use(campus, sent(campus, house)).startswith("ada@example.edu")
