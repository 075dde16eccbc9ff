"""One mail, one transaction: write down what was decided.

Case, letter, follow-ups and the line of history are one commit with the mail's outcome in the books; nothing is sent
here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, SQLModel, col

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
from triage.letters.compose import CONTEXT
from triage.letters.writer import Written
from triage.mail.message import Message
from triage.records.ledger import normalised
from triage.store.backup import DOUBT, may_have_gone_out
from triage.store.books import words_digest, write_outcome
from triage.store.dialect import insert_new, notify
from triage.store.diary import Plans, replan
from triage.store.history import add_event, raise_alarm
from triage.store.lookup import answered_by
from triage.store.tables import (
    Case,
    CaseInvoice,
    Diary,
    MailReference,
    OutgoingLetter,
    Participant,
    Record,
)
from triage.store.views import KeptMail
from triage.understanding.findings import Understanding

# a mail's rows are written once and not looked at again: past the session, whose bookkeeping of objects costs more
_RECORD = insert(Record)
_CASE = insert(Case).returning(col(Case.id))
_REFERENCE = update(Case).where(col(Case.id) == bindparam("of"))
_LETTER = insert(OutgoingLetter)
_CHECKS = insert(Diary)
#: writes the letter of a case: (its reference, the action) → the letter
Write = Callable[[str, Acknowledge], Written]


def record(
    session: Session,
    mail: KeptMail,
    message: Message,
    understood: Understanding,
    decision: Decision,
    write: Write,
    plans: Plans,
    *,
    now: datetime,
) -> None:
    """Write a decision down: the books, the case, its letter and diary; `write_records` writes why."""
    recording = _Recording(session, mail, message, understood, write, plans, now)
    recording.carry_out(decision)
    write_outcome(session, mail, {**_columns(message, understood, decision, now), **recording.columns})
    session.flush()


def write_records(session: Session, records: Mapping[int, Mapping[str, Any]]) -> None:
    """Write down why mails were decided as they were: id of the mail → what was understood and asked, as JSON."""
    if records:
        rows = [{"mail_id": mail_id, "decided": dict(decided)} for mail_id, decided in records.items()]
        session.connection().execute(_RECORD, rows)


def _columns(message: Message, understood: Understanding, decision: Decision, now: datetime) -> dict[str, object]:
    """What the books say of a mail, but for its case."""
    verdict = understood.verdict
    return {
        "outcome": decision.outcome,
        "why": decision.why,
        "read_at": now,
        "message_id": message.message_id,
        "sender": message.sender.address,
        "subject": message.subject,
        "words_digest": words_digest(message),
        "label": decision.label,
        "band": decision.band,
        "probability": verdict.probability if verdict else None,
        "reason": verdict.reason if verdict else None,
        "language": understood.language,
        "invoices": json.dumps(_invoices(understood), ensure_ascii=False),
        **_amount(understood),
    }


def _amount(understood: Understanding) -> dict[str, str | None]:
    """The contested sum, as the books and a case have it."""
    money = understood.disputed.money if understood.disputed else None
    return {"amount": str(money.value) if money else None, "currency": money.currency if money else None}


def _invoices(understood: Understanding) -> list[str]:
    return list(dict.fromkeys(finding.value for finding in understood.findings if finding.kind == "invoice"))


class _Recording:
    """The actions of one decision, carried out in order; a case that was opened is what the later ones speak of."""

    def __init__(
        self,
        session: Session,
        mail: KeptMail,
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
        #: what the books say of the mail's case
        self.columns: dict[str, object] = {}
        #: id and reference
        self.case: tuple[int, str] | None = None
        #: for the diary
        self.checks: list[dict[str, object]] = []

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
                case SettleLetter():
                    settle_letter(self.session, action.letter_id, now=self.now)
                    self.columns["file_as"] = "journal"
                case RecordBounce():
                    self._bounce(action)
                case CallPerson():
                    raise_alarm(self.session, action.kind, action.subject, action.why, now=self.now)
        if self.checks:
            self.session.connection().execute(_CHECKS, self.checks)

    def _open(self, action: OpenCase, decision: Decision) -> None:
        arrived, invoices = self.mail.raw.arrived, self._named_invoices()
        row = {
            "state": action.state,
            "reason": action.reason,
            "priority": action.priority,
            "assignee": action.assignee,
            "tags": list(action.tags),
            "customer": self.message.sender.address,
            "customer_name": self.message.sender.name,
            "language": self.understood.language,
            "subject": self.message.subject,
            **_amount(self.understood),
            "invoices": list(invoices.values()),
            "review_why": next((each.why for each in decision.actions if isinstance(each, HoldForReview)), ""),
            "opened_at": arrived,
            "updated_at": self.now,
        }
        case_id = self.session.connection().execute(_CASE, row).scalar_one() or 0
        self.case = case_id, reference_of(case_id, arrived.year)
        self.session.connection().execute(_REFERENCE, {"of": case_id, "reference": self.case[1]})
        self.columns["opened"] = True
        self._join(case_id, invoices)
        add_event(self.session, case_id, "opened", decision.summary, now=self.now)

    def _add(self, action: AddToCase) -> None:
        case = self.session.get_one(Case, action.case_id)
        self.case = action.case_id, case.reference or ""
        self.columns["case_id"] = action.case_id
        if action.customer_wrote:
            invoices = self._named_invoices()
            there = {normalised(each) for each in case.invoices}
            case.invoices = [*case.invoices, *(each for name, each in invoices.items() if name not in there)]
            self._join(action.case_id, invoices)
            if case.state in MOVES["customer_wrote"][0]:
                case.state = after(case.state, "customer_wrote")
                case.resolved_at = None
        case.updated_at = self.now
        kind = "customer_wrote" if action.customer_wrote else "mail"
        sender = self.message.sender.address or "someone"
        add_event(self.session, action.case_id, kind, f"{sender} wrote: {action.why}", now=self.now)
        if action.customer_wrote:
            replan(self.session, case, self.plans, now=self.now)

    def _named_invoices(self) -> dict[str, str]:
        """The invoices that the mail names, by the form in which they are found again."""
        return {normalised(each): each for each in _invoices(self.understood) if normalised(each)}

    def _join(self, case_id: int, invoices: Mapping[str, str]) -> None:
        """Whatever mails to come will find the case by."""
        self.columns["case_id"] = case_id
        address = self.message.sender.address
        self._note(Participant, [{"case_id": case_id, "address": address}] if address else [])
        self._note(CaseInvoice, [{"case_id": case_id, "invoice": name} for name in invoices])
        self._note(MailReference, [{"message_id": each, "case_id": case_id} for each in answered_by(self.message)])

    def _note(self, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> None:
        """Rows by which mails to come will find the case; those that are there stay."""
        if rows:
            self.session.connection().execute(insert_new(self.session, table), rows)

    def _acknowledge(self, action: Acknowledge) -> None:
        if self.case is not None:
            case_id, reference = self.case
            add_letter(self.session, case_id, reference, action, self.write(reference, action), now=self.now)

    def _follow_up(self, action: FollowUp) -> None:
        if self.case is not None:
            check = {"kind": action.kind, "due": action.due, "why": action.why, "effect": action.effect}
            self.checks.append({"case_id": self.case[0], **check, "start": action.start})

    def _bounce(self, action: RecordBounce) -> None:
        letter = self.session.get_one(OutgoingLetter, action.letter_id)
        if action.hard is not False:
            letter.bounced_at = self.now
        text = f"our letter to {action.recipient} came back ({action.code or 'no code'})"
        add_event(self.session, action.case_id, "bounced", text, now=self.now)


def add_letter(
    session: Session, case_id: int, reference: str, action: Acknowledge, written: Written, *, now: datetime
) -> None:
    """Put a letter in the outbox: due, or held where something speaks against it."""
    held = "; ".join(filter(None, (action.held, *written.problems)))
    letter = written.letter
    doubted = may_have_gone_out(session, written.context.received)
    if held and doubted:
        held = f"{held}; {DOUBT}"
    in_doubt = doubted and not held
    row = {
        "case_id": case_id,
        "kind": "acknowledgement",
        "state": "held" if held else "in_doubt" if in_doubt else "due",
        "recipient": letter.recipient,
        "message_id": letter.message_id,
        "subject": letter.subject,
        "language": letter.language,
        "template": letter.template,
        "content": letter.content,
        "context": CONTEXT.dump_python(written.context, mode="json"),
        "journal": written.journal,
        "why": DOUBT if in_doubt else held,
        "created_at": now,
        "next_try": now,
        "doubt_since": now if in_doubt else None,
    }
    session.connection().execute(_LETTER, row)
    if written.problems:
        raise_alarm(session, "letter_check", reference, held, now=now)
    text = f"acknowledgement to {letter.recipient}" + (f" held: {held}" if held else "")
    if in_doubt:
        text += f" in doubt: {DOUBT}"
    add_event(session, case_id, "letter", text, now=now)
    notify(session, "deliver")


def settle_letter(session: Session, letter_id: int, *, now: datetime) -> None:
    """A copy of this letter has come back to us: it was taken by the relay."""
    row = session.get(OutgoingLetter, letter_id, with_for_update=True)
    if row is not None and row.state in ("sending", "in_doubt"):
        row.state, row.why = "sent", "its journal copy came back"
        row.sent_at = row.sent_at or now
        session.add(row)
