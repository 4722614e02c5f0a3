"""How much one verification may cost, whatever was handed in: all its documents, lists and schemas draw on one budget.

Each document has limits of its own, but one may hold dozens of others, and each of them may name lists, schemas and keys.

Source: RDF-CANON#dataset-poisoning, which asks for limits on the work that a stranger's document makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from badgeissuer import problem
from badgeissuer.vc.report import Undecided

MOST = 25_000
"""What one verification may cost, in units of about a twentieth of a millisecond; an ordinary badge costs a hundred."""

Spend: TypeAlias = Callable[[float], None]
"""Pays for work before it is done, in the units of `MOST`; raises where there is no more to be had."""


class Effort:
    """What may still be spent."""

    __slots__ = ("left",)

    def __init__(self, most: float = MOST) -> None:
        self.left = most

    def spend(self, units: float) -> None:
        """Take from the budget.

        Raises:
            report.Undecided: It is used up.
        """
        self.left -= units
        if self.left < 0:
            raise Undecided("It would take more work to check than is done for one document.", kind=problem.OURS + "too-large")


def free(_units: float) -> None:
    """Pay for nothing: for what we made ourselves, and for a single document whose own limits are enough."""
