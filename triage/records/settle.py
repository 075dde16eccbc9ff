"""What a mail leaves open and the records know: "1.234" is one thousand, "$" is the invoice's dollars.

A reading is taken only where exactly one of the readings is an amount of the invoices in question; the finding then
has no alternatives left, and a record says which row settled it.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from triage.records.claim import RecordFinding, money, row_of
from triage.records.ledger import Credit, Invoice, Payment
from triage.understanding.currencies import is_code
from triage.understanding.findings import Disputed, Finding, Money, Where
from triage.understanding.signs import SHARED

#: where customers write of their own matter
OWN_WORDS: Final[frozenset[Where]] = frozenset({"reply", "subject"})
#: an amount on record, the invoice that it belongs to, and what it is
KnownAmount = tuple[Decimal, Invoice, str]


def known_amounts(
    invoice: Invoice, payments: Sequence[Payment] = (), credits: Sequence[Credit] = ()
) -> tuple[KnownAmount, ...]:
    """Every amount that stands in an invoice or moved for it; nothings are left out."""
    number = invoice.number
    named = [
        (invoice.total, f"the total of {number}"),
        (invoice.net, f"the net of {number}"),
        (invoice.tax, f"the tax of {number}"),
    ]
    for line in invoice.lines:
        named += [(value, f"on line {line.position} of {number}") for value in (line.amount, line.unit_price)]
    named += [(payment.amount, f"a payment for {number}") for payment in payments]
    named += [(credit.amount, f"a {credit.kind} for {number}") for credit in credits]
    return tuple((value, invoice, what) for value, what in named if value)


def settle(
    findings: Sequence[Finding], known: Sequence[KnownAmount]
) -> tuple[tuple[Finding, ...], tuple[RecordFinding, ...]]:
    """The findings with what these amounts settle, and what there is to say of each that was settled."""
    settled = [_settled(finding, known) for finding in findings]
    records = [
        RecordFinding(
            kind="amount_settled",
            says=f"“{after.text}” is {money(Decimal(after.value), after.currency or '')}: {what}.",
            invoice=invoice.number,
            evidence=(row_of(invoice),),
        )
        for before, (after, (_, invoice, what)) in zip(findings, settled, strict=True)
        if after != before
    ]
    return tuple(after for after, _ in settled), tuple(dict.fromkeys(records))


def remade(disputed: Disputed | None, before: Sequence[Finding], after: Sequence[Finding]) -> Disputed | None:
    """The contested amount, made again from findings that were settled; as it was where that cannot be told."""
    if disputed is None or list(before) == list(after):
        return disputed
    old, new = [[each for each in findings if each.kind == "amount"] for findings in (before, after)]
    value = _remade(disputed, [Decimal(each.value) for each in old], [Decimal(each.value) for each in new])
    currency, codes = disputed.money.currency, {each.currency for each in new if is_code(each.currency or "")}
    if len(codes) == 1 and (currency is None or codes <= SHARED.get(currency, frozenset())):
        [currency] = codes
    return replace(disputed, money=Money(value=disputed.money.value if value is None else value, currency=currency))


def may_be_in(finding: Finding, currency: str) -> bool:
    """Whether an amount of a mail can be in this currency: named so, by a shared sign, or not at all."""
    named = finding.currency
    return named is None or named == currency or currency in SHARED.get(named, ())


def is_amount(finding: Finding, known: Decimal) -> bool:
    """Whether a mail's amount is this one; people leave cents off."""
    value = Decimal(finding.value)
    without_cents = "." not in finding.value and value > 1
    return value == known or (without_cents and value == known // 1 and not finding.alternatives)


def _settled(finding: Finding, known: Sequence[KnownAmount]) -> tuple[Finding, KnownAmount]:
    """The finding as the one reading that is on record has it; as it was, and any amount, where there is none."""
    nothing = Decimal(), Invoice(number="", currency="", total=Decimal()), ""
    if finding.kind != "amount" or not (finding.alternatives or not is_code(finding.currency or "")):
        return finding, nothing
    readings = {text: Decimal(text) for text in (finding.value, *finding.alternatives)}
    there = {
        text: [each for each in known if each[0] == reading and may_be_in(finding, each[1].currency)]
        for text, reading in readings.items()
    }
    matching = [text for text, amounts in there.items() if amounts]
    if len(matching) != 1:
        return finding, nothing
    [text] = matching
    currencies = {invoice.currency for _, invoice, _ in there[text]}
    currency = currencies.pop() if len(currencies) == 1 else finding.currency
    return replace(finding, value=text, alternatives=(), currency=currency), there[text][0]


def _remade(disputed: Disputed, old: Sequence[Decimal], new: Sequence[Decimal]) -> Decimal | None:
    """The same sum over the settled values as the one that gave the amount before."""
    value = disputed.money.value
    pairs = list(zip(old, new, strict=True))
    if disputed.how == "stated":
        return next((after for before, after in pairs if before == value), None)
    if disputed.how == "difference":
        return next(
            (more[1] - less[1] for more in pairs for less in pairs if more[0] - less[0] == value and more is not less),
            None,
        )
    return sum(new, Decimal()) if sum(old, Decimal()) == value else None
