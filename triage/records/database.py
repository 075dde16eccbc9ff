"""The site's own database as the ledger: read only, by the admin's queries, with a limit on time and rows.

Queries take bound parameters and give columns by the names of `columns.COLUMNS` (``select no as number, …``). They are
run in transactions that the database itself keeps from writing (SQLite, PostgreSQL, MySQL, MariaDB), and that are
rolled back on every database.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic
from typing import Any, Final, Literal, TypeVar

from sqlalchemy import Connection, Engine, TextClause, bindparam, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from triage.records.columns import Kind, fields_of
from triage.records.ledger import Credit, Invoice, InvoiceLine, LedgerError, Payment, normalised, slips
from triage.records.rows import BadRow, Row, Writing, read_row

Query = Literal["invoice", "lines", "payments", "credits", "by_address", "by_customer", "unapplied", "similar"]
#: query → what its rows are, and the parameters that it may take
QUERIES: Final[Mapping[Query, tuple[Kind, frozenset[str]]]] = {
    "invoice": ("invoice", frozenset({"number", "key"})),
    "lines": ("line", frozenset({"number"})),
    "payments": ("payment", frozenset({"number"})),
    "credits": ("credit", frozenset({"number"})),
    "by_address": ("invoice", frozenset({"address"})),
    "by_customer": ("invoice", frozenset({"customer"})),
    "unapplied": ("payment", frozenset({"customer"})),
    "similar": ("invoice", frozenset({"numbers"})),
}
_MOST_ROWS: Final = 500
_PARAMETER: Final = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
#: SQLite asks back after so many steps of its machine
_STEPS: Final = 10_000
_Value = TypeVar("_Value", Invoice, InvoiceLine, Payment, Credit)


def query_problems(queries: Mapping[str, str]) -> list[str]:
    """What is wrong with the admin's queries, one line each."""
    problems = [f"{name}: there is no such query; there are {', '.join(QUERIES)}" for name in queries.keys() - QUERIES]
    if "invoice" not in queries:
        problems.append("invoice is missing: the query that finds an invoice by :number")
    for name, (_, allowed) in QUERIES.items():
        query = queries.get(name, "")
        if query and not re.match(r"\s*(?:select|with)\b", query, re.IGNORECASE):
            problems.append(f"{name}: must be a SELECT")
        unknown = set(_PARAMETER.findall(query)) - allowed
        if unknown or (query and not set(_PARAMETER.findall(query))):
            problems.append(f"{name}: its parameters are {', '.join(f':{each}' for each in sorted(allowed))}")
    return problems


class SqlLedger:
    """A `Ledger` over the site's own tables. Raises LedgerError for a database that cannot be asked."""

    def __init__(
        self, url: str, queries: Mapping[str, str], *, timeout: float = 5, columns: Mapping[str, str] | None = None,
        currency: str = "",
    ) -> None:  # fmt: skip
        problems = query_problems(queries)
        if problems:
            raise LedgerError("; ".join(problems))
        self._engine = _engine(url, timeout)
        self._shown = make_url(url).render_as_string(hide_password=True)
        self._queries = {name: _clause(query) for name, query in queries.items()}
        self._columns = columns or {}
        self._writing = Writing(decimal=".", dates="ymd", currency=currency, own_words=True)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def find(self, number: str) -> Sequence[Invoice]:
        """The invoices with this number, with their lines."""
        found = self._ask("invoice", Invoice, number=number.strip(), key=normalised(number))
        return tuple(self._with_lines(invoice) for invoice in found)

    def similar(self, number: str) -> Sequence[Invoice]:
        """Invoices one slip away; none where the site has no query for it."""
        written = number.strip().upper()
        numbers = (*slips(written), written, written.lower())
        return self._ask("similar", Invoice, numbers=list(numbers)) if "similar" in self._queries else ()

    def of_address(self, address: str) -> Sequence[Invoice]:
        """The invoices of the customer who has this address."""
        return self._ask("by_address", Invoice, address=address.lower())

    def of_customer(self, customer: str) -> Sequence[Invoice]:
        """The invoices of a customer."""
        return self._ask("by_customer", Invoice, customer=customer)

    def payments(self, invoice: Invoice) -> Sequence[Payment]:
        """Payments of an invoice."""
        return self._ask("payments", Payment, number=invoice.number)

    def unapplied(self, customer: str) -> Sequence[Payment]:
        """Payments of a customer that no invoice has been given."""
        return self._ask("unapplied", Payment, customer=customer)

    def credits(self, invoice: Invoice) -> Sequence[Credit]:
        """Credit notes and refunds of an invoice."""
        return self._ask("credits", Credit, number=invoice.number)

    def check(self) -> str:
        """Run every query once with a number that nobody has; returns what answered."""
        for name, (_, parameters) in QUERIES.items():
            if name in self._queries:
                values: dict[str, Any] = {each: ["-"] if each == "numbers" else "-" for each in parameters}
                self._rows(name, values)
        return f"{self._shown}: {len(self._queries)} queries answer"

    def _with_lines(self, invoice: Invoice) -> Invoice:
        lines = self._ask("lines", InvoiceLine, number=invoice.number)
        placed = (
            replace(line, position=line.position or at, invoice=invoice.number) for at, line in enumerate(lines, 1)
        )
        return replace(invoice, lines=tuple(placed))

    def _ask(self, name: Query, wanted: type[_Value], **values: object) -> tuple[_Value, ...]:
        if name not in self._queries:
            return ()
        found: list[Row] = []
        for cells in self._rows(name, values):
            try:
                found.append(read_row(QUERIES[name][0], _completed(name, cells, values), self._writing))
            except BadRow as error:
                raise LedgerError(f"ledger.queries.{name}: {error}") from error
        return tuple(row for row in found if isinstance(row, wanted))

    def _rows(self, name: Query, values: Mapping[str, object]) -> list[dict[str, object]]:
        clause = self._queries[name]
        given = {each: value for each, value in values.items() if each in _PARAMETER.findall(clause.text)}
        with self._reading() as connection:
            result = connection.execute(clause, given)
            chosen, _ = fields_of(list(result.keys()), self._columns)
            return [{field: row[at] for at, field in chosen.items()} for row in result.fetchmany(_MOST_ROWS)]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                try:
                    yield connection
                finally:
                    connection.rollback()
        except SQLAlchemyError as error:
            detail = str(getattr(error, "orig", None) or error).strip().splitlines()
            raise LedgerError(f"{self._shown}: {detail[0] if detail else type(error).__name__}") from error


def _completed(name: Query, cells: dict[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """A row need not repeat what it was asked by."""
    if name in ("lines", "payments", "credits"):
        cells.setdefault("number", values["number"])
    elif name in ("by_customer", "unapplied"):
        cells.setdefault("customer", values["customer"])
    return cells


def _clause(query: str) -> TextClause:
    clause = text(query)
    return clause.bindparams(bindparam("numbers", expanding=True)) if "numbers" in _PARAMETER.findall(query) else clause


def _engine(url: str, timeout: float) -> Engine:
    """An engine whose database keeps it from writing and from taking long, as far as the database can."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            path = f"file:{parsed.database}" if not str(parsed.database).startswith("file:") else str(parsed.database)
            parsed = parsed.set(database=path).update_query_dict({"mode": "ro", "uri": "true"})
        options = {"connect_timeout": max(1, int(timeout))} if backend in ("postgresql", "mysql", "mariadb") else {}
        engine = create_engine(parsed, connect_args=options, pool_pre_ping=True, pool_size=2, hide_parameters=True)
    except (ArgumentError, ValueError) as error:
        raise LedgerError("ledger.url is no database URL, like postgresql+psycopg://user@host/name") from error
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise LedgerError(f"ledger.url needs a driver that is not installed: {error}") from error
    milliseconds = max(1, int(timeout * 1000))
    statements = {
        "postgresql": ["SET default_transaction_read_only = on", f"SET statement_timeout = {milliseconds}"],
        "mysql": ["SET SESSION TRANSACTION READ ONLY", f"SET SESSION max_execution_time = {milliseconds}"],
        "mariadb": ["SET SESSION TRANSACTION READ ONLY", f"SET SESSION max_statement_time = {timeout}"],
        "sqlite": ["PRAGMA query_only = ON"],
    }.get(backend, [])

    @event.listens_for(engine, "connect")
    def restrain(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    if backend == "sqlite":
        _stop_after(engine, timeout)
    return engine


def _stop_after(engine: Engine, timeout: float) -> None:
    """SQLite has no time limit of its own: it asks back now and then."""

    @event.listens_for(engine, "before_cursor_execute")
    def begin(connection: Connection, *_: Any) -> None:
        end = monotonic() + timeout
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(lambda: monotonic() > end, _STEPS)
