"""OAuth 2.0 for mail: access tokens from a token endpoint (RFC 6749), handed to a mail server by SASL (RFC 7628).

`Tokens` keeps one access token, renews it ahead of its end, one thread and one process at a time, and writes a refresh
token that the provider has replaced back into its file before anybody uses the new access token: whoever lost it would
have to be let in by a person again. `Bearer` is the conversation with the mail server.
"""

import fcntl
import json
import os
import socket
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from ssl import SSLCertVerificationError
from typing import IO, Any, Literal

from triage.errors import LoginError, LoginRefused
from triage.log import get_logger
from triage.mail.connection import Expiry, open_socket, tls_context

log = get_logger()

Grant = Literal["refresh_token", "client_credentials"]

#: the SASL mechanisms that take an access token, the standard one first
MECHANISMS = ("OAUTHBEARER", "XOAUTH2")
#: so long before its end an access token is renewed
_AHEAD = timedelta(minutes=5)
#: how long an access token is good for where the provider does not say
_LIFETIME = timedelta(minutes=15)
#: an answer of a token endpoint is some thousand bytes
_ANSWER_BYTES = 256 * 1024
#: statuses that speak of the endpoint and not of what it was asked
_PASSING = frozenset({408, 425, 429})
#: what to do about an error of RFC 6749 section 5.2, and of Microsoft's
_REMEDIES = {
    "invalid_grant": "the refresh token in {file} has ended or was revoked: sign in once more with triage authorize",
    "interaction_required": "a person must sign in once more with triage authorize, for a new {file}",
    "invalid_client": "client_id or client_secret is wrong, or the secret has run out",
    "unauthorized_client": "the provider does not allow this grant to this client",
    "unsupported_grant_type": "the provider does not know this grant",
    "invalid_scope": "the scope is wrong, or nobody has consented to it",
    "invalid_request": "check token_url, tenant, client_id and scope",
}


@dataclass(frozen=True, kw_only=True)
class Client:
    """What we are to a provider, and how we ask for tokens."""

    token_url: str
    grant: Grant
    client_id: str
    #: read anew for every request; "" = a client without one
    client_secret: Callable[[], str]
    #: holds the refresh token, and is rewritten when the provider replaces it
    refresh_token_file: Path | None = None
    scope: str = ""
    #: when the client secret runs out, as far as the site knows
    client_secret_expires: datetime | None = None
    #: how long a refresh token lives, where the provider has a rule
    refresh_token_lifetime: timedelta | None = None
    ca_file: Path | None = None
    #: seconds for each wait on the network
    timeout: float = 30


class Tokens:
    """Access tokens of one client, for any number of threads."""

    def __init__(self, client: Client, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.client = client
        self._now = now
        self._lock = threading.Lock()
        self._access_token = ""
        self._renew_at = self._expires = datetime.min.replace(tzinfo=UTC)
        #: said by the provider of the refresh token in use
        self._refresh_expires: datetime | None = None
        #: a refresh token that could not be written, beside the one that it replaces
        self._unwritten: tuple[str, str] | None = None

    def access_token(self) -> str:
        """A token that is good for some minutes more.

        Raises LoginError when the provider cannot be asked, LoginRefused when it says no.
        """
        with self._lock:
            if self._now() >= self._renew_at:
                try:
                    self._renew()
                except LoginError:
                    if self._now() >= self._expires:
                        raise
            return self._access_token

    def forget(self, token: str) -> None:
        """Ask for another one next time: a server has refused this one."""
        with self._lock:
            if self._access_token == token:
                self._renew_at = self._expires = datetime.min.replace(tzinfo=UTC)

    def secrets(self) -> tuple[str, str]:
        """Client secret and refresh token: when they change, what was refused may work. Raises LoginRefused."""
        return self.client.client_secret(), self._refresh_token() if self.client.grant == "refresh_token" else ""

    def expiries(self) -> tuple[Expiry, ...]:
        """What of it runs out, and when, as far as is known."""
        found = []
        if self.client.client_secret_expires is not None:
            found.append(Expiry(what="client secret", at=self.client.client_secret_expires))
        refresh = self._refresh_expiry()
        if refresh is not None:
            found.append(Expiry(what="refresh token", at=refresh))
        return tuple(found)

    def _refresh_expiry(self) -> datetime | None:
        file = self.client.refresh_token_file
        if self._refresh_expires is not None or file is None or self.client.refresh_token_lifetime is None:
            return self._refresh_expires
        try:
            written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except OSError:
            return None
        return written + self.client.refresh_token_lifetime

    def redeem(self, code: str, *, redirect_uri: str, verifier: str) -> None:
        """Exchange a person's consent for a refresh token, and write that into its file (RFC 6749 section 4.1.3).

        Raises LoginError when the provider cannot be asked, LoginRefused when it says no or the file cannot be written.
        """
        with self._alone():
            secret = self.client.client_secret()
            asked = {"grant_type": "authorization_code", "client_id": self.client.client_id, "code": code}
            asked |= {"redirect_uri": redirect_uri, "code_verifier": verifier}
            asked |= {"client_secret": secret} if secret else {}
            token = self._post(asked).get("refresh_token")
            if not isinstance(token, str) or not token:
                raise LoginRefused(
                    f"{self.client.token_url}: it gave no refresh token: the scope must ask for one (offline_access)"
                )
            file = self._file()
            try:
                _replace(file, token)
            except OSError as error:
                raise LoginRefused(f"refresh_token_file {file}: {error.strerror or error}") from error

    # asking

    def _renew(self) -> None:
        with self._alone():
            secret = self.client.client_secret()
            asked = {"grant_type": self.client.grant, "client_id": self.client.client_id}
            asked |= {"client_secret": secret} if secret else {}
            asked |= {"scope": self.client.scope} if self.client.scope else {}
            refresh = ""
            if self.client.grant == "refresh_token":
                asked["refresh_token"] = refresh = self._refresh_token()
            answer = self._post(asked)
            token, begun = answer.get("access_token"), self._now()
            kind = str(answer.get("token_type", "Bearer")).lower()
            if not isinstance(token, str) or not token.isascii() or kind != "bearer":
                raise LoginError(f"{self.client.token_url}: its answer holds no bearer token")
            replaced = answer.get("refresh_token")
            if refresh and isinstance(replaced, str) and replaced and replaced != refresh:
                self._write(replaced, instead_of=refresh)
        lifetime = _seconds(answer.get("expires_in")) or _LIFETIME
        self._access_token, self._expires = token, begun + lifetime
        self._renew_at = self._expires - min(_AHEAD, lifetime / 4)
        # Google and Keycloak, by their own names
        left = _seconds(answer.get("refresh_token_expires_in") or answer.get("refresh_expires_in"))
        self._refresh_expires = begun + left if left else None

    def _post(self, asked: Mapping[str, str]) -> Mapping[str, Any]:
        url = self.client.token_url
        request = urllib.request.Request(  # noqa: S310 - the configuration allows https, and http to loopback
            url, data=urllib.parse.urlencode(asked).encode(), headers={"Accept": "application/json"}
        )
        try:
            # its own proxies are left out: our sockets know the way
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), _OurSockets(context=tls_context(self.client.ca_file)), _NoRedirect
            )
            with opener.open(request, timeout=self.client.timeout) as response:
                return _object(response)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error, asked) from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, SSLCertVerificationError):
                raise LoginRefused(f"{url}: certificate not trusted: {error.reason.verify_message}") from error
            raise LoginError(f"{url}: {getattr(error.reason, 'strerror', None) or error.reason}") from error
        except (OSError, HTTPException) as error:
            raise LoginError(f"{url}: {error or type(error).__name__}") from error

    def _refusal(self, error: urllib.error.HTTPError, asked: Mapping[str, str]) -> LoginError:
        """What an endpoint's error means: a word to wait, or one that only a person can do something about."""
        try:
            answer = _object(error)
        except (OSError, HTTPException):
            answer = {}
        kind = str(answer.get("error", ""))
        words = str(answer.get("error_description", "")).strip().splitlines()
        said = ": ".join(part for part in (kind, words[0][:200] if words else "") if part) or str(error.reason)
        # no provider should repeat what it was sent, but this goes into logs
        for name in ("client_secret", "refresh_token", "code", "code_verifier"):
            said = said.replace(asked.get(name) or "\0", "…")
        message = f"{self.client.token_url}: {error.code} {said}"
        if error.code >= 500 or error.code in _PASSING or kind in ("temporarily_unavailable", "server_error"):
            return LoginError(message)
        remedy = _REMEDIES.get(kind, _REMEDIES["invalid_request"])
        return LoginRefused(f"{message}; {remedy.format(file=self.client.refresh_token_file)}")

    # the refresh token's file

    def _refresh_token(self) -> str:
        file = self._file()
        try:
            text = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise LoginRefused(f"refresh_token_file {file}: {getattr(error, 'strerror', None) or error}") from error
        if not text:
            raise LoginRefused(f"refresh_token_file {file}: it is empty")
        if self._unwritten is not None and self._unwritten[0] == text:
            return self._unwritten[1]
        return text

    def _file(self) -> Path:
        if self.client.refresh_token_file is None:
            raise LoginRefused("no refresh_token_file is configured")
        # a rename would replace a link, and leave what it points to as it was
        return self.client.refresh_token_file.resolve()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the refresh token against other processes: a provider may take using it twice for theft."""
        if self.client.grant != "refresh_token":
            yield
            return
        folder = self._file().parent
        try:
            opened = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise LoginRefused(f"refresh_token_file: {folder}: {error.strerror}") from error
        try:
            # some network file systems have no locks: then one process at a time is up to the site
            with suppress(OSError):
                fcntl.flock(opened, fcntl.LOCK_EX)
            yield
        finally:
            os.close(opened)

    def _write(self, token: str, *, instead_of: str) -> None:
        file = self._file()
        try:
            _replace(file, token)
        except OSError as error:
            # a secret mounted read only: this process goes on with the new one, the next start has the old one
            self._unwritten = (self._unwritten[0] if self._unwritten else instead_of, token)
            log.warning("refresh_token_not_kept", file=str(file), why=error.strerror or str(error))
        else:
            self._unwritten = None


def _replace(file: Path, content: str) -> None:
    """Write a secret as one step that survives a power cut; only its owner may read it. Raises OSError."""
    # mode 0600 from its first moment
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as written:
            written.write(content + "\n")
            written.flush()
            os.fsync(written.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Bearer:
    """One conversation in which an access token is handed over; what smtplib and imaplib call for each challenge."""

    def __init__(self, mechanism: str, *, username: str, token: str, host: str, port: int) -> None:
        self._mechanism = mechanism
        if mechanism == "OAUTHBEARER":
            # RFC 5801 section 4: these two characters have a meaning in the header
            name = username.replace("=", "=3D").replace(",", "=2C")
            self._response = f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01"
        else:
            self._response = f"user={username}\x01auth=Bearer {token}\x01\x01"
        self._begun = False
        #: what the server said against the token, in words
        self.said = ""

    def __call__(self, challenge: bytes | None = None) -> str:
        """The token at first; then the empty answer that asks for the refusal itself (RFC 7628 section 3.2.3)."""
        if not self._begun:
            self._begun = True
            return self._response
        try:
            answer = json.loads(challenge or b"{}")
            self.said = " ".join(f"{key}={answer[key]}" for key in ("status", "scope") if answer.get(key))
        except (ValueError, AttributeError, TypeError):
            self.said = ""
        return "\x01" if self._mechanism == "OAUTHBEARER" else ""


class _OurSockets(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        """A request over TLS."""
        return self.do_open(_connection, req, context=self._context)  # type: ignore[attr-defined]


def _connection(host: str, **options: Any) -> HTTPSConnection:
    connection = HTTPSConnection(host, **options)
    connection._create_connection = _connect  # type: ignore[attr-defined]
    return connection


def _connect(address: tuple[str, int], timeout: float, _source: object) -> socket.socket:
    return open_socket("https", address[0], address[1], timeout)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token endpoint does not move; secrets follow nobody elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        """Never."""
        return


def _object(response: IO[bytes]) -> Mapping[str, Any]:
    try:
        answer = json.loads(response.read(_ANSWER_BYTES))
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(value: object) -> timedelta | None:
    """A number of seconds, as number or text; None where it is none."""
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return timedelta(seconds=seconds) if 0 < seconds < 10**9 else None
