from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from badgeissuer.openbadges import clr, model
from badgeissuer.vc.document import JsonObject

ReadJson = Callable[[str], Any]
Compose = Callable[..., JsonObject]

JWS = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"
STEP = "https://badges.example/a/step/1"
PATHWAY = "https://badges.example/a/pathway/1"


@pytest.fixture
def record(achievement: JsonObject, compose: Compose) -> JsonObject:
    """A learner record with one badge, and one achievement that is only mentioned."""
    pathway = {
        "id": PATHWAY,
        "type": ["Achievement"],
        "name": "Metalworker",
        "description": "Works metal.",
        "criteria": {"narrative": "Every step."},
    }
    return {
        "id": "https://badges.example/clr/1",
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": "Transcript",
        "issuer": {"id": "https://college.example", "type": ["Profile"], "name": "Example College"},
        "validFrom": "2026-05-20T14:05:00Z",
        "partial": True,
        "credentialSubject": {
            "id": "did:web:asha.example",
            "type": ["ClrSubject"],
            "verifiableCredential": [compose(achievement | {"id": STEP})],
            "achievement": [pathway],
            "association": [{"type": "Association", "associationType": "isPartOf", "sourceId": STEP, "targetId": PATHWAY}],
        },
    }


def pointers(record: JsonObject) -> list[str]:
    return [finding.pointer for finding in clr.check(record)]


def test_a_whole_record_is_one(record: JsonObject) -> None:
    assert clr.check(record) == ()


@pytest.mark.parametrize(
    "kind", ["exactMatchOf", "isChildOf", "isParentOf", "isPartOf", "isPeerOf", "isRelatedTo", "precedes", "replacedBy"]
)
def test_every_kind_of_association_of_the_standard_is_read(record: JsonObject, kind: str) -> None:
    record["credentialSubject"]["association"][0] |= {"associationType": kind, "type": ["Association"]}
    assert pointers(record) == []


def test_one_value_may_stand_for_an_array_of_one(record: JsonObject) -> None:
    subject = record["credentialSubject"]
    for name in ("verifiableCredential", "achievement", "association"):
        subject[name] = subject[name][0]
    subject["type"] = "ClrSubject"
    assert pointers(record) == []
    assert [pointer for pointer, _ in clr.inner(record)] == ["/credentialSubject/verifiableCredential"]


def test_a_record_needs_no_more_than_credentials(record: JsonObject) -> None:
    del record["partial"], record["credentialSubject"]["association"], record["credentialSubject"]["achievement"]
    assert pointers(record) == []


def test_associations_that_are_null_are_none(record: JsonObject) -> None:
    record["credentialSubject"]["association"] = None
    assert pointers(record) == []


def test_the_learner_may_be_known_by_an_identifier(record: JsonObject) -> None:
    subject = record["credentialSubject"]
    del subject["id"]
    assert pointers(record) == ["/credentialSubject"]
    subject["identifier"] = {"type": "IdentityObject", "hashed": False, "identityHash": "a@b.example", "identityType": "emailAddress"}
    assert pointers(record) == []


@pytest.mark.parametrize("member", ["id", "type", "name", "issuer", "validFrom", "credentialSubject"])
def test_a_missing_member_is_named(record: JsonObject, member: str) -> None:
    del record[member]
    assert pointers(record) == [f"/{member}"]


@pytest.mark.parametrize(
    ("pointer", "member", "value"),
    [
        ("/partial", "partial", "yes"),
        ("/name", "name", ""),
        ("/type", "type", ["VerifiableCredential", "ClrCredential", "AchievementCredential"]),
        ("/type", "type", ["VerifiableCredential", "OpenBadgeCredential"]),
        ("/type", "type", "ClrCredential"),
    ],
)
def test_a_member_that_is_wrong_is_named(record: JsonObject, pointer: str, member: str, value: object) -> None:
    assert pointers(record | {member: value}) == [pointer]


@pytest.mark.parametrize(
    ("member", "value", "place"),
    [
        ("type", ["AchievementSubject"], "type"),
        ("verifiableCredential", None, "verifiableCredential"),
        ("verifiableCredential", [], "verifiableCredential"),
        ("verifiableCredential", ["https://badges.example/c/1"], "verifiableCredential/0"),
        ("verifiableCredential", [JWS, 7], "verifiableCredential/1"),
        ("verifiableCredential", [JWS, [JWS]], "verifiableCredential/1"),
        ("achievement", [{"id": STEP, "type": ["Achievement"]}], "achievement/0/name"),
        ("association", [], "association"),
        (
            "association",
            {"type": "Link", "associationType": "isPartOf", "sourceId": STEP, "targetId": PATHWAY},
            "association/0/type",
        ),
        (
            "association",
            {"type": "Association", "associationType": "ext:isNear", "sourceId": STEP, "targetId": PATHWAY},
            "association/0/associationType",
        ),
        ("association", {"type": "Association", "associationType": "isPartOf", "targetId": PATHWAY}, "association/0/sourceId"),
        (
            "association",
            {"type": "Association", "associationType": "isPartOf", "sourceId": STEP, "targetId": "a"},
            "association/0/targetId",
        ),
    ],
)
def test_a_member_of_the_subject_that_is_wrong_is_named(record: JsonObject, member: str, value: object, place: str) -> None:
    record["credentialSubject"][member] = value
    assert pointers(record)[0] == f"/credentialSubject/{place}"


def test_an_association_must_join_achievements_of_the_record(record: JsonObject) -> None:
    other = "https://elsewhere.example/a/1"
    kept = record["credentialSubject"]["association"][0]
    record["credentialSubject"]["association"] = [kept, kept | {"sourceId": other}, kept | {"targetId": other}]
    assert [(finding.pointer, finding.detail) for finding in clr.check(record)] == [
        ("/credentialSubject/association/1/sourceId", f"The association names {other}, which is no achievement of this record."),
        ("/credentialSubject/association/2/targetId", f"The association names {other}, which is no achievement of this record."),
    ]


@pytest.mark.parametrize(
    "sealed",
    [JWS, {"type": "EnvelopedVerifiableCredential", "id": f"data:application/vc+jwt,{JWS}"}, {"type": ["EnvelopedVerifiableCredential"]}],
)
def test_of_an_achievement_that_a_sealed_credential_may_assert_nothing_is_said(record: JsonObject, sealed: object) -> None:
    subject = record["credentialSubject"]
    subject["association"][0]["sourceId"] = "https://elsewhere.example/a/1"
    assert len(pointers(record)) == 1
    subject["verifiableCredential"].append(sealed)
    assert pointers(record) == []


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"credentialSubject": "did:web:asha.example"},
        {"credentialSubject": {}},
        {"credentialSubject": {"achievement": STEP}},
        {"credentialSubject": [{"achievement": {"id": {"unhashable": 1}}}, 7, None]},
    ],
)
def test_odd_credentials_in_a_record_are_for_their_own_verification(record: JsonObject, odd: JsonObject) -> None:
    record["credentialSubject"]["verifiableCredential"] = [odd]
    assert pointers(record) == ["/credentialSubject/association/0/sourceId"]


def test_the_credentials_of_a_record_are_found(record: JsonObject) -> None:
    record["credentialSubject"]["verifiableCredential"] += [JWS, 7]
    found = clr.inner(record)
    assert [pointer for pointer, _ in found] == [f"/credentialSubject/verifiableCredential/{index}" for index in range(3)]
    assert [value for _, value in found][1:] == [JWS, 7]
    assert model.check(found[0][1]) == ()


@pytest.mark.parametrize(
    "source", [{}, {"credentialSubject": "a"}, {"credentialSubject": []}, {"credentialSubject": {"type": "ClrSubject"}}]
)
def test_what_holds_no_credentials_stays_as_it_is(source: JsonObject) -> None:
    assert clr.inner(source) == []
    assert clr.without(source) == source
    assert clr.without(source) is not source


def test_lifting_the_credentials_out_leaves_the_record_untouched(record: JsonObject) -> None:
    before = copy.deepcopy(record)
    bare = clr.without(record)
    assert record == before
    assert clr.inner(bare) == []
    assert set(before["credentialSubject"]) - set(bare["credentialSubject"]) == {"verifiableCredential"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(["VerifiableCredential", "ClrCredential"], True), ("ClrCredential", True), (["OpenBadgeCredential"], False), (None, False)],
)
def test_a_document_says_by_its_type_whether_it_is_a_record(kind: object, *, expected: bool) -> None:
    assert clr.is_clr({"type": kind}) is expected


class TestExamplesOfOthers:
    @pytest.mark.parametrize("name", ["unsigned", "signed"])
    def test_the_record_of_the_guide_is_good(self, read_json: ReadJson, name: str) -> None:
        source = read_json("ob3/vectors/1edtech-implguide-clr-eddsa-rdfc-2022.json")[name]
        assert clr.is_clr(source)
        assert clr.check(source) == ()
        assert [model.check(badge) for _, badge in clr.inner(source)] == [()]

    def test_the_simple_record_of_the_validator_is_good(self, read_json: ReadJson) -> None:
        source = read_json("ob3/samples/validator-clr20/simple.json")
        assert clr.check(source) == ()
        assert [model.check(badge) for _, badge in clr.inner(source)] == [()]

    @pytest.mark.parametrize("name", ["simple_v1", "complex", "simple-noproof", "simple_old_safesigned"])
    def test_a_record_of_the_older_data_model_has_other_dates(self, read_json: ReadJson, name: str) -> None:
        assert pointers(read_json(f"ob3/samples/validator-clr20/{name}.json")) == ["/validFrom"]
