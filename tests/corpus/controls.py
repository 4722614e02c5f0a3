"""What must be accepted: a verifier that refuses everything is no use to anybody."""

from __future__ import annotations

from tests.corpus import kit, wrapping
from tests.corpus.kit import (
    COLLEGE,
    DROP,
    EXTENSIONS,
    JCS,
    NOTARY,
    OB_302,
    SCHOOL,
    Key,
    badge,
    changed,
    method,
    sign,
    text,
)

GROUP = kit.Group("controls")
SUBJECT, ACHIEVEMENT = "/credentialSubject", "/credentialSubject/achievement"


def accept(name: str, rows: str, why: str, made: kit.Value, **more: kit.Value) -> None:
    GROUP.valid(f"{name}.json", rows, why, lambda: text(made()), **({"signature": "holds"} | more))


def accept_changed(
    name: str,
    rows: str,
    why: str,
    change: kit.Change,
    *,
    base: kit.Value = badge,
    key: Key = SCHOOL,
    suite: str = kit.RDFC,
    **more: kit.Value,
) -> None:
    accept(name, rows, why, lambda: sign(changed(base(key), change), key, suite), **more)


# --- keys -----------------------------------------------------------------------------------------------------------

accept("did-web-with-status", "J17 1.5", "The usual badge: did:web, and a status list that it is not on.", lambda: sign(badge()))
accept("did-key", "J17", "The smallest badge: did:key, and no status.", lambda: sign(badge(SCHOOL), SCHOOL))
for name, did in (
    ("did-web-with-a-port", "did:web:issuer.example%3A9443"),
    ("did-web-with-a-path", "did:web:issuer.example:faculties:arts"),
    ("did-web-with-an-escaped-path", "did:web:issuer.example:facult%C3%A9:arts"),
):
    host, *path = did.removeprefix("did:web:").split(":")
    there = COLLEGE.named(f"{did}#key-1")
    GROUP.serve(
        f"https://{host.replace('%3A', ':')}/{'/'.join(path) or '.well-known'}/did.json",
        lambda key=there: text(kit.controller_document(key.did, method(key))),
    )
    accept(name, "J17 1.4", "The DID leads to its document as the method's specification says.", lambda key=there: sign(badge(key), key))

jwk = SCHOOL.named(f"did:jwk:{wrapping.base64url(wrapping.compact(SCHOOL.jwk))}#0")
accept("did-jwk", "J17", "The DID is the key.", lambda: sign(badge(jwk), jwk))
for name, document, why in (
    (
        "key-inside-assertionMethod",
        lambda key: kit.controller_document(key.did, assertionMethod=[method(key)], verificationMethod=DROP),
        "The key is described where it is listed.",
    ),
    (
        "key-among-others",
        lambda key: kit.controller_document(key.did, method(NOTARY, id=f"{key.did}#key-0", controller=key.did), method(key)),
        "The document has another key too.",
    ),
    (
        "key-that-expires-later",
        lambda key: kit.controller_document(key.did, method(key, expires="2030-01-01T00:00:00Z")),
        "The key still counts.",
    ),
    (
        "key-that-will-be-revoked",
        lambda key: kit.controller_document(key.did, method(key, revoked="2026-06-01T12:00:01Z")),
        "The key still counts at this moment.",
    ),
    (
        "key-for-logging-in-too",
        lambda key: kit.controller_document(key.did, method(key), authentication=[key.method]),
        "The key has another use besides.",
    ),
    (
        "key-described-as-ed25519-2020",
        lambda key: kit.controller_document(key.did, method(key, type="Ed25519VerificationKey2020")),
        "An older name for the same kind of key.",
    ),
    (
        "key-as-jwk",
        lambda key: kit.controller_document(key.did, method(key, type="JsonWebKey", publicKeyMultibase=DROP, publicKeyJwk=key.jwk)),
        "The key is described as a JWK.",
    ),
    (
        "document-with-services",
        lambda key: kit.controller_document(
            key.did,
            method(key),
            service=[{"id": f"{key.did}#site", "type": "LinkedDomains", "serviceEndpoint": "https://issuer.example"}],
            alsoKnownAs=["https://issuer.example/"],
        ),
        "The document says other things too.",
    ),
    (
        "document-without-context",
        lambda key: kit.controller_document(key.did, method(key), **{"@context": DROP}),
        "A controller document is JSON; a context it may have.",
    ),
):
    own = GROUP.issuer(name, document)
    accept(name, "J17", why, lambda key=own: sign(badge(key), key))

PROFILE = "https://issuer.example/profile"
by_url = COLLEGE.named(f"{PROFILE}#key-1")
GROUP.serve(PROFILE, lambda: text(kit.controller_document(PROFILE, method(by_url))))
accept("issuer-by-https", "J17", "The issuer is a web address, and its document lists the key.", lambda: sign(badge(by_url), by_url))
KEY_URL = "https://issuer.example/key-of-its-own"
apart = GROUP.issuer(
    "key-in-a-document-of-its-own", lambda key: kit.controller_document(key.did, assertionMethod=[KEY_URL], verificationMethod=DROP)
)
GROUP.serve(KEY_URL, lambda: text({"@context": "https://w3id.org/security/multikey/v1"} | method(apart, id=KEY_URL)))
accept(
    "key-in-a-document-of-its-own",
    "J17",
    "The key has a document of its own, and the issuer's document lists it.",
    lambda: sign(badge(apart), apart.named(KEY_URL)),
)

# --- proofs ---------------------------------------------------------------------------------------------------------

accept("jcs", "J18 J19", "eddsa-jcs-2022.", lambda: sign(badge(), COLLEGE, JCS))
accept(
    "proof-in-an-array",
    "J15",
    "One proof in an array.",
    lambda: changed(sign(badge()), lambda document: document.update(proof=[document["proof"]])),
)
accept("set-with-a-stranger", "J15", "The issuer's proof and a notary's: both are good.", lambda: sign(sign(badge()), NOTARY))
accept("set-of-both-suites", "J15 J18", "The issuer signed in two ways.", lambda: sign(sign(badge()), COLLEGE, JCS))
accept("stranger-first", "J15", "The issuer's proof is the second one.", lambda: sign(sign(badge(), NOTARY), COLLEGE))
FIRST = "urn:uuid:11111111-1111-4111-8111-111111111111"
accept(
    "chain",
    "J16",
    "A notary signed after the issuer, and together with the issuer's proof.",
    lambda: sign(sign(badge(), id=FIRST), NOTARY, previousProof=FIRST),
)
accept(
    "chain-in-an-array",
    "J16",
    "The proof that this one follows is named in an array.",
    lambda: sign(sign(badge(), id=FIRST), NOTARY, previousProof=[FIRST]),
)
accept("proof-without-created", "J18", "A DataIntegrityProof need not say when it was made.", lambda: sign(badge(), created=DROP))
accept(
    "proof-with-more",
    "J18",
    "Domain, challenge and nonce may be there.",
    lambda: sign(badge(), domain="https://issuer.example", challenge="1", nonce="2"),
)
accept("proof-that-expires-later", "J18", "The proof still counts.", lambda: sign(badge(), expires="2030-01-01T00:00:00Z"))
accept("proof-with-id", "J16", "The proof has an id.", lambda: sign(badge(), id=FIRST))

# --- times ----------------------------------------------------------------------------------------------------------

accept_changed("begins-in-four-minutes", "J7", "Clocks may differ by five minutes.", {"/validFrom": "2026-06-01T12:04:00Z"})
accept(
    "made-in-four-minutes", "J18", "Clocks may differ by five minutes.", lambda: sign(badge(SCHOOL), SCHOOL, created="2026-06-01T12:04:00Z")
)
accept_changed("ends-in-a-second", "J7", "It still counts.", {"/validUntil": "2026-06-01T12:00:01Z"})
accept_changed(
    "ends-in-a-zone-to-the-west",
    "J7",
    "It still counts, though as a text its end sorts before the moment.",
    {"/validUntil": "2026-06-01T08:00:00-10:00"},
)
accept_changed("never-ends", "J7", "It has no end.", {"/validUntil": DROP})
accept_changed("ends-in-the-year-9999", "J7", "It has hardly an end.", {"/validUntil": "9999-12-31T23:59:59Z"})
accept_changed(
    "fractions-and-zones",
    "J7",
    "Times may have fractions and zones.",
    {"/validFrom": "2026-05-20T16:05:00.123456789+02:00", "/validUntil": "2028-05-20T14:05:00.5-00:30"},
)
accept_changed("old", "J7", "It is from long ago, and has no end.", {"/validFrom": "1999-12-31T23:59:59Z", "/validUntil": DROP})

# --- contexts and forms ---------------------------------------------------------------------------------------------

accept_changed("open-badges-3.0.2", "J9", "The context before the current one.", {"/@context/1": OB_302})
accept_changed("with-extensions", "J9", "The context of 1EdTech's extensions is the third.", {"/@context/-": EXTENSIONS})
accept_changed("type-as-AchievementCredential", "J14", "The other name of the same type.", {"/type/1": "AchievementCredential"})
accept_changed(
    "one-type-each",
    "J14",
    "Where there is one type it may stand without an array.",
    {f"{SUBJECT}/type": "AchievementSubject", f"{ACHIEVEMENT}/type": "Achievement", "/issuer/type": "Profile"},
)
accept_changed("issuer-by-url-alone", "J14", "An issuer may be named by its URL alone.", {"/issuer": SCHOOL.did})
accept_changed("no-name", "J14", "On VCDM 2.0 a badge need not have a name.", {"/name": DROP})
accept_changed(
    "texts-in-many-scripts",
    "J13",
    "Texts may hold any character but controls.",
    {
        "/name": 'Teamwork \u2013 Ομάδα \u2013 团队合作 \u2013 👩🏽\u200d🎓 \u2013 “quoted” \\ "back"',
        f"{ACHIEVEMENT}/criteria/narrative": "First line\nsecond line\r\n\tindented & <b>bold</b>",
    },
)
accept_changed(
    "subject-by-identifier",
    "J14",
    "A learner may be named by a hashed address alone.",
    {
        f"{SUBJECT}/id": DROP,
        f"{SUBJECT}/identifier": [
            {"type": "IdentityObject", "hashed": True, "identityHash": "sha256$" + "ab" * 32, "identityType": "emailAddress", "salt": "s"}
        ],
    },
)
accept_changed(
    "extension-of-achievementType",
    "J14",
    "A kind of achievement may be one of the issuer's own.",
    {f"{ACHIEVEMENT}/achievementType": "ext:Micro-Degree"},
)
accept_changed(
    "creator-is-the-issuer",
    "J8",
    "The creator is described as the issuer is, with less.",
    {f"{ACHIEVEMENT}/creator": {"id": SCHOOL.did, "type": ["Profile"], "name": "Northfield College"}},
)
accept_changed(
    "official-schema",
    "J14",
    "1EdTech's own schema of a badge is answered by checks that ask for more.",
    {
        "/@context/-": EXTENSIONS,
        "/credentialSchema": [
            {
                "id": "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json",
                "type": "1EdTechJsonSchemaValidator2019",
            }
        ],
    },
)
accept_changed(
    "terms-of-use",
    "J14",
    "A badge may have terms of use.",
    {"/termsOfUse": [{"id": "https://issuer.example/terms", "type": "https://vocabulary.example/#Terms"}]},
)
accept_changed(
    "complete",
    "J14",
    "A badge with nearly everything that Open Badges 3.0 knows.",
    {
        "/description": "For learners who finished a project together.",
        "/awardedDate": "2026-05-19T10:00:00Z",
        "/image": {"id": "https://issuer.example/badge.png", "type": "Image", "caption": "Two hands"},
        "/evidence": [
            {
                "id": "https://issuer.example/essay",
                "type": ["Evidence"],
                "name": "Essay",
                "genre": "Text",
                "audience": "Assessors",
                "narrative": "Four pages.",
            }
        ],
        "/issuer/email": "badges@issuer.example",
        "/issuer/phone": "+1 555 0100",
        "/issuer/image": {"id": "https://issuer.example/crest.png", "type": "Image"},
        "/issuer/address": {
            "type": ["Address"],
            "addressCountry": "Norway",
            "addressCountryCode": "NO",
            "geo": {"type": "GeoCoordinates", "latitude": 60.5, "longitude": 5.25},
        },
        "/issuer/otherIdentifier": [{"type": "IdentifierEntry", "identifier": "42", "identifierType": "sourcedId"}],
        "/issuer/parentOrg": {"id": "https://issuer.example/university", "type": ["Profile"], "name": "Northfield University"},
        f"{SUBJECT}/activityStartDate": "2026-01-10T08:00:00Z",
        f"{SUBJECT}/activityEndDate": "2026-05-10T16:00:00Z",
        f"{SUBJECT}/creditsEarned": 5,
        f"{SUBJECT}/role": "Team lead",
        f"{SUBJECT}/term": "Spring",
        f"{SUBJECT}/licenseNumber": "L-1",
        f"{SUBJECT}/narrative": "Led a team of four.",
        f"{SUBJECT}/source": {"id": "https://issuer.example/people/1", "type": ["Profile"], "name": "Kim"},
        f"{ACHIEVEMENT}/achievementType": "Course",
        f"{ACHIEVEMENT}/creditsAvailable": 5,
        f"{ACHIEVEMENT}/fieldOfStudy": "Management",
        f"{ACHIEVEMENT}/specialization": "Projects",
        f"{ACHIEVEMENT}/humanCode": "TW-1",
        f"{ACHIEVEMENT}/inLanguage": "pt-BR",
        f"{ACHIEVEMENT}/version": "2.0",
        f"{ACHIEVEMENT}/criteria/id": "https://issuer.example/a/teamwork/1/criteria",
        f"{ACHIEVEMENT}/alignment": [
            {
                "type": ["Alignment"],
                "targetName": "Teamwork",
                "targetUrl": "https://framework.example/teamwork",
                "targetType": "CFItem",
                "targetCode": "T1",
                "targetFramework": "A framework",
                "targetDescription": "Works in a team.",
            }
        ],
        f"{ACHIEVEMENT}/related": [
            {"id": "https://issuer.example/a/teamwork/1-nb", "type": ["Related"], "inLanguage": "nb", "version": "2.0"}
        ],
        f"{ACHIEVEMENT}/otherIdentifier": [{"type": "IdentifierEntry", "identifier": "7", "identifierType": "identifier"}],
    },
)
