"""PDF → the invoice within it (Factur-X, ZUGFeRD), and the words of its pages, by PDFium."""

import re
import threading
import zlib
from contextlib import suppress
from itertools import islice
from typing import Any

from triage.mail.documents import MAX_TEXT, Unreadable, check_size, invoice

MAX_PAGES = 40
#: streams that are looked at for an invoice, by so many bytes of each; those that are read, and the bytes of one
_MAX_STREAMS, _HEAD = 5_000, 512
_MAX_EMBEDDED, _MAX_INVOICE = 5, 8 * 1024 * 1024
_STREAM = re.compile(rb"\bstream\r?\n")
#: XML that is not the metadata of the PDF itself
_PROMISE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?!\?xpacket)")
#: the note of a PDF whose pages are pictures
SCANNED = "no text in it: scanned pages"
#: PDFium keeps global state and is not thread safe
_PDFIUM = threading.Lock()


def read(content: bytes, _: str | None) -> tuple[str, str]:
    """The words of the first pages; a note where there are more, or none."""
    import pypdfium2  # type: ignore[import-untyped]  # native: only mails with a PDF pay for loading it

    check_size(content, "a PDF")
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError as error:
            why = "it is encrypted" if "password" in str(error).lower() else "it is damaged"
            raise Unreadable(f"not read: {why}") from error
        try:
            pages = len(document)
            embedded = _invoice(content) if document.count_attachments() else ""
            out: list[str] = []
            for index in range(min(pages, MAX_PAGES)):
                out.append(_page(document, index))
                if sum(map(len, out)) > MAX_TEXT:
                    break
        finally:
            document.close()
    text = "\n\n".join(filter(None, [embedded, *out]))
    if not text.strip():
        return "", SCANNED
    return text, f"the first {len(out)} of {pages} pages were read" if len(out) < pages else ""


def _page(document: Any, index: int) -> str:
    import pypdfium2

    try:
        page = document[index]
        words = page.get_textpage()
        text: str = words.get_text_bounded()
        words.close()
        page.close()
    except pypdfium2.PdfiumError:
        return ""
    return text.replace("\r\n", "\n").replace("\ufffe", "-")


def _invoice(content: bytes) -> str:
    """The text of the newest embedded file that is an invoice by the standard; "" when there is none.

    Read from the file itself: PDFium unpacks an embedded file whole before it tells its length. PDF/A-3, which these
    invoices are, allows no encryption, and a stream never lies within another (ISO 32000, 7.5.7).
    """
    streams = (match.end() for match in islice(_STREAM.finditer(content), _MAX_STREAMS))
    for at in [at for at in streams if _PROMISE.match(_unpacked(content, at, _HEAD))][: -_MAX_EMBEDDED - 1 : -1]:
        data = _unpacked(content, at, _MAX_INVOICE)
        if len(data) < _MAX_INVOICE:
            with suppress(Unreadable):
                if text := invoice.standard(data):
                    return text
    return ""


def _unpacked(content: bytes, at: int, most: int) -> bytes:
    """The beginning of a stream, packed by zlib or not at all."""
    end = content.find(b"endstream", at, at + most) if most > _HEAD else -1
    raw = content[at : at + most if end < 0 else end]
    try:
        return zlib.decompressobj().decompress(raw, most)
    except zlib.error:
        return raw
