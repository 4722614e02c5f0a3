"""How far achievements have what frameworks ask for, and which framework a unit has made its gate for publishing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from badgeissuer import branding, frameworks, problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badgeissuer.store import tables
    from badgeissuer.vc.document import JsonObject


def gate(line: Sequence[tables.Issuer]) -> frameworks.Framework | None:
    """Return the framework without which the first of a lineage publishes nothing: its own, else that of the nearest above it."""
    key = next((row.gate for row in line if row.gate is not None), None)
    return None if key is None else frameworks.find(key)


def appraise(line: Sequence[tables.Issuer], achievement: JsonObject, *, did: str) -> tuple[frameworks.Appraisal, ...]:
    """Return how far a completed Achievement has what each framework asks for.

    Args:
        line: Its unit and all above it, itself first.
        achievement: The Achievement.
        did: Instead of the DIDs of those that have no key yet.
    """
    facts = frameworks.gather(achievement, branding.profile(line, did=did))
    return tuple(frameworks.appraise(framework, facts) for framework in frameworks.ALL)


def require(line: Sequence[tables.Issuer], achievement: JsonObject) -> None:
    """Return if an Achievement passes the gate of its unit, or if there is none.

    Raises:
        problem.Conflict: Something is missing; the findings say what, and in which field.
    """
    framework = gate(line)
    if framework is None:
        return
    found = frameworks.appraise(framework, frameworks.gather(achievement, branding.profile(line)))
    if not found.is_met:
        gaps = [gap for gap in found.gaps if gap.element.need != "optional"]
        findings = tuple(problem.Finding(gap.said, gap.pointer) for gap in gaps)
        raise problem.Conflict(f"Your unit publishes only what has all that is asked for by: {framework.name}.", findings=findings)
