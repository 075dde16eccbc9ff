"""SQLite and PostgreSQL: all that differs between them.

SQLite is one process with one writer: WAL, full synchronisation, writes that begin as writes, and a lock file that
refuses a second daemon. PostgreSQL is any number of processes: row locks that skip what others hold, advisory locks
that die with their holder, and notifications. The rest of the store is the same code.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from shutil import disk_usage
from threading import Event
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import DatabaseError as DriverError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from triage.errors import AlreadyRunning, DatabaseError

#: seconds that a writer waits for another before it gives up
_SQLITE_WAIT = 30
#: less room on its disk, in bytes, is told: a few great mails fill it
_SQLITE_ROOM = 100 * 1024 * 1024
_MEGABYTE = 1024 * 1024
#: A host that vanished without a word frees its locks within a minute, one whose server did hears of it as soon:
#: the first five are for our end of the connection, the options for the server's; numbers over 1000 are milliseconds
_POSTGRES_OPTIONS = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 40_000,
    "connect_timeout": 10,
    "options": "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 "
    "-c tcp_user_timeout=40000 -c idle_in_transaction_session_timeout=300000 -c timezone=UTC",
}
#: classes of SQLSTATE that speak of the server's state and not of the row: connection, transaction (read only), login,
#: no such database, rollback, rights, resources, locks, operator, system, damage (PostgreSQL, appendix A)
_TROUBLE = ("08", "25", "28", "3D", "40", "42501", "53", "55", "57", "58", "XX001", "XX002")


def open_engine(url: str) -> Engine:
    """An engine with this house's habits. Raises DatabaseError for a URL that cannot be used."""
    parsed = _parsed(url)
    engine = _sqlite(url, parsed.database) if parsed.get_backend_name() == "sqlite" else _postgres(parsed)
    event.listen(engine, "handle_error", _in_one_line)
    return engine


def missing_file(url: str) -> Path | None:
    """The SQLite file of a URL where it is not there yet; None where it is, in memory, and on a server.

    Raises DatabaseError for a URL that cannot be used.
    """
    parsed = _parsed(url)
    path = parsed.database if parsed.get_backend_name() == "sqlite" else None
    if not path or path.startswith((":memory:", "file:")) or Path(path).exists():
        return None
    return Path(path).absolute()


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        # its words may hold a part of the password
        raise DatabaseError("database.url is no database URL, like postgresql+psycopg://user@host/name") from error


def _in_one_line(context: ExceptionContext) -> None:
    """Leave of an error the first line of what the driver said: the rest is statements, and what customers wrote."""
    told = context.sqlalchemy_exception
    if told is None:
        return
    told.statement, told.code = None, None
    for error in filter(None, (told, told.orig)):
        error.args = (*str(error).strip().splitlines()[:1],)


def _postgres(url: URL) -> Engine:
    try:
        # each thread of the daemon may hold a lock and work on a second connection: they, not the pool, set the bound
        return create_engine(
            url, connect_args=_POSTGRES_OPTIONS, pool_pre_ping=True, max_overflow=-1, hide_parameters=True
        )
    except ModuleNotFoundError as error:
        raise DatabaseError("PostgreSQL needs its driver: pip install 'billing-dispute-triage[postgres]'") from error


def _sqlite(url: str, path: str | None) -> Engine:
    if path and path != ":memory:" and not Path(path).resolve().parent.is_dir():
        raise DatabaseError(f"database.url: there is no folder {Path(path).resolve().parent}")
    engine = create_engine(
        url, connect_args={"timeout": _SQLITE_WAIT, "check_same_thread": False}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # pysqlite would begin transactions by itself, and late; we say when
        connection.isolation_level = None
        for pragma in (
            *("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY"),
            # what is deleted is overwritten
            "secure_delete = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def is_postgres(engine: Engine | Connection) -> bool:
    """Whether this is the engine beyond one machine."""
    return engine.dialect.name == "postgresql"


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """The database's own troubles in words for the operator."""
    where = engine.url.render_as_string(hide_password=True)
    try:
        yield
    except DBAPIError as error:
        if not is_trouble(error):
            raise
        detail = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
        if "unsupported startup parameter" in detail:
            detail += " (a pooling proxy? triage needs a direct connection: its locks live in the session)"
        raise DatabaseError(f"{where}: {detail}") from error
    except PoolTimeout as error:
        raise DatabaseError(f"{where}: every connection is in use") from error


def is_trouble(error: Exception) -> bool:
    """Whether an error is about the state of the database, which will pass, and not about what was to be written."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, DatabaseError)
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return error.connection_invalidated or state.startswith(_TROUBLE)
    # SQLite says a bare DatabaseError of a file that is damaged or no database at all
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DriverError


def condition(session: Session) -> str:
    """How the database is, in words, for `doctor`.

    Raises DatabaseError where it works, but not for long or not safely: a disk that is nearly full, a proxy that takes
    away what this house has set for its session.
    """
    connection = session.connection()
    if is_postgres(connection):
        if connection.scalar(text("SHOW idle_in_transaction_session_timeout")) != "5min":
            raise DatabaseError("a proxy resets the session: triage needs a direct connection, its locks live there")
        version, size = connection.execute(
            text("SELECT current_setting('server_version'), pg_database_size(current_database())")
        ).one()
        return f"PostgreSQL {version}, {size / _MEGABYTE:.0f} MB"
    version, path = connection.execute(
        text("SELECT sqlite_version(), file FROM pragma_database_list WHERE seq = 0")
    ).one()
    if not path:
        return f"SQLite {version}, in memory"
    free = disk_usage(Path(path).parent).free
    if free < _SQLITE_ROOM:
        raise DatabaseError(f"{path}: its disk is nearly full: {free / _MEGABYTE:.0f} MB are free")
    size = Path(path).stat().st_size
    return f"SQLite {version}, {size / _MEGABYTE:.0f} MB, {free / _MEGABYTE:.0f} MB free on its disk"


def give_back(engine: Engine) -> int | None:
    """Bytes that VACUUM would give back at least of a SQLite file; None on PostgreSQL, whose autovacuum sees to it.

    What was deleted leaves the write-ahead log with it, unless somebody reads there just now.
    """
    if is_postgres(engine):
        return None
    with translated(engine), engine.execution_options(reading=True).connect() as connection:
        connection.exec_driver_sql("COMMIT")
        # writers wait while it waits for readers: where a copy is just being made, the log is kept for later
        connection.exec_driver_sql("PRAGMA busy_timeout = 500")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {_SQLITE_WAIT * 1000}")
        free, size = connection.execute(text("SELECT * FROM pragma_freelist_count, pragma_page_size")).one()
    return int(free * size)


def insert_into(session: Session, table: Any) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that can say what happens where the row is there already (ON CONFLICT)."""
    return postgresql.insert(table) if is_postgres(session.get_bind()) else sqlite.insert(table)


def insert_new(session: Session, table: Any) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that leaves alone what is there already; made once for each table."""
    return _insert_new(table, is_postgres(session.get_bind()))


@cache
def _insert_new(table: Any, postgres: bool) -> "sqlite.Insert | postgresql.Insert":
    insert = postgresql.insert(table) if postgres else sqlite.insert(table)
    return insert.on_conflict_do_nothing()


@contextmanager
def one_daemon(engine: Engine) -> Iterator[None]:
    """Hold the right to be the daemon of a SQLite file; PostgreSQL allows any number.

    Raises AlreadyRunning with the other's process id. The lock dies with its holder (flock), so nothing is left behind.
    """
    with ExitStack() as stack:
        path = engine.url.database
        if not is_postgres(engine) and path and path != ":memory:":
            stack.enter_context(_lock_file(Path(f"{path}.lock-file")))
        yield


@contextmanager
def _lock_file(path: Path) -> Iterator[None]:
    try:
        opened = path.open("a+", encoding="ascii")
    except OSError as error:
        raise DatabaseError(f"{path}: {error.strerror}") from error
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            message = (
                f"another triage daemon (process {holder}) already works on {path.name.removesuffix('.lock-file')}; "
            )
            raise AlreadyRunning(message + "SQLite serves one: stop it, or use PostgreSQL for several") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def advisory_lock(engine: Engine, name: str, *, wait: bool = False) -> Iterator[bool]:
    """Hold a lock that dies with this process; gives False when another holds it and we do not `wait`.

    Always free on SQLite: one process.
    """
    if not is_postgres(engine):
        yield True
        return
    key = _key(name)
    with translated(engine), engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        if wait:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
            held = True
        else:
            held = bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar())
        try:
            yield held
        finally:
            if held:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


def is_free(engine: Engine, name: str) -> bool:
    """Whether nobody holds that advisory lock: its last holder has let go or died."""
    with advisory_lock(engine, name) as held:
        return held


def take_turns(session: Session, names: Iterable[str]) -> None:
    """Wait until no other transaction holds any of these names, and hold them until ours ends.

    Taken in one order by everyone, so that two that want the same names cannot wait for each other. Nothing on SQLite:
    its writers take turns anyway.
    """
    if is_postgres(session.get_bind()):
        query = text("SELECT count(pg_advisory_xact_lock(key)) FROM unnest(CAST(:keys AS bigint[])) AS key")
        session.connection().execute(query, {"keys": sorted({_key(name) for name in names})})


def _key(name: str) -> int:
    """PostgreSQL's advisory locks are named by a signed number of 64 bits."""
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True)


def notify(session: Session, channel: str) -> None:
    """Tell other processes that there is work; heard after the commit. SQLite has one process, which knows."""
    if is_postgres(session.get_bind()):
        session.connection().execute(text("SELECT pg_notify(:channel, '')"), {"channel": f"triage_{channel}"})


def listen(engine: Engine, channels: Sequence[str], stopped: Event) -> Iterator[str]:
    """Names of channels on which another process has told of work (PostgreSQL), until `stopped`.

    A connection that breaks is made again; what was said meanwhile is found by the clocks.
    """
    # what waits in the driver is not translated by SQLAlchemy
    broken = (DBAPIError, engine.dialect.loaded_dbapi.Error)
    while not stopped.is_set():
        try:
            with engine.connect() as connection:
                driver = connection.execution_options(isolation_level="AUTOCOMMIT").connection.driver_connection
                for channel in channels:
                    connection.execute(text(f"LISTEN triage_{channel}"))
                while driver is not None and not stopped.is_set():
                    for notice in driver.notifies(timeout=1):
                        yield notice.channel.removeprefix("triage_")
        except broken:
            stopped.wait(5)
