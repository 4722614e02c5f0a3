from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.browser import steps
from tests.web import payloads

from badgeissuer.web import words

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

pytestmark = pytest.mark.browser

ANSWERS = ("known", "unverified", "name_mismatch", "revoked", "expired", "undecided", "tampered")
WHOLES = (
    "record",
    "record-of-a-forgery",
    "presentation",
    "endorsement",
    "endorsements",
    "remark",
    "older",
    "somebody-else",
    "endless-record",
    "microcredential",
)
PAGES = (
    "home",
    "verify",
    "verify-fault",
    "verify-arabic-known",
    "verify-arabic-tampered",
    "problem",
    "private",
    "claim-revoked",
    "me",
    "me-sign-in",
    "badge-endless",
    "badge-right-to-left",
    "badge-microcredential",
    *(f"verify-{name}" for name in WHOLES),
    *(f"{kind}-{name}" for kind in ("verify", "badge") for name in ANSWERS),
)
FOCUSED = "() => document.activeElement.id || document.activeElement.textContent.trim()"
OUTLINE = "() => getComputedStyle(document.activeElement).outlineStyle"


def test_no_page_breaks_its_policy_or_asks_anybody_else(browser_page: Page, page_site: str) -> None:
    for name in PAGES:
        answer = browser_page.goto(f"{page_site}/{name}.html")
        assert answer
        assert answer.ok
        assert browser_page.evaluate("[...document.styleSheets].map((sheet) => sheet.cssRules.length > 50)") == [True]


def test_what_breaks_the_policy_or_leaves_the_machine_is_seen(browser_page: Page, page_faults: list[str], page_site: str) -> None:
    browser_page.goto(f"{page_site}/home.html")
    browser_page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://elsewhere.example/x.png'}))")
    browser_page.evaluate("document.body.setAttribute('onclick', 'x()'); document.body.click()")
    browser_page.goto("data:text/html,<title>no policy here</title>")
    browser_page.evaluate("fetch('http://127.0.0.2:9/').catch(() => 0)")
    browser_page.wait_for_timeout(200)
    assert any("img-src" in fault for fault in page_faults)
    assert any("script-src" in fault for fault in page_faults)
    assert any(fault.endswith(": asked for http://127.0.0.2:9/") for fault in page_faults)
    page_faults.clear()


def test_every_page_fits_a_screen_of_320_pixels(browser_page: Page, page_site: str) -> None:
    browser_page.set_viewport_size({"width": 320, "height": 640})
    for name in PAGES:
        browser_page.goto(f"{page_site}/{name}.html")
        assert browser_page.evaluate(steps.TOO_WIDE) == [], name
        assert browser_page.evaluate("document.documentElement.scrollWidth") == 320, name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_told_from_its_ground(browser_page: Page, page_site: str, scheme: Any) -> None:  # noqa: ANN401 - a literal of Playwright's
    browser_page.emulate_media(color_scheme=scheme)
    for name in PAGES:
        browser_page.goto(f"{page_site}/{name}.html")
        contrasts = browser_page.evaluate(steps.CONTRASTS)
        assert len(contrasts) > 8
        assert [(words, round(ratio, 2)) for words, ratio in contrasts if ratio < 4.5] == [], name


def test_light_and_dark_differ(browser_page: Page, page_site: str) -> None:
    grounds = set()
    browser_page.goto(f"{page_site}/verify.html")
    for scheme in ("light", "dark"):
        browser_page.emulate_media(color_scheme=scheme)
        grounds.add(browser_page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def test_the_keyboard_goes_through_the_form_in_reading_order(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/verify.html")
    order = []
    for _ in range(12):
        browser_page.keyboard.press("Tab")
        order.append(browser_page.evaluate(FOCUSED))
        assert browser_page.evaluate(OUTLINE) != "none"
    assert order == [
        "Skip to the content",
        "badgeissuer",
        "Catalogue",
        "Verify a badge",
        "My badges",
        "url",
        "file",
        "photo",
        "scan",
        "text",
        "recipient",
        "Verify",
    ]


def test_the_skip_link_shows_itself_and_leads_to_the_content(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/verify.html")
    browser_page.keyboard.press("Tab")
    assert browser_page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    browser_page.keyboard.press("Enter")
    assert browser_page.evaluate(FOCUSED) == "main"


def test_the_steps_open_by_keyboard(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/verify-known.html")
    steps = browser_page.locator("details.steps")
    assert steps.get_attribute("open") is None
    steps.locator("summary").focus()
    browser_page.keyboard.press("Enter")
    assert steps.get_attribute("open") is not None
    assert steps.get_by_text("Is it exactly as it was signed?").is_visible()


@pytest.mark.parametrize("name", ["tampered", "revoked", "undecided"])
def test_the_steps_stand_open_where_something_is_wrong(browser_page: Page, page_site: str, name: str) -> None:
    browser_page.goto(f"{page_site}/verify-{name}.html")
    assert browser_page.get_by_text("Is it exactly as it was signed?").is_visible()


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("known", "Genuine and in force"),
        ("unverified", "Valid, but its issuer is not confirmed"),
        ("name_mismatch", "Valid, but its issuer\u2019s name does not match"),
        ("revoked", "This badge has been revoked"),
        ("expired", "This badge has expired"),
        ("undecided", "The check could not be completed"),
        ("tampered", "This badge did not pass the check"),
    ],
)
def test_the_verdict_on_a_real_badge_is_the_first_heading(browser_page: Page, page_site: str, name: str, headline: str) -> None:
    browser_page.set_viewport_size({"width": 360, "height": 640})
    browser_page.goto(f"{page_site}/verify-{name}.html")
    heading = browser_page.get_by_role("heading").first
    assert heading.inner_text() == headline
    box = heading.bounding_box()
    assert box
    assert box["y"] + box["height"] < 640
    assert browser_page.get_by_text("Welding Safety and Practice").count() == (0 if name == "tampered" else 1)


def test_what_a_badge_inside_says_opens_by_keyboard(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/verify-record.html")
    more = browser_page.locator("details.more").first
    assert not more.get_by_text("What it takes to earn it").is_visible()
    more.locator("summary").focus()
    browser_page.keyboard.press("Enter")
    assert more.get_by_text("What it takes to earn it").is_visible()


def test_how_much_and_at_which_level_stands_above_all_that_is_known_of_a_microcredential(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/badge-microcredential.html")
    gist = browser_page.get_by_text("55 hours of work \u00b7 2 ECTS credits \u00b7 EQF level 5")
    facts = browser_page.locator("dl.facts")
    first, second = gist.bounding_box(), facts.bounding_box()
    assert first
    assert second
    assert first["y"] + first["height"] <= second["y"]
    for label, said in (("Way of learning", "Partly online, partly on site"), ("Quality assured by", "Council for Quality at Sea")):
        assert facts.locator("div", has=browser_page.get_by_text(label, exact=True)).locator("dd").inner_text() == said
    headings = browser_page.locator("article h2").all_inner_texts()
    assert headings == [
        "Learning outcomes",
        "Assessment and results",
        "What it takes to earn it",
        "Before it and after it",
        "Quality assurance",
        "Partners",
        "Evidence",
    ]


@pytest.mark.parametrize("kind", ["badge", "verify"])
def test_how_a_part_was_assessed_stands_below_it_and_its_details_open_by_keyboard(browser_page: Page, page_site: str, kind: str) -> None:
    browser_page.goto(f"{page_site}/{kind}-microcredential.html")
    part = browser_page.get_by_role("listitem").filter(has_text="Passage plan").first
    assert part.get_by_text(
        "Project \u00b7 Unsupervised, identity checked \u00b7 Marked by a teacher and an external examiner"
    ).is_visible()
    details = part.locator("dl")
    assert not details.is_visible()
    part.locator("summary").focus()
    browser_page.keyboard.press("Enter")
    said = dict(zip(details.locator("dt").all_inner_texts(), details.locator("dd").all_inner_texts(), strict=True))
    assert said["Marking with AI"] == "No AI is used in the marking"
    assert said["Outcomes assessed"] == "Plots a course with its tidal set, and says how sure it is."


def test_every_verdict_inside_can_be_told_from_the_others_without_colour(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/verify-record-of-a-forgery.html")
    chips = browser_page.locator("li.inner > .chip")
    assert chips.all_inner_texts() == ["Invalid \u00b7 This badge did not pass the check", "Valid"]
    assert len({chips.nth(number).locator("svg").inner_html() for number in range(2)}) == 2


def test_the_name_of_the_person_is_asked_for_by_its_label(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/verify-somebody-else.html")
    field = browser_page.get_by_role("textbox", name="Issued to (optional)")
    assert field.input_value() == "eve@example.org"
    assert field.get_attribute("autocomplete") == "off", "nobody's own address is to be filled in"
    assert browser_page.get_by_role("region", name="Issued to whom you named?").get_by_text("somebody else than").is_visible()


def test_an_embedded_picture_is_drawn(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/badge-known.html")
    assert browser_page.evaluate("document.querySelector('img.picture').naturalWidth") == 64


def test_a_name_from_right_to_left_stands_on_the_right(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/badge-right-to-left.html")
    assert browser_page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    assert browser_page.evaluate("getComputedStyle(document.querySelector('.facts')).direction") == "ltr"


def test_print_leaves_out_what_only_a_screen_can_do(browser_page: Page, page_site: str) -> None:
    browser_page.goto(f"{page_site}/verify-known.html")
    browser_page.emulate_media(media="print")
    assert not browser_page.locator("form").is_visible()
    assert not browser_page.locator("nav").is_visible()
    assert browser_page.get_by_role("heading", name="Genuine and in force").is_visible()
    assert browser_page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


LEFT = """[...document.querySelectorAll('section *')].map((element) => [element.namespaceURI.split('/').pop(), element.localName,
    [...element.attributes].map((attribute) => attribute.name).join(' '), element.protocol ?? ''].join('|'))"""
SHAKEN = """for (const element of document.querySelectorAll('section *'))
    for (const kind of ['mouseover', 'focus', 'error', 'load', 'toggle', 'pointerdown'])
        element.dispatchEvent(new Event(kind, {bubbles: true}))"""


def test_markdown_of_attackers_runs_no_script_and_loads_nothing(browser_page: Page, page_faults: list[str]) -> None:
    ran: list[str] = []
    requests: list[str] = []

    def see(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    browser_page.on("dialog", see)
    browser_page.on("request", lambda request: requests.append(request.url))
    browser_page.set_content("<img src=data:x onerror=alert('seen')>")  # that it would be seen
    browser_page.wait_for_timeout(100)
    assert ran == ["seen"]
    requests.clear()
    page_faults.clear()
    shown = "".join(f"<section>{words.markdown(payload)}</section>" for payload in payloads.PAYLOADS.values())
    browser_page.set_content(f"<!doctype html><title>No policy here</title><main>{shown}</main>")
    browser_page.evaluate(SHAKEN)
    browser_page.wait_for_timeout(200)
    assert (ran, requests) == (["seen"], [])
    assert browser_page.locator("main > section").count() == len(payloads.PAYLOADS)
    left = set(browser_page.evaluate(LEFT))
    links = {"xhtml|a|rel|:", "xhtml|a|href rel|https:", "xhtml|a|href rel|http:"}
    assert left <= links | {f"xhtml|{name}||" for name in payloads.ELEMENTS}
    browser_page.evaluate("document.querySelector('main').innerHTML = document.querySelector('main').innerHTML")
    assert set(browser_page.evaluate(LEFT)) == left
    assert ran == ["seen"]
