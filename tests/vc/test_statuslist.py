from __future__ import annotations

import base64
import gzip
import hashlib
import string
import time
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import report, statuslist
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


def _messages(*values: int) -> list[JsonObject]:
    return [{"status": hex(value), "message": "a"} for value in values]


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
            started = time.process_time()
            with pytest.raises(problem.Invalid):
                statuslist.decode(vector["encodedList"])
            assert time.process_time() - started < 2


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
        {"id": URL},
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


def test_an_entry_of_one_bit_is_written_without_a_size() -> None:
    assert ENTRY.to_json().keys() == {"id", "type", "statusPurpose", "statusListIndex", "statusListCredential"}
    assert (ENTRY.size, ENTRY.messages) == (1, {})
    assert statuslist.read_entry(ENTRY.to_json() | {"statusSize": 1}) == ENTRY


@pytest.mark.parametrize(
    "entry",
    [
        statuslist.Entry(URL, 7, "message", 1, {0: "as issued", 1: "amended"}),
        statuslist.Entry(URL, 7, "message", 2, {0: "valid", 1: "accepted", 2: "rejected", 3: "undefined"}),
        statuslist.Entry(URL, 7, "revocation", 8, {value: str(value) for value in range(256)}),
    ],
    ids=lambda entry: f"{entry.purpose} {entry.size}",
)
def test_an_entry_with_messages_reads_as_it_was_written(entry: statuslist.Entry) -> None:
    assert statuslist.read_entry(entry.to_json()) == entry
    assert len({entry, statuslist.read_entry(entry.to_json())}) == 1


def test_a_value_is_written_in_hexadecimal_of_either_case_and_length() -> None:
    listed = [{"status": "0x00", "message": "a", "more": 1}] + [
        {"status": f"0x{value:{'xX'[value % 2]}}", "message": "b"} for value in range(1, 16)
    ]
    read = statuslist.read_entry(ENTRY.to_json() | {"statusSize": 4, "statusMessage": listed})
    assert list(read.messages) == list(range(16))
    assert read.messages[0] == "a"


@pytest.mark.parametrize("size", [0, -1, "2", 1.5, 2.0, True, None, [2]], ids=repr)
def test_a_size_that_is_no_whole_number_from_one_up_is_refused(size: object) -> None:
    with pytest.raises(problem.Invalid, match="statusSize") as refused:
        statuslist.read_entry(ENTRY.to_json() | {"statusSize": size, "statusMessage": _messages(0, 1, 2, 3)})
    assert refused.value.kind == statuslist.VERIFICATION_ERROR


@pytest.mark.parametrize("size", [9, 64, 2**53 - 1])
def test_an_entry_larger_than_is_read_leaves_the_question_open(size: int) -> None:
    with pytest.raises(report.Undecided, match="at most 8") as undecided:
        statuslist.read_entry(ENTRY.to_json() | {"statusSize": size})
    assert undecided.value.kind == statuslist.VERIFICATION_ERROR


@pytest.mark.parametrize(
    "change",
    [
        {"statusSize": 2},
        {"statusSize": 2, "statusMessage": []},
        {"statusSize": 2, "statusMessage": {"status": "0x0", "message": "a"}},
        {"statusSize": 2, "statusMessage": "0x0"},
        {"statusSize": 2, "statusMessage": _messages(0, 1)},
        {"statusSize": 2, "statusMessage": _messages(0, 1, 2, 2)},
        {"statusSize": 2, "statusMessage": _messages(0, 1, 2, 3, 3)},
        {"statusSize": 2, "statusMessage": _messages(0, 1, 2, 4)},
        {"statusSize": 2, "statusMessage": _messages(0, 1, 2, 3, 4)},
        {"statusSize": 2, "statusMessage": [*_messages(0, 1, 2), "0x3"]},
        {"statusSize": 2, "statusMessage": [*_messages(0, 1, 2), {"status": 3, "message": "a"}]},
        {"statusSize": 2, "statusMessage": [*_messages(0, 1, 2), {"status": "3", "message": "a"}]},
        {"statusSize": 2, "statusMessage": [*_messages(0, 1, 2), {"status": "0x3\n", "message": "a"}]},
        {"statusSize": 2, "statusMessage": [*_messages(0, 1, 2), {"status": "0x\u0663", "message": "a"}]},
        {"statusSize": 2, "statusMessage": [*_messages(0, 1, 2), {"status": "0x", "message": "a"}]},
        {"statusSize": 2, "statusMessage": [*_messages(0, 1, 2), {"status": "0x3"}]},
        {"statusSize": 2, "statusMessage": [*_messages(0, 1, 2), {"status": "0x3", "message": None}]},
        {"statusMessage": []},
        {"statusMessage": _messages(1)},
        {"statusMessage": _messages(0, 1, 2, 3)},
    ],
    ids=str,
)
def test_messages_that_do_not_name_every_value_once_are_refused(change: JsonObject) -> None:
    with pytest.raises(problem.Invalid, match="statusMessage") as refused:
        statuslist.read_entry(ENTRY.to_json() | change)
    assert refused.value.kind == statuslist.VERIFICATION_ERROR


@given(st.integers(1, 8), st.data())
def test_every_entry_is_read_from_its_own_bits(size: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 2**size - 1), min_size=1, max_size=40))
    text = "".join(f"{value:0{size}b}" for value in values)
    bits = int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")
    assert [statuslist.value(bits, index, size) for index in range(len(values))] == values


@pytest.mark.parametrize("size", range(1, 9))
def test_a_list_of_larger_entries_needs_as_many_of_them(size: int) -> None:
    enough = statuslist.MIN_LENGTH * size // 8
    assert len(statuslist.decode(_packed(gzip.compress(bytes(enough))), size)) == enough
    with pytest.raises(problem.Invalid, match="131,072 are the least") as refused:
        statuslist.decode(_packed(gzip.compress(bytes(enough - 1))), size)
    assert refused.value.kind == statuslist.LENGTH_ERROR


@given(st.sets(st.integers(0, statuslist.MIN_LENGTH - 1), max_size=20))
@settings(max_examples=30, deadline=None)
def test_exactly_the_bits_that_were_set_are_set(positions: set[int]) -> None:
    encoded = statuslist.encode(statuslist.MIN_LENGTH, positions)
    assert encoded == statuslist.encode(statuslist.MIN_LENGTH, sorted(positions))
    bits = statuslist.decode(encoded)
    assert sum(byte.bit_count() for byte in bits) == len(positions)
    assert all(statuslist.is_set(bits, position) for position in positions)


@pytest.mark.parametrize("share", [1, 10, 11, 12, 13, 500])
def test_bits_are_set_in_the_same_way_where_they_are_many(share: int) -> None:
    positions = range(0, 1 << 17, share)
    expected = bytearray(1 << 14)
    for position in positions:
        expected[position // 8] |= 128 >> position % 8
    assert statuslist.bitstring(1 << 17, positions) == expected


def test_bits_are_set_and_cleared_in_a_list_that_is_there() -> None:
    before = statuslist.bitstring(1 << 17, [0, 9, 131_071])
    after = statuslist.changed(before, [(9, False), (10, True), (0, True), (11, False)])
    assert after == statuslist.bitstring(1 << 17, [0, 10, 131_071])
    assert before == statuslist.bitstring(1 << 17, [0, 9, 131_071])


@pytest.mark.parametrize(
    ("encoded", "said"),
    [
        (None, "not multibase"),
        ("u", "not multibase"),
        ("u===", "not multibase"),
        (statuslist.encode(statuslist.MIN_LENGTH, [0]) + "=", "not multibase"),
        ("uA", "not multibase"),
        ("uAAAA", "not GZIP"),
        ("uAB", "not multibase"),
        ("uAAB", "not multibase"),
        (_packed(b"\x1f\x8b\x08"), "cut short"),
        (_packed(gzip.compress(bytes(16384))[:-4]), "cut short"),
        (_packed(gzip.compress(bytes(16384)) + b"x"), "goes on after its end"),
        (_packed(gzip.compress(bytes(16384)) * 2), "goes on after its end"),
        (_packed(zlib.compress(bytes(16384))), "not GZIP"),
        (_packed(gzip.compress(bytes(16383))), "131,064 entries"),
        (_packed(gzip.compress(bytes(statuslist.MAX_BYTES + 1))), "unpacks to more than"),
    ],
    ids=[str(number) for number in range(15)],
)
def test_a_bitstring_that_is_not_one_whole_gzip_stream_is_refused(encoded: object, said: str) -> None:
    with pytest.raises(problem.Invalid, match=said):
        statuslist.decode(encoded)


def test_a_list_can_be_written_in_one_way_only() -> None:
    digits = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    lists = (statuslist.encode(statuslist.MIN_LENGTH, [position]) for position in range(100))
    encoded = next(text for text in lists if len(text) % 4 == 3)
    other = encoded[:-1] + digits[digits.index(encoded[-1]) + 1]
    assert base64.urlsafe_b64decode(other[1:] + "==") == base64.urlsafe_b64decode(encoded[1:] + "==")
    assert statuslist.decode(encoded)
    with pytest.raises(problem.Invalid, match="not multibase"):
        statuslist.decode(other)


def test_the_longest_list_is_read() -> None:
    assert len(statuslist.decode(_packed(gzip.compress(bytes(statuslist.MAX_BYTES))))) == statuslist.MAX_BYTES


def test_an_index_beyond_the_end_is_refused() -> None:
    for bits, index, size in ((bytes(2), 16, 1), (bytes(2), 8, 2), (bytes(2), 5, 3), (b"", 0, 1), (bytes(2), 10**10, 8)):
        with pytest.raises(problem.Invalid, match="beyond the end") as refused:
            statuslist.value(bits, index, size)
        assert refused.value.kind == problem.STATUS + "RANGE_ERROR"
    with pytest.raises(problem.Invalid, match="beyond the end"):
        statuslist.is_set(bytes(2), 16)


def test_a_composed_list_answers_for_its_entries(now: datetime) -> None:
    bits = statuslist.check(_list(now), ENTRY)
    assert statuslist.is_set(bits, 7)
    assert not statuslist.is_set(bits, 6)
    assert statuslist.check(_list(now, statusPurpose=["suspension", "revocation"], type=["BitstringStatusList"]), ENTRY) == bits


@pytest.mark.parametrize("said", [{}, {"statusSize": 2}], ids=str)
def test_a_list_answers_for_entries_of_two_bits(now: datetime, said: JsonObject) -> None:
    entry = statuslist.Entry(URL, 7, "message", 2, {0: "a", 1: "b", 2: "c", 3: "d"})
    encoded = statuslist.encode(2 * statuslist.MIN_LENGTH, [14])
    bits = statuslist.check(_list(now, statusPurpose="message", encodedList=encoded, **said), entry)
    assert entry.messages[statuslist.value(bits, entry.index, entry.size)] == "c"
    with pytest.raises(problem.Invalid, match="65,536 entries"):
        statuslist.check(_list(now, statusPurpose="message", **said), entry)
    with pytest.raises(problem.Invalid, match="another statusSize"):
        statuslist.check(_list(now, statusPurpose="message", encodedList=encoded, statusSize=1), entry)


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
        ({}, {"statusSize": 2}, "another statusSize"),
        ({}, {"statusSize": "1"}, "another statusSize"),
        ({}, {"statusSize": True}, "another statusSize"),
        ({}, {"statusSize": None}, "another statusSize"),
        ({}, {"encodedList": 5}, "not multibase"),
    ],
    ids=str,
)
def test_a_list_that_does_not_answer_for_the_entry_is_refused(now: datetime, change: JsonObject, subject: JsonObject, said: str) -> None:
    with pytest.raises(problem.Invalid, match=said):
        statuslist.check(_list(now, **subject) | change, ENTRY)
