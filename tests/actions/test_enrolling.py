"""Accounts, and whom an identity at an OpenID provider belongs to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from badgeissuer import access, enrolling, problem
from badgeissuer.store import tables, uploads

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

PROVIDER = "https://id.example.edu"
ADA = enrolling.Identity(PROVIDER, "ada-1", "Ada@Example.edu", email_verified=True)


@pytest.fixture
def ada(session: Session, now: datetime) -> tables.Account:
    return enrolling.create(session, " Ada@Example.EDU ", name="Ada Lovelace", role="issuer", now=now)


def test_an_account_is_made_once_for_an_address(session: Session, now: datetime, ada: tables.Account) -> None:
    assert (ada.email, ada.name, ada.role, ada.issuer_id, ada.disabled_at) == ("ada@example.edu", "Ada Lovelace", "issuer", None, None)
    with pytest.raises(problem.Conflict, match="already"):
        enrolling.create(session, "ADA@example.edu", name="Ada", role="issuer", now=now)
    other = enrolling.create(session, "grace@example.edu", name="Grace", role="admin", now=now)
    with pytest.raises(problem.Conflict, match="already"):
        enrolling.change(session, other, email="ada@example.edu", name="Grace", role="admin", issuer=None)
    enrolling.change(session, other, email="Grace@navy.example", name=" Grace H ", role="auditor", issuer=None)
    assert (other.email, other.name, other.role) == ("grace@navy.example", "Grace H", "auditor")
    assert enrolling.find(session, other.public_id) is other
    with pytest.raises(problem.NotFound):
        enrolling.find(session, "nothing")


@pytest.mark.parametrize("email", ["", "ada", "ada@", "ada\u212a@example.edu", "ädä@example.edu", "ada@example.edu\nBcc: x@y.example"])
@pytest.mark.parametrize("name", ["Ada"])
def test_an_address_that_may_be_taken_for_another_makes_no_account(session: Session, now: datetime, email: str, name: str) -> None:
    with pytest.raises(problem.Invalid) as caught:
        enrolling.create(session, email, name=name, role="issuer", now=now)
    assert caught.value.findings[0].pointer == "/email"


@pytest.mark.parametrize(("name", "role"), [(" ", "issuer"), ("x" * 301, "issuer"), ("A\nB", "issuer"), ("Ada", "root")])
def test_an_account_needs_a_name_on_one_line_and_a_role_that_there_is(session: Session, now: datetime, name: str, role: str) -> None:
    with pytest.raises(problem.Invalid):
        enrolling.create(session, "ada@example.edu", name=name, role=role, now=now)


def test_the_first_identity_with_the_verified_address_is_linked_and_then_known_by_its_name_alone(
    session: Session, now: datetime, ada: tables.Account
) -> None:
    assert enrolling.identified(session, ADA, now=now) is ada
    assert [(one.issuer, one.subject) for one in enrolling.identities(session, ada)] == [(PROVIDER, "ada-1")]
    for later in (replace(ADA, email=None), replace(ADA, email="other@example.edu", email_verified=False)):
        assert enrolling.identified(session, later, now=now) is ada
    assert len(enrolling.identities(session, ada)) == 1


def test_an_address_that_is_not_verified_links_nothing_and_tells_nothing(session: Session, now: datetime, ada: tables.Account) -> None:
    for email in (ada.email, "nobody@example.edu"):
        with pytest.raises(problem.Forbidden) as caught:
            enrolling.identified(session, replace(ADA, email=email, email_verified=False), now=now)
        assert caught.value.detail == enrolling.UNVERIFIED
    assert not enrolling.identities(session, ada)


@pytest.mark.parametrize("email", [None, "", "nobody@example.edu", "ad\u00e4@example.edu"])
def test_nobody_comes_in_without_an_account(session: Session, now: datetime, ada: tables.Account, email: str | None) -> None:
    with pytest.raises(problem.Forbidden) as caught:
        enrolling.identified(session, replace(ADA, email=email), now=now)
    assert caught.value.detail == enrolling.NOBODY
    assert session.scalars(select(tables.Account)).all() == [ada]


def test_a_second_subject_of_the_same_provider_is_not_linked_to_an_account(session: Session, now: datetime, ada: tables.Account) -> None:
    enrolling.identified(session, ADA, now=now)
    with pytest.raises(problem.Forbidden) as caught:
        enrolling.identified(session, replace(ADA, subject="mallory"), now=now)
    assert caught.value.detail == enrolling.TAKEN
    assert enrolling.identified(session, replace(ADA, issuer="https://other.example", subject="mallory"), now=now) is ada
    enrolling.unlink(session, ada)
    assert enrolling.identified(session, replace(ADA, subject="ada-2"), now=now) is ada


def test_an_address_that_passes_to_somebody_else_does_not_take_the_account_along(
    session: Session, now: datetime, ada: tables.Account
) -> None:
    enrolling.identified(session, ADA, now=now)
    grace = enrolling.create(session, "grace@example.edu", name="Grace", role="admin", now=now)
    assert enrolling.identified(session, replace(ADA, email="grace@example.edu"), now=now) is ada
    assert not enrolling.identities(session, grace)


def test_disabling_an_account_ends_its_sessions_at_once(session: Session, now: datetime, ada: tables.Account) -> None:
    enrolling.identified(session, ADA, now=now)
    secret = access.sign_in(session, access.person(ada), now=now)
    assert access.signed_in(session, secret, now=now) == access.Actor(None, "account:Ada Lovelace", "issuer", None, None, ada.id)
    enrolling.disable(session, ada, now=now)
    with pytest.raises(problem.Unauthenticated):
        access.signed_in(session, secret, now=now)
    with pytest.raises(problem.Forbidden) as caught:
        enrolling.identified(session, ADA, now=now)
    assert caught.value.detail == enrolling.DISABLED
    assert enrolling.by_address(session, "ada@example.edu") is None
    enrolling.enable(ada)
    with pytest.raises(problem.Unauthenticated):
        access.signed_in(session, secret, now=now)
    assert enrolling.by_address(session, "ADA@example.edu") is ada


def test_each_sign_in_has_a_secret_of_its_own_and_a_role_that_changed_counts_at_once(
    session: Session, now: datetime, ada: tables.Account
) -> None:
    first, second = (access.sign_in(session, access.person(ada), now=now) for _ in range(2))
    assert first != second
    enrolling.change(session, ada, email=ada.email, name="Ada King", role="auditor", issuer=None)
    actor = access.signed_in(session, first, now=now)
    assert (actor.role, actor.name, actor.called) == ("auditor", "account:Ada King", "Ada King")
    access.touch(session, actor, now=now)
    assert ada.last_used_on == now.date()
    with pytest.raises(problem.Unauthenticated):
        access.signed_in(session, first, now=now + access.SESSION)


def test_no_token_is_called_like_a_person(session: Session, now: datetime) -> None:
    with pytest.raises(problem.Invalid, match="those of people"):
        access.create(session, "account:Ada", role="admin", now=now)


def test_files_of_a_person_are_theirs_alone(session: Session, now: datetime, ada: tables.Account) -> None:
    token, _ = access.create(session, "x", role="issuer", now=now)
    token.id = ada.id  # the same number, and still somebody else
    mine, theirs = uploads.Owner(None, ada.id), uploads.Owner(ada.id, None)
    row = uploads.keep(session, mine, [b"x"], purpose="roster", name="x", choices={}, now=now)
    assert uploads.find(session, row.uuid, owner=mine, purpose="roster") is row
    with pytest.raises(problem.NotFound):
        uploads.find(session, row.uuid, owner=theirs, purpose="roster")
