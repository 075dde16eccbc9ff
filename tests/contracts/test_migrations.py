"""A database comes up to date, whoever wrote it: the same on SQLite and on PostgreSQL."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from furnished import DESK, MONDAY, HandClock, TwinHouse, World, mail
from sqlalchemy import Connection, text

from triage import pipeline
from triage.errors import DatabaseError
from triage.store.session import writing
from triage.store.store import MIGRATIONS, Store

FIRST = "0001"


@contextmanager
def written_by(version: str, url: str) -> Iterator[Connection]:
    """An empty database as that version made it, open for its rows."""
    store = Store(url)
    with store.engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        yield connection
    store.close()


def put(connection: Connection, table: str, **values: Any) -> None:
    """One row."""
    columns = ", ".join(f'"{name}"' for name in values)
    parameters = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({parameters})"), values)  # noqa: S608 - our own


def furnish(connection: Connection) -> None:
    """What it left behind: a case whose letter is due, a mail that waits to be read, a check, an alarm."""
    at = MONDAY.strftime("%Y-%m-%d %H:%M:%S.000000")
    put(connection, "cursor", mailbox="support", folder="INBOX", uidvalidity=1, last_uid=2, seen_at=at, error="")
    same = {
        "mailbox": "support",
        "folder": "INBOX",
        "uidvalidity": 1,
        "arrived": at,
        "kept_at": at,
        "size": 300,
        "truncated": False,
        "digest": "0" * 64,
        "words_digest": "",
        "file_as": "",
    }
    read = {"outcome": "taken", "why": "", "message_id": "<1@example.org>", "sender": "ana@example.org", "case_id": 1}
    read |= {"subject": "My invoice", "label": "dispute", "opened": True, "invoices": '["INV-100"]'}
    put(connection, "mail", id=1, uid=1, **same, **read)
    put(connection, "mail", id=2, uid=2, **same, why="", subject="", opened=False, invoices="[]")
    put(connection, "raw", mail_id=1, content=mail())
    put(connection, "raw", mail_id=2, content=mail(sender="bo@example.org", message_id="<2@example.org>"))
    put(connection, "record", mail_id=1, decided="{}")
    case = {"reference": "DSP-2026-000001-1", "state": "open", "reason": "duplicate_charge", "root_cause": ""}
    case |= {"resolution": "", "priority": "normal", "escalated": False, "assignee": "", "tags": "[]", "language": "en"}
    case |= {"customer": "ana@example.org", "customer_name": "Ana", "subject": "My invoice", "invoices": '["INV-100"]'}
    put(connection, "dispute_case", id=1, **case, review_why="", opened_at=at, updated_at=at)
    put(connection, "participant", case_id=1, address="ana@example.org")
    letter = {"kind": "acknowledgement", "state": "due", "recipient": "ana@example.org", "journal": DESK}
    letter |= {"message_id": "<letter@example.com>", "subject": "Re: My invoice", "language": "en", "why": ""}
    letter |= {"template": "acknowledgement", "content": b"Message-ID: <letter@example.com>\r\n\r\nDear Ana,\r\n"}
    put(connection, "letter", id=1, case_id=1, **letter, attempts=0, created_at=at, next_try=at)
    check = {
        "kind": "agent_has_looked",
        "due": at,
        "why": "nobody has looked",
        "effect": "alert",
        "start": at,
        "step": 0,
    }
    put(connection, "diary", id=1, case_id=1, **check, state="open", outcome="")
    put(connection, "event", id=1, case_id=1, at=at, actor="triage", kind="opened", text="", detail="{}")
    alert = {"kind": "follow_up", "text": "alert (the queue): nobody has looked"}
    put(connection, "event", id=2, case_id=1, at=at, actor="triage", **alert, detail="{}")
    put(connection, "alarm", id=1, kind="relay", subject="", why="down", count=3, first_at=at, last_at=at)
    if connection.dialect.name == "postgresql":
        for table in ("mail", "dispute_case", "letter", "diary", "event", "alarm"):
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 2)"))


def test_what_the_first_version_left_goes_on_under_this_one(database_url: str, clock: HandClock) -> None:
    """Nothing is fetched, opened or sent again; what waited is read, sent and looked at."""
    with written_by(FIRST, database_url) as connection:
        furnish(connection)
    world = World(url=database_url, clock=clock)
    support = world.mailboxes["support"]
    support.put(mail(), arrived=MONDAY)
    support.put(mail(sender="bo@example.org", message_id="<2@example.org>"), arrived=MONDAY)
    with TwinHouse(world) as house:
        assert house.store.version() > FIRST
        assert pipeline.collect(house) == 0
        house.settle()
        desk = house.desk
        assert [event.kind for event in desk.cases[0].events][:2] == ["opened", "escalated"]
        assert desk.outcomes == ["taken", "taken"]
        assert [line.opened for line in desk.books[:2]] == [True, True]
        assert [letter.state for letter in desk.letters] == ["sent", "sent"]
        assert world.reached("ana@example.org") == world.reached("bo@example.org") == 1
        world.clock.forward(hours=6)
        house.settle()
        assert "follow_up" in [event.kind for event in desk.cases[0].events]
        support.put(mail("Charged again!", message_id="<3@x>", answers="<1@example.org>"), arrived=MONDAY)
        house.settle()
        assert len(desk.cases[0].mails) == 2


def test_an_upgrade_that_fails_half_way_leaves_the_old_version_whole(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one transaction: the next start tries again."""
    with written_by(FIRST, database_url) as connection:
        furnish(connection)
    upgrade = command.upgrade

    def broken(*arguments: Any) -> None:
        upgrade(*arguments)
        raise KeyboardInterrupt

    store = Store(database_url)
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", broken)
        with pytest.raises(KeyboardInterrupt):
            store.migrate()
    assert store.version() == FIRST
    store.migrate()
    assert store.version() > FIRST
    store.close()


def triage_migrate(url: str, folder: Any) -> "subprocess.Popen[str]":
    """`triage migrate` in a process of its own."""
    (folder / "config.toml").write_text(f'[database]\nurl = "{url}"\n')
    words = [sys.executable, "-m", "triage", "--config", str(folder / "config.toml"), "migrate"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_start_at_once_take_turns(database_url: str, tmp_path: Any) -> None:
    """One upgrades, the others find it done; all end well."""
    with written_by(FIRST, database_url) as connection:
        furnish(connection)
    started = [triage_migrate(database_url, tmp_path) for _ in range(3)]
    said = [process.communicate(timeout=240) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    assert sorted(out.startswith(f"Schema {FIRST} →") for out, _ in said)[-1]


def test_a_newer_database_is_refused_in_one_line(database_url: str, tmp_path: Any) -> None:
    """Exit code 2, what is wrong and what to do, and no traceback."""
    store = Store(database_url)
    store.migrate()
    with writing(store.engine) as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="upgrade triage"):
        store.migrate()
    store.close()
    process = triage_migrate(database_url, tmp_path)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 2
    assert "schema 9999" in said
    assert len(said.strip().splitlines()) == 1
