"""The back end "none": the weighted phrases of rules/phrases.toml, and nothing else.

Log odds of every group of phrases that a mail has are added up, each group once. All phrases of a language are one RE2
automaton, so a mail is read once however many there are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from triage.understanding.classify import Thresholds, Words
from triage.understanding.findings import LANGUAGES, REASONS, Evidence, Verdict
from triage.understanding.heads import sigmoid
from triage.understanding.lexicon import fold
from triage.understanding.rules import Patterns, Phrase

#: phrases are a coarse measure: nothing is acknowledged on their word alone
THRESHOLDS = Thresholds(auto=1.0, review=0.3)
#: letters of the text that are read; a mail that says nothing in so many says nothing
LONGEST = 100_000
#: log odds of a reason that nothing speaks for
FLOOR = -2.0
#: of the automaton of one language
MEMORY = 64 << 20

_UMLAUTS = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"))


@dataclass(frozen=True, kw_only=True)
class _Sought:
    """A phrase and the pattern that finds its place."""

    phrase: Phrase
    pattern: Any


class PhraseClassifier:
    """Scores mails by the phrases in them; no network, thousands of mails a second."""

    def __init__(self, patterns: Patterns) -> None:
        self._bias = patterns.bias
        self._version = patterns.version
        self._lists = {
            language: _compiled([phrase for phrase in patterns.phrases if language in (phrase.language, "other")])
            for language in (*LANGUAGES, "other")
        }

    @property
    def name(self) -> str:
        """ "phrases" and the digest of the rules."""
        return f"phrases {self._version}"

    @property
    def thresholds(self) -> Thresholds:
        """No automatic band: a person decides."""
        return THRESHOLDS

    def score(self, mails: Sequence[Words]) -> list[Verdict]:
        """A verdict for each mail, in their order, without evidence."""
        return [self._verdict(words) for words in mails]

    def evidence(self, words: Words, verdict: Verdict) -> tuple[Evidence, ...]:
        """The phrases of the reply that speak for a dispute, the weightiest first; the first of each group."""
        text = fold(words.reply[:LONGEST])
        whole = self._bias + sum(_weights(self._found(words)).values())
        found: dict[str, Evidence] = {}
        for sought in self._hits(words.language, text):
            if sought.phrase.weight <= 0 or sought.phrase.group in found:
                continue
            start, end = sought.pattern.search(text).span(1)
            found[sought.phrase.group] = Evidence(
                start=start,
                end=end,
                text=words.reply[start:end],
                weight=sigmoid(whole) - sigmoid(whole - sought.phrase.weight),
            )
        return tuple(sorted(found.values(), key=lambda each: (-each.weight, each.start)))

    def _verdict(self, words: Words) -> Verdict:
        phrases = self._found(words)
        weights: dict[str, float] = {}
        for phrase in phrases:
            if phrase.reason:
                weights[phrase.reason] = max(weights.get(phrase.reason, 0.0), phrase.weight)
        return Verdict(
            probability=sigmoid(self._bias + sum(_weights(phrases).values())), reasons=_shares(weights), model=self.name
        )

    def _found(self, words: Words) -> list[Phrase]:
        text = fold(f"{words.subject}\n{words.reply[:LONGEST]}")
        return [sought.phrase for sought in self._hits(words.language, text)]

    def _hits(self, language: str, folded: str) -> list[_Sought]:
        automaton, sought = self._lists.get(language, self._lists["other"])
        return [sought[at] for at in sorted(automaton.Match(folded) or ())]


def _weights(phrases: Sequence[Phrase]) -> dict[str, float]:
    """Group → weight, each group once."""
    return {phrase.group: phrase.weight for phrase in phrases}


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    """Reasons as shares of one."""
    raised = {reason: math.e ** weights.get(reason, FLOOR) for reason in REASONS}
    # "other" stands for all that no phrase knows.
    raised["other"] = max(raised["other"], 1.0)
    total = sum(raised.values())
    return {reason: value / total for reason, value in raised.items()}


def _compiled(phrases: Sequence[Phrase]) -> tuple[Any, list[_Sought]]:
    options = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    automaton = re2.Set.SearchSet(options)
    sought = []
    for phrase in phrases:
        pattern = _pattern(phrase)
        automaton.Add(pattern)
        sought.append(_Sought(phrase=phrase, pattern=re2.compile(pattern, options=options)))
    automaton.Compile()
    return automaton, sought


def _pattern(phrase: Phrase) -> str:
    """A phrase as RE2 over folded text: whole words, any white space between them, German also without umlauts."""
    spellings = {phrase.text}
    if phrase.language == "de":
        typed = phrase.text.lower()
        for umlaut, letters in _UMLAUTS:
            typed = typed.replace(umlaut, letters)
        spellings.add(typed)
    # RE2 knows word edges of ASCII only; folded text is little else.
    return rf"\b({'|'.join(sorted(map(_words, spellings)))})\b"


def _words(text: str) -> str:
    words = [re2.escape(word.removesuffix("*")) + (r"\w*" if word.endswith("*") else "") for word in fold(text).split()]
    return r"\s+".join(words).replace(r"\'", "['’´`]")
