from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.openbadges import credential, legacy, model, results
from badgeissuer.vc.document import JsonObject

ReadJson = Callable[[str], Any]
Compose = Callable[..., JsonObject]

URL = "https://badges.example/a/welding/3"
RESULT = "/credentialSubject/result"
DESCRIPTION = "/credentialSubject/achievement/resultDescription"
V1 = "https://www.w3.org/2018/credentials/v1"

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def found(achievement: JsonObject, **result: object) -> list[tuple[str, str]]:
    completed = results.complete([result], achievement)
    return [(finding.pointer, finding.detail) for finding in results.check(completed, achievement, prefix="/r")]


def test_fragments_become_urls_of_the_achievement(frozen_achievement: JsonObject) -> None:
    given_results: list[JsonObject] = [
        {"resultDescription": "#result-3", "achievedLevel": "#even"},
        {"type": ["Result", "ext:Own"], "resultDescription": URL + "#grade"},
    ]
    before = copy.deepcopy(given_results)
    assert results.complete(given_results, frozen_achievement) == [
        {"type": ["Result"], "resultDescription": URL + "#result-3", "achievedLevel": URL + "#even"},
        {"type": ["Result", "ext:Own"], "resultDescription": URL + "#grade"},
    ]
    assert given_results == before


def test_results_that_fit_are_fine(frozen_achievement: JsonObject, learner_results: list[JsonObject]) -> None:
    assert len(learner_results) == 4
    assert results.check(learner_results, frozen_achievement) == ()


def test_a_result_of_nothing_described_is_only_checked_for_its_form(frozen_achievement: JsonObject) -> None:
    assert found(frozen_achievement, value="87") == []
    assert found(frozen_achievement, value=87) == [("/r/0/value", "value: input should be a valid string.")]


def test_the_achievement_may_describe_no_results() -> None:
    expected = ("/r/0/resultDescription", "The result refers to https://a.example#r, which the achievement does not describe.")
    assert found({"id": "https://a.example"}, resultDescription="#r", value="1") == [expected]


@pytest.mark.parametrize(
    ("reference", "members", "place", "detail"),
    [
        ("#x", {"value": "1"}, "/resultDescription", f"The result refers to {URL}#x, which the achievement does not describe."),
        ("#even", {"value": "1"}, "/resultDescription", f"The result refers to {URL}#even, which the achievement does not describe."),
        ("#grade", {"value": "101"}, "/value", "The value of “Grade” is 101, more than the most of 100."),
        ("#grade", {"value": "-0.01"}, "/value", "The value of “Grade” is -0.01, less than the least of 0."),
        ("#grade", {"value": "A"}, "/value", "The value of “Grade” is 'A', which is no number."),
        ("#letter", {"value": "D"}, "/value", "The value of “Letter” is 'D', which is none of the allowed values (C, B, A)."),
        ("#result-3", {"achievedLevel": "#good"}, "/achievedLevel", "The achieved level of “Seam” is none of its levels."),
        ("#grade", {"achievedLevel": "#even"}, "/achievedLevel", "The achieved level of “Grade” is none of its levels."),
        ("#done", {"value": "yes"}, "/status", "“Attendance” is a status, so the result needs one."),
        ("#done", {"status": None}, "/status", "“Attendance” is a status, so the result needs one."),
        ("#grade", {}, "", "The result for “Grade” says nothing: it needs a value, a level or a status."),
        ("#grade", {"value": None}, "", "The result for “Grade” says nothing: it needs a value, a level or a status."),
    ],
)
def test_a_result_that_does_not_fit_is_named(
    frozen_achievement: JsonObject, reference: str, members: JsonObject, place: str, detail: str
) -> None:
    assert found(frozen_achievement, resultDescription=reference, **members) == [(f"/r/0{place}", detail)]


def test_a_value_out_of_range_has_the_type_of_the_standard(frozen_achievement: JsonObject) -> None:
    (finding,) = results.check(results.complete([{"resultDescription": "#grade", "value": "101"}], frozen_achievement), frozen_achievement)
    assert finding.type == problem.RANGE_ERROR


@pytest.mark.parametrize("bound", ["0", "100", "0.0", "1e2"])
def test_the_bounds_themselves_are_within(frozen_achievement: JsonObject, bound: str) -> None:
    assert found(frozen_achievement, resultDescription="#grade", value=bound) == []


@pytest.mark.parametrize(
    ("result", "member"),
    [
        ({"resultDescription": {"id": "#grade"}, "value": "1"}, "resultDescription"),
        ({"resultDescription": ["#grade"], "value": "1"}, "resultDescription"),
        ({"resultDescription": "grade", "value": "1"}, "resultDescription"),
        ({"resultDescription": "#grade", "value": 87}, "value"),
        ({"resultDescription": "#result-3", "achievedLevel": ["#even"]}, "achievedLevel"),
        ({"resultDescription": "#done", "status": "Done"}, "status"),
        ({"type": "Score", "resultDescription": "#grade", "value": "1"}, "type"),
    ],
)
def test_a_member_of_the_wrong_form_is_named(frozen_achievement: JsonObject, result: JsonObject, member: str) -> None:
    assert [pointer for pointer, _ in found(frozen_achievement, **result)] == [f"/r/0/{member}"]


def test_each_result_is_named_by_its_place(frozen_achievement: JsonObject) -> None:
    completed = results.complete([{"resultDescription": "#grade", "value": "1"}, {"resultDescription": "#x"}], frozen_achievement)
    assert [finding.pointer for finding in results.check(completed, frozen_achievement)] == ["/1/resultDescription"]


_MEMBERS = ["type", "resultDescription", "achievedLevel", "value", "status", "alignment", "other"]
_values = any_json | st.sampled_from(["#grade", "#letter", "#result-3", "#even", "#done", "Completed", "50", ["Result"]])


@unhurried
@given(st.lists(st.dictionaries(st.sampled_from(_MEMBERS), _values), max_size=3))
def test_any_json_as_results_is_completed_or_refused(frozen_achievement: JsonObject, given_results: list[JsonObject]) -> None:
    completed = results.complete(given_results, frozen_achievement)
    assert len(completed) == len(given_results)
    assert all(finding.detail and finding.pointer for finding in results.check(completed, frozen_achievement))


def test_an_empty_result_of_a_status_is_told_once(frozen_achievement: JsonObject) -> None:
    assert [pointer for pointer, _ in found(frozen_achievement, resultDescription="#done")] == ["/r/0/status"]


@pytest.fixture
def badge(achievement: JsonObject, learner_results: list[JsonObject], compose: Compose) -> JsonObject:
    """A badge whose results fit, and meet what is required."""
    return compose(achievement, claims=credential.Claims(results=learner_results, credits_earned=5))


def level(name: str, **members: object) -> JsonObject:
    return {"id": f"{URL}#{name.lower()}", "type": ["RubricCriterionLevel"], "name": name} | members


def described(**members: object) -> JsonObject:
    return {"id": URL + "#essay", "type": ["ResultDescription"], "name": "Final essay", "resultType": "Result"} | members


def reached(badge: JsonObject, description: JsonObject, *own: JsonObject) -> JsonObject:
    """Return the badge with one description, and results of it."""
    subject = badge["credentialSubject"]
    subject["achievement"]["resultDescription"] = [description]
    subject["result"] = [{"type": ["Result"], "resultDescription": description["id"]} | item for item in own] or None
    assert model.check(badge) == ()
    return badge


def faults(badge: JsonObject) -> list[tuple[str, str]]:
    return [(finding.pointer, finding.detail) for finding in results.rules(badge)]


def told(badge: JsonObject, *, ordered: bool = False) -> list[tuple[str, str, str]]:
    said = results.remarks(badge, ordered=ordered)
    return [(finding.pointer, finding.type.removeprefix(problem.OURS), finding.detail) for finding in said]


class TestRules:
    def test_results_that_fit_have_no_fault(self, badge: JsonObject) -> None:
        assert len(badge["credentialSubject"]["result"]) == 4
        assert faults(badge) == []

    @pytest.mark.parametrize("absent", [["result"], ["result", "achievement/resultDescription"], []])
    def test_a_badge_need_not_have_results(self, badge: JsonObject, absent: list[str]) -> None:
        subject = badge["credentialSubject"]
        for path in absent:
            *above, name = path.split("/")
            (subject["achievement"] if above else subject)[name] = None
        assert faults(badge) == []
        assert told(badge) == []

    def test_one_value_may_stand_for_an_array_of_one(self, badge: JsonObject) -> None:
        description = described(rubricCriterionLevel=level("Good"), requiredLevel=f"{URL}#bad", valueMax="5")
        reached(badge, description, {"value": "6", "achievedLevel": f"{URL}#bad"})
        subject = badge["credentialSubject"]
        subject["achievement"]["resultDescription"] = description
        subject["result"] = subject["result"][0]
        assert model.check(badge) == ()
        assert faults(badge) == [
            (f"{DESCRIPTION}/requiredLevel", "The required level of “Final essay” is none of its levels."),
            (f"{RESULT}/value", "The value of “Final essay” is 6, more than the most of 5."),
            (f"{RESULT}/achievedLevel", "The achieved level of “Final essay” is none of its levels."),
        ]
        assert told(badge) == []

    @pytest.mark.parametrize(
        ("reference", "members", "place", "detail"),
        [
            ("#x", {"value": "1"}, "/resultDescription", f"The result refers to {URL}#x, which the achievement does not describe."),
            ("#grade", {"value": "101"}, "/value", "The value of “Grade” is 101, more than the most of 100."),
            ("#grade", {"value": "101 %"}, "/value", "The value of “Grade” is 101, more than the most of 100."),
            ("#grade", {"value": "-1"}, "/value", "The value of “Grade” is -1, less than the least of 0."),
            ("#grade", {"value": "good"}, "/value", "The value of “Grade” is 'good', which is no number."),
            ("#letter", {"value": "D"}, "/value", "The value of “Letter” is 'D', which is none of the allowed values (C, B, A)."),
            ("#result-3", {"achievedLevel": "#good"}, "/achievedLevel", "The achieved level of “Seam” is none of its levels."),
            ("#done", {"value": "yes"}, "/status", "“Attendance” is a status, so the result needs one."),
        ],
    )
    def test_a_result_that_does_not_fit_is_named(
        self, badge: JsonObject, reference: str, members: JsonObject, place: str, detail: str
    ) -> None:
        subject = badge["credentialSubject"]
        subject["result"] = results.complete([{"value": "1"}, {"resultDescription": reference, **members}], subject["achievement"])
        assert model.check(badge) == ()
        assert faults(badge) == [(f"{RESULT}/1{place}", detail)]

    def test_a_value_out_of_range_has_the_type_of_the_standard(self, badge: JsonObject) -> None:
        out_of_range = reached(badge, described(valueMin="1", valueMax="5", requiredValue="7"), {"value": "6"})
        assert [finding.type for finding in results.rules(out_of_range)] == [problem.RANGE_ERROR] * 2

    @pytest.mark.parametrize(
        ("description", "value"),
        [
            (described(resultType="Percent"), "87%"),
            (described(resultType="Percent", valueMax="100"), "87 %"),
            (described(resultType="Percent", allowedValue=["50%", "100%"]), "50%"),
            (described(resultType="RawScore"), "87 of 100"),
            (described(resultType="RawScore", valueMin="low"), "87 of 100"),
            (described(resultType="LetterGrade"), "A"),
            (described(), ""),
        ],
    )
    def test_a_stranger_may_write_values_as_no_rule_forbids(self, badge: JsonObject, description: JsonObject, value: str) -> None:
        assert faults(reached(badge, description, {"value": value})) == []

    def test_a_result_may_say_nothing_of_a_scale(self, badge: JsonObject) -> None:
        assert faults(reached(badge, described(), {})) == []

    @pytest.mark.parametrize(
        ("description", "place", "detail"),
        [
            (described(requiredLevel=f"{URL}#good"), "requiredLevel", "The required level of “Final essay” is none of its levels."),
            (
                described(allowedValue=["C", "B"], requiredValue="A"),
                "requiredValue",
                "The required value of “Final essay” is 'A', which is none of the allowed values (C, B).",
            ),
            (
                described(valueMax="10", requiredValue="11"),
                "requiredValue",
                "The required value of “Final essay” is 11, more than the most of 10.",
            ),
        ],
    )
    def test_a_requirement_that_nobody_could_meet_is_a_fault(
        self, badge: JsonObject, description: JsonObject, place: str, detail: str
    ) -> None:
        assert faults(reached(badge, description)) == [(f"{DESCRIPTION}/0/{place}", detail)]

    def test_an_id_names_one_thing(self, badge: JsonObject) -> None:
        descriptions = badge["credentialSubject"]["achievement"]["resultDescription"]
        descriptions[2]["rubricCriterionLevel"][1]["id"] = descriptions[0]["id"]
        descriptions[3]["id"] = descriptions[1]["id"]
        badge["credentialSubject"]["result"] = []
        assert faults(badge) == [
            (f"{DESCRIPTION}/2/rubricCriterionLevel/1/id", f"The id {URL}#grade is given twice, so that a result could mean either."),
            (f"{DESCRIPTION}/3/id", f"The id {URL}#letter is given twice, so that a result could mean either."),
        ]

    def test_a_sentence_does_not_repeat_names_of_any_length(self, badge: JsonObject) -> None:
        description = described(allowedValue=["x" * 5000], requiredValue="y", name="n" * 200)
        said = results.rules(reached(badge, description, {"value": "y"}))
        assert [len(finding.detail) for finding in said] == [results.MAX_DETAIL] * 2
        assert all(finding.detail.endswith("…") for finding in said)


LEVELS = [level("Poor"), level("Satisfactory"), level("Good")]
POINTS = [level("Poor", points="0"), level("Satisfactory", points="2"), level("Good", points="10")]


class TestRemarks:
    def test_of_results_that_meet_what_is_required_nothing_is_said(self, badge: JsonObject) -> None:
        assert told(badge) == []

    @pytest.mark.parametrize("levels", [LEVELS, POINTS, POINTS[::-1]])
    def test_the_required_level_itself_is_enough(self, badge: JsonObject, levels: list[JsonObject]) -> None:
        description = described(rubricCriterionLevel=levels, requiredLevel=f"{URL}#good")
        assert told(reached(badge, description, {"achievedLevel": f"{URL}#good"})) == []

    @pytest.mark.parametrize("levels", [LEVELS, POINTS, POINTS[::-1]])
    def test_a_level_below_the_required_one_is_told(self, badge: JsonObject, levels: list[JsonObject]) -> None:
        description = described(rubricCriterionLevel=levels, requiredLevel=f"{URL}#good")
        assert (
            told(reached(badge, description, {"achievedLevel": f"{URL}#satisfactory"}))
            == [(f"{RESULT}/0/achievedLevel", "requirement-not-met", "“Final essay”: reached Satisfactory, but Good was required.")]
            or levels is not LEVELS
        )

    @pytest.mark.parametrize("levels", [POINTS, POINTS[::-1]])
    def test_points_decide_whatever_the_order(self, badge: JsonObject, levels: list[JsonObject]) -> None:
        description = described(rubricCriterionLevel=levels, requiredLevel=f"{URL}#satisfactory")
        assert told(reached(badge, description, {"achievedLevel": f"{URL}#good"})) == []
        assert told(reached(badge, description, {"achievedLevel": f"{URL}#poor"})) == [
            (f"{RESULT}/0/achievedLevel", "requirement-not-met", "“Final essay”: reached Poor, but Satisfactory was required.")
        ]

    def test_an_order_that_no_signature_covers_does_not_speak_for_the_badge(self, badge: JsonObject) -> None:
        description = described(rubricCriterionLevel=LEVELS, requiredLevel=f"{URL}#satisfactory")
        reached(badge, description, {"achievedLevel": f"{URL}#good"})
        unclear = "Which of them is higher cannot be told from what is signed; ask the issuer."
        assert told(badge) == [
            (f"{RESULT}/0/achievedLevel", "requirement-unclear", f"“Final essay”: reached Good, and Satisfactory was required. {unclear}")
        ]
        assert told(badge, ordered=True) == []

    @pytest.mark.parametrize("points", ["2", "two"])
    def test_points_that_do_not_tell_levels_apart_leave_it_to_the_order(self, badge: JsonObject, points: str) -> None:
        levels = [level("Poor", points="2"), level("Good", points=points)]
        description = described(rubricCriterionLevel=levels, requiredLevel=f"{URL}#good")
        assert [kind for _, kind, _ in told(reached(badge, description, {"achievedLevel": f"{URL}#poor"}))] == ["requirement-not-met"]
        description = described(rubricCriterionLevel=levels, requiredLevel=f"{URL}#poor")
        assert told(reached(badge, description, {"achievedLevel": f"{URL}#good"}), ordered=True) == []

    @pytest.mark.parametrize(
        ("members", "value", "required"),
        [
            ({"valueMax": "100"}, "59.5", "60"),
            ({"resultType": "Percent"}, "59%", "60"),
            ({}, "9", "10"),
            ({"allowedValue": ["C", "B", "A"]}, "C", "B"),
            ({"allowedValue": ["5", "4", "3", "2", "1"]}, "5", "4"),
        ],
    )
    def test_a_value_below_the_required_one_is_told(self, badge: JsonObject, members: JsonObject, value: str, required: str) -> None:
        reached(badge, described(requiredValue=required, **members), {"value": value})
        assert told(badge) == [
            (f"{RESULT}/0/value", "requirement-not-met", f"“Final essay”: reached {value}, but {required} was required.")
        ]

    @pytest.mark.parametrize(
        ("members", "value", "required"),
        [
            ({}, "60.0", "60"),
            ({}, "1e2", "60"),
            ({}, "passed", "passed"),
            ({"resultType": "Percent"}, "60 %", "60"),
            ({"allowedValue": ["C", "B", "A"]}, "A", "B"),
            ({"allowedValue": ["C", "B", "A"]}, "B", "B"),
            ({"allowedValue": ["5", "4", "3", "2", "1"]}, "1", "4"),
        ],
    )
    def test_of_a_value_that_is_enough_nothing_is_said(self, badge: JsonObject, members: JsonObject, value: str, required: str) -> None:
        assert told(reached(badge, described(requiredValue=required, **members), {"value": value})) == []

    def test_of_words_without_a_scale_nobody_knows_which_is_more(self, badge: JsonObject) -> None:
        ((pointer, kind, detail),) = told(reached(badge, described(requiredValue="good"), {"value": "fine"}), ordered=True)
        assert (pointer, kind) == (f"{RESULT}/0/value", "requirement-unclear")
        assert detail.startswith("“Final essay”: reached fine, and good was required.")

    def test_the_older_contexts_do_not_sign_the_order_of_allowed_values(self, badge: JsonObject) -> None:
        reached(badge, described(allowedValue=["C", "B", "A"], requiredValue="B"), {"value": "A"})
        badge["@context"] = [V1]
        assert [kind for _, kind, _ in told(badge)] == ["requirement-unclear"]
        assert told(badge, ordered=True) == []

    def test_a_requirement_on_another_scale_than_the_result_is_told(self, badge: JsonObject) -> None:
        description = described(rubricCriterionLevel=POINTS, requiredLevel=f"{URL}#good")
        reached(badge, description, {"status": "Completed"}, {"value": "7"}, {"value": "8"})
        not_on_it = "what is said of the learner is not on that scale."
        assert told(badge) == [(f"{RESULT}/1", "requirement-unclear", f"“Final essay”: Good was required; {not_on_it}")]
        reached(badge, described(rubricCriterionLevel=POINTS, requiredValue="7"), {"achievedLevel": f"{URL}#good"})
        assert told(badge) == [(f"{RESULT}/0", "requirement-unclear", f"“Final essay”: 7 was required; {not_on_it}")]

    def test_one_result_on_the_scale_is_enough_and_so_is_a_status(self, badge: JsonObject) -> None:
        description = described(rubricCriterionLevel=POINTS, requiredLevel=f"{URL}#good")
        assert told(reached(badge, description, {"value": "7"}, {"achievedLevel": f"{URL}#good"})) == []
        assert told(reached(badge, description, {"status": "Completed"})) == []
        assert told(reached(badge, description)) == []

    def test_a_result_without_a_requirement_is_no_matter(self, badge: JsonObject) -> None:
        assert told(reached(badge, described(rubricCriterionLevel=LEVELS), {"value": "0", "achievedLevel": f"{URL}#poor"})) == []

    @pytest.mark.parametrize(
        ("status", "meaning"),
        [
            ("Enrolled", "the learner is enrolled, but has not completed it"),
            ("Failed", "the learner did not pass"),
            ("InProgress", "the learner is still at it"),
            ("OnHold", "it is on hold, and completion has not been awarded"),
            ("Provisional", "the result is provisional"),
            ("Withdrew", "the learner withdrew before completing it"),
        ],
    )
    def test_a_status_other_than_completed_is_told(self, badge: JsonObject, status: str, meaning: str) -> None:
        badge["credentialSubject"]["result"][3]["status"] = status
        assert model.check(badge) == ()
        assert told(badge) == [(f"{RESULT}/3/status", "not-completed", f"“Attendance”: {meaning} (status {status}).")]

    @pytest.mark.parametrize("members", [{}, {"resultDescription": None}, {"resultDescription": f"{URL}#x"}])
    def test_a_status_of_nothing_described_is_told_too(self, badge: JsonObject, members: JsonObject) -> None:
        badge["credentialSubject"]["result"] = {"type": "Result", "status": "Failed"} | members
        assert told(badge) == [(f"{RESULT}/status", "not-completed", "A result: the learner did not pass (status Failed).")]

    @pytest.mark.parametrize(("earned", "available"), [(5, 5), (2.5, 5), (None, 5), (6, None), (0, 0)])
    def test_credits_that_the_achievement_offers_are_no_matter(
        self, badge: JsonObject, earned: float | None, available: float | None
    ) -> None:
        badge["credentialSubject"]["creditsEarned"] = earned
        badge["credentialSubject"]["achievement"]["creditsAvailable"] = available
        assert told(badge) == []

    def test_more_credits_than_there_are_is_told(self, badge: JsonObject) -> None:
        badge["credentialSubject"]["creditsEarned"] = 12345678.5
        detail = "The learner is said to have earned 12345678.5 credits, but the achievement offers 5."
        assert told(badge) == [("/credentialSubject/creditsEarned", "more-credits", detail)]

    def test_a_reference_that_leads_nowhere_is_a_fault_and_no_remark(self, badge: JsonObject) -> None:
        description = described(rubricCriterionLevel=LEVELS, requiredLevel=f"{URL}#gone", requiredValue="7")
        reached(badge, description, {"achievedLevel": f"{URL}#poor", "value": "8"}, {"achievedLevel": f"{URL}#x"})
        assert told(badge) == []
        assert len(faults(badge)) == 2

    def test_sentences_are_kept_short(self, badge: JsonObject) -> None:
        reached(badge, described(name="n" * 5000, requiredValue="7"), {"value": "6"})
        assert [len(detail) for _, _, detail in told(badge)] == [results.MAX_DETAIL]


_short = st.sampled_from(["1", "2", "3%", "A", "", "x"])
_reference = st.sampled_from([f"{URL}#{name}" for name in ("essay", "poor", "satisfactory", "good", "gone")])
_descriptions = st.fixed_dictionaries(
    {
        "id": _reference,
        "type": st.just("ResultDescription"),
        "name": st.just("Final essay"),
        "resultType": st.sampled_from(["Percent", "Status", "Result", "ext:Own"]),
    },
    optional={
        "allowedValue": st.none() | _short | st.lists(_short, min_size=1, max_size=3),
        "requiredLevel": st.none() | _reference,
        "requiredValue": st.none() | _short,
        "valueMin": st.none() | _short,
        "valueMax": st.none() | _short,
        "rubricCriterionLevel": st.none() | st.sampled_from([LEVELS, POINTS, LEVELS[0], POINTS[1:]]),
    },
)
_results = st.fixed_dictionaries(
    {"type": st.just("Result")},
    optional={
        "resultDescription": st.none() | _reference,
        "achievedLevel": st.none() | _reference,
        "status": st.none() | st.sampled_from(["Completed", "Failed"]),
        "value": st.none() | _short,
    },
)


@unhurried
@given(
    descriptions=st.none() | _descriptions | st.lists(_descriptions, min_size=1, max_size=3),
    own=st.none() | _results | st.lists(_results, min_size=1, max_size=3),
    context=st.sampled_from(["https://www.w3.org/ns/credentials/v2", V1]),
)
def test_any_badge_of_the_right_form_is_judged(
    frozen_achievement: JsonObject, compose: Compose, descriptions: object, own: object, context: str
) -> None:
    source = compose(frozen_achievement | {"resultDescription": descriptions})
    source["credentialSubject"]["result"] = own
    assert model.check(source) == ()
    said = [*results.rules(source), *results.remarks(source), *results.remarks(source | {"@context": [context]}, ordered=True)]
    assert all(finding.detail and finding.pointer.startswith("/credentialSubject/") for finding in said)


class TestExamplesOfOthers:
    def test_of_the_samples_that_are_badges_one_only_contradicts_itself(self, shared_data: Path) -> None:
        samples = [json.loads(path.read_text("utf-8")) for path in sorted((shared_data / "ob3/samples/validator-ob30").rglob("*.json"))]
        badges = [item for item in samples if (legacy.check if legacy.is_legacy(item) else model.check)(item) == ()]
        assert len(badges) > 15
        judged = [faults(badge) for badge in badges]
        # The complete example, on both data models: its second result names a level of another description than it refers to.
        expected = [(f"{RESULT}/1/achievedLevel", "The achieved level of “Final Project Grade” is none of its levels.")]
        assert [item for item in judged if item] == [expected, expected]

    def test_a_course_that_asks_for_hours_is_read(self, read_json: ReadJson) -> None:
        record = read_json("ob3/samples/validator-clr20/complex.json")
        badges = record["credentialSubject"]["verifiableCredential"]
        assert [results.rules(badge) for badge in badges] == [()] * 6
        assert [results.remarks(badge) for badge in badges] == [()] * 6
