"""A draft as a form and back: nothing that nobody changed is another, and what was changed is what the field says."""

from __future__ import annotations

import copy
import re
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from tests.microcredentials import CHARTS, KNOTS, WHOLE

from badgeissuer import problem
from badgeissuer.openbadges import definition, drafting, microcredential
from badgeissuer.web.staff import draft_fields, draft_form, draft_meaning
from badgeissuer.web.staff.draft_fields import Field, Group

STRANGE = {
    "name": "  Charts\r\nand tides ",
    "description": "",
    "criteria": {"narrative": "Pass.", "id": "https://navigation.example/coastal"},
    "image": {"id": "data:image/png;base64,AAAA", "caption": "A chart"},
    "achievementType": "ext:Voyage",
    "tag": ["one, and two", "three"],
    "workload": "PT50M",
    "creditsAvailable": 2.125,
    "level": {"framework": "EQF", "code": "5"},
    "learningOutcome": {
        "id": "#own",
        "statement": "Plots.",
        "alignment": [{"targetName": "a", "targetUrl": "https://a.example", "targetType": "CFItem"}],
    },
    "resultDescription": [{"name": "Plan", "resultType": "Percent", "assesses": "#own", "alignment": [], "markedBy": "Teacher"}],
    "otherIdentifier": [{"identifier": "7", "identifierType": "name"}],
    "unknown": {"kept": True},
}
"""What the API takes, or nearly, and no form would write."""


def sent(draft: dict[str, Any]) -> dict[str, str]:
    """Return what a browser sends of the form of a draft: line breaks are CRLF, and boxes that are not ticked are left out."""
    return {name: text.replace("\n", "\r\n") for name, text in draft_form.flat(draft_form.show(draft)).items()}


def stored(draft: dict[str, Any], form: dict[str, str]) -> dict[str, Any]:
    return draft_meaning.apply(draft, draft_form.pruned(draft, draft_form.filled(draft, draft_form.read(form))))


@pytest.mark.parametrize("draft", [*WHOLE.values(), STRANGE, {}], ids=[*WHOLE, "strange", "empty"])
def test_a_form_that_nobody_changed_leaves_the_draft_as_it_is(draft: dict[str, Any]) -> None:
    before = copy.deepcopy(draft)
    assert stored(draft, sent(draft)) == before
    assert draft == before


@pytest.mark.parametrize("key", WHOLE)
def test_a_whole_microcredential_can_be_written_in_the_form_alone(key: str) -> None:
    assert stored({}, sent(WHOLE[key])) == WHOLE[key]


CHANGES = [
    ("name", "Charts", ("name",), "Charts"),
    ("criteria.narrative", "", ("criteria",), {"id": "https://navigation.example/coastal"}),
    ("creditsAvailable", "2,5", ("creditsAvailable",), 2.5),
    ("creditsAvailable", "3", ("creditsAvailable",), 3),
    ("creditsAvailable", "two", ("creditsAvailable",), "two"),
    ("workload", "7.5", ("workload",), "PT7H30M"),
    ("workload", "60", ("workload",), "PT60H"),
    ("workload", "PT60H", ("workload",), "PT60H"),
    ("workload", "a week", ("workload",), "a week"),
    ("tag", "sea\r\n\r\n coast ", ("tag",), ["sea", "coast"]),
    ("image", "https://pictures.example/1.png", ("image",), "https://pictures.example/1.png"),
    ("qualityAssurance.url", "", ("qualityAssurance",), {key: value for key, value in CHARTS["qualityAssurance"].items() if key != "url"}),
    ("outcome-2-statement", "Judges a chart.", ("learningOutcome", 1, "statement"), "Judges a chart."),
    ("outcome-1-skill-1-targetCode", "S1", ("learningOutcome", 0, "alignment", 0, "targetCode"), "S1"),
    ("part-1-aiAssistedMarking", "yes", ("resultDescription", 0, "aiAssistedMarking"), True),
    ("part-1-hasGroupParticipation", "yes", ("resultDescription", 0, "hasGroupParticipation"), True),
    ("part-1-markedBy-Peers", "yes", ("resultDescription", 0, "markedBy"), ["Teacher", "ExternalExaminer", "Peers"]),
    ("part-1-assesses-2", "yes", ("resultDescription", 0, "assesses"), ["#outcome-1", "#outcome-2"]),
    ("part-2-requiredLevel", "1", ("resultDescription", 1, "requiredLevel"), "#result-2-level-1"),
    ("part-2-level-1-name", "Not sure", ("resultDescription", 1, "rubricCriterionLevel", 0, "name"), "Not sure"),
]


@pytest.mark.parametrize(("field", "text", "path", "expected"), CHANGES, ids=[f"{field}={text}" for field, text, *_ in CHANGES])
def test_what_somebody_changes_is_changed_and_nothing_else(field: str, text: str, path: tuple[str | int, ...], expected: object) -> None:
    found = stored(CHARTS, sent(CHARTS) | {field: text})
    inner: Any = found
    for step in path:
        inner = inner[step]
    assert inner == expected
    wanted: Any = copy.deepcopy(CHARTS)
    place = wanted
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = expected
    assert found == wanted


@pytest.mark.parametrize("stem", ["workload", "criteria.narrative", "outcome-1-statement", "part-2-level-1-name", "part-1-requiredValue"])
def test_what_a_page_did_not_have_stays_as_the_draft_has_it(stem: str) -> None:
    form = {name: text for name, text in sent(CHARTS).items() if name != stem}
    assert stored(CHARTS, form) == CHARTS


def test_of_a_form_that_did_not_arrive_whole_nothing_is_lost() -> None:
    form = list(sent(CHARTS).items())
    boxes = re.compile(r"part-\d-(markedBy|assesses)-")
    for length in range(len(form)):
        found = stored(CHARTS, dict(form[:length]) | {name: text for name, text in form if boxes.match(name)})
        assert set(found) == set(CHARTS)
        assert len(found["learningOutcome"]) == len(CHARTS["learningOutcome"])


def test_what_is_emptied_goes() -> None:
    gone = {name: "" for name in sent(CHARTS) if name.startswith(("qualityAssurance", "partner-1", "level-1", "tag", "reviewDate"))}
    found = stored(CHARTS, sent(CHARTS) | gone)
    assert set(CHARTS) - set(found) == {"qualityAssurance", "partner", "level", "reviewDate"}


def test_outcomes_that_change_places_stay_what_parts_assess() -> None:
    entry = draft_form.show(CHARTS)
    assert draft_form.raise_up(entry, "outcome-2") == "outcome-1"
    assert draft_form.raise_up(entry, "part-2") == "part-1"
    found = draft_meaning.apply(CHARTS, entry)
    assert [outcome["id"] for outcome in found["learningOutcome"]] == ["#outcome-2", "#outcome-1"]
    assert [(part["name"], part["assesses"], part["id"]) for part in found["resultDescription"]] == [
        ("Oral examination", ["#outcome-2"], "#result-2"),
        ("Passage plan", ["#outcome-1"], "#result-1"),
    ]
    assert draft_form.raise_up(draft_form.show(CHARTS), "outcome-1") == "outcome-1"


def test_an_outcome_that_goes_is_assessed_no_more() -> None:
    entry = draft_form.show(CHARTS)
    assert draft_form.remove(entry, "outcome-1") == "outcome"
    found = stored(CHARTS, draft_form.flat(entry))
    assert [outcome["id"] for outcome in found["learningOutcome"]] == ["#outcome-2"]
    assert [part.get("assesses") for part in found["resultDescription"]] == [None, ["#outcome-2"]]


def test_what_is_new_has_a_name_that_nothing_else_has() -> None:
    entry = draft_form.show(KNOTS)
    draft_form.remove(entry, "part-1")
    for group in ("outcome", "part", "part-1-level", "part-2-level", "outcome-3-skill"):
        assert draft_form.add(entry, group).startswith(f"{group}-")
    ids = [name for name in draft_form.ids(entry) if name]
    assert len(ids) == len(set(ids))
    assert stored(KNOTS, draft_form.flat(entry)) == draft_meaning.apply(
        KNOTS, draft_form.pruned(KNOTS, entry)
    )  # what is empty is not stored


@pytest.mark.parametrize(
    "name", ["nothing", "outcome-9-skill", "outcome-x-skill", "part-1-skill", "outcome-1", "-", "", "part-1-level-1-a"]
)
def test_a_button_of_another_page_is_refused(name: str) -> None:
    for change in (draft_form.add, draft_form.remove, draft_form.raise_up):
        entry = draft_form.show({})
        with pytest.raises(problem.Invalid):
            change(entry, name)
        assert entry == draft_form.show({})


def test_a_group_can_be_full() -> None:
    entry = draft_form.show({})
    for _ in range(10):
        draft_form.add(entry, "level")
    with pytest.raises(problem.Invalid, match="10 at most"):
        draft_form.add(entry, "level")


POINTERS = {
    "/name": "name",
    "/criteria": "criteria.narrative",
    "/criteria/id": "criteria.id",
    "/qualityAssurance/url": "qualityAssurance.url",
    "/qualityAssurance": "qualityAssurance.name",
    "/level/0/url": "level-1-url",
    "/learningOutcome": "outcome",
    "/learningOutcome/1/statement": "outcome-2-statement",
    "/learningOutcome/1/alignment/0": "outcome-2-skill-1",
    "/learningOutcome/1/id": "outcome-2",
    "/resultDescription/0/rubricCriterionLevel/2/points": "part-1-level-3-points",
    "/resultDescription/0/assesses/1": "part-1-assesses",
    "/image/id": "image",
    "/otherIdentifier/0": "",
    "": "",
    "/learningOutcome/x": "outcome",
}


@pytest.mark.parametrize(("pointer", "field"), POINTERS.items())
def test_a_finding_leads_to_its_field(pointer: str, field: str) -> None:
    assert draft_form.place_of(pointer) == field


def _members(parts: tuple[Field | Group, ...]) -> set[str]:
    return {part.member.partition(".")[0] for part in parts} | {
        name for part in parts if isinstance(part, Group) for name in _members(part.parts)
    }


def test_every_word_of_microcredentials_has_a_field() -> None:
    words = (microcredential.MEMBERS | microcredential.ASSESSMENT_MEMBERS | drafting.MEMBERS) - {"assessmentType"}
    assert words <= _members(draft_fields.PARTS)  # 1EdTech's word for the kind of an assessment follows from the method


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@hypothesis.given(st.dictionaries(st.sampled_from(sorted(sent(CHARTS))), texts), st.dictionaries(texts, texts, max_size=5))
@hypothesis.settings(max_examples=150, deadline=None)
def test_whatever_is_sent_is_read_and_either_stored_or_refused_by_the_rules(changed: dict[str, str], strange: dict[str, str]) -> None:
    form = sent(CHARTS) | changed | strange
    entry = draft_form.pruned(CHARTS, draft_form.filled(CHARTS, draft_form.read(form)))
    assert draft_form.read(draft_form.flat(entry)) == entry
    draft = draft_meaning.apply(CHARTS, entry)
    for finding in definition.check_draft(draft):
        draft_form.place_of(finding.pointer)


def test_a_draft_may_have_more_of_something_than_the_form_adds() -> None:
    many = CHARTS | {"learningOutcome": [{"statement": f"Says {number}."} for number in range(70)], "level": CHARTS["level"] * 11}
    assert stored(many, sent(many)) == many


def test_what_an_assessed_part_names_by_another_address_and_in_another_order_stays() -> None:
    first, second = CHARTS["resultDescription"]
    names = ["https://badges.example/a/charts/1#outcome-2", "#outcome-2", "#outcome-1"]
    draft = CHARTS | {"resultDescription": [first | {"assesses": names, "markedBy": ["Peers", "Teacher"]}, second]}
    assert stored(draft, sent(draft)) == draft
    fewer = {name: text for name, text in sent(draft).items() if name != "part-1-assesses-2"}
    assert stored(draft, fewer)["resultDescription"][0]["assesses"] == ["#outcome-1", names[0]]


def test_what_follows_from_something_goes_with_it() -> None:
    skill = {"targetName": "a", "targetUrl": "https://skills.example/a"}
    outcome = {"statement": "Plots.", "relatedSkill": [skill["targetUrl"]]}
    part = CHARTS["resultDescription"][0] | {"assessmentType": "Artifact"}
    draft = CHARTS | {"alignment": [skill], "learningOutcome": [outcome], "resultDescription": [part]}
    assert stored(draft, sent(draft)) == draft
    emptied = sent(draft) | {"alignment-1-targetName": "", "alignment-1-targetUrl": "", "part-1-assessmentMethod": "Portfolio"}
    found = stored(draft, emptied)
    assert found["learningOutcome"] == [{"statement": "Plots."}]
    assert "assessmentType" not in found["resultDescription"][0]


def test_what_a_browser_cannot_say_stays() -> None:
    parts = [{key: value for key, value in part.items() if key != "assesses"} for part in CHARTS["resultDescription"]]
    odd = {"partner": [{"name": " ", "id": "https://p.example"}], "learningOutcome": [{"statement": " "}], "resultDescription": parts}
    draft = CHARTS | odd | {"name": "Charts\nand tides"}
    assert stored(draft, sent(draft) | {"name": "Chartsand tides"}) == draft
