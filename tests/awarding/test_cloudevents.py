from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import adapter, event, incoming

SITE = "https://learn.northvalley.example"
DONE = "org.northvalley.learner.course.completed.v1"
NOBODY = event.LearnerClaim(None, None, None, None)

COMPLETED = event.LearningEvent(
    key="5c4dd6b876cd0e47494da7bb5358b4d2d7ac2d4b11685818f4a3517a8e290ab3",
    type=DONE,
    occurred_at=datetime(2026, 5, 20, 14, 1, 31, 250000, tzinfo=UTC),
    course="7",
    courses=("7", "WELD101"),
    run="2026T1",
    learner=event.LearnerClaim("4211", None, "asha.rao@example.org", "Asha Rao"),
    result=event.ResultClaim(35, 40, 0.875, "A", "passed"),
    credits=2,
    evidence=(event.EvidenceClaim(f"{SITE}/portfolio/4211/weld101", "Practical weld, video"),),
    item="course/7/user/4211",
)


def structured(**given: object) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "e-1", "source": SITE, "type": DONE} | given


def read(payload: object, **headers: str) -> event.LearningEvent:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    (found,) = adapter.read("cloudevents", incoming.Incoming(payload, named))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_the_same_event_is_read_in_both_modes(read_sample: Callable[..., Any], mode: str) -> None:
    assert read_sample("cloudevents", f"cloudevents/course_completed.{mode}.json") == (COMPLETED,)


def test_a_batch_holds_several_events_whose_keys_are_their_own(read_sample: Callable[..., Any]) -> None:
    # The data of both are the same, with the same event_id; source and id of the event decide.
    first = dataclasses.replace(COMPLETED, pointer="/0")
    key = "93e328c1cd8866f4aa4b9e952364ec8aa75cfce107fc7144f93ecd7161f8fd0d"
    second = dataclasses.replace(COMPLETED, key=key, item="course/7/user/4212", pointer="/1")
    assert read_sample("cloudevents", "cloudevents/batch.json") == (first, second)


def test_a_natural_rule_fires_on_the_samples(read_sample: Callable[..., Any], fires: Callable[..., bool]) -> None:
    (found,) = read_sample("cloudevents", "cloudevents/course_completed.binary.json")
    assert fires(found, [("type", "eq", DONE), ("course", "eq", "WELD101"), ("result.scaled", "ge", 0.8)])
    assert not fires(found, [("type", "eq", DONE), ("result.scaled", "ge", 0.9)])


def test_source_and_id_together_are_the_key() -> None:
    keys = {read(structured(source=source, id=identifier)).key for source, identifier in [("a", "b"), ("b", "a"), ("ab", ""), ("a", "c")]}
    assert len(keys) == 4
    assert read(structured(subject="x")).key == read(structured()).key


def test_without_source_or_id_the_content_is_the_key() -> None:
    one, two = (read({"type": DONE, "data": {"score": score}}).key for score in (1, 2))
    assert one != two
    assert one == read({"data": {"score": 1}, "type": DONE}).key


def test_our_whole_shape_may_stand_in_the_data() -> None:
    found = read(structured(data={"type": "other", "timestamp": 1, "data": {"learner": {"id": "4211"}}}))
    assert (found.type, found.learner.source_id) == (DONE, "4211")


@pytest.mark.parametrize("data", [None, "text", [1], {}, {"user": 4211}, {"learner": "4211"}, {"data": {"learner": 5}}])
def test_of_other_data_only_the_attributes_are_known(data: object) -> None:
    found = read(structured(data=data, time="2026-05-20T14:01:31Z", subject="user/4211"))
    assert (found.type, found.learner, found.item) == (DONE, NOBODY, "user/4211")
    assert found.occurred_at == datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC)
    assert found.result == event.ResultClaim(None, None, None, None, None)


def test_the_time_of_completion_goes_before_the_time_of_the_event() -> None:
    data = {"learner": {"id": "1"}, "completed_at": "2026-05-19T00:00:00Z"}
    assert read(structured(data=data, time="2026-05-20T14:01:31Z")).occurred_at == datetime(2026, 5, 19, tzinfo=UTC)


def test_the_body_of_the_binary_mode_is_all_data_even_an_array_or_an_event() -> None:
    headers = {"ce_id": "e-1", "ce_source": SITE, "ce_type": DONE}
    assert read([{"learner": {"id": "1"}}], **headers).learner == NOBODY
    assert read(structured(type="inner"), **headers, content_type="application/json").type == DONE
    assert read(structured(), **headers, content_type="application/cloudevents+json").key == read(structured()).key
    assert read(structured(type="inner"), **headers, content_type="application/cloudevents+json").type == "inner"


def test_what_ascii_cannot_say_is_percent_encoded_in_a_header() -> None:
    assert read({}, ce_id="e-1", ce_source=SITE, ce_type="abschlu%C3%9F").type == "abschluß"
    with pytest.raises(problem.Malformed, match="percent-encoded"):
        read({}, ce_id="e-1", ce_source=SITE, ce_type="abschlu%DF")


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"specversion": "1.0", "id": "e-1", "source": SITE},
        structured(type=5),
        structured(id=5),
        structured(source={}),
        structured(subject=5),
        structured(time="soon"),
        structured(data={"learner": {}}),
        structured(data={"learner": {"id": "1"}, "result": {"score": "35"}}),
    ],
)
def test_wrong_types_are_malformed(payload: dict[str, Any]) -> None:
    with pytest.raises(problem.Malformed):
        read(payload)
