"""Bytes that are no JSON document, or that two readers would read differently, and documents made to cost much (D1 to D4, D11)."""

from __future__ import annotations

import json
from typing import Any

from tests.corpus import kit
from tests.corpus.kit import COLLEGE, OB, PARSING_ERROR, V2, Json, badge, sign, text

GROUP = kit.Group("parsing")
SUBJECT = "credentialSubject"


def _bytes(name: str, why: str, body: kit.Bytes, *, rows: str = "D4", type: str = PARSING_ERROR, **more: kit.Value) -> None:  # noqa: A002 - the name of the case's member
    GROUP.invalid(f"{name}.json", rows, why, "syntax", body, **({"type": type} if type else {}), **more)


def _signed(old: str = "", new: str = "") -> bytes:
    """Return a good badge with one piece of its text replaced."""
    document = text(sign(badge())).decode()
    if old not in document:
        raise ValueError(f"{old} is nowhere in the badge")
    return document.replace(old, new, 1).encode("utf-8", "surrogatepass")


def text_compact(document: kit.Value) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


# --- no JSON object -------------------------------------------------------------------------------------------------

for name, body, why in (
    ("empty", b"", "There is nothing."),
    ("white-space", b" \n\t ", "There is nothing."),
    ("null", b"null", "It is JSON, and no document."),
    ("true", b"true", "It is JSON, and no document."),
    ("number", b"42", "It is JSON, and no document."),
    ("empty-array", b"[]", "It is JSON, and no document."),
    (
        "url-as-a-string",
        b'"http://169.254.169.254/latest/meta-data/"',
        "A string is no document; JSON-LD libraries would fetch what it names.",
    ),
    ("page", b"<!doctype html><title>Teamwork</title><p>Northfield College</p>", "A page for people is no document."),
    ("words", b"This badge is valid.", "It is no document."),
    ("null-characters", bytes(64), "It is no text."),
    ("zip", b"PK\x03\x04\x14\0\0\0\x08\0", "It is an archive."),
    ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0", "It is packed."),
    ("yaml", b"issuer: did:web:issuer.example\ntype: [VerifiableCredential]\n", "It is YAML."),
    ("brace", b"{", "It ends in the middle."),
    ("brackets-that-do-not-match", b'{"a": [1}', "It is no JSON."),
):
    rows = "D4 J10" if name == "url-as-a-string" else "D4"
    kind = PARSING_ERROR if name not in {"zip", "gzip"} else ""
    _bytes(name, why, lambda body=body: body, rows=rows, type=kind)
_bytes("array-of-one-badge", "Exactly one badge is a document; an array is none.", lambda: text([sign(badge())]))
_bytes("badge-in-a-string", "The badge is wrapped in a string once more.", lambda: text(_signed().decode()))
_bytes("two-badges", "After the first badge comes another: readers would see one or the other.", lambda: _signed() * 2)
_bytes("cut-short", "The second half is missing.", lambda: _signed()[:700])
_bytes("something-after-the-end", "After its end the document goes on.", lambda: _signed() + b"}")
_bytes("null-character-after-the-end", "After its end the document goes on.", lambda: _signed() + b"\0")

# --- JSON that is none, or more than one ----------------------------------------------------------------------------

for name, old, new, why in (
    ("name-twice", '"name": "Teamwork",', '"name": "Leadership", "name": "Teamwork",', "Some readers take the first, some the second."),
    (
        "expiry-twice",
        '"validUntil":',
        '"validUntil": "2099-01-01T00:00:00Z", "validUntil":',
        "Some readers take the first, some the second.",
    ),
    (
        "status-twice",
        '"credentialStatus":',
        '"credentialStatus": {"type": "None"}, "credentialStatus":',
        "Some readers take the first, some the second.",
    ),
    (
        "issuer-id-twice",
        '"id": "did:web:issuer.example",',
        '"id": "did:web:forger.example", "id": "did:web:issuer.example",',
        "Some readers take the first, some the second.",
    ),
    ("proof-value-twice", '"proofValue":', '"proofValue": "z1", "proofValue":', "Some readers take the first, some the second."),
    (
        "name-twice-once-escaped",
        '"name": "Teamwork",',
        '"n\\u0061me": "Leadership", "name": "Teamwork",',
        "Escaped and plain it is one name, which stands there twice.",
    ),
    ("not-a-number", '"validFrom":', '"credits": NaN, "validFrom":', "NaN is no JSON."),
    ("infinity", '"validFrom":', '"credits": Infinity, "validFrom":', "Infinity is no JSON."),
    ("minus-infinity", '"validFrom":', '"credits": -Infinity, "validFrom":', "Infinity is no JSON."),
    ("number-too-large", '"validFrom":', '"credits": 1e400, "validFrom":', "No reader can hold this number."),
    ("integer-too-large", '"validFrom":', '"credits": 9007199254740993, "validFrom":', "Above 2^53 some readers round."),
    (
        "integer-of-5000-digits",
        '"validFrom":',
        f'"credits": {"9" * 5000}, "validFrom":',
        "To read it takes time that grows with the square of its length.",
    ),
    ("number-with-a-leading-zero", '"validFrom":', '"credits": 07, "validFrom":', "It is no JSON."),
    ("number-with-a-plus", '"validFrom":', '"credits": +7, "validFrom":', "It is no JSON."),
    ("number-in-hexadecimal", '"validFrom":', '"credits": 0x7, "validFrom":', "It is no JSON."),
    ("number-that-begins-with-a-point", '"validFrom":', '"credits": .5, "validFrom":', "It is no JSON."),
    ("lone-surrogate", '"name": "Teamwork"', '"name": "Team\\ud800work"', "Half a pair of surrogates is no character."),
    ("lone-low-surrogate", '"name": "Teamwork"', '"name": "Team\\udc00work"', "Half a pair of surrogates is no character."),
    (
        "surrogates-in-the-wrong-order",
        '"name": "Teamwork"',
        '"name": "Team\\udc00\\ud800work"',
        "Two halves in the wrong order are no character.",
    ),
    ("lone-surrogate-in-a-name", '"name": "Teamwork"', '"n\\ud800": 1, "name": "Teamwork"', "Half a pair of surrogates is no character."),
    ("null-character-escaped", '"name": "Teamwork"', '"name": "Team\\u0000work"', "Many readers end a text there."),
    ("line-feed-in-a-text", '"name": "Teamwork"', '"name": "Team\nwork"', "A control character in a text must be escaped."),
    ("escape-that-is-none", '"name": "Teamwork"', '"name": "Team\\xwork"', "It is no JSON."),
    ("single-quotes", '"name": "Teamwork"', "'name': 'Teamwork'", "It is no JSON."),
    ("name-without-quotes", '"name": "Teamwork"', 'name: "Teamwork"', "It is no JSON."),
    ("comma-at-the-end", '"work"', '"work",', "It is no JSON."),
    ("comment", '"name": "Teamwork"', '/* good */ "name": "Teamwork"', "It is no JSON."),
    ("line-comment", '"name": "Teamwork"', '// good\n "name": "Teamwork"', "It is no JSON."),
    ("true-in-capitals", '"validFrom":', '"checked": True, "validFrom":', "It is no JSON."),
    ("undefined", '"validFrom":', '"checked": undefined, "validFrom":', "It is no JSON."),
    ("no-break-space-between", '"name": "Teamwork"', '"name":\u00a0"Teamwork"', "It is no white space of JSON."),
):
    _bytes(name, why, lambda old=old, new=new: _signed(old, new))

# --- not UTF-8 ------------------------------------------------------------------------------------------------------

for name, encoding in (
    ("utf-16-with-mark", "utf-16"),
    ("utf-16-little", "utf-16-le"),
    ("utf-16-big", "utf-16-be"),
    ("utf-32", "utf-32-le"),
):
    _bytes(name, "A badge is written in UTF-8.", lambda encoding=encoding: _recoded(encoding))


def _recoded(encoding: str) -> bytes:
    body = _signed().decode()
    return b"\xff\xfe" + body.encode("utf-16-le") if encoding == "utf-16" else body.encode(encoding)


_bytes(
    "byte-order-mark",
    "RFC 8259: there is no byte order mark before JSON; readers differ in what they make of one.",
    lambda: b"\xef\xbb\xbf" + _signed(),
)
for name, character, why in (
    ("latin-1", b"\xe9", "A badge is written in UTF-8."),
    ("overlong", b"\xc1\xa1", "A letter in more bytes than it needs is no UTF-8."),
    ("overlong-quotation-mark", b"\xc0\xa2", "Read carelessly it would end the text."),
    ("surrogate-in-bytes", b"\xed\xa0\x80", "Half a pair of surrogates is no character."),
    ("beyond-unicode", b"\xf4\x90\x80\x80", "There is no such character."),
    ("begun-and-not-ended", b"\xe2\x82", "The character is cut short."),
    ("continued-and-not-begun", b"\x80", "The character has no beginning."),
    ("utf-7", b"+AC0-\xff", "A badge is written in UTF-8."),
):
    _bytes(name, why, lambda character=character: _signed().replace(b'"name": "Teamwork"', b'"name": "Team' + character + b'work"', 1))

# --- too deep, too large --------------------------------------------------------------------------------------------

for name, opened, closed, depth, stored in (
    ("arrays-40-deep", "[", "]", 40, True),
    ("objects-160-deep", '{"a":', "}", 160, True),
    ("arrays-5000-deep", "[", "]", 5_000, False),
    ("arrays-100000-deep", "[", "]", 100_000, False),
    ("objects-100000-deep", '{"a":', "}", 100_000, False),
    ("arrays-that-never-close", "[", "", 400_000, False),
):
    inner = "1"
    _bytes(
        name,
        "Reading it costs stack, and expanding it time that grows with the cube of the depth.",
        lambda opened=opened, closed=closed, depth=depth: _signed('"name":', f'"deep": {opened * depth}1{closed * depth}, "name":'),
        rows="D3",
        type="",
        stored=stored,
    )
for name, filling in (
    ("one-text", lambda: '"' + "a" * 20_000_000 + '"'),
    ("blank-nodes", lambda: "[" + ",".join(['{"type": ["Evidence"]}'] * 450_000) + "]"),
    ("white-space", lambda: " " * 20_000_000 + "1"),
):
    _bytes(
        f"ten-megabytes-of-{name}",
        "It is larger than any badge that is read.",
        lambda filling=filling: _signed('"name":', f'"evidence": {filling()}, "name":'),
        rows="D1 D4",
        type="",
        stored=False,
    )
for name, words in (
    ("quotation-marks", '\\"' * 400_000),
    ("backslashes", "\\\\" * 400_000),
    ("escapes", "\\u0041" * 150_000),
    ("spaces", " " * 900_000),
):
    GROUP.invalid(
        f"long-text-of-{name}.json",
        "D4",
        "A reader that looks for the end of a text by trial would look for long; the text itself was added after signing.",
        "syntax|data_model|proof",
        lambda words=words: _signed('"description": "Works', f'"description": "{words}Works'),
        stored=False,
    )

# --- costly to canonicalise -----------------------------------------------------------------------------------------


def _results(document: Json, results: list[Any]) -> Json:
    document[SUBJECT]["result"] = results
    return document


def _poison(alike: int, *, equal: bool) -> bytes:
    """Return a badge with two like results of `alike` like alignments each: of ordinary words, without a single blank node's label."""

    def alignment(number: int) -> Json:
        node: Json = {"type": ["Alignment"], "targetName": "Teamwork", "targetUrl": "https://framework.example/teamwork"}
        if equal:
            return node
        # What tells them apart is one node further down, so that at first sight they are alike, and no two are equal.
        return node | {"type": ["Alignment", "Achievement"], "criteria": {"narrative": f"Part {number}"}}

    results = [
        {"type": ["Result"], "value": "1", "alignment": [alignment(number) for number in range(start, start + alike)]}
        for start in (0, alike)
    ]
    document = _results(badge(), results)
    return text(document | {"proof": sign(badge())["proof"]})  # no forger would wait for a signature of their own


for name, alike, equal in (
    ("like-nodes-7", 7, True),
    ("like-nodes-8", 8, True),
    ("like-nodes-9", 9, True),
    ("nodes-alike-at-first-sight-7", 7, False),
    ("nodes-alike-at-first-sight-8", 8, False),
    ("nodes-alike-at-first-sight-12", 12, False),
):
    GROUP.refused(
        f"poison-{name}.json",
        "D1",
        "To tell like blank nodes apart every order of them is tried: a few more, and it never ends.",
        "data_model|proof",
        lambda alike=alike, equal=equal: _poison(alike, equal=equal),
    )
for name, members, count in (
    ("evidence", lambda number: {"id": f"https://issuer.example/e/{number}", "type": ["Evidence"]}, 20_000),
    ("evidence-without-id", lambda number: {"type": ["Evidence"], "name": f"Essay {number}"}, 15_000),
):
    GROUP.refused(
        f"many-pieces-of-{name}.json",
        "D1",
        "A badge of a megabyte: each part of it costs, and an array costs the square of its length.",
        "syntax|data_model|proof",
        lambda members=members, count=count: text_compact(
            badge() | {"evidence": [members(number) for number in range(count)], "proof": sign(badge())["proof"]}
        ),
        stored=False,
    )
GROUP.refused(
    "many-tags.json",
    "D1",
    "An array costs the square of its length to those who compare each item with all before.",
    "syntax|data_model|proof",
    lambda: text_compact(kit.changed(sign(badge()), {f"/{SUBJECT}/achievement/tag": [f"t{number}" for number in range(60_000)]})),
    stored=False,
)
GROUP.invalid(
    "many-members.json",
    "D1 J1",
    "Sixty thousand words that no context defines.",
    "syntax|data_model|proof",
    lambda: text_compact(sign(badge()) | {f"m{number}": 1 for number in range(60_000)}),
    stored=False,
)


def _with_proofs(number: int) -> bytes:
    proof = sign(badge())["proof"]
    return text_compact(badge() | {"proof": [proof | {"nonce": str(place)} for place in range(number)]})


GROUP.invalid(
    "many-proofs.json",
    "J15 D1",
    "Each proof costs work: no more than a few are read.",
    "syntax|data_model|proof",
    lambda: _with_proofs(2_500),
    stored=False,
)


GROUP.refused(
    "many-status-entries.json",
    "D1 1.5",
    "Each entry makes the verifier ask for a list: no more than a few are read.",
    "data_model|status|proof",
    lambda: text_compact(
        sign(
            kit.changed(
                badge(), {"/credentialStatus": [kit.entry(f"https://issuer.example/status/many/{number}") for number in range(200)]}
            )
        )
    ),
    stored=False,
)
GROUP.refused(
    "proofs-by-keys-all-over-the-web.json",
    "J15 1.4",
    "Each proof makes the verifier ask another host for a key: no more than a few are read.",
    "proof|data_model",
    lambda: text(
        badge() | {"proof": [sign(badge(), COLLEGE.named(f"did:web:host-{number}.example#key-1"))["proof"] for number in range(12)]}
    ),
)
for name, contexts in (
    ("context-2000-times", [V2, OB] * 1_000),
    ("context-of-400-kilobytes", [V2, OB, {f"term{number}": f"https://vocabulary.example/#{number}" for number in range(8_000)}]),
):
    GROUP.invalid(
        f"{name}.json",
        "D2 J9" if isinstance(contexts[-1], str) else "D11 J9",
        "Contexts cost more than anything else in JSON-LD, and stay in the caches of libraries.",
        "context|data_model|syntax",
        lambda contexts=contexts: text_compact(sign(badge()) | {"@context": contexts}),
        stored=False,
    )
