"""A good signature does not mean that the JSON on screen was signed: what JSON-LD loses, or moves (J1 to J8)."""

from __future__ import annotations

import copy

from tests.corpus import kit
from tests.corpus.kit import DROP, Json, badge

value: kit.Value
inline: kit.Value
GROUP = kit.Group("json-ld")
CREDENTIALS = "https://www.w3.org/2018/credentials#"
SECURITY = "https://w3id.org/security#"
VOCABULARY = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"
SUBJECT, ACHIEVEMENT = "/credentialSubject", "/credentialSubject/achievement"

# --- J1: members and types that no context defines vanish before hashing --------------------------------------------

for name, pointer, value in (
    ("at-the-top", "/level", "Doctorate"),
    ("in-the-subject", f"{SUBJECT}/grade", "A+"),
    ("in-the-achievement", f"{ACHIEVEMENT}/grade", "A+"),
    ("in-the-criteria", f"{ACHIEVEMENT}/criteria/passed", True),
    ("in-the-issuer", "/issuer/accreditedBy", "The Ministry of Education"),
    ("in-the-status", "/credentialStatus/revoked", False),
    ("in-the-proof", "/proof/approvedBy", "The Ministry of Education"),
):
    step = "proof" if pointer.startswith("/proof") else "data_model|proof"
    GROUP.after(
        f"undefined-member-{name}", "J1", "A member was added that no context defines: no signature covers it.", {pointer: value}, step
    )

for name, pointer, value in (
    ("creditsEarned-in-the-achievement", f"{ACHIEVEMENT}/creditsEarned", 60),
    ("email-in-the-subject", f"{SUBJECT}/email", "learner@example.org"),
    ("achievementType-in-the-subject", f"{SUBJECT}/achievementType", "DoctoralDegree"),
    ("result-in-the-achievement", f"{ACHIEVEMENT}/result", [{"type": ["Result"], "value": "100"}]),
    ("issuanceDate-under-vcdm-2", "/issuanceDate", "2010-01-01T00:00:00Z"),
    ("expirationDate-under-vcdm-2", "/expirationDate", "2099-01-01T00:00:00Z"),
):
    GROUP.after(
        f"member-of-another-type-{name}",
        "J1",
        "The member is a word of the vocabulary, but not of the type it stands in: it vanishes as one that is nobody's.",
        {pointer: value},
    )

for name, pointer in (
    ("of-the-badge", "/type/-"),
    ("of-the-subject", f"{SUBJECT}/type/-"),
    ("of-the-achievement", f"{ACHIEVEMENT}/type/-"),
):
    GROUP.after(f"undefined-type-{name}", "J1 J5", "A type was added that no context defines: it vanishes.", {pointer: "DoctoralDegree"})

# --- J2: the issuer's own slip leaves part of the badge unsigned ----------------------------------------------------

for name, pointer in (("subject", SUBJECT), ("achievement", ACHIEVEMENT), ("issuer", "/issuer")):
    GROUP.before(
        f"type-of-the-{name}-missing",
        "J2",
        "The terms hang on the type: without it they mean nothing, and what they say is not signed.",
        {f"{pointer}/type": DROP},
    )
GROUP.before(
    "type-of-the-badge-as-full-iri",
    "J2 J7",
    "A type by its full IRI brings no terms with it, so that hardly anything of the badge is signed.",
    {"/type": [f"{CREDENTIALS}VerifiableCredential", f"{VOCABULARY}OpenBadgeCredential"]},
    "data_model|proof",
)
GROUP.before(
    "language-map-as-name",
    "J2",
    "Words in several languages pass the JSON Schema, but no context defines them: the name is not signed.",
    {"/name": {"en": "Teamwork", "de": "Teamarbeit"}},
    "data_model|proof",
)
GROUP.before(
    "undefined-member-signed-by-the-issuer", "J2 J1", "The issuer signed a member that vanishes.", {"/level": "2"}, "data_model|proof"
)

# --- J3: blank predicates -------------------------------------------------------------------------------------------

for name, pointer in (
    ("at-the-top", "/_:grade"),
    ("in-the-subject", f"{SUBJECT}/_:grade"),
    ("in-the-achievement", f"{ACHIEVEMENT}/_:grade"),
    ("in-the-issuer", "/issuer/_:accreditation"),
    ("in-the-status", "/credentialStatus/_:checked"),
):
    GROUP.after(
        f"blank-predicate-{name}", "J3", "A member with a blank name expands, and then leaves no trace in the graph.", {pointer: "A+"}
    )
GROUP.before("blank-type", "J3", "A blank node as a type names nothing.", {f"{ACHIEVEMENT}/type/-": "_:Doctorate"}, "data_model|proof")
for name, pointer in (("achievement", f"{ACHIEVEMENT}/id"), ("subject", f"{SUBJECT}/id"), ("badge", "/id")):
    GROUP.before(
        f"blank-id-of-the-{name}", "J3", "A blank node's label is no identifier: canonicalisation gives it another.", {pointer: "_:b0"}
    )

# --- J4: identifiers that cannot be written down take their whole node with them ------------------------------------


def _evidence(name: str) -> list[Json]:
    return [{"id": name, "type": ["Evidence"], "name": "Doctoral thesis", "narrative": "Defended with distinction."}]


for name, character in (("space", " "), ("tab", "\t"), ("line-feed", "\n"), ("no-break-space", "\u00a0")):
    GROUP.after(
        f"added-evidence-whose-id-has-a-{name}",
        "J4",
        "A node whose identifier no RDF syntax can write is dropped with all that it claims, and nobody is told.",
        {"/evidence": _evidence(f"https://issuer.example/{character}thesis")},
    )
for name, character in (
    ("less-than", "<"),
    ("quotation-mark", '"'),
    ("brace", "{"),
    ("bar", "|"),
    ("backslash", "\\"),
    ("caret", "^"),
    ("backtick", "`"),
):
    GROUP.before(
        f"evidence-whose-id-has-a-{name}",
        "J4 J13",
        "No RDF syntax can write this identifier: one library signs the node, another leaves it out.",
        {"/evidence": _evidence(f"https://issuer.example/{character}thesis")},
    )
GROUP.after(
    "added-image-whose-id-has-a-space",
    "J4",
    "The picture on screen would be one that nobody signed.",
    {f"{ACHIEVEMENT}/image": {"id": "https://forger.example/ crest.png", "type": "Image"}},
)
GROUP.after(
    "added-type-with-a-space", "J4", "A type that no RDF syntax can write is dropped.", {"/type/-": "https://vocabulary.example/ Doctorate"}
)
GROUP.after(
    "added-full-iri-member-with-a-space",
    "J4",
    "A member whose IRI no RDF syntax can write is dropped.",
    {"/https:~1~1vocabulary.example~1 level": "Doctorate"},
)

# --- J5: relative identifiers ---------------------------------------------------------------------------------------

for name, value in (
    ("relative-path", "thesis"),
    ("absolute-path", "/thesis"),
    ("fragment", "#thesis"),
    ("empty", ""),
    ("host-only", "//x.example/"),
):
    GROUP.after(
        f"added-evidence-with-a-{name}-as-id",
        "J5",
        "Data Integrity knows no base: a relative identifier, and all that is said of it, is not signed.",
        {"/evidence": _evidence(value)},
    )
for name, pointer, value in (
    ("badge", "/id", "c/1"),
    ("achievement", f"{ACHIEVEMENT}/id", "a/teamwork"),
    ("criteria", f"{ACHIEVEMENT}/criteria/id", "criteria.html"),
    ("subject", f"{SUBJECT}/id", "learner-1"),
    ("status-list", "/credentialStatus/statusListCredential", "status/1"),
):
    step = "data_model|proof|status" if name == "status-list" else "data_model"
    GROUP.before(f"relative-id-of-the-{name}", "J5", "A relative identifier is left out of what is signed.", {pointer: value}, step)

# --- J6: what has no place in RDF -----------------------------------------------------------------------------------

for name, change in (
    ("index", {f"{SUBJECT}/@index": "A+"}),
    ("index-on-a-value", {"/name": {"@value": "Teamwork", "@index": "with distinction"}}),
    ("direction-on-a-value", {"/name": {"@value": "Teamwork", "@direction": "rtl"}}),
    ("null", {"/evidence": None}),
    ("null-in-the-status", {"/credentialStatus/statusSize": None}),
    ("null-in-an-array", {f"{ACHIEVEMENT}/tag/-": None}),
    ("empty-array", {"/evidence": []}),
    ("empty-array-in-the-issuer", {"/issuer/otherIdentifier": []}),
    ("same-item-twice", {f"{ACHIEVEMENT}/tag/-": "group"}),
    ("set", {f"{ACHIEVEMENT}/tag": {"@set": ["group", "work"]}}),
    ("array-in-an-array", {f"{ACHIEVEMENT}/tag": [["group"], "work"]}),
    ("value-object", {"/name": {"@value": "Teamwork"}}),
    ("value-object-with-type", {"/validUntil": {"@value": "2028-05-20T14:05:00Z", "@type": DATE_TIME}}),
    ("node-without-content", {"/issuer/image": {"@value": None}}),
):
    GROUP.after(
        f"without-trace-{name}",
        "J6",
        "JSON says it and the graph does not, or says it in another way: readers may differ.",
        change,
        "data_model|proof|validity|status",
    )

# --- J7: status and expiry moved to where nobody looks --------------------------------------------------------------


def _move(member: str, where: str) -> kit.Change:
    """Move a member of the badge so that the graph, and with it the signature, stays the same."""

    def change(document: Json) -> None:
        value = document.pop(member)
        name, iri = document["id"], CREDENTIALS + member
        again = {"id": name, "type": ["VerifiableCredential"], member: value}
        full = {"@value": value, "@type": DATE_TIME} if isinstance(value, str) else value
        match where:
            case "included":
                document["@included"] = [again]
            case "nest":
                document["@nest"] = {member: value}
            case "full-iri":
                document[iri] = full
            case "reverse":
                document["issuer"]["@reverse"] = {f"{CREDENTIALS}issuer": again}
            case "graph":
                proof, context = document.pop("proof"), document.pop("@context")
                parts = [copy.deepcopy(document), again]
                document.clear()
                document |= {"@context": context, "@graph": parts, "proof": proof}
            case "alias":
                document["@context"].append({"note": {"@id": iri, "@type": "@id" if isinstance(value, dict) else DATE_TIME}})
                document["note"] = value

    return change


for member, name in (("credentialStatus", "status"), ("validUntil", "expiry")):
    for where in ("included", "nest", "full-iri", "reverse"):
        GROUP.after(
            f"{name}-moved-to-{where}",
            "J7",
            "The graph is the same and the signature holds, but who looks where it belongs finds nothing to check.",
            _move(member, where),
        )
    GROUP.after(
        f"{name}-moved-to-graph",
        "J7",
        "As a list of nodes the document has the same graph, and nothing where it is looked for.",
        _move(member, "graph"),
        signature="",
    )
    GROUP.after(
        f"{name}-under-an-alias",
        "J7 J9",
        "A context of the holder's own gives it another name; the graph and the signature are the same.",
        _move(member, "alias"),
        "context",
    )

for name, pointer, key, keyword in (("id", "", "id", "@id"), ("type", "", "type", "@type"), ("id-of-the-subject", SUBJECT, "id", "@id")):

    def _rename(document: Json, pointer: str = pointer, key: str = key, keyword: str = keyword) -> None:
        place = document[pointer[1:]] if pointer else document
        place[keyword] = place.pop(key)

    GROUP.after(f"keyword-instead-of-{name}", "J7", "The keyword says the same to JSON-LD and nothing to who reads the JSON.", _rename)
GROUP.after(
    "full-iri-instead-of-name",
    "J7",
    "A full IRI says the same to JSON-LD and nothing to who reads the JSON.",
    lambda document: document.update({"https://schema.org/name": document.pop("name")}),
)
GROUP.after(
    "criteria-under-the-name-of-its-type",
    "J7",
    "`Criteria` has the IRI of `criteria`: another way to write the same, which nobody reads.",
    lambda document: document["credentialSubject"]["achievement"].update(
        {"Criteria": document["credentialSubject"]["achievement"].pop("criteria")}
    ),
    signature="",
)
GROUP.after(
    "status-list-as-an-object",
    "J7 J14",
    "The list's URL as an object has the same graph; a check that expects a string skips it.",
    {"/credentialStatus/statusListCredential": {"id": kit.STATUS_LIST}},
    "data_model|status",
)
GROUP.after(
    "expiry-in-an-array",
    "J7 J14",
    "One date in an array has the same graph; a check that expects a string skips it.",
    {"/validUntil": ["2028-05-20T14:05:00Z"]},
    "data_model|validity",
)
GROUP.before(
    "two-expiries",
    "J7 J8",
    "A badge has one end, not two of which a reader may take the later.",
    {"/validUntil": ["2026-05-25T00:00:00Z", "2099-01-01T00:00:00Z"]},
    "data_model|validity",
)

# --- J8: one thing described in two places --------------------------------------------------------------------------


def _split_subject(document: Json) -> None:
    whole = document["credentialSubject"]
    document["credentialSubject"] = [{name: whole[name] for name in ("id", "type")}, whole]


def _second_achievement(document: Json) -> None:
    achievement = document["credentialSubject"]["achievement"]
    part = {name: achievement.pop(name) for name in ("description", "criteria")}
    document["credentialSubject"]["achievement"] = [achievement, {"id": achievement["id"], "type": achievement["type"], **part}]


def _created(key: kit.Key) -> Json:
    document = badge(key)
    issuer = document["issuer"]
    document["credentialSubject"]["achievement"]["creator"] = {name: issuer[name] for name in ("id", "type", "name")}
    return document


GROUP.after("subject-split-in-two", "J8", "The page shows the first item, the signature covers both.", _split_subject)
GROUP.after("achievement-split-in-two", "J8", "The page shows the first item, the signature covers both.", _second_achievement)
GROUP.after(
    "subject-with-its-own-id-beside-it",
    "J8",
    "An item that is but the subject's id adds nothing to the graph, and a learner to the list.",
    lambda document: document.update(credentialSubject=[document["credentialSubject"]["id"], document["credentialSubject"]]),
)
GROUP.after(
    "part-of-the-issuer-moved-to-the-creator",
    "J8",
    "Issuer and creator are one node: moved from one to the other, the address is still signed and stands where nobody looks.",
    lambda document: document["credentialSubject"]["achievement"]["creator"].update(url=document["issuer"].pop("url")),
    base=_created,
)
GROUP.before(
    "badge-described-again-inside",
    "J8 J7",
    "Deep inside, the badge itself is described once more, with a status that nobody would look at there.",
    {
        "/credentialStatus": DROP,
        f"{SUBJECT}/source": {
            "id": "https://issuer.example/c/1",
            "type": ["Profile", "VerifiableCredential"],
            "credentialStatus": kit.entry(),
        },
    },
)
GROUP.before(
    "two-subjects",
    "J8",
    "A badge is one learner's: of two, a page shows the first.",
    lambda document: document.update(
        credentialSubject=[document["credentialSubject"], document["credentialSubject"] | {"id": "did:example:another"}]
    ),
)
GROUP.before(
    "two-issuers",
    "J8",
    "A badge has one issuer.",
    lambda document: document.update(issuer=[document["issuer"], document["issuer"] | {"id": "did:example:another"}]),
    "data_model|issuer|status",
)
