from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from badgeissuer import problem
from badgeissuer.awarding import columns, record, roster

URL = "https://badges.example/a/welding/1"
ACHIEVEMENT: dict[str, Any] = {
    "id": URL,
    "resultDescription": [
        {"id": f"{URL}#score", "name": "Score", "resultType": "Percent", "valueMin": "0", "valueMax": "100"},
        {"id": f"{URL}#grade", "name": "Grade", "resultType": "LetterGrade", "allowedValue": ["c", "b", "a", "A"]},
        {"id": f"{URL}#state", "name": "Outcome", "resultType": "Status"},
        {
            "id": f"{URL}#joint",
            "name": "Joint",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [{"id": f"{URL}#fair", "name": "Fair"}, {"id": f"{URL}#good", "name": "Good"}],
        },
        {"id": "https://scales.example/r", "name": "Remark", "resultType": "Result"},
        {
            "id": "https://scales.example/l",
            "name": "Level",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": [{"id": "https://scales.example/l1", "name": "One"}],
        },
    ],
}
SCALES = columns.scales(ACHIEVEMENT)


def said(cells: dict[str, str], **more: Any) -> record.Said:  # noqa: ANN401 - arguments of lay_out
    zone = more.pop("tzinfo", UTC)
    layout = columns.lay_out(list(cells), SCALES, **more)
    return record.Reader(layout, SCALES, zone=zone).read(list(cells.values()))


def refused(cells: dict[str, str], **more: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - as above
    with pytest.raises(problem.Invalid) as caught:
        said(cells, **more)
    return [(finding.pointer, finding.detail) for finding in caught.value.findings]


def test_a_row_says_what_its_cells_say() -> None:
    found = said(
        {
            "email": "asha@example.org", "name": "'=Asha", "did": "did:key:z6Mk", "student id": "0042", "awarded at": "2026-05-20 14:00",
            "valid until": "2029-05-20", "scope": "2026", "narrative": "@work: -5 °C", "credits": "2,5", "comment": "\x01",
        },
        tzinfo=ZoneInfo("Europe/Berlin"),
    )  # fmt: skip
    assert found.row == roster.Row(
        learner=roster.Learner(email="asha@example.org", name="=Asha", did="did:key:z6Mk", source_id="0042"),
        awarded_at=datetime(2026, 5, 20, 12, tzinfo=UTC),
        valid_until=datetime(2029, 5, 20, 21, 59, 59, tzinfo=UTC),
        scope="2026",
        narrative="@work: -5 °C",
        credits_earned=2.5,
        results=[],
        evidence=[],
    )


def test_cells_without_text_say_nothing() -> None:
    found = said({"email": "asha@example.org", "scope": "", "Score": "", "evidence": "", "awarded": ""})
    assert found.row == roster.Row(learner=roster.Learner(email="asha@example.org"), results=[], evidence=[])


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("Score", "87", {"resultDescription": "#score", "value": "87"}),
        ("Score", "87,5 %", {"resultDescription": "#score", "value": "87.5"}),
        ("Score", "87%", {"resultDescription": "#score", "value": "87"}),
        ("Grade", "B", {"resultDescription": "#grade", "value": "b"}),
        ("Grade", "A", {"resultDescription": "#grade", "value": "A"}),
        ("Outcome", "completed", {"resultDescription": "#state", "status": "Completed"}),
        ("Joint", "good", {"resultDescription": "#joint", "achievedLevel": "#good"}),
        ("Joint", "fair", {"resultDescription": "#joint", "achievedLevel": "#fair"}),
        ("Joint", f"{URL}#good", {"resultDescription": "#joint", "achievedLevel": "#good"}),
        ("Remark", "1,5 or so", {"resultDescription": "https://scales.example/r", "value": "1,5 or so"}),
        ("Level", "One", {"resultDescription": "https://scales.example/l", "achievedLevel": "https://scales.example/l1"}),
    ],
)
def test_a_result_is_on_its_scale(column: str, text: str, expected: dict[str, str]) -> None:
    assert said({"email": "a@example.org", column: text}).row.results == [expected]


@pytest.mark.parametrize(
    ("column", "text", "detail"),
    [
        ("Score", "120", "The value is 120, more than the most of 100."),
        ("Score", "good", "The value is 'good', which is no number."),
        ("Score", "1,200", "'1,200' can mean two numbers."),
        ("Grade", "d", "'d' is none of c, b, a, A."),
        ("Outcome", "passed", "'passed' is none of Completed, Enrolled, Failed, InProgress, OnHold, Provisional, Withdrew."),
        ("Joint", "bad", "'bad' is none of Fair, Good."),
        ("email", "nowhere", "Must be an e-mail address."),
        ("awarded at", "03/04/2026", "'03/04/2026' can mean two days."),
        ("credits", "many", "'many' is no number."),
        ("credits", "-1", "Input should be greater than or equal to 0."),
        ("name", "x\x07y", "The cell holds a control character. Delete it."),
        ("name", "Jos\ufffd", "The cell holds \ufffd: a character was lost before the sheet came here."),
        ("did", "did", "String should match pattern"),
        ("scope", "x" * 101, "Value should have at most 100"),
    ],
)
def test_what_a_cell_cannot_be_is_said_of_its_column(column: str, text: str, detail: str) -> None:
    ((pointer, found),) = refused({"email": "a@example.org"} | {column: text} if column != "email" else {column: text})
    assert pointer == f"/{column}"
    assert found.startswith(detail)


def test_a_letter_that_is_two_values_is_neither() -> None:
    scale = columns.scales(
        {"id": URL, "resultDescription": [{"id": f"{URL}#g", "name": "G", "resultType": "LetterGrade", "allowedValue": ["é", "É"]}]}
    )
    layout = columns.lay_out(["email", "G"], scale)
    assert record.Reader(layout, scale).read(["a@example.org", "É"]).row.results[0]["value"] == "É"
    with pytest.raises(problem.Invalid, match="is none of é, É"):
        record.Reader(layout, scale).read(["a@example.org", "e"])


def test_all_that_is_wrong_with_a_row_is_said_at_once() -> None:
    assert [pointer for pointer, _ in refused({"email": "nowhere", "Score": "1000", "valid until": "soon", "name": "x" * 301})] == [
        "/Score",
        "/valid until",
        "/email",
        "/name",
    ]
    assert refused({"E-mail / ~": "nowhere"}, told={"E-mail / ~": "email"}) == [("/E-mail ~1 ~0", "Must be an e-mail address.")]


def test_a_row_has_as_many_cells_as_there_are_columns() -> None:
    layout = columns.lay_out(["email", "name"], ())
    for row in (["a@example.org"], ["a@example.org", "x", "y"]):
        with pytest.raises(problem.Invalid, match=f"The row has {len(row)} cells, and there are 2 columns"):
            record.Reader(layout, ()).read(row)


def test_evidence_stands_together_by_its_number() -> None:
    found = said(
        {
            "email": "a@example.org", "evidence_name_3": "Video", "evidence_url_3": "https://x.example/3", "evidence": "https://x.example/1",
            "evidence_narrative": "Five welds", "evidence_url_2": "",
        }
    )  # fmt: skip
    assert found.row.evidence == [{"id": "https://x.example/1", "narrative": "Five welds"}, {"name": "Video", "id": "https://x.example/3"}]
    at = {
        pointer: found.at_its_column(problem.Finding("x", pointer)).pointer
        for pointer in ("/evidence/0/id", "/evidence/1/name", "/evidence/1", "/evidence/0/type/0", "/results/0", "")
    }
    assert at == {
        "/evidence/0/id": "/evidence",
        "/evidence/1/name": "/evidence_name_3",
        "/evidence/1": "/evidence_name_3",
        "/evidence/0/type/0": "/evidence",
        "/results/0": "",
        "": "",
    }


def test_first_and_family_name_are_one() -> None:
    assert said({"email": "a@example.org", "first name": "Asha", "last name": "Rao"}).row.learner.name == "Asha Rao"
    found = said({"email": "a@example.org", "first name": "", "last name": "Rao"})
    assert found.row.learner.name == "Rao"
    assert found.at_its_column(problem.Finding("x", "/learner/name")).pointer == "/last name"
    assert said({"email": "a@example.org", "first name": "Asha", "name": "Asha R."}).row.learner.name == "Asha R."


def test_who_is_missing_is_said_of_the_column_that_should_say_it() -> None:
    found = said({"name": "Asha", "Student mail": ""}, told={"Student mail": "email"})
    assert not found.row.learner.is_somebody
    assert found.at_its_column(problem.Finding("learner: is needed.", "/learner")) == problem.Finding("Is needed.", "/Student mail")


def test_a_result_that_is_described_no_more_is_told() -> None:
    layout = columns.lay_out(["email", "Score"], SCALES)
    with pytest.raises(problem.Invalid, match="describes no such result any more"):
        record.Reader(layout, SCALES[1:]).read(["a@example.org", "87"])


def test_a_row_is_kept_and_given_back() -> None:
    row = ["a\nb", "", 'ü"', "\u2028"]
    assert record.unpack(record.pack(row)) == row
    assert b"\n" not in record.pack(row)
