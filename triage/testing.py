"""In-memory twins of the outside world, for our tests and yours.

Each behaves like the real part as far as the house can tell; the contract tests run on both.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from triage.errors import MailboxError, RelayError
from triage.letters.compose import Letter
from triage.letters.outbox import Answer, Lost, Sent, TryLater
from triage.mail.account import Account
from triage.mail.connection import Expiry
from triage.mail.message import Message, RawMail
from triage.mail.pictures import Transcript
from triage.records.ledger import Credit, Invoice, InvoiceLine, LedgerError, Payment, normalised
from triage.records.rows import Row

_Value = TypeVar("_Value", Invoice, InvoiceLine, Payment, Credit)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A letter as it came out at the other end."""

    content: bytes
    recipients: tuple[str, ...]
    envelope_sender: str


class InMemoryRelay:
    """A relay that answers as told and keeps what it was given.

    `script` holds what happens, transaction by transaction: an answer. When it is used up, every letter is taken.
    """

    def __init__(self, script: Iterable[Answer] = ()) -> None:
        #: answers still to come
        self.script: deque[Answer] = deque(script)
        #: what connecting will raise, one each time
        self.connection_failures: deque[RelayError] = deque()
        #: what was taken, in order
        self.deliveries: list[Delivery] = []
        #: whether a letter whose connection broke after DATA was taken all the same
        self.takes_lost = False
        self.connected = False

    def connect(self) -> None:
        """Connect, or raise the next planned failure."""
        if not self.connected and self.connection_failures:
            raise self.connection_failures.popleft()
        self.connected = True

    def expiries(self) -> Sequence[Expiry]:
        """Nothing runs out."""
        return ()

    def hand_over(self, letter: Letter, recipients: Sequence[str], *, envelope_sender: str) -> Answer:
        """The next answer of the script."""
        if not self.connected:
            return TryLater(why="not connected")
        answer = self.script.popleft() if self.script else Sent(response="250 OK")
        copies_left_out = isinstance(answer, Sent) and answer.copy_refused
        if isinstance(answer, Sent) or (isinstance(answer, Lost) and self.takes_lost):
            reached = tuple(recipients[:1] if copies_left_out else recipients)
            self.deliveries.append(
                Delivery(content=letter.content, recipients=reached, envelope_sender=envelope_sender)
            )
        if isinstance(answer, Lost):
            self.connected = False
        return answer

    def close(self) -> None:
        """Hang up."""
        self.connected = False


class InMemoryMailbox:
    """A watched folder that lives in this process: put mails in, cut it off, renumber it."""

    def __init__(self, account: Account, *, uidvalidity: int = 1) -> None:
        self.account = account
        self.uidvalidity = uidvalidity
        #: UID → arrival and bytes
        self.mails: dict[int, tuple[datetime, bytes]] = {}
        #: other folders: name → bytes of the mails that were moved there
        self.folders: dict[str, list[bytes]] = {}
        #: UIDs that carry the account's keyword
        self.kept: set[int] = set()
        #: what opening will raise, one each time
        self.failures: deque[MailboxError] = deque()
        #: UID → why it is not handed over
        self.withheld: dict[int, str] = {}
        self._next_uid = 1

    def put(self, content: bytes, *, arrived: datetime) -> int:
        """A mail comes in; returns its UID."""
        uid, self._next_uid = self._next_uid, self._next_uid + 1
        self.mails[uid] = (arrived, content)
        return uid

    def renumber(self) -> None:
        """A new UIDVALIDITY: every mail is there, under another UID."""
        self.uidvalidity += 1
        self.mails = dict(enumerate(self.mails.values(), 1))
        self._next_uid = len(self.mails) + 1

    def open(self) -> int:
        """The UIDVALIDITY, or the next planned failure."""
        if self.failures:
            raise self.failures.popleft()
        return self.uidvalidity

    def new(self, after: int) -> Iterator[Sequence[RawMail]]:
        """Mails over `after`, in batches of three: small enough that tests meet more than one."""
        return self.fetch([uid for uid in sorted(self.mails) if uid > after])

    def fetch(self, uids: Sequence[int]) -> Iterator[Sequence[RawMail]]:
        """These mails, those that are there."""
        there = [uid for uid in uids if uid in self.mails]
        for start in range(0, len(there), 3):
            yield [self._raw(uid) for uid in there[start : start + 3]]

    def uids(self) -> Sequence[int]:
        """Every UID."""
        return sorted(self.mails)

    def file_away(self, uids: Sequence[int], folder: str) -> None:
        """Move mails to a folder."""
        for uid in uids:
            if uid in self.mails:
                self.folders.setdefault(folder, []).append(self.mails.pop(uid)[1])

    def mark_kept(self, uids: Sequence[int]) -> None:
        """Set the keyword, then move, as the account asks."""
        if self.account.keyword:
            self.kept.update(uids)
        if self.account.move_to:
            self.file_away(uids, self.account.move_to)

    def holds(self, message_id: str, *, also_in: str = "") -> bool:
        """Whether a mail with this Message-ID lies here, or in the folder named."""
        contents = [content for _, content in self.mails.values()] + self.folders.get(also_in, [])
        return any(f"message-id: {message_id}".lower().encode() in content.lower() for content in contents)

    def expiries(self) -> Sequence[Expiry]:
        """Nothing runs out."""
        return ()

    def close(self) -> None:
        """Nothing to do."""

    def _raw(self, uid: int) -> RawMail:
        arrived, content = self.mails[uid]
        if uid in self.withheld:
            content = b""
        giant = len(content) > self.account.max_size
        return RawMail(
            mailbox=self.account.name,
            folder=self.account.folder,
            uidvalidity=self.uidvalidity,
            uid=uid,
            arrived=arrived,
            content=content[: self.account.max_size] if giant else content,
            size=len(content),
            truncated=giant,
            withheld=self.withheld.get(uid, ""),
        )


class InMemoryOcr:
    """Reads pictures by their file names."""

    def __init__(self, **texts: str) -> None:
        """`texts`: file name with underscores for dots → what stands in it; of other pictures nothing can be read."""
        self._texts = texts

    def read(self, message: Message) -> Sequence[Transcript]:
        """What the attached pictures say."""
        return [
            Transcript(attachment=at, text=text) if text else Transcript(attachment=at, note="not read: it is damaged")
            for at, attachment in enumerate(message.attachments)
            if attachment.picture is not None
            for text in [self._texts.get((attachment.filename or "").replace(".", "_"), "")]
        ]

    def close(self) -> None:
        """Nothing to do."""


class InMemoryLedger:
    """Records in lists; looked up by comparing with each of them."""

    def __init__(self, *rows: Row) -> None:
        self._rows = rows
        #: raised by every question while it is set
        self.failure: LedgerError | None = None

    def find(self, number: str) -> Sequence[Invoice]:
        """The invoices with this number, with their lines."""
        invoices = [each for each in self._of(Invoice) if normalised(each.number) == normalised(number)]
        exact = [each for each in invoices if each.number == number.strip()] or invoices
        lines = self._of(InvoiceLine)
        return [replace(each, lines=tuple(line for line in lines if line.invoice == each.number)) for each in exact]

    def similar(self, number: str) -> Sequence[Invoice]:
        """All invoices: whoever asks sorts out those that are not."""
        return self._of(Invoice)

    def of_address(self, address: str) -> Sequence[Invoice]:
        """The invoices of the customers who have this address."""
        owners = {each.customer for each in self._of(Invoice) if address in each.addresses}
        return [each for each in self._of(Invoice) if each.customer in owners]

    def of_customer(self, customer: str) -> Sequence[Invoice]:
        """The invoices of a customer."""
        return [each for each in self._of(Invoice) if each.customer == customer]

    def payments(self, invoice: Invoice) -> Sequence[Payment]:
        """Payments of an invoice."""
        return [each for each in self._of(Payment) if each.invoice == invoice.number]

    def unapplied(self, customer: str) -> Sequence[Payment]:
        """Payments of a customer that no invoice has been given."""
        return [each for each in self._of(Payment) if each.customer == customer and not each.invoice]

    def credits(self, invoice: Invoice) -> Sequence[Credit]:
        """Credit notes and refunds of an invoice."""
        return [each for each in self._of(Credit) if each.invoice == invoice.number]

    def _of(self, wanted: type[_Value]) -> list[_Value]:
        if self.failure is not None:
            raise self.failure
        return [row for row in self._rows if isinstance(row, wanted)]
