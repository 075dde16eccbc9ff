"""The program that reads pictures: what it makes of them, and what it cannot do."""

import io
import os
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from triage.mail.attachments import Attachment
from triage.mail.message import Message
from triage.mail.ocr import Word, lines_of
from triage.mail.pictures import Ocr, Transcript, is_installed

#: an invented bill, photographed askew
BILL = (Path(__file__).parent / "bill.jpg").read_bytes()

real = pytest.mark.skipif(not is_installed(), reason="the extra ocr is not installed")


def word(text: str, left: float, middle: float, *, slope: float = 0.0, width: float = 100) -> Word:
    """A word 20 pixels high."""
    return Word(text=text, left=left, middle=middle, height=20, slope=slope, width=width)


def test_what_stands_side_by_side_is_one_line() -> None:
    """From the left to the right, apart by tabs, whatever the order in which the words were found."""
    words = [word("£92.50", 800, 304), word("Invoice", 50, 100), word("Total", 50, 300), word("FB-1", 800, 96)]
    assert lines_of(words) == "Invoice\tFB-1\nTotal\t£92.50"


def test_lines_of_a_sheet_that_lies_askew_stay_together() -> None:
    """At three degrees the end of a line stands higher than the beginning of the line above."""
    words = []
    for number in range(8):
        top = 100 + 36 * number
        words += [word(f"label{number}", 50, top, slope=-0.052), word(f"value{number}", 850, top - 42, slope=-0.052)]
    assert lines_of(words).splitlines() == [f"label{number}\tvalue{number}" for number in range(8)]


def test_no_words_are_no_text() -> None:
    """Nor are words of spaces."""
    assert lines_of([]) == ""
    assert lines_of([word("  ", 0, 0)]) == ""


def attempt(deed: str) -> subprocess.CompletedProcess[str]:
    """What becomes of a deed in the program once it has fenced itself in."""
    program = f"from triage.mail import ocr\nimport os, socket, subprocess, tempfile\nocr._fence_in()\n{deed}"
    return subprocess.run([sys.executable, "-IBc", program], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    "deed",
    [
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.getaddrinfo('localhost', 9)",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.fork()",
        "tempfile.gettempdir()",
        "bytearray(3_000_000_000)",
    ],
)
def test_the_program_has_fenced_itself_in(deed: str) -> None:
    """No connections, no other programs, no folder that it can write to, little memory."""
    ended = attempt(deed)
    assert re.search("PermissionError|No usable temporary directory|MemoryError", ended.stderr), ended


def test_the_network_of_the_program_is_empty() -> None:
    """What a library's own code would do to reach others ends there, where the kernel allows that to anybody."""
    unshare = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x50000000) != 0)"
    if subprocess.run([sys.executable, "-c", unshare], check=False).returncode:
        pytest.skip("this kernel gives no network of their own to programs")
    devices = attempt("print(open('/proc/self/net/dev').read())").stdout.strip().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


def test_without_the_engine_the_program_says_so() -> None:
    """As its first answer, so that whoever started it need not guess."""
    program = "import sys; sys.modules['rapidocr'] = None\nfrom triage.mail import ocr\nocr._MODELS.clear()\nocr.main()"
    ended = subprocess.run([sys.executable, "-IBc", program, "1"], capture_output=True, check=False, timeout=120)
    assert b'"failed"' in ended.stdout
    assert b"rapidocr" in ended.stdout


def png(width: int, height: int) -> bytes:
    """A PNG that says this size in its header, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


@pytest.fixture(scope="module")
def ocr() -> Iterator[Ocr]:
    """The real reader, with time for a slow machine."""
    made = Ocr(seconds=200)
    yield made
    made.close()


def read(ocr: Ocr, content: bytes) -> Transcript:
    """What it makes of one picture."""
    attachment = Attachment(filename="x", content_type="image/x", size=len(content), picture=lambda: content)
    [transcript] = ocr.read(Message(message_id="<1@example.org>", attachments=(attachment,)))
    return transcript


@real
def test_a_photographed_bill_is_read(ocr: Ocr) -> None:
    """Each label with its value on one line, though the sheet lies askew."""
    found = read(ocr, BILL)
    assert found.note == ""
    for line in ("Invoice number\tFB-2026-30417", "Invoice date\t3 May 2026", "Total due\t£92.50"):
        assert line in found.text.splitlines()


@real
@pytest.mark.parametrize("form", ["PNG", "WEBP", "BMP", "TIFF", "PDF", "upright by its EXIF", "transparent"])
def test_every_form_of_picture_is_read(ocr: Ocr, form: str) -> None:
    """Scanned PDFs too; a phone's photo is turned as it says. (OCR may take a dash for a point.)"""
    from PIL import Image

    image, out = Image.open(io.BytesIO(BILL)), io.BytesIO()
    if form.startswith("upright"):
        exif = Image.Exif()
        exif[0x0112] = 6
        image.rotate(90, expand=True).save(out, "JPEG", exif=exif)
    elif form == "transparent":
        # as a screenshot of a window has it: black where nothing is painted
        image = image.convert("RGBA")
        image.putalpha(image.convert("L").point(lambda grey: 255 if grey < 110 else 0))
        image.save(out, "PNG")
    else:
        image.save(out, form)
    assert re.search("FB-2026.30417", read(ocr, out.getvalue()).text)


@real
def test_several_pages_are_read_and_the_rest_is_told(ocr: Ocr) -> None:
    """A fax of six pages: the first four."""
    from PIL import Image

    page, out = Image.open(io.BytesIO(BILL)).convert("1").resize((438, 500)), io.BytesIO()
    page.save(out, "TIFF", save_all=True, append_images=[page] * 5)
    assert re.fullmatch(r"the first \d of 6 pages were read|OCR finds no words in it", read(ocr, out.getvalue()).note)


@real
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (png(60_000, 60_000), "3600 million pixels"),
        (png(8_000, 7_000), "damaged"),
        (png(20, 20), "too small"),
        (b"no picture", "damaged"),
        (BILL[:9_000], "damaged"),
        (b"%PDF-1.4 nothing", "damaged"),
    ],
)
def test_what_cannot_be_read_says_why(ocr: Ocr, content: bytes, said: str) -> None:
    """A decompression bomb is known by its header; the process lives on."""
    found = read(ocr, content)
    assert found.text == ""
    assert said in found.note


@real
def test_a_model_that_is_not_as_installed_is_refused(tmp_path: Path) -> None:
    """No word is read by a file that somebody changed, and none is fetched in its stead."""
    program = (
        "from importlib import metadata\nfrom pathlib import Path\nfrom triage.mail import ocr\n"
        f"metadata.PackagePath.locate = lambda self: Path({str(tmp_path)!r}) / self.name\nocr.main()"
    )
    for name in ("PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx", "ch_ppocr_mobile_v2.0_cls_mobile.onnx"):
        (tmp_path / name).write_bytes(os.urandom(10))
    ended = subprocess.run([sys.executable, "-IBc", program], capture_output=True, check=False, timeout=120)
    assert b"is not the file that was installed" in ended.stdout
