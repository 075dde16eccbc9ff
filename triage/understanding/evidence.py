"""Which words moved a verdict? Take them away, score what is left, and see how far it falls (occlusion).

Taking every clause away in turn costs a reading of the whole mail for each. So only the clauses that speak most for a
dispute are taken away. Which those are, the reading that gave the verdict tells where the network shows its tokens; of
another network each clause is first read by itself, which costs about one more reading of the mail.
What is handed back has been measured: without these words the score of the same mail is lower.
"""

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from triage.understanding.findings import Evidence
from triage.understanding.heads import sigmoid

#: log odds of a dispute for each of these replies, the rest of the mail unchanged
Score = Callable[[Sequence[str]], Sequence[float]]
Span = tuple[int, int]
#: characters of a reply, and how much they speak for a dispute beside the others
Voice = tuple[int, int, float]

#: clauses that are read by themselves; those of a longer mail are joined until they fit
MOST_CLAUSES = 12
#: clauses that are then taken away, and pieces of evidence that are handed back
MOST_TAKEN = 3
MOST_EVIDENCE = 2
#: smaller changes of the log odds are noise
LEAST_DROP = 0.02

_CLAUSE = re.compile(r"(?:[^.!?;\n]|[.!?;](?=\S))+[.!?;]*")
_COMMA = re.compile(r"(?<=[,:–—])\s+")
_WORD = re.compile(r"\S+")


def occlude(
    reply: str, score: Score, *, whole: float | None = None, voices: Sequence[Voice] = ()
) -> tuple[Evidence, ...]:
    """The clauses of a reply whose absence lowers its score, the weightiest first; spans do not overlap.

    `whole` is the score of the mail as it is, `voices` what its tokens said; what is not known is asked for.
    """
    spans = clauses(reply)
    if not spans:
        return ()
    alone = _said(spans, voices) if voices else score([reply[start:end] for start, end in spans])
    spoken = sorted(range(len(spans)), key=lambda at: -alone[at])[:MOST_TAKEN]
    taken = [spans[at] for at in spoken]
    without = score([_without(reply, span) for span in taken])
    if whole is None:
        [whole] = score([reply])
    drops = sorted(((whole - left, span, left) for left, span in zip(without, taken, strict=True)), reverse=True)
    return tuple(
        Evidence(start=start, end=end, text=reply[start:end], weight=sigmoid(whole) - sigmoid(left))
        for drop, (start, end), left in drops[:MOST_EVIDENCE]
        if drop > LEAST_DROP
    )


def clauses(text: str) -> list[Span]:
    """Spans of the sentences and, where those are long, of their clauses; without the white space around them."""
    spans: list[Span] = []
    for sentence in _CLAUSE.finditer(text):
        spans.extend(_split(text, sentence.start(), sentence.end()))
    size = math.ceil(len(spans) / MOST_CLAUSES)
    return [(spans[at][0], spans[min(at + size, len(spans)) - 1][1]) for at in range(0, len(spans), max(size, 1))]


def _split(text: str, start: int, end: int) -> list[Span]:
    found: list[Span] = []
    edges = [start, *(start + match.end() for match in _COMMA.finditer(text[start:end])), end]
    for left, right in pairwise(edges):
        words = list(_WORD.finditer(text, left, right))
        if not words:
            continue
        # "Hello," or "yes," is no clause of its own.
        if found and (len(words) < 3 or len(_WORD.findall(text[slice(*found[-1])])) < 3):
            found[-1] = (found[-1][0], words[-1].end())
        else:
            found.append((words[0].start(), words[-1].end()))
    return found


def _said(spans: Sequence[Span], voices: Sequence[Voice]) -> list[float]:
    """What the voices within each span say together."""
    return [sum(voice for start, end, voice in voices if start < last and end > first) for first, last in spans]


def _without(text: str, span: Span) -> str:
    return text[: span[0]] + " " + text[span[1] :]
