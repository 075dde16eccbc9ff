"""Letters that a gateway has destroyed: put back where one reading is clear, and nothing else touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.mail.accents import restore
from triage.mail.message import parse

SIGNS = "?\ufffd"


@pytest.mark.parametrize(
    ("destroyed", "text"),
    [
        ("la facturaci?n del a?o", "la facturación del año"),
        ("una domiciliaci\ufffdn", "una domiciliación"),
        ("FACTURACI?N", "FACTURACIÓN"),
        ("el cr\ufffddito", "el crédito"),
        ("un pr?l?vement, deux pr?l?vements.", "un prélèvement, deux prélèvements."),
        ("Rechnung \ufffdber 40", "Rechnung über 40"),
        ("Rechnung ?ber 40", "Rechnung über 40"),
        ("n?o fiz essa cobran?a", "não fiz essa cobrança"),
        ("uma solu??o, duas presta??es", "uma solução, duas prestações"),
        ("l?abonnement qu?il n?avait pas", "l’abonnement qu’il n’avait pas"),
        ("I don?t owe this", "I don’t owe this"),
        ("esta facturaci?n?", "esta facturación?"),
        ("?Facturaci?n doble?", "?Facturación doble?"),
        ("la facturaci?n est? cobrada", "la facturación está cobrada"),
    ],
)
def test_a_destroyed_letter_is_put_back_where_one_word_fits(destroyed: str, text: str) -> None:
    """By the known words of five languages, or by an ending that leaves one letter."""
    assert restore(destroyed) == text


@pytest.mark.parametrize(
    "text",
    [
        "really?no",
        "Why?because I did not order it",
        "Did you pay? no, never",
        "10 ? and ?10 and 10 \ufffd and \ufffd10",
        "https://shop.example/facturaci?n?n?o=1",
        "shop.example?n?o",
        "INV?2026, RE?44, code n?o7",
        "facturaci?n@desk.example",
        "Bist du da?Nein",
        "der Tag f?hrt",
        "m?s, pag?, Sebasti?n",
        "??? ?? ?",
    ],
)
def test_questions_sums_addresses_and_codes_stay(text: str) -> None:
    """Where nothing says what stood there, or two words fit, the sign is left open."""
    assert restore(text) == text


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters=SIGNS)))
def test_a_text_without_such_signs_stays(text: str) -> None:
    """Whatever it says."""
    assert restore(text) == text


@given(
    st.lists(st.sampled_from(["facturaci", "?", "\ufffd", "n", " ", "o", "ber", "İ", "ß", "7", "pr", "l", "vement"]))
)
def test_every_other_sign_keeps_its_place(pieces: list[str]) -> None:
    """One letter for one sign: spans of the text stay what they were."""
    text = "".join(pieces)
    mended = restore(text)
    assert len(mended) == len(text)
    assert all(now == then or then in SIGNS for now, then in zip(mended, text, strict=True))


def test_a_mail_is_read_with_its_letters_put_back_and_says_so() -> None:
    """Text and subject are repaired, with a remark; the header and the bytes stay as they were sent."""
    message = parse(b"Subject: Cobran?a em dobro\nContent-Type: text/plain\n\nN?o reconhe?o a cobran?a de 10 ?.")
    assert message.subject == "Cobrança em dobro"
    assert message.header("subject") == "Cobran?a em dobro"
    assert message.text == message.reply == "Não reconheço a cobrança de 10 ?."
    assert message.problems == ("garbled accents were repaired",)


def test_html_is_read_with_its_letters_put_back() -> None:
    """The words of the HTML too; the HTML itself stays as it was sent."""
    message = parse("Content-Type: text/html; charset=utf-8\n\n<p>el cr\ufffddito</p>".encode())
    assert message.text.strip() == "el crédito"
    assert "cr\ufffddito" in message.html
