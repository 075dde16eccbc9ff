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

from triage.understanding.candidates import (
    YEAR,
    Candidate,
    Span,
    candidates_in,
    counts_on,
    follows,
    heads_row,
    is_sum_or_month,
    looks,
    nameless_in,
    overlaps,
    plausible,
    shape_of,
    shaped_in,
    squashed,
    surroundings,
    with_hyphens,
)
from triage.understanding.cards import cards_in
from triage.understanding.findings import Where
from triage.understanding.lexicon import Hit, Reading
from triage.understanding.linear import Linear
from triage.understanding.rules import IdentifierKind, Patterns
from triage.understanding.senses import UNREAD, Senses, agreed

#: how much what the network takes a number for counts beside the words around it
NETWORK: Final = 0.7

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

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.start, self.end


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
        return tuple(
            Identifier(kind="card", start=start, end=end, value=self.text[start:end])
            for start, end in cards_in(self.text, self.reading, self.taken)
        )


#: the word before a plain year that makes it a number of its own ("invoice no. 2026")
_NUMBERED: Final = frozenset({"no<", "nr<", "n<", "num<", "numero<", "number<", "nummer<"})
_NUMBER_SIGN: Final = re.compile(r"(?:#|\b(?:no|nr|num|n[º°o]?)\b\.?[º°o]?:?) ?\Z", re.IGNORECASE)
_SHARE_BEHIND: Final = re.compile(r" ?(?:/|of|de|von|sur) ?\d", re.IGNORECASE)
#: what may stand between a label and its number, beside the words of the rules
_MARKS: Final = frozenset(":#.,()[]«»\"'“”„-–_*/°º&")
#: where a sentence ends, or an item of a list begins
_SENTENCE: Final = re.compile(
    r"[.!?](?=\s)(?<!\bno.)(?<!\bnr.)(?<!\bn.)(?<!\bref.)|\n\s*\n|\n(?=\s*[-*•>|])", re.IGNORECASE
)

_ENDS: Final = re.compile(r"[.!?\n]")
_APART: Final = re.compile(r"(?<!\bno)(?<!\bnr)(?<!\bn)[.!?]\s|\n\s*\n")


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
                if (
                    previous
                    and previous.kind != "none"
                    and follows(words.text, previous.span, candidate.span, words.taken)
                ):
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
        text, reading, taken, amounts = with_hyphens(words.text), words.reading, words.taken, words.amounts
        candidates = list(candidates_in(text, reading))
        if not candidates:
            return
        blocked = [*taken, *nameless_in(text)]
        blocked += [(card.start, card.end) for card in words.cards]
        labels = _Labels(text, reading, self._patterns)
        shaped = shaped_in(text, self._patterns)
        before: Candidate | None = None
        told: set[str] = set()
        for candidate in candidates:
            if overlaps(candidate, blocked):
                continue
            features = labels.features(candidate)
            listed = before is not None and follows(text, before.span, candidate.span, taken)
            headed = bool(before and told and listed and counts_on(before.text, candidate.text))
            if headed:
                # what tells of "INV-1001" tells of its "-1002", too
                features |= told
            direct = any(feature.startswith("label:") for feature in features)
            if candidate.start in shaped:
                features.add(f"shape:{shaped[candidate.start]}")
            if heads_row(text, candidate, amounts):
                features.add("row")
            features |= looks(candidate) | surroundings(text, candidate, amounts, taken)
            known = direct or {"in brackets", "money behind"} <= features or not features.isdisjoint({"row", "article"})
            known = known or listed
            if not plausible(candidate, known=known) and not (direct and _is_numbered(text, candidate)):
                continue
            if YEAR.fullmatch(candidate.text) and features.isdisjoint(_NUMBERED):
                continue
            if is_sum_or_month(candidate.text) and not (direct or listed):
                continue
            if words.where == "subject":
                features.add("subject")
            before = candidate
            headed = headed or candidate.structured
            told = {each for each in features if headed and each.startswith(("label:", "shape:"))}
            yield candidate, features


def _is_numbered(text: str, candidate: Candidate) -> bool:
    """Whether few digits are called a number, as those of small houses are: "invoice no. 7", but not "no. 2 of 5"."""
    before = text[max(0, candidate.start - 8) : candidate.start]
    return (
        candidate.text.isdigit() and bool(_NUMBER_SIGN.search(before)) and not _SHARE_BEHIND.match(text, candidate.end)
    )


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


def _together(shares: Sequence[Mapping[Sort, float]]) -> Sort:
    """The likeliest kind of a number over all the places where it stands."""
    sums: Counter[Sort] = Counter()
    for each in shares:
        sums.update(each)
    return max(sums, key=lambda sort: sums[sort])


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
        if following and not _ENDS.search(self._text, candidate.end, following.start):
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
        return None if _APART.search(gap.lower()) else label

    def _fills(self, token: int) -> bool:
        word = self._reading.words[token]
        if "\n\n" in self._text[self._reading.starts[token] : self._reading.starts[token] + len(word) + 2]:
            return False
        return word in _MARKS or word in self._between


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
