"""How documents are read: kinds of documents, profiles that say which kinds there are, and what a verifier holds to be true beforehand.

Source: contract of this project (the profiles `badge` and `vc`); VC-DATA-INTEGRITY#context-validation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from badgeissuer import problem
from badgeissuer.vc import contexts, controller, family, multikey, proof
from badgeissuer.vc.document import JsonObject

SKEW = timedelta(minutes=5)
"""How far clocks may differ for times that begin something; what has ended has ended."""
MAX_PROOFS = 4


class Find(Protocol):
    """Looks a credential up in a list."""

    def __call__(self, source: JsonObject, credential_id: str, *, url: str, issuer: str) -> problem.Finding | None:
        """Return what is wrong with the credential."""


@dataclass(frozen=True, slots=True)
class ForeignStatus:
    """A kind of status that is not the W3C's.

    Attributes:
        url: A status entry → where its list stands; raises where it does not say.
        find: The list, the id of the credential, where the list stood and the credential's issuer → what is wrong with the credential, if
            anything; raises for what is no such list.
    """

    url: Callable[[JsonObject], str]
    find: Find


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of document; one is equal to itself only.

    Attributes:
        noun: What a person calls it.
        check_context: Raises where the `@context` is not one of the kind.
        gate: What keeps a document from being read in one way only; nothing that it finds fault with is canonicalised.
        rules: Each returns what is wrong with a document's members.
        remarks: Each returns what is true and a reader must know, of documents that `rules` find nothing wrong with; it is told whether the
            order of arrays is signed too.
        schemas: How the URL of a JSON Schema begins → our own rule that asks for more than it does.
        parts: The credentials inside: where, in which role (`endorsement` or `credential`), and what stands there.
        ids: The identifiers of the things that a document speaks of.
        statuses: Kinds of status beside the W3C's, by type.
        refreshes: Types of services that give a newer version.
        answers_to: A subject and what a reader knows of a person → whether it is they; None where that cannot be compared.
        is_defined: Whether every member and type must be one that the contexts define, whatever signs the document.
        role: In which role such a document may stand inside another.
        is_presentation: Whether a holder made it, to show that they have what is inside.
        is_list: Whether it is a status list.
        neutral: The places that rules, remarks and gate do not tell apart; None where every document is looked at anew.
    """

    noun: str
    check_context: Callable[[JsonObject, Mapping[str, contexts.Context]], None]
    gate: proof.Rule
    rules: tuple[proof.Rule, ...] = ()
    remarks: tuple[Callable[[JsonObject, bool], tuple[problem.Finding, ...]], ...] = ()
    schemas: Mapping[str, proof.Rule] = field(default_factory=dict)
    parts: Callable[[JsonObject], Sequence[tuple[str, str, Any]]] = lambda _source: ()
    ids: Callable[[JsonObject], Iterable[object]] = lambda _source: ()
    statuses: Mapping[str, ForeignStatus] = field(default_factory=dict)
    refreshes: frozenset[str] = frozenset()
    answers_to: Callable[[JsonObject, str], bool | None] = lambda _subject, _given: None
    is_defined: bool = False
    role: str = "credential"
    is_presentation: bool = False
    is_list: bool = False
    neutral: family.Neutral | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """How strictly documents are read.

    Attributes:
        name: `badge` or `vc`.
        noun: What a person calls a document of which nothing more is known.
        kind: A document → its kind.
        proofs: How many proofs of a document are read; each costs work.
    """

    name: str
    noun: str
    kind: Callable[[JsonObject], Kind]
    proofs: int = MAX_PROOFS


@dataclass(frozen=True, slots=True)
class Policy:
    """What the verifier holds to be true beforehand, and what the reader asks.

    Attributes:
        profile: How strictly documents are read.
        known: The contexts that documents may name.
        trusted: DID → name of issuers whose identity is known.
        compromised: Verification method → the moment since which its signatures prove nothing.
        list_issuers: DID of an issuer → the other DIDs that may sign its status lists.
        listed: DID → the registry through which it is trusted, where it is one.
        recipient: What the reader knows of the person it should be about: an e-mail address, a DID, a name.
        challenge: What a presentation must have been made for.
        domain: As `challenge`.
    """

    profile: Profile
    known: Mapping[str, contexts.Context] = field(default_factory=lambda: contexts.PINNED)
    trusted: Mapping[str, str] = field(default_factory=dict)
    compromised: Mapping[str, datetime] = field(default_factory=dict)
    list_issuers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    listed: Mapping[str, str] = field(default_factory=dict)
    recipient: str | None = None
    challenge: str | None = None
    domain: str | None = None

    def for_parts(self) -> Policy:
        """Return the policy for what stands inside: the reader's questions are about the whole."""
        return replace(self, recipient=None, challenge=None, domain=None)

    def compromised_since(self, method: controller.VerificationMethod) -> datetime | None:
        """Return since when a key is known to be in wrong hands, under whichever name it is used."""
        if not self.compromised:
            return None
        names = {method.id}
        if isinstance(method.public_key, multikey.PublicKey):
            names.add(method.public_key.multikey)
        found = [since for name, since in self.compromised.items() if name in names or name.partition("#")[2] in names]
        return min(found, default=None)
