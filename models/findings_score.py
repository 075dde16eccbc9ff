"""Scores what is found in the mails of our corpus: ``python -m models.findings_score [--misses [KIND]] [FOLDER]``.

Numbers are read with weights that were learned without the hand that wrote the mail, as a stranger's mail would be.
Prints precision and recall of each kind by hand and by language: a finding counts when the gold of the mail has its
value (and its currency, for amounts), each value once a mail. `--misses` prints each mistake with its words; KIND
picks one kind of finding. Takes about a minute on one core.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from triage.understanding.extract import Extractor
from triage.understanding.findings import LANGUAGES
from triage.understanding.identifiers import squashed
from triage.understanding.rules import Patterns, load_patterns

KINDS: Final = ("invoice", "order", "customer", "account", "card", "date", "amount")
#: characters shown on either side of a mistake
_AROUND: Final = 50

#: kind → values, each with the words that show it
Values = dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One value of one mail: in the gold, found, or both."""

    mail: CorpusMail
    kind: str
    value: str
    text: str
    gold: bool
    found: bool


def outcomes(mails: Sequence[CorpusMail], patterns: Patterns) -> Iterator[Outcome]:
    """Every value of the mails, read with weights that do not know their hand."""
    examples = number_examples(mails, Extractor(patterns), patterns)
    for hand in hands_of(mails):
        weights = learn([each for each in examples if each.mail.hand != hand], strength=NUMBERS)
        extractor = Extractor(replace(patterns, identifier_weights=cast("object", weights)))  # type: ignore[arg-type]
        for mail in (each for each in mails if each.hand == hand):
            gold, found = gold_of(mail), found_in(mail, extractor)
            for kind in KINDS:
                for value in sorted({*gold[kind], *found[kind]}):
                    text = gold[kind].get(value) or found[kind][value]
                    yield Outcome(
                        mail=mail, kind=kind, value=value, text=text, gold=value in gold[kind],
                        found=value in found[kind],
                    )  # fmt: skip


def gold_of(mail: CorpusMail) -> Values:
    """What the writer of the mail says it has."""
    values: Values = {kind: {} for kind in KINDS}
    for kind, text in mail.identifiers:
        values[kind][squashed(text)] = text
    for day in mail.dates:
        values["date"][day.value.isoformat()] = day.text
    for amount in mail.amounts:
        values["amount"][f"{abs(amount.value.normalize()):f} {amount.currency or ''}".strip()] = amount.text
    return values


def found_in(mail: CorpusMail, extractor: Extractor) -> Values:
    """What we read in it."""
    values: Values = {kind: {} for kind in KINDS}
    for finding in extractor.findings(message_of(mail), language_of(mail)):
        value = squashed(finding.value)
        if finding.kind == "amount":
            number = finding.value.rstrip("0").rstrip(".") if "." in finding.value else finding.value
            value = f"{number} {finding.currency or ''}".strip()
        if finding.kind in values:
            values[finding.kind].setdefault(value, finding.text)
    return values


def table(rows: Sequence[Outcome]) -> Iterator[str]:
    """Precision, recall and the number of gold values: all, by hand, by language."""
    names = ["all", *sorted({row.mail.hand for row in rows}), *LANGUAGES]
    yield f"{'':9s}" + "".join(f"{name:>18s}" for name in names)
    for kind in KINDS:
        of_kind = [row for row in rows if row.kind == kind]
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
    at = words.find(row.text)
    around = " ".join(words[max(0, at - _AROUND) : at + len(row.text) + _AROUND].split())
    return f"{'missed' if row.gold else 'wrong'} {row.kind} {row.text!r} = {row.value}  {mail.id}: {around}"


def main(arguments: Sequence[str]) -> int:
    """Print the figures, and the mistakes where they are asked for."""
    wanted = [each for each in arguments if each in KINDS]
    folders = [Path(each) for each in arguments if not each.startswith("-") and each not in KINDS]
    mails = [mail for mail in read_corpus(folders[0] if folders else CORPUS) if mail.language != "other"]
    rows = list(outcomes(mails, load_patterns(RULES)))
    if "--misses" in arguments:
        for row in rows:
            if row.gold != row.found and row.kind in (wanted or KINDS):
                say(mistake(row))
    for line in table(rows):
        say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
