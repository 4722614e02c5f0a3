from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.vc import contexts


def test_every_pinned_context_equals_the_published_one(read_json: Callable[[str], Any]) -> None:
    published = {row["url"]: row["sha256_jcs"] for row in read_json("ob3/contexts/manifest.json")["contexts"]}
    for url, context in contexts.PINNED.items():
        assert contexts.digest(context.content) == context.sha256 == published[url], url
        assert context.url == url


def test_the_credentials_context_has_the_bytes_that_w3c_publishes() -> None:
    body = resources.files("badgeissuer.vc").joinpath("contexts", "credentials-v2.jsonld").read_bytes()
    assert hashlib.sha256(body).hexdigest() == "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"


def test_the_notice_names_every_file_with_its_digest() -> None:
    folder = resources.files("badgeissuer.vc").joinpath("contexts")
    notice = folder.joinpath("NOTICE.md").read_text("utf-8")
    files = [file for file in folder.iterdir() if file.name.endswith(".jsonld")]
    assert len(files) == len(contexts.PINNED)
    for file in files:
        assert f"`{file.name}`" in notice
        assert hashlib.sha256(file.read_bytes()).hexdigest() in notice, file.name


def test_a_changed_copy_is_not_pinned() -> None:
    with pytest.raises(problem.Fault, match="not the pinned one"):
        contexts.pin("https://example.org/c", {"@context": {"a": "urn:b"}}, sha256="0" * 64)


def test_a_look_up_gives_a_copy_that_may_be_edited() -> None:
    copied = contexts.lookup(contexts.CREDENTIALS_V2, contexts.PINNED)
    copied["@context"].clear()
    assert contexts.lookup(contexts.CREDENTIALS_V2, contexts.PINNED)["@context"]


def test_an_unknown_context_is_refused_and_never_fetched() -> None:
    with pytest.raises(problem.Invalid, match="never fetched"):
        contexts.lookup("https://example.org/unknown", contexts.PINNED)
