"""Connections: through the environment's proxy where there is one, and found dead where the other end is gone."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from furnished import MONDAY
from servers import free_port, smtp_sink

from triage.demo import servers
from triage.demo.servers import imap_server
from triage.errors import LoginError
from triage.letters.smtp import Relay, RelayAddress
from triage.mail.account import Account
from triage.mail.connection import Expiry, open_socket, running_out
from triage.mail.login import Login
from triage.mail.mailbox import Mailbox
from triage.mail.oauth import Client, Tokens


class Proxy:
    """A proxy for SOCKS 5 (RFC 1928) and HTTP CONNECT; every name leads to `target` on this machine."""

    def __init__(self) -> None:
        self.target = 0
        #: where its users wanted to go
        self.asked: list[tuple[str, int]] = []
        #: what they sent over HTTP
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End it."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, ValueError), client:
            client.settimeout(20)
            first = client.recv(1)
            yes, no = self._socks(client) if first == b"\x05" else self._connect(client, first)
            if not self.target:
                client.sendall(no)
                return
            with socket.create_connection(("127.0.0.1", self.target), 20) as server:
                # in one segment with the greeting of the server, which speaks first
                client.sendall(yes + server.recv(65536))
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join(20)

    def _socks(self, client: socket.socket) -> tuple[bytes, bytes]:
        client.recv(client.recv(1)[0])
        client.sendall(b"\x05\x00")
        _version, _command, _reserved, kind, length = client.recv(5)
        assert kind == 3, "the name is to be looked up here"
        host = client.recv(length).decode()
        self.asked.append((host, int.from_bytes(client.recv(2), "big")))
        return b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00", b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"

    def _connect(self, client: socket.socket, first: bytes) -> tuple[bytes, bytes]:
        request = first
        while b"\r\n\r\n" not in request:
            request += client.recv(4096)
        self.requests.append(request)
        host, _, port = request.split()[1].decode().rpartition(":")
        self.asked.append((host, int(port)))
        return b"HTTP/1.1 200 Connection established\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\n\r\n"


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("all", "imap", "smtp", "http", "https", "no"):
        for variable in (f"{name}_proxy", f"{name}_proxy".upper()):
            monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A running proxy."""
    proxy = Proxy()
    yield proxy
    proxy.close()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "http"])
def test_mail_comes_in_through_a_proxy(proxy: Proxy, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is told the name: a machine behind one may have no DNS for the world."""
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{proxy.port}")
    with imap_server() as port:
        proxy.target = port
        login = Login(servers.USER, servers.PASSWORD)
        mailbox = Mailbox(Account(name="support", host="imap.example.com", port=143, security="none", login=login))
        mailbox.open()
        assert list(mailbox.uids()) == []
        mailbox.close()
    assert proxy.asked == [("imap.example.com", 143)]


def test_letters_go_out_through_a_proxy_of_their_own(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """SMTP_PROXY wins over ALL_PROXY."""
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("smtp_proxy", f"http://127.0.0.1:{proxy.port}")
    with smtp_sink("support@example.com") as sink:
        proxy.target = sink.port
        with Relay(RelayAddress(host="smtp.example.com", port=587, security="none")):
            pass
    assert proxy.asked == [("smtp.example.com", 587)]


def test_tokens_are_asked_for_through_a_proxy(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that does not let us through is told as such, and passes."""
    monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
    client = Client(
        token_url="https://id.example.com/token", grant="client_credentials", client_id="triage", client_secret=str
    )
    with pytest.raises(LoginError, match=r"proxy 127\.0\.0\.1"):
        Tokens(client).access_token()
    assert proxy.asked == [("id.example.com", 443)]


def test_this_machine_and_excepted_ones_are_reached_directly(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY, and loopback always."""
    monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("NO_PROXY", "example.com")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        open_socket("imap", "localhost", listener.getsockname()[1], 5).close()
        with pytest.raises(OSError, match=r"."):
            open_socket("imap", "no-such-host.example.com", 143, 5)
    assert proxy.asked == []


@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_a_proxy_that_refuses_is_told(proxy: Proxy, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its own words."""
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{proxy.port}")
    with pytest.raises(OSError, match=r"proxy 127\.0\.0\.1: .*(not allowed|403 Forbidden)"):
        open_socket("imap", "imap.example.com", 143, 5)


def test_a_proxy_may_want_a_password(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given in its address, with marks written as in any URL."""
    monkeypatch.setenv("ALL_PROXY", f"http://us:p%40ss@127.0.0.1:{proxy.port}")
    with pytest.raises(OSError, match="403"):
        open_socket("imap", "imap.example.com", 143, 5)
    assert b"\r\nProxy-Authorization: Basic dXM6cEBzcw==\r\n" in proxy.requests[0]


@pytest.mark.parametrize("url", ["socks5://us:s3cret@127.0.0.1:{}", "gopher://us:s3cret@127.0.0.1:{}", "s3cret"])
def test_a_proxy_that_is_no_use_is_told_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, or no address of a proxy at all."""
    monkeypatch.setenv("ALL_PROXY", url.format(free_port()))
    with pytest.raises(OSError, match="proxy") as caught:
        open_socket("imap", "imap.example.com", 143, 5)
    assert "s3cret" not in str(caught.value)


def test_what_runs_out_within_three_weeks_is_told_soonest_first() -> None:
    """What has run out is told too."""
    days = {"certificate": 20, "client secret": 22, "refresh token": -1}
    expiries = [Expiry(what=what, at=MONDAY + timedelta(days=count)) for what, count in days.items()]
    soon = running_out(expiries, MONDAY)
    assert [expiry.says(MONDAY) for expiry in soon] == [
        "refresh token until 2026-11-15 (over)",
        "certificate until 2026-12-06 (20 days)",
    ]
