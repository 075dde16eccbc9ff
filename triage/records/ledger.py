"""The words of this room: invoices, lines, payments and credits as values, and the `Ledger` that they are looked up in.

Nothing here knows whether the records were imported or are read from the site's own database. Amounts are `Decimal`
with an ISO 4217 code, never floats.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol

from triage.errors import TriageError

#: "" where the site's records do not say
Status = Literal["", "draft", "open", "partly_paid", "paid", "cancelled", "written_off"]
#: credit: a credit note or adjustment; refund: money that went back
CreditKind = Literal["credit", "refund"]


class LedgerError(TriageError):
    """The ledger cannot be asked."""


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Whom the site bills."""

    id: str
    name: str = ""
    #: e-mail addresses on record, in lower case
    addresses: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class InvoiceLine:
    """One item of an invoice."""

    invoice: str
    #: 1, 2, 3 … in the order of the invoice
    position: int
    description: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    #: what the line comes to, with or without tax as the invoice has it
    amount: Decimal | None = None
    #: percent
    tax_rate: Decimal | None = None
    period_start: date | None = None
    period_end: date | None = None


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """A bill."""

    #: as the site writes it
    number: str
    #: the customer's id; their address or name where the records have no ids; "" when nothing is known
    customer: str = ""
    customer_name: str = ""
    #: every address on record for this customer, in lower case
    addresses: frozenset[str] = frozenset()
    issued: date | None = None
    due: date | None = None
    period_start: date | None = None
    period_end: date | None = None
    status: Status = ""
    #: ISO 4217
    currency: str
    #: without tax
    net: Decimal | None = None
    tax: Decimal | None = None
    #: what the customer is to pay, tax included
    total: Decimal
    lines: tuple[InvoiceLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Payment:
    """Money that came in; negative where it was drawn back."""

    id: str
    #: "" when it was not applied to an invoice
    invoice: str = ""
    customer: str = ""
    #: ISO 4217; "" = the invoice's
    currency: str = ""
    amount: Decimal
    received: date | None = None
    #: what the bank statement or the processor says
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class Credit:
    """A credit note or a refund; the amount is positive."""

    id: str
    kind: CreditKind = "credit"
    invoice: str = ""
    customer: str = ""
    #: ISO 4217; "" = the invoice's
    currency: str = ""
    amount: Decimal
    issued: date | None = None
    reason: str = ""


class Ledger(Protocol):
    """What can be asked of the records. Every method may raise `LedgerError`."""

    def find(self, number: str) -> Sequence[Invoice]:
        """The invoices with this number, decoration and capitals aside, with their lines; nearly always one or none."""

    def similar(self, number: str) -> Sequence[Invoice]:
        """Invoices that a slip of the pen would turn into this number, without lines; at most a few dozen."""

    def of_address(self, address: str) -> Sequence[Invoice]:
        """The newest invoices of the customer who has this address (lower case), without lines."""

    def of_customer(self, customer: str) -> Sequence[Invoice]:
        """The newest invoices of a customer, without lines."""

    def payments(self, invoice: Invoice) -> Sequence[Payment]:
        """Payments of an invoice, oldest first."""

    def unapplied(self, customer: str) -> Sequence[Payment]:
        """Payments of a customer that no invoice has been given."""

    def credits(self, invoice: Invoice) -> Sequence[Credit]:
        """Credit notes and refunds of an invoice, oldest first."""


# ------------------------------------------------------------------------------------------ numbers as people type them

#: what a letter in a number is mistaken for, and the other way round
_LOOKS_LIKE = {"o": "0", "i": "1", "l": "1", "s": "5", "b": "8", "z": "2", "g": "6", "q": "9"}
_TO_DIGITS = str.maketrans(_LOOKS_LIKE)
#: nobody types longer numbers by hand, and each letter more is more to look up
_LONGEST = 40
#: fewer digits at the end say nothing
_SERIAL_DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class Near:
    """An invoice that a mistyped number may mean."""

    invoice: Invoice
    #: slips between the two numbers: 0 = only decoration or look-alikes differ
    distance: int
    #: the slip, in plain words
    why: str
    #: True when the invoice belongs to who wrote the number
    own: bool


def normalised(number: str) -> str:
    """A number as it is compared: letters and digits only, in lower case.

    >>> normalised("INV-2026/041 ")
    'inv2026041'
    """
    folded = unicodedata.normalize("NFKC", number).casefold()
    return "".join(character for character in folded if character.isalnum())


def serial(number: str) -> str:
    """The last digits of a number without leading zeros, "" where they are too few to tell it by.

    >>> serial("INV-2026/00417"), serial("A-17")
    ('417', '')
    """
    runs = re.findall(r"[0-9]+", number)
    last = runs[-1].lstrip("0") if runs else ""
    return last if len(last) >= _SERIAL_DIGITS else ""


def slips(number: str) -> tuple[str, ...]:
    """Every number that one slip of the pen turns into this one, itself left out; bounded by its length.

    A slip is a digit too many, too few or another one, two neighbours swapped, or a letter for the digit that it looks
    like. Marks stay where they are, so that it serves numbers as written and normalised ones.
    """
    if not _SERIAL_DIGITS < len(number) <= _LONGEST or not any(character.isdigit() for character in number):
        return ()
    found: dict[str, None] = {}
    for at, character in enumerate(number):
        before, after = number[:at], number[at + 1 :]
        if character.isdigit():
            found |= dict.fromkeys(f"{before}{digit}{after}" for digit in "0123456789")
            looks = [letter for letter, digit in _LOOKS_LIKE.items() if digit == character]
            found |= dict.fromkeys(f"{before}{letter}{after}" for letter in looks)
            found |= dict.fromkeys(f"{before}{digit}{number[at:]}" for digit in "0123456789")
            found |= dict.fromkeys(f"{before}{character}{digit}{after}" for digit in "0123456789")
        elif digit := _LOOKS_LIKE.get(character.lower()):
            found[f"{before}{digit}{after}"] = None
        if character.isalnum():
            found[before + after] = None
        if after[:1].isalnum():
            found[f"{before}{after[0]}{character}{after[1:]}"] = None
    found.pop(number, None)
    return tuple(found)


def distance(one: str, other: str, most: int) -> int | None:
    """Slips (insert, drop, change, swap neighbours) between two numbers; None where there are more than `most`."""
    if abs(len(one) - len(other)) > most or max(len(one), len(other)) > _LONGEST:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for at, character in enumerate(one, 1):
        row = [at]
        for to, against in enumerate(other, 1):
            cost = min(last[to] + 1, row[to - 1] + 1, last[to - 1] + (character != against))
            if at > 1 and to > 1 and character == other[to - 2] and one[at - 2] == against:
                cost = min(cost, before[to - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
        before, last = last, row
    return last[-1] if last[-1] <= most else None


def nearest(number: str, candidates: Sequence[Invoice], *, own: Sequence[Invoice] = ()) -> tuple[Near, ...]:
    """What a number that is not in the ledger may mean, likeliest first, at most three.

    `own` are invoices of who wrote it: they are likelier, and two slips are believed of them.
    """
    written = normalised(number)
    found: dict[str, Near] = {}
    for invoices, is_own in ((own, True), (candidates, False)):
        for invoice in invoices:
            near = _near(written, number, invoice, own=is_own)
            if near is not None:
                found.setdefault(invoice.number, near)
    return tuple(sorted(found.values(), key=lambda near: (not near.own, near.distance, near.invoice.number))[:3])


def _near(written: str, number: str, invoice: Invoice, *, own: bool) -> Near | None:
    key = normalised(invoice.number)
    if written.translate(_TO_DIGITS) == key.translate(_TO_DIGITS):
        return Near(invoice=invoice, distance=0, why="a letter stands for the digit that it looks like", own=own)
    if len(written) > _SERIAL_DIGITS:
        # two slips in a short number make another number
        apart = distance(written, key, 2 if own and len(written) > 7 else 1)
        if apart is not None and any(character.isdigit() for character in written):
            slip = "one character is" if apart == 1 else f"{apart} characters are"
            return Near(invoice=invoice, distance=apart, why=f"{slip} mistyped or swapped", own=own)
    if serial(number) and serial(number) == serial(invoice.number):
        why = f"it ends in the same digits, {serial(number)}"
        return Near(invoice=invoice, distance=2, why=why, own=own)
    return None
