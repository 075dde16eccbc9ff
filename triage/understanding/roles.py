"""What each amount is in the matter (disputed, billed, expected, paid, refund, other), and the sum that is contested.

Words around an amount (rules/amounts.toml), its place, and how it relates to the other amounts of the mail are features
with learned weights (rules/weights.toml). The contested amount is then the likeliest of all that the mail allows: an
amount that it states, the difference of two, or the sum of those that are disputed.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import Final, Literal

from triage.understanding.amounts import Amount
from triage.understanding.findings import Disputed, How, Money, Role, Where
from triage.understanding.lexicon import Hit, Reading
from triage.understanding.linear import Linear
from triage.understanding.rules import Patterns
from triage.understanding.senses import UNREAD, Senses, agreed

#: distinct values that are compared with one another; a price list with more is no single claim
MOST: Final = 16
#: how much what the network takes an amount for counts beside the words around it
NETWORK: Final = 1.0
#: under this probability no sum is called the contested one
LEAST: Final = 0.2

_SENTENCE: Final = re.compile(r"[.!?:;](?=\s+\S)|\n\s*\n|\n(?=\s*[-*•>|])|…")
_SHORT_LINE: Final = re.compile(r"(?:^|(?<=\n))[^\n]{0,52}\n")
_ABBREVIATED: Final = re.compile(
    r"(?:\b(?:[a-z]|nr|no|bzw|ca|inkl|zzgl|art|pos|sr|sra|dr|mr|mrs|fra|núm|num|approx|ref|tel))\.$", re.I
)


@dataclass(frozen=True, kw_only=True)
class Priced:
    """An amount with its role."""

    amount: Amount
    role: Role
    #: probability of each role
    shares: tuple[tuple[Role, float], ...] = ()

    def share(self, role: Role) -> float:
        """How likely that role is."""
        return next((share for each, share in self.shares if each == role), 0.0)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A text with the amounts found in it."""

    where: Where
    text: str
    reading: Reading
    amounts: tuple[Amount, ...]


@dataclass(frozen=True, kw_only=True)
class Leaning:
    """What is known of the mail before its amounts are judged."""

    #: whether it disputes a bill; None when nobody has said
    dispute: bool | None = None
    #: for which reason
    reason: str | None = None
    #: sections of rules/phrases.toml with a phrase in the mail
    groups: frozenset[str] = frozenset()

    @property
    def features(self) -> set[str]:
        """As features of every amount."""
        features = {f"mail {group}" for group in self.groups}
        if self.dispute is not None:
            features.add("dispute" if self.dispute else "none")
        if self.dispute and self.reason:
            features.add(f"reason:{self.reason}")
        return features


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sum that may be the contested one, with what speaks for it."""

    money: Money
    how: How
    features: frozenset[str]


class Roles:
    """Judges the amounts of a mail."""

    def __init__(self, patterns: Patterns) -> None:
        self._roles: Linear[Role] = Linear(patterns.role_weights)
        self._claims: Linear[Literal["yes", "no"]] = Linear(patterns.disputed_weights)

    def judge(
        self, places: Sequence[Place], leaning: Leaning | None = None, senses: Senses = UNREAD
    ) -> tuple[list[list[Priced]], Disputed | None]:
        """The amounts of each place with their roles, and the contested sum where the mail says one."""
        leaning = leaning or Leaning()
        priced = price(places, self._roles, leaning, senses)
        own = [
            each for place, prices in zip(places, priced, strict=True) if place.where != "attachment" for each in prices
        ]
        return priced, self._disputed(own, places, leaning)

    def _disputed(self, priced: Sequence[Priced], places: Sequence[Place], leaning: Leaning) -> Disputed | None:
        if leaning.dispute is False:
            return None
        best, chance = None, LEAST
        for claim in claims(priced, places, leaning):
            yes = self._claims.probabilities(claim.features)["yes"]
            if yes > chance:
                best, chance = claim, yes
        return Disputed(money=best.money, how=best.how) if best else None


def price(
    places: Sequence[Place], roles: Linear[Role], leaning: Leaning, senses: Senses = UNREAD
) -> list[list[Priced]]:
    """The amounts of each place with the roles that these weights give them, and the network where it has read them."""
    return [
        _of_one_mind(
            [
                _priced(
                    amount,
                    agreed(roles.probabilities(of), senses.at(place.where, amount.start, amount.end), network=NETWORK),
                )
                for amount, of in zip(place.amounts, each, strict=True)
            ]
        )
        for place, each in zip(places, role_features(places, leaning), strict=True)
    ]


def _priced(amount: Amount, shares: Mapping[Role, float]) -> Priced:
    return Priced(amount=amount, role=max(shares, key=lambda role: shares[role]), shares=tuple(shares.items()))


def _of_one_mind(priced: Sequence[Priced]) -> list[Priced]:
    """A value that stands several times in a text has one role: the likeliest over all its places."""
    sums: dict[Decimal, Counter[Role]] = {}
    for each in priced:
        sums.setdefault(each.amount.value, Counter()).update(dict(each.shares))
    return [
        replace(each, role=max(shares, key=lambda role: shares[role])) if (shares := sums[each.amount.value]) else each
        for each in priced
    ]


# ---------------------------------------------------------------------------------------------- features


def role_features(places: Sequence[Place], leaning: Leaning) -> list[list[set[str]]]:
    """For each place and each amount of it, what speaks for one role or another."""
    values = sorted({amount.value for place in places if place.where != "attachment" for amount in place.amounts})
    relations = _relations(values) if len(values) <= MOST else {}
    words = {hit.name[5:] for place in places for hit in place.reading.of("word")}
    whole = leaning.features | {f"mail:{word}" for word in words} | {f"values:{min(len(values), 5)}"}
    counts = Counter(amount.value for place in places for amount in place.amounts)
    result: list[list[set[str]]] = []
    for place in places:
        result.append([])
        if not place.amounts:
            continue
        around = _Around(place)
        for number, amount in enumerate(place.amounts):
            near = around.features(number) | relations.get(amount.value, set())
            near |= {f"in:{place.where}", f"times:{min(counts[amount.value], 3)}", f"shape:{amount.shape}"}
            if amount.negative:
                near.add("negative")
            result[-1].append(whole | near | _crossed(near, leaning, len(values)))
    return result


def _crossed(near: set[str], leaning: Leaning, values: int) -> set[str]:
    """What the words mean depends on the matter: "paid" in a dispute is not "paid" in a remittance advice."""
    if leaning.dispute is None:
        return set()
    matter = "dispute" if leaning.dispute else "none"
    crossed = {f"{matter}&{feature}" for feature in near if not feature.startswith('"')}
    crossed.add(f"{matter}&values:{min(values, 5)}")
    if leaning.dispute and leaning.reason:
        rank = next((each for each in ("largest", "smallest") if each in near), "middle")
        place = "first" if "first" in near else "later"
        crossed |= {f"{leaning.reason}&{each}" for each in (f"values:{min(values, 5)}", rank, place)}
    return crossed


def _relations(values: Sequence[Decimal]) -> dict[Decimal, set[str]]:
    """How each value stands to the others: the largest, the difference or the sum of two, a half, a tenth."""
    relations: dict[Decimal, set[str]] = {value: set() for value in values}
    if len(values) > 1:
        relations[values[-1]].add("largest")
        relations[values[0]].add("smallest")
    for small, large in combinations(values, 2):
        if large - small in relations and large - small != small:
            relations[large - small].add("a difference")
            relations[large].add("made of two")
            relations[small].add("leaves a rest")
        if large == 2 * small:
            relations[small].add("a half")
            relations[large].add("a double")
        if small and large / small >= 8:
            relations[small].add("much smaller")
        elif small and large / small <= Decimal("1.6"):
            relations[small].add("a little less")
            relations[large].add("a little more")
    return relations


class _Around:
    """The words around the amounts of one text."""

    def __init__(self, place: Place) -> None:
        self._place = place
        text, reading = place.text, place.reading
        self._hits = reading.of("word")
        self._ends = [
            match.end()
            for match in _SENTENCE.finditer(text)
            if not _ABBREVIATED.search(text[max(0, match.end() - 8) : match.end()])
        ]
        # a short line was ended on purpose: a row of a table, an item of a list
        self._ends = sorted([*self._ends, *(match.end() for match in _SHORT_LINE.finditer(text))])
        self._tokens = [reading.token_at(amount.start) for amount in place.amounts]
        self._after = [reading.token_at(amount.end) for amount in place.amounts]
        self._sentences = [self._sentence(amount.start) for amount in place.amounts]

    def features(self, number: int) -> set[str]:
        """What stands around one amount: words of its sentence by side and distance, neighbours, other amounts."""
        first, last = self._tokens[number], self._after[number]
        sentence = self._sentences[number]
        features: set[str] = set()
        for hit in self._hits:
            away = self._sentence(hit.start) - sentence
            name = hit.name[5:]
            if away == 0:
                features.update(_sided(name, hit, first, last))
            elif abs(away) == 1:
                features.add(f"{name}{'_next' if away > 0 else '_before'}")
        features |= self._between(number, "<") | self._between(number, ">")
        words = self._place.reading.words
        features.update(f'"{word}<' for word in words[max(0, first - 1) : first])
        features.update(f'"{word}<<' for word in words[max(0, first - 3) : first])
        features.update(f'">{word}' for word in words[last : last + 1])
        features.update(f'">>{word}' for word in words[last : last + 3])
        features |= self._layout(number)
        return features

    def _between(self, number: int, side: str) -> set[str]:
        """The words between this amount and the one before or after it in the same sentence."""
        other = number - 1 if side == "<" else number + 1
        if not 0 <= other < len(self._tokens) or self._sentences[other] != self._sentences[number]:
            return {f"no amount{side}"}
        begin, end = sorted((number, other))
        low, high = self._after[begin], self._tokens[end]
        features = {f"amount{side}"}
        if high - low <= 12:
            features |= {f"{hit.name[5:]}|{side}" for hit in self._hits if low <= hit.first and hit.last <= high}
        values = self._place.amounts
        features.add(f"{'more' if values[number].value > values[other].value else 'less'} than{side}")
        return features

    def _layout(self, number: int) -> set[str]:
        amount, text = self._place.amounts[number], self._place.text
        features = set()
        line = text[text.rfind("\n", 0, amount.start) + 1 : amount.start]
        if re.search(r"\s{3}$|[|:\t]\s*$", line):
            features.add("in a column")
        if line.lstrip().startswith(">"):
            features.add("quoted line")
        if text.endswith("(", 0, amount.start):
            features.add("in brackets")
        if number == 0:
            features.add("first")
        if number == len(self._tokens) - 1:
            features.add("last")
        return features

    def _sentence(self, place: int) -> int:
        return bisect_right(self._ends, place)


def _sided(name: str, hit: Hit, first: int, last: int) -> Iterator[str]:
    """A word of the sentence by its side of the amount, and how near it is."""
    side, distance = ("<", first - hit.last) if hit.first < first else (">", hit.first - last)
    yield f"{name}{side}"
    if distance <= 6:
        yield f"{name}{side}6"
    if distance <= 2:
        yield f"{name}{side}2"


# ------------------------------------------------------------------------------------------------ claims


def claims(priced: Sequence[Priced], places: Sequence[Place], leaning: Leaning) -> Iterator[Claim]:
    """Every sum that the mail may contest: each amount, each difference of two, the sum of the disputed ones."""
    words = {hit.name[5:] for place in places for hit in place.reading.of("word")}
    first: dict[Decimal, Priced] = {}
    for each in priced:
        held = first.get(each.amount.value)
        if held is None or each.share("disputed") > held.share("disputed"):
            first[each.amount.value] = each
    distinct = list(first.values())[:MOST]
    if not distinct:
        return
    count = f"values:{min(len(distinct), 4)}"
    top = max(distinct, key=lambda each: each.share("disputed"))
    said = any(each.role == "disputed" for each in distinct)
    why = f"reason:{leaning.reason}" if leaning.reason else "no reason"
    relations = _relations(sorted(first))
    contested = [each.amount.value for each in distinct if each.role == "disputed"]
    for each in distinct:
        rank = _rank(each, distinct)
        features = {
            f"{why} stated",
            f"{why} {each.role}",
            f"{why} {rank}",
            f"stated {rank} {count}",
            f"role:{each.role}",
        }
        features |= {f"{each.role} {count}", f"disputed:{int(each.share('disputed') * 8)}"}
        features |= {f"stated {relation}" for relation in relations[each.amount.value]}
        if each.amount.value == sum(value for value in contested if value != each.amount.value):
            features.add("stated sum of the claimed")
        features |= {"stated", f"stated {count}", f"top {said}" if each is top else "not top"}
        features |= {f"stated {word}" for word in ("twice", "difference", "instead") if word in words}
        yield Claim(money=_money(each), how="stated", features=frozenset(features))
    for one, other in combinations(distinct, 2):
        large, small = (one, other) if one.amount.value > other.amount.value else (other, one)
        if (large.amount.currency or small.amount.currency) != (small.amount.currency or large.amount.currency):
            continue
        value = large.amount.value - small.amount.value
        if value in first or value != round(value, 2):
            # less the price of a unit ("0.0082 a litre") is no claim
            continue
        features = {"difference", f"difference {count}", f"difference said {said}", f"{why} difference"}
        features |= {f"less {_rank(large, distinct)} {_rank(small, distinct)}", f"{why} {large.role} less {small.role}"}
        features |= {f"large {large.role}", f"small {small.role}", f"{large.role} less {small.role}"}
        features |= {f"expected:{int(small.share('expected') * 6)}", f"charged:{int(_charged(large) * 6)}"}
        features |= {
            f"difference {word}" for word in ("twice", "difference", "instead", "ought", "discount") if word in words
        }
        yield Claim(money=replace(_money(large), value=value), how="difference", features=frozenset(features))
    claimed = [each for each in distinct if each.role == "disputed"]
    if len(claimed) > 1 and len({each.amount.currency for each in claimed}) == 1:
        total = sum((each.amount.value for each in claimed), Decimal(0))
        if total not in first:
            features = {"sum", f"sum of {min(len(claimed), 4)}", f"sum {count}", f"{why} sum"}
            features |= {f"sum {word}" for word in ("twice", "difference", "instead") if word in words}
            yield Claim(money=replace(_money(claimed[0]), value=total), how="sum", features=frozenset(features))


def _rank(priced: Priced, among: Sequence[Priced]) -> str:
    values = sorted(each.amount.value for each in among)
    if len(values) == 1:
        return "only"
    return {0: "smallest", len(values) - 1: "largest"}.get(values.index(priced.amount.value), "middle")


def _charged(priced: Priced) -> float:
    return priced.share("billed") + priced.share("disputed") + priced.share("paid")


def _money(priced: Priced) -> Money:
    return Money(value=priced.amount.value, currency=priced.amount.currency)
