from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer.openbadges import identity, model

ReadJson = Callable[[str], Any]


def test_the_published_examples_are_matched(read_json: ReadJson) -> None:
    vectors = read_json("ob3/vectors/identity-hash.json")["vectors"]
    assert len(vectors) == 2
    for vector in vectors:
        assert identity.identity_hash(vector["identifier"], salt=vector["salt"]) == vector["identityHash"]
        assert identity.matches({"hashed": True, **vector}, vector["identifier"])


def test_without_a_salt_the_identifier_alone_is_hashed() -> None:
    assert identity.identity_hash("ä@example.org") == "sha256$" + hashlib.sha256("ä@example.org".encode()).hexdigest()


def test_an_address_is_hashed_in_its_normal_form() -> None:
    found = identity.hashed_email(" Asha.Rao@Example.ORG\n", salt="s")
    assert found == {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": identity.identity_hash("asha.rao@example.org", salt="s"),
        "identityType": "emailAddress",
        "salt": "s",
    }
    assert model.findings_of(model.IdentityObject, found) == ()


@given(st.emails(), st.text())
def test_an_address_matches_its_own_hash_and_no_other(address: str, salt: str) -> None:
    found = identity.hashed_email(address, salt=salt)
    assert identity.matches(found, identity.normal_email(address))
    assert not identity.matches(found, "x" + identity.normal_email(address))
    assert not identity.matches(found | {"salt": salt + "x"}, identity.normal_email(address))


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"hashed": True, "identityHash": identity.identity_hash("a@example.org").upper().replace("SHA256", "sha256")}, True),
        ({"hashed": True, "identityHash": identity.identity_hash("a@example.org")}, True),
        ({"hashed": False, "identityHash": "a@example.org"}, True),
        ({"identityHash": "a@example.org"}, True),
        ({"hashed": False, "identityHash": "A@example.org"}, False),
        ({"hashed": False, "identityHash": identity.identity_hash("a@example.org")}, False),
        ({"hashed": True, "identityHash": "a@example.org"}, False),
        ({"hashed": True, "identityHash": "md5$" + "0" * 32}, False),
        ({"hashed": True}, False),
        ({"hashed": True, "identityHash": ["a@example.org"]}, False),
        ({"hashed": True, "identityHash": "a@example.org", "salt": 1}, False),
        ({}, False),
    ],
)
def test_an_identity_is_compared_as_it_says(about: dict[str, object], expected: bool) -> None:  # noqa: FBT001 - a parameter
    assert identity.matches(about, "a@example.org") is expected
