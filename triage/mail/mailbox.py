"""IMAP: every new mail since the cursor, and nothing marked, lost or fetched twice.

One `Mailbox` is one folder over one connection (`account`). It fetches by UID with BODY.PEEK (never \\Seen, never by
date), and hands on `RawMail` (`fetch`). It waits with IDLE where the server can (`idle`), and files mails away when
told to. Keeping them is the store's business, understanding them the next room's.
"""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientError

from triage.errors import LoginError, LoginRefused, MailboxError, MailboxRefused
from triage.mail.account import BUSY, Account, connect, said
from triage.mail.connection import Expiry, certificate_expiry
from triage.mail.fetch import NONSENSE, Fetch
from triage.mail.idle import listen
from triage.mail.message import RawMail

#: mails among which is searched at once: more UIDs than imaplib takes in one line (a million bytes) end a connection
_SEARCHED = 50_000
#: RFC 2177 asks to renew within 29 minutes; home routers forget after 10 (mjs/imapclient issue 349)
_IDLE_SECONDS = 9 * 60
#: a connection is made anew so often: certificates, addresses and rights change
_CONNECTION_SECONDS = 24 * 60 * 60
#: connections that one walk may lose over mails; one among a hundred costs about nine
_CUT_OFF = 40


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
                self._client, self._connected_at = connect(self.account), time.monotonic()
            selected = self._client.select_folder(self.account.folder)
            if b"UIDVALIDITY" not in selected:
                raise MailboxRefused(f"{self.account.where}: the folder has no UIDVALIDITY, so its UIDs mean nothing")
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
        fetch = Fetch(self.account, self._uidvalidity, client=self._opened, reopen=self._reopen)
        yield from fetch.batches(uids)

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
                listen(client, news, stopped, seconds=_IDLE_SECONDS)
                # its answer is the proof of life; a connection that has failed is not asked for it
                client.idle_done()
        return True

    # below the surface

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

    def _reopen(self, error: Exception) -> None:
        """Connect again after a connection was lost over a mail; raises where it is the server that fails."""
        before, self._cut_off = self._uidvalidity, self._cut_off + 1
        if self._cut_off > _CUT_OFF:
            self._drop()
            raise MailboxError(f"{self.account.where}: cut off {self._cut_off} times: {said(error)}") from error
        self._drop()
        if self.open() != before:
            raise MailboxError(f"{self.account.where}: the folder was renumbered meanwhile") from error

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
            raise MailboxError(f"{self.account.where}: not connected")
        return self._client

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
            raise (MailboxRefused if refused else MailboxError)(f"{self.account.where}: {error}") from error
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise MailboxRefused(f"{self.account.where}: certificate not trusted: {error.verify_message}") from error
        except IMAPClientError as error:
            self._drop()
            gone = "select failed" in str(error).lower() and not BUSY.match(str(error))
            raise (MailboxRefused if gone else MailboxError)(f"{self.account.where}: {said(error)}") from error
        except OSError as error:
            self._drop()
            raise MailboxError(f"{self.account.where}: {said(error)}") from error
        except NONSENSE as error:
            self._drop()
            raise MailboxError(f"{self.account.where}: the server's answer makes no sense: {said(error)}") from error

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(IMAPClientError, OSError):
                client.shutdown()
