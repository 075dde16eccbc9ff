"""The last four digits of cards: behind a label ("card ending 4410"), or at the end of a masked number."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from triage.understanding.candidates import Span
from triage.understanding.lexicon import Reading

_FOUR: Final = re.compile(
    r"[\s:.,()«»\"'*xX•#-]*(?:(?:no|nr|n[º°]|la|die|the|mit|con|com|in|en|auf|por|par|ending)\W+){0,4}\W{0,4}"
    # of a number that is written out nothing but its end is kept
    r"(?:(?:\d{4}[ -]?){3}|\d{4}[ -]?\d{6}[ -]?\d)?(\d{4})(?![\w]|[.,/-]\d| \d{4})",
    re.IGNORECASE,
)
#: one of these is in every masked number
_MASKS: Final = ("*", "•", "xx", "XX")
_MASKED: Final = re.compile(
    # begins only where a run of masks begins, and is bounded: a line of a thousand stars costs nothing
    # and ends with the four: what goes on after them is a bank account
    r"(?<![\w*•])[*xX•]{2}[*xX• -]{0,30}(\d{4})(?!\w| \d{4})|\d{4}[ -]?[*xX•]{4}[ -]?[*xX•]{4}[ -]?(\d{4})(?!\w)"
)


def cards_in(text: str, reading: Reading, taken: Sequence[Span]) -> Iterator[Span]:
    """Where the last four digits of cards stand; what is taken for a date or an amount is none."""
    seen: set[int] = set()
    # "the account ending 7715" is no card
    others = {hit.last for hit in reading.of("label") if hit.name in ("label.account", "label.none")}
    for hit in reading.of("label"):
        if hit.name == "label.card" and hit.first not in others and (match := _FOUR.match(text, hit.end)):
            start, end = match.span(1)
            if start not in seen and "\n\n" not in text[hit.end : start] and not _overlap_any((start, end), taken):
                seen.add(start)
                yield start, end
    for match in _MASKED.finditer(text) if any(mask in text for mask in _MASKS) else ():
        group = 1 if match[1] else 2
        if match.start(group) not in seen:
            seen.add(match.start(group))
            yield match.span(group)


def _overlap_any(span: Span, spans: Sequence[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in spans)
