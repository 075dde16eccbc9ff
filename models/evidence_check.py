"""Are the words that are shown as evidence the real reason? ``python -m models.evidence_check [MODEL]``

Disputes of the corpus are scored whole, without their evidence, and without as many characters taken from elsewhere in
the mail. Faithful evidence makes the score fall, and fall further than any other words do.
"""

import argparse
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.examples import Example, from_corpus
from models.figures import CORPUS, FIGURES, table, write_section
from triage.understanding.classify import Classifier, Words
from triage.understanding.findings import Evidence
from triage.understanding.heads import log_odds
from triage.understanding.models import open_model

#: other words that are taken away from each mail, one after another
TRIES = 3
MODEL = Path(__file__).parent / "dispute-e5-small"


@dataclass(frozen=True, kw_only=True)
class Fall:
    """How far the log odds of a dispute fall when words are taken away."""

    language: str
    #: the weightiest piece of evidence, all of it
    first: float
    all: float
    #: as many characters from elsewhere: mean of some tries
    elsewhere: float


def falls(model: Classifier, examples: Iterable[Example], seed: int = 1) -> list[Fall]:
    """One for each mail that the model takes for a dispute and gives evidence for."""
    chance = random.Random(seed)  # noqa: S311 -- to be repeated, not to be secret
    found = []
    for example in examples:
        words = example.words
        [verdict] = model.score([words])
        evidence = model.evidence(words, verdict) if verdict.probability >= model.thresholds.review else ()
        if evidence:
            spans = [(each.start, each.end) for each in evidence]
            others = [_elsewhere(words.reply, evidence, chance) for _ in range(TRIES)]
            less = [_without(words, each) for each in (spans[:1], spans, *others)]
            first, everything, *rest = (log_odds(each.probability) for each in model.score(less))
            whole = log_odds(verdict.probability)
            found.append(
                Fall(
                    language=words.language,
                    first=whole - first,
                    all=whole - everything,
                    elsewhere=float(np.mean([whole - each for each in rest])),
                )
            )
    return found


def _without(words: Words, spans: Sequence[tuple[int, int]]) -> Words:
    reply = words.reply
    for start, end in sorted(spans, reverse=True):
        reply = f"{reply[:start]} {reply[end:]}"
    return Words(subject=words.subject, reply=reply, language=words.language)


def _elsewhere(reply: str, evidence: Sequence[Evidence], chance: random.Random) -> list[tuple[int, int]]:
    """Words of about as many characters as the evidence, none of them evidence where the mail has enough others."""
    wanted = sum(each.end - each.start for each in evidence)
    inside = {at for each in evidence for at in range(each.start, each.end)}
    free = [at for at in range(len(reply)) if at not in inside]
    starts = [at for at in free if at == 0 or reply[at - 1].isspace()]
    chance.shuffle(starts)
    taken: list[tuple[int, int]] = []
    for start in starts:
        end = start
        while end < len(reply) and end not in inside and end - start < wanted:
            end += 1
        if all(end <= first or start >= last for first, last in taken):
            taken.append((start, end))
            wanted -= end - start
        if wanted <= 0:
            break
    return taken


def section(name: str, found: Sequence[Fall], tried: int) -> str:
    """The table, as Markdown."""
    rows = []
    for language in (*sorted({fall.language for fall in found}), "all"):
        some = [fall for fall in found if language in (fall.language, "all")]
        first, everything, elsewhere = (
            np.array([getattr(fall, key) for fall in some]) for key in ("first", "all", "elsewhere")
        )
        rows.append(
            (
                language,
                len(some),
                *(float((values > 0).mean()) for values in (first, everything, elsewhere)),
                float((everything > elsewhere).mean()),
                *(float(values.mean()) for values in (first, everything, elsewhere)),
            )
        )
    heading = (
        "language", "mails", "falls: first", "all", "elsewhere", "all over elsewhere", "mean fall: first", "all",
        "elsewhere",
    )  # fmt: skip
    return (
        f"## Whether evidence is the reason\n\n`python -m models.evidence_check --mails {tried}`, {name}: shares of "
        "the disputes whose log odds fall when the weightiest piece of evidence, all evidence, or as many characters "
        "from elsewhere are taken away, and how far they fall on average.\n\n" + table(heading, rows)
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="?", default=MODEL)
    parser.add_argument("--mails", type=int, default=200, help="disputes of the corpus that are tried")
    parser.add_argument("--page", type=Path, default=FIGURES, help="page whose section is written")
    options = parser.parse_args()
    disputes = [example for example in from_corpus(CORPUS) if example.dispute]
    chosen = random.Random(1).sample(disputes, min(options.mails, len(disputes)))  # noqa: S311 -- the same each time
    model = open_model(options.model)
    text = section(model.name, falls(model, chosen), len(chosen))
    write_section("evidence", text, options.page)
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
