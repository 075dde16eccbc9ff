"""Storms: very many mails, very great ones, robots, copies. Intake goes on, letters stop, a person is called."""

import tracemalloc
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from furnished import TwinHouse, World, mail
from servers import PASSWORD, USER, dovecot

from triage.mail.account import Account
from triage.mail.login import Login
from triage.mail.mailbox import Mailbox


def put(house: TwinHouse, *contents: bytes) -> None:
    for content in contents:
        house.world.mailboxes["support"].put(content, arrived=house.now())


def complaint(number: int, sender: str = "") -> bytes:
    return mail(
        f"I was charged twice for INV-{number}, please send the money for it back.",
        sender=sender or f"c{number}@example.org",
        message_id=f"<{number}@x>",
    )


def test_copies_of_one_mail_make_one_case_and_one_letter(house: TwinHouse) -> None:
    """Five hundred deliveries of the same mail, as a mail loop or a broken server makes them."""
    put(house, *[mail()] * 500)
    house.settle()
    assert len(house.desk.cases) == len(house.desk.letters) == 1
    assert sorted(house.desk.outcomes) == ["duplicate"] * 499 + ["taken"]


def test_a_robot_gets_no_answer_however_often_it_writes(house: TwinHouse) -> None:
    """A thousand holiday replies that speak of a charge: no case, no letter, nothing to go on with."""
    robots = [
        mail(
            f"I am away until the {number}. You charged me.", message_id=f"<{number}@x>", Auto_Submitted="auto-replied"
        )
        for number in range(1000)
    ]
    put(house, *robots)
    house.settle()
    assert house.desk.outcomes == ["ignored"] * 1000
    assert house.desk.letters == house.world.relay.deliveries == []


def test_one_sender_with_many_disputes_gets_a_few_letters_and_a_person_is_called(house: TwinHouse) -> None:
    """Whoever it is: each dispute has its case, the letters over the cap are held."""
    put(house, *[complaint(number, sender="robot@example.org") for number in range(40)])
    house.settle()
    cap = house.policy.letters_per_sender_per_day
    assert len(house.desk.cases) == 40
    assert house.world.reached("robot@example.org") == cap
    assert [letter.state for letter in house.desk.letters].count("held") == 40 - cap
    assert house.desk.alarms["sender_cap"] == 40 - cap


def test_the_same_words_from_everybody_go_to_a_person(house: TwinHouse) -> None:
    """A campaign or an attack: after the first few nobody is answered unasked."""
    words = "You have charged all of us, give it back!"
    put(house, *(mail(words, sender=f"c{n}@example.org", message_id=f"<{n}@x>") for n in range(60)))
    house.settle()
    assert len(house.world.relay.deliveries) == 20
    assert [case.line.state for case in house.desk.cases].count("review") == 40
    assert "storm" in house.desk.alarms


def test_an_absurd_burst_stops_letters_and_the_rest_waits_its_hour(world: World) -> None:
    """More letters in an hour than the site allows: a person is called, nothing is lost, the next hour goes on."""
    world.letters["caps"] = {"per_hour": 20, "per_sender_per_day": 5}
    with TwinHouse(world) as house:
        put(house, *map(complaint, range(50)))
        for _ in range(5):
            house.round()
        assert len(world.relay.deliveries) == 20
        assert "letters_per_hour" in house.desk.alarms
        assert [letter.state for letter in house.desk.letters].count("due") == 30
        for sent in (40, 50):
            world.clock.forward(minutes=61)
            house.settle()
            assert len(world.relay.deliveries) == sent
        assert "letters_per_hour" not in house.desk.alarms


@pytest.mark.soak
@pytest.mark.server
def test_great_mails_one_after_another_do_not_fill_the_memory(world: World) -> None:
    """Of each that is over the limit only the beginning is fetched: as many as may come, memory is that of one."""
    size = 50 * 1024 * 1024
    with TemporaryDirectory(prefix="triage-") as folder, dovecot(Path(folder) / "dovecot") as server:
        for number in range(12):
            server.put(complaint(number) + b"0123456789abcdef\r\n" * (size // 18))
        login = Login(USER, PASSWORD)
        account = Account(name="support", host="127.0.0.1", port=server.port, security="none", login=login)
        with TwinHouse(world) as house:
            house._mailboxes = (Mailbox(account),)
            tracemalloc.start()
            try:
                house.settle()
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert len(house.desk.cases) == 12
            assert peak < size


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_mails_at_once_are_all_read_and_answered_in_time(world: World) -> None:
    """The morning after: each is in the books, each complaint is answered once, hour by hour within the cap."""
    world.letters["caps"] = {"per_hour": 2000, "per_sender_per_day": 5}
    with TwinHouse(world) as house:
        for number in range(10_000):
            other = mail(f"When do you open on day {number}?", message_id=f"<other-{number}@x>")
            put(house, complaint(number) if number % 2 else other)
        for _ in range(8):
            house.round()
            world.clock.forward(minutes=61)
        house.settle()
        assert house.desk.outcomes.count("taken") == 10_000
        assert len(world.relay.deliveries) == len({d.recipients[0] for d in world.relay.deliveries}) == 5000
        assert world.clock.now - world.mailboxes["support"].mails[1][0] < timedelta(hours=12)
