"""One verification, step by step. Those steps that can run do, so that the first fault does not hide the others.

    context      1. every context is one we hold, and of the profile
    data_model   2. the members are of the right form, and there is one way only to read them
    proof        3. every proof and the token around it verify, and cover all of the document
    issuer       4. a verified proof is by a key that the issuer's own document lists
    validity     5. the moment lies between the dates, and the key still counted
    status       6. no entry says revoked or suspended, and every list is itself valid
    schema       7. the JSON Schemas that the document names are kept
    endorsement  8. every endorsement inside is verified on its own; and in a CLR or a presentation every credential
    recipient    9. it was issued to whom the reader says
    trust       10. the key is not known to be in wrong hands

Where steps 3 and 4 do not pass, nothing that only the document says is presented as true.

Source: VC-DATA-MODEL-2.0#verification, VC-DATA-INTEGRITY#verify-proof, OB-3.0 "Verification and Validation".
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import (
    contexts,
    controller,
    credential,
    cryptosuites,
    effort,
    gathering,
    instant,
    jose,
    jsonld,
    proof,
    recall,
    report,
    resolution,
    schemas,
    secured,
    statuses,
)
from badgeissuer.vc.policy import SKEW
from badgeissuer.vc.report import Outcome, Passed, Step, Undecided

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from badgeissuer.vc.policy import Kind, Policy, Profile
    from badgeissuer.vc.secured import Secured

MAX_DEPTH = 3
"""How deep credentials inside credentials are read: an endorsement of a badge of a CLR in a presentation."""
TOKEN_COST = 0.007
"""What looking at a character of a token inside another document costs: the limits on that document see one text."""
RECIPIENT = problem.OURS + "recipient"
_PART_STEPS = (("endorsement", "endorsement"), ("credential", "credentials"))


class Examination:
    """The examination of one document: what all its steps share."""

    def __init__(
        self, given: Secured, sources: gathering.Sources, *, now: datetime, policy: Policy, kind: Kind | None = None, depth: int = 0
    ) -> None:
        self.source = given.content
        self.token = given.token
        self.imprint = given.imprint
        self.sources = sources
        self.now = now
        self.policy = policy
        self.kind = kind or policy.profile.kind(given.content)
        self.depth = depth
        self.methods: list[controller.VerificationMethod] = []
        self.signers: list[controller.VerificationMethod] = []
        self._recall = recall.Recall(self)
        self._canonical: dict[tuple[object, tuple[str, ...]], bytes] = {}

    @property
    def _spend(self) -> effort.Spend:
        return self.sources.effort.spend

    @property
    def issuer(self) -> str:
        """Whose key must have signed: the issuer's, or the holder's of a presentation."""
        return credential.holder_id(self.source) if self.kind.is_presentation else credential.issuer_id(self.source)

    def beside(self, given: Secured, profile: Profile) -> Examination:
        """Return the examination of another document that this one rests upon, such as a status list."""
        policy = replace(self.policy.for_parts(), profile=profile)
        return Examination(given, self.sources, now=self.now, policy=policy, depth=self.depth + 1)

    def look(self) -> None:
        """Ask for everything outside that the steps will ask for, without doing any of their work."""
        with contextlib.suppress(problem.Problem):
            if self.token:
                resolution.token_method(self.token, self.issuer, self.sources)
        for item in proof.proofs(self.source)[: self.policy.profile.proofs]:
            with contextlib.suppress(problem.Problem):
                resolution.method(_method_name(item), self.sources)
        # The status of a list is not followed: there would be no end to it.
        for item in credential.as_list(self.source.get("credentialStatus"))[: 0 if self.kind.is_list else statuses.MAX_ENTRIES]:
            with contextlib.suppress(problem.Problem):
                statuses.look(item, self)
        for item in credential.as_list(self.source.get("credentialSchema"))[: schemas.MAX_SCHEMAS]:
            with contextlib.suppress(problem.Problem):
                schemas.look(item, self)
        if self._recall.is_alone:
            return
        with contextlib.suppress(problem.Problem):
            for _, _, value in self._parts():
                with contextlib.suppress(problem.Problem):
                    self._inner(value).look()

    def result(self, *, sha256: str) -> report.Report:
        """Return the report on the document, `sha256` being that of the bytes that it was read from."""
        parts: tuple[report.Part, ...] = ()
        try:
            found = () if self._recall.settled else self._parts()
            parts = tuple(report.Part(pointer, role, self._part(role, value)) for pointer, role, value in found)
            unread = None
        except problem.Problem as error:
            outcome = Outcome.INDETERMINATE if isinstance(error, Undecided) else Outcome.INVALID
            unread = Step("credentials", outcome, report.findings_of(error))
        steps = self.steps(parts, unread)
        issuer = self._named_issuer(is_proven=_is_proven(steps))
        summary = report.summarize(steps, issuer, self.kind.noun)
        missing = frozenset(self.sources.missing)
        return report.Report(self.policy.profile.name, issuer, steps, summary, self.now, sha256, parts, missing)

    def steps(self, parts: tuple[report.Part, ...] = (), unread: Step | None = None) -> tuple[Step, ...]:
        """Return all steps, the outcomes of the credentials inside among them."""
        settled = self._recall.settled or {}
        context = settled.get("context") or report.run("context", self._context)
        data_model = settled.get("data_model") or report.run("data_model", self._data_model)
        # Nothing is canonicalised that was not gated: the gate also bounds the work.
        readable = bool(settled) or (context.outcome is Outcome.VALID and not self._gated)
        proofs = report.run("proof", self._proof) if readable else report.unreached("proof")
        issuer = report.run("issuer", self._issuer) if proofs.outcome is Outcome.VALID else report.unreached("issuer")
        schema = settled.get("schema") or report.run("schema", lambda: schemas.check(self))
        ruled = {step.name: step for step in (context, data_model, schema)}
        self._recall.note(ruled, is_issued=issuer.outcome is Outcome.VALID, is_alone=not parts and unread is None)
        later = [
            report.run("validity", self._validity),
            report.run("status", self._status),
            schema,
            report.inapplicable("refresh"),
            *(_part_step(name, [part for part in parts if part.role == role]) for role, name in _PART_STEPS),
            report.run("recipient", self._recipient),
            report.run("trust", self._trust),
        ]
        if unread:
            later = [unread if step.name == unread.name else step for step in later]
        later = [step for step in later if step.name != "credentials" or step.outcome is not Outcome.NOT_APPLICABLE]
        if proofs.outcome is not Outcome.VALID or issuer.outcome not in {Outcome.VALID, Outcome.NOT_APPLICABLE}:
            later = [report.unproven(step) for step in later]
        return (Step("syntax", Outcome.VALID), context, data_model, issuer, proofs, *later)

    @functools.cached_property
    def rules(self) -> tuple[proof.Rule, ...]:
        """The rules of the document's kind, and of the contexts that it names, where it is not too odd to be looked at."""
        named = () if self._gated else contexts.named(self.source, self.policy.known)
        return self.kind.rules + tuple(found.rule for found in named if found.rule)

    @functools.cached_property
    def _gated(self) -> tuple[problem.Finding, ...]:
        return self.kind.gate(self.source)

    def _context(self) -> Passed:
        self.kind.check_context(self.source, self.policy.known)
        for _, _, value in self.kind.parts(self.source):  # what signs this document may sign them too, by the words of their own contexts
            if isinstance(value, dict) and "@context" in value:
                credential.refuse_unknown_contexts(credential.as_list(value["@context"]), self.policy.known)
        return Passed()

    def _data_model(self) -> Passed:
        findings = self._gated + tuple(finding for rule in self.rules for finding in rule(self.source))
        if self.token:
            findings += jose.disagreements(self.token, self.source)
        if findings:
            raise problem.Invalid.of(findings)
        self._define()
        remarks = tuple(finding for rule in self.kind.remarks for finding in rule(self.source, self._is_ordered))
        return Passed(remarks=remarks + (jose.missing(self.token, self.source) if self.token else ()))

    def _define(self) -> None:
        """Refuse members and types that no context defines, where no proof has to: a token and JCS sign words without a meaning too."""
        signs_text = self.token or any(suite is not None and suite.orders_arrays for suite in self._suites)
        if signs_text and self.kind.is_defined:
            with contextlib.suppress(Undecided):  # what is wrong with the contexts is said in their own step
                self.kind.check_context(self.source, self.policy.known)
                _refuse_undefined(proof.without_proof(self.source), self.policy.known, self._spend)

    @property
    def _is_ordered(self) -> bool:
        """Whether every signature is over the text itself: over RDF, arrays may be put in another order."""
        suites = self._suites
        return self.token is not None or (bool(suites) and all(suite is not None and suite.orders_arrays for suite in suites))

    @property
    def _suites(self) -> list[cryptosuites.Cryptosuite | None]:
        return [cryptosuites.find(item) if isinstance(item, dict) else None for item in proof.proofs(self.source)]

    def _proof(self) -> Passed:
        proofs = proof.proofs(self.source)
        if not proofs and not self.token:
            raise problem.Invalid("The document is not signed.", kind=proof.VERIFICATION_ERROR)
        most = self.policy.profile.proofs
        if len(proofs) > most:
            raise problem.Invalid(f"The document has {len(proofs)} proofs; at most {most} are read.", kind=proof.VERIFICATION_ERROR)
        return report.each([*([self.token] if self.token else []), *proofs], self._one_proof)

    def _one_proof(self, item: Any) -> Passed:  # noqa: ANN401 - a token, or any JSON value
        if isinstance(item, jose.Token):
            return self._token(item)
        purpose = "authentication" if self.kind.is_presentation else "assertionMethod"
        try:
            suite = proof.check_options(item, purpose=purpose)
        except problem.Invalid as error:
            raise (Undecided(error.detail, kind=error.kind) if error.kind == proof.UNKNOWN_SUITE else error) from None
        self._asked_for(item)
        found = resolution.method(item["verificationMethod"], self.sources, relationship=purpose)
        key = (suite.canonicalize, proof.previous(item))
        if key not in self._canonical:  # once, however many proofs sign the same
            self._canonical[key] = self._recall.canonical() or suite.canonicalize(
                proof.bound(self.source, item), self.policy.known, self._spend
            )
        proof.verify_proof(
            self.source, item, method=found.method, known=self.policy.known, canonical=self._canonical[key], suite=suite, spend=self._spend
        )
        self.methods.append(found.method)
        if self.token is None:
            self.signers.append(found.method)
        return Passed(found.evidence)

    def _asked_for(self, item: dict[str, Any]) -> None:
        """Refuse a proof that was made for another occasion (VC-DATA-INTEGRITY#verify-proof, steps on domain and challenge)."""
        for name, expected in (("challenge", self.policy.challenge), ("domain", self.policy.domain)):
            if expected is not None and expected not in credential.as_list(item.get(name)):
                raise problem.Invalid(
                    f"The proof was made for another {name} than was asked for.", kind=problem.SECURITY + f"INVALID_{name.upper()}_ERROR"
                )

    def _token(self, token: jose.Token) -> Passed:
        found = resolution.token_method(token, self.issuer, self.sources)
        if not token.is_signed_by(found.method.public_key):
            raise problem.Invalid(
                "The signature of the token does not fit: it was changed, or another key signed it.", kind=proof.VERIFICATION_ERROR
            )
        self.methods.append(found.method)
        self.signers.append(found.method)  # and none of those inside: the token is what is relied on
        return Passed(found.evidence)

    def _issuer(self) -> Passed | None:
        if self.kind.is_presentation and not self.issuer:
            return None
        if all(method.controller != self.issuer for method in self.signers):
            whom = "holder" if self.kind.is_presentation else "issuer"
            raise problem.Invalid(
                f"The key that signed is not controlled by the {whom} that the document names.", kind=controller.INVALID_METHOD
            )
        return Passed()

    def _validity(self) -> Passed:
        begins, ends = credential.period(self.source)
        if self.token:
            begins, ends = begins or jose.begins(self.token), ends or jose.expiry(self.token)
        if begins and ends and ends < begins:
            raise problem.Invalid("It ends before it begins.")
        if begins and begins > self.now + SKEW:
            raise problem.Invalid(f"It is valid only from {instant.say(begins)}.", kind=problem.RANGE_ERROR)
        if ends and ends < self.now:
            raise problem.Invalid(f"It expired on {instant.say(ends)}.", kind=problem.RANGE_ERROR)
        for item in proof.proofs(self.source)[: self.policy.profile.proofs]:
            self._proof_in_time(item)
        for method in self.methods:
            if (method.revoked and method.revoked <= self.now) or (method.expires and method.expires <= self.now):
                raise problem.Invalid("The key that signed does not count any more.", kind=controller.INVALID_METHOD)
        return Passed()

    def _proof_in_time(self, item: object) -> None:
        made, expires = (instant.read(item[name]) if isinstance(item, dict) and name in item else None for name in ("created", "expires"))
        if made and made > self.now + SKEW:
            raise problem.Invalid("The proof was made in the future.", kind=problem.RANGE_ERROR)
        if expires and expires < self.now:
            raise problem.Invalid("The proof has expired.", kind=problem.RANGE_ERROR)

    def _status(self) -> Passed | None:
        return None if self.kind.is_list else statuses.check(self)

    def _parts(self) -> list[tuple[str, str, Any]]:
        found = list(self.kind.parts(self.source))
        if found and self.depth == MAX_DEPTH:
            raise Undecided("The document holds credentials inside credentials, deeper than is read.", kind=problem.OURS + "too-large")
        self.sources.spend(len(found))
        return found

    def _inner(self, value: Any) -> Examination:  # noqa: ANN401 - any JSON value
        given = secured.read_value(value)
        if given.token:
            self._spend(len(given.token.text) * TOKEN_COST)
        return Examination(given, self.sources, now=self.now, policy=self.policy.for_parts(), depth=self.depth + 1)

    def _part(self, role: str, value: Any) -> report.Report:  # noqa: ANN401 - any JSON value
        try:
            inner = self._inner(value)
            if (inner.kind.role == "endorsement") != (role == "endorsement") or inner.kind.is_presentation:
                raise problem.Invalid("It is not the kind of credential that belongs here.")
            if role == "endorsement":
                self._endorses_something_here(inner)
        except problem.Problem as error:
            return unreadable(error, now=self.now, policy=self.policy, noun=role)
        return inner.result(sha256="")

    def _endorses_something_here(self, inner: Examination) -> None:
        subjects = [item.get("id") for item in credential.as_list(inner.source.get("credentialSubject")) if isinstance(item, dict)]
        here = {name for name in self.kind.ids(self.source) if isinstance(name, str)}
        if not subjects or not all(isinstance(name, str) and name in here for name in subjects):
            raise problem.Invalid("It endorses something that this document is not about.", kind=problem.CRYPTOGRAPHIC_SECURITY_ERROR)

    def _recipient(self) -> Passed | None:
        if self.policy.recipient is None:
            return None
        subjects = [item for item in credential.as_list(self.source.get("credentialSubject")) if isinstance(item, dict)]
        answers = [self.kind.answers_to(item, self.policy.recipient) for item in subjects]
        if True in answers:
            return Passed()
        if False in answers:
            raise problem.Invalid("It was issued to somebody else than the one you named.", kind=RECIPIENT)
        raise Undecided("It does not say in a form that can be compared whom it was issued to.", kind=RECIPIENT)

    def _trust(self) -> Passed | None:
        for method in self.methods:
            since = self.policy.compromised_since(method)
            if since and since <= self.now:
                raise problem.Invalid("The key that signed is known to be in wrong hands.", kind=problem.CRYPTOGRAPHIC_SECURITY_ERROR)
        return Passed() if self.issuer in self.policy.trusted else None

    def _named_issuer(self, *, is_proven: bool) -> report.Issuer:
        said = self.source.get("holder" if self.kind.is_presentation else "issuer")
        name = said["name"] if isinstance(said, dict) and isinstance(said.get("name"), str) else ""
        trusted = self.policy.trusted.get(self.issuer) if is_proven else None
        identity = "unverified" if trusted is None else "known" if trusted == name else "name_mismatch"
        listed_in = self.policy.listed.get(self.issuer, "") if identity == "known" else ""
        return report.Issuer(self.issuer, name, identity, listed_in)


def unreadable(error: problem.Problem, *, now: datetime, policy: Policy, noun: str = "", sha256: str = "") -> report.Report:
    """Return the report on what is no document that can be read."""
    noun = noun or policy.profile.noun
    outcome = Outcome.INDETERMINATE if isinstance(error, Undecided) else Outcome.INVALID
    steps = (Step("syntax", outcome, report.findings_of(error)),)
    return report.Report(
        policy.profile.name, report.Issuer(), steps, f"This is not {_a(noun)} that can be read. {error.detail}", now, sha256
    )


def _refuse_undefined(source: dict[str, Any], known: Mapping[str, contexts.Context], spend: effort.Spend) -> None:
    try:
        jsonld.to_quads(source, known=known, spend=spend)
    except problem.Invalid as error:  # here a signature does cover it; what is missing is a meaning
        needless = ", so no signature would cover it"
        said = (replace(finding, detail=finding.detail.replace(needless, "")) for finding in report.findings_of(error))
        raise problem.Invalid.of(tuple(said)) from None


def _a(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def _is_proven(steps: tuple[Step, ...]) -> bool:
    return all(step.outcome in {Outcome.VALID, Outcome.NOT_APPLICABLE} for step in steps if step.name in {"proof", "issuer"})


def _method_name(item: object) -> str:
    name = item.get("verificationMethod") if isinstance(item, dict) else None
    return name if isinstance(name, str) else ""


def _part_step(name: str, parts: list[report.Part]) -> Step:
    """Return the step on the credentials inside: no better than the worst of them."""
    if not parts:
        return report.inapplicable(name)
    bad = [part for part in parts if part.report.outcome is not Outcome.VALID]
    findings = tuple(
        problem.Finding(part.report.summary, part.pointer, report.decisive(part.report.steps).findings[0].type) for part in bad
    )
    outcomes = {part.report.outcome for part in parts}
    order = (Outcome.INVALID, Outcome.INDETERMINATE, Outcome.VALID)
    return Step(name, next(outcome for outcome in order if outcome in outcomes), findings)
