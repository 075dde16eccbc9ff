"""Dates as people write them, in five languages, to days: `read_dates`.

Days are resolved against the day on which the mail was written: a year that is left out is the one that brings the
day nearest to it, or into the past where the words tell of the past ("charged on 12 May", written in January), and
"yesterday" counts back from it. Where day and month could be swapped ("03/04/2026") both are
kept, unless another date or the habit of the text settles the order. Relative days are marked as such.
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Final, Literal

from triage.understanding import date_words
from triage.understanding.findings import LANGUAGES, Language
from triage.understanding.numbers import at_digits, read_words

Order = Literal["day first", "month first"]


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


#: words before "10/03" or "4.5." that say it is a date
_BEFORE_DATE: Final = re.compile(
    r"(?:\b(?:on|of|from|since|by|until|till|dated?|before|after|between|and|to|due|le|du|au|dès|depuis|avant|entre|et|"
    r"el|"
    r"del|al|desde|hasta|día|dia|fecha|y|em|de|do|no|na|ao|até|desde|data|e|vto\.?|venc\.?|vencimento|vencimiento|échéance|"
    r"am|vom|zum|bis|seit|ab|den|dem|der|ins|datum|und|fällig|mon|tue|wed|thu|fri|sat|sun|lunes|martes|jueves|viernes|"
    r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|"
    r"mo|di|mi|do|fr|sa|so)[.,:]?|\(|\d[,;/–-])\s?\Z",
    re.IGNORECASE,
)
#: words before "3/12" that say it is a share or a number: an instalment, a page, a week
_NO_DATE: Final = re.compile(
    r"(?:parcelas?|cuotas?|prestação|prestações|raten?|instal?lments?|mensualité|échéance n°|page|página|seite|teil|"
    r"part|kw|nr\.?|no\.?|n[º°o]\.?|núm\.?|art\.?|§|#|kapitel|version|v|x|score|rated?|apt\.?|unit|suite)\s?$",
    re.IGNORECASE,
)
#: the status of a bounce (RFC 3463), which looks like a day: "5.1.10"
_STATUS: Final = re.compile(r"[245]\.[0-7]\.\d{1,2}")
#: "1/2" and its like are shares unless a word says otherwise
_FRACTIONS: Final = frozenset({"12", "13", "23", "14", "34"})
_NUMERIC: Final = re.compile(
    r"(?<![\w.,/:-])(?:"
    r"(?P<y>(?:19|20)\d\d)(?P<s1>[-/. ])(?P<m1>\d{1,2})(?P=s1)(?P<d1>\d{1,2})"
    r"|(?P<a>\d{1,2})(?P<s2>[-/ ]|\. ?)(?P<b>\d{1,2})(?P=s2)(?P<y2>(?:19|20)\d\d|(?<! )\d\d)"
    r"|(?P<a3>\d{1,2})(?P<s3>[/.])(?P<b3>\d{1,2})(?P<dot>\.?)"
    r")(?!\d|[/,.:-]\d|(?!T\d\d:?\d\d)[-/]?[^\W_]|%| %)"
)
_LOOSE: Final = re.compile(
    r"(?<![\d])(?P<y>(?:19|20)\d\d)(?P<s>-?)(?P<m>0[1-9]|1[0-2])(?P=s)(?P<d>0[1-9]|[12]\d|3[01])(?!\d|-\d|[^\W\d_])"
)


def read_dates(text: str, language: Language | None = None, *, written: date, order: Order | None = None) -> list[Day]:
    """Every day that the text names, in order and without overlaps; `order` is the habit of the writer where known."""
    languages: Sequence[str] = (language,) if language in LANGUAGES else LANGUAGES
    text = _plain(text)
    # most texts have no month, weekday or "yesterday" in them: their words tell so, and nothing is searched
    said = frozenset(_LETTERS.findall(text.lower()))
    found = list(_named(text, said, languages, written))
    numeric = list(_numeric(text, written, dotted="de" in languages))
    found += [each for day in _ordered(numeric, order) for each in _opened(text, day)]
    found = list(_told(text, found, written, languages))
    found += _loose(text)
    for each in languages:
        if not said.isdisjoint(date_words.MONTH[each]):
            found += _of_month(text, each, written)
        found += _relative(text, said, each, written)
    return _without_overlaps(found)


#: the end of a period, and its beginning without a month or a year of its own: "3-5 June", "01.06.-30.06.2026"
_HYPHEN: Final = re.compile(r"-(?<=[\d.]-)(?=\d{1,2}(?:[./]\d{1,2}[./]|\.? ?[^\W\d_]{3}))")
_PERIOD: Final = re.compile(r"(?:^|[^\w.,/:-])\d{1,2}(?:\.|[./]\d{1,2}(?:\.|[./](?:\d{4}|\d\d))?)?\Z")
_OPENS: Final = re.compile(r"(?<![\w.,/:-])(?P<d>0?[1-9]|[12]\d|3[01])\. ?[–-] ?\Z")


def _plain(text: str) -> str:
    """The text, as long as before, with a plain apostrophe, and a dash where a hyphen stands within a period."""
    text = text.replace("\u2019", "'")
    if "-" not in text:
        return text
    return _HYPHEN.sub(
        lambda hyphen: "–" if _PERIOD.search(text[max(0, hyphen.start() - 11) : hyphen.start()]) else "-", text
    )


def _opened(text: str, day: Day) -> Iterator[Day]:
    """The day, and the one that begins its period in the same month: "03.-05.06.2026"."""
    before = _OPENS.search(text[max(0, day.start - 8) : day.start])
    if before and (value := _day(day.value.year, day.value.month, int(before["d"]))) and value < day.value:
        start = max(0, day.start - 8) + before.start("d")
        yield Day(start=start, end=start + len(before["d"]), value=value, yearless=day.yearless)
    yield day


# --------------------------------------------------------------------------------------------- numerals


@dataclass(frozen=True, kw_only=True)
class _Numeric:
    """Two numbers that are day and month, in an order still to be settled."""

    start: int
    end: int
    first: int
    second: int
    #: None where the text gives none
    year: int | None
    written: date
    #: day before month whatever the habit: "28.02."
    dotted: bool


def _numeric(text: str, written: date, *, dotted: bool) -> Iterator[_Numeric | Day]:
    for match in at_digits(_NUMERIC, text):
        if match["y"]:
            day = _day(int(match["y"]), int(match["m1"]), int(match["d1"])) or _day(
                int(match["y"]), int(match["d1"]), int(match["m1"])
            )
            if day:
                yield Day(start=match.start(), end=match.end(), value=day)
        elif match["a"]:
            if _STATUS.fullmatch(match[0]):
                continue
            year = _full_year(match["y2"], written)
            yield _Numeric(
                start=match.start(), end=match.end(), first=int(match["a"]), second=int(match["b"]), year=year,
                written=written, dotted=match["s2"].startswith("."),
            )  # fmt: skip
        elif _says_date(text, match, dotted=dotted):
            stop = match["s3"] == "."
            yield _Numeric(
                start=match.start(), end=match.end() if stop else match.end("b3"), first=int(match["a3"]),
                second=int(match["b3"]), year=None, written=written, dotted=stop,
            )  # fmt: skip


def _says_date(text: str, match: re.Match[str], *, dotted: bool) -> bool:
    """Whether two numbers without a year are a date: "07/04", "am 4.5.", but not "1/2" or "parcela 3/12"."""
    before = text[max(0, match.start() - 20) : match.start()]
    first, second = int(match["a3"]), int(match["b3"])
    if _NO_DATE.search(before) or match[0] in ("24/7", "50/50"):
        return False
    if match["s3"] == ".":
        return bool(dotted and match["dot"]) and 1 <= first <= 31 and 1 <= second <= 12
    padded = match["a3"].startswith("0") or match["b3"].startswith("0")
    one_way = (first > 12) != (second > 12) and min(first, second) > 0
    said = _BEFORE_DATE.search(before)
    if said and match["a3"] + match["b3"] in _FRACTIONS:
        return said[0][0].isalpha()
    return padded or one_way or bool(said)


def _ordered(numeric: Sequence[_Numeric | Day], order: Order | None) -> Iterator[Day]:
    """Days out of the pairs: one date that can be read only one way settles the others of the mail."""
    pairs = [pair for pair in numeric if isinstance(pair, _Numeric)]
    shown = {
        "day first" if pair.first > 12 else "month first"
        for pair in pairs
        if (pair.first > 12) != (pair.second > 12) and max(pair.first, pair.second) <= 31
    }
    settled = next(iter(shown)) if len(shown) == 1 else None
    for pair in numeric:
        if isinstance(pair, Day):
            yield pair
            continue
        day_first = _resolved(pair, pair.first, pair.second)
        month_first = _resolved(pair, pair.second, pair.first)
        dotted = pair.dotted and day_first is not None
        likely, other = (
            (month_first, day_first) if (settled or order) == "month first" and not dotted else (day_first, month_first)
        )
        value = likely or other
        if value is None:
            continue
        open_ = likely and other and likely != other and not settled and not dotted
        yield Day(
            start=pair.start, end=pair.end, value=value, alternative=other if open_ else None,
            yearless=pair.year is None,
        )  # fmt: skip


def _resolved(pair: _Numeric, day: int, month: int) -> date | None:
    return _day(pair.year, month, day) if pair.year is not None else nearest(month, day, pair.written)


def _loose(text: str) -> Iterator[Day]:
    """ "20170302" and "report-2017-03-02.html": a full date run together, or inside a file name."""
    for match in at_digits(_LOOSE, text):
        before = text[match.start() - 1 : match.start()] if match.start() else ""
        if not match["s"] and (before.isalnum() or before in {"#", "/"}):
            continue
        if day := _day(int(match["y"]), int(match["m"]), int(match["d"])):
            yield Day(start=match.start(), end=match.end(), value=day)


# ---------------------------------------------------------------------------------------------- months


@dataclass(frozen=True, kw_only=True)
class _Grammar:
    """How one language, or all five, write a day with the name of its month."""

    months: dict[str, int]
    name: re.Pattern[str]
    before: re.Pattern[str]
    after: re.Pattern[str]


_LETTERS: Final = re.compile(r"[^\W\d_]+")
_DAY: Final = r"(?P<d>0?[1-9]|[12]\d|3[01])"
_YEAR: Final = r"(?P<y>(?:19|20)\d\d|['’]\d\d)(?!\d|[.,]\d{2}\b)"


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
            rf"(?<![\d.,/:-])(?:(?P<year>(?:19|20)\d\d)[-/ ])?(?:{_DAY}(?:st|nd|rd|th|er|º|ª|°|\.|e|o)?(?: jour)?"
            rf"|(?P<words>[^\W\d_]+))(?:[ \u00a0\n]+(?:of|de|del|d')?[ \u00a0\n]*|[-/]|(?<=\.))"
            rf"(?:(?P<middle>(?:19|20)\d\d)[-/])?$",
            re.IGNORECASE,
        ),
        after=re.compile(
            r"[-/](?P<y3>(?:19|20)\d\d)[-/](?P<d3>\d{1,2})(?!\d)"
            rf"|(?:[ \u00a0\n]*,?[ \u00a0\n]*(?:of|de|del|do|in|en)?[ \u00a0\n]*|[-/]){_YEAR}"
            r"|[-/ ]?(?P<d2>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|º|\.)?(?!\d|[.,:]\d|-(?!(?:19|20)\d\d\b)\d{3}|%|[^\W_])"
            r"(?:(?:[ \u00a0\n]*,?[ \u00a0\n]*(?:of|de|del)?[ \u00a0\n]*|[-/])(?P<y2>(?:19|20)\d\d)(?!\d))?",
            re.IGNORECASE,
        ),
    )


def _named(text: str, said: AbstractSet[str], languages: Sequence[str], written: date) -> Iterator[Day]:
    grammar = _grammar(tuple(languages))
    for word in () if said.isdisjoint(grammar.months) else _LETTERS.finditer(text):
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
    if not before:
        return None
    # a short form after a number word is a number itself: "vingt-sept"; "five may" go
    spelled = before["words"] if name["name"].lower() not in _SHORT else ""
    number = int(before["d"]) if before["d"] else _spelled(spelled or "", languages)
    if not 1 <= number <= 31:
        return None
    year = before["year"] or before["middle"]
    # a stop after the month's full name ends the sentence
    end = name.end() if len(name["name"]) <= 4 and text[name.end() - 1] == "." else name.end("name")
    after = None if year else grammar.after.match(text, end)
    if after and after["y"]:
        year, end = after["y"], after.end("y")
    start = window + before.start()
    return _made(start, end, year, month, number, written)


def _day_after(
    text: str, name: re.Match[str], grammar: _Grammar, month: int, written: date, languages: Sequence[str]
) -> Day | None:
    """ "March 3, 2026", "Sep-23-2020", "September-2020-23"; without a year in English only."""
    after = grammar.after.match(text, name.end()) or grammar.after.match(text, name.end("name"))
    if not after:
        return None
    if after["d3"]:
        return _made(name.start(), after.end(), after["y3"], month, int(after["d3"]), written)
    leading = _YEAR_BEFORE.search(text, max(0, name.start() - 5), name.start())
    if after["d2"] and leading:
        return _made(leading.start(), after.end("d2"), leading["y"], month, int(after["d2"]), written)
    if after["d2"] and (after["y2"] or ("en" in languages and text[name.start()].isupper())):
        return _made(name.start(), after.end(), after["y2"], month, int(after["d2"]), written)
    return None


def _made(start: int, end: int, year: str | None, month: int, day: int, written: date) -> Day | None:
    value = _day(_full_year(year.strip("'’"), written), month, day) if year else nearest(month, day, written)
    return Day(start=start, end=end, value=value, yearless=not year) if value else None


def _spelled(word: str, languages: Sequence[str]) -> int:
    """The day that a word says ("siete", "quinze", "first"), 0 when it says none."""
    lower = word.lower()
    if lower in _FIRST:
        return 1
    for language in languages:
        value = read_words([lower], language)
        if value is not None and value > 1:
            return int(value)
    return 0


_DAY_ALONE: Final = re.compile(r"(?<!\w)(?P<d>0?[1-9]|[12]\d|3[01])\Z")
_YEAR_ALONE: Final = re.compile(r"(?P<y>\d{4}|\d\d)?(?!\w)")
#: short names of months, and the one that is an English verb
_SHORT: Final = frozenset(
    ["may", *(name for names in date_words.MONTHS.values() for month in names for name in month.split()[1:])]
)
_YEAR_BEFORE: Final = re.compile(r"(?P<y>(?:19|20)\d\d)[-/]\Z")
_FIRST: Final = frozenset({"first", "primero", "primeiro", "premier", "ersten", "erster"})
_CLOSES: Final = re.compile(
    r" ?[-–] ?(?P<d>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?!\d|[./:-]\d|[^\W_]|%)(?:,? (?P<y>(?:19|20)\d\d)(?!\d))?"
)
_LIST_BEFORE: Final = re.compile(
    r"(?<![\w.,/:€$£-])(?P<d>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|er|º|\.)?"
    r" ?(?:,|-|–|/|&|\b(?:and|to|or|through|until|y|al?|e|ao|ou?|et|au|und|bis|oder|bis zum)\b)"
    r" ?(?:the |el |o |le |dia |den |zum |am )?$",
    re.IGNORECASE,
)


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
        if value := _day(year, day.value.month, number):
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
        value = _day(month.year, month.month, int(before["d"]))
        if not value:
            return
        yield Day(start=start, end=start + len(before["d"]), value=value, yearless=day.yearless)


# --------------------------------------------------------------------------------------------- relative


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
        near_words=frozenset((*date_words.AGO_WORDS[language], *(_LETTERS.findall(each)[-1] for each in near))),
        weekdays=frozenset(date_words.WEEKDAYS[language]),
    )


def _relative(text: str, said: AbstractSet[str], language: str, written: date) -> Iterator[Day]:
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


def _of_month(text: str, language: str, written: date) -> Iterator[Day]:
    """ "the 3rd of last month": as good as a date without its year."""
    for match in at_digits(_month_words(language), text):
        first = written.replace(day=1)
        if match["last"]:
            first = (first - timedelta(1)).replace(day=1)
        elif match["next"]:
            first = (first + timedelta(32)).replace(day=1)
        if value := _day(first.year, first.month, int(match["d"])):
            yield Day(start=match.start("d"), end=match.end(), value=value, yearless=True)


@cache
def _month_words(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,/-]){date_words.OF_MONTH[language]}(?!\w)", re.IGNORECASE)


def _day_of_month(day: int, written: date) -> date | None:
    """The day with that number nearest to the day of writing."""
    months = {(written + timedelta(offset)).replace(day=1) for offset in (-31, 0, 31)}
    days = [value for month in months if (value := _day(month.year, month.month, day))]
    return min(days, key=lambda value: (abs((value - written).days), value)) if days else None


# ----------------------------------------------------------------------------------------------- shared


def nearest(month: int, day: int, written: date) -> date | None:
    """The day of that month nearest to the day of writing; None when there is no such day."""
    days = [value for year in (-1, 0, 1) if (value := _day(written.year + year, month, day))]
    return min(days, key=lambda value: (abs((value - written).days), value)) if days else None


#: days so little ahead stay: bills are dated ahead, and nobody leaves out the year of what was eleven months ago
_DATED_AHEAD: Final = timedelta(31)
_SENTENCE: Final = re.compile(r"[.!?;]\s+(?=[^\W\d_a-zà-ÿ])|\n\s*\n")
_JOINED: Final = re.compile(date_words.JOINED, re.IGNORECASE)
_CLAUSE_ENDS: Final = re.compile(r"[.!?;](?=\s|\Z)|\n\s*\n")


def _told(text: str, days: Sequence[Day], written: date, languages: Sequence[str]) -> Iterator[Day]:
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
    return (_day(day.year - 1, day.month, day.day) or day) if day > written + _DATED_AHEAD else day


@cache
def _tenses(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    past, to_come = f"{date_words.PAST[language]}|{date_words.DATED[language]}", date_words.TO_COME[language]
    return (
        re.compile(rf"\b(?:(?P<past>{past})|{to_come})(?!\w)", re.IGNORECASE),
        re.compile(rf"\b(?:{date_words.UNTIL[language]}) ?(?:the )?\Z", re.IGNORECASE),
    )


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _full_year(year: str, written: date) -> int:
    """Two digits are the year of this century, or of the last where it would be far ahead."""
    number = int(year)
    if len(year) > 2:
        return number
    full = written.year // 100 * 100 + number
    return full if full <= written.year + 20 else full - 100


def _without_overlaps(days: list[Day]) -> list[Day]:
    """In order; of two that overlap the longer one, and an absolute rather than a relative one."""
    kept: list[Day] = []
    for day in sorted(days, key=lambda day: (day.relative, day.start - day.end, day.start)):
        if all(day.end <= other.start or other.end <= day.start for other in kept):
            kept.append(day)
    return sorted(kept, key=lambda day: day.start)
