"""The W3C data model as far as it binds every credential.

Source: VC-DATA-MODEL-2.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import contexts
from badgeissuer.vc.report import Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badgeissuer.vc.document import JsonObject


MAX_CONTEXTS = 16
"""Items that a `@context` may hold; each costs a processor's work, the same one over and over too."""


def check_context(source: JsonObject, known: Mapping[str, contexts.Context]) -> None:
    """Refuse a `@context` that does not begin with VCDM 2.0, or names a context of which no copy is held.

    Source: VC-DATA-MODEL-2.0#contexts.
    """
    value = source.get("@context")
    if not isinstance(value, list) or value[:1] != [contexts.CREDENTIALS_V2]:
        raise problem.Invalid(f"@context must be an array that begins with {contexts.CREDENTIALS_V2}.")
    refuse_unknown_contexts(value, known)


def check_plain_context(source: JsonObject, known: Mapping[str, contexts.Context]) -> None:
    """Refuse what `check_context` refuses, and definitions of the document's own."""
    check_context(source, known)
    if any(isinstance(item, dict) for item in source["@context"]):
        raise problem.Invalid("@context holds definitions of its own, which are not read here.")


def refuse_unknown_contexts(value: list[Any], known: Mapping[str, contexts.Context]) -> None:
    """Raise `Undecided` where a context URL is not among those held, `Invalid` where an item is neither URL nor object."""
    if len(value) > MAX_CONTEXTS:
        raise problem.Invalid(f"@context has {len(value)} items; at most {MAX_CONTEXTS} are read.")
    for item in value:
        if not isinstance(item, str | dict):
            raise problem.Invalid("Every item of @context must be a URL or an object.")
        if isinstance(item, str) and item not in known:
            raise Undecided(f"The document uses a vocabulary of which no pinned copy is held here: {item[:200]}.")


def rules(source: JsonObject) -> tuple[problem.Finding, ...]:
    """Return what breaks the rules for every W3C credential (VC-DATA-MODEL-2.0#verifiable-credentials)."""
    findings = []
    if "VerifiableCredential" not in as_list(source.get("type")):
        findings.append(problem.Finding("type must contain VerifiableCredential.", "/type"))
    if not issuer_id(source):
        findings.append(problem.Finding("issuer must be a URL, or an object with one as its id.", "/issuer"))
    subjects = as_list(source.get("credentialSubject"))
    if not subjects or any(not isinstance(item, dict) or not item for item in subjects):
        findings.append(problem.Finding("credentialSubject must be an object that says something, or several such.", "/credentialSubject"))
    findings += [
        problem.Finding(f"{name} must have a type.", f"/{name}")
        for name in ("credentialStatus", "credentialSchema", "refreshService", "termsOfUse", "evidence")
        if any(not isinstance(item, dict) or not item.get("type") for item in as_list(source.get(name)))
    ]
    return tuple(findings)


def issuer_id(source: JsonObject) -> str:
    """Return the identifier of the issuer; empty where there is none."""
    issuer = source.get("issuer")
    value = issuer.get("id") if isinstance(issuer, dict) else issuer
    return value if isinstance(value, str) else ""


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return a member that may hold one value or several as a list; empty where it is missing."""
    return value if isinstance(value, list) else [] if value is None else [value]
