from __future__ import annotations

from dataclasses import replace

import pytest
from tests.vc import kit
from tests.vc.kit import GENERIC, HOLDER, ISSUER, OTHER, WEB, WEB_METHOD

from badgeissuer import problem
from badgeissuer.openbadges import verification as badges
from badgeissuer.vc import contexts, controller, presentation, report, secured, verification
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Outcome

GOOD_LIST = kit.at(list=kit.list_by())
BADGE = verification.Policy(badges.BADGE)
POLICIES = pytest.mark.parametrize("policy", [GENERIC, BADGE], ids=["vc", "badge"])
TOKEN = kit.token(kit.badge())


@pytest.fixture
def signed() -> JsonObject:
    return kit.sign(kit.badge())


def _faults(source: JsonObject, policy: verification.Policy = GENERIC, **documents: object) -> dict[str, str]:
    return kit.faults(kit.verify(source, GOOD_LIST | kit.at(**documents), policy=policy))


# --- the form of a presentation


@pytest.mark.parametrize(
    ("source", "pointers"),
    [
        ({}, []),
        ({"verifiableCredential": {"a": 1}}, ["/verifiableCredential"]),
        ({"verifiableCredential": "a.b.c"}, ["/verifiableCredential"]),
        ({"verifiableCredential": ["a.b.c", {"a": 1}, 5]}, [f"/verifiableCredential/{number}" for number in range(3)]),
        ({"verifiableCredential": []}, []),
        ({"verifiableCredential": None}, []),
    ],
)
def test_the_credentials_in_a_presentation_are_found(source: JsonObject, pointers: list[str]) -> None:
    found = presentation.credentials(source)
    assert [(pointer, role) for pointer, role, _ in found] == [(pointer, "credential") for pointer in pointers]
    assert "verifiableCredential" not in presentation.without_credentials(source | {"a": 1})


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({}, []),
        ({"id": "urn:x:y", "holder": {"id": HOLDER.did}}, []),
        ({"holder": None}, []),
        ({"id": "x"}, ["/id"]),
        ({"id": ["urn:x:y"]}, ["/id"]),
        ({"holder": "x"}, ["/holder"]),
        ({"holder": {}}, ["/holder"]),
        ({"holder": [HOLDER.did]}, ["/holder"]),
        ({"holder": 5}, ["/holder"]),
        ({"verifiableCredential": 5}, ["/verifiableCredential"]),
        ({"verifiableCredential": [TOKEN, 5, None, []]}, [f"/verifiableCredential/{number}" for number in (1, 2, 3)]),
        ({"type": ["VerifiablePresentation", "VerifiableCredential"]}, ["/type"]),
    ],
    ids=str,
)
def test_the_rules_for_presentations(change: JsonObject, pointers: list[str]) -> None:
    source = {"type": "VerifiablePresentation", "holder": HOLDER.did} | change
    assert [finding.pointer for finding in presentation.rules(source)] == pointers
    assert presentation.is_presentation(source)


@pytest.mark.parametrize("kind", [None, "VerifiableCredential", {"a": 1}, ["x", ["VerifiablePresentation"]]], ids=str)
def test_a_presentation_is_known_by_its_type(kind: object) -> None:
    assert not presentation.is_presentation({"type": kind})


# --- verified


@POLICIES
def test_a_good_presentation_is_valid_with_each_credential_in_it(signed: JsonObject, policy: verification.Policy) -> None:
    found = kit.verify(kit.present(signed, secured.envelope(TOKEN)), GOOD_LIST, policy=policy)
    assert found.outcome is Outcome.VALID
    assert {step.name for step in found.steps if step.outcome is Outcome.VALID} == {
        "syntax", "context", "data_model", "proof", "issuer", "validity", "credentials",
    }  # fmt: skip
    assert [(part.pointer, part.report.outcome.value) for part in found.parts] == [
        ("/verifiableCredential/0", "VALID"),
        ("/verifiableCredential/1", "VALID"),
    ]
    assert (found.issuer.id, found.summary[:17]) == (HOLDER.did, "This presentation")


@POLICIES
def test_one_credential_may_stand_without_an_array(signed: JsonObject, policy: verification.Policy) -> None:
    found = kit.verify(kit.present(change={"verifiableCredential": signed}), GOOD_LIST, policy=policy)
    assert (found.outcome, [part.pointer for part in found.parts]) == (Outcome.VALID, ["/verifiableCredential"])


@POLICIES
def test_a_presentation_of_nothing_is_one(policy: verification.Policy) -> None:
    found = kit.verify(kit.present(change={"verifiableCredential": None}), policy=policy)
    assert (found.outcome, "credentials" in {step.name for step in found.steps}) == (Outcome.VALID, False)


@POLICIES
def test_a_presentation_is_no_better_than_the_worst_in_it(signed: JsonObject, policy: verification.Policy) -> None:
    for inside, outcome in (
        (signed | {"name": "Leadership"}, "INVALID"),
        (signed | {"proof": signed["proof"] | {"cryptosuite": "x"}}, "INDETERMINATE"),
    ):
        found = kit.verify(kit.present(signed, inside), GOOD_LIST, policy=policy)
        assert kit.faults(found) == {"credentials": outcome}
        assert found.step("credentials").findings[0].pointer == "/verifiableCredential/1"


@POLICIES
def test_a_presentation_in_a_presentation_is_refused(signed: JsonObject, policy: verification.Policy) -> None:
    found = kit.verify(kit.present(kit.present(signed)), GOOD_LIST, policy=policy)
    assert kit.faults(found) == {"credentials": "INVALID"}
    assert "not the kind of credential that belongs here" in kit.detail(found, "credentials")


@POLICIES
def test_an_unsigned_presentation_is_refused_and_what_is_in_it_is_judged_all_the_same(
    signed: JsonObject, policy: verification.Policy
) -> None:
    source = {name: value for name, value in kit.present(signed).items() if name != "proof"}
    found = kit.verify(source, GOOD_LIST, policy=policy)
    assert kit.faults(found) == {"proof": "INVALID"}
    assert found.step("credentials").findings[0].type == report.NOT_REACHED
    assert found.parts[0].report.outcome is Outcome.VALID


# --- whose key signs, and for what


@POLICIES
def test_the_key_must_be_the_holders(signed: JsonObject, policy: verification.Policy) -> None:
    stolen = kit.present(signed, holder=OTHER, change={"holder": HOLDER.did})
    found = kit.verify(stolen, GOOD_LIST, policy=policy)
    assert kit.faults(found) == {"issuer": "INVALID"}
    assert "not controlled by the holder" in found.summary
    named = kit.present(signed, change={"holder": {"id": HOLDER.did, "type": "https://x.example/Person"}})
    assert kit.verify(named, GOOD_LIST, policy=policy).outcome is Outcome.VALID


@POLICIES
def test_a_presentation_that_names_no_holder_is_bound_to_none(signed: JsonObject, policy: verification.Policy) -> None:
    found = kit.verify(kit.present(signed, change={"holder": None}), GOOD_LIST, policy=policy)
    assert (found.outcome, found.step("issuer").outcome, found.issuer.id) == (Outcome.VALID, Outcome.NOT_APPLICABLE, "")


@POLICIES
@pytest.mark.parametrize("purpose", ["assertionMethod", "keyAgreement", "capabilityInvocation"])
def test_a_presentation_is_signed_for_authentication_and_for_nothing_else(
    signed: JsonObject, policy: verification.Policy, purpose: str
) -> None:
    found = kit.verify(kit.present(signed, proofPurpose=purpose), GOOD_LIST, policy=policy)
    assert kit.faults(found) == {"proof": "INVALID"}
    assert "another purpose than authentication" in found.summary


def test_a_credential_is_not_signed_for_authentication() -> None:
    found = kit.verify(kit.prove(kit.badge(), ISSUER, proofPurpose="authentication"), GOOD_LIST, policy=GENERIC)
    assert kit.faults(found) == {"proof": "INVALID"}


@pytest.mark.parametrize(("listed", "outcome"), [("authentication", Outcome.VALID), ("assertionMethod", Outcome.INVALID)])
def test_the_holders_document_must_list_the_key_for_authentication(signed: JsonObject, listed: str, outcome: Outcome) -> None:
    holder = kit.SeedSigner(3, WEB_METHOD)
    source = kit.present(signed, holder=holder)
    document = kit.web_document(HOLDER)
    del document["assertionMethod"]
    found = kit.verify(source, GOOD_LIST | kit.at(web=document | {listed: [WEB_METHOD]}), policy=GENERIC)
    assert found.outcome is outcome
    assert outcome is Outcome.VALID or found.step("proof").findings[0].type == controller.INVALID_RELATIONSHIP
    assert found.issuer.id == WEB


def test_what_a_presentation_rests_upon_is_asked_for(signed: JsonObject) -> None:
    source = kit.present(
        signed, kit.sign(kit.badge(WEB, status=False), kit.WEB_ISSUER), holder=kit.SeedSigner(3, "did:web:holder.example#k")
    )
    assert verification.needs(source, {}, policy=GENERIC) == {kit.LIST, kit.WEB_URL, "https://holder.example/.well-known/did.json"}


# --- for which occasion

_ERRORS = {"challenge": problem.SECURITY + "INVALID_CHALLENGE_ERROR", "domain": problem.SECURITY + "INVALID_DOMAIN_ERROR"}


@pytest.mark.parametrize("name", ["challenge", "domain"])
@pytest.mark.parametrize(
    ("made", "asked", "is_good"),
    [
        ("a", "a", True),
        (["b", "a"], "a", True),
        ("a", None, True),
        (None, None, True),
        ("b", "a", False),
        (["b"], "a", False),
        (None, "a", False),
        ("", "a", False),
        ("ab", "a", False),
        ("a", "", False),
    ],
)
def test_a_proof_counts_for_the_occasion_that_it_was_made_for(
    signed: JsonObject,
    name: str,
    made: object,
    asked: str | None,
    is_good: bool,  # noqa: FBT001 - a table
) -> None:
    options = {} if made is None else {name: made}
    found = kit.verify(kit.present(signed, **options), GOOD_LIST, policy=replace(GENERIC, **{name: asked}))  # type: ignore[arg-type]
    assert found.outcome is (Outcome.VALID if is_good else Outcome.INVALID)
    if not is_good:
        assert kit.faults(found) == {"proof": "INVALID"}
        assert found.step("proof").findings[0].type == _ERRORS[name]
        assert f"for another {name}" in found.summary


def test_every_proof_of_a_presentation_must_be_for_the_occasion(signed: JsonObject) -> None:
    one, other = (kit.present(signed, challenge=challenge) for challenge in ("a", "b"))
    both = one | {"proof": [one["proof"], other["proof"]]}
    assert kit.verify(both, GOOD_LIST, policy=GENERIC).outcome is Outcome.VALID
    assert _faults(both, replace(GENERIC, challenge="a")) == {"proof": "INVALID"}


def test_the_occasion_is_not_asked_of_the_credentials(signed: JsonObject) -> None:
    source = kit.present(signed, challenge="a", domain="b")
    assert kit.verify(source, GOOD_LIST, policy=replace(GENERIC, challenge="a", domain="b")).outcome is Outcome.VALID


# --- what is no presentation


@POLICIES
def test_nothing_is_a_credential_and_a_presentation_at_once(policy: verification.Policy) -> None:
    """A holder could otherwise sign what says that the college issued it: as a presentation it would be theirs to sign."""
    both = kit.badge() | {"type": ["VerifiableCredential", "OpenBadgeCredential", presentation.TYPE], "holder": HOLDER.did}
    forged = kit.prove(both | {"@context": [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES]}, HOLDER, proofPurpose="authentication")
    for source in (forged, kit.token(both, HOLDER)):
        found = kit.verify(source, GOOD_LIST, policy=policy)
        assert found.outcome is Outcome.INVALID
        assert found.step("data_model").outcome is Outcome.INVALID


@pytest.mark.parametrize("hidden", ["@included", "@graph", "@reverse"])
@POLICIES
def test_nothing_is_hidden_in_a_presentation(signed: JsonObject, policy: verification.Policy, hidden: str) -> None:
    found = kit.verify(kit.present(signed) | {hidden: [{"id": "urn:x:y"}]}, GOOD_LIST, policy=policy)
    assert found.step("data_model").outcome is Outcome.INVALID


def test_a_presentation_may_bring_words_of_its_own_to_vc_api_only(signed: JsonObject) -> None:
    context = [contexts.CREDENTIALS_V2, {"shown": "https://x.example/shown"}]
    source = kit.present(signed, change={"@context": context, "shown": "yes"})
    assert kit.verify(source, GOOD_LIST, policy=GENERIC).outcome is Outcome.VALID
    assert _faults(source, BADGE) == {"context": "INVALID"}


def test_the_credentials_in_a_presentation_are_bounded_in_all(signed: JsonObject) -> None:
    source = kit.present(change={"verifiableCredential": None}) | {"verifiableCredential": [signed] * 81}
    assert _faults(source, BADGE)["data_model"] == "INVALID"
    assert "contexts in all" in kit.detail(kit.verify(source, GOOD_LIST, policy=BADGE), "data_model")
