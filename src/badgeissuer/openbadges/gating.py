"""What keeps a badge from being read in one way only: its own shape, and what the credentials inside it say of the same things.

In RDF a badge, its endorsements, and the badges of a learner record are one graph. The signatures of those inside keep what they say in
them, but not out of the rest: what an endorser says of the badge's issuer could be written beside that issuer as well, and what the badge
says and the endorser repeats could be left out of it, all under a good outer signature.

Source: OB-3.0 EndorsementCredential, CLR-2.0; VC-DATA-INTEGRITY#securing-data-losslessly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badgeissuer.openbadges import clr, endorsement, model
from badgeissuer.problem import CRYPTOGRAPHIC_SECURITY_ERROR, Finding
from badgeissuer.vc import credential, document, secured, shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from badgeissuer.vc.document import JsonObject

MAX_PARTS, MAX_CONTEXTS = 5000, 160
"""Parts, and contexts, that a document and the credentials inside it may have together; each costs a processor's work."""

_BADGE_TYPES = tuple(["VerifiableCredential", name] for name in ("OpenBadgeCredential", "AchievementCredential"))
_FURTHER_MEMBERS = {
    model.AchievementCredential: (
        "credentialSchema credentialStatus endorsement endorsementJwt expirationDate issuanceDate proof refreshService termsOfUse"
    ),
    model.Profile: (
        "additionalName address dateOfBirth endorsement endorsementJwt familyName familyNamePrefix givenName honorificPrefix "
        "honorificSuffix patronymicName"
    ),
    model.Achievement: "endorsement endorsementJwt",
}
_MEMBERS: Mapping[str, frozenset[str]] = {
    view.__name__: frozenset(field.alias or name for name, field in view.model_fields.items())
    | frozenset(_FURTHER_MEMBERS.get(view, "").split())
    for view in (
        model.AchievementCredential,
        model.Profile,
        model.AchievementSubject,
        model.Achievement,
        model.Criteria,
        model.Evidence,
        model.Image,
        model.Related,
    )
}


def gate(source: JsonObject) -> tuple[Finding, ...]:
    """Return what keeps a badge from being read in one way only; the credentials inside it are gated each on its own."""
    found = inside(source)
    if not found and shape.is_plain(source):
        return ()
    return shape.too_large(source, most_parts=MAX_PARTS, most_contexts=MAX_CONTEXTS) or (
        *shape.gate(_alone(source), members=_members),
        *_loose_envelopes(found),
        *_foreign_words(source, found),
    )


def inside(source: JsonObject) -> list[tuple[str, str, Any]]:
    """Return the credentials inside a document, those inside them apart: where each stands, in which role, and its value."""
    inner = clr.inner(source) if clr.is_clr(source) else []
    endorsing = endorsement.embedded(clr.without(source) if clr.is_clr(source) else source)
    return [(pointer, "credential", value) for pointer, value in inner] + [(pointer, "endorsement", value) for pointer, value in endorsing]


def _members(node: dict[str, Any], key: str) -> frozenset[str] | None:
    """Return the members that an object of its class may have: by its one type, or for the class without a type by where it stands."""
    kinds = credential.as_list(node.get("type"))
    if not kinds and key == "criteria":
        return _MEMBERS["Criteria"]
    if kinds == ["1EdTechCredentialRefresh"] and key == "refreshService":
        return frozenset()
    if not key and kinds in _BADGE_TYPES:
        return _MEMBERS["AchievementCredential"]
    return _MEMBERS.get(kinds[0]) if len(kinds) == 1 and isinstance(kinds[0], str) else None


def _alone(source: JsonObject) -> JsonObject:
    """Return a document with a name in the place of each credential inside it; so an empty or repeated place is still seen."""
    subject = source.get("credentialSubject")
    if clr.is_clr(source) and isinstance(subject, dict):
        record = {name: _names(value) if name == "verifiableCredential" else value for name, value in subject.items()}
        source = source | {"credentialSubject": record}
    return {name: _named(name, value) for name, value in source.items()}


def _named(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if name in endorsement.MEMBERS:
        return _names(value)
    if isinstance(value, dict):
        return {key: _named(key, item) for key, item in value.items()}
    return [_named("", item) for item in value] if isinstance(value, list) else value


def _names(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return [_name(item) for item in value] if isinstance(value, list) else _name(value)


def _name(item: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return what stands for a credential: its id, or all of its text. Anything that is no object stands for itself."""
    if not isinstance(item, dict):
        return item
    return item["id"] if isinstance(item.get("id"), str) else document.write(item).decode()


def _loose_envelopes(found: list[tuple[str, str, Any]]) -> Iterator[Finding]:
    """Yield the envelopes that say more than what is in them: nothing of that is looked at when the token is."""
    for pointer, _, value in found:
        if secured.is_envelope(value) and (
            set(value) - {"@context", "id", "type"} or any(isinstance(item, dict) for item in credential.as_list(value.get("@context")))
        ):
            yield _refused("An envelope must have @context, id and type only; what it holds says the rest.", pointer)


def _foreign_words(source: JsonObject, found: list[tuple[str, str, Any]]) -> Iterator[Finding]:
    """Yield where a credential inside, by another issuer, describes what the document describes itself, beyond endorsing it.

    The badges of a learner record describe its learner and its achievements as a matter of course: of the achievements they may say what
    they want, of the learner what the record does not say in the same words.
    """
    if not found:
        return
    own, ours, subject = _described(source), credential.issuer_id(source), source.get("credentialSubject")
    learner = subject.get("id") if clr.is_clr(source) and isinstance(subject, dict) else None
    kept = {name: nodes for name, nodes in own.items() if name in (source.get("id"), ours, learner)}
    for pointer, role, value in found:
        for by, node in _statements(value):
            described = (kept if role == "credential" else own).get(node["id"], [])
            is_harmless = _is_apart if role == "credential" and node["id"] == learner else _is_harmless
            if described and by != ours and not is_harmless(node, described, by=by):
                yield _refused(f"Another issuer describes {node['id'][:120]} here, which the document describes itself.", pointer)


def _described(source: JsonObject) -> dict[str, list[JsonObject]]:
    described: dict[str, list[JsonObject]] = {}
    for node in shape.nodes(_alone(source)):
        if isinstance(node.get("id"), str) and set(node) - {"id", "type"}:
            described.setdefault(node["id"], []).append(node)
    return described


def _statements(value: Any) -> Iterator[tuple[str, JsonObject]]:  # noqa: ANN401 - any JSON value
    """Yield what a credential, and those inside it, say of things with an id: by whom, and what.

    Not what a token says, in an envelope or not: for RDF that is a text.
    """
    if isinstance(value, dict) and not secured.is_envelope(value):
        by = credential.issuer_id(value)
        yield from ((by, node) for node in shape.nodes(_alone(value)) if isinstance(node.get("id"), str))
        for _, _, item in inside(value):
            yield from _statements(item)


def _is_harmless(node: JsonObject, described: list[JsonObject], *, by: str) -> bool:
    """Return whether no word could change places: endorsements have one that nothing else has, and who an id belongs to may use it."""
    said, *here = (credential.as_list(item.get("type")) for item in (node, *described))
    if node["id"] == by and all(kinds == ["Profile"] for kinds in (said, *here)):
        return True
    is_endorsed_here = any("EndorsementSubject" in kinds for kinds in here)
    return set(node) <= {"id", "type", "endorsementComment"} and not (is_endorsed_here and "EndorsementSubject" in said)


def _is_apart(node: JsonObject, described: list[JsonObject], *, by: str) -> bool:  # noqa: ARG001 - as `_is_harmless`
    """Return whether two descriptions have no member in common but those for which a learner record has terms of its own."""
    return not any(set(node) & set(item) - {"id", "type", "achievement", "identifier"} for item in described)


def _refused(detail: str, pointer: str) -> Finding:
    return Finding(detail, pointer, CRYPTOGRAPHIC_SECURITY_ERROR)
