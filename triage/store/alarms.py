"""Alarms: what a person must know, each once, with a count, until it is cleared."""

from datetime import datetime

from sqlalchemy import Engine, select
from sqlmodel import col

from triage.store.history import add_event, clear_alarms, raise_alarm
from triage.store.session import reading, writing
from triage.store.tables import Alarm
from triage.store.views import AlarmLine


class Alarms:
    """What a person must know."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def call(self, kind: str, subject: str, why: str, *, now: datetime) -> bool:
        """Raise an alarm; True when it is a new one, False when it counts up an open one."""
        with writing(self._engine) as session:
            return raise_alarm(session, kind, subject, why, now=now)

    def open(self) -> tuple[AlarmLine, ...]:
        """Alarms that nobody has cleared, newest first."""
        with reading(self._engine) as session:
            query = select(Alarm).where(col(Alarm.cleared_at).is_(None)).order_by(col(Alarm.last_at).desc())
            return tuple(
                AlarmLine(
                    id=row.id or 0,
                    kind=row.kind,
                    subject=row.subject,
                    why=row.why,
                    count=row.count,
                    first_at=row.first_at,
                    last_at=row.last_at,
                )
                for row in session.scalars(query)
            )

    def clear(self, kind: str, subject: str, *, now: datetime, actor: str = "") -> None:
        """The matter is settled; says `actor`, or it has shown by itself."""
        there = (col(Alarm.kind) == kind, col(Alarm.subject) == subject, col(Alarm.cleared_at).is_(None))
        with reading(self._engine) as session:
            # the common case is that there is none: no write for it
            if session.scalars(select(col(Alarm.id)).where(*there)).first() is None:
                return
        with writing(self._engine) as session:
            clear_alarms(session, [kind], subject, now=now)
            if actor:
                text = f"cleared the alarm {kind} {subject}".rstrip()
                add_event(session, None, "alarm_cleared", text, now=now, actor=actor)
