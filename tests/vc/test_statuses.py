from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.vc import kit
from tests.vc.kit import LIST

from badgeissuer import problem
from badgeissuer.vc import contexts, document, statuses, statuslist, verification, verifiedlist
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Outcome

OTHER_LIST = "https://badges.example/status/2"


@pytest.fixture
def signed() -> JsonObject:
    return kit.sign(kit.badge())


def _with(*entries: object) -> JsonObject:
    """Return a signed badge of those entries, of any profile."""
    return kit.sign(kit.badge(credentialStatus=list(entries) if len(entries) > 1 else entries[0]))


def _entry(index: int = 7, purpose: str = "revocation", *, url: str = LIST, **change: object) -> JsonObject:
    return statuslist.Entry(url, index, purpose).to_json() | change


def test_a_revoked_badge_was_genuine_and_does_not_count(signed: JsonObject) -> None:
    found = kit.verify(signed, kit.at(list=kit.list_by(revoked=(7,))))
    assert kit.outcomes(found) == {"status": "INVALID"}
    assert found.summary == "This badge was genuinely issued but does not count now. Its issuer has revoked it."
    good = kit.verify(signed, kit.at(list=kit.list_by(revoked=(6, 8))))
    assert good.outcome is Outcome.VALID
    assert [evidence.url for evidence in good.step("status").evidence] == [LIST]


def test_one_of_two_entries_can_suspend() -> None:
    both = ["revocation", "suspension"]
    source = _with(_entry(7, type=["BitstringStatusListEntry"]), _entry(8, "suspension", id=LIST + "#8"))
    good, bad = (kit.at(list=kit.list_by(revoked=bits, statusPurpose=both)) for bits in ((), (8,)))
    found = kit.verify(source, good)
    assert found.outcome is Outcome.VALID
    assert len(found.step("status").evidence) == 1
    assert kit.detail(kit.verify(source, bad), "status") == "Its issuer has suspended it."


@pytest.mark.parametrize(
    ("change", "outcome", "said"),
    [
        ({"type": "1EdTechRevocationList"}, "INDETERMINATE", "does not know a status of the type"),
        ({"type": ["BitstringStatusListEntry", "X"]}, "INDETERMINATE", "does not know a status of the type"),
        ({"type": {"a": 1}}, "INDETERMINATE", "does not know a status of the type"),
        ({"type": [["BitstringStatusListEntry"]]}, "INDETERMINATE", "does not know a status of the type"),
        ({"statusPurpose": "refresh"}, "INDETERMINATE", "does not know a status for 'refresh'"),
        ({"statusPurpose": "message"}, "INDETERMINATE", "not for the purpose 'message'"),
        ({"statusSize": 9}, "INDETERMINATE", "9 bits"),
        ({"statusSize": 2}, "INVALID", "must list each of the 4 values"),
        ({"statusSize": "1"}, "INVALID", "no whole number"),
        ({"statusListCredential": "urn:x:list"}, "INDETERMINATE", "is no web address"),
        ({"statusListCredential": "file:///etc/passwd"}, "INDETERMINATE", "is no web address"),
        ({"statusListCredential": {"id": LIST}}, "INVALID", "both texts"),
        ({"statusListIndex": "-1"}, "INVALID", "no whole number"),
        ({"statusListIndex": "131072"}, "INDETERMINATE", "beyond the end"),
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_followed(change: JsonObject, outcome: str, said: str) -> None:
    source = kit.badge(credentialStatus=_entry() | change)  # signed as a text, since some of this is no JSON-LD
    step = kit.verify(kit.token(source), kit.at(list=kit.list_by())).step("status")
    assert step.outcome.value == outcome
    assert said in step.findings[0].detail


def test_a_status_that_is_no_object_leaves_the_question_open(signed: JsonObject) -> None:
    assert kit.verify(signed | {"credentialStatus": "x"}).step("status").outcome is Outcome.INDETERMINATE


def test_more_than_four_entries_are_refused(signed: JsonObject) -> None:
    found = kit.verify(signed | {"credentialStatus": [signed["credentialStatus"]] * 5}, kit.at(list=kit.list_by()))
    assert "At most 4" in kit.detail(found, "status")


def test_an_unreachable_list_leaves_the_question_open(signed: JsonObject) -> None:
    for gathered, said in (({LIST: verification.Unreachable(LIST, "refused")}, "refused"), ({}, "not fetched")):
        found = kit.verify(signed, dict(gathered))
        assert kit.outcomes(found) == {"status": "INDETERMINATE"}
        assert said in found.summary
        assert found.step("status").findings[0].type == statuslist.RETRIEVAL_ERROR


def test_a_status_that_cannot_be_learnt_does_not_hide_a_revocation() -> None:
    source = _with({"id": "https://x.example/s#1", "type": "https://x.example/SomeOtherStatus"}, _entry())
    found = kit.verify(source, kit.at(list=kit.list_by(revoked=(7,))), policy=kit.GENERIC)
    assert kit.outcomes(found) == {"status": "INVALID"}


# --- messages, and entries of several bits

MESSAGES = [{"status": f"0x{value}", "message": text} for value, text in enumerate(("as issued", "amended", "", "“a” \u202eb"))]


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        ((), "Its issuer says of it: as issued."),
        ((15,), "Its issuer says of it: amended."),
        ((14,), ""),
        ((14, 15), "Its issuer says of it: 'a' b."),
    ],
)
def test_what_a_list_says_besides_is_a_remark(bits: tuple[int, ...], said: str) -> None:
    source = _with(_entry(7, "message", statusSize=2, statusMessage=MESSAGES))
    encoded = statuslist.encode(2 * statuslist.MIN_LENGTH, bits)
    found = kit.verify(source, kit.at(list=kit.list_by(statusPurpose="message", encodedList=encoded)))
    step = found.step("status")
    assert (found.outcome, step.outcome) == (Outcome.VALID, Outcome.VALID)
    assert [(finding.detail, finding.type) for finding in step.findings] == ([(said, statuses.MESSAGE)] if said else [])
    assert [evidence.url for evidence in step.evidence] == [LIST]


def test_a_message_of_one_bit_needs_no_words() -> None:
    found = kit.verify(_with(_entry(7, "message")), kit.at(list=kit.list_by(revoked=(7,), statusPurpose="message")))
    assert (found.outcome, found.step("status").findings) == (Outcome.VALID, ())


@pytest.mark.parametrize(
    ("bits", "outcome"), [((), Outcome.VALID), ((14,), Outcome.INVALID), ((15,), Outcome.INVALID), ((13, 16), Outcome.VALID)]
)
def test_a_revocation_of_two_bits_revokes_by_any_value_but_zero(bits: tuple[int, ...], outcome: Outcome) -> None:
    source = _with(_entry(7, statusSize=2, statusMessage=MESSAGES))
    encoded = statuslist.encode(2 * statuslist.MIN_LENGTH, bits)
    assert kit.verify(source, kit.at(list=kit.list_by(encodedList=encoded))).outcome is outcome


# --- the list itself


def _bomb() -> str:
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(200 * 1024 * 1024), 9)).rstrip(b"=").decode()


def _away() -> JsonObject:
    source = kit.list_by()
    return source | {"proof": source["proof"] | {"verificationMethod": kit.WEB_METHOD}}


_LISTS: dict[str, tuple[Callable[[], object], str]] = {
    "no document": (lambda: b"<html>", "not JSON"),
    "no credential": (lambda: {"id": LIST}, "@context must be"),
    "not signed": (lambda: kit.unsigned_list(kit.ISSUER.did), "not signed"),
    "by another issuer": (lambda: kit.list_by(kit.OTHER), "by another issuer"),
    "signed by a stranger": (lambda: kit.list_by() | {"proof": kit.list_by(kit.OTHER)["proof"]}, "does not fit"),
    "by a stranger who names the issuer": (lambda: kit.sign(kit.unsigned_list(kit.ISSUER.did), kit.OTHER), "not controlled by the issuer"),
    "expired": (lambda: kit.list_by(validUntil="2026-06-01T11:59:59Z"), "expired on"),
    "not yet valid": (lambda: kit.list_by(validFrom="2026-06-01T12:05:01Z"), "valid only from"),
    "tampered": (lambda: kit.list_by() | {"validUntil": "2099-01-01T00:00:00Z"}, "does not fit"),
    "for another purpose": (lambda: kit.list_by(statusPurpose="suspension"), "not for the purpose"),
    "at another address": (lambda: kit.list_by(id=LIST + "/2"), "another one"),
    "too short": (lambda: kit.list_by(encodedList=statuslist.encode(1024, [])), "131,072 are the least"),
    "a bomb": (lambda: kit.list_by(encodedList=_bomb()), "unpacks to more"),
    "no gzip": (lambda: kit.list_by(encodedList="uAAAA"), "not GZIP"),
    "of entries of two bits": (lambda: kit.token(kit.unsigned_list(kit.ISSUER.did, statusSize=2)).encode(), "another statusSize"),
    "of another type": (lambda: kit.list_by(type=["VerifiableCredential"]), "no BitstringStatusListCredential"),
    "with a key that is away": (_away, "not fetched"),
    "with words of its own": (
        lambda: kit.list_by() | {"@context": [contexts.CREDENTIALS_V2, {"x": "https://x.example/x"}]},
        "definitions of its own",
    ),
    "with three proofs": (lambda: kit.list_by() | {"proof": [kit.list_by()["proof"]] * 3}, "has 3 proofs; at most 2"),
    "as a token of a stranger": (lambda: kit.token(kit.unsigned_list(kit.ISSUER.did), kit.OTHER).encode(), "not controlled by the issuer"),
    "as a token that was changed": (lambda: kit.token(kit.unsigned_list(kit.ISSUER.did)).encode()[:-3] + b"AAA", "does not fit"),
    "as a token without a signature": (
        lambda: kit.token(kit.unsigned_list(kit.ISSUER.did)).rpartition(".")[0].encode() + b".",
        "not signed",
    ),
}


@pytest.mark.parametrize("fault", _LISTS)
def test_a_list_that_cannot_be_relied_on_leaves_the_question_open(signed: JsonObject, fault: str) -> None:
    make, said = _LISTS[fault]
    found = kit.verify(signed, {LIST: kit.found(LIST, make())})
    assert kit.outcomes(found) == {"status": "INDETERMINATE"}
    assert kit.detail(found, "status").startswith("The status list cannot be relied on. ")
    assert said in kit.detail(found, "status")
    assert found.step("status").findings[0].type.startswith(problem.STATUS)


@pytest.mark.parametrize(("revoked", "outcome"), [((), Outcome.VALID), ((7,), Outcome.INVALID)])
def test_a_list_may_be_a_token_or_in_an_envelope(signed: JsonObject, revoked: tuple[int, ...], outcome: Outcome) -> None:
    text = kit.token(kit.unsigned_list(kit.ISSUER.did, revoked=revoked), kit.ISSUER, typ="vc+jwt")
    enveloped = {
        "@context": contexts.CREDENTIALS_V2,
        "id": "data:application/vc+jwt," + text,
        "type": "EnvelopedVerifiableCredential",
    }
    for body in (text.encode(), json.dumps(enveloped).encode()):
        assert kit.verify(signed, {LIST: kit.found(LIST, body)}).outcome is outcome


def test_a_list_by_somebody_else_counts_if_the_operator_says_so(signed: JsonObject) -> None:
    for allowed, outcome in (
        ({}, Outcome.INDETERMINATE),
        ({kit.OTHER.did: frozenset({kit.ISSUER.did})}, Outcome.INDETERMINATE),
        ({kit.ISSUER.did: frozenset({kit.HOLDER.did})}, Outcome.INDETERMINATE),
        ({kit.ISSUER.did: frozenset({kit.HOLDER.did, kit.OTHER.did})}, Outcome.VALID),
    ):
        policy = replace(kit.POLICY, list_issuers=allowed)
        assert kit.verify(signed, kit.at(list=kit.list_by(kit.OTHER)), policy=policy).outcome is outcome
        assert kit.verify(signed, kit.at(list=kit.list_by(kit.OTHER, revoked=(7,))), policy=policy).outcome is not Outcome.VALID


def test_a_list_by_a_key_in_wrong_hands_leaves_the_question_open(signed: JsonObject) -> None:
    policy = replace(
        kit.POLICY, compromised={kit.OTHER.verification_method: kit.NOW}, list_issuers={kit.ISSUER.did: frozenset({kit.OTHER.did})}
    )
    found = kit.verify(signed, kit.at(list=kit.list_by(kit.OTHER)), policy=policy)
    assert "wrong hands" in kit.detail(found, "status")


def test_the_status_of_a_list_is_not_followed_however_it_points_back(signed: JsonObject) -> None:
    for target in (LIST, OTHER_LIST):
        entry = statuslist.Entry(target, 7, "revocation").to_json()
        gathered = {url: kit.found(url, kit.list_by(revoked=(8,), id=url, credentialStatus=entry)) for url in (LIST, OTHER_LIST)}
        assert kit.verify(signed, gathered).outcome is Outcome.VALID
        assert verification.needs(signed, {LIST: gathered[LIST]}, policy=kit.POLICY) == set()


def test_a_long_list_is_read_with_its_key() -> None:
    entry = statuslist.Entry(LIST, 16_000_000, "revocation").to_json()
    source = kit.sign(kit.badge(kit.WEB, credentialStatus=entry), kit.WEB_ISSUER)
    noise = bytes(range(256)) * (statuslist.MAX_BYTES // 256)
    packed = gzip.compress(noise, compresslevel=0, mtime=0)
    encoded = "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
    body = json.dumps(kit.list_by(kit.WEB_ISSUER, encodedList=encoded)).encode()
    assert len(body) > document.MAX_BYTES
    gathered: kit.Gathered = {LIST: verification.Resource(LIST, body, kit.NOW)}
    assert verification.needs(source, gathered, policy=kit.POLICY) == {kit.WEB_URL}
    gathered |= kit.at(web=kit.web_document())
    assert verification.needs(source, gathered, policy=kit.POLICY) == set()
    bit = noise[2_000_000] & 0x80
    assert (kit.verify(source, gathered).outcome is Outcome.INVALID) == bool(bit)


def test_a_list_is_verified_once_however_many_entries_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four entries of forty badges may name one list of eight million entries."""
    counted: list[str] = []
    unpack = statuslist.unpack

    def counting(encoded: object) -> bytes:
        counted.append("unpacked")
        return unpack(encoded)

    monkeypatch.setattr(statuslist, "unpack", counting)
    verifiedlist.forget()
    source = _with(*(_entry(index, id=f"{LIST}#{index}") for index in range(4)))
    assert kit.verify(source, kit.at(list=kit.list_by(revoked=(9,)))).outcome is Outcome.VALID
    assert kit.verify(source, kit.at(list=kit.list_by(revoked=(3,)))).outcome is Outcome.INVALID
    assert len(counted) == 2


# --- lists of other kinds


def _find(source: JsonObject, credential_id: str, *, url: str, issuer: str) -> problem.Finding | None:
    if source.get("url") != url or source.get("issuer") != issuer:
        raise problem.Invalid("It is no such list.", kind=statuslist.VERIFICATION_ERROR)
    return problem.Finding("It stands in the list.", type=statuslist.REVOKED) if credential_id in source["ids"] else None


def _list_url(status: JsonObject) -> str:
    if not isinstance(status.get("id"), str):
        raise problem.Invalid("It names no list.", kind=statuslist.VERIFICATION_ERROR)
    return str(status["id"])


_FOREIGN = replace(kit.KIND, statuses={"OddList": verification.ForeignStatus(_list_url, _find)})
_ODD = replace(kit.POLICY, profile=replace(kit.POLICY.profile, kind=lambda _source: _FOREIGN))
_GOOD: JsonObject = {"url": LIST, "issuer": kit.ISSUER.did, "ids": ["urn:x:y"]}


@pytest.mark.parametrize(
    ("status", "listed", "outcome", "said"),
    [
        ({"id": LIST}, _GOOD, "VALID", ""),
        ({"id": LIST}, _GOOD | {"ids": ["https://badges.example/c/1"]}, "INVALID", "It stands in the list."),
        ({"id": LIST}, _GOOD | {"issuer": "x"}, "INDETERMINATE", "cannot be relied on. It is no such list."),
        ({"id": LIST}, b"<html>", "INDETERMINATE", "cannot be relied on. What stands at"),
        ({"id": LIST}, None, "INDETERMINATE", "it was not fetched"),
        ({"id": "ftp://x.example"}, None, "INDETERMINATE", "is no web address"),
        ({}, None, "INVALID", "It names no list."),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_status_of_another_kind_is_looked_up_as_its_kind_says(status: JsonObject, listed: Any, outcome: str, said: str) -> None:  # noqa: ANN401 - a table
    source = kit.badge(status=False) | {"credentialStatus": status | {"type": ["OddList"]}}
    gathered = {} if listed is None else {LIST: kit.found(LIST, listed)}
    needed = {status["id"]} if status.get("id") == LIST and listed is None else set()
    assert verification.needs(source, gathered, policy=_ODD) == needed
    token = kit.token(source)
    step = kit.verify(token, gathered, policy=_ODD).step("status")
    assert step.outcome.value == outcome
    assert said in (step.findings[0].detail if step.findings else "")


def test_a_credential_without_an_id_is_looked_up_by_none() -> None:
    source = kit.badge(status=False) | {"credentialStatus": {"id": LIST, "type": "OddList"}}
    del source["id"]
    step = kit.verify(kit.token(source), {LIST: kit.found(LIST, _GOOD | {"ids": [""]})}, policy=_ODD).step("status")
    assert step.outcome is Outcome.INVALID
