"""The quarantine: mails that broke us, and mails that the server withholds. A person sees them; the line goes on."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, literal_column, select
from sqlmodel import Session, col

from triage.store.books import is_awaited, mail_line, write_outcome
from triage.store.dialect import notify
from triage.store.history import add_event, clear_alarms, raise_alarm
from triage.store.session import reading, writing
from triage.store.tables import Mail
from triage.store.views import KeptMail, MailLine

#: the shortest and longest pause before a withheld mail is asked for again
_AGAIN = (timedelta(minutes=1), timedelta(hours=6))
#: written out: only then do databases see that the index of quarantined mails holds them all
_QUARANTINED = col(Mail.outcome) == literal_column("'quarantined'")


class Quarantine:
    """Mails that wait for a person, or for the server."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def lines(self) -> tuple[MailLine, ...]:
        """Mails that were set aside for a person."""
        with reading(self._engine) as session:
            rows = session.scalars(select(Mail).where(_QUARANTINED).order_by(col(Mail.id)))
            return tuple(mail_line(row, None) for row in rows)

    def release(self, mail_id: int, *, actor: str, now: datetime) -> bool:
        """Read a quarantined mail again, or ask the server for it; False when there is no such mail in quarantine."""
        return self._end(mail_id, None, actor=actor, now=now)

    def drop(self, mail_id: int, *, actor: str, now: datetime) -> bool:
        """Take a mail out of quarantine for good; its bytes stay."""
        return self._end(mail_id, "ignored", actor=actor, now=now)

    def _end(self, mail_id: int, outcome: str | None, *, actor: str, now: datetime) -> bool:
        """With its line of history; the alarm of a mailbox ends with the last mail that it was raised for."""
        with writing(self._engine) as session:
            row = session.get(Mail, mail_id)
            if row is None or row.outcome != "quarantined":
                return False
            if outcome is None and is_awaited(row):
                row.read_at = None
            else:
                row.outcome, row.why = outcome, f"dropped from quarantine by {actor}" if outcome else ""
            session.add(row)
            session.flush()
            mail = f"{row.mailbox}/{row.folder} UID {row.uid}"
            text = f"dropped {mail} from quarantine" if outcome else f"had {mail} read again"
            add_event(session, None, "quarantine", text, now=now, actor=actor)
            end_alarm(session, row.mailbox, now=now)
            notify(session, "read")
            return True

    # withheld by the server

    def awaited(self, mailbox: str, folder: str, uidvalidity: int) -> int:
        """How many mails of a folder the server has withheld until now."""
        with reading(self._engine) as session:
            return len(_awaited_in(session, mailbox, folder, uidvalidity))

    def to_fetch_again(
        self, mailbox: str, folder: str, uidvalidity: int, *, now: datetime, limit: int = 20
    ) -> tuple[int, ...]:
        """UIDs of withheld mails that it is time to ask for again: soon at first, then seldom. Notes the try."""
        with writing(self._engine) as session:
            rows = _awaited_in(session, mailbox, folder, uidvalidity)
            due = [row for row in rows if row.read_at is None or row.read_at + _pause(row) <= now]
            due = sorted(due, key=lambda row: row.read_at or row.kept_at)[:limit]
            for row in due:
                row.read_at = now
                session.add(row)
            return tuple(sorted(row.uid for row in due))


def set_aside(session: Session, mail: KeptMail, *, why: str, now: datetime) -> None:
    """Put a mail where a person will see it; the next one is read."""
    write_outcome(session, mail, {"outcome": "quarantined", "why": why, "read_at": now})
    raise_alarm(session, "quarantine", mail.raw.mailbox, f"UID {mail.raw.uid} was set aside: {why}", now=now)


def end_alarm(session: Session, mailbox: str, *, now: datetime) -> None:
    """The alarm of a mailbox ends with the last mail in quarantine that it was raised for."""
    # of withheld mails, which have no digest, another alarm tells
    left = session.scalars(select(col(Mail.mailbox)).where(_QUARANTINED, col(Mail.digest) != ""))
    if mailbox not in left.all():
        clear_alarms(session, ["quarantine"], mailbox, now=now)


def _awaited_in(session: Session, mailbox: str, folder: str, uidvalidity: int) -> list[Mail]:
    # the folder is looked at here: the index of quarantined mails is small, and any other would be as long as the books
    rows = session.scalars(select(Mail).where(_QUARANTINED, col(Mail.digest) == "").order_by(col(Mail.id)))
    where = mailbox, folder, uidvalidity
    return [row for row in rows if (row.mailbox, row.folder, row.uidvalidity) == where]


def _pause(row: Mail) -> timedelta:
    """Until a withheld mail is asked for again: as long as it has been waited for, within bounds."""
    shortest, longest = _AGAIN
    return min(max((row.read_at or row.kept_at) - row.kept_at, shortest), longest)
