"""Logging in, and not again and again once a server has said no: many lock an account after a few wrong passwords.

One `Login` belongs to one account and is shared by all of its connections: folders, watchers, threads. What it
remembers of a failure may outlive the process, so that one that is started anew every minute keeps the same pauses.
"""

import hashlib
import hmac
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from triage.errors import LoginError, LoginRefused
from triage.mail.connection import Expiry
from triage.mail.oauth import Tokens

#: the wait after a first refusal, and the longest: it doubles between them
_REFUSED = (timedelta(minutes=1), timedelta(hours=1))
#: the same where a login may work by itself again
_FAILED = (timedelta(seconds=10), timedelta(minutes=5))


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A login that failed, and when it may be tried again."""

    why: str
    #: False where it may work by itself again
    refused: bool
    #: tries without success since the last with
    tries: int
    not_before: datetime
    #: what it was tried with, as `_hashed` says: another secret is tried at once
    tried_with: str


class LoginMemory(Protocol):
    """Where the last failure of a login is remembered."""

    def recall(self) -> Failure | None:
        """None after a success."""

    def note(self, failure: Failure | None) -> None:
        """From now on."""


class _OfThisProcess:
    """Remembered until the process ends."""

    def __init__(self) -> None:
        self._failure: Failure | None = None

    def recall(self) -> Failure | None:
        return self._failure

    def note(self, failure: Failure | None) -> None:
        self._failure = failure


class Login:
    """Who we are to a server: a user name, and a password or access tokens; nobody where the user name is ""."""

    def __init__(
        self,
        username: str,
        password: str | Callable[[], str] = "",
        *,
        tokens: Tokens | None = None,
        memory: LoginMemory | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.username = username
        #: None where a password is used
        self.tokens = tokens
        self._password = password
        self._memory = memory or _OfThisProcess()
        self._now = now
        self._lock = threading.Lock()
        #: the secret of the last failure and its hash: hashing is slow, and who polls asks often
        self._hashed: tuple[object, str] = (None, "")

    def ready(self) -> None:
        """Ask before a connection is made: raises as `attempt` while the last failure is fresh."""
        with self._lock:
            self._wait_out(self._secret())

    def turned_away(self, failure: LoginError) -> None:
        """Note that the server wanted nothing of us before it asked who we are: the same pauses follow."""
        with self._lock:
            self._failed(failure, self._secret())

    def attempt(self, log_in: Callable[[str], object]) -> None:
        """Have `log_in` log in with the password or access token that it is given; one connection at a time.

        It raises LoginRefused where the server does not accept that, LoginError where it may later; so does this, also
        without a try while the last failure is fresh and the secret is still the same.
        """
        with self._lock:
            secret = self._secret()
            before = self._wait_out(secret)
            try:
                self._log_in(log_in, secret)
            except LoginError as error:
                # renewing an access token may have replaced the refresh token
                self._failed(error, secret if self.tokens is None else self._secret())
                raise
            if before is not None:
                self._memory.note(None)

    def _wait_out(self, secret: object) -> Failure | None:
        """The last failure where its pause is over; raises it again where not."""
        failure = self._memory.recall()
        if failure is None or self._now() >= failure.not_before or not self._is_same(secret, failure.tried_with):
            return failure
        again = f"tried again from {failure.not_before:%H:%M:%S} UTC on, or when the secret changes"
        raise (LoginRefused if failure.refused else LoginError)(f"{failure.why}; {again}")

    def _failed(self, error: LoginError, secret: object) -> None:
        before = self._memory.recall()
        tries = before.tries if before is not None else 0
        refused = isinstance(error, LoginRefused)
        first, longest = _REFUSED if refused else _FAILED
        if before is None or not self._is_same(secret, before.tried_with):
            self._hashed = secret, _hashed(secret, os.urandom(16))
        self._memory.note(
            Failure(
                why=str(error),
                refused=refused,
                tries=tries + 1,
                not_before=self._now() + min(first * 2 ** min(tries, 10), longest),
                tried_with=self._hashed[1],
            )
        )

    def _is_same(self, secret: object, hashed: str) -> bool:
        """Whether it is the secret of that hash."""
        if self._hashed != (secret, hashed):
            again = _hashed(secret, bytes.fromhex(hashed.partition("$")[0]))
            if not hmac.compare_digest(again, hashed):
                return False
            self._hashed = secret, hashed
        return True

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


def _hashed(secret: object, salt: bytes) -> str:
    """A secret as it may be kept: salted, and slow to guess (RFC 7914)."""
    return f"{salt.hex()}${hashlib.scrypt(repr(secret).encode(), salt=salt, n=2**14, r=8, p=1).hex()}"
