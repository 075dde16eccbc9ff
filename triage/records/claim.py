"""A claim, and what the records say of it: the values that this room takes and gives.

The sentences are plain English for agents. They never reach a customer: letters are written from the mail alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from triage.records.ledger import Credit, Invoice, InvoiceLine, Payment
from triage.understanding.findings import Disputed, Finding

#: stable ids, each with what it says
RecordKind = Literal[
    "invoice_found",
    "invoice_by_amount",
    "invoice_unknown",
    "other_customer",
    "sender_not_on_record",
    "amount_agrees",
    "amount_differs",
    "currency_differs",
    "arithmetic_error",
    "tax_error",
    "charged_twice",
    "charged_once",
    "overpaid",
    "paid_but_open",
    "no_payment",
    "cancelled_but_paid",
    "already_credited",
    "already_refunded",
    "partly_refunded",
    "amount_settled",
]
Stance = Literal["supports", "contradicts", "neutral"]
#: by the ledger: supported = the records say the same, contradicted = the opposite, open = neither or both
LedgerVerdict = Literal["supported", "contradicted", "open"]

#: kind of finding → the reasons (of `understanding.findings.REASONS`) that it speaks for
_SUPPORTS: Final[Mapping[RecordKind, frozenset[str]]] = {
    "arithmetic_error": frozenset({"wrong_amount", "unexpected_fee", "promo_not_applied", "invoice_details_wrong"}),
    "tax_error": frozenset({"wrong_amount", "invoice_details_wrong"}),
    "charged_twice": frozenset({"duplicate_charge", "wrong_amount", "unrecognized_charge"}),
    "overpaid": frozenset({"duplicate_charge", "wrong_amount", "refund_not_received"}),
    "paid_but_open": frozenset({"payment_not_applied", "duplicate_charge"}),
    "cancelled_but_paid": frozenset({"charged_after_cancellation", "refund_not_received", "unrecognized_charge"}),
}
#: and those that it speaks against
_CONTRADICTS: Final[Mapping[RecordKind, frozenset[str]]] = {
    "charged_once": frozenset({"duplicate_charge"}),
    "already_credited": frozenset({"promo_not_applied"}),
    "already_refunded": frozenset({"refund_not_received", "promo_not_applied"}),
}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a mail claims, as far as the records can speak of it."""

    findings: tuple[Finding, ...] = ()
    disputed: Disputed | None = None
    #: the likeliest reason
    reason: str = "other"
    #: the sender's address, in lower case
    sender: str = ""
    #: when the mail came: later invoices cannot be meant
    written: date | None = None


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """A row of the records, as evidence."""

    table: Literal["invoice", "line", "payment", "credit"]
    id: str
    #: what the row says, by name; empty values are left out
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class RecordFinding:
    """One thing that the records say about a claim."""

    kind: RecordKind
    #: one sentence
    says: str
    stance: Stance = "neutral"
    #: the invoice that it is about, as the site writes it; as the mail has it where it is unknown
    invoice: str = ""
    evidence: tuple[LedgerRow, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Consulted:
    """What the records say about one mail."""

    verdict: LedgerVerdict
    #: True when an invoice that the mail names or plainly means is on record
    known: bool
    records: tuple[RecordFinding, ...]
    #: the findings of the mail, with what the records settle
    findings: tuple[Finding, ...]
    disputed: Disputed | None
    #: why the ledger could not be asked; "" when it was
    error: str = ""


def unanswered(findings: tuple[Finding, ...], disputed: Disputed | None, *, error: str) -> Consulted:
    """What is known when the ledger does not answer: nothing."""
    return Consulted(verdict="open", known=False, records=(), findings=findings, disputed=disputed, error=error)


def stance_of(kind: RecordKind, reason: str) -> Stance:
    """Whether a finding speaks for or against a claim with this reason."""
    if reason in _SUPPORTS.get(kind, ()):
        return "supports"
    return "contradicts" if reason in _CONTRADICTS.get(kind, ()) else "neutral"


def verdict_of(records: tuple[RecordFinding, ...]) -> LedgerVerdict:
    """What the findings come to; open where they disagree."""
    stances = {record.stance for record in records} - {"neutral"}
    if stances == {"supports"}:
        return "supported"
    return "contradicted" if stances == {"contradicts"} else "open"


def row_of(value: Invoice | InvoiceLine | Payment | Credit) -> LedgerRow:
    """A value of the ledger as evidence."""
    shown = {name: _shown(content) for name, content in vars(value).items() if name not in ("lines", "addresses", "id")}
    fields = {name: text for name, text in shown.items() if text}
    match value:
        case Invoice():
            return LedgerRow(table="invoice", id=value.number, fields=fields)
        case InvoiceLine():
            return LedgerRow(table="line", id=f"{value.invoice}/{value.position}", fields=fields)
        case Payment():
            return LedgerRow(table="payment", id=value.id, fields=fields)
        case Credit():
            return LedgerRow(table="credit", id=value.id, fields=fields)


def money(value: Decimal, currency: str) -> str:
    """An amount in a sentence: "1234.50 EUR"."""
    cents = value.quantize(Decimal("0.01")) if value == round(value, 2) else value
    return f"{cents} {currency}".strip()


def _shown(content: object) -> str:
    return "" if content is None else str(content)
