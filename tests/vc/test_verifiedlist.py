"""A list that was found good before is found good no longer than it is, and with nothing else than it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.vc import kit
from tests.vc.kit import LIST, NOW, WEB_URL

from badgeissuer.vc import contexts, cryptosuites, instant, report, statuslist, verification, verifiedlist
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Outcome

SECOND = timedelta(seconds=1)
BADGE = kit.sign(kit.badge())
WEB_BADGE = kit.sign(kit.badge(kit.WEB), kit.WEB_ISSUER)
WEB_LIST = kit.list_by(kit.WEB_ISSUER)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    verifiedlist.forget()
    yield
    verifiedlist.forget()


def _status(source: JsonObject, gathered: kit.Gathered, **options: Any) -> report.Step:  # noqa: ANN401 - those of `kit.verify`
    return kit.verify(source, gathered, **options).step("status")


def _anew(source: JsonObject, gathered: kit.Gathered, **options: Any) -> report.Step:  # noqa: ANN401 - as above
    """Return the step as it is where nothing is remembered, and leave what is."""
    kept = dict(verifiedlist._KEPT)
    verifiedlist.forget()
    step = _status(source, gathered, **options)
    verifiedlist._KEPT.update(kept)
    return step


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of what was canonicalised to be verified."""
    seen: list[str] = []
    rdfc = cryptosuites.EDDSA_RDFC_2022.canonicalize

    def counting(source: JsonObject, *arguments: Any) -> bytes:  # noqa: ANN401 - those of `rdfc`
        seen.append(source.get("id", "proof"))
        return rdfc(source, *arguments)

    monkeypatch.setitem(cryptosuites.SUITES, "eddsa-rdfc-2022", replace(cryptosuites.EDDSA_RDFC_2022, canonicalize=counting))  # type: ignore[arg-type]
    return seen


def test_the_second_badge_of_a_list_does_not_verify_it_again(signed: list[str]) -> None:
    first = kit.verify(BADGE, kit.at(list=kit.list_by()))
    other = kit.sign(kit.badge(id="https://badges.example/c/2", credentialStatus=statuslist.Entry(LIST, 9, "revocation").to_json()))
    again = kit.verify(other, kit.at(list=kit.list_by()))
    assert (first.outcome, again.outcome) == (Outcome.VALID, Outcome.VALID)
    assert first.step("status") == again.step("status")
    assert signed.count(LIST) == 1


def test_a_list_that_has_changed_is_another_list() -> None:
    for revoked, outcome in (((), "VALID"), ((7,), "INVALID"), ((), "VALID"), ((6, 8), "VALID")):
        assert _status(BADGE, kit.at(list=kit.list_by(revoked=revoked))).outcome.value == outcome
    source = kit.list_by(revoked=(7,))
    forged = source | {"credentialSubject": kit.list_by()["credentialSubject"]}
    assert "does not fit" in _status(BADGE, kit.at(list=forged)).findings[0].detail


def test_what_is_remembered_answers_only_for_the_entries_that_the_list_is_for() -> None:
    gathered = kit.at(list=kit.list_by())
    assert _status(BADGE, gathered).outcome is Outcome.VALID
    for change in (
        {"statusPurpose": "suspension"},
        {"statusListIndex": "131072"},
        {"statusSize": 2, "statusMessage": [{"status": hex(value), "message": "x"} for value in range(4)]},
    ):
        source = BADGE | {"credentialStatus": BADGE["credentialStatus"] | change}
        assert (found := _status(source, gathered)) == _anew(source, gathered)
        assert found.outcome is not Outcome.VALID
    by_other = kit.sign(kit.badge(kit.OTHER.did), kit.OTHER)
    assert "by another issuer" in _status(by_other, gathered).findings[0].detail
    elsewhere = LIST + "/2"
    moved = kit.sign(kit.badge(credentialStatus=statuslist.Entry(elsewhere, 7, "revocation").to_json()))
    found = _status(moved, {elsewhere: kit.found(elsewhere, kit.list_by())})
    assert "another one than the credential names" in found.findings[0].detail


_KEY_DOCUMENTS: dict[str, JsonObject | None] = {
    "away": None,
    "of another key": kit.web_document(kit.OTHER),
    "without the key": kit.web_document() | {"verificationMethod": [], "assertionMethod": []},
    "that no longer lists it": kit.web_document() | {"assertionMethod": []},
    "that revokes it": kit.web_document(revoked="2026-05-31T00:00:00Z"),
    "in which it has expired": kit.web_document(expires="2026-06-01T12:00:00Z"),
    "of somebody else": kit.web_document() | {"id": "did:web:elsewhere.example"},
    "that says more": kit.web_document() | {"also": "x"},
}


@pytest.mark.parametrize("fault", _KEY_DOCUMENTS)
def test_with_another_document_of_its_key_a_list_is_verified_again(fault: str) -> None:
    """The badge is by a did:key, and a list of somebody else is allowed for it, so that only the list needs the document."""
    policy = replace(kit.POLICY, list_issuers={kit.ISSUER.did: frozenset({kit.WEB})})
    before = kit.at(list=WEB_LIST, web=kit.web_document())
    after = kit.at(list=WEB_LIST) | (kit.at(web=_KEY_DOCUMENTS[fault]) if _KEY_DOCUMENTS[fault] else {})
    assert _status(BADGE, before, policy=policy).outcome is Outcome.VALID
    found = _status(BADGE, after, policy=policy)
    assert found == _anew(BADGE, after, policy=policy)
    assert (found.outcome is Outcome.VALID) == (fault == "that says more")
    assert verification.needs(BADGE, after, policy=policy) == ({WEB_URL} if fault == "away" else set())
    assert _status(BADGE, before, policy=policy).outcome is Outcome.VALID


def test_what_another_policy_says_is_heard() -> None:
    gathered = kit.at(list=kit.list_by(kit.OTHER))
    trusting = replace(kit.POLICY, list_issuers={kit.ISSUER.did: frozenset({kit.OTHER.did})})
    without_names = {url: context for url, context in contexts.PINNED.items() if url != contexts.OPEN_BADGES_EXTENSIONS}
    others = [
        kit.POLICY,
        *(replace(trusting, compromised={name: since}) for name in _NAMES_OF_KEY for since in (NOW, NOW + SECOND)),
        replace(trusting, known=without_names),
        replace(trusting, known={url: context for url, context in without_names.items() if url != contexts.CREDENTIALS_V2}),
    ]
    assert _status(BADGE, gathered, policy=trusting).outcome is Outcome.VALID
    outcomes = []
    for policy in others:
        found = _status(BADGE, gathered, policy=policy)
        assert found == _anew(BADGE, gathered, policy=policy)
        outcomes.append(found.outcome)
    assert outcomes[:-2] == [Outcome.INDETERMINATE, *[Outcome.INDETERMINATE, Outcome.VALID] * len(_NAMES_OF_KEY)]


_NAMES_OF_KEY = (kit.OTHER.verification_method, kit.OTHER.public_key.multikey)


def _moments() -> Iterator[tuple[str, JsonObject, JsonObject]]:
    """Yield name, list and key document of lists that hold only for some time: each edge is at NOW."""
    edge = instant.write(NOW)
    skewed = instant.write(NOW + verification.SKEW)
    unsigned = kit.unsigned_list(kit.WEB)
    yield "ends", kit.list_by(kit.WEB_ISSUER, validUntil=edge), kit.web_document()
    yield "begins", kit.list_by(kit.WEB_ISSUER, validFrom=skewed), kit.web_document()
    yield "proof expires", kit.prove(unsigned, kit.WEB_ISSUER, expires=edge), kit.web_document()
    yield "proof made", kit.prove(unsigned, kit.WEB_ISSUER, created=skewed), kit.web_document()
    yield "key expires", WEB_LIST, kit.web_document(expires=instant.write(NOW + SECOND))
    yield "key revoked", WEB_LIST, kit.web_document(revoked=instant.write(NOW + SECOND))
    undated = {name: value for name, value in unsigned.items() if name not in {"validFrom", "validUntil"}}
    yield "timeless", kit.prove(undated, kit.WEB_ISSUER, created="2026-01-01T00:00:00Z"), kit.web_document()


_LIMITED = {name: (source, document) for name, source, document in _moments()}


@pytest.mark.parametrize("name", _LIMITED)
def test_at_another_moment_a_list_counts_no_longer_than_it_did(name: str) -> None:
    policy = replace(kit.POLICY, list_issuers={kit.ISSUER.did: frozenset({kit.WEB})})
    source, key = _LIMITED[name]
    gathered = kit.at(list=source, web=key)
    assert _status(BADGE, gathered, policy=policy).outcome is Outcome.VALID
    outcomes = set()
    for seconds in (-(10**6), -1, 0, 1, 10**6):
        now = NOW + seconds * SECOND
        found = _status(BADGE, gathered, policy=policy, now=now)
        assert found == _anew(BADGE, gathered, policy=policy, now=now)
        outcomes.add(found.outcome)
    assert outcomes == ({Outcome.VALID} if name == "timeless" else {Outcome.VALID, Outcome.INDETERMINATE})


def test_a_list_that_is_not_good_is_never_remembered(signed: list[str]) -> None:
    """Nor one whose bits are no bitstring, and one in a token, whose dates stand elsewhere too."""
    token = kit.token(kit.unsigned_list(kit.ISSUER.did)).encode()
    bad = kit.list_by(encodedList="uAAAA")
    for source in (kit.list_by(validUntil="2026-06-01T11:59:59Z"), bad, token):
        found = [_status(BADGE, {LIST: kit.found(LIST, source)}) for _ in range(2)]
        assert found[0] == found[1]
    assert signed.count(LIST) == 4
    assert not verifiedlist._KEPT


def test_the_schema_of_a_list_is_part_of_what_it_was_verified_with() -> None:
    url = "https://schemas.example/list"
    lists = kit.at(list=kit.list_by(credentialSchema={"id": url, "type": "JsonSchema"}))
    good, bad = (lists | {url: kit.found(url, {"required": [name]})} for name in ("issuer", "absent"))
    outcomes = [_status(BADGE, gathered).outcome for gathered in (good, good, bad, lists, good)]
    assert outcomes == [Outcome.VALID, Outcome.VALID, Outcome.INDETERMINATE, Outcome.INDETERMINATE, Outcome.VALID]


def test_a_remembered_list_costs_the_budget_what_it_cost_at_first() -> None:
    gathered = kit.at(list=kit.list_by())
    costs = [_cost(gathered, verification.Effort()) for _ in range(2)]
    assert costs[0] == costs[1] > 0
    steps = []
    for _ in range(2):
        effort = verification.Effort(costs[0] - 1)
        steps.append(verification.verify(BADGE, gathered, now=NOW, policy=kit.POLICY, sha256="00", effort=effort).step("status"))
        verifiedlist.forget()
    assert steps[0] == steps[1]
    assert steps[0].outcome is Outcome.INDETERMINATE
    assert "more work" in steps[0].findings[0].detail


def _cost(gathered: kit.Gathered, effort: verification.Effort) -> float:
    before = effort.left
    verification.verify(BADGE, gathered, now=NOW, policy=kit.POLICY, sha256="00", effort=effort)
    return before - effort.left


def test_the_longest_not_asked_for_is_forgotten_when_there_is_no_more_room(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[object] = []
    unpack = statuslist.unpack

    def counting(encoded: object) -> bytes:
        unpacked.append(encoded)
        return unpack(encoded)

    monkeypatch.setattr(statuslist, "unpack", counting)
    encoded = statuslist.encode(statuslist.MAX_BYTES * 8, ())
    fitting = verifiedlist.MAX_BYTES // statuslist.MAX_BYTES
    bodies = [kit.at(list=kit.list_by(encodedList=encoded, name=f"List {number}")) for number in range(fitting)]
    for gathered in [*bodies, bodies[-1]]:
        assert _status(BADGE, gathered).outcome is Outcome.VALID
    assert len(unpacked) == len(bodies)
    assert _status(BADGE, bodies[0]).outcome is Outcome.VALID
    assert len(unpacked) == len(bodies) + 1


def test_many_threads_remember_and_recall_at_once() -> None:
    lists = [kit.at(list=kit.list_by(revoked=revoked)) for revoked in ((), (7,), (8,))]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: _status(BADGE, lists[number % 3]).outcome.value, range(30)))
    assert found == ["VALID", "INVALID", "VALID"] * 10


def test_the_whole_report_is_the_same_to_the_letter() -> None:
    for revoked in ((), (7,)):
        gathered = kit.at(list=kit.list_by(kit.WEB_ISSUER, revoked=revoked), web=kit.web_document())
        first, again = (json.dumps(kit.verify(WEB_BADGE, gathered).to_json()) for _ in range(2))
        assert first == again
