"""Text → amounts: `read_amounts` finds what looks like money in a text.

Every local format is read, in `figures` and in words (`spelled`). What one mark before three digits means ("1.234") is
settled here by the currency, the language or the other numbers of the text, or both readings are kept.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from triage.understanding import currencies
from triage.understanding.amounts import Amount
from triage.understanding.figures import amounts_in_figures, is_conventional
from triage.understanding.findings import Language
from triage.understanding.numbers import NUMBER, Mark, decimal_mark
from triage.understanding.signs import settle_currency
from triage.understanding.spelled import amounts_in_words

_NUMBER: Final = re.compile(NUMBER)


def read_amounts(
    text: str, language: Language | None = None, *, implied: AbstractSet[str] = frozenset()
) -> list[Amount]:
    """Every number in the text that may be money, in order; `implied` are currencies that the mail points to."""
    found = amounts_in_figures(text, language, implied)
    found += amounts_in_words(text, language, found)
    found.sort(key=lambda amount: amount.start)
    marks = {mark for amount in found if (mark := decimal_mark(_digits(text[amount.start : amount.end])))}
    return [_settled(amount, text, language, marks, implied) for amount in found]


def _settled(
    amount: Amount, text: str, language: Language | None, marks: AbstractSet[Mark], implied: AbstractSet[str]
) -> Amount:
    currency = settle_currency(amount.currency, implied)
    if not amount.alternatives:
        return amount if currency == amount.currency else replace(amount, currency=currency)
    thousands_mark: Mark = "." if "." in _digits(text[amount.start : amount.end]) else ","
    open_ = not (
        currency in currencies.WHOLE
        or is_conventional(language, currency, thousands_mark)
        or marks == {"," if thousands_mark == "." else "."}
    )
    return replace(amount, currency=currency, alternatives=amount.alternatives if open_ else ())


def _digits(text: str) -> str:
    match = _NUMBER.search(text)
    return match[0] if match else ""
