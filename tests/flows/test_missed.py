"""A dispute that the model missed: a person opens its case, it is acknowledged once, and the model hears of it."""

from collections.abc import Iterator

import pytest
from furnished import HandClock, TwinHouse, World, mail

from triage import on_request
from triage.errors import NotFound, OperatorError

MISSED = "Good morning, number INV-2026-77 came to 80.00, as in spring it was 40.00. Yours, Ada"


@pytest.fixture
def house(database_url: str, clock: HandClock) -> Iterator[TwinHouse]:
    """A house that has read one mail, and taken it for no dispute."""
    with TwinHouse(World(url=database_url, clock=clock)) as furnished:
        furnished.world.mailboxes["support"].put(mail(MISSED, message_id="<missed@example.org>"), arrived=clock.now)
        furnished.settle()
        assert not furnished.desk.cases
        yield furnished


@pytest.mark.parametrize("name", ["<missed@example.org>", "missed@example.org", "support/1"])
def test_a_missed_dispute_is_opened_and_acknowledged_once(house: TwinHouse, name: str) -> None:
    """By its Message-ID or its place; the books, the case and the letter agree."""
    reference = on_request.open_case(house, name, reason="wrong_amount", actor="ana")
    house.settle()
    [case] = house.desk.cases
    assert (case.line.reference, case.line.state, case.line.reason) == (reference, "open", "wrong_amount")
    assert "ana says" in case.events[0].text
    assert [letter.state for letter in case.letters] == ["sent"]
    assert {item.kind for item in case.diary} >= {"customer_was_answered"}
    line, *_ = list(house.store.books.lines())
    assert (line.outcome, line.case, line.opened, line.label) == ("taken", reference, True, "dispute")


def test_the_model_hears_of_it(house: TwinHouse) -> None:
    """A miss is worth more to it than any other word."""
    on_request.open_case(house, "support/1", reason="wrong_amount", actor="ana")
    assert [said.label for said in house.store.corrections.decided()] == ["wrong_amount"]


def test_a_mail_opens_one_case_only(house: TwinHouse) -> None:
    """Whoever comes second is told which it is."""
    reference = on_request.open_case(house, "support/1", reason="wrong_amount", actor="ana")
    with pytest.raises(OperatorError, match=f"belongs to {reference}"):
        on_request.open_case(house, "support/1", reason="other", actor="kim")
    house.settle()
    assert [len(case.letters) for case in house.desk.cases] == [1]


def test_what_is_not_in_the_books_is_not_found(house: TwinHouse) -> None:
    """With the command that lists what is."""
    for name in ("support/2", "<other@example.org>", "nonsense", f"support/{10**30}"):
        with pytest.raises(NotFound, match="triage account"):
            on_request.open_case(house, name, reason="", actor="ana")


def test_a_name_of_two_mails_opens_no_case(house: TwinHouse, clock: HandClock) -> None:
    """Nobody gets another's letter because a stranger took the same Message-ID; the place still tells which."""
    other = mail(
        "Hello, which day are you open in May? Yours, Tom", sender="t@example.org", message_id="<missed@example.org>"
    )
    house.world.mailboxes["support"].put(other, arrived=clock.now)
    house.settle()
    with pytest.raises(OperatorError, match="several mails"):
        on_request.open_case(house, "<missed@example.org>", reason="wrong_amount", actor="ana")
    on_request.open_case(house, "support/1", reason="wrong_amount", actor="ana")
    assert [case.line.customer for case in house.desk.cases] == ["ana@example.org"]


def test_a_machines_mail_gets_a_case_and_no_letter(house: TwinHouse, clock: HandClock) -> None:
    """A person's word does not lift the ban on answering machines."""
    automatic = mail(MISSED + " It is much.", message_id="<auto@example.org>", Auto_Submitted="auto-generated")
    house.world.mailboxes["support"].put(automatic, arrived=clock.now)
    house.settle()
    on_request.open_case(house, "<auto@example.org>", reason="wrong_amount", actor="ana")
    house.settle()
    assert [len(case.letters) for case in house.desk.cases] == [0]
