"""Badges are accepted, and altered copies refused, by verifiers that others wrote: openbadgeslib (Python) and Digital Bazaar's (npm)."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from openbadgeslib import ob3
from tests.interop import judges
from tests.interop.judges import Verdict

from badgeissuer.vc import contexts

pytestmark = pytest.mark.interop

JsonObject = dict[str, Any]

LIST_URL = "http://localhost:8000/status-lists/1"
INDEX = 4711

SIGNED_PLACES = [
    ("id",),
    ("name",),
    ("validFrom",),
    ("issuer", "id"),
    ("issuer", "name"),
    ("credentialSubject", "identifier", "identityHash"),
    ("credentialSubject", "achievement", "id"),
    ("credentialSubject", "achievement", "name"),
    ("credentialSubject", "achievement", "description"),
    ("credentialStatus", "statusListIndex"),
    ("credentialStatus", "statusListCredential"),
    ("proof", "created"),
    ("proof", "verificationMethod"),
    ("proof", "proofValue"),
]
"""Where a character is changed; a list on the way is entered at its first item."""


Verifier = Callable[[JsonObject, JsonObject], Verdict]
"""Takes a badge and its status list credential."""

NpmVerifier = Callable[[JsonObject, JsonObject], Verdict]
"""Takes a credential and what further URLs answer."""


@pytest.fixture
def npm_verifier(tmp_path: Path) -> NpmVerifier:
    judges.require_npm()
    return lambda credential, resources: judges.ask_npm(tmp_path, credential, resources)


@pytest.fixture
def ask_npm(npm_verifier: NpmVerifier) -> Verifier:
    return lambda badge, status_list: npm_verifier(badge, {status_list["id"]: status_list})


@pytest.fixture(params=["openbadgeslib", "npm"])
def verifier(request: pytest.FixtureRequest) -> Verifier:
    if request.param == "openbadgeslib":
        return judges.ask_openbadgeslib
    chosen: Verifier = request.getfixturevalue("ask_npm")
    return chosen


@pytest.fixture
def badge(demo_directory: Path) -> JsonObject:
    document: JsonObject = json.loads((demo_directory / "badge.json").read_bytes())
    return document


@pytest.fixture
def status_list(demo_directory: Path) -> JsonObject:
    document: JsonObject = json.loads((demo_directory / "status-list.json").read_bytes())
    return document


def _holder(document: JsonObject, place: tuple[str, ...]) -> tuple[JsonObject, str]:
    holder: Any = document
    for name in place[:-1]:
        holder = holder[name]
        holder = holder[0] if isinstance(holder, list) else holder
    return holder, place[-1]


def _other_character(character: str) -> str:
    """Another one of the same kind, and one that base58 has too, so that the form of the value stays right."""
    first, second = ("2", "3") if character.isdigit() else ("a", "b") if character.islower() else ("A", "B")
    return second if character == first else first


def _with_one_character_changed(text: str) -> str:
    last = re.search(r"[0-9](?=Z$)|[0-9A-Za-z](?=[^0-9A-Za-z]*$)", text)
    assert last is not None, text
    return text[: last.start()] + _other_character(last[0]) + text[last.end() :]


def _leaves(node: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if isinstance(node, str):
        yield place
    for key, value in items:
        yield from _leaves(value, (*place, key))


def _altered_everywhere(document: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for place in _leaves(document):
        altered = copy.deepcopy(document)
        holder: Any = altered
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = _with_one_character_changed(holder[place[-1]])
        yield "/".join(map(str, place)), altered


def test_the_badge_of_the_demo_is_accepted(verifier: Verifier, badge: JsonObject, status_list: JsonObject) -> None:
    assert verifier(badge, status_list) == Verdict(accepted=True, reasons="")


@pytest.mark.parametrize("place", SIGNED_PLACES, ids="/".join)
def test_a_badge_with_one_changed_character_is_refused(
    verifier: Verifier, badge: JsonObject, status_list: JsonObject, place: tuple[str, ...]
) -> None:
    holder, name = _holder(badge, place)
    holder[name] = _with_one_character_changed(holder[name])
    resources = status_list
    if place == ("credentialStatus", "statusListCredential"):
        resources = status_list | {"id": holder[name]}  # the list stands at the other address as well: its absence is not the reason
    verdict = verifier(badge, resources)
    assert not verdict.accepted
    assert verdict.reasons


def test_no_text_of_a_badge_can_change_unnoticed(badge: JsonObject, status_list: JsonObject) -> None:
    copies = dict(_altered_everywhere(badge))
    assert len(copies) > len(SIGNED_PLACES)
    assert [where for where, altered in copies.items() if judges.ask_openbadgeslib(altered, status_list).accepted] == []


def test_a_changed_status_list_is_refused(verifier: Verifier, badge: JsonObject, status_list: JsonObject) -> None:
    status_list["validFrom"] = _with_one_character_changed(status_list["validFrom"])
    assert not verifier(badge, status_list).accepted


# Controls: that the verifiers are asked the right way is shown on credentials that are not ours.


@dataclass(frozen=True, slots=True)
class StrangeIssuer:
    """An issuer of which our code knows nothing: openbadgeslib signs for it."""

    key: bytes
    did: str

    def sign(self, document: JsonObject) -> JsonObject:
        return ob3.add_data_integrity_proof(document, self.key, f"{self.did}#{self.did.removeprefix('did:key:')}")

    def status_list(self, *indices: int) -> JsonObject:
        return self.sign(ob3.build_status_list_credential(self.did, LIST_URL, "revocation", indices))

    def badge(self) -> JsonObject:
        achievement = {
            "id": "urn:uuid:5b2f9b0a-5f0e-4f0a-9a57-6f4f3f0f7a11",
            "type": ["Achievement"],
            "name": "Knots",
            "description": "Ties six knots",
            "criteria": {"narrative": "Tied six knots"},
        }
        return self.sign(
            {
                "@context": [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES],
                "id": "http://localhost:8000/c/0f1a4b0e-2d0a-4f5e-8a53-1f1f5a0c9d10",
                "type": ["VerifiableCredential", "OpenBadgeCredential"],
                "issuer": {"id": self.did, "type": ["Profile"], "name": "Harbour School"},
                "validFrom": "2024-02-03T04:05:06Z",
                "name": "Knots",
                "credentialSubject": {
                    "type": ["AchievementSubject"],
                    "id": "urn:uuid:3f1f5a0c-9d10-4f5e-8a53-0f1a4b0e2d0a",
                    "achievement": achievement,
                },
                "credentialStatus": ob3.status_entry(LIST_URL, "revocation", INDEX),
            }
        )


@pytest.fixture
def strange_issuer() -> StrangeIssuer:
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return StrangeIssuer(private, ob3.did_key_from_pem(public))


def test_control_a_badge_signed_by_others_is_accepted(verifier: Verifier, strange_issuer: StrangeIssuer) -> None:
    assert verifier(strange_issuer.badge(), strange_issuer.status_list(INDEX + 1)) == Verdict(accepted=True, reasons="")


def test_control_a_revoked_badge_is_refused_for_its_status(verifier: Verifier, strange_issuer: StrangeIssuer) -> None:
    verdict = verifier(strange_issuer.badge(), strange_issuer.status_list(INDEX))
    assert not verdict.accepted
    assert "status" in verdict.reasons


def test_control_a_status_list_with_another_bit_than_was_signed_is_refused(verifier: Verifier, strange_issuer: StrangeIssuer) -> None:
    status_list = strange_issuer.status_list(INDEX)
    status_list["credentialSubject"]["encodedList"] = ob3.encode_bitstring(())
    assert not verifier(strange_issuer.badge(), status_list).accepted


@pytest.fixture
def guide_vector() -> JsonObject:
    """The Open Badges implementation guide's own example, read where the shared data is."""
    file = judges.HERE.parents[1].parent / "shared" / "data" / "ob3" / "vectors" / "1edtech-implguide-ob-eddsa-rdfc-2022.json"
    if not file.is_file():
        judges.missing("the shared test data is not here")
    document: JsonObject = json.loads(file.read_bytes())
    return document


def test_control_the_npm_verifier_accepts_the_example_of_the_guide(npm_verifier: NpmVerifier, guide_vector: JsonObject) -> None:
    signed, controller = guide_vector["signed"], guide_vector["keyPair"]["controller"]
    method = {
        "id": signed["proof"]["verificationMethod"],
        "type": "Multikey",
        "controller": controller,
        "publicKeyMultibase": guide_vector["keyPair"]["publicKeyMultibase"],
    }
    document = {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": controller,
        "verificationMethod": [method],
        "assertionMethod": [method["id"]],
    }
    assert npm_verifier(signed, {controller: document}) == Verdict(accepted=True, reasons="")
    signed["credentialSubject"]["achievement"]["name"] = "Teamwork?"
    assert "Invalid signature" in npm_verifier(signed, {controller: document}).reasons


def test_control_openbadgeslib_accepts_the_example_of_the_guide(guide_vector: JsonObject) -> None:
    raw = bytes.fromhex(guide_vector["keyPair"]["publicKeyHex"])
    pem = ed25519.Ed25519PublicKey.from_public_bytes(raw).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    ob3.verify_data_integrity_proof(guide_vector["signed"], pem)
    guide_vector["signed"]["name"] = "Teamwork Badges"
    with pytest.raises(ob3.OB3VerificationError):
        ob3.verify_data_integrity_proof(guide_vector["signed"], pem)
