"""Numbers of a corpus mail marked with what they are, so that the marks outlive what augmentation does to the text.

A mark is a control character before the number, one for each sense, and one behind it: no mail has them, and nothing
that `augment` does changes them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast, get_args

from models.corpus_read import CorpusMail
from triage.understanding.classify import Words
from triage.understanding.findings import Role
from triage.understanding.senses import SENSES, Sense, Text

_OPENING = {sense: chr(0x0E + at) for at, sense in enumerate(SENSES)}
_CLOSING = chr(0x01)
_SENSES = {mark: sense for sense, mark in _OPENING.items()}
_MARKED = re.compile(f"([{''.join(_SENSES)}])([^{_CLOSING}{''.join(_SENSES)}]*){_CLOSING}")
#: a marked amount, of whatever role, with its marks
AMOUNTS = re.compile(f"[{''.join(_OPENING[sense] for sense in get_args(Role))}][^{_CLOSING}]*{_CLOSING}")
_ANY_MARK = re.compile(f"[{''.join(_SENSES)}{_CLOSING}]")
#: what could be a number of any kind
_NUMBER = re.compile(r"[\w./#-]*\d(?:[\w./-]*\w)?")

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A number of a mail, and what it is."""

    text: Text
    start: int
    end: int
    sense: Sense


def mark(words: Words, mail: CorpusMail) -> Words:
    """The same words with every number marked."""
    seen: dict[str, int] = {}
    reply = _mark(words.reply, mail, seen)
    return replace(words, reply=reply, subject=_mark(words.subject, mail, seen))


def unmark(words: Words) -> tuple[Words, list[Marked]]:
    """The words without marks, and where the marked numbers stand in them."""
    subject, of_subject = _unmark(words.subject.strip(), "subject")
    reply, of_reply = _unmark(words.reply, "reply")
    return replace(words, subject=subject, reply=reply), [*of_subject, *of_reply]


def _unmark(text: str, where: Text) -> tuple[str, list[Marked]]:
    found, pieces, length, last = [], [], 0, 0
    for match in _MARKED.finditer(text):
        before = _ANY_MARK.sub("", text[last : match.start()])
        start = length + len(before)
        length = start + len(match[2])
        found.append(Marked(text=where, start=start, end=length, sense=_SENSES[match[1]]))
        pieces += [before, match[2]]
        last = match.end()
    return "".join(pieces) + _ANY_MARK.sub("", text[last:]), found


def _mark(text: str, mail: CorpusMail, seen: dict[str, int]) -> str:
    taken: list[tuple[Span, Sense]] = []
    for span, sense in _labelled(text, mail, seen):
        if not any(span[0] < end and start < span[1] for (start, end), _ in taken):
            taken.append((span, sense))
    for match in _NUMBER.finditer(text):
        if not any(match.start() < end and start < match.end() for (start, end), _ in taken):
            taken.append((match.span(), "none"))
    pieces, last = [], 0
    for (start, end), sense in sorted(taken):
        pieces += [text[last:start], _OPENING[sense], text[start:end], _CLOSING]
        last = end
    return "".join(pieces) + text[last:]


def _labelled(text: str, mail: CorpusMail, seen: dict[str, int]) -> Iterator[tuple[Span, Sense]]:
    """Places of what the gold names, the longest first: a short number may stand in a long one."""
    roles: dict[str, list[Sense]] = {}
    for amount in mail.amounts:
        roles.setdefault(amount.text, []).append(cast(Sense, amount.role))
    named: dict[str, Sense] = {written: kind for kind, written in mail.identifiers if kind != "card"}
    named |= {day.text: "date" for day in mail.dates}
    for written in sorted({*roles, *named}, key=len, reverse=True):
        if not any(sign.isdigit() for sign in written):
            continue
        for match in re.finditer(rf"(?<![\w])(?<!\d[.,]){re.escape(written)}(?!\w|[.,]\d)", text):
            if written in roles:
                # the same text twice has its roles in the order of the gold
                at = seen.get(written, 0)
                seen[written] = at + 1
                yield match.span(), roles[written][min(at, len(roles[written]) - 1)]
            else:
                yield match.span(), named[written]
