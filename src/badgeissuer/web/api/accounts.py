"""People who work with the service by its pages."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, enrolling
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Email, Moment, Name, Page, Paging, Repeatable, Shape, Slug
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/accounts", tags=["accounts"], route_class=StrictRoute, responses=PROBLEMS)
Role = Literal["admin", "issuer", "reviewer", "auditor"]
Id = Annotated[str, Path(max_length=40)]


class NewAccount(Shape):
    """An account to be made. The address decides whose it is until an OpenID provider has named the person once."""

    email: Email
    name: Name
    role: Role
    issuer: Slug | None = None


class AccountChange(Shape):
    """What is to change; what is left out stays. An `issuer` of null lets the person work for all."""

    email: Email | None = None
    name: Name | None = None
    role: Role | None = None
    issuer: Slug | None = None
    state: Literal["active", "disabled"] | None = None


class LinkedIdentity(Shape):
    """By what a provider knows the person."""

    issuer: str
    subject: str
    created_at: Moment


class Account(Shape):
    """A person."""

    id: str
    email: str
    name: str
    role: str
    issuer: str | None
    state: Annotated[Literal["active", "disabled"], Field(description="Nobody is signed in to a disabled one.")]
    identities: list[LinkedIdentity]
    created_at: Moment
    last_used_on: date | None


@ROUTER.post("", status_code=201, summary="Make an account")
def create(body: NewAccount, using: Using, acting: Acting, once: Repeatable) -> Account:
    """Make an account for a person, who can then sign in to the pages by the ways that the service offers."""
    access.require_everywhere(acting, access.MANAGE)
    now = using.now()

    def work() -> str:
        issuer = authoring.issuer(session, body.issuer) if body.issuer else None
        return enrolling.create(session, body.email, name=body.name, role=body.role, now=now, issuer=issuer).public_id

    with using.writing() as session:
        public_id = once.do(session, acting, body=body, now=now, work=work)
        return _shown(session, enrolling.find(session, public_id))


@ROUTER.get("", summary="List accounts")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[Account]:
    """List all accounts."""
    access.require_everywhere(acting, access.MANAGE)
    with using.reading() as session:
        rows, after = paging.page(session, select(tables.Account), key=tables.Account.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.get("/{public_id}", summary="Show an account")
def show(public_id: Id, using: Using, acting: Acting) -> Account:
    """Show one account."""
    access.require_everywhere(acting, access.MANAGE)
    with using.reading() as session:
        return _shown(session, enrolling.find(session, public_id))


@ROUTER.patch("/{public_id}", summary="Change, disable or enable an account")
def change(public_id: Id, body: AccountChange, using: Using, acting: Acting) -> Account:
    """Change an account. It counts at once; disabling it ends the sessions of who is signed in."""
    access.require_everywhere(acting, access.MANAGE)
    with using.writing() as session:
        row = enrolling.find(session, public_id)
        bound = session.get(tables.Issuer, row.issuer_id) if row.issuer_id else None
        named = authoring.issuer(session, body.issuer) if body.issuer else None
        owner = named if "issuer" in body.model_fields_set else bound
        enrolling.change(session, row, email=body.email or row.email, name=body.name or row.name, role=body.role or row.role, issuer=owner)
        if body.state == "disabled":
            enrolling.disable(session, row, now=using.now())
        elif body.state == "active":
            enrolling.enable(row)
        return _shown(session, row)


@ROUTER.delete("/{public_id}/identities", summary="Unlink an account")
def unlink(public_id: Id, using: Using, acting: Acting) -> Account:
    """Forget by what OpenID providers know the person, so that another identity can be linked. Their sessions end."""
    access.require_everywhere(acting, access.MANAGE)
    with using.writing() as session:
        row = enrolling.find(session, public_id)
        enrolling.unlink(session, row)
        return _shown(session, row)


def _shown(session: Session, row: tables.Account) -> Account:
    linked = enrolling.identities(session, row)
    return Account(
        id=row.public_id,
        email=row.email,
        name=row.name,
        role=row.role,
        issuer=session.get_one(tables.Issuer, row.issuer_id).slug if row.issuer_id else None,
        state="disabled" if row.disabled_at else "active",
        identities=[LinkedIdentity(issuer=one.issuer, subject=one.subject, created_at=one.created_at) for one in linked],
        created_at=row.created_at,
        last_used_on=row.last_used_on,
    )
