"""What people say of mails is kept with the move that says it: on a SQLite file and on PostgreSQL."""

from collections.abc import Iterator

import pytest
from furnished import HandClock, TwinHouse, World, mail

from triage.errors import OperatorError
from triage.mail.message import parse
from triage.understanding.memory import fingerprint
from triage.understanding.understand import words_of

PERHAPS = "Perhaps there is something odd about invoice INV-{0}, could somebody look at number {0} for me please."


@pytest.fixture
def desk(database_url: str, clock: HandClock) -> Iterator[TwinHouse]:
    """A house with three cases: one open, two in review."""
    with TwinHouse(World(url=database_url, clock=clock)) as house:
        texts = ("I was charged twice.", PERHAPS.format(1), PERHAPS.format(2))
        for at, text in enumerate(texts):
            content = mail(text, sender=f"c{at}@example.org", message_id=f"<{at}@example.org>")
            house.world.mailboxes["support"].put(content, arrived=house.now())
        house.settle()
        yield house


def references(house: TwinHouse) -> list[str]:
    return [case.line.reference for case in house.desk.cases]


def test_nothing_said_is_nothing_known(desk: TwinHouse) -> None:
    """Cases that nobody has looked at teach nothing."""
    assert desk.store.corrections.decided() == []
    assert desk.store.corrections.remembered() == []
    assert desk.store.corrections.mark() == (0, None)


def test_each_word_of_a_person_changes_the_mark(desk: TwinHouse) -> None:
    """Other processes ask for it before each batch; a second word about a mail counts, and one taken back too."""
    _, second, _ = references(desk)
    marks = [desk.store.corrections.mark()]
    for move in ("reject", "reopen", "reject"):
        desk.world.clock.forward(seconds=1)
        desk.store.cases.move(second, move, actor="ana", now=desk.now())
        marks.append(desk.store.corrections.mark())
    unsaid, said, taken_back, said_again = marks
    assert len({unsaid, said, said_again}) == 3
    assert taken_back == unsaid


def test_what_was_said_is_told_oldest_first(desk: TwinHouse) -> None:
    """A yes, a no, and a case that was resolved without a word about the mail: in the order in which it was said."""
    first, second, third = references(desk)
    cases = desk.store.cases
    cases.move(third, "reject", actor="ana", now=desk.now())
    desk.world.clock.forward(hours=1)
    cases.resolve(first, "upheld", root_cause="double run", actor="ana", now=desk.now())
    desk.world.clock.forward(hours=1)
    cases.confirm(second, lambda *_: pytest.fail("no letter"), acknowledge=None, actor="ana", now=desk.now())
    told = [(said.case, said.label, said.pinned) for said in desk.store.corrections.decided()]
    assert told == [(third, "none", False), (first, "duplicate_charge", False), (second, "duplicate_charge", False)]


def test_a_mail_is_remembered_by_its_words(desk: TwinHouse) -> None:
    """As the classifier reads them, hashed."""
    _, second, third = references(desk)
    desk.store.cases.move(second, "reject", actor="ana", now=desk.now())
    [remembered] = desk.store.corrections.remembered()
    content = mail(PERHAPS.format(1), sender="c1@example.org", message_id="<1@example.org>")
    assert remembered.triples == fingerprint(words_of(parse(content), "en"))
    desk.world.clock.forward(seconds=1)
    desk.store.cases.move(third, "reject", actor="ana", now=desk.now())
    assert len(desk.store.corrections.remembered()) == 2


def test_only_what_was_decided_is_pinned(desk: TwinHouse) -> None:
    """A case in review is nobody's word yet; a pin goes with a line of history, and can be taken off."""
    first, second, _ = references(desk)
    with pytest.raises(OperatorError, match="in review"):
        desk.store.cases.pin(second, pinned=True, actor="ana", now=desk.now())
    assert desk.store.cases.pin(first, pinned=True, actor="ana", now=desk.now()) == "duplicate_charge"
    assert [said.pinned for said in desk.store.corrections.decided()] == [True]
    assert "pinned" in {event.kind for event in desk.desk.cases[0].events}
    desk.store.cases.pin(first, pinned=False, actor="ana", now=desk.now())
    assert [said.pinned for said in desk.store.corrections.decided()] == [False]


def test_a_reason_given_in_review_is_no_word_about_the_dispute(desk: TwinHouse) -> None:
    """Only the yes is: and it carries the reason that was given."""
    _, second, _ = references(desk)
    desk.store.cases.correct_reason(second, "unexpected_fee", actor="ana", now=desk.now())
    assert desk.store.corrections.decided() == []
    desk.store.cases.move(second, "confirm", actor="ana", now=desk.now())
    assert [said.label for said in desk.store.corrections.decided()] == ["unexpected_fee"]
