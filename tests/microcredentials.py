"""Whole microcredentials that nobody offers, as their authors would write them; each has all that a framework asks for."""

from __future__ import annotations

import copy
from typing import Any

from badgeissuer.vc.document import JsonObject

CHARTS: JsonObject = {
    "name": "Reading Coastal Charts",
    "description": "Plans a passage along a coast and judges what a chart can be trusted with.",
    "achievementType": "MicroCredential",
    "criteria": {"narrative": "Pass the passage plan and the oral examination.", "id": "https://navigation.example/coastal"},
    "inLanguage": "en",
    "creditsAvailable": 2,
    "creditUnit": "ECTS",
    "workload": "PT55H",
    "level": [{"framework": "EQF", "code": "5"}],
    "fieldOfStudy": "Transport services",
    "participationType": "Blended",
    "instructionLanguage": ["en", "mi"],
    "learningOutcome": [
        {
            "statement": "Plots a course with its tidal set, and says how sure it is.",
            "proficiencyLevel": "Apply",
            "alignment": [
                {
                    "targetName": "plan a passage",
                    "targetUrl": "https://skills.example/plan-a-passage",
                    "targetFramework": "Skills of the Sea",
                }
            ],
        },
        {"statement": "Judges how far a chart can be trusted.", "proficiencyLevel": "Evaluate"},
    ],
    "resultDescription": [
        {
            "name": "Passage plan",
            "description": "A plan of a passage of twenty miles, and its log.",
            "resultType": "Percent",
            "valueMin": "0",
            "valueMax": "100",
            "requiredValue": "60",
            "assessmentMethod": "Project",
            "assessmentOutput": "A written plan and a log.",
            "evaluationMethod": "Two markers, by a rubric of four criteria.",
            "assessmentSupervision": "UnsupervisedWithIdVerification",
            "markedBy": ["Teacher", "ExternalExaminer"],
            "aiAssistedMarking": False,
            "evidenceRequired": "The plan and the log.",
            "feedback": "In writing, within ten days.",
            "assesses": ["#outcome-1"],
        },
        {
            "name": "Oral examination",
            "description": "Twenty minutes over two unknown charts.",
            "resultType": "RubricCriterionLevel",
            "requiredLevel": "#sound",
            "rubricCriterionLevel": [
                {"name": "Unsure", "points": "0", "description": "Trusts what is printed."},
                {"id": "#sound", "name": "Sound", "points": "1", "description": "Finds what cannot be trusted."},
            ],
            "assessmentMethod": "Oral",
            "assessmentOutput": "Spoken answers.",
            "evaluationMethod": "One examiner, by a rubric of two levels.",
            "assessmentSupervision": "SupervisedWithIdVerification",
            "markedBy": ["ExternalExaminer"],
            "assesses": ["#outcome-2"],
        },
    ],
    "entryRequirement": "None.",
    "stackability": "Counts towards Coastal Skipper.",
    "qualityAssurance": {
        "name": "Council for Quality at Sea",
        "url": "https://quality.example",
        "description": "Visits every third year; reports are public.",
    },
    "partner": [{"name": "Harbour Board", "url": "https://harbour.example", "partnerRole": "Says what its pilots need."}],
    "reviewDate": "2029-06-30",
}
"""European Approach to Micro-credentials."""

HERBS: JsonObject = CHARTS | {
    "name": "Growing Herbs under Glass",
    "description": "Raises herbs from seed to market in an unheated house.",
    "criteria": {"narrative": "Raise one crop and keep its diary.", "id": "https://gardening.example/herbs"},
    "creditsAvailable": 1,
    "creditUnit": "UK",
    "workload": "PT10H",
    "level": [{"framework": "AQF", "code": "4", "url": "https://levels.example/aqf/4"}],
    "fieldOfStudy": "Horticulture",
    "participationType": "OnSite",
    "learningOutcome": [
        {"statement": "Raises three herbs from seed.", "proficiencyLevel": "Apply"},
        {"statement": "Tells four diseases apart.", "proficiencyLevel": "Analyse"},
    ],
}
"""National Microcredentials Framework of Australia."""

BEES: JsonObject = CHARTS | {
    "name": "Wintering Bees",
    "description": "For keepers with two seasons behind them: brings a hive through a winter.",
    "creditsAvailable": 5,
    "creditUnit": "NZ",
    "workload": "PT50H",
    "level": [{"framework": "NZQCF", "code": "4", "url": "https://levels.example/nzqcf/4"}],
    "alignment": [
        {
            "targetName": "Apiculture",
            "targetUrl": "https://fields.example/nzsced/050105",
            "targetFramework": "NZSCED",
            "targetCode": "050105",
            "targetType": "ext:NZSCEDAlignment",
        }
    ],
    "learningOutcome": [{"statement": "Feeds a hive through a winter."}, {"statement": "Judges whether a hive will live."}],
}
"""Micro-credentials of the NZQCF."""

KILNS: JsonObject = CHARTS | {
    "name": "Firing a Kiln",
    "description": "Packs and fires a kiln alone.",
    "creditsAvailable": 5,
    "creditUnit": "UK",
    "workload": "PT50H",
    "level": [{"framework": "RQF", "code": "3", "url": "https://levels.example/rqf/3"}],
    "learningOutcome": [{"statement": "Packs a kiln without loss."}, {"statement": "Reads cones."}],
}
"""QAA's Characteristics Statement."""

_EVIDENCE = [part | {"evidenceRequired": "A recording, kept for a year."} for part in CHARTS["resultDescription"]]
KNOTS: JsonObject = CHARTS | {"name": "Knots under Load", "resultDescription": _EVIDENCE}
"""1EdTech's TrustEd profile."""

WHOLE = {"european-approach": CHARTS, "australian-framework": HERBS, "nzqcf": BEES, "uk-qaa": KILNS, "trusted": KNOTS}
"""Framework → one that has all that it asks for."""
UNIT = {"country": "NZ", "name": "Harbour School"}
"""What a unit says of itself, as its Profile has it."""


def edited(node: JsonObject, *path: str | int, to: object = ...) -> JsonObject:
    """Return a copy of a JSON object with one part left out, or with another value in its place."""
    found = copy.deepcopy(node)
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    if to is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return found
