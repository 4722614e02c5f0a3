"""Issuing units."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from badgeissuer import access, authoring, branding, signing
from badgeissuer.openbadges import artwork
from badgeissuer.store import tables
from badgeissuer.web.api.shapes import PROBLEMS, Email, Name, Page, Paging, Repeatable, Shape, Slug, Text
from badgeissuer.web.service import Acting, Using
from badgeissuer.web.strict import StrictRoute

ROUTER = APIRouter(prefix="/api/issuers", tags=["issuers"], route_class=StrictRoute, responses=PROBLEMS)


def said(value: object) -> object:
    """Return a value that cannot be taken back, only replaced."""
    if value is None:
        raise ValueError("give a value, or leave it out")
    return value


Colour = Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$", examples=["#14578c"]), AfterValidator(str.lower)]
Template = Annotated[str, Field(max_length=40, examples=list(artwork.TEMPLATES))]
Names = Annotated[dict[Annotated[str, Field(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")], Name], Field(max_length=40)]


class Own(Shape):
    """What a unit says of itself. Logo, colours, country and page on LinkedIn are those of the nearest unit above it that has them.

    `artwork` is the template by which a picture is drawn of each achievement that is published without one; it is inherited too.
    `names` are its names in other languages, `gate` a framework without which it publishes nothing (`/api/frameworks`), which holds for
    units below it too. `country` is ISO 3166-1, two letters. `linkedin_id` is the number of its page on LinkedIn.
    """

    url: str | None = None
    description: Text | None = None
    image: str | None = None
    email: Email | None = None
    colour: Colour | None = None
    accent: Colour | None = None
    artwork: Template | None = None
    linkedin_id: Annotated[str, Field(pattern="^[0-9]{1,20}$")] | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["NZ"])] | None = None
    region: Name | None = None
    names: Names | None = None
    gate: Annotated[str, Field(max_length=40, examples=["european-approach"])] | None = None


class NewIssuer(Own):
    """An issuing unit to be made, with its first key; `parent` is the unit that it belongs to.

    With `pauses_overdue`, what should have been reviewed is awarded no more until a reviewed version is published.
    """

    slug: Slug
    name: Name
    did_method: Literal["web", "key"] | None = None
    notify: bool = True
    pauses_overdue: bool = False
    parent: Slug | None = None


class IssuerChange(Own):
    """What is to change; what is left out stays, and null takes back what the unit said itself."""

    name: Annotated[Name | None, AfterValidator(said)] = None
    notify: Annotated[bool | None, AfterValidator(said)] = None
    pauses_overdue: Annotated[bool | None, AfterValidator(said)] = None
    parent: Slug | None = None


class Key(Shape):
    """A signing key as the world may know it."""

    verification_method: str
    state: str


class Issuer(Shape):
    """An issuing unit."""

    slug: str
    name: str
    did: str | None
    url: str | None = None
    description: str | None = None
    image: str | None = None
    email: str | None = None
    colour: str | None = None
    accent: str | None = None
    artwork: str | None = None
    linkedin_id: str | None = None
    country: str | None = None
    region: str | None = None
    names: dict[str, str] | None = None
    gate: str | None = None
    notify: bool
    pauses_overdue: bool
    parent: str | None = None
    brand: branding.Brand
    keys: list[Key]


@ROUTER.post("", status_code=201, summary="Make an issuing unit, with its first key")
def create(body: NewIssuer, using: Using, acting: Acting, once: Repeatable) -> Issuer:
    """Make an issuing unit. Its key, and with it its DID, is made by a worker; the answer waits for that."""
    access.require_everywhere(acting, access.MANAGE)
    now = using.now()

    def work() -> str:
        row = authoring.create_issuer(session, body.model_dump(), site=using.site, now=now)
        signing.order(session, row, now=now)
        return row.slug

    with using.writing() as session:
        slug = once.do(session, acting, body=body, now=now, work=work)
    return using.wait_for(lambda session: _with_did(session, slug))


@ROUTER.get("", summary="List issuing units")
def listed(using: Using, acting: Acting, paging: Paging) -> Page[Issuer]:
    """List the issuing units that the token may see, oldest first."""
    query = access.visible(select(tables.Issuer), acting, column=tables.Issuer.id)
    with using.reading() as session:
        rows, after = paging.page(session, query, key=tables.Issuer.id)
        return Page(items=[_shown(session, row) for row in rows], next=after)


@ROUTER.get("/{slug}", summary="Show an issuing unit")
def show(slug: str, using: Using, acting: Acting) -> Issuer:
    """Show one issuing unit and its keys."""
    with using.reading() as session:
        row = authoring.issuer(session, slug)
        access.require(acting, access.READ, issuer_id=row.id)
        return _shown(session, row)


@ROUTER.patch("/{slug}", summary="Change an issuing unit")
def change(slug: str, body: IssuerChange, using: Using, acting: Acting) -> Issuer:
    """Change what an issuing unit looks like; who it is, and whom it belongs to, is changed by administrators only.

    What stands in badges that were issued stays.
    """
    values = body.model_dump(exclude_unset=True)
    authoring.require_may_change(acting, values.keys())
    with using.writing() as session:
        row = authoring.issuer(session, slug)
        authoring.require_may_change(acting, values.keys(), row=row)
        authoring.change_issuer(session, row, values)
        return _shown(session, row)


def _with_did(session: Session, slug: str) -> Issuer | None:
    row = authoring.issuer(session, slug)
    return _shown(session, row) if row.did else None


def _shown(session: Session, row: tables.Issuer) -> Issuer:
    keys = [Key(verification_method=key.verification_method, state=key.state) for key in signing.keys(session, row)]
    line = branding.lineage(session, row)
    own = {name: getattr(row, name) for name in Own.model_fields}
    brand = branding.brand(line)
    above = line[1].slug if line[1:] else None
    return Issuer(
        slug=row.slug,
        name=row.name,
        did=row.did,
        notify=row.notify,
        pauses_overdue=row.pauses_overdue,
        parent=above,
        brand=brand,
        keys=keys,
        **own,
    )
