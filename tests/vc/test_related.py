"""Digests of files that a credential names: their form, and for the contexts of the W3C their value."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from badgeissuer.vc import contexts, multikey, related
from badgeissuer.vc.document import JsonObject

V1, V2 = contexts.CREDENTIALS_V1, contexts.CREDENTIALS_V2
HANDBOOK = "https://college.example/handbook.pdf"
SHA256 = hashlib.sha256(b"handbook").digest()


def sri(digest: bytes, algorithm: str = "sha256", prefix: str = "") -> str:
    return f"{algorithm}-{prefix}{base64.b64encode(digest).decode()}"


def multibase(data: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def resource(name: object = HANDBOOK, **digests: object) -> JsonObject:
    return {"id": name} | (digests or {"digestSRI": sri(SHA256)})


def pointers(source: JsonObject) -> list[str]:
    return [finding.pointer for finding in related.rules(source)]


def test_a_credential_that_names_no_resource_is_fine() -> None:
    assert related.rules({}) == ()


DIGESTS = [
    {"digestSRI": sri(SHA256)},
    {"digestSRI": sri(SHA256) + "?ct=application/json"},
    {"digestSRI": sri(hashlib.sha384(b"").digest(), "sha384") + " " + sri(hashlib.sha512(b"").digest(), "sha512")},
    {"digestSRI": sri(SHA256, prefix="M")},
    {"digestMultibase": multibase(b"\x12\x20" + SHA256)},
    {"digestMultibase": multibase(b"\x20\x30" + hashlib.sha384(b"").digest())},
    {"digestMultibase": multibase(b"\x13\x40" + hashlib.sha512(b"").digest())},
    {"digestMultibase": multibase(SHA256)},
    {"digestMultibase": multikey.multibase(b"\x12\x20" + SHA256)},
    {"digestSRI": sri(SHA256), "digestMultibase": multibase(SHA256), "mediaType": "application/pdf"},
]


@pytest.mark.parametrize("digests", DIGESTS)
def test_the_digest_of_a_resource_that_is_not_held_is_looked_at_for_its_form_only(digests: dict[str, str]) -> None:
    assert pointers({"relatedResource": resource(**digests)}) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (HANDBOOK, ["/relatedResource"]),
        ([HANDBOOK, V2], ["/relatedResource/0", "/relatedResource/1"]),
        (None, ["/relatedResource"]),
        ([resource(None)], ["/relatedResource/0/id"]),
        ([{"digestSRI": sri(SHA256)}], ["/relatedResource/0/id"]),
        ([resource("handbook")], ["/relatedResource/0/id"]),
        ([resource(["urn:x:y"])], ["/relatedResource/0/id"]),
        ([{"id": HANDBOOK}], ["/relatedResource/0"]),
        ([resource(mediaType="application/pdf")], ["/relatedResource/0"]),
        ([resource(), resource(), resource(V1, digestSRI=sri(hashlib.sha512(b"").digest(), "sha512"))], ["/relatedResource/1/id"]),
        (resource(digestSRI=""), ["/relatedResource/digestSRI"]),
        (resource(digestSRI="sha256-A"), ["/relatedResource/digestSRI"]),
        (resource(digestSRI=5), ["/relatedResource/digestSRI"]),
        (resource(digestSRI=SHA256.hex()), ["/relatedResource/digestSRI"]),
        (resource(digestSRI="sha256-" + SHA256.hex()), ["/relatedResource/digestSRI"]),
        (resource(digestSRI=sri(SHA256, "sha384")), ["/relatedResource/digestSRI"]),
        (resource(digestSRI=sri(hashlib.md5(b"", usedforsecurity=False).digest(), "md5")), ["/relatedResource/digestSRI"]),
        (resource(digestSRI=sri(SHA256) + " sha256-AAAA"), ["/relatedResource/digestSRI"]),
        (resource(digestSRI=sri(SHA256) + " " * 2000), ["/relatedResource/digestSRI"]),
        (resource(digestMultibase=None), ["/relatedResource/digestMultibase"]),
        (resource(digestMultibase="u"), ["/relatedResource/digestMultibase"]),
        (resource(digestMultibase="m" + multibase(SHA256)[1:]), ["/relatedResource/digestMultibase"]),
        (resource(digestMultibase=multibase(b"\x11\x14" + bytes(20))), ["/relatedResource/digestMultibase"]),
        (resource(digestMultibase=multibase(b"\x12\x20" + bytes(31))), ["/relatedResource/digestMultibase"]),
        (resource(digestMultibase="u" + "A" * 2000), ["/relatedResource/digestMultibase"]),
    ],
)
def test_a_related_resource_of_the_wrong_form_is_named(value: object, expected: list[str]) -> None:
    assert pointers({"relatedResource": value}) == expected


FILES = {V2: "credentials-v2.REC.jsonld", V1: "credentials-v1.jsonld"}


@pytest.mark.parametrize("url", FILES)
@pytest.mark.parametrize("algorithm", ["sha256", "sha384"])
def test_the_digest_of_a_context_that_is_held_is_compared(shared_data: Path, url: str, algorithm: str) -> None:
    body = (shared_data / "w3c" / "contexts" / FILES[url]).read_bytes()
    code = {"sha256": b"\x12\x20", "sha384": b"\x20\x30"}[algorithm]
    right, wrong = hashlib.new(algorithm, body).digest(), hashlib.new(algorithm, body + b" ").digest()
    for digest, expected in ((right, []), (wrong, ["/relatedResource/digestSRI", "/relatedResource/digestMultibase"])):
        value = resource(url, digestSRI=sri(digest, algorithm), digestMultibase=multibase(code + digest))
        assert pointers({"relatedResource": value}) == expected
    assert pointers({"relatedResource": resource(url, digestSRI=f"{sri(wrong, algorithm)} {sri(right, algorithm)}")}) == []


def test_the_revision_before_the_recommendation_is_known_too(shared_data: Path) -> None:
    body = (shared_data / "w3c" / "contexts" / "credentials-v2.8d0ee107.jsonld").read_bytes()
    value = resource(V2, digestMultibase=multibase(hashlib.sha256(body).digest()), digestSRI=sri(hashlib.sha384(body).digest(), "sha384"))
    assert pointers({"relatedResource": value}) == []


def test_the_published_digests_are_those_of_the_files_in_this_package() -> None:
    folder = Path(contexts.__file__).parent / "contexts"
    for url, file in ((V2, "credentials-v2.jsonld"), (contexts.DATA_INTEGRITY_V2, "data-integrity-v2.jsonld")):
        body = (folder / file).read_bytes()
        assert {hashlib.sha256(body).hexdigest(), hashlib.sha384(body).hexdigest()} <= related.PUBLISHED[url]
