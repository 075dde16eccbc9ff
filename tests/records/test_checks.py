"""What the records say about a claim: each kind of finding, its rows, and the verdict."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from triage.records.checks import check, consult
from triage.records.claim import Claim
from triage.records.ledger import Credit, Invoice, InvoiceLine, Payment
from triage.records.rows import Row
from triage.testing import InMemoryLedger
from triage.understanding.findings import Disputed, Finding, Money

ANA = "ana@example.org"


def invoice(number: str = "RE-2026-4471", **values: Any) -> Invoice:
    basis: dict[str, Any] = {
        "customer": "K1",
        "customer_name": "Ana Ltd",
        "addresses": frozenset({ANA}),
        "issued": date(2026, 3, 1),
        "status": "open",
        "currency": "EUR",
        "total": Decimal("121.00"),
    }
    return Invoice(number=number, **(basis | values))


def line(position: int, amount: str, **values: Any) -> InvoiceLine:
    return InvoiceLine(invoice="RE-2026-4471", position=position, amount=Decimal(amount), **values)


def paid(identity: str, amount: str = "121.00", number: str = "RE-2026-4471") -> Payment:
    return Payment(id=identity, invoice=number, customer="K1", amount=Decimal(amount), received=date(2026, 3, 5))


def amount(value: str, currency: str | None = "EUR", **values: Any) -> Finding:
    return Finding(kind="amount", text=value, value=value, currency=currency, **({"role": "disputed"} | values))


def claim(*findings: Finding, number: str = "RE-2026-4471", reason: str = "other", **values: Any) -> Claim:
    named = (Finding(kind="invoice", text=number, value=number),) if number else ()
    return Claim(
        findings=(*named, *findings), reason=reason, **({"sender": ANA, "written": date(2026, 3, 10)} | values)
    )


def kinds(said: Claim, *rows: Row) -> list[str]:
    return [record.kind for record in check(said, InMemoryLedger(*rows))]


def test_an_invoice_on_record_is_told_with_its_row() -> None:
    """Agents see whose it is, over how much and how it stands."""
    [record] = check(claim(), InMemoryLedger(invoice()))
    assert record.kind == "invoice_found"
    assert record.says == "RE-2026-4471 of 2026-03-01 over 121.00 EUR is on record for Ana Ltd, open."
    assert record.evidence[0].fields["total"] == "121.00"


def test_an_unknown_invoice_names_the_nearest_and_why() -> None:
    """A mistyped number is looked into as the sender's own that it is near to."""
    said = consult(claim(number="RE-2026-4417"), InMemoryLedger(invoice()))
    assert [record.kind for record in said.records] == ["invoice_unknown", "invoice_found"]
    assert "RE-2026-4471" in said.records[0].says
    assert "swapped" in said.records[0].says
    assert said.known
    assert not consult(claim(number="XX-99999"), InMemoryLedger(invoice())).known


def test_an_invoice_of_another_customer_says_nothing_for_this_one() -> None:
    """Two payments of somebody else's invoice do not support a stranger's claim."""
    other = invoice("AB-77001", customer="K2", addresses=frozenset({"bob@firm.example"}))
    said = consult(
        claim(number="AB-77001", reason="duplicate_charge"),
        InMemoryLedger(invoice(), other, paid("1", number="AB-77001"), paid("2", number="AB-77001")),
    )
    assert {"other_customer", "charged_twice"} <= {record.kind for record in said.records}
    assert said.verdict == "open"


def test_a_colleague_writes_for_the_same_customer_but_not_from_a_public_provider() -> None:
    """accounts@firm and bob@firm are one; two people at gmail.com are not."""
    firm = invoice(addresses=frozenset({"accounts@firm.example"}))
    assert kinds(claim(sender="bob@firm.example"), firm) == ["invoice_found"]
    private = invoice(addresses=frozenset({"ana@gmail.com"}))
    assert kinds(claim(sender="bob@gmail.com"), private) == ["invoice_found", "sender_not_on_record"]


@pytest.mark.parametrize(
    ("finding", "kind"),
    [
        (amount("121.00"), "amount_agrees"),
        (amount("121"), "amount_agrees"),
        (amount("21.00"), "amount_agrees"),
        (amount("150.00"), "amount_differs"),
        (amount("80.00", role="billed"), "amount_differs"),
        (amount("121.00", "USD"), "currency_differs"),
        (amount("121.00", "$"), "currency_differs"),
        (amount("121.00", None), "amount_agrees"),
    ],
)
def test_amounts_of_the_mail_are_compared_with_every_row(finding: Finding, kind: str) -> None:
    """Total, net, tax, lines, payments; a part of the total is no difference, more than it is."""
    assert kinds(claim(finding), invoice(net=Decimal(100), tax=Decimal(21)))[-1] == kind


def test_a_disputed_part_of_the_total_is_no_difference() -> None:
    """EUR 50 of a EUR 121 invoice may be contested."""
    assert kinds(claim(amount("50.00")), invoice()) == ["invoice_found"]


def test_two_payments_for_one_invoice_support_a_double_charge() -> None:
    """With both rows as evidence."""
    ledger = InMemoryLedger(invoice(status="paid"), paid("P1"), paid("P2"))
    said = consult(claim(reason="duplicate_charge"), ledger)
    [twice] = [record for record in said.records if record.kind == "charged_twice"]
    assert [row.id for row in twice.evidence] == ["RE-2026-4471", "P1", "P2"]
    assert said.verdict == "supported"


def test_one_payment_contradicts_a_double_charge_and_none_leaves_it_open() -> None:
    """Absence speaks only where payments are on record."""
    one = consult(claim(reason="duplicate_charge"), InMemoryLedger(invoice(status="paid"), paid("P1")))
    assert one.verdict == "contradicted"
    assert consult(claim(reason="duplicate_charge"), InMemoryLedger(invoice())).verdict == "open"


def test_instalments_are_no_double_charge() -> None:
    """Two equal payments that come to the total are two halves."""
    rows = kinds(claim(), invoice(status="paid"), paid("1", "60.50"), paid("2", "60.50"))
    assert rows == ["invoice_found"]


def test_a_refunded_second_payment_is_settled() -> None:
    """What went back is not charged twice any more."""
    refund = Credit(id="C1", kind="refund", invoice="RE-2026-4471", amount=Decimal(121))
    assert "charged_twice" not in kinds(claim(), invoice(status="paid"), paid("1"), paid("2"), refund)


@pytest.mark.parametrize(
    ("values", "twice"),
    [
        ({"issued": date(2026, 3, 2)}, True),
        ({"issued": date(2026, 4, 1)}, False),
        ({"issued": date(2026, 3, 2), "total": Decimal(120)}, False),
        ({"issued": date(2026, 3, 2), "currency": "USD"}, False),
        ({"issued": date(2026, 3, 2), "status": "cancelled"}, False),
        ({"issued": date(2026, 3, 2), "customer": "K2"}, False),
    ],
)
def test_a_second_invoice_of_the_same_run_is_a_double_charge(values: dict[str, Any], twice: bool) -> None:
    """Same customer, amount and time; next month's is a subscription."""
    assert ("charged_twice" in kinds(claim(), invoice(), invoice("RE-2026-4480", **values))) == twice


def test_the_period_tells_two_charges_of_one_time_from_two_times() -> None:
    """Invoices of one day for two months are two charges; of two days for one month they are one."""
    march = {"period_start": date(2026, 3, 1), "period_end": date(2026, 3, 31)}
    april = {"period_start": date(2026, 4, 1), "period_end": date(2026, 4, 30)}
    assert "charged_twice" not in kinds(claim(), invoice(**march), invoice("RE-2026-4480", **april))
    late = invoice("RE-2026-4480", **march, issued=date(2026, 3, 20))
    assert "charged_twice" in kinds(claim(), invoice(**march), late)


def test_the_same_line_twice_is_a_double_charge() -> None:
    """Capitals and spaces aside; two seats at two prices are not."""
    lines = [line(1, "60.50", description="Support fee"), line(2, "60.50", description="support  FEE")]
    assert "charged_twice" in kinds(claim(), invoice(), *lines)
    lines[1] = replace(lines[1], period_start=date(2026, 4, 1))
    assert "charged_twice" not in kinds(claim(), invoice(), *lines)


def test_paid_but_open_supports_a_payment_that_was_not_applied() -> None:
    """By its own payment, or by one that no invoice was given."""
    for payment in (paid("P1"), paid("P1", number="")):
        said = consult(claim(reason="payment_not_applied"), InMemoryLedger(invoice(), payment))
        assert "paid_but_open" in [record.kind for record in said.records]
        assert said.verdict == "supported"
    assert "no_payment" in kinds(claim(reason="payment_not_applied"), invoice())


def test_a_refund_that_went_out_contradicts_one_that_is_missed_but_a_credit_note_does_not() -> None:
    """A credit note is no money yet; half of it is not all of it."""
    disputed = Disputed(money=Money(value=Decimal(40), currency="EUR"), how="stated")
    for kind, value, verdict in (("refund", 40, "contradicted"), ("refund", 20, "open"), ("credit", 40, "open")):
        credit = Credit(id="C1", kind=kind, invoice="RE-2026-4471", amount=Decimal(value))  # type: ignore[arg-type]
        said = consult(claim(reason="refund_not_received", disputed=disputed), InMemoryLedger(invoice(), credit))
        assert said.verdict == verdict


def test_a_cancelled_invoice_whose_money_was_kept_supports_the_claim() -> None:
    """Cancelled, paid, not sent back."""
    said = consult(claim(reason="charged_after_cancellation"), InMemoryLedger(invoice(status="cancelled"), paid("1")))
    assert said.verdict == "supported"


def test_a_mail_without_a_number_is_matched_by_the_senders_amounts() -> None:
    """Only the sender's own, only lately, only where few fit."""
    said = consult(claim(amount("121.00"), number=""), InMemoryLedger(invoice()))
    assert [record.kind for record in said.records][:2] == ["invoice_by_amount", "invoice_found"]
    assert not consult(claim(amount("121.00"), number="", sender="x@y.example"), InMemoryLedger(invoice())).known
    old = invoice(issued=date(2024, 1, 1))
    assert not consult(claim(amount("121.00"), number=""), InMemoryLedger(old)).known


def test_an_open_amount_is_settled_by_the_one_reading_on_record() -> None:
    """1.234 is one thousand here, and the record says why; the contested amount follows."""
    unclear = amount("1.234", None, alternatives=("1234",))
    disputed = Disputed(money=Money(value=Decimal("1.234")), how="stated")
    said = consult(claim(unclear, disputed=disputed), InMemoryLedger(invoice(total=Decimal(1234))))
    [finding] = [each for each in said.findings if each.kind == "amount"]
    assert (finding.value, finding.alternatives, finding.currency) == ("1234", (), "EUR")
    assert said.disputed is not None
    assert said.disputed.money == Money(value=Decimal(1234), currency="EUR")
    [settled] = [record for record in said.records if record.kind == "amount_settled"]
    assert "1234.00 EUR: the total of RE-2026-4471" in settled.says


def test_an_amount_stays_open_where_the_records_know_none_or_both_readings() -> None:
    """Nothing is guessed."""
    unclear = amount("1.234", alternatives=("1234",))
    for rows in ([invoice()], [invoice(total=Decimal(1234)), line(1, "1.234")]):
        assert consult(claim(unclear), InMemoryLedger(*rows)).findings[-1] == unclear


def test_a_shared_sign_is_the_invoices_currency_where_that_is_one_of_its_own() -> None:
    """A dollar sign is Canadian for a Canadian invoice; it is never the euro."""
    said = consult(claim(amount("121.00", "$")), InMemoryLedger(invoice(currency="CAD")))
    assert said.findings[-1].currency == "CAD"
    assert consult(claim(amount("121.00", "$")), InMemoryLedger(invoice())).findings[-1].currency == "$"


def test_an_order_number_that_is_the_senders_invoice_is_that_invoice() -> None:
    """People call their invoice an order or an account; somebody else's stays what the mail calls it."""
    for kind in ("order", "account", "customer"):
        called = Finding(kind=kind, text="re 2026/4471", value="re 2026/4471")  # type: ignore[arg-type]
        said = consult(claim(called, number=""), InMemoryLedger(invoice()))
        assert [each.kind for each in said.findings] == ["invoice"]
        assert said.known
        assert not consult(claim(called, number="", sender="bob@x.example"), InMemoryLedger(invoice())).known


@pytest.mark.parametrize(
    ("reason", "contested"),
    [
        ("duplicate_charge", "121.00"),
        ("unrecognized_charge", "121.00"),
        ("charged_after_cancellation", "121.00"),
        ("payment_not_applied", "121.00"),
        ("wrong_amount", None),
        ("unexpected_fee", None),
    ],
)
def test_an_invoice_that_is_contested_whole_says_the_sum_that_the_mail_does_not(
    reason: str, contested: str | None
) -> None:
    """ "RE-2026-4471 was charged twice": its total; where a part may be meant nothing is guessed."""
    disputed = consult(claim(reason=reason), InMemoryLedger(invoice())).disputed
    assert (disputed and (str(disputed.money.value), disputed.money.currency, disputed.how)) == (
        contested and (contested, "EUR", "records")
    )


def test_the_records_give_no_sum_where_the_mail_has_one_or_the_invoice_is_anothers() -> None:
    """What the customer says comes first, and a stranger's invoice is no measure; two invoices are added."""
    own, other = invoice(), invoice("AB-77001", customer="K2", addresses=frozenset({"bob@firm.example"}))
    reason = "duplicate_charge"
    assert consult(claim(amount("40.00", role="paid"), reason=reason), InMemoryLedger(own)).disputed is None
    assert consult(claim(number="AB-77001", reason=reason), InMemoryLedger(own, other)).disputed is None
    assert consult(claim(number="XX-99", reason=reason), InMemoryLedger(own)).disputed is None
    second = Finding(kind="invoice", text="RE-2026-4480", value="RE-2026-4480")
    both = consult(claim(second, reason=reason), InMemoryLedger(own, invoice("RE-2026-4480", total=Decimal(30))))
    assert both.disputed is not None
    assert both.disputed.money == Money(value=Decimal("151.00"), currency="EUR")


@pytest.mark.parametrize(
    ("amounts", "differs"), [(["100.00", "21.00", "121.00"], False), (["130.00", "20.00", "150.00"], True), ([], False)]
)
def test_an_attached_invoice_is_compared_with_ours(amounts: list[str], differs: bool) -> None:
    """A PDF with our number and another total was not made by us, or was changed since: agents are told."""
    place: dict[str, Any] = {"where": "attachment", "attachment": "Rechnung.pdf"}
    found = [amount(value, role="billed", **place) for value in amounts]
    number = Finding(kind="invoice", text="RE-2026-4471", value="RE-2026-4471", **place)
    said = check(claim(number, *found, number=""), InMemoryLedger(invoice()))
    told = [record.says for record in said if record.kind == "amount_differs"]
    assert bool(told) == differs
    if differs:
        assert "Rechnung.pdf" in told[0]
        assert "150.00 EUR" in told[0]


# ------------------------------------------------------------------------------------------------- does it add up?


@pytest.mark.parametrize(
    ("values", "lines", "found"),
    [
        ({"net": Decimal(100), "tax": Decimal(21)}, [], []),
        ({"net": Decimal(100), "tax": Decimal(20)}, [], ["arithmetic_error"]),
        ({"net": Decimal(100)}, [line(1, "60"), line(2, "40")], []),
        ({"net": Decimal(100)}, [line(1, "60"), line(2, "50")], ["arithmetic_error"]),
        ({}, [line(1, "60"), line(2, "61")], []),
        ({}, [line(1, "100", tax_rate=Decimal(21))], []),
        ({"tax": Decimal(21)}, [line(1, "100", tax_rate=Decimal(21))], []),
        ({"tax": Decimal(21)}, [line(1, "121", tax_rate=Decimal(21))], []),
        ({"tax": Decimal(21)}, [line(1, "100", tax_rate=Decimal(10))], ["tax_error"]),
        ({}, [line(1, "121", quantity=Decimal(3), unit_price=Decimal("40.3333"))], []),
        ({}, [line(1, "121", quantity=Decimal(2), unit_price=Decimal(50))], ["arithmetic_error"]),
        ({}, [line(1, "121", quantity=Decimal(1), unit_price=Decimal(100), tax_rate=Decimal(21))], []),
    ],
)  # fmt: skip
def test_an_invoice_adds_up_in_any_usual_way_or_is_told(
    values: dict[str, Any], lines: list[InvoiceLine], found: list[str]
) -> None:
    """Prices with or without tax, rounding by line: an error is what none of these explains."""
    assert kinds(claim(), invoice(**values), *lines)[1:] == found
