"""Which examples an epoch takes, what each of them counts, and what is the truth about its reason."""

import random
from collections.abc import Collection, Sequence

import numpy as np

from models.examples import Example
from triage.understanding.findings import REASONS
from triage.understanding.network import Floats

#: rows of each source drawn anew for each epoch, disputes and others: as much of either as there is, so that the
#: source does not give the answer away, and few enough for our corpus to lead
QUOTA = {
    "banking77": (220, 220),
    "clinc150": (59, 110),
    "bitext": (0, 80),
    "cfpb": (130, 130),
    "enron_cat": (0, 100),
    "codealltag": (0, 100),
}
#: what a row counts beside a mail of ours; complaint narratives were labelled by their category, which is often wrong
ROW_WEIGHT = {"cfpb": 0.25}
ROW_WEIGHT_ELSE = 0.5
#: share of the truth that other defensible reasons get together
ALSO = 0.3


def draw(
    examples: Sequence[Example], chance: random.Random, *, more: Collection[str] = (), share: float = 1.0
) -> list[Example]:
    """Our corpus, and of each source as many disputes and others as its quota says.

    The hands of `more` come twice; of all else it is but a `share`.
    """
    ours = [example for example in examples if example.source == "corpus"]
    first = [example for example in ours if example.fold in more]
    others = [example for example in ours if example.fold not in more]
    drawn = [*first, *first, *chance.sample(others, round(share * len(others)))]
    for source, quota in QUOTA.items():
        for dispute, count in zip((True, False), quota, strict=True):
            rows = [example for example in examples if example.source == source and example.dispute is dispute]
            drawn += chance.sample(rows, min(round(share * count), len(rows)))
    return drawn


def weight(example: Example) -> float:
    """What an example counts."""
    return 1.0 if example.source == "corpus" else ROW_WEIGHT.get(example.source, ROW_WEIGHT_ELSE)


def reason_target(example: Example) -> Floats:
    """The truth about the reason, shared where others are defensible; all zero where there is none."""
    target = np.zeros(len(REASONS), np.float32)
    if example.reason is not None:
        for other in example.also:
            target[REASONS.index(other)] = ALSO / len(example.also)
        target[REASONS.index(example.reason)] += 1 - target.sum()
    return target
