from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from hypothesis import given
from hypothesis import strategies as st
from joserfc import errors, jws
from joserfc import jwk as their_jwk
from openbadgeslib import ob3

from badgeissuer import problem
from badgeissuer.vc import contexts, document, jose, jwk, multikey
from badgeissuer.vc.document import JsonObject

METHOD = "did:web:badges.example#key-1"
RSA_SECRET = rsa.generate_private_key(65537, 2048)
EC_SECRET = ec.generate_private_key(ec.SECP256R1())
ED_SECRET = ed25519.Ed25519PrivateKey.generate()
TEXTS = st.text(alphabet='abcABC012-_.=+/ \n\t{}"é', max_size=40)


class SeedSigner(multikey.Signer, Protocol):
    @property
    def did(self) -> str: ...


Signers = Callable[..., SeedSigner]
ReadJson = Callable[[str], Any]


def rs256(message: bytes) -> bytes:
    return RSA_SECRET.sign(message, padding.PKCS1v15(), hashes.SHA256())


def es256(message: bytes) -> bytes:
    r, s = utils.decode_dss_signature(EC_SECRET.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def keys() -> dict[str, jwk.Key]:
    of_rsa, of_ec = RSA_SECRET.public_key().public_numbers(), EC_SECRET.public_key().public_numbers()
    return {
        "EdDSA": multikey.PublicKey(ED_SECRET.public_key().public_bytes_raw()),
        "ES256": jwk.EcKey(of_ec.x, of_ec.y),
        "RS256": jwk.RsaKey(of_rsa.n, of_rsa.e),
    }


SIGN = {"EdDSA": ED_SECRET.sign, "ES256": es256, "RS256": rs256}


def make(payload: JsonObject | bytes, *, header: JsonObject | bytes | None = None, sign: Callable[[bytes], bytes] = ED_SECRET.sign) -> str:
    """Return a token as anybody could make it, without any of our checks."""
    header = {"alg": "EdDSA", "kid": METHOD} if header is None else header
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    text = ".".join(jwk.to_base64url(part) for part in parts)
    return f"{text}.{jwk.to_base64url(sign(text.encode()))}"


def token(payload: JsonObject) -> jose.Token:
    return jose.read(make(payload))


def claims(badge: JsonObject, **others: object) -> JsonObject:
    """Return the payload for the badge of the tests, with other claims than those that agree."""
    agreeing = {
        "iss": badge["issuer"]["id"],
        "jti": badge["id"],
        "sub": badge["credentialSubject"]["id"],
        "nbf": 1779285900,
        "exp": 1842444300,
    }
    return badge | agreeing | others


def as_v1(badge: JsonObject) -> JsonObject:
    """Return the badge as one on VCDM 1.1."""
    kept = {name: value for name, value in badge.items() if name not in ("validFrom", "validUntil")}
    dates = {"issuanceDate": badge["validFrom"], "expirationDate": badge["validUntil"]}
    return kept | dates | {"@context": [contexts.CREDENTIALS_V1, contexts.OPEN_BADGES_3_0_1]}


# Reading


@pytest.mark.parametrize("algorithm", SIGN)
def test_a_token_of_each_algorithm_is_read_and_verifies_with_its_key_alone(frozen_badge: JsonObject, algorithm: str) -> None:
    text = make(frozen_badge, header={"alg": algorithm, "kid": METHOD}, sign=SIGN[algorithm])
    found = jose.read(f"\n {text}\r\n")
    assert found == jose.Token(text, {"alg": algorithm, "kid": METHOD}, frozen_badge, jwk.from_base64url(text.split(".")[2]))
    assert found.algorithm == algorithm
    assert found.signing_input == text.rpartition(".")[0].encode()
    for name, key in keys().items():
        assert found.is_signed_by(key) is (name == algorithm)


def test_the_key_decides_by_which_algorithm_and_the_header_must_say_the_same(frozen_badge: JsonObject) -> None:
    """The signature is right for the key; only the header names another algorithm."""
    found = jose.read(make(frozen_badge, header={"alg": "ES256"}))
    assert keys()["EdDSA"].verifies(found.signature, found.signing_input)
    assert not found.is_signed_by(keys()["EdDSA"])


def test_the_name_that_rfc_9864_gives_the_algorithm_is_read_too(frozen_badge: JsonObject) -> None:
    found = jose.read(make(frozen_badge, header={"alg": "Ed25519", "kid": METHOD}))
    assert found.algorithm == "EdDSA"
    assert found.is_signed_by(keys()["EdDSA"])


UNREAD = {
    "crit": (["exp"], "asks for extensions"),
    "b64": (False, "payload is not encoded"),
    "zip": ("DEF", "payload is compressed"),
    "jku": ("https://attacker.example/jwks", "where the keys are found"),
    "x5u": ("https://attacker.example/cert", "where a certificate is found"),
    "x5c": (["MII"], "bring a certificate along"),
    "x5t": ("AAAA", "certificates are not read"),
    "x5t#S256": ("AAAA", "certificates are not read"),
    "enc": ("A256GCM", "only alg, kid, jwk, typ, cty are read"),
    "iss": ("did:example:issuer", "only alg, kid, jwk, typ, cty are read"),
    "Alg": ("EdDSA", "only alg, kid, jwk, typ, cty are read"),
    "": ("", "only alg, kid, jwk, typ, cty are read"),
}
UNFIT: dict[str, tuple[list[object], str]] = {
    "alg": (
        ["none", "NONE", "nOnE", "", "HS256", "ES384", "PS256", "RS512", "eddsa", "ES256K", None, 5, ["EdDSA"], {"EdDSA": "EdDSA"}],
        "must have an alg of EdDSA, Ed25519, ES256, RS256",
    ),
    "kid": ([None, 5, [METHOD]], "kid that is no text"),
    "jwk": ([None, "key", [{}]], "jwk that is no object"),
    "typ": (
        [None, 5, "", "at+jwt", "dpop+jwt", "JOSE", "vp+jwt", "dc+sd-jwt", "application/application/jwt", "text/vc+jwt", " JWT", ["JWT"]],
        "typ that is not that of a credential",
    ),
    "cty": ([None, "", "JWT", "vp", "text/plain", ["vc"]], "cty that is not that of a credential"),
}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        *(pytest.param(name, value, reason, id=name) for name, (value, reason) in UNREAD.items()),
        *(pytest.param(name, value, reason, id=f"{name} {value!r}") for name, (values, reason) in UNFIT.items() for value in values),
    ],
)
def test_a_header_that_says_what_is_not_read_is_refused_by_name(frozen_badge: JsonObject, name: str, value: object, reason: str) -> None:
    text = make(frozen_badge, header={"alg": "EdDSA", "kid": METHOD} | {name: value})
    with pytest.raises(problem.Invalid, match=reason) as refused:
        jose.read(text)
    assert refused.value.kind == problem.SECURITY + "PROOF_VERIFICATION_ERROR"
    assert name in refused.value.detail


def test_a_header_without_algorithm_is_refused(frozen_badge: JsonObject) -> None:
    with pytest.raises(problem.Invalid, match="must have an alg"):
        jose.read(make(frozen_badge, header={"kid": METHOD}))


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(frozen_badge: JsonObject) -> None:
    def hs256(message: bytes) -> bytes:
        mac = hmac.HMAC(ED_SECRET.public_key().public_bytes_raw(), hashes.SHA256())
        mac.update(message)
        return mac.finalize()

    with pytest.raises(problem.Invalid, match="HS256"):
        jose.read(make(frozen_badge, header={"alg": "HS256", "kid": METHOD}, sign=hs256))
    assert not jose.read(make(frozen_badge, sign=hs256)).is_signed_by(keys()["EdDSA"])


@pytest.mark.parametrize("typ", ["JWT", "jwt", "vc+jwt", "vc+ld+jwt", "vc-ld+jwt", "application/vc+jwt", "application/JWT"])
@pytest.mark.parametrize("cty", ["vc", "application/vc", "vc+ld+json", "vc-ld", "ld+json", "json"])
def test_the_types_that_credentials_have_or_had_are_read(frozen_badge: JsonObject, typ: str, cty: str) -> None:
    header = {"alg": "EdDSA", "kid": METHOD, "jwk": {"kty": "OKP"}, "typ": typ, "cty": cty}
    assert jose.read(make(frozen_badge, header=header)).header == header


HEAD, BODY, SIGNATURE = (f"{name} of the token is not base64url" for name in ("header", "payload", "signature"))
BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "nothing": (lambda _: "", "three parts"),
    "two parts": (lambda text: text.rpartition(".")[0], "three parts"),
    "four parts": (lambda text: text + ".", "three parts"),
    "five parts": (lambda text: text + ".AA.AA", "three parts"),
    "four parts, the first empty": (lambda text: "." + text, "three parts"),
    "the JSON serialisation": (
        lambda text: json.dumps(dict(zip(("protected", "payload", "signature"), text.split("."), strict=True))),
        "three parts",
    ),
    "no signature": (lambda text: text.rpartition(".")[0] + ".", "not signed"),
    "no header": (lambda text: "." + text.partition(".")[2], HEAD),
    "no payload": (lambda text: text.split(".")[0] + ".." + text.split(".")[2], BODY),
    "padding at the end": (lambda text: text + "==", SIGNATURE),
    "padding within": (lambda text: text.replace(".", "=.", 1), HEAD),
    "a length that no bytes have": (lambda text: text + "AAA", SIGNATURE),
    "a bit that stands for nothing": (lambda text: text[:-1] + chr(ord(text[-1]) + 1), SIGNATURE),
    "a line break between parts": (lambda text: text.replace(".", ".\n", 1), BODY),
    "a line break within": (lambda text: text[:-9] + "\n" + text[-9:], SIGNATURE),
    "a space within": (lambda text: text[:-9] + " " + text[-9:], SIGNATURE),
    "a letter beyond ASCII": (lambda text: text[:-9] + "é" + text[-9:], SIGNATURE),
    "half a surrogate pair": (lambda text: text[:-9] + "\ud800" + text[-9:], SIGNATURE),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_have_three_canonical_parts_is_refused(frozen_badge: JsonObject, name: str) -> None:
    change, reason = BROKEN[name]
    with pytest.raises(problem.Malformed, match=reason):
        jose.read(change(make(frozen_badge)))


@pytest.mark.parametrize(
    ("header", "payload", "reason"),
    [
        (b'{"alg":"none","alg":"EdDSA"}', b"{}", "In the header of the token: The member 'alg' stands twice"),
        (b'["alg"]', b"{}", "In the header of the token: .* not an array"),
        (b"\xff", b"{}", "In the header of the token: .* not UTF-8"),
        (b'\xef\xbb\xbf{"alg":"EdDSA"}', b"{}", "In the header of the token: .* not JSON"),
        (b'{"alg":"EdDSA"}', b'{"iss":"a","iss":"b"}', "In the payload of the token: The member 'iss' stands twice"),
        (b'{"alg":"EdDSA"}', b'{"vc":{"id":"a","id":"b"}}', "In the payload of the token: The member 'id' stands twice"),
        (b'{"alg":"EdDSA"}', b'"text"', "In the payload of the token: .* not a string"),
        (b'{"alg":"EdDSA"}', b"not json", "In the payload of the token: .* not JSON"),
        (b'{"alg":"EdDSA"}', b'{"nbf":NaN}', "In the payload of the token: NaN"),
        (b'{"alg":"EdDSA"}', b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", "In the payload of the token: .* nests deeper"),
    ],
)
def test_header_and_payload_are_json_objects_that_every_reader_reads_alike(header: bytes, payload: bytes, reason: str) -> None:
    with pytest.raises(problem.Malformed, match=reason):
        jose.read(make(payload, header=header))


def test_a_token_and_its_parts_are_read_up_to_their_limits() -> None:
    room = document.MAX_BYTES - len('{"a": ""}')
    assert jose.read(make({"a": "x" * room})).payload["a"] == "x" * room
    with pytest.raises(problem.TooLarge, match="In the payload"):
        jose.read(make({"a": "x" * (room + 1)}))
    with pytest.raises(problem.TooLarge, match="In the header"):
        jose.read(make({}, header={"alg": "EdDSA", "kid": "x" * jose.MAX_HEADER_BYTES}))
    with pytest.raises(problem.TooLarge, match="characters"):
        jose.read("A" * (jose.MAX_CHARACTERS + 1))
    with pytest.raises(problem.Malformed, match="three parts"):
        jose.read("A" * jose.MAX_CHARACTERS)


@pytest.mark.parametrize("text", ["a.b.c", "  eyJh.eyJi.c2ln\n", "eyJh.eyJi.", "www.example.org", "-_.09.Zz"])
def test_three_parts_of_base64url_look_like_a_token(text: str) -> None:
    assert jose.looks_like_token(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b", "a.b.c.d", "a..c", ".b.c", "a.b.c=", "a.b\n.c", "{}", "https://badges.example/c.b.a", "é.b.c", "a b.c.d"]
)
def test_anything_else_does_not(text: str) -> None:
    assert not jose.looks_like_token(text)


@given(text=TEXTS | st.text(max_size=20) | st.lists(TEXTS, min_size=3, max_size=3).map(".".join))
def test_a_random_text_is_refused_and_never_breaks_the_reader(text: str) -> None:
    jose.looks_like_token(text)
    with pytest.raises(problem.Problem):
        jose.read(text)


@given(data=st.data())
def test_no_change_of_one_character_leaves_a_token_that_verifies(frozen_badge: JsonObject, data: st.DataObject) -> None:
    algorithm = data.draw(st.sampled_from(sorted(SIGN)))
    text = make(claims(frozen_badge), header={"alg": algorithm, "kid": METHOD, "typ": "JWT"}, sign=SIGN[algorithm])
    place = data.draw(st.integers(0, len(text) - 1))
    put = data.draw(st.sampled_from(["", text[place] * 2]) | st.characters() | st.sampled_from("ABCabc019-_.= "))
    changed = text[:place] + put + text[place + 1 :]
    if changed.strip() == text:
        return
    try:
        found = jose.read(changed)
    except problem.Problem:
        return
    assert not any(found.is_signed_by(key) for key in keys().values())


# The credential inside


def test_the_credential_is_the_payload_without_the_registered_claims(badge: JsonObject) -> None:
    payload = claims(badge, iat=1779285900, aud="https://employer.example")
    found = token(payload)
    assert jose.credential(found) == badge
    assert found.payload == payload


def test_a_vc_claim_that_says_everything_is_the_credential_as_it_is(badge: JsonObject) -> None:
    older = as_v1(badge)
    found = token({"vc": older, "iss": badge["issuer"]["id"], "sub": badge["credentialSubject"]["id"], "nbf": 1779285900, "extra": 1})
    assert jose.credential(found) == older


def test_a_vc_claim_is_completed_from_the_registered_claims(badge: JsonObject) -> None:
    older = as_v1(badge)
    payload = {
        "vc": {name: value for name, value in older.items() if name not in ("id", "issuer", "issuanceDate", "expirationDate")},
        "jti": badge["id"],
        "iss": badge["issuer"]["id"],
        "nbf": 1779285900.75,
        "exp": 1842444300,
        "sub": badge["credentialSubject"]["id"],
    }
    del payload["vc"]["credentialSubject"]["id"]
    sent = copy.deepcopy(payload)
    found = token(payload)
    assert jose.credential(found) == older | {
        "issuer": older["issuer"]["id"],
        "credentialSubject": badge["credentialSubject"] | {"id": payload["sub"]},
    }
    assert jose.disagreements(found, jose.credential(found)) == ()
    assert jose.missing(found, jose.credential(found)) == ()
    assert found.payload == sent


def test_an_issuer_described_without_id_gets_the_one_of_the_claim(badge: JsonObject) -> None:
    older = as_v1(badge) | {"issuer": {"type": ["Profile"], "name": "Example College"}}
    assert jose.credential(token({"vc": older, "iss": "did:example:a"}))["issuer"] == {
        "id": "did:example:a",
        "type": ["Profile"],
        "name": "Example College",
    }


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"name": "A"}, {"id": "did:example:a", "name": "A"}),
        ([{"name": "A"}], [{"id": "did:example:a", "name": "A"}]),
        ([{"name": "A"}, {"name": "B"}], [{"name": "A"}, {"name": "B"}]),
        ([], []),
        ({"id": "did:example:b"}, {"id": "did:example:b"}),
        ({"id": None}, {"id": None}),
        ("did:example:b", "did:example:b"),
    ],
)
def test_sub_names_the_one_subject_that_has_no_id(badge: JsonObject, subject: object, expected: object) -> None:
    found = token({"vc": as_v1(badge) | {"credentialSubject": subject}, "sub": "did:example:a"})
    assert jose.credential(found)["credentialSubject"] == expected


def test_what_no_claim_carries_stays_missing() -> None:
    bare = {"@context": [contexts.CREDENTIALS_V1], "type": ["VerifiableCredential"]}
    assert jose.credential(token({"vc": bare})) == bare
    assert jose.credential(token({"vc": bare, "nbf": "soon", "exp": 1e300, "sub": "did:example:a"})) == bare


def test_claims_do_not_complete_a_credential_of_version_2(badge: JsonObject) -> None:
    payload = claims(badge)
    del payload["validUntil"]
    found = token(payload)
    assert "validUntil" not in jose.credential(found)
    assert jose.expiry(found) == datetime(2028, 5, 20, 14, 5, tzinfo=UTC)
    assert jose.disagreements(found, jose.credential(found)) == ()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"vp": {"type": ["VerifiablePresentation"]}, "iss": "did:example:a"}, "carries a presentation"),
        ({"vp": {}, "vc": {}}, "carries a presentation"),
        ({"iss": "https://login.example", "sub": "me", "aud": "client", "nonce": "n"}, "carries no credential"),
        ({}, "carries no credential"),
        ({"vc": "eyJ"}, "must be an object"),
        ({"vc": None, "@context": [contexts.CREDENTIALS_V2]}, "must be an object"),
        ({"vc": [{}]}, "must be an object"),
        ({"vc": {"@context": [contexts.CREDENTIALS_V1]}, "@context": [contexts.CREDENTIALS_V2]}, "carries two credentials"),
        ({"vc": {}, "@context": None}, "carries two credentials"),
        ({"vc": {"@context": [contexts.CREDENTIALS_V2]}}, "for credentials of version 1.1"),
        ({"vc": {"@context": contexts.CREDENTIALS_V2}}, "for credentials of version 1.1"),
        ({"vc": {"@context": [contexts.CREDENTIALS_V1, contexts.CREDENTIALS_V2]}}, "for credentials of version 1.1"),
    ],
)
def test_a_token_that_carries_no_credential_or_two_is_refused(payload: JsonObject, reason: str) -> None:
    with pytest.raises(problem.Invalid, match=reason):
        jose.credential(token(payload))


# The claims


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "did:example:attacker"),
        ("iss", ""),
        ("iss", None),
        ("iss", ["did:example:learner"]),
        ("jti", "https://badges.example/c/2"),
        ("jti", "https://badges.example/c/1/"),
        ("jti", None),
        ("jti", 1),
        ("sub", "did:example:another"),
        ("sub", None),
        ("sub", ["did:example:learner"]),
        ("nbf", 1779285901),
        ("nbf", 1779285899),
        ("nbf", 1779285901.5),
        ("nbf", 0),
        ("nbf", "1779285900"),
        ("nbf", "2026-05-20T14:05:00Z"),
        ("nbf", True),
        ("nbf", None),
        ("nbf", [1779285900]),
        ("nbf", 2**53 - 1),
        ("nbf", -(2**53) + 1),
        ("nbf", 1e308),
        ("nbf", -1e308),
        ("exp", 1842444301),
        ("exp", 1842444299),
        ("exp", "never"),
        ("exp", False),
        ("exp", 253402300800),  # the year 10000
        ("exp", 1e20),
        ("iat", "2026-05-20T14:05:00Z"),
        ("iat", True),
        ("iat", None),
        ("iat", 1e300),
        ("aud", 5),
        ("aud", None),
        ("aud", {"id": "did:example:a"}),
        ("aud", ["https://employer.example", 5]),
    ],
)
def test_a_claim_that_says_something_else_or_nothing_is_a_disagreement(badge: JsonObject, claim: str, value: object) -> None:
    found = token(claims(badge, **{claim: value}))
    (finding,) = jose.disagreements(found, jose.credential(found))
    assert finding.pointer == f"/{claim}"
    assert finding.type == jose.CLAIM_MISMATCH
    assert f"claim {claim} of the token is " in finding.detail


def test_claims_that_agree_are_none(badge: JsonObject) -> None:
    several: list[JsonObject] = [
        {},
        {"nbf": 1779285900.0, "exp": 1842444300.999},
        {"iat": 0, "aud": "https://employer.example"},
        {"iat": -1.5, "aud": ["https://employer.example", "did:example:b"]},
        {"aud": []},
    ]
    for others in several:
        found = token(claims(badge, **others))
        assert jose.disagreements(found, jose.credential(found)) == ()


def test_moments_agree_whatever_their_zone_and_within_the_second(badge: JsonObject) -> None:
    for start, claim in (
        ("2026-05-20T16:05:00+02:00", 1779285900),
        ("2026-05-20T14:05:00.9Z", 1779285900),
        ("2026-05-20T14:05:00.9Z", 1779285901),
    ):
        found = token(claims(badge | {"validFrom": start}, nbf=claim))
        assert jose.disagreements(found, jose.credential(found)) == ()


@pytest.mark.parametrize("value", [None, 5, "2026-05-20", "1779285900"])
def test_a_date_that_is_none_agrees_with_no_claim(badge: JsonObject, value: object) -> None:
    found = token(claims(badge | {"validFrom": value}))
    assert [finding.pointer for finding in jose.disagreements(found, jose.credential(found))] == ["/nbf"]


def test_an_issuer_given_as_a_url_alone_agrees_with_iss(badge: JsonObject) -> None:
    found = token(claims(badge) | {"issuer": badge["issuer"]["id"]})
    assert jose.disagreements(found, jose.credential(found)) == ()


@pytest.mark.parametrize(
    "subject",
    [
        {"identifier": [{"identityHash": "sha256$00"}]},
        {"id": "did:example:another"},
        {"id": None},
        [{"id": "did:example:learner"}, {"id": "did:example:another"}],
        [],
        "did:example:learner",
        None,
    ],
)
def test_sub_beside_no_such_one_subject_is_a_disagreement(badge: JsonObject, subject: object) -> None:
    found = token(claims(badge) | {"credentialSubject": subject})
    assert [finding.pointer for finding in jose.disagreements(found, jose.credential(found))] == ["/sub"]


def test_jti_beside_a_credential_without_id_is_a_disagreement(badge: JsonObject) -> None:
    payload = claims(badge)
    del payload["id"]
    found = token(payload)
    assert [finding.pointer for finding in jose.disagreements(found, jose.credential(found))] == ["/jti"]


def test_the_dates_of_the_other_version_of_the_data_model_are_not_compared(badge: JsonObject) -> None:
    """VCDM 1.1 has a validFrom of its own, of which the claims say nothing."""
    older = as_v1(badge)
    for others, expected in (
        ({"validFrom": "2030-01-01T00:00:00Z", "validUntil": "2031-01-01T00:00:00Z"}, []),
        ({"issuanceDate": "2030-01-01T00:00:00Z"}, ["/nbf"]),
        ({"expirationDate": "2030-01-01T00:00:00Z"}, ["/exp"]),
    ):
        found = token({"vc": older | others, "nbf": 1779285900, "exp": 1842444300})
        assert [finding.pointer for finding in jose.disagreements(found, jose.credential(found))] == expected
    found = token(claims(badge, issuanceDate="2030-01-01T00:00:00Z", expirationDate="2030-01-01T00:00:00Z"))
    assert jose.disagreements(found, jose.credential(found)) == ()


def test_the_older_context_in_a_later_place_does_not_turn_the_comparison_off(badge: JsonObject) -> None:
    both = {"@context": [contexts.CREDENTIALS_V2, contexts.CREDENTIALS_V1]}
    found = token(claims(badge, nbf=0) | both)
    assert [finding.pointer for finding in jose.disagreements(found, jose.credential(found))] == ["/nbf"]


def test_absent_claims_are_no_disagreement_but_missing(badge: JsonObject) -> None:
    found = token(badge)
    assert jose.disagreements(found, jose.credential(found)) == ()
    findings = jose.missing(found, jose.credential(found))
    assert [finding.pointer for finding in findings] == ["/iss", "/jti", "/nbf", "/sub", "/exp"]
    assert {finding.type for finding in findings} == {jose.CLAIM_MISSING}
    assert "no claim nbf, which should repeat validFrom" in findings[2].detail


def test_exp_is_missing_only_where_the_credential_ends(badge: JsonObject) -> None:
    del badge["validUntil"]
    found = token(badge)
    assert "/exp" not in [finding.pointer for finding in jose.missing(found, jose.credential(found))]
    older = token({"vc": as_v1(badge | {"validUntil": "2028-05-20T14:05:00Z"})})
    assert "should repeat expirationDate" in jose.missing(older, jose.credential(older))[-1].detail


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (1779285900, datetime(2026, 5, 20, 14, 5, tzinfo=UTC)),
        (1779285900.5, datetime(2026, 5, 20, 14, 5, 0, 500000, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (2**53 - 1, None),
        (-(10**15), None),
        (1e308, None),
        ("1779285900", None),
        (True, None),
        (None, None),
    ],
)
def test_nbf_and_exp_are_moments_or_none(badge: JsonObject, value: object, moment: datetime | None) -> None:
    found = token(claims(badge, nbf=value, exp=value))
    assert jose.begins(found) == moment
    assert jose.expiry(found) == moment


def test_without_nbf_and_exp_a_token_neither_begins_nor_ends(badge: JsonObject) -> None:
    assert jose.begins(token(badge)) is None
    assert jose.expiry(token(badge)) is None


# Signing


def test_a_badge_is_signed_with_its_claims_beside_its_members(badge: JsonObject, signer: Signers) -> None:
    text = jose.sign(badge, signer(1, METHOD))
    found = jose.read(text)
    assert found.header == {"alg": "EdDSA", "kid": METHOD, "typ": "JWT"}
    assert found.payload == claims(badge)
    assert found.is_signed_by(signer(1).public_key)
    assert not found.is_signed_by(signer(2).public_key)
    assert jose.credential(found) == badge
    assert jose.disagreements(found, badge) == jose.missing(found, badge) == ()
    assert jose.sign(badge, signer(1, METHOD)) == text


def test_a_proof_that_the_badge_already_has_stays_in_it(badge: JsonObject, signer: Signers) -> None:
    proven = badge | {"proof": {"type": "DataIntegrityProof", "proofValue": "z1"}}
    assert jose.credential(jose.read(jose.sign(proven, signer(1)))) == proven


def test_a_badge_on_the_older_data_model_is_signed_as_the_vc_claim(badge: JsonObject, signer: Signers) -> None:
    older = as_v1(badge)
    found = jose.read(jose.sign(older, signer(1)))
    assert found.payload == {"vc": older} | {name: value for name, value in claims(badge).items() if name not in badge}
    assert jose.credential(found) == older
    assert jose.disagreements(found, older) == jose.missing(found, older) == ()


def test_a_date_between_two_seconds_is_signed_as_the_earlier_one(badge: JsonObject, signer: Signers) -> None:
    found = jose.read(jose.sign(badge | {"validFrom": "1969-12-31T23:59:59.25Z", "validUntil": "2028-05-20T14:05:00.999Z"}, signer(1)))
    assert (found.payload["nbf"], found.payload["exp"]) == (-1, 1842444300)
    assert jose.disagreements(found, jose.credential(found)) == ()


@pytest.mark.parametrize(
    "subject", [{"identifier": [{"identityHash": "sha256$00"}]}, {"id": ""}, [{"id": "did:example:a"}, {"id": "did:example:b"}]]
)
def test_a_badge_that_names_no_one_learner_by_id_cannot_be_a_token_but_a_credential_can(
    badge: JsonObject, signer: Signers, subject: object
) -> None:
    nameless = badge | {"credentialSubject": subject}
    with pytest.raises(problem.Invalid, match="cannot be a token") as refused:
        jose.sign(nameless, signer(1))
    assert refused.value.kind == problem.SECURITY + "PROOF_GENERATION_ERROR"
    found = jose.read(jose.sign(nameless, signer(1), kind="vc+jwt"))
    assert found.header["typ"] == "vc+jwt"
    assert "sub" not in found.payload
    assert jose.disagreements(found, nameless) == ()


def test_a_credential_that_says_little_is_signed_with_few_claims(signer: Signers) -> None:
    little = {
        "@context": [contexts.CREDENTIALS_V2],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:a",
        "credentialSubject": {"name": "A"},
    }
    found = jose.read(jose.sign(little, signer(1), kind="vc+jwt"))
    assert found.payload == little | {"iss": "did:example:a"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"issuer": {"name": "Example College"}}, "issuer has no id"),
        ({"issuer": None}, "issuer has no id"),
        ({"validFrom": "2026-05-20"}, "no date-time"),
        ({"validUntil": None}, "no date-time"),
        *(({name: "x"}, f"has a member {name}") for name in ("iss", "sub", "aud", "jti", "nbf", "exp", "iat", "vc", "vp")),
    ],
)
def test_what_could_not_be_read_back_is_not_signed(badge: JsonObject, signer: Signers, change: JsonObject, reason: str) -> None:
    with pytest.raises(problem.Invalid, match=reason):
        jose.sign(badge | change, signer(1))


MEMBERS = st.dictionaries(
    st.text(min_size=1, max_size=8).map("x".__add__), st.text(max_size=20) | st.integers(-9, 9) | st.booleans(), max_size=3
)


@given(members=MEMBERS, start=st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001 - a zone is written beside it
def test_whatever_is_signed_reads_as_it_was(frozen_badge: JsonObject, signer: Signers, members: JsonObject, start: datetime) -> None:
    sent = frozen_badge | {"validFrom": start.isoformat() + "Z"} | members
    if any(character in json.dumps(sent) for character in ("\\u0000", "\\ud")):
        return
    found = jose.read(jose.sign(sent, signer(1)))
    assert found.is_signed_by(signer(1).public_key)
    assert jose.credential(found) == sent
    assert jose.disagreements(found, sent) == ()


# What others make, and what others think of ours


def from_png(image: bytes) -> str:
    """Return the text of the chunk in which a PNG carries a badge."""
    place = 8
    while place < len(image):
        (size,) = struct.unpack(">I", image[place : place + 4])
        kind, body = image[place + 4 : place + 8], image[place + 8 : place + 8 + size]
        if kind == b"iTXt" and body.startswith(b"openbadgecredential\0"):
            return body.removeprefix(b"openbadgecredential\0\0\0\0\0").decode()
        place += size + 12
    raise AssertionError("no badge in this image")


def pointers(findings: tuple[problem.Finding, ...]) -> list[str]:
    return [finding.pointer for finding in findings]


def test_the_sample_badge_without_any_key_is_read_with_all_its_claims(read_json: ReadJson) -> None:
    sample = read_json("ob3/samples/validator-ob30/simple.jwt.json")
    found = jose.read(sample["jwt"])
    assert (found.header, found.payload) == (sample["header"], sample["payload"])
    assert not {"kid", "jwk"} & set(found.header)
    assert jose.credential(found) == sample["payload"]["vc"]
    assert jose.disagreements(found, jose.credential(found)) == jose.missing(found, jose.credential(found)) == ()


def test_the_sample_transcript_and_the_badge_inside_verify_with_the_key_in_the_header(read_json: ReadJson) -> None:
    sample = read_json("ob3/samples/validator-clr20/simple.jwt.json")
    outer = jose.read(sample["jwt"])
    assert jose.credential(outer) == sample["payload"]["vc"]
    (inside,) = jose.credential(outer)["credentialSubject"]["verifiableCredential"]
    for found in (outer, jose.read(inside)):
        assert found.algorithm == "RS256"
        assert found.is_signed_by(jwk.read(found.header["jwk"]))
        assert jose.disagreements(found, jose.credential(found)) == jose.missing(found, jose.credential(found)) == ()


@pytest.mark.parametrize(("name", "inside"), [("simple-jwt.png", False), ("simple-jwt_v1.png", True)])
def test_the_sample_images_hold_tokens_that_verify_and_lack_sub(shared_data: Path, name: str, inside: bool) -> None:  # noqa: FBT001 - a row of the table
    text = from_png((shared_data / "ob3/samples/validator-ob30" / name).read_bytes())
    assert jose.looks_like_token(text)
    found = jose.read(text)
    assert ("vc" in found.payload) is inside
    assert {"iat", "aud"} <= set(found.payload)
    assert found.is_signed_by(jwk.read(found.header["jwk"]))
    source = jose.credential(found)
    assert source["credentialSubject"]["id"] == "did:example:ebfeb1f712ebc6f1c276e12ec21"
    assert jose.disagreements(found, source) == ()
    assert pointers(jose.missing(found, source)) == ["/sub"]


def test_joserfc_accepts_our_token_and_refuses_a_changed_one(badge: JsonObject, signer: Signers) -> None:
    registry = jws.JWSRegistry(algorithms=["EdDSA"])
    key = their_jwk.OKPKey.import_key({**signer(1).public_key.jwk})
    with pytest.warns(errors.SecurityWarning, match="RFC 9864"):  # which prefers the name Ed25519
        theirs = jws.deserialize_compact(jose.sign(badge, signer(1, METHOD)), key, registry=registry)
    assert json.loads(theirs.payload) == claims(badge)
    with pytest.warns(errors.SecurityWarning), pytest.raises(errors.BadSignatureError):
        jws.deserialize_compact(jose.sign(badge, signer(2, METHOD)), key, registry=registry)


@pytest.mark.interop
def test_openbadgeslib_accepts_our_token_and_refuses_a_changed_one(badge: JsonObject, signer: Signers) -> None:
    past = badge | {"validFrom": "2020-05-20T14:05:00Z", "validUntil": "2999-05-20T14:05:00Z"}
    verifier = ob3.OB3Verifier.for_issuer_did(signer(1).did)
    assert verifier.verify(jose.sign(past, signer(1))).recipient_id == "did:example:learner"
    with pytest.raises(ob3.OB3VerificationError, match="signature"):
        verifier.verify(jose.sign(past, signer(2)))
