"""LibreOffice's texts and sheets are read as those of Office are."""

import pytest
from files import packed

from triage.mail.attachments import read_text

ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
SPACES = "xmlns:office='o' xmlns:text='t' xmlns:table='b' xmlns:style='s' xmlns:draw='d' xmlns:svg='v'"


def document(body: str, **members: str) -> bytes:
    """A document with this body."""
    content = f"<office:document-content {SPACES}><office:body>{body}</office:body></office:document-content>"
    return packed({"content.xml": content} | {f"{name.replace('__', '/')}.xml": each for name, each in members.items()})


def text(body: str, **members: str) -> str:
    """The text of an odt."""
    return read_text(document(body, **members), filename="a.odt", content_type=ODT)[0]


def sheet(*rows: str) -> str:
    """The text of an ods with one sheet."""
    cells = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    return read_text(document(f"<table:table>{cells}</table:table>"), filename="a.ods", content_type=ODS)[0]


def test_a_text_is_read() -> None:
    """Paragraphs are lines, cells are separated by tabs, runs of white space are one space."""
    body = (
        "<text:h>Invoice\n   7</text:h><text:p>Dear<text:s text:c='2'/>Ann<text:line-break/>you "
        "<text:span>owe</text:span> us</text:p><table:table><table:table-row>"
        "<table:table-cell><text:p>Fee</text:p></table:table-cell>"
        "<table:table-cell><text:p>40 €</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert text(body) == "Invoice 7\nDear  Ann\nyou owe us\nFee\t40 €"


def test_the_letterhead_is_read_and_what_nobody_sees_is_not() -> None:
    """Deleted passages, comments, descriptions of pictures."""
    header = "<style:header><text:p>Invoice 7</text:p></style:header><text:p>no</text:p>"
    styles = f"<office:styles {SPACES}>{header}</office:styles>"
    body = (
        "<text:tracked-changes><text:p>old price 99</text:p></text:tracked-changes><text:p>Total 40"
        "<office:annotation><text:p>check!</text:p></office:annotation><draw:frame><svg:title>logo</svg:title></draw:frame></text:p>"
    )
    assert text(body, styles=styles) == "Invoice 7\nTotal 40"


def test_a_sheet_is_read() -> None:
    """Days and sums by their value, all else as it is shown, cells in their columns."""
    assert (
        sheet(
            "<table:table-cell office:value-type='date' office:date-value='2026-06-01T00:00:00'>"
            "<text:p>01.06.26</text:p></table:table-cell><table:table-cell table:number-columns-repeated='2'/>"
            "<table:table-cell office:value-type='currency' office:currency='EUR' office:value='1234.5'>"
            "<text:p>1.234,50 €</text:p></table:table-cell>",
            "<table:table-cell><text:p>Invoice</text:p><text:p>7</text:p></table:table-cell>"
            "<table:table-cell office:value-type='float' office:value='0.5'><text:p>50 %</text:p></table:table-cell>",
        )
        == "2026-06-01\t\t\t1234.50 EUR\nInvoice 7\t50 %"
    )


def test_repeated_cells_and_rows_do_not_expand() -> None:
    """A sheet is a million rows long in a few bytes."""
    cell = "<table:table-cell table:number-columns-repeated='99999999'><text:p>x</text:p></table:table-cell>"
    empty = "<table:table-cell table:number-columns-repeated='16384'/>"
    assert sheet(empty, cell, empty + cell).split("\n") == ["\t".join("x" * 50), "\t" * 50 + "\t".join("x" * 50)]


def test_many_sheets_are_read_in_part() -> None:
    """The note says so."""
    cell = "<table:table-cell><text:p>x</text:p></table:table-cell>"
    one = f"<table:table><table:table-row>{cell}</table:table-row></table:table>"
    words, note = read_text(document(one * 25), filename="a.ods", content_type=ODS)
    assert (words.split(), note) == (["x"] * 20, "the first 20 of 25 sheets were read")


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (packed({"other": ""}), "not read: it is damaged or encrypted"),
        (packed({"content.xml": "<a>"}), "not read: it is damaged"),
        (packed({"content.xml": "<!DOCTYPE x><a/>"}), "not read: it declares entities"),
        (
            document("", **{"META-INF__manifest": "<file-entry><encryption-data/></file-entry>"}),
            "not read: it is encrypted",
        ),
        (packed({"content.xml": b" " * 30_000_000}), "not read: it unpacks to more than an honest document would"),
    ],
    ids=["no content", "damaged", "DTD", "encrypted", "bomb"],
)
def test_hostile_documents_are_noted_not_read(content: bytes, note: str) -> None:
    """Both kinds."""
    assert read_text(content, filename="a.odt", content_type=ODT) == ("", note)
    assert read_text(content, filename="a.ods", content_type=ODS) == ("", note)
