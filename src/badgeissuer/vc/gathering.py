"""What was had from outside, as values: the documents a verification rests upon, or why they could not be had.

Source: the port of this project's verifier; every outage, forgery and race is so a test with a dictionary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import document, report, statuslist
from badgeissuer.vc.report import Undecided

if TYPE_CHECKING:
    from datetime import datetime

    from badgeissuer.vc.document import JsonObject

MAX_LIST_BYTES = 4 * statuslist.MAX_BYTES
"""Bytes of a status list's document: the longest list, packed badly."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What stood at a URL."""

    url: str
    body: bytes
    fetched_at: datetime

    @property
    def evidence(self) -> report.Evidence:
        """The URL, digest and time, for the report."""
        return report.Evidence(self.url, hashlib.sha256(self.body).hexdigest(), self.fetched_at)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """That nothing could be had from a URL, and why in words for a person."""

    url: str
    reason: str


Gathered = Mapping[str, Resource | Unreachable]


@dataclass(slots=True)
class Sources:
    """What was gathered, read; and what somebody asked for that was not.

    Attributes:
        gathered: What stood at which URL.
        missing: The URLs that were asked for and not gathered.
        credentials: How many credentials inside others may still be read.
    """

    gathered: Gathered
    credentials: int
    missing: set[str] = field(default_factory=set)
    _read: dict[str, JsonObject | problem.Problem] = field(default_factory=dict)

    def resource(self, url: str, what: str) -> Resource:
        """Return what stands at `url`.

        Args:
            url: The URL.
            what: What is looked for there, the beginning of a sentence.

        Raises:
            report.Undecided: Nothing was had from there.
        """
        found = self.gathered.get(url)
        if isinstance(found, Resource):
            return found
        if not url.startswith(("https://", "http://")):
            raise Undecided(f"{what} could not be had: {url[:200]!r} is no web address.", kind=statuslist.RETRIEVAL_ERROR)
        if found is None:
            self.missing.add(url)
        reason = found.reason if found else "it was not fetched"
        raise Undecided(f"{what} could not be had from {url[:200]}: {reason}.", kind=statuslist.RETRIEVAL_ERROR)

    def document(self, url: str, what: str, *, kind: str) -> tuple[JsonObject, report.Evidence]:
        """Return the JSON object that stands at `url`, read once however often it is asked for.

        Args:
            url: The URL.
            what: What is looked for there, the beginning of a sentence.
            kind: The problem type where what stands there cannot be read.

        Raises:
            report.Undecided: Nothing was had from there.
            problem.Invalid: What stands there is no JSON object.
        """
        found = self.resource(url, what)
        if url not in self._read:
            self._read[url] = _parsed(found.body)
        read = self._read[url]
        if isinstance(read, problem.Problem):
            raise problem.Invalid(f"What stands at {url[:200]} cannot be read. {read.detail}", kind=kind)
        return read, found.evidence

    def spend(self, count: int) -> None:
        """Note that `count` credentials inside others are to be read.

        Raises:
            report.Undecided: They are too many.
        """
        self.credentials -= count
        if self.credentials < 0:
            raise Undecided("The document holds more credentials than are read at once.", kind=problem.OURS + "too-large")


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - a JSON object, or what keeps it from being one
    try:
        return document.parse(body)
    except problem.Problem as error:
        return error
