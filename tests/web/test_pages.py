from __future__ import annotations

import base64
import itertools
import json
import re
import struct
import time
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import nacl.signing
import pytest

from badgeissuer import problem
from badgeissuer.vc import controller, multikey, proof, report, statuslist, verification
from badgeissuer.vc.report import Outcome, Step
from badgeissuer.web import pages, words

NOW = datetime(2026, 6, 19, 14, 5, tzinfo=UTC)
DID = "did:web:badges.northvalley.example:i:north-valley"
STEPS = ("syntax", "context", "data_model", "issuer", "proof", "validity", "status", "schema", "refresh", "endorsement", "trust")
VOID = {"meta", "link", "img", "input", "br", "hr", "path", "circle"}
ATTACKS = {
    "a script": "<script>alert(1)</script>",
    "a picture with a handler": "<img src=x onerror=alert(1)>",
    "quotes": "\"'><svg onload=alert(1)>",
    "a script URL": "javascript:alert(1)",
    "a data URL": "data:text/html,<script>alert(1)</script>",
    "Markdown": "[x](javascript:alert(1)) ![x](https://evil.example/x.png) <b onclick=x>y</b> [y]: javascript:alert(1)",
    "a template": "{{ 7 * 7 }}{% include 'home.html' %}",
    "an override of direction": "\u202egnp.exe\u2066abc\u200f",
    "a long name": "x" * 300,
    "right to left": "شهادة اللحام الآمن",
    "marks piled up": "e" + "\u0301" * 50,
    "ends of elements": "</main></body></html><!--",
}


class Reader(HTMLParser):
    """Reads a page as a strict person would: every element that opens closes, in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute stands twice in {tag}: {attrs}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def judged(*given: Step, identity: str = "known", name: str = "North Valley College", profile: str = "badge") -> dict[str, Any]:
    """Return a report in which every step is VALID but those given."""
    known = {step.name: step for step in given}
    steps = tuple(known.get(name, Step(name, Outcome.VALID)) for name in STEPS)
    issuer = report.Issuer(DID, name, identity)
    return report.Report(profile, issuer, steps, report.summarize(steps, issuer, profile), NOW, "5f" * 32).to_json()


def fails(name: str, detail: str, outcome: Outcome = Outcome.INVALID, *, kind: str = problem.MALFORMED_VALUE_ERROR) -> Step:
    return Step(name, outcome, (problem.Finding(detail, type=kind),))


FORGED = (
    fails("proof", "The signature does not fit the document."),
    fails("issuer", "Not looked at, because an earlier step did not pass.", Outcome.INDETERMINATE),
)
REVOKED = fails("status", "Its issuer has revoked it.", kind=statuslist.REVOKED)
UNDECIDED = fails("status", "The status list could not be had.", Outcome.INDETERMINATE)


def badge(said: str = "plain words", address: str = "https://there.example/x") -> dict[str, Any]:
    """Return a badge in which strangers' words are `said` and their addresses are `address`."""
    described = {
        "id": "https://there.example/a#r",
        "type": ["ResultDescription"],
        "name": f"R1 {said}",
        "resultType": "RubricCriterionLevel",
        "valueMin": said,
        "valueMax": said,
        "requiredValue": said,
        "allowedValue": [said],
        "requiredLevel": "https://there.example/a#r-1",
        "rubricCriterionLevel": [
            {"id": f"https://there.example/a#r-{number}", "name": f"L{number} {said}", "description": said, "points": said}
            for number in (1, 2)
        ],
        "assessmentMethod": said,
        "assessmentSupervision": said,
        "markedBy": ["Teacher", said],
        "aiAssistedMarking": True,
        "hasGroupParticipation": True,
        **dict.fromkeys(["description", "assessmentOutput", "evaluationMethod", "evidenceRequired", "feedback"], f"Part {said}"),
        "assesses": ["https://there.example/a#outcome-1"],
    }
    outcome = {"id": "https://there.example/a#outcome-1", "statement": f"Can {said}", "proficiencyLevel": said}
    leading = [
        {"targetName": f"{kind} {said}", "targetUrl": address, "targetCode": said, "targetType": f"ext:{kind}"}
        for kind in ("Prerequisite", "StacksInto", "EQFAlignment", "CreditUnit")
    ]
    achievement = {
        "id": address,
        "type": ["Achievement"],
        "name": f"Welding {said}",
        "description": f"Described {said}",
        "achievementType": said,
        "criteria": {"id": address, "narrative": f"Criteria {said}"},
        "image": {"id": address, "type": "Image", "caption": said},
        "alignment": [
            {"targetName": f"Outcome {said}", "targetUrl": address, "targetCode": said, "targetFramework": said, "targetDescription": said},
            *leading,
        ],
        "resultDescription": [described],
        "creditsAvailable": 4,
        "fieldOfStudy": said,
        "humanCode": said,
        "inLanguage": said,
        "version": said,
        "tag": [said, said],
        "creditUnit": said,
        "workload": said,
        "participationType": said,
        "instructionLanguage": [said, said],
        "learningOutcome": [outcome | {"relatedSkill": [address, said]}],
        "entryRequirement": f"Enters {said}",
        "stackability": f"Counts {said}",
        "qualityAssurance": {"name": f"Assured {said}", "url": address, "description": said},
        "partner": [{"name": f"Partner {said}", "url": address, "partnerRole": said}],
        "reviewDate": "2029-06-30",
    }
    result = {"resultDescription": described["id"], "achievedLevel": "https://there.example/a#r-2", "value": f"V {said}", "status": said}
    return {
        "id": "https://badges.example/c/1?a=b&c=d e",
        "name": said,
        "image": {"id": address, "type": "Image"},
        "issuer": {"id": DID, "name": said, "image": {"id": address}},
        "awardedDate": "2026-05-20T14:05:00Z",
        "validFrom": "2026-05-20T14:05:00Z",
        "validUntil": "2029-05-19T14:05:00Z",
        "credentialSubject": {
            "id": f"did:example:{said}",
            "identifier": [{"identityHash": "sha256$abc", "hashed": True, "identityType": "emailAddress", "salt": said}],
            "achievement": achievement,
            "result": [result, {"value": f"Loose {said}"}],
            "creditsEarned": 2.5,
            "narrative": f"Told {said}",
            "licenseNumber": said,
            "role": said,
            "term": said,
            "activityStartDate": "2026-02-01T00:00:00Z",
        },
        "evidence": [{"id": address, "name": f"Evidence {said}", "genre": said, "description": said, "narrative": said}],
    }


def shown(document: dict[str, Any], found: dict[str, Any]) -> str:
    return pages.badge_page(document, found, downloads=[("Download the signed badge", "/c/1.json")])


def refuse_active_content(page: Reader) -> None:
    """Fail where a page holds anything but structure and text, or leads anywhere but to http and https."""
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "link",
        "body",
        "header",
        "nav",
        "main",
        "footer",
        "section",
        "article",
        "details",
        "summary",
    }
    allowed |= {
        "a",
        "img",
        "svg",
        "path",
        "circle",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "div",
        "span",
        "strong",
        "em",
        "code",
        "pre",
        "q",
        "time",
        "br",
        "hr",
    }
    allowed |= {"ul", "ol", "li", "dl", "dt", "dd", "blockquote", "form", "label", "input", "textarea", "button", "script", "video"}
    assert {tag for tag, _ in page.elements} <= allowed
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "srcset", "srcdoc", "formaction", "ping"}]
        for name in {"href", "src", "action"} & set(attributes):
            address = attributes[name] or ""
            assert re.match(r"https?://|/(?!/)|#", address) or (tag == "img" and address.startswith("data:image/png;base64,")), address
        if tag in {"script", "video"}:
            assert attributes.get("src", "") == ("/static/verify.js" if tag == "script" else "")
        if tag in {"img", "link"}:
            address = attributes.get("src") or attributes.get("href") or ""
            assert address.startswith(("/static/", "data:image/png;base64,"))
        if (attributes.get("href") or "").startswith("http"):
            assert set((attributes["rel"] or "").split()) >= {"nofollow", "noopener", "noreferrer"}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("identity", ["known", "unverified", "name_mismatch"])
def test_words_of_strangers_stay_words(attack: str, identity: str) -> None:
    document, found = badge(attack), judged(identity=identity, name=attack)
    for page in (shown(document, found), pages.verify_page(asked=attack, report=found, document=document)):
        read = Reader(page)
        refuse_active_content(read)
        assert "Welding" in read.text
        assert re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", page) is None


def test_templates_in_a_name_are_not_run() -> None:
    assert ATTACKS["a template"] in Reader(shown(badge(ATTACKS["a template"]), judged())).text


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/verify", "https://a@b.example", "http:x", ""]
)
def test_an_address_that_is_not_plainly_http_is_no_link(address: str) -> None:
    read = Reader(shown(badge(address=address), judged()))
    assert [item["href"] for item in read.all("a") if (item["href"] or "").startswith(("http", "java", "data", "//"))] == []
    assert "Evidence plain words" in read.text


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_problems_and_reports_may_quote_anything(attack: str) -> None:
    fault = {"title": attack, "detail": attack, "errors": [{"detail": attack, "pointer": attack}, {"detail": attack}]}
    found = judged(fails("context", f"Unknown vocabulary {attack}", Outcome.INDETERMINATE), *FORGED, name=attack)
    for page in (
        pages.problem_page(fault, status=400),
        pages.verify_page(asked=attack, fault=fault),
        pages.verify_page(report=found),
    ):
        refuse_active_content(Reader(page))


REPORTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "known": (judged(), "VALID", "Genuine and in force"),
    "unverified": (judged(identity="unverified"), "VALID", "Valid, but its issuer is not confirmed"),
    "name_mismatch": (judged(identity="name_mismatch"), "VALID", "Valid, but its issuer\u2019s name does not match"),
    "revoked": (judged(REVOKED), "INVALID", "This badge has been revoked"),
    "suspended": (judged(fails("status", "Its issuer has suspended it.", kind=statuslist.SUSPENDED)), "INVALID", "This badge is suspended"),
    "malformed status": (judged(fails("status", "At most 4 status entries are read.")), "INVALID", "did not pass the check"),
    "ill formed": (judged(fails("data_model", "name is missing.")), "INVALID", "did not pass the check"),
    "forged": (judged(*FORGED), "INVALID", "did not pass the check"),
    "of another issuer": (judged(fails("issuer", "Not its key.")), "INVALID", "did not pass the check"),
    "stolen key": (judged(fails("trust", "The key is in wrong hands.")), "INVALID", "did not pass the check"),
    "unreadable": (judged(fails("syntax", "No JSON."), *FORGED), "INVALID", "This cannot be read as a badge"),
    "undecided": (judged(UNDECIDED), "INDETERMINATE", "The check could not be completed"),
}


@pytest.mark.parametrize(("found", "outcome", "headline"), REPORTS.values(), ids=REPORTS.keys())
def test_every_verdict_is_told_first_in_words(found: dict[str, Any], outcome: str, headline: str) -> None:
    for page in (shown(badge(), found), pages.verify_page(report=found, document=badge())):
        read = Reader(page)
        refuse_active_content(read)
        content = read.text.partition("Skip to the content")[2].partition("My badges")[2]
        assert content.strip().startswith(f"{outcome} ")
        assert headline in content[:100]
        assert found["summary"] in read.text
        assert "Checked 19 June 2026, 14:05 UTC" in read.text


def test_the_icon_of_each_outcome_has_another_shape() -> None:
    first = [
        re.search(r"<svg.*?</svg>", pages.verify_page(report=REPORTS[name][0]), re.DOTALL) for name in ("known", "revoked", "undecided")
    ]
    assert len({match[0] for match in first if match}) == 3


@pytest.mark.parametrize("name", ["forged", "of another issuer", "stolen key", "unreadable"])
def test_a_document_whose_author_is_not_proven_is_not_shown(name: str) -> None:
    found = REPORTS[name][0] | {"issuer": {"id": DID, "name": "Name of a stranger", "identity": "known"}}
    for page in (shown(badge("words of a stranger"), found), pages.verify_page(report=found, document=badge("words of a stranger"))):
        assert "stranger" not in page
        assert "Welding" not in page
        assert "20 May 2026" not in page
        assert "This service knows" not in page


def test_a_status_that_could_not_be_read_does_not_hide_what_was_signed() -> None:
    assert "Welding plain words" in Reader(pages.verify_page(report=judged(UNDECIDED), document=badge())).text


def test_a_revoked_badge_says_that_it_does_not_count() -> None:
    read = Reader(pages.verify_page(report=judged(REVOKED), document=badge()))
    assert "it does not count now" in read.text
    assert "please ask the issuer" in read.text


@pytest.mark.parametrize(
    ("dates", "headline"),
    [
        ({"validUntil": "2026-06-01T00:00:00Z"}, "This badge has expired"),
        ({"validFrom": "2027-01-01T00:00:00Z"}, "This badge is not valid yet"),
        ({}, "This badge did not pass the check"),
    ],
)
def test_dates_say_whether_it_has_ended_or_not_begun(dates: dict[str, str], headline: str) -> None:
    found = judged(fails("validity", "Out of its time."))
    assert headline in Reader(shown(badge() | dates, found)).text


class Signer:
    """A key of its own, as did:key."""

    key = nacl.signing.SigningKey(bytes(32))
    public_key = multikey.PublicKey(bytes(key.verify_key))
    did = controller.key_did(public_key)
    verification_method = controller.key_method(did)

    def sign(self, message: bytes) -> bytes:
        return bytes(self.key.sign(message).signature)


@pytest.mark.parametrize(
    ("purpose", "headline"), [("revocation", "This badge has been revoked"), ("suspension", "This badge is suspended")]
)
def test_what_the_verifier_says_of_a_revoked_badge_is_understood(purpose: str, headline: str) -> None:
    entry = statuslist.Entry("https://badges.example/s/1", 5, purpose)
    encoded, until = statuslist.encode(131_072, [5]), NOW + timedelta(days=1)
    unsigned = statuslist.compose(entry.list_url, Signer.did, purpose=purpose, encoded=encoded, valid_from=NOW, valid_until=until)
    listed = json.dumps(proof.add_proof(proof.lint(unsigned), Signer(), created=NOW)).encode()
    found = verification.verify(
        {"issuer": {"id": Signer.did}, "credentialStatus": entry.to_json()},
        {entry.list_url: verification.Resource(entry.list_url, listed, NOW)},
        now=NOW,
        policy=verification.Policy(verification.GENERIC),
        sha256="5f" * 32,
    )
    assert headline in Reader(shown(badge(), judged(found.step("status")))).text


def test_an_unverified_issuer_is_named_by_domain_before_its_claim() -> None:
    page = pages.verify_page(report=judged(identity="unverified", name="Example University"), document=badge())
    words = Reader(page).text.partition("Who issued it")[2]
    assert words.index("Unverified issuer") < words.index("badges.northvalley.example") < words.index("Example University")
    assert "claims the name" in words


def test_a_known_issuer_is_named() -> None:
    assert "Issued by North Valley College" in Reader(pages.verify_page(report=judged(), document=badge())).text


def test_an_issuer_with_another_name_than_ours_is_a_warning() -> None:
    assert "under another name" in Reader(pages.verify_page(report=judged(identity="name_mismatch"), document=badge())).text


def test_results_stand_beside_their_scale() -> None:
    read = Reader(shown(badge(), judged())).text
    scale = read[read.index("R1 plain words") : read.index("Loose plain words")]
    assert "V plain words" in scale
    assert "Scale from plain words to plain words ." in scale
    assert scale.index("L2 plain words") < scale.index("Reached")
    assert "Reached" not in scale[: scale.index("L2")]
    assert scale.index("L1 plain words") < scale.index("needed") < scale.index("L2 plain words")


def test_a_percentage_has_its_sign_once() -> None:
    document = badge()
    document["credentialSubject"]["achievement"]["resultDescription"][0] |= {"resultType": "Percent", "rubricCriterionLevel": []}
    document["credentialSubject"]["result"] = [{"resultDescription": "https://there.example/a#r", "value": "87.5"}]
    assert "87.5 %" in Reader(shown(document, judged())).text
    document["credentialSubject"]["result"][0]["value"] = "87.5%"
    found = Reader(shown(document, judged())).text
    assert "87.5%" in found
    assert "87.5% %" not in found


def test_a_badge_of_single_values_reads_like_one_of_arrays() -> None:
    single, several = badge(), badge()
    for one in (single, several):
        del one["credentialSubject"]["achievement"]["alignment"][1:]
        del one["credentialSubject"]["achievement"]["learningOutcome"][0]["relatedSkill"][1:]
    for owner, names in (
        (single, ["evidence"]),
        (single["credentialSubject"], ["identifier"]),
        (single["credentialSubject"]["achievement"], ["alignment", "resultDescription", "learningOutcome", "partner"]),
        (single["credentialSubject"]["achievement"]["learningOutcome"][0], ["relatedSkill"]),
        (single["credentialSubject"]["achievement"]["resultDescription"][0], ["allowedValue"]),
    ):
        owner |= {name: owner[name][0] for name in names}
    assert shown(single, judged()) == shown(several, judged())


@pytest.mark.parametrize("value", [None, 7, True, [], {}, [[]], [7, None], {"@value": "x"}, "", "x", {"id": 7}, [{"id": {}}]])
def test_members_of_any_form_make_a_page(value: object) -> None:
    found = judged()
    whole = badge()
    owners = [whole, whole["credentialSubject"], whole["credentialSubject"]["achievement"]]
    achievement = owners[2]
    owners += [achievement["criteria"], achievement["alignment"][0], achievement["resultDescription"][0], whole["evidence"][0]]
    owners += [whole["credentialSubject"]["result"][0], achievement["resultDescription"][0]["rubricCriterionLevel"][0]]
    owners += [achievement["learningOutcome"][0], achievement["qualityAssurance"], achievement["partner"][0], *achievement["alignment"][1:]]
    for owner in owners:
        for member in list(owner):
            kept, owner[member] = owner[member], value
            refuse_active_content(Reader(shown(whole, found)))
            owner[member] = kept


def test_a_badge_of_nothing_makes_a_page() -> None:
    assert "Without a name" in Reader(shown({}, judged())).text


def test_the_recipient_is_told_but_not_named() -> None:
    document = badge()
    document["credentialSubject"]["identifier"].append(
        {"identityHash": "asha@example.org", "hashed": False, "identityType": "emailAddress"}
    )
    page = shown(document, judged())
    assert "a salted hash of an e-mail address" in page
    assert "asha@example.org" not in page
    assert "sha256$abc" not in page


@pytest.mark.parametrize("owner", ["mailto:asha@example.org", "https://there.example/asha"])
def test_only_a_did_of_the_recipient_is_shown(owner: str) -> None:
    document = badge()
    document["credentialSubject"] = {"id": owner, "achievement": {"name": "Welding"}}
    assert owner not in shown(document, judged())
    assert "an identifier that is not shown here" in shown(document, judged())


def test_credits_are_told_as_numbers() -> None:
    document = badge()
    for name in ("alignment", "creditUnit", "workload"):
        del document["credentialSubject"]["achievement"][name]
    assert "2.5 of 4" in Reader(shown(document, judged())).text
    del document["credentialSubject"]["creditsEarned"]
    assert "Up to 4" in Reader(shown(document, judged())).text


def png(width: int, height: int, *, start: bytes = b"\x89PNG\r\n\x1a\n") -> str:
    body = start + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 6, 0, 0, 0)
    return "data:image/png;base64," + base64.b64encode(body).decode()


def test_an_embedded_picture_is_shown() -> None:
    assert [item["src"] for item in Reader(shown(badge(address=png(64, 64)), judged())).all("img")][1:] == [png(64, 64)]


@pytest.mark.parametrize(
    "picture",
    [
        "https://there.example/badge.png",
        png(64, 65_000),
        png(0, 64),
        png(64, 64, start=b"GIF89a\r\n"),
        "data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=",
        "data:image/png;base64,abc",
        'data:image/png;base64,iVBORw0KGgo="onerror="x',
    ],
)
def test_no_other_picture_is_shown(picture: str) -> None:
    assert [item["src"] for item in Reader(shown(badge(address=picture), judged())).all("img")] == ["/static/badgeissuer.svg"]


def test_markdown_keeps_its_structure_and_loses_its_tricks() -> None:
    written = '# Big\n\n* **one**\n* [two](https://there.example/a?b=c)\n\n![a "picture"](https://evil.example/x.png)\n\n<style>p{}</style>'
    made = words.markdown(written)
    assert "<strong>Big</strong>" in made
    assert "<li><strong>one</strong></li>" in made
    assert '<a href="https://there.example/a?b=c" rel="nofollow noopener noreferrer">two</a>' in made
    assert "<h1" not in made
    assert "<img" not in made
    assert "evil.example" not in made
    assert "<style" not in made
    assert "picture" in made


@pytest.mark.parametrize(
    ("address", "href", "host"),
    [
        ("https://there.example/a?b=c#d", "https://there.example/a?b=c#d", "there.example"),
        ("HTTP://There.Example:8080/", "http://there.example:8080/", "there.example:8080"),
        ("https://\u0430\u0440\u0440\u04cf\u0435.example/", "https://xn--80ak6aa92e.example/", "xn--80ak6aa92e.example"),
        ("https://there.example/ü\u202egnp", "https://there.example/%C3%BC%E2%80%AEgnp", "there.example"),
    ],
)
def test_a_link_leads_where_it_says(address: str, href: str, host: str) -> None:
    assert words.link(address) == words.Link(href, host)


@pytest.mark.parametrize(
    "address",
    [
        None,
        7,
        "https://[::1]/",
        "https://a..b/",
        "https://x:99999/",
        "https:///x",
        "https://x\\@y/",
        "https://x /",
        "ftp://x/",
        "https://u:p@x/",
    ],
)
def test_an_odd_address_is_no_link(address: object) -> None:
    assert words.link(address) is None


@pytest.mark.parametrize(
    ("identifier", "host"),
    [
        ("did:web:there.example", "there.example"),
        ("did:web:there.example%3A8443:i:x", "there.example:8443"),
        ("did:web:", ""),
        ("did:web:there.example%2fevil", ""),
        ("did:key:z6Mk", ""),
        ("https://there.example/i", "there.example"),
        ("", ""),
    ],
)
def test_the_domain_of_an_issuer(identifier: str, host: str) -> None:
    assert words.domain(identifier) == host


def test_a_name_is_one_line_of_what_can_be_seen() -> None:
    assert words.plain(" North\u200b \u202eValley\u2069\n\u3164 College\x00\ufeff\u00ad ") == "North Valley College"
    assert words.plain("e" + "\u0301" * 50) == "e" + "\u0301" * 3
    assert words.plain("x" * 301) == "x" * 300 + "…"
    assert words.plain("ة" * 300) == "ة" * 300


def test_prose_keeps_its_lines_and_the_joiners_that_scripts_need() -> None:
    assert (
        words.prose("one\r\n\u202etwo\x07\n\n\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
        == "one\ntwo\n\n\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )
    assert len(words.prose("x" * 1_000_000)) == words.PROSE_CHARACTERS + 2


def test_long_evidence_stays_readable_without_markdown() -> None:
    document = badge()
    document["evidence"] = [
        {"type": ["Evidence"], "narrative": f"**{number}**<b>" + "y" * (words.PROSE_CHARACTERS - 8)} for number in range(5)
    ]
    page = shown(document, judged())
    refuse_active_content(Reader(page))
    assert "<strong>1</strong>&lt;b&gt;" in page
    assert "**4**&lt;b&gt;" in page


def test_a_hostile_document_cannot_make_a_page_without_end() -> None:
    levels = [{"id": f"https://there.example/a#l{number}", "name": "[" * 300} for number in range(1000)]
    document = badge("[" * 10_000)
    achievement = document["credentialSubject"]["achievement"]
    described = {"id": "https://there.example/a#r", "name": "x", "rubricCriterionLevel": levels}
    achievement["resultDescription"] = [described] * 50
    document["credentialSubject"]["result"] = [{"resultDescription": described["id"], "value": "1"}] * 1000
    document["evidence"] = [{"narrative": "[" * 10_000}] * 100
    started = time.process_time()
    page = shown(document, judged())
    assert time.process_time() - started < 60, "every level of every one of a thousand results was written"
    assert len(page) < 20_000_000
    assert f"At most {words.LISTED} of a kind are shown" in page


PAGES = {
    "home": pages.home_page(),
    "verify": pages.verify_page(),
    "fault": pages.verify_page(asked="x", fault={"title": "Too large", "detail": "It is too large."}),
    "problem": pages.problem_page({"type": "about:blank", "title": "Not found", "detail": "Nothing here."}, status=404),
    "bare problem": pages.problem_page({}, status=500),
    **{f"verify {name}": pages.verify_page(report=found, document=badge()) for name, (found, _, _) in REPORTS.items()},
    **{f"badge {name}": shown(badge(), found) for name, (found, _, _) in REPORTS.items()},
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
def test_every_page_can_be_found_through_without_sight(page: str) -> None:
    read = Reader(page)
    assert page.startswith("<!DOCTYPE html>")
    assert read.all("html") == [{"lang": "en"}]
    assert {"name": "referrer", "content": "no-referrer"} in read.all("meta")
    assert [len(read.all(tag)) for tag in ("main", "h1", "header", "footer", "nav")] == [1, 1, 1, 1, 1]
    headings = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert all(below - above <= 1 for above, below in itertools.pairwise(headings))
    identifiers = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(set(identifiers)) == len(identifiers)
    assert read.all("a")[0] == {"class": "skip", "href": "#main"}
    named = [
        attributes[name] for _, attributes in read.elements for name in ("for", "aria-labelledby", "aria-describedby") if name in attributes
    ]
    assert set(named) <= set(identifiers)
    assert all("alt" in item for item in read.all("img"))


def test_pages_about_a_badge_are_not_indexed() -> None:
    robots = {"name": "robots", "content": "noindex"}
    assert {name for name, page in PAGES.items() if robots in Reader(page).all("meta")} == set(PAGES) - {"home"}


def test_the_form_works_without_a_script() -> None:
    read = Reader(pages.verify_page(asked='https://x.example/?a="b"&c'))
    [form] = read.all("form")
    assert (form["method"], form["action"], form["enctype"]) == ("post", "/verify", "multipart/form-data")
    assert [item["name"] for item in (*read.all("input"), *read.all("textarea"))] == ["url", "file", "photo", "recipient", "text"]
    assert read.all("input")[0]["value"] == 'https://x.example/?a="b"&c'


def test_a_fault_is_told_at_the_form() -> None:
    read = Reader(PAGES["fault"])
    assert "Too large It is too large." in read.text
    assert {"class": "fault", "role": "alert"} in read.all("div")


def test_a_badge_can_be_downloaded_and_verified_again() -> None:
    links = [item["href"] for item in Reader(shown(badge(), judged())).all("a")]
    assert "/c/1.json" in links
    assert "/verify?url=https%3A%2F%2Fbadges.example%2Fc%2F1%3Fa%3Db%26c%3Dd%20e" in links


def test_evidence_of_the_verification_is_listed() -> None:
    looked = report.Evidence("https://badges.example/s/1", "ab" * 32, NOW - timedelta(minutes=1))
    read = Reader(pages.verify_page(report=judged(Step("status", Outcome.VALID, evidence=(looked,))))).text
    assert "https://badges.example/s/1 as of 19 June 2026, 14:04 UTC , SHA-256 " + "ab" * 32 in read


def test_a_credential_that_is_no_badge_is_not_called_one() -> None:
    read = Reader(pages.verify_page(report=judged(REVOKED, profile="vc"), document={"name": "Membership"})).text
    assert "This credential has been revoked" in read
    assert "Membership" in read


def test_the_policy_lets_no_script_and_no_stranger_in() -> None:
    policy = dict(part.strip().split(" ", 1) for part in pages.CONTENT_SECURITY_POLICY.split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "script-src" not in policy
    assert "unsafe" not in pages.CONTENT_SECURITY_POLICY
    assert "http" not in pages.CONTENT_SECURITY_POLICY


def test_an_issuer_known_through_a_registry_is_shown_with_it() -> None:
    found = judged()
    found["issuer"]["listed_in"] = "DCC <b>Registry</b>"
    for page in (shown(badge(), found), pages.verify_page(report=found, document=badge())):
        assert "This issuer is on the registry DCC <b>Registry</b> , which this service trusts" in Reader(page).text
    assert "on the registry" not in Reader(pages.verify_page(report=judged(), document=badge())).text
