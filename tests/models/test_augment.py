"""Augmentation makes a mail look different, and never says something else."""

import random
import re
from pathlib import Path

import pytest

from models.augment import augment
from models.examples import from_corpus
from models.marks import unmark
from triage.understanding.classify import Words
from triage.understanding.findings import LANGUAGES, Language

MAIL = Words(
    subject="Invoice 2026-114",
    reply="Hello,\n\ninvoice 2026-114 says £61.40, and £61.40 was taken on 3 July and again on 5 July.\n\nPriya",
    language="en",
)

OVERCHARGED = """=== fen-test-en-001
lang: en
label: wrong_amount
subject: Our order
amount: €1.320,00 = 1320.00 EUR billed
amount: 840 € = 840 EUR expected
amount: 480 € = 480 EUR disputed
date: 3 July = 2026-07-03
disputed: 480 EUR difference
---
You took €1.320,00 and 840 € were agreed on 3 July. That is 480 € too much, please send it back.
"""


def variants(words: Words, count: int = 300) -> list[Words]:
    """The mail on many days."""
    chance = random.Random(5)  # noqa: S311 -- to be repeated, not to be secret
    return [augment(words, chance) for _ in range(count)]


def test_a_mail_comes_in_many_shapes() -> None:
    """Most variants differ from one another."""
    assert len(set(variants(MAIL))) > 200


def test_the_words_stay_recognisable() -> None:
    """However it is typed, wrapped or forwarded, most of its letters are still there."""
    for variant in variants(MAIL):
        assert len(variant.reply) > 0.8 * len(MAIL.reply)
        assert variant.language == MAIL.language


def test_equal_numbers_stay_equal() -> None:
    """The same amount twice is what makes a duplicate."""
    for variant in variants(Words(subject="", reply="41.25 and 41.25", language="en")):
        first, _, second = variant.reply.split("\n")[0].lower().partition(" and ")
        if len(second) == len(first):
            assert first == second


def test_sums_keep_their_order_and_proportions(tmp_path: Path) -> None:
    """What was charged stays more than what was agreed, whatever digits the mail gets."""
    (tmp_path / "fen-test-en.txt").write_text(OVERCHARGED, encoding="utf-8")
    (example,) = from_corpus(tmp_path)
    assert example.marked is not None
    for variant, numbers in map(unmark, variants(example.marked)):
        sums = {
            number.sense: int("".join(re.findall(r"\d", variant.reply[number.start : number.end])))
            for number in numbers
            if number.sense != "date"
        }
        # "taken" has cents
        taken, agreed, over = sums["billed"] / 100, sums["expected"], sums["disputed"]
        assert taken > agreed > over
        assert abs(taken - agreed - over) <= taken / 20


def test_the_same_seed_gives_the_same_mail() -> None:
    """Training is reproducible."""
    assert variants(MAIL) == variants(MAIL)


@pytest.mark.parametrize("language", [*LANGUAGES, "other"])
def test_any_mail_in_any_language_can_be_changed(language: Language) -> None:
    """Empty mails and odd letters too."""
    for reply in ("", "a", "ß" * 50, "日本語のメール", "né à Zürich"):
        assert variants(Words(subject="", reply=reply, language=language), 80)
