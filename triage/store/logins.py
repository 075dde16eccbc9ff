"""Refused logins, remembered for every process and for the next: cron and restarts keep the daemon's pauses."""

from sqlalchemy import Engine, delete

from triage.mail.login import Failure
from triage.store.session import reading, writing
from triage.store.tables import LoginFailure


class Logins:
    """The last failure of each account, until it is let in."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def recall(self, account: str) -> Failure | None:
        """None after a success."""
        with reading(self._engine) as session:
            row = session.get(LoginFailure, account)
            if row is None:
                return None
            return Failure(
                why=row.why,
                refused=row.refused,
                tries=row.tries,
                not_before=row.not_before,
                tried_with=row.tried_with,
            )

    def note(self, account: str, failure: Failure | None) -> None:
        """From now on."""
        with writing(self._engine) as session:
            if failure is not None:
                session.merge(LoginFailure(account=account, **vars(failure)))
            elif (row := session.get(LoginFailure, account)) is not None:
                session.delete(row)

    def forget(self) -> None:
        """Every account may be tried at once, by whoever runs."""
        with writing(self._engine) as session:
            session.execute(delete(LoginFailure))
