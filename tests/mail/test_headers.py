"""Header fields as senders really write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.errors import MailTooComplex
from triage.mail import headers
from triage.mail.headers import Address


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?Q?caf=C3=A9?=", "café"),
        (b"=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"),
        (b"=?utf-8?Q?h=C3?= =?utf-8?Q?=A9llo?=", "héllo"),
        (b"=?iso-8859-1*es?Q?ni=F1o?= y m=E1s", "niño y m=E1s"),
        (b"Re: =?UTF-8?B?w4RyZ2Vy?= 1 =?UTF-8?B?w4RyZ2Vy?=", "Re: Ärger 1 Ärger"),
        (b"=?utf-8?q?with spaces=21?=", "with spaces!"),
        (b"=?utf-8?b?w6k?=", "é"),
        (b"=?no-such-charset?q?caf=C3=A9?=", "café"),
        ("naïve".encode("latin-1"), "naïve"),
        ("año".encode(), "año"),
    ],
)
def test_encoded_words_are_read_as_they_were_meant(raw: bytes, text: str) -> None:
    """Subjects are decoded even where RFC 2047 is broken."""
    assert headers.text_of(raw) == text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Jane <JANE@Shop.example>", [Address(name="Jane", address="jane@shop.example")]),
        (
            b'"Doe, Jane" <j@x.example>, b@y.example',
            [Address(name="Doe, Jane", address="j@x.example"), Address(address="b@y.example")],
        ),
        (b"b@y.example (Bob)", [Address(name="Bob", address="b@y.example")]),
        (b"team: a@x.example, b@x.example;", [Address(address="a@x.example"), Address(address="b@x.example")]),
        (b"undisclosed-recipients:;", []),
        (b"=?utf-8?q?Jos=C3=A9=2C_S=2E?= <jose@x.example>", [Address(name="José, S.", address="jose@x.example")]),
        (b"<@relay.example:a@x.example>", [Address(address="a@x.example")]),
        (b"MAILER-DAEMON", [Address(name="MAILER-DAEMON")]),
        (b"<", []),
        (b"", []),
    ],
)
def test_addresses_are_found_in_what_senders_write(raw: bytes, expected: list[Address]) -> None:
    """Names with commas, comments, groups and broken brackets do not confuse who wrote."""
    assert list(headers.addresses(raw)) == expected


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b[2J\x1b[1;31mred\x1b[0m alert\x07", "red alert"),
        (b"=?utf-8?q?=1B]0;owned=07invoice=1B]8;;x=1B=5C_7?=", "invoice 7"),
        ("\x9b31mRe: \x85Straße\x7f".encode(), "Re: Straße"),
        (b"an escape \x1b] that never ends", "an escape  that never ends"),
        (b"\x1b[2J\x1b[31m", ""),
    ],
)
def test_what_drives_a_terminal_is_no_part_of_a_value(raw: bytes, text: str) -> None:
    """Control characters go with the whole sequence that they begin, so that no rest of it stands in a letter."""
    assert headers.text_of(raw) == text


def test_a_name_does_not_drive_a_terminal_either() -> None:
    """Encoded or not; the address itself is read as it was written, and never mended into another one."""
    found = headers.addresses(b'"\x1b[31mJane\x1b[0m" <jane@x.example>, =?utf-8?b?G10wO293bmVkB0JvYg==?= <b@x.example>')
    assert [address.name for address in found] == ["Jane", "Bob"]
    (odd,) = headers.addresses(b"<ja\x07ne@x.example>")
    assert odd.address != "jane@x.example"


def test_an_encoded_comma_does_not_split_an_address() -> None:
    """Names are decoded after the list is divided, so a name cannot smuggle in a second sender."""
    found = headers.addresses(b"=?utf-8?q?boss=40bank=2Eexample=2C?= <thief@x.example>")
    assert [address.address for address in found] == ["thief@x.example"]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'attachment; filename="bill.pdf"', "bill.pdf"),
        (b"attachment; filename=bill of march.pdf", "bill of march.pdf"),
        (b"attachment; filename*=utf-8''factura%20n%C2%BA%201.pdf", "factura nº 1.pdf"),
        (b'attachment; filename*0="long "; filename*1="name.pdf"', "long name.pdf"),
        (b"attachment; filename*0*=utf-8''%e2%82%ac; filename*1=\".pdf\"", "€.pdf"),
        (b'attachment; filename="=?utf-8?q?f=C3=BCr.pdf?="', "für.pdf"),
    ],
)
def test_file_names_are_read_in_every_encoding(raw: bytes, name: str) -> None:
    """RFC 2231 pieces, RFC 2047 words and bare spaces all give the name."""
    assert headers.parameters(raw)[1]["filename"] == name


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Mon, 2 Mar 2026 10:15:00 +0100", datetime(2026, 3, 2, 10, 15, tzinfo=timezone(timedelta(hours=1)))),
        ("2 Mar 2026 10:15 GMT", datetime(2026, 3, 2, 10, 15, tzinfo=UTC)),
        ("2026-03-02T10:15:00Z", datetime(2026, 3, 2, 10, 15, tzinfo=UTC)),
        ("Mon, 32 Foo 2026", None),
        ("", None),
    ],
)
def test_dates_carry_their_zone_or_are_none(text: str, moment: datetime | None) -> None:
    """A date that cannot be read is no date."""
    assert headers.date(text) == moment


def test_message_ids_keep_what_microsoft_puts_into_them() -> None:
    """Brackets inside an id, and ids without angle brackets, are ids."""
    assert headers.message_ids("<[abc]@x.example> junk <d@e.example> <d@e.example>") == (
        "<[abc]@x.example>",
        "<d@e.example>",
    )
    assert headers.message_ids("a@b.example, c@d.example") == ("<a@b.example>", "<c@d.example>")


def test_a_body_without_an_empty_line_before_it_is_kept() -> None:
    """A line that is no field ends the header block when no field follows it."""
    fields, body = headers.read_fields(b"From: a@b\nthis is the body\nmore", 0, 31)
    assert fields == {"from": [b" a@b"]}
    assert b"From: a@b\nthis is the body\nmore"[body:] == b"this is the body\nmore"


def test_an_endless_header_block_is_too_complex() -> None:
    """Header size is bounded."""
    data = b"X: y\n" * (headers.MAX_FIELDS + 1) + b"\n"
    with pytest.raises(MailTooComplex):
        headers.read_fields(data, 0, len(data))


@given(st.binary(max_size=300))
def test_no_header_value_raises(raw: bytes) -> None:
    """Whatever stands in a field, every reader answers with text that can be stored."""
    headers.text_of(raw).encode()
    for address in headers.addresses(raw):
        (address.name + address.address).encode()
    value, parameters = headers.parameters(raw)
    "".join((value, *parameters, *parameters.values())).encode()
    headers.date(headers.text_of(raw))
    headers.message_ids(headers.text_of(raw))
