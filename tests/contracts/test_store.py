"""What the walks and the desk may expect of the store: the same tests on a SQLite file and on PostgreSQL."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from furnished import DESK, MONDAY, HandClock, TwinHouse, World, mail, scripted
from servers import Postgres
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, SQLModel

from triage import pipeline
from triage.errors import AlreadyRunning, DatabaseError, NotFound, OperatorError
from triage.house import House
from triage.letters.outbox import Lost, Next
from triage.mail.login import Failure
from triage.mail.message import Message, RawMail
from triage.store import tables
from triage.store.books import LAST_ATTEMPT
from triage.store.dialect import is_postgres, is_trouble, one_daemon, take_turns
from triage.store.session import writing
from triage.store.store import Store
from triage.understanding.findings import Understanding


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store that is up to date."""
    store = Store(database_url)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def world(database_url: str, clock: HandClock) -> World:
    """The outside, with the books in either database."""
    return World(url=database_url, clock=clock)


def raw(uid: int, content: bytes = b"", *, uidvalidity: int = 1, size: int | None = None) -> RawMail:
    content = content or mail(f"Mail number {uid} of this folder, with words.", message_id=f"<{uid}@x>")
    return RawMail(
        mailbox="support",
        folder="INBOX",
        uidvalidity=uidvalidity,
        uid=uid,
        arrived=MONDAY,
        content=content,
        size=len(content) if size is None else size,
    )


def acknowledged(house: TwinHouse) -> int:
    """A complaint has been read; gives the id of its letter, which is due."""
    house.world.mailboxes["support"].put(mail(), arrived=house.now())
    pipeline.collect(house)
    pipeline.read(house)
    return house.desk.letters[-1].id


# migrations


def test_the_model_is_what_the_migrations_make(store: Store) -> None:
    """Tables as declared and tables as migrated are the same: nothing was forgotten in a migration."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    assert tables.Mail.__tablename__ == "mail"


def test_a_refused_login_is_remembered_until_it_is_let_in(store: Store) -> None:
    """For every process, and only the last failure."""
    logins = store.logins
    first = Failure(why="no", refused=True, tries=1, not_before=MONDAY, tried_with="salt$hash")
    second = replace(first, tries=2, not_before=MONDAY + timedelta(minutes=2))
    assert logins.recall("us at imap:993") is None
    logins.note("us at imap:993", first)
    logins.note("us at imap:993", second)
    logins.note("us at smtp:587", first)
    assert logins.recall("us at imap:993") == second
    logins.note("us at imap:993", None)
    assert logins.recall("us at imap:993") is None
    logins.forget()
    assert logins.recall("us at smtp:587") is None


def test_migrating_twice_changes_nothing(store: Store) -> None:
    """Every start migrates."""
    assert store.migrate() == store.migrate() == store.version()


def test_two_that_start_at_once_both_come_up(database_url: str) -> None:
    """They take turns: the second finds the work done."""
    stores, errors = [Store(database_url) for _ in range(4)], []

    def migrate(store: Store) -> None:
        try:
            store.migrate()
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=migrate, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({store.version() for store in stores}) == 1
    for store in stores:
        store.close()


def test_a_database_of_a_newer_version_is_refused(store: Store) -> None:
    """Old code must not write into tables that it does not know."""
    with writing(store.engine) as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version of triage"):
        store.migrate()


def test_a_database_that_cannot_be_reached_is_a_clear_line(postgres_server: Postgres) -> None:
    """Host and reason, and no password."""
    store = Store(f"postgresql+psycopg://me:hidden@127.0.0.1:{postgres_server.port}/nothing_here")
    with pytest.raises(DatabaseError, match="nothing_here") as caught:
        store.migrate()
    assert "hidden" not in str(caught.value)


# intake


def test_mails_are_kept_once_and_the_cursor_follows(store: Store) -> None:
    """A crash between commit and answer makes us keep again: the books hold each UID once."""
    assert store.books.keep([raw(3), raw(7)], now=MONDAY) == 2
    assert store.books.keep([raw(3), raw(7), raw(9)], now=MONDAY) == 1
    cursor = store.books.cursor("support", "INBOX")
    assert cursor is not None
    assert (cursor.uidvalidity, cursor.last_uid) == (1, 9)
    assert store.books.waiting() == 3


def test_a_new_uidvalidity_starts_the_cursor_afresh(store: Store) -> None:
    """UIDs mean nothing across it."""
    store.books.keep([raw(9)], now=MONDAY)
    store.books.asked("support", "INBOX", uidvalidity=2, now=MONDAY)
    cursor = store.books.cursor("support", "INBOX")
    assert cursor is not None
    assert (cursor.uidvalidity, cursor.last_uid) == (2, 0)
    assert store.books.keep([raw(9, uidvalidity=2)], now=MONDAY) == 1


def test_a_folder_that_fails_says_since_when_until_it_answers(store: Store) -> None:
    """Health for doctor and desk."""
    store.books.failed("support", "INBOX", why="refused", now=MONDAY)
    store.books.failed("support", "INBOX", why="refused again", now=MONDAY + timedelta(hours=1))
    (health,) = store.books.health()
    assert (health.error, health.error_since) == ("refused again", MONDAY)
    store.books.asked("support", "INBOX", uidvalidity=1, now=MONDAY)
    (health,) = store.books.health()
    assert (health.error, health.error_since, health.seen_at) == ("", None, MONDAY)


def test_what_the_server_shall_file_is_remembered_until_it_is_done(store: Store) -> None:
    """A crash between keeping a mail and marking it on the server loses the mark for a while, not for good."""
    store.books.keep([raw(1), raw(2)], file_as="kept", now=MONDAY)
    store.books.filed("support", "INBOX", 1, [1])
    assert store.books.to_file("support", "INBOX", 1) == {2: "kept"}
    assert store.books.to_file("support", "INBOX", 2) == {}


# reading


def test_a_batch_is_bounded_in_number_and_in_bytes(store: Store) -> None:
    """Memory is bounded however large the mails are; one great mail comes alone."""
    store.books.keep([raw(uid, size=9 * 1024 * 1024) for uid in range(1, 4)], now=MONDAY)
    with store.books.unread(32) as batch:
        assert [mail.raw.uid for mail in batch.mails] == [1]
    with store.books.unread(32) as batch:
        assert len(batch.mails) == 1, "its reading was begun before without an end"


class Death(BaseException):
    """The process ends here: no handler of ours may see it."""


def test_a_mail_whose_reading_ended_the_process_comes_last_and_is_at_last_set_aside(world: World) -> None:
    """What kills the reader must not kill it for ever, nor take others with it, nor keep them waiting."""
    deaths = 0

    def understand(message: Message, house: House) -> Understanding:
        nonlocal deaths
        if message.message_id == "<1@x>":
            deaths += 1
            raise Death
        return scripted(message, house)

    with TwinHouse(world, understand=understand) as house:
        house.store.books.keep([raw(1), raw(2)], now=MONDAY)
        while house.store.books.waiting() and deaths <= LAST_ATTEMPT:
            house.store.books.keep([raw(3 + deaths)], now=MONDAY)
            with suppress(Death):
                pipeline.read(house)
        assert deaths == LAST_ATTEMPT
        assert house.desk.outcomes == ["quarantined", *["taken"] * (2 + deaths)]


def test_a_process_that_ends_for_reasons_of_its_own_takes_no_mail_with_it(house: TwinHouse) -> None:
    """However often: what was in hand is tried in turn, and none so often that it would be thought guilty."""
    house.store.books.keep([raw(uid) for uid in range(1, 7)], now=MONDAY)
    for _ in range(2 * LAST_ATTEMPT):
        with house.store.books.unread(6):
            pass
    pipeline.read(house)
    assert house.desk.outcomes == ["taken"] * 6


def test_an_attempt_that_fails_for_another_reason_is_not_counted(store: Store) -> None:
    """A database that goes away while a mail is read is no fault of the mail."""
    store.books.keep([raw(1)], now=MONDAY)
    for _ in range(LAST_ATTEMPT + 1):
        with pytest.raises(DatabaseError), store.books.unread(32):
            raise DatabaseError("gone")
    with store.books.unread(32) as batch:
        assert batch.mails[0].attempts == 0


def withheld(uid: int) -> RawMail:
    return replace(raw(uid), content=b"", size=0, withheld="the server cannot hand it over: NO damaged")


def test_a_mail_that_the_server_withholds_is_in_the_books_and_read_when_it_comes(store: Store) -> None:
    """The cursor goes on; the mail waits for its bytes in quarantine, and nobody reads nothing."""
    store.books.keep([raw(1), withheld(2), raw(3)], now=MONDAY)
    cursor = store.books.cursor("support", "INBOX")
    assert cursor is not None
    assert cursor.last_uid == 3
    assert store.books.uids("support", "INBOX", 1) == {2}
    with store.books.unread(32) as batch:
        assert [mail.raw.uid for mail in batch.mails] == [1, 3]
    assert store.books.keep([withheld(2)], now=MONDAY) == 0
    (line,) = store.quarantine.lines()
    assert (line.uid, store.quarantine.awaited("support", "INBOX", 1)) == (2, 1)
    assert store.books.keep([raw(2)], file_as="kept", now=MONDAY) == 1
    assert store.quarantine.awaited("support", "INBOX", 1) == 0
    assert store.books.keep([raw(2)], now=MONDAY) == 0
    assert (store.books.waiting(), store.books.content(line.id)) == (3, raw(2))
    assert store.books.to_file("support", "INBOX", 1) == {2: "kept"}


def test_a_withheld_mail_is_asked_for_soon_and_then_seldom(store: Store) -> None:
    """Within a day about a dozen times; at once where a person wants it; never again where a person drops it."""
    store.books.keep([withheld(1)], now=MONDAY)
    tries = [
        minute
        for minute in range(24 * 60)
        if store.quarantine.to_fetch_again("support", "INBOX", 1, now=MONDAY + timedelta(minutes=minute))
    ]
    assert tries[:4] == [1, 2, 4, 8]
    assert len(tries) <= 15
    later = MONDAY + timedelta(days=1)
    (line,) = store.quarantine.lines()
    assert store.quarantine.release(line.id, actor="kim", now=later)
    assert store.quarantine.to_fetch_again("support", "INBOX", 1, now=later) == (1,)
    assert [each.why for each in store.quarantine.lines()] == [withheld(1).withheld]
    assert store.quarantine.drop(line.id, actor="kim", now=later)
    assert store.quarantine.to_fetch_again("support", "INBOX", 1, now=later + timedelta(days=9)) == ()


def test_two_readers_take_different_mails(postgres_server: Postgres) -> None:
    """SKIP LOCKED: what one holds, the other does not wait for; what its holder gives back, another takes."""
    store = Store(postgres_server.database())
    store.migrate()
    store.books.keep([raw(uid) for uid in range(1, 6)], now=MONDAY)
    with ExitStack() as stack:
        first = stack.enter_context(store.books.unread(3))
        second = stack.enter_context(store.books.unread(3))
        assert [mail.raw.uid for mail in first.mails] == [1, 2, 3]
        assert [mail.raw.uid for mail in second.mails] == [4, 5]
    with store.books.unread(3) as again:
        assert again.mails[0].raw.uid == 1
    store.close()


def test_copies_read_at_the_same_time_open_one_case(postgres_server: Postgres) -> None:
    """Two readers, each with one of two copies: the second waits for the first and sees a duplicate."""
    url = postgres_server.database()
    houses = [TwinHouse(World(url=url)) for _ in range(4)]
    _ = [house.store for house in houses]
    for number in range(20):
        content = mail(f"I was charged twice for INV-{number}.", message_id=f"<{number}@x>")
        houses[0].store.books.keep([raw(number * 4 + copy + 1, content) for copy in range(4)], now=MONDAY)
    barrier, errors = threading.Barrier(len(houses)), []

    def read(house: TwinHouse) -> None:
        barrier.wait()
        try:
            while pipeline.read_batch(house):
                pass
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    pipeline.BATCH, before = 3, pipeline.BATCH
    try:
        threads = [threading.Thread(target=read, args=(house,)) for house in houses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        pipeline.BATCH = before
    assert errors == []
    assert houses[0].store.books.waiting() == 0
    assert len(houses[0].desk.cases) == 20
    assert sorted(houses[0].desk.outcomes) == ["duplicate"] * 60 + ["taken"] * 20
    for house in houses:
        house.close()


def test_turns_are_taken_by_name(postgres_server: Postgres) -> None:
    """Whoever holds a name makes others wait until its transaction ends; other names go on."""
    store = Store(postgres_server.database())
    order = []

    def second() -> None:
        with writing(store.engine) as session:
            take_turns(session, ["b", "a"])
            order.append("second")

    with writing(store.engine) as session:
        take_turns(session, ["a"])
        thread = threading.Thread(target=second)
        thread.start()
        with writing(store.engine) as other:
            take_turns(other, ["c"])
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    store.close()


def test_what_a_row_cannot_hold_is_the_mails_fault_and_a_lost_server_is_not(postgres_server: Postgres) -> None:
    """The one is set aside; the other is tried again."""
    store = Store(postgres_server.database())
    for statement, trouble in [
        ("SELECT 1/0", False),
        ("SELECT pg_terminate_backend(pg_backend_pid())", True),
    ]:
        with store.engine.connect() as connection:
            with pytest.raises(DBAPIError) as caught:
                connection.execute(text(statement))
            assert is_trouble(caught.value) == trouble
            connection.invalidate()
    assert is_trouble(DatabaseError("gone"))
    assert not is_trouble(ValueError("bad"))
    store.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b"Subject: a\x00b\r\nFrom: x@y.example\r\n\r\ncharged\x00twice\r\n",
        b"Subject: =?utf-8?b?7aCA?=\r\nFrom: a@b.example\r\n\r\ncharged \xed\xa0\x80 INV-1\r\n",
        b"Message-ID: <" + b"x" * 5000 + b"@x>\r\nFrom: " + b"a" * 5000 + b"@b.example\r\n\r\ncharged twice\r\n",
    ],
    ids=["nothing", "only NUL", "NUL within", "half a surrogate", "endless ids"],
)
def test_no_bytes_stop_the_line(house: TwinHouse, content: bytes) -> None:
    """Whatever it is, it gets an outcome, and the mail behind it is read."""
    house.store.books.keep([raw(1, content or b" "), raw(2, mail())], now=MONDAY)
    pipeline.read(house)
    assert house.desk.outcomes[1] == "taken"
    assert len(house.desk.outcomes) == 2


def test_the_view_books_is_what_other_programs_were_promised(house: TwinHouse) -> None:
    """Its columns are a contract."""
    acknowledged(house)
    with house.store.engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM books")).mappings().one()
    assert list(row) == [
        *("mailbox", "folder", "uidvalidity", "uid", "message_id", "sender", "outcome", "why"),
        *("case_reference", "opened", "label", "invoices", "amount"),
    ]
    assert (row["case_reference"], row["invoices"], bool(row["opened"])) == ("DSP-2026-000001-1", '["INV-100"]', True)


# letters


def test_a_case_has_one_acknowledgement_whatever_happens(house: TwinHouse) -> None:
    """A unique key stands behind the decision."""
    letter_id = acknowledged(house)
    with Session(house.store.engine) as session:
        values = session.get_one(tables.OutgoingLetter, letter_id).model_dump(exclude={"id"})
        session.add(tables.OutgoingLetter(**(values | {"message_id": "<other@x>"})))
        with pytest.raises(IntegrityError):
            session.flush()


def test_a_letter_is_claimed_by_one(house: TwinHouse) -> None:
    """The second finds it taken, while it is being sent and afterwards."""
    letter_id = acknowledged(house)
    outbox = house.store.outbox
    with outbox.sending(letter_id, now=house.now()) as going:
        assert going is not None
        assert (going.journal, going.tries) == (DESK, 1)
        with outbox.sending(letter_id, now=house.now()) as second:
            assert second is None
        assert outbox.due(now=house.now()) == ()
    with outbox.sending(letter_id, now=house.now()) as third:
        assert third is None


def test_a_letter_whose_sender_died_is_in_doubt_and_a_living_senders_is_not(house: TwinHouse) -> None:
    """On PostgreSQL the lock tells; where there is one process, that it asks at all."""
    letter_id = acknowledged(house)
    outbox, timeout = house.store.outbox, timedelta(seconds=30)
    with outbox.sending(letter_id, now=house.now()):
        house.world.clock.forward(minutes=10)
        if is_postgres(house.store.engine):
            assert outbox.find_orphans(timeout=timeout, now=house.now()) == 0
    assert outbox.find_orphans(timeout=timeout, now=house.now()) == 1
    assert house.desk.letter.state == "in_doubt"


def test_answers_to_a_letter_that_is_settled_change_nothing(house: TwinHouse) -> None:
    """The journal copy was faster than the relay's answer, or a person was."""
    letter_id = acknowledged(house)
    with house.store.outbox.sending(letter_id, now=house.now()):
        house.store.outbox.settle(letter_id, Next(state="sent", due=None, why="copy"), now=house.now())
        house.store.outbox.settle(letter_id, Next(state="in_doubt", due=None, why="late"), now=house.now())
    assert house.desk.letter.state == "sent"


def test_people_move_letters_only_where_that_makes_sense(house: TwinHouse) -> None:
    """A letter that went out is not sent again by a slip of the hand."""
    letter_id = acknowledged(house)
    outbox = house.store.outbox
    with pytest.raises(OperatorError):
        outbox.mark_sent(letter_id, actor="kim", now=house.now())
    pipeline.deliver(house)
    for forbidden in (outbox.retry, outbox.cancel, outbox.mark_sent):
        with pytest.raises(OperatorError):
            forbidden(letter_id, actor="kim", now=house.now())
    with pytest.raises(NotFound):
        outbox.retry(99, actor="kim", now=house.now())


def test_a_cancelled_letter_does_not_go_out(house: TwinHouse) -> None:
    """Nor does it come back."""
    house.store.outbox.cancel(acknowledged(house), actor="kim", now=house.now())
    assert pipeline.deliver(house) == 0
    assert house.desk.letter.state == "cancelled"


def test_a_letter_in_doubt_is_not_released(house: TwinHouse) -> None:
    """It may have gone out: a second copy is for `retry`, which says so."""
    letter_id = acknowledged(house)
    house.world.relay.script.append(Lost(why="cut"))
    pipeline.deliver(house)
    with pytest.raises(OperatorError, match="is in doubt; this needs one that is held"):
        house.store.outbox.release(letter_id, actor="kim", now=house.now())
    assert house.desk.letter.state == "in_doubt"


def test_voiding_a_case_cancels_its_letter_in_the_same_moment(house: TwinHouse) -> None:
    """With a line of history; nobody can send it any more until the case is open again."""
    letter_id = acknowledged(house)
    reference = house.desk.case.line.reference
    house.store.cases.move(reference, "reject", actor="kim", now=house.now())
    assert house.desk.letter.state == "cancelled"
    assert ("kim", f"letter {letter_id}: cancelled, for the case is voided") in [
        (event.actor, event.text) for event in house.desk.case.events
    ]
    assert pipeline.deliver(house) == 0
    with pytest.raises(OperatorError):
        house.store.outbox.retry(letter_id, actor="kim", now=house.now())
    house.store.cases.move(reference, "reopen", actor="kim", now=house.now())
    assert house.desk.letter.state == "held"
    house.store.outbox.release(letter_id, actor="kim", now=house.now())
    assert pipeline.deliver(house) == 1


@pytest.mark.parametrize("state", ["sending", "in_doubt", "sent", "refused"])
def test_voiding_a_case_leaves_letters_alone_that_may_have_gone_out(house: TwinHouse, state: str) -> None:
    """What is done is done; one in doubt is still looked for."""
    letter_id = acknowledged(house)
    with house.store.outbox.sending(letter_id, now=house.now()):
        if state != "sending":
            house.store.outbox.settle(letter_id, Next(state=state, due=None, why="so"), now=house.now())
        house.store.cases.move(house.desk.case.line.reference, "reject", actor="kim", now=house.now())
        assert house.desk.letter.state == state


def test_a_letter_that_the_relay_put_off_while_its_case_was_voided_is_cancelled(house: TwinHouse) -> None:
    """It was `sending` as the case was voided; the next try does not happen."""
    letter_id = acknowledged(house)
    with house.store.outbox.sending(letter_id, now=house.now()):
        house.store.cases.move(house.desk.case.line.reference, "reject", actor="kim", now=house.now())
        later = Next(state="due", due=house.now(), why="try 1: greylisted")
        house.store.outbox.settle(letter_id, later, now=house.now())
    assert pipeline.deliver(house) == 0
    assert (house.desk.letter.state, house.world.relay.deliveries) == ("cancelled", [])


def test_a_letter_that_was_cancelled_in_doubt_stays_so_when_its_case_opens_again(house: TwinHouse) -> None:
    """It may have gone out before: nothing that waits for a release may arrive twice."""
    letter_id = acknowledged(house)
    house.world.relay.script.append(Lost(why="cut"))
    pipeline.deliver(house)
    house.store.outbox.cancel(letter_id, actor="kim", now=house.now())
    for move in ("reject", "reopen"):
        house.store.cases.move(house.desk.case.line.reference, move, actor="kim", now=house.now())
    assert house.desk.letter.state == "cancelled"


# alarms, diary, desk


def test_an_alarm_is_raised_once_and_counted_until_it_is_cleared(store: Store) -> None:
    """A person is called once for one matter."""
    assert store.alarms.call("mailbox", "support", "refused", now=MONDAY)
    assert not store.alarms.call("mailbox", "support", "refused again", now=MONDAY + timedelta(hours=1))
    assert store.alarms.call("mailbox", "sales", "refused", now=MONDAY)
    newest = store.alarms.open()[0]
    assert (newest.subject, newest.count, newest.why, newest.first_at) == ("support", 2, "refused again", MONDAY)
    store.alarms.clear("mailbox", "support", now=MONDAY)
    store.alarms.clear("mailbox", "support", now=MONDAY)
    assert [alarm.subject for alarm in store.alarms.open()] == ["sales"]
    assert store.alarms.call("mailbox", "support", "refused", now=MONDAY)


def test_alarms_called_by_many_at_once_are_one(store: Store) -> None:
    """Two processes notice the same trouble at the same moment."""
    threads = [
        threading.Thread(target=store.alarms.call, args=("relay", "", "down"), kwargs={"now": MONDAY}) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [alarm.count for alarm in store.alarms.open()] == [6]


def test_every_event_of_a_case_plans_its_diary_afresh(house: TwinHouse) -> None:
    """A look ends the clock of looking; an answer the clock of answering; what runs on is left alone."""
    acknowledged(house)
    cases, reference = house.store.cases, house.desk.case.line.reference
    house.world.clock.forward(minutes=5)
    before = {item.kind: item.due for item in house.desk.case.diary}
    cases.note(reference, "called the bank", actor="kim", now=house.now())
    assert {item.kind for item in house.desk.case.diary if item.state == "open"} == {
        "customer_was_answered",
        "resolution_due",
    }
    cases.answered(reference, actor="kim", now=house.now())
    (left,) = [item for item in house.desk.case.diary if item.state == "open"]
    assert (left.kind, left.due) == ("resolution_due", before["resolution_due"])
    cases.move(reference, "ask_customer", actor="kim", now=house.now())
    cases.resolve(reference, "withdrawn", root_cause="none", actor="kim", now=house.now())
    assert not [item for item in house.desk.case.diary if item.state == "open"]
    cases.move(reference, "reopen", actor="kim", now=house.now())
    assert len([item for item in house.desk.case.diary if item.state == "open"]) == 3


def test_a_due_check_is_carried_out_once(house: TwinHouse) -> None:
    """Two processes look at the same check: the second finds it done."""
    acknowledged(house)
    house.world.clock.forward(hours=5)
    (check,) = house.store.follow_ups.due(now=house.now())
    look = pipeline.look_at(check.plan, house.policy.clocks, check.history, house.policy.calendar, now=house.now())
    assert house.store.follow_ups.settle(check, look, now=house.now())
    assert not house.store.follow_ups.settle(check, look, now=house.now())
    assert len([event for event in house.desk.case.events if event.kind == "follow_up"]) == 1


def test_the_queue_shows_what_is_asked_for_most_pressing_first(house: TwinHouse) -> None:
    """Escalated before urgent before due; by state, person and words."""
    for number in range(3):
        content = mail(
            f"I was charged twice for INV-{number}.", sender=f"c{number}@example.org", message_id=f"<{number}@x>"
        )
        house.world.mailboxes["support"].put(content, arrived=house.now())
    house.settle()
    cases, now = house.store.cases, house.now()
    first, second, third = (case.line.reference for case in house.desk.cases)
    cases.escalate(third, "the press has called", actor="kim", now=now)
    cases.assign(second, "kim", actor="lee", now=now)
    assert cases.queue()[0].reference == third
    assert [line.reference for line in cases.queue(assignee="kim")] == [second]
    assert [line.reference for line in cases.queue(search="C0@")] == [first]
    assert cases.queue(states=["closed"]) == ()
    assert cases.counts() == {"open": 3}
    cases.correct_reason(first, "unexpected_fee", actor="kim", now=now)
    assert cases.show(first.lower()).line.reason == "unexpected_fee"
    with pytest.raises(NotFound):
        cases.show("DSP-2026-000009-9")


def test_the_most_pressing_case_is_on_the_first_page_however_old_it_is(house: TwinHouse) -> None:
    """The queue is ordered before it is cut, and it is said how many cases there are in all."""
    for number in range(4):
        content = mail(
            f"I was charged twice for INV-{number}.", sender=f"c{number}@example.org", message_id=f"<{number}@x>"
        )
        house.world.mailboxes["support"].put(content, arrived=house.now())
        house.settle()
        house.world.clock.forward(hours=1)
    cases, now = house.store.cases, house.now()
    first, second, third, fourth = (case.line.reference for case in house.desk.cases)
    with Session(house.store.engine) as session, session.begin():
        session.get_one(tables.Case, 2).priority = "urgent"
    cases.escalate(third, "the press has called", actor="kim", now=now)
    # only its resolution is due now, far ahead
    cases.answered(first, actor="kim", now=now)
    cases.note(first, "looked", actor="kim", now=now)
    order = [third, second, fourth, first]
    for limit in range(1, 5):
        assert [line.reference for line in cases.queue(limit=limit)] == order[:limit]
    assert cases.count() == 4
    assert cases.count(states=["review"]) == 0
    assert cases.count(search="c1@", assignee="") == 1
    cases.deescalate(third, "it was another firm", actor="kim", now=now)
    assert [line.reference for line in cases.queue()] == [second, third, fourth, first]
    with pytest.raises(OperatorError, match="is not escalated"):
        cases.deescalate(third, "", actor="kim", now=now)


def test_a_move_that_the_table_does_not_allow_changes_nothing(house: TwinHouse) -> None:
    """And is told in words."""
    acknowledged(house)
    reference = house.desk.case.line.reference
    with pytest.raises(OperatorError, match="cannot confirm"):
        house.store.cases.move(reference, "confirm", actor="kim", now=house.now())
    assert house.desk.case.line.state == "open"


# the daemon's right


def test_a_second_daemon_on_one_file_is_refused_and_told_which_is_the_first(store: Store) -> None:
    """SQLite serves one; PostgreSQL any number."""
    with one_daemon(store.engine):
        if is_postgres(store.engine):
            with one_daemon(store.engine):
                return
        with pytest.raises(AlreadyRunning, match=r"process \d+"), one_daemon(store.engine):
            pass
    with one_daemon(store.engine):
        pass
