"""The worst of many at once: credentials in learner records, in presentations and in each other, each of which costs something."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from tests.corpus import kit, wrapping
from tests.corpus.kit import SCHOOL, V2, Json
from tests.fuzz.inputs import MEBIBYTE, Given, badge, chained, large, presentation, proof, record, text, token, worst
from tests.fuzz.worst_fetched import did_document, encoded, entries, large_lists, points, status_list, towers
from tests.fuzz.worst_graphs import alike

TOGETHER = "many credentials"
MOST = 48
"""Credentials inside others that are read."""


def _record(credentials: Sequence[Json | str]) -> bytes:
    return text(chained(record(list(credentials))))


def _tokens(make: Callable[[int], Json], count: int = MOST, size: int = MEBIBYTE) -> list[str]:
    """Return so many credentials as tokens, which are limited each on its own."""
    found = [token(make(number)) for number in range(count)]
    if sum(map(len, found)) > size:
        raise ValueError(f"{sum(map(len, found)):,} bytes")
    return found


for name, wrap in (("record", _record), ("presentation", lambda credentials: text(presentation(credentials)))):

    @worst(TOGETHER, f"{name} of 48 badges with four chains each")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        return Given(wrap([chained(badge(number=number), count=2) for number in range(26)]))

    @worst(TOGETHER, f"{name} of 48 tokens, each a badge of 20 KiB with four chains")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        return Given(wrap(_tokens(lambda number: chained(large(number=number, parts=650)), count=20)))

    @worst(TOGETHER, f"{name} of 48 tokens, each with as many parts as fit")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        def make(number: int) -> Json:
            document = badge(number=number)
            achievement = document["credentialSubject"]["achievement"]
            for name in ("tag", "specialization", "fieldOfStudy", "humanCode"):
                achievement[name] = [f"{index}" for index in range(250)]
            return chained(document)

        return Given(wrap(_tokens(make)))

    @worst(TOGETHER, f"{name} of 48 tokens of poison with four chains each")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        return Given(wrap(_tokens(lambda number: chained(alike(2, 6) | {"id": f"https://issuer.example/{number}"}))))

    @worst(TOGETHER, f"{name} of 48 badges that name four lists at all limits")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        tokens = _tokens(lambda number: badge(number=number) | {"credentialStatus": entries()})
        return Given(wrap(tokens), large_lists(8))

    @worst(TOGETHER, f"{name} of 48 badges that name four lists of 16,777,216 entries")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        web = {f"https://issuer.example/status/{number}": status_list(number, encoded(bytes(2 * MEBIBYTE))) for number in range(4)}
        return Given(wrap(_tokens(lambda number: badge(number=number) | {"credentialStatus": entries()})), web)

    @worst(TOGETHER, f"{name} of 48 badges that name four lists of 1 MiB of text")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        tokens = _tokens(lambda number: badge(number=number) | {"credentialStatus": entries()})
        web = {
            f"https://issuer.example/status/{number}": status_list(number, "uA", base={"description": "d" * (MEBIBYTE - 3000)})
            for number in range(4)
        }
        return Given(wrap(tokens), web)

    @worst(TOGETHER, f"{name} of 48 badges that name four towers of references")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        urls = [f"https://issuer.example/s{number}" for number in range(4)]
        named = [{"id": url, "type": "JsonSchema"} for url in urls]
        tokens = _tokens(lambda number: badge(number=number) | {"credentialSchema": named})
        return Given(wrap(tokens), {url: towers(number) for number, url in enumerate(urls)})

    @worst(TOGETHER, f"{name} of 48 badges with four keys of a document with 10,000 methods")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        did = "did:web:issuer.example"

        def make(number: int) -> Json:
            names = [f"{did}#k{4 * number + index}" for index in range(4)]
            return badge(kit.COLLEGE, number) | {"proof": [proof(index, verificationMethod=name) for index, name in enumerate(names)]}

        return Given(
            wrap([make(number) for number in range(20)]), {"https://issuer.example/.well-known/did.json": did_document(did, 10_000)}
        )

    @worst(TOGETHER, f"{name} of 48 tokens that bring a key, and a document with 100 others")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        key = kit.COLLEGE
        header = {"alg": "EdDSA", "typ": "JWT", "jwk": key.jwk}
        tokens: list[Json | str] = [wrapping.jws(header, badge(key, number) | {"iss": key.did}, key).decode() for number in range(MOST)]
        return Given(wrap(tokens), {"https://issuer.example/.well-known/did.json": points(key.did, 100)})

    @worst(TOGETHER, f"{name} of 48 badges on 1EdTech lists of 21,000 revoked ones")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        urls = [f"https://issuer.example/status/{number}" for number in range(4)]
        items = [{"id": f"https://issuer.example/c/%{number:04x}/{number:08}"} for number in range(21_000)]
        status = [{"id": url, "type": "1EdTechRevocationList"} for url in urls]
        tokens = _tokens(lambda number: badge(number=number) | {"@context": [V2, kit.OB, kit.EXTENSIONS], "credentialStatus": status})
        return Given(wrap(tokens), {url: text({"id": url, "revokedCredential": items}) for url in urls})

    @worst(TOGETHER, f"{name} of 48 badges with 1,500 faults each")
    def _(wrap: Callable[[Sequence[Json | str]], bytes] = wrap) -> Given:
        def make(number: int) -> Json:
            return badge(number=number) | {f"e{group}": [None] * 250 for group in range(6)} | {"k" * 10_000: None}

        return Given(wrap(_tokens(make, count=40)))


@worst(TOGETHER, "a badge with 48 endorsements with four chains each")
def _() -> Given:
    document = badge()
    document["endorsementJwt"] = _tokens(lambda number: chained(_endorsement(number, document["id"])))
    return Given(text(chained(document)))


def _endorsement(number: int, subject: str) -> Json:
    document = large(number=number, parts=500)
    document |= {"type": ["VerifiableCredential", "EndorsementCredential"]}
    claims = document["credentialSubject"]["achievement"]
    document["credentialSubject"] = {"id": subject, "type": ["EndorsementSubject"], "source": claims}
    return document


@worst(TOGETHER, "a presentation of learner records of badges with endorsements")
def _() -> Given:
    def endorsed(number: int) -> Json:
        document = large(number=number, parts=250)
        document["endorsement"] = [chained(_endorsement(number, document["id"]), count=1)]
        return chained(document, count=2)

    records = [text(chained(record([endorsed(number)]))) for number in range(3)]
    return Given(
        text({"@context": [V2], "type": ["VerifiablePresentation"], "verifiableCredential": [json.loads(item) for item in records]})
    )


# --- what must still pass -----------------------------------------------------------------------------------------------

CONTROLS = "for comparison"


@worst(CONTROLS, "an ordinary badge")
def _() -> Given:
    return Given(text(kit.sign(badge(), SCHOOL)), outcome="VALID")


@worst(CONTROLS, "a badge of 64 KiB with two proofs and a status")
def _() -> Given:
    document = large(parts=900) | {"credentialStatus": entries(1)}
    document["evidence"] = [
        {"id": f"https://issuer.example/e/{number}", "type": ["Evidence"], "name": f"name {number}", "narrative": "Did it. " * 40}
        for number in range(110)
    ]
    signed = kit.sign(kit.sign(document, SCHOOL), SCHOOL, created="2026-05-20T14:05:01Z")
    return Given(text(signed), {"https://issuer.example/status/0": status_list(0, encoded(bytes(2 * MEBIBYTE)))}, outcome="VALID")


@worst(CONTROLS, "a learner record of 20 badges with results and a status each")
def _() -> Given:
    def graded(number: int) -> Json:
        document = kit.graded(SCHOOL) | {"id": f"https://issuer.example/c/{number}", "credentialStatus": entries(1, index="7")}
        achievement = document["credentialSubject"]["achievement"]
        achievement["alignment"] = [
            {"type": ["Alignment"], "targetName": f"name {index}", "targetUrl": f"https://example.org/{number}/{index}"}
            for index in range(3)
        ]
        return kit.sign(document, SCHOOL)

    document = kit.sign(record([graded(number) for number in range(20)]), SCHOOL)
    return Given(text(document), {"https://issuer.example/status/0": status_list(0, encoded(bytes(16_384)))}, outcome="VALID")


@worst(CONTROLS, "a presentation of 20 tokens")
def _() -> Given:
    tokens: list[Json | str] = [wrapping.sign_jwt(badge(number=number), SCHOOL).decode() for number in range(20)]
    return Given(text(kit.sign(presentation(tokens) | {"holder": SCHOOL.did}, SCHOOL, proofPurpose="authentication")), outcome="VALID")
