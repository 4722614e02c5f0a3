from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.vc import kit

from badgeissuer.vc import controller, jwk, policy
from badgeissuer.vc.controller import VerificationMethod

DID_KEY = kit.ISSUER.verification_method
MULTIKEY = kit.ISSUER.public_key.multikey
EC = jwk.EcKey(1, 2)


def _method(name: str, key: jwk.Key = kit.ISSUER.public_key) -> VerificationMethod:
    return VerificationMethod(name, name.partition("#")[0], key)


@pytest.mark.parametrize(
    ("lost", "used", "is_lost"),
    [
        (DID_KEY, _method(DID_KEY), True),
        (kit.WEB_METHOD, _method(kit.WEB_METHOD), True),
        (kit.WEB_METHOD, _method(kit.WEB_METHOD, EC), True),
        (kit.WEB_METHOD, _method(kit.WEB + "#key-2", EC), False),
        (DID_KEY, _method(kit.WEB_METHOD), True),
        (f"https://old.example/issuer#{MULTIKEY}", _method(kit.WEB_METHOD), True),
        (MULTIKEY, _method(kit.WEB_METHOD), True),
        (kit.OTHER.verification_method, _method(kit.WEB_METHOD), False),
        (kit.WEB_METHOD, _method(DID_KEY), False),  # nothing says which key that was
    ],
)
def test_a_key_in_wrong_hands_is_known_by_its_own_digits_under_any_name(lost: str, used: VerificationMethod, is_lost: bool) -> None:  # noqa: FBT001 - a table
    given = replace(kit.POLICY, compromised={"did:web:x.example#k": kit.NOW, lost: kit.NOW})
    assert given.compromised_since(used) == (kit.NOW if is_lost else None)


def test_the_earliest_moment_counts() -> None:
    early = kit.NOW - timedelta(days=1)
    given = replace(kit.POLICY, compromised={DID_KEY: kit.NOW, MULTIKEY: early, kit.WEB_METHOD: kit.NOW})
    assert given.compromised_since(_method(kit.WEB_METHOD)) == early


def test_what_a_reader_asks_of_the_whole_is_not_asked_of_the_parts() -> None:
    given = replace(kit.POLICY, recipient="a", challenge="b", domain="c", trusted={"d": "e"}, compromised={DID_KEY: kit.NOW})
    inner = given.for_parts()
    assert (inner.recipient, inner.challenge, inner.domain) == (None, None, None)
    assert replace(inner, recipient="a", challenge="b", domain="c") == given


def test_a_kind_of_document_of_which_nothing_is_said_has_nothing_inside() -> None:
    kind = policy.Kind("x", lambda _source, _known: None, lambda _source: ())
    assert (kind.parts({"a": 1}), kind.ids({"id": "a"}), kind.answers_to({"id": "a"}, "a")) == ((), (), None)


def test_the_name_of_a_did_key_holds_its_multikey() -> None:
    assert controller.key_method(kit.ISSUER.did).partition("#")[2] == MULTIKEY
