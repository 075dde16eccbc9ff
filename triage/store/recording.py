"""One mail, one transaction: look up what is known about it, and write down what was decided.

Case, letter, follow-ups and the line of history are one commit with the mail's outcome in the books; nothing is sent
here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from triage.cases.actions import (
    Acknowledge,
    AddToCase,
    CallPerson,
    Decision,
    FollowUp,
    HoldForReview,
    OpenCase,
    RecordBounce,
    SettleLetter,
)
from triage.cases.decide import reply_address
from triage.cases.known import Known, KnownCase, KnownLetter, Sighting
from triage.cases.lifecycle import MOVES, UNFINISHED, after, reference_of
from triage.cases.threads import references_in
from triage.letters.compose import Letter
from triage.mail.message import Message
from triage.records.ledger import normalised
from triage.store.books import SAME_WORDS, book, words_digest
from triage.store.dialect import notify
from triage.store.diary import Plans, replan
from triage.store.history import add_event, raise_alarm
from triage.store.tables import (
    Case,
    CaseInvoice,
    Diary,
    Mail,
    OutgoingLetter,
    Participant,
    Record,
)
from triage.store.views import KeptMail
from triage.understanding.findings import Understanding

#: a customer who names the same invoice again within this time means the same dispute
_SAME_CLAIM = timedelta(days=90)
_DAY = timedelta(hours=24)
#: relays give up after five days (RFC 5321 section 4.5.4.1); a bounce that comes later speaks of another letter
_BOUNCES = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Written:
    """A composed letter, and what speaks against sending it."""

    letter: Letter
    #: second envelope recipient, "" = none
    journal: str = ""
    problems: tuple[str, ...] = ()


#: writes the letter of a case: (its reference, the action) → the letter
Write = Callable[[str, Acknowledge], Written]


def known_about(
    session: Session, mail_id: int | None, message: Message, understood: Understanding, *, now: datetime
) -> Known:
    """Everything in the books that bears on this mail; `mail_id` None for a mail that is not in them."""
    digest = words_digest(message)
    sender = message.sender.address
    automatic = understood.automatic
    speaks_of = [automatic.original_message_id] if automatic.original_message_id else []
    return Known(
        same_message=_sighting(
            session, mail_id, col(Mail.message_id) == message.message_id, col(Mail.words_digest) == digest
        ),
        same_words=_sighting(
            session,
            mail_id,
            col(Mail.sender) == sender,
            col(Mail.words_digest) == digest,
            col(Mail.arrived) > now - SAME_WORDS,
        )
        if digest and sender
        else None,
        thread=_thread(session, message),
        by_reference=_by_reference(session, message),
        same_claim=_same_claim(session, sender, understood, now),
        own_letter=_letter(session, [message.message_id]),
        # many a bounce names only whom it did not reach
        answered_letter=_letter(session, [*speaks_of, *message.references])
        or _letter_to(session, automatic.recipient, now=now),
        letters_to_sender=_count(
            session,
            OutgoingLetter,
            col(OutgoingLetter.recipient) == reply_address(message).address,
            col(OutgoingLetter.created_at) > now - _DAY,
        ),
        repeats=_count(session, Mail, col(Mail.words_digest) == digest, col(Mail.arrived) > now - _DAY)
        if digest
        else 0,
        sender_known=_sighting(session, mail_id, col(Mail.sender) == sender) is not None if sender else False,
    )


def _count(session: Session, table: type, *conditions: Any) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def _sighting(session: Session, mail_id: int | None, *conditions: Any) -> Sighting | None:
    query = (
        select(Mail).where(*conditions, col(Mail.outcome).in_(("taken", "duplicate"))).order_by(col(Mail.id)).limit(1)
    )
    if mail_id is not None:
        query = query.where(col(Mail.id) != mail_id)
    row = session.scalars(query).first()
    if row is None:
        return None
    case = session.get(Case, row.case_id) if row.case_id else None
    return Sighting(
        mail_id=row.id or 0,
        mailbox=row.mailbox,
        case_id=row.case_id,
        case_reference=case.reference if case else None,
        arrived=row.arrived,
    )


def _thread(session: Session, message: Message) -> KnownCase | None:
    ids = list(message.references[-50:])
    if not ids:
        return None
    by_letter = session.scalars(
        select(col(OutgoingLetter.case_id))
        .where(col(OutgoingLetter.message_id).in_(ids))
        .order_by(col(OutgoingLetter.id).desc())
    ).first()
    by_mail = session.scalars(
        select(col(Mail.case_id))
        .where(col(Mail.message_id).in_(ids), col(Mail.case_id).is_not(None))
        .order_by(col(Mail.id).desc())
    ).first()
    return _facts(session, by_letter or by_mail)


def _by_reference(session: Session, message: Message) -> KnownCase | None:
    named = references_in(message.subject)
    if not named:
        return None
    return _facts(session, session.scalars(select(col(Case.id)).where(col(Case.reference) == named[0])).first())


def _same_claim(session: Session, sender: str, understood: Understanding, now: datetime) -> KnownCase | None:
    invoices = [normalised(finding.value) for finding in understood.findings if finding.kind == "invoice"]
    if not invoices or not sender:
        return None
    query = (
        select(col(Case.id))
        .join(CaseInvoice, col(CaseInvoice.case_id) == col(Case.id))
        .where(
            col(CaseInvoice.invoice).in_(invoices),
            col(Case.customer) == sender,
            col(Case.state).in_(UNFINISHED),
            col(Case.opened_at) > now - _SAME_CLAIM,
        )
        .order_by(col(Case.id).desc())
    )
    return _facts(session, session.scalars(query).first())


def _facts(session: Session, case_id: int | None) -> KnownCase | None:
    row = session.get(Case, case_id, with_for_update=True) if case_id else None
    if row is None or row.id is None:
        return None
    addresses = session.scalars(select(col(Participant.address)).where(col(Participant.case_id) == row.id))
    acknowledged = _count(
        session, OutgoingLetter, col(OutgoingLetter.case_id) == row.id, col(OutgoingLetter.kind) == "acknowledgement"
    )
    return KnownCase(
        id=row.id,
        reference=row.reference or "",
        state=row.state,  # type: ignore[arg-type]  # the column holds what lifecycle.after gave
        participants=frozenset(addresses),
        acknowledged=bool(acknowledged),
    )


def _letter(session: Session, ids: Sequence[str]) -> KnownLetter | None:
    return _newest_letter(session, col(OutgoingLetter.message_id).in_(list(ids)[-50:])) if ids else None


def _letter_to(session: Session, recipient: str | None, *, now: datetime) -> KnownLetter | None:
    if not recipient:
        return None
    return _newest_letter(
        session,
        col(OutgoingLetter.recipient) == recipient.lower(),
        col(OutgoingLetter.created_at) > now - _BOUNCES,
        col(OutgoingLetter.attempts) > 0,
    )


def _newest_letter(session: Session, *conditions: Any) -> KnownLetter | None:
    row = session.scalars(select(OutgoingLetter).where(*conditions).order_by(col(OutgoingLetter.id).desc())).first()
    if row is None or row.id is None:
        return None
    return KnownLetter(id=row.id, case_id=row.case_id, message_id=row.message_id, recipient=row.recipient)


def record(
    session: Session,
    mail: KeptMail,
    message: Message,
    understood: Understanding,
    decision: Decision,
    decided: Mapping[str, Any],
    write: Write,
    plans: Plans,
    *,
    now: datetime,
) -> None:
    """Write a decision down: the books, the case, its letter and diary, the record (`decided`, JSON)."""
    row = book(session, mail, message, decision, now=now)
    verdict, disputed = understood.verdict, understood.disputed
    row.language = understood.language
    if verdict is not None:
        row.probability, row.reason = verdict.probability, verdict.reason
    row.invoices = json.dumps(_invoices(understood), ensure_ascii=False)
    if disputed is not None:
        row.amount, row.currency = str(disputed.money.value), disputed.money.currency
    _Recording(session, row, message, understood, write, plans, now).carry_out(decision)
    if decision.outcome == "taken":
        session.add(Record(mail_id=mail.id, decided=dict(decided)))
    session.add(row)
    session.flush()


def _invoices(understood: Understanding) -> list[str]:
    return list(dict.fromkeys(finding.value for finding in understood.findings if finding.kind == "invoice"))


class _Recording:
    """The actions of one decision, carried out in order; a case that was opened is what the later ones speak of."""

    def __init__(
        self,
        session: Session,
        mail: Mail,
        message: Message,
        understood: Understanding,
        write: Write,
        plans: Plans,
        now: datetime,
    ) -> None:
        self.session = session
        self.mail = mail
        self.message = message
        self.understood = understood
        self.write = write
        self.plans = plans
        self.now = now
        self.case: Case | None = None

    def carry_out(self, decision: Decision) -> None:
        for action in decision.actions:
            match action:
                case OpenCase():
                    self._open(action, decision)
                case AddToCase():
                    self._add(action)
                case Acknowledge():
                    self._acknowledge(action)
                case FollowUp():
                    self._follow_up(action)
                case HoldForReview():
                    self._hold(action)
                case SettleLetter():
                    settle_letter(self.session, action.letter_id, now=self.now)
                    self.mail.file_as = "journal"
                case RecordBounce():
                    self._bounce(action)
                case CallPerson():
                    raise_alarm(self.session, action.kind, action.subject, action.why, now=self.now)

    def _open(self, action: OpenCase, decision: Decision) -> None:
        disputed = self.understood.disputed
        case = Case(
            state=action.state,
            reason=action.reason,
            priority=action.priority,
            assignee=action.assignee,
            tags=list(action.tags),
            customer=self.message.sender.address,
            customer_name=self.message.sender.name,
            language=self.understood.language,
            subject=self.message.subject,
            amount=str(disputed.money.value) if disputed else None,
            currency=disputed.money.currency if disputed else None,
            invoices=[],
            opened_at=self.mail.arrived,
            updated_at=self.now,
        )
        self.session.add(case)
        self.session.flush()
        case.reference = reference_of(case.id or 0, self.mail.arrived.year)
        self.case = case
        self.mail.opened = True
        self._join(case)
        add_event(self.session, case, "opened", decision.summary, now=self.now)

    def _add(self, action: AddToCase) -> None:
        case = self.session.get_one(Case, action.case_id)
        self.case = case
        if action.customer_wrote:
            self._join(case)
            if case.state in MOVES["customer_wrote"][0]:
                case.state = after(case.state, "customer_wrote")
                case.resolved_at = None
        else:
            self.mail.case_id = case.id
        case.updated_at = self.now
        kind = "customer_wrote" if action.customer_wrote else "mail"
        sender = self.message.sender.address or "someone"
        add_event(self.session, case, kind, f"{sender} wrote: {action.why}", now=self.now)
        if action.customer_wrote:
            replan(self.session, case, self.plans, now=self.now)

    def _join(self, case: Case) -> None:
        self.mail.case_id = case.id
        case_id = case.id or 0
        address = self.message.sender.address
        if address and self.session.get(Participant, (case_id, address)) is None:
            self.session.add(Participant(case_id=case_id, address=address))
        for invoice in _invoices(self.understood):
            if normalised(invoice) and self.session.get(CaseInvoice, (case_id, normalised(invoice))) is None:
                self.session.add(CaseInvoice(case_id=case_id, invoice=normalised(invoice)))
                case.invoices = [*case.invoices, invoice]
        self.session.flush()

    def _acknowledge(self, action: Acknowledge) -> None:
        if self.case is not None:
            add_letter(self.session, self.case, action, self.write(self.case.reference or "", action), now=self.now)

    def _follow_up(self, action: FollowUp) -> None:
        if self.case is not None:
            add_follow_up(self.session, self.case, action)

    def _hold(self, action: HoldForReview) -> None:
        if self.case is not None:
            self.case.review_why = action.why

    def _bounce(self, action: RecordBounce) -> None:
        letter = self.session.get_one(OutgoingLetter, action.letter_id)
        if action.hard is not False:
            letter.bounced_at = self.now
        text = f"our letter to {action.recipient} came back ({action.code or 'no code'})"
        add_event(self.session, self.session.get_one(Case, action.case_id), "bounced", text, now=self.now)


def add_letter(session: Session, case: Case, action: Acknowledge, written: Written, *, now: datetime) -> None:
    """Put a letter in the outbox: due, or held where something speaks against it."""
    held = "; ".join(filter(None, (action.held, *written.problems)))
    letter = written.letter
    session.add(
        OutgoingLetter(
            case_id=case.id or 0,
            kind="acknowledgement",
            state="held" if held else "due",
            recipient=letter.recipient,
            message_id=letter.message_id,
            subject=letter.subject,
            language=letter.language,
            template=letter.template,
            content=letter.content,
            journal=written.journal,
            why=held,
            created_at=now,
            next_try=now,
        )
    )
    if written.problems:
        raise_alarm(session, "letter_check", case.reference or "", held, now=now)
    add_event(
        session, case, "letter", f"acknowledgement to {letter.recipient}" + (f" held: {held}" if held else ""), now=now
    )
    notify(session, "deliver")


def add_follow_up(session: Session, case: Case, action: FollowUp) -> None:
    """Put a check in the diary."""
    session.add(
        Diary(
            case_id=case.id or 0,
            kind=action.kind,
            due=action.due,
            why=action.why,
            effect=action.effect,
            start=action.start,
        )
    )


def settle_letter(session: Session, letter_id: int, *, now: datetime) -> None:
    """A copy of this letter has come back to us: it was taken by the relay."""
    row = session.get(OutgoingLetter, letter_id, with_for_update=True)
    if row is not None and row.state in ("sending", "in_doubt"):
        row.state, row.why = "sent", "its journal copy came back"
        row.sent_at = row.sent_at or now
        session.add(row)
