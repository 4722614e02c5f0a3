"""The kit that the corpus is made with: badges, what stands on the web for them, and how a group of cases is written down.

Nothing here comes from the verifier, so that a mistake of its own cannot hide in the corpus. Every byte is reproducible: fixed seeds, fixed
times, Ed25519 (deterministic by itself). Keys and signatures are in `signing.py`, whose names can all be had from here too; JWT, PNG, SVG,
GZIP and status lists are in `wrapping.py`.

A group is a module with `GROUP = kit.Group("name")`, named in `build.GROUPS` or found there because its file is called `more_*.py`:

    GROUP = kit.Group("json-ld")
    GROUP.after("undefined-member-added", "J1", "Why this must not pass.", {"/level": "Doctorate"})       changed after signing
    GROUP.before("subject-type-missing", "J2", "Why …", {"/credentialSubject/type": DROP})                 changed, then signed
    GROUP.invalid("two-chunks.png", "D8", "Why …", "syntax", lambda: bake_png(…))                           any bytes at all
    GROUP.undecided("list-unreachable.json", "1.5", "Why …", "status", lambda: text(sign(badge(…))))
    GROUP.valid("did-key.json", "J17", "Why this is fine.", lambda: text(sign(badge(SCHOOL), SCHOOL)))
    GROUP.serve("https://issuer.example/x", lambda: b"…")                                                   what stands at a URL

The name is the fault. Each fault case has one fault and is otherwise signed as it should be; a case that needs another answer from the web
names a URL of its own (`GROUP.issuer` gives an issuer a DID document of its own), so that one map of URLs serves all.

A step is the name of a step of the report, or several with `|` where the standards leave open which of them finds it: one of those must
have the outcome, and all of them may. Every other step must be VALID or NOT_APPLICABLE, or not have been reached; only that context,
data_model and proof may all object to the form of a document. `types` names problem types that one of the
step's problems must have, where contract or standard fix them. `signature` says what the signature does when somebody checks it the
obvious way: `holds` (the fault is a trap, or the signer's own), `broken`, or nothing where that cannot be asked.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.corpus.signing import (
    CLR,
    COLLEGE,
    CREATED,
    DATA_INTEGRITY,
    DROP,
    ED25519_2020,
    EXTENSIONS,
    FORGER,
    JCS,
    KEYS,
    LEGACY,
    MORE_CONTEXTS,
    NOTARY,
    OB,
    OB_301,
    OB_302,
    RDFC,
    SCHOOL,
    UNPINNED,
    V1,
    V2,
    Json,
    Key,
    Value,
    base58,
    concatenated,
    from_base58,
    holds,
    jcs,
    multikey,
    proofs,
    rdfc,
    sign,
    to_sign,
    unsecured,
)

__all__ = [  # what comes from `signing`, and what is made here
    "CLR",
    "COLLEGE",
    "CREATED",
    "DATA_INTEGRITY",
    "DROP",
    "ED25519_2020",
    "EXTENSIONS",
    "FORGER",
    "JCS",
    "KEYS",
    "LEGACY",
    "MORE_CONTEXTS",
    "NOTARY",
    "OB",
    "OB_301",
    "OB_302",
    "RDFC",
    "SCHOOL",
    "UNPINNED",
    "V1",
    "V2",
    "Json",
    "Key",
    "Value",
    "base58",
    "concatenated",
    "from_base58",
    "holds",
    "jcs",
    "multikey",
    "proofs",
    "rdfc",
    "sign",
    "to_sign",
    "unsecured",
]

Change: TypeAlias = Mapping[str, Any] | Callable[[Json], None]
Bytes: TypeAlias = Callable[..., bytes]
"""Makes bytes; called without arguments (those that a lambda binds by default are its own)."""

NOW = "2026-06-01T12:00:00Z"
"""The moment at which cases are judged where they do not name another."""

PROOF_ERROR = "https://w3id.org/security#PROOF_VERIFICATION_ERROR"
METHOD_ERROR = "https://w3id.org/security#INVALID_VERIFICATION_METHOD"
RELATIONSHIP_ERROR = "https://w3id.org/security#INVALID_PROOF_PURPOSE_FOR_VERIFICATION_METHOD"
DOCUMENT_ID_ERROR = "https://w3id.org/security#INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID"
RETRIEVAL_ERROR = "https://www.w3.org/ns/credentials/status-list#STATUS_RETRIEVAL_ERROR"
LIST_ERROR = "https://www.w3.org/ns/credentials/status-list#STATUS_VERIFICATION_ERROR"
LENGTH_ERROR = "https://www.w3.org/ns/credentials/status-list#STATUS_LIST_LENGTH_ERROR"
PARSING_ERROR = "https://www.w3.org/TR/vc-data-model#PARSING_ERROR"

# --- documents ------------------------------------------------------------------------------------------------------

STATUS_LIST = "https://issuer.example/status/1"
"""COLLEGE's list; nobody is on it."""


def badge(key: Key = COLLEGE, *, status: bool | None = None) -> Json:
    """Return a fresh unsigned badge; COLLEGE's have a status, for their list is there."""
    host = "https://issuer.example"
    document = {
        "@context": [V2, OB],
        "id": f"{host}/c/1",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Teamwork",
        "issuer": {"id": key.did, "type": ["Profile"], "name": "Northfield College", "url": f"{host}/"},
        "validFrom": "2026-05-20T14:05:00Z",
        "validUntil": "2028-05-20T14:05:00Z",
        "credentialSubject": {
            "id": "did:example:learner",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": f"{host}/a/teamwork/1",
                "type": ["Achievement"],
                "name": "Teamwork",
                "description": "Works well with others.",
                "criteria": {"narrative": "Finish a project together."},
                "tag": ["group", "work"],
            },
        },
    }
    with_status = key.did == COLLEGE.did if status is None else status
    return document | ({"credentialStatus": entry()} if with_status else {})


def brief(key: Key = COLLEGE) -> Json:
    """Return a fresh unsigned badge without what it may lack, for cases about what is around it."""
    document = badge(key, status=False)
    del document["issuer"]["url"], document["credentialSubject"]["achievement"]["tag"]
    return document


RUBRIC = "https://issuer.example/a/teamwork/1#rubric"
SCALE = "https://issuer.example/a/teamwork/1#percent"


def graded(key: Key = COLLEGE) -> Json:
    """Return a fresh unsigned badge with a percentage and a level of a rubric."""
    document = badge(key)
    levels = [
        {"id": f"{RUBRIC}-{number}", "type": ["RubricCriterionLevel"], "name": name, "level": name, "points": str(number)}
        for number, name in enumerate(("Novice", "Expert"), 1)
    ]
    document["credentialSubject"]["achievement"]["resultDescription"] = [
        {"id": SCALE, "type": ["ResultDescription"], "name": "Quiz", "resultType": "Percent", "valueMin": "0", "valueMax": "100"},
        {
            "id": RUBRIC,
            "type": ["ResultDescription"],
            "name": "Essay",
            "resultType": "RubricCriterionLevel",
            "rubricCriterionLevel": levels,
        },
    ]
    document["credentialSubject"]["result"] = [
        {"type": ["Result"], "resultDescription": SCALE, "value": "81"},
        {"type": ["Result"], "resultDescription": RUBRIC, "achievedLevel": f"{RUBRIC}-2"},
    ]
    return document


def old_badge(key: Key = SCHOOL, *contexts: str) -> Json:
    """Return a fresh unsigned badge on VCDM 1.1."""
    document = badge(key, status=False)
    document["@context"] = [V1, OB_301, *(contexts or (ED25519_2020,))]
    document["issuanceDate"], document["expirationDate"] = document.pop("validFrom"), document.pop("validUntil")
    return document


def entry(url: str = STATUS_LIST, index: Value = "7", purpose: str = "revocation", **members: Value) -> Json:
    usual = {
        "id": f"{url}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": index,
        "statusListCredential": url,
    }
    return {name: value for name, value in (usual | members).items() if value is not DROP}


def controller_document(did: str, *methods: Json, **members: Value) -> Json:
    """Return a controlled identifier document; all methods are for assertions where `assertionMethod` is not given."""
    usual = {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": list(methods),
        "assertionMethod": [method["id"] for method in methods],
    }
    return {name: value for name, value in (usual | members).items() if value is not DROP}


def method(key: Key, **members: Value) -> Json:
    """Return a key as a controller document describes it."""
    usual = {"id": key.method, "type": "Multikey", "controller": key.did, "publicKeyMultibase": key.multikey}
    return {name: value for name, value in (usual | members).items() if value is not DROP}


def changed(document: Json, change: Change) -> Json:
    """Return a copy with the values at JSON Pointers set (DROP removes), or changed by a function. `-` appends to an array."""
    document = copy.deepcopy(document)
    if callable(change):
        change(document)
        return document
    for pointer, value in change.items():
        *path, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
        place: Value = document
        for part in path:
            place = place[int(part) if isinstance(place, list) else part]
        _put(place, last, copy.deepcopy(value) if value is not DROP else DROP)
    return document


def _put(place: Value, name: str, value: Value) -> None:
    if name == "-" and isinstance(place, list):
        place.append(value)
        return
    where: Value = int(name) if isinstance(place, list) else name
    if value is DROP:
        del place[where]
    else:
        place[where] = value


def text(document: Value) -> bytes:
    """Return a document as the bytes of its file; each member of an object stands on a line of its own."""
    if not isinstance(document, dict) or not document:
        return (json.dumps(document, ensure_ascii=False) + "\n").encode()
    members = (f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}" for name, value in document.items())
    return ("{\n" + ",\n".join(members) + "\n}\n").encode()


# --- cases ----------------------------------------------------------------------------------------------------------

VALID, INVALID, INDETERMINATE = "VALID", "INVALID", "INDETERMINATE"
REFUSED = "INVALID|INDETERMINATE"
"""Either will do: the standards do not say whether it is false or not to be learnt, only that it must not pass."""


@dataclass(frozen=True, slots=True)
class Case:
    """One document with what a verifier must say of it.

    Attributes:
        path: Group and fault: `json-ld/undefined-member-added.json`.
        rows: The rows of the threat model that it is about, separated by spaces; `1.4` and `1.5` for those sections.
        why: One sentence.
        outcome: VALID, INVALID, INDETERMINATE, or REFUSED.
        body: Makes the bytes.
        steps: Step, or steps with `|` → outcome, for those that do not pass.
        types: Step, as in `steps` → a problem type that it must have.
        at: The moment to judge at.
        identity: What the report must say of the issuer's identity, where that is the point.
        recipient: What the employer knows of the learner: an address, a name or a DID.
        signature: `holds`, `broken`, or empty where a Data Integrity proof is not what it is about.
        stored: Whether the bytes are kept as a file; what is large is made when it is needed.
    """

    path: str
    rows: str
    why: str
    outcome: str
    body: Bytes
    steps: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    at: str = NOW
    identity: str = ""
    recipient: str = ""
    signature: str = ""
    stored: bool = True

    def to_json(self) -> Json:
        """Return the member of `expected.json`; what is as usual is left out."""
        written: Json = {"outcome": self.outcome, "rows": self.rows.split(), "why": self.why}
        unusual = {name: getattr(self, name) for name in ("steps", "types", "identity", "recipient", "signature") if getattr(self, name)}
        written |= {name: dict(value) if isinstance(value, Mapping) else value for name, value in unusual.items()}
        return written | ({"at": self.at} if self.at != NOW else {}) | ({} if self.stored else {"stored": False})


class Group:
    """Cases of one kind, and what stands on the web for them.

    Attributes:
        cases: In the order in which they were written.
        resources: URL → makes what stands there.
        large: Those of the URLs whose bytes are made when they are needed, and not kept as files.
        trusted: DID → `{"name": …}`, what the group adds to `trust.json`.
        keys: Verification method → `{"state": …}`, the same.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases: list[Case] = []
        self.resources: dict[str, Bytes] = {}
        self.large: set[str] = set()
        self.trusted: Json = {}
        self.keys: Json = {}

    def after(self, name: str, rows: str, why: str, change: Change, step: str = "data_model|proof", **more: Value) -> None:
        """Add a badge that somebody changed after it was signed; `base`, `key` and `suite` may be given, and members of `Case`."""
        base, key, suite = more.pop("base", badge), more.pop("key", COLLEGE), more.pop("suite", RDFC)
        self.invalid(f"{name}.json", rows, why, step, lambda: text(changed(sign(base(key), key, suite), change)), **_held(more))

    def before(self, name: str, rows: str, why: str, change: Change, step: str = "data_model", **more: Value) -> None:
        """Add a badge that its issuer signed although something is wrong with it; arguments as `after`."""
        base, key, suite = more.pop("base", badge), more.pop("key", COLLEGE), more.pop("suite", RDFC)
        self.invalid(f"{name}.json", rows, why, step, lambda: text(sign(changed(base(key), change), key, suite)), **_held(more))

    def invalid(self, name: str, rows: str, why: str, step: str, body: Bytes, **more: Value) -> None:
        self._add(name, rows, why, INVALID, body, step, **more)

    def undecided(self, name: str, rows: str, why: str, step: str, body: Bytes, **more: Value) -> None:
        self._add(name, rows, why, INDETERMINATE, body, step, **more)

    def refused(self, name: str, rows: str, why: str, step: str, body: Bytes, **more: Value) -> None:
        self._add(name, rows, why, REFUSED, body, step, **more)

    def valid(self, name: str, rows: str, why: str, body: Bytes, **more: Value) -> None:
        self._add(name, rows, why, VALID, body, "", **more)

    def _add(self, name: str, rows: str, why: str, outcome: str, body: Bytes, step: str, **more: Value) -> None:
        kind = more.pop("type", "")
        steps = more.pop("steps", {step: outcome} if step else {})
        types = more.pop("types", {step: kind} if kind else {})
        self.cases.append(Case(f"{self.name}/{name}", rows, why, outcome, body, steps, types, **more))

    def serve(self, url: str, body: Bytes, *, stored: bool = True) -> str:
        """Let something stand at a URL, and return the URL."""
        if url in self.resources:
            raise ValueError(f"{url} stands there already")
        self.resources[url] = body
        if not stored:
            self.large.add(url)
        return url

    def issuer(self, name: str, document: Callable[[Key], Any] | None = None, key: Key = COLLEGE) -> Key:
        """Return the key of an issuer `did:web:issuer.example:{group}:{name}` whose document is made by `document`, or as it should be."""
        own = key.named(f"did:web:issuer.example:{self.name}:{name}#key-1")

        def body() -> bytes:
            made = document(own) if document else controller_document(own.did, method(own))
            return made if isinstance(made, bytes) else text(made)

        self.serve(f"https://issuer.example/{self.name}/{name}/did.json", body)
        return own


def _held(more: dict[str, Any]) -> dict[str, Any]:
    return {"signature": "holds"} | more
