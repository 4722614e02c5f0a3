from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import cells, columns, completion, event, incoming, sheet

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
Completion = completion.Completion


def layout(*header: str, **more: Any) -> columns.Layout:  # noqa: ANN401 - arguments of lay_out
    return columns.lay_out(header, (), needed=completion.WHO, vocabulary=completion.VOCABULARY, **more)


def read(cells: dict[str, str], **more: Any) -> Completion | None:  # noqa: ANN401 - as above
    return completion.Reader(layout(*cells, **more)).read(7, list(cells.values()))


def test_a_row_is_a_completion() -> None:
    row = {
        "User ID": "42",
        "ID number": "0042",
        "E-mail": "a@example.org",
        "First name": "Asha",
        "Surname": "Rao",
        "Completed on": "20.05.2026 12:00",
    }
    assert read(row | {"Score": "35", "Max": "40", "Letter": "A", "Status": "Passed"}) == Completion(
        7, "42", "0042", "a@example.org", "Asha Rao", NOON, 35, 40, "A", "Passed"
    )
    assert read({"id": "1", "percent": "87,5 %", "name": "A"}) == Completion(7, "1", name="A", score=87.5, most=100)
    assert read({"id": "1", "score": "3", "percent": "60"}) == Completion(7, "1", score=3)


@pytest.mark.parametrize(
    ("cells", "is_one"),
    [
        ({"id": "1"}, True),
        ({"id": "1", "completed": "2026-05-20"}, True),
        ({"id": "1", "completed": ""}, False),
        ({"id": "1", "completed": "", "status": "complete"}, True),
        ({"id": "1", "completed": "2026-05-20", "status": "failed"}, False),
        ({"id": "1", "status": ""}, False),
    ],
)
def test_who_has_not_completed_it_is_left_out(cells: dict[str, str], is_one: bool) -> None:  # noqa: FBT001 - a column of the table
    assert (read(cells) is not None) == is_one


def test_all_that_is_wrong_with_a_row_is_told_with_row_and_column() -> None:
    row = {"id": "x" * 256, "E-mail": "nowhere", "completed": "03/04/2026", "score": "much"}
    with pytest.raises(problem.Invalid) as caught:
        read(row)
    assert [(item.pointer, item.detail[:24]) for item in caught.value.findings] == [
        ("/7/id", "The cell is longer than "),
        ("/7/E-mail", "Must be an e-mail addres"),
        ("/7/completed", "'03/04/2026' can mean tw"),
        ("/7/score", "'much' is no number."),
    ]
    for other in ({"id": "", "name": "Asha"}, {"id": "a\tb"}):
        with pytest.raises(problem.Invalid):
            read(other)
    with pytest.raises(problem.Invalid, match="The row has 1 cells, and there are 2 columns"):
        completion.Reader(layout("id", "name")).read(2, ["1"])


def test_a_completion_is_an_event_with_a_key_of_what_it_says() -> None:
    said = Completion(7, "42", None, "a@example.org", "Asha", NOON, 35, 40, "A", "Passed")
    found = completion.happened(said, kind="course_completed", course="565")
    assert (found.type, found.course, found.courses, found.item, found.occurred_at) == ("course_completed", "565", ("565",), "565", NOON)
    assert found.result == event.ResultClaim(35, 40, 0.875, "A", "Passed", passed=True)
    assert found.learner == event.LearnerClaim("42", None, "a@example.org", "Asha")
    again = completion.happened(
        Completion(9, "42", None, "a@example.org", "A. Rao", NOON, 35, 40, "A", "Passed"), kind="course_completed", course="565"
    )
    assert again.key == found.key, "its row and the name do not count"
    for other in (Completion(7, "42", None, "a@example.org", "Asha", NOON, 36, 40, "A", "Passed"), Completion(7, "43")):
        assert completion.happened(other, kind="course_completed", course="565").key != found.key
    plain = completion.happened(Completion(7, sis_id="1"), kind="x", course="565")
    assert (plain.result.status, plain.result.passed, plain.occurred_at) == ("completed", None, None)
    assert completion.unpack(completion.pack([found, plain])) == (found, plain)
    assert [Completion(1, email="e").label, Completion(1, "i").label, Completion(1, None, "s").label, Completion(1).label] == [
        "e",
        "i",
        "s",
        "",
    ]


def test_no_sender_can_mark_a_delivery_as_reconciled() -> None:
    assert incoming.kept({completion.RECONCILED: "me", "user-agent": "x"}) == {"user-agent": "x"}


def test_the_lists_of_canvas_are_read() -> None:
    users: list[Any] = [
        {
            "id": 5,
            "name": "Asha \x00Rao",
            "sis_user_id": "0042",
            "email": "a@example.org",
            "enrollments": [{}, {"grades": {"final_score": 87.5, "final_grade": "B+"}}],
        },
        {"id": 6, "name": None, "email": "nowhere", "enrollments": None},
    ]
    done = {"requirement_count": 2, "requirement_completed_count": 2, "completed_at": "2026-05-20T12:00:00Z"}
    progress: list[Any] = [
        {"id": 5, "display_name": "A", "progress": done},
        {"id": 6, "display_name": "Bo", "progress": done | {"completed_at": "2026-05-20T12:00:00+00:00"}},
        {"id": 7, "progress": {"completed_at": None}},
        {"id": 8, "progress": None},
    ]
    assert completion.of_canvas(users, progress) == [
        Completion(1, "5", "0042", "a@example.org", "Asha Rao", NOON, 87.5, 100, "B+"),
        Completion(2, "6", None, None, "Bo", NOON),
    ]


def test_the_lists_of_moodle_are_read() -> None:
    user = {"id": 5, "idnumber": "", "fullname": "Asha Rao", "email": "a@example.org"}
    criteria = [
        {"complete": True, "timecompleted": 1779278400},
        {"complete": True, "timecompleted": None},
        {"complete": False, "timecompleted": 1},
        {"complete": True, "timecompleted": 10**12},
    ]
    status = {"completionstatus": {"completed": True, "completions": criteria}}
    assert completion.of_moodle(3, user, status) == Completion(3, "5", None, "a@example.org", "Asha Rao", NOON)
    assert completion.of_moodle(3, user, {"completionstatus": {"completed": True}}) == Completion(3, "5", None, "a@example.org", "Asha Rao")
    for other in ({}, {"completionstatus": None}, {"completionstatus": {"completed": False}}):
        assert completion.of_moodle(3, user, other) is None


def test_a_list_that_was_pulled_is_a_sheet() -> None:
    listed = [
        Completion(2, "5", "0042", "a@example.org", "=Asha", NOON, 87.123456789, 100, "B+"),
        Completion(3, "6"),
        Completion(4, None, None, "b@example.org", completed_at=NOON),
    ]
    text = cells.BYTE_ORDER_MARK + "".join(completion.sheet_of(listed))
    found = sheet.Sheet([text.encode()])
    reader = completion.Reader(layout(*found.header))
    again = [item for number, row in found.rows() if (item := reader.read(number, row))]
    assert again == [replace(item, status="completed") for item in listed]
    keys = [[completion.happened(item, kind="x", course="1").key for item in items] for items in (again, listed)]
    assert keys[0] == keys[1]
