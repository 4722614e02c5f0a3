"""Contexts that could give a badge's words other meanings (J9, J10, J12, J19), and values of other forms than expected (J13, J14)."""

from __future__ import annotations

from tests.corpus import kit
from tests.corpus.kit import COLLEGE, DROP, EXTENSIONS, JCS, OB, OB_301, SCHOOL, V2, Json, badge, sign, text

value: kit.Value
inline: kit.Value
GROUP = kit.Group("json-ld")
CREDENTIALS = "https://www.w3.org/2018/credentials#"
SECURITY = "https://w3id.org/security#"
VOCABULARY = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"
SUBJECT, ACHIEVEMENT = "/credentialSubject", "/credentialSubject/achievement"

# --- J9: contexts ---------------------------------------------------------------------------------------------------


def _context(name: str, value: kit.Value, why: str, *, rows: str = "J9", **more: kit.Value) -> None:
    GROUP.before(f"context-{name}", rows, why, {"/@context": value}, "context", **more)


for name, inline in (
    ("empty", {}),
    ("vocab", {"@vocab": "https://vocabulary.example/#"}),
    ("base", {"@base": "https://vocabulary.example/"}),
    ("term", {"level": "https://vocabulary.example/#level"}),
    ("language", {"@language": "en"}),
):
    _context(f"inline-{name}", [V2, OB, inline], "Definitions of the document's own could give its words any meaning.")
GROUP.after(
    "context-inline-appended",
    "J9",
    "The holder appends definitions of their own; the graph stays as it was.",
    {"/@context/-": {}},
    "context",
)


def _rename_name(document: Json) -> None:
    document["@context"].append({"award": "https://schema.org/name"})
    document["award"] = document.pop("name")


GROUP.after(
    "context-inline-appended-that-defines-a-new-word",
    "J9 J7",
    "The holder makes their own word another name for one that was signed.",
    _rename_name,
    "context",
)
_context("import", [V2, OB, {"@version": 1.1, "@import": OB}], "An imported context is one more that somebody else chose.", signature="")
_context(
    "imported-instead-of-named",
    [V2, {"@version": 1.1, "@import": OB}],
    "An imported context can be changed on the way, and some libraries keep the change in their caches for the next document.",
    rows="J9 J12",
    key=SCHOOL,
)
_context("null-at-the-end", [V2, OB, None], "null takes all definitions away: nothing is left that could be signed.", suite=JCS)
_context("null-at-the-start", [None, V2, OB], "null takes away what stood before: it has no place among a badge's contexts.")
_context("swapped", [OB, V2], "The order decides about meaning: W3C's context comes first, that of Open Badges second.", signature="")
_context("twice", [V2, OB, OB], "A context that is named again could take back what one in between defined.")
_context("without-open-badges", [V2], "Without their context the words of Open Badges mean nothing.")
_context("without-w3c", [OB], "Without W3C's context the words of a credential mean nothing.")
_context("as-a-string", V2, "A badge has two contexts at least, so they stand in an array.")
_context("as-an-object", {"@vocab": "https://vocabulary.example/#"}, "A vocabulary for everything makes any word look defined.")
_context("missing", DROP, "Without contexts the words mean nothing.", suite=JCS)
_context("empty-array", [], "Without contexts the words mean nothing.", suite=JCS)
_context("number", [V2, OB, 303], "A context is a URL.", suite=JCS)
_context("nested-array", [[V2, OB]], "The contexts stand in one array, not in an array of arrays.", suite=JCS)
_context(
    "of-open-badges-3.0.1-beside-vcdm-2", [V2, OB_301], "3.0.1 is for VCDM 1.1: it defines protected words of VCDM 2.0 again.", suite=JCS
)
_context("extensions-before-open-badges", [V2, EXTENSIONS, OB], "The order of the contexts is fixed.")
_context("repeated-forty-times", [V2, OB] * 20, "Each context costs work, the same one over and over too.", rows="J9 D2")
GROUP.after(
    "jcs-context-appended",
    "J19 J9",
    "VC-DI-EDDSA lets a document's contexts go on after those in its proof; then words of a JCS-signed badge change their meaning.",
    {"/@context/-": EXTENSIONS},
    "context|data_model|proof",
    suite=JCS,
    signature="",
)
GROUP.after(
    "jcs-inline-context-appended",
    "J19 J9",
    "As with a URL, the words get other meanings after they were signed.",
    {"/@context/-": {"name": "https://vocabulary.example/#nickname"}},
    "context",
    suite=JCS,
    signature="",
)
for name, pointer, value in (
    ("empty-in-the-subject", f"{SUBJECT}/@context", {}),
    ("empty-array-in-the-achievement", f"{ACHIEVEMENT}/@context", []),
    ("repeated-in-the-issuer", "/issuer/@context", OB),
):
    GROUP.after(
        f"context-embedded-{name}",
        "J9",
        "A context inside the tree may give its branch other meanings; a badge has one, at the top.",
        {pointer: value},
        "context|data_model",
    )
GROUP.before(
    "context-embedded-that-defines-a-word",
    "J9",
    "A context inside the tree may give its branch other meanings; a badge has one, at the top.",
    {f"{SUBJECT}/@context": {"level": "https://vocabulary.example/#level"}, f"{SUBJECT}/level": "Doctorate"},
    "context|data_model",
)
for name, url, why in (
    ("unpinned", kit.UNPINNED, "A vocabulary of which no pinned copy is held: what its words mean cannot be known."),
    ("at-a-private-address", "http://169.254.169.254/latest/meta-data/", "A context's URL is never fetched, wherever it leads."),
    ("at-a-local-file", "file:///etc/passwd", "A context's URL is never opened, wherever it leads."),
    ("that-tracks", "https://forger.example/seen-by?badge=1", "A context's URL is never fetched: it would tell who verifies what."),
):
    kit.MORE_CONTEXTS.setdefault(url, {"@context": {"level": "https://vocabulary.example/terms#level"}})
    GROUP.undecided(
        f"context-{name}.json",
        "J9 J10",
        why,
        "context",
        lambda url=url: text(sign(kit.changed(badge(), {"/@context/-": url}))),
        signature="holds",
    )

# --- J13: what one syntax takes for the end of another --------------------------------------------------------------

GROUP.before(
    "language-tag-that-ends-the-statement",
    "J13",
    "Written to N-Quads as it stands, the language tag ends its statement and begins another.",
    {"/name": {"@value": "Teamwork", "@language": 'en .\n<urn:a> <urn:p> "x'}},
    "data_model|proof",
)
GROUP.before(
    "language-tag-that-is-none",
    "J13",
    "A language tag has no spaces.",
    {"/name": {"@value": "Teamwork", "@language": "no tag"}},
    "data_model|proof",
)
for name, character in (("backspace", "\b"), ("form-feed", "\f"), ("vertical-tab", "\v"), ("escape", "\x1b"), ("delete", "\x7f")):
    GROUP.before(
        f"control-character-{name}",
        "J13",
        "Libraries write control characters differently, so that a signature over one holds here and fails there.",
        {"/name": f"Team{character}work"},
        "data_model|syntax",
    )

# --- J14: other types than expected ---------------------------------------------------------------------------------

for name, pointer, value in (
    ("type-as-an-object", "/type", {"id": "VerifiableCredential"}),
    ("type-as-a-number", "/type", 1),
    ("type-with-a-number", "/type/-", 1),
    ("id-as-an-array", "/id", ["https://issuer.example/c/1"]),
    ("id-as-a-number", "/id", 1),
    ("name-as-a-number", "/name", 1),
    ("issuer-as-a-number", "/issuer", 1),
    ("issuer-as-true", "/issuer", True),
    ("issuer-id-as-an-object", "/issuer/id", {"id": COLLEGE.did}),
    ("subject-as-a-string", SUBJECT, "did:example:learner"),
    ("subject-as-a-number", SUBJECT, 1),
    ("achievement-as-a-string", ACHIEVEMENT, "https://issuer.example/a/teamwork/1"),
    ("criteria-as-a-string", f"{ACHIEVEMENT}/criteria", "https://issuer.example/a/teamwork/1"),
    ("validFrom-as-a-number", "/validFrom", 1779285900),
    ("validFrom-as-an-object", "/validFrom", {"year": 2026}),
    ("status-as-a-string", "/credentialStatus", kit.STATUS_LIST),
    ("status-as-a-number", "/credentialStatus", 7),
    ("status-with-a-number", "/credentialStatus", [kit.entry(), 7]),
    ("evidence-as-a-number", "/evidence", 1),
    ("schema-as-a-string", "/credentialSchema", "https://issuer.example/schema.json"),
):
    GROUP.before(
        name,
        "J14",
        "It has another form than the standard gives it; that is a finding, and never a failure of the verifier.",
        {pointer: value},
        "data_model|issuer|validity|status|schema",
        suite=JCS,
    )
for name, value in (
    ("as-a-string", "z3FXQjecWufY46"),
    ("as-a-number", 1),
    ("as-true", True),
    ("with-a-string", ["z3FXQjecWufY46"]),
    ("as-null", None),
):
    GROUP.after(f"proof-{name}", "J14", "A proof is an object.", {"/proof": value}, "proof|data_model", signature="")
for name, pointer, value in (
    ("credits-as-text", f"{SUBJECT}/creditsEarned", "5"),
    ("hashed-as-text", f"{SUBJECT}/identifier/0/hashed", "true"),
):

    def _counted(key: kit.Key) -> Json:
        identity = {"type": "IdentityObject", "hashed": True, "identityHash": "sha256$" + "0" * 64, "identityType": "emailAddress"}
        return kit.changed(badge(key), {f"{SUBJECT}/creditsEarned": 5, f"{SUBJECT}/identifier": [identity]})

    GROUP.after(
        name,
        "J14",
        "The context gives the text the type that the number has: the graph is the same, the JSON is not.",
        {pointer: value},
        "data_model",
        base=_counted,
    )
