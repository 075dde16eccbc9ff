"""IMAP: every new mail since the cursor, and nothing marked, lost or fetched twice.

One `Mailbox` is one folder over one connection. It fetches by UID with BODY.PEEK (never \\Seen, never by date), sizes
before bytes, in pipelined batches, and hands on `RawMail`. It waits with IDLE where the server can (RFC 2177), and
files mails away when told to. Keeping them is the store's business, understanding them the next room's.
"""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from triage.errors import MailboxError, MailboxRefused
from triage.mail.message import RawMail

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


@dataclass(frozen=True, kw_only=True)
class Account:
    """How a mailbox is reached."""

    #: the mailbox's name in config.toml
    name: str
    host: str
    port: int
    security: Literal["tls", "starttls", "none"]
    username: str
    password: str
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

    def uids(self) -> Sequence[int]:
        """Every UID of the folder."""

    def file_away(self, uids: Sequence[int], folder: str) -> None:
        """Move mails of ours out of the agents' eyes."""

    def mark_kept(self, uids: Sequence[int]) -> None:
        """Keyword and move of kept mails, where the site wants them."""

    def holds(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID lies in this folder or in the Sent folder."""

    def close(self) -> None:
        """Log out; never raises."""


class Mailbox:
    """A folder on an IMAP server."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._client: IMAPClient | None = None
        self._uidvalidity = 0
        self._exists = 0

    def open(self) -> int:
        """Connect if need be and select the folder; returns its UIDVALIDITY.

        Raises MailboxRefused for a wrong password, certificate or folder, MailboxError for all that may pass.
        """
        with self._translated():
            if self._client is None:
                self._client = self._connect()
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
        for start in range(0, len(uids), _SIZES):
            asked = uids[start : start + _SIZES]
            with self._translated():
                answers = client.fetch(asked, ["RFC822.SIZE", "INTERNALDATE"])
            # servers also tell unasked of flags that others change, by number of mail where we know only UIDs
            sizes = [(uid, answers[uid]) for uid in asked if b"RFC822.SIZE" in answers.get(uid, {})]
            for batch in _batches(sizes, self.account.max_size):
                with self._translated():
                    mails = self._fetch(client, batch)
                yield mails

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

    def holds(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID lies in this folder or in \\Sent.

        Gmail shows a copy to oneself only in Sent; Microsoft 365 saves one there.
        """
        client = self._opened()
        with self._translated():
            if client.search(["HEADER", "Message-ID", message_id]):
                return True
            sent = client.find_special_folder(b"\\Sent")
            if sent is None:
                return False
            client.select_folder(sent, readonly=True)
            try:
                return bool(client.search(["HEADER", "Message-ID", message_id]))
            finally:
                client.select_folder(self.account.folder)

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
                try:
                    self._idle(client, news, stopped, time.monotonic() + _IDLE_SECONDS)
                finally:
                    client.idle_done()
        return True

    # below the surface

    def _idle(self, client: IMAPClient, news: Callable[[], None], stopped: Callable[[], bool], until: float) -> None:
        empty = 0
        while not stopped() and time.monotonic() < until:
            begun = time.monotonic()
            # short waits, so that a stop is heard; an untagged EXISTS ends one at once
            responses = client.idle_check(timeout=1)
            if any(_is_news(response) for response in responses):
                news()
            # imapclient answers for a closed connection at once, with nothing; once or twice TLS itself may do so
            empty = empty + 1 if not responses and time.monotonic() - begun < 0.5 else 0
            if empty > 5:
                raise MailboxError(f"{self._where()}: the server has closed the connection")

    def _connect(self) -> IMAPClient:
        account = self.account
        context = self._tls() if account.security != "none" else None
        client = IMAPClient(
            account.host,
            port=account.port,
            ssl=account.security == "tls",
            ssl_context=context if account.security == "tls" else None,
            timeout=account.timeout,
            use_uid=True,
        )
        try:
            client.normalise_times = False
            if account.security == "starttls":
                # without it the login would go out in clear: no silent fall-back
                if not client.has_capability("STARTTLS"):
                    raise MailboxRefused(f"{self._where()}: the server offers no STARTTLS")
                client.starttls(ssl_context=context)
            client.login(account.username, account.password)
        except BaseException:
            with contextlib.suppress(IMAPClientError, OSError):
                client.shutdown()
            raise
        return client

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.account.ca_file is not None:
            try:
                context.load_verify_locations(self.account.ca_file)
            except OSError as error:
                raise MailboxRefused(f"{self._where()}: ca_file {self.account.ca_file}: {error.strerror}") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

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

    def _fetch(self, client: IMAPClient, batch: Sequence[tuple[int, dict[bytes, Any]]]) -> Sequence[RawMail]:
        giant = any(data[b"RFC822.SIZE"] > self.account.max_size for _, data in batch)
        section = f"BODY.PEEK[]<0.{_GIANT_HEAD}>" if giant else "BODY.PEEK[]"
        answers = client.fetch([uid for uid, _ in batch], [section])
        mails = []
        for uid, data in batch:
            answer = answers.get(uid, {})
            # the key comes back as BODY[] or BODY[]<0>; none at all = expunged since
            content = next((value for key, value in answer.items() if key.startswith(b"BODY[]")), None)
            if content is None:
                continue
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
                )
            )
        return mails

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
            raise MailboxRefused(f"{self._where()}: login refused: {_text(error)}") from error
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise MailboxRefused(f"{self._where()}: certificate not trusted: {error.verify_message}") from error
        except IMAPClientError as error:
            self._drop()
            gone = "select failed" in str(error).lower()
            raise (MailboxRefused if gone else MailboxError)(f"{self._where()}: {_text(error)}") from error
        except OSError as error:
            self._drop()
            raise MailboxError(f"{self._where()}: {error.strerror or error}") from error

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(IMAPClientError, OSError):
                client.shutdown()


def _batches(
    mails: Sequence[tuple[int, dict[bytes, Any]]], max_size: int
) -> Iterator[Sequence[tuple[int, dict[bytes, Any]]]]:
    """Batches of bounded bytes and number; a giant mail comes alone."""
    batch: list[tuple[int, dict[bytes, Any]]] = []
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


def _is_news(response: tuple[Any, ...]) -> bool:
    return len(response) > 1 and response[1] in (b"EXISTS", b"RECENT")


def _text(error: Exception) -> str:
    text = error.args[0] if error.args else str(error)
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text).strip()
