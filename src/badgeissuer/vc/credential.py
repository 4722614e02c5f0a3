"""The W3C data model as far as it binds every credential.

Source: VC-DATA-MODEL-2.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import contexts, instant, jsonld, related
from badgeissuer.vc.report import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from badgeissuer.vc.document import JsonObject


UNKNOWN_CONTEXT = problem.OURS + "unknown-context"
MAX_CONTEXTS = 16
"""Items that a `@context` may hold; each costs a processor's work, the same one over and over too."""
_TYPED = ("credentialStatus", "credentialSchema", "refreshService", "termsOfUse", "evidence", "confidenceMethod", "renderMethod")
"""Members whose values must say what they are (VC-DATA-MODEL-2.0#types, #reserved-extension-points)."""


def check_context(source: JsonObject, known: Mapping[str, contexts.Context]) -> None:
    """Refuse a `@context` that does not begin with VCDM 2.0 or 1.1, or names a context of which no copy is held.

    Source: VC-DATA-MODEL-2.0#contexts.
    """
    value = source.get("@context")
    if not isinstance(value, list) or value[:1] not in ([contexts.CREDENTIALS_V2], [contexts.CREDENTIALS_V1]):
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
            raise Undecided(f"The document uses a vocabulary of which no pinned copy is held here: {item[:200]}.", kind=UNKNOWN_CONTEXT)


def rules(source: JsonObject) -> tuple[problem.Finding, ...]:
    """Return what breaks the rules for every W3C credential, of version 2.0 or 1.1, each thing with its place.

    What the contexts say is not asked here: a term that they do not define is found where the document is canonicalised.

    Source: VC-DATA-MODEL-2.0#verifiable-credentials, VC-DATA-MODEL-1.1 sections 4 and 5.
    """
    findings = (*_identity(source), *_subjects(source), *_dates(source), *_typed(source))
    return findings if is_of_version_1(source) else (*findings, *_names(source), *related.rules(source))


def _identity(source: JsonObject) -> Iterator[problem.Finding]:
    kinds = source.get("type")
    if not _is_type(kinds) or "VerifiableCredential" not in as_list(kinds):
        yield problem.Finding("type must be VerifiableCredential, or texts with it among them.", "/type")
    if "id" in source and not is_url(source["id"]):
        yield problem.Finding("id must be a URL, or be left out.", "/id")
    if not is_url(issuer_id(source)):
        yield problem.Finding("issuer must be a URL, or an object with one as its id.", "/issuer")


def _subjects(source: JsonObject) -> Iterator[problem.Finding]:
    subjects = _places(source, "credentialSubject")
    if not subjects:
        yield problem.Finding("credentialSubject must be an object that says something, or several such.", "/credentialSubject")
    for pointer, item in subjects:
        if not isinstance(item, dict) or not item:
            yield problem.Finding("A credentialSubject must be an object that says something.", pointer)
        elif "id" in item and not is_url(item["id"]):
            yield problem.Finding("The id of a credentialSubject must be one URL.", f"{pointer}/id")


def _dates(source: JsonObject) -> Iterator[problem.Finding]:
    begin, end = names = _date_names(source)
    moments: dict[str, datetime] = {}
    for name in names:
        try:
            if name in source:
                moments[name] = instant.read(source[name])
        except problem.Invalid as error:
            yield problem.Finding(f"{name}: {error.detail}", f"/{name}")
    others = ("validFrom", "validUntil") if is_of_version_1(source) else ("issuanceDate", "expirationDate")
    for name in others:  # nobody would look at it, and it may say that the document has ended
        if name in source:
            yield problem.Finding(f"{name} belongs to another version of the data model than the @context says.", f"/{name}")
    if is_of_version_1(source) and begin not in source:
        yield problem.Finding(f"A credential of version 1.1 must have {begin}.", f"/{begin}")
    if len(moments) == len(names) and moments[end] < moments[begin]:
        yield problem.Finding(f"{end} lies before {begin}.", f"/{end}")


def _typed(source: JsonObject) -> Iterator[problem.Finding]:
    for name in _TYPED:
        for pointer, item in _places(source, name):
            if not isinstance(item, dict) or not item.get("type") or not _is_type(item["type"]):
                yield problem.Finding(f"{name} must be an object with a type, or several such.", pointer)
            elif ("id" in item or name == "credentialSchema") and not is_url(item.get("id")):
                yield problem.Finding(f"The id of {name} must be one URL.", f"{pointer}/id")


def _names(source: JsonObject) -> Iterator[problem.Finding]:
    """Yield the names and descriptions, of a credential and of its issuer, that are no texts (VC-DATA-MODEL-2.0#names-and-descriptions)."""
    issuer = source.get("issuer")
    for owner, place in ((source, ""), (issuer if isinstance(issuer, dict) else {}, "/issuer")):
        for name in ("name", "description"):
            for pointer, item in _places(owner, name):
                if not _is_said(item):
                    yield problem.Finding(
                        f"{name} must be a text, or an object with @value, @language and @direction only, or several such.", place + pointer
                    )


def _is_said(value: object) -> bool:
    """Return whether a value is a text, in a language or not (VC-DATA-MODEL-2.0#language-and-base-direction)."""
    if not isinstance(value, dict):
        return isinstance(value, str)
    is_text = all(isinstance(value.get(name, ""), str) for name in value) and "@value" in value
    return is_text and set(value) <= {"@value", "@language", "@direction"} and value.get("@direction", "ltr") in {"ltr", "rtl"}


def _is_type(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _places(source: JsonObject, name: str) -> list[tuple[str, Any]]:
    """Return the values of a member, one or several, each with its place; none where the member is missing or holds none."""
    if name not in source:
        return []
    value = source[name]
    return [(f"/{name}/{index}", item) for index, item in enumerate(value)] if isinstance(value, list) else [(f"/{name}", value)]


def is_url(value: object) -> bool:
    """Return whether a value is an absolute URL: a scheme, and nothing that no URL holds."""
    return isinstance(value, str) and bool(jsonld.ABSOLUTE_IRI.fullmatch(value))


def issuer_id(source: JsonObject) -> str:
    """Return the identifier of the issuer; empty where there is none."""
    issuer = source.get("issuer")
    value = issuer.get("id") if isinstance(issuer, dict) else issuer
    return value if isinstance(value, str) else ""


def holder_id(source: JsonObject) -> str:
    """Return the identifier of who made a presentation; empty where it says none."""
    holder = source.get("holder")
    value = holder.get("id") if isinstance(holder, dict) else holder
    return value if isinstance(value, str) else ""


def is_of_version_1(source: JsonObject) -> bool:
    """Return whether a document is on the data model's version 1.1: its first context says so."""
    return as_list(source.get("@context"))[:1] == [contexts.CREDENTIALS_V1]


def period(source: JsonObject) -> tuple[datetime | None, datetime | None]:
    """Return from when and until when a credential says it counts.

    Raises:
        problem.Invalid: A date is none.

    Source: VC-DATA-MODEL-2.0#validity-period, VC-DATA-MODEL-1.1 issuanceDate and expirationDate.
    """
    begins, ends = (instant.read(source[name]) if name in source else None for name in _date_names(source))
    return begins, ends


def _date_names(source: JsonObject) -> tuple[str, str]:
    return ("issuanceDate", "expirationDate") if is_of_version_1(source) else ("validFrom", "validUntil")


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return a member that may hold one value or several as a list; empty where it is missing."""
    return value if isinstance(value, list) else [] if value is None else [value]
