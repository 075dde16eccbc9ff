"""The text of what is attached: PDF, docx, xlsx, csv, HTML, plain text, calendar.

Every reader is bounded in pages, characters and unpacked bytes, and says in a note what it left out. Archives are
never opened. Pictures are only listed: `picture` hands their bytes to who can read them. Nothing here runs, fetches or
follows anything.
"""

import lzma
import re
import threading
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePath
from xml.parsers import expat

from triage.mail import html
from triage.mail.charset import clean, decode

#: what is read of one attachment
MAX_BYTES = 32 * 1024 * 1024
MAX_TEXT = 200_000
MAX_PAGES = 40
#: bytes that one member of an office document may unpack to
_MAX_MEMBER = 24 * 1024 * 1024
_MAX_SHEETS = 20
#: the note of a PDF whose pages are pictures
_SCANNED = "no text in it: scanned pages"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A part that is not the text of the mail, with the text that could be read out of it."""

    #: as the sender named it, without folders; None when it has no name
    filename: str | None
    content_type: str
    #: decoded bytes
    size: int
    #: text read from it (PDF, docx, xlsx, csv, html, txt, an enclosed mail); "" when none
    text: str = ""
    #: why there is no text, or what was cut; "" when all is well
    note: str = ""
    #: gives the bytes of a picture, or of a PDF of scanned pages, for OCR; None for all else, and for a logo
    picture: Callable[[], bytes] | None = field(default=None, compare=False, repr=False)


class _Unreadable(Exception):
    """This document cannot be read; the message says why."""


def read_text(
    content: bytes, *, filename: str | None, content_type: str, charset: str | None = None
) -> tuple[str, str]:
    """The text of an attachment, and a note where there is none or not all of it."""
    reader = _READERS.get(kind_of(content, filename, content_type))
    if reader is None:
        return "", ""
    try:
        text, note = reader(content, charset)
    except _Unreadable as error:
        return "", str(error)
    text = clean(text).strip()
    return (text[:MAX_TEXT], note or "only the beginning was read") if len(text) > MAX_TEXT else (text, note)


def is_readable(filename: str | None, content_type: str) -> bool:
    """Whether the name and type promise text, before anything is decoded."""
    return kind_of(b"", filename, content_type) in _READERS or content_type == "application/octet-stream"


def is_picture(filename: str | None, content_type: str, note: str) -> bool:
    """Whether OCR may find text in it: a picture by name or type, or a PDF that was read with this note."""
    return kind_of(b"", filename, content_type) == "picture" or note == _SCANNED


_BY_TYPE = {
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
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
    "text/rtf": "",
    "text/x-vcard": "",
    "text/vcard": "",
}
_BY_SUFFIX = {
    ".pdf": "pdf", ".docx": "docx", ".docm": "docx", ".xlsx": "xlsx", ".xlsm": "xlsx", ".csv": "txt", ".tsv": "txt",
    ".txt": "txt", ".text": "txt", ".log": "txt", ".md": "txt", ".json": "txt",
    ".htm": "html", ".html": "html", ".ics": "ics", ".png": "picture", ".jpg": "picture", ".jpeg": "picture",
    ".webp": "picture", ".tif": "picture", ".tiff": "picture", ".bmp": "picture",
}  # fmt: skip


def kind_of(content: bytes, filename: str | None, content_type: str) -> str:
    """Which reader to use: by type, else by the file's name, else by its first bytes; "" for none."""
    if content_type in _BY_TYPE:
        return _BY_TYPE[content_type]
    suffix = PurePath(filename or "").suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if content[:1024].lstrip().startswith(b"%PDF-"):
        return "pdf"
    return "txt" if content_type.startswith("text/") else ""


# ----------------------------------------------------------------------------------------------------- readers

#: PDFium keeps global state and is not thread safe
_PDFIUM = threading.Lock()


def _pdf(content: bytes, _: str | None) -> tuple[str, str]:
    import pypdfium2  # type: ignore[import-untyped]  # native: only mails with a PDF pay for loading it

    if len(content) > MAX_BYTES:
        raise _Unreadable(f"not read: a PDF of {len(content)} bytes")
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError as error:
            why = "it is encrypted" if "password" in str(error).lower() else "it is damaged"
            raise _Unreadable(f"not read: {why}") from error
        try:
            pages = len(document)
            out: list[str] = []
            for index in range(min(pages, MAX_PAGES)):
                out.append(_pdf_page(document, index))
                if sum(map(len, out)) > MAX_TEXT:
                    break
        finally:
            document.close()
    text = "\n\n".join(out)
    if not text.strip():
        return "", _SCANNED
    return text, f"the first {len(out)} of {pages} pages were read" if len(out) < pages else ""


def _pdf_page(document: object, index: int) -> str:
    import pypdfium2

    try:
        page = document[index]  # type: ignore[index]
        words = page.get_textpage()
        text: str = words.get_text_bounded()
        words.close()
        page.close()
    except pypdfium2.PdfiumError:
        return ""
    return text.replace("\r\n", "\n").replace("\ufffe", "-")


def _docx(content: bytes, _: str | None) -> tuple[str, str]:
    with _open_zip(content) as package:
        return _xml_text(
            _member(package, "word/document.xml"), breaks={"p", "br", "cr", "tr"}, tabs={"tab", "tc"}, texts={"t"}
        ), ""


def _xlsx(content: bytes, _: str | None) -> tuple[str, str]:
    with _open_zip(content) as package:
        names = [name for name in package.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]
        shared = (
            _shared_strings(_member(package, "xl/sharedStrings.xml"))
            if "xl/sharedStrings.xml" in package.namelist()
            else []
        )
        sheets = [_sheet(_member(package, name), shared) for name in sorted(names)[:_MAX_SHEETS]]
    return "\n\n".join(sheets), f"the first {_MAX_SHEETS} of {len(names)} sheets were read" if len(
        names
    ) > _MAX_SHEETS else ""


def _open_zip(content: bytes) -> zipfile.ZipFile:
    if len(content) > MAX_BYTES:
        raise _Unreadable(f"not read: a document of {len(content)} bytes")
    try:
        return zipfile.ZipFile(BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise _Unreadable("not read: it is damaged or encrypted") from error


def _member(package: zipfile.ZipFile, name: str) -> bytes:
    try:
        with package.open(name) as member:
            data = member.read(_MAX_MEMBER + 1)
    except (
        KeyError,
        RuntimeError,
        OSError,
        EOFError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise _Unreadable("not read: it is damaged or encrypted") from error
    if len(data) > _MAX_MEMBER:
        raise _Unreadable("not read: it unpacks to more than an honest document would")
    return data


def _parse_xml(
    data: bytes, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], words: Callable[[str], None]
) -> None:
    """Feed local names to the handlers; a document that declares entities or a DTD is refused (entity bombs)."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise _Unreadable("not read: it declares entities")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    parser.CharacterDataHandler = words
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _Unreadable("not read: it is damaged") from error


def _xml_text(data: bytes, *, breaks: set[str], tabs: set[str], texts: set[str]) -> str:
    out: list[str] = []
    inside = 0

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal inside
        inside += name in texts

    def end(name: str) -> None:
        nonlocal inside
        inside -= name in texts
        if name in breaks:
            out.append("\n")
        elif name in tabs:
            # The paragraph that fills a cell has ended its line already.
            if out and out[-1] == "\n":
                out.pop()
            out.append("\t")

    def words(value: str) -> None:
        if inside:
            out.append(value)

    _parse_xml(data, start, end, words)
    return "".join(out)


def _shared_strings(data: bytes) -> list[str]:
    return _xml_text(data, breaks={"si"}, tabs=set(), texts={"t"}).split("\n")


def _sheet(data: bytes, shared: list[str]) -> str:
    """Rows as lines, cells separated by tabs."""
    out: list[str] = []
    kind = value = ""
    inside = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal kind, value, inside
        if name == "c":
            kind, value = attributes.get("t", ""), ""
        inside = name in ("v", "t")

    def end(name: str) -> None:
        nonlocal inside
        inside = False
        if name == "c":
            index = int(value) if kind == "s" and value.isdecimal() and len(value) < 9 else None
            out.append(value if index is None else shared[index] if index < len(shared) else "")
            out.append("\t")
        elif name == "row":
            out.append("\n")

    def words(text: str) -> None:
        nonlocal value
        if inside:
            value += text

    _parse_xml(data, start, end, words)
    return "".join(out).replace("\t\n", "\n")


def _html(content: bytes, charset: str | None) -> tuple[str, str]:
    return html.to_text(decode(content[: html.MAX_HTML], charset))[0], ""


def _text(content: bytes, charset: str | None) -> tuple[str, str]:
    return decode(content[: 4 * MAX_TEXT], charset), "only the beginning was read" if len(
        content
    ) > 4 * MAX_TEXT else ""


_ICS_LINE = re.compile(r"^(SUMMARY|DESCRIPTION|LOCATION|COMMENT|DTSTART|ORGANIZER)[^:\n]*:(.*)$", re.M)


def _calendar(content: bytes, charset: str | None) -> tuple[str, str]:
    unfolded = re.sub(r"\r?\n[ \t]", "", decode(content[: 4 * MAX_TEXT], charset))
    lines = (f"{name.title()}: {value.strip()}" for name, value in _ICS_LINE.findall(unfolded))
    return "\n".join(lines).replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";"), ""


_READERS: dict[str, Callable[[bytes, str | None], tuple[str, str]]] = {
    "pdf": _pdf,
    "docx": _docx,
    "xlsx": _xlsx,
    "html": _html,
    "txt": _text,
    "ics": _calendar,
}
