"""Lines of history, and alarms that call a person; written inside the transaction of what they speak of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text, update
from sqlmodel import Session, col

from triage.store.dialect import insert_into
from triage.store.tables import Alarm, Event

#: lines are only ever written: past the session, whose bookkeeping of objects costs more than the statement
_LINE = insert(Event)


def add_event(
    session: Session, case_id: int | None, kind: str, text: str, *, now: datetime, actor: str = "triage", **detail: Any
) -> None:
    """Write a line of history: of a case, or of the house where that is None."""
    line = {"case_id": case_id, "at": now, "actor": actor, "kind": kind, "text": text}
    session.connection().execute(_LINE, {**line, "detail": detail})


def raise_alarm(session: Session, kind: str, subject: str, why: str, *, now: datetime) -> bool:
    """Call a person; one open alarm a kind and subject. True when it is a new one."""
    # one statement: two processes may call at the same moment
    insert = insert_into(session, Alarm).values(kind=kind, subject=subject, why=why, count=1, first_at=now, last_at=now)
    counted = insert.on_conflict_do_update(
        index_elements=["kind", "subject"],
        index_where=text("cleared_at IS NULL"),
        set_={"count": col(Alarm.count) + 1, "last_at": now, "why": why},
    )
    times: int = session.execute(counted.returning(col(Alarm.count))).scalar_one()
    return times == 1


def clear_alarms(session: Session, kinds: Sequence[str], subject: str, *, now: datetime) -> None:
    """The matter is settled."""
    session.execute(
        update(Alarm)
        .where(col(Alarm.kind).in_(kinds), col(Alarm.subject) == subject, col(Alarm.cleared_at).is_(None))
        .values(cleared_at=now)
    )
