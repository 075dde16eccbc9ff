"""The servers of the demonstration: an IMAP server and an SMTP server on free loopback ports.

Both are real servers (pymap, aiosmtpd). Mail for the desk itself goes back into its mailbox, as it would in the world;
everything else is written into a folder to look at.
"""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from triage.errors import OperatorError

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope

USER, PASSWORD = "support", "demo"
_START_SECONDS = 30


def free_port() -> int:
    """A TCP port on loopback that nobody uses just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def imap_server() -> Iterator[int]:
    """An IMAP server with one empty account; gives its port, and ends with the block."""
    port = free_port()
    command = [
        sys.executable,
        "-c",
        "from pymap.main import main; main()",
        "--no-service",
        "admin",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    command += ["--no-tls", "dict", "--demo-user", USER, "--demo-password", PASSWORD]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own words
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, IMAPClientError), connected(port):
            return
        time.sleep(0.1)
    raise OperatorError("the demonstration's IMAP server did not start: pip install 'billing-dispute-triage[demo]'")


@contextlib.contextmanager
def connected(port: int) -> Iterator[IMAPClient]:
    """A logged-in connection to the IMAP server."""
    client = IMAPClient("127.0.0.1", port=port, ssl=False, timeout=10)
    try:
        client.login(USER, PASSWORD)
        yield client
    finally:
        with contextlib.suppress(IMAPClientError, OSError):
            client.logout()


def deliver(port: int, content: bytes) -> None:
    """Put a mail into the inbox, as its server would."""
    with connected(port) as client:
        client.append("INBOX", content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), msg_time=datetime.now(UTC))


class _Sink:
    """Takes every letter, keeps it as a file, and delivers the desk's own mail back to its inbox."""

    def __init__(self, folder: Path, desk: str, imap_port: int) -> None:
        self._folder = folder
        self._desk = desk
        self._imap_port = imap_port
        self._count = 0

    async def handle_DATA(self, _server: object, _session: object, envelope: "Envelope") -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        if any(recipient != self._desk for recipient in envelope.rcpt_tos):
            self._count += 1
            (self._folder / f"{self._count:02d}-{envelope.rcpt_tos[0]}.eml").write_bytes(content)
        if self._desk in envelope.rcpt_tos:
            deliver(self._imap_port, content)
        return "250 OK"


@contextlib.contextmanager
def smtp_server(folder: Path, desk: str, imap_port: int) -> Iterator[int]:
    """An SMTP server that writes what it takes into `folder`; gives its port, and ends with the block."""
    try:
        from aiosmtpd.controller import Controller
    except ModuleNotFoundError as error:
        raise OperatorError("triage demo needs its servers: pip install 'billing-dispute-triage[demo]'") from error
    controller = Controller(_Sink(folder, desk, imap_port), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
