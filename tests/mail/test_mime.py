"""The tree of parts, however broken, within bounds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import MailTooComplex
from triage.mail import mime
from triage.mail.message import parse


def _tree(data: bytes) -> list[str]:
    return [part.content_type for part in mime.Reader().read(data).walk()]


def test_nested_multiparts_are_walked_in_order() -> None:
    """Each boundary ends its own level only, even where one is the beginning of another."""
    data = (
        b"Content-Type: multipart/mixed; boundary=ab\n\n"
        b"--ab\nContent-Type: multipart/alternative; boundary=a\n"
        b"\n--a\n\nplain\n--a\nContent-Type: text/html\n"
        b"\n<p>x\n--a--\n"
        b"--ab\nContent-Type: application/pdf\n\n%PDF\n--ab--\n"
    )
    assert _tree(data) == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"]


@pytest.mark.parametrize("end", [b"", b"--b", b"--b--"])
def test_a_missing_last_delimiter_is_forgiven(end: bytes) -> None:
    """Mails cut short keep the parts that arrived."""
    message = parse(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n" + end)
    assert message.text.strip() == "hello"


def test_a_multipart_without_its_boundary_keeps_its_words() -> None:
    """Where no delimiter is found the body is text."""
    message = parse(b"Content-Type: multipart/mixed; boundary=zz\n\nhello there")
    assert message.text == "hello there"
    assert message.problems


@pytest.mark.parametrize(
    ("coding", "body", "text"),
    [
        (b"base64", b"aG9s\r\nYQ", "hola"),
        (b"BASE64 ", b"aG9sYQ==\n\n-- \nlist footer", "hola"),
        (b"base64", b"This was never base64, was it?", "This was never base64, was it?"),
        (b"quoted-printable", b"ho=6Ca =\nmundo =3", "hola mundo =3"),
        (b"8-bit", b"hola", "hola"),
        (b"x-unknown", b"hola", "hola"),
    ],
)
def test_transfer_encodings_are_decoded_or_left(coding: bytes, body: bytes, text: str) -> None:
    """A coding that does not hold leaves the words as they stand."""
    message = parse(b"Content-Transfer-Encoding: " + coding + b"\n\n" + body)
    assert message.text.strip().startswith(text)


def test_old_macintosh_and_mbox_mails_are_read() -> None:
    """Lone CRs end lines, and the line that an mbox puts first is no header."""
    assert parse(b"From x@y Mon Mar 2 2026\rSubject: hi\r\rhello\rworld").text == "hello\nworld"
    assert parse(b"From x@y Mon Mar 2 2026\nSubject: hi\n\nhello").subject == "hi"


@pytest.mark.parametrize(
    "bomb",
    [
        b"Content-Type: message/rfc822\n\n" * 200,
        b"".join(b"Content-Type: multipart/mixed; boundary=x%d\n\n--x%d\n" % (n, n) for n in range(100)),
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * (mime.MAX_PARTS + 2),
        b"X: y\n" * 5_000 + b"\n",
        b"X: " + b"y" * 1_100_000 + b"\n\n",
    ],
    ids=["depth", "boundaries", "parts", "fields", "header size"],
)
def test_bombs_are_refused(bomb: bytes) -> None:
    """Depth, parts and headers are bounded; the one mail is set aside."""
    with pytest.raises(MailTooComplex):
        parse(bomb)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "mail",
    [
        b"Subject: " + b"=?utf-8?q?" * 20_000,
        b"From: " + b"(" * 200_000,
        b"From: " + b"a" * 200_000,
        b"From: " + b"a" * 200_000 + b"@",
        b"From: mailer-daemon@x\nSubject: undelivered\n\n" + b"-" * 200_000,
        b"\n" + b"a" * 200_000 + b"@\n",
        b"\nhello\n\n------\n" + b"word " * 50_000,
        b"Content-Type: text/plain; " + b'a="' * 100_000,
        b"\n" + b"From: a\nSent: b\n\n" * 10_000,
        b"\n" + b"-----BEGIN PGP SIGNED MESSAGE-----\n" * 10_000,
        b"Content-Type: text/html\n\n" + b"<blockquote>x" * 20_000,
        b"Content-Type: text/html\n\n" + b"<div>" * 100_000,
        b"Content-Type: text/enriched\n\n" + b"<param>" * 40_000,
        b"\n" + b"On 2026 at 10:00 " * 20_000,
    ],
)
def test_hostile_mail_takes_linear_time(mail: bytes) -> None:
    """Patterns that make careless readers stall are read in moments."""
    parse(mail)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_parse(data: bytes) -> None:
    """No bytes raise, and what comes out can be stored."""
    message = parse(data)
    (message.subject + message.text + message.reply + message.sender.name).encode()


_PIECES = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: text/html; charset=utf-16\n",
        b"--b\n",
        b"--b--\n",
        b"\n",
        b"\r\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Subject: =?utf-8?b?",
        b"From: <",
        b"<div class=gmail_quote>",
        b"> quoted\n",
        b"On 1 Jan 2026 at 10:00 a@b.example wrote:\n",
        b"begin 644 x\n",
        b"-- \n",
        b"\xff\xfe\x00",
        b"word ",
        b"Date: 1\n",
        b"Content-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22\x00\x00",
        b"Content-Disposition: attachment; filename*0*=",
        b"aGVsbG8=\n",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
        b"Content-Type: application/pkcs7-mime\n\n\x30\x80\x06",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_PIECES, max_size=25))
def test_any_mixture_of_mail_parses_without_gaps(pieces: list[bytes]) -> None:
    """Parts cover the text from end to end, and own words are never empty where there is text."""
    message = parse(b"".join(pieces))
    edges = [0, *(part.end for part in message.parts)]
    assert [part.start for part in message.parts] == edges[:-1]
    assert edges[-1] == len(message.text)
    assert bool(message.reply) == bool(message.text.strip())
