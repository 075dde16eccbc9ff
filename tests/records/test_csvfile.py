"""CSV files: how they are written is found out and stated; what cannot be read is told with its line."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import OperatorError
from triage.records.csvfile import Problem, Reader, Wish
from triage.records.ledger import Credit, Invoice, InvoiceLine, Payment
from triage.records.rows import Row

INVOICES = "Invoice No,Customer,Email,Date,Total,Currency\n"
GERMAN = (
    "Rechnungs-Nr.;Kunde;Rechnungsdatum;Gesamtbetrag;Währung\n"
    "RE-1;Müller;01.03.2026;1.234,50;EUR\nRE-2;Müller;31.03.2026;12,00;EUR\n"
)


def read(content: str | bytes, name: str = "invoices.csv", wish: Wish | None = None) -> list[Row | Problem]:
    return list(Reader(wish).read(name, io.BytesIO(content.encode() if isinstance(content, str) else content)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encoding_delimiter_and_marks_are_found_out_and_stated(encoding: str) -> None:
    """What Excel writes in Germany, in any of its encodings."""
    reader = Reader()
    rows = list(reader.read("rechnungen.csv", io.BytesIO(GERMAN.encode(encoding))))
    assert [(row.number, row.customer, row.total, row.issued) for row in rows if isinstance(row, Invoice)] == [
        ("RE-1", "Müller", Decimal("1234.50"), date(2026, 3, 1)),
        ("RE-2", "Müller", Decimal("12.00"), date(2026, 3, 31)),
    ]
    found = reader.formats["rechnungen.csv"]
    assert (found.delimiter, found.decimal, found.kind) == (";", ",", "invoice")
    assert found.encoding.startswith(encoding.removesuffix("-sig"))


def test_the_order_of_dates_is_shown_by_one_date_that_allows_one() -> None:
    """31/03 settles 04/03; where no date does, the rows are refused until the operator says it."""
    table = INVOICES + "F-1,K,,04/03/2026,5.00,EUR\nF-2,K,,31/03/2026,5.00,EUR\nF-3,K,,05/03/2026,5.00,EUR\n"
    [first, *_] = read(table)
    assert isinstance(first, Invoice)
    assert first.issued == date(2026, 3, 4)
    open_table = INVOICES + "F-1,K,,04/03/2026,5.00,EUR\n"
    [problem] = read(open_table)
    assert isinstance(problem, Problem)
    assert str(problem).startswith("invoices.csv, line 2: date: ")
    [told] = read(open_table, wish=Wish(dates="mdy"))
    assert isinstance(told, Invoice)
    assert told.issued == date(2026, 4, 3)


def test_an_amount_that_the_file_leaves_open_is_refused() -> None:
    """1.234 alone is two amounts."""
    [problem] = read(INVOICES + "F-1,K,,2026-03-04,1.234,EUR\n")
    assert isinstance(problem, Problem)
    assert "two ways" in problem.why
    [row] = read(INVOICES + "F-1,K,,2026-03-04,1.234,EUR\n", wish=Wish(decimal=","))
    assert isinstance(row, Invoice)
    assert row.total == 1234


def test_each_bad_row_is_told_with_its_line_and_the_others_are_read() -> None:
    """Quoted line breaks count as lines; a row that was cut is no row."""
    table = INVOICES + (
        'F-1,"K\nL",,2026-03-04,5.00,EUR\nF-2,K,,2026-03-04,five,EUR\nF-3,K,,2026\n\nF-4,K,,2026-03-04,5.00,EUR\n'
    )
    rows = read(table)
    assert [row.number for row in rows if isinstance(row, Invoice)] == ["F-1", "F-4"]
    assert [(row.line, row.why[:12]) for row in rows if isinstance(row, Problem)] == [
        (4, "amount: 'fiv"),
        (5, "has 4 cells,"),
    ]


def test_one_file_may_hold_every_kind() -> None:
    """With a column that says which."""
    rows = read(
        "kind,number,id,amount,currency,date,description\n"
        "invoice,F-1,,10.00,EUR,2026-03-01,\nline,F-1,,4.00,,,Tea\nline,F-1,,6.00,,,Cake\n"
        "payment,F-1,P1,10.00,EUR,2026-03-02,\nrefund,F-1,C1,10.00,EUR,2026-03-03,\nwish,F-1,,1.00,EUR,,\n",
        name="all.csv",
    )
    invoice, tea, cake, payment, refund, wish = rows
    assert isinstance(invoice, Invoice)
    assert isinstance(tea, InvoiceLine)
    assert isinstance(cake, InvoiceLine)
    assert (tea.position, cake.position) == (1, 2)
    assert isinstance(payment, Payment)
    assert isinstance(refund, Credit)
    assert refund.kind == "refund"
    assert isinstance(wish, Problem)


def test_rows_without_a_number_get_one_that_stays_the_same() -> None:
    """Importing again must not double payments; two equal rows are two payments."""
    table = "invoice,amount,date\nF-1,5.00,2026-03-01\nF-1,5.00,2026-03-01\n"
    once, again = read(table, "payments.csv"), read(table, "payments.csv")
    assert once == again
    assert len({row.id for row in once if isinstance(row, Payment)}) == 2


def test_an_invoice_that_stands_twice_must_say_the_same() -> None:
    """Also across the files of one import."""
    reader = Reader()
    row = "F-1,K,,2026-03-04,5.00,EUR\n"
    list(reader.read("a/invoices.csv", io.BytesIO((INVOICES + row).encode())))
    same, other = reader.read("b/invoices.csv", io.BytesIO((INVOICES + row + row.replace("5.00", "6.00")).encode()))
    assert isinstance(same, Invoice)
    assert isinstance(other, Problem)
    assert "stands twice" in other.why


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"", "invoices.csv", "no row"),
        (b"PK\x03\x04\0\0\0", "invoices.xlsx", "no text file"),
        (b"a,b\n1,2\n", "data.csv", "--kind"),
        (b"Invoice No,Foo\n1,2\n", "invoices.csv", "no column is known for amount"),
        (b",".join(b"c%d" % at for at in range(300)), "invoices.csv", "300 columns"),
    ],
)
def test_a_file_that_is_no_table_of_ours_is_a_clear_line(content: bytes, name: str, why: str) -> None:
    """Told before anything is taken, with what would help."""
    with pytest.raises(OperatorError, match=why):
        read(content, name)


def test_a_quote_that_is_never_closed_swallows_no_rows_in_silence() -> None:
    """The rest of the file would be one cell."""
    rows = read(INVOICES + 'F-1,"K,,2026-03-04,5.00,EUR\n' + "F-2,K,,2026-03-04,5.00,EUR\n" * 10)
    assert [type(row) for row in rows] == [Problem]


def test_a_line_without_end_is_refused() -> None:
    """Size bounds: a gigabyte in one cell must not be held in memory."""
    rows = read(INVOICES + "F-1," + "K" * 500_000)
    assert [type(row) for row in rows] == [Problem]


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=400) | st.text(max_size=300).map(lambda text: (INVOICES + text).encode()))
def test_any_bytes_are_rows_problems_or_a_clear_line(content: bytes) -> None:
    """Files are hostile until checked."""
    try:
        rows = read(content, wish=Wish(kind="invoice"))
    except OperatorError:
        return
    assert all(isinstance(row, Invoice | Problem) for row in rows)


AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=2)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXTS, AMOUNTS), min_size=1, max_size=8), st.sampled_from(",;\t|"), st.sampled_from(".,"))
def test_what_a_program_writes_is_what_is_read(rows: list[tuple[str, Decimal]], delimiter: str, mark: str) -> None:
    """Any names and amounts, with any delimiter and mark, quoted as csv quotes."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["Invoice No", "Customer", "Total", "Currency"])
    for at, (name, amount) in enumerate(rows):
        writer.writerow([f"F-{at}", name, str(amount).replace(".", mark), "EUR"])
    found = read(text.getvalue(), wish=Wish(encoding="utf-8"))
    assert [(row.customer, row.total) for row in found if isinstance(row, Invoice)] == rows
