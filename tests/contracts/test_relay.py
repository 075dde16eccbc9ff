"""What the outbox may expect of a relay: the same tests on the in-memory twin and on a real server on loopback."""

import asyncio
import base64
import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from servers import needed

from triage.errors import RelayError, RelayRefused
from triage.letters.compose import Letter
from triage.letters.outbox import Answer, Lost, Refused, Sent, TryLater
from triage.letters.smtp import Relay, RelayAddress
from triage.mail.login import Login
from triage.mail.oauth import Client, Tokens
from triage.testing import InMemoryRelay

SENDER = "bounces@example.com"
CUSTOMER = "ana@example.org"
JOURNAL = "support@example.com"


def a_letter(body: str = "Good day.", recipient: str = CUSTOMER, name: str = "Ana") -> Letter:
    content = f"From: s@example.com\r\nTo: {name} <{recipient}>\r\nMessage-ID: <1@example.com>\r\n\r\n{body}\r\n"
    return Letter(
        recipient=recipient,
        message_id="<1@example.com>",
        content=content.encode(),
        subject="",
        language="en",
        template="acknowledgement",
    )


class Desk:
    """The handler of the real server: answers as the script says, keeps what it takes."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.taken: list[tuple[bytes, tuple[str, ...], str]] = []
        #: what MAIL FROM announced, one each
        self.options: list[list[str]] = []
        self.take_lost = False
        self.connections = 0
        self.server: Any = None

    def _now(self) -> Answer:
        return self.script[0] if self.script else Sent()

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, hostname: str, lines: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return lines

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._now()
        if isinstance(answer, Refused) and answer.stage == "sender":
            self.script.pop(0)
            return f"{answer.code} {answer.why}"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        self.options.append(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._now()
        if isinstance(answer, TryLater) or (isinstance(answer, Refused) and answer.stage == "recipient"):
            self.script.pop(0)
            if answer.code is None:
                server.transport.abort()
            return f"{answer.code} {answer.why}"
        if isinstance(answer, Sent) and answer.copy_refused and envelope.rcpt_tos:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.script.pop(0) if self.script else Sent()
        taken = (bytes(envelope.content or b""), tuple(envelope.rcpt_tos), envelope.mail_from or "")  # type: ignore[arg-type]
        if isinstance(answer, Lost):
            if self.take_lost:
                self.taken.append(taken)
            server.transport.abort()
            return "250 nobody hears this"
        if isinstance(answer, Refused):
            return f"{answer.code} {answer.why}"
        self.taken.append(taken)
        return "250 2.0.0 queued as 4711"


class Twin:
    """The in-memory relay in the terms of these tests."""

    def __init__(self) -> None:
        self.relay = InMemoryRelay()

    def plan(self, *answers: Answer, take_lost: bool = False) -> None:
        self.relay.script.extend(answers)
        self.relay.takes_lost = take_lost

    def taken(self) -> list[tuple[bytes, tuple[str, ...], str]]:
        return [(d.content, d.recipients, d.envelope_sender) for d in self.relay.deliveries]


class Real:
    """aiosmtpd on loopback and our own client."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk = desk
        self.relay = Relay(RelayAddress(host="127.0.0.1", port=port, security="none", timeout=5))

    def plan(self, *answers: Answer, take_lost: bool = False) -> None:
        self.desk.script.extend(answers)
        self.desk.take_lost = take_lost

    def taken(self) -> list[tuple[bytes, tuple[str, ...], str]]:
        return self.desk.taken


class TokenDesk(Desk):
    """A server that takes access tokens and no passwords."""

    def __init__(self, mechanism: str, active: set[str]) -> None:
        super().__init__()
        self.active = active
        #: the tokens that were tried
        self.given: list[str] = []
        setattr(self, f"auth_{mechanism}", self._auth)

    async def _auth(self, server: Any, args: list[str]) -> AuthResult:
        fields = base64.b64decode(args[1]).decode().split("\1")
        (token,) = (field.removeprefix("auth=Bearer ") for field in fields if field.startswith("auth="))
        self.given.append(token)
        if token in self.active:
            return AuthResult(success=True)
        # RFC 7628 section 3.2.3: the client acknowledges the error before it is refused
        await server.challenge_auth(b'{"status":"401","schemes":"bearer"}', encode_to_b64=True)
        return AuthResult(success=False, handled=False)


class MadeTokens(Tokens):
    """Tokens made up here: another one whenever one was refused."""

    def __init__(self) -> None:
        super().__init__(Client(token_url="", grant="client_credentials", client_id="", client_secret=str))
        self.number = 1

    def access_token(self) -> str:
        return f"access-{self.number}"

    def forget(self, token: str) -> None:
        self.number += 1


def token_address(port: int, certificate: tuple[Path, Path], tokens: Tokens) -> RelayAddress:
    login = Login("us", tokens=tokens)
    return RelayAddress(
        host="127.0.0.1", port=port, security="starttls", login=login, ca_file=certificate[0], timeout=5
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(desk: Desk, **options: Any) -> Iterator[int]:
    port = free_port()
    controller = Controller(desk, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture(params=["in-memory", "real"])
def world(request: pytest.FixtureRequest) -> Iterator[Twin | Real]:
    if request.param == "in-memory":
        yield Twin()
        return
    desk = Desk()
    with serving(desk, enable_SMTPUTF8=True) as port:
        real = Real(desk, port)
        try:
            yield real
        finally:
            real.relay.close()


def hand_over(world: Twin | Real, letter: Letter | None = None) -> Answer:
    world.relay.connect()
    return world.relay.hand_over(letter or a_letter(), [CUSTOMER, JOURNAL], envelope_sender=SENDER)


class TestEveryRelay:
    def test_a_letter_reaches_customer_and_journal_in_one_transaction(self, world: Twin | Real) -> None:
        """One 250 covers both, so that the copy proves the delivery."""
        assert isinstance(hand_over(world), Sent)
        [(content, recipients, sender)] = world.taken()
        assert content == a_letter().content
        assert recipients == (CUSTOMER, JOURNAL)
        assert sender == SENDER

    def test_one_connection_serves_many_letters(self, world: Twin | Real) -> None:
        """Connecting again is free while the connection answers."""
        for _ in range(3):
            assert isinstance(hand_over(world), Sent)
        assert len(world.taken()) == 3
        if isinstance(world, Real):
            assert world.desk.connections == 1

    def test_a_refused_copy_does_not_stop_the_letter(self, world: Twin | Real) -> None:
        """A full journal must not keep a customer from hearing of us."""
        world.plan(Sent(copy_refused="support@example.com: 550 no such mailbox"))
        answer = hand_over(world)
        assert isinstance(answer, Sent)
        assert "550 no such mailbox" in answer.copy_refused
        assert [recipients for _, recipients, _ in world.taken()] == [(CUSTOMER,)]

    @pytest.mark.parametrize("code", [421, 450, 451, 452])
    def test_a_temporary_no_is_tried_later(self, world: Twin | Real, code: int) -> None:
        """Greylisting and full queues pass; the next letter is not held up by them."""
        world.plan(TryLater(why="later please", code=code))
        answer = hand_over(world)
        assert isinstance(answer, TryLater)
        assert answer.code == code
        assert isinstance(hand_over(world), Sent)
        assert len(world.taken()) == 1

    def test_a_connection_cut_before_data_is_tried_later(self, world: Twin | Real) -> None:
        """Nothing was handed over, so nothing can be in doubt."""
        world.plan(TryLater(why="cut"))
        assert isinstance(hand_over(world), TryLater)
        assert isinstance(hand_over(world), Sent)

    @pytest.mark.parametrize("stage", ["sender", "recipient", "content"])
    def test_a_final_no_says_what_was_refused(self, world: Twin | Real, stage: Any) -> None:
        """A refused sender is the site's trouble, a refused recipient this letter's."""
        world.plan(Refused(why="5.7.1 not here", code=550, stage=stage))
        answer = hand_over(world)
        assert isinstance(answer, Refused)
        assert (answer.code, answer.stage) == (550, stage)
        assert world.taken() == []
        assert isinstance(hand_over(world), Sent)

    @pytest.mark.parametrize("taken", [True, False])
    def test_a_connection_cut_after_data_leaves_doubt(self, world: Twin | Real, taken: bool) -> None:
        """Taken or not, the answer is the same: nobody knows."""
        world.plan(Lost(why="cut"), take_lost=taken)
        assert isinstance(hand_over(world), Lost)
        assert len(world.taken()) == taken
        assert isinstance(hand_over(world), Sent)

    def test_without_a_connection_nothing_is_handed_over(self, world: Twin | Real) -> None:
        """Forgetting to connect costs a try, not a letter."""
        assert isinstance(world.relay.hand_over(a_letter(), [CUSTOMER], envelope_sender=SENDER), TryLater)
        assert world.taken() == []


def plain(port: int, timeout: float = 5) -> Relay:
    """A relay without TLS and login."""
    return Relay(RelayAddress(host="127.0.0.1", port=port, security="none", timeout=timeout))


@pytest.mark.parametrize(
    ("stage", "kind"), [("recipient", TryLater), ("content", Refused)], ids=["mailbox full", "letter too big"]
)
def test_a_full_mailbox_passes_and_a_letter_that_is_too_big_does_not(stage: Any, kind: type[Answer]) -> None:
    """Both are 552: RFC 5321 section 4.5.3.1.10 has it tried again where a recipient is meant."""
    desk = Desk()
    desk.script = [Refused(why="5.2.2 over quota", code=552, stage=stage)]
    with serving(desk) as port, plain(port) as relay:
        assert isinstance(relay.hand_over(a_letter(), [CUSTOMER, JOURNAL], envelope_sender=SENDER), kind)
        assert isinstance(relay.hand_over(a_letter(), [CUSTOMER, JOURNAL], envelope_sender=SENDER), Sent)


class Particular(Desk):
    """Answers single recipients as told."""

    def __init__(self, **answers: str) -> None:
        super().__init__()
        self.answers = {name + "@example.com": answer for name, answer in answers.items()}

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("421"):
            await server.push(answer)
            server.transport.close()
        elif answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer


@pytest.mark.parametrize("answer", ["451 4.7.1 greylisted", "452 4.5.3 too many recipients", "550 5.1.1 who?"])
def test_a_copy_that_is_not_taken_does_not_hold_up_the_customer(answer: str) -> None:
    """Whether for now or for good: the letter is worth more than its proof, and the books say what happened."""
    desk = Particular(support=answer)
    with serving(desk) as port, plain(port) as relay:
        sent = relay.hand_over(a_letter(), [CUSTOMER, JOURNAL], envelope_sender=SENDER)
    assert isinstance(sent, Sent)
    assert sent.copy_refused == f"{JOURNAL}: {answer}"
    assert [recipients for _, recipients, _ in desk.taken] == [(CUSTOMER,)]


@pytest.mark.parametrize(("answer", "kind"), [("451 4.7.1 greylisted", TryLater), ("550 5.1.1 who?", Refused)])
def test_a_copy_alone_is_never_sent(answer: str, kind: type[Answer]) -> None:
    """It would prove a delivery that did not happen."""
    desk = Particular(ana=answer)
    with serving(desk) as port, plain(port) as relay:
        answered = relay.hand_over(
            a_letter(recipient="ana@example.com"), ["ana@example.com", JOURNAL], envelope_sender=""
        )
        assert isinstance(answered, kind)
    assert desk.taken == []


def test_a_relay_that_shuts_down_between_two_recipients_has_taken_nothing() -> None:
    """421 before DATA: the letter is tried again, on a new connection."""
    desk = Particular(support="421 4.3.2 shutting down")
    with serving(desk) as port, plain(port) as relay:
        assert isinstance(relay.hand_over(a_letter(), [CUSTOMER, JOURNAL], envelope_sender=SENDER), TryLater)
        desk.answers.clear()
        relay.connect()
        assert isinstance(relay.hand_over(a_letter(), [CUSTOMER, JOURNAL], envelope_sender=SENDER), Sent)
    assert len(desk.taken) == 1


class Slow(Desk):
    """Looks into each letter for a while."""

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(4)
        return await super().handle_DATA(server, session, envelope)


def test_a_relay_that_looks_into_the_letter_is_waited_for() -> None:
    """Longer than for any other answer: leaving earlier would leave a doubt."""
    desk = Slow()
    with serving(desk) as port, plain(port, timeout=3) as relay:
        assert isinstance(relay.hand_over(a_letter(), [CUSTOMER], envelope_sender=SENDER), Sent)


def test_a_relay_that_does_not_answer_for_ever_leaves_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an end to waiting."""
    monkeypatch.setattr("triage.letters.smtp._TAKING_SECONDS", 0)
    desk = Slow()
    with serving(desk) as port, plain(port, timeout=3) as relay:
        assert isinstance(relay.hand_over(a_letter(), [CUSTOMER], envelope_sender=SENDER), Lost)


def test_words_beyond_ascii_are_announced() -> None:
    """RFC 6152: BODY=8BITMIME for the body; SMTPUTF8 only where an address needs it."""
    desk = Desk()
    with serving(desk, enable_SMTPUTF8=True) as port, plain(port) as relay:
        letter = a_letter("Günther")
        assert isinstance(relay.hand_over(letter, [CUSTOMER], envelope_sender=SENDER), Sent)
        assert isinstance(relay.hand_over(letter, [CUSTOMER, "bücher@example.com"], envelope_sender=SENDER), Sent)
    assert [content for content, _, _ in desk.taken] == [letter.content] * 2
    assert ["SMTPUTF8" in options for options in desk.options] == [False, True]
    assert all("BODY=8BITMIME" in options for options in desk.options)


def test_lines_with_a_leading_dot_arrive_as_written() -> None:
    """RFC 5321 section 4.5.2: a dot alone would end the letter early."""
    desk = Desk()
    with serving(desk) as port, Relay(RelayAddress(host="127.0.0.1", port=port, security="none")) as relay:
        letter = a_letter(".\r\n..two\r\nend")
        assert isinstance(relay.hand_over(letter, [CUSTOMER], envelope_sender=SENDER), Sent)
    assert desk.taken[0][0] == letter.content


def test_an_empty_envelope_sender_is_the_null_reverse_path() -> None:
    """RFC 3834 section 3.3, for sites whose relay takes it."""
    desk = Desk()
    with serving(desk) as port, Relay(RelayAddress(host="127.0.0.1", port=port, security="none")) as relay:
        assert isinstance(relay.hand_over(a_letter(), [CUSTOMER], envelope_sender=""), Sent)
    assert desk.taken[0][2] == "<>"


@pytest.mark.parametrize("offered", [True, False])
def test_an_address_beyond_ascii_needs_a_relay_that_takes_it(offered: bool) -> None:
    """RFC 6531: without SMTPUTF8 the letter is a person's task, not a crash."""
    desk = Desk()
    letter = a_letter(recipient="josé@example.org")
    with (
        serving(desk, enable_SMTPUTF8=offered) as port,
        Relay(RelayAddress(host="127.0.0.1", port=port, security="none")) as relay,
    ):
        answer = relay.hand_over(letter, [letter.recipient], envelope_sender=SENDER)
    assert isinstance(answer, Sent if offered else Refused)
    assert [recipients for _, recipients, _ in desk.taken] == ([("josé@example.org",)] if offered else [])


def test_a_server_that_went_away_between_letters_is_met_anew() -> None:
    """An idle connection dies unseen; connect finds out before the letter is marked as being sent."""
    desk, port = Desk(), free_port()
    relay = Relay(RelayAddress(host="127.0.0.1", port=port, security="none", timeout=5))
    for _ in range(2):
        controller = Controller(desk, hostname="127.0.0.1", port=port)
        controller.start()
        relay.connect()
        assert isinstance(relay.hand_over(a_letter(), [CUSTOMER], envelope_sender=SENDER), Sent)
        controller.stop()
    with pytest.raises(RelayError) as caught:
        relay.connect()
    assert not isinstance(caught.value, RelayRefused)


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [("421 4.7.0 too many connections", RelayError), ("554 no service for you", RelayRefused), ("", RelayError)],
)
def test_a_relay_that_wants_nothing_of_us_is_left_alone_for_a_while(greeting: str, kind: type[RelayError]) -> None:
    """The outbox is looked at every few seconds: that is no reason to knock as often."""
    connections = 0
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            nonlocal connections
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connections += 1
                    with connection:
                        connection.sendall(greeting.encode() + b"\r\n" if greeting else b"")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        relay = plain(listener.getsockname()[1])
        for again in ("", ".*tried again from", ".*tried again from"):
            with pytest.raises(RelayError, match=f"turned away{again}") as caught:
                relay.connect()
            assert type(caught.value) is kind
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
    assert connections == 1


def test_nobody_listening_may_pass() -> None:
    """A relay that is down is tried again."""
    with pytest.raises(RelayError) as caught:
        Relay(RelayAddress(host="127.0.0.1", port=free_port(), security="none", timeout=2)).connect()
    assert not isinstance(caught.value, RelayRefused)


def test_a_relay_that_never_speaks_times_out() -> None:
    """A half-open connection must not hold up the walk."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = RelayAddress(host="127.0.0.1", port=listener.getsockname()[1], security="none", timeout=0.2)
        with pytest.raises(RelayError):
            Relay(address).connect()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of our own for 127.0.0.1."""
    needed("openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
def context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture(params=["tls", "starttls"])
def secure(
    request: pytest.FixtureRequest, context: ssl.SSLContext, certificate: tuple[Path, Path]
) -> Iterator[tuple[Desk, Callable[..., Relay]]]:
    desk = Desk()

    def check(server: Any, session: Session, envelope: Envelope, mechanism: str, login: Any) -> AuthResult:
        return AuthResult(success=(login.login, login.password) == (b"us", b"secret"), handled=False)

    # aiosmtpd counts only STARTTLS as TLS: a socket that is TLS from the first byte has to be told that AUTH is fine.
    tls = (
        {"ssl_context": context, "auth_require_tls": False}
        if request.param == "tls"
        else {"tls_context": context, "require_starttls": True}
    )
    with serving(desk, authenticator=check, auth_required=True, **tls) as port:

        def relay(**changes: Any) -> Relay:
            address: dict[str, Any] = {"login": Login("us", "secret"), "ca_file": certificate[0], **changes}
            return Relay(RelayAddress(host="127.0.0.1", port=port, security=request.param, timeout=5, **address))

        yield desk, relay


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
class TestTls:
    def test_a_letter_goes_over_tls_after_a_login(self, secure: tuple[Desk, Callable[..., Relay]]) -> None:
        """Both kinds of TLS, verified against the site's own authority."""
        desk, relay = secure
        with relay() as connected:
            assert isinstance(connected.hand_over(a_letter(), [CUSTOMER], envelope_sender=SENDER), Sent)
            (expiry,) = connected.expiries()
        assert len(desk.taken) == 1
        assert expiry.what == "certificate"
        assert 0 < (expiry.at - datetime.now(UTC)).days < 3

    def test_a_certificate_of_unknown_authority_is_refused(self, secure: tuple[Desk, Callable[..., Relay]]) -> None:
        """Without the authority's certificate nobody is trusted."""
        _, relay = secure
        with pytest.raises(RelayRefused, match="certificate is not trusted"):
            relay(ca_file=None).connect()

    def test_a_wrong_password_is_refused_for_good(self, secure: tuple[Desk, Callable[..., Relay]]) -> None:
        """Trying again would lock the account."""
        _, relay = secure
        with pytest.raises(RelayRefused, match="refused the login"):
            relay(login=Login("us", "wrong")).connect()

    @pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
    def test_a_letter_goes_over_tls_after_a_login_by_token(
        self, context: ssl.SSLContext, certificate: tuple[Path, Path], mechanism: str
    ) -> None:
        """One try with the token that the server takes; the envelope is as ever."""
        desk, tokens = TokenDesk(mechanism, {"access-1"}), MadeTokens()
        with (
            serving(desk, tls_context=context, require_starttls=True, auth_required=True) as port,
            Relay(token_address(port, certificate, tokens)) as relay,
        ):
            assert isinstance(relay.hand_over(a_letter(), [CUSTOMER], envelope_sender=SENDER), Sent)
        assert (len(desk.taken), desk.given) == (1, ["access-1"])

    @pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
    def test_a_token_that_was_revoked_is_replaced_on_the_spot(
        self, context: ssl.SSLContext, certificate: tuple[Path, Path], mechanism: str
    ) -> None:
        """After the refusal the same connection takes a new one."""
        desk, tokens = TokenDesk(mechanism, {"access-2"}), MadeTokens()
        with (
            serving(desk, tls_context=context, require_starttls=True, auth_required=True) as port,
            Relay(token_address(port, certificate, tokens)),
        ):
            pass
        assert desk.given == ["access-1", "access-2"]

    def test_a_token_that_is_not_taken_is_a_refusal(
        self, context: ssl.SSLContext, certificate: tuple[Path, Path]
    ) -> None:
        """With the server's words and without the token; and it is not tried again for every letter."""
        desk, tokens = TokenDesk("XOAUTH2", set()), MadeTokens()
        with serving(desk, tls_context=context, require_starttls=True, auth_required=True) as port:
            relay = Relay(token_address(port, certificate, tokens))
            with pytest.raises(RelayRefused, match=r"535 .*status=401") as caught:
                relay.connect()
            assert "access-" not in str(caught.value)
            with pytest.raises(RelayRefused, match="tried again from"):
                relay.connect()
        assert len(desk.given) == 2

    def test_a_relay_without_access_tokens_says_so(self, secure: tuple[Desk, Callable[..., Relay]]) -> None:
        """A configuration for another server is told in a line."""
        _, relay = secure
        with pytest.raises(RelayRefused, match="neither OAUTHBEARER nor XOAUTH2"):
            relay(login=Login("us", tokens=MadeTokens())).connect()

    def test_a_wrong_password_is_not_tried_for_every_letter(self, secure: tuple[Desk, Callable[..., Relay]]) -> None:
        """Letters come due every few seconds; servers lock accounts for less."""
        _, connection = secure
        relay = connection(login=Login("us", "wrong"))
        with pytest.raises(RelayRefused, match="refused the login"):
            relay.connect()
        with pytest.raises(RelayRefused, match="tried again from"):
            relay.connect()

    def test_a_password_beyond_ascii_is_told(self, secure: tuple[Desk, Callable[..., Relay]]) -> None:
        """And not shown."""
        _, relay = secure
        with pytest.raises(RelayRefused, match="beyond ASCII") as caught:
            relay(login=Login("us", "contraseña")).connect()
        assert "contrase" not in str(caught.value)

    def test_starttls_is_never_dropped_silently(self) -> None:
        """A relay that does not offer it gets neither password nor letter."""
        with serving(Desk()) as port:
            relay = Relay(RelayAddress(host="127.0.0.1", port=port, security="starttls", login=Login("us", "x")))
            with pytest.raises(RelayRefused, match="does not offer STARTTLS"):
                relay.connect()

    def test_tls_to_a_port_that_speaks_clear_text_says_so(self) -> None:
        """The commonest mistake of a first configuration."""
        with serving(Desk()) as port:
            relay = Relay(RelayAddress(host="127.0.0.1", port=port, security="tls", timeout=5))
            with pytest.raises(RelayRefused, match="port and security"):
                relay.connect()
