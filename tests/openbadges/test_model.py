from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from badgeissuer.openbadges import credential, model
from badgeissuer.vc.document import JsonObject

ReadJson = Callable[[str], Any]
Compose = Callable[..., JsonObject]


@pytest.fixture
def badge(achievement: JsonObject, learner_results: list[JsonObject], compose: Compose) -> JsonObject:
    evidence = [{"type": ["Evidence"], "id": "https://portfolio.example/1", "name": "Photograph", "genre": "Picture"}]
    return compose(achievement, claims=credential.Claims(results=learner_results, evidence=evidence, credits_earned=2.5))


def pointers(badge: JsonObject) -> list[str]:
    return [finding.pointer for finding in model.check(badge)]


def changed(badge: JsonObject, pointer: str, value: object) -> JsonObject:
    """Return the badge with another value at a pointer; None takes the member away."""
    node: Any = badge
    *path, name = pointer.strip("/").split("/")
    for part in path:
        node = node[int(part)] if isinstance(node, list) else node[part]
    if value is None:
        del node[name]
    else:
        node[name] = value
    return badge


def test_a_whole_badge_is_one(badge: JsonObject) -> None:
    assert model.check(badge) == ()


def test_reading_changes_nothing(badge: JsonObject) -> None:
    before = copy.deepcopy(badge)
    model.check(badge)
    assert badge == before


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/type", ["VerifiableCredential", "AchievementCredential"]),
        ("/issuer", "did:web:college.example"),
        ("/issuer/type", "Profile"),
        ("/issuer/image/type", ["Image"]),
        ("/credentialSubject/type", "AchievementSubject"),
        ("/credentialSubject/result", {"type": "Result", "value": "1"}),
        ("/credentialSubject/identifier", None),
        ("/credentialSubject/id", None),
        ("/credentialSubject/achievement/tag", "welding"),
        ("/credentialSubject/achievement/resultDescription", None),
        ("/credentialSubject/activityStartDate", "2026-05-20T14:05:00.123+02:00"),
        ("/evidence", {"type": "Evidence"}),
        ("/validUntil", None),
        ("/name", None),
        ("/somethingElse", {"of": "others"}),
    ],
)
def test_what_the_standard_leaves_open_is_read(badge: JsonObject, pointer: str, value: object) -> None:
    assert pointers(changed(badge, pointer, value)) == []


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/id", None),
        ("/id", "c/1"),
        ("/type", None),
        ("/type", "OpenBadgeCredential"),
        ("/type", ["VerifiableCredential"]),
        ("/type", ["VerifiableCredential", 7]),
        ("/issuer", None),
        ("/issuer", "Example College"),
        ("/issuer/id", None),
        ("/issuer/name", ""),
        ("/issuer/type", ["Organisation"]),
        ("/issuer/url", "college.example"),
        ("/issuer/otherIdentifier", [{"type": "IdentifierEntry", "identifier": "", "identifierType": "isbn"}]),
        ("/issuer/parentOrg", {"id": "https://a.example"}),
        ("/validFrom", None),
        ("/validFrom", "2026-05-20"),
        ("/validFrom", "2026-05-20T14:05:00"),
        ("/validUntil", "2026-02-30T00:00:00Z"),
        ("/awardedDate", 20260520),
        ("/name", ["Welding"]),
        ("/image", "https://a.example/i.png"),
        ("/evidence", []),
        ("/credentialSubject", None),
        ("/credentialSubject", []),
        ("/credentialSubject/achievement", None),
        ("/credentialSubject/achievement", "https://badges.example/a/welding/3"),
        ("/credentialSubject/creditsEarned", "5"),
        ("/credentialSubject/creditsEarned", float("inf")),
        ("/credentialSubject/activityEndDate", "2026-05-20"),
        ("/credentialSubject/result", []),
        ("/credentialSubject/source", {"id": "https://a.example", "type": ["Organisation"]}),
    ],
)
def test_a_member_that_is_wrong_is_named(badge: JsonObject, pointer: str, value: object) -> None:
    found = pointers(changed(badge, pointer, value))
    assert found
    assert all(place.startswith(pointer) for place in found)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("identityType", "email"),
        ("identityHash", ""),
        ("hashed", "true"),
        ("hashed", None),
        ("type", ["IdentityObject", "Other"]),
        ("name", "x"),
    ],
)
def test_an_identity_is_of_the_standards_form_and_closed(badge: JsonObject, member: str, value: object) -> None:
    identity = badge["credentialSubject"]["identifier"][0]
    changed(identity, f"/{member}", value)
    assert pointers(badge) == [f"/credentialSubject/identifier/0/{member}"]


def test_the_learner_is_somebody(badge: JsonObject) -> None:
    del badge["credentialSubject"]["id"], badge["credentialSubject"]["identifier"]
    (finding,) = model.check(badge)
    assert (finding.pointer, finding.detail) == (
        "/credentialSubject",
        "credentialSubject: must have an id or an identifier of the learner.",
    )


@pytest.mark.parametrize(
    "types",
    [
        ["OpenBadgeCredential", "EndorsementCredential"],
        ["AchievementCredential", "ClrCredential"],
        ["ClrCredential", "EndorsementCredential"],
    ],
)
def test_a_document_is_of_one_kind_only(badge: JsonObject, types: list[str]) -> None:
    found = model.check(badge | {"type": ["VerifiableCredential", *types]})
    assert [finding.pointer for finding in found] == ["/type"]
    assert "more than one kind" in found[0].detail


def test_the_two_names_of_a_badge_are_one_kind(badge: JsonObject) -> None:
    assert model.check(badge | {"type": ["VerifiableCredential", "OpenBadgeCredential", "AchievementCredential"]}) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [([7, None], [("/a/0", 7), ("/a/1", None)]), ([], []), (None, [("/a", None)]), ({"b": [1]}, [("/a", {"b": [1]})])],
)
def test_what_a_member_holds_is_one_value_or_each_of_an_array(value: object, expected: list[tuple[str, object]]) -> None:
    assert model.items(value, "/a") == expected


@pytest.mark.parametrize(("name", "expected"), [("b", "/a/b"), ("b/c", "/a/b~1c"), ("~1", "/a/~01"), ("", "/a/")])
def test_a_name_is_escaped_in_a_pointer(name: str, expected: str) -> None:
    assert model.below("/a", name) == expected


def test_members_that_the_standard_does_not_name_are_found_in_their_order() -> None:
    found = model.unknown_members(model.Image, {"id": "urn:a", "widht": 5, "alt": "A"}, prefix="/image")
    assert [(finding.pointer, finding.detail) for finding in found] == [
        ("/image/alt", "'alt' is no member of Image."),
        ("/image/widht", "'widht' is no member of Image."),
    ]


def test_no_object_at_all_is_the_fault_of_the_document() -> None:
    (finding,) = model.findings_of(model.Result, "text", prefix="/results/0")  # type: ignore[arg-type]
    assert finding.pointer == "/results/0"
    assert finding.detail.startswith("The document: input should be a valid dictionary")


def test_the_badge_of_the_benchmarks_has_the_known_faults(read_json: ReadJson) -> None:
    # Its alignments are of a type that is none of the standard's nor `ext:`, and its activity has dates where date-times are due.
    assert pointers(read_json("bench/badge.json")) == [
        "/credentialSubject/achievement/alignment/0/targetType",
        "/credentialSubject/achievement/alignment/1/targetType",
        "/credentialSubject/activityEndDate",
        "/credentialSubject/activityStartDate",
    ]


def test_the_badge_of_the_benchmarks_is_good_apart_from_them(read_json: ReadJson) -> None:
    badge = read_json("bench/badge.json")
    subject = badge["credentialSubject"]
    for alignment in subject["achievement"]["alignment"][:2]:
        alignment["targetType"] = "ext:Skill"
    subject |= {"activityStartDate": "2026-09-07T00:00:00Z", "activityEndDate": "2026-11-13T00:00:00Z"}
    assert model.check(badge) == ()
