"""Verifiers that others wrote, asked in the way of their users: openbadgeslib and openvc-core (Python), and Digital Bazaar's (npm)."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from openbadgeslib import ob3
from openvc.proof import contexts as openvc_contexts
from openvc.proof import data_integrity as openvc_suite
from openvc.proof import errors as openvc_errors

from badgeissuer.vc import contexts

if TYPE_CHECKING:
    from collections.abc import Mapping

JsonObject = dict[str, Any]

HERE = Path(__file__).parent
IN_CI = os.environ.get("CI") == "true"
_PINNED = {url: context.content for url, context in contexts.PINNED.items()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier says."""

    accepted: bool
    reasons: str


def missing(what: str) -> None:
    """Skip the test for want of something, and fail it where nothing may be missing."""
    if IN_CI:
        pytest.fail(what)
    pytest.skip(what)


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


def ask_openbadgeslib_for_the_proof(badge: JsonObject, further: Mapping[str, JsonObject]) -> Verdict:
    """Whole badges it verifies only under the contexts that it brings; with further ones, only the proof."""
    try:
        ob3.verify_data_integrity_proof(badge, ob3.resolve_did(badge["issuer"]["id"]), extra_contexts=dict(further))
    except ob3.OB3VerificationError as refusal:
        return Verdict(accepted=False, reasons=str(refusal))
    return Verdict(accepted=True, reasons="")


def ask_openvc_for_the_proof(badge: JsonObject, further: Mapping[str, JsonObject]) -> Verdict:
    """Its proof suite, with the contexts that it does not bring itself."""
    public = serialization.load_pem_public_key(ob3.resolve_did(badge["issuer"]["id"]))
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    key = {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    known = {url: content for url, content in {**_PINNED, **further}.items() if url not in openvc_contexts.bundled_contexts()}
    try:
        openvc_suite.DataIntegrityProofSuite().verify(badge, public_key_jwk=key, extra_contexts=known)
    except openvc_errors.ProofError as refusal:
        return Verdict(accepted=False, reasons=str(refusal))
    return Verdict(accepted=True, reasons="")


def require_npm() -> None:
    """Return where the npm verifier can be asked."""
    if shutil.which("node") is None:
        missing("node is not installed, so the npm verifier cannot be asked")
    if not (HERE / "node_modules").is_dir():
        missing("the npm verifier is not installed; `make test` does it with `npm ci`")


def ask_npm(folder: Path, credential: JsonObject, resources: Mapping[str, JsonObject]) -> Verdict:
    """Ask in a process of its own; `resources` is what further URLs answer, and files are written into `folder`."""
    answers = {**_PINNED, **resources}
    for number, content in enumerate(answers.values()):
        (folder / f"resource-{number}.json").write_text(json.dumps(content), "utf-8")
    (folder / "resources.json").write_text(json.dumps({url: f"resource-{n}.json" for n, url in enumerate(answers)}), "utf-8")
    (folder / "credential.json").write_text(json.dumps(credential), "utf-8")
    command = ["node", str(HERE / "verify.mjs"), str(folder / "credential.json"), str(folder / "resources.json")]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    return Verdict(accepted=answer["verified"], reasons="; ".join(answer["errors"]))
