"""`language_of` names our five languages, says "other" to their neighbours, and trusts the thread for a few words."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.understanding.findings import LANGUAGES
from triage.understanding.language import language_of


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "You charged me twice for the same month, please send one of them back."),
        ("es", "Me habéis cobrado dos veces la misma factura y quiero que me devolváis una."),
        ("es", "me han cobrado dos veces, devuelvanme el dinero x favor"),
        ("pt", "Boa tarde, fui cobrado duas vezes pela mesma fatura e quero o estorno."),
        ("pt", "Paguei a fatura mas continua a aparecer em dívida na minha conta."),
        ("fr", "Bonjour, vous m'avez prélevé deux fois la même facture, merci de me rembourser."),
        ("de", "Sie haben mir die Rechnung doppelt abgebucht, bitte erstatten Sie mir den Betrag."),
        ("de", "grüezi, ich han d rechnig scho zahlt, bitte lueged si das no einmal aa"),
    ],
)
def test_our_languages_are_named(language: str, text: str) -> None:
    """Each of the five is recognised from one sentence, accents or not."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "Buongiorno, ho ricevuto due addebiti per la stessa fattura e chiedo il rimborso di 45 euro.",
        "La fattura 2201 è sbagliata, l'importo doveva essere 30 €",
        "Goedemiddag, ik heb twee keer betaald voor dezelfde factuur. Graag het bedrag terug.",
        "Dzień dobry, zostałem dwukrotnie obciążony za tę samą fakturę, proszę o zwrot 45 zł.",
        "Hej, jag har blivit debiterad två gånger för samma faktura och vill ha pengarna tillbaka.",
        "Hej, I har trukket mig to gange for den samme faktura, jeg vil gerne have mine penge tilbage.",
        "Bună ziua, am fost taxat de două ori pentru aceeași factură, vă rog să îmi returnați banii.",
        "Merhaba, aynı fatura için iki kez ödeme alındı, paramın iadesini istiyorum.",
        "Bon dia, m'heu cobrat dues vegades la mateixa factura i voldria que em tornéssiu els diners.",
        "Здравствуйте, с меня дважды списали деньги за один счёт.",
        "同じ請求書で二回請求されました",
        "你好,我被重复收费了,请退款",
    ],
)
def test_a_neighbouring_language_is_other(text: str) -> None:
    """Nobody gets a Spanish letter for an Italian mail."""
    assert language_of(text) == "other"


def test_a_few_words_follow_the_thread() -> None:
    """ "ok" says nothing about a language; the thread does."""
    assert language_of("ok 2201", hint="de") == "de"
    assert language_of("", hint="pt-BR") == "pt"
    assert language_of("Re: 2201", hint="it") == "other"


def test_a_whole_sentence_outweighs_the_hint() -> None:
    """The customer may change his language; then so do we."""
    assert language_of("Please send me one of the two payments back, thank you.", hint="de") == "en"


def test_nothing_readable_is_other() -> None:
    """Without words and without a hint there is no language."""
    assert language_of("") == "other"
    assert language_of("12,50 -- 2026-01-01 https://pay.example/x") == "other"


def test_thousands_of_mails_a_second() -> None:
    """Naming the language costs next to nothing beside the rest (target: 2000 a second on a free core)."""
    text = "Sie haben mir die Rechnung doppelt abgebucht, bitte erstatten Sie mir den Betrag. " * 6
    language_of(text)
    start = time.process_time()
    for _ in range(200):
        language_of(text)
    assert 200 / (time.process_time() - start) > 500


@given(st.text(max_size=200), st.none() | st.text(max_size=5))
def test_any_text_has_an_answer(text: str, hint: str | None) -> None:
    """Whatever a mail holds, the answer is one of the words of this room."""
    assert language_of(text, hint=hint) in (*LANGUAGES, "other")
