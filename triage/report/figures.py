"""Facts → figures: what a report says. Values in, values out.

Sums are by currency and never added over currencies. What happened *in* a span is counted by its own moment (opened,
resolved, reopened, clock begun), what *is* by the end of the span, or by now where that has not come yet. Resolution
and cause are those that the books hold now.
"""

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from statistics import median
from typing import Literal, get_args

from triage.cases.lifecycle import RESOLUTIONS
from triage.log import mask_addresses
from triage.mail.charset import without_controls
from triage.report.facts import FINISHED, CaseFact
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
#: currency → sum; a bare symbol where the mail leaves it open, "" where it names none
Sums = Mapping[str, Decimal]

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
class Duration:
    """How long something took, in seconds: the middle, and what so many of a hundred did not exceed."""

    count: int
    median: float
    #: nearest rank: 90 for resolving, 95 for acknowledging
    most: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What became of some cases over a span."""

    opened: int
    #: of these: the daemon was sure, asked a person, or a person opened it
    by_itself: int
    reviewed: int
    by_person: int
    #: of the reviewed: what people have said until now
    confirmed: int
    rejected: int
    undecided: int
    #: of those opened by itself: a person said later that they are no disputes
    retracted: int
    #: of the opened, without those that are no disputes
    disputed: Sums
    #: of the same, how many name no sum
    without_sum: int
    #: of the opened: acknowledged with no hand of a person, with one, not yet, in vain (refused, came back), never
    acknowledged_by_itself: int
    acknowledged_by_person: int
    acknowledgement_waits: int
    acknowledgement_failed: int
    not_acknowledged: int
    #: from the mail's arrival until the relay took the letter; None where none was sent
    acknowledged_within: Duration | None
    resolved: int
    #: resolution → cases; "" for those that have been reopened since
    resolutions: Mapping[str, int]
    #: disputed in what was resolved
    resolved_sums: Sums
    #: credit notes and refunds in the ledger, on the invoices of what was resolved, from the opening to the span's end
    credited: Sums
    refunded: Sums
    #: from the opening until it was resolved for the last time
    resolved_within: Duration | None
    reopened: int
    #: at the end
    open: int
    in_review: int
    open_sums: Sums
    #: promises that began: kept, missed (also those met late), still running
    kept: int
    missed: int
    running: int

    @property
    def share_by_itself(self) -> float | None:
        """Of the opened, how many were acknowledged with no hand of a person."""
        return self.acknowledged_by_itself / self.opened if self.opened else None

    @property
    def share_reviewed(self) -> float | None:
        """Of the opened, how many a person had to judge."""
        return self.reviewed / self.opened if self.opened else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened, and nothing was open."""
        return not (self.opened or self.resolved or self.open or self.reopened or self.kept or self.missed)


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
class Promise:
    """One kind of clock."""

    kind: str
    kept: int
    missed: int
    running: int


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
    resolved = _resolved(within, span.start, end)
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
        promises=tuple(_promises(within, span, now)),
        slicing=span.slicing,
        course=tuple(_course(within, span, now)),
    )


def figures(cases: Iterable[CaseFact], span: Span, *, now: datetime) -> Figures:
    """What became of these cases over a span."""
    start, end = span.start, min(span.end, now)
    cases = [case for case in cases if case.opened_at < end]
    opened = [case for case in cases if case.opened_at >= start]
    real = [case for case in opened if case.standing(end) != "voided"]
    reviewed = [case for case in opened if case.origin == "review"]
    by_itself = [case for case in opened if case.origin == "by itself"]
    resolved = _resolved(cases, start, end)
    unfinished = _unfinished(cases, end)
    letters = [_acknowledged(case, end) for case in opened]
    promises = list(_promises(cases, span, now))
    return Figures(
        opened=len(opened),
        by_itself=len(by_itself),
        reviewed=len(reviewed),
        by_person=len(opened) - len(by_itself) - len(reviewed),
        confirmed=sum(case.standing(end) not in ("review", "voided") for case in reviewed),
        rejected=sum(case.standing(end) == "voided" for case in reviewed),
        undecided=sum(case.standing(end) == "review" for case in reviewed),
        retracted=sum(case.standing(end) == "voided" for case in by_itself),
        disputed=_sums(real),
        without_sum=sum(case.amount is None for case in real),
        acknowledged_by_itself=letters.count("by itself"),
        acknowledged_by_person=letters.count("by a person"),
        acknowledgement_waits=letters.count("waits"),
        acknowledgement_failed=letters.count("failed"),
        not_acknowledged=letters.count("none"),
        acknowledged_within=_duration(
            [
                case.letter.sent_at - case.opened_at
                for case, how in zip(opened, letters, strict=True)
                if how in ("by itself", "by a person") and case.letter and case.letter.sent_at
            ],
            95,
        ),
        resolved=len(resolved),
        resolutions={
            name: count
            for name in (*RESOLUTIONS, "")
            if (count := sum(case.resolution == name for case in resolved)) or name
        },
        resolved_sums=_sums(resolved),
        credited=_credits(resolved, "credit", span, end),
        refunded=_credits(resolved, "refund", span, end),
        resolved_within=_duration([when - case.opened_at for case in resolved if (when := case.resolved_by(end))], 90),
        reopened=sum(_reopened(case, start, end) for case in cases),
        open=len(unfinished),
        in_review=sum(case.standing(end) == "review" for case in unfinished),
        open_sums=_sums(unfinished),
        kept=sum(promise.kept for promise in promises),
        missed=sum(promise.missed for promise in promises),
        running=sum(promise.running for promise in promises),
    )


def _resolved(cases: Iterable[CaseFact], start: datetime, end: datetime) -> list[CaseFact]:
    return [case for case in cases if (when := case.resolved_by(end)) is not None and when >= start]


def _unfinished(cases: Iterable[CaseFact], end: datetime) -> list[CaseFact]:
    return [case for case in cases if case.opened_at < end and case.standing(end) not in FINISHED]


def _reopened(case: CaseFact, start: datetime, end: datetime) -> bool:
    """Whether what was resolved was taken up again; a no that is taken back is none of it."""
    return any(
        start <= step.at < end and step.before in ("resolved", "closed") and step.after == "at_work"
        for step in case.steps
    )


def _acknowledged(case: CaseFact, end: datetime) -> Literal["by itself", "by a person", "waits", "failed", "none"]:
    letter = case.letter
    if letter is None or letter.state == "cancelled":
        return "none"
    if letter.state == "refused" or letter.bounced:
        return "failed"
    if letter.state != "sent" or letter.sent_at is None or letter.sent_at >= end:
        return "waits"
    return "by itself" if case.origin == "by itself" and not letter.touched else "by a person"


def _sums(cases: Iterable[CaseFact]) -> Sums:
    return _added((case.currency or "", case.amount) for case in cases if case.amount is not None)


def _credits(cases: Iterable[CaseFact], kind: str, span: Span, end: datetime) -> Sums:
    """Each credit once, though several cases may name its invoice."""
    last = min(span.last, end.astimezone(span.zone).date())
    found = {
        (credit.id, credit.kind): credit
        for case in cases
        for credit in case.credits
        if credit.kind == kind and case.opened_at.astimezone(span.zone).date() <= credit.issued <= last
    }
    return _added((credit.currency, credit.amount) for credit in found.values())


def _added(amounts: Iterable[tuple[str, Decimal]]) -> Sums:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in amounts:
        sums[currency] += amount
    return dict(sorted(sums.items()))


def _duration(lengths: Sequence[timedelta], percent: int) -> Duration | None:
    # a letter dated by another machine's clock may seem to have gone before the mail came
    seconds = sorted(max(length.total_seconds(), 0.0) for length in lengths)
    if not seconds:
        return None
    rank = math.ceil(len(seconds) * percent / 100)
    return Duration(count=len(seconds), median=median(seconds), most=seconds[rank - 1])


def _promises(cases: Iterable[CaseFact], span: Span, now: datetime) -> Iterator[Promise]:
    start, end = span.start, span.end
    outcomes: defaultdict[str, list[str]] = defaultdict(list)
    for case in cases:
        for clock in case.clocks:
            if clock.counts and start <= clock.start < end:
                outcomes[clock.kind].append(clock.outcome(now))
    for kind, each in sorted(outcomes.items()):
        yield Promise(kind=kind, kept=each.count("kept"), missed=each.count("missed"), running=each.count("running"))


def _ages(cases: Sequence[CaseFact], end: datetime) -> Iterator[Part]:
    """Every bucket, also where none is so old: the oldest are looked for first."""
    unfinished = _unfinished(cases, end)
    names = [(case, _age(end - case.opened_at)) for case in unfinished]
    for name in (*(name for _, name in AGES), _OLDER):
        inside = [case for case, age in names if age == name]
        yield Part(name=name, cases=len(inside), sums=_sums(inside))


def _age(length: timedelta) -> str:
    return next((name for last, name in AGES if length // _DAY <= last), _OLDER)


def _parts(cases: Sequence[CaseFact], name_of: Callable[[CaseFact], str], always: Sequence[str]) -> Iterator[Part]:
    """Cases by a name, the most frequent first."""
    inside: defaultdict[str, list[CaseFact]] = defaultdict(list, {name: [] for name in always} if cases else {})
    for case in cases:
        inside[name_of(case)].append(case)
    for name, each in sorted(inside.items(), key=lambda item: (-len(item[1]), item[0])):
        yield Part(name=name, cases=len(each), sums=_sums(each))


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
