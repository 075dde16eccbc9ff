"""The relay: one SMTP connection, many letters.

`connect` does all that can fail without consequence: name, connection, TLS, login, and whether an idle connection is
still alive. `hand_over` is one mail transaction and tells apart what was not taken from what may have been taken.
Between the two the caller writes down that the letter is being sent.
"""

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from triage.errors import LoginError, LoginRefused, RelayError, RelayRefused
from triage.letters.compose import Letter
from triage.letters.outbox import Answer, Lost, Refused, Sent, Stage, TryLater
from triage.mail.connection import Expiry, certificate_expiry, is_loopback, open_socket, tls_context
from triage.mail.login import Login
from triage.mail.oauth import MECHANISMS, Bearer

Security = Literal["tls", "starttls", "none"]

# RFC 4954 section 6: the session has lost its login, which says nothing about the letter.
_LOGIN_NEEDED = frozenset({530, 534, 535, 538})
_ADDRESS_HEADERS = ("From", "To", "Reply-To")
#: RFC 5321 section 4.5.3.2.6: a relay that looks into the letter takes its time; whoever leaves earlier does not know
_TAKING_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class RelayAddress:
    """Where the relay is, and how we talk to it."""

    host: str
    port: int = 587
    security: Security = "starttls"
    #: None, or one without a user name = no login
    login: Login | None = None
    #: further certificates to trust (PEM), beside the system's
    ca_file: Path | None = None
    #: seconds for each wait on the network
    timeout: float = 30.0
    #: allow a login without TLS to another machine
    allow_insecure: bool = False
    #: what we call ourselves in EHLO; "" = this machine's name
    local_name: str = ""


class Relay:
    """A connection to the SMTP server that takes our letters. Not to be shared between threads."""

    def __init__(self, address: RelayAddress) -> None:
        self.address = address
        self._login = address.login if address.login is not None else Login("")
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def connect(self) -> None:
        """Have a connection that is logged in and answers; open one where there is none.

        Raises RelayError when that may work later, RelayRefused when it will not.
        """
        if self._smtp is not None and self._answers():
            return
        self.close()
        where = f"{self.address.host}:{self.address.port}"
        try:
            self._smtp = self._open()
            self._log_in(self._smtp)
        except Exception as error:
            self.close()
            raise _translated(error, where) from error

    def hand_over(self, letter: Letter, recipients: Sequence[str], *, envelope_sender: str) -> Answer:
        """Give the letter to the relay, for the customer (first) and for copies (the rest), in one transaction.

        A copy that is refused does not stop the letter. `envelope_sender` "" is the null reverse-path.
        Call `connect` before. Never raises for what the relay or the network does.
        """
        if self._smtp is None:
            return TryLater(why="not connected")
        try:
            return self._transaction(self._smtp, letter, recipients, envelope_sender)
        except (OSError, smtplib.SMTPException) as error:
            # The transaction turns everything from the first byte of content on into Lost by itself.
            self.close()
            return TryLater(why=f"the connection broke before anything was handed over: {_words(error)}")

    def expiries(self) -> Sequence[Expiry]:
        """What the way out needs and when it runs out: certificate, client secret, refresh token."""
        certificate = certificate_expiry(self._smtp.sock) if self._smtp is not None else ()
        return (*certificate, *self._login.expiries())

    def close(self) -> None:
        """End the connection; harmless when there is none."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def _answers(self) -> bool:
        try:
            return self._smtp is not None and self._smtp.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _open(self) -> smtplib.SMTP:
        address = self.address
        tls = tls_context(address.ca_file) if address.security != "none" else None
        smtp = self._greeted(tls)
        try:
            if address.security == "starttls":
                smtp.ehlo_or_helo_if_needed()
                # Raises where the server does not offer it: going on in clear is what an attacker would want.
                smtp.starttls(context=tls)
                smtp.ehlo()
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _greeted(self, tls: ssl.SSLContext | None) -> smtplib.SMTP:
        """A connection that the relay has greeted; none is made while it wants to be left alone."""
        address = self.address
        local_name = address.local_name or None
        self._login.ready()
        try:
            if address.security == "tls":
                return _SmtpTls(address.host, address.port, local_name, timeout=address.timeout, context=tls)
            return _Smtp(address.host, address.port, local_name, timeout=address.timeout)
        except (smtplib.SMTPConnectError, smtplib.SMTPServerDisconnected) as error:
            # 421 too many connections, 554 no service for us, or the end of the connection
            refused = isinstance(error, smtplib.SMTPConnectError) and error.smtp_code >= 500
            farewell = (LoginRefused if refused else LoginError)(f"turned away: {_words(error)}")
            self._login.turned_away(farewell)
            raise farewell from error

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        address = self.address
        in_clear = address.security == "none" and not address.allow_insecure and not is_loopback(address.host)
        if self._login.username and in_clear:
            raise RelayRefused(f"{address.host}: a login without TLS would send the password in clear")
        self._login.attempt(lambda secret: _authenticate(smtp, address, secret))

    def _transaction(self, smtp: smtplib.SMTP, letter: Letter, recipients: Sequence[str], sender: str) -> Answer:
        options = [f"SIZE={len(letter.content)}"] if smtp.has_extn("size") else []
        if _needs_utf8(letter, [sender, *recipients]):
            if not smtp.has_extn("smtputf8"):
                return Refused(why="the address has letters beyond ASCII and the relay does not take them (SMTPUTF8)")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        elif not letter.content.isascii() and smtp.has_extn("8bitmime"):
            options.append("BODY=8BITMIME")
        code, reply = smtp.mail(sender, options)
        if code != 250:
            return self._not_taken(smtp, code, reply, "sender")
        code, reply = smtp.rcpt(recipients[0])
        if code not in (250, 251):
            return self._not_taken(smtp, code, reply, "recipient")
        copy_refused = [
            f"{copy}: {code} {_text(reply)}"
            for copy in recipients[1:]
            for code, reply in [smtp.rcpt(copy)]
            if code not in (250, 251)
        ]
        code, reply = smtp.docmd("DATA")
        if code != 354:
            return self._not_taken(smtp, code, reply, "content")
        try:
            smtp.send(_on_the_wire(letter.content))
            if smtp.sock is not None:
                smtp.sock.settimeout(max(self.address.timeout, _TAKING_SECONDS))
            code, reply = smtp.getreply()
            if smtp.sock is not None:
                smtp.sock.settimeout(self.address.timeout)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Lost(why=_words(error))
        if 200 <= code < 300:
            return Sent(response=_text(reply), copy_refused="; ".join(copy_refused))
        if 400 <= code < 600:
            return self._not_taken(smtp, code, reply, "content")
        self.close()
        return Lost(why=f"the relay's answer makes no sense: {_text(reply)!r}")

    def _not_taken(self, smtp: smtplib.SMTP, code: int, reply: bytes, stage: Stage) -> Answer:
        why = f"{code} {_text(reply)}"
        # A relay that shuts down (421) or has forgotten us takes nothing more on this connection.
        if code in _LOGIN_NEEDED or code == 421 or code < 200:
            self.close()
        else:
            try:
                smtp.rset()
            except (OSError, smtplib.SMTPException):
                self.close()
        # RFC 5321 section 4.5.3.1.10: at a recipient 552 is a full mailbox or a full transaction, and passes
        passing = code in _LOGIN_NEEDED or (code == 552 and stage == "recipient")
        if 500 <= code < 600 and not passing:
            return Refused(why=why, code=code, stage=stage)
        return TryLater(why=why, code=code if code > 0 else None)


class _Smtp(smtplib.SMTP):
    """smtplib over our sockets."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return open_socket("smtp", host, port, timeout)


class _SmtpTls(smtplib.SMTP_SSL, _Smtp):
    """The same with TLS from the first byte: SMTP_SSL wraps what the next class opens."""


def _authenticate(smtp: smtplib.SMTP, address: RelayAddress, secret: str) -> None:
    """Password or access token. Raises LoginRefused, or LoginError for what may pass."""
    login = address.login
    if login is None or not login.username:
        return
    bearer = None
    try:
        if login.tokens is None:
            smtp.login(login.username, secret)
            return
        offered = [name for name in MECHANISMS if name in smtp.esmtp_features.get("auth", "").upper().split()]
        if not offered:
            raise LoginRefused(f"the server offers neither {' nor '.join(MECHANISMS)}")
        bearer = Bearer(offered[0], username=login.username, token=secret, host=address.host, port=address.port)
        smtp.auth(offered[0], bearer)
    except smtplib.SMTPAuthenticationError as error:
        said = " ".join(part for part in (_words(error), bearer.said if bearer else "") if part)
        raise (LoginRefused if error.smtp_code >= 500 else LoginError)(f"refused the login: {said}") from error
    except UnicodeEncodeError as error:
        raise LoginRefused("user name or password has letters beyond ASCII, which SMTP has no way to carry") from error


def _on_the_wire(content: bytes) -> bytes:
    """Content with CRLF line ends, dots doubled (RFC 5321 section 4.5.2), and the final dot."""
    lines = re.sub(rb"\r?\n|\r", b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def _needs_utf8(letter: Letter, addresses: Sequence[str]) -> bool:
    if not all(address.isascii() for address in addresses):
        return True
    if letter.content.isascii():
        return False
    headers = BytesHeaderParser().parsebytes(letter.content)
    return not all(str(value).isascii() for name in _ADDRESS_HEADERS for value in headers.get_all(name, []))


def _translated(error: Exception, where: str) -> RelayError:
    """What went wrong while connecting, in our terms."""
    match error:
        case RelayError():
            return error
        case ssl.SSLCertVerificationError():
            return RelayRefused(f"{where}: its certificate is not trusted: {error.verify_message}")
        case ssl.SSLError():
            return RelayRefused(f"{where}: TLS failed ({error.reason or error}): do port and security fit together?")
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(error):
            return RelayRefused(f"{where}: does not offer STARTTLS, and going on without is not safe")
        case smtplib.SMTPNotSupportedError():
            return RelayRefused(f"{where}: {error}")
        case LoginError():
            return (RelayRefused if isinstance(error, LoginRefused) else RelayError)(f"{where}: {error}")
        case smtplib.SMTPResponseException() if error.smtp_code >= 500:
            return RelayRefused(f"{where}: {_words(error)}")
        case FileNotFoundError():
            return RelayRefused(f"{where}: ca_file cannot be read: {error}")
        case _:
            return RelayError(f"{where}: {_words(error)}")


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error) or type(error).__name__


def _text(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:300]
