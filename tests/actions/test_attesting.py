from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import update
from tests.actions.conftest import do_all

from badgeissuer import attending, attesting, problem, signing, status, verifying, worker
from badgeissuer.openbadges.addresses import Site
from badgeissuer.store import jobs, keyring, tables
from badgeissuer.vc import contexts, jose, report, secured

if TYPE_CHECKING:
    from tests.actions.conftest import Campus, Found

    from badgeissuer.vc.document import JsonObject

V1, V2, OURS = contexts.CREDENTIALS_V1, contexts.CREDENTIALS_V2, "https://workshop.example.edu/terms"
NAME = "urn:uuid:0b6fb5a4-5f0c-4a68-9f42-1d6f0c1bb3a1"
TERMS = {"guild": "https://workshop.example.edu/terms#guild"}
LOCAL = Site("http://localhost:8000")
KNOWN = {**contexts.PINNED, OURS: contexts.Context(OURS, {"@context": TERMS}, contexts.digest({"@context": TERMS}))}
WAYS = sorted(attesting.MECHANISMS)


@pytest.fixture(params=["http://localhost:8000", "https://badges.example.edu"])
def either(request: pytest.FixtureRequest, found: Found) -> Campus:
    """A campus whose issuer is a did:key, then one whose issuer is a did:web."""
    return found(Site(request.param))


def credential(campus: Campus, **members: object) -> JsonObject:
    """Return a credential of the campus that nobody has signed yet; a member that becomes `...` is left out."""
    return composed(issuer={"id": campus.issuer().did, "name": "Northvalley Workshop"}, **members)


def composed(**members: object) -> JsonObject:
    """Return a credential of an issuer that is nowhere; see `credential`."""
    plain: JsonObject = {
        "@context": [V2],
        "id": NAME,
        "type": ["VerifiableCredential"],
        "issuer": "did:example:workshop",
        "validFrom": "2026-05-20T14:00:00Z",
        "credentialSubject": {"id": "did:example:asha", "name": "Asha Rao"},
    }
    named = {f"@{name}" if name == "context" else name: value for name, value in members.items()}
    return {name: value for name, value in (plain | named).items() if value is not ...}


OLD = {"context": [V1, {"name": "https://schema.org/name"}], "issuanceDate": "2026-05-20T14:00:00Z", "validFrom": ...}
"""What makes a credential one of version 1.1 of the data model."""


def prepared(source: JsonObject, way: str = "eddsa-rdfc-2022") -> JsonObject:
    return attesting.prepare(source, attesting.MECHANISMS[way], site=LOCAL, known=KNOWN)


def ask(campus: Campus, source: JsonObject, way: str = "eddsa-rdfc-2022", *, name: str | None = NAME) -> UUID:
    ready = attesting.prepare(source, attesting.MECHANISMS[way], site=campus.site, known=KNOWN)
    with campus.writing() as session:
        return attesting.request(
            session,
            campus.issuer(),
            composed=ready,
            mechanism=attesting.MECHANISMS[way],
            name=name,
            site=campus.site,
            randomness=campus.randomness,
            now=campus.now,
        )


def answer(campus: Campus, uuid: UUID) -> tuple[str, JsonObject]:
    with campus.reading() as session:
        found = attesting.answer(session, uuid)
    assert found is not None
    return found.state, json.loads(found.content)


def work(campus: Campus) -> int:
    """Do every job that is due, as a worker with further contexts does."""
    return do_all(worker.Worker(campus.engine, worker.Ports(campus.keyring, campus.site, KNOWN)))


def signed(campus: Campus, source: JsonObject, way: str = "eddsa-rdfc-2022", **more: Any) -> JsonObject:  # noqa: ANN401 - see `ask`
    uuid = ask(campus, source, way, **more)
    assert work(campus) == 1
    state, content = answer(campus, uuid)
    assert state == "signed", content
    return content


def verify(campus: Campus, content: object) -> report.Report:
    """Verify as VC-API does."""
    policy = campus.policy(verifying.GENERIC)
    with_ours = type(policy)(policy.profile, known=KNOWN, trusted=policy.trusted, compromised=policy.compromised)
    return verifying.verify_value(content, look=campus.look, now=campus.now, policy=with_ours).report


def attested(campus: Campus, name: str = NAME) -> list[UUID]:
    with campus.reading() as session:
        return [row.credential_uuid for row in attesting.attested(session, name)]


# --- signing


@pytest.mark.parametrize("way", WAYS)
def test_a_credential_is_signed_in_every_way_and_verifies(either: Campus, way: str) -> None:
    source = credential(either, context=[V2, OURS], guild="Welders")
    content = signed(either, source, way)
    found = verify(either, content)
    assert found.outcome == "VALID", found.to_json()
    assert found.issuer.identity == "known"
    inner = secured.read_value(content)
    assert inner.content.items() >= {name: value for name, value in source.items() if name != "@context"}.items()
    assert (inner.token is not None) == (way == "vc-jwt")


@pytest.mark.parametrize("way", [way for way in WAYS if way != "status-list"])
def test_a_credential_of_version_1_1_is_signed_in_every_way_but_with_status(campus: Campus, way: str) -> None:
    assert verify(campus, signed(campus, credential(campus, **OLD), way)).outcome == "VALID"


@pytest.mark.parametrize(
    ("way", "version", "expected"),
    [
        ("eddsa-rdfc-2022", V2, []),
        ("eddsa-jcs-2022", V2, []),
        ("Ed25519Signature2020", V2, [contexts.ED25519_2020]),
        ("vc-jwt", V2, []),
        ("status-list", V2, []),
        ("eddsa-rdfc-2022", V1, [contexts.DATA_INTEGRITY_V2]),
        ("eddsa-jcs-2022", V1, [contexts.DATA_INTEGRITY_V2]),
        ("Ed25519Signature2020", V1, [contexts.ED25519_2020]),
        ("vc-jwt", V1, []),
    ],
)
def test_the_context_of_a_proof_is_added_where_the_first_one_does_not_define_it_and_once(
    way: str, version: str, expected: list[str]
) -> None:
    source = composed() if version == V2 else composed(**OLD)
    before = copy.deepcopy(source)
    once = prepared(source, way)
    assert once["@context"] == [*source["@context"], *expected]
    assert (prepared(once, way)["@context"], source) == (once["@context"], before)


@pytest.mark.parametrize(
    "dates",
    [
        {"validFrom": "2999-01-01T00:00:00Z"},
        {"validUntil": "2026-05-20T14:00:01.5+00:00"},
        {"validFrom": ...},
        {"validFrom": "1999-01-01T00:00:00-05:00", "validUntil": "1999-01-01T00:00:00-05:00"},
    ],
    ids=str,
)
def test_when_a_credential_counts_is_the_issuers_affair(campus: Campus, dates: dict[str, object]) -> None:
    found = verify(campus, signed(campus, credential(campus, **dates)))
    assert all(found.step(name).outcome == "VALID" for name in ("context", "data_model", "issuer", "proof"))


def test_a_second_try_makes_the_same_bytes(campus: Campus) -> None:
    ask(campus, credential(campus))
    row = campus.only(tables.SigningRequest)

    def sign(*, keep: bool) -> bytes | None:
        with campus.writing() as session:
            ports = {"keyring": campus.keyring, "site": campus.site, "known": KNOWN}
            attesting.sign(session, row.id, name_sha256=None, now=campus.now, **ports)  # type: ignore[arg-type]
            found: bytes | None = session.get_one(tables.SigningRequest, row.id).answer
            if not keep:
                session.rollback()
            return found

    first = sign(keep=False)
    campus.pass_time(minutes=2)
    assert campus.only(tables.SigningRequest).answer is None
    assert first == sign(keep=True) == sign(keep=True)
    assert json.loads(first or b"")["proof"]["created"] == "2026-05-20T14:05:00Z"


def test_nothing_that_waits_is_answered_and_nothing_unknown_is_signed(campus: Campus) -> None:
    uuid = ask(campus, credential(campus))
    with campus.reading() as session:
        assert attesting.answer(session, uuid) is None
        assert attesting.answer(session, UUID(int=0)) is None
    with campus.writing() as session:
        jobs.enqueue(session, attesting.SIGN, {"request": 10**6, "name_sha256": None}, now=campus.now)
    assert work(campus) == 2
    assert {row.state for row in campus.all(tables.Job)} == {"done"}


# --- status


def test_a_credential_with_status_can_be_revoked_under_the_id_that_it_was_given(campus: Campus) -> None:
    content = signed(campus, credential(campus), "status-list", name="urn:workshop:1")
    entry = content["credentialStatus"]
    assert (entry["type"], entry["statusPurpose"]) == ("BitstringStatusListEntry", "revocation")
    assert verify(campus, content).step("status").outcome == "VALID"
    assert attested(campus) == []
    (uuid,) = attested(campus, "urn:workshop:1")
    with campus.writing() as session:
        status.revoke(session, uuid, reason="x", actor="test", now=campus.now)
    campus.work()
    found = verify(campus, content)
    assert (found.outcome, found.step("status").findings[0].type) == ("INVALID", "urn:badgeissuer:problem:revoked")


def test_credentials_of_one_id_are_all_found(campus: Campus) -> None:
    contents = [signed(campus, credential(campus), "status-list") for _ in range(2)]
    assert len(attested(campus)) == len({content["credentialStatus"]["statusListIndex"] for content in contents}) == 2


def test_only_a_credential_with_a_status_and_a_name_is_remembered(campus: Campus) -> None:
    signed(campus, credential(campus))
    signed(campus, credential(campus, id=...), "status-list", name=None)
    assert campus.all(tables.Attestation) == []


def test_places_in_lists_are_shared_with_badges_and_never_twice_the_same(campus: Campus) -> None:
    badge = campus.issued()
    content = signed(campus, credential(campus), "status-list")
    theirs, ours = json.loads(badge.document)["credentialStatus"], content["credentialStatus"]
    assert theirs["statusListCredential"] == ours["statusListCredential"]
    assert theirs["statusListIndex"] != ours["statusListIndex"]


# --- what is refused before anything is stored


@pytest.mark.parametrize(
    ("members", "way", "message"),
    [
        ({"context": ...}, "eddsa-rdfc-2022", "@context must be an array"),
        ({"context": [V2, 5]}, "eddsa-rdfc-2022", "Every item of @context"),
        ({"type": ["VerifiableCredential", "Unheard"]}, "eddsa-rdfc-2022", "no absolute IRI"),
        ({"type": ["VerifiableCredential", "Unheard"]}, "eddsa-jcs-2022", "no absolute IRI"),
        ({"context": [V2, {"Odd": "https ://odd"}], "type": ["VerifiableCredential", "Odd"]}, "vc-jwt", "invalid IRI mapping"),
        ({"guild": "Welders"}, "eddsa-rdfc-2022", "not defined by the document's contexts"),
        ({"guild": "Welders"}, "vc-jwt", "not defined by the document's contexts"),
        ({"context": [V2, {"VerifiableCredential": "urn:x:y"}]}, "eddsa-rdfc-2022", "protected term redefinition"),
        (
            {"context": [V2, {"@protected": True, "Guild": "urn:x:y"}, {"Guild": "urn:x:z"}]},
            "eddsa-rdfc-2022",
            "protected term redefinition",
        ),
        ({"name": None}, "eddsa-rdfc-2022", "null is not covered"),
        ({"@included": [{"id": "urn:x:y"}]}, "eddsa-rdfc-2022", "hides data"),
        ({"proof": {"type": "DataIntegrityProof"}}, "eddsa-rdfc-2022", "already has a proof"),
        ({"credentialSubject": {}}, "eddsa-rdfc-2022", "says something"),
        ({"validUntil": "2020-01-01T00:00:00Z"}, "eddsa-rdfc-2022", "validUntil lies before validFrom"),
        ({"id": "http://localhost:8000/c/0b6fb5a4-5f0c-4a68-9f42-1d6f0c1bb3a1"}, "eddsa-rdfc-2022", "address of this service"),
        ({"id": "http://LOCALHOST:8000/status-lists/1"}, "vc-jwt", "address of this service"),
        ({"credentialStatus": {"type": "https://x.example#Status"}}, "status-list", "says already where its status stands"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_no_good_credential_is_refused(members: dict[str, object], way: str, message: str) -> None:
    with pytest.raises(problem.Invalid, match=message):
        prepared(composed(**members), way)


def test_an_address_of_this_service_where_nothing_is_published_is_an_id_like_any_other() -> None:
    assert prepared(composed(id="http://localhost:8000/credentials/1"))


def test_a_credential_of_version_1_1_gets_no_status() -> None:
    with pytest.raises(problem.Invalid, match=r"Only credentials of version 2\.0"):
        prepared(composed(**OLD), "status-list")


def test_a_context_of_which_no_copy_is_held_is_refused() -> None:
    with pytest.raises(report.Undecided, match="no pinned copy is held"):
        prepared(composed(context=[V2, "https://elsewhere.example/terms"]))


@pytest.mark.parametrize("did", ["", "did:key:z6Mk", "did:example:nobody", "workshop"])
def test_nobody_signs_for_an_issuer_that_is_not_here(campus: Campus, did: str) -> None:
    with campus.reading() as session:
        owner = campus.issuer().did
        assert attesting.issuer(session, owner or "").slug == "workshop"
        with pytest.raises(problem.Invalid, match="No issuer of this service"):
            attesting.issuer(session, did)


# --- what is refused by the worker


def refusal(campus: Campus, uuid: UUID) -> str:
    assert work(campus) == 1
    state, content = answer(campus, uuid)
    assert (state, campus.all(tables.Job)[-1].state, campus.all(tables.Attestation)) == ("refused", "done", [])
    detail: str = content["detail"]
    return detail


def test_without_an_active_key_the_answer_is_a_refusal(campus: Campus) -> None:
    uuid = ask(campus, credential(campus), "vc-jwt")
    with campus.writing() as session:
        signing.retire(session, campus.only(tables.SigningKey).public_key_multibase, now=campus.now, compromised=True)
    assert "no active signing key" in refusal(campus, uuid)


def test_a_worker_without_the_context_refuses(campus: Campus) -> None:
    uuid = ask(campus, credential(campus, context=[V2, OURS]))
    assert campus.work() == 1
    assert answer(campus, uuid)[1]["detail"].startswith("No pinned copy of the JSON-LD context")


def test_what_cannot_be_a_token_is_refused(campus: Campus) -> None:
    uuid = ask(campus, credential(campus, context=[V2, {"vc": "urn:x:vc"}], vc="1"), "vc-jwt")
    assert "which a token keeps for its claim" in refusal(campus, uuid)


@pytest.mark.parametrize("way", WAYS)
def test_what_would_not_verify_is_not_handed_out(campus: Campus, way: str) -> None:
    """Here the key is another's than the issuer's whom the document names."""
    uuid = ask(campus, credential(campus), way)
    method = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    with campus.writing() as session:
        session.execute(update(tables.SigningKey).values(verification_method=f"{method}#{method.removeprefix('did:key:')}"))
    if way == "status-list":
        # its list would not verify either, and that is a fault of the service
        assert work(campus) == 1
        assert campus.only(tables.SigningRequest).state == "waiting"
    else:
        assert "does not verify" in refusal(campus, uuid)


def test_what_nobody_waits_for_any_more_is_not_signed(campus: Campus) -> None:
    uuid = ask(campus, credential(campus), "status-list")
    campus.pass_time(minutes=6)
    assert "Nobody waited for it" in refusal(campus, uuid)


def test_a_key_that_cannot_be_opened_is_tried_again_and_the_request_at_last_given_up(campus: Campus, tmp_path: Path) -> None:
    ask(campus, credential(campus))
    wrong = keyring.Keyring(tmp_path / "keys", b"another passphrase", operations=1, memory_bytes=8 * 1024 * 1024)
    hand = worker.Worker(campus.engine, worker.Ports(wrong, campus.site))
    assert hand.do_one()
    assert (campus.only(tables.SigningRequest).state, campus.only(tables.Job).state) == ("waiting", "queued")
    with campus.writing() as session:
        session.execute(update(tables.Job).values(attempts=jobs.MAX_ATTEMPTS - 1, run_at=campus.now))
    assert hand.do_one()
    row = campus.only(tables.SigningRequest)
    assert (row.state, campus.only(tables.Job).state) == ("refused", "dead")
    assert "could not be signed" in json.loads(row.answer)["detail"]


def test_giving_up_changes_nothing_of_what_is_signed(campus: Campus) -> None:
    content = signed(campus, credential(campus))
    with campus.writing() as session:
        attesting.give_up(session, campus.only(tables.SigningRequest).id, "x")
        attesting.give_up(session, 10**6, "x")
    assert answer(campus, campus.only(tables.SigningRequest).uuid) == ("signed", content)


# --- what is kept


def test_answers_are_forgotten_after_an_hour_and_places_never(campus: Campus) -> None:
    content = signed(campus, credential(campus), "status-list")
    campus.pass_time(minutes=59)
    waiting = ask(campus, credential(campus))
    attend(campus)
    assert len(campus.all(tables.SigningRequest)) == 2
    campus.pass_time(minutes=2)
    attend(campus)
    assert campus.only(tables.SigningRequest).uuid == waiting
    assert len(attested(campus)) == 1
    assert verify(campus, content).step("status").outcome == "VALID"


def attend(campus: Campus) -> None:
    with campus.writing() as session:
        attending.report(session, "w", keyring=campus.keyring, now=campus.now)


def test_the_queue_holds_no_name(campus: Campus) -> None:
    ask(campus, credential(campus), "status-list", name="urn:learner:asha.rao@example.org")
    assert "asha" not in json.dumps(campus.only(tables.Job).payload)


def test_a_token_is_the_same_each_time(campus: Campus) -> None:
    first, second = (signed(campus, credential(campus), "vc-jwt") for _ in range(2))
    assert first == second
    token = secured.read_value(first).token
    assert token is not None
    assert token.header["typ"] == "vc+jwt"
    assert jose.disagreements(token, secured.read_value(first).content) == ()
