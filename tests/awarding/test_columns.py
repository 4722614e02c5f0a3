from __future__ import annotations

from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import columns

URL = "https://badges.example/a/welding/1"


def described(*results: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"id": URL, "resultDescription": [{"resultType": "Percent"} | item for item in results], **more}


WELDING = described({"id": f"{URL}#score", "name": "Final score"}, {"id": "https://scales.example/joint", "name": "Quality of the joint"})
SCALES = columns.scales(WELDING)


def refused(header: list[str], **more: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - arguments of lay_out
    with pytest.raises(problem.Invalid) as caught:
        columns.lay_out(header, SCALES, **more)
    return [(finding.pointer, finding.detail) for finding in caught.value.findings]


def test_a_scale_is_named_by_its_fragment_where_it_is_of_the_achievement() -> None:
    assert [scale.key for scale in SCALES] == ["#score", "https://scales.example/joint"]
    assert columns.scales({"id": URL}) == ()


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("email", "email"), ("E-Mail", "email"), ("E-mail  address", "email"), ("Student_Email", "email"), ("Full name", "name"),
        ("First name", "given_name"), ("Surname", "family_name"), ("SIS User ID", "source_id"), ("did", "did"),
        ("Awarded on", "awarded_at"), ("Narrative", "narrative"),
        ("valid_until", "valid_until"), ("Expires", "valid_until"), ("scope", "scope"),
        ("Credits", "credits_earned"), ("Evidence", "evidence_url"), ("evidence_url_2", "evidence_url_2"),
        ("evidence_name_9", "evidence_name_9"), ("Final Score", "result:#score"), ("#score", "result:#score"),
        ("result:#score", "result:#score"), ("quality of the joint", "result:https://scales.example/joint"), ("Comment", None), ("", None),
        ("error", None), ("Row", None), ("evidence_url_1", None), ("scope_2", None),
    ],
)  # fmt: skip
def test_a_column_is_known_by_its_name(name: str, meaning: str | None) -> None:
    assert columns.guess([name, "x"], SCALES) == (meaning, None)


def test_of_two_that_would_mean_the_same_the_one_with_the_very_name_does() -> None:
    assert columns.guess(["Mail", "E-mail"], SCALES) == (None, None)
    assert columns.guess(["Mail", "email"], SCALES) == (None, "email")
    assert columns.guess(["email", "email"], SCALES) == (None, None)


def test_what_is_told_goes_before_what_is_guessed() -> None:
    told = {
        "Mail": "email",
        "E-mail": columns.UNREAD,
        "Points": "result:Final score",
        "Joint": "https://scales.example/joint",
        "Link": "evidence_url_3",
    }
    header = ["Mail", "E-mail", "Points", "Joint", "Link", "Final score", "", "Remark"]
    found = columns.lay_out(header, SCALES, told=told, dates="dmy", zone="Europe/Berlin")
    assert found.meanings == ("email", None, "result:#score", "result:https://scales.example/joint", "evidence_url_3", None, None, None)
    assert found.unread == ("E-mail", "Final score", "Remark")
    assert (found.column(0), found.column(6)) == ("Mail", "number 7")
    assert columns.Layout.from_json(found.to_json()) == found
    assert columns.lay_out(["a", "email"], SCALES, told={"a": "score"}).meanings == ("result:#score", "email")


def test_all_that_is_wrong_with_the_columns_is_told() -> None:
    found = refused(["Mail", "Post", "email", "Name"], told={"Mail": "email", "Post": "email", "Male": "name", "Name": "nome"})
    assert [pointer for pointer, _ in found] == ["/1/Male", "/1/Name", "/1/Post"]
    assert found[0][1] == "There is no column “Male”; there are “Mail”, “Post”, “email”, “Name”."
    assert "cannot mean 'nome'; it can mean one of email, name," in found[1][1]
    assert "result:#score" in found[1][1]
    assert found[2][1] == "The columns “Mail” and “Post” would both mean email."


def test_two_columns_with_one_name_are_refused_where_they_mean_something() -> None:
    assert columns.lay_out(["email", "x", "x"], SCALES).unread == ("x", "x")
    assert refused(["email", "x", "x"], told={"x": "name"}) == [
        ("/1/x", "Two columns are called “x”. Rename one of them."),
        ("/1/x", "Two columns are called “x”. Rename one of them."),
    ]


def test_one_column_says_who() -> None:
    ((pointer, detail),) = refused(["Name", "", "Final score"])
    assert pointer == "/1"
    assert detail.startswith(
        "No column says who the learner is: one must mean email, did or source_id. The first row names “Name”, “Final score”."
    )


def test_a_vocabulary_of_another_kind_knows_its_own_words_only() -> None:
    found = columns.lay_out(
        ["who", "E-mail", "scope", "evidence_url_2"], (), vocabulary={"email": ("e mail",), "score": ("who",)}, needed=["email", "score"]
    )
    assert found.meanings == ("score", "email", None, None)


@pytest.mark.parametrize(
    "achievement",
    [
        WELDING,
        described(creditsAvailable=2),
        described({"id": f"{URL}#a", "name": "Name"}, {"id": f"{URL}#b", "name": "=1+1"}, {"id": f"{URL}#c", "name": "Error"}),
        described({"id": f"{URL}#a", "name": "Score"}, {"id": f"{URL}#b", "name": "score"}, {"id": f"{URL}#c", "name": "…"}),
    ],
)
def test_every_column_of_a_template_is_understood(achievement: dict[str, Any]) -> None:
    names = columns.template(achievement)
    known = columns.scales(achievement)
    found = columns.lay_out(names, known)
    assert found.unread == ()
    assert [meaning for meaning in found.meanings if meaning and meaning.startswith("result:")] == [
        f"result:{scale.key}" for scale in known
    ]
    assert ("credits_earned" in names) == ("creditsAvailable" in achievement)


def test_a_template_names_results_as_people_do() -> None:
    assert columns.template(WELDING)[-2:] == ["Final score", "Quality of the joint"]
