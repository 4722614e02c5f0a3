from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from badgeissuer.openbadges import clr, endorsement, legacy, model
from badgeissuer.vc.document import JsonObject

ReadJson = Callable[[str], Any]
Compose = Callable[..., JsonObject]

OLD = ["https://www.w3.org/2018/credentials/v1", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json"]


def aged(source: JsonObject) -> JsonObject:
    """Return a credential of today as it was written on the data model 1.1."""
    older = {"validFrom": "issuanceDate", "validUntil": "expirationDate"}
    return {older.get(name, name): value for name, value in source.items()} | {"@context": OLD}


@pytest.fixture
def badge(achievement: JsonObject, compose: Compose) -> JsonObject:
    return aged(compose(achievement))


def pointers(badge: JsonObject) -> list[str]:
    return [finding.pointer for finding in legacy.check(badge)]


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (OLD, True),
        (OLD[0], True),
        (list(reversed(OLD)), False),
        (["https://www.w3.org/ns/credentials/v2", OLD[0]], False),
        ([], False),
        ([{"@vocab": OLD[0]}], False),
        (None, False),
    ],
)
def test_the_first_context_says_which_data_model_it_is(context: object, *, expected: bool) -> None:
    assert legacy.is_legacy({"@context": context}) is expected


def test_a_badge_of_the_older_data_model_is_read(badge: JsonObject) -> None:
    assert legacy.check(badge) == ()
    assert "/validFrom" in [finding.pointer for finding in model.check(badge)]


def test_it_need_not_expire(badge: JsonObject) -> None:
    del badge["expirationDate"]
    assert pointers(badge) == []


def test_a_badge_of_today_is_none_of_that_time(achievement: JsonObject, compose: Compose) -> None:
    assert pointers(compose(achievement)) == ["/validFrom", "/validUntil", "/issuanceDate"]


@pytest.mark.parametrize("member", ["id", "type", "name", "issuer", "issuanceDate", "credentialSubject"])
def test_a_missing_member_is_named(badge: JsonObject, member: str) -> None:
    del badge[member]
    assert pointers(badge) == [f"/{member}"]


@pytest.mark.parametrize(
    ("pointer", "members"),
    [
        ("/issuanceDate", {"issuanceDate": "2026-05-20"}),
        ("/expirationDate", {"expirationDate": "2026-05-20T14:05:00"}),
        ("/name", {"name": ""}),
        ("/type", {"type": ["VerifiableCredential", "AchievementCredential", "EndorsementCredential"]}),
        ("/credentialSubject/achievement", {"credentialSubject": {"id": "did:web:a.example", "type": ["AchievementSubject"]}}),
    ],
)
def test_a_member_that_is_wrong_is_named(badge: JsonObject, pointer: str, members: JsonObject) -> None:
    assert pointers(badge | members) == [pointer]


@pytest.mark.parametrize(("member", "older"), [("validFrom", "issuanceDate"), ("validUntil", "expirationDate")])
def test_there_is_one_way_only_to_say_when_it_counts(badge: JsonObject, member: str, older: str) -> None:
    (finding,) = legacy.check(badge | {member: "2026-05-20T14:05:00Z"})
    assert finding.pointer == f"/{member}"
    assert finding.detail == f"{member} is of the data model 2.0; a document of 1.1 says {older} instead."


def test_an_address_may_have_the_type_it_had_in_the_examples_of_the_time(badge: JsonObject) -> None:
    identifier = badge["credentialSubject"]["identifier"][0]
    identifier["identityType"] = "email"
    assert pointers(badge) == []
    identifier["identityType"] = "mail"
    assert pointers(badge) == ["/credentialSubject/identifier/0/identityType"]


def test_an_endorsement_of_that_time_needs_no_name() -> None:
    source = {
        "id": "https://agency.example/endorsements/1",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "issuer": {"id": "https://agency.example", "type": ["Profile"]},
        "issuanceDate": "2022-01-01T00:00:00Z",
        "credentialSubject": {"id": "https://college.example", "type": ["EndorsementSubject"]},
    }
    assert legacy.check_endorsement(source) == ()
    assert [finding.pointer for finding in legacy.check_endorsement(source | {"name": 5, "validUntil": "2030-01-01T00:00:00Z"})] == [
        "/validUntil",
        "/name",
    ]
    assert [finding.pointer for finding in legacy.check_endorsement(source | {"credentialSubject": {"id": "urn:a"}})] == [
        "/credentialSubject/type"
    ]


def test_a_learner_record_of_that_time_may_mention_achievements_that_it_lacks() -> None:
    association = {"type": "Association", "associationType": "isPartOf", "sourceId": "urn:a", "targetId": "urn:b"}
    source = {
        "id": "https://college.example/clr/1",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Transcript",
        "issuer": {"id": "https://college.example", "type": ["Profile"]},
        "issuanceDate": "2022-01-01T00:00:00Z",
        "credentialSubject": {
            "id": "did:web:a.example",
            "type": "ClrSubject",
            "verifiableCredential": [{"type": "VerifiableCredential"}],
            "association": [association],
        },
    }
    assert legacy.check_clr(source) == ()
    assert [finding.pointer for finding in clr.loose_ends(source)] == [
        "/credentialSubject/association/0/sourceId",
        "/credentialSubject/association/0/targetId",
    ]
    association["associationType"] = "isNear"
    assert [finding.pointer for finding in legacy.check_clr(source | {"validFrom": "2022-01-01T00:00:00Z"})] == [
        "/validFrom",
        "/credentialSubject/association/0/associationType",
    ]


class TestExamplesOfOthers:
    @pytest.mark.parametrize("name", ["simple_v1", "complete_v1", "simple-eddsa-2022", "credential-status-revoked"])
    def test_the_badges_of_the_validator_are_good(self, read_json: ReadJson, name: str) -> None:
        source = read_json(f"ob3/samples/validator-ob30/{name}.json")
        assert legacy.is_legacy(source)
        assert legacy.check(source) == ()

    def test_one_without_an_achievement_is_not(self, read_json: ReadJson) -> None:
        assert pointers(read_json("ob3/samples/validator-ob30/simple-noproof.json")) == ["/credentialSubject/achievement"]

    def test_the_badge_in_a_signed_picture_is_good(self, shared_data: Path) -> None:
        text = (shared_data / "ob3/samples/validator-ob30/simple-jwt_v1.svg").read_text("utf-8")
        (payload,) = re.findall(r'verify="[^".]+\.([^".]+)\.', text)
        source = json.loads(base64.urlsafe_b64decode(payload + "=="))["vc"]
        assert legacy.is_legacy(source)
        assert legacy.check(source) == ()

    def test_an_endorsement_by_itself_is_good_whatever_else_its_name_promises(self, read_json: ReadJson) -> None:
        source = read_json("ob3/samples/validator-ob30/endorsement-err-schema-status-refresh.json")
        assert legacy.check_endorsement(source) == ()

    def test_the_endorsements_of_the_complete_badge_lack_their_id(self, read_json: ReadJson) -> None:
        found = endorsement.embedded(read_json("ob3/samples/validator-ob30/complete_v1.json"))
        assert len(found) == 5
        assert {finding.pointer for _, source in found for finding in legacy.check_endorsement(source)} == {"/id"}

    @pytest.mark.parametrize("name", ["simple_v1", "complex", "simple-noproof", "simple_old_safesigned"])
    def test_the_learner_records_are_good_and_so_is_all_that_they_hold(self, read_json: ReadJson, name: str) -> None:
        source = read_json(f"ob3/samples/validator-clr20/{name}.json")
        assert legacy.check_clr(source) == ()
        badges = [badge for _, badge in clr.inner(source)]
        assert badges
        assert {legacy.check(badge) for badge in badges} == {()}
        assert {legacy.check_endorsement(found) for badge in badges for _, found in endorsement.embedded(badge)} <= {()}

    def test_a_learner_record_may_hold_a_badge_as_a_token(self, read_json: ReadJson) -> None:
        (token,) = [
            value
            for value in read_json("ob3/samples/validator-clr20/simple.jwt.json").values()
            if re.fullmatch(r"ey[^.]+\.[^.]+\.[^.]+", str(value))
        ]
        source = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["vc"]
        assert legacy.check_clr(source) == ()
        assert [type(value) for _, value in clr.inner(source)] == [str]
