"""What can go wrong, in the words of RFC 9457 and of the W3C problem vocabularies.

Every expected failure is a `Problem`. It knows its type, a title and a detail, and nothing of HTTP:
`web/problems.py` gives each class its status.

    Problem
    ├── Malformed          bytes that cannot be read as what they should be
    ├── Invalid            readable, but it breaks a rule; carries the findings
    ├── TooLarge           over a limit
    ├── NotFound
    ├── Conflict           true of the request, but not with what is stored
    ├── Unauthenticated    who is asking?
    ├── Forbidden          known, but not allowed
    ├── Unavailable        try again later
    ├── TooMany            asked too often
    └── Fault              ours: something we made did not pass our own checks
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

VC = "https://www.w3.org/TR/vc-data-model#"
"""Problem types of VC-DATA-MODEL-2.0#problem-details."""
SECURITY = "https://w3id.org/security#"
"""Problem types of VC-DATA-INTEGRITY#processing-errors and of Controlled Identifiers."""
STATUS = "https://www.w3.org/ns/credentials/status-list#"
"""Problem types of VC-BITSTRING-STATUS-LIST#processing-errors."""
OURS = "urn:badgeissuer:problem:"
"""Problem types that no standard names; each is described in docs/problems.md."""

PARSING_ERROR = VC + "PARSING_ERROR"
MALFORMED_VALUE_ERROR = VC + "MALFORMED_VALUE_ERROR"
RANGE_ERROR = VC + "RANGE_ERROR"
CRYPTOGRAPHIC_SECURITY_ERROR = VC + "CRYPTOGRAPHIC_SECURITY_ERROR"


MAX_POINTER = 500
"""Characters of a JSON Pointer: a stranger's names have any length, and one place can be found fault with a thousand times."""
_SOMEWHERE = "/…"

NOTHING = "There is nothing here by that name, or nothing that this token may see."
"""One sentence for what is not there and for what is somebody else's: whether it exists is not said."""


def below(pointer: str, key: str | int) -> str:
    """Return the JSON Pointer of what stands under `key` in what stands at `pointer` (RFC 6901 section 3).

    One that would be longer than `MAX_POINTER` ends with `/…`: somewhere in there.
    """
    if pointer.endswith(_SOMEWHERE):
        return pointer
    step = str(key)[:MAX_POINTER].replace("~", "~0").replace("/", "~1")
    longer = f"{pointer}/{step}"
    return longer if len(longer) < MAX_POINTER else pointer + _SOMEWHERE


def steps(pointer: str) -> list[str]:
    """Return the names that a JSON Pointer leads through (RFC 6901 section 4)."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a value.

    Attributes:
        detail: What is wrong and what to do, one sentence for a person.
        pointer: Where, as an RFC 6901 JSON Pointer; empty for the whole document.
        type: The problem type, a URI.
    """

    detail: str
    pointer: str = ""
    type: str = MALFORMED_VALUE_ERROR

    def to_json(self) -> dict[str, str]:
        """Return the finding as a member of an RFC 9457 `errors` extension."""
        return {"type": self.type, "pointer": self.pointer, "detail": self.detail}


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """A failure that has a voice: a type, a title, and a detail that says what, where and what to do.

    Args:
        detail: One or two sentences for a person.
        kind: The problem type, a URI; the class's own where none is given.
        findings: The single things that are wrong, where there are several or where a place can be named.
        extensions: Further members of the problem document.
    """

    default_kind: ClassVar[str] = "about:blank"
    title: ClassVar[str] = "Problem"

    def __init__(self, detail: str, *, kind: str | None = None, findings: tuple[Finding, ...] = (), **extensions: Any) -> None:  # noqa: ANN401 - any JSON value
        super().__init__(detail)
        self.detail = detail
        self.kind = kind or self.default_kind
        self.findings = findings
        self.extensions = extensions

    @property
    def each(self) -> tuple[Finding, ...]:
        """The single things that are wrong; where none is named, the whole as one."""
        return self.findings or (Finding(self.detail),)

    def to_json(self) -> dict[str, Any]:
        """Return the problem document of RFC 9457 without `status`, which belongs to HTTP."""
        document: dict[str, Any] = {"type": self.kind, "title": self.title, "detail": self.detail}
        if self.findings:
            document["errors"] = [finding.to_json() for finding in self.findings]
        return document | self.extensions


class Malformed(Problem):
    """Bytes that cannot be read as what they should be."""

    default_kind = PARSING_ERROR
    title = "The document cannot be read"


class Invalid(Problem):
    """A value that can be read but breaks a rule."""

    default_kind = MALFORMED_VALUE_ERROR
    title = "The document breaks a rule"

    @classmethod
    def of(cls, findings: tuple[Finding, ...]) -> Invalid:
        """Return one problem for several findings; the detail is theirs, joined."""
        return cls(" ".join(finding.detail for finding in findings), kind=findings[0].type, findings=findings)


class TooLarge(Problem):
    """A value over a limit."""

    default_kind = OURS + "too-large"
    title = "Too large"


class NotFound(Problem):
    """Nothing here by that name, or nothing that the asker may know of."""

    default_kind = OURS + "not-found"
    title = "Not found"


class Conflict(Problem):
    """A request that is fine in itself but does not fit what is stored."""

    default_kind = OURS + "conflict"
    title = "Conflict"


class Outdated(Problem):
    """What was to be changed is not any more what the asker has seen of it (RFC 9110 13.1.1)."""

    default_kind = OURS + "outdated"
    title = "Changed meanwhile"


class Unauthenticated(Problem):
    """The asker did not show who they are."""

    default_kind = OURS + "unauthenticated"
    title = "Not authenticated"


class Forbidden(Problem):
    """The asker is known but may not do this."""

    default_kind = OURS + "forbidden"
    title = "Not allowed"


class Unavailable(Problem):
    """Not now; `retry_after` seconds later perhaps."""

    default_kind = OURS + "unavailable"
    title = "Try again later"

    def __init__(self, detail: str, *, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooMany(Problem):
    """Asked too often; `retry_after` seconds later again."""

    default_kind = OURS + "too-many"
    title = "Asked too often"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Fault(Problem):
    """Something that we made did not pass our own checks; nothing of it was kept."""

    default_kind = OURS + "fault"
    title = "Internal fault"
