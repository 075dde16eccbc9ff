"""Mails that a person has corrected, so that the same mail and its near copies come out right at once.

What is kept of a mail is a set of hashed word triples, without digits and accents: enough to know it again with another
invoice number in it, and nothing that could be read.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from triage.errors import ModelError
from triage.understanding.classify import Classifier, Thresholds, Words
from triage.understanding.findings import REASONS, Evidence, Verdict
from triage.understanding.heads import NONE

#: share of word triples that two mails have in common to count as copies (Jaccard)
LIKENESS = 0.6
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
    triples: frozenset[int]


class Memory:
    """Corrected mails; a later one takes the place of its earlier copies."""

    def __init__(self, mails: Sequence[Remembered] = ()) -> None:
        self.mails = tuple(mails)
        self._holding: dict[int, list[int]] = {}
        for at, mail in enumerate(self.mails):
            for triple in mail.triples:
                self._holding.setdefault(triple, []).append(at)

    def label(self, words: Words) -> str | None:
        """What a person said of this mail or of one very like it; None when there was none."""
        triples = fingerprint(words)
        shared = Counter(at for triple in triples for at in self._holding.get(triple, ()))
        best: tuple[float, int] | None = None
        for at, count in shared.items():
            likeness = count / (len(triples) + len(self.mails[at].triples) - count)
            best = max(best or (0.0, -1), (likeness, at))
        if best is None or best[0] < (1.0 if len(triples) < SHORT else LIKENESS):
            return None
        return self.mails[best[1]].label

    def save(self, path: Path) -> None:
        """Write as JSON."""
        rows = [{"label": mail.label, "triples": sorted(mail.triples)} for mail in self.mails]
        path.write_text(json.dumps({"mails": rows}, separators=(",", ":")) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Memory":
        """Read what `save` wrote; raises ModelError for anything else."""
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))["mails"]
            mails = [Remembered(label=row["label"], triples=frozenset(map(int, row["triples"]))) for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path} cannot be read: {error}") from error
        if strange := {mail.label for mail in mails} - {NONE, *REASONS}:
            raise ModelError(f"{path} has unknown labels: {', '.join(sorted(strange))}")
        return cls(mails)


class Remembering:
    """A classifier with a memory before it."""

    def __init__(self, learned: Classifier, memory: Memory) -> None:
        self._learned = learned
        self._memory = memory

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
        labels = [self._memory.label(words) for words in mails]
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
        return Verdict(probability=probability, reasons=reasons, model=verdict.model + OVERRULED)


#: stands behind the model's name in the record when a correction has decided
OVERRULED = ", as corrected by a person"


def fingerprint(words: Words) -> frozenset[int]:
    """Hashes of the word triples of subject and reply, without case, accents and digits."""
    plain = unicodedata.normalize("NFKD", f"{words.subject} {words.reply}").casefold()
    found = _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))
    triples = {" ".join(found[at : at + 3]) for at in range(max(len(found) - 2, 1))}
    return frozenset(int.from_bytes(blake2b(triple.encode(), digest_size=6).digest()) for triple in triples)
