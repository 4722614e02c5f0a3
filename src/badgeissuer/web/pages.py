"""The HTML pages: pure functions from values to the text of a page.

What a badge says was written by strangers, so all of it passes through here before a template sees it: names lose what cannot be seen,
links lead to http and https only, Markdown is an allow-list, and no picture is loaded from anywhere. Where the signature, the issuer's key
or the trust in that key failed, nothing of the document reaches a template. Templates escape everything else, and hold the words.
"""

from __future__ import annotations

import base64
import html
import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import jinja2
import markdown_it
import nh3
from markupsafe import Markup, escape

from badgeissuer import problem
from badgeissuer.vc import instant, statuslist
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""For the answer that carries a page; no page has a script, or a style of its own."""

NAME_CHARACTERS = 300
URL_CHARACTERS = 2000
PROSE_CHARACTERS = 10_000
LISTED = 100
"""How many of a kind are shown; with `PROSE_CHARACTERS` this bounds the work that a hostile document can make."""
PICTURE_PIXELS = 2048
"""How wide and how high an embedded picture may say it is; a small file can unfold to gigabytes."""

_MARKS = 3
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_DIRECTIONS = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/]+={0,2})")
_IN_URLS = "!$%&'()*+,/:;=?@[]~"
_TAGS = {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong", "ul"}


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
    return _render("verify.html", asked=plain(asked, URL_CHARACTERS), fault=fault, **_judged(document, report))


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
    checked, begins, ends = moment(report["checked_at"]), moment(document.get("validFrom")), moment(document.get("validUntil"))
    if "validity" not in failed or checked is None:
        return ""
    return "expired" if ends and ends < checked else "early" if begins and begins > checked else ""


@dataclass(frozen=True, slots=True)
class Link:
    """An address that may be followed, and the host that it leads to."""

    href: str
    host: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that the badge points to: a learning outcome, or a piece of evidence."""

    name: str
    notes: tuple[str, ...]
    description: str
    narrative: Markup
    link: Link | None


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
    criteria_link: Link | None
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
        name=plain(achievement.get("name")) or plain(document.get("name")),
        kind=spaced(achievement.get("achievementType")),
        description=prose(achievement.get("description")),
        facts={name: plain(achievement.get(name)) for name in ("fieldOfStudy", "humanCode", "inLanguage", "version")}
        | {name: plain(subject.get(name)) for name in ("licenseNumber", "role", "term")},
        dates={name: moment(document.get(name)) for name in ("awardedDate", "validFrom", "validUntil")}
        | {name: moment(subject.get(name)) for name in ("activityStartDate", "activityEndDate")},
        picture=picture(achievement.get("image")) or picture(document.get("image")),
        criteria=markdown(criteria.get("narrative")),
        criteria_link=link(criteria.get("id")),
        narrative=markdown(subject.get("narrative")),
        credits_earned=_number(subject.get("creditsEarned")),
        credits_available=_number(achievement.get("creditsAvailable")),
        tags=_plain_list(achievement.get("tag")),
        outcomes=tuple(_outcome(item) for item in _objects(achievement.get("alignment"))),
        assessments=tuple(itertools.islice(_assessments(subject, achievement), LISTED)),
        evidence=tuple(_evidence(_objects(document.get("evidence")))),
        identities=tuple((plain(item.get("identityType")), item.get("hashed") is True) for item in _objects(subject.get("identifier"))),
        recipient=owner if (owner := plain(subject.get("id"))).startswith("did:") else "",
    )


def _outcome(item: Mapping[str, Any]) -> Entry:
    notes = _plain_list([item.get("targetFramework"), item.get("targetCode")])
    return Entry(plain(item.get("targetName")), notes, prose(item.get("targetDescription")), Markup(), link(item.get("targetUrl")))


def _evidence(items: Sequence[Mapping[str, Any]]) -> Iterator[Entry]:
    """Read evidence; narratives that are too long together stay plain, since reading Markdown takes its time."""
    narratives = [prose(item.get("narrative")) for item in items]
    show = markdown if sum(map(len, narratives)) <= PROSE_CHARACTERS else escape
    for item, narrative in zip(items, narratives, strict=True):
        notes = _plain_list(item.get("genre"))
        yield Entry(plain(item.get("name")), notes, prose(item.get("description")), show(narrative), link(item.get("id")))


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
        name=plain(description.get("name")),
        kind=spaced(description.get("resultType")),
        value=plain(result.get("value")),
        status=spaced(result.get("status")),
        lowest=plain(description.get("valueMin")),
        highest=plain(description.get("valueMax")),
        required=plain(description.get("requiredValue")),
        allowed=_plain_list(description.get("allowedValue")),
        levels=tuple(
            Level(
                plain(level.get("name")),
                prose(level.get("description")),
                reached=level.get("id", "") == result.get("achievedLevel"),
                required=level.get("id", "") == description.get("requiredLevel"),
            )
            for level in _objects(description.get("rubricCriterionLevel"))
        ),
    )


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in as_list(value)[:LISTED] if isinstance(item, dict)]


def _plain_list(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(plain, as_list(value)[:LISTED])))


def _number(value: object) -> str:
    return f"{value:,.10g}" if isinstance(value, int | float) and not isinstance(value, bool) else ""


def plain(value: object, limit: int = NAME_CHARACTERS) -> str:
    """Return a name on one line without what cannot be seen; empty where the value is no text.

    Format characters (directions, zero widths), private and unassigned ones go, and so do marks piled on one letter: they reach over
    other lines.
    """
    kept: list[str] = []
    marks = 0
    for character in value[: 4 * limit] if isinstance(value, str) else "":
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in {"Cf", "Cn", "Co", "Cs"} or character in _UNSEEN or marks > _MARKS:
            continue
        kept.append(" " if category[0] == "Z" or category == "Cc" else character)
    text = " ".join("".join(kept).split())
    return text if len(text) <= limit else text[:limit].rstrip() + "…"


def prose(value: object) -> str:
    """Return text of several lines without control and direction characters; joiners stay, since some scripts need them."""
    text = value[: 4 * PROSE_CHARACTERS] if isinstance(value, str) else ""
    lines = "\n".join(text.translate(_DIRECTIONS).splitlines())
    kept = "".join(character for character in lines if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs", "Co"})
    return (kept if len(kept) <= PROSE_CHARACTERS else kept[:PROSE_CHARACTERS].rstrip() + " …").strip()


def markdown(value: object) -> Markup:
    """Return Markdown as HTML of few elements: no pictures, no headings, and links to http and https only."""
    cleaned = nh3.clean(
        _MARKDOWN.render(prose(value)),
        tags=_TAGS,
        attributes={"a": {"href"}},
        attribute_filter=lambda _tag, name, value: value if name == "rel" else (link(value) or Link("", "")).href or None,
        url_schemes={"http", "https"},
        url_relative="deny",
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(cleaned.strip())  # noqa: S704 - what nh3 let through


def link(value: object) -> Link | None:
    """Return an address that may be followed: absolute, http or https, without a user name, its host in ASCII."""
    if not isinstance(value, str) or re.search(r"[\x00-\x20\x7f-\x9f\\<>\"]", value):
        return None
    try:
        parts = urlsplit(value)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not re.fullmatch(r"[a-z0-9_.-]+", host):
        return None
    rest = (quote(part, safe=_IN_URLS) for part in parts[2:])
    return Link(urlunsplit((parts.scheme, host + port, *rest)), host + port)


def picture(value: object) -> str:
    """Return the data URI of an embedded PNG of moderate size; empty for anything else, above all for an address elsewhere."""
    uri = value.get("id") if isinstance(value, dict) else value
    match = _PNG.fullmatch(uri) if isinstance(uri, str) else None
    if not match:
        return ""
    try:
        start = base64.b64decode(match[1], validate=True)[:24]
    except ValueError:
        return ""
    sides = (int.from_bytes(start[16:20]), int.from_bytes(start[20:24]))
    return match[0] if start.startswith(b"\x89PNG\r\n\x1a\n") and all(0 < side <= PICTURE_PIXELS for side in sides) else ""


def spaced(value: object) -> str:
    """Return a term of the standard as words: MicroCredential → Micro credential."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain(value).removeprefix("ext:")).capitalize()


def moment(value: object) -> datetime | None:
    """Return the moment that a date-time stamp names; None where it names none."""
    try:
        return instant.read(value)
    except problem.Invalid:
        return None


def domain(identifier: str) -> str:
    """Return the host that a did:web or an address names; empty for an identifier that names none."""
    if identifier.startswith("did:web:"):
        found = link("https://" + identifier.split(":")[2].replace("%3A", ":").replace("%3a", ":"))
    else:
        found = link(identifier)
    return found.host if found else ""


_MARKDOWN = markdown_it.MarkdownIt("commonmark", {"html": False})
_MARKDOWN.add_render_rule("image", lambda _self, tokens, place, *_: html.escape(tokens[place].content))
_MARKDOWN.add_render_rule("heading_open", lambda *_: "<p><strong>")
_MARKDOWN.add_render_rule("heading_close", lambda *_: "</strong></p>\n")

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("badgeissuer.web"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters |= {"plain": plain, "moment": moment, "domain": domain}
_ENVIRONMENT.globals["listed"] = LISTED
