"""Labels lie; the words must come out all the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.mail.charset import clean, decode, repair


@pytest.mark.parametrize(
    ("text", "encoding", "label"),
    [
        ("Señor, ¿qué pasó?", "utf-8", "utf-8"),
        ("Señor, ¿qué pasó?", "utf-8", "iso-8859-1"),
        ("Señor, ¿qué pasó?", "utf-8", None),
        ("Señor, ¿qué pasó?", "cp1252", "utf-8"),
        ("99,90 € für „alles“", "cp1252", "iso-8859-1"),
        ("99,90 € für „alles“", "cp1252", "us-ascii"),
        ("faktura je špatně", "iso-8859-2", "iso-8859-2"),
        ("請求書が間違っています", "cp932", "shift_jis"),
        ("請求書が間違っています", "iso-2022-jp", "ISO-2022-JP"),
        ("账单错误，请退款", "gb18030", "gb2312"),
        ("Привет, счёт неверный", "koi8-r", "KOI8-R"),
        ("Grüße", "utf-16", None),
        ("Charged 40 EUR twice", "ascii", "utf-16"),
        ("Charged 40 €", "utf-16-le", "utf-16le"),
        ("plain", "ascii", "x-no-such-charset"),
        ("plain", "ascii", "rot13"),
        ("café", "utf-8", "unicode-escape"),
    ],
)
def test_text_survives_wrong_and_missing_labels(text: str, encoding: str, label: str | None) -> None:
    """Bytes are believed first, then the label, then a guess."""
    assert decode(text.encode(encoding), label) == text


def test_stray_bytes_do_not_spoil_utf8() -> None:
    """One Windows quote in a UTF-8 mail costs nothing but itself."""
    assert decode("facturación año más \x93".encode()[:-2] + b"\x93hola\x94", "utf-8") == "facturación año más “hola”"


@pytest.mark.parametrize(
    ("garbled", "text"),
    [
        ("facturaciÃ³n del aÃ±o", "facturación del año"),
        ("40 â‚¬ â€“ gratis", "40 € – gratis"),
        ("GrÃ¼ÃŸe", "Grüße"),
        ("NÃƒÂ£o", "Não"),
        ("São João, NÃO e ÂNGULO", "São João, NÃO e ÂNGULO"),
        ("“o pastor ALEMÃ”", "“o pastor ALEMÃ”"),
        ("20 °C à 30 °C", "20 °C à 30 °C"),
    ],
)
def test_mojibake_is_repaired_and_nothing_else(garbled: str, text: str) -> None:
    """Only sequences that must be UTF-8 read as Windows-1252 are changed."""
    assert repair(garbled) == text


@given(st.binary(max_size=200), st.text(max_size=20))
def test_decoding_always_gives_storable_text(data: bytes, label: str) -> None:
    """No NUL, no lone surrogate, no exception."""
    text = decode(data, label)
    text.encode()
    assert "\0" not in text


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_utf8_always_comes_back(text: str) -> None:
    """What was sent as UTF-8 is read as UTF-8."""
    if not text.startswith("\ufeff"):
        assert decode(text.encode(), "utf-8") == clean(text)
