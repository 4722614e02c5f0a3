"""What stands in a badge to find its status, and the lists of earlier Open Badges (1.5)."""

from __future__ import annotations

from tests.corpus import kit
from tests.corpus.kit import COLLEGE, DROP, EXTENSIONS, FORGER, Json, badge, changed, entry, sign, text
from tests.corpus.status import GROUP, HOST, add, serve_list

index: kit.Value
status: kit.Value

# --- what is wrong with the entry -----------------------------------------------------------------------------------

for name, index in (
    ("negative", "-7"),
    ("negative-number", -7),
    ("fraction", "7.5"),
    ("exponent", "7e0"),
    ("hexadecimal", "0x7"),
    ("with-a-sign", "+7"),
    ("with-a-space", " 7"),
    ("with-a-line-feed", "7\n"),
    ("with-an-underscore", "1_0"),
    ("in-arabic-digits", "\u0667"),
    ("in-full-width-digits", "\uff17"),
    ("superscript", "⁷"),
    ("with-a-leading-zero", "07"),
    ("empty", ""),
    ("word", "seven"),
    ("true", True),
):
    add(
        f"index-{name}",
        "invalid",
        "An index is a whole number from 0 up, in ASCII digits.",
        entry(index=index, id="https://issuer.example/status/1#7"),
        step="data_model|status",
    )
for name, status, why in (
    ("index-missing", entry(statusListIndex=DROP), "The entry does not say where to look."),
    ("index-in-an-array", entry(statusListIndex=["7"]), "An entry has one index."),
    ("indices-two", entry(statusListIndex=["7", "8"]), "An entry has one index."),
    ("purpose-missing", entry(statusPurpose=DROP), "The entry does not say what it is about."),
    ("purpose-in-an-array", entry(statusPurpose=["revocation"]), "An entry has one purpose."),
    ("list-missing", entry(statusListCredential=DROP), "The entry names no list."),
    ("id-is-the-lists", entry(id=kit.STATUS_LIST), "The entry's id must not be the URL of its list."),
):
    add(f"entry-{name}", "invalid", why, status, step="data_model|status")
for name, status, why in (
    (
        "type-unknown",
        {"id": "https://issuer.example/status/1#7", "type": "https://vocabulary.example/#Status2040"},
        "What it says of the badge cannot be known.",
    ),
    (
        "purpose-unknown",
        entry(serve_list("unknown-purpose", purpose="boasting"), purpose="boasting"),
        "What it says of the badge cannot be known.",
    ),
    (
        "type-unknown-beside-a-known",
        [entry(), {"id": "https://issuer.example/status/2#7", "type": "https://vocabulary.example/#Status2040"}],
        "What the second one says of the badge cannot be known.",
    ),
):
    add(f"entry-{name}", "undecided", why, status)
add(
    "entries-two-and-one-list-gone",
    "undecided",
    "One list says that it is fine; the other cannot be had.",
    [entry(), entry(f"{HOST}/gone", "7", "suspension")],
)

for name, url in (
    ("plain-http", "http://issuer.example/status/1"),
    ("loopback", "https://127.0.0.1/status/1"),
    ("loopback-in-one-number", "https://2130706433/status/1"),
    ("a-private-network", "https://10.1.2.3/status/1"),
    ("the-metadata-of-a-cloud", "http://169.254.169.254/latest/meta-data/iam/security-credentials/"),
    ("ipv6", "https://[::1]/status/1"),
    ("ipv6-that-holds-ipv4", "https://[::ffff:10.0.0.1]/status/1"),
    ("localhost", "https://localhost/status/1"),
    ("an-internal-name", "https://vault.internal/v1/secret"),
    ("another-port", "https://issuer.example:6379/status/1"),
    ("a-user", "https://admin:admin@issuer.example/status/1"),
    ("a-file", "file:///etc/passwd"),
    ("ftp", "ftp://issuer.example/status/1"),
    ("gopher", "gopher://127.0.0.1:6379/_FLUSHALL"),
    ("data", "data:application/json,%7B%7D"),
    ("a-did", "did:web:issuer.example"),
    ("a-very-long-path", "https://issuer.example/" + "s" * 2500),
):
    add(
        f"list-at-{name}",
        "refused",
        "It leads where this verifier does not go: nothing was learnt.",
        entry(url, id="urn:uuid:6c2f0f6e-6e5c-4b3f-8d2b-0f7a4b1c9d01"),
        rows="1.4 1.5",
        step="status|data_model",
    )

# --- 1EdTechRevocationList ------------------------------------------------------------------------------------------

REVOCATIONS = "https://issuer.example/revocations"


def _listed(name: str, outcome: str, why: str, members: Json | bytes | None, **more: kit.Value) -> None:
    """Add a badge with the status of earlier Open Badges; the list has the usual members and those given, or is other bytes, or gone."""
    url = f"{REVOCATIONS}/{name}"
    if isinstance(members, dict):
        content = text({"id": url, "issuer": COLLEGE.did} | members)
        GROUP.serve(url, lambda: content)
    elif members is not None:
        GROUP.serve(url, lambda: members)
    change = {"/credentialStatus": {"id": url, "type": "1EdTechRevocationList"}, "/@context/-": EXTENSIONS}
    add = getattr(GROUP, outcome)
    add(f"revocation-list-{name}.json", "1.5", why, "status", lambda: text(sign(changed(badge(), change))), signature="holds", **more)


NAMED = {"id": "https://issuer.example/c/1", "revoked": True, "revocationReason": "Issued in error."}
_listed("revoked", "invalid", "The list names the badge.", {"revokedCredential": [{"id": "https://issuer.example/c/9"}, NAMED]})
_listed(
    "revoked-without-saying-so",
    "invalid",
    "Who is named is revoked, where it is not said that they are not.",
    {"revokedCredential": [{"id": "https://issuer.example/c/1"}]},
)
_listed("unreachable", "undecided", "The list cannot be had.", None)
_listed("html", "undecided", "What stands there is a page for people.", b"<!doctype html><title>Soon back</title>")
_listed("list-as-a-string", "undecided", "What stands there holds no list.", {"revokedCredential": "https://issuer.example/c/9"})
ANOTHER = {"revokedCredential": [{"id": "https://issuer.example/c/9", "revoked": True}]}
_listed("of-another-id", "undecided", "The list says that it is another one.", ANOTHER | {"id": f"{REVOCATIONS}/1"})
_listed("of-another-issuer", "undecided", "The list says that it is another issuer's.", ANOTHER | {"issuer": FORGER.did})
