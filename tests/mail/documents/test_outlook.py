"""Mails that Outlook has saved are read, and what lies within them is named."""

import struct
from datetime import UTC, datetime, timedelta

import pytest
from files import compound, saved_mail
from hypothesis import given
from hypothesis import strategies as st

from triage.mail.attachments import read_text
from triage.mail.documents import Unreadable, outlook
from triage.mail.documents.compound import Compound

#: in tenths of microseconds since 1601
TICKS = (datetime(2026, 3, 1, 10, 20, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10
SENT = struct.pack("<HHIQ", 0x0040, 0x0039, 6, TICKS)
FILE = {"__substg1.0_3707001F": "bill-2031.pdf".encode("utf-16-le"), "__substg1.0_37010102": b"%PDF" * 2_000}
MAIL = saved_mail(
    p0037001F="Wrong bill F-2031",
    p0C1A001F="Ann Reed",
    p5D01001F="ann@customer.example",
    p0E04001F="support",
    p1000001F="You charged 240 €.\r\nPlease check.",
    files={"__properties_version1.0": bytes(32) + SENT, "__attach_version1.0_#00000000": FILE},
)


def test_a_saved_mail_is_read() -> None:
    """Head, files and text, as a reader of the mail sees them."""
    text, note = read_text(MAIL, filename="complaint.MSG", content_type="application/octet-stream")
    assert text.splitlines() == [
        "From: Ann Reed <ann@customer.example>",
        "To: support",
        "Date: 2026-03-01 10:20 UTC",
        "Subject: Wrong bill F-2031",
        "Attachments: bill-2031.pdf",
        "",
        "You charged 240 €.",
        "Please check.",
    ]
    assert note == "not opened within it: bill-2031.pdf"


def test_old_mails_have_a_code_page() -> None:
    """Outlook before 2003 wrote no Unicode."""
    page = struct.pack("<HHIQ", 0x0003, 0x3FFD, 6, 1251)
    mail = saved_mail(p1000001E="Счёт".encode("cp1251"), files={"__properties_version1.0": bytes(32) + page})
    assert outlook.read(mail, None)[0].strip() == "Счёт"


def test_a_mail_that_has_only_markup_is_read() -> None:
    """Programs other than Outlook write no plain text beside it."""
    page = struct.pack("<HHIQ", 0x0003, 0x3FDE, 6, 65001)
    mail = saved_mail(
        p10130102="<p>Total <b>40 €</b></p>".encode(), files={"__properties_version1.0": bytes(32) + page}
    )
    assert outlook.read(mail, None)[0].strip() == "Total 40 €"


def test_long_texts_lie_in_sectors_of_their_own() -> None:
    """Streams from 4096 bytes on."""
    mail = saved_mail(p1000001F="bill " * 3_000)
    assert outlook.read(mail, None)[0].split() == ["bill"] * 3_000


def test_a_compound_file_that_is_no_mail_says_so() -> None:
    """Word and Excel wrote such files too."""
    with pytest.raises(Unreadable, match="no mail"):
        outlook.read(compound({"WordDocument": b"words"}), None)


def test_chains_that_run_in_a_circle_end() -> None:
    """In the table of sectors each points to the next, or to itself."""
    table = struct.pack("<128I", *(number for number in range(128)))
    circle = MAIL[:512] + table + MAIL[1024:]
    file = Compound(circle)
    assert len(file.read(0, 1 << 30)) <= len(circle)
    longest = struct.pack("<128I", *((number + 1) % 20 for number in range(128)))
    Compound(MAIL[:512] + longest + MAIL[1024:])


@pytest.mark.parametrize("length", [0, 511, 512, 1024, 2048])
def test_what_is_cut_short_is_noted(length: int) -> None:
    """No error but our own."""
    text, note = read_text(MAIL[:length], filename="a.msg", content_type="application/octet-stream")
    assert text == ""
    assert note.startswith("not read: ")


@given(st.lists(st.tuples(st.integers(24, len(MAIL) - 4), st.binary(min_size=1, max_size=4)), max_size=12))
def test_any_damage_is_survived(changes: list[tuple[int, bytes]]) -> None:
    """Bytes changed in the header, the tables and the directory."""
    damaged = bytearray(MAIL)
    for at, raw in changes:
        damaged[at : at + len(raw)] = raw
    text, note = read_text(bytes(damaged), filename="a.msg", content_type="application/octet-stream")
    assert text or note
