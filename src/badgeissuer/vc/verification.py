"""Verify a credential without touching anything: what is needed from outside comes in as values.

    needs(document, gathered) → the URLs still missing         verify(document, gathered, now, policy) → Report

The caller fetches what `needs` names, adds it to `gathered` (what could not be fetched as `Unreachable`), and asks again until nothing is
missing. Every outage, forgery and race is so a test with a dictionary.

The steps, each with an outcome of its own; those that can run do, so that the first fault does not hide the others:

    context      1. every context is one we hold, and of the profile
    data_model   2. the members are of the right form (the profile's rules), and there is one way only to read them
    proof        3. every proof verifies, and covers all of the document
    issuer       4. a verified proof is by a key that the issuer's own document lists
    validity     5. the moment lies between validFrom and validUntil, and the key still counted
    status       6. no entry says revoked or suspended, and every list is itself valid
    schema, refresh, endorsement, trust

Source: VC-DATA-MODEL-2.0#verification, VC-DATA-INTEGRITY#verify-proof, OB-3.0 "Verification and Validation".
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeGuard

from badgeissuer import problem
from badgeissuer.vc import contexts, controller, credential, document, instant, proof, report, shape, statuslist
from badgeissuer.vc.report import Outcome, Step, Undecided

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

SKEW = timedelta(minutes=5)
"""How far clocks may differ for times that begin something; what has ended has ended."""
MAX_PROOFS = 4
MAX_STATUS_ENTRIES = 4
MAX_LIST_BYTES = 4 * statuslist.MAX_BYTES
"""Bytes of a status list's document: the longest list, packed badly."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What stood at a URL."""

    url: str
    body: bytes
    fetched_at: datetime

    @property
    def evidence(self) -> report.Evidence:
        """The URL, digest and time, for the report."""
        return report.Evidence(self.url, hashlib.sha256(self.body).hexdigest(), self.fetched_at)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """That nothing could be had from a URL, and why in words for a person."""

    url: str
    reason: str


Gathered = Mapping[str, Resource | Unreachable]


@dataclass(frozen=True, slots=True)
class Profile:
    """How strictly documents are read.

    Attributes:
        name: `badge` or `vc`.
        noun: What a person calls such a document.
        check_context: Raises where the `@context` is not one of the profile.
        gate: What keeps a document from being read in one way only; nothing that it finds fault with is canonicalised.
        rules: Each returns what is wrong with a document's members.
        proofs: How many proofs are read; each costs work.
        schemas: How the URLs of those JSON Schemas begin that `rules` answer for; nothing where they answer for none.
    """

    name: str
    noun: str
    check_context: Callable[[JsonObject, Mapping[str, contexts.Context]], None]
    gate: proof.Rule
    rules: tuple[proof.Rule, ...] = ()
    schemas: tuple[str, ...] = ()
    proofs: int = MAX_PROOFS


@dataclass(frozen=True, slots=True)
class Policy:
    """What the verifier holds to be true beforehand.

    Attributes:
        profile: How strictly documents are read.
        known: The contexts that documents may name.
        trusted: DID → name of issuers whose identity is known.
        compromised: Verification method → the moment since which its signatures prove nothing.
    """

    profile: Profile
    known: Mapping[str, contexts.Context] = field(default_factory=lambda: contexts.PINNED)
    trusted: Mapping[str, str] = field(default_factory=dict)
    compromised: Mapping[str, datetime] = field(default_factory=dict)


def needs(source: JsonObject, gathered: Gathered) -> frozenset[str]:
    """Return the URLs that a verification of `source` would look at and that `gathered` does not answer yet."""
    return frozenset(url for url in _wanted(source, gathered) if url not in gathered)


def _wanted(source: JsonObject, gathered: Gathered) -> Iterable[str]:
    yield from _method_urls(source, gathered)
    for status in credential.as_list(source.get("credentialStatus"))[:MAX_STATUS_ENTRIES]:
        url = status.get("statusListCredential") if _is_entry(status) else None
        if isinstance(url, str) and url.startswith(("https://", "http://")):
            yield url
            yield from _method_urls(_parsed(url, gathered), gathered)


def _is_entry(status: object) -> TypeGuard[JsonObject]:
    return isinstance(status, dict) and credential.as_list(status.get("type")) == [statuslist.ENTRY_TYPE]


def _method_urls(source: JsonObject, gathered: Gathered) -> Iterable[str]:
    for item in proof.proofs(source)[:MAX_PROOFS]:
        method = item.get("verificationMethod") if isinstance(item, dict) else None
        if isinstance(method, str):
            yield from _key_urls(method, gathered)


def _key_urls(method: str, gathered: Gathered) -> Iterable[str]:
    with contextlib.suppress(problem.Invalid):
        url = controller.document_url(method)
        if url:
            yield url
            confirming = controller.confirming_url(method, _parsed(url, gathered))
            if confirming:
                yield confirming


def _parsed(url: str, gathered: Gathered) -> JsonObject:
    found = gathered.get(url)
    try:
        return document.parse(found.body, max_bytes=MAX_LIST_BYTES) if isinstance(found, Resource) else {}
    except problem.Problem:
        return {}


def verify(source: JsonObject, gathered: Gathered, *, now: datetime, policy: Policy, sha256: str) -> report.Report:
    """Return the report on a credential at the moment `now`.

    Args:
        source: The document, as `document.parse` read it.
        gathered: What stood at the URLs that `needs` named.
        now: The moment to judge at.
        policy: The profile, and whom the verifier trusts.
        sha256: Of the bytes that `source` was read from.
    """
    examined = _Examination(source, gathered, now, policy)
    steps = examined.steps()
    issuer = _issuer(source, policy)
    return report.Report(policy.profile.name, issuer, steps, report.summarize(steps, issuer, policy.profile.noun), now, sha256)


def unreadable(error: problem.Problem, *, now: datetime, profile: Profile, sha256: str) -> report.Report:
    """Return the report on bytes that are no document."""
    steps = (Step("syntax", Outcome.INVALID, report.findings_of(error)),)
    return report.Report(
        profile.name, report.Issuer(), steps, f"This is not a {profile.noun} that can be read. {error.detail}", now, sha256
    )


def unreachable(found: Unreachable, *, now: datetime, profile: Profile) -> report.Report:
    """Return the report where there is nothing to look at: the document itself could not be had."""
    detail = f"Nothing could be had from {found.url[:200]}: {found.reason}."
    steps = (Step("syntax", Outcome.INDETERMINATE, (problem.Finding(detail, type=problem.OURS + "unreachable"),)),)
    return report.Report(profile.name, report.Issuer(), steps, f"There is no {profile.noun} to look at. {detail}", now, "")


class _Examination:
    """One verification: the document with everything that its steps share."""

    def __init__(self, source: JsonObject, gathered: Gathered, now: datetime, policy: Policy) -> None:
        self.source = source
        self.gathered = gathered
        self.now = now
        self.policy = policy
        self.methods: list[controller.VerificationMethod] = []
        self.canonical: dict[str, bytes] = {}

    def steps(self, *, of_a_list: bool = False) -> tuple[Step, ...]:
        """Return all steps; the status of a status list is not looked at, for there would be no end to it."""
        context = report.run("context", self._context)
        data_model = report.run("data_model", self._data_model)
        # Nothing is canonicalised that was not gated: the gate also bounds the work.
        readable = context.outcome is Outcome.VALID and not self.policy.profile.gate(self.source)
        proofs = report.run("proof", self._proof) if readable else report.unreached("proof")
        issuer = report.run("issuer", self._issuer) if proofs.outcome is Outcome.VALID else report.unreached("issuer")
        status = report.run("status", (lambda: None) if of_a_list else self._status)
        later = (report.run("validity", self._validity), status, report.run("schema", self._schema))
        last = (report.run("refresh", lambda: None), report.run("endorsement", self._endorsement), report.run("trust", self._trust))
        return (Step("syntax", Outcome.VALID), context, data_model, issuer, proofs, *later, *last)

    def _context(self) -> tuple[report.Evidence, ...]:
        self.policy.profile.check_context(self.source, self.policy.known)
        return ()

    def _data_model(self) -> tuple[report.Evidence, ...]:
        findings = tuple(
            finding for rule in (self.policy.profile.gate, credential.rules, *self.policy.profile.rules) for finding in rule(self.source)
        )
        if findings:
            raise problem.Invalid.of(findings)
        return ()

    def _proof(self) -> tuple[report.Evidence, ...]:
        proofs = proof.proofs(self.source)
        if not proofs:
            raise problem.Invalid("The document is not signed.", kind=proof.VERIFICATION_ERROR)
        most = self.policy.profile.proofs
        if len(proofs) > most:
            raise problem.Invalid(f"The document has {len(proofs)} proofs; at most {most} are read.", kind=proof.VERIFICATION_ERROR)
        return report.each(proofs, self._one_proof)

    def _one_proof(self, item: Any) -> tuple[report.Evidence, ...]:  # noqa: ANN401 - any JSON value
        try:
            suite = proof.check_options(item)
        except problem.Invalid as error:
            raise (Undecided(error.detail, kind=error.kind) if error.kind == proof.UNKNOWN_SUITE else error) from None
        method, evidence = self._method(item["verificationMethod"])
        if suite.name not in self.canonical:  # once, however many proofs there are
            self.canonical[suite.name] = suite.canonicalize(proof.without_proof(self.source), self.policy.known)
        proof.verify_proof(self.source, item, method=method, known=self.policy.known, canonical=self.canonical[suite.name])
        self.methods.append(method)
        return evidence

    def _method(self, name: str) -> tuple[controller.VerificationMethod, tuple[report.Evidence, ...]]:
        url = controller.document_url(name)
        if url is None:
            return controller.find_method(name, None), ()
        holder, evidence = self._controller_document(url)
        confirming_url = controller.confirming_url(name, holder)
        if confirming_url is None:
            return controller.find_method(name, holder), (evidence,)
        confirming, more = self._controller_document(confirming_url)
        return controller.find_method(name, holder, confirming=confirming), (evidence, more)

    def _controller_document(self, url: str) -> tuple[JsonObject, report.Evidence]:
        found = self._found(url, "The document that holds the issuer's key")
        try:
            return document.parse(found.body), found.evidence
        except problem.Problem as error:
            raise problem.Invalid(f"What stands at {url[:200]} cannot be read. {error.detail}", kind=controller.INVALID_DOCUMENT) from None

    def _found(self, url: str, what: str) -> Resource:
        found = self.gathered.get(url)
        if isinstance(found, Resource):
            return found
        reason = found.reason if found else "it was not fetched"
        raise Undecided(f"{what} could not be had from {url[:200]}: {reason}", kind=statuslist.RETRIEVAL_ERROR)

    def _issuer(self) -> tuple[report.Evidence, ...]:
        if all(method.controller != credential.issuer_id(self.source) for method in self.methods):
            raise problem.Invalid(
                "The key that signed is not controlled by the issuer that the document names.", kind=controller.INVALID_METHOD
            )
        return ()

    def _validity(self) -> tuple[report.Evidence, ...]:
        begins, ends = (instant.read(self.source[name]) if name in self.source else None for name in ("validFrom", "validUntil"))
        if begins and ends and ends < begins:
            raise problem.Invalid("validUntil lies before validFrom.")
        if begins and begins > self.now + SKEW:
            raise problem.Invalid(f"It is valid only from {instant.say(begins)}.", kind=problem.RANGE_ERROR)
        if ends and ends < self.now:
            raise problem.Invalid(f"It expired on {instant.say(ends)}.", kind=problem.RANGE_ERROR)
        for item in proof.proofs(self.source)[:MAX_PROOFS]:
            self._proof_in_time(item)
        for method in self.methods:
            if (method.revoked and method.revoked <= self.now) or (method.expires and method.expires <= self.now):
                raise problem.Invalid("The key that signed does not count any more.", kind=controller.INVALID_METHOD)
        return ()

    def _proof_in_time(self, item: object) -> None:
        made, expires = (instant.read(item[name]) if isinstance(item, dict) and name in item else None for name in ("created", "expires"))
        if made and made > self.now + SKEW:
            raise problem.Invalid("The proof was made in the future.", kind=problem.RANGE_ERROR)
        if expires and expires < self.now:
            raise problem.Invalid("The proof has expired.", kind=problem.RANGE_ERROR)

    def _status(self) -> tuple[report.Evidence, ...] | None:
        entries = credential.as_list(self.source.get("credentialStatus"))
        if not entries:
            return None
        if len(entries) > MAX_STATUS_ENTRIES:
            raise problem.Invalid(f"At most {MAX_STATUS_ENTRIES} status entries are read.", kind=statuslist.VERIFICATION_ERROR)
        return report.each(entries, self._one_status)

    def _one_status(self, item: Any) -> tuple[report.Evidence, ...]:  # noqa: ANN401 - any JSON value
        if not _is_entry(item):
            kind = item.get("type") if isinstance(item, dict) else None
            raise Undecided(f"This verifier does not know a status of the type {str(kind)[:80]!r}.", kind=statuslist.VERIFICATION_ERROR)
        entry = statuslist.read_entry(item)
        if item.get("statusSize", 1) != 1:
            raise Undecided("This verifier only knows a status of one bit.", kind=statuslist.VERIFICATION_ERROR)
        if entry.purpose not in {"revocation", "suspension"}:
            raise Undecided(f"This verifier does not know a status for {entry.purpose[:40]!r}.", kind=statuslist.VERIFICATION_ERROR)
        found = self._found(entry.list_url, "The status list")
        if self._bit(entry, found):
            if entry.purpose == "revocation":
                raise problem.Invalid("Its issuer has revoked it.", kind=statuslist.REVOKED)
            raise problem.Invalid("Its issuer has suspended it.", kind=statuslist.SUSPENDED)
        return (found.evidence,)

    def _bit(self, entry: statuslist.Entry, found: Resource) -> bool:
        """Return the bit, after verifying the list itself; a list that is not good leaves the question open."""
        try:
            source = document.parse(found.body, max_bytes=MAX_LIST_BYTES)
            steps = _Examination(source, self.gathered, self.now, replace(self.policy, profile=LIST)).steps(of_a_list=True)
            if report.verdict(steps) is not Outcome.VALID:
                raise problem.Invalid(report.decisive(steps).findings[0].detail)
            if credential.issuer_id(source) != credential.issuer_id(self.source):
                raise problem.Invalid("It is by another issuer than the credential.")
            return statuslist.is_set(statuslist.check(source, entry), entry.index)
        except problem.Problem as error:
            kind = error.kind if error.kind.startswith(problem.STATUS) else statuslist.VERIFICATION_ERROR
            raise Undecided(f"The status list cannot be relied on. {error.detail}", kind=kind) from None

    def _schema(self) -> tuple[report.Evidence, ...] | None:
        schemas = credential.as_list(self.source.get("credentialSchema"))
        for item in schemas:
            if not str(item.get("id") if isinstance(item, dict) else "").startswith(self.policy.profile.schemas):
                raise Undecided("The document names a JSON Schema that was not checked.")
        return () if schemas else None  # those of the profile are answered by its rules, in data_model

    def _endorsement(self) -> tuple[report.Evidence, ...] | None:
        if _holds_endorsement(self.source):
            raise Undecided("The endorsements inside the document were not checked.")
        return None

    def _trust(self) -> tuple[report.Evidence, ...] | None:
        for method in self.methods:
            since = self.policy.compromised.get(method.id)
            if since and since <= self.now:
                raise problem.Invalid("The key that signed is known to be in wrong hands.", kind=problem.CRYPTOGRAPHIC_SECURITY_ERROR)
        return () if credential.issuer_id(self.source) in self.policy.trusted else None


def _holds_endorsement(value: object) -> bool:
    if isinstance(value, dict):
        return "endorsement" in value or "endorsementJwt" in value or any(_holds_endorsement(item) for item in value.values())
    return isinstance(value, list) and any(_holds_endorsement(item) for item in value)


def _issuer(source: JsonObject, policy: Policy) -> report.Issuer:
    issuer, name = source.get("issuer"), ""
    if isinstance(issuer, dict) and isinstance(issuer.get("name"), str):
        name = issuer["name"]
    trusted = policy.trusted.get(credential.issuer_id(source))
    identity = "unverified" if trusted is None else "known" if trusted == name else "name_mismatch"
    return report.Issuer(credential.issuer_id(source), name, identity)


GENERIC = Profile("vc", "credential", credential.check_context, shape.generic_gate)
"""The profile for any W3C credential, as VC-API asks for it."""

LIST = Profile("vc", "status list", credential.check_plain_context, shape.list_gate, proofs=2)
"""The profile for status lists, which strangers serve and every credential may name four of: strict, since it also bounds the work."""
