"""Achievements on the pages for staff: how complete a draft is, what it changes, publishing it, and its end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from tests.microcredentials import CHARTS, UNIT
from tests.web import steps

if TYPE_CHECKING:
    from tests.web.conftest import Running, SignIn

JsonObject = dict[str, Any]


@pytest.fixture
def draft(sqlite_server: Running) -> JsonObject:
    """A whole draft that is not published yet, with a name that a page must not take for its own."""
    unit = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("unit"), **UNIT})["slug"]
    found = sqlite_server.draft(issuer=unit, **CHARTS | {"name": "Charts & <b>Tides</b>"})
    sqlite_server.make("achievements", found)
    return found


def path(draft: JsonObject) -> str:
    return f"/staff/achievements/{draft['slug']}"


def seen(page: str) -> dict[str, str]:
    found = re.findall(r'name="seen" value="([^"]*)"', page)
    return {"key": steps.key_of(page)} | ({"seen": unescape(found[0])} if found else {})


def put(server: Running, draft: JsonObject, **to: object) -> None:
    body = {name: value for name, value in draft.items() if name not in {"issuer", "slug"}} | to
    assert server.api.put(f"/api/achievements/{draft['slug']}", json=body).status_code == 200


def test_a_draft_says_what_it_lacks_and_is_published(sqlite_server: Running, sign_in: SignIn, draft: JsonObject) -> None:
    put(sqlite_server, draft, workload="PT20H")
    client = sign_in("issuer")
    page = client.get(path(draft)).text
    assert "<h1>Charts &amp; &lt;b&gt;Tides&lt;/b&gt;</h1>" in page
    assert "25 to 30 hours for each ECTS credit: it is not so. Look at /workload or /creditsAvailable." in page
    assert "Publish the draft as version 1" in page
    answer = client.post(f"{path(draft)}/publish", data=seen(page))
    assert (answer.status_code, answer.headers["location"]) == (303, path(draft))
    page = client.get(path(draft)).text
    assert "version 1, " in page
    assert "Publish the draft" not in page
    assert f'href="{sqlite_server.base}/a/{draft["slug"]}/1"' in page


def test_a_changed_draft_says_what_it_changes(sqlite_server: Running, sign_in: SignIn, draft: JsonObject) -> None:
    sqlite_server.make(f"achievements/{draft['slug']}/publish", {}, expect=200)
    put(sqlite_server, draft, creditsAvailable=2.2, tag=["sea", "coast"])
    page = " ".join(sign_in("auditor").get(path(draft)).text.split())
    assert "A major change: the award means something else by it." in page
    assert '<code class="id">/creditsAvailable</code> is another <span class="hint">major</span>' in page
    assert '<span class="hint">before</span> <code class="id">2</code>' in page
    assert "/tag</code> is new" in page
    assert "<form" not in page.partition("<main")[2]  # who may only look


def test_nobody_publishes_what_they_have_not_seen(sqlite_server: Running, sign_in: SignIn, draft: JsonObject) -> None:
    client = sign_in("issuer")
    form = seen(client.get(path(draft)).text)
    put(sqlite_server, draft, name="Something else")
    answer = client.post(f"{path(draft)}/publish", data=form)
    assert answer.status_code == 412
    assert "Nothing was changed." in answer.text
    assert sqlite_server.api.get(f"/api/achievements/{draft['slug']}").json()["state"] == "draft"


def test_a_gate_says_on_the_page_what_keeps_a_draft_back(sqlite_server: Running, sign_in: SignIn, draft: JsonObject) -> None:
    sqlite_server.api.patch(f"/api/issuers/{draft['issuer']}", json={"gate": "european-approach"})
    put(sqlite_server, {name: value for name, value in draft.items() if name != "level"})
    client = sign_in("issuer")
    page = client.get(path(draft)).text
    assert "its unit publishes only what has all of it" in page
    answer = client.post(f"{path(draft)}/publish", data=seen(page))
    assert answer.status_code == 409
    assert "<li>Level of the European Qualifications Framework is missing. Fill /level.</li>" in answer.text


def test_it_is_retired_with_a_reason_and_awarded_again(sqlite_server: Running, sign_in: SignIn, draft: JsonObject) -> None:
    sqlite_server.make(f"achievements/{draft['slug']}/publish", {}, expect=200)
    client = sign_in("issuer")
    key = {"key": steps.key_of(client.get(path(draft)).text)}
    assert client.post(f"{path(draft)}/retire", data=key | {"reason": "  "}).status_code == 422
    assert client.post(f"{path(draft)}/retire", data=key | {"reason": "It is over <now>."}).status_code == 303
    page = client.get(path(draft)).text
    assert "It is awarded to nobody new." in page
    assert "It is over &lt;now&gt;." in page
    assert client.post(f"{path(draft)}/retire", data=key | {"reason": "again"}).status_code == 409
    assert client.post(f"{path(draft)}/reopen", data=key).status_code == 303
    assert client.post(f"{path(draft)}/reopen", data=key).status_code == 409
    assert "It is awarded to nobody new." not in client.get(path(draft)).text


def test_the_list_begins_with_what_is_to_be_reviewed(sqlite_server: Running, sign_in: SignIn, draft: JsonObject) -> None:
    soon, past = (datetime.now(UTC).date() + timedelta(days=days) for days in (10, -3))
    unit = draft["issuer"]
    later = sqlite_server.published(issuer=unit, name="Later", reviewDate=soon.isoformat())
    first = sqlite_server.published(issuer=unit, name="First", reviewDate=past.isoformat())
    page = sign_in("issuer", issuer=unit).get("/staff/achievements").text
    due, _, everything = page.partition('id="all"')
    assert due.index(first) < due.index(later)
    assert f"should have been reviewed by {past}" in due
    assert draft["slug"] not in due
    assert "Charts &amp; &lt;b&gt;Tides&lt;/b&gt;" in everything
    assert "a draft" in everything
    assert f"was due on {past}" in sign_in("auditor").get(f"/staff/achievements/{first}").text


def test_the_overview_counts_what_is_to_be_reviewed(sqlite_server: Running, sign_in: SignIn) -> None:
    unit = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("unit"), **UNIT})["slug"]
    client = sign_in("auditor", issuer=unit)
    assert "review" not in client.get("/staff").text.partition("<main")[2]
    today = datetime.now(UTC).date()
    for name, days in (("Soon", 100), ("Sooner", 3), ("Past", -1), ("Far", 400)):
        sqlite_server.published(issuer=unit, name=name, reviewDate=(today + timedelta(days=days)).isoformat())
    page = client.get("/staff").text
    assert '<strong>2</strong> achievements to be reviewed within 180 days: <a href="/staff/achievements#due">see which</a>' in page
    assert '<strong>1</strong> achievement past the date of review: <a href="/staff/achievements#due">look at it</a>' in page


def test_what_belongs_to_another_unit_is_not_there(sqlite_server: Running, sign_in: SignIn, draft: JsonObject) -> None:
    other = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("unit"), "name": "Other"})["slug"]
    client = sign_in("issuer", issuer=other)
    assert client.get(path(draft)).status_code == 404
    assert draft["slug"] not in client.get("/staff/achievements").text
    assert "There is none yet." in client.get("/staff/achievements").text
