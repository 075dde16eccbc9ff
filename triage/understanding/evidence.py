"""Which words moved a verdict? Take them away, score what is left, and see how far it falls (occlusion).

First every clause is taken away in turn, then the best clauses are narrowed to the words in them that count. What is
handed back has been measured as it stands: without these words the score of the same mail is lower.
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

#: clauses that are taken away one by one; those of a longer mail are joined until they fit
MOST_CLAUSES = 8
#: clauses that are narrowed, and pieces of evidence that are handed back
MOST_EVIDENCE = 2
#: words taken away together when a clause is narrowed
CHUNK = 4
#: a chunk counts when it moves at least this share of what the best chunk of its clause does
SHARE = 0.4
#: smaller changes of the log odds are noise
LEAST_DROP = 0.02

_CLAUSE = re.compile(r"(?:[^.!?;\n]|[.!?;](?=\S))+[.!?;]*")
_COMMA = re.compile(r"(?<=[,:–—])\s+")
_WORD = re.compile(r"\S+")


def occlude(reply: str, score: Score) -> tuple[Evidence, ...]:
    """The words of a reply whose absence lowers the score most, the weightiest first; spans do not overlap."""
    spans = clauses(reply)
    if not spans:
        return ()
    whole, *without = score([reply, *(_without(reply, span) for span in spans)])
    drops = sorted(
        ((whole - left, span) for left, span in zip(without, spans, strict=True) if whole - left > LEAST_DROP),
        reverse=True,
    )
    best = [span for _, span in drops[:MOST_EVIDENCE]]
    if not best:
        return ()
    narrow = _narrow(reply, whole, best, score)
    measured = dict(zip(spans, without, strict=True))
    fresh = [span for span in dict.fromkeys(narrow) if span not in measured]
    measured.update(zip(fresh, score([_without(reply, span) for span in fresh]), strict=True))
    found = []
    for clause, words in zip(best, narrow, strict=True):
        # Words that say little by themselves: then the clause is the evidence.
        span = words if whole - measured[words] > (whole - measured[clause]) / 2 else clause
        if (drop := whole - measured[span]) > 0:
            found.append((drop, span, sigmoid(whole) - sigmoid(measured[span])))
    return tuple(
        Evidence(start=start, end=end, text=reply[start:end], weight=weight)
        for _, (start, end), weight in sorted(found, reverse=True)
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


def _narrow(reply: str, whole: float, spans: Sequence[Span], score: Score) -> list[Span]:
    """For each span the part of it, from the first to the last chunk that counts."""
    chunks: list[list[Span]] = []
    for start, end in spans:
        words = [match.span() for match in _WORD.finditer(reply, start, end)]
        chunks.append([(words[at][0], words[min(at + CHUNK, len(words)) - 1][1]) for at in range(0, len(words), CHUNK)])
    left = iter(score([_without(reply, chunk) for found in chunks for chunk in found]))
    narrowed = []
    for span, found in zip(spans, chunks, strict=True):
        drops = [whole - next(left) for _ in found]
        counted = [chunk for chunk, drop in zip(found, drops, strict=True) if drop > SHARE * max(drops) and drop > 0]
        narrowed.append((counted[0][0], counted[-1][1]) if counted else span)
    return narrowed


def _without(text: str, span: Span) -> str:
    return text[: span[0]] + " " + text[span[1] :]
