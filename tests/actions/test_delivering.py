"""Learners are told of their badges, through a real mail server."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from email.headerregistry import AddressHeader
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update
from tests.actions.conftest import SENDER
from tests.net import posthouse

from badgeissuer import access, courier, delivering, granting, issuing, problem, signing
from badgeissuer.awarding import event as events
from badgeissuer.delivering import letter
from badgeissuer.net import mail, post
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus, Carry, Found

SITE = Site("http://localhost:8000", tells_learners=True)
NOW = datetime(2026, 5, 20, tzinfo=UTC)
ASHA = "asha.rao@example.org"


@pytest.fixture
def campus(found: Found, monkeypatch: pytest.MonkeyPatch) -> Campus:
    """A campus that writes to learners."""
    made = found(SITE)
    monkeypatch.setattr(courier, "clock", lambda: made.now)
    return made


def message(campus: Campus) -> Any:  # noqa: ANN401 - the one row
    return campus.only(tables.Message)


def parts(house: posthouse.PostHouse, place: int = 0) -> tuple[str, str]:
    """Return the plain text and the HTML of a letter."""
    found = house.messages()[place]
    text, html = found.get_body(("plain",)), found.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


def test_a_learner_is_told_of_a_badge(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    badge = campus.issued()
    assert message(campus).state == "waiting"
    assert carry() == 1
    ((sender, recipients, _),) = house.letters
    assert (sender, recipients) == (SENDER.address, [ASHA])
    found = house.messages()[0]
    assert found["From"] == "Northvalley Workshop <badges@example.edu>"
    assert found["To"] == f"Asha Rao <{ASHA}>"
    assert found["Subject"] == "Your badge: Welding Safety"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Date"].datetime == campus.now.replace(microsecond=0)
    assert found["Reply-To"] is None
    for text in parts(house):
        assert SITE.credential(badge.uuid) in text
        assert "Northvalley Workshop" in text
        assert "Asha Rao" in text
    row = message(campus)
    assert (row.state, row.status, row.attempts, row.sent_at) == ("sent", 250, 1, campus.now)
    assert carry() == 0


def test_nothing_in_a_letter_is_loaded_or_tells_that_it_was_read(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    badge = campus.issued()
    carry()
    _, html = parts(house)
    leads = set(re.findall(r"(?:src|href)\s*=\s*[\"']([^\"']*)", html))
    assert {re.sub("[A-Za-z0-9]{43}", "SECRET", lead) for lead in leads} == {SITE.credential(badge.uuid), f"{SITE.base}/claim/SECRET"}
    assert not re.search(r"<(img|link|script|iframe|style)|url\(|@import", html, re.IGNORECASE)


def test_a_letter_has_the_colour_of_the_unit_with_text_that_can_be_read_on_it() -> None:
    for given_colour, ground, ink in (
        ("#FFFF66", "#ffff66", "#000000"),
        ("#000080", "#000080", "#ffffff"),
        ('red" onload="', "#14578c", "#ffffff"),
    ):
        _, html = _bodies(news(colour=given_colour))
        assert f"background:{ground};color:{ink}" in html
        assert "onload" not in html


def test_what_people_are_called_is_text_and_nothing_else() -> None:
    text, html = _bodies(news(unit="<b>Labs</b> & {{ 7 * 7 }}", achievement="<script>alert(1)</script>", name='A" onclick="x'))
    assert "<b>Labs</b> & {{ 7 * 7 }}" in text
    assert "&lt;b&gt;Labs&lt;/b&gt; &amp; {{ 7 * 7 }}" in html
    assert "<script" not in html
    assert "<b>" not in html


def test_the_unit_is_answered_at_its_own_address(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    campus.new_issuer("college", name="College", email="office@bücher.example")
    campus.new_achievement("carving", issuer="college")
    campus.issued(achievement="carving")
    carry()
    assert house.messages()[0]["Reply-To"] == "College <office@xn--bcher-kva.example>"


def news(**more: Any) -> letter.News:  # noqa: ANN401 - members of it
    learner = mail.Mailbox(more.pop("address", ASHA), more.pop("name", "Asha Rao"))
    plain: dict[str, Any] = {"unit": "College", "achievement": "Welding", "url": SITE.base + "/c/1", "colour": None, "reply_to": None}
    return letter.News(learner=learner, copy_of="1.0", **plain | more)


def _written(told: letter.News, sender: mail.Mailbox = SENDER) -> Any:  # noqa: ANN401 - a message as a client reads it
    written = letter.write(told, sender=sender, now=NOW)
    return email.message_from_bytes(written.message.as_bytes(policy=email.policy.SMTP), policy=email.policy.SMTP)


def _bodies(told: letter.News) -> tuple[str, str]:
    found = _written(told)
    return found.get_body(("plain",)).get_content(), found.get_body(("html",)).get_content()


HEADERS = {"from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type", "reply-to"}
NAMES = st.text(max_size=250) | st.sampled_from(
    [
        "A\r\nBcc: evil@example.net",
        "a@b.example, evil@example.net",
        "<evil@example.net>",
        '"\\',
        "=?utf-8?q?a=0d=0aBcc:_x?=",
        "=?utf-8?b?DQpCY2M6IGE=?= é",
        "ü" * 200,
        "\u202egnp.exe",
        "名" * 90,
    ]
)


@settings(deadline=None)
@given(NAMES, NAMES, NAMES)
def test_no_name_brings_a_header_or_a_recipient_of_its_own(unit: str, achievement: str, name: str) -> None:
    found = _written(news(unit=unit, achievement=achievement, name=name, reply_to="office@example.edu"))
    assert {header.lower() for header in found} == HEADERS
    assert not found.defects
    for header, address in (("To", ASHA), ("From", SENDER.address), ("Reply-To", "office@example.edu")):
        assert [one.addr_spec for one in cast("AddressHeader", found[header]).addresses] == [address]
    assert found.as_bytes(policy=email.policy.SMTP).isascii()
    assert all(len(line) <= 998 for line in found.as_bytes(policy=email.policy.SMTP).splitlines())
    assert not set("\u202e\r\n") & set(found["Subject"])


@pytest.mark.parametrize(
    "name", ["Win now: evil", "https://evil.example", "Visit evil.example", "asha@evil", "evil\\x", "evil.ex\u200bample", "evil\u200b/x"]
)
def test_a_name_that_could_be_taken_for_an_address_is_left_out(name: str) -> None:
    found = _written(news(name=name))
    assert found["To"] == ASHA
    for text in _bodies(news(name=name)):
        assert "Hello," in text
        assert "evil" not in text
    assert _written(news(name="J. R. R. Müller, St. Gallen"))["To"].addresses[0].display_name == "J. R. R. Müller, St. Gallen"


def test_names_are_cut_and_keep_what_scripts_need() -> None:
    assert letter.one_line("x" * 500) == "x" * letter.LONGEST_NAME + "…"
    assert letter.one_line(" a\u200d\u0000\n b\u202e\ue000\ud800 ") == "a\u200d b"


def test_an_address_beyond_ascii_is_written_as_it_is_and_its_domain_as_servers_know_it() -> None:
    found = letter.write(news(address="jörg@bücher.example"), sender=SENDER, now=NOW)
    assert found.recipient == "jörg@xn--bcher-kva.example"
    assert b"=?" not in found.message.as_bytes(policy=email.policy.SMTPUTF8).partition(b"\r\n\r\n")[0]


def test_the_sender_may_have_a_name_of_its_own() -> None:
    assert _written(news(), mail.Mailbox("badges@example.edu", "Registrar"))["From"] == "Registrar <badges@example.edu>"


@pytest.mark.parametrize("address", ["", "no-at", "a b@example.org", "a\r\nb@example.org"])
def test_an_address_that_is_none_is_said_so(address: str) -> None:
    with pytest.raises(problem.Invalid, match="cannot stand in a letter"):
        _written(news(address=address))


# Once


def test_a_crash_between_the_server_and_the_record_sends_the_same_message_again(
    campus: Campus, house: posthouse.PostHouse, carry: Carry, monkeypatch: pytest.MonkeyPatch
) -> None:
    campus.issued()
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "record", lambda *_args, **_more: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            carry()
    assert (len(house.letters), message(campus).state) == (1, "waiting")
    assert carry() == 0, "the job is still held by who was lost"
    campus.pass_time(seconds=courier.LEASE.total_seconds())
    assert carry() == 1
    first, second = house.messages()
    assert first["Message-ID"] == second["Message-ID"]
    assert message(campus).state == "sent"


def test_what_is_recorded_is_not_sent_again_when_the_rest_of_its_job_is(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    house.says["second@example.org"] = "451 Later"
    campus.award_all(["first@example.org", "second@example.org", "third@example.org"])
    carry()
    assert sorted(recipients[0] for _, recipients, _ in house.letters) == ["first@example.org", "third@example.org"]
    house.says.clear()
    campus.pass_time(minutes=1)
    carry()
    assert sorted(recipients[0] for _, recipients, _ in house.letters) == ["first@example.org", "second@example.org", "third@example.org"]
    assert {row.state for row in campus.all(tables.Message)} == {"sent"}


def test_another_copy_has_another_id_and_only_the_copy_is_sent(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    campus.issued()
    carry()
    with campus.writing() as session:
        row = session.get_one(tables.Message, message(campus).id)
        delivering.resend(session, row, now=campus.now)
        with pytest.raises(problem.Conflict, match="waits"):
            delivering.resend(session, row, now=campus.now)
    assert carry() == 1
    one, two = (found["Message-ID"] for found in house.messages())
    assert one != two
    assert (message(campus).state, message(campus).copy) == ("sent", 1)


def test_a_job_of_an_earlier_copy_sends_nothing(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    campus.issued()
    with campus.writing() as session:
        session.execute(update(tables.Message).values(copy=1))
    assert carry() == 1
    assert (house.letters, message(campus).state) == ([], "waiting")


# What servers say


def test_what_is_refused_for_good_has_bounced_with_the_words_of_the_server(
    campus: Campus, house: posthouse.PostHouse, carry: Carry
) -> None:
    house.says[ASHA] = "550 5.1.1 " + "No such mailbox " * 15
    campus.issued()
    assert carry() == 1
    row = message(campus)
    assert (row.state, row.status) == ("bounced", 550)
    assert row.reason.startswith("5.1.1 No such mailbox")
    campus.pass_time(days=9)
    assert carry() == 0


def test_what_cannot_be_taken_now_is_tried_for_three_days_and_then_failed(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    house.says[ASHA] = "452 Mailbox full"
    campus.issued()
    began = campus.now
    while message(campus).state == "waiting":
        carry()
        row = message(campus)
        assert (row.status, row.reason) == (452, "Mailbox full")
        campus.now = max(campus.now, *(job.run_at for job in campus.all(tables.Job)))
    assert message(campus).state == "failed"
    assert message(campus).attempts == jobs.LONG.attempts
    assert timedelta(days=2) < campus.now - began < timedelta(days=5)


def test_a_server_that_is_away_is_asked_once_for_all_letters_of_a_job(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    campus.award_all([f"l{number}@example.org" for number in range(5)])
    campus.only(tables.BatchChunk)
    assert carry("smtp://127.0.0.1:1") == 1
    rows = campus.all(tables.Message)
    assert sorted(row.attempts for row in rows) == [0, 0, 0, 0, 1]
    assert {row.state for row in rows} == {"waiting"}
    campus.pass_time(minutes=1)
    assert carry() == 1
    assert len(house.letters) == 5


def test_a_letter_that_makes_the_server_hang_up_holds_up_no_other(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    house.says["data:l0@example.org"] = posthouse.CUT
    campus.award_all([f"l{number}@example.org" for number in range(5)])
    carry()
    states = {row.award_id: row.state for row in campus.all(tables.Message)}
    assert sorted(states.values()) == ["sent"] * 4 + ["waiting"]


def test_an_address_that_the_server_cannot_take_fails_in_plain_words(campus: Campus) -> None:
    with posthouse.posthouse(utf8=False) as house:
        campus.issued("jörg@example.org")
        poster = post.Poster(post.Reach())
        assert courier.Courier(campus.engine, courier.Means(campus.site, poster, mail.read_url(house.url), SENDER)).do_one()
        poster.close()
    assert (message(campus).state, message(campus).reason) == ("failed", mail.UNABLE)


def test_a_badge_that_cannot_be_written_of_fails_and_holds_up_nothing(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    badge = campus.issued()
    with campus.writing() as session:
        award = session.get_one(tables.Award, badge.award_id)
        award.claims = award.claims | {"email": "no address"}
    assert carry() == 1
    assert (message(campus).state, house.letters) == ("failed", [])


def test_a_courier_that_dies_again_and_again_gives_up_what_it_had(campus: Campus, carry: Carry) -> None:
    campus.issued()
    with campus.writing() as session:
        gone = {"state": "running", "worker": "gone", "attempts": jobs.LONG.attempts, "lease_until": campus.now}
        session.execute(update(tables.Job).where(tables.Job.kind == delivering.SEND).values(gone))
    assert carry() == 0
    assert (message(campus).state, message(campus).reason) == ("failed", delivering.GIVEN_UP)


# Who is not written to


def test_nothing_is_queued_where_no_mail_server_is_set(found: Found) -> None:
    campus = found()
    campus.issued()
    campus.award_all(["one@example.org"])
    assert campus.all(tables.Message) == []


def test_nothing_is_queued_where_the_unit_writes_to_nobody(campus: Campus) -> None:
    with campus.writing() as session:
        session.get_one(tables.Issuer, campus.issuer().id).notify = False
    campus.issued()
    assert campus.all(tables.Message) == []


def test_who_has_no_address_is_not_written_to(campus: Campus) -> None:
    campus.issued(None, did="did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")
    assert campus.all(tables.Message) == []
    award = campus.only(tables.Award)
    with campus.writing() as session, pytest.raises(problem.Conflict, match="e-mail"):
        delivering.add(session, session.get_one(tables.Award, award.id), now=campus.now)


@pytest.mark.parametrize("how", ["revoked", "cancelled", "silent"])
def test_who_has_lost_the_badge_meanwhile_is_not_written_to(campus: Campus, house: posthouse.PostHouse, carry: Carry, how: str) -> None:
    badge = campus.issued()
    if how == "revoked":
        campus.revoke(badge.uuid)
    else:
        with campus.writing() as session:
            if how == "cancelled":
                session.get_one(tables.Award, badge.award_id).state = "cancelled"
            else:
                session.get_one(tables.Issuer, badge.issuer_id).notify = False
    carry()
    assert (house.letters, message(campus).state) == ([], "cancelled")
    assert message(campus).reason


def test_who_was_not_written_to_can_be_later_and_once_only(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    with campus.writing() as session:
        session.get_one(tables.Issuer, campus.issuer().id).notify = False
    badge = campus.issued()
    with campus.writing() as session:
        session.get_one(tables.Issuer, badge.issuer_id).notify = True
        award = session.get_one(tables.Award, badge.award_id)
        delivering.add(session, award, now=campus.now)
        with pytest.raises(problem.Conflict, match="already"):
            delivering.add(session, award, now=campus.now)
    carry()
    assert len(house.letters) == 1


def test_a_letter_that_came_back_is_noted(campus: Campus, carry: Carry) -> None:
    campus.issued()
    with campus.writing() as session, pytest.raises(problem.Conflict, match="waiting"):
        delivering.bounced(session, session.get_one(tables.Message, message(campus).id), reason="x")
    carry()
    with campus.writing() as session:
        delivering.bounced(session, session.get_one(tables.Message, message(campus).id), reason="550\r\nGone away")
    assert (message(campus).state, message(campus).reason) == ("bounced", "550 Gone away")


# Every way in which badges come about


def test_a_roster_orders_one_job_for_a_chunk(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    campus.award_all([f"l{number}@example.org" for number in range(40)] + [""])
    assert len(campus.all(tables.Message)) == 40
    assert len([job for job in campus.all(tables.Job) if job.kind == delivering.SEND]) == 1
    assert carry() == 1
    assert (len(house.letters), house.connections) == (40, 1)


def test_a_badge_that_is_signed_within_a_request_is_told_of_too(campus: Campus, house: posthouse.PostHouse, carry: Carry) -> None:
    actor = access.Actor(1, "test", "admin")
    claim = events.LearnerClaim(None, None, ASHA, None, None)
    wish = granting.Wish(actor, "welding", claim, issuing.Decision(awarded_at=campus.now, email=ASHA))
    with campus.reading() as session:
        signing.unlock(session, keyring=campus.keyring)
    with campus.writing() as session:
        granting.grant(session, wish, means=granting.Means(campus.site, campus.randomness, campus.keyring), now=campus.now)
    assert carry() == 1
    assert [recipients for _, recipients, _ in house.letters] == [[ASHA]]


@pytest.mark.parametrize("tells", [False, True])
def test_what_it_costs_a_roster_does_not_grow_with_its_rows(found: Found, tells: bool) -> None:  # noqa: FBT001 - as the name says
    campus = found(Site("http://localhost:8000", tells_learners=tells))
    counts = []
    for size in (5, 50):
        statements: list[str] = []
        campus.award_all([f"before{size}@example.org"])  # what is made once is made
        listen = lambda *given_, into=statements: into.append(given_[2])  # noqa: E731
        event.listen(campus.engine, "before_cursor_execute", listen)
        campus.award_all([f"l{number}.{size}@example.org" for number in range(size)])
        event.remove(campus.engine, "before_cursor_execute", listen)
        counts.append(sum("message" in one or "subscriber" in one or "notice" in one for one in statements))
    assert counts[0] == counts[1] <= (4 if tells else 1)
