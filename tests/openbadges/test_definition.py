from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.openbadges import definition
from badgeissuer.vc.document import JsonObject

URL = "https://badges.example/a/welding/3"
CREATOR: JsonObject = {"id": "https://college.example", "type": ["Profile"], "name": "Example College"}

unhurried = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.large_base_example]
)
any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["#a", "https://a.example", "1", "Image"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from(["id", "type"]), inner, max_size=3),
    max_leaves=6,
)


def complete(draft: JsonObject) -> JsonObject:
    return definition.complete(draft, url=URL, version="3", creator=CREATOR)


def found(draft: JsonObject) -> list[tuple[str, str]]:
    return [(finding.pointer, finding.detail) for finding in definition.check(complete(draft))]


def minimal(**members: object) -> JsonObject:
    return {"name": "Welding", "description": "Joins plates.", "criteria": {"narrative": "Weld."}, **members}


def described(**members: object) -> JsonObject:
    return minimal(resultDescription=[{"id": "#r", "name": "Grade", "resultType": "Percent", **members}])


def rubric(*levels: JsonObject, **members: object) -> JsonObject:
    named = [{"name": f"Level {place}", **level} for place, level in enumerate(levels)]
    return described(resultType="RubricCriterionLevel", rubricCriterionLevel=named, **members)


class TestComplete:
    def test_a_whole_draft_becomes_a_good_achievement(self, draft: JsonObject) -> None:
        assert found(draft) == []

    def test_three_members_are_enough(self) -> None:
        assert complete(minimal()) == {
            "id": URL,
            "type": ["Achievement"],
            "name": "Welding",
            "description": "Joins plates.",
            "criteria": {"narrative": "Weld."},
            "creator": CREATOR,
            "version": "3",
        }
        assert found(minimal()) == []

    def test_the_draft_and_the_creator_stay_as_they_are(self, draft: JsonObject) -> None:
        before, creator = copy.deepcopy(draft), copy.deepcopy(CREATOR)
        achievement = complete(draft)
        achievement["creator"]["name"] = "Changed"
        achievement["resultDescription"][0]["name"] = "Changed"
        assert (draft, creator) == (before, CREATOR)

    def test_fragments_become_urls_of_the_version(self, draft: JsonObject) -> None:
        grade, letter, seam, _ = complete(draft)["resultDescription"]
        assert (grade["id"], letter["id"]) == (URL + "#grade", URL + "#letter")
        assert seam["requiredLevel"] == URL + "#result-3-level-1"

    def test_ids_that_are_left_out_are_numbered(self, draft: JsonObject) -> None:
        seam = complete(draft)["resultDescription"][2]
        assert seam["id"] == URL + "#result-3"
        assert [level["id"] for level in seam["rubricCriterionLevel"]] == [URL + "#result-3-level-1", URL + "#even"]

    def test_ids_that_are_urls_stay(self) -> None:
        achievement = complete(described(id="urn:uuid:1", requiredLevel="urn:uuid:2"))
        assert achievement["resultDescription"][0]["id"] == "urn:uuid:1"
        assert achievement["resultDescription"][0]["requiredLevel"] == "urn:uuid:2"

    def test_types_that_are_left_out_are_filled_in(self, draft: JsonObject) -> None:
        draft["creator"] = {"id": "https://other.example"}
        achievement = complete(draft)
        seam = achievement["resultDescription"][2]
        assert achievement["type"] == ["Achievement"]
        assert achievement["creator"]["type"] == ["Profile"]
        assert achievement["image"] == {"id": "https://college.example/welding.png", "type": "Image"}
        assert achievement["alignment"][0]["type"] == ["Alignment"]
        assert achievement["related"][0]["type"] == ["Related"]
        assert achievement["otherIdentifier"][0]["type"] == "IdentifierEntry"
        assert seam["type"] == ["ResultDescription"]
        assert [level["type"] for level in seam["rubricCriterionLevel"]] == [["RubricCriterionLevel"]] * 2
        assert seam["rubricCriterionLevel"][1]["alignment"][0]["type"] == ["Alignment"]

    @pytest.mark.parametrize(
        ("given_type", "expected"),
        [
            ("Achievement", ["Achievement"]),
            (["Achievement", "ext:Own"], ["Achievement", "ext:Own"]),
            ("ext:Own", ["Achievement", "ext:Own"]),
            (None, ["Achievement"]),
            ([], ["Achievement"]),
        ],
    )
    def test_types_that_the_author_gives_become_an_array_with_the_class_in_it(self, given_type: object, expected: list[str]) -> None:
        assert complete(minimal(type=given_type))["type"] == expected

    def test_a_type_is_a_text_only_where_the_standard_has_one(self) -> None:
        achievement = complete(
            minimal(
                image={"id": "https://a.example/i.png", "type": ["Image"]},
                alignment=[{"type": "Alignment", "targetName": "n", "targetUrl": "https://a.example"}],
            )
        )
        assert achievement["image"]["type"] == "Image"
        assert achievement["alignment"][0]["type"] == ["Alignment"]


class TestAuthors:
    @pytest.mark.parametrize("name", ["id", "version"])
    def test_what_publishing_sets_may_not_be_written(self, name: str) -> None:
        (finding,) = definition.check_draft(minimal(**{name: "1"}))
        assert (finding.pointer, finding.detail) == (f"/{name}", f"{name} is set when the achievement is published; leave it out.")

    def test_everything_else_may(self, draft: JsonObject) -> None:
        assert definition.check_draft(draft) == ()

    def test_findings_become_one_problem(self) -> None:
        findings = definition.check_draft({"id": "1", "version": "1"})
        with pytest.raises(problem.Invalid) as caught:
            definition.require(findings)
        assert caught.value.findings == findings

    def test_no_findings_are_no_problem(self) -> None:
        definition.require(())


class TestForm:
    @pytest.mark.parametrize("name", ["name", "description", "criteria"])
    def test_what_must_be_there_is_named(self, name: str) -> None:
        draft = minimal()
        del draft[name]
        assert found(draft) == [(f"/{name}", f"{name} is missing.")]

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("name", 5),
            ("name", ""),
            ("name", {"en": "Welding"}),
            ("description", ["Joins", "plates."]),
            ("achievementType", True),
            ("fieldOfStudy", 1),
            ("humanCode", 101),
            ("creditsAvailable", "5"),
            ("creditsAvailable", True),
            ("creditsAvailable", float("nan")),
            ("creditsAvailable", float("inf")),
            ("creditsAvailable", 10**400),
            ("tag", []),
            ("tag/1", ["a", 1]),
            ("inLanguage", "English"),
            ("inLanguage", "en_GB"),
            ("inLanguage", "EN"),
            ("inLanguage", "en-gb"),
            ("inLanguage", "en\n"),
            ("image", 7),
            ("image/id", {"caption": "A plate"}),
            ("image/id", "welding.png"),
            ("image/type", {"id": "https://a.example/i.png", "type": ["Image", "Profile"]}),
            ("image/alt", {"id": "https://a.example/i.png", "alt": "A plate"}),
            ("creator", "https://college.example"),
            ("creator/id", {"name": "College"}),
            ("alignment/0", ["https://frameworks.example/1"]),
            ("alignment/0/targetUrl", [{"targetName": "n", "targetUrl": "weld"}]),
            ("alignment/0/targetName", [{"targetUrl": "https://a.example"}]),
            ("alignment/0/targetType", [{"targetName": "n", "targetUrl": "https://a.example", "targetType": "Skill"}]),
            ("otherIdentifier/0/identifierType", [{"identifier": "1", "identifierType": "email"}]),
            ("otherIdentifier/0/system", [{"identifier": "1", "identifierType": "isbn", "system": "x"}]),
            ("related/0/inLanguage", [{"id": "https://a.example", "inLanguage": "French"}]),
            ("related/0/id", [{"id": "#soudage"}]),
            ("resultDescription/0", ["Grade"]),
            ("resultDescription/0/name", [{"id": "#r", "resultType": "Percent"}]),
            ("resultDescription/0/resultType", [{"id": "#r", "name": "n", "resultType": "Grade"}]),
            ("resultDescription/0/valueMax", [{"id": "#r", "name": "n", "resultType": "Percent", "valueMax": 100}]),
            ("resultDescription/0/requiredValue", [{"id": "#r", "name": "n", "resultType": "Percent", "requiredValue": 60}]),
            ("resultDescription/0/allowedValue/0", [{"id": "#r", "name": "n", "resultType": "Percent", "allowedValue": [60]}]),
            ("resultDescription/0/id", [{"id": "r", "name": "n", "resultType": "Percent"}]),
            ("resultDescription/0/id", [{"id": 1, "name": "n", "resultType": "Percent"}]),
            (
                "resultDescription/0/rubricCriterionLevel/0/points",
                [{"id": "#r", "name": "n", "resultType": "RubricScore", "rubricCriterionLevel": [{"name": "a", "points": 1}]}],
            ),
            (
                "resultDescription/0/rubricCriterionLevel/0",
                [{"id": "#r", "name": "n", "resultType": "RubricScore", "rubricCriterionLevel": ["a"]}],
            ),
        ],
    )
    def test_a_member_of_the_wrong_form_is_named(self, member: str, value: object) -> None:
        assert [pointer for pointer, _ in found(minimal(**{member.partition("/")[0]: value}))] == [f"/{member}"]

    @pytest.mark.parametrize("tag", ["en", "pt-BR", "zh-Hant", "sr-Latn-RS", "es-419", "gsw"])
    def test_a_language_tag_is_accepted(self, tag: str) -> None:
        assert found(minimal(inLanguage=tag)) == []

    @pytest.mark.parametrize("criteria", [{}, {"type": "Criteria"}, {"id": None, "narrative": None}])
    def test_criteria_must_say_something(self, criteria: JsonObject) -> None:
        assert found(minimal(criteria=criteria)) == [("/criteria", "criteria: must have a narrative or an id that is the URL of one.")]

    @pytest.mark.parametrize("criteria", [{"id": "https://a.example/how"}, {"narrative": "Weld."}])
    def test_criteria_have_an_id_or_a_narrative(self, criteria: JsonObject) -> None:
        assert found(minimal(criteria=criteria)) == []

    @pytest.mark.parametrize("term", ["ext:Foo", "ext:a.b_c-d", "ext:7", "Course"])
    def test_an_extension_is_a_term(self, term: str) -> None:
        assert found(minimal(achievementType=term)) == []

    @pytest.mark.parametrize("term", ["xxext:Foo", "ext:", "ext:a b", "ext:-", "ext:a\n", "EXT:Foo", "ext:é", "course", ""])
    def test_what_only_looks_like_an_extension_is_none(self, term: str) -> None:
        ((pointer, detail),) = found(minimal(achievementType=term))
        assert pointer == "/achievementType"
        assert detail.endswith("or an extension written ext:Name.")


class TestConsistency:
    def test_the_form_goes_before_what_depends_on_it(self) -> None:
        assert [pointer for pointer, _ in found(minimal(name=5, creditsAvailable=-1))] == ["/name"]

    def test_credits_are_not_negative(self) -> None:
        assert found(minimal(creditsAvailable=-0.5)) == [("/creditsAvailable", "creditsAvailable must not be negative.")]
        assert found(minimal(creditsAvailable=0)) == []
        assert found(minimal(creditsAvailable=None)) == []

    def test_an_id_is_given_once(self) -> None:
        twice = minimal(resultDescription=[{"id": "#r", "name": n, "resultType": "Result"} for n in ("a", "b")])
        assert found(twice) == [("/resultDescription/1/id", f"The id {URL}#r is given twice.")]

    def test_a_level_is_not_named_as_its_description_is(self) -> None:
        place = "/resultDescription/0/rubricCriterionLevel/1/id"
        assert found(rubric({"id": "#a"}, {"id": "#r"})) == [(place, f"The id {URL}#r is given twice.")]

    def test_a_description_is_not_named_as_the_achievement_is(self) -> None:
        assert found(described(id=URL)) == [("/resultDescription/0/id", f"The id {URL} is given twice.")]

    def test_the_required_level_is_one_of_the_levels(self) -> None:
        assert found(rubric({"id": "#a"}, requiredLevel="#a")) == []
        expected = f"requiredLevel {URL}#b is none of the levels of this result description."
        assert found(rubric({"id": "#a"}, requiredLevel="#b")) == [("/resultDescription/0/requiredLevel", expected)]

    def test_the_required_level_is_not_one_of_another_description(self) -> None:
        draft = rubric({"id": "#a"})
        draft["resultDescription"].append({"id": "#s", "name": "Other", "resultType": "Result", "requiredLevel": "#a"})
        assert [pointer for pointer, _ in found(draft)] == ["/resultDescription/1/requiredLevel"]

    def test_a_rubric_has_levels(self) -> None:
        expected = "A result of the type RubricCriterionLevel needs rubricCriterionLevel."
        assert found(described(resultType="RubricCriterionLevel")) == [("/resultDescription/0", expected)]

    def test_levels_stand_from_the_lowest_to_the_highest(self) -> None:
        assert found(rubric({"points": "1"}, {}, {"points": "1"}, {"points": "10"})) == []
        expected = "The levels must stand from the lowest to the highest; their points do not."
        assert found(rubric({"points": "9"}, {}, {"points": "10"}, {"points": "2"})) == [
            ("/resultDescription/0/rubricCriterionLevel", expected)
        ]

    @pytest.mark.parametrize("points", ["ten", "", "1_000", " 1", "NaN", "Infinity", "\u0661", "1" * 60, None])
    def test_points_are_a_number(self, points: str | None) -> None:
        place = "/resultDescription/0/rubricCriterionLevel/1/points"
        assert found(rubric({}, {"points": points})) == [(place, "points must be a number written as a text.")]

    @pytest.mark.parametrize("name", ["valueMin", "valueMax"])
    def test_bounds_are_numbers(self, name: str) -> None:
        expected = f"{name} must be a number written as a text."
        assert found(described(**{name: "low"})) == [(f"/resultDescription/0/{name}", expected)]

    def test_the_least_is_not_more_than_the_most(self) -> None:
        assert found(described(valueMin="5", valueMax="5.0")) == []
        assert found(described(valueMin="10", valueMax="9")) == [("/resultDescription/0/valueMin", "valueMin is greater than valueMax.")]

    @pytest.mark.parametrize(
        ("members", "fault"),
        [
            ({"valueMin": "0", "requiredValue": "-1"}, "is -1, less than the least of 0."),
            ({"valueMax": "100", "requiredValue": "100.5"}, "is 100.5, more than the most of 100."),
            ({"requiredValue": "sixty"}, "is 'sixty', which is no number."),
            ({"resultType": "LetterGrade", "valueMax": "3", "requiredValue": "A"}, "is 'A', which is no number."),
            ({"allowedValue": ["1", "2"], "requiredValue": "3"}, "is '3', which is none of the allowed values (1, 2)."),
            ({"allowedValue": ["1", "2"], "valueMax": "1", "requiredValue": "2"}, "is 2, more than the most of 1."),
            ({"requiredValue": None}, "is None, which is no number."),
        ],
    )
    def test_the_required_value_fits(self, members: JsonObject, fault: str) -> None:
        assert found(described(**members)) == [("/resultDescription/0/requiredValue", f"requiredValue {fault}")]

    @pytest.mark.parametrize(
        "members",
        [
            {"valueMin": "0", "valueMax": "100", "requiredValue": "0"},
            {"valueMin": "0", "valueMax": "100", "requiredValue": "1e2"},
            {"allowedValue": ["1", "2"], "requiredValue": "2"},
            {"resultType": "LetterGrade", "requiredValue": "A"},
            {"allowedValue": ["n/a"], "requiredValue": "n/a"},
        ],
    )
    def test_a_required_value_that_fits_is_fine(self, members: JsonObject) -> None:
        assert found(described(**members)) == []

    def test_an_allowed_value_is_named_once(self) -> None:
        assert found(described(allowedValue=["1", "1"])) == [("/resultDescription/0/allowedValue", "allowedValue names a value twice.")]

    def test_allowed_numbers_stand_from_the_lowest_to_the_highest(self) -> None:
        assert found(described(allowedValue=["9", "10"])) == []
        expected = "allowedValue must stand from the lowest to the highest."
        assert found(described(allowedValue=["10", "9"])) == [("/resultDescription/0/allowedValue", expected)]

    @pytest.mark.parametrize("members", [{"resultType": "LetterGrade", "allowedValue": ["3", "2"]}, {"allowedValue": ["9", "pass", "1"]}])
    def test_the_order_of_words_is_the_authors(self, members: JsonObject) -> None:
        assert found(described(**members)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", Decimal(0)),
        ("+1.50", Decimal("1.5")),
        ("-.5", Decimal("-0.5")),
        ("2.", Decimal(2)),
        ("1E3", Decimal(1000)),
        ("", None),
        (".", None),
        ("1,5", None),
        ("1e9999", None),
        (1, None),
        (None, None),
    ],
)
def test_a_text_means_a_number_or_none(text: object, expected: Decimal | None) -> None:
    assert definition.number(text) == expected


def _places(node: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - any JSON value
    """Yield every container with every key or index in it."""
    for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, key
        yield from _places(node[key])


def _completes_or_refuses(draft: JsonObject) -> None:
    before = copy.deepcopy(draft)
    findings = definition.check_draft(draft) + definition.check(complete(draft))
    assert all(finding.detail for finding in findings)
    assert repr(draft) == repr(before)  # NaN is not equal to itself


@unhurried
@given(st.data())
def test_any_json_anywhere_in_a_draft_is_completed_or_refused(frozen_draft: JsonObject, data: st.DataObject) -> None:
    draft = copy.deepcopy(frozen_draft)
    for _ in range(data.draw(st.integers(1, 3))):
        node, key = data.draw(st.sampled_from(list(_places(draft))))
        node[key] = data.draw(any_json)
    _completes_or_refuses(draft)


_NAMES = ["id", "type", "creator", "image", "alignment", "related", "otherIdentifier", "resultDescription", "creditsAvailable", "criteria"]


@unhurried
@given(st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=8), any_json, max_size=6))
def test_any_json_as_a_draft_is_completed_or_refused(draft: JsonObject) -> None:
    _completes_or_refuses(minimal() | draft)
    _completes_or_refuses(draft)


@unhurried
@given(
    st.dictionaries(
        st.sampled_from(["resultType", "valueMin", "valueMax", "allowedValue", "requiredValue", "rubricCriterionLevel"]), any_json
    )
)
def test_any_json_in_a_result_description_is_completed_or_refused(members: JsonObject) -> None:
    _completes_or_refuses(described(**members))


@pytest.mark.parametrize("image", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example/a.png", "data:image/gif;base64,R0lG"])
def test_an_image_is_a_picture_that_pages_may_show(image: str) -> None:
    draft = {"name": "N", "description": "D", "criteria": {"narrative": "C"}, "image": image}
    completed = definition.complete(draft, url="https://x.example/a/1", version="1", creator={"id": "did:x:y", "type": ["Profile"]})
    assert [finding.pointer for finding in definition.check(completed)] == ["/image/id"]
    draft["image"] = "https://x.example/badge.png"
    completed = definition.complete(draft, url="https://x.example/a/1", version="1", creator={"id": "did:x:y", "type": ["Profile"]})
    assert definition.check(completed) == ()
