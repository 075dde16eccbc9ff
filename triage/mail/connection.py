"""What our IMAP, SMTP and token connections share: their way through a proxy, whom they trust, how a dead one is found,
and what runs out when.
"""

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

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


def open_socket(scheme: str, host: str, port: int, timeout: float) -> socket.socket:
    """A TCP connection that finds out by itself when the other end has vanished without a word (a router that forgot
    us, a host cut off): within about two minutes, as an error.

    It goes through the proxy that the environment names in SCHEME_PROXY or ALL_PROXY (http, socks4, socks5), but for
    loopback and what NO_PROXY names. Raises OSError.
    """
    proxy = _proxy(scheme, host)
    sock = _through(proxy, host, port, timeout) if proxy else socket.create_connection((host, port), timeout)
    sock.settimeout(timeout)
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
    return sock


def is_loopback(host: str) -> bool:
    """Whether this is our own machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxy(scheme: str, host: str) -> str:
    if is_loopback(host) or proxy_bypass(host):
        return ""
    proxies = getproxies()
    return proxies.get(scheme) or proxies.get("all", "")


def _through(proxy: str, host: str, port: int, timeout: float) -> socket.socket:
    # most sites have none
    from python_socks import ProxyError
    from python_socks.sync import Proxy

    # without user and password
    where = f"proxy {urlsplit(proxy).hostname or 'of the environment'}"
    # names are looked up where the proxy is: a machine behind one often has no DNS for the world
    url = proxy.replace("socks5h://", "socks5://", 1).replace("socks4a://", "socks4://", 1)
    try:
        return Proxy.from_url(url, rdns=True).connect(host, port, timeout=timeout)
    except ProxyError as error:
        raise OSError(f"{where}: {error}") from error
    except ValueError as error:
        raise OSError(f"{where}: not an address of a proxy (like socks5://host:1080)") from error
    except OSError as error:
        raise OSError(f"{where}: {error.strerror or error}") from error


def certificate_expiry(sock: socket.socket | None) -> tuple[Expiry, ...]:
    """When the other end's certificate runs out; nothing without TLS."""
    if not isinstance(sock, ssl.SSLSocket):
        return ()
    expires = (sock.getpeercert() or {}).get("notAfter")
    if not expires:
        return ()
    return (Expiry(what="certificate", at=datetime.fromtimestamp(ssl.cert_time_to_seconds(str(expires)), UTC)),)
