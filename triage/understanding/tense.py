"""Whether the words around a day tell that it has been or is to come, which decides the year that is left out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Final

from triage.understanding import date_words
from triage.understanding.days import Day, on_calendar

#: days so little ahead stay: bills are dated ahead, and nobody leaves out the year of what was eleven months ago
_DATED_AHEAD: Final = timedelta(31)
_SENTENCE: Final = re.compile(r"[.!?;]\s+(?=[^\W\d_a-zà-ÿ])|\n\s*\n")
_JOINED: Final = re.compile(date_words.JOINED, re.IGNORECASE)
_CLAUSE_ENDS: Final = re.compile(r"[.!?;](?=\s|\Z)|\n\s*\n")


def told(text: str, days: Sequence[Day], written: date, languages: Sequence[str]) -> Iterator[Day]:
    """The days, those without a year that lie ahead a year back where the words around them tell of the past."""
    back, end = False, 0
    for day in sorted(days, key=lambda day: day.start):
        latest = max(day.value, day.alternative or day.value)
        if day.yearless and latest > written:
            if not (end and _JOINED.fullmatch(text[end : day.start])):
                back = latest > written + _DATED_AHEAD and any(_is_past(text, day, language) for language in languages)
            other = day.alternative
            value = _year_back(day.value, written)
            yield replace(day, value=value, alternative=other and _year_back(other, written)) if back else day
            end = day.end
        else:
            yield day


def _is_past(text: str, day: Day, language: str) -> bool:
    """Whether the verb nearest before the day tells of the past, or the first one after it where none is before."""
    before = _SENTENCE.split(text[max(0, day.start - 120) : day.start])[-1]
    verbs, until = _tenses(language)
    if until.search(before):
        return False
    *_, said = None, *verbs.finditer(before)
    said = said or verbs.search(_CLAUSE_ENDS.split(text[day.end : day.end + 80])[0])
    return bool(said and said["past"])


def _year_back(day: date, written: date) -> date:
    return (on_calendar(day.year - 1, day.month, day.day) or day) if day > written + _DATED_AHEAD else day


@cache
def _tenses(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    past, to_come = f"{date_words.PAST[language]}|{date_words.DATED[language]}", date_words.TO_COME[language]
    return (
        re.compile(rf"\b(?:(?P<past>{past})|{to_come})(?!\w)", re.IGNORECASE),
        re.compile(rf"\b(?:{date_words.UNTIL[language]}) ?(?:the )?\Z", re.IGNORECASE),
    )
