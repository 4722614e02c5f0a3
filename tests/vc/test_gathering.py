from __future__ import annotations

import hashlib

import pytest
from tests.vc import kit

from badgeissuer import problem
from badgeissuer.vc import document, gathering
from badgeissuer.vc.report import Undecided

URL = "https://x.example/a"


def _sources(gathered: kit.Gathered | None = None, credentials: int = 3) -> gathering.Sources:
    return gathering.Sources(gathered or {}, credentials)


def test_what_was_gathered_is_given_out_with_its_digest() -> None:
    sources = _sources({URL: gathering.Resource(URL, b'{"a": 1}', kit.NOW)})
    assert sources.resource(URL, "It").body == b'{"a": 1}'
    content, evidence = sources.document(URL, "It", kind="urn:x")
    assert content == {"a": 1}
    assert (evidence.url, evidence.sha256, evidence.fetched_at) == (URL, hashlib.sha256(b'{"a": 1}').hexdigest(), kit.NOW)
    assert sources.missing == set()


@pytest.mark.parametrize("url", [URL, "http://localhost:8000/a"])
def test_what_was_not_gathered_is_noted(url: str) -> None:
    sources = _sources()
    with pytest.raises(Undecided, match=f"^It could not be had from {url}: it was not fetched.$"):
        sources.resource(url, "It")
    assert sources.missing == {url}


def test_what_could_not_be_had_is_not_asked_for_again() -> None:
    sources = _sources({URL: gathering.Unreachable(URL, "no answer")})
    for ask in (lambda: sources.resource(URL, "It"), lambda: sources.evidence(URL, "It")):
        with pytest.raises(Undecided, match="It could not be had"):
            ask()
    assert sources.missing == set()


@pytest.mark.parametrize(
    "url",
    ["", "x", "file:///etc/passwd", "ftp://x.example", "javascript:1", "data:,x", "HTTPS://x.example", " https://x.example", "//x.example"],
)
def test_what_is_no_web_address_is_never_asked_for(url: str) -> None:
    sources = _sources()
    with pytest.raises(Undecided, match="is no web address"):
        sources.resource(url, "It")
    assert sources.missing == set()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a": 1, "a": 2}', b" " * (document.MAX_BYTES + 1)], ids=repr)
def test_what_is_no_document_is_refused_each_time_that_it_is_asked_for(body: bytes) -> None:
    sources = _sources({URL: gathering.Resource(URL, body, kit.NOW)})
    for _ in range(2):
        with pytest.raises(problem.Invalid, match="cannot be read") as refused:
            sources.document(URL, "It", kind="urn:x")
        assert refused.value.kind == "urn:x"


def test_a_document_is_read_once() -> None:
    sources = _sources({URL: gathering.Resource(URL, b"{}", kit.NOW)})
    assert sources.document(URL, "It", kind="urn:x")[0] is sources.document(URL, "It", kind="urn:y")[0]


def test_what_was_made_once_is_kept_by_its_name_and_so_is_why_it_could_not_be_made() -> None:
    sources, made = _sources(), []

    def make(name: str) -> str:
        made.append(name)
        if name == "bad":
            raise problem.Invalid("Bad.")
        return name

    for _ in range(3):
        assert sources.once(("a", 1), lambda: make("a")) == "a"
        assert sources.once(("a", 2), lambda: make("b")) == "b"
        with pytest.raises(problem.Invalid, match="Bad"):
            sources.once(("c",), lambda: make("bad"))
    assert made == ["a", "b", "bad"]


def test_no_more_credentials_are_read_than_may_be() -> None:
    sources = _sources(credentials=3)
    sources.spend(0)
    sources.spend(3)
    with pytest.raises(Undecided, match="more credentials than are read at once") as refused:
        sources.spend(1)
    assert refused.value.kind == problem.OURS + "too-large"
