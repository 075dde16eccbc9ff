"""The imported ledger: taken in as one transaction, looked up by index.

`ImportedLedger` is the `triage.records.ledger.Ledger` that the checks ask; importing the same rows again changes
nothing, and newer rows take the place of those with the same number.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import ColumnElement, Engine, delete, func, select
from sqlmodel import Session, SQLModel, col

from triage.records.ledger import (
    Credit,
    CreditKind,
    Customer,
    Invoice,
    InvoiceLine,
    Payment,
    Status,
    normalised,
    serial,
    slips,
)
from triage.records.rows import Row
from triage.store.dialect import insert_into
from triage.store.ledger_tables import (
    LedgerAddress,
    LedgerCredit,
    LedgerCustomer,
    LedgerImport,
    LedgerInvoice,
    LedgerLine,
    LedgerPayment,
)
from triage.store.session import reading, writing

#: rows that are handed to the database at once
_TOGETHER = 1000
#: invoices that one look-up gives, newest first: nobody has more in dispute
_MOST = 500
_MOST_SIMILAR = 50
_TABLES: tuple[type[SQLModel], ...] = (
    LedgerCustomer, LedgerAddress, LedgerInvoice, LedgerLine, LedgerPayment, LedgerCredit,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ImportLine:
    """One import, for `triage ledger status`."""

    at: datetime
    actor: str
    files: str
    rows: int


class ImportedLedger:
    """The ledger in our own tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # looking up

    def find(self, number: str) -> Sequence[Invoice]:
        """The invoices with this number, with their lines; the one written exactly so where several look alike."""
        key = normalised(number)
        if not key:
            return ()
        with reading(self._engine) as session:
            found = _invoices(session, col(LedgerInvoice.key) == key, with_lines=True)
        return tuple(invoice for invoice in found if invoice.number == number.strip()) or found

    def similar(self, number: str) -> Sequence[Invoice]:
        """Invoices one slip away, or with the same last digits."""
        keys, last = slips(normalised(number)), serial(number)
        alike = col(LedgerInvoice.key).in_(keys)
        ends = col(LedgerInvoice.serial) == last
        with reading(self._engine) as session:
            near = _invoices(session, alike, most=_MOST_SIMILAR) if keys else ()
            return (*near, *(_invoices(session, ends, most=_MOST_SIMILAR) if last else ()))

    def of_address(self, address: str) -> Sequence[Invoice]:
        """The newest invoices of every customer who has this address."""
        if not address:
            return ()
        owners = select(col(LedgerAddress.customer)).where(col(LedgerAddress.address) == address.lower())
        with reading(self._engine) as session:
            return _invoices(session, col(LedgerInvoice.customer).in_(owners))

    def of_customer(self, customer: str) -> Sequence[Invoice]:
        """The newest invoices of a customer."""
        if not customer:
            return ()
        with reading(self._engine) as session:
            return _invoices(session, col(LedgerInvoice.customer) == customer)

    def payments(self, invoice: Invoice) -> Sequence[Payment]:
        """Payments of an invoice, oldest first."""
        with reading(self._engine) as session:
            rows = _of_invoice(session, LedgerPayment, invoice.number)
            return tuple(sorted((_payment(row) for row in rows), key=lambda each: (str(each.received or ""), each.id)))

    def unapplied(self, customer: str) -> Sequence[Payment]:
        """Payments of a customer that no invoice has been given."""
        if not customer:
            return ()
        theirs = (col(LedgerPayment.customer) == customer, col(LedgerPayment.key) == "")
        with reading(self._engine) as session:
            return tuple(_payment(row) for row in session.scalars(select(LedgerPayment).where(*theirs).limit(_MOST)))

    def credits(self, invoice: Invoice) -> Sequence[Credit]:
        """Credit notes and refunds of an invoice, oldest first."""
        with reading(self._engine) as session:
            rows = _of_invoice(session, LedgerCredit, invoice.number)
            return tuple(sorted((_credit(row) for row in rows), key=lambda each: (str(each.issued or ""), each.id)))

    # overview

    def numbers(self, most: int = 2000) -> Sequence[str]:
        """Numbers of the newest invoices: they show the site's house style."""
        newest = select(col(LedgerInvoice.number)).order_by(col(LedgerInvoice.number).desc()).limit(most)
        with reading(self._engine) as session:
            return tuple(session.scalars(newest))

    def counts(self) -> Mapping[str, int]:
        """Rows by table."""
        names = {str(table.__tablename__).removeprefix("ledger_"): table for table in _TABLES}
        with reading(self._engine) as session:
            return {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in names.items()}

    def imports(self, most: int = 10) -> Sequence[ImportLine]:
        """The last imports, newest first."""
        newest = select(LedgerImport).order_by(col(LedgerImport.id).desc()).limit(most)
        with reading(self._engine) as session:
            return tuple(
                ImportLine(at=row.at, actor=row.actor, files=row.files, rows=row.rows)
                for row in session.scalars(newest)
            )

    # importing

    def take(
        self, rows: Iterable[Row], *, files: Sequence[str], actor: str, now: datetime, replace: bool = False
    ) -> int:
        """Write rows in one transaction: all of them, or none where one raises; returns how many.

        With `replace` what was there before is gone. Writers wait meanwhile (SQLite).
        """
        with writing(self._engine) as session:
            if replace:
                for table in _TABLES:
                    session.execute(delete(table))
            writer, count = _Writer(session), 0
            for chunk in _chunks(rows):
                writer.write(chunk)
                count += len(chunk)
            session.add(LedgerImport(at=now, actor=actor, files=", ".join(files), rows=count))
            return count


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _TOGETHER:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class _Writer:
    """Rows of one import, on their way into the tables."""

    def __init__(self, session: Session) -> None:
        self._session = session
        #: invoices whose old lines are gone
        self._cleared: set[str] = set()

    def write(self, rows: Sequence[Row]) -> None:
        values: dict[type[SQLModel], list[dict[str, Any]]] = {table: [] for table in _TABLES}
        for row in rows:
            for table, value in _values(row):
                values[table].append(value)
        self._clear_lines({value["invoice"] for value in values[LedgerLine]})
        for table, entries in values.items():
            self._upsert(table, entries)

    def _clear_lines(self, invoices: set[str]) -> None:
        """An invoice that was corrected may have fewer lines than before."""
        fresh = invoices - self._cleared
        if fresh:
            self._session.execute(delete(LedgerLine).where(col(LedgerLine.invoice).in_(fresh)))
            self._cleared |= fresh

    def _upsert(self, table: type[SQLModel], entries: Sequence[dict[str, Any]]) -> None:
        core = table.__table__  # type: ignore[attr-defined]
        names = [column.name for column in core.columns if column.primary_key]
        # one statement must not touch a row twice
        distinct = list({tuple(entry[name] for name in names): entry for entry in entries}.values())
        if not distinct:
            return
        statement = insert_into(self._session, core)
        changed = {name: statement.excluded[name] for name in distinct[0] if name not in names}
        if changed:
            statement = statement.on_conflict_do_update(index_elements=names, set_=changed)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=names)
        # one prepared statement for all rows: with their values in its text it would take twenty times as long
        self._session.connection().execute(statement, distinct)


def _values(row: Row) -> Iterator[tuple[type[SQLModel], dict[str, Any]]]:
    """The rows of our tables that one row of the import makes."""
    match row:
        case Customer():
            if row.name:
                yield LedgerCustomer, {"id": row.id, "name": row.name}
            for address in row.addresses:
                yield LedgerAddress, {"address": address, "customer": row.id}
        case Invoice():
            yield (
                LedgerInvoice,
                _plain(row, drop=("customer_name", "addresses", "lines"))
                | {
                    "key": normalised(row.number),
                    "serial": serial(row.number),
                },
            )
            if row.customer_name:
                yield LedgerCustomer, {"id": row.customer, "name": row.customer_name}
            for address in row.addresses:
                yield LedgerAddress, {"address": address, "customer": row.customer}
        case InvoiceLine():
            yield LedgerLine, _plain(row) | {"key": normalised(row.invoice)}
        case Payment():
            yield LedgerPayment, _plain(row) | {"key": normalised(row.invoice)}
        case Credit():
            yield LedgerCredit, _plain(row) | {"key": normalised(row.invoice)}


def _plain(row: Row, drop: Sequence[str] = ()) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in vars(row).items()
        if name not in drop
    }


def _invoices(
    session: Session, condition: ColumnElement[bool], *, with_lines: bool = False, most: int = _MOST
) -> tuple[Invoice, ...]:
    newest = select(LedgerInvoice).where(condition).order_by(col(LedgerInvoice.issued).desc()).limit(most)
    rows = session.scalars(newest).all()
    customers = {row.customer for row in rows}
    names = session.execute(
        select(col(LedgerCustomer.id), col(LedgerCustomer.name)).where(col(LedgerCustomer.id).in_(customers))
    ).all()
    named: dict[str, str] = {row.id: row.name for row in names}
    addresses: dict[str, set[str]] = {}
    for entry in session.scalars(select(LedgerAddress).where(col(LedgerAddress.customer).in_(customers))):
        addresses.setdefault(entry.customer, set()).add(entry.address)
    return tuple(
        Invoice(
            number=row.number,
            customer=row.customer,
            customer_name=named.get(row.customer, ""),
            addresses=frozenset(addresses.get(row.customer, ())),
            issued=row.issued,
            due=row.due,
            period_start=row.period_start,
            period_end=row.period_end,
            status=cast(Status, row.status),
            currency=row.currency,
            net=_decimal(row.net),
            tax=_decimal(row.tax),
            total=Decimal(row.total),
            lines=_lines(session, row.number) if with_lines else (),
        )
        for row in rows
    )


def _lines(session: Session, number: str) -> tuple[InvoiceLine, ...]:
    lines = (
        InvoiceLine(
            invoice=number,
            position=row.position,
            description=row.description,
            quantity=_decimal(row.quantity),
            unit_price=_decimal(row.unit_price),
            amount=_decimal(row.amount),
            tax_rate=_decimal(row.tax_rate),
            period_start=row.period_start,
            period_end=row.period_end,
        )
        for row in _of_invoice(session, LedgerLine, number)
    )
    return tuple(sorted(lines, key=lambda line: line.position))


def _of_invoice(session: Session, table: Any, number: str) -> list[Any]:
    """Rows that name this invoice, exactly or with other marks; not those of another one that differs in marks only."""
    key = normalised(number)
    others = set(session.scalars(select(col(LedgerInvoice.number)).where(col(LedgerInvoice.key) == key))) - {number}
    rows = session.scalars(select(table).where(table.key == key).limit(10 * _MOST))
    return [row for row in rows if row.invoice not in others]


def _payment(row: LedgerPayment) -> Payment:
    return Payment(
        id=row.id,
        invoice=row.invoice,
        customer=row.customer,
        currency=row.currency,
        amount=Decimal(row.amount),
        received=row.received,
        reference=row.reference,
    )


def _credit(row: LedgerCredit) -> Credit:
    return Credit(
        id=row.id,
        kind=cast(CreditKind, row.kind),
        invoice=row.invoice,
        customer=row.customer,
        currency=row.currency,
        amount=Decimal(row.amount),
        issued=row.issued,
        reason=row.reason,
    )


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None
