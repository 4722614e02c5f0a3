from __future__ import annotations

from badgeissuer import problem


def test_a_problem_speaks_rfc_9457_without_a_status() -> None:
    error = problem.Malformed("Byte 3 cannot be read.", offset=3)
    assert error.to_json() == {
        "type": problem.PARSING_ERROR,
        "title": "The document cannot be read",
        "detail": "Byte 3 cannot be read.",
        "offset": 3,
    }
    assert str(error) == "Byte 3 cannot be read."


def test_a_kind_of_its_own_replaces_that_of_the_class() -> None:
    assert problem.Invalid("x", kind="urn:mine").kind == "urn:mine"
    assert problem.Conflict("x").kind == problem.OURS + "conflict"


def test_several_findings_make_one_problem_that_tells_them_all() -> None:
    first, second = problem.Finding("One.", "/a", "urn:first"), problem.Finding("Two.")
    error = problem.Invalid.of((first, second))
    assert (error.kind, error.detail) == ("urn:first", "One. Two.")
    assert error.to_json()["errors"] == [
        {"type": "urn:first", "pointer": "/a", "detail": "One."},
        {"type": problem.MALFORMED_VALUE_ERROR, "pointer": "", "detail": "Two."},
    ]


def test_unavailable_says_when_to_come_back() -> None:
    assert problem.Unavailable("busy").retry_after == 5
    assert problem.Unavailable("busy", retry_after=60).retry_after == 60


def test_a_pointer_that_would_grow_too_long_ends_with_an_ellipsis_and_grows_no_further() -> None:
    deep = ""
    for _ in range(problem.MAX_POINTER):
        deep = problem.below(deep, "abc")
    assert deep.endswith("/abc/…")
    assert len(deep) <= problem.MAX_POINTER + 1
    assert problem.below(deep, "more") == deep
    assert problem.below("/a", "b" * problem.MAX_POINTER) == "/a/…"


def test_a_pointer_is_taken_apart_into_what_it_was_made_of() -> None:
    names = ["a/b", "~", "", "c"]
    pointer = ""
    for name in names:
        pointer = problem.below(pointer, name)
    assert problem.steps(pointer) == names
    assert problem.steps("") == []
