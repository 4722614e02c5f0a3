"""How badges are read when they are verified: the strict profile, and the kinds of documents that it knows.

Source: OB-3.0 "OpenBadgeCredential Verification", "EndorsementCredential Verification", CLR-2.0; contract of this project: the profiles.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.openbadges import clr, endorsement, gating, identity, legacy, model, results, revocationlist
from badgeissuer.vc import contexts, credential, family, instant, presentation, proof, shape, template, verification
from badgeissuer.vc.verification import Kind, Profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from badgeissuer.vc.document import JsonObject

Check = Callable[["JsonObject", "Mapping[str, contexts.Context]"], None]

_EXTENSION: tuple[list[str], ...] = ([], [contexts.OPEN_BADGES_EXTENSIONS])
ACCEPTED_CONTEXTS = tuple(
    [contexts.CREDENTIALS_V2, badges, *extension]
    for badges in (contexts.OPEN_BADGES, contexts.OPEN_BADGES_3_0_2)
    for extension in _EXTENSION
)
"""The `@context` arrays under which a badge is interpreted; any other could give its words other meanings."""
ACCEPTED_CLR_CONTEXTS = tuple([contexts.CREDENTIALS_V2, contexts.CLR, contexts.OPEN_BADGES, *extension] for extension in _EXTENSION)
ACCEPTED_LEGACY_CONTEXTS = tuple(
    [contexts.CREDENTIALS_V1, badges, *order]
    for badges in (contexts.OPEN_BADGES_3_0_1, contexts.OPEN_BADGES_UNVERSIONED)
    for suite in ([], [contexts.ED25519_2020], [contexts.DATA_INTEGRITY_V1], [contexts.DATA_INTEGRITY_V2])
    for extension in _EXTENSION
    for order in itertools.permutations([*suite, *extension])
)
"""Those of badges on VCDM 1.1: further contexts define the terms of proofs and of extensions only, so their order changes nothing."""

_SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_"
_CLR_SCHEMA = "https://purl.imsglobal.org/spec/clr/v2p0/schema/json/clr_v2p0_clrcredential"


def _schemas(badge: proof.Rule, endorsing: proof.Rule) -> Mapping[str, proof.Rule]:
    """Return 1EdTech's JSON Schemas with our own rules that ask for more than they do."""
    badges = dict.fromkeys((_SCHEMA + "achievementcredential", _SCHEMA + "anyachievementcredential"), badge)
    return badges | dict.fromkeys((_SCHEMA + "endorsementcredential", _SCHEMA + "anyendorsementcredential"), endorsing)


def check_context(accepted: tuple[list[str], ...], wanted: str) -> Check:
    """Return the check that a `@context` is exactly one of those accepted.

    The check raises `report.Undecided` where a vocabulary is named of which no pinned copy is held, and `problem.Invalid` where the context
    is of another form or order.

    Source: VC-DATA-INTEGRITY#context-validation.
    """

    def check(source: JsonObject, known: Mapping[str, contexts.Context]) -> None:
        value = source.get("@context")
        if value in accepted or (isinstance(value, list) and _without_extensions(value, known) in accepted):
            return
        if not isinstance(value, list):
            raise problem.Invalid("@context must be an array.")
        if any(isinstance(item, dict) for item in value):
            raise problem.Invalid("@context holds definitions of its own; a badge's words could then mean anything.")
        credential.refuse_unknown_contexts(value, known)
        raise problem.Invalid(f"@context must be that of {wanted}.")

    return check


def _without_extensions(value: list[Any], known: Mapping[str, contexts.Context]) -> list[Any]:
    """Return a `@context` without those at its end that the operator has pinned for badges too."""
    rest = list(value)
    while rest and isinstance(rest[-1], str) and rest[-1] in known and known[rest[-1]].extends_badges and rest[-1] not in rest[:-1]:
        rest.pop()
    return rest


def check(source: JsonObject) -> tuple[problem.Finding, ...]:
    """Return what keeps a document from being a good badge: its members, and what it says of results against its own achievement."""
    return model.check(source) or (*credential.rules(source), *_common(source), *results.rules(source))


def check_legacy(source: JsonObject) -> tuple[problem.Finding, ...]:
    """Return what `check` does, of a badge on VCDM 1.1."""
    return legacy.check(source) or (*credential.rules(source), *_common(source), *results.rules(source))


def _common(source: JsonObject) -> Iterator[problem.Finding]:
    """Yield what is wrong with the members that badges of all versions have alike."""
    for pointer, value in endorsement.embedded(source):
        name = next(part for part in reversed(pointer.split("/")) if not part.isdigit())
        if isinstance(value, str) != (name == "endorsementJwt"):
            yield problem.Finding("endorsement holds objects, and endorsementJwt the texts of tokens.", pointer)
    for item in credential.as_list(source.get("refreshService")):
        if isinstance(item, dict) and not credential.is_url(item.get("id")):
            yield problem.Finding("refreshService must have a URL as its id.", "/refreshService/id")


def _ids(source: JsonObject) -> Iterator[object]:
    """Yield the identifiers of what a badge speaks of, those inside its endorsements apart."""
    yield from (node.get("id") for node in shape.nodes(endorsement.without(source)))
    yield source.get("issuer")


def _presentation_gate(source: JsonObject) -> tuple[problem.Finding, ...]:
    return shape.too_large(source, most_parts=gating.MAX_PARTS, most_contexts=gating.MAX_CONTEXTS) or shape.list_gate(
        presentation.without_credentials(source)
    )


_NAME, _SAID = template.PLAIN_IRI, re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_NEUTRAL = family.Neutral(
    {
        ("id",): _NAME,
        ("awardedDate",): instant.PLAIN,
        ("validFrom",): instant.PLAIN,
        ("validUntil",): instant.PLAIN,
        ("credentialSubject", "id"): _NAME,
        ("credentialSubject", "narrative"): _SAID,
        ("credentialSubject", "licenseNumber"): _SAID,
        ("credentialSubject", "identifier", "*", "identityHash"): _SAID,
        ("credentialSubject", "identifier", "*", "salt"): _SAID,
        ("evidence", "*", "id"): _NAME,
        ("evidence", "*", "narrative"): _SAID,
        ("credentialStatus", "id"): _NAME,
        ("credentialStatus", "statusListIndex"): _SAID,
    },
    names=frozenset({("id",), ("credentialSubject", "id"), ("evidence", "*", "id"), ("credentialStatus", "id")}),
    judged=frozenset({("credentialSubject", "result"), ("credentialSubject", "creditsEarned")}),
    ordered=(("validFrom", "validUntil"),),
)
"""What differs between the badges of one achievement, and no rule looks at but for its form."""

_BADGE = Kind(
    "badge",
    check_context(ACCEPTED_CONTEXTS, "W3C credentials 2.0, then that of Open Badges 3.0.2 or 3.0.3, then its extensions if any"),
    gating.gate,
    (check,),
    (lambda source, is_ordered: results.remarks(source, ordered=is_ordered),),
    schemas=_schemas(check, endorsement.check),
    parts=gating.inside,
    ids=_ids,
    statuses={revocationlist.TYPE: verification.ForeignStatus(revocationlist.list_url, revocationlist.find)},
    refreshes=frozenset({"1EdTechCredentialRefresh"}),
    answers_to=identity.answers_to,
    is_defined=True,
    neutral=_NEUTRAL,
)
_LEGACY = replace(
    _BADGE,
    neutral=None,
    check_context=check_context(
        ACCEPTED_LEGACY_CONTEXTS, "W3C credentials 1.1, then that of Open Badges 3.0 before 3.0.2, then those of its proof and extensions"
    ),
    rules=(check_legacy,),
    schemas=_schemas(check_legacy, legacy.check_endorsement),
)
_ENDORSEMENT = replace(_BADGE, noun="endorsement", rules=(endorsement.check,), remarks=(), role="endorsement", neutral=None)
_LEGACY_ENDORSEMENT = replace(_ENDORSEMENT, check_context=_LEGACY.check_context, rules=(legacy.check_endorsement,), schemas=_LEGACY.schemas)
_CLR = replace(
    _BADGE,
    noun="learning record",
    check_context=check_context(ACCEPTED_CLR_CONTEXTS, "W3C credentials 2.0, then those of CLR 2.0.1 and Open Badges 3.0.3"),
    rules=(clr.check,),
    remarks=(),
    schemas={_CLR_SCHEMA: clr.check},
    neutral=None,
)
_LEGACY_CLR = replace(
    _CLR, check_context=check_context((), "W3C credentials 2.0, and CLR on version 1.1 is not read"), rules=(legacy.check_clr,)
)
_PRESENTATION = Kind(
    "presentation",
    credential.check_plain_context,
    _presentation_gate,
    (presentation.rules,),
    parts=presentation.credentials,
    role="presentation",
    is_presentation=True,
)


def kind(source: JsonObject) -> Kind:
    """Return which kind of document of the badge profile this is; a badge where it is none of the others."""
    if presentation.is_presentation(source):
        return _PRESENTATION
    if clr.is_clr(source):
        return _LEGACY_CLR if legacy.is_legacy(source) else _CLR
    if endorsement.is_endorsement(source):
        return _LEGACY_ENDORSEMENT if legacy.is_legacy(source) else _ENDORSEMENT
    return _LEGACY if legacy.is_legacy(source) else _BADGE


BADGE = Profile("badge", "badge", kind)
"""The profile for Open Badges, as pages, `/verify` and the command line use it."""

_GENERIC = verification.GENERIC.kind({})
_GENERIC_BADGE = replace(
    _GENERIC, parts=gating.inside, ids=_ids, statuses=_BADGE.statuses, schemas=_BADGE.schemas, answers_to=identity.answers_to
)
_GENERIC_ENDORSEMENT = replace(_GENERIC_BADGE, noun="endorsement", role="endorsement")


def generic_kind(source: JsonObject) -> Kind:
    """Return which kind of W3C credential this is; of badges it knows besides what was revoked, and what endorses them."""
    found = verification.GENERIC.kind(source)
    if found is _GENERIC:
        return _GENERIC_ENDORSEMENT if endorsement.is_endorsement(source) else _GENERIC_BADGE
    return found


GENERIC = Profile("vc", "credential", generic_kind)
"""The profile for any W3C credential, as VC-API uses it."""
