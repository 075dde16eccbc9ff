"""What is past its time: who wrote, and what, is deleted or made a pseudonym; what is counted stays.

It goes in batches, each a transaction of its own, and may be ended at any line and begun again. What becomes of each
value stands in `pseudonyms`.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, delete, func, or_, select, update
from sqlmodel import Session, SQLModel, col

from triage.cases.lifecycle import UNFINISHED
from triage.errors import OperatorError
from triage.store.dialect import give_back, insert_new
from triage.store.pseudonyms import CHANGES, DELETED, Pseudonyms
from triage.store.quarantine import end_alarm
from triage.store.session import reading, writing
from triage.store.tables import (
    Alarm,
    Case,
    CaseInvoice,
    Correction,
    Event,
    Mail,
    MailReference,
    OutgoingLetter,
    Participant,
    Raw,
    Record,
    Switch,
)

#: a case with this tag is never touched
LEGAL_HOLD = "legal-hold"
#: cases, and mails without a case, of one transaction
_CASES, _MAILS = 20, 200
#: letters that still may go out, or of which a person must say whether they did
_WAITING = ("held", "due", "sending", "in_doubt")


@dataclass(frozen=True, kw_only=True)
class PastTime:
    """From when on what is past its time; None = never."""

    #: cases that were finished, and to which nothing has happened since, before this moment
    cases: datetime | None
    #: mails without a case that came before it, and what the house wrote before it
    mails: datetime | None


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was made a pseudonym of, or would be."""

    cases: int = 0
    mails: int = 0
    letters: int = 0
    #: of mails and letters that were deleted
    bytes: int = 0
    #: cases past their time that stay, for a person has said so
    legal_hold: int = 0
    #: and for a letter of theirs waits or is in doubt
    waiting_letter: int = 0

    def __add__(self, other: "Forgotten") -> "Forgotten":
        return Forgotten(**{name: value + vars(other)[name] for name, value in vars(self).items()})


def months_before(moment: datetime, months: int) -> datetime:
    """So many months before; the last day of a month where that has no such day.

    >>> months_before(datetime(2026, 5, 31), 3).date().isoformat()
    '2026-02-28'
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


class Retention:
    """Whatever is past its time goes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(
        self, past: PastTime, names: Pseudonyms, *, now: datetime, dry_run: bool = False, new_key: bool = False
    ) -> Iterator[Forgotten]:
        """Batch after batch, each committed; with `dry_run` nothing is changed.

        Raises OperatorError where earlier pseudonyms were made with another key, unless this is said to be a `new_key`.
        """
        self._check_key(names, now=now, dry_run=dry_run, new_key=new_key)
        total, line = Forgotten(), None
        for walk, before in ((self._forget_cases, past.cases), (self._forget_mails, past.mails)):
            last: int | None = 0
            while before is not None and last is not None:
                with writing(self._engine) as session, session.begin_nested() as batch:
                    last, done = walk(session, names, before, after=last, now=now)
                    total += done
                    if dry_run:
                        batch.rollback()
                    elif done.cases or done.mails:
                        line = _note(session, line, total, now=now)
                yield done
        if past.mails is not None and not dry_run:
            with writing(self._engine) as session:
                _forget_alarms(session, names, past.mails, now=now)

    def give_back(self) -> int | None:
        """Bytes of the SQLite file that VACUUM would give back at least; None on PostgreSQL, which uses them again."""
        return give_back(self._engine)

    def last_run(self) -> datetime | None:
        """When something was last made a pseudonym."""
        with reading(self._engine) as session:
            query = select(func.max(col(Event.id))).where(col(Event.case_id).is_(None), col(Event.kind) == "retention")
            row = session.get(Event, session.scalar(query) or 0)
            return row.at if row is not None else None

    def _check_key(self, names: Pseudonyms, *, now: datetime, dry_run: bool, new_key: bool) -> None:
        with writing(self._engine) as session:
            row = session.get(Switch, "retention_key")
            if row is not None and row.value != names.mark and not new_key:
                raise OperatorError(
                    "retention: the key is not the one of the pseudonyms that are there: whoever has one would get "
                    "another; bring the old key back, or say --new-key once where it is lost"
                )
            if not dry_run and (row is None or row.value != names.mark):
                session.merge(Switch(name="retention_key", value=names.mark, actor="triage", at=now))

    def _forget_cases(
        self, session: Session, names: Pseudonyms, before: datetime, *, after: int, now: datetime
    ) -> tuple[int | None, Forgotten]:
        """Some finished cases with all that belongs to them."""
        query = select(col(Case.id), col(Case.tags)).where(
            col(Case.id) > after,
            col(Case.state).not_in(UNFINISHED),
            col(Case.updated_at) < before,
            # one that was stirred since is past its time once more
            or_(col(Case.forgotten_at).is_(None), col(Case.forgotten_at) <= col(Case.updated_at)),
        )
        rows = session.execute(query.order_by(col(Case.id)).limit(_CASES).with_for_update(skip_locked=True)).all()
        ids = [case_id or 0 for case_id, _ in rows]
        waiting = select(col(OutgoingLetter.case_id)).where(
            col(OutgoingLetter.case_id).in_(ids), col(OutgoingLetter.state).in_(_WAITING)
        )
        held = {case_id for case_id, tags in rows if LEGAL_HOLD in tags}
        late = set(session.scalars(waiting)) - held
        chosen = [case_id for case_id in ids if case_id not in held | late]
        done = self._forget_belongings(session, names, chosen, now=now)
        _rewrite(session, Case, col(Case.id).in_(chosen), names)
        session.execute(update(Case).where(col(Case.id).in_(chosen)).values(forgotten_at=now))
        done += Forgotten(cases=len(chosen), legal_hold=len(held), waiting_letter=len(late))
        return max(ids, default=None), done

    def _forget_belongings(
        self, session: Session, names: Pseudonyms, cases: Sequence[int], *, now: datetime
    ) -> Forgotten:
        mails = session.scalars(select(col(Mail.id)).where(col(Mail.case_id).in_(cases))).all()
        done = _forget(session, names, [mail_id or 0 for mail_id in mails], now=now)
        _rewrite(session, Participant, col(Participant.case_id).in_(cases), names)
        _rewrite(session, MailReference, col(MailReference.case_id).in_(cases), names)
        _rewrite(session, CaseInvoice, col(CaseInvoice.case_id).in_(cases), names)
        _rewrite(session, Event, col(Event.case_id).in_(cases), names)
        of_cases = col(OutgoingLetter.case_id).in_(cases)
        size = session.scalar(select(func.sum(func.length(col(OutgoingLetter.content)))).where(of_cases)) or 0
        letters = _rewrite(session, OutgoingLetter, of_cases, names)
        return done + Forgotten(letters=letters, bytes=size)

    def _forget_mails(
        self, session: Session, names: Pseudonyms, before: datetime, *, after: int, now: datetime
    ) -> tuple[int | None, Forgotten]:
        """Some mails that belong to no case; those in quarantine are dropped from it."""
        query = select(col(Mail.id)).where(
            col(Mail.id) > after,
            col(Mail.case_id).is_(None),
            col(Mail.outcome).is_not(None),
            col(Mail.arrived) < before,
            col(Mail.forgotten_at).is_(None),
        )
        rows = session.scalars(query.order_by(col(Mail.id)).limit(_MAILS).with_for_update(skip_locked=True)).all()
        ids = [mail_id or 0 for mail_id in rows]
        quarantined = col(Mail.id).in_(ids), col(Mail.outcome) == "quarantined"
        mailboxes = set(session.scalars(select(col(Mail.mailbox)).where(*quarantined)))
        session.execute(update(Mail).where(*quarantined).values(outcome="ignored"))
        for mailbox in mailboxes:
            end_alarm(session, mailbox, now=now)
        return max(ids, default=None), _forget(session, names, ids, now=now)


def _note(session: Session, line: int | None, total: Forgotten, *, now: datetime) -> int:
    """The one line of history that a run leaves, true after each batch; returns its id."""
    row = session.get_one(Event, line) if line is not None else Event(at=now, actor="triage", kind="retention")
    row.text = f"made pseudonyms: {total.cases} cases, {total.mails} mails, {total.letters} letters"
    session.add(row)
    session.flush()
    return row.id or 0


def _forget(session: Session, names: Pseudonyms, ids: Sequence[int], *, now: datetime) -> Forgotten:
    """Mails that are past their time: their bytes go, their lines in the books stay."""
    size = session.scalar(select(func.sum(func.length(col(Raw.content)))).where(col(Raw.mail_id).in_(ids))) or 0
    session.execute(delete(Raw).where(col(Raw.mail_id).in_(ids)))
    _rewrite(session, Record, col(Record.mail_id).in_(ids), names)
    _rewrite(session, Correction, col(Correction.mail_id).in_(ids), names)
    _rewrite(session, Mail, col(Mail.id).in_(ids), names)
    fresh = col(Mail.id).in_(ids), col(Mail.forgotten_at).is_(None)
    count = session.scalar(select(func.count()).select_from(Mail).where(*fresh)) or 0
    session.execute(update(Mail).where(*fresh).values(forgotten_at=now))
    return Forgotten(mails=count, bytes=size)


def _forget_alarms(session: Session, names: Pseudonyms, before: datetime, *, now: datetime) -> None:
    """Alarms name senders, and so does the history of those that were cleared."""
    # of a sender who has not given cause for it since: it is over
    over = col(Alarm.last_at) < before, col(Alarm.cleared_at).is_(None), col(Alarm.subject).contains("@")
    session.execute(update(Alarm).where(*over).values(cleared_at=now))
    _rewrite(session, Alarm, col(Alarm.last_at) < before, names)
    cleared = col(Event.case_id).is_(None), col(Event.kind) == "alarm_cleared", col(Event.at) < before
    session.execute(update(Event).where(*cleared, col(Event.text) != DELETED).values(text=DELETED))


def _rewrite(session: Session, table: type[SQLModel], where: ColumnElement[bool], names: Pseudonyms) -> int:
    """Carry the changes of a table out on these rows; returns how many there are."""
    columns: Any = table.__table__  # type: ignore[attr-defined]  # SQLModel's tables have it
    keys = [column.name for column in columns.primary_key]
    connection = session.connection()
    rows = connection.execute(select(columns).where(where)).mappings().all()
    for row in rows:
        changed = {name: change(row[name], names) for name, change in CHANGES[table].items()}
        changed = {name: value for name, value in changed.items() if value != row[name]}
        this = [columns.c[name] == row[name] for name in keys]
        if changed.keys() & set(keys):
            # the same pseudonym may be there already
            connection.execute(columns.delete().where(*this))
            connection.execute(insert_new(session, table), {**row, **changed})
        elif changed:
            connection.execute(columns.update().where(*this).values(changed))
    return len(rows)
