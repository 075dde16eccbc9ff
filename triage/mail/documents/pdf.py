"""PDF → the invoice within it (Factur-X, ZUGFeRD), and the words of its pages, by PDFium."""

import threading
from typing import Any

from triage.mail.documents import MAX_TEXT, Unreadable, check_size, invoice

MAX_PAGES = 40
#: embedded files that are looked at
_MAX_EMBEDDED = 20
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
            embedded = _invoice(document)
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


def _invoice(document: Any) -> str:
    """The text of the first embedded file that is an invoice by the standard; "" when there is none."""
    import pypdfium2

    for index in range(min(document.count_attachments(), _MAX_EMBEDDED)):
        try:
            file = document.get_attachment(index)
            if file.get_name().lower().endswith(".xml") and (text := invoice.standard(bytes(file.get_data()))):
                return text
        except (pypdfium2.PdfiumError, Unreadable):
            continue
    return ""
