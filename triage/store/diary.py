"""The diary of follow-ups.

A follow-up is a row with a due time; where it stands follows from the case's history, so each event of a case plans
its diary afresh, and looking twice does nothing twice.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Engine, select
from sqlmodel import Session, col

from triage.cases.clocks import ENDINGS, EventKind
from triage.cases.followups import GONE, CaseEvent, CaseHistory, FollowUpPlan, Look
from triage.store.history import add_event, raise_alarm
from triage.store.session import reading, writing
from triage.store.tables import Case, Diary, Event
from triage.store.views import DueCheck

#: says of a case with this history: kind of each clock that there is → its check while it runs, else what ended it
Plans = Callable[[CaseHistory], Mapping[str, FollowUpPlan | CaseEvent]]

#: kinds of history lines that clocks listen to → what they mean to a clock
_CLOCK_EVENTS: dict[str, EventKind] = {
    "agent_looked": "agent_looked",
    "note": "agent_looked",
    "confirmed": "agent_looked",
    "answered": "answered",
    "asked_customer": "asked_customer",
    "customer_wrote": "customer_wrote",
    "resolved": "resolved",
    "closed": "closed",
    "voided": "voided",
    "reopened": "reopened",
}
#: what a clock was waiting for, or why it need not wait any more
_HAPPENED: dict[EventKind, str] = {
    "agent_looked": "an agent has looked",
    "answered": "the customer was answered",
    "asked_customer": "the customer was asked",
    "customer_wrote": "the customer wrote",
    "resolved": "the case was resolved",
    "closed": "the case was closed",
    "voided": "it was no dispute",
    "reopened": "the case was reopened",
}
_PRIORITIES = ("low", "normal", "high", "urgent")


class FollowUps:
    """What is due, and what came of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, *, now: datetime, limit: int = 200) -> tuple[DueCheck, ...]:
        """Open follow-ups whose time has come, oldest first, with the history of their case."""
        with reading(self._engine) as session:
            rows = session.execute(
                select(Diary, Case)
                .join(Case, col(Case.id) == col(Diary.case_id))
                .where(col(Diary.state) == "open", col(Diary.due) <= now)
                .order_by(col(Diary.due), col(Diary.id))
                .limit(limit)
            )
            return tuple(
                DueCheck(
                    id=row.id or 0,
                    case_id=row.case_id,
                    reference=case.reference or "",
                    plan=_plan(row),
                    history=history_of(session, case),
                )
                for row, case in rows
            )

    def settle(self, check: DueCheck, look: Look, *, now: datetime) -> bool:
        """Carry out what a look came to, once: False when another has settled it meanwhile."""
        with writing(self._engine) as session:
            row = session.get(Diary, check.id, with_for_update=True)
            if row is None or row.state != "open" or row.due != check.plan.due:
                return False
            case = session.get_one(Case, row.case_id, with_for_update=True)
            if look.effect is not None:
                _carry_out(session, case, check, look, now)
            if look.plan is not None:
                _write(row, look.plan)
            else:
                row.state, row.outcome, row.done_at = "done", look.why, now
            session.add(row)
            return True


def _carry_out(session: Session, case: Case, check: DueCheck, look: Look, now: datetime) -> None:
    kind = "follow_up"
    match look.effect:
        case "raise" if case.priority != _PRIORITIES[-1]:
            case.priority = _PRIORITIES[_PRIORITIES.index(case.priority) + 1]
        case "alert":
            # the line of history that a person leaves who does it
            kind, case.escalated = "escalated", True
            raise_alarm(session, check.plan.kind, check.reference, look.why, now=now)
    session.add(case)
    to = case.assignee or "the queue"
    add_event(session, case.id, kind, f"{look.effect} ({to}): {look.why}", now=now)


def history_of(session: Session, case: Case) -> CaseHistory:
    """What has happened to a case, as its clocks see it."""
    rows = session.execute(
        select(col(Event.kind), col(Event.at))
        .where(col(Event.case_id) == case.id, col(Event.kind).in_(_CLOCK_EVENTS))
        .order_by(col(Event.id))
    )
    return CaseHistory(
        opened_at=case.opened_at,
        priority=case.priority,  # type: ignore[arg-type]  # the column holds a Priority
        events=tuple(CaseEvent(kind=_CLOCK_EVENTS[kind], at=at) for kind, at in rows),
    )


def replan(session: Session, case: Case, plans: Plans, *, now: datetime) -> None:
    """Plan a case's diary afresh after something has happened to it; checks that run on stay as they are."""
    session.flush()
    standings = plans(history_of(session, case))
    wanted = {kind: plan for kind, plan in standings.items() if isinstance(plan, FollowUpPlan)}
    rows = session.scalars(select(Diary).where(col(Diary.case_id) == case.id, col(Diary.state) == "open")).all()
    for row in rows:
        plan = wanted.pop(row.kind, None)
        if plan is None:
            row.state, row.outcome, row.done_at = "cancelled", _ending(row, standings.get(row.kind)), now
        elif plan.start != row.start:
            _write(row, plan)
        session.add(row)
    finished = session.scalars(select(Diary).where(col(Diary.case_id) == case.id, col(Diary.state) == "done")).all()
    over = {(row.kind, row.start) for row in finished}
    for plan in wanted.values():
        # a clock whose every effect has happened does not begin again until it is started afresh
        if (plan.kind, plan.start) not in over:
            row = Diary(case_id=case.id or 0, kind=plan.kind, due=plan.due, effect=plan.effect, start=plan.start)
            _write(row, plan)
            session.add(row)


def _ending(row: Diary, ended_by: FollowUpPlan | CaseEvent | None) -> str:
    """What became of a check that runs no more."""
    if not isinstance(ended_by, CaseEvent):
        return GONE
    end = "over" if ended_by.kind in ENDINGS else "met"
    late = " late" if row.step or ended_by.at > row.due else ""
    return f"{end}{late}, {_HAPPENED[ended_by.kind]}"


def _plan(row: Diary) -> FollowUpPlan:
    return FollowUpPlan(
        kind=row.kind,
        due=row.due,
        why=row.why,
        effect=row.effect,  # type: ignore[arg-type]  # the column holds an Effect
        step=row.step,
        start=row.start,
    )


def _write(row: Diary, plan: FollowUpPlan) -> None:
    row.due, row.why, row.effect, row.step, row.start = plan.due, plan.why, plan.effect, plan.step, plan.start
