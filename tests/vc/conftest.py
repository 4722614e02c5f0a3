"""What the tests of the pure core share: published test data, a signer with a known seed, and a small badge."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nacl.signing
import pytest

from badgeissuer.vc import contexts, controller, multikey
from badgeissuer.vc.document import JsonObject

ReadJson = Callable[[str], Any]


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

    def sign(self, message: bytes) -> bytes:
        return bytes(self._key.sign(message).signature)


@pytest.fixture(scope="session")
def signer() -> Callable[..., SeedSigner]:
    """Return the class of the test signer: `signer(number)` or `signer(number, verification_method)`."""
    return SeedSigner


@pytest.fixture(scope="session")
def read_json(shared_data: Path) -> ReadJson:
    return lambda name: json.loads((shared_data / name).read_text("utf-8"))


_BADGE: JsonObject = {
    "@context": [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES],
    "id": "https://badges.example/c/1",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "name": "Teamwork",
    "issuer": {
        "id": SeedSigner(1).did,
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
            "creator": {"id": SeedSigner(1).did, "type": ["Profile"], "name": "Example College"},
        },
    },
    "credentialStatus": {
        "id": "https://badges.example/status/1#7",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://badges.example/status/1",
    },
}


@pytest.fixture
def badge() -> JsonObject:
    """A fresh unsigned badge by the did:key of seed 1."""
    return copy.deepcopy(_BADGE)


@pytest.fixture(scope="session")
def frozen_badge() -> JsonObject:
    """The same badge for tests that only read it, property tests above all."""
    return copy.deepcopy(_BADGE)
