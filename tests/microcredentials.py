"""Whole microcredentials that nobody offers, as their authors would write them; each has all that a framework asks for."""

from __future__ import annotations

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
