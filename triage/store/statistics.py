"""What reports are computed from: every case that a span of time concerns, with its history and nothing of its mails.

One look at the books, read only; all that belongs to a case is found by the case's own index.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, Select, and_, func, or_, select
from sqlmodel import Session, col

from triage.cases.followups import GONE
from triage.cases.lifecycle import STATES, UNFINISHED
from triage.report.facts import LIFE, CaseFact, ClockFact, CreditFact, Happening, LetterFact
from triage.store.ledger_tables import LedgerCredit, LedgerInvoice
from triage.store.session import reading
from triage.store.tables import Case, CaseInvoice, Diary, Event, Mail, OutgoingLetter

#: the daemon's name in the history; whoever else stands there is a person
_DAEMON = "triage"
#: cases whose belongings are looked up with one statement each
_TOGETHER = 500


class Statistics:
    """Facts for reports."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def cases(self, start: datetime, end: datetime) -> tuple[CaseFact, ...]:
        """Every case that was opened, at work or moved from `start` until before `end`, oldest first."""
        with reading(self._engine) as session:
            rows = session.execute(_concerned(start, end)).all()
            # few at a time: databases would rather go through the whole of a table than look for many
            chunks = [rows[at : at + _TOGETHER] for at in range(0, len(rows), _TOGETHER)]
            return tuple(fact for chunk in chunks for fact in _facts(session, chunk))


def _facts(session: Session, rows: Sequence[Row[Any]]) -> Iterator[CaseFact]:
    ids = [row.id for row in rows]
    life = _life(session, ids)
    openings = _openings(session, ids)
    letters = _letters(session, ids)
    clocks = _clocks(session, ids)
    credits = _credits(session, ids)
    for row in rows:
        mailbox, band = openings.get(row.id, ("", None))
        resolved = row.resolved_at is not None
        yield CaseFact(
            id=row.id,
            opened_at=row.opened_at,
            reason=row.reason,
            # both stay in the row of a case that the customer has taken up again
            resolution=row.resolution if resolved else "",
            root_cause=row.root_cause if resolved else "",
            amount=Decimal(row.amount) if row.amount else None,
            currency=row.currency,
            language=row.language,
            priority=row.priority,
            tags=tuple(row.tags),
            mailbox=mailbox,
            band=band,
            reviewed=bool(row.review_why) or any(event.kind == "confirmed" for event in life[row.id]),
            life=tuple(life[row.id]),
            letter=letters.get(row.id),
            clocks=tuple(clocks[row.id]),
            credits=tuple(credits[row.id]),
        )


def _concerned(start: datetime, end: datetime) -> Select[Any]:
    """Those cases. Every move sets `updated_at`: what is finished and was not touched since `start` is none of them."""
    # every state is named, for the index is on state and day
    asked = or_(
        _in_state(STATES, col(Case.opened_at) >= start, col(Case.opened_at) < end),
        _in_state(sorted(UNFINISHED), col(Case.opened_at) < start),
        _in_state(sorted(set(STATES) - UNFINISHED), col(Case.opened_at) < start, col(Case.updated_at) >= start),
    )
    columns: tuple[Any, ...] = (
        Case.id,
        Case.opened_at,
        Case.reason,
        Case.resolution,
        Case.resolved_at,
        Case.root_cause,
        Case.amount,
        Case.currency,
        Case.language,
        Case.priority,
        Case.tags,
        Case.review_why,
    )
    return select(*columns).where(asked).order_by(col(Case.opened_at), col(Case.id))


def _in_state(states: Sequence[str], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(col(Case.state).in_(states), *conditions)


def _life(session: Session, ids: Sequence[int]) -> Mapping[int, list[Happening]]:
    """What moved each case, oldest first."""
    query = (
        select(col(Event.case_id), col(Event.kind), col(Event.at))
        .where(col(Event.case_id).in_(ids), col(Event.kind).in_(LIFE))
        .order_by(col(Event.id))
    )
    life: defaultdict[int, list[Happening]] = defaultdict(list)
    for case_id, kind, at in session.execute(query):
        life[case_id].append(Happening(kind=kind, at=at))
    return life


def _openings(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, str | None]]:
    """Mailbox and band of the mail that opened each case."""
    query = (
        select(col(Mail.case_id), col(Mail.mailbox), col(Mail.band))
        .where(col(Mail.case_id).in_(ids), col(Mail.opened).is_(True))
        .order_by(col(Mail.id).desc())
    )
    # should there be two, the first stays
    return {case_id: (mailbox, band) for case_id, mailbox, band in session.execute(query)}


def _letters(session: Session, ids: Sequence[int]) -> dict[int, LetterFact]:
    """The acknowledgement of each case; a line of its history by a person is a hand on it."""
    touched = select(col(Event.case_id)).where(
        col(Event.case_id).in_(ids), col(Event.kind) == "letter", col(Event.actor) != _DAEMON
    )
    by_hand = set(session.scalars(touched))
    query = select(
        col(OutgoingLetter.case_id),
        col(OutgoingLetter.state),
        col(OutgoingLetter.sent_at),
        col(OutgoingLetter.bounced_at),
    ).where(col(OutgoingLetter.case_id).in_(ids), col(OutgoingLetter.kind) == "acknowledgement")
    return {
        case_id: LetterFact(state=state, sent_at=sent_at, bounced=bounced_at is not None, touched=case_id in by_hand)
        for case_id, state, sent_at, bounced_at in session.execute(query)
    }


def _clocks(session: Session, ids: Sequence[int]) -> Mapping[int, list[ClockFact]]:
    query = (
        select(
            col(Diary.case_id),
            col(Diary.kind),
            col(Diary.start),
            col(Diary.due),
            col(Diary.step),
            col(Diary.state),
            col(Diary.done_at),
            col(Diary.outcome),
        )
        .where(col(Diary.case_id).in_(ids))
        .order_by(col(Diary.id))
    )
    clocks: defaultdict[int, list[ClockFact]] = defaultdict(list)
    for case_id, kind, start, due, step, state, done_at, outcome in session.execute(query):
        clocks[case_id].append(
            ClockFact(kind=kind, start=start, due=due, step=step, state=state, done_at=done_at, counts=outcome != GONE)
        )
    return clocks


def _credits(session: Session, ids: Sequence[int]) -> Mapping[int, list[CreditFact]]:
    """Credit notes and refunds of the imported ledger on the invoices that each case names."""
    query = (
        select(
            col(CaseInvoice.case_id),
            col(LedgerCredit.id),
            col(LedgerCredit.kind),
            col(LedgerCredit.amount),
            func.coalesce(func.nullif(col(LedgerCredit.currency), ""), func.max(col(LedgerInvoice.currency)), ""),
            col(LedgerCredit.issued),
        )
        .join(LedgerCredit, col(LedgerCredit.key) == col(CaseInvoice.invoice))
        # two invoices may be one number as it is compared
        .outerjoin(LedgerInvoice, col(LedgerInvoice.key) == col(LedgerCredit.key))
        .where(col(CaseInvoice.case_id).in_(ids), col(LedgerCredit.issued).is_not(None))
        .group_by(
            col(CaseInvoice.case_id),
            col(LedgerCredit.id),
            col(LedgerCredit.kind),
            col(LedgerCredit.amount),
            col(LedgerCredit.currency),
            col(LedgerCredit.issued),
        )
    )
    credits: defaultdict[int, list[CreditFact]] = defaultdict(list)
    for case_id, number, kind, amount, currency, issued in session.execute(query):
        credits[case_id].append(
            CreditFact(id=number, kind=kind, amount=Decimal(amount), currency=currency, issued=issued)
        )
    return credits
