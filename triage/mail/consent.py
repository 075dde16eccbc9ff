"""A person's consent, and with it the first refresh token: the authorization code grant for a program of one's own.

The person opens an address of the provider, signs in and agrees; the provider sends the browser on to this machine's
loopback with a code (RFC 8252), which is exchanged for the token. Because of `state` nobody else's code is taken, and
because of PKCE (RFC 7636) nobody else can use ours.
"""

import base64
import hashlib
import secrets
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

from triage.errors import LoginError, LoginRefused
from triage.mail.oauth import Client, Tokens

_PAGE = "<!doctype html><meta charset=utf-8><title>triage</title><p>{said} You may close this window."


class Consent:
    """One conversation with a provider and a person; a context that listens on loopback while it lasts."""

    def __init__(self, client: Client, *, authorize_url: str, username: str, scope: str, host: str) -> None:
        self._client = client
        self._authorize_url = authorize_url
        self._asked = {"scope": scope} if scope else {}
        self._asked |= {"login_hint": username} if username else {}
        self._state = secrets.token_urlsafe(24)
        self._verifier = secrets.token_urlsafe(48)
        #: what the browser was sent on with, as soon as it came
        self._answer = ""
        self._server = HTTPServer(("127.0.0.1", 0), self._handler())
        self._redirect_uri = f"http://{host}:{self._server.server_port}/"

    def __enter__(self) -> "Consent":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where the person signs in and agrees."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self._verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._redirect_uri,
            "state": self._state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **self._asked,
        }
        joint = "&" if "?" in self._authorize_url else "?"
        return f"{self._authorize_url}{joint}{urllib.parse.urlencode(asked)}"

    @property
    def file(self) -> str:
        """Where the refresh token will be."""
        return str(self._client.refresh_token_file)

    def wait(self, seconds: float) -> str:
        """The address that the browser was sent on to. Raises LoginError when nobody has agreed in that time."""
        deadline = time.monotonic() + seconds
        while not self._answer:
            self._server.timeout = deadline - time.monotonic()
            if self._server.timeout <= 0:
                raise LoginError(f"nobody has signed in within {seconds / 60:.0f} minutes")
            self._server.handle_request()
        return self._answer

    def redeem(self, answer: str) -> None:
        """Write the refresh token into its file; `answer` is the address that the browser was sent on to.

        Raises LoginRefused when the person or the provider said no, or the address is not the answer to ours.
        """
        said = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.strip()).query))
        if not secrets.compare_digest(said.get("state", "").encode(), self._state.encode()):
            raise LoginRefused("this address does not answer what was asked just now: begin anew with triage authorize")
        if "code" not in said:
            why = said.get("error_description") or said.get("error") or "no code in the address"
            raise LoginRefused(f"the provider did not agree: {why}")
        Tokens(self._client).redeem(said["code"], redirect_uri=self._redirect_uri, verifier=self._verifier)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        consent = self

        class Handler(BaseHTTPRequestHandler):
            # a browser that opens a connection ahead of need must not hold up the one with the answer
            timeout = 5

            def do_GET(self) -> None:
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                ours = query.get("state") == [consent._state]
                if ours:
                    consent._answer = self.path
                self.send_response(200 if ours else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(_PAGE.format(said="Thank you." if ours else "Nothing is here.").encode())

            def log_message(self, *_: object) -> None:
                # the address holds the code
                pass

        return Handler
