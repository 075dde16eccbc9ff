"""Cells → values of the ledger: one row of a table, by field name, becomes a `Row` or says why it cannot.

Serves files, whose cells are text in the file's own writing, and databases, whose cells are numbers and days already.
Nothing is guessed: an amount or a day that can be read in two ways is refused, with what would settle it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, cast

from triage.records.columns import REFUND_WORDS, STATUS_WORDS, Kind, plain
from triage.records.ledger import Credit, CreditKind, Customer, Invoice, InvoiceLine, Payment, Status
from triage.understanding import currencies
from triage.understanding.numbers import SPACES, Mark

Row = Customer | Invoice | InvoiceLine | Payment | Credit
Order = Literal["ymd", "dmy", "mdy"]
Cells = Mapping[str, object]

#: longest number, id or address, and longest text: more is not what the column says it is
_NUMBER_LENGTH: Final = 80
_TEXT_LENGTH: Final = 500
#: digits of an amount; beyond them it is no money
_DIGITS: Final = 15
_ADDRESS: Final = re.compile(r"[^\s<>,;\"'()]+@[^\s<>,;\"'()@]+")
_DAY: Final = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[T ]\d{1,2}:\d{2}.*)?")
_AMOUNT: Final = re.compile(r"(?P<before>[^\d.,()+-]*)(?P<number>[-+(]?.*?[\d)]-?)(?P<after>[^\d)-]*)")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")


class BadRow(ValueError):
    """A row that cannot be taken, and why."""


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How the cells of one table are written."""

    #: None where the table does not show it: amounts with one mark before three digits are then refused
    decimal: Mark | None = "."
    #: order of the days that are not ISO 8601; None where the table does not show it
    dates: Order | None = None
    #: ISO 4217, for rows that name none; "" = they must
    currency: str = ""
    #: words for a status that nobody knows stand for none; in a file they are refused
    own_words: bool = False


def read_row(kind: Kind, cells: Cells, writing: Writing) -> Row:
    """The value that a row is; raises `BadRow`. Payments, credits and lines may come without id or position."""
    return _READERS[kind](cells, writing)


# ------------------------------------------------------------------------------------------------- the kinds of rows


def _customer(cells: Cells, _: Writing) -> Customer:
    addresses = _addresses(cells)
    identity = _identity(cells)
    if not identity:
        raise BadRow("neither customer nor email says whose row it is")
    return Customer(id=identity, name=_text(cells, "customer_name"), addresses=addresses)


def _invoice(cells: Cells, writing: Writing) -> Invoice:
    number = _number(cells)
    total, currency = _needed_money(cells, "amount", writing)
    return Invoice(
        number=number,
        customer=_identity(cells),
        customer_name=_text(cells, "customer_name"),
        addresses=_addresses(cells),
        issued=_day(cells, "date", writing),
        due=_day(cells, "due", writing),
        period_start=_day(cells, "period_start", writing),
        period_end=_day(cells, "period_end", writing),
        status=cast(Status, _meaning(cells, "status", STATUS_WORDS, own=writing.own_words)),
        currency=_currency(cells, currency, writing, needed=True),
        net=_money(cells, "net", writing)[0],
        tax=_money(cells, "tax", writing)[0],
        total=total,
    )


def _line(cells: Cells, writing: Writing) -> InvoiceLine:
    amount = _money(cells, "net", writing)[0]
    position = _count(cells, "position")
    return InvoiceLine(
        invoice=_number(cells),
        position=position or 0,
        description=_text(cells, "description"),
        quantity=_decimal(cells, "quantity", writing),
        unit_price=_money(cells, "unit_price", writing)[0],
        amount=amount if amount is not None else _money(cells, "amount", writing)[0],
        tax_rate=_percent(cells, writing),
        period_start=_day(cells, "period_start", writing),
        period_end=_day(cells, "period_end", writing),
    )


def _payment(cells: Cells, writing: Writing) -> Payment:
    amount, currency = _needed_money(cells, "amount", writing)
    invoice, customer = _text(cells, "number", _NUMBER_LENGTH), _identity(cells)
    if not invoice and not customer:
        raise BadRow("neither an invoice nor a customer says whose payment it is")
    return Payment(
        id=_text(cells, "id", _NUMBER_LENGTH),
        invoice=invoice,
        customer=customer,
        currency=_currency(cells, currency, writing, needed=False),
        amount=amount,
        received=_day(cells, "date", writing),
        reference=_text(cells, "reference"),
    )


def _credit(cells: Cells, writing: Writing) -> Credit:
    amount, currency = _needed_money(cells, "amount", writing)
    invoice, customer = _text(cells, "number", _NUMBER_LENGTH), _identity(cells)
    if not invoice and not customer:
        raise BadRow("neither an invoice nor a customer says whose credit it is")
    named = _meaning(cells, "type", REFUND_WORDS) or REFUND_WORDS.get(plain(str(cells.get("kind") or "")))
    return Credit(
        id=_text(cells, "id", _NUMBER_LENGTH),
        kind=cast(CreditKind, named or "credit"),
        invoice=invoice,
        customer=customer,
        currency=_currency(cells, currency, writing, needed=False),
        # many programs write credits with a minus
        amount=abs(amount),
        issued=_day(cells, "date", writing),
        reason=_text(cells, "reference"),
    )


_READERS: Final[Mapping[Kind, Callable[[Cells, Writing], Row]]] = {
    "customer": _customer,
    "invoice": _invoice,
    "line": _line,
    "payment": _payment,
    "credit": _credit,
}


# --------------------------------------------------------------------------------------------------------- the cells


def _text(cells: Cells, field: str, longest: int = _TEXT_LENGTH) -> str:
    value = cells.get(field)
    text = _CONTROLS.sub(" ", str(value)).strip() if value is not None else ""
    if len(text) > longest:
        raise BadRow(f"{field}: {len(text)} characters are more than {longest}")
    return text


def _number(cells: Cells) -> str:
    number = _text(cells, "number", _NUMBER_LENGTH)
    if not any(character.isalnum() for character in number):
        raise BadRow("the invoice number is missing")
    return number


def _addresses(cells: Cells) -> frozenset[str]:
    text = _text(cells, "email", 2000)
    found = frozenset(address.lower() for address in _ADDRESS.findall(text))
    if text and not found:
        raise BadRow(f"email: {text[:60]!r} is no address")
    return found


def _identity(cells: Cells) -> str:
    """The customer's id; an address or the name where the table has no ids."""
    return (
        _text(cells, "customer", _NUMBER_LENGTH)
        or min(_addresses(cells), default="")
        or _text(cells, "customer_name", 200)
    )


def _meaning(cells: Cells, field: str, words: Mapping[str, str], *, own: bool = False) -> str:
    text = _text(cells, field, 60)
    if text and plain(text) not in words:
        if own:
            return ""
        raise BadRow(f"{field}: {text!r} is no known word; known are {', '.join(sorted(words)[:12])} …")
    return words[plain(text)] if text else ""


def _needed_money(cells: Cells, field: str, writing: Writing) -> tuple[Decimal, str]:
    value, currency = _money(cells, field, writing)
    if value is None:
        raise BadRow(f"{field} is missing")
    return value, currency


def _money(cells: Cells, field: str, writing: Writing) -> tuple[Decimal | None, str]:
    """An amount, and the currency that stands in its cell."""
    value = cells.get(field)
    if value is None or isinstance(value, int | float | Decimal):
        return (None if value is None else _bounded(Decimal(str(value)), field, value)), ""
    text = _text(cells, field, 60)
    match = _AMOUNT.fullmatch(text)
    if not text or match is None:
        if text:
            raise BadRow(f"{field}: {text!r} is no amount")
        return None, ""
    named = [_code(words) for words in (match["before"], match["after"]) if words.strip()]
    number = match["number"]
    negative = number.startswith(("-", "(")) or number.endswith("-")
    digits = number.strip("+-()").strip()
    amount = read_digits(digits, writing.decimal)
    if amount is None or None in named or len(named) > 1:
        raise BadRow(f"{field}: {text!r} {_not_read(digits, writing.decimal)}")
    return _bounded(-amount if negative else amount, field, text), named[0] or "" if named else ""


def read_digits(digits: str, mark: Mark | None) -> Decimal | None:
    """The number that the digits are under a decimal mark; None where they are none, or one of two.

    >>> read_digits("1.234,50", ","), read_digits("1,234.50", ","), read_digits("1.234", None)
    (Decimal('1234.50'), None, None)
    """
    found = {_under(digits, each) for each in ((mark,) if mark else _MARKS)} - {None}
    return found.pop() if len(found) == 1 else None


_MARKS: Final[tuple[Mark, Mark]] = (".", ",")


def _number_with(mark: Mark) -> re.Pattern[str]:
    group = "," if mark == "." else r"\."
    whole = rf"\d+|\d{{1,3}}(?:(?:{group}|[{SPACES}'’])\d{{3}})+|\d{{1,2}}(?:{group}\d{{2}})+{group}\d{{3}}"
    return re.compile(rf"(?P<whole>{whole}|)(?:{re.escape(mark)}(?P<part>\d{{1,6}}))?")


_NUMBERS: Final[Mapping[Mark, re.Pattern[str]]] = {mark: _number_with(mark) for mark in _MARKS}


def _under(digits: str, mark: Mark) -> Decimal | None:
    match = _NUMBERS[mark].fullmatch(digits)
    if match is None or not (match["whole"] or match["part"]):
        return None
    return Decimal(re.sub(r"\D", "", match["whole"]) + (f".{match['part']}" if match["part"] else "") or "0")


def _not_read(digits: str, mark: Mark | None) -> str:
    if mark is None and _under(digits, ".") is not None and _under(digits, ",") is not None:
        return "can be read in two ways: say which decimal mark the file has"
    return f"is no amount with a decimal {'comma' if mark == ',' else 'point'}" if mark else "is no amount"


def _bounded(amount: Decimal, field: str, shown: object) -> Decimal:
    if not amount.is_finite() or abs(amount) >= 10**_DIGITS:
        raise BadRow(f"{field}: {shown!s:.40} is no amount of money")
    return amount


def _decimal(cells: Cells, field: str, writing: Writing) -> Decimal | None:
    value, named = _money(cells, field, writing)
    if named:
        raise BadRow(f"{field}: {cells[field]!r} is no plain number")
    return value


def _percent(cells: Cells, writing: Writing) -> Decimal | None:
    text = _text(cells, "tax_rate", 20).rstrip("% ")
    rate = _decimal({"tax_rate": text}, "tax_rate", writing) if text else None
    if rate is not None and not 0 <= rate < 100:
        raise BadRow(f"tax_rate: {text!r} is no percentage")
    # 0.21 is how databases write 21 %; no tax is under one percent
    return rate * 100 if rate is not None and 0 < rate < 1 else rate


def _count(cells: Cells, field: str) -> int | None:
    text = _text(cells, field, 12)
    if text and not (text.isdecimal() and int(text) > 0):
        raise BadRow(f"{field}: {text!r} is no position")
    return int(text) if text else None


def _currency(cells: Cells, beside: str, writing: Writing, *, needed: bool) -> str:
    """ISO 4217: of its own column, of the amount's cell, of the whole table."""
    text = _text(cells, "currency", 20)
    code = _code(text) if text else beside
    if not code and text:
        raise BadRow(f"currency: {text!r} is no ISO 4217 code")
    if text and beside and code != beside:
        raise BadRow(f"currency: the column says {code}, the amount {beside}")
    code = code or writing.currency or ""
    if not code and needed:
        raise BadRow("the currency is missing: add a column, or say which one the whole file has")
    return code


def _code(text: str) -> str | None:
    """The ISO 4217 code that a code or sign stands for; "" for a sign that several share, None for anything else."""
    name = text.strip()
    meant = name.upper() if currencies.is_code(name.upper()) else currencies.SIGNS.get(name.casefold())
    return meant if meant is None or currencies.is_code(meant) else ""


def _day(cells: Cells, field: str, writing: Writing) -> date | None:
    value = cells.get(field)
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    text = _text(cells, field, 60)
    if not text:
        return None
    day = read_day(text, writing.dates)
    if day is None:
        two_ways = writing.dates is None and read_day(text, "dmy") and read_day(text, "mdy")
        hint = "can be read in two ways: say the order of day, month and year" if two_ways else "is no date"
        raise BadRow(f"{field}: {text!r} {hint}")
    return day


def read_day(text: str, order: Order | None) -> date | None:
    """The day that the text is; ISO 8601 whatever the order. None where it is none, or one of two."""
    if match := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text):
        return _date(match[1], match[2], match[3])
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    first, middle, last = match[1], match[3], match[4]
    if len(first) == 4:
        return _date(first, middle, last)
    by_order = {"dmy": (last, middle, first), "mdy": (last, first, middle), "ymd": (first, middle, last)}
    # with points the day comes first everywhere
    known = "dmy" if match[2] == "." and order != "ymd" else order
    found = {_date(*by_order[each]) for each in ([known] if known else ("dmy", "mdy"))} - {None}
    return found.pop() if len(found) == 1 else None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return None
