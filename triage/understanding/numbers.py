"""Numbers as people write them: "1.234,56", "1'234.50", "12,34,567.89", "five thousand", "mil quinhentos".

`read_number` settles which mark is the decimal one, or says that the text leaves it open; `read_words` reads number
words. What is counted, and whether it is money, is left to `money`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

Mark = Literal[".", ","]

#: spaces that separate thousands: plain, no-break, figure, punctuation, thin, narrow no-break
SPACES: Final = " \u00a0\u2007\u2008\u2009\u202f"
#: a number with grouping and decimals, in any local format; what surrounds it is checked by the reader
NUMBER: Final = (
    rf"(?:(?:\d{{1,3}}(?:[{SPACES}]\d{{3}})+|\d{{1,3}}(?:['’´]\d{{3}})+|\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:,\d{{3}})+"
    r"|\d{1,2}(?:,\d{2})+,\d{3})(?!\d)|\d+)(?:[.,]\d{1,4}(?!\d))?"
)
_INDIAN: Final = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?")
_NOISE: Final = re.compile(rf"[{SPACES}'’´]")
_DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A number, and the other one that it may be."""

    value: Decimal
    #: the other reading of one mark before three digits ("1.234"); None when the text settles it
    alternative: Decimal | None = None


def at_digits(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches of a pattern that can begin only where digits do; it is not tried at every letter of the text."""
    end = 0
    for digits in _DIGITS.finditer(text):
        start = digits.start()
        if start >= end and (match := pattern.match(text, start)):
            end = match.end()
            yield match


def read_number(text: str, *, mark: Mark | None = None) -> Reading | None:
    """The number that the text is; `mark` is the decimal mark where the surroundings settle it."""
    digits = _NOISE.sub("", text)
    if _INDIAN.fullmatch(digits):
        return Reading(value=Decimal(digits.replace(",", "")))
    marks = [letter for letter in digits if letter in ".,"]
    if not marks:
        return Reading(value=Decimal(digits)) if digits.isdecimal() else None
    if len(set(marks)) > 1 or len(marks) > 1:
        return _several_marks(digits, marks)
    whole, _, rest = digits.partition(marks[0])
    point = Decimal(f"{whole or 0}.{rest}") if rest else None
    if point is None:
        return None
    if len(rest) != 3 or len(whole) > 3 or whole in ("", "0", "00", "000") or len(digits) < len(text):
        return Reading(value=point)
    thousands = Decimal(whole + rest)
    # three decimals are a unit price at most: thousands unless the marks of this very text say otherwise
    return Reading(value=thousands, alternative=point if mark != ("," if marks[0] == "." else ".") else None)


_WITH_DECIMALS: Final = re.compile(r"\d+(?:([.,])\d{3}(?:\1\d{3})*)?([.,])(\d{1,2})")
_IN_GROUPS: Final = re.compile(r"\d{1,3}(?:([.,])\d{3}){2,}")


def decimal_mark(text: str) -> Mark | None:
    """The decimal mark that a number shows beyond doubt, None when it shows none."""
    digits = _NOISE.sub("", text)
    if "." not in digits and "," not in digits:
        return None
    match = _WITH_DECIMALS.fullmatch(digits)
    if match and match[1] != match[2]:
        return "." if match[2] == "." else ","
    match = _IN_GROUPS.fullmatch(digits)
    if match:
        return "," if match[1] == "." else "."
    return None


def _several_marks(digits: str, marks: Sequence[str]) -> Reading | None:
    groups = re.split(r"[.,]", digits)
    if any(len(group) != 3 for group in groups[1:-1]) or not 1 <= len(groups[0]) <= 3:
        return None
    if len(set(marks)) == 1:
        # "1.144.000" is whole; "1.144.00" is a slip that bills do show
        if len(groups[-1]) == 3:
            return Reading(value=Decimal("".join(groups)))
        return Reading(value=Decimal("".join(groups[:-1]) + "." + groups[-1])) if len(groups[-1]) == 2 else None
    if len(set(marks[:-1])) > 1 or marks[-1] in marks[:-1]:
        return None
    return Reading(value=Decimal("".join(groups[:-1]) + "." + groups[-1]))


# ------------------------------------------------------------------------------------------------ words

_UNITS: Final[dict[str, dict[str, int]]] = {
    "en": {
        "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
        "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
        "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
        "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000, "million": 1_000_000,
        "billion": 1_000_000_000, "lakh": 100_000, "crore": 10_000_000,
    },
    "es": {
        "uno": 1, "un": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8,
        "nueve": 9, "diez": 10, "once": 11, "doce": 12, "trece": 13, "catorce": 14, "quince": 15, "dieciséis": 16,
        "diecisiete": 17, "dieciocho": 18, "diecinueve": 19, "veinte": 20, "veintiuno": 21, "veintiún": 21,
        "veintidós": 22, "veintitrés": 23, "veinticuatro": 24, "veinticinco": 25, "veintiséis": 26, "veintisiete": 27,
        "veintiocho": 28, "veintinueve": 29, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60,
        "setenta": 70, "ochenta": 80, "noventa": 90, "cien": 100, "ciento": 100, "doscientos": 200,
        "trescientos": 300, "cuatrocientos": 400, "quinientos": 500, "seiscientos": 600, "setecientos": 700,
        "ochocientos": 800, "novecientos": 900, "mil": 1000, "millón": 1_000_000, "millones": 1_000_000,
    },
    "pt": {
        "um": 1, "uma": 1, "dois": 2, "duas": 2, "três": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8,
        "nove": 9, "dez": 10, "onze": 11, "doze": 12, "treze": 13, "catorze": 14, "quatorze": 14, "quinze": 15,
        "dezesseis": 16, "dezasseis": 16, "dezessete": 17, "dezassete": 17, "dezoito": 18, "dezenove": 19,
        "dezanove": 19, "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "sessenta": 60, "setenta": 70,
        "oitenta": 80, "noventa": 90, "cem": 100, "cento": 100, "duzentos": 200, "trezentos": 300,
        "quatrocentos": 400, "quinhentos": 500, "seiscentos": 600, "setecentos": 700, "oitocentos": 800,
        "novecentos": 900, "mil": 1000, "milhão": 1_000_000, "milhões": 1_000_000, "bilhão": 1_000_000_000,
        "bilhões": 1_000_000_000,
    },
    "fr": {
        "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9,
        "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16, "vingt": 20,
        "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70, "huitante": 80,
        "octante": 80, "nonante": 90, "cent": 100, "cents": 100, "mille": 1000, "million": 1_000_000,
        "millions": 1_000_000, "milliard": 1_000_000_000, "milliards": 1_000_000_000,
    },
    "de": {
        "ein": 1, "eine": 1, "einen": 1, "eins": 1, "zwei": 2, "zwo": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6,
        "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "dreizehn": 13, "vierzehn": 14,
        "fünfzehn": 15, "sechzehn": 16, "siebzehn": 17, "achtzehn": 18, "neunzehn": 19, "zwanzig": 20, "dreißig": 30,
        "dreissig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80, "neunzig": 90,
        "hundert": 100, "tausend": 1000, "million": 1_000_000, "millionen": 1_000_000,
    },
}  # fmt: skip
#: words that only link number words
_LINKS: Final = {"en": ("and",), "es": ("y",), "pt": ("e",), "fr": ("et",), "de": ("und",)}
#: "dos millones de euros": links the number to what is counted
_OF: Final = frozenset({"de", "d"})
_GERMAN: Final = re.compile(
    r"(?:(?P<thousands>.+?)?tausend)?(?:und)?(?:(?P<hundreds>[a-zäöüß]+?)?hundert)?(?:und)?"
    r"(?:(?:(?P<ones>[a-zäöüß]+?)und)?(?P<tens>[a-zäöüß]+?(?:zig|ßig|ssig))|(?P<small>[a-zäöüß]+))?"
)


def read_words(words: Sequence[str], language: str) -> Decimal | None:
    """The number that these lower-case words say in that language; None when one of them is no number word."""
    units = _UNITS.get(language)
    if units is None:
        return None
    total = current = 0
    seen = False
    for place, word in enumerate(words):
        if word in _LINKS[language] or (word in _OF and seen and place == len(words) - 1):
            continue
        value = units.get(word)
        if value is None and language == "de":
            value = _german(word)
        if value is None:
            return None
        seen = True
        if value == 20 and current % 10 == 4 and language == "fr":
            current += 76
        elif value >= 1000:
            total += max(current, 1) * value
            current = 0
        elif value == 100 and 0 < current < 100:
            current *= 100
        else:
            current += value
    return Decimal(total + current) if seen else None


def _german(word: str) -> int | None:
    """ "zweihundertfünfzig" is one word: taken apart at tausend, hundert and und."""
    units = _UNITS["de"]
    if not any(part in word for part in ("hundert", "tausend", "zig", "ßig")):
        return None
    match = _GERMAN.fullmatch(word)
    if not match:
        return None
    total = 0
    if "tausend" in word:
        before = match["thousands"]
        thousands = 1 if not before else units.get(before, _german(before) or 0)
        if not thousands:
            return None
        total += 1000 * thousands
    if "hundert" in word.rpartition("tausend")[2]:
        total += 100 * (units.get(match["hundreds"], 0) if match["hundreds"] else 1)
    for name in ("ones", "tens", "small"):
        if match[name]:
            if match[name] not in units:
                return None
            total += units[match[name]]
    return total
