"""Verifiable presentations: a holder shows credentials, and signs that they did.

Source: VC-DATA-MODEL-2.0#verifiable-presentations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import jsonld
from badgeissuer.vc.credential import as_list, holder_id

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

TYPE = "VerifiablePresentation"


def is_presentation(source: JsonObject) -> bool:
    """Return whether a document is a presentation."""
    return TYPE in as_list(source.get("type"))


def credentials(source: JsonObject) -> list[tuple[str, str, Any]]:
    """Return the credentials in a presentation: where, in which role, and what stands there."""
    value = source.get("verifiableCredential")
    if isinstance(value, list):
        return [(f"/verifiableCredential/{index}", "credential", item) for index, item in enumerate(value)]
    return [] if value is None else [("/verifiableCredential", "credential", value)]


def without_credentials(source: JsonObject) -> JsonObject:
    """Return a presentation without the credentials in it."""
    return {name: value for name, value in source.items() if name != "verifiableCredential"}


def rules(source: JsonObject) -> tuple[problem.Finding, ...]:
    """Return what breaks the rules for every presentation."""
    findings = []
    if "VerifiableCredential" in as_list(source.get("type")):
        findings.append(problem.Finding("What its holder presents cannot be a credential too, which its issuer signs.", "/type"))
    holder, name = source.get("holder"), source.get("id")
    if holder is not None and not jsonld.ABSOLUTE_IRI.fullmatch(holder_id(source)):
        findings.append(problem.Finding("holder must be a URL, or an object with one as its id.", "/holder"))
    if name is not None and not (isinstance(name, str) and jsonld.ABSOLUTE_IRI.fullmatch(name)):
        findings.append(problem.Finding("id must be a URL.", "/id"))
    findings += [
        problem.Finding("What is presented must be a credential: an object, or the text of a token.", pointer)
        for pointer, _, value in credentials(source)
        if not isinstance(value, dict | str)
    ]
    return tuple(findings)
