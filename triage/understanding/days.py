"""A day that a text names, and the calendar that it is settled by: `Day`, `nearest`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Order = Literal["day first", "month first"]

LETTERS: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day that a text names."""

    start: int
    end: int
    value: date
    #: the day with day and month swapped, where nothing settles the order
    alternative: date | None = None
    #: "yesterday", "last Friday", "the 15th": the text gives no month
    relative: bool = False
    #: the text gives no year
    yearless: bool = False


def on_calendar(year: int, month: int, day: int) -> date | None:
    """The day, None when the calendar has none such."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_away(day: date, months: int) -> date:
    """The same day so many months later or, below zero, earlier; the last of its month where that is shorter."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return next(found for number in range(day.day, 0, -1) if (found := on_calendar(year, month + 1, number)))


def nearest(month: int, day: int, written: date) -> date | None:
    """The day of that month nearest to the day of writing; None when there is no such day."""
    days = [value for year in (-1, 0, 1) if (value := on_calendar(written.year + year, month, day))]
    return min(days, key=lambda value: (abs((value - written).days), value)) if days else None


def full_year(year: str, written: date) -> int:
    """Two digits are the year of this century, or of the last where it would be far ahead."""
    number = int(year)
    if len(year) > 2:
        return number
    full = written.year // 100 * 100 + number
    return full if full <= written.year + 20 else full - 100


def without_overlaps(days: Iterable[Day]) -> list[Day]:
    """In order; of two that overlap the longer one, and an absolute rather than a relative one."""
    kept: list[Day] = []
    for day in sorted(days, key=lambda day: (day.relative, day.start - day.end, day.start)):
        if all(day.end <= other.start or other.end <= day.start for other in kept):
            kept.append(day)
    return sorted(kept, key=lambda day: day.start)
