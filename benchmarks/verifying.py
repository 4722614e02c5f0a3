"""`verify_own`, `verify_known_shape`, `verify_new_shape` and `verify_second_sight`: from bytes to the whole report."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import nacl.signing

from badgeissuer import verifying
from badgeissuer.vc import cryptosuites, document, proof, statuslist, verification
from badgeissuer.vc.contexts import PINNED
from benchmarks import measuring, node, peers, sample, signing, stock

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject
    from benchmarks.results import Figure, Figures

NOW = signing.SINCE + timedelta(days=30)
MOST_OWN, MOST_FOREIGN = 500, 250
"""Calls of one timing; PyLD takes 50 times as long to make a foreign document as we to verify it."""
_MET = 12
"""Times `Scale.warming`: a verifier keeps what it found of the values that it meets, and is measured when it has met most of them."""
_VALID = {"syntax", "context", "issuer", "proof", "validity", "status", "schema"}
_NOT_APPLICABLE = {"refresh", "endorsement", "recipient"}

Sign: TypeAlias = Callable[["JsonObject", sample.Signer, datetime], bytes]
Work: TypeAlias = Callable[[bytes], dict[str, Any]]
Fresh: TypeAlias = Callable[[int], list[bytes]]


def verify_own(scale: measuring.Scale) -> Figures:
    """Return the µs of CPU of verifying a badge of our own: one shape, an issuer that the verifier knows."""
    return {"verify_own": _figure(itertools.repeat(sample.BADGE), scale, sign=signing.signed, is_known=True, most=MOST_OWN, warmings=_MET)}


def verify_known_shape(scale: measuring.Scale) -> Figures:
    """Return the µs of CPU of verifying a badge by a stranger, of a shape that was seen before: PyLD made them all."""
    badges = itertools.repeat(sample.BADGE)
    return {"verify_known_shape": _figure(badges, scale, sign=stock.sign, is_known=False, most=MOST_FOREIGN, warmings=_MET)}


def verify_new_shape(scale: measuring.Scale) -> Figures:
    """Return the µs of CPU of verifying a badge by a stranger whose shape was never seen before, or once: then it is compiled.

    PyLD signs: were it we, this process would have seen the shape.
    """
    return {
        "verify_new_shape": _figure(sample.shapes(2, 3), scale, sign=stock.sign, is_known=False, most=MOST_FOREIGN),
        "verify_second_sight": _figure(sample.shapes(4), scale, sign=stock.sign, is_known=False, most=MOST_FOREIGN, is_seen=True),
    }


def _figure(
    badges: Iterable[JsonObject], scale: measuring.Scale, *, sign: Sign, is_known: bool, most: int, warmings: int = 1, is_seen: bool = False
) -> Figure:
    signer, learners, source = sample.Signer(nacl.signing.SigningKey.generate()), sample.Learners(signing.SINCE), iter(badges)

    def signed(badge: JsonObject) -> bytes:
        (learner,) = learners.take(1)
        return sign(sample.fill(sample.form(signer.did, signing.LIST_URL, badge=badge), learner), signer, learner.valid_from)

    def fresh(number: int) -> list[bytes]:
        taken = list(itertools.islice(source, number))
        for badge in taken if is_seen else ():
            work(signed(badge))
        return [signed(badge) for badge in taken]

    def check(_body: bytes, report: dict[str, Any]) -> None:
        check_report(report, is_known=is_known)

    listed = _status_list(signer)
    work = _verifier(signer, listed, is_known=is_known)
    contenders: dict[str, measuring.Timed] = {"value": measuring.Contender(fresh, work, check, most=most, warmings=warmings)}
    for peer in peers.python(signer, signing.LIST_URL, listed, now=NOW):
        contenders[peer.name] = measuring.Contender(fresh, peer.verify, _checker(peer.name))
    contenders["floor"] = _floor(fresh(scale.samples))
    with contextlib.ExitStack() as stack:
        if node.is_there():
            contenders[node.NAME] = _node(stack.enter_context(node.running()), fresh)
        taken = measuring.median_cpu(contenders, scale)
    _compare(work, fresh(scale.samples))
    return signing.figure(taken)


def _node(asked: node.Node, fresh: Fresh) -> measuring.Timed:
    def work(bodies: Sequence[bytes]) -> tuple[float, list[object]]:
        return asked.verify(bodies, NOW)

    return node.Asked(fresh, work, _checker(node.NAME))


def _status_list(signer: sample.Signer) -> bytes:
    """Return the signed status list that all badges name; nothing in it is set."""
    encoded = statuslist.encode(statuslist.MIN_LENGTH, ())
    ends = NOW + timedelta(days=1)
    unsigned = statuslist.compose(
        signing.LIST_URL, signer.did, purpose="revocation", encoded=encoded, valid_from=signing.SINCE, valid_until=ends
    )
    return json.dumps(proof.add_proof(proof.lint(unsigned), signer, created=signing.SINCE)).encode()


def _verifier(signer: sample.Signer, status_list: bytes, *, is_known: bool) -> Work:
    """Return what is timed. A did:key needs no document; the status list is at hand."""
    gathered = {signing.LIST_URL: verification.Resource(signing.LIST_URL, status_list, NOW)}
    policy = verification.Policy(verifying.BADGE, trusted={signer.did: sample.ISSUER_NAME} if is_known else {})

    def work(document: bytes) -> dict[str, Any]:
        return verifying.verify(document, look=gathered.__getitem__, now=NOW, policy=policy).report.to_json()

    return work


def check_report(report: dict[str, Any], *, is_known: bool) -> None:
    """Raise unless every step that applies is VALID, but for the known findings of the data model."""
    outcomes = {step["name"]: step["outcome"] for step in report["steps"]}
    expected = dict.fromkeys(_VALID, "VALID") | dict.fromkeys(_NOT_APPLICABLE, "NOT_APPLICABLE") | {"data_model": "INVALID"}
    expected["trust"] = "VALID" if is_known else "NOT_APPLICABLE"
    pointers = {found.get("pointer") for step in report["steps"] for found in step["problems"]}
    if outcomes != expected or pointers != sample.FINDINGS:
        raise measuring.Failed(f"A badge did not verify as it should: {json.dumps(report)[:2000]}")


def _checker(name: str) -> Callable[[bytes, object], None]:
    def check(_body: bytes, outcome: object) -> None:
        if outcome is not True:
            raise measuring.Failed(f"A badge does not verify with {name}: {outcome}")

    return check


def _floor(bodies: list[bytes]) -> measuring.Contender:
    """Return what is left when reading and the canonical form cost nothing: its hash, and looking at a signature of 64 bytes."""
    signer = sample.Signer(nacl.signing.SigningKey.generate())
    options = hashlib.sha256(b"options").digest()
    forms = signing.canonical_forms([_unsigned(body) for body in bodies])
    items = [(form, signer.sign(options + hashlib.sha256(form).digest())) for form in forms]
    turn, key = itertools.cycle(items), signer.key.verify_key

    def work(item: tuple[bytes, bytes]) -> bytes:
        form, signature = item
        return key.verify(options + hashlib.sha256(form).digest(), signature)

    def check(_item: tuple[bytes, bytes], message: bytes) -> None:
        if not message.startswith(options):
            raise measuring.Failed("The floor did not verify.")

    return measuring.Contender(lambda number: list(itertools.islice(turn, number)), work, check)


def _unsigned(body: bytes) -> JsonObject:
    return {name: value for name, value in document.parse(body).items() if name != "proof"}


def _compare(work: Work, bodies: list[bytes]) -> None:
    """Raise where PyLD is of another opinion: on the canonical form, on good badges, and on copies with another name in them."""
    for body in bodies:
        badge, unsigned = json.loads(body), _unsigned(body)
        if cryptosuites.rdfc(unsigned, PINNED) != stock.canonical(unsigned):
            raise measuring.Failed("A canonical form is not the one that PyLD makes.")
        if badge["name"] != sample.BADGE["name"] or not stock.verify(body):
            raise measuring.Failed("A badge does not verify with PyLD.")
        forged = json.dumps(badge | {"name": "Another name"}).encode()
        steps = {step["name"]: step["outcome"] for step in work(forged)["steps"]}
        if steps["proof"] != "INVALID" or stock.verify(forged):
            raise measuring.Failed("A forged badge was not refused.")
