"""The phrases of rules/ as a classifier of their own."""

import time
from pathlib import Path

import pytest

from triage.understanding.classify import Words
from triage.understanding.findings import REASONS, Language
from triage.understanding.phrases import PhraseClassifier
from triage.understanding.rules import load_patterns

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture(scope="module")
def phrases() -> PhraseClassifier:
    """The shipped phrases."""
    return PhraseClassifier(load_patterns(RULES))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I was charged twice for May, please refund me"),
        ("es", "Me han cobrado dos veces, quiero la devolución del importe"),
        ("pt", "Fui cobrado duas vezes, peço o reembolso"),
        ("fr", "J'ai été débité deux fois, je demande le remboursement"),
        ("de", "Mir wurde doppelt abgebucht, bitte erstatten Sie den Betrag"),
    ],
)
def test_a_plain_dispute_reaches_a_person(phrases: PhraseClassifier, language: Language, text: str) -> None:
    """In each of our languages, with its reason."""
    words = Words(subject="", reply=text, language=language)
    [verdict] = phrases.score([words])
    assert verdict.probability >= phrases.thresholds.review
    assert verdict.reason == "duplicate_charge"
    assert sum(verdict.reasons.values()) == pytest.approx(1)


def test_nothing_is_sent_on_the_word_of_a_phrase(phrases: PhraseClassifier) -> None:
    """Phrases alone never reach the auto band."""
    text = "I dispute this double charge, I was charged twice, please refund me, I want my money back, I cancelled"
    [verdict] = phrases.score([Words(subject="", reply=text, language="en")])
    assert verdict.probability < phrases.thresholds.auto


def test_evidence_is_the_phrases_that_were_found(phrases: PhraseClassifier) -> None:
    """With their places in the reply, as they are written there."""
    words = Words(subject="Invoice", reply="Hello,\nyou CHARGED  me\ntwice for May.", language="en")
    [verdict] = phrases.score([words])
    [evidence, *_] = phrases.evidence(words, verdict)
    assert evidence.text == words.reply[evidence.start : evidence.end] == "CHARGED  me\ntwice"
    assert evidence.weight > 0


@pytest.mark.parametrize("text", ["wurde zurückgebucht, bitte Geld zurück", "bitte GELD ZURUECK", "bitte geld zurück"])
def test_umlauts_may_be_typed_either_way(phrases: PhraseClassifier, text: str) -> None:
    """Many keyboards have none."""
    words = Words(subject="", reply=text, language="de")
    assert phrases.evidence(words, phrases.score([words])[0])


def test_words_inside_other_words_do_not_count(phrases: PhraseClassifier) -> None:
    """Whole words only."""
    one, two = phrases.score(
        [Words(subject="", reply=text, language="en") for text in ("nothing here", "theyrefundmented stuff")]
    )
    assert one.probability == two.probability


def test_a_mail_in_an_unknown_language_is_searched_for_all(phrases: PhraseClassifier) -> None:
    """A wrong guess of the language must not hide a claim."""
    [known] = phrases.score([Words(subject="", reply="fui cobrado duas vezes", language="other")])
    [none] = phrases.score([Words(subject="", reply="bom dia", language="other")])
    assert known.probability > none.probability


def test_no_mail_is_too_long_or_too_strange(phrases: PhraseClassifier) -> None:
    """Any text has a verdict, in bounded time."""
    began = time.monotonic()
    strange = ["", "\x00\ufffd" * 1000, "charged " * 200_000, "ß" * 10_000]
    verdicts = phrases.score([Words(subject="", reply=text, language="de") for text in strange])
    assert all(set(verdict.reasons) == set(REASONS) for verdict in verdicts)
    assert time.monotonic() - began < 5
