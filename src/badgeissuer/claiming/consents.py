"""What learners agree to, in which words, and when. Rows are only ever added; of each kind the newest counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from badgeissuer import sharing
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

ISSUE, RESULTS, PUBLISH, LIST = tables.CONSENT_KINDS


@dataclass(frozen=True, slots=True)
class Text:
    """The words that somebody reads; whenever they change, the version does too, and the old ones stay in `FORMER`."""

    version: int
    words: str


TEXTS: Mapping[str, Text] = {
    ISSUE: Text(1, "I accept this badge: it was issued to this address, with a hash of the address in it."),
    RESULTS: Text(1, "Pages may show my results. Who has the signed file can read them there in any case."),
    PUBLISH: Text(
        2,
        "The page of this badge is public, and so is its certificate, on which my name stands: everybody may find them, and search engines "
        "may list the page.",
    ),
    LIST: Text(1, "The unit may name this badge in a public list of its badges, should it make one."),
}
FORMER: Mapping[tuple[str, int], str] = {
    (PUBLISH, 1): "The page of this badge is public: everybody may find it, and search engines may list it.",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a learner chose for a badge: who sees it, and what else they agree to."""

    visibility: str
    shows_results: bool
    may_be_listed: bool


def words(row: tables.Consent) -> str:
    """Return the words that somebody read when they agreed, or no longer did."""
    text = TEXTS[row.kind]
    return text.words if text.version == row.text_version else FORMER[row.kind, row.text_version]


def accept(session: Session, holder_id: int, award_id: int, *, now: datetime) -> None:
    """Keep that somebody accepts a badge."""
    _keep(session, holder_id, award_id, {ISSUE: True}, now=now)


def choice(session: Session, award_id: int) -> Choice:
    """Return what holds for a badge."""
    how = sharing.of(session.scalar(select(tables.Sharing).where(tables.Sharing.award_id == award_id)))
    return Choice(how.visibility, how.shows_results, _holds(session, award_id).get(LIST, False))


def choose(session: Session, holder_id: int, award_id: int, chosen: Choice, *, now: datetime) -> Choice:
    """Have a badge shown as its learner chose, keep what they agree to, and return what held before.

    Raises:
        problem.Invalid: There is no such visibility.
    """
    before = choice(session, award_id)
    sharing.decide(session, award_id, visibility=chosen.visibility, shows_results=chosen.shows_results, now=now)
    said = {RESULTS: chosen.shows_results, PUBLISH: chosen.visibility == sharing.PUBLIC, LIST: chosen.may_be_listed}
    held = _holds(session, award_id)
    _keep(session, holder_id, award_id, {kind: given for kind, given in said.items() if held.get(kind, False) != given}, now=now)
    return before


def history(session: Session, award_ids: Sequence[int]) -> dict[int, list[tables.Consent]]:
    """Return what was agreed to of badges, by their awards, the newest first."""
    table = tables.Consent
    found: dict[int, list[tables.Consent]] = {}
    for row in session.scalars(select(table).where(table.award_id.in_(award_ids)).order_by(table.id.desc())):
        found.setdefault(row.award_id, []).append(row)
    return found


def listed(agreed: Mapping[int, Sequence[tables.Consent]]) -> set[int]:
    """Return the awards whose learners agree that they are listed, of what `history` gave."""
    newest = {award: next((row.given for row in rows if row.kind == LIST), False) for award, rows in agreed.items()}
    return {award for award, is_given in newest.items() if is_given}


def _holds(session: Session, award_id: int) -> dict[str, bool]:
    table = tables.Consent
    rows = session.scalars(select(table).where(table.award_id == award_id).order_by(table.id))
    return {row.kind: row.given for row in rows}


def _keep(session: Session, holder_id: int, award_id: int, given: Mapping[str, bool], *, now: datetime) -> None:
    for kind, is_given in given.items():
        version = TEXTS[kind].version
        session.add(tables.Consent(holder_id=holder_id, award_id=award_id, kind=kind, given=is_given, text_version=version, at=now))
    session.flush()
