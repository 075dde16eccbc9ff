"""Mails of one matter come in any order and into any mailbox: they make one case all the same."""

import threading
from itertools import permutations
from pathlib import Path

import pytest
from furnished import ALIAS, TwinHouse, World, mail
from servers import Postgres

from triage import pipeline
from triage.mail.account import Account
from triage.mail.login import Login
from triage.testing import InMemoryMailbox

COMPLAINT = mail(message_id="<complaint@example.org>", to=ALIAS)
ANSWER = mail(
    "I wrote to sales as well. You have charged me twice!",
    to=ALIAS,
    message_id="<answer@example.org>",
    answers="<complaint@example.org>",
)
SECOND = mail(
    "And now I was charged a third time.",
    to=ALIAS,
    message_id="<second@example.org>",
    answers="<complaint@example.org>",
)


@pytest.mark.parametrize("order", list(permutations((COMPLAINT, ANSWER, SECOND))), ids=lambda _: "")
def test_a_thread_is_one_case_in_whatever_order_it_is_read(tmp_path: Path, order: tuple[bytes, ...]) -> None:
    """An answer that lies in another mailbox may be read before what it answers: one case, one letter."""
    names = ("first", "second", "support")
    accounts = [Account(name=name, host="twin", port=143, security="none", login=Login(name)) for name in names]
    mailboxes = {account.name: InMemoryMailbox(account) for account in accounts}
    world = World(url=f"sqlite:///{tmp_path}/triage.db", mailboxes=mailboxes)
    with TwinHouse(world) as house:
        for name, content in zip(names, order, strict=True):
            world.mailboxes[name].put(content, arrived=house.now())
            house.settle()
        assert [line.opened for line in house.desk.books if line.case] == [True, False, False]
        assert len(house.desk.case.mails) == 3
        assert world.reached("ana@example.org") == 1


def test_answers_of_two_customers_to_one_mail_of_ours_are_two_cases(house: TwinHouse) -> None:
    """A mailing to all of them is answered by many, each about a matter of their own."""
    for name in ("ana", "bo"):
        content = mail(
            f"I was charged twice, says {name}, and want it back.",
            sender=f"{name}@example.org",
            message_id=f"<{name}@example.org>",
            answers="<mailing@example.com>",
        )
        house.world.mailboxes["support"].put(content, arrived=house.now())
    house.settle()
    assert len(house.desk.cases) == 2


def test_a_mail_that_disputes_nothing_does_not_join_the_dispute_that_answers_it(house: TwinHouse) -> None:
    """Our own price list, read after a customer has contested it, says nothing about that case."""
    for content in (
        mail(answers="<prices@example.com>"),
        mail("Our new prices.", sender="prices@example.net", message_id="<prices@example.com>"),
    ):
        house.world.mailboxes["support"].put(content, arrived=house.now())
        house.settle()
    assert len(house.desk.case.mails) == 1


@pytest.mark.server
def test_two_readers_with_a_mail_and_its_answer_make_one_case(postgres_server: Postgres) -> None:
    """The second of them waits for the first, though the senders differ."""
    world = World(url=postgres_server.database())
    with TwinHouse(world) as first, TwinHouse(world) as second:
        answer = ANSWER.replace(b"ana@example.org", b"bo@example.org")
        for content in (answer, COMPLAINT):
            world.mailboxes["support"].put(content, arrived=first.now())
        pipeline.collect(first)
        pipeline.BATCH, before = 1, pipeline.BATCH
        try:
            with first.store.books.unread(1) as batch:
                readings = pipeline._understand(first, batch.mails)
                with batch.recording(pipeline._names(readings)) as session:
                    pipeline._record(first, session, readings)
                    # the other reader has the complaint, and must not decide before this one ends
                    thread = threading.Thread(target=pipeline.read_batch, args=(second,))
                    thread.start()
                    thread.join(1)
                    assert thread.is_alive()
            thread.join()
        finally:
            pipeline.BATCH = before
        assert len(first.desk.case.mails) == 2
