"""`triage doctor`: one line for each thing that must be well, against real servers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from furnished import DESK
from servers import PASSWORD, USER, Dovecot, TokenServer, dovecot, smtp_sink, token_server, wait_until

from tests.cli.conftest import Run


@pytest.fixture(scope="module")
def provider() -> Iterator[TokenServer]:
    """A provider of tokens."""
    with token_server() as running:
        yield running


@pytest.fixture(scope="module")
def server(provider: TokenServer) -> Iterator[Dovecot]:
    """An IMAP server that takes its tokens, with a certificate for two days."""
    with TemporaryDirectory(prefix="triage-") as folder, dovecot(Path(folder), provider) as running:
        yield running


def examined(triage: Run) -> dict[str, tuple[bool, str]]:
    """What the doctor says: check → well, words."""
    lines = [json.loads(line) for line in triage("-c", "config.toml", "doctor", "--json").out.splitlines()]
    return {line["check"]: (line["ok"], line["says"]) for line in lines}


@pytest.mark.server
def test_what_runs_out_is_told_with_its_days(
    triage: Run, server: Dovecot, provider: TokenServer, tmp_path: Path
) -> None:
    """Client secret and refresh token in the mailbox's line; a certificate that ends in two days is a failure."""
    (tmp_path / "refresh-token").write_text(provider.refresh_token)
    secret_ends = (datetime.now(UTC) + timedelta(days=100)).date()
    with smtp_sink(DESK) as sink:
        (tmp_path / "config.toml").write_text(f"""\
[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {server.port}
security = "none"
username = "{USER}"
address = "{DESK}"
[mailbox.oauth2]
provider = "other"
token_url = "{provider.url}/token"
client_id = "triage"
client_secret = "t0psecret"
client_secret_expires = {secret_ends}
refresh_token_file = "refresh-token"

[[mailbox]]
name = "billing"
host = "127.0.0.1"
port = {server.tls_port}
username = "{USER}"
password = "s3cret"
address = "billing@example.com"
ca_file = "{server.certificate}"

[relay]
host = "127.0.0.1"
port = {sink.port}
security = "none"

[letters]
sender = "Example Support <{DESK}>"
""")
        said = examined(triage)
    well, words = said["mailbox support/INBOX"]
    assert well, words
    assert f"client secret until {secret_ends} (99 days)" in words
    well, words = said["mailbox billing/INBOX"]
    assert not well
    assert "certificate until" in words
    assert "renew the certificate now" in words
    assert said["relay"][0]


@pytest.mark.server
def test_a_refused_login_is_not_tried_again_by_the_next_process_unless_a_person_says_so(
    triage: Run, server: Dovecot, tmp_path: Path
) -> None:
    """Cron may call us every minute: only the first knocks. `doctor --now` asks at once, as does a new password."""
    (tmp_path / "password").write_text("n0t-it")
    (tmp_path / "config.toml").write_text(f"""\
[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {server.port}
security = "none"
username = "{USER}"
password_file = "password"
address = "{DESK}"

[model]
backend = "none"
""")

    def tries() -> int:
        return (server.folder / "dovecot.log").read_text().count("auth failed, 1 attempts")

    before = tries()
    for _ in range(3):
        done = triage("-c", "config.toml", "once")
        assert "login refused" in done.err
    assert "tried again from" in done.err
    assert "tried again from" in examined(triage)["mailbox support/INBOX"][1]
    wait_until(lambda: tries() == before + 1, "it has not knocked once")
    triage("-c", "config.toml", "doctor", "--now")
    wait_until(lambda: tries() == before + 2, "it has not knocked again")
    assert not [file for file in tmp_path.glob("triage.db*") if b"n0t-it" in file.read_bytes()]
    (tmp_path / "password").write_text(PASSWORD)
    assert examined(triage)["mailbox support/INBOX"][0]
