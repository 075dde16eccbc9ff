"""The tables, and nothing else. Rows never leave `triage.store`; other programs read the view `books` (migrations).

Times are kept in UTC and come back with their zone, on SQLite as on PostgreSQL.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    Text,
    TypeDecorator,
    text,
)
from sqlmodel import Field, SQLModel


class UtcTime(TypeDecorator[datetime]):
    """A moment: refuses one without a zone, gives back UTC (SQLite knows no zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


#: SQLite counts row ids only in a column that is exactly INTEGER
BigId = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Any:
    return Field(default=None, sa_column=Column(BigId, primary_key=True, autoincrement=True))


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcTime(), nullable=nullable, index=index))


def _text(default: str = "") -> Any:
    return Field(default=default, sa_column=Column(Text(), nullable=False, default=default))


def _json(default: Any = dict) -> Any:
    return Field(default_factory=default, sa_column=Column(JSON(), nullable=False))


class Cursor(SQLModel, table=True):
    """How far a folder has been read."""

    mailbox: str = Field(primary_key=True)
    folder: str = Field(primary_key=True)
    uidvalidity: int = Field(sa_column=Column(BigInteger(), nullable=False))
    #: every UID up to it has been kept
    last_uid: int = Field(sa_column=Column(BigInteger(), nullable=False))
    #: last time the server was asked with success, and what stands in the way since
    seen_at: datetime | None = _time(nullable=True)
    error: str = _text()
    error_since: datetime | None = _time(nullable=True)


class Mail(SQLModel, table=True):
    """One UID of one watched folder: the books."""

    __table_args__ = (
        Index("mail_uid", "mailbox", "folder", "uidvalidity", "uid", unique=True),
        Index("mail_unread", "id", sqlite_where=text("outcome IS NULL"), postgresql_where=text("outcome IS NULL")),
        Index("mail_unfiled", "mailbox", sqlite_where=text("file_as != ''"), postgresql_where=text("file_as != ''")),
        Index("mail_message_id", "message_id"),
        Index("mail_sender_words", "sender", "words_digest"),
        Index("mail_words", "words_digest", "arrived"),
        Index("mail_case", "case_id"),
        Index(
            "mail_quarantined",
            "id",
            sqlite_where=text("outcome = 'quarantined'"),
            postgresql_where=text("outcome = 'quarantined'"),
        ),
    )

    id: int | None = _id()
    mailbox: str
    folder: str
    uidvalidity: int = Field(sa_column=Column(BigInteger(), nullable=False))
    uid: int = Field(sa_column=Column(BigInteger(), nullable=False))
    arrived: datetime = _time()
    kept_at: datetime = _time()
    size: int
    truncated: bool = False
    #: SHA-256 of the bytes
    digest: str
    #: None until it has been read, then taken, duplicate, ignored or quarantined
    outcome: str | None = Field(default=None)
    why: str = _text()
    read_at: datetime | None = _time(nullable=True)
    message_id: str | None = Field(default=None, sa_column=Column(Text(), nullable=True))
    sender: str | None = Field(default=None, sa_column=Column(Text(), nullable=True))
    subject: str = _text()
    #: SHA-256 of the newest own words without spaces and capitals; "" when there are none
    words_digest: str = _text()
    label: str | None = Field(default=None)
    band: str | None = Field(default=None)
    probability: float | None = Field(default=None)
    reason: str | None = Field(default=None)
    language: str | None = Field(default=None)
    case_id: int | None = Field(default=None, sa_column=Column(BigId, nullable=True))
    opened: bool = False
    #: JSON text, as the view `books` gives it
    invoices: str = _text("[]")
    amount: str | None = Field(default=None)
    currency: str | None = Field(default=None)
    #: what the server shall still do: "kept" = mark or move it as the site asks, "journal" = file it away, "" = nothing
    file_as: str = _text()
    #: when what it said and who wrote it were deleted
    forgotten_at: datetime | None = _time(nullable=True)


class Raw(SQLModel, table=True):
    """The bytes of a mail, kept apart so that the books stay small."""

    mail_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    content: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))


class Attempt(SQLModel, table=True):
    """How often reading a mail was begun; kept apart so that it is written while the mail's own row is locked."""

    mail_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    count: int = 1


class Record(SQLModel, table=True):
    """The decision record of a mail: what was understood, what each rule said, with which versions."""

    mail_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    decided: dict[str, Any] = _json()


class Correction(SQLModel, table=True):
    """What a person has said of a mail that opened a case: the memory of the daemon, and what the model learns from."""

    mail_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    at: datetime = _time(index=True)
    actor: str
    #: a reason, or "none"
    label: str
    #: hashed word triples, by which its near copies are known again
    triples: list[int] = _json(list)
    #: what is learned must not get it wrong
    pinned: bool = False


class Case(SQLModel, table=True):
    """A dispute."""

    __tablename__ = "dispute_case"
    __table_args__ = (Index("case_state", "state", "opened_at"), Index("case_customer", "customer"))

    id: int | None = _id()
    #: None only between the insert and the first flush: it is made from the id
    reference: str | None = Field(default=None, unique=True)
    state: str
    reason: str
    root_cause: str = _text()
    resolution: str = _text()
    priority: str = "normal"
    escalated: bool = False
    assignee: str = _text()
    tags: list[str] = _json(list)
    customer: str = _text()
    customer_name: str = _text()
    language: str = "en"
    subject: str = _text()
    amount: str | None = Field(default=None)
    currency: str | None = Field(default=None)
    invoices: list[str] = _json(list)
    #: why a person must look, until one has confirmed it
    review_why: str = _text()
    opened_at: datetime = _time()
    updated_at: datetime = _time()
    resolved_at: datetime | None = _time(nullable=True)
    #: when names and texts of it were last deleted
    forgotten_at: datetime | None = _time(nullable=True)


class Participant(SQLModel, table=True):
    """An address that has written in a case."""

    case_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    address: str = Field(primary_key=True, index=True)


class MailReference(SQLModel, table=True):
    """A Message-ID that a mail of a case answers: finds the case when that mail is read after its answer."""

    __tablename__ = "mail_reference"

    message_id: str = Field(primary_key=True)
    case_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))


class CaseInvoice(SQLModel, table=True):
    """An invoice that a case is about, normalised for finding it again."""

    case_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    invoice: str = Field(primary_key=True, index=True)


class Event(SQLModel, table=True):
    """One line of history: of a case, or of the house where case_id is None."""

    id: int | None = _id()
    case_id: int | None = Field(default=None, sa_column=Column(BigId, nullable=True, index=True))
    at: datetime = _time()
    #: who did it: a person's name, or "triage"
    actor: str
    kind: str
    text: str = _text()
    detail: dict[str, Any] = _json()


class OutgoingLetter(SQLModel, table=True):
    """A letter: `held`, `due`, `sending`, `sent`, `refused`, `in_doubt` or `cancelled`."""

    __tablename__ = "letter"
    __table_args__ = (
        Index("letter_state", "state", "next_try"),
        Index("letter_recipient", "recipient", "created_at"),
        # at most one acknowledgement for a case, whatever happens to it
        Index(
            "letter_one_acknowledgement",
            "case_id",
            unique=True,
            sqlite_where=text("kind = 'acknowledgement'"),
            postgresql_where=text("kind = 'acknowledgement'"),
        ),
    )

    id: int | None = _id()
    case_id: int = Field(sa_column=Column(BigId, nullable=False, index=True))
    kind: str
    state: str
    recipient: str
    journal: str = _text()
    message_id: str = Field(unique=True)
    subject: str = _text()
    language: str
    template: str
    content: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))
    #: what it was composed from; None in those of the first version
    context: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    #: why it is held, what the relay said, why it is in doubt
    why: str = _text()
    attempts: int = 0
    created_at: datetime = _time()
    #: when it is tried, or looked for, again; None when that is up to a person
    next_try: datetime | None = _time(nullable=True)
    #: when it was first tried since it became due; None before
    first_try: datetime | None = _time(nullable=True)
    sending_since: datetime | None = _time(nullable=True)
    sent_at: datetime | None = _time(nullable=True, index=True)
    #: since when nobody knows whether it went out
    doubt_since: datetime | None = _time(nullable=True)
    #: a bounce came back for it
    bounced_at: datetime | None = _time(nullable=True)


class Diary(SQLModel, table=True):
    """A follow-up: `open`, `done` or `cancelled`."""

    __table_args__ = (
        Index("diary_due", "state", "due"),
        Index(
            "diary_one_open",
            "case_id",
            "kind",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: int | None = _id()
    case_id: int = Field(sa_column=Column(BigId, nullable=False, index=True))
    kind: str
    due: datetime = _time()
    why: str = _text()
    effect: str
    #: when its clock began to run, and how many effects have happened since
    start: datetime = _time()
    step: int = 0
    state: str = "open"
    outcome: str = _text()
    done_at: datetime | None = _time(nullable=True)


class Alarm(SQLModel, table=True):
    """Something that a person must know. One row a kind and subject, with a count, until it is cleared."""

    __table_args__ = (
        Index(
            "alarm_one_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: int | None = _id()
    kind: str
    subject: str
    why: str = _text()
    count: int = 1
    first_at: datetime = _time()
    last_at: datetime = _time()
    cleared_at: datetime | None = _time(nullable=True)


class LoginFailure(SQLModel, table=True):
    """A login that a server has refused, and when it may be tried again; gone after a success."""

    __tablename__ = "login_failure"

    #: user name and server
    account: str = Field(primary_key=True)
    why: str = _text()
    refused: bool
    tries: int
    not_before: datetime = _time()
    #: a salted, slow hash of the password or tokens
    tried_with: str


class Switch(SQLModel, table=True):
    """A switch that an admin has thrown, e.g. `letters` = `stopped`."""

    name: str = Field(primary_key=True)
    value: str
    actor: str
    at: datetime = _time()
