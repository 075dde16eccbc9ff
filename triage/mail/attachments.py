"""The text of what is attached: which reader of `triage.mail.documents` a file is for, and what is not opened.

A note says what was left out. Archives are never opened. Pictures are only listed: `picture` hands their bytes to who
can read them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath

from triage.mail import html
from triage.mail.charset import clean, decode
from triage.mail.documents import MAX_TEXT, Unreadable, calendar, excel, invoice, opendocument, outlook, pdf, rtf, word


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A part that is not the text of the mail, with the text that could be read out of it."""

    #: as the sender named it, without folders; None when it has no name
    filename: str | None
    content_type: str
    #: decoded bytes
    size: int
    #: text read from it; "" when none
    text: str = ""
    #: why there is no text, or what was cut; "" when all is well
    note: str = ""
    #: gives the bytes of a picture, or of a PDF of scanned pages, for OCR; None for all else, and for a logo
    picture: Callable[[], bytes] | None = field(default=None, compare=False, repr=False)


def read_text(
    content: bytes, *, filename: str | None, content_type: str, charset: str | None = None
) -> tuple[str, str]:
    """The text of an attachment, and a note where there is none or not all of it."""
    reader = _READERS.get(kind_of(content, filename, content_type))
    if reader is None:
        return "", unopened(filename)
    try:
        text, note = reader(content, charset)
    except Unreadable as error:
        return "", str(error)
    text = clean(text).strip()
    return (text[:MAX_TEXT], note or "only the beginning was read") if len(text) > MAX_TEXT else (text, note)


#: archives, and documents whose words nobody here can read
_ARCHIVES = frozenset({".zip", ".rar", ".7z", ".gz", ".tar", ".tgz"})
_DOCUMENTS = frozenset({".doc", ".xls", ".xlsb", ".ppt", ".pptx", ".odp", ".pages", ".numbers"})


def unopened(filename: str | None) -> str:
    """The note of a file that has words in it and is not opened; "" for all others."""
    suffix = PurePath(filename or "").suffix.lower()
    if suffix in _ARCHIVES:
        return "not read: archives are not opened"
    return f"not read: no reader for {suffix} files" if suffix in _DOCUMENTS else ""


def is_readable(filename: str | None, content_type: str) -> bool:
    """Whether the name and type promise text, before anything is decoded."""
    return kind_of(b"", filename, content_type) in _READERS or content_type == "application/octet-stream"


def is_picture(filename: str | None, content_type: str, note: str) -> bool:
    """Whether OCR may find text in it: a picture by name or type, or a PDF that was read with this note."""
    return kind_of(b"", filename, content_type) == "picture" or note == pdf.SCANNED


_BY_TYPE = {
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.ms-outlook": "msg",
    "application/rtf": "rtf",
    "application/x-rtf": "rtf",
    "application/xml": "xml",
    "application/csv": "txt",
    "application/json": "txt",
    "application/xhtml+xml": "html",
    "image/png": "picture",
    "image/x-png": "picture",
    "image/jpeg": "picture",
    "image/jpg": "picture",
    "image/pjpeg": "picture",
    "image/webp": "picture",
    "image/tiff": "picture",
    "image/bmp": "picture",
    "image/x-ms-bmp": "picture",
    "text/html": "html",
    "text/calendar": "ics",
    "text/rtf": "rtf",
    "text/xml": "xml",
    "text/x-vcard": "",
    "text/vcard": "",
}
_BY_SUFFIX = {
    ".pdf": "pdf", ".docx": "docx", ".docm": "docx", ".xlsx": "xlsx", ".xlsm": "xlsx", ".odt": "odt", ".ott": "odt",
    ".ods": "ods", ".rtf": "rtf", ".msg": "msg", ".xml": "xml", ".csv": "txt", ".tsv": "txt",
    ".txt": "txt", ".text": "txt", ".log": "txt", ".md": "txt", ".json": "txt",
    ".htm": "html", ".html": "html", ".ics": "ics", ".png": "picture", ".jpg": "picture", ".jpeg": "picture",
    ".webp": "picture", ".tif": "picture", ".tiff": "picture", ".bmp": "picture",
}  # fmt: skip

_BY_BEGINNING = {b"%PDF-": "pdf", b"{\\rtf": "rtf", b"<?xml": "xml", b"\xef\xbb\xbf<?xml": "xml"}


def kind_of(content: bytes, filename: str | None, content_type: str) -> str:
    """Which reader to use: by type, else by the file's name, else by its first bytes; "" for none."""
    if content_type in _BY_TYPE:
        return _BY_TYPE[content_type]
    suffix = PurePath(filename or "").suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    beginning = content[:1024].lstrip()
    if kind := next((kind for mark, kind in _BY_BEGINNING.items() if beginning.startswith(mark)), ""):
        return kind
    return "txt" if content_type.startswith("text/") else ""


# ----------------------------------------------------------------------------------------------------- readers


def _html(content: bytes, charset: str | None) -> tuple[str, str]:
    return html.to_text(decode(content[: html.MAX_HTML], charset))[0], ""


def _text(content: bytes, charset: str | None) -> tuple[str, str]:
    cut = len(content) > 4 * MAX_TEXT
    return decode(content[: 4 * MAX_TEXT], charset), "only the beginning was read" if cut else ""


_READERS: dict[str, Callable[[bytes, str | None], tuple[str, str]]] = {
    "pdf": pdf.read,
    "docx": word.read,
    "xlsx": excel.read,
    "odt": opendocument.read_text,
    "ods": opendocument.read_sheets,
    "rtf": rtf.read,
    "msg": outlook.read,
    "xml": invoice.read,
    "html": _html,
    "txt": _text,
    "ics": calendar.read,
}
