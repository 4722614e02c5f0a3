"""The pages of the verifier in the language of their reader."""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from badgeissuer.web import languages

if TYPE_CHECKING:
    from tests.web.conftest import Running

HEADLINES = {"en": "Genuine and in force", "de": "Echt und gültig", "es": "Auténtica y vigente", "ar": "أصلية وسارية"}


@pytest.fixture(scope="module")
def url(sqlite_server: Running) -> str:
    return str(sqlite_server.award(learner={"email": "learner@example.org"})["credential"]["id"])


def page(server: Running, path: str = "/verify", **headers: str) -> str:
    answer = server.stranger.get(path, headers={"Accept": "text/html"} | {name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 200
    assert answer.headers["vary"] == "Accept, Accept-Language"
    return answer.text


@pytest.mark.parametrize(
    ("asked", "accept", "code"),
    [
        (None, "", "en"),
        (None, "de-CH,de;q=0.9,en;q=0.8", "de"),
        (None, "fr, es;q=0.5, de;q=0.4", "es"),
        (None, "fr, *;q=0.1", "en"),
        (None, "ar-EG", "ar"),
        (None, "en;q=0.2, AR;q=0.9", "ar"),
        ("es", "de", "es"),
        ("xx", "de", "de"),
        ("", "de", "de"),
        ("../de", "", "en"),
        (None, ";q=;,,\xff", "en"),
    ],
)
def test_the_address_decides_then_the_browser_then_it_is_english(asked: str | None, accept: str, code: str) -> None:
    assert languages.wanted(asked, accept).code == code


@pytest.mark.parametrize("code", sorted(languages.ALL))
def test_form_and_verdict_are_said_in_a_language(sqlite_server: Running, url: str, code: str) -> None:
    form = page(sqlite_server, Accept_Language=code)
    assert f'<html lang="{code}"' in form
    assert ('dir="rtl">' in form.partition("\n<head>")[0]) == (code == "ar")
    shown = page(sqlite_server, f"/verify?url={url}&lang={code}", Accept_Language="fr")
    assert HEADLINES[code] in shown
    assert f'action="/verify?lang={code}"' in shown, "what is asked next is answered in it too"
    for other in languages.ALL:
        assert re.search(rf'href="/verify\?url=[^"]*&amp;lang={other}" lang="{other}" hreflang="{other}"', shown)
    assert [word for word in ("Signature", "What to do", "Checked", "Valid until") if word in shown] == (
        ["Signature", "Checked", "Valid until"] if code == "en" else []
    )


@pytest.mark.parametrize("code", ["de", "es", "ar"])
def test_what_is_left_in_english_is_marked_so(sqlite_server: Running, url: str, code: str) -> None:
    forged = copy.deepcopy(sqlite_server.stranger.get(url).json())
    forged["credentialSubject"]["achievement"]["name"] = "Master of Ropes"
    headers = {"Accept": "text/html", "Accept-Language": code}
    shown = sqlite_server.stranger.post("/verify", content=json.dumps(forged), headers=headers).text
    assert "Master of Ropes" not in shown
    details = re.findall(r'<p class="(?:finding|hint|summary)" ([^>]*)>([^<]*)', shown)
    english = [text for attributes, text in details if 'lang="en" dir="ltr"' in attributes]
    assert any("signature" in text for text in english)
    assert not re.search(r"<p[^>]*>[^<]*Do not rely", re.sub(r'<p[^>]*lang="en".*', "", shown))


def test_a_report_is_english_whatever_the_browser_prefers(sqlite_server: Running, url: str) -> None:
    answers = [
        sqlite_server.stranger.get("/verify", params={"url": url}, headers={"Accept-Language": code}).json() for code in ("en", "ar")
    ]
    assert answers[0]["summary"] == answers[1]["summary"]


def test_days_are_written_as_the_language_does() -> None:
    moment = datetime(2026, 5, 20, 14, 5, tzinfo=UTC)
    said = {}
    for code, language in languages.ALL.items():
        with languages.speaking(language):
            said[code] = languages.minute(moment)
    assert said["en"] == "20 May 2026, 14:05 UTC"
    assert said["de"] == "20. Mai 2026, 14:05 UTC"
    assert said["es"] == "20 de mayo de 2026, 14:05 UTC"
    assert "مايو" in said["ar"]
    assert languages.current() is languages.ENGLISH


def test_numbers_have_the_form_that_the_language_gives_them() -> None:
    with languages.speaking(languages.ALL["ar"]):
        forms = [languages.ngettext("%(num)s hour", "%(num)s hours", count) for count in (1, 3, 11)]
    assert forms == ["%(num)s ساعة", "%(num)s ساعات", "%(num)s ساعة"]
    assert languages.ngettext("%(num)s hour", "%(num)s hours", 2) == "%(num)s hours"
    assert languages.gettext("") == ""
