"""Two who edit one achievement: nobody overwrites what they have not seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

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
    ("condition", "status"),
    [
        ("*", 200),
        ('"another", {seen}', 200),
        ("{seen}", 200),
        ("W/{seen}", 412),
        ('"another"', 412),
        ("nonsense", 412),
        ('"another", W/{seen}', 412),
    ],
)
def test_a_condition_is_read_as_http_has_it(server: Running, draft: dict[str, Any], condition: str, status: int) -> None:
    seen = server.api.post("/api/achievements", json=draft).headers["etag"]
    sent = {"If-Match": condition.format(seen=seen)}
    answer = server.api.put(f"/api/achievements/{draft['slug']}", json=definition(draft, name="Knots"), headers=sent)
    assert answer.status_code == status


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
