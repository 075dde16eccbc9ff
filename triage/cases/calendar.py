"""Business time: what "four business hours" or "ten business days" after an instant is, and the sum that leads there.

Hours are counted in elapsed time between opening and closing as they fall in the calendar's zone, so that the nights
on which clocks change neither lose nor gain. Days are counted from the day after; the last one ends at closing time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from holidays import HolidayBase, country_holidays

from triage.errors import RulesError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: from an instant to another
Span = tuple[datetime, datetime]
#: a calendar that is closed for so many days in a row is a mistake
_SEARCH_LIMIT = 400


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of a sum."""

    day: date
    #: business time counted on this day
    counted: timedelta
    #: in words: the span that counts, or why the day does not
    why: str


@dataclass(frozen=True, kw_only=True)
class Sum:
    """A due time and how it was reached."""

    due: datetime
    steps: tuple[Step, ...]

    def explain(self) -> str:
        """The sum, a line a day."""
        return "\n".join(
            [f"{step.day:%a %Y-%m-%d}: {step.why}" for step in self.steps] + [f"due {self.due:%a %Y-%m-%d %H:%M %Z}"]
        )


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """When a site works."""

    zone: ZoneInfo
    #: spans of local time on a working day, in order; an end of 00:00 is the end of the day
    hours: tuple[tuple[time, time], ...] = ((time(9), time(17)),)
    #: 0 = Monday
    workdays: frozenset[int] = frozenset(range(5))
    #: day → the holiday's name; may fill itself in when asked, as the tables of `holidays` do
    holidays: Mapping[date, str] = field(default_factory=dict)

    def day_off(self, day: date) -> str:
        """Why nobody works on a day, "" when somebody does."""
        if day.weekday() not in self.workdays:
            return "not a working day"
        return self.holidays.get(day, "")

    def spans(self, day: date) -> Sequence[Span]:
        """The working spans of a day as instants in UTC; empty on a day off."""
        if self.day_off(day):
            return []
        spans = [(self._instant(day, start), self._instant(day, end, end=True)) for start, end in self.hours]
        # A span inside the hour that a change of clocks skips has no length.
        return [(start, end) for start, end in spans if start < end]

    def add_hours(self, start: datetime, business: timedelta) -> Sum:
        """`business` working time after `start`; a start outside business hours counts from the next opening."""
        if start.tzinfo is None:
            raise ValueError("an instant needs its zone")
        left, steps = business, list[Step]()
        for day, spans in self._days(start):
            counted = timedelta()
            for opening, closing in spans:
                begin = max(opening, start.astimezone(UTC))
                if begin >= closing:
                    continue
                used = min(closing - begin, left)
                left, counted = left - used, counted + used
                if not left:
                    due = (begin + used).astimezone(self.zone)
                    steps.append(self._counted(day, counted))
                    return Sum(due=due, steps=tuple(steps))
            steps.append(self._counted(day, counted))
        raise AssertionError("days do not end")

    def add_days(self, start: datetime, days: int) -> Sum:
        """The close of business on the `days`-th working day after the day of `start` (0 = that day or the next)."""
        if start.tzinfo is None:
            raise ValueError("an instant needs its zone")
        today, counted, steps = start.astimezone(self.zone).date(), 0, list[Step]()
        for day, spans in self._days(start):
            worked = timedelta()
            if not spans:
                why = self.day_off(day)
            elif day == today and days:
                why = "the day of the start does not count"
            elif spans[-1][1] <= start:
                why = "after business hours"
            else:
                counted += 1
                why = f"working day {counted}"
                worked = sum((end - begin for begin, end in spans), timedelta())
            steps.append(Step(day=day, counted=worked, why=why))
            if counted == max(days, 1):
                return Sum(due=spans[-1][1].astimezone(self.zone), steps=tuple(steps))
        raise AssertionError("days do not end")

    def hours_between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; nothing when `end` is not later."""
        total = timedelta()
        # Python subtracts within one zone by the clock on the wall.
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        for day, spans in self._days(start):
            if self._instant(day, time.min) >= end:
                return total
            for opening, closing in spans:
                total += max(timedelta(), min(closing, end) - max(opening, start))
        raise AssertionError("days do not end")

    def _days(self, start: datetime) -> Iterator[tuple[date, Sequence[Span]]]:
        """The days from that of `start` on, each with its working spans."""
        day = start.astimezone(self.zone).date()
        closed = 0
        while True:
            spans = self.spans(day)
            yield day, spans
            closed = 0 if spans else closed + 1
            if closed > _SEARCH_LIMIT:
                raise RulesError(f"the calendar has no business hours for {_SEARCH_LIMIT} days before {day}")
            day += timedelta(days=1)

    def _instant(self, day: date, local: time, *, end: bool = False) -> datetime:
        if end and local == time.min:
            day += timedelta(days=1)
        return datetime.combine(day, local, self.zone).astimezone(UTC)

    def _counted(self, day: date, counted: timedelta) -> Step:
        why = self.day_off(day) or (f"{_in_hours(counted)} counted" if counted else "after business hours")
        return Step(day=day, counted=counted, why=why)


def business_calendar(
    zone: str,
    *,
    hours: Sequence[tuple[time, time]] = ((time(9), time(17)),),
    weekdays: Sequence[str] = WEEKDAYS[:5],
    country: str = "",
    subdivision: str = "",
    closed: Mapping[date, str] | None = None,
) -> Calendar:
    """A site's calendar. `country` (ISO 3166) and `subdivision` (ISO 3166-2) bring the public holidays; `closed` adds
    the site's own days, with their reason.

    Raises RulesError for what does not exist or makes no sense.
    """
    spans = sorted(hours)
    ends = [end if end != time.min else time.max for _, end in spans]
    if not spans or not weekdays:
        raise RulesError("a calendar needs business hours and working days")
    if any(start >= end for (start, _), end in zip(spans, ends, strict=True)) or any(
        later < end for (later, _), end in zip(spans[1:], ends, strict=False)
    ):
        raise RulesError("business hours must begin before they end, and not overlap")
    unknown = [day for day in weekdays if day not in WEEKDAYS]
    if unknown:
        raise RulesError(f"unknown weekdays: {', '.join(unknown)} (there are: {', '.join(WEEKDAYS)})")
    try:
        zone_info = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise RulesError(f"unknown time zone {zone!r} (for example Europe/Madrid)") from error
    try:
        table = country_holidays(country, subdiv=subdivision or None) if country else HolidayBase()
    except NotImplementedError as error:
        raise RulesError(f"no holidays are known for {country} {subdivision}".strip()) from error
    for day, why in (closed or {}).items():
        table[day] = why
    return Calendar(
        zone=zone_info,
        hours=tuple(spans),
        workdays=frozenset(WEEKDAYS.index(day) for day in weekdays),
        holidays=table,
    )


def _in_hours(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    return f"{minutes // 60}:{minutes % 60:02d} h"
