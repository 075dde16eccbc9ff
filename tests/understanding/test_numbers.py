"""Marks and number words are read; an open mark keeps both readings."""

from decimal import Decimal

import pytest

from triage.understanding.numbers import decimal_mark, read_number, read_words


@pytest.mark.parametrize(
    ("text", "value", "alternative"),
    [
        ("1.234,56", "1234.56", None),
        ("1'234.50", "1234.50", None),
        ("12,34,567.89", "1234567.89", None),
        ("1.234", "1234", "1.234"),
        ("1,234", "1234", "1.234"),
        ("0.125", "0.125", None),
        ("1234.567", "1234.567", None),
        ("1.144.000", "1144000", None),
        ("99,9", "99.9", None),
    ],
)
def test_marks_are_settled_or_kept_open(text: str, value: str, alternative: str | None) -> None:
    """Only one mark before exactly three digits is open."""
    reading = read_number(text)
    assert reading is not None
    assert reading.value == Decimal(value)
    assert reading.alternative == (Decimal(alternative) if alternative else None)


@pytest.mark.parametrize("text", ["1.2.3", "1,2,3", "1.23,456.7", "", "12."])
def test_what_is_no_number_is_none(text: str) -> None:
    """Versions and slips are not forced into a number."""
    assert read_number(text) is None


def test_a_settled_mark_leaves_one_reading() -> None:
    """Where the comma is the decimal mark, the point groups thousands."""
    reading = read_number("1.234", mark=",")
    assert reading is not None
    assert reading.alternative is None
    assert (decimal_mark("49,90"), decimal_mark("1,234.5"), decimal_mark("1.234")) == (",", ".", None)


@pytest.mark.parametrize(
    ("language", "words", "value"),
    [
        ("en", "three thousand two hundred and five", 3205),
        ("en", "twelve hundred", 1200),
        ("es", "mil doscientos cincuenta", 1250),
        ("pt", "mil quinhentos", 1500),
        ("fr", "quatre vingt dix neuf", 99),
        ("fr", "deux cent cinquante", 250),
        ("de", "dreitausendvierhundertsechsundfünfzig", 3456),
        ("de", "fünfunddreißig", 35),
    ],
)
def test_number_words_are_read(language: str, words: str, value: int) -> None:
    """Also those that German writes in one word."""
    assert read_words(words.split(), language) == value


def test_other_words_are_no_numbers() -> None:
    """One strange word, and nothing is guessed."""
    assert read_words(["five", "apples"], "en") is None
    assert read_words(["hundertfach"], "de") is None
    assert read_words(["five"], "nl") is None
