"""The diary of a case: which checks it needs, and what one that falls due does.

A check is never switched off or moved by hand. What happened to the case is given as events, and where a clock stands
follows from them; so looking twice, late, or after a crash comes to the same result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from triage.cases.actions import Priority
from triage.cases.calendar import Calendar
from triage.cases.clocks import ENDINGS, Clock, Effect, EventKind, Pack

#: what became of a check whose clock an admin has taken out
GONE = "the rules have no such clock any more"


@dataclass(frozen=True, kw_only=True)
class CaseEvent:
    """Something that happened to a case."""

    kind: EventKind
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CaseHistory:
    """What a due check looks at."""

    #: when the mail that opened the case reached the mail server
    opened_at: datetime
    priority: Priority = "normal"
    #: in any order
    events: tuple[CaseEvent, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FollowUpPlan:
    """A check in the diary: one a clock."""

    kind: str
    due: datetime
    #: what is checked and how the date comes about, a sum in words
    why: str
    #: what happens when it falls due
    effect: Effect
    #: how many effects have happened since `start`
    step: int = 0
    #: when the clock began to run
    start: datetime
    #: events that end it, and events that start it again
    stopped_by: frozenset[EventKind] = frozenset()
    moved_by: frozenset[EventKind] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Look:
    """What looking at a check came to."""

    #: met = it happened, nothing more to do; wait = not due, or moved; act = `effect` is to be carried out;
    #: over = every effect has happened; gone = the rules have no such clock
    outcome: Literal["met", "wait", "act", "over", "gone"]
    why: str
    effect: Effect | None = None
    #: the check as it stands in the diary from now on; None = it leaves the diary
    plan: FollowUpPlan | None = None


def due_dates(
    pack: Pack, opened_at: datetime, calendar: Calendar, priority: Priority = "normal"
) -> tuple[FollowUpPlan, ...]:
    """The checks of a case that has just been opened."""
    return tuple(_plan(clock, opened_at, calendar, priority) for clock in pack.clocks)


def look_at(plan: FollowUpPlan, pack: Pack, facts: CaseHistory, calendar: Calendar, *, now: datetime) -> Look:
    """What a check does now. At most one effect a look, so that a house that was away does not do all at once."""
    clock = pack.clock(plan.kind)
    if clock is None:
        return Look(outcome="gone", why=GONE)
    start, ended_by = _standing(clock, facts)
    if ended_by is not None:
        return Look(outcome="met", why=f"{ended_by.kind.replace('_', ' ')} at {ended_by.at:%Y-%m-%d %H:%M %Z}")
    if plan.step == 0 or start != plan.start:
        plan = _plan(clock, start, calendar, facts.priority)
    if now < plan.due:
        return Look(outcome="wait", why=plan.why, plan=plan)
    if plan.step >= len(clock.effects):
        return Look(outcome="over", why=f"overdue: {clock.title}; every effect has happened")
    effect = clock.effects[plan.step]
    why = f"due since {plan.due:%Y-%m-%d %H:%M %Z}: {clock.title}"
    return Look(outcome="act", why=why, effect=effect, plan=_after_effect(plan, clock, calendar, now))


def look_again(pack: Pack, facts: CaseHistory, calendar: Calendar) -> Mapping[str, FollowUpPlan | CaseEvent]:
    """Every clock's kind → its check while it runs, else what ended it; seen afresh from the events alone."""
    standings = [(clock, *_standing(clock, facts)) for clock in pack.clocks]
    return {
        clock.kind: _plan(clock, start, calendar, facts.priority) if ended_by is None else ended_by
        for clock, start, ended_by in standings
    }


def _standing(clock: Clock, facts: CaseHistory) -> tuple[datetime, CaseEvent | None]:
    """When a clock last began to run, and what ended it; None while it runs.

    A customer who writes again while we owe an answer does not win us time: only a clock that has ended starts again.
    """
    start, ended_by = facts.opened_at, None
    for event in sorted(facts.events, key=lambda event: event.at.timestamp()):
        if event.kind in ENDINGS:
            ended_by = event
        elif ended_by is not None and _starts_again(clock, event, ended_by):
            start, ended_by = event.at, None
        elif ended_by is None and event.kind in clock.reset_by:
            start = event.at
        elif ended_by is None and event.kind in clock.stopped_by:
            ended_by = event
    return start, ended_by


def _starts_again(clock: Clock, event: CaseEvent, ended_by: CaseEvent) -> bool:
    if event.kind == "reopened":
        return True
    if ended_by.kind in ENDINGS:
        return event.kind == "customer_wrote" and ended_by.kind != "voided"
    return event.kind in clock.restarted_by | clock.reset_by


def _plan(clock: Clock, start: datetime, calendar: Calendar, priority: Priority) -> FollowUpPlan:
    duration = clock.duration(priority)
    total = duration.after(start, calendar)
    why = f"{clock.title}: {duration} after {start.astimezone(calendar.zone):%a %Y-%m-%d %H:%M %Z}\n{total.explain()}"
    return FollowUpPlan(
        kind=clock.kind,
        due=total.due,
        why=why,
        effect=clock.effects[0],
        start=start,
        stopped_by=clock.stopped_by | ENDINGS,
        moved_by=clock.restarted_by | clock.reset_by | {"reopened"},
    )


def _after_effect(plan: FollowUpPlan, clock: Clock, calendar: Calendar, now: datetime) -> FollowUpPlan | None:
    step = plan.step + 1
    if step >= len(clock.effects) or clock.again_after is None:
        return None
    due = clock.again_after.after(now, calendar).due
    why = f"{clock.title}: still not, {clock.again_after} after the last {plan.effect}"
    return replace(plan, step=step, effect=clock.effects[step], due=due, why=why)
