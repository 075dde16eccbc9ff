"""Amounts in words: "five hundred euros", "R$ dois mil", "forty-nine pounds ninety-nine"."""

import re
from decimal import Decimal
from typing import Final

import re2

from triage.understanding import currencies
from triage.understanding.amounts import Amount
from triage.understanding.findings import Language
from triage.understanding.numbers import read_words
from triage.understanding.signs import either

_NAME_AFTER_WORD: Final = re.compile(rf"(?<=[^\W\d_] )(?i:{either(currencies.NAMES)})(?![^\W\d_])")
#: whether there is one at all, which RE2 tells in one pass
_MAY_BE_IN_WORDS: Final = re2.compile(rf"(?i)[^\s\d] (?:{either(currencies.NAMES)})")
_NUMBER_WORDS: Final = re.compile(r"(?:[^\W\d_]+[ -]){1,6}\Z")
#: a sign before number words ("R$ dois mil"), and words for the hundredths behind the name ("and fifty cents")
_SIGN_BEFORE_WORDS: Final = re.compile(r"[$€£](?=[ \u00a0]?[^\W\d_]{3})")
_SIGNS: Final = currencies.SIGNS
_WORDS_AFTER: Final = re.compile(r"[ \u00a0]?(?:[^\W\d_]+(?:[ -]|\b)){1,6}")
_WORD: Final = re.compile(r"[^\W\d_]+")
_CENTS_IN_WORDS: Final = re.compile(r"[ \u00a0](?:(?:and|y|e|et|und|con|com|with)[ \u00a0])?(?=[^\W\d_]{3})")
_CENTS_UNIT: Final = re.compile(rf"[ \u00a0](?:{either(currencies.CENTS)})(?!\w)", re.IGNORECASE)
_CLAUSE_ENDS: Final = re.compile(r"\s*(?:[.!?,;:)]|\n|\Z)")
#: words that read_words passes over, which end no number
_LINKING: Final = frozenset({"and", "y", "e", "et", "und", "de", "d"})


def amounts_in_words(text: str, language: Language | None, found: list[Amount]) -> list[Amount]:
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


def _said(text: str, start: int, language: Language) -> tuple[Decimal, int]:
    """The number that the longest run of words from here on says, and where it ends; 0 when there is none."""
    run = _WORDS_AFTER.match(text, start)
    words = list(_WORD.finditer(text, start, run.end())) if run else []
    for last in range(len(words), 0, -1):
        value = read_words([word[0].lower() for word in words[:last]], language)
        if value is not None and words[last - 1][0].lower() not in _LINKING:
            return value, words[last - 1].end()
    return Decimal(0), start
