from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nacl.signing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.vc import multikey

KEY = multikey.PublicKey(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))  # RFC 8032, test 1


@given(st.binary(min_size=1, max_size=100))
def test_multibase_goes_there_and_back_leading_zeros_included(data: bytes) -> None:
    assert multikey.from_multibase(multikey.multibase(data)) == data


def test_base58_agrees_with_the_internet_draft() -> None:
    assert multikey.base58(b"Hello World!") == "2NEpo7TZRRrLZSi2U"
    assert multikey.base58(bytes.fromhex("0000287fb4cd")) == "11233QC4"
    assert multikey.base58(b"") == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "2NEpo7TZRRrLZSi2U",
        "u2NEpo7",
        "z0",
        "zO",
        "zI",
        "zl",
        "z2NEpo7\n",
        " z2NEpo7",
        "z2 NEpo7",
        "z" + "2" * 201,
        "zé",
        None,
        5,
        ["z2"],
        {},
    ],
)
def test_what_is_no_base58btc_multibase_is_refused(text: object) -> None:
    with pytest.raises(problem.Invalid, match="base58btc"):
        multikey.from_multibase(text)


def test_a_public_key_reads_as_it_was_written() -> None:
    assert KEY.multikey.startswith("z6Mk")
    assert multikey.PublicKey.read(KEY.multikey) == KEY


@pytest.mark.parametrize("data", [b"\xed\x01" + b"k" * 31, b"\xed\x01" + b"k" * 33, b"\x80\x26" + b"k" * 32, b"k" * 32, b"\xed\x01"])
def test_only_an_ed25519_multikey_is_a_key(data: bytes) -> None:
    with pytest.raises(problem.Invalid, match="not an Ed25519 Multikey"):
        multikey.PublicKey.read(multikey.multibase(data))


def test_a_secret_key_is_read_from_its_multikey_alone(read_json: Callable[[str], Any]) -> None:
    pair = read_json("w3c/vc-di-eddsa/keyPair.json")
    seed = multikey.read_seed(pair["privateKeyMultibase"])
    assert multikey.PublicKey(bytes(nacl.signing.SigningKey(seed).verify_key)).multikey == pair["publicKeyMultibase"]
    for wrong in (KEY.multikey, multikey.multibase(b"\x80\x26" + b"k" * 31)):
        with pytest.raises(problem.Invalid, match="not a secret Ed25519 Multikey") as refused:
            multikey.read_seed(wrong)
        assert wrong not in refused.value.detail


def test_every_wycheproof_vector_is_judged_rightly(read_json: Callable[[str], Any]) -> None:
    groups = read_json("wycheproof/ed25519_test.json")["testGroups"]
    cases = [(bytes.fromhex(group["publicKey"]["pk"]), case) for group in groups for case in group["tests"]]
    assert len(cases) == 151
    wrong = [
        case["tcId"]
        for raw, case in cases
        if multikey.PublicKey(raw).verifies(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])) is not (case["result"] == "valid")
    ]
    assert wrong == []


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_a_signature_has_its_length_and_nothing_of_it_is_message(length: int) -> None:
    seed = nacl.signing.SigningKey(b"k" * 32)
    signature, public = seed.sign(b"rest" + b"message").signature, multikey.PublicKey(bytes(seed.verify_key))
    assert public.verifies(signature, b"rest" + b"message")
    assert not public.verifies(signature + b"rest", b"message")
    assert not public.verifies((signature * 2)[:length], b"rest" + b"message")


@pytest.mark.parametrize("raw", [b"", b"k" * 31, b"\0" * 32, b"\1" + b"\0" * 31])
def test_a_key_of_the_wrong_length_or_small_order_verifies_nothing(raw: bytes) -> None:
    assert not multikey.PublicKey(raw).verifies(b"\0" * 64, b"")
    assert not multikey.PublicKey(raw).verifies(b"\1" + b"\0" * 63, b"message")
