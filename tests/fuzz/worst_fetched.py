"""The worst that the web can answer: status lists, documents of keys, sets of keys, schemas, lists of revoked badges."""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

from tests.corpus import kit, wrapping
from tests.corpus.kit import SCHOOL, V2, Json
from tests.fuzz.inputs import MEBIBYTE, Given, Served, badge, filled, large, proof, text, worst

LISTS = "status lists"
KEYS = "documents of keys"
SCHEMAS = "JSON Schemas"
WEB = "answers of the web"
BITS = 2 * MEBIBYTE
"""Bytes of the longest list that is read."""


def _url(number: int) -> str:
    return f"https://issuer.example/status/{number}"


def entries(count: int = 4, *, index: str = "16777215") -> list[Json]:
    """Return status entries that name as many lists."""
    return [kit.entry(_url(number), index=index) for number in range(count)]


def encoded(bits: bytes) -> str:
    return "u" + wrapping.base64url(gzip.compress(bits, mtime=0))


def status_list(number: int, packed: str, *, base: Json | None = None, proofs: int = 1) -> bytes:
    """Return a status list that SCHOOL signed; what else it says is that of `base`."""
    document = wrapping.status_list(_url(number), key=SCHOOL, change={"/credentialSubject/encodedList": packed}) | (base or {})
    for index in range(proofs):
        document = kit.sign(document, SCHOOL, created=f"2026-05-20T14:05:0{index}Z")
    return text(document)


@worst(LISTS, "four lists of 16,777,216 entries")
def _() -> Given:
    web = {_url(number): status_list(number, encoded(bytes(BITS))) for number in range(4)}
    return Given(text(kit.sign(badge() | {"credentialStatus": entries()}, SCHOOL)), web, outcome="VALID")


@worst(LISTS, "four lists that unpack to 512 MiB")
def _() -> Given:
    web = {_url(number): status_list(number, encoded(bytes(512 * MEBIBYTE))) for number in range(4)}
    return Given(text(kit.sign(badge() | {"credentialStatus": entries()}, SCHOOL)), web)


@cache
def _noise() -> str:
    """Return a list of about 700 KiB that hardly packs."""
    import random  # noqa: PLC0415 - only here

    return encoded(random.Random(1).randbytes(700_000) + bytes(BITS - 700_000))  # noqa: S311


@worst(LISTS, "four lists of 1 MiB that hardly pack")
def _() -> Given:
    web = {_url(number): status_list(number, _noise()) for number in range(4)}
    return Given(text(kit.sign(badge() | {"credentialStatus": entries()}, SCHOOL)), web)


def large_lists(count: int) -> dict[str, Served]:
    """Return lists at the limits for any document, each with two proofs that no other list shares anything with."""
    found: dict[str, Served] = {}
    for number in range(count):
        base = large(number=number, parts=1850)
        base |= {name: value for name, value in wrapping.status_list(_url(number), key=SCHOOL).items() if name != "@context"}
        base["credentialSubject"] = [large(number=number, parts=1800)["credentialSubject"], base["credentialSubject"]]
        base["@context"] = [V2, kit.OB]
        found[_url(number)] = text(base | {"proof": [proof(0), proof(1, cryptosuite=kit.JCS)]})
    return found


@worst(LISTS, "four lists at all limits, two proofs each, for a badge at all limits with four")
def _() -> Given:
    document = large(parts=1750) | {"credentialStatus": entries(), "proof": [proof(number) for number in range(4)]}
    return Given(text(document), large_lists(4))


@worst(LISTS, "four lists of poison")
def _() -> Given:
    from tests.fuzz.worst_graphs import alike  # noqa: PLC0415 - the modules use each other

    web = {
        _url(number): text(
            alike(30, 4) | {"type": ["VerifiableCredential", "BitstringStatusListCredential"], "proof": [proof(0), proof(1)]}
        )
        for number in range(4)
    }
    return Given(text(badge() | {"credentialStatus": entries(), "proof": proof()}), web)


@worst(LISTS, "four lists of 1 MiB in empty arrays")
def _() -> Given:
    web: dict[str, Served] = {_url(number): filled(b'{"a":[', b"[],", b"]}") for number in range(4)}
    return Given(text(badge() | {"credentialStatus": entries(), "proof": proof()}), web)


@worst(LISTS, "four 1EdTech lists of 16,000 revoked badges each")
def _() -> Given:
    items = [{"id": f"https://issuer.example/c/%{number:04x}/{number:08}"} for number in range(21_000)]
    web: dict[str, Served] = {_url(number): text({"id": _url(number), "revokedCredential": items}) for number in range(4)}
    status = [{"id": _url(number), "type": "1EdTechRevocationList"} for number in range(4)]
    document = badge() | {"@context": [V2, kit.OB, kit.EXTENSIONS], "credentialStatus": status}
    return Given(text(kit.sign(document, SCHOOL)), web, outcome="VALID")


# --- keys ---------------------------------------------------------------------------------------------------------------


def points(did: str, count: int) -> bytes:
    """Return a document of keys on P-256, which have to be looked at each."""
    point = wrapping.EcKey("any", "").jwk
    methods = [{"id": f"{did}#k{number}", "type": "JsonWebKey", "controller": did, "publicKeyJwk": point} for number in range(count)]
    return text({"id": did, "verificationMethod": methods, "assertionMethod": [method["id"] for method in methods]})


def did_document(did: str, count: int) -> bytes:
    """Return a document that lists so many keys, and describes a quarter of them."""
    methods = [f"{did}#k{number}" for number in range(count)]
    described = [{"id": name, "type": "Multikey", "controller": did, "publicKeyMultibase": "z6Mk"} for name in methods[: count // 4]]
    return text({"id": did, "verificationMethod": described, "assertionMethod": methods})


@worst(KEYS, "a token that brings a key, and a document that lists 15,000 others")
def _() -> Given:
    key = kit.COLLEGE
    header = {"alg": "EdDSA", "typ": "JWT", "jwk": key.jwk}
    body = wrapping.jws(header, badge(key) | {"iss": key.did}, key)
    return Given(body, {"https://issuer.example/.well-known/did.json": did_document(key.did, 15_000)})


@worst(KEYS, "a token that brings a key, and a document with 100 others")
def _() -> Given:
    key = kit.COLLEGE
    header = {"alg": "EdDSA", "typ": "JWT", "jwk": key.jwk}
    body = wrapping.jws(header, badge(key) | {"iss": key.did}, key)
    return Given(body, {"https://issuer.example/.well-known/did.json": points(key.did, 100)})


@worst(KEYS, "four keys of a document with 20,000 methods")
def _() -> Given:
    did = "did:web:issuer.example"
    key = kit.COLLEGE
    proofs = [proof(number, key, verificationMethod=f"{did}#k{4000 + number}") for number in range(4)]
    document = did_document(did, 15_000)
    return Given(text(badge(key) | {"proof": proofs}), {"https://issuer.example/.well-known/did.json": document})


@worst(KEYS, "eight documents of 1 MiB in empty arrays")
def _() -> Given:
    proofs = [proof(number, verificationMethod=f"https://issuer.example/k{number}#k") for number in range(4)]
    schemas = [{"id": f"https://issuer.example/s{number}", "type": "JsonSchema"} for number in range(4)]
    names = [f"https://issuer.example/{kind}{number}" for kind in "ks" for number in range(4)]
    web: dict[str, Served] = {name: filled(b'{"a":[', b"[],", b"]}") for name in names}
    return Given(text(badge() | {"credentialSchema": schemas, "proof": proofs}), web)


@worst(KEYS, "eight documents of 1 MiB in members")
def _() -> Given:
    proofs = [proof(number, verificationMethod=f"https://issuer.example/k{number}#k") for number in range(4)]
    schemas = [{"id": f"https://issuer.example/s{number}", "type": "JsonSchema"} for number in range(4)]
    names = [f"https://issuer.example/{kind}{number}" for kind in "ks" for number in range(4)]
    body = (b'{"a":[' + b",".join(b'{"%d":1}' % number for number in range(90_000)))[: MEBIBYTE - 20].rpartition(b",")[0] + b"]}"
    return Given(text(badge() | {"credentialSchema": schemas, "proof": proofs}), dict.fromkeys(names, body))


# --- schemas ------------------------------------------------------------------------------------------------------------


def _schema(number: int, **members: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", "description": f"{number}"} | members).encode()


def _with_schemas(document: Json, *schemas: bytes) -> Given:
    named = [{"id": f"https://issuer.example/s{number}", "type": "JsonSchema"} for number in range(len(schemas))]
    web: dict[str, Served] = {item["id"]: schema for item, schema in zip(named, schemas, strict=True)}
    return Given(text(document | {"credentialSchema": named, "proof": proof()}), web)


def towers(number: int) -> bytes:
    """Return a schema that asks for the same thing 2^40 times."""
    floors = {f"f{floor}": {"allOf": [{"$ref": f"#/$defs/f{floor + 1}"}, {"$ref": f"#/$defs/f{floor + 1}"}]} for floor in range(40)}
    return _schema(number, **{"$ref": "#/$defs/f0", "$defs": floors | {"f40": {"type": "object"}}})


@worst(SCHEMAS, "four towers of references")
def _() -> Given:
    return _with_schemas(badge(), *(towers(number) for number in range(4)))


@worst(SCHEMAS, "four of regular expressions")
def _() -> Given:
    expressions = ["(a+)+$", "((a{1,100}){1,9}){1,9}b", "(x+x+)+y", "([a-z]+)*\\d", "(\\p{L}+\\s?)+$", "(a?){40}a{40}"]
    document = badge()
    document["name"] = "a" * 60_000
    rules = [{"properties": {"name": {"pattern": f"{expression}{number}"}}} for number in range(40) for expression in expressions]
    return _with_schemas(document, *(_schema(number, allOf=rules) for number in range(4)))


@worst(SCHEMAS, "four that ask that 250 large items be unique")
def _() -> Given:
    document = badge()
    document["credentialSubject"]["achievement"]["tag"] = ["t" * 2000 + str(number) for number in range(250)]
    rules = [{"properties": {"credentialSubject": {"properties": {"achievement": {"properties": {"tag": {"uniqueItems": True}}}}}}}] * 200
    return _with_schemas(document, *(_schema(number, allOf=rules) for number in range(4)))


@worst(SCHEMAS, "four of 1 MiB of choices")
def _() -> Given:
    choices = [{"const": {"a": number}} for number in range(40_000)]
    return _with_schemas(badge(), *(_schema(number, anyOf=choices) for number in range(4)))


@worst(SCHEMAS, "four that speak of what nothing has spoken of")
def _() -> Given:
    inner: Json = {"type": "object"}
    for _ in range(12):
        inner = {"anyOf": [inner, {"unevaluatedProperties": False}], "unevaluatedProperties": {"type": "string"}}
    return _with_schemas(large(parts=1500), *(_schema(number, additionalProperties=inner) for number in range(4)))


# --- other answers ------------------------------------------------------------------------------------------------------


@worst(WEB, "gzip bombs, packed as HTTP allows")
def _() -> Given:
    bomb = gzip.compress(bytes(512 * MEBIBYTE))
    proofs = [proof(number, verificationMethod=f"https://issuer.example/k{number}#k") for number in range(4)]
    names = [f"https://issuer.example/k{number}" for number in range(4)] + [_url(number) for number in range(4)]
    return Given(text(badge() | {"credentialStatus": entries(), "proof": proofs}), dict.fromkeys(names, (bomb, "gzip")))


@worst(WEB, "gzip of empty blocks")
def _() -> Given:
    empty = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0\0\0\xff\xff" * 200_000 + b"\3\0" + bytes(8)
    names = [f"https://issuer.example/k{number}" for number in range(4)]
    proofs = [proof(number, verificationMethod=f"{name}#k") for number, name in enumerate(names)]
    return Given(text(badge() | {"proof": proofs}), dict.fromkeys(names, (empty, "gzip")))


@worst(WEB, "a newer version at all limits for a badge at all limits, each with four lists")
def _() -> Given:
    document = large(parts=1700) | {"@context": [V2, kit.OB, kit.EXTENSIONS], "credentialStatus": entries()}
    document["refreshService"] = {"id": "https://issuer.example/newer", "type": "1EdTechCredentialRefresh"}
    signed = kit.sign(document, SCHOOL)
    newer = document | {"validFrom": "2026-05-21T00:00:00Z", "proof": [proof(number) for number in range(4)]}
    return Given(text(signed), large_lists(4) | {"https://issuer.example/newer": text(newer)})
