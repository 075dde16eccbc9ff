"""Words whose accented letters a gateway has turned into question marks: "facturaci?n", "cr\ufffddito" → "crédito".

A word is put right where just one known word has the same letters around the signs, or where its ending leaves one
letter. Everything else stays as it is: questions, addresses, codes, and a destroyed sign of money most of all. Every
sign becomes one letter, so that places in the text stay what they were.
"""

import re
from pathlib import Path
from typing import Final

#: what stands where a letter was
_SIGNS: Final = "?\ufffd"
#: whether there is anything to look at: a question ends before a space
_MAYBE: Final = re.compile(r"\ufffd|\?[^\W\d_]")
#: a stretch without spaces that has a sign; longer ones are no words
_STRETCH: Final = re.compile(r"(?<!\S)[^\s?\ufffd]{0,40}[?\ufffd]\S{0,40}(?!\S)")
#: what stands in addresses, codes and sums, never in words
_NO_WORDS: Final = re.compile(r"[\d/\\@=&#_<>|%+*~^{}\[\]€$£]|[.:;,]\w")
_WORD: Final = re.compile(r"[^\W\d_]*(?:[?\ufffd][^\W\d_]*)+")
#: a word that may end in a sign or in a question; only where the sentence goes on is it looked up
_LAST: Final = re.compile(r"(?<!\S)[^\W\d_]{2,40}\?(?= [a-zà-ÿ])")
#: endings that leave one reading, and the letters that they have lost
_ENDINGS: Final = (
    (re.compile(r"(?:[a-z]{2,}[cgsx]|[a-z]+est)i\?n"), "ó"),
    (re.compile(r"[a-z]{2,}[aiup]\?\?o"), "çã"),
    (re.compile(r"[a-z]{2,}[aiup]\?\?es"), "çõ"),
    (re.compile(r"[a-z]{2,}s\?o"), "ã"),
    # French apostrophes; before other vowels, or fewer letters, it can have been an umlaut
    (re.compile(r"[cdjlmnst]\?(?=[a-zà-ÿ]{3})(?:[aeio]|h[io])[a-zà-ÿ]+|[dl]\?une?|j\?ai"), "’"),
    (re.compile(r"(?:jus|lors|puis)?qu\?(?:[aeio]|un)[a-zà-ÿ]+"), "’"),
)


def restore(text: str) -> str:
    """`text` with destroyed letters put back where one reading is clearly likelier; as long as before."""
    if ("?" not in text and "\ufffd" not in text) or not _MAYBE.search(text):
        return text
    mended = _STRETCH.sub(_in_stretch, text)
    # a mail that has lost letters within words has lost the last ones too
    return _LAST.sub(lambda found: _word(found[0]) or found[0], mended) if mended != text else text


def _in_stretch(found: re.Match[str]) -> str:
    return found[0] if _NO_WORDS.search(found[0]) else _WORD.sub(_mend, found[0])


def _mend(found: re.Match[str]) -> str:
    """The word, alone or with a question mark of its sentence before or behind it."""
    word = found[0]
    behind = "?" if word.endswith("?") else ""
    core = word.removesuffix("?")
    before = "" if _word(core) else "?" if core.startswith("?") else ""
    core = core.removeprefix(before)
    return before + (_word(core) or core) + behind


def _word(word: str) -> str | None:
    """The one word that this can have been, with its capitals; None where there is none."""
    key = word.lower().replace("\ufffd", "?")
    if "?" not in key or len(key) != len(word):
        return None
    letters = _letters(key)
    if letters is None:
        return None
    shouted = sum(map(str.isalpha, word)) > 1 and word.upper() == word
    left = iter(letters)
    return "".join(_in_case(next(left), shouted=shouted) if sign in _SIGNS else sign for sign in word)


def _letters(key: str) -> str | None:
    """What stood at the signs of a word."""
    if known := _KNOWN.get(key):
        return "".join(letter for letter, sign in zip(known, key, strict=True) if sign == "?")
    return next((letters for ending, letters in _ENDINGS if ending.fullmatch(key)), None)


def _in_case(letter: str, *, shouted: bool) -> str:
    return letter.upper() if shouted and len(letter.upper()) == 1 else letter


#: common words of letters about bills in five languages that no other word is like once their accents are gone
_WORDS: Final = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
_KNOWN: Final = {re.sub(r"[^a-z]", "?", word.lower()): word for word in _WORDS.split()}
