"""What a verification found: steps with their outcomes, and one verdict.

Three outcomes: VALID, INVALID (the document says something false, or is not what it claims to be) and INDETERMINATE (the truth could not be
learnt: a list that does not answer, a suite nobody here knows). VALID needs every step that applies. A step that is VALID may still have
remarks: what is true, and a reader must know.
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import advice, instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime


NOT_REACHED = problem.OURS + "not-reached"
"""The problem type of a step that could not be looked at because an earlier one did not pass."""
MAX_FINDINGS = 50
"""Findings of one step that are told."""
MAX_DETAIL = 2000
"""Characters of a finding."""
MAX_TOLD = 1000
"""Findings whose words are kept: those of a family of badges are told again and again."""
MAX_KEPT = 500
"""Characters of such a finding."""
MAX_NAME = 80
"""Characters of a name that a sentence quotes."""


class Outcome(StrEnum):
    """What a step came to."""

    VALID = "VALID"
    INVALID = "INVALID"
    INDETERMINATE = "INDETERMINATE"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Undecided(problem.Problem):
    """The truth could not be learnt; nothing false was seen."""

    title = "Could not be checked"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something fetched that a step relied on."""

    url: str
    sha256: str
    fetched_at: datetime

    def to_json(self) -> dict[str, str]:
        """Return the member of a step's `evidence`."""
        return {"url": self.url, "sha256": self.sha256, "fetched_at": instant.write(self.fetched_at)}


@dataclass(frozen=True, slots=True)
class Passed:
    """That a check found nothing wrong: what it relied on, and what it has to remark."""

    evidence: tuple[Evidence, ...] = ()
    remarks: tuple[problem.Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the verification.

    Attributes:
        name: The step.
        outcome: What it came to.
        findings: What is wrong; where the step is VALID or does not apply, remarks.
        evidence: What it relied on.
    """

    name: str
    outcome: Outcome
    findings: tuple[problem.Finding, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the member of a report's `steps`."""
        return {
            "name": self.name,
            "outcome": self.outcome._value_,  # what `value` looks up
            "problems": [_told(finding, self.name) for finding in self.findings] if self.findings else [],
            "evidence": [evidence.to_json() for evidence in self.evidence] if self.evidence else [],
        }


def _told(finding: problem.Finding, step: str) -> dict[str, str]:
    """Return the member of a step's `problems`, with what to do about it."""
    if len(finding.detail) + len(finding.pointer) > MAX_KEPT:
        return _words(finding, step)
    return _kept_words(finding, step).copy()


def _words(finding: problem.Finding, step: str) -> dict[str, str]:
    told = {"type": finding.type, "title": advice.title(finding.type), "detail": finding.detail}
    told["next"] = advice.next_step(finding.type, step)
    if finding.pointer:
        told["pointer"] = finding.pointer
    return told


_kept_words = functools.lru_cache(MAX_TOLD)(_words)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who the document names as its issuer, and whether we know them.

    Attributes:
        id: The identifier, empty where there is none to read.
        name: The name in the document; anybody can write any name there.
        identity: `known`, `unverified` or `name_mismatch`.
        listed_in: The registry through which it is known; empty where the verifier knows it otherwise.
    """

    id: str = ""
    name: str = ""
    identity: str = "unverified"
    listed_in: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the member `issuer` of a report."""
        told = {"id": self.id, "name": self.name, "identity": self.identity}
        return told | {"listed_in": self.listed_in} if self.listed_in else told


@dataclass(frozen=True, slots=True)
class Part:
    """The report on a credential that stands inside another.

    Attributes:
        pointer: Where, as a JSON Pointer.
        role: `endorsement` or `credential`.
        report: What was found.
    """

    pointer: str
    role: str
    report: Report


@dataclass(frozen=True, slots=True)
class Report:
    """The whole verdict.

    Attributes:
        profile: `badge` or `vc`.
        issuer: Who the document names as its issuer.
        steps: All steps, in the order in which they are told.
        summary: One sentence for a person.
        checked_at: The moment that was judged at.
        document_sha256: Of the bytes that the document was read from.
        parts: The reports on the credentials inside.
        missing: The URLs that had to be looked at and were not; where there are any, this is no verdict yet.
    """

    profile: str
    issuer: Issuer
    steps: tuple[Step, ...]
    summary: str
    checked_at: datetime
    document_sha256: str
    parts: tuple[Part, ...] = ()
    missing: frozenset[str] = frozenset()

    @property
    def outcome(self) -> Outcome:
        """The verdict over all steps."""
        return verdict(self.steps)

    @property
    def is_signed(self) -> bool:
        """Whether a verified proof is by the issuer's key."""
        return {"proof", "issuer"} <= {step.name for step in self.steps if step.outcome is Outcome.VALID}

    def step(self, name: str) -> Step:
        """Return the step of that name."""
        return next(step for step in self.steps if step.name == name)

    def with_step(self, step: Step) -> Report:
        """Return the report with another step of that name."""
        return replace(self, steps=tuple(step if before.name == step.name else before for before in self.steps))

    def to_json(self) -> dict[str, Any]:
        """Return the report as contract and documentation describe it."""
        outcome = self.outcome
        return {
            "outcome": outcome.value,
            "verified": outcome is Outcome.VALID,
            "summary": self.summary,
            "profile": self.profile,
            "issuer": self.issuer.to_json(),
            "steps": [step.to_json() for step in self.steps],
            "checked_at": instant.write(self.checked_at),
            "document_sha256": self.document_sha256,
            "parts": [{"pointer": part.pointer, "role": part.role, "report": part.report.to_json()} for part in self.parts],
        }


def run(name: str, check: Callable[[], Passed | None]) -> Step:
    """Return the step that a check comes to: what passed, None where it does not apply, or what it raises."""
    try:
        passed = check()
    except Undecided as error:
        return Step(name, Outcome.INDETERMINATE, findings_of(error))
    except problem.Problem as error:
        return Step(name, Outcome.INVALID, findings_of(error))
    if passed is None:
        return inapplicable(name)
    return Step(name, Outcome.VALID, bounded(passed.remarks), passed.evidence)


@functools.cache
def inapplicable(name: str) -> Step:
    """Return a step that a document has no use for; `name` is one of ours."""
    return Step(name, Outcome.NOT_APPLICABLE)


def each(items: Iterable[Any], check: Callable[[Any], Passed]) -> Passed:
    """Return what passed of all; what is false about one is not hidden by what is open about another."""
    undecided: list[Undecided] = []
    all_passed: list[Passed] = []
    for item in items:
        try:
            all_passed.append(check(item))
        except Undecided as error:
            undecided.append(error)
    if undecided:
        raise undecided[0]
    return Passed(
        tuple(dict.fromkeys(evidence for passed in all_passed for evidence in passed.evidence)),
        tuple(remark for passed in all_passed for remark in passed.remarks),
    )


def unreached(name: str) -> Step:
    """Return a step that was not looked at because an earlier one did not pass."""
    return Step(name, Outcome.INDETERMINATE, (problem.Finding("Not looked at, because an earlier step did not pass.", type=NOT_REACHED),))


def unproven(step: Step) -> Step:
    """Return a step of a document that nobody is known to have signed: nothing that only it says is presented as true."""
    if step.outcome is not Outcome.VALID:
        return step
    detail = "It says so, but nothing shows that its issuer signed it."
    return Step(step.name, Outcome.INDETERMINATE, (problem.Finding(detail, type=NOT_REACHED),), step.evidence)


def findings_of(error: problem.Problem) -> tuple[problem.Finding, ...]:
    """Return the findings of a problem, the first of very many; the problem itself as one where it has none."""
    return bounded(error.findings or (problem.Finding(error.detail, type=error.kind),))


def bounded(findings: tuple[problem.Finding, ...]) -> tuple[problem.Finding, ...]:
    """Return the first findings, those shortened that repeat more of a stranger's document than a person would read."""
    told = tuple(
        item if len(item.detail) <= MAX_DETAIL else replace(item, detail=item.detail[:MAX_DETAIL] + "…") for item in findings[:MAX_FINDINGS]
    )
    if len(findings) <= MAX_FINDINGS:
        return told
    return (*told, problem.Finding(f"There are {len(findings) - MAX_FINDINGS:,} more.", type=findings[-1].type))


def verdict(steps: tuple[Step, ...]) -> Outcome:
    """Return INVALID if any step is, else INDETERMINATE if any is, else VALID."""
    outcomes = [step.outcome for step in steps]
    if Outcome.INVALID in outcomes:
        return Outcome.INVALID
    return Outcome.INDETERMINATE if Outcome.INDETERMINATE in outcomes else Outcome.VALID


def summarize(steps: tuple[Step, ...], issuer: Issuer, noun: str) -> str:
    """Return one sentence for a person who is no specialist."""
    outcome = verdict(steps)
    if outcome is Outcome.VALID and issuer.identity == "known":
        return f"This {noun} is genuine: {issuer.name} issued it, nothing was changed since, and it has been neither revoked nor outlived."
    if outcome is Outcome.VALID and not issuer.id:
        return f"This {noun} is unchanged, and all that it holds passed the check. It does not say who made it."
    if outcome is Outcome.VALID:
        called = f", which calls itself “{quotable(issuer.name)}”" if issuer.name else ""
        return f"This {noun} is unchanged, in date and not revoked. We have not confirmed who its issuer is: {issuer.id}{called}."
    fault = decisive(steps)
    detail = fault.findings[0].detail
    if outcome is Outcome.INDETERMINATE:
        return f"We could not find out whether this {noun} is good. {detail}"
    if fault.name in {"status", "validity"} and all(step.outcome is Outcome.VALID for step in steps if step.name in {"proof", "issuer"}):
        return f"This {noun} was genuinely issued but does not count now. {detail}"
    return f"Do not rely on this {noun}. {detail}"


def quotable(name: str) -> str:
    """Return a name that anybody may have written so that it cannot pass for words of ours: short, and without quotes and controls."""
    shown = "".join("'" if character in '"“”„«»' else character for character in name if unicodedata.category(character)[0] != "C")
    return shown[:MAX_NAME].rstrip() + ("…" if len(shown) > MAX_NAME else "")


def decisive(steps: tuple[Step, ...]) -> Step:
    """Return the step that decided the outcome; of several, what a reader must know first."""
    order = ("syntax", "context", "proof", "issuer", "trust", "data_model", "status", "validity", "recipient", "credentials")
    worst = verdict(steps)
    faults = [step for step in steps if step.outcome is worst and not any(finding.type == NOT_REACHED for finding in step.findings)]
    return min(faults, key=lambda step: order.index(step.name) if step.name in order else len(order))
