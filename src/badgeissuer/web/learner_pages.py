"""The pages for learners, as `pages` makes the others: functions from values to the text of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from badgeissuer import sharing
from badgeissuer.claiming import consents
from badgeissuer.web import pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from badgeissuer import claiming
    from badgeissuer.claiming import holders
    from badgeissuer.store import tables

_SAID = {
    sharing.PRIVATE: "It is private now: only you see it, and who has a link of yours that counts.",
    sharing.UNLISTED: "Anyone with its link sees it now; it is listed nowhere.",
    sharing.PUBLIC: "It is public now: everybody may find it.",
}


@dataclass(frozen=True, slots=True)
class Undo:
    """The form that undoes something.

    Attributes:
        path: Where it goes.
        sent: What it sends.
        label: What stands on its button.
    """

    path: str
    sent: Mapping[str, str]
    label: str = "Undo"


@dataclass(frozen=True, slots=True)
class Done:
    """What was just done, to be said above the list.

    Attributes:
        uuid: The number of the badge; None for what is about none.
        text: What it was.
        link: A link that was made; it stands nowhere else.
        undo: How to undo it.
    """

    uuid: UUID | None
    text: str
    link: str = ""
    undo: Undo | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Reached:
    """How letters reach a learner: the addresses that they proved, and what became of these, the newest first."""

    addresses: Sequence[tables.HolderAddress]
    history: Sequence[tables.HolderEvent] = ()


def said(chosen: consents.Choice) -> str:
    """Return what is said of a choice that holds now."""
    results = "Pages show your results." if chosen.shows_results else "Your results are shown on no page."
    return f"{_SAID[chosen.visibility]} {results}"


def fields(chosen: consents.Choice) -> dict[str, str]:
    """Return what a form sends for a choice."""
    ticked = {"results": chosen.shows_results, "list": chosen.may_be_listed}
    return {"visibility": chosen.visibility} | {name: "on" for name, is_ticked in ticked.items() if is_ticked}


def claim_page(waiting: claiming.Waiting, holds: consents.Choice | None, *, secret: str) -> str:
    """Return the page that a link opens, with the form that uses it.

    Args:
        waiting: What the link is about.
        holds: What holds for the badge, which may have been decided before its letter was read; None where it is about none.
        secret: That of the link.
    """
    return pages.learner_text("claim", key="", waiting=waiting, holds=holds, secret=secret, texts=consents.TEXTS)


def address_page(email: str, *, secret: str, key: str) -> str:
    """Return the page that a link opens by which an address is added."""
    return pages.learner_text("address", key=key, email=email, secret=secret)


def sign_in_page(*, sends: bool, stopped: str = "", email: str = "", no_address: bool = False) -> str:
    """Return the page that asks who somebody is.

    Args:
        sends: Whether letters are sent here at all.
        stopped: Why a link did not count.
        email: The address that was given; it stands in the box again.
        no_address: It is none.
    """
    return pages.learner_text("sign_in", key="", sends=sends, stopped=stopped, email=email, no_address=no_address)


def mailed_page(*, minutes: int, most: int) -> str:
    """Return the page that says that a link was sent, if there are badges behind the address."""
    return pages.learner_text("mailed", key="", minutes=minutes, most=most)


def badges_page(
    owned: Sequence[holders.Owned],
    agreed: Mapping[int, Sequence[tables.Consent]],
    reached: Reached,
    *,
    key: str,
    done: Done | None = None,
) -> str:
    """Return the page of a learner.

    Args:
        owned: Their badges, the newest first.
        agreed: What they agreed to, by award, the newest first.
        reached: How letters reach them.
        key: What their forms send along.
        done: What was just done.
    """
    more = {"texts": consents.TEXTS, "words": consents.words, "days": sharing.DAYS, "note_most": sharing.LONGEST_NOTE}
    return pages.learner_text(
        "badges", key=key, owned=owned, agreed=agreed, listed=consents.listed(agreed), reached=reached, done=done, **more
    )
