"""Units are reminded of what is to be reviewed, through a real mail server."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from tests.actions.conftest import DRAFT
from tests.net import posthouse

from badgeissuer import access, authoring, courier, overseeing, reminding, retiring
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus, Carry, Found

DUE = date(2027, 6, 30)


@pytest.fixture
def campus(found: Found, monkeypatch: pytest.MonkeyPatch) -> Campus:
    made = found(Site("http://localhost:8000", tells_learners=True))
    monkeypatch.setattr(courier, "clock", lambda: made.now)
    address(made, "office@workshop.example.edu")
    return made


def address(campus: Campus, email: str | None, *, issuer: str = "workshop", **more: Any) -> None:  # noqa: ANN401 - columns of a unit
    with campus.writing() as session:
        authoring.change_issuer(session, authoring.issuer(session, issuer), {"email": email, **more})


def published(campus: Campus, slug: str, *, due: date | None = DUE, issuer: str = "workshop", name: str = "Welding") -> None:
    """Publish an achievement, or the next version of one, that is to be reviewed by a date."""
    draft = copy.deepcopy(DRAFT) | {"name": name} | ({"reviewDate": due.isoformat()} if due else {})
    with campus.writing() as session:
        owner = authoring.issuer(session, issuer)
        row = session.scalar(select(tables.Achievement).where(tables.Achievement.slug == slug))
        if row is None:
            row = authoring.create_achievement(session, owner, slug=slug, draft=draft, site=campus.site, now=campus.now)
        authoring.change_achievement(session, row, draft=draft, site=campus.site, now=campus.now)
        session.flush()
        authoring.publish(session, row, site=campus.site, now=campus.now)


def look(campus: Campus, days: int) -> None:
    """Have a worker look so many days before the date."""
    campus.now = datetime(DUE.year, DUE.month, DUE.day, 9, tzinfo=UTC) - timedelta(days=days)
    campus.worker()._pulse()


def text(house: posthouse.PostHouse, place: int = -1) -> str:
    found = house.messages()[place].get_body(("plain",))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def states(campus: Campus) -> list[tuple[str, str]]:
    return [(row.near, row.state) for row in campus.all(tables.Reminder)]


def test_a_unit_is_told_once_at_each_threshold_and_once_after_it(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    published(campus, "arc", name="Arc Welding")
    sent = []
    for days in (181, 180, 179, 100, 90, 89, 31, 30, 1, 0, -1, -2, -400):
        look(campus, days)
        look(campus, days)
        carry()
        sent.append(len(house.letters))
    assert sent == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    assert states(campus) == [("due_180", "sent"), ("due_90", "sent"), ("due_30", "sent"), ("overdue", "sent")]
    found = house.messages()[0]
    assert house.letters[0][:2] == ("badges@example.edu", ["office@workshop.example.edu"])
    assert found["Subject"] == "To be reviewed: Arc Welding"
    assert found["From"] == "Northvalley Workshop <badges@example.edu>"
    assert "Arc Welding (version 1)\n    by 30 June 2027, in 180 days\n    http://localhost:8000/staff/achievements/arc\n" in text(house, 0)
    assert "overdue since 30 June 2027\n" in text(house, 3)
    assert "awarded to nobody new" not in text(house)
    html = found.get_body(("html",))
    assert html is not None
    assert 'href="http://localhost:8000/staff/achievements/arc"' in html.get_content()
    assert len({one["Message-ID"] for one in house.messages()}) == 4


def test_a_reviewed_version_is_told_of_anew_and_what_was_missed_is_not_made_up_for(
    campus: Campus, house: posthouse.PostHouse, carry: Carry
) -> None:
    published(campus, "arc", due=DUE - timedelta(days=100))
    look(campus, 20)
    carry()
    assert states(campus) == [("overdue", "sent")]
    published(campus, "arc")
    look(campus, 20)
    carry()
    assert states(campus) == [("overdue", "sent"), ("due_30", "sent")]
    assert "(version 2)\n    by 30 June 2027, in 20 days" in text(house)


def test_several_of_a_unit_stand_in_one_letter_and_each_unit_gets_its_own(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    campus.new_issuer("forge", name="Forge", email="forge@example.edu", parent="workshop", pauses_overdue=True)
    for slug, owner, days in (("arc", "workshop", 5), ("gas", "workshop", 0), ("anvil", "forge", 0)):
        published(campus, slug, due=DUE - timedelta(days=days), issuer=owner, name=slug.title() + "\r\nBcc: all@example.edu")
    look(campus, 6)
    assert carry() == 2
    assert [letter[1] for letter in house.letters] == [["office@workshop.example.edu"], ["forge@example.edu"]]
    assert [one["Subject"] for one in house.messages()] == [
        "To be reviewed: Arc Bcc: all@example.edu and 1 more",
        "To be reviewed: Anvil Bcc: all@example.edu",
    ]
    assert text(house, 0).index("in one day") < text(house, 0).index("in 6 days")
    assert "awarded to nobody new until a reviewed" in text(house, 1)
    assert house.messages()[0]["Bcc"] is None


def test_a_letter_lists_so_many_and_says_how_many_more(
    campus: Campus, house: posthouse.PostHouse, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminding, "LISTED", 2)
    for slug in ("a", "b", "c"):
        published(campus, slug)
    look(campus, 0)
    carry()
    assert "and 1 more: http://localhost:8000/staff/achievements\n" in text(house)
    assert text(house).count("by 30 June 2027, today") == 2


def test_without_an_address_the_one_above_is_written_to_and_without_any_nobody(
    campus: Campus, house: posthouse.PostHouse, carry: Carry
) -> None:
    campus.new_issuer("forge", parent="workshop")
    published(campus, "anvil", issuer="forge")
    address(campus, None)
    look(campus, 10)
    assert (carry(), campus.all(tables.Reminder)) == (0, [])
    address(campus, "office@workshop.example.edu")
    look(campus, 10)
    carry()
    assert house.letters[0][1] == ["office@workshop.example.edu"]


def test_without_a_mail_server_nothing_is_ordered(found: Found) -> None:
    campus = found()
    address(campus, "office@workshop.example.edu")
    published(campus, "arc")
    look(campus, 10)
    assert campus.all(tables.Reminder) == []


def test_what_is_retired_or_names_no_date_is_not_told_of(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    published(campus, "arc")
    published(campus, "gas", due=None)
    with campus.writing() as session:
        retiring.retire(session, authoring.achievement(session, "arc"), reason="Old.", now=campus.now)
    look(campus, 10)
    assert (carry(), house.letters) == (0, [])


def test_what_changes_before_the_letter_is_sent_is_left_out(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    published(campus, "arc", name="Arc")
    published(campus, "gas", name="Gas")
    look(campus, 10)
    published(campus, "arc", due=DUE + timedelta(days=999), name="Arc")
    carry()
    assert "Arc" not in text(house)
    assert states(campus) == [("due_30", "cancelled"), ("due_30", "sent")]
    published(campus, "tig", name="Tig")
    look(campus, 9)
    address(campus, None)
    carry()
    assert states(campus)[2:] == [("due_30", "cancelled")]
    assert len(house.letters) == 1


def test_what_the_server_does_not_take_is_tried_again_and_what_it_refuses_is_not(
    campus: Campus, house: posthouse.PostHouse, carry: Carry
) -> None:
    published(campus, "arc")
    look(campus, 10)
    assert carry("smtp://127.0.0.1:9") == 1
    assert states(campus) == [("due_30", "waiting")]
    assert campus.only(tables.Reminder).reason
    house.says["office@workshop.example.edu"] = "451 4.3.0 Not now"
    campus.pass_time(minutes=1)
    carry()
    assert (states(campus), campus.only(tables.Reminder).reason) == ([("due_30", "waiting")], "4.3.0 Not now")
    house.says["office@workshop.example.edu"] = "550 5.1.1 Nobody here"
    campus.pass_time(minutes=5)
    carry()
    assert (states(campus), campus.only(tables.Reminder).reason) == ([("due_30", "failed")], "5.1.1 Nobody here")
    campus.pass_time(days=1)
    assert carry() == 0


def test_what_nobody_takes_for_days_is_given_up_and_ordered_again_by_the_next_look(
    campus: Campus, house: posthouse.PostHouse, carry: Carry
) -> None:
    published(campus, "arc")
    look(campus, 30)
    for _ in range(jobs.LONG.attempts):
        assert carry("smtp://127.0.0.1:9") == 1
        campus.pass_time(hours=13)
    assert states(campus) == [("due_30", "cancelled")]
    assert campus.only(tables.Reminder).reason
    look(campus, 20)
    assert (states(campus), campus.only(tables.Reminder).reason) == ([("due_30", "waiting")], None)
    look(campus, 20)
    assert (carry(), len(house.letters)) == (1, 1)
    assert states(campus) == [("due_30", "sent")]


def test_what_no_courier_came_to_try_is_not_ordered_again(campus: Campus) -> None:
    published(campus, "arc")
    look(campus, 10)
    with campus.writing() as session:
        reminding.give_up(session, [campus.only(tables.Reminder).id])
    look(campus, 9)
    assert states(campus) == [("due_30", "failed")]
    assert campus.only(tables.Reminder).reason == reminding.GIVEN_UP


def test_what_was_retired_before_its_letter_is_told_of_once_it_is_reopened(
    campus: Campus, house: posthouse.PostHouse, carry: Carry
) -> None:
    published(campus, "arc")
    look(campus, 20)
    with campus.writing() as session:
        retiring.retire(session, authoring.achievement(session, "arc"), reason="Old.", now=campus.now)
    carry()
    look(campus, 19)
    assert (carry(), states(campus)) == (0, [("due_30", "cancelled")])
    with campus.writing() as session:
        retiring.reopen(session, authoring.achievement(session, "arc"))
    published(campus, "gas")
    look(campus, 18)
    assert (carry(), len(house.letters)) == (1, 1), "with what else is due it stands in one letter"
    assert states(campus) == [("due_30", "sent"), ("due_30", "sent")]
    look(campus, 17)
    assert carry() == 0


@pytest.mark.parametrize("email", ["office@workshop.example.edu", "nobody"])
def test_nothing_waits_for_a_letter_that_is_not_tried_again(campus: Campus, house: posthouse.PostHouse, carry: Carry, email: str) -> None:
    published(campus, "arc")
    published(campus, "gas")
    look(campus, 20)
    with campus.writing() as session:
        retiring.retire(session, authoring.achievement(session, "arc"), reason="Old.", now=campus.now)
    address(campus, email)
    house.says[email] = "451 4.3.0 Not now"
    assert carry() == 1
    house.says[email] = "550 5.1.1 Nobody here"
    campus.pass_time(minutes=1)
    carry()
    assert states(campus) == [("due_30", "cancelled"), ("due_30", "failed")]


def test_an_address_that_cannot_stand_in_a_letter_is_said(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    published(campus, "arc")
    look(campus, 10)
    address(campus, "nobody")
    carry()
    assert (states(campus), house.letters) == ([("due_30", "failed")], [])
    assert "cannot stand in" in campus.only(tables.Reminder).reason


def test_the_overview_counts_what_is_due_in_units_that_somebody_may_see(campus: Campus) -> None:
    campus.new_issuer("forge")
    published(campus, "arc")
    published(campus, "gas", due=DUE - timedelta(days=30))
    published(campus, "anvil", issuer="forge")
    now = datetime(2027, 6, 20, tzinfo=UTC)
    with campus.reading() as session:
        seen = overseeing.overview(session, access.Actor(None, "all", "auditor"), now=now)
        assert (seen.due, seen.overdue) == (2, 1)
        own = access.Actor(None, "one", "auditor", issuer_id=authoring.issuer(session, "forge").id)
        assert overseeing.overview(session, own, now=now).due == 1
