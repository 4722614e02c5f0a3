"""What Open Badges 3.0 asks of a badge's members, and what nobody else checks: results against the scales they are on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.corpus import kit
from tests.corpus.kit import DROP, SCHOOL, Json, Key, badge, changed, graded

GROUP = kit.Group("model")
SUBJECT, ACHIEVEMENT = "/credentialSubject", "/credentialSubject/achievement"
ROWS = "J14"


def _each(table: tuple[tuple[str, str, Any, str], ...], **more: kit.Value) -> None:
    for name, pointer, value, why in table:
        GROUP.before(
            name,
            ROWS,
            why,
            {pointer: value},
            more.get("step", "data_model"),
            key=SCHOOL,
            **{"base": badge} | {k: v for k, v in more.items() if k != "step"},
        )


# --- AchievementCredential ------------------------------------------------------------------------------------------

_each(
    (
        ("id-missing", "/id", DROP, "A badge has an id."),
        ("id-is-no-url", "/id", "badge number one", "An id is a URL."),
        ("type-not-a-badge", "/type", ["VerifiableCredential"], "A badge says that it is one."),
        (
            "type-of-a-diploma",
            "/type",
            ["VerifiableCredential", "https://vocabulary.example/#Diploma"],
            "A credential of another kind is no badge.",
        ),
        ("issuer-missing", "/issuer", DROP, "Nobody issued it."),
        ("issuer-without-id", "/issuer/id", DROP, "The issuer is not named."),
        ("issuer-id-is-no-url", "/issuer/id", "Northfield College", "The issuer is named by a URL."),
        ("issuer-not-a-profile", "/issuer/type", ["Address"], "An issuer is a Profile."),
        ("subject-missing", SUBJECT, DROP, "A badge says something of somebody."),
        ("subject-empty", SUBJECT, {}, "A badge says something of somebody."),
        ("subject-nobody", f"{SUBJECT}/id", DROP, "The learner has neither an id nor an identifier."),
        ("achievement-missing", ACHIEVEMENT, DROP, "A badge says what was achieved."),
        (
            "achievement-as-its-url",
            ACHIEVEMENT,
            {"id": "https://issuer.example/a/teamwork/1", "type": ["Achievement"]},
            "An achievement is described and not only named.",
        ),
        ("achievement-without-id", f"{ACHIEVEMENT}/id", DROP, "An achievement has an id."),
        ("achievement-without-name", f"{ACHIEVEMENT}/name", DROP, "An achievement has a name."),
        ("achievement-without-description", f"{ACHIEVEMENT}/description", DROP, "An achievement has a description."),
        ("achievement-without-criteria", f"{ACHIEVEMENT}/criteria", DROP, "An achievement says how it is earned."),
        ("achievement-name-empty", f"{ACHIEVEMENT}/name", "", "A name is not empty."),
        ("criteria-say-nothing", f"{ACHIEVEMENT}/criteria", {"name": "Criteria"}, "Criteria have a narrative, or an id that leads to one."),
        (
            "achievementType-unknown",
            f"{ACHIEVEMENT}/achievementType",
            "Doctorate",
            "The kinds of achievement are a closed list, and this is none of them.",
        ),
        (
            "achievementType-extension-not-at-the-start",
            f"{ACHIEVEMENT}/achievementType",
            "xxext:Doctorate",
            "An extension begins with `ext:`; the schema's pattern would find it anywhere.",
        ),
        (
            "achievementType-extension-with-a-line",
            f"{ACHIEVEMENT}/achievementType",
            "ext:Doctorate\nDoctoralDegree",
            "An extension is one word.",
        ),
        ("inLanguage-a-word", f"{ACHIEVEMENT}/inLanguage", "English", "A language is given by its tag."),
        ("creditsAvailable-as-text", f"{ACHIEVEMENT}/creditsAvailable", "5", "Credits are a number."),
        ("creditsEarned-as-text", f"{SUBJECT}/creditsEarned", "five", "Credits are a number."),
        ("tag-a-number", f"{ACHIEVEMENT}/tag", [1, 2], "Tags are texts."),
        ("name-in-an-array", "/name", ["Teamwork", "Leadership"], "A badge has one name."),
        (
            "creator-not-a-profile",
            f"{ACHIEVEMENT}/creator",
            {"id": "https://issuer.example/people/1", "type": ["Address"]},
            "A creator is a Profile.",
        ),
        (
            "image-not-an-image",
            f"{ACHIEVEMENT}/image",
            {"id": "https://issuer.example/crest.png", "type": "Evidence"},
            "An image is an Image.",
        ),
        ("image-without-id", f"{ACHIEVEMENT}/image", {"type": "Image", "caption": "A crest"}, "An image is named by its URL."),
        (
            "image-with-more",
            f"{ACHIEVEMENT}/image",
            {"id": "https://issuer.example/crest.png", "type": "Image", "name": "Crest"},
            "To an Image nobody may add members.",
        ),
        ("evidence-not-evidence", "/evidence", [{"id": "https://issuer.example/essay", "type": ["Image"]}], "Evidence is Evidence."),
        ("evidence-without-type", "/evidence", [{"id": "https://issuer.example/essay", "name": "Essay"}], "Evidence is Evidence."),
        ("evidence-id-is-no-url", "/evidence", [{"id": "my essay", "type": ["Evidence"]}], "Evidence is named by its URL."),
        (
            "parentOrg-not-a-profile",
            "/issuer/parentOrg",
            {"id": "https://issuer.example/university", "type": ["Address"]},
            "A parent organisation is a Profile.",
        ),
        (
            "otherIdentifier-not-one",
            "/issuer/otherIdentifier",
            [{"type": "IdentityObject", "identifier": "1", "identifierType": "identifier"}],
            "Another identifier is an IdentifierEntry.",
        ),
        (
            "otherIdentifier-of-an-unknown-kind",
            "/issuer/otherIdentifier",
            [{"type": "IdentifierEntry", "identifier": "1", "identifierType": "passport"}],
            "The kinds of identifier are a closed list.",
        ),
        (
            "otherIdentifier-without-identifier",
            "/issuer/otherIdentifier",
            [{"type": "IdentifierEntry", "identifierType": "identifier"}],
            "An identifier says what it is.",
        ),
        ("url-of-the-issuer-relative", "/issuer/url", "/about", "The address of an issuer is a URL."),
        (
            "source-not-a-profile",
            f"{SUBJECT}/source",
            {"id": "https://issuer.example/people/1", "type": ["Address"]},
            "A source is a Profile.",
        ),
        ("status-without-type", "/credentialStatus", {"id": "https://issuer.example/status/1#7"}, "A status says of which kind it is."),
        ("schema-without-type", "/credentialSchema", [{"id": "https://issuer.example/schema.json"}], "A schema says of which kind it is."),
        ("terms-without-type", "/termsOfUse", [{"id": "https://issuer.example/terms"}], "Terms of use say of which kind they are."),
        ("refresh-without-type", "/refreshService", {"id": "https://issuer.example/c/1"}, "A refresh service says of which kind it is."),
    ),
    step="data_model|issuer|status|schema|refresh",
)
_each(
    (
        ("validFrom-missing", "/validFrom", DROP, "A badge says since when it counts."),
        ("validFrom-without-zone", "/validFrom", "2026-05-20T14:05:00", "A moment has a zone; without one it is many."),
        ("validFrom-a-date", "/validFrom", "2026-05-20", "A moment is more than a day."),
        ("validFrom-no-real-day", "/validFrom", "2026-02-30T14:05:00Z", "There is no such day."),
        ("validFrom-small-letters", "/validFrom", "2026-05-20t14:05:00z", "xsd:dateTimeStamp is written with T and Z."),
        ("validFrom-with-a-space", "/validFrom", "2026-05-20 14:05:00Z", "xsd:dateTimeStamp is written with a T."),
        (
            "validFrom-other-digits",
            "/validFrom",
            "\u0662\u0660\u0662\u0666-05-20T14:05:00Z",
            "xsd:dateTimeStamp is written with ASCII digits.",
        ),
        ("validFrom-zone-too-far", "/validFrom", "2026-05-20T14:05:00+15:00", "No zone is that far from UTC."),
        ("validUntil-without-zone", "/validUntil", "2028-05-20T14:05:00", "A moment has a zone; without one it is many."),
        ("validUntil-empty", "/validUntil", "", "There is no moment."),
        ("validUntil-a-word", "/validUntil", "forever", "There is no such moment."),
        ("awardedDate-a-date", "/awardedDate", "2026-05-20", "A moment is more than a day."),
    ),
    step="data_model|validity",
)

# --- identifiers of the learner -------------------------------------------------------------------------------------

IDENTITY = {"type": "IdentityObject", "hashed": True, "identityHash": "sha256$" + "0" * 64, "identityType": "emailAddress", "salt": "s"}
for name, change, why in (
    ("not-one", {"type": "IdentifierEntry"}, "An identifier of the learner is an IdentityObject."),
    ("with-another-type-too", {"type": ["IdentityObject", "Profile"]}, "An IdentityObject is nothing else."),
    ("without-hashed", {"hashed": DROP}, "Whether it is hashed must be said."),
    ("without-hash", {"identityHash": DROP}, "It identifies nobody."),
    ("without-kind", {"identityType": DROP}, "Of which kind it is must be said."),
    ("of-an-unknown-kind", {"identityType": "email"}, "The kinds are a closed list; an address is `emailAddress`."),
    ("with-more", {"name": "Kim"}, "To an IdentityObject nobody may add members."),
    ("salt-as-a-number", {"salt": 1}, "A salt is a text."),
):
    identity = {member: value for member, value in (IDENTITY | change).items() if value is not DROP}
    GROUP.before(f"identifier-{name}", ROWS, why, {f"{SUBJECT}/identifier": [identity]}, key=SCHOOL)

# --- alignments -----------------------------------------------------------------------------------------------------

ALIGNMENT = {"type": ["Alignment"], "targetName": "Teamwork", "targetUrl": "https://framework.example/teamwork"}
for name, change, why in (
    ("not-one", {"type": ["Related"]}, "An alignment is an Alignment."),
    ("without-type", {"type": DROP}, "An alignment is an Alignment; without its type its words are not signed."),
    ("without-name", {"targetName": DROP}, "What it is aligned to has a name."),
    ("without-url", {"targetUrl": DROP}, "What it is aligned to has a URL."),
    ("url-relative", {"targetUrl": "teamwork"}, "What it is aligned to is named by a URL."),
    ("type-of-target-unknown", {"targetType": "Skill"}, "The kinds of target are a closed list, and extensions of it."),
):
    alignment = {member: value for member, value in (ALIGNMENT | change).items() if value is not DROP}
    GROUP.before(f"alignment-{name}", ROWS, why, {f"{ACHIEVEMENT}/alignment": [alignment]}, key=SCHOOL)
GROUP.before(
    "related-not-related",
    ROWS,
    "A related achievement is Related.",
    {f"{ACHIEVEMENT}/related": [{"id": "https://issuer.example/a/2", "type": ["Alignment"]}]},
    key=SCHOOL,
)

# --- descriptions of results, and results ---------------------------------------------------------------------------

DESCRIPTION, LEVELS, RESULT = (
    f"{ACHIEVEMENT}/resultDescription",
    f"{ACHIEVEMENT}/resultDescription/1/rubricCriterionLevel",
    f"{SUBJECT}/result",
)
_each(
    (
        ("description-without-id", f"{DESCRIPTION}/0/id", DROP, "A description is named by its id, to which results refer."),
        ("description-without-name", f"{DESCRIPTION}/0/name", DROP, "A description has a name."),
        ("description-without-kind", f"{DESCRIPTION}/0/resultType", DROP, "A description says what is measured."),
        ("description-of-an-unknown-kind", f"{DESCRIPTION}/0/resultType", "Grade", "The kinds of result are a closed list."),
        ("description-not-one", f"{DESCRIPTION}/0/type", ["Alignment"], "A description of a result is a ResultDescription."),
        ("description-largest-as-a-number", f"{DESCRIPTION}/0/valueMax", 100, "The ends of a scale are texts."),
        (
            "description-required-level-is-none",
            f"{DESCRIPTION}/1/requiredLevel",
            f"{kit.RUBRIC}-3",
            "The level that is required is none of the levels.",
        ),
        ("level-not-one", f"{LEVELS}/0/type", ["Alignment"], "A level of a rubric is a RubricCriterionLevel."),
        ("level-without-id", f"{LEVELS}/0/id", DROP, "A level is named by its id, to which results refer."),
        ("level-without-name", f"{LEVELS}/0/name", DROP, "A level has a name."),
        ("level-points-as-a-number", f"{LEVELS}/0/points", 1, "Points are a text."),
        ("result-not-one", f"{RESULT}/0/type", ["Alignment"], "A result is a Result."),
        ("result-without-type", f"{RESULT}/0/type", DROP, "A result is a Result; without its type its words are not signed."),
        ("result-of-no-description", f"{RESULT}/0/resultDescription", f"{kit.SCALE}-2", "The achievement describes no such result."),
        (
            "result-of-the-achievement-itself",
            f"{RESULT}/0/resultDescription",
            "https://issuer.example/a/teamwork/1",
            "The achievement describes no such result.",
        ),
        ("result-too-high", f"{RESULT}/0/value", "101", "The scale ends at 100."),
        ("result-far-too-high", f"{RESULT}/0/value", "1e400", "The scale ends at 100."),
        ("result-too-low", f"{RESULT}/0/value", "-1", "The scale begins at 0."),
        ("result-no-number", f"{RESULT}/0/value", "excellent", "A percentage is a number."),
        ("result-not-a-number", f"{RESULT}/0/value", "NaN", "A percentage is a number."),
        ("result-in-other-digits", f"{RESULT}/0/value", "\u0669\u0669", "A percentage is written with ASCII digits."),
        ("result-as-a-number", f"{RESULT}/0/value", 81, "The value of a result is a text."),
        ("result-level-is-none", f"{RESULT}/1/achievedLevel", f"{kit.RUBRIC}-3", "The rubric has no such level."),
        ("result-level-of-another-scale", f"{RESULT}/1/achievedLevel", kit.SCALE, "The rubric has no such level."),
        ("result-status-unknown", f"{RESULT}/0/status", "Passed", "The states of a result are a closed list."),
        ("result-status-extended", f"{RESULT}/0/status", "ext:Passed", "The states of a result are a closed list, without extensions."),
    ),
    base=graded,
)


def _scale(**members: kit.Value) -> Callable[[Key], Json]:
    def base(key: Key) -> Json:
        description = {"id": kit.SCALE, "type": ["ResultDescription"], "name": "Essay"} | members
        return changed(badge(key), {DESCRIPTION: [description], RESULT: [{"type": ["Result"], "resultDescription": kit.SCALE}]})

    return base


for name, base, change, why in (
    (
        "result-not-among-the-allowed",
        _scale(resultType="LetterGrade", allowedValue=["C", "B", "A"]),
        {f"{RESULT}/0/value": "A+"},
        "The scale has no such grade.",
    ),
    (
        "result-allowed-in-small-letters",
        _scale(resultType="LetterGrade", allowedValue=["C", "B", "A"]),
        {f"{RESULT}/0/value": "a"},
        "The scale has no such grade.",
    ),
    (
        "result-without-status",
        _scale(resultType="Status"),
        {f"{RESULT}/0/value": "yes"},
        "What is described is a status, and the result has none.",
    ),
    (
        "allowed-values-as-numbers",
        _scale(resultType="LetterGrade", allowedValue=[1, 2]),
        {f"{RESULT}/0/value": "1"},
        "Allowed values are texts.",
    ),
):
    GROUP.before(name, ROWS, why, change, base=base, key=SCHOOL)
GROUP.before(
    "related-resource-without-digest",
    ROWS,
    "VCDM 2.0: what a credential relates to is named with its digest, else it could be anything.",
    {"/relatedResource": [{"id": "https://issuer.example/handbook.pdf"}]},
    key=SCHOOL,
)
GROUP.before(
    "schema-undefined-without-its-context",
    "J2 J1",
    "Without the third context the kind of the schema means nothing.",
    {
        "/credentialSchema": [
            {
                "id": "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
                "type": "1EdTechJsonSchemaValidator2019",
            }
        ]
    },
    "data_model|proof",
    key=SCHOOL,
)
