"""Learners make their badges their own: by a link in a letter to the address that a badge was issued to.

invite   the courier makes the link while it writes the letter of a badge, and keeps its digest, so that no table ever holds one
ask      somebody wants a link to sign in, if there is anything behind their address, and not too many were asked for → a job
prepare  the courier makes that link → the letter
look     what a link is about, for the page that it opens: what scans mail opens links
use      once, by the form of that page: who sent it reads the letters of that address (`holders`)

Links count in any browser, because people read letters on one machine and work on another. Only what the letter went to is proven: an
address that would be compared in another form than it is written to gets no link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, false, func, or_, select, update

from badgeissuer import access, delivering, problem
from badgeissuer.claiming import addresses, holders
from badgeissuer.delivering import letter
from badgeissuer.net import mail
from badgeissuer.openbadges import identity
from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

SEND = "send_claim_link"
PATH = "/claim"
CLAIM, SIGN_IN, ADDRESS = tables.LINK_KINDS
ADDED = "/me/addresses/new"
"""Where a link leads that adds an address."""
CLAIM_LASTS = timedelta(days=30)
"""How long the link in the letter of a badge counts."""
SIGN_IN_LASTS = timedelta(minutes=30)
MOST = 3
"""Links to sign in that are sent to one address within that time."""
MOST_OF_ALL = 2000
"""To all addresses together."""
OVER = "This link was used before, is too old, or a newer one was sent to you. Have a new one sent to you here."


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a link is about.

    Attributes:
        email: The address that it was sent to.
        award_id: The award of whose badge the letter tells; None for a link that somebody asked for.
        name: The name of the achievement.
        unit: The name of the unit that issued it.
        is_revoked: Whether the badge was revoked since.
    """

    email: str
    award_id: int | None = None
    name: str = ""
    unit: str = ""
    is_revoked: bool = False


def provable(address: str) -> str | None:
    """Return the form in which an address is compared, where letters to the one and to the other come to the same place; else None.

    Lower case makes an ASCII letter of some that are none, and an address that looks like yours is not yours.
    """
    normal = identity.normal_email(address)
    return normal if address.isascii() or address == normal else None


def invite(session: Session, award: tables.Award, *, site: Site, now: datetime) -> delivering.Invitation:
    """Return where the letter that tells of a badge goes, and make the link in it; earlier ones of the badge count no more.

    It goes to the address that the badge was issued to, or to the one that its holder prefers.

    Args:
        session: A writing session; commit it before the letter is sent.
        award: The award, which has an address.
        site: The service as the world sees it.
        now: The moment.
    """
    holder = holders.find(session, identity.normal_email(award.claims["email"]))
    to = (addresses.preferred(session, holder) if holder else None) or award.claims["email"]
    email = provable(to)
    if email is None:
        return delivering.Invitation(to)
    table, secret = tables.ClaimLink, access.new_secret()
    session.execute(update(table).where(table.award_id == award.id).values(secret_sha256=None))
    row = table(kind=CLAIM, email=email, created_at=now, expires_at=now + CLAIM_LASTS, award_id=award.id)
    row.secret_sha256 = access.digest(secret)
    session.add(row)
    session.flush()
    return delivering.Invitation(to, f"{site.base}{PATH}/{secret}")


def is_known(session: Session, email: str) -> bool:
    """Return whether there is anything behind an address: a badge, or a holder."""
    return holders.find(session, email) is not None or bool(holders.issued_to(session, {email}))


def ask(session: Session, email: str, *, holder_id: int | None = None, now: datetime) -> bool:
    """Order a link to sign in, or one that adds an address; return whether one is, and not too many were ordered before.

    Args:
        session: A writing session.
        email: The address, in the form in which it is compared and written to. To sign in there must be something behind it.
        holder_id: Who says that it is theirs too.
        now: The moment.
    """
    table = tables.ClaimLink
    session.execute(delete(table).where(table.expires_at <= now - CLAIM_LASTS))
    own_or_same = or_(table.email == email, false() if holder_id is None else table.holder_id == holder_id)
    recent = select(func.count().filter(own_or_same), func.count(table.id)).where(
        table.kind != CLAIM, table.created_at > now - SIGN_IN_LASTS
    )
    own, everybodys = session.execute(recent).one()
    if own >= MOST or everybodys >= MOST_OF_ALL:
        return False
    kind = SIGN_IN if holder_id is None else ADDRESS
    row = table(kind=kind, email=email, created_at=now, expires_at=now + SIGN_IN_LASTS, holder_id=holder_id)
    session.add(row)
    session.flush()
    jobs.enqueue(session, SEND, {"link": row.id}, now=now)
    return True


def prepare(session: Session, link_id: int, *, sender: mail.Mailbox, site: Site, now: datetime) -> mail.Letter | None:
    """Make a link to sign in and return its letter; None where it is not wanted any more. Earlier ones to the address count no more.

    Each try makes another secret: a letter whose answer was lost may come twice, and then the second counts.

    Args:
        session: A writing session; commit it before the letter is sent.
        link_id: Which was asked for.
        sender: Who letters are from.
        site: The service as the world sees it.
        now: The moment.
    """
    table = tables.ClaimLink
    row = session.get(table, link_id)
    theirs = (table.kind == row.kind, table.email == row.email, table.id != row.id) if row else ()
    if row is None or row.used_at or row.expires_at <= now or session.scalar(select(exists().where(*theirs, table.id > row.id))):
        return None
    secret = access.new_secret()
    session.execute(update(table).where(*theirs).values(secret_sha256=None))
    row.secret_sha256 = access.digest(secret)
    session.flush()
    host = letter.host(site.base)
    minutes = int(SIGN_IN_LASTS.total_seconds() // 60)
    adds = row.kind == ADDRESS
    said = {
        "host": host,
        "url": f"{site.base}{ADDED if adds else PATH}/{secret}",
        "minutes": minutes,
        "adds": adds,
        **letter.coloured(None),
    }
    name = f"claim.{access.new_id()}.{row.id}@{host}"
    subject = f"Is this your address at {host}?" if adds else f"Your link to your badges at {host}"
    envelope = letter.Envelope(host, mail.Mailbox(row.email, ""), subject, None, name)
    return letter.compose(envelope, "my_badges", said, sender=sender, now=now)


def tell(_session: Session, to: str, *, sender: mail.Mailbox, site: Site, now: datetime) -> mail.Letter:
    """Return the letter that tells an address that it gets none any more, or is its holder's no more."""
    host = letter.host(site.base)
    said = {"host": host, "url": f"{site.base}/me", **letter.coloured(None)}
    subject = f"Your addresses at {host} were changed"
    envelope = letter.Envelope(host, mail.Mailbox(to, ""), subject, None, f"address.{access.new_id()}@{host}")
    return letter.compose(envelope, "address", said, sender=sender, now=now)


def look(session: Session, secret: str, *, holder_id: int | None = None, now: datetime) -> Waiting:
    """Return what a link is about, and leave it as it is; with `holder_id`, one by which that holder adds an address.

    Raises:
        problem.Forbidden: It counts no more.
    """
    row = _found(session, secret, holder_id, now=now)
    if row.award_id is None:
        return Waiting(row.email)
    award, entry = tables.Award, tables.StatusEntry
    is_revoked = exists().where(entry.credential_uuid == award.credential_uuid, entry.is_set)
    query = (
        select(tables.AchievementVersion.document, tables.Issuer.name, is_revoked)
        .select_from(award)
        .join(tables.AchievementVersion, tables.AchievementVersion.id == award.achievement_version_id)
        .join(tables.Issuer, tables.Issuer.id == award.issuer_id)
        .where(award.id == row.award_id)
    )
    document, unit, revoked = session.execute(query).one()
    return Waiting(row.email, row.award_id, str(document["name"]), unit, revoked)


def use(session: Session, secret: str, *, holder_id: int | None = None, now: datetime) -> Waiting:
    """Return what a link is about, as `look` does; afterwards it counts no more.

    Raises:
        problem.Forbidden: It counts no more.
    """
    found, table = look(session, secret, holder_id=holder_id, now=now), tables.ClaimLink
    unused = (table.secret_sha256 == access.digest(secret), table.used_at.is_(None))
    if session.scalar(update(table).where(*unused).values(used_at=now).returning(table.id)) is None:  # another request was quicker
        raise problem.Forbidden(OVER)
    return found


def _found(session: Session, secret: str, holder_id: int | None, *, now: datetime) -> tables.ClaimLink:
    table = tables.ClaimLink
    whose = table.holder_id.is_(None) if holder_id is None else table.holder_id == holder_id
    counts = (whose, table.secret_sha256 == access.digest(secret), table.used_at.is_(None), table.expires_at > now)
    row = session.scalar(select(table).where(*counts))
    award = session.get_one(tables.Award, row.award_id) if row and row.award_id else None
    if row is None or (award is not None and award.state != "issued"):
        raise problem.Forbidden(OVER)
    return row
