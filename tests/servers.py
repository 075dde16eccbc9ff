"""Real servers for tests, each private: own folder, own free port, ended with the block that started it.

A server that is not installed is a loud skip at home and a failure where CI is set.
"""

import asyncio
import contextlib
import grp
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import parse_qsl

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from imapclient import IMAPClient

USER, PASSWORD = "support", "s3cret"
_START_SECONDS = 60


def needed(command: str) -> str:
    """The path of a program. A missing one skips the test at home and fails it in CI."""
    found = shutil.which(command) or shutil.which(command, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        _missing(command)
    return str(found)


def _missing(what: str) -> None:
    message = f"{what} is not installed: these tests need the real server"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    """A TCP port on loopback that nobody uses just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(there: Callable[[], bool], what: str | Callable[[], str], seconds: float = _START_SECONDS) -> None:
    """Wait until something is the case; fails the test where it does not come about, and says then what is."""
    deadline = time.monotonic() + seconds
    while not there():
        if time.monotonic() > deadline:
            pytest.fail(f"{what() if callable(what) else what}: not within {seconds} s")
        time.sleep(0.02)


def answers_on(port: int) -> bool:
    """Whether something listens on this port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-made certificate for 127.0.0.1, and its key."""
    paths = folder / "cert.pem", folder / "key.pem"
    command = [
        needed("openssl"),
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]]
    subprocess.run(command, check=True, capture_output=True)
    return paths


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own, mounted on an empty folder. Where that is not allowed: a skip at home, a failure in CI."""
    command = [needed("mount"), "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "triage-test", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        why = f"mounting a disk is not allowed here: {done.stderr.strip()}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    try:
        yield folder
    finally:
        subprocess.run([needed("umount"), "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk to its last byte; gives the file that does it."""
    file = disk / "filling"
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as filling:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while filling.write(b"x" * size):
                    pass
    return file


class Dovecot:
    """A private Dovecot with one Maildir account; run as root it serves the mails as `nobody`."""

    def __init__(self, folder: Path, tokens: "TokenServer | None" = None) -> None:
        self.folder = folder
        self._tokens = tokens
        self.port, self.tls_port = free_port(), free_port()
        self.certificate, self._key = certificate(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._configure()

    def _configure(self) -> None:
        root = os.geteuid() == 0
        owner = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
        home = self.folder / "home"
        home.mkdir()
        os.chown(home, owner.pw_uid, owner.pw_gid)
        # a temporary folder of pytest is closed to others: the mails' owner must get through
        for folder in (home, self.folder, *list(self.folder.parents)[:3]):
            if folder.owner() == pwd.getpwuid(os.geteuid()).pw_name or folder == home:
                folder.chmod(folder.stat().st_mode | 0o755)
        users = "" if root else f"default_internal_user = {owner.pw_name}\ndefault_login_user = {owner.pw_name}\n"
        users += "" if root else f"default_internal_group = {grp.getgrgid(owner.pw_gid).gr_name}\n"
        chroot = "" if root else "chroot ="
        access = ""
        if self._tokens is not None:
            access = f"""\
auth_mechanisms = plain xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {self.folder}/oauth2.conf
}}
"""
            (self.folder / "oauth2.conf").write_text(f"""\
introspection_url = {self._tokens.url}/introspect
introspection_mode = post
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
""")
        (self.folder / "dovecot.conf").write_text(f"""\
protocols = imap
listen = 127.0.0.1
base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/dovecot.log
ssl = yes
ssl_cert = <{self.certificate}
ssl_key = <{self._key}
disable_plaintext_auth = no
{users}mail_location = maildir:~/Maildir
first_valid_uid = 1
mail_max_userip_connections = 50
{access}passdb {{
  driver = static
  mechanisms = plain
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={home}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    address = 127.0.0.1
    port = {self.port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {self.tls_port}
    ssl = yes
  }}
}}
service anvil {{
  {chroot}
}}
service stats {{
  {chroot}
}}
""")

    def start(self) -> "Dovecot":
        """Start it, and wait until one can log in."""
        command = [needed("dovecot"), "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        wait_until(self._lets_in, "Dovecot lets nobody in (its log: dovecot.log)")
        return self

    def stop(self) -> None:
        """End it with all its children."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=60)
            # its children would serve the connections that they have for a while
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process = None
            wait_until(lambda: not answers_on(self.port), "Dovecot still answers")

    def _lets_in(self) -> bool:
        with contextlib.suppress(Exception), self.connected():
            return True
        return False

    @contextlib.contextmanager
    def connected(self) -> Iterator[IMAPClient]:
        """A logged-in connection of somebody else: the test's."""
        client = IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=60)
        try:
            client.login(USER, PASSWORD)
            yield client
        finally:
            with contextlib.suppress(Exception):
                client.logout()

    def put(self, *contents: bytes, folder: str = "INBOX", arrived: datetime | None = None) -> None:
        """Mails come in."""
        with self.connected() as client:
            for content in contents:
                client.append(folder, content, msg_time=arrived or datetime.now(UTC))

    def renumber(self) -> None:
        """Forget the numbering: a new UIDVALIDITY, and every mail under another UID."""
        self.stop()
        for path in (self.folder / "home").rglob("dovecot*"):
            # what is kept there makes sure that a number is never given twice
            if path.is_file() and not path.name.startswith("dovecot-uidvalidity"):
                path.unlink()
        self.start()


@contextlib.contextmanager
def dovecot(folder: Path, tokens: "TokenServer | None" = None) -> Iterator[Dovecot]:
    """A running Dovecot; it also takes the access tokens of a token server."""
    needed("dovecot")
    folder.mkdir(parents=True, exist_ok=True)
    server = Dovecot(folder, tokens)
    try:
        yield server.start()
    finally:
        server.stop()


@dataclass
class Sink:
    """An SMTP server that takes, refuses or breaks off, and delivers the desk's own mail back into its mailbox.

    What it has taken it delivers, whatever becomes of the connection, and tries again where the mailbox is shut.
    """

    desk: str
    deliver: Callable[[bytes], None]
    #: what happens to the next letters, one each: a reply such as "451 busy", "drop" (taken, no reply) or "lose"
    script: list[str] = field(default_factory=list)
    #: what was taken: content and recipients
    taken: list[tuple[bytes, tuple[str, ...]]] = field(default_factory=list)
    port: int = field(default_factory=free_port)
    #: seconds before each reply to DATA
    delay: float = 0
    #: what was taken for the desk and is not yet in its mailbox; None ends its delivery
    queue: "SimpleQueue[bytes | None]" = field(default_factory=SimpleQueue)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """One letter."""
        answer = self.script.pop(0) if self.script else "250 OK"
        await asyncio.sleep(self.delay)
        if answer.startswith("250") or answer == "drop":
            content = envelope.original_content or b""
            self.taken.append((content, tuple(envelope.rcpt_tos)))
            if self.desk in envelope.rcpt_tos:
                self.queue.put(content)
        if answer in ("drop", "lose"):
            transport: Any = server.transport
            transport.abort()
        return answer

    def deliver_all(self) -> None:
        """Deliver what is in the queue until its end comes."""
        while (content := self.queue.get()) is not None:
            for again in range(10):
                time.sleep(again / 2)
                with contextlib.suppress(Exception):
                    self.deliver(content)
                    break

    def reached(self, customer: str) -> int:
        """How many letters have reached a customer."""
        return sum(customer in recipients for _, recipients in self.taken)


@contextlib.contextmanager
def smtp_sink(desk: str, deliver: Callable[[bytes], None] = lambda _: None) -> Iterator[Sink]:
    """A running SMTP server."""
    sink = Sink(desk=desk, deliver=deliver)
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    delivering = threading.Thread(target=sink.deliver_all)
    delivering.start()
    try:
        yield sink
    finally:
        controller.stop()
        sink.queue.put(None)
        delivering.join()


class TokenServer:
    """An OAuth 2.0 provider: a token endpoint (RFC 6749) and an introspection endpoint (RFC 7662)."""

    def __init__(self) -> None:
        #: what it was asked for tokens
        self.asked: list[dict[str, str]] = []
        #: what the next answers are, one each: status and body; when it is used up, a token
        self.script: list[tuple[int, dict[str, object]]] = []
        #: access tokens that introspection calls active
        self.active: set[str] = set()
        #: the refresh token that it takes; with `rotates` each use replaces it
        self.refresh_token, self.rotates = "refresh-0", False
        self.lifetime = 3600
        #: seconds before each answer
        self.delay = 0.0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = dict(parse_qsl(body))
                time.sleep(provider.delay)
                answer = provider.introspect(fields) if self.path.startswith("/introspect") else provider.token(fields)
                content = json.dumps(answer[1]).encode()
                self.send_response(answer[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in answer[1].items() if answer[0] in (301, 302, 307) else ():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def token(self, fields: dict[str, str]) -> tuple[int, dict[str, object]]:
        """An access token for the right refresh token or client secret."""
        with self._lock:
            self.asked.append(fields)
            if self.script:
                return self.script.pop(0)
            if fields["grant_type"] == "refresh_token" and fields["refresh_token"] != self.refresh_token:
                return 400, {"error": "invalid_grant", "error_description": f"{fields['refresh_token']} is over"}
            number = len(self.asked)
            answer: dict[str, object] = {"access_token": f"access-{number}", "token_type": "Bearer"}
            answer["expires_in"] = self.lifetime
            self.active.add(f"access-{number}")
            if self.rotates:
                self.refresh_token = f"refresh-{number}"
                answer["refresh_token"] = self.refresh_token
            return 200, answer

    def introspect(self, fields: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Whether a token is good, and whose it is."""
        active = fields.get("token") in self.active
        return 200, {"active": active, "username": USER} if active else {"active": False}


@contextlib.contextmanager
def token_server() -> Iterator[TokenServer]:
    """A running OAuth 2.0 provider."""
    server = TokenServer()
    try:
        yield server
    finally:
        server.close()


class Postgres:
    """A throwaway PostgreSQL cluster; run as root it belongs to the user `postgres`."""

    def __init__(self, folder: Path, *, listen: str = "127.0.0.1") -> None:
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if not binaries and shutil.which("initdb") is None:
            _missing("PostgreSQL")
        self._binaries = binaries[-1] if binaries else Path(str(shutil.which("initdb"))).parent
        self.folder, self.port, self._listen = folder, free_port(), listen
        self._count = 0

    def _run(self, *command: str) -> None:
        user = "postgres" if os.geteuid() == 0 else None
        ran = subprocess.run(command, capture_output=True, user=user, cwd=self.folder, timeout=90, text=True)
        if ran.returncode:
            pytest.fail(f"{' '.join(command)}: {ran.stdout} {ran.stderr} {self._log_ends()}")

    def _log_ends(self) -> str:
        log = self.folder / "log"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""

    def create(self) -> None:
        """Make the cluster."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            for parent in list(self.folder.parents)[:3]:
                if parent.stat().st_uid == 0 and parent != Path("/"):
                    parent.chmod(parent.stat().st_mode | 0o055)
        data = str(self.folder / "data")
        self._run(
            str(self._binaries / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"
        )

    def start(self) -> "Postgres":
        """Start it."""
        options = f"-p {self.port} -h {self._listen} -k '' -c fsync=off -c full_page_writes=off -c max_connections=200"
        log = str(self.folder / "log")
        self._run(
            *(str(self._binaries / "pg_ctl"), "-D", str(self.folder / "data"), "-l", log, "-o", options, "-w", "start")
        )
        return self

    def stop(self, mode: str = "fast") -> None:
        """End it; `immediate` is a crash."""
        self._run(str(self._binaries / "pg_ctl"), "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def database(self) -> str:
        """The URL of a new empty database."""
        self._count += 1
        name = f"triage_{self._count}"
        with psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A running PostgreSQL."""
    server = Postgres(folder)
    server.create()
    server.start()
    try:
        yield server
    finally:
        server.stop("immediate")


def end(process: "subprocess.Popen[Any]", number: signal.Signals = signal.SIGKILL) -> int:
    """End a child of ours, and give its exit code."""
    if process.poll() is None:
        process.send_signal(number)
    return process.wait(timeout=30)
