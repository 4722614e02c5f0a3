"""JSON Schemas that a badge names: 1EdTech's we answer for ourselves, others are fetched and kept to under limits."""

from __future__ import annotations

from tests.corpus import kit
from tests.corpus.kit import EXTENSIONS, JCS, Value, brief, changed, sign, text

GROUP = kit.Group("schema")
schema: Value
HOST = "https://issuer.example/schema"
OFFICIAL = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEAMWORK = {"properties": {"name": {"const": "Teamwork"}}, "required": ["name"]}
LEADERSHIP = {"properties": {"name": {"const": "Leadership"}}}


def _serve(name: str, schema: Value) -> str:
    """Let a schema, or any bytes, stand at an address of its own, and return that."""
    content = {"$schema": DIALECT} | schema if isinstance(schema, dict) else schema
    return GROUP.serve(f"{HOST}/{name}.json", lambda: content if isinstance(content, bytes) else text(content))


def naming(*named: Value, suite: str = kit.RDFC, kind: str = "JsonSchema") -> bytes:
    """Return a signed badge that names schemas: their URLs, or what else stands in `credentialSchema`."""
    items = [{"id": item, "type": kind} if isinstance(item, str) else item for item in named]
    document = brief() | {"credentialSchema": items[0] if len(items) == 1 else items}
    return text(sign(document if kind == "JsonSchema" else changed(document, {"/@context/-": EXTENSIONS}), suite=suite))


def _fault(name: str, why: str, make: kit.Bytes, *, step: str = "schema", rows: str = "1.4", **more: Value) -> None:
    GROUP.invalid(f"{name}.json", rows, why, step, make, **more)


EDTECH = "1EdTechJsonSchemaValidator2019"

# --- as it should be ------------------------------------------------------------------------------------------------

for name, file in (
    ("official", "achievementcredential_schema.json"),
    ("official-of-the-resources-page", "achievementcredential-jsonschema1.json"),
):
    GROUP.valid(
        f"{name}.json",
        "1.4",
        "1EdTech's own schema is answered by the checks of the Open Badges model, and not fetched.",
        lambda file=file: naming(OFFICIAL + file, kind=EDTECH),
    )
for name, schema, kind, why in (
    ("kept", TEAMWORK, "JsonSchema", "The badge keeps to a schema of the issuer's own."),
    (
        "kept-of-2019",
        TEAMWORK | {"$schema": "https://json-schema.org/draft/2019-09/schema"},
        EDTECH,
        "1EdTech's type is for draft 2019-09.",
    ),
    (
        "kept-of-draft-7",
        TEAMWORK | {"$schema": "http://json-schema.org/draft-07/schema#"},
        "JsonSchema",
        "The draft is an old one, and known.",
    ),
    (
        "kept-with-references",
        {"$defs": {"name": {"type": "string", "minLength": 3}}, "properties": {"name": {"$ref": "#/$defs/name"}}},
        "JsonSchema",
        "Its references stay inside.",
    ),
    ("kept-with-a-pattern", {"properties": {"name": {"pattern": "^Team[a-z]+$"}}}, "JsonSchema", "A plain pattern is searched for."),
    ("kept-with-a-word-of-its-own", TEAMWORK | {"x-author": "the college"}, "JsonSchema", "Words that a dialect does not know are notes."),
    ("kept-with-a-format", TEAMWORK | {"properties": {"id": {"format": "uri"}}}, "JsonSchema", "A format is a note for people."),
):
    url = _serve(name, schema)
    GROUP.valid(f"{name}.json", "1.4", why, lambda url=url, kind=kind: naming(url, kind=kind), signature="holds")
_kept, _other = f"{HOST}/kept.json", _serve("kept-too", {"type": "object"})
GROUP.valid("two-kept.json", "1.4", "It names two schemas and keeps to both.", lambda: naming(_kept, _other), signature="holds")

# --- broken ---------------------------------------------------------------------------------------------------------

_broken = _serve("broken", LEADERSHIP)
_fault("broken", "The badge does not keep to the schema that it names.", lambda: naming(_broken), signature="holds")
_fault("first-of-two-broken", "Every schema that it names counts.", lambda: naming(_broken, _kept), signature="holds")
_fault("second-of-two-broken", "Every schema that it names counts.", lambda: naming(_kept, _broken), signature="holds")
_fault(
    "broken-beside-one-that-cannot-be-had",
    "What is false about one is not hidden by what is open about another.",
    lambda: naming(f"{HOST}/gone.json", _broken),
    signature="holds",
)
for name, schema in (
    ("required", {"required": ["image"]}),
    ("additional", {"additionalProperties": False, "properties": {"name": True}}),
    ("false", {"not": {}}),
    ("deep", {"properties": {"credentialSubject": {"properties": {"achievement": {"required": ["image"]}}}}}),
    ("type", {"properties": {"issuer": {"type": "string"}}}),
    ("2019", LEADERSHIP | {"$schema": "https://json-schema.org/draft/2019-09/schema"}),
    ("draft-7", LEADERSHIP | {"$schema": "http://json-schema.org/draft-07/schema#"}),
):
    url = _serve(f"broken-by-{name}", schema)
    _fault(
        f"broken-by-{name}",
        "The badge does not keep to the schema that it names.",
        lambda url=url: naming(url),
        signature="holds",
    )
for name, file, why in (
    ("endorsement", "endorsementcredential_schema.json", "It names the schema of endorsements, and is none."),
    ("any-endorsement", "anyendorsementcredential_schema.json", "It names the schema of endorsements, and is none."),
):
    _fault(f"official-of-an-{name}", why, lambda file=file: naming(OFFICIAL + file, kind=EDTECH))
_fault(
    "official-and-not-kept",
    "The achievement has no criteria, which 1EdTech's schema asks for.",
    lambda: text(
        sign(
            changed(
                brief(),
                {
                    "/@context/-": EXTENSIONS,
                    "/credentialSchema": {"id": f"{OFFICIAL}achievementcredential_schema.json", "type": EDTECH},
                    "/credentialSubject/achievement/criteria": kit.DROP,
                },
            )
        )
    ),
    step="data_model|schema",
)

# --- what cannot be answered ----------------------------------------------------------------------------------------

_bomb = {f"l{number}": {"allOf": [{"$ref": f"#/$defs/l{number + 1}"}] * 2} for number in range(40)} | {"l40": {"type": "object"}}
for name, schema, why in (
    ("html", b"<!DOCTYPE html><title>Our schema</title>\n", "What stands there is a page for people."),
    ("text", b"name: Teamwork\n", "What stands there is no JSON."),
    ("array", b"[]\n", "What stands there is no schema."),
    ("member-twice", b'{"type": "object", "type": "string"}\n', "Readers differ about which of two counts."),
    ("dialect-unknown", {"$schema": "https://schemas.example/dialect"}, "It is in a dialect that is not known here."),
    ("wrong-keyword", {"properties": {"name": {"type": "text"}}}, "The schema itself is wrong."),
    (
        "reference-to-elsewhere",
        {"properties": {"name": {"$ref": "https://issuer.example/schema/kept.json"}}},
        "Only the named document is fetched.",
    ),
    ("reference-to-a-private-address", {"$ref": "http://169.254.169.254/latest/meta-data/"}, "Only the named document is fetched."),
    ("reference-to-a-file", {"$ref": "file:///etc/passwd"}, "Only the named document is fetched."),
    ("reference-to-nothing", {"$ref": "#/$defs/gone"}, "It refers to what is not there."),
    ("reference-to-itself", {"$ref": "#"}, "It asks for itself, for ever."),
    (
        "references-in-a-ring",
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        "It goes round for ever.",
    ),
    ("references-that-multiply", {"$defs": _bomb, "$ref": "#/$defs/l0"}, "It asks the same thing a billion times."),
    (
        "pattern-that-looks-ahead",
        {"properties": {"name": {"pattern": "^(?=.*T)(?!.*X).*$"}}},
        "What needs backtracking is not searched for.",
    ),
    (
        "pattern-that-repeats-what-it-found",
        {"properties": {"name": {"pattern": r"^(a+)\1$"}}},
        "What needs backtracking is not searched for.",
    ),
    ("pattern-that-is-none", {"properties": {"name": {"pattern": "("}}}, "The schema itself is wrong."),
):
    url = _serve(name, schema)
    GROUP.undecided(f"{name}.json", "1.4", why, "schema", lambda url=url: naming(url), signature="holds")
for name, pattern in (
    ("nested-repetition", "^(([a-zA-Z]+)+)+$"),
    ("overlapping-choices", "^(a|a|aa)*$"),
    ("many-wildcards", "^" + ".*" * 20 + "!$"),
):
    url = _serve(f"pattern-{name}", {"properties": {"description": {"pattern": pattern}}})
    GROUP.refused(
        f"pattern-{name}.json",
        "1.4",
        "The pattern does not fit, and takes readers that backtrack longer than the universe is old to find out.",
        "schema",
        lambda url=url: text(
            sign(
                changed(
                    brief(),
                    {"/credentialSchema": {"id": url, "type": "JsonSchema"}, "/credentialSubject/achievement/description": "Works."},
                )
                | {"description": "a" * 5000 + "?"}
            )
        ),
    )
GROUP.undecided("unreachable.json", "1.4", "The schema cannot be had.", "schema", lambda: naming(f"{HOST}/gone.json"), signature="holds")
GROUP.undecided(
    "official-on-another-host.json",
    "1.4",
    "It looks like 1EdTech's, and stands elsewhere, where nothing can be had.",
    "schema",
    lambda: naming(OFFICIAL.replace("purl.imsglobal.org", "purl.imsglobal.org.forger.example") + "achievementcredential_schema.json"),
    signature="holds",
)
GROUP.undecided(
    "of-another-type.json",
    "1.4",
    "The schema is to be a credential itself, which is not read here.",
    "schema",
    lambda: naming(_kept, kind="JsonSchemaCredential"),
)

# --- no schema at all -----------------------------------------------------------------------------------------------

for name, value in (
    ("without-an-id", {"type": "JsonSchema"}),
    ("without-a-type", {"id": _kept}),
    ("id-null", {"id": None, "type": "JsonSchema"}),
    ("id-an-array", {"id": [_kept], "type": "JsonSchema"}),
    ("id-relative", {"id": "schema/kept.json", "type": "JsonSchema"}),
    ("id-empty", {"id": "", "type": "JsonSchema"}),
    ("a-number", 7),
):
    _fault(
        name,
        "A badge names a schema by its URL and its type.",
        lambda value=value: text(sign(brief() | {"credentialSchema": value}, suite=JCS)),
        step="schema|data_model|proof",
        rows="J14",
    )
