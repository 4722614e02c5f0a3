"""Who controls a key: controlled identifier documents, did:key, did:jwk and did:web.

Source: CID-1.0, DID-CORE, did:key, did:jwk and did:web method specifications.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from badgeissuer import problem
from badgeissuer.vc import document, instant, jwk, multikey
from badgeissuer.vc.report import Undecided

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from badgeissuer.vc.document import JsonObject

DID_KEY = "did:key:"
DID_JWK = "did:jwk:"
DID_WEB = "did:web:"
_OTHER_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")
"""The end of a host that is an address and no name, in any of the ways that programs read it."""
_MAX_PORT = 65535
_PATH_PART = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})+")
_SEPARATOR = re.compile(r"[\x00-\x20/\\?#\x7f]")

MAX_METHODS = 100
"""Keys that a document may describe, or list for one use; a token that only brings a key along is held against each of them."""
_LONGEST_KEPT = 1000
"""Characters of the name of a key that is remembered; a did:jwk may be as long as a document."""
_LISTS = ("verificationMethod", "assertionMethod", "authentication")

INVALID_METHOD = problem.SECURITY + "INVALID_VERIFICATION_METHOD"
INVALID_METHOD_URL = problem.SECURITY + "INVALID_VERIFICATION_METHOD_URL"
INVALID_DOCUMENT = problem.SECURITY + "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT"
INVALID_DOCUMENT_ID = problem.SECURITY + "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID"
INVALID_RELATIONSHIP = problem.SECURITY + "INVALID_PROOF_PURPOSE_FOR_VERIFICATION_METHOD"


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """A public key with who controls it and until when it counts.

    Attributes:
        id: The URL of the method.
        controller: The identifier of who may use it.
        public_key: The key; only an Ed25519 one can make a Data Integrity proof here.
        expires: From then on none of the key's signatures count, whenever they say they were made.
        revoked: As `expires`.
    """

    id: str
    controller: str
    public_key: jwk.Key
    expires: datetime | None = None
    revoked: datetime | None = None


def document_url(method: str) -> str | None:
    """Return the URL at which the document that holds a verification method is found; None for did:key and did:jwk, which need none.

    Raises:
        report.Undecided: It is of a DID method that is not known here.
        problem.Invalid: It is no URL.
    """
    identifier = method.partition("#")[0]
    if identifier.startswith((DID_KEY, DID_JWK)):
        return None
    if identifier.startswith(DID_WEB):
        return web_url(identifier)
    if identifier.startswith(("https://", "http://")):
        return identifier
    if _OTHER_DID.match(identifier):
        raise Undecided(f"This verifier cannot look up identifiers such as {identifier[:120]}.", kind=INVALID_METHOD_URL)
    raise problem.Invalid(
        f"The verification method {method[:120]!r} is neither did:key, did:jwk, did:web nor a web address.", kind=INVALID_METHOD_URL
    )


def web_url(did: str) -> str:
    """Return the https URL of a did:web document, path and port included.

    Raises:
        problem.Invalid: It is no did:web identifier that can name a public web address.

    Source: did:web method specification, section 3.2.
    """
    host, *path = did.removeprefix(DID_WEB).split(":")
    host = unquote(host)
    name, _, port = host.partition(":")
    is_host = _HOST.fullmatch(host) and not _NUMBER.fullmatch(name.rpartition(".")[2]) and (not port or 0 < int(port) <= _MAX_PORT)
    if not is_host or not all(_PATH_PART.fullmatch(part) and _is_path_part(unquote(part)) for part in path):
        raise problem.Invalid(f"{did[:120]!r} is no did:web identifier.", kind=INVALID_METHOD_URL)
    return f"https://{host}/{'/'.join(path) if path else '.well-known'}/did.json"


def _is_path_part(decoded: str) -> bool:
    return not _SEPARATOR.search(decoded) and set(decoded) != {"."}


def web_did(url: str) -> str:
    """Return the did:web identifier of the controller document at `{url}/did.json`, `url` being https without query or final slash."""
    host, *path = url.removeprefix("https://").split("/")
    return DID_WEB + ":".join([quote(host, safe=""), *(quote(part, safe="") for part in path)])


def key_did(public_key: multikey.PublicKey) -> str:
    """Return the did:key of a key."""
    return DID_KEY + public_key.multikey


def key_method(did: str) -> str:
    """Return the URL of the one verification method of a did:key."""
    return f"{did}#{did.removeprefix(DID_KEY)}"


def compose(did: str, methods: Sequence[VerificationMethod], *, asserting: Sequence[str]) -> JsonObject:
    """Return the controlled identifier document of `did`.

    Args:
        did: The identifier.
        methods: Every key that signatures in the world may name, retired ones included.
        asserting: The ids of those whose signatures on credentials count.
    """
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [_method_document(method) for method in methods],
        "assertionMethod": list(asserting),
    }


def _method_document(method: VerificationMethod) -> JsonObject:
    times = {name: instant.write(moment) for name, moment in (("expires", method.expires), ("revoked", method.revoked)) if moment}
    if not isinstance(method.public_key, multikey.PublicKey):
        raise problem.Fault("Only Ed25519 keys are published here.")
    named = {"id": method.id, "type": "Multikey", "controller": method.controller}
    return named | {"publicKeyMultibase": method.public_key.multikey} | times


def confirming_url(method: str, source: JsonObject) -> str | None:
    """Return the URL of the controller's own document, where a key stands in a document of its own and names another as its controller.

    Anybody can publish a key and write any controller beside it: only the controller's own document can say that the key is theirs.

    Args:
        method: The URL in the proof.
        source: The document found at `document_url(method)`.

    Raises:
        report.Undecided: The controller is of a DID method that is not known here.
        problem.Invalid: It is no URL.
    """
    claimed = source.get("controller")
    if not _is_key_document(method, source) or not isinstance(claimed, str) or claimed == method.partition("#")[0]:
        return None
    return document_url(claimed)


def find_method(
    method: str, source: JsonObject | None, *, relationship: str = "assertionMethod", confirming: JsonObject | None = None
) -> VerificationMethod:
    """Return the verification method named `method`, for use in proofs of `relationship`; its controller is certain.

    Args:
        method: The URL in the proof.
        source: The document found at `document_url(method)`; None for did:key.
        relationship: Where the document must list the method.
        confirming: The document found at `confirming_url(method, source)`, where that names one.

    Raises:
        problem.Invalid: The document does not hold the method, does not list it for this use, or is somebody else's; or the key names a
            controller that does not list it.

    Source: CID-1.0#retrieve-verification-method.
    """
    identifier = method.partition("#")[0]
    if identifier.startswith((DID_KEY, DID_JWK)):
        return _own_method(method, identifier)
    if source is None:
        raise problem.Invalid(f"The document of {identifier[:120]!r} is missing.", kind=INVALID_DOCUMENT)
    if _is_key_document(method, source):
        found, holder = _read_method(method, source), confirming or {}
        if found.controller != identifier:
            _listed(method, _of(found.controller, holder), relationship=relationship)
        return found
    found = _find_in_document(method, _of(identifier, source), relationship=relationship)
    if found.controller != identifier:
        raise problem.Invalid(f"{identifier[:120]} describes this key as somebody else's.", kind=INVALID_METHOD)
    return found


def _is_key_document(method: str, source: JsonObject) -> bool:
    """Return whether the https URL of the method is that of the key itself, not of its controller's document."""
    return source.get("id") == method and "publicKeyMultibase" in source and not method.startswith("did:")


def _of(identifier: str, source: JsonObject) -> JsonObject:
    if source.get("id") != identifier:
        raise problem.Invalid(f"The document found for {identifier[:120]!r} says that it is somebody else's.", kind=INVALID_DOCUMENT_ID)
    if any(isinstance(source.get(name), list) and len(source[name]) > MAX_METHODS for name in _LISTS):
        raise problem.Invalid(f"The document of {identifier[:120]!r} has more than {MAX_METHODS} keys in a list.", kind=INVALID_DOCUMENT)
    return source


def find_key(identifier: str, key: jwk.Key, source: JsonObject | None) -> VerificationMethod:
    """Return the verification method of `identifier` that is `key` and that its document lists for assertions; see `asserting`."""
    return choose_key(identifier, key, asserting(identifier, source))


def asserting(identifier: str, source: JsonObject | None) -> list[VerificationMethod]:
    """Return the verification methods that a document lists for assertions, those that can be read.

    Args:
        identifier: Whose document it is.
        source: The document found at `document_url(identifier)`; None for did:key and did:jwk.

    Raises:
        problem.Invalid: The document is somebody else's.
    """
    if source is None:
        return [_own_method(key_method(identifier) if identifier.startswith(DID_KEY) else f"{identifier}#0", identifier)]
    listed = _of(identifier, source).get("assertionMethod")
    names = [entry.get("id") if isinstance(entry, dict) else entry for entry in listed] if isinstance(listed, list) else []
    return [method for name in names if isinstance(name, str) for method in _readable(_absolute(name, identifier), source)]


def choose_key(identifier: str, key: jwk.Key, methods: list[VerificationMethod]) -> VerificationMethod:
    """Return the one of the methods of `identifier` that is `key`, which somebody brought.

    Raises:
        problem.Invalid: None is, or it is somebody else's.
    """
    mine = [method for method in methods if method.public_key == key and method.controller == identifier]
    if not mine:
        raise problem.Invalid(f"{identifier[:120]} does not list the key that signed.", kind=INVALID_METHOD)
    return mine[0]


def _readable(method: str, source: JsonObject) -> list[VerificationMethod]:
    try:
        return [_find_in_document(method, source, relationship="assertionMethod")]
    except problem.Invalid:  # a key of a kind that is not read here, beside the one that is looked for
        return []


def _own_method(method: str, did: str) -> VerificationMethod:
    """Return the one method of a DID that is itself a key; the last ones are remembered, but for those of a stranger's own length."""
    return (_read_own_method if len(method) <= _LONGEST_KEPT else _read_own_method.__wrapped__)(method, did)


@functools.lru_cache(maxsize=1024)
def _read_own_method(method: str, did: str) -> VerificationMethod:
    if did.startswith(DID_JWK):
        if method != f"{did}#0":
            raise problem.Invalid("The one key of a did:jwk is named #0.", kind=INVALID_METHOD_URL)
        return VerificationMethod(method, did, _jwk(did.removeprefix(DID_JWK)))
    if method == did:
        raise problem.Invalid("A did:key is no key yet: the proof must name its key, with # and the key again.", kind=INVALID_METHOD_URL)
    if method != key_method(did):
        raise problem.Invalid("A did:key names its key twice, and this one names two.", kind=INVALID_METHOD_URL)
    return VerificationMethod(method, did, jwk.from_multikey(did.removeprefix(DID_KEY)))


def _jwk(encoded: str) -> jwk.Key:
    """Return the key that a did:jwk holds (did:jwk method specification, section "Read")."""
    try:
        return jwk.read(document.parse(jwk.from_base64url(encoded)))
    except problem.Malformed:
        raise problem.Invalid("A did:jwk must hold a key, JSON in base64url without padding.", kind=INVALID_METHOD_URL) from None


def _absolute(name: str, identifier: str) -> str:
    """Return the URL of a method that a document may name by its fragment alone (DID-CORE#relative-did-urls)."""
    return identifier + name if name.startswith("#") else name


def _listed(method: str, source: JsonObject, *, relationship: str) -> list[Any]:
    listed = source.get(relationship)
    entries = [entry for entry in listed if _names(entry, method)] if isinstance(listed, list) else []
    if not entries:
        raise problem.Invalid(f"{source['id'][:120]} does not list this key under {relationship}.", kind=INVALID_RELATIONSHIP)
    return entries


def _find_in_document(method: str, source: JsonObject, *, relationship: str) -> VerificationMethod:
    entries = _listed(method, source, relationship=relationship)
    methods = source.get("verificationMethod")
    candidates = [*entries, *(methods if isinstance(methods, list) else [])]
    described = [entry for entry in candidates if isinstance(entry, dict) and _names(entry, method)]
    if len(described) != 1:
        raise problem.Invalid(f"{source['id'][:120]} does not describe this key exactly once.", kind=INVALID_METHOD)
    return _read_method(method, described[0])


def _names(entry: object, method: str) -> bool:
    name = entry.get("id") if isinstance(entry, dict) else entry
    return isinstance(name, str) and _absolute(name, method.partition("#")[0]) == method


def _read_method(method: str, entry: dict[str, Any]) -> VerificationMethod:
    holder = entry.get("controller")
    if not isinstance(holder, str):
        raise problem.Invalid("The key is not described with its controller.", kind=INVALID_METHOD)
    moments = {name: instant.read(entry[name]) for name in ("expires", "revoked") if name in entry}
    return VerificationMethod(method, holder, _public_key(entry), **moments)


def _public_key(entry: dict[str, Any]) -> jwk.Key:
    """Return the key of a method, in whichever form its type has it; one that has two has none."""
    kind, forms = entry.get("type"), {"publicKeyMultibase", "publicKeyJwk"} & set(entry)
    try:
        if kind in ("Multikey", "Ed25519VerificationKey2020") and forms == {"publicKeyMultibase"}:
            return jwk.from_multikey(entry["publicKeyMultibase"])
        if kind in ("JsonWebKey", "JsonWebKey2020") and forms == {"publicKeyJwk"}:
            return jwk.read(entry["publicKeyJwk"])
    except problem.Invalid as error:
        raise problem.Invalid(error.detail, kind=INVALID_METHOD) from None
    raise problem.Invalid("The key is described neither as a Multikey nor as a JsonWebKey.", kind=INVALID_METHOD)
