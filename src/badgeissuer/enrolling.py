"""Accounts: people who work with the service by its pages, and by what an OpenID provider knows them.

An administrator makes an account for an address beforehand. Who comes from the provider is known by `issuer` and `subject` together, and
never by an address alone: that decides once only, for an account that no identity of this provider belongs to, and where the provider says
that the address is verified. Afterwards an address may pass to somebody else without the account passing with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from badgeissuer import access, problem
from badgeissuer.awarding import adapter
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

LONGEST_NAME = 300
"""Characters."""
NOBODY = "Nobody here has an account under the address that your provider gives. Ask an administrator to make you one."
DISABLED = "Your account is disabled. An administrator can enable it again."
UNVERIFIED = (
    "Your provider does not say that your e-mail address is verified, which is needed the first time you sign in. "
    "Have it verified there, and try again."
)
TAKEN = "The account with your address belongs to another identity at your provider. An administrator has to unlink that one first."


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider has signed in.

    Attributes:
        issuer: The provider.
        subject: Its name for the person, which it gives to nobody else, ever.
        email: Their address, as the provider has it.
        email_verified: Whether the provider says that the address is theirs.
    """

    issuer: str
    subject: str
    email: str | None = None
    email_verified: bool = False


def address(text: str) -> str | None:
    """Return an address as accounts have it: in ASCII, so that no two that look alike or fold alike are one, and in small letters."""
    found = adapter.email_address(text)
    return found.lower() if found and found.isascii() else None


def create(session: Session, email: str, *, name: str, role: str, now: datetime, issuer: tables.Issuer | None = None) -> tables.Account:
    """Make an account for a person.

    Args:
        session: A writing session.
        email: Their address.
        name: What to call them.
        role: One of the roles of the contract.
        now: The moment.
        issuer: The one unit that they are bound to.

    Raises:
        problem.Invalid: There is no such role, or the address or the name is of another form.
        problem.Conflict: There is an account with that address.
    """
    access.require_role(role)
    known, called = _address(email), _name(name)
    owner = issuer.id if issuer else None
    new = tables.Account(public_id=access.new_id(), email=known, name=called, role=role, created_at=now, issuer_id=owner)
    row = engine.add_if_new(session, new)
    if row is None:
        raise problem.Conflict(f"There is an account for {known} already.")
    return row


def find(session: Session, public_id: str) -> tables.Account:
    """Return an account by its id.

    Raises:
        problem.NotFound: There is none.
    """
    row = session.scalar(select(tables.Account).where(tables.Account.public_id == public_id))
    if row is None:
        raise problem.NotFound(problem.NOTHING)
    return row


def by_address(session: Session, email: str | None) -> tables.Account | None:
    """Return the account with an address, of those that are not disabled."""
    known = address(email or "")
    table = tables.Account
    return session.scalar(select(table).where(table.email == known, table.disabled_at.is_(None))) if known else None


def change(session: Session, row: tables.Account, *, email: str, name: str, role: str, issuer: tables.Issuer | None) -> None:
    """Give an account another address, name, role or unit; it counts at once.

    Raises:
        problem.Invalid: There is no such role, or the address or the name is of another form.
        problem.Conflict: There is another account with that address.
    """
    access.require_role(role)
    known, table = _address(email), tables.Account
    if session.scalar(select(table.id).where(table.email == known, table.id != row.id)) is not None:
        raise problem.Conflict(f"There is an account for {known} already.")
    row.email, row.name, row.role = known, _name(name), role
    row.issuer_id = issuer.id if issuer else None
    session.flush()


def disable(session: Session, row: tables.Account, *, now: datetime) -> None:
    """Let nobody in to an account any more; the sessions of who is in are over."""
    row.disabled_at = row.disabled_at or now
    session.execute(delete(tables.StaffSession).where(tables.StaffSession.account_id == row.id))


def enable(row: tables.Account) -> None:
    """Let the person in again; sessions that were ended stay so."""
    row.disabled_at = None


def identities(session: Session, row: tables.Account) -> Sequence[tables.AccountIdentity]:
    """Return by what providers know the person, the oldest first."""
    table = tables.AccountIdentity
    return session.scalars(select(table).where(table.account_id == row.id).order_by(table.id)).all()


def unlink(session: Session, row: tables.Account) -> None:
    """Forget by what providers know the person, and end their sessions: the next with a verified address of the account is linked."""
    session.execute(delete(tables.AccountIdentity).where(tables.AccountIdentity.account_id == row.id))
    session.execute(delete(tables.StaffSession).where(tables.StaffSession.account_id == row.id))


def identified(session: Session, found: Identity, *, now: datetime) -> tables.Account:
    """Return the account of whom a provider has signed in; the first time it is linked to their identity.

    Raises:
        problem.Forbidden: There is none, it is disabled, the address is not verified, or the account belongs to another identity.
    """
    known = _linked(session, found)
    if known is None:
        known = _link(session, found, now=now)
    if known.disabled_at is not None:
        raise problem.Forbidden(DISABLED)
    return known


def _linked(session: Session, found: Identity) -> tables.Account | None:
    table = tables.AccountIdentity
    query = select(tables.Account).join(table, table.account_id == tables.Account.id)
    return session.scalar(query.where(table.issuer == found.issuer, table.subject == found.subject))


def _link(session: Session, found: Identity, *, now: datetime) -> tables.Account:
    if not found.email_verified:
        raise problem.Forbidden(UNVERIFIED)
    row = by_address(session, found.email)
    if row is None:
        raise problem.Forbidden(NOBODY)
    new = tables.AccountIdentity(account_id=row.id, issuer=found.issuer, subject=found.subject, created_at=now)
    if engine.add_if_new(session, new) is None and _linked(session, found) is not row:  # the same one may have come twice at once
        raise problem.Forbidden(TAKEN)
    return row


def _address(text: str) -> str:
    found = address(text)
    if found is None:
        raise problem.Invalid.of((problem.Finding("email must be an e-mail address in ASCII.", "/email"),))
    return found


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise problem.Invalid.of((problem.Finding(f"name must be 1 to {LONGEST_NAME} characters on one line.", "/name"),))
    return name
