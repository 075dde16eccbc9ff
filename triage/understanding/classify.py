"""The words that a classifier reads, the protocol that every classifier keeps, and the transformer behind it.

A mail longer than one window is read in overlapping windows, each with the subject before it, and the window that
speaks most for a dispute speaks for the mail: a claim at the end of a long letter counts as much as one at its start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from tokenizers import Tokenizer

from triage.understanding.evidence import Voice, occlude
from triage.understanding.findings import Evidence, Language, Verdict
from triage.understanding.heads import Heads, log_odds, sigmoid
from triage.understanding.network import Floats, Ids, Network
from triage.understanding.senses import SenseHead, Senses, Token
from triage.understanding.terms import Terms

#: texts in one call of the network, and tokens with their padding: more costs memory and gains nothing on a CPU
BATCH, BATCH_TOKENS = 8, 256
#: windows of one mail; of a longer one the beginning and the end are read
MOST_WINDOWS = 12
SEPARATOR = "|"
#: scores of terms in a row are of the size of the vector's numbers, so that heads learn from both alike
TERMS_SCALE = np.float32(0.05)


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a classifier reads of one mail."""

    subject: str
    #: the newest own words, `Message.reply`
    reply: str
    language: Language = "other"


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where the bands begin, as probabilities."""

    #: at or over it a dispute is acknowledged without asking a person
    auto: float
    #: at or over it, and under `auto`, a person looks
    review: float


class Classifier(Protocol):
    """Says of mails whether they dispute a bill, and why it thinks so."""

    @property
    def name(self) -> str:
        """Name and version, for the record."""
        ...

    @property
    def thresholds(self) -> Thresholds:
        """The bands that were chosen for this classifier when it was made."""
        ...

    def score(self, mails: Sequence[Words]) -> list[Verdict]:
        """A verdict for each mail, in their order, without evidence."""
        ...

    def evidence(self, words: Words, verdict: Verdict) -> tuple[Evidence, ...]:
        """The words that moved a verdict, the weightiest first."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the network made of one mail."""

    #: calibrated log odds of a dispute
    logit: float
    #: the vector of the window that spoke most for a dispute, and behind it the scores of the terms
    row: Floats
    #: what it takes the numbers for
    senses: Senses = field(default_factory=Senses)
    #: what the tokens of that window said
    voices: tuple[Voice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Window:
    """A piece of a mail as the network reads it."""

    ids: list[int]
    #: where each id stands in the mail; None for marks that the mail does not have
    tokens: list[Token | None]


class Transformer:
    """A tokenizer, a network and its heads."""

    def __init__(
        self,
        *,
        name: str,
        tokenizer: Tokenizer,
        network: Network,
        heads: Heads,
        thresholds: Thresholds,
        window: int = 256,
        prefix: str = "",
        senses: SenseHead | None = None,
        terms: Terms | None = None,
    ) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._name = name
        self._tokenizer = tokenizer
        self._network = network
        #: what turns the network's rows into probabilities
        self.heads = heads
        self._thresholds = thresholds
        self._window = window
        self._prefix = prefix
        self._senses = senses
        self._terms = terms

    @property
    def name(self) -> str:
        """Name and version, for the record."""
        return self._name

    @property
    def thresholds(self) -> Thresholds:
        """The bands that were chosen for this model when it was trained."""
        return self._thresholds

    def score(self, mails: Sequence[Words]) -> list[Verdict]:
        """A verdict for each mail, in their order, without evidence."""
        return [
            Verdict(
                probability=sigmoid(reading.logit),
                reasons=self.heads.reasons(reading.row),
                evidence=(),
                model=self._name,
                senses=reading.senses,
                voices=reading.voices,
            )
            for reading in self.read(mails, tokens=True)
        ]

    def evidence(self, words: Words, verdict: Verdict) -> tuple[Evidence, ...]:
        """The words without which the verdict would be weaker, the weightiest first."""

        def logits(replies: Sequence[str]) -> list[float]:
            mails = [Words(subject=words.subject, reply=reply, language=words.language) for reply in replies]
            return [reading.logit for reading in self.read(mails)]

        return occlude(words.reply, logits, whole=log_odds(verdict.probability), voices=verdict.voices)

    def read(self, mails: Sequence[Words], *, tokens: bool = False) -> list[Reading]:
        """What the network makes of each mail, in their order; of their tokens too, where it is asked to."""
        if not mails:
            return []
        windows = [(at, window) for at, mail in enumerate(mails) for window in self.windows(mail)]
        rows, vectors = self._rows([window.ids for _, window in windows], tokens=tokens)
        if self._terms is not None:
            counted = self._terms.scores([text_of(mail) for mail in mails])
            rows = np.hstack([rows, TERMS_SCALE * counted[[at for at, _ in windows]]])
        logits = self.heads.logits(rows)
        best: dict[int, int] = {}
        of_mail: dict[int, list[int]] = {}
        for number, (at, _) in enumerate(windows):
            of_mail.setdefault(at, []).append(number)
            if at not in best or logits[number] > logits[best[at]]:
                best[at] = number
        return [
            Reading(
                logit=float(logits[best[at]]),
                row=rows[best[at]],
                senses=self._sensed([(windows[each][1], vectors[each]) for each in of_mail[at] if each in vectors]),
                voices=self._voices(windows[best[at]][1], vectors.get(best[at])),
            )
            for at in range(len(mails))
        ]

    def _sensed(self, windows: Sequence[tuple[Window, Floats]]) -> Senses:
        head = self._senses
        return _joined([(window, head.scores(vectors)) for window, vectors in windows]) if head else Senses()

    def _voices(self, window: Window, vectors: Floats | None) -> tuple[Voice, ...]:
        if vectors is None:
            return ()
        voices = zip(window.tokens, self.heads.voices(vectors), strict=False)
        return tuple((token.start, token.end, float(said)) for token, said in voices if token and token.text == "reply")

    def windows(self, mail: Words) -> list[Window]:
        """Each window of a mail; at least one."""
        subject = mail.subject.strip()
        # the heading holds the subject somewhere behind the prefix
        shift = len(self._prefix) - mail.subject.index(subject) if subject else 0
        head = self._tokenizer.encode(heading(self._prefix, mail.subject), add_special_tokens=False)
        body = self._tokenizer.encode(mail.reply, add_special_tokens=False)
        opening, closing = self._special()
        # A subject of hundreds of words must leave room for the mail.
        kept = min(len(head.ids), self._window // 3)
        before: list[Token | None] = [None] * len(opening)
        before += [
            Token(text="subject", start=start - shift, end=end - shift) if subject else None
            for start, end in head.offsets[:kept]
        ]
        room = self._window - kept - len(opening) - len(closing)
        return [
            Window(
                ids=[*opening, *head.ids[:kept], *body.ids[start:end], *closing],
                tokens=[
                    *before,
                    *(Token(text="reply", start=first, end=last) for first, last in body.offsets[start:end]),
                    *[None] * len(closing),
                ],
            )
            for start, end in _slide(len(body.ids), room)
        ]

    def _special(self) -> tuple[list[int], list[int]]:
        """The ids that this tokenizer puts before and after a text."""
        found = self._tokenizer.encode("a")
        own = [at for at, special in enumerate(found.special_tokens_mask) if not special]
        return list(found.ids[: own[0]]), list(found.ids[own[-1] + 1 :])

    def _rows(self, windows: Sequence[list[int]], *, tokens: bool) -> tuple[Floats, dict[int, Floats]]:
        """Rows of the network for windows, and the vectors of their tokens; run in small batches of like length."""
        order = sorted(range(len(windows)), key=lambda at: len(windows[at]))
        rows: dict[int, Floats] = {}
        vectors: dict[int, Floats] = {}
        while order:
            # The longest first: it says how many fit.
            count = min(BATCH, max(BATCH_TOKENS // len(windows[order[-1]]), 1))
            order, batch = order[:-count], order[-count:]
            ids, mask = _pad([windows[at] for at in batch])
            if not tokens:
                rows.update(zip(batch, self._network.run(ids, mask), strict=True))
                continue
            of_batch, shown = self._network.read(ids, mask)
            rows.update(zip(batch, of_batch, strict=True))
            if shown is not None:
                vectors |= {at: shown[number, : len(windows[at])] for number, at in enumerate(batch)}
        return np.stack([rows[at] for at in range(len(windows))]), vectors


def text_of(words: Words) -> str:
    """What the terms of a mail are counted in."""
    return f"{words.subject}\n{words.reply}"


def heading(prefix: str, subject: str) -> str:
    """What stands before the words of the reply."""
    return f"{prefix}{subject.strip()} {SEPARATOR}" if subject.strip() else prefix.strip()


def _slide(length: int, room: int) -> list[tuple[int, int]]:
    """Windows of at most `room` ids that overlap by a quarter; where there are too many, those in the middle go."""
    step = room - room // 4
    pieces = [(start, start + room) for start in range(0, max(length - room // 4, 1), step)]
    if len(pieces) > MOST_WINDOWS:
        half = MOST_WINDOWS // 2
        pieces = pieces[:half] + pieces[-half:]
    return pieces


def _joined(windows: Sequence[tuple[Window, Floats]]) -> Senses:
    """The senses of a whole mail; what two windows hold counts as both see it."""
    held = [
        (token, row)
        for window, scores in windows
        for token, row in zip(window.tokens, scores, strict=True)
        if token is not None
    ]
    if not held:
        return Senses()
    return Senses(tokens=tuple(token for token, _ in held), scores=np.stack([row for _, row in held]))


def _pad(windows: Sequence[list[int]]) -> tuple[Ids, Ids]:
    width = max(len(window) for window in windows)
    # The mask hides the padding, so that any id serves.
    ids = np.zeros((len(windows), width), np.int64)
    mask = np.zeros((len(windows), width), np.int64)
    for at, window in enumerate(windows):
        ids[at, : len(window)] = window
        mask[at, : len(window)] = 1
    return ids, mask
