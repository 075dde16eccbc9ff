"""A person signs in once: the code comes back to loopback, becomes a refresh token, and nobody else's is taken."""

import base64
import hashlib
import stat
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from servers import TokenServer, token_server

from triage.errors import LoginError, LoginRefused
from triage.mail.consent import Consent
from triage.mail.oauth import Client, Tokens


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    """A provider that gives a refresh token with each answer."""
    with token_server() as server:
        server.rotates = True
        yield server


@pytest.fixture
def client(provider: TokenServer, tmp_path: Path) -> Client:
    """We, whom nobody has let in yet."""
    return Client(
        token_url=f"{provider.url}/token",
        grant="refresh_token",
        client_id="triage",
        client_secret=lambda: "t0psecret",
        refresh_token_file=tmp_path / "refresh-token",
        timeout=5,
    )


@pytest.fixture
def consent(client: Client) -> Iterator[Consent]:
    """A conversation that has begun."""
    with Consent(
        client,
        authorize_url="https://login.example.test/authorize?prompt=consent",
        username="support@example.com",
        scope="mail offline_access",
        host="127.0.0.1",
    ) as begun:
        yield begun


def asked(consent: Consent) -> dict[str, str]:
    """What the address asks the provider."""
    return dict(parse_qsl(urlsplit(consent.address).query))


def browse(address: str) -> int:
    """The status that the browser gets."""
    try:
        with urllib.request.urlopen(address, timeout=10) as response:  # noqa: S310 - http to loopback
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_code_that_the_browser_brings_becomes_a_refresh_token(
    provider: TokenServer, client: Client, consent: Consent
) -> None:
    """The file is its owner's alone, and the daemon gets in with it."""
    ask = asked(consent)
    browser = threading.Thread(
        target=browse, args=(f"{ask['redirect_uri']}?state={ask['state']}&code=c0de",), daemon=True
    )
    browser.start()
    consent.redeem(consent.wait(20))
    browser.join()
    file = client.refresh_token_file
    assert file is not None
    assert file.read_text() == "refresh-1\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    sent = provider.asked[0]
    assert (sent["grant_type"], sent["code"], sent["redirect_uri"]) == (
        "authorization_code",
        "c0de",
        ask["redirect_uri"],
    )
    assert Tokens(client).access_token() == "access-2"


def test_the_provider_is_asked_for_the_right_account_with_a_challenge_that_the_code_needs(
    provider: TokenServer, consent: Consent
) -> None:
    """RFC 7636 section 4.6: only who knows the verifier can use the code."""
    ask = asked(consent)
    assert ask["login_hint"] == "support@example.com"
    assert (ask["scope"], ask["prompt"], ask["code_challenge_method"]) == ("mail offline_access", "consent", "S256")
    consent.redeem(f"{ask['redirect_uri']}?state={ask['state']}&code=c0de")
    digest = hashlib.sha256(provider.asked[0]["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == ask["code_challenge"]


def test_another_conversations_answer_is_not_taken(provider: TokenServer, client: Client, consent: Consent) -> None:
    """A page elsewhere cannot slip in a code of its own account."""
    ask = asked(consent)
    with pytest.raises(LoginRefused, match="does not answer what was asked"):
        consent.redeem(f"{ask['redirect_uri']}?state=theirs&code=c0de")
    assert provider.asked == []
    assert client.refresh_token_file is not None
    assert not client.refresh_token_file.exists()


def test_a_stray_request_does_not_end_the_wait(consent: Consent) -> None:
    """A browser asks for an icon first, or somebody else on the machine knocks."""
    ask, statuses = asked(consent), []

    def visit() -> None:
        statuses.append(browse(f"{ask['redirect_uri']}favicon.ico"))
        statuses.append(browse(f"{ask['redirect_uri']}?state={ask['state']}&code=c0de"))

    browser = threading.Thread(target=visit, daemon=True)
    browser.start()
    assert "code=c0de" in consent.wait(20)
    browser.join()
    assert statuses == [404, 200]


def test_a_person_who_says_no_is_heard(consent: Consent) -> None:
    """In the provider's words."""
    ask = asked(consent)
    with pytest.raises(LoginRefused, match="did not agree: they declined"):
        consent.redeem(f"/?state={ask['state']}&error=access_denied&error_description=they+declined")


def test_nobody_is_waited_for_without_end(consent: Consent) -> None:
    """The command ends and says so."""
    with pytest.raises(LoginError, match="nobody has signed in"):
        consent.wait(0.05)


def test_an_answer_without_a_refresh_token_says_what_to_ask_for(provider: TokenServer, consent: Consent) -> None:
    """Microsoft gives one for offline_access only."""
    provider.rotates = False
    ask = asked(consent)
    with pytest.raises(LoginRefused, match="offline_access"):
        consent.redeem(f"/?state={ask['state']}&code=c0de")
