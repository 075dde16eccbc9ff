"""Days with the name of their month: "3 March 2026", "May 12th", "del 3 al 5 de marzo", "siete de abril", "05JUN26"."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Final

from triage.understanding import date_words
from triage.understanding.days import LETTERS, Day, full_year, nearest, on_calendar

_DAY: Final = r"(?P<d>0?[1-9]|[12]\d|3[01])"
_YEAR: Final = r"(?P<y>(?:19|20)\d\d|['’]\d\d)(?!\d|[.,]\d{2}\b)"
_DAY_ALONE: Final = re.compile(r"(?<!\w)(?P<d>0?[1-9]|[12]\d|3[01])\Z")
_YEAR_ALONE: Final = re.compile(r"(?P<y>\d{4}|\d\d)?(?!\w)")
#: names that are short in every language
_SHORT: Final = frozenset(
    name for names in date_words.MONTHS.values() for month in names for name in month.split()[1:]
).difference(month.split()[0] for names in date_words.MONTHS.values() for month in names)
#: "Mai-Rechnung"
_COMPOUND: Final = re.compile(r"-[^\W\d_]")
_YEAR_BEFORE: Final = re.compile(r"(?P<y>(?:19|20)\d\d)[-/]\Z")
_CLOSES: Final = re.compile(
    r" ?[-–] ?(?P<d>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?!\d|[./:-]\d|[^\W_]|%)(?:,? (?P<y>(?:19|20)\d\d)(?!\d))?"
)
_LIST_BEFORE: Final = re.compile(
    r"(?<![\w.,/:€$£-])(?P<d>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|er|º|\.)?"
    r" ?(?:,|-|–|/|&|\b(?:and|to|or|through|until|y|al?|e|ao|ou?|et|au|und|bis|oder|bis zum)\b)"
    r" ?(?:the |el |o |le |dia |den |zum |am )?$",
    re.IGNORECASE,
)


def named_days(text: str, said: AbstractSet[str], languages: Sequence[str], written: date) -> Iterator[Day]:
    """The days of a text beside the name of a month; `said` are the words of the text in lower case."""
    grammar = _grammar(tuple(languages))
    for word in () if said.isdisjoint(grammar.months) else LETTERS.finditer(text):
        month = grammar.months.get(word[0].lower())
        match = grammar.name.match(text, word.start()) if month else None
        if not month or not match:
            continue
        if text[word.start() - 1 : word.start()].isdigit():
            yield from _run_together(text, match, month, written)
            continue
        day = _day_before(text, match, grammar, month, written, languages) or _day_after(
            text, match, grammar, month, written, languages
        )
        if day and day.start == match.start():
            yield from _closed(text, day)
        elif day:
            yield from _listed(text, day, written)


@dataclass(frozen=True, kw_only=True)
class _Grammar:
    """How one language, or all five, write a day with the name of its month."""

    months: dict[str, int]
    name: re.Pattern[str]
    before: re.Pattern[str]
    after: re.Pattern[str]
    #: "twelfth of", "doce de": a group for each day of each language
    spelled: re.Pattern[str]


@cache
def _grammar(languages: tuple[str, ...]) -> _Grammar:
    months = {
        name: number
        for language in dict.fromkeys(("en", *languages))
        for number, names in enumerate(date_words.MONTHS[language], 1)
        for name in (names.split() if language in languages else names.split()[:1])
    }
    names = "|".join(sorted(months, key=lambda name: (-len(name), name)))
    return _Grammar(
        months=months,
        name=re.compile(rf"(?P<name>{names})(?![^\W\d_])\.?", re.IGNORECASE),
        before=re.compile(
            rf"(?<![\d.,/:-])(?:(?P<year>(?:19|20)\d\d)[-/ ])?{_DAY}(?:st|nd|rd|th|er|º|ª|°|\.|e|o)?(?: jour)?"
            r"(?:[ \u00a0\n]+(?:of|de|del|d')?[ \u00a0\n]*|[-/]|(?<=\.))"
            r"(?:(?P<middle>(?:19|20)\d\d)[-/])?$",
            re.IGNORECASE,
        ),
        after=re.compile(
            r"[-/](?P<y3>(?:19|20)\d\d)[-/](?P<d3>\d{1,2})(?!\d)"
            rf"|(?:[ \u00a0\n]*,?[ \u00a0\n]*(?:of|de|del|do|in|en)?[ \u00a0\n]*|[-/]){_YEAR}"
            r"|[-/ ]?(?P<d2>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|º|\.)?(?!\d|[.,:]\d|-(?!(?:19|20)\d\d\b)\d{3}|%|[^\W_])"
            r"(?:(?:[ \u00a0\n]*,?[ \u00a0\n]*(?:of|de|del)?[ \u00a0\n]*|[-/])(?P<y2>(?:19|20)\d\d)(?!\d))?",
            re.IGNORECASE,
        ),
        spelled=_of_words(
            rf"(?<![\w-])(?:{'|'.join(_filled(date_words.SPELLED_BEFORE[each], each) for each in languages)})$"
        ),
    )


def _filled(pattern: str, language: str) -> str:
    """The pattern with a group for each day of a month in place of its braces."""
    return pattern.replace("{}", "|".join(f"({each})" for each in date_words.SPELLED[language]))


def _of_words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(" ", r"\s"), re.IGNORECASE)


_ON_DAY: Final = _of_words(date_words.SPELLED_AFTER[0])
_SPELLED_AFTER: Final = _of_words(_filled(date_words.SPELLED_AFTER[1], "en"))


def _run_together(text: str, name: re.Match[str], month: int, written: date) -> Iterator[Day]:
    """ "05JUN26", as airlines and statements print it."""
    before = _DAY_ALONE.search(text[max(0, name.start() - 3) : name.start()])
    after = _YEAR_ALONE.match(text, name.end("name"))
    if before and after:
        day = _made(name.start() - len(before["d"]), after.end(), after["y"], month, int(before["d"]), written)
        yield from (day,) if day else ()


def _day_before(
    text: str, name: re.Match[str], grammar: _Grammar, month: int, written: date, languages: Sequence[str]
) -> Day | None:
    """ "3 March 2026", "3 de marzo", "3. März", "2020/23/Sep", "siete de abril"."""
    window = max(0, name.start() - 24)
    before = grammar.before.search(text[window : name.start()])
    spelled = None if before else _spelled(text, name, grammar)
    if before:
        start, number, year = window + before.start(), int(before["d"]), before["year"] or before["middle"]
    elif spelled:
        (start, number), year = spelled, None
    else:
        return None
    # a stop after the month's full name ends the sentence
    end = name.end() if len(name["name"]) <= 4 and text[name.end() - 1] == "." else name.end("name")
    after = None if year else grammar.after.match(text, end)
    if after and after["y"]:
        year, end = after["y"], after.end("y")
    return _made(start, end, year, month, number, written)


def _spelled(text: str, name: re.Match[str], grammar: _Grammar) -> tuple[int, int] | None:
    """Where a day in words before the month begins, and its number: "siete de abril", "the twelfth of May"."""
    window = max(0, name.start() - 32)
    before = grammar.spelled.search(text[window : name.start()])
    # a short form after a number word is a number itself: "vingt sept"
    if not before or not before.lastindex or name["name"].lower() in _SHORT or _COMPOUND.match(text, name.end("name")):
        return None
    return window + before.start(), _number(before.lastindex)


def _number(group: int) -> int:
    """Each language has a group for each day of a month."""
    return (group - 1) % 31 + 1


def _day_after(
    text: str, name: re.Match[str], grammar: _Grammar, month: int, written: date, languages: Sequence[str]
) -> Day | None:
    """ "March 3, 2026", "Sep-23-2020", "September-2020-23", "on May the fifth"; without a year in English only."""
    after = grammar.after.match(text, name.end()) or grammar.after.match(text, name.end("name"))
    if not after:
        return _spelled_after(text, name, grammar, month, written) if "en" in languages else None
    if after["d3"]:
        return _made(name.start(), after.end(), after["y3"], month, int(after["d3"]), written)
    leading = _YEAR_BEFORE.search(text, max(0, name.start() - 5), name.start())
    if after["d2"] and leading:
        return _made(leading.start(), after.end("d2"), leading["y"], month, int(after["d2"]), written)
    if after["d2"] and (after["y2"] or ("en" in languages and text[name.start()].isupper())):
        return _made(name.start(), after.end(), after["y2"], month, int(after["d2"]), written)
    return None


def _spelled_after(text: str, name: re.Match[str], grammar: _Grammar, month: int, written: date) -> Day | None:
    """ "on May the fifth", "since March twenty-first, 2025", "on May the 5th"."""
    after = _SPELLED_AFTER.match(text, name.end("name"))
    if not after or not _ON_DAY.search(text[max(0, name.start() - 12) : name.start()]):
        return None
    year = grammar.after.match(text, after.end())
    number = int(after["d"]) if after["d"] else _number(after.lastindex or 1)
    end = year.end("y") if year and year["y"] else after.end()
    return _made(name.start(), end, year["y"] if year else None, month, number, written)


def _made(start: int, end: int, year: str | None, month: int, day: int, written: date) -> Day | None:
    value = on_calendar(full_year(year.strip("'’"), written), month, day) if year else nearest(month, day, written)
    return Day(start=start, end=end, value=value, yearless=not year) if value else None


def _closed(text: str, day: Day) -> Iterator[Day]:
    """The day, and the one that ends its period: "June 3-5, 2026"."""
    after = _CLOSES.match(text, day.end) if day.yearless else None
    if not after or int(after["d"]) <= day.value.day:
        yield day
        return
    year = int(after["y"] or day.value.year)
    for number, start, end in (
        (day.value.day, day.start, day.end),
        (int(after["d"]), after.start("d"), after.end()),
    ):
        if value := on_calendar(year, day.value.month, number):
            yield replace(day, start=start, end=end, value=value, yearless=not after["y"])


def _listed(text: str, day: Day, written: date) -> Iterator[Day]:
    """The day, and those before it that share its month: "del 3 al 5 de marzo", "vom 3. bis 5. März"."""
    yield day
    start = day.start
    for _ in range(4):
        window = max(0, start - 24)
        before = _LIST_BEFORE.search(text[window:start])
        if not before:
            return
        start = window + before.start("d")
        month = day.value if int(before["d"]) < day.value.day else day.value.replace(day=1) - timedelta(1)
        value = on_calendar(month.year, month.month, int(before["d"]))
        if not value:
            return
        yield Day(start=start, end=start + len(before["d"]), value=value, yearless=day.yearless)
