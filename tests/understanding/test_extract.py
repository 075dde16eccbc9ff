"""From a mail to its findings: numbers, amounts and days, each with its place, and none that is not there."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from triage.mail.message import Attachment, Message, Part
from triage.understanding.extract import Extract, Extractor
from triage.understanding.findings import Finding, Language, Verdict
from triage.understanding.rules import load_patterns


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    """Made once, as a daemon does."""
    return Extractor(load_patterns(Path(__file__).parents[2] / "rules"))


def mail(reply: str, *, subject: str = "", **more: object) -> Message:
    """A mail of 15 June 2026 with these words."""
    values: dict[str, object] = {"text": reply, "date": datetime(2026, 6, 15, 9, tzinfo=UTC), **more}
    return Message(message_id="<x@example.test>", subject=subject, reply=reply, **values)  # type: ignore[arg-type]


def of(findings: tuple[Finding, ...], kind: str) -> list[str]:
    """The values of one kind."""
    return [finding.value for finding in findings if finding.kind == kind]


@pytest.mark.parametrize(
    ("language", "text", "numbers"),
    [
        ("en", "My invoice no. INV-2026-041 is wrong.", ["INV-2026-041"]),
        ("en", "Regarding invoices 8810, 8820 and 8850, none of them is mine.", ["8810", "8820", "8850"]),
        ("de", "Die Rechnungs-Nr.: RE-2201 vom 3. März stimmt nicht.", ["RE-2201"]),
        ("de", "Ihre Stromrechnung 4711093 ist zu hoch.", ["4711093"]),
        ("es", "La factura A/26-00918 está duplicada.", ["A/26-00918"]),
        ("pt", "A fatura FT A/889 vem com valor errado.", ["FT A/889"]),
        ("fr", "Sur la facture n° F 26/0318 il manque la remise.", ["F 26/0318"]),
        ("es", "Recibí la Rechnung 2026/117 desde Berlín.", ["2026/117"]),
        ("pt", "A NFS-e 1904 e a 1911 são a mesma.", ["1904", "1911"]),
        ("pt", "A fatura n.º 2026/55 está errada.", ["2026/55"]),
        ("pt", "A Fatura n.o 2026/55 está errada.", ["2026/55"]),
        ("de", "Die Abbuchung zu Re.-Nr. 2026-0815 stimmt nicht.", ["2026-0815"]),
        ("de", "Die Abbuchung zu Re-Nr 2026-0815 stimmt nicht.", ["2026-0815"]),
        ("de", "Die Abbuchung zu RE Nr. 2026-0815 stimmt nicht.", ["2026-0815"]),
        ("de", "Die Abbuchung zur RNr. 12345 stimmt nicht.", ["12345"]),
        ("de", "Die Abbuchung zur Rg. Nr. 12345 stimmt nicht.", ["12345"]),
        ("de", "Die Abbuchung zur Rech.Nr. 12345 stimmt nicht.", ["12345"]),
        ("en", "The charge is wrong. Invoice ref: ABC/2026/17. Please check.", ["ABC/2026/17"]),
        ("en", "Invoice no 7 is wrong, we never got these goods.", ["7"]),
        ("en", "Invoice #12 is wrong, we never got these goods.", ["12"]),
        ("es", "La factura nº2026-331 está mal.", ["2026-331"]),
        ("pt", "A fatura N.º4471 está errada.", ["4471"]),
        ("de", "Rg.Nr.331/26 und RgNr.331/27 sind falsch.", ["331/26", "331/27"]),
        ("en", "Please check inv.4473 and invoice No.4474.", ["4473", "4474"]),
        ("es", "Las facturas nº4471 y la nº4472.", ["4471", "4472"]),
        ("de", "Die Abrechnung (3.412 kWh zu 31,47 ct) ist falsch.", []),
        ("en", "The discount is 125.00 on 1000.00 net.", []),
        ("pt", "Conta de luz do mês 10/2026, R$ 345,67.", []),
        ("de", "Die Rechnung Nr. 12 vom 3. Mai ist falsch.", ["12"]),
        ("es", "La factura n.º 8 no es mía.", ["8"]),
        ("en", "You sent the invoice 2 times, and invoice 1 of 3 is late.", []),
        ("en", "Invoice no 2 of 5 is late.", []),
        ("other", "Buongiorno, la fattura n. 123/2026 del 3 maggio è sbagliata.", ["123/2026"]),
        ("other", "Hallo, factuur 2026.1234 klopt niet, graag controleren.", ["2026.1234"]),
    ],
)
def test_invoice_numbers_in_any_house_style(
    extractor: Extractor, language: Language, text: str, numbers: list[str]
) -> None:
    """Label words of every language, lists after one label, series and marks."""
    assert of(extractor.findings(mail(text), language), "invoice") == numbers


@pytest.mark.parametrize(
    ("language", "text", "numbers"),
    [
        ("en", "My invoice INV 2026 4471 is wrong.", ["INV 2026 4471"]),
        ("en", "INV 2026 4471 is wrong.", ["INV 2026 4471"]),
        ("de", "Meine Rechnung INV 2026 4471 stimmt nicht.", ["INV 2026 4471"]),
        ("es", "La factura FRA 2026 0118 es incorrecta.", ["FRA 2026 0118"]),
        ("en", "Invoice INV 4471 is wrong.", ["4471"]),
        ("en", "Invoices INV-1001/1002 are wrong.", ["INV-1001", "1002"]),
        ("en", "Invoices INV-1001, -1002 and -1003 are wrong.", ["INV-1001", "1002", "1003"]),
        ("en", "Invoices INV-1001, 1002 and 1003 are wrong.", ["INV-1001", "1002", "1003"]),
        ("en", "Invoices INV-1001 & 1002 are wrong.", ["INV-1001", "1002"]),
        ("en", "Please check invoices 1001-1004.", ["1001", "1004"]),
        ("en", "Please check invoices 1001–1004.", ["1001", "1004"]),
        ("en", "Please check invoices 1001+1002.", ["1001", "1002"]),
        ("en", "Please check invoices 2026/1001/1002.", ["2026/1001", "1002"]),
        ("de", "Rechnungen 4711/4712/4713 sind falsch.", ["4711", "4712", "4713"]),
        ("de", "Die Rechnungen RE-4711, -4712 und -4713 sind falsch.", ["RE-4711", "4712", "4713"]),
        ("de", "Rg.-Nr. 4711 + 4712 sind falsch.", ["4711", "4712"]),
        ("de", "Rg.-Nr. 4711 u. 4712 sind falsch.", ["4711", "4712"]),
        ("es", "Las facturas 118 y 119 están mal.", ["118", "119"]),
        ("es", "Las facturas F-118/119 están mal.", ["F-118", "119"]),
        ("pt", "As faturas 118/119 estão erradas.", ["118", "119"]),
        ("pt", "As faturas FT-1180 e -1181 estão erradas.", ["FT-1180", "1181"]),
        ("fr", "Les factures F2026-118, -119 et -120 sont fausses.", ["F2026-118", "119", "120"]),
        # one number each: a year, a part that counts for itself, what is too far away
        ("en", "Invoice INV-1001/2026 is wrong.", ["INV-1001/2026"]),
        ("en", "Invoice INV-2026/1001 is wrong.", ["INV-2026/1001"]),
        ("en", "Invoice INV-2025/2026 is wrong.", ["INV-2025/2026"]),
        ("en", "Invoice INV-1001/02 is wrong.", ["INV-1001/02"]),
        ("en", "Invoice 4711-8820 is wrong.", ["4711-8820"]),
        ("fr", "La facture 118-207 est fausse.", ["118-207"]),
        ("de", "Rechnung RE-4711, 4500 Stück zu 3 € berechnet.", ["RE-4711"]),
        ("en", "Invoice INV-1001, -1002.50 in the ledger.", ["INV-1001"]),
    ],
)
def test_invoices_written_with_a_shared_head_are_each_found(
    extractor: Extractor, language: Language, text: str, numbers: list[str]
) -> None:
    """Each as the text has it; of a range the two that are written; a series before a year belongs to the number."""
    assert of(extractor.findings(mail(text), language), "invoice") == numbers


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Call 555-1001/1002 or 0117 496 0123-0124."),
        ("de", "Tel. 0511/4711-4712, Artikel 4711/4712."),
        ("es", "Del ejercicio 2025/2026, artículos 118/119."),
        ("en", "REF 2026 4471, TEL 2026 4472."),
        ("en", "In the period 2025-2026 it was 1000-1020 units."),
    ],
)
def test_pairs_of_other_numbers_are_no_invoices(extractor: Extractor, language: Language, text: str) -> None:
    """Telephones, articles, years and counts are written in pairs, too."""
    assert of(extractor.findings(mail(text), language), "invoice") == []


@pytest.mark.parametrize("dash", ["\u2010", "\u2011", "\u2013"])
def test_a_number_keeps_together_whatever_its_dashes(extractor: Extractor, dash: str) -> None:
    """Word processors and PDFs make typographic dashes; between two plain numbers a long one is no part of them."""
    number = f"INV{dash}2026{dash}4471"
    found = extractor.findings(mail(f"My invoice {number} is wrong."), "en")
    assert [(each.text, each.value) for each in found if each.kind == "invoice"] == [(number, "INV-2026-4471")]
    assert "INV-1001" in of(extractor.findings(mail("Invoices INV-1001\u20131005 are wrong."), "en"), "invoice")
    both = extractor.findings(mail("The invoices 100201\u2013100203 are wrong."), "en")
    assert of(both, "invoice") == ["100201", "100203"]


def test_a_price_each_is_no_time_of_day(extractor: Extractor) -> None:
    """ "At 4.50" is a time, unless it is for each of several things."""
    text = "I ordered three at 4.50 each, and a parcel came at 9.30 in the morning."
    assert of(extractor.findings(mail(text), "en"), "amount") == ["4.50"]


def test_the_line_that_pays_a_boleto_is_no_invoice(extractor: Extractor) -> None:
    """Its 47 digits say where the money goes."""
    text = "Paguei o boleto 34191.79001 01043.510047 91020.150008 5 12340000012345 da fatura 7781."
    assert of(extractor.findings(mail(text), "pt"), "invoice") == ["7781"]


@pytest.mark.parametrize(
    ("language", "text", "kind", "value"),
    [
        ("en", "Order 7710-228 never arrived.", "order", "7710-228"),
        ("de", "Kundennummer K-55120, bitte prüfen.", "customer", "K-55120"),
        ("de", "Vertragskonto 300 118 5520 ist ausgeglichen.", "account", "300 118 5520"),
        ("en", "It went off my card ending in 4410.", "card", "4410"),
        ("en", "You charged my Visa ending with 1234 twice.", "card", "1234"),
        ("en", "You charged my card that ends in 1234 twice.", "card", "1234"),
        ("en", "You charged my card 4111 1111 1111 1234 twice.", "card", "1234"),
        ("en", "You charged my card 4111-1111-1111-1234 twice.", "card", "1234"),
        ("en", "You charged my Amex 3782 822463 10005 twice.", "card", "0005"),
        ("en", "Our customer ref is CUST0099, thanks.", "customer", "CUST0099"),
        ("pt", "Cobraram no cartão final 7731 ontem.", "card", "7731"),
        ("en", "Visa **** 8812 was charged.", "card", "8812"),
        ("de", "Lieferschein 118204 lag bei.", "order", "118204"),
        ("en", "Half of what PO-20771 lists is missing.", "order", "PO-20771"),
        ("es", "Mi póliza 04-7718822 vence en mayo.", "account", "04-7718822"),
    ],
)
def test_other_numbers_are_kept_apart(
    extractor: Extractor, language: Language, text: str, kind: str, value: str
) -> None:
    """Orders, customers, accounts and cards are no invoices."""
    findings = extractor.findings(mail(text), language)
    assert of(findings, kind) == [value]
    assert of(findings, "invoice") == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "My case number is 40417, ticket #8841."),
        ("en", "Call me on +44 20 7946 0018 or (0117) 496 0123."),
        ("de", "IBAN DE12 5001 0517 0648 4898 90, USt-IdNr. DE123456789"),
        ("de", "Zähler Nr. 12345678, Stand 004512"),
        ("pt", "CNPJ 12.345.678/0001-90"),
        ("en", "See https://pay.example/invoice/88120 or mail bill2026@shop.example"),
        ("de", "Amtsgericht Celle, Az. 44 VI 210/26"),
        ("es", "me facturaron 240 € en vez de 200 €"),
        ("en", "Please collect from sort code 83-06-XX, account ending 7715."),
        ("de", "Bitte auf DE44 XXXX 5550 0105 1757 31 überweisen."),
        ("en", "The code SPRING25 did not work."),
    ],
)
def test_numbers_of_other_things_are_no_findings(extractor: Extractor, language: Language, text: str) -> None:
    """Cases, telephones, tax, meters, accounts at banks, links and courts."""
    findings = extractor.findings(mail(text), language)
    assert [each for each in findings if each.kind in ("invoice", "order", "customer", "account", "card")] == []


def test_amounts_and_days_with_their_places(extractor: Extractor) -> None:
    """Each finding cuts its own text out of the reply."""
    text = "Bill 2026-88112 of 3 July says £61.40, my plan is £48.00."
    findings = extractor.findings(mail(text), "en")
    assert of(findings, "invoice") == ["2026-88112"]
    assert of(findings, "amount") == ["61.40", "48.00"]
    assert of(findings, "date") == ["2026-07-03"]
    assert all(text[each.start : each.end] == each.text and each.where == "reply" for each in findings)


def test_a_bare_number_is_money_only_where_words_say_so(extractor: Extractor) -> None:
    """ "Instead of 170" is money, "12 licences" is none; it takes the one currency of the mail."""
    text = "You charged me £340 instead of 170 for 12 licences and 3.50 kg."
    findings = [each for each in extractor.findings(mail(text), "en") if each.kind == "amount"]
    assert [(each.value, each.currency) for each in findings] == [("340.00", "GBP"), ("170.00", "GBP")]


def test_subject_quote_and_attachment_are_told_apart(extractor: Extractor) -> None:
    """Where a finding stands is part of it, and so is the file."""
    reply = "Please correct it."
    quoted = "> Your invoice RE-100871 over 99,90 EUR is due."
    text = f"{reply}\n{quoted}"
    parts = (Part(label="own", start=0, end=len(reply) + 1), Part(label="quoted", start=len(reply) + 1, end=len(text)))
    bill = Attachment(
        filename="Rechnung_RE-2201.pdf",
        content_type="application/pdf",
        size=1,
        text="Rechnung RE-2201\nTotal 49,90 EUR",
    )
    message = mail(reply, subject="Invoice 4711093", text=text, parts=parts, attachments=(bill,))
    findings = extractor.findings(message, "en")
    assert {(each.where, each.value) for each in findings if each.kind == "invoice"} == {
        ("subject", "4711093"),
        ("quoted", "RE-100871"),
        ("attachment", "RE-2201"),
    }
    for each in findings:
        if each.where == "quoted":
            assert text[each.start : each.end] == each.text
        if each.where == "attachment":
            assert each.attachment == bill.filename
            assert bill.text[each.start : each.end] == each.text


def test_the_name_of_a_file_is_read_too(extractor: Extractor) -> None:
    """A scan has no text, but its name says which invoice it is."""
    scan = Attachment(filename="Rechnung_RE-2201.pdf", content_type="application/pdf", size=1)
    [finding] = extractor.findings(mail("Siehe Anhang.", attachments=(scan,)), "de")
    assert (finding.kind, finding.value, finding.where) == ("invoice", "RE-2201", "attachment")


@pytest.mark.parametrize(
    ("filename", "value"),
    [
        ("Invoice90233.pdf", "90233"),
        ("factura-A2026-0031.pdf", "A2026-0031"),
        ("20260301_F26-0417_Acme.pdf", "F26-0417"),
        ("FV-26-2101.pdf", "FV-26-2101"),
    ],
)
def test_names_of_files_run_words_and_numbers_together(extractor: Extractor, filename: str, value: str) -> None:
    """The label is no part of the number, and the finding names the attachment."""
    scan = Attachment(filename=filename, content_type="application/pdf", size=1)
    found = extractor.findings(mail("See the attachment.", attachments=(scan,)), "en")
    assert [(each.value, each.attachment) for each in found if each.kind == "invoice"] == [(value, filename)]


def test_forwarded_words_are_quoted_and_yet_the_claim(extractor: Extractor) -> None:
    """A forwarded complaint is the customer's words: its sum counts, its place is in the text."""
    own, forwarded = "FYI\n", "I was charged 486,00 € for invoice RE-2201 and never ordered it, please refund it."
    text = own + forwarded
    parts = (Part(label="own", start=0, end=4), Part(label="forwarded", start=4, end=len(text)))
    extract = extractor.extract(mail(text, parts=parts), "en", verdict=DISPUTE)
    assert {each.where for each in extract.findings} == {"quoted"}
    assert all(text[each.start : each.end] == each.text for each in extract.findings)
    assert extract.disputed is not None
    assert str(extract.disputed.money.value) == "486.00"


def test_without_a_date_header_the_arrival_counts(extractor: Extractor) -> None:
    """And without either, days that depend on it are left out."""
    message = mail("Charged on 3 July and on 2026-06-01.", date=None)
    assert of(extractor.findings(message, "en"), "date") == ["2026-06-01"]
    arrived = datetime(2026, 6, 15, tzinfo=UTC)
    assert of(extractor.findings(message, "en", arrived=arrived), "date") == ["2026-07-03", "2026-06-01"]


def test_a_country_in_the_mail_settles_the_dollar(extractor: Extractor) -> None:
    """One country: its currency. None: the bare sign."""
    settled = extractor.findings(mail("Ayer compré en el Oxxo por $1,284.50, vivo en Monterrey."), "es")
    assert [each.currency for each in settled if each.kind == "amount"] == ["MXN"]
    open_ = extractor.findings(mail("Me cobraron $1,284.50."), "es")
    assert [each.currency for each in open_ if each.kind == "amount"] == ["$"]


@pytest.mark.parametrize(
    ("language", "text", "currencies"),
    [
        ("en", "It shows A$1,210.00 including $110.00 GST.", ["AUD", "AUD"]),
        ("es", "Me cobran $1,450.00 M.N. y son 200 pesos de más.", ["MXN", "MXN"]),
        ("es", "El cargo fue de US$ 50, unos $ 900.", ["USD", "$"]),
        ("de", "Beleg-Nr.\tDatum\tBetrag EUR\n4410087\t03.09.2026\t1.045,00\nSumme\t\t1.445,68", ["EUR", "EUR"]),
        ("en", "Invoice | Amount (£)\n4410087 | 1,045.00", ["GBP"]),
        ("en", "We saw ALL\nof it: 45.00 was billed.", [None]),
    ],
)
def test_what_the_mail_says_of_one_amount_holds_for_the_others(
    extractor: Extractor, language: Language, text: str, currencies: list[str | None]
) -> None:
    """The only dollar, the only peso, the head of a column."""
    assert [each.currency for each in extractor.findings(mail(text), language) if each.kind == "amount"] == currencies


@pytest.mark.parametrize(
    ("language", "text", "values"),
    [
        ("en", "I pay 28.99, and now you want 35 a month.", ["28.99", "35.00"]),
        ("de", "Ich zahle 28,99, nicht 35 im Monat.", ["28.99", "35.00"]),
        ("pt", "Falaram 128 por mês por 24 meses.", ["128.00"]),
        ("en", "I come 3 times a month and use 100 GB per month.", []),
    ],
)
def test_a_bare_number_a_month_is_a_price(
    extractor: Extractor, language: Language, text: str, values: list[str]
) -> None:
    """Whatever stands before it; what is counted or measured is none."""
    assert of(extractor.findings(mail(text), language), "amount") == values


DISPUTE = Verdict(probability=0.95, reasons={"wrong_amount": 0.8, "unrecognized_charge": 0.2})


def judged(extractor: Extractor, text: str, language: Language = "en") -> Extract:
    """The extract of a mail that is known to dispute an amount."""
    return extractor.extract(mail(text), language, verdict=DISPUTE)


@pytest.mark.parametrize(
    ("language", "text", "value", "how"),
    [
        ("en", "I was charged £240.00 instead of £200.00 as agreed.", "40.00", "difference"),
        ("de", "Sie haben 61,40 € berechnet, vereinbart waren 48,00 €.", "13.40", "difference"),
        ("es", "Me han cobrado 59,90 € que no reconozco, devuélvanmelos.", "59.90", "stated"),
        ("fr", "Vous m'avez prélevé 49,90 € par erreur, merci de me rembourser.", "49.90", "stated"),
    ],
)
def test_the_contested_sum(extractor: Extractor, language: Language, text: str, value: str, how: str) -> None:
    """Stated where the mail says it, the difference where it says what was charged and what was due."""
    disputed = judged(extractor, text, language).disputed
    assert disputed is not None
    assert (str(disputed.money.value), disputed.how) == (value, how)


def test_roles_follow_the_words(extractor: Extractor) -> None:
    """What was billed and what was expected are told apart."""
    findings = judged(extractor, "Your invoice says £240.00 but we agreed on £200.00.").findings
    assert [each.role for each in findings if each.kind == "amount"] == ["billed", "expected"]


def test_no_dispute_has_no_contested_sum(extractor: Extractor) -> None:
    """A payment that is announced contests nothing."""
    verdict = Verdict(probability=0.02, reasons={"other": 1.0})
    extract = extractor.extract(mail("We paid €1,450.00 for invoice 2026-041 today."), "en", verdict=verdict)
    assert extract.disputed is None


@settings(max_examples=60, deadline=None)
@example(text="1" + 26 * "0", language="en")
@given(
    st.text(max_size=120)
    | st.lists(st.sampled_from(["invoice", "RE-2201", "49,90 €", "no.", "$", "1.234", "3/4", "\n"])).map(" ".join),
    st.sampled_from(["en", "es", "pt", "fr", "de", "other"]),
)
def test_any_mail_can_be_read(extractor: Extractor, text: str, language: Language) -> None:
    """No text raises, and every place holds what it claims."""
    for each in extractor.findings(mail(text, subject=text[:40].replace("\n", " ")), language):
        source = text if each.where == "reply" else text[:40].replace("\n", " ")
        assert source[each.start : each.end] == each.text


def test_one_number_is_one_thing_wherever_it_stands(extractor: Extractor) -> None:
    """The label that it has in the subject holds in the text."""
    message = mail("What about 4417-26, please? It is still open.", subject="Order 4417-26")
    assert {each.kind for each in extractor.findings(message, "en")} == {"order"}


def test_a_number_like_a_labelled_one_is_the_same_kind(extractor: Extractor) -> None:
    """Two of one house style: the second needs no label of its own."""
    text = "Invoice C26/0331 is paid. I will pay the rest when my salary comes, that is to say: not yet C26/0358."
    assert of(extractor.findings(mail(text), "en"), "invoice") == ["C26/0331", "C26/0358"]


def test_a_series_that_the_mail_leaves_off_elsewhere_is_no_part_of_the_number(extractor: Extractor) -> None:
    """ "RG 118842" in the subject and "118842" below are one invoice; alone, a series belongs to its number."""
    message = mail("118842: davon 25,00 € Zuschlag, bitte gutschreiben.", subject="Mindermengenzuschlag RG 118842")
    findings = [each for each in extractor.findings(message, "de") if each.kind == "invoice"]
    assert [(each.text, each.value, each.where) for each in findings] == [
        ("118842", "118842", "reply"),
        ("118842", "118842", "subject"),
    ]
    assert of(extractor.findings(mail("Die Rechnung RG 118842 stimmt nicht."), "de"), "invoice") == ["RG 118842"]


@pytest.mark.parametrize(
    ("language", "text", "number"),
    [
        ("fr", "La facture 4500 8812 7 nous réclame tout.", "4500 8812 7"),
        ("es", "Un recibo de luz, factura número 602 941 870, a mi nombre.", "602 941 870"),
        ("de", "Die Rechnung JR 2026 004417 Z liegt mir vor.", "JR 2026 004417 Z"),
    ],
)
def test_numbers_written_with_spaces_are_whole(
    extractor: Extractor, language: Language, text: str, number: str
) -> None:
    """A last digit or letter belongs to it, a comma of the sentence does not."""
    assert of(extractor.findings(mail(text), language), "invoice") == [number]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The goods came with delivery note 55-3310."),
        ("de", "Ihre Rückfrage zum Vorgang 604-771."),
        ("es", "Emitidas a Transportes Ejemplo, S.L., CIF B-12000292."),
        ("en", "I attach scan_7718.pdf and bank.xlsx."),
        ("fr", "Réponse automatique : [DSP-2026-000211-4] bien reçu"),
        ("es", "Requerimiento extrajudicial – Expte. 2026/0418"),
        ("pt", "que compra de 129,90 é essa"),
    ],
)
def test_papers_that_are_no_bills_are_no_invoices(extractor: Extractor, language: Language, text: str) -> None:
    """Delivery notes, matters, tax numbers, names of files and the front half of an amount."""
    assert of(extractor.findings(mail(text), language), "invoice") == []
