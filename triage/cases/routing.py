"""The admin's rules: `rules/routing.toml`, in order, over a documented vocabulary.

A rule has a condition and effects. Every rule that was asked leaves a trace, hit or miss, with the reason. Effects only
propose: deciding still withholds an answer from a machine, whatever a rule says.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from triage.cases.actions import Priority, RuleTrace
from triage.cases.expressions import BadExpression, Expression, Facts, compile_expression
from triage.cases.rulefile import RuleFile, mistakes, read_rule_file
from triage.mail.message import Message
from triage.records.claim import Consulted
from triage.understanding.findings import Band, Understanding

#: longest text that rules look at: what matters stands in front, and conditions stay cheap
TEXT_LIMIT = 20_000

TermType = Literal["text", "number", "truth", "list of texts"]


@dataclass(frozen=True, kw_only=True)
class Term:
    """One word of the vocabulary."""

    type: TermType
    meaning: str


#: what conditions may use: name → type and meaning. Nothing is ever absent: unknown is "", 0.0, false or [].
VOCABULARY: Mapping[str, Term] = {
    "mail.subject": Term(type="text", meaning="the subject"),
    "mail.text": Term(type="text", meaning="what the sender newly wrote, without quotes (the first 20,000 characters)"),
    "mail.sender": Term(type="text", meaning="the From address, lower case"),
    "mail.sender_name": Term(type="text", meaning="the name beside it"),
    "mail.domain": Term(type="text", meaning="the domain of the From address"),
    "mail.mailbox": Term(type="text", meaning="the name of the mailbox in config.toml"),
    "mail.folder": Term(type="text", meaning="the folder it was found in"),
    "mail.to": Term(type="list of texts", meaning="the addresses of To and Cc, lower case"),
    "mail.has_attachment": Term(type="truth", meaning="something is attached"),
    "mail.attachments": Term(type="list of texts", meaning="file names, lower case"),
    "mail.size": Term(type="number", meaning="bytes of the whole mail"),
    "mail.encrypted": Term(type="truth", meaning="the words cannot be read"),
    "language": Term(type="text", meaning="en, es, pt, fr, de or other"),
    "dispute.probability": Term(type="number", meaning="how likely the mail disputes a bill, 0.0 to 1.0"),
    "dispute.reason": Term(type="text", meaning="the likeliest reason, for example duplicate_charge"),
    "dispute.band": Term(type="text", meaning="auto, review or none, before any rule"),
    "invoices": Term(type="list of texts", meaning="invoice numbers, normalised"),
    "orders": Term(type="list of texts", meaning="order numbers, normalised"),
    "amount": Term(type="number", meaning="the disputed amount; 0.0 when the mail does not say"),
    "currency": Term(type="text", meaning="its ISO 4217 code or bare symbol; empty when open"),
    "ledger.known": Term(type="truth", meaning="an invoice that the mail means is in the ledger"),
    "ledger.verdict": Term(
        type="text", meaning="supported, contradicted or open: what the ledger says of the claim; empty when not asked"
    ),
    "sender.known": Term(type="truth", meaning="this sender has written before"),
    "sender.trust": Term(type="text", meaning="pass, fail or none: what our mail server says of the sender (DMARC)"),
    "case.joins": Term(type="truth", meaning="the mail belongs to a case that is there"),
    "case.reference": Term(type="text", meaning="the reference of that case; empty when none"),
    "automatic.label": Term(type="text", meaning="human, auto_reply, auto_other, bounce, feedback, mdn, list or loop"),
}
#: functions beside those of CEL (size, contains, startsWith, endsWith, matches, exists, …)
FUNCTIONS: Mapping[str, str] = {
    "mentions": 'mail.text.mentions(["lawyer", "abogado"]): has one of these words; case and accents do not matter',
    "lower": "lower(mail.subject): the text in lower case",
}
_ABSENT: Mapping[TermType, object] = {"text": "", "number": 0.0, "truth": False, "list of texts": []}
_NOTHING_KNOWN: Mapping[str, object] = {name: _ABSENT[term.type] for name, term in VOCABULARY.items()}


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What rules ask for."""

    band: Band | None = None
    #: a person must look first
    review: bool = False
    never_acknowledge: bool = False
    priority: Priority | None = None
    assign: str | None = None
    tags: tuple[str, ...] = ()
    #: name of the letter to write
    letter: str | None = None
    #: the letter's tone for bereavement and the like
    delicate: bool = False

    def then(self, later: "Effects") -> "Effects":
        """Both: tags add up, what asks for caution stays, of the rest the later one counts."""
        return Effects(
            band=later.band or self.band,
            review=self.review or later.review,
            never_acknowledge=self.never_acknowledge or later.never_acknowledge,
            priority=later.priority or self.priority,
            assign=later.assign or self.assign,
            tags=tuple(dict.fromkeys((*self.tags, *later.tags))),
            letter=later.letter or self.letter,
            delicate=self.delicate or later.delicate,
        )


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of the admin's."""

    name: str
    description: str
    when: Expression
    then: Effects
    #: no rule after a hit of this one is asked
    stop: bool = False


@dataclass(frozen=True, kw_only=True)
class Routing:
    """What the rules said of one mail."""

    effects: Effects = field(default_factory=Effects)
    #: every rule, in order
    trace: tuple[RuleTrace, ...] = ()

    def band(self, before: Band) -> Band:
        """The band after the rules; a wish for review is stronger than one for auto."""
        band = self.effects.band or before
        return "review" if self.effects.review and band == "auto" else band


class _Then(RuleFile):
    band: Band | None = None
    review: bool = False
    never_acknowledge: bool = False
    priority: Priority | None = None
    assign: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    tags: tuple[Annotated[str, Field(pattern=r"^[\w-]{1,40}$")], ...] = ()
    letter: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")] | None = None
    delicate: bool = False

    @model_validator(mode="after")
    def _does_something(self) -> "_Then":
        if not self.model_fields_set:
            raise ValueError("a rule must ask for something")
        return self


class _RuleEntry(RuleFile):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    description: str = ""
    when: str
    then: _Then
    stop: bool = False
    enabled: bool = True


class _RoutingFile(RuleFile):
    version: Literal[1]
    rule: tuple[_RuleEntry, ...] = ()


def load_routing(path: Path) -> tuple[Rule, ...]:
    """The rules in force, in order. RulesError names each mistake with file, rule and what; switched-off ones too."""
    entries = read_rule_file(path, _RoutingFile).rule
    names = Counter(entry.name for entry in entries)
    problems = [f"{path}: {count} rules are called {name!r}" for name, count in names.items() if count > 1]
    # Lists with something in them: the inside of exists(…) is checked only when it runs.
    sample = _nested(
        {name: [""] if term.type == "list of texts" else _ABSENT[term.type] for name, term in VOCABULARY.items()}
    )
    rules = []
    for entry in entries:
        try:
            when = compile_expression(entry.when, sample)
        except BadExpression as error:
            problems.append(f"{path}: rule {entry.name!r}: when: {error}")
            continue
        if entry.enabled:
            then = Effects(**entry.then.model_dump())
            rules.append(Rule(name=entry.name, description=entry.description, when=when, then=then, stop=entry.stop))
    if problems:
        raise mistakes(path, problems)
    return tuple(rules)


def facts_of(
    message: Message,
    understood: Understanding,
    *,
    mailbox: str = "",
    folder: str = "",
    size: int = 0,
    band: Band = "none",
    sender_known: bool = False,
    sender_trust: Literal["pass", "fail", "none"] = "none",
    joins: str = "",
    records: Consulted | None = None,
) -> dict[str, object]:
    """What conditions see of one mail, by the names of `VOCABULARY`. `joins`: the reference of its case."""
    verdict, disputed = understood.verdict, understood.disputed
    return {
        "mail.subject": message.subject,
        "mail.text": message.reply[:TEXT_LIMIT],
        "mail.sender": message.sender.address,
        "mail.sender_name": message.sender.name,
        "mail.domain": message.sender.address.rpartition("@")[2],
        "mail.mailbox": mailbox,
        "mail.folder": folder,
        "mail.to": [address.address for address in (*message.to, *message.cc)],
        "mail.has_attachment": bool(message.attachments),
        "mail.attachments": [(attachment.filename or "").lower() for attachment in message.attachments],
        "mail.size": float(size),
        "mail.encrypted": message.encrypted,
        "language": understood.language,
        "dispute.probability": verdict.probability if verdict else 0.0,
        "dispute.reason": verdict.reason if verdict else "",
        "dispute.band": band,
        "invoices": _values(understood, "invoice"),
        "orders": _values(understood, "order"),
        "amount": float(disputed.money.value) if disputed else 0.0,
        "currency": (disputed.money.currency or "") if disputed else "",
        "ledger.known": records is not None and records.known,
        "ledger.verdict": records.verdict if records is not None else "",
        "sender.known": sender_known,
        "sender.trust": sender_trust,
        "case.joins": bool(joins),
        "case.reference": joins,
        "automatic.label": understood.automatic.label,
    }


def route(rules: Sequence[Rule], facts: Mapping[str, object]) -> Routing:
    """Ask the rules in order. A rule that cannot be evaluated sends the mail to a person: it may have been a brake."""
    names = frozenset[str]().union(*(rule.when.names for rule in rules))
    asked = Facts(_nested({name: value for name, value in {**_NOTHING_KNOWN, **facts}.items() if name in names}))
    effects, trace, stopped_by = Effects(), list[RuleTrace](), ""
    for rule in rules:
        if stopped_by:
            trace.append(RuleTrace(name=rule.name, hit=False, why=f"not asked: {stopped_by!r} hit before and stops"))
            continue
        answer = rule.when.ask(asked)
        if answer.hit or answer.failed:
            effects = effects.then(rule.then if answer.hit else Effects(review=True))
        trace.append(RuleTrace(name=rule.name, hit=answer.hit, why=answer.why))
        stopped_by = rule.name if answer.hit and rule.stop else ""
    return Routing(effects=effects, trace=tuple(trace))


def _values(understood: Understanding, kind: str) -> list[str]:
    return list(dict.fromkeys(finding.value for finding in understood.findings if finding.kind == kind))


def _nested(flat: Mapping[str, object]) -> dict[str, object]:
    nested: dict[str, object] = {}
    for name, value in flat.items():
        root, _, rest = name.partition(".")
        if rest:
            branch = nested.setdefault(root, {})
            assert isinstance(branch, dict)  # noqa: S101  # the vocabulary has no name that is both
            branch[rest] = value
        else:
            nested[root] = value
    return nested
