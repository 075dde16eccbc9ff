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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
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
        return "", unopened(filename)
    try:
        text, note = reader(content, charset)
    except _Unreadable as error:
        return "", str(error)
    text = clean(text).strip()
    return (text[:MAX_TEXT], note or "only the beginning was read") if len(text) > MAX_TEXT else (text, note)


#: archives, and documents whose words nobody here can read
_ARCHIVES = frozenset({".zip", ".rar", ".7z", ".gz", ".tar", ".tgz"})
_DOCUMENTS = frozenset({".doc", ".xls", ".ppt", ".pptx", ".odt", ".ods", ".rtf", ".msg", ".pages", ".numbers", ".xml"})


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
        heads = _numbered(package, r"word/header(\d+)\.xml")
        feet = _numbered(package, r"word/footer(\d+)\.xml")
        texts = [
            _xml_text(_member(package, name), breaks={"p", "br", "cr", "tr"}, tabs={"tab", "tc"}, texts={"t"})
            for name in (*heads, "word/document.xml", *feet)
        ]
    # the first page and the others have headers of their own, often with the same words
    return "".join(f"{text.rstrip(chr(10))}\n" for text in dict.fromkeys(texts) if text.strip()), ""


def _xlsx(content: bytes, _: str | None) -> tuple[str, str]:
    with _open_zip(content) as package:
        names = _numbered(package, r"xl/worksheets/sheet(\d+)\.xml")
        there = package.namelist()
        shared = _shared_strings(_member(package, _STRINGS)) if _STRINGS in there else []
        formats = _formats(_member(package, _STYLES)) if _STYLES in there else []
        sheets = [_sheet(_member(package, name), shared, formats) for name in names[:_MAX_SHEETS]]
    return "\n\n".join(sheets), f"the first {_MAX_SHEETS} of {len(names)} sheets were read" if len(
        names
    ) > _MAX_SHEETS else ""


_STRINGS, _STYLES = "xl/sharedStrings.xml", "xl/styles.xml"


def _numbered(package: zipfile.ZipFile, pattern: str) -> list[str]:
    """The members whose name ends in a number, by it."""
    found = [match for name in package.namelist() if (match := re.fullmatch(pattern, name))]
    return [match[0] for match in sorted(found, key=lambda match: int(match[1][:9]))]


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
    """The strings of a workbook in order, each on one line."""
    out: list[str] = []
    inside = False

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal inside
        inside = name == "t"
        if name == "si":
            out.append("")

    def end(_: str) -> None:
        nonlocal inside
        inside = False

    def words(text: str) -> None:
        if inside and out:
            out[-1] += text

    _parse_xml(data, start, end, words)
    return [" ".join(text.split("\n")) for text in out]


#: number formats that every workbook has (ECMA-376 part 1, section 18.8.30): days, and sums with two decimals
_DAYS = frozenset({14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)})
_SUMS = frozenset({2, 4, 7, 8, 39, 40, 43, 44})
#: what is text in a code of a format, and the currency that it names
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_NAMED_CURRENCY = re.compile(r"""\[\$([^\]-]{1,4})|"\s*([€£$]|[A-Z]{3})\s*"|([€£])""")


def _formats(data: bytes) -> list[str]:
    """What the numbers of each cell style are: "day", "sum", "sum €", or "" for plain."""
    codes: dict[int, str] = {}
    styles: list[str] = []
    within = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal within
        number = attributes.get("numFmtId", "")
        if name == "cellXfs":
            within = True
        elif name == "numFmt" and number.isdecimal() and len(number) < 9:
            codes[int(number)] = attributes.get("formatCode", "")[:200]
        elif name == "xf" and within:
            styles.append(_format(int(number) if number.isdecimal() and len(number) < 9 else 0, codes))

    def end(name: str) -> None:
        nonlocal within
        within = within and name != "cellXfs"

    _parse_xml(data, start, end, lambda _: None)
    return styles


def _format(number: int, codes: Mapping[int, str]) -> str:
    code = codes.get(number, "")
    if number in _DAYS or re.search(r"[yd]", _LITERAL.sub("", code), re.I):
        return "day"
    if number in _SUMS or re.search(r"0\.00(?!0)", code):
        named = _NAMED_CURRENCY.search(code)
        return f"sum {named[1] or named[2] or named[3]}" if named else "sum"
    return ""


def _shown(value: str, form: str) -> str:
    """A number as the sheet shows it: without the tail of a binary fraction, as a day, or with its cents."""
    try:
        number = float(value)
        if form == "day":
            # the days since Excel's first; programs count the 29th of February 1900, which was none
            return (date(1899, 12, 30) + timedelta(int(number))).isoformat()
    except (ValueError, OverflowError):
        return value
    if form.startswith("sum") and abs(number) < 1e15:
        return f"{number:.2f} {form[4:]}".rstrip()
    return f"{number:.15g}" if "." in value else value


def _sheet(data: bytes, shared: list[str], formats: Sequence[str]) -> str:
    """Rows as lines, cells separated by tabs, each in its column."""
    out: list[str] = []
    row: list[str] = []
    kind = value = form = ""
    inside = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal kind, value, form, inside
        if name == "c":
            kind, value = attributes.get("t", ""), ""
            style = attributes.get("s", "")
            at = int(style) if style.isdecimal() and len(style) < 9 else 0
            form = formats[at] if at < len(formats) else ""
            row.extend([""] * min(_MAX_EMPTY, _column(attributes.get("r", "")) - len(row)))
        inside = name in ("v", "t")

    def end(name: str) -> None:
        nonlocal inside
        inside = False
        if name == "c":
            index = int(value) if kind == "s" and value.isdecimal() and len(value) < 9 else None
            if index is not None:
                row.append(shared[index] if index < len(shared) else "")
            else:
                row.append(_shown(value, form) if kind in ("", "n") else value)
        elif name == "row":
            out.append("\t".join(row).rstrip("\t"))
            row.clear()

    def words(text: str) -> None:
        nonlocal value
        if inside:
            value += text

    _parse_xml(data, start, end, words)
    return "\n".join(out)


#: empty cells between two filled ones that are shown
_MAX_EMPTY = 50


def _column(place: str) -> int:
    """How many columns are before that of a cell ("C7": 2)."""
    number = 0
    for letter in place.rstrip("0123456789")[:3].upper():
        number = number * 26 + ord(letter) - 64 if "A" <= letter <= "Z" else 0
    return max(0, number - 1)


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
