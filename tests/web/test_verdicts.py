"""What a page says of real documents: badges, endorsements, records and presentations, each with the verdict of the verifier on it."""

from __future__ import annotations

import itertools
import json
import re
import time
from datetime import datetime
from typing import Any

import pytest
from tests.corpus import kit, wrapping
from tests.corpus.kit import COLLEGE, NOTARY, SCHOOL
from tests.web.seen import CORPUS, endorsement, page, record, signed, verified
from tests.web.test_pages import ATTACKS, FORGED, Reader, badge, fails, judged, refuse_active_content

from badgeissuer import verifying
from badgeissuer.vc import report as reports
from badgeissuer.vc.report import Outcome, Step
from badgeissuer.web import pages, words

EXPECTED: dict[str, dict[str, Any]] = json.loads((CORPUS / "expected.json").read_text("utf-8"))
SHOWN = [path for path, case in EXPECTED.items() if case.get("stored", True)]
REMARK = "“Final essay”: reached Satisfactory, but Good was required."


def read(body: bytes | str, **options: Any) -> str:  # noqa: ANN401 - as `page`
    """Return the words of the page, after checking that there is nothing on it but words."""
    text = page(body, **options)
    refuse_active_content(Reader(text))
    return Reader(text).text.partition("Verify another badge")[0]


# --- every page


@pytest.mark.parametrize("group", sorted({path.partition("/")[0] for path in SHOWN}))
def test_every_case_of_the_corpus_makes_a_page(group: str) -> None:
    for path in [path for path in SHOWN if path.startswith(f"{group}/")][::3]:  # one in three, to keep the suite short
        case = EXPECTED[path]
        text = page(path, recipient=case.get("recipient"), at=case.get("at", kit.NOW))
        found = Reader(text)
        refuse_active_content(found)
        headings = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
        assert headings[0] == 1, path
        assert all(below - above <= 1 for above, below in itertools.pairwise(headings)), path
        identifiers = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
        assert len(set(identifiers)) == len(identifiers), path


# --- what to do


def test_every_finding_says_what_to_do_next() -> None:
    found = verified("proof/chain-by-a-number.json").report.to_json()
    text = Reader(pages.verify_page(report=found)).text
    findings = [item for step in found["steps"] for item in step["problems"] if not item["type"].endswith(":not-reached")]
    assert findings
    for item in findings:
        assert f"{item['detail']} {item['next']}" in text
    assert "What to do: " + findings[0]["next"] in text
    assert "See to the finding that comes first" not in text


@pytest.mark.parametrize("kind", ["known", "revoked", "expired"])
def test_where_the_headline_says_it_all_nothing_is_said_twice(kind: str) -> None:
    cases = {"known": "trust/known-issuer.json", "revoked": "clr/revoked.json", "expired": "vcdm-1.1/expired.json"}
    assert "What to do:" not in read(cases[kind])


def test_the_reader_is_told_what_is_no_fault_but_must_be_known() -> None:
    noted = reports.Step("data_model", Outcome.VALID, (verification_finding(REMARK),))
    document = badge()
    for text in (
        Reader(pages.verify_page(report=judged(noted), document=document)).text,
        Reader(pages.badge_page(document, judged(noted), downloads=[])).text,
    ):
        assert f"Please note {REMARK}" in text
        assert text.index(REMARK) < text.index("How this was checked")
    first = Reader(pages.verify_page(report=judged(noted), document=document)).text
    assert first.index("Please note") < first.index("Who issued it")


def verification_finding(detail: str) -> Any:  # noqa: ANN401 - what a step holds
    return fails("data_model", detail).findings[0]


def test_remarks_on_a_document_of_nobody_are_not_made() -> None:
    noted = reports.Step("data_model", Outcome.VALID, (verification_finding(REMARK),))
    assert "Final essay" not in pages.verify_page(report=judged(noted, *FORGED), document=badge())


def test_a_thousand_findings_are_not_all_shown() -> None:
    many = Step("data_model", Outcome.INVALID, tuple(verification_finding(f"Fault {number}.") for number in range(1000)))
    text = Reader(pages.verify_page(report=judged(many), document=badge())).text
    assert text.count("Fault ") < 2 * words.LISTED
    assert "900 more are in the report" in text


# --- whose it is


@pytest.mark.parametrize(
    ("case", "recipient", "headline", "answer"),
    [
        ("address-hashed-with-salt", "learner@example.org", None, "Yes: it was issued to learner@example.org ."),
        (
            "another-address-hashed",
            "eve@example.org",
            "was issued to somebody else",
            "No: it was issued to somebody else than eve@example.org .",
        ),
        ("address-asked-and-a-did-given", "learner@example.org", "It cannot be told whose badge this is", "Not known: "),
    ],
)
def test_the_answer_to_whom_it_was_issued_stands_by_itself(case: str, recipient: str, headline: str | None, answer: str) -> None:
    text = page(f"recipient/{case}.json", recipient=recipient)
    assert answer in Reader(text).text.partition("Issued to whom you named?")[2]
    assert Reader(text).text.index("Issued to whom you named?") < Reader(text).text.index("Who issued it")
    if headline:
        assert headline in Reader(text).text
        assert "Everything else about the badge passed the check." in Reader(text).text
    again = next(item for item in Reader(text).all("input") if item["name"] == "recipient")
    assert again["value"] == recipient
    assert "Issued to whom you named?" not in page(f"recipient/{case}.json")


def test_whose_a_forgery_is_is_not_told() -> None:
    assert "Issued to whom you named?" not in page("recipient/forged-and-fitting.json", recipient="did:example:eve")
    assert "Issued to whom you named?" not in page("parsing/array-of-one-badge.json", recipient="did:example:eve")


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_the_person_who_was_named_stays_words(attack: str) -> None:
    text = page("recipient/did.json", recipient=attack)
    refuse_active_content(Reader(text))
    assert re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text.replace(attack, "")) is None


# --- endorsements


@pytest.mark.parametrize(
    ("case", "about"),
    [
        ("of-the-badge", "this badge"),
        ("of-the-achievement", "the achievement"),
        ("of-the-issuer", "the issuer"),
        ("of-the-learner", "the learner"),
    ],
)
def test_a_good_endorsement_says_who_endorses_what_and_with_which_words(case: str, about: str) -> None:
    text = read(f"endorsement/{case}.json").partition("Endorsements ")[2]
    assert text.startswith(f"An endorsement of {about} Well deserved. Unverified endorser")
    assert NOTARY.did in text
    assert "claims the name The Notary" in text
    assert "Endorsed on 20 May 2026" in text


def test_an_endorsement_in_a_token_is_shown_too() -> None:
    assert "An endorsement of this badge Well deserved." in read("endorsement/as-a-token.json")


def test_markdown_of_an_endorser_is_of_few_elements() -> None:
    inner = kit.sign(endorsement(comment="Well *deserved*.\n\n# Big <script>x</script> ![x](https://evil.example/x.png)"), NOTARY)
    text = page(signed(kit.badge(SCHOOL) | {"endorsement": [inner]}))
    refuse_active_content(Reader(text))
    assert "Well <em>deserved</em>." in text
    assert "evil.example" not in text


@pytest.mark.parametrize(
    "case", ["forged", "changed", "of-a-stranger", "expired", "revoked", "unsigned", "of-another-badge", "suite-unknown"]
)
def test_the_words_of_no_other_endorsement_are_shown(case: str) -> None:
    text = read(f"endorsement/{case}.json")
    assert "Well deserved" not in text
    assert "The best there is" not in text
    assert "What it says is not shown." in text
    if EXPECTED[f"endorsement/{case}.json"]["outcome"] == "INVALID":
        assert "Something inside this badge did not pass the check" in text
        assert "The badge itself is as it was signed." in text


@pytest.mark.parametrize("case", ["added-after-signing", "token-added-after-signing", "around-a-token-of-a-stranger"])
def test_an_endorsement_that_nobody_is_known_to_have_put_there_is_not_shown(case: str) -> None:
    text = read(f"endorsement/{case}.json")
    assert "Well deserved" not in text
    assert "An endorsement of" not in text


def test_who_endorses_their_own_badge_is_told() -> None:
    assert "The issuer of the badge endorses itself here." in read("endorsement/by-the-issuer-itself.json")
    assert "endorses itself" not in read("endorsement/of-the-badge.json")


def test_an_endorsement_by_itself_is_no_badge() -> None:
    for case in ("by-itself.json", "by-itself.jwt"):
        text = read(f"endorsement/{case}")
        assert "Who endorses it Unverified endorser" in text
        assert "What the endorsement says" in text
        assert "Well deserved." in text
        assert "https://issuer.example/c/1" in text
        assert "What it takes to earn it" not in text
        assert "Open Badges 3.0 endorsement" in text


def test_an_endorsement_without_words_says_so() -> None:
    silent = kit.changed(endorsement(), {"/credentialSubject/endorsementComment": kit.DROP})
    assert "It has no comment." in read(signed(kit.badge(SCHOOL) | {"endorsement": [kit.sign(silent, NOTARY)]}))


# --- credentials inside


def test_a_record_shows_each_credential_with_its_own_verdict() -> None:
    text = read("clr/two-badges-of-two-issuers.json")
    assert "Genuine and in force" in text
    assert "Who published it Published by Northfield College" in text
    assert "Record of Ada" in text
    inside = text.partition("2 credentials inside")[2].partition("How this was checked")[0]
    assert [inside.index(word) for word in ("Teamwork", "Issued by Northfield College", "Pathway")] == sorted(
        inside.index(word) for word in ("Teamwork", "Issued by Northfield College", "Pathway")
    )
    assert inside.count("Valid Achievement") == 2
    assert "What it takes to earn it" not in text.partition("2 credentials inside")[0], "a record is no badge"


@pytest.mark.parametrize(
    "case", ["clr/token-inside.json", "clr/envelope-inside.json", "clr/record.jwt", "presentation/of-an-envelope.json"]
)
def test_credentials_inside_are_read_in_every_form(case: str) -> None:
    inside = read(case).partition("inside")[2]
    assert "Valid Achievement Teamwork" in inside


def test_a_record_that_is_partial_says_so() -> None:
    assert "that this is only a part of the" in read("clr/partial.json")
    assert "only a part" not in read("clr/one-badge.json")


def test_what_is_good_inside_is_shown_and_what_is_forged_is_not() -> None:
    text = read("clr/badge-inside-forged-beside-a-good-one.json")
    inside = text.partition("2 credentials inside")[2]
    assert "Something inside this learning record did not pass the check" in text
    assert "Invalid · This badge did not pass the check Nothing of what it says is shown" in inside
    assert "Valid Achievement Pathway" in inside
    assert "Teamwork" not in inside


@pytest.mark.parametrize(
    ("case", "headline"),
    [("clr/badge-inside-expired.json", "This badge has expired"), ("presentation/badge-revoked.json", "This badge has been revoked")],
)
def test_what_does_not_count_inside_says_why(case: str, headline: str) -> None:
    inside = read(case).partition("1 credential inside")[2]
    assert f"Invalid · {headline}" in inside
    assert "Teamwork" in inside


@pytest.mark.parametrize(
    "case", ["clr/badge-added.json", "clr/forged.json", "clr/unsigned.json", "presentation/badge-added.json", "presentation/forged.json"]
)
def test_what_nobody_is_known_to_have_put_together_is_not_shown(case: str) -> None:
    text = read(case)
    assert "Teamwork" not in text
    assert " inside Valid" not in text


def test_a_presentation_is_shown_as_what_it_holds() -> None:
    text = read("presentation/of-two-badges.json")
    assert "All that is presented passed the check" in text
    assert "was not checked: anybody can pass a file on" in text
    assert "Who presents it Unverified holder" in text
    assert "What the presentation says" not in text
    assert text.partition("2 credentials inside")[2].count("Valid Achievement Teamwork") == 2
    assert "Holder that the document names" in text


def test_a_presentation_that_names_nobody_says_so() -> None:
    assert "No holder is named" in read("presentation/without-a-holder.json")


def test_remarks_and_endorsements_inside_stand_with_what_they_are_about() -> None:
    graded = json.loads((CORPUS / "cases" / "controls" / "graded-with-status.json").read_bytes())
    praise = kit.sign(endorsement("https://issuer.example/c/2", comment="Well deserved."), NOTARY)
    endorsed = kit.sign(kit.badge(SCHOOL) | {"id": "https://issuer.example/c/2", "endorsement": [praise]}, SCHOOL)
    text = read(signed(record(graded, endorsed), COLLEGE))
    first, _, second = (
        text.partition("2 credentials inside")[2].partition("Valid Achievement Teamwork")[2].partition("Valid Achievement Teamwork")
    )
    assert "Please note “Quiz”: the result is provisional" in first
    assert "An endorsement of" not in first
    assert "An endorsement of this badge Well deserved." in second


def test_a_record_in_a_presentation_is_opened_to_its_last_endorsement() -> None:
    endorsed = kit.sign(kit.badge(SCHOOL) | {"endorsement": [kit.sign(endorsement(), NOTARY)]}, SCHOOL)
    shown = {"@context": [kit.V2], "type": ["VerifiablePresentation"], "holder": NOTARY.did} | {
        "verifiableCredential": [kit.sign(record(endorsed), COLLEGE)]
    }
    text = page(kit.text(kit.sign(shown, NOTARY, proofPurpose="authentication")))
    refuse_active_content(Reader(text))
    headings = [tag for tag, _ in Reader(text).elements if re.fullmatch("h[1-6]", tag)]
    assert "h6" in headings
    assert "An endorsement of this badge Well deserved ." in Reader(text).text


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_words_of_strangers_inside_stay_words(attack: str) -> None:
    inner, good = badge(attack), judged(identity="unverified", name=attack)
    bad = judged(fails("status", attack), name=attack)
    praise = endorsement(comment=attack) | {"name": attack}
    outer = record(inner, inner, name=attack) | {"endorsement": [praise, praise]}
    parts = [
        {"pointer": f"/credentialSubject/verifiableCredential/{number}", "role": "credential", "report": found}
        for number, found in enumerate((good, bad))
    ]
    parts += [{"pointer": f"/endorsement/{number}", "role": "endorsement", "report": found} for number, found in enumerate((good, bad))]
    found = judged(name=attack) | {"parts": parts}
    for text in (
        pages.verify_page(asked=attack, recipient=attack, report=found, document=outer),
        pages.badge_page(badge(attack) | {"endorsement": [praise, praise]}, found | {"parts": parts[2:]}, downloads=[]),
    ):
        refuse_active_content(Reader(text))
        assert re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text) is None


@pytest.mark.parametrize(
    "pointer", ["/nothing/0", "/credentialSubject/verifiableCredential/7", "/name/x", "/credentialSubject/x", "", "/type/0", "/type/x"]
)
def test_a_place_with_nothing_in_it_is_not_shown(pointer: str) -> None:
    found = judged() | {"parts": [{"pointer": pointer, "role": "credential", "report": judged()}]}
    text = pages.verify_page(report=found, document=record() | {"name": 7})
    refuse_active_content(Reader(text))
    assert "1 credential inside" in Reader(text).text


def test_a_hostile_record_cannot_make_a_page_without_end() -> None:
    """The verifier reads no more than 48 credentials inside, and no document of more than a mebibyte."""
    for count, length in ((48, 220), (1, words.PROSE_CHARACTERS)):
        document = record(*[badge("[" * length)] * count)
        assert len(json.dumps(document)) < verifying.MAX_BYTES
        parts = [
            {"pointer": f"/credentialSubject/verifiableCredential/{number}", "role": "credential", "report": judged()}
            for number in range(count)
        ]
        started = time.process_time()
        text = pages.verify_page(report=judged() | {"parts": parts}, document=document)
        assert time.process_time() - started < 10
        assert len(text) < 20_000_000


# --- dates


@pytest.mark.parametrize(
    ("case", "headline"), [("vcdm-1.1/expired.json", "This badge has expired"), ("vcdm-1.1/not-yet.json", "This badge is not valid yet")]
)
def test_the_dates_of_an_older_badge_are_read_like_those_of_today(case: str, headline: str) -> None:
    text = read(case)
    assert headline in text
    assert "Open Badge 3.0 on W3C data model 1.1" in text
    found = verified(case).document
    assert found is not None
    for name in ("issuanceDate", "expirationDate"):
        day = datetime.fromisoformat(found[name])
        assert f"{day.day} {day:%B} {day.year}" in text


def test_a_signature_out_of_its_time_is_not_called_an_end_of_the_badge() -> None:
    assert "This badge does not count at this time" in read("validity/proof-expired.json")


def test_a_token_that_ends_before_its_badge_does_not_count() -> None:
    token = wrapping.sign_jwt(kit.changed(kit.badge(COLLEGE), {"/validUntil": kit.DROP}), exp=1_779_800_000)
    text = read(token)
    assert "This badge does not count at this time" in text
