"""Find the key that a proof or a token names, in the document of its controller, and make sure whose it is.

A key proves nothing by being there: not in the fragment of a URL, not in the header of a token, not in a document that somebody else wrote.
It counts for an identifier when the document of that identifier lists it.

Source: CID-1.0#retrieve-verification-method, OB-3.0 "Dereferencing the Public Key", VC-JOSE-COSE#key-discovery.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from badgeissuer import problem
from badgeissuer.vc import controller, jwk

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.gathering import Sources
    from badgeissuer.vc.jose import Token
    from badgeissuer.vc.report import Evidence

_DISGUISED = re.compile(r"\.\.|//|\\|;|%(?:2e|2f|5c|3b|00|25)", re.IGNORECASE)
"""What a server may take for another path than it looks like."""
_WHAT = "The document that holds the issuer's key"


@dataclass(frozen=True, slots=True)
class Found:
    """A key, and the documents that it was found in."""

    method: controller.VerificationMethod
    evidence: tuple[Evidence, ...] = field(default=())


def method(name: str, sources: Sources, *, relationship: str = "assertionMethod") -> Found:
    """Return the verification method that a proof names.

    Args:
        name: The URL in the proof.
        sources: What was gathered.
        relationship: Where the controller's document must list it.

    Raises:
        report.Undecided: A document could not be had.
        problem.Invalid: The key is not there, or not listed for this use.
    """
    url = controller.document_url(name)
    if url is None:
        return Found(controller.find_method(name, None))
    holder, evidence = _document(url, sources)
    confirming_url = controller.confirming_url(name, holder)
    if confirming_url is None:
        return Found(controller.find_method(name, holder, relationship=relationship), (evidence,))
    confirming, more = _document(confirming_url, sources)
    return Found(controller.find_method(name, holder, relationship=relationship, confirming=confirming), (evidence, more))


def token_method(token: Token, issuer: str, sources: Sources) -> Found:
    """Return the key that signed a token for `issuer`.

    The header names it with `kid`, or brings it as `jwk`; the one that it brings counts only if the issuer's own document lists it.

    Raises:
        report.Undecided: A document could not be had.
        problem.Invalid: The header names no key, or one that is not the issuer's.
    """
    name, brought = token.header.get("kid"), token.header.get("jwk")
    if name is None and brought is None:
        raise problem.Invalid("The token names no key: its header has neither kid nor jwk.", kind=controller.INVALID_METHOD)
    if name is None:
        return _listed(jwk.read(brought), issuer, sources)
    found = _named(name, issuer, sources)
    if brought is not None and jwk.read(brought) != found.method.public_key:
        raise problem.Invalid("The token's header names one key and brings another.", kind=controller.INVALID_METHOD)
    return found


def _named(name: str, issuer: str, sources: Sources) -> Found:
    url = controller.document_url(name)
    if url is None or name.startswith("did:"):
        return method(name, sources)
    holder, evidence = _document(url, sources)
    if "kty" not in holder and "keys" not in holder:
        return method(name, sources)
    key = jwk.read(_choose(holder, name))
    if _is_of(url, issuer):
        return Found(controller.VerificationMethod(name, issuer, key), (evidence,))
    # A bare key says nothing of its controller, and stands where others may write too: the issuer's own document must name it.
    listed = _listed(key, issuer, sources)
    return Found(listed.method, (evidence, *listed.evidence))


def _choose(holder: JsonObject, name: str) -> object:
    """Return the key of a JWK document, or the one of a JWK set that `name` means."""
    if "keys" not in holder:
        return holder
    keys = [key for key in holder["keys"] if isinstance(key, dict)] if isinstance(holder["keys"], list) else []
    if len(keys) > controller.MAX_METHODS:
        raise problem.Invalid(f"The set at {name[:120]} has more than {controller.MAX_METHODS} keys.", kind=controller.INVALID_METHOD)
    fragment = name.partition("#")[2]
    meant = [key for key in keys if key.get("kid") in (name, fragment)] or (keys if len(keys) == 1 and not fragment else [])
    if len(meant) != 1:
        raise problem.Invalid(f"The set of keys at {name[:120]} does not hold the named one exactly once.", kind=controller.INVALID_METHOD)
    return meant[0]


def _is_of(url: str, issuer: str) -> bool:
    """Return whether only the issuer can be expected to write at `url`: below its own address, or where the keys of its host stand.

    On hosts that many share, `/alice` says nothing of what stands at `/mallory`.
    """
    try:
        there, own = urlsplit(url), urlsplit(issuer)
    except ValueError:
        return False
    is_plain = not _DISGUISED.search(there.path) and not _DISGUISED.search(own.path)
    if own.scheme != "https" or (there.scheme, there.netloc) != (own.scheme, own.netloc) or not is_plain:
        return False
    return own.path in {"", "/"} or there.path.startswith((own.path.rstrip("/") + "/", "/.well-known/"))


def _listed(key: jwk.Key, issuer: str, sources: Sources) -> Found:
    """Return the method of the issuer's own document that is `key`."""
    url = controller.document_url(issuer)
    if url is None:
        return Found(controller.find_key(issuer, key, None))
    holder, evidence = _document(url, sources)
    methods = sources.once(("asserting", issuer), lambda: controller.asserting(issuer, holder))
    return Found(controller.choose_key(issuer, key, methods), (evidence,))


def _document(url: str, sources: Sources) -> tuple[JsonObject, Evidence]:
    return sources.document(url, _WHAT, kind=controller.INVALID_DOCUMENT)
