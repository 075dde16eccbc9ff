"""The days that a report speaks of, in the site's zone, and how they are cut into slices."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from triage.errors import OperatorError

Slicing = Literal["day", "week", "month"]
SLICINGS: tuple[Slicing, ...] = get_args(Slicing)

#: days of a report that nobody has asked a span for
DEFAULT_DAYS = 30
#: a report over so many days or fewer is cut by days, and by weeks
_MOST_DAYS, _MOST_DAYS_IN_WEEKS = 31, 184


@dataclass(frozen=True, kw_only=True)
class Span:
    """From the beginning of one day to the end of another."""

    first: date
    #: the last day that counts
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first instant, UTC."""
        return datetime.combine(self.first, time.min, self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first instant that counts no more, UTC."""
        return datetime.combine(self.last + timedelta(days=1), time.min, self.zone).astimezone(UTC)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Span":
        """What it is compared with: the month before a month, else as many days before."""
        last = self.first - timedelta(days=1)
        is_month = self == month_of(self.first.year, self.first.month, self.zone)
        first = last.replace(day=1) if is_month else self.first - timedelta(days=self.days)
        return Span(first=first, last=last, zone=self.zone)

    @property
    def slicing(self) -> Slicing:
        """The slices that fit its length."""
        return "day" if self.days <= _MOST_DAYS else "week" if self.days <= _MOST_DAYS_IN_WEEKS else "month"

    def slices(self, slicing: Slicing) -> Iterator["Span"]:
        """Its days, weeks (from Monday on) or months; the first and the last may be cut."""
        first = self.first
        while first <= self.last:
            last = min(_end_of(first, slicing), self.last)
            yield Span(first=first, last=last, zone=self.zone)
            first = last + timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


def _end_of(day: date, slicing: Slicing) -> date:
    match slicing:
        case "day":
            return day
        case "week":
            return day + timedelta(days=6 - day.weekday())
        case "month":
            return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_of(year: int, month: int, zone: ZoneInfo) -> Span:
    """A whole month."""
    last = calendar.monthrange(year, month)[1]
    return Span(first=date(year, month, 1), last=date(year, month, last), zone=zone)


def read_span(first: str, last: str, month: str, *, zone: ZoneInfo, now: datetime) -> Span:
    """From what the operator has typed, "" where nothing. Raises OperatorError.

    Without a word the last thirty days, today counted; with an end alone as many days up to it.
    """
    if month:
        if first or last:
            raise OperatorError("--month is a span of its own: leave out --from and --until")
        return _month(month, zone)
    today = now.astimezone(zone).date()
    try:
        until = _day("--until", last) if last else max(today, _day("--from", first) if first else today)
        begin = _day("--from", first) if first else until - timedelta(days=DEFAULT_DAYS - 1)
        span = Span(first=begin, last=until, zone=zone)
        # the days before and after are asked for too
        _ = span.end, span.before.start
    except OverflowError as error:
        raise OperatorError("--from, --until: no calendar reaches that far") from error
    if begin > until:
        raise OperatorError(f"--from {begin} is later than --until {until}")
    return span


def _day(option: str, text: str) -> date:
    try:
        # other forms of ISO 8601 are read too, but nobody means them
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise OperatorError(f"{option}: {text!r} is no day: write it like 2026-03-31")


def _month(text: str, zone: ZoneInfo) -> Span:
    match = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
    if match is None or not 2 <= int(match[1]) < 9999 or not 1 <= int(match[2]) <= 12:
        raise OperatorError(f"--month: {text!r} is no month: write it like 2026-03")
    return month_of(int(match[1]), int(match[2]), zone)
