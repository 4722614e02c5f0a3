"""Implementations that others wrote, each doing what a user of it would do to sign and to verify an Open Badge with `eddsa-rdfc-2022`.

All get the contexts in memory, the key at hand, and the same documents. What each of them checks besides the proof stands in README.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from openbadgeslib import ob3
from openvc import keys as openvc_keys
from openvc.proof import contexts as openvc_contexts
from openvc.proof import data_integrity as openvc_suite
from openvc.proof import errors as openvc_errors

from badgeissuer.vc import contexts
from badgeissuer.vc.document import JsonObject
from benchmarks import sample, stock

if TYPE_CHECKING:
    from collections.abc import Mapping

Sign: TypeAlias = Callable[[JsonObject, datetime], bytes]
Verify: TypeAlias = Callable[[bytes], bool]

_OPENVC_CONTEXTS: Mapping[str, JsonObject] = {
    # What it brings itself stays its own: it keeps only what it made of those.
    url: context.content
    for url, context in contexts.PINNED.items()
    if url not in openvc_contexts.bundled_contexts()
}
FULL = "openbadgeslib, all its checks"


@dataclass(frozen=True, slots=True)
class Peer:
    """An implementation.

    Attributes:
        name: What it is called in the results.
        sign: An unsigned badge and the time of its proof → signed bytes; None where it can only verify.
        verify: Signed bytes → whether it accepts them.
    """

    name: str
    sign: Sign | None
    verify: Verify


def python(signer: sample.Signer, list_url: str, status_list: bytes, *, now: datetime) -> tuple[Peer, ...]:
    """Return the peers that run in this process.

    Args:
        signer: The issuer's key; the issuer is known to whoever verifies.
        list_url: The status list that all badges name.
        status_list: What stands there.
        now: The moment to verify at, for those that can be told.
    """
    plain = Peer(stock.NAME, lambda badge, created: stock.sign(badge, signer, created), stock.verify)
    return (plain, _openbadgeslib(signer), _openbadgeslib_full(signer, list_url, status_list), _openvc(signer, now=now))


def _openbadgeslib(signer: sample.Signer) -> Peer:
    private, public = _pem(signer)

    def sign(badge: JsonObject, created: datetime) -> bytes:
        signed = ob3.add_data_integrity_proof(badge, private, signer.verification_method, created=created)
        return json.dumps(signed, ensure_ascii=False).encode()

    def verify(body: bytes) -> bool:
        try:
            ob3.verify_data_integrity_proof(json.loads(body), public)
        except ob3.OB3VerificationError:
            return False
        return True

    return Peer("openbadgeslib", sign, verify)


def _openbadgeslib_full(signer: sample.Signer, list_url: str, status_list: bytes) -> Peer:
    """Its verifier of whole badges, with the status looked at. Of status lists it verifies only those signed as a JWT, so not this one."""
    verifier = ob3.OB3LdpVerifier.for_issuer_did(signer.did)

    def verify(body: bytes) -> bool:
        try:
            verifier.verify(body, check_status=True, download=lambda url: {list_url: status_list}[url], verify_status_list=False)
        except ob3.OB3VerificationError:
            return False
        return True

    return Peer(FULL, None, verify)


def _openvc(signer: sample.Signer, *, now: datetime) -> Peer:
    suite = openvc_suite.DataIntegrityProofSuite()
    key = openvc_keys.Ed25519SigningKey(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(signer.key)), signer.verification_method)
    jwk = key.public_jwk()

    def sign(badge: JsonObject, created: datetime) -> bytes:
        signed = suite.add_proof(
            badge, signing_key=key, verification_method=signer.verification_method, created=created, extra_contexts=_OPENVC_CONTEXTS
        )
        return json.dumps(signed, ensure_ascii=False).encode()

    def verify(body: bytes) -> bool:
        try:
            suite.verify(json.loads(body), public_key_jwk=jwk, now=now, extra_contexts=_OPENVC_CONTEXTS)
        except openvc_errors.ProofError:
            return False
        return True

    return Peer("openvc-core", sign, verify)


def _pem(signer: sample.Signer) -> tuple[bytes, bytes]:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(signer.key))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public
