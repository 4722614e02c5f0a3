"""Signing in by a link that is sent to the address of an account.

ask      a row, if there is an account and not too many were asked for → a job
prepare  the courier makes the secret and keeps its digest, so that no table ever holds a link → the letter
look     whose link it is, for the page that asks before it is used: what scans mail opens links
use      once, in the browser that asked → the account
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from badgeissuer import access, problem
from badgeissuer.delivering import letter
from badgeissuer.net import mail
from badgeissuer.store import jobs, tables

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.openbadges.addresses import Site

SEND = "send_sign_in_link"
LASTS = timedelta(minutes=15)
"""How long a link counts after it was asked for."""
MOST = 3
"""Links that are sent to one address within that time."""
MOST_OF_ALL = 200
"""To all addresses together."""
PATH = "/staff/sign-in/mail"
OVER = "This link was used before, is too old, or a newer one was sent to you. Ask for another here."
ELSEWHERE = "This link counts only in the browser in which it was asked for. Open it there, or ask for another here."


def ask(session: Session, row: tables.Account, *, browser: str, wanted: str, now: datetime) -> bool:
    """Order a link for somebody; return whether one is, and not too many were ordered before.

    Args:
        session: A writing session.
        row: Their account.
        browser: The secret in the cookie of the browser that asks.
        wanted: The page to go on to.
        now: The moment.
    """
    table = tables.SignInLink
    session.execute(delete(table).where(table.created_at <= now - LASTS))
    theirs = func.count().filter(table.account_id == row.id)
    own, everybodys = session.execute(select(theirs, func.count(table.id)).select_from(table)).one()
    if own >= MOST or everybodys >= MOST_OF_ALL:
        return False
    link = table(account_id=row.id, browser_sha256=access.digest(browser), wanted=wanted, created_at=now)
    session.add(link)
    session.flush()
    jobs.enqueue(session, SEND, {"link": link.id}, now=now)
    return True


def prepare(session: Session, link_id: int, *, sender: mail.Mailbox, site: Site, now: datetime) -> mail.Letter | None:
    """Make a link and return the letter with it; earlier links of the account count no more. None where it is not wanted any more.

    Each try makes another secret: a letter whose answer was lost may come twice, and then the second counts.

    Args:
        session: A writing session; commit it before the letter is sent.
        link_id: Which was asked for.
        sender: Who letters are from.
        site: The service as the world sees it.
        now: The moment.
    """
    table = tables.SignInLink
    row = session.get(table, link_id)
    account = session.get_one(tables.Account, row.account_id) if row else None
    if row is None or account is None or account.disabled_at or row.created_at <= now - LASTS:
        return None
    if session.scalar(select(table.id).where(table.account_id == account.id, table.id > row.id)) is not None:
        return None
    secret = access.new_secret()
    session.execute(update(table).where(table.account_id == account.id, table.id != row.id).values(secret_sha256=None))
    row.secret_sha256 = access.digest(secret)
    host, name = letter.host(site.base), letter.called(account.name)
    said = {
        "name": name,
        "host": host,
        "url": f"{site.base}{PATH}/{secret}",
        "minutes": int(LASTS.total_seconds() // 60),
        **letter.coloured(None),
    }
    envelope = letter.Envelope(
        host, mail.Mailbox(account.email, name), f"Your link to sign in at {host}", None, f"sign-in.{access.new_id()}.{row.id}@{host}"
    )
    return letter.compose(envelope, "sign_in", said, sender=sender, now=now)


def look(session: Session, secret: str, *, browser: str, now: datetime) -> tables.Account:
    """Return whose link it is, and leave it as it is.

    Raises:
        problem.Forbidden: It counts no more, or not in this browser.
    """
    return _found(session, secret, browser=browser, now=now)[1]


def use(session: Session, secret: str, *, browser: str, now: datetime) -> tuple[tables.Account, str]:
    """Return whose link it is and the page to go on to; afterwards it counts no more.

    Raises:
        problem.Forbidden: It counts no more, or not in this browser.
    """
    row, account = _found(session, secret, browser=browser, now=now)
    table = tables.SignInLink
    taken = update(table).where(table.id == row.id, table.secret_sha256 == access.digest(secret)).values(secret_sha256=None)
    if session.scalar(taken.returning(table.id)) is None:  # another request was quicker
        raise problem.Forbidden(OVER)
    return account, row.wanted


def _found(session: Session, secret: str, *, browser: str, now: datetime) -> tuple[tables.SignInLink, tables.Account]:
    table = tables.SignInLink
    row = session.scalar(select(table).where(table.secret_sha256 == access.digest(secret), table.created_at > now - LASTS))
    account = session.get_one(tables.Account, row.account_id) if row else None
    if row is None or account is None or account.disabled_at is not None:
        raise problem.Forbidden(OVER)
    if row.browser_sha256 != access.digest(browser):
        raise problem.Forbidden(ELSEWHERE)
    return row, account
