"""What our IMAP and SMTP connections share: whom they trust, how a dead one is found, and what runs out when."""

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: so long before something runs out, a person is called
WARN_BEFORE = timedelta(days=21)
#: seconds of silence before the other end is asked whether it lives, and how long it may owe us an answer
_IDLE_SECONDS, _PROBE_SECONDS, _PROBES = 60, 15, 4


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Something that a login needs, and when it runs out."""

    #: e.g. "client secret"
    what: str
    at: datetime

    def says(self, now: datetime) -> str:
        """In words, e.g. "client secret until 2027-03-01 (99 days)"."""
        days = (self.at - now).days
        left = f"{days} days" if days >= 0 else "over"
        return f"{self.what} until {self.at:%Y-%m-%d} ({left})"


def running_out(expiries: Iterable[Expiry], now: datetime) -> list[Expiry]:
    """Those that run out soon or have run out, soonest first."""
    return sorted((expiry for expiry in expiries if expiry.at - now < WARN_BEFORE), key=lambda expiry: expiry.at)


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, names and certificates checked; `ca_file` is trusted beside the system's authorities.

    Raises OSError where it cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def keep_alive(sock: socket.socket) -> None:
    """Have the system find out by itself when the other end has vanished without a word (a router that forgot us, a
    host cut off): within about two minutes, as an error on the socket."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": _IDLE_SECONDS,
        "TCP_KEEPINTVL": _PROBE_SECONDS,
        "TCP_KEEPCNT": _PROBES,
        "TCP_USER_TIMEOUT": _PROBE_SECONDS * _PROBES * 1000,
    }
    for name, value in options.items():
        # not every platform has all of them
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def certificate_expiry(sock: socket.socket | None) -> tuple[Expiry, ...]:
    """When the other end's certificate runs out; nothing without TLS."""
    if not isinstance(sock, ssl.SSLSocket):
        return ()
    expires = (sock.getpeercert() or {}).get("notAfter")
    if not expires:
        return ()
    return (Expiry(what="certificate", at=datetime.fromtimestamp(ssl.cert_time_to_seconds(str(expires)), UTC)),)
