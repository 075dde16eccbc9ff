"""OpenDocument texts and sheets (odt, ods; ISO/IEC 26300, OASIS ODF 1.3) → lines, cells separated by tabs."""

from triage.mail.documents import MAX_TEXT, Unreadable, excel, xml
from triage.mail.documents.package import Package

_MANIFEST, _CONTENT, _STYLES = "META-INF/manifest.xml", "content.xml", "styles.xml"
#: what is no text of the document: deleted passages, comments, what stands for a picture
_UNSEEN = frozenset({"tracked-changes", "annotation", "title", "desc", "forms", "sequence-decls"})
#: the same cell side by side
_MAX_REPEATED = 50


def read_text(content: bytes, _: str | None) -> tuple[str, str]:
    """The letterhead, the body, the footer."""
    package = _open(content)
    margins = _paragraphs(package.read(_STYLES), within={"header", "footer"}) if _STYLES in package else ""
    return f"{margins.strip()}\n{_paragraphs(package.read(_CONTENT), within={'body'})}", ""


def read_sheets(content: bytes, _: str | None) -> tuple[str, str]:
    """The sheets in their order, an empty line between two; sums with their currency, days as ISO 8601."""
    sheets = _Sheets()
    xml.parse(_open(content).read(_CONTENT), sheets.start, sheets.end, sheets.words)
    shown = sheets.done[: excel.MAX_SHEETS]
    text = "\n\n".join("\n".join(rows) for rows in shown if rows)
    cut = len(sheets.done) > len(shown)
    return text, f"the first {len(shown)} of {len(sheets.done)} sheets were read" if cut else ""


def _open(content: bytes) -> Package:
    package = Package(content)
    if _MANIFEST in package and b"encryption-data" in package.read(_MANIFEST):
        raise Unreadable("not read: it is encrypted")
    return package


class _Words:
    """The words of paragraphs, as both kinds write them: runs of white space are one space, others are elements."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.length = 0
        self.paragraphs = self.unseen = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.unseen += name in _UNSEEN
        self.paragraphs += name in ("p", "h")
        if name == "s":
            count = attributes.get("text:c", "1")
            self.say(" " * min(int(count) if count.isdecimal() and len(count) < 5 else 1, 100))
        elif name == "tab":
            self.say("\t")
        elif name == "line-break":
            self.say("\n")

    def end(self, name: str) -> None:
        self.unseen -= name in _UNSEEN
        self.paragraphs -= name in ("p", "h")

    def words(self, value: str) -> None:
        words = " ".join(value.split())
        if words:
            self.say(f"{' ' if value[0].isspace() else ''}{words}{' ' if value[-1].isspace() else ''}")
        elif value:
            self.say(" ")

    def say(self, words: str) -> None:
        if self.paragraphs and not self.unseen:
            self.out.append(words)
            self.length += len(words)
            if self.length > MAX_TEXT:
                raise xml.Enough


def _paragraphs(data: bytes, *, within: set[str]) -> str:
    words = _Words()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += name in within
        if depth:
            words.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        if depth:
            words.end(name)
            out = words.out
            if name in ("p", "h", "table-row") and not words.unseen:
                out.append("\n")
            elif name == "table-cell":
                # The paragraph that fills a cell has ended its line already.
                if out and out[-1] == "\n":
                    out.pop()
                out.append("\t")
        depth -= name in within

    xml.parse(data, start, end, words.words)
    return "".join(words.out)


class _Sheets:
    """Collects the cells of a sheet, row by row."""

    def __init__(self) -> None:
        self.done: list[list[str]] = []
        self.row: list[str] = []
        self.cell: dict[str, str] = {}
        self.shown = _Words()
        #: empty cells that only count where a filled one follows
        self.gap = 0
        self.length = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table":
            self.done.append([])
        elif name in ("table-cell", "covered-table-cell"):
            self.cell, self.shown = attributes, _Words()
        else:
            self.shown.start(name, attributes)

    def words(self, value: str) -> None:
        self.shown.words(value)

    def end(self, name: str) -> None:
        if name in ("table-cell", "covered-table-cell"):
            self._cell_ended()
        elif name == "table-row" and self.done:
            if self.row:
                self.done[-1].append("\t".join(self.row))
                self.length += len(self.done[-1][-1])
            self.row, self.gap = [], 0
            if self.length > MAX_TEXT:
                raise xml.Enough
        else:
            self.shown.end(name)
            if name in ("p", "h"):
                self.shown.out.append(" ")

    def _cell_ended(self) -> None:
        times = self.cell.get("table:number-columns-repeated", "1")
        count = int(times) if times.isdecimal() and len(times) < 9 else 1
        text = _cell(self.cell, " ".join("".join(self.shown.out).split()))
        if not text:
            self.gap += count
            return
        self.row += [""] * min(self.gap, excel.MAX_EMPTY) + [text] * min(count, _MAX_REPEATED)
        self.length += len(text) * (min(count, _MAX_REPEATED) - 1)
        self.gap = 0
        if self.length > MAX_TEXT:
            raise xml.Enough


def _cell(attributes: dict[str, str], shown: str) -> str:
    """What a cell says: a day and a sum by their value, all else as the sheet shows it."""
    kind, value = attributes.get("office:value-type", ""), attributes.get("office:value", "")
    if kind == "date":
        return attributes.get("office:date-value", "")[:10] or shown
    if kind == "currency":
        return excel.shown(value, f"sum {attributes.get('office:currency', '')[:8]}")
    return shown or value
