"""What the checks may expect of a ledger: imported rows on SQLite and PostgreSQL, and a site's own database."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from furnished import MONDAY
from servers import Postgres
from sqlalchemy import create_engine, text

from triage.records.database import SqlLedger, query_problems
from triage.records.ledger import Credit, Customer, Invoice, InvoiceLine, Ledger, LedgerError, Payment, nearest
from triage.records.rows import Row
from triage.store.store import Store

FIRST = Invoice(
    number="RE-2026/4471",
    customer="K1",
    customer_name="Ana Ltd",
    addresses=frozenset({"ana@example.org"}),
    issued=date(2026, 3, 1),
    status="open",
    currency="EUR",
    net=Decimal("100.00"),
    tax=Decimal("21.00"),
    total=Decimal("121.00"),
)
SECOND = Invoice(number="RE-2026/4472", customer="K1", issued=date(2026, 4, 1), currency="EUR", total=Decimal("9.90"))
LINES = (
    InvoiceLine(invoice="RE-2026/4471", position=1, description="Tea", amount=Decimal("40.00")),
    InvoiceLine(invoice="RE-2026/4471", position=2, description="Cake", amount=Decimal("60.00")),
)
PAYMENT = Payment(id="P1", invoice="RE-2026/4471", customer="K1", currency="EUR", amount=Decimal("121.00"))
LOOSE = Payment(id="P2", customer="K1", currency="EUR", amount=Decimal("9.90"))
REFUND = Credit(id="C1", kind="refund", invoice="RE-2026/4471", customer="K1", currency="EUR", amount=Decimal("1.00"))
ROWS: Sequence[Row] = (FIRST, SECOND, *LINES, PAYMENT, LOOSE, REFUND)

SITE = """
CREATE TABLE bill (no TEXT, cust TEXT, name TEXT, mail TEXT, day TEXT, state TEXT, curr TEXT, net TEXT, vat TEXT, sum TEXT);
CREATE TABLE item (bill TEXT, pos INTEGER, what TEXT, sum TEXT);
CREATE TABLE money (id TEXT, bill TEXT, cust TEXT, sum TEXT, way TEXT);
INSERT INTO bill VALUES ('RE-2026/4471', 'K1', 'Ana Ltd', 'ana@example.org', '2026-03-01', 'open', 'EUR', '100.00', '21.00', '121.00');
INSERT INTO bill VALUES ('RE-2026/4472', 'K1', '', '', '2026-04-01', '', 'EUR', NULL, NULL, '9.90');
INSERT INTO item VALUES ('RE-2026/4471', 1, 'Tea', '40.00');
INSERT INTO item VALUES ('RE-2026/4471', 2, 'Cake', '60.00');
INSERT INTO money VALUES ('P1', 'RE-2026/4471', 'K1', '121.00', 'in');
INSERT INTO money VALUES ('P2', '', 'K1', '9.90', 'in');
INSERT INTO money VALUES ('C1', 'RE-2026/4471', 'K1', '1.00', 'out');
"""  # noqa: E501 - a table a line
_BILL = "SELECT no AS number, cust AS customer, name, mail AS email, day AS date, state AS status, curr AS currency, net, vat AS tax, sum AS total FROM bill"  # noqa: E501 - one query
QUERIES = {
    "invoice": f"{_BILL} WHERE upper(no) = upper(:number) OR lower(replace(replace(no, '-', ''), '/', '')) = :key",
    "lines": "SELECT pos AS position, what AS description, sum AS amount FROM item WHERE bill = :number ORDER BY pos",
    "payments": "SELECT id, sum AS amount, 'EUR' AS currency FROM money WHERE bill = :number AND way = 'in'",
    "credits": "SELECT id, cust AS customer, sum AS amount, 'EUR' AS currency, 'refund' AS type FROM money WHERE bill = :number AND way = 'out'",  # noqa: E501 - one query
    "by_address": _BILL + " WHERE cust IN (SELECT cust FROM bill WHERE mail = :address) ORDER BY day DESC",  # noqa: S608 - fixed text
    "by_customer": f"{_BILL} WHERE cust = :customer ORDER BY day DESC",
    "unapplied": "SELECT id, sum AS amount, 'EUR' AS currency FROM money WHERE cust = :customer AND bill = ''",
    "similar": f"{_BILL} WHERE no IN :numbers",
}  # fmt: skip


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store of either kind."""
    store = Store(database_url)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def site(tmp_path: Path) -> str:
    """A database of the site's own, with the same records."""
    path = tmp_path / "site.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(SITE)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.server), "sql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """Each kind of ledger, with the same records in it."""
    if request.param == "sql":
        with closing(SqlLedger(request.getfixturevalue("site"), QUERIES)) as sql:
            yield sql
        return
    url = f"sqlite:///{tmp_path}/triage.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_server").database()
    with closing(Store(url)) as store:
        store.migrate()
        store.ledger.take(ROWS, files=["all.csv"], actor="ana", now=MONDAY)
        yield store.ledger


@pytest.mark.parametrize("written", ["RE-2026/4471", "re20264471"])
def test_an_invoice_is_found_with_its_lines_however_it_is_written(ledger: Ledger, written: str) -> None:
    """Decoration and capitals aside."""
    [found] = ledger.find(written)
    assert (found.number, found.total, found.status, found.issued) == ("RE-2026/4471", 121, "open", date(2026, 3, 1))
    assert [(line.position, line.description, line.amount) for line in found.lines] == [(1, "Tea", 40), (2, "Cake", 60)]
    assert found.addresses == {"ana@example.org"}
    assert found.customer_name == "Ana Ltd"


def test_what_is_not_there_is_empty(ledger: Ledger) -> None:
    """No invoice, no address, no customer: no error."""
    assert not ledger.find("XX-1")
    assert not ledger.find("")
    assert not ledger.of_address("nobody@example.org")
    assert not ledger.of_customer("nobody")
    assert not ledger.unapplied("nobody")
    assert not ledger.similar("XX")


def test_a_mistyped_number_finds_what_it_may_mean(ledger: Ledger) -> None:
    """Two digits swapped."""
    [near, *_] = nearest("RE-2026/4417", ledger.similar("RE-2026/4417"))
    assert near.invoice.number == "RE-2026/4471"


def test_the_invoices_of_an_address_are_those_of_its_customer_newest_first(ledger: Ledger) -> None:
    """The second invoice bears no address of its own."""
    assert [invoice.number for invoice in ledger.of_address("ana@example.org")] == ["RE-2026/4472", "RE-2026/4471"]
    assert [invoice.number for invoice in ledger.of_customer("K1")] == ["RE-2026/4472", "RE-2026/4471"]


def test_payments_and_credits_belong_to_their_invoice(ledger: Ledger) -> None:
    """One that no invoice has been given is the customer's."""
    [payment] = ledger.payments(FIRST)
    assert (payment.id, payment.amount) == ("P1", 121)
    assert [each.id for each in ledger.unapplied("K1")] == ["P2"]
    [credit] = ledger.credits(FIRST)
    assert (credit.kind, credit.amount) == ("refund", 1)
    assert not ledger.payments(SECOND)


# imports


def test_importing_again_changes_nothing(store: Store) -> None:
    """The same files every night."""
    for _ in range(2):
        assert store.ledger.take(ROWS, files=["all.csv"], actor="ana", now=MONDAY) == len(ROWS)
    counts = {"customer": 1, "address": 1, "invoice": 2, "line": 2, "payment": 2, "credit": 1}
    assert store.ledger.counts() == counts
    assert [line.rows for line in store.ledger.imports()] == [len(ROWS), len(ROWS)]


def test_newer_rows_take_the_place_of_older_ones(store: Store) -> None:
    """Paid meanwhile, and with a line less."""
    store.ledger.take(ROWS, files=["1"], actor="ana", now=MONDAY)
    newer = Invoice(number="RE-2026/4471", customer="K1", status="paid", currency="EUR", total=Decimal("40.00"))
    store.ledger.take([newer, LINES[0]], files=["2"], actor="ana", now=MONDAY)
    [found] = store.ledger.find("RE-2026/4471")
    assert (found.status, found.total, len(found.lines)) == ("paid", 40, 1)


def test_an_import_that_breaks_leaves_nothing_behind(store: Store) -> None:
    """All or nothing, also in the middle of the rows."""

    def breaking() -> Iterator[Row]:
        yield from ROWS
        yield from (Customer(id=f"K{at}", name="N") for at in range(2000))
        raise ValueError("the disk is gone")

    with pytest.raises(ValueError, match="the disk"):
        store.ledger.take(breaking(), files=["1"], actor="ana", now=MONDAY)
    assert set(store.ledger.counts().values()) == {0}


def test_replace_forgets_what_was_there(store: Store) -> None:
    """A whole export takes the place of the last one."""
    store.ledger.take(ROWS, files=["1"], actor="ana", now=MONDAY)
    store.ledger.take([SECOND], files=["2"], actor="ana", now=MONDAY, replace=True)
    assert not store.ledger.find("RE-2026/4471")
    assert store.ledger.find("RE-2026/4472")


def test_numbers_that_differ_in_marks_only_stay_apart(store: Store) -> None:
    """1-11 and 11-1 are two invoices; a payment of one is none of the other's."""
    numbers = ("2026-1-11", "2026-11-1")
    invoices = [Invoice(number=number, currency="EUR", total=Decimal(1)) for number in numbers]
    payment = Payment(id="P", invoice="2026-1-11", amount=Decimal(1))
    store.ledger.take([*invoices, payment], files=["1"], actor="ana", now=MONDAY)
    assert [found.number for found in store.ledger.find("2026-1-11")] == ["2026-1-11"]
    assert len(store.ledger.find("2026111")) == 2
    assert [len(store.ledger.payments(invoice)) for invoice in invoices] == [1, 0]


def test_look_ups_go_by_an_index(tmp_path: Path) -> None:
    """A ledger has millions of rows."""
    plans = (
        "SELECT * FROM ledger_invoice WHERE key IN ('a', 'b')",
        "SELECT * FROM ledger_invoice WHERE serial = '4471'",
        "SELECT * FROM ledger_invoice WHERE customer = 'K1' ORDER BY issued DESC",
        "SELECT * FROM ledger_address WHERE address = 'a@b'",
        "SELECT * FROM ledger_payment WHERE customer = 'K1' AND key = ''",
        *(f"SELECT * FROM ledger_{table} WHERE key = 'a'" for table in ("line", "payment", "credit")),  # noqa: S608
    )
    # PostgreSQL plans by the number of rows, SQLite by the indexes alone
    with closing(Store(f"sqlite:///{tmp_path}/triage.db")) as store, store.engine.connect() as connection:
        store.migrate()
        for query in plans:
            told = " ".join(str(row) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))
            assert "USING INDEX" in told or "USING COVERING INDEX" in told or "PRIMARY KEY" in told
            assert "SCAN" not in told


# the site's own database


def test_nothing_is_ever_written_to_the_sites_database(site: str) -> None:
    """Not even by a query that would."""
    assert query_problems({"invoice": "DELETE FROM bill WHERE no = :number"}) == ["invoice: must be a SELECT"]
    sneaky = "WITH gone AS (SELECT 1) DELETE FROM bill WHERE no = :number"
    ledger = SqlLedger(site, {"invoice": sneaky})
    with pytest.raises(LedgerError, match=r"read-?only"):
        ledger.find("RE-2026/4471")
    assert SqlLedger(site, QUERIES).find("RE-2026/4471")


@pytest.mark.server
def test_postgres_refuses_writes_and_long_queries_and_tells_no_password(postgres_server: Postgres) -> None:
    """Read-only transactions and a statement timeout; the URL's password stays hidden."""
    url = postgres_server.database()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bill (no text)"))
    engine.dispose()
    writing = SqlLedger(
        url, {"invoice": "WITH x AS (INSERT INTO bill VALUES (:number) RETURNING no) SELECT no AS number FROM x"}
    )
    with pytest.raises(LedgerError, match="read-only transaction"):
        writing.find("F-1")
    slow = SqlLedger(url, {"invoice": "SELECT pg_sleep(5), :number"}, timeout=0.2)
    with pytest.raises(LedgerError, match="timeout"):
        slow.find("F-1")
    wrong = SqlLedger("postgresql+psycopg://me:hidden@127.0.0.1:1/x", {"invoice": "SELECT :number"}, timeout=1)
    with pytest.raises(LedgerError) as caught:
        wrong.find("F-1")
    assert "hidden" not in str(caught.value)
    for ledger in (writing, slow, wrong):
        ledger.close()


def test_a_query_that_never_ends_is_stopped_on_sqlite(site: str) -> None:
    """SQLite has no limit of its own."""
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x), :number FROM n"
    with pytest.raises(LedgerError, match="interrupted"):
        SqlLedger(site, {"invoice": endless}, timeout=0.2).find("F-1")


@pytest.mark.parametrize(
    ("queries", "problem"),
    [
        ({}, "invoice is missing"),
        ({"invoice": "SELECT 1"}, "its parameters are :key, :number"),
        ({"invoice": "SELECT :number, :password"}, "its parameters are"),
        ({"invoice": "SELECT :number", "bills": "SELECT 1"}, "no such query"),
    ],
)
def test_mistakes_in_queries_are_told_before_they_run(queries: dict[str, str], problem: str) -> None:
    """When the configuration is read."""
    assert any(problem in told for told in query_problems(queries))


def test_a_row_that_makes_no_sense_names_its_query(site: str) -> None:
    """An admin's slip is a clear line."""
    with pytest.raises(LedgerError, match=r"ledger\.queries\.invoice: the currency is missing"):
        SqlLedger(site, {"invoice": "SELECT no AS number, sum AS total FROM bill WHERE no = :number"}).find(
            "RE-2026/4471"
        )


def test_a_word_of_the_sites_own_for_a_status_stops_no_check(site: str) -> None:
    """Programs have states that nobody else knows: the invoice is read, and its state is not known."""
    query = "SELECT no AS number, curr AS currency, 'dunned 2' AS status, sum AS total FROM bill WHERE no = :number"
    [invoice] = SqlLedger(site, {"invoice": query}).find("RE-2026/4472")
    assert (invoice.status, invoice.total) == ("", Decimal("9.90"))


def test_the_database_is_told_by_its_url_in_the_configuration(tmp_path: Path) -> None:
    """Not by what we make of it."""
    url = f"sqlite:///{tmp_path}/none.db"
    with pytest.raises(LedgerError, match=f"^{url}: unable to open database file"):
        SqlLedger(url, {"invoice": "SELECT :number"}).find("F-1")
