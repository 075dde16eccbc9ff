"""Which invoices a mail means, and everything on record that belongs to each of them.

By the numbers that it names; by a number that is a slip of one of the sender's own; by an amount that one of the
sender's own invoices comes to. How each was found, and whose it is, is on the record.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

from triage.records.claim import Claim, RecordFinding, money, row_of
from triage.records.ledger import Credit, Invoice, Ledger, Near, Payment, nearest, normalised
from triage.records.settle import KnownAmount, is_amount, known_amounts, may_be_in
from triage.understanding.findings import Finding

#: invoices of one mail that are looked at; more is a list, not a claim
_MOST_INVOICES: Final = 10
#: so many invoices of one amount do not tell which one is meant
_MOST_BY_AMOUNT: Final = 3
#: a claim without a number is about an invoice of about the last year
_LOOK_BACK: Final = timedelta(days=400)
_MOST_RECENT: Final = 50
#: domains that say nothing about who somebody works for
_PUBLIC: Final = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com hotmail.es hotmail.fr live.com msn.com yahoo.com yahoo.es "  # noqa: SIM905
    "yahoo.fr yahoo.de yahoo.co.uk yahoo.com.br icloud.com me.com mac.com aol.com proton.me protonmail.com gmx.de "
    "gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.com orange.fr wanadoo.fr free.fr sfr.fr laposte.net "
    "telefonica.net sapo.pt uol.com.br bol.com.br terra.com.br zoho.com yandex.com fastmail.com btinternet.com".split()
)
#: kinds of number that people mix up with invoices
_NUMBERS: Final = frozenset({"order", "customer", "account"})
Owner = Literal["sender", "another", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Matter:
    """An invoice that the mail means, with everything on record that belongs to it."""

    invoice: Invoice
    payments: tuple[Payment, ...]
    credits: tuple[Credit, ...]
    #: other invoices of the same customer
    siblings: tuple[Invoice, ...]
    unapplied: tuple[Payment, ...]
    owner: Owner

    @property
    def amounts(self) -> tuple[KnownAmount, ...]:
        """Every amount that stands in the invoice or moved for it."""
        return known_amounts(self.invoice, self.payments, self.credits)

    @property
    def paid(self) -> Decimal:
        """What came in, less what was drawn back or refunded; in the invoice's currency, as the two below."""
        return _sum(self.invoice, self.payments) - self.refunded

    @property
    def refunded(self) -> Decimal:
        """What went back."""
        return _sum(self.invoice, [credit for credit in self.credits if credit.kind == "refund"])

    @property
    def owed(self) -> Decimal:
        """What the invoice comes to after credit notes."""
        return self.invoice.total - _sum(self.invoice, [credit for credit in self.credits if credit.kind == "credit"])


def _sum(invoice: Invoice, moved: Sequence[Payment | Credit]) -> Decimal:
    return sum((each.amount for each in moved if each.currency == invoice.currency), Decimal())


class Meant:
    """The invoices that a claim means, and what there is to say about how they were found."""

    def __init__(self, claim: Claim, ledger: Ledger) -> None:
        self._ledger = ledger
        #: the sender's own invoices, newest first, and those of them that a claim without a number may mean
        self.own = tuple(ledger.of_address(claim.sender)) if claim.sender else ()
        #: the claim, with the sender's own invoices known as invoices whatever the mail calls them
        self.claim = replace(claim, findings=_as_invoices(claim.findings, self.own))
        self.recent = tuple(invoice for invoice in self.own if _recent(invoice, claim.written))[:_MOST_RECENT]
        self.records: list[RecordFinding] = []
        self.matters: list[Matter] = []
        numbers = {normalised(each.value): each.value for each in self.claim.findings if each.kind == "invoice"}
        for number in list(numbers.values())[:_MOST_INVOICES]:
            self._by_number(number)
        if not self.matters:
            self._by_amount()

    def _by_number(self, number: str) -> None:
        found = self._ledger.find(number)
        for invoice in found:
            self._take(invoice)
        if found:
            return
        near = nearest(number, self._ledger.similar(number), own=self.own)
        likely = [each for each in near if each.own]
        self.records.append(_unknown(number, near))
        if len(likely) == 1:
            for invoice in self._ledger.find(likely[0].invoice.number):
                self._take(invoice)

    def _by_amount(self) -> None:
        """The sender names no invoice that we have, but an amount that one of theirs comes to."""
        amounts = [each for each in self.claim.findings if each.kind == "amount" and each.where in ("reply", "subject")]
        meant = [
            invoice
            for invoice in self.recent
            if any(is_amount(each, invoice.total) and may_be_in(each, invoice.currency) for each in amounts)
        ]
        if not 0 < len(meant) <= _MOST_BY_AMOUNT:
            return
        for invoice in meant:
            says = f"{invoice.number}, this sender’s, comes to {money(invoice.total, invoice.currency)} as in the mail."
            self.records.append(
                RecordFinding(kind="invoice_by_amount", says=says, invoice=invoice.number, evidence=(row_of(invoice),))
            )
            for found in self._ledger.find(invoice.number):
                self._take(found)

    def _take(self, invoice: Invoice) -> None:
        if any(matter.invoice.number == invoice.number for matter in self.matters):
            return
        ledger, own = self._ledger, _owner(invoice, self.claim.sender, self.own)
        siblings = ledger.of_customer(invoice.customer) if invoice.customer else ()
        matter = Matter(
            invoice=invoice,
            payments=tuple(_in(invoice, each) for each in ledger.payments(invoice)),
            credits=tuple(
                replace(each, currency=each.currency or invoice.currency) for each in ledger.credits(invoice)
            ),
            siblings=tuple(sibling for sibling in siblings if sibling.number != invoice.number),
            unapplied=tuple(_in(invoice, each) for each in ledger.unapplied(invoice.customer))
            if invoice.customer
            else (),
            owner=own,
        )
        self.matters.append(matter)
        self.records += _whose(matter, self.claim.sender)


def _as_invoices(findings: Sequence[Finding], own: Sequence[Invoice]) -> tuple[Finding, ...]:
    """An "order number" or "account" that is one of the sender's invoices is that invoice."""
    numbers = {normalised(invoice.number) for invoice in own}
    return tuple(
        replace(each, kind="invoice") if each.kind in _NUMBERS and normalised(each.value) in numbers else each
        for each in findings
    )


def _in(invoice: Invoice, payment: Payment) -> Payment:
    return replace(payment, currency=payment.currency or invoice.currency)


def _recent(invoice: Invoice, latest: date | None) -> bool:
    return not latest or not invoice.issued or latest - _LOOK_BACK <= invoice.issued <= latest + timedelta(days=1)


def _owner(invoice: Invoice, sender: str, own: Sequence[Invoice]) -> Owner:
    if sender in invoice.addresses or any(each.number == invoice.number for each in own):
        return "sender"
    domain = sender.rpartition("@")[2]
    colleagues = {address.rpartition("@")[2] for address in invoice.addresses} - _PUBLIC
    if domain in colleagues:
        return "sender"
    return "another" if own else "unknown"


def _unknown(number: str, near: Sequence[Near]) -> RecordFinding:
    alike = "; ".join(
        f"{each.invoice.number}{', this sender’s,' if each.own else ''} is near ({each.why})" for each in near
    )
    return RecordFinding(
        kind="invoice_unknown",
        says=f"No invoice {number} is on record{f'; {alike}' if alike else ''}.",
        invoice=number,
        evidence=tuple(row_of(each.invoice) for each in near),
    )


def _whose(matter: Matter, sender: str) -> Iterator[RecordFinding]:
    invoice = matter.invoice
    whose = invoice.customer_name or invoice.customer or "no customer"
    dated = f" of {invoice.issued}" if invoice.issued else ""
    status = f", {invoice.status.replace('_', ' ')}" if invoice.status else ""
    yield RecordFinding(
        kind="invoice_found",
        says=f"{invoice.number}{dated} over {money(invoice.total, invoice.currency)} is on record for {whose}{status}.",
        invoice=invoice.number,
        evidence=(row_of(invoice),),
    )
    if matter.owner == "another":
        yield RecordFinding(
            kind="other_customer",
            says=f"{invoice.number} is {whose}’s; {sender} is on record for another customer.",
            invoice=invoice.number,
            evidence=(row_of(invoice),),
        )
    elif matter.owner == "unknown" and invoice.addresses:
        yield RecordFinding(
            kind="sender_not_on_record",
            says=f"{sender or 'The sender'} is not among the addresses on record for {whose}.",
            invoice=invoice.number,
            evidence=(row_of(invoice),),
        )
