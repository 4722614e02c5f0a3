"""`verify_own` and `verify_new_shape`: from bytes to the whole report."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import nacl.signing

from badgeissuer import verifying
from badgeissuer.vc import proof, statuslist, verification
from benchmarks import measuring, sample, signing, stock
from benchmarks.results import Figure

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

NOW = signing.SINCE + timedelta(days=30)
_VALID = {"syntax", "context", "issuer", "proof", "validity", "status", "schema"}
_NOT_APPLICABLE = {"refresh", "endorsement", "recipient"}

Sign: TypeAlias = Callable[["JsonObject", sample.Signer, datetime], bytes]
Work: TypeAlias = Callable[[bytes], dict[str, Any]]


def verify_own(scale: measuring.Scale) -> Figure:
    """Return the µs of CPU of verifying a badge of one shape by an issuer that the verifier knows."""
    return _figure(itertools.repeat(sample.BADGE), scale, sign=signing.signed, is_known=True)


def verify_new_shape(scale: measuring.Scale) -> Figure:
    """Return the µs of CPU of verifying a badge by a stranger whose shape was never seen before.

    PyLD signs: were it we, this process would have seen the shape.
    """
    return _figure(sample.shapes(), scale, sign=stock.sign, is_known=False)


def _figure(badges: Iterable[JsonObject], scale: measuring.Scale, *, sign: Sign, is_known: bool) -> Figure:
    signer, learners, source = sample.Signer(nacl.signing.SigningKey.generate()), sample.Learners(signing.SINCE), iter(badges)

    def fresh(number: int) -> list[bytes]:
        taken = zip(itertools.islice(source, number), learners.take(number), strict=True)
        filled = ((sample.fill(sample.form(signer.did, signing.LIST_URL, badge=badge), learner), learner) for badge, learner in taken)
        return [sign(badge, signer, learner.valid_from) for badge, learner in filled]

    def check(_body: bytes, report: dict[str, Any]) -> None:
        check_report(report, is_known=is_known)

    work = _verifier(signer, is_known=is_known)
    taken = measuring.median_cpu(
        {
            "value": measuring.Contender(fresh, work, check),
            stock.NAME: measuring.Contender(fresh, stock.verify, _check_stock),
            "floor": _floor(fresh(signing.SAMPLES)),
        },
        scale,
    )
    _compare(work, fresh(2))
    return Figure(taken["value"], "µs", "lower", taken["floor"], {stock.NAME: taken[stock.NAME]})


def _verifier(signer: sample.Signer, *, is_known: bool) -> Work:
    """Return what is timed. A did:key needs no document; the status list is at hand, and is verified anew for each badge."""
    encoded = statuslist.encode(statuslist.MIN_LENGTH, ())
    ends = NOW + timedelta(days=1)
    unsigned = statuslist.compose(
        signing.LIST_URL, signer.did, purpose="revocation", encoded=encoded, valid_from=signing.SINCE, valid_until=ends
    )
    body = json.dumps(proof.add_proof(proof.lint(unsigned), signer, created=signing.SINCE)).encode()
    gathered = {signing.LIST_URL: verification.Resource(signing.LIST_URL, body, NOW)}
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


def _check_stock(_body: bytes, outcome: object) -> None:
    if outcome is not True:
        raise measuring.Failed("A badge does not verify with PyLD.")


def _floor(bodies: list[bytes]) -> measuring.Contender:
    """Return what is left when reading and the canonical form cost nothing: its hash, and looking at a signature of 64 bytes."""
    signer = sample.Signer(nacl.signing.SigningKey.generate())
    options = hashlib.sha256(b"options").digest()
    badges = [json.loads(body) for body in bodies]
    forms = signing.canonical_forms([{name: value for name, value in badge.items() if name != "proof"} for badge in badges])
    items = [(form, signer.sign(options + hashlib.sha256(form).digest())) for form in forms]
    turn, key = itertools.cycle(items), signer.key.verify_key

    def work(item: tuple[bytes, bytes]) -> bytes:
        form, signature = item
        return key.verify(options + hashlib.sha256(form).digest(), signature)

    def check(_item: tuple[bytes, bytes], message: bytes) -> None:
        if not message.startswith(options):
            raise measuring.Failed("The floor did not verify.")

    return measuring.Contender(lambda number: list(itertools.islice(turn, number)), work, check)


def _compare(work: Work, bodies: list[bytes]) -> None:
    """Raise where PyLD is of another opinion, on good badges and on copies with another name in them."""
    for body in bodies:
        badge = json.loads(body)
        if badge["name"] != sample.BADGE["name"] or not stock.verify(body):
            raise measuring.Failed("A badge does not verify with PyLD.")
        forged = json.dumps(badge | {"name": "Another name"}).encode()
        steps = {step["name"]: step["outcome"] for step in work(forged)["steps"]}
        if steps["proof"] != "INVALID" or stock.verify(forged):
            raise measuring.Failed("A forged badge was not refused.")
