"""Whatever comes in, in whatever order, and whenever the house dies: nothing is lost and nothing happens twice.

A hypothesis state machine over twins: mails, copies of mails, answers, bounces, a relay that takes, defers, refuses or
breaks off, renumbered folders, clocks that jump, people at work; and crashes between any two effects, after which a new
house goes on with the same database.
"""

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from furnished import TwinHouse, World, bounce, mail
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event

from triage import on_request, pipeline
from triage.errors import MailboxError, RelayError
from triage.letters.outbox import Lost, Refused, Sent, TryLater
from triage.mail.account import Account
from triage.mail.login import Login
from triage.testing import InMemoryMailbox

STATES = {"held", "due", "sending", "sent", "refused", "in_doubt", "cancelled"}
#: what an effect on the outside is: the points between which a crash can fall
EFFECTS = ("open", "new", "mark_kept", "file_away", "holds", "connect", "hand_over")


class Crash(BaseException):
    """The process ends here: no handler of ours may see it."""


class Fuse:
    """Burns down by one at every effect and crashes the house at its end."""

    def __init__(self) -> None:
        self.left: int | None = None

    def burn(self, *_: object) -> None:
        """An effect is about to happen, or has just happened."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Crash


class Fused:
    """A twin whose effects burn the fuse, before and after."""

    def __init__(self, part: Any, fuse: Fuse) -> None:
        self._part, self._fuse = part, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if name not in EFFECTS:
            return found

        def fused(*arguments: Any, **options: Any) -> Any:
            self._fuse.burn()
            answer = found(*arguments, **options)
            self._fuse.burn()
            return answer

        return fused


class Dispute:
    """A dispute that a customer has sent, and every mail of its thread."""

    def __init__(self, number: int, mailbox: str) -> None:
        self.customer = f"customer{number}@example.org"
        self.mailbox = mailbox
        self.message_id = f"<dispute-{number}@example.org>"
        text = f"I was charged twice for INV-{number}, which is wrong. Please send back 10.00 EUR."
        self.content = mail(text, sender=self.customer, message_id=self.message_id)
        #: ids of the mail and of its answers
        self.thread = {self.message_id}


class Machine(RuleBasedStateMachine):
    """The house, its world, and all that can go wrong between them."""

    @initialize()
    def build(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="triage-machine-"))
        accounts = [
            Account(name="support", host="twin", port=143, security="none", login=Login("a"), keyword="Seen1"),
            Account(name="sales", host="twin", port=143, security="none", login=Login("b")),
        ]
        self.world = World(
            url=f"sqlite:///{self.folder}/triage.db", mailboxes={one.name: InMemoryMailbox(one) for one in accounts}
        )
        self.world.letters["caps"] = {"per_hour": 10_000, "per_sender_per_day": 1000}
        self.fuse = Fuse()
        self.disputes: list[Dispute] = []
        self.count = 0
        self.move_in()

    def move_in(self) -> None:
        self.house = TwinHouse(self.world)
        self.house._mailboxes = tuple(Fused(twin, self.fuse) for twin in self.world.mailboxes.values())
        self.house.relay = Fused(self.world.relay, self.fuse)
        _ = self.house.store
        event.listen(self.house.store.engine, "commit", self.fuse.burn)

    def arrive(self, mailbox: str, content: bytes) -> None:
        self.world.mailboxes[mailbox].put(content, arrived=self.world.clock.now)

    # the world

    @rule(mailbox=st.sampled_from(["support", "sales"]))
    def a_customer_disputes(self, mailbox: str) -> None:
        self.disputes.append(Dispute(len(self.disputes), mailbox))
        self.arrive(mailbox, self.disputes[-1].content)

    @precondition(lambda self: self.disputes)
    @rule(data=st.data(), mailbox=st.sampled_from(["support", "sales"]))
    def the_same_mail_comes_again(self, data: st.DataObject, mailbox: str) -> None:
        self.arrive(mailbox, data.draw(st.sampled_from(self.disputes)).content)

    @precondition(lambda self: self.disputes)
    @rule(
        data=st.data(),
        mailbox=st.sampled_from(["support", "sales"]),
        text=st.sampled_from(["It was charged once more!", "Thank you so much for your kind help."]),
    )
    def the_customer_writes_again(self, data: st.DataObject, mailbox: str, text: str) -> None:
        dispute = data.draw(st.sampled_from(self.disputes))
        self.count += 1
        message_id = f"<answer-{self.count}@example.org>"
        dispute.thread.add(message_id)
        self.arrive(mailbox, mail(text, sender=dispute.customer, message_id=message_id, answers=dispute.message_id))

    @rule()
    def something_else_comes(self) -> None:
        self.count += 1
        self.arrive("support", mail("What are your opening hours?", message_id=f"<other-{self.count}@example.org>"))

    @precondition(lambda self: self.world.relay.deliveries)
    @rule(data=st.data(), status=st.sampled_from(["5.1.1", "4.4.1"]))
    def a_letter_comes_back(self, data: st.DataObject, status: str) -> None:
        delivery = data.draw(st.sampled_from(self.world.relay.deliveries))
        self.arrive("support", bounce(delivery.content, recipient=delivery.recipients[0], status=status))

    @rule()
    def copies_arrive(self) -> None:
        self.world.bring_copies()

    @rule(mailbox=st.sampled_from(["support", "sales"]))
    def the_server_renumbers(self, mailbox: str) -> None:
        self.world.mailboxes[mailbox].renumber()

    @rule(mailbox=st.sampled_from(["support", "sales"]))
    def the_server_is_away(self, mailbox: str) -> None:
        self.world.mailboxes[mailbox].failures.append(MailboxError("connection reset"))

    @rule(
        answer=st.sampled_from(
            [
                Sent(),
                Sent(copy_refused="552 mailbox full"),
                TryLater(why="451 greylisted", code=451),
                Refused(why="550 no such user", code=550),
                Refused(why="550 sender", code=550, stage="sender"),
                Lost(why="cut after DATA"),
            ]
        ),
        taken=st.booleans(),
    )
    def the_relay_will_answer(self, answer: Any, taken: bool) -> None:
        self.world.relay.script.append(answer)
        self.world.relay.takes_lost = taken

    @rule()
    def the_relay_is_away(self) -> None:
        self.world.relay.connected = False
        self.world.relay.connection_failures.append(RelayError("connection refused"))

    @rule(minutes=st.sampled_from([1, 6, 61, 300, -90]))
    def time_passes(self, minutes: int) -> None:
        self.world.clock.forward(minutes=minutes)

    # the house

    @rule(
        walk=st.sampled_from([pipeline.collect, pipeline.read, pipeline.deliver, pipeline.look_again, None]),
        crash=st.none() | st.integers(0, 25),
    )
    def walk(self, walk: Any, crash: int | None) -> None:
        self.fuse.left = crash
        try:
            for one in (pipeline.collect, pipeline.read, pipeline.deliver) if walk is None else (walk,):
                one(self.house)
        except Crash:
            self.house.store.close()
            self.move_in()
        finally:
            self.fuse.left = None

    # people

    @rule(data=st.data(), crash=st.none() | st.integers(0, 2))
    def an_agent_works(self, data: st.DataObject, crash: int | None) -> None:
        store, now = self.house.store, self.world.clock.now
        lines = sorted(store.cases.queue(), key=lambda line: line.reference)
        if not lines:
            return
        line = data.draw(st.sampled_from(lines))
        self.fuse.left = crash
        try:
            match line.state:
                case "review":
                    on_request.confirm(self.house, line.reference, actor="kim")
                case "open":
                    store.cases.resolve(line.reference, "upheld", root_cause="price list", actor="kim", now=now)
                case "resolved":
                    store.cases.move(line.reference, "reopen", actor="kim", now=now)
        except Crash:
            self.house.store.close()
            self.move_in()
        finally:
            self.fuse.left = None

    # what must hold

    @invariant()
    def nobody_is_acknowledged_twice(self) -> None:
        if getattr(self, "world", None) is None:
            return
        sent = Counter(self.letter_id(delivery.content) for delivery in self.world.relay.deliveries)
        assert not [letter for letter, times in sent.items() if times > 1]

    @staticmethod
    def letter_id(content: bytes) -> bytes:
        return next(line for line in content.splitlines() if line.lower().startswith(b"message-id:"))

    def settle(self) -> None:
        self.world.relay.script.clear()
        self.world.relay.connection_failures.clear()
        for twin in self.world.mailboxes.values():
            twin.failures.clear()
        for _ in range(3):
            self.house.settle()
            self.world.clock.forward(hours=26)
        self.house.settle()

    def teardown(self) -> None:
        if getattr(self, "world", None) is None:
            return
        try:
            self.settle()
            self.check()
        finally:
            self.house.close()
            shutil.rmtree(self.folder)

    def check(self) -> None:
        books = self.house.desk.books
        self.check_every_mail_is_in_the_books_once(books)
        self.check_every_dispute_has_one_case(books)
        self.check_every_letter_has_ended()

    def check_every_mail_is_in_the_books_once(self, books: list[Any]) -> None:
        places = Counter((line.mailbox, line.uidvalidity, line.uid) for line in books)
        assert not [place for place, times in places.items() if times > 1]
        for name, twin in self.world.mailboxes.items():
            assert {uid for uid in twin.mails if (name, twin.uidvalidity, uid) not in places} == set()
        assert {line.outcome for line in books} <= {"taken", "duplicate", "ignored"}

    def check_every_dispute_has_one_case(self, books: list[Any]) -> None:
        for dispute in self.disputes:
            lines = [line for line in books if line.message_id in dispute.thread]
            # in whatever order its mails were read
            assert sum(line.opened for line in lines) == 1
            assert len({line.case for line in lines if line.case is not None}) == 1
            assert all(line.case is not None for line in lines if line.message_id == dispute.message_id)

    def check_every_letter_has_ended(self) -> None:
        letters = self.house.desk.letters
        assert len({letter.case for letter in letters}) == len(letters)
        for letter in letters:
            reached = self.world.reached(letter.recipient)
            assert letter.state in {"sent", "refused", "in_doubt"}
            assert reached == (letter.state == "sent"), letter
        for case in self.house.desk.cases:
            assert case.letters or case.line.state == "review" or case.events


Machine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestMachine = Machine.TestCase


class Soaked(Machine):
    """The same for longer."""


Soaked.TestCase.settings = settings(Machine.TestCase.settings, max_examples=1500, stateful_step_count=60)
TestSoaked = pytest.mark.soak(Soaked.TestCase)
