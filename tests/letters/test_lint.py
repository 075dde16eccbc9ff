"""The last look before a letter goes out: the shipped letters pass, everything that must not leave is caught."""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from triage.errors import RulesError
from triage.letters.compose import AckContext, Letter, Mention, compose
from triage.letters.lint import LintRules, lint, load_lint_rules
from triage.letters.templates import MISSING, Templates, load_templates
from triage.mail.message import Address
from triage.understanding.findings import LANGUAGES, REASONS

Make = Callable[..., AckContext]
SHIPPED = Path(__file__).parents[2] / "rules" / "letters"
SUPPLIED = "Ana Pérez <ana@example.org> Charged twice: invoice F-2026/118, maybe 4711, 1.234,50 €, 99 USD"

#: field → with and without
OPTIONAL: dict[str, tuple[Any, Any]] = {
    "subject": ("", "Charged twice"),
    "invoices": ((), (Mention(text="F-2026/118"), Mention(text="4711", sure=False))),
    "amount": (None, Mention(text="1.234,50 €")),
    "answer_by": (None, date(2026, 12, 4)),
    "missing": ((), MISSING),
    "contact": ("", "+34 910 000 000"),
    "delicate": (False, True),
    "reason_sure": (False, True),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shipped_letter_passes_with_and_without_each_field(
    context: Make, templates: Templates, rules: LintRules, language: str
) -> None:
    """All combinations of optional fields, in each language."""
    for values in itertools.product(*OPTIONAL.values()):
        letter_of = context(language=language, reason="duplicate_charge", **dict(zip(OPTIONAL, values, strict=True)))
        assert lint(compose(letter_of, templates), letter_of, templates, rules, supplied=SUPPLIED) == ()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_passes_in_every_language(
    full: Make, templates: Templates, rules: LintRules, language: str, reason: str
) -> None:
    """The words for a reason neither admit nor promise; a letter without a name greets nobody."""
    letter_of = full(language=language, reason=reason, on_hold=False, recipient=Address(address="ana@example.org"))
    assert lint(compose(letter_of, templates), letter_of, templates, rules, supplied=SUPPLIED) == ()


def with_text(folder: Path, language: str, text: str) -> Templates:
    """The shipped letter of a language, with a paragraph before its signature."""
    for name in ("subject.txt", "body.txt", "body.html", "words.toml"):
        content = (SHIPPED / f"acknowledgement.{language}" / name).read_text(encoding="utf-8")
        place = folder / f"acknowledgement.{language}" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content.replace("{{ site }}", f"{text}\n\n{{{{ site }}}}"), encoding="utf-8")
    return load_templates(folder)


@pytest.mark.parametrize(
    ("language", "text", "problem"),
    [
        ("en", "This was our mistake.", "admission"),
        ("en", "We will refund you soon.", "promise"),
        ("en", "This is the fault of our shop.", "blame"),
        ("es", "Le devolveremos el dinero.", "promise"),
        ("es", "Ha sido un ERROR NUESTRO.", "admission"),
        ("pt", "Vamos reembolsar o valor.", "promise"),
        ("pt", "Foi um erro nosso.", "admission"),
        ("fr", "C'est une erreur de notre part.", "admission"),
        ("fr", "Vous serez remboursé.", "promise"),
        ("de", "Das war unser Fehler.", "admission"),
        ("de", "Der Betrag wird gutgeschrieben.", "promise"),
        ("en", "Dear None,", "empty name"),
        ("en", "Your balance: {{ '{{' }} balance }}", "a variable was not filled in"),
        ("en", "Your balance is {{ None }}.", "shows as None"),
        ("en", "Su mensaje ha llegado y una persona de nuestro equipo lo leerá con la factura.", "is in es, not en"),
        ("en", "Paid with {{ '4111 1111' }} 1111 1111.", "card or bank account number"),
        ("en", "Your account is {{ 700 + 77 }}.", "'777' was not supplied"),
        ("en", "Write to {{ 'someone' ~ '@' ~ 'example.net' }}.", "'someone@example.net' was not supplied"),
        ("en", "<img src='https://example.net/x.gif' alt=''>", "<img>"),
        ("en", "<a href='javascript:x()'>x</a>", "a link that is not https"),
        ("en", "<p onclick='x()'>x</p>", "onclick"),
    ],
)
def test_what_must_not_leave_is_caught(
    tmp_path: Path, full: Make, rules: LintRules, language: str, text: str, problem: str
) -> None:
    """A careless template is held back, with the reason in words."""
    templates = with_text(tmp_path, language, text)
    letter_of = full(language=language)
    problems = lint(compose(letter_of, templates), letter_of, templates, rules, supplied=SUPPLIED)
    assert any(problem in found for found in problems), problems


def test_what_the_customer_did_not_write_is_caught(full: Make, templates: Templates, rules: LintRules) -> None:
    """A number of another customer's invoice must not come out of our own records."""
    letter_of = full()
    problems = lint(compose(letter_of, templates), letter_of, templates, rules, supplied="Charged twice")
    assert any("F" in problem or "2026/118" in problem for problem in problems)
    assert any("1.234,50" in problem for problem in problems)


def test_customers_own_words_are_not_held_against_us(full: Make, templates: Templates, rules: LintRules) -> None:
    """An invoice that is called as a banned phrase is no admission."""
    letter_of = full(invoices=(Mention(text="our mistake 1"),))
    assert lint(compose(letter_of, templates), letter_of, templates, rules, supplied=SUPPLIED + "our mistake 1") == ()


@pytest.mark.parametrize(
    ("line", "instead", "problem"),
    [
        (b"Auto-Submitted: auto-replied\r\n", b"", "header Auto-Submitted is missing"),
        (b"Auto-Submitted: auto-replied\r\n", b"Auto-Submitted: no\r\n", "must be auto-replied"),
        (b"X-Triage-Case", b"Cc: x@example.org\r\nX-Triage-Case", "header Cc must not be there"),
        (b"<ana@example.org>", b"<ana@example.org>, b@example.org", "exactly one address"),
        (b"Content-Language: en", b"Content-Language: de", "not in the language asked for"),
    ],
)
def test_wrong_headers_are_caught(
    full: Make, templates: Templates, rules: LintRules, line: bytes, instead: bytes, problem: str
) -> None:
    """The bytes are read, not the intentions."""
    letter = compose(full(), templates)
    assert line in letter.content
    broken = replace(letter, content=letter.content.replace(line, instead))
    assert any(problem in found for found in lint(broken, full(), templates, rules, supplied=SUPPLIED))


def test_a_letter_that_lacks_an_element_is_caught(full: Make, templates: Templates, rules: LintRules) -> None:
    """Reference, dates and amounts must stand in both forms."""
    letter = compose(full(), templates)
    other: Letter = replace(letter, content=letter.content.replace(b"November 24", b"November 2"))
    problems = lint(other, full(), templates, rules, supplied=SUPPLIED)
    assert any(problem.startswith("text: lacks 'Tuesday") for problem in problems)
    assert any(problem.startswith("HTML: lacks 'Tuesday") for problem in problems)


def test_rules_without_a_language_are_refused(tmp_path: Path) -> None:
    """A language without rules would be a language without a guard."""
    content = (SHIPPED / "banned.toml").read_text(encoding="utf-8")
    file = tmp_path / "banned.toml"
    file.write_text(content.replace("[banned.fr]", "[banned.xx]"), encoding="utf-8")
    with pytest.raises(RulesError, match=r"\[banned\] lacks fr"):
        load_lint_rules(file)


def test_a_hostile_mail_does_not_slow_the_look(full: Make, templates: Templates, rules: LintRules) -> None:
    """A megabyte without a space in it is looked through once."""
    letter = compose(full(), templates)
    begin = time.monotonic()
    lint(letter, full(), templates, rules, supplied=SUPPLIED + "a.1" * 400_000)
    assert time.monotonic() - begin < 3
