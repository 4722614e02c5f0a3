"""What a report comes to for its reader: a situation finer than the outcome, and how much of the document may be shown.

Where the signature, the issuer's key or the trust in that key failed, nothing of the document goes on to a template, and nothing of what
stands inside it: nobody is known to have put it there. What stands inside a document that is borne out has a verdict of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.openbadges import clr, endorsement, legacy
from badgeissuer.vc import presentation, secured, statuslist
from badgeissuer.web import views, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INSIDE = frozenset({"endorsement", "credentials"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be told of one document.

    Attributes:
        report: The report, as `Report.to_json` gives it.
        noun: What a person calls such a document.
        standard: What it was read as.
        situation: What the headline is chosen by, finer than the outcome.
        is_proven: Whether the issuer that the document names did say what it says.
        said: What it says; None where that must not be shown.
        inside: The verdicts on what stands inside.
        role: What it is to the document around it: `endorsement`, `credential`, or nothing where there is none.
        by_issuer: Whether the issuer of the document around it issued it too.
    """

    report: Mapping[str, Any]
    noun: str
    standard: str
    situation: str
    is_proven: bool
    said: views.View | None = None
    inside: tuple[Verdict, ...] = ()
    role: str = ""
    by_issuer: bool = False

    @property
    def next(self) -> str:
        """What to do about the finding that decided the outcome."""
        problems = (item for step in self.report["steps"] if step["outcome"] == self.report["outcome"] for item in step["problems"])
        return next((str(item.get("next", "")) for item in problems if item["detail"] in self.report["summary"]), "")

    @property
    def remarks(self) -> list[str]:
        """What is true of a document that is borne out, and what its reader must know."""
        steps = (step for step in self.report["steps"] if step["outcome"] in {"VALID", "NOT_APPLICABLE"})
        return [item["detail"] for step in steps for item in step["problems"]] if self.is_proven else []

    @property
    def recipient(self) -> str:
        """What came of the question whose it is: an outcome, or nothing where nobody asked or nothing is borne out."""
        outcome = str(_outcomes(self.report).get("recipient", "NOT_APPLICABLE"))
        return outcome if self.is_proven and outcome != "NOT_APPLICABLE" else ""

    @property
    def endorsements(self) -> tuple[Verdict, ...]:
        """The verdicts on the endorsements inside."""
        return tuple(item for item in self.inside if item.role == "endorsement")

    @property
    def credentials(self) -> tuple[Verdict, ...]:
        """The verdicts on the credentials inside that are no endorsements."""
        return tuple(item for item in self.inside if item.role != "endorsement")


def judged(report: Mapping[str, Any], document: Mapping[str, Any] | None) -> Verdict:
    """Return what is to be told of a document.

    Args:
        report: The report on it, as `Report.to_json` gives it.
        document: What the report is about; None where it could not be read.
    """
    return _judged(report, document, prose=views.Prose(), around={})


def _judged(
    report: Mapping[str, Any], document: Mapping[str, Any] | None, *, prose: views.Prose, around: Mapping[str, Any], role: str = ""
) -> Verdict:
    usual = role if document is None and role else "badge" if report["profile"] == "badge" else "credential"
    noun = _noun(document or {}) or usual
    standard = _STANDARDS[noun] + (" on W3C data model 1.1" if document and legacy.is_legacy(dict(document)) else "")
    bare = Verdict(report, noun, standard, _situation(report, document), is_proven=is_proven(report), role=role)
    if document is None or not bare.is_proven:
        return bare
    return replace(bare, said=views.view(document, prose, around=around), inside=tuple(_inside(report, document, prose)))


_STANDARDS = {
    "badge": "Open Badge 3.0",
    "endorsement": "Open Badges 3.0 endorsement",
    "learning record": "CLR 2.0 learner record",
    "presentation": "W3C Verifiable Presentation",
    "credential": "W3C Verifiable Credential",
}
"""Noun → what a document of the kind is read as."""


def _noun(document: Mapping[str, Any]) -> str:
    """Return what a document is called by the kind that it says it is of; nothing where it is of the usual one."""
    source = dict(document)
    kinds = ((presentation.is_presentation, "presentation"), (clr.is_clr, "learning record"), (endorsement.is_endorsement, "endorsement"))
    return next((noun for is_one, noun in kinds if is_one(source)), "")


def _inside(report: Mapping[str, Any], document: Mapping[str, Any], prose: views.Prose) -> Iterator[Verdict]:
    for part in report.get("parts", ()):
        inner = _judged(part["report"], _at(document, part["pointer"]), prose=prose, around=document, role=part["role"])
        yield replace(inner, by_issuer=inner.is_proven and inner.report["issuer"]["id"] == report["issuer"]["id"])


def _at(document: Mapping[str, Any], pointer: str) -> Mapping[str, Any] | None:
    """Return the credential that stands in another, whatever its form; None where it cannot be read."""
    value: Any = document
    try:
        for name in pointer.split("/")[1:]:
            value = value[int(name)] if isinstance(value, list) else value[name.replace("~1", "/").replace("~0", "~")]
        return secured.read_value(value).content
    except (problem.Problem, LookupError, TypeError, ValueError):
        return None


def _outcomes(report: Mapping[str, Any]) -> dict[str, str]:
    return {step["name"]: step["outcome"] for step in report["steps"]}


def is_proven(report: Mapping[str, Any]) -> bool:
    """Return whether the issuer that the document names did say what it says; a presentation need not name who shows it."""
    outcomes = _outcomes(report)
    is_signed = outcomes.get("proof") == "VALID" and outcomes.get("issuer") in {"VALID", "NOT_APPLICABLE"}
    return is_signed and outcomes.get("trust") != "INVALID"


def _situation(report: Mapping[str, Any], document: Mapping[str, Any] | None) -> str:
    at_fault = {step["name"] for step in report["steps"] if step["outcome"] == report["outcome"]}
    if report["outcome"] == "VALID":
        return "presented" if document and presentation.is_presentation(dict(document)) else str(report["issuer"]["identity"])
    if report["outcome"] == "INDETERMINATE":
        return "unmatched" if at_fault == {"recipient"} else "undecided"
    if not is_proven(report):
        return "unreadable" if report["steps"][0]["outcome"] == "INVALID" else "unproven"
    return _ended(report, document or {}) or ("mistaken" if at_fault == {"recipient"} else "inside" if at_fault <= _INSIDE else "broken")


def _ended(report: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    failed = {step["name"]: [item["type"] for item in step["problems"]] for step in report["steps"] if step["outcome"] == "INVALID"}
    for kind, word in ((statuslist.REVOKED, "revoked"), (statuslist.SUSPENDED, "suspended")):
        if kind in failed.get("status", ()):
            return word
    checked, (begins, ends) = words.moment(report["checked_at"]), views.period(document)
    if "validity" not in failed or checked is None:
        return ""
    if (ends and ends < checked) or (begins and begins > checked):
        return "expired" if ends and ends < checked else "early"
    return "untimely" if problem.RANGE_ERROR in failed["validity"] else ""
