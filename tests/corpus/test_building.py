"""The corpus itself: it is what its script makes, it is complete, and its signatures are what its cases say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nacl.signing
import pytest
from tests.corpus import build, kit

FOLDER = build.FOLDER
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text("utf-8"))
FAULTS = [path for path, expected in EXPECTED.items() if expected["outcome"] != "VALID"]
CONTROLS = [path for path in EXPECTED if path not in FAULTS]
ROWS = {
    # J11, J12, D5, D6 and D10 are about how the program is built and run: no document can show them.
    *(f"J{number}" for number in range(1, 24) if number not in {11, 12}),
    *("D1", "D2", "D3", "D4", "D7", "D8", "D9", "D11"),
    *(f"T{number}" for number in range(1, 8)),
    *("1.4", "1.5"),
}
STEPS = {
    *("syntax", "context", "data_model", "issuer", "proof", "validity", "status", "schema", "refresh", "endorsement", "recipient", "trust"),
    "credentials",
}


def test_the_files_are_those_that_the_script_makes() -> None:
    made = build.files()
    kept = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in _kept()}
    assert set(made) == set(kept)
    assert [name for name in made if made[name] != kept[name]] == []


def test_it_is_large_enough() -> None:
    assert len(FAULTS) >= 300
    assert len(CONTROLS) >= 30


def test_it_is_small_enough() -> None:
    assert sum(path.stat().st_size for path in _kept()) < 3_000_000


def test_every_row_of_the_threat_model_has_a_case() -> None:
    assert ROWS - {row for expected in EXPECTED.values() for row in expected["rows"]} == set()


def test_every_step_has_a_case_that_does_not_pass_it() -> None:
    named = {name for expected in EXPECTED.values() for names in expected.get("steps", {}) for name in names.split("|")}
    assert STEPS - named == set()
    assert named <= STEPS


def test_every_case_says_why() -> None:
    assert [path for path, expected in EXPECTED.items() if not expected["why"].endswith(".")] == []


def test_every_signature_holds_or_is_broken_as_said() -> None:
    # A trap whose signature does not hold is no trap.
    said = {path: expected["signature"] for path, expected in EXPECTED.items() if "signature" in expected and expected.get("stored", True)}
    found = {path: kit.holds(json.loads((FOLDER / "cases" / path).read_bytes())) for path in said}
    assert [path for path, signature in said.items() if ("holds" if found[path] else "broken") != signature] == []


@pytest.mark.parametrize(
    "name",
    [
        "eddsa-rdfc-2022/signedDataInt",
        "eddsa-jcs-2022/signedJCS",
        "Ed25519Signature2020/signedEdSig",
        "proof-set-chain/signedProofSet2",
        "proof-set-chain/signedProofChain1",
        "proof-set-chain/signedProofChain2",
    ],
)
@pytest.mark.usefixtures("examples")
def test_the_kit_signs_what_the_standards_sign(shared_data: Path, name: str) -> None:
    document = json.loads((shared_data / "w3c" / "vc-di-eddsa" / f"{name}.json").read_text("utf-8"))
    for proof in kit.proofs(document):
        message = kit.to_sign(document, {name: value for name, value in proof.items() if name != "proofValue"})
        public = kit.from_base58(proof["verificationMethod"].partition("#z")[2], 34)[2:]
        nacl.signing.VerifyKey(public).verify(message, kit.from_base58(proof["proofValue"][1:], 64))


def _kept() -> Iterator[Path]:
    yield from (path for folder in ("cases", "resources") for path in (FOLDER / folder).rglob("*") if path.is_file())
    yield from (FOLDER / "trust.json", FOLDER / "expected.json")


@pytest.fixture
def examples(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://www.w3.org/ns/credentials/examples/v2"
    content = json.loads((shared_data / "w3c" / "contexts" / "credentials-examples-v2.jsonld").read_text("utf-8"))
    monkeypatch.setitem(kit.MORE_CONTEXTS, url, content)
