from __future__ import annotations

from datetime import UTC, datetime

import pytest

from badgeissuer import problem
from badgeissuer.vc import report
from badgeissuer.vc.report import Outcome, Step

KNOWN = report.Issuer("did:x:y", "Example College", "known")
STRANGER = report.Issuer("did:x:y", "Example College")
MOMENT = datetime(2026, 6, 1, tzinfo=UTC)


def _step(name: str, outcome: Outcome) -> Step:
    findings = () if outcome in {Outcome.VALID, Outcome.NOT_APPLICABLE} else (problem.Finding(f"About {name}.", type="urn:x:y#SOME_ERROR"),)
    return Step(name, outcome, findings)


def _steps(**outcomes: Outcome) -> tuple[Step, ...]:
    names = ("syntax", "context", "data_model", "issuer", "proof", "validity", "status")
    return tuple(_step(name, outcomes.get(name, Outcome.VALID)) for name in names)


ADVICE = "Ask the issuer, by an address that you know and not by one in this document."


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ((), Outcome.VALID),
        ((Outcome.VALID, Outcome.NOT_APPLICABLE), Outcome.VALID),
        ((Outcome.VALID, Outcome.INDETERMINATE), Outcome.INDETERMINATE),
        ((Outcome.INDETERMINATE, Outcome.INVALID, Outcome.VALID), Outcome.INVALID),
    ],
)
def test_one_bad_step_decides(outcomes: tuple[Outcome, ...], verdict: Outcome) -> None:
    assert report.verdict(tuple(_step("x", outcome) for outcome in outcomes)) is verdict


@pytest.mark.parametrize(
    ("steps", "issuer", "said"),
    [
        (_steps(), KNOWN, "This badge is genuine: Example College issued it"),
        (_steps(), STRANGER, "We have not confirmed who its issuer is: did:x:y, which calls itself “Example College”."),
        (_steps(), report.Issuer("did:x:y"), "We have not confirmed who its issuer is: did:x:y."),
        (_steps(), report.Issuer("did:x:y", "A” is genuine. “\u202eB\u200b"), "which calls itself “A' is genuine. 'B”."),
        (_steps(), report.Issuer("did:x:y", "N" * 81), f"which calls itself “{'N' * 80}…”."),
        (_steps(status=Outcome.INDETERMINATE), KNOWN, "We could not find out whether this badge is good. About status."),
        (_steps(status=Outcome.INVALID), KNOWN, "This badge was genuinely issued but does not count now. About status."),
        (_steps(validity=Outcome.INVALID), KNOWN, "This badge was genuinely issued but does not count now. About validity."),
        (_steps(proof=Outcome.INVALID, status=Outcome.INVALID), KNOWN, "Do not rely on this badge. About proof."),
        (_steps(issuer=Outcome.INDETERMINATE, status=Outcome.INVALID), KNOWN, "Do not rely on this badge. About status."),
        (_steps(data_model=Outcome.INVALID), KNOWN, "Do not rely on this badge. About data_model."),
    ],
)
def test_the_summary_is_one_plain_sentence_for_each_case(steps: tuple[Step, ...], issuer: report.Issuer, said: str) -> None:
    assert said in report.summarize(steps, issuer, "badge")


def test_a_report_as_json_has_the_members_of_the_contract() -> None:
    evidence = report.Evidence("https://x.example", "00", MOMENT)
    steps = (
        Step("proof", Outcome.INVALID, (problem.Finding("Bad.", "/proof", "urn:x:y#SOME_ERROR"),), (evidence,)),
        _step("trust", Outcome.VALID),
    )
    found = report.Report("vc", STRANGER, steps, "Do not.", MOMENT, "ff")
    assert found.step("trust").outcome is Outcome.VALID
    assert found.to_json() == {
        "outcome": "INVALID",
        "verified": False,
        "summary": "Do not.",
        "profile": "vc",
        "issuer": {"id": "did:x:y", "name": "Example College", "identity": "unverified"},
        "steps": [
            {
                "name": "proof",
                "outcome": "INVALID",
                "problems": [{"type": "urn:x:y#SOME_ERROR", "title": "Some error", "detail": "Bad.", "next": ADVICE, "pointer": "/proof"}],
                "evidence": [{"url": "https://x.example", "sha256": "00", "fetched_at": "2026-06-01T00:00:00Z"}],
            },
            {"name": "trust", "outcome": "VALID", "problems": [], "evidence": []},
        ],
        "checked_at": "2026-06-01T00:00:00Z",
        "document_sha256": "ff",
        "parts": [],
    }


def test_a_problem_without_a_pointer_is_shown_without_one() -> None:
    assert _step("status", Outcome.INVALID).to_json()["problems"] == [
        {"type": "urn:x:y#SOME_ERROR", "title": "Some error", "detail": "About status.", "next": ADVICE}
    ]
