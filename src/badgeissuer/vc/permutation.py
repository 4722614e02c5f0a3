"""A secret order of the places of a status list, so that the place of a credential does not tell when it was issued.

Places are counted, and each number is mapped to a place by a permutation that belongs to the list's key: an alternating Feistel network
over the fewest bits that can count the list, whose round functions are tables out of SHAKE-256. A value that falls outside of the list is
mapped again until it falls inside ("cycle walking"), which keeps the mapping one to one. Whoever lacks the key and sees places cannot tell
the order in which they were given out.

Source: VC-BITSTRING-STATUS-LIST#privacy-considerations, which recommends random indices.
"""

from __future__ import annotations

import functools
import hashlib
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Pairs = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]

KEY_BYTES = 32
PAIRS_OF_ROUNDS = 6
"""Twelve rounds: the best known attacks on this many need far more places than a list has."""
_PURPOSE = b"badgeissuer: places of a status list, 1\0"


def places(numbers: Iterable[int], *, key: bytes, length: int) -> list[int]:
    """Return the place of each number; different numbers have different places.

    Args:
        numbers: From 0 to `length` - 1.
        key: `KEY_BYTES` that are secret and belong to this list alone.
        length: How many places there are, at least 4.
    """
    pairs = _pairs(key, length)
    low_bits = (length - 1).bit_length() // 2
    return [_place(number, pairs, length=length, low_bits=low_bits) for number in numbers]


def _place(number: int, pairs: Pairs, *, length: int, low_bits: int) -> int:
    low_mask = (1 << low_bits) - 1
    high_mask = (1 << (length - 1).bit_length() - low_bits) - 1
    while True:
        high, low = number >> low_bits, number & low_mask
        for of_low, of_high in pairs:
            high ^= of_low[low] & high_mask
            low ^= of_high[high] & low_mask
        number = high << low_bits | low
        if number < length:
            return number


@functools.lru_cache(maxsize=32)
def _pairs(key: bytes, length: int) -> Pairs:
    """Return the round functions as tables, two together: of the low half for the high one, then of the high half for the low one."""
    bits = (length - 1).bit_length()
    low, high = 1 << bits // 2, 1 << bits - bits // 2
    stream = hashlib.shake_256(_PURPOSE + length.to_bytes(8, "big") + key)
    values = struct.unpack(f"<{(low + high) * PAIRS_OF_ROUNDS}H", stream.digest((low + high) * PAIRS_OF_ROUNDS * 2))
    starts = range(0, len(values), low + high)
    return tuple((values[start : start + low], values[start + low : start + low + high]) for start in starts)
