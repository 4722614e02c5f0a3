"""The JSON-LD contexts we know, each pinned by digest. No other is ever used, and none is ever fetched.

Source: VC-DATA-INTEGRITY#validating-contexts. The documents, their owners and licences: `contexts/NOTICE.md`.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

import rfc8785

from badgeissuer import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from badgeissuer.vc import document

CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
CREDENTIALS_V1 = "https://www.w3.org/2018/credentials/v1"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OPEN_BADGES_UNVERSIONED = "https://purl.imsglobal.org/spec/ob/v3p0/context.json"
OPEN_BADGES_3_0_1 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json"
OPEN_BADGES_3_0_2 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json"
OPEN_BADGES_EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
DATA_INTEGRITY_V1 = "https://w3id.org/security/data-integrity/v1"
DATA_INTEGRITY_V2 = "https://w3id.org/security/data-integrity/v2"
ED25519_2020 = "https://w3id.org/security/suites/ed25519-2020/v1"


@dataclass(frozen=True, slots=True)
class Context:
    """A context document that may be used.

    Attributes:
        url: The URL under which documents name it.
        content: The parsed document; treat it as frozen.
        sha256: Lower-case hex of the SHA-256 of its RFC 8785 form.
        extends_badges: Whether badges may name it too, after those that the standard gives them; an operator who pins it says so.
        rule: What is wrong with its terms in a document that names it.
        schemas: URLs of JSON Schemas, each with a rule that, after `rule`, asks for more than the schema does.
    """

    url: str
    content: document.JsonObject
    sha256: str
    extends_badges: bool = False
    rule: Callable[[document.JsonObject], tuple[problem.Finding, ...]] | None = None
    schemas: tuple[tuple[str, Callable[[document.JsonObject], tuple[problem.Finding, ...]]], ...] = ()


def named(source: document.JsonObject, known: Mapping[str, Context]) -> list[Context]:
    """Return the contexts that a document names and that are known."""
    value = source.get("@context")
    return [known[url] for url in (value if isinstance(value, list) else [value]) if isinstance(url, str) and url in known]


def digest(content: document.JsonObject) -> str:
    """Return the SHA-256, in hex, of the RFC 8785 form: the same for every copy of the same JSON."""
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def pin(url: str, content: document.JsonObject, *, sha256: str) -> Context:
    """Return the context if its digest is the expected one.

    Raises:
        problem.Fault: The document is not the one that was pinned.
    """
    if digest(content) != sha256:
        raise problem.Fault(f"The stored copy of the context {url} is not the pinned one; reinstall the package.")
    return Context(url, content, sha256)


def lookup(url: str, known: Mapping[str, Context]) -> document.JsonObject:
    """Return a copy of the context named `url`, for a processor that edits what it is given.

    Raises:
        problem.Invalid: No copy of it is held.
    """
    if url not in known:
        raise problem.Invalid(f"No pinned copy of the JSON-LD context {url[:200]} is held here, and contexts are never fetched.")
    return copy.deepcopy(known[url].content)


def _pin(url: str, file: str, sha256: str) -> tuple[str, Context]:
    text = resources.files("badgeissuer.vc").joinpath("contexts", file).read_text("utf-8")
    return url, pin(url, json.loads(text), sha256=sha256)


def _load() -> Mapping[str, Context]:
    return MappingProxyType(dict(_pin(*row) for row in _TABLE))


_TABLE = (
    (CREDENTIALS_V2, "credentials-v2.jsonld", "b463c8d6a066214123ddd9827b135e1b50e1fc73322cc52a9b12a4f1fc7d86cf"),
    (CREDENTIALS_V1, "credentials-v1.jsonld", "b01e671e873981f19a9102a9a57f666dbcaeb31b99e3e124378d143e71549247"),
    (DATA_INTEGRITY_V1, "data-integrity-v1.jsonld", "9505bf85338a4c2121ad03992ac90061bc85d43bcfa34d9d47b779381cf08b5f"),
    (DATA_INTEGRITY_V2, "data-integrity-v2.jsonld", "7ba3c50acf2689d5e07927267343eb353249c7c22a9f2d00307cc970e855e305"),
    ("https://w3id.org/security/multikey/v1", "multikey-v1.jsonld", "be20c3ee6af6e9c4102e66a85c26617831218e32216bdf050f870e389e737cdc"),
    (ED25519_2020, "ed25519-2020-v1.jsonld", "fb517f09d990829aed734c9bad8cbbb2ac3d5063b865c7e3d81f246074bf5691"),
    (OPEN_BADGES_UNVERSIONED, "ob-unversioned.jsonld", "2c54acaa1cffda2420be32ab61f0a2082051211131c6337686f36f2537aa859b"),
    (OPEN_BADGES_3_0_1, "ob-3.0.1.jsonld", "8bb2354552b70cbdf2066f6d3e24bc5c2be2619145737580ad2aebdc366e77d5"),
    (OPEN_BADGES_3_0_2, "ob-3.0.2.jsonld", "bdd1d11a55a660322f24660862a1d430ee80cce584465f750909daa43684357c"),
    (OPEN_BADGES, "ob-3.0.3.jsonld", "04b1136ddc4eda9a8966bc7ef182789f233a26739473140ef75d6968c29a2966"),
    (OPEN_BADGES_EXTENSIONS, "ob-extensions.jsonld", "15f4c347c6fe4380d9b6b93795859e33747ef48d5c55b91a71c52fb51c7bcbd7"),
    (CLR, "clr-2.0.1.jsonld", "7defe702c102faf14108579b7d65ef39ecf4c3bbef925b803e15bd77cd6e3394"),
)

PINNED: Mapping[str, Context] = _load()
"""The contexts that this package carries: URL → `Context`."""
