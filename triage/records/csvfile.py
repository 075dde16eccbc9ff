"""CSV files → rows of the ledger: encoding, delimiter, decimal mark and order of dates are found out, and stated.

A file that does not show one of them must be helped with a `Wish`; nothing is guessed. A row that cannot be read is a
`Problem` with its line. Files are read as a stream, so their size is bounded by the disk and not by memory.
"""

import codecs
import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

from triage.errors import OperatorError
from triage.records.columns import KINDS, Kind, fields_of, kind_of_fields, kind_of_word
from triage.records.ledger import Credit, Customer, Invoice, InvoiceLine, Payment
from triage.records.rows import BadRow, Order, Row, Writing, read_day, read_row
from triage.understanding.numbers import Mark, decimal_mark

#: bytes at the beginning of a file that show how it is written
_SAMPLE: Final = 1024 * 1024
_MOST_COLUMNS: Final = 200
#: a line that is longer is no row
_LONGEST_LINE: Final = 256 * 1024
_DELIMITERS: Final = (",", ";", "\t", "|")
_MONEY: Final = ("amount", "net", "tax", "unit_price", "quantity")
_DAYS: Final = ("date", "due", "period_start", "period_end")
#: kind → fields without which its rows say nothing; of a group one is enough
_NEEDED: Final[Mapping[Kind, tuple[tuple[str, ...], ...]]] = {
    "customer": (("customer", "email"),),
    "invoice": (("number",), ("amount",)),
    "line": (("number",),),
    "payment": (("amount",), ("number", "customer", "email")),
    "credit": (("amount",), ("number", "customer", "email")),
}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the operator says of the files; None or "" where the file itself is to show it."""

    kind: Kind | None = None
    encoding: str = ""
    delimiter: str = ""
    decimal: Mark | None = None
    dates: Order | None = None
    #: ISO 4217, for rows that name none
    currency: str = ""
    #: the site's headings → field
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a file is written, as it was found."""

    encoding: str
    delimiter: str
    #: None where the file does not show it
    decimal: Mark | None
    dates: Order | None
    #: None where a column says it row by row
    kind: Kind | None
    #: heading → field
    columns: Mapping[str, str]
    #: headings that mean nothing to us, or the same as another one
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A row that cannot be taken."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.why}"


class Reader:
    """Reads the files of one import, and remembers the rows of earlier ones: what stands twice must be the same."""

    def __init__(self, wish: Wish | None = None) -> None:
        self._wish = wish or Wish()
        #: file name → how it is written
        self.formats: dict[str, Format] = {}
        #: rows taken, by kind
        self.counts: Counter[Kind] = Counter()
        self._seen: dict[tuple[str, str], int] = {}
        self._unnamed: Counter[str] = Counter()
        self._positions: Counter[str] = Counter()

    def read(self, name: str, file: BinaryIO) -> Iterator[Row | Problem]:
        """The rows of a file that can be sought in. Raises OperatorError where it is no table of ours."""
        encoding = self._wish.encoding or _encoding(name, file)
        sample = _sample(name, file, encoding)
        found = self._format(name, encoding, sample)
        self.formats[name] = found
        writing = Writing(decimal=found.decimal, dates=found.dates, currency=self._wish.currency)
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        try:
            yield from self._rows(name, text, found, writing)
        finally:
            # the file is the caller's to close
            text.detach()

    def _format(self, name: str, encoding: str, sample: str) -> Format:
        own = self._wish.columns
        delimiter = self._wish.delimiter or _delimiter(sample, own)
        rows = [cells for _, cells in _cells(io.StringIO(sample, newline=""), delimiter) if isinstance(cells, list)]
        if not rows:
            raise OperatorError(f"{name}: there is no row in it")
        headings = rows[0]
        if len(headings) > _MOST_COLUMNS:
            raise OperatorError(f"{name}: {len(headings)} columns are more than {_MOST_COLUMNS}")
        chosen, unused = fields_of(headings, own)
        fields = list(chosen.values())
        kind = None if "kind" in fields else self._wish.kind or kind_of_word(_stem(name)) or kind_of_fields(fields)
        if kind is None and "kind" not in fields:
            raise OperatorError(
                f"{name}: cannot tell what its rows are: add a column `kind`, or give --kind {'|'.join(KINDS)}"
            )
        _check_columns(name, kind, fields, headings)
        columns = {at: field for at, field in chosen.items() if kind is None or field != "kind"}
        # the last row of a sample may be cut
        texts = [[cells[at] if at < len(cells) else "" for cells in rows[1:-1] or rows[1:]] for at in columns]
        shown = dict(zip(columns.values(), texts, strict=True))
        return Format(
            encoding=encoding,
            delimiter=delimiter,
            decimal=self._wish.decimal or _mark([cell for name in _MONEY for cell in shown.get(name, ())]),
            dates=self._wish.dates or _order([cell for name in _DAYS for cell in shown.get(name, ())]),
            kind=kind,
            columns={headings[at]: field for at, field in columns.items()},
            unused=unused,
        )

    def _rows(self, name: str, text: io.TextIOBase, found: Format, writing: Writing) -> Iterator[Row | Problem]:
        headings: list[str] | None = None
        for line, cells in _cells(text, found.delimiter):
            if isinstance(cells, str):
                yield Problem(file=name, line=line, why=cells)
            elif headings is None:
                headings = cells
                fields = [found.columns.get(heading) if headings.index(heading) == at else None
                          for at, heading in enumerate(headings)]  # fmt: skip
            elif len(cells) != len(headings):
                why = f"has {len(cells)} cells, the heading has {len(headings)}"
                yield Problem(file=name, line=line, why=why)
            else:
                named = {field: cell for field, cell in zip(fields, cells, strict=True) if field}
                try:
                    yield self._row(found.kind, named, writing)
                except BadRow as bad:
                    yield Problem(file=name, line=line, why=str(bad))

    def _row(self, kind: Kind | None, cells: Mapping[str, str], writing: Writing) -> Row:
        if kind is None:
            word = cells.get("kind", "")
            kind = kind_of_word(word)
            if kind is None:
                raise BadRow(f"kind: {word!r} is none of {', '.join(KINDS)}" if word.strip() else "kind is missing")
        row = self._named(read_row(kind, cells, writing))
        self._once(kind, row)
        self.counts[kind] += 1
        return row

    def _named(self, row: Row) -> Row:
        """Lines without a position are counted; payments and credits without a number get one that stays the same."""
        if isinstance(row, InvoiceLine) and not row.position:
            self._positions[row.invoice] += 1
            return replace(row, position=self._positions[row.invoice])
        if isinstance(row, Payment | Credit) and not row.id:
            words = repr((type(row).__name__, replace(row, id="")))
            # two rows that are the same are two payments: told apart by their order
            self._unnamed[words] += 1
            digest = hashlib.sha256(f"{words} {self._unnamed[words]}".encode()).hexdigest()
            return replace(row, id=f"row-{digest[:16]}")
        return row

    def _once(self, kind: Kind, row: Row) -> None:
        key = _key(row)
        if self._seen.setdefault((kind, key), hash(row)) != hash(row):
            raise BadRow(f"{kind} {key} stands twice in this import and differs")


def _key(row: Row) -> str:
    match row:
        case Customer() | Payment():
            return row.id
        case Credit():
            return f"{row.kind} {row.id}"
        case Invoice():
            return row.number
        case InvoiceLine():
            return f"{row.invoice} position {row.position}"


def _stem(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or name


def _encoding(name: str, file: BinaryIO) -> str:
    """UTF-8 or UTF-16 where the whole file is that, else the Windows code page of western Europe."""
    start = file.read(4)
    file.seek(0)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8 = True
    while block := file.read(_SAMPLE):
        if b"\0" in block:
            raise OperatorError(f"{name}: is no text file; save it as CSV")
        with suppress(UnicodeDecodeError):
            decoder.decode(block)
            continue
        utf8 = False
        break
    file.seek(0)
    return "utf-8-sig" if utf8 else "cp1252"


def _sample(name: str, file: BinaryIO, encoding: str) -> str:
    try:
        # refuses codecs that make no text, like base64; their decoders would begin
        " ".encode(encoding)
        sample = codecs.getincrementaldecoder(encoding)().decode(file.read(_SAMPLE))
    except UnicodeError as error:
        raise OperatorError(f"{name}: is not written in {encoding}: {error}; give --encoding") from error
    except LookupError as error:
        raise OperatorError(f"--encoding: there is no {encoding}") from error
    file.seek(0)
    return sample


def _delimiter(sample: str, own: Mapping[str, str]) -> str:
    """The one that makes the most known headings of the first line, then the most headings."""

    def worth(delimiter: str) -> tuple[int, int]:
        first = next((cells for _, cells in _cells(io.StringIO(sample, newline=""), delimiter)), [])
        return (len(fields_of(first, own)[0]), len(first)) if isinstance(first, list) else (0, 0)

    return max(_DELIMITERS, key=worth)


def _cells(text: io.TextIOBase, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Line number and cells of every row that is not empty, or what is wrong with the row."""
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    first = True
    while True:
        try:
            cells = next(reader, None)
        except (csv.Error, UnicodeError, _TooLong) as error:
            yield reader.line_num + isinstance(error, UnicodeError | _TooLong), f"cannot be read: {error}"
            if isinstance(error, csv.Error):
                continue
            return
        if cells is None:
            return
        # Excel writes its delimiter into a line of its own
        told = first and len(cells) <= 2 and cells[:1] and cells[0].casefold().startswith("sep=")
        first = False
        if not told and any(cell.strip() for cell in cells):
            yield reader.line_num, cells


class _TooLong(ValueError):
    pass


def _lines(text: io.TextIOBase) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) >= _LONGEST_LINE:
            raise _TooLong(f"a line is longer than {_LONGEST_LINE} characters; the rest of the file was not read")
        yield line


def _check_columns(name: str, kind: Kind | None, fields: Sequence[str], headings: Sequence[str]) -> None:
    needed = _NEEDED[kind] if kind else (("kind",),)
    missing = [" or ".join(group) for group in needed if not set(group) & set(fields)]
    if missing:
        raise OperatorError(
            f"{name}: no column is known for {', '.join(missing)} (rows: {kind}); its headings are "
            f"{', '.join(heading[:40] for heading in headings[:30])}: name them in [ledger.columns]"
        )


def _mark(cells: Sequence[str]) -> Mark | None:
    """The decimal mark that the amounts show; None where they show none or both."""
    digits = ("".join(character for character in cell if character in "0123456789.,'’ ").strip() for cell in cells)
    shown = {mark for text in digits if (mark := decimal_mark(text))}
    return shown.pop() if len(shown) == 1 else None


def _order(cells: Sequence[str]) -> Order | None:
    """The order of day and month that the days show; None where they show none or both."""
    orders: tuple[Order, ...] = ("dmy", "mdy")
    shown: set[Order] = set()
    for cell in cells:
        fitting = [order for order in orders if read_day(cell.strip(), order) is not None]
        if len(fitting) == 1:
            shown.add(fitting[0])
    return shown.pop() if len(shown) == 1 else None
