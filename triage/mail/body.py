"""Divides the text of a mail: the writer's own words, and what is quoted, forwarded, signature or disclaimer.

Nothing is thrown away: `divide` labels every character, and `own_words` puts the new words together. Three kinds of
sign are used, in this order: what the HTML markup says (`html.Mark`), the ``>`` before lines, and the lines with
which mail programs announce what follows (`phrases`). Own words between quotes stay own: they are inline answers.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from triage.mail import phrases
from triage.mail.html import Mark

PartLabel = Literal["own", "quoted", "signature", "disclaimer", "forwarded"]

#: lines that an attribution may be wrapped over, and its characters
_ATTRIBUTION_LINES = 4
_MAX_ATTRIBUTION = 400
#: characters at its end in which it says "wrote:"
_ATTRIBUTION_TAIL = 100
#: lines that a header block may have between two of its labels (folded recipients)
_HEADER_GAP = 4
_HEADER_LINES = 24
#: characters of a line that can still announce something
_MAX_HEADER = 2_000
_MAX_ANNOUNCEMENT = 300
#: lines below a closing that can still be a signature
_SIGNATURE_LINES = 14
#: characters of a line that may have been wrapped
_WRAPPED = 65
#: lines of a closing that are still the writer's words: "Regards,", a name, a title; a longer block is a signature
_COURTESY = 3
#: words from which on a line is a sentence rather than a name or an address
_SENTENCE_WORDS = 8
_PREFIX = re.compile(r"^[ \t]*(?:>(?!:\s*$)|\|(?=\s)|[A-Z]{1,3}>)")
_UNPREFIXED = re.compile(r"^[ \t]*(?:[>|][ \t]?)+")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A stretch of `Message.text` and what it is."""

    label: PartLabel
    start: int
    end: int


class _Lines:
    """The lines of a text with a label each."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines(keepends=True) if text else []
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.labels: list[PartLabel] = ["own"] * len(self.lines)
        self._headers: list[tuple[str, bool] | None] = [None] * len(self.lines)
        self.blank = [not line.strip("\xa0 \t\r\n\u200b\u200e\u200f\ufeff\u034f") for line in self.lines]

    def mark(self, first: int, stop: int, label: PartLabel) -> None:
        for index in range(first, stop):
            if self.labels[index] == "own":
                self.labels[index] = label

    def header(self, index: int) -> tuple[str, bool]:
        """Which header a line is in a header block ("" for none), and whether it has an address in it."""
        known = self._headers[index]
        if known is None:
            line = self.lines[index].strip("\r\n")
            found = phrases.LABEL.match(line) if len(line) < _MAX_HEADER and (":" in line or "：" in line) else None
            known = (
                phrases.label_kind(found[1]) if found else "",
                "@" in line and bool(phrases.ADDRESS.search(line[:_MAX_ATTRIBUTION])),
            )
            self._headers[index] = known
        return known

    def next_filled(self, index: int) -> int:
        """The first line from `index` on that is not empty; the number of lines when there is none."""
        while index < len(self.lines) and self.blank[index]:
            index += 1
        return index

    def is_own(self, index: int) -> bool:
        return self.labels[index] == "own" and not self.blank[index]


def divide(text: str, marks: Sequence[Mark] = (), *, subject: str = "") -> tuple[Part, ...]:
    """`text` in labelled parts without gaps; `subject` tells a forward from a reply where the text does not."""
    lines = _Lines(text)
    _by_markup(lines, marks)
    _by_prefix(lines)
    _by_announcement(lines, forward=bool(phrases.FORWARD_SUBJECT.match(subject)))
    _close_gaps(lines)
    for first, stop in _stretches(lines):
        _sign_off(lines, first, stop)
    return _parts(lines)


def own_words(text: str, parts: Sequence[Part]) -> str:
    """What the writer newly wrote; the matter of a bare forward counts as theirs; never empty where `text` is not."""
    own = _joined(text, parts, "own")
    if _says_nothing(own):
        forwarded = "".join(text[part.start : part.end] for part in parts if part.label == "forwarded")
        matter = _matter(forwarded)
        if matter:
            return f"{own}\n\n{matter}" if own else matter
    if own:
        return own
    for label in ("signature", "disclaimer"):
        kept = _joined(text, parts, label)
        if kept:
            return kept
    return text.strip()


# ------------------------------------------------------------------------------------------------- the signs


def _by_markup(lines: _Lines, marks: Sequence[Mark]) -> None:
    for mark in marks:
        first = bisect_left(lines.starts, mark.start)
        lines.mark(first, min(bisect_left(lines.starts, mark.end), len(lines.lines)), mark.kind)


def _by_prefix(lines: _Lines) -> None:
    forwarded = False
    for index, line in enumerate(lines.lines):
        if _PREFIX.match(line):
            forwarded = forwarded or bool(phrases.FORWARD.match(_UNPREFIXED.sub("", line)))
            lines.mark(index, index + 1, "forwarded" if forwarded else "quoted")
        elif not lines.blank[index]:
            forwarded = False
    for index in range(1, len(lines.lines) - 1):
        # A quoted line that some gateway has wrapped: its tail has lost the prefix.
        around = lines.labels[index - 1] != "own" and lines.labels[index + 1] != "own"
        if (
            around
            and lines.is_own(index)
            and len(lines.lines[index - 1]) > _WRAPPED
            and _PREFIX.match(lines.lines[index + 1])
        ):
            lines.mark(index, index + 1, lines.labels[index - 1])


def _by_announcement(lines: _Lines, *, forward: bool) -> None:
    """Attributions, dividers and header blocks; from those that stand alone on, all the rest is quoted."""
    index = 0
    while index < len(lines.lines):
        if not lines.is_own(index):
            index += 1
            continue
        end = _attribution(lines, index)
        if end:
            following = lines.next_filled(end)
            lines.mark(index, end, "quoted")
            if following == len(lines.lines) or lines.labels[following] != "own":
                index = end
                continue
            lines.mark(index, len(lines.lines), "quoted")
            return
        label = _rest(lines, index, forward=forward)
        if label:
            lines.mark(_rule_above(lines, index), len(lines.lines), label)
            return
        index += 1


def _attribution(lines: _Lines, index: int) -> int:
    """Where the attribution that begins at a line ends; 0 when there is none ("On … Jane <jane@…> wrote:")."""
    if len(lines.lines[index]) > _MAX_ATTRIBUTION:
        return 0
    started = bool(phrases.ATTRIBUTION_START.match(lines.lines[index]))
    joined = ""
    for stop in range(index + 1, min(index + 1 + _ATTRIBUTION_LINES, len(lines.lines) + 1)):
        line = lines.lines[stop - 1]
        if lines.labels[stop - 1] != "own" or len(joined) + len(line) > _MAX_ATTRIBUTION:
            break
        if lines.blank[stop - 1]:
            # "On … at 23:10 Jane <jane@…>" and, after an empty line, "wrote:"
            if not started or phrases.ADDRESS.search(joined) is None:
                break
            continue
        if joined and phrases.ATTRIBUTION_START.match(line) and phrases.MOMENT.search(line):
            break  # it begins here, not where we began
        joined = f"{joined} {line.strip()}" if joined else line.strip()
        if not started and not (phrases.ADDRESS.search(joined) or phrases.MOMENT.search(joined)):
            break  # "Jane <jane@…> wrote:" names its writer on its first line; words before it are the customer's
        if _is_attribution(joined, started=started):
            return stop
    return 0


def _is_attribution(line: str, *, started: bool) -> bool:
    if not phrases.ATTRIBUTION_END.search(line, max(0, len(line) - _ATTRIBUTION_TAIL)):
        return False
    wrote = phrases.WROTE_SOMEWHERE.search(line)
    address, moment = phrases.ADDRESS.search(line), phrases.MOMENT.search(line)
    if started:
        return bool((wrote and moment) or (address and moment) or (wrote and address))
    return bool(wrote and address) or bool(wrote and moment and line.endswith((":", "：")) and len(line) < 160)


def _rest(lines: _Lines, index: int, *, forward: bool) -> PartLabel | None:
    """What the rest of the mail is, if this line announces it."""
    line = lines.lines[index]
    if len(line) > _MAX_ANNOUNCEMENT:
        return "quoted" if _header_block(lines, index) else None
    if phrases.FORWARD.match(line) and (line.lstrip(" >*|\t")[:1] in "-_=~–—" or _header_block(lines, index + 1)):
        return "forwarded"
    if phrases.DIVIDER.match(line):
        return "forwarded" if forward else "quoted"
    if _header_block(lines, index):
        return "forwarded" if forward else "quoted"
    return None


def _header_block(lines: _Lines, index: int) -> bool:
    """From:, Sent:, To:, Subject: in a row, as Outlook writes above what it quotes."""
    index = lines.next_filled(index)
    if index == len(lines.lines) or lines.header(index)[0] in ("", "cc"):
        return False
    kinds: set[str] = set()
    address, gap = False, 0
    for at in range(index, min(index + _HEADER_LINES, len(lines.lines))):
        kind, has_address = lines.header(at)
        gap = 0 if kind else gap + 1
        if gap > _HEADER_GAP:
            break
        kinds.add(kind)
        address = address or has_address
    enough = {"from", "sent"} <= kinds and ("to" in kinds or "subject" in kinds) and ("subject" in kinds or address)
    return enough or ({"from", "to", "subject"} <= kinds and address)


def _rule_above(lines: _Lines, index: int) -> int:
    """A drawn line right above a header block belongs to it."""
    above = index - 1
    while above >= 0 and lines.blank[above]:
        above -= 1
    return above if above >= 0 and phrases.RULE.match(lines.lines[above]) and lines.labels[above] == "own" else index


def _close_gaps(lines: _Lines) -> None:
    """Empty lines go with what stands around them."""
    previous: PartLabel = "own"
    for index, blank in enumerate(lines.blank):
        if not blank:
            previous = lines.labels[index]
        elif lines.labels[index] == "own":
            lines.labels[index] = previous


# ----------------------------------------------------------------------------- signature, disclaimer, closing


def _stretches(lines: _Lines) -> list[tuple[int, int]]:
    """Runs of own lines."""
    runs: list[tuple[int, int]] = []
    first: int | None = None
    for index, label in enumerate([*lines.labels, "end"]):
        if label == "own" and first is None:
            first = index
        elif label != "own" and first is not None:
            runs.append((first, index))
            first = None
    return runs


def _sign_off(lines: _Lines, first: int, stop: int) -> None:
    """Label what stands at the end of a run of own lines: notices, phone lines, and the signature."""
    for index in range(first, stop):
        line = lines.lines[index].strip()
        if len(line) < 160 and phrases.SENT_FROM.match(line) and not _is_sentence(line):
            lines.labels[index] = "signature"
    stop = _disclaimer(lines, first, stop)
    for index in range(first, stop):
        if (
            lines.labels[index] == "own"
            and phrases.SIGNATURE_MARK.match(lines.lines[index])
            and _leaves_words(lines, first, index)
        ):
            _relabel(lines, index, stop, "signature")
            stop = index
            break
    stop = _ruled_off(lines, first, stop)
    closing = _closing(lines, first, stop)
    if closing is not None and sum(not lines.blank[index] for index in range(closing, stop)) > _COURTESY:
        _relabel(lines, closing, stop, "signature")


def _is_sentence(line: str) -> bool:
    return line.rstrip().endswith((".", "!", "?", "…")) and len(line.split()) >= _SENTENCE_WORDS


def _relabel(lines: _Lines, first: int, stop: int, label: PartLabel) -> None:
    for index in range(first, stop):
        if lines.labels[index] == "own":
            lines.labels[index] = label


def _leaves_words(lines: _Lines, first: int, index: int) -> bool:
    """Text above the mark: a mail that starts with -- is not all signature."""
    return any(not lines.blank[above] for above in range(first, index)) or any(
        label != "own" for label in lines.labels[:first]
    )


def _disclaimer(lines: _Lines, first: int, stop: int) -> int:
    """Label the notices at the end of the run; where the words before them end."""
    end = stop
    for start, finish in reversed(_paragraphs(lines, first, stop)):
        words = " ".join(line.strip(" *\t\r\n") for line in lines.lines[start:finish])
        if phrases.DISCLAIMER.search(words):
            end = start
        elif (
            not all(phrases.RULE.match(line) or lines.blank[start] for line in lines.lines[start:finish])
            and finish - start > 3
        ):
            break
    if not any(not lines.blank[index] and lines.labels[index] == "own" for index in range(first, end)):
        return stop
    while end > first and (lines.blank[end - 1] or phrases.RULE.match(lines.lines[end - 1])) and end < stop:
        end -= 1
    _relabel(lines, end, stop, "disclaimer")
    return end


def _paragraphs(lines: _Lines, first: int, stop: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    start: int | None = None
    for index in range(first, stop + 1):
        filled = index < stop and not lines.blank[index]
        if filled and start is None:
            start = index
        elif not filled and start is not None:
            found.append((start, index))
            start = None
    return found


def _ruled_off(lines: _Lines, first: int, stop: int) -> int:
    """A drawn line with only short lines under it sets off a signature."""
    filled = 0
    for index in range(stop - 1, first, -1):
        line = lines.lines[index]
        if phrases.RULE.match(line) or phrases.SIGNATURE_MARK.match(line):
            if _leaves_words(lines, first, index):
                _relabel(lines, index, stop, "signature")
                stop = index
        elif not lines.blank[index]:
            filled += 1
            if filled > 6 or (_is_sentence(line) and not phrases.ADDRESS.search(line[:_MAX_ATTRIBUTION])):
                break
    return stop


def _closing(lines: _Lines, first: int, stop: int) -> int | None:
    """Where the closing ("Regards, …") begins that ends a run; None when what follows it is more than a signature."""
    seen = 0
    for index in range(stop - 1, first - 1, -1):
        if lines.blank[index]:
            continue
        seen += 1
        line = lines.lines[index].strip()
        if seen > _SIGNATURE_LINES or phrases.POSTSCRIPT.match(line) or line.startswith(("-- ", "- ", "* ")):
            return None
        if len(line) < 120 and phrases.CLOSING.match(line):
            return index if _leaves_words(lines, first, index) else None
        if len(line) > 100 or _is_sentence(line):
            return None
    return None


# --------------------------------------------------------------------------------------------------- results


def _parts(lines: _Lines) -> tuple[Part, ...]:
    parts: list[Part] = []
    start = 0
    for index, label in enumerate(lines.labels):
        if index + 1 == len(lines.labels) or lines.labels[index + 1] != label:
            parts.append(Part(label=label, start=lines.starts[start], end=lines.starts[index + 1]))
            start = index + 1
    return tuple(parts)


def _joined(text: str, parts: Sequence[Part], label: PartLabel) -> str:
    pieces = (text[part.start : part.end].strip("\r\n") for part in parts if part.label == label)
    return "\n\n".join(piece for piece in pieces if piece.strip()).strip()


def _says_nothing(own: str) -> bool:
    """No words of the writer's own, or only "FYI, see below"."""
    lines = [line.strip() for line in own.splitlines() if line.strip()]
    if len(lines) > 1 and len(lines[0].split()) <= 4 and lines[0].endswith((",", "!", ":")):
        lines = lines[1:]  # "Hello team,"
    words = " ".join(lines)
    return not re.search(r"\w", words) or (len(words) < 120 and bool(phrases.POINTER.match(words)))


def _matter(forwarded: str) -> str:
    """The words of a forwarded mail without the header block above them, and without what it quotes in turn."""
    body = [_UNPREFIXED.sub("", line) for line in forwarded.splitlines()]
    while body and (
        not body[0].strip()
        or phrases.FORWARD.match(body[0])
        or phrases.DIVIDER.match(body[0])
        or phrases.RULE.match(body[0])
    ):
        del body[0]
    labels = 0
    while body and body[0].strip() and (phrases.LABEL.match(body[0]) or labels):
        labels += 1
        del body[0]
    inner = "\n".join(body).strip()
    return own_words(inner, divide(inner)) if inner else ""
