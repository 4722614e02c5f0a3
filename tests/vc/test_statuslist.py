from __future__ import annotations

import base64
import gzip
import hashlib
import time
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import statuslist
from badgeissuer.vc.document import JsonObject

URL = "https://badges.example/status/1"
ENTRY = statuslist.Entry(URL, 7, "revocation")
ReadJson = Callable[[str], Any]


def _list(now: datetime, **subject: object) -> JsonObject:
    encoded = statuslist.encode(statuslist.MIN_LENGTH, [7])
    source = statuslist.compose(URL, "did:x:y", purpose="revocation", encoded=encoded, valid_from=now, valid_until=now + timedelta(days=1))
    source["credentialSubject"] |= subject
    return source


def _packed(data: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_the_published_lists_unpack_to_the_bits_that_they_say(read_json: ReadJson) -> None:
    vectors = read_json("w3c/bitstring/vectors.json")
    for vector in vectors["positive"]:
        bits = statuslist.decode(vector["encodedList"])
        assert hashlib.sha256(bits).hexdigest() == vector["sha256OfBits"]
        assert [index for index in range(vector["length"]) if statuslist.is_set(bits, index)] == vector["set"]
        assert statuslist.decode(statuslist.encode(vector["length"], vector["set"])) == bits
    assert statuslist.decode(vectors["specExample"]["encodedList"]) == bytes(vectors["specExample"]["bits"] // 8)


def test_the_published_bad_lists_are_refused(read_json: ReadJson, subtests: pytest.Subtests) -> None:
    vectors = read_json("w3c/bitstring/vectors.json")
    good = {vector["encodedList"] for vector in vectors["positive"]}
    for vector in vectors["negative"]:
        if vector["encodedList"] in good:
            continue  # "padded base64url" needs no padding, and is the good list of bit 0
        with subtests.test(vector["name"]):
            started = time.perf_counter()
            with pytest.raises(problem.Invalid):
                statuslist.decode(vector["encodedList"])
            assert time.perf_counter() - started < 2


def test_the_published_bad_indices_are_refused(read_json: ReadJson, subtests: pytest.Subtests) -> None:
    bits = statuslist.decode(statuslist.encode(statuslist.MIN_LENGTH, []))
    for vector in read_json("w3c/bitstring/vectors.json")["badEntries"]:
        index = vector["statusListIndex"]
        if index == 5:
            continue  # an integer is read as well, see the next test
        with subtests.test(str(index)), pytest.raises(problem.Invalid):
            statuslist.is_set(bits, statuslist.read_entry(ENTRY.to_json() | {"statusListIndex": index}).index)


@pytest.mark.parametrize(("index", "read"), [("0", 0), ("131071", 131_071), (5, 5), (131_070, 131_070)])
def test_an_index_is_read_as_text_or_integer(index: object, read: int) -> None:
    assert statuslist.read_entry(ENTRY.to_json() | {"statusListIndex": index}).index == read


@pytest.mark.parametrize(
    "change",
    [
        {"statusListCredential": None},
        {"statusListCredential": {"id": URL}},
        {"statusPurpose": ["revocation"]},
        {"statusPurpose": None},
        {"statusListIndex": None},
        {"statusListIndex": "07"},
        {"statusListIndex": "7\n"},
        {"statusListIndex": 7.0},
        {"statusListIndex": ["7"]},
        {"statusListIndex": False},
        {"statusListIndex": "9" * 11},
    ],
    ids=str,
)
def test_an_entry_of_the_wrong_form_is_refused(change: JsonObject) -> None:
    with pytest.raises(problem.Invalid):
        statuslist.read_entry(ENTRY.to_json() | change)


def test_an_entry_reads_as_it_was_written() -> None:
    assert statuslist.read_entry(ENTRY.to_json()) == ENTRY
    assert ENTRY.to_json()["id"] == f"{URL}#7"


@given(st.sets(st.integers(0, statuslist.MIN_LENGTH - 1), max_size=20))
@settings(max_examples=30, deadline=None)
def test_exactly_the_bits_that_were_set_are_set(positions: set[int]) -> None:
    encoded = statuslist.encode(statuslist.MIN_LENGTH, positions)
    assert encoded == statuslist.encode(statuslist.MIN_LENGTH, sorted(positions))
    bits = statuslist.decode(encoded)
    assert sum(byte.bit_count() for byte in bits) == len(positions)
    assert all(statuslist.is_set(bits, position) for position in positions)


@pytest.mark.parametrize(
    ("encoded", "said"),
    [
        (None, "not multibase"),
        ("u", "not multibase"),
        ("u===", "not multibase"),
        (statuslist.encode(statuslist.MIN_LENGTH, [0]) + "=", "not multibase"),
        ("uA", "not GZIP"),
        (_packed(b"\x1f\x8b\x08"), "cut short"),
        (_packed(gzip.compress(bytes(16384))[:-4]), "cut short"),
        (_packed(gzip.compress(bytes(16384)) + b"x"), "goes on after its end"),
        (_packed(gzip.compress(bytes(16384)) * 2), "goes on after its end"),
        (_packed(zlib.compress(bytes(16384))), "not GZIP"),
        (_packed(gzip.compress(bytes(16383))), "131,064 entries"),
        (_packed(gzip.compress(bytes(statuslist.MAX_BYTES + 1))), "unpacks to more than"),
    ],
    ids=[str(number) for number in range(12)],
)
def test_a_bitstring_that_is_not_one_whole_gzip_stream_is_refused(encoded: object, said: str) -> None:
    with pytest.raises(problem.Invalid, match=said):
        statuslist.decode(encoded)


def test_the_longest_list_is_read() -> None:
    assert len(statuslist.decode(_packed(gzip.compress(bytes(statuslist.MAX_BYTES))))) == statuslist.MAX_BYTES


def test_an_index_beyond_the_end_is_refused() -> None:
    with pytest.raises(problem.Invalid, match="beyond the end") as refused:
        statuslist.is_set(bytes(2), 16)
    assert refused.value.kind == problem.STATUS + "RANGE_ERROR"


def test_a_composed_list_answers_for_its_entries(now: datetime) -> None:
    bits = statuslist.check(_list(now), ENTRY)
    assert statuslist.is_set(bits, 7)
    assert not statuslist.is_set(bits, 6)
    assert statuslist.check(_list(now, statusPurpose=["suspension", "revocation"], type=["BitstringStatusList"]), ENTRY) == bits


@pytest.mark.parametrize(
    ("change", "subject", "said"),
    [
        ({"type": "BitstringStatusListCredential"}, {}, "no BitstringStatusListCredential"),
        ({"type": ["VerifiableCredential"]}, {}, "no BitstringStatusListCredential"),
        ({"id": URL + "/"}, {}, "another one"),
        ({"id": None}, {}, "another one"),
        ({"credentialSubject": []}, {}, "no BitstringStatusList as its subject"),
        ({}, {"type": "StatusList2021"}, "no BitstringStatusList as its subject"),
        ({}, {"type": {"a": 1}}, "no BitstringStatusList as its subject"),
        ({}, {"statusPurpose": "suspension"}, "not for the purpose 'revocation'"),
        ({}, {"statusPurpose": None}, "not for the purpose"),
        ({}, {"statusPurpose": {"revocation": 1}}, "not for the purpose"),
        ({}, {"statusSize": 2}, "one bit"),
        ({}, {"encodedList": 5}, "not multibase"),
    ],
    ids=str,
)
def test_a_list_that_does_not_answer_for_the_entry_is_refused(now: datetime, change: JsonObject, subject: JsonObject, said: str) -> None:
    with pytest.raises(problem.Invalid, match=said):
        statuslist.check(_list(now, **subject) | change, ENTRY)
