"""Text ⇄ Money: `read_amounts` finds what looks like money in a text, `parse_money` reads one amount, `format_money`
writes one for a letter.

Every local format is read: signs and names before or after, grouping by comma, point, space or apostrophe, cents
behind the sign ("49 €90"), dashes for cents ("99,– €"), multipliers ("1.2k", "1,5 Mio. €"), number words. What one mark
before three digits means ("1.234") is settled by the currency, the language or the other numbers of the text, or both
readings are kept. Numbers without a currency are handed on with their shape: whether they are money is for `extract`
to say, which knows the words around them.
"""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Literal

import re2
from babel.numbers import format_currency, format_decimal

from triage.understanding import currencies
from triage.understanding.findings import Language, Money
from triage.understanding.numbers import (
    NUMBER,
    SPACES,
    Mark,
    Reading,
    at_digits,
    decimal_mark,
    read_number,
    read_words,
)

#: named: with a currency; decimal: two decimals; grouped: thousands are marked off; whole: digits only
Shape = Literal["named", "decimal", "grouped", "whole"]

#: what a shared sign or name may stand for
SHARED: Final[Mapping[str, frozenset[str]]] = {
    "$": frozenset("USD CAD AUD NZD MXN ARS CLP COP UYU DOP HKD SGD TWD".split()),  # noqa: SIM905
    "peso": frozenset({"MXN", "ARS", "CLP", "COP", "UYU", "DOP"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "¥": frozenset({"JPY", "CNY"}),
    "Rs": frozenset({"INR", "PKR", "LKR"}),
    "franc": frozenset({"CHF", "XOF", "XAF"}),
    "dirham": frozenset({"MAD", "AED"}),
    "Bs": frozenset({"BOB", "VES"}),
}
#: the currencies whose signs the rest of a mail may have to explain
EXPLAINED: Final = frozenset[str]().union(*SHARED.values(), currencies.LETTERS.values())
#: how a shared name is shown when nothing settles it
_OPEN: Final = {"peso": "$", "franc": "franc", "dirham": "dirham"}


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number in a text that is money, or may be."""

    start: int
    end: int
    #: never negative; `negative` keeps the sign
    value: Decimal
    #: ISO 4217 code, the shared sign where the text leaves it open, None where it names none
    currency: str | None = None
    #: the other readings that the text leaves open
    alternatives: tuple[Decimal, ...] = ()
    shape: Shape = "named"
    #: written with a minus or in brackets
    negative: bool = False


#: no bill comes to so much: a longer number names something
MOST: Final = Decimal(10**15)

_SPACE: Final = rf"[{SPACES}\t]"
_MULTIPLIERS: Final = {
    "k": 1000, "mil": 1000, "thousand": 1000, "tausend": 1000, "tsd": 1000, "tsd.": 1000, "m": 10**6, "mm": 10**6,
    "mio": 10**6, "mio.": 10**6, "million": 10**6, "millions": 10**6, "millionen": 10**6, "millones": 10**6,
    "millón": 10**6, "milhões": 10**6, "milhoes": 10**6, "milhão": 10**6, "mn": 10**6, "mil millones": 10**9,
    "bn": 10**9, "billion": 10**9, "milliard": 10**9, "milliards": 10**9, "milliarden": 10**9, "mrd": 10**9,
    "mrd.": 10**9, "bilhões": 10**9, "bilhão": 10**9, "lakh": 10**5, "lakhs": 10**5, "crore": 10**7, "crores": 10**7,
}  # fmt: skip


def _either(words: Iterable[str]) -> str:
    """Longest first, so that "us dollars" is not read as "us" and something else; each first letter is tried once."""
    by_letter: dict[str, list[str]] = {}
    for word in sorted(words, key=lambda word: (-len(word), word)):
        by_letter.setdefault(word[0], []).append(re.escape(word[1:]))
    return "|".join(f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())


_AFTER_NAMES: Final = {*currencies.SIGNS, *currencies.NAMES, *currencies.CENTS} - currencies.BEFORE_ONLY
_BEFORE_NAMES: Final = ({*currencies.SIGNS} - currencies.AFTER_ONLY) | {"euro", "euros", "eur"}
_CODE: Final = "[A-Z]{3}|eur|usd|gbp|brl|chf|cad|aud|mxn|pln|czk|inr|sek|nok|dkk|huf|ron|nzd|sgd|cny|jpy"
_AFTER: Final = re.compile(
    rf"(?P<dash>(?:[.,][-–—]{{1,2}}|:-|/[-=])(?!\w))?"
    rf"(?:{_SPACE}?(?P<times>(?i:{_either(_MULTIPLIERS)}))(?![^\W\d_]|\. ?[nN]\b))?"
    rf"(?:(?P<gap>{_SPACE}{{0,2}}\n?|-)(?P<of>(?i:de|d'|of) ?)?"
    rf"(?:(?P<name>(?i:{_either(_AFTER_NAMES)}))|(?P<code>{_CODE}))(?P<plural>(?<=[^\W\d_])(?![^\W\d_])|(?<=[\W_])))?"
)
#: read backwards from the number: the sign, then spaces, a colon, a minus
_BEFORE: Final = re.compile(
    rf"(?P<minus>[-–−]{_SPACE}?)?(?P<bracket>\((?=\$|€|£))?{_SPACE}{{0,2}}:?{_SPACE}{{0,2}}"
    rf"(?:(?P<name>(?i:{_either(name[::-1] for name in _BEFORE_NAMES)}))|(?P<code>[A-Z]{{3}}|rue|dsu|pbg|fhc|lrb))"
    rf"(?P<edge>(?<=[^\W\d_])(?![^\W\d_])|(?<=[\W_]))"
)
_CANDIDATE: Final = re.compile(
    rf"(?P<cents>(?<=[.,])(?<![\w.,].)\d{{2}}(?!\d))"
    rf"|(?<!\d)\d{{1,3}}(?:[.,]\d{{3}})*[.,] \d{{2}}(?={_SPACE}?[€£$])|(?<!\d){NUMBER}"
)
_CENTS_AFTER: Final = re.compile(
    rf"(?P<direct>\d{{2}})(?![\d.,]\d|\d|[^\W\d_]|{_SPACE}?[€$£%])"
    rf"|{_SPACE}(?:(?P<link>and|y|e|et|und|con|com){_SPACE})?(?P<word>\d{{1,2}})"
    rf"(?:{_SPACE}(?P<unit>{_either(currencies.CENTS)}))?(?![\w%]|[.,]\d)"
)
_PERCENT: Final = re.compile(
    rf"{_SPACE}?(?:[%‰°º]|prozent\b|per ?cent\b|por ?cien|por ?cento|pour ?cent|p\. ?c\.)", re.IGNORECASE
)
_JOINED_BEFORE: Final = re.compile(r"(?:\w[-/:_.,'’#*]|[^\W\d_]|[#*_/])\Z")
_JOINED_AFTER: Final = re.compile(r"[A-Za-z\u00c0-\u024f_]|[-/:.,'’]\d|[-:]\w")
_BRACKETED: Final = re.compile(rf"{_SPACE}?\((?:(?P<sign>[€£$])|(?P<code>[A-Z]{{3}}))\)")
_BRACKETED_LABEL: Final = re.compile(rf"\w{_SPACE}?\((?:(?P<sign>[€£$])|(?P<code>[A-Z]{{3}}))\){_SPACE}?:?{_SPACE}*\Z")
#: "2x49,90 €"
_COUNTED: Final = re.compile(r"(?:^|[^\w.,])\d{1,3} ?[x×]\Z")
_RANGE_DASH: Final = re.compile(rf"(?:^|[^\w.,/-])({NUMBER}){_SPACE}?[-–]{_SPACE}?\Z")
_RANGE_WORD: Final = re.compile(
    rf"{_SPACE}?(?:[-–]|(?:to|bis|a|à|até|hasta|and|or|oder|o|ou|und|y|e|et|auf|statt|instead of|en vez de)){_SPACE}?",
    re.IGNORECASE,
)
#: of words that join, those that only make a range, and what opens a range whose words may be others
_TO: Final = re.compile(rf"{_SPACE}?(?:[-–]|(?:to|bis|a|à|até|hasta|or|oder|o|ou)){_SPACE}?", re.IGNORECASE)
_OPENS: Final = re.compile(r"\b(?:between|from|entre|zwischen|von|desde|de)\s\Z", re.IGNORECASE)
#: the rest of a range that began with a sign: "€26-50", "$3-4 million"
_RANGE_AFTER: Final = re.compile(rf"[-–]({NUMBER})({_SPACE}?(?i:{_either(_MULTIPLIERS)}))?(?!\w|[-–/:.,'’]\w)")
#: the far end of a range with one sign is at most so many times the near one
_WIDEST: Final = 100
_SPOKEN: Final = ("en", "es", "pt", "fr", "de")
_CENTS: Final = re.compile(r"[.,]\d{2}$")
_OF: Final = re.compile(rf"{_SPACE}(?:of|de|d'){_SPACE}?\w")
_FOLLOWING: Final = re.compile(rf"{_SPACE}?(\d+)([.,]\d)?")
_ENDS: Final = re.compile(r"\s*(?:[.!?,;)]|$)")
_MINUS_BEFORE: Final = re.compile(rf"(?:^|[\s(:|])([-–−]{_SPACE}?)$")
_MINUS_AFTER: Final = re.compile(r"-(?![\w-])")
_NUMBER: Final = re.compile(NUMBER)


def read_amounts(
    text: str, language: Language | None = None, *, implied: AbstractSet[str] = frozenset()
) -> list[Amount]:
    """Every number in the text that may be money, in order; `implied` are currencies that the mail points to."""
    found = _numbers(text, language, implied)
    found += _in_words(text, language, found)
    found.sort(key=lambda amount: amount.start)
    marks = {mark for amount in found if (mark := decimal_mark(_digits(text[amount.start : amount.end])))}
    return [_settled(amount, text, language, marks, implied) for amount in found]


def parse_money(text: str, language: Language | None = None) -> Money | None:
    """The one amount that the text is ("1.234,50 €", "(250.00)", "USD 1.2k"); None when it is none or several."""
    amounts = read_amounts(text, language)
    if len(amounts) != 1:
        return None
    [amount] = amounts
    return Money(value=-amount.value if amount.negative else amount.value, currency=amount.currency)


def format_money(money: Money, language: str) -> str:
    """The amount as a letter in that language prints it: "1.234,50 €", "€1,234.50"."""
    locale = language if language in ("en", "es", "pt", "fr", "de") else "en"
    if money.currency is None:
        return format_decimal(money.value, format="#,##0.00", locale=locale)
    if currencies.is_code(money.currency):
        return format_currency(money.value, money.currency, locale=locale)
    number = format_decimal(money.value, format="#,##0.00", locale=locale)
    return f"{money.currency}{number}" if locale == "en" else f"{number}\u00a0{money.currency}"


# ---------------------------------------------------------------------------------------------- numbers


def _numbers(text: str, language: Language | None, implied: AbstractSet[str]) -> list[Amount]:
    """The numbers; read again with letters as signs ("R450") where the text or the mail shows that they are."""
    letters = _LETTERS & implied
    found = _in_digits(text, language, letters)
    shown = _LETTERS.intersection(each.currency for each in found if each.currency and each.shape == "named")
    return found if shown <= letters else _in_digits(text, language, letters | shown)


_LETTERS: Final = frozenset(currencies.LETTERS.values())


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
            found[-1] = previous = _multiplied(text, previous, amount, match.end())
        if amount.shape == "named":
            _share_currency(text, found, amount, match.end())
        found.append(amount)
    return found


def _around(
    text: str, start: int, end: int, previous: Amount | None, language: Language | None, letters: AbstractSet[str]
) -> Amount | None:
    """The number with what stands before and after it; None when it is a part of something else."""
    past = previous.end if previous else 0
    reading = read_number(text[start:end])
    after = _AFTER.match(text, end)
    before = _BEFORE.match(text[max(past, start - 12) : start][::-1])
    if reading is None or after is None or reading.value >= MOST:
        return None
    name_before = _meaning_before(before, text[start:end], language, letters) if before else None
    next_one = _belongs_to_next(text, after, language, signed=name_before is not None)
    name_after = None if next_one else _meaning_after(after, text[start:end], language)
    stop = end + len(after["dash"] or "")
    if name_after == "cent" and name_before and "." in text[start:end]:
        # "£12.99p" says it twice
        name_after, stop = None, after.end()
    currency = name_before or name_after
    bracket = None if currency else _BRACKETED.match(text, stop)
    if currency is None and (bracket or ")" in text[max(past, start - 4) : start]):
        currency = _in_brackets(text, past, start, bracket)
    if _PERCENT.match(text, stop):
        return None
    ends = None if currency or previous is None else _range_ended(text, previous, start, after, reading.value)
    currency = currency or ends
    if name_after and (not name_before or name_after in (name_before, *SHARED) or name_before in SHARED):
        stop = after.end()
        currency = name_after if name_before in SHARED and name_after not in SHARED else currency
    elif after["times"] and (currency or after["times"].lower() == "k"):
        stop = after.end("times")
    elif bracket and currency:
        stop = bracket.end()
    elif _JOINED_AFTER.match(text, stop) and not (name_before and _begins_range(text, stop, reading.value)):
        return None
    joined = not (name_before or ends) and _JOINED_BEFORE.search(text[max(0, start - 2) : start])
    if joined and not (
        name_after
        and (
            _RANGE_DASH.search(text[max(past, start - 16) : start])
            or (previous and text[previous.end : start] in ("-", "–"))
            or _COUNTED.search(text[max(0, start - 5) : start])
        )
    ):
        return None
    if after["times"] and stop >= after.end("times"):
        reading = _times(reading, _MULTIPLIERS[after["times"].lower()], text[start:end], language)
    elif after["dash"] and after["dash"][0] not in text[start:end]:
        # "1.250,-": the mark of the cents is the other one
        reading = Reading(value=reading.value)
    doubtful = before and name_before and currency and _is_doubtful(_reversed(before, "name"), text[start:end], letters)
    amount = Amount(
        start=start - before.end() if before and name_before else start,
        end=stop,
        value=reading.value,
        alternatives=(reading.alternative,) if reading.alternative is not None else (),
        currency=currency,
        shape="named" if currency and not doubtful else "decimal" if after["dash"] else _shape(text[start:end]),
    )
    if before and name_before and before["bracket"]:
        # "$(250.00)", as accountants write
        if text[stop : stop + 1] != ")":
            return None
        return replace(amount, end=stop + 1, negative=True)
    return _signed(text, _with_cents(text, amount, name_after, language))


def _in_brackets(text: str, past: int, start: int, behind: re.Match[str] | None) -> str | None:
    """The currency in brackets behind a number ("45,00 (EUR)"), or behind its label ("Total (USD): 45.00")."""
    found = behind or _BRACKETED_LABEL.search(text[max(past, start - 12) : start])
    return _meaning(found["sign"], found["code"], None) if found else None


def _belongs_to_next(text: str, after: re.Match[str], language: Language | None, *, signed: bool) -> bool:
    """Whether the sign on the right is that of the next number: "3 USD50", "881 of R$ 537" (but "49 €90" is French)."""
    following = _FOLLOWING.match(text, after.end()) if after["gap"] else None
    if not following:
        return False
    attached = text[after.end()].isdigit()
    cents = len(following[1]) == 2 and not following[2] and after["name"]
    if attached:
        return not (cents and language not in ("en", "de"))
    leads = after["name"] is not None and any(sign in after["name"] for sign in "$£₹¥")
    return (signed or leads) and not (cents and not leads)


def _reversed(match: re.Match[str], group: str) -> str | None:
    return match[group][::-1] if match[group] else None


def _meaning_before(
    before: re.Match[str], digits: str, language: Language | None, letters: AbstractSet[str]
) -> str | None:
    name, code = _reversed(before, "name"), _reversed(before, "code")
    if code in currencies.WORDLIKE and len(digits) < 3:
        return None
    if _is_doubtful(name, digits, letters) and len(digits) < 3:
        return None
    if name and name.lower() == "fr." and _ON_FRIDAY.match(before.string, before.end()):
        return None
    word = name or code or ""
    if before["minus"] and word.isalpha() and before[0].startswith(f"-{word[::-1]}"):
        # "RS-30871" names something
        return None
    return _meaning(name, code, language)


#: read backwards: "am Fr. 12.12." is a day
_ON_FRIDAY: Final = re.compile(r" (?:ma|mov|muz|sib|ties|ba)\b")


def _is_doubtful(name: str | None, digits: str, letters: AbstractSet[str]) -> bool:
    """Whether letters before a number may be no sign: "R 720" is a server, or rand if the words say so."""
    letter = currencies.LETTERS.get(name.lower()) if name else None
    return letter is not None and letter not in letters and not _CENTS.search(digits)


def _meaning_after(after: re.Match[str], digits: str, language: Language | None) -> str | None:
    name = after["name"]
    if name and name.lower() == "p" and (after["gap"] or len(digits.partition(".")[0]) > 3):
        return None
    if name and after["of"] and not after["times"]:
        return None
    if name and name.lower() in currencies.WEIGHTS and _OF.match(after.string, after.end()):
        return None
    return _meaning(name, after["code"], language)


def _meaning(name: str | None, code: str | None, language: Language | None) -> str | None:
    """What a name, sign or code beside a number stands for; None when it is an ordinary word."""
    if name:
        folded = name.lower()
        local = currencies.LOCAL.get(folded, language)
        if name not in currencies.CASED.get(folded, (name,)) or (language in _SPOKEN and local != language):
            return None
        return "cent" if folded in currencies.CENTS else currencies.SIGNS.get(folded) or currencies.NAMES.get(folded)
    return code.upper() if code and code.upper() in currencies.codes() else None


def _shape(digits: str) -> Shape:
    if _CENTS.search(digits):
        return "decimal"
    return "whole" if digits.isdecimal() else "grouped"


def _times(reading: Reading, factor: int, digits: str, language: Language | None) -> Reading:
    """ "1.234 million" is 1.234 of them in English and 1234 in Spanish."""
    value = reading.value
    if reading.alternative is not None and not _conventional(language, None, "." if "." in digits else ","):
        value = reading.alternative
    return Reading(value=value * factor)


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


def _begins_range(text: str, stop: int, value: Decimal) -> bool:
    """Whether a number with a sign before it goes on to a higher one: "€26-50", "$3-4 million"."""
    match = _RANGE_AFTER.match(text, stop)
    higher = read_number(match[1]) if match else None
    return higher is not None and value < higher.value <= _WIDEST * value


def _range_ended(text: str, previous: Amount, start: int, after: re.Match[str], value: Decimal) -> str | None:
    """The currency of "€26-50", "€3k to 4k", "between $3 and 4 million" for the second number; None for no range."""
    if previous.shape != "named" or text[previous.start].isdigit():
        return None
    between, times = text[previous.end : start], after["times"]
    if between in ("-", "–"):
        factor = _MULTIPLIERS[times.lower()] if times else 1
        one_mark = previous.value < value <= _WIDEST * previous.value
        return previous.currency if one_mark or previous.value < value * factor <= _WIDEST * previous.value else None
    if not times or not _RANGE_WORD.fullmatch(between):
        return None
    multiplied = text[previous.end - 1].isalpha() and _TO.fullmatch(between)
    return previous.currency if multiplied or _OPENS.search(text, 0, previous.start) else None


def _multiplied(text: str, previous: Amount, amount: Amount, end: int) -> Amount:
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
    ranged = _TO.fullmatch(between) or (_RANGE_WORD.fullmatch(between) and _OPENS.search(text, 0, previous.start))
    return replace(previous, value=previous.value * factor) if ranged else previous


def _bare(text: str, amount: Amount, end: int) -> tuple[Decimal, Decimal]:
    """The number of an amount without its multiplier, and the multiplier."""
    after = _AFTER.match(text, end)
    times = after["times"] if after else None
    factor = (
        Decimal(_MULTIPLIERS[times.lower()]) if after and times and amount.end >= after.end("times") else Decimal(1)
    )
    return amount.value / factor, factor


def _share_currency(text: str, found: list[Amount], amount: Amount, end: int) -> None:
    """ "from 26 to 50 €", "10-20 €": the first number has the currency of the second."""
    window = max(found[-1].end if found else 0, amount.start - 16)
    if match := _RANGE_DASH.search(text[window : amount.start]):
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
        and _RANGE_WORD.fullmatch(text[found[-1].end : amount.start])
    ):
        found[-1] = replace(found[-1], currency=amount.currency, shape="named")


# ------------------------------------------------------------------------------------------------ words

_NAME_AFTER_WORD: Final = re.compile(rf"(?<=[^\W\d_] )(?i:{_either(currencies.NAMES)})(?![^\W\d_])")
#: whether there is one at all, which RE2 tells in one pass
_MAY_BE_IN_WORDS: Final = re2.compile(rf"(?i)[^\s\d] (?:{_either(currencies.NAMES)})")
_NUMBER_WORDS: Final = re.compile(r"(?:[^\W\d_]+[ -]){1,6}\Z")
#: a sign before number words ("R$ dois mil"), and words for the hundredths behind the name ("and fifty cents")
_SIGN_BEFORE_WORDS: Final = re.compile(r"[$€£](?=[ \u00a0]?[^\W\d_]{3})")
_SIGNS: Final = currencies.SIGNS
_WORDS_AFTER: Final = re.compile(r"[ \u00a0]?(?:[^\W\d_]+(?:[ -]|\b)){1,6}")
_WORD: Final = re.compile(r"[^\W\d_]+")
_CENTS_IN_WORDS: Final = re.compile(r"[ \u00a0](?:(?:and|y|e|et|und|con|com|with)[ \u00a0])?(?=[^\W\d_]{3})")
_CLAUSE_ENDS: Final = re.compile(r"\s*(?:[.!?,;:)]|\n|\Z)")


def _in_words(text: str, language: Language | None, found: list[Amount]) -> list[Amount]:
    """Amounts said in words ("five hundred euros"); the longest run of number words beside the name counts."""
    if language is None or language == "other":
        return []
    result = []
    for name in _NAME_AFTER_WORD.finditer(text) if _MAY_BE_IN_WORDS.search(text) else ():
        window = max(0, name.start() - 60)
        before = _NUMBER_WORDS.search(text[window : name.start()])
        words = list(_WORD.finditer(before[0])) if before else []
        for first in range(len(words)):
            value = read_words([word[0].lower() for word in words[first:]], language)
            if value is None or not before:
                continue
            start = window + before.start() + words[first].start()
            if value > 1:
                cents, end = _cents_in_words(text, name.end(), language)
                currency = currencies.NAMES[name[0].lower()]
                result.append(Amount(start=start, end=end, value=value + cents, currency=currency))
            break
    for sign in _SIGN_BEFORE_WORDS.finditer(text):
        value, end = _said(text, sign.end(), language)
        if value > 1:
            # "US$", "R$", "$"
            start = next(at for at in range(sign.end() - 3, sign.end()) if text[at : sign.end()].lower() in _SIGNS)
            result.append(Amount(start=start, end=end, value=value, currency=_SIGNS[text[start : sign.end()].lower()]))
    return [each for each in result if not any(each.start < other.end and each.end > other.start for other in found)]


def _cents_in_words(text: str, end: int, language: Language) -> tuple[Decimal, int]:
    """The hundredths said behind the name of the currency, and where they end."""
    begin = _CENTS_IN_WORDS.match(text, end)
    value, stop = _said(text, begin.end(), language) if begin else (Decimal(0), end)
    unit = _CENTS_UNIT.match(text, stop)
    if 0 < value < 100 and (unit or (value >= 10 and _CLAUSE_ENDS.match(text, stop))):
        return value / 100, unit.end() if unit else stop
    return Decimal(0), end


_CENTS_UNIT: Final = re.compile(rf"[ \u00a0](?:{_either(currencies.CENTS)})(?!\w)", re.IGNORECASE)


def _said(text: str, start: int, language: Language) -> tuple[Decimal, int]:
    """The number that the longest run of words from here on says, and where it ends; 0 when there is none."""
    run = _WORDS_AFTER.match(text, start)
    words = list(_WORD.finditer(text, start, run.end())) if run else []
    for last in range(len(words), 0, -1):
        value = read_words([word[0].lower() for word in words[:last]], language)
        if value is not None and words[last - 1][0].lower() not in _LINKING:
            return value, words[last - 1].end()
    return Decimal(0), start


#: words that read_words passes over, which end no number
_LINKING: Final = frozenset({"and", "y", "e", "et", "und", "de", "d"})


# --------------------------------------------------------------------------------------------- settling


def _digits(text: str) -> str:
    match = _NUMBER.search(text)
    return match[0] if match else ""


def _settled(
    amount: Amount, text: str, language: Language | None, marks: AbstractSet[Mark], implied: AbstractSet[str]
) -> Amount:
    currency = settle_currency(amount.currency, implied)
    if not amount.alternatives:
        return amount if currency == amount.currency else replace(amount, currency=currency)
    thousands_mark: Mark = "." if "." in _digits(text[amount.start : amount.end]) else ","
    open_ = not (
        currency in currencies.WHOLE
        or _conventional(language, currency, thousands_mark)
        or marks == {"," if thousands_mark == "." else "."}
    )
    return replace(amount, currency=currency, alternatives=amount.alternatives if open_ else ())


def _conventional(language: Language | None, currency: str | None, thousands_mark: Mark) -> bool:
    """Whether this mark groups thousands by the habit of the language, and of the currency's country."""
    if language == "en":
        return thousands_mark == ","
    if language in ("es", "pt", "fr", "de"):
        return thousands_mark == "." and not (language == "es" and currency in currencies.POINT_COUNTRIES)
    return False


def settle_currency(currency: str | None, implied: AbstractSet[str]) -> str | None:
    """A shared sign as the one currency that the mail points to; the bare sign where it points to none or several."""
    if currency is None or currency not in SHARED:
        return currency
    candidates = SHARED[currency] & implied
    if len(candidates) == 1:
        return next(iter(candidates))
    return _OPEN.get(currency, currency)
