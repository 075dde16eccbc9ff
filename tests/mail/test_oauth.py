"""Access tokens: renewed ahead of their end, once for all threads; a refresh token that is replaced is never lost."""

import base64
import json
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from furnished import HandClock
from servers import TokenServer, free_port, token_server

from triage.errors import LoginError, LoginRefused
from triage.mail.oauth import Bearer, Client, Tokens


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    """A provider of tokens."""
    with token_server() as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of the refresh token."""
    path = tmp_path / "secrets" / "refresh-token"
    path.parent.mkdir()
    path.write_text("refresh-0\n")
    return path


@pytest.fixture
def client(provider: TokenServer, file: Path) -> Client:
    """We, who have been let in once by a person."""
    return Client(
        token_url=f"{provider.url}/token",
        grant="refresh_token",
        client_id="triage",
        client_secret=lambda: "t0psecret",
        refresh_token_file=file,
        timeout=5,
    )


def test_a_token_is_asked_for_once_and_renewed_before_it_ends(
    provider: TokenServer, client: Client, clock: HandClock
) -> None:
    """Five minutes before: what is handed out works for a while."""
    tokens = Tokens(client, now=lambda: clock.now)
    assert [tokens.access_token(), tokens.access_token()] == ["access-1", "access-1"]
    clock.forward(minutes=54)
    assert tokens.access_token() == "access-1"
    clock.forward(minutes=2)
    assert tokens.access_token() == "access-2"
    assert provider.asked[0] == {
        "grant_type": "refresh_token",
        "client_id": "triage",
        "client_secret": "t0psecret",
        "refresh_token": "refresh-0",
    }


def test_a_short_token_is_not_renewed_for_every_use(provider: TokenServer, client: Client, clock: HandClock) -> None:
    """A provider may give tokens for less than our five minutes."""
    provider.lifetime = 120
    tokens = Tokens(client, now=lambda: clock.now)
    tokens.access_token()
    clock.forward(seconds=60)
    assert tokens.access_token() == "access-1"
    clock.forward(seconds=40)
    assert tokens.access_token() == "access-2"


def test_many_threads_cause_one_renewal(provider: TokenServer, client: Client) -> None:
    """A refresh token that is used twice at once is theft to some providers."""
    provider.rotates, provider.delay = True, 0.05
    tokens, got = Tokens(client), []
    threads = [threading.Thread(target=lambda: got.append(tokens.access_token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["access-1"] * 8


def test_two_processes_with_one_file_take_turns(provider: TokenServer, client: Client, file: Path) -> None:
    """Mailbox and relay, or a doctor beside the daemon: each reads what the other has written."""
    provider.rotates, provider.delay = True, 0.05
    both = [Tokens(client), Tokens(client)]
    errors: list[LoginError] = []

    def ask(tokens: Tokens) -> None:
        try:
            for _ in range(4):
                tokens.forget(tokens.access_token())
        except LoginError as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(tokens,)) for tokens in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert file.read_text().strip() == provider.refresh_token == "refresh-8"


def test_a_replaced_refresh_token_is_written_for_its_owner_only(
    provider: TokenServer, client: Client, file: Path
) -> None:
    """The next start goes on from it; nothing else is left in the folder."""
    provider.rotates = True
    Tokens(client).access_token()
    assert file.read_text().strip() == "refresh-1"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(file.parent) == [file.name]  # noqa: PTH208
    assert Tokens(client).access_token() == "access-2"


def test_a_link_stays_a_link(provider: TokenServer, client: Client, file: Path, tmp_path: Path) -> None:
    """The file that it points to is replaced."""
    provider.rotates = True
    link = tmp_path / "link"
    link.symlink_to(file)
    Tokens(replace(client, refresh_token_file=link)).access_token()
    assert link.is_symlink()
    assert file.read_text().strip() == "refresh-1"


def test_a_refresh_token_that_cannot_be_written_is_used_on(
    provider: TokenServer, client: Client, file: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret mounted read only: this process works, until a person has put another one there."""
    provider.rotates = True
    tokens = Tokens(client, now=lambda: clock.now)

    def read_only(*_: object, **__: object) -> tuple[int, str]:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("triage.mail.oauth.tempfile.mkstemp", read_only)
    for number in (1, 2, 3):
        assert tokens.access_token() == f"access-{number}"
        clock.forward(hours=1)
    assert file.read_text() == "refresh-0\n"
    file.write_text("from a person")
    provider.refresh_token = "from a person"
    assert tokens.access_token() == "access-4"


def test_client_credentials_need_no_person(provider: TokenServer, client: Client) -> None:
    """The scope is the provider's."""
    own = replace(client, grant="client_credentials", refresh_token_file=None, scope="https://mail.example/.default")
    assert Tokens(own).access_token() == "access-1"
    assert provider.asked == [
        {
            "grant_type": "client_credentials",
            "client_id": "triage",
            "client_secret": "t0psecret",
            "scope": "https://mail.example/.default",
        }
    ]


def test_a_refused_refresh_token_says_what_to_do_and_not_what_it_was(provider: TokenServer, client: Client) -> None:
    """One line; the provider's words without the secret in them."""
    provider.refresh_token = "another"
    with pytest.raises(LoginRefused) as caught:
        Tokens(client).access_token()
    assert "invalid_grant" in str(caught.value)
    assert "sign in once more" in str(caught.value)
    assert str(client.refresh_token_file) in str(caught.value)
    assert "refresh-0" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "invalid_grant"}, LoginRefused),
        (401, {"error": "invalid_client", "error_description": "the secret has expired"}, LoginRefused),
        (400, {"error": "invalid_scope"}, LoginRefused),
        (302, {"Location": "http://127.0.0.1/elsewhere"}, LoginRefused),
        (429, {}, LoginError),
        (500, {"error": "server_error"}, LoginError),
        (503, {}, LoginError),
        (400, {"error": "temporarily_unavailable"}, LoginError),
        (200, {}, LoginError),
        (200, {"access_token": "x", "token_type": "mac"}, LoginError),
        (200, {"access_token": "ключ"}, LoginError),
    ],
)
def test_what_passes_is_told_from_what_needs_a_person(
    provider: TokenServer, client: Client, status: int, body: dict[str, object], error: type[LoginError]
) -> None:
    """A provider in trouble is asked again; a refusal is not."""
    provider.script = [(status, body)]
    with pytest.raises(LoginError) as caught:
        Tokens(client).access_token()
    assert type(caught.value) is error


def test_a_provider_that_is_down_may_come_back(client: Client) -> None:
    """Told with its address."""
    nobody = replace(client, token_url=f"http://127.0.0.1:{free_port()}/token")
    with pytest.raises(LoginError, match="token: Connection refused") as caught:
        Tokens(nobody).access_token()
    assert not isinstance(caught.value, LoginRefused)


def test_a_token_that_is_still_good_bridges_a_provider_that_is_down(
    provider: TokenServer, client: Client, clock: HandClock
) -> None:
    """Renewal begins early so that it may fail for a while."""
    tokens = Tokens(client, now=lambda: clock.now)
    tokens.access_token()
    provider.script = [(503, {})] * 2
    clock.forward(minutes=57)
    assert tokens.access_token() == "access-1"
    clock.forward(minutes=4)
    with pytest.raises(LoginError):
        tokens.access_token()


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_missing_refresh_token_is_the_operators_to_mend(client: Client, file: Path, content: str | None) -> None:
    """Told with the file's name, before anybody is asked."""
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(LoginRefused, match="refresh-token"):
        Tokens(client).access_token()


def test_what_runs_out_is_known(provider: TokenServer, client: Client, file: Path, clock: HandClock) -> None:
    """The client secret as the site says, the refresh token as the provider says or by its age."""
    tokens = Tokens(
        replace(client, client_secret_expires=clock.now + timedelta(days=9), refresh_token_lifetime=timedelta(days=90)),
        now=lambda: clock.now,
    )
    written = (clock.now - timedelta(days=80)).timestamp()
    os.utime(file, (written, written))
    assert {expiry.what: (expiry.at - clock.now).days for expiry in tokens.expiries()} == {
        "client secret": 9,
        "refresh token": 10,
    }
    provider.script = [(200, {"access_token": "x", "refresh_token_expires_in": 7 * 86400})]
    tokens.access_token()
    assert (tokens.expiries()[1].at - clock.now).days == 7
    assert tokens.expiries()[0].says(clock.now) == "client secret until 2026-11-25 (9 days)"


def test_the_words_of_both_mechanisms_are_those_of_their_papers() -> None:
    """RFC 7628 section 3.1, and Google's and Microsoft's XOAUTH2."""
    given = {"username": "a=b,c@example.com", "token": "t", "host": "imap.example.com", "port": 993}
    standard = Bearer("OAUTHBEARER", **given)  # type: ignore[arg-type]
    other = Bearer("XOAUTH2", **given)  # type: ignore[arg-type]
    assert standard() == "n,a=a=3Db=2Cc@example.com,\1host=imap.example.com\1port=993\1auth=Bearer t\1\1"
    assert other() == "user=a=b,c@example.com\1auth=Bearer t\1\1"
    refusal = json.dumps({"status": "401", "schemes": "bearer", "scope": "mail"}).encode()
    assert (standard(refusal), standard.said) == ("\1", "status=401 scope=mail")
    assert (other(base64.b64encode(b"no json")), other.said) == ("", "")
