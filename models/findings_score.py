"""Scores what is found in the mails of our corpus: ``python -m models.findings_score [--misses [KIND]] [FOLDER]``.

Numbers are read with weights that were learned without the hand that wrote the mail, as a stranger's mail would be.
Prints precision and recall of each kind by hand and by language; each value counts once a mail. An amount is right with
its value, and with its currency unless we leave that open, as the bare sign or as none; days of quoted text, which the
gold seldom lists, are no mistakes. `--misses` prints each mistake with its words, KIND picks one kind. Takes about half
a minute on one core.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, cast

from models.corpus_read import CorpusMail, read_corpus
from models.findings_train import (
    CORPUS,
    NUMBERS,
    RULES,
    hands_of,
    language_of,
    learn,
    message_of,
    number_examples,
    say,
)
from triage.mail.message import message_from_text
from triage.understanding.candidates import squashed
from triage.understanding.extract import Extractor
from triage.understanding.findings import LANGUAGES
from triage.understanding.identifiers import Sort
from triage.understanding.rules import Patterns, load_patterns
from triage.understanding.signs import SHARED

KINDS: Final = ("invoice", "order", "customer", "account", "card", "date", "amount")
#: characters shown on either side of a mistake
_AROUND: Final = 50


@dataclass(frozen=True, kw_only=True)
class Value:
    """A value as the gold or as we have it."""

    kind: str
    value: str
    currency: str | None = None
    text: str
    #: found where the gold may be silent: no mistake
    aside: bool = False

    def is_same(self, gold: "Value") -> bool:
        """Whether this, found, is what the gold means."""
        if (self.kind, self.value) != (gold.kind, gold.value):
            return False
        return not (gold.currency and self.currency) or gold.currency in (self.currency, *SHARED.get(self.currency, ()))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One value of one mail: in the gold, found, or both."""

    mail: CorpusMail
    value: Value
    gold: bool
    found: bool


def outcomes(mails: Sequence[CorpusMail], patterns: Patterns) -> Iterator[Outcome]:
    """Every value of the mails, read with weights that do not know their hand."""
    examples = number_examples(mails, Extractor(patterns), patterns)
    for hand in hands_of(mails):
        weights = learn([each for each in examples if each.mail.hand != hand], strength=NUMBERS)
        extractor = Extractor(replace(patterns, identifier_weights=cast(Mapping[Sort, Mapping[str, float]], weights)))
        for mail in (each for each in mails if each.hand == hand):
            yield from compared(mail, gold_of(mail), found_in(mail, extractor))


def compared(mail: CorpusMail, gold: Iterable[Value], found: Iterable[Value]) -> Iterator[Outcome]:
    """Every value of a mail: in the gold, found, or both."""
    missing = _distinct(gold)
    for value in _distinct(found):
        right = next((each for each in missing if value.is_same(each)), None)
        if right:
            missing.remove(right)
        elif value.aside:
            continue
        yield Outcome(mail=mail, value=value, gold=right is not None, found=True)
    for value in missing:
        yield Outcome(mail=mail, value=value, gold=True, found=False)


def _distinct(values: Iterable[Value]) -> list[Value]:
    return list({(each.kind, each.value, each.currency): each for each in values}.values())


def gold_of(mail: CorpusMail) -> Iterator[Value]:
    """What the writer of the mail says it has."""
    for kind, text in mail.identifiers:
        yield Value(kind=kind, value=squashed(text), text=text)
    for day in mail.dates:
        yield Value(kind="date", value=day.value.isoformat(), text=day.text)
    for amount in mail.amounts:
        yield Value(kind="amount", value=_plain(amount.value), currency=amount.currency, text=amount.text)


def found_in(mail: CorpusMail, extractor: Extractor) -> Iterator[Value]:
    """What we read in it."""
    plain = message_of(mail)
    parsed = message_from_text(mail.body)
    message = replace(plain, text=parsed.text, reply=parsed.reply, parts=parsed.parts)
    for each in extractor.findings(message, language_of(mail)):
        if each.kind == "amount":
            yield Value(kind="amount", value=_plain(Decimal(each.value)), currency=each.currency, text=each.text)
        elif each.kind in KINDS:
            aside = each.kind == "date" and each.where == "quoted"
            yield Value(kind=each.kind, value=squashed(each.value), text=each.text, aside=aside)


def _plain(value: Decimal) -> str:
    return f"{abs(value).normalize():f}"


def table(rows: Sequence[Outcome]) -> Iterator[str]:
    """Precision, recall and the number of gold values: all, by hand, by language."""
    names = ["all", *sorted({row.mail.hand for row in rows}), *LANGUAGES]
    yield f"{'':9s}" + "".join(f"{name:>18s}" for name in names)
    for kind in KINDS:
        of_kind = [row for row in rows if row.value.kind == kind]
        cells = (
            figures([row for row in of_kind if name in ("all", row.mail.hand, row.mail.language)]) for name in names
        )
        yield f"{kind:9s}" + "".join(f"{cell:>18s}" for cell in cells)


def figures(rows: Sequence[Outcome]) -> str:
    """ ".971/.965 (281)": precision, recall, how many there are."""
    count = Counter((row.gold, row.found) for row in rows)
    hit, missed, wrong = count[True, True], count[True, False], count[False, True]
    precision, recall = hit / max(1, hit + wrong), hit / max(1, hit + missed)
    return f"{precision:.3f}/{recall:.3f} ({hit + missed})"


def mistake(row: Outcome) -> str:
    """One line: the mail, what was wrong with it, the words around."""
    mail = row.mail
    words = f"{mail.subject} | {mail.body}"
    at = words.find(row.value.text)
    around = " ".join(words[max(0, at - _AROUND) : at + len(row.value.text) + _AROUND].split())
    what = f"{'missed' if row.gold else 'wrong'} {row.value.kind}"
    return f"{what} {row.value.text!r} = {row.value.value} {row.value.currency or ''} {mail.id}: {around}"


def main(arguments: Sequence[str]) -> int:
    """Print the figures, and the mistakes where they are asked for."""
    wanted = [each for each in arguments if each in KINDS]
    folders = [Path(each) for each in arguments if not each.startswith("-") and each not in KINDS]
    mails = [mail for mail in read_corpus(folders[0] if folders else CORPUS) if mail.language != "other"]
    rows = list(outcomes(mails, load_patterns(RULES)))
    if "--misses" in arguments:
        for row in rows:
            if row.gold != row.found and row.value.kind in (wanted or KINDS):
                say(mistake(row))
    for line in table(rows):
        say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
