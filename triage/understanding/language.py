"""In which of our languages is this written? `language_of` answers with one of them, or "other".

A detector that knows only our five languages takes Italian for Spanish and Dutch for German, and the customer gets
a letter in a language that he did not write. So the neighbours are asked as well, and "other" is an answer. Galician,
Luxembourgish and their like share most of their words with ours: they need more certainty before they count.
"""

import re
from array import array
from functools import cache
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import Final, cast

import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

from triage.understanding.findings import LANGUAGES, Language

#: languages that a mailbox in Europe or the Americas meets, beside ours (ISO 639-1)
FOREIGN: Final = (
    *("it", "nl", "pl", "ca", "gl", "ro", "da", "sv", "no", "nn", "fi", "cs", "sk", "hu", "hr", "sl", "bs", "lt"),
    *("lv", "et", "sq", "mt", "eu", "tr", "el", "ru", "uk", "bg", "sr", "he", "ar", "fa", "zh", "ja", "ko", "vi"),
    *("id", "th", "hi", "af", "lb", "cy", "ga", "is", "oc"),
)
#: languages so near to one of ours that a sentence or two is often taken for them
NEAR: Final = frozenset({"gl", "oc", "lb"})
#: as much of the text as is read; more changes nothing
READ: Final = 800
#: below this many letters a text is too short to be trusted against what is known of the thread
SHORT: Final = 24

_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|(?<!\S)\S+@\S+|[\d_<>|*=#-]+")


def language_of(text: str, *, hint: str | None = None) -> Language:
    """The language of the text; of a very short one, the hint (ISO 639-1, a region allowed) where there is one."""
    words = _NO_WORDS.sub(" ", text[: 2 * READ])[:READ].strip()
    letters = sum(map(str.isalpha, words))
    known = _known(hint)
    if not letters:
        return known or "other"
    identifier = _identifier()
    ranked = dict(identifier.rank(words))
    ours = cast(Language, max(LANGUAGES, key=lambda code: ranked[code]))
    foreign = sum(share for code, share in ranked.items() if code not in LANGUAGES and _counts(code, share))
    if letters < SHORT:
        if known and ranked[ours] < 0.95:
            return known
        return ours if foreign < 0.9 else "other"
    return ours if foreign < 0.7 else "other"


def _counts(code: str, share: float) -> bool:
    return code not in NEAR or share >= 0.85


def _known(hint: str | None) -> Language | None:
    """The hint as one of our words: "pt-BR" is "pt", a language that is none of ours is "other"."""
    if not hint:
        return None
    code = re.split(r"[-_]", hint.strip().lower())[0]
    return cast(Language, code) if code in LANGUAGES else "other"


@cache
def _identifier() -> LanguageIdentifier:
    """The detector, loaded once, when the first text asks for it."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([*LANGUAGES, *FOREIGN])
    # a text asks for some hundred rows of this table
    identifier.nb_ptc = np.ascontiguousarray(identifier.nb_ptc)
    # it would keep the other ninety languages for a later choice: 30 MB
    identifier._full_model = identifier.nb_ptc, identifier.nb_pc, identifier.nb_classes
    # a hundred thousand small numbers each, which as objects take 8 MB
    identifier._rowbase = array("I", identifier._rowbase)
    identifier.tk_output = array("i", identifier.tk_output)
    # Most of its table of moves is for scripts that nobody writes to us in: 40 MB that may stay on the disk.
    moves = identifier.tk_nextmove
    with TemporaryFile() as file:
        moves.tofile(file)
        file.flush()
        identifier.tk_nextmove = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ)).cast(moves.typecode)
    return identifier
