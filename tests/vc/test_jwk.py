from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import jwk, multikey

MESSAGE = b"what is signed"
KINDS = ("EdDSA", "ES256", "RS256")

P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
X_FIVE = (5, 0x459243B9AA581806FE913BCE99817ADE11CA503C64D9A3C533415C083248FBCC)
"""A point of P-256 whose x is so small that x + p fits in 32 bytes too."""

JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
EXAMPLES = {
    "RFC 7515 A.2": (
        {
            "kty": "RSA",
            "n": (
                "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"
                "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"
                "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
            ),
            "e": "AQAB",
        },
        f"eyJhbGciOiJSUzI1NiJ9.{JOE}",
        (
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAyn"
            "RFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv"
            "Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
        ),
    ),
    "RFC 7515 A.3": (
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        f"eyJhbGciOiJFUzI1NiJ9.{JOE}",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ),
    "RFC 8037 A.4": (
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    ),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A key made for the test: its public JWK, and what signs with its secret half."""

    public: dict[str, Any]
    sign: Callable[[bytes], bytes]


def number(value: int, size: int | None = None) -> str:
    return jwk.to_base64url(value.to_bytes(size or (value.bit_length() + 7) // 8))


def ed25519_pair() -> Pair:
    secret = ed25519.Ed25519PrivateKey.generate()
    raw = secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return Pair({"kty": "OKP", "crv": "Ed25519", "x": jwk.to_base64url(raw)}, secret.sign)


def ec_pair() -> Pair:
    secret = ec.generate_private_key(ec.SECP256R1())

    def sign(message: bytes) -> bytes:
        r, s = utils.decode_dss_signature(secret.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    point = secret.public_key().public_numbers()
    return Pair({"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}, sign)


def rsa_public(secret: rsa.RSAPrivateKey) -> dict[str, Any]:
    numbers = secret.public_key().public_numbers()
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}


@pytest.fixture(scope="module")
def rsa_secret() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def pairs(rsa_secret: rsa.RSAPrivateKey) -> dict[str, Pair]:
    of_rsa = Pair(rsa_public(rsa_secret), lambda message: rsa_secret.sign(message, padding.PKCS1v15(), hashes.SHA256()))
    return {"EdDSA": ed25519_pair(), "ES256": ec_pair(), "RS256": of_rsa}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_the_standards_verify_and_with_a_changed_bit_they_do_not(name: str) -> None:
    public, message, text = EXAMPLES[name]
    key, signature = jwk.read(public), jwk.from_base64url(text)
    assert key.verifies(signature, message.encode())
    assert not key.verifies(signature, message.encode() + b"=")
    assert not any(
        key.verifies(bytes([*signature[:place], signature[place] ^ 1, *signature[place + 1 :]]), message.encode())
        for place in range(len(signature))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_each_kind_verifies_what_its_secret_half_signed_and_nothing_else(pairs: dict[str, Pair], kind: str) -> None:
    key, signature = jwk.read(pairs[kind].public), pairs[kind].sign(MESSAGE)
    assert key.algorithm == kind
    assert key.verifies(signature, MESSAGE)
    assert not key.verifies(signature, MESSAGE + b"!")
    for wrong in (b"", b"\0", signature[:-1], signature + b"\0", b"\0" + signature, b"\0" * len(signature), b"\xff" * len(signature)):
        assert not key.verifies(wrong, MESSAGE)
    for other in KINDS:
        assert jwk.read(pairs[other].public).verifies(signature, MESSAGE) is (other == kind)


@given(signature=st.binary(max_size=300))
def test_no_made_up_signature_verifies_or_raises(signature: bytes) -> None:
    for public, message, _ in EXAMPLES.values():
        assert not jwk.read(public).verifies(signature, message.encode())


def test_an_es256_signature_is_two_raw_numbers_within_the_order(pairs: dict[str, Pair]) -> None:
    key, signature = jwk.read(pairs["ES256"].public), pairs["ES256"].sign(MESSAGE)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    for wrong in ((0, s), (r, 0), (0, 0), (P256_ORDER, s), (r, P256_ORDER), (1, 1), (s, r), (P256_ORDER - r, s)):
        assert not key.verifies(wrong[0].to_bytes(32) + wrong[1].to_bytes(32), MESSAGE)
    assert not key.verifies(utils.encode_dss_signature(r, s), MESSAGE)


def test_an_rs256_signature_has_pkcs1_padding_sha256_and_the_length_of_the_key(rsa_secret: rsa.RSAPrivateKey) -> None:
    key, modulus = jwk.read(rsa_public(rsa_secret)), rsa_secret.public_key().public_numbers().n
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    value = int.from_bytes(rsa_secret.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256()))
    for wrong in (
        rsa_secret.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512()),
        rsa_secret.sign(MESSAGE, pss, hashes.SHA256()),
        (value + modulus).to_bytes(257),
        (modulus - value).to_bytes(256),
    ):
        assert not key.verifies(wrong, MESSAGE)


@pytest.mark.parametrize("key", [jwk.EcKey(0, 0), jwk.EcKey(1, 1), jwk.RsaKey(0, 0), jwk.RsaKey(15, 3), jwk.RsaKey(2**2047, 65537)])
def test_numbers_that_are_no_key_verify_nothing(key: jwk.EcKey | jwk.RsaKey) -> None:
    assert not any(key.verifies(bytes(size), MESSAGE) for size in (0, 64, 256))


@pytest.mark.parametrize("kind", KINDS)
def test_two_keys_are_equal_if_their_numbers_are_however_they_are_described(pairs: dict[str, Pair], kind: str) -> None:
    plain = jwk.read(pairs[kind].public)
    described = {"kid": "key-1", "use": "sig", "alg": kind, "key_ops": ["sign", "verify"], "x5c": ["MII"], "ext": True}
    assert jwk.read(pairs[kind].public | described) == plain
    assert jwk.read(EXAMPLES[{"EdDSA": "RFC 8037 A.4", "ES256": "RFC 7515 A.3", "RS256": "RFC 7515 A.2"}[kind]][0]) != plain


def test_an_ed25519_key_may_be_for_the_algorithm_that_rfc_9864_names_after_it(pairs: dict[str, Pair]) -> None:
    assert jwk.read(pairs["EdDSA"].public | {"alg": "Ed25519"}) == jwk.read(pairs["EdDSA"].public)


@given(raw=st.binary(min_size=32, max_size=32))
def test_an_ed25519_key_reads_from_its_jwk_as_from_its_multikey(raw: bytes) -> None:
    key = multikey.PublicKey(raw)
    assert jwk.read(key.jwk) == key == jwk.from_multikey(key.multikey)


def test_a_p256_key_reads_from_its_jwk_as_from_its_multikey() -> None:
    """Both signs of y, with the point compressed by another library; and the example of the did:key specification."""
    signs: set[int] = set()
    while len(signs) < 2:
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        compressed = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
        point = public.public_numbers()
        signs.add(compressed[0])
        described = {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32)}
        assert jwk.from_multikey(multikey.multibase(b"\x80\x24" + compressed)) == jwk.read(described)
    assert isinstance(jwk.from_multikey("zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"), jwk.EcKey)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x80\x24" + b"\x02" + (1).to_bytes(32), "no point on the curve"),  # x = 1 has no y
        (b"\x80\x24" + b"\x02" + (5 + P256_PRIME).to_bytes(32), "no point on the curve"),
        (b"\x80\x24" + b"\x02" + (5).to_bytes(31), "compressed point of 33 bytes"),
        (b"\x80\x24" + b"\x02" + (5).to_bytes(33), "compressed point of 33 bytes"),
        (b"\x80\x24" + b"\x05" + (5).to_bytes(32), "compressed point of 33 bytes"),
        (b"\x80\x24" + b"\x04" + X_FIVE[0].to_bytes(32) + X_FIVE[1].to_bytes(32), "compressed point of 33 bytes"),
        (b"\x80\x24", "compressed point of 33 bytes"),
        (b"\x81\x24" + b"\x02" + bytes(48), "not an Ed25519 Multikey"),  # P-384
        (b"\x80\x26" + bytes(32), "not an Ed25519 Multikey"),  # a secret key
        (b"\xed\x01" + bytes(31), "not an Ed25519 Multikey"),
    ],
)
def test_what_is_no_multikey_of_the_two_kinds_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(problem.Invalid, match=reason) as refused:
        jwk.from_multikey(multikey.multibase(data))
    assert refused.value.kind == jwk.INVALID_METHOD


@pytest.mark.parametrize("value", [None, 5, "", "z0", "uAQID", {"kty": "OKP"}])
def test_what_is_no_multibase_is_refused_as_a_key(value: object) -> None:
    with pytest.raises(problem.Invalid, match="base58btc") as refused:
        jwk.from_multikey(value)
    assert refused.value.kind == jwk.INVALID_METHOD


ED = EXAMPLES["RFC 8037 A.4"][0]
EC = EXAMPLES["RFC 7515 A.3"][0]
RSA = EXAMPLES["RFC 7515 A.2"][0]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "a JSON object"),
        ([ED], "a JSON object"),
        ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "a JSON object"),
        *(
            (key | {name: None}, "must never hold its private half")
            for key in (ED, EC, RSA)
            for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
        ),
        ({}, "of a kind that is not read"),
        ({"kty": "oct"}, "of a kind that is not read"),
        (ED | {"kty": ["OKP"]}, "of a kind that is not read"),
        (ED | {"crv": "Ed448"}, "of a kind that is not read"),
        (ED | {"crv": "X25519"}, "of a kind that is not read"),
        (ED | {"crv": "P-256"}, "of a kind that is not read"),
        (EC | {"crv": "P-384"}, "of a kind that is not read"),
        (EC | {"crv": "secp256k1"}, "of a kind that is not read"),
        (EC | {"crv": None}, "of a kind that is not read"),
        (ED | {"use": "enc"}, "its use is not sig"),
        (RSA | {"use": None}, "its use is not sig"),
        (EC | {"key_ops": ["sign"]}, "key_ops do not hold verify"),
        (EC | {"key_ops": []}, "key_ops do not hold verify"),
        (EC | {"key_ops": "verify"}, "key_ops do not hold verify"),
        (EC | {"key_ops": None}, "key_ops do not hold verify"),
        (ED | {"alg": "ES256"}, "another alg than EdDSA"),
        (EC | {"alg": "ES384"}, "another alg than ES256"),
        (RSA | {"alg": "RS512"}, "another alg than RS256"),
        (RSA | {"alg": "HS256"}, "another alg than RS256"),
        (RSA | {"alg": ["RS256"]}, "another alg than RS256"),
        (RSA | {"alg": None}, "another alg than RS256"),
        ({"kty": "OKP", "crv": "Ed25519"}, "member x of the JWK must be base64url"),
        (ED | {"x": 5}, "member x of the JWK must be base64url"),
        (ED | {"x": ""}, "member x of the JWK must be base64url"),
        (ED | {"x": ED["x"] + "="}, "member x of the JWK must be base64url"),
        (ED | {"x": ED["x"] + "\n"}, "member x of the JWK must be base64url"),
        (ED | {"x": ED["x"][:-1] + "p"}, "member x of the JWK must be base64url"),  # a bit that stands for nothing is set
        (ED | {"x": ED["x"].replace("_", "/")}, "member x of the JWK must be base64url"),
        (ED | {"x": jwk.to_base64url(bytes(31))}, "stand for 32 bytes, not 31"),
        (ED | {"x": jwk.to_base64url(bytes(33))}, "stand for 32 bytes, not 33"),
        (EC | {"x": number(5)}, "stand for 32 bytes, not 1"),
        (EC | {"y": jwk.to_base64url(bytes(33))}, "stand for 32 bytes, not 33"),
        ({name: EC[name] for name in ("kty", "crv", "x")}, "member y of the JWK"),
        (EC | {"y": EC["x"]}, "no point on the curve"),
        (EC | {"x": number(0, 32), "y": number(0, 32)}, "no point on the curve"),
        (EC | {"x": number(X_FIVE[0] + P256_PRIME, 32), "y": number(X_FIVE[1], 32)}, "no point on the curve"),
        ({"kty": "RSA", "n": RSA["n"]}, "member e of the JWK"),
        ({"kty": "RSA", "e": "AQAB"}, "member n of the JWK"),
        (RSA | {"n": RSA["n"] + "=="}, "member n of the JWK must be base64url"),
        (RSA | {"n": jwk.to_base64url(b"\0" + jwk.from_base64url(RSA["n"]))}, "must not begin with a zero byte"),
        (RSA | {"e": jwk.to_base64url(b"\0\1\0\1")}, "must not begin with a zero byte"),
        (RSA | {"n": number(2**2047 - 1)}, "has 2047 bits"),
        (RSA | {"n": number(2**8192 + 1)}, "has 8193 bits"),
        (RSA | {"n": number(2**2047)}, "an odd modulus"),
        (RSA | {"e": number(1)}, "exponent that is not used"),
        (RSA | {"e": number(3)}, "exponent that is not used"),
        (RSA | {"e": number(65539 - 1)}, "exponent that is not used"),
        (RSA | {"e": number(2**33 + 1)}, "exponent that is not used"),
    ],
)
def test_a_jwk_that_is_no_sound_public_key_for_signatures_is_refused(value: object, reason: str) -> None:
    with pytest.raises(problem.Invalid, match=reason) as refused:
        jwk.read(value)
    assert refused.value.kind == jwk.INVALID_METHOD


@pytest.mark.parametrize("bits", [2048, 8192])
def test_rsa_keys_at_the_limits_and_with_another_large_exponent_are_read(bits: int) -> None:
    modulus = 2**bits - 1
    assert jwk.read({"kty": "RSA", "n": number(modulus), "e": number(2**33 - 1)}) == jwk.RsaKey(modulus, 2**33 - 1)


def test_the_point_with_a_small_x_is_read_as_long_as_it_is_written_as_itself() -> None:
    key = jwk.EcKey(*X_FIVE)
    assert jwk.read({"kty": "EC", "crv": "P-256", "x": number(key.x, 32), "y": number(key.y, 32)}) == key
    assert jwk.from_multikey(multikey.multibase(b"\x80\x24\x02" + key.x.to_bytes(32))) == key


def test_a_refusal_does_not_repeat_the_private_half() -> None:
    with pytest.raises(problem.Invalid) as refused:
        jwk.read(ED | {"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"})
    assert "nWGxne" not in refused.value.detail


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=2), max_leaves=4
)
MEMBERS = st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg", "key_ops"]), JSON, max_size=4)


@given(base=st.sampled_from([{}, ED, EC, RSA]), change=MEMBERS)
def test_whatever_a_jwk_holds_it_is_a_key_or_refused(base: dict[str, Any], change: dict[str, Any]) -> None:
    try:
        key = jwk.read(base | change)
    except problem.Invalid:
        return
    assert key.algorithm in KINDS
    assert not key.verifies(bytes(64), MESSAGE)


@given(data=st.binary(min_size=1, max_size=80))
def test_base64url_goes_there_and_back(data: bytes) -> None:
    text = jwk.to_base64url(data)
    assert jwk.from_base64url(text) == data
    assert "=" not in text


@given(text=st.text(alphabet="AQgwxyz09-_", min_size=1, max_size=12))
def test_a_text_stands_for_bytes_in_base64url_only_if_those_bytes_are_written_so(text: str) -> None:
    try:
        data = jwk.from_base64url(text)
    except problem.Invalid:
        return
    assert jwk.to_base64url(data) == text


@pytest.mark.parametrize(
    "text", ["", "A", "AAAAA", "AA==", "AB", "AAB", "AA A", "AA\n", "A+", "A/", "AÄ", "\uff21\uff21", None, 5, b"AA", ["AA"]]
)
def test_what_is_not_canonical_base64url_is_refused(text: object) -> None:
    with pytest.raises(problem.Invalid, match="base64url"):
        jwk.from_base64url(text)
