"""The end of a letter: notices of companies, lines of telephones, signatures.

What is cut off here looks like what it is taken for: a signature is short, tells how to reach its writer, names no sum
and holds no prose. A postscript below it, or a list of what is wrong below "Thanks", stays the writer's.
"""

import re
from bisect import bisect_right

from triage.mail import phrases
from triage.mail.lines import Lines

#: filled lines of a signature at most, and those at the end of a letter in which a notice can be set off
_SIGNATURE_LINES = 14
_NOTICE_LINES = 80
#: characters of a line that may have been wrapped
_WRAPPED = 65
#: characters of a line that are searched, for an address and for a notice
_MAX_NOTICE = 4_000
_MAX_SEARCHED = 400
#: lines of a closing that are still the writer's words: "Regards,", a name, a title; a longer block is a signature
_COURTESY = 3
#: words from which on a line is a sentence rather than a name or an address, and a paragraph is prose
_SENTENCE_WORDS = 8
_PROSE_WORDS = 12
#: words that may stand before a notice in its line: a name, not a sentence of the writer's
_BEFORE_NOTICE = 6
#: short paragraphs below a notice that are passed over on the way to it
_FURNITURE = 3
#: what a signature has and other short lines have not: an address, a telephone number, a company's legal form
_CONTACT = re.compile(
    r"@|\bwww\.|https?://|\+\d[\d ()./-]{6,}|\b0\d[\d ()./-]{6,}"
    r"|\b(?:tel|phone|fon|mob(?:ile)?|cell|fax|tfno|tlf|tél|telefon[eo]?|handy|direct|m|t|d|f)\b\W{0,3}[\d(+]"
    r"|(?-i:\b(?:GmbH|AG|KG|mbH|Ltd|PLC|LLC|Inc|LLP|SARL|SAS|SRL|Ltda|Lda|ApS|AB|BV|NV|S\.L\.(?:P\.|U\.)?|S\.A\.|S\.r\.l\.|B\.V\.))",
    re.I,
)
#: a word, its full stop, and a new sentence or nothing; "S.L.P." and "Musterstr. 1" are no ends
_SENTENCE_END = re.compile(r"[^\W\d_A-ZÀ-Þ]{3,}[.!?…]+[\"”»)]*(?:\s+[\"“«(¿¡]*[A-ZÀ-Þ]|\s*$)|[!?。！？]")
#: money and numbers of bills: signatures have none, claims do
_CLAIM = re.compile(
    r"[$€£¥₹]\s?\d|\d\s?[€£₹]|\b(?:EUR|USD|GBP|CHF|BRL|R\$)\s?\d|\d\s?(?:EUR|USD|GBP|CHF|BRL|euros?)\b"
    r"|\b(?:invoice|bill|order|factura|pedido|fatura|encomenda|facture|commande|rechnung|bestellung|factuur|fattura"
    r"|faktura)\b[^\n]{0,8}\d",
    re.I,
)


def sign_off(lines: Lines, first: int, stop: int) -> None:
    """Label what stands at the end of a run of own lines: notices, phone lines, and the signature."""
    for index in range(first, stop):
        line = lines.lines[index].strip()
        if len(line) < 160 and (
            (phrases.SENT_FROM.match(line) and not _is_sentence(line)) or phrases.SENT_FROM_SENTENCE.match(line)
        ):
            lines.labels[index] = "signature"
    stop = _disclaimer(lines, first, stop)
    for index in range(_near_end(lines, first, stop, _SIGNATURE_LINES), stop):
        if (
            lines.labels[index] == "own"
            and phrases.SIGNATURE_MARK.match(lines.lines[index])
            and _leaves_words(lines, first, index)
            and is_signature(lines, index, stop)
        ):
            lines.mark(index, stop, "signature")
            stop = index
            break
    stop = _ruled_off(lines, first, stop)
    closing = _closing(lines, first, stop)
    if closing is not None and is_signature(lines, closing, stop):
        below = [lines.lines[index] for index in range(closing, stop) if not lines.blank[index]]
        if len(below) > _COURTESY and any(_CONTACT.search(line) for line in below):
            lines.mark(closing, stop, "signature")


def is_signature(lines: Lines, first: int, stop: int) -> bool:
    """Short lines about the writer; no postscript, no sum, no bill, no prose but slogans."""
    own = [index for index in range(first, stop) if lines.is_own(index)]
    if len(own) > _SIGNATURE_LINES or any(
        phrases.POSTSCRIPT.match(lines.lines[index]) or _CLAIM.search(lines.lines[index][:_MAX_SEARCHED])
        for index in own
    ):
        return False
    return not any(_is_prose(lines, start, finish) for start, finish in lines.paragraphs(first, stop))


def _is_prose(lines: Lines, first: int, stop: int) -> bool:
    words = " ".join(lines.lines[index].strip() for index in range(first, stop) if lines.is_own(index))
    return len(words.split()) >= _PROSE_WORDS and bool(_SENTENCE_END.search(words))


def _is_sentence(line: str) -> bool:
    return line.rstrip().endswith((".", "!", "?", "…")) and len(line.split()) >= _SENTENCE_WORDS


def _leaves_words(lines: Lines, first: int, index: int) -> bool:
    """Text above the mark: a mail that starts with -- is not all signature."""
    return any(not lines.blank[above] for above in range(first, index)) or any(
        label != "own" for label in lines.labels[:first]
    )


def _disclaimer(lines: Lines, first: int, stop: int) -> int:
    """Label the notices at the end of the run; where the words before them end."""
    end, furniture = _ruled_notice(lines, first, stop), 0
    for start, finish in reversed(lines.paragraphs(first, end)):
        at = _notice(lines, start, finish)
        if at is not None:
            end = at
            if at > start:
                break
        elif end < stop or furniture == _FURNITURE or _is_prose(lines, start, finish):
            break
        else:
            furniture += 1
    if end == stop or not _says_more(lines, first, end):
        return stop
    while end > first and (lines.blank[end - 1] or phrases.RULE.match(lines.lines[end - 1])):
        end -= 1
    lines.mark(end, stop, "disclaimer")
    return end


def _ruled_notice(lines: Lines, first: int, stop: int) -> int:
    """The drawn line that sets a notice off, and with it all that stands below; `stop` when there is none."""
    for index in range(_near_end(lines, first, stop, _NOTICE_LINES), stop - 1):
        if (
            phrases.RULE.match(lines.lines[index])
            and not lines.blank[index + 1]
            and _notice(lines, index + 1, lines.paragraphs(index + 1, stop)[0][1]) == index + 1
            and _says_more(lines, first, index)
        ):
            return index
    return stop


def _near_end(lines: Lines, first: int, stop: int, count: int) -> int:
    """The first line from which on at most `count` filled ones are left."""
    while stop > first and count >= 0:
        stop -= 1
        count -= not lines.blank[stop]
    return stop


def _says_more(lines: Lines, first: int, stop: int) -> bool:
    """More than a greeting."""
    filled = 0
    for index in range(first, stop):
        if lines.is_own(index):
            filled += 1
            if filled > 1 or not phrases.GREETING.match(lines.lines[index]):
                return True
    return False


def _notice(lines: Lines, first: int, stop: int) -> int | None:
    """The line of a paragraph in which a notice begins; None when there is none, or when it goes on from a sentence."""
    starts: list[int] = []
    words = ""
    for line in lines.lines[first : min(stop, first + _NOTICE_LINES)]:
        starts.append(len(words))
        words += line[:_MAX_NOTICE].strip(" *\t\r\n") + " "
    found = phrases.DISCLAIMER.search(words) if phrases.MAY_BE_DISCLAIMER.search(words) else None
    if found is None:
        return None
    begins = found.start(found.lastindex or 0)
    at = bisect_right(starts, begins) - 1
    while at > 0 and _is_wrapped(lines.lines[first + at - 1]):
        at -= 1
    before = words[starts[at] : begins]
    return None if len(before.split()) > _BEFORE_NOTICE else first + at


def _is_wrapped(line: str) -> bool:
    """A line of prose that goes on in the next."""
    line = line.rstrip()
    return len(line) >= _WRAPPED and not line.endswith((".", "!", "?", ":", ",", "*", "_", "-", "="))


def _ruled_off(lines: Lines, first: int, stop: int) -> int:
    """A drawn line sets off a signature: few short lines, and how to reach the writer among them."""
    filled = 0
    for index in range(stop - 1, first, -1):
        line = lines.lines[index]
        if phrases.RULE.match(line) or phrases.SIGNATURE_MARK.match(line):
            reachable = not filled or any(_CONTACT.search(below) for below in lines.lines[index + 1 : stop])
            if reachable and _leaves_words(lines, first, index) and is_signature(lines, index, stop):
                lines.mark(index, stop, "signature")
                stop = index
        elif not lines.blank[index]:
            filled += 1
            if filled > 6 or (_is_sentence(line) and not phrases.ADDRESS.search(line[:_MAX_SEARCHED])):
                break
    return stop


def _closing(lines: Lines, first: int, stop: int) -> int | None:
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
