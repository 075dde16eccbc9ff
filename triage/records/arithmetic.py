"""Does an invoice add up? Lines, sums and tax, looked at with nothing but the invoice itself.

Prices may hold the tax or not, and programs round by line or in the end: an error is only what no such way explains.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations

from triage.records.claim import RecordFinding, money, row_of
from triage.records.ledger import Invoice, InvoiceLine

_CENT = Decimal("0.01")
_NONE = Decimal()
#: wrong lines that are told one by one
_MOST = 3


def arithmetic(invoice: Invoice) -> Iterator[RecordFinding]:
    """What does not add up in an invoice, and lines that stand in it twice."""
    yield from _sums(invoice)
    yield from _lines(invoice)
    yield from _tax(invoice)


def _sums(invoice: Invoice) -> Iterator[RecordFinding]:
    net, tax, total = invoice.net, invoice.tax, invoice.total
    if net is not None and tax is not None and abs(net + tax - total) > _CENT:
        yield RecordFinding(
            kind="arithmetic_error",
            says=f"Net {net} and tax {tax} of {invoice.number} come to {net + tax}, its total says {total}.",
            invoice=invoice.number,
            evidence=(row_of(invoice),),
        )
    amounts = _amounts(invoice)
    if amounts and not _adds_up(invoice, sum(amounts, _NONE)):
        yield RecordFinding(
            kind="arithmetic_error",
            says=f"The {len(amounts)} lines of {invoice.number} come to {money(sum(amounts, _NONE), '')}; its net "
            f"is {'not given' if net is None else net} and its total {money(total, invoice.currency)}.",
            invoice=invoice.number,
            evidence=(row_of(invoice), *map(row_of, invoice.lines)),
        )


def _amounts(invoice: Invoice) -> list[Decimal]:
    """What the lines come to; empty where one of them does not say."""
    amounts = [line.amount for line in invoice.lines if line.amount is not None]
    return amounts if len(amounts) == len(invoice.lines) else []


def _adds_up(invoice: Invoice, summed: Decimal) -> bool:
    """Whether the lines come to the net or the total, or to the total once their own tax is added."""
    slack = _CENT * max(1, len(invoice.lines))
    without = [invoice.net, invoice.total, invoice.total - invoice.tax if invoice.tax is not None else None]
    if any(target is not None and abs(target - summed) <= slack for target in without):
        return True
    if invoice.tax is None and all(line.tax_rate is not None for line in invoice.lines):
        return abs(summed + _tax_on_net(invoice.lines) - invoice.total) <= slack
    return False


def _lines(invoice: Invoice) -> Iterator[RecordFinding]:
    wrong = [line for line in invoice.lines if not _line_adds_up(line)]
    for line in wrong[:_MOST]:
        yield RecordFinding(
            kind="arithmetic_error",
            says=f"Line {line.position} of {invoice.number} has {line.quantity} × {line.unit_price}, but comes to "
            f"{line.amount}.",
            invoice=invoice.number,
            evidence=(row_of(line),),
        )


def _line_adds_up(line: InvoiceLine) -> bool:
    if line.quantity is None or line.unit_price is None or line.amount is None:
        return True
    plain = line.quantity * line.unit_price
    rate = 1 + (line.tax_rate or _NONE) / 100
    # a unit price is rounded before it is multiplied
    slack = _CENT + abs(line.quantity) * _CENT / 2
    return any(abs(abs(product) - abs(line.amount)) <= slack for product in (plain, plain * rate, plain / rate))


def _tax(invoice: Invoice) -> Iterator[RecordFinding]:
    lines, amounts = invoice.lines, _amounts(invoice)
    if invoice.tax is None or not amounts or any(line.tax_rate is None for line in lines):
        return
    slack = _CENT * (len(lines) + 1)
    with_tax = abs(sum(amounts, _NONE) - invoice.total) <= slack and invoice.tax != 0
    due = _tax_within(lines) if with_tax else _tax_on_net(lines)
    if abs(due - invoice.tax) > slack:
        yield RecordFinding(
            kind="tax_error",
            says=f"By the rates of its lines the tax of {invoice.number} is {money(due.quantize(_CENT), '')}, the "
            f"invoice says {money(invoice.tax, invoice.currency)}.",
            invoice=invoice.number,
            evidence=(row_of(invoice), *map(row_of, lines)),
        )


def _tax_on_net(lines: Sequence[InvoiceLine]) -> Decimal:
    return sum((amount * rate / 100 for amount, rate in _rated(lines)), _NONE)


def _tax_within(lines: Sequence[InvoiceLine]) -> Decimal:
    return sum((amount * rate / (100 + rate) for amount, rate in _rated(lines)), _NONE)


def _rated(lines: Sequence[InvoiceLine]) -> Iterator[tuple[Decimal, Decimal]]:
    for line in lines:
        yield line.amount or _NONE, line.tax_rate or _NONE


def twin_lines(invoice: Invoice) -> tuple[InvoiceLine, InvoiceLine] | None:
    """Two lines that say the same of the same time; None where there are none."""
    for one, other in combinations(invoice.lines[:200], 2):
        if _says(one) == _says(other) and one.description and (one.amount or one.unit_price or 0) > 0:
            return one, other
    return None


def _says(line: InvoiceLine) -> tuple[object, ...]:
    words = " ".join(unicodedata.normalize("NFKC", line.description).casefold().split())
    return words, line.quantity, line.unit_price, line.amount, line.period_start, line.period_end
