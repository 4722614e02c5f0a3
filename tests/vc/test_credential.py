from __future__ import annotations

import pytest

from badgeissuer import problem
from badgeissuer.vc import contexts, credential, report
from badgeissuer.vc.document import JsonObject

V2 = contexts.CREDENTIALS_V2


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


def test_a_context_that_is_not_held_leaves_the_question_open() -> None:
    with pytest.raises(report.Undecided, match=r"no pinned copy is held here: https://x.example/c"):
        credential.check_context({"@context": [V2, "https://x.example/c"]}, contexts.PINNED)


def test_a_good_credential_breaks_no_rule(badge: JsonObject) -> None:
    assert credential.rules(badge) == ()
    assert credential.rules(badge | {"type": "VerifiableCredential", "issuer": "did:x:y", "credentialSubject": [{"a": 1}, {"b": 2}]}) == ()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"type": None}, "/type"),
        ({"type": "OpenBadgeCredential"}, "/type"),
        ({"type": {"VerifiableCredential": 1}}, "/type"),
        ({"type": [["VerifiableCredential"]]}, "/type"),
        ({"issuer": None}, "/issuer"),
        ({"issuer": 5}, "/issuer"),
        ({"issuer": ""}, "/issuer"),
        ({"issuer": ["did:x:y"]}, "/issuer"),
        ({"issuer": {}}, "/issuer"),
        ({"issuer": {"id": None}}, "/issuer"),
        ({"issuer": {"id": ["did:x:y"]}}, "/issuer"),
        ({"credentialSubject": None}, "/credentialSubject"),
        ({"credentialSubject": {}}, "/credentialSubject"),
        ({"credentialSubject": []}, "/credentialSubject"),
        ({"credentialSubject": "did:x:y"}, "/credentialSubject"),
        ({"credentialSubject": [{"a": 1}, {}]}, "/credentialSubject"),
        ({"credentialSubject": [{"a": 1}, "did:x:y"]}, "/credentialSubject"),
        ({"credentialStatus": {}}, "/credentialStatus"),
        ({"credentialStatus": "https://x.example"}, "/credentialStatus"),
        ({"credentialStatus": [{"type": "a"}, {"id": "b"}]}, "/credentialStatus"),
        ({"credentialSchema": 5}, "/credentialSchema"),
        ({"refreshService": {"type": ""}}, "/refreshService"),
        ({"termsOfUse": [[]]}, "/termsOfUse"),
        ({"evidence": [{"type": []}]}, "/evidence"),
    ],
    ids=str,
)
def test_a_member_of_the_wrong_form_is_named(badge: JsonObject, change: JsonObject, pointer: str) -> None:
    assert [finding.pointer for finding in credential.rules(badge | change)] == [pointer]
