"""The last look at a letter before it may go out by itself. What it finds holds the letter for a person.

It reads the bytes that would be sent, not the values that they were made from, so that a careless change of a template
is caught as surely as a trick in a mail.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses
from html.parser import HTMLParser
from pathlib import Path

from triage.cases.expressions import fold
from triage.cases.rulefile import RuleFile, mistakes, read_rule_file
from triage.letters import echo
from triage.letters.compose import AckContext, Letter, values_for
from triage.letters.templates import Templates
from triage.understanding.findings import LANGUAGES

#: what RFC 3834 and our own promises ask of the headers
_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "X-Triage-Case")
#: elements that can fetch, run or ask for something
_ACTIVE = frozenset(
    {"img", "script", "link", "iframe", "object", "embed", "form", "input", "video", "audio", "svg", "base"}
)
#: a paragraph with fewer words says too little of its language
_WORDS_TO_TELL = 12
_UNRESOLVED = re.compile(r"\{\{|\}\}|\{%|%\}|\bUndefined\b|\$\{\w+\}|\[\[\w+\]\]")
_NUMBER = re.compile(r"\d(?:[\d.,'’/ \u00a0\u202f-]*\d)?")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


class _LintFile(RuleFile):
    """``banned.toml``."""

    banned: Mapping[str, Mapping[str, tuple[str, ...]]]
    required: Mapping[str, Mapping[str, tuple[str, ...]]]
    small_words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class LintRules:
    """The phrases, by language and kind, as patterns for folded text."""

    #: language → kind (admission, promise, …) → phrases that must not stand there
    banned: Mapping[str, Mapping[str, re.Pattern[str]]]
    #: language → element (regret, automatic, …) → phrases of which one must stand there
    required: Mapping[str, Mapping[str, re.Pattern[str]]]
    #: language → words by which it is known
    small_words: Mapping[str, frozenset[str]]


def load_lint_rules(path: Path) -> LintRules:
    """The rules of ``banned.toml``; RulesError where a language is missing or an entry has another shape."""
    content = read_rule_file(path, _LintFile)
    problems = [
        f"{path}: [{name}] lacks {language}"
        for name in ("banned", "required", "small_words")
        for language in LANGUAGES
        if not getattr(content, name).get(language)
    ]
    if problems:
        raise mistakes(path, problems)
    return LintRules(
        banned={language: _patterns(kinds) for language, kinds in content.banned.items()},
        required={language: _patterns(kinds) for language, kinds in content.required.items()},
        small_words={language: frozenset(map(fold, words)) for language, words in content.small_words.items()},
    )


def lint(
    letter: Letter, context: AckContext, templates: Templates, rules: LintRules, *, supplied: str
) -> tuple[str, ...]:
    """What is wrong with a letter, one line each; empty when it may go out.

    `supplied` is all that the sender wrote: name, address, subject, text, attachments' text.
    """
    message = message_from_bytes(letter.content)
    text = _body(message, "text/plain")
    reader = _HtmlReader()
    reader.feed(_body(message, "text/html"))
    html = " ".join(reader.text.split())
    template = templates.get(letter.template, letter.language)
    values = values_for(context, template)
    echoed = _echoed(values)
    problems = [*_header_problems(message, letter, context), *reader.problems]
    for form, words in (("text", text), ("HTML", html)):
        problems += [f"{form}: {problem}" for problem in _phrase_problems(words, letter.language, echoed, rules)]
        problems += [f"{form}: {problem}" for problem in _element_problems(words, values)]
    problems += _language_problems(text, letter.language, echoed, rules)
    ours = [template.source, *template.words.reasons.values(), *template.words.missing.values()]
    ours += [str(values[name]) for name in ("reference", "received", "next_contact", "answer_by", "contact", "site")]
    problems += _foreign_data(f"{letter.subject}\n{text}\n{html}", [*ours, context.sender.address, supplied])
    return tuple(dict.fromkeys(problems))


def _patterns(kinds: Mapping[str, Sequence[str]]) -> dict[str, re.Pattern[str]]:
    return {
        kind: re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(fold(phrase)) for phrase in phrases)})(?!\w)")
        for kind, phrases in kinds.items()
    }


def _body(message: Message, content_type: str) -> str:
    bodies = [part.get_payload(decode=True) for part in message.walk() if part.get_content_type() == content_type]
    return bodies[0].decode("utf-8", "replace") if bodies and isinstance(bodies[0], bytes) else ""


def _echoed(values: Mapping[str, object]) -> list[str]:
    """The customer's own words in the letter, longest first: they are not ours to be judged by."""
    invoices = [*_strings(values["invoices"]), *_strings(values["doubtful_invoices"])]
    words = [*invoices, *(str(values[name]) for name in ("amount", "doubtful_amount", "name"))]
    return sorted((word for word in words if word), key=len, reverse=True)


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, Iterable) else []


def _header_problems(message: Message, letter: Letter, context: AckContext) -> list[str]:
    problems = [f"header {name} is missing" for name in _HEADERS if not message.get(name)]
    if message.get("Auto-Submitted", "auto-replied") != "auto-replied":
        problems.append("header Auto-Submitted must be auto-replied (RFC 3834)")
    for name in ("Cc", "Bcc", "Reply-To", "Return-Receipt-To", "Disposition-Notification-To"):
        if message.get(name):
            problems.append(f"header {name} must not be there")
    if len(getaddresses([str(value) for value in message.get_all("To", [])])) != 1:
        problems.append("the letter must go to exactly one address")
    if letter.language != context.language or message.get("Content-Language") != letter.language:
        problems.append("the letter is not in the language asked for")
    if f"[{context.reference}]" not in letter.subject:
        problems.append("the subject lacks the reference")
    if letter.subject.count(context.reference) > 1:
        problems.append("the subject has the reference more than once")
    if _UNRESOLVED.search(letter.subject):
        problems.append("the subject has a variable that was not filled in")
    return problems


def _phrase_problems(text: str, language: str, echoed: Sequence[str], rules: LintRules) -> list[str]:
    if not text.strip():
        return ["is empty"]
    problems = ["a variable was not filled in"] if _UNRESOLVED.search(text) else []
    if echo.mask_numbers(text) != text:
        problems.append("a card or bank account number stands in it")
    for word in echoed:
        text = text.replace(word, " … ")
    if re.search(r"\b(?:None|null|NaN)\b", text):
        problems.append("a value is empty and shows as None")
    folded = fold(text)
    for kind, phrases in rules.banned[language].items():
        problems += [f"{kind.replace('_', ' ')}: {found[0]!r}" for found in phrases.finditer(folded)]
    for element, phrases in rules.required[language].items():
        if not phrases.search(folded):
            problems.append(f"does not say: {element.replace('_', ' ')}")
    return problems


def _element_problems(text: str, values: Mapping[str, object]) -> list[str]:
    """What was understood or asked, and does not stand in the letter."""
    flat = " ".join(text.split())
    wanted = [str(values[name]) for name in ("reference", "received", "next_contact", "answer_by", "issue", "contact")]
    wanted += [str(values[name]) for name in ("amount", "doubtful_amount", "site", "name")]
    wanted += [item for name in ("invoices", "doubtful_invoices", "missing") for item in _strings(values[name])]
    return [f"lacks {value!r}" for value in wanted if value and " ".join(value.split()) not in flat]


def _language_problems(text: str, language: str, echoed: Sequence[str], rules: LintRules) -> list[str]:
    for word in echoed:
        text = text.replace(word, " ")
    problems = []
    for paragraph in re.split(r"\n\s*\n", text):
        words = re.findall(r"\w+", fold(paragraph))
        if len(words) < _WORDS_TO_TELL:
            continue
        hits = {name: sum(word in small for word in words) for name, small in rules.small_words.items()}
        likeliest = max(hits, key=lambda name: hits[name])
        if hits[likeliest] > 2 * hits.get(language, 0):
            problems.append(f"text: a paragraph is in {likeliest}, not {language}: {paragraph.split(maxsplit=1)[0]}…")
    return problems


def _foreign_data(text: str, sources: Sequence[str]) -> list[str]:
    """Numbers and addresses that neither the sender nor the site has written: they would be someone else's."""
    source = "\n".join(sources).casefold()
    digits = set(re.findall(r"\d+", source))
    numbers = [match[0] for match in _NUMBER.finditer(text)]
    foreign = [number for number in numbers if not digits.issuperset(re.findall(r"\d+", number))]
    # By containment: a pattern that looks for addresses would crawl through a hostile mail.
    foreign += [match[0] for match in _ADDRESS.finditer(text) if match[0].casefold() not in source]
    return [f"{words!r} was not supplied by the sender" for words in foreign]


class _HtmlReader(HTMLParser):
    """The words of an HTML body, and what in it is more than words."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.problems: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what could fetch, run or ask; skip what is not shown."""
        self._hidden += tag in ("title", "style")
        if tag in _ACTIVE:
            self.problems.append(f"HTML: has <{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "srcset", "background") or "url(" in (value or ""):
                self.problems.append(f"HTML: has the attribute {name}, which may fetch or run something")
            if name == "href" and not (value or "").startswith(("https://", "mailto:", "tel:")):
                self.problems.append("HTML: has a link that is not https, mailto or tel")

    def handle_endtag(self, tag: str) -> None:
        """Words follow again; blocks end a word."""
        self._hidden -= tag in ("title", "style")
        if tag not in ("strong", "b", "em", "i", "a", "span"):
            self.text += " "

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._hidden:
            self.text += data
