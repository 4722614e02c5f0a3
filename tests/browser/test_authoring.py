"""A microcredential from the first word to the catalogue, and on to its next version, by somebody who only has a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.browser.steps import enter
from tests.microcredentials import CHARTS

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.web.conftest import Running

pytestmark = [pytest.mark.browser, pytest.mark.interop]


def begin(page: Page) -> None:
    """Write the little that an achievement begins with."""
    page.get_by_role("link", name="Write a new one").click()
    page.get_by_label("Name", exact=True).fill("Reading Coastal Charts")
    page.get_by_label("Short name").fill("charts")
    page.get_by_label("Description").fill(CHARTS["description"])
    page.get_by_label("How it is earned").fill(CHARTS["criteria"]["narrative"])
    page.get_by_role("button", name="Begin").click()


def fill_some_gaps(page: Page) -> None:
    """Write something, see the meter rise, and come back to it."""
    meter = page.get_by_role("progressbar", name="European Approach")
    before = float(meter.get_attribute("value") or 0)
    beside = page.locator("#beside")
    beside.get_by_role("link", name="Learning outcomes").click()
    page.get_by_label("A learner then").fill("Plots a course with its tidal set.")
    page.get_by_label("Credits", exact=True).fill("2")
    page.get_by_label("What kind of credits").select_option("ECTS")
    page.get_by_label("Hours of work").fill("55")
    page.get_by_text("Kept.", exact=True).wait_for()
    assert float(meter.get_attribute("value") or 0) > before
    page.reload()  # what was kept is there without having been stored
    assert page.get_by_label("Hours of work").input_value() == "55"


def assess(page: Page) -> None:
    """Say the level, and how it is assessed."""
    level = page.get_by_role("group", name="Level 1")
    level.get_by_label("Framework").fill("EQF")
    level.get_by_label("Level", exact=True).fill("5")
    part = page.get_by_role("group", name="Assessed part 1")
    part.get_by_label("Name", exact=True).fill("Passage plan")
    part.get_by_label("What is done").fill("A plan of a passage of twenty miles.")
    part.get_by_label("Method").select_option("Project")
    part.get_by_label("What the learner hands in or shows").fill("A written plan.")
    part.get_by_label("How it is judged").fill("Two markers, by a rubric.")
    part.get_by_label("Under whose eyes").select_option("UnsupervisedWithIdVerification")
    part.get_by_label("the teacher").check()
    part.get_by_label("Kind of result").select_option("Percent")
    part.get_by_label("Pass mark").fill("60")


def fill_all_gaps(page: Page) -> None:
    """Write what the framework still asks for, and store it."""
    page.get_by_label("How learners take part").select_option("Blended")
    page.get_by_label("Language of this text").fill("en")
    page.get_by_label("Languages of teaching").fill("en")
    page.get_by_label("Field of study").fill("Transport services")
    page.get_by_label("What is needed to begin").fill("None.")
    page.get_by_label("How it can be combined").fill("Counts towards Coastal Skipper.")
    page.get_by_label("Who assures the quality").fill("Council for Quality at Sea")
    page.get_by_label("How", exact=True).fill("Visits every third year.")
    page.get_by_label("Page about that").fill("https://navigation.example/coastal")
    assess(page)
    page.get_by_role("button", name="Add another outcome").click()
    page.get_by_label("A learner then").nth(1).fill("Judges how far a chart can be trusted.")
    page.get_by_role("group", name="Assessed part 1").get_by_label("Plots a course with its tidal set.").check()
    page.get_by_role("button", name="Store the draft").first.click()
    page.get_by_text("Stored in the draft.").wait_for()
    gaps = page.locator("#beside details").first.inner_text()
    assert page.get_by_role("progressbar", name="European Approach").get_attribute("value") == "100", gaps


def revise(page: Page) -> None:
    """Change how much it is, and see what that changes."""
    page.get_by_role("link", name="Write it on").click()
    page.get_by_label("Credits", exact=True).fill("3")
    page.get_by_label("Hours of work").fill("80")
    page.get_by_role("button", name="Store the draft").last.click()
    page.get_by_role("link", name="See what it changes, and publish it").click()
    changes = page.get_by_role("region", name="What the draft changes").inner_text()
    assert "A major change" in changes
    assert "/creditsAvailable" in changes
    assert "PT80H" in changes
    page.get_by_role("button", name="Publish the draft as version 2").click()
    page.get_by_role("link", name="Version 2").wait_for()


def test_somebody_signs_in_writes_fills_the_gaps_publishes_and_revises(
    browser_page: Page, page_faults: list[str], provided: Running
) -> None:
    provided.make("issuers", {"slug": "college", "name": "Harbour College", "country": "NZ", "gate": "european-approach"})
    provided.make("accounts", {"email": "ada@example.org", "name": "Ada Lovelace", "role": "issuer"})
    page, base = browser_page, provided.base
    enter(page, base, "ada", to="/staff/achievements")
    page.wait_for_url(f"{base}/staff/achievements")
    page_faults.clear()  # what the provider's own pages say
    begin(page)
    fill_some_gaps(page)
    fill_all_gaps(page)

    page.get_by_role("link", name="See what it changes, and publish it").click()
    page.get_by_role("button", name="Publish the draft as version 1").click()
    page.get_by_role("link", name="Version 1").wait_for()
    revise(page)

    page.goto(f"{base}/catalogue")
    page.get_by_label("Words").fill("tidal set")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Reading Coastal Charts").click()
    assert page.url == f"{base}/a/charts/2"
    assert "3 ECTS credits" in page.locator("main").inner_text()
    assert page.get_by_role("link", name="Version 1").is_visible()
