"""Tokens: the name of a key, and whose key it leads to (T3)."""

from __future__ import annotations

import hashlib

from tests.corpus import kit
from tests.corpus.kit import COLLEGE, FORGER, METHOD_ERROR, NOTARY, RELATIONSHIP_ERROR, SCHOOL, Value, brief, text
from tests.corpus.more_jwt import EC, HOST, LISTED_ELSEWHERE, PRIVATE, badge_of, jwk_method, serve_document
from tests.corpus.wrapping import base64url, claims, compact, header, jws, sign_jwt

GROUP = kit.Group("jwt")


def _fault(name: str, rows: str, why: str, make: kit.Bytes, step: str = "proof|issuer", *, outcome: str = "invalid", **more: Value) -> None:
    getattr(GROUP, outcome)(f"{name}.jwt", rows, why, step, make, **more)


# --- T3: the name of a key leads to the document of who controls it -------------------------------------------------

_fault(
    "names-a-key-for-authentication-only",
    "T3 J17",
    "The issuer's key for logging in is none for credentials.",
    lambda: sign_jwt(badge_of(LISTED_ELSEWHERE.did), LISTED_ELSEWHERE),
    type=RELATIONSHIP_ERROR,
)
_fault("forged", "T3", "Somebody else signed, and named the issuer's key.", lambda: jws(header(COLLEGE), claims(brief()), FORGER), "proof")
_fault("of-a-stranger", "T3", "The signature is good, and the key is a stranger's.", lambda: sign_jwt(brief(), FORGER), type=METHOD_ERROR)
_fault(
    "of-a-stranger-by-did-jwk",
    "T3",
    "The signature is good, and the key is a stranger's.",
    lambda: sign_jwt(brief(), FORGER, headers={"kid": f"did:jwk:{base64url(compact(FORGER.jwk))}#0"}),
    type=METHOD_ERROR,
)
_fault(
    "of-a-stranger-who-lists-the-issuer-as-controller",
    "T3 J17",
    "The stranger's document says that the key is the college's; the college's does not.",
    lambda: sign_jwt(brief(), FORGER.named("did:web:issuer.example:jwt:mallory#key-1")),
)
serve_document(
    FORGER.named("did:web:issuer.example:jwt:mallory#key-1"),
    kit.method(FORGER.named("did:web:issuer.example:jwt:mallory#key-1"), controller=COLLEGE.did),
)
for name, value in (
    ("a-path", "../../../../etc/passwd"),
    ("sql", "key-1' OR '1'='1"),
    ("sql-behind-the-issuer", f"{COLLEGE.did}#key-1' OR '1'='1"),
    ("a-local-file", "file:///etc/passwd"),
    ("a-fragment", "#key-1"),
    ("a-bare-name", "key-1"),
    ("a-relative-path", "/.well-known/did.json#key-1"),
    ("empty", ""),
    ("null", None),
    ("a-number", 1),
    ("an-array", [COLLEGE.method]),
    ("the-did-without-the-key", COLLEGE.did),
    ("a-key-that-is-not-there", f"{COLLEGE.did}#key-2"),
    ("another-spelling", "did:web:issuer.example#key%2D1"),
    ("a-did-with-a-query", "did:web:issuer.example?service=files#key-1"),
    ("a-uuid", "urn:uuid:6c2f0f6e-6e5c-4b3f-8d2b-0f7a4b1c9d01"),
    ("a-data-url", "data:application/json," + compact(COLLEGE.jwk).decode()),
    ("a-thumbprint", base64url(hashlib.sha256(compact(COLLEGE.jwk)).digest())),
    ("a-did-of-an-unknown-method", "did:example:college#key-1"),
):
    _fault(
        f"kid-{name}",
        "T3",
        "The name of the key leads to no document that lists it; it is never a file, a query or a guess.",
        lambda value=value: sign_jwt(brief(), headers={"kid": value}),
        "syntax|proof|issuer",
        outcome="refused",
    )

# Issuers whose identifiers are addresses on one host: where the one writes, the other does not.
TENANTS = f"{HOST}/tenants"
for name, owner in (("alice", COLLEGE), ("mallory", FORGER), ("alice-and-mallory", FORGER), ("bob", NOTARY)):
    GROUP.serve(f"{TENANTS}/{name}/key.json", lambda owner=owner: text(owner.jwk))
BOB = SCHOOL.named(f"{TENANTS}/bob#key-1")
GROUP.serve(f"{TENANTS}/bob", lambda: text(kit.controller_document(BOB.did, kit.method(BOB))))
CAROL = NOTARY.named(f"{TENANTS}/carol#key-1")
GROUP.serve(f"{TENANTS}/carol", lambda: text(kit.controller_document(CAROL.did, jwk_method(CAROL))))
GROUP.serve("https://keys.example/jwt/carol.json", lambda: text(NOTARY.jwk))
GROUP.serve("https://forger.example/jwt/key.json", lambda: text(FORGER.jwk))
for url in (
    "https://issuer.example.forger.example/jwt/tenants/alice/key.json",
    f"{TENANTS}/alice/../mallory/key.json",
    f"{TENANTS}/alice/%2e%2e/mallory/key.json",
    f"{TENANTS}/alice/.%2E/mallory/key.json",
    f"{TENANTS}/mallory/key.json?/jwt/tenants/alice/",
    "https://issuer.example@forger.example/jwt/tenants/alice/key.json",
    "https://issuer.example:8443/jwt/tenants/alice/key.json",
):
    GROUP.serve(url, lambda: text(FORGER.jwk))


def by_tenant(tenant: str, kid: str, key: Value) -> bytes:
    """Return a badge of a tenant as a token whose `kid` is `kid`."""
    return sign_jwt(badge_of(f"{TENANTS}/{tenant}"), key, headers={"kid": kid})


GROUP.valid(
    "kid-at-the-issuers-own-path.jwt",
    "T3",
    "The key stands below the issuer's own address, where only the issuer writes.",
    lambda: by_tenant("alice", f"{TENANTS}/alice/key.json", COLLEGE),
)
GROUP.valid(
    "kid-elsewhere-that-the-issuer-lists.jwt",
    "T3",
    "The key stands on another host, and the issuer's own document lists it.",
    lambda: by_tenant("carol", "https://keys.example/jwt/carol.json", NOTARY),
)
for name, tenant, kid in (
    ("on-another-tenants-path", "bob", f"{TENANTS}/mallory/key.json"),
    ("on-another-host", "bob", "https://forger.example/jwt/key.json"),
    ("on-a-host-that-begins-as-the-issuers", "bob", "https://issuer.example.forger.example/jwt/tenants/alice/key.json"),
):
    _fault(
        f"kid-{name}",
        "T3",
        "A stranger writes there, and the issuer's own document does not list the key.",
        lambda tenant=tenant, kid=kid: by_tenant(tenant, kid, FORGER),
    )
for name, kid in (
    ("on-another-tenants-path-of-an-issuer-without-a-document", f"{TENANTS}/mallory/key.json"),
    ("on-a-path-that-begins-as-the-issuers", f"{TENANTS}/alice-and-mallory/key.json"),
    ("on-a-path-that-leads-out-of-the-issuers", f"{TENANTS}/alice/../mallory/key.json"),
    ("on-a-path-that-leads-out-of-the-issuers-in-disguise", f"{TENANTS}/alice/%2e%2e/mallory/key.json"),
    ("on-a-path-that-leads-out-of-the-issuers-half-in-disguise", f"{TENANTS}/alice/.%2E/mallory/key.json"),
    ("with-the-issuers-path-in-its-query", f"{TENANTS}/mallory/key.json?/jwt/tenants/alice/"),
    ("with-the-issuers-host-before-an-at-sign", "https://issuer.example@forger.example/jwt/tenants/alice/key.json"),
    ("on-another-port", "https://issuer.example:8443/jwt/tenants/alice/key.json"),
    ("in-the-clear", "http://issuer.example/jwt/tenants/alice/key.json"),
):
    _fault(
        f"kid-{name}",
        "T3 1.4",
        "It is not the issuer's own address, however much it looks like it.",
        lambda kid=kid: by_tenant("alice", kid, FORGER),
        outcome="refused",
    )

# --- T3: sets of keys, and keys that are none -----------------------------------------------------------------------

DORA = f"{TENANTS}/dora"
GROUP.serve(f"{DORA}/jwks.json", lambda: text({"keys": [NOTARY.jwk | {"kid": "key-0"}, COLLEGE.jwk | {"kid": "key-1"}]}))
GROUP.serve(f"{DORA}/empty.json", lambda: text({"keys": []}))
GROUP.serve(f"{DORA}/object.json", lambda: text({"keys": COLLEGE.jwk}))
GROUP.serve(f"{DORA}/page.html", lambda: b"<!DOCTYPE html><title>Our keys</title>\n")
GROUP.serve(f"{DORA}/private.json", lambda: text(PRIVATE))
GROUP.serve(f"{DORA}/encryption.json", lambda: text(COLLEGE.jwk | {"use": "enc"}))
GROUP.serve(f"{DORA}/wrapping.json", lambda: text(COLLEGE.jwk | {"key_ops": ["wrapKey"]}))
GROUP.serve(f"{DORA}/es256.json", lambda: text(COLLEGE.jwk | {"alg": "ES256"}))
GROUP.serve(f"{DORA}/secret.json", lambda: text({"kty": "oct", "k": COLLEGE.jwk["x"]}))
GROUP.serve(f"{DORA}/off-the-curve.json", lambda: text(EC.jwk | {"y": EC.jwk["x"]}))
GROUP.serve("https://college.example/.well-known/jwks.json", lambda: text({"keys": [COLLEGE.jwk | {"kid": "key-1"}]}))

GROUP.valid(
    "kid-in-a-set-of-keys.jwt",
    "T3",
    "The fragment says which key of the issuer's set is meant.",
    lambda: by_tenant("dora", f"{DORA}/jwks.json#key-1", COLLEGE),
)
GROUP.valid(
    "kid-in-the-well-known-set-of-the-host.jwt",
    "T3",
    "The implementation guide has the keys of an issuer at /.well-known/jwks.json.",
    lambda: sign_jwt(badge_of("https://college.example/"), headers={"kid": "https://college.example/.well-known/jwks.json#key-1"}),
)
for name, path, why in (
    ("that-is-not-in-the-set", "jwks.json#key-3", "The set of keys does not hold the one that is named."),
    ("of-another-key-of-the-set", "jwks.json#key-0", "The set holds the named key, and another one signed."),
    ("of-a-set-of-two", "jwks.json", "The set holds two keys, and none is named."),
    ("of-an-empty-set", "empty.json#key-1", "The set of keys is empty."),
    ("of-a-set-that-is-none", "object.json#key-1", "The keys of a set stand in an array."),
    ("of-a-page", "page.html", "What stands there is a page for people."),
    ("of-a-key-with-its-private-half", "private.json", "A key whose private half is published is everybody's."),
    ("of-a-key-for-encryption", "encryption.json", "The key is published for encryption."),
    ("of-a-key-for-wrapping-keys", "wrapping.json", "The key is published for wrapping other keys."),
    ("of-a-key-for-another-algorithm", "es256.json", "The key is published for another algorithm than its own kind has."),
    ("of-a-secret", "secret.json", "What stands there is a secret, and now everybody knows it."),
):
    _fault(f"kid-{name}", "T3", why, lambda path=path: by_tenant("dora", f"{DORA}/{path}", COLLEGE), outcome="refused")
_fault(
    "kid-of-a-point-that-is-not-on-the-curve",
    "T3",
    "Its coordinates are no point of P-256: what such a key verifies means nothing.",
    lambda: by_tenant("dora", f"{DORA}/off-the-curve.json", EC),
    outcome="refused",
)
_fault(
    "kid-where-nothing-stands",
    "T3",
    "Nothing can be had from the issuer's address, so nobody can tell.",
    lambda: by_tenant("dora", f"{DORA}/gone.json", COLLEGE),
    "proof",
    outcome="undecided",
)
_fault(
    "kid-of-a-did-whose-document-cannot-be-had",
    "T3",
    "Nothing can be had from the issuer's address, so nobody can tell.",
    lambda: sign_jwt(badge_of("did:web:gone.example"), headers={"kid": "did:web:gone.example#key-1"}),
    "proof",
    outcome="undecided",
)
REVOKED = NOTARY.named("did:web:issuer.example:jwt:revoked-key#key-1")
serve_document(REVOKED, kit.method(REVOKED, revoked="2026-05-25T00:00:00Z"))
_fault(
    "kid-of-a-revoked-key",
    "T3",
    "The issuer's document says that the key was revoked.",
    lambda: sign_jwt(badge_of(REVOKED.did), REVOKED),
    "validity|proof|issuer",
)
STOLEN = kit.Key("stolen", "did:web:issuer.example:jwt:stolen#key-1")
serve_document(STOLEN, kit.method(STOLEN))
GROUP.keys[STOLEN.method] = {"state": "compromised", "compromised_since": "2026-05-01T00:00:00Z"}
_fault(
    "kid-of-a-compromised-key",
    "T3",
    "The operator knows that the key is in wrong hands.",
    lambda: sign_jwt(badge_of(STOLEN.did), STOLEN),
    "trust",
)
