"""The corpus reader takes what the README promises, and the checker finds what does not fit."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from models.corpus_check import mistakes_of, repeated, table
from models.corpus_read import CorpusError, CorpusMail, read_corpus, read_file

MAIL = """\
=== north-telecom-en-001
lang: en
label: wrong_amount
subject: July bill
from: Priya Raman <priya.raman@fieldmail.example>
invoice: 2026-88112
amount: £61.40 = 61.40 GBP billed
amount: 48 = 48.00 expected
date: 3 July = 2026-07-03
disputed: 13.40 GBP difference
accept: 61.40
---
Hi, bill 2026-88112 that came on 3 July says £61.40.

My plan is 48 a month.
"""


def written(folder: Path, text: str) -> CorpusMail:
    """The one mail that the text holds."""
    path = folder / "north-telecom-en.txt"
    path.write_text(text, encoding="utf-8")
    [mail] = read_file(path)
    return mail


def test_every_label_of_a_mail_is_read(tmp_path: Path) -> None:
    """All keys arrive as values, with money as Decimal and days as dates."""
    mail = written(tmp_path, MAIL)
    assert (mail.id, mail.hand, mail.language, mail.label) == ("north-telecom-en-001", "north", "en", "wrong_amount")
    assert mail.identifiers == (("invoice", "2026-88112"),)
    assert [(a.text, a.value, a.currency, a.role) for a in mail.amounts] == [
        ("£61.40", Decimal("61.40"), "GBP", "billed"),
        ("48", Decimal("48.00"), None, "expected"),
    ]
    assert mail.dates[0].value == date(2026, 7, 3)
    assert mail.disputed is not None
    assert (mail.disputed.value, mail.disputed.how, mail.disputed.accept) == (
        Decimal("13.40"),
        "difference",
        (Decimal("61.40"),),
    )
    assert mail.sent == date(2026, 6, 15)
    assert mail.body.endswith("48 a month.")
    assert list(mistakes_of(mail)) == []


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("lang: en", "langue: en", "known 'key: value'"),
        ("lang: en\n", "", "lang is missing"),
        ("61.40 GBP billed", "61,40 GBP billed", "want 'text = value"),
        ("= 2026-07-03", "= 2026-07-32", "date:"),
        ("---\n", "", "no line '---'"),
        ("subject: July bill", "subject: July bill\nsubject: twice", "stands twice"),
    ],
)
def test_a_line_that_cannot_be_read_names_file_and_line(tmp_path: Path, old: str, new: str, why: str) -> None:
    """Whoever writes mails is told where the mistake is."""
    with pytest.raises(CorpusError, match=r"north-telecom-en\.txt:\d+: .*") as caught:
        written(tmp_path, MAIL.replace(old, new, 1))
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("amount: £61.40", "amount: £61.41", "does not stand"),
        ("label: wrong_amount", "label: none", "kind belongs"),
        ("label: wrong_amount", "label: wrong", "no reason"),
        ("GBP billed", "GBP owed", "no role"),
        ("fieldmail.example", "fieldmail.com", "may be real"),
        ("invoice: 2026-88112", "invoice: 2026-88112\ninvoice: 2026-88112", "labelled 2 times"),
    ],
)
def test_a_label_that_does_not_fit_the_text_is_found(tmp_path: Path, old: str, new: str, why: str) -> None:
    """Gold that the text does not bear out is a mistake."""
    mail = written(tmp_path, MAIL.replace(old, new, 1))
    assert any(why in mistake for mistake in mistakes_of(mail))


def test_the_same_body_twice_is_found(tmp_path: Path) -> None:
    """Copies would leak from training into evaluation."""
    path = tmp_path / "north-telecom-en.txt"
    path.write_text(MAIL + MAIL.replace("-001", "-002"), encoding="utf-8")
    first, second = read_file(path)
    assert [(mail.id, why) for mail, why in repeated([first, second])] == [
        (second.id, f"the body is that of {first.id}")
    ]


def test_our_corpus_is_readable() -> None:
    """The mails beside the model can be read and counted."""
    folder = Path(__file__).parents[2] / "models" / "corpus"
    mails = read_corpus(folder)
    assert len(mails) > 100
    assert f"mails: {len(mails)}" in table(mails)


def test_the_examination_is_sound_and_nobody_has_learned_from_it() -> None:
    """Its labels fit its mails, no hand of the corpus wrote in it, and no mail of it stands in the corpus."""
    models = Path(__file__).parents[2] / "models"
    learned, exam = read_corpus(models / "corpus"), read_corpus(models / "exam")
    assert {mail.id: why for mail in exam for why in mistakes_of(mail)} == {}
    assert {mail.hand for mail in learned}.isdisjoint(mail.hand for mail in exam)
    assert {" ".join(mail.body.split()) for mail in learned}.isdisjoint(" ".join(mail.body.split()) for mail in exam)
