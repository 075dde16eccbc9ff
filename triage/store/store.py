"""The store: one place that opens the database, brings it up to date, and holds its parts.

``books`` (every UID and what became of it), ``quarantine``, ``cases``, ``corrections`` (what people have said of
mails), ``outbox``, ``follow_ups``, ``alarms``, ``ledger``, ``logins``, ``statistics`` and ``retention`` are the named
queries and transactions; nothing else in the house writes SQL.
"""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlmodel import col

from triage.cases.known import Known
from triage.errors import DatabaseError
from triage.imports import without
from triage.mail.message import Message
from triage.store.alarms import Alarms
from triage.store.backup import Copy, Progress, copy_database, doubt_letters, take_up_copy
from triage.store.books import Books
from triage.store.corrections import Corrections
from triage.store.desk import Cases
from triage.store.dialect import advisory_lock, condition, is_postgres, one_daemon, open_engine, translated
from triage.store.diary import FollowUps, Plans
from triage.store.ledger import ImportedLedger
from triage.store.logins import Logins
from triage.store.lookup import known_about
from triage.store.outbox import Outbox
from triage.store.quarantine import Quarantine
from triage.store.retention import Retention
from triage.store.session import reading, writing
from triage.store.statistics import Statistics
from triage.store.tables import Event, Switch
from triage.store.views import EventLine
from triage.understanding.findings import Understanding

# colours for templates, which mako shows in its own error pages
with without({"mako.ext.pygmentplugin": None}):
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

__all__ = ["Store", "one_daemon"]

#: the folder of the migrations, oldest first
MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """What we know. `plans` says how the clocks of a case with a given history stand."""

    def __init__(self, url: str, plans: Plans = lambda _: {}) -> None:
        self.engine = open_engine(url)
        self.books = Books(self.engine)
        self.quarantine = Quarantine(self.engine)
        self.cases = Cases(self.engine, plans)
        self.corrections = Corrections(self.engine)
        self.outbox = Outbox(self.engine)
        self.follow_ups = FollowUps(self.engine)
        self.alarms = Alarms(self.engine)
        self.ledger = ImportedLedger(self.engine)
        self.logins = Logins(self.engine)
        self.retention = Retention(self.engine)
        self.statistics = Statistics(self.engine)

    def migrate(self) -> str:
        """Bring the database up to date; returns its version. Raises DatabaseError for one newer than this program.

        Two processes that start at once take turns: on PostgreSQL by an advisory lock, on SQLite by its own.
        """
        with translated(self.engine):
            newest = ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""
            if self.version() == newest:
                return newest
            with advisory_lock(self.engine, "migrate", wait=True), self.engine.begin() as connection:
                config = Config()
                config.set_main_option("script_location", str(MIGRATIONS))
                config.attributes["connection"] = connection
                self._refuse_newer(MigrationContext.configure(connection).get_current_revision())
                command.upgrade(config, "head")
            return newest

    def version(self) -> str:
        """The database's version, "" when it is empty. Raises DatabaseError for one newer than this program."""
        with reading(self.engine) as session:
            current = MigrationContext.configure(session.connection()).get_current_revision()
        self._refuse_newer(current)
        return current or ""

    def _refuse_newer(self, current: str | None) -> None:
        known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
        if current is not None and current not in known:
            where = self.engine.url.render_as_string(hide_password=True)
            raise DatabaseError(f"{where} was written by a newer version of triage (schema {current}); upgrade triage")

    def known_about(self, message: Message, understood: Understanding, *, now: datetime) -> Known:
        """Everything in the books that bears on a mail which is not in them."""
        with reading(self.engine) as session:
            return known_about(session, None, message, understood, now=now)

    def history(self, *, limit: int = 50) -> tuple[EventLine, ...]:
        """What people have done that belongs to no case, newest first."""
        with reading(self.engine) as session:
            query = select(Event).where(col(Event.case_id).is_(None)).order_by(col(Event.id).desc()).limit(limit)
            rows = session.scalars(query)
            return tuple(EventLine(at=row.at, actor=row.actor, kind=row.kind, text=row.text) for row in rows)

    def check(self, *, now: datetime) -> str:
        """How the database is, for `doctor`, after a row was really written. Raises DatabaseError."""
        with writing(self.engine) as session:
            session.merge(Switch(name="doctor", value="has written here", actor="doctor", at=now))
            return condition(session)

    def copy_to(self, file: Path, *, force: bool, actor: str, now: datetime, progress: Progress) -> Copy:
        """Write a copy of a SQLite database, of one moment, while others work on it.

        Raises OperatorError for a file that is there or cannot be written, and on PostgreSQL, which has its own way.
        """
        if not is_postgres(self.engine) and not self.version():
            raise DatabaseError(f"there is nothing in {self.engine.url.database} yet")
        return copy_database(self.engine, file, force=force, actor=actor, now=now, progress=progress)

    def take_up_copy(self, *, now: datetime) -> bool:
        """Before the first walk on a copy: letters that may have gone out since it was made are in doubt."""
        return take_up_copy(self.engine, now=now)

    def restored(self, *, actor: str, now: datetime) -> int:
        """A person says that this is an older copy; returns how many letters are in doubt for it."""
        return doubt_letters(self.engine, actor=actor, now=now)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()
