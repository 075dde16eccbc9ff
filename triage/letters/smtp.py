"""The relay: one SMTP connection, many letters.

`connect` does all that can fail without consequence: name, connection, TLS, login, and whether an idle connection is
still alive. `hand_over` is one mail transaction and tells apart what was not taken from what may have been taken.
Between the two the caller writes down that the letter is being sent.
"""

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from triage.errors import RelayError, RelayRefused
from triage.letters.compose import Letter
from triage.letters.outbox import Answer, Lost, Refused, Sent, Stage, TryLater

Security = Literal["tls", "starttls", "none"]

# RFC 4954 section 6: the session has lost its login, which says nothing about the letter.
_LOGIN_NEEDED = frozenset({530, 534, 535, 538})
_ADDRESS_HEADERS = ("From", "To", "Reply-To")


@dataclass(frozen=True, kw_only=True)
class RelayAddress:
    """Where the relay is, and how we talk to it."""

    host: str
    port: int = 587
    security: Security = "starttls"
    #: "" = no login
    username: str = ""
    password: str = ""
    #: instead of the password: logs a connection in (XOAUTH2), asked anew for each connection
    authenticate: Callable[[smtplib.SMTP], object] | None = None
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

    def certificate_expires(self) -> datetime | None:
        """When the server's certificate runs out; None without TLS or connection."""
        sock = self._smtp.sock if self._smtp is not None else None
        if not isinstance(sock, ssl.SSLSocket):
            return None
        expires = (sock.getpeercert() or {}).get("notAfter")
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(expires)), UTC) if expires else None

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
        local_name = address.local_name or None
        if address.security == "tls":
            return smtplib.SMTP_SSL(
                address.host, address.port, local_name, timeout=address.timeout, context=self._tls()
            )
        smtp = smtplib.SMTP(address.host, address.port, local_name, timeout=address.timeout)
        if address.security == "starttls":
            try:
                smtp.ehlo_or_helo_if_needed()
                # Raises where the server does not offer it: going on in clear is what an attacker would want.
                smtp.starttls(context=self._tls())
                smtp.ehlo()
            except BaseException:
                smtp.close()
                raise
        return smtp

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.address.ca_file is not None:
            context.load_verify_locations(self.address.ca_file)
        return context

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        address = self.address
        if not address.username and address.authenticate is None:
            return
        if address.security == "none" and not address.allow_insecure and not _is_loopback(address.host):
            raise RelayRefused(f"{address.host}: a login without TLS would send the password in clear")
        if address.authenticate is not None:
            address.authenticate(smtp)
        else:
            smtp.login(address.username, address.password)

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
            code, reply = smtp.getreply()
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
        if 500 <= code < 600 and code not in _LOGIN_NEEDED:
            return Refused(why=why, code=code, stage=stage)
        return TryLater(why=why, code=code if code > 0 else None)


def _on_the_wire(content: bytes) -> bytes:
    """Content with CRLF line ends, dots doubled (RFC 5321 section 4.5.2), and the final dot."""
    lines = re.sub(rb"\r?\n|\r", b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"


def _needs_utf8(letter: Letter, addresses: Sequence[str]) -> bool:
    if letter.content.isascii():
        return not all(address.isascii() for address in addresses)
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
        case smtplib.SMTPAuthenticationError() if error.smtp_code >= 500:
            return RelayRefused(f"{where}: refused the login: {_words(error)}")
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


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
