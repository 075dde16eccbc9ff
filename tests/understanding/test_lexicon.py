"""Phrases are found however they are typed, with their places, and reading mails does not make the program grow."""

from hypothesis import given
from hypothesis import strategies as st

from triage.understanding.lexicon import Lexicon, fold

LEXICON = Lexicon(
    {
        "label.invoice": {"*": ["Rechnungsnr*", "*rechnung", "nº de factura", "bill"]},
        "word.refund": {"en": ["refund*", "money back"], "de": ["Rückzahlung"], "es": ["devolución"]},
    }
)


def found(text: str, language: str) -> list[tuple[str, str]]:
    """Group and text of each hit."""
    return [(hit.name, text[hit.start : hit.end]) for hit in LEXICON.read(text, language).hits]


def test_case_accents_and_umlauts_do_not_matter() -> None:
    """Customers type as their keyboards allow."""
    assert found("Die RUECKZAHLUNG fehlt", "de") == [("word.refund", "RUECKZAHLUNG")]
    assert found("la devolucion, la DEVOLUCIÓN", "es") == [("word.refund", "devolucion"), ("word.refund", "DEVOLUCIÓN")]


def test_a_star_stands_for_any_ending_or_beginning() -> None:
    """One line of the rules covers a family of words."""
    assert found("refunds, refunding, fund", "en") == [("word.refund", "refunds"), ("word.refund", "refunding")]
    assert found("Stromrechnung Rechnungsnr.", "de") == [
        ("label.invoice", "Stromrechnung"),
        ("label.invoice", "Rechnungsnr"),
    ]


def test_words_of_other_languages_count_only_where_meant_for_all() -> None:
    """A German word for a refund says nothing in an English mail; a label says it everywhere."""
    assert found("Rückzahlung of the bill", "en") == [("label.invoice", "bill")]
    assert found("Rückzahlung, refund", "other") == [("word.refund", "Rückzahlung"), ("word.refund", "refund")]


def test_the_vocabulary_does_not_grow_with_what_is_read() -> None:
    """A daemon reads mails for months: words that no phrase has leave no trace in spaCy."""
    LEXICON.read("warm up money back", "en")
    before = len(LEXICON._vocab.strings)
    for number in range(200):
        LEXICON.read(f"never seen word{number}x unheardof{number}", "en")
    assert len(LEXICON._vocab.strings) <= before + 1


@given(st.text(max_size=200))
def test_folding_keeps_every_place(text: str) -> None:
    """Places in the folded text are places in the text, whatever the script."""
    assert len(fold(text)) == len(text)
    reading = LEXICON.read(text, "de")
    assert all(0 <= hit.start < hit.end <= len(text) for hit in reading.hits)
    assert all(reading.token_at(start) == place for place, start in enumerate(reading.starts))
