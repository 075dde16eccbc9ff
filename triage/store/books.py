"""The books: every UID of every watched folder, what became of it, and the batches in which mails are read."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, bindparam, delete, exists, func, insert, select, update
from sqlmodel import Session, col

from triage.errors import DatabaseError, NotFound, OperatorError
from triage.mail.message import Message, RawMail
from triage.store.dialect import advisory_lock, is_postgres, notify, take_turns
from triage.store.session import reading, writing
from triage.store.tables import Attempt, Case, Cursor, Mail, Raw, Record
from triage.store.views import BookLine, FolderCursor, FolderHealth, KeptMail, MailLine

#: reading begun so often without an end: the mail itself must be what ends the process
LAST_ATTEMPT = 5
_LINES = insert(Mail).returning(col(Mail.uid), col(Mail.id))
_BYTES = insert(Raw)
_ATTEMPTS = insert(Attempt)
_OUTCOME = update(Mail).where(col(Mail.id) == bindparam("of"))
#: bytes of mails that are held in memory together
_BATCH_BYTES = 16 * 1024 * 1024


class Books:
    """Intake, reading and the account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: mails whose attempt is to be taken back as soon as the database takes it
        self._blameless: list[int] = []

    # intake

    @contextmanager
    def collecting(self, mailbox: str, folder: str) -> Iterator[bool]:
        """Hold the right to collect a folder; gives False when another process has it. Its holder's death frees it."""
        with advisory_lock(self._engine, f"mailbox {mailbox}/{folder}") as held:
            yield held

    def cursor(self, mailbox: str, folder: str) -> FolderCursor | None:
        """How far this folder has been read; None when it never was."""
        with reading(self._engine) as session:
            row = session.get(Cursor, (mailbox, folder))
            return FolderCursor(uidvalidity=row.uidvalidity, last_uid=row.last_uid) if row else None

    def keep(self, mails: Sequence[RawMail], *, file_as: str = "", now: datetime) -> int:
        """Keep the bytes of these mails of one folder and move its cursor, in one commit; returns how many were new.

        `file_as` "kept" notes that the server shall mark or move them. A mail that the server withholds goes to
        quarantine without its bytes, and is read when they come one day.
        """
        if not mails:
            return 0
        first = mails[0]
        with writing(self._engine) as session:
            uids = [mail.uid for mail in mails]
            there = {
                row.uid: row for row in session.scalars(select(Mail).where(*_of(first), col(Mail.uid).in_(uids))).all()
            }
            fresh = [mail for mail in mails if mail.uid not in there]
            ids = self._book(session, [_row(mail, file_as, now) for mail in fresh])
            come = [mail for mail in mails if mail.uid in there and is_awaited(there[mail.uid]) and not mail.withheld]
            for mail in come:
                row = there[mail.uid]
                row.size, row.truncated, row.digest, row.file_as = mail.size, mail.truncated, _digest(mail), file_as
                row.arrived, row.outcome, row.why = mail.arrived, None, ""
                session.add(row)
                ids[mail.uid] = row.id or 0
            fresh += come
            brought = [{"mail_id": ids[mail.uid], "content": mail.content} for mail in fresh if not mail.withheld]
            if brought:
                session.connection().execute(_BYTES, brought)
            self._move_cursor(session, first.mailbox, first.folder, first.uidvalidity, max(uids), now)
            if fresh:
                notify(session, "read")
            return len(fresh)

    @staticmethod
    def _book(session: Session, rows: Sequence[Mapping[str, object]]) -> dict[int, int]:
        """New lines of the books, all in one statement; UID → id."""
        return {uid: mail_id or 0 for uid, mail_id in session.connection().execute(_LINES, rows)} if rows else {}

    def asked(self, mailbox: str, folder: str, *, uidvalidity: int, now: datetime) -> None:
        """Note that a folder was asked with success; a new UIDVALIDITY starts it afresh (RFC 3501 section 2.3.1.1)."""
        with writing(self._engine) as session:
            self._move_cursor(session, mailbox, folder, uidvalidity, 0, now)

    def failed(self, mailbox: str, folder: str, *, why: str, now: datetime) -> None:
        """Note that a folder could not be asked."""
        with writing(self._engine) as session:
            row = session.get(Cursor, (mailbox, folder))
            if row is None:
                row = Cursor(mailbox=mailbox, folder=folder, uidvalidity=0, last_uid=0)
            row.error_since = row.error_since or now
            row.error = why
            session.add(row)

    @staticmethod
    def _move_cursor(session: Session, mailbox: str, folder: str, uidvalidity: int, uid: int, now: datetime) -> None:
        row = session.get(Cursor, (mailbox, folder))
        if row is None:
            row = Cursor(mailbox=mailbox, folder=folder, uidvalidity=uidvalidity, last_uid=0)
        if row.uidvalidity != uidvalidity:
            row.uidvalidity, row.last_uid = uidvalidity, 0
        row.last_uid = max(row.last_uid, uid)
        row.seen_at, row.error, row.error_since = now, "", None
        session.add(row)

    def health(self) -> tuple[FolderHealth, ...]:
        """Every folder that was ever watched, and what stands in its way."""
        with reading(self._engine) as session:
            rows = session.scalars(select(Cursor).order_by(col(Cursor.mailbox), col(Cursor.folder)))
            return tuple(
                FolderHealth(
                    mailbox=row.mailbox,
                    folder=row.folder,
                    last_uid=row.last_uid,
                    seen_at=row.seen_at,
                    error=row.error,
                    error_since=row.error_since,
                )
                for row in rows
            )

    # filing

    def to_file(self, mailbox: str, folder: str, uidvalidity: int, *, limit: int = 500) -> dict[int, str]:
        """Some UIDs of kept mails that the server shall file, and as what: "kept", or "journal" for a copy of ours."""
        with reading(self._engine) as session:
            rows = session.execute(
                select(col(Mail.uid), col(Mail.file_as))
                .where(
                    col(Mail.mailbox) == mailbox,
                    col(Mail.folder) == folder,
                    col(Mail.uidvalidity) == uidvalidity,
                    col(Mail.file_as) != "",
                )
                .order_by(col(Mail.id))
                .limit(limit)
            )
            return dict(rows.all())

    def filed(self, mailbox: str, folder: str, uidvalidity: int, uids: Sequence[int]) -> None:
        """Note that the server has filed these."""
        with writing(self._engine) as session:
            session.execute(
                update(Mail)
                .where(
                    col(Mail.mailbox) == mailbox,
                    col(Mail.folder) == folder,
                    col(Mail.uidvalidity) == uidvalidity,
                    col(Mail.uid).in_(uids),
                )
                .values(file_as="")
            )

    # reading

    @contextmanager
    def unread(self, limit: int) -> Iterator["Batch"]:
        """Some kept mails, oldest first, held while they are understood.

        On PostgreSQL their rows stay locked until the end, so that other readers take others, and a reader's death
        gives them back. A mail whose reading was begun before without an end comes last, and alone.
        """
        self._take_back()
        if not is_postgres(self._engine):
            with reading(self._engine) as session:
                kept = _claim(session, limit)
            with self._attempting(kept):
                yield Batch(self._engine, kept, None)
            return
        with writing(self._engine) as session:
            kept = _claim(session, limit)
            with self._attempting(kept):
                yield Batch(self._engine, kept, session)

    @contextmanager
    def _attempting(self, kept: Sequence[KeptMail]) -> Iterator[None]:
        """Count an attempt at each, and take it back where it was not the mail that ended it."""
        self._count_attempts(kept)
        try:
            yield
        except Exception:
            self._blameless += [mail.id for mail in kept]
            with suppress(DatabaseError):
                self._take_back()
            raise

    def _take_back(self) -> None:
        if self._blameless:
            with writing(self._engine) as session:
                blameless = col(Attempt.mail_id).in_(self._blameless)
                session.execute(update(Attempt).where(blameless).values(count=col(Attempt.count) - 1))
            self._blameless = []

    def _count_attempts(self, kept: Sequence[KeptMail]) -> None:
        """In a commit of its own: it must survive what the reading may do to us."""
        if not kept:
            return
        ids = [mail.id for mail in kept]
        with writing(self._engine) as session:
            known = set(session.scalars(select(col(Attempt.mail_id)).where(col(Attempt.mail_id).in_(ids))))
            again = update(Attempt).where(col(Attempt.mail_id).in_(known))
            if known:
                session.execute(again.values(count=col(Attempt.count) + 1))
            if first := [{"mail_id": mail_id, "count": 1} for mail_id in ids if mail_id not in known]:
                session.connection().execute(_ATTEMPTS, first)

    def waiting(self) -> int:
        """How many kept mails have not been read."""
        with reading(self._engine) as session:
            return session.scalar(select(func.count()).select_from(Mail).where(col(Mail.outcome).is_(None))) or 0

    # account

    def uids(self, mailbox: str, folder: str, uidvalidity: int) -> set[int]:
        """Every UID of this folder that is in the books with an outcome."""
        with reading(self._engine) as session:
            rows = session.scalars(
                select(col(Mail.uid)).where(
                    col(Mail.mailbox) == mailbox,
                    col(Mail.folder) == folder,
                    col(Mail.uidvalidity) == uidvalidity,
                    col(Mail.outcome).is_not(None),
                )
            )
            return set(rows)

    def lines(self) -> Iterator[BookLine]:
        """Every line of the books that has an outcome, in the order of arrival in them."""
        with reading(self._engine) as session:
            rows = session.execute(
                select(Mail, col(Case.reference))
                .outerjoin(Case, col(Case.id) == col(Mail.case_id))
                .where(col(Mail.outcome).is_not(None))
                .order_by(col(Mail.id))
                .execution_options(yield_per=500)
            )
            for mail, reference in rows:
                yield BookLine(
                    mailbox=mail.mailbox,
                    folder=mail.folder,
                    uidvalidity=mail.uidvalidity,
                    uid=mail.uid,
                    message_id=mail.message_id,
                    sender=mail.sender,
                    outcome=mail.outcome,
                    why=mail.why,
                    case=reference,
                    opened=mail.opened,
                    label=mail.label,
                    invoices=tuple(json.loads(mail.invoices)),
                    amount=mail.amount,
                )

    # a mail of them

    def content(self, mail_id: int) -> RawMail | None:
        """A kept mail with its bytes; None when there is none."""
        with reading(self._engine) as session:
            row = session.get(Mail, mail_id)
            raw = session.get(Raw, mail_id)
            return _raw_mail(row, raw.content) if row is not None and raw is not None else None

    def find(self, name: str) -> KeptMail:
        """A kept mail by its Message-ID, or as MAILBOX/UID; copies of it do not count.

        Raises NotFound, and OperatorError where the name is that of several mails.
        """
        mailbox, _, uid = name.rpartition("/")
        named: ColumnElement[bool] = col(Mail.message_id).in_((name, f"<{name}>"))
        # RFC 3501 section 9: a UID has 32 bits
        if uid.isdecimal() and len(uid) <= 10:
            named |= (col(Mail.mailbox) == mailbox) & (col(Mail.uid) == int(uid))
        with reading(self._engine) as session:
            no_copy = func.coalesce(col(Mail.outcome), "") != "duplicate"
            rows = session.scalars(select(Mail).where(named, no_copy).limit(2)).all()
            if len(rows) > 1:
                raise OperatorError(f"{name} is the name of several mails: try the other, Message-ID or MAILBOX/UID")
            raw = session.get(Raw, rows[0].id) if rows else None
            if raw is None:
                raise NotFound(f"no mail {name} is in the books: triage account --json lists them")
            return KeptMail(id=raw.mail_id, raw=_raw_mail(rows[0], raw.content), attempts=0)


class Batch:
    """Kept mails in hand. `recording` opens the transaction in which their decisions are written."""

    def __init__(self, engine: Engine, mails: Sequence[KeptMail], session: Session | None) -> None:
        self._engine = engine
        self._session = session
        self.mails = tuple(mails)

    @contextmanager
    def recording(self, names: Iterable[str]) -> Iterator[Session]:
        """The transaction of all decisions of this batch.

        `names` are what its mails can be recognised by, ids and senders: readers with mails of the same name take
        turns, so that the second sees what the first has decided.
        """
        ids = [mail.id for mail in self.mails]
        with nullcontext(self._session) if self._session is not None else writing(self._engine) as session:
            take_turns(session, names)
            yield session
            session.execute(delete(Attempt).where(col(Attempt.mail_id).in_(ids)))


def _row(mail: RawMail, file_as: str, now: datetime) -> dict[str, object]:
    """A line of the books, as yet without what reading will tell."""
    return {
        "mailbox": mail.mailbox,
        "folder": mail.folder,
        "uidvalidity": mail.uidvalidity,
        "uid": mail.uid,
        "arrived": mail.arrived,
        "kept_at": now,
        "size": mail.size,
        "truncated": mail.truncated,
        "digest": _digest(mail),
        "file_as": "" if mail.withheld else file_as,
        "outcome": "quarantined" if mail.withheld else None,
        "why": mail.withheld,
        "read_at": now if mail.withheld else None,
        "opened": False,
    }


def _digest(mail: RawMail) -> str:
    """Of the bytes; "" marks a mail whose bytes the server withholds."""
    return "" if mail.withheld else hashlib.sha256(mail.content).hexdigest()


def is_awaited(row: Mail) -> bool:
    """Whether the server has withheld this mail until now."""
    return row.outcome == "quarantined" and not row.digest


def _of(mail: RawMail) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Mail.mailbox) == mail.mailbox,
        col(Mail.folder) == mail.folder,
        col(Mail.uidvalidity) == mail.uidvalidity,
    )


#: what the books say of a mail that has been kept
_KEPT = select(
    *(col(Mail.id), col(Mail.mailbox), col(Mail.folder), col(Mail.uidvalidity), col(Mail.uid)),
    *(col(Mail.arrived), col(Mail.size), col(Mail.truncated)),
)


def _raw_mail(row: Any, content: bytes) -> RawMail:
    return RawMail(
        mailbox=row.mailbox,
        folder=row.folder,
        uidvalidity=row.uidvalidity,
        uid=row.uid,
        arrived=row.arrived,
        content=content,
        size=row.size,
        truncated=row.truncated,
    )


def _claim(session: Session, limit: int) -> list[KeptMail]:
    """Mails whose reading has not been begun; where none is left, one of those that it did not end for.

    What may have ended the process comes last and alone, the least tried first: it keeps nobody waiting, and a process
    that ends for reasons of its own does not end again and again over one innocent mail.
    """
    waiting = _KEPT.where(col(Mail.outcome).is_(None)).with_for_update(skip_locked=True, of=Mail)
    begun = exists().where(col(Attempt.mail_id) == col(Mail.id), col(Attempt.count) > 0)
    rows = _bounded(session.execute(waiting.where(~begun).order_by(col(Mail.id)).limit(limit)).all())
    counts: dict[int | None, int] = {}
    if not rows:
        tried = waiting.join(Attempt, col(Attempt.mail_id) == col(Mail.id)).where(col(Attempt.count) > 0)
        rows = session.execute(tried.order_by(col(Attempt.count), col(Mail.id)).limit(1)).all()
        counts = {row.id: session.get_one(Attempt, row.id).count for row in rows}
    if not rows:
        return []
    ids = [row.id for row in rows]
    contents = dict(session.execute(select(col(Raw.mail_id), col(Raw.content)).where(col(Raw.mail_id).in_(ids))).all())
    return [
        KeptMail(id=row.id, raw=_raw_mail(row, contents.get(row.id, b"")), attempts=counts.get(row.id, 0))
        for row in rows
    ]


def _bounded(rows: Sequence[Any]) -> Sequence[Any]:
    """As many as fit into memory together, at least one."""
    weight = 0
    for at, row in enumerate(rows):
        weight += 0 if row.truncated else row.size
        if at and weight > _BATCH_BYTES:
            return rows[:at]
    return rows


def write_outcome(session: Session, mail: KeptMail, columns: Mapping[str, object]) -> None:
    """Write into the books what became of a mail."""
    session.connection().execute(_OUTCOME, {"of": mail.id, **columns})


def words_digest(message: Message) -> str:
    """What makes two mails the same to a reader: own words, subject and attachments. "" when there is too little."""
    words = "".join(message.reply.lower().split())
    if len(words) < 20:
        return ""
    attached = "".join(f"{attachment.filename}/{attachment.size}" for attachment in message.attachments)
    return hashlib.sha256(
        f"{message.subject.lower()}\0{words}\0{attached}".encode("utf-8", "surrogatepass")
    ).hexdigest()


def mail_line(row: Mail, reference: str | None) -> MailLine:
    """A mail as lists show it."""
    return MailLine(
        id=row.id or 0,
        mailbox=row.mailbox,
        folder=row.folder,
        uid=row.uid,
        arrived=row.arrived,
        sender=row.sender or "",
        subject=row.subject,
        outcome=row.outcome,
        why=row.why,
        case=reference,
        probability=row.probability,
    )


def record_of(session: Session, mail_id: int) -> dict[str, object]:
    """The decision record of a mail, {} when there is none."""
    row = session.get(Record, mail_id)
    return dict(row.decided) if row is not None else {}


#: how long the same words from one sender count as the same mail
SAME_WORDS = timedelta(days=3)
