"""One mail, one transaction: write down what was decided.

Case, letter, follow-ups and the line of history are one commit with the mail's outcome in the books; nothing is sent
here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, SQLModel

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
from triage.cases.lifecycle import MOVES, after, reference_of
from triage.letters.compose import Letter
from triage.mail.message import Message
from triage.records.ledger import normalised
from triage.store.books import book
from triage.store.dialect import insert_new, notify
from triage.store.diary import Plans, replan
from triage.store.history import add_event, raise_alarm
from triage.store.lookup import answered_by
from triage.store.tables import (
    Case,
    CaseInvoice,
    Diary,
    Mail,
    MailReference,
    OutgoingLetter,
    Participant,
    Record,
)
from triage.store.views import KeptMail
from triage.understanding.findings import Understanding


@dataclass(frozen=True, kw_only=True)
class Written:
    """A composed letter, and what speaks against sending it."""

    letter: Letter
    #: second envelope recipient, "" = none
    journal: str = ""
    problems: tuple[str, ...] = ()


_RECORD = insert(Record)
#: writes the letter of a case: (its reference, the action) → the letter
Write = Callable[[str, Acknowledge], Written]


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
        session.connection().execute(_RECORD, {"mail_id": mail.id, "decided": dict(decided)})
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
        there = {normalised(each) for each in case.invoices}
        fresh = {normalised(each): each for each in _invoices(self.understood) if normalised(each)}
        case.invoices = [*case.invoices, *(each for name, each in fresh.items() if name not in there)]
        address = self.message.sender.address
        self._note(Participant, [{"case_id": case_id, "address": address}] if address else [])
        self._note(CaseInvoice, [{"case_id": case_id, "invoice": name} for name in fresh])
        self._note(MailReference, [{"message_id": each, "case_id": case_id} for each in answered_by(self.message)])

    def _note(self, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> None:
        """Rows by which mails to come will find the case; those that are there stay."""
        if rows:
            self.session.connection().execute(insert_new(self.session, table), rows)

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
