"""What a badge says of the learning behind it, for people: how much, at which level, which outcomes, and how each part was assessed.

These are the members of the microcredential extension, with the alignments that say the rest. Words of its vocabularies become phrases;
others are shown as they stand, since anybody may have written them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from badgeissuer.openbadges import drafting, microcredential
from badgeissuer.vc.credential import as_list
from badgeissuer.web import languages, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    Node = Mapping[str, Any]

STATEMENT_CHARACTERS = 2000
QUOTED_CHARACTERS = 160
"""How much of an outcome is said again where a part assesses it."""
_CODED = re.compile(r"ext:([A-Za-z-]{1,20})Alignment")
_LEADING = {drafting.PREREQUISITE, drafting.STACKS_INTO}
_UNITS = {"ECTS": "ECTS", "NZ": "New Zealand", "UK": "UK"}
_PARTICIPATION = {
    "Blended": languages.noted("Partly online, partly on site"),
    "Hybrid": languages.noted("On site and online at the same time"),
    "OnSite": languages.noted("On site"),
    "Online": languages.noted("Online"),
    "WorkBased": languages.noted("At work"),
}
_METHODS = {
    "Artefact": languages.noted("Piece of work"),
    "Artifact": languages.noted("Piece of work"),
    "Exam": languages.noted("Examination"),
    "Oral": languages.noted("Oral examination"),
}
_SUPERVISION = {
    "SupervisedWithIdVerification": languages.noted("Supervised, identity checked"),
    "SupervisedWithoutIdVerification": languages.noted("Supervised, identity not checked"),
    "UnsupervisedWithIdVerification": languages.noted("Unsupervised, identity checked"),
    "UnsupervisedWithoutIdVerification": languages.noted("Unsupervised, identity not checked"),
}
_MARKERS = {
    "ExternalExaminer": languages.noted("an external examiner"),
    "Learner": languages.noted("the learner"),
    "Machine": languages.noted("a machine"),
    "Peers": languages.noted("other learners"),
    "SecondMarker": languages.noted("a second marker"),
    "Teacher": languages.noted("a teacher"),
    "WorkplaceAssessor": languages.noted("an assessor at the workplace"),
}
_GROUPS = {
    (False, False): languages.noted("None: each learner works and is judged alone"),
    (False, True): languages.noted("Each learner works alone, and they are judged as a group"),
    (False, None): languages.noted("Each learner works alone"),
    (True, False): languages.noted("Learners work in a group, and each is judged alone"),
    (True, True): languages.noted("Learners work in a group, and are judged as a group"),
    (True, None): languages.noted("Learners work in a group"),
    (None, False): languages.noted("Each learner is judged alone"),
    (None, True): languages.noted("Learners are judged as a group"),
}
"""Whether learners work in a group, and whether they are judged as one; None where it is not said."""
_AI = {
    True: languages.noted("AI helps with the marking"),
    False: languages.noted("No AI is used in the marking"),
    None: languages.noted("Not declared"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the learner then can do, how well, and the skills of frameworks in it."""

    statement: str
    proficiency: str
    skills: tuple[words.Entry, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """How one part was assessed.

    Attributes:
        facts: Method, supervision and who marks, each as a phrase.
        details: What else there is to say: `(label, text)`.
        ai: What is declared about marking with AI.
        outcomes: The outcomes that it assesses.
    """

    facts: tuple[str, ...]
    details: tuple[tuple[str, str], ...]
    ai: str
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Learning:
    """What an achievement says of the learning.

    Attributes:
        gist: Workload, credits and level, each as a phrase; empty where neither of workload, credit unit and level is said.
        has_credits: Whether the gist says the credits.
        levels: The levels as their frameworks have them.
        alignments: What it is aligned with and is not shown elsewhere.
    """

    gist: tuple[str, ...]
    has_credits: bool
    levels: tuple[words.Entry, ...]
    participation: str
    languages: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    alignments: tuple[words.Entry, ...]
    entry_requirement: str
    prerequisites: tuple[words.Entry, ...]
    stackability: str
    stacks_into: tuple[words.Entry, ...]
    quality: tuple[words.Entry, ...]
    partners: tuple[words.Entry, ...]
    review: date | None


def learning(achievement: Node, *, earned: object) -> Learning:
    """Return what an achievement says of the learning.

    Args:
        achievement: The Achievement, as anybody may have written it.
        earned: The credits that this learner earned, likewise.
    """
    aligned = words.objects(achievement.get("alignment"))
    levels = [item for item in aligned if _level(item)]
    outcomes = words.objects(achievement.get("learningOutcome"))
    skills = {url: _aligned(item) for item in aligned if isinstance(url := item.get("targetUrl"), str)}
    worked, credits_ = _workload(achievement.get("workload")), _credits(achievement, earned)
    is_amount = bool(worked or levels or words.plain(achievement.get("creditUnit")))
    used = {url for item in outcomes for url in _references(item.get("relatedSkill"))}
    known = _Shown(frozenset(used), has_unit=bool(credits_ and words.plain(achievement.get("creditUnit"))))
    return Learning(
        gist=tuple(filter(None, [worked, credits_, *dict.fromkeys(map(_level, levels))])) if is_amount else (),
        has_credits=is_amount and bool(credits_),
        levels=tuple(map(_aligned, levels)),
        participation=_phrase(achievement.get("participationType"), _PARTICIPATION),
        languages=tuple(map(words.language, words.names(achievement.get("instructionLanguage")))),
        outcomes=tuple(_outcome(item, skills) for item in outcomes),
        alignments=tuple(_aligned(item) for item in aligned if not known.has(item)),
        entry_requirement=words.prose(achievement.get("entryRequirement")),
        prerequisites=tuple(_aligned(item) for item in aligned if item.get("targetType") == drafting.PREREQUISITE),
        stackability=words.prose(achievement.get("stackability")),
        stacks_into=tuple(_aligned(item) for item in aligned if item.get("targetType") == drafting.STACKS_INTO),
        quality=tuple(_body(item) for item in words.objects(achievement.get("qualityAssurance"))),
        partners=tuple(_body(item) for item in words.objects(achievement.get("partner"))),
        review=words.day(achievement.get("reviewDate")),
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What of the alignments is said in another place already."""

    skills: frozenset[str]
    has_unit: bool

    def has(self, item: Node) -> bool:
        kind, url = item.get("targetType"), item.get("targetUrl")
        if isinstance(kind, str) and kind in _LEADING:
            return True
        is_said = bool(_level(item)) or (isinstance(url, str) and url in self.skills)
        is_unit = self.has_unit and kind == drafting.CREDIT_UNIT
        return (is_said or is_unit) and not words.prose(item.get("targetDescription"))  # which stands nowhere else


def statements(achievement: Node) -> dict[str, str]:
    """Return the outcomes by their ids, short enough to be said again."""
    found = words.objects(achievement.get("learningOutcome"))
    return {item["id"]: words.plain(item.get("statement"), QUOTED_CHARACTERS) for item in found if isinstance(item.get("id"), str)}


def part(description: Node, outcomes: Mapping[str, str]) -> Part | None:
    """Return how a part was assessed; None where its description does not say that it is an assessed part.

    Args:
        description: The ResultDescription.
        outcomes: What `statements` returned of its achievement.
    """
    if not microcredential.is_assessed(dict(description)):
        return None
    named = dict.fromkeys(words.names(description.get("markedBy")))
    markers = [languages.gettext(_MARKERS[word]) if word in _MARKERS else words.spaced(word).lower() for word in named]
    facts = [
        _phrase(description.get("assessmentMethod"), _METHODS) or _phrase(description.get("assessmentType"), _METHODS),
        _phrase(description.get("assessmentSupervision"), _SUPERVISION),
        languages.gettext("Marked by %(markers)s") % {"markers": _joined(markers)} if markers else "",
    ]
    names = _references(description.get("assesses"))
    return Part(
        facts=tuple(filter(None, facts)),
        details=tuple((label, text) for label, text in _details(description) if text),
        ai=languages.gettext(_AI[_declared(description.get("aiAssistedMarking"))]),
        outcomes=tuple(filter(None, (outcomes.get(name, "") for name in names))),
    )


def _details(description: Node) -> Iterator[tuple[str, str]]:
    yield languages.gettext("What it is"), words.prose(description.get("description"))
    yield languages.gettext("What is handed in or done"), words.prose(description.get("assessmentOutput"))
    yield languages.gettext("How it is judged"), words.prose(description.get("evaluationMethod"))
    working, judged = (_declared(description.get(name)) for name in ("hasGroupParticipation", "hasGroupEvaluation"))
    yield languages.gettext("Group work"), languages.gettext(_GROUPS.get((working, judged), ""))
    yield languages.gettext("Evidence that is kept"), words.prose(description.get("evidenceRequired"))
    yield languages.gettext("Feedback"), words.prose(description.get("feedback"))


def _outcome(item: Node, skills: Mapping[str, words.Entry]) -> Outcome:
    related = _references(item.get("relatedSkill"))
    return Outcome(
        words.plain(item.get("statement"), STATEMENT_CHARACTERS),
        words.plain(item.get("proficiencyLevel")),
        tuple(skills.get(url) or words.Entry("", (), "", words.link(url)) for url in related if url in skills or words.link(url)),
    )


def _aligned(item: Node) -> words.Entry:
    notes = words.names([item.get("targetFramework"), item.get("targetCode")])
    return words.Entry(
        words.plain(item.get("targetName")), notes, words.prose(item.get("targetDescription")), words.link(item.get("targetUrl"))
    )


def _body(item: Node) -> words.Entry:
    """Return somebody who assures the quality, or has a part in it."""
    said = words.prose(item.get("description")) or words.prose(item.get("partnerRole"))
    return words.Entry(words.plain(item.get("name")), (), said, words.link(item.get("url")))


def _level(item: Node) -> str:
    """Return the level that an alignment names, as a phrase; empty where it is with something else."""
    kind, code = item.get("targetType"), words.plain(item.get("targetCode"))
    found = _CODED.fullmatch(kind) if isinstance(kind, str) else None
    if not found or not code:
        return ""
    phrase = f"{found[1]} level {code}"
    said = languages.gettext("%(framework)s level %(code)s") % {"framework": found[1], "code": code}
    return said if found[1] in drafting.QUALIFICATIONS or words.plain(item.get("targetName")).lower() == phrase.lower() else ""


def _workload(value: object) -> str:
    """Return hours and minutes of work; what is no duration of these is said as it stands."""
    hours, minutes = divmod(microcredential.minutes(value), 60)
    counted = [
        languages.ngettext("%(num)s hour", "%(num)s hours", hours) % {"num": f"{hours:,}"} if hours else "",
        languages.ngettext("%(num)s minute", "%(num)s minutes", minutes) % {"num": minutes} if minutes else "",
    ]
    if hours or minutes:
        return languages.gettext("%(time)s of work") % {"time": " ".join(filter(None, counted))}
    said = words.plain(value)
    return said and languages.gettext("Workload: %(workload)s") % {"workload": said}


def _credits(achievement: Node, earned: object) -> str:
    available, earned = words.number(achievement.get("creditsAvailable")), words.number(earned)
    unit = words.plain(achievement.get("creditUnit"))
    count = available or earned
    is_part = earned and available and earned != available
    said = languages.gettext("%(earned)s of %(available)s") % {"earned": earned, "available": available} if is_part else count
    credit = languages.ngettext("credit", "credits", 1 if count == "1" else 2)
    phrase = languages.gettext("%(number)s %(unit)s %(credits)s") % {"number": said, "unit": _UNITS.get(unit, unit), "credits": credit}
    return said and " ".join(phrase.split())


def _phrase(value: object, phrases: Mapping[str, str]) -> str:
    word = words.plain(value)
    return languages.gettext(phrases[word]) if word in phrases else words.spaced(word)


def _declared(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _joined(items: list[str]) -> str:
    return languages.gettext(" and ").join(filter(None, [", ".join(items[:-1]), items[-1]]))


def _references(value: object) -> tuple[str, ...]:
    """Return the ids or URLs that a member names, each once."""
    return tuple(dict.fromkeys(item for item in as_list(value)[: words.LISTED] if isinstance(item, str)))
