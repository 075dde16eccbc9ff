"""What people have said of mails: the memory of the daemon, and what the model learns from.

A yes, a no or another reason is one row for the mail that opened the case, written in the transaction of the move that
says it. A mail is known again by its hashed word triples, so that the row holds nothing that could be read, and stays
when the mail itself goes.
"""

from datetime import datetime

from sqlalchemy import Engine, delete, func, select
from sqlmodel import Session, col

from triage.errors import MailTooComplex
from triage.mail.message import parse
from triage.store.history import add_event
from triage.store.session import reading, writing
from triage.store.tables import Case, Correction, Mail, Raw
from triage.store.views import DecidedMail
from triage.understanding.memory import Remembered, fingerprint
from triage.understanding.understand import words_of

#: corrections that the daemon keeps in mind, the newest: 30 MB
MOST_REMEMBERED = 2000


class Corrections:
    """What people have said of mails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def mark(self) -> tuple[int, datetime | None]:
        """Changes whenever somebody has said something new."""
        with reading(self._engine) as session:
            count, last = session.execute(select(func.count(), func.max(col(Correction.at)))).one()
            return count, last

    def remembered(self) -> list[Remembered]:
        """The newest corrections, oldest first."""
        with reading(self._engine) as session:
            newest = (
                select(Correction).order_by(col(Correction.at).desc(), col(Correction.mail_id)).limit(MOST_REMEMBERED)
            )
            rows = reversed(session.scalars(newest).all())
            return [Remembered(label=row.label, triples=tuple(row.triples)) for row in rows if row.triples]

    def decided(self) -> list[DecidedMail]:
        """Every mail that people have decided about, oldest first: corrected, confirmed, or its case resolved."""
        with reading(self._engine) as session:
            query = (
                select(col(Mail.id), col(Case.reference), col(Case.reason), Correction)
                .join(Case, col(Case.id) == col(Mail.case_id))
                .outerjoin(Correction, col(Correction.mail_id) == col(Mail.id))
                .where(
                    col(Mail.opened), col(Correction.mail_id).is_not(None) | col(Case.state).in_(("resolved", "closed"))
                )
                .order_by(func.coalesce(col(Correction.at), col(Case.resolved_at)), col(Mail.id))
            )
            return [
                DecidedMail(
                    mail_id=mail_id or 0,
                    case=reference or "",
                    label=said.label if said else reason,
                    pinned=said is not None and said.pinned,
                )
                for mail_id, reference, reason, said in session.execute(query)
            ]

    def version_changed(self, text: str, *, actor: str, now: datetime) -> None:
        """Write into the history of the house that another version of the model was put into use."""
        with writing(self._engine) as session:
            add_event(session, None, "model", text, now=now, actor=actor)


def say(session: Session, case: Case, label: str, *, actor: str, now: datetime) -> Correction | None:
    """A person says what the mail is that opened this case: a reason, or "none". None where that mail is gone."""
    opening = select(col(Mail.id)).where(col(Mail.case_id) == case.id, col(Mail.opened)).order_by(col(Mail.id))
    mail_id = session.scalars(opening).first()
    if mail_id is None:
        return None
    row = session.get(Correction, mail_id)
    if row is None:
        row = Correction(mail_id=mail_id, label=label, actor=actor, at=now, triples=_triples(session, mail_id))
    row.label, row.actor, row.at = label, actor, now
    session.add(row)
    return row


def forget(session: Session, case: Case) -> None:
    """What was said of the mail that opened this case is taken back: nobody has said anything of it."""
    mails = select(col(Mail.id)).where(col(Mail.case_id) == case.id, col(Mail.opened))
    session.execute(delete(Correction).where(col(Correction.mail_id).in_(mails)))


def _triples(session: Session, mail_id: int) -> list[int]:
    raw = session.get(Raw, mail_id)
    if raw is None:
        return []
    try:
        return list(fingerprint(words_of(parse(raw.content), "other")))
    except MailTooComplex:
        return []
