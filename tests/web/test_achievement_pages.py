"""The public page of an achievement: what it is, what comes before it and after it, and what is like it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.microcredentials import CHARTS
from tests.web.conftest import PAGE

from badgeissuer.web import pathway

if TYPE_CHECKING:
    from tests.web.conftest import Running


def page(server: Running, slug: str, version: int = 1) -> str:
    answer = server.stranger.get(f"/a/{slug}/{version}", headers=PAGE)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert "Accept" in answer.headers["vary"]
    return answer.text


def test_a_browser_gets_a_page_and_a_program_the_document(server: Running) -> None:
    slug = server.published(**CHARTS | {"name": "Charts & <Tides>"})
    shown = page(server, slug)
    assert "Charts &amp; &lt;Tides&gt;" in shown
    assert "55 hours of work" in shown
    assert "Plots a course with its tidal set" in shown
    assert "Recipient" not in shown
    answer = server.stranger.get(f"/a/{slug}/1")
    assert (answer.headers["content-type"], answer.headers["vary"]) == ("application/ld+json", "Accept")
    assert answer.json()["name"] == "Charts & <Tides>"


def test_it_says_what_comes_before_it_and_after_it(server: Running) -> None:
    first, larger = server.published(name="Knots"), server.published(name="Skipper of very large and heavy vessels")
    shown = page(server, server.published(name="Ropes", prerequisites=[first], stacksInto=[larger]))
    assert 'aria-label="Before it: Knots. It leads to: Skipper of very large and heavy vessels."' in shown
    assert shown.count("<rect ") == 3
    assert ">Skipper of very large a…</text>" in shown
    assert f'href="{server.base}/a/{first}"' in shown
    assert "<svg" not in page(server, first).partition("<main")[2]


def test_versions_lead_to_each_other_and_the_end_is_told(server: Running) -> None:
    draft = server.draft()
    slug = server.make("achievements", draft)["slug"]
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    members = {name: value for name, value in draft.items() if name not in {"issuer", "slug"}}
    server.api.put(f"/api/achievements/{slug}", json=members | {"name": "Renewed"})
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    assert f'<strong>Version 2</strong> · <a href="/a/{slug}/1">Version 1</a>' in page(server, slug, 2)
    server.make(f"achievements/{slug}/retire", {"reason": "It is over."}, expect=200)
    assert "It is awarded no more." in page(server, slug)


def next_of(page: str) -> list[tuple[str, str]]:
    """Return what can be earned next by a page: the slugs, each with why."""
    part = page.partition('id="next"')[2].partition("</section>")[0]
    return re.findall(r'href="/a/([^/]+)/\d+" dir="auto">[^<]*</a></p><p class="hint">(.*?) · <bdi>', part)


def test_what_next_says_where_it_leads_before_what_shares_a_skill_and_why(server: Running) -> None:
    skill = {"targetName": "splicing <ropes>", "targetUrl": f"https://skills.example/{server.fresh('splicing')}"}
    draft = server.draft(name="Ropes", alignment=[skill])
    slug = server.make("achievements", draft)["slug"]
    alike = server.published(name="Splices", alignment=[skill])
    whole = server.published(name="Rigger", alignment=[skill])
    members = {name: value for name, value in draft.items() if name not in {"issuer", "slug"}}
    server.api.put(f"/api/achievements/{slug}", json=members | {"stacksInto": [whole]}).raise_for_status()
    server.make(f"achievements/{slug}/publish", {}, expect=200)
    asking = server.published(name="Cables", prerequisites=[slug])
    server.published(name="Cordage", stacksInto=[slug])
    wanted = [
        (whole, "This counts towards it"),
        (asking, "It asks for this first"),
        (alike, "It has a skill in common with this: <bdi>splicing &lt;ropes&gt;</bdi>"),
    ]
    assert next_of(page(server, slug)) == wanted
    badge = server.award(achievement=slug)["credential"]["id"]
    assert next_of(server.stranger.get(badge, headers=PAGE).text) == wanted
    server.make(f"achievements/{whole}/retire", {"reason": "It is over."}, expect=200)
    assert [found for found, _ in next_of(page(server, slug))] == [asking, alike]
    assert "What next" not in page(server, server.published(name="Alone"))


@pytest.mark.parametrize(
    ("before", "after", "boxes", "lines"),
    [(["a"], ["b", "c"], 4, 3), ([], ["b"], 2, 1), (["a", "b"], [], 3, 2), (["x"] * 9, ["y"] * 9, 13, 12), (["same"], ["same"], 3, 2)],
)
def test_a_drawing_has_a_line_from_every_box_to_the_one_that_it_is_about(
    before: list[str], after: list[str], boxes: int, lines: int
) -> None:
    drawn = pathway.draw(before, "same", after)
    assert drawn is not None
    assert (len(drawn.boxes), len(drawn.lines)) == (boxes, lines)
    (here,) = [box for box in drawn.boxes if box.is_here]
    assert here.text == "same"
    assert all(0 <= value <= max(drawn.width, drawn.height) for line in drawn.lines for value in line)
    assert all(line[0] < line[2] for line in drawn.lines)


@pytest.mark.parametrize(
    ("name", "shown"), [("W" * 30, "W" * 13 + "…"), ("航" * 20, "航" * 13 + "…"), ("W" * 14, "W" * 14), ("i" * 24, "i" * 24)]
)
def test_a_name_is_cut_to_its_box(name: str, shown: str) -> None:
    drawn = pathway.draw([], name, ["b"])
    assert drawn is not None
    assert [box.text for box in drawn.boxes if box.is_here] == [shown]


def test_where_nothing_leads_anywhere_there_is_no_drawing() -> None:
    assert pathway.draw([], "alone", []) is None
