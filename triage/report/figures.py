"""Facts → figures: what became of some cases over a span. Values in, values out.

Sums are by currency and never added over currencies. What happened *in* a span is counted by its own moment (opened,
resolved, reopened, clock begun), what *is* by the end of the span, or by now where that has not come yet. Resolution
and cause are those that the books hold now.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Literal

from triage.cases.lifecycle import RESOLUTIONS
from triage.report.facts import FINISHED, CaseFact
from triage.report.span import Span

#: currency → sum; a bare symbol where the mail leaves it open, "" where it names none
Sums = Mapping[str, Decimal]


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
class Promise:
    """One kind of clock."""

    kind: str
    kept: int
    missed: int
    running: int


def figures(cases: Iterable[CaseFact], span: Span, *, now: datetime) -> Figures:
    """What became of these cases over a span."""
    start, end = span.start, min(span.end, now)
    cases = [case for case in cases if case.opened_at < end]
    opened = [case for case in cases if case.opened_at >= start]
    real = [case for case in opened if case.standing(end) != "voided"]
    reviewed = [case for case in opened if case.origin == "review"]
    by_itself = [case for case in opened if case.origin == "by itself"]
    resolved = resolved_in(cases, start, end)
    unfinished = unfinished_at(cases, end)
    letters = [_acknowledged(case, end) for case in opened]
    clocks = list(promises(cases, span, now))
    return Figures(
        opened=len(opened),
        by_itself=len(by_itself),
        reviewed=len(reviewed),
        by_person=len(opened) - len(by_itself) - len(reviewed),
        confirmed=sum(case.standing(end) not in ("review", "voided") for case in reviewed),
        rejected=sum(case.standing(end) == "voided" for case in reviewed),
        undecided=sum(case.standing(end) == "review" for case in reviewed),
        retracted=sum(case.standing(end) == "voided" for case in by_itself),
        disputed=sums(real),
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
        resolved_sums=sums(resolved),
        credited=_credits(resolved, "credit", span, end),
        refunded=_credits(resolved, "refund", span, end),
        resolved_within=_duration([when - case.opened_at for case in resolved if (when := case.resolved_by(end))], 90),
        reopened=sum(_reopened(case, start, end) for case in cases),
        open=len(unfinished),
        in_review=sum(case.standing(end) == "review" for case in unfinished),
        open_sums=sums(unfinished),
        kept=sum(promise.kept for promise in clocks),
        missed=sum(promise.missed for promise in clocks),
        running=sum(promise.running for promise in clocks),
    )


def resolved_in(cases: Iterable[CaseFact], start: datetime, end: datetime) -> list[CaseFact]:
    """Those that were resolved in this time, for the last time before its end, and stayed so until then."""
    return [case for case in cases if (when := case.resolved_by(end)) is not None and when >= start]


def unfinished_at(cases: Iterable[CaseFact], end: datetime) -> list[CaseFact]:
    """Those that were open or in review at this moment."""
    return [case for case in cases if case.opened_at < end and case.standing(end) not in FINISHED]


def sums(cases: Iterable[CaseFact]) -> Sums:
    """What is disputed in these cases."""
    return _added((case.currency or "", case.amount) for case in cases if case.amount is not None)


def promises(cases: Iterable[CaseFact], span: Span, now: datetime) -> Iterator[Promise]:
    """What became of the promises that began in a span, one line for each kind of clock."""
    start, end = span.start, span.end
    outcomes: defaultdict[str, list[str]] = defaultdict(list)
    for case in cases:
        for clock in case.clocks:
            if clock.counts and start <= clock.start < end:
                outcomes[clock.kind].append(clock.outcome(now))
    for kind, each in sorted(outcomes.items()):
        yield Promise(kind=kind, kept=each.count("kept"), missed=each.count("missed"), running=each.count("running"))


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
    total: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in amounts:
        total[currency] += amount
    return dict(sorted(total.items()))


def _duration(lengths: Sequence[timedelta], percent: int) -> Duration | None:
    # a letter dated by another machine's clock may seem to have gone before the mail came
    seconds = sorted(max(length.total_seconds(), 0.0) for length in lengths)
    if not seconds:
        return None
    rank = math.ceil(len(seconds) * percent / 100)
    return Duration(count=len(seconds), median=median(seconds), most=seconds[rank - 1])
