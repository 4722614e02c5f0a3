"""What was had from outside, as values: the documents a verification rests upon, or why they could not be had.

Source: the port of this project's verifier; every outage, forgery and race is so a test with a dictionary.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from badgeissuer import problem
from badgeissuer.vc import document, report, secured, statuslist
from badgeissuer.vc.effort import Effort
from badgeissuer.vc.report import Undecided

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from badgeissuer.vc.document import JsonObject

Made = TypeVar("Made")

MAX_LIST_BYTES = 4 * statuslist.MAX_BYTES
"""Bytes of a status list's document: the longest list, packed badly."""


@dataclass(frozen=True)
class Resource:
    """What stood at a URL; it is read once, however many rounds a verification takes."""

    url: str
    body: bytes
    fetched_at: datetime

    @functools.cached_property
    def evidence(self) -> report.Evidence:
        """The URL, digest and time, for the report."""
        return report.Evidence(self.url, hashlib.sha256(self.body).hexdigest(), self.fetched_at)

    @property
    def document(self) -> JsonObject:
        """The JSON object that stands there; raises a problem where none does."""
        return _found(self._document)

    @property
    def credential(self) -> secured.Secured:
        """The credential that stands there, in any form; raises a problem where none does."""
        return _found(self._credential)

    @functools.cached_property
    def _document(self) -> JsonObject | problem.Problem:
        return _tried(lambda: document.parse(self.body))

    @functools.cached_property
    def _credential(self) -> secured.Secured | problem.Problem:
        return _tried(lambda: secured.read(self.body, max_bytes=MAX_LIST_BYTES))


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
        effort: What the verification may still cost.
    """

    gathered: Gathered
    credentials: int
    missing: set[str] = field(default_factory=set)
    effort: Effort = field(default_factory=Effort)
    _made: dict[tuple[object, ...], Any] = field(default_factory=dict)

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

    def evidence(self, url: str, what: str) -> report.Evidence:
        """Return what the report says of what stands at `url`; raises as `resource`."""
        return self.resource(url, what).evidence

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
        try:
            return found.document, found.evidence
        except problem.Problem as error:
            raise problem.Invalid(f"What stands at {url[:200]} cannot be read. {error.detail}", kind=kind) from None

    def once(self, name: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """Return what `make` makes, or raise the problem that it raises; made once however often that is asked for by `name`."""
        if name not in self._made:
            self._made[name] = _tried(make)
        made: Made | problem.Problem = self._made[name]
        return _found(made)

    def spend(self, count: int) -> None:
        """Note that `count` credentials inside others are to be read.

        Raises:
            report.Undecided: They are too many.
        """
        self.credentials -= count
        if self.credentials < 0:
            raise Undecided("The document holds more credentials than are read at once.", kind=problem.OURS + "too-large")


def _tried(make: Callable[[], Made]) -> Made | problem.Problem:
    try:
        return make()
    except problem.Problem as error:
        return error


def _found(made: Made | problem.Problem) -> Made:
    if isinstance(made, problem.Problem):
        raise made.with_traceback(None)
    return made
