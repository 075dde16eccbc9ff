"""Ranges of money: both ends have the sign and the multiplier of one ("26-50 €", "€3-4k", "zwischen 3 und 4 Mio.")."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Final

from triage.understanding.amounts import Amount
from triage.understanding.numbers import NUMBER, read_number
from triage.understanding.signs import AFTER, MULTIPLIERS, SPACE, either

#: the number before a dash at the end, which may be the first of a range
DASH: Final = re.compile(rf"(?:^|[^\w.,/-])({NUMBER}){SPACE}?[-–]{SPACE}?\Z")
_JOINS: Final = re.compile(
    rf"{SPACE}?(?:[-–]|(?:to|bis|a|à|até|hasta|and|or|oder|o|ou|und|y|e|et|auf|statt|instead of|en vez de)){SPACE}?",
    re.IGNORECASE,
)
#: of words that join, those that only make a range, and what opens a range whose words may be others
_TO: Final = re.compile(rf"{SPACE}?(?:[-–]|(?:to|bis|a|à|até|hasta|or|oder|o|ou)){SPACE}?", re.IGNORECASE)
_OPENS: Final = re.compile(r"\b(?:between|from|entre|zwischen|von|desde|de)\s\Z", re.IGNORECASE)
#: the rest of a range that began with a sign: "€26-50", "$3-4 million"
_GOES_ON: Final = re.compile(rf"[-–]({NUMBER})({SPACE}?(?i:{either(MULTIPLIERS)}))?(?!\w|[-–/:.,'’]\w)")
#: the far end of a range with one sign is at most so many times the near one
_WIDEST: Final = 100


def begins_range(text: str, stop: int, value: Decimal) -> bool:
    """Whether a number with a sign before it goes on to a higher one: "€26-50", "$3-4 million"."""
    match = _GOES_ON.match(text, stop)
    higher = read_number(match[1]) if match else None
    return higher is not None and value < higher.value <= _WIDEST * value


def currency_of_range(text: str, previous: Amount, start: int, after: re.Match[str], value: Decimal) -> str | None:
    """The currency of "€26-50", "€3k to 4k", "between $3 and 4 million" for the second number; None for no range."""
    if previous.shape != "named" or text[previous.start].isdigit():
        return None
    between, times = text[previous.end : start], after["times"]
    if between in ("-", "–"):
        ends = (value, value * MULTIPLIERS[times.lower()]) if times else (value,)
        return previous.currency if any(previous.value < end <= _WIDEST * previous.value for end in ends) else None
    if not times or not _JOINS.fullmatch(between):
        return None
    alike = text[previous.end - 1].isalpha() and _TO.fullmatch(between)
    return previous.currency if alike or _opens(text, previous.start) else None


def multiplied(text: str, previous: Amount, amount: Amount, end: int) -> Amount:
    """ "3-4k €", "$3 to $4 million": the first number in thousands or millions as the second one."""
    raw, factor = _bare(text, amount, end)
    signed = not text[amount.start].isdigit()
    if (
        factor == 1
        or previous.alternatives
        or not text[previous.end - 1].isdigit()
        or previous.value >= raw
        or (previous.shape == "named" and previous.currency != amount.currency)
        # "from €5 to €10k" are five euros
        or (signed and (factor < 10**6 or previous.shape != "named"))
    ):
        return previous
    between = text[previous.end : amount.start]
    ranged = _TO.fullmatch(between) or (_JOINS.fullmatch(between) and _opens(text, previous.start))
    return replace(previous, value=previous.value * factor) if ranged else previous


def share_currency(text: str, found: list[Amount], amount: Amount, end: int) -> None:
    """ "from 26 to 50 €", "10-20 €": the first number has the currency of the second."""
    window = max(found[-1].end if found else 0, amount.start - 16)
    if match := DASH.search(text[window : amount.start]):
        reading = read_number(match[1])
        if reading and reading.value < amount.value:
            start = window + match.start(1)
            raw, factor = _bare(text, amount, end)
            value = reading.value * factor if reading.value < raw else reading.value
            found.append(Amount(start=start, end=start + len(match[1]), value=value, currency=amount.currency))
    elif (
        found
        and found[-1].shape != "named"
        # "7700331 at 38.40 €" is a number that names something, and a price
        and found[-1].value <= 1000 * amount.value
        and _JOINS.fullmatch(text[found[-1].end : amount.start])
    ):
        found[-1] = replace(found[-1], currency=amount.currency, shape="named")


def _opens(text: str, start: int) -> bool:
    """Whether the word before says that a range follows."""
    return bool(_OPENS.search(text[max(0, start - 10) : start]))


def _bare(text: str, amount: Amount, end: int) -> tuple[Decimal, Decimal]:
    """The number of an amount without its multiplier, and the multiplier."""
    after = AFTER.match(text, end)
    times = after["times"] if after else None
    factor = Decimal(MULTIPLIERS[times.lower()]) if after and times and amount.end >= after.end("times") else Decimal(1)
    return amount.value / factor, factor
