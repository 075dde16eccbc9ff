"""Files that stand in the text of a mail, by uuencode and yEnc."""

import base64
import binascii
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.mail import encoded
from triage.mail.message import parse


def _uu(name: str, content: bytes, *, end: str = "`\nend\n") -> bytes:
    lines = [binascii.b2a_uu(content[at : at + 45], backtick=True) for at in range(0, len(content), 45)]
    return f"begin 644 {name}\n".encode() + b"".join(lines) + end.encode()


def _yenc(name: str, content: bytes, *, size: int | None = None, checksum: bool = True) -> bytes:
    """As the draft says: 42 is added, and NUL, line breaks and the equals sign are escaped."""
    shifted = [(byte + 42) % 256 for byte in content]
    coded = b"".join(b"=%c" % ((byte + 64) % 256) if byte in b"\0\n\r=" else bytes([byte]) for byte in shifted)
    lines = b"".join(coded[at : at + 128] + b"\r\n" for at in range(0, len(coded), 128))
    told = len(content) if size is None else size
    tail = f" crc32={zlib.crc32(content):08x}" if checksum else ""
    return f"=ybegin line=128 size={told} name={name}\r\n".encode() + lines + f"=yend size={told}{tail}\r\n".encode()


BILL = b"Invoice LX-20418\nTotal 64.80 EUR\n" * 4


@pytest.mark.parametrize(
    "block",
    [
        _uu("bill.txt", BILL),
        _uu("bill.txt", BILL, end="end\n"),
        _uu("bill.txt", BILL, end="\nend"),
        _uu("bill.txt", BILL).replace(b"`", b" ").replace(b" \n", b"\n"),
        _uu("bill.txt", BILL).replace(b"\n", b"\r\n"),
        b"begin-base64 644 bill.txt\n" + base64.encodebytes(BILL) + b"====\n",
        _yenc("bill.txt", BILL),
        _yenc("bill.txt", BILL, checksum=False),
    ],
    ids=["uu", "no last line", "empty last line", "spaces lost", "crlf", "base64", "yenc", "no checksum"],
)
def test_a_file_in_the_text_becomes_an_attachment(block: bytes) -> None:
    """The words around it stay, and the file has its name, type, size and text."""
    message = parse(b"Subject: bill\n\nSee my bill.\n\n" + block + b"\nThanks, Ann\n")
    assert message.text.split() == ["See", "my", "bill.", "Thanks,", "Ann"]
    [attached] = message.attachments
    assert (attached.filename, attached.content_type, attached.size) == ("bill.txt", "text/plain", len(BILL))
    assert attached.text == BILL.decode().strip()
    assert attached.note == ""


@pytest.mark.parametrize("coding", ["quoted-printable", "base64"])
def test_the_file_is_found_below_a_transfer_encoding(coding: str) -> None:
    """The text is decoded first."""
    raw = b"Hello\n" + _yenc("a.txt", BILL)
    body = base64.encodebytes(raw) if coding == "base64" else binascii.b2a_qp(raw, istext=False)
    message = parse(f"Content-Transfer-Encoding: {coding}\n\n".encode() + body)
    assert (message.text.strip(), message.attachments[0].text) == ("Hello", BILL.decode().strip())


def test_an_image_in_the_text_is_listed() -> None:
    """With its type and size; nothing is read from it."""
    [attached] = parse(b"\n" + _uu("receipt.jpg", b"\xff\xd8\xff" * 50)).attachments
    assert (attached.filename, attached.content_type, attached.size) == ("receipt.jpg", "image/jpeg", 150)
    assert (attached.text, attached.note) == ("", "")


@pytest.mark.parametrize(
    "block",
    [
        _yenc("a.txt", BILL, size=7),
        _yenc("a.txt", BILL, checksum=False).replace(b"=yend", b"=yend crc32=00abcdef"),
        _yenc("a.txt", BILL).replace(b" line", b" part=1 line").replace(b"\r\n", b"\r\n=ypart begin=1 end=9\r\n", 1),
        _uu("a.txt", BILL).replace(b"\nM", b"\nM!!", 1),
        b"begin-base64 644 a.txt\nabcde\n====\n",
    ],
    ids=["size", "checksum", "part", "line", "padding"],
)
def test_a_file_that_does_not_add_up_is_listed_and_not_read(block: bytes) -> None:
    """A person is told; nothing of it is taken for words."""
    message = parse(b"\nSee below.\n" + block)
    assert message.text.strip() == "See below."
    [attached] = message.attachments
    assert (attached.filename, attached.text) == ("a.txt", "")
    assert attached.note == "not read: it is damaged, or a part of a larger file"


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 x\n",
        "begin 100 with good news\nend",
        "begin 644 a.txt\nM and then plain words\nend\n",
        _uu("a.txt", BILL, end="").decode(),
        _uu("a.txt", BILL, end="`\nThe end\n").decode(),
        "> " + _uu("a.txt", BILL).decode().replace("\n", "\n> "),
        "=ybegin line=128 size=3 name=b.bin\nI was charged twice.\n",
        "=ybegin line=128 size=3 name=b.bin\nabc\n=ybegin line=128 size=3 name=c.bin\n",
        "begin-base64 644 a.txt\nand\nthen\nwords?\n====",
    ],
)
def test_what_only_begins_like_a_file_is_text(text: str) -> None:
    """Without all its lines it stays where it is."""
    message = parse(b"\nHello\n" + text.encode())
    assert message.text.strip() == f"Hello\n{text}".strip()
    assert message.attachments == ()


def test_several_files_are_taken_out_in_order() -> None:
    """And a limit keeps a mail of nothing but files from making a list without end."""
    message = parse(b"\n" + _uu("a.txt", b"one") + b"words\n" + _yenc("b.txt", b"two") + _uu("c.txt", b"three"))
    assert [(attached.filename, attached.text) for attached in message.attachments] == [
        ("a.txt", "one"),
        ("b.txt", "two"),
        ("c.txt", "three"),
    ]
    assert message.text.strip() == "words"
    assert len(parse(b"\n" + b"begin 644 x\n`\nend\n" * 3_000).attachments) == 200


def test_a_file_longer_than_any_letter_is_taken_out_whole() -> None:
    """Words below it are read, as far as a file may be large."""
    message = parse(b"\nHello\n" + _uu("a.bin", bytes(9_000_000)) + b"Ann\n")
    assert message.text.split() == ["Hello", "Ann"]
    assert [attached.size for attached in message.attachments] == [9_000_000]
    assert message.problems == ()


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=600), before=st.text("abc \n", max_size=20), after=st.text("abc \n", max_size=20))
def test_every_file_comes_out_as_it_went_in(content: bytes, before: str, after: str) -> None:
    """Whatever its bytes are."""
    for block in (_uu("f", content), _yenc("f", content)):
        data = f"{before}\n".encode() + block + after.encode()
        [file] = encoded.find(data)
        assert (file.content, file.size) == (content, len(content))
        assert data[file.start : file.end].rstrip() == block.rstrip()


_LINES = st.sampled_from(
    [
        b"begin 644 x\n",
        b"begin-base64 644 x\n",
        b"=ybegin line=128 size=3 name=x\n",
        b"=ypart begin=1 end=3\n",
        b"=yend size=3\n",
        b"end\n",
        b"`\n",
        b"====\n",
        b"\r\n",
        b"#86)C\n",
        b"M86)C\n",
        b"YWJj\n",
        b"=\n",
        b"=y",
        b"\xff\x00",
        b"words\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINES, max_size=20))
def test_any_lines_are_either_files_or_text(lines: list[bytes]) -> None:
    """Files come in order, without overlaps, and no bytes make it fail."""
    data = b"".join(lines)
    edges = [edge for file in encoded.find(data) for edge in (file.start, file.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(data) for edge in edges)
