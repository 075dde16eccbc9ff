"""What in a text may be a number that names something, and how it looks; what it names is not asked here.

Telephones, bank accounts, tax numbers, addresses and names of files are none, wherever they stand.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from triage.understanding.lexicon import Reading
from triage.understanding.rules import IdentifierKind, Patterns

Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What may be a number that names something."""

    start: int
    end: int
    text: str
    #: letters or marks among the digits: not just a number
    structured: bool

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.start, self.end


#: letters and digits in any mixture, held together by marks; a series before it ("FT A/889", "F 26/0318"), groups
#: after; or what only goes on with a number before it ("INV-1001, -1002", "1001+1002")
_TOKEN: Final = re.compile(
    r"(?<![\w@/.&+-])(?:(?P<series>[A-Z]{1,4}(?:-[A-Z]{1,3})?) (?=\d|[A-Z]{1,3}[-/]?\d))?"
    r"(?P<core>[^\W_]*\d[^\W_]*(?:[-_/.][^\W_]+)*|[^\W\d_]{1,6}(?:[-_/.][^\W_]+)+)"
    r"(?P<groups>(?:(?: \d{2,6}(?!\w|[.,]\d|%))+(?: [\dA-Z](?!\w|[.,]\d|%|'))?)?)(?!\w|[.,]\d\d?(?!\d))"
    r"|(?<=[ \d][&+-])(?P<next>\d{3,8})(?![\w/&-]|[.,]\d)"
)
_STOP_AND_DIGIT: Final = re.compile(r"\.(?=[A-Z]{0,4}\d)")
#: what may part several numbers: a hyphen only between longer ones, since "118-207" is one
_MARK: Final = re.compile(r"(?<=\d{3})/(?=\d{3,8}(?:/|\Z))|(?<=\d{4})-(?=\d{4,8}\Z)")
_LAST_DIGITS: Final = re.compile(r"\d{3,8}\Z")
#: invoices that are written with one head follow one another; farther apart, two halves are one number
MOST_APART: Final = 100
_TAIL: Final = re.compile(r"(?:[-_/][^\W_]+)+(?!\w)")
#: "number" in front without a space: "nº4471", "No.4471", "Rg.Nr.331/26"
_NUMBER_SIGN: Final = re.compile(
    r"(?:[^\W\d_]{1,12}[.-]){0,2}(?:[^\W\d_]*(?:nr|nro|num|núm)\.|n[ºª]\.?|n\.(?:[ºªo]\.?)?|no\.)(?=[^\W_]*\d)",
    re.IGNORECASE,
)
_DECIMAL: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})*[.,]\d{2}")
#: what only words beside it make a number of something: a plain sum, a month
_SUM_OR_MONTH: Final = re.compile(r"\d{4,6}[.,]\d\d|(?:0?[1-9]|1[0-2])/20[0-4]\d")
#: what is measured has no number
_MEASURED: Final = re.compile(r" ?(?:[kMG]?Wh|kW|kg|km|m[²³23]|[GM]B|Mbps|Mbit/s)(?!\w)")
YEAR: Final = re.compile(r"(?:19[89]|20[0-4])\d")
_YEARS: Final = re.compile(r"(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d")
_SHARE: Final = re.compile(r"\d{1,2}[/.-]\d{1,2}|\d+\.\d+")
_ORDINAL: Final = re.compile(r"\d+(?:st|nd|rd|th|er|[eºª°x×hHkKmg]|km|kg|gb|GB|MB|am|pm|min|%)")
#: what names nothing wherever it stands: addresses, accounts, telephones, times, tax and card numbers, our own cases
_ADDRESS: Final = re.compile(r"https?://\S+|www\.\S+|\S+@\S+")
#: how names of files end; those that are attached are read by themselves
_FILE: Final = re.compile(r"\.(?:pdf|zip|xlsx?|docx?|csv|xml|png|jpe?g|gif|heic|tiff?|eml|txt|html?)\b", re.IGNORECASE)
_NAME: Final = re.compile(r"[^\s/\\(<\"]*$")
_BLOCKED: Final = re.compile(
    # references of our own cases, also as others shorten them
    r"\bDSP-\d{4}-\d{4,}(?:-\d)?\b"
    r"|(?<![\w-])(?:\+|00(?=[1-9]\d? ))\d[\d ()/.-]{6,}\d"
    r"|\(\d{2,5}\) ?\d[\d -]{4,}\d"
    # the line of digits that pays a boleto
    r"|(?<!\d)\d{5}\.?\d{5} \d{5}\.?\d{6} \d{5}\.?\d{6} \d \d{14}(?!\d)|(?<!\d)(?:\d{11}[ -]?\d ){3}\d{11}[ -]?\d(?!\d)"
    r"|(?<!\d)\d(?:\d?[:h]\d\d(?!\d)|\d\.\d{3}\.\d{3}/\d{4}-\d\d|\d\d\.\d{3}\.\d{3}-\d\d"
    r"|\d{3}[ -]?(?:\d{4}|[xX*]{4})[ -]?(?:\d{4}|[xX*]{4})[ -]?(?=\d{4}(?!\d)))"
    r"|\b[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){3,7}(?: [A-Z0-9]{1,3})?\b"
)
#: where one of them can begin, so that they are not tried at every letter of the text
_MAY_BLOCK: Final = re.compile(r"\d+|[+(]|[A-Z]{2}(?=\d\d|P-)")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b")
#: VAT, company and personal tax numbers of a few countries, without their marks
_TAX: Final = re.compile(r"[A-Z]{2}\d{7,}[A-Z]?\d*|[A-Z]\d{7,8}[A-Z]?|[A-Z]{3,4}\d{6}\w{3}|\d{8}[A-Z]|\d{14}")
_LIST: Final = re.compile(
    r"\s*(?:[,;/&+]|–|-(?= )|and|y|e|et|und|sowie|or|ou|oder|o|u\.?|bis|to|a|à)?(?:\s+(?:and|y|e|et|und|or|ou|oder))?"
    r"(?:\s+(?:the|la|el|las|los|a|as|die|der|les))?(?:\s+(?:nr|nro|núm|no|n[º°]|n\.[º°o]?)\.?)?\s*[#-]?\s*",
    re.IGNORECASE,
)


#: the dashes of word processors that hold a number together: short ones, and long ones behind letters
_SHORT_DASH: Final = re.compile(r"(?<=\w)[\u2010\u2011](?=\w)")
_LONG_DASH: Final = re.compile(r"(?<=[^\W\d_])\u2013(?:(\d{1,8})\u2013)?(?=\d)")


def with_hyphens(text: str) -> str:
    """The text, as long as before, with plain hyphens in its numbers: "INV–2026–4471", but not "881–885"."""
    if "\u2010" in text or "\u2011" in text:
        text = _SHORT_DASH.sub("-", text)
    if "\u2013" in text:
        text = _LONG_DASH.sub(lambda found: f"-{found[1]}-" if found[1] else "-", text)
    return text


def candidates_in(text: str, reading: Reading) -> Iterator[Candidate]:
    """Whatever has digits and is held together, in order, several with a shared head apart; telephones, too."""
    if not _DIGIT.search(text):
        return
    labels = {hit.start: hit.end for hit in reading.of("label")}
    others = {hit.start for hit in reading.of("label") if hit.name == "label.none"}
    shouting: bool | None = None
    before: Candidate | None = None
    for match in _TOKEN.finditer(text):
        if match["next"]:
            if before and counts_on(before.text, match[0]) and _LIST.fullmatch(text, before.end, match.start()):
                before = Candidate(start=match.start(), end=match.end(), text=match[0], structured=False)
                yield before
            continue
        core = match["core"]
        if not any(map(str.isdigit, core + match["groups"])) or _ORDINAL.fullmatch(core):
            continue
        lead = _lead(text, match.start("core"), labels)
        core = core[lead:]
        series = bool(match["series"]) and not lead and match.start("series") not in labels
        if match["groups"] and YEAR.fullmatch(core):
            # "INV 4471" says what it is; before a year it is a part of the number: "INV 2026 4471"
            series = bool(match["series"]) and match.start("series") not in others
        if series and len(match["series"]) > 2:
            shouting = _shouts(text) if shouting is None else shouting
            series = not shouting
        series = series and not _begins_sentence(text, match)
        start = match.start("series") if series else match.start("core") + lead
        end = match.end("groups") if core.isdigit() or series or core.isupper() else match.end("core")
        if not any(map(str.isdigit, text[start:end])):
            # a word with a mark in it ("NFS-e 1904"), and the whole number behind it ("n.º 2026/55")
            start, end = match.start("groups") + 1, match.end("groups")
            if tail := _TAIL.match(text, end):
                end = tail.end()
            core = text[start:end]
        if _MEASURED.match(text, end):
            continue
        token = Candidate(
            start=start, end=end, text=text[start:end], structured=series or bool(lead) or not core.isdigit()
        )
        for before in _apart(token):
            yield before


def _lead(text: str, start: int, labels: Mapping[int, int]) -> int:
    """How many letters in front of a number are words, as in "nº4471" and "inv.4471"; capitals may be a series."""
    if sign := _NUMBER_SIGN.match(text, start):
        return sign.end() - start
    end = labels.get(start, start)
    word = text[start:end]
    return end + 1 - start if word and not word.isupper() and _STOP_AND_DIGIT.match(text, end) else 0


def _apart(token: Candidate) -> Iterator[Candidate]:
    """ "INV-1001/1002" and "1001-1004" are the two numbers that are written; most are one."""
    end = len(token.text)
    rest: list[Candidate] = []
    for mark in reversed(list(_MARK.finditer(token.text))):
        before, behind = token.text[: mark.start()], token.text[mark.end() : end]
        if not counts_on(before, behind) or (mark[0] == "-" and not before.isdecimal()):
            break
        at = token.start + mark.end()
        rest.append(Candidate(start=at, end=at + len(behind), text=behind, structured=False))
        end = mark.start()
    if not rest:
        yield token
        return
    head = token.text[:end]
    yield Candidate(start=token.start, end=token.start + end, text=head, structured=not head.isdecimal())
    yield from reversed(rest)


def counts_on(before: str, number: str) -> bool:
    """Whether digits are the end of the number before, counted on: 1002 and 1090 after "INV-1001", but no year."""
    last = _LAST_DIGITS.search(before)
    if not last or len(last[0]) != len(number) or not number.isdecimal():
        return False
    years = YEAR.fullmatch(last[0]) and YEAR.fullmatch(number)
    return not years and 0 < int(number) - int(last[0]) < MOST_APART


def _shouts(text: str) -> bool:
    """Whether most letters are capitals, so that a word of capitals is no series."""
    return sum(map(str.isupper, text)) > 0.6 * max(1, sum(map(str.isalpha, text)))


def nameless_in(text: str) -> Iterator[Span]:
    """Places of what names nothing of ours: addresses, bank accounts, telephones, files, times, our own cases."""
    end = 0
    for begins in _MAY_BLOCK.finditer(text):
        if begins.start() >= end and (match := _BLOCKED.match(text, begins.start())):
            end = match.end()
            yield match.span()
    if "@" in text or "://" in text or "www." in text:
        yield from (match.span() for match in _ADDRESS.finditer(text))
    yield from _file_names(text)
    yield from (match.span() for match in _IBAN.finditer(text) if _checks(match[0]))


def _file_names(text: str) -> Iterator[Span]:
    for match in _FILE.finditer(text):
        if name := _NAME.search(text, max(0, match.start() - 80), match.start()):
            yield name.start(), match.end()


def _checks(iban: str) -> bool:
    """Whether the check digits of an account number are right (ISO 13616); an order number's hardly ever are."""
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def _begins_sentence(text: str, match: re.Match[str]) -> bool:
    """Whether a lone capital is the article of a sentence ("A 00771183 que veio") and no series."""
    before = text[: match.start()].rstrip(" ")
    return match["series"] in ("A", "O", "E", "Y", "I") and (not before or before[-1] in ".!?\n")


def plausible(candidate: Candidate, *, known: bool) -> bool:
    """Whether it can be one at all; without a label, an article or a table it takes more than a few digits."""
    text = candidate.text
    digits = sum(map(str.isdigit, text))
    if _DECIMAL.fullmatch(text) or not 2 <= len(text) <= 40 or digits > 30:
        return False
    if _YEARS.fullmatch(text):
        return False
    if not known and _SHARE.fullmatch(text):
        return False
    if candidate.structured:
        return digits >= (2 if known else 3)
    return digits >= (3 if known else 5)


def is_sum_or_month(text: str) -> bool:
    """Whether it is a plain sum or a month, and a number of something only where a label says so: "1000.00"."""
    return bool(_SUM_OR_MONTH.fullmatch(text))


def overlaps(candidate: Candidate, spans: Sequence[Span]) -> bool:
    """Whether a candidate stands in one of these places."""
    return any(start < candidate.end and candidate.start < end for start, end in spans)


#: what goes on with the number before: its day, its sum
_OF: Final = re.compile(r"^\s*(?:dated|of|from|for|vom|über|du|de|del|do|da|por|d'un montant de)\b")


def follows(text: str, before: Span, span: Span, taken: Sequence[Span]) -> bool:
    """ "881 of 1 June and 882": the list that the number before began goes on, as long as the two look alike."""
    stop = before[1]
    if span[0] - stop > 60:
        return False
    gap = text[stop : span[0]]
    for start, end in sorted(taken, reverse=True):
        if stop <= start and end <= span[0]:
            gap = gap[: start - stop].rstrip(" (") + gap[end - stop :].lstrip(" )")
    gap = _OF.sub("", gap, count=1)
    if not gap.strip() or not _LIST.fullmatch(gap):
        return False
    previous, this = text[before[0] : stop], text[span[0] : span[1]]
    numbers = previous.isdigit() == this.isdigit()
    alike = shape_of(previous) == shape_of(this) or (numbers and abs(len(previous) - len(this)) <= 3)
    return alike or counts_on(previous, this)


def shaped_in(text: str, patterns: Patterns) -> dict[int, IdentifierKind]:
    """Where numbers begin that the site's shapes know."""
    places: dict[int, IdentifierKind] = {}
    for shape in patterns.shapes:
        if shape.kind == "card":
            continue
        for match in shape.compiled.finditer(text):
            places.setdefault(match.start(1), shape.kind)
    return places


def heads_row(text: str, candidate: Candidate, amounts: Sequence[Span]) -> bool:
    """Whether it is the first thing of a line of a table that ends in an amount."""
    line_start = text.rfind("\n", 0, candidate.start) + 1
    line_end = text.find("\n", candidate.end)
    line_end = len(text) if line_end < 0 else line_end
    if text[line_start : candidate.start].strip(" \t>-*|•"):
        return False
    return any(candidate.end <= start and end <= line_end for start, end in amounts)


def squashed(value: str) -> str:
    """Without spaces and case, as numbers are compared within a mail."""
    return "".join(value.split()).upper()


def shape_of(value: str) -> str:
    """The house style of a number: letters as they are, digits as 9."""
    return _DIGIT.sub("9", value)


_DIGIT: Final = re.compile(r"\d")


def looks(candidate: Candidate) -> set[str]:
    """What the number itself looks like."""
    text = candidate.text
    digits = sum(map(str.isdigit, text))
    letters = _SERIES.match(text)
    features = {f"digits:{min(digits, 12) // 2}", *(f"has:{mark}" for mark in "-/._ " if mark in text)}
    features.add(f"begins:{letters[0].lower()}" if letters else "begins:0")
    features.add(f"letters:{min(len(letters[0]), 6) if letters else 0}")
    if _WORD_AND_DIGITS.fullmatch(text):
        features.add("word and digits")
    if _YEAR_FIRST.match(text):
        features.add("year first")
    if _YEAR_LAST.search(text):
        features.add("year last")
    if _LETTER_LAST.search(text):
        features.add("ends in a letter")
    if _TAX.fullmatch(_TAX_MARKS.sub("", text)):
        features.add("like a tax number")
    return features


_SERIES: Final = re.compile(r"[^\W\d_]+")
_YEAR_FIRST: Final = re.compile(r"(?:19|20)?\d\d[-/.]")
_YEAR_LAST: Final = re.compile(r"[-/](?:20)?[0-3]\d$")
_LETTER_LAST: Final = re.compile(r"[^\W\d_]$")
_TAX_MARKS: Final = re.compile(r"[-. ]")
#: as codes of vouchers are made
_WORD_AND_DIGITS: Final = re.compile(r"[^\W\d_]{4,}\d{1,3}")


def surroundings(text: str, candidate: Candidate, amounts: Sequence[Span], taken: Sequence[Span]) -> set[str]:
    """Money or a date right behind it, brackets around it."""
    features = set()
    if any(candidate.end < start <= candidate.end + 12 for start, _ in amounts):
        features.add("money behind")
    if any(candidate.end < start <= candidate.end + 10 for start, _ in taken):
        features.add("date behind")
    before, behind = text[max(0, candidate.start - 2) : candidate.start], text[candidate.end : candidate.end + 2]
    if before.endswith("("):
        features.add("in brackets")
    if behind.startswith(" ("):
        features.add("before brackets")
    if not before.strip():
        features.add("begins a line" if "\n" in before or not before else "in a line")
    return features
