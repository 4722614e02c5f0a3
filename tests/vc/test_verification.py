from __future__ import annotations

import base64
import copy
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import contexts, controller, credential, document, proof, report, shape, statuslist, verification
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Outcome

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
CREATED = datetime(2026, 5, 20, 14, 5, tzinfo=UTC)
LIST = "https://badges.example/status/1"
WEB = "did:web:badges.example"
WEB_METHOD = WEB + "#key-1"
WEB_URL = "https://badges.example/.well-known/did.json"
KEY_PAGE = "https://badges.example/keys/1"
Signers = Callable[..., Any]
Gathered = dict[str, verification.Resource | verification.Unreachable]


def _badge_context(source: JsonObject, known: Mapping[str, contexts.Context]) -> None:
    credential.check_context(source, known)
    if source["@context"] not in ([contexts.CREDENTIALS_V2, contexts.OPEN_BADGES], [contexts.CREDENTIALS_V2]):
        raise problem.Invalid("@context is not that of a badge.")


BADGE = verification.Profile("badge", "badge", _badge_context, shape.gate, schemas=("https://purl.imsglobal.org/spec/ob/",))
POLICY = verification.Policy(BADGE)
GENERIC = verification.Policy(verification.GENERIC)


def _found(url: str, source: object) -> verification.Resource:
    return verification.Resource(url, source if isinstance(source, bytes) else json.dumps(source).encode(), NOW)


def _sign(source: JsonObject, signer: Any) -> JsonObject:  # noqa: ANN401 - the signer class of conftest
    return proof.add_proof(proof.lint(source), signer, created=CREATED)


def _report(source: JsonObject, gathered: Gathered, *, policy: verification.Policy = POLICY, now: datetime = NOW) -> report.Report:
    found = verification.verify(source, gathered, now=now, policy=policy, sha256="00")
    assert document.parse(json.dumps(found.to_json()).encode())["outcome"] == found.outcome.value
    return found


def _outcomes(found: report.Report) -> dict[str, str]:
    return {step.name: step.outcome.value for step in found.steps if step.outcome not in {Outcome.VALID, Outcome.NOT_APPLICABLE}}


def _detail(found: report.Report, step: str) -> str:
    return found.step(step).findings[0].detail


def _list_by(issuer: Any, *, revoked: tuple[int, ...] = (), unsigned: JsonObject | None = None, **change: object) -> JsonObject:  # noqa: ANN401 - the signer class of conftest
    source = statuslist.compose(
        LIST,
        issuer.did,
        purpose="revocation",
        encoded=statuslist.encode(statuslist.MIN_LENGTH, revoked),
        valid_from=CREATED,
        valid_until=NOW + timedelta(days=1),
    )
    subject = {name: change.pop(name) for name in ("statusPurpose", "encodedList") if name in change}
    return _sign(source | {"credentialSubject": source["credentialSubject"] | subject} | change, issuer) | (unsigned or {})


def _web_document(signer: Any, **change: object) -> JsonObject:  # noqa: ANN401 - the signer class of conftest
    method = controller.VerificationMethod(WEB_METHOD, WEB, signer.public_key)
    composed = controller.compose(WEB, [method], asserting=[WEB_METHOD])
    composed["verificationMethod"][0] |= change
    return composed


@pytest.fixture
def signed(badge: JsonObject, signer: Signers) -> JsonObject:
    return _sign(badge, signer(1))


@pytest.fixture
def gathered(signer: Signers) -> Gathered:
    return {LIST: _found(LIST, _list_by(signer(1)))}


@pytest.fixture
def web_badge(badge: JsonObject, signer: Signers) -> JsonObject:
    del badge["credentialStatus"]
    badge["issuer"]["id"] = badge["credentialSubject"]["achievement"]["creator"]["id"] = WEB
    return _sign(badge, signer(1, WEB_METHOD))


def test_a_good_badge_is_valid_in_every_step(signed: JsonObject, gathered: Gathered) -> None:
    found = _report(signed, gathered)
    assert found.outcome is Outcome.VALID
    assert {step.name: step.outcome.value for step in found.steps} == {
        "syntax": "VALID",
        "context": "VALID",
        "data_model": "VALID",
        "issuer": "VALID",
        "proof": "VALID",
        "validity": "VALID",
        "status": "VALID",
        "schema": "NOT_APPLICABLE",
        "refresh": "NOT_APPLICABLE",
        "endorsement": "NOT_APPLICABLE",
        "trust": "NOT_APPLICABLE",
    }
    assert [evidence.url for evidence in found.step("status").evidence] == [LIST]
    assert (found.profile, found.issuer.name, found.issuer.identity) == ("badge", "Example College", "unverified")


def test_a_good_credential_of_any_kind_is_valid(signed: JsonObject, gathered: Gathered) -> None:
    assert _report(signed, gathered, policy=GENERIC).outcome is Outcome.VALID


def test_bytes_that_are_no_document_have_a_report_too() -> None:
    found = verification.unreadable(problem.Malformed("Byte 3."), now=NOW, profile=BADGE, sha256="00")
    assert (found.outcome, found.summary) == (Outcome.INVALID, "This is not a badge that can be read. Byte 3.")
    assert [step.name for step in found.steps] == ["syntax"]


def test_where_nothing_could_be_had_the_question_stays_open() -> None:
    found = verification.unreachable(verification.Unreachable(LIST, "no answer"), now=NOW, profile=BADGE)
    assert (found.outcome, found.document_sha256) == (Outcome.INDETERMINATE, "")
    assert found.summary == f"There is no badge to look at. Nothing could be had from {LIST}: no answer."


@pytest.mark.parametrize(
    ("trusted", "name", "identity"),
    [
        ("Example College", "Example College", "known"),
        ("Other", "Example College", "name_mismatch"),
        (None, "Example College", "unverified"),
    ],
)
def test_the_identity_of_the_issuer_changes_no_outcome(
    badge: JsonObject, gathered: Gathered, signer: Signers, trusted: str | None, name: str, identity: str
) -> None:
    policy = replace(POLICY, trusted={signer(1).did: trusted} if trusted else {"did:x:y": name})
    found = _report(_sign(badge, signer(1)), gathered, policy=policy)
    assert (found.outcome, found.issuer.identity) == (Outcome.VALID, identity)
    assert found.step("trust").outcome is (Outcome.VALID if trusted else Outcome.NOT_APPLICABLE)


def test_an_issuer_that_is_only_a_url_has_no_name(badge: JsonObject, gathered: Gathered, signer: Signers) -> None:
    badge["issuer"] = signer(1).did
    found = _report(_sign(badge, signer(1)), gathered)
    assert (found.outcome, found.issuer.name) == (Outcome.VALID, "")


# --- context and data model


def test_an_unknown_context_leaves_the_question_open(signed: JsonObject, gathered: Gathered) -> None:
    signed["@context"] = [*signed["@context"], "https://x.example/c"]
    assert _outcomes(_report(signed, gathered)) == {"context": "INDETERMINATE", "proof": "INDETERMINATE", "issuer": "INDETERMINATE"}


@pytest.mark.parametrize("value", [None, "x", [contexts.OPEN_BADGES], [contexts.CREDENTIALS_V2, 5]], ids=str)
def test_another_context_is_invalid_and_nothing_is_canonicalised(signed: JsonObject, gathered: Gathered, value: object) -> None:
    assert _outcomes(_report(signed | {"@context": value}, gathered)) == {
        "context": "INVALID",
        "proof": "INDETERMINATE",
        "issuer": "INDETERMINATE",
    }


@pytest.mark.parametrize("change", [{"type": "X"}, {"issuer": 5}, {"name": None}, {"@included": []}, {"id": ["x"]}], ids=str)
def test_a_document_of_another_shape_is_invalid(signed: JsonObject, gathered: Gathered, change: JsonObject) -> None:
    found = _report(signed | change, gathered)
    assert found.outcome is Outcome.INVALID
    assert found.step("data_model").outcome is Outcome.INVALID


# --- proof


@pytest.mark.parametrize(
    ("change", "outcome", "said"),
    [
        (None, "INVALID", "not signed"),
        ([], "INVALID", "not signed"),
        ("text", "INVALID", "must be an object"),
        ({"jws": "x"}, "INVALID", "no signature covers"),
        ({"proofPurpose": "authentication"}, "INVALID", "another purpose"),
        ({"cryptosuite": "eddsa-jcs-2022"}, "INDETERMINATE", "does not know proofs of the kind"),
        ({"previousProof": "urn:x:y"}, "INDETERMINATE", "chains of proofs"),
        ({"created": "2026-05-20T14:05:01Z"}, "INVALID", "does not fit"),
        ({"verificationMethod": "did:example:x#y"}, "INVALID", "neither did:key"),
        ({"verificationMethod": "did:key:z6Mk#x"}, "INVALID", "names its key twice"),
        ({"verificationMethod": WEB_METHOD}, "INDETERMINATE", "it was not fetched"),
    ],
    ids=str,
)
def test_a_proof_that_does_not_hold_decides(signed: JsonObject, gathered: Gathered, change: object, outcome: str, said: str) -> None:
    if change is None:
        del signed["proof"]
    else:
        signed["proof"] = signed["proof"] | change if isinstance(change, dict) else change
    found = _report(signed, gathered, policy=GENERIC)
    assert found.step("proof").outcome.value == outcome
    assert found.outcome.value == outcome
    assert said in _detail(found, "proof")
    assert found.step("issuer").outcome is Outcome.INDETERMINATE


def test_a_changed_badge_is_invalid_and_says_so_first(signed: JsonObject, gathered: Gathered) -> None:
    signed["credentialSubject"]["achievement"]["name"] = "Leadership"
    found = _report(signed, gathered, now=NOW + timedelta(days=4000))
    assert found.summary == "Do not rely on this badge. The signature does not fit the document: it was changed, or another key signed it."


def test_a_strangers_proof_beside_the_issuers_is_no_fault(
    signed: JsonObject, gathered: Gathered, badge: JsonObject, signer: Signers
) -> None:
    signed["proof"] = [_sign(badge, signer(2))["proof"], signed["proof"]]
    assert _report(signed, gathered).outcome is Outcome.VALID


def test_a_strangers_proof_alone_is_not_the_issuers(badge: JsonObject, gathered: Gathered, signer: Signers) -> None:
    found = _report(_sign(badge, signer(2)), gathered)
    assert _outcomes(found) == {"issuer": "INVALID"}
    assert "not controlled by the issuer" in found.summary


def test_one_broken_proof_of_two_is_enough_to_refuse(signed: JsonObject, gathered: Gathered, badge: JsonObject, signer: Signers) -> None:
    broken = _sign(badge, signer(2))["proof"] | {"created": "2026-05-20T14:05:01Z"}
    for proofs in ([broken, signed["proof"]], [signed["proof"], broken]):
        assert _report(signed | {"proof": proofs}, gathered).outcome is Outcome.INVALID


def test_an_unknown_suite_beside_the_issuers_proof_leaves_the_question_open(signed: JsonObject, gathered: Gathered) -> None:
    unknown = signed["proof"] | {"cryptosuite": "from-the-future"}
    assert _report(signed | {"proof": [unknown, signed["proof"]]}, gathered).outcome is Outcome.INDETERMINATE
    broken = signed["proof"] | {"created": "2026-05-20T14:05:01Z"}
    assert _report(signed | {"proof": [unknown, broken]}, gathered).outcome is Outcome.INVALID


def test_more_than_four_proofs_are_refused(signed: JsonObject, gathered: Gathered) -> None:
    signed["proof"] = [signed["proof"] | {"nonce": str(number)} for number in range(5)]
    assert "at most 4" in _detail(_report(signed, gathered), "proof")


# --- the issuer's document


def test_a_badge_of_a_did_web_issuer_is_valid(web_badge: JsonObject, signer: Signers) -> None:
    found = _report(web_badge, {WEB_URL: _found(WEB_URL, _web_document(signer(1)))})
    assert found.outcome is Outcome.VALID
    assert found.step("status").outcome is Outcome.NOT_APPLICABLE
    assert [evidence.url for evidence in found.step("proof").evidence] == [WEB_URL]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"<html>", "INVALID"),
        (b"[]", "INVALID"),
        ({"id": "did:web:elsewhere.example"}, "INVALID"),
        ({"id": WEB}, "INVALID"),
        ({"id": WEB, "assertionMethod": [WEB_METHOD]}, "INVALID"),
    ],
    ids=str,
)
def test_a_bad_document_of_the_issuer_is_invalid(web_badge: JsonObject, body: object, outcome: str) -> None:
    assert _report(web_badge, {WEB_URL: _found(WEB_URL, body)}).outcome.value == outcome


@pytest.mark.parametrize("type_", [["Multikey"], {"a": 1}, None, 5], ids=str)
def test_a_key_of_a_strange_type_is_invalid_and_no_crash(web_badge: JsonObject, signer: Signers, type_: object) -> None:
    assert _report(web_badge, {WEB_URL: _found(WEB_URL, _web_document(signer(1), type=type_))}).outcome is Outcome.INVALID


def test_an_unreachable_document_of_the_issuer_leaves_the_question_open(web_badge: JsonObject) -> None:
    found = _report(web_badge, {WEB_URL: verification.Unreachable(WEB_URL, "no answer within 3 seconds")})
    assert found.outcome is Outcome.INDETERMINATE
    assert "no answer within 3 seconds" in found.summary


@pytest.mark.parametrize("name", ["revoked", "expires"])
def test_a_key_that_does_not_count_any_more_is_a_finding_of_validity(web_badge: JsonObject, signer: Signers, name: str) -> None:
    for moment, outcome in (("2026-06-01T12:00:00Z", Outcome.INVALID), ("2026-06-01T12:00:01Z", Outcome.VALID)):
        found = _report(web_badge, {WEB_URL: _found(WEB_URL, _web_document(signer(1), **{name: moment}))})
        assert found.outcome is found.step("validity").outcome is outcome


def test_nobody_can_sign_for_another_by_writing_their_name_beside_a_key(badge: JsonObject, signer: Signers) -> None:
    """A forger's own, well reachable documents say that their key is controlled by the victim."""
    del badge["credentialStatus"]
    badge["issuer"]["id"] = badge["credentialSubject"]["achievement"]["creator"]["id"] = WEB
    forger, victim = signer(66), signer(1)
    did, page = "did:web:forger.example", "https://forger.example/key"
    url, method = "https://forger.example/.well-known/did.json", did + "#k"
    key = {"type": "Multikey", "controller": WEB, "publicKeyMultibase": forger.public_key.multikey}
    in_document: Gathered = {url: _found(url, {"id": did, "assertionMethod": [method], "verificationMethod": [key | {"id": method}]})}
    in_page: Gathered = {page: _found(page, key | {"id": page}), WEB_URL: _found(WEB_URL, _web_document(victim))}
    assert _report(_sign(badge, signer(66, method)), in_document).step("proof").outcome is Outcome.INVALID
    assert _report(_sign(badge, signer(66, page)), in_page).step("proof").outcome is Outcome.INVALID


def test_a_key_with_a_page_of_its_own_counts_when_the_issuers_document_lists_it(badge: JsonObject, signer: Signers) -> None:
    del badge["credentialStatus"]
    badge["issuer"]["id"] = badge["credentialSubject"]["achievement"]["creator"]["id"] = WEB
    source = _sign(badge, signer(1, KEY_PAGE))
    page = {"id": KEY_PAGE, "type": "Multikey", "controller": WEB, "publicKeyMultibase": signer(1).public_key.multikey}
    gathered: Gathered = {}
    assert verification.needs(source, gathered) == {KEY_PAGE}
    gathered[KEY_PAGE] = _found(KEY_PAGE, page)
    assert verification.needs(source, gathered) == {WEB_URL}
    assert _report(source, gathered).outcome is Outcome.INDETERMINATE
    gathered[WEB_URL] = _found(WEB_URL, {"id": WEB, "assertionMethod": [KEY_PAGE]})
    assert verification.needs(source, gathered) == set()
    found = _report(source, gathered)
    assert found.outcome is Outcome.VALID
    assert [evidence.url for evidence in found.step("proof").evidence] == [KEY_PAGE, WEB_URL]


# --- validity


@pytest.mark.parametrize(
    ("now", "outcome", "said"),
    [
        (CREATED - timedelta(minutes=5), Outcome.VALID, ""),
        (CREATED - timedelta(minutes=5, seconds=1), Outcome.INVALID, "valid only from 20 May 2026, 14:05 UTC"),
        (datetime(2028, 5, 20, 14, 5, tzinfo=UTC), Outcome.VALID, ""),
        (datetime(2028, 5, 20, 14, 5, 1, tzinfo=UTC), Outcome.INVALID, "expired on 20 May 2028, 14:05 UTC"),
    ],
)
def test_clocks_may_differ_at_the_beginning_and_not_at_the_end(
    badge: JsonObject, signer: Signers, now: datetime, outcome: Outcome, said: str
) -> None:
    del badge["credentialStatus"]
    found = _report(_sign(badge, signer(1)), {}, now=now)
    assert (found.outcome, found.step("validity").outcome) == (outcome, outcome)
    assert said in found.summary


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"validFrom": "2026-05-20T14:05:00Z", "validUntil": "2026-05-20T14:04:59Z"}, "before validFrom"),
        ({"validFrom": "2026-05-20"}, "no date-time"),
        ({"validUntil": "soon"}, "no date-time"),
    ],
)
def test_dates_that_cannot_be_are_invalid(badge: JsonObject, gathered: Gathered, signer: Signers, change: JsonObject, said: str) -> None:
    found = _report(_sign(badge | change, signer(1)), gathered)
    assert _outcomes(found) == {"validity": "INVALID"}
    assert said in found.summary


def test_a_credential_without_dates_is_in_time(badge: JsonObject, gathered: Gathered, signer: Signers) -> None:
    del badge["validFrom"], badge["validUntil"]
    assert _report(_sign(badge, signer(1)), gathered).outcome is Outcome.VALID


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"created": "2026-06-01T12:05:01Z"}, "made in the future"),
        ({"expires": "2026-06-01T11:59:59Z"}, "proof has expired"),
        ({"created": "2026-06-01T12:05:00Z", "expires": "2026-06-01T12:00:00Z"}, ""),
    ],
)
def test_a_proof_has_a_time_of_its_own(signed: JsonObject, gathered: Gathered, change: JsonObject, said: str) -> None:
    signed["proof"] |= change
    step = _report(signed, gathered).step("validity")
    assert step.outcome is (Outcome.INVALID if said else Outcome.VALID)
    assert said in (step.findings[0].detail if step.findings else "")


# --- status


def test_a_revoked_badge_was_genuine_and_does_not_count(signed: JsonObject, signer: Signers) -> None:
    found = _report(signed, {LIST: _found(LIST, _list_by(signer(1), revoked=(7,)))})
    assert _outcomes(found) == {"status": "INVALID"}
    assert found.summary == "This badge was genuinely issued but does not count now. Its issuer has revoked it."
    assert _report(signed, {LIST: _found(LIST, _list_by(signer(1), revoked=(6, 8)))}).outcome is Outcome.VALID


def test_one_of_two_entries_can_suspend(badge: JsonObject, signer: Signers) -> None:
    suspension = badge["credentialStatus"] | {"id": LIST + "#8", "statusPurpose": "suspension", "statusListIndex": 8}
    badge["credentialStatus"] = [badge["credentialStatus"] | {"type": ["BitstringStatusListEntry"]}, suspension]
    both = ["revocation", "suspension"]
    source = _sign(badge, signer(1))
    good, bad = (_found(LIST, _list_by(signer(1), revoked=bits, statusPurpose=both)) for bits in ((), (8,)))
    assert _report(source, {LIST: good}, policy=GENERIC).outcome is Outcome.VALID
    assert _detail(_report(source, {LIST: bad}, policy=GENERIC), "status") == "Its issuer has suspended it."


@pytest.mark.parametrize(
    ("change", "outcome", "said"),
    [
        ({"type": "1EdTechRevocationList"}, "INDETERMINATE", "does not know a status of the type"),
        ({"type": ["BitstringStatusListEntry", "X"]}, "INDETERMINATE", "does not know a status of the type"),
        ({"type": {"a": 1}}, "INDETERMINATE", "does not know a status of the type"),
        ({"statusPurpose": "message"}, "INDETERMINATE", "does not know a status for 'message'"),
        ({"statusPurpose": "refresh"}, "INDETERMINATE", "does not know a status for 'refresh'"),
        ({"statusSize": 2}, "INDETERMINATE", "one bit"),
        ({"statusListCredential": "urn:x:list"}, "INDETERMINATE", "it was not fetched"),
        ({"statusListCredential": {"id": LIST}}, "INVALID", "both texts"),
        ({"statusListIndex": "-1"}, "INVALID", "no whole number"),
        ({"statusListIndex": "131072"}, "INDETERMINATE", "beyond the end"),
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_followed(signed: JsonObject, gathered: Gathered, change: JsonObject, outcome: str, said: str) -> None:
    signed["credentialStatus"] |= change
    step = _report(signed, gathered).step("status")
    assert step.outcome.value == outcome
    assert said in step.findings[0].detail


def test_a_status_that_is_no_object_leaves_the_question_open(signed: JsonObject) -> None:
    assert _report(signed | {"credentialStatus": "x"}, {}).step("status").outcome is Outcome.INDETERMINATE


def test_more_than_four_entries_are_refused(signed: JsonObject, gathered: Gathered) -> None:
    signed["credentialStatus"] = [signed["credentialStatus"]] * 5
    assert "At most 4" in _detail(_report(signed, gathered), "status")


def test_an_unreachable_list_leaves_the_question_open(signed: JsonObject) -> None:
    for gathered, said in (({LIST: verification.Unreachable(LIST, "refused")}, "refused"), ({}, "not fetched")):
        found = _report(signed, dict(gathered))
        assert _outcomes(found) == {"status": "INDETERMINATE"}
        assert said in found.summary


def _bomb() -> str:
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(200 * 1024 * 1024), 9)).rstrip(b"=").decode()


_LISTS: dict[str, tuple[Callable[[Signers], object], str]] = {
    "no document": (lambda _: b"<html>", "not JSON"),
    "no credential": (lambda _: {"id": LIST}, "@context must be"),
    "not signed": (lambda s: {k: v for k, v in _list_by(s(1)).items() if k != "proof"}, "not signed"),
    "by another issuer": (lambda s: _list_by(s(2)), "by another issuer"),
    "signed by a stranger": (lambda s: _list_by(s(1)) | {"proof": _list_by(s(2))["proof"]}, "does not fit"),
    "expired": (lambda s: _list_by(s(1), validUntil="2026-06-01T11:59:59Z"), "expired on"),
    "not yet valid": (lambda s: _list_by(s(1), validFrom="2026-06-01T12:05:01Z"), "valid only from"),
    "tampered": (lambda s: _list_by(s(1), unsigned={"validUntil": "2099-01-01T00:00:00Z"}), "does not fit"),
    "for another purpose": (lambda s: _list_by(s(1), statusPurpose="suspension"), "not for the purpose"),
    "at another address": (lambda s: _list_by(s(1), id=LIST + "/2"), "another one"),
    "too short": (lambda s: _list_by(s(1), encodedList=statuslist.encode(1024, [])), "131,072 are the least"),
    "a bomb": (lambda s: _list_by(s(1), encodedList=_bomb()), "unpacks to more"),
    "no gzip": (lambda s: _list_by(s(1), encodedList="uAAAA"), "not GZIP"),
    "of another type": (lambda s: _list_by(s(1), type=["VerifiableCredential"]), "no BitstringStatusListCredential"),
    "with a key that is away": (
        lambda s: _list_by(s(1), unsigned={"proof": {**_list_by(s(1))["proof"], "verificationMethod": WEB_METHOD}}),
        "not fetched",
    ),
}


@pytest.mark.parametrize("fault", _LISTS)
def test_a_list_that_cannot_be_relied_on_leaves_the_question_open(signed: JsonObject, signer: Signers, fault: str) -> None:
    make, said = _LISTS[fault]
    found = _report(signed, {LIST: _found(LIST, make(signer))})
    assert _outcomes(found) == {"status": "INDETERMINATE"}
    assert _detail(found, "status").startswith("The status list cannot be relied on. ")
    assert said in _detail(found, "status")
    assert found.step("status").findings[0].type.startswith(problem.STATUS)


def test_the_status_of_a_list_is_not_followed_however_it_points_back(signed: JsonObject, signer: Signers) -> None:
    for target in (LIST, "https://badges.example/status/2"):
        entry = statuslist.Entry(target, 7, "revocation").to_json()
        gathered: Gathered = {
            url: _found(url, _list_by(signer(1), revoked=(8,), id=url, credentialStatus=entry))
            for url in (LIST, "https://badges.example/status/2")
        }
        assert _report(signed, gathered).outcome is Outcome.VALID


def test_a_long_list_is_read_with_its_key(web_badge: JsonObject, badge: JsonObject, signer: Signers) -> None:
    del web_badge["proof"]
    entry = statuslist.Entry(LIST, 16_000_000, "revocation")
    web = signer(1, WEB_METHOD)
    source = _sign(web_badge | {"credentialStatus": entry.to_json()}, web)
    noise = bytes(range(256)) * (statuslist.MAX_BYTES // 256)
    packed = gzip.compress(noise, compresslevel=0, mtime=0)
    encoded = "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
    gathered: Gathered = {LIST: _found(LIST, _list_by(web, encodedList=encoded))}
    assert len(gathered[LIST].body) > document.MAX_BYTES  # type: ignore[union-attr]
    assert verification.needs(source, gathered) == {WEB_URL}
    gathered[WEB_URL] = _found(WEB_URL, _web_document(signer(1)))
    assert verification.needs(badge | {"proof": source["proof"], "credentialStatus": entry.to_json()}, gathered) == set()
    bit = noise[2_000_000] & 0x80
    assert (_report(source, gathered).outcome is Outcome.INVALID) == bool(bit)


# --- schema, endorsement, trust


def test_the_generic_profile_answers_for_no_schema(signed: JsonObject, gathered: Gathered) -> None:
    schema = {"id": "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/x.json", "type": "JsonSchema"}
    policy = verification.Policy(verification.GENERIC)
    report = verification.verify(signed | {"credentialSchema": schema}, gathered, now=NOW, policy=policy, sha256="")
    assert report.step("schema").outcome is Outcome.INDETERMINATE


def test_a_status_that_cannot_be_learnt_does_not_hide_a_revocation(signed: JsonObject, signer: Signers) -> None:
    status = signed["credentialStatus"]
    gathered: Gathered = {LIST: _found(LIST, _list_by(signer(1), revoked=(int(status["statusListIndex"]),)))}
    entries = [{"id": "https://x.example/s#1", "type": "SomeOtherStatus"}, status]
    step = _report(signed | {"credentialStatus": entries}, gathered).step("status")
    assert step.outcome is Outcome.INVALID


@pytest.mark.parametrize(
    ("schema", "outcome"),
    [
        ({"id": "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/x.json", "type": "JsonSchema"}, "VALID"),
        ({"id": "https://x.example/schema", "type": "JsonSchema"}, "INDETERMINATE"),
        ({"id": 5, "type": "JsonSchema"}, "INDETERMINATE"),
        ("https://purl.imsglobal.org/spec/x", "INDETERMINATE"),
    ],
    ids=str,
)
def test_a_schema_is_known_or_the_question_stays_open(signed: JsonObject, gathered: Gathered, schema: object, outcome: str) -> None:
    assert _report(signed | {"credentialSchema": schema}, gathered).step("schema").outcome.value == outcome


@pytest.mark.parametrize("member", ["endorsement", "endorsementJwt"])
def test_endorsements_inside_are_not_vouched_for(signed: JsonObject, gathered: Gathered, member: str) -> None:
    signed["credentialSubject"]["achievement"][member] = ["x"]
    assert _report(signed, gathered).step("endorsement").outcome is Outcome.INDETERMINATE
    assert _report(signed | {"evidence": [{"a": "b"}]}, gathered).step("endorsement").outcome is Outcome.INDETERMINATE


def test_a_key_in_wrong_hands_proves_nothing_whenever_it_says_it_signed(signed: JsonObject, gathered: Gathered, signer: Signers) -> None:
    for since, outcome in ((NOW, Outcome.INVALID), (NOW + timedelta(seconds=1), Outcome.VALID)):
        policy = replace(POLICY, compromised={signer(1).verification_method: since})
        assert _report(signed, gathered, policy=policy).outcome is outcome
    lost = replace(POLICY, compromised={signer(1).verification_method: NOW})
    assert "wrong hands" in _report(signed, gathered, policy=lost).summary


# --- needs


def test_needs_asks_in_rounds_for_exactly_what_is_missing(web_badge: JsonObject, signer: Signers) -> None:
    del web_badge["proof"]
    source = _sign(web_badge | {"credentialStatus": statuslist.Entry(LIST, 7, "revocation").to_json()}, signer(1, WEB_METHOD))
    gathered: Gathered = {}
    assert verification.needs(source, gathered) == {WEB_URL, LIST}
    gathered[WEB_URL] = verification.Unreachable(WEB_URL, "refused")
    assert verification.needs(source, gathered) == {LIST}
    other = signer(3, "did:web:lists.example#k")
    gathered[LIST] = _found(LIST, _list_by(other))
    assert verification.needs(source, gathered) == {"https://lists.example/.well-known/did.json"}
    gathered[LIST] = _found(LIST, b"<html>")
    assert verification.needs(source, gathered) == set()
    gathered[LIST] = verification.Unreachable(LIST, "refused")
    assert verification.needs(source, gathered) == set()


@pytest.mark.parametrize(
    ("source", "urls"),
    [
        ({}, set()),
        ({"proof": None, "credentialStatus": None}, set()),
        ({"proof": "x", "credentialStatus": ["x", 5, None]}, set()),
        ({"proof": {"verificationMethod": {"id": "https://x.example"}}}, set()),
        ({"proof": {"verificationMethod": "did:example:x"}}, set()),
        ({"proof": {"verificationMethod": "did:web:../etc"}}, set()),
        ({"proof": {"verificationMethod": "did:key:z6Mk#z6Mk"}}, set()),
        (
            {"proof": [{"verificationMethod": f"https://x.example/{number}#k"} for number in range(9)]},
            {f"https://x.example/{n}" for n in range(4)},
        ),
        ({"credentialStatus": {"type": "Other", "statusListCredential": LIST}}, set()),
        ({"credentialStatus": {"type": ["BitstringStatusListEntry"], "statusListCredential": LIST}}, {LIST}),
        ({"credentialStatus": {"type": "BitstringStatusListEntry", "statusListCredential": "file:///etc/passwd"}}, set()),
        ({"credentialStatus": {"type": "BitstringStatusListEntry", "statusListCredential": [LIST]}}, set()),
        (
            {"credentialStatus": [{"type": "BitstringStatusListEntry", "statusListCredential": f"{LIST}/{number}"} for number in range(9)]},
            {f"{LIST}/{number}" for number in range(4)},
        ),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value)[:90],
)
def test_needs_asks_for_nothing_that_could_not_be_an_answer(source: JsonObject, urls: set[str]) -> None:
    assert verification.needs(source, {}) == urls


# --- the same graph in other JSON


def _moved_status(source: JsonObject) -> None:
    source["https://www.w3.org/2018/credentials#credentialStatus"] = source.pop("credentialStatus")


def _aliased_status(source: JsonObject) -> None:
    source["@context"] = [*source["@context"], {"hidden": {"@id": "https://www.w3.org/2018/credentials#credentialStatus", "@type": "@id"}}]
    source["hidden"] = source.pop("credentialStatus")


def _nested_status(source: JsonObject) -> None:
    source["@context"] = [*source["@context"], {"hidden": "@nest"}]
    source["hidden"] = {"credentialStatus": source.pop("credentialStatus")}


def _included_status(source: JsonObject) -> None:
    source["@included"] = [{"id": source["id"], "type": "VerifiableCredential", "credentialStatus": source.pop("credentialStatus")}]


def _moved_expiry(source: JsonObject) -> None:
    value = {"@value": source.pop("validUntil"), "@type": "http://www.w3.org/2001/XMLSchema#dateTime"}
    source["https://www.w3.org/2018/credentials#validUntil"] = value


def _expiry_as_value(source: JsonObject) -> None:
    source["validUntil"] = {"@value": source["validUntil"]}


def _status_split(source: JsonObject) -> None:
    status = source["credentialStatus"]
    source["credentialStatus"] = [{"id": status["id"], "type": status["type"]}, status]


def _list_as_node(source: JsonObject) -> None:
    source["credentialStatus"]["statusListCredential"] = {"id": source["credentialStatus"]["statusListCredential"]}


def _empty_status_beside(source: JsonObject) -> None:
    _moved_status(source)
    source["credentialStatus"] = []


def _criteria_under_the_name_of_a_type(source: JsonObject) -> None:
    achievement = source["credentialSubject"]["achievement"]
    achievement["Criteria"] = achievement.pop("criteria")


def _issuer_described_elsewhere(source: JsonObject) -> None:
    source["credentialSubject"]["achievement"]["creator"] = source["issuer"]
    source["issuer"] = {"id": source["issuer"]["id"]}


def _subject_after_its_name(source: JsonObject) -> None:
    source["credentialSubject"] = [source["credentialSubject"]["id"], source["credentialSubject"]]


_SAME_GRAPH = [
    _moved_status,
    _aliased_status,
    _nested_status,
    _included_status,
    _moved_expiry,
    _expiry_as_value,
    _status_split,
    _list_as_node,
    _empty_status_beside,
]


@pytest.mark.parametrize("move", _SAME_GRAPH, ids=lambda move: move.__name__.strip("_"))
@pytest.mark.parametrize("policy", [POLICY, GENERIC], ids=["badge", "vc"])
def test_a_revoked_and_expired_credential_cannot_be_rewritten_into_a_good_one(
    signed: JsonObject, signer: Signers, policy: verification.Policy, move: Callable[[JsonObject], None]
) -> None:
    gathered: Gathered = {LIST: _found(LIST, _list_by(signer(1), revoked=(7,)))}
    move(signed)
    assert _report(signed, gathered, policy=policy).outcome is Outcome.INVALID


@pytest.mark.parametrize(
    "move",
    [_criteria_under_the_name_of_a_type, _issuer_described_elsewhere, _subject_after_its_name],
    ids=lambda move: move.__name__.strip("_"),
)
def test_a_badge_cannot_be_rewritten_to_be_read_otherwise(
    signed: JsonObject, gathered: Gathered, move: Callable[[JsonObject], None]
) -> None:
    before = copy.deepcopy(signed)
    move(signed)
    assert signed != before
    assert _outcomes(_report(signed, gathered))["data_model"] == "INVALID"


# --- anything at all

_KEYS = st.sampled_from(
    [
        "@context",
        "@id",
        "@type",
        "@value",
        "@graph",
        "id",
        "type",
        "issuer",
        "name",
        "proof",
        "proofValue",
        "proofPurpose",
        "verificationMethod",
        "cryptosuite",
        "created",
        "expires",
        "validFrom",
        "validUntil",
        "credentialSubject",
        "credentialStatus",
        "credentialSchema",
        "statusPurpose",
        "statusListIndex",
        "statusListCredential",
        "assertionMethod",
        "controller",
        "publicKeyMultibase",
        "achievement",
        "endorsement",
        "evidence",
        "encodedList",
    ]
)
_WORDS = st.sampled_from(
    [
        contexts.CREDENTIALS_V2,
        contexts.OPEN_BADGES,
        "VerifiableCredential",
        "BitstringStatusListEntry",
        "BitstringStatusListCredential",
        "DataIntegrityProof",
        "eddsa-rdfc-2022",
        "assertionMethod",
        "revocation",
        "2026-05-20T14:05:00Z",
        LIST,
        WEB,
        WEB_METHOD,
        "z" + "2" * 87,
        "",
        "_:b",
    ]
)
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10**6) | st.floats(allow_nan=False, allow_infinity=False) | _WORDS | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | _TEXT, inner, max_size=5),
    max_leaves=12,
)
_SCRAPS = st.dictionaries(_KEYS | _TEXT, _JSON, max_size=6)


@given(_SCRAPS, _SCRAPS, _SCRAPS)
@settings(max_examples=200, deadline=None)
def test_whatever_is_given_a_report_comes_back(source: JsonObject, one: JsonObject, other: JsonObject) -> None:
    gathered: Gathered = {WEB_URL: _found(WEB_URL, one), LIST: _found(LIST, other)}
    for policy in (POLICY, GENERIC):
        assert verification.needs(source, gathered) <= set(verification.needs(source, {})) | verification.needs(other, gathered)
        assert _report(source, gathered, policy=policy).outcome is not Outcome.VALID


@given(st.data(), _JSON)
@settings(max_examples=300, deadline=None)
def test_no_member_of_a_good_badge_can_become_something_else(
    frozen_signed: tuple[JsonObject, Gathered], data: st.DataObject, value: object
) -> None:
    signed, gathered = frozen_signed
    source = copy.deepcopy(signed)
    nodes = list(_objects(source))
    place = data.draw(st.sampled_from(nodes))
    key = data.draw(st.sampled_from(sorted(place)) | _KEYS)
    place[key] = value
    found = _report(source, gathered)
    if found.outcome is Outcome.VALID:
        assert _reading(source) == _reading(signed)
    _report(source, gathered, policy=GENERIC)


@given(st.data(), _JSON)
@settings(max_examples=200, deadline=None)
def test_no_document_of_an_issuer_or_of_a_list_can_bring_verification_down(
    frozen_web: tuple[JsonObject, JsonObject, JsonObject], data: st.DataObject, value: object
) -> None:
    source, listed, holder = copy.deepcopy(frozen_web)
    place = data.draw(st.sampled_from([*_objects(listed), *_objects(holder)]))
    place[data.draw(st.sampled_from(sorted(place)) | _KEYS)] = value
    gathered: Gathered = {LIST: _found(LIST, listed), WEB_URL: _found(WEB_URL, holder)}
    verification.needs(source, gathered)
    _report(source, gathered)


@pytest.fixture(scope="session")
def frozen_signed(frozen_badge: JsonObject, signer: Signers) -> tuple[JsonObject, Gathered]:
    return _sign(frozen_badge, signer(1)), {LIST: _found(LIST, _list_by(signer(1)))}


@pytest.fixture(scope="session")
def frozen_web(frozen_badge: JsonObject, signer: Signers) -> tuple[JsonObject, JsonObject, JsonObject]:
    source = copy.deepcopy(frozen_badge)
    source["issuer"] = WEB
    web = signer(1, WEB_METHOD)
    return _sign(source, web), _list_by(web), _web_document(signer(1))


def _objects(value: object) -> list[JsonObject]:
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return ([value] if isinstance(value, dict) else []) + [node for item in items for node in _objects(item)]


def _reading(value: object) -> object:
    """Return what a reader takes from JSON that may write one value or an array of one, and an id or an object that is only an id."""
    if isinstance(value, dict):
        inner = {key: _reading(item) for key, item in value.items()}
        return inner["id"] if set(inner) == {"id"} else inner
    if isinstance(value, list):
        return _reading(value[0]) if len(value) == 1 else [_reading(item) for item in value]
    return value


def test_a_verdict_for_a_person_names_the_step_that_decided(signed: JsonObject, gathered: Gathered) -> None:
    unknown = signed | {"@context": [*signed["@context"], "https://x.example/vocabulary"]}
    assert "a vocabulary of which no pinned copy is held here" in _report(unknown, gathered).summary


def test_a_status_list_may_not_bring_words_of_its_own(signed: JsonObject, signer: Signers) -> None:
    plain = {name: value for name, value in _list_by(signer(1)).items() if name != "proof"}
    worded = plain | {"@context": [contexts.CREDENTIALS_V2, {"x": "https://x.example/x"}]}
    own: Gathered = {LIST: _found(LIST, _list_by(signer(1), unsigned=worded))}
    assert "definitions of its own" in _report(signed, own).step("status").findings[0].detail


def test_a_status_list_may_have_two_proofs_at_most(signed: JsonObject, signer: Signers) -> None:
    source = _list_by(signer(1))
    own: Gathered = {LIST: _found(LIST, source | {"proof": [source["proof"]] * 3})}
    assert "has 3 proofs; at most 2" in _report(signed, own).step("status").findings[0].detail
