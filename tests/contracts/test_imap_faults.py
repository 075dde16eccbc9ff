"""What a mailbox does when its server, or what lies between, misbehaves: a server of our own says what it is told to.

It speaks just enough IMAP for one folder, and can refuse, cut off, keep silent, or split a line into two segments,
which no well-behaved server does on demand.
"""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from servers import wait_until

from triage.errors import MailboxError, MailboxRefused
from triage.mail.account import Account
from triage.mail.login import Login
from triage.mail.mailbox import Mailbox


@dataclass
class Script:
    """A server with one folder, whose mails are named by their UIDs."""

    mails: dict[int, bytes] = field(default_factory=dict)
    #: UID → what asking for its bytes does: a status line such as "NO damaged", "cut", "silent" or "nil"
    broken: dict[int, str] = field(default_factory=dict)
    #: the same for asking for its size
    sizeless: dict[int, str] = field(default_factory=dict)
    #: what a login is answered, one each; when it is used up, OK
    logins: list[str] = field(default_factory=list)
    #: the same for SELECT
    selects: list[str] = field(default_factory=list)
    greeting: str = "* OK here"
    uidvalidity: int = 7
    #: what happens within IDLE, given the connection
    idle: Callable[[socket.socket], object] = lambda _: None
    connections: int = 0
    commands: list[str] = field(default_factory=list)

    def serve(self, connection: socket.socket) -> None:
        """One connection, to its end."""
        self.connections += 1
        with suppress(OSError, ValueError), connection, connection.makefile("rb") as lines:
            connection.sendall(f"{self.greeting}\r\n".encode())
            if not self.greeting.startswith("* OK"):
                return
            for line in lines:
                tag, command, rest = (*line.decode().strip().split(" ", 2), "")[:3]
                self.commands.append(f"{command} {rest}".strip())
                if not self._answer(connection, lines, tag, command.upper(), rest):
                    return

    def _answer(self, connection: socket.socket, lines: Iterator[bytes], tag: str, command: str, rest: str) -> bool:
        answer = "OK done"
        match command:
            case "CAPABILITY":
                connection.sendall(b"* CAPABILITY IMAP4rev1 IDLE\r\n")
            case "LOGIN":
                answer = self.logins.pop(0) if self.logins else answer
            case "SELECT":
                answer = self.selects.pop(0) if self.selects else answer
                told = f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.uidvalidity}] fine\r\n"
                connection.sendall(told.encode())
            case "IDLE":
                connection.sendall(b"+ idling\r\n")
                self.idle(connection)
                next(lines)
            case "UID":
                answer = self._uid(connection, rest)
        if answer.startswith("cut"):
            connection.sendall(answer.removeprefix("cut").encode() + b"\r\n")
            return False
        if answer == "silent":
            next(lines, None)
            return False
        connection.sendall(f"{tag} {answer}\r\n".encode())
        return command != "LOGOUT"

    def _uid(self, connection: socket.socket, rest: str) -> str:
        command, _, arguments = rest.partition(" ")
        if command == "SEARCH":
            asked = re.search(r"UID ([\d:*,]+)", arguments)
            found = [uid for uid in sorted(self.mails) if asked is None or _within(uid, asked[1])]
            connection.sendall(f"* SEARCH {' '.join(map(str, found))}\r\n".encode())
            return "OK found"
        uids = [int(uid) for uid in arguments.split(" ")[0].split(",")]
        faults = self.sizeless if "RFC822.SIZE" in arguments else self.broken
        for at, uid in enumerate(sorted(self.mails), 1):
            if uid not in uids:
                continue
            if faults.get(uid) == "nil":
                connection.sendall(f"* {at} FETCH (UID {uid} BODY[] NIL)\r\n".encode())
            elif uid in faults:
                return faults[uid]
            elif faults is self.sizeless:
                size = len(self.mails[uid])
                date = "16-Nov-2026 10:00:00 +0000"
                connection.sendall(f'* {at} FETCH (UID {uid} RFC822.SIZE {size} INTERNALDATE "{date}")\r\n'.encode())
            else:
                content = self.mails[uid]
                connection.sendall(
                    f"* {at} FETCH (UID {uid} BODY[] {{{len(content)}}}\r\n".encode() + content + b")\r\n"
                )
        return "OK fetched"


def _within(uid: int, ranges: str) -> bool:
    for each in ranges.split(","):
        first, _, last = each.partition(":")
        if int(first) <= uid <= (10**9 if last == "*" else int(last or first)):
            return True
    return False


@pytest.fixture
def script() -> Script:
    """What the server does."""
    return Script()


@pytest.fixture
def port(script: Script) -> Iterator[int]:
    """The server's port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        threads: list[threading.Thread] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connection.settimeout(30)
                    threads.append(threading.Thread(target=script.serve, args=(connection,), daemon=True))
                    threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield listener.getsockname()[1]
        # wakes the thread that waits in accept
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join(5)


@pytest.fixture
def mailbox(port: int) -> Iterator[Mailbox]:
    """The folder on that server."""
    mailbox = mailbox_at(port)
    yield mailbox
    mailbox.close()


def mailbox_at(port: int, timeout: float = 10) -> Mailbox:
    return Mailbox(
        Account(name="support", host="127.0.0.1", port=port, security="none", login=Login("us", "x"), timeout=timeout)
    )


def fetched(mailbox: Mailbox) -> dict[int, bytes | str]:
    """Every mail by its UID: its bytes, or why there are none."""
    mailbox.open()
    return {raw.uid: raw.withheld or raw.content for batch in mailbox.new(0) for raw in batch}


# mails that the server cannot hand over


@pytest.mark.parametrize("fault", ["NO [SERVERBUG] damaged", "BAD what is this", "cut", "nil"])
@pytest.mark.parametrize("asked", ["broken", "sizeless"])
def test_one_mail_that_is_not_handed_over_holds_up_no_other(
    script: Script, mailbox: Mailbox, fault: str, asked: str
) -> None:
    """Refused, cut off or passed over, for its size or for its bytes: it is found, and the others come."""
    script.mails = {uid: f"mail {uid}".encode() for uid in range(1, 101)}
    getattr(script, asked)[37] = fault
    came = fetched(mailbox)
    assert str(came.pop(37)).startswith("the server cannot hand it over: ")
    assert came == {uid: content for uid, content in script.mails.items() if uid != 37}
    assert script.connections <= 12


def test_a_mail_over_which_the_server_falls_silent_is_found_too(script: Script, port: int) -> None:
    """A wait that ends is a cut."""
    script.mails = {1: b"one", 2: b"two"}
    script.broken[2] = "silent"
    mailbox = mailbox_at(port, timeout=2)
    came = fetched(mailbox)
    mailbox.close()
    assert came[1] == b"one"
    assert "cannot hand it over: timed out" in str(came[2])


def test_several_such_mails_are_all_found(script: Script, mailbox: Mailbox) -> None:
    """Also next to each other, and at both ends."""
    script.mails = dict.fromkeys(range(1, 31), b"mail")
    script.broken = dict.fromkeys((1, 14, 15, 30), "NO damaged")
    came = fetched(mailbox)
    assert [uid for uid in sorted(came) if came[uid] != b"mail"] == [1, 14, 15, 30]
    assert list(came) == sorted(came)


def test_a_server_that_is_in_trouble_itself_blames_no_mail(script: Script, mailbox: Mailbox) -> None:
    """It lets us in no more: that is told of the mailbox, and the mails come another time."""
    script.mails = {1: b"mail"}
    script.broken[1] = "cut"
    script.logins = ["OK in", "NO [UNAVAILABLE] the store is down"]
    with pytest.raises(MailboxError, match="the store is down"):
        fetched(mailbox)


def test_a_server_that_always_cuts_off_is_left_alone_after_a_while(script: Script, mailbox: Mailbox) -> None:
    """Not two connections for each of a thousand mails."""
    script.mails = dict.fromkeys(range(1, 101), b"mail")
    script.broken = dict.fromkeys(script.mails, "cut")
    with pytest.raises(MailboxError, match="cut off"):
        fetched(mailbox)
    assert script.connections <= 42


def test_a_folder_that_is_renumbered_in_between_is_begun_afresh(script: Script, mailbox: Mailbox) -> None:
    """UIDs of another numbering mean other mails."""
    script.mails = {1: b"mail", 2: b"mail"}
    script.broken[2] = "cut"
    mailbox.open()
    batches = mailbox.new(0)
    script.uidvalidity = 8
    with pytest.raises(MailboxError, match="renumbered"):
        list(batches)


def test_what_was_withheld_can_be_asked_for_again(script: Script, mailbox: Mailbox) -> None:
    """Servers are repaired; what is gone meanwhile is left out."""
    script.mails = {1: b"one", 2: b"two", 3: b"three"}
    script.broken[2] = "NO damaged"
    fetched(mailbox)
    script.broken.clear()
    del script.mails[3]
    mailbox.open()
    (batch,) = mailbox.fetch([2, 3])
    assert [(raw.uid, raw.content, raw.withheld) for raw in batch] == [(2, b"two", "")]


# logging in


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", MailboxRefused),
        ("NO LOGIN failed.", MailboxRefused),
        ("NO [AUTHENTICATIONFAILED] Account temporarily locked", MailboxRefused),
        ("NO Too many failed attempts", MailboxRefused),
        ("NO [ALERT] Too many simultaneous connections. (Failure)", MailboxError),
        ("NO [LIMIT] Maximum number of connections from user+IP exceeded", MailboxError),
        ("NO [UNAVAILABLE] Temporary authentication failure.", MailboxError),
        ("NO User is authenticated but not connected.", MailboxError),
    ],
)
def test_a_busy_server_is_told_from_a_wrong_password(
    script: Script, mailbox: Mailbox, said: str, kind: type[MailboxError]
) -> None:
    """One passes by itself; neither is tried again at once."""
    script.logins = [said]
    with pytest.raises(MailboxError) as caught:
        mailbox.open()
    assert type(caught.value) is kind
    with pytest.raises(kind, match="tried again from"):
        mailbox.open()
    assert script.connections == 1 or sum(command.startswith("LOGIN") for command in script.commands) == 1


def test_a_farewell_instead_of_a_greeting_is_a_trouble_that_passes(script: Script, mailbox: Mailbox) -> None:
    """Connection limits are told so, and who polls on does not knock again at once."""
    script.greeting = "* BYE Too many connections from your address"
    for again in ("", ".*tried again from", ".*tried again from"):
        with pytest.raises(MailboxError, match=f"Too many connections{again}") as caught:
            mailbox.open()
        assert not isinstance(caught.value, MailboxRefused)
    assert script.connections == 1


@pytest.mark.parametrize("farewell", ["* BYE Too many connections", ""])
def test_to_be_cut_off_while_logging_in_is_no_wrong_password(script: Script, mailbox: Mailbox, farewell: str) -> None:
    """With a farewell or without: a limit, a restart; the next try is a matter of seconds."""
    script.logins = [f"cut{farewell}"]
    with pytest.raises(MailboxError) as caught:
        mailbox.open()
    assert not isinstance(caught.value, MailboxRefused)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("NO [UNAVAILABLE] the store is being moved", MailboxError),
        ("NO [INUSE] an expunge is in progress", MailboxError),
        ("NO User is authenticated but not connected.", MailboxError),
        ("NO [NONEXISTENT] Unknown Mailbox", MailboxRefused),
    ],
)
def test_a_folder_that_is_busy_is_told_from_one_that_is_not_there(
    script: Script, mailbox: Mailbox, said: str, kind: type[MailboxError]
) -> None:
    """One passes by itself."""
    script.selects = [said]
    with pytest.raises(MailboxError) as caught:
        mailbox.open()
    assert type(caught.value) is kind
    assert mailbox.open() == 7


# watching


def watched(mailbox: Mailbox, news: Callable[[], None], stop: threading.Event) -> list[MailboxError]:
    """Watch until told to stop; the error that ended it."""
    errors: list[MailboxError] = []
    try:
        mailbox.watch(news, stop.is_set)
    except MailboxError as error:
        errors.append(error)
    return errors


def test_a_line_that_comes_in_two_segments_is_heard_once_and_whole(script: Script, mailbox: Mailbox) -> None:
    """Half a line must neither be lost nor break the connection."""

    heard: list[str] = []
    stop = threading.Event()

    def idle(connection: socket.socket) -> None:
        for number, halves in enumerate(((b"* 3 FET", b"CH (FLAGS (\\Seen))\r\n"), (b"* 4 EXISTS\r", b"\n")), 2):
            for half in halves:
                connection.sendall(half)
                time.sleep(0.2)
            wait_until(lambda number=number: len(heard) >= number, "a line is not heard")
        stop.set()

    script.idle = idle

    def news() -> None:
        heard.append("news")

    assert watched(mailbox, news, stop) == []
    assert script.connections == 1


def test_a_thousand_lines_are_a_handful_of_calls(script: Script, mailbox: Mailbox) -> None:
    """An agent marks the whole folder: the collector looks once or twice, not a thousand times."""
    stop = threading.Event()

    def idle(connection: socket.socket) -> None:
        connection.sendall(b"".join(b"* %d FETCH (FLAGS (\\Seen))\r\n" % number for number in range(1, 1001)))
        time.sleep(0.5)
        stop.set()

    script.idle = idle
    heard: list[int] = []
    assert watched(mailbox, lambda: heard.append(1), stop) == []
    assert 2 <= len(heard) <= 20


@pytest.mark.parametrize(
    ("last", "says"), [(b"* BYE shutting down\r\n", "shutting down"), (b"", "closed"), (b"* 3 EXI", "closed")]
)
def test_a_connection_that_ends_while_we_wait_is_told(script: Script, mailbox: Mailbox, last: bytes, says: str) -> None:
    """With a farewell, without, or in the middle of a line."""

    def idle(connection: socket.socket) -> None:
        connection.sendall(last)
        raise OSError

    script.idle = idle
    (error,) = watched(mailbox, lambda: None, threading.Event())
    assert says in str(error)


def test_a_server_that_answers_the_end_of_idle_with_silence_is_given_up(
    script: Script, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of each wait is the proof of life of a connection on which nothing comes."""
    monkeypatch.setattr("triage.mail.mailbox._IDLE_SECONDS", 0)
    asleep = threading.Event()
    script.idle = lambda _: bool(asleep.wait(60))
    (error,) = watched(mailbox_at(port, timeout=2), lambda: None, threading.Event())
    asleep.set()
    assert "timed out" in str(error)


def test_a_dead_connection_is_found_by_the_system(script: Script, mailbox: Mailbox) -> None:
    """Keepalive on, and a bound on how long sent bytes may go unanswered."""
    mailbox.open()
    assert mailbox._client is not None
    sock = mailbox._client.socket()
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        assert 0 < sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 120_000
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 120


def test_a_connection_is_made_anew_each_day(script: Script, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates, addresses and rights change; a connection that never ends would not know."""
    mailbox.open()
    mailbox.open()
    assert script.connections == 1
    monkeypatch.setattr("triage.mail.mailbox._CONNECTION_SECONDS", 0)
    mailbox.open()
    wait_until(lambda: script.connections == 2, "no new connection")
