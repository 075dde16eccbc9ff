"""Letters as files: one folder a letter and language, checked when loaded.

``rules/letters/<letter>.<language>/`` holds ``subject.txt``, ``body.txt``, ``body.html`` and ``words.toml`` (what the
bodies call the reasons and the missing things). Staff may change them: they run in Jinja2's sandbox, and a name that
does not exist, a broken tag or a missing file is found here and not in front of a customer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment

from triage.cases.rulefile import RuleFile, mistakes, read_rule_file
from triage.errors import RulesError
from triage.understanding.findings import LANGUAGES, REASONS

#: what templates may use: name → what it is
VARIABLES: Mapping[str, str] = {
    "reference": "the case's reference",
    "name": "the customer's name, fit to follow a greeting; empty when there is none",
    "subject": "the customer's subject without prefixes; may be empty",
    "received": "the day on which the mail came, written out",
    "invoices": "invoice numbers as the customer wrote them, list",
    "doubtful_invoices": "numbers that may be invoice numbers, list",
    "amount": "the disputed amount as the customer wrote it; empty when none",
    "doubtful_amount": "an amount that may be the disputed one; empty when none",
    "issue": "the reason in plain words; empty when not sure of it",
    "doubtful_issue": "the likeliest reason in plain words, when not sure of it",
    "missing": "what would help us, in plain words, list",
    "next_contact": "the day by which the customer hears from us, written out",
    "answer_by": "the day by which an answer is due, written out; empty when no such day is set",
    "on_hold": "true only when collection of the disputed amount has really been halted",
    "delicate": "true for the tone of a bereavement or the like",
    "contact": "where a person can be reached (telephone, address); empty when only by reply",
    "site": "the name of the sender",
}
#: things that a letter may ask for
MISSING = (
    "invoice",
    "amount",
    "charge_dates",
    "payment_proof",
    "return_proof",
    "cancellation_proof",
    "correct_details",
)


class Words(RuleFile):
    """``words.toml``: how one letter in one language calls things."""

    #: reason → words that follow "It is about"
    reasons: Mapping[str, str]
    #: thing we may ask for → words in a list
    missing: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Template:
    """One letter in one language."""

    name: str
    language: str
    subject: Compiled
    text: Compiled
    html: Compiled
    words: Words
    #: the files' own text: numbers in it are the site's, not taken from anyone's mail
    source: str


@dataclass(frozen=True, kw_only=True)
class Templates:
    """Every letter of a folder."""

    #: (letter, language) → template
    letters: Mapping[tuple[str, str], Template] = field(default_factory=dict)

    def get(self, name: str, language: str) -> Template:
        """The letter in a language; RulesError when there is none, which is found before anything is sent."""
        try:
            return self.letters[name, language]
        except KeyError:
            there = ", ".join(sorted(f"{n}.{lang}" for n, lang in self.letters)) or "none"
            raise RulesError(f"there is no letter {name}.{language} (there are: {there})") from None


def load_templates(folder: Path) -> Templates:
    """Every letter under `folder`. RulesError names all mistakes of all files at once."""
    places = sorted(place for place in folder.glob("*.*") if place.is_dir())
    if not places:
        raise RulesError(f"{folder}: no letters there (folders such as acknowledgement.en)")
    problems: list[str] = []
    letters: dict[tuple[str, str], Template] = {}
    for place in places:
        try:
            letters[tuple(place.name.rsplit(".", 1))] = _load(place)  # type: ignore[index]  # two by rsplit and glob
        except RulesError as error:
            problems.extend(error.problems or [str(error)])
    if problems:
        raise mistakes(folder, problems)
    return Templates(letters=letters)


def _load(place: Path) -> Template:
    name, language = place.name.rsplit(".", 1)
    if language not in LANGUAGES:
        raise RulesError(f"{place}: the folder's ending must be a language ({', '.join(LANGUAGES)})")
    words = read_rule_file(place / "words.toml", Words)
    problems = [
        f"{place / 'words.toml'}: [{table}] lacks {key}"
        for table, keys, given in (("reasons", REASONS, words.reasons), ("missing", MISSING, words.missing))
        for key in keys
        if not given.get(key, "").strip()
    ]
    compiled: dict[str, Compiled] = {}
    source = ""
    for file, environment in (("subject.txt", _TEXT), ("body.txt", _TEXT), ("body.html", _HTML)):
        try:
            text = (place / file).read_text(encoding="utf-8")
            compiled[file] = _compile(place / file, text, environment)
            source += text
        except OSError as error:
            problems.append(f"{place / file}: cannot be read: {error.strerror}")
        except RulesError as error:
            problems.append(str(error))
    if problems:
        raise mistakes(place, problems)
    return Template(
        name=name,
        language=language,
        subject=compiled["subject.txt"],
        text=compiled["body.txt"],
        html=compiled["body.html"],
        words=words,
        source=source,
    )


def _compile(path: Path, text: str, environment: ImmutableSandboxedEnvironment) -> Compiled:
    try:
        unknown = sorted(meta.find_undeclared_variables(environment.parse(text)) - set(VARIABLES))
        template = environment.from_string(text)
    except TemplateSyntaxError as error:
        raise RulesError(f"{path}, line {error.lineno}: {error.message}") from error
    except TemplateError as error:
        raise RulesError(f"{path}: {error.message}") from error
    if unknown:
        raise RulesError(f"{path}: unknown: {', '.join(unknown)} (there are: {', '.join(VARIABLES)})")
    return template


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=autoescape, trim_blocks=True, lstrip_blocks=True
    )


_TEXT = _environment(autoescape=False)
_HTML = _environment(autoescape=True)
