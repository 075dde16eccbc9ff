"""A house of twins: real walks, decisions, letters and books around servers, a clock and a reader of mails in memory.

What is outside (`World`) outlives a house, so that tests can let one die and build the next.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache, cached_property

from triage import pipeline
from triage.config.servers import MailboxSettings
from triage.config.settings import Settings
from triage.house import House
from triage.letters.outbox import Answer
from triage.mail.account import Account
from triage.mail.automatic import recognise
from triage.mail.login import Login
from triage.mail.message import Message
from triage.store.views import BookLine, CaseView, LetterLine
from triage.testing import InMemoryMailbox, InMemoryRelay
from triage.understanding.classify import Thresholds
from triage.understanding.findings import Disputed, Finding, Money, Understanding, Verdict

#: a Monday within business hours
MONDAY = datetime(2026, 11, 16, 10, 0, tzinfo=UTC)
DESK = "support@example.com"
ALIAS = "billing@example.com"


class HandClock:
    """Time that passes only when told to."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def forward(self, **length: float) -> None:
        """Let time pass, or run backwards with a negative length."""
        self.now += timedelta(**length)


class ScriptedClassifier:
    """Thresholds for the policy; the verdicts come from `scripted`."""

    name = "scripted"
    thresholds = Thresholds(auto=0.9, review=0.4)


def scripted(message: Message, house: House) -> Understanding:
    """What a mail means, by plain marks: "charged" disputes, "perhaps" is unsure, "questo" is another language."""
    words = message.reply.lower()
    automatic = recognise(message, house.own)
    probability = 0.97 if "charged" in words else 0.6 if "perhaps" in words else 0.03
    invoices = [
        Finding(kind="invoice", text=match.group(), value=match.group(), start=match.start(), end=match.end())
        for match in re.finditer(r"INV-\d+", message.reply)
    ]
    amounts = re.findall(r"(\d+\.\d\d) EUR", message.reply)
    return Understanding(
        automatic=automatic,
        language="other" if "questo" in words else "en",
        verdict=Verdict(probability=probability, reasons={"duplicate_charge": 0.9, "other": 0.1}, model="scripted"),
        findings=tuple(invoices),
        disputed=Disputed(money=Money(value=Decimal(amounts[0]), currency="EUR"), how="stated") if amounts else None,
        rules="scripted",
    )


@dataclass(kw_only=True)
class World:
    """What lies outside of the house: servers, time, the database file."""

    url: str
    clock: HandClock = field(default_factory=HandClock)
    relay: InMemoryRelay = field(default_factory=InMemoryRelay)
    letters: dict[str, object] = field(default_factory=dict)
    #: mailbox name → twin; copies that the relay takes for the desk come back into the first
    mailboxes: dict[str, InMemoryMailbox] = field(default_factory=dict)
    _copied: int = 0

    def __post_init__(self) -> None:
        for name in self.mailboxes or ("support",):
            account = Account(name=name, host="twin", port=143, security="none", login=Login(name))
            self.mailboxes.setdefault(name, InMemoryMailbox(account))

    def settings(self) -> Settings:
        """The site's settings."""
        mailboxes = tuple(
            MailboxSettings(
                name=name,
                host="localhost",
                username=name,
                address=DESK if name == "support" else f"{name}@example.com",
                aliases=(ALIAS,),
            )
            for name in self.mailboxes
        )
        letters = {"sender": f"Example Support <{DESK}>"} | self.letters
        return Settings(database={"url": self.url}, mailbox=mailboxes, letters=letters)

    def bring_copies(self) -> None:
        """Copies that the relay has taken for the desk arrive in its mailbox."""
        for delivery in self.relay.deliveries[self._copied :]:
            if DESK in delivery.recipients:
                self.mailboxes["support"].put(delivery.content, arrived=self.clock.now)
        self._copied = len(self.relay.deliveries)

    def reached(self, customer: str) -> int:
        """How many letters have reached a customer."""
        return sum(customer in delivery.recipients for delivery in self.relay.deliveries)


@cache
def _shipped_rules() -> dict[str, object]:
    """What every house reads from rules/, read once for all tests."""
    house = House(Settings())
    return {name: getattr(house, name) for name in ("templates", "lint_rules", "routing", "clocks", "calendar")}


class TwinHouse(House):
    """The real house, furnished with twins."""

    def __init__(self, world: World, *, understand: Callable[[Message, House], Understanding] = scripted) -> None:
        super().__init__(world.settings())
        vars(self).update(_shipped_rules())
        self.world = world
        self._script = understand
        self._mailboxes = tuple(world.mailboxes.values())
        self.relay = world.relay
        self.classifier = ScriptedClassifier()

    @property
    def together(self) -> int:
        """As many as with the network, or as a test says."""
        return pipeline.BATCH

    def now(self) -> datetime:
        """The hand clock's time."""
        return self.world.clock.now

    def understand(self, messages: Sequence[Message]) -> Sequence[Understanding]:
        """What each mail means, as scripted."""
        return [self._script(message, self) for message in messages]

    def round(self) -> dict[str, int]:
        """Every walk once, and what the relay took for the desk has arrived."""
        done = {
            "collected": pipeline.collect(self),
            "read": pipeline.read(self),
            "delivered": pipeline.deliver(self),
            "looked_again": pipeline.look_again(self),
        }
        self.world.bring_copies()
        return done

    def settle(self, *, rounds: int = 20) -> None:
        """Rounds until nothing happens any more."""
        for _ in range(rounds):
            if not any(self.round().values()) and not self.world.relay.script:
                return
        raise AssertionError(f"not settled after {rounds} rounds")

    # looking

    @cached_property
    def desk(self) -> "Desk":
        """What a person at the desk sees."""
        return Desk(self)


@dataclass(frozen=True)
class Desk:
    """The books, cases and letters, as tests ask for them."""

    house: TwinHouse

    @property
    def books(self) -> list[BookLine]:
        """Every line of the books."""
        return list(self.house.store.books.lines())

    @property
    def outcomes(self) -> list[str | None]:
        """The outcome of each mail that is no copy of a letter of ours, in order."""
        return [line.outcome for line in self.books if "copy of our own letter" not in line.why]

    @property
    def cases(self) -> list[CaseView]:
        """Every case, oldest first."""
        lines = self.house.store.cases.queue(limit=10_000)
        return [self.house.store.cases.show(line.reference) for line in sorted(lines, key=lambda line: line.reference)]

    @property
    def case(self) -> CaseView:
        """The one case that there is."""
        (case,) = self.cases
        return case

    @property
    def letters(self) -> list[LetterLine]:
        """Every letter, oldest first."""
        return list(reversed(self.house.store.outbox.lines(limit=10_000)))

    @property
    def letter(self) -> LetterLine:
        """The one letter that there is."""
        (letter,) = self.letters
        return letter

    @property
    def alarms(self) -> dict[str, int]:
        """Open alarms: kind → count."""
        return {alarm.kind: alarm.count for alarm in self.house.store.alarms.open()}


def mail(
    text: str = "I was charged twice for INV-100, please look into it.",
    *,
    sender: str = "Ana <ana@example.org>",
    to: str = DESK,
    subject: str = "My invoice",
    message_id: str = "<1@example.org>",
    answers: str = "",
    sent: datetime = MONDAY,
    **headers: str,
) -> bytes:
    """The bytes of a mail; keyword headers are written with underscores for dashes."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"], message["Date"] = message_id, format_datetime(sent)
    if answers:
        message["In-Reply-To"] = message["References"] = answers
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def bounce(letter: bytes, *, recipient: str = "ana@example.org", status: str = "5.1.1") -> bytes:
    """A delivery status notification (RFC 3464) that returns a letter of ours."""
    kind = "permanent" if status.startswith("5") else "temporary"
    return (
        (
            "From: Mail Delivery System <MAILER-DAEMON@relay.example>\r\n"
            f"To: {DESK}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
            "Message-ID: <dsn-1@relay.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
            f"--b\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered: {kind} failure.\r\n"
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
            f"Final-Recipient: rfc822; {recipient}\r\nAction: {'failed' if status[0] == '5' else 'delayed'}\r\n"
            f"Status: {status}\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        ).encode()
        + letter
        + b"\r\n--b--\r\n"
    )


def answers(*answers: Answer) -> InMemoryRelay:
    """A relay with a script."""
    return InMemoryRelay(answers)
