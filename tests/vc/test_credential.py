from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import contexts, credential, proof, report, shape
from badgeissuer.vc.document import JsonObject

V1, V2 = contexts.CREDENTIALS_V1, contexts.CREDENTIALS_V2
EARLIER, LATER = "2026-05-20T14:05:00Z", "2027-05-20T14:05:00.123-04:00"

PLAIN: JsonObject = {
    "@context": [V2, {"Portfolio": "https://college.example/terms#Portfolio", "Rules": "https://college.example/terms#Rules"}],
    "id": "urn:uuid:2b6b4d5e-7ab8-4c58-a6f2-1f0a3f0a7f11",
    "type": ["VerifiableCredential"],
    "issuer": "did:example:college",
    "credentialSubject": {"id": "did:example:asha"},
}
OLD: JsonObject = PLAIN | {"@context": [V1, *PLAIN["@context"][1:]], "issuanceDate": EARLIER}


def text(value: str, **more: Any) -> JsonObject:  # noqa: ANN401 - any JSON value
    """Return a text in a language; `direction` becomes `@direction`, `_url` becomes `url`."""
    keywords = {f"@{name}" if not name.startswith("_") else name[1:]: item for name, item in more.items()}
    return {"@value": value} | keywords


def pointers(source: JsonObject) -> list[str]:
    return [finding.pointer for finding in credential.rules(source)]


def changed(source: JsonObject, change: JsonObject) -> JsonObject:
    """Return a copy with other members; `...` takes one away."""
    return {name: value for name, value in (source | change).items() if value is not ...}


# --- contexts


@pytest.mark.parametrize("value", [[V2], [V2, contexts.OPEN_BADGES], [V2, {"term": "urn:x:y"}], [V2] * credential.MAX_CONTEXTS])
def test_contexts_that_are_held_pass(value: object) -> None:
    credential.check_context({"@context": value}, contexts.PINNED)


@pytest.mark.parametrize(
    "value",
    [None, V2, {}, [], [contexts.OPEN_BADGES, V2], [{}, V2], [V2, 5], [V2, None], [V2, [V2]], [V2] * (credential.MAX_CONTEXTS + 1)],
    ids=str,
)
def test_contexts_of_another_form_are_invalid(value: object) -> None:
    with pytest.raises(problem.Invalid):
        credential.check_context({"@context": value}, contexts.PINNED)


def test_definitions_of_its_own_are_refused_where_only_plain_contexts_are_read() -> None:
    credential.check_plain_context({"@context": [V2]}, contexts.PINNED)
    with pytest.raises(problem.Invalid, match="definitions of its own"):
        credential.check_plain_context({"@context": [V2, {}]}, contexts.PINNED)


def test_a_context_that_is_not_held_leaves_the_question_open() -> None:
    with pytest.raises(report.Undecided, match=r"no pinned copy is held here: https://x.example/c"):
        credential.check_context({"@context": [V2, "https://x.example/c"]}, contexts.PINNED)


# --- rules: what is fine


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"id": ...},
        {"id": "did:example:credential"},
        {"type": "VerifiableCredential"},
        {"type": ["https://college.example/terms#Diploma", "VerifiableCredential"]},
        {"issuer": {"id": "https://college.example"}},
        {"credentialSubject": [{"id": "did:example:asha"}, {"id": "did:example:lee"}]},
        {"credentialSubject": {"type": "https://college.example/terms#Learner"}},
        {"validFrom": EARLIER},
        {"validFrom": "2999-01-01T00:00:00+14:00", "validUntil": "2999-01-01T00:00:00+14:00"},
        {"validUntil": "1999-12-31T23:59:59.999999999Z"},
        {"validFrom": EARLIER, "validUntil": LATER},
        {"name": "Diploma"},
        {"name": text("Diploma", language="en", direction="ltr"), "description": text("שלום", language="he", direction="rtl")},
        {"name": [text("Dog", language="en"), text("Cane", language="it"), "Hund"]},
        {"issuer": {"id": "did:example:college", "name": text("College", language="en"), "description": "A college"}},
        {"credentialStatus": {"type": "https://college.example/terms#Status"}},
        {"credentialStatus": [{"type": ["https://college.example/terms#Status"], "id": "urn:x:y"}] * 2},
        {"credentialSchema": {"id": "did:example:schema", "type": "https://college.example/terms#Schema"}},
        {"termsOfUse": [{"type": "Rules"}, {"type": "Rules"}]},
        {"evidence": {"type": "Portfolio", "id": "https://college.example/portfolio"}},
        {"refreshService": {"type": "https://college.example/terms#Refresh", "id": "did:example:refresh"}},
        {"relatedResource": {"id": "https://college.example/handbook.pdf", "digestSRI": "sha256-" + "A" * 43 + "="}},
    ],
    ids=str,
)
def test_a_good_credential_breaks_no_rule_and_can_be_signed(change: JsonObject) -> None:
    source = changed(PLAIN, change)
    assert credential.rules(source) == ()
    assert proof.lint(source, shape.generic_gate, credential.rules).canonical


@pytest.mark.parametrize("change", [{}, {"expirationDate": LATER}, {"expirationDate": EARLIER}], ids=str)
def test_a_good_credential_of_version_1_1_breaks_no_rule(change: JsonObject) -> None:
    assert pointers(OLD | change) == []


def test_a_badge_breaks_no_rule(badge: JsonObject) -> None:
    assert credential.rules(badge) == ()


# --- rules: what is not


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"type": ...}, ["/type"]),
        ({"type": None}, ["/type"]),
        ({"type": []}, ["/type"]),
        ({"type": "OpenBadgeCredential"}, ["/type"]),
        ({"type": {"VerifiableCredential": 1}}, ["/type"]),
        ({"type": [["VerifiableCredential"]]}, ["/type"]),
        ({"type": ["VerifiableCredential", 2]}, ["/type"]),
        ({"id": None}, ["/id"]),
        ({"id": 5}, ["/id"]),
        ({"id": ""}, ["/id"]),
        ({"id": "not a url"}, ["/id"]),
        ({"id": "https ://college.example"}, ["/id"]),
        ({"id": "/c/1"}, ["/id"]),
        ({"id": ["urn:x:y"]}, ["/id"]),
        ({"issuer": ...}, ["/issuer"]),
        ({"issuer": None}, ["/issuer"]),
        ({"issuer": 5}, ["/issuer"]),
        ({"issuer": ""}, ["/issuer"]),
        ({"issuer": "college"}, ["/issuer"]),
        ({"issuer": ["did:x:y"]}, ["/issuer"]),
        ({"issuer": {}}, ["/issuer"]),
        ({"issuer": {"id": None}}, ["/issuer"]),
        ({"issuer": {"id": "z6Mk"}}, ["/issuer"]),
        ({"issuer": {"id": ["did:x:y"]}}, ["/issuer"]),
        ({"credentialSubject": ...}, ["/credentialSubject"]),
        ({"credentialSubject": None}, ["/credentialSubject"]),
        ({"credentialSubject": {}}, ["/credentialSubject"]),
        ({"credentialSubject": []}, ["/credentialSubject"]),
        ({"credentialSubject": "did:x:y"}, ["/credentialSubject"]),
        ({"credentialSubject": [{"id": "urn:a:b"}, {}]}, ["/credentialSubject/1"]),
        ({"credentialSubject": [None, True, 4]}, ["/credentialSubject/0", "/credentialSubject/1", "/credentialSubject/2"]),
        ({"credentialSubject": {"id": ["urn:a:b", "urn:c:d"]}}, ["/credentialSubject/id"]),
        ({"credentialSubject": [{"id": "asha"}]}, ["/credentialSubject/0/id"]),
        ({"validFrom": "yesterday"}, ["/validFrom"]),
        ({"validFrom": None}, ["/validFrom"]),
        ({"validFrom": "2026-05-20"}, ["/validFrom"]),
        ({"validUntil": "2026-05-20T14:05:00"}, ["/validUntil"]),
        ({"validUntil": [EARLIER]}, ["/validUntil"]),
        ({"validFrom": 7, "validUntil": "2026-02-30T00:00:00Z"}, ["/validFrom", "/validUntil"]),
        ({"validFrom": LATER, "validUntil": EARLIER}, ["/validUntil"]),
        ({"issuanceDate": EARLIER, "expirationDate": LATER}, ["/issuanceDate", "/expirationDate"]),
        ({"name": None}, ["/name"]),
        ({"name": 5}, ["/name"]),
        ({"name": {}}, ["/name"]),
        ({"name": {"@language": "en"}}, ["/name"]),
        ({"name": text("Dog", language="en", _url="did:x:y")}, ["/name"]),
        ({"name": ["Dog", text("Cane", type="urn:x:y")]}, ["/name/1"]),
        ({"description": text("Dog", direction="up")}, ["/description"]),
        ({"description": text("Dog", language=5)}, ["/description"]),
        ({"issuer": {"id": "did:x:y", "name": text("Dog", _url="did:x:y")}}, ["/issuer/name"]),
        ({"issuer": {"id": "did:x:y", "description": ["Dog", 5]}}, ["/issuer/description/1"]),
        ({"credentialStatus": {}}, ["/credentialStatus"]),
        ({"credentialStatus": None}, ["/credentialStatus"]),
        ({"credentialStatus": "https://x.example"}, ["/credentialStatus"]),
        ({"credentialStatus": {"type": 2}}, ["/credentialStatus"]),
        ({"credentialStatus": [{"type": "a"}, {"id": "urn:b:c"}]}, ["/credentialStatus/1"]),
        ({"credentialStatus": {"type": "a", "id": ["urn:b:c", "urn:d:e"]}}, ["/credentialStatus/id"]),
        ({"credentialStatus": {"type": "a", "id": "here"}}, ["/credentialStatus/id"]),
        ({"credentialSchema": 5}, ["/credentialSchema"]),
        ({"credentialSchema": {"id": "urn:x:y"}}, ["/credentialSchema"]),
        ({"credentialSchema": {"type": "JsonSchema"}}, ["/credentialSchema/id"]),
        ({"credentialSchema": {"type": "JsonSchema", "id": 5}}, ["/credentialSchema/id"]),
        ({"credentialSchema": [{"type": "JsonSchema", "id": "urn:x:y"}, {"type": "JsonSchema"}]}, ["/credentialSchema/1/id"]),
        ({"refreshService": {"type": ""}}, ["/refreshService"]),
        ({"refreshService": {"id": "urn:x:y"}}, ["/refreshService"]),
        ({"termsOfUse": [[]]}, ["/termsOfUse/0"]),
        ({"evidence": [{"type": []}]}, ["/evidence/0"]),
        ({"evidence": {"type": "Portfolio", "id": None}}, ["/evidence/id"]),
        ({"confidenceMethod": {"id": "urn:x:y"}}, ["/confidenceMethod"]),
        ({"renderMethod": {"type": {}}}, ["/renderMethod"]),
        ({"relatedResource": [V2]}, ["/relatedResource/0"]),
    ],
    ids=str,
)
def test_a_member_of_the_wrong_form_is_named(change: JsonObject, expected: list[str]) -> None:
    assert pointers(changed(PLAIN, change)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"issuanceDate": ...}, ["/issuanceDate"]),
        ({"issuanceDate": "today"}, ["/issuanceDate"]),
        ({"expirationDate": "tomorrow"}, ["/expirationDate"]),
        ({"issuanceDate": LATER, "expirationDate": EARLIER}, ["/expirationDate"]),
        ({"validUntil": EARLIER}, ["/validUntil"]),
        ({"credentialSchema": {"type": "JsonSchemaValidator2018"}}, ["/credentialSchema/id"]),
    ],
    ids=str,
)
def test_what_version_1_1_asks_for_is_asked_of_it(change: JsonObject, expected: list[str]) -> None:
    assert pointers(changed(OLD, change)) == expected


def test_all_that_is_wrong_is_named_at_once() -> None:
    assert pointers({}) == ["/type", "/issuer", "/credentialSubject"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda items: (
        st.lists(items, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "name", "@value", "@language", "@direction", "digestSRI"]), items, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted({*PLAIN, *OLD, "name", "validFrom", "validUntil", "evidence", "relatedResource"})), JSON))
def test_whatever_a_document_holds_it_is_judged(source: JsonObject) -> None:
    assert all(re.fullmatch(r"(/[^/]+)+", finding.pointer) for finding in credential.rules(source))
