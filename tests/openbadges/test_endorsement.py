from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgeissuer.openbadges import clr, endorsement, legacy, model
from badgeissuer.vc.document import JsonObject

ReadJson = Callable[[str], Any]
Compose = Callable[..., JsonObject]

JWS = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"


def endorsing(what: str, **members: object) -> JsonObject:
    return {
        "id": "https://agency.example/endorsements/1",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Accreditation",
        "issuer": {"id": "https://agency.example", "type": ["Profile"]},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": what, "type": ["EndorsementSubject"], "endorsementComment": "In good standing."},
    } | members


def pointers(source: JsonObject) -> list[str]:
    return [finding.pointer for finding in endorsement.check(source)]


def test_an_endorsement_is_one() -> None:
    assert endorsement.check(endorsing("https://college.example")) == ()


@pytest.mark.parametrize(
    "members",
    [
        {"issuer": "did:web:agency.example"},
        {"credentialSubject": {"id": "https://a.example", "type": "EndorsementSubject"}},
        {"awardedDate": "2025-12-01T00:00:00+01:00", "validUntil": "2027-01-01T00:00:00Z", "description": "Every year."},
        {"type": ["VerifiableCredential", "EndorsementCredential", "ext:Accreditation"]},
        {"somethingElse": {"of": "others"}},
    ],
)
def test_what_the_standard_leaves_open_is_read(members: JsonObject) -> None:
    assert pointers(endorsing("https://college.example", **members)) == []


@pytest.mark.parametrize("member", ["id", "type", "name", "issuer", "validFrom", "credentialSubject"])
def test_a_missing_member_is_named(member: str) -> None:
    source = endorsing("https://college.example")
    del source[member]
    assert pointers(source) == [f"/{member}"]


@pytest.mark.parametrize(
    ("pointer", "members"),
    [
        ("/id", {"id": "endorsements/1"}),
        ("/type", {"type": ["VerifiableCredential", "OpenBadgeCredential"]}),
        ("/type", {"type": ["EndorsementCredential"]}),
        ("/type", {"type": ["VerifiableCredential", "EndorsementCredential", "OpenBadgeCredential"]}),
        ("/name", {"name": ""}),
        ("/issuer/type", {"issuer": {"id": "https://agency.example", "type": ["Agency"]}}),
        ("/validFrom", {"validFrom": "2026-01-01"}),
        ("/validUntil", {"validUntil": "2026-01-01T00:00:00"}),
        ("/awardedDate", {"awardedDate": "yesterday"}),
        ("/description", {"description": ["Every year."]}),
        ("/credentialSubject/id", {"credentialSubject": {"type": ["EndorsementSubject"]}}),
        ("/credentialSubject/type", {"credentialSubject": {"id": "https://a.example", "type": ["AchievementSubject"]}}),
        (
            "/credentialSubject/endorsementComment",
            {"credentialSubject": {"id": "https://a.example", "type": ["EndorsementSubject"], "endorsementComment": 5}},
        ),
    ],
)
def test_a_member_that_is_wrong_is_named(pointer: str, members: JsonObject) -> None:
    assert pointers(endorsing("https://college.example", **members)) == [pointer]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"type": ["VerifiableCredential", "EndorsementCredential"]}, True),
        ({"type": "EndorsementCredential"}, True),
        ({"type": ["VerifiableCredential", "OpenBadgeCredential"]}, False),
        ({"type": {"EndorsementCredential": 1}}, False),
        ({}, False),
    ],
)
def test_a_document_says_by_its_type_whether_it_is_an_endorsement(source: JsonObject, *, expected: bool) -> None:
    assert endorsement.is_endorsement(source) is expected


@pytest.fixture
def endorsed(achievement: JsonObject, compose: Compose) -> JsonObject:
    """A badge that is endorsed wherever Open Badges 3.0 have a place for it."""
    badge = compose(achievement)
    profile = {"id": "https://a.example", "type": ["Profile"]}
    badge["issuer"]["endorsementJwt"] = [JWS + "1"]
    badge["issuer"]["parentOrg"] = profile | {"endorsement": endorsing("https://a.example")}
    badge["credentialSubject"]["achievement"]["endorsement"] = [endorsing("urn:1", endorsement=endorsing("urn:inside")), endorsing("urn:2")]
    badge["credentialSubject"]["achievement"]["creator"]["endorsement"] = [endorsing("urn:creator")]
    badge["credentialSubject"]["source"] = profile | {"endorsementJwt": JWS + "2"}
    badge["evidence"] = [{"type": ["Evidence"], "endorsement": [7], "a/b~c": {"endorsementJwt": None}}]
    return badge | {"endorsement": [endorsing("urn:3"), [JWS]], "endorsementJwt": []}


def test_endorsements_are_found_wherever_they_stand_in_the_order_of_the_document(endorsed: JsonObject) -> None:
    found = endorsement.embedded(endorsed)
    assert [pointer for pointer, _ in found] == [
        "/issuer/endorsementJwt/0",
        "/issuer/parentOrg/endorsement",
        "/credentialSubject/achievement/creator/endorsement/0",
        "/credentialSubject/achievement/endorsement/0",
        "/credentialSubject/achievement/endorsement/1",
        "/credentialSubject/source/endorsementJwt",
        "/evidence/0/endorsement/0",
        "/evidence/0/a~1b~0c/endorsementJwt",
        "/endorsement/0",
        "/endorsement/1",
    ]
    values = dict(found)
    assert values["/credentialSubject/source/endorsementJwt"] == JWS + "2"
    assert values["/endorsement/0"] is endorsed["endorsement"][0]


def test_what_is_no_endorsement_is_handed_over_to_be_refused(endorsed: JsonObject) -> None:
    strange = [value for _, value in endorsement.embedded(endorsed) if not isinstance(value, dict | str)]
    assert strange == [7, None, [JWS]]


def test_lifting_them_out_leaves_the_badge_as_it_was_without_them(endorsed: JsonObject) -> None:
    before = copy.deepcopy(endorsed)
    bare = endorsement.without(endorsed)
    assert endorsed == before
    assert endorsement.embedded(bare) == []
    assert '"endorsement' not in json.dumps(bare)
    assert bare["credentialSubject"]["source"] == {"id": "https://a.example", "type": ["Profile"]}
    assert {name for name in endorsed if name not in bare} == {"endorsement", "endorsementJwt"}


def test_a_badge_without_any_is_copied_whole(achievement: JsonObject, compose: Compose) -> None:
    badge = compose(achievement)
    bare = endorsement.without(badge)
    assert bare == badge
    assert bare["credentialSubject"] is not badge["credentialSubject"]
    assert endorsement.embedded(badge) == []


_leaves = st.none() | st.integers() | st.text(max_size=4)
_names = st.sampled_from(["endorsement", "endorsementJwt", "issuer", "a/b", "~"])
_nodes = st.recursive(_leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4), max_leaves=12)


def at(source: JsonObject, pointer: str) -> object:
    node: Any = source
    for part in pointer.split("/")[1:]:
        node = node[int(part)] if isinstance(node, list) else node[part.replace("~1", "/").replace("~0", "~")]
    return node


@settings(deadline=None)
@given(st.dictionaries(_names, _nodes, max_size=4))
def test_in_any_document_each_pointer_leads_to_its_value_and_none_is_left_behind(source: JsonObject) -> None:
    found = endorsement.embedded(source)
    assert all(at(source, pointer) is value for pointer, value in found)
    assert len({pointer for pointer, _ in found}) == len(found)
    assert endorsement.embedded(endorsement.without(source)) == []


class TestExamplesOfOthers:
    @pytest.mark.parametrize(
        ("name", "count"),
        [("samples/validator-ob30/complete.json", 5), ("examples/spec/fullOpenBadge-complete-openbadgecredential.json", 5)],
    )
    def test_the_endorsements_of_the_complete_badge_are_found_and_good(self, read_json: ReadJson, name: str, count: int) -> None:
        found = endorsement.embedded(read_json(f"ob3/{name}"))
        assert len(found) == count
        assert [endorsement.check(source) for _, source in found] == [()] * count

    @pytest.mark.parametrize(
        "name", ["samples/validator-ob30/endorsement-valid.json", "examples/spec/endorsement-sample-endorsementcredential.json"]
    )
    def test_an_endorsement_by_itself_is_good(self, read_json: ReadJson, name: str) -> None:
        source = read_json(f"ob3/{name}")
        assert endorsement.is_endorsement(source)
        assert endorsement.check(source) == ()
        assert not clr.is_clr(source)
        assert model.check(source) != ()

    def test_no_badge_of_the_samples_is_taken_for_an_endorsement(self, shared_data: Path) -> None:
        samples = sorted((shared_data / "ob3/samples/validator-ob30").glob("simple*.json"))
        badges = [json.loads(path.read_text("utf-8")) for path in samples if ".jwt" not in path.name]
        assert len(badges) > 20
        assert not any(endorsement.is_endorsement(badge) or legacy.check_endorsement(badge) == () for badge in badges)
