"""`triage backup`: a copy of one moment, whole or not at all."""

import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from furnished import HandClock, TwinHouse, World, mail

from tests.cli.conftest import Run
from triage import daemon, pipeline
from triage.store.store import Store


def complain(house: TwinHouse, number: int) -> None:
    """A customer's complaint comes in."""
    words = f"I was charged twice for INV-{number}, please look into it."
    content = mail(words, sender=f"<c{number}@example.org>", message_id=f"<{number}@example.org>")
    house.world.mailboxes["support"].put(content, arrived=house.now())


def count(file: Path, table: str) -> int:
    """Rows of a table in a file that nobody has opened."""
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own


def test_the_copy_is_sound_private_and_told(triage: Run, tmp_path: Path, house: TwinHouse) -> None:
    """Its size and schema are printed, nobody else can read it, and nothing else is left in the folder."""
    complain(house, 1)
    house.settle()
    (tmp_path / "copies").mkdir()
    ran = triage("backup", "copies/triage.db")
    assert (ran.code, ran.err) == (0, "")
    assert "schema 0002, sound" in ran.out
    (copy,) = (tmp_path / "copies").iterdir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert count(copy, "letter") == 1


def test_a_file_that_is_there_is_kept(triage: Run, tmp_path: Path, house: TwinHouse) -> None:
    """Only --force writes over it."""
    assert house.store.version()
    (tmp_path / "old.db").write_text("precious")
    ran = triage("backup", "old.db")
    assert ran.code == 2
    assert "old.db is there already; --force writes over it" in ran.err
    assert (tmp_path / "old.db").read_text() == "precious"
    assert triage("backup", "old.db", "--force").code == 0
    assert count(tmp_path / "old.db", "letter") == 0


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("triage.db", "belongs to the database itself"),
        ("triage.db-wal", "belongs to the database itself"),
        ("link.db", "belongs to the database itself"),
        ("folder", "is a folder"),
        ("nowhere/copy.db", "No such file or directory; no copy was made"),
    ],
)
def test_a_place_that_cannot_be_is_one_line(
    triage: Run, tmp_path: Path, house: TwinHouse, file: str, said: str
) -> None:
    """Exit code 2, also with --force, and the database is as it was."""
    complain(house, 1)
    house.settle()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "triage.db")
    ran = triage("backup", file, "--force")
    assert ran.code == 2
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert count(tmp_path / "triage.db", "letter") == 1


def test_where_there_is_no_database_none_is_made(triage: Run, tmp_path: Path) -> None:
    """A wrong folder is told, and an empty file is no backup."""
    ran = triage("backup", "copy.db")
    assert ran.code == 2
    assert f"there is no database at {tmp_path / 'triage.db'} yet" in ran.err
    (tmp_path / "triage.db").touch()
    ran = triage("backup", "copy.db")
    assert ran.code == 2
    assert "there is nothing in" in ran.err
    assert not (tmp_path / "copy.db").exists()


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, house: TwinHouse) -> None:
    """One line, exit code 2, and neither a copy nor a part of one."""
    for number in range(20):
        complain(house, number)
    house.settle()
    (tmp_path / "copies").mkdir()
    room = (tmp_path / "triage.db").stat().st_size // 2
    ran = subprocess.run(
        [sys.executable, "-m", "triage", "backup", "copies/copy.db"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
    )
    assert ran.returncode == 2
    assert "copy.db" in ran.stderr
    assert "no copy was made" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert list((tmp_path / "copies").iterdir()) == []


def test_postgresql_is_copied_by_its_own_program(triage: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is told, and no password in it."""
    pytest.importorskip("psycopg")
    monkeypatch.setenv("TRIAGE_DATABASE__URL", "postgresql+psycopg://me:s3cret@db.example.com:5433/triage")
    ran = triage("backup", "copy.db")
    assert ran.code == 2
    assert (
        "pg_dump --format=custom --file=copy.db --host=db.example.com --port=5433 --username=me --dbname=triage"
        in ran.err
    )
    assert "s3cret" not in ran.err
    assert ran.err.count("\n") == 1


def test_a_copy_is_of_one_moment_while_the_daemon_works(tmp_path: Path, house: TwinHouse) -> None:
    """Each mail's outcome, case and letter are one commit, and each copy holds all of it or nothing."""
    store = Store(house.settings.database.url)
    failures: list[BaseException] = []
    done = threading.Event()

    def work() -> None:
        try:
            for number in range(60):
                complain(house, number)
                pipeline.collect(house)
                pipeline.read(house)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            done.set()

    house.store.migrate()
    worker = threading.Thread(target=work)
    worker.start()
    seen = []
    while not done.is_set() or not seen:
        file = tmp_path / f"copy-{len(seen)}.db"
        store.copy_to(file, force=False, actor="ana", now=datetime.now(UTC), progress=lambda *_: None)
        cases, letters = count(file, "dispute_case"), count(file, "letter")
        with closing(sqlite3.connect(file)) as connection:
            (taken,) = connection.execute("SELECT count(*) FROM mail WHERE outcome = 'taken'").fetchone()
        assert cases == letters == taken
        seen.append(cases)
        file.unlink()
    worker.join()
    store.close()
    assert not failures
    assert seen == sorted(seen)


def restored(house: TwinHouse, copy: Path, folder: Path) -> TwinHouse:
    """A house on the copy, around the same servers."""
    house.close()
    file = folder / "restored.db"
    shutil.copyfile(copy, file)
    house.world.url = f"sqlite:///{file}"
    return TwinHouse(house.world)


@pytest.mark.parametrize("filed", [True, False], ids=["copies filed away", "copies in the inbox"])
def test_after_a_restore_no_customer_is_acknowledged_twice(
    tmp_path: Path, world: World, house: TwinHouse, *, filed: bool
) -> None:
    """Letters that went out after the copy are found by their journal copies, and mails that came after it are read."""
    if not filed:
        world.letters["journal_folder"] = ""
        house = TwinHouse(world)
    complain(house, 1)
    pipeline.collect(house)
    pipeline.read(house)
    # the first letter is due in the copy, of the second customer it knows nothing
    house.store.copy_to(tmp_path / "copy.db", force=False, actor="ana", now=house.now(), progress=lambda *_: None)
    world.clock.forward(minutes=5)
    complain(house, 2)
    house.settle()
    assert [world.reached("c1@example.org"), world.reached("c2@example.org")] == [1, 1]
    world.clock.forward(hours=1)
    with restored(house, tmp_path / "copy.db", tmp_path) as again:
        assert again.store.take_up_copy(now=again.now())
        again.settle()
        # what comes from here on is acknowledged as always
        complain(again, 3)
        again.settle()
        assert [world.reached(f"c{number}@example.org") for number in (1, 2, 3)] == [1, 1, 1]
        assert [letter.state for letter in again.desk.letters] == ["sent", "sent", "sent"]
        assert len(again.desk.cases) == 3
        assert again.desk.alarms == {"restored": 1}
        assert not again.store.take_up_copy(now=again.now())


def test_after_a_restore_what_cannot_be_found_waits_for_a_person(
    tmp_path: Path, world: World, house: TwinHouse
) -> None:
    """Without a journal copy nobody knows whether the customer has a letter: it is not sent by a guess."""
    world.letters["journal"] = "off"
    house = TwinHouse(world)
    assert house.store.version()
    house.store.copy_to(tmp_path / "copy.db", force=False, actor="ana", now=house.now(), progress=lambda *_: None)
    complain(house, 1)
    house.settle()
    world.clock.forward(hours=1)
    with restored(house, tmp_path / "copy.db", tmp_path) as again:
        daemon.once(again)
        again.settle()
        assert again.desk.letter.state == "in_doubt"
        world.clock.forward(hours=25)
        again.settle()
        assert again.desk.letter.state == "in_doubt"
        assert again.desk.letter.next_try is None
        assert world.reached("c1@example.org") == 1


def test_whoever_restores_a_postgresql_says_so(database_url: str, clock: HandClock) -> None:
    """A letter that was due in the dump is in doubt then, one to a mail that comes later is not."""
    world = World(url=database_url, clock=clock)
    with TwinHouse(world) as house:
        complain(house, 1)
        pipeline.collect(house)
        pipeline.read(house)
        assert house.desk.letter.state == "due"
        clock.now += timedelta(hours=1)
        assert house.store.restored(actor="ana", now=house.now()) == 1
        assert house.desk.letter.state == "in_doubt"
        complain(house, 2)
        house.settle()
        assert sorted(letter.state for letter in house.desk.letters) == ["in_doubt", "sent"]
        assert [line.kind for line in house.store.history()] == ["restored"]
