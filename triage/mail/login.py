"""Logging in, and not again and again once a server has said no: many lock an account after a few wrong passwords.

One `Login` belongs to one account and is shared by all of its connections: folders, watchers, threads.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from triage.errors import LoginError, LoginRefused
from triage.mail.connection import Expiry
from triage.mail.oauth import Tokens

#: the wait after a first refusal, and the longest: it doubles between them
_REFUSED = (timedelta(minutes=1), timedelta(hours=1))
#: the same where a login may work by itself again
_FAILED = (timedelta(seconds=10), timedelta(minutes=5))


class Login:
    """Who we are to a server: a user name, and a password or access tokens."""

    def __init__(
        self,
        username: str,
        password: str | Callable[[], str] = "",
        *,
        tokens: Tokens | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.username = username
        #: None where a password is used
        self.tokens = tokens
        self._password = password
        self._now = now
        self._lock = threading.Lock()
        #: tries without success since the last with, and what came of the last
        self._tries = 0
        self._failure: LoginError | None = None
        self._not_before = now()
        self._tried_with: object = None

    def attempt(self, log_in: Callable[[str], object]) -> None:
        """Have `log_in` log in with the password or access token that it is given; one connection at a time.

        It raises LoginRefused where the server does not accept that, LoginError where it may later; so does this, also
        without a try while the last failure is fresh and the secret is still the same.
        """
        with self._lock:
            secret = self._secret()
            if self._failure is not None and secret == self._tried_with and self._now() < self._not_before:
                again = f"tried again from {self._not_before:%H:%M:%S} UTC on, or when the secret changes"
                raise type(self._failure)(f"{self._failure}; {again}")
            try:
                self._log_in(log_in, secret)
            except LoginError as error:
                first, longest = _REFUSED if isinstance(error, LoginRefused) else _FAILED
                self._not_before = self._now() + min(first * 2 ** min(self._tries, 10), longest)
                self._tries, self._failure = self._tries + 1, error
                # renewing an access token may have replaced the refresh token
                self._tried_with = secret if self.tokens is None else self._secret()
                raise
            self._tries, self._failure = 0, None

    def expiries(self) -> tuple[Expiry, ...]:
        """What of it runs out, and when."""
        return self.tokens.expiries() if self.tokens is not None else ()

    def _secret(self) -> object:
        if self.tokens is not None:
            return self.tokens.secrets()
        return self._password if isinstance(self._password, str) else self._password()

    def _log_in(self, log_in: Callable[[str], object], secret: object) -> None:
        if self.tokens is None:
            log_in(str(secret))
            return
        token = self.tokens.access_token()
        try:
            log_in(token)
        except LoginRefused:
            # revoked before its time, or for another reason that a new one may not have
            self.tokens.forget(token)
            log_in(self.tokens.access_token())
