"""A claim against the records: what each invoice that the mail means says for it or against it.

`check` gives the single findings, each with its rows; `consult` also settles what the mail leaves open and comes to a
verdict. Everything is asked of the `Ledger` that is handed in.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from triage.records.arithmetic import arithmetic, twin_lines
from triage.records.claim import Claim, Consulted, RecordFinding, RecordKind, money, row_of, stance_of, verdict_of
from triage.records.ledger import Credit, Invoice, InvoiceLine, Ledger, Payment, normalised
from triage.records.matters import Matter, Meant
from triage.records.settle import OWN_WORDS, is_amount, known_amounts, may_be_in, remade, settle
from triage.understanding.findings import Disputed, Money

#: reasons that contest an invoice from its first cent to its last
_WHOLE: Final = frozenset(
    {"duplicate_charge", "unrecognized_charge", "charged_after_cancellation", "payment_not_applied"}
)
#: two invoices with one amount and no period are one charge twice when they were made within this time
_SAME_RUN: Final = timedelta(days=3)


def consult(claim: Claim, ledger: Ledger) -> Consulted:
    """What the records say about a claim. Raises LedgerError where they cannot be asked."""
    meant = Meant(claim, ledger)
    claim = meant.claim
    known = [
        each for matter in meant.matters for each in known_amounts(matter.invoice, matter.payments, matter.credits)
    ]
    known = known or [each for invoice in meant.recent for each in known_amounts(invoice)]
    findings, settled = settle(claim.findings, known)
    disputed = remade(claim.disputed, claim.findings, findings) or _by_records(claim, meant.matters)
    records = (*meant.records, *settled, *_said(replace(claim, findings=findings, disputed=disputed), meant.matters))
    return Consulted(
        verdict=verdict_of(records),
        known=bool(meant.matters),
        records=records,
        findings=findings,
        disputed=disputed,
    )


def _by_records(claim: Claim, matters: Sequence[Matter]) -> Disputed | None:
    """What is contested where the mail names no sum: all of the invoices that it names, where its reason means all."""
    own = [each for each in claim.findings if each.where in OWN_WORDS]
    named = {normalised(each.value) for each in own if each.kind == "invoice"}
    meant = [
        matter.invoice for matter in matters if normalised(matter.invoice.number) in named and matter.owner != "another"
    ]
    if claim.reason not in _WHOLE or any(each.kind == "amount" for each in own) or len(meant) != len(named):
        return None
    if not meant or len({invoice.currency for invoice in meant}) > 1:
        return None
    total = sum((invoice.total for invoice in meant), Decimal())
    return Disputed(money=Money(value=total, currency=meant[0].currency), how="records")


def check(claim: Claim, ledger: Ledger) -> tuple[RecordFinding, ...]:
    """Everything that the records say about a claim, each with its rows. Raises LedgerError."""
    return consult(claim, ledger).records


def _said(claim: Claim, matters: Sequence[Matter]) -> Iterator[RecordFinding]:
    yield from _amounts(claim, matters)
    yield from _attached(claim, matters)
    for at, matter in enumerate(matters):
        before = {earlier.invoice.number for earlier in matters[:at]}
        twice = [*_twice(matter, before)]
        found = [*arithmetic(matter.invoice), *twice, *_posting(claim, matter), *_given_back(claim, matter)]
        if not twice:
            found += _once(claim, matter)
        for record in found:
            # what is on record about somebody else's invoice says nothing for this sender
            yield record if matter.owner == "another" else replace(record, stance=stance_of(record.kind, claim.reason))


def _amounts(claim: Claim, matters: Sequence[Matter]) -> Iterator[RecordFinding]:
    """Amounts that the mail gives as billed or disputed, against everything that the invoices come to."""
    if not matters:
        return
    explained = [*_explained(matters)]
    first, rows = matters[0].invoice, tuple(row_of(matter.invoice) for matter in matters)
    names = " and ".join(matter.invoice.number for matter in matters)
    together = sum((matter.invoice.total for matter in matters), Decimal())
    spoken: set[Decimal] = set()
    for amount in claim.findings:
        if amount.kind != "amount" or amount.role not in ("billed", "disputed") or amount.where not in OWN_WORDS:
            continue
        value = Decimal(amount.value)
        if amount.alternatives or value in spoken:
            continue
        spoken.add(value)
        shown = money(value, amount.currency or "")
        if not any(may_be_in(amount, matter.invoice.currency) for matter in matters):
            says = f"The mail speaks of {shown}, but {names} is in {first.currency}."
            yield RecordFinding(kind="currency_differs", says=says, invoice=first.number, evidence=rows)
        elif what := next((what for known, what in explained if is_amount(amount, known)), ""):
            says = f"{shown} is {what}."
            yield RecordFinding(kind="amount_agrees", says=says, invoice=first.number, evidence=rows)
        elif amount.role == "billed" or value > together:
            says = f"The mail speaks of {shown}; {names} comes to {money(together, first.currency)}."
            yield RecordFinding(kind="amount_differs", says=says, invoice=first.number, evidence=rows)


def _attached(claim: Claim, matters: Sequence[Matter]) -> Iterator[RecordFinding]:
    """A file that names an invoice of ours and has other amounts in it than the invoice comes to."""
    for name in dict.fromkeys(each.attachment for each in claim.findings if each.where == "attachment"):
        found = [each for each in claim.findings if each.attachment == name]
        numbers = {normalised(each.value) for each in found if each.kind == "invoice"}
        amounts = [each for each in found if each.kind == "amount" and not each.alternatives]
        named = [matter.invoice for matter in matters if normalised(matter.invoice.number) in numbers]
        if len(named) != 1 or not amounts:
            continue
        [invoice] = named
        if any(is_amount(each, invoice.total) and may_be_in(each, invoice.currency) for each in amounts):
            continue
        largest = max(amounts, key=lambda each: Decimal(each.value))
        says = f"{name} names {invoice.number}, but not what it comes to, {money(invoice.total, invoice.currency)}; "
        says += f"its largest amount is {money(Decimal(largest.value), largest.currency or '')}."
        yield RecordFinding(kind="amount_differs", says=says, invoice=invoice.number, evidence=(row_of(invoice),))


def _explained(matters: Sequence[Matter]) -> Iterator[tuple[Decimal, str]]:
    """Every amount that the records know of these invoices, and what it is."""
    for matter in matters:
        invoice = matter.invoice
        yield invoice.total, f"the total of {invoice.number}"
        for value, _, what in matter.amounts:
            yield value, what
        yield matter.owed - matter.paid, f"what is open of {invoice.number}"
        yield 2 * invoice.total, f"twice the total of {invoice.number}"
    yield sum((matter.invoice.total for matter in matters), Decimal()), "the sum of the invoices"


def _twice(matter: Matter, before: Set[str]) -> Iterator[RecordFinding]:
    """More than one charge for one thing; `before` are invoices that have been told already."""
    invoice = matter.invoice
    received = [payment for payment in matter.payments if payment.amount > 0 and payment.currency == invoice.currency]
    equal = [one for one in received if sum(other.amount == one.amount for other in received) > 1]
    if received and matter.paid > matter.owed >= 0:
        came = f"{len(equal)} payments of {money(equal[0].amount, invoice.currency)}" if equal else "More than was due"
        says = f"{came} came in for {invoice.number}: {money(matter.paid, invoice.currency)} is paid, "
        says += f"{money(matter.owed, invoice.currency)} was due."
        yield _about(matter, "charged_twice" if equal else "overpaid", says, *(equal or received))
    if lines := twin_lines(invoice):
        says = f"Lines {lines[0].position} and {lines[1].position} of {invoice.number} are the same:"
        yield _about(matter, "charged_twice", f"{says} {lines[0].description}.", *lines)
    for twin in matter.siblings:
        if _same_charge(invoice, twin) and twin.number not in before:
            says = f"{twin.number} bills this customer the same: {money(twin.total, twin.currency)}, {_when(twin)}."
            yield _about(matter, "charged_twice", says, twin)


def _about(
    matter: Matter, kind: RecordKind, says: str, *rows: Invoice | InvoiceLine | Payment | Credit
) -> RecordFinding:
    evidence = (row_of(matter.invoice), *map(row_of, rows))
    return RecordFinding(kind=kind, says=says, invoice=matter.invoice.number, evidence=evidence)


def _same_charge(one: Invoice, other: Invoice) -> bool:
    if "cancelled" in (one.status, other.status) or one.total <= 0:
        return False
    if (one.total, one.currency) != (other.total, other.currency):
        return False
    if one.period_start and other.period_start:
        return (one.period_start, one.period_end) == (other.period_start, other.period_end)
    return one.issued is not None and other.issued is not None and abs(one.issued - other.issued) <= _SAME_RUN


def _when(invoice: Invoice) -> str:
    if invoice.period_start:
        return f"for {invoice.period_start} to {invoice.period_end or '…'}"
    return f"of {invoice.issued}"


def _once(claim: Claim, matter: Matter) -> Iterator[RecordFinding]:
    received = [payment for payment in matter.payments if payment.amount > 0]
    if claim.reason == "duplicate_charge" and len(received) == 1:
        says = f"One payment is on record for {matter.invoice.number}, and no other charge like it."
        yield _about(matter, "charged_once", says, *received)


def _posting(claim: Claim, matter: Matter) -> Iterator[RecordFinding]:
    """Money that came in, and an invoice that does not know of it."""
    invoice, left = matter.invoice, matter.owed - matter.paid
    if invoice.status not in ("open", "partly_paid") or invoice.total <= 0:
        return
    waiting = [payment for payment in matter.unapplied if payment.amount in (left, invoice.total)]
    if left <= 0 and matter.payments:
        stands = invoice.status.replace("_", " ")
        says = f"{invoice.number} stands as {stands}, though {money(matter.paid, invoice.currency)} came in for it."
        yield _about(matter, "paid_but_open", says, *matter.payments)
    elif waiting:
        came = money(waiting[0].amount, waiting[0].currency)
        says = f"A payment of {came} by this customer was given to no invoice; {invoice.number} is open."
        yield _about(matter, "paid_but_open", says, *waiting)
    elif claim.reason == "payment_not_applied" and not matter.payments:
        yield _about(matter, "no_payment", f"No payment for {invoice.number} is on record.")


def _given_back(claim: Claim, matter: Matter) -> Iterator[RecordFinding]:
    """Credits and refunds that were issued, and one that was not."""
    invoice = matter.invoice
    if matter.credits:
        given = ", ".join(
            f"a {each.kind} of {money(each.amount, each.currency)}{f' on {each.issued}' if each.issued else ''}"
            for each in matter.credits
        )
        claimed = claim.disputed.money.value if claim.disputed else matter.refunded
        kind: RecordKind = "already_credited" if not matter.refunded else "already_refunded"
        if 0 < matter.refunded < claimed:
            kind = "partly_refunded"
        yield _about(matter, kind, f"For {invoice.number} there is already {given}.", *matter.credits)
    if invoice.status == "cancelled" and matter.paid > 0:
        says = (
            f"{invoice.number} was cancelled, but {money(matter.paid, invoice.currency)} paid for it has not gone back."
        )
        yield _about(matter, "cancelled_but_paid", says, *matter.payments)
