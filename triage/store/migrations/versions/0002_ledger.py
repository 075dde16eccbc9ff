"""The imported ledger; what people have said of mails; which mails others answer; logins that were refused.

Letters say what they were composed from. Lines of history in which a follow-up escalated a case have the kind of an
escalation from here on.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: SQLite counts row ids only in a column that is exactly INTEGER
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _amount(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=True)


def _day(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Date(), nullable=True)


def upgrade() -> None:
    """Add the tables, the context of letters, and when mails and cases were forgotten."""
    op.create_table("ledger_customer", _text("id"), _text("name"), sa.PrimaryKeyConstraint("id"))
    op.create_table(
        "ledger_address", _text("address"), _text("customer"), sa.PrimaryKeyConstraint("address", "customer")
    )
    op.create_index("ledger_address_customer", "ledger_address", ["customer"])
    op.create_table(
        "ledger_invoice",
        _text("number"),
        _text("key"),
        _text("serial"),
        _text("customer"),
        _day("issued"),
        _day("due"),
        _day("period_start"),
        _day("period_end"),
        _text("status"),
        _text("currency"),
        _amount("net"),
        _amount("tax"),
        _text("total"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ledger_invoice_key", "ledger_invoice", ["key"])
    op.create_index("ledger_invoice_serial", "ledger_invoice", ["serial"])
    op.create_index("ledger_invoice_customer", "ledger_invoice", ["customer", "issued"])
    op.create_table(
        "ledger_line",
        _text("invoice"),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("key"),
        _text("description"),
        _amount("quantity"),
        _amount("unit_price"),
        _amount("amount"),
        _amount("tax_rate"),
        _day("period_start"),
        _day("period_end"),
        sa.PrimaryKeyConstraint("invoice", "position"),
    )
    op.create_index("ledger_line_key", "ledger_line", ["key"])
    op.create_table(
        "ledger_payment",
        _text("id"),
        _text("invoice"),
        _text("key"),
        _text("customer"),
        _text("currency"),
        _text("amount"),
        _day("received"),
        _text("reference"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ledger_payment_key", "ledger_payment", ["key"])
    op.create_index("ledger_payment_customer", "ledger_payment", ["customer", "key"])
    op.create_table(
        "ledger_credit",
        _text("id"),
        _text("kind"),
        _text("invoice"),
        _text("key"),
        _text("customer"),
        _text("currency"),
        _text("amount"),
        _day("issued"),
        _text("reason"),
        sa.PrimaryKeyConstraint("id", "kind"),
    )
    op.create_index("ledger_credit_key", "ledger_credit", ["key"])
    op.create_table(
        "ledger_import",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _text("actor"),
        _text("files"),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "correction",
        sa.Column("mail_id", ID, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("triples", sa.JSON(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("mail_id"),
    )
    op.create_index("ix_correction_at", "correction", ["at"])
    op.create_table(
        "mail_reference",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("case_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "case_id"),
    )
    op.create_table(
        "login_failure",
        sa.Column("account", sa.String(), nullable=False),
        _text("why"),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_with", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    for table in ("mail", "dispute_case"):
        op.add_column(table, sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("letter", sa.Column("context", sa.JSON(), nullable=True))
    op.execute("UPDATE event SET kind = 'escalated' WHERE kind = 'follow_up' AND text LIKE 'alert (%'")
