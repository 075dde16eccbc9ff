"""The database fails in the middle of each walk: nothing is lost, nothing happens twice, and it goes on by itself.

SQLite is really full, locked or read-only (its own error codes, set off by its own limits); PostgreSQL is really
crashed, away, or read-only.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import psycopg
import pytest
from furnished import TwinHouse, World, mail, scripted
from servers import Postgres, wait_until
from sqlalchemy import event, text

from triage import pipeline
from triage.errors import DatabaseError
from triage.house import House
from triage.letters.compose import Letter
from triage.letters.outbox import Answer, TryLater
from triage.mail.message import Message
from triage.store.books import LAST_ATTEMPT
from triage.store.dialect import is_postgres
from triage.store.session import reading
from triage.store.store import Store
from triage.testing import InMemoryRelay
from triage.understanding.findings import Understanding

WALKS = (pipeline.collect, pipeline.read, pipeline.deliver, pipeline.look_again)
COUNT = 6


class Fault(Protocol):
    """Something that befalls a database."""

    def strike(self) -> None:
        """From now on."""

    def mend(self) -> None:
        """It is over."""


class Pragma:
    """A limit of SQLite's own, set on every connection when it is taken into use."""

    def __init__(self, world: World, broken: str, whole: str) -> None:
        self.world, self.broken, self.whole = world, broken, whole
        self.struck = False

    def strike(self) -> None:
        self.struck = True

    def mend(self) -> None:
        self.struck = False

    def apply(self, connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA {self.broken if self.struck else self.whole}")


class Locked(Pragma):
    """Another program holds the file for longer than a writer waits."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "busy_timeout = 20", "busy_timeout = 30000")
        self.other: sqlite3.Connection | None = None

    def strike(self) -> None:
        super().strike()
        self.other = sqlite3.connect(self.world.url.removeprefix("sqlite:///"), isolation_level=None)
        self.other.execute("BEGIN IMMEDIATE")

    def mend(self) -> None:
        super().mend()
        if self.other is not None:
            self.other.close()


class Crashed:
    """The server dies and is there again at once: a failover, an out-of-memory kill."""

    def __init__(self, server: Postgres) -> None:
        self.server = server

    def strike(self) -> None:
        self.server.stop("immediate")
        self.server.start()

    def mend(self) -> None:
        """It is over already."""


class Away(Crashed):
    """The server is shut down for a while."""

    def strike(self) -> None:
        self.server.stop("fast")

    def mend(self) -> None:
        self.server.start()


class ReadOnly(Crashed):
    """A primary that has become a standby: sessions live, writes are refused."""

    def _default(self, state: str) -> None:
        address = {"host": "127.0.0.1", "port": self.server.port, "user": "postgres"}
        with psycopg.connect(**address, autocommit=True, options="-c default_transaction_read_only=off") as admin:
            admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {state}")
            admin.execute("SELECT pg_reload_conf()")

        def is_so() -> bool:
            with psycopg.connect(**address) as other:
                row = other.execute("SHOW default_transaction_read_only").fetchone()
                return row == (state,)

        wait_until(is_so, "the setting does not arrive")

    def strike(self) -> None:
        self._default("on")

    def mend(self) -> None:
        self._default("off")


SQLITE = {
    "full": lambda world: Pragma(world, "max_page_count = 1", "max_page_count = 4294967294"),
    "read-only": lambda world: Pragma(world, "query_only = ON", "query_only = OFF"),
    "locked": Locked,
}
POSTGRES = {"crashed": Crashed, "away": Away, "read-only": ReadOnly}


class BreakingRelay(InMemoryRelay):
    """Takes a letter, and while it does so something happens."""

    then: Callable[[], None] = staticmethod(lambda: None)

    def hand_over(self, letter: Letter, *arguments: Any, **options: Any) -> Answer:
        answer = super().hand_over(letter, *arguments, **options)
        self.then()
        return answer


class Site:
    """A house whose database can be broken at a chosen moment of a walk."""

    def __init__(self, world: World, fault: Fault) -> None:
        self.world, self.fault = world, fault
        self.relay = world.relay = BreakingRelay()
        self.house = TwinHouse(world, understand=self._understand)
        self._mine: Callable[[], None] = lambda: None
        _ = self.house.store
        if isinstance(fault, Pragma):
            event.listen(self.house.store.engine, "checkout", fault.apply)
        for number in range(COUNT):
            text = f"I was charged twice for INV-{number}. " + "It is still wrong. " * 500
            content = mail(text, sender=f"c{number}@example.org", message_id=f"<{number}@x>")
            world.mailboxes["support"].put(content, arrived=world.clock.now)

    def _understand(self, message: Message, house: House) -> Understanding:
        self._mine()
        return scripted(message, house)

    def break_in(self, walk: Callable[[House], int]) -> None:
        """Let it happen within this walk, or just before it where it has no moment of its own."""
        struck = False

        def once() -> None:
            nonlocal struck
            if not struck:
                struck = True
                self.fault.strike()

        if walk is pipeline.read:
            self._mine = once
        elif walk is pipeline.deliver:
            self.relay.then = once
        else:
            once()

    def mended(self) -> None:
        """It is over; the house goes on by itself."""
        self.fault.mend()
        self.house.settle()

    def check(self) -> None:
        """Every mail is in the books, each complaint has one case, each case one letter that went out once."""
        desk = self.house.desk
        assert desk.outcomes == ["taken"] * COUNT
        assert len(desk.cases) == COUNT
        assert [letter.state for letter in desk.letters] == ["sent"] * COUNT
        assert Counter(delivery.recipients[0] for delivery in self.relay.deliveries) == {
            f"c{number}@example.org": 1 for number in range(COUNT)
        }
        with reading(self.house.store.engine) as session:
            assert session.connection().scalar(text("SELECT count(*) FROM attempt")) == 0


@contextmanager
def struck(world: World, fault: Fault) -> Iterator[Site]:
    # no journal: what the relay has said is known from its answer alone
    world.letters |= {"journal": "off"}
    site = Site(world, fault)
    try:
        yield site
    finally:
        site.house.close()


def walk_through(site: Site, broken: Callable[[House], int]) -> None:
    """All walks in turn; within `broken` the database fails and stays so for several rounds."""
    for walk in WALKS:
        if walk is broken:
            site.break_in(walk)
        with suppress(DatabaseError):
            walk(site.house)
        if walk is broken:
            break
    for _ in range(LAST_ATTEMPT + 1):
        for walk in WALKS:
            with suppress(DatabaseError):
                walk(site.house)
    site.mended()
    site.check()


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
@pytest.mark.parametrize("kind", SQLITE)
def test_sqlite_that_takes_no_writes_for_a_while_loses_nothing(world: World, kind: str, walk: Any) -> None:
    """A full disk, a read-only one, another program's lock: every walk ends with a line, and takes up again."""
    with struck(world, SQLITE[kind](world)) as site:
        walk_through(site, walk)


@pytest.mark.server
@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
@pytest.mark.parametrize(
    "kind", ["crashed", pytest.param("away", marks=pytest.mark.soak), pytest.param("read-only", marks=pytest.mark.soak)]
)
def test_postgresql_that_fails_within_a_walk_loses_nothing(
    world: World, postgres_server: Postgres, kind: str, walk: Any
) -> None:
    """A crash, a restart, a failover to a standby: every walk ends with a line, and takes up again."""
    world.url = postgres_server.database()
    with struck(world, POSTGRES[kind](postgres_server)) as site:
        walk_through(site, walk)


def test_what_the_relay_said_is_written_down_once_the_database_takes_it(world: World) -> None:
    """It said "later" while the disk was full: the letter is due again, not in doubt."""
    with struck(world, SQLITE["read-only"](world)) as site:
        pipeline.collect(site.house)
        pipeline.read(site.house)
        site.relay.script.append(TryLater(why="451 greylisted", code=451))
        site.break_in(pipeline.deliver)
        with pytest.raises(DatabaseError, match="readonly"):
            pipeline.deliver(site.house)
        site.fault.mend()
        site.house.store.outbox.find_orphans(timeout=site.house.letters.timeout, now=site.house.now())
        assert Counter(letter.state for letter in site.house.desk.letters) == {"due": COUNT}


def test_an_answer_that_comes_late_does_not_touch_what_another_process_has_begun(house: TwinHouse) -> None:
    """Who was away must not make a letter due that somebody else is just sending."""
    house.world.mailboxes["support"].put(mail(), arrived=house.now())
    pipeline.collect(house)
    pipeline.read(house)
    outbox, begun = house.store.outbox, house.now()
    letter_id = house.desk.letter.id
    step = pipeline.after_answer(TryLater(why="451"), tries=1, first_try=begun, now=begun)
    with outbox.sending(letter_id, now=begun):
        outbox.settle(letter_id, step, since=begun, now=begun)
    house.world.clock.forward(minutes=5)
    with outbox.sending(letter_id, now=house.now()):
        outbox.settle(letter_id, step, since=begun, now=house.now())
        assert house.desk.letter.state == "sending"


def test_what_the_database_refuses_is_told_in_one_line_without_the_customers_words(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the statement nor what it was to write, a customer's words, goes into log, alarm or quarantine."""
    with TwinHouse(World(url=database_url)) as house:
        refuse_records(house.store)
        house.world.mailboxes["support"].put(mail("I was charged twice for INV-4711."), arrived=house.now())
        pipeline.collect(house)
        pipeline.read(house)
        (aside,), (alarm,) = house.store.quarantine.lines(), house.store.alarms.open()
    logged = capsys.readouterr()
    assert "never_this" in aside.why
    assert "never_this" in alarm.why
    for told in (aside.why, alarm.why, logged.out + logged.err):
        assert not [word for word in ("INV-4711", "INSERT", "sqlalche.me", "DETAIL") if word in told], told
    assert len(aside.why.splitlines()) == 1


def refuse_records(store: Store) -> None:
    """From now on no decision record can be written."""
    with store.engine.begin() as connection:
        if is_postgres(connection):
            connection.execute(text("ALTER TABLE record ADD CONSTRAINT never_this CHECK (mail_id < 0)"))
        else:
            refusal = "SELECT RAISE(ABORT, 'never_this')"
            connection.execute(text(f"CREATE TRIGGER never BEFORE INSERT ON record BEGIN {refusal}; END"))
