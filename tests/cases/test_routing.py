"""The admin's rules: hits, misses and reasons, how effects add up, and every mistake named when loaded."""

import gc
import time
import weakref
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.cases.expressions import Facts
from triage.cases.routing import VOCABULARY, Effects, Routing, Rule, facts_of, load_routing, route
from triage.errors import RulesError
from triage.mail.automatic import Automatic
from triage.mail.message import Address, Attachment, Message
from triage.understanding.findings import Disputed, Finding, Money, Understanding, Verdict

SHIPPED = Path(__file__).parents[2] / "rules" / "routing.toml"
SHIPPED_RULES = load_routing(SHIPPED)


def rules_of(folder: Path, *rules: str) -> tuple[Rule, ...]:
    """Rules from TOML, as an admin writes them."""
    file = folder / "routing.toml"
    file.write_text("version = 1\n" + "\n".join(f"[[rule]]\n{rule}" for rule in rules), encoding="utf-8")
    return load_routing(file)


def one(folder: Path, when: str) -> tuple[Rule, ...]:
    return rules_of(folder, f"name = 'one'\nwhen = '''{when}'''\nthen = {{ tags = ['hit'] }}")


def hit(folder: Path, when: str, **facts: Any) -> bool:
    return route(one(folder, when), facts).trace[0].hit


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        ("amount >= 10000.0", {"amount": 10000.0}),
        ("amount > 100", {"amount": 101.0}),
        ('mail.subject.matches("(?i)^urgent")', {"mail.subject": "URGENT: bill"}),
        ('mail.domain == "example.org" && language == "es"', {"mail.domain": "example.org", "language": "es"}),
        ('"F-1" in invoices', {"invoices": ["F-0", "F-1"]}),
        ('invoices.exists(i, i.startsWith("F-"))', {"invoices": ["F-1"]}),
        ("size(invoices) > 1", {"invoices": ["a", "b"]}),
        ("size(orders) == 0 && !case.joins", {}),
        ('lower(mail.sender_name).contains("müller")', {"mail.sender_name": "Frau MÜLLER"}),
        ('mail.text.mentions("abogado")', {"mail.text": "Mi ABOGADO lo sabe."}),
        ('mail.text.mentions(["accion judicial"])', {"mail.text": "una acción  judicial"}),
        ("sender.known ? amount > 5.0 : amount > 1.0", {"amount": 2.0}),
        ('mail.text.contains("&&") || amount > 1.0', {"mail.text": "a && b"}),
        ('mail["text"] == "a" && amount > 1.0', {"mail.text": "a", "amount": 2.0}),
        ('["subject", "text"].exists(name, mail[name] == "a")', {"mail.text": "a"}),
        ("""mail . subject.startsWith('it"s') && language == 'en'""", {"mail.subject": 'it"s', "language": "en"}),
        ('language == "en" && sender.known || amount > 1.0', {"language": "de", "amount": 2.0}),
        ('amount > 1.0 || language == "en" && sender.known', {"language": "de", "amount": 2.0}),
        ('amount > 1.0 ? sender.known || amount > 1.0 : language == "en" && sender.known', {"amount": 2.0}),
    ],
)
def test_conditions_over_the_vocabulary_hit(tmp_path: Path, when: str, facts: dict[str, Any]) -> None:
    """What an admin can say, one line each; what is not known of a mail is empty and never an error."""
    assert hit(tmp_path, when, **facts)
    assert not hit(tmp_path, f"!({when})", **facts)


def test_words_are_whole_words(tmp_path: Path) -> None:
    """A lawyer is not a law."""
    assert not hit(tmp_path, 'mail.text.mentions(["law"])', **{"mail.text": "the lawyer"})


def test_a_miss_says_which_part_was_false(tmp_path: Path) -> None:
    """Why a rule that "should match" did not."""
    rules = one(tmp_path, 'language == "en" && amount > 100.0 && sender.known')
    [trace] = route(rules, {"language": "en", "amount": 50.0, "sender.known": True}).trace
    assert not trace.hit
    assert trace.why == "not so: amount > 100.0"


def test_of_a_long_list_the_reason_tells_the_first_and_how_many_more(tmp_path: Path) -> None:
    """The condition can be read to its end."""
    rules = one(tmp_path, 'mail.subject.mentions(["court", "lawyer, [sic]", \'judge\', "bailiff"]) || amount > 100.0')
    [trace] = route(rules, {"mail.subject": "a bill"}).trace
    assert trace.why == 'not so: mail.subject.mentions(["court", "lawyer, [sic]" and 2 more]) || amount > 100.0'


def test_a_hit_says_which_words_were_found(tmp_path: Path) -> None:
    """The reason is the real reason."""
    rules = one(tmp_path, 'mail.text.mentions(["solicitor", "lawyer"])')
    [trace] = route(rules, {"mail.text": "my Lawyer"}).trace
    assert trace.why.endswith("(found: lawyer)")


def test_later_hits_count_tags_add_up_and_caution_stays(tmp_path: Path) -> None:
    """Order is the admin's; nothing takes back a review."""
    routing = route(
        rules_of(
            tmp_path,
            "name='a'\nwhen='true'\nthen={priority='low', tags=['x'], review=true, never_acknowledge=true}",
            "name='b'\nwhen='true'\nthen={priority='high', tags=['y','x'], band='auto', assign='ana'}",
            "name='c'\nwhen='false'\nthen={priority='urgent'}",
        ),
        {},
    )
    assert routing.effects == Effects(
        band="auto", review=True, never_acknowledge=True, priority="high", tags=("x", "y"), assign="ana"
    )
    assert routing.band("none") == "review"
    assert [trace.hit for trace in routing.trace] == [True, True, False]


@pytest.mark.parametrize(
    ("effects", "before", "after"),
    [
        ({}, "auto", "auto"),
        ({"band": "none"}, "auto", "none"),
        ({"band": "auto"}, "none", "auto"),
        ({"review": True}, "auto", "review"),
        ({"review": True}, "none", "none"),
        ({"review": True, "band": "auto"}, "none", "review"),
    ],
)
def test_rules_move_the_band(effects: dict[str, Any], before: Any, after: str) -> None:
    """Lower, raise, or to a person; a review of what is no dispute makes no case."""
    assert Routing(effects=Effects(**effects)).band(before) == after


def test_a_stop_ends_the_list_and_the_rest_is_on_record(tmp_path: Path) -> None:
    """Rules that were not asked say so."""
    routing = route(
        rules_of(
            tmp_path,
            "name='a'\nwhen='true'\nthen={tags=['x']}\nstop=true",
            "name='b'\nwhen='true'\nthen={tags=['y']}",
        ),
        {},
    )
    assert routing.effects.tags == ("x",)
    assert routing.trace[1].why == "not asked: 'a' hit before and stops"


def test_a_rule_that_breaks_sends_the_mail_to_a_person(tmp_path: Path) -> None:
    """It may have been a brake: an error is no miss."""
    rules = one(tmp_path, "mail.text.matches(mail.subject)")
    routing = route(rules, {"mail.text": "x", "mail.subject": "("})
    assert routing.effects.review
    assert routing.effects.tags == ()
    assert "could not be evaluated" in routing.trace[0].why


def test_a_switched_off_rule_is_checked_but_not_asked(tmp_path: Path) -> None:
    """What is switched on tomorrow must not break tomorrow."""
    off = "name='a'\nwhen='{}'\nthen={{tags=['x']}}\nenabled=false"
    assert rules_of(tmp_path, off.format("true")) == ()
    with pytest.raises(RulesError):
        rules_of(tmp_path, off.format("nosuch"))


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("amount >", "Syntax error"),
        ("amont > 1.0", "amont"),
        ("mail.subjekt == ''", r"unknown: mail\.subjekt"),
        ('language == "en" || mail.nosuch', r"unknown: mail\.nosuch"),
        ("amount > 1.0 || nosuch(mail.text)", "nosuch"),
        ('amount > "much"', "overload"),
        ("amount", "must be true or false"),
        ('language == "en" && mail.text.matches("(")', "valid regex"),
        ('sender.known || !(sender.known || mail.text.matches("["))', "valid regex"),
        ("", "is empty"),
        ("true" + " && true" * 300, "longer than 2000"),
        ("(" * 13 + "true" + ")" * 13, "more than 12 brackets"),
        ("[1].exists(a, [1].exists(b, [1].exists(c, [1].exists(d, a == b))))", "more than 3 of exists"),
    ],
)
def test_mistakes_in_conditions_are_named_with_file_and_rule(tmp_path: Path, when: str, problem: str) -> None:
    """Also in the operand that && and || would have hidden."""
    with pytest.raises(RulesError, match=rf"routing\.toml: rule 'one': when: .*{problem}"):
        one(tmp_path, when)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("name='a'\nwhen='true'\nthen={}", r"rule, number 1 \(a\), then: .*ask for something"),
        ("name='a'\nwhen='true'\nthen={priorty='high'}", r"number 1 \(a\), then, priorty"),
        ("name='a'\nwhen='true'\nthen={priority='highest'}", r"then, priority: .*'urgent'"),
        ("name='a'\nwhen='true'\nthen={band='maybe'}", "then, band"),
        ("name='a'\nwen='true'\nthen={review=true}", "when: Field required"),
        ("name='a'\nwhen='true'\nthen={letter='../x'}", "then, letter"),
        ("name='a'\nwhen='true'\nthen={review=true}\n[[rule]]\nname='a'\nwhen='true'\nthen={review=true}", "2 rules"),
    ],
)
def test_mistakes_in_rules_are_named(tmp_path: Path, rule: str, problem: str) -> None:
    """Unknown keys, values that there are not, names twice."""
    with pytest.raises(RulesError, match=problem):
        rules_of(tmp_path, rule)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    """One check shows them all."""
    bad = "name='{0}'\nwhen='nosuch{0}'\nthen={{review=true}}"
    with pytest.raises(RulesError) as caught:
        rules_of(tmp_path, bad.format("a"), bad.format("b"))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("facts", "hits"),
    [
        ({"mail.text": "Mein Anwalt wird sich melden.", "dispute.band": "auto"}, {"legal matters go to a person"}),
        ({"mail.text": "Mi abogada le escribirá.", "dispute.band": "review"}, {"legal matters go to a person"}),
        ({"mail.text": "Our lawyers' fees", "dispute.band": "none"}, set()),
        ({"amount": 10000.0}, {"large amounts first"}),
        ({"amount": 9999.99}, set()),
        ({"mail.text": "My husband passed away.", "dispute.band": "auto"}, {"a death or a grave illness"}),
        ({"sender.trust": "fail"}, {"forged senders get no letter"}),
        ({"mail.encrypted": True}, {"words that cannot be read"}),
        ({"mail.text": "I was charged twice for F-1.", "dispute.band": "auto", "amount": 40.0}, set()),
    ],
)
def test_the_shipped_rules_are_few_and_careful(facts: dict[str, Any], hits: set[str]) -> None:
    """An ordinary complaint passes untouched; what needs a person goes to one."""
    routing = route(load_routing(SHIPPED), facts)
    assert {trace.name for trace in routing.trace if trace.hit} == hits
    assert routing.effects.band is None


def test_the_shipped_file_documents_the_whole_vocabulary() -> None:
    """The admin learns the words from the file itself."""
    words = set(SHIPPED.read_text(encoding="utf-8").split())
    assert VOCABULARY.keys() <= words


def test_facts_are_taken_from_the_mail_by_the_names_of_the_vocabulary() -> None:
    """All of it and nothing else."""
    message = Message(
        message_id="<1@example.org>",
        subject="Bill",
        sender=Address(name="Ana", address="ana@example.org"),
        to=(Address(address="support@example.com"),),
        reply="twice",
        attachments=(Attachment(filename="Bill.PDF", content_type="application/pdf", size=1),),
    )
    understood = Understanding(
        automatic=Automatic(suppress=False, label="human", why=""),
        language="en",
        verdict=Verdict(probability=0.9, reasons={"duplicate_charge": 1.0}),
        findings=(Finding(kind="invoice", text="F 1", value="F1"), Finding(kind="invoice", text="F-1", value="F1")),
        disputed=Disputed(money=Money(value=Decimal("40.50"), currency="EUR"), how="stated"),
    )
    facts = facts_of(message, understood, mailbox="support", size=10, band="auto", joins="DSP-2026-000101-8")
    assert facts.keys() == VOCABULARY.keys()
    assert facts["mail.domain"] == "example.org"
    assert facts["mail.attachments"] == ["bill.pdf"]
    assert facts["invoices"] == ["F1"]
    assert (facts["amount"], facts["currency"], facts["dispute.reason"]) == (40.5, "EUR", "duplicate_charge")
    assert facts["case.joins"] is True


@given(st.text(max_size=300), st.text(max_size=60))
def test_any_mail_can_be_asked(text: str, subject: str) -> None:
    """Whatever a stranger writes, the shipped rules answer."""
    routing = route(SHIPPED_RULES, {"mail.text": text, "mail.subject": subject, "dispute.band": "auto"})
    assert not any("could not be evaluated" in trace.why for trace in routing.trace)


def test_the_facts_of_a_mail_go_with_it() -> None:
    """A daemon asks about a hundred thousand mails: none of them may stay."""
    asked = Facts({"mail": {"text": "a long text"}})
    gone = weakref.ref(asked)
    del asked
    gc.collect()
    assert gone() is None


def test_an_evil_regular_expression_runs_in_linear_time(tmp_path: Path) -> None:
    """A mail cannot hang the daemon through a careless rule."""
    rules = one(tmp_path, 'mail.text.matches("(a+)+$")')
    begin = time.monotonic()
    route(rules, {"mail.text": "a" * 20_000 + "!"})
    assert time.monotonic() - begin < 2
