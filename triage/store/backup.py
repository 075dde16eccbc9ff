"""A copy of a SQLite database while the daemon works on it, and what a copy means for letters once it is restored.

The copy is that of one moment: it is read in one transaction, and whoever writes meanwhile does not wait. It carries a
mark. When a daemon starts on it, the mark becomes the time of the restoring: a letter that was due in the copy, or that
answers a mail from before that time, may have gone out since the copy was made. It is in doubt then, and is settled by
its journal copy, or by a person.
"""

import os
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select, update
from sqlmodel import Session, col

from triage.errors import DatabaseError, OperatorError
from triage.store.dialect import is_postgres, translated
from triage.store.history import add_event, raise_alarm
from triage.store.session import reading, writing
from triage.store.tables import OutgoingLetter, Switch

#: pages that are copied between two words to the progress bar
_STEP = 1024
#: why a letter is in doubt after a copy was restored
DOUBT = "it may have gone out before the database was restored"
#: told of a copy that is being made: pages done, pages in all
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy that was made."""

    #: in bytes
    size: int
    #: version of the tables, as `triage migrate` prints it
    schema: str


def copy_database(engine: Engine, file: Path, *, force: bool, actor: str, now: datetime, progress: Progress) -> Copy:
    """Write a copy of the database beside `file` and give it that name, mode 0600.

    The daemon may run meanwhile. What was half written is taken away again. Raises OperatorError for a file that is
    there already (without `force`) or that cannot be written, DatabaseError for a copy that is not sound.
    """
    source = _source(engine, file)
    _refuse(file, source, force=force)
    part = file.with_name(f".{file.name}.part-{os.getpid()}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with _one_moment(engine) as moment, closing(sqlite3.connect(part, isolation_level=None)) as copy:
            moment.backup(copy, pages=_STEP, progress=lambda _, left, pages: progress(pages - left, pages))
            schema = _mark(copy, actor, now)
        _make_durable(part)
        _refuse(file, source, force=force)
        part.replace(file)
        _make_durable(file.parent)
    except OSError as error:
        raise OperatorError(f"{file}: {error.strerror}; no copy was made") from error
    except sqlite3.Error as error:
        raise DatabaseError(f"{file}: {error}; no copy was made") from error
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            Path(f"{part}{ending}").unlink(missing_ok=True)
    return Copy(size=file.stat().st_size, schema=schema)


def _source(engine: Engine, file: Path) -> Path:
    if is_postgres(engine):
        url = engine.url
        where = {"host": url.host, "port": url.port, "username": url.username, "dbname": url.database}
        words = ["pg_dump", "--format=custom", f"--file={file}"]
        command = shlex.join(words + [f"--{name}={value}" for name, value in where.items() if value])
        raise OperatorError(f"PostgreSQL makes its copies itself: {command}")
    path = engine.url.database
    if not path or path == ":memory:":
        raise OperatorError("database.url is a database in memory: there is no file to copy")
    return Path(path)


def _refuse(file: Path, source: Path, *, force: bool) -> None:
    own = [Path(f"{source}{ending}") for ending in ("", "-wal", "-shm", ".lock-file")]
    if any(
        file.absolute() == each.absolute() or (file.exists() and each.exists() and file.samefile(each)) for each in own
    ):
        raise OperatorError(f"{file} belongs to the database itself: name another file")
    if file.is_dir():
        raise OperatorError(f"{file} is a folder: name a file in it")
    if file.exists() and not force:
        raise OperatorError(f"{file} is there already; --force writes over it")


@contextmanager
def _one_moment(engine: Engine) -> Iterator[sqlite3.Connection]:
    """A connection that sees the database as it is now: what others write does not make the copy begin anew."""
    with translated(engine), engine.connect() as connection:
        driver = connection.connection.driver_connection
        if driver is None:  # pragma: no cover - a pool gives one or raises
            raise DatabaseError("the database gave no connection")
        driver.execute("BEGIN")
        driver.execute("SELECT count(*) FROM sqlite_master").fetchone()
        try:
            yield driver
        finally:
            with suppress(sqlite3.Error):
                driver.execute("ROLLBACK")


def _mark(copy: sqlite3.Connection, actor: str, now: datetime) -> str:
    """Note in the copy that it is one, and look whether it is sound; gives its schema. Raises DatabaseError."""
    # a file of its own, which can be opened where nothing can be written
    copy.execute("PRAGMA journal_mode = DELETE")
    at = now.strftime("%Y-%m-%d %H:%M:%S.%f")
    copy.execute("INSERT OR REPLACE INTO switch (name, value, actor, at) VALUES ('copy', 'made', ?, ?)", (actor, at))
    (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise DatabaseError(f"the copy is not sound, and so the database may not be: {found}; no copy was made")
    (schema,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(schema)


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# once it is restored


def take_up_copy(engine: Engine, *, now: datetime) -> bool:
    """Where this database is a copy that nobody has worked on yet, doubt what may have gone out since; True then."""
    with reading(engine) as session:
        if session.get(Switch, "copy") is None:
            return False
    with writing(engine) as session:
        copy = session.get(Switch, "copy", with_for_update=True)
        if copy is None:
            return False
        _doubt(session, f"works on from the copy that {copy.actor} made at {copy.at:%Y-%m-%d %H:%M} UTC", now=now)
        session.delete(copy)
    return True


def doubt_letters(engine: Engine, *, actor: str, now: datetime) -> int:
    """A person says that an older copy was restored; returns how many letters are in doubt now."""
    with writing(engine) as session:
        return _doubt(session, "an older copy of the database was restored", now=now, actor=actor)


def _doubt(session: Session, told: str, *, now: datetime, actor: str = "triage") -> int:
    waiting = col(OutgoingLetter.state).in_(("due", "sending"))
    values = {"state": "in_doubt", "why": DOUBT, "next_try": now, "doubt_since": now}
    doubted = session.execute(update(OutgoingLetter).where(waiting).values(values).returning(col(OutgoingLetter.id)))
    session.merge(Switch(name="restored", value="", actor=actor, at=now))
    add_event(session, None, "restored", told, now=now, actor=actor)
    why = f"{told}; letters that may have gone out since are in doubt (triage letters list)"
    raise_alarm(session, "restored", "", why, now=now)
    return len(doubted.all())


def may_have_gone_out(session: Session, received: datetime) -> bool:
    """Whether a letter that answers a mail of this time may have been sent before a copy was restored."""
    restored = session.connection().execute(_RESTORED).scalar()
    return restored is not None and received < restored


_RESTORED = select(col(Switch.at)).where(col(Switch.name) == "restored")
