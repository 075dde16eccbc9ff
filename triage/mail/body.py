"""Divides the text of a mail: the writer's own words, and what is quoted, forwarded, signature or disclaimer.

Nothing is thrown away: `divide` labels every character, and `own_words` puts the new words together. Three kinds of
sign are used, in this order: what the HTML markup says (`html.Mark`), the ``>`` before lines, and the lines with
which mail programs announce what follows (`phrases`). Own words between quotes stay own: they are inline answers.
What is forwarded is divided in turn: its matter is "forwarded", the headers above it and what it quotes are not.
Where the signs leave a doubt, words stay the writer's: a quote too many costs little, a lost complaint much.
"""

import re
from collections.abc import Sequence

from triage.mail import phrases, quotes
from triage.mail.endings import sign_off
from triage.mail.html import Mark
from triage.mail.lines import WORD, Lines, Part, PartLabel

#: lines of a text that are looked at; a longer one is no letter, and its rest stays own
_MAX_LINES = 10_000
#: forwards of one mail that are taken apart
_MAX_FORWARDS = 50
#: words of a note that introduces what it forwards
_MAX_NOTE = 30
#: words of a passage that "These are wrong:" introduces
_MAX_CITED = 60
#: forwards within forwards that are taken apart
_MAX_DEPTH = 3
#: lines above the words in which a gateway warns, characters of one that are looked at, and words that end a warning
_BANNER_LINES = 12
_MAX_BANNER = 600
_AFTER_WARNING = 12


def divide(text: str, marks: Sequence[Mark] = (), *, subject: str = "") -> tuple[Part, ...]:
    """`text` in labelled parts without gaps; `subject` tells a forward from a reply where the text does not."""
    lines = Lines(text, most=_MAX_LINES)
    _label(lines, marks, forward=bool(phrases.FORWARD_SUBJECT.match(subject)), answer=not _is_no_answer(subject))
    return lines.parts()


def own_words(text: str, parts: Sequence[Part], *, subject: str = "") -> str:
    """What the writer newly wrote; never empty where `text` is not.

    The matter of a forward belongs to it when the note above says only "see below", when it is short and `subject` says
    that it is a forward, or when `subject` says that this is no answer and the note is shorter than the matter: then
    the note hands on what the mail is about.
    """
    own = _joined(text, parts, "own")
    forwarded = _joined(text, parts, "forwarded")
    words = len(WORD.findall(own))
    note = words <= _MAX_NOTE and bool(phrases.FORWARD_SUBJECT.match(subject))
    if forwarded and (_says_nothing(own) or note or (_is_no_answer(subject) and words < len(WORD.findall(forwarded)))):
        return f"{own}\n\n{forwarded}".strip()
    return own or text.strip()


def _is_no_answer(subject: str) -> bool:
    """Programs mark the subject of every answer; without the mark it is a forward, or a web form's mail."""
    return bool(subject.strip()) and not phrases.REPLY_SUBJECT.match(subject)


def _label(lines: Lines, marks: Sequence[Mark], *, forward: bool = False, answer: bool = True, depth: int = 0) -> None:
    """Label all lines; `forward` and `answer` are what the subject says."""
    if depth == 0:
        _banner(lines)
    quotes.by_markup(lines, marks, forward=forward)
    quotes.by_prefix(lines, forward=forward)
    quotes.by_announcement(lines, forward=forward, answer=answer)
    _close_gaps(lines)
    for first, stop in lines.stretches("forwarded")[:_MAX_FORWARDS]:
        _open_forward(lines, first, stop, depth)
    for first, stop in lines.stretches("own"):
        sign_off(lines, first, stop)
    _keep_cited(lines)
    _keep_something(lines)


def _open_forward(lines: Lines, first: int, stop: int, depth: int) -> None:
    """Divide what is forwarded as a mail of its own: its own words keep the label."""
    if depth == _MAX_DEPTH:
        return
    matter = quotes.matter(lines, first, stop)
    lines.relabel(first, matter, "quoted")
    levels = [quotes.level(lines.lines[index]) for index in range(matter, stop) if not lines.blank[index]]
    level = min(levels, default=0)
    inner = Lines("".join(quotes.without_prefix(line, level) for line in lines.lines[matter:stop]))
    if len(inner.lines) != stop - matter:
        return  # a prefix hid a character that ends lines
    _label(inner, (), depth=depth + 1)
    lines.labels[matter:stop] = ["forwarded" if label == "own" else label for label in inner.labels]


def _banner(lines: Lines) -> None:
    """Label the warnings of a gateway, that a mail comes from outside, where they open the text."""
    index = lines.next_filled(0)
    if index == len(lines.lines) or not phrases.MAY_BE_BANNER.search(lines.lines[index][:_MAX_BANNER]):
        return
    for first, stop in lines.paragraphs(index, min(len(lines.lines), index + _BANNER_LINES)):
        line = lines.lines[first].strip()
        found = phrases.BANNER.search(line[:_MAX_BANNER])
        if found is None or not phrases.BANNER_ALERT.match(line[: found.start()]):
            return
        below = first
        while below < stop and _warns(lines.lines[below].strip()):
            below += 1
        lines.mark(first, below, "disclaimer")
        if below < stop:
            return


def _warns(line: str) -> bool:
    """Nothing but a warning, or the end of one: a line in which more follows is left to the writer."""
    signs = (*phrases.BANNER.finditer(line[:_MAX_BANNER]), *phrases.BANNER_ADVICE.finditer(line[:_MAX_BANNER]))
    return bool(signs) and len(line[max(sign.end() for sign in signs) :].split()) <= _AFTER_WARNING


def _close_gaps(lines: Lines) -> None:
    """Empty lines go with what stands around them."""
    previous: PartLabel = "own"
    for index, blank in enumerate(lines.blank):
        if not blank:
            previous = lines.labels[index]
        elif lines.labels[index] == "own":
            lines.labels[index] = previous


# ------------------------------------------------------------------------------------------- where in doubt, kept


def _keep_cited(lines: Lines) -> None:
    """Short passages with > that the writer picked out and speaks about are part of what they say.

    A passage counts where nobody is named as its writer, or where a letter goes on below what it cites. What is
    answered line by line, below an attribution that opens the mail, stays quoted.
    """
    opened = bool(lines.attributions) and any(
        lines.is_own(index) and not phrases.GREETING.match(lines.lines[index]) for index in range(lines.attributions[0])
    )
    own = sum(lines.words(index, index + 1) for index in range(len(lines.lines)) if lines.is_own(index))
    below = len(lines.lines)
    answer: int | None = None
    for first, stop in reversed(lines.stretches("quoted")):
        answer = next((index for index in range(stop, below) if lines.is_own(index)), answer)
        below = first
        if lines.labels[stop : stop + 1] == ["forwarded"]:
            continue  # the headers above it
        first, stop = _passage(lines, first, stop)
        words = lines.words(first, stop)
        if not words:
            continue
        named = bool(lines.attributions)
        answered = answer is not None and _says_something(lines.lines[answer]) and (opened or not named)
        if (answered and words <= own) or (words <= _MAX_CITED and not named and _introduces(lines, first)):
            lines.relabel(first, stop, "own")


def _passage(lines: Lines, first: int, stop: int) -> tuple[int, int]:
    """The lines with > of a quoted stretch, below its attribution; none where some are quoted for another reason."""
    while first < stop and not quotes.PREFIX.match(lines.lines[first]):
        first += 1
    while stop > first and not quotes.PREFIX.match(lines.lines[stop - 1]):
        stop -= 1
    whole = all(lines.blank[index] or quotes.PREFIX.match(lines.lines[index]) for index in range(first, stop))
    return (first, stop) if whole else (first, first)


def _says_something(line: str) -> bool:
    """More than a closing."""
    return bool(WORD.search(line)) and not phrases.CLOSING.match(line.strip())


def _introduces(lines: Lines, index: int) -> bool:
    """The line above says what follows, in words of the writer: "These are wrong:"."""
    above = lines.last_filled(index)
    if above < 0 or lines.labels[above] != "own":
        return False
    line = lines.lines[above].strip()
    return line.endswith((":", "：")) and not phrases.MOMENT.search(line) and not phrases.ADDRESS.search(line)


def _keep_something(lines: Lines) -> None:
    """Where only a greeting would be left, or nothing, the signs were misread, and all but quotes is own, or all is."""
    for doubted in (("signature", "disclaimer"), ("quoted",)):
        own = "".join(line for line, label in zip(lines.lines, lines.labels, strict=True) if label == "own").strip()
        if "forwarded" in lines.labels or (WORD.search(own) and not phrases.GREETING.match(own)):
            return
        lines.labels = ["own" if label in doubted else label for label in lines.labels]


# --------------------------------------------------------------------------------------------------- results


def _joined(text: str, parts: Sequence[Part], label: PartLabel) -> str:
    pieces = (text[part.start : part.end].strip("\r\n") for part in parts if part.label == label)
    return "\n\n".join(piece for piece in pieces if piece.strip()).strip()


def _says_nothing(own: str) -> bool:
    """No words of the writer's own, or only "FYI, see below"."""
    lines = [line.strip() for line in own.splitlines() if line.strip()]
    if lines and (
        phrases.GREETING.match(lines[0])
        or (len(lines) > 1 and len(lines[0].split()) <= 4 and lines[0].endswith((",", "!", ":")))
    ):
        lines = lines[1:]  # "Hello team,"
    words = " ".join(lines)
    return not re.search(r"\w", words) or (len(words) < 120 and bool(phrases.POINTER.match(words)))
