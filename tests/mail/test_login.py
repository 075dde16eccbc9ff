"""Logging in: what was refused is not tried at every poll, and what has changed is tried at once."""

from contextlib import suppress
from pathlib import Path

import pytest
from furnished import HandClock

from triage.errors import LoginError, LoginRefused
from triage.mail.login import Failure, Login
from triage.mail.oauth import Client, Tokens


class Server:
    """Takes one secret, and counts the tries."""

    def __init__(self) -> None:
        self.secret = "right"
        self.tries: list[str] = []
        self.busy = False

    def log_in(self, secret: str) -> None:
        """One try."""
        self.tries.append(secret)
        if self.busy:
            raise LoginError("too many connections")
        if secret != self.secret:
            raise LoginRefused("no")


@pytest.fixture
def server() -> Server:
    """A server that wants "right"."""
    return Server()


def tries_in(login: Login, server: Server, clock: HandClock, *, minutes: int) -> int:
    """How often a server is tried while somebody polls twice a minute."""
    before = len(server.tries)
    for _ in range(minutes * 2):
        with suppress(LoginError):
            login.attempt(server.log_in)
        clock.forward(seconds=30)
    return len(server.tries) - before


def test_a_refused_password_is_tried_less_and_less(server: Server, clock: HandClock) -> None:
    """After an hour of doubling it is one try an hour: no server locks an account for that."""
    login = Login("support", "wrong", now=lambda: clock.now)
    assert tries_in(login, server, clock, minutes=60) <= 6
    assert 23 <= tries_in(login, server, clock, minutes=24 * 60) <= 25


def test_what_is_not_tried_says_why_and_until_when(server: Server, clock: HandClock) -> None:
    """The same refusal, with the moment from which it is tried again."""
    login = Login("support", "wrong", now=lambda: clock.now)
    with pytest.raises(LoginRefused, match=r"^no$"):
        login.attempt(server.log_in)
    with pytest.raises(LoginRefused, match=r"^no; tried again from 10:01:00 UTC on, or when the secret changes$"):
        login.attempt(server.log_in)
    assert server.tries == ["wrong"]


def test_a_changed_password_is_tried_at_once(server: Server, clock: HandClock, tmp_path: Path) -> None:
    """The file is read for each login: nobody need restart the daemon."""
    file = tmp_path / "password"
    file.write_text("wrong")
    login = Login("support", file.read_text, now=lambda: clock.now)
    tries_in(login, server, clock, minutes=60)
    file.write_text("right")
    login.attempt(server.log_in)
    assert server.tries[-1] == "right"


def test_success_forgets_what_was_before(server: Server, clock: HandClock) -> None:
    """The next refusal begins with the shortest wait again."""
    login = Login("support", "right", now=lambda: clock.now)
    server.secret = "another"
    tries_in(login, server, clock, minutes=120)
    server.secret = "right"
    clock.forward(hours=1)
    login.attempt(server.log_in)
    server.secret = "another"
    assert tries_in(login, server, clock, minutes=2) == 2


def test_a_busy_server_is_left_alone_for_minutes_not_hours(server: Server, clock: HandClock) -> None:
    """Too many connections pass by themselves; that is no refusal."""
    login = Login("support", "right", now=lambda: clock.now)
    server.busy = True
    assert 12 <= tries_in(login, server, clock, minutes=60) <= 20
    with pytest.raises(LoginError) as caught:
        login.attempt(server.log_in)
    assert not isinstance(caught.value, LoginRefused)
    server.busy = False
    clock.forward(minutes=5)
    login.attempt(server.log_in)


class Notebook:
    """Outlives the logins that write in it."""

    def __init__(self) -> None:
        self.failure: Failure | None = None

    def recall(self) -> Failure | None:
        """What stands in it."""
        return self.failure

    def note(self, failure: Failure | None) -> None:
        """Write it down."""
        self.failure = failure


def test_who_is_started_anew_for_each_try_keeps_the_same_pauses(server: Server, clock: HandClock) -> None:
    """Cron starts us again and again: the account is not locked by that either."""
    book = Notebook()
    for _ in range(6 * 6):
        with suppress(LoginError):
            Login("support", "wrong", memory=book, now=lambda: clock.now).attempt(server.log_in)
        clock.forward(minutes=10)
    assert 6 <= len(server.tries) <= 12
    assert book.failure is not None
    assert "wrong" not in book.failure.tried_with
    Login("support", "right", memory=book, now=lambda: clock.now).attempt(server.log_in)
    assert book.failure is None


def test_who_is_turned_away_at_the_door_knocks_less_and_less(server: Server, clock: HandClock) -> None:
    """Before a connection is made it is asked whether it is time; success forgets."""
    login, knocks = Login("support", "right", now=lambda: clock.now), 0
    for _ in range(720):
        with suppress(LoginError):
            login.ready()
            knocks += 1
            login.turned_away(LoginError("turned away: too many connections"))
        clock.forward(seconds=5)
    assert 12 <= knocks <= 20
    clock.forward(minutes=5)
    login.ready()
    login.attempt(server.log_in)
    login.ready()


class Provider(Tokens):
    """Tokens that are made up here."""

    def __init__(self, refresh: list[str]) -> None:
        client = Client(token_url="", grant="refresh_token", client_id="", client_secret=str)
        super().__init__(client)
        self.refresh, self.made, self.cached = refresh, 0, ""

    def secrets(self) -> tuple[str, str]:
        """What a person can change."""
        return "", self.refresh[0]

    def access_token(self) -> str:
        """The cached one, or another."""
        if self.refresh[0] == "revoked":
            raise LoginRefused("invalid_grant")
        if not self.cached:
            self.made += 1
            self.cached = f"access-{self.made}"
        return self.cached

    def forget(self, token: str) -> None:
        """The cached one is no good."""
        self.cached = ""


def test_a_token_that_was_revoked_early_is_replaced_at_once(clock: HandClock) -> None:
    """A server may end a token before its time; a new one is had without a person."""
    server, tokens = Server(), Provider(["refresh"])
    server.secret = "access-2"
    Login("support", tokens=tokens, now=lambda: clock.now).attempt(server.log_in)
    assert server.tries == ["access-1", "access-2"]


def test_a_refused_grant_is_not_asked_for_at_every_poll(server: Server, clock: HandClock) -> None:
    """And a new refresh token is taken up at once."""
    refresh = ["revoked"]
    tokens = Provider(refresh)
    login = Login("support", tokens=tokens, now=lambda: clock.now)
    assert tries_in(login, server, clock, minutes=60) == 0
    with pytest.raises(LoginRefused, match=r"invalid_grant; tried again"):
        login.attempt(server.log_in)
    refresh[0], server.secret = "new", "access-1"
    login.attempt(server.log_in)
    assert server.tries == ["access-1"]
