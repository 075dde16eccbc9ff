"""What our IMAP, SMTP and token connections share: their way through a proxy, whom they trust, how a dead one is found,
and what runs out when.
"""

import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

#: so long before something runs out, a person is called
WARN_BEFORE = timedelta(days=21)
#: seconds of silence before the other end is asked whether it lives, and how long it may owe us an answer
_IDLE_SECONDS, _PROBE_SECONDS, _PROBES = 60, 15, 4
#: of a proxy's answer
_ANSWER_BYTES = 16 * 1024


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

    try:
        parts = urlsplit(proxy)
        # in messages without user and password
        where = f"proxy {parts.hostname or 'of the environment'}"
        if parts.scheme == "http":
            return _tunnel(parts, host, port, timeout)
        # names are looked up where the proxy is: a machine behind one often has no DNS for the world
        url = proxy.replace("socks5h://", "socks5://", 1).replace("socks4a://", "socks4://", 1)
        return Proxy.from_url(url, rdns=True).connect(host, port, timeout=timeout)
    except ProxyError as error:
        raise OSError(f"{where}: {error}") from error
    except ValueError as error:
        raise OSError("proxy of the environment: its address must be like socks5://host:1080") from error
    except OSError as error:
        raise OSError(f"{where}: {error.strerror or error or type(error).__name__}") from error


def _tunnel(proxy: SplitResult, host: str, port: int, timeout: float) -> socket.socket:
    """HTTP CONNECT (RFC 9110 section 9.3.6). python-socks 3.2 and http.client read on past the proxy's answer, and with
    it the greeting of a mail server, which speaks first; here not one byte more is taken."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"
    if proxy.username is not None:
        user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        request += f"Proxy-Authorization: Basic {b64encode(user.encode()).decode()}\r\n"
    sock = socket.create_connection((proxy.hostname or "", proxy.port or 80), timeout)
    try:
        sock.sendall(f"{request}\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)
            if not byte or len(answer) > _ANSWER_BYTES:
                raise OSError("it has closed the connection")
            answer += byte
        status = answer.splitlines()[0].decode("latin-1")
        if not re.match(r"HTTP/1\.\d 2\d\d\b", status):
            raise OSError(f"it says {status[:100]}")
    except BaseException:
        sock.close()
        raise
    return sock


def certificate_expiry(sock: socket.socket | None) -> tuple[Expiry, ...]:
    """When the other end's certificate runs out; nothing without TLS."""
    if not isinstance(sock, ssl.SSLSocket):
        return ()
    expires = (sock.getpeercert() or {}).get("notAfter")
    if not expires:
        return ()
    return (Expiry(what="certificate", at=datetime.fromtimestamp(ssl.cert_time_to_seconds(str(expires)), UTC)),)
