"""The signs of quotes and forwards: what the markup says, the ``>`` before lines, the lines that announce them.

Attributions ("On … Jane wrote:"), dividers ("-----Original Message-----") and header blocks (From, Sent, To, Subject)
come in the wordings of `phrases`. What looks like one of them but may be a sentence of the writer's stays own.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import takewhile

from triage.mail import phrases
from triage.mail.endings import is_signature
from triage.mail.html import Mark
from triage.mail.lines import Lines, PartLabel

#: lines that an attribution may be wrapped over, and its characters
_ATTRIBUTION_LINES = 4
_MAX_ATTRIBUTION = 400
#: characters at its end in which it says "wrote:"
_ATTRIBUTION_TAIL = 100
#: lines that a header block may have between two of its labels (folded recipients)
_HEADER_GAP = 4
_HEADER_LINES = 24
#: characters of a line that can still announce something
_MAX_ANNOUNCEMENT = 300
#: characters of a line that may have been wrapped
_WRAPPED = 65
#: a line that some program quotes; ">>> now <<<" is decoration, and a row of a table has more than one bar
PREFIX = re.compile(r"^[ \t]*(?:>(?!:\s*$|.*<<\s*$)|\|(?=\s)(?!.*\|)|[A-Z]{1,3}>)")
_UNPREFIXED = re.compile(r"^[ \t]*(?:[>|][ \t]?)+")


def by_markup(lines: Lines, marks: Sequence[Mark], *, forward: bool) -> None:
    for mark in marks:
        first = bisect_left(lines.starts, mark.start)
        stop = min(bisect_left(lines.starts, mark.end), len(lines.lines))
        if mark.kind == "indented":
            # A bare blockquote quotes where something says whom; writers indent with it, too.
            if _is_announced(lines, first, stop):
                lines.mark(first, stop, "quoted")
        elif mark.kind == "quoted" and (forward or _announces_forward(lines, lines.next_filled(first))):
            # Most programs mark what they forward as what they quote.
            lines.mark(_rule_above(lines, first), stop, "forwarded")
        elif mark.kind != "signature" or is_signature(lines, first, stop):
            lines.mark(first, stop, mark.kind)


def _is_announced(lines: Lines, first: int, stop: int) -> bool:
    above = [index for index in range(max(0, first - _ATTRIBUTION_LINES), first) if not lines.blank[index]]
    return any(_attribution(lines, index) for index in above) or any(
        _attribution(lines, index) or _header_block(lines, index)
        for index in range(first, min(stop, first + _ATTRIBUTION_LINES))
        if not lines.blank[index]
    )


def by_prefix(lines: Lines, *, forward: bool) -> None:
    forwarded = forward
    for index, line in enumerate(lines.lines):
        if PREFIX.match(line):
            forwarded = forwarded or bool(phrases.FORWARD.match(_UNPREFIXED.sub("", line)))
            lines.mark(index, index + 1, "forwarded" if forwarded else "quoted")
        elif not lines.blank[index]:
            forwarded = forward
    for index in range(1, len(lines.lines) - 1):
        # A quoted line that some gateway has wrapped: its tail has lost the prefix.
        around = lines.labels[index - 1] != "own" and lines.labels[index + 1] != "own"
        if (
            around
            and lines.is_own(index)
            and len(lines.lines[index - 1]) > _WRAPPED
            and PREFIX.match(lines.lines[index + 1])
        ):
            lines.mark(index, index + 1, lines.labels[index - 1])


def by_announcement(lines: Lines, *, forward: bool, answer: bool) -> None:
    """Attributions, dividers and header blocks; from those that stand alone on, all the rest is quoted."""
    index = 0
    while index < len(lines.lines):
        if not lines.is_own(index):
            index += 1
            continue
        end = _attribution(lines, index)
        if end:
            following = lines.next_filled(end)
            if following == len(lines.lines) or lines.labels[following] != "own":
                lines.attributions.append(index)
                lines.mark(index, end, "quoted")
                index = end
                continue
            if _names_writer(lines, index, end):
                lines.mark(index, len(lines.lines), "quoted")
                return
        label = _rest(lines, index, forward=forward, answer=answer)
        if label:
            first = _rule_above(lines, index)
            lines.mark(first, len(lines.lines), label)
            if label == "forwarded":
                lines.relabel(first, len(lines.lines), "forwarded")
            return
        index += 1


def _names_writer(lines: Lines, first: int, stop: int) -> bool:
    """Whether an attribution above lines without > is a program's, and no sentence such as "On 3 March you wrote:"."""
    joined = " ".join(line.strip() for line in lines.lines[first:stop])
    if phrases.NARRATED.search(joined):
        return False
    return bool(phrases.ADDRESS.search(joined) or phrases.ATTRIBUTION_START.match(joined))


def _attribution(lines: Lines, index: int) -> int:
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
            following = lines.next_filled(stop)
            if (
                not started
                or phrases.ADDRESS.search(joined) is None
                or following == len(lines.lines)
                or not phrases.WROTE_SOMEWHERE.search(lines.lines[following][:_ATTRIBUTION_TAIL])
            ):
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


def _rest(lines: Lines, index: int, *, forward: bool, answer: bool) -> PartLabel | None:
    """What the rest of the mail is, if this line announces it."""
    line = lines.lines[index]
    if "@" in line and _runs_on(line[:_MAX_ATTRIBUTION]):
        return "quoted"
    if len(line) > _MAX_ANNOUNCEMENT:
        return "quoted" if _header_block(lines, index) else None
    if _announces_forward(lines, index):
        return "forwarded"
    if phrases.DIVIDER.match(line):
        return "forwarded" if forward else "quoted"
    if _header_block(lines, index):
        return "quoted" if answer else "forwarded"
    return None


def _runs_on(line: str) -> bool:
    """An attribution with what it quotes in its own line."""
    return bool(
        phrases.ATTRIBUTION_START.match(line)
        and phrases.ATTRIBUTION_WITHIN.search(line)
        and phrases.MOMENT.search(line)
    )


def _announces_forward(lines: Lines, index: int) -> bool:
    if index == len(lines.lines) or len(lines.lines[index]) > _MAX_ANNOUNCEMENT:
        return False
    line = lines.lines[index]
    if not phrases.FORWARD.match(line):
        return False
    following = lines.next_filled(index + 1)
    return (
        line.lstrip(" >*|\t")[:1] in "-_=~–—"
        or _header_block(lines, following)
        or (following < len(lines.lines) and lines.labels[following] != "own")
    )


def _header_block(lines: Lines, index: int) -> bool:
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


def _rule_above(lines: Lines, index: int) -> int:
    """A drawn line right above a header block belongs to it."""
    above = lines.last_filled(index)
    return above if above >= 0 and phrases.RULE.match(lines.lines[above]) and lines.labels[above] == "own" else index


# ------------------------------------------------------------------------------------------------ forwards


def matter(lines: Lines, first: int, stop: int) -> int:
    """Where the words of a forwarded mail begin, below its announcement and its header block."""
    index, headers = first, False
    while index < stop:
        line = _UNPREFIXED.sub("", lines.lines[index])
        if not line.strip():
            if headers:
                break
        elif phrases.LABEL.match(line):
            headers = True
        elif phrases.FORWARD.match(line) or phrases.DIVIDER.match(line) or phrases.RULE.match(line):
            pass  # Zoho announces a forward above its headers and below them
        elif headers:
            # A long list of recipients goes on in the next line, where more headers follow.
            ahead = _paragraph_below(lines, index, min(index + _HEADER_GAP, stop))
            if not ahead or not (line[0] in " \t" or any(phrases.LABEL.match(each) for each in ahead)):
                break
        else:
            break
        index += 1
    return index if index < stop else first


def _paragraph_below(lines: Lines, index: int, stop: int) -> list[str]:
    """The lines from the next one on to an empty or a drawn one, without what stands before quoted lines."""
    bare = (_UNPREFIXED.sub("", line) for line in lines.lines[index + 1 : stop])
    return list(takewhile(lambda line: line.strip() and not phrases.RULE.match(line), bare))


def level(line: str) -> int:
    found = _UNPREFIXED.match(line)
    return sum(found[0].count(sign) for sign in ">|") if found and PREFIX.match(line) else 0


def without_prefix(line: str, level: int) -> str:
    return re.sub(rf"^[ \t]*(?:[>|][ \t]?){{{level}}}", "", line) if level else line
