"""What an examination need not find anew, because the rules found it of another document of the same family; and what it leaves behind.

Now and then nothing is recalled, and what was found is compared with what would have been: a difference sounds the alarm, whatever the
document's signature is worth.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.vc import alarm, family, proof, schemas, templates
from badgeissuer.vc.report import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badgeissuer.vc.examination import Examination
    from badgeissuer.vc.report import Step


class Recall:
    """What is remembered of the family of one document."""

    def __init__(self, examined: Examination) -> None:
        self._examined = examined

    @functools.cached_property
    def _likeness(self) -> family.Likeness | None:
        """The document as one of its family, where it has the plainest of proofs and nothing else around it."""
        examined, read = self._examined, self._examined.imprint
        if examined.kind.neutral is None or examined.token:
            return None
        if read is not None and read.kind is examined.kind and read.likeness.family.is_under(examined.policy.known):
            return read.likeness
        if not proof.is_plain(examined.source.get("proof")):
            return None
        source = proof.without_proof(examined.source)
        return family.FAMILIES.likeness(source, examined.kind, examined.kind.neutral, examined.policy.known)

    @functools.cached_property
    def _verdict(self) -> tuple[Mapping[str, Step] | None, bool]:
        """What the rules found of another document of the family, and whether they are asked all the same."""
        verdict = self._likeness.verdict if self._likeness else None
        return verdict, verdict is not None and family.FAMILIES.is_checked()

    @property
    def is_alone(self) -> bool:
        """Whether it is known, without looking, that nothing stands inside that is verified on its own."""
        return self._examined.imprint is not None and self._likeness is not None and self._likeness.verdict is not None

    @property
    def settled(self) -> Mapping[str, Step] | None:
        """The steps that need not be run."""
        verdict, is_asked = self._verdict
        return None if is_asked else verdict

    def canonical(self) -> bytes | None:
        """Return the canonical N-Quads of a document that passed its gate; None where they must be made."""
        _, is_asked = self._verdict
        return self._likeness.canonical(self._examined.policy.known) if self._likeness and not is_asked else None

    def note(self, found: Mapping[str, Step], *, is_issued: bool, is_alone: bool) -> None:
        """Keep what the rules found of the document, or compare it with what they found before.

        Args:
            found: The steps by name.
            is_issued: Whether its issuer signed it; of anything else nothing is kept.
            is_alone: Whether nothing stands inside it that is verified on its own.
        """
        expected, is_asked = self._verdict
        if self._likeness is None or (expected and not is_asked):
            return
        if any(step.outcome is Outcome.INDETERMINATE for step in found.values()):
            return
        if expected:
            if found != expected or not is_alone or not self._is_canonical(self._likeness):
                name = self._examined.source.get("id")
                alarm.ALARM.sound(f"The rules found something else of a document than of another of its family: {name!r:.200}")
        elif is_issued and is_alone and schemas.are_ours(self._examined):
            self._likeness.remember(found)

    def _is_canonical(self, likeness: family.Likeness) -> bool:
        """Return whether the template of the family makes what the full algorithm makes, or nothing."""
        known, expected = self._examined.policy.known, None
        with contextlib.suppress(problem.Problem):
            expected = templates.full(proof.without_proof(self._examined.source), known)
        return likeness.canonical(known) in {None, expected}
