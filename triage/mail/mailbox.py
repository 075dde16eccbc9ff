"""IMAP: every new mail since the cursor, and nothing marked, lost or fetched twice.

One `Mailbox` is one folder over one connection. It fetches by UID with BODY.PEEK (never \\Seen, never by date), sizes
before bytes, in pipelined batches, and hands on `RawMail`. A mail that the server cannot hand over is found by halving
and handed on without its bytes, so that the others come. It waits with IDLE where the server can (RFC 2177), and
files mails away when told to. Keeping them is the store's business, understanding them the next room's.
"""

import contextlib
import imaplib
import re
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError, ProtocolError
from imapclient.exceptions import LoginError as ServerRefusal

from triage.errors import LoginError, LoginRefused, MailboxError, MailboxRefused
from triage.mail.connection import Expiry, certificate_expiry, open_socket, tls_context
from triage.mail.login import Login
from triage.mail.message import RawMail
from triage.mail.oauth import MECHANISMS, Bearer

#: bytes that one FETCH may bring in, and how many mails: bounds memory, keeps the pipeline full
_BATCH_BYTES = 8 * 1024 * 1024
_BATCH_MAILS = 100
#: mails whose sizes are asked for at once
_SIZES = 1000
#: mails among which is searched at once: more UIDs than imaplib takes in one line (a million bytes) end a connection
_SEARCHED = 50_000
#: how much of a giant mail is fetched: headers and the beginning of its text
_GIANT_HEAD = 256 * 1024
#: RFC 2177 asks to renew within 29 minutes; home routers forget after 10 (mjs/imapclient issue 349)
_IDLE_SECONDS = 9 * 60
#: a connection is made anew so often: certificates, addresses and rights change
_CONNECTION_SECONDS = 24 * 60 * 60
#: connections that one walk may lose over mails; one among a hundred costs about nine
_CUT_OFF = 40
#: what imapclient raises over an answer that it cannot read, beside its own ProtocolError
_NONSENSE = (ValueError, TypeError, LookupError, AttributeError, AssertionError)
#: stands for the reason in the place of an answer
_WITHHELD = b"WITHHELD"
#: what servers say when they refuse a login for a while: RFC 5530's codes; the words of Gmail, Exchange and Dovecot.
#: A code that speaks of the password itself wins: "too many failed attempts" is no trouble that passes by itself.
_BUSY = re.compile(
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


class MailSource(Protocol):
    """A watched folder, as the walks need it."""

    account: Account

    def open(self) -> int:
        """Connect if need be and look at the folder afresh; returns its UIDVALIDITY. Raises MailboxError."""

    def new(self, after: int) -> Iterator[Sequence[RawMail]]:
        """Batches of mails with a UID over `after`, in order. Raises MailboxError."""

    def fetch(self, uids: Sequence[int]) -> Iterator[Sequence[RawMail]]:
        """Batches of these mails, in order; those that are gone are left out. Raises MailboxError.

        A mail that the server cannot hand over comes as `withheld`.
        """

    def uids(self) -> Sequence[int]:
        """Every UID of the folder."""

    def file_away(self, uids: Sequence[int], folder: str) -> None:
        """Move mails of ours out of the agents' eyes."""

    def mark_kept(self, uids: Sequence[int]) -> None:
        """Keyword and move of kept mails, where the site wants them."""

    def holds(self, message_id: str, *, also_in: str = "") -> bool:
        """Whether a mail with this Message-ID lies in this folder, in the Sent folder, or in the one named."""

    def expiries(self) -> Sequence[Expiry]:
        """What the way in needs and when it runs out: certificate, client secret, refresh token."""

    def close(self) -> None:
        """Log out; never raises."""


class Mailbox:
    """A folder on an IMAP server."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._client: IMAPClient | None = None
        self._connected_at = 0.0
        self._uidvalidity = 0
        self._exists = 0
        self._cut_off = 0

    def open(self) -> int:
        """Connect if need be and select the folder; returns its UIDVALIDITY.

        Raises MailboxRefused for a wrong password, certificate or folder, MailboxError for all that may pass.
        """
        if time.monotonic() - self._connected_at > _CONNECTION_SECONDS:
            self.close()
        with self._translated():
            if self._client is None:
                self._client, self._connected_at = self._connect(), time.monotonic()
            selected = self._client.select_folder(self.account.folder)
            if b"UIDVALIDITY" not in selected:
                raise MailboxRefused(f"{self._where()}: the folder has no UIDVALIDITY, so its UIDs mean nothing")
        self._uidvalidity, self._exists = int(selected[b"UIDVALIDITY"]), int(selected.get(b"EXISTS", 0))
        return self._uidvalidity

    def new(self, after: int) -> Iterator[Sequence[RawMail]]:
        """Batches of mails with a UID over `after`, in order of UID."""
        client = self._opened()
        with self._translated():
            # "n:*" always matches the newest mail too (RFC 3501 section 6.4.8)
            uids = [uid for uid in self._search(client, after) if uid > after]
        yield from self.fetch(uids)

    def fetch(self, uids: Sequence[int]) -> Iterator[Sequence[RawMail]]:
        """Batches of these mails, in order; those that are gone are left out."""
        self._cut_off = 0
        for start in range(0, len(uids), _SIZES):
            asked = uids[start : start + _SIZES]
            sizes = self._ask(asked, ("RFC822.SIZE", "INTERNALDATE"))
            known = [(uid, sizes[uid]) for uid in asked if uid in sizes]
            for batch in _batches(known, self.account.max_size):
                yield self._bring(batch)

    def uids(self) -> Sequence[int]:
        """Every UID of the folder."""
        client = self._opened()
        with self._translated():
            return self._search(client, 0)

    def file_away(self, uids: Sequence[int], folder: str) -> None:
        """Move mails to a folder, which is made where it is missing; \\Seen, since nobody need read them."""
        client = self._opened()
        with self._translated():
            present = sorted(set(client.search(["UID", ",".join(map(str, uids))])))
            if present:
                client.add_flags(present, [b"\\Seen"], silent=True)
                self._move(client, present, folder)

    def mark_kept(self, uids: Sequence[int]) -> None:
        """Set the keyword, then move, as the account asks; a server without keywords is left in peace."""
        client = self._opened()
        with self._translated():
            if self.account.keyword:
                client.add_flags(uids, [self.account.keyword], silent=True)
            if self.account.move_to:
                self._move(client, uids, self.account.move_to)

    def holds(self, message_id: str, *, also_in: str = "") -> bool:
        """Whether a mail with this Message-ID lies in this folder, in \\Sent, or in the folder named.

        Gmail shows a copy to oneself only in Sent; Microsoft 365 saves one there.
        """
        client = self._opened()
        named = ["HEADER", "Message-ID", message_id]
        with self._translated():
            if client.search(named):
                return True
            others = [
                client.find_special_folder(b"\\Sent"),
                also_in if also_in and client.folder_exists(also_in) else None,
            ]
            try:
                for folder in filter(None, others):
                    client.select_folder(folder, readonly=True)
                    if client.search(named):
                        return True
                return False
            finally:
                client.select_folder(self.account.folder)

    def expiries(self) -> Sequence[Expiry]:
        """What the way in needs and when it runs out."""
        certificate = certificate_expiry(self._client.socket()) if self._client is not None else ()
        return (*certificate, *self.account.login.expiries())

    def close(self) -> None:
        """Log out; never raises."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(IMAPClientError, OSError):
                client.logout()

    # watching

    def watch(self, news: Callable[[], None], stopped: Callable[[], bool]) -> bool:
        """Wait with IDLE and call `news` at the start of each wait and when the server speaks, until `stopped`.

        Gives False when it has no IDLE.

        Raises MailboxError when the connection ends. Opens the folder itself.
        """
        self.open()
        client = self._opened()
        with self._translated():
            if not client.has_capability("IDLE"):
                return False
            while not stopped():
                client.idle()
                # what came before the server began to tell
                news()
                self._idle(client, news, stopped, time.monotonic() + _IDLE_SECONDS)
                # its answer is the proof of life; a connection that has failed is not asked for it
                client.idle_done()
        return True

    # below the surface

    def _idle(self, client: IMAPClient, news: Callable[[], None], stopped: Callable[[], bool], until: float) -> None:
        """Call `news` whenever the server has spoken, whatever it says: the collector looks for itself.

        Whole lines are read, and waited for. imapclient's own `idle_check` reads what has come so far: of a line in two
        segments it loses the first half.
        """
        while not stopped() and time.monotonic() < until:
            # short waits, so that a stop is heard
            if not _readable(client, 1.0):
                continue
            burst = time.monotonic() + 1.0
            while True:
                line: bytes = client._imap.readline()
                if not line:
                    raise MailboxError(f"{self._where()}: the server has closed the connection")
                if line[:5].upper() == b"* BYE":
                    raise MailboxError(f"{self._where()}: {line[2:].decode('utf-8', 'replace').strip()}")
                # one call for many lines: an agent may have marked a thousand mails
                if time.monotonic() > burst or not _readable(client, 0):
                    break
            news()

    def _connect(self) -> IMAPClient:
        account = self.account
        context = self._tls() if account.security != "none" else None
        client = self._greeted(context)
        try:
            client.normalise_times = False
            if account.security == "starttls":
                # without it the login would go out in clear: no silent fall-back
                if not client.has_capability("STARTTLS"):
                    raise MailboxRefused(f"{self._where()}: the server offers no STARTTLS")
                client.starttls(ssl_context=context)
            account.login.attempt(lambda secret: self._log_in(client, secret))
        except BaseException:
            with contextlib.suppress(IMAPClientError, OSError):
                client.shutdown()
            raise
        return client

    def _greeted(self, context: ssl.SSLContext | None) -> "_Client":
        """A connection that the server has greeted; none is made while it wants to be left alone."""
        account = self.account
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
            farewell = LoginError(f"turned away: {_text(error)}")
            account.login.turned_away(farewell)
            raise farewell from error

    def _log_in(self, client: IMAPClient, secret: str) -> None:
        """Password or access token. Raises LoginRefused, or LoginError for what may pass."""
        login, bearer = self.account.login, None
        try:
            if login.tokens is None:
                client.login(login.username, secret)
                return
            offered = [name for name in MECHANISMS if client.has_capability(f"AUTH={name}")]
            if not offered:
                raise LoginRefused(f"the server offers neither {' nor '.join(MECHANISMS)}")
            bearer = Bearer(
                offered[0], username=login.username, token=secret, host=self.account.host, port=self.account.port
            )
            client.sasl_login(offered[0], bearer)
        except ServerRefusal as error:
            said = " ".join(part for part in (_text(error), bearer.said if bearer else "") if part)
            # cut off in the place of an answer, with or without a farewell: that speaks of the server
            passing = _BUSY.match(said) or isinstance(error.__context__, IMAPClientAbortError)
            raise (LoginError if passing else LoginRefused)(f"login refused: {said}") from error

    def _tls(self) -> ssl.SSLContext:
        try:
            return tls_context(self.account.ca_file)
        except OSError as error:
            raise MailboxRefused(f"{self._where()}: ca_file {self.account.ca_file}: {error.strerror}") from error

    def _search(self, client: IMAPClient, after: int) -> list[int]:
        """UIDs from `after` on, in order; in a great folder from the newest part down, so that what is expunged
        meanwhile can only move a mail into a part that is still to be searched."""
        wanted = ["UID", f"{after + 1}:*"]
        if self._exists <= _SEARCHED:
            return sorted(client.search(wanted))
        found: set[int] = set()
        for last in range(self._exists, 0, -_SEARCHED):
            found.update(client.search([f"{max(1, last - _SEARCHED + 1)}:{last}", *wanted]))
        return sorted(found)

    def _bring(self, batch: Sequence[tuple[int, Mapping[bytes, Any]]]) -> Sequence[RawMail]:
        """The mails of a batch whose sizes are known; those that are gone are left out."""
        giant = any(data[b"RFC822.SIZE"] > self.account.max_size for _, data in batch)
        section = f"BODY.PEEK[]<0.{_GIANT_HEAD}>" if giant else "BODY.PEEK[]"
        contents = self._ask([uid for uid, data in batch if _WITHHELD not in data], (section,))
        mails = []
        for uid, data in batch:
            answer = data if _WITHHELD in data else contents.get(uid)
            if answer is None:
                continue
            content = _content(answer) or b""
            mails.append(
                RawMail(
                    mailbox=self.account.name,
                    folder=self.account.folder,
                    uidvalidity=self._uidvalidity,
                    uid=uid,
                    arrived=_moment(data.get(b"INTERNALDATE")),
                    content=content,
                    size=data[b"RFC822.SIZE"],
                    truncated=giant and len(content) < data[b"RFC822.SIZE"],
                    withheld=answer.get(_WITHHELD, ""),
                )
            )
        return mails

    def _ask(self, uids: Sequence[int], items: Sequence[str], *, again: bool = True) -> dict[int, Mapping[bytes, Any]]:
        """FETCH: UID → answer. Mails that are gone are left out.

        Some servers say NO, cut off, or say nothing, over a single mail that they have damaged: what fails is asked for
        again in halves, and a mail that fails alone, twice, is answered with the reason.
        """
        if not uids:
            return {}
        try:
            answers = self._answers(uids, items)
            left = self._still_there([uid for uid in uids if uid not in answers])
            why = "the server says nothing of it"
        except (IMAPClientError, OSError, *_NONSENSE) as error:
            if isinstance(error, (IMAPClientAbortError, ProtocolError, OSError, *_NONSENSE)):
                self._reopen(error)
            answers, left, why = {}, list(uids), _text(error)
        if len(uids) == 1 and left and not again:
            return {uids[0]: {_WITHHELD: f"the server cannot hand it over: {why}", b"RFC822.SIZE": 0}}
        half = (len(left) + 1) // 2
        for part in (left[:half], left[half:]):
            answers |= self._ask(part, items, again=len(uids) > 1)
        return answers

    def _answers(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, Mapping[bytes, Any]]:
        answers = self._opened().fetch(uids, items)
        # servers also tell unasked of flags that others change, by number of mail where we know only UIDs
        return {
            uid: answers[uid]
            for uid in uids
            if uid in answers and (b"RFC822.SIZE" in answers[uid] or _content(answers[uid]) is not None)
        }

    def _still_there(self, uids: Sequence[int]) -> list[int]:
        """Those that the folder still has: what is not answered may have been expunged meanwhile."""
        return sorted(self._opened().search(["UID", ",".join(map(str, uids))])) if uids else []

    def _reopen(self, error: Exception) -> None:
        """Connect again after a connection was lost over a mail; raises where it is the server that fails."""
        before, self._cut_off = self._uidvalidity, self._cut_off + 1
        if self._cut_off > _CUT_OFF:
            self._drop()
            raise MailboxError(f"{self._where()}: cut off {self._cut_off} times: {_text(error)}") from error
        self._drop()
        if self.open() != before:
            raise MailboxError(f"{self._where()}: the folder was renumbered meanwhile") from error

    def _move(self, client: IMAPClient, uids: Sequence[int], folder: str) -> None:
        if not client.folder_exists(folder):
            client.create_folder(folder)
        if client.has_capability("MOVE"):
            client.move(uids, folder)
            return
        client.copy(uids, folder)
        client.delete_messages(uids, silent=True)
        with contextlib.suppress(CapabilityError):
            client.uid_expunge(uids)

    def _opened(self) -> IMAPClient:
        if self._client is None:
            raise MailboxError(f"{self._where()}: not connected")
        return self._client

    def _where(self) -> str:
        return f"mailbox {self.account.name} ({self.account.host}:{self.account.port}, {self.account.folder})"

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Foreign errors become ours, and a connection that has failed is dropped: the next `open` makes a new one."""
        try:
            yield
        except MailboxError:
            self._drop()
            raise
        except LoginError as error:
            self._drop()
            refused = isinstance(error, LoginRefused)
            raise (MailboxRefused if refused else MailboxError)(f"{self._where()}: {error}") from error
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise MailboxRefused(f"{self._where()}: certificate not trusted: {error.verify_message}") from error
        except IMAPClientError as error:
            self._drop()
            gone = "select failed" in str(error).lower() and not _BUSY.match(str(error))
            raise (MailboxRefused if gone else MailboxError)(f"{self._where()}: {_text(error)}") from error
        except OSError as error:
            self._drop()
            raise MailboxError(f"{self._where()}: {_text(error)}") from error
        except _NONSENSE as error:
            self._drop()
            raise MailboxError(f"{self._where()}: the server's answer makes no sense: {_text(error)}") from error

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(IMAPClientError, OSError):
                client.shutdown()


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


def _batches(
    mails: Sequence[tuple[int, Mapping[bytes, Any]]], max_size: int
) -> Iterator[Sequence[tuple[int, Mapping[bytes, Any]]]]:
    """Batches of bounded bytes and number; a giant mail comes alone."""
    batch: list[tuple[int, Mapping[bytes, Any]]] = []
    weight = 0
    for uid, data in mails:
        size = data[b"RFC822.SIZE"]
        giant = size > max_size
        if batch and (giant or weight + size > _BATCH_BYTES or len(batch) >= _BATCH_MAILS):
            yield batch
            batch, weight = [], 0
        batch.append((uid, data))
        weight += size
        if giant:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _moment(internal_date: datetime | None) -> datetime:
    if internal_date is None:
        return datetime.now(UTC)
    return internal_date if internal_date.tzinfo is not None else internal_date.replace(tzinfo=UTC)


def _content(answer: Mapping[bytes, Any]) -> bytes | None:
    # the key comes back as BODY[] or BODY[]<0>; a server at its wits' end says NIL
    return next((value for key, value in answer.items() if key.startswith(b"BODY[]")), None)


def _readable(client: IMAPClient, seconds: float) -> bool:
    """Whether something has come, or the connection has ended, within so many seconds."""
    poller = select.poll()
    poller.register(client.socket().fileno(), select.POLLIN)
    return bool(poller.poll(seconds * 1000))


def _text(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    text = error.args[0] if error.args else str(error)
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text).strip()
