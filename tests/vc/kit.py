"""What the tests of verification share: signers with known seeds, a small badge, and what stands on the web for it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import nacl.signing

from badgeissuer import problem
from badgeissuer.vc import (
    contexts,
    controller,
    credential,
    cryptosuites,
    document,
    instant,
    jose,
    jwk,
    multikey,
    presentation,
    proof,
    report,
    shape,
    statuslist,
    verification,
)
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Outcome

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
CREATED = datetime(2026, 5, 20, 14, 5, tzinfo=UTC)
LIST = "https://badges.example/status/1"
WEB = "did:web:badges.example"
WEB_METHOD = WEB + "#key-1"
EC_JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
"""The key of RFC 7515, appendix A.3."""
WEB_URL = "https://badges.example/.well-known/did.json"
Gathered: TypeAlias = dict[str, verification.Resource | verification.Unreachable]


@dataclass(frozen=True, slots=True)
class SeedSigner:
    """A signer for tests; without a verification method of its own it is a did:key."""

    number: int
    named: str = ""

    @property
    def _key(self) -> nacl.signing.SigningKey:
        return nacl.signing.SigningKey(bytes([self.number]) * 32)

    @property
    def public_key(self) -> multikey.PublicKey:
        return multikey.PublicKey(bytes(self._key.verify_key))

    @property
    def did(self) -> str:
        return self.verification_method.partition("#")[0]

    @property
    def verification_method(self) -> str:
        return self.named or controller.key_method(controller.key_did(self.public_key))

    @property
    def jwk(self) -> JsonObject:
        return {"kty": "OKP", "crv": "Ed25519", "x": jwk.to_base64url(self.public_key.raw)}

    def sign(self, message: bytes) -> bytes:
        return bytes(self._key.sign(message).signature)


ISSUER, OTHER, HOLDER, WEB_ISSUER = SeedSigner(1), SeedSigner(2), SeedSigner(3), SeedSigner(1, WEB_METHOD)

_BADGE: JsonObject = {
    "@context": [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES],
    "id": "https://badges.example/c/1",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "name": "Teamwork",
    "issuer": {
        "id": ISSUER.did,
        "type": ["Profile"],
        "name": "Example College",
        "image": {"id": "https://badges.example/crest.png", "type": "Image"},
    },
    "validFrom": "2026-05-20T14:05:00Z",
    "validUntil": "2028-05-20T14:05:00Z",
    "credentialSubject": {
        "id": "did:example:learner",
        "type": ["AchievementSubject"],
        "creditsEarned": 5,
        "achievement": {
            "id": "https://badges.example/achievements/1",
            "type": ["Achievement"],
            "name": "Teamwork",
            "description": "Works well with others",
            "criteria": {"narrative": "Finish a project together"},
            "tag": ["group", "work"],
            "creator": {"id": ISSUER.did, "type": ["Profile"], "name": "Example College"},
        },
    },
    "credentialStatus": {
        "id": "https://badges.example/status/1#7",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": LIST,
    },
}


def badge(issuer: str = ISSUER.did, /, *, status: bool = True, **change: Any) -> JsonObject:  # noqa: ANN401 - any members
    """Return a fresh unsigned badge; `change` sets members of it."""
    source = copy.deepcopy(_BADGE)
    source["issuer"]["id"] = source["credentialSubject"]["achievement"]["creator"]["id"] = issuer
    if not status:
        del source["credentialStatus"]
    return source | change


def sign(source: JsonObject, signer: SeedSigner = ISSUER, *, suite: cryptosuites.Cryptosuite = cryptosuites.EDDSA_RDFC_2022) -> JsonObject:
    return proof.add_proof(proof.lint(source), signer, created=CREATED, suite=suite)


def prove(
    source: JsonObject,
    signer: SeedSigner,
    *,
    suite: cryptosuites.Cryptosuite = cryptosuites.EDDSA_RDFC_2022,
    **options: Any,  # noqa: ANN401 - any members
) -> JsonObject:
    """Return a document with a proof whose members are whatever a test wants, signed as the suite has it."""
    made = {
        **suite.options,
        "created": instant.write(CREATED),
        "verificationMethod": signer.verification_method,
        "proofPurpose": "assertionMethod",
        **options,
    }
    digest = cryptosuites.options_digest(suite, made | {"@context": source["@context"]}, contexts.PINNED)
    message = cryptosuites.hash_data(digest, suite.canonicalize(proof.without_proof(source), contexts.PINNED))
    kept = {"@context": source["@context"]} if suite.keeps_context else {}
    return source | {"proof": made | kept | {"proofValue": multikey.multibase(signer.sign(message))}}


def present(*credentials: object, holder: SeedSigner = HOLDER, change: JsonObject | None = None, **options: Any) -> JsonObject:  # noqa: ANN401 - any members
    """Return a presentation of the credentials, signed by its holder; `change` sets members, `options` those of the proof."""
    source: JsonObject = {
        "@context": [contexts.CREDENTIALS_V2],
        "type": [presentation.TYPE],
        "holder": holder.did,
        "verifiableCredential": list(credentials),
    }
    changed = {name: value for name, value in (source | (change or {})).items() if value is not None}
    return prove(changed, holder, **({"proofPurpose": "authentication"} | options))


def token(source: JsonObject, signer: SeedSigner = ISSUER, **header: object) -> str:
    """Return a credential as a token, whose header holds whatever a test wants; a member that is None is left out."""
    text = jose.sign(source, signer, kind=str(header.get("typ", "JWT")))
    if not header:
        return text
    head = {"alg": "EdDSA", "kid": signer.verification_method, "typ": "JWT"} | header
    _, payload, _ = text.split(".")
    shown = {name: value for name, value in head.items() if value is not None}
    signed = f"{encoded(shown)}.{payload}"
    return f"{signed}.{jwk.to_base64url(signer.sign(signed.encode()))}"


def encoded(source: JsonObject) -> str:
    return jwk.to_base64url(document.write(source))


def found(url: str, source: object) -> verification.Resource:
    return verification.Resource(url, source if isinstance(source, bytes) else json.dumps(source).encode(), NOW)


def at(**documents: object) -> Gathered:
    """Return what stands at WEB_URL (`web`), at LIST (`list`)."""
    urls = {"web": WEB_URL, "list": LIST}
    return {urls[name]: found(urls[name], source) for name, source in documents.items()}


def web_document(signer: SeedSigner = ISSUER, /, **change: object) -> JsonObject:
    method = controller.VerificationMethod(WEB_METHOD, WEB, signer.public_key)
    composed = controller.compose(WEB, [method], asserting=[WEB_METHOD])
    composed["verificationMethod"][0] |= change
    return composed


def unsigned_list(issuer: str, *, revoked: tuple[int, ...] = (), **change: object) -> JsonObject:
    """Return a status list with those bits set; `change` sets members of it or of its subject."""
    encoded = statuslist.encode(statuslist.MIN_LENGTH, revoked)
    dates = {"valid_from": CREATED, "valid_until": NOW + timedelta(days=1)}
    source = statuslist.compose(LIST, issuer, purpose="revocation", encoded=encoded, **dates)
    subject = {name: change.pop(name) for name in ("statusPurpose", "encodedList", "statusSize") if name in change}
    return source | {"credentialSubject": source["credentialSubject"] | subject} | change


def list_by(issuer: SeedSigner = ISSUER, *, revoked: tuple[int, ...] = (), **change: object) -> JsonObject:
    return sign(unsigned_list(issuer.did, revoked=revoked, **change), issuer)


def _badge_context(source: JsonObject, known: Mapping[str, contexts.Context]) -> None:
    credential.check_context(source, known)
    if source["@context"] not in ([contexts.CREDENTIALS_V2, contexts.OPEN_BADGES], [contexts.CREDENTIALS_V2]):
        raise problem.Invalid("@context is not that of a badge.")


SCHEMA = "https://schemas.example/own/"
"""How the URLs begin of schemas that the strict profile of these tests answers for itself."""


def _is_named(source: JsonObject) -> tuple[problem.Finding, ...]:
    return () if "name" in source else (problem.Finding("A name is missing.", "/name"),)


KIND = verification.Kind(
    "badge", _badge_context, shape.gate, (credential.rules,), schemas={SCHEMA + "named": _is_named, SCHEMA: credential.rules}
)
POLICY = verification.Policy(verification.Profile("badge", "badge", lambda _source: KIND))
"""A strict profile: the shape gate, and the W3C's rules."""
GENERIC = verification.Policy(verification.GENERIC)


def verify(
    source: JsonObject | str,
    gathered: Mapping[str, verification.Resource | verification.Unreachable] | None = None,
    *,
    policy: verification.Policy = POLICY,
    now: datetime = NOW,
) -> report.Report:
    """Return the report on a document or a token; whatever it is, that can be written as JSON."""
    read = jose.read(source) if isinstance(source, str) else None
    content = jose.credential(read) if read else source
    assert isinstance(content, dict)
    given = verification.verify(content, gathered or {}, now=now, policy=policy, sha256="00", token=read)
    assert document.parse(json.dumps(given.to_json()).encode())["outcome"] == given.outcome.value
    return given


def outcomes(given: report.Report) -> dict[str, str]:
    """Return the steps that neither passed nor do not apply."""
    return {step.name: step.outcome.value for step in given.steps if step.outcome not in {Outcome.VALID, Outcome.NOT_APPLICABLE}}


def faults(given: report.Report) -> dict[str, str]:
    """Return those of `outcomes` that were looked at."""
    seen = {step.name for step in given.steps if not any(finding.type == report.NOT_REACHED for finding in step.findings)}
    return {name: outcome for name, outcome in outcomes(given).items() if name in seen}


def detail(given: report.Report, step: str) -> str:
    return given.step(step).findings[0].detail


def objects(value: object) -> list[JsonObject]:
    return list(shape.nodes(value))


def reading(value: Any) -> object:  # noqa: ANN401 - any JSON value
    """Return what a reader takes from JSON whose arrays are sets and may be left out for one item, and an object that is but an id."""
    if isinstance(value, dict):
        inner = {key: reading(item) for key, item in value.items()}
        return inner["id"] if set(inner) == {"id"} else inner
    if isinstance(value, list):
        return reading(value[0]) if len(value) == 1 else sorted((reading(item) for item in value), key=repr)
    return value


def pointers(value: object, pointer: str = "") -> Iterator[tuple[str, object]]:
    """Yield every part of a JSON value with its place."""
    yield pointer, value
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from pointers(item, f"{pointer}/{key}")
