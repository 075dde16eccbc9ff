"""What happens to a mail: four walks, each a short function, each safe to end at any line.

`collect` keeps what the servers have. `read` understands and decides what was kept. `deliver` hands over the letters
that are due. `look_again` does what the diary says. The rooms are passed in as a `House`, so that tests can furnish it
with twins.
"""

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from sqlmodel import Session

from triage.cases.actions import Acknowledge, Decision
from triage.cases.decide import Arrival, Policy, decide
from triage.cases.followups import CaseEvent, CaseHistory, FollowUpPlan, look_at
from triage.cases.known import Known
from triage.errors import MailboxError, MailboxRefused, RelayError, RelayRefused, TriageError
from triage.explanation import decided_record
from triage.letters.compose import AckContext, Letter
from triage.letters.outbox import Answer, Next, Refused, Sent, after_answer, settle
from triage.letters.writer import Written
from triage.log import get_logger
from triage.mail.authentication import Trust
from triage.mail.connection import Expiry, running_out
from triage.mail.mailbox import MailSource
from triage.mail.message import Message, RawMail, parse
from triage.records.claim import Consulted, unanswered
from triage.records.ledger import LedgerError
from triage.store.books import LAST_ATTEMPT
from triage.store.dialect import is_trouble
from triage.store.lookup import answered_by, known_about
from triage.store.quarantine import set_aside
from triage.store.recording import record, write_records
from triage.store.store import Store
from triage.store.views import KeptMail
from triage.understanding.findings import Understanding

log = get_logger()

#: mails understood together: the network runs in batches of eight, and what is decided is written soon
BATCH = 8
#: without the network, where reading a mail costs little more than its share of a commit
QUICK_BATCH = 32

#: mails that the server files at once: their UIDs fit into one line of IMAP
_FILED_TOGETHER = 500
#: letters in doubt whose copies are looked for in one round: each is a search or three
_LOOKED_FOR_TOGETHER = 20

#: asked between two steps of a walk: whether to end it early
Stopped = Callable[[], bool]


def _never() -> bool:
    return False


class Relay(Protocol):
    """The way out, as `deliver` needs it."""

    def connect(self) -> None:
        """Have a connection that is logged in. Raises RelayError."""

    def expiries(self) -> Sequence[Expiry]:
        """What the way out needs and when it runs out."""

    def hand_over(self, letter: Letter, recipients: Sequence[str], *, envelope_sender: str) -> Answer:
        """One mail transaction."""


@dataclass(frozen=True, kw_only=True)
class LetterRules:
    """The site's settings about letters."""

    #: letters that may leave within an hour; beyond it they wait and a person is called
    per_hour: int = 500
    #: MAIL FROM; "" is the null reverse-path
    envelope_sender: str = ""
    #: the relay's: a sender silent for twice as long is dead
    timeout: timedelta = timedelta(seconds=30)
    #: how long the copy of a doubtful letter is looked for
    patience: timedelta = timedelta(hours=24)
    doubt_policy: Literal["hold", "resend"] = "hold"
    #: where copies of our own letters are filed; "" = they stay
    journal_folder: str = ""


class House(Protocol):
    """The rooms, furnished."""

    @property
    def store(self) -> Store: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def letters(self) -> LetterRules: ...
    @property
    def relay(self) -> Relay | None: ...
    @property
    def model(self) -> str: ...
    @property
    def together(self) -> int: ...
    def now(self) -> datetime: ...
    def mailboxes(self) -> Sequence[MailSource]: ...
    def understand(self, messages: Sequence[Message]) -> Sequence[Understanding]: ...
    def consult(self, message: Message, understood: Understanding, *, arrived: datetime) -> Consulted | None: ...
    def plans(self, history: CaseHistory) -> Mapping[str, FollowUpPlan | CaseEvent]: ...
    def trust(self, message: Message) -> Trust: ...
    def addresses(self, mailbox: str) -> frozenset[str]: ...
    def write(
        self, reference: str, acknowledge: Acknowledge, raw: RawMail, message: Message, understood: Understanding
    ) -> Written: ...
    def date_anew(self, content: bytes, context: AckContext) -> Written: ...


# collect


def collect(house: House) -> int:
    """Keep every new mail of every mailbox; returns how many. One that fails does not stop the others."""
    return sum(collect_one(house, mailbox) for mailbox in house.mailboxes())


def collect_one(house: House, mailbox: MailSource, *, stopped: Stopped = _never) -> int:
    """Keep every new mail of one folder, and only then touch it on the server. Of several processes one does."""
    name, folder = mailbox.account.name, mailbox.account.folder
    kept = 0
    try:
        with house.store.books.collecting(name, folder) as ours:
            if not ours:
                return 0
            uidvalidity = mailbox.open()
            _tell_of_expiry(house, f"mailbox {name}/{folder}", mailbox.expiries())
            kept = _keep(house, mailbox, uidvalidity, stopped)
            _file_away(house, mailbox, uidvalidity)
            _look_for_copies(house, mailbox)
    except MailboxError as error:
        house.store.books.failed(name, folder, why=str(error), now=house.now())
        house.store.alarms.call("mailbox", f"{name}/{folder}", str(error), now=house.now())
        log.warning(
            "mailbox_failed", mailbox=name, folder=folder, why=str(error), for_good=isinstance(error, MailboxRefused)
        )
        return kept
    house.store.alarms.clear("mailbox", f"{name}/{folder}", now=house.now())
    if kept:
        log.info("mails_kept", mailbox=name, folder=folder, count=kept)
    return kept


def _keep(house: House, mailbox: MailSource, uidvalidity: int, stopped: Stopped) -> int:
    account, books = mailbox.account, house.store.books
    books.asked(account.name, account.folder, uidvalidity=uidvalidity, now=house.now())
    cursor = books.cursor(account.name, account.folder)
    file_as = "kept" if account.keyword or account.move_to else ""
    kept = 0
    for batch in mailbox.new(cursor.last_uid if cursor else 0):
        kept += books.keep(batch, file_as=file_as, now=house.now())
        if stopped():
            return kept
    return kept + _ask_again(house, mailbox, uidvalidity, file_as)


def _ask_again(house: House, mailbox: MailSource, uidvalidity: int, file_as: str) -> int:
    """Mails that the server has and could not hand over: a person is called until they come. Returns how many came."""
    quarantine, where, kept = house.store.quarantine, (mailbox.account.name, mailbox.account.folder), 0
    left = quarantine.awaited(*where, uidvalidity)
    if left:
        for batch in mailbox.fetch(quarantine.to_fetch_again(*where, uidvalidity, now=house.now())):
            kept += house.store.books.keep(batch, file_as=file_as, now=house.now())
        left = quarantine.awaited(*where, uidvalidity)
    if left:
        why = f"{left} mails that the server cannot hand over (triage quarantine list)"
        house.store.alarms.call("withheld", "/".join(where), why, now=house.now())
    else:
        house.store.alarms.clear("withheld", "/".join(where), now=house.now())
    return kept


def _tell_of_expiry(house: House, subject: str, expiries: Sequence[Expiry]) -> None:
    """What runs out soon must be renewed by a person, before no mail comes in or goes out any more."""
    now = house.now()
    soon = running_out(expiries, now)
    if soon:
        house.store.alarms.call("expiry", subject, ", ".join(expiry.says(now) for expiry in soon), now=now)
    else:
        house.store.alarms.clear("expiry", subject, now=now)


def _file_away(house: House, mailbox: MailSource, uidvalidity: int) -> None:
    """Kept mails are marked or moved as the site asks; copies of our own letters leave the agents' eyes."""
    name, folder, books = mailbox.account.name, mailbox.account.folder, house.store.books
    while filing := books.to_file(name, folder, uidvalidity, limit=_FILED_TOGETHER):
        kept = sorted(uid for uid, file_as in filing.items() if file_as == "kept")
        copies = sorted(uid for uid, file_as in filing.items() if file_as == "journal")
        if kept:
            mailbox.mark_kept(kept)
        if copies and house.letters.journal_folder:
            mailbox.file_away(copies, house.letters.journal_folder)
        books.filed(name, folder, uidvalidity, [*kept, *copies])


def _look_for_copies(house: House, mailbox: MailSource) -> None:
    """A copy of a doubtful letter, here, in \\Sent or filed away, proves that the relay had taken it."""
    doubtful = house.store.outbox.doubtful()
    # any of them: those whose copies never come keep nobody waiting
    for line in random.sample(doubtful, min(len(doubtful), _LOOKED_FOR_TOGETHER)):
        if mailbox.holds(line.message_id, also_in=house.letters.journal_folder):
            house.store.outbox.settle(line.id, Next(state="sent", due=None, why="its copy came"), now=house.now())


# read


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A mail that was understood."""

    message: Message
    understood: Understanding
    #: what the site's own records say; None where they were not asked
    records: Consulted | None = None

    @property
    def settled(self) -> Understanding:
        """What was understood, with what the records settle. Letters are written without it: they tell no records."""
        if self.records is None:
            return self.understood
        return replace(self.understood, findings=self.records.findings, disputed=self.records.disputed)


def read(house: House, *, stopped: Stopped = _never) -> int:
    """Understand and decide kept mails until none waits; returns how many. One that breaks us is set aside."""
    done = 0
    while not stopped() and (count := read_batch(house)):
        done += count
    return done


def read_batch(house: House) -> int:
    """Understand some kept mails together, then write down what was decided of each, in one transaction."""
    with house.store.books.unread(house.together) as batch:
        if not batch.mails:
            return 0
        readings = _understand(house, batch.mails)
        with batch.recording(_names(readings)) as session:
            _record(house, session, readings)
        return len(batch.mails)


def _understand(house: House, mails: Sequence[KeptMail]) -> list[tuple[KeptMail, Reading | Exception]]:
    """Mails understood together; where one of them breaks us, each alone, so that only that one is set aside."""
    try:
        for mail in mails:
            if mail.attempts >= LAST_ATTEMPT:
                raise TriageError(f"reading it has ended the process {mail.attempts} times")
        messages = [parse(mail.raw.content, truncated=mail.raw.truncated) for mail in mails]
        understood = house.understand(messages)
        together = zip(mails, messages, understood, strict=True)
        records = [consult(house, mail.raw, message, what) for mail, message, what in together]
    except Exception as error:
        if is_trouble(error):
            raise
        # any bytes may come in: what breaks us goes to a person
        if len(mails) == 1:
            return [(mails[0], error)]
        return [pair for mail in mails for pair in _understand(house, [mail])]
    readings = zip(mails, messages, understood, records, strict=True)
    return [(mail, Reading(message=message, understood=what, records=said)) for mail, message, what, said in readings]


def consult(house: House, raw: RawMail, message: Message, understood: Understanding) -> Consulted | None:
    """What the site's records say; a ledger that does not answer holds up no mail, but a person is called."""
    try:
        consulted = house.consult(message, understood, arrived=raw.arrived)
    except LedgerError as error:
        house.store.alarms.call("ledger", "", str(error), now=house.now())
        log.warning("ledger_failed", uid=raw.uid, why=str(error))
        return unanswered(understood.findings, understood.disputed, error=str(error))
    if consulted is not None:
        house.store.alarms.clear("ledger", "", now=house.now())
    return consulted


def _names(readings: Sequence[tuple[KeptMail, Reading | Exception]]) -> set[str]:
    """What the mails can be recognised by when a copy, an answer or what they answer is read elsewhere just now."""
    messages = [reading.message for _, reading in readings if isinstance(reading, Reading)]
    names = {
        name for message in messages for name in (message.message_id, message.sender.address, *answered_by(message))
    }
    return names - {""}


def _record(house: House, session: Session, readings: Sequence[tuple[KeptMail, Reading | Exception]]) -> None:
    """Decide and write down; where one mail breaks us, each alone, so that only that one is set aside for a person."""
    try:
        with session.begin_nested():
            decisions = [(mail, *_decide(house, session, mail, reading)) for mail, reading in readings]
            write_records(session, {mail.id: why for mail, decision, why in decisions if decision.outcome == "taken"})
    except Exception as error:
        if is_trouble(error):
            raise
        if len(readings) > 1:
            for each in readings:
                _record(house, session, [each])
            return
        [(mail, _)] = readings
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        set_aside(session, mail, why=why, now=house.now())
        log.exception("mail_set_aside", mailbox=mail.raw.mailbox, folder=mail.raw.folder, uid=mail.raw.uid)
        return
    for mail, decision, _ in decisions:
        log.info(
            "mail_read",
            mailbox=mail.raw.mailbox,
            uid=mail.raw.uid,
            outcome=decision.outcome,
            band=decision.band,
            why=decision.why,
        )


def _decide(
    house: House, session: Session, mail: KeptMail, reading: Reading | Exception
) -> tuple[Decision, Mapping[str, Any]]:
    """Decide about a mail and write that down; gives the decision, and the record that tells why it came to it."""
    if isinstance(reading, Exception):
        raise reading
    message, understood = reading.message, reading.settled
    known = known_about(session, mail.id, message, understood, now=house.now())
    decision = _decided(house, mail.raw, reading, known)

    def write(reference: str, acknowledge: Acknowledge) -> Written:
        return house.write(reference, acknowledge, mail.raw, message, reading.understood)

    record(session, mail, message, understood, decision, write, house.plans, now=house.now())
    return decision, decided_record(message, understood, decision, records=reading.records, model=house.model)


def _decided(house: House, raw: RawMail, reading: Reading, known: Known) -> Decision:
    return decide(
        reading.message,
        reading.settled,
        known,
        house.policy,
        arrival=arrival_of(house, raw),
        trust=house.trust(reading.message),
        now=house.now(),
        records=reading.records,
    )


def arrival_of(house: House, raw: RawMail) -> Arrival:
    """How a kept mail reached us."""
    return Arrival(
        mailbox=raw.mailbox,
        arrived=raw.arrived,
        folder=raw.folder,
        addresses=house.addresses(raw.mailbox),
        truncated=raw.truncated,
        size=raw.size,
    )


def rehearse(house: House) -> Iterator[tuple[RawMail, Message, Decision]]:
    """What `read` would do with every mail that `collect` would keep; nothing is kept, sent or marked.

    Each mail is decided as if it were the next one: copies within the rehearsal do not see one another.
    """
    for mailbox in house.mailboxes():
        uidvalidity = mailbox.open()
        cursor = house.store.books.cursor(mailbox.account.name, mailbox.account.folder)
        begun = cursor.last_uid if cursor is not None and cursor.uidvalidity == uidvalidity else 0
        for batch in mailbox.new(begun):
            batch = [raw for raw in batch if not raw.withheld]
            messages = [parse(raw.content, truncated=raw.truncated) for raw in batch]
            for raw, message, understood in zip(batch, messages, house.understand(messages), strict=True):
                records = consult(house, raw, message, understood)
                reading = Reading(message=message, understood=understood, records=records)
                known = house.store.known_about(message, reading.settled, now=house.now())
                yield raw, message, _decided(house, raw, reading, known)


# deliver


def deliver(house: House, *, stopped: Stopped = _never) -> int:
    """Hand over every letter that is due; returns how many went out."""
    house.store.outbox.find_orphans(timeout=house.letters.timeout, now=house.now())
    _end_doubts(house)
    relay, sent = house.relay, 0
    tried: set[int] = set()
    while relay is not None and (waiting := _due(house, tried)):
        for letter_id in waiting:
            if stopped() or house.store.outbox.stopped() or not _connect(house, relay):
                return sent
            tried.add(letter_id)
            answer = _hand_over(house, relay, letter_id)
            sent += isinstance(answer, Sent)
            if isinstance(answer, Refused) and answer.stage in ("relay", "sender"):
                # it would say the same of every other letter
                return sent
    return sent


def _due(house: House, tried: Collection[int]) -> Sequence[int]:
    """Letters whose time has come, no more than the site lets out within an hour; beyond it a person is called."""
    waiting = [letter_id for letter_id in house.store.outbox.due(now=house.now()) if letter_id not in tried]
    if not waiting:
        return ()
    left = house.letters.per_hour - house.store.outbox.gone_since(house.now() - timedelta(hours=1))
    if left <= 0:
        why = f"{house.letters.per_hour} letters went out within an hour: the others wait"
        house.store.alarms.call("letters_per_hour", "", why, now=house.now())
        return ()
    house.store.alarms.clear("letters_per_hour", "", now=house.now())
    return waiting[:left]


def _connect(house: House, relay: Relay) -> bool:
    try:
        relay.connect()
    except RelayError as error:
        house.store.alarms.call("relay", "", str(error), now=house.now())
        log.warning("relay_failed", why=str(error), for_good=isinstance(error, RelayRefused))
        return False
    house.store.alarms.clear("relay", "", now=house.now())
    _tell_of_expiry(house, "relay", relay.expiries())
    return True


def _hand_over(house: House, relay: Relay, letter_id: int) -> Answer | None:
    """One letter: `sending` is committed before a byte of it leaves, and its end is written down after."""
    begun = house.now()
    with house.store.outbox.sending(letter_id, now=begun) as going:
        if going is None:
            return None
        recipients = [going.letter.recipient, *filter(None, [going.journal])]
        answer = relay.hand_over(going.letter, recipients, envelope_sender=house.letters.envelope_sender)
        step = after_answer(answer, tries=going.tries, first_try=going.first_try, now=house.now())
        house.store.outbox.settle(letter_id, step, since=begun, now=house.now())
    log.info("letter", id=letter_id, state=step.state, why=step.why)
    return answer


def _end_doubts(house: House) -> None:
    """Doubtful letters whose copy has not come in time: the site's policy decides."""
    rules, now = house.letters, house.now()
    for line in house.store.outbox.in_doubt(now=now):
        step = settle(
            copy_found=False, doubt_since=line.doubt_since, now=now, policy=rules.doubt_policy, patience=rules.patience
        )
        house.store.outbox.settle(line.id, step, now=now)


# look again


def look_again(house: House) -> int:
    """Do what the diary says for every follow-up that is due; returns how many."""
    done = 0
    while checks := house.store.follow_ups.due(now=house.now()):
        for check in checks:
            look = look_at(check.plan, house.policy.clocks, check.history, house.policy.calendar, now=house.now())
            done += house.store.follow_ups.settle(check, look, now=house.now())
    return done
