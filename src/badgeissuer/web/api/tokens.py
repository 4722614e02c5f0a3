"""Bearer tokens."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, problem
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Moment, Name, Page, Paging, Repeatable, Shape, Slug
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/tokens", tags=["tokens"], route_class=StrictRoute, responses=PROBLEMS)


class NewToken(Shape):
    """A token to be made."""

    name: Name
    role: Literal["admin", "issuer", "reviewer", "auditor"]
    issuer: Slug | None = None
    expires_at: Moment | None = None


class Token(Shape):
    """A token without its secret."""

    id: str
    name: str
    role: str
    issuer: str | None
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_on: date | None


class TokenOnce(Token):
    """A token with its secret, which is shown this once; null where the answer repeats an earlier one."""

    token: str | None


@ROUTER.post("", status_code=201, summary="Make a token")
def create(body: NewToken, using: Using, acting: Acting, once: Repeatable) -> TokenOnce:
    """Make a token. Its secret is in this answer and nowhere else."""
    access.require_everywhere(acting, access.MANAGE)
    now, secret = using.now(), None
    if body.expires_at and body.expires_at <= now:
        raise problem.Invalid.of((problem.Finding("expires_at must lie in the future.", "/expires_at"),))

    def work() -> str:
        nonlocal secret
        issuer = authoring.issuer(session, body.issuer) if body.issuer else None
        row, secret = access.create(session, body.name, role=body.role, now=now, issuer=issuer, expires_at=body.expires_at)
        return row.public_id

    with using.writing() as session:
        public_id = once.do(session, acting, body=body, now=now, work=work)
        row = session.scalars(select(tables.ApiToken).where(tables.ApiToken.public_id == public_id)).one()
        return TokenOnce(**_shown(session, row).model_dump(), token=secret)


@ROUTER.get("", summary="List tokens")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[Token]:
    """List all tokens, without their secrets."""
    access.require_everywhere(acting, access.MANAGE)
    with using.reading() as session:
        rows, after = paging.page(session, select(tables.ApiToken), key=tables.ApiToken.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.delete("/{public_id}", summary="Revoke a token")
def revoke(public_id: Annotated[str, Path(max_length=40)], using: Using, acting: Acting) -> Token:
    """Revoke a token at once."""
    access.require_everywhere(acting, access.MANAGE)
    with using.writing() as session:
        return _shown(session, access.revoke(session, public_id, now=using.now()))


def _shown(session: Session, row: tables.ApiToken) -> Token:
    return Token(
        id=row.public_id,
        name=row.name,
        role=row.role,
        issuer=session.get_one(tables.Issuer, row.issuer_id).slug if row.issuer_id else None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_on=row.last_used_on,
    )
