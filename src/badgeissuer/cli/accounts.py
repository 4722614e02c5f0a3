"""People who work with the service by its pages."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from sqlalchemy import select

from badgeissuer import authoring, enrolling
from badgeissuer.cli.telling import APP, say, writing
from badgeissuer.settings import clock
from badgeissuer.store import tables

ACCOUNTS = typer.Typer(help="People who sign in to the pages.", no_args_is_help=True)
APP.add_typer(ACCOUNTS, name="account")

Id = Annotated[str, typer.Argument(help="The id of the account, as `list` shows it.")]
Bound = Annotated[str | None, typer.Option("--issuer", help="The one issuer that they work for.")]


@ACCOUNTS.command("add")
def add(
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    name: Annotated[str, typer.Option(help="What to call them.")],
    role: Annotated[str, typer.Option(help="admin, issuer, reviewer or auditor.")],
    issuer: Bound = None,
) -> None:
    """Make an account and print its id."""
    with writing() as (_, session):
        owner = authoring.issuer(session, issuer) if issuer else None
        public_id = enrolling.create(session, email, name=name, role=role, now=clock(), issuer=owner).public_id
    say(f"{name} can sign in now ({role}), by the ways that the settings offer.")
    sys.stdout.write(public_id + "\n")


@ACCOUNTS.command("list")
def listed() -> None:
    """List accounts."""
    with writing() as (_, session):
        for row in session.scalars(select(tables.Account).order_by(tables.Account.id)):
            state = "disabled" if row.disabled_at else f"last signed in {row.last_used_on or 'never'}"
            unit = f" of {session.get_one(tables.Issuer, row.issuer_id).slug}" if row.issuer_id else ""
            linked = "".join(f", known to {one.issuer}" for one in enrolling.identities(session, row))
            sys.stdout.write(f"{row.public_id}  {row.role:<9}  {row.name} <{row.email}>{unit}  ({state}{linked})\n")


@ACCOUNTS.command("change")
def change(
    public_id: Id,
    email: Annotated[str | None, typer.Option(help="Another address.")] = None,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    role: Annotated[str | None, typer.Option(help="Another role.")] = None,
    issuer: Bound = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="They work for all issuers from now on.")] = False,
) -> None:
    """Change an account; it counts at once, for who is signed in too."""
    with writing() as (_, session):
        row = enrolling.find(session, public_id)
        bound = session.get(tables.Issuer, row.issuer_id) if row.issuer_id and not everywhere else None
        owner = authoring.issuer(session, issuer) if issuer else bound
        enrolling.change(session, row, email=email or row.email, name=name or row.name, role=role or row.role, issuer=owner)
    say(f"Account {public_id} is changed.")


@ACCOUNTS.command("disable")
def disable(public_id: Id) -> None:
    """Let nobody in to an account any more, and sign out who is in."""
    with writing() as (_, session):
        enrolling.disable(session, enrolling.find(session, public_id), now=clock())
    say(f"Account {public_id} is disabled.")


@ACCOUNTS.command("enable")
def enable(public_id: Id) -> None:
    """Let the person in again."""
    with writing() as (_, session):
        enrolling.enable(enrolling.find(session, public_id))
    say(f"Account {public_id} is enabled.")


@ACCOUNTS.command("unlink")
def unlink(public_id: Id) -> None:
    """Forget by what OpenID providers know the person, so that another identity can be linked; sign out who is in."""
    with writing() as (_, session):
        enrolling.unlink(session, enrolling.find(session, public_id))
    say(f"Account {public_id} is linked to no identity.")
