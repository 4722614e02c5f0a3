"""`sign`: from the values of a learner to signed bytes."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import nacl.signing

from badgeissuer.vc import cryptosuites, proof, shape
from badgeissuer.vc.contexts import PINNED
from benchmarks import measuring, sample, stock
from benchmarks.results import Figure

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

Signing: TypeAlias = Callable[[sample.Learner], bytes]

SINCE = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
LIST_URL = "https://badges.example.edu/status/12"
SAMPLES = 20
"""Canonical forms that the floor is measured with, in turn."""


def sign(scale: measuring.Scale) -> Figure:
    """Return the µs of CPU of one signature."""
    signer = sample.Signer(nacl.signing.SigningKey.generate())
    blank = sample.form(signer.did, LIST_URL)
    learners = sample.Learners(SINCE)

    def ours(learner: sample.Learner) -> bytes:
        return signed(sample.fill(blank, learner), signer, learner.valid_from)

    def theirs(learner: sample.Learner) -> bytes:
        return stock.sign(sample.fill(blank, learner), signer, learner.valid_from)

    def is_verified(_learner: sample.Learner, body: bytes) -> None:
        if not stock.verify(body):
            raise measuring.Failed("A signature does not verify with PyLD.")

    taken = measuring.median_cpu(
        {
            "value": measuring.Contender(learners.take, ours, is_verified),
            stock.NAME: measuring.Contender(learners.take, theirs, is_verified),
            "floor": _floor(signer, [sample.fill(blank, learner) for learner in learners.take(SAMPLES)]),
        },
        scale,
    )
    _compare(ours, theirs, learners.take(2))
    return Figure(taken["value"], "µs", "lower", taken["floor"], {stock.NAME: taken[stock.NAME]})


def signed(badge: JsonObject, signer: sample.Signer, created: datetime) -> bytes:
    """Return the signed bytes of a badge, as they would be stored; the shape gate is the one rule that this badge keeps."""
    linted = proof.lint(badge, shape.gate)
    return json.dumps(proof.add_proof(linted, signer, created=created), ensure_ascii=False, separators=(",", ":")).encode()


def _floor(signer: sample.Signer, badges: list[JsonObject]) -> measuring.Contender:
    """Return what is left when the canonical form costs nothing: its hash, and a signature of 64 bytes."""
    turn, options = itertools.cycle(canonical_forms(badges)), hashlib.sha256(b"options").digest()

    def work(form: bytes) -> bytes:
        return signer.key.sign(options + hashlib.sha256(form).digest()).signature

    def check(_form: bytes, signature: bytes) -> None:
        if len(signature) != proof.SIGNATURE_BYTES:
            raise measuring.Failed("The floor did not sign.")

    return measuring.Contender(lambda number: list(itertools.islice(turn, number)), work, check)


def canonical_forms(badges: list[JsonObject]) -> list[bytes]:
    """Return the canonical N-Quads of unsigned badges, and raise where one is not of the size that all figures are about."""
    forms = [cryptosuites.rdfc(badge, PINNED) for badge in badges]
    if {form.count(b"\n") for form in forms} != {sample.QUADS}:
        raise measuring.Failed(f"A badge has not {sample.QUADS} quads.")
    return forms


def _compare(ours: Signing, theirs: Signing, learners: list[sample.Learner]) -> None:
    """Raise where our bytes say anything else than PyLD's: Ed25519 is deterministic, so even the signatures must be the same."""
    for learner in learners:
        if json.loads(ours(learner)) != json.loads(theirs(learner)):
            raise measuring.Failed("Our signature is not the one that is made with PyLD.")
