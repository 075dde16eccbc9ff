"""Mails that a person has corrected, so that the same mail and its near copies come out right at once.

What is kept of a mail are its hashed word triples, without digits and accents: enough to know it again with another
invoice number in it, and nothing that could be read.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import groupby

from triage.understanding.classify import Classifier, Thresholds, Words
from triage.understanding.findings import REASONS, Evidence, Verdict
from triage.understanding.heads import NONE

#: share of word triples that two mails have in common to count as copies (Jaccard)
LIKENESS = 0.6
#: triples in a row that a copy may have for itself: a name or an address differs, a whole passage says something else
#: (two letters out of the same contact form share most of their words, and not what they are about)
PASSAGE = 10
#: mails with fewer triples must be the same, word for word
SHORT = 12
#: probability of what a person has said; not 1, because a near copy is not the same mail
SURE = 0.99

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """One corrected mail."""

    #: reason, or "none"
    label: str
    #: as `fingerprint` gives them
    triples: tuple[int, ...]


class Memory:
    """Corrected mails, oldest first; a later one takes the place of its earlier copies."""

    def __init__(self, mails: Sequence[Remembered] = ()) -> None:
        self._mails = tuple(mails)
        self._sets = [frozenset(mail.triples) for mail in self._mails]
        self._holding: dict[int, list[int]] = {}
        for at, triples in enumerate(self._sets):
            for triple in triples:
                self._holding.setdefault(triple, []).append(at)

    def __len__(self) -> int:
        return len(self._mails)

    def label(self, words: Words) -> str | None:
        """What a person said of this mail or of one very like it; None when there was none."""
        if not self._mails:
            return None
        triples = fingerprint(words)
        mine = frozenset(triples)
        shared = Counter(at for triple in mine for at in self._holding.get(triple, ()))
        likeness = {at: count / (len(mine) + len(self._sets[at]) - count) for at, count in shared.items()}
        enough = 1.0 if len(mine) < SHORT else LIKENESS
        for at in sorted(likeness, key=lambda at: (likeness[at], at), reverse=True):
            if likeness[at] < enough:
                return None
            longest = max(_passage(triples, self._sets[at]), _passage(self._mails[at].triples, mine))
            if longest <= PASSAGE:
                return self._mails[at].label
        return None


def _passage(triples: Sequence[int], known: Collection[int]) -> int:
    """How many triples in a row the other mail does not have, at most."""
    runs = groupby(triples, key=lambda triple: triple in known)
    return max((len(list(run)) for is_known, run in runs if not is_known), default=0)


class Remembering:
    """A classifier with a memory before it."""

    def __init__(self, learned: Classifier, memory: Memory | None = None) -> None:
        self._learned = learned
        #: replaced when people have said more
        self.memory = memory or Memory()

    @property
    def name(self) -> str:
        """Name and version of the classifier behind it."""
        return self._learned.name

    @property
    def thresholds(self) -> Thresholds:
        """Those of the classifier behind it."""
        return self._learned.thresholds

    def score(self, mails: Sequence[Words]) -> list[Verdict]:
        """A verdict for each mail; what a person has said of a copy of it goes before what the model says."""
        verdicts = self._learned.score(mails)
        labels = [self.memory.label(words) for words in mails]
        return [
            verdict if label is None else self._said(label, verdict)
            for verdict, label in zip(verdicts, labels, strict=True)
        ]

    def evidence(self, words: Words, verdict: Verdict) -> tuple[Evidence, ...]:
        """The words that moved the model; where it was overruled there are none."""
        return () if verdict.model.endswith(OVERRULED) else self._learned.evidence(words, verdict)

    def _said(self, label: str, verdict: Verdict) -> Verdict:
        sure = max(SURE, self.thresholds.auto)
        probability = 1 - SURE if label == NONE else sure
        reasons = verdict.reasons
        if label != NONE:
            reasons = {reason: SURE if reason == label else (1 - SURE) / (len(REASONS) - 1) for reason in REASONS}
        model = verdict.model + OVERRULED
        return replace(verdict, probability=probability, reasons=reasons, evidence=(), model=model)


#: stands behind the model's name in the record when a correction has decided
OVERRULED = ", as corrected by a person"


def fingerprint(words: Words) -> tuple[int, ...]:
    """Hashes of the word triples of subject and reply, in order, without case, accents and digits."""
    plain = unicodedata.normalize("NFKD", f"{words.subject} {words.reply}").casefold()
    found = _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))
    triples = (" ".join(found[at : at + 3]) for at in range(max(len(found) - 2, 1)))
    return tuple(int.from_bytes(blake2b(triple.encode(), digest_size=6).digest()) for triple in triples)
