"""The alarm: something that was remembered made another thing of a document than the full way does.

From then on this process takes the full way only, which is slower and always right. Whoever runs it is told through `tell`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Alarm:
    """Whether what is remembered may be relied on.

    Attributes:
        reason: What went wrong first; None where nothing did.
        tell: Is told that reason, once.
    """

    reason: str | None = None
    tell: Callable[[str], object] | None = None

    def sound(self, reason: str) -> None:
        """Have nothing that is remembered used any more."""
        if self.reason is None:
            self.reason = reason
            if self.tell:
                self.tell(reason)


ALARM = Alarm()
"""That of this process."""
