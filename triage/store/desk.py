"""The agents' work: the queue, one case whole, and every move an agent makes with it.

Each move is one transaction with its line of history; what it cancels in the diary is part of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, delete, func, or_, select
from sqlalchemy import case as sql_case
from sqlmodel import Session, col

from triage.cases.actions import Acknowledge, Decision
from triage.cases.lifecycle import RESOLUTIONS, Move, Resolution, after
from triage.errors import NotFound, OperatorError
from triage.mail.message import Message
from triage.store.books import mail_line, record_of
from triage.store.corrections import forget, say
from triage.store.diary import Plans, replan
from triage.store.history import add_event
from triage.store.outbox import cancel_waiting, hold_cancelled, letter_lines
from triage.store.recording import Write, add_letter, record, write_records
from triage.store.session import reading, writing
from triage.store.tables import Case, Diary, Event, Mail, Record
from triage.store.views import CaseLine, CaseView, DiaryLine, EventLine, KeptMail
from triage.understanding.findings import Understanding
from triage.understanding.heads import NONE

#: move → the line of history that it leaves
_EVENT_OF: dict[Move, str] = {
    "confirm": "confirmed",
    "reject": "voided",
    "look": "agent_looked",
    "ask_customer": "asked_customer",
    "ask_internal": "agent_looked",
    "resolve": "resolved",
    "close": "closed",
    "reopen": "reopened",
    "reconsider": "reopened",
}


#: priority → its place in the queue
_ORDER = {"urgent": 0, "high": 1, "normal": 2, "low": 3}


class Cases:
    """Cases as agents work them."""

    def __init__(self, engine: Engine, plans: Plans) -> None:
        self._engine = engine
        self._plans = plans

    def queue(
        self, *, states: Sequence[str] = (), assignee: str | None = None, search: str = "", limit: int = 200
    ) -> tuple[CaseLine, ...]:
        """Cases, most pressing first: escalated and urgent ones, then by the next due date."""
        due = (
            select(col(Diary.case_id), func.min(col(Diary.due)).label("due"))
            .where(col(Diary.state) == "open")
            .group_by(col(Diary.case_id))
            .subquery()
        )
        pressing = (
            col(Case.escalated).desc(),
            sql_case(_ORDER, value=col(Case.priority), else_=_ORDER["normal"]),
            due.c.due.nulls_last(),
            col(Case.opened_at),
            col(Case.id),
        )
        query = select(Case).outerjoin(due, due.c.case_id == col(Case.id)).where(*_asked_for(states, assignee, search))
        with reading(self._engine) as session:
            rows = session.scalars(query.order_by(*pressing).limit(limit)).all()
            next_due = _next_due(session, [row.id or 0 for row in rows])
            return tuple(_line(row, next_due.get(row.id or 0)) for row in rows)

    def count(self, *, states: Sequence[str] = (), assignee: str | None = None, search: str = "") -> int:
        """How many cases a queue of these has without a limit."""
        query = select(func.count()).select_from(Case).where(*_asked_for(states, assignee, search))
        with reading(self._engine) as session:
            return session.scalar(query) or 0

    def show(self, reference: str) -> CaseView:
        """A case with everything that belongs to it. Raises NotFound."""
        with reading(self._engine) as session:
            case = _find(session, reference)
            case_id = case.id or 0
            mails = session.scalars(select(Mail).where(col(Mail.case_id) == case_id).order_by(col(Mail.id))).all()
            diary = session.scalars(select(Diary).where(col(Diary.case_id) == case_id).order_by(col(Diary.due))).all()
            events = session.scalars(select(Event).where(col(Event.case_id) == case_id).order_by(col(Event.id))).all()
            opening = next((mail.id for mail in mails if mail.opened), None)
            return CaseView(
                line=_line(case, _next_due(session, [case_id]).get(case_id)),
                resolution=case.resolution,
                root_cause=case.root_cause,
                tags=tuple(case.tags),
                resolved_at=case.resolved_at,
                mails=tuple(mail_line(mail, case.reference) for mail in mails),
                letters=letter_lines(session, case_id=case_id),
                diary=tuple(
                    DiaryLine(
                        kind=row.kind, due=row.due, why=row.why, effect=row.effect, state=row.state, outcome=row.outcome
                    )
                    for row in diary
                ),
                events=tuple(EventLine(at=row.at, actor=row.actor, kind=row.kind, text=row.text) for row in events),
                record=record_of(session, opening) if opening else {},
                forgotten_at=case.forgotten_at,
            )

    def counts(self) -> dict[str, int]:
        """How many cases are in each state."""
        with reading(self._engine) as session:
            rows = session.execute(select(col(Case.state), func.count()).group_by(col(Case.state)))
            return dict(rows.all())

    def opening_mail(self, reference: str) -> int:
        """The id of the mail that opened a case. Raises NotFound."""
        with reading(self._engine) as session:
            case = _find(session, reference)
            query = select(col(Mail.id)).where(col(Mail.case_id) == case.id, col(Mail.opened).is_(True))
            mail_id = session.scalars(query).first()
            if mail_id is None:
                raise NotFound(f"{case.reference} was not opened by a mail")
            return mail_id

    def move(self, reference: str, move: Move, *, actor: str, now: datetime, text: str = "") -> str:
        """Make a move of the life cycle; returns the new state.

        A voided case is not acknowledged any more; one that is reopened goes back to review where nobody had confirmed
        it, else the letter that voiding has cancelled waits for a person. Raises NotFound, OperatorError.
        """
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            self._apply(session, case, move, actor=actor, now=now, text=text)
            return case.state

    def resolve(
        self, reference: str, resolution: Resolution, *, root_cause: str, actor: str, now: datetime, text: str = ""
    ) -> None:
        """End a case with its outcome and its cause."""
        if resolution not in RESOLUTIONS:
            raise OperatorError(f"no such resolution: {resolution}; one of {', '.join(RESOLUTIONS)}")
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            self._apply(session, case, "resolve", actor=actor, now=now, text=text or resolution.replace("_", " "))
            case.resolution, case.root_cause, case.resolved_at = resolution, root_cause, now
            session.add(case)

    def _apply(self, session: Session, case: Case, move: Move, *, actor: str, now: datetime, text: str) -> None:
        before = case.state
        if move == "reopen" and before == "voided" and case.review_why:
            move = "reconsider"
        case.state = after(before, move)  # type: ignore[arg-type]  # the column holds what lifecycle.after gave
        self._happened(session, case, _EVENT_OF[move], text, actor=actor, now=now)
        match move:
            case "confirm":
                case.review_why = ""
                say(session, case, case.reason, actor=actor, now=now)
            case "reject":
                say(session, case, NONE, actor=actor, now=now)
                cancel_waiting(session, case, actor=actor, now=now)
            case "reconsider":
                forget(session, case)
            case "reopen":
                case.resolution, case.resolved_at = "", None
                if before == "voided":
                    say(session, case, case.reason, actor=actor, now=now)
                    hold_cancelled(session, case, actor=actor, now=now)

    def _happened(self, session: Session, case: Case, kind: str, text: str, *, actor: str, now: datetime) -> None:
        """A line of history, and the diary planned afresh after it."""
        case.updated_at = now
        session.add(case)
        add_event(session, case.id, kind, text, now=now, actor=actor)
        replan(session, case, self._plans, now=now)

    def confirm(
        self, reference: str, write: Write, *, acknowledge: Acknowledge | None, actor: str, now: datetime
    ) -> None:
        """A person says that a case in review is a dispute: it opens, and its acknowledgement goes out."""
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            self._apply(session, case, "confirm", actor=actor, now=now, text="confirmed as a dispute")
            if acknowledge is not None and not letter_lines(session, case_id=case.id):
                named = case.reference or ""
                add_letter(session, case.id or 0, named, acknowledge, write(named, acknowledge), now=now)

    def open(
        self,
        mail: KeptMail,
        message: Message,
        understood: Understanding,
        decision: Decision,
        decided: Mapping[str, Any],
        write: Write,
        *,
        actor: str,
        now: datetime,
    ) -> str:
        """A person says that a mail which opened no case is a dispute; gives the reference of its case.

        Raises OperatorError for a mail that belongs to a case, was not read yet, or was set aside.
        """
        with writing(self._engine) as session:
            row = session.scalars(select(Mail).where(col(Mail.id) == mail.id).with_for_update()).one()
            if row.case_id is not None:
                raise OperatorError(f"this mail belongs to {session.get_one(Case, row.case_id).reference}")
            if row.outcome not in ("taken", "ignored"):
                raise OperatorError(f"this mail is {row.outcome or 'not read yet'}: it cannot open a case")
            session.execute(delete(Record).where(col(Record.mail_id) == mail.id))
            record(session, mail, message, understood, decision, write, self._plans, now=now)
            write_records(session, {mail.id: decided})
            session.refresh(row)
            case = session.get_one(Case, row.case_id)
            say(session, case, case.reason, actor=actor, now=now)
            return case.reference or ""

    def answered(self, reference: str, *, actor: str, now: datetime) -> None:
        """Note that the customer has been answered by a person, by whatever channel."""
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            self._happened(session, case, "answered", "the customer was answered", actor=actor, now=now)

    def assign(self, reference: str, assignee: str, *, actor: str, now: datetime) -> None:
        """Give a case to someone; "" takes it back to the queue."""
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            case.assignee, case.updated_at = assignee, now
            add_event(session, case.id, "assigned", assignee or "to the queue", now=now, actor=actor)
            session.add(case)

    def tag(self, reference: str, tag: str, *, on: bool, actor: str, now: datetime) -> None:
        """Put a tag on a case, or take it off. Raises OperatorError where there is nothing to take off."""
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            if not on and tag not in case.tags:
                raise OperatorError(f"{case.reference} has no tag {tag}")
            others = [each for each in case.tags if each != tag]
            case.tags, case.updated_at = [*others, tag] if on else others, now
            add_event(session, case.id, "tagged" if on else "untagged", tag, now=now, actor=actor)
            session.add(case)

    def note(self, reference: str, text: str, *, actor: str, now: datetime) -> None:
        """Write an internal note; a note is a look."""
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            self._happened(session, case, "note", text, actor=actor, now=now)

    def escalate(self, reference: str, why: str, *, actor: str, now: datetime) -> None:
        """Flag a case for those above; the state stays."""
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            case.escalated, case.updated_at = True, now
            add_event(session, case.id, "escalated", why, now=now, actor=actor)
            session.add(case)

    def deescalate(self, reference: str, why: str, *, actor: str, now: datetime) -> None:
        """Take the flag away; priority and state stay."""
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            if not case.escalated:
                raise OperatorError(f"{case.reference} is not escalated")
            case.escalated, case.updated_at = False, now
            add_event(session, case.id, "deescalated", why, now=now, actor=actor)
            session.add(case)

    def correct_reason(self, reference: str, reason: str, *, actor: str, now: datetime) -> None:
        """A person says which reason it really is."""
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            before, case.reason, case.updated_at = case.reason, reason, now
            add_event(session, case.id, "reason", f"{before} → {reason}", now=now, actor=actor)
            session.add(case)
            # in review nobody has said yet that it is a dispute at all
            if case.state not in ("review", "voided"):
                say(session, case, reason, actor=actor, now=now)

    def pin(self, reference: str, *, pinned: bool, actor: str, now: datetime) -> str:
        """Pin the mail that opened a case, or no longer: no version of the model may get it wrong. Gives its label.

        Raises NotFound, and OperatorError where nobody has said yet what that mail is.
        """
        with writing(self._engine) as session:
            case = _find(session, reference, lock=True)
            if case.state == "review":
                raise OperatorError(f"{reference} is in review: confirm or reject it first")
            row = say(session, case, NONE if case.state == "voided" else case.reason, actor=actor, now=now)
            if row is None:
                raise NotFound(f"the mail that opened {reference} is gone")
            row.pinned = pinned
            add_event(session, case.id, "pinned" if pinned else "unpinned", row.label, now=now, actor=actor)
            return row.label


def _find(session: Session, reference: str, *, lock: bool = False) -> Case:
    query = select(Case).where(col(Case.reference) == reference.strip().upper())
    row = session.scalars(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound(f"there is no case {reference}")
    return row


def _asked_for(states: Sequence[str], assignee: str | None, search: str) -> Iterator[ColumnElement[bool]]:
    if states:
        yield col(Case.state).in_(states)
    if assignee is not None:
        yield col(Case.assignee) == assignee
    if search:
        columns = (Case.reference, Case.customer, Case.customer_name, Case.subject)
        yield or_(*(col(column).ilike(f"%{search}%") for column in columns))


def _next_due(session: Session, case_ids: Sequence[int]) -> dict[int, tuple[datetime, str]]:
    query = select(col(Diary.case_id), col(Diary.due), col(Diary.kind)).where(
        col(Diary.case_id).in_(case_ids), col(Diary.state) == "open"
    )
    due: dict[int, tuple[datetime, str]] = {}
    for case_id, when, kind in session.execute(query.order_by(col(Diary.due))):
        due.setdefault(case_id, (when, kind))
    return due


def _line(row: Case, due: tuple[datetime, str] | None) -> CaseLine:
    return CaseLine(
        reference=row.reference or "",
        state=row.state,  # type: ignore[arg-type]  # the column holds what lifecycle.after gave
        reason=row.reason,
        priority=row.priority,
        escalated=row.escalated,
        assignee=row.assignee,
        customer=row.customer,
        customer_name=row.customer_name,
        language=row.language,
        subject=row.subject,
        amount=row.amount,
        currency=row.currency,
        invoices=tuple(row.invoices),
        review_why=row.review_why if row.state == "review" else "",
        opened_at=row.opened_at,
        next_due=due[0] if due else None,
        next_kind=due[1] if due else "",
    )
