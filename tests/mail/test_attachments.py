"""Text out of what is attached, and nothing else."""

import base64
import io
import zipfile

import pytest

from triage.mail.attachments import read_text
from triage.mail.documents import pdf
from triage.mail.message import Message, parse


def _pdf(words: str, *, pages: int = 1) -> bytes:
    """The smallest PDF that shows `words` on each page."""
    stream = f"BT /F1 12 Tf 20 100 Td ({words}) Tj ET".encode()
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n in range(pages):
        bodies.append(
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Resources << /Font << /F1 3 0 R >>"
                f" >> /Contents {5 + 2 * n} 0 R >>"
            ).encode()
        )
        bodies.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, body in enumerate(bodies, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, table))
    return out.getvalue()


def _office(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name.replace("__", "/") + ".xml", content)
    return out.getvalue()


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_a_pdf_invoice_is_read() -> None:
    """The words of its pages, found by type, by name, or by its first bytes."""
    for name, kind in (
        ("x", "application/pdf"),
        ("bill.PDF", "application/octet-stream"),
        (None, "application/octet-stream"),
    ):
        assert read_text(_pdf("Invoice F-2031 Total 240.00"), filename=name, content_type=kind) == (
            "Invoice F-2031 Total 240.00",
            "",
        )


def test_a_long_pdf_is_read_in_part_and_says_so() -> None:
    """Pages are bounded."""
    text, note = read_text(_pdf("page", pages=pdf.MAX_PAGES + 3), filename="a.pdf", content_type="application/pdf")
    assert text.count("page") == pdf.MAX_PAGES
    assert note == f"the first {pdf.MAX_PAGES} of {pdf.MAX_PAGES + 3} pages were read"


def test_a_word_document_is_read() -> None:
    """Paragraphs are lines, cells are separated by tabs."""
    body = (
        "<w:document xmlns:w='w'><w:p><w:r><w:t>Invoice</w:t></w:r><w:r><w:t> 7</w:t></w:r></w:p>"
        "<w:tr><w:tc><w:p><w:t>Fee</w:t></w:p></w:tc><w:tc><w:p><w:t>40</w:t></w:p></w:tc></w:tr>"
        "</w:document>"
    )
    assert read_text(_office(word__document=body), filename="a.docx", content_type=DOCX) == ("Invoice 7\nFee\t40", "")


def test_a_sheet_is_read_row_by_row() -> None:
    """Shared strings, inline strings and numbers."""
    sheet = (
        "<worksheet><sheetData><row><c t='s'><v>0</v></c><c><v>240.5</v></c></row><row><c t='inlineStr'>"
        "<is><t>Tax</t></is></c><c t='s'><v>99</v></c></row></sheetData></worksheet>"
    )
    content = _office(xl__worksheets__sheet1=sheet, xl__sharedStrings="<sst><si><t>Total</t></si></sst>")
    assert read_text(content, filename="a.xlsx", content_type=XLSX) == ("Total\t240.5\nTax", "")


def test_a_sheet_shows_what_its_reader_sees() -> None:
    """Dates and sums by their formats, floats without their tail, cells in their columns."""
    styles = (
        "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='dd/mm/yyyy'/>"
        "<numFmt numFmtId='165' formatCode='#,##0.00\\ [$€-407]'/></numFmts>"
        "<cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"
        "<cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='165'/><xf numFmtId='4'/></cellXfs></styleSheet>"
    )
    sheet = (
        "<worksheet><sheetData><row><c r='A1' s='1'><v>46174</v></c><c r='C1' s='2'><v>1234.5</v></c></row>"
        "<row><c r='B2'><v>49.900000000000006</v></c><c r='C2' s='3'><v>-12</v></c></row>"
        "<row><c r='A3' t='b'><v>1</v></c><c r='B3' s='1'><v>9e99</v></c></row></sheetData></worksheet>"
    )
    content = _office(xl__worksheets__sheet1=sheet, xl__styles=styles)
    text, _ = read_text(content, filename="a.xlsx", content_type=XLSX)
    assert text == "2026-06-01\t\t1234.50 €\n\t49.9\t-12.00\n1\t9e99"


def test_a_line_break_in_a_cell_moves_no_other() -> None:
    """Strings are counted, not lines."""
    sheet = "<worksheet><row><c t='s'><v>1</v></c><c t='s'><v>0</v></c></row></worksheet>"
    strings = "<sst><si><t>Two\nlines</t></si><si><r><t>Invoice</t></r><r><t> 7</t></r></si></sst>"
    content = _office(xl__worksheets__sheet1=sheet, xl__sharedStrings=strings)
    assert read_text(content, filename="a.xlsx", content_type=XLSX)[0] == "Invoice 7\tTwo lines"


def test_sheets_stand_in_their_order() -> None:
    """The tenth comes after the second."""
    row = "<worksheet><row><c t='str'><v>{}</v></c></row></worksheet>"
    content = _office(**{f"xl__worksheets__sheet{number}": row.format(number) for number in (10, 1, 2)})
    assert read_text(content, filename="a.xlsx", content_type=XLSX)[0].split() == ["1", "2", "10"]


def test_the_letterhead_of_a_document_is_read() -> None:
    """Many bills have their number in the header."""
    header = "<w:hdr xmlns:w='w'><w:p><w:r><w:t>Invoice 7</w:t></w:r></w:p></w:hdr>"
    body = "<w:document xmlns:w='w'><w:p><w:r><w:t>Total 40</w:t></w:r></w:p></w:document>"
    footer = "<w:ftr xmlns:w='w'><w:p><w:r><w:t>Bank</w:t></w:r></w:p></w:ftr>"
    content = _office(word__footer1=footer, word__document=body, word__header1=header, word__header2=header)
    assert read_text(content, filename="a.docx", content_type=DOCX) == ("Invoice 7\nTotal 40\nBank", "")


@pytest.mark.parametrize(
    ("name", "kind", "note"),
    [
        ("bills.zip", "application/zip", "not read: archives are not opened"),
        ("bill.doc", "application/msword", "not read: no reader for .doc files"),
        ("bill.PPTX", "application/octet-stream", "not read: no reader for .pptx files"),
        ("song.mp3", "audio/mpeg", ""),
    ],
)
def test_a_document_that_nobody_opens_is_told(name: str, kind: str, note: str) -> None:
    """Archives are only listed; a person must know that words were left unread."""
    data = base64.b64encode(b"\xd0\xcf\x11\xe0 words").decode()
    mail = (
        f"Content-Type: {kind}; name={name}\nContent-Disposition: attachment\n"
        f"Content-Transfer-Encoding: base64\n\n{data}\n"
    )
    [attachment] = parse(mail.encode()).attachments
    assert (attachment.text, attachment.note) == ("", note)


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"%PDF-1.4 broken", "a.pdf", "application/pdf"),
        (b"PK\x03\x04 broken", "a.docx", DOCX),
        (_office(other="<a/>"), "a.docx", DOCX),
        (_office(word__document="<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"), "a.docx", DOCX),
        (_office(word__document="<x>" + "<t>a</t>" * 4_000_000), "a.docx", DOCX),
        (_office(word__document="<x>"), "a.docx", DOCX),
    ],
    ids=["pdf", "zip", "member", "entities", "zip bomb", "xml"],
)
def test_hostile_documents_are_noted_not_read(content: bytes, name: str, kind: str) -> None:
    """Damage, entities and bombs leave a note and no text."""
    text, note = read_text(content, filename=name, content_type=kind)
    assert text == ""
    assert note.startswith("not read: ")


@pytest.mark.parametrize(
    ("content", "name", "kind", "text"),
    [
        (b"a;b\n1;2\n", "a.csv", "text/csv", "a;b\n1;2"),
        ("Año".encode("latin-1"), "a.txt", "application/octet-stream", "Año"),
        (b"<p>Total <b>40</b></p>", "a.html", "text/html", "Total 40"),
        (
            b"BEGIN:VEVENT\r\nSUMMARY:Call\r\n about bill\r\nEND:VEVENT",
            "a.ics",
            "text/calendar",
            "Summary: Callabout bill",
        ),
        (b"\x89PNG", "a.png", "image/png", ""),
    ],
)
def test_other_kinds(content: bytes, name: str, kind: str, text: str) -> None:
    """Plain kinds are read; images are only listed."""
    assert read_text(content, filename=name, content_type=kind) == (text, "")


def test_an_attached_invoice_reaches_the_message() -> None:
    """Name, type, size and text of a part stand in the message."""
    content = _pdf("Invoice 9")
    mail = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee attached.\n--b\nContent-Type: application/pdf\n"
        b'Content-Disposition: attachment; filename="C:\\bills\\9.pdf"\nContent-Transfer-Encoding: base64\n\n'
        + base64.encodebytes(content)
        + b"--b--\n"
    )
    message = parse(mail)
    assert [(part.filename, part.size, part.text) for part in message.attachments] == [
        ("9.pdf", len(content), "Invoice 9")
    ]
    assert message.reply == "See attached."


def offered(message: Message) -> list[str | None]:
    """The names of the attachments that are offered for OCR."""
    return [each.filename for each in message.attachments if each.picture is not None]


def with_part(content: bytes, kind: str, name: str = "", *, within: str = "mixed", **headers: str) -> bytes:
    """A mail with a text and one more part."""
    lines = "".join(f"{header.replace('_', '-')}: {value}\n" for header, value in headers.items())
    disposition = f'Content-Disposition: inline; filename="{name}"\n' if name else ""
    return (
        (
            f"Content-Type: multipart/{within}; boundary=b\n\n--b\nContent-Type: text/html\n\n<img src=cid:1>Hello\n"
            f"--b\nContent-Type: {kind}\n{disposition}{lines}Content-Transfer-Encoding: base64\n\n"
        ).encode()
        + base64.encodebytes(content)
        + b"--b--\n"
    )


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "image/webp", "image/tiff", "image/bmp", "image/pjpeg"])
def test_a_picture_is_offered_for_ocr_with_its_bytes(kind: str) -> None:
    """They are unpacked only when somebody asks for them."""
    [attachment] = parse(with_part(b"picture", kind, "bill.x")).attachments
    assert attachment.picture is not None
    assert attachment.picture() == b"picture"
    assert (attachment.text, attachment.note) == ("", "")


def test_a_picture_is_known_by_its_name_too() -> None:
    """Phones and web forms send photos as bytes without a type."""
    assert offered(parse(with_part(b"picture", "application/octet-stream", "IMG_1.JPG"))) == ["IMG_1.JPG"]


@pytest.mark.parametrize("kind", ["image/gif", "image/svg+xml", "video/mp4", "application/zip"])
def test_what_no_bill_comes_in_is_not_offered(kind: str) -> None:
    """Animations, drawings, films, archives."""
    assert offered(parse(with_part(b"x" * 50_000, kind, "x"))) == []


def test_a_logo_of_the_letter_is_not_offered() -> None:
    """Small, with a Content-ID and in a multipart/related: logos and tracking pixels are what letters show."""
    logo = with_part(b"x" * 9_000, "image/png", "logo.png", within="related", Content_ID="<1>")
    assert offered(parse(logo)) == []


@pytest.mark.parametrize(
    ("size", "within", "headers"),
    [
        (200_000, "related", {"Content_ID": "<1>"}),
        (9_000, "mixed", {"Content_ID": "<1>", "X_Attachment_Id": "1"}),
        (9_000, "related", {}),
    ],
    ids=["a photo put into the letter", "attached by Gmail, which gives all an id", "named by nothing in the letter"],
)
def test_a_picture_that_the_writer_meant_is_offered(size: int, within: str, headers: dict[str, str]) -> None:
    """Where one of the three signs of a logo is missing."""
    assert offered(parse(with_part(b"x" * size, "image/png", "bill.png", within=within, **headers))) == ["bill.png"]


def test_a_pdf_is_offered_only_where_it_has_no_text() -> None:
    """Scanned pages: its note says so whether or not somebody reads them."""
    scanned = parse(with_part(_pdf(""), "application/pdf", "scan.pdf"))
    assert offered(scanned) == ["scan.pdf"]
    assert scanned.attachments[0].note == "no text in it: scanned pages"
    assert offered(parse(with_part(_pdf("Invoice 9"), "application/pdf", "bill.pdf"))) == []
    assert offered(parse(with_part(b"%PDF-1.4 broken", "application/pdf", "bill.pdf"))) == []


def test_pictures_of_an_enclosed_mail_are_offered() -> None:
    """A complaint that a colleague forwards as an attachment."""
    inner = with_part(b"picture", "image/png", "bill.png")
    mail = b"Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: message/rfc822\n\n" + inner + b"\n--c--\n"
    assert offered(parse(mail)) == ["bill.png"]
