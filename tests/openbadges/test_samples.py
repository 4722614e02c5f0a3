"""1EdTech's samples, each with what it should come to.

Their keys stand in fragments of URLs, which is no place where a key counts. The internet of these tests therefore holds, for every issuer,
a document that lists them, as a real issuer would publish it; without it nothing here is VALID.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from badgeissuer.openbadges import baking
from badgeissuer.openbadges import verification as badges
from badgeissuer.vc import report, secured, verification
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Outcome

NOW = datetime(2025, 6, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
RAW = "https://raw.githubusercontent.com/1EdTech/digital-credentials-public-validator/refs/heads/main/inspector-vc/src/"
LIST = RAW + "test/resources/ob30/bit-string-list/testlist"

VALID = [
    "validator-clr20/simple.json", "validator-ob30/endorsement-valid.json", "validator-ob30/simple-context-alias.json",
    "validator-ob30/simple-context-version.json", "validator-ob30/simple-did-web-method.json", "validator-ob30/simple-json.png",
    "validator-ob30/simple-json.svg", "validator-ob30/simple-jwt.png", "validator-ob30/simple-jwt.svg",
    "validator-ob30/simple-jwt_v1.png", "validator-ob30/simple-jwt_v1.svg", "validator-ob30/simple.1ob.json",
    "validator-ob30/simple.json", "validator-ob30/simple_v1.json",
]  # fmt: skip

FAULTY: dict[str, set[str]] = {
    "validator-ob30/simple-noproof.json": {"proof"},
    "validator-ob30/simple-err-context.json": {"context"},
    "validator-ob30/simple-err-credential-subject-achievement-result-description-type.json": {"data_model"},
    "validator-ob30/simple-err-credential-subject-identifier-type.json": {"data_model"},
    "validator-ob30/simple-err-credential-subject-profile-type.json": {"data_model"},
    "validator-ob30/simple-err-credential-subject-result-type.json": {"data_model"},
    "validator-ob30/simple-err-credential-subject-type.json": {"data_model"},
    "validator-ob30/simple-err-evidence-type.json": {"data_model"},
    "validator-ob30/simple-err-expired.json": {"validity"},
    "validator-ob30/simple-err-issued.json": {"validity"},
    "validator-ob30/simple-err-issuer-otheridentifier-type.json": {"data_model"},
    "validator-ob30/simple-err-issuer-parentorg-type.json": {"data_model"},
    "validator-ob30/simple-err-issuer-type.json": {"data_model"},
    "validator-ob30/simple-err-issuer.json": {"data_model", "issuer"},
    "validator-ob30/simple-err-proof-method-no-scheme.json": {"proof"},
    "validator-ob30/simple-err-proof-method-unknown-scheme.json": {"proof"},
    "validator-ob30/simple-err-proof-method.json": {"proof"},
    "validator-ob30/simple-err-proof-value.json": {"proof"},
    "validator-ob30/simple-err-type.json": {"data_model"},
    "validator-ob30/simple.jwt.json": {"data_model"},
    "validator-ob30/endorsement-err-schema-status-refresh.json": {"proof"},
    "validator-ob30/bit-string-list/testlist.json": {"data_model"},
}
"""INVALID, at least in these steps."""

OPEN: dict[str, str] = {
    "validator-clr20/complex.json": "context",
    "validator-clr20/simple-noproof.json": "context",
    "validator-clr20/simple.jwt.json": "context",
    "validator-clr20/simple_old_safesigned.json": "context",
    "validator-clr20/simple_v1.json": "context",
    "validator-ob30/bit-string-list/credential-status-revoked-blank-nodes.json": "status",
    "validator-ob30/bit-string-list/credential-status-revoked.json": "status",
    "validator-ob30/credential-status-revoked.json": "status",
    "validator-ob30/sd/derivedcredential.json": "proof",
    "validator-ob30/simple-eddsa-2022.json": "proof",
    "validator-ob30/simple-err-proof-method-unknown-did-method.json": "proof",
    "validator-ob30/simple-multiple-proofs.json": "proof",
}
"""Not VALID, since the truth of this step cannot be learnt here."""

STRICTER: dict[str, set[str]] = {
    "validator-ob30/complete.json": {"data_model", "endorsement"},
    "validator-ob30/complete_v1.json": {"data_model", "validity", "endorsement"},
    "validator-ob30/simple-did-key-method.json": {"proof"},
}
"""Samples that 1EdTech's own validator takes and that break the text of the standard."""


def _text(body: bytes, name: str) -> bytes:
    return json.loads(body)["jwt"].encode() if name.endswith(".jwt.json") else body


def _read(body: bytes) -> secured.Secured:
    return secured.read(baking.unbake(body).encode() if baking.kind(body) else body)


def _methods(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        if isinstance(value.get("verificationMethod"), str):
            yield value["verificationMethod"]
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from _methods(item)


@pytest.fixture(scope="module")
def samples(shared_data: Path) -> dict[str, bytes]:
    folder = shared_data / "ob3" / "samples"
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.parent != folder]
    return {str(path.relative_to(folder)): _text(path.read_bytes(), path.name) for path in paths}


@pytest.fixture(scope="module")
def internet(samples: dict[str, bytes]) -> dict[str, verification.Resource]:
    """What issuers would publish: for each the keys that the samples say are theirs."""
    documents: dict[str, JsonObject] = {}

    def publish(holder: str, method: JsonObject) -> None:
        listed = documents.setdefault(holder, {"id": holder, "verificationMethod": [], "assertionMethod": []})
        if method["id"] not in listed["assertionMethod"]:
            listed["assertionMethod"].append(method["id"])
            listed["verificationMethod"].append(method | {"controller": holder})

    for body in samples.values():
        given = _read(body)
        for name in _methods(given.content):
            holder, _, key = name.partition("#")
            if holder.startswith("https://"):
                publish(holder, {"id": name, "type": "Multikey", "publicKeyMultibase": key})
        if given.token and "jwk" in given.token.header:
            issuer = given.content["issuer"]["id"]
            number = len(documents.get(issuer, {}).get("assertionMethod", []))
            publish(issuer, {"id": f"{issuer}#jwk-{number}", "type": "JsonWebKey", "publicKeyJwk": given.token.header["jwk"]})
    bodies = {url: json.dumps(content).encode() for url, content in documents.items()} | {
        LIST: samples["validator-ob30/bit-string-list/testlist.json"]
    }
    return {url: verification.Resource(url, body, NOW) for url, body in bodies.items()}


def _report(body: bytes, gathered: dict[str, Any]) -> report.Report:
    given = _read(body)
    policy = verification.Policy(badges.BADGE)
    return verification.verify(given.content, gathered, now=NOW, policy=policy, sha256="", token=given.token)


def _steps(found: report.Report, outcome: Outcome) -> set[str]:
    return {step.name for step in found.steps if step.outcome is outcome}


def test_every_sample_is_judged_here(samples: dict[str, bytes]) -> None:
    assert set(samples) == {*VALID, *FAULTY, *OPEN, *STRICTER}


@pytest.mark.parametrize("name", VALID)
def test_a_good_sample_is_valid_once_its_issuer_lists_the_key_and_not_before(
    name: str, samples: dict[str, bytes], internet: dict[str, verification.Resource]
) -> None:
    found = _report(samples[name], internet)
    assert found.outcome is Outcome.VALID, found.summary
    assert _report(samples[name], {}).outcome is Outcome.INDETERMINATE


@pytest.mark.parametrize("name", [*FAULTY, *STRICTER])
def test_a_faulty_sample_is_refused_for_its_fault(name: str, samples: dict[str, bytes], internet: dict[str, verification.Resource]) -> None:
    found = _report(samples[name], internet)
    assert found.outcome is Outcome.INVALID
    assert _steps(found, Outcome.INVALID) | _steps(found, Outcome.INDETERMINATE) >= (FAULTY | STRICTER)[name]
    assert _steps(found, Outcome.INVALID) & (FAULTY | STRICTER)[name]


@pytest.mark.parametrize("name", OPEN)
def test_a_sample_that_needs_what_is_not_held_here_stays_open(
    name: str, samples: dict[str, bytes], internet: dict[str, verification.Resource]
) -> None:
    found = _report(samples[name], internet)
    assert found.outcome is not Outcome.VALID
    assert OPEN[name] in _steps(found, Outcome.INDETERMINATE)


@pytest.mark.parametrize("name", [*OPEN, *STRICTER])
def test_the_documentation_says_where_1edtech_expects_something_else(name: str) -> None:
    assert Path(name).name in (ROOT / "docs" / "standards.md").read_text("utf-8")
