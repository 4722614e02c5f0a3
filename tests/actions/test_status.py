from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, update

from badgeissuer import problem, signing, status
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import tables
from badgeissuer.vc import document, statuslist

if TYPE_CHECKING:
    from tests.actions.conftest import Campus, Found


def publish(campus: Campus, list_id: int = 1) -> tables.StatusList:
    with campus.writing() as session:
        return status.publish(session, list_id, keyring=campus.keyring, site=campus.site, now=campus.now)


def bits(row: tables.StatusList) -> set[int]:
    """Return the positions that are set in the list as it is signed."""
    subject = document.parse(row.published or b"")["credentialSubject"]
    unpacked = statuslist.decode(subject["encodedList"])
    return {8 * place + bit for place, byte in enumerate(unpacked) if byte for bit in range(8) if byte & 0x80 >> bit}


def stale(campus: Campus) -> list[int]:
    with campus.reading() as session:
        return list(status.stale(session, now=campus.now))


def test_places_do_not_show_the_order(campus: Campus) -> None:
    for number in range(6):
        campus.award(f"learner{number}@example.org")
    positions = [row.position for row in campus.all(tables.StatusEntry)]
    assert len(set(positions)) == 6
    assert positions != sorted(positions)


def test_many_credentials_get_their_places_at_once(campus: Campus) -> None:
    uuids = [uuid4() for _ in range(3)]
    with campus.writing() as session:
        given = status.reserve(session, campus.issuer().id, uuids, randomness=campus.randomness, now=campus.now)
        again = [status.entry(session, uuid) for uuid in uuids]
    assert [(row.id, position) for row, position in given] == [(row.id, place.position) for row, place in again]


def test_when_a_list_is_full_another_is_opened_and_both_count(campus: Campus) -> None:
    first = campus.issued()
    with campus.writing() as session:
        session.execute(update(tables.StatusList).values(state="full"))
    second = campus.issued("lee@example.org")
    lists = [document.parse(badge.document)["credentialStatus"]["statusListCredential"] for badge in (first, second)]
    assert len(set(lists)) == 2
    campus.revoke(first.uuid)
    campus.work()
    assert [campus.verify(badge.document).outcome for badge in (first, second)] == ["INVALID", "VALID"]


def test_a_revoked_badge_is_reported_by_the_signed_list(campus: Campus) -> None:
    good, bad = campus.issued("lee@example.org"), campus.issued()
    assert campus.revoke(bad.uuid)
    with campus.reading() as session:
        row, place = status.entry(session, bad.uuid)
        assert not status.is_published(session, bad.uuid)
    assert (place.is_set, place.reason, place.changed_by, bits(row)) == (True, "It was a mistake.", "test", set())
    assert campus.verify(bad.document).outcome == "VALID"
    assert campus.work() == 1
    with campus.reading() as session:
        row, place = status.entry(session, bad.uuid)
        assert status.is_published(session, bad.uuid)
    assert bits(row) == {place.position}
    report = campus.verify(bad.document)
    assert (report.outcome, report.step("proof").outcome, report.step("status").outcome) == ("INVALID", "VALID", "INVALID")
    assert campus.verify(good.document).outcome == "VALID"


def test_revoking_twice_is_revoking_once(campus: Campus) -> None:
    badge = campus.issued()
    assert campus.revoke(badge.uuid)
    assert not campus.revoke(badge.uuid)
    assert campus.work() == 1
    assert not campus.revoke(badge.uuid)
    assert campus.only(tables.StatusList).changes == 1


def test_what_was_never_issued_cannot_be_revoked(campus: Campus) -> None:
    with pytest.raises(problem.NotFound):
        campus.revoke(uuid4())


def test_publishing_again_gives_the_same_bytes_until_something_changes(campus: Campus) -> None:
    badge = campus.issued()
    first = publish(campus)
    campus.pass_time(hours=23)
    assert publish(campus).published == first.published
    campus.revoke(badge.uuid)
    second = publish(campus)
    assert second.published != first.published
    campus.pass_time(hours=2)
    assert publish(campus).published == second.published


def test_a_list_is_signed_anew_every_day(campus: Campus) -> None:
    campus.issued()
    first = publish(campus)
    campus.pass_time(days=1)
    second = publish(campus)
    assert second.published != first.published
    source = document.parse(second.published or b"")
    assert (source["validFrom"], source["validUntil"]) == ("2026-05-21T14:05:00Z", "2026-06-04T14:05:00Z")


def test_a_worker_whose_clock_is_behind_takes_nothing_back(campus: Campus) -> None:
    one, other = campus.issued(), campus.issued("lee@example.org")
    campus.revoke(one.uuid)
    assert publish(campus).published_changes == 1
    campus.pass_time(hours=-3)
    assert len(bits(publish(campus))) == 1
    campus.revoke(other.uuid)
    row = publish(campus)
    assert (len(bits(row)), row.published_changes) == (2, 2)


def test_a_list_that_does_not_verify_is_not_published(campus: Campus) -> None:
    badge = campus.issued()
    before = publish(campus)
    campus.revoke(badge.uuid)
    with campus.writing() as session:
        session.execute(update(tables.SigningKey).values(verification_method="did:key:z6MkOther#z6MkOther"))
    with pytest.raises(problem.Fault, match="status list that was just signed does not verify"):
        publish(campus)
    assert campus.only(tables.StatusList).published == before.published


def test_changes_of_a_list_are_published_at_once_and_then_together(campus: Campus) -> None:
    badges = [campus.issued(f"learner{number}@example.org") for number in range(5)]
    assert campus.revoke(badges[0].uuid)
    assert campus.work() == 1
    for badge in badges[1:4]:
        assert campus.revoke(badge.uuid)
    with campus.reading() as session:
        assert [status.is_published(session, badge.uuid) for badge in badges] == [False] * 5
    assert campus.work() == 0
    assert len(bits(campus.only(tables.StatusList))) == 1
    campus.now += status.PUBLISH_EVERY
    assert campus.work() == 1
    row = campus.only(tables.StatusList)
    assert (len(bits(row)), row.published_changes, row.publish_due) == (4, 4, None)


def test_a_publication_that_does_not_come_is_ordered_again(campus: Campus) -> None:
    one, other = campus.issued(), campus.issued("lee@example.org")
    campus.revoke(one.uuid)
    with campus.writing() as session:
        session.execute(delete(tables.Job).where(tables.Job.kind == status.PUBLISH))
    campus.pass_time(seconds=29)
    campus.revoke(other.uuid)
    assert campus.work() == 0
    campus.pass_time(seconds=1)
    third = campus.award("mina@example.org")[0]
    assert campus.revoke(third.credential_uuid)
    assert campus.work() == 2
    assert len(bits(campus.only(tables.StatusList))) == 3


def test_many_are_revoked_at_once(campus: Campus) -> None:
    badges = [campus.issued(f"learner{number}@example.org") for number in range(3)]
    campus.revoke(badges[1].uuid)
    with campus.writing() as session:
        uuids = [badge.uuid for badge in badges]
        changed = status.revoke_all(session, [*uuids, uuid4()], reason="A wrong roster.", actor="test", now=campus.now)
    assert changed == 2
    assert campus.work() == 1
    assert [campus.verify(badge.document).outcome for badge in badges] == ["INVALID"] * 3


def test_a_list_is_made_of_its_rows_where_what_was_published_cannot_be_read(campus: Campus) -> None:
    campus.revoke(campus.issued().uuid)
    with campus.writing() as session:
        session.execute(update(tables.StatusList).values(published=b"not a list", published_at=campus.now, published_changes=0))
    assert len(bits(publish(campus))) == 1


def test_every_day_a_list_is_made_of_its_rows_alone(campus: Campus) -> None:
    badge = campus.issued()
    campus.revoke(badge.uuid)
    campus.work()
    with campus.writing() as session:  # as no program does it
        session.execute(update(tables.StatusEntry).values(is_set=False))
    assert len(bits(publish(campus))) == 1
    campus.pass_time(days=1)
    assert bits(publish(campus)) == set()


def test_who_publishes_at_once_never_puts_an_older_list_over_a_newer_one(campus: Campus) -> None:
    badges = [campus.award(f"learner{number}@example.org")[0].credential_uuid for number in range(8)]
    publish(campus)

    def revoke_and_publish(uuid: UUID) -> int:
        campus.revoke(uuid)
        return publish(campus).published_changes

    with ThreadPoolExecutor(len(badges)) as pool:
        published = list(pool.map(revoke_and_publish, badges))
    row = campus.only(tables.StatusList)
    assert (len(bits(row)), row.published_changes, max(published)) == (8, 8, 8)


def test_lists_are_due_when_they_changed_or_grew_old(campus: Campus) -> None:
    assert stale(campus) == []
    campus.award()
    assert stale(campus) == [1]
    campus.work()
    assert stale(campus) == []
    campus.revoke(campus.only(tables.Credential).uuid)
    assert stale(campus) == [1]
    campus.work()
    campus.pass_time(days=1, seconds=1)
    assert stale(campus) == [1]


def test_lists_that_nobody_can_sign_are_not_due(campus: Campus) -> None:
    campus.issued()
    with campus.writing() as session:
        signing.retire(session, campus.only(tables.SigningKey).public_key_multibase, now=campus.now, compromised=True)
    campus.pass_time(days=2)
    assert stale(campus) == []


@pytest.mark.parametrize(("base", "expected"), [("http://localhost:8000", []), ("https://x.edu", ["https://x.edu/i/workshop/did.json"])])
def test_the_controller_document_is_where_verifiers_look_for_it(found: Found, base: str, expected: list[str]) -> None:
    campus = found(Site(base))
    with campus.reading() as session:
        assert list(status.controller_resource(session, campus.issuer(), now=campus.now)) == expected


def test_a_list_counts_for_two_weeks(campus: Campus) -> None:
    badge = campus.issued()
    campus.now += status.VALID_FOR + timedelta(seconds=1)
    report = campus.verify(badge.document)
    assert (report.outcome, report.step("status").outcome) == ("INDETERMINATE", "INDETERMINATE")
    publish(campus)
    assert campus.verify(badge.document).outcome == "VALID"
