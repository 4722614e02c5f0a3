"""Bitstring Status List: the bitstring, the entry in a credential, and the list credential.

Source: VC-BITSTRING-STATUS-LIST.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.vc import contexts, instant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from badgeissuer.vc.document import JsonObject

MIN_LENGTH = 131_072
"""Entries that a list must have at least, for herd privacy (VC-BITSTRING-STATUS-LIST#bitstring-generation-algorithm)."""
MAX_BYTES = 2 * 1024 * 1024
"""Bytes that a list may have when unpacked: 16,777,216 entries."""
TTL_MILLISECONDS = 60_000

ENTRY_TYPE = "BitstringStatusListEntry"
RETRIEVAL_ERROR = problem.STATUS + "STATUS_RETRIEVAL_ERROR"
VERIFICATION_ERROR = problem.STATUS + "STATUS_VERIFICATION_ERROR"
REVOKED = problem.OURS + "revoked"
SUSPENDED = problem.OURS + "suspended"
LENGTH_ERROR = problem.STATUS + "STATUS_LIST_LENGTH_ERROR"

_BASE64URL = re.compile(r"u[A-Za-z0-9_-]+")
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)


def encode(length: int, positions: Iterable[int]) -> str:
    """Return `encodedList`: a bitstring of `length` bits with those at `positions` set, position 0 leftmost.

    The same list gives the same text (no time stamp in the GZIP header).

    Source: VC-BITSTRING-STATUS-LIST#bitstring-generation-algorithm.
    """
    bits = bytearray(length // 8)
    for position in positions:
        bits[position // 8] |= 0x80 >> position % 8
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).rstrip(b"=").decode()


def decode(encoded: object) -> bytes:
    """Return the bitstring of an `encodedList`.

    Raises:
        problem.Invalid: It is no multibase base64url of one GZIP stream, unpacks to too much, or to too few entries.

    Source: VC-BITSTRING-STATUS-LIST#bitstring-expansion-algorithm.
    """
    if not isinstance(encoded, str) or not _BASE64URL.fullmatch(encoded):
        raise problem.Invalid("encodedList is not multibase base64url (`u…`).", kind=VERIFICATION_ERROR)
    try:
        packed = base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4))
        unpacker = zlib.decompressobj(wbits=31)
        bits = unpacker.decompress(packed, MAX_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise problem.Invalid("encodedList is not GZIP.", kind=VERIFICATION_ERROR) from None
    if len(bits) > MAX_BYTES or unpacker.unconsumed_tail:
        raise problem.Invalid(f"encodedList unpacks to more than {MAX_BYTES:,} bytes.", kind=VERIFICATION_ERROR)
    if not unpacker.eof or unpacker.unused_data:
        raise problem.Invalid("encodedList is cut short, or goes on after its end.", kind=VERIFICATION_ERROR)
    if len(bits) * 8 < MIN_LENGTH:
        raise problem.Invalid(f"The status list has {len(bits) * 8:,} entries; {MIN_LENGTH:,} are the least.", kind=LENGTH_ERROR)
    return bits


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a credential's status stands."""

    list_url: str
    index: int
    purpose: str

    def to_json(self) -> JsonObject:
        """Return the `credentialStatus` of a credential."""
        return {
            "id": f"{self.list_url}#{self.index}",
            "type": ENTRY_TYPE,
            "statusPurpose": self.purpose,
            "statusListIndex": str(self.index),
            "statusListCredential": self.list_url,
        }


def read_entry(status: JsonObject) -> Entry:
    """Return the entry in a credential; string and integer indices are both read.

    Raises:
        problem.Invalid: A member is missing or of the wrong form.
    """
    url, index, purpose = (status.get(name) for name in ("statusListCredential", "statusListIndex", "statusPurpose"))
    if not isinstance(url, str) or not isinstance(purpose, str):
        raise problem.Invalid("credentialStatus must have statusListCredential and statusPurpose, both texts.", kind=VERIFICATION_ERROR)
    text = str(index) if isinstance(index, int) and not isinstance(index, bool) else index
    if not isinstance(text, str) or not _INDEX.fullmatch(text):
        raise problem.Invalid("statusListIndex is no whole number from 0 up.", kind=VERIFICATION_ERROR)
    return Entry(url, int(text), purpose)


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


def check(source: JsonObject, entry: Entry) -> bytes:
    """Return the bitstring of a list credential that answers for `entry`.

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
    if subject.get("statusSize", 1) != 1:
        raise problem.Invalid("Only status lists with one bit for each entry are read.", kind=VERIFICATION_ERROR)
    return decode(subject.get("encodedList"))


def is_set(bits: bytes, index: int) -> bool:
    """Return the bit at `index`, counted from the leftmost.

    Raises:
        problem.Invalid: The list is not that long.
    """
    if index >= len(bits) * 8:
        raise problem.Invalid("statusListIndex lies beyond the end of the status list.", kind=problem.STATUS + "RANGE_ERROR")
    return bool(bits[index // 8] & 0x80 >> index % 8)


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
