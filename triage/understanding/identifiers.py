"""Invoice, order, customer and account numbers, and the last four digits of cards, in any house style.

A number is known by the label before it ("Rechnungs-Nr. RE-2201"), by the list that it stands in ("invoices 881, 882
and 885"), by its shape (rules/invoices.toml), by the article before it ("la FV 26-2101"), by what stands around it, and
by what its mail says elsewhere of the same number or of one like it. Each of these is a feature with a learned weight;
labels of other things (cases, phones, tax, meters) speak against.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, cast

from triage.understanding.findings import Where
from triage.understanding.lexicon import Hit, Reading
from triage.understanding.linear import Linear
from triage.understanding.rules import IdentifierKind, Patterns
from triage.understanding.senses import UNREAD, Senses, agreed

#: how much what the network takes a number for counts beside the words around it
NETWORK: Final = 0.5

Span = tuple[int, int]
#: "none" is a number that is known to be none of ours
Sort = IdentifierKind | Literal["none"]


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """A number that names something."""

    kind: Sort
    start: int
    end: int
    #: without the label and without decoration
    value: str
    #: told by a label, a list or a shape, and not only by what stands around it
    sure: bool = True


@dataclass(frozen=True, kw_only=True)
class Words:
    """A text of a mail, and what is known of it before its numbers are read."""

    text: str
    reading: Reading
    #: places that are dates or money already
    taken: Sequence[Span] = ()
    #: places that are money
    amounts: Sequence[Span] = ()
    where: Where = "reply"

    @cached_property
    def cards(self) -> "tuple[Identifier, ...]":
        """The last four digits of cards."""
        return tuple(_cards(self.text, self.reading, self.taken))


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What may be a number that names something."""

    start: int
    end: int
    text: str
    #: letters or marks among the digits: not just a number
    structured: bool


#: letters and digits in any mixture, held together by marks; a series before it ("FT A/889", "F 26/0318"), groups after
_TOKEN: Final = re.compile(
    r"(?<![\w@/.&+-])(?:(?P<series>[A-Z]{1,4}(?:-[A-Z]{1,3})?) (?=\d|[A-Z]{1,3}[-/]?\d))?"
    r"(?P<core>[^\W_]*\d[^\W_]*(?:[-_/.][^\W_]+)*|[^\W\d_]{1,6}(?:[-_/.][^\W_]+)+)"
    r"(?P<groups>(?:(?: \d{2,6}(?!\w|[.,]\d|%))+(?: [\dA-Z](?!\w|[.,]\d|%|'))?)?)(?!\w|[.,]\d\d?(?!\d))"
)
_DECIMAL: Final = re.compile(r"\d{1,3}(?:[.,]\d{3})*[.,]\d{2}")
_YEAR: Final = re.compile(r"(?:19[89]|20[0-4])\d")
#: the word before a plain year that makes it a number of its own ("invoice no. 2026")
_NUMBERED: Final = frozenset({"no<", "nr<", "n<", "num<", "numero<", "number<", "nummer<"})
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
    r"|(?<!\d)\d(?:\d?[:h]\d\d(?!\d)|\d\.\d{3}\.\d{3}/\d{4}-\d\d|\d\d\.\d{3}\.\d{3}-\d\d"
    r"|\d{3}[ -]?(?:\d{4}|[xX*]{4})[ -]?(?:\d{4}|[xX*]{4})[ -]?(?=\d{4}(?!\d)))"
    r"|\b[A-Z]{2}\d{2}(?: [A-Z0-9]{4}){3,7}(?: [A-Z0-9]{1,3})?\b"
)
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b")
#: VAT, company and personal tax numbers of a few countries, without their marks
_TAX: Final = re.compile(r"[A-Z]{2}\d{7,}[A-Z]?\d*|[A-Z]\d{7,8}[A-Z]?|[A-Z]{3,4}\d{6}\w{3}|\d{8}[A-Z]|\d{14}")
#: what may stand between a label and its number, beside the words of the rules
_MARKS: Final = frozenset(":#.,()[]«»\"'“”„-–_*/°º&")
_LIST: Final = re.compile(
    r"\s*(?:[,;/&+]|[-–](?= )|and|y|e|et|und|sowie|or|ou|oder|o|u|bis|to|a|à)?(?:\s+(?:and|y|e|et|und|or|ou|oder))?"
    r"(?:\s+(?:the|la|el|las|los|a|as|die|der|les|nr\.?|no\.?|n[º°o]\.?))?\s*#?\s*",
    re.IGNORECASE,
)
#: where a sentence ends, or an item of a list begins
_SENTENCE: Final = re.compile(
    r"[.!?](?=\s)(?<!\bno.)(?<!\bnr.)(?<!\bn.)(?<!\bref.)|\n\s*\n|\n(?=\s*[-*•>|])", re.IGNORECASE
)


class Identifiers:
    """Reads the numbers of texts with the site's labels and shapes."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._linear: Linear[Sort] = Linear(patterns.identifier_weights)

    def read(self, texts: Sequence[Words], senses: Senses = UNREAD) -> list[list[Identifier]]:
        """The numbers of a mail that name something, in order, for each of its texts."""
        found: list[list[Identifier]] = []
        judged: dict[str, list[Mapping[Sort, float]]] = {}
        for words, candidates in zip(texts, self.candidates(texts), strict=True):
            found.append([])
            for candidate, features in candidates:
                previous = found[-1][-1] if found[-1] else None
                if previous and previous.kind != "none" and follows(words, previous, candidate):
                    features = {*features, f"list:{previous.kind}"}
                shares = self._linear.probabilities(features)
                if not any(feature.startswith("shape:") for feature in features):
                    # the site's own patterns are not doubted
                    sensed = senses.at(words.where, candidate.start, candidate.end)
                    shares = agreed(shares, sensed, network=NETWORK)
                judged.setdefault(squashed(candidate.text), []).append(shares)
                found[-1].append(
                    Identifier(
                        kind=max(shares, key=lambda sort: shares[sort]), start=candidate.start, end=candidate.end,
                        value=candidate.text,
                        sure=any(feature.startswith(("label:", "list:", "shape:")) for feature in features),
                    )
                )  # fmt: skip
        kinds = {value: _together(shares) for value, shares in judged.items()}
        return [
            sorted(
                [
                    *(replace(each, kind=kinds[squashed(each.value)]) for each in of_text),
                    *words.cards,
                ],
                key=lambda each: each.start,
            )
            for words, of_text in zip(texts, found, strict=True)
        ]

    def candidates(self, texts: Sequence[Words]) -> list[list[tuple[Candidate, set[str]]]]:
        """Whatever looks like a number that names something, with what speaks for one kind or another."""
        found = _without_labels([list(self._in_text(words)) for words in texts])
        of_value: dict[str, set[str]] = {}
        of_shape: dict[str, set[str]] = {}
        for candidate, features in (each for of_text in found for each in of_text):
            value = squashed(candidate.text)
            for label in (feature.partition(":")[2] for feature in features if feature.startswith("label:")):
                of_value.setdefault(value, set()).add(label)
                of_shape.setdefault(shape_of(value), set()).add(label)
        for candidate, features in (each for of_text in found for each in of_text):
            value = squashed(candidate.text)
            if not any(feature.startswith("label:") for feature in features):
                features.update(f"same:{label}" for label in of_value.get(value, ()))
            if value not in of_value:
                features.update(f"alike:{label}" for label in of_shape.get(shape_of(value), ()))
        return found

    def _in_text(self, words: Words) -> Iterator[tuple[Candidate, set[str]]]:
        text, reading, taken, amounts = words.text, words.reading, words.taken, words.amounts
        candidates = list(_candidates(text, reading))
        if not candidates:
            return
        blocked = [*taken, *(match.span() for match in _BLOCKED.finditer(text))]
        if "@" in text or "://" in text or "www." in text:
            blocked += [match.span() for match in _ADDRESS.finditer(text)]
        blocked += _file_names(text)
        blocked += [match.span() for match in _IBAN.finditer(text) if _checks(match[0])]
        blocked += [(card.start, card.end) for card in words.cards]
        labels = _Labels(text, reading, self._patterns)
        shaped = _shaped(text, self._patterns)
        before: Candidate | None = None
        for candidate in candidates:
            if _overlaps(candidate, blocked):
                continue
            features = labels.features(candidate)
            direct = any(feature.startswith("label:") for feature in features)
            if candidate.start in shaped:
                features.add(f"shape:{shaped[candidate.start]}")
            if _heads_row(text, candidate, amounts):
                features.add("row")
            features |= _looks(candidate) | _around(text, candidate, amounts, taken)
            known = direct or {"in brackets", "money behind"} <= features or not features.isdisjoint({"row", "article"})
            known = known or (before is not None and follows(words, before, candidate))
            if not _plausible(candidate, known=known):
                continue
            if _YEAR.fullmatch(candidate.text) and features.isdisjoint(_NUMBERED):
                continue
            if words.where == "subject":
                features.add("subject")
            before = candidate
            yield candidate, features


def _without_labels(found: list[list[tuple[Candidate, set[str]]]]) -> list[list[tuple[Candidate, set[str]]]]:
    """Candidates without a series that the mail itself leaves off elsewhere: "RG 118842" beside "118842" is a label."""
    alone = {candidate.text for of_text in found for candidate, _ in of_text}
    for of_text in found:
        for at, (candidate, features) in enumerate(of_text):
            series, space, number = candidate.text.partition(" ")
            if space and series.isalpha() and number in alone:
                plain = replace(candidate, start=candidate.end - len(number), text=number)
                of_text[at] = (plain, features)
    return found


def squashed(value: str) -> str:
    """Without spaces and case, as numbers are compared within a mail."""
    return "".join(value.split()).upper()


def _together(shares: Sequence[Mapping[Sort, float]]) -> Sort:
    """The likeliest kind of a number over all the places where it stands."""
    sums: Counter[Sort] = Counter()
    for each in shares:
        sums.update(each)
    return max(sums, key=lambda sort: sums[sort])


def shape_of(value: str) -> str:
    """The house style of a number: letters as they are, digits as 9."""
    return _DIGIT.sub("9", value)


_DIGIT: Final = re.compile(r"\d")


# ------------------------------------------------------------------------------------------- candidates


def _candidates(text: str, reading: Reading) -> Iterator[Candidate]:
    labels = {hit.start for hit in reading.of("label")}
    shouting: bool | None = None
    for match in _TOKEN.finditer(text):
        core = match["core"]
        if not any(map(str.isdigit, core + match["groups"])) or _ORDINAL.fullmatch(core):
            continue
        series = bool(match["series"]) and match.start("series") not in labels
        if series and len(match["series"]) > 2:
            shouting = _shouts(text) if shouting is None else shouting
            series = not shouting
        series = series and not _begins_sentence(text, match)
        start = match.start("series") if series else match.start("core")
        end = match.end("groups") if core.isdigit() or series or core.isupper() else match.end("core")
        if not any(map(str.isdigit, text[start:end])):
            # a word with a mark in it ("NFS-e 1904"), and the number behind it
            core = text[match.start("groups") + 1 : match.end("groups")]
            start, end = match.end("groups") - len(core), match.end("groups")
        yield Candidate(start=start, end=end, text=text[start:end], structured=series or not core.isdigit())


def _shouts(text: str) -> bool:
    """Whether most letters are capitals, so that a word of capitals is no series."""
    return sum(map(str.isupper, text)) > 0.6 * max(1, sum(map(str.isalpha, text)))


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


def _plausible(candidate: Candidate, *, known: bool) -> bool:
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


def _overlaps(candidate: Candidate, spans: Sequence[Span]) -> bool:
    return any(start < candidate.end and candidate.start < end for start, end in spans)


def follows(words: Words, before: Candidate | Identifier, candidate: Candidate) -> bool:
    """ "881 of 1 June and 882": the list that the number before began goes on, as long as the two look alike."""
    text, stop = words.text, before.end
    if candidate.start - stop > 60:
        return False
    gap = text[stop : candidate.start]
    for start, end in sorted(words.taken, reverse=True):
        if stop <= start and end <= candidate.start:
            gap = gap[: start - stop].rstrip(" (") + gap[end - stop :].lstrip(" )")
    gap = re.sub(r"^\s*(?:dated|of|from|for|vom|über|du|de|del|do|da|por|d'un montant de)\b", "", gap)
    if not gap.strip() or not _LIST.fullmatch(gap):
        return False
    previous = text[before.start : stop]
    numbers = previous.isdigit() == candidate.text.isdigit()
    return shape_of(previous) == shape_of(candidate.text) or (numbers and abs(len(previous) - len(candidate.text)) <= 3)


def _shaped(text: str, patterns: Patterns) -> dict[int, Sort]:
    """Where numbers begin that the site's shapes know."""
    places: dict[int, Sort] = {}
    for shape in patterns.shapes:
        if shape.kind == "card":
            continue
        for match in shape.compiled.finditer(text):
            places.setdefault(match.start(1), shape.kind)
    return places


def _heads_row(text: str, candidate: Candidate, amounts: Sequence[Span]) -> bool:
    """Whether it is the first thing of a line of a table that ends in an amount."""
    line_start = text.rfind("\n", 0, candidate.start) + 1
    line_end = text.find("\n", candidate.end)
    line_end = len(text) if line_end < 0 else line_end
    if text[line_start : candidate.start].strip(" \t>-*|•"):
        return False
    return any(candidate.end <= start and end <= line_end for start, end in amounts)


# ------------------------------------------------------------------------------------------------ labels


class _Labels:
    """The labels of one text, asked candidate by candidate."""

    def __init__(self, text: str, reading: Reading, patterns: Patterns) -> None:
        self._text = text
        self._reading = reading
        self._between = patterns.between
        self._hits = _longest(reading.of("label"))
        self._by_last = {hit.last: hit for hit in self._hits}
        self._articles = {hit.last for hit in reading.of("article")}
        self._ends = [match.end() for match in _SENTENCE.finditer(text)]
        about = [*self._hits, *reading.of("context")]
        self._said = [(self._sentence(hit.start), f"says {hit.name}") for hit in about]
        self._kinds = {f"mail:{_sort(hit)}" for hit in self._hits}

    def features(self, candidate: Candidate) -> set[str]:
        """What the labels and words around the candidate say."""
        token = self._reading.token_at(candidate.start)
        features = set(self._kinds)
        direct = self._direct(token)
        if direct and (_sort(direct) != "card" or len(candidate.text) == 4):
            features.add(f"label:{_sort(direct)}")
        elif near := self._near(token):
            features.add(f"near:{_sort(near)}{'' if token - near.last <= 3 else '..'}")
            if any(f"{word}<" in _NUMBERED for word in self._reading.words[max(0, token - 2) : token]):
                # "a bill from the surgery center, no. 3304417-02"
                features.add(f"no:{_sort(near)}")
        after = self._reading.token_at(candidate.end)
        following = next((hit for hit in self._hits if after <= hit.first <= after + 2), None)
        if following and not re.search(r"[.!?\n]", self._text[candidate.end : following.start]):
            features.add(f"then:{_sort(following)}")
        if token in self._articles:
            features.add("article")
        sentence = self._sentence(candidate.start)
        features.update(said for place, said in self._said if place == sentence)
        features.update(f"inside:{_sort(hit)}" for hit in self._hits if token <= hit.first and hit.last <= after)
        return features | self._words_around(token, after)

    def _words_around(self, token: int, after: int) -> set[str]:
        """The words next to the candidate, and how the last one begins and ends that is no filler."""
        words = self._reading.words
        before = [word for word in words[max(0, token - 8) : token] if word not in _MARKS]
        behind = [word for word in words[after : after + 5] if word not in _MARKS]
        features = {f"{word}<" for word in before[-1:]}
        features.update(f"{word}<3" for word in before[-3:])
        features.update(f"{word}>2" for word in behind[:2])
        if telling := [word for word in before if word not in self._between][-1:]:
            word = telling[0]
            features.update(f"{word[:letters]}*<" for letters in (4, 6))
            features.add(f"*{word[-6:]}<")
        return features

    def _sentence(self, place: int) -> int:
        return bisect_right(self._ends, place)

    def _direct(self, token: int) -> Hit | None:
        """The label with nothing but fillers between it and the candidate."""
        for steps in range(7):
            place = token - steps
            if label := self._by_last.get(place):
                return label
            if place <= 0 or not self._fills(place - 1):
                return None
        return None

    def _near(self, token: int) -> Hit | None:
        """The nearest label before it in the sentence."""
        before = [hit for hit in self._hits if hit.last <= token and token - hit.last <= 14]
        if not before:
            return None
        label = before[-1]
        gap = self._text[label.end : self._reading.starts[token] if token < len(self._reading.starts) else None]
        return None if re.search(r"(?<!\bno)(?<!\bnr)(?<!\bn)[.!?]\s|\n\s*\n", gap.lower()) else label

    def _fills(self, token: int) -> bool:
        word = self._reading.words[token]
        if "\n\n" in self._text[self._reading.starts[token] : self._reading.starts[token] + len(word) + 2]:
            return False
        return word in _MARKS or word in self._between


def _looks(candidate: Candidate) -> set[str]:
    """What the number itself looks like."""
    text = candidate.text
    digits = sum(map(str.isdigit, text))
    letters = re.match(r"[^\W\d_]+", text)
    features = {f"digits:{min(digits, 12) // 2}", *(f"has:{mark}" for mark in "-/._ " if mark in text)}
    features.add(f"begins:{letters[0].lower()}" if letters else "begins:0")
    features.add(f"letters:{min(len(letters[0]), 6) if letters else 0}")
    if _WORD_AND_DIGITS.fullmatch(text):
        features.add("word and digits")
    if re.match(r"(?:19|20)?\d\d[-/.]", text):
        features.add("year first")
    if re.search(r"[-/](?:20)?[0-3]\d$", text):
        features.add("year last")
    if re.search(r"[^\W\d_]$", text):
        features.add("ends in a letter")
    if _TAX.fullmatch(re.sub(r"[-. ]", "", text)):
        features.add("like a tax number")
    return features


#: as codes of vouchers are made
_WORD_AND_DIGITS: Final = re.compile(r"[^\W\d_]{4,}\d{1,3}")


def _around(text: str, candidate: Candidate, amounts: Sequence[Span], taken: Sequence[Span]) -> set[str]:
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


def _longest(hits: Sequence[Hit]) -> list[Hit]:
    """Of labels that overlap the longest, and of equal ones the first named kind."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.first - hit.last, _ORDER.index(_sort(hit)))):
        if all(hit.last <= other.first or other.last <= hit.first for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.first)


_ORDER: Final[tuple[Sort, ...]] = ("card", "invoice", "order", "customer", "account", "none")


def _sort(hit: Hit) -> Sort:
    return cast(Sort, hit.name.partition(".")[2])


# ------------------------------------------------------------------------------------------------- cards

_FOUR: Final = re.compile(
    r"[\s:.,()«»\"'*xX•#-]*(?:(?:no|nr|n[º°]|la|die|the|mit|con|com|in|en|auf|por|par|ending)\W+){0,4}\W{0,4}"
    r"(\d{4})(?![\w]|[.,/-]\d)",
    re.IGNORECASE,
)
#: one of these is in every masked number
_MASKS: Final = ("*", "•", "xx", "XX")
_MASKED: Final = re.compile(
    # begins only where a run of masks begins, and is bounded: a line of a thousand stars costs nothing
    # and ends with the four: what goes on after them is a bank account
    r"(?<![\w*•])[*xX•]{2}[*xX• -]{0,30}(\d{4})(?!\w| \d{4})|\d{4}[ -]?[*xX•]{4}[ -]?[*xX•]{4}[ -]?(\d{4})(?!\w)"
)


def _cards(text: str, reading: Reading, taken: Sequence[Span]) -> Iterator[Identifier]:
    seen: set[int] = set()
    # "the account ending 7715" is no card
    others = {hit.last for hit in reading.of("label") if hit.name in ("label.account", "label.none")}
    for hit in reading.of("label"):
        if hit.name == "label.card" and hit.first not in others and (match := _FOUR.match(text, hit.end)):
            start, end = match.span(1)
            if start not in seen and "\n\n" not in text[hit.end : start] and not _overlap_any((start, end), taken):
                seen.add(start)
                yield Identifier(kind="card", start=start, end=end, value=match[1])
    for match in _MASKED.finditer(text) if any(mask in text for mask in _MASKS) else ():
        group = 1 if match[1] else 2
        if match.start(group) not in seen:
            seen.add(match.start(group))
            yield Identifier(kind="card", start=match.start(group), end=match.end(group), value=match[group])


def _overlap_any(span: Span, spans: Sequence[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in spans)
