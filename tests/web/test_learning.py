"""What the page of a microcredential says of the learning: outcomes, amounts, levels, how each part was assessed, what leads where."""

from __future__ import annotations

import copy
import itertools
import re
import time
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.microcredentials import CHARTS, KNOTS, WHOLE
from tests.web.test_pages import FORGED, Reader, badge, judged, refuse_active_content, shown

from badgeissuer.openbadges import definition, drafting, microcredential
from badgeissuer.web import learning, pages, words

URL = "https://badges.example/a/charts/3"
LINKS = {"knots": ("Knots", "https://badges.example/a/knots"), "skipper": ("Coastal Skipper", "https://badges.example/a/skipper")}
LED = CHARTS | {"prerequisites": ["knots"], "stacksInto": ["skipper"]}


def document(draft: Mapping[str, Any] = CHARTS, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a badge of a draft; `members` are added to its achievement."""
    achievement = definition.complete(drafting.expand(dict(draft), LINKS), url=URL, version="3", creator={"id": "https://x.example"})
    results = [{"resultDescription": part["id"], "value": "82"} for part in achievement["resultDescription"][:1]]
    return {"credentialSubject": {"achievement": achievement | members, "result": results}}


def changed(**members: object) -> dict[str, Any]:
    """Return a badge in whose first assessed part members are others, or None where they are left out."""
    found = copy.deepcopy(document())
    part = found["credentialSubject"]["achievement"]["resultDescription"][0]
    part |= members
    for name in [name for name, value in members.items() if value is None]:
        del part[name]
    return found


def read(told: dict[str, Any]) -> str:
    """Return the words of both pages of a badge, after checking that they are sound and say the same."""
    text = shown(told, judged())
    for page in (text, pages.verify_page(report=judged(), document=told)):
        found = Reader(page)
        refuse_active_content(found)
        headings = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
        assert all(below - above <= 1 for above, below in itertools.pairwise(headings))
    said = Reader(text).text.partition("Assessment and results")[2].partition("Whether it still counts")[0]
    assert said in Reader(page).text
    return Reader(text).text


def in_order(text: str, *parts: str) -> None:
    place = 0
    for part in parts:
        assert part in text[place:], f"{part!r} does not come after what is to stand before it"
        place = text.index(part, place) + len(part)


def test_a_whole_microcredential_is_told_in_plain_words() -> None:
    in_order(
        read(document(LED)),
        "Reading Coastal Charts",
        "55 hours of work · 2 ECTS credits · EQF level 5",
        "Issued by",
        "Level European Qualifications Framework, 5 data.europa.eu",
        "Way of learning Partly online, partly on site",
        "Taught in English, Māori",
        "Quality assured by Council for Quality at Sea",
        "Review To be looked at again by 30 June 2029",
        "Learning outcomes Plots a course with its tidal set, and says how sure it is.",
        "Proficiency: Apply Skill: plan a passage skills.example ( Skills of the Sea )",
        "Judges how far a chart can be trusted. Proficiency: Evaluate",
        "Assessment and results Passage plan 82 %",
        "Project · Unsupervised, identity checked · Marked by a teacher and an external examiner",
        "Needed: 60 %.",
        "How it was assessed What it is A plan of a passage of twenty miles, and its log.",
        "What is handed in or done A written plan and a log.",
        "How it is judged Two markers, by a rubric of four criteria.",
        "Group work None: each learner works and is judged alone",
        "Evidence that is kept The plan and the log.",
        "Feedback In writing, within ten days.",
        "Marking with AI No AI is used in the marking",
        "Outcomes assessed Plots a course with its tidal set",
        "Oral examination Oral examination · Supervised, identity checked · Marked by an external examiner",
        "Sound needed",
        "Marking with AI Not declared",
        "Before it and after it Entry requirement None.",
        "To be earned before Knots badges.example",
        "Leads to Coastal Skipper badges.example",
        "How it counts elsewhere Counts towards Coastal Skipper.",
        "Quality assurance Council for Quality at Sea quality.example Visits every third year; reports are public.",
        "Partners Harbour Board harbour.example Says what its pilots need.",
    )


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("european-approach", ["55 hours of work · 2 ECTS credits · EQF level 5"]),
        ("australian-framework", ["10 hours of work · 1 UK credit · AQF level 4", "Way of learning On site", "Proficiency: Analyse"]),
        ("nzqcf", ["50 hours of work · 5 New Zealand credits · NZQCF level 4", "Skills and standards Apiculture", "NZSCED · 050105"]),
        ("uk-qaa", ["50 hours of work · 5 UK credits · RQF level 3", "Learning outcomes Packs a kiln without loss. Reads cones."]),
        ("trusted", ["Evidence that is kept A recording, kept for a year."]),
    ],
)
def test_a_whole_example_of_each_framework_is_told(key: str, said: list[str]) -> None:
    text = read(document(WHOLE[key]))
    for words_ in said:
        assert words_ in text
    for outcome in WHOLE[key]["learningOutcome"]:
        assert outcome["statement"] in text


def test_what_stands_in_a_place_of_its_own_is_not_listed_again() -> None:
    text = read(document(LED))
    assert "Skills and standards" not in text
    for name in ("plan a passage", "Knots", "European Credit Transfer"):
        assert text.count(name) == ("European" not in name)
    assert shown(document(LED), judged()).count("https://badges.example/a/skipper") == 1


def test_an_alignment_that_says_more_is_listed_too() -> None:
    told = document(LED)
    for item in told["credentialSubject"]["achievement"]["alignment"]:
        item["targetDescription"] = f"More of {item['targetName']}."
    text = read(told)
    for item in told["credentialSubject"]["achievement"]["alignment"]:
        assert text.count(f"More of {item['targetName']}.") == 1


def test_a_badge_without_outcomes_of_its_own_keeps_its_alignments_as_outcomes() -> None:
    told = badge()
    achievement = told["credentialSubject"]["achievement"]
    for name in microcredential.MEMBERS & set(achievement):
        del achievement[name]
    del achievement["alignment"][1:]
    achievement["resultDescription"] = []
    text = read(told)
    assert "Learning outcomes Outcome plain words" in text
    for title in (
        "Skills and standards",
        "Before it and after it",
        "Quality assurance",
        "Partners",
        "How it was assessed",
        "Way of learning",
    ):
        assert title not in text
    assert 'class="gist"' not in shown(told, judged())


@pytest.mark.parametrize(
    ("members", "earned", "gist"),
    [
        ({"workload": "PT1H"}, None, ("1 hour of work",)),
        ({"workload": "PT7H30M"}, None, ("7 hours 30 minutes of work",)),
        ({"workload": "PT1M"}, None, ("1 minute of work",)),
        ({"workload": "PT1200H"}, None, ("1,200 hours of work",)),
        ({"workload": "P2D"}, None, ("Workload: P2D",)),
        ({"workload": 55}, None, ()),
        ({"creditsAvailable": 4}, 2.5, ()),
        ({"creditUnit": "ECTS"}, None, ()),
        ({"creditUnit": "ECTS", "creditsAvailable": 1}, None, ("1 ECTS credit",)),
        ({"creditUnit": "ECTS", "creditsAvailable": 2.5}, 2.5, ("2.5 ECTS credits",)),
        ({"creditUnit": "NZ", "creditsAvailable": 20}, 5, ("5 of 20 New Zealand credits",)),
        ({"creditUnit": "Hogshead"}, 3, ("3 Hogshead credits",)),
        ({"creditUnit": ["UK"], "workload": "PT10H", "creditsAvailable": 1}, None, ("10 hours of work", "1 credit")),
        ({"alignment": {"targetType": "ext:NLQFAlignment", "targetCode": "4"}}, 2, ("2 credits", "NLQF level 4")),
        ({"alignment": [{"targetType": "ext:DQRAlignment", "targetCode": "4", "targetName": "DQR Level 4"}] * 2}, None, ("DQR level 4",)),
        ({"alignment": {"targetType": "ext:NZSCEDAlignment", "targetCode": "4", "targetName": "Bees"}}, None, ()),
        ({"alignment": {"targetType": "ext:EQFAlignment", "targetName": "EQF level 4"}}, None, ()),
    ],
)
def test_amounts_and_levels_stand_in_one_line(members: dict[str, Any], earned: object, gist: tuple[str, ...]) -> None:
    found = learning.learning(members, earned=earned)
    assert found.gist == gist
    assert found.has_credits == any("credit" in phrase for phrase in gist)


def test_credits_are_said_once() -> None:
    assert "Credits" not in read(document())
    assert "Credits Up to 2" in read(document({name: CHARTS[name] for name in ("name", "creditsAvailable", "resultDescription")}))


def vocabulary(member: str) -> list[str]:
    return sorted(microcredential.CONTENT["@context"][member]["@context"])


@pytest.mark.parametrize("member", ["participationType", "assessmentMethod", "assessmentSupervision", "markedBy"])
def test_every_word_of_a_vocabulary_has_a_phrase_that_people_say(member: str) -> None:
    phrases = set()
    for word in vocabulary(member):
        part = learning.part({"type": microcredential.ASSESSED, member: word}, {})
        assert part is not None
        said = " ".join(part.facts) or learning.learning({member: word}, earned=None).participation
        assert said
        assert not re.search("[a-z][A-Z]", said)
        phrases.add(said)
    assert len(phrases) == len(vocabulary(member))


@pytest.mark.parametrize(
    ("markers", "said"),
    [
        (["Peers"], "Marked by other learners"),
        (["Teacher", "SecondMarker", "WorkplaceAssessor"], "Marked by a teacher, a second marker and an assessor at the workplace"),
        ("Machine", "Marked by a machine"),
        (["Teacher", "Teacher"], "Marked by a teacher"),
        (["TownCrier", 7, {}], "Marked by town crier"),
    ],
)
def test_who_marks_is_told_in_a_phrase(markers: object, said: str) -> None:
    found = learning.part({"markedBy": markers}, {})
    assert found is not None
    assert found.facts == (said,)


@pytest.mark.parametrize("works", [True, False, None, "true"])
@pytest.mark.parametrize("judged_", [True, False, None, 1])
def test_group_work_is_told_as_far_as_it_is_declared(works: object, judged_: object) -> None:
    found = learning.part({"type": [microcredential.ASSESSED], "hasGroupParticipation": works, "hasGroupEvaluation": judged_}, {})
    assert found is not None
    said = dict(found.details).get("Group work", "")
    assert bool(said) == (isinstance(works, bool) or isinstance(judged_, bool))
    assert ("in a group" in said) == (works is True)
    assert ("as a group" in said) == (judged_ is True)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "AI helps with the marking"),
        (False, "No AI is used in the marking"),
        (None, "Not declared"),
        ("false", "Not declared"),
    ],
)
def test_marking_with_ai_is_told_or_that_it_is_not_declared(value: object, said: str) -> None:
    text = read(changed(aiAssistedMarking=value)).partition("Oral examination Oral examination")[0]
    assert f"Marking with AI {said}" in text


def test_a_result_that_is_no_assessed_part_declares_nothing() -> None:
    assert learning.part({"name": "Attendance", "description": "x"}, {}) is None


def test_the_type_of_1edtechs_extension_is_told_where_there_is_no_method() -> None:
    for kind, said in (("Exam", "Examination"), ("Performance", "Performance"), ("Artifact", "Piece of work")):
        found = learning.part({"assessmentType": kind}, {})
        assert found is not None
        assert found.facts == (said,)


def test_how_a_part_was_assessed_is_told_once_for_several_results() -> None:
    told = document()
    told["credentialSubject"]["result"] *= 3
    text = read(told)
    assert text.count("82 %") == 3
    assert text.count("A written plan and a log.") == 1


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2029-06-30", date(2029, 6, 30)),
        ("2029-06-30T10:00:00Z", date(2029, 6, 30)),
        ("2029-02-30", None),
        ("soon", None),
        (2029, None),
        (["2029-06-30"], None),
    ],
)
def test_a_day_is_read_or_left_out(value: object, day: date | None) -> None:
    assert words.day(value) == day


def test_a_skill_without_an_alignment_is_at_least_a_link() -> None:
    told = document(learningOutcome=[{"statement": "Bends", "relatedSkill": ["https://there.example/bend", "javascript:alert(1)", 7]}])
    assert "Bends Skill: there.example" in read(told)


def test_long_texts_are_folded() -> None:
    for length, folds in ((600, 0), (601, 1)):
        page = shown(document(entryRequirement="x" * length), judged())
        assert page.count("<summary>Read it</summary>") == folds


def test_nothing_of_it_is_shown_where_nobody_is_known_to_have_written_it() -> None:
    for page in (shown(document(KNOTS), judged(*FORGED)), pages.verify_page(report=judged(*FORGED), document=document(KNOTS))):
        for said in ("hours of work", "Plots a course", "identity checked", "Harbour Board"):
            assert said not in page


LEAVES = st.sampled_from([None, True, 7, -0.5, "", "x", "#o", "https://there.example/s", "ECTS", "Teacher", "PT5H", "2029-06-30", URL])
NODES = st.dictionaries(st.sampled_from(["id", "type", "name", "statement", "url", "@value"]), LEAVES, max_size=3)
ODD = LEAVES | NODES | st.lists(LEAVES | NODES | st.lists(LEAVES, max_size=1), max_size=3)
NAMES = [*sorted(microcredential.MEMBERS), "alignment", "resultDescription", "creditsAvailable"]
PARTS = [*sorted(microcredential.ASSESSMENT_MEMBERS), "type", "description", "id"]
ALIGNED = ["targetType", "targetUrl", "targetCode", "targetName", "targetFramework"]


@given(
    members=st.dictionaries(st.sampled_from(NAMES), ODD),
    parts=st.lists(st.dictionaries(st.sampled_from(PARTS), ODD), max_size=2),
    aligned=st.dictionaries(st.sampled_from(ALIGNED), ODD | st.sampled_from(["ext:EQFAlignment", "ext:Prerequisite", "ext:CreditUnit"])),
    outcome=st.dictionaries(st.sampled_from(["id", "statement", "proficiencyLevel", "relatedSkill"]), ODD),
)
def test_whatever_strangers_write_in_these_members_makes_a_page(
    members: dict[str, Any], parts: list[Any], aligned: dict[str, Any], outcome: dict[str, Any]
) -> None:
    whole = {"name": "Bees", "alignment": [aligned], "resultDescription": parts, "learningOutcome": [outcome]} | members
    assert "Bees" in read({"credentialSubject": {"achievement": whole}})


def test_members_in_any_amount_make_a_page_with_an_end() -> None:
    names = [f"#o{number}" for number in range(300)]
    url = "https://there.example/" + "s" * 200
    skills = [f"{url}{number}" for number in range(300)]
    told = document(
        learningOutcome=[{"id": name, "statement": "o" * 3000, "relatedSkill": skills} for name in names],
        resultDescription=[{"id": f"#r{number}", "assesses": names, "markedBy": ["Teacher", *names]} for number in range(300)],
        alignment=[{"targetName": "n" * 400, "targetUrl": skill, "targetFramework": "f" * 400} for skill in skills],
        qualityAssurance=[{"name": f"Q{number}"} for number in range(300)],
        partner=[{"name": f"P{number}"} for number in range(300)],
    )
    started = time.process_time()
    page = shown(told, judged())
    assert time.process_time() - started < 30
    assert len(page) < 20_000_000
    assert f"At most {words.LISTED} of a kind are shown" in page
    assert ("P99" in page, "P100" in page) == (True, False)
