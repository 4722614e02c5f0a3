from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming

CORE = "\\core\\event\\"
NOBODY = event.LearnerClaim(None, None, None, None)
NO_RESULT = event.ResultClaim(None, None, None, None, None)

COMPLETED = event.LearningEvent(
    key="4f008bb3ee21787f05474467bc71af9712867e97dbde8cc73552814dabda2b17",
    type=f"{CORE}course_completed",
    occurred_at=datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC),
    course="7",
    courses=("7",),
    run=None,
    learner=event.LearnerClaim("4211", None, None, None),
    result=event.ResultClaim(None, None, None, None, "completed"),
    credits=None,
    evidence=(),
    item="7",
)
EXPECTED = {
    "course_completed": COMPLETED,
    "user_graded": dataclasses.replace(
        COMPLETED,
        key="720f5d07a774a9692021a84dc80289c45f766c212d1d7ffcef0aa883d8af4992",
        type=f"{CORE}user_graded",
        occurred_at=datetime(2026, 5, 20, 14, 0, tzinfo=UTC),
        result=event.ResultClaim(87.5, None, None, None, None),
        item="310",
    ),
    "user_graded_lowered": dataclasses.replace(
        COMPLETED,
        key="34bb8613526f95bfb85ddc0742f400a7d8f183dba1270cfbf41b2cbe70987992",
        type=f"{CORE}user_graded",
        occurred_at=datetime(2026, 5, 21, 14, 0, tzinfo=UTC),
        result=event.ResultClaim(41, None, None, None, None),
        item="310",
    ),
    "course_module_completion_updated": dataclasses.replace(
        COMPLETED,
        key="c6a437174e43c532396b73c7a781eebb729aa46da22dad92584edca2dd098fd7",
        type=f"{CORE}course_module_completion_updated",
        result=event.ResultClaim(None, None, None, None, "passed", passed=True),
        item="88",
    ),
    "badge_awarded": dataclasses.replace(
        COMPLETED,
        key="bdc2196cabe4a2164fa05bb1266c497f76441f8a298ed9f0429b20724f6728e2",
        type=f"{CORE}badge_awarded",
        result=NO_RESULT,
        item="badge:14",
    ),
    "user_enrolment_deleted": dataclasses.replace(
        COMPLETED,
        key="0fcd5832bd90601b2524b73da18c23db3d6d0eca5c545cb049df10871250afed",
        type=f"{CORE}user_enrolment_deleted",
        occurred_at=datetime(2026, 5, 20, 15, 13, 20, tzinfo=UTC),
        result=NO_RESULT,
        item=None,
    ),
}


def read(payload: object, reading: incoming.Reading | None = None) -> event.LearningEvent:
    (found,) = adapter.read("moodle", incoming.Incoming(payload), reading or incoming.Reading())  # type: ignore[arg-type]
    return found


def sent(name: str = "course_completed", **given: object) -> dict[str, Any]:
    """What local_webhooks sends."""
    return {"eventname": CORE + name, "userid": "2", "relateduserid": "4211", "courseid": "7", "timecreated": 1779285691} | given


def written(name: str = "course_completed", **given: object) -> dict[str, Any]:
    """What a template of tool_trigger makes."""
    return {"event": CORE + name, "event_time": "1779285691", "user_id": "4211", "course_id": "7"} | given


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_of_local_webhooks_is_read(read_sample: Callable[..., Any], name: str) -> None:
    assert read_sample("moodle", f"moodle_local_webhooks/{name}.json") == (EXPECTED[name],)


def test_the_sample_of_tool_trigger_is_read(read_sample: Callable[..., Any]) -> None:
    expected = dataclasses.replace(
        COMPLETED,
        key="f142dfade23308c2cf324dcd8ea5163bd65ffa359311838cdecdedf42d3ef163",
        courses=("7", "WELD101-2026T1", "WELD101"),
        learner=event.LearnerClaim("4211", None, "asha.rao@example.org", "Asha Rao"),
    )
    assert read_sample("moodle", "moodle_tool_trigger/course_completed.json") == (expected,)


def test_natural_rules_fire_on_the_samples(read_sample: Callable[..., Any], fires: Callable[..., bool]) -> None:
    completed = [("type", "eq", f"{CORE}course_completed"), ("course", "eq", "7")]
    (done,) = read_sample("moodle", "moodle_local_webhooks/course_completed.json")
    (left,) = read_sample("moodle", "moodle_local_webhooks/user_enrolment_deleted.json")
    assert fires(done, completed)
    assert not fires(left, completed)
    good = [("type", "eq", f"{CORE}user_graded"), ("item", "eq", "310"), ("result.raw", "ge", 50)]
    (graded,) = read_sample("moodle", "moodle_local_webhooks/user_graded.json")
    (lowered,) = read_sample("moodle", "moodle_local_webhooks/user_graded_lowered.json")
    assert fires(graded, good)
    assert not fires(lowered, good)


def test_json_that_calls_itself_a_form_is_json() -> None:
    body = json.dumps(sent()).encode()
    found = adapter.read("moodle", incoming.read(body, {"content-type": "application/x-www-form-urlencoded"}))
    assert found == (read(sent()),)


def test_a_template_may_be_sent_as_a_form() -> None:
    body = b"event=%5Ccore%5Cevent%5Ccourse_completed&event_time=1779285691&user_id=4211&course_id=7"
    assert adapter.read("moodle", incoming.read(body, {})) == (read(written()),)


def test_the_actor_is_never_the_learner() -> None:
    assert read(sent(relateduserid=None)).learner == NOBODY
    assert read(written(user_id="", userid="2")).learner == NOBODY


def test_the_deprecated_copy_of_the_learner_is_read_where_it_is_the_only_one() -> None:
    assert read(sent(relateduserid=None, other={"relateduserid": 4211})).learner.source_id == "4211"


@pytest.mark.parametrize("number", ["0", 0, "-10", "none"], ids=repr)
def test_what_is_no_record_of_the_database_is_nobody_and_no_course(number: object) -> None:
    found = read(sent(relateduserid=number, courseid=number))
    assert (found.learner, found.course, found.courses, found.item) == (NOBODY, None, (), None)


@pytest.mark.parametrize(("flag", "learner"), [(1, None), ("1", None), (0, "4211"), ("0", "4211")], ids=repr)
def test_an_anonymous_event_names_nobody(flag: object, learner: str | None) -> None:
    assert read(sent(anonymous=flag)).learner.source_id == learner


def test_details_that_were_looked_up_for_somebody_else_are_left_out() -> None:
    details = {"user_email": "teacher@example.org", "user_firstname": "T"}
    assert read(written(user_id="12", relateduserid="4211", **details)).learner == event.LearnerClaim("4211", None, None, None)
    found = read(written(relateduserid="4211", user_email="asha.rao@example.org", user_idnumber="S-9", user_lastname="Rao"))
    assert found.learner == event.LearnerClaim("4211", "S-9", "asha.rao@example.org", "Rao")


def test_a_placeholder_that_stayed_is_missing() -> None:
    found = read(written(user_email="{user_email}", course_idnumber="{course_idnumber}", user_firstname="Asha", user_lastname="{x}"))
    assert (found.learner.email, found.learner.name, found.courses) == (None, "Asha", ("7",))
    with pytest.raises(problem.Malformed):
        read({"event": "{eventname}"})


def test_a_template_can_name_the_grade_its_item_and_its_maximum() -> None:
    found = read(written("user_graded", other_itemid="310", other_finalgrade="41.00000", grade_max="50"))
    assert (found.item, found.result) == ("310", event.ResultClaim(41, 50, 0.82, None, None))


def test_a_grade_without_its_item_has_its_own_record_as_item_and_may_be_empty() -> None:
    found = read(sent("user_graded", objectid="55120", other={"finalgrade": None}))
    assert (found.item, found.result) == ("55120", NO_RESULT)


@pytest.mark.parametrize(
    ("state", "status", "passed"),
    [
        (0, "incomplete", None),
        (1, "completed", None),
        ("2", "passed", True),
        (3, "failed", False),
        ("4", "failed", False),
        (9, None, None),
    ],
)
def test_the_state_of_an_activity_says_whether_it_was_passed(state: object, status: str | None, *, passed: bool | None) -> None:
    found = read(sent("course_module_completion_updated", contextinstanceid=88, other={"completionstate": state}))
    assert (found.result.status, found.result.passed, found.item) == (status, passed, "88")
    found = read(written("course_module_completion_updated", contextinstanceid="88", other_completionstate=str(state)))
    assert (found.result.status, found.result.passed, found.item) == (status, passed, "88")


def test_a_revoked_badge_withdraws_what_was_reached_in_it_and_nothing_else_does(read_sample: Callable[..., Any]) -> None:
    (awarded,) = read_sample("moodle", "moodle_local_webhooks/badge_awarded.json")
    revoked = read(sent("badge_revoked", objectid="14"))
    assert (revoked.withdraws, revoked.item) == (True, awarded.item)
    assert not any(found.withdraws for found in EXPECTED.values())
    assert read(sent("badge_awarded", objectid=None)).item is None


def test_an_empty_object_that_php_wrote_as_an_array_is_empty() -> None:
    assert read(sent(other=[])).item == "7"
    assert read(sent("user_graded", other=[], other_itemid="310")).item == "310"


def test_an_event_that_we_do_not_know_gives_its_type_and_ids() -> None:
    found = read({"eventname": "\\mod_forum\\event\\post_created", "relateduserid": "5", "courseid": 7, "other": None})
    assert (found.type, found.learner.source_id, found.course, found.item) == ("\\mod_forum\\event\\post_created", "5", "7", None)
    assert found.occurred_at is None


def test_the_secret_beside_the_event_is_not_part_of_its_key() -> None:
    assert read(sent(token="old", extra="")).key == read(sent(token="new")).key
    assert read(sent(timecreated=1779285692)).key != read(sent()).key


def test_a_time_without_a_zone_is_read_in_the_source_s() -> None:
    found = read(written(event_time="2026-05-20 16:01:31"), incoming.Reading(timezone(timedelta(hours=2))))
    assert found.occurred_at == COMPLETED.occurred_at
    with pytest.raises(problem.Malformed):
        read(written(event_time="2026-05-20 16:01:31"))


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"eventname": ""},
        {"eventname": 5},
        [],
        sent(relateduserid=1.5),
        sent(other="text"),
        sent(timecreated=True),
        sent("user_graded", other={"finalgrade": "good"}),
        sent(anonymous={}),
        written(user_email=5),
    ],
)
def test_wrong_types_are_malformed(payload: object) -> None:
    with pytest.raises(problem.Malformed):
        read(payload)


def test_a_lowered_grade_is_a_later_event_of_the_same_learner_and_item() -> None:
    first, second = EXPECTED["user_graded"], EXPECTED["user_graded_lowered"]
    assert (first.type, first.item, first.learner) == (second.type, second.item, second.learner)
    assert first.occurred_at is not None
    assert second.occurred_at is not None
    assert first.occurred_at < second.occurred_at
