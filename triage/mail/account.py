"""An IMAP account: how it is reached, and the connection to it that has let us in.

Over TLS, or STARTTLS without a silent fall-back; logged in with a password or an access token. A login that is refused
is told from a server that is busy.
"""

import contextlib
import imaplib
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.exceptions import LoginError as ServerRefusal

from triage.errors import LoginError, LoginRefused, MailboxRefused
from triage.mail.connection import open_socket, tls_context
from triage.mail.login import Login
from triage.mail.oauth import MECHANISMS, Bearer

#: what servers say when they refuse a login for a while: RFC 5530's codes; the words of Gmail, Exchange and Dovecot.
#: A code that speaks of the password itself wins: "too many failed attempts" is no trouble that passes by itself.
BUSY = re.compile(
    r"(?!.*\[(?:AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|CONTACTADMIN)\])"
    r".*(?:\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]"
    r"|(?:too many|maximum number of) (?:\w+ )?(?:connections|sessions|logins at)"
    r"|throttl|temporar|not connected|unavailable|system error)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """How a mailbox is reached."""

    #: the mailbox's name in config.toml
    name: str
    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    #: shared with every other connection of the same account
    login: Login
    folder: str = "INBOX"
    ca_file: Path | None = None
    timeout: float = 30
    #: mails over it are fetched in part
    max_size: int = 25 * 1024 * 1024
    #: what is done to a kept mail on the server; "" = nothing
    keyword: str = ""
    move_to: str = ""

    @property
    def where(self) -> str:
        """The mailbox in words, for what is said about it."""
        return f"mailbox {self.name} ({self.host}:{self.port}, {self.folder})"


def connect(account: Account) -> IMAPClient:
    """A connection that is logged in. Raises MailboxRefused, LoginError and what sockets and imapclient raise."""
    context = _tls(account) if account.security != "none" else None
    client = _greeted(account, context)
    try:
        client.normalise_times = False
        if account.security == "starttls":
            # without it the login would go out in clear: no silent fall-back
            if not client.has_capability("STARTTLS"):
                raise MailboxRefused(f"{account.where}: the server offers no STARTTLS")
            client.starttls(ssl_context=context)
        account.login.attempt(lambda secret: _log_in(account, client, secret))
    except BaseException:
        with contextlib.suppress(IMAPClientError, OSError):
            client.shutdown()
        raise
    return client


def said(error: Exception) -> str:
    """An error in the words of the server, or of the system."""
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    text = error.args[0] if error.args else str(error)
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text).strip()


def _greeted(account: Account, context: ssl.SSLContext | None) -> IMAPClient:
    """A connection that the server has greeted; none is made while it wants to be left alone."""
    account.login.ready()
    try:
        return _Client(
            account.host,
            port=account.port,
            ssl=account.security == "tls",
            ssl_context=context if account.security == "tls" else None,
            timeout=account.timeout,
            use_uid=True,
        )
    except IMAPClientError as error:
        # a farewell, or the end of the connection, in the place of a greeting: too many connections, say
        farewell = LoginError(f"turned away: {said(error)}")
        account.login.turned_away(farewell)
        raise farewell from error


def _log_in(account: Account, client: IMAPClient, secret: str) -> None:
    """Password or access token. Raises LoginRefused, or LoginError for what may pass."""
    login, bearer = account.login, None
    try:
        if login.tokens is None:
            client.login(login.username, secret)
            return
        offered = [name for name in MECHANISMS if client.has_capability(f"AUTH={name}")]
        if not offered:
            raise LoginRefused(f"the server offers neither {' nor '.join(MECHANISMS)}")
        bearer = Bearer(offered[0], username=login.username, token=secret, host=account.host, port=account.port)
        client.sasl_login(offered[0], bearer)
    except ServerRefusal as error:
        words = " ".join(part for part in (said(error), bearer.said if bearer else "") if part)
        # cut off in the place of an answer, with or without a farewell: that speaks of the server
        passing = BUSY.match(words) or isinstance(error.__context__, IMAPClientAbortError)
        raise (LoginError if passing else LoginRefused)(f"login refused: {words}") from error


def _tls(account: Account) -> ssl.SSLContext:
    try:
        return tls_context(account.ca_file)
    except OSError as error:
        raise MailboxRefused(f"{account.where}: ca_file {account.ca_file}: {error.strerror}") from error


class _Client(IMAPClient):  # type: ignore[misc]
    """imapclient over our sockets."""

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - imapclient's name
        return _Protocol(self.host, self.port, self.ssl_context if self.ssl else None, self._timeout.connect)


class _Protocol(imaplib.IMAP4):
    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, timeout: float) -> None:
        self._context = context
        super().__init__(host, port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        sock = open_socket("imap", self.host, self.port, timeout or 0)
        return self._context.wrap_socket(sock, server_hostname=self.host) if self._context is not None else sock
