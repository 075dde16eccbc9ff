"""Records in the walk of a mail: on the case, for the rules, and never in a letter."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from furnished import TwinHouse, World, mail

from triage.mail.message import parse
from triage.records.checks import check
from triage.records.claim import Claim
from triage.records.ledger import Invoice, LedgerError, Payment
from triage.testing import InMemoryLedger
from triage.understanding.extract import Extractor
from triage.understanding.rules import load_patterns

RULES = Path(__file__).parents[2] / "rules"

INVOICE = Invoice(
    number="INV-100",
    customer="K-77123",
    customer_name="Anastasia Verylongname",
    addresses=frozenset({"ana@example.org", "hidden@example.org"}),
    issued=date(2026, 11, 2),
    status="paid",
    currency="EUR",
    total=Decimal("8765.43"),
)
PAYMENTS = [Payment(id=f"P-5550{at}", invoice="INV-100", amount=Decimal("8765.43")) for at in (1, 2)]


class CheckedHouse(TwinHouse):
    """A house with a [ledger] section and a ledger in memory."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.settings = self.settings.model_copy(update={"ledger": object()})
        self.ledger = InMemoryLedger(INVOICE, *PAYMENTS)


@pytest.fixture
def checked(world: World) -> Iterator[CheckedHouse]:
    with CheckedHouse(world) as house:
        yield house


def complain(house: TwinHouse) -> None:
    house.world.mailboxes["support"].put(mail(), arrived=house.now())
    house.settle()


def test_what_the_records_say_stands_in_the_case(checked: CheckedHouse) -> None:
    """With the verdict and the rows."""
    complain(checked)
    records = checked.desk.case.record["records"]
    assert records["verdict"] == "supported"
    assert "charged_twice" in {finding["kind"] for finding in records["findings"]}


def test_a_letter_never_tells_what_the_records_hold(checked: CheckedHouse) -> None:
    """Not an amount, a name, an address or a number that the customer did not write; letter by letter the same."""
    complain(checked)
    [delivery] = [each for each in checked.world.relay.deliveries if "ana@example.org" in each.recipients]
    letter = message_from_bytes(delivery.content)
    bodies = [part.get_payload(decode=True) for part in letter.walk() if not part.is_multipart()]
    text = "\n".join([*map(str, letter.values()), *(body.decode() for body in bodies if isinstance(body, bytes))])
    assert "INV-100" in text
    for secret in ("8765", "Verylongname", "K-77123", "hidden@", "P-5550", "paid", "2 November"):
        assert secret not in text


def test_a_case_whose_mail_names_no_sum_has_that_of_the_invoice(checked: CheckedHouse) -> None:
    """Queues and rules go by what is at stake; it is told as what the records say."""
    complain(checked)
    assert checked.desk.case.record["dispute"]["disputed_amount"] == {
        "value": "8765.43",
        "currency": "EUR",
        "how": "records",
    }


def test_an_attached_invoice_feeds_the_findings_and_is_compared_with_ours() -> None:
    """Its number and its total, with the name of the file; that it is not the total on record is told."""
    sent = message_from_bytes(mail(), policy=default)
    sent.add_attachment("Invoice INV-100\nNet 800.00 EUR\nTotal 952.00 EUR\n", filename="from-you.txt")
    findings = Extractor(load_patterns(RULES)).findings(parse(sent.as_bytes()), "en")
    attached = [each for each in findings if each.where == "attachment"]
    assert {(each.kind, each.value) for each in attached} >= {("invoice", "INV-100"), ("amount", "952.00")}
    assert {each.attachment for each in attached} == {"from-you.txt"}
    claim = Claim(findings=findings, reason="wrong_amount", sender="ana@example.org")
    [differs] = [each for each in check(claim, InMemoryLedger(INVOICE)) if each.kind == "amount_differs"]
    assert "from-you.txt names INV-100" in differs.says
    assert "952.00 EUR" in differs.says


def test_no_ledger_no_records(house: TwinHouse) -> None:
    """Nothing is asked where there is no [ledger] section."""
    complain(house)
    assert house.desk.case.record["records"] is None


def test_a_ledger_that_does_not_answer_holds_up_no_mail_and_calls_a_person(checked: CheckedHouse) -> None:
    """The case opens and is acknowledged; the alarm is cleared when the ledger answers again."""
    checked.ledger.failure = LedgerError("the database is away")
    complain(checked)
    assert checked.desk.case.record["records"]["error"] == "the database is away"
    assert checked.desk.alarms == {"ledger": 1}
    assert checked.world.reached("ana@example.org") == 1
    checked.ledger.failure = None
    another = mail("I was charged for INV-200.", message_id="<2@example.org>", sender="bob@example.org")
    checked.world.mailboxes["support"].put(another, arrived=checked.now())
    checked.settle()
    assert checked.desk.alarms == {}
