"""Dates as people write them, in five languages, to days: `read_dates`.

Days are resolved against the day on which the mail was written: a year that is left out is the one that brings the
day nearest to it, or into the past where the words tell of the past ("charged on 12 May", written in January), and
"yesterday" counts back from it. Where day and month could be swapped ("03/04/2026") both are kept, unless another date
or the habit of the text settles the order. Relative days are marked as such.

`numeric_days`, `named_days` and `relative_days` read one kind of day each; `tense` settles the year that is left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from triage.understanding import date_words
from triage.understanding.days import LETTERS, Day, Order, on_calendar, without_overlaps
from triage.understanding.findings import LANGUAGES, Language
from triage.understanding.named_days import named_days
from triage.understanding.numeric_days import numeric_days, run_together_days
from triage.understanding.relative_days import relative_days
from triage.understanding.tense import told

#: a mail may give any year as its own, and "tomorrow" must stay in the calendar
_EARLIEST: Final = date(1900, 1, 1)
_LATEST: Final = date(2999, 12, 31)
#: the end of a period, and its beginning without a month or a year of its own: "3-5 June", "01.06.-30.06.2026"
_HYPHEN: Final = re.compile(r"-(?<=[\d.]-)(?=\d{1,2}(?:[./]\d{1,2}[./]|\.? ?[^\W\d_]{3}))")
_TO: Final = re.compile(date_words.TO, re.IGNORECASE)
_PERIOD: Final = re.compile(r"(?:^|[^\w.,/:-])\d{1,2}(?:\.|[./]\d{1,2}(?:\.|[./](?:\d{4}|\d\d))?)?\Z")


def read_dates(text: str, language: Language | None = None, *, written: date, order: Order | None = None) -> list[Day]:
    """Every day that the text names, in order and without overlaps; `order` is the habit of the writer where known."""
    written = min(max(written, _EARLIEST), _LATEST)
    languages: Sequence[str] = (language,) if language in LANGUAGES else LANGUAGES
    text = _plain(text)
    # most texts have no month, weekday or "yesterday" in them: their words tell so, and nothing is searched
    said = frozenset(LETTERS.findall(text.lower()))
    found = [
        *named_days(text, said, languages, written),
        *numeric_days(text, written, order, dotted="de" in languages),
    ]
    found = [*told(text, [*_of_period(text, found)], written, languages), *run_together_days(text)]
    for each in languages:
        found += relative_days(text, said, each, written)
    return without_overlaps(found)


def _of_period(text: str, days: Sequence[Day]) -> Iterator[Day]:
    """The days, those without a year in that of the day which they go on to: "01.01. - 31.12.2025"."""
    after: Day | None = None
    for day in sorted(days, key=lambda day: day.start, reverse=True):
        if after and day.yearless and not after.yearless and _TO.fullmatch(text, day.end, after.start):
            value = _before(day.value, after.value)
            other = day.alternative and _before(day.alternative, after.value)
            day = replace(day, value=value, alternative=other, yearless=False)
        yield day
        after = day


def _before(day: date, last: date) -> date:
    """The day of the same name in the year before the last one; itself where the calendar has none such."""
    year = last.year - ((day.month, day.day) > (last.month, last.day))
    return on_calendar(year, day.month, day.day) or day


def _plain(text: str) -> str:
    """The text, as long as before, with a plain apostrophe, and a dash where a hyphen stands within a period."""
    text = text.replace("\u2019", "'")
    if "-" not in text:
        return text
    return _HYPHEN.sub(
        lambda hyphen: "–" if _PERIOD.search(text[max(0, hyphen.start() - 11) : hyphen.start()]) else "-", text
    )
