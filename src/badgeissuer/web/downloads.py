"""What a badge can be taken home as: a picture with the badge in it, a certificate to print, and a card for places that show links.

The same badge in the same state gives the same bytes. Of the learner only the certificate tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import select

from badgeissuer import authoring, branding, depicting, problem
from badgeissuer.openbadges import baking
from badgeissuer.rendering import card, certificate, code
from badgeissuer.store import tables
from badgeissuer.vc import document
from badgeissuer.vc.document import JsonObject
from badgeissuer.web import headers, languages, public, verdicts, views
from badgeissuer.web.api.shapes import PROBLEMS
from badgeissuer.web.badges import FAULTS, Badge, Shown, reported
from badgeissuer.web.service import Service, Using

ROUTER = APIRouter(tags=["public"], responses={status: PROBLEMS[status] for status in (400, 404, 503)})
_TYPES = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml"}
_ENDED = {
    "revoked": "This badge was revoked and does not count any more.",
    "suspended": "This badge is suspended and does not count for now.",
    "expired": "This badge has expired.",
    "unproven": "This badge does not pass its own check any more. Its page says why.",
}
"""Situations of a verdict in which a certificate must not be taken for a good one."""


def _body(kind: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "The file.", "content": {_TYPES[kind]: {"schema": {"type": "string", "format": "binary"}}}}}


def _of_badge(kind: str) -> dict[int | str, dict[str, Any]]:
    return _body(kind) | {403: FAULTS[403]}


@dataclass(frozen=True, slots=True)
class _Subject:
    """A badge with what is needed to show it."""

    badge: Shown
    content: JsonObject
    line: Sequence[tables.Issuer]
    learner: str
    drawing: str | None

    @property
    def achievement(self) -> JsonObject:
        """The achievement as it stands in the badge."""
        found: JsonObject = self.content["credentialSubject"]["achievement"]
        return found


@ROUTER.get("/c/{uuid}.png", responses=_of_badge("png"), response_class=Response, summary="Download a badge as a PNG")
def png(badge: Badge, request: Request, using: Using) -> Response:
    """Give the picture of the badge with the badge in it."""
    return _file(request, badge, _baked(_subject(badge, using), lambda found: found.png), "png")


@ROUTER.get("/c/{uuid}.svg", responses=_of_badge("svg"), response_class=Response, summary="Download a badge as an SVG")
def svg(badge: Badge, request: Request, using: Using) -> Response:
    """Give the picture of the badge as a drawing, with the badge in it."""
    return _file(request, badge, _baked(_subject(badge, using), lambda found: found.svg), "svg")


@ROUTER.get("/c/{uuid}.pdf", responses=_of_badge("pdf"), response_class=Response, summary="Download the certificate of a badge")
def pdf(badge: Badge, request: Request, using: Using) -> Response:
    """Give a certificate to print, with the signed badge in the file; one that does not count any more says so."""
    return _file(request, badge, certificate_of(badge, using), "pdf")


def certificate_of(badge: Shown, using: Service) -> bytes:
    """Return the certificate of a badge, with what whoever asks may see."""
    return certificate.draw(_certificate(_subject(badge, using), using))


@ROUTER.get("/c/{uuid}/card.png", responses=_of_badge("png"), response_class=Response, summary="Get the card of a badge")
def badge_card(badge: Badge, request: Request, using: Using) -> Response:
    """Give what other sites show beside a link to the badge, 1200 by 630 pixels; it does not say whose badge it is."""
    subject = _subject(badge, using)
    body = _card(subject.achievement, subject.line, drawing=subject.drawing, eyebrow="Open Badge")
    return headers.kept(request, body, media_type="image/png", how_long=headers.BY_THE_READER_ALONE, **badge.robots, **public.OPEN)


@ROUTER.get("/c/{uuid}/code.svg", responses=_of_badge("svg"), response_class=Response, summary="Get the QR code of a badge")
def qr_code(badge: Badge, request: Request, using: Using) -> Response:
    """Give the code that leads to the badge, for paper; it never changes."""
    body = code.draw(using.site.credential(badge.uuid), border=code.QUIET).encode()
    sent = {"Content_Security_Policy": public.DRAWING_POLICY, **badge.robots, **public.OPEN}
    return headers.kept(request, body, media_type=_TYPES["svg"], how_long=headers.BY_THE_READER_ALONE, **sent)


@ROUTER.get("/a/{slug}/{version}/card.png", responses=_body("png"), response_class=Response, summary="Get the card of an achievement")
def achievement_card(
    slug: Annotated[str, Path(max_length=64)], version: Annotated[int, Path(ge=1, lt=2**31)], request: Request, using: Using
) -> Response:
    """Give what other sites show beside a link to the achievement, 1200 by 630 pixels."""
    with using.reading() as session:
        found = authoring.published(session, slug, version=version)
        owner = session.get_one(tables.Issuer, authoring.achievement(session, slug).issuer_id)
        line, drawing = branding.lineage(session, owner), found.drawing
    body = _card(found.document, line, drawing=drawing, eyebrow="Can be earned as an Open Badge")
    return headers.kept(request, body, media_type="image/png", how_long=headers.FOR_FIVE_MINUTES, **public.OPEN)


def _subject(badge: Shown, using: Service) -> _Subject:
    with using.reading() as session:
        line = branding.lineage(session, session.get_one(tables.Issuer, badge.award.issuer_id))
        learner = session.get_one(tables.Learner, badge.award.learner_id).name or ""
        version = tables.AchievementVersion
        drawing = session.scalar(select(version.drawing).where(version.id == badge.version.id))
    return _Subject(badge, document.parse(badge.credential.document), line, learner, drawing)


def _baked(subject: _Subject, form: Callable[[depicting.Picture], bytes]) -> bytes:
    """Return the best picture that holds the badge: one with a long badge in it may be longer than what is read again."""
    refused: problem.Problem | None = None
    for found in depicting.pictures(subject.achievement, subject.line, drawing=subject.drawing):
        try:
            return baking.bake(form(found), subject.badge.credential.document.decode())
        except problem.Problem as fault:
            refused = fault
    raise refused or problem.NotFound(problem.NOTHING)


def _card(achievement: JsonObject, line: Sequence[tables.Issuer], *, drawing: str | None, eyebrow: str) -> bytes:
    return card.draw(
        card.Card(
            eyebrow=eyebrow,
            achievement=str(achievement["name"]),
            unit=line[0].name,
            above=line[-1].name if line[1:] else "",
            picture=next(depicting.pictures(achievement, line, drawing=drawing)).pixels,
            colour=branding.brand(line).colour,
            language=str(achievement.get("inLanguage") or ""),
        )
    )


def _certificate(subject: _Subject, using: Service) -> certificate.Certificate:
    badge = subject.badge
    said = views.badge(subject.content)
    achievement, line = subject.achievement, subject.line
    awarded = said.dates["awardedDate"] or badge.award.awarded_at
    return certificate.Certificate(
        name=subject.learner,
        achievement=said.name,
        kind=said.kind.lower() or "achievement",
        description=said.description,
        unit=line[0].name,
        above=[row.name for row in line[1:]],
        picture=next(depicting.pictures(achievement, line, drawing=subject.drawing)).pixels,
        logo=depicting.logo(line),
        colour=branding.brand(line).colour,
        language=str(achievement.get("inLanguage") or ""),
        facts=_facts(said, awarded, shows_results=badge.shows_results),
        criteria=said.criteria.striptags(),
        outcomes=[one.statement for one in said.learning.outcomes],
        warning=_ENDED.get(verdicts.judged(reported(badge, using), subject.content).situation, ""),
        url=using.site.credential(badge.uuid),
        credential=badge.credential.document,
        at=awarded,
    )


def _facts(said: views.Badge, awarded: datetime, *, shows_results: bool) -> list[tuple[str, str]]:
    reached = [f"{one.name}: {one.value}" for one in said.assessments if one.value] if shows_results else []
    until = said.dates["validUntil"]
    found = [
        ("Awarded", languages.day(awarded)),
        ("Valid until", languages.day(until) if until else "No end date"),
        ("Amount and level", " · ".join(said.learning.gist)),
        ("Credits", "" if said.learning.has_credits else said.credits_earned or _up_to(said.credits_available)),
        ("Results", " · ".join(reached)),
        ("Field of study", said.facts["fieldOfStudy"]),
        ("Role", said.facts["role"]),
        ("Term", said.facts["term"]),
        ("Licence number", said.facts["licenseNumber"]),
    ]
    return [(label, text) for label, text in found if text]


def _up_to(number: str) -> str:
    return f"up to {number}" if number else ""


def _file(request: Request, badge: Shown, body: bytes, kind: str) -> Response:
    more = badge.robots | ({"Content_Security_Policy": public.DRAWING_POLICY} if kind == "svg" else {})
    more |= {"X_Robots_Tag": "noindex"} if kind == "pdf" else {}  # whoever it names does not look for themselves under their name
    return headers.kept(
        request,
        body,
        media_type=_TYPES[kind],
        how_long=headers.BY_THE_READER_ALONE,
        Content_Disposition=f'attachment; filename="{badge.file_name(kind)}"',
        **more,
        **public.OPEN,
    )
