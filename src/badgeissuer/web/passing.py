"""How a learner passes a badge on: LinkedIn, an e-mail, a card in another page. Pure functions from values to addresses and markup.

Everything in them is percent-encoded or escaped, because names were written by strangers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from markupsafe import escape

if TYPE_CHECKING:
    from datetime import datetime

LINKEDIN = "https://www.linkedin.com/profile/add"
EMBED_WIDTH, EMBED_HEIGHT = 480, 184
"""CSS pixels of the card in another page."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What is passed on.

    Attributes:
        url: The badge's id, which is where it is shown.
        number: What names it, for whoever asks for a number.
        name: Of the achievement.
        unit: The name of the unit that issued it.
        since: From when it counts.
        until: Until when; None where that has no end.
        linkedin_id: The number of the unit's page on LinkedIn, whose logo is then shown there; None where it has none.
    """

    url: str
    number: str
    name: str
    unit: str
    since: datetime | None
    until: datetime | None
    linkedin_id: str | None = None

    @property
    def linkedin(self) -> str:
        """The address that opens LinkedIn's form for a licence or certification, filled in; months are those of UTC, 1 to 12."""
        asked = {"startTask": "CERTIFICATION_NAME", "name": self.name}
        asked |= {"organizationId": self.linkedin_id} if self.linkedin_id else {"organizationName": self.unit}
        for kind, moment in (("issue", self.since), ("expiration", self.until)):
            if moment:
                asked |= {f"{kind}Year": str(moment.year), f"{kind}Month": str(moment.month)}
        return f"{LINKEDIN}?{urlencode(asked | {'certUrl': self.url, 'certId': self.number}, quote_via=quote)}"

    @property
    def letter(self) -> str:
        """The address that opens the reader's own mail program with a letter to an employer; it names no recipient (RFC 6068)."""
        body = f"Here is my badge “{self.name}”, issued by {self.unit}. Open this link to check it:\r\n\r\n{self.url}\r\n"
        return "mailto:?" + urlencode({"subject": f"My badge: {self.name}", "body": body}, quote_via=quote)

    @property
    def frame(self) -> str:
        """The HTML that shows the badge as a card in another page."""
        return self.framed(width=EMBED_WIDTH, height=EMBED_HEIGHT)

    def framed(self, *, width: int, height: int) -> str:
        """Return that HTML for a card of another size, in CSS pixels."""
        return (
            f'<iframe src="{escape(self.url)}/embed" title="{escape(self.name)}" width="{width}" height="{height}"'
            ' loading="lazy" referrerpolicy="no-referrer"></iframe>'
        )
