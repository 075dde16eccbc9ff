"""Cells → values: what a table says, nothing guessed."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.records.columns import COLUMNS, KINDS, Kind, fields_of, kind_of_word
from triage.records.ledger import Credit, Invoice, InvoiceLine, Payment
from triage.records.rows import BadRow, Writing, read_day, read_digits, read_row


def invoice(writing: Writing | None = None, **cells: object) -> Invoice:
    row = read_row("invoice", {"number": "F-1", "amount": "10", "currency": "EUR"} | cells, writing or Writing())
    assert isinstance(row, Invoice)
    return row


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1234.5", ".", "1234.5"),
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1 234,50", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("12,34,567.00", ".", "1234567.00"),
        ("12,50", None, "12.50"),
    ],
)
def test_amounts_are_read_by_the_marks_of_the_file(text: str, mark: str | None, value: str) -> None:
    """Any grouping, one decimal mark."""
    assert read_digits(text, mark) == Decimal(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "mark", "why"),
    [
        ("1.234", None, "two ways"),
        ("1,234", None, "two ways"),
        ("12,50", ".", "decimal point"),
        ("1.23", ",", "decimal comma"),
        ("ten", ".", "no amount"),
        ("5 apples", ".", "no amount"),
        ("1e5", ".", "no amount"),
        ("9999999999999999", ".", "no amount of money"),
    ],
)
def test_an_amount_that_is_none_or_two_is_refused(cell: str, mark: str | None, why: str) -> None:
    """No amount is guessed."""
    with pytest.raises(BadRow, match=why):
        invoice(Writing(decimal=mark), amount=cell)  # type: ignore[arg-type]


def test_signs_brackets_and_currencies_beside_an_amount_are_read() -> None:
    """As accountants write them."""
    assert invoice(amount="(12.50)").total == Decimal("-12.50")
    assert invoice(amount="12.50-").total == Decimal("-12.50")
    assert invoice(amount="€ 12.50", currency="").currency == "EUR"
    assert invoice(amount="12.50 GBP", currency="").currency == "GBP"
    assert invoice(amount="$12.50", currency="CAD").currency == "CAD"


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"currency": ""}, "currency is missing"),
        ({"currency": "", "amount": "$5"}, "currency is missing"),
        ({"currency": "XYZ"}, "no ISO 4217"),
        ({"amount": "5 EUR", "currency": "USD"}, "the column says USD"),
        ({"amount": ""}, "amount is missing"),
        ({"number": " - "}, "invoice number is missing"),
        ({"number": "F" * 100}, "100 characters"),
        ({"email": "nobody"}, "no address"),
        ({"status": "hmm"}, "no known word"),
        ({"date": "03/04/2026"}, "two ways"),
        ({"date": "2026-02-30"}, "no date"),
        ({"date": "soon"}, "no date"),
    ],
)
def test_a_bad_cell_is_named(cells: dict[str, str], why: str) -> None:
    """The operator hears which cell, and what is wrong with it."""
    with pytest.raises(BadRow, match=why):
        invoice(**cells)


def test_days_of_all_countries_are_read_once_their_order_is_known() -> None:
    """ISO 8601 needs no order, points mean day first, slashes need to be told or to tell."""
    assert read_day("2026-03-04", None) == read_day("04.03.2026", None) == read_day("04/03/2026", "dmy")
    assert read_day("03/04/2026", "mdy") == date(2026, 3, 4)
    assert read_day("25/12/2026", None) == date(2026, 12, 25)
    assert read_day("03/04/2026", None) is None
    assert read_day("2026-03-04 10:00:00", None) == date(2026, 3, 4)


def test_who_has_no_id_is_known_by_address_or_name() -> None:
    """Many exports have no customer numbers."""
    assert invoice(email="Ana@Example.org; b@example.org").customer == "ana@example.org"
    assert invoice(email="Ana@Example.org").addresses == {"ana@example.org"}
    assert invoice(customer_name="Ana").customer == "Ana"


def test_cells_of_a_database_are_taken_as_they_are() -> None:
    """Numbers, days and NULL."""
    row = invoice(amount=Decimal("12.50"), date=date(2026, 3, 1), due=None, net=10.5)
    assert (row.total, row.issued, row.due, row.net) == (Decimal("12.50"), date(2026, 3, 1), None, Decimal("10.5"))


def test_credits_are_positive_and_know_whether_money_went_back() -> None:
    """Exports write credits with a minus."""
    row = read_row("credit", {"number": "F-1", "amount": "-5", "type": "Erstattung"}, Writing())
    assert isinstance(row, Credit)
    assert (row.amount, row.kind) == (5, "refund")


def test_a_tax_rate_is_a_percentage_however_it_is_written() -> None:
    """21, 21 % and 0.21 are the same."""
    rates = [read_row("line", {"number": "F-1", "tax_rate": rate}, Writing()) for rate in ("21", "21 %", "0.21")]
    assert {row.tax_rate for row in rates if isinstance(row, InvoiceLine)} == {Decimal(21)}


def test_a_payment_belongs_to_an_invoice_or_to_a_customer() -> None:
    """Else nobody could find it."""
    assert isinstance(read_row("payment", {"customer": "K1", "amount": "5"}, Writing()), Payment)
    with pytest.raises(BadRow, match="whose payment"):
        read_row("payment", {"amount": "5"}, Writing())


@given(
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(sorted(COLUMNS)), st.text(max_size=40) | st.from_regex(r"[-0-9.,/ €$%]{1,12}")),
    st.sampled_from([".", ",", None]),
)
def test_any_cells_are_a_row_or_a_reason(kind: Kind, cells: dict[str, str], mark: str | None) -> None:
    """Files are hostile until checked: nothing but BadRow comes out."""
    with suppress(BadRow):
        assert read_row(kind, cells, Writing(decimal=mark, currency="EUR"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        (["Invoice No.", "Customer ID", "Invoice Date", "Due Date", "Total"], "number customer date due amount"),
        (["Nº de factura", "Cód. cliente", "Fecha", "Vencimiento", "Base imponible", "IVA", "Importe total"],
         "number  date due net tax amount"),
        (["Número da fatura", "Cliente", "Data", "Vencimento", "Moeda", "Valor"],
         "number customer date due currency amount"),
        (["N° facture", "Client", "Date", "Échéance", "Montant HT", "TVA", "Montant TTC"],
         "number customer date due net tax amount"),
        (["Rechnungs-Nr.", "Kunden-Nr.", "Rechnungsdatum", "Fällig am", "Netto", "MwSt.", "Bruttobetrag"],
         "number customer date due net tax amount"),
    ],
)  # fmt: skip
def test_headings_are_known_in_five_languages(headings: list[str], fields: str) -> None:
    """Without accents, capitals and marks."""
    chosen, _ = fields_of(headings, {})
    assert [chosen.get(at, "") for at in range(len(headings))] == fields.split(" ")


def test_own_headings_win_and_of_two_for_one_thing_one_counts() -> None:
    """[ledger.columns] comes first; the other heading is reported."""
    chosen, unused = fields_of(["Total", "Amount", "Beleg X"], {"Beleg-X": "number", "Amount": "net"})
    assert chosen == {0: "amount", 1: "net", 2: "number"}
    assert unused == ()
    assert fields_of(["Total", "Amount"], {}) == ({0: "amount"}, ("Amount",))


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        (["Invoice No", "Customer No", "Customer", "Total"], "number customer customer_name amount"),
        (["Rechnung", "Kunde", "Kunden-Nr.", "Betrag"], "number customer_name customer amount"),
        (["Factura", "Cliente", "Código cliente", "Importe"], "number customer_name customer amount"),
        (["Facture", "Client", "Code client", "Montant"], "number customer_name customer amount"),
        (["Invoice No", "Customer", "Total"], "number customer amount"),
        (["Invoice No", "Customer", "Customer No", "Customer name", "Total"], "number  customer customer_name amount"),
    ],
)
def test_a_customer_beside_a_customer_number_is_a_name(headings: list[str], fields: str) -> None:
    """Else the name would be the id in one file, and the number in the next."""
    chosen, _ = fields_of(headings, {})
    assert [chosen.get(at, "") for at in range(len(headings))] == fields.split(" ")


def test_words_and_names_of_files_say_the_kind() -> None:
    """invoice_lines.csv holds lines; what may be two is none."""
    words = ["Invoice", "invoice_lines", "Gutschriften", "pagos-2026", "fatura", "refunds", "customers", "data"]
    kinds = ["invoice", "line", "credit", "payment", "invoice", "credit", "customer", None]
    assert [kind_of_word(word) for word in words] == kinds
