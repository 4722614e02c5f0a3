"""What is packed is unpacked once, to its end, and never into more than was said."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer.net import packing
from badgeissuer.vc import verification

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.net.conftest import Fetching, Site

TEXT = b'{"id": "https://badges.example.com/c/1"}' * 5


def squeeze(body: bytes) -> bytes:
    """Return the same bytes whenever it is asked."""
    return gzip.compress(body, mtime=0)


def bare(body: bytes) -> bytes:
    packed = zlib.compressobj(wbits=-15)
    return packed.compress(body) + packed.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("", TEXT),
        ("identity", TEXT),
        (" , Identity", TEXT),
        ("gzip", squeeze(TEXT)),
        (" GZip ", squeeze(TEXT)),
        ("x-gzip, identity", squeeze(TEXT)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT, 9)),
        ("deflate", bare(TEXT)),
    ],
)
def test_what_is_packed_once_is_unpacked(coding: str, packed: bytes) -> None:
    assert packing.unpack(packed, coding, max_bytes=len(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("br", TEXT),
        ("zstd", TEXT),
        ("compress", TEXT),
        ("*", TEXT),
        ("gzip;q=1", squeeze(TEXT)),
        ("gzip, gzip", squeeze(squeeze(TEXT))),
        ("gzip, deflate", zlib.compress(squeeze(TEXT))),
        ("gzip", TEXT),
        ("gzip", zlib.compress(TEXT)),
        ("gzip", b""),
        ("deflate", b""),
        ("deflate", b"\x78"),
        ("deflate", TEXT),
        ("deflate", squeeze(TEXT)),
        ("gzip", squeeze(TEXT)[:-1]),
        ("gzip", squeeze(TEXT)[:-8] + bytes(8)),
        ("deflate", zlib.compress(TEXT)[:-1]),
        ("gzip", squeeze(TEXT) + squeeze(TEXT)),
        ("gzip", squeeze(TEXT) + b"\x00"),
        ("deflate", zlib.compress(TEXT) + b"x"),
        ("deflate", bare(TEXT) + b"x"),
    ],
)
def test_what_is_packed_otherwise_or_broken_is_refused(coding: str, packed: bytes) -> None:
    with pytest.raises(packing.UnknownError):
        packing.unpack(packed, coding, max_bytes=4096)


def test_what_is_greater_packed_than_not_is_refused_early() -> None:
    nothing = b"\x00\x00\x00\xff\xff"  # a block that holds no byte; more of them than a body has room for take half a second
    last = b"\x01\x00\x00\xff\xff"
    assert packing.unpack(nothing * 1000 + last, "deflate", max_bytes=4096) == b""
    with pytest.raises(packing.UnknownError):
        packing.unpack(nothing * 20_000 + last, "deflate", max_bytes=4096)


def test_what_cannot_be_packed_any_smaller_is_had_whole() -> None:
    noise = b"".join(hashlib.sha512(str(number).encode()).digest() for number in range(16_000))
    for coding, packed in (("gzip", gzip.compress(noise)), ("gzip", gzip.compress(noise, 0)), ("deflate", zlib.compress(noise))):
        assert len(packed) > len(noise) > 1_000_000
        assert packing.unpack(packed, coding, max_bytes=len(noise)) == noise


@pytest.mark.parametrize(("coding", "pack"), [("gzip", squeeze), ("deflate", zlib.compress), ("deflate", bare)])
def test_one_byte_over_the_limit_is_too_much(coding: str, pack: Callable[[bytes], bytes]) -> None:
    assert packing.unpack(pack(bytes(1000)), coding, max_bytes=1000) == bytes(1000)
    with pytest.raises(packing.SwollenError):
        packing.unpack(pack(bytes(1001)), coding, max_bytes=1000)
    with pytest.raises(packing.SwollenError):
        packing.unpack(pack(bytes(1001))[:-1], coding, max_bytes=1000)


@given(body=st.binary(max_size=300), level=st.integers(0, 9))
def test_packing_and_unpacking_give_back_the_same(body: bytes, level: int) -> None:
    assert packing.unpack(gzip.compress(body, level), "gzip", max_bytes=300) == body
    assert packing.unpack(zlib.compress(body, level), "deflate", max_bytes=300) == body
    assert packing.unpack(bare(body), "deflate", max_bytes=300) == body


@given(body=st.binary(max_size=100), coding=st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_give_a_body_within_the_limit_or_a_reason(body: bytes, coding: str) -> None:
    found = b""
    with suppress(packing.UnknownError, packing.SwollenError):
        found = packing.unpack(body, coding, max_bytes=50)
    assert len(found) <= 50


def test_a_server_that_packs_unasked_is_understood(fetcher: Fetching, site: Site) -> None:
    site.says("/", squeeze(TEXT), headers=("Content-Encoding: gzip",))
    found = fetcher().fetch("https://badges.example.com/")
    assert isinstance(found, verification.Resource)
    assert found.body == TEXT


@pytest.mark.parametrize("headers", [("Content-Encoding: br",), ("Content-Encoding: gzip", "Content-Encoding: gzip")])
def test_a_packing_that_is_not_read_is_a_reason(headers: tuple[str, ...], fetcher: Fetching, site: Site) -> None:
    site.says("/", squeeze(squeeze(TEXT)), headers=headers)
    url = "https://badges.example.com/"
    assert fetcher().fetch(url) == verification.Unreachable(url, "its answer cannot be unpacked")
