"""The tables of the imported ledger, and nothing else. Rows never leave `triage.store`.

Amounts are decimal text, as in all our tables: SQLite has no exact numbers.
"""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Text
from sqlmodel import Field, SQLModel

from triage.store.tables import BigId, UtcTime


def _text() -> str:
    return Field(default="", sa_column=Column(Text(), nullable=False))  # type: ignore[no-any-return]


def _amount() -> str | None:
    return Field(default=None, sa_column=Column(Text(), nullable=True))  # type: ignore[no-any-return]


def _day() -> date | None:
    return Field(default=None, sa_column=Column(Date(), nullable=True))  # type: ignore[no-any-return]


class LedgerCustomer(SQLModel, table=True):
    """Whom the site bills."""

    __tablename__ = "ledger_customer"

    id: str = Field(sa_column=Column(Text(), primary_key=True))
    name: str = _text()


class LedgerAddress(SQLModel, table=True):
    """An address on record for a customer."""

    __tablename__ = "ledger_address"
    __table_args__ = (Index("ledger_address_customer", "customer"),)

    address: str = Field(sa_column=Column(Text(), primary_key=True))
    customer: str = Field(sa_column=Column(Text(), primary_key=True))


class LedgerInvoice(SQLModel, table=True):
    """A bill, found again by `key` (as it is compared) and `serial` (its last digits)."""

    __tablename__ = "ledger_invoice"
    __table_args__ = (
        Index("ledger_invoice_key", "key"),
        Index("ledger_invoice_serial", "serial"),
        Index("ledger_invoice_customer", "customer", "issued"),
    )

    number: str = Field(sa_column=Column(Text(), primary_key=True))
    key: str = _text()
    serial: str = _text()
    customer: str = _text()
    issued: date | None = _day()
    due: date | None = _day()
    period_start: date | None = _day()
    period_end: date | None = _day()
    status: str = _text()
    currency: str = _text()
    net: str | None = _amount()
    tax: str | None = _amount()
    total: str = _text()


class LedgerLine(SQLModel, table=True):
    """One item of an invoice."""

    __tablename__ = "ledger_line"
    __table_args__ = (Index("ledger_line_key", "key"),)

    invoice: str = Field(sa_column=Column(Text(), primary_key=True))
    position: int = Field(primary_key=True)
    #: the invoice as it is compared; the same in the two tables below
    key: str = _text()
    description: str = _text()
    quantity: str | None = _amount()
    unit_price: str | None = _amount()
    amount: str | None = _amount()
    tax_rate: str | None = _amount()
    period_start: date | None = _day()
    period_end: date | None = _day()


class LedgerPayment(SQLModel, table=True):
    """Money that came in."""

    __tablename__ = "ledger_payment"
    __table_args__ = (Index("ledger_payment_key", "key"), Index("ledger_payment_customer", "customer", "key"))

    id: str = Field(sa_column=Column(Text(), primary_key=True))
    invoice: str = _text()
    key: str = _text()
    customer: str = _text()
    currency: str = _text()
    amount: str = _text()
    received: date | None = _day()
    reference: str = _text()


class LedgerCredit(SQLModel, table=True):
    """A credit note or a refund."""

    __tablename__ = "ledger_credit"
    __table_args__ = (Index("ledger_credit_key", "key"),)

    id: str = Field(sa_column=Column(Text(), primary_key=True))
    kind: str = Field(sa_column=Column(Text(), primary_key=True))
    invoice: str = _text()
    key: str = _text()
    customer: str = _text()
    currency: str = _text()
    amount: str = _text()
    issued: date | None = _day()
    reason: str = _text()


class LedgerImport(SQLModel, table=True):
    """One import: who, when, from what."""

    __tablename__ = "ledger_import"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))
    at: datetime = Field(sa_column=Column(UtcTime(), nullable=False))
    actor: str = _text()
    files: str = _text()
    rows: int = 0
