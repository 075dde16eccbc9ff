"""Amounts in figures: a number with its sign, multiplier, cents and minus ("US$ 1.2k", "49 €90", "99,– €", "(250.00)").

Numbers without a currency are handed on with their shape: whether they are money is for `extract` to say, which knows
the words around them.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import replace
from decimal import Decimal
from typing import Final

from triage.understanding import currencies
from triage.understanding.amounts import MOST, Amount, Shape
from triage.understanding.findings import Language
from triage.understanding.numbers import NUMBER, Mark, Reading, at_digits, read_number
from triage.understanding.ranges import DASH, begins_range, currency_of_range, multiplied, share_currency
from triage.understanding.signs import (
    AFTER,
    BEFORE,
    BRACKETED,
    CENTS,
    LETTERS,
    MULTIPLIERS,
    SHARED,
    SPACE,
    belongs_to_next,
    either,
    is_doubtful,
    meaning_after,
    meaning_before,
    meaning_in_brackets,
)

_CANDIDATE: Final = re.compile(
    rf"(?P<cents>(?<=[.,])(?<![\w.,].)\d{{2}}(?!\d))"
    rf"|(?<!\d)\d{{1,3}}(?:[.,]\d{{3}})*[.,] \d{{2}}(?={SPACE}?[€£$])|(?<!\d){NUMBER}"
)
_CENTS_AFTER: Final = re.compile(
    rf"(?P<direct>\d{{2}})(?![\d.,]\d|\d|[^\W\d_]|{SPACE}?[€$£%])"
    rf"|{SPACE}(?:(?P<link>and|y|e|et|und|con|com){SPACE})?(?P<word>\d{{1,2}})"
    rf"(?:{SPACE}(?P<unit>{either(currencies.CENTS)}))?(?![\w%]|[.,]\d)"
)
_PERCENT: Final = re.compile(
    rf"{SPACE}?(?:[%‰°º]|prozent\b|per ?cent\b|por ?cien|por ?cento|pour ?cent|p\. ?c\.)", re.IGNORECASE
)
_JOINED_BEFORE: Final = re.compile(r"(?:\w[-/:_.,'’#*]|[^\W\d_]|[#*_/])\Z")
_JOINED_AFTER: Final = re.compile(r"[A-Za-z\u00c0-\u024f_]|[-/:.,'’]\d|[-:]\w")
#: "£29pm", "£1,150pcm"
_A_MONTH: Final = re.compile(r"p(?:cm|[amw])\b")
#: "2x49,90 €"
_COUNTED: Final = re.compile(r"(?:^|[^\w.,])\d{1,3} ?[x×]\Z")
_ENDS: Final = re.compile(r"\s*(?:[.!?,;)]|$)")
_MINUS_BEFORE: Final = re.compile(rf"(?:^|[\s(:|])([-–−]{SPACE}?)$")
_MINUS_AFTER: Final = re.compile(r"-(?![\w-])")


def amounts_in_figures(text: str, language: Language | None, implied: AbstractSet[str]) -> list[Amount]:
    """The numbers; read again with letters as signs ("R450") where the text or the mail shows that they are."""
    letters = LETTERS & implied
    found = _in_digits(text, language, letters)
    shown = LETTERS.intersection(each.currency for each in found if each.currency and each.shape == "named")
    return found if shown <= letters else _in_digits(text, language, letters | shown)


def _in_digits(text: str, language: Language | None, letters: AbstractSet[str]) -> list[Amount]:
    found: list[Amount] = []
    for match in at_digits(_CANDIDATE, text):
        previous = found[-1] if found else None
        # the mark of cents alone (".50") stands before its digits
        start = match.start() - (match.lastgroup == "cents")
        if previous and start < previous.end:
            continue
        amount = _around(text, start, match.end(), previous, language, letters)
        if amount is None:
            continue
        if previous and amount.end > match.end():
            found[-1] = previous = multiplied(text, previous, amount, match.end())
        if amount.shape == "named":
            share_currency(text, found, amount, match.end())
        found.append(amount)
    return found


def _around(
    text: str, start: int, end: int, previous: Amount | None, language: Language | None, letters: AbstractSet[str]
) -> Amount | None:
    """The number with what stands before and after it; None when it is a part of something else."""
    past = previous.end if previous else 0
    reading = read_number(text[start:end])
    after = AFTER.match(text, end)
    before = BEFORE.match(text[max(past, start - 12) : start][::-1])
    if reading is None or after is None or reading.value >= MOST:
        return None
    name_before = meaning_before(before, text[start:end], language, letters) if before else None
    next_one = belongs_to_next(text, after, language, signed=name_before is not None)
    name_after = None if next_one else meaning_after(after, text[start:end], language)
    stop = end + len(after["dash"] or "")
    if name_after == "cent" and name_before and "." in text[start:end]:
        # "£12.99p" says it twice
        name_after, stop = None, after.end()
    currency = name_before or name_after
    bracket = None if currency else BRACKETED.match(text, stop)
    if currency is None and (bracket or ")" in text[max(past, start - 4) : start]):
        currency = meaning_in_brackets(text, past, start, bracket)
    if _PERCENT.match(text, stop):
        return None
    ends = None if currency or previous is None else currency_of_range(text, previous, start, after, reading.value)
    currency = currency or ends
    if name_after and (not name_before or name_after in (name_before, *SHARED) or name_before in SHARED):
        stop = after.end()
        currency = name_after if name_before in SHARED and name_after not in SHARED else currency
    elif after["times"] and (currency or after["times"].lower() == "k"):
        stop = after.end("times")
    elif bracket and currency:
        stop = bracket.end()
    elif _JOINED_AFTER.match(text, stop) and not (
        name_before and (_A_MONTH.match(text, stop) or begins_range(text, stop, reading.value))
    ):
        return None
    if not (name_before or ends) and _goes_on(text, past, start, previous, signed=bool(name_after)):
        return None
    if after["times"] and stop >= after.end("times"):
        reading = _times(reading, MULTIPLIERS[after["times"].lower()], text[start:end], language)
    elif after["dash"] and after["dash"][0] not in text[start:end]:
        # "1.250,-": the mark of the cents is the other one
        reading = Reading(value=reading.value)
    doubtful = before and name_before and currency and is_doubtful(before, text[start:end], letters)
    amount = Amount(
        start=start - before.end() if before and name_before else start,
        end=stop,
        value=reading.value,
        alternatives=(reading.alternative,) if reading.alternative is not None else (),
        currency=currency,
        shape="named" if currency and not doubtful else "decimal" if after["dash"] else _shape(text[start:end]),
        negative=bool(after["minus"]) and stop == after.end(),
    )
    if before and name_before and before["bracket"]:
        # "$(250.00)", as accountants write
        if text[stop : stop + 1] != ")":
            return None
        return replace(amount, end=stop + 1, negative=True)
    # "12,-€ und 15": a dash has said the cents
    whole = after["dash"] and name_after != "cent"
    return _signed(text, amount if whole else _with_cents(text, amount, name_after, language))


def _goes_on(text: str, past: int, start: int, previous: Amount | None, *, signed: bool) -> bool:
    """Whether the number is a part of what stands before it, rather than the `signed` end of a range or a count."""
    if not _JOINED_BEFORE.search(text[max(0, start - 2) : start]):
        return False
    ranged = DASH.search(text[max(past, start - 16) : start]) or (previous and text[previous.end : start] in ("-", "–"))
    return not (signed and (ranged or _COUNTED.search(text[max(0, start - 5) : start])))


def _shape(digits: str) -> Shape:
    if CENTS.search(digits):
        return "decimal"
    return "whole" if digits.isdecimal() else "grouped"


def _times(reading: Reading, factor: int, digits: str, language: Language | None) -> Reading:
    """ "1.234 million" is 1.234 of them in English and 1234 in Spanish."""
    value = reading.value
    if reading.alternative is not None and not is_conventional(language, None, "." if "." in digits else ","):
        value = reading.alternative
    return Reading(value=value * factor)


def is_conventional(language: Language | None, currency: str | None, thousands_mark: Mark) -> bool:
    """Whether this mark groups thousands by the habit of the language, and of the currency's country."""
    if language == "en":
        return thousands_mark == ","
    if language in ("es", "pt", "fr", "de"):
        return thousands_mark == "." and not (language == "es" and currency in currencies.POINT_COUNTRIES)
    return False


def _with_cents(text: str, amount: Amount, name_after: str | None, language: Language | None) -> Amount:
    """ "49 €90", "15 dollars and 50", "50 cents": what stands behind the sign is hundredths."""
    if amount.currency == "cent":
        return replace(amount, value=amount.value / 100, currency=None, alternatives=())
    if not name_after or amount.value != amount.value.to_integral() or amount.alternatives:
        return amount
    match = _CENTS_AFTER.match(text, amount.end)
    if not match or (match["direct"] and language in ("en", "de")):
        return amount
    cents = match["direct"] or match["word"]
    ends = _ENDS.match(text, match.end())
    if not (match["direct"] or match["unit"] or (ends and (match["link"] or len(cents) == 2))):
        return amount
    return replace(amount, value=amount.value + Decimal(cents) / 100, end=match.end())


def _signed(text: str, amount: Amount) -> Amount:
    """The amount with the minus, or the brackets, that belong to it."""
    before = text[max(0, amount.start - 3) : amount.start]
    if match := _MINUS_BEFORE.search(before):
        # a dash between words is no sign: "the fee – 20 €"
        if match[1].strip() in ("-", "−") and (match[1] == match[1].strip() or not before[:-2].strip()):
            return replace(amount, start=amount.start - len(match[1]), negative=True)
        return amount
    if amount.start and text[amount.start - 1] == "(" and text[amount.end : amount.end + 1] == ")":
        return replace(amount, negative=amount.shape == "decimal")
    if _MINUS_AFTER.match(text, amount.end) and amount.shape in ("decimal", "named"):
        return replace(amount, end=amount.end + 1, negative=True)
    return amount
