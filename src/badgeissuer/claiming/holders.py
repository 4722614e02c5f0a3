"""Holders: who they are, the browsers that are theirs, and which badges they have.

A holder has the badges that were issued to the addresses that they proved, whichever unit issued them. Nobody else acts on these.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update

from badgeissuer import access, problem, sharing
from badgeissuer.openbadges import identity
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

SESSION = timedelta(days=7)
"""How long a browser is somebody's at most."""
IDLE = timedelta(hours=12)
"""How long without being used."""
_NOTED_EVERY = timedelta(minutes=10)
"""How often is noted that it was."""
MOST = 500
"""Badges that are listed."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A badge of a holder.

    Attributes:
        award: Its award.
        name: The name of the achievement.
        unit: The name of the unit that issued it.
        state: `in force`, `revoked`, `suspended` or `expired`.
        how: How it is shown.
        links: The links to it that count, the newest first.
    """

    award: tables.Award
    name: str
    unit: str
    state: str
    how: sharing.How
    links: Sequence[tables.ShareLink]


def find(session: Session, email: str) -> int | None:
    """Return the holder of an address."""
    return session.scalar(select(tables.HolderAddress.holder_id).where(tables.HolderAddress.email == email))


def prove(session: Session, email: str, *, now: datetime) -> int:
    """Return the holder of an address that somebody has just proven; a new one where nobody had. Its badges have reached them."""
    table = tables.HolderAddress
    holder = find(session, email)
    if holder is None:
        new = tables.Holder(created_at=now)
        session.add(new)
        session.flush()
        holder = new.id
        if engine.add_if_new(session, table(holder_id=new.id, email=email, confirmed_at=now)) is None:
            session.delete(new)  # another request proved it at the same moment
            session.flush()
            holder = session.scalars(select(table.holder_id).where(table.email == email)).one()
        else:
            session.add(tables.HolderEvent(holder_id=new.id, kind="proven", email=email, at=now))
    session.execute(update(table).where(table.email == email).values(confirmed_at=now))
    rows = issued_to(session, {email})
    engine.add_all_new(session, [tables.Claim(award_id=row.id, email=email, claimed_at=now) for row in rows])
    return holder


def sign_in(session: Session, holder_id: int, *, now: datetime) -> str:
    """Make a browser a holder's; return the secret for its cookie, another one each time. Sessions that are over go."""
    table, secret = tables.HolderSession, access.new_secret()
    session.execute(delete(table).where(or_(table.expires_at <= now, table.used_at <= now - IDLE)))
    row = table(holder_id=holder_id, secret_sha256=access.digest(secret), created_at=now, used_at=now, expires_at=now + SESSION)
    session.add(row)
    session.flush()
    return secret


def signed_in(session: Session, secret: str, *, now: datetime) -> tables.HolderSession | None:
    """Return the session of a secret; None where it is over, or there is none."""
    table = tables.HolderSession
    counts = (table.secret_sha256 == access.digest(secret), table.expires_at > now, table.used_at > now - IDLE)
    return session.scalar(select(table).where(*counts)) if secret else None


def is_stale(row: tables.HolderSession, *, now: datetime) -> bool:
    """Return whether it is to be noted again that a session is used."""
    return now - row.used_at > _NOTED_EVERY


def touch(session: Session, row_id: int, *, now: datetime) -> None:
    """Note that a session is used."""
    session.execute(update(tables.HolderSession).where(tables.HolderSession.id == row_id).values(used_at=now))


def sign_out(session: Session, secret: str) -> None:
    """End a session."""
    session.execute(delete(tables.HolderSession).where(tables.HolderSession.secret_sha256 == access.digest(secret)))


def addresses(session: Session, holder_id: int) -> list[tables.HolderAddress]:
    """Return the addresses of a holder, the oldest first."""
    table = tables.HolderAddress
    return list(session.scalars(select(table).where(table.holder_id == holder_id).order_by(table.id)))


def issued_to(session: Session, emails: Collection[str]) -> list[tables.Award]:
    """Return the awards whose badges were issued to addresses, the newest first, `MOST` at most.

    They are those of the learners that units know by these addresses, and what was claimed by them before. What a badge was issued to
    decides, not who is said to be the same person: no staff can move a badge into somebody else's list.
    """
    owner, award, claim = tables.LearnerIdentity, tables.Award, tables.Claim
    named = (owner.issuer_id.in_(select(tables.Issuer.id)), owner.kind == "email", owner.authority == "", owner.value.in_(emails))
    learners = session.scalars(select(owner.learner_id).where(*named)).all()
    claimed = session.scalars(select(claim.award_id).where(claim.email.in_(emails))).all()
    theirs = or_(award.learner_id.in_(learners), award.id.in_(claimed))
    rows = session.scalars(select(award).where(award.state == "issued", theirs).order_by(award.id.desc()).limit(MOST))
    return [row for row in rows if identity.normal_email(row.claims.get("email") or "") in emails]


def owned(session: Session, holder_id: int, uuid: UUID) -> tables.Award:
    """Return an award of a holder by the number of its badge.

    Raises:
        problem.NotFound: There is none, or it is somebody else's.
    """
    row = session.scalar(select(tables.Award).where(tables.Award.credential_uuid == uuid, tables.Award.state == "issued"))
    if row is None or not owns(session, holder_id, row):
        raise problem.NotFound(problem.NOTHING)
    return row


def owns(session: Session, holder_id: int, award: tables.Award) -> bool:
    """Return whether an award is one of a holder."""
    email: str | None = award.claims.get("email")
    return email is not None and find(session, identity.normal_email(email)) == holder_id


def badges(session: Session, holder_id: int, *, now: datetime) -> list[Owned]:
    """Return the badges of a holder, the newest first."""
    awards = issued_to(session, {row.email for row in addresses(session, holder_id)})
    ids = [row.id for row in awards]
    version, entry = tables.AchievementVersion, tables.StatusEntry
    query = (
        select(tables.Award.id, version.document, tables.Issuer.name, tables.Sharing)
        .join(version, version.id == tables.Award.achievement_version_id)
        .join(tables.Issuer, tables.Issuer.id == tables.Award.issuer_id)
        .outerjoin(tables.Sharing, tables.Sharing.award_id == tables.Award.id)
        .where(tables.Award.id.in_(ids))
    )
    about = {found[0]: found for found in session.execute(query)}
    uuids = [row.credential_uuid for row in awards]
    ended = dict(session.execute(select(entry.credential_uuid, entry.purpose).where(entry.credential_uuid.in_(uuids), entry.is_set)).all())
    links = sharing.links(session, ids, now=now)
    return [
        Owned(
            row,
            str(about[row.id][1]["name"]),
            about[row.id][2],
            _state(row, ended.get(row.credential_uuid), now),
            sharing.of(about[row.id][3]),
            links.get(row.id, ()),
        )
        for row in awards
    ]


def _state(row: tables.Award, ended: str | None, now: datetime) -> str:
    if ended:
        return "revoked" if ended == "revocation" else "suspended"
    return "expired" if row.valid_until and row.valid_until <= now else "in force"
