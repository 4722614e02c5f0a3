"""What Open Badges has no member for, and a microcredential needs: outcomes as statements, workload, form of participation, assessment.

Members of this extension stand in an Achievement, and those of an assessed part in its ResultDescription. Their words are those of one
small context, the same on every installation of this service; where the European Learning Model or 1EdTech's assessment extension have a
term, its IRI is used. What a core member or an alignment can say is said there, and not here.

Source: OB-3.0 "Extending and Profiling the Standard"; ELM 3; 1EdTech Assessment Extension 2.0 (names, IRIs and required members).
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from datetime import date
from fractions import Fraction
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from badgeissuer.openbadges import addresses, fit, model, values
from badgeissuer.problem import Finding, below
from badgeissuer.vc import contexts, shape
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from badgeissuer.vc.document import JsonObject

PATH = "/ns/microcredential/v1"
"""Where the context stands below the base URL of a service."""
SCHEMA_PATH = f"{PATH}/schema.json"
SHA256 = "d05b93ed3028a4f366e32c815a113055a602f9399cafb4a12ceeb8350ad4e610"
"""Of the RFC 8785 form of the context; version 1 never changes."""
SCHEMA_SHA256 = "11f1eb773b3b7c3e9aa21526804f2af7a8efab2cc5ebcac5a1e5663f1fa7e48a"
SCHEMA_TYPE = "1EdTechJsonSchemaValidator2019"
ASSESSED = "AssessmentResultDescription"
CREDIT_HOURS: Mapping[str, tuple[int, int]] = MappingProxyType({"ECTS": (25, 30), "NZ": (10, 10), "UK": (10, 10)})
"""Notional hours of learning of one credit, least and most: ECTS Users' Guide 2015; NZQA; QAA."""
_OURS = re.compile(r"(https?://[^?#]+)/a/[^/?#]+/[1-9][0-9]*")
_WORKLOAD = re.compile(r"PT(?=\d)(?:(\d{1,6})H)?(?:([1-5]?\d)M)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _workload(value: str) -> str:
    if not minutes(value):
        raise ValueError("must be hours and minutes of work written as PT60H or PT7H30M")
    return value


def _date(value: str) -> str:
    if not _DATE.fullmatch(value) or not _is_day(value):
        raise ValueError("must be a date written as 2029-12-31")
    return value


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def minutes(workload: object) -> int:
    """Return the minutes of an ISO 8601 duration of hours and minutes, as workloads are written; 0 for anything else."""
    found = _WORKLOAD.fullmatch(workload) if isinstance(workload, str) else None
    return int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0


Statement = Annotated[str, Field(min_length=1, max_length=2000)]
Essay = Annotated[str, Field(min_length=1, max_length=10_000)]
Workload = Annotated[str, AfterValidator(fit.Check(_workload))]
Date = Annotated[str, AfterValidator(fit.Check(_date))]


class LearningOutcome(model.View):
    """What a learner then knows, understands or can do. `related_skill` names skills of frameworks, each of them aligned too."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("LearningOutcome"))]
    statement: Statement
    proficiency_level: Statement | None = None
    related_skill: values.Many[values.Url] | None = None


class QualityAssurance(model.View):
    """Who assures the quality, and how."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("QualityAssurance"))]
    name: Statement
    url: values.Url | None = None
    description: Essay | None = None


class Partner(model.View):
    """Another body with a part in it: an employer, an industry body, a provider."""

    id: values.Url
    type: Annotated[values.Types, AfterValidator(values.contains("Partner"))]
    name: Statement
    url: values.Url | None = None
    partner_role: Statement | None = None


class Metadata(model.View):
    """The members of an Achievement."""

    learning_outcome: values.Many[LearningOutcome] | None = None
    workload: Workload | None = None
    credit_unit: Literal["ECTS", "NZ", "UK"] | None = None
    participation_type: Literal["Blended", "Hybrid", "OnSite", "Online", "WorkBased"] | None = None
    instruction_language: values.Many[values.Language] | None = None
    entry_requirement: Essay | None = None
    stackability: Essay | None = None
    quality_assurance: QualityAssurance | None = None
    partner: values.Many[Partner] | None = None
    review_date: Date | None = None


class Assessment(model.View):
    """The members of a ResultDescription that is an assessed part; the required ones are those of 1EdTech's extension."""

    type: Annotated[values.Types, AfterValidator(values.contains(ASSESSED))]
    description: Essay
    assessment_type: Literal["Artifact", "Exam", "Performance"]
    assessment_output: Essay
    evaluation_method: Essay
    has_group_participation: bool
    has_group_evaluation: bool
    assessment_method: Literal["Artefact", "Examination", "Oral", "Performance", "Portfolio", "Project", "Simulation"] | None = None
    assessment_supervision: (
        Literal[
            "SupervisedWithIdVerification",
            "SupervisedWithoutIdVerification",
            "UnsupervisedWithIdVerification",
            "UnsupervisedWithoutIdVerification",
        ]
        | None
    ) = None
    marked_by: (
        values.Many[Literal["ExternalExaminer", "Learner", "Machine", "Peers", "SecondMarker", "Teacher", "WorkplaceAssessor"]] | None
    ) = None
    ai_assisted_marking: bool | None = None
    evidence_required: Essay | None = None
    feedback: Essay | None = None
    assesses: values.Many[values.Url] | None = None


def _names(view: type[model.View], *core: str) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in view.model_fields.items()) - set(core)


MEMBERS = _names(Metadata)
"""The members that an Achievement may have besides those of the standard."""
ASSESSMENT_MEMBERS = _names(Assessment, "type", "description")
"""The members that a ResultDescription may have besides those of the standard; it then is an assessed part."""
PLURAL = ("assesses", "credentialSchema", "instructionLanguage", "learningOutcome", "markedBy", "partner", "relatedSkill")
"""Members that we write as arrays, even of one."""
_ASSESSMENT_TYPES = {
    "Artefact": "Artifact",
    "Examination": "Exam",
    "Oral": "Performance",
    "Performance": "Performance",
    "Portfolio": "Artifact",
    "Project": "Artifact",
    "Simulation": "Performance",
}
"""What 1EdTech's extension calls each method."""


def is_used(achievement: JsonObject) -> bool:
    """Return whether an Achievement has members of this extension."""
    parts = [part for part in as_list(achievement.get("resultDescription")) if isinstance(part, dict)]
    return not MEMBERS.isdisjoint(achievement) or any(is_assessed(part) for part in parts)


def is_assessed(part: JsonObject) -> bool:
    """Return whether a ResultDescription is an assessed part."""
    return not ASSESSMENT_MEMBERS.isdisjoint(part) or ASSESSED in as_list(part.get("type"))


def site(achievement: JsonObject) -> str | None:
    """Return the base URL of the service that published an Achievement with members of this extension; None where it has none of them."""
    name = achievement.get("id")
    found = _OURS.fullmatch(name) if isinstance(name, str) and is_used(achievement) else None
    return found[1] if found else None


def known(achievement: JsonObject) -> Mapping[str, contexts.Context]:
    """Return the contexts that a badge of an Achievement may name."""
    base = site(achievement)
    return contexts.PINNED if base is None else with_own(base)


@functools.lru_cache(maxsize=64)
def with_own(base: str) -> Mapping[str, contexts.Context]:
    """Return the pinned contexts and that of this extension, as the service at `base` publishes it."""
    return MappingProxyType({**contexts.PINNED, base + PATH: context(base)})


def context(base: str) -> contexts.Context:
    """Return the context of this extension as the service at `base` publishes it."""
    return contexts.Context(base + PATH, CONTENT, SHA256, extends_badges=True, rule=rule, schemas=((base + SCHEMA_PATH, keeps_schema),))


def rule(badge: JsonObject) -> tuple[Finding, ...]:
    """Return what is wrong with the members of this extension in a document, wherever achievements stand in it."""
    found: list[Finding] = []
    for pointer, subject in model.items(badge.get("credentialSubject") or [], "/credentialSubject"):
        achievements = subject.get("achievement") if isinstance(subject, dict) else None
        for place, achievement in model.items(achievements or [], below(pointer, "achievement")):
            found += check(achievement, prefix=place) if isinstance(achievement, dict) else ()
    return tuple(found)


def keeps_schema(badge: JsonObject) -> tuple[Finding, ...]:
    """Return why a document breaks the published JSON Schema, beyond what `rule` finds; that is asked of whatever names the context."""
    return () if asserted(badge) else (Finding("The JSON Schema asks for one achievement here.", "/credentialSubject"),)


def asserted(badge: JsonObject) -> JsonObject:
    """Return the Achievement that a badge asserts; an empty object where there is none."""
    subject = badge.get("credentialSubject")
    found = subject.get("achievement") if isinstance(subject, dict) else None
    return found if isinstance(found, dict) else {}


def check(achievement: JsonObject, *, prefix: str = "") -> tuple[Finding, ...]:
    """Return what is wrong with the members of this extension in a completed Achievement; pointers begin with `prefix`."""
    findings = list(model.findings_of(Metadata, achievement, prefix=prefix))
    for pointer, part in model.items(achievement.get("resultDescription") or [], below(prefix, "resultDescription")):
        if isinstance(part, dict) and is_assessed(part):
            findings += model.findings_of(Assessment, part, prefix=pointer)
    return tuple(findings or itertools.islice(_references(achievement, prefix), shape.MAX_FINDINGS))


def _references(achievement: JsonObject, prefix: str) -> Iterator[Finding]:
    names: set[str] = set()
    aligned = (item.get("targetUrl") for item in as_list(achievement.get("alignment")) if isinstance(item, dict))
    targets = {url for url in aligned if isinstance(url, str)}
    for index, item in enumerate(as_list(achievement.get("learningOutcome"))):
        pointer = f"{prefix}/learningOutcome/{index}"
        if item["id"] in names:
            yield Finding(f"The id {item['id']} is given twice.", f"{pointer}/id")
        names.add(item["id"])
        for skill in as_list(item.get("relatedSkill")):
            if skill not in targets:
                yield Finding(f"The skill {skill} needs an alignment too, which all readers know.", f"{pointer}/relatedSkill")
    for index, part in enumerate(as_list(achievement.get("resultDescription"))):
        for name in as_list(part.get("assesses")) if isinstance(part, dict) else ():
            if name not in names:
                yield Finding(f"assesses names {name}, which is no learning outcome.", f"{prefix}/resultDescription/{index}/assesses")
    if "creditUnit" in achievement and "creditsAvailable" not in achievement:
        yield Finding("creditUnit says what creditsAvailable counts; give creditsAvailable too.", f"{prefix}/creditUnit")


def doubts(achievement: JsonObject) -> tuple[Finding, ...]:
    """Return what of a checked Achievement contradicts itself, though it may stand: workload and credits that do not go together."""
    worked, unit, earned = minutes(achievement.get("workload")), achievement.get("creditUnit"), achievement.get("creditsAvailable")
    if not worked or unit is None or not earned:
        return ()
    least, most = (Fraction(str(earned)) * hours for hours in CREDIT_HOURS[unit])
    if least * 60 <= worked <= most * 60:
        return ()
    wanted = f"{float(least):g}" if least == most else f"{float(least):g} to {float(most):g}"
    said = f"{earned:g} {unit} credits stand for {wanted} hours of work, and the workload is {worked / 60:g}."
    return (Finding(f"{said} Mend one of them.", "/workload"),)


def complete(achievement: JsonObject, *, url: str) -> None:
    """Give the nodes of this extension in a draft their types and ids, and say in core members what these can say.

    Args:
        achievement: The Achievement that is being made of a draft; it is changed.
        url: The URL of this version, against which fragments are resolved.
    """
    for name, kind, stem in (("learningOutcome", "LearningOutcome", "outcome"), ("partner", "Partner", "partner")):
        for number, item in enumerate(as_list(achievement.get(name)), start=1):
            _name(item, kind, f"#{stem}-{number}", url)
    _name(achievement.get("qualityAssurance"), "QualityAssurance", "#quality-assurance", url)
    for part in as_list(achievement.get("resultDescription")):
        if isinstance(part, dict) and is_assessed(part):
            _complete_assessment(part, url)


def _complete_assessment(part: JsonObject, url: str) -> None:
    part["type"] = [*as_list(part.get("type")), *([ASSESSED] if ASSESSED not in as_list(part.get("type")) else [])]
    method = part.get("assessmentMethod")
    if "assessmentType" not in part and isinstance(method, str) and method in _ASSESSMENT_TYPES:
        part["assessmentType"] = _ASSESSMENT_TYPES[method]
    for name in ("hasGroupParticipation", "hasGroupEvaluation"):
        part.setdefault(name, False)
    if "assesses" in part:
        part["assesses"] = [addresses.resolve(item, url) for item in as_list(part["assesses"])]


def _name(node: Any, kind: str, fragment: str, url: str) -> None:  # noqa: ANN401 - any JSON value
    if isinstance(node, dict):
        types = as_list(node.get("type"))
        node["type"] = types if kind in types else [kind, *types]
        node["id"] = addresses.resolve(node.get("id", fragment), url)


def _read(file: str) -> JsonObject:
    found: JsonObject = json.loads(resources.files("badgeissuer.openbadges").joinpath("ns", file).read_text("utf-8"))
    return found


CONTENT: JsonObject = contexts.pin(PATH, _read("microcredential-v1.jsonld"), sha256=SHA256).content
SCHEMA: JsonObject = contexts.pin(SCHEMA_PATH, _read("microcredential-v1.schema.json"), sha256=SCHEMA_SHA256).content
