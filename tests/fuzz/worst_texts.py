"""The worst texts: what costs before anything of it is understood, and what swells in the sentences of a report."""

from __future__ import annotations

import copy
import json
import struct
from typing import Any

from tests.corpus import kit, wrapping
from tests.corpus.kit import COLLEGE, SCHOOL, Json
from tests.fuzz.inputs import MEBIBYTE, Given, badge, filled, proof, text, worst

READING = "JSON"
SENTENCES = "long names in findings"
IMAGES = "images"


def _plain(begin: bytes, piece: bytes, end: bytes) -> Given:
    return Given(filled(begin, piece, end))


@worst(READING, "a million opening brackets")
def _() -> Given:
    return Given(b"[" * MEBIBYTE)


@worst(READING, "empty arrays side by side")
def _() -> Given:
    return _plain(b'{"a":[', b"[],", b"]}")


@worst(READING, "empty objects side by side")
def _() -> Given:
    return _plain(b'{"a":[', b"{},", b"]}")


@worst(READING, "objects of one member side by side")
def _() -> Given:
    return _plain(b'{"a":[', b'{"":{}},', b"]}")


@worst(READING, "arrays nested as deep as is read, again and again")
def _() -> Given:
    return _plain(b'{"a":[', b"[" * 29 + b"]" * 29 + b",", b"]}")


@worst(READING, "floating point numbers")
def _() -> Given:
    return _plain(b'{"a":[', b".1e1,".replace(b".", b"2."), b"]}")


@worst(READING, "one number of a million digits")
def _() -> Given:
    return Given(b'{"a":0.' + b"1" * (MEBIBYTE - 10) + b"}")


@worst(READING, "numbers of 20,000 digits")
def _() -> Given:
    return _plain(b'{"a":[', b"1." + b"9" * 20_000 + b"e-300,", b"]}")


@worst(READING, "one integer of a million digits")
def _() -> Given:
    return Given(b'{"a":' + b"9" * (MEBIBYTE - 10) + b"}")


@worst(READING, "100,000 members, the last name twice")
def _() -> Given:
    members = [b'"%d":1' % number for number in range(100_000)]
    return Given(b"{" + b",".join([*members, members[-1]])[: MEBIBYTE - 2] + b"}")


@worst(READING, "a million bytes, the last no UTF-8")
def _() -> Given:
    return Given(b'{"a":"' + b"\xc3\xa9" * (MEBIBYTE // 2 - 10) + b'\xff"}')


@worst(READING, "a text of escapes")
def _() -> Given:
    return Given(b'{"a":"' + b"\\u00e9" * (MEBIBYTE // 6 - 10) + b'"}')


@worst(READING, "a text of backslashes without end")
def _() -> Given:
    return Given(b'{"a":"' + b'\\"' * (MEBIBYTE // 2 - 10))


@worst(READING, "quotes, an odd number of them")
def _() -> Given:
    return Given(b'"' * (MEBIBYTE - 1))


@worst(READING, "10 MB of blank nodes")
def _() -> Given:
    return Given(text(badge())[:-1] + b',"evidence":[' + b'{"type":["Evidence"]},' * 500_000 + b"{}]}")


@worst(READING, "a badge of a million bytes of blank nodes")
def _() -> Given:
    return Given(filled(text(badge())[:-1] + b',"evidence":[', b'{"type":["Evidence"]},', b"]}"))


@worst(READING, "a badge with 3,000 proofs")
def _() -> Given:
    return Given(text(badge() | {"proof": [proof(number) for number in range(3000)]}))


@worst(READING, "a badge under 20,000 contexts")
def _() -> Given:
    return Given(text(badge() | {"@context": [kit.V2, kit.OB] * 9_000}))


@worst(READING, "a learner record of 100,000 credentials that are none")
def _() -> Given:
    return Given(filled(b'{"type":["ClrCredential"],"credentialSubject":{"verifiableCredential":[', b"{},", b"]}}"))


@worst(READING, "100,000 endorsements that are none, in endorsements")
def _() -> Given:
    return Given(filled(text(badge())[:-1] + b',"endorsement":[', b'{"endorsement":[{}]},', b"]}"))


@worst(READING, "a presentation of 300,000 empty texts")
def _() -> Given:
    return Given(filled(b'{"type":["VerifiablePresentation"],"verifiableCredential":[', b'"",', b"]}"))


# --- what swells --------------------------------------------------------------------------------------------------------


def _deep(document: Json, name: str, inside: Any) -> Json:  # noqa: ANN401 - any JSON value
    """Return a document with something far inside, under long names."""
    for _ in range(24):
        inside = {name: inside}
    return document | {"evidence": [inside]}


@worst(SENTENCES, "a thousand nulls far inside, under names of 40,000 characters")
def _() -> Given:
    nulls = {f"n{number}": [None] * 240 for number in range(7)}
    return Given(text(_deep(badge(), "n" * 40_000, nulls)))


@worst(SENTENCES, "the same as a generic credential")
def _() -> Given:
    nulls = {f"n{number}": [None] * 240 for number in range(7)}
    return Given(text(_deep(badge(), "https://example.org/" + "n" * 40_000, nulls) | {"proof": proof()}), profile="vc")


@worst(SENTENCES, "a thousand undefined members far inside, under names of 40,000 characters")
def _() -> Given:
    inside = [{"@id": f"relative{number}"} for number in range(250)]
    members = {f"https://example.org/{number}": inside for number in range(3)}
    return Given(text(_deep(badge(), "https://example.org/" + "n" * 40_000, members) | {"proof": proof()}), profile="vc")


def _graded(description: Json, result: Json, count: int = 250) -> Json:
    document = badge()
    document["credentialSubject"]["achievement"]["resultDescription"] = [description]
    document["credentialSubject"]["result"] = [{"type": ["Result"]} | result | {"value": str(number)} for number in range(count)]
    return document


@worst(SENTENCES, "250 results out of the range of a description with a name of 900,000 characters")
def _() -> Given:
    url = "https://issuer.example/r"
    described = {"id": url, "type": ["ResultDescription"], "name": "n" * 900_000, "resultType": "Percent", "valueMin": "900"}
    return Given(text(_graded(described, {"resultDescription": url}) | {"proof": proof()}))


@worst(SENTENCES, "250 results below what is required, under a long name")
def _() -> Given:
    url = "https://issuer.example/r"
    described = {"id": url, "type": ["ResultDescription"], "name": "n" * 900_000, "resultType": "Percent", "requiredValue": "900"}
    return Given(text(_graded(described, {"resultDescription": url}) | {"proof": proof()}))


@worst(SENTENCES, "250 results against 250 descriptions with 250 levels")
def _() -> Given:
    document = badge()
    url = "https://issuer.example/r"
    described = {"type": ["ResultDescription"], "name": "n", "resultType": "RubricCriterionLevel"}
    levels = [{"id": f"{url}/l{number}", "type": ["RubricCriterionLevel"], "name": "n"} for number in range(120)]
    document["credentialSubject"]["achievement"]["resultDescription"] = [
        described | {"id": f"{url}{number}"} | ({"rubricCriterionLevel": levels} if number == 0 else {}) for number in range(120)
    ]
    document["credentialSubject"]["result"] = [
        {"type": ["Result"], "resultDescription": f"{url}0", "achievedLevel": f"{url}/l{number}"} for number in range(120)
    ]
    return Given(text(document | {"proof": proof()}))


@worst(SENTENCES, "one id described in 600 places")
def _() -> Given:
    document = badge()
    url = "https://issuer.example/x"
    document["evidence"] = [{"type": ["Evidence"], "id": f"{url}/{number}", "name": f"{number}"} for number in range(3)]
    groups = [
        [{"type": ["Related"], "id": url, "version": f"{group} {number}", "inLanguage": "en"} for number in range(1)] for group in range(1)
    ]
    nodes = [{"type": ["Achievement"], "id": url, "name": f"{number}", "creator": {"id": url, "type": ["Profile"]}} for number in range(2)]
    document["credentialSubject"]["achievement"]["related"] = groups[0]
    document["credentialSubject"]["source"] = _nest(url, 26, nodes)
    document["credentialSubject"]["achievement"]["alignment"] = [
        {"type": ["Alignment"], "targetName": f"{number}", "x": {"id": url, "type": ["Profile"], "name": "n"}} for number in range(240)
    ]
    return Given(text(document | {"proof": proof()}))


def _nest(url: str, depth: int, inside: Any) -> Any:  # noqa: ANN401 - any JSON value
    return {"id": url, "type": ["Profile"], "name": f"n{depth}", "parentOrg": _nest(url, depth - 1, inside)} if depth else inside[0]


@worst(SENTENCES, "arrays of 250 texts of 4,000 characters that differ in the last")
def _() -> Given:
    document = badge()
    document["credentialSubject"]["achievement"]["tag"] = ["t" * 4000 + str(number) for number in range(250)]
    return Given(text(document | {"proof": proof()}))


# --- what a badge is wrapped in -----------------------------------------------------------------------------------------


@worst(IMAGES, "PNG of 60,000 chunks")
def _() -> Given:
    return Given(wrapping.png(*[wrapping.chunk(b"teXt", b"")] * 60_000))


@worst(IMAGES, "PNG of 170,000 chunks, 2 MiB")
def _() -> Given:
    return Given(wrapping.png(*[wrapping.chunk(b"tEXt", b"")] * 174_000))


@worst(IMAGES, "PNG of 2 MiB in badge chunks")
def _() -> Given:
    return Given(wrapping.png(*[wrapping.itxt(b"{}")] * 40_000))


@worst(IMAGES, "PNG with a compressed badge that swells to 1 GiB")
def _() -> Given:
    data = wrapping.zlib_stream(bytes(1024 * MEBIBYTE // 16))
    return Given(wrapping.png(wrapping.chunk(b"iTXt", b"openbadgecredential\0\x01\0\0\0" + data)))


@worst(IMAGES, "PNG of 65,535 by 65,535 pixels")
def _() -> Given:
    head = wrapping.chunk(b"IHDR", struct.pack(">IIBBBBB", 65535, 65535, 16, 6, 0, 0, 0))
    return Given(wrapping.PNG_SIGNATURE + head + wrapping.itxt(text(badge())) + wrapping.chunk(b"IEND", b""))


@worst(IMAGES, "PNG with a badge of 1 MiB of blank nodes")
def _() -> Given:
    return Given(wrapping.bake_png(filled(text(badge())[:-1] + b',"evidence":[', b'{"type":["Evidence"]},', b"]}")))


def _svg(piece: str, begin: str = "", end: str = "", head: str = "") -> Given:
    plain = wrapping.svg(head=head)
    room = 2 * MEBIBYTE - len(plain) - len(begin) - len(end)
    return Given(wrapping.svg(begin + piece * (room // len(piece.encode())) + end, head=head))


@worst(IMAGES, "SVG of 2 MiB in tiny elements")
def _() -> Given:
    return _svg("<a/>")


@worst(IMAGES, "SVG of 99,000 elements with attributes")
def _() -> Given:
    return Given(wrapping.svg('<a b="" c=""/>' * 99_000))


@worst(IMAGES, "SVG of elements that each declare a namespace")
def _() -> Given:
    return _svg('<a xmlns="' + "n" * 120 + '"/>')


@worst(IMAGES, "SVG of one element with 100,000 attributes")
def _() -> Given:
    return Given(wrapping.svg("<a " + " ".join(f'a{number}=""' for number in range(150_000)) + "/>"))


@worst(IMAGES, "SVG with a badge in 300,000 pieces of CDATA")
def _() -> Given:
    return _svg("<![CDATA[ ]]>", "<openbadges:credential>", "</openbadges:credential>")


@worst(IMAGES, "SVG with a badge of character references")
def _() -> Given:
    return _svg("&#32;", "<openbadges:credential>", "</openbadges:credential>")


@worst(IMAGES, "SVG of badge elements")
def _() -> Given:
    return _svg("<openbadges:credential/>")


@worst(IMAGES, "SVG with a billion laughs")
def _() -> Given:
    entities = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10))
    return Given(wrapping.svg("&l9;", head=f'<!DOCTYPE svg [<!ENTITY l0 "laugh">{entities}]>'))


@worst(IMAGES, "SVG whose entities are all the same long text")
def _() -> Given:
    head = f'<!DOCTYPE svg [<!ENTITY l "{"l" * 60_000}">]>'
    return _svg("&l;", head=head)


@worst(IMAGES, "SVG with comments before its root")
def _() -> Given:
    return Given(b"<!---->" * 300_000 + wrapping.svg())


@worst(IMAGES, "SVG that might begin after every processing instruction")
def _() -> Given:
    return Given(b"<?" * 30_000 + b"<!DOCTYPE svg " + b'"' * 30_001 + wrapping.svg())


# --- tokens -------------------------------------------------------------------------------------------------------------

TOKENS = "JWT"


@worst(TOKENS, "a payload of 1 MiB of blank nodes")
def _() -> Given:
    payload = filled(text(badge())[:-1] + b',"evidence":[', b'{"type":["Evidence"]},', b"]}")
    return Given(wrapping.jws(wrapping.header(SCHOOL), payload, SCHOOL))


@worst(TOKENS, "2 MiB of base64url")
def _() -> Given:
    return Given(b"e30." + b"A" * (2 * MEBIBYTE - 10) + b".AA")


@worst(TOKENS, "a signature of 1 MiB")
def _() -> Given:
    signed = wrapping.sign_jwt(badge(), SCHOOL).rpartition(b".")[0]
    return Given(signed + b"." + b"A" * (MEBIBYTE - 4000))


@worst(TOKENS, "dots")
def _() -> Given:
    return Given(b"a" + b"." * (MEBIBYTE - 1))


def _rsa_document(count: int, bits: int) -> bytes:
    modulus = wrapping.base64url((2 ** (bits - 1) + 2 ** (bits - 3) + 1).to_bytes(bits // 8))
    keys = [{"kty": "RSA", "kid": f"k{number}", "n": modulus, "e": "AQAAAAE"} for number in range(count)]
    return json.dumps({"keys": keys}).encode()


@worst(TOKENS, "an RSA key of 8,192 bits, the largest exponent")
def _() -> Given:
    url = "https://issuer.example/.well-known/jwks.json"
    header = wrapping.header(COLLEGE, alg="RS256", kid=f"{url}#k0")
    document = badge(COLLEGE.named("https://issuer.example/#k"))
    body = wrapping.jws(header, wrapping.claims(document), COLLEGE).rpartition(b".")[0]
    return Given(body + b"." + wrapping.base64url(bytes(1023) + b"\1").encode(), {url: _rsa_document(1, 8192)})


@worst(TOKENS, "a set of 700 RSA keys of 8,192 bits")
def _() -> Given:
    url = "https://issuer.example/.well-known/jwks.json"
    header = wrapping.header(COLLEGE, alg="RS256", kid=f"{url}#k699")
    document = badge(COLLEGE.named("https://issuer.example/#k"))
    body = wrapping.jws(header, wrapping.claims(document), COLLEGE).rpartition(b".")[0]
    return Given(body + b"." + wrapping.base64url(bytes(1023) + b"\1").encode(), {url: _rsa_document(700, 8192)})


@worst(TOKENS, "a did:jwk of 700,000 characters")
def _() -> Given:
    did = "did:jwk:" + wrapping.base64url(b'{"kty":"OKP","crv":"Ed25519","x":"' + b"A" * 500_000 + b'"}')
    document = copy.deepcopy(badge())
    document["issuer"] = did
    return Given(text(document | {"proof": proof(verificationMethod=f"{did}#0")}))
