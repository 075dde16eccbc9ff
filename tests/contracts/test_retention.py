"""What is past its time: who wrote, and what, is gone; what is counted, and the books, stay. On both databases."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from furnished import HandClock, TwinHouse, World, bounce, mail, scripted
from sqlmodel import SQLModel

from triage import on_request
from triage.daemon import Daemon
from triage.errors import OperatorError
from triage.house import House
from triage.mail.message import Message
from triage.store import retention
from triage.store.dialect import is_postgres
from triage.store.pseudonyms import CHANGES, Pseudonyms, hashed_id
from triage.store.retention import Forgotten, PastTime
from triage.store.session import reading
from triage.understanding.findings import Evidence, Finding, Understanding

NAMES = Pseudonyms(b"k" * 32)

#: what nobody can be told by, and the books, the figures and the site's own staff need; each column was decided about
STAYS = {
    # how far the folders were read
    "cursor": "mailbox folder uidvalidity last_uid seen_at error error_since",
    # UIDs, times, outcome, verdict and sum; hashes of bytes and words know a copy again
    "mail": "id mailbox folder uidvalidity uid arrived kept_at size truncated digest outcome read_at words_digest "
    "label band probability reason language case_id opened amount currency file_as forgotten_at",
    # its rows go whole
    "raw": "mail_id content",
    "attempt": "mail_id count",
    "record": "mail_id",
    "correction": "mail_id at actor label pinned",
    # a root cause is for reports and names no customer; actors and assignees are staff
    "dispute_case": "id reference state reason root_cause resolution priority escalated assignee tags language amount "
    "currency opened_at updated_at resolved_at forgotten_at",
    "participant": "case_id",
    "mail_reference": "case_id",
    "caseinvoice": "case_id",
    "event": "id case_id at actor kind",
    # our own Message-ID names a case: a bounce is known by it
    "letter": "id case_id kind state journal message_id language template attempts created_at next_try first_try "
    "sending_since sent_at doubt_since bounced_at",
    # the words of rules/clocks.toml
    "diary": "id case_id kind due why effect start step state outcome done_at",
    "alarm": "id kind count first_at last_at cleared_at",
    # our own accounts, and our staff
    "login_failure": "account why refused tries not_before tried_with",
    "switch": "name value actor at",
    # the site's own bookkeeping, with its own time: triage ledger import --replace
    "ledger_customer": "id name",
    "ledger_address": "address customer",
    "ledger_invoice": "number key serial customer issued due period_start period_end status currency net tax total",
    "ledger_line": "invoice position key description quantity unit_price amount tax_rate period_start period_end",
    "ledger_payment": "id invoice key customer currency amount received reference",
    "ledger_credit": "id kind invoice key customer currency amount issued reason",
    "ledger_import": "id at actor files rows",
}


@pytest.fixture
def world(database_url: str, clock: HandClock) -> World:
    """The outside, with the books in either database."""
    return World(url=database_url, clock=clock)


def telling(message: Message, house: House) -> Understanding:
    """As scripted, with words of the mail as evidence and as a finding."""
    understood = scripted(message, house)
    assert understood.verdict is not None
    words = Evidence(start=0, end=12, text="Verylongname", weight=0.5)
    account = Finding(kind="account", text="Verylongname", value="K-77123", start=0, end=12)
    return replace(
        understood,
        verdict=replace(understood.verdict, evidence=(words,)),
        findings=(*understood.findings, account),
    )


@pytest.fixture
def house(world: World) -> Iterator[TwinHouse]:
    with TwinHouse(world, understand=telling) as house:
        yield house


def come(house: TwinHouse, content: bytes) -> None:
    """A mail comes in and is seen to."""
    house.world.mailboxes["support"].put(content, arrived=house.now())
    house.settle()


def complaint(name: str = "ana", **changes: Any) -> bytes:
    words = f"Verylongname here. I was charged twice for INV-{len(name)}00, 40.00 EUR. Regards, {name}"
    given = {
        "sender": f"Anastasia Verylongname <{name}@example.org>",
        "message_id": f"<{name}-1@example.org>",
        "subject": f"Verylongname: {name}",
    }
    return mail(words, **given | changes)


def resolved(house: TwinHouse, name: str = "ana") -> str:
    """A complaint whose case has been worked and resolved; gives its reference."""
    come(house, complaint(name))
    line = next(each for each in house.store.cases.queue(limit=99) if each.customer == f"{name}@example.org")
    work: dict[str, Any] = {"actor": "agent", "now": house.now()}
    house.store.cases.note(line.reference, f"Verylongname ({name}@example.org) called", **work)
    house.store.cases.resolve(line.reference, "upheld", root_cause="double run", **work)
    return line.reference


def forget(house: TwinHouse, *, names: Pseudonyms = NAMES, **options: Any) -> Forgotten:
    """What is past twelve months goes."""
    before = retention.months_before(house.now(), 12)
    past = PastTime(cases=before, mails=before)
    return sum(house.store.retention.run(past, names, now=house.now(), **options), Forgotten())


def everything(house: TwinHouse) -> str:
    """Every value of every row of every table."""
    with reading(house.store.engine) as session:
        connection = session.connection()
        tables = SQLModel.metadata.sorted_tables
        return "\n".join(
            f"{table.name} {dict(row)}" for table in tables for row in connection.execute(table.select()).mappings()
        )


def test_every_column_of_every_table_has_been_decided_about() -> None:
    """A new column with personal data cannot be forgotten: it stands here, or among the changes."""
    changed = {table.__tablename__: set(changes) for table, changes in CHANGES.items()}
    for table in SQLModel.metadata.sorted_tables:
        stays = set(STAYS[table.name].split())
        assert not stays & changed.get(table.name, set()), table.name
        assert stays | changed.get(table.name, set()) == {column.name for column in table.columns}, table.name
    assert set(STAYS) == set(SQLModel.metadata.tables)


def test_nothing_tells_who_wrote_or_what(house: TwinHouse) -> None:
    """Names, addresses, subjects, numbers, words, Message-IDs: not in any column of any table."""
    resolved(house)
    come(house, mail("Thank you! Verylongname", sender="Bo <bo@example.net>", message_id="<bo-1@example.net>"))
    come(house, complaint("ana", message_id="<ana-2@example.org>", answers="<ana-1@example.org>"))
    house.world.clock.forward(days=400)
    done = forget(house)
    assert (done.cases, done.mails, done.letters) == (1, 4, 1)
    assert done.bytes > 1000
    left = everything(house)
    for secret in ("Verylongname", "Anastasia", "ana@", "bo@", "INV-", "K-77123", "example.org", "example.net"):
        assert secret not in left, secret
    assert "double run" in left


def test_what_is_counted_stays(house: TwinHouse) -> None:
    """Reasons, sums, languages, times, outcomes, who decided; and one person stays one person."""
    for name in ("ana", "bob"):
        resolved(house, name)
    before, books = house.desk.cases, house.desk.books
    house.world.clock.forward(days=400)
    come(house, complaint("ana", message_id="<ana-2@example.org>"))
    assert forget(house).cases == 2
    for old, new in zip(before, house.desk.cases, strict=False):
        same = ("reference", "state", "reason", "language", "amount", "currency", "opened_at", "priority")
        assert [getattr(old.line, name) for name in same] == [getattr(new.line, name) for name in same]
        assert (old.resolution, old.root_cause, old.resolved_at) == (new.resolution, new.root_cause, new.resolved_at)
        assert [(event.kind, event.at, event.actor) for event in old.events] == [
            (event.kind, event.at, event.actor) for event in new.events
        ]
        assert [check.outcome for check in old.diary] == [check.outcome for check in new.diary]
        assert len(new.line.invoices) == 1
        assert new.record["dispute"]["reason"] == old.record["dispute"]["reason"]
        assert [each["kind"] for each in new.record["findings"]] == [each["kind"] for each in old.record["findings"]]
    for was, line in zip(books, house.desk.books, strict=False):
        assert (was.uid, was.outcome, was.amount, was.opened, was.case) == (
            line.uid, line.outcome, line.amount, line.opened, line.case,
        )  # fmt: skip
    senders = {line.sender for line in house.desk.books if line.opened}
    assert len(senders) == 3
    house.store.cases.resolve(
        house.desk.cases[-1].line.reference, "upheld", root_cause="again", actor="agent", now=house.now()
    )
    house.world.clock.forward(days=400)
    forget(house)
    senders = {line.sender for line in house.desk.books if line.opened}
    assert senders == {NAMES.person("ana@example.org"), NAMES.person("bob@example.org")}


def test_the_books_still_know_every_mail(house: TwinHouse) -> None:
    """A copy is a copy, an answer joins, a bounce is told; nothing is asked for twice, no second letter goes out."""
    reference = resolved(house)
    letter = house.world.relay.deliveries[0].content
    house.world.clock.forward(days=400)
    forget(house)
    come(house, complaint())
    come(house, mail("I was charged once more!", message_id="<ana-2@example.org>", answers="<ana-1@example.org>"))
    come(house, bounce(letter))
    lines = house.desk.books[-3:]
    assert [(line.outcome, line.case) for line in lines] == [
        ("duplicate", reference), ("taken", reference), ("taken", reference),
    ]  # fmt: skip
    assert house.desk.case.line.state == "open"
    assert house.desk.letter.bounced
    assert house.world.reached("ana@example.org") == 1
    mailbox = house.world.mailboxes["support"]
    assert set(mailbox.uids()) <= house.store.books.uids("support", "INBOX", mailbox.open())


def test_an_answer_that_was_read_first_is_known_by_its_hash(house: TwinHouse) -> None:
    """The mail that a forgotten one answers comes at last, and joins its case."""
    come(house, complaint("ana", message_id="<ana-2@example.org>", answers="<ana-1@example.org>"))
    reference = house.desk.case.line.reference
    house.store.cases.resolve(reference, "upheld", root_cause="double run", actor="agent", now=house.now())
    house.world.clock.forward(days=400)
    forget(house)
    come(house, mail("I was charged and did not want it.", message_id="<ana-1@example.org>"))
    assert house.desk.books[-1].case == reference


def test_what_a_person_still_needs_is_not_touched(house: TwinHouse) -> None:
    """Cases at work, in review, on hold, and those whose letter waits, whatever their age."""
    resolved(house, "gone")
    held = resolved(house, "held")
    house.store.cases.tag(held, retention.LEGAL_HOLD, on=True, actor="agent", now=house.now())
    come(house, complaint("open"))
    come(house, mail("perhaps wrong, says Verylongname", sender="review@example.org", message_id="<r@example.org>"))
    house.store.outbox.stop(stopped=True, actor="agent", now=house.now())
    resolved(house, "waits")
    house.world.clock.forward(days=400)
    done = forget(house)
    assert (done.cases, done.legal_hold, done.waiting_letter) == (1, 1, 1)
    customers = {case.line.customer for case in house.desk.cases}
    kept = {f"{name}@example.org" for name in ("held", "open", "review", "waits")}
    assert customers == kept | {NAMES.person("gone@example.org")}
    house.store.cases.tag(held, retention.LEGAL_HOLD, on=False, actor="agent", now=house.now())
    house.world.clock.forward(days=400)
    assert forget(house).cases == 1


def test_what_is_not_past_its_time_stays(house: TwinHouse) -> None:
    """It counts from the last thing that happened to the case; and no months are no limit."""
    resolved(house)
    house.world.clock.forward(days=300)
    come(house, mail("Thank you for that", message_id="<ana-2@example.org>", answers="<ana-1@example.org>"))
    house.world.clock.forward(days=100)
    assert forget(house).cases == 0
    assert house.desk.case.line.customer == "ana@example.org"
    house.world.clock.forward(days=4000)
    never = PastTime(cases=None, mails=None)
    assert list(house.store.retention.run(never, NAMES, now=house.now())) == []
    assert house.desk.case.line.customer == "ana@example.org"


def test_a_case_that_was_stirred_is_forgotten_again(house: TwinHouse) -> None:
    """The new mail too, when its time has come; the same person and invoice are there once."""
    reference = resolved(house)
    house.world.clock.forward(days=400)
    forget(house)
    come(house, complaint("ana", message_id="<ana-2@example.org>", answers="<ana-1@example.org>"))
    house.store.cases.resolve(reference, "upheld", root_cause="again", actor="agent", now=house.now())
    house.world.clock.forward(days=400)
    assert forget(house).cases == 1
    assert "Verylongname" not in everything(house)
    assert "example.org" not in everything(house)
    assert forget(house) == Forgotten()


def test_a_run_that_is_broken_off_goes_on_with_the_next(house: TwinHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch is whole, and nothing is done twice."""
    monkeypatch.setattr(retention, "_CASES", 1)
    for name in ("a", "bb", "ccc"):
        resolved(house, name)
    house.world.clock.forward(days=400)
    before = retention.months_before(house.now(), 12)
    batches = house.store.retention.run(PastTime(cases=before, mails=before), NAMES, now=house.now())
    assert next(batches).cases == 1
    batches.close()
    assert [line.text for line in house.store.history()] == ["made pseudonyms: 1 cases, 1 mails, 1 letters"]
    assert sum("Verylongname" in case.line.customer_name for case in house.desk.cases) == 2
    assert forget(house).cases == 2
    assert "Verylongname" not in everything(house)


def test_a_dry_run_tells_the_same_and_changes_nothing(house: TwinHouse) -> None:
    """Figures of what would be, to the byte."""
    resolved(house)
    come(house, mail("Thank you!", sender="bo@example.org", message_id="<bo@example.org>"))
    house.world.clock.forward(days=400)
    before = everything(house)
    would = forget(house, dry_run=True)
    assert everything(house) == before
    assert would == forget(house) != Forgotten()


def test_a_mail_in_quarantine_past_its_time_is_dropped(house: TwinHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has looked for so long; its alarm ends with it."""

    def broken(*_: object) -> Understanding:
        raise ValueError("Verylongname broke it")

    with monkeypatch.context() as patched:
        patched.setattr(house, "_script", broken)
        come(house, complaint())
    assert house.desk.alarms == {"quarantine": 1}
    house.world.clock.forward(days=400)
    assert forget(house).mails == 1
    assert house.desk.outcomes == ["ignored"]
    assert house.desk.alarms == {}
    assert "Verylongname" not in everything(house)
    house.settle()
    assert house.desk.outcomes == ["ignored"]


def test_an_alarm_about_a_sender_goes_with_its_time(house: TwinHouse) -> None:
    """An open one is over by then; what is no person's stays to be seen."""
    for kind, subject in (("storm", "ana@example.org"), ("relay", "")):
        house.store.alarms.call(kind, subject, "Verylongname", now=house.now())
    house.store.alarms.call("sender_cap", "bo@example.org", "many", now=house.now())
    house.store.alarms.clear("sender_cap", "bo@example.org", now=house.now(), actor="agent")
    house.world.clock.forward(days=400)
    forget(house)
    left = everything(house)
    assert "Verylongname" not in left
    assert "example.org" not in left
    assert house.desk.alarms == {"relay": 1}


def test_a_letter_without_its_words_does_not_go_out(house: TwinHouse) -> None:
    """A voided case may be reopened after its time; its letter was cancelled, and cannot be released."""
    house.store.outbox.stop(stopped=True, actor="agent", now=house.now())
    come(house, complaint())
    reference = house.desk.case.line.reference
    house.store.cases.move(reference, "reject", actor="agent", now=house.now())
    house.world.clock.forward(days=400)
    assert forget(house).cases == 1
    house.store.outbox.stop(stopped=False, actor="agent", now=house.now())
    house.store.cases.move(reference, "reopen", actor="agent", now=house.now())
    for as_written in (True, False):
        with pytest.raises(OperatorError, match="its words were deleted"):
            on_request.release(house, house.desk.letter.id, as_written=as_written, actor="agent")
    house.settle()
    assert house.world.relay.deliveries == []


def test_another_key_is_refused(house: TwinHouse) -> None:
    """It would make two persons of one, unless somebody says that the old one is lost."""
    resolved(house)
    house.world.clock.forward(days=400)
    forget(house)
    other = Pseudonyms(b"o" * 32)
    with pytest.raises(OperatorError, match="--new-key"):
        forget(house, names=other)
    forget(house, names=other, new_key=True)
    forget(house, names=other)


def test_a_pseudonym_is_one_for_one_person() -> None:
    """Whatever the capitals, made once; another key, another pseudonym; nothing stays nothing."""
    ana = NAMES.person("Ana@example.org")
    assert ana == NAMES.person("ana@example.org") == NAMES.person(ana)
    assert ana != Pseudonyms(b"o" * 32).person("ana@example.org") != NAMES.person("bo@example.org")
    assert NAMES.person("") == NAMES.number("") == ""
    assert NAMES.number(NAMES.number("INV-1")) == NAMES.number("INV-1")
    assert hashed_id(hashed_id("<1@x>")) == hashed_id("<1@x>")


def test_the_file_itself_holds_nothing_any_more(house: TwinHouse) -> None:
    """What is deleted from a SQLite file is overwritten, and its room can be given back."""
    if is_postgres(house.store.engine):
        assert house.store.retention.give_back() is None
        return
    path = Path(house.store.engine.url.database or "")
    resolved(house)
    come(house, complaint("bob", Comments="Verylongname " * 9000, sender="bob@example.org"))
    house.store.cases.move(house.desk.cases[-1].line.reference, "reject", actor="agent", now=house.now())
    house.world.clock.forward(days=400)
    assert forget(house).cases == 2
    spare = house.store.retention.give_back()
    assert spare is not None
    assert spare > 50_000
    assert b"Verylongname" not in path.read_bytes()
    assert b"Verylongname" not in Path(f"{path}-wal").read_bytes()


def test_the_daemon_forgets_by_itself(world: World) -> None:
    """Where months are set, with the walk that looks again."""
    with TwinHouse(world, understand=telling) as house:
        resolved(house)
        world.clock.forward(days=400)
        kept = house.settings.retention.model_validate({"cases_months": 12, "key": "k" * 32})
        house.settings = house.settings.model_copy(update={"retention": kept})
        daemon = Daemon(house, ("look_again",))
        running = threading.Thread(target=daemon.run)
        running.start()
        try:
            for _ in range(600):
                if house.desk.case.forgotten_at is not None:
                    break
                time.sleep(0.1)
        finally:
            daemon.stop()
            running.join()
        assert house.desk.case.line.customer == NAMES.person("ana@example.org")
        assert [line.kind for line in house.store.history()] == ["retention"]
