"""Changes made by chance: to bytes, to the values in a JSON document, and to what the web answers. The same chance, the same changes."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.corpus import kit, wrapping
from tests.corpus.kit import Json

MOST_BYTES = 256 * 1024
"""No input grows beyond this: what is large on purpose is measured in `worst`."""
_TOKENS = (
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"-0", b"1e999", b"9007199254740993", b"0.1", b"\\u0000", b"\\ud800",
    b"\\udc00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\0", b".", b"..", b"=", b"<", b">", b"&", b"]]>", b"<![CDATA[",
    b"<!DOCTYPE svg>", b"<!ENTITY a 'b'>", b"IEND", b"iTXt", b"tEXt", b"\x89PNG\r\n\x1a\n", b"@context", b"@id", b"@type", b"@graph",
    b"@included", b"@reverse", b"@value", b"@set", b"@list", b"_:b0", b"proof", b"id", b"type", b"z", b"u", b"did:key:", b"did:web:",
    b"https://", b"data:application/vc+jwt,", b"eyJ", b"none", b"\r\n", b"\xe2\x80\xae", b"%00", b"#", b"/", b"?",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -0.0, 1, -1, 2**53 - 1, 1e308, 0.1, "", " ", "x", "é", "\u202e", "\ud83d\ude00", "@id", "@context", "_:b0", "..",
    "https://issuer.example/", "did:web:issuer.example", "did:key:z6Mk", "urn:x:y", "2026-05-20T14:05:00Z", "9999-12-31T23:59:59Z", "0",
    "z", "u", "z" + "1" * 200, "x" * 5000, "https://x.example/ y", "https://x.example/%00", [], {}, [[]], [None], [{}], {"id": "urn:x:y"},
    {"@value": "x", "@language": "en"}, {"@id": "urn:x:y"}, {"@graph": []}, {"@included": [{"id": "urn:x:y"}]}, {"type": "Profile"},
    {"@list": ["a", "a"]}, {"@set": []}, {"@reverse": {"issuer": "urn:x:y"}}, {"@context": {"@vocab": "urn:v:"}}, {"@type": "@json", "@value": [1]},
)  # fmt: skip
_NAMES = (
    "id", "type", "@id", "@type", "@context", "@graph", "@included", "@index", "@reverse", "@nest", "@value", "@language", "@direction",
    "@set", "@list", "issuer", "credentialSubject", "credentialStatus", "credentialSchema", "validFrom", "validUntil", "issuanceDate",
    "expirationDate", "proof", "proofValue", "proofPurpose", "verificationMethod", "cryptosuite", "previousProof", "created", "expires",
    "domain", "challenge", "endorsement", "endorsementJwt", "verifiableCredential", "holder", "refreshService", "evidence", "achievement",
    "result", "resultDescription", "name", "description", "image", "identifier", "statusPurpose", "statusListIndex", "statusListCredential",
    "statusSize", "statusMessage", "encodedList", "assertionMethod", "controller", "publicKeyMultibase", "publicKeyJwk", "kty", "crv", "x",
    "kid", "alg", "jwk", "vc", "iss", "sub", "nbf", "exp", "$ref", "$defs", "allOf", "anyOf", "oneOf", "not", "if", "then", "pattern",
    "properties", "patternProperties", "items", "uniqueItems", "multipleOf", "https://purl.imsglobal.org/spec/vc/ob/vocab.html#name", "", "ж", "~1",
)  # fmt: skip


def mutated(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """Return other bytes: changed blindly, or as the JSON, the token or the picture that they are."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        data = chance.choice((_bytes, _structured, _structured))(data, others, chance)[:MOST_BYTES]
    return data


def _bytes(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    at, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    end = min(end, at + chance.choice((1, 4, 16, 64, 4096)))
    match chance.randrange(7):
        case 0 if data:
            at = min(at, len(data) - 1)
            return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] + chance.choice(_TOKENS) + data[at:]
        case 2:
            return data[:at] + data[end:]
        case 3:
            return data[:end] + data[at:end] * chance.choice((1, 2, 50)) + data[end:]
        case 4:
            return data[:at] + chance.randbytes(chance.choice((1, 2, 8, 100))) + data[end:]
        case 5:
            return data[:at] + chance.choice(_TOKENS) + data[end:]
        case _:
            other = chance.choice(others)
            start = chance.randint(0, len(other))
            return data[:at] + other[start : start + chance.choice((1, 16, 256, 10_000))] + data[end:]


def _structured(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """Change one value inside, and put all around it together again as it has to be."""
    if data.startswith(wrapping.PNG_SIGNATURE):
        return _chunks(data, others, chance)
    parts = data.strip().split(b".")
    if len(parts) == 3 and data[:3] == b"eyJ":  # noqa: PLR2004 - the parts of a token
        return _token(parts, others, chance)
    value = read(data)
    if value is None:
        return _bytes(data, others, chance)
    return write(changed(value, read(chance.choice(others)), chance))


def read(data: bytes) -> Any:  # noqa: ANN401 - any JSON value; None where it is none
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def write(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def changed(value: Any, other: Any, chance: Random) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with something at one of its places changed, moved, repeated, or taken from another."""
    value = copy.deepcopy(value)
    places = _places(value)
    if not places:
        return chance.choice(_VALUES)
    holder, key = chance.choice(places)
    match chance.randrange(10):
        case 0:
            del holder[key]
        case 1 | 2:
            holder[key] = copy.deepcopy(chance.choice(_VALUES))
        case 3 if isinstance(holder, dict):
            holder[chance.choice(_NAMES)] = holder.pop(key)
        case 4 if isinstance(holder, dict):
            holder[chance.choice(_NAMES)] = copy.deepcopy(chance.choice(_VALUES))
        case 5:
            holder[key] = chance.choice(([holder[key]], {"id": holder[key]}, {chance.choice(_NAMES): holder[key]}, [holder[key]] * 2))
        case 6:
            there, name = chance.choice(places)
            holder[key] = copy.deepcopy(there[name])
        case 7 if other is not None and _places(other):
            there, name = chance.choice(_places(other))
            holder[key] = copy.deepcopy(there[name])
        case 8 if isinstance(holder[key], str):
            holder[key] = _text(holder[key], chance)
        case _:
            if isinstance(holder, list):
                chance.shuffle(holder)
            else:
                holder[key] = _nested(holder[key], chance.choice((3, 30, 40)), chance.choice(_NAMES))
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - any JSON value
    """Return every place in a value: what holds it, and under which key."""
    found: list[tuple[Any, Any]] = []
    level = [value]
    while level and len(found) < 5000:  # noqa: PLR2004 - enough to choose from
        holder = level.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        found += [(holder, key) for key in keys]
        level += [holder[key] for key in keys]
    return found


def _text(text: str, chance: Random) -> str:
    at = chance.randint(0, len(text))
    piece = chance.choice(("a", "0", "A", " ", "\n", "\0", "=", "-", "é", "#", "/", ":", text, "\u200b"))
    return chance.choice((text[:at] + piece + text[at:], text[:at] + text[at + 1 :], text[:at] + piece + text[at + 1 :], text.swapcase()))


def _nested(value: Any, depth: int, name: str) -> Any:  # noqa: ANN401 - any JSON value
    for _ in range(depth):
        value = {name: value}
    return value


def _token(parts: list[bytes], others: Sequence[bytes], chance: Random) -> bytes:
    """Change one value in the header or in the payload of a token; sometimes sign it anew, with the key of somebody else."""
    place = chance.randrange(2)
    try:
        value = read(wrapping.from_base64url(parts[place].decode()))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return _bytes(b".".join(parts), others, chance)
    parts[place] = wrapping.base64url(write(changed(value, read(chance.choice(others)), chance))).encode()
    if chance.randrange(2):
        parts[2] = wrapping.base64url(kit.FORGER.sign(b".".join(parts[:2]))).encode()
    return b".".join(parts)


def _chunks(data: bytes, others: Sequence[bytes], chance: Random) -> bytes:
    """Change one chunk of a PNG, its length and check sum fitting again."""
    chunks, at = [], len(wrapping.PNG_SIGNATURE)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    if not chunks:
        return _bytes(data, others, chance)
    place = chance.randrange(len(chunks))
    kind, content = chunks[place]
    match chance.randrange(5):
        case 0:
            del chunks[place]
        case 1:
            chunks.insert(place, chunks[chance.randrange(len(chunks))])
        case 2:
            chunks[place] = (chance.choice((b"iTXt", b"tEXt", b"zTXt", b"IEND", b"IHDR", b"aaaa")), content)
        case 3:
            chance.shuffle(chunks)
        case _:
            chunks[place] = (kind, _bytes(content, others, chance))
    return wrapping.PNG_SIGNATURE + b"".join(wrapping.chunk(kind, content) for kind, content in chunks)


def lies(honest: Json, chance: Random) -> Json:
    """Return what the web answers: URL → bytes, or None where there is no answer. Most of it is true, or none would get far."""
    urls = sorted(honest)
    told = dict(honest)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        url = chance.choice(urls)
        match chance.randrange(5):
            case 0:
                told[url] = None
            case 1:
                told[url] = honest[chance.choice(urls)]
            case 2:
                told[url] = chance.choice((b"", b"{}", b"[]", b"null", b"\xff", b"<html>", b'{"id":"' + url.encode() + b'"}'))
            case _:
                told[url] = mutated(honest[url], [honest[chance.choice(urls)]], chance)
    return told
