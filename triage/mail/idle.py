"""IDLE (RFC 2177): listening to a folder for as long as the server keeps quiet."""

import select
import time
from collections.abc import Callable

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError


def listen(client: IMAPClient, news: Callable[[], None], stopped: Callable[[], bool], *, seconds: float) -> None:
    """Call `news` whenever the server has spoken, whatever it says: the collector looks for itself.

    Whole lines are read, and waited for. imapclient's own `idle_check` reads what has come so far: of a line in two
    segments it loses the first half.
    """
    until = time.monotonic() + seconds
    while not stopped() and time.monotonic() < until:
        # short waits, so that a stop is heard
        if not _readable(client, 1.0):
            continue
        burst = time.monotonic() + 1.0
        while True:
            line: bytes = client._imap.readline()
            if not line:
                raise IMAPClientAbortError("the server has closed the connection")
            if line[:5].upper() == b"* BYE":
                raise IMAPClientAbortError(line[2:].decode("utf-8", "replace").strip())
            # one call for many lines: an agent may have marked a thousand mails
            if time.monotonic() > burst or not _readable(client, 0):
                break
        news()


def _readable(client: IMAPClient, seconds: float) -> bool:
    """Whether something has come, or the connection has ended, within so many seconds."""
    poller = select.poll()
    poller.register(client.socket().fileno(), select.POLLIN)
    return bool(poller.poll(seconds * 1000))
