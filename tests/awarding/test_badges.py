from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.awarding import adapter, badges, event, incoming

AT = datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC)
UUID = "5a9b8f0e-2d6c-4a1f-8b53-9f1e6f2c7a01"
EQF: dict[str, Any] = {"targetName": "EQF level 6", "targetUrl": "http://data.europa.eu/snb/eqf/6", "targetCode": "6"}


def written(achievement: dict[str, Any], earned: float | None = None) -> dict[str, Any]:
    named = {"name": "First aid"} | achievement
    return badges.issued(UUID, learner="learner:7", achievement=named, slug="first-aid", url="https://b.example/c/1", earned=earned, at=AT)


def read(payload: object) -> event.LearningEvent:
    (found,) = adapter.read("badges", incoming.Incoming(payload))  # type: ignore[arg-type]
    return found


def test_what_is_written_of_a_badge_is_read_again() -> None:
    found = read(written({"alignment": [EQF], "creditsAvailable": 2}))
    assert (found.key, found.type, found.item, found.occurred_at) == (UUID, badges.ISSUED, "first-aid", AT)
    assert (found.credits, found.level, found.learner.source_id) == (2, 6.0, "learner:7")
    assert found.evidence == (event.EvidenceClaim("https://b.example/c/1", "First aid"),)
    assert read(written({"creditsAvailable": 2}, earned=1.5)).credits == 1.5
    assert read(written({})).credits is None


def test_a_revocation_takes_the_badge_back() -> None:
    found = read(badges.revoked(UUID, learner="learner:7", slug="first-aid", at=AT))
    assert (found.type, found.voids, found.item, found.evidence) == (badges.REVOKED, UUID, "first-aid", ())
    assert found.key != UUID


@pytest.mark.parametrize(
    ("alignment", "level"),
    [
        ([], None),
        ([EQF | {"targetCode": "six"}], None),
        ([{"targetName": "x", "targetUrl": "https://example.org/6", "targetCode": "6"}], None),
        ([{"targetName": "x", "targetUrl": "https://example.org/6"}, EQF], 6.0),
        ([EQF | {"targetUrl": "https://example.org", "targetFramework": "European Qualifications Framework", "targetCode": "5"}], 5.0),
    ],
)
def test_the_level_is_that_of_the_european_framework(alignment: list[dict[str, Any]], level: float | None) -> None:
    assert badges.level({"alignment": alignment}) == level


@pytest.mark.parametrize("payload", [{}, {"type": "x", "id": UUID}, {"type": badges.ISSUED}])
def test_anything_else_is_not_read(payload: dict[str, Any]) -> None:
    with pytest.raises(problem.Malformed):
        read(payload)
