"""Facts → report: the figures of a span and of the one before, their table by groups, and the course of it."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Literal, get_args

from triage.cases.lifecycle import RESOLUTIONS
from triage.log import mask_addresses
from triage.mail.charset import without_controls
from triage.report.facts import CaseFact
from triage.report.figures import Figures, Promise, Sums, figures, promises, resolved_in, sums, unfinished_at
from triage.report.span import Slicing, Span

By = Literal[
    "reason",
    "root_cause",
    "resolution",
    "mailbox",
    "language",
    "tag",
    "currency",
    "priority",
    "origin",
    "day",
    "week",
    "month",
]
BY: tuple[By, ...] = get_args(By)
#: what stands for an empty group, by what is grouped
UNNAMED = {
    "root_cause": "no cause named",
    "resolution": "not resolved",
    "tag": "no tag",
    "currency": "no sum stated",
    "mailbox": "no mailbox",
}
#: ages of open cases in whole days: the last of each bucket, and what it is called
AGES = ((7, "0–7 days"), (14, "8–14 days"), (30, "15–30 days"), (60, "31–60 days"), (90, "61–90 days"))
_OLDER = "over 90 days"
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Group:
    """One line of the table."""

    name: str
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some cases and their sums: a bucket of ages, an outcome, a cause."""

    name: str
    cases: int
    sums: Sums


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A day, week or month of the course."""

    first: date
    opened: int
    resolved: int
    open: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that is told of a span."""

    span: Span
    #: the moment of the books
    at: datetime
    by: By
    whole: Figures
    #: the same over the span before
    before: Figures
    groups: tuple[Group, ...]
    ages: tuple[Part, ...]
    resolutions: tuple[Part, ...]
    causes: tuple[Part, ...]
    promises: tuple[Promise, ...]
    slicing: Slicing
    course: tuple[Slice, ...]


def report(cases: Sequence[CaseFact], span: Span, by: By, *, now: datetime) -> Report:
    """Everything about a span. `cases` hold at least all that the span before it and the span itself concern."""
    end = min(span.end, now)
    within = [case for case in cases if case.concerns(span.start, end)]
    resolved = resolved_in(within, span.start, end)
    return Report(
        span=span,
        at=now,
        by=by,
        whole=figures(within, span, now=now),
        before=figures(cases, span.before, now=now),
        groups=tuple(_groups(within, span, by, now)),
        ages=tuple(_ages(within, end)),
        resolutions=tuple(_parts(resolved, lambda case: case.resolution or "reopened since", RESOLUTIONS)),
        causes=tuple(_parts(resolved, lambda case: _cause(case) or UNNAMED["root_cause"], ())),
        promises=tuple(promises(within, span, now)),
        slicing=span.slicing,
        course=tuple(_course(within, span, now)),
    )


def _groups(cases: Sequence[CaseFact], span: Span, by: By, now: datetime) -> Iterator[Group]:
    """The most frequent first; days, weeks and months in their order."""
    if by in ("day", "week", "month"):
        for part in _slices(cases, span, by, now):
            end = min(part.end, now)
            yield Group(
                name=part.first.isoformat()[: 7 if by == "month" else 10],
                figures=figures([case for case in cases if case.concerns(part.start, end)], part, now=now),
            )
        return
    members: defaultdict[str, list[CaseFact]] = defaultdict(list)
    for case in cases:
        for name in _NAMES[by](case):
            members[name or UNNAMED.get(by, "not known")].append(case)
    groups = [Group(name=name, figures=figures(each, span, now=now)) for name, each in members.items()]
    yield from sorted(
        (group for group in groups if not group.figures.is_empty),
        key=lambda group: (-group.figures.opened, -group.figures.open, group.name),
    )


def _ages(cases: Sequence[CaseFact], end: datetime) -> Iterator[Part]:
    """Every bucket, also where none is so old: the oldest are looked for first."""
    unfinished = unfinished_at(cases, end)
    names = [(case, _age(end - case.opened_at)) for case in unfinished]
    for name in (*(name for _, name in AGES), _OLDER):
        inside = [case for case, age in names if age == name]
        yield Part(name=name, cases=len(inside), sums=sums(inside))


def _age(length: timedelta) -> str:
    return next((name for last, name in AGES if length // _DAY <= last), _OLDER)


def _parts(cases: Sequence[CaseFact], name_of: Callable[[CaseFact], str], always: Sequence[str]) -> Iterator[Part]:
    """Cases by a name, the most frequent first."""
    inside: defaultdict[str, list[CaseFact]] = defaultdict(list, {name: [] for name in always} if cases else {})
    for case in cases:
        inside[name_of(case)].append(case)
    for name, each in sorted(inside.items(), key=lambda item: (-len(item[1]), item[0])):
        yield Part(name=name, cases=len(each), sums=sums(each))


def _cause(case: CaseFact) -> str:
    """A root cause as people type it, so that its spellings fall together; it may name no address."""
    words = " ".join(without_controls(mask_addresses(case.root_cause)).split())
    return words[:1].upper() + words[1:]


#: what is grouped by → the groups of a case
_NAMES: Mapping[By, Callable[[CaseFact], Sequence[str]]] = {
    "reason": lambda case: (case.reason,),
    "root_cause": lambda case: (_cause(case),),
    "resolution": lambda case: (case.resolution,),
    "mailbox": lambda case: (case.mailbox,),
    "language": lambda case: (case.language,),
    "tag": lambda case: tuple(mask_addresses(tag) for tag in case.tags) or ("",),
    "currency": lambda case: ((case.currency or "no currency") if case.amount is not None else "",),
    "priority": lambda case: (case.priority,),
    "origin": lambda case: (case.origin,),
}


def _slices(cases: Sequence[CaseFact], span: Span, slicing: Slicing, now: datetime) -> Iterator[Span]:
    """The span's slices from the first case on until today."""
    first = min((case.opened_at for case in cases), default=now).astimezone(span.zone).date()
    begin, last = max(span.first, first), min(span.last, now.astimezone(span.zone).date())
    for part in Span(first=span.first, last=last, zone=span.zone).slices(slicing) if begin <= last else ():
        if part.last >= begin:
            yield part


def _course(cases: Sequence[CaseFact], span: Span, now: datetime) -> Iterator[Slice]:
    """One pass over the cases, however many slices there are."""
    parts = list(_slices(cases, span, span.slicing, now))
    ends = [min(part.end, now) for part in parts]
    opened, resolved, change = Counter[int](), Counter[int](), Counter[int]()
    for case in cases:
        if case.opened_at >= span.start:
            opened[bisect_right(ends, case.opened_at)] += 1
        for since, until in case.unfinished:
            change[bisect_right(ends, since)] += 1
            change[bisect_right(ends, until) if until is not None else len(ends)] -= 1
        moments = {bisect_right(ends, step.at): step.at for step in case.steps if step.after == "resolved"}
        for at, when in moments.items():
            # the last one of each slice, where the case stayed so until its end
            if at < len(ends) and when >= span.start and case.resolved_by(ends[at]) == when:
                resolved[at] += 1
    open_now = accumulate(change[at] for at in range(len(parts)))
    for at, (part, still) in enumerate(zip(parts, open_now, strict=True)):
        yield Slice(first=part.first, opened=opened[at], resolved=resolved[at], open=still)
