"""Days told from the day of writing: "yesterday", "three days ago", "last Friday", "the 3rd of last month"."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

from triage.understanding import date_words
from triage.understanding.days import LETTERS, Day, month_away, on_calendar
from triage.understanding.lexicon import fold
from triage.understanding.numbers import at_digits, read_words


def relative_days(text: str, said: AbstractSet[str], language: str, written: date) -> Iterator[Day]:
    """The days of a text that count from the day of writing; `said` are the words of the text in lower case."""
    words = _relative_words(language)
    yield from _counted(text, said, language, words, written)
    if not said.isdisjoint(words.weekdays):
        yield from _weekdays(text, words, written)
    for match in () if said.isdisjoint(date_words.ON_WORDS[language]) else words.on.finditer(text):
        if value := _day_of_month(int(match["d"]), written):
            yield Day(start=match.start("d"), end=match.end(), value=value, relative=True)
    if not said.isdisjoint(date_words.MONTH[language]):
        yield from _of_month(text, language, written)


@dataclass(frozen=True, kw_only=True)
class _Relative:
    """How one language tells a day from the day of writing."""

    near: re.Pattern[str]
    ahead_verbs: re.Pattern[str]
    ahead: re.Pattern[str]
    weekday: re.Pattern[str]
    of_week: re.Pattern[str]
    on: re.Pattern[str]
    #: a word of each phrase
    near_words: frozenset[str]
    ahead_words: frozenset[str]
    #: as spelled, and as typed without accents: from Monday, which is 0
    weekdays: Mapping[str, int]
    #: days away
    days_near: Mapping[str, int]


def _counted(text: str, said: AbstractSet[str], language: str, words: _Relative, written: date) -> Iterator[Day]:
    """ "yesterday", "three days ago", "in three days"."""
    for match in () if said.isdisjoint(words.near_words) else words.near.finditer(text):
        if match["near"]:
            value: date | None = written + timedelta(words.days_near[match["near"].lower()])
        else:
            ahead = " from " in match[0].lower()
            value = None if _lasts(text, match) else _away(match["n"], match["unit"], language, written, back=not ahead)
        if value:
            yield Day(start=match.start(), end=match.end(), value=value, relative=True)
    for match in () if said.isdisjoint(words.ahead_words) else words.ahead.finditer(text):
        if not (match["sure"] or words.ahead_verbs.search(text, max(0, match.start() - 12), match.start())):
            continue
        if value := _away(match["n"], match["unit"], language, written, back=False):
            yield Day(start=match.start() + (match[0][0] == " "), end=match.end(), value=value, relative=True)


def _weekdays(text: str, words: _Relative, written: date) -> Iterator[Day]:
    """ "last Friday", "the Monday before last", "Friday of last week"."""
    number_of = words.weekdays
    for match in words.weekday.finditer(text):
        back = bool(match["last"] or match["past"])
        if not back and not (match["next"] or match["coming"]):
            continue
        away = (number_of[match["day"].lower()] - written.weekday()) % 7
        days = (away or 7) - 7 if back and away else -7 if back else away or 7
        if back and _BEFORE_LAST.search(match[0]):
            days -= 7
        yield Day(start=match.start(), end=match.end(), value=written + timedelta(days), relative=True)
    for match in words.of_week.finditer(text):
        days = number_of[(match["after"] or match["before"]).lower()] - written.weekday() - 7
        yield Day(start=match.start(), end=match.end(), value=written + timedelta(days), relative=True)


@cache
def _relative_words(language: str) -> _Relative:
    near = _also_without_accents(date_words.NEAR[language])
    nearby = "|".join(sorted(map(re.escape, near), key=len, reverse=True))
    weekdays = _also_without_accents({name: at for at, name in enumerate(date_words.WEEKDAYS[language])})
    days = "|".join(weekdays)
    before, after = date_words.LAST[language], date_words.LAST_AFTER[language]
    week_before, week_after = date_words.OF_WEEK[language]
    return _Relative(
        near=re.compile(rf"\b(?:{date_words.AGO[language]}|(?P<near>{nearby}))\b", re.IGNORECASE),
        ahead_verbs=re.compile(date_words.AHEAD[language][0], re.IGNORECASE),
        ahead=re.compile(date_words.AHEAD[language][1], re.IGNORECASE),
        weekday=re.compile(rf"\b(?:(?:{before}) )?(?P<day>{days})(?: ?(?:{after}))?\b", re.IGNORECASE),
        of_week=re.compile(rf"\b(?:{week_before}(?P<after>{days})|(?P<before>{days}){week_after})\b", re.IGNORECASE),
        on=re.compile(date_words.ON[language], re.IGNORECASE if language != "de" else 0),
        near_words=frozenset((*date_words.AGO_WORDS[language], *(LETTERS.findall(each)[-1] for each in near))),
        ahead_words=frozenset(date_words.AHEAD_WORDS[language]),
        weekdays=weekdays,
        days_near=near,
    )


def _also_without_accents(days: Mapping[str, int]) -> Mapping[str, int]:
    return {**{fold(name): away for name, away in days.items()}, **days}


#: how the words for a month and for a year begin, in all languages
_MONTHS: Final = ("m",)
_YEARS: Final = ("y", "a", "jahr")
_BEFORE_LAST: Final = re.compile(date_words.BEFORE_LAST, re.IGNORECASE)
_LASTING_BEFORE: Final = re.compile(date_words.LASTING[0] + r" \Z", re.IGNORECASE)
_LASTING_AFTER: Final = re.compile(date_words.LASTING[1], re.IGNORECASE)


def _lasts(text: str, ago: re.Match[str]) -> bool:
    """Whether months or a year are a span that lasts until now, rather than the day on which something was."""
    if not ago["unit"].lower().startswith((*_MONTHS, *_YEARS)):
        return False
    before = _LASTING_BEFORE.search(text[max(0, ago.start() - 16) : ago.start()])
    return bool(before or _LASTING_AFTER.match(text, ago.end()))


def _away(number: str, unit: str, language: str, written: date, *, back: bool) -> date | None:
    """The day so many days, weeks, months or years away; None where that is no number, or too far to mean one day."""
    words, unit = re.split(r"[-\s]", number.lower()), unit.lower()
    count = int(number) if number.isdecimal() else int(read_words(words, language) or number.lower() in date_words.ONE)
    away = -count if back else count
    if unit.startswith(_YEARS):
        return month_away(written, 12 * away) if count == 1 else None
    if unit.startswith(_MONTHS):
        return month_away(written, away) if 0 < count < 12 else None
    return written + timedelta(away * (7 if unit[0] in "ws" else 1)) if 0 < count < 400 else None


def _of_month(text: str, language: str, written: date) -> Iterator[Day]:
    """ "the 3rd of last month": as good as a date without its year."""
    for match in at_digits(_month_words(language), text):
        first = month_away(written.replace(day=1), -1 if match["last"] else 1 if match["next"] else 0)
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
