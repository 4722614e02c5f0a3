from __future__ import annotations

from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import adapter, bundle, incoming

DONE: dict[str, Any] = {"type": "org.example.done", "source": "https://learn.example/"}


def test_every_event_knows_its_place() -> None:
    found = adapter.read("cloudevents", incoming.Incoming([DONE | {"id": "1"}, DONE | {"id": "2"}]))
    assert [happened.pointer for happened in found] == ["/0", "/1"]


def test_an_empty_array_holds_no_events() -> None:
    assert adapter.read("xapi", incoming.Incoming([])) == ()


def test_what_is_no_object_refuses_all_and_is_named() -> None:
    with pytest.raises(problem.Malformed, match="At /1: this is no JSON object"):
        adapter.read("cloudevents", incoming.Incoming([DONE, "text"]))


def test_what_cannot_be_read_refuses_all_and_is_named() -> None:
    with pytest.raises(problem.Malformed, match="At /1: This is no CloudEvent"):
        adapter.read("cloudevents", incoming.Incoming([DONE, {}]))
    with pytest.raises(problem.Malformed, match="At /data/0: The member `id`"):
        adapter.read("caliper", incoming.Incoming({"data": [{"type": "Event", "action": "Used", "id": True}]}))


@pytest.mark.parametrize("name", ["xapi", "cmi5", "cloudevents"])
def test_ten_thousand_events_are_the_most(name: str) -> None:
    statement: dict[str, Any] = {"verb": {"id": "https://x.example/verb"}, "type": "done", "source": "s", "id": "7"}
    assert len(adapter.read(name, incoming.Incoming([statement] * bundle.MAX_STATEMENTS))) == 10_000
    with pytest.raises(problem.TooLarge, match="10,001 events; at most 10,000 are read"):
        adapter.read(name, incoming.Incoming([statement] * (bundle.MAX_STATEMENTS + 1)))
