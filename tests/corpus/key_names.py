"""How a key is named: DIDs and URLs that are none, that lead where nobody goes, or to somebody else's key (J17, 1.4)."""

from __future__ import annotations

from tests.corpus import kit, wrapping
from tests.corpus.kit import COLLEGE, FORGER, SCHOOL, Key, badge, controller_document, method, sign, text

GROUP = kit.Group("keys")

# --- did:web: forms that are none, or lead where nobody goes --------------------------------------------------------

for name, did, why in (
    ("slash-in-the-host", "did:web:issuer.example%2Fkeys", "An escaped slash would lead to another path of the host."),
    ("slash-in-the-path", "did:web:issuer.example:keys%2Fforged", "An escaped slash would lead to another path of the host."),
    ("dots-in-the-path", "did:web:issuer.example:keys:..:forged", "Dots would lead out of the path."),
    ("escaped-dots-in-the-path", "did:web:issuer.example:keys:%2e%2e:forged", "Dots would lead out of the path."),
    ("backslash-in-the-path", "did:web:issuer.example:keys%5Cforged", "Some readers take a backslash for a slash."),
    ("user-in-the-host", "did:web:issuer.example%40forger.example", "What stands before an @ is no host."),
    ("question-mark-in-the-path", "did:web:issuer.example:keys%3Fa=b", "A query is no part of a did:web identifier."),
    ("empty-host", "did:web:", "There is no host."),
    ("line-feed-in-the-host", "did:web:issuer.example%0A", "A host has no line feed."),
    ("null-in-the-path", "did:web:issuer.example:keys%00", "A path has no null character."),
    ("port-that-is-none", "did:web:issuer.example%3A443x", "A port is a number."),
    ("port-twice", "did:web:issuer.example%3A443%3A8443", "A host has one port."),
):
    forged = FORGER.named(f"{did}#key-1")
    GROUP.invalid(
        f"no-did-web-{name}.json",
        "J17 1.4",
        why,
        "proof|issuer|data_model",
        lambda key=forged: text(sign(badge(key), key)),
        signature="holds",
    )

empty = FORGER.named("did:web:issuer.example::keys#key-1")
GROUP.refused(
    "did-web-with-an-empty-part.json",
    "J17 1.4",
    "A part of the path is empty, and nothing stands there.",
    "proof|issuer",
    lambda: text(sign(badge(empty), empty)),
    signature="holds",
)
for name, did, why in (
    ("loopback", "did:web:127.0.0.1", "A did:web names a host by its name; an address of this machine is not asked."),
    ("loopback-in-one-number", "did:web:2130706433", "A did:web names a host by its name; an address of this machine is not asked."),
    ("loopback-in-hexadecimal", "did:web:0x7f.0.0.1", "A did:web names a host by its name; an address of this machine is not asked."),
    ("private-network", "did:web:10.0.0.8", "A did:web names a host by its name; a private network is not asked."),
    ("metadata-of-a-cloud", "did:web:169.254.169.254", "Where clouds keep their secrets nobody is sent."),
    ("ipv6", "did:web:%5B%3A%3A1%5D", "A did:web names a host by its name; an address of this machine is not asked."),
    ("localhost", "did:web:localhost", "The name of this machine is not asked."),
    ("localhost-with-a-port", "did:web:localhost%3A8080", "The name of this machine is not asked."),
    ("internal-name", "did:web:vault.internal", "Names of private networks are not asked."),
    ("one-label", "did:web:intranet", "Names of private networks are not asked."),
    ("another-port", "did:web:elsewhere.example%3A22", "Only the ports of web servers are asked."),
):
    hidden = FORGER.named(f"{did}#key-1")
    GROUP.refused(
        f"did-web-at-{name}.json",
        "1.4 J17",
        why,
        "proof|issuer|data_model",
        lambda key=hidden: text(sign(badge(key), key)),
        signature="holds",
    )

# --- methods by their form ------------------------------------------------------------------------------------------

for name, url, why in (
    ("two-keys-in-a-did-key", f"{SCHOOL.did}#{FORGER.multikey}", "A did:key names its key twice, and these are two."),
    ("did-key-without-fragment", SCHOOL.did, "The proof names the DID and not its key."),
    ("did-key-with-another-fragment", f"{SCHOOL.did}#key-1", "A did:key has one method, and it is not called so."),
    ("did-key-with-a-query", f"{SCHOOL.did}?versionId=2#{SCHOOL.multikey}", "A did:key has one method, and it is not called so."),
):
    GROUP.invalid(
        f"{name}.json",
        "J17",
        why,
        "proof|issuer",
        lambda url=url: text(sign(badge(SCHOOL), SCHOOL.named(url), by=FORGER if FORGER.multikey in url else SCHOOL)),
        signature="holds",
    )
for name, value, why in (
    ("x25519", kit.multikey(SCHOOL.public, b"\xec\x01"), "An X25519 key signs nothing."),
    ("31-bytes", kit.multikey(SCHOOL.public[:31]), "An Ed25519 key has 32 bytes."),
    ("base64url", "u" + wrapping.base64url(b"\xed\x01" + SCHOOL.public), "A did:key is written in base 58."),
    ("small-order", kit.multikey(b"\x01" + bytes(31)), "Every second signature fits the point at infinity: it is nobody's key."),
    ("not-on-the-curve", kit.multikey(b"\x02" + bytes(31)), "There is no such point."),
    ("nothing", "z", "There is no key."),
):
    odd = SCHOOL.named(f"did:key:{value}#{value}")
    GROUP.invalid(f"did-key-of-{name}.json", "J17", why, "proof|issuer", lambda key=odd: text(sign(badge(key), key)), signature="holds")
for small, point in (
    ("identity", b"\x01" + bytes(31)),
    ("identity-not-canonical", b"\x01" + bytes(30) + b"\x80"),
    ("order-two", b"\xec" + b"\xff" * 30 + b"\x7f"),
):
    weak = SCHOOL.named(f"did:key:{kit.multikey(point)}#{kit.multikey(point)}")
    GROUP.invalid(
        f"small-order-key-{small}.json",
        "J17 J18",
        "To readers who let points of small order pass, this signature fits any document.",
        "proof|issuer",
        lambda key=weak: text(sign(badge(key), key, proofValue="z" + kit.base58(b"\x01" + bytes(63)))),
        signature="broken",
    )

for name, did, why in (
    ("example", "did:example:issuer", "A DID method that this verifier does not know."),
    ("ion", "did:ion:EiClkZMDxPKqC9c-umQfTkR8vvZ9JPhl_xLDI9Nfk38w5w", "A DID method that this verifier does not know."),
    ("in-capitals", "DID:WEB:issuer.example", "DIDs are written in small letters; this is none that is known."),
    ("urn", "urn:uuid:6c2f0f6e-6e5c-4b3f-8d2b-0f7a4b1c9d01", "An identifier that leads to no key."),
    ("plain-http", "http://issuer.example/keys/1", "Over plain http anybody on the way could answer."),
):
    odd = FORGER.named(f"{did}#key-1")
    GROUP.refused(f"method-{name}.json", "J17 1.4", why, "proof|issuer", lambda key=odd: text(sign(badge(key), key)), signature="holds")
for name, url in (("multikey", SCHOOL.multikey), ("fragment", "#key-1"), ("path", "/keys/1"), ("word", "key-1"), ("empty", "")):
    GROUP.invalid(
        f"method-by-{name}-alone.json",
        "J17 J5",
        "It is no URL, so that nobody can say whose key it is.",
        "proof|issuer|data_model",
        lambda url=url: text(sign(badge(), COLLEGE, verificationMethod=url)),
    )
GROUP.invalid(
    "method-without-fragment.json",
    "J17",
    "The proof names the issuer and not a key.",
    "proof|issuer",
    lambda: text(sign(badge(), COLLEGE, verificationMethod=COLLEGE.did)),
    signature="holds",
)
GROUP.invalid(
    "method-with-another-fragment.json",
    "J17",
    "The issuer's document holds no such key.",
    "proof|issuer",
    lambda: text(sign(badge(), COLLEGE, verificationMethod=f"{COLLEGE.did}#key-9")),
    signature="holds",
)
GROUP.invalid(
    "method-with-a-path.json",
    "J17",
    "The method lies on a path of the DID, where nothing is found.",
    "proof|issuer",
    lambda: text(sign(badge(), COLLEGE, verificationMethod="did:web:issuer.example/x#key-1")),
    signature="holds",
)

# --- https: a key of its own, and a document ------------------------------------------------------------------------

HOST = "https://issuer.example/keys"


def _https(
    name: str,
    why: str,
    url: str,
    issuer: str,
    key: Key = COLLEGE,
    *,
    outcome: str = "invalid",
    step: str = "proof|issuer",
    rows: str = "J17",
) -> None:
    """Add a badge by `issuer`, signed with `key` under the method `url`."""
    named = key.named(url)
    getattr(GROUP, outcome)(
        f"https-{name}.json",
        rows,
        why,
        step,
        lambda: text(sign(kit.changed(badge(named), {"/issuer/id": issuer}), named)),
        signature="holds",
    )


def _key_document(url: str, key: Key, **members: kit.Value) -> str:
    return GROUP.serve(url, lambda: text({"@context": "https://w3id.org/security/multikey/v1"} | method(key.named(url), **members)))


url = _key_document(f"{HOST}/claims-to-be-the-colleges", FORGER, controller=COLLEGE.did)
_https(
    "key-that-says-it-is-the-issuers",
    "Anybody can publish a key and write any controller beside it; the issuer's own document does not list it.",
    url,
    COLLEGE.did,
    FORGER,
)
url = _key_document(f"{HOST}/of-the-forger", FORGER, controller=FORGER.did)
_https("key-of-another-controller", "The key's document says whose it is, and that is not the issuer.", url, COLLEGE.did, FORGER)
url = GROUP.serve(f"{HOST}/under-another-name", lambda: text(method(COLLEGE, id=f"{HOST}/its-own-name")))
_https("key-under-another-name", "What stands there says that it is another key.", url, COLLEGE.did)
_https(
    "key-unreachable",
    "The key cannot be had: nothing was seen that is false.",
    f"{HOST}/nobody-there",
    COLLEGE.did,
    outcome="undecided",
    step="proof",
)
profile = f"{HOST}/profile"
GROUP.serve(profile, lambda: text(controller_document(profile, method(COLLEGE.named(f"{profile}#key-1")))))
_https(
    "key-in-the-fragment",
    "A key in the URL's fragment is not the issuer's because it is in the URL: their document does not list it.",
    f"{profile}#{FORGER.multikey}",
    profile,
    FORGER,
)
_https(
    "key-in-the-fragment-unreachable",
    "A key in the URL's fragment is not trusted unfetched, and there is nothing to fetch.",
    f"{HOST}/gone#{FORGER.multikey}",
    f"{HOST}/gone",
    FORGER,
    outcome="undecided",
    step="proof",
)
_https("document-of-another-issuer", "The key is in good order, and another issuer's.", f"{profile}#key-1", COLLEGE.did, step="issuer")
for name, host in (
    ("loopback", "https://127.0.0.1"),
    ("a-private-network", "https://192.168.1.1"),
    ("the-metadata-of-a-cloud", "https://169.254.169.254"),
    ("ipv6", "https://[::1]"),
    ("localhost", "https://localhost"),
    ("a-user", "https://college:secret@issuer.example"),
    ("another-port", "https://issuer.example:22"),
):
    _https(
        f"key-at-{name}",
        "It leads where this verifier does not go: nothing was learnt.",
        f"{host}/key#key-1",
        f"{host}/key",
        FORGER,
        outcome="refused",
        rows="1.4 J17",
    )

# --- did:jwk --------------------------------------------------------------------------------------------------------


def _jwk(name: str, why: str, jwk: kit.Value, *, fragment: str = "0", key: Key = SCHOOL, **more: kit.Value) -> None:
    encoded = jwk if isinstance(jwk, str) else wrapping.base64url(jwk if isinstance(jwk, bytes) else wrapping.compact(jwk))
    named = key.named(f"did:jwk:{encoded}#{fragment}")
    GROUP.invalid(f"did-jwk-{name}.json", "J17", why, "proof|issuer", lambda: text(sign(badge(named), named)), signature="holds", **more)


_jwk("with-another-fragment", "A did:jwk has one method, and it is called 0.", SCHOOL.jwk, fragment="1")
_jwk("of-another-key", "The signature is not by the key that the DID is.", FORGER.jwk, type=kit.PROOF_ERROR)
_jwk("for-encryption", "The key says of itself that it is for encryption: it is listed for no assertion.", SCHOOL.jwk | {"use": "enc"})
_jwk(
    "with-the-secret-key",
    "Who reads the DID can sign with it: it is nobody's any more.",
    SCHOOL.jwk | {"d": wrapping.base64url(bytes(SCHOOL.secret))},
)
_jwk("of-another-curve", "The suite takes an Ed25519 key, and this says that it is of X25519.", SCHOOL.jwk | {"crv": "X25519"})
_jwk("of-another-kind", "The suite takes an Ed25519 key, and this is one of P-256.", wrapping.EcKey("jwk", "").jwk)
_jwk("that-is-symmetric", "A secret that both sides share is nobody's signature.", {"kty": "oct", "k": wrapping.base64url(SCHOOL.public)})
_jwk("of-31-bytes", "An Ed25519 key has 32 bytes.", SCHOOL.jwk | {"x": wrapping.base64url(SCHOOL.public[:31])})
_jwk("that-is-no-json", "What is encoded is no JSON.", b"not a key")
_jwk("that-is-no-object", "What is encoded is no object.", [SCHOOL.jwk])
_jwk("that-is-no-base64url", "The DID cannot be decoded.", "e!J9")
_jwk("with-padding", "base64url in a DID has no padding.", wrapping.base64url(wrapping.compact(SCHOOL.jwk)) + "==")
