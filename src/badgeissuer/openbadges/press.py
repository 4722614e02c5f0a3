"""Badges of one achievement, printed: the JSON and what is signed of it come from one plan, so that they cannot drift apart.

A press is made from a whole badge that passed every rule. It holds the badge's text, with gaps where badges of the achievement differ, and
the template of its canonical form, with slots for the same values. Whatever has other members needs a press of its own.

Source: VC-DI-EDDSA#transformation-eddsa-rdfc-2022, OB-3.0 "Serialization/JSON".
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from badgeissuer import problem
from badgeissuer.openbadges import credential, identity
from badgeissuer.vc import compiler, contexts, document, instant, skeleton, template
from badgeissuer.vc.skeleton import Skeleton

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from badgeissuer.vc import proof
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.family import Path
    from badgeissuer.vc.skeleton import Leaf

_NAMELESS = "-"
_STUB = {"name": _NAMELESS}
"""What stands for the achievement where only the particulars are of interest."""
_NOT_PARTICULAR = {("name",), ("credentialSubject", "achievement", "name")}


@dataclass(frozen=True, slots=True)
class Printed:
    """An unsigned badge: its JSON, and the canonical N-Quads of the same values."""

    text: bytes
    canonical: bytes

    def secured(self, proven: JsonObject) -> bytes:
        """Return the JSON with a proof, whose members are texts."""
        return b'%b,"proof":%b}' % (self.text[:-1], orjson.dumps(proven))


@dataclass(frozen=True, slots=True)
class Press:
    """Prints badges that have the same members and differ in their particulars only.

    Attributes:
        text: The badge's JSON, UTF-8, as a format, one gap for each value.
        plan: Makes the canonical form from the same values in the same order.
        values: Where in the leaves of the particulars the values stand.
        contexts: The contexts that it was made under: URL → SHA-256.
    """

    text: bytes
    plan: template.Template
    values: tuple[int, ...]
    contexts: tuple[tuple[str, str], ...]

    def print(self, leaves: Sequence[Leaf]) -> Printed | None:
        """Return the badge; None where its values need the full algorithm.

        Args:
            leaves: What `take_apart` made of the badge's particulars; for a press that was `cast`, what its places hold.
        """
        values = [leaves[number] for number in self.values]
        canonical = self.plan.fill(values)
        return Printed(self.text % tuple(map(orjson.dumps, values)), canonical) if canonical is not None else None


def take_apart(particulars: credential.Particulars) -> Skeleton:
    """Return the particulars of a badge as leaves; the skeleton's key says which members the badge has.

    The leaves are those of the badge that `_composed` takes apart, in the same order; `make` sees to that.
    """
    recipient, claims, dates, entry = particulars.recipient, particulars.claims, particulars.dates, particulars.status
    seldom = (claims.license_number, claims.term, claims.activity_start, claims.activity_end)
    is_odd = entry.size > 1 or bool(entry.messages) or isinstance(claims.credits_earned, bool)
    if is_odd or any(value is not None for value in seldom):
        return _composed(particulars)
    said = _known(skeleton.of({"result": list(claims.results), "evidence": list(claims.evidence)}))
    leaves: list[Leaf] = [particulars.url, _NAMELESS, instant.write(dates.valid_from), instant.write(dates.awarded)]
    if dates.valid_until:
        leaves.append(instant.write(dates.valid_until))
    if recipient.did is not None:
        leaves.append(recipient.did)
    if recipient.email:
        hashed = identity.hashed_email(recipient.email, salt=recipient.salt)
        leaves += [hashed["identityHash"], hashed["identityType"], hashed["salt"]]
    earned = credential.plain_number(claims.credits_earned)
    if earned is not None:
        leaves.append(earned)
    if claims.narrative is not None:
        leaves.append(claims.narrative)
    place = [f"{entry.list_url}#{entry.index}", entry.purpose, str(entry.index), entry.list_url]
    key = (
        bool(dates.valid_until), recipient.did is None, bool(recipient.email), type(earned).__name__, str(earned) if not earned else "",
        claims.narrative is None, said.key, said.contexts,
    )  # fmt: skip
    return Skeleton(key, said.contexts, [*leaves, _NAMELESS, *said.leaves, *place])


def _composed(particulars: credential.Particulars) -> Skeleton:
    """Return the particulars of a badge as the leaves of a badge with nothing else in it."""
    return _known(skeleton.of(particulars.badge(_STUB, {})))


def make(particulars: credential.Particulars, achievement: JsonObject, *, issuer: JsonObject) -> Press | None:
    """Return a press for badges like the one that these values make; None where their form cannot be compiled.

    Raises:
        problem.Invalid: The badge breaks a rule.
        problem.Fault: What would be printed is not what the full algorithm makes.
    """
    linted = credential.lint(particulars.badge(achievement, issuer))
    own = skeleton.paths(particulars.badge(_STUB, {}))
    leaves = take_apart(particulars).leaves
    if leaves != _composed(particulars).leaves:
        raise problem.Fault("The particulars of a badge are not what it is composed of.")
    press = cast(linted, {path: number for number, path in enumerate(own) if path not in _NOT_PARTICULAR})
    printed = press.print(leaves) if press else None
    if printed and (printed.canonical != linted.canonical or json.loads(printed.text) != linted.content):
        raise problem.Fault("A press prints another badge than the full algorithm signs.")
    return press if printed else None


def cast(linted: proof.Linted, places: Mapping[Path, int]) -> Press | None:
    """Return a press for documents that differ from a linted one in the places named; None where their form cannot be compiled.

    Args:
        linted: The document.
        places: Where it may differ → the number of that value among those that `print` is given.
    """
    bones = _known(skeleton.of(linted.content))
    compiled = compiler.compile_document(linted.content, bones, known=linted.known)
    chosen = [(leaf, places[path]) for leaf, path in enumerate(skeleton.paths(linted.content)) if path in places]
    plan = compiled.bind(bones.leaves, free=[leaf for leaf, _ in chosen]) if compiled else None
    if plan is None:
        return None
    digests = tuple((url, linted.known[url].sha256) for url in bones.contexts)
    return Press(_format(linted.content, bones, {leaf for leaf, _ in chosen}), plan, tuple(number for _, number in chosen), digests)


def members(particulars: credential.Particulars, achievement: JsonObject, issuer: JsonObject) -> str:
    """Return the digest that names a press: how a badge is laid out, by the program that makes it now, of what, and who issues it."""
    kept = document.write({"achievement": achievement, "issuer": issuer})
    return hashlib.sha256(repr(_composed(particulars).key).encode() + kept).hexdigest()


def to_json(press: Press) -> JsonObject:
    """Return a press as a JSON object, for keeping."""
    plan = press.plan
    return {
        "text": press.text.decode(),
        "quads": [list(quad) for quad in plan.quads],
        "slots": [[slot.leaf, slot.form, slot.suffix] for slot in plan.slots],
        "same": [list(pair) for pair in plan.same],
        "fixed": [list(item) for item in plan.fixed.items()],
        "values": list(press.values),
        "contexts": dict(press.contexts),
    }


def from_json(kept: JsonObject, *, known: Mapping[str, contexts.Context] = contexts.PINNED) -> Press:
    """Return the press that was kept.

    Args:
        kept: What `to_json` made of it.
        known: The contexts that there are now.

    Raises:
        problem.Fault: A context is another one now than when the press was made; what it prints would mean something else.
    """
    for url, sha256 in kept["contexts"].items():
        if url not in known or known[url].sha256 != sha256:
            raise problem.Fault(
                f"The context {url} is not the one that a template for badges was made under; nothing is signed with it. "
                "Reinstall the package that made it, or publish the achievement anew."
            )
    plan = template.Template(
        [tuple(quad) for quad in kept["quads"]],
        [template.Slot(*slot) for slot in kept["slots"]],
        same=[tuple(pair) for pair in kept["same"]],
        fixed=dict(kept["fixed"]),
    )
    return Press(kept["text"].encode(), plan, tuple(kept["values"]), tuple(kept["contexts"].items()))


def _format(badge: JsonObject, bones: Skeleton, gaps: set[int]) -> bytes:
    """Return the JSON of a badge with `%b` for each value in a gap."""
    stem = next(f"gap-{number}:" for number in range(1000) if f"gap-{number}:" not in repr((bones.key, bones.leaves)))
    marked = skeleton.filled(badge, [f"{stem}{number}:" if number in gaps else leaf for number, leaf in enumerate(bones.leaves)])
    text = document.write(marked).decode().replace("%", "%%")
    for number in gaps:
        text = text.replace(f'"{stem}{number}:"', "%b")
    return text.encode()


def _known(bones: Skeleton | None) -> Skeleton:
    if bones is None:
        raise problem.Fault("A badge that we composed has a context of its own.")
    return bones
