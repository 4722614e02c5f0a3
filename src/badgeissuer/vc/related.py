"""Related resources: what a credential says of files elsewhere, and the digests that pin them.

Nothing is fetched. The form of every digest is checked, and its value for the W3C's own contexts, whose published bytes are known here;
whoever reads another resource compares it with its digest themselves.

Source: VC-DATA-MODEL-2.0#integrity-of-related-resources, SRI "The integrity attribute", CID-1.0#multihash.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.vc import contexts, jsonld, jwk, multikey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from badgeissuer.vc.document import JsonObject

_SRI = re.compile(r"(sha256|sha384|sha512)-([A-Za-z0-9+/]+={0,2})(?:\?[!-~]*)?")
_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
_MULTIHASH = {b"\x12\x20": 32, b"\x20\x30": 48, b"\x13\x40": 64}
"""How a multihash of SHA-256, SHA-384 and SHA-512 begins → the bytes that follow."""
_LONGEST = 1000
_COMPARED = (32, 48)
"""Bytes of the digests that are compared: of SHA-256 and SHA-384."""

PUBLISHED: Mapping[str, frozenset[str]] = {
    contexts.CREDENTIALS_V2: frozenset(
        {
            "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
            "97f1eb8e5042356c805fdd61afa2c557663785e0794dcafa21e138fd38def18cb360133c221aa31d6896a6bf3e65b614",
            # The last revision before the Recommendation, which lacks terms of status entries only; credentials name it still.
            "24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9",
            "35239c36999d2155312091af194a1edb61634d6ad789a5e5b19f2aebdd762dd9d1dcaada40eda7ef921c6b8c0ae107a0",
        }
    ),
    contexts.CREDENTIALS_V1: frozenset(
        {
            "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc",
            "82c3b3eab863754bbfd2b9f17d8d6db9f61169f301cbf0b05e1fc4beb5f5c51dd4d2e888c274f49c3fbb2408f61faed1",
        }
    ),
    contexts.DATA_INTEGRITY_V2: frozenset(
        {
            "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4",
            "0ee2d7626717f8b07cd449b525d5e2b71fe27209fc99e53089e0169dd2944d793feea4526fc60bb9cca1cd96512391f6",
        }
    ),
}
"""URL → SHA-256 and SHA-384, in hex, of the bytes that W3C publishes there, or published."""


def rules(source: JsonObject) -> tuple[problem.Finding, ...]:
    """Return what is wrong with the `relatedResource` of a credential; nothing where it has none."""
    if "relatedResource" not in source:
        return ()
    value, pointer = source["relatedResource"], "/relatedResource"
    resources = [(f"{pointer}/{index}", item) for index, item in enumerate(value)] if isinstance(value, list) else [(pointer, value)]
    return (*(finding for pointer, item in resources for finding in _resource(item, pointer)), *_named_twice(resources))


def _resource(item: object, pointer: str) -> Iterator[problem.Finding]:
    if not isinstance(item, dict):
        yield problem.Finding("A related resource must be an object with id and a digest.", pointer)
        return
    name = item.get("id")
    if not isinstance(name, str) or not jsonld.ABSOLUTE_IRI.fullmatch(name):
        yield problem.Finding("A related resource must have the URL of the resource as its id.", f"{pointer}/id")
    if "digestSRI" not in item and "digestMultibase" not in item:
        yield problem.Finding("A related resource must have digestSRI or digestMultibase.", pointer)
    for member, read in _DIGESTS.items():
        if member in item:
            yield from _digest(name, read(item[member]), pointer=f"{pointer}/{member}")


def _digest(name: object, digests: list[bytes], *, pointer: str) -> Iterator[problem.Finding]:
    """Yield what is wrong with the digests of a resource: of several any may be the right one (SRI: several versions of a file)."""
    if not digests:
        yield problem.Finding("The digest is not of the form that the standard describes, or not SHA-256, SHA-384 or SHA-512.", pointer)
    known = PUBLISHED.get(name, frozenset()) if isinstance(name, str) else frozenset()
    compared = [digest.hex() for digest in digests if len(digest) in _COMPARED]
    if known and compared and known.isdisjoint(compared):
        yield problem.Finding(f"The digest is not that of what is published at {name}.", pointer, problem.CRYPTOGRAPHIC_SECURITY_ERROR)


def _named_twice(resources: list[tuple[str, object]]) -> Iterator[problem.Finding]:
    seen = set()
    for pointer, item in resources:
        name = item.get("id") if isinstance(item, dict) else None
        if isinstance(name, str) and name in seen:
            yield problem.Finding("Two related resources have the same id.", f"{pointer}/id")
        seen.add(name if isinstance(name, str) else None)


def _read_sri(text: object) -> list[bytes]:
    """Return the digests of an integrity text, one or several between spaces; nothing where one of them is of another form."""
    parts = text.split() if isinstance(text, str) and len(text) <= _LONGEST else []
    matches = [_SRI.fullmatch(part) for part in parts]
    digests = [_from_base64(match[2], _BYTES[match[1]]) for match in matches if match]
    return digests if len(digests) == len(parts) and all(digests) else []


def _from_base64(text: str, size: int) -> bytes:
    """Return the `size` bytes of a base64 text; empty where it has others.

    The Recommendation's own examples have the multibase prefix `M` before the base64 of an integrity text, and credentials copy them.
    """
    for written in (text, text.removeprefix("M")):
        try:
            data = base64.b64decode(written, validate=True)
        except binascii.Error:
            continue
        if len(data) == size:
            return data
    return b""


def _read_multibase(text: object) -> list[bytes]:
    """Return the digest of a multihash in base64url or base58btc, or of bare digest bytes, which the W3C's tests have."""
    is_base64 = isinstance(text, str) and text.startswith("u") and len(text) <= _LONGEST
    try:
        data = jwk.from_base64url(str(text)[1:]) if is_base64 else multikey.from_multibase(text)
    except problem.Invalid:
        return []
    size = _MULTIHASH.get(data[:2])
    if size is not None and len(data) == size + 2:
        return [data[2:]]
    return [data] if len(data) in _BYTES.values() else []


_DIGESTS: Mapping[str, Callable[[object], list[bytes]]] = {"digestSRI": _read_sri, "digestMultibase": _read_multibase}
