"""Reads the corpus of `models/corpus/*.txt` into values: `read_corpus(folder)`.

The format is described in `models/corpus/README.md`. Reading is strict about the shape of a line and blind to what it
means: `corpus_check` says whether the labels fit the text. Mails of one hand resemble one another, so every mail
carries the hand it comes from and folds leave whole hands out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

IdentifierKind = Literal["invoice", "order", "customer", "account", "card"]

#: when the mails were written that do not say so
DEFAULT_SENT = date(2026, 6, 15)
IDENTIFIERS: tuple[IdentifierKind, ...] = ("invoice", "order", "customer", "account", "card")
#: keys that stand at most once in a mail
SINGLE = ("lang", "label", "kind", "also", "subject", "from", "sent", "disputed", "accept")
KEYS = frozenset({*SINGLE, *IDENTIFIERS, "amount", "date"})

_OPENING = re.compile(r"^=== (\S+)\s*$")
_AMOUNT = re.compile(r"^(?P<text>.+) = (?P<value>-?\d+(?:\.\d+)?)(?: (?P<currency>[A-Z]{3}))? (?P<role>[a-z]+)$")
_DISPUTED = re.compile(r"^(?P<value>\d+(?:\.\d+)?)(?: (?P<currency>[A-Z]{3}))? (?P<how>[a-z]+)$")


class CorpusError(ValueError):
    """A line of the corpus cannot be read; the message says the file, the line and why."""


@dataclass(frozen=True, kw_only=True)
class GoldAmount:
    """An amount as the writer of the mail labelled it."""

    text: str
    value: Decimal
    #: ISO 4217; None where nothing in the mail settles it
    currency: str | None
    role: str


@dataclass(frozen=True, kw_only=True)
class GoldDate:
    """A date as written, and the day it means."""

    text: str
    value: date


@dataclass(frozen=True, kw_only=True)
class GoldDisputed:
    """What the customer contests or claims."""

    value: Decimal
    currency: str | None
    #: stated, difference or sum
    how: str
    #: other defensible values
    accept: tuple[Decimal, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CorpusMail:
    """One mail of the corpus with its labels."""

    id: str
    #: the first word of the file name: who wrote it
    hand: str
    #: the file it stands in, and the line of its opening
    path: Path
    line: int
    language: str
    #: a reason, or "none"
    label: str
    #: what a mail that is no dispute is instead; "" for disputes
    kind: str
    #: other defensible reasons
    also: tuple[str, ...]
    subject: str
    #: display name and address; "" when not given
    sender: str
    sent: date
    body: str
    amounts: tuple[GoldAmount, ...]
    dates: tuple[GoldDate, ...]
    #: (kind, text exactly as the mail has it)
    identifiers: tuple[tuple[IdentifierKind, str], ...]
    disputed: GoldDisputed | None

    @property
    def is_dispute(self) -> bool:
        """Whether the mail disputes a bill."""
        return self.label != "none"


def read_corpus(folder: Path) -> list[CorpusMail]:
    """Every mail of every ``*.txt`` file in the folder, in the order of file name and line."""
    return [mail for path in sorted(folder.glob("*.txt")) for mail in read_file(path)]


def hands(folder: Path) -> frozenset[str]:
    """Everybody who wrote for the corpus, told from the names of its files."""
    return frozenset(map(_hand, folder.glob("*.txt")))


def read_file(path: Path) -> list[CorpusMail]:
    """The mails of one file; raises CorpusError at the first line that cannot be read."""
    return [_mail(path, line, name, lines) for line, name, lines in _blocks(path)]


def _hand(path: Path) -> str:
    return path.stem.partition("-")[0]


def _blocks(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """(line number of the opening, id, the lines after it) of each mail."""
    opening: tuple[int, str] | None = None
    lines: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if match := _OPENING.match(line):
            if opening:
                yield *opening, lines
            opening, lines = (number, match[1]), []
        elif opening:
            lines.append(line)
        elif line.strip():
            raise CorpusError(f"{path.name}:{number}: text before the first mail")
    if opening:
        yield *opening, lines


def _mail(path: Path, line: int, name: str, lines: list[str]) -> CorpusMail:
    def fail(why: str, at: int = 0) -> CorpusError:
        return CorpusError(f"{path.name}:{line + at}: {name}: {why}")

    single: dict[str, str] = {}
    amounts: list[GoldAmount] = []
    dates: list[GoldDate] = []
    identifiers: list[tuple[IdentifierKind, str]] = []
    if "---" not in lines:
        raise fail("no line '---' between labels and body")
    head = lines.index("---")
    for at, text in enumerate(lines[:head], 1):
        key, colon, value = text.partition(":")
        value = value.strip()
        if not colon or key not in KEYS:
            raise fail(f"not a known 'key: value' line: {text!r}", at)
        try:
            if key == "amount":
                amounts.append(_amount(value))
            elif key == "date":
                written, _, day = value.rpartition(" = ")
                dates.append(GoldDate(text=written, value=date.fromisoformat(day)))
            elif key in IDENTIFIERS:
                identifiers.append((key, value))
            elif key in single:
                raise fail(f"{key} stands twice", at)
            else:
                single[key] = value
        except (ValueError, InvalidOperation) as error:
            raise error if isinstance(error, CorpusError) else fail(f"{key}: {error}", at) from error
    for key in ("lang", "label", "subject"):
        if key not in single:
            raise fail(f"{key} is missing")
    try:
        return CorpusMail(
            id=name,
            hand=_hand(path),
            path=path,
            line=line,
            language=single["lang"],
            label=single["label"],
            kind=single.get("kind", ""),
            also=_listed(single.get("also", "")),
            subject=single["subject"],
            sender=single.get("from", ""),
            sent=date.fromisoformat(single["sent"]) if "sent" in single else DEFAULT_SENT,
            body="\n".join(lines[head + 1 :]).strip("\n"),
            amounts=tuple(amounts),
            dates=tuple(dates),
            identifiers=tuple(identifiers),
            disputed=_disputed(single.get("disputed", ""), single.get("accept", "")),
        )
    except (ValueError, InvalidOperation) as error:
        raise fail(str(error)) from error


def _listed(value: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", value) if word)


def _amount(value: str) -> GoldAmount:
    match = _AMOUNT.match(value)
    if not match:
        raise ValueError(f"want 'text = value [CUR] role', got {value!r}")
    return GoldAmount(text=match["text"], value=Decimal(match["value"]), currency=match["currency"], role=match["role"])


def _disputed(value: str, accept: str) -> GoldDisputed | None:
    if not value:
        return None
    match = _DISPUTED.match(value)
    if not match:
        raise ValueError(f"disputed: want 'value [CUR] how', got {value!r}")
    values = tuple(Decimal(word) for word in _listed(accept) if re.fullmatch(r"\d+(?:\.\d+)?", word))
    return GoldDisputed(value=Decimal(match["value"]), currency=match["currency"], how=match["how"], accept=values)
