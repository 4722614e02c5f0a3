"""Presses of published achievements, in both databases."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from cachetools import LRUCache
from sqlalchemy import update

from badgeissuer import authoring, pressing, problem, status
from badgeissuer.openbadges import credential, press
from badgeissuer.store import tables
from badgeissuer.vc import alarm, document, statuslist

if TYPE_CHECKING:
    from tests.actions.conftest import Campus

USUAL = credential.Claims()
RESULT = {"type": ["Result"], "resultDescription": "#score"}


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the presses of other tests, and any alarm."""
    forget(monkeypatch)
    monkeypatch.setattr(alarm, "ALARM", alarm.Alarm())


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressing, "_PRESSES", LRUCache(256))


def prepared(campus: Campus) -> None:
    with campus.writing() as session:
        pressing.prepare(session, authoring.published(session, "welding"), site=campus.site, now=campus.now)


def particulars(campus: Campus, claims: credential.Claims = USUAL) -> credential.Particulars:
    uuid = uuid4()
    with campus.writing() as session:
        status.allocate(session, campus.issuer().id, credential_uuid=uuid, randomness=campus.randomness, now=campus.now)
        row, place = status.entry(session, uuid)
        entry = statuslist.Entry(campus.site.status_list(row.uuid), place.position, row.purpose)
    recipient = credential.Recipient("asha.rao@example.org", salt="c2FsdA")
    return credential.Particulars(campus.site.credential(uuid), recipient, claims, credential.Dates(campus.now, campus.now), entry)


def signed(campus: Campus, *items: credential.Particulars) -> list[bytes]:
    with campus.writing() as session:
        version = authoring.published(session, "welding")
        issuer = authoring.issuer(session, "workshop")
        return pressing.sign_all(session, version, items, issuer=issuer, keyring=campus.keyring, site=campus.site, now=campus.now)


def damage(campus: Campus, **values: object) -> None:
    with campus.writing() as session:
        session.execute(update(tables.Press).values(**values))


def test_the_press_of_the_usual_badge_is_ready_when_an_achievement_is_published(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(campus)
    prepared(campus)
    row = campus.only(tables.Press)
    assert row.sha256 == hashlib.sha256(row.plan).hexdigest()
    forget(monkeypatch)  # the worker is another process
    monkeypatch.setattr(press, "make", None)  # and makes none itself
    badge = campus.issued()
    assert campus.verify(badge.document).outcome == "VALID"
    assert campus.only(tables.Press).id == row.id


def test_a_printed_badge_is_what_the_full_way_signs(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    result = {"type": ["Result"], "resultDescription": f"{campus.site.achievement('welding', 1)}#score", "value": "87.5"}
    items = [
        particulars(campus),
        particulars(campus, credential.Claims(results=[result], credits_earned=1.5, narrative="Steady “hands” \u2028")),
    ]
    printed = signed(campus, *items)
    monkeypatch.setattr(pressing, "find", lambda *_args, **_more: None)
    assert list(map(document.parse, printed)) == list(map(document.parse, signed(campus, *items)))


def test_after_an_alarm_badges_are_issued_the_slow_way(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(campus)
    alarm.ALARM.sound("A test.")
    monkeypatch.setattr(press.Press, "print", None)
    assert campus.verify(campus.issued().document).outcome == "VALID"


def test_a_press_under_another_context_refuses_to_print(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(campus)
    row = campus.only(tables.Press)
    plan = row.plan.replace(next(iter(row.contexts.values())).encode(), b"0" * 64)
    damage(campus, plan=plan, sha256=hashlib.sha256(plan).hexdigest())
    forget(monkeypatch)
    with pytest.raises(problem.Fault, match="not the one that a template for badges was made under; nothing is signed with it"):
        signed(campus, particulars(campus))


def test_a_damaged_press_refuses_to_print(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(campus)
    damage(campus, plan=campus.only(tables.Press).plan.replace(b"Welding", b"Wedding"))
    forget(monkeypatch)
    with pytest.raises(problem.Fault, match=r"is damaged; nothing is signed with it\. Restore it from a backup"):
        signed(campus, particulars(campus))


def test_a_press_that_prints_what_does_not_verify_gives_no_badge(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(campus)
    plan = campus.only(tables.Press).plan.replace(b"three joints", b"seven joints", 1)  # the text, and not what is signed
    damage(campus, plan=plan, sha256=hashlib.sha256(plan).hexdigest())
    forget(monkeypatch)
    with pytest.raises(problem.Fault, match="does not verify"):
        signed(campus, particulars(campus))


@pytest.mark.parametrize(
    ("claims", "pointer"),
    [
        (credential.Claims(narrative="a\x07b"), "/credentialSubject/narrative"),
        (
            credential.Claims(results=[RESULT | {"value": "high"}]),
            "/credentialSubject/result/0/value",
        ),
        (
            credential.Claims(results=[RESULT | {"status": ""}]),
            "/credentialSubject/result/0/status",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_although_a_press_could_print_it(campus: Campus, claims: credential.Claims, pointer: str) -> None:
    def resolved(value: object) -> object:
        return json.loads(json.dumps(value).replace('"#score"', json.dumps(f"{campus.site.achievement('welding', 1)}#score")))

    claims = claims._replace(results=resolved(list(claims.results)))  # type: ignore[arg-type]
    good = [{**item, "value": "87"} if "value" in item else {**item, "status": "Completed"} for item in claims.results]
    fine = credential.Claims(results=good, narrative=claims.narrative and "Good.")
    assert signed(campus, particulars(campus, fine))
    with pytest.raises(problem.Invalid) as refused:
        signed(campus, particulars(campus, claims))
    assert [finding.pointer for finding in refused.value.findings] == [pointer]


def test_badges_that_cannot_be_compiled_are_issued_all_the_same(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "make", lambda *_args, **_more: None)
    assert campus.verify(campus.issued().document).outcome == "VALID"
    assert campus.all(tables.Press) == []


def test_two_processes_that_make_the_same_press_keep_one(campus: Campus) -> None:
    prepared(campus)
    version = campus.only(tables.AchievementVersion)
    item = particulars(campus)
    with campus.writing() as session:
        profile = authoring.profile(session, authoring.issuer(session, "workshop"))
        name = press.members(item, version.document, profile)
        again = pressing._make(session, version, item, name=name, issuer=profile, now=campus.now)  # as if it had not looked
    assert again is not None
    assert campus.only(tables.Press).members == name
