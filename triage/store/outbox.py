"""The outbox: which letter is due, whose sender died, and what the relay said.

A letter is `due → sending → sent`. `sending` is committed before the mail data is handed over; a letter found in
`sending` without a living sender is `in_doubt`, and evidence settles it (a journal copy), or a person.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, or_, select
from sqlmodel import Session, col

from triage.errors import DatabaseError, NotFound, OperatorError
from triage.letters.compose import CONTEXT, Letter
from triage.letters.outbox import Next, is_abandoned
from triage.letters.writer import Written
from triage.store.dialect import advisory_lock, is_free, is_postgres, notify
from triage.store.history import add_event, clear_alarms, raise_alarm
from triage.store.session import reading, writing
from triage.store.tables import Case, OutgoingLetter, Switch
from triage.store.views import LetterLine, LettersStopped, LetterView, OutgoingMail

#: alarms about one letter: a person has seen to them once the letter goes on
_ALARMS = ("letter_in_doubt", "letter_refused", "letter_sent", "letter_check")


class Outbox:
    """Letters on their way."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: what became of letters while the database could not take it: written down as soon as it can
        self._unwritten: dict[int, tuple[Next, datetime | None]] = {}

    def due(self, *, now: datetime, limit: int = 100) -> tuple[int, ...]:
        """Ids of letters whose time has come, oldest first."""
        with reading(self._engine) as session:
            query = select(col(OutgoingLetter.id)).where(
                col(OutgoingLetter.state) == "due", col(OutgoingLetter.next_try) <= now
            )
            return tuple(
                session.scalars(query.order_by(col(OutgoingLetter.next_try), col(OutgoingLetter.id)).limit(limit))
            )

    @contextmanager
    def sending(self, letter_id: int, *, now: datetime) -> Iterator[OutgoingMail | None]:
        """Claim a letter and commit that it is being sent; None when another has it or it is no longer due.

        The advisory lock is held while the block runs: a letter in `sending` whose lock is free has lost its sender.
        """
        with advisory_lock(self._engine, f"letter {letter_id}") as held:
            yield self._claim(letter_id, now) if held else None

    def _claim(self, letter_id: int, now: datetime) -> OutgoingMail | None:
        with writing(self._engine) as session:
            row = session.get(OutgoingLetter, letter_id, with_for_update=True)
            if row is None or row.state != "due":
                return None
            case = session.get_one(Case, row.case_id)
            if case.state == "voided":
                # voided while the relay had put it off, or while it was in doubt
                cancel_waiting(session, case, actor="triage", now=now)
                return None
            row.state, row.sending_since, row.attempts = "sending", now, row.attempts + 1
            row.first_try = row.first_try or now
            session.add(row)
            return OutgoingMail(
                id=letter_id,
                letter=Letter(
                    recipient=row.recipient,
                    message_id=row.message_id,
                    content=row.content,
                    subject=row.subject,
                    language=row.language,
                    template=row.template,
                ),
                journal=row.journal,
                tries=row.attempts,
                first_try=row.first_try,
            )

    def settle(self, letter_id: int, step: Next, *, since: datetime | None = None, now: datetime) -> None:
        """Write down what became of a letter that was `sending`; one that its journal copy has settled stays sent.

        With `since`, when the sending began, nothing is written where another has begun meanwhile. Raises DatabaseError
        where it cannot be written down now: `find_orphans` does so later, as long as this process lives.
        """
        try:
            self._settle(letter_id, step, since, now)
        except DatabaseError:
            self._unwritten[letter_id] = step, since
            raise
        self._unwritten.pop(letter_id, None)

    def _settle(self, letter_id: int, step: Next, since: datetime | None, now: datetime) -> None:
        with writing(self._engine) as session:
            row = session.get_one(OutgoingLetter, letter_id, with_for_update=True)
            if row.state not in ("sending", "in_doubt") or since not in (None, row.sending_since):
                return
            changed, row.state, row.why, row.next_try = row.state != step.state, step.state, step.why, step.due
            session.add(row)
            case = session.get_one(Case, row.case_id)
            if step.state == "sent":
                row.sent_at = row.sent_at or now
                clear_alarms(session, _ALARMS, case.reference or "", now=now)
            elif step.state == "in_doubt":
                row.doubt_since = row.doubt_since or now
            elif step.state == "due":
                # a second doubt has its own time of patience
                row.doubt_since = None
            if changed and step.state != "due":
                text = f"acknowledgement to {row.recipient}: {step.why}"
                add_event(session, case.id, f"letter_{step.state}", text, now=now)
            if step.alarm:
                raise_alarm(session, f"letter_{step.state}", case.reference or "", step.why, now=now)

    def find_orphans(self, *, timeout: timedelta, now: datetime) -> int:
        """Letters in `sending` whose sender has died become `in_doubt`; returns how many.

        Call it only where no letter is being sent: the one process of SQLite knows then that its sender is no more.
        On PostgreSQL the letter's lock tells, and one that has been at it for less than twice the relay's `timeout` may
        still be alive behind a connection that broke: it is left alone.
        """
        for letter_id, (step, since) in list(self._unwritten.items()):
            self.settle(letter_id, step, since=since, now=now)
        with reading(self._engine) as session:
            query = select(col(OutgoingLetter.id), col(OutgoingLetter.sending_since))
            rows = session.execute(query.where(col(OutgoingLetter.state) == "sending")).all()
        alone = not is_postgres(self._engine)
        orphans = [
            letter_id
            for letter_id, since in rows
            if alone
            or (
                (since is None or is_abandoned(since, now, timeout=timeout))
                and is_free(self._engine, f"letter {letter_id}")
            )
        ]
        for letter_id in orphans:
            why = "the daemon ended between handing it over and noting the answer"
            self.settle(letter_id, Next(state="in_doubt", due=now, why=why), now=now)
        return len(orphans)

    def in_doubt(self, *, now: datetime) -> tuple[LetterLine, ...]:
        """Letters of which nobody knows whether they went out, and that it is time to decide about."""
        with reading(self._engine) as session:
            return letter_lines(session, states=("in_doubt",), due_by=now)

    def doubtful(self, *, limit: int = 500) -> tuple[LetterLine, ...]:
        """Letters in doubt whose copies are still looked for, oldest first."""
        with reading(self._engine) as session:
            return letter_lines(session, states=("in_doubt",), due_by=datetime.max.replace(tzinfo=UTC), limit=limit)

    def gone_since(self, since: datetime) -> int:
        """How many letters have gone out since then, those that may have gone out counted in."""
        gone = or_(
            col(OutgoingLetter.sent_at) > since,
            (col(OutgoingLetter.state) == "in_doubt") & (col(OutgoingLetter.doubt_since) > since),
        )
        with reading(self._engine) as session:
            return session.scalar(select(func.count()).select_from(OutgoingLetter).where(gone)) or 0

    # what a person does with a letter

    def lines(
        self, *, states: tuple[str, ...] = (), case_id: int | None = None, limit: int = 500
    ) -> tuple[LetterLine, ...]:
        """Letters in these states (all where none is named), newest first."""
        with reading(self._engine) as session:
            return letter_lines(session, states=states, case_id=case_id, limit=limit)

    def count(self, *, states: tuple[str, ...] = ()) -> int:
        """How many letters in these states there are."""
        query = select(func.count()).select_from(OutgoingLetter)
        with reading(self._engine) as session:
            return session.scalar(query.where(col(OutgoingLetter.state).in_(states)) if states else query) or 0

    def show(self, letter_id: int) -> LetterView:
        """A letter with its bytes, as it goes out. Raises NotFound."""
        with reading(self._engine) as session:
            row = session.get(OutgoingLetter, letter_id)
            if row is None:
                raise NotFound(f"there is no letter {letter_id}")
            return LetterView(
                line=_line(row, session.get_one(Case, row.case_id).reference),
                content=row.content,
                context=CONTEXT.validate_python(row.context) if row.context is not None else None,
            )

    def release(self, letter_id: int, *, anew: Written | None = None, actor: str, now: datetime) -> None:
        """Let a held letter go, as it was written `anew` or else as it is; one that may have gone out does not."""
        self._move(letter_id, ("held",), "due", anew=anew, actor=actor, why="", now=now)

    def retry(self, letter_id: int, *, actor: str, now: datetime) -> None:
        """Send a refused, doubtful or waiting letter now, as it is; a doubtful one may then arrive twice."""
        self._move(letter_id, ("refused", "in_doubt", "due"), "due", actor=actor, why="", now=now)

    def mark_sent(self, letter_id: int, *, actor: str, now: datetime) -> None:
        """A person knows that a doubtful letter arrived."""
        self._move(letter_id, ("in_doubt",), "sent", actor=actor, why=f"marked sent by {actor}", now=now)

    def cancel(self, letter_id: int, *, actor: str, now: datetime) -> None:
        """A letter that shall not go out."""
        states = ("held", "due", "refused", "in_doubt")
        self._move(letter_id, states, "cancelled", actor=actor, why=f"cancelled by {actor}", now=now)

    def _move(
        self,
        letter_id: int,
        states: tuple[str, ...],
        state: str,
        *,
        anew: Written | None = None,
        actor: str,
        why: str,
        now: datetime,
    ) -> None:
        with writing(self._engine) as session:
            row = session.get(OutgoingLetter, letter_id, with_for_update=True)
            if row is None:
                raise NotFound(f"there is no letter {letter_id}")
            if row.state not in states:
                needed = ", ".join(states)
                raise OperatorError(
                    f"letter {letter_id} is {row.state}; this needs one that is {needed}".replace("_", " ")
                )
            case = session.get_one(Case, row.case_id)
            if state == "due" and case.state == "voided":
                raise OperatorError(
                    f"letter {letter_id} belongs to {case.reference}, which is voided: reopen that first"
                )
            if state == "due" and not row.content:
                raise OperatorError(f"letter {letter_id} is past its time: its words were deleted")
            row.state, row.why, row.next_try = state, why, None
            if state == "due":
                # a person starts it afresh: its tries and doubts count anew
                row.next_try, row.attempts, row.first_try, row.doubt_since = now, 0, None, None
                notify(session, "deliver")
            if state == "sent":
                row.sent_at = now
            told = f"letter {letter_id}: {state}"
            if anew is not None:
                row.content, row.subject = anew.letter.content, anew.letter.subject
                row.context = CONTEXT.dump_python(anew.context, mode="json")
                told += f", dated anew, promises news by {anew.context.next_contact}"
            clear_alarms(session, _ALARMS, case.reference or "", now=now)
            add_event(session, case.id, "letter", told, now=now, actor=actor)
            session.add(row)

    # the switch

    def stopped(self) -> LettersStopped | None:
        """Who has stopped all letters and when, None when they go out."""
        with reading(self._engine) as session:
            row = session.get(Switch, "letters")
            return LettersStopped(by=row.actor, at=row.at) if row and row.value == "stopped" else None

    def stop(self, *, stopped: bool, actor: str, now: datetime) -> None:
        """Stop all letters, or let them go again. Nothing is lost: they wait."""
        with writing(self._engine) as session:
            value = "stopped" if stopped else "running"
            session.merge(Switch(name="letters", value=value, actor=actor, at=now))
            add_event(session, None, "letters", f"letters {value}", now=now, actor=actor)
            notify(session, "deliver")


def letter_lines(
    session: Session,
    *,
    states: tuple[str, ...] = (),
    case_id: int | None = None,
    due_by: datetime | None = None,
    limit: int = 500,
) -> tuple[LetterLine, ...]:
    """Letters as lists show them, newest first; with `due_by` those whose next step is the house's, most due first."""
    query = select(OutgoingLetter, col(Case.reference)).join(Case, col(Case.id) == col(OutgoingLetter.case_id))
    if states:
        query = query.where(col(OutgoingLetter.state).in_(states))
    if case_id is not None:
        query = query.where(col(OutgoingLetter.case_id) == case_id)
    if due_by is not None:
        query = query.where(col(OutgoingLetter.next_try) <= due_by).order_by(col(OutgoingLetter.next_try))
    rows = session.execute(query.order_by(col(OutgoingLetter.id).desc()).limit(limit))
    return tuple(_line(row, reference) for row, reference in rows)


def _line(row: OutgoingLetter, reference: str | None) -> LetterLine:
    return LetterLine(
        id=row.id or 0,
        case=reference or "",
        kind=row.kind,
        state=row.state,
        recipient=row.recipient,
        subject=row.subject,
        language=row.language,
        message_id=row.message_id,
        why=row.why,
        attempts=row.attempts,
        created_at=row.created_at,
        next_try=row.next_try,
        sent_at=row.sent_at,
        doubt_since=row.doubt_since or row.created_at,
        bounced=row.bounced_at is not None,
    )


def cancel_waiting(session: Session, case: Case, *, actor: str, now: datetime) -> None:
    """A voided case is not acknowledged: its letters that are held or due are cancelled; others stay as they are."""
    for row in _locked(session, case, "held", "due"):
        row.state, row.why, row.next_try = "cancelled", "its case is voided", None
        clear_alarms(session, _ALARMS, case.reference or "", now=now)
        text = f"letter {row.id}: cancelled, for the case is voided"
        add_event(session, case.id, "letter", text, now=now, actor=actor)


def hold_cancelled(session: Session, case: Case, *, actor: str, now: datetime) -> None:
    """A voided case is open again: its cancelled letter waits for a person, unless it may have gone out before."""
    for row in _locked(session, case, "cancelled"):
        if row.doubt_since is None:
            row.state, row.why = "held", "its case was voided and is open again: release it or cancel it"
            add_event(session, case.id, "letter", f"letter {row.id}: held", now=now, actor=actor)


def _locked(session: Session, case: Case, *states: str) -> Sequence[OutgoingLetter]:
    query = select(OutgoingLetter).where(col(OutgoingLetter.case_id) == case.id, col(OutgoingLetter.state).in_(states))
    return session.scalars(query.with_for_update()).all()
