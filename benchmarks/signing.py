"""`sign`: from the values of a learner to signed bytes."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import nacl.signing

from badgeissuer.vc import cryptosuites, multikey, proof, shape
from badgeissuer.vc.contexts import PINNED
from benchmarks import measuring, node, peers, printing, sample, stock
from benchmarks.results import Figure, Figures

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

Signing: TypeAlias = Callable[[sample.Learner], bytes]

SINCE = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
LIST_URL = "https://badges.example.edu/status/12"
ONE_IN = 20


def sign(scale: measuring.Scale) -> Figures:
    """Return the µs of CPU of one signature."""
    signer, learners = sample.Signer(nacl.signing.SigningKey.generate()), sample.Learners(SINCE)
    blank = sample.form(signer.did, LIST_URL)
    ours = printing.printer(blank, signer, learners.take(1)[0])
    others = {peer.name: peer.sign for peer in peers.python(signer, LIST_URL, b"", now=SINCE) if peer.sign is not None}
    with contextlib.ExitStack() as stack:
        asked = stack.enter_context(node.running()) if node.is_there() else None

        def pairs(number: int) -> list[tuple[JsonObject, datetime]]:
            return [(sample.fill(blank, learner), learner.valid_from) for learner in learners.take(number)]

        def made(name: str, sign: peers.Sign) -> measuring.Contender:
            return measuring.Contender(learners.take, lambda learner: sign(sample.fill(blank, learner), learner.valid_from), _checker(name))

        contenders: dict[str, measuring.Timed] = {"value": measuring.Contender(learners.take, ours, _checker("badgeissuer"), most=500)}
        contenders |= {name: made(name, sign) for name, sign in others.items()}
        contenders["floor"] = _floor(signer, [sample.fill(blank, learner) for learner in learners.take(scale.samples)])
        if asked is not None:
            contenders[node.NAME] = node.Asked(pairs, lambda items: asked.sign(items, signer), _checker(node.NAME))
        taken = measuring.median_cpu(contenders, scale)
        _compare(ours, others, blank, learners.take(scale.samples))
        if asked is not None:
            _compare_node(asked, signer, stock_sign=others[stock.NAME], items=pairs(scale.samples))
    return {"sign": figure(taken)}


def figure(taken: Mapping[str, float]) -> Figure:
    """Return a figure in µs of CPU: the value, its floor, and whoever else took part."""
    others = {name: value for name, value in taken.items() if name not in {"value", "floor"}}
    return Figure(taken["value"], "µs", "lower", taken["floor"], others)


def _checker(name: str) -> Callable[[object, bytes], None]:
    """Return what looks at one signed badge in so many: PyLD takes long."""
    turn = itertools.count()

    def check(_item: object, body: bytes) -> None:
        if next(turn) % ONE_IN == 0 and not stock.verify(body):
            raise measuring.Failed(f"A signature of {name} does not verify with PyLD.")

    return check


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
        if len(signature) != multikey.SIGNATURE_BYTES:
            raise measuring.Failed("The floor did not sign.")

    return measuring.Contender(lambda number: list(itertools.islice(turn, number)), work, check)


def canonical_forms(badges: list[JsonObject]) -> list[bytes]:
    """Return the canonical N-Quads of unsigned badges, and raise where one is not of the size that all figures are about."""
    forms = [cryptosuites.rdfc(badge, PINNED) for badge in badges]
    if {form.count(b"\n") for form in forms} != {sample.QUADS}:
        raise measuring.Failed(f"A badge has not {sample.QUADS} quads.")
    return forms


def _compare(ours: Signing, others: Mapping[str, peers.Sign], blank: JsonObject, learners: list[sample.Learner]) -> None:
    """Raise where our bytes say anything else than PyLD's, or a proof is another: Ed25519 is deterministic, so all must be the same."""
    for learner in learners:
        made = {name: json.loads(sign(sample.fill(blank, learner), learner.valid_from)) for name, sign in others.items()}
        if json.loads(ours(learner)) != made[stock.NAME]:
            raise measuring.Failed("Our signed badge is not the one that is made with PyLD.")
        if len({badge["proof"]["proofValue"] for badge in made.values()}) != 1:
            raise measuring.Failed("The peers do not all make the same signature.")


def _compare_node(asked: node.Node, signer: sample.Signer, *, stock_sign: peers.Sign, items: list[tuple[JsonObject, datetime]]) -> None:
    _, bodies = asked.sign(items, signer)
    for (badge, created), body in zip(items, bodies, strict=True):
        if json.loads(body)["proof"]["proofValue"] != json.loads(stock_sign(badge, created))["proof"]["proofValue"]:
            raise measuring.Failed("The signature of Node is not the one that is made with PyLD.")
