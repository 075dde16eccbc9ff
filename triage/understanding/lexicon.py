"""Words and phrases of the rules, found in a text by spaCy: `Lexicon.read` gives the tokens and every phrase hit.

An empty vocabulary and one PhraseMatcher for all languages, no statistics. Text is folded first (case, accents) without
moving a character, so places in tokens are places in the text. A star at the end of a word of a phrase stands for any
ending, one before it for any beginning: words are matched by the shortest such part that they have, and the hit is then
checked word by word. Words that no phrase has are all the same to the matcher, so that spaCy's vocabulary does not grow
with every mail that a daemon reads.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

from triage.imports import without

if TYPE_CHECKING:
    from spacy.tokens import Doc

#: letters, digits, or one other character; so "RE2201" and "49€" come apart and every language is cut alike
_WORD: Final = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")
#: what every word is to the matcher that no phrase has
UNKNOWN: Final = "\ufffd"
#: words whose form is remembered; a language has no more in daily use
MOST_FORMS: Final = 100_000
#: typed for an umlaut where the keyboard has none
_UMLAUTS: Final = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"))


Words = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A phrase found in a text."""

    #: the group that the phrase belongs to ("label.invoice")
    name: str
    #: first token, and the one after the last
    first: int
    last: int
    #: characters of the text
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A text cut into tokens, with the phrases found in it, in order of their place."""

    #: folded words
    words: tuple[str, ...]
    #: where each begins in the text
    starts: tuple[int, ...]
    hits: tuple[Hit, ...]

    def token_at(self, place: int) -> int:
        """The token that stands at or after that character."""
        token = bisect_right(self.starts, place) - 1
        inside = token >= 0 and self.starts[token] + len(self.words[token]) > place
        return token if inside else token + 1

    def of(self, section: str) -> Sequence[Hit]:
        """The hits of the groups whose name begins so ("label"), in order of their place."""
        return self._sections.get(section, ())

    @cached_property
    def _sections(self) -> Mapping[str, Sequence[Hit]]:
        sections: dict[str, list[Hit]] = {}
        for hit in self.hits:
            sections.setdefault(hit.name.partition(".")[0], []).append(hit)
        return sections


class Lexicon:
    """Groups of phrases by name and language, ready to be looked for."""

    def __init__(self, groups: Mapping[str, Mapping[str, Iterable[str]]]) -> None:
        """`groups`: name → language → phrases; the language "*" counts in texts of every language."""
        # spaCy takes long to import: only who looks for phrases pays for it. Matching needs no torch, which takes two
        # seconds and 180 MB where it is installed, and nobody here its command line, which brings its downloads
        with without({"torch": None, "spacy.cli.info": SimpleNamespace(info=None)}):
            from spacy.matcher import PhraseMatcher
            from spacy.tokens import Doc
            from spacy.vocab import Vocab
        self._vocab = Vocab()
        self._doc = Doc
        phrases = {
            (name, language, words)
            for name, by_language in groups.items()
            for language, texts in by_language.items()
            for text in texts
            for words in _spellings(text, language)
        }
        starred = {word for _, _, words in phrases for word in words if len(word) > 1 and "*" in word}
        self._beginnings = _shortest({word[:-1] for word in starred if word.endswith("*")})
        self._endings = frozenset(word[1:] for word in starred if word.startswith("*"))
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})
        self._tails = sorted({len(ending) for ending in self._endings})
        self._known = {word for _, _, words in phrases for word in words if "*" not in word or word == "*"}
        self._forms: dict[str, int] = {}
        self._languages = {language for _, language, _ in phrases} - {"*"}
        #: by spaCy's numbers of their canonical words: group, language and own words; no words for a phrase of
        #: canonical words, as most are: whatever has their numbers is the phrase
        self._phrases: dict[tuple[int, ...], list[tuple[str, str, Words]]] = {}
        for name, language, words in sorted(phrases):
            own = () if all(self._form(word) == word for word in words) else words
            self._phrases.setdefault(tuple(map(self._canonical, words)), []).append((name, language, own))
        self._matcher = PhraseMatcher(self._vocab)
        for numbers in self._phrases:
            # one by one: each takes 3 kB until it has been added
            self._matcher.add("phrase", [self._numbered(list(numbers))])

    def read(self, text: str, language: str) -> Reading:
        """Tokens and hits; phrases of all languages where the language is none of those of the rules."""
        folded = fold(text)
        matches = list(_WORD.finditer(folded))
        words = tuple([match[0] for match in matches])
        starts = tuple([match.start() for match in matches])
        spoken = {language, "*"} if language in self._languages else {*self._languages, "*"}
        forms = self._forms
        canonical = [forms.get(word) or self._canonical(word) for word in words]
        doc = self._numbered(canonical)
        hits = []
        for _, first, last in self._matcher(doc):
            for name, of, phrase in self._phrases[tuple(canonical[first:last])]:
                if of in spoken and (not phrase or all(map(_fits, phrase, words[first:last]))):
                    end = starts[last - 1] + len(words[last - 1])
                    hits.append(Hit(name=name, first=first, last=last, start=starts[first], end=end))
        hits.sort(key=lambda hit: (hit.start, -hit.end, hit.name))
        return Reading(words=words, starts=starts, hits=tuple(hits))

    def _numbered(self, words: list[int]) -> "Doc":
        # spaCy takes numbers of words as well as words, and need not look them up then
        return self._doc(self._vocab, words=words)  # type: ignore[arg-type]

    def _canonical(self, word: str) -> int:
        """The word as it is matched, by spaCy's number: its shortest known part with a star, itself, or UNKNOWN."""
        form: int = self._vocab.strings.add(self._form(word))
        if len(self._forms) < MOST_FORMS:
            self._forms[word] = form
        return form

    def _form(self, word: str) -> str:
        for length in self._tails:
            if word[-length:] in self._endings:
                return "*" + word[-length:]
        for length in self._lengths:
            if word[:length] in self._beginnings and len(word.rstrip("*")) >= length:
                return word[:length] + "*"
        return word if word in self._known else UNKNOWN


class _Folding(dict[int, str]):
    """Character → folded character, filled as characters are met, up to a bound that a hostile mail cannot pass."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        lower = letter.lower()
        base = unicodedata.normalize("NFD", lower)[:1] if len(lower) == 1 else letter
        if len(self) < 4096:
            self[code] = base
        return base


_FOLDING: Final = _Folding()


def fold(text: str) -> str:
    """Lower case without accents, of exactly the same length."""
    return text.translate(_FOLDING)


def _fits(pattern: str, word: str) -> bool:
    if len(pattern) > 1 and pattern.endswith("*"):
        return word.startswith(pattern[:-1])
    if len(pattern) > 1 and pattern.startswith("*"):
        return word.endswith(pattern[1:])
    return word == pattern


def _spellings(text: str, language: str) -> set[tuple[str, ...]]:
    """The words of a phrase, folded, and for German also as typed without umlauts."""
    texts = {text}
    if language in ("de", "*"):
        typed = text.lower()
        for umlaut, letters in _UMLAUTS:
            typed = typed.replace(umlaut, letters)
        texts.add(typed)
    return {words for each in texts if (words := _cut(each))}


def _cut(text: str) -> tuple[str, ...]:
    words: list[str] = []
    for match in re.finditer(r"\*?[^\W\d_]+\*?|\d+|[^\w\s]|_", fold(text)):
        words.append(match[0])
    return tuple(words)


def _shortest(beginnings: set[str]) -> frozenset[str]:
    """Of beginnings that begin with one another, the shortest."""
    kept: list[str] = []
    for beginning in sorted(beginnings):
        # in sorted order the shorter one stands before all that begin with it
        if not (kept and beginning.startswith(kept[-1])):
            kept.append(beginning)
    return frozenset(kept)
