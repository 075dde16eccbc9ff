"""Days told from the day of writing: "yesterday", "three days ago", "last Friday", "the 3rd of last month"."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from triage.understanding import date_words
from triage.understanding.days import LETTERS, Day, on_calendar
from triage.understanding.numbers import at_digits, read_words


def relative_days(text: str, said: AbstractSet[str], language: str, written: date) -> Iterator[Day]:
    """The days of a text that count from the day of writing; `said` are the words of the text in lower case."""
    words = _relative_words(language)
    number_of = date_words.WEEKDAYS[language].index
    no_weekday = said.isdisjoint(words.weekdays)
    for match in () if said.isdisjoint(words.near_words) else words.near.finditer(text):
        if match["near"]:
            days = date_words.NEAR[language][match["near"].lower()]
        else:
            said_count = re.split(r"[-\s]", match["n"].lower())
            count = int(match["n"]) if match["n"].isdecimal() else int(read_words(said_count, language) or 0)
            if not 0 < count < 400:
                continue
            days = -count * (7 if match["unit"][0].lower() in "ws" else 1)
        yield Day(start=match.start(), end=match.end(), value=written + timedelta(days), relative=True)
    for match in () if no_weekday else words.weekday.finditer(text):
        back = bool(match["last"] or match["past"])
        if not back and not (match["next"] or match["coming"]):
            continue
        away = (number_of(match["day"].lower()) - written.weekday()) % 7
        days = (away or 7) - 7 if back and away else -7 if back else away or 7
        yield Day(start=match.start(), end=match.end(), value=written + timedelta(days), relative=True)
    for match in () if no_weekday else words.of_week.finditer(text):
        days = number_of((match["after"] or match["before"]).lower()) - written.weekday() - 7
        yield Day(start=match.start(), end=match.end(), value=written + timedelta(days), relative=True)
    for match in words.on.finditer(text):
        if value := _day_of_month(int(match["d"]), written):
            yield Day(start=match.start("d"), end=match.end(), value=value, relative=True)
    if not said.isdisjoint(date_words.MONTH[language]):
        yield from _of_month(text, language, written)


@dataclass(frozen=True, kw_only=True)
class _Relative:
    """How one language tells a day from the day of writing."""

    near: re.Pattern[str]
    weekday: re.Pattern[str]
    of_week: re.Pattern[str]
    on: re.Pattern[str]
    #: a word of each phrase
    near_words: frozenset[str]
    weekdays: frozenset[str]


@cache
def _relative_words(language: str) -> _Relative:
    near = date_words.NEAR[language]
    nearby = "|".join(sorted(map(re.escape, near), key=len, reverse=True))
    days = "|".join(date_words.WEEKDAYS[language])
    before, after = date_words.LAST[language], date_words.LAST_AFTER[language]
    week_before, week_after = date_words.OF_WEEK[language]
    return _Relative(
        near=re.compile(rf"\b(?:(?P<near>{nearby})|{date_words.AGO[language]})\b", re.IGNORECASE),
        weekday=re.compile(rf"\b(?:(?:{before}) )?(?P<day>{days})(?: ?(?:{after}))?\b", re.IGNORECASE),
        of_week=re.compile(rf"\b(?:{week_before}(?P<after>{days})|(?P<before>{days}){week_after})\b", re.IGNORECASE),
        on=re.compile(date_words.ON[language], re.IGNORECASE if language != "de" else 0),
        near_words=frozenset((*date_words.AGO_WORDS[language], *(LETTERS.findall(each)[-1] for each in near))),
        weekdays=frozenset(date_words.WEEKDAYS[language]),
    )


def _of_month(text: str, language: str, written: date) -> Iterator[Day]:
    """ "the 3rd of last month": as good as a date without its year."""
    for match in at_digits(_month_words(language), text):
        first = written.replace(day=1)
        if match["last"]:
            first = (first - timedelta(1)).replace(day=1)
        elif match["next"]:
            first = (first + timedelta(32)).replace(day=1)
        if value := on_calendar(first.year, first.month, int(match["d"])):
            yield Day(start=match.start("d"), end=match.end(), value=value, yearless=True)


@cache
def _month_words(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,/-]){date_words.OF_MONTH[language]}(?!\w)", re.IGNORECASE)


def _day_of_month(day: int, written: date) -> date | None:
    """The day with that number nearest to the day of writing."""
    months = {(written + timedelta(offset)).replace(day=1) for offset in (-31, 0, 31)}
    days = [value for month in months if (value := on_calendar(month.year, month.month, day))]
    return min(days, key=lambda value: (abs((value - written).days), value)) if days else None
