from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from badgeissuer import access, problem
from badgeissuer.store import tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

ACTIONS = (access.READ, access.DEFINE, access.ISSUE, access.CONNECT, access.REVOKE, access.MANAGE)


@pytest.fixture
def issuer(session: Session, now: datetime) -> tables.Issuer:
    row = tables.Issuer(slug="history", name="Department of History", did_method="key", created_at=now)
    session.add(row)
    session.flush()
    return row


def refusal(session: Session, token: str, *, now: datetime) -> dict[str, object]:
    with pytest.raises(problem.Unauthenticated) as caught:
        access.authenticate(session, token, now=now)
    return caught.value.to_json()


def test_a_token_is_shown_once_and_kept_as_a_digest(session: Session, now: datetime, issuer: tables.Issuer) -> None:
    row, token = access.create(session, "LMS team", role="issuer", now=now, issuer=issuer)
    assert re.fullmatch(r"bi_[A-Za-z0-9]{8}_[A-Za-z0-9]{43}", token)
    assert token.rpartition("_")[2] not in repr(row)
    assert access.authenticate(session, token, now=now) == access.Actor(row.id, "LMS team", "issuer", issuer.id)
    other, another = access.create(session, "LMS team", role="issuer", now=now)
    assert token != another
    assert row.secret_sha256 != other.secret_sha256


def test_there_are_four_roles(session: Session, now: datetime) -> None:
    with pytest.raises(problem.Invalid, match="admin, issuer, reviewer, auditor"):
        access.create(session, "x", role="root", now=now)


def test_every_token_that_does_not_count_is_refused_in_the_same_words(session: Session, now: datetime) -> None:
    row, token = access.create(session, "x", role="admin", now=now)
    _, expired = access.create(session, "x", role="admin", now=now, expires_at=now)
    revoked_row, revoked = access.create(session, "x", role="admin", now=now)
    access.revoke(session, revoked_row.public_id, now=now)
    wrong = f"bi_{row.public_id}_{'A' * 43}"
    unknown = f"bi_AAAAAAAA_{token.rpartition('_')[2]}"
    swapped = f"bi_{row.public_id}_{revoked.rpartition('_')[2]}"
    odd = [
        "",
        "bi_",
        "nonsense",
        token + "\n",
        token[:-1],
        token + "A",
        " " + token,
        token.upper(),
        "bi_\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661_" + "A" * 43,
        "\ud800",
    ]
    said = [refusal(session, text, now=now) for text in (wrong, unknown, swapped, expired, revoked, *odd)]
    assert all(one == said[0] for one in said)
    assert set(said[0]) == {"type", "title", "detail"}


def test_a_token_counts_until_the_moment_it_expires(session: Session, now: datetime) -> None:
    _, token = access.create(session, "x", role="auditor", now=now, expires_at=now + timedelta(hours=1))
    assert access.authenticate(session, token, now=now + timedelta(minutes=59)).role == "auditor"
    refusal(session, token, now=now + timedelta(hours=1))


def test_a_token_is_revoked_once_and_for_all(session: Session, now: datetime) -> None:
    row, token = access.create(session, "x", role="admin", now=now)
    assert access.revoke(session, row.public_id, now=now).revoked_at == now
    assert access.revoke(session, row.public_id, now=now + timedelta(days=1)).revoked_at == now
    refusal(session, token, now=now)
    with pytest.raises(problem.NotFound):
        access.revoke(session, "AAAAAAAA", now=now)


def test_the_day_of_the_last_use_is_noted(session: Session, now: datetime) -> None:
    row, token = access.create(session, "x", role="admin", now=now)
    actor = access.authenticate(session, token, now=now)
    assert actor.last_used_on is None
    access.touch(session, actor, now=now)
    assert row.last_used_on == now.date()
    assert access.authenticate(session, token, now=now + timedelta(days=1)).last_used_on == now.date()


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("admin", set(ACTIONS)),
        ("issuer", set(ACTIONS) - {access.MANAGE}),
        ("reviewer", {access.READ}),
        ("auditor", {access.READ}),
    ],
)
def test_each_role_may_do_what_it_is_for_and_nothing_else(role: str, allowed: set[str]) -> None:
    actor = access.Actor(1, "x", role)
    for action in ACTIONS:
        if action in allowed:
            access.require(actor, action)
            access.require(actor, action, issuer_id=7)
            access.require_everywhere(actor, action)
        else:
            with pytest.raises(problem.Forbidden, match=role):
                access.require(actor, action)
            with pytest.raises(problem.Forbidden, match=role):
                access.require_everywhere(actor, action)


def test_a_bound_token_sees_nothing_of_other_issuers() -> None:
    actor = access.Actor(1, "x", "admin", issuer_id=7)
    access.require(actor, access.ISSUE)
    access.require(actor, access.ISSUE, issuer_id=7)
    with pytest.raises(problem.NotFound):
        access.require(actor, access.ISSUE, issuer_id=8)
    with pytest.raises(problem.Forbidden, match="bound to one issuer"):
        access.require_everywhere(actor, access.MANAGE)


def test_the_role_is_looked_at_before_the_issuer() -> None:
    """Else a token that may not do a thing at all could find out which issuers there are."""
    actor = access.Actor(1, "x", "auditor", issuer_id=7)
    for issuer_id in (7, 8):
        with pytest.raises(problem.Forbidden):
            access.require(actor, access.ISSUE, issuer_id=issuer_id)
