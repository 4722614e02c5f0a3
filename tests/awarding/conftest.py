"""What the tests of the adapters share: deliveries as the platforms send them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from badgeissuer.awarding import adapter, condition, event, incoming, trigger

Read = Callable[[str, str], tuple[event.LearningEvent, ...]]
Fires = Callable[[event.LearningEvent, list[tuple[str, str, object]]], bool]


@pytest.fixture
def read_sample(shared_data: Path) -> Read:
    """Read a sample of shared/data/lms with an adapter, with the headers that stand beside it."""

    def read_sample(name: str, path: str) -> tuple[event.LearningEvent, ...]:
        file = shared_data / "lms" / path
        beside = file.with_suffix(".headers.json")
        headers = json.loads(beside.read_bytes()) if beside.exists() else {}
        given = incoming.read(file.read_bytes(), {header.lower(): value for header, value in headers.items()})
        return adapter.read(name, given)

    return read_sample


@pytest.fixture
def fires() -> Fires:
    """Say whether a rule of which all conditions must hold awards for an event."""

    def fires(happened: event.LearningEvent, conditions: list[tuple[str, str, object]]) -> bool:
        when = trigger.parse({"all": [{"field": field, "op": op, "value": value} for field, op, value in conditions]})  # type: ignore[dict-item]
        return isinstance(trigger.evaluate(when, condition.Seen(happened)), trigger.Awarded)

    return fires
