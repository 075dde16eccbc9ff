"""winmail.dat is opened like any other envelope."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from triage.mail import tnef
from triage.mail.message import parse


def _attribute(level: int, tag: int, value: bytes) -> bytes:
    return bytes([level]) + struct.pack("<II", tag, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def _properties(*values: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(values))
    for kind, number, value in values:
        out += struct.pack("<HHII", kind, number, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return out


ENVELOPE = (
    struct.pack("<IH", tnef.SIGNATURE, 1)
    + _attribute(1, 0x00069003, _properties((0x001E, 0x1000, "Me cobraron de más".encode("cp1252") + b"\0")))
    + _attribute(2, 0x00069002, b"\0" * 14)
    + _attribute(2, 0x00018010, b"FACTUR~1.TXT\0")
    + _attribute(2, 0x0006800F, b"Total 40 EUR")
    + _attribute(
        2,
        0x00069005,
        _properties((0x001F, 0x3707, "factura año.txt\0".encode("utf-16-le")), (0x001E, 0x370E, b"text/plain\0")),
    )
)


def test_files_and_text_come_out_of_the_envelope() -> None:
    """Long names win over short ones, and the body is read in its code page."""
    unwrapped = tnef.unwrap(ENVELOPE)
    assert unwrapped is not None
    assert unwrapped.text == "Me cobraron de más"
    assert [(file.filename, file.content_type, file.content) for file in unwrapped.files] == [
        ("factura año.txt", "text/plain", b"Total 40 EUR")
    ]


def test_a_mail_with_winmail_dat_is_read() -> None:
    """The wrapped file is listed with its text, and the wrapped body is the text where there is no other."""
    mail = (
        b"Content-Type: multipart/mixed; boundary=b\n\n"
        b"--b\n\n\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\n"
        b"\n"
    )
    message = parse(mail + ENVELOPE + b"\n--b--\n")
    assert message.reply == "Me cobraron de más"
    assert [(part.filename, part.text) for part in message.attachments] == [
        ("winmail.dat", ""),
        ("factura año.txt", "Total 40 EUR"),
    ]


@given(st.integers(0, len(ENVELOPE)), st.binary(max_size=12))
def test_a_damaged_envelope_is_read_as_far_as_it_goes(cut: int, noise: bytes) -> None:
    """Cut or overwritten anywhere, it never raises."""
    tnef.unwrap(ENVELOPE[:cut])
    tnef.unwrap(ENVELOPE[:cut] + noise + ENVELOPE[cut + len(noise) :])
