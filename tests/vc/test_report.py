from __future__ import annotations

from datetime import UTC, datetime

import pytest

from badgeissuer import problem
from badgeissuer.vc import report
from badgeissuer.vc.report import Outcome, Step

LISTED = report.Issuer("did:x:y", "Example College", "known", "DCC Registry")
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


def test_long_findings_are_told_and_not_kept() -> None:
    kept = report._kept_words.cache_info().currsize
    finding = problem.Finding("Too long.", "/" + "n" * report.MAX_KEPT)
    told = Step("data_model", Outcome.INVALID, (finding,)).to_json()["problems"]
    assert [item["pointer"] for item in told] == [finding.pointer]
    assert report._kept_words.cache_info().currsize == kept


@pytest.mark.parametrize(
    ("steps", "issuer", "said"),
    [
        (_steps(), KNOWN, "This badge is genuine: Example College issued it"),
        (_steps(), STRANGER, "We have not confirmed who its issuer is: did:x:y, which calls itself “Example College”."),
        (_steps(), report.Issuer("did:x:y"), "We have not confirmed who its issuer is: did:x:y."),
        (_steps(), report.Issuer("did:x:y", "A” is genuine. “\u202eB\u200b"), "which calls itself “A' is genuine. 'B”."),
        (_steps(), report.Issuer("did:x:y", "N" * 81), f"which calls itself “{'N' * 80}…”."),
        (_steps(), report.Issuer(), "This badge is unchanged, and all that it holds passed the check. It does not say who made it."),
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


def test_of_very_many_findings_the_first_are_told() -> None:
    findings = tuple(problem.Finding(f"Number {number}.", type="urn:x:y") for number in range(1100))
    for count, told in ((1, 1), (50, 50), (51, 51), (1100, 51)):
        found = report.findings_of(problem.Invalid.of(findings[:count]))
        assert len(found) == told
        assert found[:50] == findings[: min(count, 50)]
    assert found[-1] == problem.Finding("There are 1,050 more.", type="urn:x:y")


def test_a_finding_does_not_repeat_a_document_of_any_length() -> None:
    long = problem.Finding("x" * 2001, "/a", "urn:x:y")
    assert report.bounded((long,)) == (problem.Finding("x" * 2000 + "…", "/a", "urn:x:y"),)
    assert report.bounded((problem.Finding("x" * 2000),)) == (problem.Finding("x" * 2000),)
    assert report.run("data_model", lambda: report.Passed(remarks=(long,) * 60)).findings[-1].detail == "There are 10 more."


def test_the_step_that_decides_is_one_that_was_looked_at() -> None:
    unreached = report.unreached("proof")
    open_, shut = _step("status", Outcome.INDETERMINATE), _step("schema", Outcome.INVALID)
    assert report.decisive((unreached, open_)) == open_
    assert report.decisive((unreached, open_, shut)) == shut
    assert report.decisive((shut, _step("status", Outcome.INVALID), _step("trust", Outcome.INVALID))).name == "trust"


def test_what_nobody_signed_is_not_presented_as_true() -> None:
    evidence = (report.Evidence("https://x.example", "00", MOMENT),)
    remarked = Step("status", Outcome.VALID, (problem.Finding("A remark."),), evidence)
    found = report.unproven(remarked)
    assert (found.outcome, found.evidence, found.findings[0].type) == (Outcome.INDETERMINATE, evidence, report.NOT_REACHED)
    for outcome in (Outcome.INVALID, Outcome.INDETERMINATE, Outcome.NOT_APPLICABLE):
        assert report.unproven(_step("status", outcome)) == _step("status", outcome)


def test_what_is_false_about_one_is_not_hidden_by_what_is_open_about_another() -> None:
    def check(item: object) -> report.Passed:
        if isinstance(item, Exception):
            raise item
        return report.Passed((report.Evidence(str(item), "00", MOMENT),), (problem.Finding(str(item)),))

    passed = report.each(["a", "b", "a"], check)
    assert [evidence.url for evidence in passed.evidence] == ["a", "b"]
    assert [remark.detail for remark in passed.remarks] == ["a", "b", "a"]
    for items, kind in (
        (["a", report.Undecided("Open.")], report.Undecided),
        ([report.Undecided("Open."), problem.Invalid("False.")], problem.Invalid),
    ):
        with pytest.raises(kind):
            report.each(items, check)


def test_the_registry_through_which_an_issuer_is_known_is_told() -> None:
    assert LISTED.to_json() == KNOWN.to_json() | {"listed_in": "DCC Registry"}
    assert "listed_in" not in STRANGER.to_json()
