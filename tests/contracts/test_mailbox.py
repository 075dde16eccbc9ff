"""What the walks may expect of a mailbox: the same tests on the twin, on pymap and on Dovecot; then Dovecot alone."""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from furnished import MONDAY, mail
from imapclient import IMAPClient
from servers import PASSWORD, USER, Dovecot, TokenServer, dovecot, token_server, wait_until

from triage.demo import servers
from triage.demo.servers import imap_server
from triage.errors import MailboxError, MailboxRefused
from triage.mail.account import Account
from triage.mail.login import Login
from triage.mail.mailbox import Mailbox, MailSource
from triage.mail.message import RawMail
from triage.mail.oauth import Client, Tokens
from triage.testing import InMemoryMailbox


@dataclass
class Place:
    """A server with one folder, and hands that put mails there."""

    account: Account
    source: Callable[[Account], MailSource]
    put: Callable[[bytes], object]
    opened: list[MailSource] = field(default_factory=list)

    def open(self, **changes: object) -> MailSource:
        """The folder, opened; closed when the test ends."""
        mailbox = self.at(**changes)
        mailbox.open()
        return mailbox

    def at(self, **changes: object) -> MailSource:
        """The folder, not yet opened."""
        mailbox = self.source(replace(self.account, **changes))
        self.opened.append(mailbox)
        return mailbox

    def close(self) -> None:
        """Close what the test has opened."""
        for mailbox in self.opened:
            mailbox.close()


def place_of(port: int, user: str = USER, password: str = PASSWORD) -> Place:
    account = Account(name="support", host="127.0.0.1", port=port, security="none", login=Login(user, password))

    def put(content: bytes) -> None:
        client = IMAPClient("127.0.0.1", port=port, ssl=False, timeout=10)
        client.login(user, password)
        client.append("INBOX", content, msg_time=MONDAY)
        client.logout()

    return Place(account=account, source=Mailbox, put=put)


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    """One Dovecot for this module; each test empties it first."""
    with TemporaryDirectory(prefix="triage-") as folder, dovecot(Path(folder)) as running:
        yield running


@pytest.fixture
def dovecot_place(server: Dovecot) -> Iterator[Place]:
    """An empty inbox on Dovecot."""
    with server.connected() as client:
        for folder in [name for _, _, name in client.list_folders()]:
            client.select_folder(folder)
            if uids := client.search("ALL"):
                client.delete_messages(uids)
                client.expunge()
    place = place_of(server.port)
    yield place
    place.close()


@pytest.fixture
def pymap_place() -> Iterator[Place]:
    """An empty inbox on pymap, the server of the demonstration."""
    with imap_server() as port:
        place = place_of(port, servers.USER, servers.PASSWORD)
        yield place
        place.close()


@pytest.fixture(params=["twin", "pymap", pytest.param("dovecot", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest) -> Place:
    """An empty inbox of each kind."""
    if request.param != "twin":
        found: Place = request.getfixturevalue(f"{request.param}_place")
        return found
    account = Account(name="support", host="twin", port=143, security="none", login=Login(USER, PASSWORD))
    twin = InMemoryMailbox(account)

    def source(account: Account) -> MailSource:
        twin.account = account
        return twin

    return Place(account=account, source=source, put=lambda content: twin.put(content, arrived=MONDAY))


def number(count: int) -> bytes:
    """A small mail of its own."""
    return mail(f"This is mail {count}.", message_id=f"<{count}@example.org>").replace(b"\n", b"\r\n")


def every(mailbox: MailSource, after: int = 0) -> list[RawMail]:
    """All mails over a UID, whatever the batches."""
    return [raw for batch in mailbox.new(after) for raw in batch]


# on all three


def test_every_mail_comes_once_in_order_with_its_bytes(place: Place) -> None:
    """Byte for byte, with UID, UIDVALIDITY, size and the server's date."""
    for count in range(5):
        place.put(number(count))
    mailbox = place.open()
    mails = every(mailbox)
    assert [raw.content for raw in mails] == [number(count) for count in range(5)]
    assert [raw.uid for raw in mails] == sorted({raw.uid for raw in mails}) == list(mailbox.uids())
    assert {raw.uidvalidity for raw in mails} == {mailbox.open()}
    assert all(raw.size == len(raw.content) and not raw.truncated for raw in mails)
    assert {raw.arrived for raw in mails} == {MONDAY}


def test_after_the_cursor_only_newer_mails_come(place: Place) -> None:
    """Also when there is none: `n:*` matches the newest mail even then."""
    place.put(number(1))
    mailbox = place.open()
    last = every(mailbox)[-1].uid
    assert every(mailbox, last) == []
    place.put(number(2))
    mailbox.open()
    assert [raw.content for raw in every(mailbox, last)] == [number(2)]


def test_an_empty_folder_has_nothing(place: Place) -> None:
    """And does not fail."""
    mailbox = place.open()
    assert (every(mailbox), list(mailbox.uids())) == ([], [])


def test_a_letter_is_found_by_its_message_id(place: Place) -> None:
    """The evidence for a letter in doubt."""
    place.put(number(1))
    mailbox = place.open()
    assert mailbox.holds("<1@example.org>")
    assert not mailbox.holds("<2@example.org>")


def test_mails_are_filed_away_into_a_folder_that_is_made(place: Place) -> None:
    """Those that are gone meanwhile are no trouble."""
    for count in range(3):
        place.put(number(count))
    mailbox = place.open()
    first, second, third = mailbox.uids()
    mailbox.file_away([first, third, third + 1000], "Triage-Journal")
    mailbox.open()
    assert list(mailbox.uids()) == [second]
    mailbox.file_away([third + 1000], "Triage-Journal")
    mailbox.file_away([second], "Triage-Journal")
    mailbox.open()
    assert list(mailbox.uids()) == []


def test_kept_mails_are_moved_where_the_site_wants_it(place: Place) -> None:
    """Only those that are named."""
    place.put(number(1))
    place.put(number(2))
    mailbox = place.open(move_to="Archive")
    first, second = mailbox.uids()
    mailbox.mark_kept([first])
    mailbox.open()
    assert list(mailbox.uids()) == [second]


def test_closing_is_harmless_and_opening_goes_on(place: Place) -> None:
    """As often as one likes."""
    place.put(number(1))
    mailbox = place.open()
    mailbox.close()
    mailbox.close()
    mailbox.open()
    assert len(every(mailbox)) == 1


def test_a_giant_mail_comes_in_part_and_says_so(place: Place) -> None:
    """The size gate: its beginning is enough to know who wrote and what."""
    giant = mail("charged twice\n" + "x" * 70 + "\n" + ("y" * 70 + "\n") * 6000).replace(b"\n", b"\r\n")
    place.put(giant)
    place.put(number(1))
    mailbox = place.open(max_size=300_000)
    first, second = every(mailbox)
    assert (first.truncated, first.size, second.truncated) == (True, len(giant), False)
    assert len(first.content) <= 300_000
    assert giant.startswith(first.content)


# on Dovecot


@pytest.mark.server
def test_nothing_is_marked_as_seen(dovecot_place: Place, server: Dovecot) -> None:
    """BODY.PEEK: what people have read is their business."""
    dovecot_place.put(number(1))
    every(dovecot_place.open())
    with server.connected() as client:
        client.select_folder("INBOX", readonly=True)
        assert b"\\Seen" not in client.get_flags(client.search("ALL")).popitem()[1]


@pytest.mark.server
def test_what_people_have_read_before_us_comes_too(dovecot_place: Place, server: Dovecot) -> None:
    """Never by \\Seen, never by date."""
    dovecot_place.put(number(1))
    with server.connected() as client:
        client.select_folder("INBOX")
        client.add_flags(client.search("ALL"), [b"\\Seen", b"\\Answered"])
    assert len(every(dovecot_place.open())) == 1


@pytest.mark.server
def test_kept_mails_get_the_sites_keyword(dovecot_place: Place, server: Dovecot) -> None:
    """And keep their other flags."""
    dovecot_place.put(number(1))
    mailbox = dovecot_place.open(keyword="$Triaged")
    mailbox.mark_kept(mailbox.uids())
    with server.connected() as client:
        client.select_folder("INBOX", readonly=True)
        assert b"$Triaged" in client.get_flags(client.search("ALL")).popitem()[1]


@pytest.mark.server
def test_batches_are_bounded(dovecot_place: Place, server: Dovecot) -> None:
    """A hundred mails at a time, in order."""
    server.put(*(number(count) for count in range(205)))
    batches = list(dovecot_place.open().new(0))
    assert [len(batch) for batch in batches] == [100, 100, 5]


@pytest.mark.server
def test_a_great_folder_is_searched_in_parts(
    dovecot_place: Place, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise imaplib gives up on the line of UIDs, for ever."""
    monkeypatch.setattr("triage.mail.mailbox._SEARCHED", 7)
    server.put(*(number(count) for count in range(23)))
    mailbox = dovecot_place.open()
    assert [raw.content for raw in every(mailbox)] == [number(count) for count in range(23)]
    assert len(every(mailbox, mailbox.uids()[19])) == 3


@pytest.mark.server
def test_flags_that_others_change_meanwhile_do_not_disturb(dovecot_place: Place, server: Dovecot) -> None:
    """Servers tell of them in the middle of our answers."""
    server.put(*(number(count) for count in range(30)))
    mailbox = dovecot_place.open()
    with server.connected() as client:
        client.select_folder("INBOX")
        client.add_flags(client.search("ALL"), [b"\\Flagged"])
    assert len(every(mailbox)) == 30


@pytest.mark.server
def test_a_mail_that_is_expunged_meanwhile_is_left_out(dovecot_place: Place, server: Dovecot) -> None:
    """An agent deletes while we fetch."""
    server.put(*(number(count) for count in range(150)))
    batches = dovecot_place.open().new(0)
    assert len(next(batches)) == 100
    with server.connected() as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search("ALL")[120:])
        client.expunge()
    assert sum(len(batch) for batch in batches) <= 50


@pytest.mark.server
def test_a_copy_in_the_sent_folder_counts(dovecot_place: Place, server: Dovecot) -> None:
    """Some providers show a copy to oneself only there; the watched folder stays selected."""
    server.put(number(7), folder="Sent")
    dovecot_place.put(number(1))
    mailbox = dovecot_place.open()
    assert mailbox.holds("<7@example.org>")
    assert not mailbox.holds("<8@example.org>")
    assert len(mailbox.uids()) == 1


def test_a_copy_that_was_filed_away_counts(place: Place) -> None:
    """A database that was restored knows nothing of it; a folder that is not there holds none."""
    place.put(number(1))
    mailbox = place.open()
    assert not mailbox.holds("<2@example.org>", also_in="Triage-Journal")
    mailbox.file_away(mailbox.uids(), "Triage-Journal")
    mailbox.open()
    assert mailbox.holds("<1@example.org>", also_in="Triage-Journal")
    assert not mailbox.holds("<1@example.org>")


@pytest.mark.server
def test_a_new_uidvalidity_is_noticed(dovecot_place: Place, server: Dovecot) -> None:
    """After it the same mails come under new UIDs, over a connection made afresh."""
    dovecot_place.put(number(1))
    mailbox = dovecot_place.open()
    before = mailbox.open()
    server.renumber()
    with contextlib.suppress(MailboxError):
        mailbox.open()
    assert mailbox.open() != before
    assert [raw.content for raw in every(mailbox)] == [number(1)]


@pytest.mark.server
def test_a_server_that_restarts_is_an_error_that_passes(dovecot_place: Place, server: Dovecot) -> None:
    """Not refused for good; the next look goes on."""
    mailbox = dovecot_place.open()
    errors: list[MailboxError] = []

    def fails() -> bool:
        try:
            mailbox.open()
        except MailboxError as error:
            errors.append(error)
        return len(errors) > 1

    server.stop()
    try:
        wait_until(fails, "an old connection lives on")
    finally:
        server.start()
    assert not any(isinstance(error, MailboxRefused) for error in errors)
    mailbox.open()
    assert list(mailbox.uids()) == []


@pytest.mark.server
def test_new_mail_wakes_the_watcher_within_a_second(dovecot_place: Place, server: Dovecot) -> None:
    """IDLE; and a stop is heard within two."""
    news, stop = [], threading.Event()
    watcher = dovecot_place.at()
    thread = threading.Thread(target=watcher.watch, args=(lambda: news.append(time.monotonic()), stop.is_set))
    thread.start()
    wait_until(lambda: len(news) == 1, "the watcher does not begin")
    sent = time.monotonic()
    dovecot_place.put(number(1))
    wait_until(lambda: len(news) > 1, "the watcher does not wake")
    # Dovecot itself holds its notices back for up to half a second
    assert news[1] - sent < 1.5
    stop.set()
    thread.join(3)
    assert not thread.is_alive()


@pytest.mark.server
def test_a_watcher_whose_server_goes_away_says_so(dovecot_place: Place, server: Dovecot) -> None:
    """It must not wait for ever on a connection that is no more."""
    errors: list[MailboxError] = []
    begun = threading.Event()

    def watch() -> None:
        try:
            dovecot_place.at().watch(begun.set, lambda: False)
        except MailboxError as error:
            errors.append(error)

    thread = threading.Thread(target=watch)
    thread.start()
    assert begun.wait(10)
    server.stop()
    thread.join(20)
    server.start()
    assert len(errors) == 1


@pytest.mark.server
@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"login": Login(USER, "wrong")}, MailboxRefused, "login refused"),
        ({"host": "no-such-host.invalid"}, MailboxError, "no-such-host"),
        ({"port": 1}, MailboxError, "refused"),
        ({"folder": "Nowhere"}, MailboxRefused, "Nowhere"),
        ({"security": "tls", "port": "tls"}, MailboxRefused, "certificate not trusted"),
        ({"security": "starttls"}, MailboxRefused, "certificate not trusted"),
        ({"security": "tls"}, MailboxError, "support"),
    ],
    ids=["password", "host", "port", "folder", "certificate", "certificate after STARTTLS", "TLS on a plain port"],
)
def test_what_is_wrong_is_told_with_the_mailboxes_name(
    dovecot_place: Place, server: Dovecot, changes: dict[str, object], error: type[MailboxError], says: str
) -> None:
    """One line that an operator understands; refusals for good are told apart."""
    if changes.get("port") == "tls":
        changes = changes | {"port": server.tls_port}
    mailbox = dovecot_place.at(**changes)
    with pytest.raises(MailboxError, match=re.escape(says)) as caught:
        mailbox.open()
    assert isinstance(caught.value, error)
    assert "mailbox support" in str(caught.value)


@pytest.mark.server
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_is_known_is_trusted(dovecot_place: Place, server: Dovecot, security: str) -> None:
    """A site's own authority, over TLS from the start and after STARTTLS."""
    port = server.tls_port if security == "tls" else server.port
    dovecot_place.put(number(1))
    mailbox = dovecot_place.open(security=security, port=port, ca_file=server.certificate)
    assert len(every(mailbox)) == 1


def test_starttls_that_is_not_offered_is_never_dropped_in_silence(pymap_place: Place) -> None:
    """Going on in clear is what an attacker would want."""
    mailbox = pymap_place.at(security="starttls")
    with pytest.raises(MailboxRefused, match="STARTTLS"):
        mailbox.open()


def test_a_ca_file_that_is_not_there_is_the_operators_mistake(pymap_place: Place, tmp_path: Path) -> None:
    """Told with its path, and not as a trouble of the network."""
    mailbox = pymap_place.at(security="tls", ca_file=tmp_path / "none.pem")
    with pytest.raises(MailboxRefused, match=r"none\.pem"):
        mailbox.open()


# access tokens, on Dovecot


@pytest.fixture(scope="module")
def provider() -> Iterator[TokenServer]:
    """One provider of tokens for this module."""
    with token_server() as running:
        yield running


@pytest.fixture(scope="module")
def token_dovecot(provider: TokenServer) -> Iterator[Dovecot]:
    """A Dovecot that asks the provider whether a token is good."""
    with TemporaryDirectory(prefix="triage-") as folder, dovecot(Path(folder), provider) as running:
        yield running


@pytest.fixture
def tokens(provider: TokenServer, tmp_path: Path) -> Tokens:
    """Ours, from a refresh token."""
    file = tmp_path / "refresh-token"
    file.write_text(provider.refresh_token)
    client = Client(
        token_url=f"{provider.url}/token",
        grant="refresh_token",
        client_id="triage",
        client_secret=lambda: "t0psecret",
        refresh_token_file=file,
    )
    return Tokens(client)


@pytest.mark.server
@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_an_access_token_lets_us_in(
    token_dovecot: Dovecot, tokens: Tokens, mechanism: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By either mechanism, without any password."""
    monkeypatch.setattr("triage.mail.account.MECHANISMS", (mechanism,))
    place = place_of(token_dovecot.port)
    mailbox = place.open(login=Login(USER, tokens=tokens))
    assert list(mailbox.uids()) == []
    place.close()


@pytest.mark.server
def test_a_token_that_was_revoked_is_replaced_on_the_spot(
    token_dovecot: Dovecot, tokens: Tokens, provider: TokenServer
) -> None:
    """The server refuses it, the provider gives another, and nobody notices."""
    place = place_of(token_dovecot.port)
    provider.active.discard(tokens.access_token())
    place.open(login=Login(USER, tokens=tokens))
    place.close()


@pytest.mark.server
def test_a_token_that_the_server_does_not_take_is_a_refusal(
    token_dovecot: Dovecot, tokens: Tokens, provider: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told once, without the token, and not tried at the next poll."""
    monkeypatch.setattr(provider, "introspect", lambda fields: (200, {"active": False}))
    place = place_of(token_dovecot.port)
    mailbox = place.at(login=Login(USER, tokens=tokens))
    for says in ("login refused", "tried again from"):
        with pytest.raises(MailboxRefused, match=says) as caught:
            mailbox.open()
        assert "access-" not in str(caught.value)
    asked = len(provider.asked)
    with pytest.raises(MailboxRefused):
        mailbox.open()
    assert len(provider.asked) == asked
    place.close()


@pytest.mark.server
def test_a_provider_that_is_down_is_a_trouble_that_passes(
    token_dovecot: Dovecot, tokens: Tokens, provider: TokenServer
) -> None:
    """The mailbox waits; nothing is refused."""
    provider.script.append((503, {}))
    place = place_of(token_dovecot.port)
    with pytest.raises(MailboxError, match="503") as caught:
        place.open(login=Login(USER, tokens=tokens))
    assert not isinstance(caught.value, MailboxRefused)
    place.close()


@pytest.mark.server
def test_a_server_without_access_tokens_says_so(dovecot_place: Place, tokens: Tokens) -> None:
    """A configuration for another server is told in a line."""
    mailbox = dovecot_place.at(login=Login(USER, tokens=tokens))
    with pytest.raises(MailboxRefused, match="neither OAUTHBEARER nor XOAUTH2"):
        mailbox.open()


@pytest.mark.server
def test_a_wrong_password_reaches_the_server_once_for_all_folders(dovecot_place: Place, server: Dovecot) -> None:
    """Folders and watchers of one account share its login."""
    login = Login(USER, "wrong")
    with pytest.raises(MailboxRefused):
        dovecot_place.at(login=login).open()
    for folder in ("INBOX", "Sent"):
        with pytest.raises(MailboxRefused, match="tried again from"):
            dovecot_place.at(login=login, folder=folder).open()
