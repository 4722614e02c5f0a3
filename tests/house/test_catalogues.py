"""The catalogues hold every message of the pages in every language, and nothing else."""

from __future__ import annotations

import re

import pytest
from babel.messages import catalog
from tests.house import catalogues

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SAME = {"de": {"Form", "Status", "Schema", "Version", "Online", "Badge"}, "es": {"No:"}, "ar": set[str]()}
"""What is the same word in both languages."""


def ids(message: catalog.Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def strings(message: catalog.Message) -> list[str]:
    return [message.string or ""] if isinstance(message.string, str | None) else list(message.string)


@pytest.fixture(scope="module")
def said() -> set[str | tuple[str, ...]]:
    return set(catalogues.messages())


@pytest.mark.parametrize("code", catalogues.CODES)
def test_a_catalogue_holds_what_the_pages_say(code: str, said: set[str | tuple[str, ...]]) -> None:
    held = {message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogues.read(code) if message.id}
    assert held == said, "run: python -m tests.house.catalogues"


@pytest.mark.parametrize("code", catalogues.CODES)
def test_every_message_is_translated(code: str) -> None:
    read = catalogues.read(code)
    messages = [message for message in read if message.id]
    assert [message.id for message in messages if not all(strings(message)) or message.fuzzy] == []
    assert {message.id for message in messages if message.id == message.string} <= SAME[code]
    assert [message.id for message in messages if message.pluralizable and len(strings(message)) != read.num_plurals] == []


@pytest.mark.parametrize("code", catalogues.CODES)
def test_placeholders_agree(code: str) -> None:
    for message in catalogues.read(code):
        if message.id:
            asked = set(PLACEHOLDER.findall(" ".join(ids(message))))
            for string in strings(message):
                assert set(PLACEHOLDER.findall(string)) <= asked, string
                assert "%" not in PLACEHOLDER.sub("", string), string
            assert asked - {"noun"} <= set(PLACEHOLDER.findall(" ".join(strings(message)))), message.id
            assert "FILE" not in message.id or "FILE" in str(message.string)
