"""The signs, names and codes that stand beside a number, and what they mean there: "US$", "Euro", "R" for rand.

One that several currencies share stays as it is (`SHARED`) until `settle_currency` hears what the rest of the mail
points to.
"""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from triage.understanding import currencies
from triage.understanding.findings import Language
from triage.understanding.numbers import SPACES

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
#: the currencies whose signs are letters that mean other things, too
LETTERS: Final = frozenset(currencies.LETTERS.values())
#: how a shared name is shown when nothing settles it
_OPEN: Final = {"peso": "$", "franc": "franc", "dirham": "dirham"}
#: between a number and its sign
SPACE: Final = rf"[{SPACES}\t]"
#: what a number is counted in: "1.2k", "1,5 Mio."
MULTIPLIERS: Final = {
    "k": 1000, "mil": 1000, "thousand": 1000, "tausend": 1000, "tsd": 1000, "tsd.": 1000, "m": 10**6, "mm": 10**6,
    "mio": 10**6, "mio.": 10**6, "million": 10**6, "millions": 10**6, "millionen": 10**6, "millones": 10**6,
    "millón": 10**6, "milhões": 10**6, "milhoes": 10**6, "milhão": 10**6, "mn": 10**6, "mil millones": 10**9,
    "bn": 10**9, "billion": 10**9, "milliard": 10**9, "milliards": 10**9, "milliarden": 10**9, "mrd": 10**9,
    "mrd.": 10**9, "bilhões": 10**9, "bilhão": 10**9, "lakh": 10**5, "lakhs": 10**5, "crore": 10**7, "crores": 10**7,
}  # fmt: skip


def either(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first ("us dollars" is not "us"); each first letter is tried once."""
    by_letter: dict[str, list[str]] = {}
    for word in sorted(words, key=lambda word: (-len(word), word)):
        by_letter.setdefault(word[0], []).append(re.escape(word[1:]))
    return "|".join(f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())


_AFTER_NAMES: Final = {*currencies.SIGNS, *currencies.NAMES, *currencies.CENTS} - currencies.BEFORE_ONLY
_BEFORE_NAMES: Final = ({*currencies.SIGNS} - currencies.AFTER_ONLY) | {"euro", "euros", "eur"}
_CODE: Final = "[A-Z]{3}|eur|usd|gbp|brl|chf|cad|aud|mxn|pln|czk|inr|sek|nok|dkk|huf|ron|nzd|sgd|cny|jpy"
#: behind the number: a dash for its cents, a multiplier, a minus as statements have it, the sign
AFTER: Final = re.compile(
    rf"(?P<dash>(?:[.,][-–—]{{1,2}}|:-|/[-=])(?!\w))?"
    rf"(?:{SPACE}?(?P<times>(?i:{either(MULTIPLIERS)}))(?![^\W\d_]|\. ?[nN]\b))?"
    rf"(?:(?P<gap>{SPACE}{{0,2}}\n?|(?P<minus>(?<=[.,]\d\d)-{SPACE})|-)(?P<of>(?i:de|d'|of) ?)?"
    rf"(?:(?P<name>(?i:{either(_AFTER_NAMES)}))|(?P<code>{_CODE}))(?P<plural>(?<=[^\W\d_])(?![^\W\d_])|(?<=[\W_])))?"
)
#: read backwards from the number: the sign, then spaces, a colon, a minus
BEFORE: Final = re.compile(
    rf"(?P<minus>[-–−]{SPACE}?)?(?P<bracket>\((?=\$|€|£))?{SPACE}{{0,2}}:?{SPACE}{{0,2}}"
    rf"(?:(?P<name>(?i:{either(name[::-1] for name in _BEFORE_NAMES)}))|(?P<code>[A-Z]{{3}}|rue|dsu|pbg|fhc|lrb))"
    rf"(?P<edge>(?<=[^\W\d_])(?![^\W\d_])|(?<=[\W_]))"
)
BRACKETED: Final = re.compile(rf"{SPACE}?\((?:(?P<sign>[€£$])|(?P<code>[A-Z]{{3}}))\)")
_BRACKETED_LABEL: Final = re.compile(rf"\w{SPACE}?\((?:(?P<sign>[€£$])|(?P<code>[A-Z]{{3}}))\){SPACE}?:?{SPACE}*\Z")
_FOLLOWING: Final = re.compile(rf"{SPACE}?(\d+)([.,]\d)?")
_OF: Final = re.compile(rf"{SPACE}(?:of|de|d'){SPACE}?\w")
CENTS: Final = re.compile(r"[.,]\d{2}$")
_SPOKEN: Final = ("en", "es", "pt", "fr", "de")
#: read backwards: "am Fr. 12.12." is a day
_ON_FRIDAY: Final = re.compile(r" (?:ma|mov|muz|sib|ties|ba)\b")


def meaning_in_brackets(text: str, past: int, start: int, behind: re.Match[str] | None) -> str | None:
    """The currency in brackets behind a number ("45,00 (EUR)"), or behind its label ("Total (USD): 45.00")."""
    found = behind or _BRACKETED_LABEL.search(text[max(past, start - 12) : start])
    return _meaning(found["sign"], found["code"], None) if found else None


def belongs_to_next(text: str, after: re.Match[str], language: Language | None, *, signed: bool) -> bool:
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


def meaning_before(
    before: re.Match[str], digits: str, language: Language | None, letters: AbstractSet[str]
) -> str | None:
    """The currency that the match of `BEFORE` names; None where it is a word, or names something else."""
    name, code = _reversed(before, "name"), _reversed(before, "code")
    if code in currencies.WORDLIKE and len(digits) < 3:
        return None
    if is_doubtful(before, digits, letters) and len(digits) < 3:
        return None
    if name and name.lower() == "fr." and _ON_FRIDAY.match(before.string, before.end()):
        return None
    word = name or code or ""
    if before["minus"] and word.isalpha() and before[0].startswith(f"-{word[::-1]}"):
        # "RS-30871" names something
        return None
    return _meaning(name, code, language)


def is_doubtful(before: re.Match[str], digits: str, letters: AbstractSet[str]) -> bool:
    """Whether letters before a number may be no sign: "R 720" is a server, or rand if the words say so."""
    name = _reversed(before, "name")
    letter = currencies.LETTERS.get(name.lower()) if name else None
    return letter is not None and letter not in letters and not CENTS.search(digits)


def meaning_after(after: re.Match[str], digits: str, language: Language | None) -> str | None:
    """The currency that the match of `AFTER` names, "cent" for hundredths; None where it is a word or a weight."""
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


def settle_currency(currency: str | None, implied: AbstractSet[str]) -> str | None:
    """A shared sign as the one currency that the mail points to; the bare sign where it points to none or several."""
    if currency is None or currency not in SHARED:
        return currency
    candidates = SHARED[currency] & implied
    if len(candidates) == 1:
        return next(iter(candidates))
    return _OPEN.get(currency, currency)
