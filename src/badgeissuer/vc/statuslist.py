"""Bitstring Status List: the bitstring, the entry in a credential, and the list credential.

Source: VC-BITSTRING-STATUS-LIST.
"""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from isal import igzip_lib

from badgeissuer import problem
from badgeissuer.vc import contexts, instant, report

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from badgeissuer.vc.document import JsonObject

MIN_LENGTH = 131_072
"""Entries that a list must have at least, for herd privacy (VC-BITSTRING-STATUS-LIST#bitstring-generation-algorithm)."""
MAX_BYTES = 2 * 1024 * 1024
"""Bytes that a list may have when unpacked: 16,777,216 entries of one bit."""
MAX_SIZE = 8
"""Bits that an entry may have here; the standard sets no limit, but every value must be listed in the credential."""
TTL_MILLISECONDS = 60_000

ENTRY_TYPE = "BitstringStatusListEntry"
RETRIEVAL_ERROR = problem.STATUS + "STATUS_RETRIEVAL_ERROR"
VERIFICATION_ERROR = problem.STATUS + "STATUS_VERIFICATION_ERROR"
REVOKED = problem.OURS + "revoked"
SUSPENDED = problem.OURS + "suspended"
LENGTH_ERROR = problem.STATUS + "STATUS_LIST_LENGTH_ERROR"

_LEVEL = 2
"""Of igzip: as small as level 6 of zlib to a third, at a twentieth of its time."""
_MANY = 12
"""Where more than one place in so many is set, the other way to write the bits is the faster one."""
_BASE64URL = re.compile(r"u[A-Za-z0-9_-]+")
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_VALUE = re.compile(r"0x[0-9A-Fa-f]{1,8}")


def encode(length: int, positions: Collection[int]) -> str:
    """Return `encodedList`: a bitstring of `length` bits with those at `positions` set, position 0 leftmost.

    Source: VC-BITSTRING-STATUS-LIST#bitstring-generation-algorithm.
    """
    return pack(bitstring(length, positions))


def pack(bits: bytes) -> str:
    """Return the `encodedList` of a bitstring; the same list gives the same text (no time stamp in the GZIP header).

    Source: VC-BITSTRING-STATUS-LIST#bitstring-generation-algorithm.
    """
    packed = igzip_lib.compress(bits, _LEVEL, igzip_lib.COMP_GZIP)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def bitstring(length: int, positions: Collection[int]) -> bytes:
    """Return `length` bits with those at `positions` set; many are set by way of a text of zeros and ones, which costs less for each."""
    if len(positions) * _MANY > length:
        digits = bytearray(b"0") * length
        for position in positions:
            digits[position] = 0x31
        return int(digits, 2).to_bytes(length // 8, "big")
    return changed(bytes(length // 8), ((position, True) for position in positions))


def changed(bits: bytes, changes: Iterable[tuple[int, bool]]) -> bytes:
    """Return a bitstring with some bits, each given by its position, set or cleared."""
    copy = bytearray(bits)
    for position, is_set in changes:
        mask = 0x80 >> (position & 7)
        if is_set:
            copy[position >> 3] |= mask
        else:
            copy[position >> 3] &= ~mask
    return bytes(copy)


def decode(encoded: object, size: int = 1) -> bytes:
    """Return the bitstring of an `encodedList` whose entries have `size` bits.

    Raises:
        problem.Invalid: `unpack` does, or it unpacks to too few entries.
    """
    return _long_enough(unpack(encoded), size)


def unpack(encoded: object) -> bytes:
    """Return the bitstring of an `encodedList`, however long.

    Raises:
        problem.Invalid: It is no multibase base64url of one GZIP stream, or unpacks to too much.

    Source: VC-BITSTRING-STATUS-LIST#bitstring-expansion-algorithm.
    """
    packed = _packed(encoded)
    unpacker = zlib.decompressobj(wbits=31)
    try:
        bits = unpacker.decompress(packed, MAX_BYTES + 1)
    except zlib.error:
        raise problem.Invalid("encodedList is not GZIP.", kind=VERIFICATION_ERROR) from None
    if len(bits) > MAX_BYTES or unpacker.unconsumed_tail:
        raise problem.Invalid(f"encodedList unpacks to more than {MAX_BYTES:,} bytes.", kind=VERIFICATION_ERROR)
    if not unpacker.eof or unpacker.unused_data:
        raise problem.Invalid("encodedList is cut short, or goes on after its end.", kind=VERIFICATION_ERROR)
    return bits


def _long_enough(bits: bytes, size: int) -> bytes:
    entries = len(bits) * 8 // size
    if entries < MIN_LENGTH:
        raise problem.Invalid(f"The status list has {entries:,} entries; {MIN_LENGTH:,} are the least.", kind=LENGTH_ERROR)
    return bits


def _packed(encoded: object) -> bytes:
    """Return the bytes behind a multibase text that is the only way to write them."""
    if isinstance(encoded, str) and _BASE64URL.fullmatch(encoded) and len(encoded) % 4 != 2:  # noqa: PLR2004 - no bytes have one digit over
        packed = base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4))
        last = len(packed) // 3  # only the last group can be written in several ways
        if encoded[1 + last * 4 :] == base64.urlsafe_b64encode(packed[last * 3 :]).rstrip(b"=").decode():
            return packed
    raise problem.Invalid("encodedList is not multibase base64url (`u…`) without padding.", kind=VERIFICATION_ERROR)


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a credential's status stands.

    Attributes:
        list_url: The list credential.
        index: The place in the list, from 0 up.
        purpose: `revocation`, `suspension`, `message`, or a word of the issuer's own.
        size: Bits of one entry.
        messages: Value → what the issuer says it means, for all values or for none; written for developers, not for display.
    """

    list_url: str
    index: int
    purpose: str
    size: int = 1
    messages: Mapping[int, str] = field(default_factory=dict, hash=False)

    def to_json(self) -> JsonObject:
        """Return the `credentialStatus` of a credential."""
        source: JsonObject = {
            "id": f"{self.list_url}#{self.index}",
            "type": ENTRY_TYPE,
            "statusPurpose": self.purpose,
            "statusListIndex": str(self.index),
            "statusListCredential": self.list_url,
        }
        if self.size > 1:
            source["statusSize"] = self.size
        if self.messages:
            source["statusMessage"] = [{"status": hex(value), "message": text} for value, text in self.messages.items()]
        return source


def read_entry(status: JsonObject) -> Entry:
    """Return the entry in a credential; string and integer indices are both read.

    Raises:
        problem.Invalid: A member is missing or of the wrong form.
        report.Undecided: It has more bits than are read here.

    Source: VC-BITSTRING-STATUS-LIST#bitstringstatuslistentry.
    """
    url, index, purpose = (status.get(name) for name in ("statusListCredential", "statusListIndex", "statusPurpose"))
    if not isinstance(url, str) or not isinstance(purpose, str):
        raise problem.Invalid("credentialStatus must have statusListCredential and statusPurpose, both texts.", kind=VERIFICATION_ERROR)
    text = str(index) if isinstance(index, int) and not isinstance(index, bool) else index
    if not isinstance(text, str) or not _INDEX.fullmatch(text):
        raise problem.Invalid("statusListIndex is no whole number from 0 up.", kind=VERIFICATION_ERROR)
    if status.get("id") == url:
        raise problem.Invalid("The id of credentialStatus must not be the URL of its list.", kind=VERIFICATION_ERROR)
    size = _read_size(status.get("statusSize", 1))
    return Entry(url, int(text), purpose, size, _read_messages(status.get("statusMessage"), size))


def _read_size(size: object) -> int:
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise problem.Invalid("statusSize is no whole number from 1 up.", kind=VERIFICATION_ERROR)
    if size > MAX_SIZE:
        raise report.Undecided(f"The status has {size:,} bits; at most {MAX_SIZE} are read here.", kind=VERIFICATION_ERROR)
    return size


def _read_messages(listed: object, size: int) -> dict[int, str]:
    """Return value → message; a list that is there must name every value that `size` bits can have once."""
    if listed is None and size == 1:
        return {}
    items = listed if isinstance(listed, list) else []
    messages = dict(_read_message(item) for item in items)
    if len(items) != 1 << size or set(messages) != set(range(1 << size)):
        raise problem.Invalid(
            f"statusMessage must list each of the {1 << size} values that a statusSize of {size} allows, once.", kind=VERIFICATION_ERROR
        )
    return messages


def _read_message(item: object) -> tuple[int, str]:
    value, message = (item.get("status"), item.get("message")) if isinstance(item, dict) else (None, None)
    if not isinstance(value, str) or not _VALUE.fullmatch(value) or not isinstance(message, str):
        raise problem.Invalid("Every statusMessage must have a status such as 0x1 and a message, both texts.", kind=VERIFICATION_ERROR)
    return int(value, 16), message


def compose(url: str, issuer: str, *, purpose: str, encoded: str, valid_from: datetime, valid_until: datetime) -> JsonObject:
    """Return an unsigned list credential (VC-BITSTRING-STATUS-LIST#bitstringstatuslistcredential)."""
    return {
        "@context": [contexts.CREDENTIALS_V2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": instant.write(valid_from),
        "validUntil": instant.write(valid_until),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "ttl": TTL_MILLISECONDS,
            "encodedList": encoded,
        },
    }


def check(source: JsonObject, entry: Entry, *, unpack: Callable[[object], bytes] = unpack) -> bytes:
    """Return the bitstring of a list credential that answers for `entry`.

    Args:
        source: The list credential.
        entry: The status entry.
        unpack: As the function of that name, for a caller who has unpacked the list before.

    Raises:
        problem.Invalid: It is no list for this entry.

    Source: VC-BITSTRING-STATUS-LIST#validate-algorithm.
    """
    subject = source.get("credentialSubject")
    kinds = source.get("type")
    if not isinstance(kinds, list) or "BitstringStatusListCredential" not in kinds:
        raise problem.Invalid("What stands at statusListCredential is no BitstringStatusListCredential.", kind=VERIFICATION_ERROR)
    if source.get("id") != entry.list_url:
        raise problem.Invalid("The status list is another one than the credential names.", kind=VERIFICATION_ERROR)
    if not isinstance(subject, dict) or subject.get("type") not in ("BitstringStatusList", ["BitstringStatusList"]):
        raise problem.Invalid("The status list has no BitstringStatusList as its subject.", kind=VERIFICATION_ERROR)
    if entry.purpose not in _texts(subject.get("statusPurpose")):
        raise problem.Invalid(f"The status list is not for the purpose {entry.purpose[:40]!r}.", kind=VERIFICATION_ERROR)
    size = subject.get("statusSize", entry.size)  # only the entry has one by the standard; drafts of it had one here as well
    if isinstance(size, bool) or size != entry.size:
        raise problem.Invalid("The status list has entries of another statusSize than the credential says.", kind=VERIFICATION_ERROR)
    return _long_enough(unpack(subject.get("encodedList")), entry.size)


def value(bits: bytes, index: int, size: int = 1) -> int:
    """Return the value of the entry at `index` of a list whose entries have `size` bits, the first bit the most significant.

    Raises:
        problem.Invalid: The list is not that long.

    Source: VC-BITSTRING-STATUS-LIST#validate-algorithm.
    """
    begin, end = index * size, (index + 1) * size
    if end > len(bits) * 8:
        raise problem.Invalid("statusListIndex lies beyond the end of the status list.", kind=problem.STATUS + "RANGE_ERROR")
    covering = int.from_bytes(bits[begin // 8 : (end + 7) // 8], "big")
    return covering >> -end % 8 & (1 << size) - 1


def is_set(bits: bytes, index: int) -> bool:
    """Return the bit at `index`, counted from the leftmost; raises as `value` does."""
    return value(bits, index) == 1


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
