from __future__ import annotations

import json

import pytest
from tests.vc import kit

from badgeissuer import problem
from badgeissuer.vc import contexts, document, secured
from badgeissuer.vc.document import JsonObject
from badgeissuer.vc.report import Undecided

TOKEN = kit.token(kit.badge())
ENVELOPE = secured.envelope(TOKEN)


def test_a_document_secures_itself() -> None:
    source = kit.sign(kit.badge())
    assert secured.read(json.dumps(source).encode()) == secured.Secured(source)
    assert secured.read_value(source) == secured.Secured(source)


@pytest.mark.parametrize("around", ["{}", "\n {} \r\n\t"])
def test_a_token_is_read_with_white_space_around_it(around: str) -> None:
    text = around.format(TOKEN)
    for given in (secured.read(text.encode()), secured.read_value(text)):
        assert given.content == kit.badge()
        assert given.token is not None
        assert given.token.text == TOKEN


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"id": "data:application/vc+ld+jwt," + TOKEN},
        {"@context": [contexts.CREDENTIALS_V2]},
        {"@context": [contexts.CREDENTIALS_V2, contexts.OPEN_BADGES]},
        {"type": [secured.ENVELOPE]},
    ],
    ids=lambda change: str(change)[:60],
)
def test_an_envelope_holds_a_token(change: JsonObject) -> None:
    given = secured.read(json.dumps(ENVELOPE | change).encode())
    assert given.token is not None
    assert (given.content, given.token.text) == (kit.badge(), TOKEN)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": None}, "must be a data: URL"),
        ({"id": [ENVELOPE["id"]]}, "must be a data: URL"),
        ({"id": "https://x.example/token"}, "must be a data: URL"),
        ({"id": "DATA:application/vc+jwt," + TOKEN}, "must be a data: URL"),
        ({"id": "data:application/vc+jwt,"}, "no signed token"),
        ({"id": "data:application/vc+jwt,hello"}, "no signed token"),
        ({"@context": None}, "The @context of an"),
        ({"@context": contexts.CREDENTIALS_V1}, "The @context of an"),
        ({"@context": {"a": "b"}}, "The @context of an"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_envelope_that_is_none_is_refused(change: JsonObject, said: str) -> None:
    with pytest.raises(problem.Malformed, match=said):
        secured.read_value(ENVELOPE | change)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "data:application/vc+sd-jwt," + TOKEN},
        {"id": "data:application/vc+jwt;base64," + TOKEN},
        {"id": "data:," + TOKEN},
        {"type": "EnvelopedVerifiablePresentation"},
        {"type": [secured.ENVELOPE, "EnvelopedVerifiablePresentation"]},
    ],
    ids=lambda change: str(change)[:60],
)
def test_an_envelope_of_another_kind_leaves_the_question_open(change: JsonObject) -> None:
    with pytest.raises(Undecided):
        secured.read_value(ENVELOPE | change)


@pytest.mark.parametrize(
    "body",
    [b"", b"  ", b"[]", b"5", b"null", b'"text"', b"hello", b"www.example.org", b"a.b.c.d", "ü.ü.ü".encode(), b"\xff.a.b", b"{", b"a.b."],
    ids=repr,
)
def test_bytes_that_are_neither_are_refused(body: bytes) -> None:
    with pytest.raises(problem.Malformed):
        secured.read(body)


@pytest.mark.parametrize("value", [None, 5, True, [], [TOKEN], [{}]], ids=repr)
def test_a_value_that_is_neither_is_refused(value: object) -> None:
    with pytest.raises(problem.Malformed, match="a JSON object, or the text of a token"):
        secured.read_value(value)


def test_more_bytes_than_are_read_are_refused_whatever_they_are() -> None:
    for body in (b" " * (document.MAX_BYTES + 1), b"a" * (document.MAX_BYTES + 1)):
        with pytest.raises(problem.TooLarge, match="1,048,577 bytes"):
            secured.read(body)
    assert secured.read(b"{}" + b" " * document.MAX_BYTES, max_bytes=document.MAX_BYTES + 2).content == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(ENVELOPE, True), ({"type": ["a", secured.ENVELOPE]}, True), ({"type": {"a": 1}}, False), ({}, False), (secured.ENVELOPE, False)],
)
def test_an_envelope_is_known_by_its_type(value: object, expected: bool) -> None:  # noqa: FBT001 - a table
    assert secured.is_envelope(value) is expected
