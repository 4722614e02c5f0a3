"""The verifier at the command line: files, URLs and standard input, without a service and without a database."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from badgeissuer import problem, trusting, verifying
from badgeissuer.net import fetch
from badgeissuer.openbadges import baking, pdf
from badgeissuer.settings import Settings, clock
from badgeissuer.vc import document, report, secured, verification
from badgeissuer.vc.report import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

EXIT_CODES = {Outcome.VALID: 0, Outcome.INVALID: 1, Outcome.INDETERMINATE: 3}
UNREADABLE = 2
MAX_FILE_BYTES = verifying.MAX_IMAGE_BYTES + 1
"""Bytes that are read of a file: one more than is accepted, so that what is too large is seen to be."""
MAX_LINE = 1200
"""Characters of a line for a person; most of it may be a stranger's."""
MAX_FINDINGS = 20
"""Findings of one step that are shown to a person."""

_MARKS = {Outcome.VALID: "✓", Outcome.INVALID: "✗", Outcome.INDETERMINATE: "?", Outcome.NOT_APPLICABLE: "·"}
_STANDARD_INPUT = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person at the terminal asked for.

    Attributes:
        now: The moment to judge at.
        is_offline: Whether nothing may be fetched.
        resources: A JSON file: URL → path of the file that stands there, relative to it.
        trust: A file of trusted issuers and compromised keys.
        recipient: Whom the badge should be about.
    """

    now: datetime
    is_offline: bool = False
    resources: Path | None = None
    trust: Path | None = None
    recipient: str | None = None


def check(sources: Sequence[str], asked: Asked, *, tell: Callable[[str, report.Report], None]) -> int:
    """Verify sources one after the other, and return the exit code.

    Args:
        sources: Paths, URLs, or `-` for standard input.
        asked: How to judge.
        tell: Is given each source with its report, in order.

    Returns:
        2 where a source cannot be read, else 1 where one is INVALID, else 3 where one is INDETERMINATE, else 0.

    Raises:
        problem.Invalid: A setting, or a file that `asked` names, is not of the right form; or nobody is named as the recipient.
    """
    if asked.recipient is not None and not asked.recipient.strip():  # a script's empty variable must not pass for a question answered
        raise problem.Invalid("--recipient is empty: give an e-mail address, a DID or a name, or leave it out.")
    settings = Settings()
    trust = trusting.read(asked.trust) if asked.trust else settings.trusted()
    policy = replace(trust.policy(verifying.BADGE), known=settings.contexts(), recipient=asked.recipient)
    fixed = read_resources(asked.resources) if asked.resources else {}
    codes = set()
    with _web(settings, is_offline=asked.is_offline) as web:
        for source in sources:
            try:
                found = _verify(source, look=_looker(fixed, web), now=asked.now, policy=policy)
            except OSError as error:
                sys.stderr.write(_plain(f"badgeissuer: {source} cannot be read: {error.strerror or error}") + "\n")
                codes.add(UNREADABLE)
                continue
            tell(source, found)
            codes.add(EXIT_CODES[found.outcome])
    return next((code for code in (UNREADABLE, 1, 3) if code in codes), 0)


def _verify(source: str, *, look: verifying.Look, now: datetime, policy: verification.Policy) -> report.Report:
    """Return the report on what stands at a URL or in a file; an OSError says that the file cannot be read."""
    if source.lower().startswith(("https://", "http://")):
        return verifying.verify_url(source, look=look, now=now, policy=policy).report
    return verifying.verify(_content(source), look=look, now=now, policy=policy).report


def _content(source: str | Path) -> bytes:
    """Return a file, as far as it is of interest; that of `-` is standard input, however it is redirected."""
    with open(_STANDARD_INPUT, "rb", closefd=False) if source == "-" else Path(source).open("rb") as file:
        return file.read(MAX_FILE_BYTES)


@contextmanager
def _web(settings: Settings, *, is_offline: bool) -> Iterator[verifying.Look]:
    """Give what looks at URLs: the web, or nothing at all where nothing may be fetched."""
    if is_offline:
        yield lambda url: verification.Unreachable(url, "nothing is fetched when offline")
        return
    with fetch.Fetcher(settings.limits, clock=clock) as fetcher:

        def look(url: str) -> verification.Resource | verification.Unreachable:
            try:
                return fetcher.fetch(url)
            except problem.Unavailable as error:  # look-ups of earlier sources hang: the run goes on without this one
                return verification.Unreachable(url, error.detail.rstrip("."))

        yield look


def _looker(fixed: Mapping[str, bytes], web: verifying.Look) -> verifying.Look:
    return lambda url: verification.Resource(url, fixed[url], clock()) if url in fixed else web(url)


def read_resources(path: Path) -> dict[str, bytes]:
    """Return what the file of `--resources` says stands at which URL.

    Raises:
        problem.Invalid: It is no JSON object of texts, or names a file that cannot be read.
    """
    try:
        content = document.parse(path.read_bytes())
        return {url: (path.parent / name).read_bytes() for url, name in content.items()}
    except (problem.Problem, TypeError) as error:
        raise problem.Invalid(f"{path} must be a JSON object, URL → path of a file: {getattr(error, 'detail', error)}") from None
    except OSError as error:
        raise problem.Invalid(f"{path} or a file that it names cannot be read: {error.filename}: {error.strerror}.") from None


def as_line(found: report.Report) -> str:
    """Return a report as one line of JSON; in ASCII, so that nothing in it breaks the line or steers a terminal."""
    return json.dumps(found.to_json())


def as_text(source: str, found: report.Report) -> str:
    """Return a report for a person at a terminal."""
    lines = [f"{source}: {found.outcome.value}", f"  {found.summary}", *(line for step in found.steps for line in _step(step))]
    inside = _inside(found, "  ") if _is_proven(found) else ()
    return "\n".join(map(_plain, [*lines, *inside]))


def _step(step: report.Step) -> Iterator[str]:
    if step.outcome is not Outcome.NOT_APPLICABLE or step.findings:
        yield f"  {_MARKS[step.outcome]} {step.name}"
    problems = step.to_json()["problems"]
    for finding in problems[:MAX_FINDINGS]:
        yield from _finding(finding)
    if len(problems) > MAX_FINDINGS:
        yield f"      … and {len(problems) - MAX_FINDINGS} more"


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    where = f" ({finding['pointer']})" if finding.get("pointer") else ""
    yield f"      {finding['detail']}{where}"
    if finding["type"] != report.NOT_REACHED:
        yield f"      → {finding['next']}"


def _is_proven(found: report.Report) -> bool:
    """Return whether it is known who said all this; otherwise nothing of it is told."""
    outcomes = {step.name: step.outcome for step in found.steps}
    return outcomes.get("proof") is Outcome.VALID and outcomes.get("issuer") in {Outcome.VALID, Outcome.NOT_APPLICABLE}


def _inside(found: report.Report, indent: str) -> Iterator[str]:
    """Yield a line on each credential inside."""
    for part in found.parts:
        outcome = part.report.outcome
        yield f"{indent}{_MARKS[outcome]} {part.role} at {part.pointer}: {outcome.value}. {part.report.summary}"
        yield from _inside(part.report, indent + "  ")


def _plain(line: str) -> str:
    """Return a line without what would break it or steer a terminal, for a document may hold anything; and not too long."""
    shown = "".join(character if character.isprintable() else "�" for character in line[: MAX_LINE + 1])
    return shown if len(shown) <= MAX_LINE else shown[:MAX_LINE] + "…"


def bake(image: Path, credential: Path, out: Path) -> None:
    """Write an image with a credential in it.

    Raises:
        problem.Problem: The file holds no credential, the image is none that can hold one, or both together are too large to be read again.
        OSError: A file cannot be read or written.
    """
    body = _content(credential).strip()
    secured.read(body)
    out.write_bytes(_not_too_large(baking.bake(_not_too_large(_content(image)), body.decode())))


def unbake(image: Path) -> bytes:
    """Return the credential in an image, or a certificate made here, as it was put in; raises as `bake`."""
    body = _not_too_large(_content(image))
    return (pdf.unbake(body) if pdf.begins(body) else baking.unbake(body)).encode()


def _not_too_large(image: bytes) -> bytes:
    if len(image) > verifying.MAX_IMAGE_BYTES:
        raise problem.TooLarge(f"An image with a badge in it has at most {verifying.MAX_IMAGE_BYTES:,} bytes.")
    return image
