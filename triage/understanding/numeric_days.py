"""Days in digits: "03/04/2026", "28.02.", "2026-03-04", "report-20170302.html".

Two numbers are a date without a year only where the words before them or their look say so. Which of the two is the
day is settled by another date of the text, then by the habit of the writer; otherwise both readings are kept.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from triage.understanding.days import Day, Order, full_year, nearest, on_calendar
from triage.understanding.numbers import at_digits

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
_OPENS: Final = re.compile(
    r"(?:(?<![\w.,/:-])|(?P<said>\b(?:from|between|del?|entre|du|vom|von)(?: the| el| le| dem)? ))"
    r"(?P<d>0?[1-9]|[12]\d|3[01])"
    r"(?:\. ?[–-] ?|(?(said)(?:\.|er|º|st|nd|rd|th)? (?:bis|to|al?|hasta|ao?|até|au)(?: the| el| zum)? |(?!)))\Z",
    re.IGNORECASE,
)

#: characters before a day in which its period may begin
_WINDOW: Final = 28


def numeric_days(text: str, written: date, order: Order | None, *, dotted: bool) -> Iterator[Day]:
    """The days of a text that are pairs and triples of numbers; `dotted` where "28.02." is a day without its year."""
    for day in _ordered(list(_pairs(text, written, dotted=dotted)), order):
        yield from _opened(text, day)


def run_together_days(text: str) -> Iterator[Day]:
    """ "20170302" and "report-2017-03-02.html": a full date run together, or inside a file name."""
    for match in at_digits(_LOOSE, text):
        before = text[match.start() - 1 : match.start()] if match.start() else ""
        if not match["s"] and (before.isalnum() or before in {"#", "/"}):
            continue
        if day := on_calendar(int(match["y"]), int(match["m"]), int(match["d"])):
            yield Day(start=match.start(), end=match.end(), value=day)


def _opened(text: str, day: Day) -> Iterator[Day]:
    """The day, and the one that begins its period in the same month: "03.-05.06.2026"."""
    before = _OPENS.search(text[max(0, day.start - _WINDOW) : day.start])
    if before and (value := on_calendar(day.value.year, day.value.month, int(before["d"]))) and value < day.value:
        start = max(0, day.start - _WINDOW) + before.start("d")
        yield Day(start=start, end=start + len(before["d"]), value=value, yearless=day.yearless)
    yield day


@dataclass(frozen=True, kw_only=True)
class _Pair:
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


def _pairs(text: str, written: date, *, dotted: bool) -> Iterator[_Pair | Day]:
    for match in at_digits(_NUMERIC, text):
        if match["y"]:
            day = on_calendar(int(match["y"]), int(match["m1"]), int(match["d1"])) or on_calendar(
                int(match["y"]), int(match["d1"]), int(match["m1"])
            )
            if day:
                yield Day(start=match.start(), end=match.end(), value=day)
        elif match["a"]:
            if _STATUS.fullmatch(match[0]):
                continue
            year = full_year(match["y2"], written)
            yield _Pair(
                start=match.start(), end=match.end(), first=int(match["a"]), second=int(match["b"]), year=year,
                written=written, dotted=match["s2"].startswith("."),
            )  # fmt: skip
        elif _says_date(text, match, dotted=dotted):
            stop = match["s3"] == "."
            yield _Pair(
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


def _ordered(numeric: Sequence[_Pair | Day], order: Order | None) -> Iterator[Day]:
    """Days out of the pairs: one date that can be read only one way settles the others of the mail."""
    pairs = [pair for pair in numeric if isinstance(pair, _Pair)]
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


def _resolved(pair: _Pair, day: int, month: int) -> date | None:
    return on_calendar(pair.year, month, day) if pair.year is not None else nearest(month, day, pair.written)
