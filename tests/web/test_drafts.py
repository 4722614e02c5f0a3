"""Two who edit one achievement: nobody overwrites what they have not seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running


@pytest.fixture
def draft(server: Running) -> dict[str, Any]:
    """A definition, with its slug."""
    return server.draft()


def definition(draft: dict[str, Any], **members: object) -> dict[str, Any]:
    return {name: value for name, value in draft.items() if name not in {"issuer", "slug"}} | members


def test_the_second_of_two_who_edit_the_same_draft_is_told(server: Running, draft: dict[str, Any], refused: Refused) -> None:
    made = server.api.post("/api/achievements", json=draft)
    path, seen = f"/api/achievements/{draft['slug']}", made.headers["etag"]
    assert server.api.get(path).headers["etag"] == seen
    first = server.api.put(path, json=definition(draft, name="Knots"), headers={"If-Match": seen})
    assert (first.status_code, first.headers["etag"] != seen) == (200, True)
    said = refused(server.api.put(path, json=definition(draft, name="Splices"), headers={"If-Match": seen}), 412)
    assert said["type"] == "urn:badgeissuer:problem:outdated"
    refused(server.api.post(f"{path}/publish", json={}, headers={"If-Match": seen}), 412)
    shown = server.api.get(path).json()
    assert (shown["draft"]["name"], shown["state"]) == ("Knots", "draft")
    assert server.api.post(f"{path}/publish", json={}, headers={"If-Match": first.headers["etag"]}).json()["version"] == 1


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ([("If-Match", "*")], 200),
        ([("If-Match", '"another", {seen}')], 200),
        ([("If-Match", "{seen}")], 200),
        ([("If-Match", '"another"'), ("If-Match", "{seen}")], 200),
        ([("If-Match", ',, W/"a," ,\t{seen} ,')], 200),
        ([("If-Match", "W/{seen}")], 412),
        ([("If-Match", '"another"')], 412),
        ([("If-Match", "nonsense")], 412),
        ([("If-Match", "")], 412),
        ([("If-Match", "nonsense, {seen}")], 412),
        ([("If-Match", '"another", W/{seen}')], 412),
        ([("If-Match", "," + ", " * 900 + "x")], 412),
        ([("If-None-Match", "*")], 412),
        ([("If-None-Match", "W/{seen}")], 412),
        ([("If-None-Match", '"another"')], 200),
        ([("If-Match", "{seen}"), ("If-None-Match", "{seen}")], 412),
    ],
)
def test_a_condition_is_read_as_http_has_it(server: Running, draft: dict[str, Any], conditions: list[tuple[str, str]], status: int) -> None:
    seen = server.api.post("/api/achievements", json=draft).headers["etag"]
    sent = [(name, condition.format(seen=seen)) for name, condition in conditions]
    headers, path = httpx.Headers([*server.api.headers.multi_items(), *sent]), f"/api/achievements/{draft['slug']}"
    assert server.api.put(path, json=definition(draft, name="Knots"), headers=headers).status_code == status
    if status == 412:
        assert server.api.post(f"{path}/publish", json={}, headers=headers).status_code == 412
    assert server.api.get(path).json()["state"] == "draft"


def test_who_has_the_newest_state_is_not_sent_it_again(server: Running, draft: dict[str, Any]) -> None:
    path = f"/api/achievements/{draft['slug']}"
    seen = server.api.post("/api/achievements", json=draft).headers["etag"]
    held = server.api.get(path, headers={"If-None-Match": f'"another", W/{seen}'})
    assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", seen)
    server.make(f"achievements/{draft['slug']}/publish", {}, expect=200)
    found = server.api.get(path, headers={"If-None-Match": seen})
    assert (found.status_code, found.json()["state"]) == (200, "published"), "a tag that is strong changes with all that is shown"


def test_who_asks_again_because_no_answer_came_is_not_told_that_it_was_somebody_else(
    server: Running, draft: dict[str, Any], refused: Refused
) -> None:
    path = f"/api/achievements/{draft['slug']}"
    seen = {"If-Match": server.api.post("/api/achievements", json=draft).headers["etag"]}
    saved = [server.api.put(path, json=definition(draft, name="Knots"), headers=seen) for _ in range(2)]
    assert [(answer.status_code, answer.headers["etag"]) for answer in saved] == [(200, saved[0].headers["etag"])] * 2
    saw = {"If-Match": saved[0].headers["etag"]}
    published = [server.api.post(f"{path}/publish", json={}, headers=saw) for _ in range(2)]
    assert [(answer.status_code, answer.json()["version"]) for answer in published] == [(200, 1)] * 2
    refused(server.api.post(f"{path}/publish", json={}, headers=seen), 412)
    refused(server.api.put(path, json=definition(draft, name="Splices"), headers=saw), 412)


def test_of_many_who_save_at_once_one_wins(server: Running, draft: dict[str, Any]) -> None:
    seen, path = server.api.post("/api/achievements", json=draft).headers["etag"], f"/api/achievements/{draft['slug']}"

    def save(number: int) -> tuple[int, str]:
        name = f"Knots {number}"
        return server.api.put(path, json=definition(draft, name=name), headers={"If-Match": seen}).status_code, name

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(save, range(6)))
    assert sorted(status for status, _ in answers) == [200] + [412] * 5
    assert server.api.get(path).json()["draft"]["name"] == dict(answers)[200]


def test_who_says_nothing_of_what_they_have_seen_may_save(server: Running, draft: dict[str, Any]) -> None:
    server.make("achievements", draft)
    for name in ("Knots", "Splices"):
        assert server.api.put(f"/api/achievements/{draft['slug']}", json=definition(draft, name=name)).status_code == 200
