"""Hand letters to a mail server, by SMTP.

    smtp://host:port              in the clear: a relay on this machine or in this network
    smtp+starttls://user:pass@…   with TLS from the first words on (port 587 where none is named)
    smtps://user:pass@…           with TLS from the beginning (port 465)

Under TLS the server's certificate is checked, always. What the server says of one letter is an `Answer`; that there is nobody to talk
with is `NotReachedError`. Whether a letter was taken whose answer was lost nobody knows: it is handed over again under the same Message-ID.
"""

from __future__ import annotations

import contextlib
import email.policy
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from badgeissuer.awarding import adapter

if TYPE_CHECKING:
    from email.message import EmailMessage

SECONDS = 20
"""How long the server may take for each of its answers."""
MOST_WORDS = 300
"""Characters of what the server says that are kept."""
UNABLE = "The mail server takes ASCII addresses only (it does not offer SMTPUTF8)."
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_MAILBOX = re.compile(r"(?:(?P<name>[^<>]*)<(?P<inner>[^<>]*)>|(?P<plain>[^<>]*))")
_OK, _FORWARDED, _CLOSING, _PERMANENT = 250, 251, 421, range(500, 600)


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server.

    Attributes:
        scheme: How it is spoken with, as above.
        host: Its name or address.
        port: Its port.
        user: The name to sign in with; empty where it wants none.
        password: The password.
    """

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def gives_away(self) -> bool:
        """Whether the password would travel in the clear to another machine."""
        return self.scheme == "smtp" and bool(self.user) and self.host not in _HERE


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address, and what to call who has it."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and what the server is told of it."""

    sender: str
    recipient: str
    message: EmailMessage


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a letter.

    Attributes:
        outcome: `taken`: it is the server's affair now. `refused`: for good. `later`: not now.
        words: What the server said, on one line and not too long.
        status: Its code; None where it said nothing.
    """

    outcome: Literal["taken", "refused", "later"]
    words: str
    status: int | None = None


class NotReachedError(Exception):
    """There was no server to talk with, or no longer.

    Args:
        reason: Why, for a person.
        is_ours: It lies with the way to the server, and not with the letter.
    """

    def __init__(self, reason: str, *, is_ours: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_ours = is_ours


def read_url(text: str) -> Server:
    """Return the server that a URL names.

    Raises:
        ValueError: It is of another form; the text of the error does not repeat it.
    """
    try:
        parts = urlsplit(text)
        user, password = (unquote(part or "", errors="strict") for part in (parts.username, parts.password))
        if parts.hostname and not (parts.path.strip("/") or parts.query or parts.fragment):
            return Server(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], user, password)
    except (ValueError, KeyError):
        pass
    raise ValueError("must be smtp://, smtp+starttls:// or smtps://, then user:password@ if need be, and host:port")


def read_mailbox(text: str) -> Mailbox:
    """Return an address that was written alone, or as `Name <address>`.

    Raises:
        ValueError: It is of another form.
    """
    found = _MAILBOX.fullmatch(text.strip())
    address = adapter.email_address(found["plain"] if found["inner"] is None else found["inner"]) if found else None
    if not found or not address or not address.isascii() or not (found["name"] or "").isprintable():
        raise ValueError("must be an e-mail address in ASCII, or Name <address>")
    return Mailbox(address, (found["name"] or "").strip().strip('"'))


def ascii_domain(address: str) -> str:
    """Return an address with its domain as the name servers know it; where that cannot be, as it is."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


class Outlet:
    """A connection to a mail server, opened for the first letter, and anew after it was lost.

    Args:
        server: The server.
        tls: The trust anchors; those of the system where none are given.
        seconds: How long the server may take for each of its answers.
    """

    def __init__(self, server: Server, *, tls: ssl.SSLContext | None = None, seconds: float = SECONDS) -> None:
        self._server = server
        self._tls = tls
        self._seconds = seconds
        self._connection: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> Answer:
        """Hand a letter over, and return what became of it.

        Raises:
            NotReachedError: There is no server, it lets us not in, or the connection was lost.
        """
        try:
            connection = self._connection = self._connection or self._opened()
            answer = _handed(connection, letter)
        except smtplib.SMTPNotSupportedError:
            return Answer("refused", UNABLE)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise NotReachedError(f"The connection to the mail server was lost ({type(error).__name__}).") from None
        if answer.outcome != "taken":
            self._forget(answer)
        return answer

    def close(self) -> None:
        """Say good-bye, if there is anybody to say it to."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()

    def _opened(self) -> smtplib.SMTP:
        server = self._server
        try:
            connection = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise NotReachedError(_why(error), is_ours=True) from None
        try:
            connection.ehlo_or_helo_if_needed()
            if server.scheme == "smtp+starttls":
                connection.starttls(context=self._context())
                connection.ehlo()
            if server.user:
                connection.login(server.user, server.password)
        except (OSError, smtplib.SMTPException) as error:
            connection.close()
            raise NotReachedError(_why(error), is_ours=True) from None
        return connection

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.scheme == "smtps":
            return smtplib.SMTP_SSL(server.host, server.port, timeout=self._seconds, context=self._context())
        return smtplib.SMTP(server.host, server.port, timeout=self._seconds)

    def _context(self) -> ssl.SSLContext:
        self._tls = self._tls or ssl.create_default_context()
        return self._tls

    def _forget(self, answer: Answer) -> None:
        """Have the server forget a letter that it did not take, so that the next one begins afresh."""
        try:
            if self._connection and (answer.status == _CLOSING or self._connection.rset()[0] != _OK):
                self.close()
        except (OSError, smtplib.SMTPException):
            self.close()


def _handed(connection: smtplib.SMTP, letter: Letter) -> Answer:
    """Hand a letter over; who sends is our affair, so that what is wrong with that is never held against the recipient."""
    is_ascii = letter.recipient.isascii()
    options = [] if is_ascii else ["SMTPUTF8", "BODY=8BITMIME"]
    if not is_ascii and not connection.has_extn("smtputf8"):
        raise smtplib.SMTPNotSupportedError
    connection.command_encoding = "ascii" if is_ascii else "utf-8"
    status, words = connection.mail(letter.sender, options)
    if status != _OK:
        return Answer("later", said(words), status)
    status, words = connection.rcpt(letter.recipient)
    if status not in {_OK, _FORWARDED}:
        return _not_taken(status, words)
    policy = email.policy.SMTP if is_ascii else email.policy.SMTPUTF8
    try:
        status, words = connection.data(letter.message.as_bytes(policy=policy))
    except smtplib.SMTPDataError as error:
        return _not_taken(error.smtp_code, error.smtp_error)
    return Answer("taken", said(words), status) if status == _OK else _not_taken(status, words)


def _not_taken(status: int, words: Any) -> Answer:  # noqa: ANN401 - smtplib says bytes or str
    return Answer("refused" if status in _PERMANENT else "later", said(words), status)


def said(words: bytes | str) -> str:
    """Return what a server said, on one line, printable, and not too long."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:MOST_WORDS]


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The mail server refuses the name and password that SMTP_URL gives ({error.smtp_code})."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server lets nobody in ({error.smtp_code})."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server offers no STARTTLS, or no way to sign in."
    if isinstance(error, ssl.SSLError):
        return "The mail server does not prove under TLS that it is the one that SMTP_URL names."
    return f"The mail server is not reached ({type(error).__name__})."
