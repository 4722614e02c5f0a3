"""Tokens and keys."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from badgeissuer import access, authoring, signing
from badgeissuer.cli.telling import APP, say, writing
from badgeissuer.settings import clock
from badgeissuer.store import tables
from badgeissuer.vc import multikey

TOKENS = typer.Typer(help="Bearer tokens for the API.", no_args_is_help=True)
KEYS = typer.Typer(help="Signing keys of issuers.", no_args_is_help=True)
APP.add_typer(TOKENS, name="token")
APP.add_typer(KEYS, name="keys")

Issuer = Annotated[str, typer.Option("--issuer", help="The slug of the issuer.")]


@TOKENS.command("create")
def create_token(
    name: Annotated[str, typer.Option(help="What it is for.")],
    role: Annotated[str, typer.Option(help="admin, issuer, reviewer or auditor.")],
    issuer: Annotated[str | None, typer.Option(help="The one issuer that it is for.")] = None,
) -> None:
    """Make a token and print it, once."""
    with writing() as (_, session):
        owner = authoring.issuer(session, issuer) if issuer else None
        row, token = access.create(session, name, role=role, now=clock(), issuer=owner)
        public_id = row.public_id
    say(f"Token {public_id} ({role}). It is shown once; keep it safe.")
    sys.stdout.write(token + "\n")


@TOKENS.command("list")
def list_tokens() -> None:
    """List tokens, without their secrets."""
    with writing() as (_, session):
        for row in session.scalars(select(tables.ApiToken).order_by(tables.ApiToken.id)):
            state = "revoked" if row.revoked_at else f"last used {row.last_used_on or 'never'}"
            sys.stdout.write(f"{row.public_id}  {row.role:<9}  {row.name}  ({state})\n")


@TOKENS.command("revoke")
def revoke_token(public_id: str) -> None:
    """Revoke a token at once."""
    with writing() as (_, session):
        access.revoke(session, public_id, now=clock())
    say(f"Token {public_id} is revoked.")


@KEYS.command("generate")
def generate_key(issuer: Issuer) -> None:
    """Give an issuer its first key, and with it its DID."""
    with writing() as (settings, session):
        row = authoring.issuer(session, issuer)
        _show(signing.generate(session, row, keyring=settings.keyring(), site=settings.site, now=clock()))


@KEYS.command("import")
def import_key(issuer: Issuer, file: Annotated[Path, typer.Argument(help="A file with a secret Multikey (z3u2…).")]) -> None:
    """Give an issuer an existing Ed25519 key as its first."""
    seed = multikey.read_seed(file.read_text("utf-8", errors="replace").strip())
    with writing() as (settings, session):
        row = authoring.issuer(session, issuer)
        _show(signing.generate(session, row, keyring=settings.keyring(), site=settings.site, now=clock(), seed=seed))


@KEYS.command("rotate")
def rotate_key(issuer: Issuer) -> None:
    """Replace the active key of an issuer; what the old one signed still verifies."""
    with writing() as (settings, session):
        row = authoring.issuer(session, issuer)
        _show(signing.rotate(session, row, keyring=settings.keyring(), site=settings.site, now=clock()))


@KEYS.command("retire")
def retire_key(
    key: Annotated[str, typer.Argument(help="The public key, z6Mk….")],
    compromised: Annotated[bool, typer.Option("--compromised", help="What it signed counts no more, either.")] = False,
) -> None:
    """Take a key out of use."""
    with writing() as (_, session):
        _show(signing.retire(session, key, now=clock(), compromised=compromised))


@KEYS.command("list")
def list_keys(issuer: Annotated[str | None, typer.Option(help="Only of this issuer.")] = None) -> None:
    """List issuers with their DIDs and keys."""
    with writing() as (_, session):
        rows = [authoring.issuer(session, issuer)] if issuer else session.scalars(select(tables.Issuer).order_by(tables.Issuer.id))
        for row in rows:
            sys.stdout.write(f"{row.slug}  {row.did or '(no key yet)'}\n")
            for key in signing.keys(session, row):
                _show(key)


def _show(key: tables.SigningKey) -> None:
    sys.stdout.write(f"  {key.public_key_multibase}  {key.state}\n")
