"""Workbooks (xlsx, ECMA-376) → rows as lines, cells separated by tabs, numbers as the sheet shows them."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from triage.mail.documents import MAX_TEXT, xml
from triage.mail.documents.package import Package

MAX_SHEETS = 20
#: empty cells between two filled ones that are shown
MAX_EMPTY = 50
_STRINGS, _STYLES = "xl/sharedStrings.xml", "xl/styles.xml"


def read(content: bytes, _: str | None) -> tuple[str, str]:
    """The sheets in their order, an empty line between two."""
    package = Package(content)
    names = package.numbered(r"xl/worksheets/sheet(\d+)\.xml")
    shared = _shared_strings(package.read(_STRINGS)) if _STRINGS in package else []
    formats = _formats(package.read(_STYLES)) if _STYLES in package else []
    sheets = [_sheet(package.read(name), shared, formats) for name in names[:MAX_SHEETS]]
    note = f"the first {MAX_SHEETS} of {len(names)} sheets were read" if len(names) > MAX_SHEETS else ""
    return "\n\n".join(sheets), note


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

    xml.parse(data, start, end, words)
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

    xml.parse(data, start, end, lambda _: None)
    return styles


def _format(number: int, codes: Mapping[int, str]) -> str:
    code = codes.get(number, "")
    if number in _DAYS or re.search(r"[yd]", _LITERAL.sub("", code), re.I):
        return "day"
    if number in _SUMS or re.search(r"0\.00(?!0)", code):
        named = _NAMED_CURRENCY.search(code)
        return f"sum {named[1] or named[2] or named[3]}" if named else "sum"
    return ""


def shown(value: str, form: str) -> str:
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
    length = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal kind, value, form, inside
        if name == "c":
            kind, value = attributes.get("t", ""), ""
            style = attributes.get("s", "")
            at = int(style) if style.isdecimal() and len(style) < 9 else 0
            form = formats[at] if at < len(formats) else ""
            row.extend([""] * min(MAX_EMPTY, _column(attributes.get("r", "")) - len(row)))
        inside = name in ("v", "t")

    def end(name: str) -> None:
        nonlocal inside, length
        inside = False
        if name == "c":
            index = int(value) if kind == "s" and value.isdecimal() and len(value) < 9 else None
            if index is not None:
                row.append(shared[index] if index < len(shared) else "")
            else:
                row.append(shown(value, form) if kind in ("", "n") else value)
        elif name == "row":
            out.append("\t".join(row).rstrip("\t"))
            length += len(out[-1]) + 1
            row.clear()
            if length > MAX_TEXT:
                raise xml.Enough

    def words(text: str) -> None:
        nonlocal value
        if inside:
            value += text

    xml.parse(data, start, end, words)
    return "\n".join(out)


def _column(place: str) -> int:
    """How many columns are before that of a cell ("C7": 2)."""
    number = 0
    for letter in place.rstrip("0123456789")[:3].upper():
        number = number * 26 + ord(letter) - 64 if "A" <= letter <= "Z" else 0
    return max(0, number - 1)
