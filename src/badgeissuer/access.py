"""Who may do what: bearer tokens, roles, and issuers.

A token is `bi_<public id>_<secret>`. The secret has 256 bits, so a plain SHA-256 of it is kept; the token itself is shown once. Who signs
in to the pages, with a token or as a person with an account (`enrolling`), gets a session, whose secret is kept in the same way, and which
ends with the token or the account.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import bindparam, delete, select, true

from badgeissuer import problem
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

READ, DEFINE, ISSUE, CONNECT, APPROVE, REVOKE, MANAGE = "read", "define", "issue", "connect", "approve", "revoke", "manage"
_ALLOWED = {
    "admin": {READ, DEFINE, ISSUE, CONNECT, APPROVE, REVOKE, MANAGE},
    "issuer": {READ, DEFINE, ISSUE, CONNECT, APPROVE, REVOKE},
    "reviewer": {READ, APPROVE},
    "auditor": {READ},
}
_TOKENS = select(tables.ApiToken).where(tables.ApiToken.public_id.in_(bindparam("public_ids", expanding=True)))
_TOKEN = re.compile(r"bi_([A-Za-z0-9]{8})_([A-Za-z0-9]{43})", re.ASCII)
SESSION = timedelta(hours=12)
"""How long somebody stays signed in: a working day."""
PERSON = "account:"
"""What the name of a person begins with in the record of who did what; no token is called so."""
Row = TypeVar("Row")
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking.

    Attributes:
        token_id: The row of the token; None for a person with an account.
        name: For the record of who did what; that of a person begins with `account:`.
        role: One of the roles of the contract.
        issuer_id: The one issuer that the token or the account is bound to; None for all.
        last_used_on: The day that is noted as the last on which the token was used.
        account_id: The row of the account; None for a token.
    """

    token_id: int | None
    name: str
    role: str
    issuer_id: int | None = None
    last_used_on: date | None = None
    account_id: int | None = None

    @property
    def called(self) -> str:
        """What to call them on a page."""
        return self.name.removeprefix(PERSON)


def create(
    session: Session, name: str, *, role: str, now: datetime, issuer: tables.Issuer | None = None, expires_at: datetime | None = None
) -> tuple[tables.ApiToken, str]:
    """Make a token; return its row and the token itself, which cannot be had again.

    Raises:
        problem.Invalid: There is no such role, or the name is one of a person.
    """
    require_role(role)
    if name.startswith(PERSON):
        raise problem.Invalid(f"The name of a token must not begin with {PERSON}, because those of people do.")
    public_id, secret = new_id(), new_secret()
    row = tables.ApiToken(
        public_id=public_id,
        name=name,
        role=role,
        secret_sha256=digest(secret),
        created_at=now,
        issuer_id=issuer.id if issuer else None,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row, f"bi_{public_id}_{secret}"


def require_role(role: str) -> None:
    """Return if there is such a role.

    Raises:
        problem.Invalid: There is none.
    """
    if role not in _ALLOWED:
        raise problem.Invalid(f"There is no role {role!r}; the roles are {', '.join(_ALLOWED)}.")


def authenticate(session: Session, token: str, *, now: datetime) -> Actor:
    """Return whose token it is.

    Raises:
        problem.Unauthenticated: It is no token, or one that is unknown, revoked or past its time; the answer does not say which.
    """
    (found,) = authenticate_all(session, [token], now=now)
    if isinstance(found, problem.Unauthenticated):
        raise found
    return found


def authenticate_all(session: Session, tokens: Sequence[str], *, now: datetime) -> list[Actor | problem.Unauthenticated]:
    """Return whose tokens they are, in order; of one that does not count, the error."""
    parts = [_TOKEN.fullmatch(token) for token in tokens]
    rows = session.scalars(_TOKENS, {"public_ids": sorted({part[1] for part in parts if part})})
    known = {row.public_id: row for row in rows}
    return [_actor(known.get(part[1]) if part else None, part[2] if part else " ", now=now) for part in parts]


def _actor(row: tables.ApiToken | None, secret: str, *, now: datetime) -> Actor | problem.Unauthenticated:
    fits = hmac.compare_digest(row.secret_sha256 if row else digest(""), digest(secret))
    if not fits or row is None or not _counts(row, now):
        return problem.Unauthenticated("The bearer token is missing, unknown, revoked or expired.")
    return _asking(row)


def _counts(row: tables.ApiToken, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _asking(row: tables.ApiToken) -> Actor:
    return Actor(row.id, row.name, row.role, row.issuer_id, row.last_used_on)


def person(row: tables.Account) -> Actor:
    """Return what a person with an account may do."""
    return Actor(None, f"{PERSON}{row.name}", row.role, row.issuer_id, row.last_used_on, row.id)


def touch(session: Session, actor: Actor, *, now: datetime) -> None:
    """Note the day on which a token was last used, or somebody with an account last signed in."""
    row = session.get_one(tables.ApiToken, actor.token_id) if actor.token_id else session.get_one(tables.Account, actor.account_id)
    row.last_used_on = now.date()


def sign_in(session: Session, actor: Actor, *, now: datetime) -> str:
    """Open a session for who has shown a token, or has proven to be somebody with an account; return the session's secret.

    It is another one each time. Sessions that are over go.
    """
    secret, table = new_secret(), tables.StaffSession
    session.execute(delete(table).where(table.expires_at <= now))
    whose = {"api_token_id": actor.token_id, "account_id": actor.account_id}
    session.add(table(secret_sha256=digest(secret), created_at=now, expires_at=now + SESSION, **whose))
    session.flush()
    return secret


def signed_in(session: Session, secret: str, *, now: datetime) -> Actor:
    """Return who has the session of that secret.

    Raises:
        problem.Unauthenticated: There is none, it is over, or the token or the account that opened it does not count any more.
    """
    table = tables.StaffSession
    found = session.execute(
        select(tables.ApiToken, tables.Account)
        .select_from(table)
        .outerjoin(tables.ApiToken, tables.ApiToken.id == table.api_token_id)
        .outerjoin(tables.Account, tables.Account.id == table.account_id)
        .where(table.secret_sha256 == digest(secret), table.expires_at > now)
    ).one_or_none()
    token, account = (found.ApiToken, found.Account) if found else (None, None)
    if token and _counts(token, now):
        return _asking(token)
    if account and account.disabled_at is None:
        return person(account)
    raise problem.Unauthenticated("You are not signed in, or no longer.")


def sign_out(session: Session, secret: str) -> None:
    """End a session; one that is over already is none."""
    session.execute(delete(tables.StaffSession).where(tables.StaffSession.secret_sha256 == digest(secret)))


def form_key(secret: str) -> str:
    """Return what every form of a session must send along: who does not know the session's secret cannot make it."""
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


def require(actor: Actor, action: str, *, issuer_id: int | None = None) -> None:
    """Return if the actor may do `action`, to something of `issuer_id` where one is given.

    Raises:
        problem.Forbidden: The role does not allow it.
        problem.NotFound: It belongs to another issuer; whether it exists is not said.
    """
    if action not in _ALLOWED[actor.role]:
        raise problem.Forbidden(f"The role {actor.role} may not do this ({action}).")
    if actor.issuer_id is not None and issuer_id is not None and actor.issuer_id != issuer_id:
        raise problem.NotFound(problem.NOTHING)


def may(actor: Actor, action: str, *, issuer_id: int | None = None) -> bool:
    """Return whether the actor may do `action`, to something of an issuer where one is given, for what is shown only to who may."""
    return action in _ALLOWED[actor.role] and (issuer_id is None or actor.issuer_id in {None, issuer_id})


def visible(query: Select[Row], actor: Actor, *, column: InstrumentedAttribute[int]) -> Select[Row]:
    """Return a query for only those rows that the actor may see; `column` says whose a row is."""
    return query if actor.issuer_id is None else query.where(is_visible(actor, column))


def is_visible(actor: Actor, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Return the condition that a row is one that the actor may see; `column` says whose it is."""
    return true() if actor.issuer_id is None else column == actor.issuer_id


def require_everywhere(actor: Actor, action: str) -> None:
    """Return if the actor may do `action` to the service as a whole: who is bound to one issuer may not.

    Raises:
        problem.Forbidden: The role or the binding does not allow it.
    """
    require(actor, action)
    if actor.issuer_id is not None:
        raise problem.Forbidden("Who is bound to one issuer may not do this.")


def revoke(session: Session, public_id: str, *, now: datetime) -> tables.ApiToken:
    """End a token.

    Raises:
        problem.NotFound: There is no such token.
    """
    row = session.scalar(select(tables.ApiToken).where(tables.ApiToken.public_id == public_id))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    row.revoked_at = row.revoked_at or now
    return row


def new_id() -> str:
    """Return a new public id."""
    return _random(8)


def new_secret() -> str:
    """Return a new secret of 256 bits, as 43 letters and digits."""
    return _random(43)


def digest(secret: str) -> str:
    """Return what is kept of a secret that has 256 bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
