"""rules/*.toml → `Patterns`: what the finding half of this room looks for, compiled and checked when it is loaded.

Files come from people, so every mistake is named at once with file, key and line. Regular expressions are compiled
by RE2, which has no way to run for ever.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import re2
from babel import Locale
from babel.numbers import get_territory_currencies
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from triage.errors import RulesError
from triage.understanding.findings import LANGUAGES, REASONS, Role
from triage.understanding.lexicon import Lexicon, fold
from triage.understanding.signs import EXPLAINED

IdentifierKind = Literal["invoice", "order", "customer", "account", "card"]

INVOICES: Final = "invoices.toml"
AMOUNTS: Final = "amounts.toml"
PHRASES: Final = "phrases.toml"
WEIGHTS: Final = "weights.toml"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Numbers that are known by their looks."""

    kind: IdentifierKind
    #: an RE2 pattern; its first group is the number where it has one
    pattern: str
    compiled: "re2._Regexp" = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Words that speak for a dispute, or against one."""

    text: str
    language: str
    #: log odds that it adds; negative speaks against
    weight: float
    #: the reason that it speaks for, None where it says none
    reason: str | None
    #: the section of the file that it stands in
    group: str


@dataclass(frozen=True, kw_only=True)
class Patterns:
    """Everything of rules/ that findings and the phrase classifier use."""

    #: digest of the files, for the record
    version: str
    #: what is found with it: "label.invoice", "word.charge", "sign.USD", and the groups of phrases ("dispute.contest")
    lexicon: Lexicon = field(compare=False, repr=False)
    #: folded words that may stand between a label and its number; those that end in a star stand for any ending
    between: frozenset[str]
    shapes: tuple[Shape, ...]
    #: log odds of a dispute before anything was read
    bias: float
    phrases: tuple[Phrase, ...]
    #: kind of number, or "none" → feature → weight
    identifier_weights: Mapping[IdentifierKind | Literal["none"], Mapping[str, float]] = field(repr=False)
    #: role → feature → weight
    role_weights: Mapping[Role, Mapping[str, float]] = field(repr=False)
    #: which sum is disputed: "yes" or "no" → feature → weight
    disputed_weights: Mapping[Literal["yes", "no"], Mapping[str, float]] = field(repr=False)


def load_patterns(folder: Path, *, extra: Iterable[Shape] = ()) -> Patterns:
    """The patterns of a rules folder; `extra` shapes (learned from a ledger) come after those of the file."""
    digest = hashlib.sha256()
    problems: list[str] = []
    texts: dict[str, str] = {}
    for name in (INVOICES, AMOUNTS, PHRASES, WEIGHTS):
        path = folder / name
        try:
            texts[name] = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{name}: cannot be read: {error}")
            continue
        digest.update(f"{name}\0{texts[name]}\0".encode())
    invoices = _read(_Invoices, INVOICES, texts, problems)
    amounts = _read(_Amounts, AMOUNTS, texts, problems)
    phrases = _read(_Phrases, PHRASES, texts, problems)
    weights = _read(_Weights, WEIGHTS, texts, problems)
    if problems or not (invoices and amounts and phrases and weights):
        raise RulesError(f"The rules in {folder} have mistakes.", problems)
    listed = tuple(_listed(phrases))
    return Patterns(
        version=digest.hexdigest()[:12],
        lexicon=Lexicon({**_groups(invoices, amounts), **_by_group(listed)}),
        between=frozenset(map(fold, invoices.between.words)),
        shapes=(*(shape(each.kind, each.pattern) for each in invoices.shape), *extra),
        bias=phrases.bias,
        phrases=listed,
        identifier_weights=weights.identifier,
        role_weights=weights.role,
        disputed_weights=weights.disputed,
    )


def shape(kind: IdentifierKind, pattern: str) -> Shape:
    """A shape, compiled so that it matches whole numbers only; raises re2.error where it is no RE2 pattern."""
    return Shape(kind=kind, pattern=pattern, compiled=_compiled(rf"(?:^|[^\w@./-])({pattern})(?:\b|$)"))


def learned_shapes(numbers: Iterable[str], *, kind: IdentifierKind = "invoice", least: int = 5) -> tuple[Shape, ...]:
    """The house styles that a ledger's numbers show: letters and marks as they are, digits by their count.

    A style counts when at least `least` numbers have it and it cannot be taken for a plain number.
    """
    styles: dict[str, int] = {}
    for number in numbers:
        runs = re.findall(r"\d+|\D+", number.strip())
        style = "".join(rf"\d{{{len(run)}}}" if run.isdecimal() else re.escape(run) for run in runs)
        if len(runs) > 1 and len(number) <= 40:
            styles[style] = styles.get(style, 0) + 1
    return tuple(shape(kind, style) for style, count in sorted(styles.items()) if count >= least)


# ------------------------------------------------------------------------------------------------- files

Words = list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]]
ByLanguage = dict[Literal["en", "es", "pt", "fr", "de"], Words]
#: written by training; bounds keep a slip of the hand from drowning everything else
Weight = Annotated[float, Field(ge=-20, le=20)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Shape(_File):
    kind: IdentifierKind
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    example: str

    @model_validator(mode="after")
    def matches_its_example(self) -> "_Shape":
        """A pattern that misses its own example is a slip."""
        try:
            compiled = shape(self.kind, self.pattern).compiled
        except re2.error as error:
            raise ValueError(f"not an RE2 pattern: {error}") from error
        if not compiled.search(self.example):
            raise ValueError(f"the pattern does not match its example {self.example!r}")
        return self


class _Between(_File):
    words: Words


class _Invoices(_File):
    labels: dict[Literal["invoice", "order", "customer", "account", "card", "none"], ByLanguage]
    between: _Between
    articles: ByLanguage
    context: dict[Literal["invoice", "order", "customer", "account", "none"], ByLanguage]
    shape: list[_Shape] = []


class _Money(_File):
    before: ByLanguage
    units: ByLanguage


class _Amounts(_File):
    words: dict[str, ByLanguage]
    money: _Money
    signs: dict[Literal["en", "es", "pt", "fr", "de"], dict[str, Words]]

    @field_validator("signs")
    @classmethod
    def are_currencies(cls, signs: dict[str, dict[str, Words]]) -> dict[str, dict[str, Words]]:
        """Only a currency that shares its sign with others, or has a letter for one, needs signs."""
        for language, currencies in signs.items():
            if unknown := set(currencies) - EXPLAINED:
                raise ValueError(f"{language}: {', '.join(sorted(unknown))} shares no sign with another currency")
        return signs


class _Group(_File):
    weight: Annotated[float, Field(ge=-10, le=10)]
    en: Words = []
    es: Words = []
    pt: Words = []
    fr: Words = []
    de: Words = []


class _Phrases(_File):
    bias: float
    dispute: dict[str, _Group]
    reason: dict[str, _Group]
    against: dict[str, _Group]

    @field_validator("reason")
    @classmethod
    def are_reasons(cls, groups: dict[str, _Group]) -> dict[str, _Group]:
        """A section is named after a reason, with a suffix where one reason has several."""
        if unknown := {name for name in groups if name.partition("-")[0] not in REASONS}:
            raise ValueError(f"unknown reasons: {', '.join(sorted(unknown))}")
        return groups

    @model_validator(mode="after")
    def speak_the_right_way(self) -> "_Phrases":
        """What speaks for a dispute has a positive weight, what speaks against one a negative."""
        for section, sign in (("dispute", 1), ("reason", 1), ("against", -1)):
            for name, group in getattr(self, section).items():
                if group.weight * sign < 0:
                    raise ValueError(f"{section}.{name}: weight {group.weight} has the wrong sign")
        return self


class _Weights(_File):
    identifier: dict[IdentifierKind | Literal["none"], dict[str, Weight]]
    role: dict[Role, dict[str, Weight]]
    disputed: dict[Literal["yes", "no"], dict[str, Weight]]


FileT = TypeVar("FileT", bound=_File)


def _read(kind: type[FileT], name: str, texts: Mapping[str, str], problems: list[str]) -> FileT | None:
    if name not in texts:
        return None
    try:
        return kind.model_validate(tomllib.loads(texts[name]))
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{name}: {error}")
    except ValidationError as error:
        for each in error.errors():
            where = ".".join(str(part) for part in each["loc"])
            problems.append(f"{name}{_line(texts[name], each['loc'])}: {where or 'file'}: {each['msg']}")
    return None


def _line(text: str, place: tuple[int | str, ...]) -> str:
    """ ":12" for the line where that key stands, "" where it is not found."""
    keys = [part for part in place if isinstance(part, str)]
    numbers = [part for part in place if isinstance(part, int)]
    lines = text.split("\n")
    start = 0
    for count in range(len(keys), 0, -1):
        header = re.compile(rf"\s*\[\[?\s*{re.escape('.'.join(keys[:count]))}\s*\]\]?")
        found = [number for number, line in enumerate(lines) if header.match(line)]
        if found:
            start = found[min(numbers[0] if numbers and len(found) > 1 else 0, len(found) - 1)]
            if count == len(keys):
                return f":{start + 1}"
            break
    for number in range(start, len(lines)):
        if keys and re.match(rf"\s*\"?{re.escape(keys[-1])}\"?\s*=", lines[number]):
            return f":{number + 1}"
    return f":{start + 1}" if start else ""


# ------------------------------------------------------------------------------------------------ groups


def _groups(invoices: _Invoices, amounts: _Amounts) -> dict[str, dict[str, list[str]]]:
    groups: dict[str, dict[str, list[str]]] = {}
    for kind, by_language in invoices.labels.items():
        # a Spanish mail may quote an English invoice: labels count in every language
        groups[f"label.{kind}"] = {"*": [text for texts in by_language.values() for text in texts]}
    for kind, by_language in invoices.context.items():
        groups[f"context.{kind}"] = {language: list(texts) for language, texts in by_language.items()}
    groups["article"] = {language: list(texts) for language, texts in invoices.articles.items()}
    for name, by_language in amounts.words.items():
        groups[f"word.{name}"] = {language: list(texts) for language, texts in by_language.items()}
    groups["money.before"] = {language: list(texts) for language, texts in amounts.money.before.items()}
    groups["money.units"] = {language: list(texts) for language, texts in amounts.money.units.items()}
    for language, currencies in amounts.signs.items():
        for currency, texts in currencies.items():
            groups.setdefault(f"sign.{currency}", {})[language] = list(texts)
    for currency, names in _countries():
        groups.setdefault(f"sign.{currency}", {}).setdefault("*", []).extend(names)
    return groups


def _countries() -> Iterator[tuple[str, list[str]]]:
    """The names of the countries in our languages, by each currency whose sign alone does not tell it."""
    for territory in map(str, Locale("en").territories):
        if len(territory) != 2 or territory in _CONFUSED:
            continue
        for currency in EXPLAINED.intersection(get_territory_currencies(territory)):
            yield currency, [Locale(language).territories[territory] for language in LANGUAGES]


#: territories whose names are everyday words or parts of other names, or that have a big neighbour's currency
_CONFUSED: Final = frozenset(
    {"IO", "UM", "TC", "VG", "MP", "FM", "MH", "PW", "BQ", "PS", "AX", "CC", "CX", "NF", "HM", "GS"}
)


def _listed(phrases: _Phrases) -> Iterator[Phrase]:
    for section in ("dispute", "reason", "against"):
        for name, group in getattr(phrases, section).items():
            for language in LANGUAGES:
                for text in getattr(group, language):
                    reason = name.partition("-")[0] if section == "reason" else None
                    yield Phrase(
                        text=text, language=language, weight=group.weight, reason=reason, group=f"{section}.{name}"
                    )


def _by_group(phrases: Iterable[Phrase]) -> dict[str, dict[str, list[str]]]:
    groups: dict[str, dict[str, list[str]]] = {}
    for phrase in phrases:
        groups.setdefault(phrase.group, {}).setdefault(phrase.language, []).append(phrase.text)
    return groups


def _compiled(pattern: str) -> "re2._Regexp":
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 22
    return re2.compile(pattern, options=options)
