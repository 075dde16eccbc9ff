"""Lines of history, and alarms that call a person; written inside the transaction of what they speak of."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from triage.store.tables import Alarm, Case, Event


def add_event(
    session: Session, case: Case | None, kind: str, text: str, *, now: datetime, actor: str = "triage", **detail: Any
) -> None:
    """Write a line of history."""
    session.add(Event(case_id=case.id if case else None, at=now, actor=actor, kind=kind, text=text, detail=detail))


def raise_alarm(session: Session, kind: str, subject: str, why: str, *, now: datetime) -> bool:
    """Call a person; one open alarm a kind and subject. True when it is a new one."""
    query = select(Alarm).where(col(Alarm.kind) == kind, col(Alarm.subject) == subject, col(Alarm.cleared_at).is_(None))
    row = session.scalars(query).first()
    if row is None:
        session.add(Alarm(kind=kind, subject=subject, why=why, first_at=now, last_at=now))
        session.flush()
        return True
    row.count, row.last_at, row.why = row.count + 1, now, why
    session.add(row)
    return False
