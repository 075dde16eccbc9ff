"""What reports may expect of the store: facts of cases and nothing of their mails, on SQLite and on PostgreSQL."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from furnished import MONDAY, HandClock, TwinHouse, World, mail

from triage import on_request
from triage.records.ledger import Credit, Invoice
from triage.report.facts import CaseFact

#: after everything
END = MONDAY + timedelta(days=365)


@pytest.fixture
def site(database_url: str, clock: HandClock) -> Iterator[TwinHouse]:
    """A house whose books are in either database."""
    with TwinHouse(World(url=database_url, clock=clock)) as house:
        yield house


@pytest.fixture
def arrives(site: TwinHouse) -> Callable[..., str]:
    """A mail comes in, and what follows from it; gives the reference of the newest case."""

    def arrive(text: str, number: int, **rest: str) -> str:
        content = mail(text, message_id=f"<{number}@example.org>", sender=f"Ana <ana{number}@example.org>", **rest)
        site.world.mailboxes["support"].put(content, arrived=site.now())
        site.settle()
        return site.desk.cases[-1].line.reference if site.desk.cases else ""

    return arrive


def facts(site: TwinHouse, since: timedelta = timedelta(days=-1), end: timedelta = END - MONDAY) -> list[CaseFact]:
    return list(site.store.statistics.cases(MONDAY + since, MONDAY + end))


def test_a_case_with_all_that_belongs_to_it(site: TwinHouse, arrives: Callable[..., str]) -> None:
    """Opened and acknowledged by itself, resolved, taken up again by the customer, resolved anew."""
    reference = arrives("I was charged 40.00 EUR twice for INV-100.", 1)
    site.world.clock.forward(hours=1)
    cases = site.store.cases
    cases.resolve(reference, "not_upheld", root_cause="misread", actor="kim", now=site.now())
    site.world.clock.forward(days=1)
    mail_of_his = mail("But I was charged all the same.", message_id="<2@x>", answers="<1@example.org>")
    site.world.mailboxes["support"].put(mail_of_his, arrived=site.now())
    site.settle()
    (fact,) = facts(site)
    assert fact.standing(site.now() + timedelta(seconds=1)) == "at_work"
    assert (fact.resolution, fact.root_cause) == ("", "")
    site.world.clock.forward(hours=1)
    cases.resolve(reference, "upheld", root_cause="double run", actor="kim", now=site.now())
    (fact,) = facts(site)
    assert (fact.opened_at, fact.reason, fact.language, fact.mailbox) == (MONDAY, "duplicate_charge", "en", "support")
    assert (fact.amount, fact.currency) == (Decimal("40.00"), "EUR")
    assert (fact.origin, fact.resolution, fact.root_cause) == ("by itself", "upheld", "double run")
    assert [(step.before, step.after) for step in fact.steps] == [
        ("at_work", "resolved"),
        ("resolved", "at_work"),
        ("at_work", "resolved"),
    ]
    assert fact.resolved_by(END) == site.now()
    assert fact.letter is not None
    assert (fact.letter.state, fact.letter.sent_at, fact.letter.touched) == ("sent", MONDAY, False)
    assert {clock.kind: clock.outcome(site.now()) for clock in fact.clocks if clock.start == MONDAY} == {
        "agent_has_looked": "kept",
        "customer_was_answered": "kept",
        "resolution_due": "kept",
    }


def test_clocks_that_ran_out_are_missed(site: TwinHouse, arrives: Callable[..., str]) -> None:
    """Whether the daemon has looked since or not, and also where somebody comes at last."""
    reference = arrives("I was charged twice for INV-100.", 1)
    site.world.clock.forward(days=3)
    assert {clock.kind: clock.outcome(site.now()) for clock in facts(site)[0].clocks} == {
        "agent_has_looked": "missed",
        "customer_was_answered": "missed",
        "resolution_due": "running",
    }
    site.settle()
    site.world.clock.forward(days=40)
    site.settle()
    site.store.cases.answered(reference, actor="kim", now=site.now())
    assert {clock.outcome(site.now()) for clock in facts(site)[0].clocks} == {"missed"}


def test_what_people_did_is_told_from_what_the_daemon_did(site: TwinHouse, arrives: Callable[..., str]) -> None:
    """A yes, a no, a look that is still to come, and a dispute that was missed."""
    confirmed = arrives("Perhaps there is something wrong with INV-1.", 1)
    rejected = arrives("Perhaps there is something wrong with INV-2.", 2)
    arrives("Perhaps there is something wrong with INV-3.", 3)
    arrives("Nothing of the kind.", 4)
    on_request.confirm(site, confirmed, actor="kim")
    site.store.cases.move(rejected, "reject", actor="kim", now=site.now())
    on_request.open_case(site, "<4@example.org>", reason="wrong_amount", actor="kim")
    site.settle()
    told = facts(site)
    assert [fact.origin for fact in told] == ["review", "review", "review", "by a person"]
    assert [fact.standing(END) for fact in told] == ["at_work", "voided", "review", "at_work"]


def test_a_letter_that_a_person_let_go_was_not_sent_by_itself(database_url: str, clock: HandClock) -> None:
    """The mode in which a new site begins."""
    with TwinHouse(World(url=database_url, clock=clock, letters={"acknowledge": "approve"})) as site:
        site.world.mailboxes["support"].put(mail(), arrived=site.now())
        site.settle()
        (fact,) = facts(site)
        assert fact.letter is not None
        assert (fact.letter.state, fact.letter.touched) == ("held", False)
        on_request.release(site, site.desk.letter.id, actor="kim")
        site.settle()
        (fact,) = facts(site)
        assert fact.letter is not None
        assert (fact.letter.state, fact.letter.touched) == ("sent", True)


def test_credits_of_the_ledger_stand_at_the_cases_of_their_invoice(
    site: TwinHouse, arrives: Callable[..., str]
) -> None:
    """However the customer writes the number; a credit that names no currency has its invoice's."""
    arrives("I was charged twice for INV-100.", 1)
    arrives("I was charged twice for INV-200.", 2)
    day = MONDAY.date()
    rows = (
        Invoice(number="inv 100", currency="EUR", total=Decimal("40.00")),
        Credit(id="C1", invoice="inv 100", amount=Decimal("15.50"), issued=day),
        Credit(id="R1", kind="refund", invoice="INV-100", currency="GBP", amount=Decimal(2), issued=day),
        Credit(id="C2", invoice="INV-100", amount=Decimal(9)),
        Credit(id="C3", invoice="INV-300", amount=Decimal(9), issued=day),
    )
    site.store.ledger.take(rows, files=["a"], actor="kim", now=site.now())
    first, second = facts(site)
    told = sorted((credit.id, credit.kind, credit.amount, credit.currency, credit.issued) for credit in first.credits)
    assert told == [("C1", "credit", Decimal("15.50"), "EUR", day), ("R1", "refund", Decimal(2), "GBP", day)]
    assert second.credits == ()


def test_only_cases_that_the_span_concerns_are_read(site: TwinHouse, arrives: Callable[..., str]) -> None:
    """One that was finished before is left out; one that was open then, or moved since, is not."""
    finished = arrives("I was charged twice for INV-1.", 1)
    site.store.cases.resolve(finished, "upheld", root_cause="x", actor="kim", now=site.now())
    moved = arrives("I was charged twice for INV-2.", 2)
    arrives("I was charged twice for INV-3.", 3)
    site.world.clock.forward(days=5)
    site.store.cases.resolve(moved, "upheld", root_cause="x", actor="kim", now=site.now())
    site.world.clock.forward(days=5)
    arrives("I was charged twice for INV-4.", 4)

    def ids(start: int, end: int) -> list[int]:
        return [fact.id for fact in facts(site, timedelta(days=start), timedelta(days=end))]

    assert ids(-1, 365) == [1, 2, 3, 4]
    assert ids(2, 365) == [2, 3, 4]
    assert ids(6, 365) == [3, 4]
    assert ids(2, 9) == [2, 3]
    assert ids(-9, -1) == []


def test_nothing_that_a_customer_wrote_leaves_the_store(site: TwinHouse, arrives: Callable[..., str]) -> None:
    """Neither words nor names, subjects nor addresses."""
    arrives("I was charged 40.00 EUR twice for INV-100, says Zebedee.", 1, subject="A quagga")
    told = repr([dataclasses.asdict(fact) for fact in facts(site)])
    for word in ("Zebedee", "quagga", "Ana", "ana1", "example.org", "INV-100"):
        assert word not in told


def test_empty_books_hold_no_case(site: TwinHouse) -> None:
    """And the report is asked all the same."""
    assert facts(site) == []
