"""Examines a model on mails that none was ever trained on: ``python -m models.exam [MODEL [FOLDER]] [--misses]``.

Every mail of models/exam goes through the whole understanding, as from a mailbox. Prints what the bands do, how
often the reason is right, what is found of numbers, and how often an amount's role and the contested sum are right.
`--misses` prints each mistake. Takes about a quarter of a minute on one core.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from models.corpus_read import CorpusMail, read_corpus
from models.findings_score import KINDS, Outcome, Value, compared, gold_of, mistake, table
from models.findings_train import RULES, fits, message_of, say
from triage.mail.automatic import Own
from triage.mail.message import message_from_text
from triage.understanding.candidates import squashed
from triage.understanding.charts import describe
from triage.understanding.classify import Thresholds, Words
from triage.understanding.evaluate import Labelled, report
from triage.understanding.extract import Extractor
from triage.understanding.findings import Understanding
from triage.understanding.models import describe as description_of
from triage.understanding.models import open_model
from triage.understanding.rules import load_patterns
from triage.understanding.understand import Understander

EXAM = Path(__file__).parent / "exam"
MODEL = Path(__file__).parent / "dispute-e5-small"
_BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A mail and what was made of it."""

    mail: CorpusMail
    understood: Understanding


def sit(model: Path, mails: Sequence[CorpusMail]) -> list[Answered]:
    """What the model and the rules make of each mail."""
    understander = Understander(own=Own(), classifier=open_model(model), extractor=Extractor(load_patterns(RULES)))
    answered = []
    for start in range(0, len(mails), _BATCH):
        batch = mails[start : start + _BATCH]
        messages = []
        for mail in batch:
            parsed = message_from_text(mail.body)
            messages.append(replace(message_of(mail), text=parsed.text, reply=parsed.reply, parts=parsed.parts))
        understood = understander.understand(messages, unasked=True)
        answered += [Answered(mail=mail, understood=of) for mail, of in zip(batch, understood, strict=True)]
    return answered


def found_values(understood: Understanding) -> Iterator[Value]:
    """The numbers that were found."""
    for each in understood.findings:
        if each.kind == "amount":
            value = f"{abs(Decimal(each.value)).normalize():f}"
            yield Value(kind="amount", value=value, currency=each.currency, text=each.text)
        elif each.kind in KINDS:
            aside = each.kind == "date" and each.where == "quoted"
            yield Value(kind=each.kind, value=squashed(each.value), text=each.text, aside=aside)


def roles(answered: Answered) -> Iterator[tuple[str, str, str]]:
    """Of each amount that the gold names and we found: its text, its role in the gold, ours."""
    ours = {
        (Decimal(each.value), each.text): each.role for each in answered.understood.findings if each.kind == "amount"
    }
    by_value = {value: role for (value, _), role in ours.items()}
    for amount in answered.mail.amounts:
        role = ours.get((amount.value, amount.text)) or by_value.get(amount.value)
        if role:
            yield amount.text, amount.role, role


def contested(answered: Answered) -> tuple[str, bool] | None:
    """What we take for the contested sum, and whether it is; None where the gold has none."""
    if answered.mail.disputed is None:
        return None
    ours = answered.understood.disputed
    if ours is None:
        return "nothing", False
    return f"{ours.money.value} {ours.money.currency or ''}", fits(ours.money.value, answered.mail)


def verdicts(answered: Sequence[Answered], model: Path) -> str:
    """The report on disputes and reasons."""
    scored = [each for each in answered if each.understood.verdict is not None]
    labelled = [
        Labelled(
            words=Words(subject=each.mail.subject, reply=each.mail.body, language=each.understood.language),
            label=each.mail.label,
            also=each.mail.also,
            id=each.mail.id,
        )
        for each in scored
    ]
    said = [each.understood.verdict for each in scored if each.understood.verdict is not None]
    bands = description_of(model).thresholds
    return describe(
        report(labelled, said, model=model.name, thresholds=Thresholds(auto=bands.auto, review=bands.review))
    )


def main(arguments: Sequence[str]) -> int:
    """Print the figures, and the mistakes where they are asked for."""
    folders = [Path(each) for each in arguments if not each.startswith("-")]
    model = folders[0] if folders else MODEL
    mails = read_corpus(folders[1] if len(folders) > 1 else EXAM)
    answered = sit(model, mails)
    say(verdicts(answered, model))
    outcomes: list[Outcome] = [
        outcome
        for each in answered
        for outcome in compared(each.mail, gold_of(each.mail), found_values(each.understood))
    ]
    for line in table(outcomes):
        say(line)
    judged = [(each.mail, *role) for each in answered for role in roles(each)]
    sums = [(each.mail, *found) for each in answered if (found := contested(each))]
    right = sum(gold == ours for _, _, gold, ours in judged)
    fit = sum(is_right for _, _, is_right in sums)
    say(f"roles {right} of {len(judged)} ({right / len(judged):.3f})")
    say(f"contested sum {fit} of {len(sums)} ({fit / len(sums):.3f})")
    for (gold, ours), count in Counter((gold, ours) for _, _, gold, ours in judged if gold != ours).most_common(8):
        say(f"  {gold} taken for {ours}: {count}")
    if "--misses" in arguments:
        for outcome in outcomes:
            if outcome.gold != outcome.found:
                say(mistake(outcome))
        for mail, text, gold, ours in judged:
            if gold != ours:
                say(f"role {text!r} is {gold}, not {ours}: {mail.id}")
        for mail, ours, is_right in sums:
            if not is_right and mail.disputed:
                say(f"contested {mail.disputed.value} {mail.disputed.how}, not {ours}: {mail.id}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
