"""Message → findings: invoice and other numbers, amounts and dates, each with its place in the mail.

The subject, the reply, what is quoted, and the attachments with their file names are read one after the other, and
what one of them settles (a currency, the order of day and month, the kind of a number) holds for the others.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from triage.mail.message import Message
from triage.understanding import currencies
from triage.understanding.amounts import Amount
from triage.understanding.dates import read_dates
from triage.understanding.days import Day, Order
from triage.understanding.findings import Disputed, Finding, Kind, Language, Verdict, Where
from triage.understanding.identifiers import Identifier, Identifiers, Words
from triage.understanding.lexicon import Reading
from triage.understanding.money import read_amounts
from triage.understanding.roles import Leaning, Place, Priced, Roles
from triage.understanding.rules import Patterns
from triage.understanding.senses import UNREAD, Senses
from triage.understanding.signs import SHARED

#: characters read of one text; the rest of a longer one (a log, a catalogue) is left alone
MOST: Final = 60_000
Span = tuple[int, int]
#: stands in where nobody knows when a mail was written; days that depend on it are then left out
_SOME_DAY: Final = date(2020, 7, 1)
#: the kind under which days are given that the text names without a date ("yesterday", "last Friday")
RELATIVE: Final[Kind] = "other"
#: what the groups of rules/phrases.toml begin with
PHRASES: Final = ("dispute.", "reason.", "against.")

SHARING: Final = frozenset[str]().union(*SHARED.values())
_DOLLAR: Final = re.compile(r"(?<![^\W_])(?!US)[A-Z]{1,3}\$(?=[ \u00a0]?\d)")
_CODE: Final = re.compile(r"[A-Z](?<![^\W\d_].)[A-Z]{2}(?![^\W\d_])")
#: country of an address → the currency that its "$" means
_HOSTS: Final = {
    "mx": "MXN", "au": "AUD", "ca": "CAD", "nz": "NZD", "ar": "ARS", "cl": "CLP", "co": "COP", "uy": "UYU", "do": "DOP",
    "hk": "HKD", "sg": "SGD", "us": "USD", "se": "SEK", "no": "NOK", "dk": "DKK", "jp": "JPY", "cn": "CNY", "in": "INR",
    "pk": "PKR", "ch": "CHF", "za": "ZAR", "ng": "NGN", "gt": "GTQ", "hn": "HNL", "ph": "PHP",
}  # fmt: skip
_UNIT: Final = re.compile(
    r"[ \u00a0]?(?:kg|g|km|cm|mm|m[²2³3]?|kwh|kw|mwh|h|hrs?|std|l|ltr|gb|mb|tb|x|uhr|pm|am|ghz|bar|ha|sqm|sqft)\b"
    r"|[ \u00a0]?×|[\"″]",
    re.IGNORECASE,
)
#: behind a number that is a whole text: nothing, or a sign of a script that we do not read
_ALONE: Final = re.compile(r"\s*[^\sA-Za-z\u00c0-\u024f\d]{0,4}\s*")
#: a word that is run together with the number behind it, as names of files have it: "Invoice90233", "factura-A26-31"
_GLUED: Final = re.compile(r"(?<=[^\W\d_]{3}[a-zà-ÿ])-?(?=[A-Z]{0,4}-?\d)")
#: behind a number that is a price, whatever stands before it: "35 a month"
_MONTHLY: Final = re.compile(
    r"[ \u00a0]?(?:/ ?|(?:a|per|each|every|al|por|par|pro|im|ao)[ \u00a0])"
    r"(?:month|mth|mo|mes|m[eê]s|mois|monat|year|yr|año|ano|an|jahr)\b",
    re.IGNORECASE,
)
#: the head of a column, or a label, that tells the currency of numbers without one: "Betrag EUR", "Amount (in GBP)"
_HEADED: Final = re.compile(r"(?<=[^\W\d_] )(?:\(|in |en |em )?([A-Z]{3}|[€£])\)?(?=[ \u00a0]*(?:[\t\n|:;]|\Z))")
_CLOCK: Final = re.compile(r"(?:\b(?:um|at|à|às|as|a las|gegen|ab|until|vers|sobre las|von|bis)) $", re.IGNORECASE)


#: what follows a price, not a time
_EACH: Final = re.compile(
    r" ?(?:each|apiece|a piece|per|cada|la unidad|por unidad|a unidade|chacune?|pi[eè]ce|l'unité|pro|je|das stück)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A text of the mail, and where its characters are counted from."""

    where: Where
    text: str
    #: characters of the counted text before this one
    offset: int = 0
    attachment: str | None = None
    #: True for the words of the attachment's name, which have no place in its text
    file_name: bool = False
    #: stretches that belong elsewhere: (start, end, what to add to count in `Message.text`)
    forwarded: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scan:
    """A section with the numbers and days that stand in it, before it is said what the numbers are."""

    section: Section
    reading: Reading
    amounts: tuple[Amount, ...]
    days: tuple[Day, ...]

    @property
    def firm(self) -> list[Span]:
        """Places that are money or a date beyond doubt, which no other number can claim."""
        money = [(amount.start, amount.end) for amount in self.amounts if amount.shape == "named"]
        return money + [(day.start, day.end) for day in self.days if _firm(self.section.text, day)]

    @property
    def words(self) -> Words:
        """The text as the reader of numbers wants it."""
        section = self.section
        return Words(text=section.text, reading=self.reading, taken=self.firm, amounts=self.money, where=section.where)

    @property
    def money(self) -> list[Span]:
        """Places that are money as far as one can see."""
        return [(amount.start, amount.end) for amount in self.amounts if amount.shape in ("named", "decimal")]


@dataclass(frozen=True, kw_only=True)
class Read:
    """A section with all that was read in it."""

    section: Section
    reading: Reading
    amounts: tuple[Amount, ...]
    days: tuple[Day, ...]
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True, kw_only=True)
class Extract:
    """The findings of one mail, and the amount that they amount to."""

    findings: tuple[Finding, ...]
    disputed: Disputed | None


class Extractor:
    """Finds what a mail names; made once, used for every mail."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._identifiers = Identifiers(patterns)
        self._roles = Roles(patterns)

    def findings(
        self, message: Message, language: Language, *, arrived: datetime | None = None, verdict: Verdict | None = None
    ) -> tuple[Finding, ...]:
        """The findings of a mail; `arrived` stands in for a Date header that is missing."""
        return self.extract(message, language, arrived=arrived, verdict=verdict).findings

    def extract(
        self, message: Message, language: Language, *, arrived: datetime | None = None, verdict: Verdict | None = None
    ) -> Extract:
        """The findings of a mail, and the sum that is contested in it; a verdict tells the roles of amounts better."""
        scans = self.scan(message, language, arrived=arrived)
        senses = verdict.senses if verdict is not None else UNREAD
        reads = self.read(scans, senses)
        priced, disputed = self._roles.judge(places(reads), leaning(scans, verdict), senses)
        return Extract(findings=tuple(_distinct(_found(reads, priced))), disputed=disputed)

    def in_picture(
        self, message: Message, attachment: int, text: str, language: Language, *, verdict: Verdict | None = None
    ) -> tuple[Finding, ...]:
        """The findings of the text that OCR has read in an attachment; the mail tells its currency and its days."""
        alone = (replace(message.attachments[attachment], text=text),)
        found = self.findings(replace(message, attachments=alone), language, verdict=verdict)
        # without those of its file name, which needed no OCR
        return tuple(each for each in found if each.where == "attachment" and each.end)

    def scan(self, message: Message, language: Language, *, arrived: datetime | None = None) -> list[Scan]:
        """The texts of a mail with their words, numbers and days: what there is to decide about."""
        sections = list(_sections(message))
        sent = message.date or arrived
        readings = [self._patterns.lexicon.read(section.text, language) for section in sections]
        implied = _implied(message, language, sections, readings)
        order = _order(language, implied)
        scans = []
        for section, reading in zip(sections, readings, strict=True):
            amounts = read_amounts(section.text, None if language == "other" else language, implied=implied)
            days = read_dates(section.text, language, written=sent.date() if sent else _SOME_DAY, order=order)
            if not sent:
                days = [day for day in days if not (day.yearless or day.relative)]
            scans.append(Scan(section=section, reading=reading, amounts=tuple(amounts), days=tuple(days)))
        return scans

    def read(self, scans: Sequence[Scan], senses: Senses = UNREAD) -> list[Read]:
        """What each number of the texts is: money, a day, or the name of something."""
        numbers = self._identifiers.read([scan.words for scan in scans], senses)
        return _agreed([_decided(scan, of_scan) for scan, of_scan in zip(scans, numbers, strict=True)])


#: probabilities between which a verdict says nothing of what the amounts are
UNSURE: Final = (0.1, 0.5)


def leaning(scans: Sequence[Scan], verdict: Verdict | None) -> Leaning:
    """What is known of the matter: the verdict where there is one, and the phrases of the own words."""
    own = [scan for scan in scans if scan.section.where in ("reply", "subject")]
    groups = {hit.name for scan in own for hit in scan.reading.hits if hit.name.startswith(PHRASES)}
    if verdict is None or UNSURE[0] <= verdict.probability < UNSURE[1]:
        # a verdict that may be wrong would mislead: the words of the mail must tell
        return Leaning(groups=frozenset(groups))
    dispute = verdict.probability >= UNSURE[1]
    return Leaning(dispute=dispute, reason=verdict.reason if dispute else None, groups=frozenset(groups))


def places(reads: Sequence[Read]) -> list[Place]:
    """The texts as the judge of roles wants them."""
    return [
        Place(where=read.section.where, text=read.section.text, reading=read.reading, amounts=read.amounts)
        for read in reads
    ]


# ---------------------------------------------------------------------------------------------- sections


def _sections(message: Message) -> Iterator[Section]:
    """The texts of a mail in the order in which findings are listed."""
    if message.reply:
        yield Section(where="reply", text=message.reply[:MOST], forwarded=_forwarded(message))
    if message.subject:
        yield Section(where="subject", text=message.subject)
    shown = {
        part for part in message.parts if part.label == "forwarded" and _place_in_reply(message, part.start, part.end)
    }
    for part in message.parts:
        if part.label in ("quoted", "forwarded", "signature") and part not in shown:
            yield Section(where="quoted", text=message.text[part.start : part.end][:MOST], offset=part.start)
    if not message.reply and not message.parts and message.text:
        yield Section(where="quoted", text=message.text[:MOST])
    for attachment in message.attachments:
        if attachment.text:
            yield Section(where="attachment", text=attachment.text[:MOST], attachment=attachment.filename)
        if attachment.filename:
            words = _GLUED.sub(" ", (attachment.filename.rpartition(".")[0] or attachment.filename).replace("_", " "))
            yield Section(where="attachment", text=words, attachment=attachment.filename, file_name=True)


def _forwarded(message: Message) -> tuple[tuple[int, int, int], ...]:
    """Where forwarded words stand in the reply, and how far they are from their place in the text."""
    places = []
    for part in message.parts:
        if part.label == "forwarded" and (place := _place_in_reply(message, part.start, part.end)):
            start, end, at = place
            places.append((start, end, at - start))
    return tuple(places)


def _place_in_reply(message: Message, start: int, end: int) -> tuple[int, int, int] | None:
    """(start and end in the reply, start in the text) of a part of the text that the reply holds word for word."""
    words = message.text[start:end].strip()
    at = message.reply.find(words) if words else -1
    return (at, at + len(words), message.text.index(words, start)) if at >= 0 else None


# ------------------------------------------------------------------------------------------- what settles


def _implied(
    message: Message, language: Language, sections: Sequence[Section], readings: Sequence[Reading]
) -> frozenset[str]:
    """The currencies that the mail points to: by their codes, by signs of a country, by the sender's address."""
    codes = SHARING.intersection(code for section in sections for code in _codes(section.text))
    if codes:
        return codes
    signs = {hit.name[5:] for reading in readings for hit in reading.of("sign")}
    if signs:
        return frozenset(signs)
    host = message.sender.address.rpartition(".")[2]
    if host in _HOSTS:
        return frozenset({_HOSTS[host]})
    offset = message.date.utcoffset() if message.date else None
    return frozenset({_by_clock(language, offset / timedelta(hours=1))} - {""}) if offset is not None else frozenset()


def _codes(text: str) -> Iterator[str]:
    """Codes, and dollars with the letters of their country: "A$"; whoever writes "US$" may have another one, too."""
    yield from _CODE.findall(text)
    if "$" in text:
        yield from (currencies.SIGNS.get(sign.lower(), "") for sign in _DOLLAR.findall(text))


def _by_clock(language: Language, hours: float) -> str:
    """Whose dollar it is by the writer's zone, where his language leaves one country."""
    if language == "en":
        return "USD" if -10 <= hours <= -4 else "AUD" if 9 < hours <= 11 else "NZD" if 12 <= hours <= 13 else ""
    return "CAD" if language == "fr" and -5 <= hours <= -4 else ""


def _order(language: Language, implied: AbstractSet[str]) -> Order | None:
    """Americans put the month first; nobody else does."""
    return "month first" if language == "en" and implied == {"USD"} else None


def _agreed(reads: Sequence[Read]) -> list[Read]:
    """What one section settles for all: shared signs, and bare numbers, mean the only currency of the mail."""
    named = {amount.currency for read in reads for amount in read.amounts if amount.currency}
    meant = {sign: of_sign for sign in named if (of_sign := _meant(sign, named))}
    named = {meant.get(currency, currency) for currency in named}
    if not named and any(read.amounts for read in reads):
        named = {code for read in reads for code in _headed(read.section.text)}
    only = next(iter(named)) if len(named) == 1 else None
    if only is None and not meant:
        return list(reads)
    return [
        replace(
            read,
            amounts=tuple(
                replace(each, currency=meant.get(each.currency, each.currency) if each.currency else only)
                for each in read.amounts
            ),
        )
        for read in reads
    ]


def _meant(sign: str, named: AbstractSet[str]) -> str | None:
    """The one currency beside a shared sign that it may stand for: "A$1,210 including $110"."""
    # who writes "US$ 50" has another dollar, too
    others = (SHARED.get(sign, frozenset()) & named) - {"USD"}
    return next(iter(others)) if len(others) == 1 else None


def _headed(text: str) -> Iterator[str]:
    """The currencies that stand over columns or behind labels."""
    for match in _HEADED.finditer(text):
        code = currencies.SIGNS.get(match[1], match[1])
        if currencies.is_code(code) and code not in currencies.WORDLIKE:
            yield code


# ------------------------------------------------------------------------------------------- bare numbers


def _decided(scan: Scan, identifiers: Sequence[Identifier]) -> Read:
    """A section in which every place is one thing: money, a day, or the name of something."""
    text, named = scan.section.text, [(each.start, each.end) for each in scan.amounts if each.shape == "named"]
    numbers = [(each.start, each.end) for each in identifiers if each.sure and each.kind != "none"]
    days = [day for day in scan.days if not _meets((day.start, day.end), [*named, *numbers])]
    absolute = [(day.start, day.end) for day in days if not day.relative]
    identifiers = [each for each in identifiers if not _meets((each.start, each.end), absolute)]
    held = [*absolute, *((each.start, each.end) for each in identifiers if each.sure or each.kind != "none")]
    amounts = [amount for amount in scan.amounts if _is_money(text, amount, scan.reading, held)]
    return Read(
        section=scan.section, reading=scan.reading, amounts=tuple(amounts), days=tuple(days),
        identifiers=tuple(identifiers),
    )  # fmt: skip


def _is_money(text: str, amount: Amount, reading: Reading, held: Sequence[tuple[int, int]]) -> bool:
    """Whether a number is money: with a currency always, without one by its look and the words around it."""
    if _meets((amount.start, amount.end), held):
        return False
    if amount.shape == "named":
        return True
    if _UNIT.match(text, amount.end):
        return False
    if not text[: amount.start].strip() and _ALONE.fullmatch(text, amount.end):
        return True
    token = reading.token_at(amount.start)
    after = reading.token_at(amount.end)
    counted = any(hit.name == "money.units" and hit.first == after for hit in reading.hits)
    told = any(hit.name == "money.before" and hit.last in (token, token - 1) for hit in reading.hits)
    told = told or bool(_MONTHLY.match(text, amount.end))
    labelled = any(hit.name == "label.none" and hit.last in (token, token - 1) for hit in reading.hits)
    if counted or labelled:
        return False
    if amount.shape == "decimal":
        clock = (
            amount.value < 24
            and amount.value % 1 < Decimal("0.6")
            and _CLOCK.search(text[max(0, amount.start - 10) : amount.start])
            and not _EACH.match(text, amount.end)
        )
        return not clock
    digits = text[amount.start : amount.end]
    if amount.shape == "grouped":
        return told and len(digits) >= 4
    return told and 2 <= len(digits) <= 7 and not digits.startswith("0") and not re.fullmatch(r"20[0-4]\d", digits)


def _firm(text: str, day: Day) -> bool:
    """Whether a date is one beyond doubt, so that no number can claim its place."""
    return not day.yearless or any(map(str.isalpha, text[day.start : day.end]))


def _meets(span: tuple[int, int], spans: Iterable[tuple[int, int]]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in spans)


# ---------------------------------------------------------------------------------------------- findings


def _found(reads: Sequence[Read], priced: Sequence[Sequence[Priced]]) -> Iterator[Finding]:
    for read, prices in zip(reads, priced, strict=True):
        for price in () if read.section.file_name else prices:
            yield _placed(
                read.section,
                Finding(
                    kind="amount",
                    text=read.section.text[price.amount.start : price.amount.end],
                    value=plain(price.amount.value, price.amount.currency),
                    currency=price.amount.currency,
                    alternatives=tuple(plain(each, price.amount.currency) for each in price.amount.alternatives),
                    role=price.role,
                    start=price.amount.start,
                    end=price.amount.end,
                ),
            )
        for day in read.days:
            yield _placed(
                read.section,
                Finding(
                    kind=RELATIVE if day.relative else "date",
                    text=read.section.text[day.start : day.end],
                    value=day.value.isoformat(),
                    alternatives=(day.alternative.isoformat(),) if day.alternative else (),
                    start=day.start,
                    end=day.end,
                ),
            )
        for each in read.identifiers:
            if each.kind != "none":
                yield _placed(
                    read.section,
                    Finding(
                        kind=each.kind, text=read.section.text[each.start : each.end], value=each.value,
                        start=each.start, end=each.end,
                    ),
                )  # fmt: skip


def _placed(section: Section, finding: Finding) -> Finding:
    """The finding with its place counted as `Finding.where` promises."""
    if section.file_name:
        return replace(finding, where=section.where, attachment=section.attachment, start=0, end=0)
    for start, end, by in section.forwarded:
        if start <= finding.start < end:
            return replace(finding, where="quoted", start=finding.start + by, end=finding.end + by)
    return replace(
        finding, where=section.where, start=finding.start + section.offset, end=finding.end + section.offset,
        attachment=section.attachment,
    )  # fmt: skip


def _distinct(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Each value once per place; where it stands twice with different roles, once for each role."""
    seen = set()
    for finding in findings:
        key = (finding.kind, finding.value, finding.currency, finding.role, finding.where, finding.attachment)
        if key not in seen:
            seen.add(key)
            yield finding


def plain(value: Decimal, currency: str | None) -> str:
    """A plain decimal with the currency's own number of decimals, or as many as the text has ("0.125")."""
    places = currencies.decimals(currency)
    rounded = round(value, max(places, 2))
    return str(rounded if rounded == value else value)
