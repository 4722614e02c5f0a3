"""The form for achievements as data: what is asked, in which order, and which member of a draft each field fills.

Members that no field fills are kept as they are; programs write them by the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from badgeissuer.openbadges import terms
from badgeissuer.web import words

Kind = Literal["line", "area", "choice", "number", "hours", "lines", "several", "flag", "said", "refs", "pick", "picture", "day"]
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked.

    Attributes:
        member: The member that it fills; of an object in a member, both names with a dot between them.
        label: What it is called.
        hint: What is expected.
        kind: How it is written: `lines` are several values, one a line, `several` and `refs` boxes to tick, `said` is yes, no or unsaid.
        options: Values and what they are called, of a choice.
        most: Characters.
        required: Whether nothing can be stored without it.
        rows: Lines that an area shows.
        decides: A member that follows from it, and goes when it changes.
    """

    member: str
    label: str
    hint: str = ""
    kind: Kind = "line"
    options: Options = ()
    most: int = 300
    required: bool = False
    rows: int = 3
    decides: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Something of which there may be several.

    Attributes:
        member: The member that holds them.
        stem: What the names of their fields begin with.
        label: What one is called.
        parts: What is asked of each.
        hint: What is expected.
        named: The fragment that is the id of one where it has no other, `{}` for its number; empty where nothing refers to it.
        most: How many.
        begins: Whether an empty one is shown where there is none.
    """

    member: str
    stem: str
    label: str
    parts: tuple[Field | Group, ...]
    hint: str = ""
    named: str = ""
    most: int = 50
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the form with a heading."""

    key: str
    title: str
    parts: tuple[Field | Group, ...]
    hint: str = ""


def _options(names: frozenset[str]) -> Options:
    return tuple((name, words.spaced(name)) for name in sorted(names))


_LONG = 10_000
_LINE = 2000
_SKILL = (
    Field("targetName", "Skill or standard", most=_LINE),
    Field("targetUrl", "Its address", "Where the framework has it, such as an address in ESCO.", most=_LINE),
    Field("targetFramework", "Framework"),
    Field("targetCode", "Code"),
)
_OUTCOME = (
    Field(
        "statement",
        "A learner then …",
        "One thing that can be seen or tested: “Plots a course with its tidal set.”",
        "area",
        most=_LINE,
        rows=2,
    ),
    Field("proficiencyLevel", "How well", "A word of your taxonomy, such as Apply."),
    Group("alignment", "skill", "Skill", _SKILL, "So that employers and other institutions find it by the words that they know.", most=20),
)
_RUBRIC = (
    Field("name", "Level"),
    Field("points", "Points", most=40),
    Field("description", "What it takes", kind="area", most=_LONG, rows=2),
)
_METHODS: Options = (
    ("Artefact", "Something made"),
    ("Examination", "Examination"),
    ("Oral", "Oral examination"),
    ("Performance", "Performance"),
    ("Portfolio", "Portfolio"),
    ("Project", "Project"),
    ("Simulation", "Simulation"),
)
_WATCHED: Options = (
    ("SupervisedWithIdVerification", "supervised, identity verified"),
    ("SupervisedWithoutIdVerification", "supervised, identity not verified"),
    ("UnsupervisedWithIdVerification", "not supervised, identity verified"),
    ("UnsupervisedWithoutIdVerification", "not supervised, identity not verified"),
)
_MARKERS: Options = (
    ("Teacher", "the teacher"),
    ("SecondMarker", "a second marker"),
    ("ExternalExaminer", "an external examiner"),
    ("WorkplaceAssessor", "an assessor at the workplace"),
    ("Peers", "peers"),
    ("Learner", "the learner"),
    ("Machine", "a machine"),
)
_PART = (
    Field("name", "Name", "Such as Passage plan."),
    Field("description", "What is done", kind="area", most=_LONG),
    Field("assessmentMethod", "Method", kind="choice", options=_METHODS, decides="assessmentType"),
    Field("assessmentOutput", "What the learner hands in or shows", kind="area", most=_LONG, rows=2),
    Field("evaluationMethod", "How it is judged", kind="area", most=_LONG, rows=2),
    Field("assesses", "Outcomes that it assesses", kind="refs"),
    Field("assessmentSupervision", "Under whose eyes", kind="choice", options=_WATCHED),
    Field("markedBy", "Who marks", kind="several", options=_MARKERS),
    Field("aiAssistedMarking", "Machines help with marking", kind="said"),
    Field("hasGroupParticipation", "Learners do it in groups", kind="flag"),
    Field("hasGroupEvaluation", "A group gets one mark", kind="flag"),
    Field("evidenceRequired", "Evidence that is kept", kind="area", most=_LONG, rows=2),
    Field("feedback", "How learners get feedback", kind="area", most=_LONG, rows=2),
    Field("resultType", "Kind of result", "What a badge can say of one learner.", "choice", _options(terms.RESULT_TYPES)),
    Field("valueMin", "Least", most=40),
    Field("valueMax", "Most", most=40),
    Field("requiredValue", "Pass mark", most=100),
    Field(
        "allowedValue",
        "Marks that there are",
        "From the lowest to the highest, one a line; leave it out for numbers.",
        "lines",
        most=_LINE,
        rows=2,
    ),
    Group("rubricCriterionLevel", "level", "Level of the rubric", _RUBRIC, "From the lowest to the highest.", "#result-{}-level-{}"),
    Field("requiredLevel", "Level that is needed to pass", kind="pick"),
)
_LEVEL = (
    Field("framework", "Framework", "Its short name, such as EQF, NZQCF or AQF.", most=21),
    Field("code", "Level", most=40),
    Field("url", "Its address", "Needed for all but the EQF.", most=_LINE),
)
_PARTNER = (
    Field("name", "Name", most=_LINE),
    Field("url", "Page", most=_LINE),
    Field("partnerRole", "Its part in this", most=_LINE),
)
_FORMS: Options = (
    ("Blended", "both online and on site"),
    ("Hybrid", "online or on site, as learners choose"),
    ("OnSite", "on site"),
    ("Online", "online"),
    ("WorkBased", "at work"),
)
_UNITS: Options = (("ECTS", "ECTS"), ("NZ", "New Zealand credits"), ("UK", "UK credits"))
SECTIONS = (
    Section(
        "what",
        "What it is",
        (
            Field("name", "Name", "What is learnt, in few words.", required=True),
            Field(
                "description",
                "Description",
                "What somebody has who has earned it. Employers read this first.",
                "area",
                most=_LONG,
                required=True,
            ),
            Field("achievementType", "Kind", kind="choice", options=_options(terms.ACHIEVEMENT_TYPES)),
            Field("criteria.narrative", "How it is earned", "Markdown: lists, links, emphasis.", "area", most=_LONG, rows=5),
            Field("criteria.id", "Page about that", most=_LINE),
            Field("fieldOfStudy", "Field of study"),
            Field("specialization", "Specialization"),
            Field("inLanguage", "Language of this text", "Such as en or pt-BR.", most=20),
            Field("tag", "Tags", "By which it is found, one a line.", "lines", most=_LINE),
            Field("image", "Picture", "The address of a picture.", "picture", most=_LINE),
        ),
    ),
    Section(
        "outcomes",
        "What a learner can do then",
        (
            Group("learningOutcome", "outcome", "Outcome", _OUTCOME, named="#outcome-{}", begins=True),
            Group(
                "alignment",
                "alignment",
                "Skill or standard of the whole",
                (*_SKILL, Field("targetType", "Kind of node", "Such as ext:ESCOAlignment.")),
                most=100,
            ),
        ),
    ),
    Section(
        "size",
        "Level and workload",
        (
            Group("level", "level", "Level", _LEVEL, most=10, begins=True),
            Field("creditsAvailable", "Credits", kind="number", most=20),
            Field("creditUnit", "What kind of credits", kind="choice", options=_UNITS),
            Field("workload", "Hours of work", "All that a learner puts in: classes, reading, practice, assessment.", "hours", most=20),
            Field("participationType", "How learners take part", kind="choice", options=_FORMS),
            Field("instructionLanguage", "Languages of teaching", "One a line, such as en.", "lines", most=500, rows=2),
        ),
    ),
    Section(
        "assessment",
        "How it is assessed",
        (Group("resultDescription", "part", "Assessed part", _PART, named="#result-{}", begins=True),),
        "Without this, nobody who did not teach it can tell what the badge is worth.",
    ),
    Section(
        "way",
        "Before it, and after it",
        (
            Field("entryRequirement", "What is needed to begin", kind="area", most=_LONG, rows=2),
            Field("prerequisites", "Achievements that come before it", "Their short names, one a line.", "lines", most=_LINE, rows=2),
            Field("stacksInto", "Achievements that it counts towards", "Their short names, one a line.", "lines", most=_LINE, rows=2),
            Field("stackability", "How it can be combined", kind="area", most=_LONG, rows=2),
        ),
    ),
    Section(
        "quality",
        "Who stands behind it",
        (
            Field("qualityAssurance.name", "Who assures the quality", most=_LINE),
            Field("qualityAssurance.url", "Page", most=_LINE),
            Field("qualityAssurance.description", "How", kind="area", most=_LONG, rows=2),
            Group("partner", "partner", "Partner", _PARTNER, most=20),
            Field("reviewDate", "To be reviewed by", "You are reminded before. What happens after it, your unit decides.", "day", most=10),
        ),
    ),
)
PARTS: tuple[Field | Group, ...] = tuple(part for section in SECTIONS for part in section.parts)
"""Everything that is asked of an achievement."""
