"""Augmentation makes a mail look different, and never says something else."""

import random

import pytest

from models.augment import augment
from triage.understanding.classify import Words
from triage.understanding.findings import LANGUAGES, Language

MAIL = Words(
    subject="Invoice 2026-114",
    reply="Hello,\n\ninvoice 2026-114 says £61.40, and £61.40 was taken on 3 July and again on 5 July.\n\nPriya",
    language="en",
)


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


def test_the_same_seed_gives_the_same_mail() -> None:
    """Training is reproducible."""
    assert variants(MAIL) == variants(MAIL)


@pytest.mark.parametrize("language", [*LANGUAGES, "other"])
def test_any_mail_in_any_language_can_be_changed(language: Language) -> None:
    """Empty mails and odd letters too."""
    for reply in ("", "a", "ß" * 50, "日本語のメール", "né à Zürich"):
        assert variants(Words(subject="", reply=reply, language=language), 80)
