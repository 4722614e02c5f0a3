"""Revoked, suspended, or not to be learnt: the status lists (1.5), and what stands in a badge to find them (D7)."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable
from typing import Any

from tests.corpus import kit, wrapping
from tests.corpus.kit import (
    COLLEGE,
    DROP,
    FORGER,
    LENGTH_ERROR,
    LIST_ERROR,
    RETRIEVAL_ERROR,
    Json,
    badge,
    changed,
    entry,
    sign,
    text,
)
from tests.corpus.wrapping import bits, encoded, status_list

index: kit.Value
status: kit.Value
GROUP = kit.Group("status")
HOST = "https://issuer.example/status"


def serve_list(name: str, *positions: int, how: Callable[[str], Any] | None = None, **more: kit.Value) -> str:
    """Let a status list stand at a URL of its own: signed as it should be, or made by `how` from its URL."""
    url = f"{HOST}/{name}"

    def body() -> bytes:
        made = how(url) if how else sign(status_list(url, *positions, **more))
        return made if isinstance(made, bytes) else text(made)

    return GROUP.serve(url, body)


def _with(status: kit.Value) -> bytes:
    return text(sign(changed(badge(), {"/credentialStatus": status})))


def add(name: str, outcome: str, why: str, status: kit.Value, *, step: str = "status", rows: str = "1.5", **more: kit.Value) -> None:
    """Add a badge with a status; the badge itself is as it should be."""
    getattr(GROUP, outcome)(
        f"{name}.json", rows, why, *([step] if outcome != "valid" else []), lambda: _with(status), signature="holds", **more
    )


# --- what the list says ---------------------------------------------------------------------------------------------

REVOKED = serve_list("revoked", 0, 7, 94_567, 131_071)
SUSPENDED = serve_list("suspended", 7, purpose="suspension")
CLEAR = serve_list("clear-suspension", purpose="suspension")
BOTH = serve_list("both-purposes", 7, purpose=["revocation", "suspension"])

for index in ("0", "7", "94567", "131071"):
    add(f"revoked-at-{index}", "invalid", "The issuer has revoked it.", entry(REVOKED, index))
for index in (0, 7):
    add(
        f"revoked-at-the-number-{index}",
        "invalid",
        "The issuer has revoked it; the index is a number, as some write it.",
        entry(REVOKED, index),
    )
add("suspended", "invalid", "The issuer has suspended it.", entry(SUSPENDED, "7", "suspension"))
add("revoked-in-a-list-of-both", "invalid", "The issuer has revoked it, in a list for revocation and suspension.", entry(BOTH))
add(
    "suspended-beside-not-revoked",
    "invalid",
    "The second entry says that it is suspended; all are looked at.",
    [entry(), entry(SUSPENDED, "7", "suspension")],
)
add(
    "revoked-beside-not-suspended",
    "invalid",
    "The second entry says that it is revoked; all are looked at.",
    [entry(CLEAR, "7", "suspension"), entry(REVOKED)],
)
add("revoked-first-of-two", "invalid", "The first entry says that it is revoked.", [entry(REVOKED), entry(CLEAR, "7", "suspension")])
add("revoked-in-an-array-of-one", "invalid", "The issuer has revoked it.", [entry(REVOKED)])
add(
    "revoked-beside-an-unreachable-list",
    "invalid",
    "One list says that it is revoked; that the other cannot be had does not hide it.",
    [entry(f"{HOST}/gone", "7", "suspension"), entry(REVOKED)],
)
add(
    "revoked-beside-an-unknown-status",
    "invalid",
    "One entry says that it is revoked; that the other is of an unknown kind does not hide it.",
    [
        entry(type="https://vocabulary.example/#Status2040", statusPurpose=DROP, statusListIndex=DROP, statusListCredential=DROP),
        entry(REVOKED),
    ],
)
add("revoked-and-the-entry-has-no-id", "invalid", "The issuer has revoked it; the entry's id is optional.", entry(REVOKED, id=DROP))

# --- what is wrong with the list: the question stays open -----------------------------------------------------------


def _bad(name: str, why: str, how: Callable[[str], Any], *, rows: str = "1.5", **more: kit.Value) -> None:
    kind = more.pop("type", LIST_ERROR)
    url = serve_list(name, how=how)
    add(f"list-{name}", "undecided", why, entry(url), rows=rows, **({"type": kind} if kind else {}), **more)


def _changed(change: kit.Change) -> Callable[[str], Json]:
    return lambda url: sign(status_list(url, change=change))


def _tampered(change: kit.Change) -> Callable[[str], Json]:
    return lambda url: changed(sign(status_list(url)), change)


add("list-unreachable", "undecided", "The list cannot be had.", entry(f"{HOST}/nobody-there"), type=RETRIEVAL_ERROR)
_bad("not-signed", "Nobody signed the list.", status_list)
_bad("forged", "Somebody else signed the list, and named the issuer's key.", lambda url: sign(status_list(url), by=FORGER))
_bad(
    "tampered",
    "The list was changed after it was signed: a bit was cleared.",
    lambda url: changed(sign(status_list(url, 7)), {"/credentialSubject/encodedList": encoded(bits())}),
)
_bad("of-another-issuer", "The list is in good order, and another issuer's.", lambda url: sign(status_list(url, key=FORGER), FORGER))
_bad("signed-by-another", "The list names the issuer, and a stranger's key signed it.", lambda url: sign(status_list(url), FORGER))
_bad("signed-for-authentication", "The list was signed to log in.", lambda url: sign(status_list(url), proofPurpose="authentication"))
_bad("expired", "The list was good until last month.", _changed({"/validUntil": "2026-05-31T00:00:00Z"}))
_bad("not-yet", "The list counts from next month on.", _changed({"/validFrom": "2026-07-01T00:00:00Z"}))
_bad("proof-in-the-future", "The list was signed after now.", lambda url: sign(status_list(url), created="2026-06-02T00:00:00Z"))
_bad("of-another-id", "The list says that it is another one.", _changed({"/id": f"{HOST}/1"}))
_bad("without-id", "The list does not say which one it is.", _changed({"/id": DROP}))
_bad("of-another-type", "What stands there is a credential and no list.", _changed({"/type": ["VerifiableCredential"]}))
_bad(
    "subject-of-another-type",
    "The credential's subject is no list.",
    _changed({"/credentialSubject/type": "BitstringStatusListEntry"}),
    type="",
)
_bad(
    "two-subjects",
    "The credential has two lists, and nobody can say which one counts.",
    lambda url: sign(
        status_list(
            url,
            change=lambda document: document.update(
                credentialSubject=[document["credentialSubject"], document["credentialSubject"] | {"id": f"{url}#2"}]
            ),
        )
    ),
)
_bad(
    "for-another-purpose",
    "The list is for suspension, the entry for revocation.",
    _changed({"/credentialSubject/statusPurpose": "suspension"}),
)
_bad("without-purpose", "The list does not say what for.", _changed({"/credentialSubject/statusPurpose": DROP}))
_bad(
    "purpose-that-begins-alike",
    "The list's purpose only begins like the entry's.",
    _changed({"/credentialSubject/statusPurpose": "revocations"}),
)
_bad(
    "too-short",
    "The list has half the entries that the Recommendation asks for.",
    _changed({"/credentialSubject/encodedList": encoded(bits(length=65_536))}),
    type=LENGTH_ERROR,
)
_bad(
    "too-short-by-a-byte",
    "The list has eight entries less than the Recommendation asks for.",
    _changed({"/credentialSubject/encodedList": encoded(bits(length=131_064))}),
    type=LENGTH_ERROR,
)
_bad("empty", "The list has no entries.", _changed({"/credentialSubject/encodedList": encoded(b"")}), type=LENGTH_ERROR)
_bad("without-list", "There is no list in it.", _changed({"/credentialSubject/encodedList": DROP}))
_bad("list-as-a-number", "The list is a text.", _changed({"/credentialSubject/encodedList": 1}), type="")
_bad("without-multibase", "The list does not say in which base it is.", _changed({"/credentialSubject/encodedList": encoded(bits())[1:]}))
_bad(
    "in-base58",
    "The list is in another base than the Recommendation says.",
    _changed({"/credentialSubject/encodedList": "z" + kit.base58(wrapping.gzip(bits()))}),
)
_bad(
    "in-plain-base64",
    "The list is in another base than the Recommendation says.",
    _changed({"/credentialSubject/encodedList": "u" + base64.b64encode(wrapping.gzip(b"\xfb\xff" * 8192 + b"\xfe")).decode()}),
)
_bad("with-a-line-feed", "White space is no digit of base64url.", _changed({"/credentialSubject/encodedList": f"{encoded(bits())}\n"}))
_bad("not-packed", "The list is not GZIP.", _changed({"/credentialSubject/encodedList": "u" + wrapping.base64url(bytes(64))}))
_bad(
    "packed-with-zlib",
    "The list is packed, and not as GZIP.",
    _changed({"/credentialSubject/encodedList": "u" + wrapping.base64url(wrapping.zlib_stream(bits()))}),
)
_bad(
    "cut-short",
    "The GZIP ends in the middle.",
    _changed({"/credentialSubject/encodedList": "u" + wrapping.base64url(wrapping.gzip(bits())[:-12])}),
)
_bad(
    "wrong-check-sum",
    "The GZIP's check sum is wrong.",
    _changed(
        {"/credentialSubject/encodedList": "u" + wrapping.base64url(wrapping.gzip(bits())[:-8] + bytes(4) + wrapping.gzip(bits())[-4:])}
    ),
)
_bad(
    "with-a-second-member",
    "After the end of the GZIP another begins: readers differ in whether it counts.",
    _changed({"/credentialSubject/encodedList": "u" + wrapping.base64url(wrapping.gzip(bits()) * 2)}),
    rows="1.5 D7",
)
_bad(
    "with-something-after",
    "After its end the GZIP goes on.",
    _changed({"/credentialSubject/encodedList": "u" + wrapping.base64url(wrapping.gzip(bits()) + b"more")}),
    rows="1.5 D7",
)
_bad(
    "bomb",
    "The list unpacks to more than is read: 4 MiB.",
    _changed({"/credentialSubject/encodedList": encoded(bytes(4 * 2**20))}),
    rows="1.5 D7",
)
_bad("undefined-member", "The list holds a word that no signature covers.", _tampered({"/credentialSubject/reason": "maintenance"}))
_bad("blank-predicate", "The list holds a word that no signature covers.", _tampered({"/credentialSubject/_:reason": "maintenance"}))
_bad(
    "in-the-graph-twice",
    "Two lists are the subject's, one of them where readers of the JSON do not look.",
    _changed(
        lambda document: document.update(
            {"@included": [{"id": document["credentialSubject"]["id"], "type": "BitstringStatusList", "encodedList": encoded(bits(7))}]}
        )
    ),
    rows="1.5 J7",
)
_bad(
    "with-an-inline-context",
    "Definitions of the list's own could give its words any meaning.",
    _changed({"/@context": [kit.V2, {"reason": "https://vocabulary.example/#reason"}]}),
    rows="1.5 J9",
)
_bad(
    "with-an-unknown-context",
    "The list uses a vocabulary of which no pinned copy is held.",
    _changed({"/@context": [kit.V2, kit.UNPINNED]}),
    rows="1.5 J9",
    type="",
)
_bad("html", "What stands there is a page for people.", lambda _url: b"<!doctype html><title>Soon back</title>", type="")
_bad("an-array", "What stands there is no list.", lambda _url: b"[]", type="")
_bad("nothing", "What stands there is empty.", lambda _url: b"", type="")
_bad("not-utf-8", "What stands there cannot be read.", lambda _url: b'{"id": "\xff"}', type="")
_bad(
    "a-member-twice",
    "One member stands twice in it: readers would take one or the other.",
    lambda url: text(sign(status_list(url))).replace(b'"validFrom"', b'"validFrom": "2026-05-01T00:00:00Z",\n "validFrom"', 1),
    type="",
)
_bad(
    "key-unreachable",
    "Whether the issuer signed the list cannot be learnt.",
    lambda url: sign(status_list(url), COLLEGE.named("https://issuer.example/keys/list#nobody")),
    type="",
)
_bad("unknown-suite", "Whether the list is good cannot be learnt.", lambda url: sign(status_list(url), suite="future-rdfc-2040"), type="")
_bad("another-badge", "What stands there is a badge.", lambda _url: sign(badge()), type="")
add("list-index-after-its-end", "undecided", "The list is not that long.", entry(REVOKED, "131072"))
add("list-index-far-after-its-end", "undecided", "The list is not that long.", entry(REVOKED, "9999999999"))

BOMB = GROUP.serve(
    f"{HOST}/large-bomb",
    lambda: text(
        sign(
            status_list(
                f"{HOST}/large-bomb",
                change={"/credentialSubject/encodedList": "u" + wrapping.base64url(gzip.compress(bytes(256 * 2**20), mtime=0))},
            )
        )
    ),
    stored=False,
)
add("list-large-bomb", "undecided", "The list unpacks to 256 MiB.", entry(BOMB), rows="1.5 D7", stored=False)
