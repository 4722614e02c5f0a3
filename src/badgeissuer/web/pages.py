"""The HTML pages: pure functions from values to the text of a page.

What a badge says was written by strangers, so all of it goes through `words` before a template sees it. Where the signature, the issuer's
key or the trust in that key failed, nothing of the document reaches a template. Templates hold the words of ours.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup, escape

from badgeissuer.vc import statuslist
from badgeissuer.vc.credential import as_list
from badgeissuer.web import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""For the answer that carries a page; no page has a script, or a style of its own."""

LISTED = 100
"""How many of a kind are shown; with `words.PROSE_CHARACTERS` this bounds the work that a hostile document can make."""


def verify_page(
    *,
    asked: str = "",
    report: Mapping[str, Any] | None = None,
    fault: Mapping[str, Any] | None = None,
    document: Mapping[str, Any] | None = None,
) -> str:
    """Return the page with the box for a URL, a file or text, under the verdict on what was asked before.

    Args:
        asked: The URL that was asked about; it stands in the box again.
        report: A verification report, as `Report.to_json` gives it.
        fault: An RFC 9457 problem that kept a report from being made.
        document: What the report is about; shown only as far as the report bears it out.
    """
    return _render("verify.html", asked=words.plain(asked, words.URL_CHARACTERS), fault=fault, **_judged(document, report))


def badge_page(document: Mapping[str, Any], report: Mapping[str, Any], *, downloads: Sequence[tuple[str, str]]) -> str:
    """Return the public page of one badge.

    Args:
        document: The signed badge.
        report: The verification report on it, as `Report.to_json` gives it.
        downloads: Labels and addresses, our own, of the forms in which it can be had.
    """
    verify = f"/verify?url={quote(str(document.get('id', '')), safe='')}"
    return _render("badge.html", downloads=downloads, verify=verify, **_judged(document, report))


def home_page() -> str:
    """Return the page at `/`: what this is, and where to go."""
    return _render("home.html")


def reference_page(description: Mapping[str, Any]) -> str:
    """Return the page at `/docs`: every operation of the API, out of its OpenAPI document."""
    groups: dict[str, list[dict[str, object]]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            row = {"method": method.upper(), "path": path, "summary": operation["summary"], "description": operation["description"]}
            groups.setdefault(operation["tags"][0], []).append(row | {"needs_token": bool(operation.get("security"))})
    return _render("reference.html", title=description["info"]["title"], version=description["info"]["version"], groups=groups)


def problem_page(problem: Mapping[str, Any], *, status: int) -> str:
    """Return a page that says what went wrong.

    Args:
        problem: An RFC 9457 problem document.
        status: The HTTP status that it is sent with.
    """
    return _render("problem.html", problem=problem, status=status)


def _render(template: str, **values: object) -> str:
    return _ENVIRONMENT.get_template(template).render(**values)


def _judged(document: Mapping[str, Any] | None, report: Mapping[str, Any] | None) -> dict[str, object]:
    proven = _proven(report)
    badge = _badge(document) if document is not None and proven else None
    return {"report": report, "proven": proven, "situation": _situation(report, document), "badge": badge}


def _proven(report: Mapping[str, Any] | None) -> bool:
    """Return whether the issuer that the document names did say what it says."""
    outcomes = {step["name"]: step["outcome"] for step in report["steps"]} if report else {}
    return outcomes.get("proof") == outcomes.get("issuer") == "VALID" and outcomes.get("trust") != "INVALID"


def _situation(report: Mapping[str, Any] | None, document: Mapping[str, Any] | None) -> str:
    """Return what the headline is chosen by, finer than the outcome."""
    if report is None:
        return ""
    if report["outcome"] == "VALID":
        return str(report["issuer"]["identity"])
    if report["outcome"] == "INDETERMINATE":
        return "undecided"
    if not _proven(report):
        return "unreadable" if report["steps"][0]["outcome"] == "INVALID" else "unproven"
    return _ended(report, document or {}) or "broken"


def _ended(report: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    failed = {step["name"]: [item["type"] for item in step["problems"]] for step in report["steps"] if step["outcome"] == "INVALID"}
    for kind, word in ((statuslist.REVOKED, "revoked"), (statuslist.SUSPENDED, "suspended")):
        if kind in failed.get("status", ()):
            return word
    checked, begins, ends = (
        words.moment(report["checked_at"]),
        words.moment(document.get("validFrom")),
        words.moment(document.get("validUntil")),
    )
    if "validity" not in failed or checked is None:
        return ""
    return "expired" if ends and ends < checked else "early" if begins and begins > checked else ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that the badge points to: a learning outcome, or a piece of evidence."""

    name: str
    notes: tuple[str, ...]
    description: str
    narrative: Markup
    link: words.Link | None


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a rubric."""

    name: str
    description: str
    reached: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Assessment:
    """One scale of the achievement, with what this learner reached on it (empty where nothing is said)."""

    name: str
    kind: str
    value: str = ""
    status: str = ""
    lowest: str = ""
    highest: str = ""
    required: str = ""
    allowed: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says, made fit to be shown.

    Attributes:
        facts: Plain members of achievement and subject, by their name in the standard.
        dates: Moments of the document and its subject, likewise; None where not given.
        identities: How the recipient is named: `(kind, hashed)`. What an identity says is never shown.
        recipient: The recipient's DID, if any.
    """

    name: str
    kind: str
    description: str
    facts: Mapping[str, str]
    dates: Mapping[str, datetime | None]
    picture: str
    criteria: Markup
    criteria_link: words.Link | None
    narrative: Markup
    credits_earned: str
    credits_available: str
    tags: tuple[str, ...]
    outcomes: tuple[Entry, ...]
    assessments: tuple[Assessment, ...]
    evidence: tuple[Entry, ...]
    identities: tuple[tuple[str, bool], ...]
    recipient: str


def _badge(document: Mapping[str, Any]) -> Badge:
    subject = next(iter(_objects(document.get("credentialSubject"))), {})
    achievement = next(iter(_objects(subject.get("achievement"))), {})
    criteria = next(iter(_objects(achievement.get("criteria"))), {})
    return Badge(
        name=words.plain(achievement.get("name")) or words.plain(document.get("name")),
        kind=words.spaced(achievement.get("achievementType")),
        description=words.prose(achievement.get("description")),
        facts={name: words.plain(achievement.get(name)) for name in ("fieldOfStudy", "humanCode", "inLanguage", "version")}
        | {name: words.plain(subject.get(name)) for name in ("licenseNumber", "role", "term")},
        dates={name: words.moment(document.get(name)) for name in ("awardedDate", "validFrom", "validUntil")}
        | {name: words.moment(subject.get(name)) for name in ("activityStartDate", "activityEndDate")},
        picture=words.picture(achievement.get("image")) or words.picture(document.get("image")),
        criteria=words.markdown(criteria.get("narrative")),
        criteria_link=words.link(criteria.get("id")),
        narrative=words.markdown(subject.get("narrative")),
        credits_earned=_number(subject.get("creditsEarned")),
        credits_available=_number(achievement.get("creditsAvailable")),
        tags=_plain_list(achievement.get("tag")),
        outcomes=tuple(_outcome(item) for item in _objects(achievement.get("alignment"))),
        assessments=tuple(itertools.islice(_assessments(subject, achievement), LISTED)),
        evidence=tuple(_evidence(_objects(document.get("evidence")))),
        identities=tuple(
            (words.plain(item.get("identityType")), item.get("hashed") is True) for item in _objects(subject.get("identifier"))
        ),
        recipient=owner if (owner := words.plain(subject.get("id"))).startswith("did:") else "",
    )


def _outcome(item: Mapping[str, Any]) -> Entry:
    notes = _plain_list([item.get("targetFramework"), item.get("targetCode")])
    return Entry(
        words.plain(item.get("targetName")), notes, words.prose(item.get("targetDescription")), Markup(), words.link(item.get("targetUrl"))
    )


def _evidence(items: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    """Read evidence; narratives that are too long together stay plain, since reading Markdown takes its time."""
    narratives = [words.prose(item.get("narrative")) for item in items]
    show = words.markdown if sum(map(len, narratives)) <= words.PROSE_CHARACTERS else escape
    for item, narrative in zip(items, narratives, strict=True):
        notes = _plain_list(item.get("genre"))
        yield Entry(words.plain(item.get("name")), notes, words.prose(item.get("description")), show(narrative), words.link(item.get("id")))


def _assessments(subject: Mapping[str, Any], achievement: Mapping[str, Any]) -> Iterator[Assessment]:
    """Join what can be achieved with what this learner achieved; results that describe nothing known stand at the end."""
    results = _objects(subject.get("result"))
    descriptions = _objects(achievement.get("resultDescription"))
    for description in descriptions:
        about = [item for item in results if item.get("resultDescription", "") == description.get("id")]
        yield from (_assessment(description, result) for result in about or [{}])
    known = [description.get("id") for description in descriptions]
    yield from (_assessment({}, result) for result in results if result.get("resultDescription") not in known)


def _assessment(description: Mapping[str, Any], result: Mapping[str, Any]) -> Assessment:
    return Assessment(
        name=words.plain(description.get("name")),
        kind=words.spaced(description.get("resultType")),
        value=words.plain(result.get("value")),
        status=words.spaced(result.get("status")),
        lowest=words.plain(description.get("valueMin")),
        highest=words.plain(description.get("valueMax")),
        required=words.plain(description.get("requiredValue")),
        allowed=_plain_list(description.get("allowedValue")),
        levels=tuple(
            Level(
                words.plain(level.get("name")),
                words.prose(level.get("description")),
                reached=level.get("id", "") == result.get("achievedLevel"),
                required=level.get("id", "") == description.get("requiredLevel"),
            )
            for level in _objects(description.get("rubricCriterionLevel"))
        ),
    )


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in as_list(value)[:LISTED] if isinstance(item, dict)]


def _plain_list(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(words.plain, as_list(value)[:LISTED])))


def _number(value: object) -> str:
    return f"{value:,.10g}" if isinstance(value, int | float) and not isinstance(value, bool) else ""


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("badgeissuer.web"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters |= {"plain": words.plain, "moment": words.moment, "domain": words.domain}
_ENVIRONMENT.globals["listed"] = LISTED
