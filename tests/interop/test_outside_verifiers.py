"""Badges are accepted, and altered copies refused, by verifiers that others wrote: openbadgeslib (Python) and Digital Bazaar's (npm)."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from openbadgeslib import ob3

from badgeissuer.vc import contexts

pytestmark = pytest.mark.interop

JsonObject = dict[str, Any]

HERE = Path(__file__).parent
IN_CI = os.environ.get("CI") == "true"
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


@dataclass(frozen=True, slots=True)
class Verdict:
    accepted: bool
    reasons: str


Verifier = Callable[[JsonObject, JsonObject], Verdict]
"""Takes a badge and its status list credential."""

NpmVerifier = Callable[[JsonObject, JsonObject], Verdict]
"""Takes a credential and what further URLs answer."""


def ask_openbadgeslib(badge: JsonObject, status_list: JsonObject) -> Verdict:
    """The status list's own proof is checked apart, because the library knows only lists signed as a JWT."""
    issuer = badge["issuer"]["id"]
    try:
        key = ob3.resolve_did(issuer)
        ob3.OB3LdpVerifier.for_issuer_did(issuer).verify(
            json.dumps(badge),
            check_status=True,
            download=lambda url: json.dumps({status_list["id"]: status_list}[url]).encode(),
            verify_status_list=False,
        )
        ob3.verify_data_integrity_proof(status_list, key)
    except ob3.OB3VerificationError as refusal:
        return Verdict(accepted=False, reasons=str(refusal))
    return Verdict(accepted=True, reasons="")


def _missing(what: str) -> None:
    if IN_CI:
        pytest.fail(what)
    pytest.skip(what)


def _ask_npm(folder: Path, credential: JsonObject, resources: JsonObject) -> Verdict:
    for number, content in enumerate(resources.values()):
        (folder / f"resource-{number}.json").write_text(json.dumps(content), "utf-8")
    (folder / "resources.json").write_text(json.dumps({url: f"resource-{n}.json" for n, url in enumerate(resources)}), "utf-8")
    (folder / "credential.json").write_text(json.dumps(credential), "utf-8")
    command = ["node", str(HERE / "verify.mjs"), str(folder / "credential.json"), str(folder / "resources.json")]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    return Verdict(accepted=answer["verified"], reasons="; ".join(answer["errors"]))


@pytest.fixture
def npm_verifier(tmp_path: Path) -> NpmVerifier:
    if shutil.which("node") is None:
        _missing("node is not installed, so the npm verifier cannot be asked")
    if not (HERE / "node_modules").is_dir():
        _missing("the npm verifier is not installed; `make test` does it with `npm ci`")
    pinned = {url: context.content for url, context in contexts.PINNED.items()}
    return lambda credential, resources: _ask_npm(tmp_path, credential, pinned | resources)


@pytest.fixture
def ask_npm(npm_verifier: NpmVerifier) -> Verifier:
    return lambda badge, status_list: npm_verifier(badge, {status_list["id"]: status_list})


@pytest.fixture(params=["openbadgeslib", "npm"])
def verifier(request: pytest.FixtureRequest) -> Verifier:
    if request.param == "openbadgeslib":
        return ask_openbadgeslib
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
    assert [where for where, altered in copies.items() if ask_openbadgeslib(altered, status_list).accepted] == []


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
    file = HERE.parents[1].parent / "shared" / "data" / "ob3" / "vectors" / "1edtech-implguide-ob-eddsa-rdfc-2022.json"
    if not file.is_file():
        _missing("the shared test data is not here")
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
