"""Addresses that strangers name: which are never asked for, and which never stand for an issuer (1.4)."""

from __future__ import annotations

from tests.corpus import kit
from tests.corpus.kit import COLLEGE, EXTENSIONS, FORGER, SCHOOL, Json, Value, brief, changed, sign, text
from tests.corpus.wrapping import sign_jwt

GROUP = kit.Group("fetch")
HOST = "https://issuer.example/fetch"

# --- did:web: a host name, a port, a path, and nothing else ---------------------------------------------------------


def by(did: str, key: kit.Key = SCHOOL) -> Json:
    """Return a badge by whoever is called so, signed by their key-1."""
    return sign(changed(brief(SCHOOL), {"/issuer/id": did}), key.named(f"{did}#key-1"))


def _serve(did: str, *urls: str, key: kit.Key = SCHOOL, own: str = "") -> None:
    """Let the document of a DID stand at addresses."""
    named = key.named(f"{own or did}#key-1")
    for url in urls:
        GROUP.serve(url, lambda: text(kit.controller_document(named.did, kit.method(named))))


for name, did, url in (
    ("path", "did:web:issuer.example:fetch:acme", f"{HOST}/acme/did.json"),
    ("long-path", "did:web:issuer.example:fetch:units:nursing-2", f"{HOST}/units/nursing-2/did.json"),
    ("port", "did:web:issuer.example%3A8443", "https://issuer.example:8443/.well-known/did.json"),
    ("port-and-path", "did:web:issuer.example%3A8443:fetch:acme", "https://issuer.example:8443/fetch/acme/did.json"),
    ("letters-beyond-ascii", "did:web:issuer.example:fetch:caf%C3%A9", f"{HOST}/caf%C3%A9/did.json"),
    ("sub-domain", "did:web:badges.issuer.example", "https://badges.issuer.example/.well-known/did.json"),
):
    _serve(did, url)
    GROUP.valid(f"did-web-with-{name}.json", "1.4", "So the method writes addresses.", lambda did=did: text(by(did)))

WELL_KNOWN = ".well-known/did.json"
for name, did, urls in (
    ("ip-address", "did:web:93.184.215.14", [f"https://93.184.215.14/{WELL_KNOWN}"]),
    ("loopback", "did:web:127.0.0.1", [f"https://127.0.0.1/{WELL_KNOWN}"]),
    ("loopback-and-port", "did:web:127.0.0.1%3A8443", [f"https://127.0.0.1:8443/{WELL_KNOWN}"]),
    ("loopback-as-one-number", "did:web:2130706433", [f"https://2130706433/{WELL_KNOWN}"]),
    ("loopback-in-hex", "did:web:0x7f000001", [f"https://0x7f000001/{WELL_KNOWN}"]),
    ("loopback-cut-short", "did:web:127.1", [f"https://127.1/{WELL_KNOWN}"]),
    ("loopback-of-ipv6", "did:web:%5B%3A%3A1%5D", [f"https://[::1]/{WELL_KNOWN}"]),
    ("metadata-service", "did:web:169.254.169.254", [f"https://169.254.169.254/{WELL_KNOWN}"]),
    ("localhost", "did:web:localhost", []),
    ("host-without-a-dot", "did:web:intranet", []),
    ("host-of-a-local-network", "did:web:printer.local", []),
    ("user", "did:web:issuer.example@forger.example", [f"https://issuer.example@forger.example/{WELL_KNOWN}"]),
    ("user-in-disguise", "did:web:issuer.example%40forger.example:a", ["https://issuer.example@forger.example/a/did.json"]),
    ("slash-in-the-host", "did:web:issuer.example%2Ffetch%2Fmallory", [f"{HOST}/mallory/{WELL_KNOWN}"]),
    ("slash-in-the-path", "did:web:issuer.example:fetch:a%2Fmallory", [f"{HOST}/a%2Fmallory/did.json", f"{HOST}/a/mallory/did.json"]),
    ("slash", "did:web:issuer.example/fetch/b", [f"{HOST}/b/{WELL_KNOWN}", f"{HOST}/b/did.json"]),
    ("dots", "did:web:issuer.example:fetch:..:mallory", ["https://issuer.example/fetch/../mallory/did.json"]),
    ("dots-in-disguise", "did:web:issuer.example:fetch:%2e%2e:mallory", ["https://issuer.example/fetch/%2e%2e/mallory/did.json"]),
    ("dots-half-in-disguise", "did:web:issuer.example:fetch:.%2E:mallory", ["https://issuer.example/fetch/.%2E/mallory/did.json"]),
    ("one-dot", "did:web:issuer.example:fetch:.", [f"{HOST}/./did.json"]),
    ("query", "did:web:forger.example%3Fissuer.example", [f"https://forger.example?issuer.example/{WELL_KNOWN}"]),
    ("query-in-the-path", "did:web:issuer.example:fetch%3Fx", ["https://issuer.example/fetch%3Fx/did.json"]),
    ("fragment-in-the-host", "did:web:forger.example%23.issuer.example", [f"https://forger.example#.issuer.example/{WELL_KNOWN}"]),
    ("backslash", "did:web:forger.example%5C.issuer.example", [f"https://forger.example\\.issuer.example/{WELL_KNOWN}"]),
    ("nul", "did:web:issuer.example%00.forger.example", [f"https://issuer.example%00.forger.example/{WELL_KNOWN}"]),
    ("line-feed-in-the-path", "did:web:issuer.example:fetch:a%0Ab", [f"{HOST}/a%0Ab/did.json"]),
    ("space-in-the-host", "did:web:issuer.example%20.forger.example", [f"https://issuer.example%20.forger.example/{WELL_KNOWN}"]),
    ("port-not-encoded", "did:web:issuer.example:8444", [f"https://issuer.example:8444/{WELL_KNOWN}"]),
    ("port-of-another-service", "did:web:issuer.example%3A22", []),
    ("port-beyond-all", "did:web:issuer.example%3A99999", [f"https://issuer.example:99999/{WELL_KNOWN}"]),
    ("port-of-letters", "did:web:issuer.example%3Assh", [f"https://issuer.example:ssh/{WELL_KNOWN}"]),
    ("empty-host", "did:web:", [f"https:///{WELL_KNOWN}"]),
    ("empty-host-and-path", "did:web::issuer.example", ["https:///issuer.example/did.json"]),
    ("empty-path", "did:web:issuer.example:", ["https://issuer.example//did.json"]),
    ("two-colons", "did:web:issuer.example:fetch::c", [f"{HOST}//c/did.json"]),
    ("dot-at-the-end", "did:web:issuer.example.", [f"https://issuer.example./{WELL_KNOWN}"]),
    ("dot-at-the-start", "did:web:.issuer.example", [f"https://.issuer.example/{WELL_KNOWN}"]),
    ("letters-of-another-script", "did:web:\u0456ssuer.example", [f"https://\u0456ssuer.example/{WELL_KNOWN}"]),
    ("method-in-capitals", "did:WEB:issuer.example", []),
):
    _serve(did, *urls)
    GROUP.refused(
        f"did-web-with-{name}.json",
        "1.4",
        "It is no did:web identifier, or it leads where nobody is asked; whatever stands at the address that some readers make of it.",
        "proof|issuer|data_model",
        lambda did=did: text(by(did)),
    )
_serve("did:web:ISSUER.example", f"https://ISSUER.example/{WELL_KNOWN}", key=COLLEGE, own=COLLEGE.did)
GROUP.refused(
    "did-web-with-capitals.json",
    "1.4",
    "Hosts have no capitals, identifiers have: the document that stands there is that of another identifier.",
    "proof|issuer|data_model",
    lambda: text(by("did:web:ISSUER.example", COLLEGE)),
)

# --- addresses in other places --------------------------------------------------------------------------------------

PRIVATE: dict[str, str] = {
    "in-the-clear": "http://issuer.example/fetch/x",
    "of-the-metadata-service": "http://169.254.169.254/latest/meta-data/",
    "of-the-metadata-service-by-name": "https://metadata.google.internal/computeMetadata/v1/",
    "on-loopback": "https://127.0.0.1/x",
    "on-loopback-by-name": "https://localhost/x",
    "on-loopback-as-one-number": "https://2130706433/x",
    "on-loopback-in-hex": "https://0x7f000001/x",
    "on-loopback-in-octal": "https://0177.0.0.1/x",
    "on-loopback-of-ipv6": "https://[::1]/x",
    "on-loopback-of-ipv6-in-disguise": "https://[::ffff:127.0.0.1]/x",
    "in-a-private-network": "https://10.0.0.1/x",
    "of-a-local-network": "https://printer.local/x",
    "with-a-password": "https://user:secret@issuer.example/x",
    "with-the-issuer-as-user": "https://issuer.example@127.0.0.1/x",
    "on-another-port": "https://issuer.example:22/x",
    "of-a-file": "file:///etc/passwd",
    "of-data": "data:application/json,%7B%7D",
    "of-ftp": "ftp://issuer.example/x",
    "of-gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "of-a-script": "javascript:alert(1)",
    "of-a-blob": "blob:https://issuer.example/x",
    "too-long": "https://issuer.example/" + "a" * 3000,
}
"""Absolute, and never asked for."""
BROKEN = {
    "with-a-backslash": "https://issuer.example\\@127.0.0.1/x",
    "with-a-line-feed": "https://issuer.example/x\nHost: forger.example",
    "with-a-space": "https://issuer.example /x",
    "with-a-tab": "ht\ttps://127.0.0.1/x",
    "relative": "/x",
    "without-a-scheme": "//127.0.0.1/x",
    "empty": "",
}
"""No absolute addresses."""
WHY = "Nobody is asked there, so it answers nothing."

for name, url in (PRIVATE | BROKEN).items():
    GROUP.refused(
        f"status-list-{name}.json",
        "1.4 1.5",
        WHY,
        "status|data_model|proof",
        lambda url=url: text(sign(brief() | {"credentialStatus": kit.entry(url, id=kit.DROP)}, suite=kit.JCS)),
    )
SOME = ("in-the-clear", "of-the-metadata-service", "on-loopback", "on-loopback-by-name", "with-the-issuer-as-user", "of-a-file", "of-data")
for name in SOME:
    url = PRIVATE[name]
    GROUP.refused(
        f"schema-{name}.json",
        "1.4",
        WHY,
        "schema|data_model|proof",
        lambda url=url: text(sign(brief() | {"credentialSchema": {"id": url, "type": "JsonSchema"}})),
    )
    GROUP.refused(
        f"method-{name}.json",
        "1.4 J17",
        WHY,
        "proof|issuer|data_model",
        lambda url=url: text(sign(changed(brief(SCHOOL), {"/issuer/id": url}), SCHOOL.named(f"{url}#key-1"))),
    )
    GROUP.valid(
        f"refresh-{name}.json",
        "1.4 J22",
        "Nobody is asked there: the original stands.",
        lambda url=url: text(
            sign(changed(brief(), {"/@context/-": EXTENSIONS, "/refreshService": {"id": url, "type": "1EdTechCredentialRefresh"}}))
        ),
    )
    GROUP.refused(
        f"kid-{name}.jwt",
        "1.4 T3",
        WHY,
        "proof|issuer|syntax",
        lambda url=url: sign_jwt(brief(), FORGER, headers={"kid": url}),
    )


def _key_document(name: str, controller: str) -> kit.Key:
    """Return a key that stands in a document of its own and names somebody as its controller."""
    own = FORGER.named(f"{HOST}/keys/{name}")
    GROUP.serve(own.method, lambda: text({"@context": "https://w3id.org/security/multikey/v1"} | kit.method(own, controller=controller)))
    return own


for name in ("in-the-clear", "of-the-metadata-service", "on-loopback", "of-a-file", "with-a-password"):
    own = _key_document(name, PRIVATE[name])
    GROUP.refused(
        f"controller-{name}.json",
        "1.4 J17",
        "The key's own document names a controller where nobody is asked, so nothing confirms it.",
        "proof|issuer",
        lambda own=own, url=PRIVATE[name]: text(sign(changed(brief(SCHOOL), {"/issuer/id": url}), own)),
    )
_pictures: Value = {
    "/credentialSubject/achievement/image": {"id": PRIVATE["of-the-metadata-service"], "type": "Image"},
    "/issuer/image": {"id": "https://127.0.0.1/logo.png", "type": "Image"},
    "/issuer/url": "https://localhost/",
    "/evidence": [{"id": "file:///etc/passwd", "type": ["Evidence"]}],
}
GROUP.valid(
    "pictures-and-evidence.json",
    "1.4 J20",
    "Pictures, evidence and home pages are shown as text, if at all: no verification asks for them.",
    lambda: text(sign(changed(brief(), _pictures))),
)
