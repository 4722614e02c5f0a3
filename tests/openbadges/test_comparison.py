from __future__ import annotations

import pytest
from tests.microcredentials import CHARTS, edited

from badgeissuer.openbadges import comparison, definition, drafting
from badgeissuer.vc.document import JsonObject


def version(number: int, draft: JsonObject = CHARTS) -> JsonObject:
    url = f"https://badges.example/a/charts/{number}"
    return definition.complete(drafting.expand(draft, {}), url=url, version=str(number), creator={"id": "https://x.example"})


def changes(draft: JsonObject) -> list[tuple[str, str, bool]]:
    return [(item.pointer, item.kind, item.is_major) for item in comparison.compare(version(1), version(2, draft))]


def test_publishing_alone_changes_nothing() -> None:
    assert changes(CHARTS) == []
    linked = version(2) | {"related": [{"id": "https://badges.example/a/charts/1", "type": ["Related"], "version": "1"}]}
    assert comparison.compare(version(1), linked) == ()


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (edited(CHARTS, "name", to="Charts"), [("/name", "changed", False)]),
        (edited(CHARTS, "description", to="x"), [("/description", "changed", False)]),
        (edited(CHARTS, "partner"), [("/partner/#partner-1", "removed", False)]),
        (edited(CHARTS, "reviewDate", to="2031-01-01"), [("/reviewDate", "changed", False)]),
        (edited(CHARTS, "creditsAvailable", to=3), [("/creditsAvailable", "changed", True)]),
        (edited(CHARTS, "workload"), [("/workload", "removed", True)]),
        (edited(CHARTS, "criteria", "narrative", to="Pass."), [("/criteria/narrative", "changed", True)]),
        (edited(CHARTS, "learningOutcome", 0, "statement", to="Plots."), [("/learningOutcome/#outcome-1/statement", "changed", True)]),
        (edited(CHARTS, "learningOutcome", 1), [("/learningOutcome/#outcome-2", "removed", True)]),
        (
            edited(CHARTS, "resultDescription", 0, "requiredValue", to="50"),
            [("/resultDescription/#result-1/requiredValue", "changed", True)],
        ),
        (
            edited(CHARTS, "resultDescription", 0, "aiAssistedMarking", to=True),
            [("/resultDescription/#result-1/aiAssistedMarking", "changed", True)],
        ),
        (
            edited(CHARTS, "level", to=[{"framework": "EQF", "code": "6"}]),
            [
                ("/alignment/http:~1~1data.europa.eu~1snb~1eqf~15 ext:EQFAlignment", "removed", True),
                ("/alignment/http:~1~1data.europa.eu~1snb~1eqf~16 ext:EQFAlignment", "added", True),
            ],
        ),
        (edited(CHARTS, "entryRequirement", to="A test."), [("/entryRequirement", "changed", True)]),
        (edited(CHARTS, "achievementType", to="Diploma"), [("/achievementType", "changed", True)]),
        (CHARTS | {"tag": ["sea"]}, [("/tag", "added", False)]),
        (
            CHARTS | {"related": [{"id": "https://x.example/fr", "inLanguage": "fr"}]},
            [("/related/https:~1~1x.example~1fr", "added", False)],
        ),
    ],
)
def test_each_change_is_named_and_weighed(draft: JsonObject, expected: list[tuple[str, str, bool]]) -> None:
    assert changes(draft) == expected


def test_what_it_was_and_what_it_is_are_told() -> None:
    (change,) = comparison.compare(version(1), version(2, edited(CHARTS, "creditsAvailable", to=3)))
    assert (change.before, change.after) == (2, 3)
    (change,) = comparison.compare(version(1), version(2, CHARTS | {"tag": ["sea"]}))
    assert (change.before, change.after) == (None, ["sea"])


@pytest.mark.parametrize(("before", "after"), [(1, True), ("1", 1), (["a", "b"], ["b", "a"]), ({"x": 1}, [1]), ([], {"x": 1}), (None, "")])
def test_whatever_differs_is_a_change(before: object, after: object) -> None:
    assert len(comparison.compare({"id": "https://x/a/1", "odd": before}, {"id": "https://x/a/1", "odd": after})) == 1


def test_nodes_that_share_a_name_are_told_apart_by_their_place() -> None:
    node = {"targetUrl": "https://x.example", "targetName": "x"}
    two = {"id": "https://x/a/1", "alignment": [node, node | {"targetName": "y"}]}
    (change,) = comparison.compare(two, {"id": "https://x/a/2", "alignment": [node, node | {"targetName": "z"}]})
    assert change.pointer == "/alignment/1/targetName"


def test_a_changed_level_of_the_same_url_is_major() -> None:
    node = {"targetUrl": "https://x.example", "targetFramework": "RQF", "targetCode": "6"}
    before, after = ({"id": "https://x/a/1", "alignment": [node | {"targetCode": code}]} for code in "67")
    (change,) = comparison.compare(before, after)
    assert (change.pointer, change.is_major) == ("/alignment/https:~1~1x.example/targetCode", True)
