"""Whom the operator trusts: a file of theirs, and registries of issuers that others keep, pinned as files. Nothing is fetched.

The file: `{"issuers": {DID: {"name", "status_issuers"?}}, "keys": {METHOD: {"state", "compromised_since"}}, "registries": [FILE, …]}`.
A registry is in the form of the Digital Credentials Consortium: `{"meta": {…}, "registry": {DID: {"name", …}}}`; it may be given alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from badgeissuer import problem, verifying
from badgeissuer.vc import instant

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


def read(path: Path) -> verifying.Trust:
    """Return the trust that a file describes; whom the operator names stands before registries, and the first registry before the next.

    Raises:
        problem.Invalid: The file, or a registry that it names, cannot be read, or is of another form.
    """
    try:
        content = _parse(path)
        issuers = {did: _name(about) for did, about in content.get("issuers", {}).items()}
        others = {did: _list_issuers(about) for did, about in content.get("issuers", {}).items()}
        keys = {method: _compromised_since(about) for method, about in content.get("keys", {}).items()}
        registries = [_registry(path, content)] if _is_registry(content) else [_named(path, one) for one in content.get("registries", [])]
    except (OSError, problem.Problem, AttributeError, KeyError, TypeError, ValueError) as error:
        why = str(error) if isinstance(error, _NoRegistryError) else type(error).__name__
        raise problem.Invalid(f"The trust file {path} cannot be read: {why}. See docs/operations.md for its form.") from None
    listed: dict[str, str] = {}
    for name, entries in registries:
        new = {did: called for did, called in entries.items() if did not in issuers}
        issuers |= new
        listed |= dict.fromkeys(new, name)
    return verifying.Trust(issuers, {method: since for method, since in keys.items() if since}, others, listed)


class _NoRegistryError(ValueError):
    """A registry that cannot be read."""


def _parse(path: Path) -> dict[str, Any]:
    """Return what a file of the operator's holds; it may be as long as a registry is."""
    content: dict[str, Any] = json.loads(path.read_bytes(), object_pairs_hook=_once)
    return content


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError  # of two entries under one name nobody knows which counts
    return found


def _is_registry(content: dict[str, Any]) -> bool:
    return isinstance(content.get("registry"), dict)


def _named(trust: Path, one: object) -> tuple[str, dict[str, str]]:
    """Return the name and the entries of a registry that a trust file names: by its file, or by `{"file", "name"}`."""
    file, name = (one.get("file"), one.get("name", "")) if isinstance(one, dict) else (one, "")
    if not isinstance(file, str) or not isinstance(name, str):
        raise TypeError
    path = trust.parent / file
    try:
        found, entries = _registry(path, _parse(path))
    except (OSError, problem.Problem, AttributeError, KeyError, TypeError) as error:
        raise _NoRegistryError(f"the registry {path} ({type(error).__name__})") from None
    return name or found, entries


def _registry(path: Path, content: dict[str, Any]) -> tuple[str, dict[str, str]]:
    meta = content.get("meta")
    name = meta.get("name") if isinstance(meta, dict) else None
    return name if isinstance(name, str) and name else path.stem, {did: _name(about) for did, about in content["registry"].items()}


def _list_issuers(about: dict[str, Any]) -> frozenset[str]:
    """Return who else may sign the status lists of an issuer."""
    named = about.get("status_issuers", [])
    if not isinstance(named, list) or not all(isinstance(did, str) for did in named):
        raise TypeError
    return frozenset(named)


def _name(about: dict[str, Any]) -> str:
    if not isinstance(about["name"], str):
        raise TypeError
    return about["name"]


def _compromised_since(about: dict[str, Any]) -> datetime | None:
    if about["state"] not in {"active", "compromised"}:
        raise ValueError  # a misspelt state must not pass for a good one
    return instant.read(about["compromised_since"]) if about["state"] == "compromised" else None
