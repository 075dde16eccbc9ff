"""`triage authorize`: a person signs in for the daemon."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import TokenServer, token_server

from tests.cli.conftest import Run

CONFIG = """
[[mailbox]]
name = "support"
host = "127.0.0.1"
port = 993
username = "support@example.com"
address = "support@example.com"

[mailbox.oauth2]
provider = "other"
client_id = "triage"
refresh_token_file = "refresh-token"
token_url = "{url}/token"
authorize_url = "{url}/authorize"
"""


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    """A provider that gives a refresh token with each answer."""
    with token_server() as server:
        server.rotates = True
        yield server


def test_the_address_where_the_browser_ended_may_be_pasted(
    triage: Run, provider: TokenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon's machine has no browser: the person's has."""
    monkeypatch.setattr("triage.mail.consent.secrets.token_urlsafe", lambda length: "s" * length)
    (tmp_path / "config.toml").write_text(CONFIG.format(url=provider.url))
    ran = triage("authorize", "--paste", stdin=f"http://127.0.0.1:1/?state={'s' * 24}&code=c0de\n")
    assert ran.code == 0, ran.err
    assert f"{provider.url}/authorize?response_type=code&client_id=triage" in ran.out
    assert (tmp_path / "refresh-token").read_text() == "refresh-1\n"


def test_a_refusal_is_one_line(triage: Run, provider: TokenServer, tmp_path: Path) -> None:
    """With what to do, and without what was pasted."""
    (tmp_path / "config.toml").write_text(CONFIG.format(url=provider.url))
    ran = triage("authorize", "--paste", stdin="http://127.0.0.1:1/?state=other&code=c0de\n")
    assert (ran.code, "c0de" in ran.err) == (2, False)
    assert "begin anew" in ran.err


@pytest.mark.parametrize(
    ("config", "words", "complaint"),
    [
        (CONFIG.partition("[mailbox.oauth2]")[0] + 'password = "x"\n', [], "nobody need sign in"),
        (CONFIG, ["relay"], "relay signs nobody in; choose from support"),
        (CONFIG.replace('authorize_url = "{url}/authorize"\n', ""), [], "needs authorize_url"),
    ],
)
def test_what_cannot_be_signed_in_for_is_said(
    triage: Run, provider: TokenServer, tmp_path: Path, config: str, words: list[str], complaint: str
) -> None:
    """With the names to choose from, or the key to set."""
    (tmp_path / "config.toml").write_text(config.format(url=provider.url))
    ran = triage("authorize", *words)
    assert (ran.code, ran.out) == (2, "")
    assert complaint in ran.err
