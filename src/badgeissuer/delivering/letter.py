"""Letters: plain text and HTML, in the name and the colour of the unit that writes. Here the one that tells a learner of a badge.

Names were written by strangers: they lose what cannot be seen, and are cut, before they stand in a header or in the text. Nothing is loaded
from anywhere, and nothing tells whether the letter was read.
"""

from __future__ import annotations

import email.policy
import re
import unicodedata
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import jinja2

from badgeissuer import problem
from badgeissuer.awarding import adapter
from badgeissuer.net import mail
from badgeissuer.openbadges import colour

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LONGEST_NAME = 100
"""Characters of a name that are shown."""
_POLICY = email.policy.SMTP.clone(cte_type="7bit")
"""Bodies in ASCII, whatever stands in them: some servers still take no other."""
_LEADS_ELSEWHERE = re.compile(r"[/@:\\]|\w\.\w{2}")
_JOINERS = "\u200c\u200d"
"""Without them some scripts cannot be written."""


@dataclass(frozen=True, slots=True)
class News:
    """What a learner is told.

    Attributes:
        unit: The name of the issuing unit.
        achievement: The name of the achievement.
        url: The page of the badge.
        learner: The learner, whose name may be empty.
        colour: The unit's, as it was set; None where none was.
        reply_to: The unit's own address; None where it has none.
        copy_of: What the Message-ID is made of: another one for each copy that somebody orders, the same for each try.
        claim: The link by which the learner makes the badge their own; None where there is none.
        is_reminder: Whether they were told before.
    """

    unit: str
    achievement: str
    url: str
    learner: mail.Mailbox
    colour: str | None
    reply_to: str | None
    copy_of: str
    claim: str | None = None
    is_reminder: bool = False


def write(news: News, *, sender: mail.Mailbox, now: datetime) -> mail.Letter:
    """Return the letter, ready to be handed over.

    Args:
        news: What it tells.
        sender: Who it is from; in the name of the unit where it has no name of its own.
        now: The moment.

    Raises:
        problem.Invalid: An address cannot stand in a letter.
    """
    unit, achievement, name = one_line(news.unit), one_line(news.achievement), called(news.learner.name)
    subject = f"Your badge still waits: {achievement}" if news.is_reminder else f"Your badge: {achievement}"
    envelope = Envelope(unit, mail.Mailbox(news.learner.address, name), subject, news.reply_to, f"{news.copy_of}@{host(news.url)}")
    said = {"unit": unit, "achievement": achievement, "name": name, "url": news.url, "claim": news.claim}
    return compose(envelope, "badge", {**said, **coloured(news.colour), "again": news.is_reminder}, sender=sender, now=now)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who gets a letter, and what stands above it.

    Attributes:
        unit: The unit that writes.
        to: Who gets it; an empty name where none is known.
        subject: What it is about.
        reply_to: The unit's own address; None where it has none.
        message_id: What its Message-ID is, the same for each try.
    """

    unit: str
    to: mail.Mailbox
    subject: str
    reply_to: str | None
    message_id: str


def compose(envelope: Envelope, template: str, said: Mapping[str, object], *, sender: mail.Mailbox, now: datetime) -> mail.Letter:
    """Return a letter of a template, in plain text and HTML; names in it are as `one_line` gives them.

    Raises:
        problem.Invalid: An address cannot stand in a letter.
    """
    recipient = mail.ascii_domain(envelope.to.address)
    message = EmailMessage(_POLICY)
    try:
        message["From"] = _address(sender.address, one_line(sender.name) or envelope.unit)
        message["To"] = _address(recipient, envelope.to.name)
        if envelope.reply_to:
            message["Reply-To"] = _address(mail.ascii_domain(envelope.reply_to), envelope.unit)
    except (ValueError, IndexError):
        raise problem.Invalid("The address that it goes to, or that of the unit, cannot stand in a letter.") from None
    message["Subject"] = envelope.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{envelope.message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_ENVIRONMENT.get_template(f"{template}.txt").render(said))
    message.add_alternative(_ENVIRONMENT.get_template(f"{template}.html").render(said), subtype="html")
    _require_its_headers(message)
    return mail.Letter(sender.address, recipient, message)


def coloured(own: str | None) -> dict[str, str]:
    """Return the colours of a letter: `ground`, the unit's own where it has one, and `ink`, which is read on it."""
    ground = colour.read(own) or colour.DEFAULT
    return {"ground": ground, "ink": colour.on(ground)}


def one_line(text: str, limit: int = LONGEST_NAME) -> str:
    """Return a name on one line, without what cannot be seen, and cut."""
    seen = (letter if letter in _JOINERS else _seen(letter) for letter in text[: 4 * limit])
    words = " ".join("".join(seen).split()).replace("=?", "= ?")  # what begins an encoded word, the library would decode
    return words if len(words) <= limit else words[:limit].rstrip() + "…"


def called(name: str) -> str:
    """Return how to call somebody; nothing where a name would be taken for an address, with which others could send on our paper."""
    shown = one_line(name)
    return "" if _LEADS_ELSEWHERE.search(shown) else shown


def _seen(letter: str) -> str:
    category = unicodedata.category(letter)
    return " " if category == "Cc" or category[0] == "Z" else "" if category[0] == "C" else letter


def _address(address: str, name: str) -> Address:
    if adapter.email_address(address) != address:
        raise ValueError("no address")
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _require_its_headers(message: EmailMessage) -> None:
    """Refuse a message that would be sent with other headers than it was given, whatever a library made of them."""
    head = message.as_bytes(policy=email.policy.SMTPUTF8).partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].decode("ascii", "replace") for line in head.split(b"\r\n") if line[:1] not in {b" ", b"\t"}]
    if names != message.keys():
        raise problem.Invalid("A name in the letter cannot be written in a header.")


def host(url: str) -> str:
    """Return the host of a URL as it stands in a Message-ID."""
    return mail.ascii_domain(f"x@{urlsplit(url).hostname}").rpartition("@")[2]


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("badgeissuer.delivering"),
    autoescape=jinja2.select_autoescape(["html"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
