"""The HTML pages: pure functions from values to the text of a page.

What a badge says was written by strangers, so all of it goes through `words` before a template sees it. Where the signature, the issuer's
key or the trust in that key failed, nothing of the document reaches a template (`verdicts`). Templates hold the words of ours.
"""

from __future__ import annotations

import base64
import dataclasses
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jinja2

from badgeissuer import explaining, frameworks
from badgeissuer.vc import instant
from badgeissuer.web import languages, menu, pathway, previews, verdicts, views, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from badgeissuer import cataloguing, overseeing
    from badgeissuer.openbadges.addresses import Site
    from badgeissuer.store import tables
    from badgeissuer.web import faces
    from badgeissuer.web.staff.door import Staff, Ways

_ALONE = "frame-ancestors 'none'"
CONTENT_SECURITY_POLICY = f"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; {_ALONE}; base-uri 'none'"
"""For the answer that carries a page; no page has a style of its own, and hardly any a script."""
FRAMED_POLICY = CONTENT_SECURITY_POLICY.replace(_ALONE, "frame-ancestors *")
"""For the one kind of page that stands in pages of others."""
OWN_SCRIPT = "; script-src 'self'; connect-src 'self'"
"""What is added for a page that has a script of ours."""


_OUTCOMES = {"already_awarded": " It had been awarded before.", "needs_identity": " It waits for an address to issue to."}
"""What there is to say of a decision besides its reason."""


def verify_page(
    *,
    asked: str = "",
    recipient: str = "",
    report: Mapping[str, Any] | None = None,
    fault: Mapping[str, Any] | None = None,
    document: Mapping[str, Any] | None = None,
    results: bool = True,
    language: languages.Language = languages.ENGLISH,
    chosen: bool = False,
) -> str:
    """Return the page with the box for a URL, a file or text, under the verdict on what was asked before.

    Args:
        asked: The URL that was asked about; it stands in the box again.
        recipient: Whom the badge should be about, likewise.
        report: A verification report, as `Report.to_json` gives it.
        fault: An RFC 9457 problem that kept a report from being made.
        document: What the report is about; shown only as far as the report bears it out.
        results: Whether what its learner reached may be shown.
        language: What to say it in.
        chosen: Whether the address names the language, so that what is asked next should too.
    """
    about = document if results or document is None else views.without_results(document)
    again = {"asked": words.plain(asked, words.URL_CHARACTERS), "recipient": words.plain(recipient, words.URL_CHARACTERS)}
    with languages.speaking(language):
        verdict = verdicts.judged(report, about) if report is not None else None
        return _render("verify.html", verdict=verdict, fault=fault, results=results, chosen=chosen, **again)


def badge_page(
    document: Mapping[str, Any],
    report: Mapping[str, Any],
    *,
    downloads: Sequence[tuple[str, str]],
    following: Sequence[cataloguing.Step] = (),
    site: Site | None = None,
    around: faces.Around | None = None,
    language: languages.Language = languages.ENGLISH,
    chosen: bool = False,
) -> str:
    """Return the page of one badge.

    Args:
        document: The signed badge.
        report: The verification report on it, as `Report.to_json` gives it.
        downloads: Labels and addresses, our own, of the forms in which it can be had.
        following: What can be earned next.
        site: The service, whose drawings are shown.
        around: Who issued it, what its link unfolds to, and how it is passed on.
        language: What to say it in.
        chosen: Whether the address names the language, so that what is asked next should too.
    """
    results, url = around is None or around.shows_results, str(document.get("id", ""))
    address = around.address if around else url
    verify = f"/verify?url={quote(address, safe='')}" + (f"&lang={language.code}" if chosen else "")
    shown = {"url": url, "address": address, "verify": verify, "results": results, "chosen": chosen}
    with languages.speaking(language):
        verdict = _drawn(document if results else views.without_results(document), report, site)
        preview = _preview(verdict, around, site) if around and not around.is_private else None
        return _render("badge.html", downloads=downloads, following=following, verdict=verdict, around=around, preview=preview, **shown)


def card_page(
    document: Mapping[str, Any], report: Mapping[str, Any], *, site: Site, around: faces.Around, language: languages.Language
) -> str:
    """Return the small page of a badge that stands in pages of others; for the arguments see `badge_page`."""
    with languages.speaking(language):
        return _render("embed.html", verdict=_drawn(document, report, site), around=around, url=str(document.get("id", "")))


def _drawn(document: Mapping[str, Any], report: Mapping[str, Any], site: Site | None) -> verdicts.Verdict:
    verdict = verdicts.judged(report, document)
    if not site or not isinstance(verdict.said, views.Badge):
        return verdict
    said = views.with_drawing(verdict.said, document["credentialSubject"]["achievement"], site)
    return dataclasses.replace(verdict, said=said)


def _preview(verdict: verdicts.Verdict, around: faces.Around, site: Site | None) -> previews.Preview | None:
    """Return what a link to a badge unfolds to; nothing where the badge does not bear out what it says."""
    if not site or not isinstance(verdict.said, views.Badge):
        return None
    return previews.of_badge(verdict.said, around.passed, base=site.base, counts=verdict.report["outcome"] == "VALID")


def catalogue_page(shown: Sequence[object], *, asked: object, following: str | None) -> str:
    """Return a page of the public catalogue.

    Args:
        shown: Its entries.
        asked: What was looked for; it stands in the form again.
        following: The path of the page after it; None at the end.
    """
    return _render("catalogue.html", shown=shown, asked=asked, following=following, frameworks=frameworks.ALL)


def achievement_page(
    row: tables.Achievement,
    version: tables.AchievementVersion,
    *,
    unit: tables.Issuer,
    versions: Sequence[int],
    following: Sequence[cataloguing.Step],
    site: Site,
) -> str:
    """Return the public page of a published achievement.

    Args:
        row: The achievement.
        version: The version that is shown.
        unit: Whose it is.
        versions: The numbers of all versions, the newest first.
        following: What can be earned next.
        site: The service.
    """
    badge = views.with_drawing(views.achievement(version.document, views.Prose()), version.document, site)
    preview = previews.of_achievement(badge, site.achievement(row.slug, version.version), unit=unit.name)
    more = {"retired": row.retired_at is not None, "versions": versions, "following": following, "preview": preview}
    return _achievement_page(badge, slug=row.slug, unit=unit, version=version.version, at=version.published_at, **more)


def _achievement_page(
    badge: views.Badge,
    *,
    slug: str,
    unit: tables.Issuer,
    version: int,
    at: datetime,
    **more: object,
) -> str:
    before, after = ([entry.name for entry in found if entry.name] for found in (badge.learning.prerequisites, badge.learning.stacks_into))
    told = f"Before it: {', '.join(before) or 'nothing'}. It leads to: {', '.join(after) or 'nothing'}."
    return _render(
        "achievement.html",
        slug=slug,
        badge=badge,
        unit=unit,
        version=version,
        published_at=at,
        drawing=pathway.draw(before, badge.name, after),
        told=told,
        **{"retired": False, "versions": (), "following": (), "is_preview": False, "preview": None} | more,
    )


def preview_page(
    document: Mapping[str, Any], *, slug: str, unit: tables.Issuer, version: int, at: datetime, drawing: str | None = None
) -> str:
    """Return the page of an achievement as it would be if a draft were published.

    Args:
        document: The Achievement that would be published.
        slug: Its short name.
        unit: Whose it is.
        version: The number that it would have.
        at: The moment that stands for that of publishing.
        drawing: The SVG that would be drawn of it.
    """
    badge = views.achievement(document, views.Prose())
    if drawing:
        badge = dataclasses.replace(badge, picture=embedded(drawing))
    return _achievement_page(badge, slug=slug, unit=unit, version=version, at=at, is_preview=True)


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


def sign_in_page(*, wanted: str, ways: Ways, fault: str = "", stopped: str = "", email: str = "", no_address: bool = False) -> str:
    """Return the page that asks staff how they want to sign in.

    Args:
        wanted: The path of ours to go on to.
        ways: How people can sign in besides with a token.
        fault: Why the token that was given does not count.
        stopped: Why another way did not lead in.
        email: The address that was given; it stands in the box again.
        no_address: It is none.
    """
    said = {"fault": fault, "stopped": stopped, "email": email, "no_address": no_address}
    return _render("staff/sign_in.html", staff=None, wanted=wanted, ways=ways, **said)


def mailed_page(*, minutes: int, most: int) -> str:
    """Return the page that says that a link was sent, if there is an account: how long it counts, and how many are sent in that time."""
    return _render("staff/mailed.html", staff=None, minutes=minutes, most=most)


def confirm_page(*, name: str, email: str, secret: str) -> str:
    """Return the page that a link opens, with the form that uses it."""
    return _render("staff/confirm.html", staff=None, name=name, email=email, secret=secret)


def entered_page(*, name: str, wanted: str) -> str:
    """Return the page that tells a person that they are signed in, and leads on to `wanted`, a path of ours."""
    return _render("staff/entered.html", staff=None, name=name, wanted=wanted)


def embedded(drawing: str) -> str:
    """Return a drawing of ours as a data URI, for one page alone."""
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}"


def again_page(staff: Staff | None, *, path: str, fields: Mapping[str, str]) -> str:
    """Return the page that gives a form back that could not be read, to be sent again.

    Args:
        staff: Who is signed in; None where nobody is.
        path: Where the form goes.
        fields: What it says.
    """
    return _render("staff/again.html", staff=staff, path=path, fields=fields)


def overview_page(staff: Staff, seen: overseeing.Overview) -> str:
    """Return the first page for staff."""
    return _render("staff/overview.html", staff=staff, seen=seen, states=explaining.STATES)


def source_page(staff: Staff, seen: overseeing.Recorded, *, hook_url: str | None, waiting: bool, steps: str) -> str:
    """Return the page of a source, with what came from it lately.

    Args:
        staff: Who is signed in.
        seen: The source, and what came.
        hook_url: Where it delivers to; None for who may not know.
        steps: What to do in the system, as Markdown.
        waiting: Whether the page looks again by itself, until something has come.
    """
    return staff_page("source", staff, seen=seen, hook_url=hook_url, asked=waiting, waiting=waiting and not seen.events, steps=steps)


def explain_page(
    staff: Staff,
    *,
    asked: str = "",
    found: explaining.Explained | None = None,
    origins: Mapping[int, tables.Source] | None = None,
    names: explaining.Names | None = None,
    people: Sequence[explaining.Person] = (),
    fault: str = "",
) -> str:
    """Return the page that answers why a learner did, or did not, get a badge.

    Args:
        staff: Who is signed in.
        asked: The learner; stands in the box again.
        found: The answer.
        origins: The sources of its events, by their rows.
        names: What its rules and awards are for.
        people: Whom the name may mean, where it may mean several.
        fault: Why there is none.
    """
    called = {} if names is None else {"earns": names.rules, "earned": names.achievements}
    return staff_page("explain", staff, asked=asked, found=found, origins=origins or {}, people=people, fault=fault, **called)


def staff_page(name: str, staff: Staff, **values: object) -> str:
    """Return a page for staff that needs nothing but its values; `name` is that of its template."""
    known: dict[str, object] = {"words": _OUTCOMES, "states": explaining.STATES, "origins": {}, "earns": {}, "earned": {}}
    return _render(f"staff/{name}.html", staff=staff, **known | values)


def reviews_page(staff: Staff, found: Sequence[overseeing.Doubted]) -> str:
    """Return the page of the open reviews."""
    return _render("staff/reviews.html", staff=staff, found=found)


def approvals_page(staff: Staff, found: Sequence[overseeing.Waiting]) -> str:
    """Return the page of the awards that wait for people to agree."""
    return _render("staff/approvals.html", staff=staff, found=found)


def private_page(why: str) -> str:
    """Return the page that stands for a private badge: why it is not shown, and what to do."""
    return _render("private.html", why=why)


def problem_page(problem: Mapping[str, Any], *, status: int) -> str:
    """Return a page that says what went wrong.

    Args:
        problem: An RFC 9457 problem document.
        status: The HTTP status that it is sent with.
    """
    return _render("problem.html", problem=problem, status=status)


def staff_text(template: str, staff: Staff, **values: object) -> str:
    """Return a page for staff out of the template of that name; what strangers wrote goes through `plain` in it."""
    return _render(f"staff/{template}.html", staff=staff, **values)


def learner_text(template: str, **values: object) -> str:
    """Return a page for learners out of the template of that name; what strangers wrote goes through `plain` in it."""
    return _render(f"learner/{template}.html", **values)


def _render(template: str, **values: object) -> str:
    page_name = template.removeprefix("staff/").removesuffix(".html")
    return _ENVIRONMENT.get_template(template).render(page_name=page_name, **values)


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("badgeissuer.web"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
_ENVIRONMENT.install_gettext_callables(languages.gettext, languages.ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
_ENVIRONMENT.filters |= {
    "plain": words.plain,
    "language": words.language,
    "prose": words.prose,
    "link": words.link,
    "picture": words.picture,
    "markdown": words.markdown,
    "moment": words.moment,
    "domain": words.domain,
    "say": instant.say,
    "day": languages.day,
    "minute": languages.minute,
}
_ENVIRONMENT.globals |= {
    "listed": words.LISTED,
    "menu": menu,
    "language": languages.current,
    "languages": languages.ALL,
    "N_": languages.noted,
}
