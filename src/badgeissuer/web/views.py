"""What credentials say, made fit to be shown: strangers wrote all of it, so it goes through `words` here, before a template sees it.

Nothing here judges: whether a credential may be shown at all is for `verdicts` to say.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from markupsafe import Markup, escape

from badgeissuer.openbadges import addresses, clr, endorsement, exchange
from badgeissuer.vc import presentation
from badgeissuer.vc.credential import as_list
from badgeissuer.web import learning, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from badgeissuer.openbadges.addresses import Site

MARKDOWN_CHARACTERS = 3 * words.PROSE_CHARACTERS
"""How much Markdown is read for one page; reading it takes its time, and what is beyond stays plain text."""


class Prose:
    """Reads Markdown until a page has had enough of it."""

    def __init__(self, characters: int = MARKDOWN_CHARACTERS) -> None:
        self._left = characters

    def markdown(self, value: object) -> Markup:
        """Return Markdown as HTML; as plain text once the page has had enough."""
        text = words.prose(value)
        self._left -= len(text)
        return words.markdown(text) if self._left >= 0 else escape(text)


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
    part: learning.Part | None = None


@dataclass(frozen=True, slots=True)
class Learner:
    """How a document says whom it is about.

    Attributes:
        identities: How the learner is named: `(kind, hashed)`. What an identity says is never shown.
        did: The learner's DID, if any.
    """

    identities: tuple[tuple[str, bool], ...]
    did: str


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says.

    Attributes:
        facts: Plain members of achievement and subject, by their name in the standard.
        dates: Moments of the document and its subject, likewise; None where not given.
    """

    shape: ClassVar[str] = "badge"

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
    learning: learning.Learning
    assessments: tuple[Assessment, ...]
    evidence: tuple[words.Entry, ...]
    learner: Learner
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Endorsement:
    """What somebody says of a badge, or of something in it.

    Attributes:
        about: Which part of the document around it is meant: `whole`, `achievement`, `issuer`, `learner`; empty where none of these.
    """

    shape: ClassVar[str] = "endorsement"

    name: str
    comment: Markup
    about: str
    subject: str
    dates: Mapping[str, datetime | None]


@dataclass(frozen=True, slots=True)
class Record:
    """What a learner record says of itself; the credentials in it speak for themselves."""

    shape: ClassVar[str] = "record"

    name: str
    description: str
    is_partial: bool
    dates: Mapping[str, datetime | None]
    learner: Learner


@dataclass(frozen=True, slots=True)
class Presentation:
    """A presentation: that somebody shows credentials is all that it says."""

    shape: ClassVar[str] = "presentation"


View: TypeAlias = Badge | Endorsement | Record | Presentation


def view(document: Mapping[str, Any], prose: Prose, *, around: Mapping[str, Any] | None = None) -> View:
    """Return what a document says, by the kind that it says it is of.

    Args:
        document: The document.
        prose: What is left to read for the page.
        around: The document that it stands in.
    """
    source = dict(document)
    if presentation.is_presentation(source):
        return Presentation()
    if clr.is_clr(source):
        return _record(source)
    return _endorsement(source, prose, around or {}) if endorsement.is_endorsement(source) else _badge(source, prose)


def _endorsement(document: Mapping[str, Any], prose: Prose, around: Mapping[str, Any]) -> Endorsement:
    subject = _first(document.get("credentialSubject"))
    return Endorsement(
        name=words.plain(document.get("name")),
        comment=prose.markdown(subject.get("endorsementComment")),
        about=_named(subject.get("id"), around),
        subject=words.plain(subject.get("id")),
        dates=_dates(document),
    )


def _named(identifier: object, around: Mapping[str, Any]) -> str:
    subject, issuer = _first(around.get("credentialSubject")), around.get("issuer")
    known = {
        "whole": around.get("id"),
        "achievement": _first(subject.get("achievement")).get("id"),
        "issuer": issuer.get("id") if isinstance(issuer, dict) else issuer,
        "learner": subject.get("id"),
    }
    return next((name for name, value in known.items() if isinstance(value, str) and value == identifier), "")


def _record(document: Mapping[str, Any]) -> Record:
    return Record(
        name=words.plain(document.get("name")),
        description=words.prose(document.get("description")),
        is_partial=document.get("partial") is True,
        dates=_dates(document),
        learner=_learner(_first(document.get("credentialSubject"))),
    )


def _dates(document: Mapping[str, Any]) -> dict[str, datetime | None]:
    """Return the moments of a document by their names of today, also where the data model 1.1 called them otherwise."""
    begins, ends = period(document)
    return {"awardedDate": words.moment(document.get("awardedDate")), "validFrom": begins, "validUntil": ends}


def period(document: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return from when until when a document counts, as far as it says so."""
    begins, ends = (document.get(new, document.get(old)) for new, old in (("validFrom", "issuanceDate"), ("validUntil", "expirationDate")))
    return words.moment(begins), words.moment(ends)


def _learner(subject: Mapping[str, Any]) -> Learner:
    owner = words.plain(subject.get("id"))
    identities = ((words.plain(item.get("identityType")), item.get("hashed") is True) for item in words.objects(subject.get("identifier")))
    return Learner(tuple(identities), owner if owner.startswith("did:") else "")


def _badge(document: Mapping[str, Any], prose: Prose) -> Badge:
    subject = _first(document.get("credentialSubject"))
    achievement = _first(subject.get("achievement"))
    criteria = _first(achievement.get("criteria"))
    assessments = tuple(itertools.islice(_assessments(subject, achievement), words.LISTED))
    listed = [document.get("evidence"), *(achievement.get(name) for name in ("alignment", "learningOutcome", "partner", "tag"))]
    return Badge(
        name=words.plain(achievement.get("name")) or words.plain(document.get("name")),
        kind=words.spaced(achievement.get("achievementType")),
        description=words.prose(achievement.get("description")),
        facts={name: words.plain(achievement.get(name)) for name in ("fieldOfStudy", "humanCode", "version")}
        | {name: words.plain(subject.get(name)) for name in ("licenseNumber", "role", "term")}
        | {"inLanguage": words.language(achievement.get("inLanguage"))},
        dates=_dates(document) | {name: words.moment(subject.get(name)) for name in ("activityStartDate", "activityEndDate")},
        picture=words.picture(achievement.get("image")) or words.picture(document.get("image")),
        criteria=prose.markdown(criteria.get("narrative")),
        criteria_link=words.link(criteria.get("id")),
        narrative=prose.markdown(subject.get("narrative")),
        credits_earned=words.number(subject.get("creditsEarned")),
        credits_available=words.number(achievement.get("creditsAvailable")),
        tags=words.names(achievement.get("tag")),
        learning=learning.learning(achievement, earned=subject.get("creditsEarned")),
        assessments=assessments,
        evidence=tuple(_evidence(item, prose) for item in words.objects(document.get("evidence"))),
        learner=_learner(subject),
        is_cut=max(len(assessments), *(len(as_list(value)) - 1 for value in listed)) >= words.LISTED,
    )


def without_results(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a badge without what its learner reached; the scales stay."""
    subject = document.get("credentialSubject")
    kept = [{name: value for name, value in one.items() if name != "result"} for one in words.objects(subject)]
    return dict(document) | {"credentialSubject": kept[0] if isinstance(subject, dict) else kept}


def with_drawing(badge: Badge, achievement: Mapping[str, Any], site: Site) -> Badge:
    """Return a badge with the picture that was drawn of its achievement, where that is one of this service: pages load nothing else."""
    own, image = str(achievement.get("id")), achievement.get("image")
    path = site.path_of(own + addresses.DRAWN) if exchange.is_drawn(image, own) else None
    return dataclasses.replace(badge, picture=path) if path and _DRAWN.fullmatch(path) else badge


_DRAWN = re.compile(r"/a/[a-z0-9-]{1,64}/[1-9][0-9]{0,9}" + re.escape(addresses.DRAWN))


def badge(document: Mapping[str, Any]) -> Badge:
    """Return what a badge of ours says."""
    return _badge(document, Prose())


def achievement(document: Mapping[str, Any], prose: Prose) -> Badge:
    """Return what a page says of an achievement that nobody has to have: a badge without a learner."""
    return _badge({"credentialSubject": {"achievement": document}}, prose)


def _evidence(item: Mapping[str, Any], prose: Prose) -> words.Entry:
    notes, narrative = words.names(item.get("genre")), prose.markdown(item.get("narrative"))
    return words.Entry(words.plain(item.get("name")), notes, words.prose(item.get("description")), words.link(item.get("id")), narrative)


def _assessments(subject: Mapping[str, Any], achievement: Mapping[str, Any]) -> Iterator[Assessment]:
    """Join what can be achieved with what this learner achieved; results that describe nothing known stand at the end."""
    results = words.objects(subject.get("result"))
    descriptions = words.objects(achievement.get("resultDescription"))
    statements = learning.statements(achievement)
    for description in descriptions:
        about = [item for item in results if item.get("resultDescription", "") == description.get("id")]
        part = learning.part(description, statements)
        for number, result in enumerate(about or [{}]):
            yield _assessment(description, result, part if number == 0 else None)  # it is the same for every result
    known = [description.get("id") for description in descriptions]
    yield from (_assessment({}, result, None) for result in results if result.get("resultDescription") not in known)


def _assessment(description: Mapping[str, Any], result: Mapping[str, Any], part: learning.Part | None) -> Assessment:
    return Assessment(
        name=words.plain(description.get("name")),
        kind=words.spaced(description.get("resultType")),
        value=words.plain(result.get("value")),
        status=words.spaced(result.get("status")),
        lowest=words.plain(description.get("valueMin")),
        highest=words.plain(description.get("valueMax")),
        required=words.plain(description.get("requiredValue")),
        allowed=words.names(description.get("allowedValue")),
        levels=tuple(
            Level(
                words.plain(level.get("name")),
                words.prose(level.get("description")),
                reached=level.get("id", "") == result.get("achievedLevel"),
                required=level.get("id", "") == description.get("requiredLevel"),
            )
            for level in words.objects(description.get("rubricCriterionLevel"))
        ),
        part=part,
    )


def _first(value: object) -> Mapping[str, Any]:
    return next(iter(words.objects(value)), {})
